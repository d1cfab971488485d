//! Functions of Steel's that use the process's standard output by themselves: a shield is down
//! for the time of each call.

use std::sync::{Arc, OnceLock};
use steel::rvals::Result as Outcome;
use steel::steel_vm::engine::Engine;
use steel::{SteelErr, SteelVal};

use crate::stdout::{Stdout, without_shield};

/// Those that print there, and the one that starts a program, which inherits it.
const DIRECT: &[&str] = &[
    "stdout-simple-displayln",
    "#%debug-syntax->exprkind",
    "spawn-process",
];

/// Those that look at the machine. Their type has no public name, and cannot be closed over.
static INSPECT: OnceLock<SteelVal> = OnceLock::new();
static BREAKPOINT: OnceLock<SteelVal> = OnceLock::new();
static DEBUG_GLOBALS: OnceLock<SteelVal> = OnceLock::new();

/// Puts a function in the place of one that looks at the machine.
macro_rules! instead {
    ($engine:ident, $name:literal, $steels:ident) => {
        if let Ok(steels @ SteelVal::BuiltIn(_)) = $engine.extract_value($name) {
            $steels.get_or_init(|| steels);
            let ours = SteelVal::BuiltIn(|vm, args| match $steels.get() {
                Some(SteelVal::BuiltIn(steels)) => without_shield(|| steels(vm, args)),
                _ => None,
            });
            $engine.register_value($name, ours);
        }
    };
}

/// Puts functions in the place of Steel's.
pub(super) fn register(engine: &mut Engine) -> Result<(), SteelErr> {
    for name in DIRECT {
        // A sandbox may lack it.
        let steels = engine.extract_value(name).ok();
        let function = move |args: &[SteelVal]| match &steels {
            Some(SteelVal::FuncV(steels)) => without_shield(|| steels(args)),
            Some(SteelVal::BoxedFunction(steels)) => without_shield(|| steels.func()(args)),
            _ => Ok(SteelVal::Void),
        };
        if engine.global_exists(name) {
            engine.register_value(name, boxed(function));
        }
    }
    instead!(engine, "inspect", INSPECT);
    instead!(engine, "breakpoint!", BREAKPOINT);
    instead!(engine, "debug-globals", DEBUG_GLOBALS);
    let port = SteelVal::new_dyn_writer_port(Stdout);
    let the_port = port.clone();
    engine.register_value("stdout", boxed(move |_| Ok(the_port.clone())));
    let SteelVal::FuncV(steels) = engine.extract_value("with-stdout")? else {
        return Ok(());
    };
    let with_stdout = move |args: &[SteelVal]| match args {
        // What a program has unless it is told otherwise.
        [builder, given] if *given == port => Ok(builder.clone()),
        _ => steels(args),
    };
    engine.register_value("with-stdout", boxed(with_stdout));
    Ok(())
}

fn boxed(function: impl Fn(&[SteelVal]) -> Outcome<SteelVal> + Send + Sync + 'static) -> SteelVal {
    SteelVal::anonymous_boxed_function(Arc::new(function))
}
