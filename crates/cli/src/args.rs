//! The words of the command line.
//!
//! In: what the user typed. Out: [`Cli`], typed; wrong usage is clap's error, which [`crate::usage`] puts into this program's form. Texts of values (`--at`, `--dir`, `--seed`) stay
//! texts here; nothing is read and nothing is compiled.

use adit::{AdOpt, AdOpts, Cpu, Kind, Mode, Of};
use adit_argmin::Method;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A compiler that differentiates.
#[derive(Parser, Debug)]
#[command(
    name = "adit",
    version,
    about = "A compiler that differentiates",
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What holds for every command.
    #[command(flatten)]
    pub common: Common,
}

/// What holds for every command.
#[derive(Args, Debug)]
#[command(next_help_heading = "Everywhere")]
pub struct Common {
    /// Print JSON: results on one line, errors as one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// Colours in errors
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
    /// Optimisation: 0 as written, 1 cleaned up, 2 and 3 also optimised machine code
    #[arg(long, global = true, value_name = "LEVEL", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub opt: u8,
    #[arg(long, global = true, value_name = "LIST", default_value_t = AdOpts::ALL, help = ad_opt_help())]
    pub ad_opt: AdOpts,
    /// Keep the source's order in sums: the same bits as the interpreter
    #[arg(long, global = true)]
    pub strict: bool,
    /// Whether several iterations of a loop run at once where they are independent or only add something up, and gain by it, from level 2 on
    #[arg(long, global = true, value_name = "WHETHER", default_value = "on", action = ArgAction::Set, value_parser = on_or_off())]
    pub vectors: bool,
    /// Leave loops that are products of matrices as they are
    #[arg(long, global = true)]
    pub no_products: bool,
    /// Directions that forward mode goes along at once: at most so many for matrices, 12 if not given; exactly so many for `emit`, 1 if not given
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub lanes: Option<u8>,
    /// Instructions to use: native, baseline, or a processor's name
    #[arg(long, global = true, value_name = "CPU", default_value = "native", value_parser = cpu)]
    pub cpu: Cpu,
    /// How many derivatives within a program may stand inside one another
    #[arg(long, global = true, value_name = "N", default_value_t = adit::DEFAULT_MAX_ORDER)]
    pub max_order: usize,
    /// Print the time of each stage to standard error
    #[arg(long, global = true)]
    pub time_passes: bool,
    /// Memory that a run may use, such as 64MiB
    #[arg(long, global = true, value_name = "BYTES", value_parser = bytes)]
    pub max_memory: Option<u64>,
    /// Memory for what derivatives save, such as 64MiB: loops that may need more are run again from snapshots
    #[arg(long, global = true, value_name = "BYTES", value_parser = bytes)]
    pub max_tape: Option<u64>,
    /// Functions that may be active at one time
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_depth: Option<u32>,
    /// Loop iterations and calls that a run may take
    #[arg(long, global = true, value_name = "N")]
    pub max_steps: Option<u64>,
    /// Threads that loops with much to do are divided among; sums are then rounded otherwise than on one, and alike in every run
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub parallel: Option<u16>,
    /// Time that compiling and running may take, such as 2s or 500ms
    #[arg(long, global = true, value_name = "TIME", value_parser = duration)]
    pub timeout: Option<Duration>,
}

/// `on` is true, `off` is false.
fn on_or_off() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|word| word == "on")
}

/// When errors are coloured; `auto` is on a terminal, unless `NO_COLOR` is set.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run a function: its value
    Run(Run),
    /// The value and the gradient
    Grad(Grad),
    /// The value and the derivative in a direction
    Jvp(Jvp),
    /// The value and the derivative of a combination of results
    Vjp(Vjp),
    /// The value and the Jacobian
    Jac(Jac),
    /// The value, the gradient and the Hessian
    Hess(Dense),
    /// The value and the Hessian times a direction
    Hvp(Jvp),
    /// Compare the gradient of every engine with every other
    Check(Check),
    /// Print stages of the compilation
    Emit(Emit),
    /// What a function and its gradient cost, without running them
    Cost(Cost),
    /// Time a function and its derivatives, and how long they take to compile
    Bench(Bench),
    /// Compile a derivative to be kept: for other processes and other languages
    Build(Build),
    /// Minimise a cost, or the squares of residuals
    Optimize(Optimize),
    /// Draw from a density, given its logarithm or the negative of that
    Sample(Sample),
    /// Read IR text, run passes, print IR text
    #[command(after_help = passes_help())]
    Opt(Opt),
    /// Explain an error code, a function of the library, or the conventions at kinks
    Explain(Explain),
}

fn ad_opt_help() -> String {
    let rows: Vec<String> = AdOpt::ALL.iter().map(|opt| format!("{} ({})", opt.name(), opt.about())).collect();
    format!("Optimisations of reverse mode: all, none, or of these: {}", rows.join("; "))
}

fn passes_help() -> String {
    let rows = adit::passes::all().map(|(name, about)| format!("  {name:<12}{about}\n"));
    format!("Passes:\n{}\nWithout --passes: {}", rows.collect::<String>(), adit::passes::clean_up().join(","))
}

/// Which function, at which point.
#[derive(Args, Debug)]
pub struct Target {
    /// The program; - for standard input
    pub file: PathBuf,
    /// The function; may be left out where only one is not called by others
    #[arg(long = "fn", value_name = "NAME")]
    pub function: Option<String>,
    /// Arguments by name as JSON, or @FILE.json
    #[arg(long, value_name = "JSON")]
    pub at: Option<String>,
}

/// `adit run`.
#[derive(Args, Debug)]
pub struct Run {
    /// Where.
    #[command(flatten)]
    pub target: Target,
}

/// `adit grad`.
#[derive(Args, Debug)]
pub struct Grad {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// Parameters to differentiate with respect to
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub wrt: Vec<String>,
    /// Which mode; reverse if not given, unless a derivative rule for that is missing
    #[arg(long, value_name = "MODE")]
    pub mode: Option<ModeName>,
}

/// A mode by its name.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum ModeName {
    Reverse,
    Forward,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Mode {
        match name {
            ModeName::Reverse => Mode::Reverse,
            ModeName::Forward => Mode::Forward,
        }
    }
}

/// `adit jvp`, `adit hvp`.
#[derive(Args, Debug)]
pub struct Jvp {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The direction by parameter name as JSON, or @FILE.json; what is left out is 0
    #[arg(long, value_name = "JSON")]
    pub dir: String,
    /// Parameters to differentiate with respect to
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub wrt: Vec<String>,
}

/// `adit vjp`.
#[derive(Args, Debug)]
pub struct Vjp {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// The cotangent of the result, in its shape, as JSON, or @FILE.json
    #[arg(long, value_name = "JSON", allow_negative_numbers = true)]
    pub seed: String,
    /// Parameters to differentiate with respect to
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub wrt: Vec<String>,
}

/// `adit jac`.
#[derive(Args, Debug)]
pub struct Jac {
    /// What a matrix needs.
    #[command(flatten)]
    pub dense: Dense,
    /// Which mode; the one that looks cheaper if not given
    #[arg(long, value_name = "MODE")]
    pub mode: Option<ModeName>,
}

/// `adit jac`, `adit hess`.
#[derive(Args, Debug)]
pub struct Dense {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// Parameters to differentiate with respect to
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub wrt: Vec<String>,
    /// Find out which entries may be other than zero, and compute only those
    #[arg(long)]
    pub sparse: bool,
    /// Draw where those entries are, as SVG
    #[arg(long, value_name = "FILE", requires = "sparse")]
    pub plot: Option<PathBuf>,
}

/// `adit check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// Parameters to differentiate with respect to
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub wrt: Vec<String>,
    /// 2: the Hessian too
    #[arg(long, value_name = "ORDER", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub order: u8,
}

/// `adit emit`.
#[derive(Args, Debug)]
pub struct Emit {
    /// The program; - for standard input
    pub file: PathBuf,
    /// The function; may be left out where only one is not called by others
    #[arg(long = "fn", value_name = "NAME")]
    pub function: Option<String>,
    /// Stages: tokens, ast, lowered, typed, optimized, activity, jvp, vjp, tape, jvp-optimized, vjp-optimized, finished, vectorized, clif, vcode, native
    #[arg(long = "stage", value_name = "LIST", value_delimiter = ',', required = true)]
    pub stages: Vec<String>,
    /// Whose machine code
    #[arg(long, value_name = "WHOSE", default_value = "primal")]
    pub of: OfName,
    /// Write one file a stage into this folder
    #[arg(short, long = "output", value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `adit cost`.
#[derive(Args, Debug)]
pub struct Cost {
    /// The program; - for standard input
    pub file: PathBuf,
    /// The function; may be left out where only one is not called by others
    #[arg(long = "fn", value_name = "NAME")]
    pub function: Option<String>,
    /// Dimensions and integer parameters, such as n=1000,m=3; others stay symbols
    #[arg(long = "size", value_name = "SIZES", value_delimiter = ',')]
    pub sizes: Vec<String>,
}

/// `adit bench`.
#[derive(Args, Debug)]
pub struct Bench {
    /// Where.
    #[command(flatten)]
    pub target: Target,
    /// Parameters to differentiate with respect to
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub wrt: Vec<String>,
    /// How long it may take, such as 5s or 200ms; each call is timed once at least
    #[arg(long = "for", value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub time: Duration,
}

/// `adit build`.
#[derive(Args, Debug)]
pub struct Build {
    /// The program; - for standard input
    pub file: PathBuf,
    /// The function; may be left out where only one is not called by others
    #[arg(long = "fn", value_name = "NAME")]
    pub function: Option<String>,
    /// Which derivative: value, gradient, jvp, vjp, hvp, jacobian, hessian
    #[arg(long, value_name = "KIND", default_value = "gradient", value_parser = kind)]
    pub derivative: Kind,
    /// Parameters to differentiate with respect to
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub wrt: Vec<String>,
    /// Which mode, of a gradient or a Jacobian
    #[arg(long, value_name = "MODE")]
    pub mode: Option<ModeName>,
    /// What to write
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "obj,header")]
    pub emit: Vec<EmitName>,
    /// The folder to write into
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// For a shared library: the library of `cargo build --release -p adit-native`; beside this program if not given
    #[arg(long, value_name = "FILE")]
    pub native: Option<PathBuf>,
}

/// What `adit build` writes, by its name.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum EmitName {
    /// A compiled derivative that Adit loads: NAME.adc
    Adc,
    /// An object: NAME.o
    Obj,
    /// A C header: NAME.h
    Header,
    /// A Rust module: NAME.rs
    Rust,
    /// A shared library: libNAME.so
    Shared,
}

fn kind(text: &str) -> Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.name() == text);
    found.ok_or_else(|| format!("the derivatives are {}", Kind::ALL.map(Kind::name).join(", ")))
}

/// `adit optimize`.
#[derive(Args, Debug)]
pub struct Optimize {
    /// Where it starts.
    #[command(flatten)]
    pub target: Target,
    /// Arguments that stay as they are, by name as JSON, @FILE.json, or @FILE.csv whose columns are named as they are
    #[arg(long, value_name = "JSON")]
    pub data: Vec<String>,
    /// Parameters that move; if not given, all that hold floats and are not data
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub free: Vec<String>,
    /// Where a float, or all of an array, has to stay, such as rate=positive, x[0]=interval(0, 1); positive, lower(a), upper(b), interval(a, b)
    #[arg(long = "constrain", value_name = "PATH=BOUND")]
    pub constraints: Vec<String>,
    /// How; if not given, lbfgs for a result of one float, levenberg-marquardt for residuals
    #[arg(long, value_name = "METHOD", value_parser = method)]
    pub method: Option<Method>,
    /// How flat is flat: the change of the value, relative to it, by a change of any float as large as itself
    #[arg(long, value_name = "NUMBER", default_value_t = adit_argmin::Options::default().tolerance, value_parser = tolerance)]
    pub tolerance: f64,
    /// Iterations at most
    #[arg(long, value_name = "N", default_value_t = adit_argmin::Options::default().max_iterations)]
    pub max_iterations: u64,
    /// Draw values and gradients by iteration into this SVG file
    #[arg(long, value_name = "FILE")]
    pub plot: Option<PathBuf>,
}

fn method(text: &str) -> Result<Method, String> {
    let found = Method::ALL.iter().find(|(_, name)| *name == text).map(|(method, _)| *method);
    let names: Vec<&str> = Method::ALL.iter().map(|(_, name)| *name).collect();
    found.ok_or_else(|| format!("the methods are {}", names.join(", ")))
}

fn tolerance(text: &str) -> Result<f64, String> {
    let number = f64::from_str(text).ok().filter(|x| x.is_finite() && *x >= 0.0);
    number.ok_or_else(|| "a number that is not negative is wanted, such as 1e-8".to_owned())
}

/// `adit sample`.
#[derive(Args, Debug)]
pub struct Sample {
    /// The program; - for standard input
    pub file: PathBuf,
    /// The function; may be left out where only one is not called by others
    #[arg(long = "fn", value_name = "NAME")]
    pub function: Option<String>,
    /// Arguments that are known, by name as JSON, @FILE.json, or @FILE.csv whose columns are named as they are; all others are sampled
    #[arg(long, value_name = "JSON")]
    pub data: Vec<String>,
    /// What the function returns
    #[arg(long, value_name = "KIND", default_value = "neg-log")]
    pub density: DensityName,
    /// What a parameter has to be, such as sigma=positive, p.w=simplex; real, positive, lower(a), upper(b), interval(a, b), simplex, ordered
    #[arg(long = "constrain", value_name = "PATH=CONSTRAINT")]
    pub constraints: Vec<String>,
    /// Dimensions of what is sampled that no data tell, such as k=3
    #[arg(long = "size", value_name = "SIZES", value_delimiter = ',')]
    pub sizes: Vec<String>,
    /// Where chains start, by name as JSON, or @FILE.json; what is left out starts at random
    #[arg(long, value_name = "JSON")]
    pub init: Option<String>,
    /// Chains
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = at_least_one)]
    pub chains: usize,
    /// Threads at most; 0 for as many as there are processors
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
    /// Draws that each chain keeps
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    pub draws: u64,
    /// Draws before, by which each chain adapts
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub warmup: u64,
    /// Of the random numbers: the same seed gives the same draws, on any number of threads
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Write all draws into this CSV file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Draw traces and densities into this folder, as SVG
    #[arg(long, value_name = "DIR")]
    pub plot: Option<PathBuf>,
}

/// What a function returns, by its name.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum DensityName {
    /// The logarithm of a density
    Log,
    /// The negative of that
    NegLog,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = usize::from_str(text).ok().filter(|n| *n > 0);
    number.ok_or_else(|| "a number that is at least 1 is wanted".to_owned())
}

/// Whose code, by its name.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub enum OfName {
    Primal,
    Jvp,
    Vjp,
    Hvp,
}

impl From<OfName> for Of {
    fn from(name: OfName) -> Of {
        match name {
            OfName::Primal => Of::Primal,
            OfName::Jvp => Of::Jvp,
            OfName::Vjp => Of::Vjp,
            OfName::Hvp => Of::Hvp,
        }
    }
}

/// `adit opt`.
#[derive(Args, Debug)]
pub struct Opt {
    /// IR text; - for standard input
    pub file: PathBuf,
    /// Passes in order
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub passes: Option<Vec<String>>,
    /// Print the program after each pass
    #[arg(long)]
    pub print_after_all: bool,
}

/// `adit explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// An error code such as AD0301, a function such as atan2, or kinks
    pub topic: String,
}

fn cpu(text: &str) -> Result<Cpu, String> {
    Ok(match text {
        "" => return Err("a processor has a name".to_owned()),
        "native" => Cpu::Native,
        "baseline" => Cpu::Baseline,
        name => Cpu::Named(name.to_owned()),
    })
}

/// A number and the unit that follows it.
fn number_and_unit(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = f64::from_str(&text[..end]).ok()?;
    Some((number, text[end..].trim_start()))
}

const BYTE_UNITS: &[(&str, f64)] = &[
    ("", 1.0),
    ("b", 1.0),
    ("k", 1024.0),
    ("kib", 1024.0),
    ("kb", 1e3),
    ("m", 1_048_576.0),
    ("mib", 1_048_576.0),
    ("mb", 1e6),
    ("g", 1_073_741_824.0),
    ("gib", 1_073_741_824.0),
    ("gb", 1e9),
];

fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || "a number of bytes is wanted, such as 1000000, 64MiB or 2GB".to_owned();
    let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
    let unit = unit.to_ascii_lowercase();
    let (_, factor) = BYTE_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    Ok((number * factor) as u64)
}

const TIME_UNITS: &[(&str, f64)] = &[("", 1.0), ("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("m", 60.0), ("min", 60.0)];

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is wanted, such as 2s, 500ms or 1.5".to_owned();
    let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
    let (_, factor) = TIME_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    Duration::try_from_secs_f64(number * factor).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_of_the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert_eq!(bytes("1.5 kB"), Ok(1500));
        assert_eq!(bytes("7"), Ok(7));
        for wrong in ["", "MiB", "-1", "1e3", "3 parsecs", "1..2"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "s", "-1s", "2h30", "1e9"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
