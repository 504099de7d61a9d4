//! Two numbers at a time within one iteration.
//!
//! In: a counted loop in whose body most things are done to two numbers alike, as derivatives along several directions are, and the [pairs](plan) of them. Out: the loop, with one instruction on vectors of two for each pair, and
//! what it carries in vectors:
//!
//! ```text
//! v3 = load v0[v1, 0]        v30 = load.f64x2 …
//! v4 = load v0[v1, 1]
//! v5 = mul v3, v2       ⇒    v31 = splat v12;  v32 = fmul v30, v31
//! v6 = mul v4, v2
//! v7 = add v8, v5            v33 = fadd v29, v32
//! v9 = add v10, v6
//! ```
//!
//! Each number has the bits that it has alone, in every mode. A pair stands where its second instruction stood. What is the same in each iteration is put together in the body; Cranelift moves it out.

mod plan;

use super::Lower;
use super::control::Course;
use crate::abi;
use crate::error::CodegenError;
use crate::lower::vector::native_of_lanes;
use crate::mutant::Mutant;
use adit_ir::{Inst, Int, Op, Region, Type, Value};
use cranelift_codegen::ir::{self, Block, BlockArg, InstBuilder, MemFlagsData, types};
use plan::{Pair, Slot};
pub(super) use plan::{Pairs, plan};
use rustc_hash::FxHashMap;

/// Vectors in the body, by their two numbers.
type Vectors = FxHashMap<Pair, ir::Value>;

impl Lower<'_, '_, '_, '_> {
    /// The pairs of a loop, if it is to run so.
    pub(super) fn pairs(&self, body: Region) -> Option<Pairs> {
        let may = self.unit.has_vectors && !self.plan.is_large();
        may.then(|| plan(self.f, &self.facts, body)).flatten()
    }

    /// A loop with pairs, from its guard to `after`, whose parameters are its results.
    pub(super) fn paired(
        &mut self,
        pairs: &Pairs,
        course: &Course,
        body: Region,
        inits: &[ir::Value],
        after: Block,
    ) -> Result<(), CodegenError> {
        let f = self.f;
        let params = &f.region(body).params;
        let head = self.b.create_block();
        self.b.append_block_param(head, abi::WORD);
        let few = course.is_few() && self.end_of_chunks(course, body).is_some();
        let mut enter: Vec<BlockArg> = vec![course.first().into()];
        for &slot in &pairs.slots {
            let (init, ty) = match slot {
                // In a vector's first half, alone: so what is added up in the loop is another thing to the register allocator than what it was in front of it and becomes behind, where calls would have it in memory.
                Slot::One(k) if few && *f.ty(params[1 + k]) == Type::F64 => {
                    (self.b.ins().splat(types::F64X2, inits[k]), types::F64X2)
                }
                Slot::One(k) => (inits[k], abi::value(f.ty(params[1 + k]))),
                Slot::Two(k) => (self.two(inits[k], inits[k + 1]), types::F64X2),
            };
            enter.push(init.into());
            self.b.append_block_param(head, ty);
        }
        if few {
            let span = self.span;
            self.poll(span);
        }
        self.b.ins().brif(course.enters, head, &enter, after, &block_args(inits));
        self.b.switch_to_block(head);
        self.aside(|lower| lower.paired_body(pairs, (course, few), body, (head, after)))
    }

    /// The loop from `head` on. Where its body is short, it becomes two, as other loops do.
    fn paired_body(
        &mut self,
        pairs: &Pairs,
        (course, few): (&Course, bool),
        body: Region,
        (head, after): (Block, Block),
    ) -> Result<(), CodegenError> {
        let span = self.span;
        let mut inner = head;
        let mut here = *course;
        let chunks = if few { None } else { self.end_of_chunks(course, body) };
        match chunks {
            None if few => {}
            None => self.poll(span),
            Some(end) => {
                let entered = self.b.block_params(head).to_vec();
                here = self.chunk(course, entered[0], end);
                inner = self.b.create_block();
                for &param in &entered {
                    let ty = self.b.func.dfg.value_type(param);
                    self.b.append_block_param(inner, ty);
                }
                self.jump(inner, &entered);
                self.b.switch_to_block(inner);
            }
        }
        let carried = self.b.block_params(inner).to_vec();
        let ends = self.paired_insts(pairs, body, &carried)?;
        self.locate(span);
        let (next, again) = self.advance(&here, carried[0]);
        let repeat: Vec<ir::Value> = std::iter::once(next).chain(ends.iter().copied()).collect();
        let leave = self.b.create_block();
        match chunks {
            None => _ = self.b.ins().brif(again, head, &block_args(&repeat), leave, &[]),
            Some(_) => {
                let latch = self.b.create_block();
                self.b.ins().brif(again, inner, &block_args(&repeat), latch, &[]);
                self.b.switch_to_block(latch);
                let (_, again) = self.advance(course, carried[0]);
                let more = self.b.create_block();
                self.branch_to(again, more, leave);
                self.poll(span);
                self.jump(head, &repeat);
            }
        }
        self.b.switch_to_block(leave);
        let mut results = Vec::new();
        for (&slot, &end) in pairs.slots.iter().zip(&ends) {
            match slot {
                Slot::One(_) if self.is_vector(end) => results.push(self.apart(end)[0]),
                Slot::One(_) => results.push(end),
                Slot::Two(_) => results.extend(self.apart(end)),
            }
        }
        self.jump(after, &results);
        Ok(())
    }

    /// One iteration, from what is carried, the index first, to what is carried on.
    fn paired_insts(
        &mut self,
        pairs: &Pairs,
        body: Region,
        carried: &[ir::Value],
    ) -> Result<Vec<ir::Value>, CodegenError> {
        let f = self.f;
        let (params, yields) = (&f.region(body).params, &f.region(body).yields);
        let mut vectors = Vectors::default();
        self.define(params[0], carried[0])?;
        for (&slot, &now) in pairs.slots.iter().zip(&carried[1..]) {
            match slot {
                Slot::One(k) if self.is_vector(now) => {
                    let number = self.b.ins().extractlane(now, 0);
                    self.define(params[1 + k], number)?;
                }
                Slot::One(k) => self.define(params[1 + k], now)?,
                Slot::Two(k) => _ = vectors.insert((params[1 + k], params[2 + k]), now),
            }
        }
        for &inst in &f.region(body).insts {
            match pairs.firsts.get(&inst) {
                Some(&first) => self.pair(&mut vectors, first, inst)?,
                None if pairs.early.contains(&inst) => {}
                None => self.inst(inst)?,
            }
        }
        let end = |(slot, &now): (&Slot, &ir::Value)| match *slot {
            Slot::One(k) if self.is_vector(now) => {
                let number = self.get(yields[k])?;
                Ok(self.b.ins().scalar_to_vector(types::F64X2, number))
            }
            Slot::One(k) => self.get(yields[k]),
            Slot::Two(k) => self.vector_of(&mut vectors, (yields[k], yields[k + 1])),
        };
        pairs.slots.iter().zip(&carried[1..]).map(end).collect()
    }

    fn is_vector(&self, v: ir::Value) -> bool {
        self.b.func.dfg.value_type(v) == types::F64X2
    }

    /// What two instructions do, at once.
    fn pair(&mut self, vectors: &mut Vectors, first: Inst, second: Inst) -> Result<(), CodegenError> {
        let f = self.f;
        let (one, other) = (f.inst(first), f.inst(second));
        self.position += 2;
        self.locate(other.span);
        match (&one.op, &other.op) {
            (Op::Prim { prim, args }, Op::Prim { args: with, .. }) => {
                let mut operands = Vec::new();
                for (&a, &b) in args.iter().zip(with) {
                    operands.push(self.vector_of(vectors, (a, b))?);
                }
                let native = native_of_lanes(*prim).ok_or_else(|| self.unpaired(second))?;
                let value = self.native_lanes(native, operands[0], operands.last().copied().unwrap_or(operands[0]));
                vectors.insert((one.results[0], other.results[0]), value);
            }
            (Op::Load { array, subscripts }, Op::Load { subscripts: next, .. }) => {
                let (flags, address, at) = self.two_elements(*array, subscripts, next)?;
                let value = self.b.ins().load(types::F64X2, flags, address, at);
                vectors.insert((one.results[0], other.results[0]), value);
            }
            (Op::Store { array, subscripts, value }, Op::Store { subscripts: next, value: second, .. }) => {
                let (flags, address, at) = self.two_elements(*array, subscripts, next)?;
                let value = self.vector_of(vectors, (*value, *second))?;
                self.b.ins().store(flags, value, address, at);
            }
            (Op::Acc { array, subscripts, value }, Op::Acc { subscripts: next, value: second, .. }) => {
                let (flags, address, at) = self.two_elements(*array, subscripts, next)?;
                let value = self.vector_of(vectors, (*value, *second))?;
                let old = self.b.ins().load(types::F64X2, flags, address, at);
                let new = self.b.ins().fadd(old, value);
                self.b.ins().store(flags, new, address, at);
            }
            _ => return Err(self.unpaired(second)),
        }
        Ok(())
    }

    fn unpaired(&self, inst: Inst) -> CodegenError {
        CodegenError::Internal(format!("{inst:?} is in no pair"))
    }

    /// Where two elements are that lie next to each other, checked.
    fn two_elements(
        &mut self,
        array: Value,
        first: &[Int],
        second: &[Int],
    ) -> Result<(MemFlagsData, ir::Value, i32), CodegenError> {
        let (address, at) = self.element(array, first)?;
        // Its row and its place in it are checked by now; so nothing is emitted that anybody uses.
        self.element(array, second)?;
        let flags = MemFlagsData::new().with_notrap().with_alias_region(self.access(array).alias_region());
        Ok((flags, address, at))
    }

    /// Two numbers as a vector.
    fn vector_of(&mut self, vectors: &mut Vectors, pair: Pair) -> Result<ir::Value, CodegenError> {
        if let Some(&known) = vectors.get(&pair) {
            return Ok(known);
        }
        let (first, second) = (self.get(pair.0)?, self.get(pair.1)?);
        let vector = match first == second {
            true => self.b.ins().splat(types::F64X2, first),
            false => self.two(first, second),
        };
        vectors.insert(pair, vector);
        Ok(vector)
    }

    /// The numbers of a vector. Its halves change places first: a number that stands in a vector's first half is that vector to the register allocator, and what is added up in a loop would leave its register for the sake
    /// of what follows.
    fn apart(&mut self, vector: ir::Value) -> [ir::Value; 2] {
        let bytes: Vec<u8> = (8..16).chain(0..8).collect();
        let mask = self.b.func.dfg.immediates.push(bytes.into());
        let bytes = self.as_type(vector, types::I8X16);
        let swapped = self.b.ins().shuffle(bytes, bytes, mask);
        let swapped = self.as_type(swapped, types::F64X2);
        [1, 0].map(|lane| self.b.ins().extractlane(swapped, lane))
    }

    fn two(&mut self, first: ir::Value, second: ir::Value) -> ir::Value {
        let (first, second) = if self.errs(Mutant::PairSwapped) { (second, first) } else { (first, second) };
        let lanes = self.b.ins().scalar_to_vector(types::F64X2, first);
        self.b.ins().insertlane(lanes, second, 1)
    }
}

fn block_args(values: &[ir::Value]) -> Vec<BlockArg> {
    values.iter().map(|&v| v.into()).collect()
}
