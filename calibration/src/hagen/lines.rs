//! Integration on the synaptic lines (calibration 5.3).

use super::{HagenOptions, on_lines};
use crate::driver;
use crate::error::Result;
use crate::program::SETTLING;
use crate::result::Record;
use crate::routine::Session;
use bss2_host::playback::ProgramBuilder;

/// Calibrates the column ADC in the range of the lines, equal synapses, and the drivers. The lines are left floating, the drivers
/// ready for activations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnLines {
    /// Only the parts for the ADC and the drivers are used.
    pub options: HagenOptions,
}

impl OnLines {
    /// Runs it.
    ///
    /// # Errors
    /// What the routines fail with.
    pub fn run(&self, session: &mut Session<'_>) -> Result<Vec<Record>> {
        let (drivers, _, mut records) = on_lines(session, &self.options)?;
        let mut program = ProgramBuilder::new();
        driver::write_hagen(session, &mut program, &drivers.ramp, &drivers.dac_offset);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        records.extend(drivers.records);
        Ok(records)
    }
}
