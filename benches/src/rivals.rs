//! Who is measured side by side, and how each is had.
//!
//! In: names of families (`c`, `jax`, `torch`, `casadi`, `enzyme`). Out: [`Rival`]s, each of which has a command for the problems that are written for it. What is not on the machine is set up under the target folder: Python's
//! libraries by pip, in an environment of their own. What cannot be had is said in one line, and left out.
//!
//! ```text
//! c        peers/NAME.c by gcc ($CC), and by clang if it is there, with several sets of options
//! jax …    peers/python/peer_LIBRARY.py, PROBLEMS["NAME"]
//! ```

use crate::Result;
use crate::problems::Problem;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A way to compute gradients.
#[derive(Clone, Debug)]
pub struct Rival {
    /// Its name in tables.
    pub name: String,
    /// Its version, in words.
    pub version: String,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Adit { vectors: bool },
    C { compiler: String, flags: &'static [&'static str], suffix: &'static str },
    Python { library: &'static str, python: PathBuf },
}

/// Libraries that pip has: the family, the name in tables, the packages, and the module whose version is told.
const LIBRARIES: [(&str, &str, &[&str], &str); 4] = [
    ("jax", "JAX", &["jax==0.10.2", "numpy"], "jax"),
    ("torch", "PyTorch", &["torch==2.15.0", "numpy"], "torch"),
    ("casadi", "CasADi", &["casadi==3.8.2", "numpy"], "casadi"),
    ("enzyme", "Enzyme-JAX", &["enzyme-ad==0.0.16", "jax==0.10.2", "numpy"], "enzyme_ad"),
];

/// Sets of options of C compilers; the last one lets the compiler take vector functions of the C library.
const OPTIONS: [(&str, &[&str]); 3] = [
    ("-O3", &["-O3"]),
    ("-O3 -march=native", &["-O3", "-march=native"]),
    ("-O3 -march=native -ffast-math", &["-O3", "-march=native", "-ffast-math"]),
];

/// The names of all families.
pub fn families() -> Vec<&'static str> {
    std::iter::once("c").chain(LIBRARIES.iter().map(|library| library.0)).collect()
}

/// Where peers are built: a folder under the target folder.
///
/// # Errors
/// If it cannot be made.
pub fn folder() -> Result<PathBuf> {
    let folder = crate::process::target()?.join("peers");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    Ok(folder)
}

/// Adit, and all of these families that can be had; `tell` is told what cannot, and what is being set up.
///
/// # Errors
/// If nothing can be built anywhere.
pub fn set_up(wanted: &[String], tell: &dyn Fn(&str)) -> Result<Vec<Rival>> {
    let folder = folder()?;
    let version = env!("CARGO_PKG_VERSION");
    let adit = |name: &str, vectors| Rival { name: name.into(), version: version.into(), kind: Kind::Adit { vectors } };
    let mut rivals = vec![adit("Adit", true), adit("Adit --vectors off", false)];
    if wanted.iter().any(|family| family == "c") {
        rivals.extend(c_compilers(tell));
    }
    for (family, name, packages, module) in LIBRARIES {
        if wanted.iter().any(|w| w == family) {
            match library(&folder, packages, module, tell) {
                Ok((python, version)) => {
                    rivals.push(Rival { name: name.into(), version, kind: Kind::Python { library: family, python } });
                }
                Err(why) => tell(&format!("no {name}: {why}")),
            }
        }
    }
    Ok(rivals)
}

fn c_compilers(tell: &dyn Fn(&str)) -> Vec<Rival> {
    let gcc = std::env::var("CC").unwrap_or_else(|_| "gcc".into());
    let mut rivals = Vec::new();
    for compiler in [gcc, "clang".into()] {
        let Ok(version) = output(Command::new(&compiler).arg("--version")) else {
            tell(&format!("no C by {compiler}: it does not run"));
            continue;
        };
        let version = version.lines().next().unwrap_or_default().to_owned();
        for (name, flags) in OPTIONS {
            for (suffix, note) in [("", ""), ("_as_written", ", as written")] {
                let name = format!("C{note}, {compiler} {name}");
                let kind = Kind::C { compiler: compiler.clone(), flags, suffix };
                rivals.push(Rival { name, version: version.clone(), kind });
            }
        }
    }
    rivals
}

/// An interpreter that has the library, and the library's version.
fn library(folder: &Path, packages: &[&str], module: &str, tell: &dyn Fn(&str)) -> Result<(PathBuf, String)> {
    let environment = folder.join("python");
    let python = environment.join("bin").join("python");
    if !python.exists() {
        output(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    }
    let package = packages[0].split('=').next().unwrap_or_default();
    let ask = format!("import importlib.metadata as m, {module}; print(m.version('{package}'))");
    let version = || output(Command::new(&python).args(["-c", &ask]));
    if let Ok(version) = version() {
        return Ok((python.clone(), version.trim().to_owned()));
    }
    tell(&format!("installing {} into {}", packages.join(", "), environment.display()));
    output(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    Ok((python.clone(), version()?.trim().to_owned()))
}

/// What a command prints; if it fails, the last line of what it complained about.
fn output(command: &mut Command) -> Result<String> {
    let done = command.stdin(Stdio::null()).output();
    let done = done.map_err(|e| format!("{}: {e}", command.get_program().display()))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&done.stderr).into_owned();
    let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).map(str::trim);
    Err(last.unwrap_or("it fails without a word").to_owned())
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

impl Rival {
    /// Whether this is Adit as it comes.
    pub fn is_adit(&self) -> bool {
        matches!(self.kind, Kind::Adit { vectors: true })
    }

    /// Whether this is Adit with any options.
    pub fn is_ours(&self) -> bool {
        matches!(self.kind, Kind::Adit { .. })
    }

    /// Whether a problem is written for it.
    pub fn has(&self, problem: &Problem) -> bool {
        let path = match &self.kind {
            Kind::Adit { .. } => return true,
            Kind::C { suffix, .. } => return sources().join(format!("{}{suffix}.c", problem.name)).exists(),
            // Enzyme's programs are JAX's.
            Kind::Python { library: "enzyme", .. } => "python/peer_jax.py".to_owned(),
            Kind::Python { library, .. } => format!("python/peer_{library}.py"),
        };
        let text = std::fs::read_to_string(sources().join(path)).unwrap_or_default();
        text.contains(&format!("\n    \"{}\": ", problem.name))
    }

    /// The command that serves a problem, built if need be; none if the problem is not written for it.
    ///
    /// # Errors
    /// If what is written cannot be compiled.
    pub fn command(&self, problem: &Problem, folder: &Path) -> Result<Option<Command>> {
        if !self.has(problem) {
            return Ok(None);
        }
        match &self.kind {
            Kind::Adit { vectors } => {
                let mut this = Command::new(std::env::current_exe().map_err(|e| e.to_string())?);
                this.args(["--serve", &problem.title()]).args((!vectors).then_some("--scalar"));
                Ok(Some(this))
            }
            Kind::C { compiler, flags, suffix } => {
                let name = format!("{}{suffix}", problem.name);
                let source = sources().join(format!("{name}.c"));
                let program = folder.join(format!("{compiler}{}-{name}", flags.concat()).replace('/', "_"));
                let mut build = Command::new(compiler);
                build.args(*flags).args(["-std=c11", "-Wall"]).arg(sources().join("peer.c")).arg(source);
                output(build.arg("-o").arg(&program).arg("-lm"))?;
                Ok(Some(Command::new(program)))
            }
            Kind::Python { library, python } => {
                let mut command = Command::new(python);
                command.arg(sources().join("python/serve.py")).args([library, problem.name]);
                command.env("PYTHONDONTWRITEBYTECODE", "1");
                Ok(Some(command))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems;

    #[test]
    fn every_peer_that_is_written_belongs_to_a_problem() {
        let names: Vec<&str> = problems::all().iter().map(|problem| problem.name).collect();
        for entry in std::fs::read_dir(sources()).expect("peers are there") {
            let path = entry.expect("a directory entry").path();
            let stem =
                path.file_stem().map(|stem| stem.to_string_lossy().replace("_as_written", "")).unwrap_or_default();
            let is_problem = path.extension().is_some_and(|e| e == "c") && stem != "peer";
            assert!(!is_problem || names.contains(&&stem[..]), "{}", path.display());
        }
        let python = |library| Kind::Python { library, python: PathBuf::new() };
        let rival = |library| Rival { name: String::new(), version: String::new(), kind: python(library) };
        let has = |library| problems::all().iter().filter(|problem| rival(library).has(problem)).count();
        assert_eq!(["jax", "enzyme", "torch", "casadi"].map(has), [10, 10, 8, 6]);
    }
}
