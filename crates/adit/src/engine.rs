//! The engine: compiles source text with one set of options.
//!
//! In: source text. Out: [`Engine`], which makes [`Module`]s of it. It is cheap to make and to clone, and can be shared between threads.

use crate::builder::EngineBuilder;
use crate::error::Result;
use crate::host::{self, HostFunction};
use crate::module::{Module, Shared};
use crate::options::Options;
use adit_sema::HostFn;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Compiles source text to modules.
///
/// ```
/// let engine = adit::Engine::new();
/// let module = engine.compile("fn square(x: f64) -> f64 { x * x }")?;
/// let gradient = module.function("square")?.gradient().at(&[3.0.into()])?;
/// assert_eq!(gradient.value, adit::Value::F64(9.0));
/// assert_eq!(gradient.of("x"), Some(&adit::Value::F64(6.0)));
/// # Ok::<(), adit::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Engine {
    options: Arc<Options>,
    hosts: Arc<Vec<HostFn>>,
    modules: Arc<Mutex<Modules>>,
}

/// Programs in use, by name and text.
#[derive(Debug, Default)]
struct Modules {
    known: HashMap<(String, String), Weak<Shared>>,
    /// When there are so many, those that are not in use any more are forgotten.
    most: usize,
}

impl Modules {
    fn find(&self, key: &(String, String)) -> Option<Module> {
        Module::upgrade(self.known.get(key)?)
    }

    fn keep(&mut self, key: (String, String), module: &Module) {
        if self.known.len() >= self.most {
            self.known.retain(|_, shared| shared.strong_count() > 0);
            self.most = 2 * self.known.len() + 16;
        }
        self.known.insert(key, module.downgrade());
    }
}

impl Engine {
    /// An engine with the default options.
    pub fn new() -> Self {
        Engine::default()
    }

    /// An engine that is told what to compile and run with.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    pub(crate) fn with_options(options: Options) -> Self {
        Engine { options: Arc::new(options), ..Engine::default() }
    }

    /// The same engine without what it knows already, and without sink and clock: for what is compiled and run many times.
    pub(crate) fn quiet(&self) -> Engine {
        let options = Options { sink: None, clock: None, ..Options::clone(&self.options) };
        Engine { options: Arc::new(options), hosts: self.hosts.clone(), modules: Arc::default() }
    }

    /// The same engine, whose programs may also call this function of the host. It comes before one of the same name that was registered earlier, and before the library's.
    ///
    /// # Errors
    /// If the signature is none, or, with [`Options::check_hosts`], if what was registered as derivatives is not the function's.
    pub fn with_function(mut self, function: HostFunction) -> Result<Engine> {
        let host = function.build()?;
        let hosts = std::iter::once(host).chain(self.hosts.iter().cloned()).collect();
        self.hosts = Arc::new(hosts);
        self.modules = Arc::default();
        if self.options.check_hosts {
            host::check(&self, &self.hosts[0], &function)?;
        }
        Ok(self)
    }

    /// Its options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    pub(crate) fn options_arc(&self) -> &Arc<Options> {
        &self.options
    }

    /// Compiles a program; errors speak of it as `source`.
    ///
    /// # Errors
    /// Every mistake in the source that can be told in one run.
    pub fn compile(&self, source: &str) -> Result<Module> {
        self.compile_named("source", source)
    }

    /// Compiles a program that errors speak of by this name. As long as a module of the same name and text is in use, it is that one, with its compiled code.
    ///
    /// # Errors
    /// As [`Engine::compile`].
    pub fn compile_named(&self, name: &str, source: &str) -> Result<Module> {
        let modules = || self.modules.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.to_owned(), source.to_owned());
        if let Some(module) = modules().find(&key) {
            return Ok(module);
        }
        let module = Module::compile(self.options.clone(), &self.hosts, (name, source), &crate::imports::nothing)?;
        modules().keep(key, &module);
        Ok(module)
    }

    /// Compiles a program that errors speak of by this name, which is a path; `loader` gives the texts of files that it imports, by their paths.
    ///
    /// # Errors
    /// As [`Engine::compile`].
    pub fn compile_with(&self, name: &str, source: &str, loader: crate::Loader<'_>) -> Result<Module> {
        Module::compile(self.options.clone(), &self.hosts, (name, source), loader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_use_is_compiled_once_and_forgotten_when_it_is_not() {
        let engine = Engine::new();
        let compile = |k: usize| engine.compile(&format!("fn f(x: f64) -> f64 {{ x + {k}.0 }}")).expect("it compiles");
        let (a, b, c) = (compile(1), compile(1), compile(2));
        let same = |a: &Module, b: &Module| a.downgrade().ptr_eq(&b.downgrade());
        assert!(same(&a, &b) && !same(&a, &c));
        (0..1000).for_each(|k| drop(compile(k)));
        assert!(engine.modules.lock().expect("no panic").known.len() < 100);
        assert!(same(&a, &compile(1)));
    }
}
