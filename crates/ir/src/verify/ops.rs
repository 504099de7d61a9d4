//! What each operation asks of its operands, regions and results.
//!
//! In: one instruction, with the scopes of [`super::Checker`]. Out: violations. One function per operation that has rules of its own; those that only have types say them
//! in [`Checker::instruction`].

use super::{Checker, Rule, called, types};
use crate::entities::{FuncId, Inst, Region, Value};
use crate::func::Passing;
use crate::inst::{Checkpoint, CmpOp, Op, PrintPart};
use crate::prim::Prim;
use crate::types::{ArrayType, Int, Ints, ScalarType, TapeType, Type};

impl<'a> Checker<'a> {
    /// Checks operands, then regions, then the types of results, which are not visible yet.
    pub(super) fn instruction(&mut self, inst: Inst) {
        let data = self.f.inst(inst);
        let results: Option<Vec<Type>> = match &data.op {
            Op::Const(c) => Some(vec![c.ty().into()]),
            Op::Prim { prim, args } => Some(self.prim(*prim, args)),
            Op::Cmp { op, a, b } => Some(self.cmp(*op, *a, *b)),
            Op::Select { cond, then, otherwise } => self.select(*cond, *then, *otherwise),
            Op::If { cond, then, otherwise } => self.choice(*cond, *then, *otherwise),
            Op::For { lo, hi, step, checkpoint, inits, body, .. } => {
                self.ints(&[*lo, *hi, *step], Rule::Operands, "a bound of the loop");
                self.kept(checkpoint);
                self.counted(inits, *body)
            }
            Op::While { checkpoint, inits, cond, body } => {
                self.kept(checkpoint);
                self.repeated(inits, *cond, *body)
            }
            Op::Alloc { ty } => {
                self.rank(ty);
                self.ints(&ty.dims, Rule::Arrays, "a dimension of the array");
                self.made(&data.results);
                Some(vec![Type::Array(ty.clone())])
            }
            Op::Load { array, subscripts } => self.element(*array, subscripts).map(|e| vec![e.into()]),
            Op::Store { array, subscripts, value } => {
                let element = self.element(*array, subscripts);
                self.write(*array, element, *value)
            }
            Op::Acc { array, subscripts, value } => {
                let element = self.element(*array, subscripts);
                if element.is_some_and(|e| !e.is_float()) {
                    self.report(Rule::Operands, "`acc` adds to an array that is not of floats");
                }
                self.write(*array, element, *value)
            }
            Op::Copy { to, from } => self.copy(*to, *from),
            Op::Fill { array, value } => {
                let element = self.array(*array).map(|a| a.element);
                self.write(*array, element, *value)
            }
            Op::Call { callee, args } => self.call(*callee, args),
            Op::TapeNew { ty } => {
                self.made(&data.results);
                Some(vec![Type::Tape(ty.clone())])
            }
            Op::TapePush { tape, values } => self.push(*tape, values),
            Op::TapePop { tape } => self.pop(*tape, &data.results),
            Op::Assert { cond, details, .. } => self.assertion(*cond, details),
            Op::Print { parts } => self.print(parts),
        };
        if let Some(results) = results {
            self.results(&data.results, &results);
        }
    }

    /// What an `alloc` or a `tape.new` makes may be written.
    fn made(&mut self, results: &[Value]) {
        for v in results {
            if let Some(writable) = self.writable.get_mut(v.index()) {
                *writable = true;
            }
        }
    }

    fn results(&mut self, found: &[Value], expected: &[Type]) {
        if found.len() != expected.len() {
            let (found, wanted) = (found.len(), expected.len());
            return self.report(Rule::Results, format!("{found} results instead of {wanted}"));
        }
        for (i, (&v, wanted)) in found.iter().zip(expected).enumerate() {
            if self.ty(v).is_some_and(|ty| ty != wanted) {
                self.report(Rule::Results, format!("result {i} is not {}", called(wanted)));
            }
        }
    }

    fn scalar(&mut self, v: Value, wanted: ScalarType, what: &str) {
        if let Some(ty) = self.in_scope(v, what)
            && *ty != Type::Scalar(wanted)
        {
            self.report(Rule::Operands, format!("{what} is {} instead of {wanted}", called(ty)));
        }
    }

    fn any_scalar(&mut self, v: Value, what: &str) -> Option<ScalarType> {
        let ty = self.in_scope(v, what)?;
        if ty.scalar().is_none() {
            self.report(Rule::Handles, format!("{what} is {}", called(ty)));
        }
        ty.scalar()
    }

    fn array(&mut self, v: Value) -> Option<&'a ArrayType> {
        let ty = self.in_scope(v, "the array")?;
        if ty.array().is_none() {
            self.report(Rule::Operands, format!("the array is {}", called(ty)));
        }
        ty.array()
    }

    fn tape(&mut self, v: Value) -> Option<&'a TapeType> {
        let ty = self.in_scope(v, "the tape")?;
        if ty.tape().is_none() {
            self.report(Rule::Operands, format!("the tape is {}", called(ty)));
        }
        ty.tape()
    }

    fn prim(&mut self, prim: Prim, args: &[Value]) -> Vec<Type> {
        let signature = prim.row().signature;
        let wanted = signature.args.len();
        if args.len() != wanted {
            let message = format!("`{}` has {} operands instead of {wanted}", prim.name(), args.len());
            self.report(Rule::Operands, message);
        }
        let float = signature.float_type(|i| args.get(i).and_then(|&v| self.ty(v)).and_then(Type::scalar));
        for (i, (&v, wanted)) in args.iter().zip(signature.args).enumerate() {
            let wanted = wanted.at(float);
            // Most operands are right, and need no words.
            if !self.is_visible(v) || self.ty(v) != Some(&wanted.into()) {
                self.scalar(v, wanted, &format!("operand {i} of `{}`", prim.name()));
            }
        }
        vec![signature.result.at(float).into()]
    }

    fn cmp(&mut self, op: CmpOp, a: Value, b: Value) -> Vec<Type> {
        let left = self.any_scalar(a, "the left operand");
        let right = self.any_scalar(b, "the right operand");
        if let (Some(left), Some(right)) = (left, right) {
            if left != right {
                self.report(Rule::Operands, format!("{left} is compared with {right}"));
            }
            if left == ScalarType::Bool && !matches!(op, CmpOp::Eq | CmpOp::Ne) {
                self.report(Rule::Operands, "truth values have no order");
            }
        }
        vec![Type::BOOL]
    }

    fn select(&mut self, cond: Value, then: Value, otherwise: Value) -> Option<Vec<Type>> {
        self.scalar(cond, ScalarType::Bool, "the condition");
        let then = self.any_scalar(then, "the first choice")?;
        self.scalar(otherwise, then, "the second choice");
        Some(vec![then.into()])
    }

    fn choice(&mut self, cond: Value, then: Region, otherwise: Region) -> Option<Vec<Type>> {
        self.scalar(cond, ScalarType::Bool, "the condition");
        self.region(then, &[], "an arm of the `if`");
        self.region(otherwise, &[], "an arm of the `if`");
        if then.index() >= self.f.region_count() {
            return None;
        }
        let yielded = self.scalars(&self.f.region(then).yields, "a value that the `if` yields")?;
        self.yields(otherwise, &yielded, "the `if`");
        Some(yielded)
    }

    /// The types of values that must be scalars; they need not be visible any more.
    fn scalars(&mut self, values: &[Value], what: &str) -> Option<Vec<Type>> {
        let types: Option<Vec<Type>> = values.iter().map(|&v| self.ty(v).cloned()).collect();
        let types = types?;
        if types.iter().any(|ty| ty.scalar().is_none()) {
            self.report(Rule::Handles, format!("{what} is no scalar"));
            return None;
        }
        Some(types)
    }

    /// The types of what a loop carries.
    fn carried(&mut self, inits: &[Value]) -> Option<Vec<Type>> {
        for &v in inits {
            self.in_scope(v, "a first value of the loop")?;
        }
        self.scalars(inits, "a carried value")
    }

    fn kept(&mut self, checkpoint: &Option<Checkpoint>) {
        let sizes: Ints = checkpoint.iter().map(|c| c.size).collect();
        self.ints(&sizes, Rule::Operands, "the size of the checkpoint");
    }

    fn counted(&mut self, inits: &[Value], body: Region) -> Option<Vec<Type>> {
        let carried = self.carried(inits)?;
        let mut params = vec![Type::I64];
        params.extend_from_slice(&carried);
        self.region(body, &params, "the loop's body");
        self.yields(body, &carried, "the loop");
        Some(carried)
    }

    fn repeated(&mut self, inits: &[Value], cond: Region, body: Region) -> Option<Vec<Type>> {
        let carried = self.carried(inits)?;
        self.region(cond, &carried, "the loop's condition");
        self.yields(cond, &[Type::BOOL], "the loop's condition");
        self.region(body, &carried, "the loop's body");
        self.yields(body, &carried, "the loop");
        Some(carried)
    }

    fn element(&mut self, array: Value, subscripts: &[Int]) -> Option<ScalarType> {
        self.ints(subscripts, Rule::Subscripts, "a subscript");
        let ty = self.array(array)?;
        if ty.dims.len() != subscripts.len() {
            let (found, wanted) = (subscripts.len(), ty.dims.len());
            self.report(Rule::Subscripts, format!("{found} subscripts for {wanted} dimensions"));
        }
        Some(ty.element)
    }

    /// A write of `value` to elements of this type. Gives the types of the results: none.
    fn write(&mut self, array: Value, element: Option<ScalarType>, value: Value) -> Option<Vec<Type>> {
        if let Some(element) = element {
            self.writable(array);
            self.scalar(value, element, "the written value");
        }
        Some(Vec::new())
    }

    fn writable(&mut self, array: Value) {
        if !self.may_write(array) {
            self.report(Rule::Writes, "a parameter that is not `mut` is written");
        }
    }

    fn may_write(&self, array: Value) -> bool {
        self.writable.get(array.index()) == Some(&true)
    }

    fn copy(&mut self, to: Value, from: Value) -> Option<Vec<Type>> {
        if let (Some(a), Some(b)) = (self.array(to), self.array(from)) {
            self.writable(to);
            if a.element != b.element || a.dims.len() != b.dims.len() {
                self.report(Rule::Operands, "`copy` between arrays of different element types or ranks");
            }
            if to == from {
                self.report(Rule::Aliases, "an array is copied to itself");
            }
        }
        Some(Vec::new())
    }

    fn call(&mut self, id: FuncId, args: &[Value]) -> Option<Vec<Type>> {
        let Some(callee) = self.callee(id) else {
            self.report(Rule::Exists, "the called function does not exist");
            return None;
        };
        if args.len() != callee.params.len() {
            let (found, wanted) = (args.len(), callee.params.len());
            self.report(Rule::Calls, format!("{found} arguments instead of {wanted}"));
        }
        let mut written = Vec::new();
        for (i, (&arg, param)) in args.iter().zip(&callee.params).enumerate() {
            let Some(ty) = self.in_scope(arg, "an argument") else {
                continue;
            };
            if param.value.index() < callee.value_count() && !fits(ty, callee.ty(param.value)) {
                self.report(Rule::Calls, format!("argument {i} is {}, which does not fit", called(ty)));
            }
            if param.passing == Passing::Mut {
                written.push(arg);
            }
        }
        self.lent(&written, args);
        Some(types(&callee.results))
    }

    /// Arrays and tapes passed as `mut` may be written, and are passed once.
    fn lent(&mut self, written: &[Value], args: &[Value]) {
        if written.iter().any(|&v| !self.may_write(v)) {
            self.report(Rule::Writes, "an array that may not be written is passed as `mut`");
        }
        if written.is_empty() {
            return;
        }
        let mut sorted = args.to_vec();
        sorted.sort_unstable();
        let times = |v: Value| sorted.partition_point(|&w| w <= v) - sorted.partition_point(|&w| w < v);
        if written.iter().any(|&v| times(v) > 1) {
            self.report(Rule::Aliases, "an array passed as `mut` is passed twice");
        }
    }

    fn push(&mut self, tape: Value, values: &[Value]) -> Option<Vec<Type>> {
        if values.is_empty() {
            self.report(Rule::Tapes, "a record has no fields");
        }
        let fields = self.tape(tape).filter(|t| !t.is_mixed()).map(|t| t.fields.as_slice());
        if fields.is_some_and(|fields| fields.len() != values.len()) {
            self.report(Rule::Tapes, "a record has another number of fields than the tape");
        }
        for (i, &v) in values.iter().enumerate() {
            let found = self.any_scalar(v, "a field of the record");
            let wanted = fields.and_then(|fields| fields.get(i)).copied();
            if found.is_some() && wanted.is_some() && found != wanted {
                self.report(Rule::Tapes, format!("field {i} of the record has the wrong type"));
            }
        }
        Some(Vec::new())
    }

    /// What a pop gives: a record of the tape's; from a mixed one, what it says itself.
    fn pop(&mut self, tape: Value, results: &[Value]) -> Option<Vec<Type>> {
        let ty = self.tape(tape)?;
        if !ty.is_mixed() {
            return Some(types(&ty.fields));
        }
        if results.is_empty() {
            self.report(Rule::Tapes, "a record has no fields");
        }
        self.scalars(results, "a field of the record")
    }

    fn assertion(&mut self, cond: Value, details: &[Int]) -> Option<Vec<Type>> {
        self.scalar(cond, ScalarType::Bool, "the condition");
        self.ints(details, Rule::Operands, "a detail");
        if details.len() > 2 {
            self.report(Rule::Details, "there are more than two details");
        }
        Some(Vec::new())
    }

    fn print(&mut self, parts: &[PrintPart]) -> Option<Vec<Type>> {
        for part in parts {
            if let PrintPart::Value(v) = part
                && let Some(Type::Tape(_)) = self.in_scope(*v, "a printed value")
            {
                self.report(Rule::Handles, "a tape is printed");
            }
        }
        Some(Vec::new())
    }
}

/// Whether an argument of type `found` may be passed for a parameter of type `wanted`; extents are compared when the call runs.
fn fits(found: &Type, wanted: &Type) -> bool {
    match (found, wanted) {
        (Type::Array(a), Type::Array(b)) => a.element == b.element && a.dims.len() == b.dims.len(),
        (Type::Scalar(a), Type::Scalar(b)) => a == b,
        (Type::Tape(a), Type::Tape(b)) => a == b,
        (Type::Scalar(_) | Type::Array(_) | Type::Tape(_), _) => false,
    }
}
