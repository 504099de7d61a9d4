//! From a module to an image.
//!
//! In: a module, the functions to be called from outside, options. Out: [`Image`]: one piece of machine code of all that the entries can reach, with trampolines for the entries, and the addresses
//! that it leaves open. Nothing is placed in memory here ([`crate::load`]) and nothing written to an object ([`crate::object`]): both take the same image.

use crate::error::CodegenError;
use crate::image::{self, Image, Point, Relocation};
use crate::isa::{Effort, Size, machine, target};
use crate::lower::{LoweredShared, lower, lower_shared};
use crate::machine::{Machine, Open, Target, beside};
use crate::options::Options;
use crate::straight::Callee;
use crate::trampoline::trampoline;
use crate::unit::{Reach, SharedLoop, Unit};
use adit_ir::{CallGraph, FuncId, Module, unmade};
use adit_runtime::Signature;
use cranelift_codegen::Context;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::LibCall;
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::FunctionBuilderContext;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::sync::Arc;

/// Compiles everything that the entries can reach.
pub(crate) fn image(
    module: &Module,
    entries: &[FuncId],
    options: &Options,
    reach: Reach,
) -> Result<Image, CodegenError> {
    if let Some(id) = entries.iter().find_map(|&entry| unmade(module, entry)) {
        return Err(CodegenError::Unmade { function: module.function(id).name.clone() });
    }
    let mut compiler = Compiler::new(module, entries, options, reach)?;
    for &f in &compiler.unit.graph.order.clone() {
        if module.function(f).external.is_some() && !entries.contains(&f) {
            compiler.uncalled();
        } else {
            compiler.function(f)?;
        }
    }
    compiler.shared();
    let spread = std::mem::take(&mut compiler.unit.spread);
    for &f in entries.iter().chain(&spread) {
        compiler.trampoline(f)?;
    }
    compiler.thunks()?;
    compiler.straight();
    compiler.library()?;
    compiler.finish(entries)
}

/// One piece of machine code.
struct Piece {
    /// Where it begins in the whole.
    start: usize,
    relocations: Vec<Open>,
}

/// The machine, once for each effort that is made.
struct Targets<'m> {
    options: &'m Options,
    reach: Reach,
    made: Vec<(Effort, Arc<dyn TargetIsa>)>,
}

impl Targets<'_> {
    /// The target for a function of that size.
    fn of(&mut self, size: Size) -> Result<Arc<dyn TargetIsa>, CodegenError> {
        let effort = Effort::choose(self.options.opt, size);
        if let Some((_, isa)) = self.made.iter().find(|(e, _)| *e == effort) {
            return Ok(isa.clone());
        }
        let isa = target(self.options, effort, self.reach)?;
        self.made.push((effort, isa.clone()));
        Ok(isa)
    }
}

/// A compilation under way.
pub(crate) struct Compiler<'m> {
    pub(crate) unit: Unit<'m>,
    pub(crate) context: Context,
    scratch: FunctionBuilderContext,
    isas: Targets<'m>,
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    frames: Vec<u64>,
    trampolines: FxHashMap<FuncId, usize>,
    thunks: FxHashMap<u32, usize>,
    /// Where the ways through the table begin to what Cranelift calls.
    stubs: FxHashMap<u32, usize>,
    /// Where the code begins that was made without Cranelift.
    straight: Vec<usize>,
    /// Loops that are compiled once for several, and then their pieces.
    loops: Vec<Machine>,
    shared: Vec<usize>,
}

impl<'m> Compiler<'m> {
    pub(crate) fn new(
        module: &'m Module,
        entries: &[FuncId],
        options: &'m Options,
        reach: Reach,
    ) -> Result<Self, CodegenError> {
        let graph = CallGraph::new(module, entries);
        let mut isas = Targets { options, reach, made: Vec::new() };
        let isa = isas.of(Size::of_glue(1))?;
        let unit = Unit::new(module, options, reach, graph, &*isa);
        Ok(Compiler {
            unit,
            context: Context::new(),
            scratch: FunctionBuilderContext::new(),
            isas,
            bytes: Vec::new(),
            pieces: Vec::new(),
            frames: Vec::new(),
            trampolines: FxHashMap::default(),
            thunks: FxHashMap::default(),
            stubs: FxHashMap::default(),
            straight: Vec::new(),
            loops: Vec::new(),
            shared: Vec::new(),
        })
    }

    /// Lowers one function into `self.context`, and chooses the target for what it has become.
    pub(crate) fn lower(&mut self, f: FuncId) -> Result<Arc<dyn TargetIsa>, CodegenError> {
        let shared = lower_shared(&mut self.unit, f, &mut self.scratch, &mut |_| Ok(()))?;
        self.lower_rest(f, shared.as_ref())
    }

    /// The same, for all but the loops that have become functions.
    fn lower_rest(&mut self, f: FuncId, shared: Option<&LoweredShared>) -> Result<Arc<dyn TargetIsa>, CodegenError> {
        self.context.clear();
        let instructions = lower((&mut self.unit, shared), f, &mut self.context.func, &mut self.scratch)?;
        self.isas.of(Size { instructions, ..Size::of(self.unit.module.function(f)) })
    }

    /// Keeps the place of a function without a body, instead of which callers call the hook.
    fn uncalled(&mut self) {
        self.frames.push(0);
        self.pieces.push(Piece { start: self.bytes.len(), relocations: Vec::new() });
    }

    fn function(&mut self, f: FuncId) -> Result<(), CodegenError> {
        let runs_before = self.unit.straight.len();
        let name = &self.unit.module.function(f).name;
        let Compiler { unit, scratch, isas, .. } = self;
        let mut lowered = Vec::new();
        let mut done = |l: SharedLoop| isas.of(l.size).map(|isa| lowered.push((l.clif, isa)));
        let shared = lower_shared(unit, f, scratch, &mut done)?;
        let (whole, loops) = beside(&lowered, name, || {
            let isa = self.lower_rest(f, shared.as_ref())?;
            Machine::compile(&mut self.context, &*isa, name)
        });
        let (whole, loops) = (whole?, loops?);
        let runs = self.unit.straight[runs_before..].iter().map(|run| run.frame).max().unwrap_or(0);
        let below = loops.iter().map(|l| l.frame).max().unwrap_or(0);
        self.frames.push(whole.frame + runs + below);
        self.append(whole);
        self.loops.extend(loops);
        Ok(())
    }

    /// Appends the loops that are compiled once for several.
    fn shared(&mut self) {
        for machine in std::mem::take(&mut self.loops) {
            self.shared.push(self.pieces.len());
            self.append(machine);
        }
    }

    /// Appends the code that was made without Cranelift.
    fn straight(&mut self) {
        for straight in &self.unit.straight {
            self.bytes.resize(self.bytes.len().next_multiple_of(64), 0);
            self.straight.push(self.bytes.len());
            self.bytes.extend_from_slice(&straight.code);
        }
    }

    /// Names what Cranelift calls where the machine lacks an instruction. It calls by distance where code is to lie anywhere: then it jumps on from here.
    fn library(&mut self) -> Result<(), CodegenError> {
        let mut calls = Vec::new();
        let relocations = self.pieces.iter_mut().flat_map(|piece| &mut piece.relocations);
        for r in relocations {
            if let Target::Library(call) = r.target {
                let place = self.unit.import(library(call));
                r.target = match self.unit.reach {
                    Reach::Address => Target::Imported(place),
                    Reach::Table => Target::Stub(place),
                };
                calls.push(place);
            }
        }
        if self.unit.reach == Reach::Address || calls.is_empty() {
            return Ok(());
        }
        if !cfg!(target_arch = "x86_64") {
            return Err(CodegenError::Internal("this machine lacks no instruction elsewhere".into()));
        }
        calls.sort_unstable();
        calls.dedup();
        for place in calls {
            self.stubs.insert(place, self.pieces.len());
            // jmp [rip + …]
            let hole = Open { offset: 2, kind: Reloc::X86PCRel4, target: Target::Table(place), addend: -4 };
            self.append(Machine {
                code: vec![0xff, 0x25, 0, 0, 0, 0],
                alignment: 16,
                relocations: vec![hole],
                frame: 0,
            });
        }
        Ok(())
    }

    fn trampoline(&mut self, f: FuncId) -> Result<(), CodegenError> {
        if self.trampolines.contains_key(&f) {
            return Ok(());
        }
        self.context.clear();
        trampoline(&self.unit, f, &mut self.context.func, &mut self.scratch)?;
        let function = self.unit.module.function(f);
        let isa = self.isas.of(Size::of_glue(function.dims.len() + function.params.len() + function.results.len()))?;
        self.trampolines.insert(f, self.pieces.len());
        self.emit(&*isa, "trampoline")
    }

    /// Compiles the ways to hooks that cold paths take.
    fn thunks(&mut self) -> Result<(), CodegenError> {
        for (import, words) in std::mem::take(&mut self.unit.thunks) {
            self.context.clear();
            let call_conv = self.unit.call_conv;
            crate::lower::thunk((import, words), self.unit.reach, call_conv, &mut self.context.func, &mut self.scratch);
            let isa = self.isas.of(Size::of_glue(1))?;
            self.thunks.insert(import, self.pieces.len());
            self.emit(&*isa, "thunk")?;
        }
        Ok(())
    }

    /// Compiles what is in `self.context` and appends it.
    fn emit(&mut self, isa: &dyn TargetIsa, name: &str) -> Result<(), CodegenError> {
        let machine = Machine::compile(&mut self.context, isa, name)?;
        self.append(machine);
        Ok(())
    }

    fn append(&mut self, Machine { code, alignment, relocations, .. }: Machine) {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), 0);
        self.pieces.push(Piece { start: self.bytes.len(), relocations });
        self.bytes.extend_from_slice(&code);
    }

    /// Puts all together.
    fn finish(mut self, entries: &[FuncId]) -> Result<Image, CodegenError> {
        let mut relocations = Vec::new();
        for piece in &self.pieces {
            for r in &piece.relocations {
                let target = match r.target {
                    Target::Compiled(place) => image::Target::Code(self.pieces[place as usize].start as u32),
                    Target::Thunk(import) => image::Target::Code(self.pieces[self.thunks[&import]].start as u32),
                    Target::Shared(place) => image::Target::Code(self.pieces[self.shared[place as usize]].start as u32),
                    Target::Trampoline(place) => {
                        let f = self.unit.graph.order[place as usize];
                        image::Target::Code(self.pieces[self.trampolines[&f]].start as u32)
                    }
                    Target::Straight(place) => image::Target::Code(self.straight[place as usize] as u32),
                    Target::Here(offset) => image::Target::Code(piece.start as u32 + offset),
                    Target::Imported(place) => image::Target::Import(place),
                    Target::Table(place) => image::Target::Table(place),
                    Target::Stub(import) => image::Target::Code(self.pieces[self.stubs[&import]].start as u32),
                    Target::Library(_) => return Err(CodegenError::Internal("a call that was not named".into())),
                };
                relocations.push(Relocation {
                    at: piece.start as u32 + r.offset,
                    kind: r.kind,
                    target,
                    addend: r.addend,
                });
            }
        }
        for (straight, start) in self.unit.straight.iter().zip(&self.straight) {
            for &(hole, callee) in &straight.calls {
                let (target, kind) = match callee {
                    Callee::Import(name) => (image::Target::Table(self.unit.import_places[name]), Reloc::X86PCRel4),
                    Callee::Shared(place) => {
                        let start = self.pieces[self.shared[place as usize]].start;
                        (image::Target::Code(start as u32), Reloc::X86CallPCRel4)
                    }
                };
                relocations.push(Relocation { at: *start as u32 + hole, kind, target, addend: -4 });
            }
        }
        let mut points = Vec::new();
        for &f in entries {
            let place = self.unit.graph.place(f).ok_or_else(|| CodegenError::Internal("an entry is missing".into()))?;
            let offset = self.pieces[self.trampolines[&f]].start as u32;
            let signature = Arc::new(Signature::of(self.unit.module.function(f)));
            points.push(Point { id: f, signature, offset, place });
        }
        let mut program = std::mem::take(&mut self.unit.program);
        program.needs = self.unit.graph.stack_needs(&self.frames);
        let imports = self.unit.imports.into_iter().map(Cow::Borrowed).collect();
        let machine = machine(&*self.isas.of(Size::of_glue(1))?);
        Ok(Image { code: self.bytes, relocations, imports, program, points, machine })
    }
}

/// The names of what Cranelift calls where the machine lacks an instruction.
fn library(call: LibCall) -> &'static str {
    match call {
        LibCall::FloorF64 => "adit_floor",
        LibCall::CeilF64 => "adit_ceil",
        LibCall::TruncF64 => "adit_trunc",
        LibCall::NearestF64 => "adit_nearest",
        LibCall::FmaF64 => "adit_fma",
        LibCall::FloorF32 => "adit_floor32",
        LibCall::CeilF32 => "adit_ceil32",
        LibCall::TruncF32 => "adit_trunc32",
        LibCall::NearestF32 => "adit_nearest32",
        LibCall::FmaF32 => "adit_fma32",
        // No function that is lowered here needs them.
        LibCall::Probestack | LibCall::Memcpy | LibCall::Memset | LibCall::Memmove => "adit_unused",
        LibCall::Memcmp | LibCall::ElfTlsGetAddr | LibCall::ElfTlsGetOffset | LibCall::X86Pshufb => "adit_unused",
    }
}
