//! Of which sweeps matrices of derivatives are made.
//!
//! In: how many rows and columns there are, and how much code a sweep is. Out: the mode, and how many directions each forward sweep follows (*lanes*). The sweeps of one matrix have equally many, so one derivative
//! serves all of them; lanes that are left over in the last one get directions of zeros.
//!
//! ```text
//! 19 columns, at most 8 lanes: 3 sweeps with 8 lanes, columns 0..8, 8..16, 16..19
//! ```
//!
//! What a sweep costs is counted in runs of the function: a forward sweep is one and one for each lane, a reverse sweep four. Nothing is measured.

use crate::derived::Mode;

/// How many lanes a forward sweep has, if nobody says otherwise and the code stays short.
pub const LANES: usize = 8;

/// So many lanes stay as many as they are.
const FEW: usize = 4;

/// What a reverse sweep costs, as a multiple of a run, and how much longer its code is.
const REVERSE: usize = 4;

/// Instructions times lanes: beyond this, compiling more lanes takes longer than the sweeps that they save.
const MOST_CODE: usize = 8_000;

/// How many lanes pay, at most `most`, where the function has so many instructions and the sweeps are those of a derivative of this order.
pub fn affordable(most: usize, instructions: usize, order: u32) -> usize {
    let code = REVERSE.saturating_pow(order.saturating_sub(1)).saturating_mul(instructions);
    (MOST_CODE / code.max(1)).min(most).max(1)
}

/// How many lanes each of the sweeps has that follow so many directions: as equally many as can be, and where there are several pairs of them, one more rather than one in no pair: code does things to two lanes at a time.
pub fn lanes(directions: usize, most: usize) -> usize {
    let sweeps = directions.div_ceil(most.max(1));
    let each = directions.div_ceil(sweeps.max(1)).max(1);
    if each > FEW && each < most { each.next_multiple_of(2) } else { each }
}

/// Whether a reverse sweep for each row is cheaper than forward sweeps of so many lanes.
pub fn by_rows(rows: usize, columns: usize, lanes: usize) -> bool {
    rows.saturating_mul(REVERSE) < columns.saturating_add(columns.div_ceil(lanes.max(1)))
}

/// The mode that looks cheaper, as far as types tell how many rows and columns there are: forward if they don't.
pub fn cheaper(rows: Option<usize>, columns: Option<usize>) -> Mode {
    match (rows, columns) {
        (Some(rows), Some(columns)) if by_rows(rows, columns, LANES) => Mode::Vjp,
        (Some(_), None) => Mode::Vjp,
        (_, _) => Mode::Jvp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_are_even() {
        assert_eq!([1, 8, 9, 19, 0].map(|n| lanes(n, LANES)), [1, 8, 6, 8, 1]);
        assert_eq!([3, 5, 7].map(|n| lanes(n, 7)), [3, 6, 7]);
        assert_eq!(lanes(5, 0), 1);
    }

    #[test]
    fn long_code_gets_fewer_lanes() {
        assert_eq!([100, 2_000, 5_000, 100_000].map(|n| affordable(LANES, n, 1)), [8, 4, 1, 1]);
        assert_eq!(affordable(LANES, 1_000, 2), 2);
        assert_eq!(affordable(LANES, usize::MAX, u32::MAX), 1);
    }

    #[test]
    fn few_rows_are_swept_backwards() {
        assert_eq!(cheaper(Some(1), Some(2)), Mode::Jvp);
        assert_eq!(cheaper(Some(1), Some(4)), Mode::Vjp);
        assert_eq!(cheaper(Some(1), None), Mode::Vjp);
        assert_eq!(cheaper(None, Some(4)), Mode::Jvp);
        assert_eq!(cheaper(None, None), Mode::Jvp);
    }
}
