//! Whole calibrations: what an experiment asks for (calibration 5, 6).

mod adex;
mod checkpoint;
mod plan;
mod spiking;
mod target;

pub use adex::{AdaptationTarget, ExponentialTarget};
pub use spiking::{Spiking, Stage};
pub use target::{SpikingOptions, SpikingTarget, Strength, Values};

use crate::cache::Cache;
use crate::error::{CalibrationError, Result};
use crate::hagen::{HagenOptions, HagenTarget};
use crate::link::Link;
use crate::result::{CalibrationResult, ChipIdentity, Header, Record, Scope};
use crate::routine::{Progress, Session, Step};
use bss2_base::random::{Level, SequentialRng, Stream, path_hash};
use bss2_base::{Neuron, SimTime};
use bss2_host::connection::Connection;
use checkpoint::Checkpoint;
use plan::Plan;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// What is wanted, and how. The entry point follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry", deny_unknown_fields)]
// There is one in a program, and it is hardly ever moved.
#[allow(clippy::large_enum_variant)]
pub enum Target {
    /// Spiking neurons.
    Spiking {
        /// What they shall do.
        #[serde(default)]
        target: SpikingTarget,
        /// How they are calibrated.
        #[serde(default)]
        options: SpikingOptions,
    },
    /// Analog multiplication of vectors and matrices on the membranes.
    Hagen {
        /// What neurons and drivers shall do.
        #[serde(default)]
        target: HagenTarget,
        /// How they are calibrated.
        #[serde(default)]
        options: HagenOptions,
    },
}

impl Target {
    /// Spiking neurons with the default targets of the official calibration.
    pub fn spiking() -> Self {
        Self::Spiking { target: SpikingTarget::default(), options: SpikingOptions::default() }
    }

    /// Analog multiplication with the default targets of the official calibration.
    pub fn hagen() -> Self {
        Self::Hagen { target: HagenTarget::default(), options: HagenOptions::default() }
    }

    /// Name of the entry point.
    pub const fn entry(&self) -> &'static str {
        match self {
            Self::Spiking { .. } => "spiking",
            Self::Hagen { .. } => "hagen",
        }
    }

    /// What the parts of such a calibration of this many neurons take on the chip, about.
    pub fn chip_times(&self, neurons: usize) -> Vec<SimTime> {
        Plan::new(self).chip_times(neurons)
    }
}

/// On what, by whom and with which precautions.
pub struct Setup<'s> {
    /// Which chip is behind the connection.
    pub chip: ChipIdentity,
    /// The neurons concerned.
    pub neurons: Vec<Neuron>,
    /// Seed of the noise on start values.
    pub seed: u64,
    /// Is told how far it has come.
    pub progress: &'s mut dyn Progress,
    /// Ends it early.
    pub cancel: Option<&'s AtomicBool>,
    /// A file that keeps what is done after every part.
    pub checkpoint: Option<PathBuf>,
    /// Whether to go on where the checkpoint says.
    pub resume: bool,
}

impl Setup<'_> {
    fn header(&self, target: &Target) -> Result<Header> {
        #[derive(Serialize)]
        struct Options<'o, O> {
            neurons: Vec<usize>,
            #[serde(flatten)]
            own: &'o O,
        }
        let neurons = self.neurons.iter().map(|neuron| neuron.index()).collect();
        let header = match target {
            Target::Spiking { target: wanted, options } => {
                let options = Options { neurons, own: options };
                Header::new(self.chip.clone(), target.entry(), wanted, &options, self.seed)
            }
            Target::Hagen { target: wanted, options } => {
                let options = Options { neurons, own: options };
                Header::new(self.chip.clone(), target.entry(), wanted, &options, self.seed)
            }
        };
        header.map_err(|error| CalibrationError::NotSuccessful {
            routine: "header of a calibration",
            reason: error.to_string(),
        })
    }
}

/// Calibrates the chip behind `connection`, or finds in `cache` that it was done already. The chip is left calibrated if it was
/// calibrated now, and as it was if the result is from the cache: [`CalibrationResult::apply`].
///
/// # Errors
/// [`CalibrationError::Cancelled`], after which the checkpoint holds what was done; and whatever routines fail with.
pub fn calibrate(
    target: &Target,
    setup: Setup<'_>,
    cache: &Cache,
    connection: &mut dyn Connection,
) -> Result<CalibrationResult> {
    let header = setup.header(target)?;
    let problem = |error| tracing::warn!("calibration cache: {error}");
    cache.get_or(&header, || run(target, setup, header.clone(), connection), problem)
}

fn run(
    target: &Target,
    setup: Setup<'_>,
    header: Header,
    connection: &mut dyn Connection,
) -> Result<CalibrationResult> {
    let Setup { neurons, seed, progress, cancel, checkpoint, resume, .. } = setup;
    let mut link = Link::new(connection);
    if let Some(flag) = cancel {
        link = link.cancelled_by(flag);
    }
    let earlier = match &checkpoint {
        Some(path) if resume => Checkpoint::load(path, &header)?,
        _ => None,
    };
    let mut plan = Plan::new(target);
    let (done, mut records) = match earlier {
        Some(earlier) => {
            link.replay(&earlier.state)?;
            plan.remember(&earlier.plan)?;
            (earlier.done, earlier.records)
        }
        None => {
            link.bring_up()?;
            (0, Vec::new())
        }
    };
    let mut session = Session::new(link, neurons, seed, progress);
    let stages = plan.stages();
    for (number, &name) in stages.iter().enumerate().skip(done) {
        let chip_time = session.chip_time();
        session.tell(Step::Stage { name, number, of: stages.len(), chip_time });
        // Each part has its own noise, so that going on after a break makes no difference to it.
        let stream = Stream::new(seed, path_hash("calibration.stage"), Level::Noise, number as u32);
        session.random = SequentialRng::new(stream);
        records.extend(plan.run(&mut session, number)?);
        if let Some(path) = &checkpoint {
            Checkpoint::save(path, &header, number + 1, plan.memory()?, &records, session.link.written())?;
        }
    }
    if let Some(path) = &checkpoint {
        // What is done is in the result now; a file that can't be removed does no harm.
        if let Err(error) = std::fs::remove_file(path) {
            tracing::debug!("{}: {error}", path.display());
        }
    }
    let records: Vec<Record> = records;
    let synapse_corrections = matches!(
        target,
        Target::Spiking { target, options }
            if target.correlation.is_some() && options.correlation.calibrate_synapses
    );
    let scope = Scope { synapse_corrections };
    Ok(CalibrationResult::capture(header, records, session.link.written(), scope))
}
