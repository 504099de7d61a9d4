//! Definitions: which names there are, what structs consist of, what functions take and give.
//!
//! In: the items of the file. Out: the tables of [`Checker`], and, once bodies are checked, the [`Program`]. A name defined twice keeps its first meaning; both
//! definitions are checked.

use super::body::Body;
use super::report::{codes, error};
use super::types::{DimNames, Found};
use super::{Checker, Function, Parameter, Signature, library};
use crate::typed::{DimExpr, FieldDef, FnDef, FnId, LocalDef, LocalId, Program, StructDef, StructId, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::Const;
use adit_syntax::ast::{self, ItemKind, TypeKind};
use rustc_hash::FxHashMap;
use std::rc::Rc;
use std::sync::Arc;

impl<'a> Checker<'a> {
    /// Fills the tables.
    pub(super) fn collect(&mut self, file: &'a ast::File) {
        self.imports = file.items.iter().any(|i| matches!(i.kind, ItemKind::Import(_)));
        self.names(file);
        self.constants(file);
        self.struct_fields(file);
        for item in &file.items {
            if let ItemKind::Fn(f) = &item.kind {
                let signature = self.signature(f);
                self.functions.push(Some(Rc::new(Function {
                    name: f.name.name.clone(),
                    docs: &item.docs,
                    is_library: false,
                    item: f,
                    external: None,
                    signature,
                })));
            }
        }
        self.rules();
    }

    /// Which names are defined, and what this build refuses.
    fn names(&mut self, file: &ast::File) {
        let mut seen = Seen::default();
        let mut functions = 0;
        for item in &file.items {
            match &item.kind {
                ItemKind::Fn(f) => {
                    if seen.value(self, &f.name) {
                        self.function_names.insert(f.name.name.clone(), FnId(functions));
                    }
                    functions += 1;
                }
                ItemKind::Struct(s) => {
                    if seen.ty(self, &s.name) {
                        self.struct_names.insert(s.name.name.clone(), StructId(self.structs.len() as u32));
                    }
                    self.structs.push(StructDef {
                        name: s.name.name.clone(),
                        dims: s.dims.iter().map(|d| d.name.clone()).collect(),
                        fields: Vec::new(),
                        span: s.name.span,
                    });
                }
                ItemKind::Const(c) => {
                    seen.value(self, &c.name);
                }
                // What could be imported is among the items; that this could not was said.
                ItemKind::Import(_) => self.reports.fail(),
            }
        }
    }

    fn struct_fields(&mut self, file: &ast::File) {
        let items = file.items.iter().filter_map(|i| match &i.kind {
            ItemKind::Struct(s) => Some(s),
            ItemKind::Fn(_) | ItemKind::Const(_) | ItemKind::Import(_) => None,
        });
        for (index, s) in items.enumerate() {
            self.duplicates(s.dims.iter(), "dimension");
            self.duplicates(s.fields.iter().map(|f| &f.name), "field");
            let names = StructDims { dims: &s.dims };
            let fields: Vec<FieldDef> = s
                .fields
                .iter()
                .map(|f| FieldDef { name: f.name.name.clone(), ty: self.resolve_value(&f.ty, &names, "a field") })
                .collect();
            self.bare_in_fields(s, &fields);
            self.structs[index].fields = fields;
        }
        self.weigh_structs();
    }

    /// A struct literal must be able to tell the dimensions from the fields' values.
    fn bare_in_fields(&mut self, s: &ast::StructItem, fields: &[FieldDef]) {
        let mut bare = vec![false; s.dims.len()];
        let mut broken = false;
        for field in fields {
            mark_bare(&field.ty, &mut bare, &mut broken);
        }
        let again = |i: usize| s.dims[..i].iter().any(|d| d.name == s.dims[i].name);
        for (_, dim) in s.dims.iter().enumerate().filter(|(i, _)| !bare[*i] && !again(*i) && !broken) {
            let message = format!("no field of `{}` has the plain dimension `{}`", s.name.name, dim.name);
            self.reports.push(
                Diagnostic::new(codes::UNBOUND_DIMENSION, dim.span, message)
                    .note("the dimensions of a struct value are told from the arrays in its fields"),
            );
        }
    }

    /// Says which names occur twice in one list; `_` may.
    pub(super) fn duplicates<'i>(&mut self, names: impl Iterator<Item = &'i ast::Ident>, what: &str) {
        let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
        for ident in names {
            match seen.get(&*ident.name) {
                _ if &*ident.name == "_" => {}
                Some(&first) => self.defined_twice(ident, first, what),
                None => {
                    seen.insert(&ident.name, ident.span);
                }
            }
        }
    }

    pub(super) fn defined_twice(&mut self, ident: &ast::Ident, first: Span, what: &str) {
        let message = format!("the {what} `{}` is defined twice", ident.name);
        self.reports.push(
            Diagnostic::new(codes::DEFINED_TWICE, ident.span, message)
                .here("defined again here")
                .label(first, "first defined here"),
        );
    }

    /// What a function takes and gives.
    fn signature(&mut self, f: &ast::FnItem) -> Signature {
        self.duplicates(f.params.iter().map(|p| &p.name), "parameter");
        let mut locals: Vec<LocalDef> = f.params.iter().map(parameter_local).collect();
        let names = FnDims::new(self, f, &mut locals);
        for (index, p) in f.params.iter().enumerate() {
            locals[index].ty = self.param_type(&p.ty, p.lent, &names);
        }
        let result = f.result.as_ref().map_or_else(Ty::unit, |ty| self.resolve_value(ty, &names, "a result"));
        let params = f.params.iter().zip(&locals).map(|(p, local)| Parameter {
            name: p.name.name.clone(),
            lent: p.lent,
            ty: local.ty.clone(),
            span: p.span,
        });
        Signature {
            params: params.collect(),
            dims: (f.params.len()..locals.len()).map(|i| LocalId(i as u32)).collect(),
            result,
            locals,
        }
    }

    /// The library function of that name, added to the program at its first use.
    pub(super) fn library_function(&mut self, name: &str) -> Option<FnId> {
        let inside = self.in_library;
        let found = library::find(name).filter(|found| inside || !found.internal)?;
        self.add_library(found)
    }

    /// A library function that another one of the library needs.
    pub(super) fn library_function_of(&mut self, name: &str) -> Option<FnId> {
        self.add_library(library::find(name)?)
    }

    fn add_library(&mut self, found: library::Found<'a>) -> Option<FnId> {
        let name = found.name;
        if let Some(&id) = self.library_ids.get(name) {
            return Some(id);
        }
        let shown = if self.function_names.contains_key(name) { format!("library.{name}").into() } else { name.into() };
        let id = self.add_found(found, shown);
        self.library_ids.insert(name, id);
        self.library_rules(name, id);
        Some(id)
    }

    /// Adds a function that is not the program's own, under a name that no other has.
    pub(super) fn add_found(&mut self, found: library::Found<'a>, name: Arc<str>) -> FnId {
        let library::Found { item, docs, external, .. } = found;
        let id = FnId(self.functions.len() as u32);
        let outer = std::mem::replace(&mut self.in_library, true);
        let signature = self.signature(item);
        self.in_library = outer;
        self.functions.push(Some(Rc::new(Function { name, docs, is_library: true, item, external, signature })));
        id
    }

    /// A function that has a name in the source.
    pub(super) fn function(&self, id: FnId) -> Rc<Function<'a>> {
        self.functions[id.0 as usize].clone().expect("only functions of the source have names there")
    }

    /// Adds a function that was made of a lambda; names that are taken get a number.
    pub(super) fn add_instance(&mut self, name: &str, make: impl FnOnce(Arc<str>) -> FnDef) -> FnId {
        let count = self.made_names.entry(name.to_owned()).or_insert(0);
        *count += 1;
        let name = if *count == 1 { name.to_owned() } else { format!("{name}#{count}") };
        let id = FnId(self.functions.len() as u32);
        self.functions.push(None);
        self.made.insert(id, make(name.into()));
        id
    }

    /// Checks every body; library functions join while this goes on.
    pub(super) fn bodies(&mut self) -> Program {
        let mut functions = Vec::with_capacity(self.functions.len());
        while let Some(function) = self.functions.get(functions.len()).cloned() {
            match function {
                Some(function) => {
                    self.in_library = function.is_library;
                    functions.push(Body::check(self, &function));
                }
                None => {
                    let made = self.made.remove(&FnId(functions.len() as u32));
                    functions.push(made.expect("it was made when its number was given"));
                }
            }
        }
        for (index, function) in functions.iter_mut().enumerate() {
            function.rules = self.fn_rules.get(&FnId(index as u32)).copied().unwrap_or_default();
        }
        Program { structs: std::mem::take(&mut self.structs), functions }
    }
}

fn parameter_local(p: &ast::Param) -> LocalDef {
    LocalDef { name: p.name.name.clone(), ty: error(), mutable: p.lent, span: p.name.span }
}

fn mark_bare(ty: &Ty, bare: &mut [bool], broken: &mut bool) {
    let (Ty::Array { dims, .. } | Ty::Struct { dims, .. }) = ty else {
        if let Ty::Tuple(items) = ty {
            items.iter().for_each(|t| mark_bare(t, bare, broken));
        }
        return;
    };
    *broken |= super::report::is_error(ty);
    for dim in dims {
        match dim {
            DimExpr::Struct(i) => bare[*i as usize] = true,
            DimExpr::Unknown => *broken = true,
            DimExpr::Const(_) | DimExpr::Local(_) | DimExpr::Apply(..) => {}
        }
    }
}

/// The names defined so far.
#[derive(Default)]
struct Seen {
    values: FxHashMap<Arc<str>, Span>,
    types: FxHashMap<Arc<str>, Span>,
}

impl Seen {
    /// Notes a function or constant; whether it is the first of its name.
    fn value(&mut self, checker: &mut Checker, ident: &ast::Ident) -> bool {
        match self.values.get(&ident.name) {
            Some(&first) => checker.defined_twice(ident, first, "name"),
            None => {
                self.values.insert(ident.name.clone(), ident.span);
                return true;
            }
        }
        false
    }

    /// Notes a struct; whether it is the first of its name.
    fn ty(&mut self, checker: &mut Checker, ident: &ast::Ident) -> bool {
        if super::types::is_scalar_name(&ident.name) {
            let message = format!("`{}` is a type of the language already", ident.name);
            checker.reports.say(codes::DEFINED_TWICE, ident.span, message);
            return false;
        }
        match self.types.get(&ident.name) {
            Some(&first) => checker.defined_twice(ident, first, "type"),
            None => {
                self.types.insert(ident.name.clone(), ident.span);
                return true;
            }
        }
        false
    }
}

/// The dimensions that fields may mention.
struct StructDims<'s> {
    dims: &'s [ast::Ident],
}

impl DimNames for StructDims<'_> {
    fn find(&self, name: &str) -> Found {
        match self.dims.iter().position(|d| &*d.name == name) {
            Some(i) => Found::Dim(DimExpr::Struct(i as u32)),
            None => Found::Nothing,
        }
    }
}

/// The dimensions that parameters and results may mention: those that the parameter list binds, and `i64` parameters by value.
struct FnDims {
    names: FxHashMap<Arc<str>, Found>,
}

impl FnDims {
    /// Finds what the parameter list binds, and declares it.
    fn new(checker: &Checker, f: &ast::FnItem, locals: &mut Vec<LocalDef>) -> FnDims {
        let mut names = FxHashMap::default();
        for (index, p) in f.params.iter().enumerate() {
            names.entry(p.name.name.clone()).or_insert_with(|| parameter_as_dim(p, index));
        }
        let mut pending: Vec<&ast::Type> = f.params.iter().rev().map(|p| &p.ty).collect();
        while let Some(ty) = pending.pop() {
            let dims = match &ty.kind {
                TypeKind::Named { dims, .. } => dims,
                TypeKind::Array { dims, .. } => dims,
                TypeKind::Tuple(items) => {
                    pending.extend(items.iter().rev());
                    continue;
                }
                TypeKind::Fn { params, result } => {
                    pending.extend(result.as_deref());
                    pending.extend(params.iter().rev().map(|p| &p.ty));
                    continue;
                }
                TypeKind::Error => continue,
            };
            for dim in dims {
                let ast::ExprKind::Name(name) = &dim.kind else { continue };
                if names.contains_key(name) || checker.own_constant(name).is_some() {
                    continue;
                }
                names.insert(name.clone(), Found::Dim(DimExpr::Local(LocalId(locals.len() as u32))));
                locals.push(LocalDef { name: name.clone(), ty: Ty::I64, mutable: false, span: dim.span });
            }
        }
        FnDims { names }
    }
}

fn parameter_as_dim(p: &ast::Param, index: usize) -> Found {
    let is_i64 = matches!(&p.ty.kind, TypeKind::Named { name, dims } if &*name.name == "i64" && dims.is_empty());
    if is_i64 && !p.lent {
        Found::Dim(DimExpr::Local(LocalId(index as u32)))
    } else {
        Found::Refused("is a parameter, but not an `i64` given by value")
    }
}

impl DimNames for FnDims {
    fn find(&self, name: &str) -> Found {
        self.names.get(name).cloned().unwrap_or(Found::Nothing)
    }
}

/// A constant as a dimension.
pub(super) fn constant_dim(constant: Option<Const>) -> Found {
    match constant {
        Some(Const::I64(c)) => Found::Dim(DimExpr::Const(c)),
        Some(Const::F64(_) | Const::F32(_) | Const::Bool(_)) => Found::Refused("is a constant, but not an `i64`"),
        None => Found::Dim(DimExpr::Unknown),
    }
}
