//! What derivative rules take and give.
//!
//! In: a function and which of its two rules. Out: a [`RuleShape`]: the parameters and results that the rule must have, each named by what it is for. The verifier compares them, the
//! derivative passes call by them, the front end builds adapters to them, by a [`RuleHead`].
//!
//! For `func @f(v0: f64, v1: [f64; d0], v2: mut [f64; d0]) -> f64`, whose `mut` parameters are results and are written in full:
//!
//! ```text
//! jvp  (v0, v1,  tangent of v0, tangent of v1,  mut tangent of v2) -> tangent of the result
//! vjp  (v0, v1,  cotangent of v2, cotangent of the result,  mut cotangent of v1) -> cotangent of v0
//! ```
//!
//! What comes in is passed by value; `mut` arrays are zeros on entry, hold what the rule gives afterwards. A rule does not give the function's own results again. Integers and truth values have neither
//! tangents nor cotangents.

use crate::build::Builder;
use crate::copy::ValueMap;
use crate::derived::Mode;
use crate::entities::Value;
use crate::func::{Function, Passing};
use crate::types::Type;
use adit_diag::Span;

/// What a parameter of a rule is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RuleParam {
    /// The function's parameter of this position, itself.
    Primal(usize),
    /// What moves with the function's parameter of this position and comes in: the tangent of one by value, the cotangent of a `mut` one.
    Given(usize),
    /// The cotangent of the function's result of this position.
    Seed(usize),
    /// What moves with the function's parameter of this position and goes out, `mut`: the tangent of a `mut` one, the cotangent of one by value.
    Wanted(usize),
}

/// The signature of a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleShape {
    /// Which of a function's rules it is the signature of.
    pub mode: Mode,
    /// In order.
    pub params: Vec<RuleParam>,
    /// For each result, which of the function's results (jvp) or parameters (vjp) it moves with, whose float type it has.
    pub results: Vec<usize>,
}

impl RuleShape {
    /// The signature of this rule of a function.
    pub fn of(f: &Function, mode: Mode) -> RuleShape {
        let by_value = |i: &usize| f.params[*i].passing == Passing::ByValue;
        let float = |i: &usize| f.ty(f.params[*i].value).is_float();
        let array = |i: &usize| f.ty(f.params[*i].value).array().is_some();
        let all = || 0..f.params.len();
        let (values, lent) = (all().filter(by_value), all().filter(|i| !by_value(i)).filter(float));
        let moving = || all().filter(by_value).filter(float);
        let floats = (0..f.results.len()).filter(|&k| f.results[k].is_float());
        let mut params: Vec<RuleParam> = values.map(RuleParam::Primal).collect();
        match mode {
            Mode::Jvp => {
                params.extend(moving().map(RuleParam::Given));
                params.extend(lent.map(RuleParam::Wanted));
                RuleShape { mode, params, results: floats.collect() }
            }
            Mode::Vjp => {
                params.extend(lent.map(RuleParam::Given));
                params.extend(floats.map(RuleParam::Seed));
                params.extend(moving().filter(array).map(RuleParam::Wanted));
                RuleShape { mode, params, results: moving().filter(|i| !array(i)).collect() }
            }
        }
    }

    /// Why a function is no such rule of `f`; nothing if it is. Extents are compared when it is called.
    pub fn mismatch(&self, f: &Function, rule: &Function) -> Option<String> {
        if rule.params.len() != self.params.len() {
            return Some(format!("it has {} parameters instead of {}", rule.params.len(), self.params.len()));
        }
        for (i, (param, &wanted)) in rule.params.iter().zip(&self.params).enumerate() {
            let (ty, passing) = match wanted {
                RuleParam::Primal(k) | RuleParam::Given(k) => (f.ty(f.params[k].value), Passing::ByValue),
                RuleParam::Wanted(k) => (f.ty(f.params[k].value), Passing::Mut),
                RuleParam::Seed(k) => (&Type::Scalar(f.results[k]), Passing::ByValue),
            };
            if param.passing != passing || !same_kind(rule.ty(param.value), ty) {
                return Some(format!("its parameter {i} has the wrong type"));
            }
        }
        let moves_with = |i: usize| match self.mode {
            Mode::Jvp => Some(f.results[i]),
            Mode::Vjp => f.ty(f.params[i].value).scalar(),
        };
        let mut pairs = rule.results.iter().zip(&self.results);
        let fits = rule.results.len() == self.results.len() && pairs.all(|(&r, &i)| moves_with(i) == Some(r));
        (!fits).then(|| format!("it must have {} results, all floats", self.results.len()))
    }
}

/// What rules that nobody named are called.
pub fn rule_name(f: &Function, mode: Mode) -> String {
    format!("{}.{}", f.name, mode.name())
}

/// A rule under construction: its signature, and what stands for each of its parameters.
#[derive(Debug)]
pub struct RuleHead<'f> {
    /// Builds the rule.
    pub b: Builder,
    /// The function that it is a rule of.
    pub f: &'f Function,
    /// What the function's dimensions are called in the rule.
    pub map: ValueMap,
    /// In order.
    pub params: Vec<(RuleParam, Value)>,
}

impl<'f> RuleHead<'f> {
    /// Begins a rule of `f`.
    pub fn new(f: &'f Function, mode: Mode, span: Span) -> Self {
        let mut b = Builder::new(rule_name(f, mode), span);
        let mut map = ValueMap::new(f);
        for &dim in &f.dims {
            map.set(dim, b.dim());
        }
        let mut params = Vec::new();
        for param in RuleShape::of(f, mode).params {
            let (ty, passing) = match param {
                RuleParam::Primal(i) | RuleParam::Given(i) => (map.ty(f.ty(f.params[i].value)), Passing::ByValue),
                RuleParam::Wanted(i) => (map.ty(f.ty(f.params[i].value)), Passing::Mut),
                RuleParam::Seed(k) => (f.results[k].into(), Passing::ByValue),
            };
            params.push((param, b.param(ty, passing)));
        }
        RuleHead { b, f, map, params }
    }

    /// What stands for a parameter of the rule; zeros if it has none.
    pub fn get(&mut self, wanted: RuleParam, ty: &Type) -> Value {
        if let Some((_, v)) = self.params.iter().find(|(param, _)| *param == wanted) {
            return *v;
        }
        match ty {
            Type::Array(a) => {
                let ty = self.map.array_ty(a);
                self.b.alloc(ty)
            }
            Type::Scalar(s) => self.b.zero(*s),
            Type::Tape(_) => self.b.i64(0),
        }
    }

    /// The type of a parameter of the function.
    pub fn ty(&self, param: usize) -> Type {
        self.f.ty(self.f.params[param].value).clone()
    }

    /// Zeros like a parameter of the function.
    pub fn scratch(&mut self, param: usize) -> Value {
        let ty = self.ty(param);
        self.get(RuleParam::Seed(usize::MAX), &ty)
    }
}

/// Equal but for extents.
fn same_kind(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Array(a), Type::Array(b)) => a.element == b.element && a.dims.len() == b.dims.len(),
        (Type::Scalar(a), Type::Scalar(b)) => a == b,
        (Type::Scalar(_) | Type::Array(_) | Type::Tape(_), _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ScalarType;
    use crate::types::{ArrayType, Int};

    #[test]
    fn what_comes_in_and_what_goes_out() {
        let mut b = Builder::new("f", Span::default());
        let d = b.dim();
        let vector = |element| Type::Array(ArrayType { element, dims: [Int::Value(d)].into_iter().collect() });
        b.param(Type::F64, Passing::ByValue);
        b.param(Type::I64, Passing::ByValue);
        b.param(vector(ScalarType::F64), Passing::ByValue);
        b.param(vector(ScalarType::F64), Passing::Mut);
        let x = b.f64(1.0);
        let f = b.finish(&[x]);
        use RuleParam::{Given, Primal, Seed, Wanted};
        let jvp = RuleShape::of(&f, Mode::Jvp);
        assert_eq!(jvp.params, [Primal(0), Primal(1), Primal(2), Given(0), Given(2), Wanted(3)]);
        assert_eq!(jvp.results, [0]);
        let vjp = RuleShape::of(&f, Mode::Vjp);
        assert_eq!(vjp.params, [Primal(0), Primal(1), Primal(2), Given(3), Seed(0), Wanted(2)]);
        assert_eq!(vjp.results, [0]);
        assert!(vjp.mismatch(&f, &f).is_some());
    }
}
