//! The reverse of calls: the reverse of the callee, after its augmented primal took the call's place in the forward sweep.
//!
//! In: the adjoints of the results. Out: those of the arguments.
//!
//! ```text
//! v3 = call @g(v0, v1, v2)      v3 = call @g__aug(v0, v1, v2, v9)                       (forward sweep; v9: the shared tape)
//!                               v0_bar += call @g__rev(v1_bar, v2_bar, w, v9)           (v1 and v2 arrays with shadows)
//! ```
//!
//! The callee's activity is that of the arguments and results here. Its halves are requested, not made, so a function may call itself. A call whose reverse does nothing
//! stays as it is, and records nothing.

use super::Sweep;
use super::facts;
use super::frames::Kind;
use super::halves::Wanted;
use crate::Mutant;
use adit_ir::{FuncId, Inst, Op, Type, Value, Values};

impl Sweep<'_, '_> {
    pub(super) fn call(&mut self, inst: Inst, callee: FuncId, args: &[Value], results: &[Value]) {
        let seeds: Vec<Option<Value>> = results.iter().map(|&r| self.take(r)).collect();
        let changed = facts::lent(self.requests.module, callee, args).into_iter().any(|v| self.shadow(v).is_some());
        let mut flows: Vec<bool> = args.iter().map(|&v| self.flows(v)).collect();
        if let (true, Some(last)) = (self.has(Mutant::CallOperandDropped), flows.iter().rposition(|&flows| flows)) {
            flows[last] = flows.iter().filter(|&&flows| flows).count() == 1;
        }
        if seeds.iter().all(Option::is_none) && !changed || !flows.contains(&true) {
            return;
        }
        let Some(copy) = self.forward.inst(inst) else { return };
        let with_adjoints: Vec<bool> = results.iter().map(|&r| self.activity.of(r)).collect();
        let active: Values = args.iter().zip(&flows).filter(|(_, flows)| **flows).map(|(&v, _)| v).collect();
        let halves = self.requests.request(Wanted { f: callee, params: flows, results: with_adjoints.clone() });
        self.asked.calls.push(inst);
        self.note_tape(Kind::Straight);
        let tape = self.shared_tape();
        if let Op::Call { callee, args } = &mut self.b.func_mut().inst_mut(copy).op {
            *callee = halves.aug;
            args.push(tape);
        }

        let (mut passed, apart) = self.shadow_args(&active);
        let seeds = seeds.into_iter().zip(results).zip(with_adjoints);
        for ((seed, &result), _) in seeds.filter(|(_, wanted)| *wanted) {
            let seed = self.or_zero(seed, result);
            passed.push(seed);
        }
        passed.push(tape);
        let scalars: Values = active.into_iter().filter(|&v| self.source.ty(v).scalar().is_some()).collect();
        let types: Vec<Type> = scalars.iter().map(|&v| self.source.ty(v).clone()).collect();
        let reverse = self.b.push(Op::Call { callee: halves.rev, args: passed }, &types);
        for (array, own) in apart {
            self.add_all(array, own);
        }
        let adjoints = self.b.results(reverse);
        for (v, adjoint) in scalars.into_iter().zip(adjoints) {
            self.add(v, adjoint);
        }
    }

    /// Whether derivatives flow into a callee through an argument.
    fn flows(&self, arg: Value) -> bool {
        match self.source.ty(arg) {
            Type::Scalar(_) => self.activity.of(arg),
            Type::Array(_) | Type::Tape(_) => self.shadow(arg).is_some(),
        }
    }

    /// [`Mutant::ShadowsSwapped`]
    fn swap_shadows(&self, passed: &mut [Value]) {
        if let [first, .., last] = passed
            && self.b.ty(*first) == self.b.ty(*last)
        {
            std::mem::swap(first, last);
        }
    }

    /// The shadows of arguments. The callee writes them, so each is passed once: an array that is passed again gets one of its own, to be added to its shadow.
    fn shadow_args(&mut self, args: &[Value]) -> (Values, Vec<(Value, Value)>) {
        let (mut passed, mut apart) = (Values::new(), Vec::new());
        for &v in args {
            let Some(shadow) = self.shadow(v) else { continue };
            if passed.contains(&shadow) {
                let own = self.zeros_like(v);
                passed.push(own);
                apart.push((v, own));
            } else {
                passed.push(shadow);
            }
        }
        if self.has(Mutant::ShadowsSwapped) {
            self.swap_shadows(&mut passed);
        }
        (passed, apart)
    }
}
