//! The references of the synaptic inputs: no current without events (calibration 4.3.10).

use super::Polarity;
use super::potential::CELL;
use crate::error::Result;
use crate::primitives::cadc::{self, Repeated};
use crate::primitives::madc::{self, Recording};
use crate::primitives::reset;
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::neuron::NeuronConfig;

/// Switches an input of a configuration.
pub(crate) fn with_input(config: &NeuronConfig, polarity: Polarity, on: bool) -> NeuronConfig {
    match polarity {
        Polarity::Excitatory => NeuronConfig { en_synin_exc: on, ..*config },
        Polarity::Inhibitory => NeuronConfig { en_synin_inh: on, ..*config },
    }
}

fn declaration(polarity: Polarity, name: &'static str) -> Declaration {
    Declaration {
        name,
        knob: polarity.shift().name(),
        range: CELL,
        inverted: polarity == Polarity::Excitatory,
        hints: ["the offset of the input may be too large", "the offset of the input may be too large"],
        leaves: &["enable_synaptic_input_*"],
        settling: SETTLING,
    }
}

/// Brings the resting potential with the input on to where it is without, by the shift bias of the input.
///
/// The target is the potential without the input, in codes of the column ADC; without a target it is measured, with both inputs
/// off. Switches the input on and leaves it on; the other one stays as it is.
#[derive(Clone, Debug)]
pub struct SynapticReference {
    polarity: Polarity,
    /// Reads that are averaged; the official routine makes one.
    pub reads: usize,
}

impl SynapticReference {
    /// Of this input.
    pub fn new(polarity: Polarity) -> Self {
        Self { polarity, reads: 1 }
    }

    fn read(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        let wait = SimTime::from_us(100);
        cadc::mean(session, Repeated { reads: self.reads, after_reset: None, wait })
    }
}

impl Routine for SynapticReference {
    fn declaration(&self) -> Declaration {
        declaration(self.polarity, self.polarity.of(["excitatory reference", "inhibitory reference"]))
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let target = match target {
            Some(target) => Session::spread(target, session.neurons().len())?,
            None => {
                let mut program = ProgramBuilder::new();
                session.change_neurons(&mut program, |_, config| {
                    (config.en_synin_exc, config.en_synin_inh) = (false, false);
                });
                program.barrier_omnibus().wait(SimTime::from_ms(2));
                session.link.run_program(&program.finish()?)?;
                self.read(session)?
            }
        };
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, config| *config = with_input(config, self.polarity, true));
        session.link.run_program(&program.finish()?)?;
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, self.polarity.shift(), parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.read(session)
    }
}

/// Brings the drift of a membrane without leak to zero after a reset, by the shift bias; drifts in codes of the membrane ADC per
/// microsecond. The leak bias is put back (the official routine leaves it at 0).
#[derive(Clone, Debug)]
pub struct SynapticReferenceMadc {
    polarity: Polarity,
    /// Recordings that are averaged.
    pub runs: usize,
    leak: Vec<i32>,
}

/// When the membrane is reset, how long a trace is, and the time from one neuron to the next.
const RESET_AT: SimTime = SimTime::from_us(2);
const LENGTH: SimTime = SimTime::from_us(55);
const BETWEEN: SimTime = SimTime::from_us(70);

impl SynapticReferenceMadc {
    /// Of this input.
    pub fn new(polarity: Polarity) -> Self {
        Self { polarity, runs: 1, leak: Vec::new() }
    }
}

/// Drift of the membranes of the neurons concerned after a reset, codes of the membrane ADC per microsecond: the line through first
/// and last of the samples from the end of the refractory time to 90 % of the trace, by least squares.
///
/// # Errors
/// As [`madc::record`].
pub fn drifts(session: &mut Session<'_>, routine: &'static str) -> Result<Vec<f64>> {
    let recording = Recording { sampling_time: LENGTH, wait_between_neurons: BETWEEN, clock_division: 1 }
        .with_samples(400);
    let held = session.refractory_times();
    let traces = madc::record(session, routine, &recording, |timeline, _, neuron, _, at| {
        timeline.write(at + RESET_AT, reset::address(neuron), 0);
    })?;
    let slope = |(trace, held): (&madc::Trace, &SimTime)| {
        let from = trace.index((RESET_AT + *held).as_us_f64() + 1.0);
        let until = trace.index(0.9 * LENGTH.as_us_f64());
        let codes = trace.codes.get(from..until).unwrap_or(&[]);
        let times: Vec<f64> = (0..codes.len()).map(|k| k as f64 * trace.period_us).collect();
        crate::fit::line(&times, codes).map_or(f64::NAN, |line| line.slope)
    };
    Ok(traces.iter().zip(&held).map(slope).collect())
}

impl Routine for SynapticReferenceMadc {
    fn declaration(&self) -> Declaration {
        let names = ["excitatory reference (MADC)", "inhibitory reference (MADC)"];
        declaration(self.polarity, self.polarity.of(names))
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let target = Session::spread(target.unwrap_or(&[0.0]), session.neurons().len())?;
        self.leak = session.cells(Cell::IBiasLeak);
        let mut program = ProgramBuilder::new();
        session.write_cells_noisy(&mut program, Cell::IBiasLeak, 0);
        session.change_neurons(&mut program, |_, config| *config = with_input(config, self.polarity, true));
        session.link.run_program(&program.finish()?)?;
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, self.polarity.shift(), parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let name = self.declaration().name;
        let mut sums = vec![0.0; session.neurons().len()];
        for _ in 0..self.runs.max(1) {
            let drifts = drifts(session, name)?;
            sums.iter_mut().zip(drifts).for_each(|(sum, drift)| *sum += drift);
        }
        Ok(sums.into_iter().map(|sum| sum / self.runs.max(1) as f64).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        let mut program = ProgramBuilder::new();
        session.write_cells(&mut program, Cell::IBiasLeak, &self.leak);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        Ok(())
    }
}
