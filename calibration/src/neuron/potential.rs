//! Leak and reset potentials (calibration 4.3.2, 4.3.3).

use crate::algorithms::KnobRange;
use crate::error::Result;
use crate::primitives::cadc::{self, Repeated};
use crate::program::{SETTLING, write};
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig};

/// Median of some numbers, NaN left out; `None` of none.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut values: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A range of the algorithms as routines declare it.
pub(crate) const CELL: Range = Range::new(KnobRange::CAPMEM.lower(), KnobRange::CAPMEM.upper());

/// Brings the resting potential to a code of the column ADC by `v_leak`. To be repeated whenever the leak bias has changed.
///
/// Without a target: the median of what the neurons do.
#[derive(Clone, Debug)]
pub struct LeakPotential {
    /// Reads that are averaged; the official routine makes one.
    pub reads: usize,
}

impl Default for LeakPotential {
    fn default() -> Self {
        Self { reads: 1 }
    }
}

/// Time between reads that are averaged: longer than noise on the membrane lasts.
const BETWEEN_READS: SimTime = SimTime::from_us(100);

impl LeakPotential {
    fn read(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        cadc::mean(session, Repeated { reads: self.reads, after_reset: None, wait: BETWEEN_READS })
    }
}

impl Routine for LeakPotential {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "leak potential",
            knob: "v_leak",
            range: CELL,
            inverted: false,
            hints: ["the leak may be too weak against the synaptic inputs", "the leak may be too weak"],
            leaves: &[],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let count = session.neurons().len();
        match target {
            Some(target) => Session::spread(target, count),
            None => {
                let now = self.read(session)?;
                Ok(vec![median(&now).unwrap_or(f64::NAN); count])
            }
        }
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::VLeak, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.read(session)
    }
}

/// Brings the potential during the refractory time to a code of the column ADC by `v_reset`. Needs a settled reset bias.
///
/// Without a target: what the neurons rest at, each its own.
#[derive(Clone, Debug)]
pub struct ResetPotential {
    /// Reads that are averaged; the official routine makes one.
    pub reads: usize,
    /// Reads whose mean is the target if none is given: 1, or 200 for a membrane that is noisy.
    pub target_reads: usize,
    saved: Option<([CommonNeuronBackendConfig; 2], Vec<NeuronBackendConfig>)>,
}

impl Default for ResetPotential {
    fn default() -> Self {
        Self { reads: 1, target_reads: 1, saved: None }
    }
}

/// Time from an artificial reset to the read of the reset potential.
const RESET_DELAY: SimTime = SimTime::from_us(10);

impl Routine for ResetPotential {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "reset potential",
            knob: "v_reset",
            range: CELL,
            inverted: false,
            hints: [
                "the target may be below what the reset reaches",
                "the target may be above what the reset reaches",
            ],
            leaves: &[],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let count = session.neurons().len();
        let target = match target {
            Some(target) => Session::spread(target, count)?,
            None => {
                let reads = self.target_reads.max(1);
                cadc::mean(session, Repeated { reads, after_reset: None, wait: SimTime::from_ms(5) })?
            }
        };
        let common = [0, 1].map(|side| session.link.typed::<CommonNeuronBackendConfig>(side));
        let backends = session.backends();
        let mut program = ProgramBuilder::new();
        for (side, config) in (0..).zip(&common) {
            let slow = CommonNeuronBackendConfig { clock_scale_slow: 9, clock_scale_fast: 9, ..*config };
            write(&mut program, side, &slow);
        }
        session.change_backends(&mut program, |_, config| config.with_refractory_time(255));
        session.link.run_program(&program.finish()?)?;
        self.saved = Some((common, backends));
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::VReset, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let what = Repeated { reads: self.reads, after_reset: Some(RESET_DELAY), wait: SimTime::from_ms(2) };
        cadc::mean(session, what)
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        if let Some((common, backends)) = self.saved.take() {
            let mut program = ProgramBuilder::new();
            for (side, config) in (0..).zip(&common) {
                write(&mut program, side, config);
            }
            session.write_backends(&mut program, &backends);
            session.link.run_program(&program.finish()?)?;
        }
        Ok(())
    }
}
