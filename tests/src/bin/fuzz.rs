//! The long command.
fn main() {
    let n: u64 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(3);
    for i in 0..n {
        let case = adit_tests::fuzz::generate::case(1, i);
        let mut out = String::new();
        out.push_str(&case.program.source());
        use std::io::Write;
        let _ = writeln!(std::io::stdout(), "// {i}\n{out}");
    }
}
