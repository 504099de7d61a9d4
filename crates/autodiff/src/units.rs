//! Rules out of those of the other mode, where arrays move.
//!
//! In: a module. Out: until that is taken back, each function that has a rule of one mode alone has one of the other, too, which calls that once for each unit direction. A vjp rule is asked for each float of the results, a jvp rule for each
//! float of the parameters; so these are dear, and made only where nobody said which mode is wanted.
//!
//! ```text
//! func @f(v0: [f64; d0]) -> f64 vjp @r          func @f.jvp(v0: [f64; d0], v1: [f64; d0]) -> f64 {
//!                                                 v2 = alloc [f64; d0]; v3 = const 1.0; call @r(v0, v3, v2)
//!                                                 return (the sum of v1[k] * v2[k])
//!                                               }
//! ```

use crate::algebra::{self, Factor};
use crate::nest;
use crate::ruled::only_scalars_move;
use adit_ir::{
    Builder, FuncId, Function, Ints, Mode, Module, RuleHead, RuleParam, RuleShape, Rules, ScalarType, Type, Value,
    Values, rule_name,
};

/// Completes the rules of all functions; gives those that had one, with what they had. What was made before is used again.
pub fn complete_rules(module: &mut Module) -> Vec<(FuncId, Rules)> {
    let mut completed = Vec::new();
    for id in module.ids() {
        let rules = module.rules(id);
        let (mode, rule) = match (rules.jvp, rules.vjp) {
            (None, Some(rule)) => (Mode::Jvp, rule),
            (Some(rule), None) => (Mode::Vjp, rule),
            (_, _) => continue,
        };
        let f = module.function(id);
        if only_scalars_move(f) {
            continue;
        }
        let made = match module.find(&rule_name(f, mode)) {
            Some(made) => made,
            None => {
                let made = Units::of(module, f, mode, rule);
                module.push(made)
            }
        };
        completed.push((id, rules));
        match mode {
            Mode::Jvp => module.set_rules(id, Rules { jvp: Some(made), ..rules }),
            Mode::Vjp => module.set_rules(id, Rules { vjp: Some(made), ..rules }),
        }
    }
    completed
}

/// A rule under construction.
struct Units<'f> {
    f: &'f Function,
    /// The mode of the rule that there is.
    other: Mode,
    rule: FuncId,
    results: &'f [ScalarType],
    shape: RuleShape,
    params: Vec<(RuleParam, Value)>,
    /// By parameter of the function: zeros to be given for what moves with it.
    resting: Vec<Option<Value>>,
    dims: Vec<Ints>,
}

impl<'f> Units<'f> {
    fn of(module: &'f Module, f: &'f Function, mode: Mode, rule: FuncId) -> Function {
        let mut head = RuleHead::new(f, mode, f.span);
        let other = if mode == Mode::Jvp { Mode::Vjp } else { Mode::Jvp };
        let (own, shape) = (RuleShape::of(f, mode), RuleShape::of(f, other));
        let is_array = |i: usize| f.ty(f.params[i].value).array().is_some();
        let given = |i: &usize| shape.params.contains(&RuleParam::Given(*i)) && is_array(*i);
        let resting = (0..f.params.len()).map(|i| given(&i).then(|| head.scratch(i))).collect();
        let dims =
            f.params.iter().map(|p| f.ty(p.value).array().map(|a| head.map.array_ty(a).dims).unwrap_or_default());
        let dims = dims.collect();
        let RuleHead { mut b, params, .. } = head;
        let units = Units { f, other, rule, results: &module.function(rule).results, shape, params, resting, dims };
        for &(param, wanted) in &units.params {
            if let RuleParam::Wanted(i) = param {
                units.array(&mut b, i, wanted);
            }
        }
        let scalars = own.results.iter().map(|&k| units.weight(&mut b, units.input(k), units.type_of(k)));
        let scalars: Vec<Value> = scalars.collect();
        b.finish(&scalars)
    }

    /// The parameter of the rule that there is which moves with a scalar that is wanted.
    fn input(&self, k: usize) -> RuleParam {
        match self.other {
            Mode::Vjp => RuleParam::Seed(k),
            Mode::Jvp => RuleParam::Given(k),
        }
    }

    /// The type of a scalar that is wanted.
    fn type_of(&self, k: usize) -> ScalarType {
        match self.other {
            Mode::Vjp => self.f.results[k],
            Mode::Jvp => self.element(k),
        }
    }

    /// The float type of a parameter of the function.
    fn element(&self, i: usize) -> ScalarType {
        let ty = self.f.ty(self.f.params[i].value);
        ty.scalar().or_else(|| ty.array().map(|a| a.element)).unwrap_or(ScalarType::F64)
    }

    /// What comes in with this parameter.
    fn get(&self, wanted: RuleParam) -> Option<Value> {
        self.params.iter().find(|(param, _)| *param == wanted).map(|&(_, v)| v)
    }

    /// All elements of an array that is wanted.
    fn array(&self, b: &mut Builder, i: usize, wanted: Value) {
        let Some(unit) = self.resting[i] else { return };
        let ty = self.element(i);
        nest::each(b, &self.dims[i], None, |b, at, _| {
            let (one, zero) = (b.float(ty, 1.0), b.float(ty, 0.0));
            b.store(unit, at, one);
            let total = self.weight(b, RuleParam::Primal(usize::MAX), ty);
            b.store(unit, at, zero);
            b.store(wanted, at, total);
            None
        });
    }

    /// Asks the rule for a direction, in which `moves` is 1 if it is a scalar, and weighs what it gives with what came in.
    fn weight(&self, b: &mut Builder, moves: RuleParam, ty: ScalarType) -> Value {
        let (mut operands, mut written) = (Values::new(), Vec::new());
        for &param in &self.shape.params {
            let one = f64::from(u8::from(param == moves));
            operands.push(match param {
                RuleParam::Seed(k) => b.float(self.f.results[k], one),
                RuleParam::Given(i) => match self.resting[i] {
                    Some(array) => array,
                    None => b.float(self.element(i), one),
                },
                RuleParam::Wanted(i) => {
                    let array = b.alloc(adit_ir::ArrayType { element: self.element(i), dims: self.dims[i].clone() });
                    written.push((i, array));
                    array
                }
                RuleParam::Primal(_) => match self.get(param) {
                    Some(v) => v,
                    None => continue,
                },
            });
        }
        let call = b.call(self.rule, &operands, self.results);
        let mut total = b.float(ty, 0.0);
        for (&j, partial) in self.shape.results.iter().zip(b.results(call)) {
            let came = match self.other {
                Mode::Vjp => RuleParam::Given(j),
                Mode::Jvp => RuleParam::Seed(j),
            };
            if let Some(w) = self.get(came) {
                total = add_product(b, total, w, partial);
            }
        }
        for (i, partials) in written {
            let Some(weights) = self.get(RuleParam::Given(i)) else { continue };
            let sum = nest::each(b, &self.dims[i], Some(total), |b, at, total| {
                let (w, partial) = (b.load(weights, at), b.load(partials, at));
                total.map(|total| add_product(b, total, w, partial))
            });
            total = sum.unwrap_or(total);
        }
        total
    }
}

/// `total + w * partial`, in the type of the total.
fn add_product(b: &mut Builder, total: Value, w: Value, partial: Value) -> Value {
    let ty: Type = b.ty(total).clone();
    match algebra::product(b, w, Factor::Value(partial)) {
        Some(term) => {
            let term = algebra::converted(b, term, &ty);
            algebra::sum(b, Some(total), term)
        }
        None => total,
    }
}
