//! Statements, blocks and loops.
//!
//! In: statements of the tree, one after another. Out: their effect on the active frame. A loop takes `break` and `continue` out of what its body gives; everything else
//! goes on outwards.

use super::number::Value;
use super::{Eval, Machine, Stop};
use adit_ir::{RunError, Trap};
use adit_sema::typed::{Block, Checkpoint, Expr, LocalId, Pattern, Range, Stmt, StmtKind, Ty};

/// The indices of a range, evaluated.
#[derive(Clone, Copy)]
pub(super) struct Indices {
    lo: i64,
    step: i64,
    pub(super) count: u64,
}

impl Indices {
    /// The `k`-th index.
    pub(super) fn at(self, k: u64) -> i64 {
        // Exact: an index that is taken lies between the bounds.
        self.lo.wrapping_add(self.step.wrapping_mul(k as i64))
    }
}

impl<'p> Machine<'p, '_> {
    pub(super) fn block(&mut self, block: &'p Block) -> Eval<Value> {
        for stmt in &block.stmts {
            self.stmt(stmt)?;
        }
        match &block.value {
            Some(value) => self.expr(value),
            None => Ok(Value::unit()),
        }
    }

    fn stmt(&mut self, stmt: &'p Stmt) -> Eval<()> {
        match &stmt.kind {
            StmtKind::Let { pattern, value, ascribed } => self.declare(pattern, value, ascribed.as_ref()),
            StmtKind::Assign { place, op, value } => self.assign(place, *op, value, stmt.span),
            StmtKind::Expr(e) => self.expr(e).map(drop),
            StmtKind::While { checkpoint, condition, body } => {
                self.checkpoint(checkpoint.as_ref())?;
                while self.expr(condition)?.bool() {
                    self.step(stmt.span)?;
                    if self.iteration(body)? {
                        break;
                    }
                }
                Ok(())
            }
            StmtKind::For { checkpoint, var, range, body } => {
                self.checkpoint(checkpoint.as_ref())?;
                self.for_loop(*var, range, body)
            }
            StmtKind::Break => Err(Stop::Break),
            StmtKind::Continue => Err(Stop::Continue),
            StmtKind::Return(None) => Err(Stop::Return(Value::unit())),
            StmtKind::Return(Some(value)) => {
                let result = self.expr(value)?;
                self.check_result(&result, value.span)?;
                Err(Stop::Return(result))
            }
        }
    }

    fn declare(&mut self, pattern: &'p Pattern, value: &'p Expr, ascribed: Option<&'p Ty>) -> Eval<()> {
        let result = self.expr(value)?;
        if let Some(ty) = ascribed {
            self.check_type(&result, ty, value.span)?;
        }
        self.bind(pattern, result);
        Ok(())
    }

    fn bind(&mut self, pattern: &Pattern, value: Value) {
        match pattern {
            Pattern::Local(local) => self.set(*local, value),
            Pattern::Wildcard => {}
            Pattern::Tuple(patterns) => {
                for (i, pattern) in patterns.iter().enumerate() {
                    self.bind(pattern, value.field(i as u32).clone());
                }
            }
        }
    }

    /// Evaluates the size; nothing else comes of it here.
    fn checkpoint(&mut self, checkpoint: Option<&'p Checkpoint>) -> Eval<()> {
        checkpoint.map_or(Ok(()), |c| self.expr(&c.size).map(drop))
    }

    /// Runs a loop's body once; whether the loop ends.
    fn iteration(&mut self, body: &'p Block) -> Eval<bool> {
        match self.block(body) {
            Ok(_) | Err(Stop::Continue) => Ok(false),
            Err(Stop::Break) => Ok(true),
            Err(stop @ (Stop::Error(_) | Stop::Return(_))) => Err(stop),
        }
    }

    fn for_loop(&mut self, var: LocalId, range: &'p Range, body: &'p Block) -> Eval<()> {
        let indices = self.range(range)?;
        for k in 0..indices.count {
            self.step(range.span)?;
            self.set(var, indices.at(k).into());
            if self.iteration(body)? {
                break;
            }
        }
        Ok(())
    }

    /// Evaluates bounds and step, in the order written.
    pub(super) fn range(&mut self, range: &'p Range) -> Eval<Indices> {
        let lo = self.expr(&range.lo)?.int();
        let hi = self.expr(&range.hi)?.int();
        let (step, span) = match &range.step {
            Some(step) => (self.expr(step)?.int(), step.span),
            None => (1, range.span),
        };
        if step == 0 {
            return Err(RunError::new(Trap::ZeroStep, span).into());
        }
        let stride = i128::from(step);
        // How far it is to the first index that is not taken, in the direction of the step.
        let distance = (i128::from(hi) - i128::from(lo)) * stride.signum() + i128::from(range.inclusive);
        let count = (distance.max(0) + stride.abs() - 1) / stride.abs();
        Ok(Indices { lo, step, count: u64::try_from(count).unwrap_or(u64::MAX) })
    }
}
