//! The handle of a derivative in a direction.
//!
//! In: arguments, and a direction shaped like the parameters differentiated. Out: the value and the tangent, in buffers shaped like the result. One sweep forward.

use super::arguments::{Argument, Arguments};
use super::interleaved::Rows;
use super::memory::Workspace;
use super::pass::{Callee, Pass};
use super::plan::How;
use super::request::Request;
use super::take::Row;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::pipeline::Derivative;
use adit_diag::Code;
use std::sync::Arc;

/// A compiled derivative in a direction: [`Function::jvp`], built. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct JvpFn {
    callee: Arc<Callee>,
}

impl JvpFn {
    pub(super) fn new(request: &Request<JvpFn>) -> Result<Self> {
        let active = request.active(true)?;
        let lanes = request.lanes;
        let callee = request.callee(&Derivative::Jvp(active.clone(), lanes), &active, How::Forward(lanes))?;
        Ok(JvpFn { callee: Arc::new(callee) })
    }

    pub(super) fn callee(&self) -> &Callee {
        &self.callee
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.callee.function
    }

    /// `along` gives a direction for each parameter differentiated, in the order of [`Request::wrt`]; `value` and `tangent` take `&mut` of something shaped like the result, or `()` where it is not wanted, and
    /// are overwritten.
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: [f64; n]) -> [f64; n] { x^2 }")?.function("f")?;
    /// let (mut value, mut tangent) = ([0.0; 2], [0.0; 2]);
    /// f.jvp().build()?.value_and_tangent(
    ///     &mut adit::Workspace::new(), &[2.0, 3.0], &[1.0, 10.0], &mut value, &mut tangent,
    /// )?;
    /// assert_eq!((value, tangent), ([4.0, 9.0], [4.0, 60.0]));
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran; or a run that stops.
    pub fn value_and_tangent(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut along: impl Arguments,
        mut value: impl Argument,
        mut tangent: impl Argument,
    ) -> Result<()> {
        let callee = &*self.callee;
        let plan = &callee.plan;
        self.has_lanes(1)?;
        passing!(workspace, callee, |pass| {
            args.pass_all(&mut pass);
            pass.group(&plan.along, false);
            along.pass_all(&mut pass);
            pass.one(&plan.value, true, &mut value);
            pass.one(&plan.result, true, &mut tangent);
        });
        value.finish(&mut workspace.take(&plan.value));
        tangent.finish(&mut workspace.take(&plan.result));
        args.finish_all(&mut workspace.take(&plan.finals));
        Ok(())
    }

    /// The value and the tangents in several directions at once: as many as [`Request::lanes`] said. Sines and the like are computed once for all of them.
    ///
    /// ```
    /// let f = adit::Engine::new().compile("fn f(x: [f64; n]) -> f64 { prod(sin(x)) }")?.function("f")?;
    /// let jvp = f.jvp().lanes(2).build()?;
    /// let (mut value, [mut a, mut b]) = (0.0, [0.0; 2]);
    /// let (x, along) = ([0.5, 1.0], [[1.0, 0.0], [0.0, 1.0]]);
    /// jvp.value_and_tangents(
    ///     &mut adit::Workspace::new(), &x, &mut along.each_ref(), &mut value, &mut [&mut a, &mut b],
    /// )?;
    /// assert!((a - 0.5_f64.cos() * 1.0_f64.sin()).abs() < 1e-15);
    /// assert!((b - 0.5_f64.sin() * 1.0_f64.cos()).abs() < 1e-15);
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran; or a run that stops.
    pub fn value_and_tangents(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        along: &mut [impl Arguments],
        mut value: impl Argument,
        tangents: &mut [impl Argument],
    ) -> Result<()> {
        self.has_lanes(along.len())?;
        self.has_lanes(tangents.len())?;
        let mut row = std::mem::take(&mut workspace.row);
        let ran = lanes(workspace, &self.callee, (&mut args, &mut Each(along)), &mut value, tangents, &mut row);
        workspace.row = row;
        ran
    }

    pub(super) fn has_lanes(&self, given: usize) -> Result<()> {
        let lanes = self.callee.plan.lanes;
        if given == lanes {
            return Ok(());
        }
        let text = format!("this handle was built for {lanes} directions at once, {given} were given");
        Err(Error::input(Code("AD0904"), text))
    }
}

/// Several directions, one for each lane.
pub(super) trait Directions {
    /// Hands lanes over, from this one on, each begun by [`Pass::again`]; how many: one at least.
    fn pass_from<'a>(&'a mut self, lane: usize, to: &mut Pass<'a>) -> usize;
}

/// Arguments for each lane.
struct Each<'s, A>(&'s mut [A]);

impl<A: Arguments> Directions for Each<'_, A> {
    fn pass_from<'a>(&'a mut self, lane: usize, to: &mut Pass<'a>) -> usize {
        let rest = &mut self.0[lane..];
        let given = rest.len();
        for along in rest {
            to.again();
            along.pass_all(to);
        }
        given
    }
}

/// Runs a derivative along several directions at once.
pub(super) fn lanes(
    workspace: &mut Workspace,
    callee: &Callee,
    (args, along): (&mut impl Arguments, &mut impl Directions),
    value: &mut impl Argument,
    tangents: &mut [impl Argument],
    row: &mut Vec<f64>,
) -> Result<()> {
    let (plan, lanes) = (&callee.plan, callee.plan.lanes);
    while !swept(workspace, callee, (args, along), value, tangents, row)? {}
    value.finish(&mut workspace.take(&plan.value));
    args.finish_all(&mut workspace.take(&plan.finals));
    row.clear();
    // Side by side: all lanes of one float, then those of the next.
    workspace.each(callee, &plan.result, lanes, &mut |_, _, x| row.push(x));
    for (lane, tangent) in tangents.iter_mut().enumerate() {
        let mut take = workspace.take(&plan.result);
        take.row = Some(Row::of_lane(row, lane, lanes));
        tangent.finish(&mut take);
    }
    Ok(())
}

/// Lists the floats of all directions, lane after lane, compares directions and tangents with what they belong to, and runs. Nothing ran if the workspace was too small: it has grown then.
fn swept(
    workspace: &mut Workspace,
    callee: &Callee,
    (args, along): (&mut impl Arguments, &mut impl Directions),
    value: &mut impl Argument,
    tangents: &mut [impl Argument],
    row: &mut Vec<f64>,
) -> Result<bool> {
    let (plan, lanes) = (&callee.plan, callee.plan.lanes);
    row.clear();
    let mut lane = 0;
    loop {
        let mut pass = workspace.begin(callee);
        args.pass_all(&mut pass);
        pass.gather(&plan.along, row);
        let given = along.pass_from(lane, &mut pass).max(1);
        let list = pass.listed();
        for tangent in tangents.iter_mut().skip(lane).take(given) {
            pass.probe(&plan.result);
            pass.item();
            tangent.pass(&mut pass);
            pass.done();
        }
        lane += given;
        let ends = lane >= lanes;
        pass.give();
        let ran = match list {
            Some(row) if ends => {
                pass.directions(&plan.along, &Rows::new(row, lanes));
                pass.one(&plan.value, true, value);
                pass.run()?
            }
            Some(_) | None => pass.checked()?,
        };
        if !workspace.ran(callee, ran)? {
            return Ok(false);
        }
        if ends {
            return Ok(true);
        }
    }
}
