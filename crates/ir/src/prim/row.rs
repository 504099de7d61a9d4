//! The columns of the primitive table.
//!
//! In: nothing. Out: [`Row`] and the types of its columns, with what each of them promises. The rows themselves stand in `table/`.

use super::Prim;
use super::expr::{Expr, Names};
use crate::host::Scalar;
use crate::trap::Trap;
use crate::types::ScalarType;
use num_complex::Complex64;

/// All that is known about one primitive.
#[derive(Debug)]
pub struct Row {
    /// The name in the text form: unique, lower case.
    pub name: &'static str,
    /// The function name or the operator that users write; none for helpers that only partials need. Rows of different signatures share one.
    pub source: Option<&'static str>,
    /// What the operands are called in documentation.
    pub parameters: &'static [&'static str],
    /// Types of operands and result.
    pub signature: Signature,
    /// The value: called by the interpreter, and by address from compiled code.
    pub eval: Eval,
    /// What must hold before `eval` may be called. `None`: the primitive is total, and may be evaluated where the source does not.
    pub guard: Option<Guard>,
    /// The value in complex numbers, for the complex step.
    pub complex: Complex,
    /// The partial derivative in each operand.
    pub partials: &'static [Partial],
    /// How compiled code gets the value.
    pub code: Code,
    /// Rough time of one evaluation in nanoseconds.
    pub cost: u32,
    /// Identities that hold bit for bit.
    pub algebra: Algebra,
    /// One sentence or two for the reader of the documentation.
    pub about: &'static str,
    /// Operands inside the domain at which tests evaluate everything, edges included.
    pub points: &'static [Point],
    /// Conventions: operands where the derivative does not exist or is infinite, with what the partials give there.
    pub kinks: &'static [Kink],
}

impl Row {
    /// Whether evaluation can stop the program.
    pub fn traps(&self) -> bool {
        self.guard.is_some()
    }

    /// Whether it takes several times as long as an addition: it is called, or the machine has one unit for it that is not pipelined.
    pub fn is_slow(&self) -> bool {
        matches!(self.code, Code::Native(Native::FDiv | Native::FSqrt) | Code::Call)
    }

    /// How many operands it has.
    pub fn arity(&self) -> usize {
        self.signature.args.len()
    }

    /// The partial derivative in an operand, as text in the row's own parameter names and `r` for the result; none for integers and truth values.
    pub fn partial_text(&self, operand: usize) -> Option<String> {
        match self.partials.get(operand)? {
            Partial::NotFloat => None,
            Partial::Zero => Some("0".to_owned()),
            Partial::Expr(e) => Some(e.text(Names { args: self.parameters, result: "r" })),
        }
    }
}

/// What an operand or a result may be.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sort {
    /// The float type of the instruction: `f64` or `f32`, the same for all that are of this sort.
    Float,
    /// This type only.
    Only(ScalarType),
}

impl Sort {
    /// The type, in an instruction of this float type.
    pub const fn at(self, float: ScalarType) -> ScalarType {
        match self {
            Sort::Float => float,
            Sort::Only(ty) => ty,
        }
    }

    /// Whether it is a float, of whichever type.
    pub fn is_float(self) -> bool {
        self.at(ScalarType::F64).is_float()
    }
}

impl std::fmt::Display for Sort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Sort::Float => f.write_str("float"),
            Sort::Only(ty) => f.write_str(ty.name()),
        }
    }
}

/// Types of operands and result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signature {
    /// In order.
    pub args: &'static [Sort],
    /// Always one. Operands imply it: it is [`Sort::Float`] only where one of them is.
    pub result: Sort,
}

impl Signature {
    const fn new(args: &'static [Sort], result: Sort) -> Self {
        Signature { args, result }
    }
    /// `float -> float`
    pub const F1: Self = Self::new(&[Sort::Float], Sort::Float);
    /// `float, float -> float`
    pub const F2: Self = Self::new(&[Sort::Float, Sort::Float], Sort::Float);
    /// `float, float, float -> float`
    pub const F3: Self = Self::new(&[Sort::Float, Sort::Float, Sort::Float], Sort::Float);
    /// `float, i64 -> float`
    pub const FI: Self = Self::new(&[Sort::Float, I64], Sort::Float);
    /// `i64, float -> float`
    pub const IF: Self = Self::new(&[I64, Sort::Float], Sort::Float);
    /// `float, float, i64 -> float`
    pub const FFI: Self = Self::new(&[Sort::Float, Sort::Float, I64], Sort::Float);
    /// `i64 -> f64`
    pub const ITOF: Self = Self::new(&[I64], Sort::Only(ScalarType::F64));
    /// `i64 -> f32`
    pub const ITOS: Self = Self::new(&[I64], Sort::Only(ScalarType::F32));
    /// `float -> i64`
    pub const FTOI: Self = Self::new(&[Sort::Float], I64);
    /// `f32 -> f64`
    pub const WIDEN: Self = Self::new(&[Sort::Only(ScalarType::F32)], Sort::Only(ScalarType::F64));
    /// `f64 -> f32`
    pub const NARROW: Self = Self::new(&[Sort::Only(ScalarType::F64)], Sort::Only(ScalarType::F32));
    /// `i64 -> i64`
    pub const I1: Self = Self::new(&[I64], I64);
    /// `i64, i64 -> i64`
    pub const I2: Self = Self::new(&[I64, I64], I64);
    /// `bool -> bool`
    pub const B1: Self = Self::new(&[BOOL], BOOL);
    /// `bool, bool -> bool`
    pub const B2: Self = Self::new(&[BOOL, BOOL], BOOL);

    /// The float type of an instruction with operands of these types: that of the first operand of sort [`Sort::Float`]; `f64` where there is none, or it is no float.
    pub fn float_type(&self, arg: impl Fn(usize) -> Option<ScalarType>) -> ScalarType {
        let place = self.args.iter().position(|&sort| sort == Sort::Float);
        place.and_then(arg).filter(|ty| ty.is_float()).unwrap_or(ScalarType::F64)
    }

    /// The type of the result for operands of these types.
    pub fn result_for(&self, arg: impl Fn(usize) -> Option<ScalarType>) -> ScalarType {
        match self.result {
            Sort::Only(ty) => ty,
            Sort::Float => self.float_type(arg),
        }
    }

    /// Whether operands of these types fit.
    pub fn accepts(&self, args: &[ScalarType]) -> bool {
        let float = self.float_type(|i| args.get(i).copied());
        self.args.len() == args.len() && self.args.iter().zip(args).all(|(sort, &ty)| sort.at(float) == ty)
    }

    /// The types of the operands, in an instruction of this float type.
    pub fn args_at(&self, float: ScalarType) -> impl Iterator<Item = ScalarType> {
        self.args.iter().map(move |sort| sort.at(float))
    }

    /// The float types that instructions of this signature come in: both, or one where no operand is of sort [`Sort::Float`].
    pub fn float_types(&self) -> &'static [ScalarType] {
        if self.args.contains(&Sort::Float) { &[ScalarType::F64, ScalarType::F32] } else { &[ScalarType::F64] }
    }
}

const I64: Sort = Sort::Only(ScalarType::I64);
const BOOL: Sort = Sort::Only(ScalarType::Bool);

/// The value as a function that Rust and compiled code can call (System V / C convention). Total as functions; where a row has a
/// [`Guard`], the value means something only if the guard lets the operands pass.
///
/// A function of `f64` serves `f32` too: operands are widened, which is exact, and the value is rounded once. That is the correctly rounded value wherever the `f64` value is
/// (`+ - * /` and `sqrt` included, since 53 digits are more than twice 24), and elsewhere within half a unit in the last place and a few parts in 2^29 of one. Only a
/// fused product and sum would round twice, so it has a function of its own.
#[derive(Clone, Copy, Debug)]
pub enum Eval {
    /// `float -> float`
    F1(extern "C" fn(f64) -> f64),
    /// `float, float -> float`
    F2(extern "C" fn(f64, f64) -> f64),
    /// `float, float, float -> float`, for each float type
    F3(extern "C" fn(f64, f64, f64) -> f64, extern "C" fn(f32, f32, f32) -> f32),
    /// `float, i64 -> float`
    FI(extern "C" fn(f64, i64) -> f64),
    /// `i64, float -> float`
    IF(extern "C" fn(i64, f64) -> f64),
    /// `float, float, i64 -> float`
    FFI(extern "C" fn(f64, f64, i64) -> f64),
    /// `i64 -> f64`
    IToF(extern "C" fn(i64) -> f64),
    /// `i64 -> f32`
    IToS(extern "C" fn(i64) -> f32),
    /// `float -> i64`
    FToI(extern "C" fn(f64) -> i64),
    /// `f32 -> f64`
    Widen(extern "C" fn(f32) -> f64),
    /// `f64 -> f32`
    Narrow(extern "C" fn(f64) -> f32),
    /// `i64 -> i64`
    I1(extern "C" fn(i64) -> i64),
    /// `i64, i64 -> i64`
    I2(extern "C" fn(i64, i64) -> i64),
    /// `bool -> bool`
    B1(extern "C" fn(bool) -> bool),
    /// `bool, bool -> bool`
    B2(extern "C" fn(bool, bool) -> bool),
}

impl Eval {
    /// The types of the function.
    pub fn signature(self) -> Signature {
        match self {
            Eval::F1(_) => Signature::F1,
            Eval::F2(_) => Signature::F2,
            Eval::F3(..) => Signature::F3,
            Eval::FI(_) => Signature::FI,
            Eval::IF(_) => Signature::IF,
            Eval::FFI(_) => Signature::FFI,
            Eval::IToF(_) => Signature::ITOF,
            Eval::IToS(_) => Signature::ITOS,
            Eval::FToI(_) => Signature::FTOI,
            Eval::Widen(_) => Signature::WIDEN,
            Eval::Narrow(_) => Signature::NARROW,
            Eval::I1(_) => Signature::I1,
            Eval::I2(_) => Signature::I2,
            Eval::B1(_) => Signature::B1,
            Eval::B2(_) => Signature::B2,
        }
    }

    /// Where the function's code is, for compiled code to call with the C convention and the types of [`Eval::signature`] at `f64`.
    pub fn address(self) -> *const u8 {
        match self {
            Eval::F1(f) => f as *const u8,
            Eval::F2(f) => f as *const u8,
            Eval::F3(f, _) => f as *const u8,
            Eval::FI(f) => f as *const u8,
            Eval::IF(f) => f as *const u8,
            Eval::FFI(f) => f as *const u8,
            Eval::IToF(f) => f as *const u8,
            Eval::IToS(f) => f as *const u8,
            Eval::FToI(f) => f as *const u8,
            Eval::Widen(f) => f as *const u8,
            Eval::Narrow(f) => f as *const u8,
            Eval::I1(f) => f as *const u8,
            Eval::I2(f) => f as *const u8,
            Eval::B1(f) => f as *const u8,
            Eval::B2(f) => f as *const u8,
        }
    }

    /// Where a function of `f32` is, where there is one: elsewhere compiled code widens, calls [`Eval::address`], and rounds.
    pub fn single_address(self) -> Option<*const u8> {
        match self {
            Eval::F3(_, f) => Some(f as *const u8),
            Eval::F1(_) | Eval::F2(_) | Eval::FI(_) | Eval::IF(_) | Eval::FFI(_) => None,
            Eval::IToF(_) | Eval::IToS(_) | Eval::FToI(_) | Eval::Widen(_) | Eval::Narrow(_) => None,
            Eval::I1(_) | Eval::I2(_) | Eval::B1(_) | Eval::B2(_) => None,
        }
    }
}

/// A check of one operand that comes before the evaluation. Interpreter and compiled code make the same check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Guard {
    /// Which operand.
    pub operand: u8,
    /// When the program stops.
    pub stops_if: Condition,
    /// With which error.
    pub trap: PrimTrap,
}

/// What a [`Guard`] looks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// An `i64` equal to 0.
    Zero,
    /// An `i64` below 0.
    Negative,
    /// A float that does not satisfy −2⁶³ ≤ x < 2⁶³; NaN does not.
    NotAnInteger,
}

impl Condition {
    /// Whether the operand stops the program. An operand of another type never does.
    pub fn holds(self, operand: Scalar) -> bool {
        match (self, operand) {
            (Condition::Zero, Scalar::I64(n)) => n == 0,
            (Condition::Negative, Scalar::I64(n)) => n < 0,
            (Condition::NotAnInteger, operand) => operand
                .as_float()
                .is_some_and(|x| !(-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&x)),
            (Condition::Zero | Condition::Negative, Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_)) => false,
        }
    }
}

/// How a primitive can stop a program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PrimTrap {
    /// `/` or `%` of an `i64` by zero.
    DivisionByZero,
    /// A negative exponent on an `i64`.
    NegativeExponent,
    /// A float that is NaN or out of range, converted to `i64`.
    FloatToInt,
}

impl From<PrimTrap> for Trap {
    fn from(trap: PrimTrap) -> Trap {
        match trap {
            PrimTrap::DivisionByZero => Trap::DivisionByZero,
            PrimTrap::NegativeExponent => Trap::NegativeExponent,
            PrimTrap::FloatToInt => Trap::FloatToInt,
        }
    }
}

/// The analytic continuation, exact to first order for imaginary parts however small: for tiny h, Im f(x + ih) / h is the derivative to
/// about 14 digits. Kinks are decided by real parts. Written from the functions' definitions (series, integrals, functional equations), never from the partials of this table.
#[derive(Clone, Copy, Debug)]
pub enum Complex {
    /// Of `float -> float`; `f32` is computed in double precision, and not rounded but for its real part.
    F1(fn(Complex64) -> Complex64),
    /// Of `float, float -> float`.
    F2(fn(Complex64, Complex64) -> Complex64),
    /// Of `float, float, float -> float`.
    F3(fn(Complex64, Complex64, Complex64) -> Complex64),
    /// Of `float, i64 -> float`.
    FI(fn(Complex64, i64) -> Complex64),
    /// Of `i64, float -> float`.
    IF(fn(i64, Complex64) -> Complex64),
    /// Of `float, float, i64 -> float`.
    FFI(fn(Complex64, Complex64, i64) -> Complex64),
    /// The real evaluation of the real parts: integers, truth values, and functions that are locally constant.
    RealPart,
}

/// The partial derivative in one operand.
#[derive(Clone, Copy, Debug)]
pub enum Partial {
    /// The operand or the result is an integer or a truth value: there is nothing to differentiate.
    NotFloat,
    /// Zero everywhere, by structure: no instruction is emitted.
    Zero,
    /// This, in the operands and the result, at the float type of the instruction. Where operand and result differ in type (conversions between floats), it is a literal, and the
    /// product with a tangent or a cotangent is converted.
    Expr(Expr),
}

/// How compiled code gets a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Code {
    /// By an instruction, or a few, without a call; bit-equal to [`Row::eval`], NaNs being all equal. A backend that lacks one calls `eval`.
    Native(Native),
    /// By calling [`Row::eval`].
    Call,
}

/// What a machine has instructions for. Operands are called a, b, c.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Native {
    /// IEEE addition.
    FAdd,
    /// IEEE subtraction.
    FSub,
    /// IEEE multiplication.
    FMul,
    /// IEEE division.
    FDiv,
    /// Flips the sign bit, of zeros and NaNs too.
    FNeg,
    /// Clears the sign bit.
    FAbs,
    /// IEEE square root.
    FSqrt,
    /// a·b + c with one rounding.
    FFma,
    /// Towards −∞.
    FFloor,
    /// Towards +∞.
    FCeil,
    /// Towards zero.
    FTrunc,
    /// IEEE 754-2019 `minimum`: NaN if either is NaN, and −0 < +0. (Cranelift `fmin`.)
    FMin,
    /// IEEE 754-2019 `maximum`: NaN if either is NaN, and −0 < +0. (Cranelift `fmax`.)
    FMax,
    /// `a > 0 ? 1 : (a < 0 ? -1 : a)`: zeros and NaN stay what they are.
    FSign,
    /// `a <= 0 ? +0 : a`: NaN stays NaN.
    FRelu,
    /// The operand as it is.
    FSame,
    /// `a == 0 ? a : a * b`: the product whose zero wins over infinities and NaN; the zero keeps its sign.
    FSmul,
    /// Wrapping addition.
    IAdd,
    /// Wrapping subtraction.
    ISub,
    /// Wrapping multiplication.
    IMul,
    /// Division towards zero; `i64::MIN / -1` is `i64::MIN`; guarded against b = 0.
    IDiv,
    /// Remainder with the sign of a; `i64::MIN % -1` is 0; guarded against b = 0.
    IRem,
    /// Wrapping negation.
    INeg,
    /// `a < 0 ? -a : a`, wrapping.
    IAbs,
    /// −1, 0 or 1.
    ISign,
    /// a to the integer power b. Where b is a literal from 0 to 4, or −1, the products or the quotient that [`Row::eval`] forms; elsewhere a call of it.
    FPowi,
    /// The smaller, signed.
    IMin,
    /// The larger, signed.
    IMax,
    /// Both; operands are 0 or 1.
    And,
    /// Either; operands are 0 or 1.
    Or,
    /// The other one; the operand is 0 or 1.
    Not,
    /// Signed integer to `f64`, to nearest even.
    IToF,
    /// Signed integer to `f32`, to nearest even.
    IToS,
    /// `f32` to `f64`, exactly.
    FWiden,
    /// `f64` to `f32`, to nearest even.
    FNarrow,
    /// Float to signed integer, towards zero; guarded to be in range.
    FToI,
}

/// Identities that hold bit for bit, NaNs being all equal, signed zeros not. **Constants are to be compared by their bits**: −0 is the
/// identity of addition, +0 is not. Floats stand as `f64`; each is the same number in `f32`, where the identities hold too.
#[derive(Clone, Copy, Debug)]
pub struct Algebra {
    /// f(a, b) = f(b, a).
    pub commutative: bool,
    /// c with f(c, a) = a for all a.
    pub left_identity: Option<Scalar>,
    /// c with f(a, c) = a for all a.
    pub right_identity: Option<Scalar>,
    /// c with f(c, a) = c for all a.
    pub left_absorbing: Option<Scalar>,
    /// c with f(a, c) = c for all a.
    pub right_absorbing: Option<Scalar>,
    /// f(f(a)) = a.
    pub involution: bool,
    /// f(f(a)) = f(a) for one operand, f(a, a) = a for two.
    pub idempotent: bool,
    /// (n, g) with f(a, n(b)) = g(a, b) for all a and b.
    pub second_through: Option<(Prim, Prim)>,
    /// (c, n) with f(a, c) = n(a) for all a.
    pub right_negating: Option<(Scalar, Prim)>,
    /// (n, places) with f(n(a), b) = n(f(a, b)) if the first place is one, and f(a, n(b)) = n(f(a, b)) if the second is.
    pub odd: Option<(Prim, [bool; 2])>,
    /// g with f(c, a) = g(c, a) for all a, and for all c but zeros.
    pub left_not_zero: Option<Prim>,
    /// Places where the sign of a zero can change the result's at most, if that is a zero too, and where a NaN makes the result one.
    pub unsigned: [bool; 2],
    /// Places such that the result is not −0 if the operand there is not.
    pub not_minus: [bool; 2],
    /// How the result follows the operands, where that is linear in each: in numbers without rounding.
    pub linear: Option<Linear>,
}

/// Functions that are linear in each of their operands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Linear {
    /// Their sum, each times its weight: 1 or −1.
    Sum(&'static [f64]),
    /// The product of two, but for zeros times what is not finite.
    Product,
    /// The first by the second, linear in the first alone.
    Quotient,
}

impl Algebra {
    /// No identity is known.
    pub const NONE: Algebra = Algebra {
        commutative: false,
        left_identity: None,
        right_identity: None,
        left_absorbing: None,
        right_absorbing: None,
        involution: false,
        idempotent: false,
        second_through: None,
        right_negating: None,
        odd: None,
        left_not_zero: None,
        unsigned: [false, false],
        not_minus: [false, false],
        linear: None,
    };
}

/// Operands, one per parameter and of its type; floats stand as `f64` unless the row asks for `f32`.
pub type Point = &'static [Scalar];

/// A convention: the language fixes a derivative where mathematics does not, or where it is infinite.
#[derive(Clone, Copy, Debug)]
pub struct Kink {
    /// Where.
    pub at: Point,
    /// What the partials give there, one per operand; 0 for integer operands.
    pub partials: &'static [f64],
    /// Why, in a few words.
    pub note: &'static str,
}
