//! `adit sample`.
//!
//! In: a program whose function is a log density or its negative, data, constraints. Out: for each number that is sampled its mean, spread, quantiles, effective sample sizes and R-hat, as a table or as
//! JSON; if it is wanted, all draws as CSV, and charts. What is not given as data is sampled. Ctrl-C ends all chains, and what they drew counts. The sampler is `nuts-rs`; densities and constraints are `adit-nuts`'s.

use crate::args::{DensityName, Sample};
use crate::data::given;
use crate::json_out::{self, Object};
use crate::plots::{Axes, Scale, Series, line_chart};
use crate::progress::Progress;
use crate::session::{Answer, Session, constraints, function, interruptible, to_stderr, unwritable, usage};
use crate::table::aligned;
use adit::{Error, Result, Value};
use adit_nuts::{Chain, Kind, Posterior, Run, Settings, Summary};
use std::fmt::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More charts than these are not drawn.
const CHARTS: usize = 24;
/// Above this, chains disagree.
const R_HAT: f64 = 1.01;
/// Points of a density curve.
const CURVE: usize = 200;

/// `adit sample`
///
/// # Errors
/// What compiling, reading, differentiating and running give; constraints that do not fit; nothing to sample; no starting point.
pub fn sample(session: &Session, args: &Sample) -> Result<Answer> {
    let module = session.compile(&args.file)?;
    let function = function(&module, args.function.as_deref())?;
    let data = given(&function, "--data", &args.data)?;
    let data: Vec<(&str, Value)> = data.iter().map(|(name, v)| (name.as_str(), v.clone())).collect();
    let kind = match args.density {
        DensityName::Log => Kind::Log,
        DensityName::NegLog => Kind::NegLog,
    };
    let mut posterior = Posterior::with_sizes(&function, kind, &data, &sizes(&args.sizes)?)?;
    for (path, constraint) in constraints(&args.constraints)? {
        posterior = posterior.constrain(&path, constraint)?;
    }
    let settings = Settings {
        chains: args.chains,
        threads: args.threads,
        warmup: args.warmup,
        draws: args.draws,
        seed: args.seed,
        start: given(&function, "--init", args.init.as_slice())?,
    };
    let run = run(session, &posterior, &settings)?;
    if let Some(path) = &args.out {
        std::fs::write(path, csv(&run)).map_err(|e| unwritable(path, &e))?;
    }
    if let Some(folder) = &args.plot {
        plot(folder, &run)?;
    }
    let summary = adit_nuts::summary(&run);
    Ok(if session.json { json(&run, &summary) } else { table(&run, &summary) }.into())
}

fn plural(n: usize) -> &'static str {
    if n == 1 { "" } else { "s" }
}

fn run(session: &Session, posterior: &Posterior, settings: &Settings) -> Result<Run> {
    let each = settings.warmup.saturating_add(settings.draws);
    let progress = Progress::new(session, each.saturating_mul(settings.chains as u64));
    let divergences = AtomicUsize::new(0);
    let interrupted = interruptible();
    let run = adit_nuts::sample(posterior, settings, &|step| {
        progress.step();
        if step.divergent && !step.warmup {
            let n = 1 + divergences.fetch_add(1, Ordering::Relaxed);
            progress.say(format!("{n} divergence{}", plural(n)));
        }
        !interrupted.load(Ordering::Relaxed)
    })?;
    if run.interrupted && run.chains.is_empty() {
        return Err(Error::interrupted("interrupted before there were draws"));
    }
    Ok(run)
}

fn sizes(texts: &[String]) -> Result<Vec<(String, i64)>> {
    let one = |text: &String| {
        let (name, size) = text.split_once('=')?;
        Some((name.trim().to_owned(), size.trim().parse().ok()?))
    };
    texts.iter().map(|t| one(t).ok_or_else(|| usage(format!("`--size {t}`: such as k=3 is wanted")))).collect()
}

/// Columns of the table: what they are called, and their numbers.
type Column = (&'static str, fn(&Summary) -> f64);
const COLUMNS: [Column; 8] = [
    ("mean", |s| s.mean),
    ("sd", |s| s.sd),
    ("5%", |s| s.quantiles[0]),
    ("50%", |s| s.quantiles[1]),
    ("95%", |s| s.quantiles[2]),
    ("ess_bulk", |s| s.ess_bulk),
    ("ess_tail", |s| s.ess_tail),
    ("r_hat", |s| s.r_hat),
];

fn table(run: &Run, summary: &[Summary]) -> String {
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(COLUMNS.iter().map(|(name, _)| (*name).to_owned()));
    for s in summary {
        let cell = |&(name, of): &Column| match name {
            "ess_bulk" | "ess_tail" => format!("{:.0}", of(s)),
            "r_hat" => format!("{:.3}", of(s)),
            _ => digits(of(s), s.sd),
        };
        rows.push(std::iter::once(s.name.clone()).chain(COLUMNS.iter().map(cell)).collect());
    }
    let mut out = aligned(&rows);
    let draws = run.chains.first().map_or(0, |chain| chain.divergent.len());
    let ended = if run.interrupted { ", interrupted" } else { "" };
    let (chains, divergences) = (run.chains.len(), run.divergences());
    out.push_str(&format!(
        "\n{chains} chains of {draws} draws{ended}; {divergences} divergence{}\n",
        plural(divergences)
    ));
    out.push_str(&undefined(run));
    if summary.iter().any(|s| s.r_hat > R_HAT) {
        out.push_str("chains disagree (r_hat above 1.01): draw more, or look at the model\n");
    }
    out
}

/// What to look for where the density has no value at points that matter, and what is free may go anywhere.
fn undefined(run: &Run) -> String {
    let [undefined, all] =
        [|c: &Chain| c.undefined, |c: &Chain| c.gradients].map(|of| run.chains.iter().map(of).sum::<u64>());
    if undefined == 0 || run.divergences() == 0 && 100 * undefined <= all {
        return String::new();
    }
    let bounds = "if a parameter has bounds, say so: `--constrain sigma=positive`";
    format!("the density had no finite value at {undefined} of {all} points; {bounds}\n")
}

/// A number to as many digits as its spread makes worth showing.
fn digits(x: f64, sd: f64) -> String {
    let decimals = if sd > 0.0 { (2.0 - sd.log10().floor()).clamp(0.0, 12.0) as usize } else { 3 };
    if x.is_finite() && x.abs() < 1e9 { format!("{x:.decimals$}") } else { format!("{x:.3e}") }
}

fn json(run: &Run, summary: &[Summary]) -> String {
    let one = |out: &mut String, s: &Summary| {
        let object = Object::new().with("name", |out| json_out::text(out, &s.name));
        let object = COLUMNS.iter().fold(object, |o, (name, of)| o.with(name, |out| json_out::number(out, of(s))));
        out.push_str(&object.finish());
    };
    let draws = run.chains.first().map_or(0, |chain| chain.divergent.len());
    let object = Object::new()
        .with("summary", |out| json_out::list(out, summary, &mut |out, s| one(out, s)))
        .with("chains", |out| out.push_str(&run.chains.len().to_string()))
        .with("draws", |out| out.push_str(&draws.to_string()))
        .with("divergences", |out| out.push_str(&run.divergences().to_string()))
        .with("interrupted", |out| out.push_str(if run.interrupted { "true" } else { "false" }));
    object.finish() + "\n"
}

/// All draws, a line each.
fn csv(run: &Run) -> String {
    let mut out = String::from("chain,draw,divergent");
    for name in &run.names {
        let quoted = name.contains(',');
        out.push_str(&if quoted { format!(",\"{name}\"") } else { format!(",{name}") });
    }
    out.push('\n');
    for (c, chain) in run.chains.iter().enumerate() {
        for (i, (row, divergent)) in chain.draws.chunks(run.names.len().max(1)).zip(&chain.divergent).enumerate() {
            let _ = write!(out, "{c},{i},{}", u8::from(*divergent));
            for x in row {
                let _ = write!(out, ",{x:?}");
            }
            out.push('\n');
        }
    }
    out
}

/// For each number a chart of its draws in order, and one of its density by chain.
fn plot(folder: &Path, run: &Run) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| unwritable(folder, &e))?;
    for (i, name) in run.names.iter().enumerate().take(CHARTS) {
        let chains = run.of(i);
        let series = |points: fn(&[f64]) -> Vec<(f64, f64)>| -> Vec<Series> {
            let one = |(c, draws): (usize, &Vec<f64>)| Series { name: format!("chain {c}"), points: points(draws) };
            chains.iter().enumerate().map(one).collect()
        };
        let file = |what: &str| folder.join(format!("{what}-{}.svg", name.replace(['[', ']', ',', ' '], "_")));
        let trace = Axes { title: name, x: "draw", y: name, scale: Scale::Linear };
        let in_order = |draws: &[f64]| draws.iter().enumerate().map(|(i, &x)| (i as f64, x)).collect();
        line_chart(&file("trace"), &trace, &series(in_order))?;
        let density = Axes { title: name, x: name, y: "density", scale: Scale::Linear };
        line_chart(&file("density"), &density, &series(curve))?;
    }
    if run.names.len() > CHARTS {
        to_stderr(&format!("note: charts of the first {CHARTS} of {} numbers were drawn", run.names.len()));
    }
    Ok(())
}

/// The density of draws, smoothed by normal kernels of Silverman's width.
fn curve(draws: &[f64]) -> Vec<(f64, f64)> {
    let n = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / n;
    let sd = (draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
    let width = 1.06 * sd * n.powf(-0.2);
    if width.is_nan() || width <= 0.0 {
        return Vec::new();
    }
    let low = draws.iter().copied().fold(f64::INFINITY, f64::min) - 3.0 * width;
    let high = draws.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 3.0 * width;
    let norm = n * width * (2.0 * std::f64::consts::PI).sqrt();
    let at = |x: f64| draws.iter().map(|d| (-0.5 * ((x - d) / width).powi(2)).exp()).sum::<f64>() / norm;
    (0..=CURVE).map(|k| low + (high - low) * k as f64 / CURVE as f64).map(|x| (x, at(x))).collect()
}
