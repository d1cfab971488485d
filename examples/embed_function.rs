//! A script that is given a Rust function, and a Rust program that calls the script's.
//!
//! Run it:  cargo run --example embed_function
//!
//! It prints "10 degrees are 50".

use steel_sipc::Host;

fn main() -> steel_sipc::Result<()> {
    let mut host = Host::new()?;
    host.define("to-fahrenheit", |celsius: f64| celsius * 1.8 + 32.0);
    host.run_str(
        "sentence",
        "(define (sentence n) (list n 'degrees 'are (exact (round (to-fahrenheit n)))))",
    )?;
    let words = host.call("sentence", vec![10.0.into()])?.to_string();
    println!(
        "{}",
        words.replace(['(', ')', '\''], "").replace("10.0", "10")
    );
    Ok(())
}
