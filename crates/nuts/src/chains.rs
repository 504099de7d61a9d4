//! Chains, in parallel.
//!
//! In: a [`Posterior`] and [`Settings`]. Out: [`Run`]: the constrained numbers of every draw of every chain. Each chain has random numbers of its own, from the seed and its number, so that draws do not
//! depend on how many threads there are. Without a starting point a chain begins at numbers between -2 and 2, free ones, of which the density is finite.

use crate::density::{Density, Stopped};
use crate::{Posterior, START};
use adit::{Error, Result, Value};
use nuts_rs::rand::rngs::ChaCha8Rng;
use nuts_rs::rand::{RngExt, SeedableRng};
use nuts_rs::{Chain as _, CpuMath, DiagNutsSettings, LogpError, NutsError, Settings as _};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Random points that are tried for one whose density is finite.
const TRIES: usize = 100;

/// How much is drawn, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Chains.
    pub chains: usize,
    /// Threads at most; 0 for as many as there are processors.
    pub threads: usize,
    /// Draws of each chain that adapt the sampler and are thrown away.
    pub warmup: u64,
    /// Draws of each chain that are kept.
    pub draws: u64,
    /// Of the random numbers.
    pub seed: u64,
    /// Where all chains start, by free parameter; others start at random.
    pub start: Vec<(String, Value)>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { chains: 4, threads: 0, warmup: 1000, draws: 1000, seed: 0, start: Vec::new() }
    }
}

/// One more draw.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Of which chain.
    pub chain: usize,
    /// Whether it is thrown away.
    pub warmup: bool,
    /// Whether it was a divergence.
    pub divergent: bool,
}

/// What a chain drew.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Chain {
    /// Constrained numbers, a row for each draw.
    pub draws: Vec<f64>,
    /// Whether each draw ended in a divergence.
    pub divergent: Vec<bool>,
    /// Gradients that were computed, warm-up included.
    pub gradients: u64,
    /// At how many of these points the density had no finite value.
    pub undefined: u64,
}

/// What all chains drew.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// What the numbers of a row are.
    pub names: Vec<String>,
    /// The chains, equally long.
    pub chains: Vec<Chain>,
    /// Whether it was ended before its time.
    pub interrupted: bool,
}

impl Run {
    /// The draws of one number, by chain.
    pub fn of(&self, number: usize) -> Vec<Vec<f64>> {
        let width = self.names.len();
        self.chains.iter().map(|c| c.draws.iter().skip(number).step_by(width).copied().collect()).collect()
    }

    /// How many draws ended in divergences.
    pub fn divergences(&self) -> usize {
        self.chains.iter().flat_map(|chain| &chain.divergent).filter(|&&d| d).count()
    }
}

/// Samples. After each draw, `go_on` is told of it; when it says `false`, all chains end, and are cut to the length of the shortest.
///
/// # Errors
/// AD0922 without a starting point of finite density; what a run of the program gives, where that is not taken as a divergence.
pub fn sample(posterior: &Posterior, settings: &Settings, go_on: &(dyn Fn(Progress) -> bool + Sync)) -> Result<Run> {
    let available = || std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if settings.threads == 0 { available() } else { settings.threads };
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done: Mutex<Vec<(usize, Result<Chain>)>> = Mutex::default();
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= settings.chains || stop.load(Ordering::Relaxed) {
                return;
            }
            let observe = |progress: Progress| {
                if !go_on(progress) {
                    stop.store(true, Ordering::Relaxed);
                }
                !stop.load(Ordering::Relaxed)
            };
            let chain = run_chain(posterior, settings, number, &observe);
            done.lock().unwrap_or_else(PoisonError::into_inner).push((number, chain));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(settings.chains) {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(number, _)| *number);
    let mut chains = done.into_iter().map(|(_, chain)| chain).collect::<Result<Vec<Chain>>>()?;
    let interrupted = stop.into_inner();
    if interrupted {
        chains.retain(|chain| !chain.divergent.is_empty());
        let shortest = chains.iter().map(|chain| chain.divergent.len()).min().unwrap_or(0);
        for chain in &mut chains {
            chain.divergent.truncate(shortest);
            chain.draws.truncate(shortest * posterior.names().len());
        }
    }
    Ok(Run { names: posterior.names().to_vec(), chains, interrupted })
}

fn run_chain(
    posterior: &Posterior,
    settings: &Settings,
    number: usize,
    go_on: &dyn Fn(Progress) -> bool,
) -> Result<Chain> {
    let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
    rng.set_stream(number as u64);
    let start = starting_point(posterior, settings, &mut rng)?;
    let nuts = DiagNutsSettings {
        num_tune: settings.warmup,
        num_draws: settings.draws,
        num_chains: settings.chains,
        ..DiagNutsSettings::default()
    };
    let density = posterior.density();
    let undefined = density.undefined();
    let math = CpuMath::new(density);
    let mut sampler =
        nuts.new_chain(number as u64, math, &mut rng).map_err(|e| failed(e.downcast_ref(), &e.to_string()))?;
    sampler.set_position(&start).map_err(|e| failed(e.downcast_ref(), &e.to_string()))?;
    let mut chain = Chain::default();
    let mut x = vec![0.0; posterior.names().len()];
    for draw in 0..settings.warmup + settings.draws {
        let (y, info) = sampler.draw().map_err(|e| failed(e.downcast_ref(), &e.to_string()))?;
        let warmup = draw < settings.warmup;
        chain.gradients += info.num_gradients;
        if !warmup {
            posterior.apply(&y, &mut x);
            chain.draws.extend_from_slice(&x);
            chain.divergent.push(info.diverging);
        }
        if !go_on(Progress { chain: number, warmup, divergent: info.diverging }) {
            break;
        }
    }
    chain.undefined = undefined.load(Ordering::Relaxed);
    Ok(chain)
}

/// The error of a run, where that is what stopped the sampler.
fn failed(error: Option<&NutsError>, text: &str) -> Error {
    let stopped = if let Some(NutsError::LogpFailure(cause) | NutsError::BadInitGrad(cause)) = error {
        cause.downcast_ref::<Stopped>()
    } else {
        None
    };
    match stopped {
        Some(Stopped::Run(error)) => error.clone(),
        Some(Stopped::NotFinite) | None => Error::input(START, format!("the sampler stopped: {text}")),
    }
}

/// Free numbers whose density is finite.
fn starting_point(posterior: &Posterior, settings: &Settings, rng: &mut ChaCha8Rng) -> Result<Vec<f64>> {
    let mut density = posterior.density();
    let (mut y, mut gradient) = (vec![0.0; posterior.dim()], vec![0.0; posterior.dim()]);
    let mut last = Stopped::NotFinite;
    for _ in 0..TRIES {
        y.iter_mut().for_each(|y| *y = 4.0 * rng.random::<f64>() - 2.0);
        posterior.invert(&settings.start, &mut y)?;
        match attempt(&mut density, &y, &mut gradient)? {
            None => return Ok(y),
            Some(why) => last = why,
        }
    }
    let text = format!("no starting point of finite density was found in {TRIES} tries; the last time: {last}");
    Err(Error::input(START, text))
}

/// Nothing if the density is finite there; else why it is not.
fn attempt(density: &mut Density, y: &[f64], gradient: &mut [f64]) -> Result<Option<Stopped>> {
    match density.log_density(y, gradient) {
        Ok(_) => Ok(None),
        Err(Stopped::Run(error)) if !Stopped::Run(error.clone()).is_recoverable() => Err(error),
        Err(why) => Ok(Some(why)),
    }
}
