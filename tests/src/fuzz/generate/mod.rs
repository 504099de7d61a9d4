//! Random programs of the language, well typed by construction.
//!
//! In: a seed and a number. Out: a [`Case`]: source text as a [`Node`], a function of it, sizes and arguments. The same pair gives the same case for ever.
//!
//! Every value is kept tame: functions get operands inside their domains, updates in loops are damped, subscripts are in range by construction; and each rule is broken now
//! and then, so that NaNs, infinities and run-time errors are met too. Programs end: counted loops have small bounds, `while` loops count their rounds.
//!
//! [`Flavour`]s give shapes that one generator alone would seldom make: few variables that feed each other around loops, and memory cells that are read, used and overwritten.

mod arrays;
mod calls;
mod derivatives;
mod floats;
mod functions;
pub mod inputs;
mod ints;
mod lambdas;
mod lending;
mod loops;
mod odd;
mod recursions;
mod rules;
mod scope;
mod singles;
mod stmts;
mod sweeps;

pub use inputs::Arg;

use super::features::{Feature, Features};
use super::node::Node;
use super::rng::Rng;
use super::types::{Sizes, Struct, Ty};
use crate::pieces;
use functions::Signature;
use scope::Var;

/// What sort of programs to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flavour {
    /// Everything.
    Mixed,
    /// Two or three scalars that feed each other, and little else that a loop would carry.
    Minimal,
    /// Small arrays that are read, used and overwritten at the same places.
    Memory,
}

/// A parameter of the function to be tested.
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// Whether it is `&mut`.
    pub lent: bool,
    /// For an array of integers that serves as indices: the dimension they stay below.
    pub below: Option<super::types::Dim>,
}

/// A program, one of its functions, and arguments for it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The whole program.
    pub program: Node,
    /// Its structs, by the numbers in types.
    pub structs: Vec<Struct>,
    /// The parameters of `main`.
    pub params: Vec<Param>,
    /// The values of dimension names.
    pub sizes: Sizes,
    /// The arguments of `main`.
    pub args: Vec<Arg>,
    /// What the program contains.
    pub features: Features,
}

/// The name of the function to be tested.
pub const MAIN: &str = "main";

/// The case of this number in the sequence of a seed.
pub fn case(seed: u64, number: u64) -> Case {
    let mut rng = Rng::new(seed, number);
    let flavour = *rng.pick(&[Flavour::Mixed, Flavour::Mixed, Flavour::Mixed, Flavour::Minimal, Flavour::Memory]);
    let mut writer = Writer::new(rng, flavour);
    let params = writer.program();
    let Writer { mut rng, structs, items, features, .. } = writer;
    let sizes = inputs::sizes(&mut rng);
    let args = params.iter().map(|p| inputs::arg(&mut rng, p, &structs, &sizes)).collect();
    let program = Node::group(items.into_iter().flat_map(|item| pieces![item, "\n"]).collect());
    Case { program, structs, params, sizes, args, features }
}

/// What writes a program.
struct Writer {
    rng: Rng,
    flavour: Flavour,
    structs: Vec<Struct>,
    functions: Vec<Signature>,
    items: Vec<Node>,
    features: Features,
    /// How many names were made.
    names: usize,
    /// Variables in scope, innermost last.
    scope: Vec<Var>,
    /// What the function under way returns; none for nothing.
    result: Option<Ty>,
    /// How many loops are around.
    loops: usize,
    /// Whether statements are written whose `break` would leave a loop of theirs.
    breakable: bool,
    /// How many more nodes the function under way may have.
    budget: i64,
    /// How deep statements are nested.
    depth: usize,
    /// Whether there are numbers of 32 bits in this program.
    singles: bool,
    /// Whether functions are values in this program.
    lambdas: bool,
    /// How many derivatives may stand inside one another in what is being written.
    allowed: usize,
    /// How many do, so far.
    order: usize,
    /// How many derivatives stand around what is being written.
    differentiating: usize,
    /// Whether the function under way calls itself.
    recursing: bool,
    /// Of a hundred loops, how many have a checkpoint.
    checkpoints: u64,
    /// How many loops with a checkpoint are around.
    checkpointed: usize,
    /// Whether the next loop has a checkpoint.
    kept: bool,
    /// How many calls' arguments are being written: nothing is lent inside.
    arguments: usize,
}

impl Writer {
    fn new(rng: Rng, flavour: Flavour) -> Self {
        Writer {
            rng,
            flavour,
            structs: Vec::new(),
            functions: Vec::new(),
            items: Vec::new(),
            features: Features::default(),
            names: 0,
            scope: Vec::new(),
            result: None,
            loops: 0,
            breakable: false,
            budget: 0,
            depth: 0,
            singles: false,
            lambdas: false,
            allowed: 0,
            order: 0,
            differentiating: 0,
            recursing: false,
            checkpoints: 0,
            checkpointed: 0,
            kept: false,
            arguments: 0,
        }
    }

    fn note(&mut self, feature: Feature) {
        self.features.note(feature);
    }

    /// A name that was not used before.
    fn fresh(&mut self, prefix: &str) -> String {
        loop {
            self.names += 1;
            let name = format!("{prefix}{}", self.names);
            // A variable of that name would hide the conversion.
            if !["i64", "f64", "f32"].contains(&name.as_str()) {
                return name;
            }
        }
    }

    /// An expression of any type.
    fn value(&mut self, ty: &Ty, depth: usize) -> Node {
        match ty {
            Ty::F64 => self.float(depth),
            Ty::F32 => self.single(depth),
            Ty::I64 => self.int(depth),
            Ty::Bool => self.boolean(depth),
            Ty::Array(element, dims) if **element == Ty::F32 => self.singles(dims, depth),
            Ty::Array(element, dims) => self.array(element, dims, depth),
            Ty::Struct(id, dims) => self.structure(*id, dims, depth),
            Ty::Tuple(items) => self.tuple(items, depth),
            Ty::Fn(params, result) => self.function_value(params, result, depth),
        }
    }

    /// Whether a choice that costs much should rather not be made.
    fn poor(&mut self, depth: usize) -> bool {
        self.budget -= 1;
        depth == 0 || self.budget <= 0
    }

    fn structure(&mut self, id: usize, dims: &[super::types::Dim], depth: usize) -> Node {
        let ty = Ty::Struct(id, dims.to_vec());
        self.note(Feature::Struct);
        if !dims.is_empty() {
            self.note(Feature::StructWithDims);
        }
        if let Some(path) = self.path_of(&ty)
            && self.rng.percent(60)
        {
            return Node::expr(&ty, pieces![path.text]);
        }
        let fields = self.structs[id].fields_of(dims);
        let mut pieces = pieces![format!("{} {{ ", self.structs[id].name)];
        for (i, (name, ty)) in fields.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            pieces.extend(pieces![format!("{comma}{name}: "), self.value(ty, depth.saturating_sub(1))]);
        }
        pieces.extend(pieces![" }"]);
        Node::expr(&ty, pieces)
    }

    fn tuple(&mut self, items: &[Ty], depth: usize) -> Node {
        let ty = Ty::Tuple(items.to_vec());
        self.note(Feature::Tuple);
        if let Some(path) = self.path_of(&ty)
            && self.rng.percent(40)
        {
            return Node::expr(&ty, pieces![path.text]);
        }
        let mut pieces = pieces!["("];
        for (i, item) in items.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            pieces.extend(pieces![comma, self.value(item, depth.saturating_sub(1))]);
        }
        pieces.extend(pieces![")"]);
        Node::expr(&ty, pieces)
    }
}
