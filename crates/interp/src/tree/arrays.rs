//! Functions of whole arrays: literals, reductions, products, new arrays.
//!
//! In: operands, evaluated. Out: values. Sums run from left to right and start from 0.0; a product of matrices sums over the inner index the same way.

use super::elementwise::{element_type, mismatch, same_dims};
use super::number::{Array, Number, Value};
use super::value::{one, zero};
use super::{Eval, Machine};
use adit_diag::Span;
use adit_ir::limits::{Limits, array_bytes};
use adit_ir::{Prim, RunError, Scalar, ScalarType, Trap};
use adit_sema::squares;
use adit_sema::typed::{Arg, Block, Builtin, Expr, ExprKind, FnValue, LocalId, Reduction, SubscriptKind};
use std::cmp::Ordering;

impl<'p> Machine<'p, '_> {
    pub(super) fn array_literal(&mut self, e: &'p Expr, dims: &[usize], elements: &'p [Expr]) -> Eval<Value> {
        let elements = self.all(elements)?.iter().map(Value::scalar).collect();
        Ok(Value::Array(Array { element: element_type(&e.ty), dims: dims.to_vec(), elements }))
    }

    pub(super) fn stack(&mut self, e: &'p Expr, parts: &'p [Expr]) -> Eval<Value> {
        let parts: Vec<Array> = self.all(parts)?.into_iter().map(Value::into_array).collect();
        let inner = parts.first().map(|a| a.dims.clone()).unwrap_or_default();
        for part in &parts {
            same_dims(&inner, &part.dims, e.span)?;
        }
        let dims = std::iter::once(parts.len()).chain(inner).collect();
        let elements = parts.iter().flat_map(|a| a.elements.iter().cloned()).collect();
        Ok(Value::Array(Array { element: element_type(&e.ty), dims, elements }))
    }

    pub(super) fn builtin(&mut self, e: &'p Expr, builtin: Builtin, args: &'p [Expr]) -> Eval<Value> {
        let values = self.all(args)?;
        let element = element_type(&e.ty);
        let array = |k: usize| values[k].array();
        match builtin {
            Builtin::Reduce(op) => {
                self.elements(array(0).elements.len(), e.span)?;
                let mut fold = Fold::new(op, element);
                fold.scale_squares();
                array(0).elements.iter().for_each(|n| fold.take(n.clone()));
                Ok(Value::Scalar(fold.result(e.span)?))
            }
            Builtin::Dot => self.matmul(array(0), array(1), e.span),
            Builtin::MatMul => self.matmul(array(0), array(1), e.span),
            Builtin::Zeros => self.filled(&values, zero(element).into(), e.span),
            Builtin::Ones => self.filled(&values, one(element).into(), e.span),
            Builtin::Fill => self.filled(&values[1..], values[0].scalar(), e.span),
            Builtin::Identity => self.identity(&values[0], element, e.span),
            Builtin::Len => Ok((array(0).dims[0] as i64).into()),
            Builtin::Size => size(array(0), values[1].int(), e.span),
            Builtin::Transpose => Ok(transpose(array(0))),
            Builtin::Where => choose(&values, e.span),
            Builtin::CumSum => Ok(cumulated(array(0))),
            Builtin::Sort => Ok(sorted(array(0))),
            Builtin::SoftMax => Ok(softmax(array(0))),
        }
    }

    fn filled(&mut self, dims: &[Value], value: Number, span: Span) -> Eval<Value> {
        let dims: Vec<i64> = dims.iter().map(Value::int).collect();
        let count = checked_size(&self.limits, value.ty(), &dims, span)?;
        let dims = dims.into_iter().map(|d| d as usize).collect();
        Ok(Value::Array(Array { element: value.ty(), dims, elements: vec![value; count].into() }))
    }

    fn identity(&mut self, n: &Value, element: ScalarType, span: Span) -> Eval<Value> {
        let mut value = self.filled(&[n.clone(), n.clone()], zero(element).into(), span)?;
        let array = value.array_mut();
        for i in 0..array.dims[0] {
            let k = array.offset(&[i, i]);
            array.elements[k] = one(element).into();
        }
        Ok(value)
    }

    /// `@`: matrices and vectors.
    pub(super) fn matmul(&mut self, a: &Array, b: &Array, span: Span) -> Eval<Value> {
        let (inner, rows) = (*a.dims.last().expect("rank 1 or 2"), a.dims[..a.dims.len() - 1].to_vec());
        let (other, columns) = (b.dims[0], b.dims[1..].to_vec());
        if inner != other {
            return Err(mismatch(inner, other, span).into());
        }
        let width: usize = columns.iter().product();
        self.elements(rows.iter().product::<usize>() * inner * width, span)?;
        let mut elements = Vec::new();
        for i in 0..rows.iter().product::<usize>() {
            for j in 0..width {
                let products = (0..inner).map(|k| [&a.elements[i * inner + k], &b.elements[k * width + j]]);
                elements.push(sum_of_products(products, a.element));
            }
        }
        let dims: Vec<usize> = rows.into_iter().chain(columns).collect();
        if dims.is_empty() {
            return Ok(Value::Scalar(elements[0].clone()));
        }
        Ok(Value::Array(Array { element: a.element, dims, elements: elements.into() }))
    }
}

fn sum_of_products<'n>(pairs: impl Iterator<Item = [&'n Number; 2]>, element: ScalarType) -> Number {
    let (plus, times) = (sum_of(element), product_of(element));
    pairs.fold(zero(element).into(), |sum, [x, y]| sure(plus, &sum, &sure(times, x, y)))
}

/// The sum of two numbers of this type.
fn sum_of(element: ScalarType) -> Prim {
    if element.is_float() { Prim::Add } else { Prim::Iadd }
}

/// The product of two numbers of this type.
fn product_of(element: ScalarType) -> Prim {
    if element.is_float() { Prim::Mul } else { Prim::Imul }
}

/// A function of two numbers that never fails.
fn sure(prim: Prim, a: &Number, b: &Number) -> Number {
    Number::binary(prim, a, b).unwrap_or_else(|trap| panic!("{prim} gave {trap:?}"))
}

/// The number of elements of an array with these extents, if it may be made.
pub(super) fn checked_size(limits: &Limits, element: ScalarType, dims: &[i64], span: Span) -> Result<usize, RunError> {
    if let Some(&negative) = dims.iter().find(|d| **d < 0) {
        return Err(RunError::with_details(Trap::NegativeLength, span, [negative, 0]));
    }
    let limit = limits.memory_bytes;
    match array_bytes(element, dims.iter().copied()) {
        Some(bytes) if bytes <= limit => Ok(dims.iter().product::<i64>() as usize),
        bytes => {
            let asked = bytes.and_then(|b| i64::try_from(b).ok()).unwrap_or(i64::MAX);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            Err(RunError::with_details(Trap::MemoryLimit, span, [asked, limit]))
        }
    }
}

fn size(array: &Array, k: i64, span: Span) -> Eval<Value> {
    let dim = usize::try_from(k).ok().and_then(|k| array.dims.get(k));
    match dim {
        Some(&dim) => Ok((dim as i64).into()),
        None => Err(RunError::with_details(Trap::IndexOutOfRange, span, [k, array.dims.len() as i64]).into()),
    }
}

fn transpose(a: &Array) -> Value {
    let (rows, columns) = (a.dims[0], a.dims[1]);
    let places = (0..columns).flat_map(|j| (0..rows).map(move |i| [i, j]));
    let elements = places.map(|at| a.elements[a.offset(&at)].clone()).collect();
    Value::Array(Array { element: a.element, dims: vec![columns, rows], elements })
}

/// `where(c, a, b)`
fn choose(values: &[Value], span: Span) -> Eval<Value> {
    let arrays: Vec<&Array> = values.iter().filter(|v| matches!(v, Value::Array(_))).map(Value::array).collect();
    let at = |value: &Value, k: usize| match value {
        Value::Array(a) => a.elements[k].clone(),
        Value::Scalar(_) | Value::Tuple(_) | Value::Function(_) => value.scalar(),
    };
    let pick = |k: usize| if Value::Scalar(at(&values[0], k)).bool() { at(&values[1], k) } else { at(&values[2], k) };
    let Some(first) = arrays.first() else {
        return Ok(Value::Scalar(pick(0)));
    };
    for other in &arrays[1..] {
        same_dims(&first.dims, &other.dims, span)?;
    }
    let elements = (0..first.elements.len()).map(pick).collect();
    let element = match &values[1] {
        Value::Array(a) => a.element,
        Value::Scalar(_) | Value::Tuple(_) | Value::Function(_) => values[1].scalar().ty(),
    };
    Ok(Value::Array(Array { element, dims: first.dims.clone(), elements }))
}

fn cumulated(a: &Array) -> Value {
    let mut sum = Number::Plain(zero(a.element));
    let plus = sum_of(a.element);
    let elements = a.elements.iter().map(|n| {
        sum = sure(plus, &sum, n);
        sum.clone()
    });
    Value::Array(Array { elements: elements.collect(), ..a.clone() })
}

/// How two numbers of one type compare; none where one is NaN.
fn order(a: &Number, b: &Number) -> Option<Ordering> {
    match (a.plain(), b.plain()) {
        (Scalar::F64(a), Scalar::F64(b)) => a.partial_cmp(&b),
        (Scalar::F32(a), Scalar::F32(b)) => a.partial_cmp(&b),
        (Scalar::I64(a), Scalar::I64(b)) => Some(a.cmp(&b)),
        (a, b) => panic!("{a:?} and {b:?} have no order"),
    }
}

fn sorted(a: &Array) -> Value {
    let mut elements = a.elements.clone();
    elements.sort_by(|a, b| order(a, b).unwrap_or(Ordering::Equal));
    Value::Array(Array { elements, ..a.clone() })
}

fn softmax(a: &Array) -> Value {
    let largest = fold(Prim::Max, Number::float(a.element, f64::NEG_INFINITY), &a.elements);
    let powers: Vec<Number> = a.elements.iter().map(|x| power(x, &largest)).collect();
    let sum = fold(Prim::Add, zero(a.element).into(), &powers);
    let elements = powers.into_iter().map(|p| p / sum.clone()).collect();
    Value::Array(Array { elements, ..a.clone() })
}

/// A function of two numbers, from left to right.
fn fold(prim: Prim, start: Number, all: &[Number]) -> Number {
    all.iter().fold(start, |so_far, x| sure(prim, &so_far, x))
}

/// exp(x − largest)
fn power(x: &Number, largest: &Number) -> Number {
    Number::of(Prim::Exp, &[x.clone() - largest.clone()])
}

/// A reduction under way.
pub(super) struct Fold {
    op: Reduction,
    element: ScalarType,
    taken: Vec<Number>,
    in_turn: bool,
    scaled: bool,
}

impl Fold {
    pub(super) fn new(op: Reduction, element: ScalarType) -> Self {
        Fold { op, element, taken: Vec::new(), in_turn: false, scaled: false }
    }

    /// `logsumexp` adds one element to what came before, instead of all to the largest.
    pub(super) fn take_in_turn(&mut self) {
        self.in_turn = true;
    }

    /// `norm` measures elements by the largest, where their squares over- or underflow.
    pub(super) fn scale_squares(&mut self) {
        self.scaled = true;
    }

    pub(super) fn take(&mut self, n: Number) {
        self.taken.push(n);
    }

    pub(super) fn result(self, span: Span) -> Result<Number, RunError> {
        let all = &self.taken;
        let float = |x: f64| Number::float(self.element, x);
        let bools = || all.iter().map(|n| Value::Scalar(n.clone()).bool());
        Ok(match self.op {
            Reduction::Sum => fold(sum_of(self.element), zero(self.element).into(), all),
            Reduction::Prod => fold(product_of(self.element), one(self.element).into(), all),
            Reduction::Max => extreme(all, self.element, [Prim::Max, Prim::Imax], f64::NEG_INFINITY, i64::MIN),
            Reduction::Min => extreme(all, self.element, [Prim::Min, Prim::Imin], f64::INFINITY, i64::MAX),
            Reduction::Mean => {
                let count = Number::of(Prim::Itof.at(self.element), &[Scalar::I64(all.len() as i64).into()]);
                fold(Prim::Add, float(0.0), all) / count
            }
            Reduction::Any => Scalar::Bool(bools().any(|b| b)).into(),
            Reduction::All => Scalar::Bool(bools().all(|b| b)).into(),
            Reduction::ArgMax => Scalar::I64(position(all, Ordering::Greater, span)?).into(),
            Reduction::ArgMin => Scalar::I64(position(all, Ordering::Less, span)?).into(),
            Reduction::LogSumExp if self.in_turn => fold(Prim::Logaddexp, float(f64::NEG_INFINITY), all),
            Reduction::LogSumExp => log_sum_exp(all, self.element),
            Reduction::Norm => {
                let squares = sum_of_squares(all, self.element);
                let [least, most] = squares::trusted(self.element);
                let size = squares.plain().as_float().unwrap_or(0.0);
                if self.scaled && (size < least || size > most) { scaled(all, self.element) } else { length(squares) }
            }
        })
    }
}

fn sum_of_squares(all: &[Number], element: ScalarType) -> Number {
    let squares: Vec<Number> = all.iter().map(|x| sure(Prim::Mul, x, x)).collect();
    fold(Prim::Add, Number::float(element, 0.0), &squares)
}

/// The length of elements that are measured by the largest, which counts as a constant.
fn scaled(all: &[Number], element: ScalarType) -> Number {
    let [least, most] = squares::scales(element);
    let sizes = all.iter().filter_map(|x| x.plain().as_float()).map(f64::abs);
    let scale = Number::float(element, sizes.fold(least, f64::max).min(most));
    let parts: Vec<Number> = all.iter().map(|x| x.clone() / scale.clone()).collect();
    sure(Prim::Mul, &length(sum_of_squares(&parts, element)), &scale)
}

/// The root of a sum of squares. That of 0 does not move: the mean over all directions.
fn length(squares: Number) -> Number {
    if squares.plain().as_float() == Some(0.0) {
        return squares.plain().into();
    }
    Number::of(Prim::Sqrt, &[squares])
}

fn extreme(all: &[Number], element: ScalarType, [float, int]: [Prim; 2], start: f64, start_int: i64) -> Number {
    let (prim, start) =
        if element.is_float() { (float, Number::float(element, start)) } else { (int, Scalar::I64(start_int).into()) };
    let plain: Vec<Number> = all.iter().map(|n| n.plain().into()).collect();
    let best = fold(prim, start.clone(), &plain);
    if all.iter().all(|n| n.level() == 0) {
        return best;
    }
    shared(all, &best, prim == Prim::Min)
}

/// The extreme as its k equals move, each by its share: of the largest m, m − Σ (m − x) / k; signs are flipped for the smallest.
fn shared(all: &[Number], best: &Number, smallest: bool) -> Number {
    let flip = |n: Number| if smallest { -n } else { n };
    let equal: Vec<&Number> = all.iter().filter(|n| order(n, best) == Some(Ordering::Equal)).collect();
    let count = Number::float(best.ty(), equal.len() as f64);
    let Some(first) = equal.iter().find(|n| n.plain() == best.plain()).or(equal.first()) else {
        // NaN comes from where it is, and from everywhere that it is.
        let nans: Vec<Number> = all.iter().filter(|n| order(n, n).is_none()).cloned().collect();
        return fold(Prim::Add, Number::Plain(zero(best.ty())), &nans);
    };
    if best.plain().as_float().is_some_and(f64::is_infinite) {
        let shares: Vec<Number> = equal.iter().map(|x| (*x).clone() / count.clone()).collect();
        return fold(Prim::Add, Number::Plain(zero(best.ty())), &shares);
    }
    let top = flip((*first).clone());
    let shares = equal.iter().map(|x| (top.clone() - flip((*x).clone())) / count.clone());
    flip(shares.fold(top.clone(), |sum, share| sum - share))
}

/// The first element that is beyond all before it.
fn position(all: &[Number], beyond: Ordering, span: Span) -> Result<i64, RunError> {
    if all.is_empty() {
        return Err(RunError::with_details(Trap::IndexOutOfRange, span, [0, 0]));
    }
    let best = (1..all.len()).fold(0, |best, k| if order(&all[k], &all[best]) == Some(beyond) { k } else { best });
    Ok(best as i64)
}

fn log_sum_exp(all: &[Number], element: ScalarType) -> Number {
    let largest = extreme(all, element, [Prim::Max, Prim::Imax], f64::NEG_INFINITY, i64::MIN);
    match largest.plain().as_float() {
        // The sum of nothing but zeros stays 0.
        Some(f64::NEG_INFINITY) => return largest.plain().into(),
        Some(f64::INFINITY) => return largest,
        _ => {}
    }
    let powers: Vec<Number> = all.iter().map(|x| power(x, &largest)).collect();
    largest + Number::of(Prim::Log, &[fold(Prim::Add, zero(element).into(), &powers)])
}

/// Whether an expression mentions one of these variables.
pub(super) fn mentions(e: &Expr, locals: &[LocalId]) -> bool {
    let any = |es: &[Expr]| es.iter().any(|e| mentions(e, locals));
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Print(_) => false,
        ExprKind::Local(local) => locals.contains(local),
        ExprKind::Prim { args, .. } | ExprKind::Builtin { args, .. } => any(args),
        ExprKind::Array { elements: args, .. } | ExprKind::Stack(args) | ExprKind::Tuple(args) => any(args),
        ExprKind::Binary { first, rest } => mentions(first, locals) || rest.iter().any(|l| mentions(&l.rhs, locals)),
        // What a lambda captures does not show here.
        ExprKind::Function(function) => !matches!(function, FnValue::Named(_)),
        ExprKind::CallValue { callee, args } => mentions(callee, locals) || args_mention(args, locals),
        ExprKind::Derivative(d) => mentions(&d.callee, locals) || args_mention(&d.args, locals),
        ExprKind::Call { args, .. } => args_mention(args, locals),
        ExprKind::Reduce { generator, .. } | ExprKind::Comprehension(generator) => mentions(&generator.element, locals),
        ExprKind::Index { base, subscripts } => {
            mentions(base, locals)
                || subscripts.iter().any(|s| match &s.kind {
                    SubscriptKind::Index(e) => mentions(e, locals),
                    SubscriptKind::Slice { lo, hi, .. } => lo.iter().chain(hi).any(|e| mentions(e, locals)),
                })
        }
        ExprKind::Field { base, .. } | ExprKind::Assert { condition: base, .. } => mentions(base, locals),
        ExprKind::Struct { fields } => fields.iter().any(|(_, e)| mentions(e, locals)),
        ExprKind::If { arms, otherwise } => {
            let arm = |b: &Block| block_mentions(b, locals);
            arms.iter().any(|a| mentions(&a.condition, locals) || arm(&a.body)) || otherwise.as_ref().is_some_and(arm)
        }
        ExprKind::Block(block) => block_mentions(block, locals),
    }
}

fn args_mention(args: &[Arg], locals: &[LocalId]) -> bool {
    args.iter().any(|arg| match arg {
        Arg::Value(e) => mentions(e, locals),
        Arg::Lent(place) => locals.contains(&place.local),
    })
}

/// Blocks are taken to mention what their value mentions.
fn block_mentions(block: &Block, locals: &[LocalId]) -> bool {
    !block.stmts.is_empty() || block.value.as_ref().is_some_and(|e| mentions(e, locals))
}
