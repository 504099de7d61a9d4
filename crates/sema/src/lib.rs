//! Names, types, dimensions, and lowering to SSA, of the Adit language.
