//! Side by side: Adit and its rivals on one problem, each in a process of its own, all taking turns.
//!
//! In: problems, rivals, how often to repeat. Out: a [`Race`] for each problem. Value and gradient of every rival are compared with Adit's before anything is timed: 1e-10 of the largest component. One that computes
//! something else, or fails, is left out with a line that says so. Ratios are medians of those within one turn.

use crate::Result;
use crate::peer::Peer;
use crate::problems::Problem;
use crate::rivals::{Rival, folder};
use adit::bench::clock::median;

/// How close value and gradient of a rival are to be, relative to the largest component or 1.
const CLOSE: f64 = 1e-10;

/// Nanoseconds that a batch takes at least.
const BATCH: f64 = 300e3;

/// Which of the two functions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// The function itself.
    Primal,
    /// Value and gradient.
    Gradient,
}

/// What was measured of one rival.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// Milliseconds from the start of the process to the first gradient.
    pub first: f64,
    /// Nanoseconds, turn by turn.
    primals: Vec<f64>,
    /// None if there is no gradient.
    gradients: Vec<f64>,
}

/// What was measured of a problem.
#[derive(Clone, Debug)]
pub struct Race {
    /// The problem.
    pub title: String,
    /// Adit first.
    pub lanes: Vec<Lane>,
}

impl Lane {
    fn times(&self, which: Which) -> &[f64] {
        match which {
            Which::Primal => &self.primals,
            Which::Gradient => &self.gradients,
        }
    }

    /// The median, in nanoseconds; none if there is no such function.
    pub fn time(&self, which: Which) -> Option<f64> {
        let times = self.times(which);
        (!times.is_empty()).then(|| median(times))
    }
}

impl Race {
    /// What was measured of a rival.
    pub fn lane(&self, name: &str) -> Option<&Lane> {
        self.lanes.iter().find(|lane| lane.name == name)
    }

    /// How many times as long one takes as another.
    pub fn ratio(&self, over: (&str, Which), under: (&str, Which)) -> Option<f64> {
        let (over, under) = (self.lane(over.0)?.times(over.1), self.lane(under.0)?.times(under.1));
        let ratios: Vec<f64> = over.iter().zip(under).map(|(a, b)| a / b).collect();
        (!ratios.is_empty()).then(|| median(&ratios))
    }
}

/// A rival at the start.
struct Runner {
    lane: Lane,
    peer: Peer,
    calls: (u64, u64),
}

impl Runner {
    fn new(rival: &Rival, mut peer: Peer) -> Result<Runner> {
        let calls = (batch(|n| peer.primal(n))?, if peer.slopes.is_empty() { 0 } else { batch(|n| peer.gradient(n))? });
        let (primals, gradients) = (Vec::new(), Vec::new());
        Ok(Runner { lane: Lane { name: rival.name.clone(), first: peer.first, primals, gradients }, peer, calls })
    }

    fn turn(&mut self) -> Result<()> {
        self.lane.primals.push(self.peer.primal(self.calls.0)?);
        if self.calls.1 > 0 {
            self.lane.gradients.push(self.peer.gradient(self.calls.1)?);
        }
        Ok(())
    }
}

/// How many calls fill a batch. The first call, which may compile, does not count.
fn batch(mut timed: impl FnMut(u64) -> Result<f64>) -> Result<u64> {
    timed(1)?;
    let mut calls = 1;
    while timed(calls)? * (calls as f64) < BATCH && calls < 1 << 24 {
        calls *= 2;
    }
    Ok(calls)
}

/// Lets all run that have the problem; `tell` is told who is left out, and why.
///
/// # Errors
/// If Adit itself does not run.
pub fn race(problem: &Problem, rivals: &[Rival], repeats: usize, tell: &dyn Fn(&str)) -> Result<Race> {
    let folder = folder()?;
    let mut runners: Vec<Runner> = Vec::new();
    let mut known: Option<(f64, Vec<f64>)> = None;
    for rival in rivals {
        let started = rival.command(problem, &folder).and_then(|command| {
            let Some(mut command) = command else { return Ok(None) };
            let peer = Peer::start(&mut command, problem, &folder)?;
            agree(known.as_ref(), &peer)?;
            Runner::new(rival, peer).map(Some)
        });
        match started {
            Ok(Some(runner)) => {
                known.get_or_insert_with(|| (runner.peer.value, runner.peer.slopes.clone()));
                runners.push(runner);
            }
            Ok(None) => {}
            Err(why) if rival.is_adit() => return Err(format!("{}: {why}", problem.title())),
            Err(why) => tell(&format!("{}: no {}: {why}", problem.title(), rival.name)),
        }
    }
    for _ in 0..repeats {
        for runner in &mut runners {
            runner.turn().map_err(|why| format!("{}: {}: {why}", problem.title(), runner.lane.name))?;
        }
    }
    Ok(Race { title: problem.title(), lanes: runners.into_iter().map(|runner| runner.lane).collect() })
}

/// That a rival computes what Adit does; it may have no gradient.
fn agree(known: Option<&(f64, Vec<f64>)>, peer: &Peer) -> Result<()> {
    let Some((value, slopes)) = known else { return Ok(()) };
    let close = |ours: &[f64], theirs: &[f64]| {
        let largest = ours.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
        ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| (a - b).abs() <= CLOSE * largest)
    };
    if !close(&[*value], &[peer.value]) {
        return Err(format!("its value is {:?}, not {value:?}", peer.value));
    }
    if peer.slopes.is_empty() || close(slopes, &peer.slopes) {
        return Ok(());
    }
    let apart = slopes.iter().zip(&peer.slopes).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
    Err(format!("its gradient is another: {} numbers, up to {apart:.1e} apart", peer.slopes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(name: &str, primals: &[f64], gradients: &[f64]) -> Lane {
        Lane { name: name.into(), first: 1.0, primals: primals.to_vec(), gradients: gradients.to_vec() }
    }

    #[test]
    fn ratios_are_those_within_turns() {
        let lanes = vec![lane("a", &[1.0, 10.0, 3.0], &[2.0, 20.0, 6.0]), lane("b", &[1.0, 10.0, 1.0], &[])];
        let race = Race { title: "p".into(), lanes };
        assert_eq!(race.ratio(("a", Which::Gradient), ("b", Which::Primal)), Some(2.0));
        assert_eq!(race.ratio(("a", Which::Gradient), ("b", Which::Gradient)), None);
        assert_eq!(race.ratio(("a", Which::Gradient), ("c", Which::Primal)), None);
        assert_eq!(race.lanes[0].time(Which::Primal), Some(3.0));
    }

    #[test]
    fn batches_are_filled_by_doubling() {
        assert_eq!(batch(|_| Ok(BATCH / 5.0)), Ok(8));
        assert_eq!(batch(|_| Ok(2.0 * BATCH)), Ok(1));
        assert!(batch(|_| Err("gone".into())).is_err());
    }
}
