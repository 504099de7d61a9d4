//! What a run may use.
//!
//! In: the host's wishes. Out: [`Limits`], which the interpreter and compiled code both keep, and the two sums they must agree on: how many elements an array has and
//! how many bytes it takes. The interruption flag and the time limit are not here: they belong to the thread that waits.
//!
//! - *Memory* counts the elements of live `alloc`s and the records of live tapes, in bytes as [`array_bytes`] and [`record_bytes`] say; not the host's own
//!   buffers. Compiled code may count somewhat more: what it reserves for them. More is [`Trap::MemoryLimit`](crate::Trap::MemoryLimit) with the bytes asked for and the limit.
//! - *Tape* counts the records of live tapes alone, likewise. More is [`Trap::TapeLimit`](crate::Trap::TapeLimit) with the bytes asked for and the limit.
//! - *Depth* counts active functions, the host's call being the first. More is [`Trap::RecursionTooDeep`](crate::Trap::RecursionTooDeep) with the limit.
//!   Compiled code stops there earlier where the stack of its thread is full, and says so.
//! - *Steps*: one is taken each time the body of a `for` or a `while` begins, and at each `call` instruction. More is
//!   [`Trap::StepLimit`](crate::Trap::StepLimit) with the limit. Interruption is looked for at the same places.
//! - *Threads* may run pieces of a loop at the same time, where code was compiled for that; the interpreter has one.

use crate::types::ScalarType;

/// What a run may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of arrays and tapes alive at one time.
    pub memory_bytes: u64,
    /// Bytes of tapes alive at one time; `None` for as many as memory allows.
    pub tape_bytes: Option<u64>,
    /// Functions active at one time.
    pub depth: u32,
    /// Loop iterations and calls; `None` for no limit.
    pub steps: Option<u64>,
    /// Threads that loops may be divided among; 1 for none but the caller's.
    pub threads: usize,
}

impl Default for Limits {
    /// 4 GiB, all of it for tapes if need be, 10,000 active functions, any number of steps, one thread.
    fn default() -> Self {
        Limits { memory_bytes: 4 << 30, tape_bytes: None, depth: 10_000, steps: None, threads: 1 }
    }
}

/// The number of elements of an array with these extents, `None` where it does not fit. Extents below zero count as zero: whoever allocates refuses them first.
pub fn element_count(dims: impl IntoIterator<Item = i64> + Clone) -> Option<u64> {
    if dims.clone().into_iter().any(|d| d <= 0) {
        return Some(0);
    }
    dims.into_iter().try_fold(1u64, |n, d| n.checked_mul(d.unsigned_abs()))
}

/// The bytes of an array with these extents, `None` where they exceed what can be addressed.
pub fn array_bytes(element: ScalarType, dims: impl IntoIterator<Item = i64> + Clone) -> Option<u64> {
    let bytes = element_count(dims)?.checked_mul(element.bytes() as u64)?;
    (bytes <= isize::MAX as u64).then_some(bytes)
}

/// The bytes that one record of a tape counts for: its fields, each as one array element.
pub fn record_bytes(fields: impl IntoIterator<Item = ScalarType>) -> u64 {
    fields.into_iter().map(|field| field.bytes() as u64).sum()
}

/// Where the fields of a record lie: wide ones first, no gaps.
pub fn record_offsets(fields: &[ScalarType]) -> Vec<u64> {
    let mut order: Vec<usize> = (0..fields.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(fields[i].bytes()));
    let (mut offsets, mut next) = (vec![0; fields.len()], 0);
    for i in order {
        offsets[i] = next;
        next += fields[i].bytes() as u64;
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_extent_empties_the_array_however_large_the_others() {
        assert_eq!(element_count([i64::MAX, i64::MAX, 0]), Some(0));
        assert_eq!(element_count([i64::MAX, i64::MAX, 2]), None);
        assert_eq!(element_count([3, 4]), Some(12));
        assert_eq!(element_count([-3, 4]), Some(0));
    }

    #[test]
    fn bytes_stay_addressable() {
        assert_eq!(array_bytes(ScalarType::F64, [3, 2]), Some(48));
        assert_eq!(array_bytes(ScalarType::Bool, [3, 2]), Some(6));
        assert_eq!(array_bytes(ScalarType::F64, [1 << 60]), None);
        assert_eq!(record_bytes([ScalarType::F64, ScalarType::Bool]), 9);
        let fields = [ScalarType::Bool, ScalarType::F32, ScalarType::I64, ScalarType::Bool, ScalarType::F64];
        assert_eq!(record_offsets(&fields), [20, 16, 0, 21, 8]);
        assert_eq!(record_bytes(fields), 22);
    }
}
