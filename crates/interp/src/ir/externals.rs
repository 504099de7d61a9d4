//! Functions without a body: kernels and host functions.
//!
//! In: the arguments of a call, sizes compared. Out: floats, and `mut` arrays written; or the trap. In floats these are the functions that strict compiled code calls, so the results are the same bits;
//! in complex numbers kernels have a second implementation, and host functions refuse.

use super::machine::{Cells, Machine, Slot};
use super::memory::{Array, Data, Fault};
use super::number::{Cell, Number};
use adit_ir::external::{External, Operand};
use adit_ir::{Function, Passing};

/// An argument with its own copy of what the function may see.
enum Held<N> {
    Scalar(Cell<N>),
    Array { dims: Vec<usize>, elements: Vec<N>, index: usize, written: bool },
}

impl<N: Number> Machine<'_, '_, N> {
    /// Calls it.
    pub(super) fn call_external(
        &mut self,
        f: &Function,
        external: &External,
        args: &[Slot<N>],
    ) -> Result<Cells<N>, Fault> {
        let mut held: Vec<Held<N>> = f.params.iter().zip(args).map(|(p, &arg)| self.hold(p.passing, arg)).collect();
        let mut operands: Vec<Operand<'_, N>> = held.iter_mut().map(Held::operand).collect();
        let answer = N::call(external, &mut operands, f.results.len());
        let floats = answer.map_err(adit_ir::external::Failure::trap)?;
        for held in held {
            if let Held::Array { elements, index, written: true, .. } = held {
                self.memory.array_mut(index).data = Data::F64(elements);
            }
        }
        Ok(floats.into_iter().map(Cell::F64).collect())
    }

    fn hold(&self, passing: Passing, arg: Slot<N>) -> Held<N> {
        match arg {
            Slot::Scalar(cell) => Held::Scalar(cell),
            Slot::Array(index) => {
                let Array { dims, data } = self.memory.array(index);
                let Data::F64(elements) = data else { panic!("{data:?} is no array of floats") };
                let dims = dims.iter().map(|&d| usize::try_from(d).unwrap_or(0)).collect();
                Held::Array { dims, elements: elements.clone(), index, written: passing == Passing::Mut }
            }
            Slot::Empty | Slot::Tape(_) => panic!("{arg:?} is no argument"),
        }
    }
}

impl<N: Number> Held<N> {
    fn operand(&mut self) -> Operand<'_, N> {
        match self {
            Held::Scalar(Cell::F64(x) | Cell::F32(x)) => Operand::Float(*x),
            Held::Scalar(Cell::I64(i)) => Operand::Int(*i),
            Held::Scalar(Cell::Bool(b)) => Operand::Bool(*b),
            Held::Array { dims, elements, written: true, .. } => Operand::Out { dims, elements },
            Held::Array { dims, elements, written: false, .. } => Operand::Array { dims, elements },
        }
    }
}
