//! What one run of the program works with.
//!
//! In: the options that hold for every command. Out: [`Session`]: an engine, how results and errors are written, the clock of `--timeout` and `--time-passes`; and [`Point`], a function
//! with arguments, which most commands start from. What is printed by programs goes to standard error here; results are returned to [`crate::main`].

use crate::args::{ColorWhen, Common, Target};
use crate::report::{self, Style};
use crate::{input, json_in};
use adit::diag::Code;
use adit::{Engine, Error, Function, Limits, Module, Result, Value};
use adit_nuts::Constraint;
use signal_hook::consts::SIGINT;
use signal_hook::flag;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Time that a run gets to stop by itself after its time is over.
const GRACE: Duration = Duration::from_millis(300);

/// The exit code of what Ctrl-C ended, as shells have it.
const INTERRUPTED: i32 = 130;

/// What a command gives: text for standard output, and an exit code.
#[derive(Debug)]
pub struct Answer {
    /// With its line end.
    pub text: String,
    /// 0, or 1 for a check that failed.
    pub code: u8,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Answer { text, code: 0 }
    }
}

/// An engine, and how things are written.
#[derive(Debug)]
pub struct Session {
    /// Compiles.
    pub engine: Engine,
    /// Whether results are JSON.
    pub json: bool,
    /// Along how many directions forward mode is to go at once, if that was said.
    pub lanes: Option<usize>,
    timeout: Option<Duration>,
}

impl Session {
    /// From the common options; starts the clock.
    ///
    /// # Errors
    /// If this machine cannot run code for the processor.
    pub fn new(common: &Common) -> Result<Session> {
        let limits = |limits: &mut Limits| {
            limits.memory_bytes = common.max_memory.unwrap_or(limits.memory_bytes);
            limits.depth = common.max_depth.unwrap_or(limits.depth);
            limits.threads = common.parallel.map_or(1, usize::from);
            (limits.tape_bytes, limits.steps) = (common.max_tape, common.max_steps);
        };
        let lanes = common.lanes.map(usize::from);
        let told = Engine::builder().opt(common.opt).ad_opt(common.ad_opt).strict(common.strict);
        let told = told.vectors(common.vectors).products(!common.no_products);
        let told = told.cpu(common.cpu.clone()).max_order(common.max_order).limits(limits).sink(to_stderr);
        let told = if let Some(lanes) = lanes { told.lanes(lanes) } else { told };
        let engine = if common.time_passes { told.clock(print_time) } else { told }.build()?;
        if let Some(time) = common.timeout {
            watch(time, engine.options().interrupt.clone(), style(common));
        }
        Ok(Session { engine, json: common.json, lanes, timeout: common.timeout })
    }

    /// An error of a command, which says that its time was over where that is why it stopped: nothing else sets the engine's flag.
    pub fn explained(&self, error: Error) -> Error {
        match self.timeout.filter(|_| self.engine.options().interrupt.load(Ordering::Relaxed)) {
            Some(limit) => error.timed_out(limit),
            None => error,
        }
    }

    /// Compiles a program.
    ///
    /// # Errors
    /// What reading and compiling give; AD0933 for a compiled derivative, which has no program in it.
    pub fn compile(&self, file: &Path) -> Result<Module> {
        if input::artefact(file)?.is_some() {
            let text = format!(
                "{} is a compiled derivative: this command needs the program that it was made of",
                file.display()
            );
            return Err(Error::input(Code("AD0933"), text));
        }
        let (name, text) = input::program(file)?;
        compile(&self.engine, &name, &text)
    }

    /// The function of a name in a program (or the one that no other calls), or that of a compiled derivative.
    ///
    /// # Errors
    /// As [`Session::compile`] and [`function`], or what loading gives.
    pub fn function(&self, file: &Path, name: Option<&str>) -> Result<Function> {
        Source::read(file)?.function(&self.engine, name)
    }
}

/// What a function comes from: read once, compiled as often as is wanted.
#[derive(Debug)]
pub enum Source {
    /// The name that errors use for a program, and its text.
    Program(String, String),
    /// A compiled derivative.
    Artefact(Vec<u8>),
}

impl Source {
    /// Reads a file.
    ///
    /// # Errors
    /// AD0902 if it cannot be read or is not UTF-8.
    pub fn read(file: &Path) -> Result<Source> {
        if let Some(bytes) = input::artefact(file)? {
            return Ok(Source::Artefact(bytes));
        }
        let (name, text) = input::program(file)?;
        Ok(Source::Program(name, text))
    }

    /// The function of a name (or the one that no other calls).
    ///
    /// # Errors
    /// What compiling or loading gives, and [`function`].
    pub fn function(&self, engine: &Engine, name: Option<&str>) -> Result<Function> {
        let loaded = match self {
            Source::Program(file, text) => return function(&compile(engine, file, text)?, name),
            Source::Artefact(bytes) => engine.load(bytes)?,
        };
        match name.filter(|name| *name != loaded.name()) {
            None => Ok(loaded),
            Some(name) => {
                let text = format!("there is no function `{name}`; this artefact is of `{}`", loaded.name());
                Err(Error::input(Code("AD0904"), text))
            }
        }
    }
}

/// Compiles a program, with the files that it imports.
fn compile(engine: &Engine, name: &str, text: &str) -> Result<Module> {
    let read = |path: &str| std::fs::read_to_string(path).map_err(|e| input::reason(&e));
    engine.compile_with(name, text, &read)
}

/// How errors are written.
pub fn style(common: &Common) -> Style {
    let color = match common.color {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto => wants_color(),
    };
    Style { json: common.json, color }
}

/// Whether standard error is a terminal that may be coloured.
pub fn wants_color() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    !refused && std::io::stderr().is_terminal()
}

/// Writes to standard error; that nobody listens is no error.
pub fn to_stderr(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

fn print_time(stage: &str, time: Duration) {
    to_stderr(&format!("{stage:<24}{:>10.3} ms", time.as_secs_f64() * 1e3));
}

/// Interrupts runs when the time is over, and ends the process where nothing heeds that.
fn watch(time: Duration, interrupt: Arc<AtomicBool>, style: Style) {
    let clock = move || {
        std::thread::sleep(time);
        interrupt.store(true, Ordering::Relaxed);
        std::thread::sleep(GRACE);
        let error = Error::timeout(time);
        let _ = write!(std::io::stderr().lock(), "{}", report::written(&error, style));
        std::process::exit(i32::from(report::exit_code(&error)));
    };
    // Without a thread left there is no clock, and limits on steps remain.
    let _ = std::thread::Builder::new().name("timeout".to_owned()).spawn(clock);
}

/// A flag that Ctrl-C sets from now on; the second time it ends the process, as it otherwise does at once.
pub fn interruptible() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    // What is registered first acts first. Where there is no handler to be had, the first one ends it.
    let _ = flag::register_conditional_shutdown(SIGINT, INTERRUPTED, flag.clone())
        .and_then(|_| flag::register(SIGINT, flag.clone()));
    flag
}

/// A function, and where it is evaluated.
#[derive(Debug)]
pub struct Point {
    /// The function.
    pub function: Function,
    /// Its arguments.
    pub args: Vec<Value>,
}

impl Point {
    /// Compiles the program, finds the function, reads the arguments.
    ///
    /// # Errors
    /// What any of these gives.
    pub fn of(session: &Session, target: &Target) -> Result<Point> {
        Point::at(session.function(&target.file, target.function.as_deref())?, target)
    }

    /// Reads the arguments of a function.
    ///
    /// # Errors
    /// What reading gives.
    pub fn at(function: Function, target: &Target) -> Result<Point> {
        let given = input::json("--at", target.at.as_deref().unwrap_or("{}"))?;
        let args = json_in::arguments(&function, &given.json, &given.folder)?;
        Ok(Point { function, args })
    }
}

/// The function of a name, or the one that no other calls.
///
/// # Errors
/// AD0904.
pub fn function(module: &Module, name: Option<&str>) -> Result<Function> {
    match name {
        Some(name) => module.function(name),
        None => module.entry(),
    }
}

/// What `--constrain` says: paths, and what is there has to be.
///
/// # Errors
/// AD0901 for what is no pair, AD0920 for what is no constraint.
pub fn constraints(texts: &[String]) -> Result<Vec<(String, Constraint)>> {
    let one = |text: &String| {
        let wrong = || usage(format!("`--constrain {text}`: such as sigma=positive is wanted"));
        let (path, constraint) = text.split_once('=').ok_or_else(wrong)?;
        Ok((path.trim().to_owned(), constraint.parse()?))
    };
    texts.iter().map(one).collect()
}

/// AD0901.
pub fn usage(message: impl Into<String>) -> Error {
    Error::input(Code("AD0901"), message)
}

/// AD0902 for a file or a folder that cannot be written.
pub fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::input(Code("AD0902"), format!("cannot write {}: {error}", path.display()))
}
