//! Which functions are put in place of their calls.
//!
//! In: a module and the function that everything starts from. Out: [`Plan`]: for each function it reaches, whether calls of it are replaced. Nothing is copied to find that out: sizes
//! add up along the call graph, callees first, so a plan costs time in proportion to the program, whatever the sizes that calls multiply to.
//!
//! ```text
//! f0: 3 instructions, called twice by f1      f1 will have 6   …   f5 will have 96: more than SMALL, called twice:
//! f1: called twice by f2 …                                        it counts towards GROWTH, and so on until that is used up
//! ```
//!
//! A function is inlined everywhere or nowhere, whichever of its callers asks; one that can reach itself never is, nor one without a body. One with derivative rules keeps its calls, which
//! differentiation replaces by calls of the rules; where those no longer matter, [`Module::forget_rules`] comes first.

use adit_ir::{CallGraph, FuncId, Function, Module, Op, Region};

/// A function of at most this many instructions, with what is inlined into it, is inlined wherever it is called.
pub const SMALL: usize = 80;

/// One of at most this many is inlined at more than one place as long as [`GROWTH`] allows.
pub const MEDIUM: usize = 500;

/// By so many instructions may all functions together grow because medium ones are inlined more than once.
pub const GROWTH: usize = 8_000;

/// A larger function is not inlined, even if it is called only once.
pub const LARGE: usize = 20_000;

/// Nor is one that nests regions deeper: nesting adds up.
const MAX_NESTING: usize = 32;

/// Bodies are put into bodies at most so often before the result is written down.
const MAX_HEIGHT: usize = 16;

/// Which functions may be inlined at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Which {
    /// Any.
    All,
    /// Those with derivative rules as well: [`crate::Mutant::RuleBypassed`].
    EvenRuled,
    /// Those that come with the language: their instructions have no span, and take that of the program's call.
    Library,
}

/// What becomes of the calls of one function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// They stay.
    Called,
    /// They become the body.
    Inlined,
    /// They become the body, which is best made once, its own calls inlined, and then copied.
    Prepared,
}

/// The decisions for all that one function reaches.
#[derive(Debug)]
pub(super) struct Plan {
    graph: CallGraph,
    /// By place in the graph.
    fates: Vec<Fate>,
}

impl Plan {
    /// Decides for what a function of the module reaches.
    pub(super) fn new(module: &Module, root: &Function, which: Which) -> Self {
        let from_root = Outline::of(root);
        let entries: Vec<FuncId> = from_root.sites.iter().map(|site| site.callee).collect();
        let graph = CallGraph::new(module, &entries);
        let outlines: Vec<Outline> = graph.order.iter().map(|&f| Outline::of(module.function(f))).collect();
        // A root that reaches itself is among them.
        let apart = !graph.order.iter().any(|&f| std::ptr::eq(module.function(f), root));
        let mut sites = vec![0; outlines.len()];
        for site in outlines.iter().chain(apart.then_some(&from_root)).flat_map(|outline| &outline.sites) {
            if let Some(place) = graph.place(site.callee) {
                sites[place] += 1;
            }
        }
        let mut plan = Plan { fates: vec![Fate::Called; outlines.len()], graph };
        plan.decide(module, which, outlines, &sites);
        plan
    }

    /// What becomes of calls of this function.
    pub(super) fn fate(&self, f: FuncId) -> Fate {
        self.graph.place(f).map_or(Fate::Called, |place| self.fates[place])
    }

    /// The functions with this fate, callees first.
    pub(super) fn with_fate(&self, fate: Fate) -> impl Iterator<Item = FuncId> {
        let places = self.graph.bottom_up.iter().filter(move |&&place| self.fates[place] == fate);
        places.map(|&place| self.graph.order[place])
    }

    fn decide(&mut self, module: &Module, which: Which, mut outlines: Vec<Outline>, sites: &[usize]) {
        let mut growth = GROWTH;
        for k in 0..self.graph.bottom_up.len() {
            let place = self.graph.bottom_up[k];
            let whole = self.whole(&outlines, place);
            let may = !self.graph.is_recursive(place) && !stays(module, which, self.graph.order[place]);
            if may && whole.is_worth(sites[place], &mut growth) {
                self.fates[place] = if whole.height > MAX_HEIGHT { Fate::Prepared } else { Fate::Inlined };
            }
            let height = if self.fates[place] == Fate::Prepared { 0 } else { whole.height };
            outlines[place] = Outline { height, ..whole };
        }
    }

    /// What a function is once its calls are inlined as decided.
    fn whole(&self, outlines: &[Outline], place: usize) -> Outline {
        let own = &outlines[place];
        let mut whole = Outline { sites: Vec::new(), ..*own };
        for site in &own.sites {
            let Some(callee) = self.graph.place(site.callee).filter(|&callee| self.fates[callee] != Fate::Called)
            else {
                continue;
            };
            let callee = &outlines[callee];
            whole.size = whole.size.saturating_add(callee.size);
            whole.nesting = whole.nesting.max(site.depth + callee.nesting);
            whole.height = whole.height.max(callee.height + 1);
        }
        whole
    }
}

/// Whether calls of a function stay for what it is.
fn stays(module: &Module, which: Which, f: FuncId) -> bool {
    let function = module.function(f);
    let ruled = !module.rules(f).is_empty() && which != Which::EvenRuled;
    function.external.is_some() || ruled || (which == Which::Library && !function.span.is_none())
}

/// What the decisions need to know of a function.
#[derive(Debug)]
struct Outline {
    size: usize,
    nesting: usize,
    /// How many bodies are put into one another.
    height: usize,
    sites: Vec<Site>,
}

/// A call.
#[derive(Debug)]
struct Site {
    callee: FuncId,
    /// The number of regions around it.
    depth: usize,
}

impl Outline {
    /// Whether a function, called at so many places, is inlined there.
    fn is_worth(&self, sites: usize, growth: &mut usize) -> bool {
        if self.size > LARGE || self.nesting > MAX_NESTING {
            return false;
        }
        let more = self.size * sites.saturating_sub(1);
        if self.size <= SMALL || more == 0 {
            return true;
        }
        let left = growth.checked_sub(more).filter(|_| self.size <= MEDIUM);
        *growth = left.unwrap_or(*growth);
        left.is_some()
    }

    fn of(f: &Function) -> Self {
        let mut outline = Outline { size: 0, nesting: 0, height: 0, sites: Vec::new() };
        outline.region(f, f.body, 0);
        if f.derived.is_some() {
            // There is no body yet that could stand for a call.
            outline.size = usize::MAX;
        }
        outline
    }

    fn region(&mut self, f: &Function, region: Region, depth: usize) {
        self.nesting = self.nesting.max(depth);
        self.size += f.region(region).insts.len();
        for &inst in &f.region(region).insts {
            let op = &f.inst(inst).op;
            if let Op::Call { callee, .. } = *op {
                self.sites.push(Site { callee, depth });
            }
            for inner in op.regions() {
                self.region(f, inner, depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_diag::Span;
    use adit_ir::Builder;

    /// A module whose function i has `sizes[i]` instructions besides calls of those that `calls[i]` lists.
    fn module(functions: &[(usize, &[usize])]) -> Module {
        let mut module = Module::new();
        for (i, (size, callees)) in functions.iter().enumerate() {
            let mut b = Builder::new(format!("f{i}"), Span::default());
            for _ in 0..*size {
                b.i64(0);
            }
            for &callee in *callees {
                b.call(FuncId::new(callee), &[], &[]);
            }
            module.push(b.finish(&[]));
        }
        module
    }

    fn inlined(functions: &[(usize, &[usize])]) -> Vec<usize> {
        let module = module(functions);
        let plan = Plan::new(&module, module.function(FuncId::new(0)), Which::All);
        module.ids().filter(|&f| plan.fate(f) != Fate::Called).map(FuncId::index).collect()
    }

    #[test]
    fn small_ones_anywhere_large_ones_once() {
        assert_eq!(inlined(&[(0, &[1, 1, 2, 3, 3]), (SMALL, &[]), (LARGE, &[]), (MEDIUM + 1, &[])]), [1, 2]);
        assert_eq!(inlined(&[(0, &[1]), (LARGE + 1, &[])]), [0; 0]);
    }

    #[test]
    fn medium_ones_until_the_growth_is_used_up() {
        let twice: Vec<usize> = (1..40).flat_map(|f| [f, f]).collect();
        let mut functions: Vec<(usize, &[usize])> = vec![(0, &twice)];
        functions.extend([(MEDIUM, &[] as &[usize]); 39]);
        assert_eq!(inlined(&functions).len(), GROWTH / MEDIUM);
    }

    #[test]
    fn what_has_rules_or_no_body_is_called() {
        let mut module = module(&[(0, &[1, 2, 3]), (1, &[]), (0, &[]), (1, &[])]);
        let [one, two, three] = [1, 2, 3].map(FuncId::new);
        module.set_rules(one, adit_ir::Rules { jvp: Some(three), vjp: None });
        module.function_mut(two).external = Some(adit_ir::External::unregistered("f"));
        let fates = |module: &Module| {
            let plan = Plan::new(module, module.function(FuncId::new(0)), Which::All);
            [one, two, three].map(|f| plan.fate(f))
        };
        assert_eq!(fates(&module), [Fate::Called, Fate::Called, Fate::Inlined]);
        module.forget_rules();
        assert_eq!(fates(&module), [Fate::Inlined, Fate::Called, Fate::Inlined]);
    }

    #[test]
    fn what_reaches_itself_is_called() {
        assert_eq!(inlined(&[(0, &[1, 3]), (1, &[2]), (1, &[1, 3]), (1, &[])]), [3]);
        assert_eq!(inlined(&[(0, &[0, 1]), (MEDIUM + 1, &[])]), [1]);
    }
}
