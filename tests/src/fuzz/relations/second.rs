//! Second derivatives: of the reverse derivative, forward and in reverse.
//!
//! The reverse derivative is a function like any other: its parameters are the primal's, shadows and seeds, its results adjoints. So forward over reverse is compared with the complex step
//! of the reverse program (and with itself in several lanes), and reverse over reverse with forward over reverse by an inner product.

use super::derivatives::{Derived, Probe};
use super::numbers::{answer_floats, wild};
use super::{Failure, MORE, Subject};
use crate::fuzz::call::Answer;
use adit_interp::ir::Input;
use adit_ir::Module;

impl Subject<'_> {
    pub(super) fn second(
        &mut self,
        d: &Derived,
        clean: &Module,
        probe: &Probe,
        inputs: &[Input<f64>],
    ) -> Result<(), Failure> {
        let vjp = d.vjp;
        let f = d.module.function(vjp);
        let point = inputs;
        let inputs = probe.reverse(inputs, 1.0);
        let outer = Probe::new(f, &inputs, f.params.len(), &mut self.rng);
        let again = self.derive(&d.module, vjp, outer.active(), self.switches(1));
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
        self.lanes(&d.module, vjp, &outer, &inputs)?;
        let compared = self.compare_second(d, &again, &outer, &inputs, forward);
        self.unless_drowned(&again, &outer, &inputs, compared)?;
        self.sparse_second(clean, &again, [probe, &outer], [point, &inputs])?;
        self.report.second = true;
        self.levels_of_second(clean, probe, &outer, &inputs)?;
        Ok(())
    }

    /// Forward over reverse with the complex step of reverse, and with reverse over reverse.
    fn compare_second(
        &mut self,
        d: &Derived,
        again: &Derived,
        outer: &Probe,
        inputs: &[Input<f64>],
        forward: &Answer,
    ) -> Result<(), Failure> {
        let fail = |detail: String| Failure { relation: "second order", detail };
        let step = outer.complex_step(&d.module, d.vjp, inputs);
        if let Some(far) = self.far_from_step(&step, &outer.derivative(forward), 10.0 * self.close()) {
            return Err(fail(format!("the complex step of reverse and forward over reverse: {far}")));
        }
        let reverse = self.interpret(&again.module, again.vjp, &outer.reverse(inputs, 1.0), &MORE);
        let reverse = reverse.map_err(|e| fail(format!("reverse over reverse stops: {e}")))?;
        if wild(&outer.derivative(&reverse)) {
            self.report.wild = true;
        } else if let Some(detail) = outer.products_differ(forward, &reverse, 10.0 * self.close()) {
            return Err(fail(format!("reverse over reverse: {detail}")));
        }
        Ok(())
    }
}
