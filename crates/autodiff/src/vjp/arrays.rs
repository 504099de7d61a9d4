//! The reverse of memory: every access becomes one of the shadow, at the same subscripts.
//!
//! In and out, for an array with a shadow:
//!
//! ```text
//! alloc a                 alloc ā, at the start of the region's reverse, where it is all zeros
//! v = load a[i]           acc ā[i] v̄                              or into a register: `registers`
//! store a[i] v            w = load ā[i] ; store ā[i] 0 ; v̄ += w        the zero also if v is inactive
//! acc a[i] v              v̄ += load ā[i]
//! copy to, from           from̄[k] += tō[k] for all k ; fill tō = 0
//! fill a = v              v̄ += Σ ā[k] ; fill ā = 0
//! ```
//!
//! The primal's arrays are neither read nor restored. Arrays without a shadow are constants.

use super::Sweep;
use crate::{Mutant, algebra, nest};
use adit_ir::{Inst, Int, Ints, Op, OperandMap, Region, Type, Value};
use rustc_hash::FxHashMap;

impl Sweep<'_, '_> {
    /// Shadows of `mut` parameters that the caller declared inactive, but that carry derivatives from writes to reads.
    pub(super) fn hidden_shadows(&mut self) {
        for param in &self.source.params {
            let array = param.value;
            if self.activity.of(array) && self.shadow[array.index()].is_none() {
                if self.is_cut {
                    self.shadow_alloc(array);
                } else {
                    self.shadow_at_entry(array);
                }
            }
        }
    }

    fn shadow_at_entry(&mut self, param: Value) {
        if let Some(ty) = self.source.ty(param).array() {
            let ty = self.forward.map.array_ty(ty);
            self.shadow[param.index()] = Some(self.at_entry(Op::Alloc { ty: ty.clone() }, Type::Array(ty)));
        }
    }

    /// Makes the shadows of the arrays and tapes that a region makes. Where the forward copy of the region is visible, those of arrays stand beside the arrays, so that loops
    /// behind them may add to them.
    pub(super) fn open_shadows(&mut self, region: Region) {
        let source = self.source;
        let beside = self.frame().visible && self.may_be_local();
        let mut shadows = Vec::new();
        for &inst in &source.region(region).insts {
            let data = source.inst(inst);
            match &data.op {
                Op::Alloc { .. } if self.activity.of(data.results[0]) => {
                    self.b.set_span(data.span);
                    if beside {
                        let ((), made) = self.apart(|sweep| sweep.shadow_alloc(data.results[0]));
                        shadows.push((data.results[0], made));
                    } else {
                        self.shadow_alloc(data.results[0]);
                    }
                }
                Op::TapeNew { ty } if self.activity.of(data.results[0]) => {
                    self.b.set_span(data.span);
                    self.shadow_tape(data.results[0], ty);
                }
                Op::Alloc { .. } | Op::TapeNew { .. } | Op::Const(_) | Op::Prim { .. } | Op::Cmp { .. } => {}
                Op::Select { .. } | Op::If { .. } | Op::For { .. } | Op::While { .. } | Op::Call { .. } => {}
                Op::Load { .. } | Op::Store { .. } | Op::Acc { .. } | Op::Copy { .. } | Op::Fill { .. } => {}
                Op::TapePush { .. } | Op::TapePop { .. } | Op::Assert { .. } | Op::Print { .. } => {}
            }
        }
        self.put_beside(shadows);
    }

    /// Lists instructions behind those of the innermost region that define the forward copies of these values.
    fn put_beside(&mut self, made: Vec<(Value, Vec<Inst>)>) {
        if made.is_empty() {
            return;
        }
        let mut made: FxHashMap<Value, Vec<Inst>> =
            made.into_iter().map(|(primal, insts)| (self.forward.map.value(primal), insts)).collect();
        let region = self.b.current();
        let f = self.b.func_mut();
        let mut insts = Vec::new();
        for inst in std::mem::take(&mut f.region_mut(region).insts) {
            insts.push(inst);
            let beside = f.inst(inst).results.first().and_then(|first| made.remove(first));
            insts.extend(beside.into_iter().flatten());
        }
        f.region_mut(region).insts = insts;
    }

    fn shadow_alloc(&mut self, array: Value) {
        if let Some(ty) = self.source.ty(array).array() {
            let mut ty = ty.clone();
            ty.dims = self.residual_ints(&ty.dims);
            self.shadow[array.index()] = Some(self.b.alloc(ty));
        }
    }

    /// The shadow of an array or a tape that carries derivatives.
    pub(super) fn shadow(&self, handle: Value) -> Option<Value> {
        self.shadow[handle.index()].filter(|_| self.activity.of(handle))
    }

    pub(super) fn load(&mut self, inst: Inst, array: Value, subscripts: &[Int], result: Value) {
        if let (Some(shadow), Some(w)) = (self.shadow(array), self.take(result)) {
            if let Some(register) = self.registers.of(inst) {
                return self.add(register, w);
            }
            let at = match self.has(Mutant::OffsetLost) {
                true => self.without_offsets(subscripts),
                false => self.residual_ints(subscripts),
            };
            if self.has(Mutant::ShadowAssigned) {
                self.b.store(shadow, &at, w);
            } else {
                self.b.acc(shadow, &at, w);
            }
        }
    }

    /// [`Mutant::OffsetLost`]: of an element of a slice, the index in the slice.
    fn without_offsets(&mut self, subscripts: &[Int]) -> Ints {
        let index = |subscript: &Int| {
            let sum = self.facts.definition(subscript.value()?)?;
            algebra::without_offset(&self.source.inst(sum).op).map(Int::Value)
        };
        let indices: Ints = subscripts.iter().map(|i| index(i).unwrap_or(*i)).collect();
        self.residual_ints(&indices)
    }

    pub(super) fn store(&mut self, array: Value, subscripts: &[Int], value: Value) {
        let Some(shadow) = self.shadow(array) else { return };
        let active = self.activity.of(value);
        if !active && self.has(Mutant::ConstantStoreIgnored) {
            return;
        }
        let at = self.residual_ints(subscripts);
        let w = active.then(|| self.b.load(shadow, &at));
        if !self.has(Mutant::StoreKeepsShadow) {
            let zero = self.zero(array);
            self.b.store(shadow, &at, zero);
        }
        if let Some(w) = w {
            self.add(value, w);
        }
    }

    pub(super) fn acc(&mut self, array: Value, subscripts: &[Int], value: Value) {
        if let (Some(shadow), true) = (self.shadow(array), self.activity.of(value)) {
            let at = self.residual_ints(subscripts);
            let w = self.b.load(shadow, &at);
            self.add(value, w);
        }
    }

    pub(super) fn copy(&mut self, to: Value, from: Value) {
        let Some(shadow) = self.shadow(to) else { return };
        if let Some(source) = self.shadow(from) {
            let (dims, assigned) = (self.dims(to), self.has(Mutant::CopyAssigned));
            nest::each(&mut self.b, &dims, None, |b, at, _| {
                let w = b.load(shadow, at);
                if assigned {
                    b.store(source, at, w)
                } else {
                    b.acc(source, at, w)
                }
                None
            });
        }
        self.clear(to, shadow);
    }

    pub(super) fn fill(&mut self, array: Value, value: Value) {
        let Some(shadow) = self.shadow(array) else { return };
        if self.activity.of(value) {
            let (dims, zero) = (self.dims(array), self.zero(array));
            let total = nest::each(&mut self.b, &dims, Some(zero), |b, at, so_far| {
                let w = b.load(shadow, at);
                Some(algebra::sum(b, so_far, w))
            });
            if let Some(total) = total {
                self.add(value, total);
            }
        }
        self.clear(array, shadow);
    }

    fn clear(&mut self, array: Value, shadow: Value) {
        if !self.has(Mutant::StoreKeepsShadow) {
            let zero = self.zero(array);
            self.b.fill(shadow, zero);
        }
    }

    fn dims(&mut self, array: Value) -> Ints {
        let dims = self.source.ty(array).array().map(|ty| ty.dims.clone()).unwrap_or_default();
        self.residual_ints(&dims)
    }
}
