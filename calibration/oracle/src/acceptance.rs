//! Acceptance of the calibration on virtual chips: before, after, and against the truth (calibration 15).

mod hagen;
mod neurons;
mod sensors;

use crate::VirtualChip;
use bss2_calibration::CalibrationError;
use bss2_calibration::evaluation::ChipReport;
use bss2_calibration::link::Link;
use bss2_calibration::routine::{Progress, Session};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// What is calibrated and judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Number of neurons, spread evenly over the quadrants; 512 are what the specification asks for.
    pub neurons: usize,
    /// Spiking neurons.
    pub spiking: bool,
    /// Firing rates of these: 512 neurons that fire all the time take longer than everything else together.
    pub rates: bool,
    /// Drivers and integrating neurons.
    pub hagen: bool,
    /// Correlation sensors.
    pub correlation: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self { neurons: 512, spiking: true, rates: true, hagen: true, correlation: true }
    }
}

/// Calibrates the chip with this seed and judges it. Every part begins with a chip after power-up. Depends on nothing but the
/// seed and the plan, except for the computing times.
///
/// # Errors
/// What a routine fails with for the whole chip.
pub fn judge(seed: u64, plan: &Plan, progress: &mut dyn Progress) -> Result<ChipReport, CalibrationError> {
    let mut report = ChipReport {
        seed,
        neurons: plan.neurons,
        parameters: Vec::new(),
        truths: Vec::new(),
        seconds: Vec::new(),
        chip_seconds: 0.0,
    };
    if plan.spiking {
        neurons::judge(seed, plan, progress, &mut report)?;
    }
    if plan.hagen {
        hagen::judge(seed, plan, progress, &mut report)?;
    }
    if plan.correlation {
        sensors::judge(seed, progress, &mut report)?;
    }
    Ok(report)
}

/// A session on a fresh chip.
fn session<'c>(
    chip: &'c mut VirtualChip,
    plan_neurons: usize,
    progress: &'c mut dyn Progress,
) -> Result<Session<'c>, CalibrationError> {
    let seed = chip.chip().options().seed;
    let mut link = Link::new(&mut chip.executor);
    link.bring_up()?;
    Ok(Session::new(link, Session::some_neurons(plan_neurons), seed, progress))
}

/// Notes the computing time since `started` under a name.
fn lap(report: &mut ChipReport, name: &str, started: &mut Instant) {
    report.seconds.push((name.to_owned(), started.elapsed().as_secs_f64()));
    *started = Instant::now();
}
