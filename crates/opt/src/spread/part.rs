//! A loop as a function of its bounds.
//!
//! In: a loop that can be divided. Out: a [`Part`]: the loop alone, with its bounds, then all that it mentions as parameters, sums beginning with nothing; and what to pass for the parameters. Literals are copied, and so are tapes that begin empty; extents of
//! arrays are dimensions, so that as much is known of subscripts as before.

use super::defined;
use adit_ir::bounds::Facts;
use adit_ir::loops::Spread;
use adit_ir::{Bounds, Builder, Const, Copier, Function, Inst, Int, Op, Passing, Plain, Type, Value, Values};

/// A loop as a function.
pub(super) struct Part {
    /// Its name is nobody's yet.
    pub(super) function: Function,
    /// What is passed behind the bounds.
    pub(super) captured: Vec<Value>,
    pub(super) spread: Spread,
}

/// The part that a loop becomes.
pub(super) fn of(f: &Function, facts: &Facts<'_>, inst: Inst, spread: Spread) -> Part {
    let mut b = Builder::new("part", f.inst(inst).span);
    let mut copier = Copier::new(f);
    let range = [0, 1].map(|_| b.param(Type::I64, Passing::ByValue));
    let free = mentioned(f, inst);
    let (made, captured): (Vec<Value>, Vec<Value>) =
        free.into_iter().partition(|&v| matches!(facts.def(v), Some(Op::Const(_) | Op::TapeNew { .. })));
    let (arrays, scalars): (Vec<Value>, Vec<Value>) = captured.into_iter().partition(|&v| f.ty(v).array().is_some());
    arrays.iter().for_each(|&array| pass_array(&mut copier, &mut b, array, &spread));
    let scalars: Vec<Value> = scalars.into_iter().filter(|&v| copier.map.get(v).is_none()).collect();
    for &v in &scalars {
        let param = b.param(f.ty(v).clone(), Passing::ByValue);
        copier.map.set(v, param);
    }
    for v in made {
        if let (None, Some(op)) = (copier.map.get(v), facts.def(v)) {
            let copy = b.push_one(op.clone(), f.ty(v).clone());
            copier.map.set(v, copy);
        }
    }
    let results = body(&mut copier, &mut b, facts, (inst, &spread), range);
    Part { function: b.finish(&results), captured: arrays.into_iter().chain(scalars).collect(), spread }
}

/// Declares an array of the whole, whose extents become dimensions.
fn pass_array(copier: &mut Copier<'_>, b: &mut Builder, array: Value, spread: &Spread) {
    let source = copier.source;
    for dim in source.ty(array).array().into_iter().flat_map(|ty| &ty.dims).filter_map(|dim| dim.value()) {
        if copier.map.get(dim).is_none() {
            let to = b.dim();
            copier.map.set(dim, to);
        }
    }
    let written = spread.own.contains(&array) || spread.summed.contains(&array);
    let passing = if written { Passing::Mut } else { Passing::ByValue };
    let param = b.param(copier.map.ty(source.ty(array)), passing);
    copier.map.set(array, param);
}

/// The loop over the range.
fn body(
    copier: &mut Copier<'_>,
    b: &mut Builder,
    facts: &Facts<'_>,
    (inst, spread): (Inst, &Spread),
    range: [Value; 2],
) -> Values {
    let source = copier.source;
    let Op::For { step, reversed, inits, body, .. } = &source.inst(inst).op else { return Values::new() };
    let [lo, hi] = range.map(Int::Value);
    let bounds = Bounds { lo, hi, step: facts.literal(*step).map_or(*step, Int::Const), reversed: *reversed };
    let nothing = |(&init, reduction): (&Value, &adit_ir::loops::Reduction)| {
        let ty = source.ty(init).scalar()?;
        reduction.nothing(ty)
    };
    let begins: Vec<Const> = inits.iter().zip(&spread.carried).filter_map(nothing).collect();
    let begins: Values = begins.into_iter().map(|c| b.constant(c)).collect();
    let body = copier.copy_region(&mut Plain, b, *body);
    b.set_span(source.inst(inst).span);
    let copy = b.for_(bounds, &begins, body);
    b.results(copy)
}

/// What an instruction mentions that it does not define: its operands (of a loop neither bounds nor what it begins with) and those of all that is in it, each once.
fn mentioned(f: &Function, inst: Inst) -> Vec<Value> {
    let mut all = Vec::new();
    for region in f.inst(inst).op.regions() {
        f.walk_region(region, &mut |inner| {
            let op = &f.inst(inner).op;
            op.visit_operands(&mut |v| all.push(v));
            all.extend(op.regions().iter().flat_map(|&region| &f.region(region).yields).copied());
        });
        all.extend(f.region(region).yields.iter().copied());
    }
    let mut known = defined(f, inst);
    all.retain(|&v| known.insert(v));
    all
}
