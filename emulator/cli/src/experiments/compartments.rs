//! A laboratory for chains of compartments: copies of one chip, calibrated and connected, that share the work of a search.

use std::num::NonZeroUsize;

use bss2_base::SimTime;
use bss2_calibration::attenuation::{Chain, Conductances, Heights};
use bss2_calibration::inference::{Pool, Simulator};
use bss2_calibration::routine::Silent;
use bss2_calibration::{Bench, BenchError, CalibrationError, Link, calibrate};

use super::{Context, During, ExperimentError, Report};
use crate::artefacts::ArtefactError;
use crate::cancel::Cancel;
use crate::hardware::Hardware;

/// How the work is shared.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(super) struct Sharing {
    /// Copies of the chip that share the work. Each has a noise of its own, so results depend on their number
    #[arg(long, default_value = "4", value_name = "N")]
    pub(super) copies: NonZeroUsize,
}

/// One of the copies.
#[derive(Debug)]
pub(super) struct Twin {
    hardware: Hardware,
    chain: Chain,
    repetitions: usize,
    cancel: Cancel,
}

impl Twin {
    /// Gives the chain these conductances and measures: the mean of as many volleys as the experiment takes for an evaluation, into the
    /// compartments `stimulated`.
    pub(super) fn measure(
        &mut self,
        conductances: &Conductances,
        stimulated: &[usize],
    ) -> Result<Heights, CalibrationError> {
        let all = self.trials(conductances, stimulated, self.repetitions)?;
        Ok(Heights::mean(&all).unwrap_or_else(|| Heights::unknown(self.chain.compartments)))
    }

    /// The same, volley by volley.
    fn trials(
        &mut self,
        conductances: &Conductances,
        stimulated: &[usize],
        repetitions: usize,
    ) -> Result<Vec<Heights>, CalibrationError> {
        if self.cancel.is_set() {
            return Err(CalibrationError::Cancelled);
        }
        let (mut silent, cancel) = (Silent, self.cancel.flag());
        let link = Link::new(&mut self.hardware).cancelled_by(&cancel);
        let mut session = self.chain.session(link, &mut silent);
        self.chain.apply(&mut session.link, conductances)?;
        self.chain.measure(&mut session, stimulated, repetitions)
    }
}

impl Simulator for Twin {
    type Error = CalibrationError;

    /// The whole matrix of heights, row by row, for leak and conductance codes.
    fn simulate(&mut self, parameters: &[f64], _number: u64) -> Result<Vec<f64>, CalibrationError> {
        let stimulated: Vec<usize> = (0..self.chain.compartments).collect();
        let conductances = Conductances::of_parameters(parameters, self.chain.compartments)?;
        Ok(self.measure(&conductances, &stimulated)?.matrix().to_vec())
    }
}

/// The copies and what they have cost so far.
pub(super) struct Laboratory {
    /// The copies.
    pub(super) pool: Pool<Twin>,
    /// What each copy had lived before it was made one.
    prepared: SimTime,
}

impl Laboratory {
    /// Brings the chip up, calibrates the bodies of the chain (potentials, input offsets, strength), configures inputs, and copies it.
    pub(super) fn open(
        context: &Context,
        chain: Chain,
        repetitions: usize,
        sharing: Sharing,
    ) -> Result<Self, ExperimentError> {
        let mut hardware = context.chip()?;
        let copies = sharing.copies.get();
        if matches!(hardware, Hardware::There(_)) && copies > 1 {
            let reason = "there is one chip at the other end: --copies 1".to_owned();
            return Err(ExperimentError::Option { option: "copies", reason });
        }
        prepare(&mut hardware, &chain, context).during("calibrating the chain")?;
        chain.configure(&mut Link::new(&mut hardware)).during("configuring the chain")?;
        let prepared = hardware.chip_time();
        let copy = |hardware| Twin { hardware, chain, repetitions, cancel: context.cancel().clone() };
        let mut all = Vec::with_capacity(copies);
        if let Hardware::Here(executor) = &hardware {
            all.extend((1..copies).map(|_| copy(Hardware::Here(executor.clone()))));
        }
        all.insert(0, copy(hardware));
        for (number, copy) in all.iter_mut().enumerate() {
            diversify(copy, number).during("configuring the chain")?;
        }
        Ok(Self { pool: Pool::new(all, context.threads()), prepared })
    }

    /// The report of a study that this laboratory carries out; one that was interrupted reports what there is so far. `simulations`
    /// is the name of the figure that counts them.
    pub(super) fn report(
        mut self,
        simulations: &str,
        study: impl FnOnce(&mut Self, &mut Report) -> Result<(), Stop>,
    ) -> Result<Report, ExperimentError> {
        let mut report = Report::new();
        match study(&mut self, &mut report) {
            Ok(()) | Err(Stop::Cancelled) => {}
            Err(Stop::Failed(error)) => return Err(error),
        }
        report.figure(simulations, self.pool.simulations());
        report.chip_time = self.chip_time();
        Ok(report)
    }

    /// How long all copies have lived; what they have in common counts once.
    fn chip_time(&mut self) -> SimTime {
        let prepared = self.prepared;
        let own = |copy: &mut Twin| copy.hardware.chip_time().saturating_sub(prepared);
        self.pool.simulators_mut().iter_mut().map(own).fold(prepared, |sum, time| sum + time)
    }
}

fn prepare(hardware: &mut Hardware, chain: &Chain, context: &Context) -> Result<(), BenchError> {
    let task = context.task("calibrating", 100, "%");
    let mut bench = Bench::new(hardware);
    bench.bring_up()?;
    let mut shown = 0;
    calibrate(&mut bench, &chain.targets(), |step, done| {
        task.message(step);
        let percent = (100.0 * done) as u64;
        task.advance(percent.saturating_sub(shown));
        shown = percent.max(shown);
    })?;
    Ok(())
}

/// Noise is a function of time and of what has been converted. Copies that had lived the same life would have the same noise, so
/// each is given a history of its own, of a length that no evaluation is a multiple of.
fn diversify(copy: &mut Twin, number: usize) -> Result<(), CalibrationError> {
    let usual = copy.chain;
    copy.chain.interval = SimTime::from_us(83);
    for _ in 0..number {
        copy.trials(&Conductances::uniform(usual.compartments, 500, 500), &[0], 1)?;
    }
    copy.chain = usual;
    Ok(())
}

/// Why a study ends early.
pub(super) enum Stop {
    /// The user wants it to.
    Cancelled,
    /// It can't go on.
    Failed(ExperimentError),
}

impl From<ExperimentError> for Stop {
    fn from(error: ExperimentError) -> Self {
        Self::Failed(error)
    }
}

impl From<ArtefactError> for Stop {
    fn from(error: ArtefactError) -> Self {
        Self::Failed(error.into())
    }
}

/// Ends a study if a measurement was cancelled or has failed.
pub(super) fn measured<T>(result: Result<T, CalibrationError>, activity: &str) -> Result<T, Stop> {
    match result {
        Err(CalibrationError::Cancelled) => Err(Stop::Cancelled),
        other => Ok(other.during(activity)?),
    }
}
