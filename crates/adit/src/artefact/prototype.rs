//! The C function of a derivative: its parameters, and how they become a call.
//!
//! In: an [`Artefact`]. Out: a [`Prototype`]: what a caller gives and gets, in order, from which headers ([`super::c`]) and Rust modules ([`super::rust`]) are written; and the
//! [`Interface`] by which a call is made of it. Structs and tuples are taken apart, as [`crate::handle::plan`] has them:
//!
//! ```text
//! f(p: P, x: [f64; n], s: &mut f64) -> f64, gradient by p, x;  struct P { a: f64, w: [f64; n] }
//! f_gradient(n, p_a, p_w, x, s (lent), value (out), d_p_a (out), d_p_w (out), d_x (out))
//! ```
//!
//! Sizes come first, then the function's own parameters, then what the derivative is asked with, then what it gives. It writes no text of any language.

use super::{Artefact, Compiled, Kind};
use crate::calls::Shape;
use crate::error::{Error, Result};
use crate::handle::fault::leaf_of;
use crate::handle::plan::{Group, How, Like, Plan, Target};
use crate::pipeline::Derivative;
use adit_codegen::{Image, Parameter};
use adit_diag::Code;
use adit_ir::ScalarType;
use adit_runtime::native::{Extent, Float, Interface, Matrix, Out, Place, Source};
use adit_sema::layout::{DimSource, Leaf};
use adit_sema::typed::{DimExpr, LocalId};
use std::collections::HashSet;

/// What a C function takes.
#[derive(Clone, Debug)]
pub(super) struct Prototype {
    /// In order: a word each.
    pub(super) params: Vec<Param>,
    /// How they become a call.
    pub(super) interface: Interface,
}

/// One parameter.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Param {
    /// Unique, and a name in C and in Rust.
    pub(super) name: String,
    pub(super) element: ScalarType,
    pub(super) form: Form,
    /// What it is, in words.
    pub(super) about: String,
    /// For an array its extents, for a matrix the floats of rows, then of columns.
    pub(super) shape: Dims,
}

/// How many numbers an address leads to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Dims {
    /// It is one number.
    One,
    /// An array.
    Array(Vec<Extent>),
    /// A matrix: arrays whose floats are rows, and those whose floats are columns.
    Matrix([Vec<Vec<Extent>>; 2]),
}

/// How a parameter is passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// A number, by value.
    Number,
    /// An address of what is read.
    In,
    /// An address of what is read and written.
    Lent,
    /// An address of what is overwritten.
    Out,
}

/// A prototype in the making.
struct Maker<'a> {
    shape: &'a Shape,
    plan: Plan,
    image: &'a Image,
    names: HashSet<String>,
    params: Vec<Param>,
    args: Vec<Option<Source>>,
    outs: Vec<Out>,
}

/// Words that are no names in C, in C++ or in Rust, and names that the texts around use.
const RESERVED: &str = include_str!("reserved.txt");

impl Prototype {
    pub(super) fn of(artefact: &Artefact) -> Result<(Prototype, &Image)> {
        let chosen = chosen(artefact)?;
        let (active, how) = how(&chosen.derivative);
        let shape = artefact.function.shape();
        let params = &shape.signature.params;
        let position = |name: &String| params.iter().position(|p| p.name == *name);
        let wrt: Vec<usize> = artefact.held.wrt.iter().filter_map(position).collect();
        let all = vec![false; shape.layout.ir_params()];
        let plan = Plan::new(shape, &wrt, active.unwrap_or(&all), how);
        let maker = Maker {
            shape,
            args: vec![None; plan.likes.len()],
            plan,
            image: &chosen.image,
            names: RESERVED.split_whitespace().map(str::to_owned).collect(),
            params: Vec::new(),
            outs: Vec::new(),
        };
        Ok((maker.make(artefact.held.kind, how)?, &chosen.image))
    }

    /// An extent as a reader is told.
    pub(super) fn extent(&self, extent: &Extent) -> String {
        match extent {
            Extent::Const(c) => c.to_string(),
            Extent::Word(word) => self.params[*word].name.clone(),
            Extent::Apply(prim, operands) => {
                let side = |extent: &Extent| match extent {
                    Extent::Apply(..) => format!("({})", self.extent(extent)),
                    Extent::Const(_) | Extent::Word(_) => self.extent(extent),
                };
                let symbol = prim.row().source.unwrap_or(prim.name());
                format!("{} {symbol} {}", side(&operands[0]), side(&operands[1]))
            }
        }
    }

    /// What an address leads to, as a reader is told; nothing for one number.
    pub(super) fn extents(&self, dims: &Dims) -> Option<String> {
        let array = |dims: &Vec<Extent>| dims.iter().map(|d| self.extent(d)).collect::<Vec<_>>();
        let floats = |side: &Vec<Vec<Extent>>| {
            let leaf = |dims: &Vec<Extent>| {
                let factor = |text: String| if text.contains(' ') { format!("({text})") } else { text };
                let factors: Vec<String> = array(dims).into_iter().map(factor).collect();
                if factors.is_empty() { "1".to_owned() } else { factors.join(" * ") }
            };
            if side.is_empty() { "0".to_owned() } else { side.iter().map(leaf).collect::<Vec<_>>().join(" + ") }
        };
        match dims {
            Dims::One => None,
            Dims::Array(dims) => Some(array(dims).join(", ")),
            Dims::Matrix(sides) => Some(format!("{}, {}", floats(&sides[0]), floats(&sides[1]))),
        }
    }

    /// The types of its parameters.
    pub(super) fn words(&self) -> Vec<Parameter> {
        let word = |param: &Param| match param.form {
            Form::Number => Parameter::Number(param.element),
            Form::In | Form::Lent | Form::Out => Parameter::Address,
        };
        self.params.iter().map(word).collect()
    }
}

/// Which of the functions of an artefact is called from C.
fn chosen(artefact: &Artefact) -> Result<&Compiled> {
    let one_float = artefact.function.one_float().is_ok();
    let fits = |derivative: &Derivative| match (artefact.held.kind, derivative) {
        (Kind::Value, Derivative::Primal) => true,
        (Kind::Jvp, Derivative::Jvp(_, lanes)) => *lanes == 1,
        (Kind::Jacobian, Derivative::Jvp(..)) => !one_float || artefact.code.len() < 3,
        (Kind::Gradient, Derivative::Gradient(_) | Derivative::Completed(_)) => true,
        (Kind::Vjp | Kind::Jacobian, Derivative::Vjp(_)) => true,
        (Kind::Hvp | Kind::Hessian, Derivative::Hvp(..)) => true,
        _ => false,
    };
    let found = artefact.code.iter().find(|compiled| fits(&compiled.derivative));
    found.ok_or_else(|| {
        let text = format!("there is no C function for {} in this mode: leave the mode out", artefact.held);
        Error::input(Code("AD0934"), text)
    })
}

/// What is active in a derivative, and how its parameters are laid out.
fn how(derivative: &Derivative) -> (Option<&[bool]>, How) {
    match derivative {
        Derivative::Primal | Derivative::ReverseOverReverse(_) => (None, How::Primal),
        Derivative::Augmented(_) | Derivative::Reversed(_) => (None, How::Primal),
        Derivative::Jvp(active, lanes) => (Some(active), How::Forward(*lanes)),
        Derivative::Vjp(active) => (Some(active), How::Reverse),
        Derivative::Gradient(active) => (Some(active), How::Gradient),
        Derivative::Hvp(active, lanes) => (Some(active), How::ForwardOverReverse(*lanes)),
        Derivative::Completed(derivative) => how(derivative),
    }
}

impl Maker<'_> {
    fn make(mut self, kind: Kind, how: How) -> Result<Prototype> {
        let swept = matches!(kind, Kind::Jacobian | Kind::Hessian);
        self.sizes();
        self.own(!swept)?;
        let Plan { along, gradient, product, result, value, .. } = self.plan.clone();
        match kind {
            Kind::Jvp | Kind::Hvp => self.inputs(&along, "along", "direction of")?,
            Kind::Vjp => self.inputs(&result, "seed", "cotangent of")?,
            Kind::Value | Kind::Gradient | Kind::Jacobian | Kind::Hessian => {}
        }
        self.outputs(&value, "value", "the value: ")?;
        match kind {
            Kind::Value => {}
            Kind::Jvp => self.outputs(&result, "tangent", "the tangent of ")?,
            Kind::Gradient | Kind::Vjp => self.outputs(&gradient, "d", "the derivative by ")?,
            Kind::Hvp => {
                self.outputs(&gradient, "d", "the gradient by ")?;
                self.outputs(&product, "hvp", "the Hessian times the direction: ")?;
            }
            Kind::Jacobian | Kind::Hessian => {}
        }
        let matrix = match (kind, how) {
            (Kind::Jacobian, How::Reverse) => Some(self.matrix("jacobian", &result, &gradient, true)?),
            (Kind::Jacobian, _) => Some(self.matrix("jacobian", &along, &result, false)?),
            (Kind::Hessian, _) => {
                self.outputs(&gradient, "d", "the gradient by ")?;
                Some(self.matrix("hessian", &along, &product, true)?)
            }
            _ => None,
        };
        self.seeds(matches!(how, How::ForwardOverReverse(_)));
        let args = (0..self.args.len()).map(|at| self.argument(at)).collect::<Result<_>>()?;
        let interface = Interface { words: self.params.len(), args, outs: self.outs, matrix };
        Ok(Prototype { params: self.params, interface })
    }

    /// Adds a parameter under a name that is nobody else's; its word.
    fn param(&mut self, name: &str, element: ScalarType, form: Form, about: String, shape: Dims) -> usize {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let mut name: String = name.chars().map(plain).collect();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            name.insert(0, 'v');
        }
        while !self.names.insert(name.clone()) {
            name.push('_');
        }
        self.params.push(Param { name, element, form, about, shape });
        self.params.len() - 1
    }

    fn sizes(&mut self) {
        for dim in &self.shape.layout.dims {
            let about = format!("the dimension `{}`", dim.name);
            let word = self.param(&dim.name, ScalarType::I64, Form::Number, about, Dims::One);
            if let DimSource::Explicit(at) = dim.source {
                self.args[at] = Some(Source::Word(word));
            }
        }
    }

    /// The function's own parameters. Sweeps start from the same every time: what is lent is copied there.
    fn own(&mut self, lends: bool) -> Result<()> {
        for (i, leaf) in self.shape.layout.params.iter().enumerate() {
            let at = self.shape.layout.ir_param(i);
            let (lent, name) = (lends && leaf.lent, leaf.path.to_string());
            let about = format!("`{name}`{}", if lent { ", which is changed" } else { "" });
            if leaf.is_array() {
                let dims = self.extents(leaf)?;
                let form = if lent { Form::Lent } else { Form::In };
                let word = self.param(&name, leaf.element, form, about, Dims::Array(dims.clone()));
                let place = if lent { Place::Lent(word) } else { self.read(at, word) };
                self.args[at] = Some(Source::Array { place, dims });
            } else if lent {
                let word = self.param(&name, leaf.element, Form::Lent, about, Dims::One);
                self.args[at] = Some(Source::Pointee(word));
                if let Target::Result(result) = self.plan.finals.targets[i] {
                    self.outs.push(Out { result, word });
                }
            } else {
                let word = self.param(&name, leaf.element, Form::Number, about, Dims::One);
                self.args[at] = Some(Source::Word(word));
            }
        }
        Ok(())
    }

    /// The caller's array for an argument: a copy, if the function writes there.
    fn read(&self, at: usize, word: usize) -> Place {
        if self.image.writes(at) { Place::Copy(word) } else { Place::Read(word) }
    }

    /// The leaves of a group that go somewhere.
    fn leaves(&self, group: &Group) -> Vec<(Leaf, Target)> {
        let leaves = group.items.iter().flat_map(std::ops::Range::clone);
        let moved = leaves.filter(|&leaf| group.targets[leaf] != Target::Skip);
        moved.map(|leaf| (leaf_of(self.shape, group, leaf).clone(), group.targets[leaf])).collect()
    }

    fn inputs(&mut self, group: &Group, prefix: &str, about: &str) -> Result<()> {
        for (leaf, target) in self.leaves(group) {
            let (Target::Slot(at) | Target::Lanes(at)) = target else { continue };
            let (name, about) = (named(prefix, &leaf, group), format!("the {about} `{}`", leaf.path));
            if leaf.is_array() {
                let dims = self.extents(&leaf)?;
                let word = self.param(&name, leaf.element, Form::In, about, Dims::Array(dims.clone()));
                self.args[at] = Some(Source::Array { place: self.read(at, word), dims });
            } else {
                let word = self.param(&name, leaf.element, Form::Number, about, Dims::One);
                self.args[at] = Some(Source::Word(word));
            }
        }
        Ok(())
    }

    fn outputs(&mut self, group: &Group, prefix: &str, about: &str) -> Result<()> {
        for (leaf, target) in self.leaves(group) {
            let (name, about) = (named(prefix, &leaf, group), format!("{about}`{}`", leaf.path));
            match target {
                Target::Skip => {}
                Target::Result(result) => {
                    let word = self.param(&name, leaf.element, Form::Out, about, Dims::One);
                    self.outs.push(Out { result, word });
                }
                Target::Slot(at) | Target::Lanes(at) => {
                    let dims = self.extents(&leaf)?;
                    let word = self.param(&name, leaf.element, Form::Out, about, Dims::Array(dims.clone()));
                    let mut inner = dims;
                    inner.extend(self.lanes(at));
                    // Of several lanes the caller gets none: those arrays are the call's own.
                    self.args[at] = Some(Source::Array { place: Place::Fresh(word), dims: inner });
                }
            }
        }
        Ok(())
    }

    fn lanes(&self, at: usize) -> Option<Extent> {
        match self.plan.likes[at] {
            Like::Argument(_, lanes) if lanes > 1 => Some(Extent::Const(lanes as i64)),
            Like::Argument(..) | Like::Given | Like::Destination(_) | Like::Taped(_) => None,
        }
    }

    /// A matrix that is swept for, `directions` by `entries`.
    fn matrix(&mut self, name: &str, directions: &Group, entries: &Group, rows: bool) -> Result<Matrix> {
        let mut sides = Vec::new();
        let mut floats = Vec::new();
        for group in [directions, entries] {
            let leaves = self.leaves(group).into_iter().filter(|(leaf, _)| leaf.element.is_float());
            let (mut side, mut found) = (Vec::new(), Vec::new());
            for (leaf, target) in leaves {
                side.push(self.extents(&leaf)?);
                found.push(match target {
                    Target::Result(k) => Float::Result(k),
                    Target::Slot(at) | Target::Lanes(at) => Float::Argument(at),
                    Target::Skip => continue,
                });
            }
            sides.push(side);
            floats.push(found);
        }
        let (Some(entry_floats), Some(direction_floats)) = (floats.pop(), floats.pop()) else {
            return Err(Error::internal("a matrix has two sides"));
        };
        let (entry_side, direction_side) = (sides.pop().unwrap_or_default(), sides.pop().unwrap_or_default());
        let shape = if rows { [direction_side, entry_side] } else { [entry_side, direction_side] };
        let about = match name {
            "hessian" => "the Hessian, a row and a column for each float differentiated by".to_owned(),
            _ => "the Jacobian, a row for each float of the value, a column for each differentiated by".to_owned(),
        };
        let word = self.param(name, ScalarType::F64, Form::Out, about, Dims::Matrix(shape));
        let lanes = self.plan.lanes;
        Ok(Matrix { word, lanes, directions: direction_floats, entries: entry_floats, rows })
    }

    /// Seeds that the caller does not give: 1 for the value in second derivatives, else 0.
    fn seeds(&mut self, one: bool) {
        for (k, &(at, ty)) in self.plan.seeds.iter().enumerate() {
            if self.args[at].is_none() {
                let x = if one && k == 0 { 1.0 } else { 0.0 };
                self.args[at] = Some(Source::Bits(literal(ty, x)));
            }
        }
    }

    /// Where an argument comes from; from nowhere if the caller does not give it.
    fn argument(&self, at: usize) -> Result<Source> {
        if let Some(source) = &self.args[at] {
            return Ok(source.clone());
        }
        match self.dims_of(at)? {
            Some(dims) => Ok(Source::Array { place: Place::Zeros, dims }),
            None => Ok(Source::Bits(0)),
        }
    }

    /// The extents of an argument that the caller does not give; nothing for a number.
    fn dims_of(&self, at: usize) -> Result<Option<Vec<Extent>>> {
        match self.plan.likes[at] {
            Like::Given => {
                match at.checked_sub(self.shape.layout.explicit).and_then(|i| self.shape.layout.params.get(i)) {
                    Some(leaf) if leaf.is_array() => self.extents(leaf).map(Some),
                    Some(_) | None => Ok(None),
                }
            }
            Like::Taped(_) => Err(Error::internal("no derivative that is kept has a tape")),
            Like::Destination(k) => self.extents(&self.shape.layout.destinations[k]).map(Some),
            Like::Argument(of, _) => {
                let mut dims = self.dims_of(of)?.unwrap_or_default();
                dims.extend(self.lanes(at));
                Ok(Some(dims))
            }
        }
    }

    fn extents(&self, leaf: &Leaf) -> Result<Vec<Extent>> {
        leaf.dims.iter().map(|dim| self.extent(dim, leaf)).collect()
    }

    fn extent(&self, dim: &DimExpr, leaf: &Leaf) -> Result<Extent> {
        let unknown = || {
            let text = format!("the size of `{}` is known only when it runs: C has nothing to give for it", leaf.path);
            Error::input(Code("AD0934"), text)
        };
        match dim {
            DimExpr::Const(c) => Ok(Extent::Const(*c)),
            DimExpr::Local(local) => self.local(*local).map(Extent::Word).ok_or_else(unknown),
            DimExpr::Apply(prim, operands) => {
                let [a, b] = operands.as_ref();
                Ok(Extent::Apply(*prim, Box::new([self.extent(a, leaf)?, self.extent(b, leaf)?])))
            }
            DimExpr::Struct(_) | DimExpr::Unknown => Err(unknown()),
        }
    }

    /// The word of a dimension name or of an integer parameter.
    fn local(&self, local: LocalId) -> Option<usize> {
        let layout = &self.shape.layout;
        let size = layout.dims.iter().position(|dim| dim.local == local);
        let param = || layout.params.iter().position(|leaf| leaf.local == Some(local));
        size.or_else(|| param().map(|leaf| layout.dims.len() + leaf))
    }
}

/// A leaf's name: of the result the prefix and its path within, else the prefix and its path.
fn named(prefix: &str, leaf: &Leaf, group: &Group) -> String {
    let path = leaf.path.to_string();
    match group.of_result {
        true => format!("{prefix}{}", path.strip_prefix("result").unwrap_or(&path)),
        false => format!("{prefix}_{path}"),
    }
}

fn literal(ty: ScalarType, x: f64) -> u64 {
    match ty {
        ScalarType::F32 => {
            let [a, b, c, d] = (x as f32).to_ne_bytes();
            u64::from_ne_bytes([a, b, c, d, 0, 0, 0, 0])
        }
        ScalarType::F64 | ScalarType::I64 | ScalarType::Bool => x.to_bits(),
    }
}
