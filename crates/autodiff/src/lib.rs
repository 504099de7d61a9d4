//! Forward and reverse differentiation of Adit's SSA.
