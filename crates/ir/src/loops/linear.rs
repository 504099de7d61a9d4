//! Integers that go up evenly with the index of a loop.
//!
//! In: an integer operand, and which values are the same in all iterations. Out: [`Linear`], `index·scale + terms + offset`, where it is of that form.
//! Arithmetic wraps, as the program's does, so the form is the operand's value whatever the numbers are.

use super::super::bounds::Facts;
use crate::entities::Value;
use crate::inst::Op;
use crate::prim::{Code, Native};
use crate::types::Int;
use smallvec::SmallVec;

/// How many operations are looked through.
const DEPTH: u32 = 6;

/// `index·scale + Σ factor·value + offset`, wrapping.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Linear {
    /// How much it goes up from one index to the next.
    pub scale: i64,
    /// Values that are the same in all iterations, each once, with factors that are not 0.
    pub terms: SmallVec<[(Value, i64); 2]>,
    /// The rest.
    pub offset: i64,
}

impl Linear {
    /// The form of an operand. `uniform` says which values are the same in all iterations.
    pub fn of(facts: &Facts<'_>, index: Value, uniform: &dyn Fn(Value) -> bool, i: Int) -> Option<Linear> {
        form(facts, index, uniform, i, DEPTH)
    }

    /// Whether it is the same in all iterations.
    pub fn is_uniform(&self) -> bool {
        self.scale == 0
    }

    fn literal(offset: i64) -> Linear {
        Linear { offset, ..Linear::default() }
    }

    fn scaled(mut self, by: i64) -> Linear {
        self.scale = self.scale.wrapping_mul(by);
        self.offset = self.offset.wrapping_mul(by);
        self.terms.iter_mut().for_each(|(_, factor)| *factor = factor.wrapping_mul(by));
        self.terms.retain(|&mut (_, factor)| factor != 0);
        self
    }

    fn plus(mut self, other: Linear) -> Linear {
        self.scale = self.scale.wrapping_add(other.scale);
        self.offset = self.offset.wrapping_add(other.offset);
        for (value, factor) in other.terms {
            match self.terms.iter_mut().find(|(known, _)| *known == value) {
                Some((_, known)) => *known = known.wrapping_add(factor),
                None => self.terms.push((value, factor)),
            }
        }
        self.terms.retain(|&mut (_, factor)| factor != 0);
        self.terms.sort_unstable();
        self
    }
}

fn form(facts: &Facts<'_>, index: Value, uniform: &dyn Fn(Value) -> bool, i: Int, depth: u32) -> Option<Linear> {
    if let Some(literal) = facts.literal(i) {
        return Some(Linear::literal(literal));
    }
    let v = i.value()?;
    if v == index {
        return Some(Linear { scale: 1, ..Linear::default() });
    }
    let leaf = || uniform(v).then(|| Linear { terms: SmallVec::from_slice(&[(v, 1)]), ..Linear::default() });
    let Some(Op::Prim { prim, args }) = facts.def(v) else {
        return leaf();
    };
    let Some(depth) = depth.checked_sub(1) else {
        return leaf();
    };
    let operand = |k: usize| form(facts, index, uniform, Int::Value(args[k]), depth);
    let found = match prim.row().code {
        Code::Native(Native::IAdd) => operand(0).zip(operand(1)).map(|(a, b)| a.plus(b)),
        Code::Native(Native::ISub) => operand(0).zip(operand(1)).map(|(a, b)| a.plus(b.scaled(-1))),
        Code::Native(Native::INeg) => operand(0).map(|a| a.scaled(-1)),
        Code::Native(Native::IMul) => {
            let literal = |k: usize| facts.literal(Int::Value(args[k]));
            match (literal(0), literal(1)) {
                (_, Some(by)) => operand(0).map(|a| a.scaled(by)),
                (Some(by), None) => operand(1).map(|a| a.scaled(by)),
                (None, None) => None,
            }
        }
        Code::Native(_) | Code::Call => None,
    };
    // Sums of what is the same everywhere are one value, unless that value would come too late: it is computed before the loop in any case.
    match found {
        Some(form) if form.scale != 0 || !uniform(v) => Some(form),
        found => leaf().or(found),
    }
}
