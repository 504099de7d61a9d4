//! The reference meaning of the typed tree: the oracle of the lowering.
//!
//! In: a [`Program`], one of its functions, arguments, limits. Out: what it returns and what its `&mut` parameters hold afterwards, or the [`RunError`] that stopped it. It is
//! written from the language's page alone and shares nothing with the lowering but the tree, so that precedence, order of evaluation, early exits, copies, slices and `&mut`
//! have a second, plainer opinion.
//!
//! Everything is a value here: reading clones, assigning replaces, lending copies in and out. Evaluation goes from left to right and in floats only; control flow that leaves
//! a block is an `Err`. An element-wise expression is one loop: its parts that are not element-wise are evaluated first, once, from left to right.
//!
//! Limits on steps and memory stop runs that would take too long or too much, but count otherwise than the IR does: only *depth* is comparable. A run has a thread with a stack of
//! its own, and a limit on nesting, so that no program touches the host's stack.

mod arrays;
mod calls;
mod dense;
mod derivatives;
mod elementwise;
mod exprs;
mod externals;
mod generators;
mod number;
mod partials;
mod places;
mod ruled;
mod stmts;
#[cfg(test)]
mod tests;
mod value;

pub use number::{Dual, Number};
pub use value::{Array, Closure, Value};

use adit_diag::Span;
use adit_ir::{Limits, Mode, RunError, Scalar, Trap};
use adit_sema::typed::{FnDef, FnId, LocalId, Program};

/// What a run gave.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome<N = Scalar> {
    /// What the function returned.
    pub value: Value<N>,
    /// The last contents of `&mut` parameters, in order.
    pub finals: Vec<Value<N>>,
}

/// Where `print` lines go, without their line end.
pub type Print<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Why evaluation does not go on to the next expression.
enum Stop {
    /// The run ends.
    Error(RunError),
    /// The innermost loop ends.
    Break,
    /// Its iteration ends.
    Continue,
    /// The function ends.
    Return(number::Value),
}

impl From<RunError> for Stop {
    fn from(e: RunError) -> Self {
        Stop::Error(e)
    }
}

type Eval<T> = Result<T, Stop>;

/// An active function.
struct Frame<'p> {
    def: &'p FnDef,
    /// By [`LocalId`]; none before the declaration runs.
    locals: Vec<Option<number::Value>>,
}

struct Machine<'p, 'r> {
    program: &'p Program,
    limits: Limits,
    print: Print<'r>,
    frames: Vec<Frame<'p>>,
    steps: u64,
    nesting: usize,
    /// The modes of the derivatives under way, by level from 1.
    modes: Vec<Mode>,
    /// How many of the runs under way do not print.
    silent: u32,
}

/// Bytes of stack that a run has (reserved, not used), and how many expressions may be under way at one time: 10,000 calls of a body that nests 12 deep.
const STACK: usize = 1 << 30;
const MAX_NESTING: usize = 120_000;

/// Runs a function. Dimension names that no array of the arguments mentions are 0.
///
/// # Errors
/// What stops the run.
///
/// # Panics
/// If arguments don't fit the parameters' types.
pub fn run(
    program: &Program,
    id: FnId,
    args: Vec<Value>,
    limits: &Limits,
    print: Print<'_>,
) -> Result<Outcome, RunError> {
    let args = numbers(&args);
    let outcome = on_a_stack(program, id, limits, print, move |machine| machine.call_from_host(id, args))?;
    Ok(outcome.plain())
}

/// How the result of a function moves when its arguments move so: its derivative along a direction. Nothing is printed. Rules are asked that serve this mode.
///
/// # Errors
/// As [`run()`].
///
/// # Panics
/// If arguments don't fit the parameters' types, or a direction its argument.
pub fn tangent(
    program: &Program,
    id: FnId,
    args: &[Value],
    along: &[Value],
    mode: Mode,
    limits: &Limits,
) -> Result<Value, RunError> {
    let (args, along) = (numbers(args), numbers(along));
    let job = move |machine: &mut Machine<'_, '_>| machine.tangent_for_host(id, &args, &along, mode);
    let tangent = on_a_stack(program, id, limits, &mut |_| {}, job)?;
    Ok(tangent.map(&mut Number::plain))
}

fn numbers(values: &[Value]) -> Vec<number::Value> {
    values.iter().map(|value| value.map(&mut |s| Number::Plain(*s))).collect()
}

/// Does something with a machine, on a thread with a stack of its own.
fn on_a_stack<T: Send>(
    program: &Program,
    id: FnId,
    limits: &Limits,
    print: Print<'_>,
    job: impl FnOnce(&mut Machine<'_, '_>) -> Result<T, RunError> + Send,
) -> Result<T, RunError> {
    let mut machine = Machine {
        program,
        limits: *limits,
        print,
        frames: Vec::new(),
        steps: 0,
        nesting: 0,
        modes: Vec::new(),
        silent: 0,
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let run = thread.spawn_scoped(scope, move || job(&mut machine));
        let Ok(run) = run else {
            // No thread with such a stack: the run takes more than there is.
            let span = program.functions[id.0 as usize].span;
            let bytes = i64::try_from(STACK).unwrap_or(i64::MAX);
            return Err(RunError::with_details(Trap::MemoryLimit, span, [bytes, 0]));
        };
        run.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

impl Outcome<Number> {
    fn plain(&self) -> Outcome {
        let plain = |value: &number::Value| value.map(&mut Number::plain);
        Outcome { value: plain(&self.value), finals: self.finals.iter().map(plain).collect() }
    }
}

impl<'p> Machine<'p, '_> {
    fn frame(&mut self) -> &mut Frame<'p> {
        self.frames.last_mut().expect("a function is active")
    }

    fn set(&mut self, local: LocalId, value: number::Value) {
        self.frame().locals[local.0 as usize] = Some(value);
    }

    fn local(&self, local: LocalId) -> &number::Value {
        let frame = self.frames.last().expect("a function is active");
        let value = frame.locals[local.0 as usize].as_ref();
        value.unwrap_or_else(|| panic!("`{}` is read before it is declared", frame.def.locals[local.0 as usize].name))
    }

    /// Counts an iteration or a call.
    fn step(&mut self, span: Span) -> Result<(), RunError> {
        self.steps += 1;
        match self.limits.steps {
            Some(limit) if self.steps > limit => {
                Err(RunError::with_details(Trap::StepLimit, span, [i64::try_from(limit).unwrap_or(i64::MAX), 0]))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Counts elements within derivatives, of which each direction computes all again.
    fn elements(&mut self, count: usize, span: Span) -> Result<(), RunError> {
        if self.modes.is_empty() {
            return Ok(());
        }
        self.steps = self.steps.saturating_add(count as u64);
        self.step(span)
    }

    fn too_deep(&self, span: Span) -> RunError {
        RunError::with_details(Trap::RecursionTooDeep, span, [i64::from(self.limits.depth), 0])
    }
}
