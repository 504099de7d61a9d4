//! Variables of one function, and which of them a name means.
//!
//! In: declarations in the order of the source. Out: [`LocalId`]s, and the innermost one for a name. Entering and leaving a block costs what was declared in it, so
//! 100,000 declarations are no trouble.

use super::dims::{Poly, Values};
use super::functions::Kind;
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
    /// Whether it belongs to a lambda's whole body, although it was declared while that was checked: a capture, or a dimension of one or of a parameter.
    pub(super) lasting: bool,
    /// Which function it is, if it is one and that is known.
    pub(super) function: Option<Kind>,
}

/// The locals of a function and the names in scope.
#[derive(Default)]
pub(super) struct Scope {
    /// By [`LocalId`].
    pub(super) locals: Vec<LocalDef>,
    facts: Vec<Fact>,
    /// By [`LocalId`]: what it hid.
    shadows: Vec<Option<LocalId>>,
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
        let visible = &*local.name != "_";
        let name = local.name.clone();
        let id = self.declare_unseen(local, fact);
        if visible {
            let before = self.visible.insert(name.clone(), id);
            self.hidden.push((name, before));
            self.shadows[id.0 as usize] = before;
        }
        id
    }

    /// Declares a variable that no name means.
    pub(super) fn declare_unseen(&mut self, local: LocalDef, fact: Fact) -> LocalId {
        let id = self.next();
        self.locals.push(local);
        self.facts.push(fact);
        self.shadows.push(None);
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

    /// The local that a name meant when the next one was to be `limit`, at a place in a block that is still open.
    pub(super) fn find_before(&self, name: &str, limit: LocalId) -> Option<LocalId> {
        let mut found = self.find(name)?;
        while found >= limit {
            found = self.shadows[found.0 as usize]?;
        }
        Some(found)
    }

    /// Whether a local can be mentioned where only those before `first` are in scope.
    pub(super) fn outlives(&self, local: LocalId, first: LocalId) -> bool {
        local < first || self.fact(local).lasting
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
    fn what_a_name_meant_before_is_found() {
        let mut scope = Scope::default();
        let first = declare(&mut scope, "x");
        let limit = scope.next();
        declare(&mut scope, "x");
        scope.enter();
        declare(&mut scope, "x");
        assert_eq!(scope.find_before("x", limit), Some(first));
        assert_eq!(scope.find_before("x", first), None);
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
