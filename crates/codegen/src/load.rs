//! From an image to code in memory.
//!
//! In: an [`Image`]. Out: [`Code`], whose [`Entry`]s run. Pages are writable while code is copied and executable afterwards, never both. The memory goes when the last [`Code`] and [`Entry`] do.

use crate::error::CodegenError;
use crate::image::{Image, Point, Relocation, Target};
use crate::isa::{Effort, Size, target};
use crate::options::{Cpu, OptLevel, Options};
use crate::unit::Reach;
use adit_ir::FuncId;
use adit_runtime::{Entry, Loaded, Signature, functions};
use cranelift_codegen::binemit::Reloc;
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{Linkage, Module as _, ModuleReloc, ModuleRelocTarget};
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// Compiled functions. Cheap to clone; may be called from several threads at once, each with its own workspace.
#[derive(Clone, Debug)]
pub struct Code {
    loaded: Arc<Loaded>,
    points: Vec<(FuncId, Arc<Signature>, Address, usize)>,
    bytes: usize,
}

/// Where a trampoline begins.
#[derive(Clone, Copy, Debug)]
struct Address(*const u8);

// SAFETY: it is the address of code that nobody changes.
unsafe impl Send for Address {}
// SAFETY: as above.
unsafe impl Sync for Address {}

/// Executable memory.
struct Memory {
    module: ManuallyDrop<JITModule>,
}

// SAFETY: the module is not used again but to free its memory. The code in it keeps no state: what it writes is in the workspace and the arrays of a call.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: the field is not used again.
        let module = unsafe { ManuallyDrop::take(&mut self.module) };
        // SAFETY: every entry holds this value alive while it runs, so no code is running, and no address of it is left.
        unsafe { module.free_memory() }
    }
}

impl Code {
    /// A function that was named as an entry.
    pub fn entry(&self, f: FuncId) -> Option<Entry> {
        let (_, signature, address, place) = self.points.iter().find(|(id, ..)| *id == f)?;
        // SAFETY: the trampoline was made for this signature, and lies in the memory of `loaded`.
        Some(unsafe { Entry::new(self.loaded.clone(), signature.clone(), address.0, *place) })
    }

    /// How many bytes of machine code there are.
    pub fn size(&self) -> usize {
        self.bytes
    }
}

impl Image {
    /// Copies it into executable memory.
    ///
    /// # Errors
    /// If the system gives no memory, or the image is none of this build's.
    pub fn load(mut self) -> Result<Code, CodegenError> {
        let internal = |e: &dyn fmt::Display| CodegenError::Internal(e.to_string());
        self.check()?;
        self.add_table();
        let options = Options { opt: OptLevel::O0, cpu: Cpu::Baseline, ..Options::default() };
        let isa = target(&options, Effort::choose(options.opt, Size::of_glue(1)), Reach::Address)?;
        let signature = cranelift_codegen::ir::Signature::new(isa.default_call_conv());
        let memory = ArenaMemoryProvider::new_with_size(self.code.len() + (64 << 10)).map_err(|e| internal(&e))?;
        let mut builder = JITBuilder::with_isa(isa, cranelift_module::default_libcall_names());
        builder.memory_provider(Box::new(memory));
        for name in &self.imports {
            let address = functions::address(name);
            builder.symbol(&**name, address.ok_or_else(|| internal(&format!("there is no function `{name}`")))?);
        }
        let mut jit = JITModule::new(builder);
        let whole = jit.declare_anonymous_function(&signature).map_err(|e| internal(&e))?;
        let mut imports = Vec::new();
        for name in &self.imports {
            let id = jit.declare_function(name, Linkage::Import, &signature).map_err(|e| internal(&e))?;
            imports.push(ModuleRelocTarget::from(id));
        }
        let resolved = |r: &Relocation| {
            let name = match r.target {
                Target::Code(at) => ModuleRelocTarget::FunctionOffset(whole, at),
                Target::Import(place) | Target::Table(place) => imports[place as usize].clone(),
            };
            ModuleReloc { offset: r.at, kind: r.kind, name, addend: r.addend }
        };
        let relocations: Vec<ModuleReloc> = self.relocations.iter().map(resolved).collect();
        jit.define_function_bytes(whole, 64, &self.code, &relocations).map_err(|e| internal(&e))?;
        jit.finalize_definitions().map_err(|e| internal(&e))?;
        let base = jit.get_finalized_function(whole);
        let points = self.points.into_iter();
        let points = points.map(|p| (p.id, p.signature, Address(base.wrapping_add(p.offset as usize)), p.place));
        let points = points.collect();
        let memory = Memory { module: ManuallyDrop::new(jit) };
        Ok(Code { loaded: Arc::new(Loaded::new(Box::new(memory), self.program)), points, bytes: self.code.len() })
    }

    /// That all that it mentions is there.
    fn check(&self) -> Result<(), CodegenError> {
        let (code, imports) = (self.code.len() as u64, self.imports.len());
        let whole = |r: &Relocation| {
            let there = match r.target {
                Target::Code(at) => u64::from(at) <= code,
                Target::Import(place) | Target::Table(place) => (place as usize) < imports,
            };
            let width = if r.kind == Reloc::Abs8 { 8 } else { 4 };
            there && u64::from(r.at) + width <= code
        };
        let start = |point: &Point| u64::from(point.offset) < code && point.place < self.program.needs.len();
        match self.relocations.iter().all(whole) && self.points.iter().all(start) {
            true => Ok(()),
            false => Err(CodegenError::Internal("an image that leads beyond itself".into())),
        }
    }

    /// Puts the table of addresses behind the code, if the code looks at it.
    fn add_table(&mut self) {
        if !self.relocations.iter().any(|r| matches!(r.target, Target::Table(_))) {
            return;
        }
        let table = self.code.len().next_multiple_of(8);
        self.code.resize(table + 8 * self.imports.len(), 0);
        for r in &mut self.relocations {
            if let Target::Table(place) = r.target {
                r.target = Target::Code(table as u32 + 8 * place);
            }
        }
        for place in 0..self.imports.len() as u32 {
            let at = table as u32 + 8 * place;
            self.relocations.push(Relocation { at, kind: Reloc::Abs8, target: Target::Import(place), addend: 0 });
        }
    }
}
