//! Every kernel that this machine has against sums in order.

use super::*;
use crate::vector::Level;

/// Reproducible small integers, so that sums are exact in any order.
fn numbers(count: usize, mut seed: u64) -> Vec<f64> {
    let next = |_| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 60) as f64 - 8.0
    };
    (0..count).map(next).collect()
}

/// A matrix of an array: where it begins and how it lies.
#[derive(Clone, Copy, Debug)]
struct Lie {
    first: usize,
    down: i64,
    along: i64,
}

impl Lie {
    /// The ways in which a matrix may lie, and how many elements its array has.
    fn all(rows: usize, columns: usize) -> [(Lie, usize); 4] {
        let (r, c) = (rows as i64, columns as i64);
        [
            (Lie { first: 0, down: c, along: 1 }, rows * columns),
            (Lie { first: 0, down: 1, along: r }, rows * columns),
            // Every second column of wider rows, the last row first.
            (Lie { first: (rows - 1) * (2 * columns + 3) + 1, down: -(2 * c + 3), along: 2 }, rows * (2 * columns + 3)),
            (Lie { first: 2, down: c + 5, along: 1 }, rows * (columns + 5) + 2),
        ]
    }

    fn at(self, i: usize, j: usize) -> usize {
        (self.first as i64 + self.down * i as i64 + self.along * j as i64) as usize
    }

    fn words<T>(self, base: *const T) -> [i64; 3] {
        [base.wrapping_add(self.first) as i64, self.down, self.along]
    }
}

/// A product by loops.
fn plain([c, a, b]: [(Lie, &[f64]); 3], [m, k, n]: [usize; 3], flags: i64) -> Vec<f64> {
    let mut out = c.1.to_vec();
    for i in 0..m {
        for j in 0..n {
            let sum: f64 = (0..k)
                .map(|p| {
                    let (x, y) = (a.1[a.0.at(i, p)], b.1[b.0.at(p, j)]);
                    let zero = flags & LEFT_WEIGHS != 0 && x == 0.0 || flags & RIGHT_WEIGHS != 0 && y == 0.0;
                    if zero { 0.0 } else { x * y }
                })
                .sum();
            let place = &mut out[c.0.at(i, j)];
            let old = if flags & OVERWRITES != 0 { 0.0 } else { *place };
            *place = if flags & NEGATIVE != 0 { old - sum } else { old + sum };
        }
    }
    out
}

fn call(float: ScalarType, level: Level, request: &Request) {
    let stop = AtomicBool::new(false);
    let context = Context { interrupt: &stop, ..Context::new() };
    let run: unsafe extern "C" fn(*const Context, *const Request) =
        // SAFETY: every kernel is of this type.
        unsafe { std::mem::transmute(kernel(float, level).address) };
    // SAFETY: requests of these tests name elements of vectors that are alive, and the machine has the level.
    unsafe { run(&context, request) };
}

/// What a kernel makes of a product.
fn fast(level: Level, [c, a, b]: [(Lie, &[f64]); 3], [m, k, n]: [usize; 3], flags: i64) -> [Vec<f64>; 2] {
    let extents = [m, k, n].map(|n| n as i64);
    let mut out = c.1.to_vec();
    let request = Request {
        c: c.0.words(out.as_mut_ptr()),
        a: a.0.words(a.1.as_ptr()),
        b: b.0.words(b.1.as_ptr()),
        extents,
        flags,
    };
    call(ScalarType::F64, level, &request);
    let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    let (mut single, left, right) = (narrow(c.1), narrow(a.1), narrow(b.1));
    let request = Request {
        c: c.0.words(single.as_mut_ptr()),
        a: a.0.words(left.as_ptr()),
        b: b.0.words(right.as_ptr()),
        ..request
    };
    call(ScalarType::F32, level, &request);
    [out, single.into_iter().map(f64::from).collect()]
}

fn levels() -> impl Iterator<Item = Level> {
    Level::ALL.into_iter().filter(|level| level.is_here())
}

fn agree(level: Level, matrices: [(Lie, &[f64]); 3], extents: [usize; 3], flags: i64) {
    let expected = plain(matrices, extents, flags);
    for found in fast(level, matrices, extents, flags) {
        let same = expected.iter().zip(&found).all(|(x, y)| x == y || x.is_nan() && y.is_nan());
        assert!(same, "{level:?} {extents:?} {flags} {:?}", matrices.map(|m| m.0));
    }
}

#[test]
fn products_are_those_of_loops_however_matrices_lie() {
    let sizes =
        [[1, 1, 1], [1, 5, 1], [7, 9, 1], [1, 33, 70], [3, 1, 5], [8, 8, 8], [13, 21, 35], [64, 32, 32], [9, 130, 17]];
    let large = [[300, 140, 40], [40, 300, 70]];
    for level in levels() {
        for [m, k, n] in sizes.into_iter().chain(large) {
            for (seed, c) in Lie::all(m, n).into_iter().enumerate() {
                for a in Lie::all(m, k) {
                    for b in Lie::all(k, n) {
                        let arrays = [c, a, b].map(|(_, count)| numbers(count, (seed + count) as u64));
                        let matrices = [(c.0, &arrays[0][..]), (a.0, &arrays[1][..]), (b.0, &arrays[2][..])];
                        agree(level, matrices, [m, k, n], [0, OVERWRITES, NEGATIVE, LEFT_WEIGHS][seed]);
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_is_added_where_there_are_no_terms() {
    for level in levels() {
        let c = [1.0, 2.0, 3.0, 4.0];
        let lie = Lie { first: 0, down: 2, along: 1 };
        agree(level, [(lie, &c), (lie, &[]), (lie, &[])], [2, 0, 2], 0);
        agree(level, [(lie, &c), (lie, &[]), (lie, &[])], [2, 0, 2], OVERWRITES);
    }
}

#[test]
fn a_weight_of_zero_wins_over_what_is_no_number() {
    for level in levels() {
        for [m, k, n] in [[1, 40, 1], [1, 40, 40], [40, 40, 1], [20, 40, 40]] {
            for flags in [0, LEFT_WEIGHS, RIGHT_WEIGHS, LEFT_WEIGHS | NEGATIVE, RIGHT_WEIGHS | OVERWRITES] {
                let (mut a, mut b) = (numbers(m * k, 1), numbers(k * n, 2));
                // Both meet zeros and other numbers.
                (a[0], b[0]) = (0.0, f64::INFINITY);
                (a[k - 1], b[(k - 1) * n]) = (f64::NAN, 0.0);
                // And so do those of one row and one column in the midst, and of the last ones.
                for (i, j) in [(m / 2, n / 3), (m - 1, n - 1)] {
                    (a[i * k + 1], b[n + j]) = (0.0, f64::INFINITY);
                    (a[i * k + 2], b[2 * n + j]) = (f64::NAN, 0.0);
                }
                let c = numbers(m * n, 3);
                let lie = |columns: usize| Lie { first: 0, down: columns as i64, along: 1 };
                agree(level, [(lie(n), &c), (lie(k), &a), (lie(n), &b)], [m, k, n], flags);
            }
        }
    }
}

#[test]
fn infinities_of_both_signs_are_in_nobodys_way() {
    for level in levels() {
        for [m, k, n] in [[1, 40, 40], [40, 40, 1], [20, 40, 40]] {
            let (mut a, mut b) = (vec![1.0; m * k], vec![1.0; k * n]);
            // Sums beside each other, of which the sum is no number.
            (a[0], b[0]) = (f64::INFINITY, f64::NEG_INFINITY);
            let c = numbers(m * n, 3);
            let lie = |columns: usize| Lie { first: 0, down: columns as i64, along: 1 };
            agree(level, [(lie(n), &c), (lie(k), &a), (lie(n), &b)], [m, k, n], LEFT_WEIGHS);
        }
    }
}

#[test]
fn what_is_overwritten_is_cleared_however_it_lies() {
    for level in levels() {
        for [m, n] in [[1, 70], [70, 1], [9, 35]] {
            for c in Lie::all(m, n) {
                let (a, b, old) = (numbers(m * 3, 1), numbers(3 * n, 2), numbers(c.1, 3));
                let lie = |columns: usize| Lie { first: 0, down: columns as i64, along: 1 };
                agree(level, [(c.0, &old), (lie(3), &a), (lie(n), &b)], [m, 3, n], OVERWRITES);
            }
        }
    }
}

#[test]
fn an_interrupted_product_ends() {
    let stop = AtomicBool::new(true);
    let context = Context { interrupt: &stop, ..Context::new() };
    let (a, mut c) = (vec![1.0; 256], vec![0.0; 256]);
    let lie = Lie { first: 0, down: 16, along: 1 };
    let request = Request {
        c: lie.words(c.as_mut_ptr()),
        a: lie.words(a.as_ptr()),
        b: lie.words(a.as_ptr()),
        extents: [16; 3],
        flags: 0,
    };
    // SAFETY: the matrices are alive.
    unsafe { plain_entry()(&context, &request) };
    assert_eq!(c, vec![0.0; 256]);
}

fn plain_entry() -> unsafe extern "C" fn(*const Context, *const Request) {
    // SAFETY: every kernel is of this type.
    unsafe { std::mem::transmute(kernel(ScalarType::F64, Level::Baseline).address) }
}
