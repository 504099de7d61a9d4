//! Arrays and tapes of an analysis.
//!
//! In: reads and writes at places that are known, known in part, or not at all. Out: values. What a write may have reached is joined with what stood there; what it must have reached is overwritten.
//!
//! - A write somewhere unknown is kept beside the elements (*anywhere*), not in each of them, and belongs to every read from then on. So is a read of everything: what all elements are together is found once.
//! - Arrays whose sizes are not known have one element that stands for all.
//! - A [`Log`] remembers what elements were before, so that the arms of a branch start from the same memory and are joined after it at the cost of what they wrote. What is kept beside the elements only grows, and
//!   is not logged: that says too much, and never too little.

use crate::value::{Collection, Domain, Inputs, Value};
use adit_ir::limits::element_count;
use adit_ir::{ScalarType, Trap};
use smallvec::SmallVec;

/// A trap and its details, before anyone says where.
pub(crate) type Fault = (Trap, [i64; 2]);

/// What one element takes.
const ELEMENT_BYTES: u64 = size_of::<Value>() as u64;

/// Where an access goes: a subscript for each dimension, as far as known.
pub(crate) type Subscripts = SmallVec<[Option<i64>; 4]>;

/// An array.
#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) element: ScalarType,
    /// None if any of them is not known: then there is one element.
    pub(crate) dims: Option<Vec<i64>>,
    pub(crate) elements: Vec<Value>,
    /// What may have been written to any element.
    anywhere: Option<Value>,
    /// What all elements are together, if someone asked; at least that.
    total: Option<Value>,
}

/// Which elements an access reaches.
enum Reach {
    One(usize),
    /// Those with these places.
    Some(Vec<usize>),
    All,
}

impl Array {
    pub(crate) fn new(element: ScalarType, dims: Option<Vec<i64>>, elements: Vec<Value>) -> Self {
        Array { element, dims, elements, anywhere: None, total: None }
    }

    fn reach(&self, subscripts: &[Option<i64>]) -> Result<Reach, Fault> {
        let Some(dims) = &self.dims else { return Ok(Reach::All) };
        for (i, &dim) in subscripts.iter().zip(dims) {
            if let Some(i) = i
                && !(0..dim).contains(i)
            {
                return Err((Trap::IndexOutOfRange, [*i, dim]));
            }
        }
        if subscripts.iter().all(Option::is_none) && !subscripts.is_empty() {
            return Ok(Reach::All);
        }
        let mut places = vec![0];
        for (i, &dim) in subscripts.iter().zip(dims) {
            let range = i.map_or(0..dim, |i| i..i + 1);
            let next = |&place: &usize| range.clone().map(move |i| place * dim as usize + i as usize);
            places = places.iter().flat_map(next).collect();
        }
        Ok(if let [place] = places[..] { Reach::One(place) } else { Reach::Some(places) })
    }

    fn with_anywhere(&self, domain: &mut Domain, value: Value) -> Value {
        self.anywhere.map_or(value, |more| domain.join(value, more))
    }

    /// What all elements are together.
    pub(crate) fn total(&mut self, domain: &mut Domain) -> Value {
        if let Some(total) = self.total {
            return total;
        }
        let first = self.elements.first().copied().unwrap_or(Value::zero(self.element));
        let total = self.elements.iter().fold(first, |all, &x| domain.join(all, x));
        let total = self.with_anywhere(domain, total);
        self.total = Some(total);
        total
    }

    /// One element, by its place.
    pub(crate) fn at(&self, domain: &mut Domain, place: usize) -> Value {
        let place = if self.dims.is_some() { place } else { 0 };
        self.with_anywhere(domain, self.elements[place])
    }
}

/// What elements were before they were written.
#[derive(Debug)]
struct Log {
    /// Arrays from here on are younger than the log, and not its matter.
    young: usize,
    /// In order.
    before: Vec<(Place, Value)>,
}

/// An array and the place of an element.
pub(crate) type Place = (usize, usize);

/// An element that was written while a log ran: what it was, what it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) place: Place,
    pub(crate) before: Value,
    pub(crate) now: Value,
}

/// A tape.
#[derive(Debug)]
struct Tape {
    records: Vec<SmallVec<[Value; 4]>>,
    /// How uncertain it was that the program came here when the tape was made.
    uncertainty: u32,
    /// If it is not known which records it holds: what all floats in them depend on.
    mixed: Option<Inputs>,
}

/// How much was in use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    arrays: usize,
    tapes: usize,
}

/// The stacks of arrays and tapes.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) arrays: Vec<Array>,
    tapes: Vec<Tape>,
    logs: Vec<Log>,
    used: u64,
    /// Counts what is written beside elements, and grows.
    pub(crate) growth: u64,
    /// Elements that were looked at, in accesses that look at many.
    pub(crate) work: u64,
}

impl Memory {
    pub(crate) fn bytes(&self) -> u64 {
        let logged: usize = self.logs.iter().map(|log| log.before.len()).sum();
        self.used + logged as u64 * 2 * ELEMENT_BYTES
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark { arrays: self.arrays.len(), tapes: self.tapes.len() }
    }

    pub(crate) fn release(&mut self, mark: Mark) {
        for array in self.arrays.drain(mark.arrays..) {
            self.used -= array.elements.len() as u64 * ELEMENT_BYTES;
        }
        for tape in self.tapes.drain(mark.tapes..) {
            let fields: usize = tape.records.iter().map(|record| record.len()).sum();
            self.used -= fields as u64 * ELEMENT_BYTES;
        }
    }

    /// Takes in an array of the host's.
    pub(crate) fn host(&mut self, array: Array) -> usize {
        self.used += array.elements.len() as u64 * ELEMENT_BYTES;
        self.arrays.push(array);
        self.arrays.len() - 1
    }

    /// A new array, unless that takes more than so many bytes in all.
    pub(crate) fn alloc(&mut self, element: ScalarType, dims: &[Option<i64>], limit: u64) -> Result<usize, Fault> {
        let known: Option<Vec<i64>> = dims.iter().copied().collect();
        if let Some(dim) = dims.iter().flatten().find(|&&d| d < 0) {
            return Err((Trap::NegativeLength, [*dim, 0]));
        }
        let count = known.as_ref().map_or(Some(1), |dims| element_count(dims.iter().copied()));
        let bytes = count.and_then(|n| n.checked_mul(ELEMENT_BYTES)).unwrap_or(u64::MAX);
        if self.bytes().checked_add(bytes).is_none_or(|all| all > limit) {
            return Err((Trap::MemoryLimit, [bytes, limit].map(|n| i64::try_from(n).unwrap_or(i64::MAX))));
        }
        let elements = vec![Value::zero(element); count.unwrap_or(0) as usize];
        Ok(self.host(Array::new(element, known, elements)))
    }

    pub(crate) fn load(
        &mut self,
        domain: &mut Domain,
        array: usize,
        subscripts: &[Option<i64>],
    ) -> Result<Value, Fault> {
        let array = &mut self.arrays[array];
        Ok(match array.reach(subscripts)? {
            Reach::One(place) => array.at(domain, place),
            Reach::All => array.total(domain),
            Reach::Some(places) => {
                self.work += places.len() as u64;
                let mut values = places.iter().map(|&place| array.elements[place]);
                let first = values.next().unwrap_or(Value::zero(array.element));
                let all = values.fold(first, |all, x| domain.join(all, x));
                array.with_anywhere(domain, all)
            }
        })
    }

    /// Overwrites, or adds to, what is there.
    pub(crate) fn write(
        &mut self,
        domain: &mut Domain,
        array: usize,
        subscripts: &[Option<i64>],
        (value, adds): (Value, bool),
    ) -> Result<(), Fault> {
        let value = value.kept();
        match self.arrays[array].reach(subscripts)? {
            Reach::One(place) => {
                let old = self.arrays[array].elements[place];
                let new = if adds { Value::Float(domain.union(old.inputs(), value.inputs())) } else { value };
                self.set(domain, (array, place), new);
            }
            Reach::All => self.anywhere(domain, array, value),
            Reach::Some(places) => {
                self.work += places.len() as u64;
                for place in places {
                    let joined = domain.join(self.arrays[array].elements[place], value);
                    self.set(domain, (array, place), joined);
                }
            }
        }
        Ok(())
    }

    /// Overwrites one element.
    pub(crate) fn set(&mut self, domain: &mut Domain, place: Place, value: Value) {
        let array = &mut self.arrays[place.0];
        let before = std::mem::replace(&mut array.elements[place.1], value);
        if let Some(total) = array.total {
            array.total = Some(domain.join(total, value));
        }
        if let Some(log) = self.logs.last_mut()
            && place.0 < log.young
        {
            log.before.push((place, before));
        }
    }

    /// Writes somewhere.
    pub(crate) fn anywhere(&mut self, domain: &mut Domain, array: usize, value: Value) {
        let array = &mut self.arrays[array];
        let all = array.anywhere.map_or(value, |all| domain.join(all, value));
        if array.anywhere.is_none_or(|before| !domain.same(before, all)) {
            self.growth += 1;
            array.anywhere = Some(all);
            array.total = array.total.map(|total| domain.join(total, value));
        }
    }

    /// Overwrites all elements, in a place that the program surely reaches or not.
    pub(crate) fn fill(&mut self, domain: &mut Domain, array: usize, value: Value, surely: bool) {
        let value = value.kept();
        if self.arrays[array].dims.is_none() {
            return self.anywhere(domain, array, value);
        }
        self.settle(array, surely);
        for place in 0..self.arrays[array].elements.len() {
            self.set(domain, (array, place), value);
        }
    }

    /// Overwrites all elements with those of another array.
    pub(crate) fn copy(&mut self, domain: &mut Domain, [to, from]: [usize; 2], surely: bool) {
        if self.arrays[to].dims.is_none() || self.arrays[from].dims.is_none() {
            let all = self.arrays[from].total(domain);
            return self.anywhere(domain, to, all);
        }
        self.settle(to, surely);
        let count = self.arrays[to].elements.len().min(self.arrays[from].elements.len());
        for place in 0..count {
            let value = self.arrays[from].at(domain, place);
            self.set(domain, (to, place), value);
        }
    }

    /// Forgets what is beside elements that are all overwritten, if they surely are.
    fn settle(&mut self, array: usize, surely: bool) {
        if surely {
            (self.arrays[array].anywhere, self.arrays[array].total) = (None, None);
        }
    }

    pub(crate) fn start_log(&mut self) {
        self.logs.push(Log { young: self.arrays.len(), before: Vec::new() });
    }

    /// Ends the newest log; gives each element that was written once, in order of places.
    pub(crate) fn end_log(&mut self) -> Vec<Written> {
        let Some(Log { mut before, .. }) = self.logs.pop() else { return Vec::new() };
        if let Some(outer) = self.logs.last_mut() {
            outer.before.extend(before.iter().filter(|((array, _), _)| *array < outer.young));
        }
        // What was written first stands first.
        before.sort_by_key(|(place, _)| *place);
        before.dedup_by_key(|(place, _)| *place);
        let now = |(array, place): Place| self.arrays[array].elements[place];
        before.into_iter().map(|(place, before)| Written { place, before, now: now(place) }).collect()
    }

    /// Puts back what was there before.
    pub(crate) fn undo(&mut self, domain: &mut Domain, written: &[Written]) {
        for w in written {
            self.set(domain, w.place, w.before);
        }
    }

    pub(crate) fn tape(&mut self, uncertainty: u32) -> usize {
        self.tapes.push(Tape { records: Vec::new(), uncertainty, mixed: None });
        self.tapes.len() - 1
    }

    pub(crate) fn push(&mut self, domain: &mut Domain, tape: usize, record: &[Value], uncertainty: u32) {
        let fields = record.iter().fold(Inputs::default(), |all, x| domain.union(all, x.inputs()));
        let tape = &mut self.tapes[tape];
        match tape.mix(domain, uncertainty) {
            Some(all) => {
                let more = domain.join(Value::Float(all), Value::Float(fields)).inputs();
                self.growth += u64::from(!domain.same(Value::Float(all), Value::Float(more)));
                tape.mixed = Some(more);
            }
            None => {
                self.used += record.len() as u64 * ELEMENT_BYTES;
                tape.records.push(record.iter().map(|x| x.kept()).collect());
            }
        }
    }

    /// Nobody knows what was done to a tape.
    pub(crate) fn muddle(&mut self, domain: &mut Domain, tape: usize, value: Value) {
        let tape = &mut self.tapes[tape];
        let before = tape.mixed.map_or(Value::Unknown, Value::Float);
        self.growth += u64::from(!domain.same(before, value));
        tape.mixed = Some(value.inputs());
    }

    /// The newest record.
    pub(crate) fn pop(
        &mut self,
        domain: &mut Domain,
        tape: usize,
        types: &[ScalarType],
        uncertainty: u32,
    ) -> Result<SmallVec<[Value; 4]>, Fault> {
        let tape = &mut self.tapes[tape];
        if let Some(all) = tape.mix(domain, uncertainty) {
            return Ok(types.iter().map(|&ty| Value::of_type(ty, all)).collect());
        }
        let record = tape.records.pop().filter(|record| record.len() == types.len());
        let record = record.ok_or((Trap::EmptyTape, [0; 2]))?;
        self.used -= record.len() as u64 * ELEMENT_BYTES;
        Ok(record)
    }

    /// Calls `see` with every value that may be looked at again.
    pub(crate) fn visit(&mut self, see: &mut Collection) {
        for array in &mut self.arrays {
            array.elements.iter_mut().chain(&mut array.anywhere).chain(&mut array.total).for_each(|x| see.visit(x));
        }
        for tape in &mut self.tapes {
            tape.records.iter_mut().flatten().for_each(|x| see.visit(x));
            if let Some(inputs) = &mut tape.mixed {
                let mut value = Value::Float(*inputs);
                see.visit(&mut value);
                *inputs = value.inputs();
            }
        }
        self.logs.iter_mut().flat_map(|log| &mut log.before).for_each(|(_, x)| see.visit(x));
    }
}

impl Tape {
    /// What all its floats depend on, if its records are no longer told apart: so where the program may come or not, after the tape was made.
    fn mix(&mut self, domain: &mut Domain, uncertainty: u32) -> Option<Inputs> {
        if uncertainty > self.uncertainty && self.mixed.is_none() {
            let fields = self.records.iter().flatten();
            self.mixed = Some(fields.fold(Inputs::default(), |all, x| domain.union(all, x.inputs())));
        }
        self.mixed
    }
}
