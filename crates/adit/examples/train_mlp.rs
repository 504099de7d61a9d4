//! Trains the small neural network of `examples/mlp.ad` by gradient descent, with a bar on the way and a curve of the losses at the end.
//!
//! `cargo run --release -p adit --example train_mlp -- loss.svg`. In: points of a smooth function of two variables, made here, some to learn from and some to test with; where to draw. Out: the losses of both, which
//! fall, printed now and then, and drawn into the SVG file if one is named. The gradient is compiled once: each epoch overwrites the slopes, the shadow of the network, and changes the weights in place.

#![expect(clippy::print_stdout, reason = "an example shows its results")]

use adit::{Array, Engine, Value, Workspace};
use indicatif::ProgressBar;
use plotters::prelude::*;
use std::error::Error;
use std::path::{Path, PathBuf};

const POINTS: usize = 64;
const HIDDEN: usize = 16;
const EPOCHS: usize = 2000;

/// The losses before an epoch.
#[derive(Clone, Copy, Debug)]
pub struct Losses {
    /// Of the points learned from.
    pub learned: f64,
    /// Of the others.
    pub tested: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let bar = ProgressBar::new(EPOCHS as u64);
    let losses = train(EPOCHS, 0.1, &mut |epoch, losses| {
        bar.set_position(epoch as u64);
        if epoch % 200 == 0 {
            bar.suspend(|| println!("epoch {epoch:>5}   loss {:.6}   test {:.6}", losses.learned, losses.tested));
        }
    })?;
    bar.finish_and_clear();
    if let Some(path) = std::env::args_os().nth(1).map(PathBuf::from) {
        std::fs::write(&path, curve(&losses)?)?;
        println!("the curve is in {}", path.display());
    }
    Ok(())
}

/// Trains for that many epochs; the losses before each, and at the end. `watch` sees them on the way.
pub fn train(epochs: usize, rate: f64, watch: &mut dyn FnMut(usize, Losses)) -> Result<Vec<Losses>, Box<dyn Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/mlp.ad");
    let loss = Engine::new().compile_file(file)?.function("loss")?;
    let mut dice = Dice(2026);
    let mut net = network(&mut dice);
    let ((x, y), (x_test, y_test)) = (points(&mut dice), points(&mut dice));

    let (gradient, value) = (loss.gradient().wrt(["net"]).build()?, loss.build()?);
    let (mut workspace, mut shadow) = (Workspace::new(), net.zeroed());
    let mut all = Vec::with_capacity(epochs + 1);
    for epoch in 0..=epochs {
        let learned = gradient.value_and_gradient(&mut workspace, (&net, &x, &y), &mut shadow)?;
        let mut tested = 0.0;
        value.call(&mut workspace, (&net, &x_test, &y_test), &mut tested)?;
        all.push(Losses { learned, tested });
        watch(epoch, Losses { learned, tested });
        let floats = shadow.floats();
        let mut slopes = floats.iter();
        net.for_each_float_mut(&mut |weight| *weight -= rate * slopes.next().copied().unwrap_or(0.0));
    }
    Ok(all)
}

/// The losses by epoch, as SVG, on a logarithmic scale.
pub fn curve(losses: &[Losses]) -> Result<String, Box<dyn Error>> {
    let line = |of: fn(&Losses) -> f64| losses.iter().enumerate().map(move |(epoch, l)| (epoch as f64, of(l).log10()));
    let (learned, tested) = (line(|l| l.learned), line(|l| l.tested));
    let heights = || learned.clone().chain(tested.clone()).map(|(_, y)| y);
    let (low, high) = (heights().fold(f64::INFINITY, f64::min), heights().fold(f64::NEG_INFINITY, f64::max));

    let mut text = String::new();
    let area = SVGBackend::with_string(&mut text, (800, 420)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(80)
        .build_cartesian_2d(0.0..losses.len() as f64, low - 0.1..high + 0.1)?;
    let powered = |y: &f64| format!("{:.1e}", 10f64.powf(*y));
    chart.configure_mesh().x_desc("epoch").y_desc("loss").y_label_formatter(&powered).draw()?;
    for (name, points, color) in [("learned", learned, BLUE), ("tested", tested, RED)] {
        let drawn = chart.draw_series(LineSeries::new(points, color))?.label(name);
        drawn.legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
    }
    chart.configure_series_labels().background_style(WHITE).draw()?;
    area.present()?;
    drop(chart);
    drop(area);
    Ok(text)
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
