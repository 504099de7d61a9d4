//! Loops over all elements of an array.
//!
//! In: extents, and what to do with one element. Out: a nest of `for`s in row-major order, one per dimension, that carries at most one value.
//!
//! ```text
//! v5 = for v3 in 0..d0 (v4: f64 = v1) {
//!   …
//!   yield v6
//! }
//! ```

use adit_ir::{Bounds, Builder, Int, Ints, Type, Value, Values};

/// Emits the nest; `element` gets the subscripts and what is carried, and gives what is carried on.
pub fn each(
    b: &mut Builder,
    dims: &[Int],
    carried: Option<Value>,
    element: impl FnOnce(&mut Builder, &[Int], Option<Value>) -> Option<Value>,
) -> Option<Value> {
    let mut types = vec![Type::I64];
    types.extend(carried.map(|v| b.ty(v).clone()));
    let (mut inits, mut inner, mut subscripts) = (Vec::new(), carried, Ints::new());
    for _ in dims {
        inits.push(inner);
        let region = b.open(&types);
        let params = &b.func().region(region).params;
        subscripts.push(params[0].into());
        inner = params.get(1).copied();
    }
    let mut out = element(b, &subscripts, inner);
    for (&dim, init) in dims.iter().zip(inits).rev() {
        let region = b.close(&Values::from_iter(out));
        let inst = b.for_(Bounds::up_to(dim), &Values::from_iter(init), region);
        out = b.results(inst).first().copied();
    }
    out
}
