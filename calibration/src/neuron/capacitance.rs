//! The parasitic capacitance of membranes: a measurement (calibration 4.3.16).

use super::membrane::MembraneMadc;
use crate::algorithms::Search;
use crate::error::Result;
use crate::fit;
use crate::routine::Session;
use bss2_host::playback::ProgramBuilder;

/// What a membrane has besides its capacitor bank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parasitic {
    /// Its capacitance in codes of the bank, NaN if it could not be fitted.
    pub codes: f64,
    /// Leak conductance, in codes of the bank per microsecond.
    pub conductance: f64,
}

/// The largest code of the capacitor bank.
const LARGEST: u8 = 63;
/// Codes at which the time constant is measured.
const CAPACITORS: [u8; 5] = [10, 23, 37, 50, LARGEST];

/// Measures the time constants of the neurons concerned at five capacitors and fits `tau = (C + C_parasitic) / g`. Calibrates the
/// membrane time constant to `tau_us` at the largest capacitor first: 100 is usual. Inputs and comparators should be off. Capacitors
/// are put back, the leak bias is not.
///
/// # Errors
/// What the calibration or the recordings fail with.
pub fn parasitic(session: &mut Session<'_>, tau_us: f64) -> Result<Vec<Parasitic>> {
    let configs = session.configs();
    set_capacitor(session, LARGEST)?;
    session.calibrate(&mut MembraneMadc::default(), &Search::NOISY, Some(&[tau_us]))?;
    let mut taus = Vec::new();
    for capacitor in CAPACITORS {
        set_capacitor(session, capacitor)?;
        let expected = tau_us * (f64::from(capacitor) + 5.0) / (f64::from(LARGEST) + 5.0);
        taus.push(MembraneMadc::measure_only(session, &[expected])?);
    }
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |index, config| config.mem_cap_size = configs[index].mem_cap_size);
    session.link.run_program(&program.finish()?)?;
    let codes = CAPACITORS.map(f64::from);
    let one = |neuron: usize| {
        let values: Vec<f64> = taus.iter().map(|taus| taus[neuron]).collect();
        match fit::line(&codes, &values) {
            Some(line) if line.slope > 0.0 => {
                Parasitic { codes: line.intercept / line.slope, conductance: 1.0 / line.slope }
            }
            _ => Parasitic { codes: f64::NAN, conductance: f64::NAN },
        }
    };
    Ok((0..configs.len()).map(one).collect())
}

fn set_capacitor(session: &mut Session<'_>, code: u8) -> Result<()> {
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| config.mem_cap_size = code);
    session.link.run_program(&program.finish()?)?;
    Ok(())
}
