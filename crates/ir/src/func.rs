//! Functions and modules: arenas of values, instructions and regions.
//!
//! In: what [`crate::build`] appends. Out: [`Function`] (signature, body, arenas) and [`Module`]. A function owns all its entities; an instruction that no
//! region lists any more is simply not part of the program. Nothing here checks well-formedness: that is [`mod@crate::verify`].

use crate::derived::{Derived, Mode};
use crate::entities::{FuncId, Inst, Region, Value};
use crate::external::External;
use crate::inst::{InstData, Op, Values};
use crate::types::{ScalarType, Type};
use adit_diag::Span;

/// How an argument is passed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Passing {
    /// A scalar, or an array that the callee only reads.
    ByValue,
    /// An array that the callee may write; no other argument of the call is the same array.
    Mut,
}

/// A parameter.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its value inside the function.
    pub value: Value,
    /// How it is passed.
    pub passing: Passing,
}

/// A region: a list of instructions with parameters and yielded values.
#[derive(Clone, Default, Debug)]
pub struct RegionData {
    /// Values bound on entry.
    pub params: Vec<Value>,
    /// In order of execution.
    pub insts: Vec<Inst>,
    /// What the owner receives at the end; for a function's body, what it returns.
    pub yields: Values,
}

/// A function in structured SSA form.
#[derive(Clone, Debug)]
pub struct Function {
    /// Unique in its module.
    pub name: String,
    /// Where the source defines it.
    pub span: Span,
    /// The `i64` values that parameters' array types bind, in order of first mention.
    pub dims: Vec<Value>,
    /// In order.
    pub params: Vec<Param>,
    /// Types of the returned scalars.
    pub results: Vec<ScalarType>,
    /// The body; its yields are returned.
    pub body: Region,
    /// If this function has no body yet: what it is the derivative of.
    pub derived: Option<Derived>,
    /// What it is instead of its body, which is then empty and yields nothing.
    pub external: Option<External>,
    values: Vec<Type>,
    insts: Vec<InstData>,
    regions: Vec<RegionData>,
}

impl Function {
    /// A function without parameters and with an empty body.
    pub fn new(name: impl Into<String>, span: Span) -> Self {
        let body = Region::new(0);
        let (dims, params, results) = (Vec::new(), Vec::new(), Vec::new());
        let (values, insts, regions) = (Vec::new(), Vec::new(), vec![RegionData::default()]);
        let name = name.into();
        let (derived, external) = (None, None);
        Function { name, span, dims, params, results, body, derived, external, values, insts, regions }
    }

    /// Makes room for a function of about the size of another.
    pub fn reserve_like(&mut self, other: &Function) {
        self.values.reserve(other.values.len());
        self.insts.reserve(other.insts.len());
        self.regions.reserve(other.regions.len());
    }

    /// A new value that nothing defines yet.
    pub fn add_value(&mut self, ty: Type) -> Value {
        self.values.push(ty);
        Value::new(self.values.len() - 1)
    }

    /// A new empty region that no instruction owns yet.
    pub fn add_region(&mut self) -> Region {
        self.regions.push(RegionData::default());
        Region::new(self.regions.len() - 1)
    }

    /// A new instruction that no region lists yet.
    pub fn add_inst(&mut self, op: Op, results: Values, span: Span) -> Inst {
        self.insts.push(InstData { op, results, span });
        Inst::new(self.insts.len() - 1)
    }

    /// The type of a value.
    pub fn ty(&self, v: Value) -> &Type {
        &self.values[v.index()]
    }

    /// Changes the type of a value: for passes that rename its dimensions.
    pub fn set_ty(&mut self, v: Value, ty: Type) {
        self.values[v.index()] = ty;
    }

    /// An instruction.
    pub fn inst(&self, i: Inst) -> &InstData {
        &self.insts[i.index()]
    }

    /// An instruction, to change.
    pub fn inst_mut(&mut self, i: Inst) -> &mut InstData {
        &mut self.insts[i.index()]
    }

    /// All instructions of the arena, unlisted ones included.
    pub fn insts(&self) -> impl Iterator<Item = &InstData> {
        self.insts.iter()
    }

    /// A region.
    pub fn region(&self, r: Region) -> &RegionData {
        &self.regions[r.index()]
    }

    /// A region, to change.
    pub fn region_mut(&mut self, r: Region) -> &mut RegionData {
        &mut self.regions[r.index()]
    }

    /// How many values the arena holds, unused ones included.
    pub fn value_count(&self) -> usize {
        self.values.len()
    }

    /// How many instructions the arena holds, unlisted ones included.
    pub fn inst_count(&self) -> usize {
        self.insts.len()
    }

    /// How many regions the arena holds, unowned ones included.
    pub fn region_count(&self) -> usize {
        self.regions.len()
    }

    /// Calls `see` with every instruction that is part of the program, owners before what they own, in order of writing.
    pub fn walk(&self, see: &mut dyn FnMut(Inst)) {
        self.walk_region(self.body, see);
    }

    /// [`Function::walk`] within one region.
    pub fn walk_region(&self, region: Region, see: &mut dyn FnMut(Inst)) {
        for &inst in &self.region(region).insts {
            see(inst);
            for inner in self.inst(inst).op.regions() {
                self.walk_region(inner, see);
            }
        }
    }

    /// Calls of each function become calls of what `actual` says for it.
    pub fn redirect_calls(&mut self, actual: &dyn Fn(FuncId) -> FuncId) {
        let mut calls = Vec::new();
        self.walk(&mut |inst| {
            if let Op::Call { callee, .. } = self.inst(inst).op
                && actual(callee) != callee
            {
                calls.push(inst);
            }
        });
        for inst in calls {
            if let Op::Call { callee, .. } = &mut self.inst_mut(inst).op {
                *callee = actual(*callee);
            }
        }
    }

    /// How many instructions are part of the program.
    pub fn live_inst_count(&self) -> usize {
        let mut count = 0;
        self.walk(&mut |_| count += 1);
        count
    }
}

/// The derivatives that someone wrote for a function, in place of those that a pass would make. What they take and give is said by [`crate::rules`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Rules {
    /// Tangents of the results from tangents of the parameters.
    pub jvp: Option<FuncId>,
    /// Cotangents of the parameters from cotangents of the results.
    pub vjp: Option<FuncId>,
}

impl Rules {
    /// One of the two.
    pub fn of(self, kind: Mode) -> Option<FuncId> {
        match kind {
            Mode::Jvp => self.jvp,
            Mode::Vjp => self.vjp,
        }
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self == Rules::default()
    }

    /// Those there are.
    pub fn iter(self) -> impl Iterator<Item = FuncId> {
        self.jvp.into_iter().chain(self.vjp)
    }
}

/// Functions that may call one another.
#[derive(Clone, Default, Debug)]
pub struct Module {
    functions: Vec<Function>,
    /// By function.
    rules: Vec<Rules>,
}

impl Module {
    /// A module without functions.
    pub fn new() -> Self {
        Module::default()
    }

    /// Adds a function.
    pub fn push(&mut self, f: Function) -> FuncId {
        self.functions.push(f);
        self.rules.push(Rules::default());
        FuncId::new(self.functions.len() - 1)
    }

    /// The derivative rules of a function.
    pub fn rules(&self, id: FuncId) -> Rules {
        self.rules[id.index()]
    }

    /// States the derivative rules of a function. Changing its body leaves them as they are.
    pub fn set_rules(&mut self, id: FuncId, rules: Rules) {
        self.rules[id.index()] = rules;
    }

    /// Forgets all derivative rules: what is differentiated no more may be inlined.
    pub fn forget_rules(&mut self) {
        self.rules.fill(Rules::default());
    }

    /// A function.
    pub fn function(&self, id: FuncId) -> &Function {
        &self.functions[id.index()]
    }

    /// A function, to change.
    pub fn function_mut(&mut self, id: FuncId) -> &mut Function {
        &mut self.functions[id.index()]
    }

    /// The function of this name.
    pub fn find(&self, name: &str) -> Option<FuncId> {
        self.functions.iter().position(|f| f.name == name).map(FuncId::new)
    }

    /// All functions, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FuncId, &Function)> {
        self.functions.iter().enumerate().map(|(i, f)| (FuncId::new(i), f))
    }

    /// The names of all functions' entities, in order.
    pub fn ids(&self) -> impl Iterator<Item = FuncId> + use<> {
        (0..self.functions.len()).map(FuncId::new)
    }

    /// How many functions there are.
    pub fn len(&self) -> usize {
        self.functions.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }
}
