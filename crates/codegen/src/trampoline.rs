//! The way into compiled code from outside.
//!
//! In: a function. Out: its trampoline, by the convention of [`crate::abi`]: arguments out of memory, the call, results into memory.

use crate::abi;
use crate::error::CodegenError;
use crate::lower::namespace;
use crate::unit::Unit;
use adit_ir::FuncId;
use cranelift_codegen::ir::{self, ExtFuncData, ExternalName, InstBuilder, MemFlagsData, UserExternalName};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

/// Lowers the trampoline of a function: arguments out of memory, the call, results into memory.
pub(crate) fn trampoline(
    unit: &Unit<'_>,
    id: FuncId,
    clif: &mut ir::Function,
    scratch: &mut FunctionBuilderContext,
) -> Result<(), CodegenError> {
    let f = unit.module.function(id);
    let place = unit.graph.place(id).ok_or_else(|| CodegenError::Internal("an entry is missing".into()))?;
    let place = u32::try_from(place).map_err(|e| CodegenError::Internal(e.to_string()))?;
    clif.signature = abi::trampoline(unit.call_conv);
    let mut b = FunctionBuilder::new(clif, scratch);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let &[context, args, results, depth] = b.block_params(entry) else {
        return Err(CodegenError::Internal("a trampoline has four parameters".into()));
    };
    let flags = MemFlagsData::trusted();
    let in_memory = abi::results_in_memory(&f.results, unit.call_conv);
    let mut passed = vec![context, depth];
    passed.extend(in_memory.then_some(results));
    let dims = f.dims.iter().map(|_| abi::WORD);
    let types = dims.chain(f.params.iter().map(|p| abi::value(f.ty(p.value))));
    for (i, ty) in types.enumerate() {
        passed.push(b.ins().load(ty, flags, args, 8 * i as i32));
    }
    let signature = b.import_signature(abi::signature(f, unit.call_conv));
    let name = b.func.declare_imported_user_function(UserExternalName::new(namespace::COMPILED, place));
    let data = ExtFuncData { name: ExternalName::user(name), signature, colocated: true, patchable: false };
    let function = b.import_function(data);
    let call = b.ins().call(function, &passed);
    let returned = b.inst_results(call).to_vec();
    for (i, &value) in returned[1..].iter().enumerate() {
        b.ins().store(flags, value, results, 8 * i as i32);
    }
    b.ins().return_(&returned[..1]);
    b.seal_all_blocks();
    b.finalize(crate::lower::frontend_config(unit.call_conv));
    Ok(())
}
