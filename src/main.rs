//! The program.
use steel_sipc::Host;
fn main() {
    let path = std::env::args().nth(1).expect("file");
    let mut host = Host::builder()
        .arguments(std::env::args().skip(1))
        .build()
        .expect("host");
    let result = if path == "-e" {
        host.run_str("-e", &std::env::args().nth(2).expect("expr"))
    } else {
        host.run_file(&path)
    };
    match result {
        Ok(_) => std::process::exit(host.exit_status().unwrap_or(0)),
        Err(error) => {
            eprintln!("sipc: {error}");
            std::process::exit(1)
        }
    }
}
