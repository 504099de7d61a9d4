//! The long command.
fn main() {
    use std::io::Write;
    let n: u64 = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(3);
    let mut bad = 0;
    let mut h = adit_tests::fuzz::features::Histogram::default();
    for i in 0..n {
        let case = adit_tests::fuzz::generate::case(1, i);
        h.count(case.features);
        let out = case.program.source();
        match adit_tests::fuzz::compile::build(&out, "main") {
            Ok(_) => {}
            Err(e) => {
                bad += 1;
                if bad < 12 {
                    let _ = writeln!(std::io::stdout(), "// {i}\n{e}");
                }
            }
        }
    }
    let _ = writeln!(std::io::stdout(), "{bad} of {n}\n{h}\n{:?}", h.missed());
}
