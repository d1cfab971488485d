//! Links the programs at a fixed address where that is known to work.
//!
//! `sipc` holds an interpreter, and with it some fifteen thousand addresses that a program
//! which may lie anywhere has to correct each time it starts. For `sipc send` that is a tenth of
//! its life. Libraries and the stack are still placed at random.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |key: &str, value: &str| std::env::var(key).is_ok_and(|found| found == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
