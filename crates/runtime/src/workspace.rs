//! The workspace: what calls of compiled functions reuse.
//!
//! In: limits, an interruption flag, a sink for printed lines. Out: a [`Context`] ready for a call ([`Workspace::begin`]), and after the call memory back to where it was
//! ([`Workspace::end`]). One workspace serves one call at a time; any number may exist. It does not know compiled code.

use crate::arena::Arena;
use crate::context::Context;
use crate::program::Program;
use crate::spread::Mate;
use crate::tape::Tapes;
use adit_ir::limits::Limits;
use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Receives printed lines, without their ends.
pub type Sink = Box<dyn FnMut(&str) + Send>;

/// Everything behind a [`Context`]: compiled code hands the address of the first field, hooks see the rest.
#[repr(C)]
pub(crate) struct Machine {
    pub(crate) context: Context,
    pub(crate) arena: Arena,
    pub(crate) tapes: Tapes,
    pub(crate) limits: Limits,
    /// What runs, during a call.
    pub(crate) program: *const Program,
    pub(crate) sink: Option<Sink>,
    /// What a sink panicked with, until the call is over.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
    /// What a host function said when it stopped the run.
    pub(crate) failure: Option<String>,
    /// What other threads work with; none while they do.
    pub(crate) crew: Option<Vec<Mate>>,
    /// How memory stood when the last call began, if nothing has changed since: the next one may begin so too.
    settled: Option<Stand>,
    /// Whether anything but compiled code has had the machine since then. That moves the arena's next byte alone.
    pub(crate) touched: bool,
    /// The steps of a call.
    fuel: u64,
}

/// How memory stands: the arena's next byte, its end and its chunk, how many chunks there are, and the bytes of tapes.
type Stand = (*mut u8, *mut u8, u64, usize, u64);

impl Machine {
    #[inline]
    fn stand(&self) -> Stand {
        let Context { arena_next, arena_end, arena_chunk, .. } = self.context;
        (arena_next, arena_end, arena_chunk, self.arena.chunks(), self.tapes.capacity())
    }

    /// Nothing is known of how memory stands.
    fn unknown(&mut self) {
        self.settled = None;
        self.touched = true;
    }

    /// Gives back what a call took.
    #[cold]
    fn unsettle(&mut self) {
        self.unknown();
        self.arena.begin(&mut self.context, self.limits.memory_bytes);
    }

    /// Ends a call that did more than to compute: a sink's panic goes on.
    #[inline(never)]
    fn close(&mut self) {
        self.touched = false;
        self.tapes.settle();
        if self.settled != Some(self.stand()) {
            self.unsettle();
        }
        if let Some(panic) = self.panic.take() {
            std::panic::resume_unwind(panic);
        }
    }

    /// Lays memory out for a call.
    #[cold]
    fn settle(&mut self) {
        let limit = self.limits.memory_bytes;
        if self.tapes.capacity() > limit / 2 {
            self.tapes.trim(0);
        }
        self.tapes.begin(self.limits.tape_bytes.unwrap_or(u64::MAX));
        self.arena.begin(&mut self.context, limit);
        self.arena.set_elsewhere(&mut self.context, self.tapes.capacity());
        self.settled = Some(self.stand());
    }
}

/// Memory, limits and outlets of a run.
pub struct Workspace {
    machine: Box<Machine>,
    interrupt: Arc<AtomicBool>,
}

// SAFETY: the raw pointers lead to memory that the workspace owns, and to the flag that it keeps alive. Tables of compiled code are only pointed to during a call.
unsafe impl Send for Workspace {}

impl Workspace {
    /// A workspace with the default limits, which drops what is printed.
    pub fn new() -> Self {
        Workspace::with_limits(Limits::default())
    }

    /// A workspace with these limits, which drops what is printed.
    pub fn with_limits(limits: Limits) -> Self {
        let machine = Machine {
            context: Context::new(),
            arena: Arena::default(),
            tapes: Tapes::default(),
            limits,
            program: std::ptr::null(),
            sink: None,
            panic: None,
            failure: None,
            crew: Some(Vec::new()),
            settled: None,
            touched: true,
            fuel: 0,
        };
        let mut workspace = Workspace { machine: Box::new(machine), interrupt: Arc::default() };
        workspace.set_limits(limits);
        workspace.set_interrupt(Arc::default());
        workspace
    }

    /// What a run may use.
    pub fn limits(&self) -> Limits {
        self.machine.limits
    }

    /// Changes what a run may use.
    pub fn set_limits(&mut self, limits: Limits) {
        self.machine.limits = limits;
        self.machine.fuel = limits.steps.unwrap_or(u64::MAX);
        self.machine.unknown();
    }

    /// Sends printed lines there. If the sink panics, the run stops and the panic goes on from the call.
    pub fn set_sink(&mut self, sink: Option<Sink>) {
        self.machine.sink = sink;
    }

    /// The flag that stops a run when it is set, from any thread. It stays set until someone clears it.
    pub fn interrupt(&self) -> Arc<AtomicBool> {
        self.interrupt.clone()
    }

    /// Listens to another flag, which several workspaces may share.
    pub fn set_interrupt(&mut self, flag: Arc<AtomicBool>) {
        self.machine.context.interrupt = Arc::as_ptr(&flag);
        self.interrupt = flag;
    }

    /// Gives kept memory back to the host.
    pub fn release_memory(&mut self) {
        let machine = &mut *self.machine;
        machine.unknown();
        machine.crew = Some(Vec::new());
        machine.tapes.trim(0);
        machine.arena.release(&mut machine.context);
    }

    /// Bytes of arrays in use and of tape buffers held: 0 and what is kept for the next call, between calls.
    pub fn memory_in_use(&self) -> (u64, u64) {
        (self.machine.arena.used(&self.machine.context), self.machine.tapes.capacity())
    }

    /// How many functions may be active at one time.
    #[inline]
    pub(crate) fn depth(&self) -> u32 {
        self.machine.limits.depth
    }

    /// Makes the context ready for a call into code with these tables, on a stack that may go down to this address. The pointer is good until [`Workspace::end`], and as long as the tables are there.
    #[inline]
    pub fn begin(&mut self, program: &Program, stack_limit: usize) -> *mut Context {
        let machine = &mut *self.machine;
        if machine.settled.is_none() {
            machine.settle();
        }
        machine.context.tape_depth = 0;
        machine.context.fuel = machine.fuel;
        machine.context.stack_limit = stack_limit;
        machine.context.stack_needs = program.needs.as_ptr();
        machine.program = program;
        machine.context.details = [0; 2];
        // The pointer is derived from the whole machine, since hooks go back from the context to the machine.
        std::ptr::from_mut(machine).cast()
    }

    /// What the host function said that stopped the last call, once.
    pub fn take_failure(&mut self) -> Option<String> {
        self.machine.failure.take()
    }

    /// Counts the bytes of a tape of the host's among the tapes of the next call.
    pub(crate) fn lend(&mut self, bytes: u64) {
        self.machine.unknown();
        self.machine.tapes.lend(bytes);
    }

    /// Ends a call: memory goes back to its mark, and a sink's panic goes on.
    #[inline]
    pub fn end(&mut self) {
        let machine = &mut *self.machine;
        machine.context.stack_needs = std::ptr::null();
        machine.program = std::ptr::null();
        let moved = machine.settled.is_none_or(|stand| stand.0 != machine.context.arena_next);
        if moved || machine.touched {
            machine.close();
        }
    }

    /// The numbers that explain the trap of the last call.
    pub(crate) fn details(&self) -> [i64; 2] {
        self.machine.context.details
    }
}

impl Default for Workspace {
    fn default() -> Self {
        Workspace::new()
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (arrays, tapes) = self.memory_in_use();
        let limits = self.limits();
        f.debug_struct("Workspace")
            .field("limits", &limits)
            .field("arrays", &arrays)
            .field("tapes", &tapes)
            .finish_non_exhaustive()
    }
}
