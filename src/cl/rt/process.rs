//! Other programs: `sb-ext:run-program`, which waits for the end of what it runs.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use steel::SteelVal;

use super::stream::{Kind, Stream, with_input, write};
use super::table::{Prims, p};
use crate::cl::value::*;

fn process(code: i32, output: V) -> V {
    let class = Arc::new(Class {
        name: "SB-EXT:PROCESS".into(),
        slots: vec!["EXIT-CODE".into(), "OUTPUT".into()],
        kind: ClassKind::Standard,
        order: vec!["SB-EXT:PROCESS".into(), "T".into()],
        report: None,
    });
    let slots = vec![SteelVal::IntV(code as isize), output];
    obj(Obj::Instance { class, slots })
}

// (%run-program program arguments search input output): the standard output goes to a stream,
// to ours for T, to one that is made for :STREAM, else nowhere.
fn run(a: &[V]) -> R {
    let program = designated(&a[0])?;
    let mut command = Command::new(&program);
    for argument in items(&a[1])? {
        command.arg(designated(&argument)?);
    }
    if is_nil(&a[2]) && !program.contains('/') {
        return Err(simple_error(&format!("no such program: {program:?}")));
    }
    let is_stream = |v: &V| super::stream::is_stream(v);
    let wants_text = is_stream(&a[4]) || symbol_name(&a[4]).as_deref() == Some(":STREAM");
    let input = if is_stream(&a[3]) {
        let mut text = String::new();
        with_input(&a[3], |s| text.extend(std::iter::from_fn(|| s.next())))?;
        Some(text)
    } else {
        None
    };
    command.stdin(match (&input, &a[3]) {
        (Some(_), _) => Stdio::piped(),
        (None, SteelVal::BoolV(true)) => Stdio::inherit(),
        _ => Stdio::null(),
    });
    command.stderr(Stdio::null());
    command.stdout(match &a[4] {
        _ if wants_text => Stdio::piped(),
        SteelVal::BoolV(true) => Stdio::inherit(),
        _ => Stdio::null(),
    });
    let failed = |e: std::io::Error| simple_error(&format!("Couldn't execute {program:?}: {e}"));
    let mut child = crate::stdout::without_shield(|| command.spawn()).map_err(failed)?;
    // Fed from a thread: the program may write before it has read everything.
    let feeder = child.stdin.take().zip(input).map(|(mut pipe, text)| {
        std::thread::spawn(move || {
            // A program that does not read its input is no error.
            let _ = pipe.write_all(text.as_bytes());
        })
    });
    let done = child.wait_with_output().map_err(failed)?;
    if let Some(feeder) = feeder {
        let _ = feeder.join();
    }
    let text = String::from_utf8_lossy(&done.stdout);
    let mut output = NIL;
    if is_stream(&a[4]) {
        write(&a[4], &text)?;
    } else if wants_text {
        let mut s = Stream::new(Kind::StringIn);
        s.buffer = text.into_owned();
        output = obj(Obj::Stream(Box::new(s)));
    }
    Ok(process(done.status.code().unwrap_or(-1), output))
}

pub(super) fn register(t: &mut Prims) {
    p!(t, "%RUN-PROGRAM", 5, 5, run);
    p!(t, "PROCESS-EXIT-CODE", 1, 1, |a| super::condition::slot(
        &a[0],
        "EXIT-CODE"
    ));
    p!(t, "PROCESS-OUTPUT", 1, 1, |a| super::condition::slot(
        &a[0], "OUTPUT"
    ));
    p!(t, "DISABLE-DEBUGGER", 0, 0, |_| Ok(T));
    p!(t, "MAKE-RANDOM-STATE", 0, 1, |_| {
        // The generator is the machine's: a state only has to be there.
        let class = Arc::new(Class {
            name: "RANDOM-STATE".into(),
            kind: ClassKind::Standard,
            order: vec!["RANDOM-STATE".into(), "T".into()],
            ..Class::default()
        });
        Ok(obj(Obj::Instance {
            class,
            slots: Vec::new(),
        }))
    });
    p!(t, "RANDOM-STATE-P", 1, 1, |a| bool_v(
        with(
            &a[0],
            |o| matches!(o, Obj::Instance { class, .. } if class.is_a("RANDOM-STATE"))
        ) == Some(true)
    ));
}
