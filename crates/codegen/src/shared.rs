//! Loops of a large function are functions of their own; those that it contains several times are compiled once.
//!
//! In: a large function. Out: [`Shared`]: small functions, and which loops are calls of which of them, with what.
//!
//! ```text
//! for v7 in 0..d0 { v8 = load v1[v7]; tape.push v5, (v8) }          call shared0(d0, v1, v5)
//! …                                                            ⇒    …
//! for v97 in 0..d1 { v98 = load v4[v97]; tape.push v6, (v98) }      call shared0(d1, v4, v6)
//! ```
//!
//! Derivatives of derivatives of programs with small matrices are hundreds of loops that copy, add and multiply; most differ from others in nothing but the arrays. Those that are like no other become functions too: several are
//! compiled at once, and between them there is only [glue](crate::glue). What a loop mentions from outside
//! becomes parameters, of which extents of arrays are dimensions, so that as much is known of subscripts as before; literals are copied. The small functions are no functions of the program: calling
//! one is no step and no level of depth, and what stops the program in one has the place that it has in the loop that was called.
//!
//! Loops that call functions or print stay where they are, and so do large ones.

use adit_diag::Span;
use adit_ir::bounds::Facts;
use adit_ir::same::{same, set_regions};
use adit_ir::{Function, Inst, Int, Op, OperandMap, Region, Type, Value, Values};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::{Hash, Hasher};
use std::mem::discriminant;

/// The most instructions of a loop that is compared with others.
const MOST: usize = 100;

/// A loop that is a call.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    /// Which small function it calls.
    pub(crate) class: usize,
    /// What it passes: dimensions, then parameters.
    pub(crate) args: Vec<Value>,
    /// Its spans, one for each of the small function's.
    pub(crate) spans: Vec<Span>,
}

/// A loop that one or several instances have.
#[derive(Debug)]
pub(crate) struct Class {
    pub(crate) function: Function,
    /// Its spans, without repetition, in the order of the instructions.
    pub(crate) spans: Vec<Span>,
    /// How many it has.
    pub(crate) instances: usize,
}

/// The loops of a function that have become functions.
#[derive(Default, Debug)]
pub(crate) struct Shared {
    pub(crate) classes: Vec<Class>,
    instances: FxHashMap<Inst, Instance>,
}

impl Shared {
    /// Finds them.
    pub(crate) fn new(f: &Function, facts: &Facts<'_>) -> Self {
        let mut finder =
            Finder { f, facts, to: vec![None; f.value_count()], found: Vec::new(), by_hash: FxHashMap::default() };
        finder.region(f.body);
        finder.shared()
    }

    /// The call that stands for an instruction.
    pub(crate) fn instance(&self, inst: Inst) -> Option<&Instance> {
        self.instances.get(&inst)
    }
}

/// A loop as a function, and where it is found.
struct Found {
    outline: Outline,
    at: Vec<(Inst, Vec<Value>, Vec<Span>)>,
}

struct Finder<'a> {
    f: &'a Function,
    facts: &'a Facts<'a>,
    /// What values have become in the loop at hand.
    to: Vec<Option<Value>>,
    found: Vec<Found>,
    by_hash: FxHashMap<u64, Vec<usize>>,
}

impl Finder<'_> {
    fn region(&mut self, region: Region) {
        let f = self.f;
        for &inst in &f.region(region).insts {
            let op = &f.inst(inst).op;
            match self.size(inst) {
                Some(_) if matches!(op, Op::For { .. }) => self.add(inst),
                Some(_) | None => op.regions().into_iter().for_each(|inner| self.region(inner)),
            }
        }
    }

    /// How many instructions there are, if few and none that cannot be elsewhere.
    fn size(&self, inst: Inst) -> Option<usize> {
        let f = self.f;
        let op = &f.inst(inst).op;
        if matches!(op, Op::Call { .. } | Op::Print { .. }) {
            return None;
        }
        let mut size = 1;
        for &inner in op.regions().iter().flat_map(|&r| &f.region(r).insts) {
            size += self.size(inner)?;
            if size > MOST {
                return None;
            }
        }
        Some(size)
    }

    fn add(&mut self, inst: Inst) {
        let outline = Outline::of(self.f, self.facts, &mut self.to, inst);
        let like = self.by_hash.entry(outline.hash.finish()).or_default();
        let known = like.iter().copied().find(|&k| self.found[k].outline.is_like(&outline));
        let at = (inst, outline.args(), outline.spans.clone());
        match known {
            Some(k) => self.found[k].at.push(at),
            None => {
                like.push(self.found.len());
                self.found.push(Found { outline, at: vec![at] });
            }
        }
    }

    /// One class for each.
    fn shared(self) -> Shared {
        let mut shared = Shared::default();
        for Found { outline, at } in self.found {
            let instances = at.len();
            for (inst, args, spans) in at {
                shared.instances.insert(inst, Instance { class: shared.classes.len(), args, spans });
            }
            shared.classes.push(Class { function: outline.function, spans: outline.spans, instances });
        }
        shared
    }
}

/// A loop on its way to a function.
struct Outline {
    function: Function,
    /// Literals from outside.
    literals: Vec<Inst>,
    /// Other values from outside: in the function, in the whole, and whether an array has that extent.
    outside: Vec<(Value, Value, bool)>,
    spans: Vec<Span>,
    /// The place in `spans` of each instruction's.
    places: Vec<usize>,
    hash: FxHasher,
}

/// An outline under way.
struct Draft<'a, 'o> {
    f: &'a Function,
    facts: &'a Facts<'a>,
    to: &'o mut Vec<Option<Value>>,
    touched: Vec<Value>,
    outline: Outline,
}

impl Outline {
    fn of(f: &Function, facts: &Facts<'_>, to: &mut Vec<Option<Value>>, inst: Inst) -> Self {
        let outline = Outline {
            function: Function::new("shared", f.inst(inst).span),
            literals: Vec::new(),
            outside: Vec::new(),
            spans: Vec::new(),
            places: Vec::new(),
            hash: FxHasher::default(),
        };
        let mut draft = Draft { f, facts, to, touched: Vec::new(), outline };
        let copy = draft.inst(inst);
        let Draft { touched, mut outline, .. } = draft;
        touched.into_iter().for_each(|v| to[v.index()] = None);
        outline.close(copy);
        outline
    }

    /// Gives the function its signature and its body.
    fn close(&mut self, inst: Inst) {
        let f = &mut self.function;
        for &(value, _, extent) in &self.outside {
            if extent {
                f.dims.push(value);
            } else {
                f.params.push(adit_ir::Param { value, passing: adit_ir::Passing::Mut });
            }
        }
        let results = f.inst(inst).results.clone();
        f.results = results.iter().filter_map(|&r| f.ty(r).scalar()).collect();
        let body = f.body;
        let literals = std::mem::take(&mut self.literals);
        f.region_mut(body).insts = literals.into_iter().chain([inst]).collect();
        f.region_mut(body).yields = results;
    }

    /// The values of the whole that are passed: dimensions, then parameters.
    fn args(&self) -> Vec<Value> {
        let of = |extent: bool| self.outside.iter().filter(move |o| o.2 == extent).map(|o| o.1);
        of(true).chain(of(false)).collect()
    }

    fn is_like(&self, other: &Outline) -> bool {
        self.places == other.places && same(&self.function, &other.function)
    }

    fn note(&mut self, what: impl Hash) {
        what.hash(&mut self.hash);
    }

    /// Takes down the span of an instruction.
    fn locate(&mut self, span: Span) {
        let place = self.spans.iter().position(|&s| s == span).unwrap_or(self.spans.len());
        if place == self.spans.len() {
            self.spans.push(span);
        }
        self.places.push(place);
    }
}

impl Draft<'_, '_> {
    fn inst(&mut self, inst: Inst) -> Inst {
        let data = self.f.inst(inst);
        self.outline.locate(data.span);
        self.outline.note(discriminant(&data.op));
        if let Op::Prim { prim, .. } = data.op {
            self.outline.note(prim);
        }
        data.op.visit_operands(&mut |v| {
            let v = self.value(v);
            self.outline.note(v);
        });
        let mut op = data.op.clone();
        op.map_operands(&Names(self.to));
        let regions: Vec<Region> = op.regions().into_iter().map(|region| self.region(region)).collect();
        set_regions(&mut op, &regions);
        let results = self.define_all(&data.results);
        self.outline.function.add_inst(op, results, data.span)
    }

    fn region(&mut self, region: Region) -> Region {
        let f = self.f;
        let copy = self.outline.function.add_region();
        let params = self.define_all(&f.region(region).params);
        let insts: Vec<Inst> = f.region(region).insts.iter().map(|&inst| self.inst(inst)).collect();
        let yields: Values = f.region(region).yields.iter().map(|&v| self.value(v)).collect();
        self.outline.note((insts.len(), &yields));
        let data = self.outline.function.region_mut(copy);
        (data.params, data.insts, data.yields) = (params.to_vec(), insts, yields);
        copy
    }

    fn define_all(&mut self, values: &[Value]) -> Values {
        values.iter().map(|&v| self.define(v)).collect()
    }

    /// A value that is defined inside. Only what exists when the loop begins says of its extents that they are not negative.
    fn define(&mut self, v: Value) -> Value {
        let ty = self.ty(v, false);
        self.add(v, ty)
    }

    fn add(&mut self, v: Value, ty: Type) -> Value {
        let copy = self.outline.function.add_value(ty);
        self.to[v.index()] = Some(copy);
        self.touched.push(v);
        copy
    }

    /// The type of a value; its extents are values of the outline, and dimensions of the function if it is from outside.
    fn ty(&mut self, v: Value, outside: bool) -> Type {
        match self.f.ty(v) {
            Type::Array(array) => {
                let mut array = array.clone();
                for dim in &mut array.dims {
                    if let Int::Value(extent) = *dim {
                        *dim = Int::Value(if outside { self.extent(extent) } else { self.value(extent) });
                    }
                }
                Type::Array(array)
            }
            other @ (Type::Scalar(_) | Type::Tape(_)) => other.clone(),
        }
    }

    fn extent(&mut self, v: Value) -> Value {
        let copy = self.value(v);
        if let Some(outside) = self.outline.outside.iter_mut().find(|outside| outside.0 == copy) {
            outside.2 = true;
        }
        copy
    }

    /// What stands for a value, from outside if nothing inside has defined it.
    fn value(&mut self, v: Value) -> Value {
        if let Some(known) = self.to[v.index()] {
            return known;
        }
        let ty = self.ty(v, true);
        let copy = self.add(v, ty);
        match self.facts.def(v) {
            Some(literal @ Op::Const(_)) => {
                let span = self.outline.function.span;
                let inst = self.outline.function.add_inst(literal.clone(), [copy].into_iter().collect(), span);
                self.outline.literals.push(inst);
            }
            _ => self.outline.outside.push((copy, v, false)),
        }
        copy
    }
}

/// What values have become.
struct Names<'a>(&'a [Option<Value>]);

impl OperandMap for Names<'_> {
    fn value(&self, v: Value) -> Value {
        self.0[v.index()].expect("operands are named before they are mapped")
    }
}
