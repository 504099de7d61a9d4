//! Forward mode through calls that have rules: the primal's call, then one of the rule.
//!
//! In and out, for `func @f(v0: [f64; d0], v1: mut [f64; d0]) -> f64 jvp @r`:
//!
//! ```text
//! v3 = call @f(v1, v2)         v3 = call @f(v1, v2)
//!                              v4 = const 0.0 ; fill v2_dot = v4
//!                              v5 = call @r(v1, v1_dot, v2_dot)                  v5 is the tangent of v3
//! ```
//!
//! What has no tangent gets zeros, since rules are written for all of their function's parameters.

use super::Sweep;
use super::lanes::zero_of;
use crate::algebra::{self, Factor};
use crate::nest;
use crate::refusal::Refusal;
use crate::ruled::Way;
use adit_ir::{FuncId, Function, Inst, Mode, OperandMap, Plain, RuleParam, RuleShape, Value, Values};
use smallvec::{SmallVec, smallvec};

impl Sweep<'_, '_> {
    pub(super) fn ruled(&mut self, inst: Inst, callee: FuncId, args: &[Value], way: Way) -> Result<(), Refusal> {
        self.copier.copy(&mut Plain, &mut self.b, inst);
        let f = self.module.function(callee);
        let results = &self.source.inst(inst).results;
        match way {
            Way::Rule(rule) => self.by_rule(f, rule, args, results)?,
            Way::Units(rule) => self.by_units(f, rule, args, results),
        }
        Ok(())
    }

    /// One call of the rule for each lane.
    fn by_rule(&mut self, f: &Function, rule: FuncId, args: &[Value], results: &[Value]) -> Result<(), Refusal> {
        let shape = RuleShape::of(f, Mode::Jvp);
        let mut tangents: Vec<SmallVec<[Value; 1]>> = vec![smallvec![]; shape.results.len()];
        for lane in 0..self.lanes {
            let mut operands = Values::new();
            let mut wanted = Vec::new();
            for param in &shape.params {
                operands.push(match *param {
                    RuleParam::Primal(i) => self.copier.map.value(args[i]),
                    RuleParam::Given(i) => self.given(args[i], lane)?,
                    RuleParam::Wanted(i) => {
                        let tangent = self.wanted(args[i])?;
                        wanted.push((args[i], tangent));
                        tangent
                    }
                    // Only cotangents are seeds.
                    RuleParam::Seed(_) => continue,
                });
            }
            let inst = self.b.call(rule, &operands, &self.module.function(rule).results);
            for (lanes, tangent) in tangents.iter_mut().zip(self.b.results(inst)) {
                lanes.push(tangent);
            }
            for (arg, tangent) in wanted {
                self.spread(arg, tangent, lane);
            }
        }
        for (&k, lanes) in shape.results.iter().zip(tangents) {
            self.tangent[results[k].index()] = Some(lanes);
        }
        Ok(())
    }

    /// The shadow of an array that carries derivatives.
    fn shadow_of(&self, array: Value) -> Option<Value> {
        let shadow = self.tangent[array.index()].as_ref()?;
        self.activity.of(array).then(|| shadow[0])
    }

    /// One lane of the tangent of an argument, or zeros.
    fn given(&mut self, arg: Value, lane: usize) -> Result<Value, Refusal> {
        let Some(ty) = self.source.ty(arg).array() else {
            return Ok(self.tangent_or_zero(arg)[lane]);
        };
        let shadow = self.shadow_of(arg);
        if let (Some(shadow), 1) = (shadow, self.lanes) {
            return Ok(shadow);
        }
        let ty = self.copier.map.array_ty(ty);
        let dims = ty.dims.clone();
        let tangent = self.b.alloc(ty);
        if let Some(shadow) = shadow {
            let at_lane = |at: &[adit_ir::Int]| at.iter().copied().chain([lane_index(lane)]).collect::<adit_ir::Ints>();
            nest::each(&mut self.b, &dims, None, |b, at, _| {
                let x = b.load(shadow, &at_lane(at));
                b.store(tangent, at, x);
                None
            });
        }
        Ok(tangent)
    }

    /// An array of zeros for the rule to fill: the shadow, cleared, if it is as large.
    fn wanted(&mut self, arg: Value) -> Result<Value, Refusal> {
        if let (Some(shadow), 1) = (self.shadow_of(arg), self.lanes) {
            let zero = zero_of(&mut self.b, self.source.ty(arg));
            self.b.fill(shadow, zero);
            return Ok(shadow);
        }
        let ty = self.source.ty(arg).array().map(|ty| self.copier.map.array_ty(ty));
        Ok(match ty {
            Some(ty) => self.b.alloc(ty),
            None => zero_of(&mut self.b, self.source.ty(arg)),
        })
    }

    /// Puts what a rule filled into one lane of the shadow, where it is not the shadow itself.
    fn spread(&mut self, arg: Value, tangent: Value, lane: usize) {
        let Some(shadow) = self.shadow_of(arg).filter(|&shadow| shadow != tangent) else { return };
        let dims = self.source.ty(arg).array().map(|ty| self.copier.map.array_ty(ty).dims).unwrap_or_default();
        nest::each(&mut self.b, &dims, None, |b, at, _| {
            let x = b.load(tangent, at);
            let place: adit_ir::Ints = at.iter().copied().chain([lane_index(lane)]).collect();
            b.store(shadow, &place, x);
            None
        });
    }

    /// All that moves is scalars: one row of the Jacobian for each result.
    fn by_units(&mut self, f: &Function, rule: FuncId, args: &[Value], results: &[Value]) {
        let shape = RuleShape::of(f, Mode::Vjp);
        let floats: Vec<usize> = (0..f.results.len()).filter(|&k| f.results[k].is_float()).collect();
        for &row in &floats {
            let mut operands = Values::new();
            for param in &shape.params {
                match *param {
                    RuleParam::Primal(i) => operands.push(self.copier.map.value(args[i])),
                    RuleParam::Seed(k) => operands.push(self.b.float(f.results[k], f64::from(u8::from(k == row)))),
                    // There are no arrays.
                    RuleParam::Given(_) | RuleParam::Wanted(_) => {}
                }
            }
            let inst = self.b.call(rule, &operands, &self.module.function(rule).results);
            let partials = self.b.results(inst);
            let mut total = None;
            for (&i, partial) in shape.results.iter().zip(partials) {
                let Some(tangent) = self.tangent[args[i].index()].clone() else { continue };
                let product = |t| algebra::product(&mut self.b, t, Factor::Value(partial));
                let terms: Option<SmallVec<[Value; 1]>> = tangent.into_iter().map(product).collect();
                let terms = terms.map(|terms| self.in_type_of(results[row], terms));
                total = terms.map(|terms| algebra::sums(&mut self.b, total.take(), terms)).or(total);
            }
            self.tangent[results[row].index()] = total;
        }
    }
}

fn lane_index(lane: usize) -> adit_ir::Int {
    adit_ir::Int::Const(i64::try_from(lane).unwrap_or(i64::MAX))
}
