//! Elements of arrays and fields of records, two at a time.
//!
//! In: accesses whose subscripts go up evenly, and [records](super::records). Out: loads and stores of vectors where elements lie next to each other, of two scalars elsewhere. What is the same all over the loop is computed in front of it.
//!
//! Where one iteration reads two elements that lie next to each other, as it does of the tangents of several directions, each iteration's two are read as one vector:
//!
//! ```text
//! iteration k        a[k, 0] a[k, 1]               a[k, 0]     a[k, 1]
//! iteration k + 1    a[k + 1, 0] a[k + 1, 1]   ⇒   a[k + 1, 0] a[k + 1, 1]
//! ```

use super::{Extent, LANES, Plan, Sweeps};
use crate::abi;
use crate::error::CodegenError;
use crate::lower::Lower;
use crate::lower::vector::lanes::Env;
use crate::mutant::Mutant;
use adit_ir::loops::{Access, Field, Guard, Linear, Step, What};
use adit_ir::{Const, Int, ScalarType, Value};
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, StackSlot, types};

/// How far apart the elements of two iterations are, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stride {
    Literal(i64),
    Value(ir::Value),
}

/// What a step reads or writes.
#[derive(Clone, Copy)]
pub(super) enum Spot<'l> {
    Element(&'l Access),
    Field(Field),
}

impl<'l> Spot<'l> {
    /// That of a step, if it has one.
    fn of(step: &'l Step) -> Option<Self> {
        match &step.what {
            What::Load(access, _) | What::Store(access, ..) | What::Acc(access, ..) => Some(Spot::Element(access)),
            What::Save(field, _) | What::Take(field, _) => Some(Spot::Field(*field)),
            What::Compute(_) | What::Choose(_) => None,
        }
    }

    fn is(self, other: Spot<'_>) -> bool {
        match (self, other) {
            (Spot::Element(a), Spot::Element(b)) => a.array == b.array && a.subscripts == b.subscripts,
            (Spot::Field(a), Spot::Field(b)) => a == b,
            (Spot::Element(_), Spot::Field(_)) | (Spot::Field(_), Spot::Element(_)) => false,
        }
    }
}

/// Where it is.
pub(super) struct Place<'l> {
    pub(super) spot: Spot<'l>,
    /// The address at index 0.
    pub(super) origin: ir::Value,
    pub(super) stride: Stride,
}

/// Where the elements of two iterations are: addresses, and what is to be added.
struct Elements {
    lanes: [(ir::Value, i32); 2],
    /// Whether they lie next to each other.
    together: bool,
}

impl Sweeps<'_> {
    /// The place of what lies behind a place, if the loop reads both and writes neither.
    fn beside(&self, place: usize) -> Option<usize> {
        let access = match self.places[place].spot {
            Spot::Element(access) => access,
            Spot::Field(field) => {
                let next = Field { offset: field.offset + 8, ..field };
                return (!self.l.records[field.record].saves).then(|| place_of(&self.places, Spot::Field(next)))?;
            }
        };
        let (last, others) = access.subscripts.split_last()?;
        let next = Linear { offset: last.offset.checked_add(1)?, ..last.clone() };
        let follows = |p: &Place<'_>| match p.spot {
            Spot::Element(other) => {
                other.array == access.array && other.subscripts.split_last() == Some((&next, others))
            }
            Spot::Field(_) => false,
        };
        let found = self.places.iter().position(follows)?;
        (!self.l.written.contains(&access.array)).then_some(found)
    }
}

impl Lower<'_, '_, '_, '_> {
    /// Where all that a loop reads or writes is; what is the same once.
    pub(super) fn places<'l>(&mut self, plan: &'l Plan, extent: Extent) -> Result<Vec<Place<'l>>, CodegenError> {
        let mut places: Vec<Place<'l>> = Vec::new();
        for spot in plan.l.steps.iter().filter_map(Spot::of) {
            if place_of(&places, spot).is_none() {
                places.push(match spot {
                    Spot::Element(access) => self.element_place(access)?,
                    Spot::Field(field) => self.field_place(plan, field, extent)?,
                });
            }
        }
        Ok(places)
    }

    fn element_place<'l>(&mut self, access: &'l Access) -> Result<Place<'l>, CodegenError> {
        let ty = self.array_type(access.array)?;
        let mut origin = self.get(access.array)?;
        let mut literal = 0_i64;
        let mut stride: Option<ir::Value> = None;
        for (axis, form) in access.subscripts.iter().enumerate() {
            let inner: &[Int] = &ty.dims[axis + 1..];
            let bytes = inner.iter().try_fold(8_i64, |n, &d| n.checked_mul(self.facts.literal(d)?));
            let fixed = Linear { scale: 0, ..form.clone() };
            if !fixed.terms.is_empty() || fixed.offset != 0 {
                let fixed = self.uniform_part(&fixed)?;
                let offset = self.scaled(fixed, inner, 8)?;
                origin = self.b.ins().iadd(origin, offset);
            }
            match bytes.and_then(|bytes| literal.checked_add(bytes.checked_mul(form.scale)?)) {
                Some(sum) => literal = sum,
                None if form.scale == 0 => {}
                None => {
                    let scale = self.word(form.scale);
                    let bytes = self.scaled(scale, inner, 8)?;
                    stride = Some(stride.map_or(bytes, |sum| self.b.ins().iadd(sum, bytes)));
                }
            }
        }
        let stride = match stride {
            None => Stride::Literal(literal),
            Some(sum) => {
                let literal = self.word(literal);
                Stride::Value(self.b.ins().iadd(sum, literal))
            }
        };
        Ok(Place { spot: Spot::Element(access), origin, stride })
    }

    /// The address of each place at the first iteration of a block.
    pub(super) fn bases(&mut self, v: &Sweeps<'_>, from: ir::Value) -> Vec<ir::Value> {
        let mut bases = Vec::new();
        for place in &v.places {
            let way = self.along(place.stride, from);
            bases.push(self.b.ins().iadd(place.origin, way));
        }
        bases
    }

    /// The address at which a step reads at the first iteration of a block.
    pub(super) fn base_of(&mut self, v: &Sweeps<'_>, bases: &[ir::Value], step: usize) -> ir::Value {
        let place = Spot::of(&v.l.steps[step]).and_then(|spot| place_of(&v.places, spot));
        place.map_or_else(|| self.word(0), |place| bases[place])
    }

    /// So many strides.
    fn along(&mut self, stride: Stride, count: ir::Value) -> ir::Value {
        match stride {
            Stride::Literal(8) => self.b.ins().ishl_imm_u(count, 3),
            Stride::Literal(bytes) => self.b.ins().imul_imm_s(count, bytes),
            Stride::Value(bytes) => self.b.ins().imul(count, bytes),
        }
    }

    /// How memory is accessed: vectors lie anywhere.
    fn unaligned(&self, spot: Spot<'_>) -> MemFlagsData {
        let region = match spot {
            Spot::Element(access) => self.access(access.array).alias_region(),
            Spot::Field(_) => self.memory.tape.alias_region(),
        };
        MemFlagsData::new().with_notrap().with_alias_region(region)
    }

    /// The type of two such values, and of one.
    fn lane_types(&self, value: Value) -> (ir::Type, ir::Type) {
        match self.f.ty(value).scalar() {
            Some(ScalarType::F64) => (types::F64X2, types::F64),
            Some(_) | None => (types::I64X2, types::I64),
        }
    }

    /// Where two elements are.
    fn elements(&mut self, v: &Sweeps<'_>, env: &Env<'_>, place: usize) -> Elements {
        let base = env.bases[place];
        let stride = v.places[place].stride;
        let ahead = LANES * env.copy as i64;
        let near = |bytes: i64| Some([ahead.checked_mul(bytes)?, (ahead + 1).checked_mul(bytes)?]);
        if let Stride::Literal(bytes) = stride
            && let Some([first, second]) = near(bytes).map(|at| at.map(i32::try_from))
            && let (Ok(first), Ok(second)) = (first, second)
        {
            let way = self.along(stride, env.k);
            let address = self.b.ins().iadd(base, way);
            return Elements { lanes: [(address, first), (address, second)], together: bytes == 8 };
        }
        let at = self.b.ins().iadd_imm_s(env.k, ahead);
        let way = self.along(stride, at);
        let first = self.b.ins().iadd(base, way);
        let second = match stride {
            Stride::Literal(bytes) => self.b.ins().iadd_imm_s(first, bytes),
            Stride::Value(bytes) => self.b.ins().iadd(first, bytes),
        };
        Elements { lanes: [(first, 0), (second, 0)], together: false }
    }

    pub(super) fn load_lanes(
        &mut self,
        v: &Sweeps<'_>,
        env: &mut Env<'_>,
        (spot, value): (Spot<'_>, Value),
    ) -> ir::Value {
        let (vector, scalar) = self.lane_types(value);
        let flags = self.unaligned(spot);
        let place = place_of(&v.places, spot).unwrap_or(0);
        if let Some(lanes) = env.beside.remove(&place) {
            return self.as_type(lanes, vector);
        }
        let Elements { lanes, together } = self.elements(v, env, place);
        if together {
            let (address, at) = lanes[0];
            return self.b.ins().load(vector, flags, address, at);
        }
        if let Some(beside) = v.beside(place) {
            let rows = lanes.map(|(address, at)| self.b.ins().load(vector, flags, address, at));
            let [first, second] = self.transposed(rows);
            env.beside.insert(beside, second);
            return first;
        }
        let [first, second] = lanes.map(|(address, at)| self.b.ins().load(scalar, flags, address, at));
        let lanes = self.b.ins().scalar_to_vector(vector, first);
        self.b.ins().insertlane(lanes, second, 1)
    }

    /// The first elements of two rows, and the second ones.
    fn transposed(&mut self, rows: [ir::Value; 2]) -> [ir::Value; 2] {
        let ty = self.b.func.dfg.value_type(rows[0]);
        let [a, b] = rows.map(|row| self.as_type(row, types::I8X16));
        [0_u8, 8].map(|from| {
            let bytes: Vec<u8> = [from, from + 16].into_iter().flat_map(|first| first..first + 8).collect();
            let mask = self.b.func.dfg.immediates.push(bytes.into());
            let lanes = self.b.ins().shuffle(a, b, mask);
            self.as_type(lanes, ty)
        })
    }

    pub(super) fn store_lanes(&mut self, v: &Sweeps<'_>, env: &mut Env<'_>, spot: Spot<'_>, lanes: ir::Value) {
        let flags = self.unaligned(spot);
        let elements = self.elements(v, env, place_of(&v.places, spot).unwrap_or(0));
        if elements.together {
            let (address, at) = elements.lanes[0];
            self.b.ins().store(flags, lanes, address, at);
            return;
        }
        for (lane, (address, at)) in elements.lanes.into_iter().enumerate() {
            let value = self.b.ins().extractlane(lanes, lane as u8);
            self.b.ins().store(flags, value, address, at);
        }
    }

    /// Overwrites elements; where the guard does not hold, with what they are.
    pub(super) fn overwrite(
        &mut self,
        v: &Sweeps<'_>,
        env: &mut Env<'_>,
        (access, value, guard): (&Access, Value, Option<usize>),
    ) -> Result<(), CodegenError> {
        let lanes = self.guarded(v, env, (value, guard), &|lower, env| {
            Ok(lower.load_lanes(v, env, (Spot::Element(access), value)))
        })?;
        self.store_lanes(v, env, Spot::Element(access), lanes);
        Ok(())
    }

    /// Adds to elements; where the guard does not hold, what changes nothing.
    pub(super) fn add_to(
        &mut self,
        v: &Sweeps<'_>,
        env: &mut Env<'_>,
        (access, value, guard): (&Access, Value, Option<usize>),
    ) -> Result<(), CodegenError> {
        let nothing = |lower: &mut Self, _: &mut Env<'_>| Ok(lower.constant_lanes(Const::F64(-0.0)));
        let lanes = self.guarded(v, env, (value, guard), &nothing)?;
        let old = self.load_lanes(v, env, (Spot::Element(access), value));
        let new = self.b.ins().fadd(old, lanes);
        self.store_lanes(v, env, Spot::Element(access), new);
        Ok(())
    }

    /// A value, and where a guard does not hold, another one.
    fn guarded(
        &mut self,
        v: &Sweeps<'_>,
        env: &mut Env<'_>,
        (value, guard): (Value, Option<usize>),
        otherwise: &dyn Fn(&mut Self, &mut Env<'_>) -> Result<ir::Value, CodegenError>,
    ) -> Result<ir::Value, CodegenError> {
        let lanes = self.lanes_of_value(v, env, value)?;
        let Some(guard) = guard.filter(|_| !self.errs(Mutant::GuardIgnored)) else { return Ok(lanes) };
        let mask = self.guard_mask(v, env, guard)?;
        let otherwise = otherwise(self, env)?;
        Ok(self.blend(mask, lanes, otherwise))
    }

    /// Where all of a guard holds.
    fn guard_mask(&mut self, v: &Sweeps<'_>, env: &mut Env<'_>, guard: usize) -> Result<ir::Value, CodegenError> {
        let Guard { cond, holds, outer } = v.l.guards[guard];
        let mask = self.lanes_of_value(v, env, cond)?;
        let mask = if holds { mask } else { self.b.ins().bnot(mask) };
        match outer {
            None => Ok(mask),
            Some(outer) => {
                let outer = self.guard_mask(v, env, outer)?;
                Ok(self.b.ins().band(mask, outer))
            }
        }
    }

    /// A value out of its buffer.
    pub(super) fn fetch_lanes(&mut self, env: &Env<'_>, buffer: StackSlot, value: Value) -> ir::Value {
        let ty = match self.f.ty(value).scalar() {
            Some(ScalarType::F64) => types::F64X2,
            Some(_) | None => types::I64X2,
        };
        let (address, at) = self.in_buffer(env, buffer);
        self.b.ins().load(ty, MemFlagsData::new().with_notrap(), address, at)
    }

    /// Puts a value into its buffer.
    pub(super) fn keep_lanes(&mut self, env: &Env<'_>, buffer: StackSlot, lanes: ir::Value) {
        let (address, at) = self.in_buffer(env, buffer);
        self.b.ins().store(MemFlagsData::new().with_notrap(), lanes, address, at);
    }

    fn in_buffer(&mut self, env: &Env<'_>, buffer: StackSlot) -> (ir::Value, i32) {
        let start = self.b.ins().stack_addr(abi::WORD, buffer, 0);
        let way = self.b.ins().ishl_imm_u(env.k, 3);
        (self.b.ins().iadd(start, way), 8 * LANES as i32 * env.copy as i32)
    }
}

fn place_of(places: &[Place<'_>], spot: Spot<'_>) -> Option<usize> {
    places.iter().position(|place| place.spot.is(spot))
}
