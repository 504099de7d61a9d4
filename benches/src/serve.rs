//! Adit as a peer: the other side of [`crate::peer`].
//!
//! In: the title of a problem, whether in vector code, and requests on standard input. Out: answers. Nothing is compiled before the first request, so that what the first gradient costs is measured as it is of others.

use crate::Result;
use crate::problems::{self, Problem};
use adit::bench::clock::time;
use adit::bench::{Steady, What};
use adit::{Engine, Function};
use std::io::{BufRead, Write};

/// Answers until there are no more requests.
///
/// # Errors
/// If there is no such problem, or it does not compile or run.
pub fn serve(title: &str, vectors: bool, requests: impl BufRead, mut answers: impl Write) -> Result<()> {
    let problem = problems::all().into_iter().find(|problem| problem.title() == title);
    let problem = problem.ok_or_else(|| format!("there is no problem {title}"))?;
    let mut server = Server { problem, vectors, function: None, primal: None, gradient: None };
    for (i, line) in requests.lines().enumerate() {
        let line = line.map_err(|e| e.to_string())?;
        // The first line has the arguments, which are those of the problem.
        let answer = if i == 0 { "ready".to_owned() } else { server.answer(&line)? };
        writeln!(answers, "{answer}").and_then(|()| answers.flush()).map_err(|e| e.to_string())?;
    }
    Ok(())
}

struct Server {
    problem: Problem,
    vectors: bool,
    function: Option<Function>,
    primal: Option<Steady>,
    gradient: Option<Steady>,
}

impl Server {
    fn answer(&mut self, line: &str) -> Result<String> {
        let (what, calls) = line.split_once(' ').unwrap_or((line, "1"));
        let calls: u64 = calls.parse().map_err(|_| format!("{line}: how many calls?"))?;
        let steady = self.steady(if what == "p" { What::Primal } else { What::Gradient })?;
        let taken = time(calls, || steady.run());
        steady.checked().map_err(|e| e.to_string())?;
        if what != "d" {
            return Ok(format!("{taken} {:?}", steady.value()));
        }
        let slopes = steady.slopes();
        let words: Vec<String> = slopes.iter().map(|x| format!("{x:?}")).collect();
        Ok(format!("{:?} {} {}", steady.value(), slopes.len(), words.join(" ")))
    }

    fn steady(&mut self, what: What) -> Result<&mut Steady> {
        let Server { problem, vectors, function, primal, gradient } = self;
        if function.is_none() {
            let engine = Engine::builder().vectors(*vectors).build().map_err(|e| e.to_string())?;
            *function = Some(problem.compile_by(&engine)?);
        }
        let f = function.as_ref().ok_or("nothing was compiled")?;
        let place = if what == What::Primal { primal } else { gradient };
        if place.is_none() {
            *place = Some(problem.steady(f, what)?);
        }
        place.as_mut().ok_or_else(|| "nothing was built".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_answered_in_order() {
        let mut answers = Vec::new();
        serve("newton_sqrt", true, &b"0 1 2e0\nd\np 3\ng 2\n"[..], &mut answers).expect("it serves");
        let text = String::from_utf8(answers).expect("it writes text");
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
        assert_eq!(lines[0], ["ready"]);
        assert_eq!((lines[1].len(), lines[1][1]), (3, "1"));
        assert!((lines[1][0].parse::<f64>().expect("a number") - 2.0_f64.sqrt()).abs() < 1e-9);
        assert_eq!((lines[2].len(), lines[2][1]), (2, lines[1][0]));
        assert!(lines.len() == 4 && serve("nothing", true, &b""[..], Vec::new()).is_err());
    }
}
