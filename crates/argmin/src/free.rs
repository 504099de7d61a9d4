//! Free arguments: the floats that move, as one vector.
//!
//! In: arguments of a function, and the names of those that move. Out: their floats in order (fields as defined, arrays row major), and the arguments again with other floats in their
//! places. Integers and truth values in them stay. It runs nothing.

use adit::diag::Code;
use adit::{Error, Function, Result, Value, float_names};

/// Which arguments move, and what the others are.
#[derive(Clone, Debug)]
pub struct Free {
    /// Positions of the parameters that move, in the order of the function.
    moving: Vec<usize>,
    names: Vec<String>,
    args: Vec<Value>,
    size: usize,
}

impl Free {
    /// From arguments by position; no names mean all parameters that carry floats.
    pub(crate) fn new(function: &Function, args: &[Value], names: &[&str]) -> Result<Free> {
        let params = &function.signature().params;
        let carries = |name: &str| params.iter().any(|p| p.name == name && p.ty.carries_floats());
        if !names.iter().all(|name| carries(name)) || !params.iter().any(|p| p.ty.carries_floats()) {
            // What cannot be differentiated is told by the library, in its words.
            function.jacobian().wrt(names.iter().copied()).build()?;
        }
        if args.len() != params.len() {
            let text = format!("`{}` takes {} arguments, not {}", function.name(), params.len(), args.len());
            return Err(Error::input(Code("AD0904"), text));
        }
        let moves = |p: &adit::Parameter| {
            if names.is_empty() { p.ty.carries_floats() } else { names.contains(&p.name.as_str()) }
        };
        let moving: Vec<usize> = (0..params.len()).filter(|&i| moves(&params[i])).collect();
        let size: usize = moving.iter().map(|&i| args[i].floats().len()).sum();
        let names = moving.iter().map(|&i| params[i].name.clone()).collect();
        if size == 0 {
            let text = format!("there is nothing to move: the arguments of `{}` hold no floats", function.name());
            return Err(Error::input(Code("AD0603"), text));
        }
        Ok(Free { moving, names, args: args.to_vec(), size })
    }

    /// How many floats move.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The parameters that move.
    pub fn parameters(&self) -> &[String] {
        &self.names
    }

    /// A name for each float that moves: `p.alpha`, `x[0, 1]`.
    pub fn names(&self) -> Vec<String> {
        self.names.iter().zip(self.values()).flat_map(|(name, value)| float_names(name, value)).collect()
    }

    /// The floats that move, as they were given.
    pub fn start(&self) -> Vec<f64> {
        self.values().flat_map(Value::floats).collect()
    }

    /// The parameters that move with these floats, by name.
    ///
    /// # Errors
    /// If there are more or fewer floats than [`Free::size`].
    pub fn values_at(&self, x: &[f64]) -> Result<Vec<(String, Value)>> {
        let mut args = self.args.clone();
        self.put(x, &mut args)?;
        Ok(self.names.iter().zip(&self.moving).map(|(name, &i)| (name.clone(), args[i].clone())).collect())
    }

    fn values(&self) -> impl Iterator<Item = &Value> {
        self.moving.iter().map(|&i| &self.args[i])
    }

    /// The arguments, to be changed by [`Free::put`].
    pub(crate) fn arguments(&self) -> Vec<Value> {
        self.args.clone()
    }

    /// Something shaped like what moves.
    pub(crate) fn slopes(&self) -> Vec<Value> {
        self.values().map(Value::zeroed).collect()
    }

    /// Puts floats into their places.
    pub(crate) fn put(&self, x: &[f64], args: &mut [Value]) -> Result<()> {
        self.fits(x)?;
        put_all(x, self.moving.iter().copied(), args);
        Ok(())
    }

    fn fits(&self, x: &[f64]) -> Result<()> {
        if x.len() == self.size {
            return Ok(());
        }
        let text = format!("{} floats are given where {} move", x.len(), self.size);
        Err(Error::input(Code("AD0906"), text))
    }
}

fn put_all(x: &[f64], places: impl Iterator<Item = usize>, values: &mut [Value]) {
    let mut floats = x.iter();
    for place in places {
        values[place].for_each_float_mut(&mut |float| {
            if let Some(x) = floats.next() {
                *float = *x;
            }
        });
    }
}

/// The floats of values, in order; one allocation.
pub(crate) fn floats(values: &[Value], size: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(size);
    values.iter().for_each(|value| value.for_each_float(&mut |x| out.push(x)));
    out
}
