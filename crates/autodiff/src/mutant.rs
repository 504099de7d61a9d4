//! Seeded bugs: the classic mistakes of differentiation, each behind a switch.
//!
//! In: a [`Mutant`] in [`crate::Options`]. Out: derivatives that are wrong in one known way. **A test instrument**: a fuzzer that does not find each of these within
//! a stated number of programs is not looking. Costs one comparison where it could act; ordinary derivatives never carry one.

/// One classic mistake; of reverse mode if not said otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutant {
    /// A value's adjoint is not zeroed at its definition, so that the next iteration adds to what the last one left.
    AdjointKept,
    /// Carried values hand on their adjoints one after another, not all at once: `(a, b) = (b, a + b)` goes wrong.
    CarriedInSequence,
    /// A second use of a value overwrites the contribution of the first.
    AdjointAssigned,
    /// The reverse of a load overwrites the element of the shadow.
    ShadowAssigned,
    /// The reverse of a store leaves the element of the shadow as it is.
    StoreKeepsShadow,
    /// A store of a value without derivative is taken for one that does not matter.
    ConstantStoreIgnored,
    /// A loaded value is read again in the reverse sweep instead of saved.
    ReloadInsteadOfSave,
    /// Of what the iterations of a loop save, only the last survives.
    LastIterationOnly,
    /// Of the conditions of an `if` in a loop, only the last survives.
    LastConditionOnly,
    /// The cotangent of an `if`'s results is lost in an arm without instructions, such as the one that an early return takes.
    WrongExit,
    /// What a function that was cut in two records at its end is pushed in another order than it is popped.
    RecordReversed,
    /// The last active argument of a call that stays is taken for a constant.
    CallOperandDropped,
    /// Forward mode: of the lanes that a store hands to the shadow, the last is lost.
    LaneLost,
}

impl Mutant {
    /// Every seeded bug.
    pub const ALL: [Mutant; 13] = [
        Mutant::AdjointKept,
        Mutant::CarriedInSequence,
        Mutant::AdjointAssigned,
        Mutant::ShadowAssigned,
        Mutant::StoreKeepsShadow,
        Mutant::ConstantStoreIgnored,
        Mutant::ReloadInsteadOfSave,
        Mutant::LastIterationOnly,
        Mutant::LastConditionOnly,
        Mutant::WrongExit,
        Mutant::LaneLost,
        Mutant::RecordReversed,
        Mutant::CallOperandDropped,
    ];

    /// Whether it keeps arrays of the forward sweep for the reverse, which is not possible where the two are two functions.
    pub(crate) fn keeps_arrays(self) -> bool {
        [Mutant::ReloadInsteadOfSave, Mutant::LastIterationOnly, Mutant::LastConditionOnly].contains(&self)
    }

    /// A name for tables and switches.
    pub fn name(self) -> &'static str {
        match self {
            Mutant::AdjointKept => "adjoint-kept",
            Mutant::CarriedInSequence => "carried-in-sequence",
            Mutant::AdjointAssigned => "adjoint-assigned",
            Mutant::ShadowAssigned => "shadow-assigned",
            Mutant::StoreKeepsShadow => "store-keeps-shadow",
            Mutant::ConstantStoreIgnored => "constant-store-ignored",
            Mutant::ReloadInsteadOfSave => "reload-instead-of-save",
            Mutant::LastIterationOnly => "last-iteration-only",
            Mutant::LastConditionOnly => "last-condition-only",
            Mutant::WrongExit => "wrong-exit",
            Mutant::RecordReversed => "record-reversed",
            Mutant::CallOperandDropped => "call-operand-dropped",
            Mutant::LaneLost => "lane-lost",
        }
    }
}
