//! Random programs: what was lowered does what the tree says, traps, prints and early exits included.
//!
//! Programs are well typed by construction and end. Set `ADIT_LOWERING_PROGRAMS` for more of them.

use super::harness::*;
use std::fmt::Write;

/// A small generator of random numbers (PCG).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let mixed = ((self.0 >> 18) ^ self.0) >> 27;
        (mixed as u32).rotate_right((self.0 >> 59) as u32)
    }

    fn below(&mut self, n: usize) -> usize {
        self.next() as usize % n
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum T {
    F,
    I,
    B,
    /// `[f64; n]`
    V,
    /// `[i64; n]`
    W,
    /// `[f64; n, 2]`
    M,
    /// `P<n>`
    S,
}

#[derive(Clone, Debug)]
struct Var {
    name: String,
    ty: T,
    mutable: bool,
}

struct Gen {
    random: Random,
    vars: Vec<Var>,
    out: String,
    indent: usize,
    next: usize,
    /// Loops around, generators not counted.
    loops: usize,
    /// Whether `break` and `continue` are refused here.
    sealed: bool,
    result: &'static str,
    budget: usize,
    /// What must not be mentioned: it is lent.
    lent: Vec<String>,
    helpers: bool,
}

impl Gen {
    fn line(&mut self, text: &str) {
        let indent = " ".repeat(4 * self.indent);
        let _ = writeln!(self.out, "{indent}{text}");
    }

    fn var(&mut self, ty: T, mutable: bool) -> Option<String> {
        let lent = &self.lent;
        let fits =
            |v: &&Var| v.ty == ty && (v.mutable || !mutable) && !lent.iter().any(|l| v.name.starts_with(l.as_str()));
        let found: Vec<String> = self.vars.iter().filter(fits).map(|v| v.name.clone()).collect();
        if found.is_empty() { None } else { Some(self.random.pick(&found).clone()) }
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("t{}", self.next)
    }

    /// An expression; `calm` ones neither assign nor leave.
    fn expr(&mut self, ty: T, depth: usize, calm: bool) -> String {
        if depth == 0 || self.budget == 0 {
            return self.leaf(ty);
        }
        self.budget -= 1;
        let d = depth - 1;
        if !calm && self.random.one_in(14) {
            return self.block_expr(ty, d);
        }
        if self.random.one_in(7) {
            let c = self.expr(T::B, d, calm);
            let b = self.expr(ty, d, calm);
            let (a, b) = if self.random.one_in(2) { (self.arm(ty, d, calm), b) } else { (b, self.arm(ty, d, calm)) };
            return format!("(if {c} {{ {a} }} else {{ {b} }})");
        }
        match ty {
            T::F => self.float(d, calm),
            T::I => self.int(d, calm),
            T::B => self.bool(d, calm),
            T::V => self.vector(d, calm),
            T::W => self.ints(d, calm),
            T::M => self.matrix(d, calm),
            T::S => self.record(d, calm),
        }
    }

    fn ints(&mut self, d: usize, calm: bool) -> String {
        match self.random.below(6) {
            0 => {
                let i = self.fresh();
                let outer = self.vars.len();
                self.vars.push(Var { name: i.clone(), ty: T::I, mutable: false });
                let sealed = std::mem::replace(&mut self.sealed, true);
                let element = self.expr(T::I, d, calm);
                self.sealed = sealed;
                self.vars.truncate(outer);
                format!("[{element} for {i} in 0..n]")
            }
            1 => {
                let op = *self.random.pick(&["/", "%"]);
                format!("({} {op} {})", self.expr(T::W, d, calm), self.expr(T::W, d, calm))
            }
            2 => format!("({} - {})", self.expr(T::I, d, calm), self.expr(T::W, d, calm)),
            3 => self.leaf(T::W),
            _ => {
                let op = *self.random.pick(&["+", "-", "*"]);
                format!("({} {op} {})", self.expr(T::W, d, calm), self.expr(T::W, d, calm))
            }
        }
    }

    fn matrix(&mut self, d: usize, calm: bool) -> String {
        match self.random.below(8) {
            0 => {
                let (i, j) = (self.fresh(), self.fresh());
                let outer = self.vars.len();
                self.vars.push(Var { name: i.clone(), ty: T::I, mutable: false });
                self.vars.push(Var { name: j.clone(), ty: T::I, mutable: false });
                let sealed = std::mem::replace(&mut self.sealed, true);
                let element = self.expr(T::F, d, calm);
                self.sealed = sealed;
                self.vars.truncate(outer);
                format!("[{element} for {i} in 0..n, {j} in 0..2]")
            }
            1 => format!("transpose([{}, {}])", self.expr(T::V, d, calm), self.expr(T::V, d, calm)),
            2 => format!("({} @ identity(2))", self.expr(T::M, d, calm)),
            3 => format!("({} @ [[0.5, 2.0], [1.0, 0.25]])", self.leaf(T::M)),
            4 => format!("({} * {})", self.expr(T::F, d, calm), self.expr(T::M, d, calm)),
            5 => format!("[[{}, 1.0] for unused in 0..n]", self.expr(T::F, d, calm)),
            6 => self.leaf(T::M),
            _ => format!("({} + {})", self.expr(T::M, d, calm), self.expr(T::M, d, calm)),
        }
    }

    fn record(&mut self, d: usize, calm: bool) -> String {
        match self.random.below(4) {
            0 => self.leaf(T::S),
            1 if self.helpers => format!("h4({}, {})", self.expr(T::S, d, calm), self.expr(T::F, d, calm)),
            2 => format!("P {{ w: {}, a: {} }}", self.expr(T::V, d, calm), self.expr(T::F, d, calm)),
            _ => format!("P {{ a: {}, w: {} }}", self.expr(T::F, d, calm), self.expr(T::V, d, calm)),
        }
    }

    fn arm(&mut self, ty: T, d: usize, calm: bool) -> String {
        if !calm && self.random.one_in(8) {
            return self.exit();
        }
        self.expr(ty, d, calm)
    }

    fn exit(&mut self) -> String {
        if self.loops > 0 && !self.sealed && self.random.one_in(2) {
            return self.random.pick(&["break;", "continue;"]).to_string();
        }
        let depth = 1;
        format!("return {};", self.result(depth))
    }

    fn result(&mut self, depth: usize) -> String {
        match self.result {
            "f64" => self.expr(T::F, depth, true),
            "i64" => self.expr(T::I, depth, true),
            "[f64; n]" => self.expr(T::V, depth, true),
            "P<n>" => self.expr(T::S, depth, true),
            _ => format!(
                "({}, {}, {})",
                self.expr(T::F, depth, true),
                self.expr(T::I, depth, true),
                self.expr(T::V, depth, true)
            ),
        }
    }

    /// A block that assigns something on its way to a value.
    fn block_expr(&mut self, ty: T, d: usize) -> String {
        let kind = *self.random.pick(&[T::F, T::I, T::V]);
        match self.var(kind, true) {
            Some(name) if kind == T::V => {
                let (i, e, value) = (self.index(), self.expr(T::F, d, false), self.expr(ty, d, false));
                format!("({{ {name}[{i}] = {e}; {value} }})")
            }
            Some(name) => {
                let (e, value) = (self.expr(kind, d, false), self.expr(ty, d, false));
                format!("({{ {name} = {e}; {value} }})")
            }
            None => self.expr(ty, d, false),
        }
    }

    fn leaf(&mut self, ty: T) -> String {
        if let (Some(name), true) = (self.var(ty, false), !self.random.one_in(4)) {
            return name;
        }
        match ty {
            T::F => self.random.pick(&["0.5", "1.25", "-2.0", "3.0"]).to_string(),
            T::I => self.random.pick(&["0", "1", "2", "-1", "n"]).to_string(),
            T::B => self.random.pick(&["true", "false"]).to_string(),
            T::V => self.random.pick(&["v", "zeros(n)", "ones(n)"]).to_string(),
            T::W => self.random.pick(&["[2 - i for i in 0..n]", "[i for i in 0..n]"]).to_string(),
            T::M => self.random.pick(&["[v[i] for i in 0..n, j in 0..2]", "ones(n, 2)"]).to_string(),
            T::S => "P { a: 0.5, w: ones(n) }".into(),
        }
    }

    fn index(&mut self) -> String {
        match self.random.below(6) {
            0 => "0".into(),
            1 => "n - 1".into(),
            2 => self.expr(T::I, 1, true),
            _ => format!("({}) % n", self.leaf(T::I)),
        }
    }

    fn float(&mut self, d: usize, calm: bool) -> String {
        match self.random.below(19) {
            14 => format!("sum({})", self.expr(T::M, d, calm)),
            15 => format!("({}).a", self.expr(T::S, d, calm)),
            16 => {
                let m = self.leaf(T::M);
                format!("{m}[{}, {}]", self.index(), self.random.pick(&["0", "1", "2"]))
            }
            17 => format!("f64(sum({}))", self.expr(T::W, d, calm)),
            0 => format!("f64({})", self.expr(T::I, d, calm)),
            1 => format!("t(1, {})", self.expr(T::F, d, calm)),
            2 => format!("sum({})", self.expr(T::V, d, calm)),
            3 => format!(
                "{}({})",
                self.random.pick(&["max", "min", "mean", "norm", "prod", "logsumexp"]).to_owned(),
                self.expr(T::V, d, calm)
            ),
            4 => {
                let v = self.leaf(T::V);
                format!("{v}[{}]", self.index())
            }
            5 => format!("sin({})", self.expr(T::F, d, calm)),
            6 => {
                let v = self.expr(T::V, d, calm);
                format!("dot({v}, {})", self.expr(T::V, d, calm))
            }
            7 if self.helpers => format!("h1({}, {})", self.expr(T::F, d, calm), self.expr(T::I, d, calm)),
            8 => self.reduction(d, calm),
            9 => {
                let v = self.leaf(T::V);
                let (lo, hi) = (self.slice_bound("0"), self.slice_bound("n"));
                format!("sum({v}[{lo}..{hi}])")
            }
            10 => format!("({}, {}).0", self.expr(T::F, d, calm), self.expr(T::I, d, calm)),
            _ => {
                let a = self.expr(T::F, d, calm);
                let op = *self.random.pick(&["+", "-", "*", "/"]);
                format!("({a} {op} {})", self.expr(T::F, d, calm))
            }
        }
    }

    fn slice_bound(&mut self, usual: &str) -> String {
        if self.random.one_in(2) { usual.into() } else { self.expr(T::I, 1, true) }
    }

    fn reduction(&mut self, d: usize, calm: bool) -> String {
        let i = self.fresh();
        let op = *self.random.pick(&["sum", "max", "prod", "mean"]);
        let hi = self.random.pick(&["n", "2", "0"]).to_string();
        let outer = self.vars.len();
        self.vars.push(Var { name: i.clone(), ty: T::I, mutable: false });
        let sealed = std::mem::replace(&mut self.sealed, true);
        let element = self.expr(T::F, d, calm);
        self.sealed = sealed;
        self.vars.truncate(outer);
        format!("{op}({element} for {i} in 0..{hi})")
    }

    fn int(&mut self, d: usize, calm: bool) -> String {
        match self.random.below(8) {
            0 => format!("ti(2, {})", self.expr(T::I, d, calm)),
            1 => {
                let a = self.expr(T::I, d, calm);
                let op = *self.random.pick(&["/", "%"]);
                format!("({a} {op} {})", self.expr(T::I, d, calm))
            }
            2 => format!("len({})", self.expr(T::V, d, calm)),
            3 => format!("argmax({})", self.expr(T::V, d, calm)),
            4 if self.helpers && !calm => self.lending_call(d),
            _ => {
                let a = self.expr(T::I, d, calm);
                let op = *self.random.pick(&["+", "-", "*"]);
                format!("({a} {op} {})", self.expr(T::I, d, calm))
            }
        }
    }

    /// `h2(&mut x, &mut w, k)`
    fn lending_call(&mut self, d: usize) -> String {
        let (Some(x), Some(w)) = (self.var(T::F, true), self.var(T::V, true)) else {
            return self.leaf(T::I);
        };
        let root = |name: &str| name.split(['.', '[']).next().unwrap_or_default().to_owned();
        if root(&x) == root(&w) {
            return self.leaf(T::I);
        }
        let (x, roots) = if self.random.one_in(4) {
            match self.vars.iter().find(|v| v.ty == T::V && v.mutable && root(&v.name) != root(&w)) {
                Some(v) => (format!("{}[0]", v.name), vec![root(&v.name), root(&w)]),
                None => (x.clone(), vec![root(&x), root(&w)]),
            }
        } else {
            (x.clone(), vec![root(&x), root(&w)])
        };
        let w = if self.random.one_in(4) { format!("{w}[0..{}]", self.random.pick(&["n", "1", "2"])) } else { w };
        let before = std::mem::replace(&mut self.lent, roots);
        let k = self.expr(T::I, d, true);
        self.lent = before;
        format!("h2(&mut {x}, &mut {w}, {k})")
    }

    fn bool(&mut self, d: usize, calm: bool) -> String {
        match self.random.below(8) {
            0 => format!("!({})", self.expr(T::B, d, calm)),
            1 | 2 => {
                let a = self.expr(T::B, d, calm);
                let op = *self.random.pick(&["&&", "||"]);
                format!("({a} {op} {})", self.expr(T::B, d, calm))
            }
            3 => format!("tb(3, {})", self.expr(T::B, d, calm)),
            4 => format!("any({} > {})", self.expr(T::V, d, calm), self.expr(T::F, d, calm)),
            5 => format!("({} == {})", self.expr(T::I, d, calm), self.expr(T::I, d, calm)),
            _ => {
                let op = *self.random.pick(&["<", "<=", ">", "!="]);
                format!("({} {op} {})", self.expr(T::F, d, calm), self.expr(T::F, d, calm))
            }
        }
    }

    fn vector(&mut self, d: usize, calm: bool) -> String {
        match self.random.below(16) {
            10 => format!("({}).w", self.expr(T::S, d, calm)),
            11 => {
                let m = self.leaf(T::M);
                format!("{m}[.., {}]", self.random.pick(&["0", "1", "2"]))
            }
            12 => format!("({} @ [{}, 1.0])", self.expr(T::M, d, calm), self.expr(T::F, d, calm)),
            13 => format!("({} @ transpose({}))", self.leaf(T::V), "identity(n)"),
            0 => {
                let i = self.fresh();
                let outer = self.vars.len();
                self.vars.push(Var { name: i.clone(), ty: T::I, mutable: false });
                let sealed = std::mem::replace(&mut self.sealed, true);
                let element = self.expr(T::F, d, calm);
                self.sealed = sealed;
                self.vars.truncate(outer);
                format!("[{element} for {i} in 0..n]")
            }
            1 => format!(
                "where({} > 0, {}, {})",
                self.expr(T::V, d, calm),
                self.expr(T::V, d, calm),
                self.expr(T::F, d, calm)
            ),
            2 if self.helpers => format!("h3({}, {})", self.expr(T::V, d, calm), self.expr(T::I, d, calm)),
            3 => format!("sin({})", self.expr(T::V, d, calm)),
            4 => format!("fill({}, n)", self.expr(T::F, d, calm)),
            5 => self.leaf(T::V),
            6 => format!("({} * {})", self.expr(T::F, d, calm), self.expr(T::V, d, calm)),
            _ => {
                let a = self.expr(T::V, d, calm);
                let op = *self.random.pick(&["+", "-", "*"]);
                format!("({a} {op} {})", self.expr(T::V, d, calm))
            }
        }
    }

    // Statements

    fn block(&mut self, depth: usize) {
        let outer = self.vars.len();
        self.indent += 1;
        for _ in 0..1 + self.random.below(4) {
            self.stmt(depth);
        }
        self.indent -= 1;
        self.vars.truncate(outer);
    }

    fn stmt(&mut self, depth: usize) {
        self.budget = 12;
        match self.random.below(if depth == 0 { 8 } else { 14 }) {
            0..3 => self.declare(),
            3..6 => self.assign(),
            6 => {
                let c = self.expr(T::B, 2, false);
                let exit = self.exit();
                self.line(&format!("if {c} {{ {exit} }}"));
            }
            7 => {
                let ty = *self.random.pick(&[T::F, T::I, T::B, T::V, T::W, T::M]);
                let e = self.expr(ty, 2, false);
                self.line(&format!("print(9, {e});"));
            }
            8..11 => {
                let c = self.expr(T::B, 2, false);
                self.line(&format!("if {c} {{"));
                self.block(depth - 1);
                if self.random.one_in(2) {
                    self.line("} else {");
                    self.block(depth - 1);
                }
                self.line("}");
            }
            11 | 12 => self.for_loop(depth),
            _ => self.while_loop(depth),
        }
    }

    fn random_ty(&mut self) -> &'static T {
        self.random.pick(&[T::F, T::F, T::I, T::I, T::B, T::V, T::V, T::W, T::M, T::S])
    }

    fn declare(&mut self) {
        let ty = *self.random_ty();
        let e = self.expr(ty, 3, false);
        let name = self.fresh();
        let mutable = self.random.one_in(2);
        let keyword = if mutable { "let mut" } else { "let" };
        if self.random.one_in(6) {
            let other = self.fresh();
            let (ty2, order) = (*self.random_ty(), self.random.one_in(2));
            let e2 = self.expr(ty2, 2, false);
            let (a, b) = if order { (&e, &e2) } else { (&e2, &e) };
            let (x, y) = if order { (&name, &other) } else { (&other, &name) };
            self.line(&format!("{keyword} ({x}, {y}) = ({a}, {b});"));
            self.push_var(other, ty2, mutable);
        } else {
            self.line(&format!("{keyword} {name} = {e};"));
        }
        self.push_var(name, ty, mutable);
    }

    /// Declares a variable, and the fields of a struct.
    fn push_var(&mut self, name: String, ty: T, mutable: bool) {
        if ty == T::S {
            self.vars.push(Var { name: format!("{name}.a"), ty: T::F, mutable });
            self.vars.push(Var { name: format!("{name}.w"), ty: T::V, mutable });
        }
        self.vars.push(Var { name, ty, mutable });
    }

    fn assign(&mut self) {
        let ty = *self.random_ty();
        let Some(name) = self.var(ty, true) else { return };
        let op = *self.random.pick(&["=", "+=", "-=", "*="]);
        match ty {
            T::B | T::S => {
                let e = self.expr(ty, 3, false);
                self.line(&format!("{name} = {e};"));
            }
            T::M if self.random.one_in(2) => {
                let (part, of) = match self.random.below(4) {
                    0 => (format!(".., {}", self.random.pick(&["0", "1"])), T::V),
                    1 => (format!("{}, ..", self.index()), T::F),
                    2 => (format!("{}, {}", self.index(), self.random.pick(&["0", "1"])), T::F),
                    _ => (format!("{}..n, 0..1", self.slice_bound("0")), T::F),
                };
                let e = self.expr(of, 3, false);
                self.line(&format!("{name}[{part}] {op} {e};"));
            }
            T::V if self.random.one_in(3) => {
                let (i, e) = (self.index(), self.expr(T::F, 3, false));
                self.line(&format!("{name}[{i}] {op} {e};"));
            }
            T::V if self.random.one_in(3) => {
                let (lo, hi) = (self.slice_bound("0"), self.slice_bound("n"));
                let from = self.leaf(T::V);
                let e = match self.random.below(3) {
                    0 => self.expr(T::F, 2, false),
                    1 => format!("{from}[{lo}..{hi}]"),
                    _ => format!("2 * {name}[{}..{}]", self.slice_bound("0"), self.slice_bound("n")),
                };
                self.line(&format!("{name}[{lo}..{hi}] {op} {e};"));
            }
            T::F | T::I | T::V | T::W | T::M => {
                let e = self.expr(ty, 3, false);
                self.line(&format!("{name} {op} {e};"));
            }
        }
    }

    fn for_loop(&mut self, depth: usize) {
        let i = self.fresh();
        let range = *self.random.pick(&["0..n", "0..3", "1..=2", "n..0 step -1", "0..k", "0..4 step 2"]);
        self.line(&format!("for {i} in {range} {{"));
        self.vars.push(Var { name: i, ty: T::I, mutable: false });
        self.in_loop(depth);
        self.vars.pop();
    }

    fn while_loop(&mut self, depth: usize) {
        let c = self.fresh();
        self.line(&format!("let mut {c} = 0;"));
        let condition = self.expr(T::B, 2, true);
        let condition = match self.random.below(3) {
            0 => format!("{c} < 3 && {condition}"),
            1 => format!("({{ {c} += 1; {c} <= 3 }})"),
            _ => format!("{c} < 3"),
        };
        self.line(&format!("while {condition} {{"));
        self.line(&format!("    {c} += 1;"));
        self.in_loop(depth);
    }

    fn in_loop(&mut self, depth: usize) {
        let sealed = std::mem::replace(&mut self.sealed, false);
        self.loops += 1;
        self.block(depth - 1);
        self.loops -= 1;
        self.sealed = sealed;
        self.line("}");
    }

    fn function(&mut self, head: &str, params: &[(&str, T, bool)], result: &'static str) {
        self.vars = params.iter().map(|&(name, ty, mutable)| Var { name: name.into(), ty, mutable }).collect();
        self.result = result;
        self.line(&format!("fn {head} -> {result} {{"));
        self.indent = 1;
        for _ in 0..2 + self.random.below(5) {
            self.stmt(2);
        }
        self.budget = 10;
        let value = self.result(2);
        self.line(&value);
        self.indent = 0;
        self.line("}");
    }
}

fn source(seed: u64) -> String {
    let mut g = Gen {
        random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32),
        vars: Vec::new(),
        out: String::new(),
        indent: 0,
        next: 0,
        loops: 0,
        sealed: false,
        result: "f64",
        budget: 0,
        lent: Vec::new(),
        helpers: false,
    };
    g.line("struct P<n> { a: f64, w: [f64; n] }");
    g.line("fn t(k: i64, x: f64) -> f64 { print(k, x); x }");
    g.line("fn ti(k: i64, x: i64) -> i64 { print(k, x); x }");
    g.line("fn tb(k: i64, x: bool) -> bool { print(k, x); x }");
    g.function("h1(x: f64, n: i64)", &[("x", T::F, false), ("n", T::I, false)], "f64");
    g.function(
        "h2(x: &mut f64, v: &mut [f64; n], k: i64)",
        &[("x", T::F, true), ("v", T::V, true), ("k", T::I, false)],
        "i64",
    );
    g.function("h3(v: [f64; n], k: i64)", &[("v", T::V, false), ("k", T::I, false)], "[f64; n]");
    g.function(
        "h4(p: P<n>, y: f64)",
        &[("p.a", T::F, false), ("p.w", T::V, false), ("p", T::S, false), ("y", T::F, false)],
        "P<n>",
    );
    g.helpers = true;
    g.function(
        "f(x: f64, k: i64, b: bool, v: [f64; n], w: &mut [f64; n], p: &mut P<n>)",
        &[
            ("x", T::F, false),
            ("k", T::I, false),
            ("b", T::B, false),
            ("v", T::V, false),
            ("w", T::V, true),
            ("p.a", T::F, true),
            ("p.w", T::V, true),
            ("p", T::S, true),
        ],
        "(f64, i64, [f64; n])",
    );
    g.out
}

#[test]
fn random_programs_do_what_the_tree_says() {
    let count: u64 = std::env::var("ADIT_LOWERING_PROGRAMS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let first: u64 = std::env::var("ADIT_LOWERING_FIRST").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let (mut ran, mut ended) = (0, 0);
    for seed in first..first + count {
        let source = source(seed)
            .replace(
                "fn h1(x: f64, n: i64) -> f64 {",
                "fn h1(x: f64, n: i64) -> f64 {\n    let v = [0.5, x];\n    let n = 2;\n    let k = 1;",
            )
            .replace(
                "fn h4(p: P<n>, y: f64) -> P<n> {",
                "fn h4(p: P<n>, y: f64) -> P<n> {\n    let v = p.w;\n    let k = 1;",
            );
        let Some(program) = checked(&source) else { continue };
        ran += 1;
        for n in [3usize, 0, 1] {
            let x: Vec<f64> = (0..n).map(|i| 0.5 + i as f64).collect();
            let args = [
                V::F(0.75),
                V::I(seed as i64 % 4),
                V::B(seed % 2 == 0),
                vec(&x),
                vec(&x),
                V::T(vec![V::F(1.0), vec(&x)]),
            ];
            let out = compare(&program, &source, "f", &args, &format!("seed {seed}, n = {n}"));
            ended += usize::from(!out.starts_with("AD0"));
        }
    }
    assert!(ran * 2 > count, "only {ran} of {count} programs check");
    assert!(ended as u64 * 4 > ran, "only {ended} runs of {ran} programs end without an error");
}
