//! Which machine compiled code is for, and whether this is such a one.
//!
//! In: the architecture, the system and the instruction sets that code was compiled for, by the names that compilers give them. Out: [`Machine`], and what this machine lacks of it. Nothing is compiled
//! here, and what a name means is asked of the standard library.

use serde::{Deserialize, Serialize};
use std::fmt;

/// This architecture.
const ARCH: &str = match () {
    () if cfg!(target_arch = "x86_64") => "x86-64",
    () if cfg!(target_arch = "aarch64") => "AArch64",
    () => "another architecture",
};

/// This system, as far as conventions of calls and memory go.
const OS: &str = match () {
    () if cfg!(windows) => "Windows",
    () if cfg!(target_vendor = "apple") => "macOS",
    () if cfg!(target_os = "linux") => "Linux",
    () => "another system",
};

/// What code was compiled for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Machine {
    architecture: String,
    system: String,
    /// Instruction sets beyond those that every machine of the architecture has.
    features: Vec<String>,
}

/// What a machine lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lack {
    /// It is another architecture or system altogether: the one wanted, and the one there is.
    Kind(String, String),
    /// Instruction sets.
    Features(Vec<String>),
}

impl Machine {
    /// A machine like this one, with these instruction sets.
    pub fn here(features: impl IntoIterator<Item = String>) -> Self {
        Machine { architecture: ARCH.to_owned(), system: OS.to_owned(), features: features.into_iter().collect() }
    }

    /// What this machine lacks of it, if anything.
    pub fn lack(&self) -> Option<Lack> {
        if (self.architecture.as_str(), self.system.as_str()) != (ARCH, OS) {
            let wanted = format!("{} on {}", self.architecture, self.system);
            return Some(Lack::Kind(wanted, format!("{ARCH} on {OS}")));
        }
        let lacking: Vec<String> = self.features.iter().filter(|feature| !has(feature)).cloned().collect();
        (!lacking.is_empty()).then_some(Lack::Features(lacking))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.architecture, self.system)?;
        self.features.iter().try_for_each(|feature| write!(f, " +{feature}"))
    }
}

/// What is asked for each name. A name that is not in the list is an instruction set that this machine does not have.
macro_rules! features {
    ($feature:ident: $($name:literal => $detected:expr;)*) => {
        fn has($feature: &str) -> bool {
            match $feature {
                $($name => $detected,)*
                _ => false,
            }
        }

        /// The names that mean something here; of code that needs what has another name, this machine is thought to lack it.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

#[cfg(target_arch = "x86_64")]
features! { feature:
    "sse3" => is_x86_feature_detected!("sse3");
    "ssse3" => is_x86_feature_detected!("ssse3");
    "cmpxchg16b" => is_x86_feature_detected!("cmpxchg16b");
    "sse41" => is_x86_feature_detected!("sse4.1");
    "sse42" => is_x86_feature_detected!("sse4.2");
    "avx" => is_x86_feature_detected!("avx");
    "avx2" => is_x86_feature_detected!("avx2");
    "fma" => is_x86_feature_detected!("fma");
    "avx512bitalg" => is_x86_feature_detected!("avx512bitalg");
    "avx512dq" => is_x86_feature_detected!("avx512dq");
    "avx512f" => is_x86_feature_detected!("avx512f");
    "avx512vl" => is_x86_feature_detected!("avx512vl");
    "avx512vbmi" => is_x86_feature_detected!("avx512vbmi");
    "avx512vnni" => is_x86_feature_detected!("avx512vnni");
    "avx_vnni" => is_x86_feature_detected!("avxvnni");
    "popcnt" => is_x86_feature_detected!("popcnt");
    "bmi1" => is_x86_feature_detected!("bmi1");
    "bmi2" => is_x86_feature_detected!("bmi2");
    "lzcnt" => is_x86_feature_detected!("lzcnt");
}

#[cfg(target_arch = "aarch64")]
features! { feature:
    "lse" => std::arch::is_aarch64_feature_detected!("lse");
    "pauth" => std::arch::is_aarch64_feature_detected!("paca");
    "fp16" => std::arch::is_aarch64_feature_detected!("fp16");
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
features! { feature: }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_lacks_what_it_does_not_have() {
        let here: Vec<String> = NAMES.iter().filter(|name| has(name)).map(|name| (*name).to_owned()).collect();
        assert_eq!(Machine::here(here).lack(), None);
        let odd = Machine::here(["levitation".to_owned()]);
        assert_eq!(odd.lack(), Some(Lack::Features(vec!["levitation".to_owned()])));
        let other = Machine { architecture: "pdp11".into(), ..Machine::here([]) };
        assert!(matches!(other.lack(), Some(Lack::Kind(wanted, _)) if wanted.starts_with("pdp11")));
    }
}
