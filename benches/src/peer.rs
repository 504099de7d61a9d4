//! A peer: a process of its own that computes a problem and its gradient, and times itself.
//!
//! In: a command, and a problem's sizes and floats. Out: [`Peer`], which answers line by line: `d` asks for value and gradient, `p 1000` runs the primal a thousand times, `g 1000` value and gradient, and it answers nanoseconds
//! a call. `peers/peer.c` and `peers/python/serve.py` are the other side, [`crate::serve`] is Adit's. What a peer writes to standard error is kept for the one line that says why it failed.

use crate::Result;
use crate::problems::Problem;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

/// A running peer.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    errors: PathBuf,
    /// Milliseconds from the start of the process to its first gradient.
    pub first: f64,
    /// What the function gives.
    pub value: f64,
    /// The gradient; empty if the peer has none.
    pub slopes: Vec<f64>,
}

impl Peer {
    /// Starts a peer on a problem's arguments, and waits for its first gradient. `folder` is where it leaves what it complains about.
    ///
    /// # Errors
    /// If it does not start, or does not answer.
    pub fn start(command: &mut Command, problem: &Problem, folder: &Path) -> Result<Peer> {
        let errors = folder.join(format!("errors-{}.txt", std::process::id()));
        let complaints = File::create(&errors).map_err(|e| format!("{}: {e}", errors.display()))?;
        let began = Instant::now();
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(complaints).spawn();
        let mut child = piped.map_err(|e| format!("{}: {e}", command.get_program().display()))?;
        let requests = child.stdin.take().ok_or("the peer takes no input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("the peer gives no output")?);
        let (first, value, slopes) = (f64::NAN, f64::NAN, Vec::new());
        let mut peer = Peer { child, requests, answers, errors, first, value, slopes };
        let ready = peer.ask(&arguments(problem))?;
        if ready.trim() != "ready" {
            return Err(format!("it answers {}", ready.trim()));
        }
        let answer = peer.numbers("d\n")?;
        peer.first = began.elapsed().as_secs_f64() * 1e3;
        match answer[..] {
            [value, length, ref slopes @ ..] if slopes.len() as f64 == length => {
                (peer.value, peer.slopes) = (value, slopes.to_vec());
                Ok(peer)
            }
            _ => Err("it gives no gradient".into()),
        }
    }

    fn ask(&mut self, request: &str) -> Result<String> {
        let mut answer = String::new();
        let sent = self.requests.write_all(request.as_bytes()).and_then(|()| self.requests.flush());
        let heard = sent.and_then(|()| self.answers.read_line(&mut answer));
        match heard {
            Ok(bytes) if bytes > 0 => Ok(answer),
            Ok(_) | Err(_) => Err(self.complaint()),
        }
    }

    /// The last line that it wrote to standard error.
    fn complaint(&self) -> String {
        let text = std::fs::read(&self.errors).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        last.map_or("it is gone".to_owned(), |line| line.trim().chars().take(200).collect())
    }

    fn numbers(&mut self, request: &str) -> Result<Vec<f64>> {
        let answer = self.ask(request)?;
        let numbers = answer.split_whitespace().map(|word| word.parse().map_err(|_| format!("it answers {word}")));
        numbers.collect()
    }

    fn timed(&mut self, what: char, calls: u64) -> Result<f64> {
        let numbers = self.numbers(&format!("{what} {calls}\n"))?;
        numbers.first().copied().ok_or_else(|| "it answers nothing".to_owned())
    }

    /// Nanoseconds of the primal.
    ///
    /// # Errors
    /// If the peer is gone.
    pub fn primal(&mut self, calls: u64) -> Result<f64> {
        self.timed('p', calls)
    }

    /// Nanoseconds of value and gradient.
    ///
    /// # Errors
    /// If the peer is gone.
    pub fn gradient(&mut self, calls: u64) -> Result<f64> {
        self.timed('g', calls)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // A peer that is already gone is as good as one that was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.errors);
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
