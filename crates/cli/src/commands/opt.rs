//! `adit opt`: IR text in, passes, IR text out.
//!
//! In: a file of IR text and names of passes. Out: the text after all of them; with `--print-after-all` also after each, on standard error. What passes there are is the library's table.

use crate::args::Opt;
use crate::input;
use crate::json_out::{Object, text};
use crate::session::{Answer, Session, to_stderr};
use adit::{Result, ir, parse_ir, passes};

/// Runs passes.
///
/// # Errors
/// AD0901 for unknown passes, AD1001 and AD1002 for text that does not read or verify.
pub fn opt(session: &Session, args: &Opt) -> Result<Answer> {
    let (name, source) = input::program(&args.file)?;
    let mut module = parse_ir(&name, &source)?;
    let default = || passes::clean_up().iter().map(|pass| (*pass).to_owned()).collect();
    let wanted = args.passes.clone().unwrap_or_else(default);
    for pass in wanted.iter().map(|pass| pass.trim()).filter(|pass| !pass.is_empty()) {
        module = passes::run(module, pass)?;
        if args.print_after_all {
            to_stderr(&format!("; ---- after {pass} ----\n{}", ir::print_module(&module)));
        }
    }
    let printed = ir::print_module(&module);
    if session.json {
        return Ok((Object::new().with("ir", |out| text(out, &printed)).finish() + "\n").into());
    }
    Ok(printed.into())
}
