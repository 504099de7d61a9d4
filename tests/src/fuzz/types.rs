//! Types of generated programs.
//!
//! In: nothing. Out: [`Ty`] with dimensions as the source writes them, and their values once the sizes are chosen. Two types are equal exactly if they are written the same.

use std::collections::BTreeMap;
use std::fmt;

/// A dimension.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Dim {
    /// `3`
    Lit(i64),
    /// `n`
    Name(String),
    /// `n + 1`
    Plus(String, i64),
    /// `2 * n`
    Times(i64, String),
}

/// What the dimension names of a call stand for.
pub type Sizes = BTreeMap<String, i64>;

impl Dim {
    /// The dimension `n`.
    pub fn name(name: &str) -> Dim {
        Dim::Name(name.to_owned())
    }

    /// Its value; a name that is not there counts as 1.
    pub fn value(&self, sizes: &Sizes) -> i64 {
        let of = |name: &String| sizes.get(name).copied().unwrap_or(1);
        match self {
            Dim::Lit(k) => *k,
            Dim::Name(name) => of(name),
            Dim::Plus(name, k) => of(name) + k,
            Dim::Times(k, name) => k * of(name),
        }
    }

    /// The same with names replaced.
    pub fn renamed(&self, names: &BTreeMap<String, Dim>) -> Option<Dim> {
        match self {
            Dim::Lit(k) => Some(Dim::Lit(*k)),
            Dim::Name(name) => names.get(name).cloned(),
            Dim::Plus(name, k) => match names.get(name)? {
                Dim::Lit(l) => Some(Dim::Lit(l + k)),
                Dim::Name(n) => Some(Dim::Plus(n.clone(), *k)),
                Dim::Plus(n, l) => Some(Dim::Plus(n.clone(), l + k)),
                Dim::Times(..) => None,
            },
            Dim::Times(k, name) => match names.get(name)? {
                Dim::Lit(l) => Some(Dim::Lit(l * k)),
                Dim::Name(n) => Some(Dim::Times(*k, n.clone())),
                Dim::Plus(..) | Dim::Times(..) => None,
            },
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Lit(k) => write!(f, "{k}"),
            Dim::Name(name) => f.write_str(name),
            Dim::Plus(name, k) => write!(f, "{name} + {k}"),
            Dim::Times(k, name) => write!(f, "{k} * {name}"),
        }
    }
}

/// A type.
#[derive(Clone, PartialEq, Debug)]
pub enum Ty {
    /// `f64`
    F64,
    /// `f32`
    F32,
    /// `i64`
    I64,
    /// `bool`
    Bool,
    /// `[f64; n]`; the element is a scalar.
    Array(Box<Ty>, Vec<Dim>),
    /// A struct and its dimension arguments.
    Struct(usize, Vec<Dim>),
    /// `(f64, f64)`
    Tuple(Vec<Ty>),
    /// `fn(f64) -> f64`: parameters and result.
    Fn(Vec<Ty>, Box<Ty>),
}

impl Ty {
    /// `[f64; …]`
    pub fn floats(dims: &[Dim]) -> Ty {
        Ty::Array(Box::new(Ty::F64), dims.to_vec())
    }

    /// `[i64; …]`
    pub fn ints(dims: &[Dim]) -> Ty {
        Ty::Array(Box::new(Ty::I64), dims.to_vec())
    }

    /// Whether values carry derivatives.
    pub fn has_floats(&self, structs: &[Struct]) -> bool {
        match self {
            Ty::F64 | Ty::F32 => true,
            Ty::I64 | Ty::Bool => false,
            Ty::Array(element, _) => matches!(**element, Ty::F64 | Ty::F32),
            Ty::Struct(id, _) => structs[*id].fields.iter().any(|(_, ty)| ty.has_floats(structs)),
            Ty::Tuple(items) => items.iter().any(|ty| ty.has_floats(structs)),
            Ty::Fn(..) => false,
        }
    }

    /// As the source writes it.
    pub fn text(&self, structs: &[Struct]) -> String {
        match self {
            Ty::F64 => "f64".into(),
            Ty::F32 => "f32".into(),
            Ty::I64 => "i64".into(),
            Ty::Bool => "bool".into(),
            Ty::Array(element, dims) => format!("[{}; {}]", element.text(structs), list(dims)),
            Ty::Struct(id, dims) if dims.is_empty() => structs[*id].name.clone(),
            Ty::Struct(id, dims) => format!("{}<{}>", structs[*id].name, list(dims)),
            Ty::Tuple(items) => {
                let items: Vec<String> = items.iter().map(|ty| ty.text(structs)).collect();
                format!("({})", items.join(", "))
            }
            Ty::Fn(params, result) => {
                let params: Vec<String> = params.iter().map(|ty| ty.text(structs)).collect();
                format!("fn({}) -> {}", params.join(", "), result.text(structs))
            }
        }
    }

    /// The same with dimension names replaced; none where a replacement can't be written.
    pub fn renamed(&self, names: &BTreeMap<String, Dim>) -> Option<Ty> {
        let all = |dims: &[Dim]| dims.iter().map(|d| d.renamed(names)).collect::<Option<Vec<Dim>>>();
        Some(match self {
            Ty::F64 | Ty::F32 | Ty::I64 | Ty::Bool => self.clone(),
            Ty::Array(element, dims) => Ty::Array(element.clone(), all(dims)?),
            Ty::Struct(id, dims) => Ty::Struct(*id, all(dims)?),
            Ty::Tuple(items) => Ty::Tuple(items.iter().map(|ty| ty.renamed(names)).collect::<Option<_>>()?),
            Ty::Fn(params, result) => {
                let params = params.iter().map(|ty| ty.renamed(names)).collect::<Option<_>>()?;
                Ty::Fn(params, Box::new(result.renamed(names)?))
            }
        })
    }
}

/// Dimensions with commas between.
pub fn list(dims: &[Dim]) -> String {
    dims.iter().map(Dim::to_string).collect::<Vec<_>>().join(", ")
}

/// A struct of a generated program.
#[derive(Clone, PartialEq, Debug)]
pub struct Struct {
    /// Its name.
    pub name: String,
    /// Its dimension parameters.
    pub dims: Vec<String>,
    /// Names and types, over `dims`.
    pub fields: Vec<(String, Ty)>,
}

impl Struct {
    /// The fields for these dimension arguments.
    pub fn fields_of(&self, args: &[Dim]) -> Vec<(String, Ty)> {
        let names: BTreeMap<String, Dim> = self.dims.iter().cloned().zip(args.iter().cloned()).collect();
        let field = |(name, ty): &(String, Ty)| Some((name.clone(), ty.renamed(&names)?));
        self.fields.iter().filter_map(field).collect()
    }
}
