//! Arithmetic: primitives, comparisons, choices.
//!
//! In: rows of the primitive table. Out: the instructions that [`Native`] stands for, or a call of the row's own function, which is the one that the interpreter calls. Choices between floats are made
//! with masks instead of branches. A function of `f32` that is called is the row's of `f64` between a widening and a rounding, as in the interpreter. Nothing is contracted or reassociated; a NaN may differ from the interpreter's in sign and payload only.

use super::Lower;
use crate::abi;
use crate::error::CodegenError;
use adit_ir::prim::{Code, Condition, Guard, Native, Row};
use adit_ir::{CmpOp, Int, Prim, ScalarType, Trap, Type, Value};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self, Endianness, InstBuilder, MemFlagsData, types};

/// -2^63, the least float that converts to an `i64`; its negation is the first too large.
const LEAST: f64 = -9_223_372_036_854_775_808.0;

impl Lower<'_, '_, '_, '_> {
    pub(super) fn prim(&mut self, prim: Prim, args: &[Value]) -> Result<ir::Value, CodegenError> {
        let row = prim.row();
        let operands = self.values(args)?;
        if operands.len() != row.arity() {
            return Err(CodegenError::Internal(format!("`{}` with {} operands", row.name, operands.len())));
        }
        let literals: Vec<Option<i64>> = args.iter().map(|&a| self.facts.literal(Int::Value(a))).collect();
        if let Some(guard) = row.guard {
            self.guard(guard, &operands, &literals);
        }
        match row.code {
            Code::Native(Native::FPowi) if matches!(literals[1], Some(-1..=4)) => {
                Ok(self.small_power(operands[0], literals[1].unwrap_or(0)))
            }
            Code::Native(Native::IRem) if literals[1].is_none() && self.facts.never_negative(Int::Value(args[1])) => {
                Ok(self.remainder_nearby(operands[0], operands[1]))
            }
            Code::Native(native) if native != Native::FPowi => Ok(self.native(native, &operands, &literals)),
            Code::Native(_) | Code::Call => self.called_prim(row, &operands),
        }
    }

    /// Calls the row's own function: one of `f64`, whose value is rounded where operands are `f32`.
    fn called_prim(&mut self, row: &Row, operands: &[ir::Value]) -> Result<ir::Value, CodegenError> {
        let types: Vec<ir::Type> = operands.iter().map(|&v| self.b.func.dfg.value_type(v)).collect();
        let single = types.contains(&types::F32);
        let wide: Vec<ir::Value> = operands.iter().zip(types).map(|(&v, ty)| self.widened(v, ty)).collect();
        let result = abi::scalar(row.signature.result.at(ScalarType::F64));
        let called = self.call_import(row.name, &wide, Some(result));
        let value = called.ok_or_else(|| CodegenError::Internal(format!("`{}` gives nothing", row.name)))?;
        Ok(if single && result == types::F64 { self.b.ins().fdemote(types::F32, value) } else { value })
    }

    fn widened(&mut self, v: ir::Value, ty: ir::Type) -> ir::Value {
        if ty == types::F32 { self.b.ins().fpromote(types::F64, v) } else { v }
    }

    pub(super) fn float_const(&mut self, ty: ir::Type, x: f64) -> ir::Value {
        if ty == types::F32 { self.b.ins().f32const(x as f32) } else { self.b.ins().f64const(x) }
    }

    fn guard(&mut self, guard: Guard, operands: &[ir::Value], literals: &[Option<i64>]) {
        let place = usize::from(guard.operand);
        let operand = operands[place];
        let stops = match (guard.stops_if, literals[place]) {
            (Condition::Zero, Some(n)) if n != 0 => return,
            (Condition::Negative, Some(n)) if n >= 0 => return,
            (Condition::Zero, _) => self.b.ins().icmp_imm_s(IntCC::Equal, operand, 0),
            (Condition::Negative, _) => self.b.ins().icmp_imm_s(IntCC::SignedLessThan, operand, 0),
            (Condition::NotAnInteger, _) => self.not_an_integer(operand),
        };
        let trap = Trap::from(guard.trap);
        let details: &[ir::Value] = if trap == Trap::NegativeExponent { &[operand] } else { &[] };
        self.trap_if(stops, trap, details);
    }

    fn not_an_integer(&mut self, x: ir::Value) -> ir::Value {
        let ty = self.b.func.dfg.value_type(x);
        let (least, bound) = (self.float_const(ty, LEAST), self.float_const(ty, -LEAST));
        // Unordered counts as outside.
        let below = self.b.ins().fcmp(FloatCC::UnorderedOrLessThan, x, least);
        let above = self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThanOrEqual, x, bound);
        self.b.ins().bor(below, above)
    }

    fn native(&mut self, native: Native, operands: &[ir::Value], literals: &[Option<i64>]) -> ir::Value {
        match *operands {
            [a] => self.native_of_one(native, a),
            [a, b] => self.native_of_two(native, a, b, literals[1]),
            [a, b, c] => self.b.ins().fma(a, b, c),
            _ => operands[0],
        }
    }

    fn native_of_one(&mut self, native: Native, a: ir::Value) -> ir::Value {
        match native {
            Native::FNeg => self.negated(a),
            Native::FAbs => self.b.ins().fabs(a),
            Native::FSqrt => self.b.ins().sqrt(a),
            Native::FFloor => self.b.ins().floor(a),
            Native::FCeil => self.b.ins().ceil(a),
            Native::FTrunc => self.b.ins().trunc(a),
            Native::FSign => self.sign(a),
            Native::FRelu => self.relu(a),
            Native::FSame => a,
            Native::INeg => self.b.ins().ineg(a),
            Native::IAbs => self.b.ins().iabs(a),
            Native::ISign => self.integer_sign(a),
            Native::Not => self.b.ins().bxor_imm_u(a, 1),
            Native::IToF => self.b.ins().fcvt_from_sint(types::F64, a),
            Native::IToS => self.b.ins().fcvt_from_sint(types::F32, a),
            Native::FWiden => self.b.ins().fpromote(types::F64, a),
            Native::FNarrow => self.b.ins().fdemote(types::F32, a),
            // In range, by the guard; this form never traps.
            Native::FToI => self.b.ins().fcvt_to_sint_sat(types::I64, a),
            Native::FAdd | Native::FSub | Native::FMul | Native::FDiv | Native::FFma | Native::FMin | Native::FMax => a,
            Native::FSmul
            | Native::FPowi
            | Native::IAdd
            | Native::ISub
            | Native::IMul
            | Native::IDiv
            | Native::IRem => a,
            Native::IMin | Native::IMax | Native::And | Native::Or => a,
        }
    }

    fn native_of_two(&mut self, native: Native, a: ir::Value, b: ir::Value, literal: Option<i64>) -> ir::Value {
        match native {
            Native::FAdd => {
                let (a, b) = self.literal_last(a, b);
                self.b.ins().fadd(a, b)
            }
            Native::FMul => {
                let (a, b) = self.literal_last(a, b);
                self.b.ins().fmul(a, b)
            }
            Native::FSub => self.b.ins().fsub(a, b),
            Native::FDiv => self.b.ins().fdiv(a, b),
            Native::FMin => self.b.ins().fmin(a, b),
            Native::FMax => self.b.ins().fmax(a, b),
            Native::FSmul => self.strong_product(a, b),
            Native::IAdd => self.b.ins().iadd(a, b),
            Native::ISub => self.b.ins().isub(a, b),
            Native::IMul => self.b.ins().imul(a, b),
            Native::IDiv => self.divide(a, b, literal),
            Native::IRem => self.remainder(a, b, literal),
            Native::IMin => self.b.ins().smin(a, b),
            Native::IMax => self.b.ins().smax(a, b),
            Native::And => self.b.ins().band(a, b),
            Native::Or => self.b.ins().bor(a, b),
            Native::FNeg | Native::FAbs | Native::FSqrt | Native::FFloor | Native::FCeil | Native::FTrunc => a,
            Native::FSame
            | Native::FSign
            | Native::FRelu
            | Native::FFma
            | Native::INeg
            | Native::IAbs
            | Native::ISign => a,
            Native::Not | Native::IToF | Native::IToS | Native::FToI | Native::FWiden | Native::FNarrow => a,
            Native::FPowi => a,
        }
    }

    /// The operands of a commutative operation, a literal second: there the machine can take it from memory.
    fn literal_last(&self, a: ir::Value, b: ir::Value) -> (ir::Value, ir::Value) {
        let dfg = &self.b.func.dfg;
        let made_by = dfg.value_def(a).inst().map(|inst| dfg.insts[inst].opcode());
        let literal = matches!(made_by, Some(ir::Opcode::F64const | ir::Opcode::F32const));
        if literal { (b, a) } else { (a, b) }
    }

    /// A power from -1 to 4, with the products in the order of the row's evaluation, and as precise.
    fn small_power(&mut self, x: ir::Value, n: i64) -> ir::Value {
        if self.b.func.dfg.value_type(x) == types::F32 {
            let wide = self.b.ins().fpromote(types::F64, x);
            let power = self.small_power(wide, n);
            return self.b.ins().fdemote(types::F32, power);
        }
        self.power(x, n, &|lower| lower.b.ins().f64const(1.0))
    }

    /// The same of a number or of lanes, given what is 1.
    pub(super) fn power(&mut self, x: ir::Value, n: i64, one: &dyn Fn(&mut Self) -> ir::Value) -> ir::Value {
        match n {
            -1 => {
                let one = one(self);
                self.b.ins().fdiv(one, x)
            }
            0 => one(self),
            1 => x,
            2 => self.b.ins().fmul(x, x),
            3 => {
                let square = self.b.ins().fmul(x, x);
                self.b.ins().fmul(square, x)
            }
            _ => {
                let square = self.b.ins().fmul(x, x);
                self.b.ins().fmul(square, square)
            }
        }
    }

    /// The literal divisor, where it needs no care; the divisor is not 0, by the guard.
    fn plain_divisor(literal: Option<i64>) -> bool {
        literal.is_some_and(|d| d != 0 && d != -1)
    }

    /// Truncated division; by -1 it is negation, which wraps where the machine would trap.
    fn divide(&mut self, a: ir::Value, b: ir::Value, literal: Option<i64>) -> ir::Value {
        if Self::plain_divisor(literal) {
            return self.b.ins().sdiv(a, b);
        }
        let (minus_one, safe) = self.safe_divisor(b);
        let quotient = self.b.ins().sdiv(a, safe);
        let negated = self.b.ins().ineg(a);
        self.b.ins().select(minus_one, negated, quotient)
    }

    fn remainder(&mut self, a: ir::Value, b: ir::Value, literal: Option<i64>) -> ir::Value {
        if Self::plain_divisor(literal) {
            return self.b.ins().srem(a, b);
        }
        // By -1 as by 1, the remainder is 0.
        let (_, safe) = self.safe_divisor(b);
        self.b.ins().srem(a, safe)
    }

    /// The remainder by a number above 0 of what is mostly from 0 to twice that, as subscripts of arrays that are round are: no division there.
    fn remainder_nearby(&mut self, a: ir::Value, b: ir::Value) -> ir::Value {
        let beyond = self.b.ins().icmp(IntCC::SignedGreaterThanOrEqual, a, b);
        let less = self.b.ins().isub(a, b);
        let nearby = self.b.ins().select(beyond, less, a);
        let found = self.b.ins().icmp(IntCC::UnsignedLessThan, nearby, b);
        let (far, done) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(far);
        self.b.append_block_param(done, abi::WORD);
        self.b.ins().brif(found, done, &[nearby.into()], far, &[]);
        self.b.switch_to_block(far);
        let remainder = self.b.ins().srem(a, b);
        self.b.ins().jump(done, &[remainder.into()]);
        self.b.switch_to_block(done);
        self.b.block_params(done)[0]
    }

    /// Whether the divisor is -1, and the divisor with 1 in its place.
    fn safe_divisor(&mut self, b: ir::Value) -> (ir::Value, ir::Value) {
        let minus_one = self.b.ins().icmp_imm_s(IntCC::Equal, b, -1);
        let one = self.word(1);
        let safe = self.b.ins().select(minus_one, one, b);
        (minus_one, safe)
    }

    fn integer_sign(&mut self, a: ir::Value) -> ir::Value {
        let (above, below) = (
            self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, a, 0),
            self.b.ins().icmp_imm_s(IntCC::SignedLessThan, a, 0),
        );
        let (above, below) = (self.b.ins().uextend(abi::WORD, above), self.b.ins().uextend(abi::WORD, below));
        self.b.ins().isub(above, below)
    }

    /// A float in the low lane of a vector of zeros: one instruction, since the zeros are shared.
    fn lanes(&mut self, x: ir::Value, zero: ir::Value) -> ir::Value {
        self.b.ins().insertlane(zero, x, 0)
    }

    /// As one type, whatever the lanes.
    fn bits(&mut self, lanes: ir::Value) -> ir::Value {
        if self.b.func.dfg.value_type(lanes) == types::I64X2 {
            return lanes;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.b.ins().bitcast(types::I64X2, flags, lanes)
    }

    fn low_lane(&mut self, bits: ir::Value, ty: ir::Type) -> ir::Value {
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        let lanes = self.b.ins().bitcast(lanes_of(ty), flags, bits);
        self.b.ins().extractlane(lanes, 0)
    }

    fn zero_lanes(&mut self, ty: ir::Type) -> ir::Value {
        let zero = self.b.func.dfg.constants.insert(vec![0_u8; 16].into());
        self.b.ins().vconst(lanes_of(ty), zero)
    }

    /// `x` where the comparison of `a` with 0 holds, +0 elsewhere. The mask is made in lanes, where comparisons give one, and used on the float itself.
    fn keep_if(&mut self, x: ir::Value, order: FloatCC, a: ir::Value) -> ir::Value {
        let ty = self.b.func.dfg.value_type(x);
        let zero = self.zero_lanes(ty);
        let a = self.lanes(a, zero);
        let mask = self.b.ins().fcmp(order, a, zero);
        let mask = self.bits(mask);
        let mask = self.low_lane(mask, ty);
        self.b.ins().band(x, mask)
    }

    /// The other sign. Cranelift's own way makes the mask anew in every iteration of a loop.
    fn negated(&mut self, x: ir::Value) -> ir::Value {
        let ty = self.b.func.dfg.value_type(x);
        let bytes =
            if ty == types::F32 { (-0.0_f32).to_le_bytes().to_vec() } else { (-0.0_f64).to_le_bytes().to_vec() };
        let lanes = bytes.repeat(16 / bytes.len());
        let sign = self.b.func.dfg.constants.insert(lanes.into());
        let sign = self.b.ins().vconst(lanes_of(ty), sign);
        let sign = self.b.ins().extractlane(sign, 0);
        self.b.ins().bxor(x, sign)
    }

    /// `w == 0 ? w : w * p`: with `p` masked to +0 where `w` is a zero, the product is that zero.
    fn strong_product(&mut self, w: ir::Value, p: ir::Value) -> ir::Value {
        let masked = self.keep_if(p, FloatCC::NotEqual, w);
        self.b.ins().fmul(w, masked)
    }

    /// `a <= 0 ? +0 : a`.
    fn relu(&mut self, a: ir::Value) -> ir::Value {
        self.keep_if(a, FloatCC::UnorderedOrGreaterThan, a)
    }

    /// 1 with the sign of `a`, or `a` where it is a zero or NaN.
    fn sign(&mut self, a: ir::Value) -> ir::Value {
        let ty = self.b.func.dfg.value_type(a);
        let one = self.float_const(ty, 1.0);
        let unit = self.b.ins().fcopysign(one, a);
        let size = self.b.ins().fabs(a);
        let zero = self.zero_lanes(ty);
        let size = self.lanes(size, zero);
        let mask = self.b.ins().fcmp(FloatCC::GreaterThan, size, zero);
        let mask = self.bits(mask);
        self.choose(mask, unit, a)
    }

    /// Of two floats, by a mask of lanes.
    fn choose(&mut self, mask: ir::Value, then: ir::Value, otherwise: ir::Value) -> ir::Value {
        let ty = self.b.func.dfg.value_type(then);
        let zero = self.zero_lanes(ty);
        let (then, otherwise) = (self.lanes(then, zero), self.lanes(otherwise, zero));
        let (then, otherwise) = (self.bits(then), self.bits(otherwise));
        let chosen = self.b.ins().bitselect(mask, then, otherwise);
        self.low_lane(chosen, ty)
    }

    pub(super) fn cmp(&mut self, op: CmpOp, a: Value, b: Value) -> Result<ir::Value, CodegenError> {
        let float = self.f.ty(a).is_float();
        let (a, b) = (self.get(a)?, self.get(b)?);
        Ok(if float { self.b.ins().fcmp(float_order(op), a, b) } else { self.b.ins().icmp(integer_order(op), a, b) })
    }

    pub(super) fn select(&mut self, cond: Value, then: Value, otherwise: Value) -> Result<ir::Value, CodegenError> {
        let float = self.f.ty(then).scalar().filter(|ty| ty.is_float());
        let (then, otherwise) = (self.get(then)?, self.get(otherwise)?);
        let Some(float) = float else {
            let cond = self.get(cond)?;
            return Ok(self.b.ins().select(cond, then, otherwise));
        };
        let mask = self.mask(cond, float)?;
        Ok(self.choose(mask, then, otherwise))
    }

    /// A condition as a mask of lanes of this float type: a comparison of floats of that type is made anew in lanes.
    fn mask(&mut self, cond: Value, float: ScalarType) -> Result<ir::Value, CodegenError> {
        if let Some(&adit_ir::Op::Cmp { op, a, b }) = self.facts.def(cond)
            && self.f.ty(a) == &Type::Scalar(float)
        {
            let (a, b) = (self.get(a)?, self.get(b)?);
            let zero = self.zero_lanes(abi::scalar(float));
            let (a, b) = (self.lanes(a, zero), self.lanes(b, zero));
            let mask = self.b.ins().fcmp(float_order(op), a, b);
            return Ok(self.bits(mask));
        }
        let cond = self.get(cond)?;
        let mask = self.b.ins().bmask(types::I64, cond);
        Ok(self.b.ins().scalar_to_vector(types::I64X2, mask))
    }
}

/// The vector whose low lane a float is.
fn lanes_of(ty: ir::Type) -> ir::Type {
    if ty == types::F32 { types::F32X4 } else { types::F64X2 }
}

pub(super) fn float_order(op: CmpOp) -> FloatCC {
    match op {
        CmpOp::Eq => FloatCC::Equal,
        CmpOp::Ne => FloatCC::NotEqual,
        CmpOp::Lt => FloatCC::LessThan,
        CmpOp::Le => FloatCC::LessThanOrEqual,
        CmpOp::Gt => FloatCC::GreaterThan,
        CmpOp::Ge => FloatCC::GreaterThanOrEqual,
    }
}

pub(super) fn integer_order(op: CmpOp) -> IntCC {
    match op {
        CmpOp::Eq => IntCC::Equal,
        CmpOp::Ne => IntCC::NotEqual,
        CmpOp::Lt => IntCC::SignedLessThan,
        CmpOp::Le => IntCC::SignedLessThanOrEqual,
        CmpOp::Gt => IntCC::SignedGreaterThan,
        CmpOp::Ge => IntCC::SignedGreaterThanOrEqual,
    }
}
