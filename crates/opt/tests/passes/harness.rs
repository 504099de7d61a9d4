//! Reads a text, runs a pass on its last function, compares.

use adit_diag::FileId;
use adit_ir::limits::Limits;
use adit_ir::print::print_function;
use adit_ir::{Argument, Elements, ElementsMut, FuncId, Module, RunError, Scalar};
use adit_opt::{Options, find};

pub(super) fn read(text: &str) -> Module {
    adit_reader::read_module(FileId(0), text).expect("the test program is well formed")
}

pub(super) fn verified(module: &Module, what: &str) {
    if let Err(violations) = adit_ir::verify::verify(module) {
        let text: Vec<String> = violations.iter().map(ToString::to_string).collect();
        panic!("after {what}: {}\n{}", text.join("\n"), adit_ir::print::print_module(module));
    }
}

/// Runs a pass on the last function.
pub(super) fn after(pass: &str, text: &str) -> Module {
    let mut module = read(text);
    verified(&module, "reading");
    let last = FuncId::new(module.len() - 1);
    let run = find(pass).expect("a pass of the table").run;
    if let Some(f) = run(&module, module.function(last), Options::default()) {
        *module.function_mut(last) = f;
    }
    verified(&module, pass);
    module
}

pub(super) fn check(pass: &str, before: &str, expected: &str) {
    let module = after(pass, before);
    let last = FuncId::new(module.len() - 1);
    let found = print_function(&module, module.function(last));
    assert_eq!(found.trim(), expected.trim(), "{pass} made:\n{found}");
}

pub(super) fn run(module: &Module) -> (Result<Vec<Scalar>, RunError>, Vec<f64>) {
    let x = [0.5, -1.25, 3.0, 0.125];
    let mut y = [0.0; 4];
    let dims = [4];
    let mut args = [
        Argument::Scalar(Scalar::F64(0.75)),
        Argument::Scalar(Scalar::I64(9)),
        Argument::Array { dims: &dims, elements: Elements::F64(&x) },
        Argument::ArrayMut { dims: &dims, elements: ElementsMut::F64(&mut y) },
    ];
    let f = module.find("f").expect("the program has it");
    let results = adit_interp::ir::run(module, f, &mut args, &Limits::default(), &mut |_| {});
    (results, y.to_vec())
}
