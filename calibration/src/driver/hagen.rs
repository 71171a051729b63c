//! Drivers as converters of activations to pulses: ramps of the quadrants and offsets of the drivers (HAG-1, HAG-2 of
//! calibration 4.4).

use super::lines::{self, DRIVERS, MAXIMUM_ACTIVATION, hagen_driver};
use crate::algorithms::Search;
use crate::error::Result;
use crate::program::{SETTLING, write};
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::SharedParameter as Shared;

/// Plasticity offset of drivers in this mode.
pub const PLASTICITY_OFFSET: u8 = 7;
/// Part of the largest amplitude that the largest activation is to give: head-room for weaker drivers.
const HEADROOM: f64 = 0.9;
/// Activation at which the ramps are judged, and the one for the offsets meanwhile.
const RAMP_ACTIVATION: u8 = 2;
const NESTED_ACTIVATION: u8 = 29;
/// Drivers measured at once while ramps are searched.
pub(super) const NESTED_PARALLEL: usize = 8;
const NESTED_RUNS: usize = 2;

/// Writes all drivers with these DAC offsets.
pub(super) fn write_drivers(program: &mut ProgramBuilder, dac_offsets: &[i32]) {
    for (instance, &offset) in (0..).zip(dac_offsets) {
        write(program, instance, &hagen_driver(offset, PLASTICITY_OFFSET));
    }
}

/// The largest amplitude of every driver: fastest ramp, no offset, activation 31. Synapses must be prepared for `parallel`.
pub(super) fn largest(session: &mut Session<'_>, parallel: usize, runs: usize) -> Result<Vec<f64>> {
    session.link.configure(|program| {
        for cell in [Shared::StpIRamp, Shared::StpICalib] {
            crate::program::write_shared_cell(program, cell, 1022);
        }
        for instance in 0..DRIVERS as u32 {
            write(program, instance, &hagen_driver(0, 0));
        }
    })?;
    lines::amplitudes(session, parallel, MAXIMUM_ACTIVATION, runs)
}

/// `hagen_dac_offset` of all drivers: amplitude at one activation.
pub struct DacOffset {
    pub(super) activation: u8,
    pub(super) parallel: usize,
    pub(super) runs: usize,
    /// Largest amplitude of each driver.
    pub(super) largest: Vec<f64>,
}

impl Routine for DacOffset {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "hagen_dac_offset",
            knob: "hagen_dac_offset",
            range: Range::new(0, 63),
            inverted: true,
            hints: ["the pulses stay too short", "the pulses stay too long"],
            leaves: &["synapse drivers"],
            settling: SimTime::from_us(10),
        }
    }

    fn prelude(&mut self, _: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        if let Some(target) = target {
            return Session::spread(target, DRIVERS);
        }
        let part = f64::from(self.activation) / f64::from(MAXIMUM_ACTIVATION) * HEADROOM;
        Ok(self.largest.iter().map(|largest| largest * part).collect())
    }

    fn configure(&self, _: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        write_drivers(program, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        lines::amplitudes(session, self.parallel, self.activation, self.runs)
    }

    fn postlude(&mut self, _: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        Ok(())
    }
}

/// `stp_i_ramp` and `stp_i_calib` of the quadrants: amplitude of small activations, with all drivers aligned at large ones
/// anew at every step. Synapses must be prepared for `NESTED_PARALLEL` drivers at a time.
pub struct Ramp {
    largest: Vec<f64>,
}

impl Ramp {
    pub(super) fn new(largest: Vec<f64>) -> Self {
        Self { largest }
    }
}

impl Routine for Ramp {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "stp_ramp",
            knob: "stp_i_ramp",
            range: Range::CELL,
            inverted: false,
            hints: ["the ramps are too fast", "the ramps are too slow"],
            leaves: &["synapse drivers"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, _: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        if let Some(target) = target {
            return Session::spread(target, 4);
        }
        let part = f64::from(RAMP_ACTIVATION) / f64::from(MAXIMUM_ACTIVATION) * HEADROOM;
        let mean = crate::evaluation::mean(&self.largest) * part;
        Ok(vec![mean; 4])
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_quadrants(program, Shared::StpIRamp, parameters);
        session.write_quadrants(program, Shared::StpICalib, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let mut align = DacOffset {
            activation: NESTED_ACTIVATION,
            parallel: NESTED_PARALLEL,
            runs: NESTED_RUNS,
            largest: self.largest.clone(),
        };
        session.calibrate(&mut align, &Search::Binary, None)?;
        let amplitudes = lines::amplitudes(session, NESTED_PARALLEL, RAMP_ACTIVATION, NESTED_RUNS)?;
        let mean = |quadrant: usize| {
            let own: Vec<f64> = (0..DRIVERS)
                .filter(|&driver| lines::quadrant(driver) == quadrant)
                .map(|driver| amplitudes[driver])
                .collect();
            crate::evaluation::mean(&own)
        };
        Ok((0..4).map(mean).collect())
    }
}
