//! The Common Lisp reader: text to forms with positions, bounded in depth and in size.

use steel::SteelVal;

use super::form::{Form, Kind, Pos};
use super::package;
use super::rt::{chars, number};

/// Deepest nesting of brackets and quotes that is read.
pub(crate) const MAX_DEPTH: usize = 500;

/// Why text could not be read, and where.
#[derive(Clone, Debug)]
pub(crate) struct ReadError {
    pub(crate) pos: Pos,
    pub(crate) message: String,
    /// More text could make it whole.
    pub(crate) is_incomplete: bool,
    /// Where the bracket or string that is still open begins.
    pub(crate) open: Option<Pos>,
}

/// Reads forms from a text one after the other.
pub(crate) struct Reader<'a> {
    chars: std::iter::Peekable<std::str::Chars<'a>>,
    line: u32,
    column: u32,
    file: u16,
    /// Bytes consumed.
    pub(crate) consumed: usize,
    open: Vec<Pos>,
    quasi: usize,
}

type Read<T> = Result<T, ReadError>;

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Reader<'a> {
        Reader::in_file(text, 0)
    }

    pub(crate) fn in_file(text: &'a str, file: u16) -> Reader<'a> {
        Reader {
            file,
            chars: text.chars().peekable(),
            line: 1,
            column: 1,
            consumed: 0,
            open: Vec::new(),
            quasi: 0,
        }
    }

    /// Goes on behind a line, where a bracket begins a line: most likely a form of the top level.
    pub(crate) fn resume(text: &'a str, file: u16, line: u32) -> Reader<'a> {
        let mut reader = Reader::in_file(text, file);
        let is_there = |r: &mut Self| r.line > line && r.column == 1 && r.peek() == Some('(');
        while !is_there(&mut reader) && reader.next().is_some() {}
        reader
    }

    pub(crate) fn pos(&self) -> Pos {
        Pos {
            line: self.line,
            column: self.column,
            file: self.file,
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.chars.next()?;
        self.consumed += c.len_utf8();
        if c == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(c)
    }

    fn peek(&mut self) -> Option<char> {
        self.chars.peek().copied()
    }

    fn fail<T>(&self, pos: Pos, message: impl Into<String>) -> Read<T> {
        Err(ReadError {
            pos,
            message: message.into(),
            is_incomplete: false,
            open: None,
        })
    }

    fn eof<T>(&self) -> Read<T> {
        Err(ReadError {
            pos: self.pos(),
            message: "end of file".into(),
            is_incomplete: true,
            open: self.open.last().copied(),
        })
    }

    /// Skips blanks and comments. False at the end of the text.
    fn skip(&mut self) -> Read<bool> {
        loop {
            match self.peek() {
                None => return Ok(false),
                // A byte order mark may come first.
                Some(c) if c.is_whitespace() || (c == '\u{FEFF}' && self.consumed == 0) => {
                    self.next();
                }
                Some(';') => while !matches!(self.next(), None | Some('\n')) {},
                Some('#') => {
                    let mut ahead = self.chars.clone();
                    ahead.next();
                    match ahead.next() {
                        Some('|') => self.block_comment()?,
                        // The first line of a script.
                        Some('!') if self.consumed == 0 => {
                            while !matches!(self.next(), None | Some('\n')) {}
                        }
                        _ => return Ok(true),
                    }
                }
                Some(_) => return Ok(true),
            }
        }
    }

    fn block_comment(&mut self) -> Read<()> {
        self.open.push(self.pos());
        let mut depth = 0usize;
        loop {
            match (self.next(), self.peek()) {
                (Some('#'), Some('|')) => {
                    self.next();
                    depth += 1;
                }
                (Some('|'), Some('#')) => {
                    self.next();
                    depth -= 1;
                    if depth == 0 {
                        self.open.pop();
                        return Ok(());
                    }
                }
                (None, _) => return self.eof(),
                _ => {}
            }
        }
    }

    /// The next form, or nothing at the end of the text.
    pub(crate) fn read(&mut self) -> Read<Option<Form>> {
        loop {
            if !self.skip()? {
                return Ok(None);
            }
            if let Some(f) = self.form(0)? {
                return Ok(Some(f));
            }
        }
    }

    fn required(&mut self, depth: usize) -> Read<Form> {
        loop {
            if !self.skip()? {
                return self.eof();
            }
            if let Some(f) = self.form(depth)? {
                return Ok(f);
            }
        }
    }

    fn wrap(&mut self, name: &str, pos: Pos, depth: usize) -> Read<Option<Form>> {
        self.open.push(pos);
        let inner = self.required(depth + 1)?;
        self.open.pop();
        Ok(Some(Form::list(vec![Form::sym(name, pos), inner], pos)))
    }

    // Nothing when what was read has no value, as `#+other-lisp form`.
    fn form(&mut self, depth: usize) -> Read<Option<Form>> {
        let pos = self.pos();
        if depth > MAX_DEPTH {
            return self.fail(pos, format!("nested deeper than {MAX_DEPTH} levels"));
        }
        match self.peek() {
            Some('(') => {
                self.next();
                self.sequence(pos, depth).map(Some)
            }
            Some(')') => {
                self.next();
                self.fail(pos, "unmatched close parenthesis")
            }
            Some('\'') => {
                self.next();
                self.wrap("QUOTE", pos, depth)
            }
            Some('`') => {
                self.next();
                self.quasi += 1;
                let form = self.wrap("%QUASI", pos, depth);
                self.quasi -= 1;
                form
            }
            Some(',') => {
                self.next();
                if self.quasi == 0 {
                    return self.fail(pos, "comma not inside a backquote");
                }
                let splice = matches!(self.peek(), Some('@' | '.'));
                if splice {
                    self.next();
                }
                self.quasi -= 1;
                let form = self.wrap(if splice { "%SPLICE" } else { "%UNQUOTE" }, pos, depth);
                self.quasi += 1;
                form
            }
            Some('"') => {
                self.next();
                self.string(pos).map(Some)
            }
            Some('#') => {
                self.next();
                self.dispatch(pos, depth)
            }
            _ => self.token(pos).map(Some),
        }
    }

    fn sequence(&mut self, pos: Pos, depth: usize) -> Read<Form> {
        self.open.push(pos);
        let mut items = Vec::new();
        let mut tail = None;
        loop {
            if !self.skip()? {
                return self.eof();
            }
            if self.peek() == Some(')') {
                self.next();
                self.open.pop();
                let kind = match tail {
                    Some(t) => Kind::Dotted(items, Box::new(t)),
                    None if items.is_empty() => Kind::Sym("NIL".into()),
                    None => Kind::List(items),
                };
                return Ok(Form { kind, pos });
            }
            if tail.is_some() {
                return self.fail(self.pos(), "more than one object follows . in list");
            }
            if self.peek() == Some('.') {
                let mut ahead = self.chars.clone();
                ahead.next();
                if ahead.next().is_none_or(ends_token) {
                    if items.is_empty() {
                        return self.fail(self.pos(), "nothing appears before . in list");
                    }
                    self.next();
                    let t = self.required(depth + 1)?;
                    match t.kind {
                        Kind::List(mut rest) => {
                            items.append(&mut rest);
                            tail = None;
                            if !self.skip()? {
                                return self.eof();
                            }
                            if self.peek() != Some(')') {
                                return self
                                    .fail(self.pos(), "more than one object follows . in list");
                            }
                        }
                        Kind::Sym(ref s) if &**s == "NIL" => {}
                        _ => tail = Some(t),
                    }
                    continue;
                }
            }
            if let Some(f) = self.form(depth + 1)? {
                items.push(f);
            }
        }
    }

    fn string(&mut self, pos: Pos) -> Read<Form> {
        self.open.push(pos);
        let mut out = String::new();
        loop {
            match self.next() {
                None => return self.eof(),
                Some('"') => break,
                Some('\\') => match self.next() {
                    Some(c) => out.push(c),
                    None => return self.eof(),
                },
                Some(c) => out.push(c),
            }
        }
        self.open.pop();
        Ok(Form {
            kind: Kind::Atom(super::value::string(out)),
            pos,
        })
    }

    fn dispatch(&mut self, pos: Pos, depth: usize) -> Read<Option<Form>> {
        let Some(c) = self.next() else {
            return self.eof();
        };
        match c {
            '\'' => self.wrap("FUNCTION", pos, depth),
            '(' => {
                let form = self.sequence(pos, depth)?;
                match form.kind {
                    Kind::List(v) => Ok(Some(Form {
                        kind: Kind::Vector(v),
                        pos,
                    })),
                    Kind::Sym(_) => Ok(Some(Form {
                        kind: Kind::Vector(vec![]),
                        pos,
                    })),
                    _ => self.fail(pos, "a dot in a vector"),
                }
            }
            '\\' => self.character(pos).map(Some),
            'x' | 'X' => self.radix(pos, 16),
            'b' | 'B' => self.radix(pos, 2),
            'o' | 'O' => self.radix(pos, 8),
            ':' => {
                let (name, _) = self.raw_token()?;
                Ok(Some(Form::sym(&format!("#:{name}"), pos)))
            }
            '+' | '-' => {
                let feature = self.required(depth + 1)?;
                let holds = package::has_feature(&feature) == (c == '+');
                let form = self.required(depth + 1)?;
                Ok(holds.then_some(form))
            }
            'p' | 'P' if self.peek() == Some('"') => {
                self.next();
                let mut form = self.string(pos)?;
                if let Kind::Atom(v) = &form.kind
                    && let Some(text) = super::value::text(v)
                {
                    form.kind = Kind::Atom(super::rt::path::path(text));
                }
                Ok(Some(form))
            }
            d if d.is_ascii_digit() => {
                let mut n = d.to_digit(10).unwrap_or(0);
                while let Some(d) = self.peek().and_then(|c| c.to_digit(10)) {
                    self.next();
                    n = (n * 10 + d).min(99);
                }
                match self.next() {
                    Some('r' | 'R') if (2..=36).contains(&n) => self.radix(pos, n),
                    Some(c) => self.fail(pos, format!("not supported here: reader macro #{n}{c}")),
                    None => self.fail(pos, "the text ends in a reader macro"),
                }
            }
            c => self.fail(pos, format!("not supported here: reader macro #{c}")),
        }
    }

    fn radix(&mut self, pos: Pos, radix: u32) -> Read<Option<Form>> {
        let (token, _) = self.raw_token()?;
        match number::parse_rational(&token, radix) {
            Some(v) => Ok(Some(Form {
                kind: Kind::Atom(v),
                pos,
            })),
            None => self.fail(pos, format!("{token} is not a number of base {radix}")),
        }
    }

    fn character(&mut self, pos: Pos) -> Read<Form> {
        let Some(first) = self.next() else {
            return self.eof();
        };
        let mut name = String::from(first);
        while let Some(c) = self.peek() {
            if ends_token(c) {
                break;
            }
            name.push(c);
            self.next();
        }
        match super::rt::chars::by_name(&name) {
            Some(c) => Ok(Form {
                kind: Kind::Atom(SteelVal::CharV(c)),
                pos,
            }),
            None => self.fail(pos, format!("unrecognized character name: {name}")),
        }
    }

    // The token folded to upper case, and whether any part of it was escaped.
    fn raw_token(&mut self) -> Read<(String, bool)> {
        let mut out = String::new();
        let mut escaped = false;
        while let Some(c) = self.peek() {
            match c {
                '|' => {
                    escaped = true;
                    self.open.push(self.pos());
                    self.next();
                    loop {
                        match self.next() {
                            None => return self.eof(),
                            Some('|') => break,
                            Some('\\') => match self.next() {
                                Some(c) => out.push(c),
                                None => return self.eof(),
                            },
                            Some(c) => out.push(c),
                        }
                    }
                    self.open.pop();
                }
                '\\' => {
                    escaped = true;
                    self.next();
                    match self.next() {
                        Some(c) => out.push(c),
                        None => return self.eof(),
                    }
                }
                c if ends_token(c) => break,
                c => {
                    self.next();
                    out.push(chars::upcase(c));
                }
            }
        }
        Ok((out, escaped))
    }

    fn token(&mut self, pos: Pos) -> Read<Form> {
        let (name, escaped) = self.raw_token()?;
        if escaped {
            return Ok(Form::sym(&name, pos));
        }
        if name.is_empty() {
            let c = self.next().unwrap_or(' ');
            return self.fail(pos, format!("unexpected character {c}"));
        }
        if let Some(c) = name.chars().find(|c| c.is_control() || *c == '\u{FEFF}') {
            let code = c as u32;
            return self.fail(
                pos,
                format!("the character U+{code:04X} is no part of a program"),
            );
        }
        if let Some(v) = number::parse_number(&name) {
            return Ok(Form {
                kind: Kind::Atom(v),
                pos,
            });
        }
        if let Some(why) = number::impossible(&name) {
            return self.fail(pos, format!("{name} is {why}"));
        }
        if name.chars().all(|c| c == '.') {
            return self.fail(pos, "dot context error");
        }
        match package::symbol(&name) {
            Ok(name) => Ok(Form::sym(&name, pos)),
            Err(m) => self.fail(pos, m),
        }
    }
}

fn ends_token(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '"' | '\'' | '`' | ',' | ';')
}
