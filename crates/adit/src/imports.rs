//! Programs of several files: `import "other.ad";`.
//!
//! In: the text of a program, and who reads other files. Out: one syntax tree with the definitions of all of them, those of an imported file before those of the one that imports it. A path is relative to the
//! file that it stands in; a file that is imported twice is read once; files that import each other are refused. What names mean does not depend on the file.
//!
//! It deliberately does not read anything itself.

use crate::error;
use crate::roomy::roomy;
use adit_diag::{Code, Diagnostic, FileId, SourceMap, Span};
use adit_syntax::ast::{self, ImportItem, Item, ItemKind};
use std::collections::HashMap;

/// Gives the text of a file, or says why not.
pub type Loader<'l> = &'l dyn Fn(&str) -> Result<String, String>;

/// How deep files may import files.
const MAX_DEPTH: usize = 64;
const IMPORT: Code = Code("AD0502");

/// All files of a program.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) sources: SourceMap,
    /// The one that was asked for.
    pub(crate) file: FileId,
    /// What all of them define.
    pub(crate) tree: ast::File,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

struct Walk<'l> {
    loader: Loader<'l>,
    sources: SourceMap,
    diagnostics: Vec<Diagnostic>,
    items: Vec<Item>,
    expr_count: u32,
    /// Whether a file is complete, by its path.
    files: HashMap<String, bool>,
    depth: usize,
}

/// Reads a program and what it imports.
///
/// # Errors
/// If no thread can be had that has room to parse it. Mistakes of the program are among what is read.
pub(crate) fn load(name: &str, text: &str, loader: Loader<'_>) -> error::Result<Loaded> {
    let mut walk = Walk {
        loader,
        sources: SourceMap::new(),
        diagnostics: Vec::new(),
        items: Vec::new(),
        expr_count: 0,
        files: HashMap::new(),
        depth: 0,
    };
    let file = walk.file(&normal(name), name, text)?;
    let tree = ast::File { id: file, items: walk.items, expr_count: walk.expr_count };
    Ok(Loaded { sources: walk.sources, file, tree, diagnostics: walk.diagnostics })
}

impl Walk<'_> {
    fn file(&mut self, path: &str, name: &str, text: &str) -> error::Result<FileId> {
        self.files.insert(path.to_owned(), false);
        let id = self.sources.add(name, text);
        // The loader stays on the thread of the host.
        let parsed = roomy(|| adit_syntax::parse(id, text))?;
        self.diagnostics.extend(parsed.diagnostics);
        self.expr_count = self.expr_count.saturating_add(parsed.file.expr_count);
        self.depth += 1;
        let mut own = Vec::new();
        for item in parsed.file.items {
            // An import that failed stays: what it would define is unknown, which is no news.
            let done = match &item.kind {
                ItemKind::Import(import) => self.import(path, import)?,
                ItemKind::Fn(_) | ItemKind::Struct(_) | ItemKind::Const(_) => false,
            };
            if !done {
                own.push(item);
            }
        }
        self.depth -= 1;
        self.items.append(&mut own);
        self.files.insert(path.to_owned(), true);
        Ok(id)
    }

    /// Whether the definitions of an imported file are there.
    fn import(&mut self, from: &str, import: &ImportItem) -> error::Result<bool> {
        if self.diagnostics.iter().any(|d| d.span == import.path_span) {
            return Ok(false);
        }
        let path = beside(from, &import.path);
        let why = match self.files.get(&path) {
            _ if import.path.is_empty() => "the path is empty".to_owned(),
            Some(true) => return Ok(true),
            Some(false) => format!("`{path}` imports this file, directly or not"),
            None if self.depth >= MAX_DEPTH => "files import files too deeply".to_owned(),
            None => match (self.loader)(&path) {
                Ok(text) => {
                    self.file(&path, &path, &text)?;
                    return Ok(true);
                }
                Err(why) => why,
            },
        };
        self.refuse(import.path_span, &import.path, &why);
        Ok(false)
    }

    fn refuse(&mut self, span: Span, path: &str, why: &str) {
        self.diagnostics.push(Diagnostic::new(IMPORT, span, format!("cannot import `{path}`: {why}")));
    }
}

/// A path that stands in a file.
fn beside(from: &str, path: &str) -> String {
    match from.rfind('/') {
        Some(at) if !path.starts_with('/') => normal(&format!("{}/{path}", &from[..at])),
        Some(_) | None => normal(path),
    }
}

/// A path without `.` and, where that can be told, without `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Where there are no other files.
pub(crate) fn nothing(_: &str) -> Result<String, String> {
    Err("this program is a text without files around it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(main: &str, files: &[(&str, &str)]) -> (Vec<String>, Vec<String>) {
        let find = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "there is no such file".to_owned())
        };
        let loaded = load("dir/main.ad", main, &find).expect("threads start");
        let name = |item: &Item| match &item.kind {
            ItemKind::Fn(f) => Some(f.name.name.to_string()),
            ItemKind::Struct(_) | ItemKind::Const(_) | ItemKind::Import(_) => None,
        };
        let diagnostics = loaded.diagnostics.iter().map(|d| d.message.clone());
        (loaded.tree.items.iter().filter_map(name).collect(), diagnostics.collect())
    }

    #[test]
    fn paths_are_relative_to_the_file_and_twice_is_once() {
        let files = [("dir/sub/a.ad", "import \"../b.ad\"; fn a() {}"), ("dir/b.ad", "fn b() {}")];
        let main = "import \"b.ad\"; import \"./sub/a.ad\"; import \"sub/../b.ad\"; fn main() {}";
        let (found, diagnostics) = names(main, &files);
        assert_eq!(found, ["b", "a", "main"]);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
    }

    #[test]
    fn circles_and_missing_files_are_told() {
        let files = [("dir/a.ad", "import \"main.ad\";")];
        let (_, diagnostics) = names("import \"a.ad\"; import \"c.ad\";", &files);
        assert_eq!(
            diagnostics,
            [
                "cannot import `main.ad`: `dir/main.ad` imports this file, directly or not",
                "cannot import `c.ad`: there is no such file"
            ]
        );
    }
}
