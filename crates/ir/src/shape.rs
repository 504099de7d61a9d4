//! What a call checks about the sizes of its arrays.
//!
//! In: a function's signature. Out: [`Shapes`]: which parameter binds each dimension value, and which extents must then agree. The interpreter and compiled code
//! walk the same list in the same order, so they raise the same [`Trap::ShapeMismatch`](crate::Trap::ShapeMismatch) with the same words. Nothing here runs.
//!
//! For `func @f(v0: [f64; d0], v1: [f64; d0, 3])`: `d0` is bound by (parameter 0, axis 0); (1, 0) must equal `d0`; (1, 1) must equal 3.

use crate::entities::Value;
use crate::func::Function;
use crate::types::Int;
use std::collections::HashMap;

/// The text of the trap of a `copy` between arrays of different shapes. Its details are the first extents that differ: of the target, of the source.
pub const COPY: &str = "the two sides of a copy";

/// One extent of one array parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Extent {
    /// Which parameter.
    pub param: usize,
    /// Which dimension of it, outermost first.
    pub axis: usize,
}

/// What an extent must be equal to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Wanted {
    /// A literal of the signature.
    Literal(i64),
    /// The extent that bound the same dimension value.
    Same(Extent),
}

/// One comparison. The trap's details are what was wanted and what was found, in this order.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Check {
    /// What is compared.
    pub found: Extent,
    /// To what.
    pub wanted: Wanted,
}

impl Check {
    /// The text of the trap: `dimension 1 of argument 2 of `f``, counted from 1.
    pub fn what(&self, f: &Function) -> String {
        let Extent { param, axis } = self.found;
        format!("dimension {} of argument {} of `{}`", axis + 1, param + 1, f.name)
    }
}

/// How a function's dimension values are bound, and what must agree.
#[derive(Clone, Default, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Shapes {
    /// For each of [`Function::dims`], in its order, where its value comes from; `None` only in functions that do not verify.
    pub binds: Vec<Option<Extent>>,
    /// In order of parameters and axes.
    pub checks: Vec<Check>,
}

impl Shapes {
    /// Reads a signature.
    pub fn of(f: &Function) -> Self {
        let mut shapes = Shapes { binds: vec![None; f.dims.len()], checks: Vec::new() };
        let places: HashMap<Value, usize> = f.dims.iter().enumerate().map(|(i, &d)| (d, i)).collect();
        for (param, p) in f.params.iter().enumerate() {
            let dims = f.ty(p.value).array().map_or(&[][..], |a| &a.dims);
            for (axis, &dim) in dims.iter().enumerate() {
                shapes.mention(&places, Extent { param, axis }, dim);
            }
        }
        shapes
    }

    fn mention(&mut self, places: &HashMap<Value, usize>, found: Extent, dim: Int) {
        let wanted = match dim {
            Int::Const(c) => Wanted::Literal(c),
            Int::Value(v) => match places.get(&v).and_then(|&i| self.bind(i, found)) {
                Some(first) => Wanted::Same(first),
                None => return,
            },
        };
        self.checks.push(Check { found, wanted });
    }

    /// The extent that bound this dimension before; the first one to mention it binds it.
    fn bind(&mut self, index: usize, found: Extent) -> Option<Extent> {
        let bound = self.binds[index];
        if bound.is_none() {
            self.binds[index] = Some(found);
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::Builder;
    use crate::func::Passing;
    use crate::types::{ArrayType, ScalarType, Type};
    use adit_diag::Span;

    #[test]
    fn the_first_mention_binds_and_later_ones_are_checked() {
        let mut b = Builder::new("f", Span::default());
        let d = b.dim();
        let array = |dims: &[Int]| Type::Array(ArrayType { element: ScalarType::F64, dims: dims.into() });
        b.param(Type::F64, Passing::ByValue);
        b.param(array(&[d.into()]), Passing::ByValue);
        b.param(array(&[d.into(), Int::Const(3)]), Passing::Mut);
        let f = b.finish(&[]);
        let shapes = Shapes::of(&f);
        let at = |param, axis| Extent { param, axis };
        assert_eq!(shapes.binds, [Some(at(1, 0))]);
        let wanted: Vec<_> = shapes.checks.iter().map(|c| (c.found, c.wanted)).collect();
        assert_eq!(wanted, [(at(2, 0), Wanted::Same(at(1, 0))), (at(2, 1), Wanted::Literal(3))]);
        assert_eq!(shapes.checks[1].what(&f), "dimension 2 of argument 3 of `f`");
    }
}
