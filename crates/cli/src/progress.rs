//! A bar that shows how far long work is.
//!
//! In: how much there is to do, and now and then how much is done. Out: one line on standard error that is drawn over and over, and wiped at the end. Only a terminal sees it; with
//! `--json` nobody does. Results never depend on it. It may be shared among threads.

use crate::session::Session;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redraws in a second.
const RATE: u8 = 8;

/// A bar.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for so many steps.
    pub fn new(session: &Session, steps: u64) -> Progress {
        Progress::styled(session, steps, "{wide_bar} {pos}/{len}, {eta} left  {msg}")
    }

    /// A bar for what is counted in hundredths.
    pub fn percent(session: &Session) -> Progress {
        Progress::styled(session, 100, "{wide_bar} {pos} %  {msg}")
    }

    fn styled(session: &Session, steps: u64, template: &str) -> Progress {
        // Indicatif itself hides a bar that would not reach a terminal.
        let target = if session.json { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr_with_hz(RATE) };
        let bar = ProgressBar::with_draw_target(Some(steps), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Progress { bar }
    }

    /// Another step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// So many steps are done.
    pub fn at(&self, steps: u64) {
        self.bar.set_position(steps);
    }

    /// What stands beside the bar, such as the loss.
    pub fn say(&self, text: String) {
        self.bar.set_message(text);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
