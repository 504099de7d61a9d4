//! Every engine against every other.
//!
//! In: a function and a point. Out: how far the derivatives of each engine are from those of each other.
