//! What the program `sipcli` does otherwise than libsipc's, for the README and its man page.

/// What the original does, and what ours does instead.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    (
        "a message or reply over 219 264 bytes, or cut into several writes",
        "is refused or arrives corrupted",
        "arrives",
    ),
    (
        "a binary message with a byte below 0x10",
        "is shown up to that byte, which has one digit",
        "every byte is shown, with two digits",
    ),
    (
        "a NUL inside a text",
        "ends it; the rest is lost",
        "all of it is printed",
    ),
    (
        "`-le` for a text of more than 251 characters",
        "answers with the first 251",
        "answers with all of it",
    ),
    (
        "standard output of `-l` that is no terminal",
        "comes when the server ends, and is lost when it is killed",
        "comes line by line",
    ),
    (
        "a client of `-l` that leaves before its answer",
        "ends the server by SIGPIPE",
        "is forgotten",
    ),
    (
        "a client of `-l` that stays silent, or does not read",
        "keeps all others waiting",
        "others are served meanwhile",
    ),
    (
        "a client of `-le` that wants no reply",
        "is answered all the same, and may end the server",
        "is not answered",
    ),
    (
        "a timeout of `-l` after a header",
        "makes a message of zeros: a bad checksum, or delivered if unsigned",
        "is a read error",
    ),
    (
        "no descriptor left in `-l`, or `-t -1`",
        "prints errors without end, as fast as it can",
        "one error; a negative time is none",
    ),
    (
        "`-lf` and `-cf` where the path is no socket",
        "remove the file",
        "leave it; `-lf` fails to bind",
    ),
    (
        "a path of more than 107 bytes",
        "is cut to 108 bytes without a word",
        "is an error",
    ),
    (
        "an empty path for `-l`",
        "listens where no client can connect",
        "is an error",
    ),
    (
        "a client whose server closes before the message is sent",
        "is ended by SIGPIPE",
        "prints the error, status 255",
    ),
    (
        "`-t` as the last argument",
        "crashes",
        "`[e] no timeout`, status 255",
    ),
    (
        "output that cannot be written (a full disk)",
        "is lost, status 0",
        "status 255",
    ),
];

/// Returns the table for the README.
pub(crate) fn markdown() -> String {
    let mut text = String::from("| what | libsipc's `sipcli` | ours |\n| --- | --- | --- |\n");
    for (what, theirs, ours) in DIFFERENCES {
        text.push_str(&format!("| {what} | {theirs} | {ours} |\n"));
    }
    text
}

/// Returns the man page.
pub(crate) fn page() -> String {
    let mut text = format!(
        ".TH sipcli 1 \"\" \"sipcli {}\"\n{PAGE}",
        env!("CARGO_PKG_VERSION")
    );
    for (what, theirs, ours) in DIFFERENCES {
        let line = format!(".TP\n{what}\nlibsipc's: {theirs}. This one: {ours}.\n");
        text.push_str(&line.replace('-', "\\-").replace('`', ""));
    }
    text
}

const PAGE: &str = r#".SH NAME
sipcli \- libsipc's command line tool, for scripts that were written for it
.SH SYNOPSIS
.nf
sipcli [\-uqQvt] [TIMEOUT] \-l[fe] SOCKET
sipcli [\-uqQvt] [TIMEOUT] \-p[b] SOCKET MESSAGE
sipcli [\-uqQvt] [TIMEOUT] \-c[f] SOCKET
sipcli [\-qQvt] [TIMEOUT] \-h SOCKET
.fi
.SH DESCRIPTION
Takes the same command line as libsipc's sipcli, prints the same and ends with the same status:
0, or 255 for a failure. New scripts are better off with
.BR sipc-send (1)
and
.BR sipc-listen (1),
which have a status for each kind of failure.
.TP
\-l[fe]
Listen. f removes the socket first, e sends a reply.
.TP
\-p[b]
Send MESSAGE. b sends it as binary.
.TP
\-c[f]
Send a close message. f removes the socket after it.
.TP
\-h
Connect, and stay silent for 5 seconds or the timeout.
.TP
\-q
Has no effect, as in the original.
.TP
\-Q
Print replies only, and no errors.
.TP
\-v
Print what is done.
.TP
\-t
The next argument is the read timeout in seconds.
.TP
\-u
Send no checksum; as a server, take messages that have none.
.SH DIFFERENCES
"#;
