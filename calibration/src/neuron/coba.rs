//! Conductance-based synaptic inputs (calibration 4.3.12): amplitude that falls to zero at a reversal potential.
//!
//! No entry point uses it yet. Inputs are in this mode only while something is measured: an emulated chip can't leap over the settling of
//! cells while a membrane has an input that depends on it.

use super::Polarity;
use super::potential::{CELL, LeakPotential, median};
use super::reference::with_input;
use super::strength::SynapticStrength;
use crate::algorithms::Search;
use crate::error::{CalibrationError, Result};
use crate::primitives::{cadc, padi};
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::{RowMode, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::neuron::NeuronConfig;

/// Brings the reversal potential of an input to a target by its modulation bias, with the reference potential calibrated at every
/// step: at the reference potential the amplitude is that of the current-based input. Potentials in codes of the column ADC; the
/// target is the reversal potential, infinite for none.
///
/// Needs a calibrated current-based input, a membrane of some 30 us and a fast input. Leaves the mode bit on, the input on and the
/// other one off, and the leak at the reference potential.
///
/// Differs from the official routine in this: a neuron that does not rest where it should is always moved toward its leak parameter;
/// the official one measures a slope first.
#[derive(Clone, Debug)]
pub struct ConductanceBased {
    polarity: Polarity,
    /// Potential at which the input is as strong as in current-based mode, for each neuron: 60 to 165.
    pub reference: Vec<f64>,
    reversal: Vec<f64>,
    /// Where the amplitude is compared, and whether it lies on the other side of the reference.
    second: Vec<f64>,
    mirrored: Vec<bool>,
    amplitude: Vec<f64>,
    events: usize,
}

/// Range of potentials at which amplitudes are measured.
const POTENTIALS: (f64, f64) = (60.0, 165.0);
/// The amplitude that a burst shall have, and the least distance of the second point from the reference.
const AMPLITUDE: f64 = 30.0;
const DISTANCE: f64 = 60.0;
/// Share of the way from reference to reversal at which the second point lies.
const SHARE: f64 = 0.8;
/// How far a neuron may rest from where it should.
const DEVIATION: f64 = 15.0;
/// Bursts that are averaged.
const RUNS: usize = 3;
/// What the membrane of some 30 us needs to get where it goes.
const RELAXED: SimTime = SimTime::from_us(300);
/// Range of the modulation bias.
const BIASES: Range = Range::new(0, 255);

impl ConductanceBased {
    /// Of this input, with its reference potentials: the mean of leak and threshold is usual.
    pub fn new(polarity: Polarity, reference: Vec<f64>) -> Self {
        Self {
            polarity,
            reference,
            reversal: Vec::new(),
            second: Vec::new(),
            mirrored: Vec::new(),
            amplitude: Vec::new(),
            events: 15,
        }
    }

    /// Where the membrane has to rest so that a burst of the usual amplitude is centred at a potential.
    fn rest_for(&self, potentials: &[f64]) -> Vec<f64> {
        potentials.iter().map(|potential| potential - self.polarity.sign() * AMPLITUDE / 2.0).collect()
    }

    fn burst(&self) -> SynapticStrength {
        let mut burst = SynapticStrength::spiking(self.polarity, 500);
        burst.events = self.events;
        burst.runs = RUNS;
        burst
    }

    fn calibrate_leak(&self, session: &mut Session<'_>, target: &[f64]) -> Result<()> {
        session.calibrate(&mut LeakInMode(self.polarity), &Search::NOISY, Some(target))?;
        Ok(())
    }

    /// Resting potentials and amplitudes.
    fn burst_in_mode(&self, session: &mut Session<'_>) -> Result<(Vec<f64>, Vec<f64>)> {
        in_mode(session, self.polarity, |session| {
            Ok((cadc::potentials(session)?, self.burst().amplitudes(session)?))
        })
    }

    fn calibrate_reference(&self, session: &mut Session<'_>) -> Result<Outcome> {
        let rest = self.rest_for(&self.reference);
        self.calibrate_leak(session, &rest)?;
        let mut routine = ReferencePotential { polarity: self.polarity, rest, burst: self.burst() };
        session.calibrate(&mut routine, &Search::NOISY, Some(&self.amplitude))
    }
}

/// Switches an input on, the other one off, and the former to conductance-based mode or back; gives the membrane time.
fn set_mode(session: &mut Session<'_>, polarity: Polarity, on: bool) -> Result<()> {
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| {
        for own in Polarity::ALL {
            *config = with_input(config, own, own == polarity);
        }
        *config = match polarity {
            Polarity::Excitatory => NeuronConfig { en_synin_coba_exc: on, ..*config },
            Polarity::Inhibitory => NeuronConfig { en_synin_coba_inh: on, ..*config },
        };
    });
    program.barrier_omnibus().wait(RELAXED);
    session.link.run_program(&program.finish()?)?;
    Ok(())
}

/// Measures with the input in conductance-based mode.
fn in_mode<T>(
    session: &mut Session<'_>,
    polarity: Polarity,
    measure: impl FnOnce(&mut Session<'_>) -> Result<T>,
) -> Result<T> {
    set_mode(session, polarity, true)?;
    let measured = measure(session);
    set_mode(session, polarity, false)?;
    measured
}

/// [`LeakPotential`] of a membrane with the input in conductance-based mode.
struct LeakInMode(Polarity);

impl Routine for LeakInMode {
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
        in_mode(session, self.0, cadc::potentials)
    }
}

impl Routine for ConductanceBased {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: self.polarity.of(["excitatory reversal potential", "inhibitory reversal potential"]),
            knob: self.polarity.coba().name(),
            range: BIASES,
            inverted: true,
            hints: ["the reversal potential may be too far away", "the reversal potential may be too near"],
            leaves: &["e_synin_*_rev", "v_leak", "enable_synaptic_input_*", "synapse drivers"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let (name, count) = (self.declaration().name, session.neurons().len());
        let Some(target) = target else {
            return Err(CalibrationError::NotSupported {
                routine: name,
                what: "running without a target".into(),
            });
        };
        self.reversal = Session::spread(target, count)?;
        self.reference = Session::spread(&self.reference, count)?;
        if let Some(&value) =
            self.reference.iter().find(|value| !(POTENTIALS.0..=POTENTIALS.1).contains(*value))
        {
            let (lower, upper) = POTENTIALS;
            return Err(CalibrationError::Target { parameter: "e_coba_reference", value, lower, upper });
        }
        let second = |(reference, reversal): (&f64, &f64)| {
            let toward = self.polarity.sign();
            let far =
                if reversal.is_finite() { reference + SHARE * (reversal - reference) } else { toward * 1e3 };
            let point = far.clamp(POTENTIALS.0, POTENTIALS.1);
            if (point - reference).abs() < DISTANCE {
                (reference - toward * DISTANCE, true)
            } else {
                (point, false)
            }
        };
        (self.second, self.mirrored) = self.reference.iter().zip(&self.reversal).map(second).unzip();

        let mut program = ProgramBuilder::new();
        padi::drivers(&mut program, self.polarity.row_mode());
        session.link.run_program(&program.finish()?)?;
        set_mode(session, self.polarity, false)?;
        session.calibrate(
            &mut LeakPotential::default(),
            &Search::NOISY,
            Some(&self.rest_for(&self.reference)),
        )?;
        while self.events > 1 {
            let middle = median(&self.burst().amplitudes(session)?).unwrap_or(f64::NAN);
            if middle.is_nan() || middle <= AMPLITUDE {
                break;
            }
            self.events -= 1;
        }
        self.amplitude = self.burst().amplitudes(session)?;
        Ok(vec![0.0; count])
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, self.polarity.coba(), parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.calibrate_reference(session)?;
        let wanted_rest = self.rest_for(&self.second);
        self.calibrate_leak(session, &wanted_rest)?;
        let (rest, amplitudes) = self.burst_in_mode(session)?;
        let judged = |index: usize| {
            if (rest[index] - wanted_rest[index]).abs() > DEVIATION {
                // The modulation is so strong that the input pulls: less of it.
                return f64::NEG_INFINITY;
            }
            let reached = rest[index] + self.polarity.sign() * AMPLITUDE / 2.0;
            let distance = self.reversal[index] - self.reference[index];
            let share = if distance.is_finite() { (reached - self.reference[index]) / distance } else { 0.0 };
            let difference = amplitudes[index] - self.amplitude[index] * (1.0 - share);
            if self.mirrored[index] { -difference } else { difference }
        };
        Ok((0..rest.len()).map(judged).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        let reference = self.calibrate_reference(session)?;
        outcome.success.iter_mut().zip(&reference.success).for_each(|(success, own)| *success &= own);
        let mut program = ProgramBuilder::new();
        padi::drivers(&mut program, RowMode::Disabled);
        session.link.run_program(&program.finish()?)?;
        set_mode(session, self.polarity, true)
    }
}

/// Brings the amplitude at a resting potential to that of the current-based input, by the reference potential.
struct ReferencePotential {
    polarity: Polarity,
    rest: Vec<f64>,
    burst: SynapticStrength,
}

impl Routine for ReferencePotential {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: self.polarity.of(["excitatory reference potential", "inhibitory reference potential"]),
            knob: self.polarity.reversal().name(),
            range: CELL,
            inverted: self.polarity == Polarity::Inhibitory,
            hints: ["the modulation may be too weak", "the modulation may be too weak"],
            leaves: &[],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        Session::spread(target.unwrap_or(&[AMPLITUDE]), session.neurons().len())
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, self.polarity.reversal(), parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, parameters: &[i32]) -> Result<Vec<f64>> {
        let (rest, amplitudes) = in_mode(session, self.polarity, |session| {
            Ok((cadc::potentials(session)?, self.burst.amplitudes(session)?))
        })?;
        let leak = session.cells(bss2_host::registers::capmem::NeuronParameter::VLeak);
        let inverted = self.declaration().inverted;
        let judged = |index: usize| {
            if (rest[index] - self.rest[index]).abs() <= DEVIATION {
                return amplitudes[index];
            }
            // Toward the leak parameter, where the modulation does nothing.
            let raise = parameters[index] < leak[index];
            if raise == inverted { f64::INFINITY } else { f64::NEG_INFINITY }
        };
        Ok((0..rest.len()).map(judged).collect())
    }
}
