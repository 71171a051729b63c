//! Equal synaptic currents in the four quadrants (calibration 4.3.1).

use super::before::Before;
use super::potential::{CELL, median};
use crate::base_state::{STIMULUS_LABEL, STIMULUS_ROWS, STIMULUS_WEIGHT, write_synapses};
use crate::error::{CalibrationError, Result};
use crate::primitives::{cadc, padi};
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::{Hemisphere, Quadrant, RowMode, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::{NeuronParameter as Cell, SharedParameter as Shared};
use bss2_host::registers::neuron::NeuronConfig;

/// Brings the drop of floating excitatory lines under one event on many rows to that of the weakest quadrant by
/// `syn_i_bias_dac`. Instances are the four quadrants.
///
/// What the user wants is the code of the bias itself: the one that is written before. Restores what the official routine leaves at
/// 0: strengths and time constants of the inputs.
#[derive(Clone, Debug, Default)]
pub struct SynapseDacBias {
    before: Option<Before>,
}

/// Weight of the stimulus.
const WEIGHT: u8 = 31;
/// Rows at first; how often another number is tried.
const ROWS: u16 = 64;
const TRIES: usize = 30;
/// The drop of the weakest quadrant is to be between these codes.
const DROP: (f64, f64) = (30.0, 40.0);
const NAME: &str = "synapse DAC bias";

impl SynapseDacBias {
    /// Median drop of the lines in each quadrant, codes of the column ADC.
    fn drops(session: &mut Session<'_>) -> Result<Vec<f64>> {
        let (results, tickets) = session.link.run(|program| {
            Hemisphere::ALL.map(|hemisphere| {
                let before = cadc::read_hemisphere(program, hemisphere);
                program.barrier_omnibus();
                padi::event(program, hemisphere, STIMULUS_LABEL);
                program.barrier_omnibus().wait(SimTime::from_us(1));
                let after = cadc::read_hemisphere(program, hemisphere);
                program.barrier_omnibus();
                (before, after)
            })
        })?;
        let mut drops = vec![Vec::new(); 4];
        let mut all = Vec::new();
        for (before, after) in tickets {
            let (before, after) = (before.potentials(&results)?, after.potentials(&results)?);
            all.extend(before.iter().zip(after).map(|(before, after)| before - after));
        }
        for &neuron in session.neurons() {
            drops[neuron.quadrant().index()].push(all[neuron.index()]);
        }
        Ok(drops.iter().map(|drops| median(drops).unwrap_or(f64::NAN)).collect())
    }
}

impl Routine for SynapseDacBias {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: NAME,
            knob: "syn_i_bias_dac",
            range: CELL,
            inverted: false,
            hints: ["the wanted bias may be too small", "the wanted bias may be too large"],
            leaves: &["synapse drivers"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let cells =
            [Cell::IBiasSyninExcGm, Cell::IBiasSyninInhGm, Cell::IBiasSyninExcTau, Cell::IBiasSyninInhTau];
        self.before = Some(Before::of(session, &cells));
        let mut program = ProgramBuilder::new();
        cells.into_iter().for_each(|cell| session.write_cells_noisy(&mut program, cell, 0));
        session.change_neurons(&mut program, |_, config| {
            *config = NeuronConfig { en_synin_exc: false, en_synin_inh: false, readout_select: 1, ..*config };
        });
        padi::drivers(&mut program, RowMode::Excitatory);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        if let Some(target) = target {
            return Session::spread(target, 4);
        }
        let mut rows = ROWS;
        for _ in 0..TRIES {
            session.link.establish(|program| write_synapses(program, rows, WEIGHT))?;
            // Lines without bias take long to come back.
            session.link.wait(SimTime::from_ms(5))?;
            let drops = Self::drops(session)?;
            let smallest = drops.iter().copied().filter(|drop| !drop.is_nan()).fold(f64::INFINITY, f64::min);
            let next = if smallest >= DROP.1 {
                (f64::from(rows) * 0.8) as u16
            } else if smallest <= DROP.0 {
                ((f64::from(rows) * 1.1) as u16).max(rows + 1)
            } else {
                return Ok(vec![smallest; 4]);
            };
            rows = next.clamp(1, 256);
        }
        let reason = format!("no number of rows lets the lines drop by {} to {} codes", DROP.0, DROP.1);
        Err(CalibrationError::NotSuccessful { routine: NAME, reason })
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_quadrants(program, Shared::SynIBiasDac, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        Self::drops(session)
    }

    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        for quadrant in Quadrant::ALL {
            // A quadrant without neurons concerned keeps what it had in the middle of the search; that is no result.
            if !session.neurons().iter().any(|neuron| neuron.quadrant() == quadrant) {
                outcome.success[quadrant.index()] = false;
            }
        }
        session.link.establish(|program| write_synapses(program, STIMULUS_ROWS.into(), STIMULUS_WEIGHT))?;
        let mut program = ProgramBuilder::new();
        padi::drivers(&mut program, RowMode::Disabled);
        session.link.run_program(&program.finish()?)?;
        self.before.take().map_or(Ok(()), |before| before.put_back(session))
    }
}
