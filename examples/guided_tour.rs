//! The Rust API in reading order: a host, a script that serves, a client, an error, an end.
//!
//! Run it:  cargo run --example guided_tour
//!
//! It prints the answer of a script's server, an error with its place, and a script's status.

use steel_sipc::sipc::{ConnectOptions, Connection, Message};
use steel_sipc::{ErrorKind, Host};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A host is an engine with the sipc forms; its sockets are released when it is dropped.
    let mut host = Host::builder().arguments(["tour"]).build()?;
    host.define("shout", |text: String| text.to_uppercase());

    // A handle stops it from another thread; here the client does, when it has its answer.
    let path = std::env::temp_dir().join(format!("sipc-tour-{}", std::process::id()));
    let handle = host.interrupt_handle();
    let address = path.clone();
    let client = std::thread::spawn(move || {
        // The server is not there yet, or its socket is and does not listen yet.
        let starting = [ErrorKind::Address, ErrorKind::Refused];
        let reply = loop {
            match Connection::open(&address, &ConnectOptions::default()) {
                Ok(mut connection) => break connection.send(&Message::from("hello")),
                Err(error) if starting.contains(&error.kind()) => std::thread::yield_now(),
                Err(error) => break Err(error),
            }
        };
        handle.release_listeners();
        reply
    });
    let on_message = "(lambda (type value) (respond (shout value)) #true)";
    let server = format!(
        "(hook (bind \"{}\") (lambda (f) #true) {on_message})",
        path.display()
    );
    host.run_str("server", &server)?;
    println!("{:?}", client.join().expect("the client does not panic")?);

    // An error says what was wrong, and where.
    if let Err(error) = host.run_str("mistake", "(define x 1)\n(car x)") {
        println!("{error}");
    }

    // A script may end with a status; the host goes on.
    host.run_str("end", "(exit 3)")?;
    println!("status {:?}", host.exit_status());
    Ok(())
}
