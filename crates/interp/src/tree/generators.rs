//! Generators: comprehensions, and reductions over loops.
//!
//! In: loops and an element. Out: an array, or the elements folded from left to right, the innermost loop fastest.

use super::arrays::{Fold, checked_size};
use super::elementwise::{element_type, mismatch};
use super::number::{Array, Number, Value};
use super::stmts::Indices;
use super::{Eval, Machine};
use adit_sema::typed::{Expr, Generator, LocalId, Reduction, Ty};

/// What a comprehension has made so far.
struct Made {
    /// The trip counts of its loops, as soon as they are known.
    counts: Vec<Option<usize>>,
    /// The extents of one element; none for scalars, and before the first.
    inner: Option<Vec<usize>>,
    elements: Vec<Number>,
}

impl<'p> Machine<'p, '_> {
    pub(super) fn reduce_generator(&mut self, e: &'p Expr, op: Reduction, generator: &'p Generator) -> Eval<Value> {
        let mut fold = Fold::new(op, element_type(&e.ty));
        if depends(generator) {
            fold.take_in_turn();
        }
        self.each(generator, 0, &mut |machine| {
            let element = machine.expr(&generator.element)?.scalar();
            fold.take(element);
            Ok(())
        })?;
        Ok(Value::Scalar(fold.result(e.span)?))
    }

    /// Runs the loops from `depth` inwards, with `visit` for each element.
    fn each(
        &mut self,
        generator: &'p Generator,
        depth: usize,
        visit: &mut dyn FnMut(&mut Self) -> Eval<()>,
    ) -> Eval<()> {
        let Some(level) = generator.loops.get(depth) else {
            return visit(self);
        };
        let indices = self.range(&level.range)?;
        for k in 0..indices.count {
            self.step(level.range.span)?;
            self.set(level.var, indices.at(k).into());
            self.each(generator, depth + 1, visit)?;
        }
        Ok(())
    }

    pub(super) fn comprehension(&mut self, e: &'p Expr, generator: &'p Generator) -> Eval<Value> {
        let mut made = Made { counts: vec![None; generator.loops.len()], inner: None, elements: Vec::new() };
        self.fill(e, generator, 0, &mut made)?;
        let inner = match made.inner {
            Some(inner) => inner,
            None => self.inner_extents(e, generator),
        };
        let dims: Vec<usize> = made.counts.iter().map(|c| c.unwrap_or(0)).chain(inner).collect();
        Ok(Value::Array(Array { element: element_type(&e.ty), dims, elements: made.elements.into() }))
    }

    fn fill(&mut self, e: &'p Expr, generator: &'p Generator, depth: usize, made: &mut Made) -> Eval<()> {
        let Some(level) = generator.loops.get(depth) else {
            return self.element(e, generator, made);
        };
        let indices = self.range(&level.range)?;
        let count = self.trips(e, indices)?;
        match made.counts[depth].replace(count) {
            Some(before) if before != count => return Err(mismatch(before, count, level.range.span).into()),
            Some(_) | None => {}
        }
        if count == 0 {
            self.empty_levels(e, generator, depth + 1, made)?;
        }
        for k in 0..indices.count {
            self.step(level.range.span)?;
            self.set(level.var, indices.at(k).into());
            self.fill(e, generator, depth + 1, made)?;
        }
        Ok(())
    }

    /// The trip counts of loops inside one that is empty, where their bounds don't need its index.
    fn empty_levels(&mut self, e: &'p Expr, generator: &'p Generator, from: usize, made: &mut Made) -> Eval<()> {
        let outer: Vec<LocalId> = generator.loops.iter().map(|level| level.var).collect();
        for depth in from..generator.loops.len() {
            let range = &generator.loops[depth].range;
            let bounds = [Some(&range.lo), Some(&range.hi), range.step.as_ref()];
            if made.counts[depth].is_none() && !bounds.into_iter().flatten().any(|b| super::arrays::mentions(b, &outer))
            {
                let indices = self.range(range)?;
                made.counts[depth] = Some(self.trips(e, indices)?);
            }
        }
        Ok(())
    }

    fn trips(&self, e: &Expr, indices: Indices) -> Eval<usize> {
        let count = i64::try_from(indices.count).unwrap_or(i64::MAX);
        Ok(checked_size(&self.limits, element_type(&e.ty), &[count], e.span)?)
    }

    fn element(&mut self, e: &'p Expr, generator: &'p Generator, made: &mut Made) -> Eval<()> {
        match self.expr(&generator.element)? {
            Value::Scalar(s) => {
                made.inner = Some(Vec::new());
                made.elements.push(s);
            }
            Value::Array(a) => {
                if let Some(inner) = &made.inner {
                    super::elementwise::same_dims(inner, &a.dims, generator.element.span)?;
                }
                made.elements.extend(a.elements.iter().cloned());
                made.inner = Some(a.dims);
            }
            Value::Tuple(_) | Value::Function(_) => panic!("a comprehension has numbers or arrays for elements"),
        }
        let size = [i64::try_from(made.elements.len()).unwrap_or(i64::MAX)];
        checked_size(&self.limits, element_type(&e.ty), &size, e.span)?;
        Ok(())
    }

    /// The extents of the elements of an empty comprehension, as far as types know them.
    fn inner_extents(&self, e: &Expr, generator: &Generator) -> Vec<usize> {
        let Ty::Array { dims, .. } = &e.ty else { return Vec::new() };
        let inner = dims.iter().skip(generator.loops.len());
        inner.map(|dim| self.extent(dim, &[]).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)).collect()
    }
}

/// Whether the bounds of a loop need the index of one outside it: the elements are then not counted before they come.
fn depends(generator: &Generator) -> bool {
    let vars: Vec<LocalId> = generator.loops.iter().map(|level| level.var).collect();
    generator.loops.iter().any(|level| {
        let bounds = [Some(&level.range.lo), Some(&level.range.hi), level.range.step.as_ref()];
        bounds.into_iter().flatten().any(|b| super::arrays::mentions(b, &vars))
    })
}
