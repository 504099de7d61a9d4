//! Forward mode: values and tangents side by side, in the order of the primal.
//!
//! In: a function and its activity. Out: a function whose primal part is a copy of the original, each instruction followed by those for the tangent of its result.
//!
//! ```text
//! v3 = mul v1, v2              v3 = mul v1, v2
//!                              v4 = smul v1_dot, v2
//!                              v5 = smul v2_dot, v1
//!                              v6 = add v4, v5
//! store v7[v8] v3              store v7[v8] v3
//!                              store v7_dot[v8] v6
//! ```
//!
//! A tangent is a value per lane (one, unless more directions are followed at once), or a structural zero, for which nothing is emitted. Partials are computed once for all lanes. An
//! array has its shadow, at the same place. Calls go to the forward derivative of the callee, so recursion works. Files: `lanes` (what tangents look like), `regions` (if, for,
//! while), `memory` (arrays and tapes), `calls`, `ruled` (calls with rules); numbers are here.
//! Nothing is shared between partials of one instruction, and no product is simplified beyond 0, 1 and −1: the optimiser does that.

mod calls;
mod lanes;
mod memory;
mod regions;
mod ruled;

use crate::activity::Activity;
use crate::algebra;
use crate::catalog::{Catalog, Job};
use crate::literals::Literals;
use crate::refusal::MAX_DEPTH;
use crate::refusal::{Refusal, check_size};
use crate::rules::{self, Operands};
use crate::{Mutant, Options};
use adit_ir::prim::Prim;
use adit_ir::{
    Builder, Copier, FuncId, Function, Inst, Module, Op, OperandMap, Passing, Plain, Region, ScalarType, Type, Value,
};
use lanes::Lanes;

/// The forward derivative of `f` and of all that it calls, in the order in which they join the module.
pub fn all(module: &Module, f: FuncId, active: &[bool], options: &Options) -> Result<(FuncId, Vec<Function>), Refusal> {
    let lanes = options.lanes.max(1);
    let stand_in = crate::ruled::stand_in(module, f);
    let mut catalog = Catalog::new(module, lanes);
    let root = catalog.request(f, active);
    let (mut built, mut size) = (Vec::new(), 0);
    while let Some(job) = catalog.next() {
        let source = stand_in.as_ref().filter(|_| job.f == f).unwrap_or_else(|| module.function(job.f));
        let least = (source.inst_count() + source.params.len()).saturating_mul(lanes);
        check_size(source, least.saturating_add(size + catalog.len()), options)?;
        let derivative = Sweep::new(module, &mut catalog, source, &job, options).run(&job)?;
        size += derivative.inst_count();
        check_size(source, size + catalog.len(), options)?;
        built.push(derivative);
    }
    Ok((root, built))
}

/// One function under way.
struct Sweep<'s, 'm> {
    module: &'m Module,
    catalog: &'s mut Catalog<'m>,
    source: &'m Function,
    activity: Activity,
    b: Builder,
    copier: Copier<'m>,
    literals: Literals,
    options: Options,
    /// How many directions are followed.
    lanes: usize,
    /// By primal value: the tangent of a float, the shadow of an array, the shadow of a tape.
    tangent: Vec<Option<Lanes>>,
    depth: usize,
}

impl<'s, 'm> Sweep<'s, 'm> {
    fn new(
        module: &'m Module,
        catalog: &'s mut Catalog<'m>,
        source: &'m Function,
        job: &Job,
        options: &Options,
    ) -> Self {
        let options = options.acting_in(source);
        let params = || source.params.iter().zip(&job.active).filter(|(_, active)| **active).map(|(p, _)| p);
        let seeds: Vec<Value> = params().map(|p| p.value).collect();
        let lent = params().filter(|p| p.passing == Passing::Mut).map(|p| p.value);
        let sinks: Vec<Value> = source.region(source.body).yields.iter().copied().chain(lent).collect();
        Sweep {
            module,
            catalog,
            source,
            activity: Activity::new(module, source, &seeds, &sinks, options),
            b: Builder::new(job.name.clone(), source.span),
            copier: Copier::new(source),
            literals: Literals::new(source),
            options,
            lanes: options.lanes.max(1),
            tangent: vec![None; source.value_count()],
            depth: 0,
        }
    }

    fn run(mut self, job: &Job) -> Result<Function, Refusal> {
        self.copier.copy_signature(&mut self.b);
        let source = self.source;
        for (param, _) in source.params.iter().zip(&job.active).filter(|(_, active)| **active) {
            self.tangent_param(param.value, param.passing)?;
        }
        self.hidden_shadows()?;
        self.insts(source.body)?;
        let yields = &source.region(source.body).yields;
        let mut returned = self.copier.map.values(yields);
        let floats: Vec<Value> = yields.iter().copied().filter(|&v| source.ty(v).is_float()).collect();
        returned.extend(self.tangents_or_zeros(&floats));
        Ok(self.b.finish(&returned))
    }

    /// Adds the tangents of an active parameter to the signature: one per lane, or a shadow.
    fn tangent_param(&mut self, param: Value, passing: Passing) -> Result<(), Refusal> {
        let types: Vec<Type> = match self.source.ty(param) {
            Type::Array(array) => vec![Type::Array(self.shadow_type(array)?)],
            Type::Tape(tape) => vec![Type::Tape(tape.clone())],
            Type::Scalar(_) => self.lane_types(param).collect(),
        };
        let tangent = types.into_iter().map(|ty| self.b.param(ty, passing)).collect();
        self.tangent[param.index()] = Some(tangent);
        Ok(())
    }

    /// Shadows of `mut` parameters that the caller declared inactive, but that carry derivatives from writes to reads.
    fn hidden_shadows(&mut self) -> Result<(), Refusal> {
        for param in &self.source.params {
            if self.activity.of(param.value) && self.tangent[param.value.index()].is_none() {
                self.shadow_alloc(param.value)?;
            }
        }
        Ok(())
    }

    fn insts(&mut self, region: Region) -> Result<(), Refusal> {
        let source = self.source;
        for &inst in &source.region(region).insts {
            self.b.set_span(source.inst(inst).span);
            check_size(source, self.b.func().inst_count(), &self.options)?;
            self.inst(inst)?;
        }
        Ok(())
    }

    fn inst(&mut self, inst: Inst) -> Result<(), Refusal> {
        let data = self.source.inst(inst);
        let results = &data.results;
        match &data.op {
            Op::If { cond, then, otherwise } => return self.branch(inst, *cond, *then, *otherwise),
            Op::For { body, inits, .. } => return self.counted(inst, inits, *body),
            Op::While { inits, cond, body, .. } => return self.uncounted(inst, inits, *cond, *body),
            Op::Call { callee, args } if self.is_active_call(args, results) => self.call(inst, *callee, args)?,
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } | Op::Alloc { .. } => {
                self.plain(inst)?
            }
            Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } => {
                self.plain(inst)?
            }
            Op::Call { .. } | Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } => self.plain(inst)?,
            Op::Assert { .. } | Op::Print { .. } => self.plain(inst)?,
        }
        Ok(())
    }

    /// The primal's instruction, then what its tangents need.
    fn plain(&mut self, inst: Inst) -> Result<(), Refusal> {
        self.copier.copy(&mut Plain, &mut self.b, inst);
        let data = self.source.inst(inst);
        let results = &data.results;
        match &data.op {
            Op::Const(_) | Op::Cmp { .. } | Op::Assert { .. } | Op::Print { .. } => {}
            // Those through which derivatives flow do not come here, nor do regions.
            Op::Call { .. } | Op::If { .. } | Op::For { .. } | Op::While { .. } => {}
            Op::Prim { prim, args } => self.prim(*prim, args, results[0]),
            Op::Select { cond, then, otherwise } => self.select(*cond, *then, *otherwise, results[0]),
            Op::Alloc { .. } => self.alloc(results[0])?,
            Op::Load { array, subscripts } => self.load(*array, subscripts, results[0]),
            Op::Store { array, subscripts, value } => self.store(*array, subscripts, *value),
            Op::Acc { array, subscripts, value } => self.acc(*array, subscripts, *value),
            Op::Copy { to, from } => self.copy(*to, *from),
            Op::Fill { array, value } => self.fill(*array, *value),
            Op::TapeNew { ty } => self.tape_new(results[0], ty),
            Op::TapePush { tape, values } => self.tape_push(*tape, values),
            Op::TapePop { tape } => self.tape_pop(*tape, results),
        }
        Ok(())
    }

    fn prim(&mut self, prim: Prim, args: &[Value], result: Value) {
        if !self.activity.of(result) {
            return;
        }
        let mut total = None;
        for (operand, (&arg, partial)) in args.iter().zip(rules::partials(prim, self.options.mutant)).enumerate() {
            let Some(partial) = partial.filter(|_| !self.loses(prim, operand)) else { continue };
            let Some(tangent) = self.tangent[arg.index()].clone() else { continue };
            let mut at = Here { sweep: self, args, result };
            let factor = rules::factor(&mut at, partial);
            if let Some(terms) = algebra::tangent_terms(&mut self.b, prim, operand, &tangent, factor) {
                let terms = self.in_type_of(result, terms);
                let terms =
                    if self.has(Mutant::StrongZeroAsSelect) { self.as_select(prim, args[0], terms) } else { terms };
                total = Some(algebra::sums(&mut self.b, total, terms));
            }
        }
        self.tangent[result.index()] = total;
    }

    /// Tangents in the type of the value that they belong to.
    fn in_type_of(&mut self, v: Value, tangents: Lanes) -> Lanes {
        let ty = self.source.ty(v);
        tangents.into_iter().map(|t| algebra::converted(&mut self.b, t, ty)).collect()
    }

    fn select(&mut self, cond: Value, then: Value, otherwise: Value, result: Value) {
        let sides = [then, otherwise];
        if self.activity.of(result) && sides.iter().any(|v| self.tangent[v.index()].is_some()) {
            let cond = self.copier.map.value(cond);
            let [then, otherwise] = sides.map(|v| self.tangent_or_zero(v));
            let lanes = then.into_iter().zip(otherwise);
            self.tangent[result.index()] = Some(lanes.map(|(t, o)| self.b.select(cond, t, o)).collect());
        }
    }

    /// [`Mutant::MixedTermLost`]
    fn loses(&self, prim: Prim, operand: usize) -> bool {
        self.has(Mutant::MixedTermLost) && algebra::is_strong(prim) && operand == 1
    }

    /// [`Mutant::StrongZeroAsSelect`]
    fn as_select(&mut self, prim: Prim, weight: Value, tangents: Lanes) -> Lanes {
        let weight = self.copier.map.value(weight);
        let unless_zero = |t| if algebra::is_strong(prim) { algebra::unless_zero(&mut self.b, weight, t) } else { t };
        tangents.into_iter().map(unless_zero).collect()
    }

    fn has(&self, mutant: Mutant) -> bool {
        self.options.mutant == Some(mutant)
    }

    /// Runs `inside` one region deeper.
    fn nested(&mut self, inside: impl FnOnce(&mut Self) -> Result<(), Refusal>) -> Result<(), Refusal> {
        if self.depth == MAX_DEPTH {
            return Err(Refusal::too_deep(self.source, self.b.span()));
        }
        self.depth += 1;
        let done = inside(self);
        self.depth -= 1;
        done
    }
}

/// The operands of a rule are the copies beside it.
struct Here<'a, 's, 'm> {
    sweep: &'a mut Sweep<'s, 'm>,
    args: &'a [Value],
    result: Value,
}

impl Operands for Here<'_, '_, '_> {
    fn builder(&mut self) -> &mut Builder {
        &mut self.sweep.b
    }

    fn float(&self) -> ScalarType {
        self.sweep.source.ty(self.result).scalar().unwrap_or(ScalarType::F64)
    }

    fn literal(&self, index: usize) -> Option<f64> {
        self.sweep.literals.of(self.args[index])
    }

    fn arg(&mut self, index: usize) -> Value {
        self.sweep.copier.map.value(self.args[index])
    }

    fn result(&mut self) -> Value {
        self.sweep.copier.map.value(self.result)
    }
}
