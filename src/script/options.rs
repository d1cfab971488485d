//! The keyword arguments of `bind` and `connect`.

use steel::{SteelErr, SteelVal};

use super::outcome::{condition, misuse, wrong_type};
use super::value::{count, elements, seconds, word};
use crate::sipc::{Allow, BindOptions, ConnectOptions, Wire};
use crate::wire::Framing;

/// Walks over the pairs of keyword and value.
fn each(
    form: &str,
    known: &str,
    args: &[SteelVal],
    mut set: impl FnMut(&str, &SteelVal) -> Result<bool, SteelErr>,
) -> Result<(), SteelErr> {
    for pair in args.chunks(2) {
        let name = word(&pair[0]).ok_or_else(|| {
            wrong_type(
                form,
                &format!("options are keywords with values ({known})"),
                &pair[0],
            )
        })?;
        let Some(value) = pair.get(1) else {
            return Err(misuse(format!("{form}: no value for the option #:{name}")));
        };
        if !set(name, value)? {
            return Err(misuse(format!(
                "{form}: there is no option #:{name}; there are {known}"
            )));
        }
    }
    Ok(())
}

/// Reads the options of `bind`.
pub(crate) fn bind_options(form: &str, args: &[SteelVal]) -> Result<BindOptions, SteelErr> {
    const KNOWN: &str = "#:read-timeout #:mode #:backlog #:replace #:wire #:max-message-size \
                         #:max-peers #:idle-timeout #:reply-timeout #:reply-queue \
                         #:max-memory #:allow";
    let mut options = BindOptions::default();
    each(form, KNOWN, args, |name, value| {
        let limits = &mut options.limits;
        match name {
            "read-timeout" => limits.read_timeout = seconds(form, "#:read-timeout", value)?,
            "idle-timeout" => limits.idle_timeout = seconds(form, "#:idle-timeout", value)?,
            "reply-timeout" => {
                limits.reply_timeout =
                    seconds(form, "#:reply-timeout", value)?.ok_or_else(|| {
                        misuse(format!(
                            "{form}: #:reply-timeout must be above 0: replies that nobody reads \
                             would be kept for ever"
                        ))
                    })?;
            }
            "reply-queue" => limits.reply_queue = count(form, "#:reply-queue", value)?,
            "max-memory" => limits.max_memory = count(form, "#:max-memory", value)?,
            "max-message-size" => limits.max_message_size = size(form, value)?,
            "max-peers" => limits.max_peers = count(form, "#:max-peers", value)?,
            "backlog" => {
                options.backlog = count(form, "#:backlog", value)?.min(i32::MAX as usize) as i32;
            }
            "replace" => options.replace = !matches!(value, SteelVal::BoolV(false)),
            "mode" => options.mode = mode(form, value)?,
            "wire" => options.wire = wire(form, value)?,
            "allow" => options.allow = allow(form, value)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(options)
}

/// Reads the options of `connect`.
pub(crate) fn connect_options(form: &str, args: &[SteelVal]) -> Result<ConnectOptions, SteelErr> {
    const KNOWN: &str = "#:read-timeout #:wire #:max-message-size";
    let mut options = ConnectOptions::default();
    each(form, KNOWN, args, |name, value| {
        match name {
            "read-timeout" => options.read_timeout = seconds(form, "#:read-timeout", value)?,
            "max-message-size" => options.max_message_size = size(form, value)?,
            "wire" => {
                options.framing = match wire(form, value)? {
                    Wire::Legacy => Framing::Legacy,
                    Wire::Checked => Framing::Checked,
                    Wire::Auto => {
                        return Err(misuse(format!(
                            "{form}: #:wire 'auto is for servers; a client speaks 'checked or \
                             'legacy"
                        )));
                    }
                };
            }
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    Ok(options)
}

fn size(form: &str, value: &SteelVal) -> Result<usize, SteelErr> {
    /// The length field has 32 bits.
    const MOST: usize = u32::MAX as usize;
    let size = count(form, "#:max-message-size", value)?;
    if size > MOST {
        let what = format!("{form}: #:max-message-size is at most {MOST} bytes, got {size}");
        return Err(misuse(what));
    }
    Ok(size)
}

fn mode(form: &str, value: &SteelVal) -> Result<Option<u32>, SteelErr> {
    match value {
        SteelVal::BoolV(false) => Ok(None),
        SteelVal::IntV(bits @ 0..=0o777) => Ok(Some(*bits as u32)),
        SteelVal::StringV(text) => match u32::from_str_radix(text.as_str(), 8) {
            Ok(bits @ 0..=0o777) => Ok(Some(bits)),
            _ => Err(bad_mode(form, value)),
        },
        other => Err(bad_mode(form, other)),
    }
}

fn bad_mode(form: &str, value: &SteelVal) -> SteelErr {
    wrong_type(
        form,
        "#:mode must be permission bits, such as #o600 or \"600\"",
        value,
    )
}

fn wire(form: &str, value: &SteelVal) -> Result<Wire, SteelErr> {
    match word(value) {
        Some("checked") => Ok(Wire::Checked),
        Some("legacy") => Ok(Wire::Legacy),
        Some("auto") => Ok(Wire::Auto),
        _ => Err(wrong_type(
            form,
            "#:wire must be 'checked, 'legacy or 'auto",
            value,
        )),
    }
}

/// Reads WHO: a user's name or number, `(group NAME-OR-NUMBER)`, `(user NAME-OR-NUMBER)`, or a
/// list of those.
fn allow(form: &str, value: &SteelVal) -> Result<Option<crate::sipc::AllowList>, SteelErr> {
    if matches!(value, SteelVal::BoolV(false)) {
        return Ok(None);
    }
    let entries = match elements(value) {
        Some(items) if !is_entry(&items) => items,
        _ => vec![value.clone()],
    };
    if entries.is_empty() || matches!(entries.first().map(word), Some(Some("user" | "group"))) {
        return Err(bad_allow(form, value));
    }
    let entries: Result<Vec<Allow>, SteelErr> = entries
        .iter()
        .map(|entry| allow_entry(form, entry))
        .collect();
    Ok(Some(entries?.into()))
}

fn is_entry(items: &[SteelVal]) -> bool {
    matches!(items, [head, _] if matches!(word(head), Some("user" | "group")))
}

fn allow_entry(form: &str, entry: &SteelVal) -> Result<Allow, SteelErr> {
    let items = elements(entry).unwrap_or_default();
    let (is_group, who) = match &items[..] {
        [head, who] if is_entry(&items) => (word(head) == Some("group"), who),
        _ => (false, entry),
    };
    let found = match who {
        SteelVal::IntV(number) => match u32::try_from(*number) {
            // The number that stands for nobody in the system's calls.
            Ok(u32::MAX) => return Err(bad_allow(form, entry)),
            Ok(number) if is_group => return Ok(Allow::Group(number)),
            Ok(number) => return Ok(Allow::User(number)),
            Err(_) => return Err(bad_allow(form, entry)),
        },
        SteelVal::StringV(name) if is_group => Allow::group_named(name.as_str()),
        SteelVal::StringV(name) => Allow::user_named(name.as_str()),
        SteelVal::SymbolV(name) if is_group => Allow::group_named(name.as_str()),
        SteelVal::SymbolV(name) => Allow::user_named(name.as_str()),
        _ => return Err(bad_allow(form, entry)),
    };
    found.map_err(|error| condition(&error))
}

fn bad_allow(form: &str, value: &SteelVal) -> SteelErr {
    let what = "#:allow must be a user's name or number, '(user NAME-OR-NUMBER), \
                '(group NAME-OR-NUMBER), or a list of those";
    wrong_type(form, what, value)
}
