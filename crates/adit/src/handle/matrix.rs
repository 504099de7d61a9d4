//! The handles of Jacobians and Hessians, and of gradients in forward mode: many sweeps into one matrix.
//!
//! In: arguments, and room for a matrix. Out: the value, and the matrix overwritten, a row for each float of the result, a column for each float of the parameters. How many directions go at once is as for
//! the matrices that are asked for once (`function/dense.rs`); code for another number of lanes is compiled when a size first wants it. Every sweep starts from the same arguments: what is lent is copied.

use super::arguments::{Argument, Arguments};
use super::fault::WRONG_SIZE;
use super::memory::Workspace;
use super::pass::{Callee, Pass, Ran};
use super::plan::{Group, How, Target};
use super::request::Request;
use super::take::Row;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::outcome::Mode;
use crate::pipeline::Derivative;
use adit_ir::{ScalarType, sweeps};
use std::sync::{Arc, OnceLock};

/// A compiled Jacobian: [`Function::jacobian`], built. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct JacobianFn {
    sweeps: Arc<Sweeps>,
    mode: Option<Mode>,
}

/// A compiled Hessian: [`Function::hessian`], built. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct HessianFn {
    sweeps: Arc<Sweeps>,
}

/// A function, and its derivatives along several directions at once, compiled when they are first wanted.
#[derive(Debug)]
pub(super) struct Sweeps {
    pub(super) function: Function,
    pub(super) wrt: Vec<usize>,
    active: Vec<bool>,
    /// To measure sizes, and for matrices without rows or columns.
    pub(super) primal: Callee,
    /// By the number of lanes.
    pub(super) lanes: Box<[OnceLock<Callee>]>,
    /// None where there is no reverse mode.
    reverse: OnceLock<Option<Callee>>,
    second: bool,
}

/// Rows and columns of a matrix.
type Size = (usize, usize);

impl Sweeps {
    pub(super) fn new(function: &Function, wrt: Vec<usize>, active: Vec<bool>, second: bool) -> Result<Sweeps> {
        let primal = Callee::new(function, &Derivative::Primal, &wrt, &active, How::Primal)?;
        let most = function.most_lanes(if second { 2 } else { 1 });
        let lanes = (0..=most).map(|_| OnceLock::new()).collect();
        Ok(Sweeps { function: function.clone(), wrt, active, primal, lanes, reverse: OnceLock::new(), second })
    }

    pub(super) fn forward(function: &Function, wrt: Vec<usize>, active: Vec<bool>) -> Result<Sweeps> {
        let sweeps = Sweeps::new(function, wrt, active, false)?;
        sweeps.along(1)?;
        Ok(sweeps)
    }

    /// The derivative along so many directions as even sweeps have.
    pub(super) fn along(&self, directions: usize) -> Result<&Callee> {
        let lanes =
            self.function.held().map_or_else(|| sweeps::lanes(directions, self.lanes.len() - 1), |held| held.lanes);
        let place = &self.lanes[lanes];
        if let Some(callee) = place.get() {
            return Ok(callee);
        }
        let (derivative, how) = match self.second {
            true => (self.function.served(Derivative::Hvp(self.active.clone(), lanes)), How::ForwardOverReverse(lanes)),
            false => (Derivative::Jvp(self.active.clone(), lanes), How::Forward(lanes)),
        };
        let callee = Callee::new(&self.function, &derivative, &self.wrt, &self.active, how)?;
        Ok(place.get_or_init(|| callee))
    }

    pub(super) fn reverse(&self) -> Result<&Callee> {
        if let Some(Some(callee)) = self.reverse.get() {
            return Ok(callee);
        }
        let callee = self.backwards()?;
        self.reverse
            .get_or_init(|| Some(callee))
            .as_ref()
            .ok_or_else(|| Error::internal("a reverse derivative came into being"))
    }

    /// Whether reverse sweeps exist.
    pub(super) fn has_reverse(&self) -> bool {
        self.reverse.get_or_init(|| self.backwards().ok()).is_some()
    }

    fn backwards(&self) -> Result<Callee> {
        let derivative = Derivative::Vjp(self.active.clone());
        Callee::new(&self.function, &derivative, &self.wrt, &self.active, How::Reverse)
    }

    /// How many floats the result and the parameters differentiated have.
    fn size(&self, workspace: &mut Workspace, args: &mut impl Arguments) -> Result<Size> {
        loop {
            let mut pass = workspace.begin(&self.primal);
            pass.preserve();
            args.pass_all(&mut pass);
            let plan = &self.primal.plan;
            let (ran, size) = pass.measure([&plan.value, &plan.gradient])?;
            if workspace.ran(&self.primal, ran)? {
                return Ok((size[0], size[1]));
            }
        }
    }

    /// The value alone.
    pub(super) fn value(
        &self,
        workspace: &mut Workspace,
        args: &mut impl Arguments,
        value: &mut impl Argument,
    ) -> Result<()> {
        sweep(workspace, &self.primal, args, value, &mut |_| ())?;
        value.finish(&mut workspace.take(&self.primal.plan.value));
        Ok(())
    }

    /// A Jacobian by forward sweeps; `put` is given rows, columns and entries.
    fn columns(
        &self,
        workspace: &mut Workspace,
        args: &mut impl Arguments,
        value: &mut impl Argument,
        (_, columns): Size,
        put: &mut dyn FnMut(usize, usize, f64),
    ) -> Result<()> {
        let callee = self.along(columns)?;
        let lanes = callee.plan.lanes;
        for first in (0..columns).step_by(lanes) {
            sweep(workspace, callee, args, value, &mut |pass| pass.units(&callee.plan.along, first))?;
            let group = &callee.plan.result;
            workspace.each(callee, group, lanes.min(columns - first), &mut |row, lane, x| put(row, first + lane, x));
            workspace.quiet();
        }
        value.finish(&mut workspace.take(&callee.plan.value));
        Ok(())
    }

    /// A Jacobian by reverse sweeps.
    fn rows(
        &self,
        workspace: &mut Workspace,
        args: &mut impl Arguments,
        value: &mut impl Argument,
        (rows, _): Size,
        put: &mut dyn FnMut(usize, usize, f64),
    ) -> Result<()> {
        let callee = self.reverse()?;
        for row in 0..rows {
            sweep(workspace, callee, args, value, &mut |pass| {
                pass.seeds(0.0);
                pass.units(&callee.plan.result, row);
            })?;
            workspace.each(callee, &callee.plan.gradient, 1, &mut |column, _, x| put(row, column, x));
            workspace.quiet();
        }
        value.finish(&mut workspace.take(&callee.plan.value));
        Ok(())
    }

    /// A gradient by forward sweeps.
    pub(super) fn gradient(
        &self,
        workspace: &mut Workspace,
        args: &mut impl Arguments,
        gradient: &mut impl Arguments,
    ) -> Result<f64> {
        loop {
            let mut pass = workspace.begin(&self.primal);
            pass.preserve();
            args.pass_all(&mut pass);
            pass.probe(&self.primal.plan.gradient);
            gradient.pass_all(&mut pass);
            let (ran, _) = pass.measure([])?;
            if workspace.ran(&self.primal, ran)? {
                break;
            }
        }
        let size = self.size(workspace, args)?;
        let mut row = std::mem::take(&mut workspace.row);
        row.clear();
        row.resize(size.1, 0.0);
        let swept = match size.1 {
            0 => self.value(workspace, args, &mut ()),
            _ => self.columns(workspace, args, &mut (), size, &mut |_, column, x| row[column] = x),
        };
        workspace.row = row;
        workspace.loud();
        swept?;
        // Every callee finds the value in its first result.
        let value = self.primal.one_float(workspace);
        let mut take = workspace.take(&self.primal.plan.gradient);
        take.row = Some(Row::of(&workspace.row));
        gradient.finish_all(&mut take);
        Ok(value)
    }
}

/// Runs once, with what `more` gives beside arguments and value.
pub(super) fn sweep<'c>(
    workspace: &mut Workspace,
    callee: &'c Callee,
    args: &mut impl Arguments,
    value: &mut impl Argument,
    more: &mut dyn FnMut(&mut Pass<'_>),
) -> Result<()> {
    passing!(workspace, callee, |pass| {
        pass.preserve();
        args.pass_all(&mut pass);
        more(&mut pass);
        pass.lend();
        pass.one(&callee.plan.value, true, value);
    });
    Ok(())
}

/// Runs once forward over reverse, along the directions that `along` gives.
pub(super) fn sweep_second<'c>(
    workspace: &mut Workspace,
    callee: &'c Callee,
    args: &mut impl Arguments,
    gradient: &mut impl Arguments,
    along: &mut dyn FnMut(&mut Pass<'_>),
) -> Result<()> {
    passing!(workspace, callee, |pass| {
        pass.preserve();
        args.pass_all(&mut pass);
        pass.seeds(1.0);
        along(&mut pass);
        pass.lend();
        pass.group(&callee.plan.gradient, true);
        gradient.pass_all(&mut pass);
    });
    Ok(())
}

impl JacobianFn {
    pub(super) fn new(request: &Request<JacobianFn>) -> Result<Self> {
        let sweeps = Sweeps::new(&request.function, request.positions(), request.active(true)?, false)?;
        match request.mode {
            Some(Mode::Reverse) => sweeps.reverse().map(|_| ()),
            Some(Mode::Forward) | None => sweeps.along(1).map(|_| ()),
        }?;
        Ok(JacobianFn { sweeps: Arc::new(sweeps), mode: request.mode })
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.sweeps.function
    }

    /// How many rows (floats of the result) and columns (floats of the parameters differentiated) the Jacobian has for such arguments.
    ///
    /// # Errors
    /// Arguments that do not fit.
    pub fn shape(&self, workspace: &mut Workspace, mut args: impl Arguments) -> Result<(usize, usize)> {
        self.sweeps.size(workspace, &mut args)
    }

    /// Overwrites `value`, `&mut` of something shaped like the result (or `()` where it is not wanted), and `jacobian`, row major, a row for each float of the result, a column for each float of the parameters
    /// in the order of [`Request::wrt`]. What the function has `&mut` stays as it is.
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: [f64; n], k: f64) -> [f64; n] { k * x^2 }")?.function("f")?;
    /// let mut matrix = [0.0; 6];
    /// f.jacobian().build()?.value_and_jacobian(&mut adit::Workspace::new(), (&[2.0, 3.0], 1.0), (), &mut matrix)?;
    /// assert_eq!(matrix, [4.0, 0.0, 4.0, 0.0, 6.0, 9.0]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran; or a run that stops.
    pub fn value_and_jacobian(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut value: impl Argument,
        jacobian: &mut [f64],
    ) -> Result<()> {
        let size = self.sweeps.size(workspace, &mut args)?;
        room("the Jacobian", size, jacobian)?;
        let columns = size.1;
        let put = &mut |row: usize, column: usize, x| jacobian[row * columns + column] = x;
        let swept = if size.0 == 0 || size.1 == 0 {
            self.sweeps.value(workspace, &mut args, &mut value)
        } else if self.by_rows(size) {
            self.sweeps.rows(workspace, &mut args, &mut value, size, put)
        } else {
            self.sweeps.columns(workspace, &mut args, &mut value, size, put)
        };
        workspace.loud();
        swept
    }

    fn by_rows(&self, (rows, columns): Size) -> bool {
        match self.mode {
            Some(mode) => mode == Mode::Reverse,
            None => sweeps::by_rows(rows, columns, self.sweeps.lanes.len() - 1) && self.sweeps.has_reverse(),
        }
    }
}

impl HessianFn {
    pub(super) fn new(request: &Request<HessianFn>) -> Result<Self> {
        request.function.one_float()?;
        let sweeps = Sweeps::new(&request.function, request.positions(), request.active(false)?, true)?;
        sweeps.along(1)?;
        Ok(HessianFn { sweeps: Arc::new(sweeps) })
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.sweeps.function
    }

    /// The value. `gradient` takes `&mut` of something shaped like each parameter differentiated, in the order of [`Request::wrt`]; `hessian` is square over all their floats, row major. Both are overwritten; what
    /// the function has `&mut` stays as it is.
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: [f64; n]) -> f64 { prod(x) }")?.function("f")?;
    /// let (mut gradient, mut hessian) = ([0.0; 3], [0.0; 9]);
    /// let workspace = &mut adit::Workspace::new();
    /// f.hessian().build()?.value_gradient_and_hessian(workspace, &[2.0, 3.0, 5.0], &mut gradient, &mut hessian)?;
    /// assert_eq!(gradient, [15.0, 10.0, 6.0]);
    /// assert_eq!(hessian, [0.0, 5.0, 3.0, 5.0, 0.0, 2.0, 3.0, 2.0, 0.0]);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran; or a run that stops.
    pub fn value_gradient_and_hessian(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut gradient: impl Arguments,
        hessian: &mut [f64],
    ) -> Result<f64> {
        let (_, n) = self.sweeps.size(workspace, &mut args)?;
        room("the Hessian", (n, n), hessian)?;
        let swept = self.swept(workspace, &mut args, &mut gradient, n, hessian);
        workspace.loud();
        swept
    }

    fn swept(
        &self,
        workspace: &mut Workspace,
        args: &mut impl Arguments,
        gradient: &mut impl Arguments,
        n: usize,
        hessian: &mut [f64],
    ) -> Result<f64> {
        let callee = self.sweeps.along(n)?;
        let (plan, lanes) = (&callee.plan, callee.plan.lanes);
        for first in (0..n.max(1)).step_by(lanes) {
            sweep_second(workspace, callee, args, gradient, &mut |pass| pass.units(&plan.along, first))?;
            let put = &mut |column: usize, lane: usize, x| hessian[(first + lane) * n + column] = x;
            workspace.each(callee, &plan.product, lanes.min(n - first), put);
            workspace.quiet();
        }
        gradient.finish_all(&mut workspace.take(&plan.gradient));
        Ok(callee.one_float(workspace))
    }
}

fn room(what: &str, (rows, columns): Size, given: &[f64]) -> Result<()> {
    if rows.checked_mul(columns) == Some(given.len()) {
        return Ok(());
    }
    let text = format!("{what} is {rows} by {columns}: {} elements were given", given.len());
    Err(Error::input(WRONG_SIZE, text))
}

impl Workspace {
    /// Calls `see` with the number, the lane and the value of every float of a group that the last call computed.
    pub(super) fn each(&self, callee: &Callee, group: &Group, lanes: usize, see: &mut dyn FnMut(usize, usize, f64)) {
        let mut before = 0;
        for leaf in group.items.iter().flat_map(std::ops::Range::clone) {
            match group.targets[leaf] {
                Target::Skip => {}
                Target::Result(k) => {
                    for lane in 0..lanes {
                        see(before, lane, self.result(callee.element(group, leaf), k + lane));
                    }
                    before += 1;
                }
                Target::Slot(at) | Target::Lanes(at) => {
                    let Some(x) = self.floats(at) else { continue };
                    let of = if matches!(group.targets[leaf], Target::Lanes(_)) { callee.plan.lanes } else { 1 };
                    for i in 0..x.len() / of {
                        (0..lanes).for_each(|lane| see(before + i, lane, x.get(i * of + lane)));
                    }
                    before += x.len() / of;
                }
            }
        }
    }

    fn result(&self, ty: ScalarType, k: usize) -> f64 {
        match ty {
            ScalarType::F32 => f64::from(self.staging.result::<f32>(k)),
            ScalarType::F64 | ScalarType::I64 | ScalarType::Bool => self.staging.result::<f64>(k),
        }
    }

    /// What the program prints is dropped until [`Workspace::loud`].
    pub(super) fn quiet(&mut self) {
        if self.options.as_ref().is_some_and(|o| o.sink.is_some()) {
            self.print(false);
        }
    }

    pub(super) fn loud(&mut self) {
        if self.options.as_ref().is_some_and(|o| o.sink.is_some()) {
            self.print(true);
        }
    }
}

impl Pass<'_> {
    /// Counts the floats of groups, without running anything.
    fn measure<const N: usize>(self, groups: [&Group; N]) -> Result<(Ran, [usize; N])> {
        let counts = groups.map(|group| self.floats(group));
        Ok((self.checked()?, counts))
    }
}
