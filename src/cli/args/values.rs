//! Values as they are written on the command line.

use clap::builder::{OsStringValueParser, TypedValueParser};
use std::path::PathBuf;
use std::time::Duration;

use steel_sipc::sipc::{Allow, Wire};

/// Reads a path, also an empty one: what is wrong with that is said where it is used.
pub(super) fn path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Reads a number of bytes: `65536`, `64K`, `5M`, `1GiB`.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => return Err("write bytes as 65536, 64K, 5M or 1G".to_owned()),
    };
    let most = u64::from(u32::MAX);
    digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .filter(|bytes| *bytes <= most)
        .map(|bytes| bytes as usize)
        .ok_or_else(|| "write bytes as 65536, 64K, 5M or 1G, less than 4G".to_owned())
}

/// As [`size`], at least one byte.
pub(super) fn limit(text: &str) -> Result<usize, String> {
    match size(text)? {
        0 => Err("no message is shorter than 0 bytes".to_owned()),
        bytes => Ok(bytes),
    }
}

/// Reads a time in seconds, such as `2` or `0.25`.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "write seconds as 2 or 0.25".to_owned())
}

/// As [`seconds`], more than none.
pub(super) fn some_seconds(text: &str) -> Result<Duration, String> {
    seconds(text)
        .ok()
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "write seconds as 2 or 0.25, more than 0".to_owned())
}

/// Reads how many times something is done.
pub(super) fn times(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|times| *times > 0)
        .ok_or_else(|| "write a whole number, 1 or more".to_owned())
}

/// Reads a positive rate.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|rate| rate.is_finite() && *rate > 0.000_001)
        .ok_or_else(|| "write messages a second as 10 or 0.5".to_owned())
}

/// Reads permission bits, in octal as `chmod` takes them.
pub(super) fn mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| "write the mode in octal, as 600 or 0660".to_owned())
}

/// Reads who may talk: `alice`, `1000`, `user:alice`, `group:staff`, `group:50`.
pub(super) fn allow(text: &str) -> Result<Allow, String> {
    let (is_group, name) = match text.split_once(':') {
        Some(("group", name)) => (true, name),
        Some(("user", name)) => (false, name),
        Some(_) => return Err("write NAME, NUMBER, user:NAME or group:NAME".to_owned()),
        None => (false, text),
    };
    let found = match (name.parse(), is_group) {
        (Ok(number), true) => Ok(Allow::Group(number)),
        (Ok(number), false) => Ok(Allow::User(number)),
        (Err(_), true) => Allow::group_named(name),
        (Err(_), false) => Allow::user_named(name),
    };
    found.map_err(|error| error.to_string())
}

/// Which framing a server takes, by its name on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum WireName {
    /// With magic number and checksum.
    Checked,
    /// As libsipc had it before May 2019.
    Legacy,
    /// Both.
    Auto,
}

impl From<WireName> for Wire {
    fn from(name: WireName) -> Self {
        match name {
            WireName::Checked => Wire::Checked,
            WireName::Legacy => Wire::Legacy,
            WireName::Auto => Wire::Auto,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("0"), Ok(0));
        assert_eq!(size("64k"), Ok(65536));
        assert_eq!(size("5M"), Ok(5 << 20));
        assert_eq!(size("1GiB"), Ok(1 << 30));
        for text in ["", "k", "-1", "1.5M", "4G", "99999999999999999999", "1T"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(limit("0").is_err());
    }

    #[test]
    fn times() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for text in ["-1", "nan", "inf", "x", "", "1e30"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert!(some_seconds("0").is_err() && some_seconds("0.1").is_ok());
    }

    #[test]
    fn modes_and_users() {
        assert_eq!(mode("0660"), Ok(0o660));
        assert!(mode("888").is_err());
        assert!(mode("7777").is_err());
        assert_eq!(allow("group:7"), Ok(Allow::Group(7)));
        assert_eq!(allow("root"), Ok(Allow::User(0)));
        assert!(allow("no-such-user-here").is_err());
        assert!(allow("x:y").is_err());
    }
}
