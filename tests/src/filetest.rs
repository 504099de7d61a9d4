//! A test program: source text whose `//` comments say what comes out.
//!
//! In: the text of an `.ad` file, for instance
//!
//! ```text
//! // fn: area
//! // at: {"r": 2}
//! // value: 12.566370614359172
//! // grad: {"r": 12.566370614359172}
//!
//! fn area(r: f64) -> f64 { pi * r^2 }
//! ```
//!
//! Out: a [`FileTest`]. The words:
//!
//! | word | meaning |
//! |---|---|
//! | `fn: NAME` | the function of the groups that follow; else the only one that no other calls |
//! | `at: JSON` | begins a group: the arguments by parameter name |
//! | `value: JSON` | the result |
//! | `grad: JSON` | the gradient by parameter name; integers are absent |
//! | `hess: JSON` | the Hessian over all floats of the parameters in order, rows of numbers |
//! | `jac: JSON` | the Jacobian, in both modes: for each float of the result in order a row over all floats of the parameters |
//! | `forward-grad: JSON` | the gradient where reverse mode meets an infinity with zero |
//! | `reverse-grad: JSON` | the gradient where forward mode meets an infinity with zero |
//! | `final: JSON` | what `&mut` parameters hold afterwards |
//! | `prints: JSON` | the lines that are printed, by the value and by each derivative that the group expects |
//! | `seed: JSON`, `cotangent: JSON` | a vector-Jacobian product |
//! | `error: CODE [LINE:COLUMN]` | in a group a run-time error; before any group one of the compiler's |
//! | `grad-error: CODE [LINE:COLUMN]` | the value exists, the gradient is refused |
//! | `help: TEXT` | what a rendered message must contain |
//! | `tolerance: X` | of what follows, relative to max(1, expected) |
//! | `max-steps: N`, `max-tape: BYTES`, `timeout: SECONDS` | limits of the groups that follow |
//! | `file: PATH` | what follows, up to the next such line, is another file, for `import` |
//! | `hand: WHY` | the group's expectations stand by convention or closed form; engines need not agree there |
//!
//! It deliberately does not run anything, and does not know what a code means.

use serde_json::Value as Json;

/// The default of `tolerance`.
pub const TOLERANCE: f64 = 1e-10;

/// A code, and the place where it is told.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Told {
    /// For instance `AD0201`.
    pub code: String,
    /// Line and column, both from 1, the column in characters; none where it does not matter.
    pub place: Option<(usize, usize)>,
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{} {line}:{column}", self.code),
            None => f.write_str(&self.code),
        }
    }
}

/// What one line of a group asks for.
#[derive(Clone, PartialEq, Debug)]
pub enum Expect {
    /// The result.
    Value(Json),
    /// The gradient.
    Grad(Json),
    /// The Hessian.
    Hess(Json),
    /// The Jacobian.
    Jac(Json),
    /// The gradient by reverse mode, where forward mode may give NaN: an infinity met with zero.
    ReverseGrad(Json),
    /// The gradient by forward mode, where reverse mode may give NaN.
    ForwardGrad(Json),
    /// What `&mut` parameters hold afterwards.
    Final(Json),
    /// The lines that are printed.
    Prints(Vec<String>),
    /// The cotangents of the parameters for this seed.
    Cotangent(Json, Json),
    /// The run stops.
    Error(Told),
    /// The gradient is refused.
    GradError(Told),
}

/// Limits of a run.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Limits {
    /// Steps.
    pub steps: Option<u64>,
    /// Bytes of tape.
    pub tape: Option<u64>,
    /// Seconds.
    pub timeout: Option<f64>,
}

/// Arguments, and what comes of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// The function, if the file names it.
    pub function: Option<String>,
    /// The arguments.
    pub at: Json,
    /// Each expectation with its tolerance.
    pub expect: Vec<(Expect, f64)>,
    /// Limits of the run.
    pub limits: Limits,
    /// Whether expectations stand by convention: at a kink, an infinity.
    pub by_hand: bool,
}

/// A test program.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FileTest {
    /// The whole text, comments included, so that lines agree.
    pub source: String,
    /// What the compiler tells, in the order of the file.
    pub errors: Vec<Told>,
    /// What the rendered messages contain.
    pub help: Vec<String>,
    /// Runs.
    pub groups: Vec<Group>,
}

/// The program itself, and its other files by their paths: a line `// file: PATH` stands before each.
pub fn split(source: &str) -> (&str, Vec<(&str, &str)>) {
    let mut parts = source.split("\n// file: ");
    let main = parts.next().unwrap_or_default();
    (main, parts.map(|part| part.split_once('\n').unwrap_or((part, ""))).collect())
}

#[derive(Default)]
struct Reader {
    test: FileTest,
    function: Option<String>,
    tolerance: Option<f64>,
    limits: Limits,
    seed: Option<Json>,
}

/// Reads a test program; a line that can't be understood is an error with its number.
pub fn parse(source: &str) -> Result<FileTest, String> {
    let mut reader = Reader::default();
    for (number, line) in source.lines().enumerate() {
        let Some(comment) = line.strip_prefix("// ") else {
            continue;
        };
        let Some((word, rest)) = comment.split_once(": ") else {
            continue;
        };
        reader.line(word, rest.trim()).map_err(|error| format!("line {}: {error}", number + 1))?;
    }
    reader.test.source = source.to_owned();
    Ok(reader.test)
}

impl Reader {
    fn line(&mut self, word: &str, rest: &str) -> Result<(), String> {
        match word {
            "fn" => self.function = Some(rest.to_owned()),
            "tolerance" => self.tolerance = Some(number(rest)?),
            "max-steps" => self.limits.steps = Some(number(rest)? as u64),
            "max-tape" => self.limits.tape = Some(number(rest)? as u64),
            "timeout" => self.limits.timeout = Some(number(rest)?),
            "help" => self.test.help.push(rest.to_owned()),
            "at" => {
                let at = json(rest)?;
                self.seed = None;
                self.test.groups.push(Group {
                    function: self.function.clone(),
                    at,
                    expect: Vec::new(),
                    limits: self.limits,
                    by_hand: false,
                });
            }
            "error" if self.test.groups.is_empty() => self.test.errors.push(told(rest)?),
            "seed" => self.seed = Some(json(rest)?),
            "hand" => {
                if let Some(group) = self.test.groups.last_mut() {
                    group.by_hand = true;
                }
            }
            "value" => self.expect(Expect::Value(json(rest)?))?,
            "grad" => self.expect(Expect::Grad(json(rest)?))?,
            "hess" => self.expect(Expect::Hess(json(rest)?))?,
            "jac" => self.expect(Expect::Jac(json(rest)?))?,
            "forward-grad" => self.expect(Expect::ForwardGrad(json(rest)?))?,
            "reverse-grad" => self.expect(Expect::ReverseGrad(json(rest)?))?,
            "final" => self.expect(Expect::Final(json(rest)?))?,
            "prints" => self.expect(Expect::Prints(lines(rest)?))?,
            "error" => self.expect(Expect::Error(told(rest)?))?,
            "grad-error" => self.expect(Expect::GradError(told(rest)?))?,
            "cotangent" => {
                let seed = self.seed.clone().ok_or("`cotangent` without `seed`")?;
                self.expect(Expect::Cotangent(seed, json(rest)?))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn expect(&mut self, what: Expect) -> Result<(), String> {
        let tolerance = self.tolerance.unwrap_or(TOLERANCE);
        let group = self.test.groups.last_mut().ok_or("an expectation before any `at`")?;
        group.expect.push((what, tolerance));
        Ok(())
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}

fn json(text: &str) -> Result<Json, String> {
    serde_json::from_str(text).map_err(|error| format!("{error} in `{text}`"))
}

fn lines(text: &str) -> Result<Vec<String>, String> {
    serde_json::from_str(text).map_err(|error| format!("{error} in `{text}`"))
}

fn told(text: &str) -> Result<Told, String> {
    let (code, place) = match text.split_once(' ') {
        Some((code, place)) => (code, Some(position(place)?)),
        None => (text, None),
    };
    Ok(Told { code: code.to_owned(), place })
}

fn position(text: &str) -> Result<(usize, usize), String> {
    let wrong = || format!("`{text}` is not LINE:COLUMN");
    let (line, column) = text.split_once(':').ok_or_else(wrong)?;
    let line = line.parse().map_err(|_| wrong())?;
    let column = column.parse().map_err(|_| wrong())?;
    Ok((line, column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_carry_function_and_tolerance() {
        let text = "// fn: f\n// at: {\"x\": 1}\n// value: 2\n// tolerance: 0.5\n// grad: {\"x\": 3}\n";
        let test = parse(text).unwrap();
        let group = &test.groups[0];
        assert_eq!(group.function.as_deref(), Some("f"));
        assert_eq!(group.at, json!({"x": 1}));
        assert_eq!(group.expect, [(Expect::Value(json!(2)), TOLERANCE), (Expect::Grad(json!({"x": 3})), 0.5)]);
    }

    #[test]
    fn errors_belong_to_the_compiler_or_to_a_group() {
        let test = parse("// error: AD0101 3:7\n// at: {}\n// error: AD0801\n").unwrap();
        assert_eq!(test.errors[0].to_string(), "AD0101 3:7");
        assert_eq!(test.errors[0].place, Some((3, 7)));
        assert!(matches!(&test.groups[0].expect[0].0, Expect::Error(t) if t.place.is_none()));
    }

    #[test]
    fn other_files_stand_below() {
        let (main, others) = split("import \"a.ad\";\n// file: a.ad\nfn g() {}\n// file: lib/b.ad\n");
        assert_eq!(main, "import \"a.ad\";");
        assert_eq!(others, [("a.ad", "fn g() {}"), ("lib/b.ad", "")]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        assert!(parse("\n// at: {\n").unwrap_err().starts_with("line 2"));
        assert!(parse("// value: 3\n").is_err());
        assert!(parse("// error: AD0101 x\n").is_err());
        assert!(parse("// cotangent: 3\n").is_err());
    }
}
