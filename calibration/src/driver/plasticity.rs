//! Offsets of the drivers for short-term plasticity (STP-1 of calibration 4.4).

use super::lines::{self, DRIVERS, plastic_driver};
use crate::error::Result;
use crate::evaluation::median;
use crate::program::{write, write_shared_cell};
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::SharedParameter as Shared;
use serde::{Deserialize, Serialize};

/// How the offsets are calibrated (calibration 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlasticityOptions {
    /// `stp_i_ramp` and `stp_i_calib`.
    pub ramp: u16,
    /// Both target voltages while the offsets are calibrated.
    pub voltage: u16,
    /// Averaged measurements.
    pub runs: usize,
}

impl Default for PlasticityOptions {
    fn default() -> Self {
        Self { ramp: 600, voltage: 180, runs: 1 }
    }
}

/// `SynapseDriverConfig.offset` of all drivers: amplitude at a common plasticity voltage, toward the median of the drivers of
/// the same quadrant at offset 7. Lines and synapses must be prepared for one driver at a time.
pub struct PlasticityOffset {
    options: PlasticityOptions,
}

impl PlasticityOffset {
    /// With these options.
    pub const fn new(options: PlasticityOptions) -> Self {
        Self { options }
    }

    /// Amplitudes of all drivers with these offsets.
    fn at(&self, session: &mut Session<'_>, offsets: &[i32]) -> Result<Vec<f64>> {
        session.link.run(|program| {
            self.write(program, offsets);
            program.barrier_omnibus().wait(SimTime::from_us(50));
        })?;
        lines::amplitudes(session, 1, lines::MAXIMUM_ACTIVATION, self.options.runs)
    }

    fn write(&self, program: &mut ProgramBuilder, offsets: &[i32]) {
        for (instance, &offset) in (0..).zip(offsets) {
            write(program, instance, &plastic_driver(offset.clamp(0, 15) as u8));
        }
    }
}

impl Routine for PlasticityOffset {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "stp_offset",
            knob: "SynapseDriverConfig.offset",
            range: Range::new(0, 15),
            inverted: true,
            hints: ["the driver stays too weak", "the driver stays too strong"],
            leaves: &["synapse drivers", "short-term plasticity cells"],
            // The plasticity voltage has to come back: a hundred recovery time constants.
            settling: SimTime::from_us(50),
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let options = self.options;
        session.link.configure(|program| {
            for cell in [Shared::StpIRamp, Shared::StpICalib] {
                write_shared_cell(program, cell, options.ramp);
            }
            for cell in [Shared::StpVCharge0, Shared::StpVRecover0] {
                write_shared_cell(program, cell, options.voltage);
            }
        })?;
        if let Some(target) = target {
            return Session::spread(target, DRIVERS);
        }
        let middle = self.at(session, &[7; DRIVERS])?;
        let of_quadrant = |quadrant: usize| {
            let own: Vec<f64> =
                (0..DRIVERS).filter(|&d| lines::quadrant(d) == quadrant).map(|d| middle[d]).collect();
            median(&own)
        };
        let medians: Vec<f64> = (0..4).map(of_quadrant).collect();
        Ok((0..DRIVERS).map(|driver| medians[lines::quadrant(driver)]).collect())
    }

    fn configure(&self, _: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        self.write(program, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        lines::amplitudes(session, 1, lines::MAXIMUM_ACTIVATION, self.options.runs)
    }

    fn postlude(&mut self, _: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        Ok(())
    }
}
