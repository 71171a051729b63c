//! What comes back from a program, as columns.

mod columns;
mod results;

pub use columns::{JtagWords, LinkNotifications, MadcSamples, Markers, ReadWords, Recording, Spikes};
pub use results::{Completion, Incomplete, MissingResponse, Results, TimeoutNotification};
