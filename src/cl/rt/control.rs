//! What the translated code needs besides values: the table of named functions, arguments by
//! keyword, time and environment.

use steel::SteelVal;
use steel::rerrs::SteelErr;

use super::hash::{Table, Test};
use super::table::{PRIMS, Prims, p};
use crate::cl::form::Pos;
use crate::cl::value::*;

// (%keys rest-list key...): a Steel list with the value of each keyword, or the missing mark.
fn keys(a: &[V]) -> R {
    let given = items(&a[0])?;
    if given.len() % 2 == 1 {
        return Err(super::condition::raise(
            "PROGRAM-ERROR",
            "odd number of &KEY arguments".into(),
            vec![],
        ));
    }
    let allow = given
        .chunks(2)
        .any(|p| symbol_name(&p[0]).as_deref() == Some(":ALLOW-OTHER-KEYS") && !is_nil(&p[1]));
    let any = a.get(1).is_some_and(|v| matches!(v, SteelVal::BoolV(true)));
    let wanted = &a[2..];
    if !allow && !any {
        for pair in given.chunks(2) {
            let known = symbol_name(&pair[0]).as_deref() == Some(":ALLOW-OTHER-KEYS");
            if !known && !wanted.iter().any(|w| eql(w, &pair[0])) {
                let p = crate::cl::printer::prin1;
                let m = format!("Unknown &KEY argument: {}", p(&pair[0]));
                return Err(super::condition::raise("PROGRAM-ERROR", m, vec![]));
            }
        }
    }
    let missing = obj(Obj::Unbound);
    let out: Vec<V> = wanted
        .iter()
        .map(|w| {
            let found = given.chunks(2).find(|p| eql(&p[0], w));
            found.map_or(missing.clone(), |p| p[1].clone())
        })
        .collect();
    Ok(SteelVal::ListV(out.into()))
}

fn named_function(table: &V, v: &V) -> R {
    if super::types::is_function(v) {
        return Ok(v.clone());
    }
    let Some(name) = symbol_name(v) else {
        return Err(type_error(v, "(OR FUNCTION SYMBOL)"));
    };
    let user = with(table, |o| {
        if let Obj::Table(t) = o {
            t.get(v)
        } else {
            None
        }
    })
    .flatten();
    if let Some(f) = user {
        return Ok(f);
    }
    match PRIMS.get(name.as_str()).filter(|e| e.stream.is_none()) {
        Some(e) => Ok(SteelVal::FuncV(e.function)),
        None => Err(super::condition::raise(
            "UNDEFINED-FUNCTION",
            format!("The function COMMON-LISP-USER::{name} is undefined."),
            vec![("NAME", v.clone())],
        )),
    }
}

thread_local! {
    /// The values of the last form besides its first; nothing when it had one.
    static MORE: std::cell::RefCell<Option<Vec<V>>> = const { std::cell::RefCell::new(None) };
}

fn set_more(more: Option<Vec<V>>) {
    MORE.with(|m| *m.borrow_mut() = more);
}

fn spread(all: &[V]) -> R {
    set_more(if all.len() == 1 {
        None
    } else {
        Some(all.get(1..).unwrap_or(&[]).to_vec())
    });
    if all.is_empty() {
        // No values at all: an empty rest tells it from one.
        return Ok(NIL);
    }
    Ok(all[0].clone())
}

/// The first value and those that came with it.
pub(crate) fn all_values(first: &V) -> Vec<V> {
    match MORE.with(|m| m.borrow_mut().take()) {
        None => vec![first.clone()],
        Some(more) if more.is_empty() => Vec::new(),
        Some(more) => std::iter::once(first.clone()).chain(more).collect(),
    }
}

fn now() -> std::time::Duration {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
}

/// Seconds between 1900, where Lisp's clock begins, and 1970.
const UNIVERSAL: u64 = 2_208_988_800;

/// Lisp's time of a time since 1970.
pub(super) fn universal(since: std::time::Duration) -> isize {
    (since.as_secs() + UNIVERSAL) as isize
}

// (%decode seconds): second minute hour date month year weekday, in UTC, as a Steel list.
fn decode(a: &[V]) -> R {
    let s = int(&a[0])? - UNIVERSAL as isize;
    let (days, rest) = (s.div_euclid(86_400), s.rem_euclid(86_400));
    // Civil date from a day number; 719468 days lie between 0000-03-01 and 1970-01-01.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + isize::from(month <= 2);
    let weekday = (days + 3).rem_euclid(7);
    let parts = [
        rest % 60,
        rest / 60 % 60,
        rest / 3600,
        day,
        month,
        year,
        weekday,
    ];
    let mut out: Vec<V> = parts.into_iter().map(SteelVal::IntV).collect();
    out.push(NIL);
    out.push(SteelVal::IntV(0));
    Ok(SteelVal::ListV(out.into()))
}

fn getenv(a: &[V]) -> Result<V, SteelErr> {
    let name = crate::cl::printer::must_text(&a[0])?;
    Ok(std::env::var(name).map_or(NIL, string))
}

// (%encode second minute hour date month year zone), in UTC but for the zone.
fn encode(a: &[V]) -> R {
    let part = |i: usize| int(&a[i]);
    let (month, mut year) = (part(4)?, part(5)?);
    if !(1..=12).contains(&month) {
        return Err(type_error(&a[4], "(MOD 13)"));
    }
    if year < 100 {
        year += 1900;
    }
    // The day number of a civil date; years begin in March.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + part(3)? - 1;
    let days = era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
    let zone = if is_nil(&a[6]) { 0 } else { int(&a[6])? };
    let seconds = days * 86_400 + (part(2)? + zone) * 3600 + part(1)? * 60 + part(0)?;
    Ok(SteelVal::IntV(seconds + UNIVERSAL as isize))
}

thread_local! {
    static RUNNING: std::cell::Cell<Option<Pos>> = const { std::cell::Cell::new(None) };
}

/// The place of the form of the top level that ran last.
pub(crate) fn running_form() -> Option<Pos> {
    RUNNING.with(std::cell::Cell::get)
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%KEYS", 2, 99, keys);
    p!(t, "%FUNCTION-TABLE", 0, 0, |_| Ok(obj(Obj::Table(
        Box::new(Table::new(Test::Eql))
    ))));
    p!(t, "%NAMED-FUNCTION", 2, 2, |a| named_function(&a[0], &a[1]));
    p!(t, "%IS-NAMED", 2, 2, |a| bool_v(
        named_function(&a[0], &a[1]).is_ok()
    ));
    p!(t, "IDENTITY", 1, 1, |a| Ok(a[0].clone()));
    p!(t, "GET-UNIVERSAL-TIME", 0, 0, |_| {
        Ok(SteelVal::IntV(universal(now())))
    });
    p!(t, "GET-INTERNAL-REAL-TIME", 0, 0, |_| Ok(SteelVal::IntV(
        now().as_micros() as isize
    )));
    p!(t, "GET-INTERNAL-RUN-TIME", 0, 0, |_| Ok(SteelVal::IntV(
        now().as_micros() as isize
    )));
    p!(t, "%DECODE", 1, 1, decode);
    p!(t, "%ENCODE", 7, 7, encode);
    p!(t, "GETENV", 1, 1, getenv);
    p!(t, "POSIX-GETENV", 1, 1, getenv);
    p!(t, "LISP-IMPLEMENTATION-TYPE", 0, 0, |_| Ok(string(
        "steel-sipc"
    )));
    p!(t, "LISP-IMPLEMENTATION-VERSION", 0, 0, |_| Ok(string(
        env!("CARGO_PKG_VERSION")
    )));
    p!(t, "MACHINE-INSTANCE", 0, 0, |_| Ok(string("localhost")));
    p!(t, "%VALUES", 0, 99, spread);
    p!(t, "%SPREAD", 1, 1, |a| spread(&items(&a[0])?));
    p!(t, "%ONE", 1, 1, |a| {
        set_more(None);
        Ok(a[0].clone())
    });
    p!(t, "%CLEAR", 1, 1, |a| {
        set_more(None);
        Ok(a[0].clone())
    });
    p!(t, "%ALL", 1, 1, |a| Ok(SteelVal::ListV(
        all_values(&a[0]).into()
    )));
    p!(t, "%NTH-OF", 2, 2, |a| {
        Ok(items(&a[0])?.get(index(&a[1])?).cloned().unwrap_or(NIL))
    });
    p!(t, "%SYMBOL", 1, 1, |a| Ok(symbol(
        &crate::cl::printer::must_text(&a[0])?
    )));
    p!(t, "%HAS-KEY", 2, 2, |a| bool_v(
        items(&a[0])?.chunks(2).any(|p| eql(&p[0], &a[1]))
    ));
    p!(t, "%TOO-FEW", 1, 1, |_| Err(super::condition::raise(
        "ARG-COUNT-ERROR",
        "too few elements in the list for the pattern".into(),
        vec![],
    )));
    p!(t, "%PROGRAM-ERROR", 1, 1, |a| Err(super::condition::raise(
        "PROGRAM-ERROR",
        crate::cl::printer::must_text(&a[0])?,
        vec![],
    )));
    p!(t, "%NO-CATCH", 1, 1, |a| Err(super::condition::raise(
        "CONTROL-ERROR",
        format!(
            "attempt to THROW to a tag that does not exist: {}",
            crate::cl::printer::prin1(&a[0])
        ),
        vec![],
    )));
    p!(t, "%TOO-LATE", 0, 0, |_| Err(super::condition::raise(
        "CONTROL-ERROR",
        "attempt to RETURN-FROM a block or GO to a tag that no longer exists".into(),
        vec![],
    )));
    // (%at line column file): the form of the top level that begins to run.
    p!(t, "%AT", 3, 3, |a| {
        let number = |v: &V| index(v).map(|n| n as u32);
        let place = Pos {
            line: number(&a[0])?,
            column: number(&a[1])?,
            file: number(&a[2])? as u16,
        };
        RUNNING.with(|r| r.set(Some(place)));
        Ok(NIL)
    });
    // (%check-type place value type description-or-nil)
    p!(t, "%CHECK-TYPE", 4, 4, |a| {
        let p = crate::cl::printer::prin1;
        let wanted = match text(&a[3]) {
            Some(description) => description,
            None => format!("of type {}", p(&a[2])),
        };
        let m = format!(
            "The value of {} is {}, which is not {wanted}.",
            crate::cl::printer::must_text(&a[0])?,
            p(&a[1]),
        );
        Err(super::condition::raise(
            "TYPE-ERROR",
            m,
            vec![("DATUM", a[1].clone()), ("EXPECTED-TYPE", a[2].clone())],
        ))
    });
    // Fails with a message of the translator's own.
    p!(t, "%FAIL", 1, 1, |a| Err(simple_error(
        &crate::cl::printer::must_text(&a[0])?
    )));
}
