//! The leak bias at which a nearly floating membrane is as noisy as is bearable (calibration 4.3.8).

use super::potential::CELL;
use crate::error::Result;
use crate::primitives::cadc::{self, Repeated};
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;

/// Brings the standard deviation of reads after a reset to a target by `i_bias_leak`: the longest membrane time constant that still
/// keeps the potential. Success is a deviation of at most the target and 0.8 codes.
///
/// In the emulated chip (analog-core 8.3) the membrane collects 5e-8 V^2/us whatever the leak, 1.2 mV in the 30 us from the reset to
/// the read; with the noise of the converter that makes some 0.8 codes at most. A target above is reached by bias 0 alone.
#[derive(Clone, Debug)]
pub struct LeakNoise {
    /// Reads whose standard deviation is taken.
    pub reads: usize,
    expected: Vec<f64>,
}

impl Default for LeakNoise {
    fn default() -> Self {
        Self { reads: 60, expected: Vec::new() }
    }
}

/// From the reset to the read, and from read to read.
const DELAY: SimTime = SimTime::from_us(30);
const BETWEEN: SimTime = SimTime::from_ms(5);
/// Deviations of the mean, in codes, that count as noise: what is added to the result beyond each.
const PENALTIES: [(f64, f64); 2] = [(30.0, 10.0), (15.0, 1.0)];
/// How far above the target the noise may be.
const TOLERANCE: f64 = 0.8;

impl Routine for LeakNoise {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "leak noise",
            knob: "i_bias_leak",
            range: CELL,
            inverted: true,
            hints: ["the membrane is quiet without any leak", "the noise may not be that of the membrane"],
            leaves: &["v_leak has to be calibrated anew"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let target = Session::spread(target.unwrap_or(&[1.2]), session.neurons().len())?;
        self.expected =
            cadc::mean(session, Repeated { reads: 20, after_reset: None, wait: SimTime::from_us(100) })?;
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::IBiasLeak, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let resting = cadc::potentials(session)?;
        let reads = self.reads.max(2);
        let all = cadc::repeated(session, Repeated { reads, after_reset: Some(DELAY), wait: BETWEEN })?;
        let one = |neuron: usize| {
            let values: Vec<f64> = all.iter().map(|read| read[neuron]).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
            let noise = (variance / (values.len() - 1) as f64).sqrt();
            let away = (mean - self.expected[neuron]).abs().max((mean - resting[neuron]).abs());
            noise + PENALTIES.iter().find(|(limit, _)| away > *limit).map_or(0.0, |(_, penalty)| *penalty)
        };
        Ok((0..self.expected.len()).map(one).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        let noise = self.measure(session, &[])?;
        for ((success, residual), (noise, target)) in
            outcome.success.iter_mut().zip(&mut outcome.residuals).zip(noise.iter().zip(&outcome.targets))
        {
            *residual = noise - target;
            *success = *residual <= TOLERANCE;
        }
        Ok(())
    }
}
