//! The one table of primitives: Lisp name, arity, function. The translator looks names up here,
//! the engine gets its globals from here, and the support table lists them from here.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::cl::value::{R, V};

/// A primitive as Steel calls it.
pub(crate) type Prim = fn(&[V]) -> R;

/// What the translator must know of a primitive.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) function: Prim,
    pub(crate) min: usize,
    /// 99 means any number.
    pub(crate) max: usize,
    /// The variant that gives a Steel list of all values.
    pub(crate) all_values: Option<Prim>,
    /// A stream variable that is passed first: `*STANDARD-OUTPUT*` or `*STANDARD-INPUT*`.
    pub(crate) stream: Option<&'static str>,
}

/// The table while it is being filled.
pub(crate) type Prims = HashMap<&'static str, Entry>;

/// Adds a primitive; the arity is checked before the function sees its arguments.
macro_rules! p {
    ($t:ident, $name:expr, $min:expr, $max:expr, $f:expr) => {
        p!(@ $t, $name, $min, $max, $f, None, 0)
    };
    ($t:ident, $name:expr, $min:expr, $max:expr, $f:expr, out) => {
        p!(@ $t, $name, $min, $max, $f, Some("*STANDARD-OUTPUT*"), 1)
    };
    ($t:ident, $name:expr, $min:expr, $max:expr, $f:expr, inp) => {
        p!(@ $t, $name, $min, $max, |a| {
            let f: fn(&[$crate::cl::value::V]) -> $crate::cl::value::R = $f;
            $crate::cl::rt::stream::unless_blocked(f(a), steel::SteelVal::Void)
        }, Some("*STANDARD-INPUT*"), 1)
    };
    ($t:ident, $name:expr, $min:expr, $max:expr, $f:expr, multi) => {
        p!(@@ $t, $name, $min, $max, $f, None, 0)
    };
    ($t:ident, $name:expr, $min:expr, $max:expr, $f:expr, multi_in) => {
        p!(@@ $t, $name, $min, $max, |a| {
            let f: fn(&[$crate::cl::value::V]) -> Result<($crate::cl::value::V, $crate::cl::value::V), steel::rerrs::SteelErr> = $f;
            let blocked = (steel::SteelVal::Void, steel::SteelVal::Void);
            $crate::cl::rt::stream::unless_blocked(f(a), blocked)
        }, Some("*STANDARD-INPUT*"), 1)
    };
    (@ $t:ident, $name:expr, $min:expr, $max:expr, $f:expr, $s:expr, $h:expr) => {{
        fn prim(a: &[$crate::cl::value::V]) -> $crate::cl::value::R {
            if a.len() < $min + $h || ($max < 99 && a.len() > $max + $h) {
                return Err($crate::cl::value::arity_error(a.len() - a.len().min($h)));
            }
            let f: fn(&[$crate::cl::value::V]) -> $crate::cl::value::R = $f;
            f(a)
        }
        $t.insert($name, $crate::cl::rt::table::Entry {
            function: prim, min: $min, max: $max, all_values: None, stream: $s,
        });
    }};
    (@@ $t:ident, $name:expr, $min:expr, $max:expr, $f:expr, $s:expr, $h:expr) => {{
        type Pair = Result<($crate::cl::value::V, $crate::cl::value::V), steel::rerrs::SteelErr>;
        fn both(a: &[$crate::cl::value::V]) -> Pair {
            if a.len() < $min + $h || ($max < 99 && a.len() > $max + $h) {
                return Err($crate::cl::value::arity_error(a.len() - a.len().min($h)));
            }
            let f: fn(&[$crate::cl::value::V]) -> Pair = $f;
            f(a)
        }
        fn first(a: &[$crate::cl::value::V]) -> $crate::cl::value::R {
            both(a).map(|r| r.0)
        }
        fn all(a: &[$crate::cl::value::V]) -> $crate::cl::value::R {
            let (x, y) = both(a)?;
            Ok(steel::SteelVal::ListV(vec![x, y].into()))
        }
        $t.insert($name, $crate::cl::rt::table::Entry {
            function: first, min: $min, max: $max, all_values: Some(all), stream: $s,
        });
    }};
}
pub(crate) use p;

/// All primitives.
pub(crate) static PRIMS: LazyLock<Prims> = LazyLock::new(|| {
    let mut t = Prims::new();
    super::register(&mut t);
    t
});
