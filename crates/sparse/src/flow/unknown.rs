//! Control that depends on floats: what runs on every path is said of all of them.
//!
//! In: an `if`, a `while` or a `for` whose condition or bounds are not known. Out: values and memory that hold for every path.
//!
//! **`if`.** Both arms run, each from the same memory; results are joined, and so are the elements that either wrote.
//!
//! **Loops.** Whenever a loop may end, what is carried and what it wrote are joined with what they were when it might have ended before (a [`Spread`]); then it goes on. That keeps counters known: the index of
//! a loop that some `break` may leave is exact. It ends when it surely ends, or when an iteration changes nothing. If only integers keep changing, or it takes too long, iterations begin from what was joined
//! (*settled*); now values can only grow, of which there is an end, and after [`PATIENCE`] iterations whatever still changes depends on everything.

use super::machine::{Machine, Owner, Slot, Values};
use super::memory::{Place, Written};
use crate::Mutant;
use crate::value::{Collection, Value};
use adit_ir::{Function, Inst, Op, Region, RunError};
use std::collections::BTreeMap;

/// Iterations in which nothing but integers changes, before they are taken for any.
const IDLE: u32 = 64;

/// Iterations that are followed one by one.
const FOLLOWED: u32 = 1 << 20;

/// Settled iterations before what still changes is said to depend on everything.
const PATIENCE: u32 = 256;

/// A loop that may have ended before.
pub(crate) struct Spread {
    /// What is carried out, however often the loop ran.
    exits: Values,
    /// What was carried when it might have ended the last time.
    last: Values,
    /// Elements that it wrote, however often it ran.
    elements: BTreeMap<Place, Value>,
    /// What was written beside elements by then.
    growth: u64,
    rounds: u32,
    idle: u32,
    /// Whether iterations begin from what was joined.
    settled: bool,
    /// How uncertain it was that the program came to the loop.
    uncertainty: u32,
}

impl Spread {
    pub(super) fn visit(&mut self, see: &mut Collection) {
        self.exits.iter_mut().chain(&mut self.last).for_each(|x| see.visit(x));
        self.elements.values_mut().for_each(|x| see.visit(x));
    }
}

/// What an iteration changed.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Change {
    Nothing,
    Integers,
    Floats,
}

impl<'m> Machine<'m> {
    /// Begins both arms of an `if`.
    pub(super) fn fork(&mut self, then: Region, inst: Inst) {
        self.uncertainty += 1;
        self.memory.start_log();
        self.begin(then, Owner::FirstArm(inst));
    }

    /// Begins the second arm from the memory that the first one found.
    pub(super) fn other_arm(&mut self, f: &'m Function, inst: Inst, first: Values) {
        let written = self.memory.end_log();
        self.memory.undo(&mut self.domain, &written);
        self.memory.start_log();
        if let Op::If { otherwise, .. } = &f.inst(inst).op {
            self.begin(*otherwise, Owner::SecondArm(inst, first, written));
        }
    }

    /// Joins both arms.
    pub(super) fn meet(&mut self, f: &'m Function, inst: Inst, arms: [Values; 2], first: &[Written]) {
        let second = self.memory.end_log();
        self.uncertainty -= 1;
        let [then, otherwise] = arms;
        let both = then.into_iter().zip(otherwise);
        let forgets = self.options.mutant == Some(Mutant::ElseForgotten);
        let joined = both.map(|(a, b)| if forgets { a } else { self.domain.join(a, b) }).collect();
        self.assign(&f.inst(inst).results, joined);
        let mut elements: BTreeMap<Place, Value> = first.iter().map(|w| (w.place, w.now)).collect();
        for w in &second {
            let other = elements.get(&w.place).copied().unwrap_or(w.before);
            let joined = self.domain.join(other, w.now);
            elements.insert(w.place, joined);
        }
        for w in first {
            if second.binary_search_by_key(&w.place, |w| w.place).is_err() {
                let joined = self.domain.join(w.before, w.now);
                elements.insert(w.place, joined);
            }
        }
        self.put(&elements);
    }

    fn put(&mut self, elements: &BTreeMap<Place, Value>) {
        for (&place, &value) in elements {
            self.memory.set(&mut self.domain, place, value);
        }
    }

    /// Begins a `for` of which nobody knows how often it runs.
    pub(super) fn unbounded(
        &mut self,
        f: &'m Function,
        inst: Inst,
        body: Region,
        carried: Values,
    ) -> Result<(), RunError> {
        let spread = self.spread(carried, true);
        self.any_iteration(f, inst, body, spread)
    }

    /// Begins an iteration of which nobody knows the index.
    fn any_iteration(
        &mut self,
        f: &'m Function,
        inst: Inst,
        body: Region,
        spread: Box<Spread>,
    ) -> Result<(), RunError> {
        self.step(f.inst(inst).span)?;
        let params = &f.region(body).params;
        self.set(params[0], Slot::Scalar(Value::Unknown));
        self.assign(&params[1..], spread.exits.clone());
        self.begin(body, Owner::Unbounded(inst, spread));
        Ok(())
    }

    /// Begins the next iteration of such a loop, or ends it.
    pub(super) fn again(
        &mut self,
        f: &'m Function,
        inst: Inst,
        body: Region,
        carried: Values,
        mut spread: Box<Spread>,
    ) -> Result<(), RunError> {
        if self.may_end(&mut spread, &carried) {
            self.end(f, inst, &spread);
            return Ok(());
        }
        self.memory.start_log();
        self.any_iteration(f, inst, body, spread)
    }

    /// Begins the body of a `while`, or ends the loop.
    pub(super) fn decide(
        &mut self,
        f: &'m Function,
        inst: Inst,
        cond: Region,
        goes_on: Value,
        spread: Option<Box<Spread>>,
    ) -> Result<(), RunError> {
        let data = f.inst(inst);
        let Op::While { body, .. } = &data.op else { return Ok(()) };
        let mut carried = self.values(&f.region(cond).params);
        let mut spread = match (goes_on.bool(), spread) {
            (Some(false), None) => {
                self.assign(&data.results, carried);
                return Ok(());
            }
            (Some(false), Some(mut spread)) => {
                self.may_end(&mut spread, &carried);
                self.end(f, inst, &spread);
                return Ok(());
            }
            (Some(true), spread) if !spread.as_ref().is_some_and(|s| s.settled) => spread,
            (_, None) => Some(self.spread(carried.clone(), false)),
            (_, Some(mut spread)) => {
                if self.may_end(&mut spread, &carried) {
                    self.end(f, inst, &spread);
                    return Ok(());
                }
                self.memory.start_log();
                Some(spread)
            }
        };
        if let Some(spread) = spread.as_mut().filter(|spread| spread.settled) {
            carried = spread.exits.clone();
        }
        self.step(data.span)?;
        self.assign(&f.region(*body).params, carried);
        self.begin(*body, Owner::Repetition(inst, spread));
        Ok(())
    }

    /// A loop that may end now for the first time. Starts a log.
    fn spread(&mut self, carried: Values, settled: bool) -> Box<Spread> {
        let (last, growth) = (carried.clone(), self.memory.growth);
        let uncertainty = self.uncertainty;
        self.uncertainty += 1;
        self.memory.start_log();
        let elements = BTreeMap::new();
        Box::new(Spread { exits: carried, last, elements, growth, rounds: 0, idle: 0, settled, uncertainty })
    }

    /// A loop may end again, with this carried: joins it with what was before. Ends the log. Says whether further iterations bring nothing new.
    fn may_end(&mut self, spread: &mut Spread, carried: &[Value]) -> bool {
        let written = self.memory.end_log();
        let change = self.change(spread, carried, &written);
        let wide = spread.settled && spread.rounds > PATIENCE;
        let mut grown = self.memory.growth != spread.growth;
        for (at, &value) in carried.iter().enumerate() {
            let (joined, grows) = self.widened(spread.exits[at], value, wide);
            spread.exits[at] = joined;
            grown |= grows;
        }
        for w in &written {
            let before = spread.elements.get(&w.place).copied().unwrap_or(w.before);
            let (joined, grows) = self.widened(before, w.now, wide);
            spread.elements.insert(w.place, joined);
            grown |= grows;
        }
        spread.growth = self.memory.growth;
        spread.last = carried.iter().copied().collect();
        spread.rounds += 1;
        spread.idle = if change == Change::Integers { spread.idle + 1 } else { 0 };
        if spread.settled {
            self.put_grown(&written, spread);
            return !grown;
        }
        if change == Change::Nothing {
            return true;
        }
        if spread.idle > IDLE || spread.rounds > FOLLOWED {
            (spread.settled, spread.rounds) = (true, 0);
            let elements = std::mem::take(&mut spread.elements);
            self.put(&elements);
            spread.elements = elements;
        }
        false
    }

    /// Writes what was joined for the elements that the last iteration wrote: it began from what was joined for the others.
    fn put_grown(&mut self, written: &[Written], spread: &Spread) {
        for w in written {
            if let Some(&value) = spread.elements.get(&w.place) {
                self.memory.set(&mut self.domain, w.place, value);
            }
        }
    }

    /// What differs from the last time the loop might have ended.
    fn change(&mut self, spread: &Spread, carried: &[Value], written: &[Written]) -> Change {
        if self.memory.growth != spread.growth || written.iter().any(|w| !self.domain.same(w.before, w.now)) {
            return Change::Floats;
        }
        let mut change = Change::Nothing;
        for (&a, &b) in spread.last.iter().zip(carried) {
            if !self.domain.same(a, b) {
                let floats = matches!(a, Value::Float(_)) || matches!(b, Value::Float(_));
                let this = if floats { Change::Floats } else { Change::Integers };
                change = if this > change { this } else { change };
            }
        }
        change
    }

    /// Either of two values, or anything if that is more than the first and `wide`. Says whether it is more.
    fn widened(&mut self, before: Value, more: Value, wide: bool) -> (Value, bool) {
        let joined = self.domain.join(before, more);
        if self.domain.same(before, joined) {
            return (before, false);
        }
        match joined {
            Value::Float(_) if wide => (self.everything, true),
            Value::Known(_) | Value::Float(_) | Value::Unknown => (joined, true),
        }
    }

    /// Ends a loop with what was joined.
    fn end(&mut self, f: &'m Function, inst: Inst, spread: &Spread) {
        self.uncertainty = spread.uncertainty;
        self.put(&spread.elements);
        self.assign(&f.inst(inst).results, spread.exits.clone());
    }
}
