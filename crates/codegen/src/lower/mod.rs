//! Lowering: one IR function becomes Cranelift IR.
//!
//! In: an IR function that verifies, and the tables of the compilation. Out: a Cranelift function by the convention of [`crate::abi`].
//!
//! ```text
//! v6 = mul v5, v0            v31 = fmul v30, v12
//! v7 = load v1[v4]    ⇒      v32 = ishl v29, 3;  v33 = iadd v13, v32;  v34 = load.f64 v33     (index proved in range)
//! yield v6                   brif v40, block4(v37, v31), block5(v31)
//! ```
//!
//! Scalars are Cranelift values, arrays and tapes addresses; regions become blocks whose parameters are what the region carries or yields, and a value of an enclosing region is
//! simply used, since scope implies dominance. [`control`] makes blocks, [`threads`] leaves out tests of decided flags, [`arrays`] addresses, checks and memory, [`prims`] arithmetic, [`pairs`] arithmetic on two numbers at a time, [`tapes`] records, [`calls`], [`externals`] and [`spread`](mod@spread) calls, [`runs`] and [`glue`] what needs no Cranelift, [`shared`] loops that are compiled once for several, [`traps`] cold exits.
//! No optimisation happens here but what only this place can see: superfluous checks ([`adit_ir::bounds`], and checks made before in scope), and long-lived values of large functions, which are
//! kept in memory instead of in registers ([`crate::spill`]).

mod arrays;
mod calls;
mod control;
mod externals;
mod fixed;
mod frame;
mod glue;
mod pairs;
mod prims;
mod prints;
mod products;
mod runs;
mod shared;
mod spread;
mod tapes;
mod threads;
mod traps;
pub(crate) mod vector;

use crate::abi;
use crate::error::CodegenError;
use crate::glue::Glue;
use crate::scoped::Scoped;
use crate::spill::Plan;
use crate::unit::{Reach, Unit};
use adit_ir::bounds::Facts;
use adit_ir::{Const, FuncId, Function, Inst, Int, Op, Value};
use adit_runtime::context::offset;
use adit_runtime::hooks::Hook;
use cranelift_codegen::ir::{
    self, AbiParam, AliasRegionData, Block, BlockArg, ExtFuncData, ExternalName, FuncRef, GlobalValue, GlobalValueData,
    InstBuilder, MemFlagsData, SigRef, Signature, StackSlot, StackSlotData, StackSlotKind, UserExternalName, types,
};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use fixed::{AtHand, Fixed};
use frame::Frame;
use rustc_hash::FxHashMap;
use shared::Part;
pub(crate) use shared::{LoweredShared, lower_shared};
use spread::spread_call;
use target_lexicon::PointerWidth;
use traps::Exit;

/// Number spaces of [`UserExternalName`].
pub(crate) mod namespace {
    /// Functions of this compilation, by their place in the call graph's order.
    pub(crate) const COMPILED: u32 = 0;
    /// [`Unit::imports`](crate::unit::Unit::imports), by place.
    pub(crate) const IMPORTED: u32 = 1;
    /// Ways to imported functions that leave every register alone, by place of the import.
    pub(crate) const THUNK: u32 = 2;
    /// [`Unit::straight`](crate::unit::Unit::straight), by place.
    pub(crate) const STRAIGHT: u32 = 3;
    /// Loops that are compiled once for several, of all functions, by place.
    pub(crate) const SHARED: u32 = 4;
    /// Addresses of imported functions, by place of the import.
    pub(crate) const TABLE: u32 = 5;
    /// Trampolines of functions of this compilation, by their place in the call graph's order.
    pub(crate) const TRAMPOLINE: u32 = 6;
}

/// How many kinds of array memory are told apart; more would slow large functions down.
const ARRAY_REGIONS: u32 = 4;

/// Memory that never overlaps other memory, for Cranelift's alias analysis.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    context: MemFlagsData,
    tape: MemFlagsData,
    pub(crate) frame: MemFlagsData,
    arrays: [MemFlagsData; ARRAY_REGIONS as usize],
}

impl Memory {
    fn new(clif: &mut ir::Function) -> Self {
        let mut next = 0;
        let mut region = |description: &'static str| {
            let data = AliasRegionData { user_id: next, description: description.into() };
            next += 1;
            MemFlagsData::trusted().with_alias_region(Some(clif.dfg.alias_regions.insert(data)))
        };
        let (context, tape, frame) = (region("context"), region("tape"), region("frame"));
        // Records are packed.
        let tape = MemFlagsData::new().with_notrap().with_alias_region(tape.alias_region());
        let arrays = ["arrays 0", "arrays 1", "arrays 2", "arrays 3"].map(region);
        Memory { context, tape, frame, arrays }
    }
}

/// The lowering of one function under way.
pub(crate) struct Lower<'a, 'b, 'u, 'm> {
    unit: &'u mut Unit<'m>,
    id: FuncId,
    pub(crate) f: &'a Function,
    pub(crate) b: FunctionBuilder<'b>,
    facts: Facts<'a>,
    pub(crate) plan: Plan,
    pub(crate) frame: Option<Frame>,
    pub(crate) memory: Memory,
    pub(crate) values: Vec<Option<ir::Value>>,
    /// Values of the plan that were lately loaded back, with the position of the load.
    pub(crate) reloads: Scoped<Value, (ir::Value, usize)>,
    /// Subscripts that are known to be below an extent.
    checked: Scoped<(Int, Int), ()>,
    /// Instructions lowered so far.
    pub(crate) position: usize,
    /// The position after the last call, which left no float in its register.
    pub(crate) last_call: usize,
    /// How many loops there are around what is lowered.
    loops: u32,
    /// Whether a loop around what is lowered has kernels in its place, where it is large enough.
    has_kernels: bool,
    /// Whether what is lowered runs only where something is no number.
    rare: bool,
    /// Which copy of a nest of loops is lowered, where one is written twice.
    copy: Option<vector::Copy>,
    /// Tapes whose ends are in registers.
    kept_ends: Vec<(Value, tapes::Ends)>,
    part: Part<'a>,
    functions: FxHashMap<UserExternalName, FuncRef>,
    imported: FxHashMap<u32, Imported>,
    exits: Vec<Exit>,
    fail: Option<Block>,
    scratch: Option<StackSlot>,
    /// Buffers of loops that run in vectors, as many as one loop has at most.
    slices: Vec<StackSlot>,
    at_hand: AtHand,
    /// Fixed values that were lately loaded, with the position of the load.
    fixed_loads: Scoped<Fixed, (ir::Value, usize)>,
    results_in_memory: bool,
    span: adit_diag::Span,
}

/// Lowers one function, of which [some loops](lower_shared) are lowered, into an empty Cranelift function. Gives how many of its instructions that stands for; the others have their code already.
pub(crate) fn lower(
    (unit, shared): (&mut Unit<'_>, Option<&LoweredShared>),
    id: FuncId,
    clif: &mut ir::Function,
    scratch: &mut FunctionBuilderContext,
) -> Result<usize, CodegenError> {
    let f = unit.module.function(id);
    lower_as(unit, (id, f), Part::Function(shared), clif, scratch)
}

/// Lowers a function, or a loop of it that has become one.
fn lower_as(
    unit: &mut Unit<'_>,
    (id, f): (FuncId, &Function),
    part: Part<'_>,
    clif: &mut ir::Function,
    scratch: &mut FunctionBuilderContext,
) -> Result<usize, CodegenError> {
    let facts = Facts::new(f);
    let (options, call_conv) = (unit.options, unit.call_conv);
    let plan = Plan::new(f, &facts, (options, call_conv), || match part {
        Part::Function(Some(shared)) => Glue::new((f, unit.module), &facts, &shared.loops, (options, call_conv)),
        Part::Function(None) | Part::Loop => Glue::default(),
    });
    let left = f.inst_count().saturating_sub(plan.in_runs());
    clif.signature = abi::signature(f, unit.call_conv);
    let memory = Memory::new(clif);
    let mut b = FunctionBuilder::new(clif, scratch);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let params = b.block_params(entry).to_vec();
    let mut lower = Lower {
        id,
        f,
        facts,
        plan,
        frame: None,
        memory,
        values: vec![None; f.value_count()],
        reloads: Scoped::new(),
        checked: Scoped::new(),
        position: 0,
        last_call: 0,
        loops: 0,
        has_kernels: false,
        rare: false,
        copy: None,
        kept_ends: Vec::new(),
        part,
        functions: FxHashMap::default(),
        imported: FxHashMap::default(),
        exits: Vec::new(),
        fail: None,
        scratch: None,
        slices: Vec::new(),
        at_hand: AtHand::default(),
        fixed_loads: Scoped::new(),
        results_in_memory: abi::results_in_memory(&f.results, unit.call_conv),
        span: f.span,
        unit,
        b,
    };
    lower.prologue(&params)?;
    lower.body()?;
    lower.emit_exits()?;
    lower.b.seal_all_blocks();
    let config = frontend_config(lower.unit.call_conv);
    lower.b.finalize(config);
    Ok(left)
}

/// Lowers the way to a hook that leaves every register alone: `(context, …)`, the answer going to the context.
pub(crate) fn thunk(
    (import, words): (u32, usize),
    reach: Reach,
    call_conv: CallConv,
    clif: &mut ir::Function,
    scratch: &mut FunctionBuilderContext,
) {
    clif.signature = Signature::new(CallConv::PreserveAll);
    clif.signature.params.extend((0..words).map(|_| AbiParam::new(abi::WORD)));
    let mut b = FunctionBuilder::new(clif, scratch);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let params = b.block_params(entry).to_vec();
    let mut signature = Signature::new(call_conv);
    signature.params.extend((0..words).map(|_| AbiParam::new(abi::WORD)));
    signature.returns.push(AbiParam::new(abi::WORD));
    let call = Imported::new(&mut b, reach, import, signature).call(&mut b, &params);
    let answer = b.inst_results(call)[0];
    b.ins().store(MemFlagsData::trusted(), answer, params[0], offset::ANSWER);
    b.ins().return_(&[]);
    b.seal_all_blocks();
    b.finalize(frontend_config(call_conv));
}

/// A function that others define, declared.
#[derive(Clone, Copy)]
enum Imported {
    Function(FuncRef),
    /// Its place in the table.
    Entry(GlobalValue, SigRef),
}

impl Imported {
    fn new(b: &mut FunctionBuilder<'_>, reach: Reach, import: u32, signature: Signature) -> Self {
        let signature = b.import_signature(signature);
        let space = match reach {
            Reach::Address => namespace::IMPORTED,
            Reach::Table => namespace::TABLE,
        };
        let name = b.func.declare_imported_user_function(UserExternalName::new(space, import));
        let name = ExternalName::user(name);
        match reach {
            Reach::Address => {
                let data = ExtFuncData { name, signature, colocated: false, patchable: false };
                Imported::Function(b.import_function(data))
            }
            Reach::Table => {
                let data = GlobalValueData::Symbol { name, offset: 0.into(), colocated: true, tls: false };
                Imported::Entry(b.create_global_value(data), signature)
            }
        }
    }

    fn call(self, b: &mut FunctionBuilder<'_>, args: &[ir::Value]) -> ir::Inst {
        match self {
            Imported::Function(function) => b.ins().call(function, args),
            Imported::Entry(entry, signature) => {
                let entry = b.ins().symbol_value(abi::WORD, entry);
                let address = b.ins().load(abi::WORD, MemFlagsData::trusted(), entry, 0);
                b.ins().call_indirect(signature, address, args)
            }
        }
    }
}

/// What Cranelift's builder wants to know of the machine.
pub(crate) fn frontend_config(call_conv: CallConv) -> TargetFrontendConfig {
    TargetFrontendConfig { default_call_conv: call_conv, pointer_width: PointerWidth::U64, page_size_align_log2: 12 }
}

impl Lower<'_, '_, '_, '_> {
    /// Names parameters, makes room for the plan's values, reads what stays the same during a call.
    fn prologue(&mut self, params: &[ir::Value]) -> Result<(), CodegenError> {
        self.locate(self.f.span);
        if self.plan.is_large() {
            self.keep_fixed_in_memory();
        }
        let mut params = params.iter().copied();
        let missing = || CodegenError::Internal("a function lacks parameters".into());
        for which in [Fixed::Context, Fixed::Depth] {
            let value = params.next().ok_or_else(missing)?;
            self.set_fixed(which, value);
        }
        if self.results_in_memory {
            let value = params.next().ok_or_else(missing)?;
            self.set_fixed(Fixed::Results, value);
        }
        let constant = self.memory.context.with_readonly().with_can_move();
        let context = self.context();
        let interrupt = self.b.ins().load(abi::WORD, constant, context, offset::INTERRUPT);
        self.set_fixed(Fixed::Interrupt, interrupt);
        self.open_frame()?;
        let f = self.f;
        let names = f.dims.iter().copied().chain(f.params.iter().map(|p| p.value));
        for (v, clif) in names.zip(params) {
            self.define(v, clif)?;
        }
        Ok(())
    }

    fn body(&mut self) -> Result<(), CodegenError> {
        if self.f.external.is_some() {
            return self.external_body();
        }
        self.scope(self.f.body, |lower| {
            let f = lower.f;
            lower.insts(f.body)?;
            lower.values(&f.region(f.body).yields)
        })
        .and_then(|results| self.return_(&results))
    }

    fn return_(&mut self, results: &[ir::Value]) -> Result<(), CodegenError> {
        self.close_frame();
        let mut returned = vec![self.b.ins().iconst(abi::STATUS, 0)];
        if self.results_in_memory {
            let address = self.fixed(Fixed::Results);
            for (i, &result) in results.iter().enumerate() {
                self.b.ins().store(self.memory.frame, result, address, 8 * i as i32);
            }
        } else {
            returned.extend(results);
        }
        self.b.ins().return_(&returned);
        Ok(())
    }

    /// Lowers one instruction.
    pub(super) fn inst(&mut self, inst: Inst) -> Result<(), CodegenError> {
        let f = self.f;
        let data = f.inst(inst);
        self.position += 1;
        self.locate(data.span);
        let results = &data.results;
        match &data.op {
            Op::Const(c) => {
                let value = self.constant(*c);
                self.define_one(results, value)
            }
            Op::Prim { prim, args } => {
                let value = self.prim(*prim, args)?;
                self.define_one(results, value)
            }
            Op::Cmp { op, a, b } => {
                let value = self.cmp(*op, *a, *b)?;
                self.define_one(results, value)
            }
            Op::Select { cond, then, otherwise } => {
                let value = self.select(*cond, *then, *otherwise)?;
                self.define_one(results, value)
            }
            Op::If { cond, then, otherwise } => self.if_(*cond, [*then, *otherwise], results),
            Op::For { .. } if self.is_shared(inst) => self.call_shared(inst, results),
            Op::For { lo, hi, step, reversed, inits, body, .. } => {
                let bounds = adit_ir::Bounds { lo: *lo, hi: *hi, step: *step, reversed: *reversed };
                self.for_((inst, bounds), inits, *body, results)
            }
            Op::While { inits, cond, body, .. } => self.while_(inits, *cond, *body, results),
            Op::Alloc { ty } => {
                let value = self.alloc(ty)?;
                self.define_one(results, value)
            }
            Op::Load { array, subscripts } => {
                let value = self.load(*array, subscripts)?;
                self.define_one(results, value)
            }
            Op::Store { array, subscripts, value } => self.store(*array, subscripts, *value),
            Op::Acc { array, subscripts, value } => self.acc(*array, subscripts, *value),
            Op::Copy { to, from } => self.copy(*to, *from),
            Op::Fill { array, value } => self.fill(*array, *value),
            Op::Call { callee, args } => self.call(*callee, args, results),
            Op::TapeNew { .. } => {
                let value = self.tape_new()?;
                self.define_one(results, value)
            }
            Op::TapePush { tape, values } => self.tape_push(*tape, values),
            Op::TapePop { tape } => self.tape_pop(*tape, results),
            Op::Assert { cond, trap, details } => {
                self.assert(*cond, trap, details)?;
                if let Some(known) = self.facts.asserted(&data.op) {
                    self.checked.insert(known, ());
                }
                Ok(())
            }
            Op::Print { parts } => self.print(parts),
        }
    }

    /// Marks further Cranelift instructions with a span.
    fn locate(&mut self, span: adit_diag::Span) {
        self.span = span;
        let location = self.unit.spans.location(span);
        self.b.set_srcloc(location);
    }

    fn constant(&mut self, c: Const) -> ir::Value {
        match c {
            Const::F64(x) => self.b.ins().f64const(x),
            Const::F32(x) => self.b.ins().f32const(x),
            Const::I64(i) => self.word(i),
            Const::Bool(b) => self.b.ins().iconst(types::I8, i64::from(b)),
        }
    }

    fn word(&mut self, i: i64) -> ir::Value {
        self.b.ins().iconst(abi::WORD, i)
    }

    /// What stands for a value here.
    fn get(&mut self, v: Value) -> Result<ir::Value, CodegenError> {
        match self.plan.slot(v) {
            Some(slot) => self.reload(v, slot),
            None => self.values[v.index()]
                .ok_or_else(|| CodegenError::Internal(format!("{v:?} is used before its definition"))),
        }
    }

    fn int(&mut self, i: Int) -> Result<ir::Value, CodegenError> {
        match i {
            Int::Const(c) => Ok(self.word(c)),
            Int::Value(v) => self.get(v),
        }
    }

    fn values(&mut self, values: &[Value]) -> Result<Vec<ir::Value>, CodegenError> {
        values.iter().map(|&v| self.get(v)).collect()
    }

    fn block_args(&mut self, values: &[Value]) -> Result<Vec<BlockArg>, CodegenError> {
        values.iter().map(|&v| self.get(v).map(BlockArg::from)).collect()
    }

    /// States what stands for a value from here on.
    fn define(&mut self, v: Value, clif: ir::Value) -> Result<(), CodegenError> {
        if let Some(slot) = self.plan.slot(v) {
            return self.keep(v, slot, clif);
        }
        self.values[v.index()] = Some(clif);
        Ok(())
    }

    fn define_one(&mut self, results: &[Value], clif: ir::Value) -> Result<(), CodegenError> {
        results.iter().try_for_each(|&r| self.define(r, clif))
    }

    fn define_all(&mut self, values: &[Value], clif: &[ir::Value]) -> Result<(), CodegenError> {
        values.iter().zip(clif).try_for_each(|(&v, &c)| self.define(v, c))
    }

    /// A function of this compilation, declared once.
    fn declare(&mut self, name: UserExternalName, signature: Signature) -> FuncRef {
        if let Some(&known) = self.functions.get(&name) {
            return known;
        }
        let signature = self.b.import_signature(signature);
        let name_ref = self.b.func.declare_imported_user_function(name.clone());
        let data = ExtFuncData { name: ExternalName::user(name_ref), signature, colocated: true, patchable: false };
        let function = self.b.import_function(data);
        self.functions.insert(name, function);
        function
    }

    /// Calls a function that others define.
    fn call_import(&mut self, name: &'static str, args: &[ir::Value], result: Option<ir::Type>) -> Option<ir::Value> {
        let place = self.unit.import(name);
        let mut signature = Signature::new(self.unit.call_conv);
        signature.params.extend(args.iter().map(|&a| AbiParam::new(self.b.func.dfg.value_type(a))));
        signature.returns.extend(result.map(AbiParam::new));
        let imported = match self.imported.get(&place) {
            Some(&known) => known,
            None => Imported::new(&mut self.b, self.unit.reach, place, signature),
        };
        self.imported.insert(place, imported);
        let call = imported.call(&mut self.b, args);
        self.called();
        self.b.inst_results(call).first().copied()
    }

    /// Takes note of a call.
    fn called(&mut self) {
        self.position += 1;
        self.last_call = self.position;
    }

    /// Calls a hook from a cold path, so that the hot paths around need not keep anything out of registers that the call would change. What the hook gives is in
    /// the context's `answer`.
    fn call_cold(&mut self, hook: Hook, args: &[ir::Value]) -> ir::Value {
        let place = self.unit.thunk(hook.name, args.len());
        let mut signature = Signature::new(CallConv::PreserveAll);
        signature.params.extend(args.iter().map(|_| AbiParam::new(abi::WORD)));
        let function = self.declare(UserExternalName::new(namespace::THUNK, place), signature);
        self.b.ins().call(function, args);
        let context = self.context();
        self.b.ins().load(abi::WORD, self.memory.context, context, offset::ANSWER)
    }

    /// The address of that many bytes of scratch memory; every user has the same.
    fn scratch(&mut self, bytes: u32) -> ir::Value {
        let slot = match self.scratch {
            Some(slot) => slot,
            None => self.b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 0, 3)),
        };
        self.scratch = Some(slot);
        let data = &mut self.b.func.sized_stack_slots[slot];
        data.size = data.size.max(bytes);
        self.b.ins().stack_addr(abi::WORD, slot, 0)
    }

    /// Ends the current block with a choice, and goes on in `then`.
    fn branch_to(&mut self, cond: ir::Value, then: Block, otherwise: Block) {
        self.b.ins().brif(cond, then, &[], otherwise, &[]);
        self.b.switch_to_block(then);
    }
}
