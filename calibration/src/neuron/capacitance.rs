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
/// Time constants are means of `runs` recordings. Noise on the membrane is as slow as the decay, and the more the smaller the
/// capacitor is: in the emulated chip a single decay of 20 us at code 10 is off by a tenth. A faster membrane needs less of them.
///
/// # Errors
/// What the calibration or the recordings fail with.
pub fn parasitic(session: &mut Session<'_>, tau_us: f64, runs: usize) -> Result<Vec<Parasitic>> {
    let configs = session.configs();
    set_capacitor(session, LARGEST)?;
    session.calibrate(&mut MembraneMadc::default(), &Search::NOISY, Some(&[tau_us]))?;
    let mut taus = Vec::new();
    for capacitor in CAPACITORS {
        set_capacitor(session, capacitor)?;
        // Not what it will be, but what makes the offset current, hence the step, the same at all capacitors: a transconductor that
        // bends makes them all slower by the same factor, which is taken for conductance.
        let expected = tau_us * f64::from(capacitor) / f64::from(LARGEST);
        let mut mean = vec![0.0; configs.len()];
        for _ in 0..runs.max(1) {
            let measured = MembraneMadc::measure_only(session, &[expected])?;
            mean.iter_mut().zip(measured).for_each(|(mean, tau)| *mean += tau / runs.max(1) as f64);
        }
        taus.push(mean);
    }
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |index, config| config.mem_cap_size = configs[index].mem_cap_size);
    session.link.run_program(&program.finish()?)?;
    let codes = CAPACITORS.map(f64::from);
    let one = |neuron: usize| {
        let values: Vec<f64> = taus.iter().map(|taus| taus[neuron]).collect();
        // Time constants are as good as they are long: g by tau, in dependence of C by tau, has errors of one size.
        let inverse: Vec<f64> = values.iter().map(|tau| 1.0 / tau).collect();
        let scaled: Vec<f64> = codes.iter().zip(&inverse).map(|(code, inverse)| code * inverse).collect();
        match fit::line(&inverse, &scaled) {
            // C / tau = g - C_parasitic / tau.
            Some(line) if line.intercept > 0.0 => {
                Parasitic { codes: -line.slope, conductance: line.intercept }
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
