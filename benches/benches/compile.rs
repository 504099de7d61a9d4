//! Compile latency: front end, derivative, machine code, and all of it.
//!
//! `cargo bench -p adit-benches --bench compile`. In: every problem, and straight-line programs. Out: criterion's estimates. "derivative" is the text of the optimised reverse
//! derivative, printing included; "primal" and "gradient" are machine code from a checked program; "whole" starts from source text.

use adit::{Engine, Of, Stage};
use adit_benches::{problems, straight};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn examples(c: &mut Criterion) {
    for problem in problems::all() {
        let mut group = c.benchmark_group(format!("compile/{}", problem.title()));
        // A module keeps the code of its functions, so each iteration has one of its own.
        let fresh = || {
            let module = Engine::new().compile(problem.source).expect("examples compile");
            module.function(problem.function).expect("it is there")
        };
        group.bench_function("front end", |b| b.iter(|| black_box(Engine::new().compile(problem.source))));
        group.bench_function("derivative", |b| {
            b.iter_batched(fresh, |f| black_box(f.emit(Stage::VjpOptimized, Of::Vjp, 1)), BatchSize::PerIteration)
        });
        group.bench_function("primal", |b| b.iter_batched(fresh, |f| black_box(f.build()), BatchSize::PerIteration));
        group.bench_function("gradient", |b| {
            b.iter_batched(fresh, |f| black_box(f.gradient().wrt(problem.wrt).build()), BatchSize::PerIteration)
        });
        group.bench_function("whole", |b| {
            b.iter(|| black_box(problem.compile().map(|f| f.gradient().wrt(problem.wrt).build())));
        });
        group.finish();
    }
}

fn straight_line(c: &mut Criterion) {
    let mut group = c.benchmark_group("compile/straight-line");
    group.sample_size(10);
    for n in straight::SIZES.into_iter().filter(|&n| n <= 10_000) {
        let source = straight::program(n);
        group.throughput(Throughput::Elements(n as u64));
        group
            .bench_function(BenchmarkId::new("front end", n), |b| b.iter(|| black_box(Engine::new().compile(&source))));
        group.bench_function(BenchmarkId::new("whole", n), |b| {
            b.iter(|| {
                let module = Engine::new().compile(&source).expect("it compiles");
                black_box(module.function("straight").and_then(|f| f.gradient().build()))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, examples, straight_line);
criterion_main!(benches);
