//! What does not fit, in the words of the program.
//!
//! In: a [`Fault`] found while a value was passed. Out: an error that names the parameter, the field, or what belongs to it: `the gradient of `x``.

use super::pass::Callee;
use super::plan::{Group, Target};
use crate::calls::Shape;
use crate::error::Error;
use adit_diag::Code;
use adit_ir::ScalarType;
use adit_runtime::Misfit;
use adit_sema::layout::{Leaf, ResultLeaf};

/// What does not fit, at a leaf.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    Misfit(usize, Misfit, &'static str),
    /// There is no such field.
    Field(usize, Box<str>),
    /// A value has more parts than its type.
    More(usize),
    /// A value has fewer.
    Fewer(usize),
    /// Another number of values than wanted.
    Count(usize),
    /// Other extents than those of the parameter.
    Extents(usize),
}

pub(super) const UNKNOWN_NAME: Code = Code("AD0904");
const WRONG_KIND: Code = Code("AD0905");
pub(super) const WRONG_SIZE: Code = Code("AD0906");

impl Callee {
    /// The element type of a leaf.
    pub(super) fn element(&self, group: &Group, leaf: usize) -> ScalarType {
        self.leaf(group, leaf).element
    }

    /// A leaf of a value of a group.
    pub(super) fn leaf(&self, group: &Group, leaf: usize) -> &Leaf {
        leaf_of(self.function.shape(), group, leaf)
    }
}

pub(crate) fn leaf_of<'s>(shape: &'s Shape, group: &Group, leaf: usize) -> &'s Leaf {
    let layout = &shape.layout;
    if !group.of_result {
        return &layout.params[leaf];
    }
    match layout.result_leaves[leaf] {
        ResultLeaf::Scalar(k) => &layout.results[k],
        ResultLeaf::Array(k) => &layout.destinations[k],
    }
}

/// What an argument of a derivative is called.
pub(super) fn argument_name(target: &Callee, at: usize) -> String {
    let plan = &target.plan;
    let groups = [&plan.params, &plan.value, &plan.along, &plan.gradient, &plan.product, &plan.result];
    for group in groups {
        let found = group.targets.iter().position(|t| matches!(*t, Target::Slot(s) | Target::Lanes(s) if s == at));
        if let Some(leaf) = found {
            return format!("{}`{}`", group.what, leaf_of(target.function.shape(), group, leaf).path);
        }
    }
    format!("argument {at}")
}

impl Fault {
    /// The error, where it was found at a value of this group.
    #[cold]
    pub(super) fn error(&self, target: &Callee, group: &Group) -> Error {
        let shape = target.function.shape();
        let name = |leaf: usize| format!("{}`{}`", group.what, leaf_of(shape, group, leaf).path);
        match self {
            &Fault::Misfit(leaf, misfit, found) => {
                misfit_error(leaf_of(shape, group, leaf), &name(leaf), misfit, found)
            }
            Fault::Field(leaf, field) => {
                let inside = group.items.iter().any(|item| item.contains(leaf));
                let next =
                    if inside { format!("where {} comes", name(*leaf)) } else { "there is no such part".to_owned() };
                Error::input(UNKNOWN_NAME, format!("a field `{field}` was given: {next}"))
            }
            Fault::More(leaf) => {
                let of = group.items.iter().find(|item| item.end == *leaf && !item.is_empty());
                let of = of.map_or_else(|| format!("{}a value", group.what), |item| name(item.start));
                Error::input(WRONG_KIND, format!("more was given than {of} and what belongs to it"))
            }
            &Fault::Extents(leaf) => {
                Error::input(WRONG_SIZE, format!("{} has other extents than the parameter", name(leaf)))
            }
            &Fault::Fewer(leaf) => Error::input(UNKNOWN_NAME, format!("{} was not given", name(leaf))),
            Fault::Count(given) => {
                let names = group.items.iter().map(|item| match (group.of_result, item.is_empty()) {
                    (true, _) => "the result".to_owned(),
                    (false, false) => format!("`{}`", leaf_of(shape, group, item.start).path.name),
                    (false, true) => "`()`".to_owned(),
                });
                let names = names.collect::<Vec<_>>().join(", ");
                let text =
                    format!("{}{} values are wanted ({names}), {given} were given", group.what, group.items.len());
                Error::input(UNKNOWN_NAME, text)
            }
        }
    }
}

fn misfit_error(leaf: &Leaf, name: &str, misfit: Misfit, found: &str) -> Error {
    let rank = leaf.dims.len();
    let wanted = match rank {
        0 => leaf.element.to_string(),
        1 => format!("an array of {}", leaf.element),
        _ => format!("an array of {} with {rank} dimensions", leaf.element),
    };
    let text = match misfit {
        Misfit::Kind if leaf.is_array() => format!("{name} takes {wanted}, not one {found}"),
        Misfit::Kind => format!("{name} takes one {wanted}, not an array of {found}"),
        Misfit::Element => format!("{name} takes {wanted}, not {found}"),
        Misfit::Rank => format!("{name} takes {wanted}: another number of dimensions was given"),
        Misfit::Count => {
            return Error::input(WRONG_SIZE, format!("{name} has another number of elements than its extents say"));
        }
        Misfit::NotLent => format!("{name} is not lent to the function: pass it by `&`, not by `&mut`"),
        Misfit::ReadOnly => format!("{name} is written: pass it by `&mut`"),
    };
    Error::input(WRONG_KIND, text)
}
