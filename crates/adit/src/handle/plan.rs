//! Plans: which leaf of which value goes to which place of a call, worked out once.
//!
//! In: a function's [`Shape`], which of its IR parameters are active, and how it is differentiated. Out: a [`Plan`]: [`Group`]s of values as a host has them, each leaf with the [`Target`] that is its
//! place among the parameters or results of the derivative (laid out as [`crate::calls`] says), and for each parameter that a host does not give, whose sizes it has.
//!
//! ```text
//! f(p: P, x: [f64; n]) -> f64, reverse, by `x` and `p`;  struct P { a: f64, w: [f64; n] }
//! arguments   p.a → 0   p.w → 1   x → 2        gradient   x → 4   p.a → result 1   p.w → 3        seed → 5
//! ```
//!
//! It holds no numbers and runs nothing.

use crate::calls::Shape;
use adit_ir::ScalarType;
use adit_sema::layout::{Leaf, ResultLeaf};
use adit_sema::typed::DimExpr;
use std::ops::Range;

/// Where a leaf goes or comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Target {
    /// Nowhere: it has no derivative.
    Skip,
    /// An argument.
    Slot(usize),
    /// The first of as many arguments as there are lanes, or an array with the lanes innermost.
    Lanes(usize),
    /// A result of the call.
    Result(usize),
}

/// Values that a host passes together.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// What one of them is, in words that go before a name: `the gradient of `.
    pub(crate) what: &'static str,
    /// Whether they receive what is computed.
    pub(crate) receives: bool,
    /// Whether they are results of the function, not parameters.
    pub(crate) of_result: bool,
    /// For each value, its leaves.
    pub(crate) items: Vec<Range<usize>>,
    /// For each leaf.
    pub(crate) targets: Vec<Target>,
    /// For each leaf, the type of the number or of the elements.
    pub(crate) elements: Vec<ScalarType>,
    /// For leaves beyond these.
    pub(crate) others: Target,
}

impl Group {
    /// That of a value whose leaves nobody has counted.
    pub(crate) fn unknown() -> Group {
        let (items, targets, elements, others) = (Vec::new(), Vec::new(), Vec::new(), Target::Result(0));
        Group { what: "", receives: true, of_result: false, items, targets, elements, others }
    }
}

/// Whose extents an argument has that a host need not give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Like {
    /// It is the host's to give.
    Given,
    /// Those of an array of the result.
    Destination(usize),
    /// Those of another argument, and so many lanes.
    Argument(usize, usize),
    /// Those that an argument of the augmented primal had.
    Taped(usize),
}

/// How a function is differentiated; lanes where there are some.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    Primal,
    Forward(usize),
    Reverse,
    /// Reverse, with seeds that are literals.
    Gradient,
    ForwardOverReverse(usize),
    /// The function, and a tape that it writes.
    Augmented,
    /// The reverse sweep alone: it has none of the function's arguments, but a tape.
    Reversed,
}

/// All places of a call.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The arguments of the function.
    pub(crate) params: Group,
    /// Last values of lent scalars.
    pub(crate) finals: Group,
    /// What the function returns.
    pub(crate) value: Group,
    /// Directions of the parameters differentiated, in the order asked for.
    pub(crate) along: Group,
    /// Derivatives by the parameters differentiated, in the order asked for.
    pub(crate) gradient: Group,
    /// Products of second derivatives, likewise.
    pub(crate) product: Group,
    /// The derivative of the result in forward mode, its seed in reverse.
    pub(crate) result: Group,
    /// The arguments that are seeds of scalar results, with their types.
    pub(crate) seeds: Vec<(usize, ScalarType)>,
    /// For each argument, whose extents it has.
    pub(crate) likes: Vec<Like>,
    /// For each argument, its element type, so that one that nobody gives can be made.
    pub(crate) elements: Vec<ScalarType>,
    /// Extents that the types of the IR do not check: leaf and axis.
    pub(crate) computed: Vec<(usize, usize)>,
    /// Whether the types of the IR check all.
    pub(crate) plain: bool,
    /// The argument that is a tape.
    pub(crate) tape: Option<usize>,
    /// Whether the function's arguments are not among those of the call.
    pub(crate) taped: bool,
    pub(crate) lanes: usize,
}

/// Where the parts of a derivative begin.
struct Maker<'s> {
    shape: &'s Shape,
    active: &'s [bool],
    plan: Plan,
}

impl Plan {
    /// `wrt` are the parameters differentiated, in the order asked for; `active` their leaves (and the result's) among IR parameters.
    pub(crate) fn new(shape: &Shape, wrt: &[usize], active: &[bool], how: How) -> Plan {
        let params = shape.signature.params.len();
        let all: Vec<usize> = (0..params).collect();
        let skip = vec![Target::Skip; shape.layout.params.len()];
        let of = |what, receives, which: &[usize]| Group {
            what,
            receives,
            of_result: false,
            items: which.iter().map(|&p| shape.layout.leaves_of_param(p)).collect(),
            targets: skip.clone(),
            elements: shape.layout.params.iter().map(|leaf| leaf.element).collect(),
            others: Target::Skip,
        };
        let of_result = |at: &ResultLeaf| match *at {
            ResultLeaf::Scalar(k) => shape.layout.results[k].element,
            ResultLeaf::Array(k) => shape.layout.destinations[k].element,
        };
        let leaves = shape.layout.result_leaves.len();
        let result = |what, receives| Group {
            what,
            receives,
            of_result: true,
            items: vec![0..leaves; 1],
            targets: vec![Target::Skip; leaves],
            elements: shape.layout.result_leaves.iter().map(of_result).collect(),
            others: Target::Skip,
        };
        let plan = Plan {
            params: of("", false, &all),
            finals: of("", false, &all),
            value: result("the value of ", true),
            along: of("the direction of ", false, wrt),
            gradient: of("the gradient of ", true, wrt),
            product: of("the product of ", true, wrt),
            result: match how {
                How::Reverse | How::Reversed => result("the seed of ", false),
                How::Primal | How::Forward(_) | How::Gradient | How::ForwardOverReverse(_) | How::Augmented => {
                    result("the tangent of ", true)
                }
            },
            seeds: Vec::new(),
            likes: Vec::new(),
            elements: Vec::new(),
            computed: if how == How::Reversed { Vec::new() } else { computed(shape) },
            plain: false,
            tape: None,
            taped: how == How::Reversed,
            lanes: match how {
                How::Primal | How::Reverse | How::Gradient | How::Augmented | How::Reversed => 1,
                How::Forward(lanes) | How::ForwardOverReverse(lanes) => lanes,
            },
        };
        let mut maker = Maker { shape, active, plan };
        if how != How::Reversed {
            maker.primal();
        }
        match how {
            How::Primal => maker.sizes(),
            How::Forward(_) => maker.forward(),
            How::Reverse => maker.reverse(),
            How::Gradient => maker.gradient(),
            How::ForwardOverReverse(_) => maker.forward_over_reverse(),
            How::Augmented => {
                maker.sizes();
                maker.tape();
            }
            How::Reversed => {
                maker.reverse();
                maker.tape();
            }
        }
        let mut plan = maker.plan;
        plan.plain = !plan.taped && plan.computed.is_empty() && shape.layout.destinations.is_empty();
        plan
    }
}

/// Extents of parameters that are neither a constant nor the name of a dimension.
fn computed(shape: &Shape) -> Vec<(usize, usize)> {
    let layout = &shape.layout;
    let said = |dim: &DimExpr| match dim {
        DimExpr::Const(_) => true,
        DimExpr::Local(local) => layout.dims.iter().any(|d| d.local == *local),
        DimExpr::Apply(..) | DimExpr::Struct(_) | DimExpr::Unknown => false,
    };
    let axes = |(i, leaf): (usize, &Leaf)| {
        let axes = leaf.dims.iter().enumerate().filter(|(_, dim)| !said(dim));
        axes.map(move |(axis, _)| (i, axis)).collect::<Vec<_>>()
    };
    layout.params.iter().enumerate().flat_map(axes).collect()
}

impl Maker<'_> {
    /// Appends an argument.
    fn slot(&mut self, element: ScalarType, like: Like) -> usize {
        self.plan.likes.push(like);
        self.plan.elements.push(element);
        self.plan.likes.len() - 1
    }

    fn primal(&mut self) {
        let layout = &self.shape.layout;
        for _ in 0..layout.explicit {
            self.slot(ScalarType::I64, Like::Given);
        }
        for (i, leaf) in layout.params.iter().enumerate() {
            let slot = self.slot(leaf.element, Like::Given);
            self.plan.params.targets[i] = Target::Slot(slot);
        }
        for (k, leaf) in layout.destinations.iter().enumerate() {
            self.slot(leaf.element, Like::Destination(k));
        }
        for (k, &leaf) in layout.finals.iter().enumerate() {
            self.plan.finals.targets[leaf] = Target::Result(layout.results.len() + k);
        }
        for (i, at) in layout.result_leaves.iter().enumerate() {
            self.plan.value.targets[i] = match *at {
                ResultLeaf::Scalar(k) => Target::Result(k),
                ResultLeaf::Array(k) => Target::Slot(layout.ir_destination(k)),
            };
        }
    }

    /// What is differentiated, to measure it and to compare shadows with it.
    fn sizes(&mut self) {
        for (i, ..) in self.actives() {
            if let Some(leaf) = self.param_leaf(i) {
                self.plan.gradient.targets[leaf] = Target::Slot(i);
            }
        }
    }

    /// The leaf of an IR parameter.
    fn leaf(&self, param: usize) -> &Leaf {
        let layout = &self.shape.layout;
        let i = param - layout.explicit;
        layout.params.get(i).unwrap_or_else(|| &layout.destinations[i - layout.params.len()])
    }

    /// The IR parameters differentiated: whether each is an array, and its type.
    fn actives(&self) -> Vec<(usize, bool, ScalarType)> {
        let active = (0..self.active.len()).filter(|&i| self.active[i]);
        active.map(|i| (i, self.leaf(i).is_array(), self.leaf(i).element)).collect()
    }

    /// The element types of the results of the IR function.
    fn results(&self) -> Vec<ScalarType> {
        let layout = &self.shape.layout;
        let finals = layout.finals.iter().map(|&i| layout.params[i].element);
        layout.results.iter().map(|leaf| leaf.element).chain(finals).collect()
    }

    /// The place of an IR parameter in a group of parameters, or none for one of the result.
    fn param_leaf(&self, param: usize) -> Option<usize> {
        (param < self.shape.layout.ir_destination(0)).then(|| param - self.shape.layout.explicit)
    }

    /// The place of an array of the result in a group of the result.
    fn result_leaf(&self, param: usize) -> Option<usize> {
        let layout = &self.shape.layout;
        layout.result_leaves.iter().position(|at| match *at {
            ResultLeaf::Array(k) => layout.ir_destination(k) == param,
            ResultLeaf::Scalar(_) => false,
        })
    }

    /// Tangents of the active parameters.
    fn tangents(&mut self) {
        let lanes = self.plan.lanes;
        for (i, is_array, element) in self.actives() {
            let like = Like::Argument(i, lanes);
            let first = self.slot(element, if is_array { like } else { Like::Given });
            if !is_array {
                (1..lanes).for_each(|_| _ = self.slot(element, Like::Given));
            }
            match (self.param_leaf(i), self.result_leaf(i)) {
                (Some(leaf), _) => self.plan.along.targets[leaf] = Target::Lanes(first),
                (None, Some(leaf)) => self.plan.result.targets[leaf] = Target::Lanes(first),
                (None, None) => {}
            }
        }
    }

    fn forward(&mut self) {
        self.tangents();
        let results = self.results();
        let mut next = results.len();
        for (k, _) in results.iter().enumerate().filter(|(_, element)| element.is_float()) {
            if let Some(leaf) = self.scalar_leaf(k) {
                self.plan.result.targets[leaf] = Target::Result(next);
            }
            next += self.plan.lanes;
        }
    }

    /// The place of a scalar result in a group of the result; none for the last value of a lent parameter.
    fn scalar_leaf(&self, result: usize) -> Option<usize> {
        self.shape.layout.result_leaves.iter().position(|at| *at == ResultLeaf::Scalar(result))
    }

    /// Shadows and seeds; gradients are found in shadows and results.
    fn reverse(&mut self) {
        self.shadows();
        self.seeds();
        self.adjoints();
    }

    fn tape(&mut self) {
        self.plan.tape = Some(self.slot(ScalarType::I64, Like::Given));
    }

    /// The same without seeds.
    fn gradient(&mut self) {
        self.shadows();
        self.adjoints();
    }

    fn shadows(&mut self) {
        for (i, _, element) in self.actives().into_iter().filter(|(_, is_array, _)| *is_array) {
            let slot = self.slot(element, if self.plan.taped { Like::Taped(i) } else { Like::Argument(i, 1) });
            match (self.param_leaf(i), self.result_leaf(i)) {
                (Some(leaf), _) => self.plan.gradient.targets[leaf] = Target::Slot(slot),
                (None, Some(leaf)) => self.plan.result.targets[leaf] = Target::Slot(slot),
                (None, None) => {}
            }
        }
    }

    fn seeds(&mut self) {
        let results = self.results();
        for (k, &element) in results.iter().enumerate().filter(|(_, element)| element.is_float()) {
            let slot = self.slot(element, Like::Given);
            self.plan.seeds.push((slot, element));
            if let Some(leaf) = self.scalar_leaf(k) {
                self.plan.result.targets[leaf] = Target::Slot(slot);
            }
        }
    }

    fn adjoints(&mut self) {
        let first = if self.plan.taped { 0 } else { self.results().len() };
        let scalars = self.actives().into_iter().filter(|(_, is_array, _)| !*is_array);
        for (k, (i, ..)) in scalars.enumerate() {
            if let Some(leaf) = self.param_leaf(i) {
                self.plan.gradient.targets[leaf] = Target::Result(first + k);
            }
        }
    }

    /// `f__vjp`, then the tangents of the active parameters and of the shadows.
    fn forward_over_reverse(&mut self) {
        let lanes = self.plan.lanes;
        self.reverse();
        let first_shadow = self.active.len();
        self.tangents();
        let arrays: Vec<_> = self.actives().into_iter().filter(|(_, is_array, _)| *is_array).collect();
        for (k, (i, _, element)) in arrays.into_iter().enumerate() {
            let slot = self.slot(element, Like::Argument(first_shadow + k, lanes));
            if let Some(leaf) = self.param_leaf(i) {
                self.plan.product.targets[leaf] = Target::Lanes(slot);
            }
        }
        let results = self.results();
        let floats = results.iter().filter(|ty| ty.is_float()).count();
        let scalars: Vec<_> = self.actives().into_iter().filter(|(_, is_array, _)| !*is_array).collect();
        let first = results.len() + scalars.len() + floats * lanes;
        for (k, (i, ..)) in scalars.into_iter().enumerate() {
            if let Some(leaf) = self.param_leaf(i) {
                self.plan.product.targets[leaf] = Target::Result(first + k * lanes);
            }
        }
    }
}
