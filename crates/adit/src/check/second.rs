//! Second derivatives: forward over reverse against reverse over reverse, against the complex step of reverse, and against its own transpose.
//!
//! In: a [`Subject`] with a result of one float. Out: comparisons in the report. Where there are too many parameters for every row of the Hessian, its products with random directions take their place.

use super::engines::{Directions, Machine, Subject, dot};
use super::{CheckReport, Quantity};
use crate::calls::{Along, Lane};
use crate::error::{ErrorKind, Result};
use crate::pipeline::Derivative;

/// Compares Hessians.
pub(super) fn check(subject: &Subject<'_>, report: &mut CheckReport) -> Result<()> {
    let directions = subject.directions();
    let forward_over_reverse = match directions.each(|d| product(subject, d)) {
        Ok(products) => products,
        Err(e) if e.kind() == ErrorKind::Compile => {
            report.notes.push("second derivatives are left out: they need reverse mode".to_owned());
            return Ok(());
        }
        Err(e) => return Err(e),
    };
    let twice_reverse = directions.each(|d| reverse_over_reverse(subject, d))?.concat();
    let reverse = subject.function.served(Derivative::Vjp(subject.active.clone()));
    let machine = Machine::new(subject.function, &reverse, 0)?;
    let complex = directions.each(|d| complex_step_of_reverse(subject, &machine, d))?;
    let names = names(&directions.names(&subject.float_names()), &subject.float_names());
    let (products, complex) = (forward_over_reverse.concat(), complex.concat());
    let mut engines = vec![("forward over reverse", products), ("reverse over reverse", twice_reverse)];
    match subject.excuse(&complex, &engines[0].1) {
        Some(note) => report.notes.push(note),
        None => engines.push(("complex step of reverse", complex)),
    }
    report.compare(Quantity::SecondDerivative, &engines, &names);
    let (upper, lower, names) = halves(&directions, &forward_over_reverse, &directions.names(&subject.float_names()));
    report.compare(Quantity::SecondDerivative, &[("H", upper), ("H transposed", lower)], &names);
    Ok(())
}

/// The Hessian times a direction, by machine code.
fn product(subject: &Subject<'_>, along: &[f64]) -> Result<Vec<f64>> {
    let shape = subject.function.shape();
    let mut frame = subject.reverse_frame()?;
    shape.add_second_order(&mut frame, &subject.active, &Along { lanes: 1, component: &|float, _| along[float] });
    let results = subject.function.run_quietly(&Derivative::Hvp(subject.active.clone(), 1), &mut frame)?;
    Ok(shape.hessian_product(&frame, &results, &subject.active, Lane::ONLY).floats())
}

/// The same, by machine code that goes backwards twice.
fn reverse_over_reverse(subject: &Subject<'_>, along: &[f64]) -> Result<Vec<f64>> {
    let shape = subject.function.shape();
    let mut frame = subject.reverse_frame()?;
    shape.add_reverse_over_reverse(&mut frame, &subject.active, along);
    let derivative = Derivative::ReverseOverReverse(subject.active.clone());
    let results = subject.function.run_quietly(&derivative, &mut frame)?;
    Ok(shape.reverse_product(&frame, &results, &subject.active).floats())
}

fn complex_step_of_reverse(subject: &Subject<'_>, machine: &Machine<'_>, along: &[f64]) -> Result<Vec<f64>> {
    let (frame, results) = machine.complex_step(&subject.reverse_frame()?, &subject.active, along)?;
    Ok(subject.function.shape().gradient(&frame, &results, &subject.active).floats())
}

fn names(rows: &[String], columns: &[String]) -> Vec<String> {
    rows.iter().flat_map(|row| columns.iter().map(move |column| format!("{row}, {column}"))).collect()
}

/// Entries above the diagonal of D H Dᵀ, those below it in the same order, and their names; the rows of D are the directions.
fn halves(directions: &Directions, products: &[Vec<f64>], names: &[String]) -> (Vec<f64>, Vec<f64>, Vec<String>) {
    let entry = |i: usize, j: usize| match directions {
        Directions::Units(_) => products[i][j],
        Directions::Random(d) => dot(&d[j], &products[i]),
    };
    let mut out = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..products.len() {
        for j in i + 1..products.len() {
            out.0.push(entry(i, j));
            out.1.push(entry(j, i));
            out.2.push(format!("{}, {}", names[i], names[j]));
        }
    }
    out
}
