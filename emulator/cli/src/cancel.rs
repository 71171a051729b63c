//! Ctrl-C: a flag that everything long polls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What follows a signal so soon is the same wish: some programs (GNU timeout) signal a process, and then its group.
const SAME_WISH: Duration = Duration::from_millis(300);

/// Whether the user wants the work to stop. Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag that the first Ctrl-C (or a polite termination signal) sets. The second one leaves the program at once with
    /// code 130. Where the system gives no handler, or one is installed already, the flag merely stays unset.
    pub(crate) fn on_ctrl_c() -> Self {
        Self::on_ctrl_c_saying(
            "stopping; what was computed so far will be written (Ctrl-C again leaves at once)",
        )
    }

    /// [`on_ctrl_c`](Self::on_ctrl_c) with other words for the user.
    pub(crate) fn on_ctrl_c_saying(words: &'static str) -> Self {
        let cancel = Self::new();
        let flag = cancel.clone();
        let mut wished: Option<Instant> = None;
        let handler = move || match wished {
            None => {
                wished = Some(Instant::now());
                flag.set();
                eprintln!("\n{words}");
            }
            Some(first) if first.elapsed() < SAME_WISH => {}
            Some(_) => std::process::exit(130),
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            tracing::warn!("Ctrl-C will end the program without writing what was computed: {error}");
        }
        cancel
    }

    /// Whether the work should stop at the next point where its results are whole.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Asks for the end of the work, as Ctrl-C does.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// The flag itself, for layers that poll a plain atomic and do not know this crate.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
