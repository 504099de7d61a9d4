//! What generated programs contain.
//!
//! In: constructs as they are written. Out: a [`Features`] set per program and a [`Histogram`] of many, with the quotas that a generator must keep to be worth running.

use std::fmt;

/// Something that a program may contain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[expect(missing_docs, reason = "the table below says what each is")]
pub enum Feature {
    Loop,
    NestedLoop,
    ArrayWrite,
    Break,
    Continue,
    Return,
    While,
    Call,
    Lent,
    Recursion,
    Slice,
    SlicePlace,
    Comprehension,
    Reduction,
    ElementWise,
    Matrix,
    Gather,
    Struct,
    Tuple,
    LocalArray,
    Compound,
    Swap,
    Shadow,
    Assert,
    Print,
    StepLoop,
    Triangular,
    IfValue,
    BlockValue,
    ConstantIndex,
    Unwrapped,
    Effect,
    UnknownLength,
    Large,
    Lambda,
    LetFunction,
    CallOfVariable,
    FunctionArgument,
    Derivative,
    Grad,
    Jvp,
    Vjp,
    Jacobian,
    Hessian,
    Hvp,
    ForcedMode,
    HigherOrder,
    NestedDerivative,
    DerivativeInLoop,
    DerivativeInRecursion,
    DerivativeOfRecursion,
    DerivativeOfLent,
    StopGradient,
    JvpRule,
    VjpRule,
    MutualRecursion,
    Single,
    StructWithDims,
    LentCompound,
    PassedOn,
    RecursionInPlace,
    RecursionByData,
    SeveralCalls,
    SingleMatrix,
    Every,
    Binomial,
    Budget,
    CheckpointedWhile,
    CheckpointInCheckpoint,
    ArrayShape,
    LoopInArm,
}

/// Each feature with its name, and of how many programs in a hundred it must be part at least.
const TABLE: [(Feature, &str, u32); 71] = [
    (Feature::Loop, "loop", 50),
    (Feature::NestedLoop, "nested loops", 0),
    (Feature::ArrayWrite, "writes to arrays", 0),
    (Feature::Break, "break", 5),
    (Feature::Continue, "continue", 5),
    (Feature::Return, "early return", 5),
    (Feature::While, "while", 20),
    (Feature::Call, "call", 20),
    (Feature::Lent, "&mut argument", 5),
    (Feature::Recursion, "recursion", 12),
    (Feature::Slice, "slice as value", 5),
    (Feature::SlicePlace, "slice as place", 3),
    (Feature::Comprehension, "comprehension", 10),
    (Feature::Reduction, "reduction", 20),
    (Feature::ElementWise, "element-wise expression", 10),
    (Feature::Matrix, "matrix product or transpose", 2),
    (Feature::Gather, "array of integers as index", 3),
    (Feature::Struct, "struct", 10),
    (Feature::Tuple, "tuple", 5),
    (Feature::LocalArray, "array made in a loop", 3),
    (Feature::Compound, "compound assignment", 20),
    (Feature::Swap, "swap of carried variables", 10),
    (Feature::Shadow, "shadowing", 5),
    (Feature::Assert, "assert", 3),
    (Feature::Print, "print", 2),
    (Feature::StepLoop, "loop with a step", 5),
    (Feature::Triangular, "triangular loops", 2),
    (Feature::IfValue, "if as value", 5),
    (Feature::BlockValue, "block as value", 3),
    (Feature::ConstantIndex, "constant subscript", 10),
    (Feature::Unwrapped, "function at any operand", 2),
    (Feature::Effect, "effect within an expression", 10),
    (Feature::UnknownLength, "length known when it runs", 5),
    (Feature::Large, "long function", 1),
    (Feature::Lambda, "lambda", 15),
    (Feature::LetFunction, "name for a function", 10),
    (Feature::CallOfVariable, "call of a variable", 8),
    (Feature::FunctionArgument, "function as argument", 4),
    (Feature::Derivative, "derivative in the program", 20),
    (Feature::Grad, "grad, value_and_grad", 12),
    (Feature::Jvp, "jvp", 4),
    (Feature::Vjp, "vjp", 4),
    (Feature::Jacobian, "jacobian", 1),
    (Feature::Hessian, "hessian", 1),
    (Feature::Hvp, "hvp", 1),
    (Feature::ForcedMode, "forward or reverse by name", 8),
    (Feature::HigherOrder, "derivatives of order 2 and more", 3),
    (Feature::NestedDerivative, "derivative in a derivative", 1),
    (Feature::DerivativeInLoop, "derivative in a loop", 3),
    (Feature::DerivativeInRecursion, "derivative in a recursive function", 6),
    (Feature::DerivativeOfRecursion, "derivative of a recursive function", 6),
    (Feature::DerivativeOfLent, "derivative of an &mut argument", 0),
    (Feature::StopGradient, "stop_gradient", 2),
    (Feature::JvpRule, "@jvp", 6),
    (Feature::VjpRule, "@vjp", 6),
    (Feature::MutualRecursion, "mutual recursion", 4),
    (Feature::Single, "f32", 6),
    (Feature::StructWithDims, "struct with dimensions", 2),
    (Feature::LentCompound, "&mut struct or tuple", 0),
    (Feature::PassedOn, "&mut parameter passed on", 0),
    (Feature::RecursionInPlace, "recursion with an &mut array", 2),
    (Feature::RecursionByData, "recursion as deep as data say", 4),
    (Feature::SeveralCalls, "several recursive calls", 4),
    (Feature::SingleMatrix, "f32 in a Jacobian or Hessian", 1),
    (Feature::Every, "@checkpoint(every: …)", 5),
    (Feature::Binomial, "@checkpoint(binomial: …)", 5),
    (Feature::Budget, "@checkpoint(budget: …)", 4),
    (Feature::CheckpointedWhile, "@checkpoint before a while", 3),
    (Feature::CheckpointInCheckpoint, "@checkpoint in @checkpoint", 1),
    (Feature::ArrayShape, "loops over data with reductions", 20),
    (Feature::LoopInArm, "loop in an arm of an if", 3),
];

/// Quotas of several features together: any of them counts.
const TOGETHER: [(&[Feature], &str, u32); 2] = [
    (&[Feature::NestedLoop, Feature::ArrayWrite], "nested loops or writes to arrays", 34),
    (&[Feature::Break, Feature::Continue, Feature::Return], "early exits", 20),
];

/// Fewer programs have no quotas.
const FEW: u64 = 2000;

/// What one program contains.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Features(u128);

impl Features {
    /// Notes that a feature is there.
    pub fn note(&mut self, feature: Feature) {
        self.0 |= 1 << feature as u8;
    }

    /// Whether it is there.
    pub fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u8) != 0
    }
}

/// How many programs contain what.
#[derive(Clone, Debug)]
pub struct Histogram {
    programs: u64,
    single: [u64; TABLE.len()],
    together: [u64; TOGETHER.len()],
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { programs: 0, single: [0; TABLE.len()], together: [0; TOGETHER.len()] }
    }
}

impl Histogram {
    /// Counts a program.
    pub fn count(&mut self, features: Features) {
        self.programs += 1;
        for (count, (feature, _, _)) in self.single.iter_mut().zip(TABLE) {
            *count += u64::from(features.has(feature));
        }
        for (count, (any, _, _)) in self.together.iter_mut().zip(TOGETHER) {
            *count += u64::from(any.iter().any(|f| features.has(*f)));
        }
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Histogram) {
        self.programs += other.programs;
        self.single.iter_mut().zip(other.single).for_each(|(a, b)| *a += b);
        self.together.iter_mut().zip(other.together).for_each(|(a, b)| *a += b);
    }

    /// How many programs were counted.
    pub fn programs(&self) -> u64 {
        self.programs
    }

    /// Each row: its name, how many programs, the least share in percent.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, u64, u32)> + '_ {
        let single = self.single.iter().zip(TABLE).map(|(&count, (_, name, quota))| (name, count, quota));
        let together = self.together.iter().zip(TOGETHER).map(|(&count, (_, name, quota))| (name, count, quota));
        together.chain(single)
    }

    /// The features that are part of too few programs; of a few programs nothing can be said.
    pub fn missed(&self) -> Vec<String> {
        if self.programs < FEW {
            return Vec::new();
        }
        let short = self.rows().filter(|(_, count, quota)| count * 100 < u64::from(*quota) * self.programs);
        short.map(|(name, count, quota)| format!("{name}: {count} of {}, below {quota} %", self.programs)).collect()
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} programs contain", self.programs)?;
        for (name, count, quota) in self.rows() {
            let share = 100.0 * count as f64 / self.programs.max(1) as f64;
            let bar = "#".repeat((share / 4.0).round() as usize);
            writeln!(f, "  {name:34} {share:5.1} %  (at least {quota:2})  {bar}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_lists_every_feature_in_order() {
        for (i, (feature, _, _)) in TABLE.iter().enumerate() {
            assert_eq!(i, *feature as usize);
        }
        assert_eq!(TABLE.len() - 1, Feature::LoopInArm as usize);
    }

    #[test]
    fn quotas_are_missed_where_features_are_rare() {
        let mut histogram = Histogram::default();
        let mut features = Features::default();
        (0..FEW / 2).for_each(|_| histogram.count(features));
        assert_eq!(histogram.missed(), Vec::<String>::new(), "too few to tell");
        features.note(Feature::Loop);
        (0..FEW / 2).for_each(|_| histogram.count(features));
        let missed = histogram.missed();
        assert!(!missed.iter().any(|m| m.starts_with("loop:")), "half of them have one");
        assert!(missed.iter().any(|m| m.starts_with("while:")));
    }
}
