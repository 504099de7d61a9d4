//! Binding dimension names to the extents that a host gives.
//!
//! In: the shapes of array leaves and the values of `i64` leaves ([`Given`]). Out: the value of every dimension name and of everything a type computes from them
//! ([`Bound`]), or the first disagreement in words ([`BindError`]). A name gets the first extent that mentions it bare; all other mentions and expressions are checked after.

use super::{DimSource, Layout, Leaf, eval_dim};
use crate::typed::{DimExpr, LocalId};
use rustc_hash::FxHashMap;
use std::fmt;

/// What a host is about to pass.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// For each of [`Layout::params`]: the extents of an array, outermost first; unused for scalars. An extent that the host cannot tell is `None`, such as the second
    /// one of `[]`: it is what the signature says, or 0.
    pub shapes: &'a [Vec<Option<usize>>],
    /// For each of [`Layout::params`]: the value of an `i64`; unused for others.
    pub ints: &'a [Option<i64>],
    /// Values for explicit dimensions, by name.
    pub explicit: &'a [(String, i64)],
}

/// Every size of one call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    /// The values of explicit dimensions: the first IR arguments.
    pub explicit: Vec<i64>,
    /// For each of [`Layout::params`], the extents of an array.
    pub shapes: Vec<Vec<usize>>,
    /// For each of [`Layout::destinations`], the extents to allocate.
    pub destinations: Vec<Vec<usize>>,
}

/// Why sizes do not fit a signature.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BindError {
    /// An array of the wrong number of dimensions.
    Rank {
        /// The path of the leaf.
        leaf: String,
        /// How many the signature has.
        wanted: usize,
        /// How many were given.
        found: usize,
    },
    /// A dimension that nothing determines.
    Unbound {
        /// Its name.
        name: String,
    },
    /// Two sizes that must agree do not.
    Disagree {
        /// What sets the size, in words: `` `n`, the length of `x` ``.
        wanted_by: String,
        /// The size it sets.
        wanted: i64,
        /// What has another one, in words.
        found_in: String,
        /// The size it has.
        found: i64,
    },
    /// An extent that is negative, or that divides by zero.
    NoSize {
        /// The extent of what, in words.
        of: String,
        /// The negative value, if it has one.
        value: Option<i64>,
    },
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::Rank { leaf, wanted, found } => {
                write!(f, "`{leaf}` has {found} dimensions where {wanted} are wanted")
            }
            BindError::Unbound { name } => {
                write!(f, "nothing tells the value of the dimension `{name}`")
            }
            BindError::Disagree { wanted_by, wanted, found_in, found } => {
                write!(f, "sizes do not agree: {found_in} is {found}, but {wanted_by} is {wanted}")
            }
            BindError::NoSize { of, value: Some(value) } => {
                write!(f, "{of} would be {value}")
            }
            BindError::NoSize { of, value: None } => write!(f, "{of} divides by zero"),
        }
    }
}

impl std::error::Error for BindError {}

impl Layout {
    /// Binds dimension names, checks every extent against them, and computes the extents of results.
    ///
    /// # Errors
    /// The first thing that does not fit, in order of parameters.
    pub fn bind(&self, given: Given<'_>) -> Result<Bound, BindError> {
        self.check_ranks(given)?;
        let env = self.environment(given)?;
        let mut shapes = Vec::with_capacity(self.params.len());
        for (i, leaf) in self.params.iter().enumerate() {
            let shape = &given.shapes[i];
            let extents = leaf.dims.iter().enumerate();
            let extents = extents.map(|(axis, dim)| self.extent(&env, leaf, axis, dim, shape[axis]));
            shapes.push(extents.collect::<Result<_, _>>()?);
        }
        let extents = |leaf: &Leaf| -> Result<Vec<usize>, BindError> {
            let dims = leaf.dims.iter().enumerate();
            dims.map(|(axis, dim)| self.extent(&env, leaf, axis, dim, None)).collect()
        };
        let destinations = self.destinations.iter().map(extents).collect::<Result<_, _>>()?;
        let explicit = self.dims.iter().filter(|d| matches!(d.source, DimSource::Explicit(_)));
        let explicit = explicit.map(|d| env[&d.local]).collect();
        Ok(Bound { explicit, shapes, destinations })
    }

    /// The extents of all array leaves where some are not given: each name is told by an extent that is, or by [`Given::explicit`].
    ///
    /// # Errors
    /// As [`Layout::bind`], and for a name that nothing tells.
    pub fn complete(&self, given: Given<'_>) -> Result<Vec<Vec<usize>>, BindError> {
        let told = |dim: &&super::Dimension| {
            self.known_extent(dim.local, given).is_some() || given.explicit.iter().any(|(name, _)| **name == *dim.name)
        };
        if let Some(dim) = self.dims.iter().find(|dim| !told(dim)) {
            return Err(BindError::Unbound { name: dim.name.to_string() });
        }
        Ok(self.bind(given)?.shapes)
    }

    fn check_ranks(&self, given: Given<'_>) -> Result<(), BindError> {
        for (leaf, shape) in self.params.iter().zip(given.shapes) {
            let (wanted, found) = (leaf.dims.len(), shape.len());
            if leaf.is_array() && wanted != found {
                return Err(BindError::Rank { leaf: leaf.path.to_string(), wanted, found });
            }
        }
        Ok(())
    }

    /// The values of dimension names and of `i64` parameters.
    fn environment(&self, given: Given<'_>) -> Result<FxHashMap<LocalId, i64>, BindError> {
        let mut env = FxHashMap::default();
        for (i, leaf) in self.params.iter().enumerate() {
            if let (Some(local), Some(value)) = (leaf.local, given.ints[i]) {
                env.insert(local, value);
            }
        }
        for dim in &self.dims {
            let value = match dim.source {
                DimSource::Extent { .. } => Some(self.first_extent(dim, given)),
                DimSource::Explicit(_) => {
                    let named = given.explicit.iter().find(|(name, _)| **name == *dim.name);
                    named.map(|&(_, value)| value)
                }
            };
            let value = value.ok_or_else(|| BindError::Unbound { name: dim.name.to_string() })?;
            env.insert(dim.local, value);
        }
        Ok(env)
    }

    /// The first extent given for a name that is mentioned bare; else what it is said to be; 0 if the host could tell neither.
    fn first_extent(&self, dim: &super::Dimension, given: Given<'_>) -> i64 {
        let named = || given.explicit.iter().find(|(name, _)| **name == *dim.name).map(|&(_, value)| value);
        self.known_extent(dim.local, given).or_else(named).unwrap_or(0)
    }

    fn known_extent(&self, local: LocalId, given: Given<'_>) -> Option<i64> {
        let leaves = self.params.iter().zip(given.shapes);
        let mut extents = leaves.flat_map(|(leaf, shape)| leaf.dims.iter().zip(shape));
        extents.find_map(|(d, s)| s.filter(|_| *d == DimExpr::Local(local))).map(|s| s as i64)
    }

    fn extent(
        &self,
        env: &FxHashMap<LocalId, i64>,
        leaf: &Leaf,
        axis: usize,
        dim: &DimExpr,
        given: Option<usize>,
    ) -> Result<usize, BindError> {
        let of = || extent_in_words(&leaf.path.to_string(), axis, leaf.dims.len());
        let wanted = eval_dim(dim, &|local| env.get(&local).copied());
        let wanted = wanted.ok_or_else(|| BindError::NoSize { of: of(), value: None })?;
        let size = usize::try_from(wanted);
        let size = size.map_err(|_| BindError::NoSize { of: of(), value: Some(wanted) })?;
        match given {
            Some(found) if found != size => {
                let found = found as i64;
                let wanted_by = self.wanted_by(dim);
                Err(BindError::Disagree { wanted_by, wanted, found_in: of(), found })
            }
            Some(_) | None => Ok(size),
        }
    }

    /// What sets an extent, in words.
    fn wanted_by(&self, dim: &DimExpr) -> String {
        let text = self.dim_in_words(dim);
        let DimExpr::Local(local) = dim else {
            return format!("`{text}`");
        };
        let source = self.dims.iter().find(|d| d.local == *local).map(|d| d.source);
        match source {
            Some(DimSource::Extent { leaf, axis }) => {
                let leaf = &self.params[leaf];
                let what = extent_in_words(&leaf.path.to_string(), axis, leaf.dims.len());
                format!("`{text}`, {what},")
            }
            Some(DimSource::Explicit(_)) | None => format!("`{text}`"),
        }
    }

    /// An extent as the source would write it.
    pub fn dim_in_words(&self, dim: &DimExpr) -> String {
        let name = |local: LocalId| {
            let dim = self.dims.iter().find(|d| d.local == local).map(|d| d.name.to_string());
            let param = || self.params.iter().find(|l| l.local == Some(local));
            dim.or_else(|| param().map(|l| l.path.to_string())).unwrap_or_else(|| "?".into())
        };
        super::write_dim(dim, &name)
    }
}

/// `the length of `x``, `dimension 2 of `a``.
pub fn extent_in_words(path: &str, axis: usize, rank: usize) -> String {
    if rank == 1 { format!("the length of `{path}`") } else { format!("dimension {} of `{path}`", axis + 1) }
}
