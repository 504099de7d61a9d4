//! Failing programs made smaller.
//!
//! In: a case that fails, and its failure. Out: the smallest case found that fails in the same way. Statements and functions are dropped, blocks take the place of what is around them, expressions become
//! literals or parts of themselves, arrays get shorter and numbers rounder, for as long as that helps. What does not compile does not fail in the same way, so no care is taken.

use super::caught::caught;
use super::generate::{Case, inputs};
use super::node::{Node, Sort};
use super::relations::{Failure, Plan, check};
use super::rng::Rng;
use super::types::{Ty, list};
use crate::pieces;
use adit_ir::Scalar;
use std::time::{Duration, Instant};

/// Checks a case; a panic is a failure.
///
/// # Errors
/// The first relation that does not hold, or `panics`.
pub fn check_caught(case: &Case, plan: Plan) -> Result<super::relations::Report, Failure> {
    caught(|| check(case, plan)).unwrap_or_else(|panic| {
        Err(Failure { relation: "panics", detail: format!("{}\n{}", panic.place, panic.message) })
    })
}

/// What two failures must have in common to be one.
fn key(failure: &Failure) -> (&'static str, String) {
    let first = failure.detail.lines().next().unwrap_or_default();
    let part = match failure.relation {
        "compiles" | "panics" => first,
        _ => "",
    };
    (failure.relation, part.to_owned())
}

/// The smallest case found in the time given.
pub fn shrink(case: &Case, plan: Plan, failure: &Failure, time: Duration) -> (Case, Failure) {
    let end = Instant::now() + time;
    let wanted = key(failure);
    let mut best = (case.clone(), failure.clone());
    let mut try_one = |best: &mut (Case, Failure), candidate: Case| match check_caught(&candidate, plan) {
        Err(failure) if key(&failure) == wanted => {
            *best = (candidate, failure);
            true
        }
        Ok(_) | Err(_) => false,
    };
    loop {
        let before = best.0.program.size();
        simpler_inputs(&mut best, &mut try_one);
        let mut k = 1;
        while k < best.0.program.size() && Instant::now() < end {
            let found = edits(&best.0.program, k).into_iter().any(|program| {
                let candidate = Case { program, ..best.0.clone() };
                try_one(&mut best, candidate)
            });
            k += usize::from(!found);
        }
        if best.0.program.size() >= before || Instant::now() >= end {
            return best;
        }
    }
}

type TryOne<'t> = &'t mut dyn FnMut(&mut (Case, Failure), Case) -> bool;

/// Shorter arrays, rounder numbers.
fn simpler_inputs(best: &mut (Case, Failure), try_one: TryOne<'_>) {
    for name in ["n", "m"] {
        for size in 1..best.0.sizes.get(name).copied().unwrap_or(1) {
            let mut case = best.0.clone();
            case.sizes.insert(name.to_owned(), size);
            let mut rng = Rng::new(1, 1);
            case.args = case.params.iter().map(|p| inputs::arg(&mut rng, p, &case.structs, &case.sizes)).collect();
            if try_one(best, case) {
                break;
            }
        }
    }
    for k in 0..best.0.args.len() {
        for digits in [0, 1] {
            let scale = 10_f64.powi(digits);
            let round = |s: Scalar| match s {
                Scalar::F64(x) => Scalar::F64((x * scale).round() / scale),
                Scalar::F32(x) => Scalar::F32(((f64::from(x) * scale).round() / scale) as f32),
                Scalar::I64(_) | Scalar::Bool(_) => s,
            };
            let mut case = best.0.clone();
            case.args[k] = case.args[k].mapped(&round);
            if case.args != best.0.args && try_one(best, case) {
                break;
            }
        }
    }
}

/// Programs that are smaller at the `k`-th node, smallest first.
fn edits(program: &Node, k: usize) -> Vec<Node> {
    let Some(node) = program.nth(k) else { return Vec::new() };
    let mut with: Vec<Node> = Vec::new();
    match &node.sort {
        Sort::Item | Sort::Stmt => {
            with.push(Node::group(pieces![]));
            with.extend(bodies(node).into_iter().cloned());
        }
        Sort::Expr(ty) => {
            if node.size() > 1 {
                with.extend(literals(ty).into_iter().map(|text| Node::expr(ty, pieces![text])));
                with.extend(parts(node, ty));
            }
        }
        Sort::Mode => {
            if node.mentions("r") {
                with.push(Node { sort: Sort::Mode, pieces: pieces![] });
            }
        }
        Sort::Kept => {
            if node.mentions("@") {
                with.push(Node { sort: Sort::Kept, pieces: pieces![] });
            }
        }
        Sort::Body | Sort::Group => {}
    }
    with.iter().map(|new| program.replaced(k, new)).collect()
}

/// The blocks directly in a statement.
fn bodies(node: &Node) -> Vec<&Node> {
    node.children().filter(|child| child.sort == Sort::Body).collect()
}

/// Short expressions of a type.
fn literals(ty: &Ty) -> Vec<String> {
    match ty {
        Ty::F64 => vec!["0.5".into()],
        Ty::F32 => vec!["f32(0.5)".into()],
        Ty::I64 => vec!["0".into(), "1".into()],
        Ty::Bool => vec!["true".into(), "false".into()],
        Ty::Array(element, dims) if **element == Ty::F64 => vec![format!("fill(0.5, {})", list(dims))],
        Ty::Array(..) | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => Vec::new(),
    }
}

/// The largest parts of an expression that have its type.
fn parts(node: &Node, ty: &Ty) -> Vec<Node> {
    let mut found = Vec::new();
    for child in node.children() {
        if child.sort == Sort::Expr(ty.clone()) {
            found.push(child.clone());
        } else {
            found.extend(parts(child, ty));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_drop_replace_and_lift() {
        let x = || Node::expr(&Ty::F64, pieces!["x"]);
        let sum = Node::expr(&Ty::F64, pieces!["sin(", x(), ")"]);
        let inner = Node::body(vec![Node::stmt(pieces!["s = ", sum, ";"])]);
        let program = Node::group(pieces![Node::stmt(pieces!["if c {\n", inner, "}"])]);
        let texts = |k: usize| edits(&program, k).iter().map(Node::source).collect::<Vec<_>>();
        assert_eq!(texts(1), ["", "s = sin(x);\n"]);
        assert_eq!(texts(4), ["if c {\n    s = 0.5;\n}\n", "if c {\n    s = x;\n}\n"]);
    }
}
