//! How a source signature becomes a signature of the IR, and how nested values become flat ones.
//!
//! In: a function of a typed program. Out: its [`Layout`]: structs and tuples are taken apart into [`Leaf`]s in order of writing, a scalar each or an array each. The
//! lowering makes the IR function by it, calls go by it, and a host flattens arguments, binds dimension names, allocates array results and rebuilds nested ones by it.
//!
//! ```text
//! fn f(p: P, x: [f64; n], s: &mut f64) -> (f64, [f64; n + 1])      struct P { a: f64, w: [f64; 2] }
//! @f(p.a: f64, p.w: [f64; 2], x: [f64; d0], s: f64, mut result.1: [f64; d1]) -> (f64, f64)     d1 is n + 1; the results are result.0 and the last value of s
//! ```
//!
//! - IR parameters, in order: an `i64` for each *explicit* dimension (a name that no array leaf mentions bare), the leaves of the parameters, the array leaves of the
//!   result (`mut`: destinations that the caller allocates).
//! - IR results, in order: the scalar leaves of the result, then the last values of scalar leaves that were lent.
//! - A dimension name has the extent of the first leaf that mentions it bare. All other extents are checked afterwards ([`Layout::bind`] for hosts; the IR function
//!   checks again what its types do not say).
//!
//! It deliberately does not hold any numbers: values belong to the host.

mod bind;

pub use bind::{BindError, Bound, Given, extent_in_words};

use crate::typed::{DimExpr, FieldDef, FnDef, FnId, LocalId, Program, StructDef, Ty};
use adit_ir::{Prim, Scalar, ScalarType};
use std::fmt;
use std::sync::Arc;

/// The most leaves that a signature, or one variable, may have.
pub const MAX_LEAVES: usize = 10_000;

/// One scalar or array of a signature.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Leaf {
    /// Which part of which parameter or of the result.
    pub path: Path,
    /// What it is, or what its elements are.
    pub element: ScalarType,
    /// For an array its extents, over dimension names, `i64` parameters and constants; empty for a scalar.
    pub dims: Vec<DimExpr>,
    /// Whether it belongs to a `&mut` parameter (or to the result).
    pub lent: bool,
    /// The variable of the parameter, where it is itself the leaf.
    pub local: Option<LocalId>,
}

impl Leaf {
    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        !self.dims.is_empty()
    }
}

/// The way to a leaf.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Path {
    /// The parameter's position; none for the result.
    pub param: Option<usize>,
    /// The parameter's name, or `result`.
    pub name: Arc<str>,
    /// Positions and names of fields, outermost first; those of tuples are named by their number.
    pub steps: Vec<(u32, Arc<str>)>,
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.steps.iter().try_for_each(|(_, name)| write!(f, ".{name}"))
    }
}

/// A dimension name of a parameter list.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Dimension {
    /// Its variable.
    pub local: LocalId,
    /// As the source spells it.
    pub name: Arc<str>,
    /// Where its value comes from.
    pub source: DimSource,
}

/// Where the value of a dimension name comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum DimSource {
    /// An extent of an array.
    Extent {
        /// Which of [`Layout::params`].
        leaf: usize,
        /// Which dimension of it.
        axis: usize,
    },
    /// The IR parameter of this position.
    Explicit(usize),
}

/// Where a leaf of the result is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum ResultLeaf {
    /// In [`Layout::results`].
    Scalar(usize),
    /// In [`Layout::destinations`].
    Array(usize),
}

/// The signature of a function, taken apart.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Layout {
    /// In the order of [`FnDef::dims`].
    pub dims: Vec<Dimension>,
    /// How many of `dims` are explicit: they are the first IR parameters.
    pub explicit: usize,
    /// The leaves of all parameters, in order.
    pub params: Vec<Leaf>,
    /// The array leaves of the result: the last IR parameters.
    pub destinations: Vec<Leaf>,
    /// The scalar leaves of the result: the first IR results.
    pub results: Vec<Leaf>,
    /// Which of `params` are lent scalars: their last values are the last IR results.
    pub finals: Vec<usize>,
    /// All leaves of the result, in order.
    pub result_leaves: Vec<ResultLeaf>,
}

/// A signature, or a variable, has more than [`MAX_LEAVES`] leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooManyLeaves;

impl Layout {
    /// Takes a signature apart.
    ///
    /// # Errors
    /// If nested structs make it absurdly large.
    pub fn of(program: &Program, id: FnId) -> Result<Layout, TooManyLeaves> {
        let def = &program.functions[id.0 as usize];
        let sizes = Sizes::of(program);
        let widths = def.params.iter().map(|p| sizes.leaves(&def.locals[p.local.0 as usize].ty));
        if widths.fold(sizes.leaves(&def.result), usize::saturating_add) > MAX_LEAVES {
            return Err(TooManyLeaves);
        }
        let params = param_leaves(program, def);
        let (dims, explicit) = dimensions(def, &params);
        let finals = (0..params.len()).filter(|&i| params[i].lent && !params[i].is_array()).collect();
        let mut layout =
            Layout { dims, explicit, params, destinations: vec![], results: vec![], finals, result_leaves: vec![] };
        for leaf in leaves_of(program, &def.result, None, "result".into(), true) {
            layout.add_result(leaf);
        }
        Ok(layout)
    }

    fn add_result(&mut self, leaf: Leaf) {
        if leaf.is_array() {
            self.result_leaves.push(ResultLeaf::Array(self.destinations.len()));
            self.destinations.push(leaf);
        } else {
            self.result_leaves.push(ResultLeaf::Scalar(self.results.len()));
            self.results.push(leaf);
        }
    }

    /// The position of a leaf of [`Layout::params`] among the IR parameters.
    pub fn ir_param(&self, leaf: usize) -> usize {
        self.explicit + leaf
    }

    /// The position of one of [`Layout::destinations`] among the IR parameters.
    pub fn ir_destination(&self, index: usize) -> usize {
        self.explicit + self.params.len() + index
    }

    /// How many parameters the IR function has.
    pub fn ir_params(&self) -> usize {
        self.explicit + self.params.len() + self.destinations.len()
    }

    /// The leaves of one parameter: a range of [`Layout::params`].
    pub fn leaves_of_param(&self, param: usize) -> std::ops::Range<usize> {
        let start = self.params.partition_point(|leaf| leaf.path.param < Some(param));
        let end = self.params.partition_point(|leaf| leaf.path.param <= Some(param));
        start..end
    }
}

fn param_leaves(program: &Program, def: &FnDef) -> Vec<Leaf> {
    let mut out = Vec::new();
    for (i, p) in def.params.iter().enumerate() {
        let local = &def.locals[p.local.0 as usize];
        let mut leaves = leaves_of(program, &local.ty, Some(i), local.name.clone(), p.lent);
        if let ([leaf], Ty::Scalar(_) | Ty::Array { .. }) = (leaves.as_mut_slice(), &local.ty) {
            leaf.local = Some(p.local);
        }
        out.extend(leaves);
    }
    out
}

/// Where each dimension name comes from, and how many are explicit.
fn dimensions(def: &FnDef, params: &[Leaf]) -> (Vec<Dimension>, usize) {
    let mut explicit = 0;
    let dims = def.dims.iter().map(|&local| {
        let source = first_mention(local, params).unwrap_or_else(|| {
            explicit += 1;
            DimSource::Explicit(explicit - 1)
        });
        Dimension { local, name: def.locals[local.0 as usize].name.clone(), source }
    });
    (dims.collect(), explicit)
}

fn first_mention(local: LocalId, params: &[Leaf]) -> Option<DimSource> {
    params.iter().enumerate().find_map(|(leaf, l)| {
        let axis = l.dims.iter().position(|d| *d == DimExpr::Local(local))?;
        Some(DimSource::Extent { leaf, axis })
    })
}

/// The leaves of a type, in order; dimensions of structs replaced by their arguments.
fn leaves_of(program: &Program, ty: &Ty, param: Option<usize>, name: Arc<str>, lent: bool) -> Vec<Leaf> {
    let mut out = Vec::new();
    let mut path = Path { param, name, steps: Vec::new() };
    each_leaf(program, ty, &mut path, &mut |path, element, dims| {
        out.push(Leaf { path: path.clone(), element, dims: dims.to_vec(), lent, local: None });
    });
    out
}

/// Calls `see` with the path, the element type and the extents of each leaf of a type, in order. Recursion is as deep as types nest.
pub fn each_leaf(program: &Program, ty: &Ty, path: &mut Path, see: &mut dyn FnMut(&Path, ScalarType, &[DimExpr])) {
    match ty {
        Ty::Scalar(s) => see(path, *s, &[]),
        Ty::Array { element, dims } => see(path, *element, dims),
        Ty::Struct { id, dims } => {
            let def = &program.structs[id.0 as usize];
            for (i, field) in def.fields.iter().enumerate() {
                path.steps.push((i as u32, field.name.clone()));
                each_leaf(program, &field_type(field, dims), path, see);
                path.steps.pop();
            }
        }
        Ty::Tuple(items) => {
            for (i, item) in items.iter().enumerate() {
                path.steps.push((i as u32, i.to_string().into()));
                each_leaf(program, item, path, see);
                path.steps.pop();
            }
        }
        Ty::Fn(_) | Ty::Never => {}
    }
}

/// The type of a field of a struct with these dimension arguments.
pub fn field_type(field: &FieldDef, args: &[DimExpr]) -> Ty {
    substitute(&field.ty, args)
}

fn substitute(ty: &Ty, args: &[DimExpr]) -> Ty {
    let all = |dims: &[DimExpr]| dims.iter().map(|d| substitute_dim(d, args)).collect();
    match ty {
        Ty::Scalar(_) | Ty::Fn(_) | Ty::Never => ty.clone(),
        Ty::Array { element, dims } => Ty::Array { element: *element, dims: all(dims) },
        Ty::Struct { id, dims } => Ty::Struct { id: *id, dims: all(dims) },
        Ty::Tuple(items) => Ty::Tuple(items.iter().map(|item| substitute(item, args)).collect()),
    }
}

fn substitute_dim(dim: &DimExpr, args: &[DimExpr]) -> DimExpr {
    match dim {
        DimExpr::Struct(k) => args.get(*k as usize).cloned().unwrap_or(DimExpr::Unknown),
        DimExpr::Apply(prim, operands) => {
            let [a, b] = operands.as_ref();
            let (a, b) = (substitute_dim(a, args), substitute_dim(b, args));
            if a == DimExpr::Unknown || b == DimExpr::Unknown {
                return DimExpr::Unknown;
            }
            DimExpr::Apply(*prim, Box::new([a, b]))
        }
        DimExpr::Const(_) | DimExpr::Local(_) | DimExpr::Unknown => dim.clone(),
    }
}

/// The value of an extent, if every name in it has one and nothing is divided by zero.
pub fn eval_dim(dim: &DimExpr, value: &dyn Fn(LocalId) -> Option<i64>) -> Option<i64> {
    match dim {
        DimExpr::Const(c) => Some(*c),
        DimExpr::Local(local) => value(*local),
        DimExpr::Apply(prim, operands) => {
            let [a, b] = operands.as_ref();
            apply(*prim, eval_dim(a, value)?, eval_dim(b, value)?)
        }
        DimExpr::Struct(_) | DimExpr::Unknown => None,
    }
}

/// An extent as the source would write it; `name` gives the names of variables.
pub fn write_dim(dim: &DimExpr, name: &dyn Fn(LocalId) -> String) -> String {
    match dim {
        DimExpr::Const(c) => c.to_string(),
        DimExpr::Local(local) => name(*local),
        DimExpr::Apply(prim, operands) => {
            let side = |d: &DimExpr| match d {
                DimExpr::Apply(..) => format!("({})", write_dim(d, name)),
                DimExpr::Const(_) | DimExpr::Local(_) | DimExpr::Struct(_) | DimExpr::Unknown => write_dim(d, name),
            };
            let symbol = prim.row().source.unwrap_or(prim.name());
            format!("{} {symbol} {}", side(&operands[0]), side(&operands[1]))
        }
        DimExpr::Struct(k) => format!("#{k}"),
        DimExpr::Unknown => "?".into(),
    }
}

fn apply(prim: Prim, a: i64, b: i64) -> Option<i64> {
    match prim.apply(&[Scalar::I64(a), Scalar::I64(b)]) {
        Ok(Scalar::I64(value)) => Some(value),
        Ok(Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_)) | Err(_) => None,
    }
}

/// How many leaves the types of a program have, computed once per struct.
#[derive(Clone, Debug)]
pub struct Sizes {
    structs: Vec<usize>,
}

impl Sizes {
    /// Counts the leaves of each struct; a struct never contains itself.
    pub fn of(program: &Program) -> Self {
        let mut sizes = Sizes { structs: vec![usize::MAX; program.structs.len()] };
        let mut done = vec![false; program.structs.len()];
        for id in 0..program.structs.len() {
            sizes.visit(&program.structs, id, &mut done);
        }
        sizes
    }

    /// Post-order with an explicit stack, so that a long chain of structs needs no deep recursion.
    fn visit(&mut self, structs: &[StructDef], root: usize, done: &mut [bool]) {
        let mut stack = vec![(root, false)];
        while let Some((id, ready)) = stack.pop() {
            if done[id] {
                continue;
            }
            if ready {
                let widths = structs[id].fields.iter().map(|f| self.leaves(&f.ty));
                self.structs[id] = widths.fold(0, usize::saturating_add);
                done[id] = true;
                continue;
            }
            stack.push((id, true));
            let mut inner = Vec::new();
            structs[id].fields.iter().for_each(|f| mentioned(&f.ty, &mut inner));
            stack.extend(inner.into_iter().filter(|&i| !done[i]).map(|i| (i, false)));
        }
    }

    /// How many leaves a type has.
    pub fn leaves(&self, ty: &Ty) -> usize {
        match ty {
            Ty::Scalar(_) | Ty::Array { .. } => 1,
            Ty::Struct { id, .. } => self.structs[id.0 as usize],
            Ty::Tuple(items) => items.iter().map(|t| self.leaves(t)).fold(0, usize::saturating_add),
            Ty::Fn(_) | Ty::Never => 0,
        }
    }
}

/// The structs that a type mentions itself.
fn mentioned(ty: &Ty, out: &mut Vec<usize>) {
    match ty {
        Ty::Struct { id, .. } => out.push(id.0 as usize),
        Ty::Tuple(items) => items.iter().for_each(|item| mentioned(item, out)),
        Ty::Scalar(_) | Ty::Array { .. } | Ty::Fn(_) | Ty::Never => {}
    }
}

#[cfg(test)]
mod tests;
