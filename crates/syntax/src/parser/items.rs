//! Definitions: functions, structs, constants, imports.
//!
//! ```text
//! /// Documentation belongs to what follows it.
//! @vjp(f)
//! fn f_vjp(x: f64, ybar: f64) -> (f64, f64) { … }
//! ```
//!
//! After a mistake the next definition is found by its first two tokens, which can stand nowhere else.

use super::Parser;
use crate::ast::{
    Block, ConstItem, Field, FnItem, Ident, ImportItem, Item, ItemKind, Param, Rule, RuleKind, StructItem,
};
use crate::brackets::starts_item;
use crate::lexer::Kind;
use crate::{codes, literals};
use adit_diag::Span;

const FUNCTION: &str = "a function is written `fn f(x: f64) -> f64 { … }`";
const BLOCKS: &str = "a model is a function of data and parameters that gives the logarithm of its density: `fn model(y: [f64; n], mu: f64) -> f64 { … }`";
const IMPORTS: &str =
    "functions of mathematics are there without an import; files are imported by `import \"name.ad\";`";

/// Words of other languages, and what Adit writes.
const FOREIGN: &[(&str, &str)] = &[
    ("def", "functions start with `fn`"),
    ("func", "functions start with `fn`"),
    ("function", "functions start with `fn`"),
    ("pub", "everything is public; leave `pub` out"),
    ("use", "files are imported by `import \"name.ad\";`"),
    ("type", "types have no aliases; a `struct` makes a new one"),
    ("class", "records are defined by `struct`"),
    ("enum", "there are no enums"),
    ("static", "constants are defined by `const`"),
    ("double", FUNCTION),
    ("float", FUNCTION),
    ("int", FUNCTION),
    ("void", FUNCTION),
    ("data", BLOCKS),
    ("parameters", BLOCKS),
    ("model", BLOCKS),
    ("from", IMPORTS),
    ("using", IMPORTS),
    ("include", IMPORTS),
];

impl Parser<'_> {
    /// All items of the file.
    pub(super) fn items(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while !self.at_end() {
            self.found();
            let start = self.at;
            items.extend(self.item());
            if self.at == start {
                self.skip_one();
            }
            if self.lost {
                self.skip_to_item();
            }
        }
        items
    }

    fn skip_to_item(&mut self) {
        while !self.at_end() && !self.at_item() && self.peek() != Kind::At {
            self.skip_one();
        }
    }

    /// Whether a definition can only start here.
    pub(super) fn at_item(&self) -> bool {
        starts_item(self.peek(), self.peek_at(1))
    }

    /// A definition; `None`, reported, if none starts here.
    pub(super) fn item(&mut self) -> Option<Item> {
        let docs = self.docs_before_next();
        let start = self.here();
        let rule = if self.peek() == Kind::At { self.rule() } else { None };
        let kind = match self.peek() {
            Kind::Fn => ItemKind::Fn(self.fn_item(rule)?),
            Kind::Struct => ItemKind::Struct(self.struct_item()?),
            Kind::Const => ItemKind::Const(self.const_item()?),
            Kind::Import => ItemKind::Import(self.import_item()),
            Kind::Semi => {
                self.bump();
                return None;
            }
            _ => {
                self.not_an_item();
                return None;
            }
        };
        let span = start.to(self.before());
        Some(Item { span, docs, kind })
    }

    fn not_an_item(&mut self) {
        let mut diagnostic = self.unexpected("a definition (`fn`, `struct`, `const` or `import`)");
        let word = self.peek_name();
        diagnostic.help = match self.peek() {
            Kind::Let => Some("values at the top of a file are constants: `const NAME: f64 = …;`".to_owned()),
            Kind::Ident => FOREIGN.iter().find(|(w, _)| *w == word).map(|(_, help)| (*help).to_owned()),
            _ => None,
        };
        self.report(diagnostic);
    }

    /// The `///` lines between the last token and the next.
    fn docs_before_next(&self) -> String {
        let from = if self.at == 0 { 0 } else { self.before().end };
        let to = self.next().start;
        let first = self.docs.partition_point(|doc| doc.start < from);
        let docs = self.docs[first..].iter().take_while(|doc| doc.start < to);
        let lines = docs.map(|doc| {
            let line = self.text_of(*doc).trim_start_matches('/').trim_end();
            line.strip_prefix(' ').unwrap_or(line)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// `@jvp(f)` or `@vjp(f)`; anything else after `@` is reported and skipped.
    fn rule(&mut self) -> Option<Rule> {
        let start = self.here();
        self.bump();
        let kind = match self.peek_name() {
            "jvp" => Some(RuleKind::Jvp),
            "vjp" => Some(RuleKind::Vjp),
            _ => None,
        };
        let Some(kind) = kind else {
            self.unknown_attribute();
            return None;
        };
        self.bump();
        if self.peek() != Kind::LParen {
            self.expected("`(` and the name of the function that this is a rule of");
            return None;
        }
        let (target, _) = self.inside(|p| p.ident("the name of the function that this is a rule of"));
        let span = start.to(self.before());
        if self.peek() != Kind::Fn {
            self.expected("a function after the rule attribute");
        }
        Some(Rule { span, kind, target: target? })
    }

    fn unknown_attribute(&mut self) {
        let mut diagnostic = self.unexpected("`jvp` or `vjp`");
        if self.peek_name() == "checkpoint" {
            diagnostic.help = Some("`@checkpoint(…)` stands before a loop".to_owned());
        }
        self.report_and_go_on(diagnostic);
        self.bump();
        if self.peek() == Kind::LParen {
            self.skip_one();
        }
    }

    /// A name; `what` it is the name of.
    pub(super) fn ident(&mut self, what: &str) -> Option<Ident> {
        if self.peek() == Kind::Ident {
            return Some(self.take_ident());
        }
        let mut diagnostic = self.unexpected(what);
        if self.peek().is_keyword() {
            diagnostic.help = Some("keywords cannot be names".to_owned());
        }
        self.report(diagnostic);
        None
    }

    fn fn_item(&mut self, rule: Option<Rule>) -> Option<FnItem> {
        let start = self.here();
        self.bump();
        let name = self.ident("the name of the function")?;
        if self.peek() == Kind::Less {
            self.needless_dims();
        }
        if self.peek() != Kind::LParen {
            self.expected("`(` and the parameters");
            return None;
        }
        let (params, _) = self.bracketed_list(Self::param);
        let result = self.eat(Kind::Arrow).then(|| self.parse_type());
        let signature = start.to(self.before());
        let body = self.fn_body()?;
        let params = params.into_iter().flatten().collect();
        Some(FnItem { rule, name, params, result, body, signature })
    }

    /// `fn f<n>(…)`: the dimension names of a function need no list.
    fn needless_dims(&mut self) {
        let diagnostic = self
            .error(codes::UNEXPECTED, self.here(), "expected `(` and the parameters, found `<`")
            .help("dimension names need no declaration: `fn f(x: [f64; n])` binds `n`");
        self.report_and_go_on(diagnostic);
        self.skip_until(|kind| matches!(kind, Kind::LParen | Kind::LBrace | Kind::Semi));
    }

    fn fn_body(&mut self) -> Option<Block> {
        if self.peek() == Kind::LBrace {
            return Some(self.parse_block());
        }
        let mut diagnostic = self.missing("`{` and the body of the function");
        if self.peek() == Kind::Colon {
            diagnostic.help = Some("the type of the result stands after `->`".to_owned());
        }
        self.report(diagnostic);
        None
    }

    fn param(&mut self) -> Option<Param> {
        let start = self.here();
        if self.peek() == Kind::Mut {
            let diagnostic = self
                .error(codes::UNEXPECTED, start, "expected the name of a parameter, found the keyword `mut`")
                .help("to change a copy, write `let mut y = x;` in the body; to change the caller's, `x: &mut T`");
            self.report_and_go_on(diagnostic);
            self.bump();
        }
        let name = self.ident("the name of a parameter")?;
        self.expect(Kind::Colon, "`:` and the type of the parameter");
        let lent = self.lending();
        let ty = self.parse_type();
        let span = start.to(self.before());
        Some(Param { span, name, lent, ty })
    }

    fn struct_item(&mut self) -> Option<StructItem> {
        self.bump();
        let name = self.ident("the name of the struct")?;
        let dims = if self.peek() == Kind::Less { self.dim_params() } else { Vec::new() };
        if self.peek() != Kind::LBrace {
            self.expected("`{` and the fields");
            return None;
        }
        let (fields, _) = self.bracketed_list(Self::field);
        let fields = fields.into_iter().flatten().collect();
        Some(StructItem { name, dims, fields })
    }

    fn dim_params(&mut self) -> Vec<Ident> {
        self.bump();
        let mut dims = Vec::new();
        while self.peek() != Kind::Greater {
            let Some(dim) = self.ident("the name of a dimension") else {
                break;
            };
            dims.push(dim);
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.close_angle();
        dims
    }

    fn field(&mut self) -> Option<Field> {
        let docs = self.docs_before_next();
        let start = self.here();
        let name = self.ident("the name of a field")?;
        self.expect(Kind::Colon, "`:` and the type of the field");
        let ty = self.parse_type();
        let span = start.to(self.before());
        Some(Field { span, docs, name, ty })
    }

    fn const_item(&mut self) -> Option<ConstItem> {
        self.bump();
        let name = self.ident("the name of the constant")?;
        self.expect(Kind::Colon, "`:` and the type of the constant");
        let ty = self.parse_type();
        self.expect(Kind::Eq, "`=` and the value of the constant");
        let value = self.parse_expr();
        self.expect(Kind::Semi, "`;` after the constant");
        Some(ConstItem { name, ty, value })
    }

    fn import_item(&mut self) -> ImportItem {
        self.bump();
        let path_span = self.here();
        let path = if self.peek() == Kind::Text {
            self.take_text()
        } else {
            let diagnostic = self.unexpected("the path of a file, as in `import \"other.ad\";`");
            self.report(diagnostic.help(IMPORTS));
            String::new()
        };
        self.expect(Kind::Semi, "`;` after the import");
        ImportItem { path, path_span }
    }

    /// The value of the text literal that is the next token.
    pub(super) fn take_text(&mut self) -> String {
        let token = self.bump();
        let (value, wrong) = literals::text(self.text_of(token));
        for (range, (message, help)) in wrong {
            let at = |offset: usize| token.start + offset as u32;
            let span = Span::new(self.file, at(range.start), at(range.end).min(token.end));
            let mut diagnostic = self.error(codes::UNKNOWN_CHARACTER, span, message);
            diagnostic.help = help;
            self.report_and_go_on(diagnostic);
        }
        value
    }
}
