//! Calls of other compiled functions.
//!
//! In: a `call`. Out: a poll, the check of the depth, of the stack where the call can come back to its caller, of the extents that must agree, the call itself, and a branch to a cold exit that
//! passes the callee's status on. Dimensions are passed once each, as the callee's signature binds them.

use super::fixed::Fixed;
use super::{Lower, namespace, spread_call};
use crate::abi;
use crate::error::CodegenError;
use crate::lower::traps::Status;
use adit_ir::shape::{Extent, Shapes, Wanted};
use adit_ir::{FuncId, Int, Trap, Value};
use adit_runtime::context::offset;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, UserExternalName};

impl Lower<'_, '_, '_, '_> {
    pub(super) fn call(&mut self, callee: FuncId, args: &[Value], results: &[Value]) -> Result<(), CodegenError> {
        if self.unit.module.function(callee).external.is_some() {
            return self.call_external(callee, args, results);
        }
        let place = self.unit.graph.place(callee);
        let place = place.ok_or_else(|| CodegenError::Internal(format!("{callee:?} is called but not reachable")))?;
        self.poll(self.span);
        let depth = self.enter();
        if self.unit.graph.recursive(self.id, callee) {
            self.check_stack(place);
        }
        let dims = self.shapes(callee, args)?;
        if let Some(call) = spread_call(self.unit, callee) {
            let room = self.spread((callee, call), (&dims, args), depth)?;
            return self.fetch(room, results);
        }
        let target = self.unit.module.function(callee);
        let in_memory = abi::results_in_memory(&target.results, self.unit.call_conv);
        let room = in_memory.then(|| self.scratch(8 * target.results.len() as u32));
        let mut passed = vec![self.context(), depth];
        passed.extend(room);
        for dim in dims {
            passed.push(self.int(dim)?);
        }
        passed.extend(self.values(args)?);
        let signature = abi::signature(target, self.unit.call_conv);
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        let function = self.declare(UserExternalName::new(namespace::COMPILED, place), signature);
        let call = self.b.ins().call(function, &passed);
        self.called();
        let returned = self.b.inst_results(call).to_vec();
        self.pass_on(returned[0]);
        match room {
            None => self.define_all(results, &returned[1..]),
            Some(room) => self.fetch(room, results),
        }
    }

    /// The depth for the callee: one less, which must not be below 0.
    pub(super) fn enter(&mut self) -> ir::Value {
        let depth = self.fixed(Fixed::Depth);
        let none = self.b.ins().icmp_imm_s(IntCC::Equal, depth, 0);
        self.trap_if(none, Trap::RecursionTooDeep, &[]);
        self.b.ins().iadd_imm_s(depth, -1)
    }

    /// Stops the program if the stack has no room for the callee and all that it calls outside this cycle.
    fn check_stack(&mut self, place: usize) {
        let constant = self.memory.context.with_readonly().with_can_move();
        let context = self.context();
        let needs = self.b.ins().load(abi::WORD, constant, context, offset::STACK_NEEDS);
        let at = i32::try_from(8 * place).unwrap_or(0);
        let need = self.b.ins().load(abi::WORD, constant, needs, at);
        let limit = self.b.ins().load(abi::WORD, constant, context, offset::STACK_LIMIT);
        let here = self.b.ins().get_stack_pointer(abi::WORD);
        let lowest = self.b.ins().isub(here, need);
        let beyond = self.b.ins().icmp(IntCC::SignedLessThan, lowest, limit);
        self.trap_if(beyond, Trap::RecursionTooDeep, &[need]);
    }

    /// Makes the checks that the signature asks for, and gives the callee's dimensions.
    pub(super) fn shapes(&mut self, callee: FuncId, args: &[Value]) -> Result<Vec<Int>, CodegenError> {
        let target = self.unit.module.function(callee);
        let shapes = Shapes::of(target);
        for check in &shapes.checks {
            let found = self.extent(args, check.found)?;
            let wanted = match check.wanted {
                Wanted::Literal(c) => Int::Const(c),
                Wanted::Same(first) => self.extent(args, first)?,
            };
            self.agree(wanted, found, &check.what(target))?;
        }
        shapes
            .binds
            .iter()
            .map(|bind| match bind {
                Some(extent) => self.extent(args, *extent),
                None => Err(CodegenError::Internal(format!("no argument of `{}` binds a dimension", target.name))),
            })
            .collect()
    }

    fn extent(&self, args: &[Value], extent: Extent) -> Result<Int, CodegenError> {
        let array = args.get(extent.param).and_then(|&a| self.f.ty(a).array());
        let dim = array.and_then(|a| a.dims.get(extent.axis)).copied();
        dim.ok_or_else(|| CodegenError::Internal("an argument has the wrong kind".into()))
    }

    /// Leaves with the callee's status unless that is 0.
    fn pass_on(&mut self, status: ir::Value) {
        let exit = self.exit(Status::Passed(status), &[]);
        self.leave_if(status, exit);
    }

    /// Results out of memory.
    pub(super) fn fetch(&mut self, room: ir::Value, results: &[Value]) -> Result<(), CodegenError> {
        for (i, &result) in results.iter().enumerate() {
            let ty = abi::value(self.f.ty(result));
            let value = self.b.ins().load(ty, self.memory.frame, room, 8 * i as i32);
            self.define(result, value)?;
        }
        Ok(())
    }
}
