//! The test programs of `filetests/`: what they compute, and what the compiler tells about wrong ones.
//!
//! `FILETEST=part-of-a-name cargo test -p adit-tests --test filetests` runs a few.

use adit::Mode;
use adit_tests::compare::difference;
use adit_tests::filetest::{self, Expect, FileTest, Group, Told};
use adit_tests::pages::{Block, blocks};
use adit_tests::subject::{Outcome, Refusal, Subject};
use adit_tests::{check_all, files, root};
use serde_json::Value as Json;
use std::fs;
use std::path::Path;

#[test]
fn programs_compute_what_they_say() {
    check_all(&files("tests/filetests/run", ".ad"), |_, text| match filetest::parse(text) {
        Ok(test) => run(&test),
        Err(error) => vec![error],
    });
}

/// Where a gradient is expected and no convention decides it, all engines agree, to second order.
#[test]
fn engines_agree() {
    check_all(&files("tests/filetests/run", ".ad"), |_, text| match filetest::parse(text) {
        Ok(test) => test.groups.iter().flat_map(|g| agree(&test, g)).collect(),
        Err(error) => vec![error],
    });
}

fn agree(test: &FileTest, group: &Group) -> Vec<String> {
    let graded = group.expect.iter().any(|(e, _)| matches!(e, Expect::Grad(_)));
    if group.by_hand || !graded {
        return Vec::new();
    }
    let checked = Subject::new(&test.source, 2, group.limits)
        .and_then(|subject| subject.check(group.function.as_deref(), &group.at));
    checked.unwrap_or_else(|refusal| vec![refusal.to_string()])
}

#[test]
fn wrong_programs_are_told() {
    check_all(&files("tests/filetests/diag", ".ad"), |path, text| match filetest::parse(text) {
        Ok(test) if test.groups.is_empty() => diagnose(&test),
        Ok(test) => [named_by_code(path, &test), run(&test)].concat(),
        Err(error) => vec![error],
    });
}

/// The programs of `docs/language.md`: ` ```ad ` blocks compute what their comments say, ` ```ad wrong CODE ` blocks are told with the code.
#[test]
fn the_language_page_shows_what_happens() {
    let page = fs::read_to_string(root().join("docs/language.md")).unwrap();
    let programs: Vec<Block> = blocks(&page).into_iter().filter(|b| b.is("ad")).collect();
    assert!(programs.len() >= 20, "the page shows {} programs", programs.len());
    let complaints: Vec<String> = programs.iter().flat_map(shown).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn shown(block: &Block) -> Vec<String> {
    let test = match filetest::parse(&block.text) {
        Ok(test) => test,
        Err(error) => return vec![format!("line {}: {error}", block.line)],
    };
    let complaints = match Subject::new(&block.text, 2, filetest::Limits::default()) {
        Err(refusal) if block.is("wrong") && is_told(block, &refusal) => Vec::new(),
        Ok(_) if block.is("wrong") => vec!["compiles".to_owned()],
        Err(refusal) => vec![refusal.to_string()],
        Ok(subject) => {
            [unsaid(&subject, &test), run(&test), test.groups.iter().flat_map(|g| agree(&test, g)).collect()].concat()
        }
    };
    complaints.into_iter().map(|c| format!("line {}: {c}", block.line)).collect()
}

/// Whether a wrong program gets the code beside it, and no other.
fn is_told(block: &Block, refusal: &Refusal) -> bool {
    !refusal.told.is_empty() && refusal.told.iter().all(|t| block.is(&t.code))
}

/// What a program that shows something leaves open: it must be run, and each run has its value or error, and its gradient where there can be one.
fn unsaid(subject: &Subject, test: &FileTest) -> Vec<String> {
    let mut open = Vec::new();
    if test.groups.is_empty() {
        open.push("is never run: there is no `at`".to_owned());
    }
    for group in &test.groups {
        let any = |wanted: fn(&Expect) -> bool| group.expect.iter().any(|(e, _)| wanted(e));
        let stops = any(|e| matches!(e, Expect::Error(_)));
        let valued = any(|e| matches!(e, Expect::Value(_) | Expect::Final(_)));
        let graded = any(|e| {
            matches!(e, Expect::Grad(_) | Expect::ReverseGrad(_) | Expect::ForwardGrad(_) | Expect::GradError(_))
        });
        let wants = subject.has_gradient(group.function.as_deref()).unwrap_or(false);
        if !stops && !valued {
            open.push(format!("{} has no value", group.at));
        }
        if !stops && wants && !graded {
            open.push(format!("{} has no gradient", group.at));
        }
    }
    open
}

/// A wrong program's file begins with the code it is about.
fn named_by_code(path: &Path, test: &FileTest) -> Vec<String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let code = name.split('-').next().unwrap_or_default().to_uppercase();
    let about = test
        .groups
        .iter()
        .flat_map(|g| &g.expect)
        .any(|(e, _)| matches!(e, Expect::Error(t) | Expect::GradError(t) if t.code == code));
    if about { Vec::new() } else { vec![format!("nothing expects {code}")] }
}

fn diagnose(test: &FileTest) -> Vec<String> {
    let refusal = match Subject::new(&test.source, 2, filetest::Limits::default()) {
        Ok(_) => return vec!["compiles".to_owned()],
        Err(refusal) => refusal,
    };
    let mut expected = test.errors.clone();
    let mut found = refusal.told.clone();
    expected.sort();
    found.sort();
    let mut complaints = Vec::new();
    if expected != found {
        complaints.push(format!("expected {}, found {refusal}", list(&expected)));
    }
    for help in &test.help {
        if !refusal.rendered.contains(help.as_str()) {
            complaints.push(format!("no `{help}` in\n{}", refusal.rendered));
        }
    }
    complaints
}

fn list(told: &[Told]) -> String {
    told.iter().map(Told::to_string).collect::<Vec<_>>().join(", ")
}

fn run(test: &FileTest) -> Vec<String> {
    let mut complaints = Vec::new();
    for opt in [2, 0] {
        for group in &test.groups {
            let subject = match Subject::new(&test.source, opt, group.limits) {
                Ok(subject) => subject,
                Err(refusal) => return vec![format!("does not compile: {refusal}")],
            };
            for (expect, tolerance) in &group.expect {
                let found = check(&subject, group, expect, *tolerance);
                complaints.extend(found.into_iter().map(|c| {
                    let name = group.function.as_deref().unwrap_or("");
                    format!("--opt {opt} {name} {}: {c}", group.at)
                }));
            }
        }
    }
    complaints
}

fn check(subject: &Subject, group: &Group, expect: &Expect, tolerance: f64) -> Vec<String> {
    let name = group.function.as_deref();
    let at = &group.at;
    let same = |what: &str, expected: &Json, found: Outcome<Json>| -> Vec<String> {
        let complaint = match found {
            Ok(found) => difference(expected, &found, tolerance),
            Err(refusal) => Some(refusal.to_string()),
        };
        complaint.into_iter().map(|c| format!("{what}: {c}")).collect()
    };
    let gradient = |mode| subject.gradient(name, at, mode);
    match expect {
        Expect::Value(v) => same("value", v, subject.value(name, at).map(|o| o.0)),
        Expect::Final(v) => same("final", v, subject.value(name, at).map(|o| o.1)),
        Expect::Grad(v) => [
            same("reverse", v, gradient(Mode::Reverse).map(|o| o.1)),
            same("forward", v, gradient(Mode::Forward).map(|o| o.1)),
        ]
        .concat(),
        Expect::Hess(v) => same("Hessian", v, subject.hessian(name, at)),
        Expect::Jac(v) => [("Jacobian by columns", Mode::Forward), ("Jacobian by rows", Mode::Reverse)]
            .map(|(what, mode)| same(what, v, subject.jacobian(name, at, mode)))
            .concat(),
        Expect::ForwardGrad(v) => same("forward", v, gradient(Mode::Forward).map(|o| o.1)),
        Expect::ReverseGrad(v) => same("reverse", v, gradient(Mode::Reverse).map(|o| o.1)),
        Expect::Prints(lines) => prints(subject, group, lines),
        Expect::Cotangent(seed, v) => same("cotangent", v, subject.vjp(name, at, seed)),
        Expect::Error(told) => refused(told, subject.value(name, at)),
        Expect::GradError(told) => refused(told, gradient(Mode::Reverse)),
    }
}

/// That the value, and each derivative that the group expects, prints these lines.
fn prints(subject: &Subject, group: &Group, lines: &[String]) -> Vec<String> {
    let name = group.function.as_deref();
    let at = &group.at;
    let mut complaints = Vec::new();
    let mut printed = |what: &str, ran: Outcome<()>| {
        let found = subject.printed();
        match ran {
            Ok(()) if found == lines => {}
            Ok(()) => complaints.push(format!("{what} prints {found:?} instead of {lines:?}")),
            Err(refusal) => complaints.push(format!("{what}: {refusal}")),
        }
    };
    subject.printed();
    printed("the value", subject.value(name, at).map(|_| ()));
    let expects = |what: fn(&Expect) -> bool| group.expect.iter().any(|(e, _)| what(e));
    if expects(|e| matches!(e, Expect::Grad(_))) {
        printed("the gradient", subject.gradient(name, at, Mode::Reverse).map(|_| ()));
        printed("the forward gradient", subject.gradient(name, at, Mode::Forward).map(|_| ()));
    }
    if expects(|e| matches!(e, Expect::Hess(_))) {
        printed("the Hessian", subject.hessian(name, at).map(|_| ()));
    }
    if expects(|e| matches!(e, Expect::Jac(_))) {
        printed("the Jacobian", subject.jacobian(name, at, Mode::Forward).map(|_| ()));
    }
    complaints
}

fn refused<T: std::fmt::Debug>(expected: &Told, outcome: Outcome<T>) -> Vec<String> {
    match outcome {
        Ok(value) => vec![format!("expected {expected}, found {value:?}")],
        Err(Refusal { told, .. }) if told == [expected.clone()] => Vec::new(),
        Err(Refusal { told, .. }) if expected.place.is_none() && told.len() == 1 && told[0].code == expected.code => {
            Vec::new()
        }
        Err(refusal) => vec![format!("expected {expected}, found {refusal}")],
    }
}
