//! Synapse drivers (calibration 4.4).
//!
//! | routine | knob | instances | observable | target |
//! |---|---|---|---|---|
//! | `stp_ramp` | `stp_i_ramp` = `stp_i_calib` | 4 | mean amplitude at activation 2, drivers aligned at 29 | 0.9 · 2/31 of the largest |
//! | `hagen_dac_offset` | `hagen_dac_offset` | 256 | amplitude at the test activation | 0.9 · a/31 of the driver's largest |
//! | `stp_offset` | `SynapseDriverConfig.offset` | 256 | amplitude at a common plasticity voltage | median of the quadrant |
//!
//! All need the column ADC in the range of the lines ([`CadcTarget::lines`](crate::cadc::CadcTarget::lines)) and a bias of the
//! synapse DAC of about 800. They leave the neurons' lines floating and the drivers configured.

mod hagen;
pub mod lines;
mod plasticity;

use crate::algorithms::Search;
use crate::error::Result;
use crate::program::{write, write_shared_cell};
use crate::result::{InstanceKind, Record};
use crate::routine::{Outcome, Session};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::SharedParameter as Shared;
use bss2_host::registers::padi::SynapseDriverConfig;
use serde::{Deserialize, Serialize};

pub use hagen::{DacOffset, PLASTICITY_OFFSET, Ramp};
pub use plasticity::{PlasticityOffset, PlasticityOptions};

/// How drivers are calibrated for activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HagenDriverOptions {
    /// Activation at which the drivers are aligned in the end (calibration 6: 3).
    pub offset_test_activation: u8,
    /// Averaged measurements of the final alignment.
    pub runs: usize,
}

impl Default for HagenDriverOptions {
    fn default() -> Self {
        Self { offset_test_activation: 3, runs: 2 }
    }
}

/// Drivers that convert activations.
#[derive(Clone, Debug, PartialEq)]
pub struct HagenDrivers {
    /// `stp_i_ramp` and `stp_i_calib` by quadrant.
    pub ramp: Vec<i32>,
    /// `hagen_dac_offset` by driver.
    pub dac_offset: Vec<i32>,
    /// Largest amplitude by driver: three events on two rows of weight 63, codes.
    pub largest: Vec<f64>,
    /// Which drivers succeeded.
    pub success: Vec<bool>,
    /// Outcomes.
    pub records: Vec<Record>,
}

/// Writes ramps of the quadrants and offsets of the drivers. Drivers have their receivers on and both rows excitatory.
pub fn write_hagen(session: &Session<'_>, program: &mut ProgramBuilder, ramp: &[i32], dac_offset: &[i32]) {
    session.write_quadrants(program, Shared::StpIRamp, ramp);
    session.write_quadrants(program, Shared::StpICalib, ramp);
    write_shared_cell(program, Shared::StpIBiasComparator, 1022);
    write_shared_cell(program, Shared::HagenIbiasDacTop, 820);
    write_shared_cell(program, Shared::HagenIbiasDacBottom, 820);
    hagen::write_drivers(program, dac_offset);
}

/// Calibrates ramps and offsets for activations (HAG-1, then HAG-2).
///
/// # Errors
/// As [`crate::link::Link::run`].
pub fn calibrate_hagen(session: &mut Session<'_>, options: &HagenDriverOptions) -> Result<HagenDrivers> {
    lines::prepare(session)?;
    lines::write_weights(session, hagen::NESTED_PARALLEL)?;
    let largest = hagen::largest(session, hagen::NESTED_PARALLEL, options.runs)?;
    let ramps = session.calibrate(&mut Ramp::new(largest.clone()), &Search::Binary, None)?;
    lines::write_weights(session, 1)?;
    let mut align = DacOffset {
        activation: options.offset_test_activation,
        parallel: 1,
        runs: options.runs,
        largest: largest.clone(),
    };
    let offsets = session.calibrate(&mut align, &Search::Binary, None)?;
    let own = |driver: usize, outcome: &Outcome| {
        offsets.success[driver] && outcome.success[lines::quadrant(driver)]
    };
    Ok(HagenDrivers {
        ramp: ramps.parameters.clone(),
        dac_offset: offsets.parameters.clone(),
        largest,
        success: (0..lines::DRIVERS).map(|driver| own(driver, &ramps)).collect(),
        records: vec![
            Record::of_all(InstanceKind::Quadrant, ramps),
            Record::of_all(InstanceKind::Driver, offsets),
        ],
    })
}

/// Voltages of short-term plasticity (calibration 6), written and not calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlasticityTarget {
    /// `stp_v_charge_0`, `stp_v_recover_0`, `stp_v_charge_1`, `stp_v_recover_1`.
    pub voltages: [u16; 4],
}

impl Default for PlasticityTarget {
    fn default() -> Self {
        Self { voltages: [100, 400, 330, 50] }
    }
}

/// Calibrates the offsets of all drivers for short-term plasticity (STP-1), then writes the voltages of the target and silent
/// drivers that have only their offset set (calibration 7.2).
///
/// # Errors
/// As [`crate::link::Link::run`].
pub fn calibrate_plasticity(
    session: &mut Session<'_>,
    target: &PlasticityTarget,
    options: &PlasticityOptions,
) -> Result<Record> {
    lines::prepare(session)?;
    lines::write_weights(session, 1)?;
    let mut routine = PlasticityOffset::new(*options);
    let outcome = session.calibrate(&mut routine, &Search::Binary, None)?;
    let cells = [Shared::StpVCharge0, Shared::StpVRecover0, Shared::StpVCharge1, Shared::StpVRecover1];
    session.link.configure(|program| {
        for (cell, code) in cells.into_iter().zip(target.voltages) {
            write_shared_cell(program, cell, code);
        }
        for (instance, &offset) in (0..).zip(&outcome.parameters) {
            let config =
                SynapseDriverConfig { offset: offset.clamp(0, 15) as u8, ..SynapseDriverConfig::default() };
            write(program, instance, &config);
        }
    })?;
    Ok(Record::of_all(InstanceKind::Driver, outcome))
}
