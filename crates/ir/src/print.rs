//! The text form.
//!
//! In: a function, or a module. Out: text that `adit-reader` reads back to the same thing ([`crate::same()`] says what that means). Values are numbered in order of
//! writing, dimensions are `d0 d1 …`, floats are the shortest decimals that read back, types stand where nothing implies them. `docs/ir.md` shows each form.
//!
//! ```text
//! func @horner(v0: f64, v1: [f64; d0]) -> f64 {
//!   v2 = const 0.0
//!   v3 = for v4 in 0..d0 (v5: f64 = v2) {
//!     v6 = mul v5, v0
//!     v7 = load v1[v4]
//!     v8 = add v6, v7
//!     yield v8
//!   }
//!   return v3
//! }
//! ```
//!
//! Printing never fails: what does not verify prints too, so that it can be looked at; a value that is not defined before its use prints as `?` and its index in
//! the arena, a function that does not exist as `@?` and its index. Spans are not part of the text; with [`PrintOptions::source`] the
//! source lines stand beside the instructions as comments.

use crate::derived::{Derived, Mode};
use crate::entities::{FuncId, Inst, Region, Value};
use crate::external::External;
use crate::func::{Function, Module, Passing, Rules};
use crate::inst::{Checkpoint, Const, Op, PrintPart};
use crate::trap::Trap;
use crate::types::{ArrayType, Int, ScalarType, TapeType, Type};
use adit_diag::Span;
use std::fmt::Write;

/// Says what source line a span comes from, such as `line 3: x * y`.
pub type SourceLine<'a> = &'a dyn Fn(Span) -> Option<String>;

/// What to print beside the program itself.
#[derive(Clone, Copy, Default)]
pub struct PrintOptions<'a> {
    /// Gives the text of a comment for an instruction's span; it is written where it changes.
    pub source: Option<SourceLine<'a>>,
}

impl std::fmt::Debug for PrintOptions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PrintOptions").field("source", &self.source.is_some()).finish()
    }
}

/// The text of every function of a module, in order, with an empty line between.
pub fn print_module(module: &Module) -> String {
    print_module_with(module, PrintOptions::default())
}

/// [`print_module`] with comments.
pub fn print_module_with(module: &Module, options: PrintOptions<'_>) -> String {
    let texts: Vec<String> = module.iter().map(|(id, f)| print(module, f, module.rules(id), options)).collect();
    texts.join("\n")
}

/// The text of one function; the module tells the names of those it calls.
pub fn print_function(module: &Module, f: &Function) -> String {
    print_function_with(module, f, PrintOptions::default())
}

/// [`print_function`] with comments.
pub fn print_function_with(module: &Module, f: &Function, options: PrintOptions<'_>) -> String {
    let rules = module.find(&f.name).map_or(Rules::default(), |id| module.rules(id));
    print(module, f, rules, options)
}

fn print(module: &Module, f: &Function, rules: Rules, options: PrintOptions<'_>) -> String {
    let mut printer = Printer {
        module,
        f,
        options,
        names: vec![None; f.value_count()],
        next: 0,
        out: String::new(),
        indent: 0,
        comment: None,
    };
    printer.function(rules);
    printer.out
}

/// A function's name as the text form writes it: bare where it is an identifier, in quotes where not.
pub fn function_name(name: &str) -> String {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    if name.starts_with(first) && name.chars().all(rest) { format!("@{name}") } else { format!("@{}", quoted(name)) }
}

/// A text in quotes, with `\"`, `\\`, `\n`, `\r`, `\t` and `\u{…}` for other control characters.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A literal: `1.5`, `inf`, `nan`, `f32 1.5`, `3`, `true`. A NaN of other bits than the usual one is `nan(0x…)`.
pub fn literal(c: Const) -> String {
    match c {
        Const::F32(x) if !x.is_nan() => format!("f32 {x:?}"),
        Const::F32(x) if x.to_bits() == f32::NAN.to_bits() => "f32 nan".into(),
        Const::F32(x) => format!("f32 nan(0x{:x})", x.to_bits()),
        Const::F64(x) if !x.is_nan() => format!("{x:?}"),
        Const::F64(x) if x.to_bits() == f64::NAN.to_bits() => "nan".into(),
        Const::F64(x) => format!("nan(0x{:x})", x.to_bits()),
        Const::I64(i) => i.to_string(),
        Const::Bool(b) => b.to_string(),
    }
}

/// Deeper regions are not printed: no program that verifies has them, and one that owns itself has no end.
const DEPTH: usize = crate::verify::MAX_NESTING + 1;

#[derive(Clone, Copy)]
enum Name {
    Dim(usize),
    Value(usize),
}

struct Printer<'a> {
    module: &'a Module,
    f: &'a Function,
    options: PrintOptions<'a>,
    names: Vec<Option<Name>>,
    next: usize,
    out: String,
    indent: usize,
    /// The newest comment written.
    comment: Option<String>,
}

impl Printer<'_> {
    fn function(&mut self, rules: Rules) {
        let f = self.f;
        for (i, dim) in f.dims.iter().enumerate() {
            if let Some(name) = self.names.get_mut(dim.index()) {
                *name = Some(Name::Dim(i));
            }
        }
        let params: Vec<String> = f
            .params
            .iter()
            .map(|p| {
                let name = self.define(p.value);
                let passing = match p.passing {
                    Passing::ByValue => "",
                    Passing::Mut => "mut ",
                };
                format!("{name}: {passing}{}", self.ty(p.value))
            })
            .collect();
        let name = function_name(&f.name);
        let mut head = format!("func {name}({}){}", params.join(", "), results(&f.results));
        for kind in Mode::ALL {
            if let Some(rule) = rules.of(kind) {
                head.push_str(&format!(" {} {}", kind.name(), self.callee(rule)));
            }
        }
        if let Some(derived) = &f.derived {
            return self.derived(&head, derived);
        }
        match &f.external {
            Some(External::Kernel(kernel)) => self.put(&format!("{head} = kernel {}\n", kernel.row().name)),
            Some(External::Host(host)) => self.put(&format!("{head} = host {}\n", quoted(&host.name))),
            None => {
                self.put(&format!("{head} {{\n"));
                self.region(f.body, "return");
                self.put("}\n");
            }
        }
    }

    /// What stands in place of the body of a derivative that nobody has made yet.
    fn derived(&mut self, head: &str, derived: &Derived) {
        let active = self.f.params.iter().zip(&derived.active).filter(|(_, active)| **active);
        let active: Vec<String> = active.map(|(p, _)| self.value(p.value)).collect();
        let wrt = if active.is_empty() { String::new() } else { format!(" wrt {}", active.join(", ")) };
        let silent = if derived.silent { "silent " } else { "" };
        let served = if derived.served { "served " } else { "" };
        let lanes = if derived.lanes == 1 { String::new() } else { format!("{} ", derived.lanes) };
        let of = self.callee(derived.of);
        self.put(&format!("{head} = {silent}{served}{} {lanes}{of}{wrt}\n", derived.mode.name()));
    }

    /// The instructions of a region and what it yields, one step further in.
    fn region(&mut self, region: Region, ending: &str) {
        self.indent += 1;
        if self.indent > DEPTH {
            self.line("; deeper than any program that verifies");
        } else {
            let data = self.f.region(region);
            for &inst in &data.insts {
                self.inst(inst);
            }
            if !data.yields.is_empty() {
                let yields = self.values(&data.yields);
                self.line(&format!("{ending} {yields}"));
            }
        }
        self.indent -= 1;
    }

    fn inst(&mut self, inst: Inst) {
        let data = self.f.inst(inst);
        // Operands are named before results are, so that an instruction that uses its own result shows it.
        let operation = self.operation(&data.op, &data.results);
        let results: Vec<String> = data.results.iter().map(|&v| self.define(v)).collect();
        let head = match &results[..] {
            [] => String::new(),
            results => format!("{} = ", results.join(", ")),
        };
        match operation {
            Text::Plain(text) => {
                let comment = self.comment_for(data.span);
                self.line(&format!("{head}{text}{comment}"));
            }
            Text::Regions => self.structured(&head, inst),
        }
    }

    fn operation(&self, op: &Op, defined: &[Value]) -> Text {
        let v = |v: &Value| self.value(*v);
        let text = match op {
            Op::Const(c) => format!("const {}", literal(*c)),
            Op::Prim { prim, args } => spaced(prim.name(), &self.values(args)),
            Op::Cmp { op, a, b } => format!("cmp {} {}, {}", op.name(), v(a), v(b)),
            Op::Select { cond, then, otherwise } => format!("select {}, {}, {}", v(cond), v(then), v(otherwise)),
            Op::If { .. } | Op::For { .. } | Op::While { .. } => return Text::Regions,
            Op::Alloc { ty } => format!("alloc {}", self.array_ty(ty)),
            Op::Load { array, subscripts } => format!("load {}", self.element(*array, subscripts)),
            Op::Store { array, subscripts, value } => {
                format!("store {}, {}", self.element(*array, subscripts), v(value))
            }
            Op::Acc { array, subscripts, value } => format!("acc {}, {}", self.element(*array, subscripts), v(value)),
            Op::Copy { to, from } => format!("copy {}, {}", v(to), v(from)),
            Op::Fill { array, value } => format!("fill {}, {}", v(array), v(value)),
            Op::Call { callee, args } => {
                format!("call {}({})", self.callee(*callee), self.values(args))
            }
            Op::TapeNew { ty } => spaced("tape.new", &tape_fields(ty)),
            Op::TapePush { tape, values } => {
                format!("tape.push {}, ({})", v(tape), self.values(values))
            }
            Op::TapePop { tape } => spaced(&format!("tape.pop {}", v(tape)), &self.popped(*tape, defined)),
            Op::Assert { cond, trap, details } => format!("assert {}, {}", v(cond), self.trap(trap, details)),
            Op::Print { parts } => {
                let parts: Vec<String> = parts.iter().map(|p| self.part(p)).collect();
                spaced("print", &parts.join(", "))
            }
        };
        Text::Plain(text)
    }

    /// An instruction with regions, whose results are already defined.
    fn checkpoint(&self, checkpoint: &Option<Checkpoint>) -> String {
        let shown = |c: &Checkpoint| format!(" checkpoint {} {}", c.kind.name(), self.int(c.size));
        checkpoint.as_ref().map(shown).unwrap_or_default()
    }

    fn structured(&mut self, head: &str, inst: Inst) {
        let data = self.f.inst(inst);
        let comment = self.comment_for(data.span);
        match &data.op {
            Op::If { cond, then, otherwise } => {
                let cond = self.value(*cond);
                self.line(&format!("{head}if {cond} {{{comment}"));
                self.region(*then, "yield");
                let data = self.f.region(*otherwise);
                if !data.insts.is_empty() || !data.yields.is_empty() {
                    self.line("} else {");
                    self.region(*otherwise, "yield");
                }
            }
            Op::For { lo, hi, step, reversed, checkpoint, inits, body } => {
                let direction = if *reversed { "rev " } else { "" };
                let (lo, hi) = (self.int(*lo), self.int(*hi));
                let step = match step {
                    Int::Const(1) => String::new(),
                    Int::Const(_) | Int::Value(_) => format!(" step {}", self.int(*step)),
                };
                let kept = self.checkpoint(checkpoint);
                let (index, carried) = self.loop_params(*body, true, inits);
                self.line(&format!("{head}for {direction}{index} in {lo}..{hi}{step}{kept}{carried} {{{comment}"));
                self.region(*body, "yield");
            }
            Op::While { checkpoint, inits, cond, body } => {
                let kept = self.checkpoint(checkpoint);
                let (_, carried) = self.loop_params(*cond, false, inits);
                self.line(&format!("{head}while{kept}{carried} {{{comment}"));
                self.region(*cond, "yield");
                let params = &self.f.region(*body).params;
                let params: Vec<String> = params.iter().map(|&v| self.define(v)).collect();
                let params = match &params[..] {
                    [] => String::new(),
                    params => format!(" ({})", params.join(", ")),
                };
                self.line(&format!("}} do{params} {{"));
                self.region(*body, "yield");
            }
            Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } | Op::Select { .. } => {}
            Op::Alloc { .. } | Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } => {}
            Op::Copy { .. } | Op::Fill { .. } | Op::Call { .. } | Op::TapeNew { .. } => {}
            Op::TapePush { .. } | Op::TapePop { .. } => {}
            Op::Assert { .. } | Op::Print { .. } => {}
        }
        self.line("}");
    }

    /// The name of a loop's index, and ` (v5: f64 = v2)` for what it carries.
    fn loop_params(&mut self, region: Region, indexed: bool, inits: &[Value]) -> (String, String) {
        let params = &self.f.region(region).params;
        let (index, carried) = params.split_at(usize::from(indexed).min(params.len()));
        // First values are named before parameters are: they stand outside the region.
        let inits: Vec<String> = inits.iter().map(|&v| self.value(v)).collect();
        let index: Vec<String> = index.iter().map(|&v| self.define(v)).collect();
        let carried: Vec<String> = carried.iter().map(|&v| self.typed(v)).collect();
        let count = carried.len().max(inits.len());
        let part = |of: &[String], i: usize| of.get(i).map_or("?".into(), String::clone);
        let carried: Vec<String> = (0..count).map(|i| format!("{} = {}", part(&carried, i), part(&inits, i))).collect();
        let carried = match &carried[..] {
            [] => String::new(),
            carried => format!(" ({})", carried.join(", ")),
        };
        (index.join(""), carried)
    }

    fn define(&mut self, v: Value) -> String {
        if let Some(name) = self.names.get_mut(v.index()) {
            *name = Some(Name::Value(self.next));
            self.next += 1;
        }
        self.value(v)
    }

    fn typed(&mut self, v: Value) -> String {
        let name = self.define(v);
        format!("{name}: {}", self.ty(v))
    }

    fn value(&self, v: Value) -> String {
        match self.names.get(v.index()).copied().flatten() {
            Some(Name::Dim(i)) => format!("d{i}"),
            Some(Name::Value(i)) => format!("v{i}"),
            None => format!("?{}", v.index()),
        }
    }

    fn values(&self, values: &[Value]) -> String {
        let names: Vec<String> = values.iter().map(|&v| self.value(v)).collect();
        names.join(", ")
    }

    fn int(&self, i: Int) -> String {
        match i {
            Int::Const(c) => c.to_string(),
            Int::Value(v) => self.value(v),
        }
    }

    fn ints(&self, ints: &[Int]) -> String {
        let texts: Vec<String> = ints.iter().map(|&i| self.int(i)).collect();
        texts.join(", ")
    }

    /// The fields of a record taken off a mixed tape, which the tape's type does not tell.
    fn popped(&self, tape: Value, fields: &[Value]) -> String {
        let exists = |v: &Value| v.index() < self.f.value_count();
        match Some(tape).filter(exists).and_then(|tape| self.f.ty(tape).tape()) {
            Some(ty) if ty.is_mixed() => {
                let fields = fields.iter().copied().filter(exists);
                in_parentheses(fields.filter_map(|v| self.f.ty(v).scalar()))
            }
            Some(_) | None => String::new(),
        }
    }

    fn element(&self, array: Value, subscripts: &[Int]) -> String {
        format!("{}[{}]", self.value(array), self.ints(subscripts))
    }

    fn ty(&self, v: Value) -> String {
        if v.index() >= self.f.value_count() {
            return "?".into();
        }
        match self.f.ty(v) {
            Type::Scalar(s) => s.name().into(),
            Type::Array(a) => self.array_ty(a),
            Type::Tape(t) => spaced("tape", &tape_fields(t)),
        }
    }

    fn array_ty(&self, ty: &ArrayType) -> String {
        format!("[{}; {}]", ty.element, self.ints(&ty.dims))
    }

    fn callee(&self, callee: FuncId) -> String {
        if callee.index() < self.module.len() {
            function_name(&self.module.function(callee).name)
        } else {
            format!("@?{}", callee.index())
        }
    }

    fn trap(&self, trap: &Trap, details: &[Int]) -> String {
        let mut out = String::from(trap.name());
        if let Some(text) = trap.text() {
            out.push_str(&format!("({})", quoted(text)));
        }
        if !details.is_empty() {
            out.push_str(&format!("({})", self.ints(details)));
        }
        out
    }

    fn part(&self, part: &PrintPart) -> String {
        match part {
            PrintPart::Text(text) => quoted(text),
            PrintPart::Value(v) => self.value(*v),
        }
    }

    /// `  ; line 3: x * y`, where it differs from the one before.
    fn comment_for(&mut self, span: Span) -> String {
        let Some(text) = self.options.source.and_then(|source| source(span)) else {
            return String::new();
        };
        if self.comment.as_ref() == Some(&text) {
            return String::new();
        }
        let one_line = text.replace(['\n', '\r'], " ");
        self.comment = Some(text);
        format!("  ; {one_line}")
    }

    fn line(&mut self, text: &str) {
        let width = 2 * self.indent;
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.out, "{:width$}{text}", "");
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }
}

/// How the text of an operation is laid out.
enum Text {
    /// On one line.
    Plain(String),
    /// Over several, with regions.
    Regions,
}

fn spaced(word: &str, rest: &str) -> String {
    if rest.is_empty() { word.into() } else { format!("{word} {rest}") }
}

/// The fields of a tape's records, in parentheses; nothing if records may differ.
fn tape_fields(ty: &TapeType) -> String {
    if ty.is_mixed() { String::new() } else { in_parentheses(ty.fields.iter().copied()) }
}

fn in_parentheses(fields: impl Iterator<Item = ScalarType>) -> String {
    let fields: Vec<&str> = fields.map(ScalarType::name).collect();
    format!("({})", fields.join(", "))
}

/// ` -> f64`, ` -> (f64, i64)`, or nothing.
fn results(types: &[ScalarType]) -> String {
    let names: Vec<&str> = types.iter().map(|s| s.name()).collect();
    match &names[..] {
        [] => String::new(),
        [one] => format!(" -> {one}"),
        many => format!(" -> ({})", many.join(", ")),
    }
}

#[cfg(test)]
mod tests;
