//! Steps of the membrane by its offset current: how large a current has to be, and what both converters see of it.

use crate::error::Result;
use crate::fit::{self, ExponentialBounds};
use crate::primitives::cadc::{self, Repeated};
use crate::primitives::madc::{self, Recording, write_at};
use crate::program::SETTLING;
use crate::routine::Session;
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::NeuronConfig;

/// Code of the offset current that is tried first.
const FIRST_CODE: i32 = 100;
/// Reads of a potential that are averaged.
const READS: usize = 16;
/// How long a membrane needs at most to get where it goes, for time constants of up to 100 us.
const RELAXED: SimTime = SimTime::from_ms(1);

/// A neuron at rest and under an offset current that moves it by a wanted amount; potentials in codes of the column ADC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OffsetStep {
    /// Resting potential.
    pub(super) rest: f64,
    /// Potential that the current leads to.
    pub(super) plateau: f64,
}

/// A step as the membrane ADC sees it, too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RecordedStep {
    /// What the column ADC sees.
    pub(super) step: OffsetStep,
    /// Time constant of the rise, microseconds.
    pub(super) tau: f64,
    /// Code of the membrane ADC at rest.
    madc_rest: f64,
    /// Codes of the membrane ADC for one of the column ADC.
    pub(super) madc_per_cadc: f64,
}

impl RecordedStep {
    /// A code of the membrane ADC as one of the column ADC.
    pub(super) fn cadc(&self, madc: f64) -> f64 {
        self.step.rest + (madc - self.madc_rest) / self.madc_per_cadc
    }
}

/// Finds the offset currents that raise the neurons concerned by `rise` codes of the column ADC, writes them, and leaves them switched
/// off. Comparators should be off.
///
/// # Errors
/// As [`Link::run`](crate::link::Link::run).
pub(super) fn find(session: &mut Session<'_>, rise: &[f64]) -> Result<Vec<OffsetStep>> {
    let mut codes = vec![FIRST_CODE; session.neurons().len()];
    let mut steps = Vec::new();
    for attempt in 0..3 {
        let mut program = ProgramBuilder::new();
        session.write_cells(&mut program, Cell::IMemOffset, &codes);
        switch(session, &mut program, false);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        let rest = read(session)?;
        let mut program = ProgramBuilder::new();
        switch(session, &mut program, true);
        program.barrier_omnibus().wait(RELAXED);
        session.link.run_program(&program.finish()?)?;
        let plateau = read(session)?;
        let mut program = ProgramBuilder::new();
        switch(session, &mut program, false);
        program.barrier_omnibus().wait(RELAXED);
        session.link.run_program(&program.finish()?)?;
        steps = rest.into_iter().zip(plateau).map(|(rest, plateau)| OffsetStep { rest, plateau }).collect();
        if attempt < 2 {
            for ((code, step), rise) in codes.iter_mut().zip(&steps).zip(rise) {
                // Not too much at once: a membrane that ran into its limit tells little.
                let factor = (rise / (step.plateau - step.rest).max(1.0)).clamp(0.2, 5.0);
                *code = ((f64::from(*code) * factor).round() as i32).clamp(4, 1022);
            }
        }
    }
    Ok(steps)
}

fn switch(session: &Session<'_>, program: &mut ProgramBuilder, on: bool) {
    session.change_neurons(program, |_, config| {
        (config.en_mem_off, config.invert_current) = (on, false);
    });
}

fn read(session: &mut Session<'_>) -> Result<Vec<f64>> {
    cadc::mean(session, Repeated { reads: READS, after_reset: None, wait: SimTime::from_us(50) })
}

/// When the current begins in a recording.
pub(super) const STEP_AT: SimTime = SimTime::from_us(10);
/// Samples of a recording.
const SAMPLES: usize = 1000;

/// Records the steps that [`find`] has found; `tau_us` is about the longest membrane time constant.
///
/// # Errors
/// As [`madc::record`].
pub(super) fn record(
    session: &mut Session<'_>,
    routine: &'static str,
    steps: &[OffsetStep],
    tau_us: f64,
) -> Result<Vec<RecordedStep>> {
    let length = STEP_AT + SimTime::from_secs_f64(8e-6 * tau_us);
    let recording = Recording {
        sampling_time: length,
        wait_between_neurons: SimTime::from_ps(2 * length.as_ps()) + SimTime::from_us(20),
        clock_division: 1,
    }
    .with_samples(SAMPLES);
    let traces = madc::record(session, routine, &recording, |timeline, _, neuron, connected, at| {
        let instance = coordinates::neuron_config(neuron);
        write_at(
            timeline,
            at + STEP_AT,
            instance,
            &NeuronConfig { en_mem_off: true, invert_current: false, ..*connected },
        );
        write_at(timeline, at + length, instance, connected);
    })?;
    let recorded = |(trace, step): (&madc::Trace, &OffsetStep)| {
        let from = trace.index(STEP_AT.as_us_f64());
        let rest = mean(&trace.codes[..from]);
        let bounds = ExponentialBounds::tau(0.1, 2000.0);
        let rise =
            fit::exponential_trace(trace.period_us, trace.codes.get(from + 2..).unwrap_or(&[]), &bounds);
        let (tau, plateau) = rise.map_or((f64::NAN, f64::NAN), |rise| (rise.tau, rise.offset));
        RecordedStep {
            step: *step,
            tau,
            madc_rest: rest,
            madc_per_cadc: (plateau - rest) / (step.plateau - step.rest),
        }
    };
    Ok(traces.iter().zip(steps).map(recorded).collect())
}

/// Mean of some numbers, NaN of none.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
