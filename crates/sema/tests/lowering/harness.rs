//! Runs source text through the lowering.

use adit_diag::FileId;
use adit_interp::{ir, tree};
use adit_ir::{Argument, Elements, ElementsMut, Limits, Module, Passing, Scalar, ScalarType};
use adit_sema::layout::{Given, Layout, ResultLeaf};
use adit_sema::typed::{FnId, Program, Ty};

/// An argument or a result.
#[derive(Clone, PartialEq, Debug)]
pub enum V {
    F(f64),
    S(f32),
    I(i64),
    B(bool),
    A(Vec<usize>, Vec<Scalar>),
    T(Vec<V>),
}

/// A vector of floats.
pub fn vec(x: &[f64]) -> V {
    V::A(vec![x.len()], x.iter().map(|&x| Scalar::F64(x)).collect())
}

/// A vector of integers.
pub fn ints(x: &[i64]) -> V {
    V::A(vec![x.len()], x.iter().map(|&x| Scalar::I64(x)).collect())
}

/// A matrix of floats, row major.
pub fn mat(rows: usize, x: &[f64]) -> V {
    V::A(vec![rows, x.len() / rows], x.iter().map(|&x| Scalar::F64(x)).collect())
}

pub fn program(source: &str) -> Program {
    let parsed = adit_syntax::parse(FileId(0), source);
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let checked = adit_sema::check::check(&parsed.file);
    assert!(checked.diagnostics.is_empty(), "{:#?}", checked.diagnostics);
    checked.program.expect("no diagnostics")
}

/// The program, if there is nothing wrong with it.
pub fn checked(source: &str) -> Option<Program> {
    let parsed = adit_syntax::parse(FileId(0), source);
    assert!(parsed.diagnostics.is_empty(), "{:?}\n{source}", parsed.diagnostics);
    let checked = adit_sema::check::check(&parsed.file);
    if std::env::var("ADIT_LOWERING_SHOW").is_ok() && checked.program.is_none() {
        println!("{:?}\n{source}", checked.diagnostics);
    }
    checked.program
}

pub fn lower(program: &Program) -> Module {
    let module = match adit_sema::lower::lower(program) {
        Ok(module) => module,
        Err(errors) => panic!("{errors:#?}"),
    };
    if let Err(violations) = adit_ir::verify(&module) {
        panic!("{:?}\n{}", violations, adit_ir::print_module(&module));
    }
    module
}

pub fn text(source: &str) -> String {
    adit_ir::print_module(&lower(&program(source)))
}

/// Owned memory of one IR argument.
enum Slot {
    Scalar(Scalar),
    Array { dims: Vec<usize>, elements: Store, passing: Passing },
}

enum Store {
    F(Vec<f64>),
    S(Vec<f32>),
    I(Vec<i64>),
    B(Vec<bool>),
}

impl Store {
    fn new(ty: ScalarType, elements: &[Scalar]) -> Store {
        match ty {
            ScalarType::F64 => {
                Store::F(elements.iter().map(|s| if let Scalar::F64(x) = s { *x } else { panic!() }).collect())
            }
            ScalarType::F32 => {
                Store::S(elements.iter().map(|s| if let Scalar::F32(x) = s { *x } else { panic!() }).collect())
            }
            ScalarType::I64 => {
                Store::I(elements.iter().map(|s| if let Scalar::I64(x) = s { *x } else { panic!() }).collect())
            }
            ScalarType::Bool => {
                Store::B(elements.iter().map(|s| if let Scalar::Bool(x) = s { *x } else { panic!() }).collect())
            }
        }
    }

    fn scalars(&self) -> Vec<Scalar> {
        match self {
            Store::F(x) => x.iter().map(|&x| Scalar::F64(x)).collect(),
            Store::S(x) => x.iter().map(|&x| Scalar::F32(x)).collect(),
            Store::I(x) => x.iter().map(|&x| Scalar::I64(x)).collect(),
            Store::B(x) => x.iter().map(|&x| Scalar::Bool(x)).collect(),
        }
    }
}

impl Slot {
    fn argument(&mut self) -> Argument<'_> {
        match self {
            Slot::Scalar(s) => Argument::Scalar(*s),
            Slot::Array { dims, elements, passing: Passing::ByValue } => {
                let elements = match elements {
                    Store::F(x) => Elements::F64(x),
                    Store::S(x) => Elements::F32(x),
                    Store::I(x) => Elements::I64(x),
                    Store::B(x) => Elements::Bool(x),
                };
                Argument::Array { dims, elements }
            }
            Slot::Array { dims, elements, passing: Passing::Mut } => {
                let elements = match elements {
                    Store::F(x) => ElementsMut::F64(x),
                    Store::S(x) => ElementsMut::F32(x),
                    Store::I(x) => ElementsMut::I64(x),
                    Store::B(x) => ElementsMut::Bool(x),
                };
                Argument::ArrayMut { dims, elements }
            }
        }
    }

    fn value(&self) -> V {
        match self {
            Slot::Scalar(s) => scalar(*s),
            Slot::Array { dims, elements, .. } => V::A(dims.clone(), elements.scalars()),
        }
    }
}

fn scalar(s: Scalar) -> V {
    match s {
        Scalar::F64(x) => V::F(x),
        Scalar::F32(x) => V::S(x),
        Scalar::I64(x) => V::I(x),
        Scalar::Bool(x) => V::B(x),
    }
}

fn flatten(v: &V, out: &mut Vec<V>) {
    match v {
        V::T(items) => items.iter().for_each(|v| flatten(v, out)),
        V::F(_) | V::S(_) | V::I(_) | V::B(_) | V::A(..) => out.push(v.clone()),
    }
}

/// Nests leaves as the type says.
fn rebuild(program: &Program, ty: &Ty, leaves: &mut dyn Iterator<Item = V>) -> V {
    match ty {
        Ty::Scalar(_) | Ty::Array { .. } => leaves.next().unwrap(),
        Ty::Tuple(items) => V::T(items.iter().map(|t| rebuild(program, t, leaves)).collect()),
        Ty::Struct { id, .. } => {
            let fields = &program.structs[id.0 as usize].fields;
            V::T(fields.iter().map(|f| rebuild(program, &f.ty, leaves)).collect())
        }
        Ty::Fn(_) | Ty::Never => V::T(vec![]),
    }
}

/// What a run of a function gives: the value, the last values of lent parameters, what was printed.
pub struct Ran {
    pub value: V,
    pub finals: Vec<V>,
    pub printed: Vec<String>,
}

pub fn run_program(program: &Program, name: &str, args: &[V]) -> Result<Ran, (String, Vec<String>)> {
    let module = lower(program);
    let id = program.functions.iter().position(|f| &*f.name == name).expect("the function exists");
    let layout = Layout::of(program, FnId(id as u32)).unwrap();
    let mut leaves = Vec::new();
    args.iter().for_each(|v| flatten(v, &mut leaves));
    assert_eq!(leaves.len(), layout.params.len(), "as many leaves as parameters");
    let mut slots = arguments(&layout, &leaves);
    let mut printed = Vec::new();
    let mut arguments: Vec<Argument<'_>> = slots.iter_mut().map(Slot::argument).collect();
    let function = module.find(name).expect("it was lowered");
    let limits = Limits { steps: Some(1_000_000), depth: 200, ..Limits::default() };
    let results = ir::run(&module, function, &mut arguments, &limits, &mut |line| printed.push(line.to_owned()));
    drop(arguments);
    let results = match results {
        Ok(results) => results,
        Err(e) => return Err((format!("{} at {}..{}: {e}", e.trap.code(), e.span.start, e.span.end), printed)),
    };
    let def = &program.functions[id];
    let mut values = layout.result_leaves.iter().map(|leaf| match *leaf {
        ResultLeaf::Scalar(i) => scalar(results[i]),
        ResultLeaf::Array(i) => slots[layout.ir_destination(i)].value(),
    });
    let value = rebuild(program, &def.result, &mut values);
    let mut lasts: Vec<V> =
        slots[layout.explicit..layout.explicit + layout.params.len()].iter().map(Slot::value).collect();
    for (k, &i) in layout.finals.iter().enumerate() {
        lasts[i] = scalar(results[layout.results.len() + k]);
    }
    let mut finals = Vec::new();
    for (i, param) in def.params.iter().enumerate().filter(|(_, p)| p.lent) {
        let mut leaves = lasts[layout.leaves_of_param(i)].iter().cloned();
        finals.push(rebuild(program, &def.locals[param.local.0 as usize].ty, &mut leaves));
    }
    Ok(Ran { value, finals, printed })
}

fn arguments(layout: &Layout, leaves: &[V]) -> Vec<Slot> {
    let shape = |v: &V| match v {
        V::A(dims, _) => dims.iter().map(|&d| Some(d)).collect(),
        _ => vec![],
    };
    let shapes: Vec<Vec<Option<usize>>> = leaves.iter().map(shape).collect();
    let ints: Vec<Option<i64>> = leaves.iter().map(|v| if let V::I(i) = v { Some(*i) } else { None }).collect();
    let bound = layout.bind(Given { shapes: &shapes, ints: &ints, explicit: &[] }).unwrap();
    let mut slots: Vec<Slot> = bound.explicit.iter().map(|&i| Slot::Scalar(Scalar::I64(i))).collect();
    for (v, leaf) in leaves.iter().zip(&layout.params) {
        slots.push(match v {
            V::F(x) => Slot::Scalar(Scalar::F64(*x)),
            V::S(x) => Slot::Scalar(Scalar::F32(*x)),
            V::I(x) => Slot::Scalar(Scalar::I64(*x)),
            V::B(x) => Slot::Scalar(Scalar::Bool(*x)),
            V::A(dims, elements) => Slot::Array {
                dims: dims.clone(),
                elements: Store::new(leaf.element, elements),
                passing: if leaf.lent { Passing::Mut } else { Passing::ByValue },
            },
            V::T(_) => unreachable!("flattened"),
        });
    }
    for (leaf, dims) in layout.destinations.iter().zip(&bound.destinations) {
        let zero = match leaf.element {
            ScalarType::F64 => Scalar::F64(0.0),
            ScalarType::F32 => Scalar::F32(0.0),
            ScalarType::I64 => Scalar::I64(0),
            ScalarType::Bool => Scalar::Bool(false),
        };
        let elements = Store::new(leaf.element, &vec![zero; dims.iter().product()]);
        slots.push(Slot::Array { dims: dims.clone(), elements, passing: Passing::Mut });
    }
    slots
}

/// A value as a text that tests compare.
pub fn show(v: &V) -> String {
    fn scalar(s: &Scalar) -> String {
        match s {
            Scalar::F64(x) => format!("{x:?}"),
            Scalar::F32(x) => format!("{x:?}"),
            Scalar::I64(x) => x.to_string(),
            Scalar::Bool(x) => x.to_string(),
        }
    }
    fn array(dims: &[usize], elements: &[Scalar]) -> String {
        let Some((&first, rest)) = dims.split_first() else {
            return scalar(&elements[0]);
        };
        let width: usize = rest.iter().product();
        let parts: Vec<String> = (0..first).map(|i| array(rest, &elements[i * width..(i + 1) * width])).collect();
        format!("[{}]", parts.join(", "))
    }
    match v {
        V::F(x) => format!("{x:?}"),
        V::S(x) => format!("{x:?}"),
        V::I(x) => x.to_string(),
        V::B(x) => x.to_string(),
        V::A(dims, elements) => array(dims, elements),
        V::T(items) => format!("({})", items.iter().map(show).collect::<Vec<_>>().join(", ")),
    }
}

/// What a run gives, as one line: the value, ` & ` and each last value of a lent parameter, ` | ` and each printed line; or the error. The interpreter of the typed tree must give the same.
pub fn run(source: &str, name: &str, args: &[V]) -> String {
    compare(&program(source), source, name, args, "")
}

/// Runs both ways and compares.
pub fn compare(program: &Program, source: &str, name: &str, args: &[V], what: &str) -> String {
    let lowered = run_lowered(program, name, args);
    let oracle = run_tree(program, name, args);
    let agree = if lowered.starts_with("AD0") { same_error(&lowered, &oracle) } else { lowered == oracle };
    assert!(
        agree,
        "{what}: the tree gives\n{oracle}\nwhat was lowered gives\n{lowered}\n{source}\n{}",
        adit_ir::print_module(&lower(program))
    );
    lowered
}

/// [`run`] without the other interpreter.
pub fn run_lowered(program: &Program, name: &str, args: &[V]) -> String {
    let (out, printed) = match run_program(program, name, args) {
        Ok(ran) => (with_finals(&ran.value, &ran.finals), ran.printed),
        Err((error, printed)) => (error, printed),
    };
    with_lines(out, &printed)
}

fn with_finals(value: &V, finals: &[V]) -> String {
    finals.iter().fold(show(value), |out, last| out + " & " + &show(last))
}

fn with_lines(out: String, printed: &[String]) -> String {
    printed.iter().fold(out, |out, line| out + " | " + line)
}

/// Code and place are the same; words may differ.
fn same_error(a: &str, b: &str) -> bool {
    let head = |s: &str| s.split_once(": ").map(|(head, _)| head.to_owned());
    head(a) == head(b)
}

fn run_tree(program: &Program, name: &str, args: &[V]) -> String {
    let id = program.functions.iter().position(|f| &*f.name == name).expect("the function exists");
    let limits = Limits { steps: Some(1_000_000), depth: 200, ..Limits::default() };
    let mut printed = Vec::new();
    let args = args.iter().map(to_tree).collect();
    let outcome = tree::run(program, FnId(id as u32), args, &limits, &mut |line| printed.push(line.to_owned()));
    let out = match outcome {
        Ok(outcome) => {
            let finals: Vec<V> = outcome.finals.iter().map(from_tree).collect();
            with_finals(&from_tree(&outcome.value), &finals)
        }
        Err(e) => format!("{} at {}..{}: {e}", e.trap.code(), e.span.start, e.span.end),
    };
    with_lines(out, &printed)
}

fn to_tree(v: &V) -> tree::Value {
    match v {
        V::F(x) => tree::Value::Scalar(Scalar::F64(*x)),
        V::S(x) => tree::Value::Scalar(Scalar::F32(*x)),
        V::I(x) => tree::Value::Scalar(Scalar::I64(*x)),
        V::B(x) => tree::Value::Scalar(Scalar::Bool(*x)),
        V::T(items) => tree::Value::Tuple(items.iter().map(to_tree).collect()),
        V::A(dims, elements) => {
            let element = elements.first().map_or(ScalarType::F64, |s| s.ty());
            tree::Value::Array(tree::Array { element, dims: dims.clone(), elements: elements.clone().into() })
        }
    }
}

fn from_tree(v: &tree::Value) -> V {
    match v {
        tree::Value::Scalar(s) => scalar(*s),
        tree::Value::Tuple(items) => V::T(items.iter().map(from_tree).collect()),
        tree::Value::Function(_) => V::T(vec![]),
        tree::Value::Array(a) => V::A(a.dims.clone(), a.elements.to_vec()),
    }
}

/// Runs `f` of a program.
pub fn f(source: &str, args: &[V]) -> String {
    run(source, "f", args)
}
