//! Passing values: each leaf straight to its word of the call, and back.
//!
//! In: the values of a host, which walk over their own leaves ([`Leaves`](super::Leaves)), and a [`Plan`]. Out: a call with all its arguments, errors in the words of the program; after the call, scalars
//! written where the host wants them ([`Take`]). Arrays that a host does not give lie in the workspace.
//!
//! A pass may find the workspace too small. Then nothing runs, the workspace grows, and all is passed again: [`Ran::Grow`].

mod sizes;
mod watch;

use super::arguments::Argument;
use super::fault::{Fault, UNKNOWN_NAME, argument_name, leaf_of};
use super::memory::{Carver, Number, Sizes, Workspace};
use super::plan::{Group, Like, Plan, Target};
use super::take::Take;
use crate::calls::Shape;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::value::count;
use adit_ir::ScalarType;
use adit_runtime::{Entry, Misfit, OwnedTape, Staged, Stop};
use adit_sema::layout::Leaf;
use smallvec::SmallVec;

/// Extents of an array.
pub(crate) type Extents = SmallVec<[usize; 4]>;

/// What a handle calls.
#[derive(Debug)]
pub(crate) struct Callee {
    pub(crate) function: Function,
    pub(crate) entry: Entry,
    pub(crate) plan: Plan,
    /// The type of what it returns first, if that is a number.
    pub(crate) first: Option<ScalarType>,
}

/// Values on their way into a call. [`Leaves`](super::Leaves) of a host's own hand their parts over to it.
#[derive(Debug)]
pub struct Pass<'a> {
    target: &'a Callee,
    group: &'a Group,
    staged: Staged<'a, 'a>,
    machine: &'a mut adit_runtime::Workspace,
    carver: Carver<'a>,
    /// The leaf that comes next, and the end of the value's.
    leaf: usize,
    end: usize,
    item: usize,
    depth: usize,
    /// Whether what is written starts at zero.
    fresh: bool,
    /// Whether what is lent stays as it is.
    preserve: bool,
    /// Whether nothing is given, and extents are compared with those of arguments.
    probe: bool,
    /// Where floats that are read go, instead of into the call.
    gathered: Option<&'a mut Vec<f64>>,
    /// Where extents and integers go beside.
    witness: Option<&'a mut Vec<i64>>,
    /// More is done with what comes than to give it: it is compared, or listed.
    watched: bool,
    fault: Option<(&'a Group, Fault)>,
    /// The extents of the augmented primal's arguments, where its reverse is called.
    shapes: &'a [Extents],
}

/// How a pass ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ran {
    Done,
    /// The workspace must grow first.
    Grow(Sizes),
}

impl Workspace {
    /// Begins a call.
    #[inline]
    pub(super) fn begin<'a>(&'a mut self, target: &'a Callee) -> Pass<'a> {
        self.serve(target.function.options_arc());
        let Workspace { machine, staging, scratch, placed, .. } = self;
        let carver = Carver::new(scratch, placed);
        Pass {
            group: &target.plan.params,
            staged: target.entry.stage(staging),
            target,
            machine,
            carver,
            leaf: 0,
            end: 0,
            item: 0,
            depth: 0,
            fresh: false,
            preserve: false,
            probe: false,
            gathered: None,
            witness: None,
            watched: false,
            fault: None,
            shapes: &[],
        }
    }

    /// Whether the call ran; otherwise the workspace is larger now.
    #[inline]
    pub(super) fn ran(&mut self, target: &Callee, ran: Ran) -> Result<bool> {
        match ran {
            Ran::Done => Ok(true),
            Ran::Grow(sizes) => self.grow(target, sizes),
        }
    }

    #[cold]
    fn grow(&mut self, target: &Callee, sizes: Sizes) -> Result<bool> {
        let [a, b, c, d] = sizes.map(|n| n as u64);
        let words = a.checked_add(c).and_then(|n| n.checked_mul(8));
        let bytes = words.and_then(|n| n.checked_add(b.checked_mul(4)?)?.checked_add(d));
        target.function.within_memory(bytes)?;
        self.scratch.grow(sizes);
        Ok(false)
    }

    /// Reads the scalars of values of a group out of the results of the last call.
    #[inline]
    pub(super) fn take<'w>(&'w self, group: &'w Group) -> Take<'w> {
        Take { workspace: self, group, leaf: 0, add: false, row: None, mismatch: false }
    }
}

impl<'a> Pass<'a> {
    #[inline]
    fn shape(&self) -> &'a Shape {
        self.target.function.shape()
    }

    #[cold]
    fn fail(&mut self, fault: Fault) {
        if self.fault.is_none() {
            self.fault = Some((self.group, fault));
        }
    }

    #[cold]
    fn misfits(&mut self, leaf: usize, misfit: Misfit, found: &'static str) {
        self.fail(Fault::Misfit(leaf, misfit, found));
    }

    /// Values of this group come next. What is written starts at zero if `fresh`.
    #[inline]
    pub(super) fn group(&mut self, group: &'a Group, fresh: bool) {
        (self.group, self.fresh) = (group, fresh);
        (self.leaf, self.end, self.item, self.depth) = (0, 0, 0, 0);
    }

    /// Values of the same group come once more.
    pub(super) fn again(&mut self) {
        self.group(self.group, self.fresh);
    }

    /// The one value of this group comes.
    #[inline]
    pub(super) fn one(&mut self, group: &'a Group, fresh: bool, value: &'a mut impl Argument) {
        self.group(group, fresh);
        self.item();
        value.pass(self);
        self.done();
    }

    /// The tape comes, with the extents of the arguments that it was written of.
    pub(super) fn tape(&mut self, tape: &'a mut OwnedTape, shapes: &'a [Extents]) {
        self.shapes = shapes;
        if let Some(at) = self.target.plan.tape {
            let given = self.staged.tape(at, tape);
            debug_assert!(given.is_ok(), "argument {at}: {given:?}");
        }
    }

    /// What is lent is copied from now on, and stays as it is.
    pub(super) fn preserve(&mut self) {
        self.preserve = true;
    }

    /// What is lent is written again.
    pub(super) fn lend(&mut self) {
        self.preserve = false;
    }

    /// The next value of the group comes.
    #[inline]
    pub(super) fn item(&mut self) {
        self.ended();
        match self.group.items.get(self.item) {
            Some(leaves) => (self.leaf, self.end) = (leaves.start, leaves.end),
            None => self.fail(Fault::Count(self.item + 1)),
        }
        self.item += 1;
    }

    /// No value comes: of what is written, none is wanted.
    #[inline]
    pub(super) fn nothing(&mut self) {
        if !self.fresh {
            self.done();
        }
    }

    /// No more values come.
    #[inline]
    pub(super) fn done(&mut self) {
        self.ended();
        if self.item < self.group.items.len() {
            self.fail(Fault::Count(self.item));
        }
    }

    #[inline]
    fn ended(&mut self) {
        if self.leaf < self.end {
            self.fail(Fault::Fewer(self.leaf));
        }
        self.leaf = self.end;
    }

    /// The value that comes is lent to the function, or is written for another reason.
    pub(super) fn is_written(&self) -> bool {
        let leaf = self.group.items.get(self.item.wrapping_sub(1)).map(|leaves| leaves.start);
        let lent = |leaf: usize| self.shape().layout.params.get(leaf).is_some_and(|leaf| leaf.lent);
        !self.of_function() || leaf.is_some_and(lent)
    }

    /// Whether the function's own arguments come.
    #[inline]
    fn of_function(&self) -> bool {
        std::ptr::eq(self.group, &self.target.plan.params)
    }

    /// Nothing is given for the rest of the value.
    #[inline]
    pub(super) fn rest(&mut self) {
        self.leaf = self.end;
    }

    /// Parts of a struct or a tuple follow, each announced by [`Pass::field`].
    #[inline]
    pub fn enter(&mut self) {
        self.depth += 1;
    }

    /// The parts of a struct or a tuple are all there.
    #[inline]
    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The field of this name comes; fields of tuples are called by their number.
    #[inline]
    pub fn field(&mut self, name: &str) {
        if self.expected() != Some(name) {
            self.fail(Fault::Field(self.leaf, name.into()));
        }
    }

    /// What the next field is called.
    #[inline]
    pub(super) fn expected(&self) -> Option<&'a str> {
        if self.leaf >= self.end {
            return None;
        }
        let steps = &self.leaf_at(self.leaf).path.steps;
        steps.get(self.depth.wrapping_sub(1)).map(|(_, name)| &**name)
    }

    /// The type of the number or of the elements that come next.
    pub(super) fn element(&self) -> Option<ScalarType> {
        (self.leaf < self.end).then(|| self.leaf_at(self.leaf).element)
    }

    #[inline]
    fn leaf_at(&self, leaf: usize) -> &'a Leaf {
        leaf_of(self.shape(), self.group, leaf)
    }

    /// The next leaf.
    #[inline]
    fn next(&mut self) -> Option<usize> {
        let leaf = self.leaf;
        if leaf >= self.end {
            self.fail(Fault::More(leaf));
            return None;
        }
        self.leaf = leaf + 1;
        Some(leaf)
    }

    /// A number.
    #[inline(always)]
    pub fn scalar<T: Number>(&mut self, x: T) {
        let Some(leaf) = self.next() else { return };
        if self.watched {
            return self.watch(leaf, x);
        }
        let given = match self.group.targets[leaf] {
            Target::Slot(at) | Target::Lanes(at) => self.staged.scalar(at, x),
            Target::Result(_) if self.group.elements[leaf] != T::TYPE => Err(Misfit::Element),
            Target::Result(_) | Target::Skip => Ok(()),
        };
        if let Err(misfit) = given {
            self.misfits(leaf, misfit, T::NAME);
        }
    }

    /// An array that is read, row major.
    #[inline(always)]
    pub fn array<T: Number>(&mut self, dims: &[usize], x: &'a [T]) {
        let Some(leaf) = self.next() else { return };
        if self.watched {
            return self.watch_array(leaf, dims, x);
        }
        let given = self.read(leaf, dims, x);
        if let Err(misfit) = given {
            self.misfits(leaf, misfit, T::NAME);
        }
    }

    #[inline(always)]
    fn read<T: Number>(&mut self, leaf: usize, dims: &[usize], x: &'a [T]) -> std::result::Result<(), Misfit> {
        match self.group.targets[leaf] {
            Target::Slot(at) | Target::Lanes(at) if self.staged.writes(at) => self.copied(at, dims, x),
            Target::Slot(at) | Target::Lanes(at) => self.staged.array(at, dims, x),
            Target::Result(_) => Err(Misfit::Kind),
            Target::Skip => Ok(()),
        }
    }

    /// An array that could be written, and is to stay as it is.
    #[inline(never)]
    fn preserved<T: Number>(&mut self, dims: &[usize], x: &'a [T]) {
        self.array(dims, x);
    }

    /// An array that is written, row major.
    #[inline(always)]
    pub fn array_mut<T: Number>(&mut self, dims: &[usize], x: &'a mut [T]) {
        if self.preserve {
            return self.preserved(dims, x);
        }
        let Some(leaf) = self.next() else { return };
        let target = self.group.targets[leaf];
        if self.fresh && target != Target::Skip {
            x.fill(T::default());
        }
        let given = match target {
            Target::Slot(at) | Target::Lanes(at) if self.probe => return self.compare::<T>(leaf, at, dims),
            // A buffer for what is not written serves to be read, but for arguments of the function: there it is a mistake.
            Target::Slot(at) | Target::Lanes(at) if !self.staged.writes(at) && !self.of_function() => {
                self.staged.array(at, dims, x)
            }
            Target::Slot(at) | Target::Lanes(at) => self.staged.array_mut(at, dims, x),
            Target::Result(_) => Err(Misfit::Kind),
            Target::Skip => Ok(()),
        };
        if let Err(misfit) = given {
            self.misfits(leaf, misfit, T::NAME);
        }
    }

    /// An array whose elements do not lie row by row in memory: it is copied. `get` gives the elements row by row; if it is written, [`Take::elements`] brings them back.
    pub fn elements<T: Number>(&mut self, dims: &[usize], written: bool, get: impl Fn(usize) -> T) {
        let Some(leaf) = self.next() else { return };
        let target = self.group.targets[leaf];
        let (Target::Slot(at) | Target::Lanes(at)) = target else {
            if matches!(target, Target::Result(_)) {
                self.fail(Fault::Misfit(leaf, Misfit::Kind, T::NAME));
            }
            return;
        };
        let n = count(dims);
        self.seen(dims, n, &get);
        if self.probe {
            if let Some(to) = &mut self.gathered {
                to.extend((0..n).map(|i| get(i).wide()));
            }
            return self.compare::<T>(leaf, at, dims);
        }
        let Some(copy) = self.carver.carve::<T>(at, n) else { return };
        let zero = written && self.fresh;
        copy.iter_mut().enumerate().for_each(|(i, x)| *x = if zero { T::default() } else { get(i) });
        let lent = written && !self.preserve;
        let given = if lent || self.staged.writes(at) {
            self.staged.array_mut(at, dims, copy)
        } else {
            self.staged.array(at, dims, copy)
        };
        if let Err(misfit) = given {
            self.misfits(leaf, misfit, T::NAME);
        }
    }

    /// What comes can only be read; it is refused where something is to be received.
    #[inline]
    pub(super) fn shown(&mut self) {
        if self.group.receives {
            self.unwritable();
        }
    }

    /// What comes cannot be written, and is to be: it is refused.
    pub(super) fn unwritable(&mut self) {
        self.fail(Fault::Misfit(self.leaf.min(self.end.saturating_sub(1)), Misfit::ReadOnly, ""));
    }

    /// The extents that the next leaf is to have, where it is overwritten and the other arguments say them.
    pub(crate) fn wanted(&self) -> Option<Extents> {
        self.extents(self.wanted_of()?)
    }

    /// How long the next leaf is to be, an array of one dimension that is overwritten.
    #[inline]
    pub(crate) fn wanted_length(&self) -> Option<usize> {
        let at = self.wanted_of()?;
        match self.given_with(at) {
            Some(&[n]) => Some(n),
            Some(_) => None,
            None => self.extents(at).filter(|dims| dims.len() == 1).map(|dims| dims[0]),
        }
    }

    /// The argument whose extents the next leaf is to have.
    #[inline]
    fn wanted_of(&self) -> Option<usize> {
        // What is read, or added to, is as it is.
        if self.leaf >= self.end || !self.fresh {
            return None;
        }
        match self.group.targets[self.leaf] {
            Target::Slot(at) | Target::Lanes(at) if self.probe => Some(self.origin(at)),
            Target::Slot(at) | Target::Lanes(at) if self.like(at) != Like::Given => Some(at),
            Target::Slot(_) | Target::Lanes(_) | Target::Skip | Target::Result(_) => None,
        }
    }

    /// A copy of an array, in the workspace.
    #[inline(never)]
    fn copied<T: Number>(&mut self, at: usize, dims: &[usize], x: &[T]) -> std::result::Result<(), Misfit> {
        match self.carver.carve::<T>(at, x.len()) {
            Some(copy) => {
                copy.copy_from_slice(x);
                self.staged.array_mut(at, dims, copy)
            }
            None => Ok(()),
        }
    }

    /// Zeros for an array argument; `None` if there is no room yet.
    pub(super) fn zeros<T: Number>(&mut self, at: usize, dims: &[usize]) -> Option<&'a mut [T]> {
        let zeros = self.carver.carve::<T>(at, count(dims))?;
        zeros.fill(T::default());
        Some(zeros)
    }

    /// Gives an array of zeros with these extents, after `change`.
    pub(super) fn blank<T: Number>(&mut self, at: usize, dims: &[usize], change: impl FnOnce(&mut [T])) {
        let Some(zeros) = self.zeros::<T>(at, dims) else { return };
        change(zeros);
        self.give_own(at, dims, zeros);
    }

    /// Gives an array with these extents after `fill` has written all of it.
    pub(super) fn filled<T: Number>(&mut self, at: usize, dims: &[usize], fill: impl FnOnce(&mut [T])) {
        let Some(array) = self.carver.carve::<T>(at, count(dims)) else { return };
        fill(array);
        self.give_own(at, dims, array);
    }

    /// Gives an array of the workspace.
    fn give_own<T: Number>(&mut self, at: usize, dims: &[usize], array: &'a mut [T]) {
        // Whether it is written decides how it is given; both are of the plan's own making, so they fit.
        let given = if self.staged.writes(at) {
            self.staged.array_mut(at, dims, array)
        } else {
            self.staged.array(at, dims, array)
        };
        debug_assert!(given.is_ok(), "argument {at}: {given:?}");
    }

    /// A float argument of either precision.
    pub(super) fn float(&mut self, at: usize, x: f64) {
        let given = match self.target.plan.elements[at] {
            ScalarType::F32 => self.staged.scalar(at, x as f32),
            ScalarType::F64 | ScalarType::I64 | ScalarType::Bool => self.staged.scalar(at, x),
        };
        debug_assert!(given.is_ok(), "argument {at}: {given:?}");
    }

    /// Seeds: the first is this, the others are 0.
    #[inline]
    pub(super) fn seeds(&mut self, first: f64) {
        let target = self.target;
        for (k, &(at, _)) in target.plan.seeds.iter().enumerate() {
            self.float(at, if k == 0 { first } else { 0.0 });
        }
    }

    /// How many directions go at once.
    pub(super) fn lanes(&self) -> usize {
        self.target.plan.lanes
    }

    /// Whose extents an argument has.
    pub(super) fn like(&self, at: usize) -> Like {
        self.target.plan.likes[at]
    }

    /// The element type of an argument.
    pub(super) fn type_of(&self, at: usize) -> ScalarType {
        self.target.plan.elements[at]
    }

    /// That everything given fits, and whether there was room for it.
    pub(super) fn checked(&self) -> Result<Ran> {
        self.faultless()?;
        if self.carver.short {
            return Ok(Ran::Grow(self.carver.wanted()));
        }
        if let Err(d) = self.staged.check() {
            return Err(self.disagreement(d.found.param));
        }
        self.sizes()?;
        Ok(Ran::Done)
    }

    #[inline]
    fn faultless(&self) -> Result<()> {
        match &self.fault {
            None => Ok(()),
            Some((group, fault)) => Err(fault.error(self.target, group)),
        }
    }

    /// Gives what nobody gave, and runs.
    pub(super) fn run(&mut self) -> Result<Ran> {
        self.faultless()?;
        if !self.carver.short {
            if !self.target.plan.plain {
                self.sizes()?;
            }
            self.complete()?;
        }
        if self.carver.short {
            return Ok(Ran::Grow(self.carver.wanted()));
        }
        let ran = match &self.target.function.options().clock {
            None => self.staged.run(self.machine),
            Some(_) => self.timed(),
        };
        match ran {
            Ok(()) => Ok(Ran::Done),
            Err(stop) => Err(self.stopped(&stop)),
        }
    }

    #[cold]
    fn timed(&mut self) -> std::result::Result<(), Stop> {
        let Pass { staged, machine, target, .. } = self;
        target.function.options().timed("run", || staged.run(machine))
    }

    #[cold]
    fn stopped(&self, stop: &Stop) -> Error {
        match stop {
            Stop::Sizes(d) => self.disagreement(d.found.param),
            Stop::Run(e) => Error::run(e, self.target.function.sources().clone()),
        }
    }

    /// Arrays of zeros for the arguments that nobody gave.
    #[inline]
    fn complete(&mut self) -> Result<()> {
        match self.staged.missing() {
            None => Ok(()),
            Some(first) => self.complete_from(first),
        }
    }

    fn complete_from(&mut self, first: usize) -> Result<()> {
        let plan = &self.target.plan;
        for at in first..plan.likes.len() {
            if self.staged.is_given(at) {
                continue;
            }
            if plan.likes[at] == Like::Given {
                return Err(Error::input(UNKNOWN_NAME, format!("{} was not given", argument_name(self.target, at))));
            }
            let Some(dims) = self.extents(at) else { return Err(self.disagreement(at)) };
            match plan.elements[at] {
                ScalarType::F64 => self.blank::<f64>(at, &dims, |_| ()),
                ScalarType::F32 => self.blank::<f32>(at, &dims, |_| ()),
                ScalarType::I64 => self.blank::<i64>(at, &dims, |_| ()),
                ScalarType::Bool => self.blank::<bool>(at, &dims, |_| ()),
            }
        }
        Ok(())
    }
}
