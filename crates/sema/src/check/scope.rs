//! Variables of one function, and which of them a name means.
//!
//! In: declarations in the order of the source. Out: [`LocalId`]s, and the innermost one for a name. Entering and leaving a block costs what was declared in it, so
//! 100,000 declarations are no trouble.

use super::dims::{Poly, Values};
use crate::typed::{LocalDef, LocalId, Ty};
use adit_diag::Span;
use adit_ir::ScalarType;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What the checker knows of a local beside its definition.
#[derive(Clone, Default)]
pub(super) struct Fact {
    /// Its value, if it is an immutable `i64` and that is known in terms of others.
    pub(super) value: Option<Poly>,
    /// The integer literal it was declared with.
    pub(super) literal: Option<(Span, i64)>,
    /// Whether it is a parameter by value.
    pub(super) by_value: bool,
}

/// The locals of a function and the names in scope.
#[derive(Default)]
pub(super) struct Scope {
    /// By [`LocalId`].
    pub(super) locals: Vec<LocalDef>,
    facts: Vec<Fact>,
    visible: FxHashMap<Arc<str>, LocalId>,
    /// What each declaration hid, to be restored when its block ends.
    hidden: Vec<(Arc<str>, Option<LocalId>)>,
}

/// A block that was entered.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    hidden: usize,
    /// The first local declared in it.
    pub(super) first: LocalId,
}

impl Scope {
    /// The scope of a body: parameters and dimensions are declared.
    pub(super) fn with_locals(locals: &[LocalDef]) -> Scope {
        let mut scope = Scope::default();
        for local in locals {
            scope.declare(local.clone(), Fact::default());
        }
        scope
    }

    /// Declares a variable; it hides others of its name. `_` can't be found again.
    pub(super) fn declare(&mut self, local: LocalDef, fact: Fact) -> LocalId {
        let id = self.next();
        if &*local.name != "_" {
            let before = self.visible.insert(local.name.clone(), id);
            self.hidden.push((local.name.clone(), before));
        }
        self.locals.push(local);
        self.facts.push(fact);
        id
    }

    /// The id of the next local.
    pub(super) fn next(&self) -> LocalId {
        LocalId(u32::try_from(self.locals.len()).expect("a source of 4 GiB declares fewer"))
    }

    /// Starts a block.
    pub(super) fn enter(&self) -> Mark {
        Mark { hidden: self.hidden.len(), first: self.next() }
    }

    /// Ends a block.
    pub(super) fn leave(&mut self, mark: Mark) {
        while self.hidden.len() > mark.hidden {
            match self.hidden.pop() {
                Some((name, Some(before))) => self.visible.insert(name, before),
                Some((name, None)) => self.visible.remove(&name),
                None => None,
            };
        }
    }

    /// The local that a name means.
    pub(super) fn find(&self, name: &str) -> Option<LocalId> {
        self.visible.get(name).copied()
    }

    /// Its definition.
    pub(super) fn local(&self, id: LocalId) -> &LocalDef {
        &self.locals[id.0 as usize]
    }

    /// What is known of it.
    pub(super) fn fact(&self, id: LocalId) -> &Fact {
        &self.facts[id.0 as usize]
    }

    /// What is known of it, to be changed.
    pub(super) fn fact_mut(&mut self, id: LocalId) -> &mut Fact {
        &mut self.facts[id.0 as usize]
    }

    /// Whether it can stand in a dimension.
    pub(super) fn is_dimension(&self, id: LocalId) -> bool {
        let local = self.local(id);
        !local.mutable && local.ty == Ty::Scalar(ScalarType::I64)
    }

    /// All names in scope, in no particular order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.hidden.iter().rev().map(|(name, _)| &**name)
    }
}

impl Values for Scope {
    fn value(&self, local: LocalId) -> Option<&Poly> {
        self.facts.get(local.0 as usize).and_then(|f| f.value.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declare(scope: &mut Scope, name: &str) -> LocalId {
        let local = LocalDef { name: name.into(), ty: Ty::F64, mutable: false, span: Span::NONE };
        scope.declare(local, Fact::default())
    }

    #[test]
    fn blocks_hide_and_restore() {
        let mut scope = Scope::default();
        let outer = declare(&mut scope, "x");
        let mark = scope.enter();
        let inner = declare(&mut scope, "x");
        declare(&mut scope, "y");
        assert_eq!(scope.find("x"), Some(inner));
        scope.leave(mark);
        assert_eq!(scope.find("x"), Some(outer));
        assert_eq!(scope.find("y"), None);
        assert_eq!(scope.locals.len(), 3);
    }
}
