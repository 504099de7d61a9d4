//! Functions with a Rust signature, which is checked once.
//!
//! In: a type such as `fn(f64, &[f64]) -> f64`, and a function. Out: a [`Typed`] handle whose arguments and result have these types, or an error that names the parameter that has another one. Sizes are checked
//! at each call, for types do not say them.

use super::arguments::{Argument, Arguments};
use super::fault::Fault;
use super::leaves::Leaves;
use super::memory::{Number, Workspace};
use super::pass::Callee;
use super::plan::Group;
use super::primal::CallFn;
use crate::error::Result;
use crate::function::Function;
use crate::module::Module;
use adit_runtime::Misfit;
use std::marker::PhantomData;

/// A compiled function of a Rust type: `Typed<fn(f64, &[f64]) -> f64>`. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
pub struct Typed<F> {
    call: CallFn,
    signature: PhantomData<fn() -> F>,
}

impl<F> Clone for Typed<F> {
    fn clone(&self) -> Self {
        Typed { call: self.call.clone(), signature: PhantomData }
    }
}

impl<F> std::fmt::Debug for Typed<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Typed").field(&self.call).finish()
    }
}

impl Module {
    /// [`Function::typed`] of the function of this name.
    ///
    /// ```
    /// use adit::{Engine, Typed, Workspace};
    ///
    /// let module = Engine::new().compile("fn f(k: f64, x: [f64; n]) -> f64 { k * sum(x) }")?;
    /// let f: Typed<fn(f64, &[f64]) -> f64> = module.typed("f")?;
    /// assert_eq!(f.call(&mut Workspace::new(), (2.0, &[1.0, 2.5]))?, 7.0);
    ///
    /// let error = module.typed::<fn(i64, &[f64]) -> f64>("f").unwrap_err();
    /// assert_eq!(error.diagnostics()[0].message, "`k` takes f64, not i64");
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Module::function`] and [`Function::typed`].
    pub fn typed<F: FnType>(&self, name: &str) -> Result<Typed<F>> {
        self.function(name)?.typed()
    }
}

impl Function {
    /// Compiles it, to be called with arguments of these types: numbers, `&T` and `&mut T` of [`Leaves`], up to five. The result is a number, `()`, a tuple, a `Vec`, or what else has leaves and a default.
    ///
    /// # Errors
    /// If a parameter or the result is of another type, by its name; or if it cannot be compiled.
    pub fn typed<F: FnType>(&self) -> Result<Typed<F>> {
        let call = self.build()?;
        let mut outline = Outline::new(call.callee());
        F::outline(&mut outline);
        outline.finish()?;
        Ok(Typed { call, signature: PhantomData })
    }
}

impl<F: FnType> Typed<F> {
    /// The function; ask it for derivatives.
    pub fn function(&self) -> &Function {
        self.call.function()
    }

    /// Runs it. Results that are arrays are allocated; [`CallFn::call`] writes them into buffers.
    ///
    /// # Errors
    /// Sizes that do not fit, before anything ran; or a run that stops.
    pub fn call(&self, workspace: &mut Workspace, args: F::Args<'_>) -> Result<F::Output> {
        let mut value = F::Output::default();
        self.call.call(workspace, args, &mut value)?;
        Ok(value)
    }
}

/// What is said of values before there are any.
#[derive(Debug)]
pub struct Outline<'s> {
    callee: &'s Callee,
    group: &'s Group,
    item: usize,
    leaf: usize,
    end: usize,
    depth: usize,
    fault: Option<(&'s Group, Fault)>,
}

impl<'s> Outline<'s> {
    fn new(callee: &'s Callee) -> Self {
        Outline { callee, group: &callee.plan.params, item: 0, leaf: 0, end: 0, depth: 0, fault: None }
    }

    fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert((self.group, fault));
    }

    /// The next value comes.
    fn item(&mut self) {
        if self.leaf < self.end {
            self.fail(Fault::Fewer(self.leaf));
        }
        match self.group.items.get(self.item) {
            Some(leaves) => (self.leaf, self.end) = (leaves.start, leaves.end),
            None => self.fail(Fault::Count(self.item + 1)),
        }
        self.item += 1;
    }

    /// A parameter comes; whether it is `&mut`.
    fn param(&mut self, lent: bool) {
        self.item();
        let is_lent = self.callee.function.signature().params.get(self.item - 1).is_some_and(|p| p.lent);
        if lent != is_lent && self.leaf < self.end {
            self.fail(Fault::Misfit(self.leaf, if lent { Misfit::NotLent } else { Misfit::ReadOnly }, ""));
        }
    }

    /// The result comes.
    fn result(&mut self) {
        self.done();
        (self.group, self.item, self.leaf, self.end) = (&self.callee.plan.value, 0, 0, 0);
        self.item();
    }

    fn done(&mut self) {
        if self.leaf < self.end {
            self.fail(Fault::Fewer(self.leaf));
        }
        if self.item < self.group.items.len() {
            self.fail(Fault::Count(self.item));
        }
    }

    fn finish(mut self) -> Result<()> {
        self.done();
        match self.fault {
            Some((group, fault)) => Err(fault.error(self.callee, group)),
            None => Ok(()),
        }
    }

    /// A number.
    pub fn scalar<T: Number>(&mut self) {
        self.leaf_of::<T>(0);
    }

    /// An array of so many dimensions.
    pub fn array<T: Number>(&mut self, rank: usize) {
        self.leaf_of::<T>(rank);
    }

    fn leaf_of<T: Number>(&mut self, rank: usize) {
        if self.leaf >= self.end {
            return self.fail(Fault::More(self.leaf));
        }
        let found = self.callee.leaf(self.group, self.leaf);
        let misfit = match () {
            () if found.is_array() != (rank > 0) => Some(Misfit::Kind),
            () if found.element != T::TYPE => Some(Misfit::Element),
            () if found.dims.len() != rank => Some(Misfit::Rank),
            () => None,
        };
        if let Some(misfit) = misfit {
            self.fail(Fault::Misfit(self.leaf, misfit, T::NAME));
        }
        self.leaf += 1;
    }

    /// Parts of a struct or a tuple follow.
    pub fn enter(&mut self) {
        self.depth += 1;
    }

    /// The field of this name comes.
    pub fn field(&mut self, name: &str) {
        let next = (self.leaf < self.end).then(|| self.callee.leaf(self.group, self.leaf));
        let next = next.and_then(|leaf| leaf.path.steps.get(self.depth.wrapping_sub(1)));
        if next.is_none_or(|(_, next)| **next != *name) {
            self.fail(Fault::Field(self.leaf, name.into()));
        }
    }

    /// The parts are all there.
    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// The rest of the value is not known before there is one.
    pub fn anything(&mut self) {
        self.leaf = self.end;
    }
}

/// A function pointer type whose parameters are numbers, `&T` and `&mut T` of [`Leaves`].
pub trait FnType {
    /// The arguments of a call.
    type Args<'a>: Arguments;
    /// What it returns.
    type Output: Leaves + Default;
    /// Says what the parameters and the result are.
    fn outline(to: &mut Outline<'_>);
}

/// Every way to pass so many parameters.
macro_rules! functions {
    ([$($generic:tt)*] [$($type:tt)*] [$($arg:tt)*] [$(($lent:literal $name:ident))*]) => {
        impl<$($generic)* Out: Leaves + Default> FnType for fn($($type)*) -> Out {
            type Args<'a> = ($($arg)*);
            type Output = Out;
            fn outline(to: &mut Outline<'_>) {
                $(to.param($lent); <$name as Leaves>::outline(to);)*
                to.result();
                Out::outline(to);
            }
        }
    };
    ([$($generic:tt)*] [$($type:tt)*] [$($arg:tt)*] [$($said:tt)*] $next:ident $($rest:ident)*) => {
        functions!([$($generic)* $next: Number + Argument + Leaves + 'static,] [$($type)* $next,] [$($arg)* $next,] [$($said)* (false $next)] $($rest)*);
        functions!([$($generic)* $next: Leaves + ?Sized + 'static,] [$($type)* &$next,] [$($arg)* &'a $next,] [$($said)* (false $next)] $($rest)*);
        functions!([$($generic)* $next: Leaves + ?Sized + 'static,] [$($type)* &mut $next,] [$($arg)* &'a mut $next,] [$($said)* (true $next)] $($rest)*);
    };
}

functions!([] [] [] []);
functions!([] [] [] [] A);
functions!([] [] [] [] A B);
functions!([] [] [] [] A B C);
functions!([] [] [] [] A B C D);
functions!([] [] [] [] A B C D E);
