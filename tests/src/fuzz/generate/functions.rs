//! Items: structs, constants, helper functions, and `main`.
//!
//! In: nothing but the random numbers. Out: items in an order in which each only needs those before it, and the parameters of `main`. What quotas ask for is planned
//! here: `main` gets a list of statements that it must have, in random order.

use super::{Flavour, MAIN, Param, Writer};
use crate::fuzz::features::Feature;
use crate::fuzz::node::Node;
use crate::fuzz::types::{Dim, Struct, Ty};
use crate::pieces;

/// Writes a statement, if it can.
type Write = fn(&mut Writer) -> Option<Node>;

/// A function that may be called.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) name: String,
    /// The dimension names it binds.
    pub(super) dims: Vec<String>,
    pub(super) params: Vec<Param>,
    /// None for nothing.
    pub(super) result: Option<Ty>,
    /// The parameter that says how deep it goes.
    pub(super) recursive: Option<usize>,
    /// How many derivatives stand inside one another in it.
    pub(super) order: usize,
}

pub(super) fn param(name: &str, ty: Ty, lent: bool) -> Param {
    Param { name: name.to_owned(), ty, lent, below: None }
}

impl Writer {
    /// Writes everything; the parameters of `main`.
    pub(super) fn program(&mut self) -> Vec<Param> {
        self.singles = self.flavour == Flavour::Mixed && self.rng.percent(16);
        self.lambdas = self.flavour == Flavour::Mixed && self.rng.percent(50);
        self.allowed = if self.flavour == Flavour::Mixed { self.rng.weighted(&[50, 28, 16, 6]) } else { 0 };
        let recursive = self.rng.percent(if self.flavour == Flavour::Mixed { 24 } else { 4 });
        if recursive && self.flavour == Flavour::Mixed {
            self.allowed = self.allowed.max(self.rng.weighted(&[10, 45, 35, 10]));
        }
        self.checkpoints = if self.rng.percent(20) { 50 } else { 0 };
        for _ in 0..self.rng.weighted(&[5, 3, 2]) {
            self.structure_item();
        }
        if self.rng.percent(15) {
            let (name, value) = (self.fresh("C"), self.rng.float(-1.0, 1.0));
            self.items.push(Node {
                sort: crate::fuzz::node::Sort::Item,
                pieces: pieces![format!("const {name}: f64 = {value:?};")],
            });
            self.declare(&name, Ty::F64, false);
        }
        let helpers = match self.flavour {
            Flavour::Mixed => self.rng.weighted(&[4, 4, 3, 1]),
            Flavour::Minimal | Flavour::Memory => self.rng.weighted(&[6, 3, 1]),
        };
        if self.flavour == Flavour::Mixed && self.rng.percent(18) {
            self.ruled_item();
        }
        for _ in 0..helpers {
            self.helper();
        }
        if recursive {
            self.recursive_item();
        }
        self.main()
    }

    fn structure_item(&mut self) {
        let name = format!("S{}", self.structs.len());
        let dims: Vec<String> = if self.rng.percent(40) { vec!["p".into()] } else { vec![] };
        let mut fields = Vec::new();
        for i in 0..1 + self.rng.below(3) {
            let dim = if dims.is_empty() { Dim::Lit(self.rng.between(2, 3)) } else { Dim::name("p") };
            let ty = match self.rng.below(8) {
                0..=3 => Ty::F64,
                4..=5 => Ty::floats(&[dim]),
                6 if !self.structs.is_empty() => self.inner_struct(&dims),
                6 => Ty::Tuple(vec![Ty::F64, Ty::F64]),
                _ => Ty::I64,
            };
            fields.push((format!("f{i}"), ty));
        }
        if !dims.is_empty() {
            fields.push(("w".into(), Ty::floats(&[Dim::name("p")])));
        }
        let text: Vec<String> = fields.iter().map(|(n, ty)| format!("{n}: {}", ty.text(&self.structs))).collect();
        let head = if dims.is_empty() { name.clone() } else { format!("{name}<p>") };
        let item = pieces![format!("struct {head} {{ {} }}", text.join(", "))];
        self.items.push(Node { sort: crate::fuzz::node::Sort::Item, pieces: item });
        self.structs.push(Struct { name, dims, fields });
    }

    fn inner_struct(&mut self, dims: &[String]) -> Ty {
        let id = self.rng.below(self.structs.len());
        let args = self.structs[id].dims.iter().map(|_| dims.first().map_or(Dim::Lit(2), |d| Dim::name(d)));
        Ty::Struct(id, args.collect())
    }

    /// A type for a parameter over these dimension names.
    pub(super) fn param_type(&mut self, dims: &[&str], rich: bool) -> Ty {
        let dim = |w: &mut Self| match w.rng.below(8) {
            0 => Dim::Lit(w.rng.between(2, 3)),
            _ => Dim::name(w.rng.pick::<&str>(dims)),
        };
        if self.singles && rich && self.rng.percent(25) {
            return self.single_param(dims);
        }
        match self.rng.below(if rich { 12 } else { 8 }) {
            0..=2 => Ty::F64,
            3..=5 => Ty::floats(&[dim(self)]),
            6 => Ty::floats(&[dim(self), dim(self)]),
            7 => Ty::I64,
            8..=9 if !self.structs.is_empty() => {
                let id = self.rng.below(self.structs.len());
                let args: Vec<Dim> = self.structs[id].dims.clone().iter().map(|_| dim(self)).collect();
                Ty::Struct(id, args)
            }
            10 => Ty::Tuple(vec![Ty::F64, Ty::F64]),
            11 => Ty::Bool,
            _ => Ty::floats(&[dim(self)]),
        }
    }

    /// Dimension names that an array of the parameters mentions bare; other parameters that mention names lose them.
    pub(super) fn bound(&self, params: &mut Vec<Param>) -> Vec<String> {
        let mut bound: Vec<String> = Vec::new();
        for p in params.iter() {
            self.bare(&p.ty, &mut bound);
        }
        let known: std::collections::BTreeMap<String, Dim> = bound.iter().map(|n| (n.clone(), Dim::name(n))).collect();
        params.retain(|p| p.ty.renamed(&known).is_some());
        bound
    }

    fn bare(&self, ty: &Ty, found: &mut Vec<String>) {
        match ty {
            Ty::Array(_, dims) => {
                for dim in dims {
                    if let Dim::Name(name) = dim
                        && !found.contains(name)
                    {
                        found.push(name.clone());
                    }
                }
            }
            Ty::Struct(id, args) => self.structs[*id].fields_of(args).iter().for_each(|(_, ty)| self.bare(ty, found)),
            Ty::Tuple(items) => items.iter().for_each(|ty| self.bare(ty, found)),
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Fn(..) => {}
        }
    }

    fn helper(&mut self) {
        let name = self.fresh("g");
        let mut params = Vec::new();
        let lends = if self.rng.percent(25) { 70 } else { 20 };
        for i in 0..1 + self.rng.below(3) {
            let ty = self.param_type(&["n", "m"], true);
            let lent = self.rng.percent(lends) && !matches!(ty, Ty::Bool | Ty::I64);
            params.push(param(&format!("p{i}"), ty, lent));
        }
        let dims = self.bound(&mut params);
        if params.is_empty() {
            params.push(param("p0", Ty::F64, false));
        }
        if self.lambdas && self.rng.percent(45) {
            self.function_param(&dims, &mut params);
        }
        let result = self.helper_result(&dims, params.iter().any(|p| p.lent));
        let mut signature = Signature { name, dims, params, result, recursive: None, order: 0 };
        if self.rng.percent(12) {
            return self.recursive_function(signature);
        }
        self.budget = 25;
        let ((), order) = self.inside(0, |w| w.function(&signature, None));
        signature.order = order;
        self.functions.push(signature);
    }

    /// A parameter that is a function.
    fn function_param(&mut self, dims: &[String], params: &mut Vec<Param>) {
        let dim = Self::shared_dim(dims);
        let array = Ty::floats(&[dim]);
        let (inputs, result) = match self.rng.below(6) {
            0..=1 => (vec![Ty::F64], Ty::F64),
            2 => (vec![Ty::F64, Ty::F64], Ty::F64),
            3 => (vec![array.clone()], Ty::F64),
            4 => (vec![Ty::F64, array.clone()], Ty::F64),
            _ => (vec![array.clone()], array),
        };
        params.push(param("f", Ty::Fn(inputs, Box::new(result)), false));
    }

    pub(super) fn helper_result(&mut self, dims: &[String], lends: bool) -> Option<Ty> {
        let dim = Self::shared_dim(dims);
        match self.rng.below(12) {
            0..=5 => Some(Ty::F64),
            6..=7 => Some(Ty::floats(&[dim])),
            9 => Some(Ty::Tuple(vec![Ty::F64, Ty::floats(&[dim])])),
            8 if self.singles => Some(Ty::F32),
            10 if !self.structs.is_empty() && self.structs[0].dims.is_empty() => Some(Ty::Struct(0, vec![])),
            11 if lends => None,
            _ => Some(Ty::F64),
        }
    }

    /// Writes a function of this signature with random statements; if it is recursive, by a call of `next`.
    pub(super) fn function(&mut self, signature: &Signature, next: Option<&str>) {
        let outside = self.scope.len();
        self.enter(signature);
        let mut stmts = Vec::new();
        if let Some(next) = next {
            stmts.extend(self.recursive_start(signature, next));
        }
        let count = 1 + self.rng.below(3);
        stmts.push(self.let_float());
        for p in &signature.params {
            if let Ty::Fn(_, result) = &p.ty
                && let Some(call) = self.call_of_variable(result, 2)
            {
                let r = self.fresh("r");
                self.declare(&r, (**result).clone(), false);
                stmts.push(Node::stmt(pieces![format!("let {r} = "), call, ";"]));
            }
        }
        for p in signature.params.iter().filter(|p| p.lent) {
            if self.rng.percent(60) {
                stmts.extend(self.change_of(&p.name));
            }
        }
        stmts.extend(self.statements(count));
        let value = signature.result.clone().map(|ty| self.result_value(&ty));
        self.push_function(signature, stmts, value);
        self.scope.truncate(outside);
        self.result = None;
    }

    fn enter(&mut self, signature: &Signature) {
        for dim in &signature.dims {
            self.declare_index(dim, None);
        }
        for p in &signature.params {
            self.scope.push(super::Var {
                below: p.below.clone(),
                parameter: p.lent,
                ..super::Var::new(&p.name, p.ty.clone(), p.lent)
            });
        }
        self.result = signature.result.clone();
        self.loops = 0;
        self.breakable = false;
        self.depth = 0;
    }

    fn push_function(&mut self, signature: &Signature, stmts: Vec<Node>, value: Option<Node>) {
        let params: Vec<String> = signature
            .params
            .iter()
            .map(|p| format!("{}: {}{}", p.name, if p.lent { "&mut " } else { "" }, p.ty.text(&self.structs)))
            .collect();
        let result = signature.result.as_ref().map_or(String::new(), |ty| format!("-> {} ", ty.text(&self.structs)));
        let mut pieces =
            pieces![format!("fn {}({}) {result}{{\n", signature.name, params.join(", ")), Node::body(stmts)];
        if let Some(value) = value {
            pieces.extend(pieces![value, "\n"]);
        }
        pieces.extend(pieces!["}"]);
        self.items.push(Node { sort: crate::fuzz::node::Sort::Item, pieces });
    }

    /// The value of a function: for floats one that depends on much.
    fn result_value(&mut self, ty: &Ty) -> Node {
        match ty {
            Ty::F64 => self.summary(),
            Ty::Tuple(items) => {
                let mut pieces = pieces!["("];
                for (i, item) in items.iter().enumerate() {
                    pieces.extend(pieces![if i == 0 { "" } else { ", " }, self.result_value(item)]);
                }
                pieces.extend(pieces![")"]);
                Node::expr(ty, pieces)
            }
            Ty::Array(..) | Ty::Struct(..) | Ty::F32 | Ty::I64 | Ty::Bool | Ty::Fn(..) => self.value(ty, 3),
        }
    }

    fn main(&mut self) -> Vec<Param> {
        let mut params = vec![param("x", Ty::floats(&[Dim::name("n")]), self.rng.percent(15))];
        let more = match self.flavour {
            Flavour::Mixed => 1 + self.rng.below(4),
            Flavour::Minimal | Flavour::Memory => 1 + self.rng.below(2),
        };
        for i in 0..more {
            let ty = self.param_type(&["n", "m", "n"], self.flavour == Flavour::Mixed);
            let lent = self.rng.percent(15);
            params.push(param(&format!("y{i}"), ty, lent));
        }
        if self.rng.percent(10) {
            params.push(param("z", Ty::floats(&[Dim::Plus("n".into(), 1)]), false));
        }
        let dims = self.bound(&mut params);
        if !params.iter().any(|p| p.ty == Ty::F64) {
            params.push(param("c", Ty::F64, false));
        }
        if self.rng.percent(20) {
            let below = Dim::name("n");
            let ty = Ty::ints(&[Dim::name(self.rng.pick(dims.as_slice()).as_str())]);
            params.push(Param { name: "idx".into(), ty, lent: false, below: Some(below) });
        }
        let result = self.main_result(&dims);
        let signature = Signature { name: MAIN.into(), dims, params, result, recursive: None, order: 0 };
        let outside = self.scope.len();
        self.enter(&signature);
        self.budget = 50 + self.rng.between(0, 60);
        let stmts = self.main_body();
        let value = signature.result.clone().map(|ty| self.result_value(&ty));
        self.push_function(&signature, stmts, value);
        self.scope.truncate(outside);
        signature.params
    }

    fn main_result(&mut self, dims: &[String]) -> Option<Ty> {
        let dim = Dim::name(self.rng.pick(dims).as_str());
        match self.rng.below(20) {
            0..=11 => Some(Ty::F64),
            12..=13 => Some(Ty::Tuple(vec![Ty::F64, Ty::F64])),
            14 => Some(Ty::floats(&[dim])),
            16 => Some(Ty::Tuple(vec![Ty::F64, Ty::floats(&[dim])])),
            17 if !self.structs.is_empty() && self.structs[0].dims.is_empty() => Some(Ty::Struct(0, vec![])),
            15 if self.singles => Some(Ty::F32),
            18 if self.singles => Some(Ty::Tuple(vec![Ty::F64, Ty::F32])),
            18 => Some(Ty::Tuple(vec![Ty::I64, Ty::F64])),
            19 => Some(Ty::floats(&[Dim::Lit(2), dim])),
            _ => Some(Ty::F64),
        }
    }

    /// Statements of `main`: two variables to begin with, then what must be, among random others.
    fn main_body(&mut self) -> Vec<Node> {
        let mut stmts: Vec<Node> = (0..2 + self.rng.below(2)).map(|_| self.mutable_float()).collect();
        if self.flavour != Flavour::Minimal {
            stmts.push(if self.rng.percent(50) { self.let_zeros() } else { self.let_array() });
        }
        let mut plan: Vec<Write> = Vec::new();
        let functions = if self.lambdas { 50 } else { 0 };
        let derivatives = if self.allowed > 0 { 75 } else { 0 };
        let singles = if self.singles { 80 } else { 0 };
        let matrices = if self.singles && self.allowed > 0 { 50 } else { 0 };
        let recursive = self.functions.iter().any(|s| s.recursive.is_some());
        let (calls, of_calls) = if recursive { (65, if self.allowed > 0 { 80 } else { 0 }) } else { (0, 0) };
        let wanted: [(u64, Write); 14] = [
            (singles, |w| Some(w.single_statement())),
            (matrices, |w| w.matrix_of_singles()),
            (calls, |w| w.call_of_recursion()),
            (of_calls, |w| w.derivative_of_recursion()),
            (30, |w| Some(w.sweep())),
            (derivatives, |w| w.let_derivative()),
            (functions, |w| Some(w.let_function())),
            (55, |w| Some(w.for_loop())),
            (25, |w| w.element_update()),
            (25, |w| Some(w.while_loop())),
            (25, |w| Some(w.exit())),
            (25, |w| w.call_statement()),
            (15, |w| w.swap()),
            (60, |w| Some(w.statement())),
        ];
        for (percent, write) in wanted {
            if self.rng.percent(percent) {
                let at = self.rng.below(plan.len() + 1);
                plan.insert(at, write);
            }
        }
        for write in plan {
            self.depth = 1;
            let stmt = write(self).unwrap_or_else(|| self.let_float());
            stmts.push(stmt);
        }
        let mut count = self.rng.below(3);
        if self.rng.percent(2) {
            // Long enough for whatever the compiler does only in large functions.
            self.note(Feature::Large);
            self.budget += 1000;
            count = 30 + self.rng.below(60);
        }
        stmts.extend(self.statements(count));
        stmts
    }

    pub(super) fn mutable_float(&mut self) -> Node {
        let value = self.float(2);
        let name = self.fresh("u");
        self.declare(&name, Ty::F64, true);
        Node::stmt(pieces![format!("let mut {name} = "), value, ";"])
    }
}
