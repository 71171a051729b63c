//! Time constants of the synaptic inputs (calibration 4.3.9).

use super::Polarity;
use super::before::Before;
use super::potential::CELL;
use crate::base_state::write_synapses;
use crate::error::{CalibrationError, Result};
use crate::fit::{self, Recipe};
use crate::link::ChipState;
use crate::primitives::madc::{self, Recording};
use crate::primitives::padi;
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::{RowMode, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::neuron::NeuronConfig;
use bss2_host::registers::{Location, decode};

/// Smallest and largest time constant that is fitted, microseconds.
const BOUNDS: (f64, f64) = (0.1, 100.0);
/// Events of the stimulus, back to back.
const EVENTS: usize = 5;
/// Rows that stimulate, and their weight: the charge of the 8 rows of weight 10 of the base state from a quarter of the
/// synapses.
const ROWS: u16 = 2;
const WEIGHT: u8 = 40;
/// Time from the first sample to the stimulus.
const BEFORE: SimTime = SimTime::from_us(5);
/// Shortest trace, microseconds. The official 50 us show a line of 1.5 us at rest for most of the time, and samples are what
/// this routine spends its time on; 20 us have ten time constants after the events.
const SHORTEST_TRACE_US: f64 = 20.0;
/// Samples of a trace.
const SAMPLES: usize = 700;
/// Samples at the end of a trace that are left out.
const MARGIN: usize = 100;

/// Brings the decay of the line of a synaptic input to a time constant in microseconds by its `tau` bias; decides about the
/// high-resistance mode and keeps the decision. The membrane takes no part: the membrane ADC sees the line.
#[derive(Clone, Debug)]
pub struct SynapticTimeConstant {
    polarity: Polarity,
    targets: Vec<f64>,
    before: Option<Before>,
    /// With the synapses as they were.
    state: Option<ChipState>,
}

impl SynapticTimeConstant {
    /// Of this input.
    pub fn new(polarity: Polarity) -> Self {
        Self { polarity, targets: Vec::new(), before: None, state: None }
    }

    fn with_high_resistance(&self, config: &NeuronConfig, on: bool) -> NeuronConfig {
        match self.polarity {
            Polarity::Excitatory => NeuronConfig { en_synin_exc_high_res: on, ..*config },
            Polarity::Inhibitory => NeuronConfig { en_synin_inh_high_res: on, ..*config },
        }
    }

    fn high_resistance(&self, config: &NeuronConfig) -> bool {
        self.polarity.of([config.en_synin_exc_high_res, config.en_synin_inh_high_res])
    }

    /// The time constants of the neurons concerned as they are now; infinite for a line that floats.
    fn time_constants(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        let longest = self.targets.iter().copied().fold(0.0, f64::max);
        let length = SimTime::from_secs_f64((8.0 * longest).max(SHORTEST_TRACE_US) * 1e-6);
        // Fast decays need the full rate.
        let shortest = self.targets.iter().copied().fold(f64::INFINITY, f64::min);
        let samples = SAMPLES.max((length.as_us_f64() / shortest * 40.0) as usize);
        let recording = Recording::new(length).with_samples(samples);
        let name = self.declaration().name;
        let traces = madc::record(session, name, &recording, |timeline, _, neuron, _, at| {
            let (address, word) = padi::event_write(neuron.hemisphere(), crate::base_state::STIMULUS_LABEL);
            for _ in 0..EVENTS {
                timeline.write(at + BEFORE, address, word);
            }
        })?;
        let tau = |trace: &madc::Trace| {
            let from = BEFORE.as_us_f64() / 2.0;
            let margin = MARGIN.min(trace.codes.len() / 10) as f64 * trace.period_us;
            let end = trace.codes.len() as f64 * trace.period_us - margin;
            let recipe = Recipe { spacing: trace.period_us, samples: &trace.codes }.between(from, end);
            fit::synaptic_line(recipe).map_or(f64::NAN, |fit| fit.tau)
        };
        Ok(traces.iter().map(tau).collect())
    }
}

impl Routine for SynapticTimeConstant {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: self
                .polarity
                .of(["excitatory synaptic time constant", "inhibitory synaptic time constant"]),
            knob: self.polarity.tau().name(),
            range: CELL,
            inverted: true,
            hints: ["the time constant may be too long", "the time constant may be too short"],
            leaves: &["enable_synaptic_input_*_high_resistance", "synapse drivers"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        self.targets = Session::spread(target.unwrap_or(&[10.0]), session.neurons().len())?;
        if let Some(&value) = self.targets.iter().find(|value| !(BOUNDS.0..=BOUNDS.1).contains(*value)) {
            return Err(CalibrationError::Target {
                parameter: "tau_syn",
                value,
                lower: BOUNDS.0,
                upper: BOUNDS.1,
            });
        }
        self.before = Some(Before::of(session, &[self.polarity.gm()]));
        self.state = Some(session.link.written().clone());
        session.link.establish(|program| write_synapses(program, ROWS, WEIGHT))?;
        let source = self.polarity.of([1, 2]);
        let mut program = ProgramBuilder::new();
        padi::drivers(&mut program, self.polarity.row_mode());
        session.write_cells_noisy(&mut program, self.polarity.gm(), 0);
        session.write_cells_noisy(&mut program, self.polarity.tau(), 919);
        session.change_neurons(&mut program, |_, config| {
            let quiet =
                NeuronConfig { en_synin_exc: false, en_synin_inh: false, readout_select: source, ..*config };
            *config = self.with_high_resistance(&quiet, true);
        });
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        let slow = self.time_constants(session)?;
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |index, config| {
            // Still too slow with a strong bias: not with the high resistance.
            *config = self.with_high_resistance(config, slow[index] <= self.targets[index]);
        });
        session.link.run_program(&program.finish()?)?;
        Ok(self.targets.clone())
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, self.polarity.tau(), parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.time_constants(session)
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        let mut program = ProgramBuilder::new();
        padi::drivers(&mut program, RowMode::Disabled);
        session.link.run_program(&program.finish()?)?;
        if let Some(state) = self.state.take() {
            session
                .link
                .restore_some(&state, |address| !matches!(decode(address), Some(Location::Register(_))))?;
        }
        let Some(before) = self.before.take() else { return Ok(()) };
        before.put_back_but(session, |now, before| {
            self.with_high_resistance(&before, self.high_resistance(now))
        })
    }
}
