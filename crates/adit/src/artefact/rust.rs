//! Rust modules.
//!
//! In: a [`Prototype`]. Out: the text of a module: the `extern "C"` declaration, and a safe function over numbers and slices, which checks every length before it calls, and gives statuses as errors. Sizes are told
//! by the caller, as in C; extents that types compute are computed with checks.

use super::Artefact;
use super::prototype::{Dims, Form, Param, Prototype};
use adit_ir::ScalarType;
use adit_runtime::native::Extent;
use adit_runtime::sealed::VERSION;

/// A module, with marks where the function comes in.
const MODULE: &str = include_str!("module.txt");

pub(super) fn module(artefact: &Artefact, prototype: &Prototype) -> String {
    let symbol = artefact.symbol();
    let lines = |line: &dyn Fn(&Param) -> String| prototype.params.iter().map(line).collect::<String>();
    let declared = lines(&|p| format!("            {}: {},\n", p.name, raw(p)));
    let taken = lines(&|p| format!("    {}: {},\n", p.name, safe(p)));
    let passed = lines(&|p| format!("            {},\n", argument(p)));
    let checks = lines(&|p| check(prototype, p));
    let docs = lines(&|p| {
        let size = prototype.extents(&p.shape).map_or_else(String::new, |extents| format!(" `[{extents}]`"));
        let written = if p.form == Form::Out { "; overwritten" } else { "" };
        format!("/// - `{}`: {}{size}{written}\n", p.name, p.about)
    });
    let marks = [
        ("title", artefact.title()),
        ("function", artefact.function.name().to_owned()),
        ("version", VERSION.to_owned()),
        ("symbol", symbol),
        ("declared", declared),
        ("docs", docs),
        ("taken", taken),
        ("checks", checks),
        ("passed", passed),
    ];
    marks.into_iter().fold(MODULE.to_owned(), |text, (mark, with)| text.replace(&format!("{{{{{mark}}}}}"), &with))
}

fn number(element: ScalarType) -> &'static str {
    match element {
        ScalarType::F64 => "f64",
        ScalarType::F32 => "f32",
        ScalarType::I64 => "i64",
        ScalarType::Bool => "bool",
    }
}

fn raw(param: &Param) -> String {
    let number = number(param.element);
    match param.form {
        Form::Number => number.to_owned(),
        Form::In => format!("*const {number}"),
        Form::Lent | Form::Out => format!("*mut {number}"),
    }
}

fn safe(param: &Param) -> String {
    let number = number(param.element);
    match (param.form, &param.shape) {
        (Form::Number, _) => number.to_owned(),
        (Form::In, _) => format!("&[{number}]"),
        (Form::Lent | Form::Out, Dims::One) => format!("&mut {number}"),
        (Form::Lent | Form::Out, Dims::Array(_) | Dims::Matrix(_)) => format!("&mut [{number}]"),
    }
}

fn argument(param: &Param) -> String {
    match (param.form, &param.shape) {
        (Form::Number, _) | (_, Dims::One) => param.name.clone(),
        (Form::In, _) => format!("{}.as_ptr()", param.name),
        (Form::Lent | Form::Out, _) => format!("{}.as_mut_ptr()", param.name),
    }
}

fn check(prototype: &Prototype, param: &Param) -> String {
    let array = |dims: &Vec<Extent>| {
        let dims: Vec<String> = dims.iter().map(|dim| extent(prototype, dim)).collect();
        format!("product(&[{}])", dims.join(", "))
    };
    let wanted = match &param.shape {
        Dims::One => return String::new(),
        Dims::Array(dims) => array(dims),
        Dims::Matrix(sides) => {
            let [rows, columns] = sides.each_ref().map(|side| {
                let leaves: Vec<String> = side.iter().map(array).collect();
                format!("sum(&[{}])", leaves.join(", "))
            });
            format!("{rows}.zip({columns}).and_then(|(rows, columns)| rows.checked_mul(columns))")
        }
    };
    format!("    length(\"{}\", {wanted}, {}.len())?;\n", param.name, param.name)
}

/// An extent, computed.
fn extent(prototype: &Prototype, dim: &Extent) -> String {
    match dim {
        Extent::Const(c) => format!("Some({c})"),
        Extent::Word(word) => format!("Some({})", prototype.params[*word].name),
        Extent::Apply(prim, operands) => {
            let operation = match prim.row().source {
                Some("+") => "add",
                Some("-") => "sub",
                Some("*") => "mul",
                Some("/") => "div",
                Some(_) | None => "rem",
            };
            let [a, b] = operands.each_ref().map(|operand| extent(prototype, operand));
            format!("computed(i64::checked_{operation}, {a}, {b})")
        }
    }
}
