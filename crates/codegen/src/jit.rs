//! From a module to code in memory.
//!
//! In: a module, the functions to be called from outside, options. Out: [`Code`]. All functions become one piece of machine code, with trampolines for the entries; calls between them are resolved
//! within the piece, functions of the table and hooks by absolute address. Pages are writable while code is copied and executable afterwards, never both. The memory goes when the last
//! [`Code`] and [`Entry`] do.

use crate::abi;
use crate::entry::{Entry, EntryPoint};
use crate::error::CodegenError;
use crate::isa::{Effort, Size, target};
use crate::lower::{lower, namespace};
use crate::options::Options;
use crate::unit::{Import, Site, Unit};
use adit_ir::{CallGraph, FuncId, Module, unmade};
use adit_runtime::{ExternalCall, PrintLine};
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{self, ExternalName, LibCall};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{Context, FinalizedRelocTarget};
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{Linkage, Module as _, ModuleReloc, ModuleRelocTarget};
use rustc_hash::FxHashMap;
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// Compiled functions. Cheap to clone; may be called from several threads at once, each with its own workspace.
#[derive(Clone)]
pub struct Code {
    inner: Arc<Inner>,
}

/// What code needs to run and to be freed.
pub(crate) struct Inner {
    memory: ManuallyDrop<JITModule>,
    entries: FxHashMap<FuncId, EntryPoint>,
    pub(crate) sites: Vec<Site>,
    /// For each function, the bytes of stack that it and its calls need.
    pub(crate) needs: Vec<u64>,
    bytes: usize,
    #[expect(clippy::vec_box, reason = "the code holds the addresses of lines")]
    _lines: Vec<Box<PrintLine>>,
    #[expect(clippy::vec_box, reason = "the code holds the addresses of calls")]
    _externals: Vec<Box<ExternalCall>>,
}

// SAFETY: the JIT module is not used again but to free its memory; everything else is only read. The code itself keeps no state: what it writes is in the workspace and the arrays of a call.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: the field is not used again.
        let memory = unsafe { ManuallyDrop::take(&mut self.memory) };
        // SAFETY: every entry holds this value alive while it runs, so no code is running, and no address of it is left.
        unsafe { memory.free_memory() }
    }
}

impl Code {
    /// A function that was named as an entry.
    pub fn entry(&self, f: FuncId) -> Option<Entry> {
        let point = self.inner.entries.get(&f)?;
        Some(Entry::new(self.inner.clone(), point.clone()))
    }

    /// How many bytes of machine code there are.
    pub fn size(&self) -> usize {
        self.inner.bytes
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("bytes", &self.inner.bytes).field("entries", &self.inner.entries.len()).finish()
    }
}

/// Compiles everything that the entries can reach.
pub fn compile(module: &Module, entries: &[FuncId], options: &Options) -> Result<Code, CodegenError> {
    if let Some(id) = entries.iter().find_map(|&entry| unmade(module, entry)) {
        return Err(CodegenError::Unmade { function: module.function(id).name.clone() });
    }
    let mut compiler = Compiler::new(module, entries, options)?;
    for &f in &compiler.unit.graph.order.clone() {
        compiler.function(f)?;
    }
    compiler.shared();
    for &f in entries {
        compiler.trampoline(f)?;
    }
    compiler.thunks()?;
    compiler.straight();
    compiler.link(entries)
}

/// One piece of machine code.
struct Piece {
    /// Where it begins in the whole.
    start: usize,
    relocations: Vec<Relocation>,
}

/// Machine code that has no place yet.
struct Machine {
    code: Vec<u8>,
    alignment: usize,
    relocations: Vec<Relocation>,
    /// The bytes of its stack frame, the saved frame pointer and the return address included.
    frame: u64,
}

impl Machine {
    fn compile(context: &mut Context, isa: &dyn TargetIsa, name: &str) -> Result<Self, CodegenError> {
        compile_context(context, isa, name)?;
        let compiled = context.compiled_code().ok_or_else(|| CodegenError::Internal("no code".into()))?;
        Ok(Machine {
            code: compiled.code_buffer().to_vec(),
            alignment: (compiled.buffer.alignment.max(64) as usize).next_power_of_two(),
            relocations: relocations(&context.func, compiled)?,
            frame: compiled.buffer.frame_layout().map_or(0, |l| u64::from(l.frame_to_fp_offset) + 16),
        })
    }
}

/// An address to be filled in.
struct Relocation {
    offset: u32,
    kind: Reloc,
    target: Target,
    addend: i64,
}

enum Target {
    Compiled(u32),
    Imported(u32),
    Thunk(u32),
    Straight(u32),
    Shared(u32),
    Library(LibCall),
    Here(u32),
}

/// A compilation under way.
pub(crate) struct Compiler<'m> {
    pub(crate) unit: Unit<'m>,
    pub(crate) context: Context,
    scratch: FunctionBuilderContext,
    isas: Vec<(Effort, Arc<dyn TargetIsa>)>,
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
    frames: Vec<u64>,
    trampolines: FxHashMap<FuncId, usize>,
    thunks: FxHashMap<u32, usize>,
    /// Where the code begins that was made without Cranelift.
    straight: Vec<usize>,
    /// Loops that are compiled once for several, and then their pieces.
    loops: Vec<Machine>,
    shared: Vec<usize>,
}

impl<'m> Compiler<'m> {
    pub(crate) fn new(module: &'m Module, entries: &[FuncId], options: &'m Options) -> Result<Self, CodegenError> {
        let graph = CallGraph::new(module, entries);
        let effort = Effort::choose(options.opt, Size::of_glue(1));
        let isa = target(options, effort)?;
        let unit = Unit::new(module, options, graph, isa.default_call_conv());
        Ok(Compiler {
            unit,
            context: Context::new(),
            scratch: FunctionBuilderContext::new(),
            isas: vec![(effort, isa)],
            bytes: Vec::new(),
            pieces: Vec::new(),
            frames: Vec::new(),
            trampolines: FxHashMap::default(),
            thunks: FxHashMap::default(),
            straight: Vec::new(),
            loops: Vec::new(),
            shared: Vec::new(),
        })
    }

    /// The target for a function of that size.
    pub(crate) fn isa(&mut self, size: Size) -> Result<Arc<dyn TargetIsa>, CodegenError> {
        let effort = Effort::choose(self.unit.options.opt, size);
        if let Some((_, isa)) = self.isas.iter().find(|(e, _)| *e == effort) {
            return Ok(isa.clone());
        }
        let isa = target(self.unit.options, effort)?;
        self.isas.push((effort, isa.clone()));
        Ok(isa)
    }

    /// Lowers one function into `self.context`, and chooses the target for what it has become.
    pub(crate) fn lower(&mut self, f: FuncId) -> Result<Arc<dyn TargetIsa>, CodegenError> {
        self.context.clear();
        let instructions = lower(&mut self.unit, f, &mut self.context.func, &mut self.scratch)?;
        self.isa(Size { instructions, ..Size::of(self.unit.module.function(f)) })
    }

    fn function(&mut self, f: FuncId) -> Result<(), CodegenError> {
        let isa = self.lower(f)?;
        let mut loops = Vec::new();
        for shared in std::mem::take(&mut self.unit.shared) {
            let mut context = Context::new();
            context.func = shared.clif;
            loops.push((context, self.isa(shared.size)?));
        }
        self.unit.shared_before += loops.len();
        let name = &self.unit.module.function(f).name;
        let (whole, loops) = beside(&mut loops, name, || Machine::compile(&mut self.context, &*isa, name));
        let (whole, loops) = (whole?, loops?);
        // A run saves one register and its return address.
        let below = loops.iter().map(|l| l.frame).fold(16, u64::max);
        self.frames.push(whole.frame + below);
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

    fn trampoline(&mut self, f: FuncId) -> Result<(), CodegenError> {
        if self.trampolines.contains_key(&f) {
            return Ok(());
        }
        self.context.clear();
        crate::entry::trampoline(&self.unit, f, &mut self.context.func, &mut self.scratch)?;
        let function = self.unit.module.function(f);
        let isa = self.isa(Size::of_glue(function.dims.len() + function.params.len() + function.results.len()))?;
        self.trampolines.insert(f, self.pieces.len());
        self.emit(&*isa, "trampoline")
    }

    /// Compiles the ways to hooks that cold paths take.
    fn thunks(&mut self) -> Result<(), CodegenError> {
        for (import, words) in std::mem::take(&mut self.unit.thunks) {
            self.context.clear();
            let call_conv = self.unit.call_conv;
            crate::lower::thunk(import, words, call_conv, &mut self.context.func, &mut self.scratch);
            let isa = self.isa(Size::of_glue(1))?;
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

    /// Copies everything into executable memory.
    fn link(self, entries: &[FuncId]) -> Result<Code, CodegenError> {
        let internal = |e: &dyn fmt::Display| CodegenError::Internal(e.to_string());
        let (_, isa) = &self.isas[0];
        let memory = ArenaMemoryProvider::new_with_size(self.bytes.len() + (64 << 10)).map_err(|e| internal(&e))?;
        let mut builder = JITBuilder::with_isa(isa.clone(), Box::new(|call| library(call).0.to_owned()));
        builder.memory_provider(Box::new(memory));
        for import in &self.unit.imports {
            builder.symbol(import.name, import.address);
        }
        for call in LIBRARY {
            let (name, address) = library(call);
            builder.symbol(name, address);
        }
        let mut jit = JITModule::new(builder);
        let signature = abi::trampoline(self.unit.call_conv);
        let whole = jit.declare_anonymous_function(&signature).map_err(|e| internal(&e))?;
        let mut imports = Vec::new();
        for import in &self.unit.imports {
            let id = jit.declare_function(import.name, Linkage::Import, &signature).map_err(|e| internal(&e))?;
            imports.push(ModuleRelocTarget::from(id));
        }
        let mut relocations = Vec::new();
        for piece in &self.pieces {
            for r in &piece.relocations {
                let at = |start: usize| ModuleRelocTarget::FunctionOffset(whole, start as u32);
                let within = |place: usize| at(self.pieces[place].start);
                let name = match r.target {
                    Target::Compiled(place) => within(place as usize),
                    Target::Thunk(import) => within(self.thunks[&import]),
                    Target::Shared(place) => within(self.shared[place as usize]),
                    Target::Straight(place) => at(self.straight[place as usize]),
                    Target::Imported(place) => imports[place as usize].clone(),
                    Target::Library(call) => ModuleRelocTarget::LibCall(call),
                    Target::Here(offset) => ModuleRelocTarget::FunctionOffset(whole, piece.start as u32 + offset),
                };
                let offset = piece.start as u32 + r.offset;
                relocations.push(ModuleReloc { offset, kind: r.kind, name, addend: r.addend });
            }
        }
        jit.define_function_bytes(whole, 64, &self.bytes, &relocations).map_err(|e| internal(&e))?;
        jit.finalize_definitions().map_err(|e| internal(&e))?;
        let base = jit.get_finalized_function(whole);
        let mut points = FxHashMap::default();
        for &f in entries {
            let place = self.unit.graph.place(f).ok_or_else(|| CodegenError::Internal("an entry is missing".into()))?;
            let start = self.pieces[self.trampolines[&f]].start;
            let function = self.unit.module.function(f);
            points.insert(f, EntryPoint::new(function, base.wrapping_add(start), place));
        }
        Ok(Code {
            inner: Arc::new(Inner {
                memory: ManuallyDrop::new(jit),
                entries: points,
                needs: self.unit.graph.stack_needs(&self.frames),
                sites: self.unit.sites,
                bytes: self.bytes.len(),
                _lines: self.unit.lines,
                _externals: self.unit.externals,
            }),
        })
    }
}

/// A lowered loop, and its target.
type Lowered = (Context, Arc<dyn TargetIsa>);

/// Does something, and compiles loops meanwhile on another thread, if one can be had.
fn beside<T>(loops: &mut [Lowered], name: &str, other: impl FnOnce() -> T) -> (T, Result<Vec<Machine>, CodegenError>) {
    let (result, compiled) = std::thread::scope(|scope| {
        let any = !loops.is_empty();
        let work = || compile_loops(loops, name);
        let thread = any.then(|| std::thread::Builder::new().spawn_scoped(scope, work));
        (other(), thread.and_then(Result::ok).map(|thread| thread.join()))
    });
    let stopped = |_| CodegenError::Internal(format!("the thread that compiled loops of `{name}` stopped"));
    let compiled = match compiled {
        Some(joined) => joined.map_err(stopped).flatten(),
        None => compile_loops(loops, name),
    };
    (result, compiled)
}

fn compile_loops(loops: &mut [Lowered], name: &str) -> Result<Vec<Machine>, CodegenError> {
    loops.iter_mut().map(|(context, isa)| Machine::compile(context, &**isa, name)).collect()
}

/// Runs Cranelift on a lowered function.
pub(crate) fn compile_context(context: &mut Context, isa: &dyn TargetIsa, name: &str) -> Result<(), CodegenError> {
    use cranelift_codegen::CodegenError as Clif;
    let result = context.compile(isa, &mut ControlPlane::default()).map(|_| ()).map_err(|e| e.inner);
    result.map_err(|e| match e {
        Clif::CodeTooLarge => CodegenError::TooLarge { function: name.to_owned(), what: "many instructions" },
        Clif::ImplLimitExceeded => CodegenError::TooLarge { function: name.to_owned(), what: "many values" },
        Clif::Verifier(errors) => {
            CodegenError::Internal(format!("`{name}` does not verify as CLIF: {errors}\n{}", context.func.display()))
        }
        other @ (Clif::Unsupported(_) | Clif::RegisterMappingError(_) | Clif::Regalloc(_)) => {
            CodegenError::Internal(format!("`{name}`: {other}"))
        }
    })
}

/// The addresses that a compiled function leaves open.
fn relocations(
    func: &ir::Function,
    compiled: &cranelift_codegen::CompiledCode,
) -> Result<Vec<Relocation>, CodegenError> {
    let target = |name: &FinalizedRelocTarget| {
        Ok(match name {
            FinalizedRelocTarget::Func(offset) => Target::Here(*offset),
            FinalizedRelocTarget::ExternalName(ExternalName::LibCall(call)) => Target::Library(*call),
            FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
                let name = &func.params.user_named_funcs()[*name];
                match name.namespace {
                    namespace::COMPILED => Target::Compiled(name.index),
                    namespace::THUNK => Target::Thunk(name.index),
                    namespace::STRAIGHT => Target::Straight(name.index),
                    namespace::SHARED => Target::Shared(name.index),
                    _ => Target::Imported(name.index),
                }
            }
            FinalizedRelocTarget::ExternalName(ExternalName::TestCase(_) | ExternalName::KnownSymbol(_)) => {
                return Err(CodegenError::Internal("a relocation to an unknown name".into()));
            }
        })
    };
    let all = compiled.buffer.relocs().iter();
    all.map(|r| Ok(Relocation { offset: r.offset, kind: r.kind, target: target(&r.target)?, addend: r.addend }))
        .collect()
}

/// What Cranelift calls where the machine lacks an instruction.
const LIBRARY: [LibCall; 10] = [
    LibCall::FloorF64,
    LibCall::CeilF64,
    LibCall::TruncF64,
    LibCall::NearestF64,
    LibCall::FmaF64,
    LibCall::FloorF32,
    LibCall::CeilF32,
    LibCall::TruncF32,
    LibCall::NearestF32,
    LibCall::FmaF32,
];

/// The name and the address of a library function.
fn library(call: LibCall) -> (&'static str, *const u8) {
    use adit_ir::Prim;
    let of = |name: &'static str, prim: Prim| Import { name, address: prim.row().eval.address() };
    let import = match call {
        LibCall::FloorF64 => of("adit.floor", Prim::Floor),
        LibCall::CeilF64 => of("adit.ceil", Prim::Ceil),
        LibCall::TruncF64 => of("adit.trunc", Prim::Trunc),
        LibCall::FmaF64 => of("adit.fma", Prim::Fma),
        LibCall::NearestF64 => Import { name: "adit.nearest", address: nearest as *const u8 },
        LibCall::FloorF32 => Import { name: "adit.floor32", address: floor32 as *const u8 },
        LibCall::CeilF32 => Import { name: "adit.ceil32", address: ceil32 as *const u8 },
        LibCall::TruncF32 => Import { name: "adit.trunc32", address: trunc32 as *const u8 },
        LibCall::NearestF32 => Import { name: "adit.nearest32", address: nearest32 as *const u8 },
        LibCall::FmaF32 => match Prim::Fma.row().eval.single_address() {
            Some(address) => Import { name: "adit.fma32", address },
            None => unused(),
        },
        LibCall::Probestack | LibCall::Memcpy | LibCall::Memset | LibCall::Memmove => unused(),
        LibCall::Memcmp | LibCall::ElfTlsGetAddr | LibCall::ElfTlsGetOffset | LibCall::X86Pshufb => unused(),
    };
    (import.name, import.address)
}

/// No function that is lowered here needs it.
fn unused() -> Import {
    Import { name: "adit.unused", address: std::ptr::null() }
}

extern "C" fn nearest(x: f64) -> f64 {
    x.round_ties_even()
}

extern "C" fn nearest32(x: f32) -> f32 {
    x.round_ties_even()
}

extern "C" fn floor32(x: f32) -> f32 {
    x.floor()
}

extern "C" fn ceil32(x: f32) -> f32 {
    x.ceil()
}

extern "C" fn trunc32(x: f32) -> f32 {
    x.trunc()
}
