//! What each instruction without regions does.
//!
//! In: an instruction, the values and the memory of a run. Out: its results in their slots, or a trap without its place. Control is in [`super::machine`].

use super::machine::{Cells, Machine, Slot};
use super::memory::{Array, Data, Element, Fault};
use super::number::{Cell, MAX_ARITY, Number};
use adit_diag::Span;
use adit_ir::display::{write_array, write_scalar};
use adit_ir::shape::COPY;
use adit_ir::{CmpOp, Elements, InstData, Int, Op, Prim, PrintPart, Scalar, ScalarType, Trap, Value};
use smallvec::SmallVec;

impl<N: Number> Machine<'_, '_, N> {
    /// Does one instruction that has no regions and calls nothing.
    pub(super) fn simple(&mut self, data: &InstData) -> Result<(), Fault> {
        let result = match &data.op {
            Op::Const(c) => Slot::Scalar(Cell::literal(*c)),
            Op::Prim { prim, args } => Slot::Scalar(self.prim(*prim, args, data.span)?),
            Op::Cmp { op, a, b } => Slot::Scalar(Cell::Bool(self.cmp(*op, *a, *b, data.span))),
            Op::Select { cond, then, otherwise } => {
                Slot::Scalar(self.cell(if self.bool(*cond) { *then } else { *otherwise }))
            }
            Op::Alloc { ty } => {
                let dims = ty.dims.iter().map(|&d| self.int(d)).collect();
                Slot::Array(self.memory.alloc(ty.element, dims)?)
            }
            Op::Load { array, subscripts } => Slot::Scalar(self.element(*array, subscripts)?.get()),
            Op::Store { array, subscripts, value } => {
                let value = self.cell(*value);
                return self.element(*array, subscripts).map(|element| element.set(value));
            }
            Op::Acc { array, subscripts, value } => {
                let value = self.cell(*value);
                return self.element(*array, subscripts).map(|element| element.accumulate(value));
            }
            Op::Copy { to, from } => return self.copy(*to, *from),
            Op::Fill { array, value } => return self.fill(*array, *value),
            Op::TapeNew { .. } => Slot::Tape(self.memory.tape()),
            Op::TapePush { tape, values } => return self.push(*tape, values),
            Op::TapePop { tape } => return self.pop(*tape, &data.results),
            Op::Assert { cond, trap, details } => return self.assertion(*cond, trap, details),
            Op::Print { parts } => return self.print_line(parts),
            Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Call { .. } => {
                panic!("{:?} is control", data.op)
            }
        };
        self.set(data.results[0], result);
        Ok(())
    }

    fn element(&mut self, array: Value, subscripts: &[Int]) -> Result<Element<'_, N>, Fault> {
        let index = self.array(array);
        let subscripts = subscripts.iter().map(|&i| self.int(i));
        let place = self.memory.array(index).place(subscripts)?;
        Ok(Element { array: self.memory.array_mut(index), place })
    }

    fn fill(&mut self, array: Value, value: Value) -> Result<(), Fault> {
        let (index, value) = (self.array(array), self.cell(value));
        self.memory.array_mut(index).fill(value);
        Ok(())
    }

    fn assertion(&self, cond: Value, trap: &Trap, details: &[Int]) -> Result<(), Fault> {
        if self.bool(cond) {
            return Ok(());
        }
        let mut numbers = [0; 2];
        for (number, &detail) in numbers.iter_mut().zip(details) {
            *number = self.int(detail);
        }
        Err((trap.clone(), numbers))
    }

    fn push(&mut self, tape: Value, values: &[Value]) -> Result<(), Fault> {
        let record: Cells<N> = values.iter().map(|&v| self.cell(v)).collect();
        let tape = self.tape(tape);
        self.memory.push(tape, &record)
    }

    fn prim(&mut self, prim: Prim, args: &[Value], span: Span) -> Result<Cell<N>, Fault> {
        let mut cells = [Cell::Bool(false); MAX_ARITY];
        for (cell, &v) in cells.iter_mut().zip(args) {
            *cell = self.cell(v);
        }
        let args = &cells[..args.len()];
        self.watch_kinks(prim, args, span);
        let result = N::apply(prim, args).map_err(|trap| {
            let guarded = prim.row().guard.map_or(0, |g| usize::from(g.operand));
            (trap.into(), detail(args[guarded].real()))
        })?;
        if let Cell::F64(x) | Cell::F32(x) = result {
            let size = x.real().abs();
            self.not_finite |= !size.is_finite();
            if size.is_finite() {
                self.largest = self.largest.max(size);
            }
        }
        Ok(result)
    }

    /// Notes how far the operands are from where the table states a kink: the point itself, or a tie where the point is one.
    fn watch_kinks(&mut self, prim: Prim, args: &[Cell<N>], span: Span) {
        for kink in prim.row().kinks {
            let equal = |arg: Scalar, at: Scalar| match (arg.as_float(), at.as_float()) {
                (Some(x), Some(y)) => x == y,
                (_, _) => arg == at,
            };
            let here = args.iter().zip(kink.at).all(|(arg, &at)| equal(arg.real(), at));
            let distance = match (args, kink.at) {
                (&[Cell::F64(x) | Cell::F32(x)], &[Scalar::F64(at)]) => x.real() - at,
                (&[Cell::F64(x) | Cell::F32(x), Cell::F64(y) | Cell::F32(y)], &[Scalar::F64(a), Scalar::F64(b)])
                    if a == b =>
                {
                    x.real() - y.real()
                }
                (_, _) if here => 0.0,
                (_, _) => continue,
            };
            if distance == 0.0 {
                self.on_kink.get_or_insert(span);
            }
            self.note_kink(distance.abs(), span);
        }
    }

    /// Keeps the nearest; a NaN is no distance.
    fn note_kink(&mut self, distance: f64, span: Span) {
        if distance < self.nearest_kink {
            (self.nearest_kink, self.nearest_kink_at) = (distance, span);
        }
    }

    fn cmp(&mut self, op: CmpOp, a: Value, b: Value, span: Span) -> bool {
        match (self.cell(a), self.cell(b)) {
            (Cell::F64(a), Cell::F64(b)) | (Cell::F32(a), Cell::F32(b)) => {
                let (a, b) = (a.real(), b.real());
                self.note_kink((a - b).abs(), span);
                op.holds(a, b)
            }
            (Cell::I64(a), Cell::I64(b)) => op.holds(a, b),
            (Cell::Bool(a), Cell::Bool(b)) => op.holds(a, b),
            (a, b) => panic!("{a:?} is compared with {b:?}"),
        }
    }

    fn copy(&mut self, to: Value, from: Value) -> Result<(), Fault> {
        let (to, from) = (self.array(to), self.array(from));
        let extents = self.memory.array(to).dims.iter().zip(&self.memory.array(from).dims);
        for (&a, &b) in extents {
            if a != b {
                return Err((Trap::ShapeMismatch(COPY.into()), [a, b]));
            }
        }
        self.memory.copy(to, from);
        Ok(())
    }

    fn pop(&mut self, tape: Value, results: &[Value]) -> Result<(), Fault> {
        let index = self.tape(tape);
        let f = self.function();
        let types: SmallVec<[ScalarType; 8]> = results.iter().filter_map(|&v| f.ty(v).scalar()).collect();
        let record = self.memory.pop(index, &types)?;
        for (&v, cell) in results.iter().zip(record) {
            self.set(v, Slot::Scalar(cell));
        }
        Ok(())
    }

    fn print_line(&mut self, parts: &[PrintPart]) -> Result<(), Fault> {
        let mut line = String::new();
        for (i, part) in parts.iter().enumerate() {
            if i > 0 {
                line.push(' ');
            }
            match part {
                PrintPart::Text(text) => line.push_str(text),
                PrintPart::Value(v) => match self.slot(*v) {
                    Slot::Scalar(cell) => write_scalar(&mut line, cell.real()),
                    Slot::Array(index) => show(&mut line, self.memory.array(index)),
                    Slot::Empty | Slot::Tape(_) => panic!("{v:?} cannot be printed"),
                },
            }
        }
        (self.print)(&line);
        Ok(())
    }
}

fn show<N: Number>(line: &mut String, array: &Array<N>) {
    let dims: Vec<usize> = array.dims.iter().map(|&d| d as usize).collect();
    match &array.data {
        Data::F64(x) => {
            let real: Vec<f64> = x.iter().map(|x| x.real()).collect();
            write_array(line, &dims, Elements::F64(&real));
        }
        Data::F32(x) => {
            let real: Vec<f32> = x.iter().map(|x| x.real() as f32).collect();
            write_array(line, &dims, Elements::F32(&real));
        }
        Data::I64(x) => write_array(line, &dims, Elements::I64(x)),
        Data::Bool(x) => write_array(line, &dims, Elements::Bool(x)),
    }
}

/// The number that a trap of a primitive's guard reports: the operand, if it is an integer.
fn detail(operand: Scalar) -> [i64; 2] {
    match operand {
        Scalar::I64(i) => [i, 0],
        Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_) => [0; 2],
    }
}
