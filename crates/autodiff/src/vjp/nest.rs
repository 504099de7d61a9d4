//! How the regions of a function lie in one another.
//!
//! In: a function. Out: for each region the instruction around it, for each instruction its region and its place in the text, for each value its home; and from these: the loops that
//! two instructions share, how often a region runs. One walk; nothing is emitted.

#![expect(clippy::wildcard_enum_match_arm, reason = "only loops and literals matter here")]

use adit_ir::{Function, Inst, Int, Op, Region, Value};

/// How often a loop runs of which nothing is known.
const TRIPS: u64 = 10;

/// Executions are counted in parts of this.
pub const ONCE: u64 = 1 << 10;

/// No more executions than this are told apart.
const MOST: u64 = 1 << 40;

/// Answers by region, instruction and value.
#[derive(Debug)]
pub struct Nest {
    /// By region.
    around: Vec<Option<Inst>>,
    is_loop: Vec<bool>,
    executions: Vec<u64>,
    /// By instruction.
    region: Vec<Region>,
    position: Vec<u32>,
    last: Vec<u32>,
    /// By value.
    home: Vec<Region>,
    definition: Vec<Option<Inst>>,
}

impl Nest {
    /// Walks the function once.
    pub fn new(f: &Function) -> Self {
        let mut nest = Nest {
            around: vec![None; f.region_count()],
            is_loop: vec![false; f.region_count()],
            executions: vec![ONCE; f.region_count()],
            region: vec![f.body; f.inst_count()],
            position: vec![0; f.inst_count()],
            last: vec![0; f.inst_count()],
            home: vec![f.body; f.value_count()],
            definition: vec![None; f.value_count()],
        };
        let mut position = 0;
        nest.walk(f, f.body, &mut position);
        nest
    }

    fn walk(&mut self, f: &Function, region: Region, position: &mut u32) {
        for &param in &f.region(region).params {
            self.home[param.index()] = region;
        }
        for &inst in &f.region(region).insts {
            self.region[inst.index()] = region;
            self.position[inst.index()] = *position;
            *position += 1;
            let data = f.inst(inst);
            for result in &data.results {
                self.home[result.index()] = region;
                self.definition[result.index()] = Some(inst);
            }
            let executions = self.executions[region.index()];
            let inner = match &data.op {
                Op::For { lo, hi, step, .. } => {
                    executions.saturating_mul(self.known_trips(f, [*lo, *hi, *step]).unwrap_or(TRIPS))
                }
                Op::While { .. } => executions.saturating_mul(TRIPS),
                _ => (executions / 2).max(1),
            };
            let is_loop = matches!(data.op, Op::For { .. } | Op::While { .. });
            for body in data.op.regions() {
                self.around[body.index()] = Some(inst);
                self.is_loop[body.index()] = is_loop;
                self.executions[body.index()] = inner.min(MOST);
                self.walk(f, body, position);
            }
            self.last[inst.index()] = *position - 1;
        }
    }

    /// How often a `for` with these bounds and this step runs, if the text says so.
    pub fn known_trips(&self, f: &Function, bounds: [Int; 3]) -> Option<u64> {
        let number = |int: Int| match int {
            Int::Const(c) => Some(c),
            Int::Value(v) => match f.inst(self.definition[v.index()]?).op {
                Op::Const(adit_ir::Const::I64(c)) => Some(c),
                _ => None,
            },
        };
        let [lo, hi, step] = bounds.map(number);
        let (lo, hi, step) = (lo?, hi?, step?);
        let span = if step > 0 { hi.checked_sub(lo)? } else { lo.checked_sub(hi)? };
        (step != 0).then(|| u64::try_from(span).unwrap_or(0).div_ceil(step.unsigned_abs()))
    }

    /// The instruction that a region belongs to; none for the function's body.
    pub fn around(&self, region: Region) -> Option<Inst> {
        self.around[region.index()]
    }

    /// The region that defines a value.
    pub fn home(&self, v: Value) -> Region {
        self.home[v.index()]
    }

    /// The instruction that defines a value, unless it is a parameter.
    pub fn definition(&self, v: Value) -> Option<Inst> {
        self.definition[v.index()]
    }

    /// The region that an instruction stands in.
    pub fn region(&self, inst: Inst) -> Region {
        self.region[inst.index()]
    }

    /// The place of an instruction in the text.
    pub fn position(&self, inst: Inst) -> u32 {
        self.position[inst.index()]
    }

    /// The place of the last instruction inside it; its own if there is none.
    pub fn last(&self, inst: Inst) -> u32 {
        self.last[inst.index()]
    }

    /// How often a region runs, in parts of [`ONCE`]: by the trip counts that the text tells, 10 for others, every second time for an arm.
    pub fn executions(&self, region: Region) -> u64 {
        self.executions[region.index()]
    }

    /// The index of a `for`, by its body.
    pub fn index(&self, f: &Function, body: Region) -> Option<Value> {
        let Op::For { .. } = f.inst(self.around(body)?).op else { return None };
        f.region(body).params.first().copied()
    }

    /// Whether a region is another or lies in it.
    pub fn is_inside(&self, region: Region, outer: Region) -> bool {
        self.upwards(region).any(|r| r == outer)
    }

    /// A region, the one around it, and so on to the body.
    fn upwards(&self, region: Region) -> impl Iterator<Item = Region> {
        std::iter::successors(Some(region), |r| self.around(*r).map(|inst| self.region[inst.index()]))
    }

    /// The loops around an instruction that lie in a region, by their regions, innermost first.
    fn loops(&self, inst: Inst, within: Region) -> impl Iterator<Item = Region> {
        self.upwards(self.region[inst.index()]).take_while(move |r| *r != within).filter(|r| self.is_loop[r.index()])
    }

    /// The loops around an instruction, innermost first: their regions and themselves.
    pub fn loops_around(&self, inst: Inst) -> impl Iterator<Item = (Region, Inst)> {
        self.loops_around_region(self.region[inst.index()])
    }

    /// The loops around a region, itself included if it is the body of one, likewise.
    pub fn loops_around_region(&self, region: Region) -> impl Iterator<Item = (Region, Inst)> {
        self.upwards(region)
            .filter(|body| self.is_loop[body.index()])
            .filter_map(|body| Some((body, self.around(body)?)))
    }

    /// The outermost loop around an instruction that lies in a region.
    pub fn outermost_loop(&self, inst: Inst, within: Region) -> Option<Inst> {
        self.loops(inst, within).last().and_then(|body| self.around(body))
    }

    /// The bodies of the loops in a region that are around both, outermost first. A `while` whose condition holds one of them and whose body the other counts by that of `a`.
    pub fn common_loops(&self, a: Inst, b: Inst, within: Region) -> Vec<Region> {
        let others: Vec<Option<Inst>> = self.loops(b, within).map(|body| self.around(body)).collect();
        let mut common: Vec<Region> =
            self.loops(a, within).filter(|body| others.contains(&self.around(*body))).collect();
        common.reverse();
        common
    }
}
