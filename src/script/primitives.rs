//! The forms of spec section 2 that call nothing back, and the steps of those that do.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError};
use std::time::Instant;
use steel::rvals::IntoSteelVal;
use steel::{SteelErr, SteelVal};

use super::endpoints::{
    Client, Endpoints, Listener, Received, Server, Shared, Target, lock, reply_value,
};
use super::options::{bind_options, connect_options};
use super::outcome::{Failure, Outcome, condition, misuse, wrong_count, wrong_type};
use super::value::{
    as_opaque, kind, no, opaque, opaque_shared, procedure, seconds, text, with_payload, yes,
};
use crate::sipc::{ConnectOptions, Connection, SendOptions};

pub(crate) fn bind(shared: &Shared, args: &[SteelVal]) -> Outcome {
    const FORM: &str = "bind";
    let [file, options @ ..] = args else {
        return Err(wrong_count(FORM, "(bind FILE OPTION ...)", args.len()));
    };
    let path = text(FORM, "FILE", file)?;
    let options = bind_options(FORM, options)?;
    let mut endpoints = lock(shared);
    match endpoints
        .events()
        .and_then(|events| events.bind(path, &options))
    {
        Ok(id) => {
            endpoints.adopt_listener(id);
            Ok(opaque(Listener {
                id,
                path: path.to_owned(),
            }))
        }
        Err(error) => Ok(endpoints.fail(error)),
    }
}

pub(crate) fn connect(shared: &Shared, args: &[SteelVal]) -> Outcome {
    const FORM: &str = "connect";
    let [file, options @ ..] = args else {
        return Err(wrong_count(FORM, "(connect FILE OPTION ...)", args.len()));
    };
    let path = text(FORM, "FILE", file)?;
    let options = connect_options(FORM, options)?;
    let mut endpoints = lock(shared);
    match open(&mut endpoints, path, options) {
        Ok(value) => Ok(value),
        Err(error) => Ok(endpoints.fail(error)),
    }
}

/// Connects. Where the queue is full and it may be this engine's own server that has to empty
/// it, returns what to wait for.
fn open(
    endpoints: &mut Endpoints,
    path: &str,
    mut options: ConnectOptions,
) -> crate::Result<SteelVal> {
    options.waker = Some(endpoints.control.waker.clone());
    let connection = if endpoints.has_events().is_some() {
        Connection::unconnected(path, &options)?
    } else {
        Connection::open(path, &options)?
    };
    let client = Arc::new(Client {
        path: path.to_owned(),
        connection: connection.into(),
    });
    endpoints.adopt_client(&client);
    let is_connected = client
        .connection
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .try_connect()?;
    if is_connected {
        return Ok(opaque_shared(client));
    }
    Ok(opaque(endpoints.wait_for_connection(client)))
}

pub(crate) fn timeout(shared: &Shared, args: &[SteelVal]) -> Outcome {
    const FORM: &str = "timeout";
    let [socket, value] = args else {
        return Err(wrong_count(FORM, "(timeout SOCKET SECONDS)", args.len()));
    };
    if matches!(value, SteelVal::BoolV(false)) {
        return Ok(socket.clone());
    }
    let time = seconds(FORM, "SECONDS", value)?;
    if let Some(client) = as_opaque::<Client>(socket) {
        client
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .set_read_timeout(time);
    } else if let Some(listener) = as_opaque::<Listener>(socket) {
        lock(shared)
            .events()
            .and_then(|events| events.set_read_timeout(listener.id, time))
            .map_err(|error| condition(&error))?;
    } else {
        return Err(wrong_type(
            FORM,
            "SOCKET must be a listener or a connection",
            socket,
        ));
    }
    Ok(socket.clone())
}

pub(crate) fn release(shared: &Shared, args: &[SteelVal]) -> Outcome {
    const FORM: &str = "release";
    let [socket] = args else {
        return Err(wrong_count(FORM, "(release SOCKET)", args.len()));
    };
    if let Some(client) = as_opaque::<Client>(socket) {
        client
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .release();
    } else if let Some(listener) = as_opaque::<Listener>(socket) {
        lock(shared).release(listener.id);
    } else {
        return Err(wrong_type(
            FORM,
            "SOCKET must be a listener or a connection",
            socket,
        ));
    }
    yes()
}

pub(crate) fn respond(shared: &Shared, args: &[SteelVal]) -> Outcome {
    const FORM: &str = "respond";
    let endpoints = lock(shared);
    let (received, value, type_) = match args {
        [value] => (None, value, None),
        [message, value] if as_opaque::<Received>(message).is_some() => {
            (as_opaque::<Received>(message), value, None)
        }
        [value, type_] if kind(type_).is_some() => (None, value, Some(type_)),
        [message, value] if is_current_value(&endpoints, message) => (None, value, None),
        [value, type_] => (None, value, Some(type_)),
        [message, value, type_] => match as_opaque::<Received>(message) {
            Some(received) => (Some(received), value, Some(type_)),
            None if is_current_value(&endpoints, message) => (None, value, Some(type_)),
            None => {
                let what = "MESSAGE must be the callback's argument or a (current-message)";
                return Err(wrong_type(FORM, what, message));
            }
        },
        _ => {
            let usage = "(respond VALUE [TYPE]) or (respond MESSAGE VALUE [TYPE])";
            return Err(wrong_count(FORM, usage, args.len()));
        }
    };
    let received = received.or_else(|| endpoints.current_message().cloned());
    drop(endpoints);
    let Some(received) = received else {
        return Ok(lock(shared).symbols.get("response-invalid"));
    };
    let outcome = |result: Result<(), crate::sipc::Refusal>| match result {
        Ok(()) => yes(),
        Err(refusal) => Ok(lock(shared).symbols.get(refusal.name())),
    };
    if type_.is_none() && matches!(value, SteelVal::BoolV(false)) {
        return outcome(received.slot.respond_nothing());
    }
    with_payload(FORM, value, type_, |message| {
        outcome(
            received
                .slot
                .respond(message)
                .map_err(|error| condition(&error))?,
        )
    })
}

/// Answers with a text of no special type (`true` in its place), as Common Lisp's `respond` nearly
/// always does. Returns false, and has done nothing, for anything else and for a refusal.
pub(crate) fn respond_text(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let [text @ SteelVal::StringV(_), SteelVal::BoolV(true)] = args else {
        return no();
    };
    let result = respond(shared, std::slice::from_ref(text))?;
    Ok(SteelVal::BoolV(result == SteelVal::BoolV(true)))
}

/// Returns whether a value is what the running callback was called with.
fn is_current_value(endpoints: &Endpoints, value: &SteelVal) -> bool {
    endpoints
        .current_message()
        .is_some_and(|received| received.value == *value)
}

pub(crate) fn defer(shared: &Shared, args: &[SteelVal]) -> Outcome {
    const FORM: &str = "defer";
    let received = message_argument(FORM, args)?;
    lock(shared).defer(&received);
    Ok(args[0].clone())
}

pub(crate) fn current_message(shared: &Shared, args: &[SteelVal]) -> Outcome {
    if !args.is_empty() {
        return Err(wrong_count(
            "current-message",
            "(current-message)",
            args.len(),
        ));
    }
    match lock(shared).current_message() {
        Some(received) => Ok(opaque_shared(received.clone())),
        None => no(),
    }
}

fn message_argument(form: &str, args: &[SteelVal]) -> Result<Arc<Received>, SteelErr> {
    let [message] = args else {
        return Err(wrong_count(form, &format!("({form} MESSAGE)"), args.len()));
    };
    as_opaque::<Received>(message)
        .ok_or_else(|| wrong_type(form, "MESSAGE must come from (current-message)", message))
}

pub(crate) fn message_type(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let received = message_argument("message-type", args)?;
    Ok(lock(shared).symbols.get(received.kind.name()))
}

pub(crate) fn message_value(args: &[SteelVal]) -> Outcome {
    Ok(message_argument("message-value", args)?.value.clone())
}

pub(crate) fn message_peer(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let peer = message_argument("message-peer", args)?
        .slot
        .peer()
        .map_err(|error| condition(&error))?;
    let pairs = [
        ("pid", peer.pid as isize),
        ("uid", peer.uid as isize),
        ("gid", peer.gid as isize),
    ];
    let symbols = &lock(shared).symbols;
    let hash: steel::HashMap<SteelVal, SteelVal> = pairs
        .into_iter()
        .map(|(name, number)| (symbols.get(name), SteelVal::IntV(number)))
        .collect();
    Ok(SteelVal::HashMapV(steel::gc::Gc::new(hash).into()))
}

pub(crate) fn last_error(shared: &Shared, args: &[SteelVal]) -> Outcome {
    match args {
        [] => Ok(lock(shared).last_error.clone()),
        _ => Err(wrong_count("last-error", "(last-error)", args.len())),
    }
}

fn error_argument(form: &str, args: &[SteelVal]) -> Result<Arc<Failure>, SteelErr> {
    let [error] = args else {
        return Err(wrong_count(form, &format!("({form} ERROR)"), args.len()));
    };
    as_opaque::<Failure>(error)
        .ok_or_else(|| wrong_type(form, "ERROR must come from (last-error)", error))
}

pub(crate) fn error_kind(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let failure = error_argument("sipc-error-kind", args)?;
    Ok(lock(shared).symbols.get(failure.0.reason()))
}

pub(crate) fn error_message(args: &[SteelVal]) -> Outcome {
    error_argument("sipc-error-message", args)?
        .0
        .to_string()
        .into_steelval()
}

/// Begins to send. Returns the result when it is there, and otherwise what to wait for.
pub(crate) fn send(shared: &Shared, args: &[SteelVal]) -> Outcome {
    const FORM: &str = "send";
    let (connection, value, type_, keep) = match args {
        [connection, value] => (connection, value, None, true),
        [connection, value, type_] => (connection, value, Some(type_), true),
        [connection, value, type_, keep] => (
            connection,
            value,
            Some(type_),
            !matches!(keep, SteelVal::BoolV(false)),
        ),
        _ => {
            let usage = "(send CONNECTION VALUE [TYPE] [KEEP-RESPONSE])";
            return Err(wrong_count(FORM, usage, args.len()));
        }
    };
    let Some(client) = as_opaque::<Client>(connection) else {
        return Err(wrong_type(
            FORM,
            "CONNECTION must come from connect",
            connection,
        ));
    };
    // False stands for the type the value suggests, so that KEEP-RESPONSE can be given alone.
    let type_ = type_.filter(|type_| !matches!(type_, SteelVal::BoolV(false)));
    let mut endpoints = lock(shared);
    with_payload(FORM, value, type_, |message| {
        let mut connection = client
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        refuse_own(&endpoints, &connection)?;
        let pending = match connection.begin(message, SendOptions::default()) {
            Ok(pending) => pending,
            Err(error) => return Ok(endpoints.fail(error)),
        };
        if endpoints.has_events().is_some() {
            drop(connection);
            let target = endpoints.wait_for_reply(client.clone(), pending, keep);
            return Ok(opaque(target));
        }
        let mut pending = pending;
        loop {
            match connection.step(&mut pending, None) {
                Ok(Some(reply)) => return Ok(reply_value(reply, keep)),
                Err(error) => return Ok(endpoints.fail(error)),
                Ok(None) if endpoints.control.is_interrupted() => {
                    return Ok(endpoints.fail(connection.interrupted()));
                }
                Ok(None) if endpoints.control.termination().is_some() => {
                    return Ok(endpoints.fail(connection.interrupted()));
                }
                Ok(None) => {}
            }
        }
    })
}

/// A script that waits for itself would wait for ever.
fn refuse_own(endpoints: &Endpoints, connection: &Connection) -> Result<(), SteelErr> {
    let Some(events) = endpoints.has_events() else {
        return Ok(());
    };
    let in_callback = endpoints.is_in_callback();
    if !in_callback && events.all_serving() {
        return Ok(());
    }
    let path = connection.path().display();
    match events.own(connection.address()) {
        Some(_) if in_callback => Err(misuse(format!(
            "send: cannot send to {path} inside a callback of the same script: the server there \
             would wait for this callback and this callback for it; keep the message with \
             (defer (current-message)) and answer it later"
        ))),
        Some((_, false)) => Err(misuse(format!(
            "send: {path} is bound by this script, and nothing serves it; serve it first"
        ))),
        _ => Ok(()),
    }
}

/// Connects for one message. Returns the connection or false, as `connect`.
pub(crate) fn quick(shared: &Shared, args: &[SteelVal]) -> Outcome {
    const FORM: &str = "send-quick";
    let [file, _, ..] = args else {
        return Err(wrong_count(
            FORM,
            "(send-quick FILE VALUE [TYPE])",
            args.len(),
        ));
    };
    if args.len() > 3 {
        return Err(wrong_count(
            FORM,
            "(send-quick FILE VALUE [TYPE])",
            args.len(),
        ));
    }
    let path = text(FORM, "FILE", file)?;
    let mut endpoints = lock(shared);
    match open(&mut endpoints, path, ConnectOptions::default()) {
        Ok(value) => Ok(value),
        Err(error) => Ok(endpoints.fail(error)),
    }
}

// The steps of the loop; lisp/sipc/serve.scm puts them together.

pub(crate) fn serve(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let [form, listener, on_error, on_message] = args else {
        let form = args
            .first()
            .map_or_else(|| "serve".to_owned(), ToString::to_string);
        let usage = format!("({form} LISTENER ON-ERROR ON-MESSAGE)");
        return Err(wrong_count(&form, &usage, args.len().saturating_sub(1)));
    };
    let form = form.to_string();
    let Some(found) = as_opaque::<Listener>(listener) else {
        return Err(wrong_type(&form, "LISTENER must come from bind", listener));
    };
    procedure(&form, "ON-ERROR", on_error)?;
    procedure(&form, "ON-MESSAGE", on_message)?;
    Ok(opaque_shared(lock(shared).serve(
        &form,
        &found,
        on_message.clone(),
    )?))
}

fn server_argument(form: &str, args: &[SteelVal]) -> Result<Arc<Server>, SteelErr> {
    let [server] = args else {
        return Err(wrong_count(form, &format!("({form} SERVER)"), args.len()));
    };
    as_opaque::<Server>(server)
        .ok_or_else(|| wrong_type(form, "SERVER must come from serve", server))
}

pub(crate) fn stop(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let server = server_argument("stop", args)?;
    lock(shared).end(server.id, SteelVal::BoolV(false));
    yes()
}

pub(crate) fn server_number(args: &[SteelVal]) -> Outcome {
    Ok(SteelVal::IntV(
        server_argument("wait", args)?.id.number() as isize
    ))
}

pub(crate) fn server_target(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let server = server_argument("wait", args)?;
    let mut endpoints = lock(shared);
    if endpoints.is_in_callback_of(server.id) {
        return Err(misuse(
            "wait: cannot wait for a server inside its own callback: it would wait for this \
             callback, and this callback for it",
        ));
    }
    Ok(opaque(endpoints.wait_for_server(server)))
}

pub(crate) fn sleep_target(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let [time] = args else {
        return Err(wrong_count("sleep", "(sleep SECONDS)", args.len()));
    };
    if matches!(time, SteelVal::BoolV(_)) {
        return Err(wrong_type("sleep", "SECONDS must be a number", time));
    }
    let time = seconds("sleep", "SECONDS", time)?.unwrap_or_default();
    Ok(opaque(
        lock(shared).wait_until(Instant::now().checked_add(time)),
    ))
}

pub(crate) fn flag_target(shared: &Shared, flag: &Arc<AtomicBool>) -> Outcome {
    Ok(opaque(lock(shared).wait_for_flag(flag.clone())))
}

fn target(args: &[SteelVal]) -> Result<Arc<Target>, SteelErr> {
    args.first()
        .and_then(as_opaque::<Target>)
        .ok_or_else(|| misuse("#%next-event: no target"))
}

pub(crate) fn is_target(args: &[SteelVal]) -> Outcome {
    Ok(SteelVal::BoolV(target(args).is_ok()))
}

pub(crate) fn next_event(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let run = match args {
        [_, SteelVal::IntV(run)] => *run,
        _ => 0,
    };
    let target = target(args)?;
    lock(shared).next_event(&target, run)
}

pub(crate) fn renew_callback(shared: &Shared, args: &[SteelVal]) -> Outcome {
    if let [SteelVal::IntV(number), function] = args {
        let id = crate::sipc::ListenerId::from_number(number.unsigned_abs() as u64);
        lock(shared).renew_callback(id, function.clone());
    }
    Ok(SteelVal::Void)
}

pub(crate) fn end_by_message(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let target = target(args)?;
    Ok(lock(shared).end_by_message(&target))
}

pub(crate) fn target_result(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let target = target(args)?;
    Ok(lock(shared).result(&target))
}

pub(crate) fn callback_failed(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let found = target(args)?;
    match args {
        [_, error] => lock(shared).callback_failed(&found, error),
        _ => Err(misuse("#%callback-failed: no error")),
    }
}

/// Ends a wait, on whichever way it was left.
pub(crate) fn end_wait(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let found = target(args)?;
    lock(shared).end_wait(&found);
    Ok(SteelVal::Void)
}

pub(crate) fn event(shared: &Shared) -> Outcome {
    Ok(lock(shared).event())
}

pub(crate) fn event_run(shared: &Shared) -> Outcome {
    Ok(lock(shared).event_run())
}

pub(crate) fn event_value(shared: &Shared) -> Outcome {
    Ok(lock(shared).event_value())
}

pub(crate) fn event_listener(shared: &Shared) -> Outcome {
    Ok(lock(shared).event_listener())
}

pub(crate) fn after_fault(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let goes_on = !matches!(args, [SteelVal::BoolV(false)]);
    Ok(lock(shared).after_fault(goes_on))
}

/// Ends what `hook` left open when it was left by an escape or an error.
pub(crate) fn leave(shared: &Shared, args: &[SteelVal]) -> Outcome {
    if let [server, ..] = args
        && let Some(server) = as_opaque::<Server>(server)
    {
        lock(shared).end(server.id, SteelVal::BoolV(false));
    }
    Ok(SteelVal::Void)
}

pub(crate) fn exit(shared: &Shared, args: &[SteelVal]) -> Outcome {
    let status = match args {
        [] | [SteelVal::BoolV(true) | SteelVal::Void] => 0,
        [SteelVal::BoolV(false)] => 1,
        [SteelVal::IntV(status @ 0..=255)] => *status as i32,
        [other] => {
            return Err(wrong_type(
                "exit",
                "STATUS must be a whole number from 0 to 255",
                other,
            ));
        }
        _ => return Err(wrong_count("exit", "(exit [STATUS])", args.len())),
    };
    lock(shared).exit(status);
    Ok(SteelVal::Void)
}

/// Stops the interpreter. No handler can catch this.
pub(crate) fn end_script(shared: &Shared, _args: &[SteelVal]) -> Outcome {
    lock(shared).control.stop_scheme();
    Err(misuse("the script has ended"))
}
