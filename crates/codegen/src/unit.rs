//! What the functions of one compilation share.
//!
//! In: what lowering finds. Out: the tables that outlive it ([`Program`]), spans (as Cranelift's source locations), the names of imported functions. Nothing here emits code.

use crate::isa::{Size, has_vectors, slices};
use crate::options::Options;
use crate::straight::Straight;
use adit_diag::Span;
use adit_ir::{CallGraph, FuncId, Module, Trap};
use adit_runtime::vector::Level;
use adit_runtime::{ExternalCall, PrintLine, Program, Site, SpreadCall};
use cranelift_codegen::ir::{self, SourceLoc};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use rustc_hash::FxHashMap;

/// How compiled code calls functions that others define.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    /// By their addresses, which are filled in when the code is loaded.
    Address,
    /// By a table of addresses beside the code, which itself is never changed.
    Table,
}

/// Spans, as numbers that Cranelift carries along.
#[derive(Default, Debug)]
pub(crate) struct Spans {
    spans: Vec<Span>,
    place: FxHashMap<Span, u32>,
}

impl Spans {
    /// The number of a span.
    pub(crate) fn location(&mut self, span: Span) -> SourceLoc {
        let next = u32::try_from(self.spans.len()).unwrap_or(u32::MAX - 1);
        let place = *self.place.entry(span).or_insert(next);
        if place == next {
            self.spans.push(span);
        }
        SourceLoc::new(place)
    }

    /// The span of a number.
    pub(crate) fn span(&self, location: SourceLoc) -> Option<Span> {
        self.spans.get(location.bits() as usize).copied()
    }
}

/// A loop that has become a function of its own, lowered.
pub(crate) struct SharedLoop {
    pub(crate) clif: ir::Function,
    pub(crate) size: Size,
}

/// One compilation.
pub(crate) struct Unit<'m> {
    pub(crate) module: &'m Module,
    pub(crate) options: &'m Options,
    pub(crate) graph: CallGraph,
    pub(crate) call_conv: CallConv,
    pub(crate) spans: Spans,
    pub(crate) reach: Reach,
    /// All but [`Program::needs`].
    pub(crate) program: Program,
    /// Names of functions that others define.
    pub(crate) imports: Vec<&'static str>,
    pub(crate) import_places: FxHashMap<&'static str, u32>,
    /// Imports that cold paths call, with the number of their operands.
    pub(crate) thunks: Vec<(u32, usize)>,
    /// Code that was made without Cranelift.
    pub(crate) straight: Vec<Straight>,
    /// Whether the machine has what vectors of two need.
    pub(crate) has_vectors: bool,
    /// How many instructions all functions have together.
    pub(crate) insts: usize,
    /// Which functions of slices the machine can run.
    pub(crate) slices: Level,
    /// Functions whose calls are divided: they need trampolines.
    pub(crate) spread: Vec<FuncId>,
    /// How many loops of functions so far have become functions of their own.
    pub(crate) shared: usize,
}

impl<'m> Unit<'m> {
    pub(crate) fn new(
        module: &'m Module,
        options: &'m Options,
        reach: Reach,
        graph: CallGraph,
        isa: &dyn TargetIsa,
    ) -> Self {
        let insts = graph.inst_count(module);
        Unit {
            module,
            options,
            reach,
            graph,
            call_conv: isa.default_call_conv(),
            has_vectors: has_vectors(isa),
            insts,
            slices: slices(isa),
            spans: Spans::default(),
            program: Program::default(),
            imports: Vec::new(),
            import_places: FxHashMap::default(),
            thunks: Vec::new(),
            straight: Vec::new(),
            spread: Vec::new(),
            shared: 0,
        }
    }

    /// The status that stands for a trap at a place; 0 means none.
    pub(crate) fn status(&mut self, trap: Trap, span: Span) -> i64 {
        self.program.sites.push(Site { trap, span });
        self.program.sites.len() as i64
    }

    /// The number of an imported function.
    pub(crate) fn import(&mut self, name: &'static str) -> u32 {
        let next = u32::try_from(self.imports.len()).unwrap_or(u32::MAX);
        let place = *self.import_places.entry(name).or_insert(next);
        if place == next {
            self.imports.push(name);
        }
        place
    }

    /// The number of an imported function that a cold path calls.
    pub(crate) fn thunk(&mut self, name: &'static str, words: usize) -> u32 {
        let place = self.import(name);
        if !self.thunks.iter().any(|&(known, _)| known == place) {
            self.thunks.push((place, words));
        }
        place
    }

    /// The number of a line.
    pub(crate) fn line(&mut self, line: PrintLine) -> i64 {
        self.program.lines.push(line);
        self.program.lines.len() as i64 - 1
    }

    /// The number of a call that is divided.
    pub(crate) fn spread(&mut self, callee: FuncId, call: SpreadCall) -> i64 {
        if !self.spread.contains(&callee) {
            self.spread.push(callee);
        }
        self.program.spreads.push(call);
        self.program.spreads.len() as i64 - 1
    }

    /// The number of a call.
    pub(crate) fn external(&mut self, call: ExternalCall) -> i64 {
        self.program.externals.push(call);
        self.program.externals.len() as i64 - 1
    }
}
