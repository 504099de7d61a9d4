//! From an image to an object that C links.
//!
//! In: an [`Image`] of one function, the name of a C function, the types of its parameters, and how these become arguments ([`Interface`]). Out: an object in the form of this system, for its linker:
//!
//! ```text
//! text  f_code       the machine code of the image: it calls what its table says, and holds no addresses
//!       f            the C function: puts its parameters into words, and calls adit_native_call(&f_native, words)
//!       f_message    calls adit_native_message()
//! data  f_table      a word for each function that the code calls; the first call fills it
//!       f_native     adit_runtime::native::Native
//! const f_body       adit_runtime::native::Body, sealed
//! ```
//!
//! These two are the symbols that it leaves open; the library `adit_native` has them. What parameters mean is not known here.

use crate::abi::{WORD, scalar};
use crate::error::CodegenError;
use crate::image::{Image, Target};
use crate::isa::{Effort, Size, target};
use crate::options::{Cpu, OptLevel, Options};
use crate::unit::Reach;
use adit_diag::SourceMap;
use adit_ir::ScalarType;
use adit_runtime::native::{Body, Interface, NATIVE_BYTES};
use adit_runtime::sealed;
use cranelift_codegen::Context;
use cranelift_codegen::ir::{
    self, AbiParam, InstBuilder, MemFlagsData, Signature, StackSlotData, StackSlotKind, types,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{DataDescription, DataId, FuncId, Linkage, Module, ModuleReloc, ModuleRelocTarget};
use cranelift_object::object::SectionKind;
use cranelift_object::{ObjectBuilder, ObjectModule};

/// A parameter of a C function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parameter {
    /// A number.
    Number(ScalarType),
    /// An address.
    Address,
}

/// What of an object is known outside.
#[derive(Clone, Debug)]
pub struct Outside<'a> {
    /// The C function's name.
    pub name: &'a str,
    /// Its parameters: a word each.
    pub params: &'a [Parameter],
    /// What they mean.
    pub interface: Interface,
    /// What the code's spans point into.
    pub sources: &'a SourceMap,
}

/// An object under way.
struct Object {
    module: ObjectModule,
    name: String,
}

impl Image {
    /// The bytes of an object.
    ///
    /// # Errors
    /// None but bugs.
    pub fn object(&self, outside: &Outside<'_>) -> Result<Vec<u8>, CodegenError> {
        let body = self.body(outside)?;
        // Glue alone is compiled for this target.
        let options = Options { opt: OptLevel::O1, cpu: Cpu::Baseline, ..Options::default() };
        let isa = target(&options, Effort::choose(options.opt, Size::of_glue(1)), Reach::Table)?;
        let builder = ObjectBuilder::new(isa, outside.name, cranelift_module::default_libcall_names());
        let module = ObjectModule::new(builder.map_err(internal)?);
        let mut object = Object { module, name: outside.name.to_owned() };
        let table = object.data("table", Content::Zeros(8 * self.imports.len().max(1)), &[])?;
        let code = object.code(self, table)?;
        let length = body.len();
        let body = object.data("body", Content::Bytes(body), &[])?;
        let native = object.native(table, code, body, length)?;
        object.function(outside.params, native)?;
        object.message()?;
        object.finish()
    }

    fn body(&self, outside: &Outside<'_>) -> Result<Vec<u8>, CodegenError> {
        let point = self.points.first().ok_or_else(|| internal("an image without an entry"))?;
        let body = Body {
            signature: (*point.signature).clone(),
            program: self.program.clone(),
            imports: self.imports.clone(),
            offset: point.offset,
            place: point.place,
            interface: outside.interface.clone(),
            sources: outside.sources.clone(),
        };
        sealed::seal(&self.machine, &body).map_err(internal)
    }
}

fn internal(e: impl std::fmt::Display) -> CodegenError {
    CodegenError::Internal(e.to_string())
}

/// What data begin as.
enum Content {
    /// For ever.
    Bytes(Vec<u8>),
    /// To be written.
    Words(Vec<u8>),
    Zeros(usize),
}

/// An address in data: where, and of what.
enum Address {
    Function(u32, FuncId),
    Data(u32, DataId),
}

impl Object {
    fn part(&self, part: &str) -> String {
        format!("{}_{part}", self.name)
    }

    fn data(&mut self, part: &str, content: Content, addresses: &[Address]) -> Result<DataId, CodegenError> {
        let written = !matches!(content, Content::Bytes(_));
        let id = self.module.declare_data(&self.part(part), Linkage::Local, written, false).map_err(internal)?;
        let mut data = DataDescription::new();
        data.set_align(16);
        match content {
            Content::Bytes(bytes) | Content::Words(bytes) => data.define(bytes.into_boxed_slice()),
            Content::Zeros(bytes) => data.define_zeroinit(bytes),
        }
        for address in addresses {
            match *address {
                Address::Function(at, f) => {
                    let f = self.module.declare_func_in_data(f, &mut data);
                    data.write_function_addr(at, f);
                }
                Address::Data(at, other) => {
                    let other = self.module.declare_data_in_data(other, &mut data);
                    data.write_data_addr(at, other, 0);
                }
            }
        }
        self.module.define_data(id, &data).map_err(internal)?;
        Ok(id)
    }

    /// The machine code of an image.
    fn code(&mut self, image: &Image, table: DataId) -> Result<FuncId, CodegenError> {
        let signature = self.module.make_signature();
        let id = self.module.declare_function(&self.part("code"), Linkage::Local, &signature).map_err(internal)?;
        let mut relocations = Vec::with_capacity(image.relocations.len());
        for r in &image.relocations {
            let (name, addend) = match r.target {
                Target::Code(at) => (ModuleRelocTarget::FunctionOffset(id, at), r.addend),
                Target::Table(place) => (ModuleRelocTarget::from(table), r.addend + 8 * i64::from(place)),
                Target::Import(_) => return Err(internal("code that is to lie anywhere holds an address")),
            };
            relocations.push(ModuleReloc { offset: r.at, kind: r.kind, name, addend });
        }
        self.module.define_function_bytes(id, 64, &image.code, &relocations).map_err(internal)?;
        Ok(id)
    }

    /// What the library is told of the function: see [`adit_runtime::native::Native`].
    fn native(&mut self, table: DataId, code: FuncId, body: DataId, length: usize) -> Result<DataId, CodegenError> {
        let mut words = vec![0; NATIVE_BYTES];
        words[32..40].copy_from_slice(&(length as u64).to_ne_bytes());
        let addresses = [Address::Data(8, table), Address::Function(16, code), Address::Data(24, body)];
        self.data("native", Content::Words(words), &addresses)
    }

    /// The C function.
    fn function(&mut self, params: &[Parameter], native: DataId) -> Result<(), CodegenError> {
        let mut call = self.module.make_signature();
        call.params.extend([AbiParam::new(WORD); 2]);
        call.returns.push(AbiParam::new(types::I32));
        let call = self.module.declare_function("adit_native_call", Linkage::Import, &call).map_err(internal)?;
        let mut context = Context::new();
        context.func.signature = signature(params, self.module.make_signature());
        let id = self.module.declare_function(&self.name, Linkage::Export, &context.func.signature);
        let id = id.map_err(internal)?;
        let mut scratch = FunctionBuilderContext::new();
        let mut b = FunctionBuilder::new(&mut context.func, &mut scratch);
        let entry = b.create_block();
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        let given = b.block_params(entry).to_vec();
        let size = 8 * u32::try_from(given.len().max(1)).map_err(internal)?;
        let words = b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 3));
        let words = b.ins().stack_addr(WORD, words, 0);
        for (i, mut value) in given.into_iter().enumerate() {
            if b.func.dfg.value_type(value) == types::I8 {
                value = b.ins().uextend(WORD, value);
            }
            b.ins().store(MemFlagsData::trusted(), value, words, 8 * i as i32);
        }
        let native = self.module.declare_data_in_func(native, b.func);
        let native = b.ins().symbol_value(WORD, native);
        let call = near(self.module.declare_func_in_func(call, b.func), b.func);
        let call = b.ins().call(call, &[native, words]);
        let status = b.inst_results(call)[0];
        b.ins().return_(&[status]);
        b.seal_all_blocks();
        b.finalize(self.module.target_config());
        self.module.define_function(id, &mut context).map_err(internal)
    }

    /// The C function that says why the last call failed.
    fn message(&mut self) -> Result<(), CodegenError> {
        let mut signature = self.module.make_signature();
        signature.returns.push(AbiParam::new(WORD));
        let call = self.module.declare_function("adit_native_message", Linkage::Import, &signature);
        let call = call.map_err(internal)?;
        let id = self.module.declare_function(&self.part("message"), Linkage::Export, &signature).map_err(internal)?;
        let mut context = Context::new();
        context.func.signature = signature;
        let mut scratch = FunctionBuilderContext::new();
        let mut b = FunctionBuilder::new(&mut context.func, &mut scratch);
        let entry = b.create_block();
        b.switch_to_block(entry);
        let call = near(self.module.declare_func_in_func(call, b.func), b.func);
        let call = b.ins().call(call, &[]);
        let text = b.inst_results(call)[0];
        b.ins().return_(&[text]);
        b.seal_all_blocks();
        b.finalize(self.module.target_config());
        self.module.define_function(id, &mut context).map_err(internal)
    }

    fn finish(self) -> Result<Vec<u8>, CodegenError> {
        let mut product = self.module.finish();
        if cfg!(target_os = "linux") {
            // The stack need not be executable.
            product.object.add_section(Vec::new(), b".note.GNU-stack".to_vec(), SectionKind::Other);
        }
        product.emit().map_err(internal)
    }
}

/// Calls by distance: the linker finds a way, wherever the function is.
fn near(function: ir::FuncRef, f: &mut ir::Function) -> ir::FuncRef {
    f.dfg.ext_funcs[function].colocated = true;
    function
}

fn signature(params: &[Parameter], mut signature: Signature) -> Signature {
    signature.params.extend(params.iter().map(|param| match param {
        // A truth value fills its word in every convention.
        Parameter::Number(ScalarType::Bool) => AbiParam::new(types::I8).uext(),
        Parameter::Number(ty) => AbiParam::new(scalar(*ty)),
        Parameter::Address => AbiParam::new(WORD),
    }));
    signature.returns.push(AbiParam::new(types::I32));
    signature
}
