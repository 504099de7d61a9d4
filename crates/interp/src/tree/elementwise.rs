//! Arithmetic on whole arrays, as one loop.
//!
//! In: an expression whose value is an array made element by element. Out: the array. First its parts that are not element-wise are evaluated, from left to right, each once;
//! shapes are compared as soon as two meet; then each element is computed, in row-major order.

use super::exprs::{apply, binary, is_array, is_elementwise};
use super::number::{Array, Number, Value};
use super::{Eval, Machine};
use adit_diag::Span;
use adit_ir::{Prim, RunError, ScalarType, Trap};
use adit_sema::typed::{BinOp, Expr, ExprKind, Link, Ty};
use smallvec::SmallVec;

/// An element-wise expression with its parts evaluated.
enum Node {
    /// A scalar for every element.
    Repeated(Number),
    /// An array.
    Array(Array),
    /// A function of the table.
    Apply { prim: Prim, args: Vec<Node>, span: Span },
    /// Operators from left to right.
    Chain { first: Box<Node>, rest: Vec<(BinOp, Node, Span)> },
}

/// A node and its extents; none for a scalar.
type Shaped = (Node, Option<Vec<usize>>);

impl<'p> Machine<'p, '_> {
    pub(super) fn elementwise(&mut self, e: &'p Expr) -> Eval<Value> {
        let (node, dims) = self.node(e)?;
        let dims = dims.expect("an expression of array type has an array in it");
        self.elements(dims.iter().product(), e.span)?;
        Ok(Value::Array(compute(&node, element_type(&e.ty), dims)?))
    }

    fn node(&mut self, e: &'p Expr) -> Eval<Shaped> {
        if !is_elementwise(e) {
            return Ok(leaf(self.expr(e)?));
        }
        self.nesting += 1;
        if self.nesting > super::MAX_NESTING {
            return Err(self.too_deep(e.span).into());
        }
        let node = if let ExprKind::Prim { prim, args } = &e.kind {
            self.apply_node(*prim, args, e.span)
        } else if let ExprKind::Binary { first, rest } = &e.kind {
            self.chain_node(first, rest)
        } else {
            self.expr(e).map(leaf)
        };
        self.nesting -= 1;
        node
    }

    fn apply_node(&mut self, prim: Prim, args: &'p [Expr], span: Span) -> Eval<Shaped> {
        let mut dims = None;
        let mut nodes = Vec::new();
        for arg in args {
            let (node, more) = self.node(arg)?;
            dims = meet(dims, more, span)?;
            nodes.push(node);
        }
        Ok((Node::Apply { prim, args: nodes, span }, dims))
    }

    fn chain_node(&mut self, first: &'p Expr, rest: &'p [Link]) -> Eval<Shaped> {
        let strict = |link: &Link| is_array(&link.ty) && matches!(link.op, BinOp::Prim(_) | BinOp::Cmp(_));
        let fused = rest.iter().rposition(|link| !strict(link)).map_or(0, |last| last + 1);
        let (before, rest) = rest.split_at(fused);
        let (first, mut dims) = if before.is_empty() {
            self.node(first)?
        } else {
            let mut value = self.expr(first)?;
            for link in before {
                value = self.link(value, link)?;
            }
            leaf(value)
        };
        let mut links = Vec::new();
        for link in rest {
            let (node, more) = self.node(&link.rhs)?;
            dims = meet(dims, more, link.span)?;
            links.push((link.op, node, link.span));
        }
        Ok((Node::Chain { first: Box::new(first), rest: links }, dims))
    }

    /// An operator on two values of which at least one is an array.
    pub(super) fn combine(&mut self, op: BinOp, left: &Value, right: &Value, span: Span) -> Eval<Value> {
        let ((a, a_dims), (b, b_dims)) = (leaf(left.clone()), leaf(right.clone()));
        let dims = meet(a_dims, b_dims, span)?.expect("one side is an array");
        self.elements(dims.iter().product(), span)?;
        let element = if matches!(op, BinOp::Cmp(_)) { ScalarType::Bool } else { element_of(left) };
        let node = Node::Chain { first: Box::new(a), rest: vec![(op, b, span)] };
        Ok(Value::Array(compute(&node, element, dims)?))
    }
}

fn leaf(value: Value) -> Shaped {
    match value {
        Value::Scalar(s) => (Node::Repeated(s), None),
        Value::Array(a) => {
            let dims = a.dims.clone();
            (Node::Array(a), Some(dims))
        }
        Value::Tuple(_) | Value::Function(_) => panic!("a tuple has no elements"),
    }
}

/// The extents of an operation on two operands.
fn meet(a: Option<Vec<usize>>, b: Option<Vec<usize>>, span: Span) -> Result<Option<Vec<usize>>, RunError> {
    match (a, b) {
        (Some(a), Some(b)) => {
            same_dims(&a, &b, span)?;
            Ok(Some(a))
        }
        (a, b) => Ok(a.or(b)),
    }
}

pub(super) fn same_dims(a: &[usize], b: &[usize], span: Span) -> Result<(), RunError> {
    assert_eq!(a.len(), b.len(), "ranks are checked by types");
    match a.iter().zip(b).find(|(x, y)| x != y) {
        Some((&x, &y)) => Err(mismatch(x, y, span)),
        None => Ok(()),
    }
}

pub(super) fn mismatch(a: usize, b: usize, span: Span) -> RunError {
    RunError::with_details(Trap::ShapeMismatch("shapes".into()), span, [a as i64, b as i64])
}

fn compute(node: &Node, element: ScalarType, dims: Vec<usize>) -> Result<Array, RunError> {
    let count: usize = dims.iter().product();
    let elements = (0..count).map(|k| at(node, k)).collect::<Result<_, _>>()?;
    Ok(Array { element, dims, elements })
}

fn at(node: &Node, k: usize) -> Result<Number, RunError> {
    match node {
        Node::Repeated(n) => Ok(n.clone()),
        Node::Array(a) => Ok(a.elements[k].clone()),
        Node::Apply { prim, args, span } => {
            let mut numbers: SmallVec<[Number; 3]> = SmallVec::new();
            for arg in args {
                numbers.push(at(arg, k)?);
            }
            apply(*prim, &numbers, *span)
        }
        Node::Chain { first, rest } => {
            let mut value = at(first, k)?;
            for (op, right, span) in rest {
                value = match right {
                    Node::Repeated(n) => binary(*op, &value, n, *span)?,
                    Node::Array(a) => binary(*op, &value, &a.elements[k], *span)?,
                    Node::Apply { .. } | Node::Chain { .. } => binary(*op, &value, &at(right, k)?, *span)?,
                };
            }
            Ok(value)
        }
    }
}

pub(super) fn element_type(ty: &Ty) -> ScalarType {
    match ty {
        Ty::Array { element, .. } | Ty::Scalar(element) => *element,
        Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => panic!("{ty:?} has no elements"),
    }
}

fn element_of(value: &Value) -> ScalarType {
    match value {
        Value::Scalar(s) => s.ty(),
        Value::Array(a) => a.element,
        Value::Tuple(_) | Value::Function(_) => panic!("a tuple has no elements"),
    }
}
