//! Matrices of derivatives, out of sweeps along unit vectors.
//!
//! In: a [`Map`] and a mode. Out: its [`Matrix`]. Forward, a sweep follows several unit tangents at once, one in each *lane*; all inputs together are one row of numbers, of which each sweep takes the next so many. A sweep that
//! has more lanes than there are numbers left follows zeros in the others. Where types tell that one sweep is enough there is no loop. In reverse there is a sweep for each number of the outputs.
//!
//! ```text
//! jacobian(f)(x)    for v9 in 0..d0 step 8 {
//!                     for v10 in 0..min(8, d0 - v9) { store v7[v9 + v10, v10], 1.0 }      v7: the tangents of v0, in 8 lanes
//!                     call @f__jvp8(v0, v7, v8)                                           v8: those of the result
//!                     for v11 in 0..d1 { for v10 in … { v12 = load v8[v11, v10]; store v6[v11, v9 + v10], v12 } }
//!                     for v10 in … { store v7[v9 + v10, v10], 0.0 }
//!                   }
//! ```
//!
//! That a Hessian is symmetric is not made use of.

use super::super::env::Lowerer;
use super::map::{Called, Map, Moves, Part, Shape, in_lanes, joined};
use super::{Matrix, Point};
use adit_ir::{Bounds, CmpOp, Int, Ints, Mode, Prim, ScalarType, Type, Value, Values, sweeps};

/// What is done with directions of which one is a unit, and the indices of its 1.
type OneCall<'b, L> = &'b mut dyn FnMut(&mut L, &[Part], &[Int]);

/// What is done with an integer.
type Each<'b, L> = &'b mut dyn FnMut(&mut L, Int);

/// What is done with the lane that belongs to an element, and with the indices of that.
type EachElement<'b, L> = &'b mut dyn FnMut(&mut L, Int, &[Int]);

/// The directions of one sweep: the numbers of all inputs, counted through, from `first` on.
#[derive(Clone, Copy, Debug)]
struct Directions {
    first: Int,
    lanes: usize,
}

/// An input among the directions.
#[derive(Clone, Debug)]
struct Place {
    shape: Shape,
    /// Which direction its first number is, and which comes after its last.
    from: Int,
    to: Int,
}

impl Lowerer<'_> {
    /// The derivative of each output in each input. If that takes exactly one call, that too.
    pub(super) fn matrix(&mut self, point: &Point<'_>, map: &Map, mode: Mode, order: u32) -> (Matrix, Option<Called>) {
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
        let called = match mode {
            Mode::Jvp => {
                let most = self.unit.reach.lanes(&point.functions, order);
                self.columns(map, most, &mut matrix)
            }
            Mode::Vjp => {
                self.rows(map, &mut matrix);
                None
            }
        };
        (matrix, called)
    }

    // Forward

    /// Sweeps of at most so many lanes.
    fn columns(&mut self, map: &Map, most: usize, matrix: &mut Matrix) -> Option<Called> {
        let (mut places, mut total) = (Vec::new(), Int::Const(0));
        for input in &map.inputs {
            let from = total;
            let size = input.shape.dims.iter().fold(Int::Const(1), |size, &d| self.arith(Prim::Imul, size, d));
            total = self.add(total, size);
            places.push(Place { shape: input.shape.clone(), from, to: total });
        }
        let lanes = match total {
            Int::Const(n) if n <= 0 => return None,
            Int::Const(n) => sweeps::lanes(n as usize, most),
            Int::Value(_) => most,
        };
        let resting: Vec<Part> = places.iter().map(|place| self.resting(&place.shape, lanes)).collect();
        if let Int::Const(n) = total
            && n as usize <= lanes
        {
            let all = Directions { first: Int::Const(0), lanes };
            return Some(self.column_sweep(map, all, &places, &resting, matrix));
        }
        let numbers = self.numbers_in_storage(matrix, map);
        let region = self.region(&[Type::I64], &mut |this, params| {
            let some = Directions { first: Int::Value(params[0]), lanes };
            this.column_sweep(map, some, &places, &resting, matrix);
            for (place, resting) in places.iter().zip(&resting) {
                this.seed(some, place, resting, 0.0);
            }
            Vec::new()
        });
        let bounds = Bounds { step: Int::Const(lanes as i64), ..Bounds::up_to(total) };
        self.b.for_(bounds, &[], region);
        for (o, i) in numbers {
            if let Some(Part::Array(view)) = &matrix[o][i] {
                let v = self.load(&view.clone(), &[Int::Const(0)]);
                matrix[o][i] = Some(Part::Scalar(v));
            }
        }
        None
    }

    /// The tangent of an input that does not move; that of a number has no storage.
    fn resting(&mut self, shape: &Shape, lanes: usize) -> Part {
        if shape.is_array() {
            return Part::Array(self.storage(shape.element, &in_lanes(&shape.dims, lanes)));
        }
        Part::Scalar(self.float(shape.element, 0.0))
    }

    /// Blocks of one number get storage, for a loop to write to.
    fn numbers_in_storage(&mut self, matrix: &mut Matrix, map: &Map) -> Vec<(usize, usize)> {
        let mut numbers = Vec::new();
        for (o, row) in matrix.iter_mut().enumerate() {
            for (i, block) in row.iter_mut().enumerate().filter(|(_, block)| block.is_none()) {
                *block = Some(Part::Array(self.storage(map.inputs[i].shape.element, &[Int::Const(1)])));
                numbers.push((o, i));
            }
        }
        numbers
    }

    /// One sweep, and its columns put into their places.
    fn column_sweep(
        &mut self,
        map: &Map,
        directions: Directions,
        places: &[Place],
        resting: &[Part],
        matrix: &mut Matrix,
    ) -> Called {
        let tangents: Vec<Moves> = places.iter().zip(resting).map(|(p, r)| self.seed(directions, p, r, 1.0)).collect();
        let (called, moves) = self.sweep(map, directions.lanes, &tangents);
        for (o, moved) in moves.into_iter().enumerate() {
            let from = map.outputs[o].shape.element;
            let moved = self.addressable(directions, moved, from);
            for (place, block) in places.iter().zip(&mut matrix[o]) {
                let types = (from, place.shape.element);
                self.put_columns(directions, place, &map.outputs[o].shape.dims, (&moved, block), types);
            }
        }
        called
    }

    /// The unit tangents of an input, with this number for their 1.
    fn seed(&mut self, directions: Directions, place: &Place, resting: &Part, one: f64) -> Moves {
        let ty = place.shape.element;
        match resting {
            Part::Array(view) => {
                let one = self.float(ty, one);
                self.elements(directions, place, &mut |this, lane, at| {
                    let at = directions.at(at, lane);
                    this.store(view, &at, one);
                });
                Moves::Array(view.clone())
            }
            Part::Scalar(_) => {
                let mut values = Values::new();
                for lane in 0..directions.lanes as i64 {
                    let here = self.add(directions.first, Int::Const(lane));
                    values.push(match (here, place.from) {
                        (Int::Const(here), Int::Const(from)) => self.float(ty, if here == from { one } else { 0.0 }),
                        (here, from) => {
                            let (here, from) = (self.int_value(here), self.int_value(from));
                            let is = self.b.cmp(CmpOp::Eq, here, from);
                            let (one, zero) = (self.float(ty, one), self.float(ty, 0.0));
                            self.b.select(is, one, zero)
                        }
                    });
                }
                Moves::Scalars(values)
            }
        }
    }

    /// Numbers in lanes that only the run knows are put into an array.
    fn addressable(&mut self, directions: Directions, moved: Moves, element: ScalarType) -> Moves {
        match moved {
            Moves::Scalars(values) if values.len() > 1 && directions.first != Int::Const(0) => {
                let view = self.storage(element, &[Int::Const(values.len() as i64)]);
                for (lane, &v) in values.iter().enumerate() {
                    self.store(&view, &[Int::Const(lane as i64)], v);
                }
                Moves::Array(view)
            }
            moved @ (Moves::Scalars(_) | Moves::Array(_)) => moved,
        }
    }

    /// Puts the columns of an input into their block.
    fn put_columns(
        &mut self,
        directions: Directions,
        place: &Place,
        rows: &[Int],
        (moved, block): (&Moves, &mut Option<Part>),
        types: (ScalarType, ScalarType),
    ) {
        let mut put = |this: &mut Self, row: &[Int], lane: Int, at: &[Int]| {
            let v = match (moved, lane) {
                (Moves::Scalars(values), Int::Const(lane)) => values[lane as usize],
                (Moves::Scalars(values), Int::Value(_)) => values[0],
                (Moves::Array(view), lane) => this.load(view, &directions.at(row, lane)),
            };
            let v = this.converted(v, types);
            match block {
                Some(Part::Array(view)) => {
                    let at = if view.dims.len() == row.len() + at.len() {
                        joined(row, at)
                    } else {
                        [Int::Const(0)].into_iter().collect()
                    };
                    this.store(view, &at, v);
                }
                Some(Part::Scalar(_)) | None => *block = Some(Part::Scalar(v)),
            }
        };
        // Taking indices apart is dear, so it is done once; else neighbours are written one after another.
        if place.shape.dims.len() > 1 {
            self.elements(directions, place, &mut |this, lane, at| {
                this.nest(rows, &mut |this, row| put(this, row, lane, at));
            });
        } else {
            self.nest(rows, &mut |this, row| {
                this.elements(directions, place, &mut |this, lane, at| put(this, row, lane, at));
            });
        }
    }

    /// Calls `body` for the lanes that belong to elements of an input.
    fn elements(&mut self, directions: Directions, place: &Place, body: EachElement<'_, Self>) {
        let Directions { first, lanes } = directions;
        let lo = match place.from {
            Int::Const(0) => Int::Const(0),
            from => {
                let lo = self.sub(from, first);
                self.arith(Prim::Imax, lo, Int::Const(0))
            }
        };
        let hi = self.sub(place.to, first);
        let hi = self.arith(Prim::Imin, hi, Int::Const(lanes as i64));
        self.each(lo, hi, &mut |this, lane| {
            let direction = this.add(first, lane);
            let element = this.sub(direction, place.from);
            let at = this.indices(element, &place.shape.dims);
            body(this, lane, &at);
        });
    }

    /// Calls `body` for each integer of a range: written out, if it is known.
    fn each(&mut self, lo: Int, hi: Int, body: Each<'_, Self>) {
        if let (Int::Const(lo), Int::Const(hi)) = (lo, hi) {
            (lo..hi).for_each(|i| body(self, Int::Const(i)));
            return;
        }
        let region = self.region(&[Type::I64], &mut |this, params| {
            body(this, Int::Value(params[0]));
            Vec::new()
        });
        self.b.for_(Bounds { lo, ..Bounds::up_to(hi) }, &[], region);
    }

    /// The indices of an element, counted row by row.
    fn indices(&mut self, element: Int, dims: &[Int]) -> Ints {
        let Some((_, inner)) = dims.split_first() else { return Ints::new() };
        let (mut rest, mut at) = (element, Ints::new());
        for &dim in inner.iter().rev() {
            at.push(self.arith(Prim::Irem, rest, dim));
            rest = self.arith(Prim::Idiv, rest, dim);
        }
        at.push(rest);
        at.reverse();
        at
    }

    // In reverse

    /// A call for each unit seed.
    fn rows(&mut self, map: &Map, matrix: &mut Matrix) {
        let shapes: Vec<Shape> = map.outputs.iter().map(|output| output.shape.clone()).collect();
        let resting: Vec<Part> = shapes.iter().map(|shape| self.zeros_of(shape)).collect();
        for (o, shape) in shapes.iter().enumerate() {
            self.units(&resting, o, shape, &mut |this, seeds, at| {
                let called = this.reverse(map, seeds);
                for (block, adjoint) in matrix[o].iter_mut().zip(called.parts) {
                    this.put_row(block, adjoint, at);
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

    /// Puts the part of a block that belongs to one row into its place.
    fn put_row(&mut self, block: &mut Option<Part>, part: Part, row: &[Int]) {
        match (block, part) {
            (Some(Part::Array(block)), Part::Scalar(v)) => self.store(block, row, v),
            (Some(Part::Array(block)), Part::Array(view)) => {
                self.nest(&view.dims.clone(), &mut |this, at| {
                    let v = this.load(&view, at);
                    this.store(block, &joined(row, at), v);
                });
            }
            (block, part) => *block = Some(part),
        }
    }

    fn converted(&mut self, v: Value, (from, to): (ScalarType, ScalarType)) -> Value {
        match Prim::conversion(from, to) {
            Some(prim) => self.prim(prim, &[v]),
            None => v,
        }
    }
}

impl Directions {
    /// The indices of what belongs to an element in a lane.
    fn at(self, element: &[Int], lane: Int) -> Ints {
        element.iter().copied().chain((self.lanes > 1).then_some(lane)).collect()
    }
}
