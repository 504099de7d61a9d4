//! The text of stage `lowered`: a function desugared, to read.
//!
//! In: a function of the typed tree. Out: one simple statement a line. Operators are resolved (those that go element by element have a dot), compound assignments, reductions over generators and
//! comprehensions are plain loops, values without a name are numbered.
//!
//! ```text
//! fn f(x: [f64; n]) -> f64 {                      fn f(x: [f64; n]) -> f64
//!     let mut s = 0.0;                              s = 0.0
//!     for i in 0..n { s += 2 * x[i]; }              for i in 0..n
//!     s + sum(sin(x))                                 %1 = x[i]
//! }                                                   %2 = 2.0 * %1
//!                                                     s = s + %2
//!                                                   %3 = sin.(x)
//!                                                   %4 = sum(%3)
//!                                                   %5 = s + %4
//!                                                   return %5
//! ```
//!
//! It is made from the tree, not from the SSA, so that it stays near to the source; nothing reads it back.

mod generators;

use crate::layout::write_dim;
use crate::typed::*;
use adit_ir::{CmpOp, Const, Mode, Prim};
use rustc_hash::FxHashMap;

/// The desugared text of one function.
pub fn lowered_text(program: &Program, id: FnId) -> String {
    let def = &program.functions[id.0 as usize];
    let mut text = Text { program, def, names: names(def), out: String::new(), indent: 0, next: 0 };
    text.signature();
    text.indent = 1;
    if def.result.is_unit() {
        text.block(&def.body, &To::Nothing);
    } else {
        text.block(&def.body, &To::Return);
    }
    text.out
}

/// The names of locals, made unique: a second `x` is `x#2`.
fn names(def: &FnDef) -> Vec<String> {
    let mut seen: FxHashMap<&str, u32> = FxHashMap::default();
    let mut out = Vec::with_capacity(def.locals.len());
    for local in &def.locals {
        let count = seen.entry(&local.name).or_insert(0);
        *count += 1;
        out.push(if *count == 1 { local.name.to_string() } else { format!("{}#{count}", local.name) });
    }
    out
}

/// Where the value of an expression goes.
#[derive(Clone, Debug)]
enum To {
    Nothing,
    Name(String),
    Return,
}

struct Text<'p> {
    program: &'p Program,
    def: &'p FnDef,
    names: Vec<String>,
    out: String,
    indent: usize,
    next: usize,
}

impl<'p> Text<'p> {
    // Lines and names

    fn line(&mut self, text: &str) {
        self.out.extend(std::iter::repeat_n("  ", self.indent));
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn indented(&mut self, body: impl FnOnce(&mut Self)) {
        self.indent += 1;
        body(self);
        self.indent -= 1;
    }

    fn fresh(&mut self) -> String {
        self.next += 1;
        format!("%{}", self.next)
    }

    fn local(&self, local: LocalId) -> &str {
        &self.names[local.0 as usize]
    }

    fn ty(&self, ty: &Ty) -> String {
        let name = |local: LocalId| self.local(local).to_owned();
        let dims = |dims: &[DimExpr]| dims.iter().map(|d| write_dim(d, &name)).collect::<Vec<_>>().join(", ");
        match ty {
            Ty::Scalar(s) => s.to_string(),
            Ty::Array { element, dims: extents } => format!("[{element}; {}]", dims(extents)),
            Ty::Struct { id, dims: args } => {
                let name = &self.program.structs[id.0 as usize].name;
                if args.is_empty() { name.to_string() } else { format!("{name}<{}>", dims(args)) }
            }
            Ty::Tuple(items) => format!("({})", items.iter().map(|t| self.ty(t)).collect::<Vec<_>>().join(", ")),
            Ty::Fn(Some(function)) => {
                let param = |p: &FnTyParam| format!("{}{}", if p.lent { "&mut " } else { "" }, self.ty(&p.ty));
                let params = function.params.iter().map(param).collect::<Vec<_>>().join(", ");
                let result = if function.result.is_unit() {
                    String::new()
                } else {
                    format!(" -> {}", self.ty(&function.result))
                };
                format!("fn({params}){result}")
            }
            Ty::Fn(None) => "fn".into(),
            Ty::Never => "!".into(),
        }
    }

    fn signature(&mut self) {
        let param = |p: &ParamDef| {
            let lent = if p.lent { "&mut " } else { "" };
            format!("{}: {lent}{}", self.local(p.local), self.ty(&self.def.locals[p.local.0 as usize].ty))
        };
        let params: Vec<String> = self.def.params.iter().map(param).collect();
        let mut line = format!("fn {}({})", self.def.name, params.join(", "));
        if !self.def.result.is_unit() {
            line += &format!(" -> {}", self.ty(&self.def.result));
        }
        self.line(&line);
    }

    // Statements

    fn block(&mut self, block: &Block, to: &To) {
        block.stmts.iter().for_each(|stmt| self.stmt(stmt));
        if let Some(value) = &block.value {
            self.value(value, to);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Let { pattern, value, .. } => {
                let to = match pattern {
                    Pattern::Wildcard => To::Nothing,
                    Pattern::Local(_) | Pattern::Tuple(_) => To::Name(self.pattern(pattern)),
                };
                self.value(value, &to);
            }
            StmtKind::Assign { place, op, value } => self.assign(place, *op, value),
            StmtKind::Expr(e) => self.value(e, &To::Nothing),
            StmtKind::While { checkpoint, condition, body } => {
                self.checkpoint(checkpoint.as_ref());
                self.while_loop(condition, body);
            }
            StmtKind::For { checkpoint, var, range, body } => {
                self.checkpoint(checkpoint.as_ref());
                let head = format!("for {} in {}", self.local(*var).to_owned(), self.range(range));
                self.line(&head);
                self.indented(|this| this.block(body, &To::Nothing));
            }
            StmtKind::Break => self.line("break"),
            StmtKind::Continue => self.line("continue"),
            StmtKind::Return(None) => self.line("return"),
            StmtKind::Return(Some(value)) => self.value(value, &To::Return),
        }
    }

    fn checkpoint(&mut self, checkpoint: Option<&Checkpoint>) {
        if let Some(c) = checkpoint {
            let size = self.atom(&c.size);
            self.line(&format!("@checkpoint({}: {size})", c.kind.name()));
        }
    }

    fn pattern(&self, pattern: &Pattern) -> String {
        match pattern {
            Pattern::Local(local) => self.local(*local).to_owned(),
            Pattern::Wildcard => "_".into(),
            Pattern::Tuple(items) => {
                format!("({})", items.iter().map(|p| self.pattern(p)).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// A condition that needs lines of its own is computed in each iteration.
    fn while_loop(&mut self, condition: &Expr, body: &Block) {
        let outer = std::mem::take(&mut self.out);
        self.indent += 1;
        let test = self.operation(condition);
        let before = std::mem::replace(&mut self.out, outer);
        self.indent -= 1;
        if before.is_empty() {
            self.line(&format!("while {test}"));
            self.indented(|this| this.block(body, &To::Nothing));
            return;
        }
        self.line("loop");
        self.out.push_str(&before);
        self.indented(|this| {
            let test = this.named(test);
            this.line(&format!("break unless {test}"));
            this.block(body, &To::Nothing);
        });
    }

    fn named(&mut self, operation: String) -> String {
        let name = self.fresh();
        self.line(&format!("{name} = {operation}"));
        name
    }

    fn range(&mut self, range: &Range) -> String {
        let (lo, hi) = (self.atom(&range.lo), self.atom(&range.hi));
        let step = range.step.as_ref().map(|e| format!(" step {}", self.atom(e))).unwrap_or_default();
        format!("{lo}{}{hi}{step}", if range.inclusive { "..=" } else { ".." })
    }

    /// `place op= value` as `place = place op value`.
    fn assign(&mut self, place: &Place, op: Option<BinOp>, value: &Expr) {
        let target = self.place(place);
        let Some(op) = op else {
            self.value(value, &To::Name(target));
            return;
        };
        let value = self.atom(value);
        let old = if target.contains('[') { self.named(target.clone()) } else { target.clone() };
        let dotted = matches!(place.ty, Ty::Array { .. });
        let new = binary(op, dotted, &old, &value);
        self.line(&format!("{target} = {new}"));
    }

    fn place(&mut self, place: &Place) -> String {
        let mut text = self.local(place.local).to_owned();
        let program = self.program;
        let mut ty = &self.def.locals[place.local.0 as usize].ty;
        for step in &place.path {
            match step {
                Step::Field(index) => {
                    text += &format!(".{}", self.field_name(ty, *index));
                    ty = field_ty(program, ty, *index);
                }
                Step::Index(subscripts) => text += &format!("[{}]", self.subscripts(subscripts)),
            }
        }
        text
    }

    fn field_name(&self, ty: &Ty, index: u32) -> String {
        match ty {
            Ty::Struct { id, .. } => self.program.structs[id.0 as usize].fields[index as usize].name.to_string(),
            Ty::Scalar(_) | Ty::Array { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => index.to_string(),
        }
    }

    fn subscripts(&mut self, subscripts: &[Subscript]) -> String {
        let mut parts = Vec::new();
        for subscript in subscripts {
            parts.push(match &subscript.kind {
                SubscriptKind::Index(e) => self.atom(e),
                SubscriptKind::Slice { lo, hi, inclusive } => {
                    let lo = lo.as_ref().map(|e| self.atom(e)).unwrap_or_default();
                    let hi = hi.as_ref().map(|e| self.atom(e)).unwrap_or_default();
                    format!("{lo}{}{hi}", if *inclusive { "..=" } else { ".." })
                }
            });
        }
        parts.join(", ")
    }

    // Expressions

    /// Writes what computes an expression and delivers it.
    fn value(&mut self, e: &Expr, to: &To) {
        match &e.kind {
            ExprKind::If { arms, otherwise } => self.choice(arms, otherwise.as_ref(), to),
            ExprKind::Block(block) => self.block(block, to),
            ExprKind::Assert { .. } | ExprKind::Print(_) => {
                self.operation(e);
            }
            _ => {
                let operation = self.operation(e);
                match to {
                    To::Nothing if is_call(e) => self.line(&operation),
                    To::Nothing => {}
                    To::Name(name) => self.line(&format!("{name} = {operation}")),
                    To::Return => {
                        let atom = if is_atom(e) { operation } else { self.named(operation) };
                        self.line(&format!("return {atom}"));
                    }
                }
            }
        }
    }

    fn choice(&mut self, arms: &[Arm], otherwise: Option<&Block>, to: &To) {
        let Some((arm, rest)) = arms.split_first() else {
            if let Some(block) = otherwise {
                self.block(block, to);
            }
            return;
        };
        let condition = self.atom(&arm.condition);
        self.line(&format!("if {condition}"));
        self.indented(|this| this.block(&arm.body, to));
        if !rest.is_empty() || otherwise.is_some() {
            self.line("else");
            self.indented(|this| this.choice(rest, otherwise, to));
        }
    }

    /// A name or a literal for the value.
    fn atom(&mut self, e: &Expr) -> String {
        let operation = self.operation(e);
        if is_atom(e) || operation.starts_with('%') && !operation.contains(' ') {
            operation
        } else {
            self.named(operation)
        }
    }

    fn atoms<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> String {
        exprs.into_iter().map(|e| self.atom(e)).collect::<Vec<_>>().join(", ")
    }

    /// One operation on names and literals, after the lines that compute its operands.
    fn operation(&mut self, e: &Expr) -> String {
        match &e.kind {
            ExprKind::Const(c) => literal(*c),
            ExprKind::Local(local) => self.local(*local).to_owned(),
            ExprKind::Prim { prim, args } => self.prim(e, *prim, args),
            ExprKind::Binary { first, rest } => self.chain(first, rest),
            ExprKind::Call { callee, args } => {
                let args: Vec<String> = args.iter().map(|arg| self.arg(arg)).collect();
                format!("{}({})", self.program.functions[callee.0 as usize].name, args.join(", "))
            }
            ExprKind::Function(function) => self.function(function),
            ExprKind::CallValue { callee, args } => {
                let callee = self.operation(callee);
                let args: Vec<String> = args.iter().map(|arg| self.arg(arg)).collect();
                format!("{callee}({})", args.join(", "))
            }
            ExprKind::Derivative(d) => self.derivative(d),
            ExprKind::Builtin { builtin, args } => format!("{}({})", builtin_name(*builtin), self.atoms(args)),
            ExprKind::Reduce { op, generator } => self.reduce(*op, generator),
            ExprKind::Comprehension(generator) => self.comprehension(generator),
            ExprKind::Array { dims, elements } => {
                let atoms: Vec<String> = elements.iter().map(|e| self.atom(e)).collect();
                rows(dims, &atoms)
            }
            ExprKind::Stack(items) => format!("[{}]", self.atoms(items)),
            ExprKind::Index { base, subscripts } => {
                let base = self.atom(base);
                format!("{base}[{}]", self.subscripts(subscripts))
            }
            ExprKind::Field { base, index } => {
                let name = self.field_name(&base.ty, *index);
                format!("{}.{name}", self.atom(base))
            }
            ExprKind::Struct { fields } => self.struct_literal(&e.ty, fields),
            ExprKind::Tuple(items) => format!("({})", self.atoms(items)),
            ExprKind::If { .. } | ExprKind::Block(_) => {
                let name = self.fresh();
                self.value(e, &To::Name(name.clone()));
                name
            }
            ExprKind::Assert { condition, message } => {
                let condition = self.atom(condition);
                self.line(&format!("assert {condition}, {message:?}"));
                "()".into()
            }
            ExprKind::Print(args) => {
                let mut parts = Vec::new();
                for arg in args {
                    parts.push(match arg {
                        PrintArg::Text(text) => format!("{text:?}"),
                        PrintArg::Value(e) => self.atom(e),
                    });
                }
                self.line(&format!("print {}", parts.join(", ")));
                "()".into()
            }
        }
    }

    fn prim(&mut self, e: &Expr, prim: Prim, args: &[Expr]) -> String {
        let dot = if matches!(e.ty, Ty::Array { .. }) { "." } else { "" };
        let atoms: Vec<String> = args.iter().map(|a| self.atom(a)).collect();
        let symbol = prim.row().source.unwrap_or(prim.name());
        match atoms.as_slice() {
            [a] if is_symbol(symbol) => format!("{dot}{symbol}{a}"),
            [a, b] if is_symbol(symbol) => format!("{a} {dot}{symbol} {b}"),
            _ => format!("{symbol}{dot}({})", atoms.join(", ")),
        }
    }

    fn struct_literal(&mut self, ty: &Ty, fields: &[(u32, Expr)]) -> String {
        let mut parts = Vec::new();
        for (index, value) in fields {
            let value = self.atom(value);
            parts.push(format!("{}: {value}", self.field_name(ty, *index)));
        }
        let name = match ty {
            Ty::Struct { id, .. } => self.program.structs[id.0 as usize].name.to_string(),
            Ty::Scalar(_) | Ty::Array { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => String::new(),
        };
        format!("{name} {{ {} }}", parts.join(", "))
    }

    /// Points, tangents and seeds in one list, as in the tree.
    fn derivative(&mut self, d: &Derivative) -> String {
        let name = match d.kind {
            DerivativeKind::Gradient => "grad",
            DerivativeKind::ValueAndGradient => "value_and_grad",
            DerivativeKind::Jvp => "jvp",
            DerivativeKind::Vjp => "vjp",
            DerivativeKind::Jacobian => "jacobian",
            DerivativeKind::Hessian => "hessian",
            DerivativeKind::Hvp => "hvp",
        };
        let mode = match d.mode {
            Some(Mode::Jvp) => ", forward",
            Some(Mode::Vjp) => ", reverse",
            None => "",
        };
        let callee = self.operation(&d.callee);
        let args: Vec<String> = d.args.iter().map(|arg| self.arg(arg)).collect();
        format!("{name}({callee}{mode})({})", args.join(", "))
    }

    fn function(&self, function: &FnValue) -> String {
        let named = |id: FnId| self.program.functions[id.0 as usize].name.to_string();
        match function {
            FnValue::Named(id) => named(*id),
            FnValue::Lambda { instance: Some(id), .. } => named(*id),
            FnValue::Lambda { lambda, instance: None } => format!("lambda {}", lambda.0 + 1),
            FnValue::Local { local, .. } => self.local(*local).to_owned(),
        }
    }

    fn arg(&mut self, arg: &Arg) -> String {
        match arg {
            Arg::Value(e) => self.atom(e),
            Arg::Lent(place) => format!("&mut {}", self.place(place)),
        }
    }

    /// Operators from left to right; `&&` and `||` of scalars become branches.
    fn chain(&mut self, first: &Expr, rest: &[Link]) -> String {
        let mut left = self.atom(first);
        for (i, link) in rest.iter().enumerate() {
            let last = i + 1 == rest.len();
            let dotted = matches!(link.ty, Ty::Array { .. });
            if !dotted && matches!(link.op, BinOp::And | BinOp::Or) {
                left = self.short_circuit(link, left);
                continue;
            }
            let right = self.atom(&link.rhs);
            let operation = binary(link.op, dotted, &left, &right);
            left = if last { operation } else { self.named(operation) };
        }
        left
    }

    fn short_circuit(&mut self, link: &Link, left: String) -> String {
        let name = self.named(left);
        let unless = if link.op == BinOp::Or { "unless" } else { "if" };
        self.line(&format!("{unless} {name}"));
        self.indented(|this| this.value(&link.rhs, &To::Name(name.clone())));
        name
    }
}

fn field_ty<'t>(program: &'t Program, ty: &'t Ty, index: u32) -> &'t Ty {
    match ty {
        Ty::Struct { id, .. } => &program.structs[id.0 as usize].fields[index as usize].ty,
        Ty::Tuple(items) => &items[index as usize],
        Ty::Scalar(_) | Ty::Array { .. } | Ty::Fn(_) | Ty::Never => ty,
    }
}

fn is_call(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::Call { .. })
}

/// Whether an expression is its own name.
fn is_atom(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::Const(_) | ExprKind::Local(_) => true,
        ExprKind::Field { base, .. } => is_atom(base),
        ExprKind::Tuple(items) => items.is_empty(),
        _ => false,
    }
}

fn is_symbol(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn binary(op: BinOp, dotted: bool, a: &str, b: &str) -> String {
    let dot = if dotted { "." } else { "" };
    let symbol = match op {
        BinOp::Prim(prim) => prim.row().source.unwrap_or(prim.name()),
        BinOp::Cmp(CmpOp::Eq) => "==",
        BinOp::Cmp(CmpOp::Ne) => "!=",
        BinOp::Cmp(CmpOp::Lt) => "<",
        BinOp::Cmp(CmpOp::Le) => "<=",
        BinOp::Cmp(CmpOp::Gt) => ">",
        BinOp::Cmp(CmpOp::Ge) => ">=",
        BinOp::And => "&&",
        BinOp::Or => "||",
        BinOp::MatMul => return format!("{a} @ {b}"),
    };
    format!("{a} {dot}{symbol} {b}")
}

fn literal(c: Const) -> String {
    match c {
        Const::F64(x) => format!("{x:?}"),
        Const::F32(x) => format!("{x:?}"),
        Const::I64(i) => i.to_string(),
        Const::Bool(b) => b.to_string(),
    }
}

/// An array literal, nested as its dimensions say.
fn rows(dims: &[usize], atoms: &[String]) -> String {
    let mut text = String::new();
    write_rows(dims, atoms, &mut text);
    text
}

fn write_rows(dims: &[usize], atoms: &[String], out: &mut String) {
    let Some((&first, rest)) = dims.split_first() else {
        if let Some(atom) = atoms.first() {
            out.push_str(atom);
        }
        return;
    };
    let width = rest.iter().product::<usize>();
    out.push('[');
    for i in 0..first {
        if i > 0 {
            out.push_str(", ");
        }
        write_rows(rest, &atoms[i * width..(i + 1) * width], out);
    }
    out.push(']');
}

fn builtin_name(builtin: Builtin) -> &'static str {
    match builtin {
        Builtin::Reduce(op) => reduction_name(op),
        Builtin::Dot => "dot",
        Builtin::Zeros => "zeros",
        Builtin::Ones => "ones",
        Builtin::Fill => "fill",
        Builtin::Identity => "identity",
        Builtin::Len => "len",
        Builtin::Size => "size",
        Builtin::Transpose => "transpose",
        Builtin::MatMul => "matmul",
        Builtin::Where => "where",
        Builtin::CumSum => "cumsum",
        Builtin::Sort => "sort",
        Builtin::SoftMax => "softmax",
    }
}

fn reduction_name(op: Reduction) -> &'static str {
    match op {
        Reduction::Sum => "sum",
        Reduction::Prod => "prod",
        Reduction::Max => "max",
        Reduction::Min => "min",
        Reduction::Mean => "mean",
        Reduction::Any => "any",
        Reduction::All => "all",
        Reduction::ArgMax => "argmax",
        Reduction::ArgMin => "argmin",
        Reduction::LogSumExp => "logsumexp",
        Reduction::Norm => "norm",
    }
}
