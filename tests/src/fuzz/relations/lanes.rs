//! Forward mode with several lanes, against as many runs with one.
//!
//! In: a function, a probe, a point. Out: a failure unless every lane is, bit for bit, what forward mode gives along its direction alone; as made, cleaned up, and compiled; and unless finishing all lanes changes no more than [rounding](super::rounding).

use super::derivatives::Probe;
use super::numbers::{all, floats, mapped};
use super::{Failure, MORE, Subject, limited};
use crate::fuzz::call::{Answer, Run};
use crate::fuzz::compile::verified;
use crate::fuzz::rng::Rng;
use adit_autodiff::{Options, jvp_with};
use adit_interp::ir::{Array, Data, Input};
use adit_ir::{FuncId, Module};

/// Directions for all lanes: by parameter, by lane.
struct Directions(Vec<Option<Vec<Input<f64>>>>);

impl Directions {
    fn new(probe: &Probe, lanes: usize, rng: &mut Rng) -> Self {
        let lane = |rng: &mut Rng, x: &Input<f64>| {
            mapped(x, &mut |x| if x == 0.0 || rng.percent(20) { 0.0 } else { rng.float(-1.0, 1.0) })
        };
        let of = |x: &Input<f64>, rng: &mut Rng| (0..lanes).map(|_| lane(rng, x)).collect();
        Directions(probe.along.iter().map(|x| x.as_ref().map(|x| of(x, rng))).collect())
    }

    /// Slots of `f__jvp` for one lane.
    fn alone(&self, inputs: &[Input<f64>], lane: usize) -> Vec<Input<f64>> {
        inputs.iter().chain(self.0.iter().flatten().map(|lanes| &lanes[lane])).cloned().collect()
    }

    /// Slots of the derivative with all lanes.
    fn together(&self, inputs: &[Input<f64>]) -> Vec<Input<f64>> {
        let tangents = self.0.iter().flatten().flat_map(|lanes| packed(lanes));
        inputs.iter().cloned().chain(tangents).collect()
    }
}

/// A scalar per lane, or one array with the lanes innermost.
fn packed(lanes: &[Input<f64>]) -> Vec<Input<f64>> {
    let Some(Input::Array(first)) = lanes.first() else { return lanes.to_vec() };
    let columns: Vec<Vec<f64>> = lanes.iter().map(floats).collect();
    let elements = columns.first().map_or(0, Vec::len);
    let data = (0..elements).flat_map(|i| columns.iter().map(move |column| column[i])).collect();
    let dims = first.dims.iter().copied().chain([lanes.len() as i64]).collect();
    let data = match first.data {
        Data::F32(_) => Data::F32(data),
        Data::F64(_) | Data::I64(_) | Data::Bool(_) => Data::F64(data),
    };
    vec![Input::Array(Array { dims, data })]
}

impl Subject<'_> {
    /// That each of several lanes is what it is alone.
    pub(super) fn lanes(
        &mut self,
        module: &Module,
        f: FuncId,
        probe: &Probe,
        inputs: &[Input<f64>],
    ) -> Result<(), Failure> {
        let fail = |detail: String| Failure { relation: "lanes", detail };
        let lanes = *self.rng.pick(&[2, 3, 4, 8]);
        let mut module = module.clone();
        let options = Options { lanes, ..self.plan.bug.derivative() };
        let one = jvp_with(&mut module, f, probe.active(), &Options { lanes: 1, ..options })
            .map_err(|r| fail(r.to_diagnostic().to_string()))?;
        let many = jvp_with(&mut module, f, probe.active(), &options);
        let many = many.map_err(|r| fail(r.to_diagnostic().to_string()))?;
        verified(&module).map_err(fail)?;
        let directions = Directions::new(probe, lanes, &mut self.rng);
        let clean = if self.rng.percent(50) { self.cleaned(&module, many) } else { module.clone() };
        let together = self.interpret(&clean, many, &directions.together(inputs), &MORE);
        if self.plan.native && self.rng.percent(20) {
            let options = self.rng.clone_options();
            self.native(&clean, many, &directions.together(inputs), &together, &MORE, &options)?;
        }
        self.rounds(&clean, many, (&directions.together(inputs), &together), &MORE)?;
        for lane in 0..lanes {
            let alone = self.interpret(&module, one, &directions.alone(inputs, lane), &MORE);
            if limited(&together) || limited(&alone) {
                return Ok(());
            }
            let found = together.clone().map(|answer| probe.lane(&answer, lane, lanes));
            let alone: Run = alone.map(|answer| probe.lane(&answer, 0, 1));
            self.same("lanes", ["one lane", "the same among several"], &alone, &found)?;
        }
        Ok(())
    }
}

impl Probe {
    /// What one lane gives: the primal's answer, and the lane's tangents in a single array.
    fn lane(&self, answer: &Answer, lane: usize, lanes: usize) -> Answer {
        let mut primal = self.primal(answer);
        let (results, arrays) = (&answer.results[primal.results.len()..], &answer.arrays[primal.arrays.len()..]);
        let tangents: Vec<f64> = all(results, arrays).into_iter().skip(lane).step_by(lanes).collect();
        primal.arrays.push(Array { dims: vec![tangents.len() as i64], data: Data::F64(tangents) });
        primal
    }
}
