//! Seeded bugs of the optimiser: its classic mistakes, each behind a switch.
//!
//! In: a [`Mutant`] in [`crate::Options`]. Out: functions that mean something else, in one known way. **A test instrument**: ordinary compiles never carry one.

adit_ir::mutants! {
    /// A value read from an array is read for good, whatever is stored into the array later.
    MergedAcrossStore = "merged-across-store",
    /// A load that may trap moves out of a loop that may not run.
    TrapHoisted = "trap-hoisted",
    /// A local array that a loop makes anew in each iteration, all zeros, is made once, in front of it.
    AllocHoisted = "alloc-hoisted",
    /// A store is dropped as dead if no read of the array follows in the text, though the next iteration reads it.
    StoreDropped = "store-dropped",
    /// A function with a derivative rule is inlined, and its body differentiated.
    RuleBypassed = "rule-bypassed",
    /// A loop of literal length that runs backwards is written out forwards.
    UnrolledForwards = "unrolled-forwards",
    /// A loop that ran with plain products is believed though a sum is NaN.
    NanBelieved = "nan-believed",
    /// A loop runs with plain products though it compares what they give.
    ProductCompared = "product-compared",
    /// A loop is passed over although it reads what may be out of range.
    SkipTrapping = "skip-trapping",
    /// A loop is passed over whatever it carries.
    SkipCarried = "skip-carried",
    /// A loop is passed over although it adds something else, too.
    SkipAdded = "skip-added",
    /// Of several weights that must be zero for a loop to be passed over, only the first is asked.
    SkipFirst = "skip-first",
    /// A loop is passed over where the second factor of its products is zero, whatever the first is.
    SkipFactor = "skip-factor",
    /// A loop that ran without its factors is believed though a sum is not finite, or a factor is so large that a product may have vanished.
    InfiniteBelieved = "infinite-believed",
    /// A loop that ran without what it adds each time is believed though that cancels the rest.
    CancelledBelieved = "cancelled-believed",
    /// What a loop adds each time is subtracted if the loop's bounds are the wrong way round.
    TripsBelowZero = "trips-below-zero",
    /// What may stop the run, prints or uses a tape is split from what else does.
    StopsSplit = "fission-stops",
    /// A loop is split as if no iteration touched an element that another one touches.
    DistanceForgotten = "fission-distance",
    /// Of what a split loop carries, later stages see what the next iteration begins with.
    CarriedLate = "fission-late",
    /// What is left of a split loop begins where the loop began.
    RestRepeated = "fission-rest",
}
