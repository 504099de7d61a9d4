//! Arithmetic on vectors of two.
//!
//! In: steps that compute. Out: the instructions for `f64x2`, `i64x2` and masks, with the same bits in each lane as the scalar code gives. What has no such form is said by [`form`].

#![expect(clippy::wildcard_enum_match_arm, reason = "what is not known to have vectors has none")]

use super::elements::Spot;
use super::{LANES, Sweeps};
use crate::error::CodegenError;
use crate::lower::Lower;
use crate::lower::prims::{float_order, integer_order};
use crate::mutant::Mutant;
use adit_ir::bounds::Facts;
use adit_ir::loops::{Choice, Form, Step, What};
use adit_ir::prim::{Code, Native};
use adit_ir::{CmpOp, Const, Function, Int, Op, Prim, ScalarType, Type, Value};
use adit_runtime::vector::{Level, single};
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::{self, Endianness, InstBuilder, MemFlagsData, types};
use rustc_hash::FxHashMap;

/// What stands for values in one vector of iterations.
pub(super) struct Env<'e> {
    /// The first index of the block.
    from: ir::Value,
    /// How far the sweep is in the block.
    pub(super) k: ir::Value,
    /// Which vector of those that are made at a time.
    pub(super) copy: usize,
    /// Addresses at the block's first iteration.
    pub(super) bases: &'e [ir::Value],
    /// What was read with something else, by place.
    pub(super) beside: FxHashMap<usize, ir::Value>,
    values: FxHashMap<Value, ir::Value>,
}

impl<'e> Env<'e> {
    pub(super) fn new((from, k, copy): (ir::Value, ir::Value, usize), bases: &'e [ir::Value]) -> Self {
        Env { from, k, copy, bases, beside: FxHashMap::default(), values: FxHashMap::default() }
    }

    pub(super) fn set(&mut self, v: Value, lanes: ir::Value) {
        self.values.insert(v, lanes);
    }
}

/// How an operation is done on vectors.
pub(super) fn form(f: &Function, facts: &Facts<'_>, machine: Level, op: &Op) -> Form {
    let is = |v: Value, ty: ScalarType| f.ty(v) == &Type::Scalar(ty);
    match op {
        Op::Const(_) | Op::Select { .. } | Op::Cmp { .. } => Form::Lanes,
        Op::Prim { prim, args } => match prim.row().code {
            _ if args.iter().any(|&v| is(v, ScalarType::F32)) => Form::None,
            Code::Call if single(*prim, ScalarType::F64, machine).is_some() => Form::Kernel,
            Code::Call => Form::None,
            Code::Native(Native::FPowi) => match facts.literal(Int::Value(args[1])) {
                Some(-1..=4) => Form::Lanes,
                Some(_) | None => Form::None,
            },
            Code::Native(native) if has_lanes(native) => Form::Lanes,
            Code::Native(_) => Form::None,
        },
        _ => Form::None,
    }
}

/// What [`Lower::native_lanes`] does for a primitive on floats, if that is so and nothing can stop it.
pub(in crate::lower) fn native_of_lanes(prim: Prim) -> Option<Native> {
    match prim.row().code {
        Code::Native(native) if prim.row().guard.is_none() && has_lanes(native) => Some(native),
        Code::Native(_) | Code::Call => None,
    }
}

/// Whether [`Lower::native_lanes`] knows it.
fn has_lanes(native: Native) -> bool {
    use Native::{
        And, FAbs, FAdd, FCeil, FDiv, FFloor, FMax, FMin, FMul, FNeg, FRelu, FSame, FSign, FSmul, FSqrt, FSub,
    };
    use Native::{FTrunc, IAdd, IMul, INeg, ISub, IToF, Not, Or};
    match native {
        FAdd | FSub | FMul | FDiv | FNeg | FAbs | FSqrt | FFloor | FCeil | FTrunc | FMin | FMax | FSign | FRelu => true,
        FSame | FSmul | IAdd | ISub | IMul | INeg | And | Or | Not | IToF => true,
        Native::FFma | Native::FPowi | Native::IDiv | Native::IRem | Native::IAbs | Native::ISign => false,
        Native::IMin | Native::IMax | Native::IToS | Native::FWiden | Native::FNarrow | Native::FToI => false,
    }
}

impl Lower<'_, '_, '_, '_> {
    pub(super) fn step_in_lanes(&mut self, v: &Sweeps<'_>, env: &mut Env<'_>, step: &Step) -> Result<(), CodegenError> {
        match &step.what {
            What::Compute(inst) => {
                let data = self.f.inst(*inst);
                let lanes = self.compute_lanes(v, env, &data.op)?;
                env.set(data.results[0], lanes);
            }
            What::Choose(choice) => {
                let lanes = self.choose_lanes(v, env, *choice)?;
                env.set(choice.result, lanes);
            }
            What::Load(access, result) => {
                let lanes = self.load_lanes(v, env, (Spot::Element(access), *result));
                env.set(*result, lanes);
            }
            What::Store(access, value, guard) => self.overwrite(v, env, (access, *value, *guard))?,
            What::Acc(access, value, guard) => self.add_to(v, env, (access, *value, *guard))?,
            What::Save(field, value) => {
                let lanes = self.lanes_of_value(v, env, *value)?;
                self.store_lanes(v, env, Spot::Field(*field), lanes);
            }
            What::Take(field, result) => {
                let lanes = self.load_lanes(v, env, (Spot::Field(*field), *result));
                env.set(*result, lanes);
            }
        }
        Ok(())
    }

    /// What stands for a value in this vector.
    pub(super) fn lanes_of_value(
        &mut self,
        v: &Sweeps<'_>,
        env: &mut Env<'_>,
        value: Value,
    ) -> Result<ir::Value, CodegenError> {
        if let Some(&known) = env.values.get(&value).or_else(|| v.splats.get(&value)) {
            return Ok(known);
        }
        let lanes = match self.facts.def(value) {
            Some(Op::Const(c)) => self.constant_lanes(*c),
            _ if value == v.l.index => self.index_lanes(env),
            _ => return Err(CodegenError::Internal(format!("{value:?} is in no vector"))),
        };
        env.set(value, lanes);
        Ok(lanes)
    }

    /// The index and the one above it.
    fn index_lanes(&mut self, env: &Env<'_>) -> ir::Value {
        let here = self.b.ins().iadd(env.from, env.k);
        let here = self.b.ins().splat(types::I64X2, here);
        let first = LANES * env.copy as i64;
        let ahead = self.literal_lanes([first as u64, first as u64 + 1]);
        self.b.ins().iadd(here, ahead)
    }

    fn literal_lanes(&mut self, lanes: [u64; 2]) -> ir::Value {
        let bytes: Vec<u8> = lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect();
        let constant = self.b.func.dfg.constants.insert(bytes.into());
        self.b.ins().vconst(types::I64X2, constant)
    }

    pub(super) fn constant_lanes(&mut self, c: Const) -> ir::Value {
        let bits = match c {
            Const::F64(x) => x.to_bits(),
            Const::F32(x) => f64::from(x).to_bits(),
            Const::I64(i) => i as u64,
            Const::Bool(b) => {
                if b {
                    u64::MAX
                } else {
                    0
                }
            }
        };
        let ty = if c.as_float().is_some() { types::F64X2 } else { types::I64X2 };
        let bytes: Vec<u8> = [bits; 2].iter().flat_map(|lane| lane.to_le_bytes()).collect();
        let constant = self.b.func.dfg.constants.insert(bytes.into());
        self.b.ins().vconst(ty, constant)
    }

    pub(in crate::lower) fn as_type(&mut self, lanes: ir::Value, ty: ir::Type) -> ir::Value {
        if self.b.func.dfg.value_type(lanes) == ty {
            return lanes;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.b.ins().bitcast(ty, flags, lanes)
    }

    /// Of two vectors, by a mask.
    pub(super) fn blend(&mut self, mask: ir::Value, then: ir::Value, otherwise: ir::Value) -> ir::Value {
        let ty = self.b.func.dfg.value_type(then);
        let mask = self.as_type(mask, ty);
        let (then, otherwise) = if self.errs(Mutant::MaskInverted) { (otherwise, then) } else { (then, otherwise) };
        self.b.ins().bitselect(mask, then, otherwise)
    }

    fn choose_lanes(&mut self, v: &Sweeps<'_>, env: &mut Env<'_>, c: Choice) -> Result<ir::Value, CodegenError> {
        let mask = self.lanes_of_value(v, env, c.cond)?;
        let then = self.lanes_of_value(v, env, c.then)?;
        let otherwise = self.lanes_of_value(v, env, c.otherwise)?;
        Ok(self.blend(mask, then, otherwise))
    }

    fn compute_lanes(&mut self, v: &Sweeps<'_>, env: &mut Env<'_>, op: &Op) -> Result<ir::Value, CodegenError> {
        match op {
            Op::Const(c) => Ok(self.constant_lanes(*c)),
            Op::Select { cond, then, otherwise } => {
                let choice = Choice { cond: *cond, then: *then, otherwise: *otherwise, result: *then };
                self.choose_lanes(v, env, choice)
            }
            Op::Cmp { op, a, b } => {
                let ty = self.f.ty(*a).scalar();
                let (a, b) = (self.lanes_of_value(v, env, *a)?, self.lanes_of_value(v, env, *b)?);
                Ok(self.compare_lanes(*op, ty, a, b))
            }
            Op::Prim { prim, args } => {
                let a = self.lanes_of_value(v, env, args[0])?;
                match prim.row().code {
                    Code::Native(Native::FPowi) => {
                        let literal = self.facts.literal(Int::Value(args[1]));
                        Ok(self.power(a, literal.unwrap_or(0), &|lower| lower.constant_lanes(Const::F64(1.0))))
                    }
                    Code::Native(native) => {
                        let b = args.get(1).map_or(Ok(a), |&b| self.lanes_of_value(v, env, b))?;
                        Ok(self.native_lanes(native, a, b))
                    }
                    Code::Call => Err(CodegenError::Internal(format!("`{}` has no lanes", prim.name()))),
                }
            }
            _ => Err(CodegenError::Internal("this has no lanes".into())),
        }
    }

    fn compare_lanes(&mut self, op: CmpOp, ty: Option<ScalarType>, a: ir::Value, b: ir::Value) -> ir::Value {
        match ty {
            Some(ScalarType::F64) => self.b.ins().fcmp(float_order(op), a, b),
            Some(ScalarType::Bool) => {
                let differ = self.b.ins().bxor(a, b);
                if op == CmpOp::Ne { differ } else { self.b.ins().bnot(differ) }
            }
            Some(ScalarType::I64 | ScalarType::F32) | None => self.b.ins().icmp(integer_order(op), a, b),
        }
    }

    pub(in crate::lower) fn native_lanes(&mut self, native: Native, a: ir::Value, b: ir::Value) -> ir::Value {
        match native {
            Native::FAdd => self.b.ins().fadd(a, b),
            Native::FSub => self.b.ins().fsub(a, b),
            Native::FMul => self.b.ins().fmul(a, b),
            Native::FDiv => self.b.ins().fdiv(a, b),
            Native::FAbs => self.b.ins().fabs(a),
            Native::FSqrt => self.b.ins().sqrt(a),
            Native::FFloor => self.b.ins().floor(a),
            Native::FCeil => self.b.ins().ceil(a),
            Native::FTrunc => self.b.ins().trunc(a),
            Native::FMin => self.b.ins().fmin(a, b),
            Native::FMax => self.b.ins().fmax(a, b),
            Native::FNeg => {
                let sign = self.constant_lanes(Const::F64(-0.0));
                self.b.ins().bxor(a, sign)
            }
            Native::FSign => self.sign_lanes(a),
            Native::FRelu => self.keep_lanes_where(a, FloatCC::UnorderedOrGreaterThan, a),
            Native::FSmul => {
                let masked = self.keep_lanes_where(b, FloatCC::NotEqual, a);
                self.b.ins().fmul(a, masked)
            }
            Native::IAdd => self.b.ins().iadd(a, b),
            Native::ISub => self.b.ins().isub(a, b),
            Native::IMul => self.b.ins().imul(a, b),
            Native::INeg => self.b.ins().ineg(a),
            Native::And => self.b.ins().band(a, b),
            Native::Or => self.b.ins().bor(a, b),
            Native::Not => self.b.ins().bnot(a),
            Native::IToF => self.float_lanes(a),
            Native::FSame | Native::FFma | Native::FPowi | Native::IDiv | Native::IRem | Native::IAbs => a,
            Native::ISign | Native::IMin | Native::IMax | Native::IToS => a,
            Native::FWiden | Native::FNarrow | Native::FToI => a,
        }
    }

    /// `x` where the comparison of `a` with 0 holds, +0 elsewhere.
    fn keep_lanes_where(&mut self, x: ir::Value, order: FloatCC, a: ir::Value) -> ir::Value {
        let zero = self.constant_lanes(Const::F64(0.0));
        let mask = self.b.ins().fcmp(order, a, zero);
        let mask = self.as_type(mask, types::F64X2);
        self.b.ins().band(x, mask)
    }

    /// 1 with the sign of `a`, or `a` where it is a zero or NaN.
    fn sign_lanes(&mut self, a: ir::Value) -> ir::Value {
        let (sign, one, zero) = (
            self.constant_lanes(Const::F64(-0.0)),
            self.constant_lanes(Const::F64(1.0)),
            self.constant_lanes(Const::F64(0.0)),
        );
        let sign = self.b.ins().band(a, sign);
        let unit = self.b.ins().bor(sign, one);
        let size = self.b.ins().fabs(a);
        let mask = self.b.ins().fcmp(FloatCC::GreaterThan, size, zero);
        self.blend(mask, unit, a)
    }

    /// Integers to floats, one by one: most machines have no instruction for two.
    fn float_lanes(&mut self, a: ir::Value) -> ir::Value {
        let [low, high] = [0, 1].map(|lane| {
            let integer = self.b.ins().extractlane(a, lane);
            self.b.ins().fcvt_from_sint(types::F64, integer)
        });
        let lanes = self.b.ins().scalar_to_vector(types::F64X2, low);
        self.b.ins().insertlane(lanes, high, 1)
    }
}
