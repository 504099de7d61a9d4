//! Reads the text form of Adit's SSA.
