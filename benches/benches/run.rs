//! Running: primal, gradient, and a gradient through the simple interface that copies its arguments.
//!
//! `cargo bench -p adit-benches --bench run`. In: every problem, and straight-line programs. Out: criterion's estimates of steady calls, compiled and warm. The ratio of gradient and primal
//! is in the table of `cargo run --release -p adit-benches`.

use adit::bench::{At, Steady, What};
use adit::{Engine, Function, Value};
use adit_benches::{problems, straight};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;

fn calls(c: &mut Criterion, title: &str, f: &Function, args: &[Value], wrt: &[&str]) {
    let mut group = c.benchmark_group(format!("run/{title}"));
    let mut primal = Steady::new(f, What::Primal, At { args, wrt }).expect("it compiles");
    let mut gradient = Steady::new(f, What::Gradient, At { args, wrt }).expect("it has a gradient");
    group.bench_function("primal", |b| b.iter(|| primal.run()));
    group.bench_function("gradient", |b| b.iter(|| gradient.run()));
    group.bench_function("gradient, arguments copied", |b| {
        b.iter(|| black_box(f.gradient().wrt(wrt).at(args)));
    });
    group.finish();
}

fn examples(c: &mut Criterion) {
    for problem in problems::all() {
        let f = problem.compile().expect("examples compile");
        calls(c, &problem.title(), &f, &problem.args, problem.wrt);
    }
}

fn straight_line(c: &mut Criterion) {
    for n in straight::SIZES.into_iter().filter(|&n| n <= 10_000) {
        let module = Engine::new().compile(&straight::program(n)).expect("it compiles");
        let f = module.function("straight").expect("it is there");
        calls(c, &format!("straight-line {n}"), &f, &[0.3.into(), 0.7.into()], &[]);
    }
}

criterion_group!(benches, examples, straight_line);
criterion_main!(benches);
