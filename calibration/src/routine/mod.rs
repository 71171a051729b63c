//! What a calibration routine is, and how it is run (calibration 1.3, 1.4).
//!
//! A [`Routine`] turns one knob of many instances at once. It is asked to write parameters and to measure; the search
//! ([`Algorithm`]) decides which parameters. [`Session::calibrate`] runs one with the other.

mod noise;
mod outcome;
mod progress;
mod search;
mod session;

pub use noise::{noisy, uniform_integer};
pub use outcome::Outcome;
pub use progress::{Progress, Silent, Step};
pub use search::{Algorithm, Plant, Problem, Range};
pub use session::Session;

use crate::error::Result;
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;

/// What a routine says about itself before it runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Declaration {
    /// Its name in masks, messages and files.
    pub name: &'static str,
    /// The official name of what it turns.
    pub knob: &'static str,
    /// Range of the knob.
    pub range: Range,
    /// Whether the observable falls when the knob rises (calibration 1.6).
    pub inverted: bool,
    /// What is wrong if an instance ends at the lower and at the upper end of the range.
    pub hints: [&'static str; 2],
    /// State that is not as before when the routine has ended, apart from the knob itself. Everything else is put back.
    pub leaves: &'static [&'static str],
    /// Waiting time after the writes of a step.
    pub settling: SimTime,
}

/// One knob of many instances, and an observable that follows it (calibration 1.3).
///
/// Instances are in the order that the routine documents: neurons in that of [`Session::neurons`], quadrants and ADC channels
/// in that of their numbers.
pub trait Routine {
    /// Name, range, direction, what it touches.
    fn declaration(&self) -> Declaration;

    /// Preconditions the chip and says what to reach, by instance: `target` is what the caller wants, one value for all or one for
    /// each; `None` if the routine is to find out by itself.
    ///
    /// # Errors
    /// A precondition does not hold, or the connection fails.
    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>>;

    /// Appends the writes of these parameters to a program; the waiting time is added by the caller.
    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]);

    /// Measures all instances with what was last configured.
    ///
    /// # Errors
    /// A measurement that makes no sense for the whole chip, or a failing connection. A single instance that can't be measured is
    /// NaN.
    fn measure(&mut self, session: &mut Session<'_>, parameters: &[i32]) -> Result<Vec<f64>>;

    /// Puts back what is to be put back, and may correct the outcome. It is called with the outcome configured.
    ///
    /// # Errors
    /// As [`Routine::measure`].
    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        let _ = (session, outcome);
        Ok(())
    }
}
