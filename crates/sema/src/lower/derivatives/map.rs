//! What is differentiated: a call with inputs and outputs, and its calls with directions.
//!
//! In: a [`Point`] (a function and its arguments, flattened). Out: a [`Map`], and calls of it: plain, forward with one tangent per input (or several, in lanes), reverse with one seed per output. A map is the function
//! itself, or its reverse derivative, whose outputs are the gradient. Each call gets fresh storage for what it writes.

use super::super::Mutant;
use super::super::calls::{Passed, Sizes};
use super::super::env::Lowerer;
use super::super::values::{Arr, Origin, Val, View};
use crate::layout::{Layout, Leaf, ResultLeaf};
use crate::typed::FnId;
use adit_ir::{Const, Derived, FuncId, Int, Ints, Mode, Prim, ScalarType, Value, Values};

/// A scalar or an array.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Scalar(Value),
    Array(View),
}

/// What a scalar or an array is; the extents of a scalar are none.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) element: ScalarType,
    pub(super) dims: Ints,
}

/// A function and its arguments.
#[derive(Debug)]
pub(super) struct Point<'p> {
    pub(super) id: FuncId,
    /// It, and the functions that it is given.
    pub(super) functions: Vec<FnId>,
    pub(super) layout: &'p Layout,
    /// What comes before the parameters: what given functions captured, and dimensions that no array tells.
    pub(super) leading: Vec<Value>,
    pub(super) sizes: Sizes,
    /// One per leaf of the parameters.
    pub(super) passed: Vec<Passed>,
    /// One per leaf of the tangents, or of the seed.
    pub(super) along: Vec<Passed>,
    /// How many of the first parameters are captures.
    pub(super) captures: usize,
    /// Whether there are `&mut` parameters; their arguments are then lent.
    pub(super) lends: bool,
}

/// What one parameter of the IR gets.
#[derive(Clone, Debug)]
enum Give {
    Value(Value),
    /// A copy of this array, which the callee writes.
    Copy(Value, Shape),
    Input(usize),
    /// Zeros, which the callee writes: an output if they are floats.
    Zeros(Shape),
}

#[derive(Clone, Debug)]
pub(super) struct Input {
    value: Value,
    pub(super) shape: Shape,
    /// The callee writes the array.
    written: bool,
    /// It is a copy that is written.
    copied: bool,
}

/// Where an output comes back.
#[derive(Clone, Copy, Debug)]
enum Place {
    Result(usize),
    /// Which of the arrays of [`Give::Zeros`].
    Zeros(usize),
}

#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) shape: Shape,
    place: Place,
}

/// A call with inputs and outputs.
#[derive(Clone, Debug)]
pub(super) struct Map {
    id: FuncId,
    gives: Vec<Give>,
    results: Vec<ScalarType>,
    /// Derivatives of it print nothing.
    pub(super) silent: bool,
    /// Nobody asked for the mode of a derivative of it: rules of the other one serve.
    served: bool,
    pub(super) inputs: Vec<Input>,
    pub(super) outputs: Vec<Output>,
}

/// How a number or an array moves along several directions: a number for each; or an array of one more dimension, the last, which counts them (none, if there is one direction).
#[derive(Clone, Debug)]
pub(super) enum Moves {
    Scalars(Values),
    Array(View),
}

/// What a call gave.
#[derive(Debug)]
pub(super) struct Called {
    /// Results of the map itself, then those of its derivative.
    pub(super) results: Vec<Value>,
    /// The arrays of [`Give::Zeros`].
    pub(super) arrays: Vec<View>,
    /// Forward: one tangent per output; reverse: one adjoint per input.
    pub(super) parts: Vec<Part>,
}

impl Part {
    pub(super) fn into_val(self, element: ScalarType) -> Val {
        match self {
            Part::Scalar(v) => Val::Scalar(v),
            Part::Array(view) => Val::Array(Box::new(Arr::of_view(element, view))),
        }
    }
}

impl Part {
    fn moves(&self) -> Moves {
        match self {
            Part::Scalar(v) => Moves::Scalars(Values::from_slice(&[*v])),
            Part::Array(view) => Moves::Array(view.clone()),
        }
    }
}

impl Moves {
    /// Along the only direction.
    fn into_part(self) -> Part {
        match self {
            Moves::Scalars(values) => Part::Scalar(values[0]),
            Moves::Array(view) => Part::Array(view),
        }
    }
}

impl Shape {
    pub(super) fn is_array(&self) -> bool {
        !self.dims.is_empty()
    }
}

impl<'p> Point<'p> {
    /// The leaves of the parameters that carry floats, captures aside, with what is passed for them.
    pub(super) fn input_leaves(&self) -> impl Iterator<Item = (&'p Leaf, &Passed)> {
        let carries = |param: usize| self.layout.params[self.layout.leaves_of_param(param)].iter().any(is_float);
        let leaves = self.layout.params.iter().zip(&self.passed);
        leaves.filter(move |(leaf, _)| leaf.path.param.is_some_and(|p| p >= self.captures && carries(p)))
    }

    /// The function itself. Lent arguments are passed on as such, unless copies are asked for.
    pub(super) fn map(&self, l: &mut Lowerer<'p>, copies: bool) -> Map {
        let mut map = Map {
            id: self.id,
            gives: self.leading.iter().map(|&v| Give::Value(v)).collect(),
            results: self.layout.results.iter().map(|leaf| leaf.element).collect(),
            silent: false,
            served: false,
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        map.results.extend(self.layout.finals.iter().map(|&i| self.layout.params[i].element));
        for (leaf, passed) in self.layout.params.iter().zip(&self.passed) {
            let shape = Shape { element: leaf.element, dims: passed.dims.clone() };
            let written = leaf.lent && leaf.is_array();
            let copied = written && copies;
            let give = if is_float(leaf) && leaf.path.param.is_some_and(|p| p >= self.captures) {
                map.inputs.push(Input { value: passed.value, shape, written, copied });
                Give::Input(map.inputs.len() - 1)
            } else if copied {
                Give::Copy(passed.value, shape)
            } else {
                Give::Value(passed.value)
            };
            map.gives.push(give);
        }
        for leaf in &self.layout.destinations {
            map.gives.push(Give::Zeros(self.result_shape(l, leaf)));
        }
        for leaf in &self.layout.result_leaves {
            let (leaf, place) = match *leaf {
                ResultLeaf::Scalar(i) => (&self.layout.results[i], Place::Result(i)),
                ResultLeaf::Array(i) => (&self.layout.destinations[i], Place::Zeros(i)),
            };
            if is_float(leaf) {
                map.outputs.push(Output { shape: self.result_shape(l, leaf), place });
            }
        }
        map
    }

    /// The gradient as a function, for a function of one float: its reverse derivative with the seed 1.
    pub(super) fn gradient_map(&self, l: &mut Lowerer<'p>) -> Map {
        let map = self.map(l, true).served(l.unit.one_sided);
        let id = l.declare(&map, Mode::Vjp, 1);
        let mut gives = map.gives.clone();
        let (mut results, mut outputs, mut arrays) = (map.results.clone(), Vec::new(), 0);
        for input in &map.inputs {
            let shape = input.shape.clone();
            let place = if shape.is_array() {
                gives.push(Give::Zeros(shape.clone()));
                arrays += 1;
                Place::Zeros(arrays - 1)
            } else {
                results.push(shape.element);
                Place::Result(results.len() - 1)
            };
            outputs.push(Output { shape, place });
        }
        for (i, &ty) in map.results.iter().enumerate().filter(|(_, ty)| ty.is_float()) {
            let seed = if i == 0 { 1.0 } else { 0.0 };
            gives.push(Give::Value(l.float(ty, seed)));
        }
        Map { id, gives, results, silent: map.silent, served: false, inputs: map.inputs, outputs }
    }

    pub(super) fn result_shape(&self, l: &mut Lowerer<'p>, leaf: &Leaf) -> Shape {
        let dims = leaf.dims.iter().map(|dim| l.callee_dim(dim, &self.sizes)).collect();
        Shape { element: leaf.element, dims }
    }

    /// The tangents given, one per input.
    pub(super) fn tangents(&self) -> Vec<Part> {
        let leaves = self.input_leaves().zip(&self.along);
        leaves.filter(|((leaf, _), _)| is_float(leaf)).map(|(_, along)| part(along)).collect()
    }

    /// The seeds given, one per output.
    pub(super) fn seeds(&self) -> Vec<Part> {
        let leaves = self.result_leaves().zip(&self.along);
        leaves.filter(|(leaf, _)| is_float(leaf)).map(|(_, along)| part(along)).collect()
    }

    pub(super) fn result_leaves(&self) -> impl Iterator<Item = &'p Leaf> {
        let layout = self.layout;
        layout.result_leaves.iter().map(move |leaf| match *leaf {
            ResultLeaf::Scalar(i) => &layout.results[i],
            ResultLeaf::Array(i) => &layout.destinations[i],
        })
    }

    /// What the function itself gave, of a call of its map or of a derivative of that.
    pub(super) fn value(&self, called: &Called) -> Vec<Val> {
        let leaves = self.layout.result_leaves.iter();
        let val = |leaf: &ResultLeaf| match *leaf {
            ResultLeaf::Scalar(i) => Val::Scalar(called.results[i]),
            ResultLeaf::Array(i) => Part::Array(called.arrays[i].clone()).into_val(self.layout.destinations[i].element),
        };
        leaves.map(val).collect()
    }
}

fn part(passed: &Passed) -> Part {
    if passed.dims.is_empty() {
        return Part::Scalar(passed.value);
    }
    Part::Array(View::whole(passed.value, &passed.dims, Origin::Fixed))
}

pub(super) fn is_float(leaf: &Leaf) -> bool {
    leaf.element.is_float()
}

impl Map {
    /// The same, whose derivatives are served by rules of either mode, or not.
    pub(super) fn served(self, served: bool) -> Map {
        Map { served, ..self }
    }

    /// Begins each call with what lent arrays hold now.
    pub(super) fn keep(&mut self, l: &mut Lowerer<'_>) {
        for give in &mut self.gives {
            if let Give::Copy(array, shape) = give {
                *array = l.copy_of(*array, shape);
            }
        }
        for input in self.inputs.iter_mut().filter(|input| input.copied) {
            input.value = l.copy_of(input.value, &input.shape);
        }
    }

    /// Which parameters of the IR are active: inputs and outputs.
    fn active(&self) -> Vec<bool> {
        let active = |give: &Give| match give {
            Give::Input(_) => true,
            Give::Zeros(shape) => shape.element.is_float(),
            Give::Value(_) | Give::Copy(..) => false,
        };
        self.gives.iter().map(active).collect()
    }

    /// The float results, in order.
    fn float_results(&self) -> impl Iterator<Item = (usize, ScalarType)> + '_ {
        self.results.iter().copied().enumerate().filter(|(_, ty)| ty.is_float())
    }

    /// Which output a result is.
    fn output_at(&self, result: usize) -> Option<usize> {
        self.outputs.iter().position(|o| matches!(o.place, Place::Result(i) if i == result))
    }

    /// Which output an array of [`Give::Zeros`] is.
    fn output_in(&self, zeros: usize) -> Option<usize> {
        self.outputs.iter().position(|o| matches!(o.place, Place::Zeros(i) if i == zeros))
    }
}

impl Lowerer<'_> {
    pub(super) fn float(&mut self, ty: ScalarType, x: f64) -> Value {
        let c = match super::super::env::zero(ty) {
            Const::F32(_) => Const::F32(x as f32),
            Const::F64(_) => Const::F64(x),
            other @ (Const::I64(_) | Const::Bool(_)) => other,
        };
        self.constant(c)
    }

    /// The call itself.
    pub(super) fn plain(&mut self, map: &Map) -> Called {
        let (args, arrays) = self.give(map);
        let inst = self.b.call(map.id, &args, &map.results);
        Called { results: self.b.results(inst).to_vec(), arrays, parts: Vec::new() }
    }

    /// The call with a tangent for each input: the tangent of each output.
    pub(super) fn forward(&mut self, map: &Map, tangents: &[Part]) -> Called {
        let moves: Vec<Moves> = tangents.iter().map(Part::moves).collect();
        let (called, moves) = self.sweep(map, 1, &moves);
        Called { parts: moves.into_iter().map(Moves::into_part).collect(), ..called }
    }

    /// The call along several directions, in which the inputs move so: what it gives, and how the outputs move.
    pub(super) fn sweep(&mut self, map: &Map, lanes: usize, inputs: &[Moves]) -> (Called, Vec<Moves>) {
        let (mut args, arrays) = self.give(map);
        let mut shadows = Vec::new();
        for give in &map.gives {
            match give {
                Give::Input(i) => match &inputs[*i] {
                    Moves::Scalars(values) => args.extend(values),
                    Moves::Array(view) => {
                        let input = &map.inputs[*i];
                        args.push(self.array_for(view, input.shape.element, input.written));
                    }
                },
                Give::Zeros(shape) => {
                    let shadow = self.storage(shape.element, &in_lanes(&shape.dims, lanes));
                    if shape.element.is_float() {
                        args.push(shadow.array);
                    }
                    shadows.push(shadow);
                }
                Give::Value(_) | Give::Copy(..) => {}
            }
        }
        let mut types = map.results.clone();
        types.extend(map.float_results().flat_map(|(_, ty)| std::iter::repeat_n(ty, lanes)));
        let id = self.declare(map, Mode::Jvp, lanes);
        let inst = self.b.call(id, &args, &types);
        let results = self.b.results(inst).to_vec();
        let moves = |output: &Output| match output.place {
            Place::Result(i) => {
                let rank = map.float_results().position(|(k, _)| k == i).unwrap_or(0);
                let first = map.results.len() + rank * lanes;
                Moves::Scalars(results[first..first + lanes].into())
            }
            Place::Zeros(i) => Moves::Array(shadows[i].clone()),
        };
        let moves = map.outputs.iter().map(moves).collect();
        (Called { results, arrays, parts: Vec::new() }, moves)
    }

    /// An array to pass: a copy if the callee writes it.
    fn array_for(&mut self, view: &View, element: ScalarType, written: bool) -> Value {
        let arr = Arr::of_view(element, view.clone());
        if written { self.fresh(&arr).array } else { self.handle(&arr) }
    }

    /// The call with a seed for each output: the adjoint of each input.
    pub(super) fn reverse(&mut self, map: &Map, seeds: &[Part]) -> Called {
        let (mut args, arrays) = self.give(map);
        let (mut shadows, mut zeros) = (Vec::new(), 0);
        for give in &map.gives {
            match give {
                Give::Input(i) if map.inputs[*i].shape.is_array() => {
                    let shape = &map.inputs[*i].shape;
                    let shadow = self.storage(shape.element, &shape.dims);
                    args.push(shadow.array);
                    shadows.push(shadow);
                }
                Give::Zeros(shape) => {
                    if let Some(Part::Array(seed)) = map.output_in(zeros).map(|o| &seeds[o]) {
                        args.push(self.array_for(seed, shape.element, true));
                    }
                    zeros += 1;
                }
                Give::Input(_) | Give::Value(_) | Give::Copy(..) => {}
            }
        }
        for (i, ty) in map.float_results() {
            let seed = match map.output_at(i).map(|o| &seeds[o]) {
                Some(Part::Scalar(v)) => *v,
                Some(Part::Array(_)) | None => self.float(ty, 0.0),
            };
            args.push(seed);
        }
        let scalars = map.inputs.iter().filter(|input| !input.shape.is_array());
        let mut types = map.results.clone();
        types.extend(scalars.map(|input| input.shape.element));
        let id = self.declare(map, Mode::Vjp, 1);
        let inst = self.b.call(id, &args, &types);
        let results = self.b.results(inst).to_vec();
        let (mut scalars, mut shadows) = (results[map.results.len()..].iter(), shadows.into_iter());
        let part = |input: &Input| {
            let part = if input.shape.is_array() {
                shadows.next().map(Part::Array)
            } else {
                scalars.next().copied().map(Part::Scalar)
            };
            part.expect("each input has its adjoint")
        };
        let parts = map.inputs.iter().map(part).collect();
        Called { results, arrays, parts }
    }

    /// The arguments of the map itself, and the arrays that were made for its outputs.
    fn give(&mut self, map: &Map) -> (Vec<Value>, Vec<View>) {
        let (mut args, mut arrays) = (Vec::new(), Vec::new());
        for give in &map.gives {
            args.push(match give {
                Give::Value(v) if self.has(Mutant::CaptureConstant) => self.without_derivative(*v),
                Give::Value(v) => *v,
                Give::Copy(array, shape) => self.copy_of(*array, shape),
                Give::Input(i) if map.inputs[*i].copied && !self.has(Mutant::ContentsNotRestored) => {
                    let input = &map.inputs[*i];
                    self.copy_of(input.value, &input.shape)
                }
                Give::Input(i) => map.inputs[*i].value,
                Give::Zeros(shape) => {
                    arrays.push(self.storage(shape.element, &shape.dims));
                    arrays[arrays.len() - 1].array
                }
            });
        }
        (args, arrays)
    }

    /// [`Mutant::CaptureConstant`]: a captured float for which no derivative is taken.
    fn without_derivative(&mut self, v: Value) -> Value {
        match self.b.ty(v).scalar() {
            Some(ty) if ty.is_float() => self.b.prim(Prim::Stopgrad, &[v]),
            Some(_) | None => v,
        }
    }

    fn copy_of(&mut self, array: Value, shape: &Shape) -> Value {
        let view = View::whole(array, &shape.dims, Origin::Fixed);
        self.array_for(&view, shape.element, true)
    }

    /// Zeros of a shape.
    pub(super) fn zeros_of(&mut self, shape: &Shape) -> Part {
        if shape.is_array() {
            return Part::Array(self.storage(shape.element, &shape.dims));
        }
        let zero = self.constant(super::super::env::zero(shape.element));
        Part::Scalar(zero)
    }

    /// The derivative of a map, to be made later.
    fn declare(&mut self, map: &Map, mode: Mode, lanes: usize) -> FuncId {
        let derived =
            Derived { lanes, silent: map.silent, served: map.served, ..Derived::new(map.id, mode, map.active()) };
        self.unit.declared.request(derived, self.b.span())
    }
}

/// The extents of what moves in several lanes.
pub(super) fn in_lanes(dims: &[Int], lanes: usize) -> Ints {
    let last = (lanes > 1).then_some(Int::Const(lanes as i64));
    dims.iter().copied().chain(last).collect()
}

/// The indices of an output, then those of an input.
pub(super) fn joined(a: &[Int], b: &[Int]) -> Ints {
    a.iter().chain(b).copied().collect()
}
