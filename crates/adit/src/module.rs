//! Modules: compiled programs.
//!
//! In: source text. Out: [`Module`], from which functions are taken by name. Only the front end runs here; code is made when a function is first used.

use crate::error::{Error, Result};
use crate::function::Function;
use crate::imports::Loader;
use crate::options::Options;
use crate::pipeline::{self, Unit};
use crate::stage::Stage;
use adit_diag::Code;
use adit_ir::{FuncId, Op};
use adit_sema::HostFn;
use adit_sema::typed::{FnDef, FnId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A program that compiles.
#[derive(Clone, Debug)]
pub struct Module {
    shared: Arc<Shared>,
}

/// What clones of a module share.
#[derive(Debug)]
pub(crate) struct Shared {
    unit: Arc<Unit>,
    options: Arc<Options>,
    /// Those that were asked for, with their code.
    functions: Mutex<HashMap<FnId, Function>>,
}

impl Module {
    pub(crate) fn compile(
        options: Arc<Options>,
        hosts: &[HostFn],
        source: (&str, &str),
        loader: Loader<'_>,
    ) -> Result<Module> {
        let unit = Arc::new(options.timed("front end", || pipeline::front_end(source, loader, &options, hosts))?);
        Ok(Module { shared: Arc::new(Shared { unit, options, functions: Mutex::default() }) })
    }

    /// So that others can tell whether it is in use.
    pub(crate) fn downgrade(&self) -> Weak<Shared> {
        Arc::downgrade(&self.shared)
    }

    pub(crate) fn upgrade(shared: &Weak<Shared>) -> Option<Module> {
        shared.upgrade().map(|shared| Module { shared })
    }

    /// The names of the program's own functions, in the order of the source.
    pub fn function_names(&self) -> Vec<&str> {
        self.own_functions().map(|(_, def)| &*def.name).collect()
    }

    /// The function of this name.
    ///
    /// # Errors
    /// An input error that names the functions there are.
    pub fn function(&self, name: &str) -> Result<Function> {
        let found = self.own_functions().find(|(_, def)| &*def.name == name);
        let (id, _) = found.ok_or_else(|| {
            let names = self.function_names().join(", ");
            Error::input(Code("AD0904"), format!("there is no function `{name}`; there are: {names}"))
        })?;
        let mut functions = self.shared.functions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = functions.get(&id) {
            return Ok(function.clone());
        }
        let function = Function::new(self.shared.unit.clone(), self.shared.options.clone(), id)?;
        functions.insert(id, function.clone());
        Ok(function)
    }

    /// The one function that no other function of the program calls.
    ///
    /// # Errors
    /// An input error that names the candidates if there is not exactly one.
    pub fn entry(&self) -> Result<Function> {
        let called = called_by_others(&self.shared.unit);
        let free: Vec<&str> =
            self.own_functions().filter(|(id, _)| !called[id.0 as usize]).map(|(_, def)| &*def.name).collect();
        match free[..] {
            [name] => self.function(name),
            [] => Err(Error::input(Code("AD0904"), format!("choose a function: {}", self.function_names().join(", ")))),
            _ => Err(Error::input(Code("AD0904"), format!("choose a function: {}", free.join(", ")))),
        }
    }

    /// The text of a stage that concerns the whole file: tokens and the syntax tree.
    ///
    /// # Errors
    /// If the stage is one of a function.
    pub fn emit(&self, stage: Stage) -> Result<String> {
        let text = self.shared.unit.sources.text(self.shared.unit.file).unwrap_or_default();
        stage
            .of_text(text)
            .ok_or_else(|| Error::input(Code("AD0901"), format!("the stage `{stage}` is one of a function")))
    }

    fn own_functions(&self) -> impl Iterator<Item = (FnId, &FnDef)> {
        let all = self.shared.unit.program.functions.iter().enumerate();
        let own = |def: &FnDef| !def.is_library && def.instance_of.is_none() && !def.takes_functions();
        all.filter(move |(_, def)| own(def)).map(|(i, def)| (FnId(i as u32), def))
    }
}

/// For each function of the program, whether another one calls it or a derivative of it.
fn called_by_others(unit: &Unit) -> Vec<bool> {
    let functions = &unit.program.functions;
    let places: HashMap<&str, usize> = functions.iter().enumerate().map(|(at, def)| (&*def.name, at)).collect();
    let mut called = vec![false; functions.len()];
    let mut see = |callee: FuncId| {
        if let Some(&at) = places.get(unit.ir.function(callee).name.as_str()) {
            called[at] = true;
        }
    };
    for (caller, f) in unit.ir.iter() {
        f.walk(&mut |inst| {
            if let Op::Call { callee, .. } = f.inst(inst).op
                && callee != caller
            {
                see(callee);
            }
        });
        f.derived.iter().for_each(|derived| see(derived.of));
    }
    called
}

#[cfg(test)]
mod tests {
    use crate::Engine;

    #[test]
    fn a_function_that_is_only_differentiated_is_no_entry() {
        let source = "fn f(x: f64) -> f64 { x * x }
            fn g(x: f64) -> f64 { x + hvp(grad(f), x, 1) }
            fn main(x: f64) -> f64 { jvp(g, x, 2).1 }";
        let module = Engine::new().compile(source).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(module.entry().unwrap_or_else(|e| panic!("{e}")).name(), "main");
    }
}
