//! Arrays and tapes of a run.
//!
//! In: requests to make, read, write and drop. Out: elements and records, or the trap without its place. Both live on stacks: what a region made goes when it ends
//! ([`Memory::release`]). Bytes are counted as [`adit_ir::limits`] says; the host's own arrays are not.

use super::machine::Cells;
use super::number::{Cell, Number};
use adit_ir::limits::{Limits, array_bytes, element_count, record_bytes};
use adit_ir::{ScalarType, Trap};

/// A trap and its details, before anyone says where.
pub(super) type Fault = (Trap, [i64; 2]);

/// Elements, row major.
#[derive(Clone, PartialEq, Debug)]
#[expect(missing_docs, reason = "one variant per element type")]
pub enum Data<N> {
    F64(Vec<N>),
    F32(Vec<N>),
    I64(Vec<i64>),
    Bool(Vec<bool>),
}

/// An array: extents, outermost first, and elements.
#[derive(Clone, PartialEq, Debug)]
pub struct Array<N> {
    /// Their product is the number of elements.
    pub dims: Vec<i64>,
    /// The elements.
    pub data: Data<N>,
}

impl<N: Number> Array<N> {
    /// An array of floats.
    pub fn of(dims: &[i64], elements: Vec<N>) -> Self {
        Array { dims: dims.to_vec(), data: Data::F64(elements) }
    }

    /// What one element is.
    pub fn element(&self) -> ScalarType {
        match self.data {
            Data::F64(_) => ScalarType::F64,
            Data::F32(_) => ScalarType::F32,
            Data::I64(_) => ScalarType::I64,
            Data::Bool(_) => ScalarType::Bool,
        }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        match &self.data {
            Data::F64(x) | Data::F32(x) => x.len(),
            Data::I64(x) => x.len(),
            Data::Bool(x) => x.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The place of an element.
    pub(super) fn place(&self, subscripts: impl Iterator<Item = i64>) -> Result<usize, Fault> {
        let mut place = 0;
        for (i, &dim) in subscripts.zip(&self.dims) {
            if !(0..dim).contains(&i) {
                return Err((Trap::IndexOutOfRange, [i, dim]));
            }
            place = place * dim as usize + i as usize;
        }
        Ok(place)
    }

    pub(super) fn fill(&mut self, value: Cell<N>) {
        match (&mut self.data, value) {
            (Data::F64(x), Cell::F64(value)) | (Data::F32(x), Cell::F32(value)) => x.fill(value),
            (Data::I64(x), Cell::I64(value)) => x.fill(value),
            (Data::Bool(x), Cell::Bool(value)) => x.fill(value),
            (data, value) => panic!("{value:?} is no element of {data:?}"),
        }
    }
}

/// One element of an array.
#[derive(Debug)]
pub(super) struct Element<'a, N> {
    pub(super) array: &'a mut Array<N>,
    pub(super) place: usize,
}

impl<N: Number> Element<'_, N> {
    pub(super) fn get(&self) -> Cell<N> {
        match &self.array.data {
            Data::F64(x) => Cell::F64(x[self.place]),
            Data::F32(x) => Cell::F32(x[self.place]),
            Data::I64(x) => Cell::I64(x[self.place]),
            Data::Bool(x) => Cell::Bool(x[self.place]),
        }
    }

    pub(super) fn set(self, value: Cell<N>) {
        match (&mut self.array.data, value) {
            (Data::F64(x), Cell::F64(value)) | (Data::F32(x), Cell::F32(value)) => x[self.place] = value,
            (Data::I64(x), Cell::I64(value)) => x[self.place] = value,
            (Data::Bool(x), Cell::Bool(value)) => x[self.place] = value,
            (data, value) => panic!("{value:?} is no element of {data:?}"),
        }
    }

    pub(super) fn accumulate(self, value: Cell<N>) {
        match (&mut self.array.data, value) {
            (Data::F64(x), Cell::F64(value)) => x[self.place] = x[self.place].sum(value),
            (Data::F32(x), Cell::F32(value)) => x[self.place] = x[self.place].sum(value).single(),
            (data, value) => panic!("{value:?} is not added to {data:?}"),
        }
    }
}

#[derive(Debug)]
struct Tape<N> {
    /// Fields of all records, oldest first.
    cells: Vec<Cell<N>>,
    /// The number of fields of each record, oldest first.
    lengths: Vec<usize>,
}

/// How much of the stacks was in use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    arrays: usize,
    tapes: usize,
}

/// The stacks of arrays and tapes.
#[derive(Debug)]
pub(super) struct Memory<N> {
    arrays: Vec<Array<N>>,
    /// Arrays below are the host's, and not counted.
    hosted: usize,
    tapes: Vec<Tape<N>>,
    limit: u64,
    tape_limit: u64,
    used: u64,
    /// Bytes of records among them.
    taped: u64,
    pub(super) peak: u64,
    pub(super) records_left: u64,
}

impl<N: Number> Memory<N> {
    /// Nothing but the host's arrays.
    pub(super) fn new(limits: Limits) -> Self {
        let (arrays, tapes) = (Vec::new(), Vec::new());
        let (limit, tape_limit) = (limits.memory_bytes, limits.tape_bytes.unwrap_or(u64::MAX));
        Memory { arrays, hosted: 0, tapes, limit, tape_limit, used: 0, taped: 0, peak: 0, records_left: 0 }
    }

    /// Takes an array of the host in.
    pub(super) fn host(&mut self, array: Array<N>) -> usize {
        self.arrays.push(array);
        self.hosted = self.arrays.len();
        self.hosted - 1
    }

    /// Gives the array that was taken in as the `index`th back.
    pub(super) fn give_back(&mut self, index: usize) -> Array<N> {
        let nothing = Array { dims: Vec::new(), data: Data::Bool(Vec::new()) };
        std::mem::replace(&mut self.arrays[index], nothing)
    }

    pub(super) fn array(&self, index: usize) -> &Array<N> {
        &self.arrays[index]
    }

    pub(super) fn array_mut(&mut self, index: usize) -> &mut Array<N> {
        &mut self.arrays[index]
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { arrays: self.arrays.len(), tapes: self.tapes.len() }
    }

    /// Drops all that was made since.
    pub(super) fn release(&mut self, mark: Mark) {
        while self.arrays.len() > mark.arrays {
            if let Some(array) = self.arrays.pop() {
                self.used -= bytes(&array);
            }
        }
        while self.tapes.len() > mark.tapes {
            if let Some(tape) = self.tapes.pop() {
                self.records_left += tape.lengths.len() as u64;
                self.forget(record_size(&tape.cells));
            }
        }
    }

    /// A new array of zeros.
    pub(super) fn alloc(&mut self, element: ScalarType, dims: Vec<i64>) -> Result<usize, Fault> {
        if let Some(&dim) = dims.iter().find(|&&d| d < 0) {
            return Err((Trap::NegativeLength, [dim, 0]));
        }
        let wanted = array_bytes(element, dims.iter().copied());
        self.take(wanted.unwrap_or(u64::MAX))?;
        let count = element_count(dims.iter().copied()).unwrap_or(0) as usize;
        let data = match element {
            ScalarType::F64 => zeros(count, N::from_real(0.0)).map(Data::F64),
            ScalarType::F32 => zeros(count, N::from_real(0.0)).map(Data::F32),
            ScalarType::I64 => zeros(count, 0).map(Data::I64),
            ScalarType::Bool => zeros(count, false).map(Data::Bool),
        };
        let data = data.ok_or_else(|| self.exhausted(wanted.unwrap_or(u64::MAX)))?;
        self.arrays.push(Array { dims, data });
        Ok(self.arrays.len() - 1)
    }

    /// Copies all elements; the shapes agree.
    pub(super) fn copy(&mut self, to: usize, from: usize) {
        let mut target = self.give_back(to);
        match (&mut target.data, &self.arrays[from].data) {
            (Data::F64(to), Data::F64(from)) | (Data::F32(to), Data::F32(from)) => to.copy_from_slice(from),
            (Data::I64(to), Data::I64(from)) => to.copy_from_slice(from),
            (Data::Bool(to), Data::Bool(from)) => to.copy_from_slice(from),
            (to, from) => panic!("{from:?} is not copied to {to:?}"),
        }
        self.arrays[to] = target;
    }

    pub(super) fn tape(&mut self) -> usize {
        self.tapes.push(Tape { cells: Vec::new(), lengths: Vec::new() });
        self.tapes.len() - 1
    }

    pub(super) fn push(&mut self, tape: usize, record: &[Cell<N>]) -> Result<(), Fault> {
        let bytes = record_size(record);
        if self.taped + bytes > self.tape_limit {
            return Err((Trap::TapeLimit, [detail(bytes), detail(self.tape_limit)]));
        }
        self.take(bytes)?;
        self.taped += bytes;
        let tape = &mut self.tapes[tape];
        if tape.cells.try_reserve(record.len()).is_err() || tape.lengths.try_reserve(1).is_err() {
            return Err(self.exhausted(bytes));
        }
        tape.cells.extend_from_slice(record);
        tape.lengths.push(record.len());
        Ok(())
    }

    /// Takes the newest record off, which must have fields of these types.
    pub(super) fn pop(&mut self, tape: usize, types: &[ScalarType]) -> Result<Cells<N>, Fault> {
        let tape = &mut self.tapes[tape];
        let length = tape.lengths.pop().unwrap_or(0);
        let record: Cells<N> = tape.cells.drain(tape.cells.len() - length..).collect();
        if record.iter().map(|cell| cell.ty()).ne(types.iter().copied()) {
            return Err((Trap::EmptyTape, [0; 2]));
        }
        self.forget(record_size(&record));
        Ok(record)
    }

    /// Counts records no longer.
    fn forget(&mut self, bytes: u64) {
        self.used -= bytes;
        self.taped -= bytes;
    }

    fn take(&mut self, bytes: u64) -> Result<(), Fault> {
        match self.used.checked_add(bytes) {
            Some(used) if used <= self.limit => {
                self.used = used;
                self.peak = self.peak.max(used);
                Ok(())
            }
            Some(_) | None => Err(self.exhausted(bytes)),
        }
    }

    fn exhausted(&self, bytes: u64) -> Fault {
        (Trap::MemoryLimit, [detail(bytes), detail(self.limit)])
    }
}

fn detail(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Bytes of all these fields.
fn record_size<N: Number>(cells: &[Cell<N>]) -> u64 {
    record_bytes(cells.iter().map(|cell| cell.ty()))
}

fn bytes<N: Number>(array: &Array<N>) -> u64 {
    (array.len() * array.element().bytes()) as u64
}

/// So many zeros, unless the host has no room for them.
fn zeros<T: Copy>(count: usize, zero: T) -> Option<Vec<T>> {
    let mut elements = Vec::new();
    elements.try_reserve_exact(count).ok()?;
    elements.resize(count, zero);
    Some(elements)
}
