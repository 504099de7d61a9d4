//! What is not lowered yet.
use super::env::Lowerer;
use super::values::{Sink, Val, Vals};
use crate::typed::*;
use adit_ir::Value;

impl Lowerer<'_> {
    fn not_yet(&mut self, e: &Expr) -> Vals {
        self.limit("arrays of this kind are not lowered yet".into());
        self.nothing(&e.ty)
    }
    pub(super) fn builtin(&mut self, e: &Expr, _: Builtin, _: &[Expr]) -> Vals {
        self.not_yet(e)
    }
    pub(super) fn reduce(&mut self, e: &Expr, _: Reduction, _: &Generator) -> Value {
        self.not_yet(e);
        self.bool(false)
    }
    pub(super) fn comprehension(&mut self, e: &Expr, _: &Generator) -> Vals {
        self.not_yet(e)
    }
    pub(super) fn comprehension_into(&mut self, e: &Expr, _: &Generator, _: &[Sink]) {
        self.not_yet(e);
    }
    pub(super) fn array_literal(&mut self, e: &Expr, _: &[usize], _: &[Expr]) -> Vals {
        self.not_yet(e)
    }
    pub(super) fn stack(&mut self, e: &Expr, _: &[Expr]) -> Vals {
        self.not_yet(e)
    }
    pub(super) fn matmul(&mut self, a: &Val, _: &Val) -> Val {
        a.clone()
    }
}
