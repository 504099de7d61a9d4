//! What is sampled: a function, its data, what is free and how it is constrained.
//!
//! In: a function that returns a log density or its negative, values for some parameters. Out: [`Posterior`]: the other parameters are free, each of their numbers or arrays with its
//! [`Constraint`], all of them laid out in one vector of free numbers and one of constrained numbers.

use crate::density::Density;
use crate::{CONSTRAINT, Constraint, NOTHING, START};
use adit::diag::Code;
use adit::{BoundGradient, Error, Function, Parameter, Result, Type, Value, float_names};
use std::ops::Range;
use std::sync::Arc;

/// What the function returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The logarithm of a density, up to a constant.
    Log,
    /// The negative of that, as minimisers have it.
    NegLog,
}

/// A number or an array that is free.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    path: String,
    pub(crate) constraint: Constraint,
    /// How many numbers a row has.
    pub(crate) row: usize,
    /// Where its numbers are, constrained.
    pub(crate) x: Range<usize>,
    /// Where its free numbers are.
    pub(crate) y: Range<usize>,
}

/// Numbers that are transformed together.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) constraint: Constraint,
    /// Where they are, constrained.
    pub(crate) x: Range<usize>,
    /// Where the free numbers are that make them.
    pub(crate) y: Range<usize>,
}

/// A density to be sampled. Cheap to clone, to be shared by chains.
#[derive(Clone, Debug)]
pub struct Posterior {
    pub(crate) gradient: BoundGradient,
    pub(crate) kind: Kind,
    pub(crate) args: Vec<Value>,
    /// The positions of free parameters.
    pub(crate) free: Vec<usize>,
    leaves: Vec<Leaf>,
    /// All numbers, as they are transformed: neighbours with one constraint are one part, unless rows are.
    pub(crate) parts: Arc<[Part]>,
    names: Arc<[String]>,
    dim: usize,
}

impl Posterior {
    /// Parameters that are not among the data are free; where their extents do not follow from the data, use [`Posterior::with_sizes`].
    ///
    /// # Errors
    /// AD0921 if nothing is free or what is free holds more than floats; data that do not fit; a function without a gradient.
    pub fn new(function: &Function, kind: Kind, data: &[(&str, Value)]) -> Result<Posterior> {
        Self::with_sizes(function, kind, data, &[])
    }

    /// The same, with the values of dimensions that no data tell.
    ///
    /// # Errors
    /// As [`Posterior::new`].
    pub fn with_sizes(
        function: &Function,
        kind: Kind,
        data: &[(&str, Value)],
        sizes: &[(String, i64)],
    ) -> Result<Posterior> {
        let params = &function.signature().params;
        if let Some((name, _)) = data.iter().find(|(n, _)| params.iter().all(|p| p.name != *n)) {
            let text = format!("`{}` has no parameter `{name}`", function.name());
            return Err(Error::input(Code("AD0904"), text));
        }
        let given = |p: &Parameter| data.iter().find(|(n, _)| *n == p.name).map(|(_, v)| v.clone());
        let given: Vec<Option<Value>> = params.iter().map(given).collect();
        let free: Vec<usize> = (0..params.len()).filter(|&i| given[i].is_none()).collect();
        check_free(function, &free)?;
        let args = function.completed(&given, sizes)?;
        let wrt: Vec<&str> = free.iter().map(|&i| params[i].name.as_str()).collect();
        let gradient = function.gradient().wrt(wrt).build()?.bind(&args)?;
        let named = || free.iter().map(|&i| (params[i].name.as_str(), &args[i]));
        let mut leaves = Vec::new();
        named().for_each(|(name, value)| add_leaves(&mut leaves, name.to_owned(), value));
        let names = named().flat_map(|(name, value)| float_names(name, value)).collect();
        let mut posterior = Posterior { gradient, kind, args, free, leaves, parts: Arc::default(), names, dim: 0 };
        posterior.lay_out();
        Ok(posterior)
    }

    /// Constrains a free number or array, called by its path such as `p.sigma`.
    ///
    /// # Errors
    /// AD0920 if there is no such one, the constraint does not fit it, or no number is within.
    pub fn constrain(mut self, path: &str, constraint: Constraint) -> Result<Posterior> {
        let Some(leaf) = self.leaves.iter_mut().find(|leaf| leaf.path == path) else {
            let paths: Vec<String> = self.leaves.iter().map(|leaf| format!("`{}`", leaf.path)).collect();
            let text = format!("there is no `{path}` to be constrained; what is sampled is {}", paths.join(", "));
            return Err(Error::input(CONSTRAINT, text));
        };
        if constraint.joins() && leaf.row == 0 {
            let text = format!("`{path}` is one number, and `{constraint}` is of arrays that are not empty");
            return Err(Error::input(CONSTRAINT, text));
        }
        if !constraint.is_possible() {
            let text = format!("no number is within `{constraint}`: bounds are finite, and the lower one is less");
            return Err(Error::input(CONSTRAINT, text));
        }
        leaf.constraint = constraint;
        self.lay_out();
        Ok(self)
    }

    fn lay_out(&mut self) {
        let mut at = 0;
        for leaf in &mut self.leaves {
            let n = leaf.x.len();
            let rows = n.checked_div(leaf.row).unwrap_or(0);
            let free = if leaf.constraint.joins() { rows * leaf.constraint.free(leaf.row) } else { n };
            leaf.y = at..at + free;
            at += free;
        }
        self.dim = at;
        let mut parts: Vec<Part> = Vec::new();
        for leaf in &self.leaves {
            match parts.last_mut().filter(|last| last.constraint == leaf.constraint && !leaf.constraint.joins()) {
                Some(last) => (last.x.end, last.y.end) = (leaf.x.end, leaf.y.end),
                None => parts.extend(leaf.parts()),
            }
        }
        self.parts = parts.into();
    }

    /// How many free numbers there are.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Names of the constrained numbers, such as `p.sigma` and `w[0]`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The density with its gradient, for one chain.
    pub fn density(&self) -> Density {
        Density::new(self)
    }

    /// Constrained numbers from free ones; gives the logarithm of the determinant of the Jacobian.
    pub fn apply(&self, y: &[f64], x: &mut [f64]) -> f64 {
        let mut log_jacobian = 0.0;
        for part in &*self.parts {
            log_jacobian += part.constraint.apply(&y[part.y.clone()], &mut x[part.x.clone()]);
        }
        log_jacobian
    }

    /// Free numbers from values of the free parameters by name; the numbers of parameters that are not given stay.
    ///
    /// # Errors
    /// AD0922 if a value breaks its constraint; AD0904 and AD0906 if it does not fit.
    pub fn invert(&self, given: &[(String, Value)], y: &mut [f64]) -> Result<()> {
        let params = &self.gradient.gradient().function().signature().params;
        for (name, value) in given {
            let Some(&at) = self.free.iter().find(|&&i| params[i].name == *name) else {
                return Err(Error::input(Code("AD0904"), format!("`{name}` is not sampled: it has no starting point")));
            };
            let names = float_names(name, value);
            let floats = value.floats();
            if names != float_names(name, &self.args[at]) {
                let text = format!("the starting point of `{name}` has not the shape that the data say");
                return Err(Error::input(Code("AD0906"), text));
            }
            let first = names.first().and_then(|n| self.names.iter().position(|m| m == n)).unwrap_or(0);
            let within = |leaf: &&Leaf| leaf.x.start >= first && leaf.x.end <= first + floats.len();
            for leaf in self.leaves.iter().filter(within) {
                let x = &floats[leaf.x.start - first..leaf.x.end - first];
                let free = leaf.free_chunk();
                for (i, x) in x.chunks_exact(leaf.chunk()).enumerate() {
                    let at = leaf.y.start + i * free;
                    leaf.constraint.invert(x, &mut y[at..at + free]).ok_or_else(|| {
                        let text = format!("the starting point of `{}` is not within `{}`", leaf.path, leaf.constraint);
                        Error::input(START, text)
                    })?;
                }
            }
        }
        Ok(())
    }
}

impl Leaf {
    /// How many constrained numbers are transformed together.
    pub(crate) fn chunk(&self) -> usize {
        if self.constraint.joins() { self.row.max(1) } else { self.x.len().max(1) }
    }

    /// How many free numbers make them.
    pub(crate) fn free_chunk(&self) -> usize {
        self.constraint.free(self.chunk())
    }

    /// What is transformed together: rows, or all of its numbers where each is transformed by itself.
    fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        let joins = self.constraint.joins();
        let (free, of) = if joins { (self.free_chunk(), self.chunk()) } else { (self.y.len(), self.x.len()) };
        let count = if joins { self.x.len() / of } else { 1 };
        let places = move |start: usize, size: usize, i: usize| start + i * size..start + (i + 1) * size;
        let part = move |i| (places(self.x.start, of, i), places(self.y.start, free, i));
        (0..count).map(part).map(|(x, y)| Part { constraint: self.constraint, x, y })
    }
}

/// That something is free, and that it is floats.
fn check_free(function: &Function, free: &[usize]) -> Result<()> {
    let params = &function.signature().params;
    if let Some(p) = free.iter().map(|&i| &params[i]).find(|p| !only_floats(&p.ty)) {
        let text = format!("`{}` cannot be sampled: it holds what is no float; give it as data", p.name);
        return Err(Error::input(NOTHING, text));
    }
    if free.is_empty() {
        let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
        let text = format!("nothing is left to be sampled: {} are all data", names.join(", "));
        return Err(Error::input(NOTHING, text));
    }
    Ok(())
}

fn only_floats(ty: &Type) -> bool {
    match ty {
        Type::Scalar(s) => s.is_float(),
        Type::Array { element, .. } => element.is_float(),
        Type::Struct { fields, .. } => fields.iter().all(|(_, ty)| only_floats(ty)),
        Type::Tuple(types) => types.iter().all(only_floats),
    }
}

fn add_leaves(leaves: &mut Vec<Leaf>, path: String, value: &Value) {
    match value {
        Value::Struct(fields) => fields.iter().for_each(|(n, v)| add_leaves(leaves, format!("{path}.{n}"), v)),
        Value::Tuple(items) => items.iter().enumerate().for_each(|(i, v)| add_leaves(leaves, format!("{path}.{i}"), v)),
        Value::F64(_) | Value::F32(_) | Value::I64(_) | Value::Bool(_) => add_leaf(leaves, path, 0, 1),
        Value::Array(a) => add_leaf(leaves, path, a.dims.last().copied().unwrap_or(0), a.data.len()),
    }
}

fn add_leaf(leaves: &mut Vec<Leaf>, path: String, row: usize, count: usize) {
    let at = leaves.last().map_or(0, |leaf| leaf.x.end);
    leaves.push(Leaf { path, constraint: Constraint::Real, row, x: at..at + count, y: 0..0 });
}
