//! Before and after.

use crate::error::Result;
use crate::routine::{Outcome, Routine, Session};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::neuron::NeuronConfig;

/// What a routine observes with two settings of its knob.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// All instances at the median of the calibrated settings.
    pub before: Vec<f64>,
    /// Each instance at its calibrated setting.
    pub after: Vec<f64>,
    /// The median.
    pub median: i32,
}

/// Measures the observable of a routine with the median of these settings everywhere, then with the settings themselves
/// (calibration 15). The chip must be in the state in which the routine is run; the settings are left on it, and what the
/// routine puts back is put back.
///
/// What the routine decided for each neuron besides its knob (division of the leak, resistance of a line) belongs to the setting: it is
/// that of the majority before, and each neuron's own after, whatever the routine would decide now.
///
/// # Errors
/// What the routine fails with.
pub fn compare(
    session: &mut Session<'_>,
    routine: &mut dyn Routine,
    target: Option<&[f64]>,
    calibrated: &[i32],
) -> Result<Comparison> {
    let declaration = routine.declaration();
    let decided = session.configs();
    let targets = routine.prelude(session, target)?;
    let mut sorted = calibrated.to_vec();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    let uniform = vec![median; calibrated.len()];
    decide(session, declaration.leaves, |bit, _| {
        2 * decided.iter().filter(|config| bit.get(config)).count() > decided.len()
    })?;
    session.step(routine, &uniform)?;
    let before = routine.measure(session, &uniform)?;
    decide(session, declaration.leaves, |bit, index| bit.get(&decided[index]))?;
    session.step(routine, calibrated)?;
    let after = routine.measure(session, calibrated)?;
    let mut outcome = Outcome {
        routine: declaration.name.into(),
        knob: declaration.knob.into(),
        residuals: after.iter().zip(&targets).map(|(after, target)| after - target).collect(),
        targets,
        parameters: calibrated.to_vec(),
        success: vec![true; calibrated.len()],
    };
    routine.postlude(session, &mut outcome)?;
    Ok(Comparison { before, after, median })
}

/// A bit of a neuron about which a routine decides.
#[derive(Clone, Copy)]
enum Decision {
    Division,
    Multiplication,
    ExcitatoryResistance,
    InhibitoryResistance,
}

impl Decision {
    /// By the names in [`Declaration::leaves`](crate::routine::Declaration).
    fn of(leaves: &str) -> &'static [Self] {
        match leaves {
            "enable_leak_division" => &[Self::Division],
            "enable_leak_multiplication" => &[Self::Multiplication],
            "enable_synaptic_input_*_high_resistance" => {
                &[Self::ExcitatoryResistance, Self::InhibitoryResistance]
            }
            _ => &[],
        }
    }

    fn get(self, config: &NeuronConfig) -> bool {
        match self {
            Self::Division => config.en_leak_div,
            Self::Multiplication => config.en_leak_mul,
            Self::ExcitatoryResistance => config.en_synin_exc_high_res,
            Self::InhibitoryResistance => config.en_synin_inh_high_res,
        }
    }

    fn set(self, config: &mut NeuronConfig, on: bool) {
        match self {
            Self::Division => config.en_leak_div = on,
            Self::Multiplication => config.en_leak_mul = on,
            Self::ExcitatoryResistance => config.en_synin_exc_high_res = on,
            Self::InhibitoryResistance => config.en_synin_inh_high_res = on,
        }
    }
}

/// Sets the bits that a routine decides about; `value` is given the bit and the number of the neuron.
fn decide(session: &mut Session<'_>, leaves: &[&str], value: impl Fn(Decision, usize) -> bool) -> Result<()> {
    let bits: Vec<Decision> = leaves.iter().flat_map(|name| Decision::of(name)).copied().collect();
    if bits.is_empty() {
        return Ok(());
    }
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |index, config| {
        bits.iter().for_each(|&bit| bit.set(config, value(bit, index)));
    });
    session.link.run_program(&program.finish()?)?;
    Ok(())
}
