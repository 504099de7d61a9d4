//! Names of other languages: what an Adit program says in their place.
//!
//! ```text
//! ln(x)  →  the natural logarithm is `log(x)`
//! ```
//!
//! Only names that a program could mean in one way are here. Slips of the pen are [`super::report`]'s: a name in
//! these tables is never taken for one.

/// What to write for a type of another language.
pub(super) fn type_name(name: &str) -> Option<String> {
    find(TYPES, name)
}

/// What to write for a function of another language.
pub(super) fn function(name: &str) -> Option<String> {
    find(FUNCTIONS, name).or_else(|| density(name))
}

/// What a density is called here, given its name elsewhere: `normal_lpdf` is `normal_logpdf`.
fn density(name: &str) -> Option<String> {
    let here = DENSITIES.iter().find_map(|(there, here)| Some(format!("{}{here}", name.strip_suffix(there)?)))?;
    super::library::names().any(|known| *known == *here).then(|| format!("this density is `{here}`"))
}

/// What to write for a variable that is a module or a value of another language.
pub(super) fn value(name: &str) -> Option<String> {
    find(VALUES, name)
}

type Table = &'static [(&'static [&'static str], &'static str)];

fn find(table: Table, name: &str) -> Option<String> {
    table.iter().find(|(names, _)| names.contains(&name)).map(|(_, help)| (*help).to_owned())
}

const TYPES: Table = &[
    (&["float", "double", "real", "number", "Float64", "Real"], "floating-point numbers are `f64` or `f32`"),
    (&["int", "integer", "long", "i32", "u32", "u64", "usize", "Int", "Int64"], "integers are `i64`"),
    (&["boolean", "Bool"], "truth values are `bool`"),
    (&["string", "str", "String"], "texts are no values: they stand only in `assert` and `print`"),
    (
        &["Vec", "vec", "vector", "Vector", "matrix", "Matrix", "array", "list", "Array"],
        "arrays are `[f64; n]`, `[f64; n, m]`",
    ),
    (&["void", "None"], "a function that gives nothing has no `->`"),
];

const FUNCTIONS: Table = &[
    (&["ln"], "the natural logarithm is `log(x)`"),
    (&["pow", "power", "powi", "powf"], "powers are written `x^y`"),
    (&["sqr", "square"], "squares are written `x^2`"),
    (&["fabs"], "the absolute value is `abs(x)`"),
    (&["mod", "fmod", "rem"], "the remainder of a division is written `x % y`"),
    (&["gamma", "tgamma", "gammaln", "loggamma"], "the logarithm of the gamma function is `lgamma(x)`"),
    (&["clip", "clamp"], "to keep a number within bounds, write `max(lo, min(x, hi))`"),
    (&["not"], "logical not is written `!`"),
    (&["and"], "logical and is written `&&`"),
    (&["or"], "logical or is written `||`"),
    (&["float", "double", "real"], "numbers are converted by `f64(x)`, `f32(x)`"),
    (&["int", "integer"], "numbers are converted by `i64(x)`"),
    (&["length", "shape", "numel"], "the first dimension is `len(a)`, the k-th `size(a, k)`, counted from 0"),
    (&["arange", "range", "linspace"], "an array of numbers is written `[f64(i) for i in 0..n]`"),
    (&["map", "zip", "enumerate", "filter", "vmap"], "an array is made by a comprehension: `[f(x[i]) for i in 0..n]`"),
    (&["eye"], "the unit matrix is `identity(n)`"),
    (&["det"], "`logdet(a)` is the logarithm of its absolute value"),
    (&["trace"], "the trace is `sum(a[i, i] for i in 0..n)`"),
    (&["diag"], "the diagonal is `[a[i, i] for i in 0..n]`"),
    (&["outer"], "the outer product is `[a[i] * b[j] for i in 0..n, j in 0..m]`"),
    (&["reshape", "flatten"], "an array of another shape is made by a comprehension"),
    (&["push", "append", "extend"], "arrays keep their length: make one of all elements, `zeros(n)`, and assign them"),
    (
        &["concat", "concatenate", "hstack", "vstack", "stack", "cat"],
        "make an array of all elements, `zeros(n + m)`, and assign its slices: `a[0..n] = x;`",
    ),
    (&["copy", "clone", "deepcopy"], "`let mut b = a;` is a copy: everything is a value"),
    (&["var", "variance"], "the variance is `mean((x - mean(x))^2)`"),
    (&["std", "stdev"], "the standard deviation is `sqrt(mean((x - mean(x))^2))`"),
    (&["log_softmax"], "the logarithm of `softmax` is `x - logsumexp(x)`"),
    (&["rand", "random", "randn"], "there are no random numbers; take them as a parameter"),
    (&["panic", "error", "throw", "raise"], "a run is stopped by `assert(false, \"text\")`"),
    (&["gradient", "derivative", "diff"], "the derivative of `f` at `x` is `grad(f)(x)`"),
];

/// How names of log densities end in other languages, and here.
const DENSITIES: [(&str, &str); 6] = [
    ("_lpdf", "_logpdf"),
    ("_lupdf", "_logpdf"),
    ("_lpmf", "_logpmf"),
    ("_lupmf", "_logpmf"),
    ("_log_prob", "_logpdf"),
    ("_log", "_logpdf"),
];

const VALUES: Table = &[
    (&["math", "Math", "np", "numpy", "jnp", "torch", "std"], "functions are called by their names alone: `log(x)`"),
    (&["True", "False"], "truth values are `true` and `false`"),
    (&["M_PI", "PI"], "this constant is `pi`"),
    (&["elif"], "write `else if`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_twice_in_a_table() {
        for table in [TYPES, FUNCTIONS, VALUES] {
            let mut names: Vec<_> = table.iter().flat_map(|(names, _)| names.iter()).collect();
            let all = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), all);
        }
    }

    #[test]
    fn functions_of_the_language_are_not_foreign() {
        let known = super::super::operators::table_functions()
            .chain(super::super::builtins::names())
            .chain(super::super::derivatives::names())
            .chain(super::super::library::names());
        for name in known {
            assert_eq!(function(name), None, "{name}");
        }
    }
}
