//! Calls of kernels and host functions.
//!
//! In: an [`ExternalCall`] made by the compiler, and the arguments of one execution, 8 bytes each. Out: results after them, `mut` arrays written; or a failure, whose numbers and text go to the
//! context and the machine. Nothing unwinds: host functions catch their panics ([`adit_ir::external`]).

use crate::context::Context;
use crate::hooks::machine;
use crate::kernels;
use adit_ir::external::{Answer, External, Failure, Operand};
use adit_ir::{Function, Kernel, Passing, Scalar, ScalarType, Type};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::slice;

/// What a parameter takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Kind {
    /// One word.
    Scalar(ScalarType),
    /// An address, then the extents.
    Array { rank: usize, written: bool },
}

/// A call of a function without a body, as the compiler knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExternalCall {
    #[serde(serialize_with = "write_kernel", deserialize_with = "read_kernel")]
    external: External,
    params: Vec<Kind>,
    results: usize,
    strict: bool,
}

/// Only kernels can be written down: a function of the host is a closure.
fn write_kernel<S: Serializer>(external: &External, to: S) -> Result<S::Ok, S::Error> {
    match external {
        External::Kernel(kernel) => kernel.serialize(to),
        External::Host(host) => Err(serde::ser::Error::custom(format!("`{}` is a function of the host", host.name))),
    }
}

fn read_kernel<'de, D: Deserializer<'de>>(from: D) -> Result<External, D::Error> {
    Kernel::deserialize(from).map(External::Kernel)
}

impl ExternalCall {
    /// A call of this function; nothing if it has a body. Strict calls use the kernels that the interpreter uses.
    pub fn new(f: &Function, strict: bool) -> Option<Self> {
        let external = f.external.clone()?;
        let kind = |p: &adit_ir::Param| match f.ty(p.value) {
            Type::Scalar(s) => Kind::Scalar(*s),
            Type::Array(a) => Kind::Array { rank: a.dims.len(), written: p.passing == Passing::Mut },
            // The verifier admits no tapes as parameters.
            Type::Tape(_) => Kind::Scalar(ScalarType::I64),
        };
        Some(ExternalCall { external, params: f.params.iter().map(kind).collect(), results: f.results.len(), strict })
    }

    /// The name of the host's function that it calls, if it is one.
    pub fn host(&self) -> Option<&str> {
        match &self.external {
            External::Kernel(_) => None,
            External::Host(host) => Some(&host.name),
        }
    }

    /// How many words its arguments take; results follow.
    pub fn words(&self) -> usize {
        let words = |kind: &Kind| match kind {
            Kind::Scalar(_) => 1,
            Kind::Array { rank, .. } => 1 + rank,
        };
        self.params.iter().map(words).sum()
    }

    /// # Safety
    /// There are [`Self::words`] arguments at `args`; addresses are those of arrays of the extents that follow them, and none of those written is another argument.
    unsafe fn run(&self, args: &[u64]) -> Answer<f64> {
        let dims: Vec<usize> = args.iter().map(|&w| w as usize).collect();
        let mut operands = Vec::with_capacity(self.params.len());
        let mut at = 0;
        for kind in &self.params {
            let word = args[at];
            at += 1;
            operands.push(match *kind {
                Kind::Scalar(ty) => match crate::print::scalar(ty, word) {
                    Scalar::F64(x) => Operand::Float(x),
                    Scalar::F32(x) => Operand::Float(x.into()),
                    Scalar::I64(i) => Operand::Int(i),
                    Scalar::Bool(b) => Operand::Bool(b),
                },
                Kind::Array { rank, written } => {
                    let dims = &dims[at..at + rank];
                    at += rank;
                    let count = dims.iter().product();
                    let address = if count == 0 { std::ptr::dangling_mut() } else { word as *mut f64 };
                    if written {
                        // SAFETY: as promised: the array has as many elements, and nobody else looks at it during the call.
                        Operand::Out { dims, elements: unsafe { slice::from_raw_parts_mut(address, count) } }
                    } else {
                        // SAFETY: as promised: the array has as many elements, and nobody writes them during the call.
                        Operand::Array { dims, elements: unsafe { slice::from_raw_parts(address, count) } }
                    }
                }
            });
        }
        match (&self.external, self.strict) {
            (External::Kernel(kernel), false) => kernels::run(*kernel, &mut operands),
            (External::Kernel(_), true) | (External::Host(_), _) => self.external.call(&mut operands, self.results),
        }
    }
}

/// Runs a call; 0 if it fails. Then the context's `fault` is 0 for a singular matrix, 1 for one that is not positive definite, 2 for a host's refusal.
///
/// # Safety
/// As for every hook; the call is a place in the running program's list, and the words are a stack slot with its arguments and room for its results.
pub(crate) unsafe extern "C" fn external(context: *mut Context, call: u64, words: *mut u64) -> u64 {
    // SAFETY: compiled code passes its own context.
    let machine = unsafe { machine(context) };
    // SAFETY: the program is alive during the call.
    let call = &unsafe { &*machine.program }.externals[call as usize];
    let count = call.words();
    // SAFETY: as above.
    let answer = unsafe { call.run(slice::from_raw_parts(words, count)) };
    match answer {
        Ok(floats) => {
            // SAFETY: as above: there is room for the results.
            let results = unsafe { slice::from_raw_parts_mut(words.add(count), call.results) };
            results.iter_mut().zip(floats).for_each(|(word, x)| *word = x.to_bits());
            1
        }
        Err(failure) => {
            (machine.context.fault, machine.context.details) = match failure {
                Failure::Singular(details) => (0, details),
                Failure::NotPositiveDefinite(details) => (1, details),
                Failure::Host(text) => {
                    machine.failure = Some(text);
                    (2, [0; 2])
                }
            };
            0
        }
    }
}
