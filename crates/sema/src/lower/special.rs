//! Functions that take functions, made for the functions that they are given.
//!
//! In: a function of the program, and for each of its parameters that is a function which one it is: its [`Shape`]. Out: a function of the IR, made once for each combination. What lambdas capture is passed as
//! leading parameters; which code runs is decided here, so no function is a value when the program runs.
//!
//! ```text
//! fn apply(f: fn(f64) -> f64, x: f64) -> f64 { f(x) }        func @"apply[main.|t|]"(v0: f64, v1: f64) -> f64 {
//! fn main(c: f64) -> f64 { apply(|t| t * c, 2.0) }             v2 = call @"main.|t|"(v0, v1)
//!                                                              return v2
//!                                                            }
//! ```
//!
//! A program that would need functions without end (one that calls itself with a lambda around the function it was given) is refused by limits.

use crate::layout::Layout;
use crate::typed::*;
use adit_ir::FuncId;
use rustc_hash::FxHashMap;

/// How deep functions may capture functions.
const MAX_DEPTH: u32 = 64;
/// How many captured functions there may be in one function, captures of captures included.
const MAX_NODES: u32 = 4096;
/// How many functions may be made.
const MAX_SPECIALS: usize = 10_000;
/// How many bytes of source text may be lowered for them.
const MAX_TEXT: usize = 16 << 20;

/// A function that is known: a position in [`Specials::shapes`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct ShapeId(u32);

/// Which function a function value is, without what it captured.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Shape {
    /// A function of the program that captures nothing.
    Named(FnId),
    /// A lambda.
    Lambda {
        /// The function that it is written in.
        owner: FnId,
        /// Which there.
        lambda: LambdaId,
        /// For what types, if that was said.
        instance: Option<FnId>,
        /// The functions among its captures, in order.
        functions: Vec<ShapeId>,
    },
}

/// How large a shape is.
#[derive(Clone, Copy, Debug)]
struct Size {
    depth: u32,
    nodes: u32,
}

/// A function that is to be made.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    pub(super) def: FnId,
    /// One for each parameter that is a function.
    pub(super) functions: Vec<ShapeId>,
}

/// Functions that were asked for, and the shapes they are made for.
#[derive(Debug, Default)]
pub(super) struct Specials {
    shapes: Vec<(Shape, Size)>,
    by_shape: FxHashMap<Shape, ShapeId>,
    ids: FxHashMap<Key, FuncId>,
    /// In the order of their ids.
    pub(super) asked: Vec<Key>,
    first: usize,
    text: usize,
}

/// Why a function can't be made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endless {
    /// Functions capture functions too deeply.
    Shape,
    /// There are too many.
    Count,
}

impl Specials {
    /// No functions yet; the first gets this number.
    pub(super) fn new(first: usize) -> Specials {
        Specials { first, ..Specials::default() }
    }

    pub(super) fn shape(&self, id: ShapeId) -> &Shape {
        &self.shapes[id.0 as usize].0
    }

    /// The number of a shape.
    pub(super) fn intern(&mut self, shape: Shape) -> Result<ShapeId, Endless> {
        if let Some(&id) = self.by_shape.get(&shape) {
            return Ok(id);
        }
        let inner: &[ShapeId] = match &shape {
            Shape::Named(_) => &[],
            Shape::Lambda { functions, .. } => functions,
        };
        let mut size = Size { depth: 1, nodes: 1 };
        for id in inner {
            let of = self.shapes[id.0 as usize].1;
            size = Size { depth: size.depth.max(of.depth + 1), nodes: size.nodes.saturating_add(of.nodes) };
        }
        if size.depth > MAX_DEPTH || size.nodes > MAX_NODES {
            return Err(Endless::Shape);
        }
        let id = ShapeId(self.shapes.len() as u32);
        self.shapes.push((shape.clone(), size));
        self.by_shape.insert(shape, id);
        Ok(id)
    }

    /// The function made for these functions.
    pub(super) fn ask(&mut self, program: &Program, key: Key) -> Result<FuncId, Endless> {
        if let Some(&id) = self.ids.get(&key) {
            return Ok(id);
        }
        let span = program.functions[key.def.0 as usize].body.span;
        self.text += (span.end - span.start) as usize;
        if self.asked.len() >= MAX_SPECIALS || self.text > MAX_TEXT {
            return Err(Endless::Count);
        }
        let id = FuncId::new(self.first + self.asked.len());
        self.asked.push(key.clone());
        self.ids.insert(key, id);
        Ok(id)
    }

    /// What a function that was made is called: `apply[main.|t|]`.
    pub(super) fn name(&self, program: &Program, key: &Key) -> String {
        let functions: Vec<String> = key.functions.iter().map(|id| self.shape_name(program, *id, 0)).collect();
        format!("{}[{}]", program.functions[key.def.0 as usize].name, functions.join(", "))
    }

    fn shape_name(&self, program: &Program, id: ShapeId, depth: u32) -> String {
        let named = |id: FnId| program.functions[id.0 as usize].name.to_string();
        match self.shape(id) {
            Shape::Named(id) => named(*id),
            Shape::Lambda { owner, lambda, instance, functions } => {
                let name = instance.map_or_else(|| format!("{}.|{}|", named(*owner), lambda.0), named);
                if functions.is_empty() {
                    return name;
                }
                if depth >= 2 {
                    return format!("{name}[…]");
                }
                let inner: Vec<String> = functions.iter().map(|id| self.shape_name(program, *id, depth + 1)).collect();
                format!("{name}[{}]", inner.join(", "))
            }
        }
    }
}

/// What the lowering of a function that takes functions must know.
#[derive(Clone, Debug)]
pub(super) struct Special {
    pub(super) name: String,
    pub(super) key: Key,
}

/// A function that is to be lowered.
#[derive(Clone, Debug)]
pub(super) struct Task<'p> {
    pub(super) id: FnId,
    pub(super) def: &'p FnDef,
    pub(super) layout: &'p Layout,
    /// Which functions it is given, if it takes any.
    pub(super) special: Option<Special>,
}
