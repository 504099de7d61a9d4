//! From Cranelift's IR to machine code that has no place yet.
//!
//! In: lowered functions. Out: a [`Machine`] for each: its code, and the addresses that it leaves open. The small functions that loops of a large one become are compiled [beside] it, on as many threads as the machine has; what comes out does not depend on how many there are.

use crate::error::CodegenError;
use crate::lower::namespace;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{self, ExternalName, LibCall};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::{CompiledCode, Context, FinalizedRelocTarget};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

/// The most threads beside the one that asks.
const MOST_THREADS: usize = 3;

/// For fewer functions, another thread is not worth its beginning.
const FUNCTIONS_PER_THREAD: usize = 4;

/// Machine code that has no place yet.
pub(crate) struct Machine {
    pub(crate) code: Vec<u8>,
    pub(crate) alignment: usize,
    pub(crate) relocations: Vec<Open>,
    /// The bytes of its stack frame, the saved frame pointer and the return address included.
    pub(crate) frame: u64,
}

/// An address to be filled in.
pub(crate) struct Open {
    pub(crate) offset: u32,
    pub(crate) kind: Reloc,
    pub(crate) target: Target,
    pub(crate) addend: i64,
}

/// Whose address.
pub(crate) enum Target {
    Compiled(u32),
    Imported(u32),
    Thunk(u32),
    Straight(u32),
    Shared(u32),
    Trampoline(u32),
    Table(u32),
    Library(LibCall),
    Stub(u32),
    Here(u32),
}

impl Machine {
    pub(crate) fn compile(context: &mut Context, isa: &dyn TargetIsa, name: &str) -> Result<Self, CodegenError> {
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

/// A function that is lowered, and its target.
pub(crate) type Lowered = (ir::Function, Arc<dyn TargetIsa>);

/// Does something, and compiles functions meanwhile, as far as other threads can be had; gives their code in their order.
pub(crate) fn beside<T>(
    lowered: &[Lowered],
    name: &str,
    other: impl FnOnce() -> T,
) -> (T, Result<Vec<Machine>, CodegenError>) {
    let made: Vec<OnceLock<Result<Machine, CodegenError>>> = lowered.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut context = Context::new();
        while let Some(((clif, isa), made)) = take(&next, lowered, &made) {
            // A copy is this thread's own: memory of another is not given back without waiting for it.
            context.clear();
            context.func = clif.clone();
            drop(made.set(Machine::compile(&mut context, &**isa, name)));
        }
    };
    let threads = match lowered.len() / FUNCTIONS_PER_THREAD {
        0 => 0,
        enough => enough.min(thread::available_parallelism().map_or(0, |n| n.get() - 1)).min(MOST_THREADS),
    };
    let result = thread::scope(|scope| {
        // Without a thread, this one does all; a thread that stops leaves its function undone, which is told below.
        let spawned: Vec<_> =
            (0..threads).filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let result = other();
        work();
        spawned.into_iter().for_each(|thread| drop(thread.join()));
        result
    });
    let stopped = || Err(CodegenError::Internal(format!("the thread that compiled loops of `{name}` stopped")));
    (result, made.into_iter().map(|made| made.into_inner().unwrap_or_else(stopped)).collect())
}

/// The next function that nobody compiles, and where its code goes.
fn take<'a, M>(next: &AtomicUsize, lowered: &'a [Lowered], made: &'a [M]) -> Option<(&'a Lowered, &'a M)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    lowered.get(place).zip(made.get(place))
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
fn relocations(func: &ir::Function, compiled: &CompiledCode) -> Result<Vec<Open>, CodegenError> {
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
                    namespace::TABLE => Target::Table(name.index),
                    namespace::SHARED => Target::Shared(name.index),
                    namespace::TRAMPOLINE => Target::Trampoline(name.index),
                    _ => Target::Imported(name.index),
                }
            }
            FinalizedRelocTarget::ExternalName(ExternalName::TestCase(_) | ExternalName::KnownSymbol(_)) => {
                return Err(CodegenError::Internal("a relocation to an unknown name".into()));
            }
        })
    };
    let all = compiled.buffer.relocs().iter();
    all.map(|r| Ok(Open { offset: r.offset, kind: r.kind, target: target(&r.target)?, addend: r.addend })).collect()
}
