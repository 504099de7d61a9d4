//! What the numbers of a loop's body are sums of.
//!
//! In: the body of a loop, instruction by instruction. Out: [`Forms`], for each number of it a [`Form`]: terms, each a product of numbers that change from iteration to iteration times a coefficient that does not.
//!
//! ```text
//! v5 = sub v3, v4          v5 = 1 · v5            the difference of two that change is a number of its own
//! v6 = mul v5, v0          v6 = v0 · v5
//! v7 = mul v6, v6    ⇒     v7 = v0² · v5 v5
//! v8 = sub v7, v1          v8 = v0² · v5 v5 − v1 · (nothing)
//! v9 = add v2, v8          v9 = v2 + what v8 is, if v2 is carried
//! ```
//!
//! A sum is taken apart where one of its terms alone changes, or where it is added to something carried; the difference of a number and one that stays is not: it may be small, and its parts are not. What this
//! file cannot see through is a number of its own, an *atom*. Nothing is rewritten here.
//!
//! What strong products make of numbers that stay, tangents of what does not change in the loop, is a *derivative's* sum: linear in each of those numbers. It is taken apart, and multiplied out, as long as no two of its terms have the same one:
//!
//! ```text
//! v5 = smul v0, v3         v5 = v0 · v3
//! v6 = add v1, v5          v6 = v0 · v3 + v1 · (nothing)
//! v7 = smul v6, v4   ⇒     v7 = v0 · v3 v4 + v1 · v4          Σ v3 v4 and Σ v4 are partial derivatives, and those of every direction
//! ```
//!
//! So forward mode adds up what reverse mode adds up, once for all lanes, and is rounded as a gradient times a direction is. Terms of one such number, as in ẇ x − ẇ y, stay together: x − y may be small.

use adit_ir::bounds::Facts;
use adit_ir::prim::Linear;
use adit_ir::{Builder, Copier, Function, Inst, Op, OperandMap, Prim, Type, Value};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// The most numbers in a product, and the most terms of a sum.
const MOST: usize = 6;

/// A product of numbers that change, in order; nothing is 1.
pub(super) type Monomial = SmallVec<[Value; 2]>;

/// What does not change: a literal times an expression, if there is one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Coefficient {
    scale: f64,
    rest: Option<usize>,
    /// A number that the coefficient is a multiple of; of a strong product it is in the first factor.
    of: Option<Value>,
}

/// An expression of what does not change. Parts stand before what they are part of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Node {
    Value(Value),
    Product(usize, usize),
    /// Nothing on top is 1.
    Quotient(Option<usize>, usize),
    /// With the bits of their literals.
    Sum([(u64, Option<usize>); 2]),
}

/// A number as a sum.
#[derive(Clone, Default, Debug)]
pub(super) struct Form {
    /// Something carried that is part of it, once.
    pub(super) carried: Option<Value>,
    pub(super) terms: SmallVec<[(Monomial, Coefficient); 2]>,
    /// Whether strong products of what stays are among its terms.
    pub(super) derivative: bool,
}

impl Coefficient {
    const ONE: Coefficient = Coefficient { scale: 1.0, rest: None, of: None };

    fn is_unit(self) -> bool {
        self.rest.is_none() && self.scale.abs() == 1.0
    }

    /// Whether it is 1.
    pub(super) fn is_one(self) -> bool {
        self.is_unit() && self.is_positive()
    }

    /// Whether its literal is not below 0.
    pub(super) fn is_positive(self) -> bool {
        !self.scale.is_sign_negative()
    }

    /// The same with a literal that is not below 0.
    pub(super) fn size(self) -> Coefficient {
        Coefficient { scale: self.scale.abs(), ..self }
    }

    /// Whether it is a literal.
    pub(super) fn is_literal(self) -> bool {
        self.rest.is_none()
    }

    fn times(self, factor: f64) -> Coefficient {
        Coefficient { scale: self.scale * factor, ..self }
    }
}

impl Form {
    fn of(monomial: Monomial, coefficient: Coefficient) -> Form {
        Form { carried: None, terms: SmallVec::from_iter([(monomial, coefficient)]), derivative: false }
    }

    fn atom(v: Value) -> Form {
        Form::of(SmallVec::from_slice(&[v]), Coefficient::ONE)
    }

    /// The coefficient, if nothing in it changes.
    fn constant(&self) -> Option<Coefficient> {
        match (&self.carried, &self.terms[..]) {
            (None, [(monomial, coefficient)]) if monomial.is_empty() => Some(*coefficient),
            _ => None,
        }
    }

    /// Whether all terms are multiples of different numbers that stay.
    fn is_multilinear(&self) -> bool {
        let of = |at: usize| self.terms[at].1.of;
        (0..self.terms.len()).all(|at| of(at).is_some() && (0..at).all(|other| of(other) != of(at)))
    }
}

/// Forms of the numbers of one loop's body.
pub(super) struct Forms<'f> {
    f: &'f Function,
    facts: &'f Facts<'f>,
    /// Which values are defined in the loop.
    inside: &'f dyn Fn(Value) -> bool,
    /// What the loop carries.
    carried: &'f [Value],
    forms: FxHashMap<Value, Form>,
    nodes: Vec<Node>,
    known: FxHashMap<Node, usize>,
}

impl<'f> Forms<'f> {
    pub(super) fn new(
        f: &'f Function,
        facts: &'f Facts<'f>,
        inside: &'f dyn Fn(Value) -> bool,
        carried: &'f [Value],
    ) -> Self {
        let (forms, known) = Default::default();
        Forms { f, facts, inside, carried, forms, nodes: Vec::new(), known }
    }

    /// What a number is a sum of.
    pub(super) fn form(&mut self, v: Value) -> Form {
        if let Some(Op::Const(c)) = self.facts.def(v)
            && let Some(scale) = c.as_float()
        {
            return Form::of(Monomial::new(), Coefficient { scale, ..Coefficient::ONE });
        }
        if !(self.inside)(v) {
            let rest = Some(self.node(Node::Value(v)));
            return Form::of(Monomial::new(), Coefficient { rest, of: Some(v), ..Coefficient::ONE });
        }
        if self.carried.contains(&v) {
            return Form { carried: Some(v), ..Form::default() };
        }
        self.forms.get(&v).cloned().unwrap_or_else(|| Form::atom(v))
    }

    /// Reads the next instruction of the body.
    pub(super) fn read(&mut self, inst: Inst) {
        let data = self.f.inst(inst);
        let (Op::Prim { prim, args }, &[result]) = (&data.op, &data.results[..]) else { return };
        if *self.f.ty(result) != Type::F64 {
            return;
        }
        let form = match prim.row().algebra.linear {
            Some(Linear::Sum(weights)) => self.sum(args, weights),
            Some(Linear::Product) => {
                let is_strong = prim.row().algebra.left_not_zero.is_some();
                self.product(args[0], args[1], is_strong)
            }
            Some(Linear::Quotient) => self.quotient(args[0], args[1]),
            None => None,
        };
        if let Some(form) = form {
            self.forms.insert(result, form);
        }
    }

    fn sum(&mut self, args: &[Value], weights: &[f64]) -> Option<Form> {
        let mut sum = Form::default();
        let mut of_derivatives = true;
        for (&arg, &weight) in args.iter().zip(weights) {
            let form = self.form(arg);
            of_derivatives &= form.derivative || form.constant().is_some();
            sum.derivative |= form.derivative;
            if form.carried.is_some() && (sum.carried.is_some() || weight != 1.0) {
                return None;
            }
            sum.carried = sum.carried.or(form.carried);
            for (monomial, coefficient) in form.terms {
                self.add(&mut sum, monomial, coefficient.times(weight))?;
            }
        }
        let changing = || sum.terms.iter().filter(|(monomial, _)| !monomial.is_empty());
        let centred = || sum.terms.len() > 1 && changing().any(|(monomial, c)| monomial.len() == 1 && c.is_unit());
        let apart = sum.carried.is_some() || changing().count() < 2 && !centred();
        let apart = apart || of_derivatives && sum.derivative && sum.is_multilinear();
        (apart && sum.terms.len() <= MOST).then_some(sum)
    }

    fn add(&mut self, to: &mut Form, monomial: Monomial, more: Coefficient) -> Option<()> {
        let Some(at) = to.terms.iter().position(|(m, _)| *m == monomial) else {
            to.terms.push((monomial, more));
            return Some(());
        };
        let now = to.terms[at].1;
        let sum = if now.rest == more.rest {
            Coefficient { scale: now.scale + more.scale, ..now }
        } else {
            let parts = [now, more].map(|c| (c.scale.to_bits(), c.rest));
            Coefficient {
                scale: 1.0,
                rest: Some(self.node(Node::Sum(parts))),
                of: now.of.filter(|_| now.of == more.of),
            }
        };
        // Terms that cancel may be what is no number.
        to.terms[at].1 = sum;
        (sum.scale != 0.0).then_some(())
    }

    fn product(&mut self, a: Value, b: Value, is_strong: bool) -> Option<Form> {
        let (first, second) = (self.form(a), self.form(b));
        if first.carried.is_some() || second.carried.is_some() {
            return None;
        }
        match (first.constant(), second.constant()) {
            (Some(c), None) => {
                let mut product = self.scaled(second, b, c);
                if is_strong && let [(_, of)] = &mut product.terms[..] {
                    (of.of, product.derivative) = (c.of, c.of.is_some());
                }
                Some(product)
            }
            (Some(c), Some(_)) => Some(self.scaled(second, b, c)),
            (None, Some(c)) => Some(self.scaled(first, a, c)),
            (None, None) if first.derivative => self.multiplied(first, second, b),
            (None, None) if second.derivative => self.multiplied(second, first, a),
            (None, None) => {
                let (monomial, coefficient) = single(first, a);
                self.multiplied(Form::of(monomial, coefficient), second, b)
            }
        }
    }

    /// Each term times a number that changes.
    fn multiplied(&mut self, mut form: Form, by: Form, v: Value) -> Option<Form> {
        let (monomial, by) = single(by, v);
        for (m, c) in &mut form.terms {
            m.extend_from_slice(&monomial);
            m.sort_unstable();
            *c = self.times(*c, by);
        }
        form.terms.iter().all(|(m, _)| m.len() <= MOST).then_some(form)
    }

    fn quotient(&mut self, a: Value, b: Value) -> Option<Form> {
        let (top, bottom) = (self.form(a), self.form(b).constant()?);
        if top.carried.is_some() {
            return None;
        }
        let rest = bottom.rest.map(|rest| self.node(Node::Quotient(None, rest)));
        Some(self.scaled(top, a, Coefficient { scale: 1.0 / bottom.scale, rest, of: None }))
    }

    /// A number times a coefficient. What is linear in a number and has a part that stays is one number, since its square is to come, unless it is a derivative's.
    fn scaled(&mut self, mut form: Form, v: Value, by: Coefficient) -> Form {
        if form.terms.len() > 1 && !form.derivative && form.terms.iter().all(|(monomial, _)| monomial.len() < 2) {
            return Form::of(SmallVec::from_slice(&[v]), by);
        }
        for (_, coefficient) in &mut form.terms {
            *coefficient = self.times(*coefficient, by);
        }
        form
    }

    /// A multiple of what the first is a multiple of.
    fn times(&mut self, a: Coefficient, b: Coefficient) -> Coefficient {
        let rest = match (a.rest, b.rest) {
            (Some(x), Some(y)) => Some(self.product_of(x, y)),
            (rest, None) | (None, rest) => rest,
        };
        Coefficient { scale: a.scale * b.scale, rest, of: a.of }
    }

    fn product_of(&mut self, x: usize, y: usize) -> usize {
        match self.nodes[y] {
            Node::Quotient(None, bottom) => self.node(Node::Quotient(Some(x), bottom)),
            _ => self.node(Node::Product(x.min(y), x.max(y))),
        }
    }

    fn node(&mut self, node: Node) -> usize {
        *self.known.entry(node).or_insert_with(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    /// The expressions, to be written down.
    pub(super) fn expressions(self) -> Expressions {
        let written = vec![None; self.nodes.len()];
        Expressions { nodes: self.nodes, written }
    }
}

/// A number as one product: itself, if it is a sum.
fn single(form: Form, v: Value) -> (Monomial, Coefficient) {
    match <[_; 1]>::try_from(form.terms.into_vec()) {
        Ok([term]) => term,
        Err(_) => (SmallVec::from_slice(&[v]), Coefficient::ONE),
    }
}

/// Expressions of what does not change, and those of them that are written down.
pub(super) struct Expressions {
    nodes: Vec<Node>,
    written: Vec<Option<Value>>,
}

impl Expressions {
    /// Writes a coefficient down, in the builder's names.
    pub(super) fn write(&mut self, copier: &Copier<'_>, b: &mut Builder, c: Coefficient) -> Value {
        let Some(last) = c.rest else { return b.f64(c.scale) };
        let mut wanted = vec![false; last + 1];
        wanted[last] = true;
        for at in (0..=last).rev().filter(|&at| self.written[at].is_none()) {
            if std::mem::take(&mut wanted[at]) {
                parts(self.nodes[at]).into_iter().flatten().for_each(|part| wanted[part] = true);
                wanted[at] = true;
            }
        }
        for at in (0..=last).filter(|&at| wanted[at]) {
            if self.written[at].is_none() {
                self.written[at] = Some(self.node(copier, b, self.nodes[at]));
            }
        }
        self.scaled(b, c.scale, last)
    }

    fn node(&self, copier: &Copier<'_>, b: &mut Builder, node: Node) -> Value {
        match node {
            Node::Value(v) => copier.map.value(v),
            Node::Product(x, y) => {
                let args = [x, y].map(|part| self.scaled(b, 1.0, part));
                b.prim(Prim::Mul, &args)
            }
            Node::Quotient(top, bottom) => {
                let top = match top {
                    Some(top) => self.scaled(b, 1.0, top),
                    None => b.f64(1.0),
                };
                let bottom = self.scaled(b, 1.0, bottom);
                b.prim(Prim::Div, &[top, bottom])
            }
            Node::Sum(parts) => {
                let args = parts.map(|(scale, part)| match (f64::from_bits(scale), part) {
                    (scale, Some(part)) => self.scaled(b, scale, part),
                    (scale, None) => b.f64(scale),
                });
                b.prim(Prim::Add, &args)
            }
        }
    }

    fn scaled(&self, b: &mut Builder, scale: f64, part: usize) -> Value {
        let part = self.written[part].expect("parts are written before what they are part of");
        match scale {
            1.0 => part,
            -1.0 => b.prim(Prim::Neg, &[part]),
            _ => {
                let scale = b.f64(scale);
                b.prim(Prim::Mul, &[scale, part])
            }
        }
    }
}

fn parts(node: Node) -> [Option<usize>; 2] {
    match node {
        Node::Value(_) => [None, None],
        Node::Product(x, y) => [Some(x), Some(y)],
        Node::Quotient(top, bottom) => [top, Some(bottom)],
        Node::Sum([x, y]) => [x.1, y.1],
    }
}
