//! What names are in scope.
//!
//! In: declarations, as they are written. Out: paths to values of a type (`p.w`, `t.0`), indices for a dimension. A variable hides earlier ones of its name until its block ends; what is
//! lent to a call is hidden while the call's other arguments are written.

use super::Writer;
use crate::fuzz::features::Feature;
use crate::fuzz::node::Node;
use crate::fuzz::types::{Dim, Ty};
use crate::pieces;

/// A variable.
#[derive(Clone, Debug)]
pub(super) struct Var {
    pub(super) name: String,
    pub(super) ty: Ty,
    /// Whether programs may assign it.
    pub(super) mutable: bool,
    /// Whether it is an `&mut` parameter.
    pub(super) parameter: bool,
    /// Whether it is lent to the call under way.
    pub(super) hidden: bool,
    /// For a function: how many derivatives stand inside one another in it.
    pub(super) order: usize,
    /// For a loop index: what it stays below. For an array of indices: what its elements stay below.
    pub(super) below: Option<Dim>,
}

impl Var {
    pub(super) fn new(name: &str, ty: Ty, mutable: bool) -> Self {
        Var { name: name.to_owned(), ty, mutable, parameter: false, hidden: false, order: 0, below: None }
    }
}

/// A variable, or a part of one.
#[derive(Clone, Debug)]
pub(super) struct Path {
    pub(super) text: String,
    pub(super) ty: Ty,
    pub(super) mutable: bool,
    pub(super) root: String,
}

impl Writer {
    /// The variables that a name leads to.
    pub(super) fn visible(&self) -> impl Iterator<Item = &Var> {
        let hides = |at: usize, name: &str| self.scope[at + 1..].iter().any(|later| later.name == name);
        self.scope.iter().enumerate().filter(move |(at, v)| !v.hidden && !hides(*at, &v.name)).map(|(_, v)| v)
    }

    /// All paths that suit.
    pub(super) fn paths(&self, suits: &dyn Fn(&Path) -> bool) -> Vec<Path> {
        let mut found = Vec::new();
        for v in self.visible() {
            let path = Path { text: v.name.clone(), ty: v.ty.clone(), mutable: v.mutable, root: v.name.clone() };
            self.collect(path, suits, &mut found);
        }
        found
    }

    fn collect(&self, path: Path, suits: &dyn Fn(&Path) -> bool, found: &mut Vec<Path>) {
        let parts: Vec<(String, Ty)> = match &path.ty {
            Ty::Struct(id, dims) => self.structs[*id].fields_of(dims),
            Ty::Tuple(items) => items.iter().enumerate().map(|(i, ty)| (i.to_string(), ty.clone())).collect(),
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Array(..) | Ty::Fn(..) => Vec::new(),
        };
        for (name, ty) in parts {
            self.collect(Path { text: format!("{}.{name}", path.text), ty, ..path.clone() }, suits, found);
        }
        if suits(&path) {
            found.push(path);
        }
    }

    /// A path that suits; later ones, which are nearer, are likelier.
    pub(super) fn path(&mut self, suits: &dyn Fn(&Path) -> bool) -> Option<Path> {
        let found = self.paths(suits);
        if found.is_empty() {
            return None;
        }
        let (a, b) = (self.rng.below(found.len()), self.rng.below(found.len()));
        Some(found[a.max(b)].clone())
    }

    /// A path of this type.
    pub(super) fn path_of(&mut self, ty: &Ty) -> Option<Path> {
        self.path(&|p| p.ty == *ty)
    }

    /// A path of this type that may be assigned.
    pub(super) fn place_of(&mut self, ty: &Ty) -> Option<Path> {
        self.path(&|p| p.mutable && p.ty == *ty)
    }

    /// A path to an array of floats, perhaps one that may be assigned.
    pub(super) fn float_array(&mut self, mutable: bool) -> Option<(Path, Vec<Dim>)> {
        let suits = |p: &Path| matches!(&p.ty, Ty::Array(e, _) if **e == Ty::F64) && (p.mutable || !mutable);
        let path = self.path(&suits)?;
        let Ty::Array(_, dims) = path.ty.clone() else { return None };
        Some((path, dims))
    }

    /// Runs `write` with a scope of its own.
    pub(super) fn scoped<T>(&mut self, write: impl FnOnce(&mut Self) -> T) -> T {
        let mark = self.scope.len();
        let result = write(self);
        self.scope.truncate(mark);
        result
    }

    /// Hides a variable, or shows it again.
    pub(super) fn hide(&mut self, root: &str, hidden: bool) {
        self.scope.iter_mut().filter(|v| v.name == root).for_each(|v| v.hidden = hidden);
    }

    /// A name for a new variable: fresh, or now and then one that is taken.
    pub(super) fn new_name(&mut self, prefix: &str) -> String {
        let taken: Vec<String> = self
            .visible()
            .filter(|v| v.below.is_none() && !self.dims().contains(&Dim::name(&v.name)))
            .map(|v| v.name.clone())
            .collect();
        if !taken.is_empty() && self.rng.percent(7) {
            self.note(Feature::Shadow);
            return self.rng.pick(&taken).clone();
        }
        self.fresh(prefix)
    }

    /// The dimension names in scope.
    pub(super) fn dims(&self) -> Vec<Dim> {
        ["n", "m"].iter().filter(|n| self.scope.iter().any(|v| v.name == **n)).map(|n| Dim::name(n)).collect()
    }

    /// A dimension for a new array.
    pub(super) fn some_dim(&mut self) -> Dim {
        let dims = self.dims();
        match self.rng.below(10) {
            0..=1 => Dim::Lit(2),
            2..=3 => Dim::Lit(3),
            4 if !dims.is_empty() => match self.rng.pick(&dims).clone() {
                Dim::Name(n) => Dim::Plus(n, 1),
                other @ (Dim::Lit(_) | Dim::Plus(..) | Dim::Times(..)) => other,
            },
            _ if !dims.is_empty() => self.rng.pick(&dims).clone(),
            _ => Dim::Lit(4),
        }
    }

    /// A subscript for a dimension: in range, but for one in many.
    pub(super) fn index(&mut self, dim: &Dim) -> Node {
        let loops: Vec<String> = self
            .visible()
            .filter(|v| v.ty == Ty::I64)
            .filter(|v| fits(v.below.as_ref(), dim))
            .map(|v| v.name.clone())
            .collect();
        let choice = if loops.is_empty() { 10 + self.rng.below(6) } else { self.rng.below(16) };
        let constant = if self.flavour == super::Flavour::Memory { 6 } else { 9 };
        match choice {
            c if c < constant => Node::expr(&Ty::I64, pieces![self.rng.pick(&loops).clone()]),
            15 if self.rng.percent(5) => self.int(1),
            14 => self.gathered(dim),
            13 if !loops.is_empty() => {
                let i = self.rng.pick(&loops).clone();
                Node::expr(&Ty::I64, pieces![format!("{dim} - 1 - {i}")])
            }
            12 => {
                let inner = self.int(1);
                Node::expr(&Ty::I64, pieces!["abs(", inner, format!(") % ({dim})")])
            }
            11 => Node::expr(&Ty::I64, pieces![format!("{dim} - 1")]),
            _ => {
                self.note(Feature::ConstantIndex);
                let most = match dim {
                    Dim::Lit(k) => k - 1,
                    Dim::Plus(_, k) => *k,
                    Dim::Name(_) | Dim::Times(..) => 0,
                };
                let k = self.rng.between(0, most.max(0));
                Node::expr(&Ty::I64, pieces![k.to_string()])
            }
        }
    }

    /// An element of an array of indices.
    fn gathered(&mut self, dim: &Dim) -> Node {
        let arrays: Vec<(String, Vec<Dim>)> = self
            .visible()
            .filter(|v| v.below.as_ref() == Some(dim))
            .filter_map(|v| match &v.ty {
                Ty::Array(_, dims) => Some((v.name.clone(), dims.clone())),
                Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Struct(..) | Ty::Tuple(_) | Ty::Fn(..) => None,
            })
            .collect();
        if arrays.is_empty() {
            return Node::expr(&Ty::I64, pieces!["0"]);
        }
        self.note(Feature::Gather);
        let (name, dims) = self.rng.pick(&arrays).clone();
        let inner = self.index(&dims[0]);
        Node::expr(&Ty::I64, pieces![format!("{name}["), inner, "]"])
    }

    /// `path[i, j]` for an array of these dimensions.
    pub(super) fn element(&mut self, path: &str, element: &Ty, dims: &[Dim]) -> Node {
        let mut pieces = pieces![format!("{path}[")];
        for (k, dim) in dims.iter().enumerate() {
            let comma = if k == 0 { "" } else { ", " };
            pieces.extend(pieces![comma, self.index(dim)]);
        }
        pieces.extend(pieces!["]"]);
        Node::expr(element, pieces)
    }
}

/// Whether an index below `below` is one of a dimension.
fn fits(below: Option<&Dim>, dim: &Dim) -> bool {
    match (below, dim) {
        (Some(Dim::Lit(a)), Dim::Lit(b)) => a <= b,
        (Some(Dim::Name(a)), Dim::Plus(b, _)) => a == b,
        (Some(a), b) => a == b,
        (None, _) => false,
    }
}
