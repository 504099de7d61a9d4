//! The first line of a function.
//!
//! In: `func @f(v0: f64, v1: mut [f64; d0, 3]) -> (f64, i64)`, perhaps with rules, ` jvp @h`, and perhaps with `= vjp @g wrt v0` or `= kernel cholesky`. Out: [`Header`]: names, types, and where the body begins. All headers are read before any
//! body, so that calls know their results whatever the order of functions.

use crate::lexer::Kind;
use crate::parser::{Cursor, Parse};
use adit_diag::Span;
use adit_ir::{
    ArrayType, Builder, External, Function, Int, Ints, Kernel, MAX_LANES, Mode, Passing, ScalarType, TapeType, Type,
    Value,
};

/// A dimension of a parameter.
#[derive(Clone, Copy, Debug)]
enum Dim {
    Literal(i64),
    /// `d3` is 3.
    Named(usize),
}

#[derive(Clone, Debug)]
enum ParamType {
    Scalar(ScalarType),
    Array(ScalarType, Vec<Dim>),
    Tape,
}

#[derive(Clone, Debug)]
struct HeaderParam<'t> {
    name: &'t str,
    span: Span,
    passing: Passing,
    ty: ParamType,
}

/// `vjp @g wrt v0, v1`, `silent jvp 8 @g wrt v0`
#[derive(Clone, Debug)]
pub(crate) struct DerivedHeader<'t> {
    pub(crate) mode: Mode,
    pub(crate) lanes: usize,
    pub(crate) silent: bool,
    pub(crate) served: bool,
    pub(crate) of: String,
    pub(crate) of_span: Span,
    pub(crate) active: Vec<&'t str>,
}

/// What stands before a function's body.
#[derive(Clone, Debug)]
pub(crate) struct Header<'t> {
    pub(crate) name: String,
    pub(crate) span: Span,
    params: Vec<HeaderParam<'t>>,
    dims: usize,
    pub(crate) results: Vec<ScalarType>,
    /// For a derivative without a body: the mode, of which function, and which parameters are active.
    pub(crate) derived: Option<DerivedHeader<'t>>,
    /// The names of its derivative rules, with their places, by [`Mode::ALL`].
    pub(crate) rules: [Option<(String, Span)>; 2],
    /// What stands for the body, if it has none.
    pub(crate) external: Option<External>,
    /// The token after the header.
    pub(crate) body: usize,
}

impl<'t> Header<'t> {
    /// Which of the first parameters, as many as the function derived from has, are active.
    pub(crate) fn active(&self, derived: &DerivedHeader<'_>, count: usize) -> Vec<bool> {
        let is_active = |p: &HeaderParam<'_>| derived.active.contains(&p.name);
        self.params.iter().take(count).map(is_active).collect()
    }

    /// How many parameters there are.
    pub(crate) fn param_count(&self) -> usize {
        self.params.len()
    }

    /// Starts the function, and names its parameters by `bind`.
    pub(crate) fn start(
        &self,
        mut bind: impl FnMut(&'t str, Span, Value) -> Parse<()>,
    ) -> Parse<(Builder, Vec<Value>)> {
        let mut b = Builder::new(self.name.clone(), self.span);
        let dims: Vec<Value> = (0..self.dims).map(|_| b.dim()).collect();
        for param in &self.params {
            let value = b.param(param.ty.with(&dims), param.passing);
            bind(param.name, param.span, value)?;
        }
        Ok((b, dims))
    }

    /// The function, if it has no body; token `end` must come next.
    pub(crate) fn bodiless(&self, cursor: Cursor<'_, 't>, end: usize) -> Parse<Function> {
        if cursor.position() != end {
            return Err(cursor.expected("`func`"));
        }
        let mut names = Vec::new();
        let (b, _) = self.start(|name, span, _| match names.contains(&name) {
            true => Err(cursor.error(span, format!("`{name}` is defined twice"))),
            false => {
                names.push(name);
                Ok(())
            }
        })?;
        let mut f = b.finish(&[]);
        f.results.clone_from(&self.results);
        f.external.clone_from(&self.external);
        Ok(f)
    }
}

impl ParamType {
    fn with(&self, dims: &[Value]) -> Type {
        match self {
            ParamType::Scalar(scalar) => (*scalar).into(),
            ParamType::Tape => Type::Tape(TapeType::mixed()),
            ParamType::Array(element, extents) => {
                let extent = |dim: &Dim| match dim {
                    Dim::Literal(c) => Int::Const(*c),
                    Dim::Named(i) => Int::Value(dims[*i]),
                };
                let extents: Ints = extents.iter().map(extent).collect();
                Type::Array(ArrayType { element: *element, dims: extents })
            }
        }
    }
}

impl<'t> Cursor<'_, 't> {
    /// Reads `func @f(…) -> …`.
    pub(crate) fn header(&mut self) -> Parse<Header<'t>> {
        let start = self.here();
        self.word("func")?;
        let name = self.function_name()?;
        let params = self.params()?;
        let dims = self.dims(&params)?;
        let results = match self.eat(Kind::Arrow) {
            true => self.result_types()?,
            false => Vec::new(),
        };
        let mut rules = [None, None];
        for (rule, mode) in rules.iter_mut().zip(Mode::ALL) {
            if self.eat_word(mode.name()) {
                let span = self.here();
                *rule = Some((self.function_name()?, span));
            }
        }
        let (mut derived, mut external) = (None, None);
        if self.eat(Kind::Equals) {
            match self.peek_word() {
                Some("host" | "kernel") => external = Some(self.external()?),
                Some(_) | None => derived = Some(self.derived()?),
            }
        }
        let span = start.to(self.before());
        let body = self.position();
        Ok(Header { name, span, params, dims, results, rules, derived, external, body })
    }

    /// Reads `vjp @g wrt v0, v1`, perhaps with `silent` and `served` before it and a number of lanes in it.
    fn derived(&mut self) -> Parse<DerivedHeader<'t>> {
        let silent = self.eat_word("silent");
        let served = self.eat_word("served");
        let mode = Mode::ALL.into_iter().find(|mode| self.eat_word(mode.name()));
        let mode = mode.ok_or_else(|| self.expected("`jvp` or `vjp`"))?;
        let lanes = self.lanes()?;
        let of_span = self.here();
        let of = self.function_name()?;
        let mut active = Vec::new();
        if self.eat_word("wrt") {
            active.push(self.expect(Kind::Value)?);
            while self.eat(Kind::Comma) {
                active.push(self.expect(Kind::Value)?);
            }
        }
        Ok(DerivedHeader { mode, lanes, silent, served, of, of_span, active })
    }

    /// Reads how many lanes there are, if that is said.
    fn lanes(&mut self) -> Parse<usize> {
        if self.peek() != Some(Kind::Int) {
            return Ok(1);
        }
        let lanes = self.integer()?;
        let told = usize::try_from(lanes).ok().filter(|lanes| (1..=MAX_LANES).contains(lanes));
        told.ok_or_else(|| self.error(self.before(), format!("a derivative has 1 to {MAX_LANES} lanes")))
    }

    /// Reads `kernel cholesky` or `host "name"`. Who registered the latter is not known to a text.
    fn external(&mut self) -> Parse<External> {
        if self.eat_word("host") {
            return Ok(External::unregistered(self.text()?));
        }
        self.word("kernel")?;
        let name = self.expect(Kind::Word)?;
        let kernel = Kernel::from_name(name).map(External::Kernel);
        kernel.ok_or_else(|| self.error(self.before(), format!("there is no kernel `{name}`")))
    }

    fn params(&mut self) -> Parse<Vec<HeaderParam<'t>>> {
        self.expect(Kind::OpenParen)?;
        self.list(Kind::CloseParen, |c| {
            let span = c.here();
            let name = c.expect(Kind::Value)?;
            c.expect(Kind::Colon)?;
            let passing = match c.eat_word("mut") {
                true => Passing::Mut,
                false => Passing::ByValue,
            };
            let ty = c.param_type()?;
            Ok(HeaderParam { name, span, passing, ty })
        })
    }

    fn param_type(&mut self) -> Parse<ParamType> {
        if self.eat_word("tape") {
            return Ok(ParamType::Tape);
        }
        if !self.eat(Kind::OpenBracket) {
            return Ok(ParamType::Scalar(self.scalar_type()?));
        }
        let element = self.scalar_type()?;
        self.expect(Kind::Semicolon)?;
        let dims = self.list(Kind::CloseBracket, |c| match c.peek() {
            Some(Kind::Dim) => Ok(Dim::Named(c.dim_index()?)),
            _ => Ok(Dim::Literal(c.integer()?)),
        })?;
        Ok(ParamType::Array(element, dims))
    }

    /// The number of dimensions; `d0`, `d1` … must all be mentioned.
    fn dims(&self, params: &[HeaderParam<'_>]) -> Parse<usize> {
        let mut mentioned: Vec<usize> = Vec::new();
        for param in params {
            if let ParamType::Array(_, dims) = &param.ty {
                mentioned.extend(dims.iter().filter_map(|dim| match dim {
                    Dim::Literal(_) => None,
                    Dim::Named(i) => Some(*i),
                }));
            }
        }
        mentioned.sort_unstable();
        mentioned.dedup();
        match mentioned.iter().enumerate().find(|&(i, &d)| i != d) {
            Some((missing, _)) => {
                let what = format!("no parameter mentions d{missing}, but one with a larger number");
                Err(self.error(self.before(), what))
            }
            None => Ok(mentioned.len()),
        }
    }

    fn result_types(&mut self) -> Parse<Vec<ScalarType>> {
        if self.eat(Kind::OpenParen) {
            self.list(Kind::CloseParen, Cursor::scalar_type)
        } else {
            Ok(vec![self.scalar_type()?])
        }
    }
}
