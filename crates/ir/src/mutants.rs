//! The form of every table of seeded bugs: one line a bug.
//!
//! In: variants with a one-line comment and a name each. Out: an enum `Mutant` with the list of them, their names and what they do.
//!
//! A seeded bug is a classic mistake that a crate makes if its options say so: **a test instrument**, which shows that the tests would notice. It costs one comparison where it acts;
//! ordinary compiles never carry one. The tables stand in the crates that make the mistakes; this file deliberately knows none of them.

/// Makes the enum `Mutant` of a crate out of its table.
///
/// ```
/// adit_ir::mutants! {
///     /// The sum is one too large.
///     OffByOne = "off-by-one",
/// }
/// assert_eq!(Mutant::ALL.len(), 1);
/// assert_eq!((Mutant::OffByOne.name(), Mutant::OffByOne.about()), ("off-by-one", "The sum is one too large."));
/// ```
#[macro_export]
macro_rules! mutants {
    ($(#[doc = $about:literal] $variant:ident = $name:literal,)*) => {
        /// A seeded bug: one classic mistake.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Mutant {
            $(
                #[doc = $about]
                $variant,
            )*
        }

        impl Mutant {
            /// Every seeded bug, in the order of the table.
            pub const ALL: &'static [Mutant] = &[$(Mutant::$variant,)*];

            /// A name for tables and switches.
            pub fn name(self) -> &'static str {
                match self {
                    $(Mutant::$variant => $name,)*
                }
            }

            /// What it does, in a sentence.
            pub fn about(self) -> &'static str {
                let about = match self {
                    $(Mutant::$variant => $about,)*
                };
                about.trim_ascii()
            }
        }
    };
}
