//! Why a calibration came to nothing.

use bss2_base::Neuron;
use bss2_host::connection::ConnectionError;
use bss2_host::playback::BuildError;
use bss2_host::recording::{Incomplete, MissingResponse};
use thiserror::Error;

/// Why a measurement or a routine came to nothing (calibration 1.5.5).
///
/// A single instance that can't reach its target is no error: its mask says so.
#[derive(Debug, Error)]
pub enum CalibrationError {
    /// A program could not be written.
    #[error("writing a program: {0}")]
    Build(#[from] BuildError),
    /// A program could not be run.
    #[error("running a program: {0}")]
    Connection(#[from] ConnectionError),
    /// A program did not come to its end: cancelled, or a barrier ran into its timeout.
    #[error("a program was not finished: {0}")]
    Incomplete(Incomplete),
    /// The caller has cancelled. The chip is as the last finished program left it.
    #[error("cancelled")]
    Cancelled,
    /// An answer is missing.
    #[error("an answer is missing: {0}")]
    Missing(#[from] MissingResponse),
    /// A precondition of a routine does not hold, or its measurement makes no sense.
    #[error("{routine}: {reason}")]
    NotSuccessful {
        /// Which routine.
        routine: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Something that this routine can't do.
    #[error("{routine} does not support {what}")]
    NotSupported {
        /// Which routine.
        routine: &'static str,
        /// What was asked for.
        what: String,
    },
    /// Less than 95 % of the expected samples of the membrane ADC arrived.
    #[error("{routine}: {received} of {expected} samples of neuron {}", .neuron.index())]
    TooFewSamples {
        /// Which routine.
        routine: &'static str,
        /// Whose recording.
        neuron: Neuron,
        /// Samples that arrived.
        received: usize,
        /// Samples that should have.
        expected: usize,
    },
    /// The noise on the start values is larger than the first step of the search.
    #[error("noise of {amplitude} on start values is more than the first step of the search, {first_step}")]
    ExcessiveNoise {
        /// Amplitude of the noise.
        amplitude: i32,
        /// First step.
        first_step: i32,
    },
    /// A target outside what the routine can reach.
    #[error("{parameter} of {value} is outside {lower}..={upper}")]
    Target {
        /// What was asked for.
        parameter: &'static str,
        /// The value.
        value: f64,
        /// Smallest possible.
        lower: f64,
        /// Largest possible.
        upper: f64,
    },
    /// Lists that must be of the same length are not.
    #[error("{what}: {given} values for {expected} instances")]
    Lengths {
        /// Which list.
        what: &'static str,
        /// Its length.
        given: usize,
        /// What it should be.
        expected: usize,
    },
    /// A file could not be read or written, or does not hold what it should.
    #[error("{path}: {reason}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

impl From<Incomplete> for CalibrationError {
    fn from(incomplete: Incomplete) -> Self {
        match incomplete {
            Incomplete::Cancelled(_) => Self::Cancelled,
            timed_out => Self::Incomplete(timed_out),
        }
    }
}

/// What fallible operations of this crate return.
pub type Result<T, E = CalibrationError> = std::result::Result<T, E>;
