//! The commands of the README and of the tutorial do what these pages show.
//!
//! In: fenced blocks. `ad NAME` and `json NAME` are files to save; every `ad` block compiles, every `ad-wrong` block does not; in a `console` block each line `$ adit …` is run, and what follows is
//! what it prints, on either output. Words are compared one by one, numbers to 1e-9, and a line `⋮` stands for any lines. Links to files lead to files. It changes no page.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Block {
    kind: String,
    name: String,
    text: String,
}

#[test]
fn the_readme_shows_what_happens() {
    check_page("README.md", 5);
}

#[test]
fn the_tutorial_shows_what_happens() {
    check_page("docs/tutorial.md", 8);
}

#[test]
fn the_chapter_on_the_posts_shows_what_happens() {
    check_page("docs/posts.md", 9);
}

#[test]
fn the_page_of_the_command_line_shows_what_happens() {
    check_page("docs/cli.md", 15);
}

#[test]
fn the_page_on_artefacts_shows_what_happens() {
    check_page("docs/artefacts.md", 2);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn check_page(page: &str, at_least: usize) {
    let text = fs::read_to_string(root().join(page)).expect("the page is there");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(page.replace(['/', '.'], "_"));
    copy_folder(&root().join("examples"), &folder.join("examples"));
    let mut commands = 0;
    for block in blocks(&text) {
        if !block.name.is_empty() {
            fs::write(folder.join(&block.name), &block.text).expect("the file can be written");
        }
        match block.kind.as_str() {
            "ad" => drop(adit::Engine::new().compile(&block.text).expect("programs of the page compile")),
            "ad-wrong" => drop(adit::Engine::new().compile(&block.text).expect_err("wrong programs do not compile")),
            "console" => commands += check_console(page, &folder, &block.text),
            _ => {}
        }
    }
    assert!(commands >= at_least, "{page} shows {commands} commands");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder can be made");
    for entry in fs::read_dir(from).expect("the examples are there") {
        let path = entry.expect("a directory entry").path();
        let target = to.join(path.file_name().expect("entries have names"));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).expect("the file can be copied");
        }
    }
}

/// The fenced blocks of a page.
fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(words), None) => {
                let (kind, name) = words.split_once(' ').unwrap_or((words, ""));
                open = Some(Block { kind: kind.into(), name: name.into(), text: String::new() });
            }
            (None, Some(block)) => block.text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    found
}

/// Runs the commands of a block and compares; how many there were.
fn check_console(page: &str, folder: &Path, text: &str) -> usize {
    let shown: Vec<&str> = text.split("$ adit ").skip(1).collect();
    for command in &shown {
        let (line, expected) = command.split_once('\n').unwrap_or((command, ""));
        let mut adit = Command::new(env!("CARGO_BIN_EXE_adit"));
        let output = adit.args(words(line)).current_dir(folder).output().expect("adit can be started");
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8(printed).expect("adit prints text");
        if let Err(complaint) = same(expected, &printed) {
            panic!("{page}: `adit {line}`: {complaint}; it printed\n{printed}");
        }
    }
    shown.len()
}

/// The words of a command, as a shell would split them; only single quotes are known.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in line.trim().chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("there is always a word").push(c),
        }
    }
    words
}

fn same(expected: &str, printed: &str) -> Result<(), String> {
    let filled = |line: &&str| !line.trim().is_empty();
    let mut printed = printed.lines().filter(filled);
    let mut expected = expected.lines().filter(filled);
    while let Some(wanted) = expected.next() {
        if wanted.trim() != "⋮" {
            let found = printed.next().ok_or(format!("the line {wanted:?} is missing"))?;
            if !same_line(wanted, found) {
                return Err(format!("expected {wanted:?}, found {found:?}"));
            }
        } else if let Some(next) = expected.next() {
            printed.by_ref().find(|line| same_line(next, line)).ok_or(format!("there is no line {next:?}"))?;
        } else {
            return Ok(());
        }
    }
    printed.next().map_or(Ok(()), |line| Err(format!("the page lacks {line:?}")))
}

fn same_line(wanted: &str, found: &str) -> bool {
    let split = |line: &str| -> Vec<String> {
        let separators = [' ', ',', '[', ']', '{', '}', '(', ')'];
        line.split(separators).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let (wanted, found) = (split(wanted), split(found));
    wanted.len() == found.len() && wanted.iter().zip(&found).all(|(w, f)| same_word(w, f))
}

fn same_word(wanted: &str, found: &str) -> bool {
    match (wanted.parse::<f64>(), found.parse::<f64>()) {
        (Ok(w), Ok(f)) => w == f || (w - f).abs() <= 1e-9 * w.abs().max(1e-3),
        (_, _) => wanted == found,
    }
}

#[test]
fn links_lead_somewhere() {
    let mut pages = vec![root().join("README.md"), root().join("SECURITY.md"), root().join("CONTRIBUTING.md")];
    let book = fs::read_dir(root().join("docs")).expect("the book is there");
    pages.extend(book.map(|entry| entry.expect("a directory entry").path()).filter(|p| p.is_file()));
    for page in pages {
        let text = fs::read_to_string(&page).expect("pages are text");
        let folder = page.parent().expect("pages are in a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let outside = link.is_empty() || link.contains("://") || link.contains(char::is_whitespace);
            assert!(outside || folder.join(link).exists(), "{}: {link} leads nowhere", page.display());
        }
    }
}

#[test]
fn a_page_that_shows_something_else_is_told() {
    let printed = "value  1.5\n\ngradient\n  x  2.0000000000001\n";
    assert_eq!(same("value 1.5\ngradient\n x 2.0\n", printed), Ok(()));
    assert_eq!(same("value 1.5\n⋮\n x 2.0\n", printed), Ok(()));
    assert_eq!(same("⋮\n", printed), Ok(()));
    for wrong in ["value 1.5\n", "value 1.6\n⋮\n", "⋮\nx 3\n", "value 1.5\ngradient\nx 2\nmore\n", "value 1.5 3\n⋮\n"]
    {
        assert!(same(wrong, printed).is_err(), "{wrong}");
    }
}
