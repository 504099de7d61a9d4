//! Calls from outside.
//!
//! In: arguments as hosts have them, and a workspace. Out: results, or why there are none. Everything that compiled code relies on is checked here first: the number, kinds and ranks of
//! arguments, that extents multiply to the number of elements, that extents which must agree do, that no written array overlaps another, that the stack has room.

use crate::context::Context;
use crate::program::Program;
use crate::seats::Seats;
use crate::{Workspace, print, stack};
use adit_diag::Span;
use adit_ir::shape::{Extent, Shapes, Wanted};
use adit_ir::{Argument, Elements, Function, Passing, RunError, Scalar, ScalarType, Trap, Type};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// No thread is made for frames of more bytes.
const MOST_STACK: u64 = 1 << 30;

/// What a thread made for large frames has beyond them.
const SPARE_STACK: usize = 1 << 20;

/// How compiled code is called from outside: context, arguments (values of dimensions, then parameters) and room for results, 8 bytes each, further calls allowed; the status comes back.
type Trampoline = unsafe extern "C" fn(*mut Context, *const u64, *mut u64, u64) -> i32;

/// Code in memory, with what it needs to run.
pub struct Loaded {
    /// Frees the code when it goes.
    _memory: Box<dyn Any + Send + Sync>,
    pub(crate) program: Program,
}

impl Loaded {
    /// Code with its tables. The memory is freed with it.
    pub fn new(memory: Box<dyn Any + Send + Sync>, program: Program) -> Self {
        Loaded { _memory: memory, program }
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("sites", &self.program.sites.len()).finish_non_exhaustive()
    }
}

/// What a parameter takes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Kind {
    Scalar(ScalarType),
    Array {
        element: ScalarType,
        rank: usize,
        passing: Passing,
    },
    /// Hosts have nothing to pass for it.
    Tape,
}

/// The outside of one compiled function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signature {
    name: String,
    span: Span,
    pub(crate) params: Vec<Kind>,
    /// Where the extents of each parameter begin in a list of all, and how many there are.
    pub(crate) first_extent: Vec<usize>,
    pub(crate) extents: usize,
    pub(crate) results: Vec<ScalarType>,
    pub(crate) shapes: Shapes,
    /// The words of the checks that [`Shapes`] lists.
    words: Vec<String>,
}

/// Arguments, 8 bytes each.
type Words = SmallVec<[u64; 24]>;

impl Signature {
    /// Whether an argument is an array that the function writes.
    pub fn writes(&self, at: usize) -> bool {
        matches!(self.params.get(at), Some(Kind::Array { passing: Passing::Mut, .. }))
    }

    /// That of a function.
    pub fn of(f: &Function) -> Self {
        let kind = |p: &adit_ir::Param| match f.ty(p.value) {
            Type::Scalar(s) => Kind::Scalar(*s),
            Type::Array(a) => Kind::Array { element: a.element, rank: a.dims.len(), passing: p.passing },
            Type::Tape(_) => Kind::Tape,
        };
        let shapes = Shapes::of(f);
        let words = shapes.checks.iter().map(|c| c.what(f)).collect();
        let ranks = f.params.iter().map(|p| f.ty(p.value).array().map_or(0, |a| a.dims.len()));
        let mut extents = 0;
        let first = |rank: usize| {
            extents += rank;
            extents - rank
        };
        let first_extent = ranks.map(first).collect();
        Signature {
            name: f.name.clone(),
            span: f.span,
            params: f.params.iter().map(kind).collect(),
            first_extent,
            extents,
            results: f.results.clone(),
            shapes,
            words,
        }
    }
}

/// A compiled function, ready to be called. Keeps its code alive.
#[derive(Clone)]
pub struct Entry {
    code: Arc<Loaded>,
    signature: Arc<Signature>,
    /// The same, flat.
    seats: Arc<Seats>,
    address: *const u8,
    /// The bytes of stack that a call takes, recursion aside; all there are if no stack can hold them.
    needs: u64,
}

// SAFETY: the address points into code that the entry keeps alive and that nobody changes.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.signature.name).finish_non_exhaustive()
    }
}

impl Entry {
    /// A function of loaded code.
    ///
    /// # Safety
    /// At the address is a trampoline for a function of this signature, whose memory lives as long as the code; the place is that of its need of stack.
    pub unsafe fn new(code: Arc<Loaded>, signature: Arc<Signature>, address: *const u8, place: usize) -> Self {
        let needs = code.program.needs.get(place).copied().filter(|&needs| needs <= MOST_STACK).unwrap_or(u64::MAX);
        let seats = Arc::new(Seats::of(&signature));
        Entry { code, signature, seats, address, needs }
    }

    #[inline]
    pub(crate) fn seats(&self) -> &Seats {
        &self.seats
    }

    #[inline]
    pub(crate) fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.signature.name
    }

    /// Runs the function. `results` is cleared first and holds its results afterwards; `mut` arrays hold what the function wrote, even if it stopped half-way. Arguments that do not fit
    /// the signature are a [`Trap::ShapeMismatch`], for the interpreter too.
    pub fn call(
        &self,
        workspace: &mut Workspace,
        args: &mut [Argument<'_>],
        results: &mut Vec<Scalar>,
    ) -> Result<(), RunError> {
        results.clear();
        let signature = &*self.signature;
        let mut words = SmallVec::new();
        signature.check_kinds(args)?;
        signature.check_overlap(args)?;
        self.check_room(workspace)?;
        signature.check_shapes(args)?;
        signature.pass(args, &mut words);
        let mut returned = [0_u64; 8];
        if signature.results.len() <= returned.len() {
            self.run(workspace, &words, &mut returned)?;
            results.extend(signature.results.iter().zip(returned).map(|(&ty, bits)| print::scalar(ty, bits)));
        } else {
            let mut returned = vec![0_u64; signature.results.len()];
            self.run(workspace, &words, &mut returned)?;
            results.extend(signature.results.iter().zip(returned).map(|(&ty, bits)| print::scalar(ty, bits)));
        }
        Ok(())
    }

    /// Refuses a call beyond the depth limit, or one whose frames no stack can hold.
    fn check_room(&self, workspace: &Workspace) -> Result<(), RunError> {
        let depth = workspace.depth();
        if depth > 0 && self.needs <= MOST_STACK {
            return Ok(());
        }
        let details = if depth == 0 { [0; 2] } else { self.frames() };
        Err(RunError::with_details(Trap::RecursionTooDeep, self.signature.span, details))
    }

    /// What [`Trap::RecursionTooDeep`] tells where a stack has no room for the function.
    fn frames(&self) -> [i64; 2] {
        [0, i64::try_from(self.needs).unwrap_or(i64::MAX)]
    }

    /// Runs the function on checked arguments: here, or on a thread of its own if this one's stack is too small for its frames.
    #[inline(always)]
    pub(crate) fn run(&self, workspace: &mut Workspace, args: &[u64], results: &mut [u64]) -> Result<(), RunError> {
        let limit = stack::limit();
        if self.needs <= stack::here().saturating_sub(limit) as u64 && workspace.depth() > 0 {
            return self.run_here(workspace, limit, args, results);
        }
        self.run_apart(workspace, args, results)
    }

    /// Runs the function on a thread of its own, if there may be one.
    #[cold]
    fn run_apart(&self, workspace: &mut Workspace, args: &[u64], results: &mut [u64]) -> Result<(), RunError> {
        self.check_room(workspace)?;
        let size = usize::try_from(self.needs).unwrap_or(usize::MAX).saturating_add(SPARE_STACK);
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(size);
            let thread = thread.spawn_scoped(scope, || self.run_here(workspace, stack::limit(), args, results));
            match thread.map(std::thread::ScopedJoinHandle::join) {
                Ok(Ok(outcome)) => outcome,
                // What a sink panicked with goes on from the call.
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(_) => Err(RunError::with_details(Trap::RecursionTooDeep, self.signature.span, self.frames())),
            }
        })
    }

    /// Runs the function on this thread's stack, which may go down to this address.
    #[inline(always)]
    fn run_here(
        &self,
        workspace: &mut Workspace,
        stack_limit: usize,
        args: &[u64],
        results: &mut [u64],
    ) -> Result<(), RunError> {
        let depth = workspace.depth().saturating_sub(1);
        let context = workspace.begin(&self.code.program, stack_limit);
        // SAFETY: the address is that of a trampoline of this type in code that `self.code` keeps alive.
        let function = unsafe { std::mem::transmute::<*const u8, Trampoline>(self.address) };
        // SAFETY: the arguments are as the signature asks, checked by `call`; there is room for every result; the context is good until `end`, and nothing else uses the workspace.
        let status = unsafe { function(context, args.as_ptr(), results.as_mut_ptr(), u64::from(depth)) };
        workspace.end();
        if status > 0 { Err(self.stopped(status, workspace)) } else { Ok(()) }
    }

    /// Why the function returned this status.
    #[cold]
    fn stopped(&self, status: i32, workspace: &mut Workspace) -> RunError {
        let site = usize::try_from(status - 1).unwrap_or_default();
        let mut error = self.error(site, workspace.details(), workspace);
        if let (Trap::HostFailed(text), Some(said)) = (&mut error.trap, workspace.take_failure()) {
            *text = said;
        }
        error
    }

    fn error(&self, site: usize, details: [i64; 2], workspace: &Workspace) -> RunError {
        let site = &self.code.program.sites[site];
        let limits = workspace.limits();
        let details = match &site.trap {
            Trap::IndexOutOfRange | Trap::MemoryLimit | Trap::TapeLimit => details,
            Trap::ShapeMismatch(_) | Trap::BadSlice => details,
            Trap::NegativeExponent | Trap::NegativeLength => [details[0], 0],
            Trap::AssertFailed(_) | Trap::Singular | Trap::NotPositiveDefinite => details,
            Trap::HostFailed(_) => [0; 2],
            // Only a full stack leaves a number.
            Trap::RecursionTooDeep if details[0] > 0 => [0, details[0]],
            Trap::RecursionTooDeep => [i64::from(limits.depth), 0],
            Trap::StepLimit => [limits.steps.and_then(|s| i64::try_from(s).ok()).unwrap_or(i64::MAX), 0],
            Trap::DivisionByZero | Trap::Interrupted | Trap::FloatToInt | Trap::ZeroStep | Trap::EmptyTape => [0; 2],
        };
        RunError::with_details(site.trap.clone(), site.span, details)
    }
}

impl Signature {
    pub(crate) fn refuse(&self, what: String, details: [i64; 2]) -> RunError {
        RunError::with_details(Trap::ShapeMismatch(format!("{what} of `{}`", self.name)), self.span, details)
    }

    fn check_kinds(&self, args: &[Argument<'_>]) -> Result<(), RunError> {
        if args.len() != self.params.len() {
            let counts = [self.params.len() as i64, args.len() as i64];
            return Err(self.refuse("the number of arguments".into(), counts));
        }
        for (i, (kind, arg)) in self.params.iter().zip(args).enumerate() {
            if !fits(kind, arg) {
                return Err(self.refuse(format!("the kind of argument {}", i + 1), [0; 2]));
            }
            let wanted = element_count(dims(arg));
            if wanted != Some(length(arg)) {
                let details = [wanted.map_or(i64::MAX, |n| n as i64), length(arg) as i64];
                return Err(self.refuse(format!("the number of elements of argument {}", i + 1), details));
            }
        }
        Ok(())
    }

    /// Refuses written arrays that share memory with others. Safe Rust cannot pass such; other hosts can.
    fn check_overlap(&self, args: &mut [Argument<'_>]) -> Result<(), RunError> {
        match overlap(args) {
            None => Ok(()),
            Some((a, b)) => {
                let (first, second) = (a.min(b) + 1, a.max(b) + 1);
                Err(self
                    .refuse(format!("the memory of arguments {first} and {second}, one of which is written,"), [0; 2]))
            }
        }
    }

    fn check_shapes(&self, args: &[Argument<'_>]) -> Result<(), RunError> {
        let length = |e: Extent| extent(args, e);
        for (check, words) in self.shapes.checks.iter().zip(&self.words) {
            let found = length(check.found);
            let wanted = match check.wanted {
                Wanted::Literal(c) => c,
                Wanted::Same(first) => length(first),
            };
            if wanted != found {
                let trap = Trap::ShapeMismatch(words.clone());
                return Err(RunError::with_details(trap, self.span, [wanted, found]));
            }
        }
        Ok(())
    }

    /// Dimensions and arguments, 8 bytes each.
    fn pass(&self, args: &mut [Argument<'_>], words: &mut Words) {
        for bind in &self.shapes.binds {
            words.push(bind.map_or(0, |e| extent(args, e) as u64));
        }
        words.extend(args.iter_mut().map(word));
    }
}

/// Whether an argument is of a parameter's kind.
fn fits(kind: &Kind, arg: &Argument<'_>) -> bool {
    match (kind, arg) {
        (Kind::Scalar(wanted), Argument::Scalar(s)) => s.ty() == *wanted,
        (Kind::Array { element, rank, passing: Passing::ByValue }, Argument::Array { dims, elements }) => {
            elements.ty() == *element && dims.len() == *rank
        }
        (Kind::Array { element, rank, passing: Passing::Mut }, Argument::ArrayMut { dims, elements }) => {
            elements.as_ref().ty() == *element && dims.len() == *rank
        }
        (Kind::Scalar(_) | Kind::Array { .. } | Kind::Tape, _) => false,
    }
}

/// The number of elements that extents say; `None` beyond what can be addressed.
#[inline]
pub fn element_count(dims: &[usize]) -> Option<usize> {
    if dims.contains(&0) {
        return Some(0);
    }
    dims.iter().try_fold(1, |n: usize, &d| n.checked_mul(d))
}

/// The number of elements of an argument; 1 for a scalar.
fn length(arg: &Argument<'_>) -> usize {
    match arg {
        Argument::Scalar(_) => 1,
        Argument::Array { elements, .. } => elements.len(),
        Argument::ArrayMut { elements, .. } => elements.as_ref().len(),
    }
}

/// Two arguments that share memory, one of which is written.
fn overlap(args: &mut [Argument<'_>]) -> Option<(usize, usize)> {
    if !args.iter().any(|arg| matches!(arg, Argument::ArrayMut { .. })) {
        return None;
    }
    colliding(&mut args.iter_mut().enumerate().filter_map(range).collect::<SmallVec<[Occupied; 12]>>())
}

/// A range of bytes, whether it is written, and whose it is.
pub(crate) type Occupied = (Range<usize>, bool, usize);

/// Two whose ranges share a byte, one of which is written.
pub(crate) fn colliding(ranges: &mut [Occupied]) -> Option<(usize, usize)> {
    ranges.sort_unstable_by_key(|(range, _, _)| range.start);
    // What reaches farthest so far, of all and of those written.
    let (mut farthest, mut written_to): (Option<usize>, Option<usize>) = (None, None);
    for (at, (range, written, i)) in ranges.iter().enumerate() {
        let before = if *written { farthest } else { written_to };
        if let Some(other) = before.filter(|&o| ranges[o].0.end > range.start) {
            return Some((ranges[other].2, *i));
        }
        let reach = |o: &mut Option<usize>| {
            if o.is_none_or(|o| ranges[o].0.end < range.end) {
                *o = Some(at);
            }
        };
        reach(&mut farthest);
        if *written {
            reach(&mut written_to);
        }
    }
    None
}

/// The bytes that an array argument occupies, if any.
fn range((i, arg): (usize, &mut Argument<'_>)) -> Option<Occupied> {
    let (size, written) = match arg {
        Argument::Scalar(_) => return None,
        Argument::Array { elements, .. } => (elements.ty().bytes(), false),
        Argument::ArrayMut { elements, .. } => (elements.as_ref().ty().bytes(), true),
    };
    let bytes = size * length(arg);
    let start = word(arg) as usize;
    (bytes > 0).then_some((start..start + bytes, written, i))
}

/// An extent of an argument. Only an empty array can have one beyond the range of `i64`.
fn extent(args: &[Argument<'_>], e: Extent) -> i64 {
    i64::try_from(dims(&args[e.param])[e.axis]).unwrap_or(i64::MAX)
}

fn dims<'a>(arg: &Argument<'a>) -> &'a [usize] {
    match arg {
        Argument::Scalar(_) => &[],
        Argument::Array { dims, .. } | Argument::ArrayMut { dims, .. } => dims,
    }
}

/// An argument's 8 bytes.
fn word(arg: &mut Argument<'_>) -> u64 {
    let address = match arg {
        Argument::Scalar(scalar) => return print::bits(*scalar),
        Argument::Array { elements, .. } => match elements {
            Elements::F64(x) => x.as_ptr().addr(),
            Elements::F32(x) => x.as_ptr().addr(),
            Elements::I64(x) => x.as_ptr().addr(),
            Elements::Bool(x) => x.as_ptr().addr(),
        },
        Argument::ArrayMut { elements, .. } => match elements {
            adit_ir::ElementsMut::F64(x) => x.as_mut_ptr().expose_provenance(),
            adit_ir::ElementsMut::F32(x) => x.as_mut_ptr().expose_provenance(),
            adit_ir::ElementsMut::I64(x) => x.as_mut_ptr().expose_provenance(),
            adit_ir::ElementsMut::Bool(x) => x.as_mut_ptr().expose_provenance(),
        },
    };
    address as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_ranges_collide_with_all_others() {
        let pair = |a: Range<usize>, b: Range<usize>, written: [bool; 2]| {
            colliding(&mut [(a, written[0], 0), (b, written[1], 1)]).is_some()
        };
        for (a, b, meet) in [(0..4, 0..4, true), (0..4, 3..7, true), (3..7, 0..4, true), (0..4, 4..8, false)] {
            assert_eq!(pair(a.clone(), b.clone(), [false, true]), meet, "{a:?} {b:?}");
            assert_eq!(pair(a.clone(), b.clone(), [true, true]), meet, "{a:?} {b:?}");
            assert!(!pair(a, b, [false, false]));
        }
    }

    #[test]
    fn a_long_range_collides_behind_short_ones() {
        assert!(colliding(&mut [(0..100, true, 0), (10..12, false, 1)]).is_some());
        let mut ranges = [(0..100, false, 0), (10..12, false, 1), (50..60, true, 2)];
        assert_eq!(colliding(&mut ranges), Some((0, 2)));
    }
}
