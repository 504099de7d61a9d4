//! `stop_gradient` of what is no number and no array of floats.
//!
//! In: its argument. Out: the same value, in which every float is cut off from derivatives. The function of the table stops numbers and arrays of floats; structs and tuples are put together again from
//! their parts; integers and truth values have no derivative to stop.
//!
//! ```text
//! stop_gradient(p)        { let value = p; P { a: stop_gradient(value.a), k: value.k } }
//! ```

use super::body::Body;
use super::report::is_error;
use super::scope::Fact;
use crate::layout::field_type;
use crate::typed::{Block, Expr, ExprKind, LocalDef, Pattern, Stmt, StmtKind, Ty};
use adit_ir::Prim;

impl Body<'_, '_> {
    /// A value that is constant for every derivative.
    #[inline(never)]
    pub(super) fn stopped(&mut self, value: Expr) -> Expr {
        if !matches!(value.ty, Ty::Struct { .. } | Ty::Tuple(_)) {
            return stop_one(value);
        }
        let (span, ty) = (value.span, value.ty.clone());
        let mark = self.scope.enter();
        let def = LocalDef { name: "value".into(), ty: ty.clone(), mutable: false, span };
        let local = self.scope.declare(def, Fact::default());
        let read = Expr { span, ty: ty.clone(), kind: ExprKind::Local(local) };
        let together = self.stopped_parts(read);
        self.scope.leave(mark);
        let bind = StmtKind::Let { pattern: Pattern::Local(local), value, ascribed: None };
        let stmts = vec![Stmt { span, kind: bind }];
        let block = Block { span, stmts, value: Some(Box::new(together)), ty: ty.clone() };
        Expr { span, ty, kind: ExprKind::Block(block) }
    }

    /// What is read without effects, put together again from its parts.
    fn stopped_parts(&self, whole: Expr) -> Expr {
        let types: Vec<Ty> = match &whole.ty {
            // A mistake that has been told.
            ty if is_error(ty) => return whole,
            Ty::Tuple(items) => items.clone(),
            Ty::Struct { id, dims } => {
                self.checker.structs[id.0 as usize].fields.iter().map(|field| field_type(field, dims)).collect()
            }
            Ty::Scalar(_) | Ty::Array { .. } | Ty::Fn(_) | Ty::Never => return stop_one(whole),
        };
        let part = |(index, ty): (u32, Ty)| {
            let kind = ExprKind::Field { base: Box::new(whole.clone()), index };
            self.stopped_parts(Expr { span: whole.span, ty, kind })
        };
        let parts = (0..).zip(types).map(part);
        let kind = match &whole.ty {
            Ty::Struct { .. } => ExprKind::Struct { fields: (0..).zip(parts).collect() },
            Ty::Tuple(_) | Ty::Scalar(_) | Ty::Array { .. } | Ty::Fn(_) | Ty::Never => ExprKind::Tuple(parts.collect()),
        };
        Expr { span: whole.span, ty: whole.ty.clone(), kind }
    }
}

/// A number or an array.
fn stop_one(e: Expr) -> Expr {
    match &e.ty {
        Ty::Scalar(s) | Ty::Array { element: s, .. } if s.is_float() => {
            Expr { span: e.span, ty: e.ty.clone(), kind: ExprKind::Prim { prim: Prim::Stopgrad, args: vec![e] } }
        }
        Ty::Scalar(_) | Ty::Array { .. } | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => e,
    }
}
