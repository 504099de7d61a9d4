//! How compiled functions are called.
//!
//! In: the signature of an IR function. Out: its Cranelift signature.
//!
//! `(context, depth, [results,] dims…, params…) -> (status, [results…])`: the context is a pointer, the depth the number of further calls allowed, each dimension an `i64`, an array a pointer.
//! The status is 0, or the number of a trap site; results then mean nothing. Up to two floats and one integer come back in registers, more through a pointer that the caller
//! passes, 8 bytes each. From outside, a function is called through a trampoline `(context, arguments, results, depth) -> status`, whose arguments (dims, then params) and
//! results lie in memory, 8 bytes each.

use adit_ir::{Function, ScalarType, Type};
use cranelift_codegen::ir::{self, AbiParam, Signature, types};
use cranelift_codegen::isa::CallConv;

/// Addresses and sizes.
pub(crate) const WORD: ir::Type = types::I64;
/// Statuses.
pub(crate) const STATUS: ir::Type = types::I32;

/// The type of a scalar in a register and in arrays.
pub(crate) fn scalar(ty: ScalarType) -> ir::Type {
    match ty {
        ScalarType::F64 => types::F64,
        ScalarType::F32 => types::F32,
        ScalarType::I64 => types::I64,
        ScalarType::Bool => types::I8,
    }
}

/// The type of a value: handles are addresses.
pub(crate) fn value(ty: &Type) -> ir::Type {
    match ty {
        Type::Scalar(s) => scalar(*s),
        Type::Array(_) | Type::Tape(_) => WORD,
    }
}

/// Whether results come back through memory.
pub(crate) fn results_in_memory(results: &[ScalarType], call_conv: CallConv) -> bool {
    let floats = results.iter().filter(|r| r.is_float()).count();
    let registers = if call_conv == CallConv::WindowsFastcall { 1 } else { 2 };
    floats > registers || results.len() - floats > 1
}

/// The signature of a compiled function.
pub(crate) fn signature(f: &Function, call_conv: CallConv) -> Signature {
    let mut signature = Signature::new(call_conv);
    let in_memory = results_in_memory(&f.results, call_conv);
    let words = 2 + usize::from(in_memory) + f.dims.len();
    signature.params.extend((0..words).map(|_| AbiParam::new(WORD)));
    signature.params.extend(f.params.iter().map(|p| AbiParam::new(value(f.ty(p.value)))));
    signature.returns.push(AbiParam::new(STATUS));
    if !in_memory {
        signature.returns.extend(f.results.iter().map(|&r| AbiParam::new(scalar(r))));
    }
    signature
}

/// The signature of a trampoline.
pub(crate) fn trampoline(call_conv: CallConv) -> Signature {
    let mut signature = Signature::new(call_conv);
    signature.params.extend((0..4).map(|_| AbiParam::new(WORD)));
    signature.returns.push(AbiParam::new(STATUS));
    signature
}
