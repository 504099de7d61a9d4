//! C peers: the same primals and hand-written gradients, in a process of their own that times itself.
//!
//! In: a C compiler of the machine and `peers/NAME.c`. Out: [`Peer`], which answers requests line by line. The peer reads the arguments once; `p 1000` runs the primal a thousand
//! times, `g 1000` the gradient, and it answers nanoseconds a call, the value, and the sum of the gradient. Nothing of it is needed to build or test Adit.

use crate::Result;
use crate::problems::Problem;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What a C compiler is called with: `-O3`, and nothing that changes results.
pub const FLAGS: [&str; 3] = ["-O3", "-std=c11", "-Wall"];

/// A running peer.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What a peer answers.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// Nanoseconds a call.
    pub nanoseconds: f64,
    /// What the primal returned.
    pub value: f64,
    /// The sum of the gradient; 0 of a primal.
    pub sum: f64,
}

/// Where the C files are.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// Whether there is a C file of this name.
pub fn is_written(name: &str) -> bool {
    folder().join(format!("{name}.c")).exists()
}

/// Compiles a peer; `variant` names another C file than the problem's.
///
/// # Errors
/// If there is no such compiler, or it refuses.
pub fn build(compiler: &str, name: &str, into: &Path) -> Result<PathBuf> {
    let sources = folder();
    let program = into.join(format!("adit-peer-{name}-{}", std::process::id()));
    let mut command = Command::new(compiler);
    command.args(FLAGS).arg(sources.join("peer.c")).arg(sources.join(format!("{name}.c")));
    let output = command.arg("-o").arg(&program).arg("-lm").output().map_err(|e| format!("{compiler}: {e}"))?;
    if output.status.success() { Ok(program) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

impl Peer {
    /// Starts a compiled peer on a problem's arguments.
    ///
    /// # Errors
    /// If it does not start or does not take them.
    pub fn start(program: &Path, problem: &Problem) -> Result<Peer> {
        let piped = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = piped.map_err(|e| e.to_string())?;
        let requests = child.stdin.take().ok_or("the peer takes no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("the peer gives no output")?);
        let mut peer = Peer { child, requests, answers };
        let answer = peer.ask(&arguments(problem))?;
        if answer.trim() == "ready" { Ok(peer) } else { Err(format!("the peer says {answer}")) }
    }

    fn ask(&mut self, request: &str) -> Result<String> {
        let mut answer = String::new();
        self.requests.write_all(request.as_bytes()).map_err(|e| e.to_string())?;
        self.requests.flush().map_err(|e| e.to_string())?;
        self.answers.read_line(&mut answer).map_err(|e| e.to_string())?;
        Ok(answer)
    }

    fn timed(&mut self, what: char, calls: u64) -> Result<Answer> {
        let answer = self.ask(&format!("{what} {calls}\n"))?;
        let numbers: Vec<f64> = answer.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [nanoseconds, value, sum] => Ok(Answer { nanoseconds, value, sum }),
            _ => Err(format!("the peer says {answer:?}")),
        }
    }

    /// Times the primal.
    ///
    /// # Errors
    /// If the peer is gone.
    pub fn primal(&mut self, calls: u64) -> Result<Answer> {
        self.timed('p', calls)
    }

    /// Times value and gradient.
    ///
    /// # Errors
    /// If the peer is gone.
    pub fn gradient(&mut self, calls: u64) -> Result<Answer> {
        self.timed('g', calls)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // A peer that is already gone is as good as one that was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Counts and numbers, as a peer reads them: sizes, then all floats in the order of the parameters.
fn arguments(problem: &Problem) -> String {
    let floats = problem.floats();
    let mut text = format!("{}", problem.sizes.len());
    for size in &problem.sizes {
        // Writing to a string does not fail.
        let _ = write!(text, " {size}");
    }
    let _ = write!(text, " {}", floats.len());
    for x in floats {
        let _ = write!(text, " {x:e}");
    }
    text.push('\n');
    text
}
