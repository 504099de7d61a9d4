//! What is known of one scalar: a number, or on which inputs it depends.
//!
//! In: values. Out: values. A number is known exactly if it is the same whatever the floats that are inputs: sizes, indices, literals. Of a float that is not known, a [`Value`] says which inputs may have a derivative
//! in it, and, where second derivatives are wanted, which pairs of inputs. An integer or a truth value that is not known has no derivative; then nothing is said of it.
//!
//! A float is known only as long as it is neither stored nor carried by a loop: compiled code may add in another order there, and nothing that a comparison decides may rest on the last digit.

use crate::pairs::{AllPairs, Pairs};
use crate::sets::{Renamed, Set, Sets};
use crate::structure::{MAX_ARITY, Structure};
use adit_ir::prim::PrimTrap;
use adit_ir::{Prim, Scalar, ScalarType};

/// The inputs that a float depends on.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Inputs {
    pub(crate) set: Set,
    pub(crate) pairs: Pairs,
}

/// What is known of one scalar.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Value {
    /// The number.
    Known(Scalar),
    /// A float.
    Float(Inputs),
    /// An integer or a truth value.
    Unknown,
}

impl Value {
    /// A float on which nothing depends.
    pub(crate) const CONSTANT: Value = Value::Float(Inputs { set: Set::EMPTY, pairs: Pairs::NONE });

    /// What a new array holds.
    pub(crate) fn zero(ty: ScalarType) -> Value {
        match ty {
            ScalarType::F64 | ScalarType::F32 => Value::CONSTANT,
            ScalarType::I64 => Value::Known(Scalar::I64(0)),
            ScalarType::Bool => Value::Known(Scalar::Bool(false)),
        }
    }

    /// What is known of it from its type alone, if it depends on these inputs where it is a float.
    pub(crate) fn of_type(ty: ScalarType, inputs: Inputs) -> Value {
        if ty.is_float() { Value::Float(inputs) } else { Value::Unknown }
    }

    /// What of it stays known when it is stored or carried.
    pub(crate) fn kept(self) -> Value {
        match self {
            Value::Known(Scalar::F64(_) | Scalar::F32(_)) => Value::CONSTANT,
            Value::Known(Scalar::I64(_) | Scalar::Bool(_)) | Value::Float(_) | Value::Unknown => self,
        }
    }

    pub(crate) fn inputs(self) -> Inputs {
        match self {
            Value::Float(inputs) => inputs,
            Value::Known(_) | Value::Unknown => Inputs::default(),
        }
    }

    pub(crate) fn bool(self) -> Option<bool> {
        match self {
            Value::Known(Scalar::Bool(b)) => Some(b),
            Value::Known(_) | Value::Float(_) | Value::Unknown => None,
        }
    }

    pub(crate) fn int(self) -> Option<i64> {
        match self {
            Value::Known(Scalar::I64(i)) => Some(i),
            Value::Known(_) | Value::Float(_) | Value::Unknown => None,
        }
    }

    fn is_float(self) -> bool {
        matches!(self, Value::Float(_) | Value::Known(Scalar::F64(_) | Scalar::F32(_)))
    }
}

/// All that values are made of.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(crate) sets: Sets,
    pub(crate) pairs: AllPairs,
    /// Whether second derivatives are wanted.
    pub(crate) second: bool,
}

/// What is still needed, and after a collection what it is called.
pub(crate) enum Collection {
    Marking(Vec<bool>, Vec<bool>),
    Renaming(Renamed, Vec<u32>),
}

impl Domain {
    pub(crate) fn new(second: bool) -> Self {
        Domain { sets: Sets::new(), pairs: AllPairs::new(), second }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.sets.bytes() + self.pairs.bytes()
    }

    pub(crate) fn count(&self) -> usize {
        self.sets.count() + self.pairs.count()
    }

    /// Both, where one of the two is computed from them.
    pub(crate) fn union(&mut self, a: Inputs, b: Inputs) -> Inputs {
        let set = self.sets.union(a.set, b.set);
        Inputs { set, pairs: self.pairs.union(&mut self.sets, a.pairs, b.pairs) }
    }

    /// All that these inputs can have to do with one another.
    pub(crate) fn all(&mut self, set: Set) -> Inputs {
        let pairs = if self.second { self.pairs.product(&mut self.sets, set, set) } else { Pairs::NONE };
        Inputs { set, pairs }
    }

    /// Either of two values.
    pub(crate) fn join(&mut self, a: Value, b: Value) -> Value {
        if a == b {
            return a;
        }
        if !a.is_float() && !b.is_float() {
            return Value::Unknown;
        }
        let (a, b) = (a.inputs(), b.inputs());
        let set = self.sets.union(a.set, b.set);
        Value::Float(Inputs { set, pairs: self.pairs.joined(&mut self.sets, a.pairs, b.pairs) })
    }

    /// Whether two values say the same.
    pub(crate) fn same(&mut self, a: Value, b: Value) -> bool {
        if let (Value::Float(a), Value::Float(b)) = (a, b) {
            let covers = |this: &mut Self, a, b| this.pairs.covers(&mut this.sets, a, b);
            return a.set == b.set && covers(self, a.pairs, b.pairs) && covers(self, b.pairs, a.pairs);
        }
        a == b
    }

    /// A function of the table.
    pub(crate) fn prim(&mut self, prim: Prim, args: &[Value]) -> Result<Value, PrimTrap> {
        let mut numbers = [Scalar::Bool(false); MAX_ARITY];
        let known = |arg: &Value| matches!(arg, Value::Known(_));
        for (number, arg) in numbers.iter_mut().zip(args) {
            if let Value::Known(n) = arg {
                *number = *n;
            }
        }
        let row = prim.row();
        if args.iter().all(known) {
            return prim.apply(&numbers[..args.len()]).map(Value::Known);
        }
        if !row.signature.result.is_float() {
            // One operand may decide: a conjunction with `false`.
            let algebra = row.algebra;
            let decides = |at: usize, by: Option<Scalar>| by.filter(|&by| args.get(at) == Some(&Value::Known(by)));
            let decided = decides(0, algebra.left_absorbing).or_else(|| decides(1, algebra.right_absorbing));
            return Ok(decided.map_or(Value::Unknown, Value::Known));
        }
        Ok(Value::Float(self.float(prim, args)))
    }

    fn float(&mut self, prim: Prim, args: &[Value]) -> Inputs {
        let structure = Structure::of(prim);
        let mut inputs = Inputs::default();
        let mut moving = [Set::EMPTY; MAX_ARITY];
        for (at, arg) in args.iter().enumerate().filter(|(at, _)| structure.first[*at]) {
            moving[at] = arg.inputs().set;
            inputs = self.union(inputs, arg.inputs());
        }
        if self.second {
            let meet = self.meet(structure, moving);
            inputs.pairs = self.pairs.union(&mut self.sets, inputs.pairs, meet);
        }
        inputs
    }

    /// The pairs that a second derivative makes of what moves.
    fn meet(&mut self, structure: Structure, moving: [Set; MAX_ARITY]) -> Pairs {
        let there = |i: usize| !moving[i].is_empty();
        let pairs = (0..MAX_ARITY).flat_map(|i| (i..MAX_ARITY).map(move |j| (i, j)));
        let wanted: Vec<_> = pairs.filter(|&(i, j)| there(i) && there(j)).collect();
        if wanted.iter().all(|&(i, j)| structure.second[i][j]) {
            let all = moving.iter().fold(Set::EMPTY, |all, &set| self.sets.union(all, set));
            return self.pairs.product(&mut self.sets, all, all);
        }
        let mut meet = Pairs::NONE;
        for (i, j) in wanted.into_iter().filter(|&(i, j)| structure.second[i][j]) {
            let product = self.pairs.product(&mut self.sets, moving[i], moving[j]);
            meet = self.pairs.union(&mut self.sets, meet, product);
        }
        meet
    }

    /// Begins a collection.
    pub(crate) fn marking(&self) -> Collection {
        Collection::Marking(self.sets.unmarked(), self.pairs.unmarked())
    }

    /// Forgets what was not marked.
    pub(crate) fn collect(&mut self, collection: Collection) -> Collection {
        let Collection::Marking(mut sets, mut pairs) = collection else { return collection };
        self.pairs.mark(&mut pairs, &mut sets);
        let renamed = self.sets.collect(sets);
        let names = self.pairs.collect(&pairs, &renamed);
        Collection::Renaming(renamed, names)
    }
}

impl Collection {
    /// Marks a value as needed, or gives it its new names.
    pub(crate) fn visit(&mut self, value: &mut Value) {
        let Value::Float(inputs) = value else { return };
        match self {
            Collection::Marking(sets, pairs) => {
                inputs.set.needed(sets);
                inputs.pairs.needed(pairs);
            }
            Collection::Renaming(sets, names) => {
                *inputs = Inputs { set: sets.of(inputs.set), pairs: inputs.pairs.renamed(names) };
            }
        }
    }
}
