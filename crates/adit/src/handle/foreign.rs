//! Arrays of other libraries, each behind a feature of its name.
//!
//! In: arrays of `ndarray`, `nalgebra`, `faer`. Out: the same, as [`Leaves`]: a matrix of m rows and n columns is an `[f64; m, n]`, whatever its order in memory. What lies row by row goes as it is; what does not,
//! such as every matrix of `nalgebra` and `faer`, is copied by way of the workspace.
//!
//! | Rust | language |
//! |---|---|
//! | `ndarray::Array`, `ArrayView`, `ArrayViewMut` | an array of as many dimensions |
//! | `nalgebra` column vectors; `faer::Col` | an array of one dimension |
//! | other matrices of `nalgebra`; `faer::Mat` | an array of two |

use super::leaves::Leaves;
use super::memory::Number;
use super::pass::Pass;
use super::take::Take;

#[cfg(feature = "ndarray")]
mod nd {
    use super::{Leaves, Number, Pass, Take};
    use ndarray::{Array, ArrayBase, ArrayView, ArrayViewMut, Data, DataMut, Dimension};
    use smallvec::SmallVec;

    fn read_from<'a, T: Number, S: Data<Elem = T>, D: Dimension>(x: &'a ArrayBase<S, D>, to: &mut Pass<'a>) {
        match x.as_slice() {
            Some(elements) => to.array(x.shape(), elements),
            None => copied(x, to, false),
        }
    }

    fn copied<T: Number, S: Data<Elem = T>, D: Dimension>(x: &ArrayBase<S, D>, to: &mut Pass<'_>, written: bool) {
        let elements = std::cell::RefCell::new(x.iter());
        to.elements(x.shape(), written, |_| elements.borrow_mut().next().copied().unwrap_or_default());
    }

    fn lend<'a, T: Number, S: DataMut<Elem = T>, D: Dimension>(x: &'a mut ArrayBase<S, D>, to: &mut Pass<'a>) {
        let dims: SmallVec<[usize; 4]> = x.shape().into();
        if !x.is_standard_layout() {
            return copied(x, to, true);
        }
        if let Some(elements) = x.as_slice_mut() {
            to.array_mut(&dims, elements);
        }
    }

    fn take_into<T: Number, S: DataMut<Elem = T>, D: Dimension>(x: &mut ArrayBase<S, D>, from: &mut Take<'_>) {
        match x.as_slice_mut() {
            Some(elements) => from.array(elements),
            None => {
                let n = x.len();
                let mut elements = x.iter_mut();
                from.elements(n, |_, new: T| elements.next().into_iter().for_each(|x| *x = new));
            }
        }
    }

    /// Resizes itself where the extents are known.
    impl<T: Number, D: Dimension> Leaves for Array<T, D> {
        fn read<'a>(&'a self, to: &mut Pass<'a>) {
            read_from(self, to);
        }

        fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
            let wanted = to.wanted().filter(|dims| dims.len() == self.ndim() && dims[..] != *self.shape());
            if let Some(dims) = wanted {
                let mut shape = D::zeros(dims.len());
                shape.slice_mut().copy_from_slice(&dims);
                *self = Array::from_elem(shape, T::default());
            }
            lend(self, to);
        }

        fn take(&mut self, from: &mut Take<'_>) {
            take_into(self, from);
        }
    }

    impl<T: Number, D: Dimension> Leaves for ArrayViewMut<'_, T, D> {
        fn read<'a>(&'a self, to: &mut Pass<'a>) {
            read_from(self, to);
        }

        fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
            lend(self, to);
        }

        fn take(&mut self, from: &mut Take<'_>) {
            take_into(self, from);
        }
    }

    /// To be passed by `&`: nothing can be written to it.
    impl<T: Number, D: Dimension> Leaves for ArrayView<'_, T, D> {
        fn read<'a>(&'a self, to: &mut Pass<'a>) {
            read_from(self, to);
        }

        fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
            to.unwritable();
        }

        fn take(&mut self, from: &mut Take<'_>) {
            from.array::<T>(&mut []);
        }
    }
}

#[cfg(feature = "nalgebra")]
mod na {
    use super::{Leaves, Number, Pass, Take};
    use nalgebra::{Dim, Matrix, RawStorage, RawStorageMut, Scalar};

    /// Types of one column are arrays of one dimension.
    impl<T: Number + Scalar, R: Dim, C: Dim, S: RawStorageMut<T, R, C>> Leaves for Matrix<T, R, C, S> {
        fn read<'a>(&'a self, to: &mut Pass<'a>) {
            pass(self, to, false);
        }

        fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
            pass(self, to, true);
        }

        fn take(&mut self, from: &mut Take<'_>) {
            let columns = self.ncols();
            from.elements(self.len(), |i, x: T| self[(i / columns, i % columns)] = x);
        }
    }

    fn pass<T: Number + Scalar, R: Dim, C: Dim, S: RawStorage<T, R, C>>(
        x: &Matrix<T, R, C, S>,
        to: &mut Pass<'_>,
        written: bool,
    ) {
        let (rows, columns) = x.shape();
        let rank = if C::try_to_usize() == Some(1) { 1 } else { 2 };
        to.elements(&[rows, columns][..rank], written, |i| x[(i / columns, i % columns)]);
    }
}

#[cfg(feature = "faer")]
mod fa {
    use super::{Leaves, Number, Pass, Take};
    use faer::{Col, Mat};

    impl<T: Number> Leaves for Col<T> {
        fn read<'a>(&'a self, to: &mut Pass<'a>) {
            to.elements(&[self.nrows()], false, |i| self[i]);
        }

        fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
            to.elements(&[self.nrows()], true, |i| self[i]);
        }

        fn take(&mut self, from: &mut Take<'_>) {
            from.elements(self.nrows(), |i, x| self[i] = x);
        }
    }

    impl<T: Number> Leaves for Mat<T> {
        fn read<'a>(&'a self, to: &mut Pass<'a>) {
            let columns = self.ncols();
            to.elements(&[self.nrows(), columns], false, |i| self[(i / columns, i % columns)]);
        }

        fn write<'a>(&'a mut self, to: &mut Pass<'a>) {
            let columns = self.ncols();
            to.elements(&[self.nrows(), columns], true, |i| self[(i / columns, i % columns)]);
        }

        fn take(&mut self, from: &mut Take<'_>) {
            let columns = self.ncols();
            from.elements(self.nrows() * columns, |i, x| self[(i / columns, i % columns)] = x);
        }
    }
}
