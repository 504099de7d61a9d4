//! Functions that a host registered: known in programs by their signatures alone.
//!
//! In: a signature as the language writes it, `fn spring(x: f64, k: f64) -> f64`, and what it stands for. Out: [`HostFn`]s, whose names programs may use like those of the library; a program's own names come
//! before them, they come before the library's. They take scalars and arrays of floats, and give floats, arrays of them, or a tuple of such.
//!
//! What a host has runs in `f64`. Where its signature says `f32`, programs call a function of the language that converts what goes in and rounds what comes out, and derivatives flow through it as through any other:
//!
//! ```text
//! fn spring(x: f32, k: f64) -> f32        fn spring(x: f32, k: f64) -> f32 { let value = spring.f64(f64(x), k); f32(value) }
//!                                         fn spring.f64(x: f64, k: f64) -> f64, the host's
//! ```

use super::Checker;
use super::library::{self, Found};
use super::report::codes;
use crate::typed::{ExternalDef, FnId};
use adit_diag::{Diagnostic, FileId, Span};
use adit_syntax::ast::{Expr, ExprKind, FnItem, Item, ItemKind, Param, StmtKind, Type, TypeKind};
use std::sync::Arc;

/// A function of the host.
#[derive(Clone, Debug)]
pub struct HostFn {
    /// What programs call: the host's function with an empty body, or one that converts.
    pub item: FnItem,
    /// The host's function in `f64`, where programs call one that converts.
    double: Option<FnItem>,
    /// What the host's function stands for.
    external: ExternalDef,
}

impl HostFn {
    /// Reads a signature.
    ///
    /// # Errors
    /// What is wrong with it; spans point nowhere.
    pub fn new(signature: &str, external: ExternalDef) -> Result<HostFn, Vec<Diagnostic>> {
        let item = only_function(&format!("{signature} {{}}"))?;
        let refuse = |what: String| Err(vec![Diagnostic::new(codes::MISMATCH, Span::NONE, what)]);
        let name = &item.name.name;
        if let Some(p) = item.params.iter().find(|p| p.lent || !is_given(&p.ty)) {
            let what =
                format!("`{}`: a function of the host takes scalars and arrays of floats, by value", p.name.name);
            return refuse(what);
        }
        if !item.result.as_ref().is_some_and(is_taken) {
            return refuse(format!(
                "`{name}`: a function of the host gives floats, arrays of them, or a tuple of these"
            ));
        }
        if !mentions_single(&item) {
            return Ok(HostFn { item, double: None, external });
        }
        let double = Some(in_double(&item));
        Ok(HostFn { item: converting(item, signature)?, double, external })
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.item.name.name
    }
}

/// The two types of floats.
const FLOATS: [&str; 2] = ["f64", "f32"];

fn is_named(ty: &Type, names: &[&str]) -> bool {
    matches!(&ty.kind, TypeKind::Named { name, dims } if dims.is_empty() && names.contains(&&*name.name))
}

fn is_array(ty: &Type, names: &[&str]) -> bool {
    matches!(&ty.kind, TypeKind::Array { element, .. } if is_named(element, names))
}

fn is_given(ty: &Type) -> bool {
    is_named(ty, &["f64", "f32", "i64", "bool"]) || is_array(ty, &FLOATS)
}

fn is_taken(ty: &Type) -> bool {
    parts(ty).iter().all(|ty| is_named(ty, &FLOATS) || is_array(ty, &FLOATS)) && !parts(ty).is_empty()
}

/// The parts of a tuple, or the one type that it is not.
fn parts(ty: &Type) -> &[Type] {
    if let TypeKind::Tuple(items) = &ty.kind { items } else { std::slice::from_ref(ty) }
}

fn is_single(ty: &Type) -> bool {
    is_named(ty, &["f32"]) || is_array(ty, &["f32"])
}

fn mentions_single(item: &FnItem) -> bool {
    let result = item.result.as_ref().map_or(&[][..], parts);
    item.params.iter().map(|p| &p.ty).chain(result).any(is_single)
}

/// The same function with `f64` for every `f32`, under a name that no program can write.
fn in_double(item: &FnItem) -> FnItem {
    let mut item = item.clone();
    item.name.name = format!("{}.f64", item.name.name).into();
    item.params.iter_mut().for_each(|p| widen(&mut p.ty));
    item.result.iter_mut().for_each(widen);
    item
}

fn widen(ty: &mut Type) {
    match &mut ty.kind {
        TypeKind::Named { name, .. } if &*name.name == "f32" => name.name = "f64".into(),
        TypeKind::Array { element, .. } => widen(element),
        TypeKind::Tuple(items) => items.iter_mut().for_each(widen),
        TypeKind::Named { .. } | TypeKind::Fn { .. } | TypeKind::Error => {}
    }
}

/// The function that programs call: it converts for [`in_double`].
fn converting(item: FnItem, signature: &str) -> Result<FnItem, Vec<Diagnostic>> {
    let given = |p: &Param| if is_single(&p.ty) { format!("f64({})", p.name.name) } else { p.name.name.to_string() };
    let args: Vec<String> = item.params.iter().map(given).collect();
    let result = item.result.as_ref().map_or(&[][..], parts);
    let taken = |(k, ty): (usize, &Type)| if is_single(ty) { format!("f32(value.{k})") } else { format!("value.{k}") };
    let value = match &item.result {
        Some(Type { kind: TypeKind::Tuple(_), .. }) => {
            let items: Vec<String> = result.iter().enumerate().map(taken).collect();
            format!("({},)", items.join(", "))
        }
        _ if result.iter().any(is_single) => "f32(value)".to_owned(),
        _ => "value".to_owned(),
    };
    let body = format!("{{ let value = {}({}); {value} }}", item.name.name, args.join(", "));
    let mut item = only_function(&format!("{signature} {body}"))?;
    if let Some(StmtKind::Let { value: Expr { kind: ExprKind::Call { callee, .. }, .. }, .. }) =
        item.body.stmts.first_mut().map(|s| &mut s.kind)
    {
        callee.kind = ExprKind::Name(format!("{}.f64", item.name.name).into());
    }
    Ok(item)
}

/// The one function that a text is.
fn only_function(text: &str) -> Result<FnItem, Vec<Diagnostic>> {
    let parsed = adit_syntax::parse(FileId::NONE, text);
    if !parsed.diagnostics.is_empty() {
        return Err(parsed.diagnostics);
    }
    match <[Item; 1]>::try_from(parsed.file.items) {
        Ok([Item { kind: ItemKind::Fn(item), .. }]) => Ok(item),
        _ => Err(vec![Diagnostic::new(codes::MISMATCH, Span::NONE, "this is not the signature of one function")]),
    }
}

impl<'a> Checker<'a> {
    /// Whether a host registered a function of that name that is in sight.
    pub(super) fn is_host_function(&self, name: &str) -> bool {
        !self.in_library && self.hosts.iter().any(|host| **host.name() == *name)
    }

    /// The host's function of that name, added to the program at its first use. In the library only the functions that convert see one: that which they convert for.
    pub(super) fn host_function(&mut self, name: &str) -> Option<FnId> {
        let hosts: &'a [HostFn] = self.hosts;
        let inside = self.in_library;
        let (host, item) = hosts.iter().find_map(|host| {
            let item = if inside { host.double.as_ref()? } else { &host.item };
            (*item.name.name == *name).then_some((host, item))
        })?;
        let name = &*item.name.name;
        if let Some(&id) = self.host_ids.get(name) {
            return Some(id);
        }
        let external = (inside || host.double.is_none()).then(|| host.external.clone());
        let taken = self.function_names.contains_key(name) || library::find(name).is_some();
        let shown = if taken { format!("host.{name}").into() } else { item.name.name.clone() };
        let id = self.add_found(Found { name, item, docs: "", internal: false, external }, shown);
        self.host_ids.insert(name, id);
        Some(id)
    }
}
