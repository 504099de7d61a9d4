//! Subscripts and places: reading parts of values, assigning them, lending them.
//!
//! In: subscripts and places of the tree. Out: values, or changed variables. Subscripts are evaluated from left to right, once, and before the right-hand side; a slice must
//! lie within its dimension as soon as it is evaluated, a position when the element is read or written.

use super::elementwise::{mismatch, same_dims};
use super::exprs::binary;
use super::number::{Array, Value};
use super::{Eval, Machine};
use adit_diag::Span;
use adit_ir::{RunError, Trap};
use adit_sema::typed::{BinOp, Expr, ExprKind, LocalId, Place, Step, Subscript, SubscriptKind};

/// A subscript, evaluated.
#[derive(Clone, Copy)]
pub(super) enum Chosen {
    /// One position, perhaps out of range.
    At(i64),
    /// A part, within range.
    Part { lo: usize, len: usize },
}

/// A place, its subscripts evaluated.
pub(super) struct Target<'p> {
    local: LocalId,
    path: Vec<Way>,
    place: &'p Place,
}

enum Way {
    Field(u32),
    Index(Vec<Chosen>),
}

impl<'p> Machine<'p, '_> {
    pub(super) fn index(&mut self, e: &'p Expr, base: &'p Expr, subscripts: &'p [Subscript]) -> Eval<Value> {
        if let (Some(_), true) = (self.variable(base), subscripts.iter().all(no_effect)) {
            // The same without a copy: nothing can change the variable meanwhile.
            let dims = self.variable(base).map(|v| v.array().dims.clone()).unwrap_or_default();
            let chosen = self.choose(subscripts, &dims)?;
            let array = self.variable(base).expect("it was there").array();
            return Ok(read(array, &chosen, e.span)?);
        }
        let array = self.expr(base)?.into_array();
        let chosen = self.choose(subscripts, &array.dims)?;
        Ok(read(&array, &chosen, e.span)?)
    }

    /// The value of a variable or of a field of one, where the expression is no more than that.
    fn variable(&self, e: &Expr) -> Option<&Value> {
        if let ExprKind::Local(local) = &e.kind {
            Some(self.local(*local))
        } else if let ExprKind::Field { base, index } = &e.kind {
            Some(self.variable(base)?.field(*index))
        } else {
            None
        }
    }

    fn choose(&mut self, subscripts: &'p [Subscript], dims: &[usize]) -> Eval<Vec<Chosen>> {
        let pairs = subscripts.iter().zip(dims);
        pairs.map(|(subscript, &dim)| self.choose_one(subscript, dim)).collect()
    }

    fn choose_one(&mut self, subscript: &'p Subscript, dim: usize) -> Eval<Chosen> {
        match &subscript.kind {
            SubscriptKind::Index(e) => Ok(Chosen::At(self.expr(e)?.int())),
            SubscriptKind::Slice { lo, hi, inclusive } => {
                let lo = lo.as_ref().map_or(Ok(0), |lo| self.expr(lo).map(|v| v.int()))?;
                let hi = hi.as_ref().map_or(Ok(dim as i64), |hi| self.expr(hi).map(|v| v.int()))?;
                let hi = hi.wrapping_add(i64::from(*inclusive));
                if lo < 0 || hi < lo || hi > dim as i64 {
                    return Err(RunError::with_details(Trap::BadSlice, subscript.span, [lo, hi]).into());
                }
                Ok(Chosen::Part { lo: lo as usize, len: (hi - lo) as usize })
            }
        }
    }

    /// Evaluates a place's subscripts.
    pub(super) fn target(&mut self, place: &'p Place) -> Eval<Target<'p>> {
        let mut path = Vec::new();
        for step in &place.path {
            path.push(match step {
                Step::Field(index) => Way::Field(*index),
                Step::Index(subscripts) => {
                    let array = path.iter().fold(self.local(place.local), |value, way| match way {
                        Way::Field(index) => value.field(*index),
                        Way::Index(_) => panic!("subscripts are the last step"),
                    });
                    let dims = array.array().dims.clone();
                    Way::Index(self.choose(subscripts, &dims)?)
                }
            });
        }
        Ok(Target { local: place.local, path, place })
    }

    /// What a place holds.
    pub(super) fn fetch(&self, target: &Target<'_>) -> Result<Value, RunError> {
        let mut value = self.local(target.local).clone();
        for way in &target.path {
            value = match way {
                Way::Field(index) => value.field(*index).clone(),
                Way::Index(chosen) => read(value.array(), chosen, target.place.span)?,
            };
        }
        Ok(value)
    }

    /// Stores a whole value of the place's shape, or a scalar in every element.
    pub(super) fn store(&mut self, target: &Target<'_>, value: &Value) -> Result<(), RunError> {
        let mut at = self.frame().locals[target.local.0 as usize].as_mut().expect("a place is declared");
        for way in &target.path {
            match way {
                Way::Field(index) => at = at.field_mut(*index),
                Way::Index(chosen) => return write(at.array_mut(), chosen, value, target.place.span),
            }
        }
        replace(at, value, target.place.span)
    }

    pub(super) fn assign(&mut self, place: &'p Place, op: Option<BinOp>, value: &'p Expr, span: Span) -> Eval<()> {
        let target = self.target(place)?;
        let value = self.expr(value)?;
        let value = match op {
            None => value,
            Some(op) => match (self.fetch(&target)?, value) {
                (Value::Scalar(old), Value::Scalar(new)) => Value::Scalar(binary(op, &old, &new, span)?),
                (old, new) => self.combine(op, &old, &new, span)?,
            },
        };
        Ok(self.store(&target, &value)?)
    }
}

/// Whether evaluating a subscript changes no variable.
fn no_effect(subscript: &Subscript) -> bool {
    match &subscript.kind {
        SubscriptKind::Index(e) => pure(e),
        SubscriptKind::Slice { lo, hi, .. } => lo.iter().chain(hi).all(pure),
    }
}

fn pure(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Local(_) => true,
        ExprKind::Prim { args, .. } => args.iter().all(pure),
        ExprKind::Binary { first, rest } => pure(first) && rest.iter().all(|link| pure(&link.rhs)),
        ExprKind::Field { base, .. } => pure(base),
        ExprKind::Index { base, subscripts } => pure(base) && subscripts.iter().all(no_effect),
        ExprKind::Function(_) => true,
        ExprKind::Call { .. } | ExprKind::CallValue { .. } | ExprKind::Derivative(_) => false,
        ExprKind::Builtin { .. } | ExprKind::Reduce { .. } => false,
        ExprKind::Comprehension(_) | ExprKind::Array { .. } | ExprKind::Stack(_) => false,
        ExprKind::Struct { .. } | ExprKind::Tuple(_) | ExprKind::If { .. } => false,
        ExprKind::Block(_) | ExprKind::Assert { .. } | ExprKind::Print(_) => false,
    }
}

/// Replaces a value by one of the same type; an array keeps its shape.
fn replace(at: &mut Value, value: &Value, span: Span) -> Result<(), RunError> {
    match (at, value) {
        (Value::Array(old), Value::Scalar(s)) => old.elements.fill(s.clone()),
        (Value::Array(old), Value::Array(new)) => {
            same_dims(&old.dims, &new.dims, span)?;
            *old = new.clone();
        }
        (Value::Tuple(old), Value::Tuple(new)) => {
            for (old, new) in old.iter_mut().zip(new) {
                replace(old, new, span)?;
            }
        }
        (old, new) => *old = new.clone(),
    }
    Ok(())
}

/// Every position in range, or the first that is not.
fn in_range(array: &Array, chosen: &[Chosen], span: Span) -> Result<(), RunError> {
    for (choice, &dim) in chosen.iter().zip(&array.dims) {
        if let Chosen::At(i) = *choice
            && (i < 0 || i >= dim as i64)
        {
            return Err(RunError::with_details(Trap::IndexOutOfRange, span, [i, dim as i64]));
        }
    }
    Ok(())
}

/// The extents of the part that is chosen; none if it is one element.
fn part_dims(chosen: &[Chosen]) -> Vec<usize> {
    let kept = chosen.iter().filter_map(|c| match c {
        Chosen::At(_) => None,
        Chosen::Part { len, .. } => Some(*len),
    });
    kept.collect()
}

/// Where the chosen elements stand in an array, row major by the part's own extents.
fn offsets(array: &Array, chosen: &[Chosen]) -> Vec<usize> {
    let mut found = vec![0];
    for (choice, &dim) in chosen.iter().zip(&array.dims) {
        let (lo, len) = match *choice {
            Chosen::At(i) => (i as usize, 1),
            Chosen::Part { lo, len } => (lo, len),
        };
        found = found.iter().flat_map(|&offset| (lo..lo + len).map(move |i| offset * dim + i)).collect();
    }
    found
}

fn read(array: &Array, chosen: &[Chosen], span: Span) -> Result<Value, RunError> {
    in_range(array, chosen, span)?;
    if let [Chosen::At(i)] = chosen {
        return Ok(Value::Scalar(array.elements[*i as usize].clone()));
    }
    let elements: Vec<_> = offsets(array, chosen).into_iter().map(|k| array.elements[k].clone()).collect();
    let dims = part_dims(chosen);
    if dims.is_empty() {
        return Ok(Value::Scalar(elements[0].clone()));
    }
    Ok(Value::Array(Array { element: array.element, dims, elements: elements.into() }))
}

fn write(array: &mut Array, chosen: &[Chosen], value: &Value, span: Span) -> Result<(), RunError> {
    in_range(array, chosen, span)?;
    let places = offsets(array, chosen);
    let elements = &mut *array.elements;
    match value {
        Value::Scalar(s) => places.into_iter().for_each(|k| elements[k] = s.clone()),
        Value::Array(part) => {
            let dims = part_dims(chosen);
            if let Some((&a, &b)) = dims.iter().zip(&part.dims).find(|(a, b)| a != b) {
                return Err(mismatch(a, b, span));
            }
            places.into_iter().zip(&part.elements).for_each(|(k, s)| elements[k] = s.clone());
        }
        Value::Tuple(_) | Value::Function(_) => panic!("arrays hold numbers"),
    }
    Ok(())
}
