//! Which derivatives of a primitive are zero by structure.
//!
//! In: the partials of a row of the table of primitives. Out: [`Structure`]: in which operands the row has a derivative, and in which pairs of operands a second one. Nothing is said here of any primitive: a second
//! derivative may be there if the partial in one operand, an expression in primitives, depends on the other differentiably.
//!
//! ```text
//! mul: partials y, x          → first: both      second: (x, y)
//! div: partials 1/y, -r/y     → first: both      second: (x, y), (y, y)
//! abs: partial sign(x)        → first: x         second: none, for sign has no derivative
//! ```

use adit_ir::Prim;
use adit_ir::prim::{Expr, Partial};
use std::sync::OnceLock;

/// No primitive has more operands.
pub(crate) const MAX_ARITY: usize = 3;

/// Operands.
type Mask = [bool; MAX_ARITY];

/// Where a primitive may have derivatives that are not zero.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Structure {
    pub(crate) first: Mask,
    /// Symmetric.
    pub(crate) second: [Mask; MAX_ARITY],
}

impl Structure {
    /// That of a primitive.
    pub(crate) fn of(prim: Prim) -> Structure {
        static ALL: OnceLock<Vec<Structure>> = OnceLock::new();
        let all = ALL.get_or_init(|| Prim::ALL.iter().map(|&prim| Structure::read(prim)).collect());
        all[prim as usize]
    }

    fn read(prim: Prim) -> Structure {
        let mut structure = Structure::default();
        for (operand, partial) in prim.row().partials.iter().enumerate() {
            structure.first[operand] = is_there(partial);
        }
        for (i, partial) in prim.row().partials.iter().enumerate() {
            let Partial::Expr(partial) = partial else { continue };
            let on = reached(partial, structure.first);
            for j in (0..MAX_ARITY).filter(|&j| on[j] && structure.first[j]) {
                structure.second[i][j] = true;
                structure.second[j][i] = true;
            }
        }
        structure
    }
}

fn is_there(partial: &Partial) -> bool {
    match partial {
        Partial::NotFloat | Partial::Zero => false,
        Partial::Expr(_) => true,
    }
}

/// The operands of a row on which an expression depends differentiably; `result` are those on which the row itself does.
fn reached(e: &Expr, result: Mask) -> Mask {
    match e {
        Expr::F64(_) | Expr::I64(_) => Mask::default(),
        Expr::Arg(i) => std::array::from_fn(|operand| operand == usize::from(*i)),
        Expr::Result => result,
        Expr::Apply(prim, operands) => {
            let partials = prim.row().partials.iter();
            let through = operands.iter().zip(partials).filter(|(_, partial)| is_there(partial));
            through.fold(Mask::default(), |mask, (operand, _)| either(mask, reached(operand, result)))
        }
        Expr::Select { then, otherwise, .. } => either(reached(then, result), reached(otherwise, result)),
    }
}

fn either(a: Mask, b: Mask) -> Mask {
    std::array::from_fn(|i| a[i] || b[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_is_linear_in_what() {
        let pairs = |prim| {
            let Structure { second, .. } = Structure::of(prim);
            let all = (0..MAX_ARITY).flat_map(|i| (i..MAX_ARITY).map(move |j| (i, j)));
            all.filter(|&(i, j)| second[i][j]).collect::<Vec<_>>()
        };
        assert_eq!(pairs(Prim::Add), []);
        assert_eq!(pairs(Prim::Mul), [(0, 1)]);
        assert_eq!(pairs(Prim::Div), [(0, 1), (1, 1)]);
        assert_eq!(pairs(Prim::Sin), [(0, 0)]);
        assert_eq!(pairs(Prim::Abs), []);
        assert_eq!(pairs(Prim::Max), []);
        assert_eq!(pairs(Prim::Hypot), [(0, 0), (0, 1), (1, 1)]);
        assert_eq!(pairs(Prim::Exp), [(0, 0)], "a partial that is the result depends on what that does");
        assert_eq!(pairs(Prim::Powi), [(0, 0)], "nothing has a derivative in an integer");
        assert_eq!(Structure::of(Prim::Floor).first, [false; 3]);
        assert_eq!(Structure::of(Prim::Stopgrad).first, [false; 3]);
    }
}
