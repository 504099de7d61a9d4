//! Loops with a checkpoint, in the stage `tape`.
//!
//! In: what snapshots hold and how many there are ([`Kept`]). Out: lines of text.
//!
//! ```text
//!   loop of line 4: at most 10 snapshots of 16 + 8·n bytes; an iteration runs 4.6 times if there are 1,000, 6.8 times if there are 10,000
//! ```

use adit_autodiff::{Extent, Kept, Snapshot};
use adit_ir::CheckpointKind;
use adit_ir::prim::reversed_after_all;

/// Lengths that examples are told for.
const LENGTHS: [u64; 2] = [1000, 10_000];

/// How a loop with a checkpoint is reversed; `name` gives names of dimensions.
pub(crate) fn text(kept: &Kept, name: &dyn Fn(usize) -> String) -> String {
    let snapshot = match &kept.snapshot {
        Err(prevented) => return format!("`@checkpoint` has no effect: {prevented}"),
        Ok(snapshot) => bytes(snapshot, name),
    };
    let size = kept.size.map_or("so many as is computed".to_owned(), |size| size.to_string());
    let counted = if kept.counted { "; iterations are counted before, which runs each once more" } else { "" };
    let needless = match kept.needless {
        true => "; without `@checkpoint` each iteration would be reversed right after it ran, and none would be saved",
        false => "",
    };
    let how = match kept.kind {
        CheckpointKind::Every => {
            format!("a snapshot of {snapshot} every {size} iterations, which are reversed at once; each runs twice")
        }
        CheckpointKind::Binomial => format!("at most {size} snapshots of {snapshot}{}", runs(kept)),
        CheckpointKind::Budget => format!(
            "within {size} bytes, half of them for snapshots of {snapshot}, half for iterations that are reversed at once; each runs twice, more often where snapshots are too few"
        ),
    };
    format!("{how}{counted}{needless}")
}

/// How often the body runs, where snapshots are few.
fn runs(kept: &Kept) -> String {
    let Some(snapshots) = kept.size else { return String::new() };
    let times = |length: u64| {
        let l = length.max(1) as f64;
        (2.0 * l + reversed_after_all(length as i64, snapshots) as f64) / l
    };
    match kept.trips {
        Some(length) => format!("; each of {length} iterations runs {:.1} times, on the average", times(length)),
        None => {
            let examples = LENGTHS.map(|length| format!("{:.1} times if there are {length}", times(length)));
            format!("; an iteration runs {}", examples.join(", "))
        }
    }
}

fn bytes(snapshot: &Snapshot, name: &dyn Fn(usize) -> String) -> String {
    let mut sum = snapshot.bytes.to_string();
    for (element, extents) in &snapshot.arrays {
        sum += &format!(" + {element}");
        for extent in extents {
            sum += &match extent {
                Extent::Number(n) => format!("·{n}"),
                Extent::Dim(dim) => format!("·{}", name(*dim)),
                Extent::Computed => "·?".to_owned(),
            };
        }
    }
    sum + " bytes"
}
