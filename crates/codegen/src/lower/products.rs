//! Products of matrices by kernels.
//!
//! In: a nest of loops that [`adit_ir::loops::products`] has read. Out: in front of the nest, requests to the [kernel](adit_runtime::product) of the machine; the nest itself runs where extents are small, and where something does
//! not hold that has to. So what stops a program stops it where it always did, with everything before it done, and small matrices cost a few comparisons.
//!
//! ```text
//!            brif every loop runs, and there is enough to do, checks, loops
//! checks:    subscripts in range at both ends?  else loops
//! kernels:   a request for each task, on the stack: addresses, strides, extents;  a call;  ask for interruption;  jump after
//! loops:     …
//! ```
//!
//! Not in strict mode, since sums are added up in another order. Not with fuel, which counts iterations.

use super::Lower;
use crate::error::CodegenError;
use crate::mutant::Mutant;
use crate::options::Products;
use adit_ir::loops::products::{Access, Check, Form, Nest, Task, Weight, read, read_as_independent};
use adit_ir::{Inst, Int};
use adit_runtime::product::{self, LEFT_WEIGHS, NEGATIVE, OVERWRITES, RIGHT_WEIGHS};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, Block, InstBuilder};

/// From how many products of two numbers on a kernel is worth its call.
const LEAST: i64 = 256;

/// Loops with more iterations run themselves: the product of three such numbers does not overflow.
const MOST_TRIPS: i64 = 1 << 20;

/// First indices up to here leave differences of bounds exact.
const FAR: u64 = 1 << 40;

/// How the loops of a nest run.
struct Courses {
    /// First indices.
    lo: Vec<ir::Value>,
    /// How many iterations there are.
    trips: Vec<ir::Value>,
}

impl Lower<'_, '_, '_, '_> {
    /// The products that a loop is nothing but, if it is to be done by kernels.
    pub(super) fn product_plan(&self, inst: Inst) -> Option<Nest> {
        let options = self.unit.options;
        let may = options.products != Products::Off && !options.strict && !options.fuel && !self.has_kernels;
        may.then(|| match options.mutant {
            Some(Mutant::ProductAliased) => read_as_independent(self.f, &self.facts, inst),
            Some(_) | None => read(self.f, &self.facts, inst),
        })?
    }

    /// Has kernels do what a nest does where that is worth it, and goes to `after`. Goes on in a block where the loops have still to be begun.
    pub(super) fn products(&mut self, nest: &Nest, after: Block) -> Result<(), CodegenError> {
        let (checks, loops) = (self.b.create_block(), self.b.create_block());
        let (courses, enough) = self.courses(nest)?;
        self.b.ins().brif(enough, checks, &[], loops, &[]);
        self.b.switch_to_block(checks);
        let span = self.span;
        self.aside(|lower| {
            for check in &nest.checks {
                lower.unless_holds(check, &courses, loops)?;
            }
            for task in &nest.tasks {
                lower.task(task, &courses)?;
            }
            lower.poll(span);
            lower.b.ins().jump(after, &[]);
            Ok::<_, CodegenError>(())
        })?;
        self.locate(span);
        self.b.switch_to_block(loops);
        Ok(())
    }

    /// How the loops run, and whether all do and there is enough to do.
    fn courses(&mut self, nest: &Nest) -> Result<(Courses, ir::Value), CodegenError> {
        let mut courses = Courses { lo: Vec::new(), trips: Vec::new() };
        let mut enough: Option<ir::Value> = None;
        for counted in &nest.loops {
            let (lo, hi) = (self.int(counted.lo)?, self.int(counted.hi)?);
            let trips = self.b.ins().isub(hi, lo);
            let before = self.b.ins().iadd_imm_s(trips, -1);
            let mut runs = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, before, MOST_TRIPS);
            if self.facts.literal(counted.lo).is_none_or(|lo| lo.unsigned_abs() > FAR) {
                let rises = self.b.ins().icmp(IntCC::SignedLessThan, lo, hi);
                runs = self.b.ins().band(runs, rises);
            }
            enough = Some(enough.map_or(runs, |others| self.b.ins().band(others, runs)));
            courses.lo.push(lo);
            courses.trips.push(trips);
        }
        let mut work = self.word(1);
        for l in nest.tasks.iter().take(1).flat_map(Task::loops) {
            work = self.b.ins().imul(work, courses.trips[l]);
        }
        let least = if self.unit.options.products == Products::Eager { 1 } else { LEAST };
        let much = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, work, least);
        let enough = enough.map_or(much, |runs| self.b.ins().band(runs, much));
        Ok((courses, enough))
    }

    /// Goes to the loops unless something holds.
    fn unless_holds(&mut self, check: &Check, courses: &Courses, loops: Block) -> Result<(), CodegenError> {
        let fails = match check {
            Check::InRange(form, extent) => {
                let (first, extent) = (self.first(form, courses)?, self.int(*extent)?);
                let outside = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, first, extent);
                match form.along {
                    Some((l, scale)) => {
                        let distance = self.b.ins().iadd_imm_s(courses.trips[l], -1);
                        let way = self.b.ins().imul_imm_s(distance, scale);
                        let last = self.b.ins().iadd(first, way);
                        let beyond = self.b.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, last, extent);
                        self.b.ins().bor(outside, beyond)
                    }
                    None => outside,
                }
            }
            Check::Holds(cond) => {
                let cond = self.get(*cond)?;
                self.b.ins().icmp_imm_s(IntCC::Equal, cond, 0)
            }
        };
        if !self.errs(Mutant::ProductUnchecked) {
            let go_on = self.b.create_block();
            self.b.ins().brif(fails, loops, &[], go_on, &[]);
            self.b.switch_to_block(go_on);
        }
        Ok(())
    }

    /// A subscript at the first indices.
    fn first(&mut self, form: &Form, courses: &Courses) -> Result<ir::Value, CodegenError> {
        let rest = self.uniform_part(&form.rest)?;
        Ok(match form.along {
            Some((l, scale)) => {
                let way = self.b.ins().imul_imm_s(courses.lo[l], scale);
                self.b.ins().iadd(way, rest)
            }
            None => rest,
        })
    }

    /// One request.
    fn task(&mut self, task: &Task, courses: &Courses) -> Result<(), CodegenError> {
        if task.factors.is_none() && self.errs(Mutant::ClearLost) {
            return Ok(());
        }
        let [rows, terms, columns] = [task.rows, task.terms, task.columns];
        let mut words = self.matrix(task, &task.to, [rows, columns], courses)?.to_vec();
        for (k, strides) in [[rows, terms], [terms, columns]].into_iter().enumerate() {
            let strides = match k == 1 && self.errs(Mutant::FactorTransposed) {
                true => [columns, terms],
                false => strides,
            };
            words.extend(match &task.factors {
                Some(factors) => self.matrix(task, &factors[k], strides, courses)?,
                None => [self.word(0); 3],
            });
        }
        let one = self.word(1);
        let none = self.word(0);
        let extent = |l: Option<usize>| l.map_or(one, |l| courses.trips[l]);
        words.push(extent(rows));
        words.push(if task.factors.is_some() { extent(terms) } else { none });
        words.push(extent(columns));
        words.push(self.word(self.flags(task)));
        debug_assert_eq!(words.len(), product::WORDS);
        let room = self.scratch(8 * product::WORDS as u32);
        for (at, word) in words.into_iter().enumerate() {
            self.b.ins().store(self.memory.frame, word, room, 8 * at as i32);
        }
        let context = self.context();
        let kernel = product::kernel(task.float, self.unit.slices);
        self.call_import(kernel.name, &[context, room], None);
        Ok(())
    }

    fn flags(&self, task: &Task) -> i64 {
        let weight = match task.weight {
            _ if self.errs(Mutant::ProductPlain) => None,
            Some(Weight::Left) if self.errs(Mutant::WeightSwapped) => Some(Weight::Right),
            Some(Weight::Right) if self.errs(Mutant::WeightSwapped) => Some(Weight::Left),
            weight => weight,
        };
        let weighs = match weight {
            None => 0,
            Some(Weight::Left) => LEFT_WEIGHS,
            Some(Weight::Right) => RIGHT_WEIGHS,
        };
        let adds = task.overwrites && task.factors.is_some() && self.errs(Mutant::ProductAdded);
        let overwrites = (task.overwrites && !adds) || self.errs(Mutant::ProductOverwrites);
        weighs + if task.negative { NEGATIVE } else { 0 } + if overwrites { OVERWRITES } else { 0 }
    }

    /// The address of a matrix's first element, and its strides along two loops.
    fn matrix(
        &mut self,
        task: &Task,
        access: &Access,
        along: [Option<usize>; 2],
        courses: &Courses,
    ) -> Result<[ir::Value; 3], CodegenError> {
        let f = self.f;
        let dims: &[Int] = f.ty(access.array).array().map(|ty| &ty.dims[..]).unwrap_or_default();
        let zero = self.word(0);
        let (mut offset, mut strides) = (zero, [zero; 2]);
        let mut stride = self.word(1);
        for (form, &dim) in access.subscripts.iter().zip(dims).rev() {
            let first = self.first(form, courses)?;
            let distance = self.b.ins().imul(first, stride);
            offset = self.b.ins().iadd(offset, distance);
            for (l, sum) in along.into_iter().zip(&mut strides) {
                if let Some((_, scale)) = form.along.filter(|&(at, _)| Some(at) == l) {
                    let step = self.b.ins().imul_imm_s(stride, scale);
                    *sum = self.b.ins().iadd(*sum, step);
                }
            }
            let extent = self.int(dim)?;
            stride = self.b.ins().imul(stride, extent);
        }
        if self.errs(Mutant::OffsetLost) {
            offset = zero;
        }
        let bytes = self.b.ins().imul_imm_s(offset, i64::from(task.float.bytes() as u32));
        let base = self.get(access.array)?;
        Ok([self.b.ins().iadd(base, bytes), strides[0], strides[1]])
    }
}
