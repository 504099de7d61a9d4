//! Finished code is as long as it was when that was last accepted: a guard that does not depend on how busy a machine is.
//!
//! What moves by more than a twentieth is told, in either direction; whoever means it renews the table: `cargo run -p adit-tests --bin sizes > tests/references/sizes.txt`.

use adit_tests::sizes::{Size, accepted, measure, moved};

#[test]
fn finished_code_is_as_long_as_it_was() {
    let now = measure().expect("the examples compile");
    let complaints = moved(&accepted().expect("the table can be read"), &now);
    let renew = "if that is meant: cargo run -p adit-tests --bin sizes > tests/references/sizes.txt";
    assert!(complaints.is_empty(), "{}\n{renew}", complaints.join("\n"));
}

#[test]
fn what_grows_shrinks_comes_or_goes_is_told() {
    let size = |name: &str, gradient: usize| Size { name: name.to_owned(), counts: [100, gradient, 100, 100] };
    let old = [size("a", 100), size("b", 100), size("c", 100), size("gone", 100)];
    let now = [size("a", 105), size("b", 106), size("c", 94), size("new", 1)];
    let complaints = moved(&old, &now);
    assert_eq!(complaints.len(), 4, "{complaints:?}");
    assert!(complaints[0].starts_with("b: gradient, IR: 100 instructions were accepted, 106"), "{complaints:?}");
    assert!(
        complaints[1].starts_with("c: ") && complaints[2].starts_with("new ") && complaints[3].starts_with("gone ")
    );
}
