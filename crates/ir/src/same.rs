//! When two functions are the same program.
//!
//! In: two functions. Out: whether they differ in nothing but the numbering of their values, instructions and regions, and in spans. Names, order of instructions,
//! types, literals (by their bits) and callees (by their place in the module) count. Both are walked in step, so what neither lists does not count, and no
//! program is too large. It does not ask whether two programs mean the same.

use crate::entities::{FuncId, Inst, Region, Value};
use crate::func::{Function, Module};
use crate::inst::{Op, OperandMap};
use crate::types::{ArrayType, Int, Type};

/// Whether two modules have the same functions in the same order.
pub fn same_modules(a: &Module, b: &Module) -> bool {
    let rules = |(i, _): &(FuncId, _)| a.rules(*i) == b.rules(*i);
    a.len() == b.len() && a.iter().all(|f| rules(&f)) && a.iter().zip(b.iter()).all(|((_, f), (_, g))| same(f, g))
}

/// Whether two functions are equal but for numbering and spans. Regions are compared to the depth that [`crate::verify()`] allows.
pub fn same(a: &Function, b: &Function) -> bool {
    let mut pairs = Pairs { a, b, to: vec![None; a.value_count()], taken: vec![false; b.value_count()] };
    a.name == b.name
        && a.results == b.results
        && a.derived == b.derived
        && a.external == b.external
        && pairs.signatures()
        && pairs.regions(a.body, b.body, 0)
}

/// What of `a` has been met as what of `b`.
struct Pairs<'a> {
    a: &'a Function,
    b: &'a Function,
    to: Vec<Option<Value>>,
    taken: Vec<bool>,
}

impl Pairs<'_> {
    fn signatures(&mut self) -> bool {
        let (a, b) = (self.a, self.b);
        a.dims.len() == b.dims.len()
            && a.params.len() == b.params.len()
            && a.dims.iter().zip(&b.dims).all(|(&x, &y)| self.define(x, y))
            && (a.params.iter().zip(&b.params)).all(|(x, y)| x.passing == y.passing && self.define(x.value, y.value))
    }

    fn regions(&mut self, x: Region, y: Region, depth: usize) -> bool {
        let (x, y) = (self.a.region(x), self.b.region(y));
        depth <= crate::verify::MAX_NESTING
            && self.define_all(&x.params, &y.params)
            && x.insts.len() == y.insts.len()
            && (x.insts.iter().zip(&y.insts)).all(|(&i, &j)| self.insts(i, j, depth))
            && x.yields.len() == y.yields.len()
            && (x.yields.iter().zip(&y.yields)).all(|(&v, &w)| self.to[v.index()] == Some(w))
    }

    fn insts(&mut self, i: Inst, j: Inst, depth: usize) -> bool {
        let (x, y) = (self.a.inst(i), self.b.inst(j));
        let (inner, theirs) = (x.op.regions(), y.op.regions());
        if inner.len() != theirs.len() {
            return false;
        }
        let mut op = x.op.clone();
        op.map_operands(&Names(&self.to));
        set_regions(&mut op, &theirs);
        op == y.op
            && (inner.iter().zip(&theirs)).all(|(&r, &s)| self.regions(r, s, depth + 1))
            && self.define_all(&x.results, &y.results)
    }

    fn define_all(&mut self, x: &[Value], y: &[Value]) -> bool {
        x.len() == y.len() && x.iter().zip(y).all(|(&v, &w)| self.define(v, w))
    }

    fn define(&mut self, v: Value, w: Value) -> bool {
        let fresh = self.to[v.index()].is_none() && !self.taken[w.index()];
        let equal = self.types(self.a.ty(v), self.b.ty(w));
        self.to[v.index()] = Some(w);
        self.taken[w.index()] = true;
        fresh && equal
    }

    fn types(&self, x: &Type, y: &Type) -> bool {
        match x {
            Type::Scalar(_) | Type::Tape(_) => x == y,
            Type::Array(x) => {
                let dims = x.dims.iter().map(|&d| Names(&self.to).int(d)).collect();
                let element = x.element;
                *y == Type::Array(ArrayType { element, dims })
            }
        }
    }
}

/// Operands of `a` under the names of `b`.
struct Names<'a>(&'a [Option<Value>]);

impl OperandMap for Names<'_> {
    fn value(&self, v: Value) -> Value {
        // What is used before its definition has no counterpart: a name that no function reaches makes the comparison fail.
        let met = self.0.get(v.index()).copied().flatten();
        met.unwrap_or(Value::new(u32::MAX as usize))
    }

    fn int(&self, i: Int) -> Int {
        match i {
            Int::Const(c) => Int::Const(c),
            Int::Value(v) => Int::Value(self.value(v)),
        }
    }
}

/// Gives an operation other regions, as many as it has.
pub fn set_regions(op: &mut Op, regions: &[Region]) {
    match (op, regions) {
        (Op::If { then, otherwise, .. }, &[r, s]) => (*then, *otherwise) = (r, s),
        (Op::For { body, .. }, &[r]) => *body = r,
        (Op::While { cond, body, .. }, &[r, s]) => (*cond, *body) = (r, s),
        // No other operation owns regions, so there is nothing to set.
        (_, _) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::{Bounds, Builder};
    use crate::copy::{Copier, Plain};
    use crate::func::Passing;
    use crate::inst::Const;
    use crate::types::ScalarType;
    use adit_diag::Span;

    fn sum() -> Function {
        let mut b = Builder::new("sum", Span::default());
        let n = b.dim();
        let ty = Type::Array(ArrayType { element: ScalarType::F64, dims: [Int::Value(n)].into_iter().collect() });
        let x = b.param(ty, Passing::ByValue);
        let zero = b.f64(0.0);
        let body = b.open(&[Type::I64, Type::F64]);
        let i = b.func().region(body).params[0];
        let loaded = b.load(x, &[i.into()]);
        let body = b.close(&[loaded]);
        let last = b.for_(Bounds::up_to(n.into()), &[zero], body);
        let last = b.results(last);
        b.finish(&last)
    }

    /// The same program after dead values, with other numbers.
    fn renumbered(f: &Function) -> Function {
        let mut b = Builder::new(f.name.clone(), Span::default());
        b.func_mut().add_value(Type::BOOL);
        b.func_mut().add_region();
        let mut copier = Copier::new(f);
        copier.copy_signature(&mut b);
        let results = copier.copy_insts(&mut Plain, &mut b, f.body);
        b.finish(&results)
    }

    #[test]
    fn numbering_does_not_count() {
        assert!(same(&sum(), &renumbered(&sum())));
    }

    #[test]
    fn everything_else_does() {
        let zero = |f: &Function| f.region(f.body).insts[0];
        let change = |change: &dyn Fn(&mut Function)| {
            let mut f = renumbered(&sum());
            change(&mut f);
            same(&sum(), &f)
        };
        assert!(!change(&|f| f.name.push('x')));
        assert!(!change(&|f| f.results[0] = ScalarType::I64));
        assert!(!change(&|f| f.params[0].passing = Passing::Mut));
        assert!(!change(&|f| f.inst_mut(zero(f)).op = Op::Const(Const::F64(-0.0))));
        assert!(!change(&|f| {
            let (body, v) = (f.body, f.inst(zero(f)).results[0]);
            f.region_mut(body).yields[0] = v;
        }));
        assert!(!change(&|f| {
            let (body, inst) = (f.body, zero(f));
            f.region_mut(body).insts.push(inst);
        }));
        assert!(!change(&|f| {
            let (dim, x) = (f.dims[0], f.params[0].value);
            f.set_ty(dim, Type::F64);
            f.set_ty(x, Type::F64);
        }));
    }
}
