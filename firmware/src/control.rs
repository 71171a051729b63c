//! How host and program talk (`include/bss2/control.h`).
//!
//! 1. Load the image, write `ppu_index` (0 top, 1 bottom) and `parameters`, release the reset.
//! 2. Write [`Control::command`]; the program notices within [`COMMAND_POLL_CYCLES`] and a few instructions.
//! 3. Poll [`Control::completed`], then look at [`Control::result`].

use crate::block::block;

/// Name of the symbol of [`Control`].
pub const CONTROL: &str = "control";
/// Name of the symbol of the word that tells a program on which hemisphere it runs: 0 top, 1 bottom.
pub const PPU_INDEX: &str = "ppu_index";
/// Name of the symbol of a program's parameter block.
pub const PARAMETERS: &str = "parameters";
/// Name of the symbol of the ring of records in SRAM, of programs that have one.
pub const RECORDS: &str = "records";

/// Longest sleep between two looks at the command word, in processor cycles.
pub const COMMAND_POLL_CYCLES: u32 = 250;

/// The command that ends every program; it returns the number of trials done.
pub const COMMAND_EXIT: u32 = 1;

/// Values of [`Control::state`].
pub mod state {
    /// The program has not reached its command loop yet.
    pub const STARTING: u32 = 0;
    /// It waits for a command.
    pub const IDLE: u32 = 1;
    /// It executes one.
    pub const BUSY: u32 = 2;
    /// It has ended.
    pub const STOPPED: u32 = 3;
}

/// Values of [`Control::result`].
pub mod result {
    /// The command was done.
    pub const DONE: u32 = 0;
    /// The program has no such command.
    pub const UNKNOWN_COMMAND: u32 = 1;
    /// A parameter is outside its range; nothing was done.
    pub const BAD_PARAMETERS: u32 = 2;
    /// The program must be initialised first.
    pub const NOT_INITIALISED: u32 = 3;
}

block! {
    /// The control block of a program.
    Control "control" {
        /// Written by the host: what to do next. Set to 0 by the program when it is done.
        command: u32,
        /// What the program does, see [`state`].
        state: u32,
        /// Number of commands done; changes last.
        completed: u32,
        /// What became of the last command, see [`result`].
        result: u32,
        /// Trials or steps done since initialisation.
        trials: u32,
        /// Deadlines missed since initialisation.
        overruns: u32,
        /// Smallest number of cycles left before a deadline since initialisation.
        slack: u32,
        /// Records written since initialisation.
        records: u32,
    }
}

/// `value` in the programs' Q16.16 format, rounded to the nearest; values outside -32768..32768 saturate.
pub fn q16(value: f64) -> i32 {
    (value * 65536.0).round() as i32
}

/// The value of a number in Q16.16 format.
pub fn from_q16(value: i32) -> f64 {
    f64::from(value) / 65536.0
}
