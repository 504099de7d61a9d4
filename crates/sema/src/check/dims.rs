//! Dimensions as polynomials: what two extents say about each other.
//!
//! In: [`DimExpr`]s. Out: whether two are the same for every value of their names, differ by a constant, or can't be told apart ([`compare`]); and shorter equal
//! expressions ([`tidy`]).
//!
//! ```text
//! d * (d + 1) / 2   and   (d + d * d) / 2     the same
//! n - 1             and   n                   differ by 1
//! n                 and   m                   unknown
//! ```
//!
//! Arithmetic wraps, as it does when the program runs; a quotient or remainder that is not of two numbers is an atom. What grows too large is unknown, so every
//! operation here takes bounded time. It deliberately does not use inequalities, such as that extents are not negative.

use crate::typed::{DimExpr, FnTy, FnTyParam, LocalId, Ty};
use adit_ir::{Prim, ScalarType};
use std::cell::RefCell;
use std::sync::LazyLock;

/// Expressions of more nodes are not kept in types.
const MAX_NODES: usize = 64;
/// Polynomials of more terms are not made.
const MAX_TERMS: usize = 32;
/// Products of more factors are not made.
const MAX_DEGREE: usize = 8;

/// A factor without inner structure.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Atom {
    Local(LocalId),
    Struct(u32),
    /// A quotient or remainder.
    Opaque(Prim, Box<[Poly; 2]>),
}

/// A sum of terms, each a sorted product of atoms with a coefficient that is not 0; sorted.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Poly(Vec<(Vec<Atom>, i64)>);

/// What is known of a local's value: that of an immutable `i64` whose initial value is itself an expression in locals.
pub(super) trait Values {
    /// The value of `local` in terms of others, if it is known.
    fn value(&self, local: LocalId) -> Option<&Poly>;
}

/// Two extents, compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    /// Equal, whatever the names stand for.
    Same,
    /// Never equal.
    Different,
    /// It depends, or is not known.
    Unknown,
}

/// Nothing is known of any local.
pub(super) struct NoValues;

impl Values for NoValues {
    fn value(&self, _: LocalId) -> Option<&Poly> {
        None
    }
}

/// Compares two extents.
pub(super) fn compare(a: &DimExpr, b: &DimExpr, values: &dyn Values) -> Comparison {
    match (a, b) {
        (DimExpr::Unknown, _) | (_, DimExpr::Unknown) => Comparison::Unknown,
        (DimExpr::Const(a), DimExpr::Const(b)) if a == b => Comparison::Same,
        (DimExpr::Const(_), DimExpr::Const(_)) => Comparison::Different,
        _ if a == b => Comparison::Same,
        _ => match (Poly::of(a, values), Poly::of(b, values)) {
            (Some(a), Some(b)) => a.compare(&b),
            _ => Comparison::Unknown,
        },
    }
}

/// An equal expression, in fewer nodes if it was long; unknown if it stays long.
pub(super) fn tidy(dim: DimExpr, values: &dyn Values) -> DimExpr {
    if nodes(&dim) <= 3 && !has_two_constants(&dim) {
        return dim;
    }
    let short = Poly::of(&dim, values).map(|p| p.expression());
    match short {
        Some(short) if nodes(&short) <= MAX_NODES => short,
        _ if nodes(&dim) <= MAX_NODES => dim,
        _ => DimExpr::Unknown,
    }
}

/// How large an expression is.
pub(super) fn nodes(dim: &DimExpr) -> usize {
    match dim {
        DimExpr::Const(_) | DimExpr::Local(_) | DimExpr::Struct(_) | DimExpr::Unknown => 1,
        DimExpr::Apply(_, args) => 1 + nodes(&args[0]) + nodes(&args[1]),
    }
}

fn has_two_constants(dim: &DimExpr) -> bool {
    matches!(dim, DimExpr::Apply(_, args) if matches!(**args, [DimExpr::Const(_), DimExpr::Const(_)])
        || args[0] == args[1]
        || args.contains(&DimExpr::Const(0)))
}

/// `a op b`, of bounded size.
pub(super) fn apply(op: Prim, a: DimExpr, b: DimExpr, values: &dyn Values) -> DimExpr {
    if a == DimExpr::Unknown || b == DimExpr::Unknown {
        return DimExpr::Unknown;
    }
    tidy(DimExpr::Apply(op, Box::new([a, b])), values)
}

/// Whether an expression is known and mentions only locals that `allowed` admits.
pub(super) fn is_within(dim: &DimExpr, allowed: &dyn Fn(LocalId) -> bool) -> bool {
    match dim {
        DimExpr::Const(_) | DimExpr::Struct(_) => true,
        DimExpr::Unknown => false,
        DimExpr::Local(local) => allowed(*local),
        DimExpr::Apply(_, args) => args.iter().all(|a| is_within(a, allowed)),
    }
}

/// The same extent in terms of the locals that `allowed` admits; unknown if it depends on others.
pub(super) fn outside(dim: &DimExpr, allowed: &dyn Fn(LocalId) -> bool, values: &dyn Values) -> DimExpr {
    let within = |dim: &DimExpr| is_within(dim, allowed);
    if within(dim) {
        return dim.clone();
    }
    let expanded = Poly::of(dim, values).map(|p| p.expression());
    expanded.filter(within).unwrap_or(DimExpr::Unknown)
}

/// The locals that a type mentions, in order, each as often as it is mentioned.
pub(super) fn locals_of(ty: &Ty) -> Vec<LocalId> {
    let found = RefCell::new(Vec::new());
    all_dims(ty, &|dim| {
        is_within(dim, &|local| {
            found.borrow_mut().push(local);
            true
        });
        true
    });
    found.into_inner()
}

/// Replaces names: locals and struct dimensions by what `replace` gives for them.
pub(super) fn substitute(dim: &DimExpr, replace: &dyn Fn(&DimExpr) -> DimExpr, values: &dyn Values) -> DimExpr {
    match dim {
        DimExpr::Const(_) | DimExpr::Unknown => dim.clone(),
        DimExpr::Local(_) | DimExpr::Struct(_) => replace(dim),
        DimExpr::Apply(op, args) => {
            let [a, b] = [0, 1].map(|i| substitute(&args[i], replace, values));
            apply(*op, a, b, values)
        }
    }
}

/// The same type with each dimension replaced.
pub(super) fn map_dims(ty: &Ty, map: &dyn Fn(&DimExpr) -> DimExpr) -> Ty {
    match ty {
        Ty::Scalar(_) | Ty::Fn(None) | Ty::Never => ty.clone(),
        Ty::Array { element, dims } => Ty::Array { element: *element, dims: dims.iter().map(map).collect() },
        Ty::Struct { id, dims } => Ty::Struct { id: *id, dims: dims.iter().map(map).collect() },
        Ty::Tuple(items) => Ty::Tuple(items.iter().map(|t| map_dims(t, map)).collect()),
        Ty::Fn(Some(function)) => {
            let param = |p: &FnTyParam| FnTyParam { lent: p.lent, ty: map_dims(&p.ty, map) };
            let params = function.params.iter().map(param).collect();
            Ty::Fn(Some(Box::new(FnTy { params, result: map_dims(&function.result, map) })))
        }
    }
}

/// Whether every dimension in a type satisfies `test`.
pub(super) fn all_dims(ty: &Ty, test: &dyn Fn(&DimExpr) -> bool) -> bool {
    match ty {
        Ty::Scalar(_) | Ty::Fn(None) | Ty::Never => true,
        Ty::Array { dims, .. } | Ty::Struct { dims, .. } => dims.iter().all(test),
        Ty::Tuple(items) => items.iter().all(|t| all_dims(t, test)),
        Ty::Fn(Some(function)) => {
            function.params.iter().all(|p| all_dims(&p.ty, test)) && all_dims(&function.result, test)
        }
    }
}

impl Poly {
    fn constant(c: i64) -> Poly {
        Poly(if c == 0 { Vec::new() } else { vec![(Vec::new(), c)] })
    }

    fn atom(atom: Atom) -> Poly {
        Poly(vec![(vec![atom], 1)])
    }

    /// The number, if there are no names in it.
    pub(super) fn as_constant(&self) -> Option<i64> {
        match self.0.as_slice() {
            [] => Some(0),
            [(atoms, c)] if atoms.is_empty() => Some(*c),
            _ => None,
        }
    }

    /// Whether it is short enough to be kept for a variable.
    pub(super) fn is_small(&self) -> bool {
        nodes(&self.expression()) <= MAX_NODES
    }

    /// The normal form, unless it is unknown or too large.
    pub(super) fn of(dim: &DimExpr, values: &dyn Values) -> Option<Poly> {
        match dim {
            DimExpr::Const(c) => Some(Poly::constant(*c)),
            DimExpr::Unknown => None,
            DimExpr::Struct(i) => Some(Poly::atom(Atom::Struct(*i))),
            DimExpr::Local(local) => Some(match values.value(*local) {
                Some(value) => value.clone(),
                None => Poly::atom(Atom::Local(*local)),
            }),
            DimExpr::Apply(op, args) => {
                let (a, b) = (Poly::of(&args[0], values)?, Poly::of(&args[1], values)?);
                a.apply(*op, b)
            }
        }
    }

    fn apply(self, op: Prim, other: Poly) -> Option<Poly> {
        match (arithmetic(op)?, self.as_constant(), other.as_constant()) {
            (Arithmetic::Add, _, _) => self.add(&other, 1),
            (Arithmetic::Sub, _, _) => self.add(&other, -1),
            (Arithmetic::Mul, _, _) => self.multiply(&other),
            (Arithmetic::Div | Arithmetic::Rem, _, Some(0)) => None,
            (Arithmetic::Div, Some(a), Some(b)) => Some(Poly::constant(a.wrapping_div(b))),
            (Arithmetic::Rem, Some(a), Some(b)) => Some(Poly::constant(a.wrapping_rem(b))),
            (Arithmetic::Div, _, Some(1)) => Some(self),
            (Arithmetic::Div | Arithmetic::Rem, _, _) => Some(Poly::atom(Atom::Opaque(op, Box::new([self, other])))),
        }
    }

    fn add(mut self, other: &Poly, factor: i64) -> Option<Poly> {
        for (atoms, c) in &other.0 {
            self.add_term(atoms.clone(), c.wrapping_mul(factor));
        }
        (self.0.len() <= MAX_TERMS).then_some(self)
    }

    fn add_term(&mut self, atoms: Vec<Atom>, c: i64) {
        match self.0.binary_search_by(|(have, _)| have.cmp(&atoms)) {
            Ok(at) => {
                self.0[at].1 = self.0[at].1.wrapping_add(c);
                if self.0[at].1 == 0 {
                    self.0.remove(at);
                }
            }
            Err(at) if c != 0 => self.0.insert(at, (atoms, c)),
            Err(_) => {}
        }
    }

    fn multiply(&self, other: &Poly) -> Option<Poly> {
        let mut product = Poly::default();
        for (left, a) in &self.0 {
            for (right, b) in &other.0 {
                if left.len() + right.len() > MAX_DEGREE || product.0.len() > MAX_TERMS {
                    return None;
                }
                let mut atoms: Vec<Atom> = left.iter().chain(right).cloned().collect();
                atoms.sort();
                product.add_term(atoms, a.wrapping_mul(*b));
            }
        }
        Some(product)
    }

    fn compare(self, other: &Poly) -> Comparison {
        match self.add(other, -1).map(|difference| difference.as_constant()) {
            Some(Some(0)) => Comparison::Same,
            Some(Some(_)) => Comparison::Different,
            Some(None) | None => Comparison::Unknown,
        }
    }

    /// An expression with this normal form: what is added first, then what is subtracted.
    pub(super) fn expression(&self) -> DimExpr {
        let negative = |c: i64| c < 0 && c != i64::MIN;
        let mut terms: Vec<_> = self.0.iter().collect();
        terms.sort_by_key(|(atoms, c)| (negative(*c), std::cmp::Reverse(atoms.len())));
        let mut sum: Option<DimExpr> = None;
        for (atoms, c) in terms {
            sum = Some(match sum {
                Some(sum) if negative(*c) => binary(Arithmetic::Sub, sum, product(atoms, -c)),
                Some(sum) => binary(Arithmetic::Add, sum, product(atoms, *c)),
                None => product(atoms, *c),
            });
        }
        sum.unwrap_or(DimExpr::Const(0))
    }
}

fn product(atoms: &[Atom], c: i64) -> DimExpr {
    let mut factors = atoms.iter().map(|atom| match atom {
        Atom::Local(local) => DimExpr::Local(*local),
        Atom::Struct(i) => DimExpr::Struct(*i),
        Atom::Opaque(op, args) => DimExpr::Apply(*op, Box::new([args[0].expression(), args[1].expression()])),
    });
    let first = match (c, factors.next()) {
        (c, None) => return DimExpr::Const(c),
        (1, Some(first)) => first,
        (c, Some(first)) => binary(Arithmetic::Mul, DimExpr::Const(c), first),
    };
    factors.fold(first, |a, b| binary(Arithmetic::Mul, a, b))
}

/// The operators that may stand in a dimension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

/// How the source writes them.
const SYMBOLS: [(Arithmetic, &str); 5] = [
    (Arithmetic::Add, "+"),
    (Arithmetic::Sub, "-"),
    (Arithmetic::Mul, "*"),
    (Arithmetic::Div, "/"),
    (Arithmetic::Rem, "%"),
];

/// Their rows of the primitive table, in the order of [`SYMBOLS`].
static ROWS: LazyLock<[Prim; 5]> = LazyLock::new(|| {
    SYMBOLS
        .map(|(_, symbol)| Prim::for_source(symbol, &[ScalarType::I64; 2]).expect("the table has integer arithmetic"))
});

impl Arithmetic {
    /// The row of the table.
    pub(super) fn prim(self) -> Prim {
        ROWS[self as usize]
    }
}

fn arithmetic(prim: Prim) -> Option<Arithmetic> {
    ROWS.iter().position(|row| *row == prim).map(|i| SYMBOLS[i].0)
}

/// The operator of a row that may stand in a dimension.
pub(super) fn symbol(prim: Prim) -> Option<&'static str> {
    arithmetic(prim).map(|op| SYMBOLS[op as usize].1)
}

/// Whether a row may stand in a dimension.
pub(super) fn is_arithmetic(prim: Prim) -> bool {
    arithmetic(prim).is_some()
}

fn binary(op: Arithmetic, a: DimExpr, b: DimExpr) -> DimExpr {
    DimExpr::Apply(op.prim(), Box::new([a, b]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(i: u32) -> DimExpr {
        DimExpr::Local(LocalId(i))
    }

    fn number(c: i64) -> DimExpr {
        DimExpr::Const(c)
    }

    use Arithmetic::{Add, Div, Mul, Rem, Sub};

    #[test]
    fn order_and_association_do_not_matter() {
        let d = || local(0);
        let a = binary(Div, binary(Mul, d(), binary(Add, d(), number(1))), number(2));
        let b = binary(Div, binary(Add, d(), binary(Mul, d(), d())), number(2));
        assert_eq!(compare(&a, &b, &NoValues), Comparison::Same);
    }

    #[test]
    fn a_constant_difference_is_decided_and_others_are_not() {
        let n_less = binary(Sub, local(0), number(1));
        assert_eq!(compare(&n_less, &local(0), &NoValues), Comparison::Different);
        assert_eq!(compare(&local(1), &local(0), &NoValues), Comparison::Unknown);
        assert_eq!(compare(&binary(Mul, number(2), local(0)), &local(0), &NoValues), Comparison::Unknown);
        assert_eq!(compare(&DimExpr::Unknown, &DimExpr::Unknown, &NoValues), Comparison::Unknown);
        assert_eq!(compare(&number(3), &number(4), &NoValues), Comparison::Different);
    }

    #[test]
    fn tidying_keeps_the_meaning() {
        let i_to_i3 = binary(Sub, binary(Add, local(0), number(3)), local(0));
        assert_eq!(tidy(i_to_i3, &NoValues), number(3));
        assert_eq!(tidy(binary(Div, number(7), number(2)), &NoValues), number(3));
        let kept = binary(Rem, number(7), number(0));
        assert_eq!(tidy(kept.clone(), &NoValues), kept);
        let n = tidy(binary(Sub, binary(Sub, local(0), number(1)), number(1)), &NoValues);
        assert_eq!(n, binary(Sub, local(0), number(2)));
    }

    #[test]
    fn growth_is_bounded() {
        let mut dim = local(0);
        for i in 1..200 {
            dim = apply(Add.prim(), dim, local(i), &NoValues);
        }
        assert_eq!(dim, DimExpr::Unknown);
        let mut dim = local(0);
        for _ in 0..100_000 {
            dim = apply(Sub.prim(), dim, number(1), &NoValues);
        }
        assert_eq!(dim, binary(Sub, local(0), number(100_000)));
    }
}
