//! Split mode: the forward and the reverse sweep as two calls, with a tape between.
//!
//! In: arguments, for the augmented primal; then seeds, for the reverse. Out: the value and a [`Tape`]; then derivatives. Between the two a host may do what it likes: run other functions, choose the seed by
//! the value, send the tape to another thread.
//!
//! ```text
//! augmented primal   args → value, tape             what the function does, and a record of what the reverse sweep will ask for
//! reverse            tape, seeds → derivatives      no argument is read again: they may have been changed meanwhile
//! ```
//!
//! A tape is owned: it is freed when it goes, and the reverse consumes it. Clones of it are reversed by themselves. Unlike other calls, the first half allocates where the workspace has no tape left over from
//! an earlier reverse. What is saved is what a call that stays a call saves ([`adit_autodiff::split_with`]): more than where both halves are one function, which computes some of it again from its arguments.

use super::annotations::{Activity, AllShadows, Annotations};
use super::arguments::{Argument, Arguments};
use super::explicit::{Said, blank};
use super::memory::Workspace;
use super::pass::{Callee, Extents};
use super::plan::How;
use super::request::Request;
use crate::error::Result;
use crate::function::Function;
use crate::module::Module;
use crate::value::Value;
use adit_runtime::OwnedTape;
use std::sync::Arc;

/// A compiled function and its reverse as two calls: [`Function::split`], built. Cheap to clone; to be shared between threads, each with a [`Workspace`] of its own.
#[derive(Clone, Debug)]
pub struct SplitFn {
    halves: Arc<Halves>,
}

/// Both calls.
#[derive(Debug)]
pub(super) struct Halves {
    augmented: Callee,
    reverse: Callee,
}

/// What an augmented primal recorded, for its reverse: once, or once for each clone. It can be sent to other threads.
///
/// The reverse consumes it, so that one that is reversed twice does not compile:
///
/// ```compile_fail,E0382
/// use adit::{Engine, Workspace};
///
/// let f = Engine::new().compile("fn f(x: [f64; n]) -> f64 { sum(x^2) }").unwrap().function("f").unwrap();
/// let (mut ws, mut dx) = (Workspace::new(), [0.0; 2]);
/// let tape = f.split().build().unwrap().value_and_tape(&mut ws, &[1.0, 2.0], ()).unwrap();
/// tape.cotangents(&mut ws, 1.0, &mut dx).unwrap();
/// tape.cotangents(&mut ws, 1.0, &mut dx).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a tape is there to be reversed"]
pub struct Tape {
    halves: Arc<Halves>,
    records: Records,
    /// What was said of the arguments, in the explicit form.
    said: Vec<Activity>,
}

/// Records, and the extents of the arguments that they are of. Workspaces keep one for the next tape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    tape: OwnedTape,
    shapes: Vec<Extents>,
}

impl Records {
    pub(super) fn capacity(&self) -> usize {
        self.tape.capacity() + self.shapes.capacity() * size_of::<Extents>()
    }
}

impl Halves {
    pub(super) fn new(function: &Function, wrt: &[usize], active: &[bool]) -> Result<Self> {
        let [augmented, reverse] = function.served_halves(active);
        let augmented = Callee::new(function, &augmented, wrt, active, How::Augmented)?;
        let reverse = Callee::new(function, &reverse, wrt, active, How::Reversed)?;
        Ok(Halves { augmented, reverse })
    }

    /// The reverse, in the explicit form: derivatives are shadows'.
    pub(super) fn of_shadows(mut self) -> Self {
        self.augmented.plan.gradient.what = "the shadow of ";
        self.reverse.plan.gradient.what = "the shadow of ";
        self
    }

    /// That the shadows of every lane are like the arguments. Nothing runs.
    fn check_shadows(
        &self,
        workspace: &mut Workspace,
        args: &mut impl Arguments,
        (lanes, shadows): (usize, &mut impl AllShadows),
    ) -> Result<()> {
        let callee = &self.augmented;
        let mut floats = Vec::new();
        for lane in 0..lanes {
            loop {
                let mut pass = workspace.begin(callee);
                args.pass_all(&mut pass);
                pass.gather(&callee.plan.gradient, &mut floats);
                shadows.pass_all(lane, &mut pass);
                let ran = pass.checked()?;
                if workspace.ran(callee, ran)? {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Runs the augmented primal of the explicit form, once it is sure that the shadows fit.
pub(super) fn augmented_with(
    halves: &Arc<Halves>,
    workspace: &mut Workspace,
    said: &[Activity],
    (args, shadows): (&mut impl Arguments, &mut impl AllShadows),
    value: &mut impl Argument,
) -> Result<Tape> {
    halves.check_shadows(workspace, args, (super::explicit::widest(said), shadows))?;
    Ok(Tape { said: said.to_vec(), ..augmented(halves, workspace, args, value)? })
}

/// Runs the augmented primal.
fn augmented(
    halves: &Arc<Halves>,
    workspace: &mut Workspace,
    args: &mut impl Arguments,
    value: &mut impl Argument,
) -> Result<Tape> {
    let callee = &halves.augmented;
    let mut records = workspace.spare.take().unwrap_or_default();
    records.tape.clear();
    passing!(workspace, callee, |pass| {
        pass.tape(&mut records.tape, &[]);
        args.pass_all(&mut pass);
        pass.one(&callee.plan.value, true, value);
    });
    value.finish(&mut workspace.take(&callee.plan.value));
    args.finish_all(&mut workspace.take(&callee.plan.finals));
    records.shapes.clear();
    let extents = |at| Extents::from_slice(workspace.staging.extents(&callee.entry, at));
    records.shapes.extend((0..callee.entry.parameters()).map(extents));
    Ok(Tape { halves: halves.clone(), records, said: Vec::new() })
}

impl SplitFn {
    pub(super) fn new(request: &Request<SplitFn>) -> Result<Self> {
        let active = request.active(true)?;
        Ok(SplitFn { halves: Arc::new(Halves::new(&request.function, &request.positions(), &active)?) })
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.halves.augmented.function
    }

    /// The first half: the value, into something shaped like the result or `()`, and the tape. Parameters that the function has `&mut` are changed if they are passed so.
    ///
    /// ```
    /// use adit::{Engine, Workspace};
    ///
    /// let f = Engine::new().compile("fn f(x: [f64; n]) -> [f64; n] { x^2 }")?.function("f")?;
    /// let split = f.split().build()?;
    /// let (mut ws, mut x, mut y, mut dx) = (Workspace::new(), [2.0, 3.0], [0.0; 2], [0.0; 2]);
    /// let tape = split.value_and_tape(&mut ws, &x, &mut y)?;
    /// x = [0.0; 2]; // Nobody looks at it again.
    /// tape.clone().cotangents(&mut ws, &[1.0, 0.0], &mut dx)?;
    /// assert_eq!((y, dx), ([4.0, 9.0], [4.0, 0.0]));
    /// tape.cotangents(&mut ws, &[0.0, 1.0], &mut dx)?;
    /// assert_eq!(dx, [0.0, 6.0]);
    /// # let _ = x;
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// What does not fit, by name, before anything ran; or a run that stops.
    pub fn value_and_tape(
        &self,
        workspace: &mut Workspace,
        mut args: impl Arguments,
        mut value: impl Argument,
    ) -> Result<Tape> {
        augmented(&self.halves, workspace, &mut args, &mut value)
    }
}

impl Tape {
    /// Bytes of what is recorded.
    pub fn bytes(&self) -> usize {
        self.records.tape.bytes()
    }

    /// The second half: `seed` is shaped like the result; `cotangents` takes `&mut` of something shaped like each parameter differentiated, in the order of [`Request::wrt`], and is overwritten.
    ///
    /// # Errors
    /// What has not the shape that the arguments of the first half had, by name, before anything ran; or a run that stops.
    pub fn cotangents(
        self,
        workspace: &mut Workspace,
        mut seed: impl Argument,
        mut cotangents: impl Arguments,
    ) -> Result<()> {
        let Tape { halves, mut records, .. } = self;
        let (callee, plan) = (&halves.reverse, &halves.reverse.plan);
        passing!(workspace, callee, |pass| {
            pass.tape(&mut records.tape, &records.shapes);
            pass.group(&plan.gradient, true);
            cotangents.pass_all(&mut pass);
            // Seeds of last values of lent scalars are 0; those of the result follow.
            pass.seeds(0.0);
            // The sweep writes over the seeds of arrays, so they are copied even if they are lent.
            pass.preserve();
            pass.one(&plan.result, false, &mut seed);
        });
        cotangents.finish_all(&mut workspace.take(&plan.gradient));
        workspace.spare = Some(records);
        Ok(())
    }

    /// The second half in the explicit form: derivatives are added to the shadows; the adjoints of [`Active`](super::Active) arguments are returned. The arguments are said to be what they were in the first
    /// half ([`Function::augmented`]); their values are not looked at, only their shadows. A result of one float has this seed; of a batch, every lane has it.
    ///
    /// # Errors
    /// AD0907 if the arguments are said to be something else than in the first half, AD0906 if a shadow has not the shape that the argument had: both before anything ran. Or a run that stops.
    pub fn reverse<A: Annotations>(self, seed: f64, args: A) -> Result<<A::Shadows as AllShadows>::Adjoints> {
        if A::activities() != self.said {
            let text = format!("the tape was made of arguments that were {:?}, not {:?}", self.said, A::activities());
            return Err(super::explicit::refused(text));
        }
        let (_, mut shadows) = args.split();
        self.sweep_back(&mut Workspace::new(), seed, &mut shadows)?;
        Ok(shadows.adjoints())
    }

    /// One sweep for each lane. All but the last are made from copies of the tape.
    pub(super) fn sweep_back(self, workspace: &mut Workspace, seed: f64, shadows: &mut impl AllShadows) -> Result<()> {
        let lanes = super::explicit::widest(&self.said);
        for lane in 0..lanes - 1 {
            let mut copy = self.records.clone();
            self.halves.one_back(workspace, &mut copy, seed, (lane, shadows))?;
        }
        let Tape { halves, mut records, .. } = self;
        halves.one_back(workspace, &mut records, seed, (lanes - 1, shadows))
    }
}

impl Halves {
    fn one_back(
        &self,
        workspace: &mut Workspace,
        records: &mut Records,
        seed: f64,
        (lane, shadows): (usize, &mut impl AllShadows),
    ) -> Result<()> {
        let (callee, plan) = (&self.reverse, &self.reverse.plan);
        passing!(workspace, callee, |pass| {
            pass.tape(&mut records.tape, &records.shapes);
            pass.group(&plan.gradient, false);
            shadows.pass_all(lane, &mut pass);
            pass.seeds(seed);
        });
        let mut take = workspace.take(&plan.gradient);
        take.add = true;
        shadows.finish_all(lane, &mut take);
        Ok(())
    }
}

impl Module {
    /// [`Function::augmented`] of the function of this name.
    ///
    /// # Errors
    /// As [`Module::function`] and [`Function::augmented`].
    pub fn augmented<A: Annotations>(&self, name: &str, result: Activity, args: A) -> Result<(Value, Tape)> {
        self.function(name)?.augmented(result, args)
    }
}

impl Function {
    /// Split mode in the explicit form, first half: the value, and a tape whose [`Tape::reverse`] is the second. What is said of the result and the arguments is as for reverse mode in [`Function::autodiff`]; the
    /// shadows are not touched yet.
    ///
    /// ```
    /// use adit::{Active, Activity, Const, Duplicated, Engine};
    ///
    /// let module = Engine::new().compile("fn f(w: [f64; n], x: [f64; n], a: f64) -> f64 { a * dot(w, x) }")?;
    /// let (w, x, mut dw) = ([1.0, 2.0], [3.0, 4.0], [100.0, 100.0]);
    /// let args = (Duplicated(&w, &mut dw), Const(&x), Active(2.0));
    /// let (value, tape) = module.augmented("f", Activity::Active, args)?;
    /// assert_eq!(value, 22.0.into());
    ///
    /// let args = (Duplicated(&w, &mut dw), Const(&x), Active(2.0));
    /// assert_eq!(tape.reverse(10.0, args)?, ((), (), 110.0));
    /// assert_eq!(dw, [160.0, 180.0]); // Added to.
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Function::autodiff`].
    pub fn augmented<A: Annotations>(&self, result: Activity, args: A) -> Result<(Value, Tape)> {
        let said = A::activities();
        let halves = Said { function: self, activities: &said, result }.halves()?;
        let (mut primals, mut shadows) = args.split();
        let mut value = blank(&self.signature().result);
        let (mut place, args) = (&mut value, (&mut primals, &mut shadows));
        let tape = augmented_with(&Arc::new(halves), &mut Workspace::new(), &said, args, &mut place)?;
        Ok((value, tape))
    }
}
