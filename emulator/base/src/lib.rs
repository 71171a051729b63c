//! Vocabulary shared by all parts of the emulator: time, the coordinates of the chip, seeded random numbers and the
//! elementary functions that every machine computes alike.
//!
//! Nothing here knows what a neuron or a register is. `bss2-events`, `bss2-analog` and `bss2-chip` meet in these types.

pub mod columns;
pub mod coordinates;
pub mod math;
pub mod random;
pub mod row_mode;
pub mod time;

pub use columns::ColumnMask;
pub use coordinates::{
    COLUMNS, Column, DRIVERS_PER_HEMISPHERE, Hemisphere, NEURONS, Neuron, Quadrant, ROWS, Row,
};
pub use row_mode::RowMode;
pub use time::SimTime;
