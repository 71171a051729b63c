//! The conductance between compartments (calibration 4.3.14).

use super::before::Before;
use super::membrane::MembraneCadc;
use super::potential::{CELL, LeakPotential};
use crate::algorithms::Search;
use crate::error::{CalibrationError, Result};
use crate::fit::{self, Recipe};
use crate::primitives::madc::{self, Recording, write_at};
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::{Neuron, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::NeuronConfig;

/// Brings the relaxation of a membrane toward its neighbour's, through its conductance, to a time constant in microseconds by
/// `i_bias_nmda`; decides about division and multiplication and keeps the decision.
///
/// A neuron of an even column relaxes toward its right neighbour, one of an odd column toward its left one; that neighbour has to be
/// among the neurons concerned, or the instance fails. Two equal membranes relax with 1/tau_total = 2/tau_icc + 1/tau_mem. The
/// target is tau_icc; the official routine compares it with tau_total
/// ([`official_quantity`](Self::official_quantity); calibration 11, no. 4). Leaves leak bias and leak potential changed.
#[derive(Clone, Debug)]
pub struct InterCompartment {
    /// Whether the target is that of tau_total.
    pub official_quantity: bool,
    /// Recordings whose time constants are averaged; the official routine makes one. In the emulated chip noise makes one of 5 us
    /// wrong by a tenth.
    pub runs: usize,
    targets: Vec<f64>,
    before: Option<Before>,
}

const NAME: &str = "inter-compartment conductance";
/// Leak potentials of even and odd columns, and the membrane time constant during the measurement.
const LEAK: [f64; 2] = [80.0, 110.0];
const TAU_MEM: f64 = 60.0;
/// When the neighbour is connected, how long the trace is.
const CONNECT_AT: SimTime = SimTime::from_us(10);
const LENGTH: SimTime = SimTime::from_us(110);

/// The other neuron of a pair.
fn partner(neuron: Neuron) -> Neuron {
    Neuron::new(neuron.hemisphere(), neuron.column() ^ 1)
}

impl Default for InterCompartment {
    fn default() -> Self {
        Self { official_quantity: false, runs: 4, targets: Vec::new(), before: None }
    }
}

impl InterCompartment {
    fn time_constants(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        let mut sums = vec![0.0; session.neurons().len()];
        for _ in 0..self.runs.max(1) {
            let taus = self.record(session)?;
            sums.iter_mut().zip(taus).for_each(|(sum, tau)| *sum += tau / self.runs.max(1) as f64);
        }
        Ok(sums)
    }

    fn record(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        let recording = Recording {
            sampling_time: LENGTH,
            wait_between_neurons: SimTime::from_ps(5 * LENGTH.as_ps()),
            clock_division: 1,
        };
        let configs = session.configs();
        let places: Vec<Option<usize>> = session
            .neurons()
            .iter()
            .map(|&neuron| session.neurons().iter().position(|&other| other == partner(neuron)))
            .collect();
        let traces = madc::record(session, NAME, &recording, |timeline, index, neuron, connected, at| {
            let Some(place) = places[index] else { return };
            let left = neuron.column().is_multiple_of(2);
            let own =
                NeuronConfig { en_comp_cond: true, connect_soma: false, connect_somata: left, ..*connected };
            let other = NeuronConfig { connect_soma: true, connect_somata: !left, ..configs[place] };
            let (mine, theirs) =
                (coordinates::neuron_config(neuron), coordinates::neuron_config(partner(neuron)));
            write_at(timeline, at + CONNECT_AT, theirs, &other);
            write_at(timeline, at + CONNECT_AT, mine, &own);
            write_at(timeline, at + LENGTH, mine, connected);
            write_at(timeline, at + LENGTH, theirs, &configs[place]);
        })?;
        let tau = |(trace, place): (&madc::Trace, &Option<usize>)| {
            let recipe = Recipe { spacing: trace.period_us, samples: &trace.codes };
            let fitted = fit::step_response(recipe, CONNECT_AT.as_us_f64()).map(|(fit, _)| fit.tau);
            let total = place.and(fitted).unwrap_or(f64::NAN);
            if self.official_quantity { total } else { 2.0 / (1.0 / total - 1.0 / TAU_MEM).max(1e-6) }
        };
        Ok(traces.iter().zip(&places).map(tau).collect())
    }

    fn probe(
        &self,
        session: &mut Session<'_>,
        code: i32,
        bits: impl Fn(usize) -> (bool, bool),
    ) -> Result<Vec<f64>> {
        let mut program = ProgramBuilder::new();
        session.write_cells_noisy(&mut program, Cell::IBiasNmda, code);
        session.change_neurons(&mut program, |index, config| {
            (config.en_comp_cond_div, config.en_comp_cond_mul) = bits(index);
        });
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        self.time_constants(session)
    }
}

impl Routine for InterCompartment {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: NAME,
            knob: "i_bias_nmda",
            range: CELL,
            inverted: true,
            hints: ["the time constant may be too long", "the time constant may be too short"],
            leaves: &[
                "i_bias_leak",
                "v_leak",
                "v_reset",
                "enable_{divide,multiply}_multicomp_conductance_bias",
            ],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        self.targets = Session::spread(target.unwrap_or(&[2.0]), session.neurons().len())?;
        self.before = Some(Before::of(session, &[]));
        let mut program = ProgramBuilder::new();
        session.write_cells_noisy(&mut program, Cell::IBiasLeak, 1022);
        session.change_neurons(&mut program, |_, config| {
            *config = NeuronConfig {
                en_leak_div: true,
                en_leak_mul: false,
                en_synin_exc: false,
                en_synin_inh: false,
                en_thresh_comp: false,
                en_fire: true,
                ..*config
            };
        });
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        let leak: Vec<f64> =
            session.neurons().iter().map(|neuron| LEAK[usize::from(neuron.column() % 2)]).collect();
        session.calibrate(&mut LeakPotential::default(), &Search::NOISY, Some(&leak))?;
        let mut membrane = MembraneCadc::default();
        membrane.amplitude = 30.0;
        session.calibrate(&mut membrane, &Search::NOISY, Some(&[TAU_MEM]))?;
        session.calibrate(&mut LeakPotential::default(), &Search::NOISY, Some(&leak))?;
        let weak = self.probe(session, 200, |_| (false, false))?;
        let strong = self.probe(session, 959, |_| (false, false))?;
        let divide: Vec<bool> = weak.iter().zip(&self.targets).map(|(tau, target)| tau < target).collect();
        let multiply: Vec<bool> =
            strong.iter().zip(&self.targets).map(|(tau, target)| tau > target).collect();
        if let Some(index) = (0..divide.len()).find(|&index| divide[index] && multiply[index]) {
            let reason = format!(
                "neuron {}: too fast with bias 200 and too slow with 959",
                session.neurons()[index].index()
            );
            return Err(CalibrationError::NotSuccessful { routine: NAME, reason });
        }
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |index, config| {
            (config.en_comp_cond_div, config.en_comp_cond_mul) = (divide[index], multiply[index]);
        });
        session.link.run_program(&program.finish()?)?;
        Ok(self.targets.clone())
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::IBiasNmda, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.time_constants(session)
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        let Some(before) = self.before.take() else { return Ok(()) };
        before.put_back_but(session, |now, before| NeuronConfig {
            en_comp_cond_div: now.en_comp_cond_div,
            en_comp_cond_mul: now.en_comp_cond_mul,
            ..before
        })
    }
}
