//! Seeded bugs of differentiation: its classic mistakes, each behind a switch.
//!
//! In: a [`Mutant`] in [`crate::Options`]. Out: derivatives that are wrong in one known way; of reverse mode if not said otherwise. **A test instrument**: a fuzzer that does not find
//! each of these within a stated number of programs is not looking. Costs one comparison where it could act; ordinary derivatives never carry one.

use crate::{AdOpt, Options, algebra};
use adit_ir::{Function, Op};

adit_ir::mutants! {
    /// A value's adjoint is not zeroed at its definition, so that the next iteration adds to what the last one left.
    AdjointKept = "adjoint-kept",
    /// Carried values hand on their adjoints one after another, not all at once: `(a, b) = (b, a + b)` goes wrong.
    CarriedInSequence = "carried-in-sequence",
    /// A second use of a value overwrites the contribution of the first.
    AdjointAssigned = "adjoint-assigned",
    /// The reverse of a load overwrites the element of the shadow.
    ShadowAssigned = "shadow-assigned",
    /// The reverse of a store leaves the element of the shadow as it is.
    StoreKeepsShadow = "store-keeps-shadow",
    /// A store of a value without derivative is taken for one that does not matter.
    ConstantStoreIgnored = "constant-store-ignored",
    /// A loaded value is read again in the reverse sweep instead of saved.
    ReloadInsteadOfSave = "reload-instead-of-save",
    /// Of what the iterations of a loop save, only the last survives.
    LastIterationOnly = "last-iteration-only",
    /// Of the conditions of an `if` in a loop, only the last survives.
    LastConditionOnly = "last-condition-only",
    /// The cotangent of an `if`'s results is lost in an arm without instructions, such as the one that an early return takes.
    WrongExit = "wrong-exit",
    /// Forward mode: of the lanes that a store hands to the shadow, the last is lost.
    LaneLost = "lane-lost",
    /// What a function that was cut in two records at its end is pushed in another order than it is popped.
    RecordReversed = "record-reversed",
    /// The last active argument of a call that stays is taken for a constant.
    CallOperandDropped = "call-operand-dropped",
    /// An `if` is reversed by the condition of another `if` of its region.
    WrongCondition = "wrong-condition",
    /// An accumulator that only one arm of an `if` changes is zero after the other.
    MergeForgets = "merge-forgets",
    /// Of a flag, such as that of an early exit, a loop saves what the iteration hands on instead of what was tested.
    FlagAfterUpdate = "flag-after-update",
    /// A loop with a negative step is reversed in its own order.
    NegativeStepKept = "negative-step-kept",
    /// The bounds of a loop in a loop are evaluated again from what the last iteration left.
    BoundsAgain = "bounds-again",
    /// The condition of a `while`, if it writes, is reversed once for each trip, though it ran once more.
    TestsMiscounted = "tests-miscounted",
    /// The adjoint of `a[lo + i]` goes to `a[lo]` or `a[i]`: the offset of a slice is lost.
    OffsetLost = "offset-lost",
    /// The reverse of a copy overwrites the shadow of what was copied.
    CopyAssigned = "copy-assigned",
    /// The adjoint of what a `mut` array held at first is lost.
    ContentsLost = "contents-lost",
    /// The shadows of two arrays of one shape, passed in one call that stays, are swapped.
    ShadowsSwapped = "shadows-swapped",
    /// A partial is evaluated at the result instead of the operand.
    PartialAtResult = "partial-at-result",
    /// Both modes: what becomes active at the end of an iteration is still a constant in the next.
    CarriedActivityMissed = "carried-activity-missed",
    /// Both modes: a number that was rounded to an integer keeps its derivative.
    RoundTripKept = "round-trip-kept",
    /// Both modes: what stops derivatives, as `stop_gradient` does, stops nothing where a derivative is differentiated.
    StopIgnoredAgain = "stop-ignored-again",
    /// Forward mode, of a derivative: a strong product is differentiated like `if w == 0 { 0 } else { w * p }`.
    StrongZeroAsSelect = "strong-zero-as-select",
    /// Forward mode, of a derivative: the term of the partial is lost, and with it what mixes two variables.
    MixedTermLost = "mixed-term-lost",
    /// Forward mode: of several results of a call that stays, the last has no tangent.
    ResultTangentLost = "result-tangent-lost",
    /// Iteration by iteration, a loop that carries any number is reversed as if it were a sum.
    LocalCarried = "local-carried",
    /// Iteration by iteration, the adjoint of a sum that is not known yet is taken for 1.
    LocalSeed = "local-seed",
    /// Iteration by iteration, arrays that iterations share may be written.
    LocalWrites = "local-writes",
    /// Iteration by iteration, what is read may be written after the loop.
    LocalWrittenLater = "local-written-later",
    /// An array that one arm of an `if` writes is taken for written.
    ScratchUnwritten = "scratch-unwritten",
    /// What runs again may carry any number as if it were a sum.
    RerunCarried = "rerun-carried",
    /// What runs again may write elements that other iterations touch.
    RerunShared = "rerun-shared",
    /// What runs again may read what is written later.
    RerunWrittenLater = "rerun-written-later",
    /// What runs again stores again what it stored.
    RerunStores = "rerun-stores",
    /// A loop may be reversed in the order of the primal whatever it carries.
    AscendCarried = "ascend-carried",
    /// A loop may be reversed in the order of the primal though iterations touch elements that others write.
    AscendShared = "ascend-shared",
    /// A loop may be reversed in the order of the primal though what its iterations saved comes back last first.
    AscendSaved = "ascend-saved",
    /// What the plan reads again may have been overwritten in a later iteration.
    LaterIterationForgotten = "later-iteration-forgotten",
    /// What a loop adds to an element of a shadow waits in a register, though the loop writes to the array.
    RegisterOverWrites = "register-over-writes",
    /// A loop gets an array back as it is after the loop, though the loop writes it.
    KeptOverWrites = "kept-over-writes",
    /// Two loops get one array back, though it is written between them.
    KeptForAll = "kept-for-all",
}

impl Options {
    /// The options for the derivative of this function: a bug of second derivatives acts only where a derivative is differentiated.
    pub(crate) fn acting_in(self, source: &Function) -> Options {
        let acts = |mutant: &Mutant| {
            *mutant != Mutant::StopIgnoredAgain
                || source.insts().any(|i| matches!(i.op, Op::Prim { prim, .. } if algebra::is_strong(prim)))
        };
        Options { mutant: self.mutant.filter(acts), ..self }
    }
}

impl Mutant {
    /// The optimisation of the reverse sweep that it breaks, if it is of one.
    pub fn of(self) -> Option<AdOpt> {
        let breaks: [(AdOpt, &[Mutant]); 6] = [
            (
                AdOpt::Local,
                &[
                    Mutant::LocalCarried,
                    Mutant::LocalSeed,
                    Mutant::LocalWrites,
                    Mutant::LocalWrittenLater,
                    Mutant::ScratchUnwritten,
                ],
            ),
            (
                AdOpt::Rerun,
                &[Mutant::RerunCarried, Mutant::RerunShared, Mutant::RerunWrittenLater, Mutant::RerunStores],
            ),
            (AdOpt::Ascend, &[Mutant::AscendCarried, Mutant::AscendShared, Mutant::AscendSaved]),
            (AdOpt::Reload, &[Mutant::LaterIterationForgotten]),
            (AdOpt::Registers, &[Mutant::RegisterOverWrites]),
            (AdOpt::Keep, &[Mutant::KeptOverWrites, Mutant::KeptForAll]),
        ];
        breaks.into_iter().find(|(_, bugs)| bugs.contains(&self)).map(|(opt, _)| opt)
    }

    /// Whether it keeps arrays of the forward sweep for the reverse, which is not possible where the two are two functions.
    pub(crate) fn keeps_arrays(self) -> bool {
        [Mutant::ReloadInsteadOfSave, Mutant::LastIterationOnly, Mutant::LastConditionOnly, Mutant::BoundsAgain]
            .contains(&self)
    }
}
