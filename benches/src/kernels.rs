//! Vector mathematics against scalar functions.
//!
//! In: how often to measure. Out: a table in the form of the book: nanoseconds an element of the scalar function and of the kernel at each level of this machine, all taking turns in one run.

use adit::bench::clock;
use adit_ir::Prim;
use adit_ir::prim::Eval;
use adit_runtime::vector::{At, Function, Level, ROWS, Row};
use std::hint::black_box;

/// Elements of a slice.
const COUNT: usize = 1024;

/// The table, one line for each function and pair.
pub fn table(repeats: usize) -> String {
    let levels: Vec<Level> = Level::ALL.into_iter().filter(|level| level.is_here()).collect();
    let names = levels.iter().map(|level| format!(" {level:?} |")).collect::<String>();
    let mut text = format!("| function | scalar |{names} best |\n|---|---|{}---|\n", "---|".repeat(levels.len()));
    for row in ROWS {
        let times = measure(row, &levels, repeats);
        let cells = times.iter().map(|t| format!(" {t:.2} |")).collect::<String>();
        let best = times.iter().copied().fold(f64::INFINITY, f64::min);
        text += &format!("| {} |{cells} {:.1} × |\n", title(row), times[0] / best);
    }
    text
}

fn title(row: &Row) -> String {
    match row.function {
        Function::One(prim) => prim.to_string(),
        Function::Pair(first, second, At::Same) => format!("{first} and {second}"),
        Function::Pair(first, second, At::Negated) => format!("{first} and {second} of −x"),
        Function::Pair(first, second, At::Swapped) => format!("{first} and {second} of y, x"),
    }
}

/// Nanoseconds an element: the scalar functions, then each level.
fn measure(row: &Row, levels: &[Level], repeats: usize) -> Vec<f64> {
    let (Function::One(first) | Function::Pair(first, _, _)) = row.function;
    let draw = |operand: usize, step: usize| {
        let [low, high] = interval(first, operand);
        (0..COUNT).map(|i| low + (high - low) * ((i * step % COUNT) as f64 + 0.5) / COUNT as f64).collect()
    };
    let (x, y): (Vec<f64>, Vec<f64>) = (draw(0, 389), draw(row.kernels[0][0].sources - 1, 577));
    let (mut to, mut too) = (vec![0.0; COUNT], vec![0.0; COUNT]);
    let mut times = vec![Vec::new(); levels.len() + 1];
    let mut turn = |which: usize| match which {
        0 => scalars(row, &x, &y, &mut to, &mut too),
        _ => assert!(row.kernels[levels[which - 1] as usize][0].run([&mut to, &mut too], [black_box(&x), &y])),
    };
    for _ in 0..repeats {
        for (which, times) in times.iter_mut().enumerate() {
            times.push(clock::time(8, || turn(which)) / COUNT as f64);
        }
    }
    times.iter().map(|times| clock::median(times)).collect()
}

/// What compiled code does without kernels.
fn scalars(row: &Row, x: &[f64], y: &[f64], to: &mut [f64], too: &mut [f64]) {
    match row.function {
        Function::One(prim) => scalar(prim, x, y, to, 1.0),
        Function::Pair(first, second, at) => {
            scalar(first, x, y, to, 1.0);
            match at {
                At::Same => scalar(second, x, y, too, 1.0),
                At::Negated => scalar(second, x, y, too, -1.0),
                At::Swapped => scalar(second, y, x, too, 1.0),
            }
        }
    }
}

fn scalar(prim: Prim, x: &[f64], y: &[f64], to: &mut [f64], sign: f64) {
    if let Eval::F1(f) = prim.row().eval {
        let f = black_box(f);
        to.iter_mut().zip(x).for_each(|(to, x)| *to = f(sign * x));
    } else if let Eval::F2(f) = prim.row().eval {
        let f = black_box(f);
        to.iter_mut().zip(x.iter().zip(y)).for_each(|(to, (x, y))| *to = f(sign * x, *y));
    }
}

/// Ordinary operands: where the row's own test points lie, out of those that are not too large.
fn interval(prim: Prim, operand: usize) -> [f64; 2] {
    let points =
        prim.row().points.iter().filter_map(|point| point.get(operand)?.as_float()).filter(|x| x.abs() <= 10.0);
    points.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(x), high.max(x)])
}
