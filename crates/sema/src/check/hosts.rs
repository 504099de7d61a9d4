//! Functions that a host registered: known in programs by their signatures alone.
//!
//! In: a signature as the language writes it, `fn spring(x: f64, k: f64) -> f64`, and what it stands for. Out: [`HostFn`]s, whose names programs may use like those of the library; a program's own names come
//! before them, they come before the library's. They take scalars and arrays of `f64`, and give `f64`s, arrays of them, or a tuple of such.

use super::Checker;
use super::library::Found;
use super::report::codes;
use crate::typed::{ExternalDef, FnId};
use adit_diag::{Diagnostic, FileId, Span};
use adit_syntax::ast::{FnItem, Item, ItemKind, Type, TypeKind};
use std::sync::Arc;

/// A function of the host.
#[derive(Clone, Debug)]
pub struct HostFn {
    /// Its signature, with an empty body.
    pub item: FnItem,
    /// What it stands for.
    pub external: ExternalDef,
}

impl HostFn {
    /// Reads a signature.
    ///
    /// # Errors
    /// What is wrong with it; spans point nowhere.
    pub fn new(signature: &str, external: ExternalDef) -> Result<HostFn, Vec<Diagnostic>> {
        let parsed = adit_syntax::parse(FileId::NONE, &format!("{signature} {{}}"));
        if !parsed.diagnostics.is_empty() {
            return Err(parsed.diagnostics);
        }
        let refuse = |what: String| Err(vec![Diagnostic::new(codes::MISMATCH, Span::NONE, what)]);
        let Ok([Item { kind: ItemKind::Fn(item), .. }]) = <[Item; 1]>::try_from(parsed.file.items) else {
            return refuse(format!("`{signature}` is not the signature of one function"));
        };
        let name = &item.name.name;
        if let Some(p) = item.params.iter().find(|p| p.lent || !is_given(&p.ty)) {
            let what = format!("`{}`: a function of the host takes scalars and arrays of `f64`, by value", p.name.name);
            return refuse(what);
        }
        if !item.result.as_ref().is_some_and(is_taken) {
            return refuse(format!("`{name}`: a function of the host gives `f64`, arrays of it, or a tuple of these"));
        }
        Ok(HostFn { item, external })
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.item.name.name
    }
}

fn is_named(ty: &Type, names: &[&str]) -> bool {
    matches!(&ty.kind, TypeKind::Named { name, dims } if dims.is_empty() && names.contains(&&*name.name))
}

fn is_array(ty: &Type) -> bool {
    matches!(&ty.kind, TypeKind::Array { element, .. } if is_named(element, &["f64"]))
}

fn is_given(ty: &Type) -> bool {
    is_named(ty, &["f64", "i64", "bool"]) || is_array(ty)
}

fn is_taken(ty: &Type) -> bool {
    let one = |ty: &Type| is_named(ty, &["f64"]) || is_array(ty);
    one(ty) || matches!(&ty.kind, TypeKind::Tuple(items) if !items.is_empty() && items.iter().all(one))
}

impl<'a> Checker<'a> {
    /// The host's function of that name, added to the program at its first use.
    pub(super) fn host_function(&mut self, name: &str) -> Option<FnId> {
        if self.in_library {
            return None;
        }
        let hosts: &'a [HostFn] = self.hosts;
        let host = hosts.iter().find(|host| **host.name() == *name)?;
        let external = Some(host.external.clone());
        self.add_library(Found { name: host.name(), item: &host.item, docs: "", internal: false, external })
    }
}
