//! What calls give: values and derivatives by the names of parameters.
//!
//! In: rebuilt values. Out: [`Outcome`], [`Gradient`] and the [`Mode`] that a gradient is asked for in. They only hold what they are given.

use crate::value::Value;

/// Forward or reverse.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub enum Mode {
    /// One sweep back per result.
    #[default]
    Reverse,
    /// One sweep forth per input.
    Forward,
}

/// What a call gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// What the function returned.
    pub value: Value,
    /// The final contents of `&mut` parameters, by name.
    pub finals: Vec<(String, Value)>,
}

/// A value and its derivative with respect to parameters.
#[derive(Clone, PartialEq, Debug)]
pub struct Gradient {
    /// What the function returned.
    pub value: Value,
    /// For each parameter differentiated, in order: its name, and a value of its type; integers are 0 and truth values false.
    pub parameters: Vec<(String, Value)>,
}

impl Gradient {
    /// The derivative with respect to the parameter of this name.
    pub fn of(&self, name: &str) -> Option<&Value> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// All floats of the derivative, in order of parameters.
    pub fn floats(&self) -> Vec<f64> {
        self.parameters.iter().flat_map(|(_, v)| v.floats()).collect()
    }
}
