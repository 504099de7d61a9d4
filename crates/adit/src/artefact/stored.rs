//! Artefacts as bytes, and functions from such bytes.
//!
//! In: an [`Artefact`]. Out: bytes, sealed as [`adit_runtime::sealed`] says: a hash over all of it, the version and the machine. In: such bytes. Out: a [`Function`] that answers what the artefact was made for,
//! with the same bits, and refuses all else. The texts of the source come along, so that a run that stops says where.

use super::{Artefact, Compiled, Held};
use crate::calls::Shape;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::function::origin::Outline;
use crate::pipeline;
use crate::signature::Signature;
use adit_diag::{Code, SourceMap, Span};
use adit_runtime::sealed;
use adit_sema::layout::Layout;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the bytes hold, as it is written.
#[derive(Serialize)]
struct Written<'a> {
    name: &'a str,
    layout: &'a Layout,
    signature: &'a Signature,
    span: Span,
    sources: &'a SourceMap,
    held: &'a Held,
    code: &'a [Compiled],
}

/// The same, as it is read.
#[derive(Deserialize)]
struct Read {
    name: String,
    layout: Layout,
    signature: Signature,
    span: Span,
    sources: SourceMap,
    held: Held,
    code: Vec<Compiled>,
}

impl Artefact {
    /// Its bytes: what an `.adc` file holds. The same artefact gives the same bytes.
    ///
    /// # Errors
    /// None but bugs.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (function, shape) = (&self.function, self.function.shape());
        let written = Written {
            name: function.name(),
            layout: &shape.layout,
            signature: &shape.signature,
            span: function.span(),
            sources: function.sources(),
            held: &self.held,
            code: &self.code,
        };
        sealed::seal(self.machine()?, &written).map_err(|e| Error::internal(e.to_string()))
    }
}

impl Engine {
    /// A function with a derivative of it that was compiled before ([`Artefact::to_bytes`]): its handles answer with the same bits, and nothing is compiled. What was not compiled then is refused.
    ///
    /// The bytes are native code, to be trusted as much as a shared library: loading them from whoever could have changed them is running that one's code. The hash in them guards against accidents alone.
    ///
    /// ```
    /// let engine = adit::Engine::new();
    /// let f = engine.compile("fn f(x: [f64; n], k: f64) -> f64 { k * sum(x^2) }")?.function("f")?;
    /// let bytes = f.gradient().wrt(["x"]).artefact()?.to_bytes()?;
    ///
    /// let gradient = engine.load(&bytes)?.gradient().build()?;
    /// let mut dx = [0.0; 2];
    /// let value = gradient.value_and_gradient(&mut adit::Workspace::new(), (&[3.0, 4.0], 2.0), &mut dx)?;
    /// assert_eq!((value, dx), (50.0, [12.0, 16.0]));
    /// # Ok::<(), adit::Error>(())
    /// ```
    ///
    /// # Errors
    /// AD0930 if the bytes are something else or damaged, AD0931 if another version of Adit wrote them, AD0932 if they are for another machine, AD0933 if the engine limits steps and they were made by one that does not.
    pub fn load(&self, bytes: &[u8]) -> Result<Function> {
        self.options().timed("load", || self.loaded(bytes))
    }

    fn loaded(&self, bytes: &[u8]) -> Result<Function> {
        let unfit = |e: sealed::Unfit| Error::input(Code(e.code()), e.to_string());
        let Read { name, layout, signature, span, sources, held, code } = sealed::open(bytes).map_err(unfit)?;
        if self.options().limits.steps.is_some() && !held.steps {
            let text = format!(
                "this artefact counts no steps, so that no limit of them can be held: build `{name}` with one (`--max-steps`, `Limits::steps`), or limit the time"
            );
            return Err(Error::input(Code("AD0933"), text));
        }
        let mut compiled = Vec::with_capacity(code.len());
        for Compiled { derivative, id, image } in code {
            compiled.push((derivative, image.load().map_err(pipeline::codegen_error)?, id));
        }
        let outline = Outline { name, shape: Shape { layout, signature }, sources: Arc::new(sources), span };
        Ok(Function::of_artefact(outline, held, compiled, self.options_arc().clone()))
    }
}

/// Whether bytes begin as those of an artefact do.
pub fn is_artefact(bytes: &[u8]) -> bool {
    bytes.starts_with(&sealed::MAGIC)
}
