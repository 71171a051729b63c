//! The parts of whole calibrations, whichever it is.

use super::{Spiking, Stage, Target};
use crate::error::{CalibrationError, Result};
use crate::hagen::{Hagen, HagenStage};
use crate::result::Record;
use crate::routine::Session;
use bss2_base::SimTime;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A calibration under way.
// There is one in a program, and it is hardly ever moved.
#[allow(clippy::large_enum_variant)]
pub(super) enum Plan {
    Spiking(Spiking),
    Hagen(Hagen),
}

impl Plan {
    /// One that has not begun.
    pub(super) fn new(target: &Target) -> Self {
        match target {
            Target::Spiking { target, options } => {
                Self::Spiking(Spiking::new(target.clone(), options.clone()))
            }
            Target::Hagen { target, options } => Self::Hagen(Hagen::new(target.clone(), options.clone())),
        }
    }

    /// Names of the parts.
    pub(super) fn stages(&self) -> Vec<&'static str> {
        match self {
            Self::Spiking(plan) => plan.stages().into_iter().map(Stage::name).collect(),
            Self::Hagen(plan) => plan.stages().into_iter().map(HagenStage::name).collect(),
        }
    }

    /// What the parts take on the chip, about.
    pub(super) fn chip_times(&self, neurons: usize) -> Vec<SimTime> {
        match self {
            Self::Spiking(plan) => plan.stages().into_iter().map(|stage| stage.chip_time(neurons)).collect(),
            // 35 s in all (calibration 9).
            Self::Hagen(plan) => vec![SimTime::from_ms(35_000 / 7); plan.stages().len()],
        }
    }

    /// Runs a part.
    pub(super) fn run(&mut self, session: &mut Session<'_>, number: usize) -> Result<Vec<Record>> {
        match self {
            Self::Spiking(plan) => {
                let stage = plan.stages()[number];
                plan.run(session, stage)
            }
            Self::Hagen(plan) => {
                let stage = plan.stages()[number];
                plan.run(session, stage)
            }
        }
    }

    /// What later parts need to know from earlier ones.
    pub(super) fn memory(&self) -> Result<Vec<u8>> {
        match self {
            Self::Spiking(plan) => encode(&plan.findings),
            Self::Hagen(plan) => encode(plan),
        }
    }

    /// Takes up what [`Plan::memory`] gave.
    pub(super) fn remember(&mut self, memory: &[u8]) -> Result<()> {
        match self {
            Self::Spiking(plan) => plan.findings = decode(memory)?,
            Self::Hagen(plan) => *plan = decode(memory)?,
        }
        Ok(())
    }
}

fn failed(error: impl ToString) -> CalibrationError {
    CalibrationError::NotSuccessful { routine: "checkpoint", reason: error.to_string() }
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    bincode::serde::encode_to_vec(value, bincode::config::standard()).map_err(failed)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let (value, _) = bincode::serde::decode_from_slice(bytes, bincode::config::standard()).map_err(failed)?;
    Ok(value)
}
