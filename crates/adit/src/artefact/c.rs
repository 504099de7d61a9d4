//! C headers.
//!
//! In: a [`Prototype`]. Out: a header that declares its function, with what each parameter is, how large, and whose, and the one that says why a call failed.

use super::Artefact;
use super::prototype::{Dims, Form, Param, Prototype};
use adit_ir::ScalarType;
use adit_runtime::sealed::VERSION;

/// What every header says, after its first line.
const CONVENTIONS: &str = " * Arrays are row major. They are the caller's, are not kept, and hold as many numbers as their comments say. What is
 * overwritten may hold anything before, and overlaps nothing else; single numbers that are overwritten may be NULL.
 * Any thread may call; each has a workspace of its own. What the program prints is dropped.
 *
 * Returns 0, or why there is nothing: 801 for AD0801 and so on, see `adit explain`. Then what was overwritten means
 * nothing.
 */
";

pub(super) fn header(artefact: &Artefact, prototype: &Prototype) -> String {
    let symbol = artefact.symbol();
    let guard = format!("ADIT_{}_H", symbol.to_uppercase());
    let widest = prototype.params.iter().map(|p| declared(p).len()).max().unwrap_or(0);
    let last = prototype.params.len().saturating_sub(1);
    let line = |(i, p): (usize, &Param)| {
        let text = format!("{}{}", declared(p), if i == last { "" } else { "," });
        format!("    {text:<width$} /* {} */\n", about(prototype, p), width = widest + 1)
    };
    let params: String = prototype.params.iter().enumerate().map(line).collect();
    let params = if params.is_empty() { "    void\n".to_owned() } else { params };
    format!(
        "/* Made by Adit {VERSION}. Link with libadit_native of the same version. */\n\
         #ifndef {guard}\n#define {guard}\n\n#include <stdbool.h>\n#include <stdint.h>\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         /* {} of {}.\n *\n{CONVENTIONS}int32_t {symbol}(\n{params});\n\n\
         /* Why the last call of this thread that failed did, in words; good until the next fails. */\n\
         const char *{symbol}_message(void);\n\n\
         #ifdef __cplusplus\n}}\n#endif\n\n#endif\n",
        artefact.title(),
        artefact.function.name()
    )
}

fn declared(param: &Param) -> String {
    let number = match param.element {
        ScalarType::F64 => "double",
        ScalarType::F32 => "float",
        ScalarType::I64 => "int64_t",
        ScalarType::Bool => "bool",
    };
    match param.form {
        Form::Number => format!("{number} {}", param.name),
        Form::In => format!("const {number} *{}", param.name),
        Form::Lent | Form::Out => format!("{number} *{}", param.name),
    }
}

fn about(prototype: &Prototype, param: &Param) -> String {
    let size = match (&param.shape, prototype.extents(&param.shape)) {
        (Dims::Array(_) | Dims::Matrix(_), Some(extents)) => format!(" [{extents}]"),
        (_, _) => String::new(),
    };
    let written = match param.form {
        Form::Out => "; overwritten",
        Form::Number | Form::In | Form::Lent => "",
    };
    // Names of the source are no ends of comments.
    format!("{}{size}{written}", param.about).replace("*/", "* /")
}
