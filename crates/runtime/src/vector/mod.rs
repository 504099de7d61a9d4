//! Vector mathematics: functions of the primitive table, over whole slices.
//!
//! In: a primitive (or two that are wanted together), a float type, a kind of machine. Out: a [`Slice`], a function with the C convention that takes pointers and a length. Compiled code calls these
//! where a loop's iterations are independent and the program need not be strict; the primitives' own functions stay the reference.
//!
//! ```text
//! vector::single(prim, ScalarType::F64, level)              fn(to, x, n)      or, of two operands,   fn(to, x, y, n)
//! vector::pair(first, second, At, ScalarType::F64, level)   fn(to, too, x, n)            fn(to, too, x, y, n)
//! ```
//!
//! `to`, `too`: `*mut f64` (or `f32`), `x`, `y`: `*const f64` (or `f32`), `n`: `usize`, the number of elements, 0 included; no alignment is asked for. A destination may be the same slice as a source,
//! otherwise slices are apart; the two destinations of a pair are apart. [`Slice::sources`] and [`Slice::results`] say which form it is. [`address`] finds a function by [`Slice::name`], which names the
//! machine too, so code that was written down finds it when it is loaded. Nothing here panics or traps. What has no row has no kernel: call the scalar function.
//!
//! **Results**: within 2 units in the last place of the true value (`docs/accuracy.md` has the figures), special values as the scalar functions have them. The same element gives the same bits at any place in
//! a slice of any length, in place or not, alone or in a pair; AVX2 and AVX-512 give the same bits as each other. `f32` is computed in `f64` and rounded once.
//!
//! A function is written once, of lanes (`lanes.rs`); `entry.rs` makes it run over slices, for each kind of machine. **To add one**: a function in one of the files, a row below.

mod arithmetic;
mod circular;
mod coefficients;
mod entry;
mod exponential;
pub(crate) mod lanes;
mod logarithm;
mod special;

use adit_ir::Prim;
use adit_ir::types::ScalarType;
use arithmetic::each;
use entry::{Any, Avx2, Avx512, Body, double, single as float};
use lanes::Lanes;

/// Kinds of machines, the better ones later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// Any machine.
    Baseline,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 (F, DQ and VL).
    Avx512,
}

impl Level {
    /// All of them.
    pub const ALL: [Level; 3] = [Level::Baseline, Level::Avx2, Level::Avx512];

    /// The best that this machine is.
    pub fn here() -> Level {
        let best = Level::ALL.into_iter().rev().find(|level| level.is_here());
        best.unwrap_or(Level::Baseline)
    }

    /// Whether this machine is of this kind.
    #[cfg(target_arch = "x86_64")]
    pub fn is_here(self) -> bool {
        let avx2 = || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let wide = || is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
        match self {
            Level::Baseline => true,
            Level::Avx2 => avx2(),
            Level::Avx512 => avx2() && wide() && is_x86_feature_detected!("avx512vl"),
        }
    }

    /// Whether this machine is of this kind.
    #[cfg(not(target_arch = "x86_64"))]
    pub fn is_here(self) -> bool {
        self == Level::Baseline
    }
}

/// A function of slices.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// Unique; of the function, the float type and the kind of machine.
    pub name: &'static str,
    /// Where it is.
    pub address: *const u8,
    /// Of which elements.
    pub float: ScalarType,
    /// How many operands it has: 1 or 2.
    pub sources: usize,
    /// How many results: 1 or 2.
    pub results: usize,
}

// SAFETY: addresses of functions are the same in every thread.
unsafe impl Sync for Slice {}

impl Slice {
    /// Runs a kernel of `f64`. What it does not have, a second result or operand, may be empty. False, and nothing done, for a kernel of `f32` or slices of different lengths.
    pub fn run(&self, [to, too]: [&mut [f64]; 2], [x, y]: [&[f64]; 2]) -> bool {
        let n = x.len();
        let fits = to.len() == n && (self.results == 1 || too.len() == n) && (self.sources == 1 || y.len() == n);
        if self.float != ScalarType::F64 || !fits {
            return false;
        }
        // SAFETY: the element type and the lengths have been looked at; exclusive borrows are apart.
        unsafe { self.call([to.as_mut_ptr(), too.as_mut_ptr()], [x.as_ptr(), y.as_ptr()], n) };
        true
    }

    /// Runs a kernel of elements `T`. Pointers to what it does not have are not used.
    ///
    /// # Safety
    /// `T` is the kernel's element type; `n` elements can be read and written where they should; each destination is a source or apart from all slices; the machine can run the kernel.
    pub unsafe fn call<T>(&self, [to, too]: [*mut T; 2], [x, y]: [*const T; 2], n: usize) {
        type One<T> = unsafe extern "C" fn(*mut T, *const T, usize);
        type Two<T> = unsafe extern "C" fn(*mut T, *const T, *const T, usize);
        type OnePair<T> = unsafe extern "C" fn(*mut T, *mut T, *const T, usize);
        type TwoPair<T> = unsafe extern "C" fn(*mut T, *mut T, *const T, *const T, usize);
        // SAFETY: these are the types of the entries of each shape; the rest is the caller's promise.
        unsafe {
            match (self.results, self.sources) {
                (1, 1) => std::mem::transmute::<*const u8, One<T>>(self.address)(to, x, n),
                (1, _) => std::mem::transmute::<*const u8, Two<T>>(self.address)(to, x, y, n),
                (_, 1) => std::mem::transmute::<*const u8, OnePair<T>>(self.address)(to, too, x, n),
                (_, _) => std::mem::transmute::<*const u8, TwoPair<T>>(self.address)(to, too, x, y, n),
            }
        }
    }
}

/// Operands of the second function of a pair, in those of the first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum At {
    /// The same.
    Same,
    /// The negative of the one.
    Negated,
    /// The two in the other order.
    Swapped,
}

/// What a row computes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Function {
    /// A primitive.
    One(Prim),
    /// Two primitives at once.
    Pair(Prim, Prim, At),
}

/// A function, and its kernels by [`Level`] and by float type: `f64`, `f32`.
#[derive(Debug)]
pub struct Row {
    /// Which.
    pub function: Function,
    /// Levels in their order.
    pub kernels: [[Slice; 2]; 3],
}

/// A body out of an expression in one or two operands.
macro_rules! body {
    ($x:ident => $value:expr) => { body!(1 1 [$x, _y] => [$value, $x]) };
    ($x:ident, $y:ident => $value:expr) => { body!(2 1 [$x, $y] => [$value, $x]) };
    ($sources:literal $results:literal [$x:ident, $y:ident] => $values:expr) => {
        struct K;
        impl Body for K {
            const SOURCES: usize = $sources;
            const RESULTS: usize = $results;
            #[inline(always)]
            fn of<L: Lanes>([$x, $y]: [L; 2]) -> [L; 2] {
                $values.into()
            }
        }
    };
}

/// The six kernels of a body.
macro_rules! kernels {
    ($name:literal $shape:ident) => {
        [
            kernels!($name $shape Any ""),
            kernels!($name $shape Avx2 ".avx2"),
            kernels!($name $shape Avx512 ".avx512"),
        ]
    };
    ($name:literal $shape:ident $version:ident $suffix:literal) => {
        [
            Slice { name: concat!("vector.", $name, ".f64", $suffix), float: ScalarType::F64, address: double::$shape::<K, $version> as *const u8, sources: K::SOURCES, results: K::RESULTS },
            Slice { name: concat!("vector.", $name, ".f32", $suffix), float: ScalarType::F32, address: float::$shape::<K, $version> as *const u8, sources: K::SOURCES, results: K::RESULTS },
        ]
    };
}

/// The list of rows.
macro_rules! rows {
    (
        one { $($prim:ident $name:literal $function:expr;)* }
        two { $($prim2:ident $name2:literal $function2:expr;)* }
        pairs { $($first:ident $second:ident $at:ident $pair:literal $shape:ident $sources:literal [$x:ident, $y:ident] $values:expr;)* }
    ) => {
        /// Every function that has kernels.
        pub static ROWS: &[Row] = &[
            $({
                body!(x => ($function)(x));
                Row { function: Function::One(Prim::$prim), kernels: kernels!($name one) }
            },)*
            $({
                body!(x, y => ($function2)(x, y));
                Row { function: Function::One(Prim::$prim2), kernels: kernels!($name2 two) }
            },)*
            $({
                body!($sources 2 [$x, $y] => $values);
                Row { function: Function::Pair(Prim::$first, Prim::$second, At::$at), kernels: kernels!($pair $shape) }
            },)*
        ];
    };
}

rows! {
    one {
        Exp "exp" exponential::exp;
        Exp2 "exp2" exponential::exp2;
        Expm1 "expm1" exponential::expm1;
        Sigmoid "sigmoid" exponential::sigmoid;
        Tanh "tanh" exponential::tanh;
        Sech "sech" exponential::sech;
        Sinh "sinh" exponential::sinh;
        Cosh "cosh" exponential::cosh;
        Gauss "gauss" exponential::gauss;
        Log "log" logarithm::log;
        Log2 "log2" logarithm::log2;
        Log10 "log10" logarithm::log10;
        Log1p "log1p" logarithm::log1p;
        Softplus "softplus" logarithm::softplus;
        Log1pexp "log1pexp" logarithm::softplus;
        Log1mexp "log1mexp" logarithm::log1mexp;
        Asinh "asinh" logarithm::asinh;
        Acosh "acosh" logarithm::acosh;
        Atanh "atanh" logarithm::atanh;
        Sin "sin" circular::sin;
        Cos "cos" circular::cos;
        Tan "tan" circular::tan;
        Asin "asin" circular::asin;
        Acos "acos" circular::acos;
        Atan "atan" circular::atan;
        Erf "erf" special::erf;
        Erfc "erfc" special::erfc;
        Cbrt "cbrt" special::cbrt;
        Round "round" special::round;
        Erfinv "erfinv" special::erfinv;
        Erfcinv "erfcinv" special::erfcinv;
        Lgamma "lgamma" (|x| each(x, x, Prim::Lgamma));
        Digamma "digamma" (|x| each(x, x, Prim::Digamma));
    }
    two {
        Pow "pow" logarithm::pow;
        Logaddexp "logaddexp" logarithm::logaddexp;
        Logshare "logshare" exponential::logshare;
        Xlogy "xlogy" logarithm::xlogy;
        Xlog1py "xlog1py" logarithm::xlog1py;
        Atan2 "atan2" circular::atan2;
        Hypot "hypot" circular::hypot;
        Unit "unit" circular::unit;
        Rem "rem" (|x, y| each(x, y, Prim::Rem));
    }
    pairs {
        Sin Cos Same "sin_cos" one_pair 1 [x, _y] circular::sin_cos(x);
        Sigmoid Sigmoid Negated "sigmoids" one_pair 1 [x, _y] [exponential::sigmoid(x), exponential::sigmoid(-x)];
        Softplus Sigmoid Same "softplus_sigmoid" one_pair 1 [x, _y] [logarithm::softplus(x), exponential::sigmoid(x)];
        Log1pexp Sigmoid Same "log1pexp_sigmoid" one_pair 1 [x, _y] [logarithm::softplus(x), exponential::sigmoid(x)];
        Tanh Sech Same "tanh_sech" one_pair 1 [x, _y] [exponential::tanh(x), exponential::sech(x)];
        Sinh Cosh Same "sinh_cosh" one_pair 1 [x, _y] [exponential::sinh(x), exponential::cosh(x)];
        Expm1 Exp Same "expm1_exp" one_pair 1 [x, _y] [exponential::expm1(x), exponential::exp(x)];
        Erf Gauss Same "erf_gauss" one_pair 1 [x, _y] [special::erf(x), exponential::gauss(x)];
        Erfc Gauss Same "erfc_gauss" one_pair 1 [x, _y] [special::erfc(x), exponential::gauss(x)];
        Logaddexp Logshare Same "logaddexp_logshare" two_pair 2 [x, y] [logarithm::logaddexp(x, y), exponential::logshare(x, y)];
        Logshare Logshare Swapped "logshares" two_pair 2 [x, y] [exponential::logshare(x, y), exponential::logshare(y, x)];
        Unit Unit Swapped "units" two_pair 2 [x, y] [circular::unit(x, y), circular::unit(y, x)];
    }
}

/// The kernel of a primitive.
pub fn single(prim: Prim, float: ScalarType, level: Level) -> Option<&'static Slice> {
    kernel(Function::One(prim), float, level)
}

/// The kernel of two primitives at once: the first of the operands, the second of those that `at` makes of them. Asked for in the order of the table only.
pub fn pair(first: Prim, second: Prim, at: At, float: ScalarType, level: Level) -> Option<&'static Slice> {
    kernel(Function::Pair(first, second, at), float, level)
}

fn kernel(function: Function, float: ScalarType, level: Level) -> Option<&'static Slice> {
    let row = ROWS.iter().find(|row| row.function == function)?;
    let place = [ScalarType::F64, ScalarType::F32].iter().position(|ty| *ty == float)?;
    row.kernels.get(level as usize)?.get(place)
}

/// Where the kernel of this name is, if this machine can run it.
pub fn address(name: &str) -> Option<*const u8> {
    let levels = Level::ALL.into_iter().filter(|level| level.is_here());
    let mut all = levels.flat_map(|level| ROWS.iter().flat_map(move |row| &row.kernels[level as usize]));
    all.find(|slice| slice.name == name).map(|slice| slice.address)
}
