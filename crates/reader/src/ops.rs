//! How each operation is written.
//!
//! In: the text after `=`. Out: [`Read`]: the operation and the types of its results. Every keyword has one function in [`OPERATIONS`]; any other word is the
//! name of a primitive. Types are computed only as far as results need them; the rest is the verifier's.

use crate::lexer::Kind;
use crate::parser::{Body, Parse};
use adit_diag::Span;
use adit_ir::inst::Values;
use adit_ir::{
    ArrayType, Checkpoint, CheckpointKind, CmpOp, Const, Ints, Op, Prim, PrintPart, ScalarType, TapeType, Trap, Type,
    Value,
};

/// An operation that has been read.
pub(crate) struct Read {
    pub(crate) op: Op,
    pub(crate) types: Vec<Type>,
    /// The last token of the operation, its regions left out.
    pub(crate) end: Span,
}

type Reader = fn(&mut Body<'_, '_>) -> Parse<Read>;

/// The function that reads what follows each keyword.
pub(crate) const OPERATIONS: [(&str, Reader); 18] = [
    ("const", |b| b.literal()),
    ("cmp", |b| b.cmp()),
    ("select", |b| b.select()),
    ("if", |b| b.choice()),
    ("for", |b| b.counted()),
    ("while", |b| b.repeated()),
    ("alloc", |b| b.alloc()),
    ("load", |b| b.load()),
    ("store", |b| b.store()),
    ("acc", |b| b.acc()),
    ("copy", |b| b.copy()),
    ("fill", |b| b.fill()),
    ("call", |b| b.call()),
    ("tape.new", |b| b.tape_new()),
    ("tape.push", |b| b.tape_push()),
    ("tape.pop", |b| b.tape_pop()),
    ("assert", |b| b.assertion()),
    ("print", |b| b.print()),
];

impl<'t> Body<'_, 't> {
    pub(crate) fn operation(&mut self) -> Parse<Read> {
        let Some(word) = self.c.peek_word() else {
            return Err(self.c.expected("an operation"));
        };
        if let Some((_, read)) = OPERATIONS.iter().find(|(keyword, _)| *keyword == word) {
            self.c.word(word)?;
            return read(self);
        }
        match Prim::from_name(word) {
            Some(prim) => {
                self.c.word(word)?;
                self.prim(prim)
            }
            None => Err(self.c.expected("an operation")),
        }
    }

    /// An operation that ends here.
    fn done(&self, op: Op, types: Vec<Type>) -> Parse<Read> {
        let end = self.c.before();
        Ok(Read { op, types, end })
    }

    fn comma(&mut self) -> Parse<()> {
        self.c.expect(Kind::Comma).map(|_| ())
    }

    fn prim(&mut self, prim: Prim) -> Parse<Read> {
        let args: Values = self.values()?.into();
        let operand = |i: usize| args.get(i).and_then(|&v| self.b.ty(v).scalar());
        let result = prim.row().signature.result_for(operand);
        self.done(Op::Prim { prim, args }, vec![result.into()])
    }

    fn literal(&mut self) -> Parse<Read> {
        let (c, ty) = match self.c.peek() {
            Some(Kind::Int) => (Const::I64(self.c.integer()?), Type::I64),
            Some(Kind::Word) if self.c.eat_word("true") => (Const::Bool(true), Type::BOOL),
            Some(Kind::Word) if self.c.eat_word("false") => (Const::Bool(false), Type::BOOL),
            Some(Kind::Word) if self.c.eat_word("f32") => (Const::F32(self.single()?), Type::F32),
            _ => (Const::F64(self.float()?), Type::F64),
        };
        self.done(Op::Const(c), vec![ty])
    }

    fn float(&mut self) -> Parse<f64> {
        if self.c.eat_word("nan") {
            return self.nan(f64::NAN, |bits| Some(f64::from_bits(bits)).filter(|x| x.is_nan()));
        }
        let infinite = self.infinity().map(f64::from);
        infinite.map_or_else(|| self.finite(|text| text.parse().ok().filter(|x: &f64| x.is_finite())), Ok)
    }

    /// A float of single precision.
    fn single(&mut self) -> Parse<f32> {
        if self.c.eat_word("nan") {
            let of = |bits: u64| u32::try_from(bits).ok().map(f32::from_bits).filter(|x| x.is_nan());
            return self.nan(f32::NAN, of);
        }
        let infinite = self.infinity();
        infinite.map_or_else(|| self.finite(|text| text.parse().ok().filter(|x: &f32| x.is_finite())), Ok)
    }

    fn infinity(&mut self) -> Option<f32> {
        if self.c.eat_word("inf") {
            return Some(f32::INFINITY);
        }
        self.c.eat(Kind::NegativeInfinity).then_some(f32::NEG_INFINITY)
    }

    fn finite<T>(&mut self, read: impl Fn(&str) -> Option<T>) -> Parse<T> {
        let Ok(text) = self.c.expect(Kind::Float) else {
            return Err(self.c.expected("a literal"));
        };
        read(text).ok_or_else(|| self.c.error(self.c.before(), "this float is too large"))
    }

    /// The usual NaN, or the one whose bits are given after `nan`.
    fn nan<T>(&mut self, usual: T, of: impl Fn(u64) -> Option<T>) -> Parse<T> {
        if !self.c.eat(Kind::OpenParen) {
            return Ok(usual);
        }
        let text = self.c.expect(Kind::Hex)?;
        let nan = u64::from_str_radix(&text[2..], 16).ok().and_then(of);
        let nan = nan.ok_or_else(|| self.c.error(self.c.before(), "these are not the bits of a NaN"))?;
        self.c.expect(Kind::CloseParen)?;
        Ok(nan)
    }

    fn cmp(&mut self) -> Parse<Read> {
        let found = CmpOp::ALL.into_iter().find(|op| self.c.eat_word(op.name()));
        let op = found.ok_or_else(|| self.c.expected("a comparison"))?;
        let a = self.value()?;
        self.comma()?;
        let b = self.value()?;
        self.done(Op::Cmp { op, a, b }, vec![Type::BOOL])
    }

    fn select(&mut self) -> Parse<Read> {
        let cond = self.value()?;
        self.comma()?;
        let then = self.value()?;
        self.comma()?;
        let otherwise = self.value()?;
        let types = vec![self.b.ty(then).clone()];
        let op = Op::Select { cond, then, otherwise };
        self.done(op, types)
    }

    fn choice(&mut self) -> Parse<Read> {
        let cond = self.value()?;
        let end = self.c.before();
        let then = self.inner(&[], &[])?;
        let otherwise = if self.c.eat_word("else") {
            self.inner(&[], &[])?
        } else {
            self.b.open(&[]);
            self.b.close(&[])
        };
        let yields = &self.b.func().region(then).yields;
        let types = yields.iter().map(|&v| self.b.ty(v).clone()).collect();
        let op = Op::If { cond, then, otherwise };
        Ok(Read { op, types, end })
    }

    fn counted(&mut self) -> Parse<Read> {
        let reversed = self.c.eat_word("rev");
        let span = self.c.here();
        let index = self.c.expect(Kind::Value)?;
        self.c.word("in")?;
        let lo = self.int()?;
        self.c.expect(Kind::Range)?;
        let hi = self.int()?;
        let step = match self.c.eat_word("step") {
            true => self.int()?,
            false => 1.into(),
        };
        let checkpoint = self.checkpoint()?;
        let carried = self.carried()?;
        let end = self.c.before();
        let mut params = vec![(index, span)];
        params.extend(carried.names);
        let mut types = vec![Type::I64];
        types.extend_from_slice(&carried.types);
        let body = self.inner(&params, &types)?;
        let op = Op::For { lo, hi, step, reversed, checkpoint, inits: carried.inits, body };
        let types = carried.types;
        Ok(Read { op, types, end })
    }

    fn repeated(&mut self) -> Parse<Read> {
        let checkpoint = self.checkpoint()?;
        let Carried { names, types, inits } = self.carried()?;
        let end = self.c.before();
        let cond = self.inner(&names, &types)?;
        self.c.word("do")?;
        let mut names = Vec::new();
        if self.c.eat(Kind::OpenParen) {
            names = self.new_names()?;
            self.c.expect(Kind::CloseParen)?;
        }
        if names.len() != types.len() {
            let what = format!("the body has {} parameters, the condition {}", names.len(), types.len());
            return Err(self.c.error(self.c.before(), what));
        }
        let body = self.inner(&names, &types)?;
        let op = Op::While { checkpoint, inits, cond, body };
        Ok(Read { op, types, end })
    }

    /// `checkpoint every 10`, or nothing.
    fn checkpoint(&mut self) -> Parse<Option<Checkpoint>> {
        if !self.c.eat_word("checkpoint") {
            return Ok(None);
        }
        let Some(kind) = CheckpointKind::ALL.into_iter().find(|kind| self.c.eat_word(kind.name())) else {
            return Err(self.c.error(self.c.here(), "expected `every`, `binomial` or `budget`".to_owned()));
        };
        Ok(Some(Checkpoint { kind, size: self.int()? }))
    }

    /// `(v5: f64 = v2, …)`, or nothing.
    fn carried(&mut self) -> Parse<Carried<'t>> {
        let mut carried = Carried::default();
        if !self.c.eat(Kind::OpenParen) {
            return Ok(carried);
        }
        while !self.c.eat(Kind::CloseParen) {
            let span = self.c.here();
            carried.names.push((self.c.expect(Kind::Value)?, span));
            self.c.expect(Kind::Colon)?;
            carried.types.push(self.c.scalar_type()?.into());
            self.c.expect(Kind::Equals)?;
            carried.inits.push(self.value()?);
            if self.c.peek() != Some(Kind::CloseParen) {
                self.comma()?;
            }
        }
        Ok(carried)
    }

    fn alloc(&mut self) -> Parse<Read> {
        self.c.expect(Kind::OpenBracket)?;
        let element = self.c.scalar_type()?;
        self.c.expect(Kind::Semicolon)?;
        let dims = self.ints(Kind::CloseBracket)?.into();
        let ty = ArrayType { element, dims };
        let types = vec![Type::Array(ty.clone())];
        self.done(Op::Alloc { ty }, types)
    }

    /// `v1[v10, 0]`
    fn element(&mut self) -> Parse<(Value, Ints)> {
        let array = self.value()?;
        self.c.expect(Kind::OpenBracket)?;
        Ok((array, self.ints(Kind::CloseBracket)?.into()))
    }

    fn load(&mut self) -> Parse<Read> {
        let start = self.c.here();
        let (array, subscripts) = self.element()?;
        let Some(ty) = self.b.ty(array).array() else {
            return Err(self.c.error(start, "this is no array"));
        };
        let types = vec![ty.element.into()];
        self.done(Op::Load { array, subscripts }, types)
    }

    /// `v1[v10, 0], v3`
    fn written(&mut self) -> Parse<(Value, Ints, Value)> {
        let (array, subscripts) = self.element()?;
        self.comma()?;
        Ok((array, subscripts, self.value()?))
    }

    fn store(&mut self) -> Parse<Read> {
        let (array, subscripts, value) = self.written()?;
        let op = Op::Store { array, subscripts, value };
        self.done(op, vec![])
    }

    fn acc(&mut self) -> Parse<Read> {
        let (array, subscripts, value) = self.written()?;
        let op = Op::Acc { array, subscripts, value };
        self.done(op, vec![])
    }

    fn copy(&mut self) -> Parse<Read> {
        let to = self.value()?;
        self.comma()?;
        let from = self.value()?;
        self.done(Op::Copy { to, from }, vec![])
    }

    fn fill(&mut self) -> Parse<Read> {
        let array = self.value()?;
        self.comma()?;
        let value = self.value()?;
        self.done(Op::Fill { array, value }, vec![])
    }

    /// `(v1, v2)`
    fn arguments(&mut self) -> Parse<Values> {
        self.c.expect(Kind::OpenParen)?;
        if self.c.eat(Kind::CloseParen) {
            return Ok(Values::new());
        }
        let values = self.values()?;
        self.c.expect(Kind::CloseParen)?;
        Ok(values.into())
    }

    fn call(&mut self) -> Parse<Read> {
        let name = self.c.function_name()?;
        let Some(callee) = self.callees.get(name.as_str()).copied() else {
            let what = "there is no function of this name";
            return Err(self.c.error(self.c.before(), what));
        };
        let args = self.arguments()?;
        let types = callee.results.iter().map(|&s| s.into()).collect();
        let callee = callee.id;
        self.done(Op::Call { callee, args }, types)
    }

    fn tape_new(&mut self) -> Parse<Read> {
        let ty = match self.c.peek() {
            Some(Kind::OpenParen) => TapeType { fields: self.fields()?.into() },
            _ => TapeType::mixed(),
        };
        let types = vec![Type::Tape(ty.clone())];
        self.done(Op::TapeNew { ty }, types)
    }

    fn fields(&mut self) -> Parse<Vec<ScalarType>> {
        self.c.expect(Kind::OpenParen)?;
        self.c.list(Kind::CloseParen, |c| c.scalar_type())
    }

    fn tape_push(&mut self) -> Parse<Read> {
        let tape = self.value()?;
        self.comma()?;
        let values = self.arguments()?;
        self.done(Op::TapePush { tape, values }, vec![])
    }

    fn tape_pop(&mut self) -> Parse<Read> {
        let start = self.c.here();
        let tape = self.value()?;
        let Some(ty) = self.b.ty(tape).tape() else {
            return Err(self.c.error(start, "this is no tape"));
        };
        let fields = if ty.is_mixed() { self.fields()? } else { ty.fields.to_vec() };
        let types = fields.into_iter().map(Type::Scalar).collect();
        self.done(Op::TapePop { tape }, types)
    }

    fn assertion(&mut self) -> Parse<Read> {
        let cond = self.value()?;
        self.comma()?;
        let (span, Some(name)) = (self.c.here(), self.c.peek_word()) else {
            return Err(self.c.expected("the name of a run-time error"));
        };
        self.c.word(name)?;
        let mut text = None;
        let mut details = Ints::new();
        if self.c.eat(Kind::OpenParen) {
            if self.c.peek() == Some(Kind::Text) {
                text = Some(self.c.text()?);
                self.c.expect(Kind::CloseParen)?;
                if self.c.eat(Kind::OpenParen) {
                    details = self.ints(Kind::CloseParen)?.into();
                }
            } else {
                details = self.ints(Kind::CloseParen)?.into();
            }
        }
        let Some(trap) = Trap::parse(name, text) else {
            let what = format!("`{name}` is no run-time error, or has no text, or lacks its text");
            return Err(self.c.error(span, what));
        };
        let op = Op::Assert { cond, trap, details };
        self.done(op, vec![])
    }

    fn print(&mut self) -> Parse<Read> {
        let mut parts = Vec::new();
        if self.begins_part() {
            parts.push(self.part()?);
            while self.c.eat(Kind::Comma) {
                parts.push(self.part()?);
            }
        }
        self.done(Op::Print { parts }, vec![])
    }

    fn part(&mut self) -> Parse<PrintPart> {
        match self.c.peek() {
            Some(Kind::Text) => Ok(PrintPart::Text(self.c.text()?)),
            _ => Ok(PrintPart::Value(self.value()?)),
        }
    }

    /// Whether a `print` goes on: what follows it is a text, or a value that is not the first of the next instruction.
    fn begins_part(&self) -> bool {
        match self.c.peek() {
            Some(Kind::Text | Kind::Dim) => true,
            Some(Kind::Value) => !self.names_results(),
            _ => false,
        }
    }

    /// Whether `v1, v2 =` stands here.
    fn names_results(&self) -> bool {
        let mut ahead = self.c;
        while ahead.eat(Kind::Value) {
            if !ahead.eat(Kind::Comma) {
                return ahead.peek() == Some(Kind::Equals);
            }
        }
        false
    }
}

/// What a loop carries.
#[derive(Default)]
struct Carried<'t> {
    names: Vec<(&'t str, Span)>,
    types: Vec<Type>,
    inits: Values,
}
