//! One way to run programs, wherever the executor is.

use crate::client::ClientError;
use crate::playback::Program;
use crate::recording::Results;
use bss2_base::SimTime;
use core::sync::atomic::{AtomicBool, Ordering};
use thiserror::Error;

/// Runs playback programs: in this process ([`Executor`](crate::executor::Executor)) or over the network
/// ([`Client`](crate::client::Client)).
pub trait Connection {
    /// Runs a program to its halt, watching `control`. Chip state and system time persist between runs.
    ///
    /// A program that hits the instruction timeout or is cancelled is no error: the
    /// [`Completion`](crate::recording::Completion) of the results says so, and everything recorded until then is there.
    fn run_with(
        &mut self,
        program: &Program,
        control: &mut RunControl<'_>,
    ) -> Result<Results, ConnectionError>;

    /// Runs a program to its halt.
    fn run(&mut self, program: &Program) -> Result<Results, ConnectionError> {
        self.run_with(program, &mut RunControl::default())
    }
}

/// The reins of a running program.
#[derive(Default)]
pub struct RunControl<'a> {
    /// Ends the program early when it becomes true; what has been computed is kept.
    pub cancel: Option<&'a AtomicBool>,
    /// Called now and then.
    pub progress: Option<&'a mut dyn FnMut(Progress)>,
}

impl RunControl<'_> {
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
    pub(crate) fn report(&mut self, progress: Progress) {
        if let Some(callback) = &mut self.progress {
            callback(progress);
        }
    }
}

/// How far a program has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Instructions executed (over the network: sent).
    pub instruction: usize,
    /// Instructions of the program.
    pub instructions: usize,
    /// Simulated time since the beginning of the program; zero over the network, where nobody knows it.
    pub simulated: SimTime,
}

/// Why a program could not be run at all.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// The program does not fit into the playback memory at the other end.
    #[error("a program of {words} words does not fit into the playback memory of {limit} words")]
    ProgramTooLong {
        /// Words of the program with its halt.
        words: usize,
        /// What fits.
        limit: usize,
    },
    /// The conversation with the FPGA failed.
    #[error(transparent)]
    Client(#[from] ClientError),
}
