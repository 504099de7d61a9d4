//! Seeded bugs of vector code, of pairs and of kernels: their classic mistakes, each behind a switch.
//!
//! In: a [`Mutant`] in [`crate::Options`]. Out: code that does something else, in one known way. **A test instrument**: ordinary compiles never carry one.

adit_ir::mutants! {
    /// A loop is run several iterations at once though they read what others write.
    DistanceIgnored = "distance-ignored",
    /// Accesses of an array are taken for as far apart as the loop is long.
    DistanceBelieved = "distance-believed",
    /// What is left over after the last whole vector is not run.
    RemainderLost = "remainder-lost",
    /// A choice takes the other one.
    MaskInverted = "mask-inverted",
    /// What is written under a condition is written in any case.
    GuardIgnored = "guard-ignored",
    /// Of the lanes that add up, the last is lost.
    LaneLost = "lane-lost",
    /// Of several vectors that add up, the last is lost.
    AccumulatorLost = "accumulator-lost",
    /// What a sum begins with counts in each lane.
    StartRepeated = "start-repeated",
    /// What would stop the program in the middle stops it before the loop.
    StopHoisted = "stop-hoisted",
    /// A loop that runs last to first begins with what is left over.
    OrderLost = "order-lost",
    /// Two numbers of an iteration change places.
    PairSwapped = "pair-swapped",
    /// The first iteration takes back what the last one is to.
    RecordsTurned = "records-turned",
    /// A tape ends behind vectors where it ended in front of them.
    TopLost = "top-lost",
    /// The right factor of a product of matrices is transposed.
    FactorTransposed = "factor-transposed",
    /// A product of matrices that is added takes the place of what was there.
    ProductOverwrites = "product-overwrites",
    /// A product of matrices that is put somewhere is added to what was there.
    ProductAdded = "product-added",
    /// Zeros of a product of matrices do not win over what is no number.
    ProductPlain = "product-plain",
    /// Zeros win that are no weights.
    WeightSwapped = "weight-swapped",
    /// What is read and set to zero in a product of matrices stays.
    ClearLost = "clear-lost",
    /// Arrays of a product of matrices may be written and read.
    ProductAliased = "product-aliased",
    /// Subscripts of a product of matrices are believed.
    ProductUnchecked = "product-unchecked",
    /// The first element of a factor is where the array begins.
    OffsetLost = "offset-lost",
}

impl Mutant {
    /// Whether it is a bug of kernels that take the place of loops, rather than of vectors.
    pub fn is_of_products(self) -> bool {
        self as u8 >= Mutant::FactorTransposed as u8
    }
}
