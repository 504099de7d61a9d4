//! Rust types that stand for types of the language.
//!
//! In: a value of a host's. Out: its leaves, in the order of the language's type: numbers, and arrays row major.
//!
//! | Rust | language |
//! |---|---|
//! | `f64`, `f32`, `i64`, `bool` | the same |
//! | `[T]`, `[T; N]`, `Vec<T>` of numbers | an array of one dimension |
//! | `[[T; N]]`, `[[T; N]; M]`, `Vec<[T; N]>` | of two |
//! | [`View`](super::View), [`ViewMut`](super::ViewMut), [`Array`] | of any number |
//! | tuples of these, structs that derive `Leaves` | tuples, structs |
//! | [`Value`] | whatever it holds |
//!
//! Arrays are never copied on their way, but where a function writes what it is only shown.

use super::memory::Number;
use super::pass::Pass;
use super::take::Take;
use super::typed::Outline;
use crate::value::{Array, Data, Value, count};
use adit_ir::ScalarType;

/// A value of the language, in Rust.
///
/// `#[derive(Leaves)]` (of the crate `adit-derive`) implements it for structs whose fields do. By hand it is one line for each field, thrice:
///
/// ```
/// use adit::{Leaves, Pass, Take};
///
/// struct Line { slope: f64, points: Vec<f64> }
///
/// impl Leaves for Line {
///     fn read<'a>(&'a self, to: &mut Pass<'a>) {
///         to.enter();
///         to.field("slope");
///         self.slope.read(to);
///         to.field("points");
///         self.points.read(to);
///         to.leave();
///     }
///     fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
///         to.enter();
///         to.field("slope");
///         self.slope.write(to);
///         to.field("points");
///         self.points.write(to);
///         to.leave();
///     }
///     fn take(&mut self, from: &mut Take<'_>) {
///         self.slope.take(from);
///         self.points.take(from);
///     }
/// }
///
/// let module = adit::Engine::new().compile(
///     "struct Line<n> { slope: f64, points: [f64; n] }
///      fn f(l: Line<n>) -> f64 { l.slope * sum(l.points^2) }",
/// )?;
/// let gradient = module.function("f")?.gradient().build()?;
/// let (line, mut slopes) = (Line { slope: 2.0, points: vec![1.0, 3.0] }, Line { slope: 0.0, points: vec![] });
/// let value = gradient.value_and_gradient(&mut adit::Workspace::new(), &line, &mut slopes)?;
/// assert_eq!((value, slopes.slope, slopes.points), (20.0, 10.0, vec![4.0, 12.0]));
/// # Ok::<(), adit::Error>(())
/// ```
pub trait Leaves {
    /// Hands the leaves over to be read.
    fn read<'a>(&'a self, to: &mut Pass<'a>);

    /// Hands the leaves over to be written: arrays during the call; numbers are shown now and come back by [`Leaves::take`].
    fn write<'a>(&'a mut self, to: &mut Pass<'a>);

    /// Takes what the call made of the leaves that were handed over by [`Leaves::write`], in the same order.
    fn take(&mut self, from: &mut Take<'_>);

    /// Says what the leaves are before there is a value, so that [`Typed`](crate::Typed) handles are checked once. By default nothing is said, and each call tells.
    fn outline(to: &mut Outline<'_>) {
        to.anything();
    }
}

/// Nothing.
impl Leaves for () {
    fn read<'a>(&'a self, _: &mut Pass<'a>) {}

    fn write<'a>(&'a mut self, _: &mut Pass<'a>) {}

    fn take(&mut self, _: &mut Take<'_>) {}

    fn outline(_: &mut Outline<'_>) {}
}

/// What is borrowed can be read; it is refused where it is to be written.
impl<T: Leaves + ?Sized> Leaves for &T {
    fn read<'a>(&'a self, to: &mut Pass<'a>) {
        (**self).read(to);
    }

    fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
        to.unwritable();
    }

    fn take(&mut self, _: &mut Take<'_>) {}

    fn outline(to: &mut Outline<'_>) {
        T::outline(to);
    }
}

impl<T: Leaves + ?Sized> Leaves for &mut T {
    fn read<'a>(&'a self, to: &mut Pass<'a>) {
        (**self).read(to);
    }

    fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
        (**self).write(to);
    }

    fn take(&mut self, from: &mut Take<'_>) {
        (**self).take(from);
    }

    fn outline(to: &mut Outline<'_>) {
        T::outline(to);
    }
}

macro_rules! numbers {
    ($($ty:ty),*) => {
        $(impl Leaves for $ty {
            #[inline]
            fn read<'a>(&'a self, to: &mut Pass<'a>) {
                to.scalar(*self);
            }
            #[inline]
            fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
                to.scalar(*self);
            }
            #[inline]
            fn take(&mut self, from: &mut Take<'_>) {
                from.scalar(self);
            }
            fn outline(to: &mut Outline<'_>) {
                to.scalar::<$ty>();
            }
        })*
    };
}

numbers!(f64, f32, i64, bool);

/// Things that are arrays: how to see their extents and their elements.
macro_rules! arrays {
    ($([$($generic:tt)*] $ty:ty, $rank:literal, |$x:ident| $dims:expr, $read:expr, $write:expr;)*) => {
        $(impl<T: Number, $($generic)*> Leaves for $ty {
            #[inline]
            fn read<'a>(&'a self, to: &mut Pass<'a>) {
                let $x = self;
                to.array(&$dims, $read);
            }
            #[inline]
            fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
                let $x = self;
                let dims = $dims;
                to.array_mut(&dims, $write);
            }
            #[inline]
            fn take(&mut self, from: &mut Take<'_>) {
                let $x = self;
                from.array($write);
            }
            fn outline(to: &mut Outline<'_>) {
                to.array::<T>($rank);
            }
        })*
    };
}

arrays! {
    [] [T], 1, |x| [x.len()], x, x;
    [const N: usize] [T; N], 1, |x| [N], x, x;
    [const N: usize] [[T; N]], 2, |x| [x.len(), N], x.as_flattened(), x.as_flattened_mut();
    [const M: usize, const N: usize] [[T; N]; M], 2, |x| [M, N], x.as_flattened(), x.as_flattened_mut();
}

/// Resizes itself where the extents are known.
impl<T: Number> Leaves for Vec<T> {
    #[inline]
    fn read<'a>(&'a self, to: &mut Pass<'a>) {
        to.array(&[self.len()], self);
    }

    #[inline]
    fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
        if let Some(n) = to.wanted_length().filter(|n| *n != self.len()) {
            self.resize(n, T::default());
        }
        to.array_mut(&[self.len()], self);
    }

    #[inline]
    fn take(&mut self, from: &mut Take<'_>) {
        from.array(self);
    }

    fn outline(to: &mut Outline<'_>) {
        to.array::<T>(1);
    }
}

impl<T: Number, const N: usize> Leaves for Vec<[T; N]> {
    fn read<'a>(&'a self, to: &mut Pass<'a>) {
        self[..].read(to);
    }

    fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
        if let Some([n, _]) = to.wanted().as_deref() {
            self.resize(*n, [T::default(); N]);
        }
        self[..].write(to);
    }

    fn take(&mut self, from: &mut Take<'_>) {
        self[..].take(from);
    }

    fn outline(to: &mut Outline<'_>) {
        to.array::<T>(2);
    }
}

/// Resizes itself where the extents are known.
impl Leaves for Array {
    fn read<'a>(&'a self, to: &mut Pass<'a>) {
        match &self.data {
            Data::F64(x) => to.array(&self.dims, x),
            Data::F32(x) => to.array(&self.dims, x),
            Data::I64(x) => to.array(&self.dims, x),
            Data::Bool(x) => to.array(&self.dims, x),
        }
    }

    fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
        if let Some(dims) = to.wanted()
            && dims[..] != self.dims[..]
        {
            let n = count(&dims);
            self.dims = dims.to_vec();
            self.data.resize(n, to.element());
        }
        let Array { dims, data } = self;
        match data {
            Data::F64(x) => to.array_mut(dims, x),
            Data::F32(x) => to.array_mut(dims, x),
            Data::I64(x) => to.array_mut(dims, x),
            Data::Bool(x) => to.array_mut(dims, x),
        }
    }

    fn take(&mut self, from: &mut Take<'_>) {
        match &mut self.data {
            Data::F64(x) => from.array(x),
            Data::F32(x) => from.array(x),
            Data::I64(x) => from.array(x),
            Data::Bool(x) => from.array(x),
        }
    }
}

/// Integers go where floats are wanted; fields of structs that are read may stand in any order.
impl Leaves for Value {
    fn read<'a>(&'a self, to: &mut Pass<'a>) {
        match self {
            Value::F64(x) if to.element() == Some(ScalarType::F32) => to.scalar(*x as f32),
            Value::F64(x) => to.scalar(*x),
            Value::F32(x) if to.element() == Some(ScalarType::F64) => to.scalar(f64::from(*x)),
            Value::F32(x) => to.scalar(*x),
            Value::I64(x) if to.element() == Some(ScalarType::F64) => to.scalar(*x as f64),
            Value::I64(x) if to.element() == Some(ScalarType::F32) => to.scalar(*x as f32),
            Value::I64(x) => to.scalar(*x),
            Value::Bool(x) => to.scalar(*x),
            Value::Array(array) => array.read(to),
            Value::Struct(fields) => read_struct(fields, to),
            Value::Tuple(items) => {
                to.enter();
                items.iter().for_each(|item| item.read(to));
                to.leave();
            }
        }
    }

    fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
        match self {
            Value::F64(x) => to.scalar(*x),
            Value::F32(x) => to.scalar(*x),
            Value::I64(x) => to.scalar(*x),
            Value::Bool(x) => to.scalar(*x),
            Value::Array(array) => array.write(to),
            Value::Struct(fields) => {
                to.enter();
                for (name, field) in fields {
                    to.field(name);
                    field.write(to);
                }
                to.leave();
            }
            Value::Tuple(items) => {
                to.enter();
                items.iter_mut().for_each(|item| item.write(to));
                to.leave();
            }
        }
    }

    fn take(&mut self, from: &mut Take<'_>) {
        match self {
            Value::F64(x) => from.scalar(x),
            Value::F32(x) => from.scalar(x),
            Value::I64(x) => from.scalar(x),
            Value::Bool(x) => from.scalar(x),
            Value::Array(array) => array.take(from),
            Value::Struct(fields) => fields.iter_mut().for_each(|(_, field)| field.take(from)),
            Value::Tuple(items) => items.iter_mut().for_each(|item| item.take(from)),
        }
    }
}

fn read_struct<'a>(fields: &'a [(String, Value)], to: &mut Pass<'a>) {
    to.enter();
    for beside in fields {
        let next = to.expected();
        let is_next = |(name, _): &&(String, Value)| Some(name.as_str()) == next;
        match Some(beside).filter(is_next).or_else(|| fields.iter().find(is_next)) {
            Some((_, field)) => field.read(to),
            None => to.field(fields.first().map_or("", |(name, _)| name)),
        }
    }
    to.leave();
}

macro_rules! tuples {
    ($($($name:ident $number:literal)*;)*) => {
        $(impl<$($name: Leaves),*> Leaves for ($($name,)*) {
            #[inline]
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn read<'a>(&'a self, to: &mut Pass<'a>) {
                let ($($name,)*) = self;
                to.enter();
                $(to.field($number); $name.read(to);)*
                to.leave();
            }
            #[inline]
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
                let ($($name,)*) = self;
                to.enter();
                $(to.field($number); $name.write(to);)*
                to.leave();
            }
            #[inline]
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn take(&mut self, from: &mut Take<'_>) {
                let ($($name,)*) = self;
                $($name.take(from);)*
            }
            fn outline(to: &mut Outline<'_>) {
                to.enter();
                $(to.field($number); $name::outline(to);)*
                to.leave();
            }
        })*
    };
}

tuples! {
    A "0";
    A "0" B "1";
    A "0" B "1" C "2";
    A "0" B "1" C "2" D "3";
    A "0" B "1" C "2" D "3" E "4";
    A "0" B "1" C "2" D "3" E "4" F "5";
    A "0" B "1" C "2" D "3" E "4" F "5" G "6";
    A "0" B "1" C "2" D "3" E "4" F "5" G "6" H "7";
}
