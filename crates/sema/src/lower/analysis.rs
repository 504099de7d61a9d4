//! What must be known of a function body before it is lowered: one walk over the typed tree.
//!
//! In: a function. Out: its [`Facts`]: for each loop what is assigned inside and how it can be left, for each expression whether it writes or leaves, for each variable
//! where it is mentioned last. Nodes are known by their address ([`Key`]): the tree is borrowed, so it stays where it is.
//!
//! ```text
//! for i in 0..n { if c { break; } s += 1.0; }     writes: [exit (this loop), s]; breaks
//! ```
//!
//! It deliberately does not compute sets: a loop has a range of one list of writes in order of writing, so nested loops share it.

use crate::layout::Sizes;
use crate::typed::*;
use rustc_hash::{FxHashMap, FxHashSet};
use std::ops::Range as Span;

/// A node of the tree, by kind and address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key(u8, usize);

impl Key {
    /// A loop statement, by its body.
    pub(super) fn of_loop(body: &Block) -> Key {
        Key(0, std::ptr::from_ref(body).addr())
    }

    /// A loop of a generator.
    pub(super) fn of_generator(l: &GeneratorLoop) -> Key {
        Key(1, std::ptr::from_ref(l).addr())
    }

    pub(super) fn of_block(block: &Block) -> Key {
        Key(2, std::ptr::from_ref(block).addr())
    }

    pub(super) fn of_expr(e: &Expr) -> Key {
        Key(3, std::ptr::from_ref(e).addr())
    }
}

/// Something that a loop body may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Write {
    /// Leaves of a variable, counted from its first.
    Leaves { local: LocalId, start: u32, end: u32 },
    /// Control leaves.
    Exit(Exit),
}

/// Where control goes when it leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exit {
    Return,
    Break(Key),
    Continue(Key),
}

/// What is known of a loop.
#[derive(Clone, Default, Debug)]
pub(super) struct LoopFacts {
    /// A number of its own; 0 is the function itself.
    pub(super) id: u32,
    /// Part of [`Facts::log`].
    pub(super) writes: Span<usize>,
    /// Some `break` leaves it.
    pub(super) breaks: bool,
    /// Some `continue` goes on with it.
    pub(super) continues: bool,
    /// Some `return` inside.
    pub(super) returns: bool,
    /// A generator's loop whose range mentions the index of one around it in the same generator.
    pub(super) depends: bool,
    /// A `while` whose condition writes or leaves.
    pub(super) busy_condition: bool,
}

/// What is known of a block in which something leaves.
#[derive(Clone, Default, Debug)]
pub(super) struct BlockFacts {
    /// The number of each statement, then that of the value.
    pub(super) stamps: Vec<u32>,
    /// The last statement that may leave.
    pub(super) last_exit: usize,
}

/// What is known of a function.
#[derive(Clone, Default, Debug)]
pub(super) struct Facts {
    pub(super) log: Vec<Write>,
    pub(super) loops: FxHashMap<Key, LoopFacts>,
    pub(super) blocks: FxHashMap<Key, BlockFacts>,
    /// By local: the number of the last statement that mentions it.
    pub(super) last_use: Vec<u32>,
    /// By local: the loop whose body declares it.
    pub(super) home: Vec<u32>,
    /// Every call.
    pub(super) calls: Vec<FnId>,
    /// Those among them that are differentiated, with how many times longer their code gets by that, about.
    pub(super) derived: Vec<(FnId, usize)>,
    /// How many expressions there are.
    pub(super) nodes: usize,
    /// The most dimensions of an array.
    pub(super) rank: usize,
    /// Whether something is printed.
    pub(super) prints: bool,
    busy: FxHashSet<Key>,
}

impl Facts {
    /// Whether evaluating an expression assigns, lends or leaves.
    pub(super) fn is_busy(&self, e: &Expr) -> bool {
        !self.busy.is_empty() && self.busy.contains(&Key::of_expr(e))
    }
}

/// What evaluating something does, as bits.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Does(u8);

impl Does {
    const WRITE: Does = Does(1);
    const RETURN: Does = Does(2);
    const BREAK: Does = Does(4);
    fn and(self, other: Does) -> Does {
        Does(self.0 | other.0)
    }

    fn any(self, of: Does) -> bool {
        self.0 & of.0 != 0
    }

    fn without(self, of: Does) -> Does {
        Does(self.0 & !of.0)
    }

    fn leaves(self) -> bool {
        self.any(Does::RETURN.and(Does::BREAK))
    }
}

/// Walks a function.
pub(super) fn facts(program: &Program, sizes: &Sizes, def: &FnDef) -> Facts {
    let count = def.locals.len();
    let facts = Facts { last_use: vec![0; count], home: vec![0; count], ..Facts::default() };
    let mut walk =
        Walk { program, sizes, def, facts, stamp: 0, open: Vec::new(), loops: 0, closures: FxHashMap::default() };
    walk.block(&def.body);
    for param in def.params.iter().filter(|p| p.lent) {
        walk.facts.last_use[param.local.0 as usize] = u32::MAX;
    }
    walk.facts
}

struct OpenLoop {
    key: Key,
    facts: LoopFacts,
}

struct Walk<'a> {
    program: &'a Program,
    sizes: &'a Sizes,
    def: &'a FnDef,
    facts: Facts,
    stamp: u32,
    open: Vec<OpenLoop>,
    loops: u32,
    /// By the name of a lambda: the variables in which it has what it captured.
    closures: FxHashMap<LocalId, Vec<LocalId>>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block) -> Does {
        let mut does = Does::default();
        let mut here = BlockFacts::default();
        for (i, stmt) in block.stmts.iter().enumerate() {
            here.stamps.push(self.next_stamp());
            let this = self.stmt(stmt);
            if this.leaves() {
                here.last_exit = i;
            }
            does = does.and(this);
        }
        here.stamps.push(self.next_stamp());
        if let Some(value) = &block.value {
            let this = self.expr(value);
            if this.leaves() {
                here.last_exit = block.stmts.len();
            }
            does = does.and(this);
        }
        if does.leaves() {
            self.facts.blocks.insert(Key::of_block(block), here);
        }
        does
    }

    fn next_stamp(&mut self) -> u32 {
        self.stamp += 1;
        self.stamp
    }

    fn stmt(&mut self, stmt: &Stmt) -> Does {
        match &stmt.kind {
            StmtKind::Let { pattern, value, .. } => {
                let does = self.expr(value);
                if let (Pattern::Local(local), ExprKind::Function(function)) = (pattern, &value.kind) {
                    let held = self.held(function);
                    self.closures.insert(*local, held);
                }
                self.pattern(pattern);
                does
            }
            StmtKind::Assign { place, value, .. } => {
                let does = self.subscripts_of(place).and(self.expr(value));
                self.write(place);
                does.and(Does::WRITE)
            }
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::While { checkpoint, condition, body } => {
                let does = checkpoint.as_ref().map_or(Does::default(), |c| self.expr(&c.size));
                does.and(self.while_loop(condition, body))
            }
            StmtKind::For { checkpoint, var, range, body } => {
                let does = checkpoint.as_ref().map_or(Does::default(), |c| self.expr(&c.size));
                let does = does.and(self.range(range));
                self.enter(Key::of_loop(body));
                self.declare(*var);
                let inner = self.block(body);
                self.leave();
                does.and(inner.without(Does::BREAK))
            }
            StmtKind::Break => self.exit(Exit::Break),
            StmtKind::Continue => self.exit(Exit::Continue),
            StmtKind::Return(value) => {
                let does = value.as_ref().map_or(Does::default(), |e| self.expr(e));
                self.facts.log.push(Write::Exit(Exit::Return));
                self.open.iter_mut().for_each(|l| l.facts.returns = true);
                does.and(Does::RETURN)
            }
        }
    }

    fn while_loop(&mut self, condition: &Expr, body: &Block) -> Does {
        self.enter(Key::of_loop(body));
        let does = self.expr(condition);
        let busy = does != Does::default();
        if let Some(open) = self.open.last_mut() {
            open.facts.busy_condition = busy;
        }
        let does = does.and(self.block(body));
        self.leave();
        does.without(Does::BREAK)
    }

    /// A `break` or `continue`: it goes to the innermost loop, which is a statement, since generators can't be left so.
    fn exit(&mut self, to: fn(Key) -> Exit) -> Does {
        let Some(target) = self.open.last_mut() else {
            return Does::default();
        };
        let exit = to(target.key);
        match exit {
            Exit::Break(_) => target.facts.breaks = true,
            Exit::Continue(_) => target.facts.continues = true,
            Exit::Return => {}
        }
        self.facts.log.push(Write::Exit(exit));
        Does::BREAK
    }

    fn enter(&mut self, key: Key) {
        self.loops += 1;
        let start = self.facts.log.len();
        let facts = LoopFacts { id: self.loops, writes: start..start, ..LoopFacts::default() };
        self.open.push(OpenLoop { key, facts });
    }

    fn leave(&mut self) {
        if let Some(mut l) = self.open.pop() {
            l.facts.writes.end = self.facts.log.len();
            self.facts.loops.insert(l.key, l.facts);
        }
    }

    fn declare(&mut self, local: LocalId) {
        self.facts.home[local.0 as usize] = self.open.last().map_or(0, |l| l.facts.id);
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Local(local) => self.declare(*local),
            Pattern::Wildcard => {}
            Pattern::Tuple(items) => items.iter().for_each(|p| self.pattern(p)),
        }
    }

    fn mention(&mut self, local: LocalId) {
        self.facts.last_use[local.0 as usize] = self.stamp;
    }

    fn write(&mut self, place: &Place) {
        self.mention(place.local);
        let (start, end) = place_leaves(self.program, self.sizes, self.def, place);
        self.facts.log.push(Write::Leaves { local: place.local, start, end });
    }

    fn subscripts_of(&mut self, place: &Place) -> Does {
        place.path.iter().fold(Does::default(), |does, step| match step {
            Step::Field(_) => does,
            Step::Index(subscripts) => does.and(self.subscripts(subscripts)),
        })
    }

    fn subscripts(&mut self, subscripts: &[Subscript]) -> Does {
        subscripts.iter().fold(Does::default(), |does, s| {
            does.and(match &s.kind {
                SubscriptKind::Index(e) => self.expr(e),
                SubscriptKind::Slice { lo, hi, .. } => {
                    lo.iter().chain(hi).fold(Does::default(), |d, e| d.and(self.expr(e)))
                }
            })
        })
    }

    fn range(&mut self, range: &Range) -> Does {
        let does = self.expr(&range.lo).and(self.expr(&range.hi));
        range.step.as_ref().map_or(does, |step| does.and(self.expr(step)))
    }

    fn all<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) -> Does {
        exprs.into_iter().fold(Does::default(), |does, e| does.and(self.expr(e)))
    }

    fn expr(&mut self, e: &Expr) -> Does {
        if matches!(e.kind, ExprKind::If { .. } | ExprKind::Comprehension(_)) {
            self.mention_dims(&e.ty);
        }
        self.facts.nodes += 1;
        if let Ty::Array { dims, .. } = &e.ty {
            self.facts.rank = self.facts.rank.max(dims.len());
        }
        let does = self.kind(&e.kind);
        if does != Does::default() {
            self.facts.busy.insert(Key::of_expr(e));
        }
        does
    }

    /// Storage for a value whose parts are made one by one needs the extents that its type tells.
    fn mention_dims(&mut self, ty: &Ty) {
        match ty {
            Ty::Array { dims, .. } | Ty::Struct { dims, .. } => dims.iter().for_each(|dim| self.mention_dim(dim)),
            Ty::Tuple(items) => items.iter().for_each(|item| self.mention_dims(item)),
            Ty::Scalar(_) | Ty::Fn(_) | Ty::Never => {}
        }
    }

    fn mention_dim(&mut self, dim: &DimExpr) {
        match dim {
            DimExpr::Local(local) => self.mention(*local),
            DimExpr::Apply(_, operands) => operands.iter().for_each(|d| self.mention_dim(d)),
            DimExpr::Const(_) | DimExpr::Struct(_) | DimExpr::Unknown => {}
        }
    }

    fn kind(&mut self, kind: &ExprKind) -> Does {
        match kind {
            ExprKind::Const(_) => Does::default(),
            ExprKind::Local(local) => {
                self.mention(*local);
                Does::default()
            }
            ExprKind::Prim { args, .. } | ExprKind::Builtin { args, .. } => self.all(args),
            ExprKind::Array { elements: args, .. } => self.all(args),
            ExprKind::Stack(items) | ExprKind::Tuple(items) => self.all(items),
            ExprKind::Struct { fields } => self.all(fields.iter().map(|(_, e)| e)),
            ExprKind::Binary { first, rest } => {
                let does = self.expr(first);
                does.and(self.all(rest.iter().map(|link| &link.rhs)))
            }
            ExprKind::Call { callee, args } => {
                self.facts.calls.push(*callee);
                self.args(args)
            }
            ExprKind::Function(function) => {
                self.function(function);
                Does::default()
            }
            ExprKind::Derivative(d) => {
                let first = self.facts.calls.len();
                let does = self.expr(&d.callee);
                let derived = self.facts.calls[first..].iter().map(|&id| (id, growth(d.kind)));
                self.facts.derived.extend(derived);
                does.and(self.args(&d.args))
            }
            ExprKind::CallValue { callee, args } => {
                let does = self.expr(callee);
                does.and(self.args(args))
            }
            ExprKind::Reduce { generator, .. } | ExprKind::Comprehension(generator) => self.generator(generator),
            ExprKind::Index { base, subscripts } => self.expr(base).and(self.subscripts(subscripts)),
            ExprKind::Field { base, .. } => self.expr(base),
            ExprKind::If { arms, otherwise } => self.choice(arms, otherwise.as_ref()),
            ExprKind::Block(block) => self.block(block),
            ExprKind::Assert { condition, .. } => self.expr(condition),
            ExprKind::Print(args) => {
                self.facts.prints = true;
                let values = args.iter().filter_map(|a| match a {
                    PrintArg::Text(_) => None,
                    PrintArg::Value(e) => Some(e),
                });
                self.all(values)
            }
        }
    }

    fn choice(&mut self, arms: &[Arm], otherwise: Option<&Block>) -> Does {
        let does = arms.iter().fold(Does::default(), |does, arm| {
            let condition = self.expr(&arm.condition);
            does.and(condition).and(self.block(&arm.body))
        });
        otherwise.map_or(does, |block| does.and(self.block(block)))
    }

    fn args(&mut self, args: &[Arg]) -> Does {
        let mut does = Does::default();
        for arg in args {
            does = does.and(match arg {
                Arg::Value(e) => self.expr(e),
                Arg::Lent(place) => self.subscripts_of(place).and(Does::WRITE),
            });
        }
        for arg in args {
            if let Arg::Lent(place) = arg {
                self.write(place);
            }
        }
        does
    }

    /// A function as a value: a lambda copies what it captures, and whatever it captured is needed when it is called.
    fn function(&mut self, function: &FnValue) {
        let instance = match function {
            FnValue::Named(id) => Some(*id),
            FnValue::Lambda { lambda, instance } => {
                let def = self.def;
                for capture in &def.lambdas[lambda.0 as usize].captures {
                    self.mention(capture.from);
                    self.declare_held(*capture);
                }
                *instance
            }
            FnValue::Local { local, instance } => {
                self.mention(*local);
                *instance
            }
        };
        self.facts.calls.extend(instance);
        self.held(function).into_iter().for_each(|local| self.mention(local));
    }

    fn declare_held(&mut self, capture: Capture) {
        if capture.held != capture.from {
            self.declare(capture.held);
        }
    }

    /// The variables in which a function value has what it captured.
    fn held(&self, function: &FnValue) -> Vec<LocalId> {
        let of = |local: LocalId| self.closures.get(&local).cloned().unwrap_or_default();
        match function {
            FnValue::Named(_) => Vec::new(),
            FnValue::Local { local, .. } => of(*local),
            FnValue::Lambda { lambda, .. } => {
                let captures = &self.def.lambdas[lambda.0 as usize].captures;
                captures.iter().flat_map(|c| [of(c.from), vec![c.held]]).flatten().collect()
            }
        }
    }

    /// A range, and whether it mentions an index of the loops around it.
    fn generator_range(&mut self, range: &Range, around: &[GeneratorLoop]) -> (Does, bool) {
        let before: Vec<u32> = around.iter().map(|l| self.facts.last_use[l.var.0 as usize]).collect();
        around.iter().for_each(|l| self.facts.last_use[l.var.0 as usize] = 0);
        let does = self.range(range);
        let mut depends = false;
        for (l, before) in around.iter().zip(before) {
            let last = &mut self.facts.last_use[l.var.0 as usize];
            depends |= *last != 0;
            *last = before.max(*last);
        }
        (does, depends)
    }

    fn generator(&mut self, generator: &Generator) -> Does {
        let mut does = Does::default();
        for (i, l) in generator.loops.iter().enumerate() {
            let (range, depends) = self.generator_range(&l.range, &generator.loops[..i]);
            does = does.and(range);
            self.enter(Key::of_generator(l));
            if let Some(open) = self.open.last_mut() {
                open.facts.depends = depends;
            }
            self.declare(l.var);
        }
        does = does.and(self.expr(&generator.element));
        generator.loops.iter().for_each(|_| self.leave());
        does
    }
}

/// How many times longer code gets by a derivative, about.
fn growth(kind: DerivativeKind) -> usize {
    match kind {
        DerivativeKind::Jvp => 2,
        DerivativeKind::Gradient | DerivativeKind::ValueAndGradient | DerivativeKind::Vjp => 4,
        DerivativeKind::Jacobian | DerivativeKind::Hvp => 8,
        DerivativeKind::Hessian => 32,
    }
}

/// The leaves that a place covers, counted from the first of its variable; subscripts don't count.
pub(super) fn place_leaves(program: &Program, sizes: &Sizes, def: &FnDef, place: &Place) -> (u32, u32) {
    let mut ty = &def.locals[place.local.0 as usize].ty;
    let mut start = 0;
    for step in &place.path {
        let Step::Field(index) = step else { break };
        let (offset, field) = field_offset(program, sizes, ty, *index);
        start += offset;
        ty = field;
    }
    (start, start + sizes.leaves(ty) as u32)
}

/// How many leaves stand before a field, and its type (dimensions as the struct has them).
pub(super) fn field_offset<'t>(program: &'t Program, sizes: &Sizes, ty: &'t Ty, index: u32) -> (u32, &'t Ty) {
    let index = index as usize;
    match ty {
        Ty::Struct { id, .. } => {
            let fields = &program.structs[id.0 as usize].fields;
            let before: usize = fields[..index].iter().map(|f| sizes.leaves(&f.ty)).sum();
            (before as u32, &fields[index].ty)
        }
        Ty::Tuple(items) => {
            let before: usize = items[..index].iter().map(|t| sizes.leaves(t)).sum();
            (before as u32, &items[index])
        }
        Ty::Scalar(_) | Ty::Array { .. } | Ty::Fn(_) | Ty::Never => (0, ty),
    }
}
