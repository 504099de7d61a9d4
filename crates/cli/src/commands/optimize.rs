//! `adit optimize`.
//!
//! In: a program, where to start, what stays, bounds. Out: where the value is least, how low, how flat, and why the search ended there, as JSON or as a table; if it is wanted, a chart of the way.
//! Methods and rules are `adit-argmin`'s.

use crate::args::Optimize;
use crate::json_out::{self, Object};
use crate::plots::{Axes, Scale, Series, line_chart};
use crate::progress::Progress;
use crate::session::{Answer, Session, constraints, function, usage};
use crate::table::Table;
use crate::{data, input, json_in};
use adit::diag::Code;
use adit::{Error, Function, Result, Value};
use adit_argmin::{Bound, Method, Minimum, Options, Problem, Step, minimise};
use adit_nuts::Constraint;
use std::path::Path;

/// `adit optimize`
///
/// # Errors
/// What compiling, reading, differentiating and running give; a method that does not fit; a start without a finite value.
pub fn optimize(session: &Session, args: &Optimize) -> Result<Answer> {
    let module = session.compile(&args.target.file)?;
    let function = function(&module, args.target.function.as_deref())?;
    let (values, free) = arguments(&function, args)?;
    let free: Vec<&str> = free.iter().map(String::as_str).collect();
    let mut problem = Problem::new(&function, &values, &free)?;
    for (path, constraint) in constraints(&args.constraints)? {
        problem = problem.bounded(&path, bound(constraint)?)?;
    }

    let options = Options { method: args.method, tolerance: args.tolerance, max_iterations: args.max_iterations };
    let progress = Progress::new(session, args.max_iterations);
    let mut steps = Vec::new();
    let found = minimise(&problem, &options, &mut |step| {
        progress.at(step.iteration);
        progress.say(format!("value {:.6e}, gradient {:.1e}", step.value, step.gradient_norm));
        if args.plot.is_some() {
            steps.push(*step);
        }
    })?;
    drop(progress);
    if let Some(path) = &args.plot {
        plot(path, &steps, &found)?;
    }
    let minimiser = problem.free().values_at(&found.point)?;
    Ok(if session.json { json(&minimiser, &found) } else { table(&minimiser, &found) }.into())
}

/// A bound, as samplers call it.
fn bound(constraint: Constraint) -> Result<Bound> {
    match constraint {
        Constraint::Real => Ok(Bound::Free),
        Constraint::Lower(a) => Ok(Bound::Lower(a)),
        Constraint::Upper(b) => Ok(Bound::Upper(b)),
        Constraint::Interval(a, b) => Ok(Bound::Between(a, b)),
        Constraint::Simplex | Constraint::Ordered => {
            let text = format!("`{constraint}` is for sampling: a float is minimised within bounds of its own");
            Err(Error::input(Code("AD0920"), text))
        }
    }
}

/// All arguments, and the names of those that move.
fn arguments(function: &Function, args: &Optimize) -> Result<(Vec<Value>, Vec<String>)> {
    let given = input::json("--at", args.target.at.as_deref().unwrap_or("{}"))?;
    let start = json_in::some_arguments(function, &given.json, &given.folder)?;
    let mut known = data::given(function, "--data", &args.data)?;
    let params = &function.signature().params;
    if let Some(name) = args.free.iter().find(|name| params.iter().all(|p| p.name != **name)) {
        return Err(json_in::unknown_parameter(function, name));
    }
    let (mut values, mut free) = (Vec::new(), args.free.clone());
    for (param, start) in params.iter().zip(start) {
        let data = known.iter().position(|(name, _)| *name == param.name).map(|at| known.swap_remove(at).1);
        if start.is_some() && data.is_some() {
            return Err(json_in::given_twice(&param.name));
        }
        if data.is_some() && args.free.contains(&param.name) {
            return Err(usage(format!("`{}` is among the data: it cannot move", param.name)));
        }
        if args.free.is_empty() && data.is_none() && param.ty.carries_floats() {
            free.push(param.name.clone());
        }
        values.push(start.or(data));
    }
    if free.is_empty() && params.iter().any(|p| p.ty.carries_floats()) {
        return Err(usage("nothing is left to move: all that holds floats is data"));
    }
    Ok((json_in::all_given(function, values)?, free))
}

fn value_name(found: &Minimum) -> &'static str {
    match found.method {
        Method::Lbfgs | Method::NewtonCg => "value",
        Method::LevenbergMarquardt => "sum of squares",
    }
}

fn json(minimiser: &[(String, Value)], found: &Minimum) -> String {
    let number = |x: f64| move |out: &mut String| json_out::number(out, x);
    let count = |n: u64| move |out: &mut String| out.push_str(&n.to_string());
    let word = |text: &'static str| move |out: &mut String| json_out::text(out, text);
    let object = Object::new()
        .with("minimiser", |out| json_out::named(out, minimiser))
        .with("value", number(found.value))
        .with("gradient_norm", number(found.gradient_norm))
        .with("method", word(found.method.name()))
        .with("iterations", count(found.iterations))
        .with("evaluations", count(found.counts.evaluations))
        .with("jacobians", count(found.counts.jacobians))
        .with("hessian_products", count(found.counts.products))
        .with("stopped", word(found.stop.name()))
        .with("converged", |out| out.push_str(if found.converged { "true" } else { "false" }));
    object.finish() + "\n"
}

fn table(minimiser: &[(String, Value)], found: &Minimum) -> String {
    let table = Table::default()
        .value(value_name(found), &found.value.into())
        .value("gradient norm", &found.gradient_norm.into())
        .title("minimiser")
        .values(minimiser.iter().map(|(name, value)| (name.as_str(), value)));
    let counts = [
        (found.iterations, "iteration"),
        (found.counts.evaluations, "evaluation"),
        (found.counts.jacobians, "Jacobian"),
        (found.counts.products, "Hessian product"),
    ];
    let counts =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}{}", if *n == 1 { "" } else { "s" }));
    let verdict = if found.converged { "converged" } else { "not converged" };
    let counts = counts.collect::<Vec<_>>().join(", ");
    format!("{}\n{verdict}: {}\n{}: {counts}\n", table.render(), found.stop.about(), found.method.name())
}

/// How far each value was above the lowest, and how long each gradient.
fn plot(path: &Path, steps: &[Step], found: &Minimum) -> Result<()> {
    let series = |name: &str, height: &dyn Fn(&Step) -> f64| Series {
        name: name.to_owned(),
        points: steps.iter().map(|step| (step.iteration as f64, height(step))).collect(),
    };
    let above = format!("{} above the lowest", value_name(found));
    let series =
        [series(&above, &|step| step.value - found.value), series("norm of the gradient", &|step| step.gradient_norm)];
    let axes = Axes { title: found.method.name(), x: "iteration", y: "", scale: Scale::Log };
    line_chart(path, &axes, &series)
}
