//! Runs one program in the interpreter and in compiled code of several kinds, and compares everything that can be seen.

#![allow(dead_code, reason = "each test file uses its part")]

use adit_codegen::{Code, CodegenError, Cpu, Image, OptLevel, Options, compile, image};
use adit_diag::FileId;
use adit_interp::ir::Interpreter;
use adit_ir::limits::Limits;
use adit_ir::{Argument, Elements, ElementsMut, FuncId, Module, RunError, Scalar};
use adit_runtime::{Entry, Workspace};
use std::sync::{Arc, Mutex};

pub fn module(text: &str) -> Module {
    adit_reader::read_verified(FileId(0), text).unwrap_or_else(|errors| panic!("{errors:?}\n{text}"))
}

pub fn last(module: &Module) -> FuncId {
    module.ids().last().expect("there is a function")
}

/// An argument that can be passed again and again.
#[derive(Clone, Debug)]
pub enum Arg {
    Scalar(Scalar),
    F64(Vec<usize>, Vec<f64>),
    F32(Vec<usize>, Vec<f32>),
    I64(Vec<usize>, Vec<i64>),
    Bool(Vec<usize>, Vec<bool>),
    MutF64(Vec<usize>, Vec<f64>),
    MutF32(Vec<usize>, Vec<f32>),
    MutI64(Vec<usize>, Vec<i64>),
    MutBool(Vec<usize>, Vec<bool>),
}

pub fn f(x: f64) -> Arg {
    Arg::Scalar(Scalar::F64(x))
}

pub fn i(n: i64) -> Arg {
    Arg::Scalar(Scalar::I64(n))
}

pub fn b(b: bool) -> Arg {
    Arg::Scalar(Scalar::Bool(b))
}

pub fn xs(x: &[f64]) -> Arg {
    Arg::F64(vec![x.len()], x.to_vec())
}

pub fn out(n: usize) -> Arg {
    Arg::MutF64(vec![n], vec![0.0; n])
}

impl Arg {
    pub fn borrow(&mut self) -> Argument<'_> {
        match self {
            Arg::Scalar(s) => Argument::Scalar(*s),
            Arg::F64(dims, x) => Argument::Array { dims, elements: Elements::F64(x) },
            Arg::F32(dims, x) => Argument::Array { dims, elements: Elements::F32(x) },
            Arg::I64(dims, x) => Argument::Array { dims, elements: Elements::I64(x) },
            Arg::Bool(dims, x) => Argument::Array { dims, elements: Elements::Bool(x) },
            Arg::MutF64(dims, x) => Argument::ArrayMut { dims, elements: ElementsMut::F64(x) },
            Arg::MutF32(dims, x) => Argument::ArrayMut { dims, elements: ElementsMut::F32(x) },
            Arg::MutI64(dims, x) => Argument::ArrayMut { dims, elements: ElementsMut::I64(x) },
            Arg::MutBool(dims, x) => Argument::ArrayMut { dims, elements: ElementsMut::Bool(x) },
        }
    }

    /// All its bits, NaNs being equal.
    fn bits(&self) -> Vec<u64> {
        match self {
            Arg::Scalar(s) => vec![bits(*s)],
            Arg::F64(_, x) | Arg::MutF64(_, x) => x.iter().map(|&x| bits(Scalar::F64(x))).collect(),
            Arg::F32(_, x) | Arg::MutF32(_, x) => x.iter().map(|&x| bits(Scalar::F32(x))).collect(),
            Arg::I64(_, x) | Arg::MutI64(_, x) => x.iter().map(|&x| x as u64).collect(),
            Arg::Bool(_, x) | Arg::MutBool(_, x) => x.iter().map(|&x| u64::from(x)).collect(),
        }
    }
}

pub fn bits(s: Scalar) -> u64 {
    match s {
        Scalar::F64(x) if x.is_nan() => f64::NAN.to_bits(),
        Scalar::F64(x) => x.to_bits(),
        Scalar::F32(x) if x.is_nan() => f32::NAN.to_bits().into(),
        Scalar::F32(x) => x.to_bits().into(),
        Scalar::I64(n) => n as u64,
        Scalar::Bool(b) => u64::from(b),
    }
}

/// All that can be seen of a run. The contents of arrays count only if it succeeds.
#[derive(PartialEq, Debug)]
pub struct Seen {
    pub result: Result<Vec<u64>, RunError>,
    pub arrays: Vec<Vec<u64>>,
    pub lines: Vec<String>,
}

impl Seen {
    fn new(result: Result<Vec<Scalar>, RunError>, args: &[Arg], lines: Vec<String>) -> Self {
        let arrays = if result.is_ok() { args.iter().map(Arg::bits).collect() } else { Vec::new() };
        Seen { result: result.map(|r| r.into_iter().map(bits).collect()), arrays, lines }
    }
}

pub fn interpreted(module: &Module, args: &[Arg], limits: Limits) -> Seen {
    let mut args = args.to_vec();
    let mut lines = Vec::new();
    let result = {
        let mut borrowed: Vec<Argument<'_>> = args.iter_mut().map(Arg::borrow).collect();
        let interpreter = Interpreter::new(module, limits);
        interpreter.run(last(module), &mut borrowed, &mut |line| lines.push(line.to_owned()))
    };
    Seen::new(result, &args, lines)
}

pub fn entry(module: &Module, options: &Options) -> Entry {
    let id = last(module);
    let code = if is_stored(options) { stored(module, id, options) } else { compile(module, &[id], options) };
    code.unwrap_or_else(|e| panic!("{e}")).entry(id).expect("it was asked for")
}

/// Of the options tried, those whose code is written down and read back.
fn is_stored(options: &Options) -> bool {
    options.cpu == Cpu::Baseline || options.large_above == 0 || options.share_above == 0
}

/// Code by way of bytes.
pub fn stored(module: &Module, id: FuncId, options: &Options) -> Result<Code, CodegenError> {
    let image = image(module, &[id], options)?;
    if image.calls_host().is_some() {
        return image.load();
    }
    let bytes = postcard::to_stdvec(&image).expect("it can be written");
    postcard::from_bytes::<Image>(&bytes).expect("it can be read").load()
}

pub fn call(entry: &Entry, workspace: &mut Workspace, args: &mut [Arg]) -> Result<Vec<Scalar>, RunError> {
    let mut borrowed: Vec<Argument<'_>> = args.iter_mut().map(Arg::borrow).collect();
    let mut results = Vec::new();
    entry.call(workspace, &mut borrowed, &mut results).map(|()| results)
}

pub fn compiled(module: &Module, args: &[Arg], limits: Limits, options: &Options) -> Seen {
    let mut args = args.to_vec();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let mut workspace = Workspace::with_limits(limits);
    let sink = lines.clone();
    workspace.set_sink(Some(Box::new(move |line| sink.lock().expect("no panic").push(line.to_owned()))));
    let entry = entry(module, options);
    let result = call(&entry, &mut workspace, &mut args);
    assert_eq!(workspace.memory_in_use().0, 0, "memory goes back to its mark");
    let lines = lines.lock().expect("no panic").clone();
    Seen::new(result, &args, lines)
}

pub fn all_options() -> Vec<Options> {
    let base = Options { fuel: true, verify_clif: true, ..Options::default() };
    vec![
        Options { opt: OptLevel::O0, ..base.clone() },
        Options { opt: OptLevel::O1, keep_checks: true, ..base.clone() },
        Options { cpu: Cpu::Baseline, ..base.clone() },
        Options { fuel: false, keep_checks: true, ..base.clone() },
        Options { fuel: false, ..base.clone() },
        Options { large_above: 0, run_from: 1, ..base.clone() },
        Options { large_above: 0, run_from: 3, opt: OptLevel::O0, ..base.clone() },
        Options { share_above: 0, ..base.clone() },
        Options { share_above: 0, large_above: 0, fuel: false, ..base.clone() },
        Options { share_above: 0, large_above: 0, run_from: 1, fuel: true, ..base.clone() },
        base,
    ]
}

/// Runs the last function of a text everywhere; what was seen, which is the same everywhere.
pub fn agree_with(text: &str, args: &[Arg], limits: Limits) -> Seen {
    let module = module(text);
    let expected = interpreted(&module, args, limits);
    for options in all_options().into_iter().filter(|o| o.fuel || limits.steps.is_none()) {
        let seen = compiled(&module, args, limits, &options);
        assert_eq!(seen, expected, "{options:?}\n{text}\n{args:?}");
    }
    expected
}

pub fn agree(text: &str, args: &[Arg]) -> Seen {
    agree_with(text, args, Limits::default())
}
