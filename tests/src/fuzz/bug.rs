//! Seeded bugs of all rooms of the compiler.
//!
//! In: the tables of the crates. Out: [`Bug`], one of them, as options for each step of a compile. An ordinary compile has [`Bug::None`].

use super::relations::reachable;
use adit_ir::{FuncId, Module};
use std::fmt;

/// What the compiler does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Bug {
    /// Nothing.
    #[default]
    None,
    /// A mistake of the lowering.
    Lowering(adit_sema::lower::Mutant),
    /// A mistake of the optimiser.
    Optimiser(adit_opt::Mutant),
    /// A mistake of differentiation.
    Derivative(adit_autodiff::Mutant),
    /// A mistake of the analysis of sparsity.
    Sparsity(adit_sparse::Mutant),
}

impl Bug {
    /// Every seeded bug, room by room.
    pub fn all() -> impl Iterator<Item = Bug> {
        let derivative = adit_autodiff::Mutant::ALL.iter().copied().map(Bug::Derivative);
        let optimiser = adit_opt::Mutant::ALL.iter().copied().map(Bug::Optimiser);
        let lowering = adit_sema::lower::Mutant::ALL.iter().copied().map(Bug::Lowering);
        let sparsity = adit_sparse::Mutant::ALL.iter().copied().map(Bug::Sparsity);
        derivative.chain(optimiser).chain(lowering).chain(sparsity)
    }

    /// Its name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Bug::None => "none",
            Bug::Lowering(mutant) => mutant.name(),
            Bug::Optimiser(mutant) => mutant.name(),
            Bug::Derivative(mutant) => mutant.name(),
            Bug::Sparsity(mutant) => mutant.name(),
        }
    }

    /// What it does, in a sentence.
    pub fn about(self) -> &'static str {
        match self {
            Bug::None => "Nothing.",
            Bug::Lowering(mutant) => mutant.about(),
            Bug::Optimiser(mutant) => mutant.about(),
            Bug::Derivative(mutant) => mutant.about(),
            Bug::Sparsity(mutant) => mutant.about(),
        }
    }

    /// The crate that makes the mistake.
    pub fn room(self) -> &'static str {
        match self {
            Bug::None => "",
            Bug::Lowering(_) => "sema",
            Bug::Optimiser(_) => "opt",
            Bug::Derivative(_) => "autodiff",
            Bug::Sparsity(_) => "sparse",
        }
    }

    /// What the lowering is told.
    pub fn lowering(self) -> adit_sema::lower::Options {
        let mutant = if let Bug::Lowering(mutant) = self { Some(mutant) } else { None };
        adit_sema::lower::Options { mutant }
    }

    /// What passes are told.
    pub fn optimiser(self) -> adit_opt::Options {
        let mutant = if let Bug::Optimiser(mutant) = self { Some(mutant) } else { None };
        adit_opt::Options { mutant, ..adit_opt::Options::default() }
    }

    /// What differentiation is told.
    pub fn derivative(self) -> adit_autodiff::Options {
        let mutant = if let Bug::Derivative(mutant) = self { Some(mutant) } else { None };
        adit_autodiff::Options { mutant, ..adit_autodiff::Options::default() }
    }

    /// What the analysis of sparsity is told.
    pub fn sparsity(self) -> Option<adit_sparse::Mutant> {
        if let Bug::Sparsity(mutant) = self { Some(mutant) } else { None }
    }

    /// Cleans up a function and all that it calls, as the compiler does it.
    pub fn clean(self, module: &mut Module, root: FuncId) {
        for id in reachable(module, root) {
            let f = adit_opt::clean_up_with(module, module.function(id), self.optimiser());
            *module.function_mut(id) = f;
        }
    }
}

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
