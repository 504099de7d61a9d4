//! One call of a loop, divided among threads.
//!
//! In: a [`SpreadCall`] made by the compiler, the function that runs the loop from one bound to another, and the arguments of one execution, 8 bytes each. Out: what one call of the function with all of the range would give,
//! but for the association of sums: each thread runs a piece of the range, on a workspace and with summed arrays of its own; then everything is added up, in the order of the pieces.
//!
//! The pieces depend on the range and on [`Limits::threads`](adit_ir::limits::Limits) alone, so the same call gives the same bits again and again. If several pieces stop the program, the first in the order of iterations is told,
//! which is the one that the loop would have come to. Threads are those of one pool for the whole process, made when first needed; the caller runs the first piece itself. Pieces are not divided further.
//! Memory that pieces use counts: what is left when the loop begins is shared evenly among them.

use crate::context::Context;
use crate::hooks;
use crate::program::Program;
use crate::stack;
use crate::workspace::{Machine, Workspace};
use adit_ir::ScalarType;
use adit_ir::limits::Limits;
use adit_ir::loops::Reduction;
use rayon_core::{ThreadPool, ThreadPoolBuilder};
use serde::{Deserialize, Serialize};
use std::ops::AddAssign;
use std::slice;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

/// Bytes of stack that each thread of the pool has.
const STACK: usize = 16 << 20;

/// Frames of more bytes are not put on such a stack.
const MOST_STACK: u64 = 8 << 20;

/// The function that runs a part: context, arguments, room for results, depth; the status comes back.
pub(crate) type Function = unsafe extern "C" fn(*mut Context, *const u64, *mut u64, u64) -> i32;

/// An extent of an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Length {
    /// Known when compiling.
    Literal(i64),
    /// That argument.
    Word(usize),
}

/// An array to which a loop only adds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Summed {
    /// Which argument is its address.
    pub at: usize,
    /// A float type.
    pub element: ScalarType,
    /// Its extents.
    pub extents: Vec<Length>,
}

impl Summed {
    /// How many bytes it has.
    fn bytes(&self, words: &[u64]) -> usize {
        let extent = |length: &Length| match *length {
            Length::Literal(n) => n as usize,
            Length::Word(at) => words[at] as usize,
        };
        self.extents.iter().map(extent).product::<usize>() * self.element.bytes()
    }
}

/// A call that may be divided, as the compiler knows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SpreadCall {
    /// How many words its arguments take; results follow.
    pub words: usize,
    /// Which argument is the loop's first bound; the second comes next.
    pub bounds: usize,
    /// Whether the loop's step is 1, not -1.
    pub ascends: bool,
    /// Whether it runs from its last index to its first.
    pub reversed: bool,
    /// Arrays of which each piece needs one of its own.
    pub summed: Vec<Summed>,
    /// How each result adds up, and its type.
    pub results: Vec<(Reduction, ScalarType)>,
    /// Which of [`Program::needs`] is that of the function.
    pub place: usize,
}

impl SpreadCall {
    fn trips(&self, words: &[u64]) -> u64 {
        let (lo, hi) = (words[self.bounds] as i64, words[self.bounds + 1] as i64);
        let (first, end) = if self.ascends { (lo, hi) } else { (hi, lo) };
        if first < end { end.wrapping_sub(first) as u64 } else { 0 }
    }

    /// The bytes of all summed arrays.
    fn sums(&self, words: &[u64]) -> u64 {
        self.summed.iter().map(|summed| summed.bytes(words) as u64).sum()
    }

    /// The bounds of one of so many pieces, the first to be run being number 0.
    fn piece(&self, words: &[u64], number: u64, pieces: u64) -> [u64; 2] {
        let trips = self.trips(words);
        let cut = |at: u64| (u128::from(trips) * u128::from(at) / u128::from(pieces)) as u64;
        let (from, to) = match self.reversed {
            false => (cut(number), cut(number + 1)),
            true => (trips - cut(number + 1), trips - cut(number)),
        };
        let lo = words[self.bounds];
        [from, to].map(|at| if self.ascends { lo.wrapping_add(at) } else { lo.wrapping_sub(at) })
    }
}

/// A thread's workspace, and what it is called with.
#[derive(Default)]
pub(crate) struct Mate {
    workspace: Workspace,
    words: Vec<u64>,
    results: Vec<u64>,
    /// The arrays that are summed.
    sums: Vec<Vec<u64>>,
    status: i32,
    details: [i64; 2],
}

impl Mate {
    /// Gets ready for a piece.
    fn prepare(&mut self, call: &SpreadCall, words: &[u64], bounds: [u64; 2], limits: Limits) {
        if self.workspace.limits() != limits {
            self.workspace.set_limits(limits);
        }
        self.words.clear();
        self.words.extend_from_slice(words);
        self.words[call.bounds..call.bounds + 2].copy_from_slice(&bounds);
        self.results.clear();
        self.results.resize(call.results.len(), 0);
        self.sums.resize_with(self.sums.len().max(call.summed.len()), Vec::new);
        for (summed, sum) in call.summed.iter().zip(&mut self.sums) {
            sum.clear();
            sum.resize(summed.bytes(words).div_ceil(8), 0);
            self.words[summed.at] = sum.as_mut_ptr().expose_provenance() as u64;
        }
    }

    /// Runs its piece.
    fn run(&mut self, program: &Program, function: Function, depth: u64, interrupt: Flag) {
        let context = self.workspace.begin(program, stack::limit());
        // SAFETY: the context is that of a call that has begun.
        unsafe { (*context).interrupt = interrupt.0 };
        // SAFETY: the arguments are as the function takes them, but for the bounds, which lie within those that it was called with; there is room for every result; nothing else uses the workspace.
        self.status = unsafe { function(context, self.words.as_ptr(), self.results.as_mut_ptr(), depth) };
        self.workspace.end();
        self.details = self.workspace.details();
    }
}

/// The interruption flag of the call.
#[derive(Clone, Copy)]
struct Flag(*const AtomicBool);

// SAFETY: it leads to a flag that the calling workspace keeps alive, and that any thread may read.
unsafe impl Send for Flag {}

fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let named = |number| format!("adit {number}");
    POOL.get_or_init(|| ThreadPoolBuilder::new().stack_size(STACK).thread_name(named).build().ok()).as_ref()
}

/// Runs a call, in as many pieces as the limits say if that can be done. Gives its status.
///
/// # Safety
/// As for every hook; the call is a place in the running program's list, the function is the one that it is about, and the words are a stack slot with its arguments and room for its results.
pub(crate) unsafe extern "C" fn spread(
    context: *mut Context,
    call: u64,
    function: Function,
    words: *mut u64,
    depth: u64,
) -> u64 {
    // SAFETY: compiled code passes its own context; the reference ends before compiled code runs again.
    let machine = unsafe { hooks::machine(context) };
    // SAFETY: the program is alive during the call.
    let program = unsafe { &*machine.program };
    let call = &program.spreads[call as usize];
    // SAFETY: as promised. The results are written through another pointer, and do not overlap.
    let (args, results) = unsafe { (slice::from_raw_parts(words, call.words), words.add(call.words)) };
    let Some((pool, pieces)) = pieces(machine, program, call, args) else {
        // SAFETY: as promised.
        return unsafe { function(context, args.as_ptr(), results, depth) } as u64;
    };
    let mut crew = prepared(machine, call, args, pieces);
    let flag = Flag(machine.context.interrupt);
    let mut own = args.to_vec();
    own[call.bounds..call.bounds + 2].copy_from_slice(&call.piece(args, 0, pieces));
    let status = pool.in_place_scope(|scope| {
        for mate in &mut crew[..pieces as usize - 1] {
            scope.spawn(move |_| {
                let flag = flag;
                mate.run(program, function, depth, flag);
            });
        }
        // SAFETY: the arguments are those that were promised, but for the bounds, which lie within.
        unsafe { function(context, own.as_ptr(), results, depth) }
    });
    // SAFETY: compiled code has come back, so nothing else uses the machine.
    let machine = unsafe { hooks::machine(context) };
    machine.arena.set_lent(&mut machine.context, 0);
    let mates = &crew[..pieces as usize - 1];
    let status = match mates.iter().find(|mate| mate.status != 0).filter(|_| status == 0) {
        Some(mate) => {
            machine.context.details = mate.details;
            mate.status
        }
        None => status,
    };
    if status == 0 {
        // SAFETY: there is room for as many results, and the arrays have their lengths.
        unsafe { add_up(call, args, slice::from_raw_parts_mut(results, call.results.len()), mates) };
    }
    machine.crew = Some(crew);
    status as u64
}

/// The pool, and how many pieces there are to be: at least two.
fn pieces(
    machine: &Machine,
    program: &Program,
    call: &SpreadCall,
    words: &[u64],
) -> Option<(&'static ThreadPool, u64)> {
    let pieces = (machine.limits.threads as u64).min(call.trips(words));
    let fits = call.sums(words).saturating_mul(pieces) <= machine.arena.left(&machine.context);
    let shallow = program.needs.get(call.place).is_some_and(|&bytes| bytes <= MOST_STACK);
    // Without its crew, a workspace is in the middle of another such call.
    (pieces > 1 && fits && shallow && machine.crew.is_some()).then(pool).flatten().zip(Some(pieces))
}

/// Takes the crew, each of which knows its piece, and shares memory.
fn prepared(machine: &mut Machine, call: &SpreadCall, words: &[u64], pieces: u64) -> Vec<Mate> {
    let mut crew = machine.crew.take().unwrap_or_default();
    crew.resize_with(crew.len().max(pieces as usize - 1), Mate::default);
    let left = machine.arena.left(&machine.context);
    let share = left.saturating_sub(call.sums(words).saturating_mul(pieces - 1)) / pieces;
    let tape_bytes = machine.limits.tape_bytes.map(|bytes| bytes / pieces);
    let limits = Limits { memory_bytes: share, tape_bytes, threads: 1, ..machine.limits };
    for (number, mate) in (1..pieces).zip(&mut crew) {
        mate.prepare(call, words, call.piece(words, number, pieces), limits);
    }
    machine.arena.set_lent(&mut machine.context, left - share);
    crew
}

/// Adds what the crew computed to what the first piece did.
///
/// # Safety
/// The results are those of the first piece, and the words its arguments.
unsafe fn add_up(call: &SpreadCall, words: &[u64], results: &mut [u64], mates: &[Mate]) {
    for mate in mates {
        for (&(reduction, ty), (result, &other)) in call.results.iter().zip(results.iter_mut().zip(&mate.results)) {
            *result = joined(reduction, ty, [*result, other]);
        }
        for (summed, sum) in call.summed.iter().zip(&mate.sums) {
            let count = summed.bytes(words) / summed.element.bytes();
            let add = match summed.element {
                // An empty array may have any address.
                _ if count == 0 => continue,
                ScalarType::F64 => add::<f64>,
                ScalarType::F32 => add::<f32>,
                // Only floats are added to elements.
                ScalarType::I64 | ScalarType::Bool => continue,
            };
            // SAFETY: as promised: the array has as many elements, and so has the sum, which nobody else has.
            unsafe { add(words[summed.at], sum.as_ptr(), count) };
        }
    }
}

/// # Safety
/// There are `count` floats of this type at both addresses, and nobody else looks at them.
unsafe fn add<T: AddAssign + Copy>(to: u64, from: *const u64, count: usize) {
    // SAFETY: as promised.
    let to = unsafe { slice::from_raw_parts_mut(to as *mut T, count) };
    // SAFETY: as promised.
    let from = unsafe { slice::from_raw_parts(from.cast::<T>(), count) };
    to.iter_mut().zip(from).for_each(|(to, from)| *to += *from);
}

/// What two pieces give together.
fn joined(reduction: Reduction, ty: ScalarType, words: [u64; 2]) -> u64 {
    let scalars = words.map(|word| crate::print::scalar(ty, word));
    let joined = reduction.primitive().and_then(|prim| prim.apply(&scalars).ok());
    joined.map_or(words[0], crate::print::bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(ascends: bool, reversed: bool) -> SpreadCall {
        let summed =
            vec![Summed { at: 3, element: ScalarType::F32, extents: vec![Length::Word(0), Length::Literal(3)] }];
        SpreadCall { words: 4, bounds: 1, ascends, reversed, summed, results: Vec::new(), place: 0 }
    }

    /// The indices of the pieces, in the order in which they are told.
    fn indices(call: &SpreadCall, lo: i64, hi: i64, pieces: u64) -> Vec<Vec<i64>> {
        let words = [5, lo as u64, hi as u64, 0];
        let of = |number| {
            let [lo, hi] = call.piece(&words, number, pieces).map(|word| word as i64);
            let all: Vec<i64> = if call.ascends { (lo..hi).collect() } else { (hi + 1..=lo).rev().collect() };
            if call.reversed { all.into_iter().rev().collect() } else { all }
        };
        (0..pieces).map(of).collect()
    }

    #[test]
    fn pieces_come_one_after_the_other_whichever_way_a_loop_runs() {
        assert_eq!(indices(&call(true, false), 2, 9, 3), [vec![2, 3], vec![4, 5], vec![6, 7, 8]]);
        assert_eq!(indices(&call(true, true), 2, 9, 3), [vec![8, 7], vec![6, 5], vec![4, 3, 2]]);
        assert_eq!(indices(&call(false, false), 5, -1, 2), [vec![5, 4, 3], vec![2, 1, 0]]);
        assert_eq!(indices(&call(false, true), 5, -1, 2), [vec![0, 1, 2], vec![3, 4, 5]]);
    }

    #[test]
    fn ranges_of_any_width_are_counted() {
        let trips = |lo: i64, hi: i64| call(true, false).trips(&[0, lo as u64, hi as u64, 0]);
        assert_eq!((trips(3, 3), trips(4, 3), trips(i64::MIN, i64::MAX)), (0, 0, u64::MAX));
        let [first, last] = [0, 2].map(|n| call(true, false).piece(&[0, i64::MIN as u64, i64::MAX as u64, 0], n, 3));
        assert_eq!((first[0] as i64, last[1] as i64), (i64::MIN, i64::MAX));
    }

    #[test]
    fn summed_arrays_have_their_extents() {
        assert_eq!(call(true, false).summed[0].bytes(&[5, 0, 0, 0]), 60);
    }

    #[test]
    fn results_add_up_as_the_loop_would() {
        let floats =
            |reduction, a: f64, b: f64| f64::from_bits(joined(reduction, ScalarType::F64, [a.to_bits(), b.to_bits()]));
        assert_eq!(floats(Reduction::Sum, 2.0, 0.5), 2.5);
        assert_eq!(floats(Reduction::Product, 2.0, 0.5), 1.0);
        assert_eq!((floats(Reduction::Min, 2.0, 0.5), floats(Reduction::Max, 2.0, 0.5)), (0.5, 2.0));
        assert!(floats(Reduction::Max, 2.0, f64::NAN).is_nan());
        assert_eq!(joined(Reduction::IntegerSum, ScalarType::I64, [3, (-5_i64) as u64]) as i64, -2);
    }
}
