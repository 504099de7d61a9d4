//! Arguments with their activities: what is differentiated, said at the call.
//!
//! In: values wrapped in [`Const`], [`Active`], [`Duplicated`], [`DuplicatedNoNeed`], [`BatchDuplicated`]. Out: the values, their shadows, and what is told of each to the plan. See [`Function::autodiff`](crate::Function::autodiff).

use super::arguments::{Argument, Arguments};
use super::memory::Number;
use super::pass::Pass;
use super::take::Take;

/// What is said of an argument, or of a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Activity {
    /// Derivatives neither flow in nor out.
    Const,
    /// A float that is differentiated; its derivative is returned.
    Active,
    /// It has a shadow: derivatives are read from it or added to it.
    Duplicated,
    /// As [`Activity::Duplicated`], but nobody needs the value itself.
    DuplicatedNoNeed,
    /// It has so many shadows.
    BatchDuplicated(usize),
}

/// An argument without a derivative.
#[derive(Clone, Copy, Debug)]
pub struct Const<P>(pub P);

/// A float; its derivative is returned. Reverse mode alone.
#[derive(Clone, Copy, Debug)]
pub struct Active<T>(pub T);

/// A value and its shadow of the same shape. In reverse mode, the derivative is **added** to the shadow, which is `&mut`; in forward mode, the shadow is the direction.
///
/// A shadow cannot share memory with any other argument: such a call does not compile.
///
/// ```compile_fail,E0502
/// use adit::{Activity, Const, Duplicated, Engine, Sweep};
///
/// let f = Engine::new().compile("fn f(w: [f64; n], x: [f64; n]) -> f64 { dot(w, x) }").unwrap().function("f").unwrap();
/// let (w, mut x) = ([1.0, 2.0], [3.0, 4.0]);
/// f.autodiff(Sweep::Reverse, Activity::Active, (Duplicated(&w, &mut x), Const(&x))).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Duplicated<P, S>(pub P, pub S);

/// As [`Duplicated`], where nobody needs the value itself: if the function writes it, what it is afterwards need not be kept.
#[derive(Clone, Copy, Debug)]
pub struct DuplicatedNoNeed<P, S>(pub P, pub S);

/// A value and `W` shadows. In forward mode they are directions, followed in one sweep, and as many tangents come out. In reverse mode each receives a derivative: the function runs once, and its reverse once for
/// each shadow, by the seeds in the shadows of what the function writes; that saves `W - 1` forward sweeps, no more.
#[derive(Clone, Copy, Debug)]
pub struct BatchDuplicated<P, S, const W: usize>(pub P, pub [S; W]);

/// An argument and what is said of it.
pub trait Annotated {
    /// The value.
    type Primal: Argument;
    /// Where its derivative is.
    type Shadow: Shadow;
    /// What is said.
    const ACTIVITY: Activity;

    /// Takes it apart.
    fn split(self) -> (Self::Primal, Self::Shadow);
}

/// Where the derivative of an argument is.
pub trait Shadow {
    /// What is returned of it.
    type Adjoint;
    /// Whether there is any.
    const GIVEN: bool;
    /// Hands one of the shadows over.
    fn pass<'a>(&'a mut self, lane: usize, to: &mut Pass<'a>);
    /// Takes what came back of one of them.
    fn finish(&mut self, lane: usize, from: &mut Take<'_>);
    /// What is returned.
    fn adjoint(&self) -> Self::Adjoint;
}

/// A constant has no shadow.
#[derive(Clone, Copy, Debug)]
pub struct NoShadow;

/// The derivative of a float, to be returned.
#[derive(Clone, Copy, Debug)]
pub struct Adjoint<T>(T);

/// Buffers of the caller's.
#[derive(Clone, Copy, Debug)]
pub struct Shadows<S, const W: usize>([S; W]);

impl Shadow for NoShadow {
    type Adjoint = ();
    const GIVEN: bool = false;
    fn pass<'a>(&'a mut self, _: usize, _: &mut Pass<'a>) {}
    fn finish(&mut self, _: usize, _: &mut Take<'_>) {}
    fn adjoint(&self) {}
}

impl<T: Number> Shadow for Adjoint<T> {
    type Adjoint = T;
    const GIVEN: bool = true;
    fn pass<'a>(&'a mut self, _: usize, to: &mut Pass<'a>) {
        to.scalar(self.0);
    }
    fn finish(&mut self, _: usize, from: &mut Take<'_>) {
        from.scalar(&mut self.0);
    }
    fn adjoint(&self) -> T {
        self.0
    }
}

impl<S: Argument, const W: usize> Shadow for Shadows<S, W> {
    type Adjoint = ();
    const GIVEN: bool = true;
    fn pass<'a>(&'a mut self, lane: usize, to: &mut Pass<'a>) {
        if let Some(shadow) = self.0.get_mut(lane) {
            shadow.pass(to);
        }
    }
    fn finish(&mut self, lane: usize, from: &mut Take<'_>) {
        if let Some(shadow) = self.0.get_mut(lane) {
            shadow.finish(from);
        }
    }
    fn adjoint(&self) {}
}

impl<P: Argument> Annotated for Const<P> {
    type Primal = P;
    type Shadow = NoShadow;
    const ACTIVITY: Activity = Activity::Const;
    fn split(self) -> (P, NoShadow) {
        (self.0, NoShadow)
    }
}

impl<T: Number + Argument> Annotated for Active<T> {
    type Primal = T;
    type Shadow = Adjoint<T>;
    const ACTIVITY: Activity = Activity::Active;
    fn split(self) -> (T, Adjoint<T>) {
        (self.0, Adjoint(T::default()))
    }
}

impl<P: Argument, S: Argument> Annotated for Duplicated<P, S> {
    type Primal = P;
    type Shadow = Shadows<S, 1>;
    const ACTIVITY: Activity = Activity::Duplicated;
    fn split(self) -> (P, Shadows<S, 1>) {
        (self.0, Shadows([self.1]))
    }
}

impl<P: Argument, S: Argument> Annotated for DuplicatedNoNeed<P, S> {
    type Primal = P;
    type Shadow = Shadows<S, 1>;
    const ACTIVITY: Activity = Activity::DuplicatedNoNeed;
    fn split(self) -> (P, Shadows<S, 1>) {
        (self.0, Shadows([self.1]))
    }
}

impl<P: Argument, S: Argument, const W: usize> Annotated for BatchDuplicated<P, S, W> {
    type Primal = P;
    type Shadow = Shadows<S, W>;
    const ACTIVITY: Activity = Activity::BatchDuplicated(W);
    fn split(self) -> (P, Shadows<S, W>) {
        (self.0, Shadows(self.1))
    }
}

/// The arguments of one call, each with its activity: a tuple of [`Annotated`] ones.
pub trait Annotations {
    /// The values.
    type Primals: Arguments;
    /// The shadows.
    type Shadows: AllShadows;

    /// What is said of each.
    fn activities() -> Vec<Activity>;

    /// Takes them apart.
    fn split(self) -> (Self::Primals, Self::Shadows);
}

/// The shadows of the arguments of one call.
pub trait AllShadows {
    /// What is returned: for [`Active`] a float, `()` for others.
    type Adjoints;

    /// Hands over those that there are, of one lane.
    fn pass_all<'a>(&'a mut self, lane: usize, to: &mut Pass<'a>);

    /// Takes what came back, of one lane.
    fn finish_all(&mut self, lane: usize, from: &mut Take<'_>);

    /// What is returned.
    fn adjoints(&self) -> Self::Adjoints;
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(impl<$($name: Annotated),*> Annotations for ($($name,)*) {
            type Primals = ($($name::Primal,)*);
            type Shadows = ($($name::Shadow,)*);
            fn activities() -> Vec<Activity> {
                vec![$($name::ACTIVITY),*]
            }
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn split(self) -> (Self::Primals, Self::Shadows) {
                let ($($name,)*) = self;
                $(let $name = $name.split();)*
                (($($name.0,)*), ($($name.1,)*))
            }
        }

        impl<$($name: Shadow),*> AllShadows for ($($name,)*) {
            type Adjoints = ($($name::Adjoint,)*);
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn pass_all<'a>(&'a mut self, lane: usize, to: &mut Pass<'a>) {
                let ($($name,)*) = self;
                $(if <$name as Shadow>::GIVEN {
                    to.item();
                    $name.pass(lane, to);
                })*
                to.done();
            }
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn finish_all(&mut self, lane: usize, from: &mut Take<'_>) {
                let ($($name,)*) = self;
                let mut at = 0..;
                $(if <$name as Shadow>::GIVEN {
                    from.item(at.next().unwrap_or(0));
                    $name.finish(lane, from);
                })*
            }
            #[expect(non_snake_case, reason = "the names of the types serve for the values")]
            fn adjoints(&self) -> Self::Adjoints {
                let ($($name,)*) = self;
                ($($name.adjoint(),)*)
            }
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
    A B C D E F G H I;
    A B C D E F G H I J;
}
