//! Clean-up passes over Adit's SSA.
