//! Bundle adjustment at growing sizes: finding the pattern, and the sparse Jacobian.
//!
//! In: how often to repeat. Out: for a quarter, a half and all of 31,843 observations by 49 cameras of 7,776 points: entries, colours, seconds to prepare (pattern, colours, code), milliseconds of one Jacobian. Both times
//! should grow as the observations do. Observation i is by camera i mod n of point i mod m.

use crate::Result;
use crate::numbers::Numbers;
use crate::peer::Peer;
use crate::problems::Problem;
use adit::bench::clock::{median, once, time};
use adit::{Array, Engine, Value, Workspace};

/// Cameras, points and observations.
const SIZES: [[usize; 3]; 3] = [[12, 1944, 7961], [24, 3888, 15_922], [49, 7776, 31_843]];

/// What was measured at one size.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// How many observations.
    pub observations: usize,
    /// How many entries may be other than zero.
    pub nnz: usize,
    /// How many directions.
    pub colours: usize,
    /// Seconds to prepare the handle.
    pub prepare: f64,
    /// Milliseconds of a Jacobian.
    pub jacobian: f64,
}

/// Measures every size.
///
/// # Errors
/// If the program does not compile or run.
pub fn measure(repeats: usize) -> Result<Vec<Row>> {
    SIZES.iter().map(|&size| row(size, repeats).map_err(|e| e.to_string())).collect()
}

fn arguments([cameras, points, observations]: [usize; 3]) -> Vec<Value> {
    let mut numbers = Numbers::new(11);
    let mut matrix = |dims: &[usize]| {
        let elements = (0..dims.iter().product::<usize>()).map(|_| numbers.normal()).collect();
        Value::Array(Array::f64(dims, elements))
    };
    let index = |of: usize| Value::from((0..observations).map(|i| (i % of) as i64).collect::<Vec<_>>());
    let floats = [matrix(&[cameras, 11]), matrix(&[points, 3]), matrix(&[observations]), matrix(&[observations, 2])];
    floats.into_iter().chain([index(cameras), index(points)]).collect()
}

/// The problem `ba` at the largest size, for peers: their observation i is by camera i mod n of point i mod m, too.
pub fn largest() -> Problem {
    let size = SIZES[SIZES.len() - 1];
    let source = include_str!("../../examples/ba.ad");
    let (sizes, wrt) = (size.to_vec(), &["cameras", "points", "weights"]);
    let args = arguments(size).into_iter().take(4).collect();
    Problem { name: "ba", size: "n=49", source, function: "squared_error", wrt, sizes, args, most: None }
}

/// What the sparse Jacobian of all observations takes over a peer's function itself, in turns; a matrix that is filled is part of it, finding out where its entries are is not.
///
/// # Errors
/// If the program does not compile or run, or the peer computes something else.
pub fn over_primal(peer: &mut Peer, repeats: usize) -> Result<f64> {
    let in_words = |e: adit::Error| e.to_string();
    let args = arguments(SIZES[SIZES.len() - 1]);
    let module = Engine::new().compile(include_str!("../../examples/bundle_adjustment.ad")).map_err(in_words)?;
    let outcome = module.function("squared_error").and_then(|f| f.call(&args)).map_err(in_words)?;
    let value = outcome.value.as_f64();
    if value.is_none_or(|ours| (ours - peer.value).abs() > 1e-10 * ours.abs()) {
        return Err(format!("the peer's value is {}, not {value:?}", peer.value));
    }
    let f = module.function("residuals").map_err(in_words)?;
    let sparse = f.jacobian().wrt(["cameras", "points", "weights"]).sparse(&args[..]).map_err(in_words)?;
    let (mut workspace, mut values) = (Workspace::new(), vec![0.0; sparse.pattern().nnz()]);
    let mut turn = || -> Result<f64> {
        let (ms, done) = once(|| sparse.value_and_jacobian(&mut workspace, &args[..], (), &mut values));
        done.map_err(in_words)?;
        Ok(1e6 * ms / peer.primal(1)?)
    };
    // The first is cold.
    turn()?;
    Ok(median(&(0..repeats.clamp(1, 31)).map(|_| turn()).collect::<Result<Vec<f64>>>()?))
}

fn row(size: [usize; 3], repeats: usize) -> adit::Result<Row> {
    let source = include_str!("../../examples/bundle_adjustment.ad");
    let args = arguments(size);
    let f = Engine::new().compile(source)?.function("residuals")?;
    let (prepare, sparse) = once(|| f.jacobian().wrt(["cameras", "points", "weights"]).sparse(&args[..]));
    let sparse = sparse?;
    let nnz = sparse.pattern().nnz();
    let (mut workspace, mut values) = (Workspace::new(), vec![0.0; nnz]);
    sparse.value_and_jacobian(&mut workspace, &args[..], (), &mut values)?;
    let mut run = || {
        // It ran once, and nothing that could stop it changes.
        let _ = sparse.value_and_jacobian(&mut workspace, &args[..], (), &mut values);
    };
    let times: Vec<f64> = (0..repeats.clamp(1, 15)).map(|_| time(1, &mut run)).collect();
    let (colours, jacobian) = (sparse.colours(), median(&times) / 1e6);
    Ok(Row { observations: size[2], nnz, colours, prepare: prepare / 1e3, jacobian })
}
