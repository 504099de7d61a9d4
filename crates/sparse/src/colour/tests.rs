//! Colourings of known and of random patterns.

use super::stars::star_within;
use super::*;
use proptest::prelude::*;

fn tridiagonal(n: usize) -> Pattern {
    let entries = (0..n).flat_map(|i| (i.saturating_sub(1)..(i + 2).min(n)).map(move |j| (i, j)));
    Pattern::of_entries(n, n, entries)
}

fn arrow(n: usize) -> Pattern {
    Pattern::of_entries(n, n, (0..n).flat_map(|i| [(i, i), (0, i), (i, 0)]))
}

fn symmetric(n: usize, entries: &[(usize, usize)]) -> Pattern {
    Pattern::of_entries(n, n, entries.iter().flat_map(|&(i, j)| [(i % n, j % n), (j % n, i % n)]))
}

/// The fewest colours for which `serves` holds, by trying all.
fn fewest(columns: usize, serves: &dyn Fn(&Colouring) -> bool) -> usize {
    let all = |count: usize| 0..count.pow(columns as u32);
    let nth = |count: usize, mut n: usize| {
        let mut digit = || {
            let digit = n % count;
            n /= count;
            digit as u32
        };
        Colouring::new((0..columns).map(|_| digit()).collect())
    };
    (1..=columns).find(|&count| all(count).any(|n| serves(&nth(count, n)))).unwrap_or(columns)
}

#[test]
fn known_patterns_get_known_numbers_of_colours() {
    assert_eq!((tridiagonal(5).nnz(), columns(&tridiagonal(5)).count()), (13, 3));
    assert_eq!((arrow(5).nnz(), columns(&arrow(5)).count(), star(&arrow(5)).count()), (13, 5, 2));
    assert_eq!(star(&tridiagonal(100)).count(), 3);
    assert_eq!(columns(&Pattern::of_entries(3, 4, [])).count(), 0);
    let diagonal = Pattern::of_entries(9, 9, (0..9).map(|i| (i, i)));
    assert_eq!((columns(&diagonal).count(), star(&diagonal).count()), (1, 1));
}

#[test]
fn a_colouring_that_serves_nothing_is_found_out() {
    let same = Colouring::new(vec![0; 5]);
    assert_eq!(reads(&tridiagonal(5), &same), None);
    assert_eq!(star_reads(&tridiagonal(5), &same), None);
    let two = Colouring::new(vec![0, 1, 0, 1, 0]);
    assert_eq!(star_reads(&tridiagonal(5), &two), None, "a path of four with two colours");
}

#[test]
fn rows_with_many_entries_are_coloured_in_time() {
    let n = 10_000;
    let arrow = arrow(n);
    assert_eq!(columns(&arrow).count(), n);
    assert_eq!(star(&arrow).count(), 2);
}

fn entries(n: usize, most: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
    proptest::collection::vec((0..n, 0..n), 0..most)
}

/// That each entry is where it is said to be, in products of this matrix with the sums of columns of one colour.
fn recovers(pattern: &Pattern, colouring: &Colouring, reads: &[Read], of: impl Fn(usize, usize) -> f64) -> bool {
    let mut products = vec![vec![0.0; pattern.rows()]; colouring.count()];
    for (row, column) in pattern.entries() {
        products[colouring.of(column).unwrap()][row] += of(row, column);
    }
    pattern.entries().zip(reads).all(|((row, column), read)| products[read.colour][read.place] == of(row, column))
}

proptest! {
    #[test]
    fn columns_of_one_colour_share_no_row(of in entries(30, 120)) {
        let pattern = Pattern::of_entries(30, 30, of);
        let colouring = columns(&pattern);
        let reads = reads(&pattern, &colouring).expect("the colouring serves");
        prop_assert!(recovers(&pattern, &colouring, &reads, |i, j| (1 + i * 30 + j) as f64));
    }

    #[test]
    fn each_entry_of_a_symmetric_matrix_is_found_alone(of in entries(30, 120), steps in 0..3000_usize) {
        let pattern = symmetric(30, &of);
        let colouring = star_within(&pattern, steps);
        let reads = star_reads(&pattern, &colouring).expect("the colouring serves");
        prop_assert!(recovers(&pattern, &colouring, &reads, |i, j| (1 + i.min(j) * 30 + i.max(j)) as f64));
    }

    #[test]
    fn small_patterns_get_few_colours(of in entries(5, 9)) {
        let pattern = Pattern::of_entries(5, 5, of.iter().copied());
        let least = fewest(5, &|c| reads(&pattern, c).is_some());
        let most = |least: usize| if pattern.nnz() == 0 { 0 } else { least + 1 };
        prop_assert!(columns(&pattern).count() <= most(least));
        let pattern = symmetric(5, &of);
        let least = fewest(5, &|c| star_reads(&pattern, c).is_some());
        prop_assert!(star(&pattern).count() <= most(least) + 1);
    }
}
