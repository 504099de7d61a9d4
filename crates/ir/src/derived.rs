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
//! func @f__jvp2(v0: f64, v1: [f64; d0], v2: [f64; d0, 2]) -> (f64, f64, f64) = silent jvp 2 @f wrt v1
//! ```
//!
//! Forward derivatives follow one direction or several (*lanes*); a *silent* derivative does not print, nor does what it calls; in a *served* one rules of the other mode serve
//! where its own are missing.

use crate::build::Builder;
use crate::copy::Copier;
use crate::entities::FuncId;
use crate::func::{Function, Module, Param, Passing};
use crate::graph::CallGraph;
use crate::types::{Int, ScalarType, Type};

/// The most directions that a forward derivative follows at once.
pub const MAX_LANES: usize = 64;

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
    /// How many directions are followed at once: 1 to [`MAX_LANES`] forward, 1 in reverse.
    pub lanes: usize,
    /// Whether nothing is printed, though the function and what it calls may print.
    pub silent: bool,
    /// Whether rules of the other mode serve this one, arrays included: nobody asked for the mode.
    pub served: bool,
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
    /// The reverse derivative, or the forward derivative along one direction; it prints what the function prints.
    pub fn new(of: FuncId, mode: Mode, active: Vec<bool>) -> Self {
        Derived { of, mode, active, lanes: 1, silent: false, served: false }
    }

    /// What follows the function's name in that of its derivative.
    pub fn suffix(&self) -> String {
        let lanes = if self.lanes == 1 { String::new() } else { self.lanes.to_string() };
        format!("__{}{lanes}", self.mode.name())
    }

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
            Mode::Jvp => active.flat_map(|(ty, passing)| self.tangents(ty).map(move |ty| (ty, passing))).collect(),
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
            Mode::Jvp => primal.chain(floats(&of.results).flat_map(|ty| std::iter::repeat_n(ty, self.lanes))).collect(),
            Mode::Vjp => primal.chain(self.active_params(of).filter_map(|p| of.ty(p.value).scalar())).collect(),
        }
    }

    /// The types that a forward derivative adds for what has this type: a scalar for each lane, or a shadow whose last dimension they are.
    fn tangents(&self, mut ty: Type) -> impl Iterator<Item = Type> + use<> {
        let count = match &mut ty {
            Type::Scalar(_) => self.lanes,
            Type::Array(shadow) => {
                let lanes = (self.lanes > 1).then(|| Int::Const(i64::try_from(self.lanes).unwrap_or(i64::MAX)));
                shadow.dims.extend(lanes);
                1
            }
            Type::Tape(_) => 1,
        };
        std::iter::repeat_n(ty, count)
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

    fn declared(active: [bool; 4], derived: impl FnOnce(FuncId, Vec<bool>) -> Derived) -> String {
        let mut b = Builder::new("f", Span::default());
        let n = b.dim();
        let array = Type::Array(ArrayType { element: ScalarType::F64, dims: [Int::Value(n)].into_iter().collect() });
        let x = b.param(Type::F64, Passing::ByValue);
        b.param(array.clone(), Passing::ByValue);
        b.param(array, Passing::Mut);
        let i = b.param(Type::I64, Passing::ByValue);
        let mut module = Module::new();
        let of = module.push(b.finish(&[x, i]));
        let derived = derived(of, active.to_vec());
        let name = format!("f{}", derived.suffix());
        print_function(&module, &derived.declare(&module, name))
    }

    #[test]
    fn signatures_of_forward_derivatives() {
        assert_eq!(
            declared([true, false, true, false], |of, active| Derived::new(of, Mode::Jvp, active)),
            "func @f__jvp(v0: f64, v1: [f64; d0], v2: mut [f64; d0], v3: i64, v4: f64, v5: mut [f64; d0]) -> (f64, i64, f64) = jvp @f wrt v0, v2\n"
        );
    }

    #[test]
    fn signatures_of_several_lanes() {
        assert_eq!(
            declared([true, false, true, false], |of, active| Derived {
                lanes: 3,
                silent: true,
                ..Derived::new(of, Mode::Jvp, active)
            }),
            "func @f__jvp3(v0: f64, v1: [f64; d0], v2: mut [f64; d0], v3: i64, v4: f64, v5: f64, v6: f64, v7: mut [f64; d0, 3]) -> (f64, i64, f64, f64, f64) = silent jvp 3 @f wrt v0, v2\n"
        );
    }

    #[test]
    fn signatures_of_reverse_derivatives() {
        assert_eq!(
            declared([true, true, false, false], |of, active| Derived::new(of, Mode::Vjp, active)),
            "func @f__vjp(v0: f64, v1: [f64; d0], v2: mut [f64; d0], v3: i64, v4: mut [f64; d0], v5: f64) -> (f64, i64, f64) = vjp @f wrt v0, v1\n"
        );
    }
}
