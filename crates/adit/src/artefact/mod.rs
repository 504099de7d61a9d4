//! Artefacts: compiled derivatives that are kept.
//!
//! In: a [`Request`] (or a [`Function`], for its value). Out: an [`Artefact`]: the machine code of all that the handle of that request would compile, for this kind of machine. Its bytes are an `.adc` file, from
//! which [`Engine::load`](crate::Engine::load) makes a [`Function`] with that code and no other ([`stored`]).
//!
//! ```text
//! f.gradient().wrt(["x"]).artefact()?.to_bytes()?  ──▶  f.adc  ──▶  engine.load(&bytes)?.gradient().build()?
//! ```
//!
//! Its object is for C and what calls as C does ([`prototype`], [`c`], [`rust`]): one function, of numbers and addresses.
//!
//! Nothing is written to files here, and nothing of an artefact is ever compiled again.

mod c;
mod prototype;
mod rust;
mod stored;

pub use stored::is_artefact;

use crate::error::{Error, Result};
use crate::function::Function;
use crate::handle::{GradientFn, HessianFn, HvpFn, JacobianFn, JvpFn, Request, VjpFn};
use crate::outcome::Mode;
use crate::pipeline::{self, Derivative};
use adit_codegen::{Image, Outside};
use adit_ir::FuncId;
use adit_runtime::machine::Machine;
use prototype::Prototype;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Which derivative.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Kind {
    /// None: the function itself.
    Value,
    /// The value and the gradient.
    Gradient,
    /// The value and the derivative in a direction.
    Jvp,
    /// The value and the derivative of a combination of results.
    Vjp,
    /// The value, the gradient and the Hessian times a direction.
    Hvp,
    /// The value and the Jacobian.
    Jacobian,
    /// The value, the gradient and the Hessian.
    Hessian,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 7] =
        [Kind::Value, Kind::Gradient, Kind::Jvp, Kind::Vjp, Kind::Hvp, Kind::Jacobian, Kind::Hessian];

    /// What it is called where it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Value => "value",
            Kind::Gradient => "gradient",
            Kind::Jvp => "jvp",
            Kind::Vjp => "vjp",
            Kind::Hvp => "hvp",
            Kind::Jacobian => "jacobian",
            Kind::Hessian => "hessian",
        }
    }
}

/// What an artefact was made for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) kind: Kind,
    /// The parameters differentiated, in the order asked for.
    pub(crate) wrt: Vec<String>,
    /// The mode, where one was forced.
    pub(crate) mode: Option<Mode>,
    /// How many directions go at once, where matrices are made.
    pub(crate) lanes: usize,
    /// Whether the code counts steps.
    pub(crate) steps: bool,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {}", self.kind.name())?;
        if !self.wrt.is_empty() {
            write!(f, " by `{}`", self.wrt.join("`, `"))?;
        }
        Ok(())
    }
}

/// A compiled derivative that can be kept: native code, to be trusted by others as much as a shared library.
#[derive(Debug)]
pub struct Artefact {
    function: Function,
    held: Held,
    code: Vec<Compiled>,
}

/// One function of machine code.
#[derive(Debug, Serialize, Deserialize)]
struct Compiled {
    derivative: Derivative,
    id: FuncId,
    image: Image,
}

impl Artefact {
    fn new<K>(request: &Request<K>, kind: Kind, order: u32, derivatives: Vec<Derivative>) -> Result<Artefact> {
        let Request { function, mode, .. } = request;
        let wrt = request.positions().into_iter().map(|p| function.signature().params[p].name.clone()).collect();
        let (lanes, steps) = (function.most_lanes(order), function.counts_steps());
        let held = Held { kind, wrt, mode: *mode, lanes, steps };
        Artefact::of(function, held, derivatives)
    }

    fn of(function: &Function, held: Held, derivatives: Vec<Derivative>) -> Result<Artefact> {
        let compile = |derivative| {
            let (image, id) = function.image(&derivative)?;
            Ok(Compiled { derivative, id, image })
        };
        let code = derivatives.into_iter().map(compile).collect::<Result<_>>()?;
        Ok(Artefact { function: function.clone(), held, code })
    }

    /// The function that is differentiated.
    pub fn function(&self) -> &Function {
        &self.function
    }

    /// Which derivative it is.
    pub fn kind(&self) -> Kind {
        self.held.kind
    }

    /// The name of its C function: that of the function and that of the derivative.
    pub fn symbol(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let name: String = self.function.name().chars().map(plain).collect();
        format!("{name}_{}", self.held.kind.name())
    }

    /// An object for the linker of this system, with one function, [`Artefact::symbol`], which [`Artefact::header`] declares. It is linked with the library `adit_native`.
    ///
    /// # Errors
    /// If an array's size cannot be told from outside, or the mode has no C function.
    pub fn object(&self) -> Result<Vec<u8>> {
        let (prototype, image) = Prototype::of(self)?;
        let (name, params) = (self.symbol(), prototype.words());
        let outside =
            Outside { name: &name, params: &params, interface: prototype.interface, sources: self.function.sources() };
        image.object(&outside).map_err(pipeline::codegen_error)
    }

    /// The C header that declares the function of [`Artefact::object`].
    ///
    /// # Errors
    /// As for the object.
    pub fn header(&self) -> Result<String> {
        Ok(c::header(self, &Prototype::of(self)?.0))
    }

    /// A Rust module that declares the function of [`Artefact::object`] and wraps it: slices whose lengths are checked, statuses as errors.
    ///
    /// # Errors
    /// As for the object.
    pub fn rust(&self) -> Result<String> {
        Ok(rust::module(self, &Prototype::of(self)?.0))
    }

    /// What it is, at the beginning of a sentence.
    fn title(&self) -> String {
        self.held.to_string().replacen("the", "The", 1)
    }

    fn machine(&self) -> Result<&Machine> {
        let first = self.code.first().map(|compiled| compiled.image.machine());
        first.ok_or_else(|| Error::internal("an artefact of nothing"))
    }

    /// How many bytes of machine code there are.
    pub fn size(&self) -> usize {
        self.code.iter().map(|compiled| compiled.image.size()).sum()
    }
}

impl Function {
    fn counts_steps(&self) -> bool {
        self.options().limits.steps.is_some()
    }

    /// Its machine code, to be kept.
    ///
    /// # Errors
    /// If it cannot be compiled, or calls functions of the host.
    pub fn artefact(&self) -> Result<Artefact> {
        let (wrt, steps) = (Vec::new(), self.counts_steps());
        let held = Held { kind: Kind::Value, wrt, mode: None, lanes: 1, steps };
        Artefact::of(self, held, vec![Derivative::Primal])
    }
}

/// What each handle compiles, kept.
macro_rules! artefacts {
    ($($handle:ident $kind:ident $order:literal |$request:ident| $derivatives:block)*) => {
        $(impl Request<$handle> {
            /// What [`Request::build`] compiles, to be kept.
            ///
            /// # Errors
            /// As [`Request::build`]; or if the function calls functions of the host.
            pub fn artefact(&self) -> Result<Artefact> {
                let $request = self;
                let derivatives: Result<Vec<Derivative>> = $derivatives;
                Artefact::new(self, Kind::$kind, $order, derivatives?)
            }
        })*
    };
}

artefacts! {
    GradientFn Gradient 1 |request| {
        request.function.one_float()?;
        let active = request.active(false)?;
        let reverse = Derivative::Gradient(active.clone());
        Ok(match request.mode {
            None => vec![request.function.served(reverse)],
            Some(Mode::Reverse) => vec![reverse],
            Some(Mode::Forward) => vec![Derivative::Primal, Derivative::Jvp(active, request.function.most_lanes(1))],
        })
    }
    JvpFn Jvp 1 |request| {
        Ok(vec![Derivative::Jvp(request.active(true)?, request.lanes)])
    }
    VjpFn Vjp 1 |request| {
        Ok(vec![Derivative::Vjp(request.active(true)?)])
    }
    HvpFn Hvp 2 |request| {
        request.function.one_float()?;
        Ok(vec![Derivative::Hvp(request.active(false)?, 1)])
    }
    JacobianFn Jacobian 1 |request| {
        let active = request.active(true)?;
        let forward = Derivative::Jvp(active.clone(), request.function.most_lanes(1));
        let reverse = Derivative::Vjp(active);
        Ok(match request.mode {
            Some(Mode::Forward) => vec![Derivative::Primal, forward],
            Some(Mode::Reverse) => vec![Derivative::Primal, reverse],
            // Which one is cheaper depends on sizes. One of them may be missing.
            None => match (request.function.entry(&forward), request.function.entry(&reverse)) {
                (Ok(_), Ok(_)) => vec![Derivative::Primal, forward, reverse],
                (_, Err(_)) => vec![Derivative::Primal, forward],
                (Err(_), Ok(_)) => vec![Derivative::Primal, reverse],
            },
        })
    }
    HessianFn Hessian 2 |request| {
        request.function.one_float()?;
        Ok(vec![Derivative::Primal, Derivative::Hvp(request.active(false)?, request.function.most_lanes(2))])
    }
}
