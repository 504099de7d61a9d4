//! Switches: which optimisations of the reverse sweep are on.
//!
//! In: names, `all`, `none`. Out: [`AdOpts`], a set of [`AdOpt`]s. [`AdOpt::ALL`] is the one list, with a line about each. Nothing is optimised here.
//!
//! With no switch on, reverse mode is *level 0*: all that its rules ask for is saved. Every switch is compared with that: with those that keep the order of additions, derivatives
//! are the same bit for bit; with others they differ by rounding.
//!
//! ```text
//! none        nothing           reload,recompute        these two           all        every one (the default)
//! ```

use std::fmt;
use std::str::FromStr;

macro_rules! switches {
    ($($(#[$doc:meta])* $variant:ident $name:literal $exact:literal $about:literal,)*) => {
        /// One optimisation of the reverse sweep.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum AdOpt {
            $($(#[$doc])* $variant,)*
        }

        impl AdOpt {
            /// Every one.
            pub const ALL: &'static [AdOpt] = &[$(AdOpt::$variant,)*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(AdOpt::$variant => $name,)*
                }
            }

            /// What it does, in one line.
            pub fn about(self) -> &'static str {
                match self {
                    $(AdOpt::$variant => $about,)*
                }
            }

            /// Whether derivatives stay the same bit for bit.
            pub fn is_exact(self) -> bool {
                match self {
                    $(AdOpt::$variant => $exact,)*
                }
            }
        }
    };
}

switches! {
    /// What no later write overwrites is read again.
    Reload "reload" true "read again what nothing overwrites, instead of saving it",
    /// What is cheaper to compute than to save is computed again.
    Recompute "recompute" true "compute again what is cheaper to compute than to save",
    /// What a loop adds to one element of a shadow is added up first.
    Registers "registers" false "add up in a register what a loop adds to one element",
    /// A loop whose iterations are independent is reversed one iteration at a time.
    Local "local" false "reverse an iteration right after it ran, where iterations are independent",
    /// A loop whose iterations are independent runs again in the reverse sweep, where that saves something.
    Rerun "rerun" false "run iterations again, each in front of its reverse, where they are independent",
    /// A reversed loop takes its iterations in the order of the primal where any order will do.
    Ascend "ascend" false "reverse iterations first to last, where they are independent and save nothing",
    /// Of what a loop reads of an array again and again, the array is saved.
    Keep "keep" true "save an array once where a loop reads it again and again",
}

/// A set of optimisations; all of them by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AdOpts {
    bits: u32,
}

impl AdOpts {
    /// Level 0: no optimisation.
    pub const NONE: AdOpts = AdOpts { bits: 0 };

    /// Every optimisation.
    pub const ALL: AdOpts = AdOpts { bits: (1 << AdOpt::ALL.len()) - 1 };

    /// Whether an optimisation is on.
    pub fn has(self, opt: AdOpt) -> bool {
        self.bits & bit(opt) != 0
    }

    /// With one more.
    #[must_use]
    pub fn with(self, opt: AdOpt) -> AdOpts {
        AdOpts { bits: self.bits | bit(opt) }
    }

    /// With one less.
    #[must_use]
    pub fn without(self, opt: AdOpt) -> AdOpts {
        AdOpts { bits: self.bits & !bit(opt) }
    }

    /// Those that are on, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = AdOpt> {
        AdOpt::ALL.iter().copied().filter(move |&opt| self.has(opt))
    }

    /// Whether derivatives are those of level 0, bit for bit.
    pub fn is_exact(self) -> bool {
        self.iter().all(AdOpt::is_exact)
    }
}

fn bit(opt: AdOpt) -> u32 {
    1 << (opt as u32)
}

impl Default for AdOpts {
    fn default() -> Self {
        AdOpts::ALL
    }
}

impl fmt::Display for AdOpts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            AdOpts::NONE => f.write_str("none"),
            AdOpts::ALL => f.write_str("all"),
            some => f.write_str(&some.iter().map(AdOpt::name).collect::<Vec<_>>().join(",")),
        }
    }
}

impl fmt::Debug for AdOpts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AdOpts({self})")
    }
}

impl FromStr for AdOpts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "none" => Ok(AdOpts::NONE),
            "all" => Ok(AdOpts::ALL),
            list => list.split(',').try_fold(AdOpts::NONE, |set, name| Ok(set.with(named(name.trim())?))),
        }
    }
}

fn named(name: &str) -> Result<AdOpt, String> {
    let found = AdOpt::ALL.iter().copied().find(|opt| opt.name() == name);
    found.ok_or_else(|| {
        let names: Vec<&str> = AdOpt::ALL.iter().map(|opt| opt.name()).collect();
        format!("there is no optimisation `{name}` of reverse mode; there are {}, and none, all", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_read_back() {
        let mut all = AdOpts::NONE;
        for &opt in AdOpt::ALL {
            let one = AdOpts::NONE.with(opt);
            assert_eq!(one.to_string().parse(), Ok(one));
            assert!(one.has(opt) && !AdOpts::ALL.without(opt).has(opt));
            all = all.with(opt);
        }
        assert_eq!(all, AdOpts::ALL);
        assert_eq!("reload, recompute".parse(), Ok(AdOpts::NONE.with(AdOpt::Reload).with(AdOpt::Recompute)));
        assert!("reload,".parse::<AdOpts>().is_err());
        assert!("1".parse::<AdOpts>().is_err_and(|e| e.contains("`1`") && e.contains("recompute")));
    }
}
