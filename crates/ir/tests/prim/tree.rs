//! Expressions that can be differentiated again, as forward mode would: the tangent of a primitive is the sum of strong products of tangents and partials.

use adit_ir::prim::{ComplexScalar, Expr, Partial};
use adit_ir::{CmpOp, Prim, Scalar, ScalarType};
use std::rc::Rc;

/// An [`Expr`] on the heap.
pub enum Tree {
    Arg(u8),
    F64(f64),
    I64(i64),
    Apply(Prim, Vec<Rc<Tree>>),
    Select(CmpOp, [Rc<Tree>; 4]),
}

/// The row itself, applied to its operands.
pub fn of_row(prim: Prim) -> Rc<Tree> {
    let args = (0..prim.row().arity()).map(|i| Rc::new(Tree::Arg(i as u8))).collect();
    Rc::new(Tree::Apply(prim, args))
}

/// The derivative in an operand; none if it is zero by structure.
pub fn derivative(tree: &Rc<Tree>, operand: u8) -> Option<Rc<Tree>> {
    match &**tree {
        Tree::Arg(i) => (*i == operand).then(|| Rc::new(Tree::F64(1.0))),
        Tree::F64(_) | Tree::I64(_) => None,
        Tree::Apply(prim, args) => {
            let terms = args.iter().zip(prim.row().partials).filter_map(|(arg, partial)| match partial {
                Partial::NotFloat | Partial::Zero => None,
                Partial::Expr(e) => {
                    let tangent = derivative(arg, operand)?;
                    Some(Rc::new(Tree::Apply(Prim::Smul, vec![tangent, instantiate(e, args, tree)])))
                }
            });
            terms.reduce(|a, b| Rc::new(Tree::Apply(Prim::Add, vec![a, b])))
        }
        Tree::Select(cmp, [a, b, then, otherwise]) => {
            let zero = || Rc::new(Tree::F64(0.0));
            match (derivative(then, operand), derivative(otherwise, operand)) {
                (None, None) => None,
                (t, o) => Some(Rc::new(Tree::Select(
                    *cmp,
                    [a.clone(), b.clone(), t.unwrap_or_else(zero), o.unwrap_or_else(zero)],
                ))),
            }
        }
    }
}

fn instantiate(e: &Expr, args: &[Rc<Tree>], result: &Rc<Tree>) -> Rc<Tree> {
    let go = |e: &Expr| instantiate(e, args, result);
    Rc::new(match e {
        Expr::Arg(i) => return args[usize::from(*i)].clone(),
        Expr::Result => return result.clone(),
        Expr::F64(c) => Tree::F64(*c),
        Expr::I64(n) => Tree::I64(*n),
        Expr::Apply(prim, operands) => Tree::Apply(*prim, operands.iter().map(go).collect()),
        Expr::Select { cmp, a, b, then, otherwise } => Tree::Select(*cmp, [go(a), go(b), go(then), go(otherwise)]),
    })
}

/// The value in complex numbers; real operands give it real.
pub fn evaluate(tree: &Tree, args: &[ComplexScalar]) -> ComplexScalar {
    let float = args.iter().map(|a| a.ty()).find(|ty| ty.is_float()).unwrap_or(ScalarType::F64);
    evaluate_at(float, tree, args)
}

fn evaluate_at(float: ScalarType, tree: &Tree, args: &[ComplexScalar]) -> ComplexScalar {
    match tree {
        Tree::Arg(i) => args[usize::from(*i)],
        Tree::F64(c) => Scalar::float(float, *c).into(),
        Tree::I64(n) => ComplexScalar::I64(*n),
        Tree::Apply(prim, operands) => {
            let values: Vec<_> = operands.iter().map(|o| evaluate_at(float, o, args)).collect();
            prim.at(float).apply_complex(&values).expect("partials do not trap")
        }
        Tree::Select(cmp, [a, b, then, otherwise]) => {
            let taken = if cmp.holds(re(evaluate_at(float, a, args)), re(evaluate_at(float, b, args))) {
                then
            } else {
                otherwise
            };
            evaluate_at(float, taken, args)
        }
    }
}

/// The value in floats; 0 for a structural zero.
pub fn number(tree: Option<&Rc<Tree>>, at: &[Scalar]) -> f64 {
    let args: Vec<ComplexScalar> = at.iter().map(|s| (*s).into()).collect();
    tree.map_or(0.0, |t| re(evaluate(t, &args)))
}

pub fn re(z: ComplexScalar) -> f64 {
    z.real().as_float().expect("a float")
}
