//! Evaluation of a primitive on numbers whose types are known only at run time.
//!
//! In: operands as [`Scalar`] or [`ComplexScalar`]. Out: the value, or the trap of the row's guard. This is what the interpreters and constant folding call;
//! compiled code calls the functions of [`Eval`] themselves. Operands must fit the signature, as the verifier has made sure.

use super::{Algebra, Complex, Eval, Guard, Prim, PrimTrap};
use crate::host::Scalar;
use crate::types::{Int, ScalarType};
use num_complex::Complex64;

/// A scalar whose floats are complex: what the complex step computes with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ComplexScalar {
    /// A float.
    F64(Complex64),
    /// A float of single precision: its real part is one, its imaginary part, a tangent, is as precise as any.
    F32(Complex64),
    /// An integer.
    I64(i64),
    /// A truth value.
    Bool(bool),
}

impl ComplexScalar {
    /// Its type.
    pub fn ty(self) -> ScalarType {
        self.real().ty()
    }

    /// Without the imaginary part.
    pub fn real(self) -> Scalar {
        match self {
            ComplexScalar::F64(z) => Scalar::F64(z.re),
            ComplexScalar::F32(z) => Scalar::F32(z.re as f32),
            ComplexScalar::I64(n) => Scalar::I64(n),
            ComplexScalar::Bool(b) => Scalar::Bool(b),
        }
    }

    /// The imaginary part; 0 for integers and truth values.
    pub fn imaginary(self) -> f64 {
        match self {
            ComplexScalar::F64(z) | ComplexScalar::F32(z) => z.im,
            ComplexScalar::I64(_) | ComplexScalar::Bool(_) => 0.0,
        }
    }
}

impl From<Scalar> for ComplexScalar {
    fn from(s: Scalar) -> Self {
        match s {
            Scalar::F64(x) => ComplexScalar::F64(Complex64::new(x, 0.0)),
            Scalar::F32(x) => ComplexScalar::F32(Complex64::new(f64::from(x), 0.0)),
            Scalar::I64(n) => ComplexScalar::I64(n),
            Scalar::Bool(b) => ComplexScalar::Bool(b),
        }
    }
}

/// Imaginary parts below this do not change real parts, which are then those of the real evaluation, bit for bit: a complex run takes the branches of the real one.
const INFINITESIMAL: f64 = 1e-40;

impl Prim {
    /// The value, or why there is none. Panics if the operands do not fit the signature.
    pub fn apply(self, args: &[Scalar]) -> Result<Scalar, PrimTrap> {
        let row = self.row();
        if let Some(Guard { operand, stops_if, trap }) = row.guard
            && stops_if.holds(args[usize::from(operand)])
        {
            return Err(trap);
        }
        Ok(evaluate(row.eval, args))
    }

    /// Arithmetic of two integer operands, as far as it needs no instruction: a literal if both are, an operand if nothing changes.
    pub fn folded(self, a: Int, b: Int) -> Option<Int> {
        if let (Int::Const(a), Int::Const(b)) = (a, b)
            && let Ok(Scalar::I64(c)) = self.apply(&[Scalar::I64(a), Scalar::I64(b)])
        {
            return Some(Int::Const(c));
        }
        let Algebra { left_identity, right_identity, .. } = self.row().algebra;
        let is = |i: Int, s: Option<Scalar>| matches!((i, s), (Int::Const(c), Some(Scalar::I64(d))) if c == d);
        match (is(a, left_identity), is(b, right_identity)) {
            (_, true) => Some(a),
            (true, false) => Some(b),
            (false, false) => None,
        }
    }

    /// The value of the analytic continuation. Panics if the operands do not fit the signature.
    pub fn apply_complex(self, args: &[ComplexScalar]) -> Result<ComplexScalar, PrimTrap> {
        let real: Vec<Scalar> = args.iter().map(|a| a.real()).collect();
        let on_axis = self.apply(&real)?;
        if args.iter().all(|a| a.imaginary() == 0.0) {
            return Ok(on_axis.into());
        }
        // A derivative that overflowed must not change the values either.
        let tiny = |y: f64| y.abs() < INFINITESIMAL || !y.is_finite();
        let tangents_only = args.iter().all(|a| tiny(a.imaginary()));
        Ok(match (on_axis, continuation(self.row().complex, args)) {
            (Scalar::F64(re), Some(z)) if tangents_only => ComplexScalar::F64(Complex64::new(re, z.im)),
            (Scalar::F32(re), Some(z)) if tangents_only => ComplexScalar::F32(Complex64::new(f64::from(re), z.im)),
            (Scalar::F32(_), Some(z)) => ComplexScalar::F32(Complex64::new(f64::from(z.re as f32), z.im)),
            (_, Some(z)) => ComplexScalar::F64(z),
            (value, None) => value.into(),
        })
    }
}

fn evaluate(eval: Eval, args: &[Scalar]) -> Scalar {
    use Scalar::{Bool, F32, F64, I64};
    // Rounds a value to `f32`.
    let single = |x: f64| F32(x as f32);
    match (eval, args) {
        (Eval::F1(f), &[F64(x)]) => F64(f(x)),
        (Eval::F1(f), &[F32(x)]) => single(f(x.into())),
        (Eval::F2(f), &[F64(x), F64(y)]) => F64(f(x, y)),
        (Eval::F2(f), &[F32(x), F32(y)]) => single(f(x.into(), y.into())),
        (Eval::F3(f, _), &[F64(x), F64(y), F64(z)]) => F64(f(x, y, z)),
        (Eval::F3(_, f), &[F32(x), F32(y), F32(z)]) => F32(f(x, y, z)),
        (Eval::FI(f), &[F64(x), I64(n)]) => F64(f(x, n)),
        (Eval::FI(f), &[F32(x), I64(n)]) => single(f(x.into(), n)),
        (Eval::IF(f), &[I64(n), F64(x)]) => F64(f(n, x)),
        (Eval::IF(f), &[I64(n), F32(x)]) => single(f(n, x.into())),
        (Eval::FFI(f), &[F64(x), F64(y), I64(n)]) => F64(f(x, y, n)),
        (Eval::FFI(f), &[F32(x), F32(y), I64(n)]) => single(f(x.into(), y.into(), n)),
        (Eval::IToF(f), &[I64(n)]) => F64(f(n)),
        (Eval::IToS(f), &[I64(n)]) => F32(f(n)),
        (Eval::FToI(f), &[F64(x)]) => I64(f(x)),
        (Eval::FToI(f), &[F32(x)]) => I64(f(x.into())),
        (Eval::Widen(f), &[F32(x)]) => F64(f(x)),
        (Eval::Narrow(f), &[F64(x)]) => F32(f(x)),
        (Eval::I1(f), &[I64(n)]) => I64(f(n)),
        (Eval::I2(f), &[I64(n), I64(m)]) => I64(f(n, m)),
        (Eval::B1(f), &[Bool(a)]) => Bool(f(a)),
        (Eval::B2(f), &[Bool(a), Bool(b)]) => Bool(f(a, b)),
        (eval, args) => panic!("operands {args:?} do not fit the signature {:?}", eval.signature()),
    }
}

/// The complex value; none where the result is that of the real parts.
fn continuation(complex: Complex, args: &[ComplexScalar]) -> Option<Complex64> {
    use ComplexScalar::{F32, F64, I64};
    Some(match (complex, args) {
        (Complex::RealPart, _) => return None,
        (Complex::F1(f), &[F64(x) | F32(x)]) => f(x),
        (Complex::F2(f), &[F64(x) | F32(x), F64(y) | F32(y)]) => f(x, y),
        (Complex::F3(f), &[F64(x) | F32(x), F64(y) | F32(y), F64(z) | F32(z)]) => f(x, y, z),
        (Complex::FI(f), &[F64(x) | F32(x), I64(n)]) => f(x, n),
        (Complex::IF(f), &[I64(n), F64(x) | F32(x)]) => f(n, x),
        (Complex::FFI(f), &[F64(x) | F32(x), F64(y) | F32(y), I64(n)]) => f(x, y, n),
        (complex, args) => panic!("operands {args:?} do not fit {complex:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tangent that overflows leaves values, and so the branches of a run, as they are.
    #[test]
    fn real_parts_do_not_depend_on_tangents() {
        for im in [0.0, 1e-100, f64::INFINITY, f64::NAN] {
            let z = ComplexScalar::F64(Complex64::new(3.0, im));
            let product = Prim::Mul.apply_complex(&[z, z]).expect("products don't trap");
            assert_eq!(product.real(), Scalar::F64(9.0), "{im}");
        }
    }
}
