//! What a long campaign says while it runs.
//!
//! In: what was counted so far. Out: a bar where a person looks on, a line now and then where not, and a summary for other programs in a file, written again with each line: a campaign that is cut short has said what
//! it found.

use super::campaign::{Campaign, Watch};
use super::tally::Tally;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// A line and a summary after so many programs.
const LINE: u64 = 1000;

/// Tells of a campaign on standard output and standard error.
#[derive(Debug)]
pub struct Progress {
    /// What is run, and where the summary goes.
    campaign: Campaign,
    summary: PathBuf,
    /// Not seen where standard error is no terminal.
    bar: ProgressBar,
    /// How many lines were told.
    lines: AtomicU64,
}

impl Progress {
    /// Of this campaign; the summary goes to a file.
    pub fn new(campaign: &Campaign, summary: PathBuf) -> Self {
        let bar = ProgressBar::new(campaign.count);
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {per_sec} {eta} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Progress { campaign: campaign.clone(), summary, bar, lines: AtomicU64::new(0) }
    }

    /// Everything was run: the bar goes, and the summary is complete.
    ///
    /// # Errors
    /// If the summary can't be written.
    pub fn finish(&self, tally: &Tally) -> std::io::Result<()> {
        self.bar.finish_and_clear();
        self.write(tally)
    }

    fn write(&self, tally: &Tally) -> std::io::Result<()> {
        let Campaign { seed, from, count, second_in, .. } = self.campaign;
        let mut summary = serde_json::json!({ "seed": seed, "from": from, "count": count, "second_in": second_in });
        if let (Some(all), serde_json::Value::Object(more)) = (summary.as_object_mut(), tally.summary()) {
            all.extend(more);
        }
        std::fs::write(&self.summary, format!("{summary:#}\n"))
    }
}

impl Watch for Progress {
    fn failure(&self, text: &str) {
        // Nobody may be listening.
        self.bar.suspend(|| {
            let _ = writeln!(std::io::stdout().lock(), "{text}");
        });
    }

    fn progress(&self, tally: &Tally) {
        let programs = tally.histogram.programs();
        self.bar.set_position(programs);
        self.bar.set_message(format!("{} failures", tally.found.len()));
        let line = programs / LINE;
        if self.lines.swap(line, Ordering::Relaxed) == line {
            return;
        }
        let written = self.write(tally);
        if self.bar.is_hidden() {
            let mut told = tally.line();
            if let Err(e) = written {
                told.push_str(&format!("; {}: {e}", self.summary.display()));
            }
            let _ = writeln!(std::io::stderr().lock(), "{told}");
        }
    }
}
