//! Hexadecimal digits, in and out.

use std::fmt::Write;

/// Reads digits; white space and colons between bytes are skipped, as in the output of other
/// tools.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for (place, c) in text.iter().enumerate() {
        let Some(digit) = (*c as char).to_digit(16) else {
            if high.is_none() && (c.is_ascii_whitespace() || *c == b':') {
                continue;
            }
            return Err(format!(
                "there is no hexadecimal digit at place {}",
                place + 1
            ));
        };
        match high.take() {
            None => high = Some(digit as u8),
            Some(high) => bytes.push(high << 4 | digit as u8),
        }
    }
    match high {
        None => Ok(bytes),
        Some(_) => Err("the last byte has one digit; write two for each".to_owned()),
    }
}

/// Returns two digits a byte.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Returns lines of offset, digits and characters, for a person.
pub(crate) fn dump(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (row, line) in bytes.chunks(16).enumerate() {
        let digits: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let plain: String = line
            .iter()
            .map(|byte| match byte {
                0x20..0x7f => *byte as char,
                _ => '.',
            })
            .collect();
        let _ = writeln!(
            text,
            "  {:06x}  {:<47}  {plain}",
            row * 16,
            digits.join(" ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(encode(&all).as_bytes()), Ok(all));
        assert_eq!(decode(b"01 FF:0a\n"), Ok(vec![1, 255, 10]));
        assert!(decode(b"0").is_err());
        assert!(decode(b"0 1").is_err());
        assert!(decode(b"zz").is_err());
    }

    #[test]
    fn a_dump_has_sixteen_bytes_a_line() {
        let text = dump(b"0123456789abcdef\x00");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("  0123456789abcdef"), "{text}");
        assert!(lines[1].starts_with("  000010  00 "), "{text}");
    }
}
