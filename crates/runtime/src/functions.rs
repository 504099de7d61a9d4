//! The functions that compiled code calls, by name.
//!
//! In: a name. Out: an address: of a hook, of what Cranelift calls where the machine lacks an instruction ([`LIBRARY`]), of a row of the table of primitives, or of a kernel of [`product`] or [`vector`]. Code that stays in this process is given
//! addresses when it is made, code that was written down when it is loaded; objects find those of [`LIBRARY`] as symbols.

use crate::hooks::{self, Hook};
use crate::{product, vector};
use adit_ir::Prim;

macro_rules! library {
    ($($name:ident = |$($x:ident),*: $ty:ty| $body:expr;)*) => {
        $(
            /// What its name says.
            #[unsafe(no_mangle)]
            extern "C" fn $name($($x: $ty),*) -> $ty {
                $body
            }
        )*

        /// Functions that are symbols.
        pub static LIBRARY: &[Hook] = &[$(Hook { name: stringify!($name), address: $name as *const u8 }),*];
    };
}

library! {
    adit_floor = |x: f64| x.floor();
    adit_ceil = |x: f64| x.ceil();
    adit_trunc = |x: f64| x.trunc();
    adit_nearest = |x: f64| x.round_ties_even();
    adit_fma = |x, y, z: f64| x.mul_add(y, z);
    adit_floor32 = |x: f32| x.floor();
    adit_ceil32 = |x: f32| x.ceil();
    adit_trunc32 = |x: f32| x.trunc();
    adit_nearest32 = |x: f32| x.round_ties_even();
    adit_fma32 = |x, y, z: f32| x.mul_add(y, z);
}

/// Where the function of this name is.
pub fn address(name: &str) -> Option<*const u8> {
    let known = hooks::ALL.iter().chain(LIBRARY).find(|hook| hook.name == name).map(|hook| hook.address);
    let scalar = || Prim::from_name(name).map(|prim| prim.row().eval.address());
    known.or_else(scalar).or_else(|| product::address(name)).or_else(|| vector::address(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let hooks = hooks::ALL.iter().chain(LIBRARY).map(|hook| hook.name);
        let mut names: Vec<&str> = hooks.chain(Prim::ALL.iter().map(|prim| prim.name())).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(names.iter().all(|name| address(name).is_some()));
        assert_eq!(address("no such function"), None);
    }
}
