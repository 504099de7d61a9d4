//! Jacobians and Hessians: many directions, several in one sweep.
//!
//! In: a function and a point. Out: matrices. Forward sweeps go along as many unit directions at once as [`crate::Options::lanes`] allows; how many sweeps there are, and in which mode, is
//! [`adit_ir::sweeps`]' matter.
//!
//! Long functions get fewer lanes, for each lane is compiled. A Jacobian takes forward sweeps or one reverse sweep per row, whichever looks cheaper; a Hessian is forward over reverse. What a program prints is printed in the
//! first sweep alone. Nothing here knows of sparsity, and a Hessian's symmetry is not made use of: it is what the tests look at.

use super::origin::Origin;
use super::sweeps::Sweeps;
use super::{Function, Wrt};
use crate::calls::{Along, Lane};
use crate::error::Result;
use crate::frame::Frame;
use crate::outcome::{Gradient, Mode};
use crate::pipeline::{self, Derivative};
use crate::value::{Array, Data, Value};
use adit_ir::verify::MAX_RANK;
use adit_ir::{Function as IrFunction, ScalarType, Value as IrValue, sweeps};

impl Function {
    /// The value, the gradient, and the dense Hessian: one square matrix over all active floats, in order.
    pub(crate) fn hessian_at(&self, args: &[Value], wrt: Wrt<'_>) -> Result<(Gradient, Array)> {
        self.one_float()?;
        let active = self.active(wrt, false)?;
        let (frame, shape) = (self.frame(args)?, self.shape());
        let n = shape.active_floats(&frame, &active);
        self.fits_in_memory(n, n)?;
        let mut gradient = shape.gradient_from_floats(&frame, Value::unit(), &[], &active);
        if n == 0 {
            gradient.value = self.call(args)?.value;
            return Ok((gradient, Array::f64(&[0, 0], Vec::new())));
        }
        let (lanes, mut rows) = (self.lanes(n, 2), Vec::with_capacity(n * n));
        let mut sweeps = Sweeps::new(self, &Derivative::Hvp(active.clone(), lanes))?;
        for first in (0..n).step_by(lanes) {
            let along = Along { lanes, component: &unit(first) };
            let mut frame = self.second_order_frame(frame.clone(), &active, &along)?;
            let results = sweeps.run(&mut frame)?;
            for at in 0..lanes.min(n - first) {
                let lane = Lane { at, of: lanes };
                rows.extend(shape.hessian_product(&frame, &results, &active, lane).floats());
            }
            gradient = shape.gradient(&frame, &results, &active);
        }
        Ok((gradient, matrix_of(&shape.float_types(&frame, &active), [n, n], rows)))
    }

    /// The value, and for each active parameter's floats the derivative of every float of the result: rows by result, one matrix over all active floats. Without a mode, it is the one that looks cheaper.
    pub(crate) fn jacobian_at(&self, args: &[Value], wrt: Wrt<'_>, mode: Option<Mode>) -> Result<(Value, Array)> {
        let active = self.active(wrt, true)?;
        let frame = self.frame(args)?;
        let (rows, columns) = (self.shape().result_floats(&frame), self.shape().active_floats(&frame, &active));
        self.fits_in_memory(rows, columns)?;
        let (value, matrix) = if rows == 0 || columns == 0 {
            (self.call(args)?.value, Vec::new())
        } else if self.by_rows(mode, &active, rows, columns) {
            let sweep = Derivative::Vjp(active.clone());
            let sweep = if mode.is_none() { self.served(sweep) } else { sweep };
            self.jacobian_rows(&frame, &active, rows, &sweep)?
        } else {
            self.jacobian_columns(&frame, &active, rows, columns)?
        };
        Ok((value, matrix_of(&self.shape().float_types(&frame, &active), [rows, columns], matrix)))
    }

    /// Whether a Jacobian is to be made by reverse sweeps; where no mode is asked for, those of the mode chosen must exist.
    fn by_rows(&self, mode: Option<Mode>, active: &[bool], rows: usize, columns: usize) -> bool {
        match mode {
            Some(mode) => mode == Mode::Reverse,
            None => {
                let lanes = self.lanes(columns, 1);
                let cheaper = sweeps::by_rows(rows, columns, self.most_lanes(1));
                if cheaper && self.compiled(&Derivative::Vjp(active.to_vec())).is_ok() {
                    return true;
                }
                // Rows are served with rules of the other mode, if neither mode has all of its own.
                self.lacks_rule(&Derivative::Jvp(active.to_vec(), lanes))
            }
        }
    }

    /// The gradient by forward sweeps.
    pub(super) fn gradient_by_lanes(&self, args: &[Value], active: &[bool]) -> Result<Gradient> {
        let frame = self.frame(args)?;
        let n = self.shape().active_floats(&frame, active);
        let (value, row) = match n {
            0 => (self.call(args)?.value, Vec::new()),
            n => self.jacobian_columns(&frame, active, 1, n)?,
        };
        Ok(self.shape().gradient_from_floats(&frame, value, &row, active))
    }

    fn jacobian_columns(
        &self,
        frame: &Frame,
        active: &[bool],
        rows: usize,
        columns: usize,
    ) -> Result<(Value, Vec<f64>)> {
        let lanes = self.lanes(columns, 1);
        self.fits_in_memory(columns, lanes)?;
        self.fits_in_memory(rows, lanes)?;
        let (mut value, mut matrix) = (Value::unit(), vec![0.0; rows * columns]);
        let mut sweeps = Sweeps::new(self, &Derivative::Jvp(active.to_vec(), lanes))?;
        for first in (0..columns).step_by(lanes) {
            let mut frame = frame.clone();
            self.shape().add_tangents(&mut frame, active, &Along { lanes, component: &unit(first) });
            let results = sweeps.run(&mut frame)?;
            for at in 0..lanes.min(columns - first) {
                let column = self.shape().tangent(&frame, &results, active, Lane { at, of: lanes }).floats();
                for (row, x) in column.into_iter().enumerate() {
                    matrix[row * columns + first + at] = x;
                }
            }
            value = self.shape().outcome(&frame, &results).value;
        }
        Ok((value, matrix))
    }

    fn jacobian_rows(
        &self,
        frame: &Frame,
        active: &[bool],
        rows: usize,
        sweep: &Derivative,
    ) -> Result<(Value, Vec<f64>)> {
        let (mut value, mut matrix) = (Value::unit(), Vec::new());
        let mut sweeps = Sweeps::new(self, sweep)?;
        for row in 0..rows {
            let seeds = self.shape().unit_seed(frame, row);
            let mut frame = frame.clone();
            self.shape().add_shadows(&mut frame, active, &seeds.scalars, &seeds.arrays)?;
            let results = sweeps.run(&mut frame)?;
            let gradient = self.shape().gradient(&frame, &results, active);
            matrix.extend(gradient.floats());
            value = gradient.value;
        }
        Ok((value, matrix))
    }

    /// How many lanes each sweep of a derivative of this order gets where so many directions are wanted.
    fn lanes(&self, directions: usize, order: u32) -> usize {
        match self.held() {
            Some(held) => held.lanes,
            None => sweeps::lanes(directions, self.most_lanes(order)),
        }
    }

    /// How many lanes there may be in derivatives of this order: fewer where the code would get long or arrays have no dimension left for lanes.
    pub(crate) fn most_lanes(&self, order: u32) -> usize {
        let (unit, id) = match self.origin() {
            Origin::Program(unit, id) => (unit, *id),
            Origin::Artefact(held) => return held.lanes,
        };
        let module = &unit.ir;
        let functions: Vec<&IrFunction> =
            pipeline::reachable(module, id).into_iter().map(|f| module.function(f)).collect();
        let size: usize = functions.iter().map(|f| f.inst_count()).sum();
        match functions.iter().any(|f| has_full_rank(f)) {
            true => 1,
            false => sweeps::affordable(self.options().lanes, size, order),
        }
    }
}

/// A matrix whose columns belong to floats of these types: their derivatives are of the same types. One of `f32` alone is an array of `f32`; beside an `f64` an `f32` is widened.
fn matrix_of(types: &[ScalarType], dims: [usize; 2], mut entries: Vec<f64>) -> Array {
    let single = |ty: &ScalarType| *ty == ScalarType::F32;
    if !types.is_empty() && types.iter().all(single) {
        return Array { dims: dims.to_vec(), data: Data::floats(ScalarType::F32, entries.into_iter()) };
    }
    if types.iter().any(single) {
        let columns = (0..types.len()).filter(|&column| single(&types[column]));
        for column in columns {
            entries.iter_mut().skip(column).step_by(types.len()).for_each(|x| *x = f64::from(*x as f32));
        }
    }
    Array::f64(&dims, entries)
}

/// Whether an array has as many dimensions as there may be, so that its shadow has none left for lanes.
fn has_full_rank(f: &IrFunction) -> bool {
    let rank = |v: usize| f.ty(IrValue::new(v)).array().map_or(0, |a| a.dims.len());
    (0..f.value_count()).any(|v| rank(v) >= MAX_RANK)
}

/// The components of unit directions, `first` in lane 0; beyond the last float there is none that is 1.
fn unit(first: usize) -> impl Fn(usize, usize) -> f64 {
    move |float, lane| f64::from(u8::from(float == first + lane))
}
