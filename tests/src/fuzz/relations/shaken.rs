//! Floats that are rounded otherwise, at random.
//!
//! In: a function and its arguments. Out: how far its floats move if what each operation gives is off by up to two units in the last place: what its condition makes of rounding, whatever the order of sums.
//!
//! ```text
//! s = a + b;  cos(s)        a run in floats 0.31…;  shaken, s is (a + b)·(1 ± 4ε), and with s = 10⁶ the cosine moves by 10⁻¹⁰
//! ```
//!
//! Nothing is drawn: how a number is shaken follows from its bits and from the number of the run, so that the same run comes out the same. What is exact (a negation, a minimum, a comparison) is left alone, and so are
//! arguments.

use super::numbers::converted;
use crate::fuzz::call::Answer;
use adit_interp::ir::{Cell, Input, Interpreter, Number};
use adit_ir::external::{Answer as Floats, External, Operand};
use adit_ir::prim::{Code, Native, PrimTrap};
use adit_ir::{FuncId, Function, Passing, Prim};

/// What a function gives if it is rounded otherwise; nothing where it stops.
///
/// Three runs, so that what one leaves as it was moves in another.
pub(super) fn shaken_runs(
    interpreter: &Interpreter<'_>,
    (f, id): (&Function, FuncId),
    inputs: &[Input<f64>],
) -> [Option<Answer>; 3] {
    let way = (f, id);
    [run::<1>(interpreter, way, inputs), run::<2>(interpreter, way, inputs), run::<3>(interpreter, way, inputs)]
}

fn run<const RUN: u64>(
    interpreter: &Interpreter<'_>,
    (f, id): (&Function, FuncId),
    inputs: &[Input<f64>],
) -> Option<Answer> {
    let mut slots: Vec<Input<Shaken<RUN>>> = inputs.iter().map(|slot| converted(slot, &mut Shaken)).collect();
    let mut lines = Vec::new();
    let outcome = interpreter.run_with(id, &mut slots, &mut |line| lines.push(line.to_owned())).ok()?;
    let results = outcome.results.iter().map(|cell| cell.real()).collect();
    let written = f.params.iter().zip(&slots).filter(|(p, _)| p.passing == Passing::Mut);
    let arrays = written.filter_map(|(_, slot)| match converted(slot, &mut |x: Shaken<RUN>| x.0) {
        Input::Array(array) => Some(array),
        Input::Scalar(_) => None,
    });
    Some(Answer { results, arrays: arrays.collect(), lines })
}

/// How many units in the last place an operation may be off: as many as functions over whole slices.
const UNITS: i64 = 2;

/// A float of run number `RUN`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shaken<const RUN: u64>(pub(super) f64);

impl<const RUN: u64> Shaken<RUN> {
    /// The number, off by so many units as its bits say.
    fn off(x: f64) -> Self {
        Self::off_by(x, f64::EPSILON)
    }

    /// The same in units of this size, relative to the number.
    fn off_by(x: f64, unit: f64) -> Self {
        if !x.is_finite() || x == 0.0 {
            return Shaken(x);
        }
        let mixed = (x.to_bits() ^ RUN.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let units = ((mixed >> 32) % (2 * UNITS as u64 + 1)) as i64 - UNITS;
        Shaken(x + x * (units as f64 * unit))
    }
}

/// Whether an operation gives what it gives exactly.
fn is_exact(prim: Prim) -> bool {
    matches!(
        prim.row().code,
        Code::Native(
            Native::FNeg
                | Native::FAbs
                | Native::FMin
                | Native::FMax
                | Native::FSame
                | Native::FSign
                | Native::FRelu
                | Native::FFloor
                | Native::FCeil
                | Native::FTrunc
                | Native::IToF
                | Native::FWiden
                | Native::FNarrow
                | Native::IToS
        )
    )
}

impl<const RUN: u64> Number for Shaken<RUN> {
    fn from_real(x: f64) -> Self {
        Shaken(x)
    }

    fn real(self) -> f64 {
        self.0
    }

    fn sum(self, other: Self) -> Self {
        Self::off(self.0 + other.0)
    }

    fn single(self) -> Self {
        Shaken(self.0.single())
    }

    fn apply(prim: Prim, args: &[Cell<Self>]) -> Result<Cell<Self>, PrimTrap> {
        let args: Vec<Cell<f64>> = args.iter().map(|&arg| plain(arg)).collect();
        Ok(match f64::apply(prim, &args)? {
            Cell::F64(x) if is_exact(prim) => Cell::F64(Shaken(x)),
            Cell::F64(x) => Cell::F64(Self::off(x)),
            Cell::F32(x) if is_exact(prim) => Cell::F32(Shaken(x)),
            Cell::F32(x) => Cell::F32(Self::off_by(x, f64::from(f32::EPSILON)).single()),
            Cell::I64(i) => Cell::I64(i),
            Cell::Bool(b) => Cell::Bool(b),
        })
    }

    fn call(external: &External, operands: &mut [Operand<'_, Self>], results: usize) -> Floats<Self> {
        let mut copies: Vec<Vec<f64>> = operands.iter().map(elements).collect();
        let given = operands.iter().zip(&mut copies).map(|(operand, copy)| match operand {
            Operand::Float(x) => Operand::Float(x.0),
            Operand::Int(i) => Operand::Int(*i),
            Operand::Bool(b) => Operand::Bool(*b),
            Operand::Array { dims, .. } => Operand::Array { dims, elements: copy },
            Operand::Out { dims, .. } => Operand::Out { dims, elements: copy },
        });
        let answer = external.call(&mut given.collect::<Vec<_>>(), results)?;
        for (operand, copy) in operands.iter_mut().zip(copies) {
            if let Operand::Out { elements, .. } = operand {
                elements.iter_mut().zip(copy).for_each(|(to, x)| *to = Self::off(x));
            }
        }
        Ok(answer.into_iter().map(Self::off).collect())
    }
}

fn elements<const RUN: u64>(operand: &Operand<'_, Shaken<RUN>>) -> Vec<f64> {
    match operand {
        Operand::Array { elements, .. } => elements.iter().map(|x| x.0).collect(),
        Operand::Out { elements, .. } => elements.iter().map(|x| x.0).collect(),
        Operand::Float(_) | Operand::Int(_) | Operand::Bool(_) => Vec::new(),
    }
}

fn plain<const RUN: u64>(cell: Cell<Shaken<RUN>>) -> Cell<f64> {
    match cell {
        Cell::F64(x) => Cell::F64(x.0),
        Cell::F32(x) => Cell::F32(x.0),
        Cell::I64(i) => Cell::I64(i),
        Cell::Bool(b) => Cell::Bool(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_diag::FileId;
    use adit_ir::Limits;
    use adit_reader::read_module;

    /// How far three shaken runs of a function of one float are from that in floats.
    fn moves(body: &str, x: f64) -> f64 {
        let text = format!("func @f(v0: f64) -> f64 {{ {body} }}");
        let module = read_module(FileId(0), &text).expect("it reads");
        let id = module.iter().next().expect("there is a function").0;
        let interpreter = Interpreter::new(&module, Limits::default());
        let mut slots = [Input::Scalar(Cell::F64(x))];
        let exact = interpreter.run_with(id, &mut slots, &mut |_| ()).expect("it runs").results[0].real().as_float();
        let runs = shaken_runs(&interpreter, (module.function(id), id), &[Input::Scalar(Cell::F64(x))]);
        let moved = runs.iter().map(|run| run.as_ref().expect("it runs").results[0].as_float().expect("a float"));
        moved.map(|y| (y - exact.expect("a float")).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn numbers_move_by_what_their_condition_says() {
        let quiet = moves("v1 = mul v0, v0 v2 = sin v1 return v2", 0.7);
        let steep = moves("v1 = mul v0, v0 v2 = sin v1 return v2", 1e4 + 0.1);
        assert!(quiet > 0.0 && quiet < 1e-15, "{quiet}");
        assert!(steep > 1e-9 && steep < 1e-7, "{steep}");
    }

    #[test]
    fn short_floats_move_by_their_own_units() {
        let moved = moves("v1 = narrow v0 v2 = mul v1, v1 v3 = widen v2 return v3", 0.7);
        assert!(moved > 1e-9 && moved < 1e-6, "{moved}");
    }

    #[test]
    fn what_is_exact_stays() {
        assert_eq!(moves("v1 = neg v0 v2 = abs v1 v3 = max v2, v0 return v3", 0.7), 0.0);
    }
}
