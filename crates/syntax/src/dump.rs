//! The stages `tokens` and `ast` as text.
//!
//! What goes in: a source text, or a tree with the text it came from. What comes out: one line for each token
//! or node, with its line and column. Types are shown as the source writes them; operator chains of one
//! precedence are one node, as in the tree.
//!
//! ```text
//! fn f · 1:1
//!   param x: f64 · 1:6
//!   result f64
//!   body · 1:21
//!     value
//!       binary · 1:23
//!         int 2 · 1:23
//!         * name x · 1:27
//! ```
//!
//! It is there to read; nothing parses it back.

use std::fmt::Write as _;

use adit_diag::{FileId, SourceMap, Span};

use crate::ast::{
    Arg, ArgKind, Arm, Block, Checkpoint, CheckpointPolicy, Expr, ExprKind, Field, FieldInit, File, FnItem, Generator,
    Ident, Item, ItemKind, LambdaParam, Pattern, PatternKind, Range, RuleKind, Stmt, StmtKind, Subscript,
    SubscriptKind, Type,
};
use crate::lexer::{Kind, lex};

/// The tokens of a text, a line each: position, kind, text.
pub fn tokens(text: &str) -> String {
    let mut sources = SourceMap::new();
    let file = sources.add("", text);
    let mut out = String::new();
    for token in lex(file, text).tokens {
        let span = token.span(file);
        let place = place(&sources, span);
        let kind = if token.kind.is_keyword() { "Keyword".to_owned() } else { kind_name(token.kind) };
        let written = sources.snippet(span).unwrap_or_default();
        let line = format!("{place:<8} {kind:<10} {written}");
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn kind_name(kind: Kind) -> String {
    if let Kind::Number(form) = kind { format!("{form:?}") } else { format!("{kind:?}") }
}

fn place(sources: &SourceMap, span: Span) -> String {
    sources.position(span).map_or(String::new(), |p| format!("{}:{}", p.line, p.column))
}

/// A tree as indented text; `text` is what it was parsed from.
pub fn ast(file: &File, text: &str) -> String {
    let mut sources = SourceMap::new();
    let id = sources.add("", text);
    let mut dump = Dump { sources, id, out: String::new(), indent: 0 };
    for item in &file.items {
        dump.item(item);
    }
    dump.out
}

struct Dump {
    sources: SourceMap,
    /// The file in `sources`, whatever its number was where it was parsed.
    id: FileId,
    out: String,
    indent: usize,
}

impl Dump {
    /// A line without a place.
    fn line(&mut self, text: &str) {
        let width = 2 * self.indent;
        let _ = writeln!(self.out, "{:width$}{text}", "");
    }

    /// A line that tells where in the source it comes from.
    fn node(&mut self, text: &str, span: Span) {
        let place = place(&self.sources, Span { file: self.id, ..span });
        self.line(&format!("{text} · {place}"));
    }

    fn within(&mut self, children: impl FnOnce(&mut Self)) {
        self.indent += 1;
        children(self);
        self.indent -= 1;
    }

    /// The source with its white space as single blanks.
    fn written(&self, span: Span) -> String {
        let text = self.sources.snippet(Span { file: self.id, ..span }).unwrap_or_default();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn typed(&self, name: &Ident, lent: bool, ty: &Type) -> String {
        let lent = if lent { "&mut " } else { "" };
        format!("{}: {lent}{}", name.name, self.written(ty.span))
    }

    fn item(&mut self, item: &Item) {
        for doc in item.docs.lines() {
            self.line(&format!("/// {doc}"));
        }
        match &item.kind {
            ItemKind::Fn(f) => self.fn_item(f, item.span),
            ItemKind::Struct(s) => {
                self.node(&format!("struct {}{}", s.name.name, angle(&s.dims)), item.span);
                self.within(|d| s.fields.iter().for_each(|field| d.field(field)));
            }
            ItemKind::Const(c) => {
                let head = format!("const {}", self.typed(&c.name, false, &c.ty));
                self.node(&head, item.span);
                self.within(|d| d.expr(&c.value));
            }
            ItemKind::Import(i) => self.node(&format!("import {:?}", i.path), item.span),
        }
    }

    fn field(&mut self, field: &Field) {
        let head = format!("field {}", self.typed(&field.name, false, &field.ty));
        self.node(&head, field.span);
    }

    fn fn_item(&mut self, f: &FnItem, span: Span) {
        self.node(&format!("fn {}", f.name.name), span);
        self.within(|d| {
            if let Some(rule) = &f.rule {
                let kind = match rule.kind {
                    RuleKind::Jvp => "jvp",
                    RuleKind::Vjp => "vjp",
                };
                d.node(&format!("rule {kind} of {}", rule.target.name), rule.span);
            }
            for param in &f.params {
                let head = format!("param {}", d.typed(&param.name, param.lent, &param.ty));
                d.node(&head, param.span);
            }
            if let Some(result) = &f.result {
                d.line(&format!("result {}", d.written(result.span)));
            }
            d.block("body", &f.body);
        });
    }

    fn block(&mut self, head: &str, block: &Block) {
        self.node(head, block.span);
        self.within(|d| {
            block.stmts.iter().for_each(|stmt| d.stmt(stmt));
            if let Some(value) = &block.value {
                d.line("value");
                d.within(|d| d.expr(value));
            }
        });
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Let { pattern, ty, value } => {
                let ty = ty.as_ref().map_or(String::new(), |ty| format!(": {}", self.written(ty.span)));
                self.node(&format!("let {}{ty}", shown_pattern(pattern)), stmt.span);
                self.within(|d| d.expr(value));
            }
            StmtKind::Assign { place, op, value, .. } => {
                self.node(&format!("assign {}", op.symbol()), stmt.span);
                self.within(|d| {
                    d.expr(place);
                    d.expr(value);
                });
            }
            StmtKind::Expr(expr) => {
                self.node("do", stmt.span);
                self.within(|d| d.expr(expr));
            }
            StmtKind::While(w) => {
                self.node("while", stmt.span);
                self.within(|d| {
                    d.checkpoint(w.checkpoint.as_ref());
                    d.expr(&w.condition);
                    d.block("body", &w.body);
                });
            }
            StmtKind::For(f) => {
                self.node(&format!("for {}", f.var.name), stmt.span);
                self.within(|d| {
                    d.checkpoint(f.checkpoint.as_ref());
                    d.range(&f.range);
                    d.block("body", &f.body);
                });
            }
            StmtKind::Break => self.node("break", stmt.span),
            StmtKind::Continue => self.node("continue", stmt.span),
            StmtKind::Return(value) => {
                self.node("return", stmt.span);
                self.within(|d| value.iter().for_each(|value| d.expr(value)));
            }
        }
    }

    fn checkpoint(&mut self, checkpoint: Option<&Checkpoint>) {
        let Some(checkpoint) = checkpoint else {
            return;
        };
        match &checkpoint.policy {
            CheckpointPolicy::Every(k) => self.labelled("checkpoint every", k),
            CheckpointPolicy::Binomial(c) => self.labelled("checkpoint binomial", c),
            CheckpointPolicy::Budget(bytes) => {
                self.node(&format!("checkpoint budget {bytes} bytes"), checkpoint.span);
            }
            CheckpointPolicy::Error => self.node("checkpoint error", checkpoint.span),
        }
    }

    fn range(&mut self, range: &Range) {
        self.node(if range.inclusive { "range ..=" } else { "range .." }, range.span);
        self.within(|d| {
            d.expr(&range.lo);
            d.expr(&range.hi);
            if let Some(step) = &range.step {
                d.labelled("step", step);
            }
        });
    }

    fn expr(&mut self, expr: &Expr) {
        self.labelled("", expr);
    }

    /// An expression; the label says what it is to its parent.
    fn labelled(&mut self, label: &str, expr: &Expr) {
        let head = head_of(expr);
        let gap = if label.is_empty() { "" } else { " " };
        self.node(&format!("{label}{gap}{head}"), expr.span);
        self.within(|d| d.children(expr));
    }

    fn children(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Bool(_) | ExprKind::Name(_) | ExprKind::Error => {}
            ExprKind::Unary { operand, .. } => self.expr(operand),
            ExprKind::Binary { first, rest } => {
                self.expr(first);
                rest.iter().for_each(|link| self.labelled(link.op.symbol(), &link.rhs));
            }
            ExprKind::Call { callee, args } => {
                self.labelled("of", callee);
                args.iter().for_each(|arg| self.arg(arg));
            }
            ExprKind::Index { base, subscripts } => {
                self.labelled("of", base);
                subscripts.iter().for_each(|subscript| self.subscript(subscript));
            }
            ExprKind::Field { base, .. } | ExprKind::TupleField { base, .. } => self.labelled("of", base),
            ExprKind::Struct { fields, .. } => fields.iter().for_each(|field| self.field_init(field)),
            ExprKind::Tuple(elements) | ExprKind::Array(elements) => {
                elements.iter().for_each(|element| self.expr(element));
            }
            ExprKind::Comprehension(generator) => self.generator(generator),
            ExprKind::If { arms, otherwise } => {
                arms.iter().for_each(|arm| self.arm(arm));
                otherwise.iter().for_each(|block| self.block("else", block));
            }
            ExprKind::Block(block) => self.block("block", block),
            ExprKind::Lambda { params, body } => {
                params.iter().for_each(|param| self.lambda_param(param));
                self.expr(body);
            }
        }
    }

    fn arg(&mut self, arg: &Arg) {
        match &arg.kind {
            ArgKind::Value(value) => self.expr(value),
            ArgKind::Lent(place) => self.labelled("&mut", place),
            ArgKind::Text(text) => self.node(&format!("text {text:?}"), arg.span),
            ArgKind::Generator(generator) => {
                self.node("generator", arg.span);
                self.within(|d| d.generator(generator));
            }
        }
    }

    fn generator(&mut self, generator: &Generator) {
        for l in &generator.loops {
            self.node(&format!("for {}", l.var.name), l.span);
            self.within(|d| d.range(&l.range));
        }
        self.labelled("element", &generator.element);
    }

    fn subscript(&mut self, subscript: &Subscript) {
        match &subscript.kind {
            SubscriptKind::Index(index) => self.expr(index),
            SubscriptKind::Slice { lo, hi, inclusive } => {
                self.node(if *inclusive { "slice ..=" } else { "slice .." }, subscript.span);
                self.within(|d| {
                    lo.iter().for_each(|lo| d.labelled("lo", lo));
                    hi.iter().for_each(|hi| d.labelled("hi", hi));
                });
            }
        }
    }

    fn field_init(&mut self, field: &FieldInit) {
        self.labelled(&format!("{}:", field.name.name), &field.value);
    }

    fn arm(&mut self, arm: &Arm) {
        self.labelled("if", &arm.condition);
        self.block("then", &arm.body);
    }

    fn lambda_param(&mut self, param: &LambdaParam) {
        let head = match &param.ty {
            Some(ty) => self.typed(&param.name, param.lent, ty),
            None => param.name.name.to_string(),
        };
        self.node(&format!("param {head}"), param.span);
    }
}

/// What a node says of itself, children apart.
fn head_of(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Int(value) => format!("int {value}"),
        ExprKind::Float(value) => format!("float {value:?}"),
        ExprKind::Bool(value) => format!("bool {value}"),
        ExprKind::Name(name) => format!("name {name}"),
        ExprKind::Unary { op, .. } => format!("unary {}", op.symbol()),
        ExprKind::Binary { .. } => "binary".to_owned(),
        ExprKind::Call { .. } => "call".to_owned(),
        ExprKind::Index { .. } => "index".to_owned(),
        ExprKind::Field { field, .. } => format!("field {}", field.name),
        ExprKind::TupleField { index, .. } => format!("field {index}"),
        ExprKind::Struct { name, .. } => format!("struct {}", name.name),
        ExprKind::Tuple(_) => "tuple".to_owned(),
        ExprKind::Array(_) => "array".to_owned(),
        ExprKind::Comprehension(_) => "comprehension".to_owned(),
        ExprKind::If { .. } => "if".to_owned(),
        ExprKind::Block(_) => "block".to_owned(),
        ExprKind::Lambda { .. } => "lambda".to_owned(),
        ExprKind::Error => "error".to_owned(),
    }
}

fn shown_pattern(pattern: &Pattern) -> String {
    match &pattern.kind {
        PatternKind::Name { name, mutable } => {
            format!("{}{}", if *mutable { "mut " } else { "" }, name.name)
        }
        PatternKind::Wildcard => "_".to_owned(),
        PatternKind::Tuple(elements) => {
            format!("({})", elements.iter().map(shown_pattern).collect::<Vec<_>>().join(", "))
        }
        PatternKind::Error => "error".to_owned(),
    }
}

/// `<n, m>`, or nothing.
fn angle(dims: &[Ident]) -> String {
    if dims.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = dims.iter().map(|dim| &*dim.name).collect();
    format!("<{}>", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn one_long_line_is_linear() {
        let text = format!("const A: f64 = {}1;", "θ + ".repeat(100_000));
        assert_eq!(tokens(&text).lines().count(), 200_008);
        let parsed = parse(FileId(0), &text);
        assert_eq!(ast(&parsed.file, &text).lines().count(), 100_003);
    }

    #[test]
    fn tokens_show_place_kind_and_text() {
        let expected = "\
1:1      Keyword    fn
1:4      Ident      f
2:2      Float      1.5
2:6      DotDot     ..
2:8      Int        2
2:9      End
";
        assert_eq!(tokens("fn f // c\n 1.5 ..2"), expected);
    }

    #[test]
    fn a_tree_shows_structure_and_places() {
        let text = "/// Doc.\nfn f(x: [f64;  n], y: &mut f64) -> f64 {\n  let mut (a, _): (f64, i64) = t;\n  y += -x[i, ..2] ^ 2 * a;\n  for i in 0..n step 2 { g(&mut s.w, \"a\"); }\n  if b { 1 } else { sum(e for i in 0..n) }\n}";
        let parsed = parse(FileId(7), text);
        assert_eq!(parsed.diagnostics, []);
        let expected = "\
/// Doc.
fn f · 2:1
  param x: [f64; n] · 2:6
  param y: &mut f64 · 2:20
  result f64
  body · 2:40
    let (mut a, _): (f64, i64) · 3:3
      name t · 3:32
    assign += · 4:3
      name y · 4:3
      binary · 4:8
        unary - · 4:8
          binary · 4:9
            index · 4:9
              of name x · 4:9
              name i · 4:11
              slice .. · 4:14
                hi int 2 · 4:16
            ^ int 2 · 4:21
        * name a · 4:25
    for i · 5:3
      range .. · 5:12
        int 0 · 5:12
        name n · 5:15
        step int 2 · 5:22
      body · 5:24
        do · 5:26
          call · 5:26
            of name g · 5:26
            &mut field w · 5:33
              of name s · 5:33
            text \"a\" · 5:38
    value
      if · 6:3
        if name b · 6:6
        then · 6:8
          value
            int 1 · 6:10
        else · 6:19
          value
            call · 6:21
              of name sum · 6:21
              generator · 6:25
                for i · 6:31
                  range .. · 6:36
                    int 0 · 6:36
                    name n · 6:39
                element name e · 6:25
";
        assert_eq!(ast(&parsed.file, text), expected);
    }
}
