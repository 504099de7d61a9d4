//! Derived functions: derivatives that are called before anybody has made them.
//!
//! In: a function, a [`Mode`], and which of its parameters are active. Out: one more function of the module that has the derivative's signature and, in place of a body, says
//! what it is the derivative of. Programs that contain derivatives are lowered to calls of such functions; the *resolve* step (`adit_autodiff::resolve`) makes the bodies, inner
//! derivatives first. What the signatures mean stands in `adit_autodiff`; they are computed here, and nowhere else, so that caller and maker agree.
//!
//! ```text
//! func @f(v0: f64, v1: [f64; d0]) -> f64 { … }
//! func @f__jvp(v0: f64, v1: [f64; d0], v2: f64) -> (f64, f64) = jvp @f wrt v0
//! func @f__vjp(v0: f64, v1: [f64; d0], v2: mut [f64; d0], v3: f64) -> f64 = vjp @f wrt v1
//! ```

use crate::build::Builder;
use crate::copy::Copier;
use crate::entities::FuncId;
use crate::func::{Function, Module, Param, Passing};
use crate::graph::CallGraph;
use crate::types::{ScalarType, Type};

/// How derivatives are computed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// Forward: a tangent beside each value.
    Jvp,
    /// Reverse: adjoints, backwards.
    Vjp,
}

impl Mode {
    /// Both.
    pub const ALL: [Mode; 2] = [Mode::Jvp, Mode::Vjp];

    /// The keyword in the text form, and the end of derivatives' names.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Jvp => "jvp",
            Mode::Vjp => "vjp",
        }
    }
}

/// What a function without a body is the derivative of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Derived {
    /// A function of the same module; it may be a derived one itself.
    pub of: FuncId,
    /// Forward or reverse.
    pub mode: Mode,
    /// One entry per parameter of `of`; only floats and arrays of floats are active.
    pub active: Vec<bool>,
}

/// The first function, of one and all that it reaches by calls, that is declared as a derivative and not made: it has nothing to run or to differentiate.
pub fn unmade(module: &Module, root: FuncId) -> Option<FuncId> {
    if module.iter().all(|(_, f)| f.derived.is_none()) {
        return None;
    }
    let reached = CallGraph::new(module, &[root]).order;
    reached.into_iter().find(|&id| module.function(id).derived.is_some())
}

impl Derived {
    /// The derivative's signature, without a body: the function to be called, before it is made.
    pub fn declare(self, module: &Module, name: String) -> Function {
        let of = module.function(self.of);
        let mut b = Builder::new(name, of.span);
        let mut copier = Copier::new(of);
        copier.copy_signature(&mut b);
        for (ty, passing) in self.added_params(of) {
            b.param(copier.map.ty(&ty), passing);
        }
        let mut f = b.finish(&[]);
        f.results = self.results(of);
        f.derived = Some(self);
        f
    }

    /// The parameters after those of the function itself; dimensions are the function's.
    fn added_params(&self, of: &Function) -> Vec<(Type, Passing)> {
        let active = self.active_params(of).map(|p| (of.ty(p.value).clone(), p.passing));
        match self.mode {
            Mode::Jvp => active.collect(),
            Mode::Vjp => {
                let shadows = active.filter(|(ty, _)| ty.array().is_some()).map(|(ty, _)| (ty, Passing::Mut));
                let seeds = floats(&of.results).map(|ty| (ty.into(), Passing::ByValue));
                shadows.chain(seeds).collect()
            }
        }
    }

    fn results(&self, of: &Function) -> Vec<ScalarType> {
        let primal = of.results.iter().copied();
        match self.mode {
            Mode::Jvp => primal.chain(floats(&of.results)).collect(),
            Mode::Vjp => primal.chain(self.active_params(of).filter_map(|p| of.ty(p.value).scalar())).collect(),
        }
    }

    fn active_params<'a>(&'a self, of: &'a Function) -> impl Iterator<Item = &'a Param> {
        of.params.iter().zip(&self.active).filter(|(_, active)| **active).map(|(p, _)| p)
    }
}

fn floats(types: &[ScalarType]) -> impl Iterator<Item = ScalarType> + '_ {
    types.iter().copied().filter(|ty| ty.is_float())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::print_function;
    use crate::types::{ArrayType, Int};
    use adit_diag::Span;

    fn declared(mode: Mode, active: [bool; 4]) -> String {
        let mut b = Builder::new("f", Span::default());
        let n = b.dim();
        let array = Type::Array(ArrayType { element: ScalarType::F64, dims: [Int::Value(n)].into_iter().collect() });
        let x = b.param(Type::F64, Passing::ByValue);
        b.param(array.clone(), Passing::ByValue);
        b.param(array, Passing::Mut);
        let i = b.param(Type::I64, Passing::ByValue);
        let mut module = Module::new();
        let of = module.push(b.finish(&[x, i]));
        let derived = Derived { of, mode, active: active.to_vec() };
        print_function(&module, &derived.declare(&module, format!("f__{}", mode.name())))
    }

    #[test]
    fn signatures_of_forward_derivatives() {
        assert_eq!(
            declared(Mode::Jvp, [true, false, true, false]),
            "func @f__jvp(v0: f64, v1: [f64; d0], v2: mut [f64; d0], v3: i64, v4: f64, v5: mut [f64; d0]) -> (f64, i64, f64) = jvp @f wrt v0, v2\n"
        );
    }

    #[test]
    fn signatures_of_reverse_derivatives() {
        assert_eq!(
            declared(Mode::Vjp, [true, true, false, false]),
            "func @f__vjp(v0: f64, v1: [f64; d0], v2: mut [f64; d0], v3: i64, v4: mut [f64; d0], v5: f64) -> (f64, i64, f64) = vjp @f wrt v0, v1\n"
        );
    }
}
