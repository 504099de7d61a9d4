//! Seeded bugs of the lowering: its classic mistakes, each behind a switch.
//!
//! In: a [`Mutant`] in [`super::Options`]. Out: IR that means something else than the program, in one known way. **A test instrument**: ordinary compiles never carry one.

use super::env::Lowerer;

adit_ir::mutants! {
    /// An immutable array that is made of a mutable one shares its storage: no copy, though the old value is used after the new one is stored.
    CopyElided = "copy-elided",
    /// A sum over an array begins with the first element, and meets it again.
    ReductionSeededTwice = "reduction-seeded-twice",
    /// A loop that counts down and may be left is tested like one that counts up.
    DownwardTest = "downward-test",
    /// What a lambda captured is a constant to a derivative around that of the lambda.
    CaptureConstant = "capture-constant",
    /// Where a derivative takes several calls of a function with a `&mut` parameter, each begins with what the last one left.
    ContentsNotRestored = "contents-not-restored",
}

impl Lowerer<'_> {
    pub(super) fn has(&self, mutant: Mutant) -> bool {
        self.unit.options.mutant == Some(mutant)
    }
}
