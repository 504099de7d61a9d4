//! The derivatives that a program calls.
//!
//! In: requests, while functions are lowered. Out: one declaration for each, at the end of the module. Until all functions are there a declaration has a provisional name, beyond all
//! others; [`Declared::finish`] puts the real one into the calls. The same derivative is declared once.

use adit_diag::Span;
use adit_ir::{Derived, FuncId, Module};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;

/// Functions have fewer: entity counts are below this.
const FIRST: usize = 1 << 31;

/// What was requested so far.
#[derive(Debug, Default)]
pub(in super::super) struct Declared {
    inner: RefCell<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    known: FxHashMap<Derived, FuncId>,
    /// With the place of the first request.
    list: Vec<(Derived, Span)>,
}

impl Declared {
    /// The provisional name of a derivative; what it is of may have one too.
    pub(super) fn request(&self, derived: Derived, span: Span) -> FuncId {
        let Inner { known, list } = &mut *self.inner.borrow_mut();
        *known.entry(derived.clone()).or_insert_with(|| {
            list.push((derived, span));
            FuncId::new(FIRST + list.len() - 1)
        })
    }

    /// Declares all that was requested; the module has all functions.
    pub(in super::super) fn finish(self, module: &mut Module) {
        let list = self.inner.into_inner().list;
        if list.is_empty() {
            return;
        }
        let first = module.len();
        let actual = |id: FuncId| id.index().checked_sub(FIRST).map_or(id, |k| FuncId::new(first + k));
        for id in module.ids() {
            module.function_mut(id).redirect_calls(&actual);
        }
        let mut names: FxHashSet<String> = module.iter().map(|(_, f)| f.name.clone()).collect();
        for (derived, span) in list {
            let derived = Derived { of: actual(derived.of), ..derived };
            let base = format!("{}{}", module.function(derived.of).name, derived.suffix());
            let name = fresh(&base, &mut names);
            let mut f = derived.declare(module, name);
            f.span = span;
            module.push(f);
        }
    }
}

fn fresh(base: &str, names: &mut FxHashSet<String>) -> String {
    let mut name = base.to_owned();
    let mut count = 1;
    while !names.insert(name.clone()) {
        count += 1;
        name = format!("{base}_{count}");
    }
    name
}
