//! Calls of the program's own functions.
//!
//! In: a type that is wanted. Out: a call that gives it: dimension names of the callee get dimensions of the caller, by-value parameters any expression, `&mut` parameters a
//! place that nothing else in the call mentions.

use super::functions::Signature;
use super::{Param, Writer};
use crate::fuzz::features::Feature;
use crate::fuzz::node::{Node, Piece};
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;
use std::collections::BTreeMap;

type Names = BTreeMap<String, Dim>;

impl Writer {
    /// A call that gives this type, or what `fallback` writes if there is none.
    pub(super) fn call_or(&mut self, ty: &Ty, depth: usize, fallback: impl FnOnce(&mut Self) -> Node) -> Node {
        if self.lambdas
            && self.rng.percent(50)
            && let Some(call) = self.call_of_variable(ty, depth)
        {
            return call;
        }
        let allowed = self.allowed;
        let suits = |s: &Signature| Some((s.clone(), unify(s.result.as_ref()?, ty)?));
        let suitable: Vec<(Signature, Names)> =
            self.functions.iter().filter(|s| s.order <= allowed).filter_map(suits).collect();
        if suitable.is_empty() {
            return fallback(self);
        }
        let (signature, names) = self.rng.pick(&suitable).clone();
        let lends = signature.params.iter().any(|p| p.lent);
        if lends && (self.arguments > 0 || !self.rng.percent(35)) {
            return fallback(self);
        }
        match self.call(&signature, names, depth) {
            Some(pieces) => Node::expr(ty, pieces),
            None => fallback(self),
        }
    }

    /// A call of any function as a statement.
    pub(super) fn call_statement(&mut self) -> Option<Node> {
        self.call_statement_of(&|_| true)
    }

    /// A call as a statement, of a function that suits.
    pub(super) fn call_statement_of(&mut self, suits: &dyn Fn(&Signature) -> bool) -> Option<Node> {
        let functions = self.functions.iter().filter(|s| s.order <= self.allowed && suits(s));
        let functions: Vec<Signature> = functions.cloned().collect();
        if functions.is_empty() {
            return None;
        }
        let lending: Vec<Signature> = functions.iter().filter(|s| s.params.iter().any(|p| p.lent)).cloned().collect();
        let signature =
            if lending.is_empty() { self.rng.pick(&functions).clone() } else { self.rng.pick(&lending).clone() };
        let mut pieces = self.call(&signature, Names::new(), 2)?;
        let Some(result) = &signature.result else {
            pieces.extend(pieces![";"]);
            return Some(Node::stmt(pieces));
        };
        if !self.rng.percent(70) || !signature.dims.is_empty() && *result != Ty::F64 {
            pieces.extend(pieces![";"]);
            return Some(Node::stmt(pieces));
        }
        let name = self.fresh("r");
        let mut all = pieces![format!("let {name} = ")];
        all.extend(pieces);
        all.extend(pieces![";"]);
        self.declare(&name, result.clone(), false);
        Some(Node::stmt(all))
    }

    pub(super) fn call(&mut self, signature: &Signature, mut names: Names, depth: usize) -> Option<Vec<Piece>> {
        for dim in &signature.dims {
            if !names.contains_key(dim) {
                let chosen = self.some_dim();
                names.insert(dim.clone(), chosen);
            }
        }
        let types: Vec<Ty> = signature.params.iter().map(|p| p.ty.renamed(&names)).collect::<Option<_>>()?;
        let places = self.places(&signature.params, &types);
        let args = match &places {
            Some(places) => {
                self.arguments += 1;
                let (args, _) = self.inside(signature.order, |w| w.arguments(signature, &types, places, depth));
                self.arguments -= 1;
                Some(args)
            }
            None => None,
        };
        for (_, root) in places.iter().flatten().flatten() {
            self.hide(root, false);
        }
        let args = args?;
        self.note(Feature::Call);
        if types.iter().any(|ty| matches!(ty, Ty::Fn(..))) {
            self.note(Feature::FunctionArgument);
        }
        if signature.recursive.is_some() {
            self.note(Feature::Recursion);
            if self.differentiating > 0 {
                self.note(Feature::DerivativeOfRecursion);
            }
        }
        let mut pieces = pieces![format!("{}(", signature.name)];
        for (i, arg) in args.into_iter().enumerate() {
            pieces.extend(pieces![if i == 0 { "" } else { ", " }, arg]);
        }
        pieces.extend(pieces![")"]);
        Some(pieces)
    }

    /// For each `&mut` parameter a place and its variable, which is hidden; none if there are not enough.
    pub(super) fn places(&mut self, params: &[Param], types: &[Ty]) -> Option<Vec<Option<(String, String)>>> {
        let mut places = Vec::new();
        let mut roots = Vec::new();
        for (param, ty) in params.iter().zip(types) {
            if !param.lent {
                places.push(None);
                continue;
            }
            let Some(place) = self.lendable(ty) else {
                roots.iter().for_each(|root: &String| self.hide(root, false));
                return None;
            };
            self.note(Feature::Lent);
            if matches!(ty, Ty::Struct(..) | Ty::Tuple(_)) {
                self.note(Feature::LentCompound);
            }
            if self.visible().any(|v| v.name == place.1 && v.parameter) {
                self.note(Feature::PassedOn);
            }
            self.hide(&place.1, true);
            roots.push(place.1.clone());
            places.push(Some(place));
        }
        // A subscript of one place may mention what another lends.
        let mentions = |text: &str, root: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word == root);
        let clash = places
            .iter()
            .flatten()
            .enumerate()
            .any(|(i, (text, _))| roots.iter().enumerate().any(|(k, root)| i != k && mentions(text, root)));
        if clash {
            roots.iter().for_each(|root| self.hide(root, false));
            return None;
        }
        Some(places)
    }

    /// A place of this type and its variable. Elements of arrays are places too; rows are.
    fn lendable(&mut self, ty: &Ty) -> Option<(String, String)> {
        if *ty == Ty::F64
            && self.rng.percent(25)
            && let Some((path, dims)) = self.float_array(true)
        {
            // The subscripts must not mention the array itself.
            self.hide(&path.root, true);
            let element = self.element(&path.text, &Ty::F64, &dims).source();
            self.hide(&path.root, false);
            return Some((element.trim().to_owned(), path.root));
        }
        if let Ty::Array(element, dims) = ty
            && **element == Ty::F64
            && let [dim] = &dims[..]
            && self.rng.percent(30)
            && let Some(part) = self.lendable_part(dim)
        {
            return Some(part);
        }
        let path = self.place_of(ty)?;
        Some((path.text, path.root))
    }

    /// A row, a column, or the beginning of an array of floats that is that long.
    fn lendable_part(&mut self, dim: &Dim) -> Option<(String, String)> {
        let longer = |d: &[Dim]| match (d, dim) {
            ([a, b], dim) => a == dim || b == dim,
            ([Dim::Lit(l)], Dim::Lit(k)) => l > k,
            (_, _) => false,
        };
        let path = self.path(&|p| p.mutable && matches!(&p.ty, Ty::Array(e, d) if **e == Ty::F64 && longer(d)))?;
        let Ty::Array(_, dims) = path.ty.clone() else { return None };
        self.note(Feature::SlicePlace);
        self.hide(&path.root, true);
        let part = match &dims[..] {
            [a, b] if b == dim => format!("{}[{}, ..]", path.text, self.index(a).source().trim()),
            [_, b] => format!("{}[.., {}]", path.text, self.index(b).source().trim()),
            _ => format!("{}[0..{dim}]", path.text),
        };
        self.hide(&path.root, false);
        Some((part, path.root))
    }

    fn arguments(
        &mut self,
        signature: &Signature,
        types: &[Ty],
        places: &[Option<(String, String)>],
        depth: usize,
    ) -> Vec<Node> {
        let mut args = Vec::new();
        for (i, (ty, place)) in types.iter().zip(places).enumerate() {
            args.push(match place {
                Some((text, _)) => Node::group(pieces![format!("&mut {text}")]),
                None if signature.recursive == Some(i) => self.depth_argument(),
                None if signature.params[i].below.is_some() => self.indices(ty),
                None => self.value(ty, depth.min(2)),
            });
        }
        args
    }

    /// An array of indices for a call: zeros are in range of everything that is not empty.
    fn indices(&mut self, ty: &Ty) -> Node {
        match ty {
            Ty::Array(_, dims) => Node::expr(ty, pieces![format!("fill(0, {})", crate::fuzz::types::list(dims))]),
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => self.value(ty, 0),
        }
    }
}

/// What the names in `pattern` must stand for to make it `ty`.
pub(super) fn unify(pattern: &Ty, ty: &Ty) -> Option<Names> {
    let mut names = Names::new();
    unify_into(pattern, ty, &mut names)?;
    (pattern.renamed(&names)? == *ty).then_some(names)
}

fn unify_into(pattern: &Ty, ty: &Ty, names: &mut Names) -> Option<()> {
    let mut dims = |a: &[Dim], b: &[Dim]| {
        for (a, b) in a.iter().zip(b) {
            if let Dim::Name(name) = a {
                names.entry(name.clone()).or_insert_with(|| b.clone());
            }
        }
        (a.len() == b.len()).then_some(())
    };
    match (pattern, ty) {
        (Ty::Array(e, a), Ty::Array(f, b)) if e == f => dims(a, b),
        (Ty::Struct(i, a), Ty::Struct(j, b)) if i == j => dims(a, b),
        (Ty::Tuple(a), Ty::Tuple(b)) if a.len() == b.len() => {
            a.iter().zip(b).try_for_each(|(a, b)| unify_into(a, b, names))
        }
        (Ty::Fn(a, r), Ty::Fn(b, s)) if a.len() == b.len() => {
            a.iter().zip(b).try_for_each(|(a, b)| unify_into(a, b, names))?;
            unify_into(r, s, names)
        }
        (a, b) => (a == b).then_some(()),
    }
}
