//! Adaptation and exponential term of spiking neurons (calibration 16.3).

use super::spiking::neurons;
use super::target::{SpikingTarget, Values};
use crate::error::Result;
use crate::neuron::adaptation::{
    AdaptationReference, AdaptationTimeConstant, SpikeTriggeredAdaptation, SubthresholdAdaptation,
};
use crate::neuron::exponential;
use crate::neuron::potential::LeakPotential;
use crate::primitives::cadc::{Repeated, mean};
use crate::result::{InstanceKind, Record};
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::neuron::NeuronBackendConfig;
use serde::{Deserialize, Serialize};

/// What the adaptation shall do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdaptationTarget {
    /// Time constant, microseconds.
    pub time_constant: Values,
    /// Subthreshold adaptation in units of the leak conductance; 0 switches it off for everybody.
    pub a: Values,
    /// What a spike pulls the membrane down by, codes of the column ADC; 0 switches it off for everybody.
    pub b: Values,
}

impl Default for AdaptationTarget {
    fn default() -> Self {
        Self { time_constant: 100.0.into(), a: 0.0.into(), b: 0.0.into() }
    }
}

impl AdaptationTarget {
    pub(super) fn check(&self, count: usize) -> Result<()> {
        [&self.time_constant, &self.a, &self.b]
            .into_iter()
            .try_for_each(|values| values.spread(count).map(drop))
    }
}

/// What the exponential term shall do; potentials in codes of the column ADC.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExponentialTarget {
    /// Where it sets in, V_T.
    pub onset: Values,
    /// How steep it is, Δ_T.
    pub slope: Values,
    /// Rounds to and fro between both.
    pub rounds: usize,
}

impl Default for ExponentialTarget {
    fn default() -> Self {
        Self { onset: 110.0.into(), slope: 10.0.into(), rounds: 3 }
    }
}

impl ExponentialTarget {
    pub(super) fn check(&self, count: usize) -> Result<()> {
        [&self.onset, &self.slope].into_iter().try_for_each(|values| values.spread(count).map(drop))
    }
}

fn longest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// Calibrates what is wanted of both, switches it on, and brings the resting potential back to its target with it. For neurons that
/// are calibrated otherwise.
pub(super) fn calibrate(
    session: &mut Session<'_>,
    target: &SpikingTarget,
    reads: usize,
) -> Result<Vec<Record>> {
    let count = session.neurons().len();
    let tau_mem = longest(&target.tau_mem.spread(count)?);
    let configs = session.configs();
    let mut records = Vec::new();
    let mut pulses = false;
    if let Some(wanted) = &target.adaptation {
        records.push(neurons(session, &mut AdaptationReference::default(), None)?);
        let tau = wanted.time_constant.spread(count)?;
        records.push(neurons(session, &mut AdaptationTimeConstant::default(), Some(&tau))?);
        let tau = longest(&tau);
        let (a, b) = (wanted.a.spread(count)?, wanted.b.spread(count)?);
        if a.iter().any(|a| *a != 0.0) {
            records.push(neurons(session, &mut SubthresholdAdaptation::new(tau), Some(&a))?);
        } else {
            off(session, Cell::IBiasAdaptA)?;
        }
        pulses = b.iter().any(|b| *b != 0.0);
        if pulses {
            records.push(neurons(session, &mut SpikeTriggeredAdaptation::new(tau, tau_mem), Some(&b))?);
        } else {
            off(session, Cell::IBiasAdaptB)?;
        }
    }
    if let Some(wanted) = &target.exponential {
        let (onset, slope) = (wanted.onset.spread(count)?, wanted.slope.spread(count)?);
        let both = exponential::calibrate(session, tau_mem, &onset, &slope, wanted.rounds)?;
        records.extend(both.map(|outcome| record(session, outcome)));
    }
    let mut program = ProgramBuilder::new();
    session
        .change_backends(&mut program, |_, config| NeuronBackendConfig { en_adapt_pulse: pulses, ..config });
    session.change_neurons(&mut program, |_, now| now.en_thresh_comp = false);
    session.link.run_program(&program.finish()?)?;
    let leak = target.leak.spread(count)?;
    let bits = Bits { adaptation: target.adaptation.is_some(), exponential: target.exponential.is_some() };
    let slowest = target.adaptation.as_ref().map_or(0.0, |wanted| longest(wanted.time_constant.slice()));
    let relaxed = SimTime::from_secs_f64(1e-6 * (8.0 * slowest + 20.0 * tau_mem));
    records.push(neurons(session, &mut LeakInUse { bits, relaxed, reads }, Some(&leak))?);
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |index, now| {
        (now.en_adapt, now.en_exp) = (bits.adaptation, bits.exponential);
        now.en_thresh_comp = configs[index].en_thresh_comp;
    });
    session.link.run_program(&program.finish()?)?;
    Ok(records)
}

/// What is switched on.
#[derive(Clone, Copy, Debug)]
struct Bits {
    adaptation: bool,
    exponential: bool,
}

/// [`LeakPotential`] of neurons in use. Adaptation and exponential are on only while potentials are read: an emulated chip can't leap over
/// the settling of cells with them.
struct LeakInUse {
    bits: Bits,
    /// How long potentials take to settle.
    relaxed: SimTime,
    reads: usize,
}

impl LeakInUse {
    fn switch(&self, session: &mut Session<'_>, on: bool) -> Result<()> {
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, now| {
            (now.en_adapt, now.en_exp) = (on && self.bits.adaptation, on && self.bits.exponential);
        });
        program.barrier_omnibus().wait(self.relaxed);
        session.link.run_program(&program.finish()?)?;
        Ok(())
    }
}

impl Routine for LeakInUse {
    fn declaration(&self) -> Declaration {
        LeakPotential::default().declaration()
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        LeakPotential::default().prelude(session, target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        LeakPotential::default().configure(session, program, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.switch(session, true)?;
        let potentials =
            mean(session, Repeated { reads: self.reads, after_reset: None, wait: SimTime::from_us(50) });
        self.switch(session, false)?;
        potentials
    }
}

fn off(session: &mut Session<'_>, cell: Cell) -> Result<()> {
    let mut program = ProgramBuilder::new();
    session.write_cells_noisy(&mut program, cell, 0);
    program.barrier_omnibus().wait(crate::program::SETTLING);
    session.link.run_program(&program.finish()?)?;
    Ok(())
}

fn record(session: &Session<'_>, outcome: Outcome) -> Record {
    let instances: Vec<u32> = session.neurons().iter().map(|neuron| neuron.index() as u32).collect();
    Record::new(InstanceKind::Neuron, instances, outcome)
}
