//! What a reverse sweep saves, and why: for people.
//!
//! In: what the sweep asked for when it was made by its plan. Out: one [`Saved`] per field of a record, with the loops around it. Sizes are those of compiled code, where records are packed.

use super::{Asked, Question};
use crate::AdOpt;
use adit_diag::Span;
use adit_ir::{ArrayType, Inst, Op, Region, Value};
use std::fmt;

/// Something that the forward sweep saves for the reverse sweep.
#[derive(Clone, PartialEq, Debug)]
pub struct Saved {
    /// The function that is differentiated.
    pub function: String,
    /// What is saved, in the source: an expression, or the loop that carries it.
    pub span: Span,
    /// The loops around it, outermost first.
    pub loops: Vec<Loop>,
    /// Whether it stands in an `if`, and is saved only where that is taken.
    pub sometimes: bool,
    /// Bytes each time, or those of an element of the array that is saved.
    pub bytes: u64,
    /// The array that is saved, in the names of the function.
    pub array: Option<ArrayType>,
    /// Why.
    pub why: Why,
}

/// A loop around what is saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loop {
    /// Where it stands.
    pub span: Span,
    /// Its place among the instructions of the function: what tells loops of one span apart.
    pub place: u32,
    /// How often it runs, if the text says so.
    pub trips: Option<u64>,
}

/// Why something is saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// A loop carries it.
    Carried,
    /// It is the result of an `if`.
    Branch,
    /// It is the result of a loop.
    Loop,
    /// It is the result of a call.
    Call,
    /// It comes from a tape.
    Tape,
    /// It was read from an element that may be overwritten later.
    Overwritten,
    /// It was read from an array that is gone when the reverse sweep runs.
    Gone,
    /// The reverse sweep is a function of its own, which does not see the arrays of the primal.
    Apart,
    /// Saving it is cheaper than computing it again.
    Cheaper,
    /// The optimisation that could do without is switched off.
    Off,
    /// The number of trips of a `while`.
    Trips,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Carried => "carried by the loop",
            Why::Branch => "the result of an `if`",
            Why::Loop => "the result of a loop",
            Why::Call => "the result of a call",
            Why::Tape => "from a tape",
            Why::Overwritten => "may be overwritten later",
            Why::Gone => "its array is gone by then",
            Why::Apart => "read by a function that stays a call",
            Why::Cheaper => "cheaper to save than to compute again",
            Why::Off => "the optimisation is off",
            Why::Trips => "the number of iterations",
        })
    }
}

impl Question<'_> {
    /// One entry for each thing that was asked for, in the order of the source.
    pub fn report(&self, asked: &Asked) -> Vec<Saved> {
        let mut saved: Vec<(Option<u32>, Saved)> = Vec::new();
        for &v in &asked.values {
            let definition = self.facts.definition(v);
            let span = definition.or_else(|| self.facts.nest.around(self.facts.home(v)));
            let why = definition.map_or(Why::Carried, |inst| self.why(inst));
            let (place, mut entry) = self.entry(span, self.facts.home(v), why);
            entry.bytes = self.source.ty(v).scalar().map_or(8, |ty| ty.bytes() as u64);
            saved.push((place, entry));
        }
        for &(call, array) in &asked.arrays {
            let (place, mut entry) = self.entry(Some(call), self.facts.nest.region(call), self.why_array(call, array));
            entry.array = self.source.ty(array).array().cloned();
            entry.bytes = entry.array.as_ref().map_or(8, |ty| ty.element.bytes() as u64);
            saved.push((place, entry));
        }
        for &inst in &asked.trips {
            saved.push(self.entry(Some(inst), self.facts.nest.region(inst), Why::Trips));
        }
        saved.sort_by_key(|(place, _)| *place);
        saved.into_iter().map(|(_, saved)| saved).collect()
    }

    fn entry(&self, inst: Option<Inst>, home: Region, why: Why) -> (Option<u32>, Saved) {
        let f = self.source;
        let (loops, sometimes) = self.around(home);
        let span = inst.map_or(f.span, |inst| f.inst(inst).span);
        let place = inst.map(|inst| self.facts.nest.position(inst));
        (place, Saved { function: f.name.clone(), span, loops, sometimes, bytes: 8, array: None, why })
    }

    /// Why the result of an instruction is not made again.
    fn why(&self, inst: Inst) -> Why {
        match &self.source.inst(inst).op {
            Op::Load { .. } if !self.opts.has(AdOpt::Reload) => Why::Off,
            Op::Load { array, .. } if self.reads_alike(inst, *array) => Why::Cheaper,
            Op::Load { array, .. } => self.why_array(inst, *array),
            Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } if !self.opts.has(AdOpt::Recompute) => Why::Off,
            Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::Const(_) => Why::Cheaper,
            Op::If { .. } => Why::Branch,
            Op::For { .. } | Op::While { .. } => Why::Loop,
            Op::Call { .. } => Why::Call,
            Op::TapePop { .. } | Op::TapeNew { .. } | Op::TapePush { .. } => Why::Tape,
            // These have no scalar results.
            Op::Alloc { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } => Why::Gone,
            Op::Assert { .. } | Op::Print { .. } => Why::Gone,
        }
    }

    /// Why what an instruction reads of an array is not read again.
    fn why_array(&self, read: Inst, array: Value) -> Why {
        if !self.opts.has(AdOpt::Reload) {
            Why::Off
        } else if self.is_cut {
            Why::Apart
        } else if !self.is_visible(self.facts.home(array)) {
            Why::Gone
        } else {
            debug_assert!(self.overwrites.hit(read, array), "nothing else stands in the way");
            Why::Overwritten
        }
    }

    /// The loops around a region, outermost first, and whether it is in an `if`. What is saved within an iteration that is reversed at once is gone when that ends.
    fn around(&self, region: Region) -> (Vec<Loop>, bool) {
        let (f, nest) = (self.source, &self.facts.nest);
        let (mut loops, mut sometimes, mut region) = (Vec::new(), false, region);
        while let Some(inst) = nest.around(region).filter(|_| !self.is_visible(region)) {
            let data = f.inst(inst);
            #[expect(clippy::wildcard_enum_match_arm, reason = "all that is no loop is an `if`")]
            let trips = match &data.op {
                Op::For { lo, hi, step, .. } => Some(nest.known_trips(f, [*lo, *hi, *step])),
                Op::While { .. } => Some(None),
                _ => None,
            };
            match trips {
                Some(trips) => loops.push(Loop { span: data.span, place: nest.position(inst), trips }),
                None => sometimes = true,
            }
            region = nest.region(inst);
        }
        loops.reverse();
        (loops, sometimes)
    }
}
