//! Which values of the function being built are literals.
//!
//! In: the constants that a pass emits. Out: [`Consts`], the pass's memory of them, and [`Folded`], an operand map that writes known integers as literals
//! wherever the IR allows one (bounds, extents, subscripts). It computes nothing.

use crate::per_value::PerValue;
use adit_ir::{Builder, Const, Int, OperandMap, Scalar, Value, ValueMap};

/// The literals seen so far, by their value in the new function.
#[derive(Default)]
pub struct Consts {
    known: PerValue<Const>,
}

impl Consts {
    /// Emits a literal and remembers it.
    pub fn emit(&mut self, b: &mut Builder, c: Const) -> Value {
        let v = b.constant(c);
        self.note(v, c);
        v
    }

    /// Remembers a literal.
    pub fn note(&mut self, v: Value, c: Const) {
        self.known.insert(v, c);
    }

    /// The literal that a value is, if it is one.
    pub fn get(&self, v: Value) -> Option<Const> {
        self.known.get(v).copied()
    }

    /// The literals that values are, if all of them are.
    pub fn all(&self, values: &[Value]) -> Option<Vec<Scalar>> {
        values.iter().map(|&v| self.get(v).map(scalar)).collect()
    }

    /// An integer operand, as a literal if it is one.
    pub fn int(&self, i: Int) -> Int {
        match i.value().and_then(|v| self.get(v)) {
            Some(Const::I64(c)) => Int::Const(c),
            Some(Const::F64(_) | Const::F32(_) | Const::Bool(_)) | None => i,
        }
    }
}

/// Maps operands to the new function, known integers to literals.
pub struct Folded<'a> {
    /// Old values to new.
    pub map: &'a ValueMap,
    /// The literals among the new.
    pub consts: &'a Consts,
}

impl OperandMap for Folded<'_> {
    fn value(&self, v: Value) -> Value {
        self.map.value(v)
    }

    fn int(&self, i: Int) -> Int {
        self.consts.int(self.map.int(i))
    }
}

/// A literal as a number.
pub fn scalar(c: Const) -> Scalar {
    match c {
        Const::F64(x) => Scalar::F64(x),
        Const::F32(x) => Scalar::F32(x),
        Const::I64(i) => Scalar::I64(i),
        Const::Bool(b) => Scalar::Bool(b),
    }
}

/// A number as a literal.
pub fn literal(s: Scalar) -> Const {
    match s {
        Scalar::F64(x) => Const::F64(x),
        Scalar::F32(x) => Const::F32(x),
        Scalar::I64(i) => Const::I64(i),
        Scalar::Bool(b) => Const::Bool(b),
    }
}
