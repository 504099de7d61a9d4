//! Dense names of the things in a function.
//!
//! In: nothing. Out: small `Copy` indices (`Value`, `Inst`, `Region`, `FuncId`) that the arenas of [`crate::func`] are indexed by.
//! They carry no data and no lifetime: a `Value` means something only beside the function that defined it.

use std::fmt;

macro_rules! entity {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub struct $name(u32);

        impl $name {
            /// The entity with this index.
            ///
            /// # Panics
            /// Beyond `u32::MAX` entities, which the compile-time limits rule out.
            pub fn new(index: usize) -> Self {
                $name(u32::try_from(index).expect("limits keep entity counts below 2^32"))
            }

            /// Its place in the arena.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

entity! {
    /// An SSA value of one function: a scalar, an array handle or a tape.
    Value, "v"
}
entity! {
    /// An instruction of one function.
    Inst, "inst"
}
entity! {
    /// A region of one function: parameters, instructions, yielded values.
    Region, "region"
}
entity! {
    /// A function of one module.
    FuncId, "fn"
}
