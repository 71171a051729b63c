//! The strength of current-based synaptic inputs (calibration 4.3.11).

use super::Polarity;
use super::potential::median;
use super::reference::{SynapticReference, with_input};
use crate::algorithms::{Around, Search};
use crate::base_state::STIMULUS_LABEL;
use crate::error::Result;
use crate::primitives::{cadc, padi};
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::{Hemisphere, RowMode, SimTime};
use bss2_host::playback::ProgramBuilder;

/// Brings the rise of the membrane under a burst of events to a target by the `gm` bias, codes of the column ADC. Needs a long
/// membrane and a short synaptic time constant.
///
/// Without a target: the median over neurons whose bias is [`strength`](Self::strength). The reference of the input is calibrated
/// anew at every step; after the first time in the neighbourhood of what was found, since the offset of an input that it
/// compensates does not know of the strength. Leaves the input on, and the other one off.
#[derive(Clone, Debug)]
pub struct SynapticStrength {
    polarity: Polarity,
    /// The bias whose median effect is the target; also limits the range.
    pub strength: i32,
    /// Events of a burst; adapted by the prelude if there is no target.
    pub events: usize,
    /// Resting potentials to be kept, in codes; measured at first if empty.
    pub rest: Vec<f64>,
    /// Bursts that are averaged.
    pub runs: usize,
    range: Range,
    /// Shift biases as they were found for the first time.
    shifts: Vec<i32>,
}

/// The rise at which a burst is too long, codes.
const LARGEST: f64 = 60.0;
/// How far a shift bias may be from where it was found first, codes: a code moves the membrane by 3 codes of the ADC, so that it
/// was found to one or two.
const SHIFT_REACH: i32 = 15;
/// Pause after a burst.
const PAUSE: SimTime = SimTime::from_ms(1);

impl SynapticStrength {
    /// For spiking neurons: `strength` 500 is usual.
    pub fn spiking(polarity: Polarity, strength: i32) -> Self {
        Self::with_limit(polarity, strength, (1.8 * f64::from(strength)) as i32 + 100)
    }

    /// For matrix multiplication: `strength` 450 is usual.
    pub fn hagen(polarity: Polarity, strength: i32) -> Self {
        Self::with_limit(polarity, strength, strength + 250)
    }

    fn with_limit(polarity: Polarity, strength: i32, limit: i32) -> Self {
        Self {
            polarity,
            strength,
            events: 15,
            rest: Vec::new(),
            runs: 5,
            range: Range::new(0, limit.clamp(1, 1022)),
            shifts: Vec::new(),
        }
    }

    /// The rise (of an inhibitory input: the fall) of the neurons concerned, codes.
    ///
    /// # Errors
    /// As [`Link::run`](crate::link::Link::run).
    pub fn amplitudes(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        let (results, tickets) = session.link.run(|program| {
            let mut tickets = Vec::new();
            for _ in 0..self.runs.max(1) {
                for hemisphere in Hemisphere::ALL {
                    let before = cadc::read_hemisphere(program, hemisphere);
                    program.barrier_omnibus().setup();
                    for event in 1..=self.events as u64 {
                        program.wait_until(SimTime::from_us(event));
                        padi::event(program, hemisphere, STIMULUS_LABEL);
                    }
                    program.wait_until(SimTime::from_us(self.events as u64 + 2));
                    let after = cadc::read_hemisphere(program, hemisphere);
                    program.barrier_omnibus().wait(PAUSE);
                    tickets.push((hemisphere, before, after));
                }
            }
            tickets
        })?;
        let mut sums = vec![0.0; bss2_base::NEURONS];
        for (hemisphere, before, after) in tickets {
            let (before, after) = (before.potentials(&results)?, after.potentials(&results)?);
            let sums = &mut sums[256 * hemisphere.index()..];
            for ((sum, before), after) in sums.iter_mut().zip(before).zip(after) {
                *sum += self.polarity.sign() * (after - before) / self.runs.max(1) as f64;
            }
        }
        Ok(session.select(&sums))
    }

    fn calibrate_reference(&mut self, session: &mut Session<'_>) -> Result<()> {
        let mut reference = SynapticReference::new(self.polarity);
        if self.shifts.len() == session.neurons().len() {
            let around = Around { centre: self.shifts.clone(), reach: SHIFT_REACH };
            session.calibrate(&mut reference, &around, Some(&self.rest))?;
        } else {
            self.shifts = session.calibrate(&mut reference, &Search::NOISY, Some(&self.rest))?.parameters;
        }
        Ok(())
    }
}

impl Routine for SynapticStrength {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: self.polarity.of(["excitatory strength", "inhibitory strength"]),
            knob: self.polarity.gm().name(),
            range: self.range,
            inverted: false,
            hints: ["the wanted strength may be too small", "the wanted strength may be too large"],
            leaves: &["i_bias_synin_*_shift", "enable_synaptic_input_*", "synapse drivers"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let count = session.neurons().len();
        if self.rest.is_empty() {
            let mut program = ProgramBuilder::new();
            session.change_neurons(&mut program, |_, config| {
                (config.en_synin_exc, config.en_synin_inh) = (false, false);
            });
            program.barrier_omnibus().wait(SimTime::from_ms(2));
            session.link.run_program(&program.finish()?)?;
            self.rest = cadc::potentials(session)?;
        }
        let mut program = ProgramBuilder::new();
        padi::drivers(&mut program, self.polarity.row_mode());
        session.change_neurons(&mut program, |_, config| {
            for polarity in Polarity::ALL {
                *config = with_input(config, polarity, polarity == self.polarity);
            }
        });
        if target.is_none() {
            session.write_cells_noisy(&mut program, self.polarity.gm(), self.strength);
            program.barrier_omnibus().wait(SETTLING);
        }
        session.link.run_program(&program.finish()?)?;
        if let Some(target) = target {
            return Session::spread(target, count);
        }
        self.calibrate_reference(session)?;
        loop {
            let middle = median(&self.amplitudes(session)?).unwrap_or(f64::NAN).trunc();
            let fewer = (self.events as f64 * 0.8) as usize;
            if middle < LARGEST || fewer == 0 || middle.is_nan() {
                return Ok(vec![middle; count]);
            }
            self.events = fewer;
        }
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, self.polarity.gm(), parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.calibrate_reference(session)?;
        self.amplitudes(session)
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        self.calibrate_reference(session)?;
        let mut program = ProgramBuilder::new();
        padi::drivers(&mut program, RowMode::Disabled);
        session.link.run_program(&program.finish()?)?;
        Ok(())
    }
}
