//! The pages of `docs/errors/`: the wrong program of each gets the code of the page, the right one does not.
//!
//! A block with an `// at:` line is run as well, and its gradient taken where the page is about derivatives. Blocks for the shell are not tried here.

use adit::diag::SourceMap;
use adit::{Error, Mode};
use adit_tests::filetest::{self, FileTest, Group};
use adit_tests::pages::{Block, blocks};
use adit_tests::subject::{Refusal, Subject};
use adit_tests::{check_all, files, root};
use std::fs;
use std::sync::Arc;

#[test]
fn programs_of_the_pages_do_what_the_pages_say() {
    check_all(&files("docs/errors", ".md"), |path, text| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let tried = blocks(text).into_iter().filter(|b| b.is("ad") || b.is("adir"));
        tried.filter_map(|block| complaint(&name, &block)).collect()
    });
}

#[test]
fn pages_are_of_one_form() {
    check_all(&files("docs/errors", ".md"), |path, text| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if name == "README" {
            return Vec::new();
        }
        let mut complaints = Vec::new();
        if !text.starts_with(&format!("# {name}: ")) {
            complaints.push(format!("does not begin with `# {name}: `"));
        }
        let wrong = blocks(text).iter().filter(|b| b.is("wrong")).count();
        if 2 * wrong != blocks(text).len() {
            complaints.push("a wrong program without a right one".to_owned());
        }
        complaints
    });
}

#[test]
fn the_list_names_every_page() {
    let list = fs::read_to_string(root().join("docs/errors/README.md")).unwrap();
    check_all(&files("docs/errors", ".md"), |path, _| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let listed = name == "README.md" || list.contains(&format!("]({name})"));
        if listed { Vec::new() } else { vec!["is not in the list".to_owned()] }
    });
}

fn complaint(page: &str, block: &Block) -> Option<String> {
    let outcome = if block.is("adir") { ir(&block.text) } else { program(page, &block.text) };
    let place = format!("line {}", block.line);
    match outcome {
        Err(refusal) if block.is("wrong") => {
            let told = refusal.told.iter().any(|t| t.code == page);
            (!told).then(|| format!("{place}: {refusal}"))
        }
        Err(refusal) => Some(format!("{place}, the right one: {refusal}")),
        Ok(()) if block.is("wrong") => Some(format!("{place}: nothing is told")),
        Ok(()) => None,
    }
}

fn ir(text: &str) -> Result<(), Refusal> {
    let mut sources = SourceMap::new();
    let file = sources.add("page", text);
    match adit_reader::read_verified(file, text) {
        Ok(_) => Ok(()),
        Err(diagnostics) => Err(Error::compile(diagnostics, Arc::new(sources)).into()),
    }
}

fn program(page: &str, source: &str) -> Result<(), Refusal> {
    let test = filetest::parse(source)?;
    Subject::new(source, 2, filetest::Limits::default())?;
    test.groups.iter().try_for_each(|group| run(page, &test, group))
}

fn run(page: &str, test: &FileTest, group: &Group) -> Result<(), Refusal> {
    let subject = Subject::new(&test.source, 2, group.limits)?;
    let name = group.function.as_deref();
    subject.value(name, &group.at)?;
    if page.starts_with("AD06") || page == "AD0816" {
        subject.gradient(name, &group.at, Mode::Reverse)?;
    }
    Ok(())
}
