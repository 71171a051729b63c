//! Playback programs: what the FPGA executes, and the builder for it (host-interface 2).

pub mod address;
mod builder;
mod file;
mod instruction;
mod program;
mod startup;
mod time;
mod timeline;

pub use address::*;
pub use builder::{BuildError, BuildErrorKind, ProgramBuilder};
pub use file::ProgramError;
pub use instruction::{Barrier, Instruction, Labels};
pub use program::{Epoch, JtagTicket, MarkerTicket, Program, ReadTicket};
pub use startup::{STARTUP_PLL, startup_program};
pub use time::FpgaCycles;
pub use timeline::{Late, Played, Timeline, TimelineMarker, TimelineRead, TimelineStatistics};
