//! Sockets without Scheme: a server in a thread, a client, three kinds of message.
//!
//! Run it:  cargo run --example listener
//!
//! It prints the three replies and what the server counted.

use steel_sipc::sipc::{BindOptions, ConnectOptions, Connection, Listener, Message};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::temp_dir().join(format!("sipc-listener-{}", std::process::id()));
    let mut listener = Listener::bind(&path, &BindOptions::default())?;
    let server = std::thread::spawn(move || {
        let on_message = |exchange: &mut steel_sipc::sipc::Exchange| {
            let message = exchange.take_message();
            // A refusal means that the client has left; the next one has not.
            let _ = exchange.respond(&message);
            message != Message::Close
        };
        let result = listener.hook(|_fault| true, on_message);
        (result, listener.stats())
    });
    let mut connection = Connection::open(&path, &ConnectOptions::default())?;
    for message in [
        Message::from("hello"),
        vec![1, 2, 255].into(),
        Message::Close,
    ] {
        println!("{:?}", connection.send(&message)?);
    }
    let (result, stats) = server.join().expect("the server does not panic");
    result?;
    println!("{} messages", stats.map_or(0, |stats| stats.stats.messages));
    Ok(())
}
