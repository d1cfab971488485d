//! What Scheme sees of [`crate::sipc`]: the one table of names.
//!
//! Rust offers steps that cannot call back; the forms that do (`hook`, `serve`, `send`, ...)
//! are put together from them in `lisp/sipc/`. Names that begin with `#%` are such steps and
//! named in no user's file.

pub(crate) mod control;
pub(crate) mod endpoints;
mod exits;
mod input;
mod options;
pub(crate) mod outcome;
mod pointer;
mod primitives;
pub(crate) mod value;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use steel::rvals::IntoSteelVal;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use endpoints::{Shared, lock};
use outcome::{Outcome, Symbols};

/// Symbols that the original writes as keywords: `:close` evaluates to `close`.
const KEYWORDS: &[&str] = &[
    "string",
    "binary",
    "close",
    "connect",
    "accept",
    "read",
    "closed",
    "message",
    "checksum",
    "warning",
    "exception",
    "response-disabled",
    "response-invalid",
    "response-multi",
    "partial",
    "error",
    "unknown",
    "unknown-type",
    "read-timeout",
    "mode",
    "backlog",
    "replace",
    "wire",
    "max-message-size",
    "max-peers",
    "idle-timeout",
    "reply-timeout",
    "reply-queue",
    "max-memory",
    "allow",
    "memory",
    "size",
    "sequence",
    "single",
    "infer",
    "char",
    "unsigned-char",
    "uchar",
    "short",
    "unsigned-short",
    "ushort",
    "int",
    "unsigned-int",
    "uint",
    "long",
    "unsigned-long",
    "ulong",
    "long-long",
    "llong",
    "unsigned-long-long",
    "ullong",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float",
    "double",
];

/// Other symbols that scripts get: the kinds of errors, and what else Rust makes.
const SYMBOLS: &[&str] = &[
    "address",
    "not-found",
    "not-a-socket",
    "in-use",
    "no-server",
    "permission",
    "refused",
    "timed-out",
    "unsigned",
    "too-large",
    "interrupted",
    "released",
    "stopped",
    "script",
    "protocol",
    "io",
    "pid",
    "uid",
    "gid",
    "leave",
];

fn define(
    engine: &mut Engine,
    name: &str,
    function: impl Fn(&[SteelVal]) -> Outcome + Send + Sync + 'static,
) {
    engine.register_value(name, SteelVal::anonymous_boxed_function(Arc::new(function)));
}

/// Gives an engine the primitives and the constants. `at_prompt` ends the wait for a line.
pub(crate) fn register(
    engine: &mut Engine,
    shared: &Shared,
    at_prompt: &Arc<AtomicBool>,
) -> Result<(), SteelErr> {
    let names: Vec<_> = KEYWORDS.iter().chain(SYMBOLS).copied().collect();
    let symbols = Symbols::make(engine, &names)?;
    for name in KEYWORDS {
        engine.register_value(&format!(":{name}"), symbols.get(name));
    }
    lock(shared).symbols = symbols;
    engine.register_value("nil", SteelVal::BoolV(false));
    engine.register_value("t", SteelVal::BoolV(true));

    type Step = fn(&Shared, &[SteelVal]) -> Outcome;
    let steps: &[(&str, Step)] = &[
        ("#%bind", primitives::bind),
        ("#%timeout", primitives::timeout),
        ("#%release", primitives::release),
        ("#%respond", primitives::respond),
        ("#%respond-text", primitives::respond_text),
        ("#%defer", primitives::defer),
        ("#%current-message", primitives::current_message),
        ("#%last-error", primitives::last_error),
        ("#%stop", primitives::stop),
        ("#%next-event", primitives::next_event),
        ("#%target-result", primitives::target_result),
        ("#%callback-failed", primitives::callback_failed),
        ("#%end-wait", primitives::end_wait),
        ("#%after-fault", primitives::after_fault),
        ("#%end-by-message", primitives::end_by_message),
        ("#%renew-callback", primitives::renew_callback),
        ("#%leave", primitives::leave),
        ("#%message-type", primitives::message_type),
        ("#%message-peer", primitives::message_peer),
        ("#%sipc-error-kind", primitives::error_kind),
        ("#%end-script", primitives::end_script),
        ("#%watch-exit-parts", exits::watch),
        ("#%unwatch-exit-parts", exits::unwatch),
    ];
    for (name, step) in steps {
        let (shared, step) = (shared.clone(), *step);
        define(engine, name, move |args| step(&shared, args));
    }

    // What is wrong with a call of these is a value, which `checked` in lisp/sipc/serve.scm
    // raises at the place of the call.
    let checked: &[(&str, Step)] = &[
        ("#%exit", primitives::exit),
        ("#%send", primitives::send),
        ("#%quick", primitives::quick),
        ("#%connect", primitives::connect),
        ("#%serve", primitives::serve),
        ("#%server-target", primitives::server_target),
        ("#%sleep-target", primitives::sleep_target),
    ];
    for (name, step) in checked {
        let (shared, step) = (shared.clone(), *step);
        define(engine, name, move |args| {
            step(&shared, args).or_else(IntoSteelVal::into_steelval)
        });
    }

    type Value = fn(&Shared) -> Outcome;
    let values: &[(&str, Value)] = &[
        ("#%event", primitives::event),
        ("#%event-run", primitives::event_run),
        ("#%event-value", primitives::event_value),
        ("#%event-listener", primitives::event_listener),
    ];
    for (name, value) in values {
        let (shared, value) = (shared.clone(), *value);
        define(engine, name, move |_| value(&shared));
    }
    define_event_type(engine, shared);
    let (flag, endpoints) = (at_prompt.clone(), shared.clone());
    define(engine, "#%prompt-target", move |_| {
        primitives::flag_target(&endpoints, &flag)
    });

    type Pure = fn(&[SteelVal]) -> Outcome;
    let pure: &[(&str, Pure)] = &[
        ("#%message-value", primitives::message_value),
        ("#%sipc-error-message", primitives::error_message),
        ("#%server-number", primitives::server_number),
        ("#%target?", primitives::is_target),
        ("#%make-pointer", pointer::make_pointer),
        ("#%pointer?", pointer::is_pointer),
        ("#%pointer-memory", pointer::pointer_memory),
        ("#%pointer-size", pointer::pointer_size),
        ("#%pointer-from", pointer::pointer_from),
        ("#%pointer-from-seq", pointer::pointer_from_seq),
        ("#%pointer-from-string", pointer::pointer_from_string),
        ("#%pointer-to-array", pointer::pointer_to_array),
        ("#%pointer-free", pointer::pointer_free),
        ("#%pointer-of-kind", pointer::pointer_of_kind),
        ("#%release-pointer", pointer::release_pointer),
    ];
    for (name, function) in pure {
        define(engine, name, *function);
    }
    input::register(engine, shared)
}

/// The type of the message a callback is called for. Its three symbols are looked up once.
fn define_event_type(engine: &mut Engine, shared: &Shared) {
    use crate::wire::Kind;
    let [string, binary, close] =
        [Kind::String, Kind::Binary, Kind::Close].map(|kind| lock(shared).symbols.get(kind.name()));
    let shared = shared.clone();
    define(engine, "#%event-type", move |_| {
        Ok(match lock(&shared).event_type() {
            Some(Kind::String) => string.clone(),
            Some(Kind::Binary) => binary.clone(),
            Some(Kind::Close) => close.clone(),
            None => SteelVal::BoolV(false),
        })
    });
}

/// Gives an engine the step behind `help`: prints what is known of a name, or returns false.
pub(crate) fn register_help(engine: &mut Engine, documentation: fn(&str) -> Option<String>) {
    define(engine, "#%documentation", move |args| {
        let text = match args {
            [SteelVal::SymbolV(name)] => documentation(name.as_str()),
            _ => None,
        };
        Ok(text.map_or(SteelVal::BoolV(false), |text| {
            SteelVal::StringV(text.into())
        }))
    });
}
