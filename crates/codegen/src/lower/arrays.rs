//! Arrays: memory, addresses, bounds checks.
//!
//! In: `alloc`, `load`, `store`, `acc`, `copy`, `fill`. Out: inline allocation from the arena (a hook where the chunk ends or extents are extraordinary), checks where [`adit_ir::bounds`] proves nothing
//! and nothing in scope has checked the same subscript against the same extent, and addresses split so that Cranelift can share and hoist their parts:
//!
//! ```text
//! load v1[v4, v5 - 1]     row = v1 + v4 * d1 * 8;   load.f64 (row + v5 * 8) - 8
//! ```

use super::{ARRAY_REGIONS, Lower};
use crate::abi;
use crate::error::CodegenError;
use crate::lower::traps::Status;
use adit_ir::shape::COPY;
use adit_ir::{ArrayType, Int, ScalarType, Trap, Value};
use adit_runtime::context::offset;
use adit_runtime::hooks;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData, types};

/// Arrays of at most so many bytes are zeroed in place.
const ZEROED_INLINE: i64 = 64;

/// Extents that are literals are multiplied when compiling if the product stays below this.
const SMALL: i64 = 1 << 40;

impl<'a> Lower<'a, '_, '_, '_> {
    /// The type of an array, whose handle outlives the lowering.
    pub(super) fn array_type(&self, array: Value) -> Result<&'a ArrayType, CodegenError> {
        let f = self.f;
        f.ty(array).array().ok_or_else(|| CodegenError::Internal(format!("{array:?} is no array")))
    }

    /// How elements of an array are accessed: handles never overlap.
    pub(super) fn access(&self, array: Value) -> MemFlagsData {
        self.memory.arrays[array.index() % ARRAY_REGIONS as usize]
    }

    pub(super) fn load(&mut self, array: Value, subscripts: &[Int]) -> Result<ir::Value, CodegenError> {
        let (address, at) = self.element(array, subscripts)?;
        let ty = abi::scalar(self.array_type(array)?.element);
        let flags = self.access(array);
        Ok(self.b.ins().load(ty, flags, address, at))
    }

    pub(super) fn store(&mut self, array: Value, subscripts: &[Int], value: Value) -> Result<(), CodegenError> {
        let (address, at) = self.element(array, subscripts)?;
        let value = self.get(value)?;
        let flags = self.access(array);
        self.b.ins().store(flags, value, address, at);
        Ok(())
    }

    pub(super) fn acc(&mut self, array: Value, subscripts: &[Int], value: Value) -> Result<(), CodegenError> {
        let (address, at) = self.element(array, subscripts)?;
        let value = self.get(value)?;
        let flags = self.access(array);
        let ty = self.b.func.dfg.value_type(value);
        let old = self.b.ins().load(ty, flags, address, at);
        let new = self.b.ins().fadd(old, value);
        self.b.ins().store(flags, new, address, at);
        Ok(())
    }

    /// The address of an element, in two parts, checked.
    pub(super) fn element(&mut self, array: Value, subscripts: &[Int]) -> Result<(ir::Value, i32), CodegenError> {
        let ty = self.array_type(array)?;
        for (&subscript, &extent) in subscripts.iter().zip(&ty.dims) {
            self.check(subscript, extent)?;
        }
        let size = ty.element.bytes() as i64;
        let mut address = self.get(array)?;
        let mut fixed = 0_i64;
        for (axis, &subscript) in subscripts.iter().enumerate() {
            let (root, shift) = self.facts.split(subscript);
            let inner: &[Int] = &ty.dims[axis + 1..];
            let literal_stride = inner.iter().try_fold(size, |n, &d| n.checked_mul(self.facts.literal(d)?));
            let near = |bytes: i64| i32::try_from(fixed.checked_add(bytes)?).ok();
            let folded = literal_stride.and_then(|stride| near(shift.checked_mul(stride)?).map(i64::from));
            // The fixed part must fit into the instruction; otherwise the subscript is taken as it is.
            let index = match folded {
                Some(sum) => {
                    fixed = sum;
                    root.map(Int::Value)
                }
                None => Some(subscript),
            };
            if let Some(index) = index {
                let index = self.int(index)?;
                let bytes = self.scaled(index, inner, size)?;
                address = self.b.ins().iadd(address, bytes);
            }
        }
        Ok((address, i32::try_from(fixed).unwrap_or(0)))
    }

    /// `index` times the bytes of what lies below one step of it.
    pub(super) fn scaled(&mut self, index: ir::Value, inner: &[Int], size: i64) -> Result<ir::Value, CodegenError> {
        let mut index = index;
        for &dim in inner {
            index = match self.facts.literal(dim) {
                Some(literal) => self.b.ins().imul_imm_s(index, literal),
                None => {
                    let dim = self.int(dim)?;
                    self.b.ins().imul(index, dim)
                }
            };
        }
        Ok(self.times_size(index, size))
    }

    /// The bytes of so many elements; sizes are powers of two.
    fn times_size(&mut self, count: ir::Value, size: i64) -> ir::Value {
        match size.trailing_zeros() {
            0 => count,
            shift => self.b.ins().ishl_imm_u(count, i64::from(shift)),
        }
    }

    /// Stops the program unless `0 <= subscript < extent`.
    fn check(&mut self, subscript: Int, extent: Int) -> Result<(), CodegenError> {
        let keep = self.unit.options.keep_checks;
        if !keep && (self.checked.get((subscript, extent)).is_some() || self.facts.in_range(subscript, extent)) {
            return Ok(());
        }
        let (index, length) = (self.int(subscript)?, self.int(extent)?);
        let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.trap_if(outside, Trap::IndexOutOfRange, &[index, length]);
        self.checked.insert((subscript, extent), ());
        Ok(())
    }

    /// The number of elements of an array that exists: no product of its extents wraps but to the zero that it is.
    fn count(&mut self, dims: &[Int]) -> Result<ir::Value, CodegenError> {
        let literal = dims.iter().try_fold(1_i64, |n, &d| n.checked_mul(self.facts.literal(d)?));
        if let Some(count) = literal {
            return Ok(self.word(count));
        }
        let mut count = self.int(dims[0])?;
        for &dim in &dims[1..] {
            let dim = self.int(dim)?;
            count = self.b.ins().imul(count, dim);
        }
        Ok(count)
    }

    pub(super) fn copy(&mut self, to: Value, from: Value) -> Result<(), CodegenError> {
        let (to_type, from_type) = (self.array_type(to)?, self.array_type(from)?);
        for (&a, &b) in to_type.dims.iter().zip(&from_type.dims) {
            self.agree(a, b, COPY)?;
        }
        let count = self.count(&to_type.dims)?;
        let bytes = self.times_size(count, to_type.element.bytes() as i64);
        let (to, from) = (self.get(to)?, self.get(from)?);
        self.call_import(hooks::COPY.name, &[to, from, bytes], None);
        Ok(())
    }

    /// Stops the program unless two extents are equal.
    pub(super) fn agree(&mut self, a: Int, b: Int, what: &str) -> Result<(), CodegenError> {
        let literals = (self.facts.literal(a), self.facts.literal(b));
        if a == b || matches!(literals, (Some(a), Some(b)) if a == b) {
            return Ok(());
        }
        let (a, b) = (self.int(a)?, self.int(b)?);
        let differ = self.b.ins().icmp(IntCC::NotEqual, a, b);
        self.trap_if(differ, Trap::ShapeMismatch(what.to_owned()), &[a, b]);
        Ok(())
    }

    pub(super) fn fill(&mut self, array: Value, value: Value) -> Result<(), CodegenError> {
        let ty = self.array_type(array)?;
        let count = self.count(&ty.dims)?;
        let address = self.get(array)?;
        let value = self.get(value)?;
        let (hook, bits) = match ty.element {
            ScalarType::F64 => (hooks::FILL_WORDS, self.b.ins().bitcast(abi::WORD, MemFlagsData::new(), value)),
            ScalarType::F32 => {
                let bits = self.b.ins().bitcast(types::I32, MemFlagsData::new(), value);
                (hooks::FILL_HALVES, self.b.ins().uextend(abi::WORD, bits))
            }
            ScalarType::I64 => (hooks::FILL_WORDS, value),
            ScalarType::Bool => (hooks::FILL_BYTES, self.b.ins().uextend(abi::WORD, value)),
        };
        self.call_import(hook.name, &[address, count, bits], None);
        Ok(())
    }

    pub(super) fn alloc(&mut self, ty: &ArrayType) -> Result<ir::Value, CodegenError> {
        if self.is_terse() {
            return self.alloc_by_hook(ty);
        }
        let size = ty.element.bytes() as i64;
        let literals: Option<Vec<i64>> = ty.dims.iter().map(|&d| self.facts.literal(d)).collect();
        let product = |dims: Vec<i64>| {
            dims.iter().try_fold(size, |n, &d| if d < 0 { None } else { n.checked_mul(d) }).filter(|&n| n < SMALL)
        };
        let literal = literals.and_then(product).map(round_up);
        let (bytes, ordinary) = match literal {
            Some(bytes) => (self.word(bytes), None),
            None => self.bytes(ty, size)?,
        };
        let address = self.bump(ty, bytes, ordinary)?;
        match literal {
            Some(bytes) if bytes <= ZEROED_INLINE => self.zero_inline(address, bytes),
            Some(_) | None => {
                self.call_import(hooks::ZERO.name, &[address, bytes], None);
            }
        }
        Ok(address)
    }

    /// The bytes of an array, rounded up, and whether its extents are so ordinary that the product cannot wrap.
    fn bytes(&mut self, ty: &ArrayType, size: i64) -> Result<(ir::Value, Option<ir::Value>), CodegenError> {
        let mut all = self.int(ty.dims[0])?;
        let mut count = all;
        for &dim in &ty.dims[1..] {
            let dim = self.int(dim)?;
            all = self.b.ins().bor(all, dim);
            count = self.b.ins().imul(count, dim);
        }
        // With every extent below 2^(56 / rank), the product stays below 2^56. A negative extent is far above, as an unsigned number.
        let ordinary = 1_i64 << (56 / ty.dims.len().clamp(1, 56));
        let ordinary = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, all, ordinary);
        let exact = self.times_size(count, size);
        let bytes = if size == 8 {
            exact
        } else {
            let up = self.b.ins().iadd_imm_s(exact, 7);
            self.b.ins().band_imm_s(up, -8)
        };
        Ok((bytes, Some(ordinary)))
    }

    /// An address from the arena's current chunk, or from the hook.
    pub(super) fn bump(
        &mut self,
        ty: &ArrayType,
        bytes: ir::Value,
        ordinary: Option<ir::Value>,
    ) -> Result<ir::Value, CodegenError> {
        let flags = self.memory.context;
        let context = self.context();
        let next = self.b.ins().load(abi::WORD, flags, context, offset::ARENA_NEXT);
        let end = self.b.ins().load(abi::WORD, flags, context, offset::ARENA_END);
        let behind = self.b.ins().iadd(next, bytes);
        let fits = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, behind, end);
        let fits = match ordinary {
            Some(ordinary) => self.b.ins().band(fits, ordinary),
            None => fits,
        };
        let (near, far, done) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(far);
        self.b.append_block_param(done, abi::WORD);
        self.b.ins().brif(fits, near, &[], far, &[]);
        self.b.switch_to_block(far);
        let slow = self.aside(|lower| lower.alloc_slowly(ty))?;
        self.b.ins().jump(done, &[slow.into()]);
        self.b.switch_to_block(near);
        self.b.ins().store(flags, behind, context, offset::ARENA_NEXT);
        self.b.ins().jump(done, &[next.into()]);
        self.b.switch_to_block(done);
        Ok(self.b.block_params(done)[0])
    }

    /// An array, by one call.
    fn alloc_by_hook(&mut self, ty: &ArrayType) -> Result<ir::Value, CodegenError> {
        let [context, extents, rank, size] = self.alloc_args(ty)?;
        let site = self.unit.status(Trap::NegativeLength, self.span);
        self.unit.status(Trap::MemoryLimit, self.span);
        let site = self.word(site);
        let address =
            self.call_import(hooks::ALLOC_ZEROED.name, &[context, extents, rank, size, site], Some(abi::WORD));
        let address = address.ok_or_else(|| CodegenError::Internal("the hook for arrays gives nothing".into()))?;
        let none = self.b.ins().icmp_imm_s(IntCC::Equal, address, 0);
        self.fail_if(none);
        Ok(address)
    }

    /// What hooks for arrays want to know.
    fn alloc_args(&mut self, ty: &ArrayType) -> Result<[ir::Value; 4], CodegenError> {
        let extents = self.scratch(8 * ty.dims.len() as u32);
        for (axis, &dim) in ty.dims.iter().enumerate() {
            let dim = self.int(dim)?;
            self.b.ins().store(self.memory.frame, dim, extents, 8 * axis as i32);
        }
        let (rank, size) = (self.word(ty.dims.len() as i64), self.word(ty.element.bytes() as i64));
        Ok([self.context(), extents, rank, size])
    }

    fn alloc_slowly(&mut self, ty: &ArrayType) -> Result<ir::Value, CodegenError> {
        let args = self.alloc_args(ty)?;
        let address = self.call_cold(hooks::ALLOC, &args);
        let site = self.unit.status(Trap::NegativeLength, self.span);
        self.unit.status(Trap::MemoryLimit, self.span);
        self.leave_unless(address, Status::SitePlusFault(site));
        Ok(address)
    }

    fn zero_inline(&mut self, address: ir::Value, bytes: i64) {
        let zero = self.word(0);
        let flags = MemFlagsData::trusted();
        for at in (0..bytes).step_by(8) {
            self.b.ins().store(flags, zero, address, at as i32);
        }
    }
}

fn round_up(bytes: i64) -> i64 {
    (bytes + 7) & -8
}
