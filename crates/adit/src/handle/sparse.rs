//! The handles of sparse Jacobians and Hessians.
//!
//! In: once, sizes and integers; then arguments like them. Out: a [`Pattern`], and its entries in its own order, overwritten by each call. What may be other than zero, and what one sweep may compute together, is found by
//! [`adit_sparse`]; this file makes the sweeps, and reads entries out of their products.
//!
//! ```text
//! pattern   colour 0: columns 0, 2, 4   colour 1: columns 1, 3
//! sweep     along (1 0 1 0 1), (0 1 0 1 0)  →  a product for each colour, of as many numbers as there are rows
//! read      entry (row, column) = product of the column's colour [row]
//! ```
//!
//! A pattern holds for all floats, but only for the sizes, integers and truth values that it was found for: each call compares them, and refuses others.

mod prepare;

use super::arguments::{Argument, Arguments};
use super::fault::WRONG_SIZE;
use super::matrix::{Sweeps, sweep, sweep_second};
use super::memory::Workspace;
use super::pass::Callee;
use super::plan::Group;
use super::request::Request;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::outcome::{Gradient, Mode};
use crate::value::Value;
use adit_sparse::Pattern;
use prepare::{Compressed, Prepared};
use std::sync::Arc;

/// A compiled sparse Jacobian: [`Request::sparse`] of [`Function::jacobian`]. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct SparseJacobianFn {
    sparse: Arc<Sparse>,
}

/// A compiled sparse Hessian: [`Request::sparse`] of [`Function::hessian`]. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct SparseHessianFn {
    sparse: Arc<Sparse>,
}

/// The component of a float in a lane.
type Along<'a> = &'a dyn Fn(usize, usize) -> f64;

/// Runs one sweep.
type Run<'a> = &'a mut dyn FnMut(&mut Workspace, Along<'_>) -> Result<()>;

/// Sweeps, and how they are put to use.
#[derive(Debug)]
struct Sparse {
    sweeps: Sweeps,
    prepared: Prepared,
}

impl Sparse {
    /// That the arguments are like those that the pattern was found for.
    fn fits(&self, workspace: &mut Workspace, args: &mut impl Arguments) -> Result<()> {
        self.sweeps.witness(workspace, args)?;
        if workspace.witness == self.prepared.witness {
            return Ok(());
        }
        let name = self.prepared.other(&self.sweeps, &workspace.witness);
        let text = format!(
            "`{name}` has other extents, integers or truth values than the sparsity pattern was found for: ask for it again"
        );
        Err(Error::input(WRONG_SIZE, text))
    }

    /// That there is a place for each entry.
    fn room(&self, given: &[f64]) -> Result<()> {
        let nnz = self.prepared.pattern.nnz();
        if given.len() == nnz {
            return Ok(());
        }
        let text = format!("the pattern has {nnz} entries: {} elements were given", given.len());
        Err(Error::input(WRONG_SIZE, text))
    }

    /// Runs `run` for each sweep that is needed, and reads entries out of a group of what it computed.
    fn compress(
        &self,
        workspace: &mut Workspace,
        callee: &Callee,
        group: &Group,
        values: &mut [f64],
        run: Run<'_>,
    ) -> Result<()> {
        let Compressed { lanes, width, .. } = *self.prepared.compressed();
        let mut products = std::mem::take(&mut workspace.row);
        products.clear();
        products.resize(lanes * width, 0.0);
        let mut swept = Ok(());
        for (number, reads) in self.prepared.compressed().sweeps().enumerate() {
            let first = number * lanes;
            let along = |float: usize, lane: usize| self.prepared.compressed().moves(float, first + lane);
            swept = run(workspace, &along);
            if swept.is_err() {
                break;
            }
            workspace.each(callee, group, lanes, &mut |place, lane, x| products[place * lanes + lane] = x);
            for read in reads {
                values[read.entry] = products[read.product];
            }
            workspace.quiet();
        }
        workspace.row = products;
        swept
    }
}

impl SparseJacobianFn {
    pub(super) fn new(request: &Request<super::JacobianFn>, mut args: impl Arguments) -> Result<Self> {
        let active = request.active(true)?;
        let sweeps = Sweeps::new(&request.function, request.positions(), active, false)?;
        let prepared = Prepared::jacobian(&sweeps, request.mode, &mut args)?;
        match prepared.compressed().mode {
            Mode::Reverse => sweeps.reverse().map(|_| ()),
            Mode::Forward => sweeps.along(prepared.compressed().colours).map(|_| ()),
        }?;
        Ok(SparseJacobianFn { sparse: Arc::new(Sparse { sweeps, prepared }) })
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.sparse.sweeps.function
    }

    /// Which entries may be other than zero: a row for each float of the result, a column for each float of the parameters, in the order of [`Request::wrt`].
    pub fn pattern(&self) -> &Pattern {
        &self.sparse.prepared.pattern
    }

    /// How many directions (or, in reverse mode, seeds) the Jacobian takes.
    pub fn colours(&self) -> usize {
        self.sparse.prepared.compressed().colours
    }

    /// In which mode it is computed.
    pub fn mode(&self) -> Mode {
        self.sparse.prepared.compressed().mode
    }

    /// Overwrites `value`, `&mut` of something shaped like the result (or `()` where it is not wanted), and `values`, which has a place for each entry of [`SparseJacobianFn::pattern`], in its order: column by column,
    /// rows increasing. What the function has `&mut` stays as it is.
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran: sizes, integers and truth values must be those that the pattern was found for; or a run that stops.
    pub fn value_and_jacobian(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut value: impl Argument,
        values: &mut [f64],
    ) -> Result<()> {
        let sparse = &*self.sparse;
        sparse.fits(workspace, &mut args)?;
        sparse.room(values)?;
        let swept = match (self.colours(), self.mode()) {
            (0, _) => sparse.sweeps.value(workspace, &mut args, &mut value),
            (_, Mode::Forward) => self.columns(workspace, &mut args, &mut value, values),
            (_, Mode::Reverse) => self.rows(workspace, &mut args, &mut value, values),
        };
        workspace.loud();
        swept
    }

    /// The value and the entries, once.
    ///
    /// # Errors
    /// As [`SparseJacobianFn::value_and_jacobian`].
    pub fn at(&self, args: &[Value]) -> Result<(Value, Vec<f64>)> {
        let f = self.function();
        let (mut value, mut values) = (f.shape().blank(&f.frame(args)?), vec![0.0; self.pattern().nnz()]);
        self.value_and_jacobian(&mut Workspace::new(), args, &mut value, &mut values)?;
        Ok((value, values))
    }

    fn columns(
        &self,
        workspace: &mut Workspace,
        args: &mut impl Arguments,
        value: &mut impl Argument,
        values: &mut [f64],
    ) -> Result<()> {
        let callee = self.sparse.sweeps.along(self.colours())?;
        let run = &mut |workspace: &mut Workspace, along: Along<'_>| {
            sweep(workspace, callee, args, value, &mut |pass| pass.directions(&callee.plan.along, along))
        };
        self.sparse.compress(workspace, callee, &callee.plan.result, values, run)?;
        value.finish(&mut workspace.take(&callee.plan.value));
        Ok(())
    }

    fn rows(
        &self,
        workspace: &mut Workspace,
        args: &mut impl Arguments,
        value: &mut impl Argument,
        values: &mut [f64],
    ) -> Result<()> {
        let callee = self.sparse.sweeps.reverse()?;
        let run = &mut |workspace: &mut Workspace, along: Along<'_>| {
            sweep(workspace, callee, args, value, &mut |pass| {
                pass.seeds(0.0);
                pass.directions(&callee.plan.result, along);
            })
        };
        self.sparse.compress(workspace, callee, &callee.plan.gradient, values, run)?;
        value.finish(&mut workspace.take(&callee.plan.value));
        Ok(())
    }
}

impl SparseHessianFn {
    pub(super) fn new(request: &Request<super::HessianFn>, mut args: impl Arguments) -> Result<Self> {
        request.function.one_float()?;
        let sweeps = Sweeps::new(&request.function, request.positions(), request.active(false)?, true)?;
        let prepared = Prepared::hessian(&sweeps, &mut args)?;
        sweeps.along(prepared.compressed().colours)?;
        Ok(SparseHessianFn { sparse: Arc::new(Sparse { sweeps, prepared }) })
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.sparse.sweeps.function
    }

    /// Which entries may be other than zero, both halves of a symmetric matrix: a row and a column for each float of the parameters, in the order of [`Request::wrt`].
    pub fn pattern(&self) -> &Pattern {
        &self.sparse.prepared.pattern
    }

    /// How many directions the Hessian takes.
    pub fn colours(&self) -> usize {
        self.sparse.prepared.compressed().colours
    }

    /// The value. `gradient` takes `&mut` of something shaped like each parameter differentiated, in the order of [`Request::wrt`]; `values` has a place for each entry of [`SparseHessianFn::pattern`], in its
    /// order: column by column, rows increasing. Both are overwritten; what the function has `&mut` stays as it is.
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran: sizes, integers and truth values must be those that the pattern was found for; or a run that stops.
    pub fn value_gradient_and_hessian(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut gradient: impl Arguments,
        values: &mut [f64],
    ) -> Result<f64> {
        let sparse = &*self.sparse;
        sparse.fits(workspace, &mut args)?;
        sparse.room(values)?;
        let callee = sparse.sweeps.along(self.colours())?;
        let plan = &callee.plan;
        let run = &mut |workspace: &mut Workspace, along: Along<'_>| {
            sweep_second(workspace, callee, &mut args, &mut gradient, &mut |pass| pass.directions(&plan.along, along))
        };
        let swept = sparse.compress(workspace, callee, &plan.product, values, run);
        workspace.loud();
        swept?;
        gradient.finish_all(&mut workspace.take(&plan.gradient));
        Ok(callee.one_float(workspace))
    }

    /// The value, the gradient and the entries, once.
    ///
    /// # Errors
    /// As [`SparseHessianFn::value_gradient_and_hessian`].
    pub fn at(&self, args: &[Value]) -> Result<(Gradient, Vec<f64>)> {
        let params = &self.function().signature().params;
        let wrt = &self.sparse.sweeps.wrt;
        let given = |&p: &usize| args.get(p).map_or_else(Value::unit, Value::zeroed);
        let (mut gradient, mut values) = (wrt.iter().map(given).collect::<Vec<_>>(), vec![0.0; self.pattern().nnz()]);
        let value = self.value_gradient_and_hessian(&mut Workspace::new(), args, &mut gradient[..], &mut values)?;
        let names = wrt.iter().map(|&p| params[p].name.clone());
        Ok((Gradient { value: value.into(), parameters: names.zip(gradient).collect() }, values))
    }
}
