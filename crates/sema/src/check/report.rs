//! What the checker says, and how it shows types and finds names that were meant.
//!
//! In: facts about the program. Out: [`Diagnostic`]s, in order of discovery, at most [`MAX_DIAGNOSTICS`]; types as the source would write them; suggestions.
//! What was already reported has the [`error`] type: it fits everywhere and is never reported again.

use super::dims;
use crate::typed::{DimExpr, FnTy, FnTyParam, LocalDef, StructDef, StructId, Ty};
use adit_diag::{Code, Diagnostic, Span};
use adit_ir::ScalarType;

/// What a person can use of one run.
const MAX_DIAGNOSTICS: usize = 100;
/// Looking for similar names takes time; beyond these many nobody reads them.
const MAX_SUGGESTIONS: u32 = 20;

/// Codes of this room, by what they mean.
pub(super) mod codes {
    use adit_diag::Code;

    pub const NOT_A_PLACE: Code = Code("AD0008");
    pub const UNKNOWN_NAME: Code = Code("AD0101");
    pub const UNKNOWN_FUNCTION: Code = Code("AD0102");
    pub const UNKNOWN_TYPE: Code = Code("AD0103");
    pub const UNKNOWN_FIELD: Code = Code("AD0104");
    pub const DEFINED_TWICE: Code = Code("AD0105");
    pub const MISSING_FIELD: Code = Code("AD0106");
    pub const OUTSIDE_LOOP: Code = Code("AD0107");
    pub const MISMATCH: Code = Code("AD0201");
    pub const NO_OPERATOR: Code = Code("AD0202");
    pub const ARGUMENT_COUNT: Code = Code("AD0203");
    pub const CONDITION: Code = Code("AD0204");
    pub const INDEX: Code = Code("AD0205");
    pub const INTEGER_FOR_FLOAT: Code = Code("AD0206");
    pub const NO_VALUE: Code = Code("AD0207");
    pub const NOT_A_FUNCTION: Code = Code("AD0208");
    pub const NOT_CONSTANT: Code = Code("AD0209");
    pub const RECURSIVE_STRUCT: Code = Code("AD0210");
    pub const NOT_INFERRED: Code = Code("AD0211");
    pub const FUNCTION_AS_VALUE: Code = Code("AD0212");
    pub const FUNCTION_MISFIT: Code = Code("AD0213");
    pub const DIMENSIONS: Code = Code("AD0301");
    pub const UNBOUND_DIMENSION: Code = Code("AD0302");
    pub const RANK: Code = Code("AD0303");
    pub const STRUCT_DIMENSIONS: Code = Code("AD0304");
    pub const RAGGED: Code = Code("AD0305");
    pub const SHAPE_UNKNOWN: Code = Code("AD0306");
    pub const NOT_MUTABLE: Code = Code("AD0401");
    pub const LEND_IMMUTABLE: Code = Code("AD0402");
    pub const LENT_TWICE: Code = Code("AD0403");
    pub const MUT_MISSING: Code = Code("AD0404");
    pub const MUT_UNWANTED: Code = Code("AD0405");
    pub const NOT_ONE_FLOAT: Code = Code("AD0602");
    pub const NO_FLOATS: Code = Code("AD0603");
    pub const CHECKPOINT: Code = Code("AD0505");
    pub const RULE: Code = Code("AD0610");
    pub const LIMIT: Code = Code("AD0701");
}

/// The diagnostics so far.
#[derive(Default)]
pub(super) struct Reports {
    diagnostics: Vec<Diagnostic>,
    failed: bool,
    /// Mistakes that the parser reported.
    known: u32,
    suggestions: u32,
    repeats: bool,
    met: u32,
    retries: u32,
}

/// A state of the reports to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    said: usize,
    failed: bool,
    known: u32,
    met: u32,
}

/// What was said in an attempt.
#[derive(Debug)]
pub(super) struct TakenBack {
    said: Vec<Diagnostic>,
    known: u32,
    met: u32,
}

impl Reports {
    /// Adds one.
    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        self.failed = true;
        self.met += 1;
        if self.diagnostics.len() < MAX_DIAGNOSTICS && !(self.repeats && self.diagnostics.contains(&diagnostic)) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// From now on some text may be checked more than once; what is said of it is said once.
    pub(super) fn may_repeat(&mut self) {
        self.repeats = true;
    }

    /// How many mistakes were met so far, said or not.
    pub(super) fn met(&self) -> u32 {
        self.met
    }

    /// Whether a mistake was found, here or elsewhere.
    pub(super) fn failed(&self) -> bool {
        self.failed
    }

    /// Adds one without labels.
    pub(super) fn say(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.push(Diagnostic::new(code, span, message));
    }

    /// Notes that the program is wrong, as was already said elsewhere.
    pub(super) fn fail(&mut self) {
        self.failed = true;
        self.met += 1;
        self.known += 1;
    }

    /// Where an attempt begins that may come to nothing.
    pub(super) fn attempt(&self) -> Attempt {
        Attempt { said: self.diagnostics.len(), failed: self.failed, known: self.known, met: self.met }
    }

    /// Takes back all that was said since; what it was can be said again.
    pub(super) fn take_back(&mut self, attempt: Attempt) -> TakenBack {
        let Attempt { said, failed, known, met } = attempt;
        let taken =
            TakenBack { said: self.diagnostics.split_off(said), known: self.known - known, met: self.met - met };
        (self.failed, self.known, self.met) = (failed, known, met);
        self.retries += 1;
        taken
    }

    /// Says again what was taken back.
    pub(super) fn restore(&mut self, taken: TakenBack) {
        let TakenBack { said, known, met } = taken;
        self.failed |= met > 0;
        self.known += known;
        self.met += met;
        self.diagnostics.extend(said);
        self.diagnostics.truncate(MAX_DIAGNOSTICS);
    }

    /// How often something was taken back: what was known to be wrong before may not have been said.
    pub(super) fn retries(&self) -> u32 {
        self.retries
    }

    /// How many mistakes were met that were already reported elsewhere.
    pub(super) fn known(&self) -> u32 {
        self.known
    }

    /// All of them, and whether there can be no program.
    pub(super) fn finish(self) -> (Vec<Diagnostic>, bool) {
        (self.diagnostics, self.failed)
    }

    /// The name among `known` that was probably meant.
    pub(super) fn similar<'n>(&mut self, name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
        if self.suggestions >= MAX_SUGGESTIONS {
            return None;
        }
        self.suggestions += 1;
        let length = name.chars().count();
        known
            .take(5000)
            .filter(|k| *k != name && k.len().abs_diff(name.len()) <= 3 && k.len() <= 64)
            .map(|k| (strsim::damerau_levenshtein(name, k), k))
            .filter(|(distance, _)| *distance <= length.div_ceil(3).min(3) && *distance < length)
            .min()
            .map(|(_, k)| k)
    }
}

/// The type of what was already reported. It never leaves the checker.
pub(super) fn error() -> Ty {
    Ty::Struct { id: StructId(u32::MAX), dims: Vec::new() }
}

/// Whether something was already reported.
pub(super) fn is_error(ty: &Ty) -> bool {
    matches!(ty, Ty::Struct { id, .. } if id.0 == u32::MAX)
}

/// Whether nothing need be said about a type: it was reported, or there is never a value.
pub(super) fn is_silent(ty: &Ty) -> bool {
    is_error(ty) || *ty == Ty::Never
}

/// The names that types mention.
#[derive(Clone, Copy)]
pub(super) struct Names<'n> {
    /// By their ids.
    pub(super) locals: &'n [LocalDef],
    /// By their ids.
    pub(super) structs: &'n [StructDef],
}

impl Names<'_> {
    /// A type as the source writes it; `?` where a dimension is unknown.
    pub(super) fn ty(self, ty: &Ty) -> String {
        match ty {
            Ty::Scalar(s) => s.name().to_owned(),
            Ty::Array { element, dims } => format!("[{element}; {}]", self.dims(dims)),
            Ty::Struct { id, dims } => {
                let name = self.structs.get(id.0 as usize).map_or("?", |s| &*s.name);
                match dims.as_slice() {
                    [] => name.to_owned(),
                    dims => format!("{name}<{}>", self.dims(dims)),
                }
            }
            Ty::Tuple(items) => match items.as_slice() {
                [item] => format!("({},)", self.ty(item)),
                items => format!("({})", items.iter().map(|t| self.ty(t)).collect::<Vec<_>>().join(", ")),
            },
            Ty::Fn(Some(function)) => self.function(function),
            Ty::Fn(None) => "fn".to_owned(),
            Ty::Never => "!".to_owned(),
        }
    }

    /// A function type as the source writes it.
    pub(super) fn function(self, function: &FnTy) -> String {
        let param = |p: &FnTyParam| format!("{}{}", if p.lent { "&mut " } else { "" }, self.ty(&p.ty));
        let params = function.params.iter().map(param).collect::<Vec<_>>().join(", ");
        let result =
            if function.result.is_unit() { String::new() } else { format!(" -> {}", self.ty(&function.result)) };
        format!("fn({params}){result}")
    }

    fn dims(self, dims: &[DimExpr]) -> String {
        dims.iter().map(|d| self.dim(d)).collect::<Vec<_>>().join(", ")
    }

    /// A dimension as the source writes it.
    pub(super) fn dim(self, dim: &DimExpr) -> String {
        self.dim_at(dim, 0)
    }

    fn dim_at(self, dim: &DimExpr, outer: u8) -> String {
        match dim {
            DimExpr::Const(c) => c.to_string(),
            DimExpr::Local(local) => self.locals.get(local.0 as usize).map_or("?", |l| &*l.name).to_owned(),
            DimExpr::Struct(i) => format!("#{i}"),
            DimExpr::Unknown => "?".to_owned(),
            DimExpr::Apply(op, args) => {
                let symbol = dims::symbol(*op).unwrap_or("?");
                let level = if matches!(symbol, "+" | "-") { 1 } else { 2 };
                let text = format!("{} {symbol} {}", self.dim_at(&args[0], level), self.dim_at(&args[1], level + 1));
                if level < outer { format!("({text})") } else { text }
            }
        }
    }
}

/// What a number is, in words with an article.
pub(super) fn a_scalar(s: ScalarType) -> &'static str {
    match s {
        ScalarType::F64 => "an `f64`",
        ScalarType::F32 => "an `f32`",
        ScalarType::I64 => "an `i64`",
        ScalarType::Bool => "a `bool`",
    }
}

/// `1 argument`, `2 arguments`.
pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("{n} {what}") } else { format!("{n} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed::LocalId;

    #[test]
    fn similar_names_are_close_ones() {
        let mut reports = Reports::default();
        let known = ["sigma", "alpha", "x", "normal_logpdf"];
        let mut near = |name| reports.similar(name, known.into_iter());
        assert_eq!(near("sigmma"), Some("sigma"));
        assert_eq!(near("normal_lpdf"), Some("normal_logpdf"));
        assert_eq!(near("y"), None);
        assert_eq!(near("beta"), None);
    }

    #[test]
    fn types_read_as_written() {
        let local = |name: &str| LocalDef { name: name.into(), ty: Ty::I64, mutable: false, span: Span::NONE };
        let locals = [local("n"), local("m")];
        let names = Names { locals: &locals, structs: &[] };
        let n = || DimExpr::Local(LocalId(0));
        let op = |op: dims::Arithmetic, a, b| DimExpr::Apply(op.prim(), Box::new([a, b]));
        let sum = op(dims::Arithmetic::Add, n(), DimExpr::Const(1));
        let half = op(dims::Arithmetic::Div, op(dims::Arithmetic::Mul, n(), sum), DimExpr::Const(2));
        let ty = Ty::Tuple(vec![
            Ty::Array { element: ScalarType::F64, dims: vec![half, DimExpr::Local(LocalId(1)), DimExpr::Unknown] },
            Ty::BOOL,
        ]);
        assert_eq!(names.ty(&ty), "([f64; n * (n + 1) / 2, m, ?], bool)");
    }
}
