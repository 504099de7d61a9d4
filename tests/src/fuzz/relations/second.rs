//! Second derivatives: of the reverse derivative, forward and in reverse.
//!
//! The reverse derivative is a function like any other: its parameters are the primal's, shadows and seeds, its results adjoints. So forward over reverse is compared with the complex step
//! of the reverse program, and reverse over reverse with forward over reverse by an inner product.

use super::derivatives::{CLOSE, Derived, Probe};
use super::numbers::{answer_floats, array_floats, complex, far, tangents, wild};
use super::{Failure, MORE, Subject};
use adit_interp::ir::{Cell, Input, Interpreter};
use num_complex::Complex64;

impl Subject<'_> {
    pub(super) fn second(&mut self, d: &Derived, probe: &Probe, inputs: &[Input<f64>]) -> Result<(), Failure> {
        let Some(vjp) = d.vjp else { return Ok(()) };
        let f = d.module.function(vjp);
        let inputs = probe.reverse(inputs, 1.0);
        let outer = Probe::new(f, &inputs, f.params.len(), &mut self.rng);
        let again = self.derive(&d.module, vjp, outer.active());
        let again = again.map_err(|f| Failure { relation: "second order", ..f })?;
        let primal = self.interpret(&d.module, vjp, &inputs, &MORE);
        let forward = self.interpret(&again.module, again.jvp, &outer.forward(&inputs), &MORE);
        let fail = |detail: String| Failure { relation: "second order", detail };
        let (Ok(primal), Ok(forward)) = (&primal, &forward) else {
            return Err(fail(format!("{:?}", forward.err())));
        };
        if wild(&answer_floats(primal)) || wild(&outer.derivative(forward)) {
            self.report.wild = true;
            return Ok(());
        }
        let (step, near_kink) = self.complex_step(d, vjp, &outer, &inputs)?;
        if let Some(far) = far(&step, &outer.derivative(forward), 10.0 * CLOSE) {
            // A NaN whose cotangent is zero is nothing to the program, by strong zero, but may be to the oracle.
            if near_kink || wild(&step) {
                self.report.near_kink |= near_kink;
                self.report.wild |= wild(&step);
                return Ok(());
            }
            return Err(fail(format!("the complex step of reverse and forward over reverse: {far}")));
        }
        let Some(id) = again.vjp else { return Ok(()) };
        let reverse = self.interpret(&again.module, id, &outer.reverse(&inputs, 1.0), &MORE);
        let reverse = reverse.map_err(|e| fail(format!("reverse over reverse stops: {e}")))?;
        if wild(&outer.derivative(&reverse)) {
            self.report.wild = true;
        } else if let Some(detail) = outer.products_differ(forward, &reverse, 10.0 * CLOSE) {
            return Err(fail(format!("reverse over reverse: {detail}")));
        }
        self.report.second = true;
        Ok(())
    }

    /// The tangent of the reverse derivative by the complex step, and whether a kink was near.
    fn complex_step(
        &self,
        d: &Derived,
        vjp: adit_ir::FuncId,
        outer: &Probe,
        inputs: &[Input<f64>],
    ) -> Result<(Vec<f64>, bool), Failure> {
        let mut slots: Vec<Input<Complex64>> =
            inputs.iter().enumerate().map(|(k, x)| complex(x, outer.direction_of(k))).collect();
        let interpreter = Interpreter::new(&d.module, MORE);
        let outcome = interpreter.run_with(vjp, &mut slots, &mut |_| {});
        let outcome =
            outcome.map_err(|e| Failure { relation: "second order", detail: format!("complex step: {e}") })?;
        let mut numbers: Vec<Complex64> = outcome
            .results
            .iter()
            .filter_map(|c| match c {
                Cell::F64(z) => Some(*z),
                Cell::I64(_) | Cell::Bool(_) => None,
            })
            .collect();
        for (k, slot) in slots.iter().enumerate() {
            if let (Input::Array(a), true) = (slot, outer.is_written(k)) {
                numbers.extend(array_floats(a));
            }
        }
        Ok((tangents(&numbers), outcome.nearest_kink < 1e-6))
    }
}
