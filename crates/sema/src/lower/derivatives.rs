//! Derivatives of functions at a point: calls of functions that are declared as derivatives, and what stands around them.
//!
//! In: a [`Derivative`]. Out: its leaves. Gradients in reverse mode and products with one vector are one call; matrices, and gradients in forward mode, are one call for each unit vector.
//!
//! ```text
//! grad(f)(x)        v1 = alloc [f64; d0]; v2 = const 1.0; v3 = call @f__vjp(v0, v1, v2)                  the gradient is v1
//! jvp(f, x, dx)     v2, v3 = call @f__jvp(v0, v1)                                                         (v2, v3)
//! jacobian(f)(x)    for v9 in 0..d0 { store v7[v9], 1.0; call @f__jvp(…, v7, …); … store v7[v9], 0.0 }    column by column
//! ```
//!
//! What is differentiated is a [`Map`]: the function itself, or for second derivatives its reverse derivative, whose outputs are the gradient.
//! It deliberately does not differentiate: `adit_autodiff::resolve` makes the bodies.

mod declared;
mod map;

pub(super) use declared::Declared;

use super::env::Lowerer;
use super::values::{Val, Vals};
use crate::layout::DimSource;
use crate::typed::*;
use adit_ir::{Int, Ints, Mode, Prim, ScalarType, Value};
use map::{Called, Map, Output, Part, Point, Shape, is_float, joined};

/// The derivative of each output in each input, by output; extents of the output first, numbers of the input's type.
type Matrix = Vec<Vec<Option<Part>>>;

/// What is done with directions of which one is a unit, and the indices of its 1.
type OneCall<'b, L> = &'b mut dyn FnMut(&mut L, &[Part], &[Int]);

impl<'p> Lowerer<'p> {
    pub(super) fn derivative(&mut self, e: &Expr, d: &Derivative) -> Vals {
        let Some(point) = self.point(e, d) else {
            return self.nothing(&e.ty);
        };
        match d.kind {
            DerivativeKind::Gradient | DerivativeKind::ValueAndGradient => {
                let with_value = d.kind == DerivativeKind::ValueAndGradient;
                match d.mode {
                    Some(Mode::Jvp) => self.slopes(&point, with_value),
                    Some(Mode::Vjp) | None => self.gradient(&point, with_value),
                }
            }
            DerivativeKind::Jvp => self.directional(&point),
            DerivativeKind::Vjp => self.cotangents(&point),
            DerivativeKind::Jacobian => {
                let map = point.map(self, true);
                let matrix = self.matrix(&map, d.mode.unwrap_or_else(|| cheaper(&map)));
                if point.lends {
                    self.leave_lent(&point);
                }
                self.matrix_leaves(&point, &map.outputs, matrix)
            }
            DerivativeKind::Hessian => {
                let map = point.gradient_map(self);
                let matrix = self.matrix(&map, d.mode.unwrap_or(Mode::Jvp));
                if point.lends {
                    self.leave_lent(&point);
                }
                self.matrix_leaves(&point, &map.outputs, matrix)
            }
            DerivativeKind::Hvp => {
                let map = point.gradient_map(self);
                // The matrix is symmetric: its product with the direction as a seed is the same.
                let called = match d.mode {
                    Some(Mode::Vjp) => self.reverse(&map, &point.tangents()),
                    Some(Mode::Jvp) | None => self.forward(&map, &point.tangents()),
                };
                self.input_vals(&point, called.parts)
            }
        }
    }

    /// Evaluates the arguments and binds sizes.
    fn point(&mut self, e: &Expr, d: &Derivative) -> Option<Point<'p>> {
        let unit = self.unit;
        let (callee, told, given) = self.meant(e, &d.callee, &d.args)?;
        let (layout, id) = (unit.layouts[callee.0 as usize].as_ref()?, self.callee(e, callee, &given)?);
        let args = &d.args[..told.params.len().min(d.args.len())];
        let mut passed = given.passed;
        let along = passed.split_off(layout.params.len().min(passed.len()));
        self.at(e.span);
        let sizes = self.bind_sizes(e, callee, layout, args, &passed);
        self.compare_sizes(callee, layout, &sizes, &passed);
        let mut leading = Vec::new();
        given.functions.iter().for_each(|function| self.pass_captured(function, &mut leading));
        for dim in layout.dims.iter().filter(|dim| matches!(dim.source, DimSource::Explicit(_))) {
            leading.push(self.int_value(sizes[&dim.local]));
        }
        let captures = unit.program.functions[callee.0 as usize].instance_of.as_ref().map_or(0, |i| i.captures.len());
        let lends = args.iter().any(|arg| matches!(arg, Arg::Lent(_)));
        let point = Point { id, layout, leading, sizes, passed, along, captures, lends };
        self.compare_directions(d, &point);
        Some(point)
    }

    /// Tangents have the shapes of their inputs, seeds those of the results.
    fn compare_directions(&mut self, d: &Derivative, point: &Point<'p>) {
        let wanted: Vec<(String, Ints)> = if d.kind == DerivativeKind::Vjp {
            point
                .result_leaves()
                .map(|leaf| ("the seed and the result".into(), point.result_shape(self, leaf).dims))
                .collect()
        } else {
            let leaves = point.input_leaves();
            leaves.map(|(leaf, passed)| (format!("`{}` and its tangent", leaf.path), passed.dims.clone())).collect()
        };
        for ((words, dims), along) in wanted.into_iter().zip(&point.along) {
            self.require_shape(&dims, &along.dims, &words);
        }
    }

    /// One reverse pass; lent arguments are passed on as such.
    fn gradient(&mut self, point: &Point<'p>, with_value: bool) -> Vals {
        let map = point.map(self, false);
        let seeds: Vec<Part> =
            map.outputs.iter().map(|output| Part::Scalar(self.float(output.shape.element, 1.0))).collect();
        let called = self.reverse(&map, &seeds);
        self.take_back(&point.passed, point.layout, &called.results);
        let mut out = Vals::new();
        if with_value {
            out.push(Val::Scalar(called.results[0]));
        }
        out.extend(self.input_vals(point, called.parts));
        out
    }

    /// What the function leaves in lent arguments, and its value, by a call of it.
    fn leave_lent(&mut self, point: &Point<'p>) -> Called {
        let itself = point.map(self, false);
        let called = self.plain(&itself);
        self.take_back(&point.passed, point.layout, &called.results);
        called
    }

    /// A gradient in forward mode: a matrix of one row.
    fn slopes(&mut self, point: &Point<'p>, with_value: bool) -> Vals {
        let map = point.map(self, true);
        let matrix = self.matrix(&map, Mode::Jvp);
        let mut out = Vals::new();
        if with_value {
            let called = self.leave_lent(point);
            out.push(Val::Scalar(called.results[0]));
        } else if point.lends {
            self.leave_lent(point);
        }
        out.extend(self.matrix_leaves(point, &map.outputs, matrix));
        out
    }

    fn directional(&mut self, point: &Point<'p>) -> Vals {
        let map = point.map(self, true);
        let called = self.forward(&map, &point.tangents());
        let mut out: Vals = point.value(&called).into_iter().collect();
        let mut tangents = called.parts.into_iter();
        for leaf in point.result_leaves() {
            let tangent = if is_float(leaf) { tangents.next() } else { None };
            let tangent = match tangent {
                Some(tangent) => tangent,
                None => {
                    let shape = point.result_shape(self, leaf);
                    self.zeros_of(&shape)
                }
            };
            out.push(tangent.into_val(leaf.element));
        }
        out
    }

    fn cotangents(&mut self, point: &Point<'p>) -> Vals {
        let map = point.map(self, true);
        let called = self.reverse(&map, &point.seeds());
        let mut out: Vals = point.value(&called).into_iter().collect();
        out.extend(self.input_vals(point, called.parts));
        out
    }

    /// A derivative in each input, as the leaves of a gradient: integers and truth values are zero.
    fn input_vals(&mut self, point: &Point<'p>, parts: Vec<Part>) -> Vals {
        self.inputs_with(point, parts.into_iter().map(Some).collect(), true)
    }

    fn inputs_with(&mut self, point: &Point<'p>, parts: Vec<Option<Part>>, with_others: bool) -> Vals {
        let mut parts = parts.into_iter();
        let mut out = Vals::new();
        for (leaf, passed) in point.input_leaves() {
            let shape = Shape { element: leaf.element, dims: passed.dims.clone() };
            if is_float(leaf) {
                let part = parts.next().flatten();
                let part = part.unwrap_or_else(|| self.zeros_of(&shape));
                out.push(part.into_val(leaf.element));
            } else if with_others {
                out.push(self.zeros_of(&shape).into_val(leaf.element));
            }
        }
        out
    }

    /// The leaves of a matrix: for each output those of its derivative in the inputs. Only where that is shaped like the inputs, integers have their place.
    fn matrix_leaves(&mut self, point: &Point<'p>, outputs: &[Output], matrix: Matrix) -> Vals {
        let mut out = Vals::new();
        for (output, row) in outputs.iter().zip(matrix) {
            out.extend(self.inputs_with(point, row, !output.shape.is_array()));
        }
        out
    }

    /// The derivative of each output in each input, by unit vectors.
    fn matrix(&mut self, map: &Map, mode: Mode) -> Matrix {
        let mut matrix: Matrix = Vec::with_capacity(map.outputs.len());
        for output in &map.outputs {
            let mut row = Vec::with_capacity(map.inputs.len());
            for input in &map.inputs {
                let dims = joined(&output.shape.dims, &input.shape.dims);
                let is_array = !dims.is_empty();
                row.push(is_array.then(|| Part::Array(self.storage(input.shape.element, &dims))));
            }
            matrix.push(row);
        }
        match mode {
            Mode::Jvp => self.columns(map, &mut matrix),
            Mode::Vjp => self.rows(map, &mut matrix),
        }
        matrix
    }

    /// A call for each unit tangent.
    fn columns(&mut self, map: &Map, matrix: &mut Matrix) {
        let shapes: Vec<Shape> = map.inputs.iter().map(|input| input.shape.clone()).collect();
        let resting: Vec<Part> = shapes.iter().map(|shape| self.zeros_of(shape)).collect();
        for (i, shape) in shapes.iter().enumerate() {
            self.units(&resting, i, shape, &mut |this, tangents, at| {
                let called = this.forward(map, tangents);
                for (o, tangent) in called.parts.into_iter().enumerate() {
                    let types = (map.outputs[o].shape.element, shape.element);
                    this.put(&mut matrix[o][i], tangent, types, &mut |inner| joined(inner, at));
                }
            });
        }
    }

    /// A call for each unit seed.
    fn rows(&mut self, map: &Map, matrix: &mut Matrix) {
        let shapes: Vec<Shape> = map.outputs.iter().map(|output| output.shape.clone()).collect();
        let resting: Vec<Part> = shapes.iter().map(|shape| self.zeros_of(shape)).collect();
        for (o, shape) in shapes.iter().enumerate() {
            self.units(&resting, o, shape, &mut |this, seeds, at| {
                let called = this.reverse(map, seeds);
                for (i, adjoint) in called.parts.into_iter().enumerate() {
                    let ty = map.inputs[i].shape.element;
                    this.put(&mut matrix[o][i], adjoint, (ty, ty), &mut |inner| joined(at, inner));
                }
            });
        }
    }

    /// Calls `body` for each unit vector of one of several directions, the others being zero.
    fn units(&mut self, resting: &[Part], which: usize, shape: &Shape, body: OneCall<'_, Self>) {
        match &resting[which] {
            Part::Scalar(_) => {
                let mut directions = resting.to_vec();
                directions[which] = Part::Scalar(self.float(shape.element, 1.0));
                body(self, &directions, &[]);
            }
            Part::Array(view) => {
                let (one, zero) = (self.float(shape.element, 1.0), self.float(shape.element, 0.0));
                self.nest(&shape.dims, &mut |this, at| {
                    this.store(view, at, one);
                    body(this, resting, at);
                    this.store(view, at, zero);
                });
            }
        }
    }

    /// Puts part of a block into its place: `whole` makes the indices of the block out of those of the part; `from` and `to` are the types of their numbers.
    fn put(
        &mut self,
        block: &mut Option<Part>,
        part: Part,
        (from, to): (ScalarType, ScalarType),
        whole: &mut dyn FnMut(&[Int]) -> Ints,
    ) {
        let converted = |this: &mut Self, v: Value| match Prim::conversion(from, to) {
            Some(prim) => this.prim(prim, &[v]),
            None => v,
        };
        match (block, part) {
            (Some(Part::Array(block)), Part::Scalar(v)) => {
                let at = whole(&[]);
                let v = converted(self, v);
                self.store(block, &at, v);
            }
            (Some(Part::Array(block)), Part::Array(view)) => {
                let dims = view.dims.clone();
                self.nest(&dims, &mut |this, inner| {
                    let v = this.load(&view, inner);
                    let v = converted(this, v);
                    let at = whole(inner);
                    this.store(block, &at, v);
                });
            }
            (block, Part::Scalar(v)) => *block = Some(Part::Scalar(converted(self, v))),
            (block, part @ Part::Array(_)) => *block = Some(part),
        }
    }
}

/// The mode with fewer calls, where types tell: forward if they don't.
fn cheaper(map: &Map) -> Mode {
    let count = |shapes: &mut dyn Iterator<Item = &Shape>| {
        let mut sizes = shapes.map(|s| s.dims.iter().try_fold(1i64, |n, d| n.checked_mul(d.constant()?)));
        sizes.try_fold(0i64, |n, size| n.checked_add(size?))
    };
    let inputs = count(&mut map.inputs.iter().map(|input| &input.shape));
    let outputs = count(&mut map.outputs.iter().map(|output| &output.shape));
    match (inputs, outputs) {
        (Some(inputs), Some(outputs)) if outputs < inputs => Mode::Vjp,
        (None, Some(_)) => Mode::Vjp,
        (Some(_), _) | (None, None) => Mode::Jvp,
    }
}
