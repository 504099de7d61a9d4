//! Tangents of W lanes: the derivatives along W directions, side by side.
//!
//! In: primal values. Out: their tangents: W values for a float, one shadow for an array or a tape. In memory the lanes of an element stand beside each other: the shadow of `[f64; d0]` is
//! `[f64; d0, W]`, a record of a shadow tape has W fields per float. With one lane a shadow has the primal's own shape.
//!
//! A structural zero is one of the value, for all lanes: which lanes have directions that reach it is not asked.

use super::Sweep;
use crate::refusal::Refusal;
use adit_ir::verify::MAX_RANK;
use adit_ir::{ArrayType, Builder, Int, Ints, Type, Value, Values};
use smallvec::SmallVec;

/// One value per lane, or one handle.
pub type Lanes = SmallVec<[Value; 1]>;

impl Sweep<'_, '_> {
    /// The subscripts of one lane's part of an element.
    pub(super) fn at_lane(&self, subscripts: &[Int], lane: usize) -> Ints {
        subscripts.iter().copied().chain(self.innermost(lane)).collect()
    }

    /// The type of the shadow of an array, in the derivative's names.
    pub(super) fn shadow_type(&self, array: &ArrayType) -> Result<ArrayType, Refusal> {
        let mut ty = self.copier.map.array_ty(array);
        ty.dims.extend(self.innermost(self.lanes));
        if ty.dims.len() > MAX_RANK {
            return Err(Refusal::too_many_dimensions(self.source, self.b.span()));
        }
        Ok(ty)
    }

    /// What is written behind a primal's extents or subscripts: nothing where there is one lane.
    fn innermost(&self, n: usize) -> Option<Int> {
        (self.lanes > 1).then(|| Int::Const(i64::try_from(n).unwrap_or(i64::MAX)))
    }

    /// The tangent's types: as often that of the float as there are lanes.
    pub(super) fn lane_types(&self, float: Value) -> impl Iterator<Item = Type> + use<> {
        std::iter::repeat_n(self.source.ty(float).clone(), self.lanes)
    }

    /// States the tangents of floats, whose lanes follow each other in `defined`.
    pub(super) fn set_tangents(&mut self, floats: impl IntoIterator<Item = Value>, defined: &[Value]) {
        for (v, lanes) in floats.into_iter().zip(defined.chunks(self.lanes)) {
            self.tangent[v.index()] = Some(lanes.into());
        }
    }

    /// The tangent of a float; a literal zero in every lane if it has none.
    pub(super) fn tangent_or_zero(&mut self, v: Value) -> Lanes {
        if let Some(tangent) = &self.tangent[v.index()] {
            return tangent.clone();
        }
        let zero = zero_of(&mut self.b, self.source.ty(v));
        std::iter::repeat_n(zero, self.lanes).collect()
    }

    /// The tangents of several floats, lane after lane.
    pub(super) fn tangents_or_zeros(&mut self, values: &[Value]) -> Values {
        values.iter().flat_map(|&v| self.tangent_or_zero(v)).collect()
    }
}

/// The zero of a float's type, or of an array's elements.
pub(super) fn zero_of(b: &mut Builder, ty: &Type) -> Value {
    let element = ty.scalar().or_else(|| ty.array().map(|a| a.element));
    b.zero(element.expect("derivatives are of scalars and arrays"))
}
