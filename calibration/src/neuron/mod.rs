//! Routines of neurons (calibration 4.3).
//!
//! Instances are the neurons concerned ([`Session::neurons`](crate::routine::Session::neurons)), those of
//! [`dac_bias`] the four quadrants. Potentials are codes of the column ADC (mean of both channels), times microseconds.

pub mod adaptation;
mod before;
pub mod capacitance;
pub mod coba;
pub mod compartment;
pub mod dac_bias;
pub mod exponential;
pub mod leak_noise;
pub mod membrane;
mod offset_step;
pub mod potential;
pub mod reference;
pub mod refractory;
pub mod strength;
pub mod synaptic;
pub mod threshold;

use bss2_host::registers::capmem::NeuronParameter as Cell;
use serde::{Deserialize, Serialize};

/// One of the two synaptic inputs of a neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polarity {
    /// Raises the membrane.
    Excitatory,
    /// Lowers it.
    Inhibitory,
}

impl Polarity {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Excitatory, Self::Inhibitory];

    /// 0 or 1.
    pub const fn index(self) -> usize {
        self as usize
    }

    const fn of<T: Copy>(self, both: [T; 2]) -> T {
        both[self as usize]
    }

    /// Cell of the time constant.
    pub const fn tau(self) -> Cell {
        self.of([Cell::IBiasSyninExcTau, Cell::IBiasSyninInhTau])
    }

    /// Cell of the strength.
    pub const fn gm(self) -> Cell {
        self.of([Cell::IBiasSyninExcGm, Cell::IBiasSyninInhGm])
    }

    /// Cell of the reference shift.
    pub const fn shift(self) -> Cell {
        self.of([Cell::IBiasSyninExcShift, Cell::IBiasSyninInhShift])
    }

    /// Cell of the conductance-based modulation.
    pub const fn coba(self) -> Cell {
        self.of([Cell::IBiasSyninExcCoba, Cell::IBiasSyninInhCoba])
    }

    /// Cell of the reference potential of the conductance-based mode.
    pub const fn reversal(self) -> Cell {
        self.of([Cell::ESyninExcRev, Cell::ESyninInhRev])
    }

    /// Mode of synapse rows that drive this input.
    pub const fn row_mode(self) -> bss2_base::RowMode {
        self.of([bss2_base::RowMode::Excitatory, bss2_base::RowMode::Inhibitory])
    }

    /// Sign of what it does to the membrane.
    pub const fn sign(self) -> f64 {
        self.of([1.0, -1.0])
    }
}
