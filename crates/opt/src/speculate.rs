//! Loops that add up run with plain products first.
//!
//! In: a function. Out: the same, with loops that write nothing run with plain products in place of strong ones, and run as they were if a sum came out as no number:
//!
//! ```text
//! v1 = for v2 in 0..d0 (v3: f64 = v0) {          v4 = for v2 in 0..d0 (v3: f64 = v0) {
//!   …                                              …
//!   v5 = smul v6, v7                       ⇒       v5 = mul v6, v7
//!   v8 = add v3, v5                                v8 = add v3, v5
//!   yield v8                                       yield v8
//! }                                              }
//!                                                v9 = cmp ne v4, v4
//!                                                v1 = if v9 { the loop as it was } else { yield v4 }
//! ```
//!
//! A plain product differs from a strong one only where the weight is zero: it may be a zero of the other sign, or NaN. NaN goes through all that the pass allows on its way, so that it shows in a
//! sum, or never counted. A zero's sign is lost in sums that start as anything but −0. Values that went through plain products may therefore be added, multiplied, chosen and carried, but not
//! compared, not divided by, and not be given to functions; what the primitive table says of the signs of zeros decides. So the bits are those of the loop as it was.
//!
//! What has effects besides its results is left alone, and so is what is large: the loop stands there twice. Functions of more than [`MOST`] instructions, derivatives of derivatives, wait for the compiler longer than for their
//! products. Loops that run only because others are doubted (`twice.rs`) stay as they are. It belongs behind all differentiation, to which it would be two loops.

use crate::{Mutant, Options, twice};
use adit_ir::bounds::Facts as Defs;
use adit_ir::loops::products;
use adit_ir::{Builder, CmpOp, Const, Copier, Function, Inst, Int, Module, Op, Plain, Prim, Region, Rewrite, Value};

/// Instructions of a loop that may stand there twice.
const LARGEST: usize = 300;

/// So many products of matrices in one nest of loops are a matter for kernels. Of more, as derivatives in many directions are, each kernel would read again what the loops read once.
const FEW: usize = 4;

/// Functions of more instructions stay as they are.
pub const MOST: usize = 1_000;

/// Rewrites one function.
pub fn run(_: &Module, f: &Function, options: Options) -> Option<Function> {
    if f.inst_count() > MOST || !f.insts().any(|i| plain_for(&i.op).is_some()) {
        return None;
    }
    let defs = Defs::new(f);
    let mut speculate = Speculate { facts: Facts::new(f, options), defs: &defs, options, found: false };
    let mut b = Builder::new(f.name.clone(), f.span);
    let mut copier = Copier::new(f);
    copier.copy_signature(&mut b);
    let returned = copier.copy_insts(&mut speculate, &mut b, f.body);
    speculate.found.then(|| b.finish(&returned))
}

/// The plain product for a strong one.
fn plain_for(op: &Op) -> Option<Prim> {
    match op {
        Op::Prim { prim, .. } => prim.row().algebra.left_not_zero,
        _ => None,
    }
}

struct Speculate<'f> {
    facts: Facts,
    defs: &'f Defs<'f>,
    options: Options,
    found: bool,
}

impl Rewrite for Speculate<'_> {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let op = &copier.source.inst(inst).op;
        if matches!(op, Op::If { .. }) && twice::is_choice(copier.source, self.defs, op) {
            copier.copy(&mut Plain, b, inst);
            return;
        }
        if matches!(op, Op::For { .. }) && is_for_kernels(copier.source, self.defs, inst) {
            copier.copy(&mut Plain, b, inst);
            return;
        }
        match self.facts.sums(copier.source, inst) {
            Some(sums) => {
                self.found = true;
                let checked = if self.options.has(Mutant::NanBelieved) { &[] } else { &sums[..] };
                twice(copier, b, inst, checked);
            }
            None => copier.copy(self, b, inst),
        }
    }
}

/// Whether a loop is nothing but a few products of matrices: their kernels try plain products first, too, and would not know them in two loops and a choice.
fn is_for_kernels(f: &Function, defs: &Defs<'_>, inst: Inst) -> bool {
    products::read(f, defs, inst).is_some_and(|nest| nest.tasks.len() <= FEW)
}

/// A loop with plain products, and as it was if one of these results of it is no number.
fn twice(copier: &mut Copier<'_>, b: &mut Builder, inst: Inst, sums: &[Value]) {
    copier.copy(&mut PlainProducts, b, inst);
    let mut wrong = b.bool(false);
    for sum in copier.map.values(sums) {
        let nan = b.cmp(CmpOp::Ne, sum, sum);
        wrong = b.select(nan, nan, wrong);
    }
    twice::otherwise(copier, b, inst, wrong);
}

struct PlainProducts;

impl Rewrite for PlainProducts {
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        let data = copier.source.inst(inst);
        match (&data.op, plain_for(&data.op)) {
            (Op::Prim { args, .. }, Some(plain)) => {
                let product = b.prim(plain, &copier.map.values(args));
                copier.map.set(data.results[0], Int::Value(product));
            }
            _ => copier.copy(self, b, inst),
        }
    }
}

/// What plain products do to a value.
#[derive(Clone, Copy, PartialEq)]
struct Fact {
    /// Whether they may make it NaN, or a zero of the other sign.
    touched: bool,
    /// Whether it may be −0, with these products or those.
    minus: bool,
}

/// What is not in the loop that is looked at is as it is.
const OUTSIDE: Fact = Fact { touched: false, minus: true };
/// What is in it is nothing until an instruction says so.
const UNSAID: Fact = Fact { touched: false, minus: false };

/// Facts about the values of a function, for one loop at a time.
struct Facts {
    facts: Vec<Fact>,
    options: Options,
    changed: bool,
}

impl Facts {
    fn new(f: &Function, options: Options) -> Self {
        let mut facts = Facts { facts: vec![OUTSIDE; f.value_count()], options, changed: false };
        f.walk(&mut |inst| facts.reset(f, inst, OUTSIDE));
        facts
    }

    /// The results of a loop that plain products touch, if it comes out the same with them, but for a NaN in one of these.
    fn sums(&mut self, f: &Function, inst: Inst) -> Option<Vec<Value>> {
        let data = f.inst(inst);
        if !matches!(data.op, Op::For { .. } | Op::While { .. }) || !is_quiet(f, inst) {
            return None;
        }
        self.reset_all(f, inst, UNSAID);
        let settled = self.settle(f, inst);
        let sums: Vec<Value> = data.results.iter().copied().filter(|&r| self.of(r).touched).collect();
        let told = settled.is_some() && !sums.is_empty() && sums.iter().all(|&r| !self.of(r).minus);
        self.reset_all(f, inst, OUTSIDE);
        told.then_some(sums)
    }

    /// Visits until nothing is new.
    fn settle(&mut self, f: &Function, inst: Inst) -> Option<()> {
        self.changed = true;
        while std::mem::take(&mut self.changed) {
            self.visit(f, inst)?;
        }
        Some(())
    }

    /// Begins again with all that is defined by an instruction and in it.
    fn reset_all(&mut self, f: &Function, inst: Inst, fact: Fact) {
        self.reset(f, inst, fact);
        for region in f.inst(inst).op.regions() {
            f.region(region).params.iter().for_each(|param| self.facts[param.index()] = fact);
            f.region(region).insts.iter().for_each(|&i| self.reset_all(f, i, fact));
        }
    }

    fn reset(&mut self, f: &Function, inst: Inst, fact: Fact) {
        let data = f.inst(inst);
        for result in &data.results {
            self.facts[result.index()] = match data.op {
                Op::Const(c) => Fact { touched: false, minus: is_minus(c) },
                _ => fact,
            };
        }
    }

    fn of(&self, v: Value) -> Fact {
        self.facts[v.index()]
    }

    /// A value may be what this fact says, too.
    fn join(&mut self, v: Value, Fact { touched, minus }: Fact) {
        let old = self.of(v);
        let new = Fact { touched: old.touched || touched, minus: old.minus || minus };
        self.changed |= new != old;
        self.facts[v.index()] = new;
    }

    fn flow(&mut self, from: &[Value], to: &[Value]) {
        for (&from, &to) in from.iter().zip(to) {
            self.join(to, self.of(from));
        }
    }

    /// What an instruction says of its results; nothing where plain products may do more than facts can say.
    fn visit(&mut self, f: &Function, inst: Inst) -> Option<()> {
        let data = f.inst(inst);
        match &data.op {
            Op::Load { .. } => self.join(data.results[0], OUTSIDE),
            Op::Cmp { a, b, .. } => {
                let touched = self.of(*a).touched || self.of(*b).touched;
                return (!touched || self.options.has(Mutant::ProductCompared)).then_some(());
            }
            Op::Prim { prim, args } => {
                let fact = self.primitive(*prim, args)?;
                self.join(data.results[0], fact);
            }
            Op::Select { then, otherwise, .. } => {
                self.flow(&[*then], &data.results);
                self.flow(&[*otherwise], &data.results);
            }
            Op::If { then, otherwise, .. } => {
                for &region in [then, otherwise] {
                    self.region(f, region)?;
                    self.flow(&f.region(region).yields, &data.results);
                }
            }
            Op::For { inits, body, .. } => {
                self.carried(f, inits, *body, &f.region(*body).params[1..], &data.results)?
            }
            Op::While { inits, cond, body, .. } => {
                self.carried(f, inits, *body, &f.region(*body).params, &data.results)?;
                self.flow(&data.results, &f.region(*cond).params);
                self.region(f, *cond)?;
            }
            _ => {}
        }
        Some(())
    }

    fn region(&mut self, f: &Function, region: Region) -> Option<()> {
        f.region(region).insts.iter().try_for_each(|&inst| self.visit(f, inst))
    }

    fn carried(
        &mut self,
        f: &Function,
        inits: &[Value],
        body: Region,
        params: &[Value],
        after: &[Value],
    ) -> Option<()> {
        self.flow(inits, params);
        self.region(f, body)?;
        self.flow(&f.region(body).yields, params);
        self.flow(params, after);
        Some(())
    }

    fn primitive(&self, prim: Prim, args: &[Value]) -> Option<Fact> {
        let plain = prim.row().algebra.left_not_zero;
        let algebra = &plain.unwrap_or(prim).row().algebra;
        let says = |column: [bool; 2], place: usize| column.get(place).copied().unwrap_or(false);
        let touched: Vec<usize> = (0..args.len()).filter(|&k| self.of(args[k]).touched).collect();
        let passes = touched.iter().all(|&k| says(algebra.unsigned, k));
        let plus = (0..args.len()).any(|k| says(algebra.not_minus, k) && !self.of(args[k]).minus);
        passes.then_some(Fact { touched: plain.is_some() || !touched.is_empty(), minus: !plus })
    }
}

fn is_minus(c: Const) -> bool {
    c.as_float().is_some_and(|x| x == 0.0 && x.is_sign_negative())
}

/// Whether an instruction does nothing but compute its results, so that it may be run again, and is not large.
pub(crate) fn is_quiet(f: &Function, inst: Inst) -> bool {
    let mut count = 0;
    let mut open = vec![inst];
    while let Some(inst) = open.pop() {
        count += 1;
        let op = &f.inst(inst).op;
        let writes = match op.effect() {
            adit_ir::Effect::Alloc | adit_ir::Effect::Write => !matches!(op, Op::Assert { .. }),
            adit_ir::Effect::Pure | adit_ir::Effect::Trap | adit_ir::Effect::Read | adit_ir::Effect::Regions => false,
        };
        if writes || count > LARGEST {
            return false;
        }
        open.extend(op.regions().into_iter().flat_map(|r| f.region(r).insts.iter().copied()));
    }
    true
}
