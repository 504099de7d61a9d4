//! The one place where the library touches files.
//!
//! In: a path. Out: what [`Engine::compile_with`] and [`Engine::load`] make of the file that is there, and of those that it imports. The rest of the library takes texts and bytes, and whoever must not read files calls that:
//! nothing here is called by anything else in this crate, nothing is written, and no variable of the environment is looked at. A test holds this.

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::module::Module;
use adit_diag::Code;
use std::fs;
use std::io;
use std::path::Path;

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::input(Code("AD0902"), format!("cannot read {}: {error}", path.display()))
}

impl Engine {
    /// Compiles a file and what it imports.
    ///
    /// # Errors
    /// As [`Engine::compile`], or an input error (AD0902) if the file can't be read.
    pub fn compile_file(&self, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|e| unreadable(path, &e))?;
        let read = |path: &str| fs::read_to_string(path).map_err(|e| e.to_string());
        self.compile_with(&path.display().to_string(), &text, &read)
    }

    /// [`Engine::load`] from a file.
    ///
    /// # Errors
    /// As [`Engine::load`], or an input error (AD0902) if the file can't be read.
    pub fn load_file(&self, path: impl AsRef<Path>) -> Result<Function> {
        let path = path.as_ref();
        self.load(&fs::read(path).map_err(|e| unreadable(path, &e))?)
    }
}
