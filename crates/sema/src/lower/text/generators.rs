//! Generators, written out as loops.
//!
//! In: a generator. Out: loops that update a numbered value, or store into a numbered array at numbered positions.
//!
//! ```text
//! sum(x[i] for i in 0..n)          %1 = 0.0
//!                                  for i in 0..n
//!                                    %2 = x[i]
//!                                    %1 = %1 + %2
//! ```

use super::{Text, To, literal, reduction_name};
use crate::typed::*;
use adit_ir::Const;

impl Text<'_> {
    /// A reduction as a loop over an accumulator.
    pub(super) fn reduce(&mut self, op: Reduction, generator: &Generator) -> String {
        let is_float = matches!(generator.element.ty, Ty::Scalar(s) if s.is_float());
        let number = |x: f64, i: i64| literal(if is_float { Const::F64(x) } else { Const::I64(i) });
        let (first, update): (String, fn(&str, &str) -> String) = match op {
            Reduction::Sum => (number(0.0, 0), |acc, x| format!("{acc} + {x}")),
            Reduction::Prod => (number(1.0, 1), |acc, x| format!("{acc} * {x}")),
            Reduction::Max => (number(f64::NEG_INFINITY, i64::MIN), |acc, x| format!("max({acc}, {x})")),
            Reduction::Min => (number(f64::INFINITY, i64::MAX), |acc, x| format!("min({acc}, {x})")),
            Reduction::Any => ("false".into(), |acc, x| format!("{acc} | {x}")),
            Reduction::All => ("true".into(), |acc, x| format!("{acc} & {x}")),
            Reduction::LogSumExp => (number(f64::NEG_INFINITY, 0), |acc, x| format!("logaddexp({acc}, {x})")),
            Reduction::Mean | Reduction::ArgMax | Reduction::ArgMin | Reduction::Norm => {
                let elements = self.collected(generator);
                return format!("{}({elements})", reduction_name(op));
            }
        };
        let acc = self.named(first);
        self.loops(&generator.loops, &mut |this| {
            let x = this.atom(&generator.element);
            let line = format!("{acc} = {}", update(&acc, &x));
            this.line(&line);
        });
        acc
    }

    /// The elements, one after the other, of a reduction that has no simple update.
    fn collected(&mut self, generator: &Generator) -> String {
        let list = self.named("[]".into());
        self.loops(&generator.loops, &mut |this| {
            let x = this.atom(&generator.element);
            let line = format!("push {list}, {x}");
            this.line(&line);
        });
        list
    }

    /// A comprehension as storage and loops that fill it.
    pub(super) fn comprehension(&mut self, generator: &Generator) -> String {
        let mut positions = Vec::new();
        let mut extents = Vec::new();
        let mut first = String::new();
        for (i, l) in generator.loops.iter().enumerate() {
            let range = self.range(&l.range);
            if i == 0 {
                first = range.clone();
            }
            let plain = range.strip_prefix("0..").filter(|hi| !hi.starts_with('=') && !hi.contains(' '));
            let name = self.local(l.var).to_owned();
            positions.push(if plain.is_some() { name } else { format!("position({name})") });
            extents.push(plain.map_or_else(|| format!("count({range})"), str::to_owned));
        }
        let array = self.named(format!("zeros({})", extents.join(", ")));
        let rest = match &generator.element.ty {
            Ty::Array { dims, .. } => ", ..".repeat(dims.len()),
            Ty::Scalar(_) | Ty::Struct { .. } | Ty::Tuple(_) | Ty::Fn(_) | Ty::Never => String::new(),
        };
        let place = format!("{array}[{}{rest}]", positions.join(", "));
        let ranges = vec![first];
        self.loops_over(&generator.loops, &ranges, &mut |this| {
            this.value(&generator.element, &To::Name(place.clone()));
        });
        array
    }

    fn loops(&mut self, loops: &[GeneratorLoop], body: &mut dyn FnMut(&mut Self)) {
        self.loops_over(loops, &[], body);
    }

    /// Loops of which the first ranges have been written already.
    fn loops_over(&mut self, loops: &[GeneratorLoop], known: &[String], body: &mut dyn FnMut(&mut Self)) {
        let Some((first, rest)) = loops.split_first() else {
            body(self);
            return;
        };
        let range = known.first().cloned().unwrap_or_else(|| self.range(&first.range));
        let head = format!("for {} in {range}", self.local(first.var));
        self.line(&head);
        self.indented(|this| this.loops_over(rest, known.get(1..).unwrap_or_default(), body));
    }
}
