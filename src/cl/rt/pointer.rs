//! Bytes for the pointer functions: numbers packed in the machine's order.

use std::hash::{Hash, Hasher};

use steel::SteelVal;
use steel::rerrs::SteelErr;
use steel::rvals::SteelByteVector;

use super::number::N;
use super::table::{Prims, p};
use crate::cl::value::*;

/// Size in bytes and kind of an element type: `i`nteger, `u`nsigned, `f`loat.
fn layout(v: &V) -> Result<(usize, char), SteelErr> {
    let name = symbol_name(v).unwrap_or_default();
    Ok(match bare_name(&name) {
        "CHAR" | "INT8" => (1, 'i'),
        "UNSIGNED-CHAR" | "UCHAR" | "UINT8" => (1, 'u'),
        "SHORT" | "INT16" => (2, 'i'),
        "UNSIGNED-SHORT" | "USHORT" | "UINT16" => (2, 'u'),
        "INT" | "INT32" => (4, 'i'),
        "UNSIGNED-INT" | "UINT" | "UINT32" => (4, 'u'),
        "LONG" | "LONG-LONG" | "INT64" => (8, 'i'),
        "UNSIGNED-LONG" | "ULONG" | "UNSIGNED-LONG-LONG" | "UINT64" => (8, 'u'),
        "FLOAT" => (4, 'f'),
        "DOUBLE" => (8, 'f'),
        _ => {
            let shown = crate::cl::printer::prin1(v);
            return Err(simple_error(&format!("Unknown CFFI type {shown}.")));
        }
    })
}

/// Keeps what is hashed. The content of a byte vector is private to Steel, but hashing it passes
/// the bytes on.
#[derive(Default)]
struct Collector(Vec<u8>);

impl Hasher for Collector {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// A slice hashes its length first, with this.
    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        0
    }
}

/// Copies the bytes out of a Steel byte vector.
pub(crate) fn bytes_of(bytes: &SteelByteVector) -> Vec<u8> {
    let mut all = Collector::default();
    bytes.hash(&mut all);
    all.0
}

fn pack(a: &[V]) -> R {
    let (size, kind) = layout(&a[1])?;
    let mut out = Vec::new();
    for v in items(&a[0])? {
        let n = N::get(&v).ok_or_else(|| type_error(&v, "NUMBER"))?;
        if kind == 'f' {
            if size == 4 {
                out.extend(n.f32().to_ne_bytes());
            } else {
                out.extend(n.f64().to_ne_bytes());
            }
            continue;
        }
        let bits = size as u32 * 8;
        let whole = n.big().and_then(|b| i128::try_from(b).ok());
        let (low, high) = if kind == 'i' {
            (-(1i128 << (bits - 1)), 1i128 << (bits - 1))
        } else {
            (0, 1i128 << bits)
        };
        match whole.filter(|w| (low..high).contains(w)) {
            Some(w) => out.extend(&w.to_le_bytes()[..size]),
            None => {
                let word = if kind == 'i' {
                    "SIGNED-BYTE"
                } else {
                    "UNSIGNED-BYTE"
                };
                return Err(type_error(&v, &format!("({word} {bits})")));
            }
        }
    }
    Ok(bytes(&out))
}

fn bytes(all: &[u8]) -> V {
    vector(
        all.iter()
            .map(|b| SteelVal::IntV(isize::from(*b)))
            .collect(),
    )
}

fn unpack(a: &[V]) -> R {
    if is_nil(&a[0]) {
        return Err(simple_error("the pointer has been freed"));
    }
    let (size, kind) = layout(&a[1])?;
    let raw: Vec<u8> = super::seq::elements(&a[0])?
        .iter()
        .map(|v| int(v).map(|i| i as u8))
        .collect::<Result<_, _>>()?;
    let mut out = Vec::new();
    for chunk in raw.chunks_exact(size) {
        let mut wide = [0u8; 8];
        wide[..size].copy_from_slice(chunk);
        let bits = u64::from_le_bytes(wide);
        let shift = 64 - size as u32 * 8;
        out.push(match (kind, size) {
            ('f', 4) => N::F(f32::from_bits(bits as u32)).v(),
            ('f', _) => N::D(f64::from_bits(bits)).v(),
            ('i', _) => SteelVal::IntV((((bits << shift) as i64) >> shift) as isize),
            _ => super::number::big(bits.into()),
        });
    }
    Ok(vector(out))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%PACK", 2, 2, pack);
    p!(t, "%UNPACK", 2, 2, unpack);
    // A Steel byte vector from any sequence of bytes.
    p!(t, "%BYTES", 1, 1, |a| {
        let mut raw = Vec::new();
        for v in super::seq::elements(&a[0])? {
            match v {
                SteelVal::IntV(i @ 0..=255) => raw.push(i as u8),
                other => return Err(type_error(&other, "(UNSIGNED-BYTE 8)")),
            }
        }
        Ok(SteelVal::ByteVector(SteelByteVector::new(raw)))
    });
    p!(t, "%TEXT-BYTES", 1, 1, |a| {
        Ok(bytes(crate::cl::printer::must_text(&a[0])?.as_bytes()))
    });
    p!(t, "%STRING-PLAIN", 1, 1, |a| Ok(string(
        crate::cl::printer::must_text(&a[0])?
    )));
    p!(t, "%NOT-A-STRING", 1, 1, |a| {
        let shown = crate::cl::printer::prin1(&a[0]);
        Err(simple_error(&format!(
            "{shown} is not a Lisp string or pointer."
        )))
    });
}
