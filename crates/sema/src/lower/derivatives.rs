//! Derivatives of functions at a point: calls of functions that are declared as derivatives, and what stands around them.
//!
//! In: a [`Derivative`]. Out: its leaves. Gradients in reverse mode and products with one vector are one call; matrices, and gradients in forward mode, are sweeps along unit vectors (`matrices`).
//!
//! ```text
//! grad(f)(x)        v1 = alloc [f64; d0]; v2 = const 1.0; v3 = call @f__vjp(v0, v1, v2)                  the gradient is v1
//! jvp(f, x, dx)     v2, v3 = call @f__jvp(v0, v1)                                                         (v2, v3)
//! jacobian(f)(x)    for v9 in 0..d0 step 8 { … call @f__jvp8(v0, v7, v8); … }                              eight columns a sweep
//! ```
//!
//! **Printing.** A derivative prints what the function prints, once. One call does that by itself; where there may be several, they are silent, and the function itself is run before.
//!
//! What is differentiated is a [`Map`]: the function itself, or for second derivatives its reverse derivative, whose outputs are the gradient.
//! It deliberately does not differentiate: `adit_autodiff::resolve` makes the bodies.

mod declared;
mod map;
mod matrices;

pub(super) use declared::Declared;

use super::env::Lowerer;
use super::functions::FnVal;
use super::special;
use super::values::{Val, Vals};
use crate::layout::DimSource;
use crate::typed::*;
use adit_ir::{Int, Ints, Mode, sweeps};
use map::{Called, Map, Output, Part, Point, Shape, is_float};

/// The derivative of each output in each input, by output; extents of the output first, numbers of the input's type.
type Matrix = Vec<Vec<Option<Part>>>;

impl<'p> Lowerer<'p> {
    pub(super) fn derivative(&mut self, e: &Expr, d: &Derivative) -> Vals {
        let Some(point) = self.point(e, d) else {
            return self.nothing(&e.ty);
        };
        // Where a mode is asked for, its rules must be there.
        let served = self.unit.one_sided && d.mode.is_none();
        match d.kind {
            DerivativeKind::Gradient | DerivativeKind::ValueAndGradient => {
                let with_value = d.kind == DerivativeKind::ValueAndGradient;
                match d.mode {
                    Some(Mode::Jvp) => self.slopes(&point, with_value),
                    Some(Mode::Vjp) | None => self.gradient(&point, with_value, served),
                }
            }
            DerivativeKind::Jvp => self.directional(&point),
            DerivativeKind::Vjp => self.cotangents(&point),
            DerivativeKind::Jacobian => {
                let mut map = point.map(self, true).served(served);
                let mode = d.mode.unwrap_or_else(|| cheaper(&map));
                self.run_once(&point, &mut map);
                let (matrix, _) = self.matrix(&point, &map, mode, 1);
                self.matrix_leaves(&point, &map.outputs, matrix)
            }
            DerivativeKind::Hessian => {
                let mut map = point.gradient_map(self).served(served);
                self.run_once(&point, &mut map);
                let (matrix, _) = self.matrix(&point, &map, d.mode.unwrap_or(Mode::Jvp), 2);
                self.matrix_leaves(&point, &map.outputs, matrix)
            }
            DerivativeKind::Hvp => {
                let map = point.gradient_map(self).served(served);
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
        let functions = self.known_functions(callee, &given.functions);
        let point = Point { id, functions, layout, leading, sizes, passed, along, captures, lends };
        self.compare_directions(d, &point);
        Some(point)
    }

    /// A function, and those that it is given.
    fn known_functions(&self, callee: FnId, given: &[FnVal]) -> Vec<FnId> {
        let specials = self.unit.specials.borrow();
        let (mut known, mut open) = (vec![callee], given.iter().map(|f| f.shape).collect::<Vec<_>>());
        while let Some(id) = open.pop() {
            match specials.shape(id) {
                special::Shape::Named(id) => known.push(*id),
                special::Shape::Lambda { instance, functions, .. } => {
                    known.extend(*instance);
                    open.extend(functions);
                }
            }
        }
        known
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
    fn gradient(&mut self, point: &Point<'p>, with_value: bool, served: bool) -> Vals {
        let map = point.map(self, false).served(served);
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

    /// Before many calls of a map: one of the function itself, if that shows in what is lent or printed. The many then begin with what is lent as it was, and print nothing.
    fn run_once(&mut self, point: &Point<'p>, map: &mut Map) -> Option<Called> {
        map.silent = self.unit.reach.prints(&point.functions);
        if !point.lends && !map.silent {
            return None;
        }
        map.keep(self);
        Some(self.run(point))
    }

    /// The function itself; lent arguments hold what it leaves.
    fn run(&mut self, point: &Point<'p>) -> Called {
        let itself = point.map(self, false);
        let called = self.plain(&itself);
        self.take_back(&point.passed, point.layout, &called.results);
        called
    }

    /// A gradient in forward mode: a matrix of one row.
    fn slopes(&mut self, point: &Point<'p>, with_value: bool) -> Vals {
        let mut map = point.map(self, true);
        let before = self.run_once(point, &mut map);
        let (matrix, only) = self.matrix(point, &map, Mode::Jvp, 1);
        let mut out = Vals::new();
        if with_value {
            let called = before.or(only).unwrap_or_else(|| self.run(point));
            out.push(Val::Scalar(called.results[0]));
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
}

/// The mode that looks cheaper, as far as types tell.
fn cheaper(map: &Map) -> Mode {
    let count = |shapes: &mut dyn Iterator<Item = &Shape>| {
        let extent = |d: &Int| d.constant().and_then(|d| usize::try_from(d).ok());
        let mut sizes = shapes.map(|s| s.dims.iter().try_fold(1usize, |n, d| n.checked_mul(extent(d)?)));
        sizes.try_fold(0usize, |n, size| n.checked_add(size?))
    };
    let columns = count(&mut map.inputs.iter().map(|input| &input.shape));
    let rows = count(&mut map.outputs.iter().map(|output| &output.shape));
    sweeps::cheaper(rows, columns)
}
