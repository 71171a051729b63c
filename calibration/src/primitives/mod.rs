//! Stimulus and readout, each a piece of a playback program and what becomes of its answers (calibration 3).
//!
//! | primitive | here |
//! |---|---|
//! | O1 CADC row read, O2 potentials | [`cadc::read`], [`cadc::Ticket::potentials`] |
//! | O3 repeated reads | [`cadc::repeated`] |
//! | O4 reads a while after the reset of single neurons | [`cadc::after_resets`] |
//! | O5 recording of the membrane ADC for each neuron | [`madc::record`] |
//! | O6 event on all synapse rows | [`padi::event`] |
//! | O8 spike counters | [`counters::count`] |
//! | O10 board voltages | [`set_board_voltage`](crate::program::set_board_voltage) |
//! | O11 artificial reset | [`reset::hemisphere`], [`reset::neuron`] |
//!
//! The vector product on synaptic lines (O7) and correlation measurements (O9) are with the routines that use them.

pub mod board;
pub mod cadc;
pub mod counters;
pub mod madc;
pub mod padi;
pub mod reset;
