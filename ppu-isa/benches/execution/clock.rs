//! Time a processor spent on this program: on a machine that does other things too, the clock on the wall says little.

use std::time::{Duration, Instant};

/// A stop watch.
pub(crate) struct Clock {
    start: Instant,
    start_on_cpu: Option<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: Instant::now(), start_on_cpu: on_cpu() }
    }
    /// Processor time of this thread, where the system tells it; wall time elsewhere.
    pub(crate) fn elapsed(&self) -> Duration {
        match (self.start_on_cpu, on_cpu()) {
            (Some(start), Some(now)) => now.saturating_sub(start),
            _ => self.start.elapsed(),
        }
    }
}

/// Linux counts it in nanoseconds.
fn on_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// User time of all programs that were started and have ended. Linux counts it in hundredths of a second.
pub(crate) fn of_children() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in parentheses, is field 2 and may contain blanks.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    fields.nth(13)?.parse::<u64>().ok().map(|ticks| Duration::from_millis(10 * ticks))
}
