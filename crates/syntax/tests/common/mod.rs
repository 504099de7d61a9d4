//! A short notation for trees, to compare with, and short names for diagnostics.

#![expect(dead_code, reason = "each test file uses a part of it")]

use adit_diag::{FileId, SourceMap, render};
use adit_syntax::ast::{
    Arg, ArgKind, Block, Expr, ExprKind, Generator, ItemKind, PatternKind, Range, Stmt, StmtKind, SubscriptKind,
};
use adit_syntax::{Parsed, parse};

/// Parses a file that has nothing wrong.
pub fn good(text: &str) -> Parsed {
    let parsed = parse(FileId(0), text);
    assert!(parsed.diagnostics.is_empty(), "{}", rendered(text));
    parsed
}

/// The body of the one function of a good file.
pub fn body_of(text: &str) -> Block {
    let parsed = good(text);
    match parsed.file.items.into_iter().next().map(|item| item.kind) {
        Some(ItemKind::Fn(f)) => f.body,
        other => panic!("not a function: {other:?}"),
    }
}

/// The shape of an expression that has nothing wrong.
pub fn shape_of(expr: &str) -> String {
    let body = body_of(&format!("fn f() {{ ({expr}) }}"));
    shape(&body.value.expect("the block has a value"))
}

/// The shapes of statements that have nothing wrong.
pub fn stmts_of(text: &str) -> String {
    block_shape(&body_of(&format!("fn f() {{ {text} }}")))
}

/// The diagnostics of a text: codes, and the text under each.
pub fn wrong(text: &str) -> Vec<(&'static str, String)> {
    let parsed = parse(FileId(0), text);
    let under = |d: &adit_diag::Diagnostic| text[d.span.start as usize..d.span.end as usize].to_owned();
    parsed.diagnostics.iter().map(|d| (d.code.0, under(d))).collect()
}

/// The messages of a text, with help.
pub fn messages(text: &str) -> Vec<String> {
    let parsed = parse(FileId(0), text);
    let with_help = |d: &adit_diag::Diagnostic| match &d.help {
        Some(help) => format!("{} {} [{help}]", d.code, d.message),
        None => format!("{} {}", d.code, d.message),
    };
    parsed.diagnostics.iter().map(with_help).collect()
}

/// All diagnostics as the user sees them.
pub fn rendered(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("t.ad", text);
    let parsed = parse(file, text);
    parsed.diagnostics.iter().map(|d| render(&sources, d, false)).collect()
}

/// An expression in prefix notation; a chain shows its links with a dot before the operator.
pub fn shape(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Int(v) => v.to_string(),
        ExprKind::Float(v) => format!("{v:?}"),
        ExprKind::Bool(v) => v.to_string(),
        ExprKind::Name(name) => name.to_string(),
        ExprKind::Unary { op, operand } => format!("({} {})", op.symbol(), shape(operand)),
        ExprKind::Binary { first, rest } => {
            let links: Vec<_> = rest.iter().map(|l| format!("{} {}", l.op.symbol(), shape(&l.rhs))).collect();
            format!("({} {})", shape(first), links.join(" "))
        }
        ExprKind::Call { callee, args } => format!("{}({})", shape(callee), many(args, arg)),
        ExprKind::Index { base, subscripts } => {
            format!("{}[{}]", shape(base), many(subscripts, |s| subscript(&s.kind)))
        }
        ExprKind::Field { base, field } => format!("{}.{}", shape(base), field.name),
        ExprKind::TupleField { base, index, .. } => format!("{}.{index}", shape(base)),
        ExprKind::Struct { name, fields } => {
            format!("{}{{{}}}", name.name, many(fields, |f| format!("{}: {}", f.name.name, shape(&f.value))))
        }
        ExprKind::Tuple(elements) => format!("tuple({})", many(elements, shape)),
        ExprKind::Array(elements) => format!("array[{}]", many(elements, shape)),
        ExprKind::Comprehension(g) => format!("[{}]", generator(g)),
        ExprKind::If { arms, otherwise } => {
            let arms: Vec<_> =
                arms.iter().map(|a| format!("if {} {}", shape(&a.condition), block_shape(&a.body))).collect();
            let last = otherwise.as_ref().map_or(String::new(), |b| format!(" else {}", block_shape(b)));
            format!("({}{last})", arms.join(" else "))
        }
        ExprKind::Block(block) => block_shape(block),
        ExprKind::Lambda { params, body } => {
            let params = many(params, |p| match &p.ty {
                Some(_) => format!("{}: T", p.name.name),
                None => p.name.name.to_string(),
            });
            format!("(|{params}| {})", shape(body))
        }
        ExprKind::Error => "error".to_owned(),
    }
}

fn many<T>(parts: &[T], show: impl Fn(&T) -> String) -> String {
    parts.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn arg(arg: &Arg) -> String {
    match &arg.kind {
        ArgKind::Value(value) => shape(value),
        ArgKind::Lent(place) => format!("&mut {}", shape(place)),
        ArgKind::Text(text) => format!("{text:?}"),
        ArgKind::Generator(g) => generator(g),
    }
}

fn generator(g: &Generator) -> String {
    let loops = many(&g.loops, |l| format!("{} in {}", l.var.name, range(&l.range)));
    format!("{} for {loops}", shape(&g.element))
}

fn range(r: &Range) -> String {
    let dots = if r.inclusive { "..=" } else { ".." };
    let step = r.step.as_ref().map_or(String::new(), |step| format!(" step {}", shape(step)));
    format!("{}{dots}{}{step}", shape(&r.lo), shape(&r.hi))
}

fn subscript(kind: &SubscriptKind) -> String {
    match kind {
        SubscriptKind::Index(index) => shape(index),
        SubscriptKind::Slice { lo, hi, inclusive } => {
            let show = |bound: &Option<Expr>| bound.as_ref().map_or(String::new(), shape);
            format!("{}{}{}", show(lo), if *inclusive { "..=" } else { ".." }, show(hi))
        }
    }
}

/// A block in braces, a semicolon after each statement.
pub fn block_shape(block: &Block) -> String {
    let mut parts: Vec<_> = block.stmts.iter().map(stmt).collect();
    parts.extend(block.value.as_deref().map(shape));
    format!("{{{}}}", parts.join(" "))
}

fn stmt(stmt: &Stmt) -> String {
    match &stmt.kind {
        StmtKind::Let { pattern, ty, value } => {
            let ty = if ty.is_some() { ": T" } else { "" };
            format!("let {}{ty} = {};", pattern_shape(&pattern.kind), shape(value))
        }
        StmtKind::Assign { place, op, value, .. } => {
            format!("{} {} {};", shape(place), op.symbol(), shape(value))
        }
        StmtKind::Expr(expr) => format!("{};", shape(expr)),
        StmtKind::While(w) => format!("while {} {}", shape(&w.condition), block_shape(&w.body)),
        StmtKind::For(f) => format!("for {} in {} {}", f.var.name, range(&f.range), block_shape(&f.body)),
        StmtKind::Break => "break;".to_owned(),
        StmtKind::Continue => "continue;".to_owned(),
        StmtKind::Return(None) => "return;".to_owned(),
        StmtKind::Return(Some(value)) => format!("return {};", shape(value)),
    }
}

fn pattern_shape(pattern: &PatternKind) -> String {
    match pattern {
        PatternKind::Name { name, mutable } => format!("{}{}", if *mutable { "mut " } else { "" }, name.name),
        PatternKind::Wildcard => "_".to_owned(),
        PatternKind::Tuple(elements) => format!("({})", many(elements, |p| pattern_shape(&p.kind))),
        PatternKind::Error => "error".to_owned(),
    }
}
