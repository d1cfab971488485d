//! Pointers as the original has them: memory with a size, over byte vectors.

use std::sync::{Mutex, PoisonError};
use steel::rvals::IntoSteelVal;
use steel::{SteelErr, SteelVal};

use super::outcome::{Outcome, misuse, wrong_count, wrong_type};
use super::value::{Opaque, as_opaque, byte_vector, bytes_of, elements, opaque, text, word};

/// Memory with a size. Freed once; every use after that is an error.
pub(crate) struct Pointer {
    /// A byte vector; nothing once it is freed.
    memory: Mutex<Option<SteelVal>>,
    size: usize,
}

impl Opaque for Pointer {
    fn describe(&self) -> String {
        match self.live() {
            Some(_) => format!("#<sipc:pointer {} bytes>", self.size),
            None => "#<sipc:pointer freed>".to_owned(),
        }
    }
}

impl Pointer {
    fn over(memory: SteelVal, size: usize) -> SteelVal {
        opaque(Pointer {
            memory: Mutex::new(Some(memory)),
            size,
        })
    }

    fn live(&self) -> Option<SteelVal> {
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn memory(&self, form: &str) -> Outcome {
        self.live()
            .ok_or_else(|| misuse(format!("{form}: the pointer has been freed")))
    }

    /// Copies the bytes pointed to.
    pub(crate) fn bytes(&self, form: &str) -> Result<Vec<u8>, SteelErr> {
        let SteelVal::ByteVector(bytes) = self.memory(form)? else {
            return Ok(Vec::new());
        };
        let mut bytes = bytes_of(&bytes);
        bytes.truncate(self.size);
        Ok(bytes)
    }
}

/// How an element lies in memory, in the machine's byte order.
#[derive(Clone, Copy)]
enum Element {
    Signed(usize),
    Unsigned(usize),
    Float,
    Double,
}

impl Element {
    /// Returns the element a type names; `unsigned-char` when none is given.
    fn named(form: &str, type_: Option<&SteelVal>) -> Result<Self, SteelErr> {
        let Some(type_) = type_ else {
            return Ok(Element::Unsigned(1));
        };
        Ok(match word(type_).unwrap_or_default() {
            "char" | "int8" => Element::Signed(1),
            "unsigned-char" | "uchar" | "uint8" => Element::Unsigned(1),
            "short" | "int16" => Element::Signed(2),
            "unsigned-short" | "ushort" | "uint16" => Element::Unsigned(2),
            "int" | "int32" => Element::Signed(4),
            "unsigned-int" | "uint" | "uint32" => Element::Unsigned(4),
            "long" | "long-long" | "llong" | "int64" => Element::Signed(8),
            "unsigned-long" | "ulong" | "unsigned-long-long" | "ullong" | "uint64" => {
                Element::Unsigned(8)
            }
            "float" => Element::Float,
            "double" => Element::Double,
            _ => {
                let what = "TYPE must be an element type such as :unsigned-char, :int or :double";
                return Err(wrong_type(form, what, type_));
            }
        })
    }

    fn size(self) -> usize {
        match self {
            Element::Signed(size) | Element::Unsigned(size) => size,
            Element::Float => 4,
            Element::Double => 8,
        }
    }

    /// Appends a value's bytes.
    fn store(self, form: &str, value: &SteelVal, bytes: &mut Vec<u8>) -> Result<(), SteelErr> {
        let real = |value: &SteelVal| match value {
            SteelVal::NumV(number) => Some(*number),
            SteelVal::IntV(number) => Some(*number as f64),
            _ => None,
        };
        let stored = match self {
            Element::Signed(size) | Element::Unsigned(size) => whole(value)
                .filter(|number| self.holds(*number))
                .map(|number| {
                    bytes.extend_from_slice(native(&number.to_le_bytes()[..size]).as_slice())
                }),
            Element::Float => {
                real(value).map(|number| bytes.extend_from_slice(&(number as f32).to_ne_bytes()))
            }
            Element::Double => {
                real(value).map(|number| bytes.extend_from_slice(&number.to_ne_bytes()))
            }
        };
        stored.ok_or_else(|| wrong_type(form, &format!("elements must be {}", self.range()), value))
    }

    fn holds(self, number: i128) -> bool {
        match self {
            Element::Signed(size) => {
                let half = 1_i128 << (8 * size - 1);
                (-half..half).contains(&number)
            }
            Element::Unsigned(size) => (0..1_i128 << (8 * size)).contains(&number),
            Element::Float | Element::Double => true,
        }
    }

    fn range(self) -> String {
        match self {
            Element::Signed(size) => {
                let half = 1_i128 << (8 * size - 1);
                format!("whole numbers from {} to {}", -half, half - 1)
            }
            Element::Unsigned(size) => {
                format!("whole numbers from 0 to {}", (1_i128 << (8 * size)) - 1)
            }
            Element::Float | Element::Double => "numbers".to_owned(),
        }
    }

    /// Reads one element; `bytes` has its size.
    fn load(self, bytes: &[u8]) -> Outcome {
        match (self, bytes) {
            (Element::Float, [a, b, c, d]) => {
                Ok(SteelVal::NumV(f32::from_ne_bytes([*a, *b, *c, *d]).into()))
            }
            (Element::Double, [a, b, c, d, e, f, g, h]) => {
                let number = f64::from_ne_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
                Ok(SteelVal::NumV(number))
            }
            (_, bytes) => {
                let little = native(bytes);
                let unsigned = little
                    .iter()
                    .rev()
                    .fold(0_i128, |number, byte| number << 8 | i128::from(*byte));
                let is_negative = matches!(self, Element::Signed(_))
                    && little.last().is_some_and(|byte| byte & 0x80 != 0);
                let number = if is_negative {
                    unsigned - (1 << (8 * bytes.len()))
                } else {
                    unsigned
                };
                match isize::try_from(number) {
                    Ok(number) => Ok(SteelVal::IntV(number)),
                    Err(_) => number.unsigned_abs().into_steelval(),
                }
            }
        }
    }
}

/// Turns little-endian bytes into the machine's order, and back.
fn native(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if cfg!(target_endian = "big") {
        bytes.reverse();
    }
    bytes
}

/// Returns a whole number of up to 64 bits.
fn whole(value: &SteelVal) -> Option<i128> {
    match value {
        SteelVal::IntV(number) => Some(*number as i128),
        SteelVal::CharV(char) => Some(u32::from(*char).into()),
        SteelVal::BigNum(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

fn pointer(form: &str, value: &SteelVal) -> Result<std::sync::Arc<Pointer>, SteelErr> {
    as_opaque::<Pointer>(value).ok_or_else(|| wrong_type(form, "PTR must be a pointer", value))
}

fn from_elements(form: &str, items: &[SteelVal], type_: Option<&SteelVal>) -> Outcome {
    let element = Element::named(form, type_)?;
    let mut bytes = Vec::with_capacity(items.len() * element.size());
    for item in items {
        element.store(form, item, &mut bytes)?;
    }
    let size = bytes.len();
    Ok(Pointer::over(byte_vector(bytes), size))
}

pub(crate) fn make_pointer(args: &[SteelVal]) -> Outcome {
    const FORM: &str = "make-pointer";
    let (mut memory, mut size) = (None, None);
    for pair in args.chunks(2) {
        match (word(&pair[0]), pair.get(1)) {
            (Some("memory"), Some(value @ SteelVal::ByteVector(_))) => memory = Some(value.clone()),
            (Some("memory"), Some(value)) => {
                return Err(wrong_type(FORM, "#:memory must be a byte vector", value));
            }
            (Some("size"), Some(SteelVal::IntV(number))) if *number >= 0 => {
                size = Some(number.unsigned_abs());
            }
            (Some("size"), Some(value)) => {
                return Err(wrong_type(FORM, "#:size must be a number of bytes", value));
            }
            _ => {
                return Err(wrong_count(
                    FORM,
                    "(make-pointer #:memory BYTES #:size N)",
                    args.len(),
                ));
            }
        }
    }
    let memory = memory.unwrap_or_else(|| byte_vector(vec![0; size.unwrap_or(0).min(1 << 30)]));
    let SteelVal::ByteVector(bytes) = &memory else {
        return Ok(memory);
    };
    let len = bytes_of(bytes).len();
    let size = size.unwrap_or(len);
    if size > len {
        return Err(misuse(format!(
            "{FORM}: #:size is {size}, but the memory has {len} bytes"
        )));
    }
    Ok(Pointer::over(memory, size))
}

pub(crate) fn is_pointer(args: &[SteelVal]) -> Outcome {
    match args {
        [value] => Ok(SteelVal::BoolV(as_opaque::<Pointer>(value).is_some())),
        _ => Err(wrong_count("pointer?", "(pointer? VALUE)", args.len())),
    }
}

pub(crate) fn pointer_memory(args: &[SteelVal]) -> Outcome {
    match args {
        [value] => pointer("pointer-memory", value)?.memory("pointer-memory"),
        _ => Err(wrong_count(
            "pointer-memory",
            "(pointer-memory PTR)",
            args.len(),
        )),
    }
}

pub(crate) fn pointer_size(args: &[SteelVal]) -> Outcome {
    const FORM: &str = "pointer-size";
    let [value] = args else {
        return Err(wrong_count(FORM, "(pointer-size PTR)", args.len()));
    };
    let pointer = pointer(FORM, value)?;
    pointer.memory(FORM)?;
    pointer.size.into_steelval()
}

pub(crate) fn pointer_from(args: &[SteelVal]) -> Outcome {
    const FORM: &str = "pointer-from";
    let (value, type_) = value_and_type(FORM, "(pointer-from VALUE [TYPE])", args)?;
    from_elements(FORM, std::slice::from_ref(value), type_)
}

/// Takes apart the arguments of a form with a value and, if it is given, an element type.
fn value_and_type<'a>(
    form: &str,
    usage: &str,
    args: &'a [SteelVal],
) -> Result<(&'a SteelVal, Option<&'a SteelVal>), SteelErr> {
    match args {
        [value] => Ok((value, None)),
        [value, type_] => Ok((value, Some(type_))),
        _ => Err(wrong_count(form, usage, args.len())),
    }
}

pub(crate) fn pointer_from_seq(args: &[SteelVal]) -> Outcome {
    const FORM: &str = "pointer-from-seq";
    let (value, type_) = value_and_type(FORM, "(pointer-from-seq SEQUENCE [TYPE])", args)?;
    let items = elements(value)
        .ok_or_else(|| wrong_type(FORM, "SEQUENCE must be a list or a vector", value))?;
    from_elements(FORM, &items, type_)
}

pub(crate) fn pointer_from_string(args: &[SteelVal]) -> Outcome {
    const FORM: &str = "pointer-from-string";
    let [value] = args else {
        return Err(wrong_count(
            FORM,
            "(pointer-from-string STRING)",
            args.len(),
        ));
    };
    let bytes = text(FORM, "STRING", value)?.as_bytes().to_vec();
    let size = bytes.len();
    Ok(Pointer::over(byte_vector(bytes), size))
}

pub(crate) fn pointer_to_array(args: &[SteelVal]) -> Outcome {
    const FORM: &str = "pointer-to-array";
    let (value, type_) = value_and_type(FORM, "(pointer-to-array PTR [TYPE])", args)?;
    let element = Element::named(FORM, type_)?;
    // A byte vector is let through: it is what a callback gets for a binary message.
    let bytes = match value {
        SteelVal::ByteVector(bytes) => bytes_of(bytes),
        other => pointer(FORM, other)?.bytes(FORM)?,
    };
    let items: Result<steel::Vector<SteelVal>, SteelErr> = bytes
        .chunks_exact(element.size())
        .map(|chunk| element.load(chunk))
        .collect();
    Ok(SteelVal::VectorV(steel::gc::Gc::new(items?).into()))
}

pub(crate) fn pointer_free(args: &[SteelVal]) -> Outcome {
    const FORM: &str = "pointer-free";
    let [value] = args else {
        return Err(wrong_count(FORM, "(pointer-free PTR)", args.len()));
    };
    let pointer = pointer(FORM, value)?;
    pointer.memory(FORM)?;
    *pointer
        .memory
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = None;
    Ok(SteelVal::BoolV(false))
}

/// Makes a pointer as `with-pointer` does: by the kind of value that is named, or by the value.
pub(crate) fn pointer_of_kind(args: &[SteelVal]) -> Outcome {
    const FORM: &str = "with-pointer";
    let (value, kind, type_) = match args {
        [value, kind] => (value, kind, None),
        [value, kind, type_] => (value, kind, Some(type_)),
        _ => {
            return Err(wrong_count(
                FORM,
                "(with-pointer (NAME [KIND [TYPE]]) VALUE BODY ...)",
                args.len(),
            ));
        }
    };
    let kind = match word(kind) {
        Some("infer") => match value {
            SteelVal::StringV(_) => "string",
            value if elements(value).is_some() => "sequence",
            _ => "single",
        },
        Some(kind @ ("string" | "sequence" | "single")) => kind,
        _ => {
            return Err(wrong_type(
                FORM,
                "KIND must be :string, :sequence, :single or :infer",
                kind,
            ));
        }
    };
    let mut rest = vec![value.clone()];
    if kind != "string" {
        rest.extend(type_.cloned());
    }
    match kind {
        "string" => pointer_from_string(&rest),
        "sequence" => pointer_from_seq(&rest),
        _ => pointer_from(&rest),
    }
}

/// Frees a pointer that may have been freed already.
pub(crate) fn release_pointer(args: &[SteelVal]) -> Outcome {
    if let [value] = args
        && let Some(pointer) = as_opaque::<Pointer>(value)
    {
        *pointer
            .memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }
    Ok(SteelVal::Void)
}
