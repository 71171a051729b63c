//! How long work shows where it is: a bar on a terminal, a plain line every few seconds elsewhere, nothing with `--json`.
//!
//! The wall clock is read here, for the display alone; no result depends on it.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

/// Time between two plain lines of one task.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Where progress is shown.
#[derive(Debug)]
pub struct Progress(Kind);

#[derive(Debug)]
enum Kind {
    Silent,
    Lines,
    Bars(MultiProgress),
}

impl Progress {
    /// Shows nothing.
    pub fn silent() -> Self {
        Self(Kind::Silent)
    }

    /// Bars if standard error is a terminal, else plain lines on standard error.
    pub fn on_standard_error() -> Self {
        Self(if std::io::stderr().is_terminal() { Kind::Bars(MultiProgress::new()) } else { Kind::Lines })
    }

    /// Starts to show a piece of work of `total` steps, named by `what` ("training"), whose step is called `unit`
    /// ("epochs"). Several tasks may run at a time, also on several threads.
    pub fn task(&self, what: impl Into<String>, total: u64, unit: &'static str) -> Task {
        let what = what.into();
        let view = match &self.0 {
            Kind::Silent => View::Silent,
            Kind::Lines => View::Lines(Mutex::new(Instant::now())),
            Kind::Bars(bars) => {
                let template = format!(
                    "{{prefix:<24}} [{{bar:32}}] {{pos}}/{{len}} {unit}  {{elapsed}} (about {{eta}} left)  {{msg}}"
                );
                // A template that indicatif refuses leaves its own default look.
                let style = ProgressStyle::with_template(&template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> ");
                let bar = ProgressBar::new(total).with_style(style).with_prefix(what.clone());
                let bar = bars.add(bar);
                bar.enable_steady_tick(Duration::from_millis(200));
                View::Bar(bar)
            }
        };
        Task {
            what,
            total,
            unit,
            started: Instant::now(),
            done: AtomicU64::new(0),
            message: Mutex::default(),
            view,
        }
    }

    /// A line for the user on standard error, above the bars. Silent with `--json`.
    pub fn note(&self, text: &str) {
        match &self.0 {
            Kind::Silent => {}
            Kind::Lines => eprintln!("{text}"),
            Kind::Bars(bars) => bars.suspend(|| eprintln!("{text}")),
        }
    }
}

/// A piece of work that is shown until it is dropped. Usable from several threads.
#[derive(Debug)]
pub struct Task {
    what: String,
    total: u64,
    unit: &'static str,
    started: Instant,
    done: AtomicU64,
    message: Mutex<String>,
    view: View,
}

#[derive(Debug)]
enum View {
    Silent,
    /// With the time of the last line.
    Lines(Mutex<Instant>),
    Bar(ProgressBar),
}

impl Task {
    /// `steps` more steps are done.
    pub fn advance(&self, steps: u64) {
        let done = self.done.fetch_add(steps, Ordering::Relaxed) + steps;
        match &self.view {
            View::Silent => {}
            View::Bar(bar) => bar.set_position(done),
            View::Lines(last) => {
                let Ok(mut last) = last.lock() else { return };
                if last.elapsed() >= LINE_INTERVAL {
                    *last = Instant::now();
                    self.print_line(done);
                }
            }
        }
    }

    /// What to show beside the bar: the success rate so far, the neuron at hand.
    pub fn message(&self, text: impl Into<String>) {
        match &self.view {
            View::Silent => {}
            View::Bar(bar) => bar.set_message(text.into()),
            View::Lines(_) => {
                if let Ok(mut message) = self.message.lock() {
                    *message = text.into();
                }
            }
        }
    }

    fn print_line(&self, done: u64) {
        let elapsed = self.started.elapsed().as_secs_f64();
        let left = elapsed * self.total.saturating_sub(done) as f64 / done.max(1) as f64;
        let percent = 100.0 * done as f64 / self.total.max(1) as f64;
        let message = self.message.lock().map(|m| m.clone()).unwrap_or_default();
        let separator = if message.is_empty() { "" } else { "; " };
        eprintln!(
            "{}: {done}/{} {} ({percent:.0} %), {elapsed:.0} s, about {left:.0} s left{separator}{message}",
            self.what, self.total, self.unit
        );
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let View::Bar(bar) = &self.view {
            bar.finish_and_clear();
        }
    }
}
