//! Copying regions from one function into another, with a chance to say otherwise at each instruction.
//!
//! In: a source function, a builder, and a map from the source's values to the builder's. Out: the same instructions under the builder's names. A pass
//! implements [`Rewrite`] and overrides only the instructions it cares about; inlining and the derivative passes copy the rest unchanged. Nothing is optimised here.

use crate::build::Builder;
use crate::entities::{Inst, Region, Value};
use crate::func::Function;
use crate::inst::{Op, OperandMap, Values};
use crate::types::{ArrayType, Int, Type};
use adit_diag::Span;

/// What a source value has become: another value, or (for integers) a literal.
#[derive(Clone, Default, Debug)]
pub struct ValueMap {
    to: Vec<Option<Int>>,
    /// Where a source value has become a literal, the value that stands for it as an operand that must be one.
    literals: Vec<(Value, Value)>,
}

impl ValueMap {
    /// An empty map for the values of `source`.
    pub fn new(source: &Function) -> Self {
        ValueMap { to: vec![None; source.value_count()], literals: Vec::new() }
    }

    /// States what `from` has become.
    pub fn set(&mut self, from: Value, to: impl Into<Int>) {
        self.to[from.index()] = Some(to.into());
    }

    /// States that `from` has become a literal, and which value holds it for operands that can't be literals.
    pub fn set_literal(&mut self, from: Value, literal: i64, value: Value) {
        self.set(from, Int::Const(literal));
        self.literals.push((from, value));
    }

    /// What `from` has become, if that was stated.
    pub fn get(&self, from: Value) -> Option<Int> {
        self.to[from.index()]
    }

    /// The type of a source value, in the builder's names.
    pub fn ty(&self, ty: &Type) -> Type {
        match ty {
            Type::Array(a) => Type::Array(self.array_ty(a)),
            Type::Scalar(_) | Type::Tape(_) => ty.clone(),
        }
    }

    /// The type of a source array, in the builder's names.
    pub fn array_ty(&self, ty: &ArrayType) -> ArrayType {
        ArrayType { element: ty.element, dims: ty.dims.iter().map(|&d| self.int(d)).collect() }
    }

    /// The values of a list, in the builder's names.
    pub fn values(&self, from: &[Value]) -> Values {
        let mut to = Values::new();
        for &v in from {
            to.push(self.value(v));
        }
        to
    }
}

impl OperandMap for ValueMap {
    fn value(&self, v: Value) -> Value {
        let mapped = self.get(v).expect("a value is copied before its use");
        let literal = || self.literals.iter().find(|(from, _)| *from == v).map(|&(_, to)| to);
        mapped.value().or_else(literal).expect("a literal that is used as a value has one")
    }

    fn int(&self, i: Int) -> Int {
        match i {
            Int::Const(c) => Int::Const(c),
            Int::Value(v) => self.get(v).expect("a value is copied before its use"),
        }
    }
}

/// A copy that may differ from the original.
pub trait Rewrite {
    /// Emits what stands for `inst` of the source. The default copies it.
    fn inst(&mut self, copier: &mut Copier<'_>, b: &mut Builder, inst: Inst) {
        copier.copy(self, b, inst);
    }

    /// The region of the source whose copy now begins, its parameters mapped.
    fn enter(&mut self, _copier: &mut Copier<'_>, _b: &mut Builder, _region: Region) {}

    /// The region of the source whose copy now ends.
    fn leave(&mut self, _copier: &mut Copier<'_>, _b: &mut Builder, _region: Region) {}
}

/// The rewrite that changes nothing.
#[derive(Debug)]
pub struct Plain;

impl Rewrite for Plain {}

/// A copy under way.
#[derive(Debug)]
pub struct Copier<'s> {
    /// Where instructions come from.
    pub source: &'s Function,
    /// What its values have become.
    pub map: ValueMap,
    /// The span of copies whose original has none: for bodies that come with the language, the user's call.
    pub fallback: Span,
}

impl<'s> Copier<'s> {
    /// Nothing copied yet.
    pub fn new(source: &'s Function) -> Self {
        Copier { source, map: ValueMap::new(source), fallback: Span::default() }
    }

    /// Declares the dimensions and parameters of the source in the builder.
    pub fn copy_signature(&mut self, b: &mut Builder) {
        b.func_mut().reserve_like(self.source);
        for &dim in &self.source.dims {
            let v = b.dim();
            self.map.set(dim, v);
        }
        for param in &self.source.params {
            let ty = self.map.ty(self.source.ty(param.value));
            let v = b.param(ty, param.passing);
            self.map.set(param.value, v);
        }
    }

    /// Copies the instructions of a region into the builder's current region and gives what it yields.
    pub fn copy_insts<R: Rewrite + ?Sized>(&mut self, rewrite: &mut R, b: &mut Builder, region: Region) -> Values {
        let source = self.source;
        let into = b.current();
        b.func_mut().region_mut(into).insts.reserve(source.region(region).insts.len());
        for &inst in &source.region(region).insts {
            b.set_span(self.span(inst));
            rewrite.inst(self, b, inst);
        }
        self.map.values(&source.region(region).yields)
    }

    /// The span that the copy of an instruction carries.
    pub fn span(&self, inst: Inst) -> Span {
        let span = self.source.inst(inst).span;
        if span == Span::default() { self.fallback } else { span }
    }

    /// Copies a region, parameters included, as a new region of the builder.
    pub fn copy_region<R: Rewrite + ?Sized>(&mut self, rewrite: &mut R, b: &mut Builder, region: Region) -> Region {
        let source = self.source;
        let params = &source.region(region).params;
        let types: Vec<Type> = params.iter().map(|&p| self.map.ty(source.ty(p))).collect();
        let copy = b.open(&types);
        for (i, &p) in params.iter().enumerate() {
            self.map.set(p, b.func().region(copy).params[i]);
        }
        rewrite.enter(self, b, region);
        let yields = self.copy_insts(rewrite, b, region);
        rewrite.leave(self, b, region);
        b.close(&yields)
    }

    /// Copies one instruction, its regions included.
    pub fn copy<R: Rewrite + ?Sized>(&mut self, rewrite: &mut R, b: &mut Builder, inst: Inst) {
        let mut op = self.source.inst(inst).op.clone();
        op.map_operands(&self.map);
        self.copy_with(rewrite, b, inst, op);
    }

    /// Copies one instruction as `op`, whose operands are the builder's already and whose regions are still the source's.
    pub fn copy_with<R: Rewrite + ?Sized>(&mut self, rewrite: &mut R, b: &mut Builder, inst: Inst, mut op: Op) {
        self.copy_regions(rewrite, b, &mut op);
        b.set_span(self.span(inst));
        let data = self.source.inst(inst);
        let source = self.source;
        let copy = if let Op::Alloc { ty } = &op {
            let ty = Type::Array(ty.clone());
            b.push_typed(op, [ty])
        } else {
            b.push_typed(op, data.results.iter().map(|&r| self.map.ty(source.ty(r))))
        };
        for (k, &from) in data.results.iter().enumerate() {
            self.map.set(from, b.func().inst(copy).results[k]);
        }
    }

    fn copy_regions<R: Rewrite + ?Sized>(&mut self, rewrite: &mut R, b: &mut Builder, op: &mut Op) {
        match op {
            Op::If { then, otherwise, .. } => {
                *then = self.copy_region(rewrite, b, *then);
                *otherwise = self.copy_region(rewrite, b, *otherwise);
            }
            Op::For { body, .. } => *body = self.copy_region(rewrite, b, *body),
            Op::While { cond, body, .. } => {
                *cond = self.copy_region(rewrite, b, *cond);
                *body = self.copy_region(rewrite, b, *body);
            }
            Op::Const(_)
            | Op::Prim { .. }
            | Op::Cmp { .. }
            | Op::Select { .. }
            | Op::Alloc { .. }
            | Op::Load { .. } => {}
            Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } | Op::Call { .. } => {}
            Op::TapeNew { .. } | Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => {}
        }
    }
}
