//! Messages, byte vectors and opaque values on their way between Rust and Steel.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use steel::gc::ShareableMut;
use steel::rvals::{Custom, CustomType, SteelByteVector};
use steel::{SteelErr, SteelVal};

use super::outcome::{Outcome, misuse, wrong_type};
use super::pointer::Pointer;
use crate::sipc::{Message, Outgoing};
use crate::wire::Kind;

/// A Rust value that scripts hold and hand back, and that prints what it is and on what.
pub(crate) trait Opaque: Send + Sync + 'static {
    /// Returns what is printed, such as `#<sipc:listener a.socket>`.
    fn describe(&self) -> String;
}

/// The Steel type around an [`Opaque`] value. Shared, so that Rust can keep it too.
pub(crate) struct Boxed<T: Opaque>(pub(crate) Arc<T>);

impl<T: Opaque> Custom for Boxed<T> {
    fn fmt(&self) -> Option<Result<String, std::fmt::Error>> {
        Some(Ok(self.0.describe()))
    }

    fn equality_hint(&self, other: &dyn CustomType) -> bool {
        other
            .as_any_ref()
            .downcast_ref::<Self>()
            .is_some_and(|other| Arc::ptr_eq(&self.0, &other.0))
    }
}

/// Hands a value to Steel.
pub(crate) fn opaque<T: Opaque>(value: T) -> SteelVal {
    opaque_shared(Arc::new(value))
}

/// Hands a shared value to Steel.
pub(crate) fn opaque_shared<T: Opaque>(value: Arc<T>) -> SteelVal {
    use steel::rvals::IntoSteelVal;
    // The conversion of a custom type into a Steel value has no way to fail.
    Boxed(value).into_steelval().unwrap_or(SteelVal::Void)
}

/// Gets a value back that was handed to Steel.
pub(crate) fn as_opaque<T: Opaque>(value: &SteelVal) -> Option<Arc<T>> {
    let SteelVal::Custom(custom) = value else {
        return None;
    };
    let guard = custom.read();
    guard
        .as_any_ref()
        .downcast_ref::<Boxed<T>>()
        .map(|boxed| boxed.0.clone())
}

/// Returns the error behind a condition that a handler was given.
pub(crate) fn steel_error(value: &SteelVal) -> Option<SteelErr> {
    let SteelVal::Custom(custom) = value else {
        return None;
    };
    custom
        .read()
        .as_any_ref()
        .downcast_ref::<SteelErr>()
        .cloned()
}

/// Lends what is hashed. A byte vector's content is private to Steel, but it can be hashed, and
/// hashing passes the length and then the bytes to the hasher: no copy, in safe code.
struct Lender<F, T> {
    use_it: Option<F>,
    result: Option<T>,
    length: usize,
    /// What came in pieces, should Steel hash so one day.
    collected: Vec<u8>,
}

impl<F: FnOnce(&[u8]) -> T, T> Hasher for Lender<F, T> {
    fn write(&mut self, bytes: &[u8]) {
        if bytes.len() == self.length
            && self.collected.is_empty()
            && let Some(use_it) = self.use_it.take()
        {
            self.result = Some(use_it(bytes));
        } else {
            self.collected.extend_from_slice(bytes);
        }
    }

    /// A slice hashes its length first, with this.
    fn write_usize(&mut self, length: usize) {
        self.length = length;
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Passes the bytes of a byte vector to `use_it`. The vector is locked for reading meanwhile.
pub(crate) fn with_bytes<F: FnOnce(&[u8]) -> T, T>(bytes: &SteelByteVector, use_it: F) -> T {
    let mut lender = Lender {
        use_it: Some(use_it),
        result: None,
        length: 0,
        collected: Vec::new(),
    };
    bytes.hash(&mut lender);
    match (lender.result, lender.use_it) {
        (Some(result), _) => result,
        (None, Some(use_it)) => use_it(&lender.collected),
        (None, None) => unreachable!("what takes the function leaves the result"),
    }
}

/// Copies the bytes out of a byte vector.
pub(crate) fn bytes_of(bytes: &SteelByteVector) -> Vec<u8> {
    with_bytes(bytes, <[u8]>::to_vec)
}

/// Makes a byte vector.
pub(crate) fn byte_vector(bytes: Vec<u8>) -> SteelVal {
    SteelVal::ByteVector(SteelByteVector::new(bytes))
}

/// Returns the value a callback gets for a message.
pub(crate) fn from_message(message: Message) -> SteelVal {
    match message {
        Message::String(text) => SteelVal::StringV(text.into()),
        Message::Binary(bytes) => byte_vector(bytes),
        Message::Close => SteelVal::BoolV(false),
    }
}

/// Returns the word behind a symbol or keyword: `string` for `'string`, `:string`, `#:string`.
pub(crate) fn word(value: &SteelVal) -> Option<&str> {
    let SteelVal::SymbolV(name) = value else {
        return None;
    };
    let name = name.as_str();
    Some(
        name.strip_prefix("#:")
            .or_else(|| name.strip_prefix(':'))
            .unwrap_or(name),
    )
}

/// Returns the message kind a symbol names.
pub(crate) fn kind(value: &SteelVal) -> Option<Kind> {
    match word(value)? {
        "string" => Some(Kind::String),
        "binary" => Some(Kind::Binary),
        "close" => Some(Kind::Close),
        _ => None,
    }
}

/// Passes a value as a message of the given kind, or of the kind it suggests, to `use_it`.
pub(crate) fn with_payload<T>(
    form: &str,
    value: &SteelVal,
    type_: Option<&SteelVal>,
    use_it: impl FnOnce(Outgoing<'_>) -> Result<T, SteelErr>,
) -> Result<T, SteelErr> {
    let kind = match type_ {
        Some(type_) => kind(type_)
            .ok_or_else(|| wrong_type(form, "TYPE must be 'string, 'binary or 'close", type_))?,
        None => match value {
            SteelVal::StringV(_) => Kind::String,
            SteelVal::ByteVector(_) => Kind::Binary,
            SteelVal::Custom(_) if as_opaque::<Pointer>(value).is_some() => Kind::Binary,
            other => {
                let what = "VALUE must be a string, a byte vector or a pointer unless TYPE says \
                            what it is";
                return Err(wrong_type(form, what, other));
            }
        },
    };
    match (kind, value) {
        (Kind::Close, _) => use_it(Outgoing { kind, payload: &[] }),
        (_, SteelVal::StringV(text)) => use_it(Outgoing {
            kind,
            payload: text.as_bytes(),
        }),
        (Kind::String, other) => Err(wrong_type(form, "VALUE must be a string", other)),
        (Kind::Binary, SteelVal::ByteVector(bytes)) => {
            with_bytes(bytes, |payload| use_it(Outgoing { kind, payload }))
        }
        (Kind::Binary, value) => {
            let bytes = to_bytes(form, value)?;
            use_it(Outgoing {
                kind,
                payload: &bytes,
            })
        }
    }
}

/// Copies the bytes out of a byte vector, a pointer, or a list or vector of bytes.
fn to_bytes(form: &str, value: &SteelVal) -> Result<Vec<u8>, SteelErr> {
    match value {
        SteelVal::ByteVector(bytes) => Ok(bytes_of(bytes)),
        SteelVal::Custom(_) => match as_opaque::<Pointer>(value) {
            Some(pointer) => pointer.bytes(form),
            None => Err(not_bytes(form, value)),
        },
        sequence => elements(sequence)
            .ok_or_else(|| not_bytes(form, sequence))?
            .iter()
            .map(|item| match item {
                SteelVal::IntV(number) => u8::try_from(*number).ok(),
                _ => None,
            })
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(|| wrong_type(form, "bytes are whole numbers from 0 to 255", sequence)),
    }
}

fn not_bytes(form: &str, value: &SteelVal) -> SteelErr {
    let what = "VALUE must be a byte vector, a pointer, a string, or a list or vector of bytes";
    wrong_type(form, what, value)
}

/// Returns the elements of a list or vector.
pub(crate) fn elements(value: &SteelVal) -> Option<Vec<SteelVal>> {
    match value {
        SteelVal::ListV(list) => Some(list.iter().cloned().collect()),
        SteelVal::VectorV(vector) => Some(vector.iter().cloned().collect()),
        SteelVal::MutableVector(vector) => Some(vector.get()),
        SteelVal::ByteVector(bytes) => Some(
            bytes_of(bytes)
                .into_iter()
                .map(|byte| SteelVal::IntV(byte.into()))
                .collect(),
        ),
        _ => None,
    }
}

/// Returns the text of a string argument.
pub(crate) fn text<'a>(form: &str, name: &str, value: &'a SteelVal) -> Result<&'a str, SteelErr> {
    match value {
        SteelVal::StringV(text) => Ok(text.as_str()),
        other => Err(wrong_type(form, &format!("{name} must be a string"), other)),
    }
}

/// Returns a number of seconds as a duration. False and 0 are no limit.
pub(crate) fn seconds(
    form: &str,
    name: &str,
    value: &SteelVal,
) -> Result<Option<std::time::Duration>, SteelErr> {
    let number = match value {
        SteelVal::BoolV(false) => return Ok(None),
        SteelVal::IntV(number) => *number as f64,
        SteelVal::NumV(number) => *number,
        SteelVal::Rational(ratio) => f64::from(*ratio.numer()) / f64::from(*ratio.denom()),
        other => {
            let what = format!("{name} must be a number of seconds or #false");
            return Err(wrong_type(form, &what, other));
        }
    };
    if !number.is_finite() || number < 0.0 {
        return Err(misuse(format!(
            "{form}: {name} must be a number of seconds that is not negative, got {number}"
        )));
    }
    // What is too long for a duration is no limit in practice.
    Ok(std::time::Duration::try_from_secs_f64(number)
        .ok()
        .filter(|time| !time.is_zero()))
}

/// Returns a count that fits the machine.
pub(crate) fn count(form: &str, name: &str, value: &SteelVal) -> Result<usize, SteelErr> {
    match value {
        SteelVal::IntV(number) if *number > 0 => Ok(number.unsigned_abs()),
        other => Err(wrong_type(
            form,
            &format!("{name} must be a whole number above 0"),
            other,
        )),
    }
}

/// Checks that a value may be called.
pub(crate) fn procedure(form: &str, name: &str, value: &SteelVal) -> Result<(), SteelErr> {
    match value {
        SteelVal::Closure(_)
        | SteelVal::FuncV(_)
        | SteelVal::BoxedFunction(_)
        | SteelVal::ContinuationFunction(_)
        | SteelVal::MutFunc(_)
        | SteelVal::BuiltIn(_)
        | SteelVal::CustomStruct(_) => Ok(()),
        other => Err(wrong_type(
            form,
            &format!("{name} must be a function"),
            other,
        )),
    }
}

/// Returns true as Steel has it, for forms that return it on success.
pub(crate) fn yes() -> Outcome {
    Ok(SteelVal::BoolV(true))
}

/// Returns false as Steel has it.
pub(crate) fn no() -> Outcome {
    Ok(SteelVal::BoolV(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_a_byte_vector_unchanged_and_in_order() {
        for len in [0, 1, 7, 8, 9, 255, 4096, 1 << 20] {
            let bytes: Vec<u8> = (0..len).map(|i| (i * 7 % 251) as u8).collect();
            assert_eq!(bytes_of(&SteelByteVector::new(bytes.clone())), bytes);
        }
    }
}
