//! What the functions of one compilation share.
//!
//! In: what lowering finds. Out: the tables that outlive it: trap sites (the status that compiled code returns is an index into them), spans (as Cranelift's source locations),
//! imported functions, printed lines. Nothing here emits code.

use crate::isa::Size;
use crate::options::Options;
use crate::straight::Straight;
use adit_diag::Span;
use adit_ir::{CallGraph, Module, Trap};
use adit_runtime::hooks::Hook;
use adit_runtime::{ExternalCall, PrintLine};
use cranelift_codegen::ir::{self, SourceLoc};
use cranelift_codegen::isa::CallConv;
use rustc_hash::FxHashMap;

/// A place where a program can stop.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Site {
    pub(crate) trap: Trap,
    pub(crate) span: Span,
}

/// A function that compiled code calls and others define.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Import {
    pub(crate) name: &'static str,
    pub(crate) address: *const u8,
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

/// A loop that is compiled once for several, lowered.
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
    pub(crate) sites: Vec<Site>,
    pub(crate) imports: Vec<Import>,
    import_places: FxHashMap<&'static str, u32>,
    /// Imports that cold paths call, with the number of their operands.
    pub(crate) thunks: Vec<(u32, usize)>,
    /// Code that was made without Cranelift.
    pub(crate) straight: Vec<Straight>,
    /// Loops of the function at hand that are compiled once for several.
    pub(crate) shared: Vec<SharedLoop>,
    /// How many there were before, in other functions.
    pub(crate) shared_before: usize,
    // Boxed, because compiled code holds their addresses while the list grows.
    #[expect(clippy::vec_box, reason = "lines must not move")]
    pub(crate) lines: Vec<Box<PrintLine>>,
    /// Calls of functions without a body, which compiled code holds the addresses of.
    #[expect(clippy::vec_box, reason = "calls must not move")]
    pub(crate) externals: Vec<Box<ExternalCall>>,
}

impl<'m> Unit<'m> {
    pub(crate) fn new(module: &'m Module, options: &'m Options, graph: CallGraph, call_conv: CallConv) -> Self {
        Unit {
            module,
            options,
            graph,
            call_conv,
            spans: Spans::default(),
            sites: Vec::new(),
            imports: Vec::new(),
            import_places: FxHashMap::default(),
            thunks: Vec::new(),
            straight: Vec::new(),
            shared: Vec::new(),
            shared_before: 0,
            lines: Vec::new(),
            externals: Vec::new(),
        }
    }

    /// The status that stands for a trap at a place; 0 means none.
    pub(crate) fn status(&mut self, trap: Trap, span: Span) -> i64 {
        self.sites.push(Site { trap, span });
        self.sites.len() as i64
    }

    /// The number of an imported function.
    pub(crate) fn import(&mut self, import: Import) -> u32 {
        let next = u32::try_from(self.imports.len()).unwrap_or(u32::MAX);
        let place = *self.import_places.entry(import.name).or_insert(next);
        if place == next {
            self.imports.push(import);
        }
        place
    }

    /// The number of an imported function that a cold path calls.
    pub(crate) fn thunk(&mut self, import: Import, words: usize) -> u32 {
        let place = self.import(import);
        if !self.thunks.iter().any(|&(known, _)| known == place) {
            self.thunks.push((place, words));
        }
        place
    }

    /// The address of a line, which stays where it is as long as the code.
    pub(crate) fn line(&mut self, line: PrintLine) -> *const PrintLine {
        self.lines.push(Box::new(line));
        self.lines.last().map_or(std::ptr::null(), |line| std::ptr::from_ref(&**line))
    }

    /// The address of a call, which stays where it is as long as the code.
    pub(crate) fn external(&mut self, call: ExternalCall) -> *const ExternalCall {
        self.externals.push(Box::new(call));
        self.externals.last().map_or(std::ptr::null(), |call| std::ptr::from_ref(&**call))
    }
}

impl From<Hook> for Import {
    fn from(hook: Hook) -> Self {
        Import { name: hook.name, address: hook.address }
    }
}
