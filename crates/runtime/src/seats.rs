//! The arguments of an entry, laid flat: what every call asks of them, worked out once.
//!
//! In: a [`Signature`]. Out: [`Seats`]: for each parameter one number that says all of its kind ([`Form`]) and where its extents lie in a list of all; which places of that list must agree, and which give the
//! values of dimensions. It holds nothing of a call.
//!
//! ```text
//! f(k: f64, x: [f64; n], out y: [f64; n])     forms: f64, [f64] read, [f64] written     extents: [x's, y's]     y's = x's     n is x's
//! ```

use crate::entry::{Kind, Signature};
use adit_ir::shape::{Extent, Wanted};
use adit_ir::{Passing, ScalarType};

/// What an argument is, in one number: whether it fits is one comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Form(usize);

impl Form {
    const READ: usize = 4;
    const WRITTEN: usize = 8;
    const RANK: u32 = 4;
    /// Nothing but a tape.
    const TAPE: Form = Form(Form::READ | Form::WRITTEN);

    #[inline]
    pub(crate) const fn scalar(ty: ScalarType) -> Form {
        Form(ty as usize)
    }

    /// Of so many dimensions: fewer than memory has bytes, so that none is lost.
    #[inline]
    pub(crate) const fn array(ty: ScalarType, rank: usize, passing: Passing) -> Form {
        let how = match passing {
            Passing::ByValue => Form::READ,
            Passing::Mut => Form::WRITTEN,
        };
        Form(ty as usize | how | rank << Form::RANK)
    }

    fn of(kind: &Kind) -> Form {
        match kind {
            Kind::Scalar(ty) => Form::scalar(*ty),
            Kind::Array { element, rank, passing } => Form::array(*element, *rank, *passing),
            Kind::Tape => Form::TAPE,
        }
    }

    /// Whether it is an array that is written.
    #[inline]
    pub(crate) fn is_written(self) -> bool {
        self.0 & Form::TAPE.0 == Form::WRITTEN
    }
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seat {
    pub(crate) form: Form,
    /// Where its extents begin.
    pub(crate) extents: usize,
}

/// Extents that must agree.
#[derive(Clone, Copy, Debug)]
enum Agree {
    Same(usize, usize),
    Literal(usize, usize),
    /// With a number that no extent can be.
    Never,
}

/// What is asked of the arguments of an entry.
#[derive(Debug)]
pub(crate) struct Seats {
    pub(crate) params: Box<[Seat]>,
    /// In the order of the signature's checks.
    checks: Box<[Agree]>,
    /// For each dimension the extent that gives it; none in functions that do not verify.
    binds: Box<[Option<usize>]>,
    /// How many extents there are in all.
    pub(crate) extents: usize,
    pub(crate) results: usize,
}

impl Seats {
    pub(crate) fn of(signature: &Signature) -> Seats {
        let place = |e: Extent| signature.first_extent[e.param] + e.axis;
        let seat = |(kind, &extents): (&Kind, &usize)| Seat { form: Form::of(kind), extents };
        let agree = |check: &adit_ir::shape::Check| match check.wanted {
            Wanted::Same(first) => Agree::Same(place(check.found), place(first)),
            Wanted::Literal(c) => usize::try_from(c).map_or(Agree::Never, |c| Agree::Literal(place(check.found), c)),
        };
        Seats {
            params: signature.params.iter().zip(&signature.first_extent).map(seat).collect(),
            checks: signature.shapes.checks.iter().map(agree).collect(),
            binds: signature.shapes.binds.iter().map(|bind| bind.map(place)).collect(),
            extents: signature.extents,
            results: signature.results.len(),
        }
    }

    /// How many words stand before the arguments: dimensions.
    #[inline]
    pub(crate) fn dims(&self) -> usize {
        self.binds.len()
    }

    /// How many words there are in all.
    #[inline]
    pub(crate) fn words(&self) -> usize {
        self.binds.len() + self.params.len()
    }

    /// Whether extents which must agree do.
    #[inline]
    pub(crate) fn agree(&self, extents: &[usize]) -> bool {
        self.checks.iter().all(|check| match *check {
            Agree::Same(found, first) => extents[found] == extents[first],
            Agree::Literal(found, wanted) => extents[found] == wanted,
            Agree::Never => false,
        })
    }

    /// Writes the values of dimensions.
    #[inline]
    pub(crate) fn dimensions(&self, extents: &[usize], words: &mut [u64]) {
        for (word, bind) in words.iter_mut().zip(&self.binds) {
            // Only an empty array can have an extent beyond the range of `i64`.
            *word = bind.map_or(0, |at| (extents[at] as u64).min(i64::MAX as u64));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_have_one_form() {
        let types = [ScalarType::F64, ScalarType::F32, ScalarType::I64, ScalarType::Bool];
        let array = |ty| {
            let of_rank = move |rank| [Form::array(ty, rank, Passing::ByValue), Form::array(ty, rank, Passing::Mut)];
            (0..5).flat_map(of_rank)
        };
        let mut forms: Vec<Form> = types.into_iter().flat_map(|ty| array(ty).chain([Form::scalar(ty)])).collect();
        forms.push(Form::TAPE);
        for (i, form) in forms.iter().enumerate() {
            assert!(!forms[..i].contains(form), "{form:?}");
        }
        assert_eq!(forms.iter().filter(|form| form.is_written()).count(), 4 * 5);
    }
}
