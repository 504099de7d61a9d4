//! What a host writes in the place of arguments: numbers, `&` and `&mut` of [`Leaves`], views, tuples of them.
//!
//! In: the values of one call. Out: the same, handed to the [`Pass`] one by one. Numbers go by value, all else by reference; `&mut` is for what the function or the derivative writes. Nothing is
//! checked here.

use super::leaves::Leaves;
use super::memory::Number;
use super::pass::Pass;
use super::take::Take;
use crate::error::{Error, Result};
use crate::value::Value;
use adit_diag::Code;

/// One value, as it is passed: a number, `&T` or `&mut T` of [`Leaves`], a view, or a tuple of arguments.
///
/// What is passed by `&` is read. If the function wants it `&mut`, it works on a copy. What is passed by `&mut` is written in place.
pub trait Argument {
    /// Hands it over.
    fn pass<'a>(&'a mut self, to: &mut Pass<'a>);

    /// Takes what came back, where it was passed by `&mut`.
    fn finish(&mut self, from: &mut Take<'_>);
}

/// The values of one call: a tuple of [`Argument`]s, one argument alone, or a slice of [`Value`]s.
pub trait Arguments {
    /// Hands all over.
    fn pass_all<'a>(&'a mut self, to: &mut Pass<'a>);

    /// Takes what came back.
    fn finish_all(&mut self, from: &mut Take<'_>);
}

impl<T: Leaves + ?Sized> Argument for &T {
    #[inline]
    fn pass<'a>(&'a mut self, to: &mut Pass<'a>) {
        to.shown();
        (**self).read(to);
    }

    #[inline]
    fn finish(&mut self, _: &mut Take<'_>) {}
}

impl<T: Leaves + ?Sized> Argument for &mut T {
    #[inline]
    fn pass<'a>(&'a mut self, to: &mut Pass<'a>) {
        (**self).write(to);
    }

    #[inline]
    fn finish(&mut self, from: &mut Take<'_>) {
        (**self).take(from);
    }
}

/// An array that is read, of `R` dimensions, row major.
///
/// ```
/// use adit::View;
///
/// let module = adit::Engine::new().compile("fn f(a: [f64; m, n], x: [f64; n]) -> f64 { sum(a @ x) }")?;
/// let gradient = module.function("f")?.gradient().wrt(["x"]).build()?;
/// let a = View::new(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2, 3])?;
/// let mut dx = [0.0; 3];
/// gradient.value_and_gradient(&mut adit::Workspace::new(), (a, &[1.0, 1.0, 1.0]), &mut dx)?;
/// assert_eq!(dx, [5.0, 7.0, 9.0]);
/// # Ok::<(), adit::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct View<'v, T, const R: usize> {
    elements: &'v [T],
    extents: [usize; R],
}

/// An array that is written, of `R` dimensions, row major.
#[derive(Debug)]
pub struct ViewMut<'v, T, const R: usize> {
    elements: &'v mut [T],
    extents: [usize; R],
}

fn fits(elements: usize, extents: &[usize]) -> Result<()> {
    if adit_runtime::element_count(extents) == Some(elements) {
        return Ok(());
    }
    let text = format!("{elements} elements do not make an array with the extents {extents:?}");
    Err(Error::input(Code("AD0906"), text))
}

impl<'v, T: Number, const R: usize> View<'v, T, R> {
    /// These elements, with these extents, the outermost first.
    ///
    /// # Errors
    /// If the extents do not multiply to the number of elements.
    pub fn new(elements: &'v [T], extents: [usize; R]) -> Result<Self> {
        fits(elements.len(), &extents)?;
        Ok(View { elements, extents })
    }
}

impl<'v, T: Number, const R: usize> ViewMut<'v, T, R> {
    /// These elements, with these extents, the outermost first.
    ///
    /// # Errors
    /// If the extents do not multiply to the number of elements.
    pub fn new(elements: &'v mut [T], extents: [usize; R]) -> Result<Self> {
        fits(elements.len(), &extents)?;
        Ok(ViewMut { elements, extents })
    }
}

impl<T: Number, const R: usize> Argument for View<'_, T, R> {
    fn pass<'a>(&'a mut self, to: &mut Pass<'a>) {
        to.shown();
        to.array(&self.extents, self.elements);
    }

    fn finish(&mut self, _: &mut Take<'_>) {}
}

impl<T: Number, const R: usize> Argument for ViewMut<'_, T, R> {
    fn pass<'a>(&'a mut self, to: &mut Pass<'a>) {
        to.array_mut(&self.extents, self.elements);
    }

    fn finish(&mut self, from: &mut Take<'_>) {
        from.array(self.elements);
    }
}

macro_rules! numbers {
    ($($ty:ty),*) => {
        $(impl Argument for $ty {
            #[inline]
            fn pass<'a>(&'a mut self, to: &mut Pass<'a>) {
                to.shown();
                to.scalar(*self);
            }
            #[inline]
            fn finish(&mut self, _: &mut Take<'_>) {}
        })*
    };
}

numbers!(f64, f32, i64, bool);

/// The value of a result that nobody wants.
impl Argument for () {
    #[inline]
    fn pass<'a>(&'a mut self, to: &mut Pass<'a>) {
        to.rest();
    }

    #[inline]
    fn finish(&mut self, _: &mut Take<'_>) {}
}

/// One argument alone.
macro_rules! alone {
    ($([$($generic:tt)*] $ty:ty;)*) => {
        $(impl<$($generic)*> Arguments for $ty {
            #[inline]
            fn pass_all<'a>(&'a mut self, to: &mut Pass<'a>) {
                to.item();
                self.pass(to);
                to.done();
            }
            #[inline]
            fn finish_all(&mut self, from: &mut Take<'_>) {
                from.item(0);
                self.finish(from);
            }
        })*
    };
}

alone! {
    [] f64;
    [] f32;
    [] i64;
    [] bool;
    [T: Leaves + ?Sized] &T;
    [T: Leaves + ?Sized] &mut T;
    [T: Number, const R: usize] View<'_, T, R>;
    [T: Number, const R: usize] ViewMut<'_, T, R>;
}

/// Values that are read.
fn shown<'a>(values: &'a [Value], to: &mut Pass<'a>) {
    for value in values {
        to.item();
        to.shown();
        value.read(to);
    }
    to.done();
}

impl Arguments for &[Value] {
    fn pass_all<'a>(&'a mut self, to: &mut Pass<'a>) {
        shown(self, to);
    }

    fn finish_all(&mut self, _: &mut Take<'_>) {}
}

impl<const N: usize> Arguments for &[Value; N] {
    fn pass_all<'a>(&'a mut self, to: &mut Pass<'a>) {
        shown(*self, to);
    }

    fn finish_all(&mut self, _: &mut Take<'_>) {}
}

/// Arguments that the function does not want `&mut` are only read.
impl Arguments for &mut [Value] {
    fn pass_all<'a>(&'a mut self, to: &mut Pass<'a>) {
        for value in self.iter_mut() {
            to.item();
            if to.is_written() { value.write(to) } else { Value::read(value, to) }
        }
        to.done();
    }

    fn finish_all(&mut self, from: &mut Take<'_>) {
        for (at, value) in self.iter_mut().enumerate() {
            from.item(at);
            value.take(from);
        }
    }
}

macro_rules! tuples {
    ($($($name:ident $at:literal)*;)*) => {
        $(impl<$($name: Argument),*> Argument for ($($name,)*) {
            #[inline]
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn pass<'a>(&'a mut self, to: &mut Pass<'a>) {
                let ($($name,)*) = self;
                to.enter();
                $($name.pass(to);)*
                to.leave();
            }
            #[inline]
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn finish(&mut self, from: &mut Take<'_>) {
                let ($($name,)*) = self;
                $($name.finish(from);)*
            }
        }

        impl<$($name: Argument),*> Arguments for ($($name,)*) {
            #[inline]
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn pass_all<'a>(&'a mut self, to: &mut Pass<'a>) {
                let ($($name,)*) = self;
                $(to.item(); $name.pass(to);)*
                to.done();
            }
            #[inline]
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn finish_all(&mut self, from: &mut Take<'_>) {
                let ($($name,)*) = self;
                $(from.item($at); $name.finish(from);)*
            }
        })*
    };
}

/// No arguments; no derivative that is wanted.
impl Arguments for () {
    fn pass_all<'a>(&'a mut self, to: &mut Pass<'a>) {
        to.nothing();
    }

    fn finish_all(&mut self, _: &mut Take<'_>) {}
}

tuples! {
    A 0;
    A 0 B 1;
    A 0 B 1 C 2;
    A 0 B 1 C 2 D 3;
    A 0 B 1 C 2 D 3 E 4;
    A 0 B 1 C 2 D 3 E 4 F 5;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10;
    A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11;
}
