//! The explicit form: what is differentiated is said at each argument.
//!
//! In: a function, a sweep, the activity of the result, and arguments that say theirs ([`super::annotations`]). Out: derivatives added to shadows or returned. What cannot be right is refused before anything
//! runs, by the name of the argument.
//!
//! There is no runtime activity. Elsewhere it is needed where a compiler cannot prove what memory is active and decides while the program runs. Here arrays cannot alias and are values, so which values are
//! active is known exactly when the derivative is made; what does not agree with what was said is an error, never a zero.

use super::annotations::{Activity, AllShadows, Annotations};
use super::arguments::Arguments;
use super::fault::UNKNOWN_NAME;
use super::forward::Directions;
use super::leaves::Leaves;
use super::memory::Workspace;
use super::pass::{Callee, Pass};
use super::plan::How;
use super::split::{Halves, augmented_with};
use crate::error::{Error, Result};
use crate::frame::rebuild;
use crate::function::Function;
use crate::module::Module;
use crate::pipeline::{self, Derivative};
use crate::roomy::roomy;
use crate::signature::Type;
use crate::value::{Array, Data, Value};
use adit_diag::Code;
use adit_ir::ScalarType;
use std::sync::Arc;

/// Which way, and whether the value is wanted too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sweep {
    /// One sweep back from the result; the value is not returned.
    Reverse,
    /// The same, and the value.
    ReverseWithPrimal,
    /// One sweep forth; the value is not returned.
    Forward,
    /// The same, and the value.
    ForwardWithPrimal,
}

/// What [`Function::autodiff`] returns.
#[derive(Clone, PartialEq, Debug)]
pub struct Differentiated<A> {
    /// What the function returned, where it was asked for.
    pub value: Option<Value>,
    /// In forward mode the derivative of the result, one for each shadow of a batch.
    pub tangents: Vec<Value>,
    /// In reverse mode the derivative of each [`Active`](super::Active) argument, `()` for others.
    pub adjoints: A,
}

impl Module {
    /// [`Function::autodiff`] of the function of this name.
    ///
    /// # Errors
    /// As [`Module::function`] and [`Function::autodiff`].
    pub fn autodiff<A: Annotations>(
        &self,
        sweep: Sweep,
        name: &str,
        result: Activity,
        args: A,
    ) -> Result<Differentiated<<A::Shadows as AllShadows>::Adjoints>> {
        self.function(name)?.autodiff(sweep, result, args)
    }
}

impl Function {
    /// Differentiates a call whose arguments say what is differentiated.
    ///
    /// ```
    /// use adit::{Active, Activity, Const, Duplicated, Engine, Sweep};
    ///
    /// let module = Engine::new().compile("fn f(w: [f64; n], x: [f64; n], a: f64) -> f64 { a * dot(w, x) }")?;
    /// let (w, x, mut dw) = ([1.0, 2.0], [3.0, 4.0], [100.0, 100.0]);
    /// let args = (Duplicated(&w, &mut dw), Const(&x), Active(2.0));
    /// let d = module.autodiff(Sweep::ReverseWithPrimal, "f", Activity::Active, args)?;
    /// assert_eq!(d.value, Some(22.0.into()));
    /// assert_eq!(d.adjoints, ((), (), 11.0));
    /// assert_eq!(dw, [106.0, 108.0]); // Added to.
    ///
    /// let args = (Duplicated(&w, &[1.0, 0.0]), Const(&x), Duplicated(2.0, 10.0));
    /// let d = module.autodiff(Sweep::Forward, "f", Activity::DuplicatedNoNeed, args)?;
    /// assert_eq!(d.tangents, [116.0.into()]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// In reverse mode the result is [`Activity::Active`], one float; or [`Activity::Const`] if nothing active is returned, and derivatives come from the shadows of what the function writes: they hold the seeds
    /// of its last contents, and afterwards the derivatives by the first. In forward mode the result is [`Activity::Duplicated`], [`Activity::DuplicatedNoNeed`], [`Activity::BatchDuplicated`] where
    /// the arguments are, or [`Activity::Const`].
    ///
    /// # Errors
    /// Before anything runs, by the name of the argument: values that do not fit, shadows of another shape, an active value that reaches a place said to be constant, activities that mean nothing in this mode. And
    /// a run that stops.
    pub fn autodiff<A: Annotations>(
        &self,
        sweep: Sweep,
        result: Activity,
        args: A,
    ) -> Result<Differentiated<<A::Shadows as AllShadows>::Adjoints>> {
        let activities = A::activities();
        let said = Said { function: self, activities: &activities, result };
        let (mut primals, mut shadows) = args.split();
        let workspace = &mut Workspace::new();
        match sweep {
            Sweep::Reverse | Sweep::ReverseWithPrimal => {
                let mut value = blank(&self.signature().result);
                match widest(&activities) {
                    1 => said.run_back(workspace, &said.reverse()?, &mut primals, &mut shadows, &mut value)?,
                    _ => said.run_batch_back(workspace, &mut primals, &mut shadows, &mut value)?,
                }
                let value = (sweep == Sweep::ReverseWithPrimal).then_some(value);
                Ok(Differentiated { value, tangents: Vec::new(), adjoints: shadows.adjoints() })
            }
            Sweep::Forward | Sweep::ForwardWithPrimal => {
                let callee = said.forward()?;
                let mut value = blank(&self.signature().result);
                let mut tangents = vec![value.clone(); callee.plan.lanes];
                said.run_forth(workspace, &callee, (&mut primals, &mut shadows), &mut value, &mut tangents)?;
                if result == Activity::Const {
                    tangents.clear();
                }
                let value = (sweep == Sweep::ForwardWithPrimal).then_some(value);
                Ok(Differentiated { value, tangents, adjoints: shadows.adjoints() })
            }
        }
    }
}

/// Zeros of a type, arrays being empty: they take the sizes that are wanted.
pub(super) fn blank(ty: &Type) -> Value {
    let mut leaves = Vec::new();
    leaf_values(ty, &mut leaves);
    let mut leaves = leaves.into_iter();
    rebuild(ty, &mut || leaves.next().unwrap_or_else(Value::unit))
}

fn leaf_values(ty: &Type, out: &mut Vec<Value>) {
    match ty {
        Type::Scalar(ScalarType::F64) => out.push(0.0.into()),
        Type::Scalar(ScalarType::F32) => out.push(0.0_f32.into()),
        Type::Scalar(ScalarType::I64) => out.push(0_i64.into()),
        Type::Scalar(ScalarType::Bool) => out.push(false.into()),
        Type::Array { element, dims } => {
            let mut data = Data::F64(Vec::new());
            data.resize(0, Some(*element));
            out.push(Value::Array(Array { dims: vec![0; dims.len()], data }));
        }
        Type::Struct { fields, .. } => fields.iter().for_each(|(_, ty)| leaf_values(ty, out)),
        Type::Tuple(items) => items.iter().for_each(|ty| leaf_values(ty, out)),
    }
}

/// What was said of a call.
pub(super) struct Said<'f> {
    pub(super) function: &'f Function,
    pub(super) activities: &'f [Activity],
    pub(super) result: Activity,
}

impl Said<'_> {
    fn name(&self, param: usize) -> &str {
        &self.function.signature().params[param].name
    }

    /// The positions of the parameters that have derivatives.
    fn wrt(&self) -> Vec<usize> {
        (0..self.activities.len()).filter(|&p| self.activities[p] != Activity::Const).collect()
    }

    /// That there are as many arguments as parameters, and that those which have derivatives carry floats.
    fn check(&self) -> Result<()> {
        let params = &self.function.signature().params;
        if params.len() != self.activities.len() {
            let names: Vec<String> = params.iter().map(|p| format!("`{}`", p.name)).collect();
            let (wanted, given) = (names.len(), self.activities.len());
            return Err(Error::input(
                UNKNOWN_NAME,
                format!("{wanted} values are wanted ({}), {given} were given", names.join(", ")),
            ));
        }
        for p in self.wrt() {
            let (name, activity) = (self.name(p), self.activities[p]);
            if !params[p].ty.carries_floats() {
                return Err(refused(format!("`{name}` holds no floats: it can only be Const, not {activity:?}")));
            }
            let scalar_leaf = self.function.shape().layout.finals.iter().any(|&leaf| {
                self.function.shape().layout.params[leaf].path.param == Some(p)
                    && self.function.shape().layout.params[leaf].element.is_float()
            });
            if scalar_leaf {
                let text = "numbers that are lent by themselves have no shadow to hold their derivative: return them";
                return Err(refused(format!("`{name}` cannot be {activity:?}: {text}")));
            }
        }
        Ok(())
    }

    /// That no active value reaches what was said to be constant.
    fn check_reached(&self, active: &[bool], result_is_const: bool) -> Result<()> {
        let shape = self.function.shape();
        let layout = &shape.layout;
        let (unit, id) = self.function.program()?;
        let reached = roomy(|| pipeline::reached(unit, id, active, self.function.options()))??;
        let named: Vec<&str> = self.wrt().iter().map(|&p| self.name(p)).collect();
        let from = named.join("`, `");
        for (i, leaf) in layout.params.iter().enumerate() {
            let last = layout.finals.iter().position(|&f| f == i).map(|k| layout.results.len() + k);
            let written = reached.params[layout.ir_param(i)] && leaf.lent;
            let is_const = leaf.path.param.is_some_and(|p| self.activities[p] == Activity::Const);
            if is_const && (written || last.is_some_and(|k| reached.results[k])) {
                let text = "values that depend on";
                return Err(refused(format!(
                    "`{}` is Const, but {text} `{from}` are written to it: give it a shadow, as Duplicated",
                    leaf.path
                )));
            }
        }
        let returned = (0..layout.results.len()).any(|k| reached.results[k])
            || (0..layout.destinations.len()).any(|k| reached.params[layout.ir_destination(k)]);
        if result_is_const && returned {
            return Err(refused(format!("the result was said to be Const, but it depends on `{from}`")));
        }
        Ok(())
    }

    /// The IR parameters that are active.
    fn mask(&self, outputs: bool) -> Vec<bool> {
        self.function.shape().active(&|p| self.activities[p] != Activity::Const, outputs)
    }

    /// That a reverse sweep makes sense, and what is active in it.
    fn reversed(&self) -> Result<Vec<bool>> {
        self.check()?;
        match self.result {
            Activity::Active => self.function.one_float()?,
            Activity::Const => {}
            Activity::Duplicated | Activity::DuplicatedNoNeed | Activity::BatchDuplicated(_) => {
                let text = "in reverse mode the result is Active, or Const if only what is lent has derivatives";
                return Err(refused(format!("the result cannot be {:?}: {text}", self.result)));
            }
        }
        if self.same_lanes()? == 0 {
            return Err(refused("a batch has one shadow at least".into()));
        }
        let active = self.mask(false);
        self.check_reached(&active, self.result == Activity::Const)?;
        Ok(active)
    }

    fn reverse(&self) -> Result<Callee> {
        let active = self.reversed()?;
        let derivative = self.function.served(Derivative::Vjp(active.clone()));
        let mut callee = Callee::new(self.function, &derivative, &self.wrt(), &active, How::Reverse)?;
        callee.plan.gradient.what = "the shadow of ";
        Ok(callee)
    }

    /// The same in two calls.
    pub(super) fn halves(&self) -> Result<Halves> {
        Ok(Halves::new(self.function, &self.wrt(), &self.reversed()?)?.of_shadows())
    }

    fn forward(&self) -> Result<Callee> {
        self.check()?;
        if let Some(p) = self.wrt().into_iter().find(|&p| self.activities[p] == Activity::Active) {
            let text = "in forward mode the direction is said as a shadow, by Duplicated";
            return Err(refused(format!("`{}` cannot be Active: {text}", self.name(p))));
        }
        let lanes = self.lanes()?;
        let active = self.mask(true);
        self.check_reached(&active, self.result == Activity::Const)?;
        let derivative = self.function.served(Derivative::Jvp(active.clone(), lanes));
        let mut callee = Callee::new(self.function, &derivative, &self.wrt(), &active, How::Forward(lanes))?;
        callee.plan.along.what = "the shadow of ";
        Ok(callee)
    }

    /// How many shadows each argument has.
    fn same_lanes(&self) -> Result<usize> {
        let wrt = self.wrt();
        let wanted = wrt.first().map_or(1, |&p| lanes(self.activities[p]));
        if let Some(&p) = wrt.iter().find(|&&p| lanes(self.activities[p]) != wanted) {
            let found = lanes(self.activities[p]);
            let text = format!("`{}` has {found} shadows, `{}` {wanted}", self.name(p), self.name(wrt[0]));
            return Err(refused(format!("{text}: all have equally many")));
        }
        Ok(wanted)
    }

    /// How many directions there are: as many for every argument, and for the result.
    fn lanes(&self) -> Result<usize> {
        let (wrt, wanted) = (self.wrt(), self.same_lanes()?);
        if wanted == 0 || self.result == Activity::Active {
            return Err(refused(
                "in forward mode the result is Duplicated, DuplicatedNoNeed or BatchDuplicated".into(),
            ));
        }
        if self.result != Activity::Const && lanes(self.result) != wanted {
            return Err(refused(format!("the result has {} shadows, the arguments {wanted}", lanes(self.result))));
        }
        let lent = |&p: &usize| self.function.signature().params[p].lent;
        match wrt.iter().copied().find(|p| wanted > 1 && lent(p)) {
            Some(p) => Err(refused(format!("`{}` is lent: in a batch, only what is read can be", self.name(p)))),
            None => Ok(wanted),
        }
    }

    fn run_back(
        &self,
        workspace: &mut Workspace,
        callee: &Callee,
        primals: &mut impl Arguments,
        shadows: &mut impl AllShadows,
        value: &mut Value,
    ) -> Result<()> {
        let plan = &callee.plan;
        let mut value = value;
        passing!(workspace, callee, |pass| {
            primals.pass_all(&mut pass);
            pass.group(&plan.gradient, false);
            shadows.pass_all(0, &mut pass);
            pass.one(&plan.value, true, &mut value);
            pass.seeds(if self.result == Activity::Active { 1.0 } else { 0.0 });
        });
        let mut take = workspace.take(&plan.gradient);
        take.add = true;
        shadows.finish_all(0, &mut take);
        primals.finish_all(&mut workspace.take(&plan.finals));
        Leaves::take(value, &mut workspace.take(&plan.value));
        Ok(())
    }

    /// The function once, and its reverse for every shadow of the batch.
    fn run_batch_back(
        &self,
        workspace: &mut Workspace,
        primals: &mut impl Arguments,
        shadows: &mut impl AllShadows,
        value: &mut Value,
    ) -> Result<()> {
        let (halves, mut value) = (Arc::new(self.halves()?), value);
        let tape = augmented_with(&halves, workspace, self.activities, (primals, shadows), &mut value)?;
        tape.sweep_back(workspace, if self.result == Activity::Active { 1.0 } else { 0.0 }, shadows)
    }

    fn run_forth(
        &self,
        workspace: &mut Workspace,
        callee: &Callee,
        (primals, shadows): (&mut impl Arguments, &mut impl AllShadows),
        value: &mut Value,
        tangents: &mut [Value],
    ) -> Result<()> {
        let plan = &callee.plan;
        if plan.lanes == 1 {
            let mut outs = (value, &mut tangents[0]);
            passing!(workspace, callee, |pass| {
                primals.pass_all(&mut pass);
                pass.group(&plan.along, false);
                shadows.pass_all(0, &mut pass);
                pass.one(&plan.value, true, &mut outs.0);
                pass.one(&plan.result, true, &mut outs.1);
            });
            Leaves::take(outs.0, &mut workspace.take(&plan.value));
            Leaves::take(outs.1, &mut workspace.take(&plan.result));
            primals.finish_all(&mut workspace.take(&plan.finals));
            return Ok(());
        }
        let mut outs: Vec<&mut Value> = tangents.iter_mut().collect();
        let mut row = std::mem::take(&mut workspace.row);
        let mut value = value;
        let each = &mut Batch(shadows);
        let ran = super::forward::lanes(workspace, callee, (primals, each), &mut value, &mut outs, &mut row);
        workspace.row = row;
        ran
    }
}

/// How many shadows there are of what is said to be this.
fn lanes(activity: Activity) -> usize {
    match activity {
        Activity::BatchDuplicated(lanes) => lanes,
        Activity::Active | Activity::Duplicated | Activity::DuplicatedNoNeed | Activity::Const => 1,
    }
}

/// The largest number of shadows of one of several arguments.
pub(super) fn widest(activities: &[Activity]) -> usize {
    activities.iter().copied().map(lanes).max().unwrap_or(1)
}

/// The shadows of a batch, lane by lane.
struct Batch<'s, S>(&'s mut S);

impl<S: AllShadows> Directions for Batch<'_, S> {
    fn pass_from<'a>(&'a mut self, lane: usize, to: &mut Pass<'a>) -> usize {
        to.again();
        self.0.pass_all(lane, to);
        1
    }
}

pub(super) fn refused(text: String) -> Error {
    Error::input(Code("AD0907"), text)
}
