//! Derivatives through functions of the host, against differences.
//!
//! In: a subject, and what an engine found along directions. Out: one comparison, or a note that there is none. The complex step cannot enter a function of the host, so here alone values are subtracted:
//! central differences with two steps, whose own difference tells how far they can be trusted. What this does not do: it is no oracle on a kink, where it says so.

use super::engines::{Directions, Machine, Subject};
use super::{CheckReport, Pair, Quantity};
use crate::error::{ErrorKind, Result};
use crate::function::Function;
use crate::pipeline::{self, Derivative};
use adit_ir::external::External;

/// How far a derivative may be from a difference, relative to max(1, largest component), beyond what the difference is uncertain by.
const TOLERANCE: f64 = 1e-5;

/// A difference that is uncertain by more than this, likewise relative, tells nothing.
const WORTHLESS: f64 = 1e-2;

/// The longer step, relative to max(1, largest float that moves).
const STEP: f64 = 1e-4;

const NAME: &str = "differences";

/// A difference quotient, and by how much it may be wrong.
struct Quotient {
    slope: f64,
    doubt: f64,
}

/// Compares what an engine found with differences, if functions of the host are called.
pub(super) fn compare(
    subject: &Subject<'_>,
    directions: &Directions,
    (engine, columns): &(&'static str, Vec<f64>),
    report: &mut CheckReport,
) -> Result<()> {
    if !calls_hosts(subject.function)? {
        return Ok(());
    }
    let machine = Machine::new(subject.function, &Derivative::Primal, 1)?;
    let quotients = match directions.each(|along| quotient(subject, &machine, along)) {
        Ok(quotients) => quotients,
        Err(e) if e.kind() == ErrorKind::Run => Vec::new(),
        Err(e) => return Err(e),
    };
    let largest = columns.iter().filter(|x| x.is_finite()).fold(1.0f64, |m, x| m.max(x.abs()));
    let known = |q: &Quotient| q.doubt <= WORTHLESS * largest;
    if subject.on_kink.is_some() || quotients.is_empty() || !quotients.iter().all(known) {
        report.notes.push(
            "derivatives of functions of the host are compared with nothing: differences tell nothing at this point"
                .to_owned(),
        );
        return Ok(());
    }
    let names = directions.names(&subject.float_names());
    let apart = columns.iter().zip(&quotients).map(|(x, q)| ((x - q.slope).abs() - q.doubt).max(0.0) / largest);
    // NaN is as far as can be.
    let apart = apart.zip(columns).map(|(d, x)| if x.is_finite() { d } else { f64::INFINITY });
    let (at, worst) = apart.enumerate().fold((0, 0.0), |worst, (i, d)| if d > worst.1 { (i, d) } else { worst });
    let place = if worst > 0.0 { names.get(at).cloned() } else { None };
    let agrees = worst <= TOLERANCE.max(subject.tolerance);
    report.pairs.push(Pair { quantity: Quantity::Derivative, left: engine, right: NAME, worst, place, agrees });
    Ok(())
}

fn calls_hosts(function: &Function) -> Result<bool> {
    let (unit, id) = function.program()?;
    let host = |id| matches!(unit.ir.function(id).external, Some(External::Host(_)));
    Ok(pipeline::reachable(&unit.ir, id).into_iter().any(host))
}

fn quotient(subject: &Subject<'_>, machine: &Machine<'_>, along: &[f64]) -> Result<Quotient> {
    let single = subject.tolerance > super::TOLERANCE;
    let (step, precision) = if single { (1.0 / 64.0, f64::from(f32::EPSILON)) } else { (STEP, f64::EPSILON) };
    let step = step * subject.largest(along);
    let slope = |h: f64| -> Result<(f64, f64)> {
        let (after, before) = (subject.value_at(machine, along, h)?, subject.value_at(machine, along, -h)?);
        Ok(((after - before) / (2.0 * h), after.abs().max(before.abs()) / h))
    };
    let ((long, _), (short, steep)) = (slope(step)?, slope(step / 2.0)?);
    let doubt = (short - long).abs() + 4.0 * precision * steep;
    Ok(Quotient { slope: (4.0 * short - long) / 3.0, doubt })
}
