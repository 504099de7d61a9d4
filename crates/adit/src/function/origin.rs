//! Where the code of a function comes from.
//!
//! In: a program, or an artefact. Out: an [`Origin`], which is asked for what a program alone can tell, and answers for artefacts what they were made for. What an artefact does not hold is refused by name,
//! never compiled.

use super::{Compiled, Function, Inner};
use crate::artefact::Held;
use crate::calls::Shape;
use crate::error::{Error, Result};
use crate::options::Options;
use crate::outcome::Mode;
use crate::pipeline::{self, Derivative, Derived, Unit};
use crate::roomy::roomy;
use crate::value::Value;
use adit_codegen::{Code, Image};
use adit_diag::{Code as DiagCode, SourceMap, Span};
use adit_ir::FuncId;
use std::sync::{Arc, Mutex, PoisonError};

/// Where code comes from that is asked for.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// It is compiled from a function of a program.
    Program(Arc<Unit>, FuncId),
    /// It was compiled elsewhere: there is no more of it.
    Artefact(Arc<Held>),
}

/// What of a function stays the same wherever its code comes from.
#[derive(Debug)]
pub(crate) struct Outline {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) sources: Arc<SourceMap>,
    pub(crate) span: Span,
}

impl Function {
    /// A function whose code is at hand.
    pub(crate) fn of_artefact(
        outline: Outline,
        held: Held,
        compiled: Vec<(Derivative, Code, FuncId)>,
        options: Arc<Options>,
    ) -> Function {
        let Outline { name, shape, sources, span } = outline;
        let compiled = compiled.into_iter().map(|(key, code, id)| (key, Arc::new(Compiled { code, id })));
        let compiled = Mutex::new(compiled.collect());
        let origin = Origin::Artefact(Arc::new(held));
        Function { inner: Arc::new(Inner { origin, sources, span, options, name, shape, compiled }) }
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.inner.origin
    }

    /// The program and the function in it.
    ///
    /// # Errors
    /// AD0933 if there is none.
    pub(crate) fn program(&self) -> Result<(&Arc<Unit>, FuncId)> {
        match &self.inner.origin {
            Origin::Program(unit, id) => Ok((unit, *id)),
            Origin::Artefact(held) => Err(self.not_held(held, "what this asks for")),
        }
    }

    /// What an artefact was made for.
    pub(crate) fn held(&self) -> Option<&Held> {
        match &self.inner.origin {
            Origin::Program(..) => None,
            Origin::Artefact(held) => Some(held),
        }
    }

    fn not_held(&self, held: &Held, wanted: &str) -> Error {
        Error::input(DiagCode("AD0933"), format!("this artefact holds {held} of `{}`, and not {wanted}", self.name()))
    }

    /// The parameters by which derivatives are taken where nobody says by which: those that carry floats, or those that an artefact was made for.
    pub fn differentiated_by(&self) -> Vec<&str> {
        match self.held() {
            Some(held) => held.wrt.iter().map(String::as_str).collect(),
            None => {
                let floats = self.signature().params.iter().filter(|p| p.ty.carries_floats());
                floats.map(|p| p.name.as_str()).collect()
            }
        }
    }

    /// The same as a list to ask by, in which none stands for all.
    pub(crate) fn default_wrt(&self) -> Vec<String> {
        self.held().map(|held| held.wrt.clone()).unwrap_or_default()
    }

    /// The mode in which derivatives are taken where nobody says in which.
    pub(crate) fn default_mode(&self) -> Option<Mode> {
        self.held().and_then(|held| held.mode)
    }

    /// That directions are along what an artefact was made for.
    pub(crate) fn holds_directions(&self, along: &[Option<Value>]) -> Result<()> {
        let Some(held) = self.held() else { return Ok(()) };
        match self.given(along).into_iter().find(|name| held.wrt.iter().all(|wrt| wrt != name)) {
            Some(name) => Err(self.not_held(held, &format!("derivatives along `{name}`"))),
            None => Ok(()),
        }
    }

    /// The IR of a derivative, as it goes to the code generator.
    fn derived(&self, derivative: &Derivative) -> Result<Derived> {
        let (unit, id) = self.program()?;
        let options = self.options();
        let derived = options.timed("derive", || pipeline::derive(unit, id, derivative, options))?;
        match derivative {
            Derivative::Primal => Ok(derived),
            Derivative::Jvp(..)
            | Derivative::Vjp(_)
            | Derivative::Gradient(_)
            | Derivative::Hvp(..)
            | Derivative::ReverseOverReverse(_)
            | Derivative::Augmented(_)
            | Derivative::Reversed(_)
            | Derivative::Completed(_) => options.timed("optimize", || pipeline::optimized(derived, options)),
        }
    }

    pub(super) fn compiled(&self, derivative: &Derivative) -> Result<Arc<Compiled>> {
        let i = &self.inner;
        let mut cache = i.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = cache.get(derivative) {
            return Ok(compiled.clone());
        }
        if let Origin::Artefact(held) = &i.origin {
            return Err(self.not_held(held, &derivative.to_string()));
        }
        let compile = || {
            let derived = self.derived(derivative)?;
            let code = i.options.timed("generate code", || pipeline::compile(&derived, &i.options))?;
            Ok(Arc::new(Compiled { code, id: derived.id }))
        };
        let compiled = roomy(compile)??;
        cache.insert(derivative.clone(), compiled.clone());
        Ok(compiled)
    }

    /// Code of a derivative that can be kept.
    pub(crate) fn image(&self, derivative: &Derivative) -> Result<(Image, FuncId)> {
        let compile = || {
            let (derived, options) = (self.derived(derivative)?, self.options());
            Ok((options.timed("generate code", || pipeline::image(&derived, options))?, derived.id))
        };
        let (image, id) = roomy(compile)??;
        if let Some(host) = image.calls_host() {
            let text =
                format!("`{}` calls `{host}`, a function of this process, which no artefact can hold", self.name());
            return Err(Error::input(DiagCode("AD0934"), text));
        }
        Ok((image, id))
    }

    /// Whether a derivative is refused because a rule has no fellow of the other mode; of an artefact, whether it was when it was made.
    pub(super) fn lacks_rule(&self, derivative: &Derivative) -> bool {
        if self.held().is_some() {
            let cache = self.inner.compiled.lock().unwrap_or_else(PoisonError::into_inner);
            return cache.contains_key(&Derivative::Completed(Box::new(derivative.clone())));
        }
        self.compiled(derivative).is_err_and(|e| super::is_missing_rule(&e))
    }

    /// The same function of a program, with other options.
    pub(super) fn with_options(&self, options: Options) -> Result<Function> {
        let (unit, id) = self.program()?;
        let i = &self.inner;
        Ok(Function {
            inner: Arc::new(Inner {
                origin: Origin::Program(unit.clone(), id),
                sources: i.sources.clone(),
                span: i.span,
                options: Arc::new(options),
                name: i.name.clone(),
                shape: i.shape.clone(),
                compiled: Mutex::default(),
            }),
        })
    }
}
