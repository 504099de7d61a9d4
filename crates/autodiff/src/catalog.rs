//! Names of derivatives, and which ones are already made or under way.
//!
//! In: a module, and requests for derivatives of its functions. Out: for each pair of function and activity one identity, given *before* the derivative is made, so that
//! recursion finds it; and the list of what remains to be made. Nothing is added to the module here.
//!
//! The derivative of `f` is called `f__jvp` (`f__jvp8` with eight lanes) or `f__vjp`; where that name is taken, by the same function with another activity or by the user, `f__jvp_2` and so on.

use adit_ir::{FuncId, Module};
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::collections::VecDeque;
use std::hash::BuildHasher;

/// A derivative to be made.
#[derive(Debug)]
pub struct Job {
    /// Of which function.
    pub f: FuncId,
    /// Which of its parameters are active.
    pub active: Vec<bool>,
    /// What it is called.
    pub name: String,
}

/// The derivatives of one request, in the order in which they join the module.
#[derive(Debug)]
pub struct Catalog<'m> {
    module: &'m Module,
    names: Names,
    /// What follows the name of the function.
    suffix: String,
    known: FxHashMap<(FuncId, Vec<bool>), FuncId>,
    waiting: VecDeque<Job>,
}

impl<'m> Catalog<'m> {
    /// Nothing requested yet; derivatives will have so many lanes.
    pub fn new(module: &'m Module, lanes: usize) -> Self {
        let suffix = if lanes == 1 { "__jvp".to_owned() } else { format!("__jvp{lanes}") };
        Catalog { module, names: Names::new(module), suffix, known: FxHashMap::default(), waiting: VecDeque::new() }
    }

    /// What the forward derivative of `f` with this activity will be, once all waiting jobs are done.
    pub fn request(&mut self, f: FuncId, active: &[bool]) -> FuncId {
        let key = (f, active.to_vec());
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        let id = FuncId::new(self.module.len() + self.known.len());
        let name = self.names.fresh(&format!("{}{}", self.module.function(f).name, self.suffix));
        self.waiting.push_back(Job { f, active: active.to_vec(), name });
        self.known.insert(key, id);
        id
    }

    /// The next derivative to make.
    pub fn next(&mut self) -> Option<Job> {
        self.waiting.pop_front()
    }

    /// How many derivatives were requested.
    pub fn len(&self) -> usize {
        self.known.len()
    }
}

/// The names of a module's functions, by their hashes: each of many derivatives asks for all of them, and a name that shares the hash of another only gets a number.
#[derive(Debug)]
pub struct Names {
    taken: FxHashSet<u64>,
    used: FxHashMap<String, usize>,
}

impl Names {
    /// Those of the module.
    pub fn new(module: &Module) -> Self {
        let taken = module.iter().map(|(_, f)| FxBuildHasher.hash_one(f.name.as_str())).collect();
        Names { taken, used: FxHashMap::default() }
    }

    /// A name that no function has: `base`, or `base` with a number.
    pub fn fresh(&mut self, base: &str) -> String {
        let count = self.used.entry(base.to_string()).or_insert(0);
        loop {
            *count += 1;
            let name = if *count == 1 { base.to_string() } else { format!("{base}_{count}") };
            if self.taken.insert(FxBuildHasher.hash_one(name.as_str())) {
                return name;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_diag::Span;
    use adit_ir::Function;

    fn module() -> Module {
        let mut module = Module::new();
        for name in ["f", "g", "f__jvp"] {
            module.push(Function::new(name, Span::NONE));
        }
        module
    }

    #[test]
    fn one_identity_per_function_and_activity() {
        let module = module();
        let mut catalog = Catalog::new(&module, 1);
        let [f, g] = [0, 1].map(FuncId::new);
        let first = catalog.request(f, &[true]);
        let other = catalog.request(f, &[false]);
        assert_eq!(catalog.request(f, &[true]), first);
        assert_ne!(first, other);
        assert_eq!(catalog.request(g, &[true]).index(), 5);
        let names: Vec<String> = std::iter::from_fn(|| catalog.next()).map(|job| job.name).collect();
        assert_eq!(names, ["f__jvp_2", "f__jvp_3", "g__jvp"]);
    }
}
