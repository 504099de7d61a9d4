//! Array literals, struct literals and fields.
//!
//! In: their syntax. Out: typed expressions. Nested array literals become one literal with more dimensions; a struct literal's dimensions are told from the values
//! of its fields.

use super::adapt;
use super::body::Body;
use super::calls::Holes;
use super::expr::{bad, known_dims};
use super::fit::{Why, adapt_to};
use super::report::{codes, count, error, is_error, is_silent};
use crate::typed::{DimExpr, Expr, ExprKind, StructId, Ty};
use adit_diag::{Diagnostic, Span};
use adit_ir::ScalarType;
use adit_syntax::ast;

impl Body<'_, '_> {
    #[inline(never)]
    pub(super) fn array_literal(&mut self, span: Span, items: &[ast::Expr]) -> Expr {
        let mut typed: Vec<Expr> = items.iter().map(|e| self.expr(e)).collect();
        let Some(model) = self.element_model(&typed, items) else {
            return empty_array(span);
        };
        let mut ty = typed[model].ty.clone();
        let mut fits = !is_silent(&ty);
        if matches!(ty, Ty::Struct { .. } | Ty::Tuple(_)) && fits {
            self.not_an_element(&typed[model]);
            return bad(span);
        }
        for (index, (e, src)) in typed.iter_mut().zip(items).enumerate() {
            adapt_to(e, src, &ty);
            let why = Why::at(format!("this element is {}", self.show(&ty)), items[model].span);
            let fit = index == model || is_silent(&e.ty) || self.same_rows(e, src, &ty, &why);
            fits &= fit && !is_silent(&e.ty);
            ty = known_dims(&ty, &e.ty);
        }
        if fits { assemble(span, &ty, typed) } else { bad(span) }
    }

    /// The element whose type the others must have: the first that is not made of literals alone.
    fn element_model(&self, typed: &[Expr], items: &[ast::Expr]) -> Option<usize> {
        let parts = typed.iter().zip(items).enumerate().filter(|(_, (e, _))| !is_silent(&e.ty));
        adapt::model(parts.map(|(i, (e, src))| (i, e, Some(src)))).or(if typed.is_empty() { None } else { Some(0) })
    }

    fn not_an_element(&mut self, e: &Expr) {
        let message =
            format!("the elements of an array are numbers or arrays of one shape, found `{}`", self.show(&e.ty));
        self.checker.reports.say(codes::MISMATCH, e.span, message);
    }

    /// Whether an element of an array literal fits the others.
    fn same_rows(&mut self, e: &Expr, src: &ast::Expr, ty: &Ty, why: &Why) -> bool {
        let shape = |ty: &Ty| match ty {
            Ty::Array { dims, .. } => Some(dims.clone()),
            Ty::Scalar(_) => Some(Vec::new()),
            Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => None,
        };
        let (Some(have), Some(want)) = (shape(&e.ty), shape(ty)) else { return self.fits(e, src, ty, why) };
        let ragged = have.len() != want.len() || have.iter().zip(&want).any(|(a, b)| self.differ(a, b));
        if !ragged {
            return self.fits(e, src, ty, why);
        }
        let message =
            format!("the rows of an array have one shape; this is `{}`, not `{}`", self.show(&e.ty), self.show(ty));
        let d = why.explain(Diagnostic::new(codes::RAGGED, src.span, message));
        self.checker.reports.push(d);
        false
    }

    #[inline(never)]
    pub(super) fn struct_literal(&mut self, span: Span, name: &ast::Ident, fields: &[ast::FieldInit]) -> Expr {
        let Some(&id) = self.checker.struct_names.get(&name.name).filter(|_| !self.checker.in_library) else {
            self.checker.unknown_type(name);
            fields.iter().for_each(|f| drop(self.expr(&f.value)));
            return bad(span);
        };
        let mut given: Vec<Option<Span>> = vec![None; self.checker.structs[id.0 as usize].fields.len()];
        let mut typed = Vec::with_capacity(fields.len());
        let mut ok = true;
        for f in fields {
            match self.field_value(id, f, &mut given) {
                Some((index, e)) => {
                    ok &= !is_error(&e.ty);
                    typed.push((index, e));
                }
                None => ok = false,
            }
        }
        let missing = self.missing_fields(id, name, &given);
        if !ok || missing {
            return bad(span);
        }
        let ty = self.struct_type(id, &typed);
        if is_error(&ty) {
            return bad(span);
        }
        Expr { span, ty, kind: ExprKind::Struct { fields: typed } }
    }

    #[inline(never)]
    fn field_value(&mut self, id: StructId, f: &ast::FieldInit, given: &mut [Option<Span>]) -> Option<(u32, Expr)> {
        let mut e = self.expr(&f.value);
        let Some(index) = self.field_index(id, &f.name) else {
            self.unknown_field(id, &f.name);
            return None;
        };
        if let Some(first) = given[index].replace(f.name.span) {
            self.checker.defined_twice(&f.name, first, "field");
            return None;
        }
        let ty = self.checker.structs[id.0 as usize].fields[index].ty.clone();
        // Dimensions are compared when all fields are known.
        let shapeless = super::dims::map_dims(&ty, &|_| DimExpr::Unknown);
        let why = Why::new(format!("the field `{}`", f.name.name));
        let fits = self.fit(&mut e, &f.value, &shapeless, &why) && !is_error(&ty);
        fits.then_some((index as u32, e))
    }

    fn field_index(&self, id: StructId, name: &ast::Ident) -> Option<usize> {
        self.checker.structs[id.0 as usize].fields.iter().position(|f| f.name == name.name)
    }

    fn unknown_field(&mut self, id: StructId, name: &ast::Ident) {
        let def = &self.checker.structs[id.0 as usize];
        let similar = self.checker.reports.similar(&name.name, def.fields.iter().map(|f| &*f.name));
        let message = format!("`{}` has no field `{}`", def.name, name.name);
        let mut d = Diagnostic::new(codes::UNKNOWN_FIELD, name.span, message).label(def.span, "defined here");
        d.help = match similar {
            Some(s) => Some(format!("did you mean `{s}`?")),
            None => (def.fields.len() <= 12).then(|| {
                let names: Vec<_> = def.fields.iter().map(|f| format!("`{}`", f.name)).collect();
                format!("it has {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") })
            }),
        };
        self.checker.reports.push(d);
    }

    #[inline(never)]
    fn missing_fields(&mut self, id: StructId, name: &ast::Ident, given: &[Option<Span>]) -> bool {
        let def = &self.checker.structs[id.0 as usize];
        let missing: Vec<_> =
            def.fields.iter().zip(given).filter(|(_, g)| g.is_none()).map(|(f, _)| format!("`{}`", f.name)).collect();
        if missing.is_empty() {
            return false;
        }
        let message = format!("`{}` needs {} more: {}", def.name, count(missing.len(), "field"), missing.join(", "));
        let d = Diagnostic::new(codes::MISSING_FIELD, name.span, message).label(def.span, "defined here");
        self.checker.reports.push(d);
        true
    }

    /// The type of a struct literal: its dimensions are those of the fields that have them plainly.
    #[inline(never)]
    fn struct_type(&mut self, id: StructId, fields: &[(u32, Expr)]) -> Ty {
        let def = &self.checker.structs[id.0 as usize];
        let mut holes = Holes::of_struct(def.dims.len());
        let parts: Vec<(String, Ty, Ty, Span)> = fields
            .iter()
            .map(|(index, e)| {
                let field = &def.fields[*index as usize];
                (field.name.to_string(), field.ty.clone(), e.ty.clone(), e.span)
            })
            .collect();
        if !self.fill_holes(&mut holes, &parts) {
            return error();
        }
        Ty::Struct { id, dims: holes.all() }
    }

    #[inline(never)]
    pub(super) fn field(&mut self, span: Span, base: &ast::Expr, field: &ast::Ident) -> Expr {
        let base = self.expr(base);
        match self.field_of(&base.ty, field) {
            Some((index, ty)) => self.part(span, base, index, ty),
            None => bad(span),
        }
    }

    /// The field of a type: its position and its own type.
    pub(super) fn field_of(&mut self, ty: &Ty, field: &ast::Ident) -> Option<(u32, Ty)> {
        match ty {
            _ if is_silent(ty) => None,
            Ty::Struct { id, dims } => match self.field_index(*id, field) {
                Some(index) => {
                    let ty = &self.checker.structs[id.0 as usize].fields[index].ty;
                    Some((index as u32, instance(ty, dims, &self.scope)))
                }
                None => {
                    self.unknown_field(*id, field);
                    None
                }
            },
            Ty::Scalar(_) | Ty::Array { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => {
                let message = format!("a value of type `{}` has no field `{}`", self.show(ty), field.name);
                let mut d = Diagnostic::new(codes::UNKNOWN_FIELD, field.span, message);
                d.help = match ty {
                    Ty::Array { .. } if matches!(&*field.name, "len" | "length" | "shape" | "size") => {
                        Some("`len(a)` is the first dimension, `size(a, k)` the k-th".to_owned())
                    }
                    Ty::Array { .. } if &*field.name == "T" => Some("write `transpose(a)`".to_owned()),
                    Ty::Tuple(_) => Some("the parts of a tuple are `t.0`, `t.1`, …".to_owned()),
                    Ty::Scalar(_) | Ty::Array { .. } | Ty::Struct { .. } | Ty::Fn(_) | Ty::Never => {
                        self.names_function(&field.name).then(|| format!("functions are called by `{}(x)`", field.name))
                    }
                };
                self.checker.reports.push(d);
                None
            }
        }
    }

    #[inline(never)]
    pub(super) fn tuple_field(&mut self, span: Span, base: &ast::Expr, index: u32, index_span: Span) -> Expr {
        let base = self.expr(base);
        match self.tuple_part(&base.ty, index, index_span) {
            Some(ty) => self.part(span, base, index, ty),
            None => bad(span),
        }
    }

    /// The type of a tuple's part.
    pub(super) fn tuple_part(&mut self, ty: &Ty, index: u32, index_span: Span) -> Option<Ty> {
        if is_silent(ty) {
            return None;
        }
        if let Ty::Tuple(items) = ty
            && let Some(item) = items.get(index as usize)
        {
            return Some(item.clone());
        }
        let message = format!("a value of type `{}` has no part {index}", self.show(ty));
        self.checker.reports.say(codes::UNKNOWN_FIELD, index_span, message);
        None
    }

    fn part(&mut self, span: Span, base: Expr, index: u32, ty: Ty) -> Expr {
        if is_variable_part(&base)
            && let Some(mention) = self.mentions.last_mut()
        {
            mention.path.push(index);
            mention.span = span;
        }
        Expr { span, ty, kind: ExprKind::Field { base: Box::new(base), index } }
    }

    /// Whether two dimensions are never equal.
    pub(super) fn differ(&self, a: &DimExpr, b: &DimExpr) -> bool {
        super::dims::compare(a, b, &self.scope) == super::dims::Comparison::Different
    }
}

fn is_variable_part(e: &Expr) -> bool {
    let mut e = e;
    while let ExprKind::Field { base, .. } = &e.kind {
        e = base;
    }
    matches!(e.kind, ExprKind::Local(_))
}

/// The type of a field in a struct with these dimensions.
pub(super) fn instance(ty: &Ty, args: &[DimExpr], values: &dyn super::dims::Values) -> Ty {
    let replace = |d: &DimExpr| {
        let DimExpr::Struct(i) = d else { return d.clone() };
        args.get(*i as usize).cloned().unwrap_or(DimExpr::Unknown)
    };
    super::dims::map_dims(ty, &|d| super::dims::substitute(d, &replace, values))
}

fn empty_array(span: Span) -> Expr {
    let ty = Ty::Array { element: ScalarType::F64, dims: vec![DimExpr::Const(0)] };
    Expr { span, ty, kind: ExprKind::Array { dims: vec![0], elements: Vec::new() } }
}

/// One literal of all elements if they are numbers or literals themselves, else a stack.
fn assemble(span: Span, ty: &Ty, items: Vec<Expr>) -> Expr {
    let element = adapt::element(ty).unwrap_or(ScalarType::F64);
    let length = items.len();
    let inner: &[DimExpr] = match ty {
        Ty::Array { dims, .. } => dims,
        Ty::Scalar(_) | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => &[],
    };
    let ty =
        Ty::Array { element, dims: [DimExpr::Const(length as i64)].into_iter().chain(inner.iter().cloned()).collect() };
    let shape = items.first().and_then(|e| {
        let ExprKind::Array { dims, .. } = &e.kind else { return None };
        Some(dims.clone())
    });
    let literals = items.iter().all(|e| matches!(e.kind, ExprKind::Array { .. }));
    let kind = match shape {
        Some(shape) if literals => ExprKind::Array {
            dims: [length].into_iter().chain(shape).collect(),
            elements: items.into_iter().flat_map(literal_elements).collect(),
        },
        _ if inner.is_empty() => ExprKind::Array { dims: vec![length], elements: items },
        _ => ExprKind::Stack(items),
    };
    Expr { span, ty, kind }
}

fn literal_elements(e: Expr) -> Vec<Expr> {
    if let ExprKind::Array { elements, .. } = e.kind { elements } else { Vec::new() }
}
