//! Why a derivative was not made.
//!
//! In: the place that stands in the way. Out: [`Refusal`], and the diagnostic that users see. A derivative is right or refused: nothing here is a
//! warning, and a refusal leaves the module as it was.

use crate::Options;
use adit_diag::{Code, Diagnostic, Span};
use adit_ir::verify::{MAX_NESTING, MAX_RANK};
use adit_ir::{FuncId, Function, Mode, Module, unmade};

/// How deeply regions may nest: passes recurse on them, and a loop over an array's elements must still fit inside.
pub(crate) const MAX_DEPTH: usize = MAX_NESTING - MAX_RANK;

/// A derivative that was asked for and is not made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The source text that stands in the way.
    pub span: Span,
    /// What stands in the way.
    pub kind: RefusalKind,
}

/// What stands in the way of a derivative.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefusalKind {
    /// A function whose derivatives are rules has none that serves this mode.
    NoRule {
        /// The function called.
        callee: String,
        /// The mode.
        kind: Mode,
        /// Whether it has a rule for the other mode.
        other: bool,
    },
    /// The derivative would have more instructions than the limit.
    TooLarge {
        /// The function being differentiated.
        function: String,
        /// The limit.
        limit: usize,
    },
    /// The shadow of an array would have more dimensions than the limit.
    TooManyDimensions {
        /// The function being differentiated.
        function: String,
        /// The limit.
        limit: usize,
    },
    /// Regions are nested deeper than the limit.
    TooDeep {
        /// The function being differentiated.
        function: String,
        /// The limit.
        limit: usize,
    },
    /// A function contains a derivative of itself.
    OrderUnbounded {
        /// The function.
        function: String,
    },
    /// More derivatives stand inside one another than the limit.
    OrderTooHigh {
        /// The function that the outermost one is of.
        function: String,
        /// The limit.
        limit: usize,
    },
}

/// Refuses to differentiate what is itself a derivative that nobody has made yet: [`crate::resolve()`] comes first.
pub(crate) fn refuse_unmade(module: &Module, f: FuncId) -> Result<(), Refusal> {
    let Some(id) = unmade(module, f) else { return Ok(()) };
    let function = module.function(id);
    let mode = function.derived.as_ref().map_or(Mode::Jvp, |derived| derived.mode);
    let kind = RefusalKind::NoRule { callee: function.name.clone(), kind: mode, other: false };
    Err(Refusal { span: function.span, kind })
}

impl Refusal {
    /// `f` nests regions deeper than [`MAX_DEPTH`].
    pub(crate) fn too_deep(f: &Function, span: Span) -> Self {
        let kind = RefusalKind::TooDeep { function: f.name.clone(), limit: MAX_DEPTH };
        Refusal { span, kind }
    }

    /// `f` has an array whose shadow would have more than [`MAX_RANK`] dimensions.
    pub(crate) fn too_many_dimensions(f: &Function, span: Span) -> Self {
        let kind = RefusalKind::TooManyDimensions { function: f.name.clone(), limit: MAX_RANK };
        Refusal { span, kind }
    }

    /// The same, at the place of the derivative's own expression if it has none, or only that of the function as a whole.
    pub(crate) fn asked_for_at(self, span: Span, function: Span) -> Self {
        let span = if self.span == Span::NONE || self.span == function { span } else { self.span };
        Refusal { span, ..self }
    }

    /// What the user sees: `AD0604` for orders, `AD0611` for missing rules, `AD0701` for limits.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let new = |code, message| Diagnostic::new(Code(code), self.span, message);
        match &self.kind {
            RefusalKind::NoRule { callee, kind, other } => {
                let mode = kind.name();
                let message = format!("there is no {mode} rule for this call of `{callee}`");
                let shown = new("AD0611", message).here("derivatives flow through this call");
                let (lacks, serves) = match other {
                    true => (
                        format!("`{callee}` takes or gives arrays"),
                        "where a mode is asked for, a rule of the other one serves scalars alone",
                    ),
                    false => {
                        (format!("`{callee}` has no body to differentiate"), "only rules say what its derivatives are")
                    }
                };
                shown.note(format!("{lacks}: {serves}")).help(format!("give `{callee}` a rule for {mode}"))
            }
            RefusalKind::TooLarge { function, limit } => {
                let what = format!("the derivative of `{function}` has more instructions than the limit of {limit}");
                new("AD0701", what)
            }
            RefusalKind::TooManyDimensions { function, limit } => {
                let what = format!("tangents of an array of `{function}` need more than {limit} dimensions, the limit");
                new("AD0701", what)
            }
            RefusalKind::TooDeep { function, limit } => {
                let what = format!("`{function}` nests blocks deeper than {limit}, the limit for differentiation");
                new("AD0701", what)
            }
            RefusalKind::OrderUnbounded { function } => {
                let message = format!("{} contains this derivative of itself", shown(function));
                new("AD0604", message)
                    .note("derivatives are made when the program is compiled, inner ones first, so their order must have a bound")
                    .help("pass what is differentiated as a function of its own, which does not lead back here")
            }
            RefusalKind::OrderTooHigh { function, limit } => {
                let message =
                    format!("this derivative of {} is of an order beyond the limit of {limit}", shown(function));
                new("AD0604", message).note("the size of a derivative grows with a power of its order").help(
                    "the limit can be raised: `--max-order` on the command line, `Options::max_order` in the library",
                )
            }
        }
    }
}

/// The name of a function for the reader; lambdas have none, some of which the compiler wrote.
fn shown(function: &str) -> String {
    match function.split_once(".|") {
        None => format!("`{function}`"),
        Some((_, params)) if params.contains('#') => "a derivative".into(),
        Some((around, _)) => format!("a lambda of `{around}`"),
    }
}

/// Refuses a derivative of `f` with this many instructions, if that is too many.
pub(crate) fn check_size(f: &Function, size: usize, options: &Options) -> Result<(), Refusal> {
    if size <= options.instructions {
        return Ok(());
    }
    let kind = RefusalKind::TooLarge { function: f.name.clone(), limit: options.instructions };
    Err(Refusal { span: f.span, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_have_no_names() {
        assert_eq!(shown("f"), "`f`");
        assert_eq!(shown("f.|y|"), "a lambda of `f`");
        assert_eq!(shown("f.|#0|#4"), "a derivative");
    }

    #[test]
    fn limits_share_one_code() {
        let function = "f".to_string();
        let large = RefusalKind::TooLarge { function: function.clone(), limit: 5 };
        let wide = RefusalKind::TooManyDimensions { function: function.clone(), limit: 5 };
        let deep = RefusalKind::TooDeep { function, limit: 5 };
        for kind in [large, wide, deep] {
            let shown = Refusal { span: Span::NONE, kind }.to_diagnostic();
            assert_eq!(shown.code, Code("AD0701"));
            assert!(shown.message.contains('5'));
        }
    }
}
