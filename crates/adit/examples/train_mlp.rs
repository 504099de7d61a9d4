//! Trains the small neural network of `examples/mlp.ad` by gradient descent.
//!
//! `cargo run --release -p adit --example train_mlp`. In: points of a smooth function of two variables, made here. Out: the loss, which falls. The gradient is compiled once: each epoch
//! overwrites the slopes and changes the weights in place.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use adit::{Array, Engine, Value, Workspace};
use std::error::Error;
use std::path::Path;

const POINTS: usize = 64;
const HIDDEN: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let every = 200;
    for (epoch, loss) in train(2000, 0.1)?.iter().enumerate().filter(|(epoch, _)| epoch % every == 0) {
        println!("epoch {epoch:>5}   loss {loss:.6}");
    }
    Ok(())
}

/// Trains for that many epochs; the loss before each, and at the end.
pub fn train(epochs: usize, rate: f64) -> Result<Vec<f64>, Box<dyn Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mlp.ad");
    let loss = Engine::new().compile_file(file)?.function("loss")?;
    let mut dice = Dice(2026);
    let mut net = network(&mut dice);
    let (x, y) = points(&mut dice);

    let gradient = loss.gradient().wrt(["net"]).build()?;
    let (mut workspace, mut slopes) = (Workspace::new(), net.zeroed());
    let mut losses = Vec::with_capacity(epochs + 1);
    for _ in 0..=epochs {
        losses.push(gradient.value_and_gradient(&mut workspace, (&net, &x, &y), &mut slopes)?);
        let floats = slopes.floats();
        let mut slopes = floats.iter();
        net.for_each_float_mut(&mut |weight| *weight -= rate * slopes.next().copied().unwrap_or(0.0));
    }
    Ok(losses)
}

/// Two inputs, two hidden layers, small weights.
fn network(dice: &mut Dice) -> Value {
    let mut weights = |dims: &[usize]| {
        let fan = dims.last().copied().unwrap_or(1) as f64;
        let n = dims.iter().product();
        Value::Array(Array::f64(dims, (0..n).map(|_| dice.roll() / fan.sqrt()).collect()))
    };
    Value::structure([
        ("w1", weights(&[HIDDEN, 2])),
        ("b1", vec![0.0; HIDDEN].into()),
        ("w2", weights(&[HIDDEN, HIDDEN])),
        ("b2", vec![0.0; HIDDEN].into()),
        ("w3", weights(&[HIDDEN])),
        ("b3", 0.0.into()),
    ])
}

/// Points in a square, and sin(2 a) · b at each.
fn points(dice: &mut Dice) -> (Value, Value) {
    let x: Vec<f64> = (0..2 * POINTS).map(|_| dice.roll()).collect();
    let y: Vec<f64> = x.chunks(2).map(|p| (2.0 * p[0]).sin() * p[1]).collect();
    (Value::Array(Array::f64(&[POINTS, 2], x)), y.into())
}

/// Numbers between -1 and 1, the same in every run (a linear congruential generator, its upper bits).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}
