//! A short slice of the long command: enough random programs to keep everybody honest, in under a minute.
//!
//! In: fixed seeds, so that a failure here is one everywhere. Out: failures, shrunk. The long command is `cargo run --release -p adit-tests --bin fuzz -- programs`.

use adit_tests::fuzz::bug::Bug;
use adit_tests::fuzz::campaign::{self, Campaign};
use adit_tests::fuzz::features::Histogram;
use adit_tests::fuzz::hostile::{self, Attack, Kind};
use adit_tests::fuzz::{by_hand, generate, mutants};
use std::time::Duration;

/// Of the slice; the long command begins with 1.
const SEED: u64 = 2024;

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

#[test]
fn relations_hold_for_random_programs() {
    let campaign = Campaign {
        seed: SEED,
        from: 0,
        count: if cfg!(debug_assertions) { 250 } else { 2000 },
        threads: threads(),
        second_in: 4,
        vectors: false,
        failures: None,
        enough: 3,
        shrink: Duration::from_secs(20),
    };
    let tally = campaign::run(&campaign, &());
    let told: Vec<String> = tally.found.iter().map(|found| campaign::text(SEED, found)).collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    let share = tally.first() * 100 / tally.histogram.programs();
    assert!(share >= 75, "first derivatives of only {share} % of the programs were compared:\n{tally}");
}

#[test]
fn the_generator_keeps_its_quotas() {
    let mut histogram = Histogram::default();
    (0..4000).for_each(|number| histogram.count(generate::case(SEED, number).features));
    assert!(histogram.missed().is_empty(), "{}\n{histogram}", histogram.missed().join("\n"));
}

#[test]
fn a_case_is_the_same_every_time() {
    for number in 0..50 {
        let (a, b) = (generate::case(SEED, number), generate::case(SEED, number));
        assert_eq!(a.program.source(), b.program.source());
        assert_eq!(a.args, b.args);
    }
}

/// Each classic mistake is found by programs of this distribution, and soon, but for those that a test by name sees.
#[test]
fn every_seeded_bug_is_found_within_200_programs() {
    for bug in Bug::all().filter(|&bug| by_hand::named_test(bug).is_none()) {
        let hunt = mutants::hunt(bug, SEED, 200, false, threads());
        assert!(hunt.found.is_some(), "{bug} was not found by 200 programs");
    }
}

#[test]
fn programs_written_for_seeded_bugs_show_them() {
    for program in by_hand::PROGRAMS {
        assert_eq!(by_hand::gives(program, Bug::None), Ok(program.value), "for {}", program.bug);
        let bug = Bug::all().find(|bug| bug.name() == program.bug).expect("programs are named after bugs");
        assert_ne!(by_hand::gives(program, bug), Ok(program.value), "{bug} is not seen");
    }
}

fn attacked(kind: Kind, count: u64) {
    let attack =
        Attack { kind, seed: SEED, count, threads: threads(), failures: None, enough: 3, limit: 20 * hostile::LIMIT };
    let outcome = hostile::run(&attack, &|_| {});
    let told: Vec<String> = outcome.found.iter().map(|(what, text)| format!("{what}\n{text}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
    let reached = outcome.reached;
    assert!(reached.refused > 0 && reached.ran > 0 && reached.derived > 0, "spoiling is one-sided: {reached:?}");
}

#[test]
fn spoiled_sources_neither_panic_nor_hang() {
    attacked(Kind::Source, 1500);
}

#[test]
fn spoiled_ir_neither_panics_nor_hangs() {
    attacked(Kind::Ir, 1500);
}
