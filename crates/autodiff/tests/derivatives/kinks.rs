//! Conventions of the primitive table at second order: the four combinations of the modes give one Hessian.
//!
//! Where a partial is infinite or NaN the modes may differ, and are not compared.

use crate::harness::{derivatives, float_results, inputs, level_0, read, run};
use crate::programs::Arg;
use adit_interp::ir::Input;
use adit_ir::prim::{Kink, Row, Sort};
use adit_ir::{FuncId, Module, Prim, Scalar};

/// A function of floats that is one primitive; its integer operands are constants.
fn text(row: &Row, kink: &Kink) -> String {
    let (mut params, mut constants, mut operands) = (Vec::new(), String::new(), Vec::new());
    let floats = row.signature.args.iter().filter(|ty| ty.is_float()).count();
    for at in kink.at {
        match at {
            Scalar::I64(n) => {
                let v = floats + constants.lines().count();
                constants.push_str(&format!("  v{v} = const {n}\n"));
                operands.push(format!("v{v}"));
            }
            Scalar::F64(_) | Scalar::F32(_) | Scalar::Bool(_) => {
                operands.push(format!("v{}", params.len()));
                params.push(format!("v{}: f64", params.len()));
            }
        }
    }
    let result = floats + constants.lines().count();
    let operands = operands.join(", ");
    format!(
        "func @f({}) -> f64 {{\n{constants}  v{result} = {} {operands}\n  return v{result}\n}}\n",
        params.join(", "),
        row.name
    )
}

fn point(kink: &Kink) -> Vec<f64> {
    let float = |s: &Scalar| match s {
        Scalar::F64(x) => Some(*x),
        Scalar::F32(_) | Scalar::I64(_) | Scalar::Bool(_) => None,
    };
    kink.at.iter().filter_map(float).collect()
}

fn call(module: &Module, f: FuncId, args: &[f64]) -> Vec<f64> {
    let args: Vec<Arg> = args.iter().map(|x| Arg::F(*x)).collect();
    let mut given: Vec<Input<f64>> = inputs(module, f, &args);
    float_results(&run(module, f, &mut given).expect("it runs").results)
}

fn unit(n: usize, i: usize) -> Vec<f64> {
    (0..n).map(|k| if k == i { 1.0 } else { 0.0 }).collect()
}

/// Row `i` of the Hessian by each combination of the modes, the outer one named first.
fn rows(module: &mut Module, x: &[f64], i: usize) -> [(&'static str, Vec<f64>); 4] {
    let n = x.len();
    let f = FuncId::new(0);
    let (jvp, vjp) = derivatives(module, f, &level_0());
    let (jvp_of_jvp, vjp_of_jvp) = derivatives(module, jvp, &level_0());
    let (jvp_of_vjp, vjp_of_vjp) = derivatives(module, vjp, &level_0());
    let along = unit(n, i);
    let zeros = vec![0.0; n];
    // jvp: x, dx -> value, tangent
    let forward_forward = |j: usize| call(module, jvp_of_jvp, &[x, &along, &unit(n, j), &zeros].concat())[3];
    let reverse_forward = call(module, vjp_of_jvp, &[x, &along, &[0.0, 1.0]].concat())[2..2 + n].to_vec();
    // vjp: x, seed -> value, adjoints
    let forward_reverse = call(module, jvp_of_vjp, &[x, &[1.0], &along, &[0.0]].concat())[2 + n..].to_vec();
    let reverse_reverse = call(module, vjp_of_vjp, &[x, &[1.0], &[0.0], &along].concat())[1 + n..1 + 2 * n].to_vec();
    [
        ("forward over forward", (0..n).map(forward_forward).collect()),
        ("reverse over forward", reverse_forward),
        ("forward over reverse", forward_reverse),
        ("reverse over reverse", reverse_reverse),
    ]
}

#[test]
fn modes_agree_at_conventions_to_second_order() {
    let rows_of_table = Prim::ALL.iter().map(|p| p.row()).filter(|row| row.signature.result == Sort::Float);
    let (mut compared, mut wrong) = (0, Vec::new());
    for (row, kink) in rows_of_table.flat_map(|row| row.kinks.iter().map(move |kink| (row, kink))) {
        if kink.partials.iter().any(|p| !p.is_finite()) {
            continue;
        }
        let x = point(kink);
        for i in 0..x.len() {
            let [first, others @ ..] = rows(&mut read(&text(row, kink)), &x, i);
            if first.1.iter().any(|h| !h.is_finite()) {
                continue;
            }
            compared += 1;
            let different = others.into_iter().filter(|(_, found)| *found != first.1);
            wrong.extend(
                different.map(|(name, found)| {
                    format!("{} at {:?}, {i}: {:?}, {name} {found:?}", row.name, kink.at, first.1)
                }),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 30, "{compared}");
}
