//! Values of a nest as sums of products.
//!
//! In: arithmetic on elements. Out: [`Sum`]s, each perhaps on top of a carried value; and of a term and the place where it is added, the [`Task`] that it is.

use super::{Access, Task, Weight};
use crate::entities::Value;
use crate::prim::Native;
use crate::types::ScalarType;
use smallvec::{SmallVec, smallvec};

/// More terms than that are no matrix product.
const MOST: usize = 8;

/// An element, or a product of two, perhaps added up over loops.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Term {
    /// Accesses, by place.
    pub(super) factors: SmallVec<[usize; 2]>,
    /// Whether the first factor makes it zero by being zero.
    pub(super) weighs: bool,
    pub(super) negative: bool,
    /// The loops that it has been added up in, as bits.
    pub(super) over: u8,
}

/// A sum of terms.
#[derive(Clone, PartialEq, Default, Debug)]
pub(super) struct Sum {
    /// The carried value that it is added to.
    pub(super) base: Option<Value>,
    pub(super) terms: Vec<Term>,
}

impl Sum {
    pub(super) fn element(access: usize) -> Sum {
        let term = Term { factors: smallvec![access], weighs: false, negative: false, over: 0 };
        Sum { base: None, terms: vec![term] }
    }

    pub(super) fn carried(param: Value) -> Sum {
        Sum { base: Some(param), terms: Vec::new() }
    }

    /// What an operation gives, if it is one of those that products are made of.
    pub(super) fn of(native: Native, operands: &[&Sum]) -> Option<Sum> {
        match (native, operands) {
            (Native::FMul, [a, b]) => a.times(b, false),
            (Native::FSmul, [a, b]) => a.times(b, true),
            (Native::FAdd, [a, b]) => a.plus(b, false),
            (Native::FSub, [a, b]) => a.plus(b, true),
            (Native::FNeg, [a]) => Sum::default().plus(a, true),
            _ => None,
        }
    }

    /// The element that it is, if it is one as it was read.
    fn single(&self) -> Option<usize> {
        match (&self.terms[..], self.base) {
            ([Term { factors, negative: false, over: 0, .. }], None) if factors.len() == 1 => Some(factors[0]),
            _ => None,
        }
    }

    fn times(&self, other: &Sum, weighs: bool) -> Option<Sum> {
        let factors = smallvec![self.single()?, other.single()?];
        Some(Sum { base: None, terms: vec![Term { factors, weighs, negative: false, over: 0 }] })
    }

    /// The sum or the difference. Nothing is ever taken from what is carried but by the left.
    pub(super) fn plus(&self, other: &Sum, negative: bool) -> Option<Sum> {
        let base = match (self.base, other.base) {
            (base, None) => base,
            (None, base) if !negative => base,
            _ => return None,
        };
        let others = other.terms.iter().map(|term| Term { negative: term.negative != negative, ..term.clone() });
        let terms: Vec<Term> = self.terms.iter().cloned().chain(others).collect();
        (terms.len() <= MOST).then_some(Sum { base, terms })
    }

    /// The same, added up in these loops.
    pub(super) fn over(mut self, loops: u8) -> Sum {
        self.terms.iter_mut().for_each(|term| term.over |= loops);
        self
    }
}

impl Term {
    /// The task of adding this to an element.
    pub(super) fn task(&self, to: &Access, accesses: &[Access], float: ScalarType, overwrites: bool) -> Option<Task> {
        let &[first, second] = &self.factors[..] else { return None };
        let (mut left, mut right) = (&accesses[first], &accesses[second]);
        let mut weight = self.weighs.then_some(Weight::Left);
        if is_second_first(to, left, right) {
            (left, right) = (right, left);
            weight = self.weighs.then_some(Weight::Right);
        }
        let [rows, terms, columns] = roles(self.over, [to, left, right])?;
        let factors = Some([left.clone(), right.clone()]);
        let (to, negative) = (to.clone(), self.negative);
        Some(Task { float, to, factors, rows, terms, columns, negative, weight, overwrites })
    }
}

/// Whether the result has the second factor's index first: then that is its row.
fn is_second_first(to: &Access, left: &Access, right: &Access) -> bool {
    let first = to.subscripts.iter().find_map(|form| form.along);
    first.is_some_and(|(l, _)| left.loops() & (1 << l) == 0 && right.loops() & (1 << l) != 0)
}

/// The loops over rows, terms and columns, if each index is one of these and nothing else.
fn roles(over: u8, [to, left, right]: [&Access; 3]) -> Option<[Option<usize>; 3]> {
    let mut roles = [None; 3];
    let masks = [to.loops(), left.loops(), right.loops()];
    if masks.iter().any(|&mask| mask & !over != 0) {
        return None;
    }
    for l in (0..8).filter(|l| over & (1 << l) != 0) {
        let role = match masks.map(|mask| mask & (1 << l) != 0) {
            [true, true, false] => 0,
            [false, true, true] => 1,
            [true, false, true] => 2,
            _ => return None,
        };
        if roles[role].replace(l).is_some() {
            return None;
        }
    }
    Some(roles)
}
