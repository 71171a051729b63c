//! What comes back from a program, as columns.

mod columns;
mod file;
mod recorder;
mod results;

pub(crate) use columns::SYSTIME_MASK;
pub use columns::{JtagWords, LinkNotifications, MadcSamples, Markers, ReadWords, Recording, Spikes};
pub use file::RecordingError;
pub use recorder::Recorder;
pub use results::{Completion, Incomplete, MissingResponse, Results, TimeoutNotification};
