//! The spike threshold (calibration 4.3.4 to 4.3.6).

use super::before::Before;
use super::potential::CELL;
use crate::error::{CalibrationError, Result};
use crate::primitives::madc::{self, Recording, write_at};
use crate::primitives::{cadc, counters, reset};
use crate::program::SETTLING;
use crate::routine::{Declaration, Outcome, Routine, Session};
use bss2_base::{Hemisphere, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::NeuronConfig;

/// Brings the highest potential of a tonically firing neuron to a code of the column ADC by `v_threshold`: offset current on, leak
/// off, reset to 0. All of that is put back afterwards (the official routine leaves leak and reset off).
#[derive(Clone, Debug)]
pub struct ThresholdCadc {
    /// Reads of each hemisphere in one batch; the official routine makes 1000.
    pub reads: usize,
    /// Batches, each begun with a reset; the official routine makes 3.
    pub batches: usize,
    before: Option<Before>,
}

impl Default for ThresholdCadc {
    fn default() -> Self {
        Self { reads: 1000, batches: 3, before: None }
    }
}

impl ThresholdCadc {
    /// With less reads: the highest potential is missed by a part of a code.
    pub fn quick() -> Self {
        Self { reads: 150, batches: 2, before: None }
    }
}

/// Offset current of this code, no leak, reset to 0, inputs off: neurons that fire all the time once comparator and current are on, which
/// they are if `firing`. Gives what was before.
fn prepare_firing(session: &mut Session<'_>, offset_code: i32, firing: bool) -> Result<Before> {
    let before = Before::of(session, &[Cell::IMemOffset, Cell::IBiasLeak, Cell::VReset]);
    let mut program = ProgramBuilder::new();
    session.write_cells_noisy(&mut program, Cell::IMemOffset, offset_code);
    session.write_cells_noisy(&mut program, Cell::IBiasLeak, 0);
    session.write_cells_noisy(&mut program, Cell::VReset, 0);
    session.change_neurons(&mut program, |_, config| {
        *config = NeuronConfig {
            en_synin_exc: false,
            en_synin_inh: false,
            en_thresh_comp: firing,
            en_mem_off: firing,
            en_fire: true,
            invert_current: false,
            ..*config
        };
    });
    session.link.run_program(&program.finish()?)?;
    Ok(before)
}

impl Routine for ThresholdCadc {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "threshold",
            knob: "v_threshold",
            range: CELL,
            inverted: false,
            hints: ["the target may be too low", "the offset current may be too weak"],
            leaves: &[],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let target = Session::spread(target.unwrap_or(&[125.0]), session.neurons().len())?;
        self.before = Some(prepare_firing(session, 70, true)?);
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::VThreshold, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let mut highest = vec![f64::NEG_INFINITY; bss2_base::NEURONS];
        for _ in 0..self.batches {
            let (results, tickets) = session.link.run(|program| {
                Hemisphere::ALL.into_iter().for_each(|hemisphere| reset::hemisphere(program, hemisphere));
                program.barrier_omnibus();
                Hemisphere::ALL.map(|hemisphere| -> Vec<_> {
                    (0..self.reads).map(|_| cadc::read_hemisphere(program, hemisphere)).collect()
                })
            })?;
            for (hemisphere, tickets) in tickets.iter().enumerate() {
                for ticket in tickets {
                    let potentials = ticket.potentials(&results)?;
                    let highest = &mut highest[256 * hemisphere..];
                    highest.iter_mut().zip(potentials).for_each(|(high, now)| *high = high.max(now));
                }
            }
        }
        Ok(session.select(&highest))
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        self.before.take().map_or(Ok(()), |before| before.put_back(session))
    }
}

/// As [`ThresholdCadc`], with the highest code of the membrane ADC. There is no default target.
#[derive(Clone, Debug, Default)]
pub struct ThresholdMadc {
    before: Option<Before>,
}

/// Samples at both ends of a trace that are left out.
const TRACE_MARGIN: usize = 200;

impl Routine for ThresholdMadc {
    fn declaration(&self) -> Declaration {
        Declaration { name: "threshold (MADC)", ..ThresholdCadc::default().declaration() }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let Some(target) = target else {
            let what = "running without a target".into();
            return Err(CalibrationError::NotSupported { routine: "threshold (MADC)", what });
        };
        let target = Session::spread(target, session.neurons().len())?;
        self.before = Some(prepare_firing(session, 250, false)?);
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::VThreshold, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let recording = Recording {
            sampling_time: SimTime::from_us(200),
            wait_between_neurons: SimTime::from_ms(2),
            clock_division: 1,
        };
        let name = self.declaration().name;
        let traces = madc::record(session, name, &recording, |timeline, _, neuron, connected, at| {
            let instance = coordinates::neuron_config(neuron);
            let firing = NeuronConfig { en_thresh_comp: true, en_mem_off: true, ..*connected };
            write_at(timeline, at, instance, &firing);
            timeline.write(at, reset::address(neuron), 0);
        })?;
        let highest = |trace: &madc::Trace| {
            let end = trace.codes.len().saturating_sub(TRACE_MARGIN);
            let inner = trace.codes.get(TRACE_MARGIN..end).unwrap_or(&[]);
            inner.iter().copied().reduce(f64::max).unwrap_or(f64::NAN)
        };
        Ok(traces.iter().map(highest).collect())
    }

    fn postlude(&mut self, session: &mut Session<'_>, _: &mut Outcome) -> Result<()> {
        self.before.take().map_or(Ok(()), |before| before.put_back(session))
    }
}

/// Puts the threshold just above the resting potential, so that single events make the neuron fire: searches the threshold at which
/// noise makes the neuron fire 30 times in 2 ms, and adds a safety margin of 40 codes. Leaves `v_reset` at 0 and the
/// membrane capacitor at 4.
#[derive(Clone, Debug)]
pub struct ThresholdNearRest {
    /// What is added to the result, in codes of `v_threshold`.
    pub safety_margin: i32,
}

impl Default for ThresholdNearRest {
    fn default() -> Self {
        Self { safety_margin: 40 }
    }
}

/// How long spikes are counted near rest.
const NEAR_REST_SPAN: SimTime = SimTime::from_ms(2);

impl Routine for ThresholdNearRest {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "threshold near rest",
            knob: "v_threshold",
            range: CELL,
            inverted: true,
            hints: [
                "the neuron may rest below the lowest threshold",
                "the neuron may rest above the highest threshold",
            ],
            leaves: &["v_reset", "membrane_capacitor_size", "enable_threshold_comparator"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let target = Session::spread(target.unwrap_or(&[30.0]), session.neurons().len())?;
        let mut program = ProgramBuilder::new();
        session.write_cells_noisy(&mut program, Cell::VReset, 0);
        session.change_neurons(&mut program, |_, config| {
            *config = NeuronConfig { mem_cap_size: 4, en_thresh_comp: true, en_fire: true, ..*config };
        });
        session.link.run_program(&program.finish()?)?;
        Ok(target)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_cells(program, Cell::VThreshold, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        counters::count(session, NEAR_REST_SPAN)
    }

    fn postlude(&mut self, session: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        let range = self.declaration().range;
        for parameter in &mut outcome.parameters {
            *parameter = range.clip(*parameter + self.safety_margin);
        }
        session.step(self, &outcome.parameters)?;
        let counts = counters::count(session, SimTime::from_ms(1000))?;
        let noisy = counts.iter().filter(|&&count| count > 50.0).count();
        if noisy > 0 {
            session.note(&format!(
                "threshold near rest: {noisy} neurons fire more than 50 times a second by themselves"
            ));
        }
        Ok(())
    }
}

/// Brings the rate of neurons whose leak is above their threshold to a target by `v_threshold`; rates in kHz.
///
/// Needs calibrated leak and reset potentials. A target of 0 leaves a neuron as it is.
#[derive(Clone, Debug, Default)]
pub struct LeakOverThreshold {
    /// Codes of `v_threshold` at the reset potential: below them a neuron would spike at the refractory period, or never.
    floor: Vec<i32>,
    span: SimTime,
    before: Vec<i32>,
    skipped: Vec<bool>,
}

/// Largest ratio of the rates of one calibration.
const RATE_RANGE: f64 = 10.0;
/// Spikes of the fastest neuron in one measurement: 0.8 of what a counter holds.
const MOST_SPIKES: f64 = 204.0;

impl Routine for LeakOverThreshold {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "leak over threshold",
            knob: "v_threshold",
            range: CELL,
            inverted: true,
            hints: ["the leak may be too weak for the rate", "the leak may be below the highest threshold"],
            leaves: &["enable_threshold_comparator"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        let name = "leak over threshold";
        let rates = Session::spread(target.unwrap_or(&[100.0]), session.neurons().len())?;
        self.skipped = rates.iter().map(|&rate| rate == 0.0).collect();
        let wanted = || rates.iter().copied().filter(|&rate| rate != 0.0);
        let (Some(slowest), Some(fastest)) = (wanted().reduce(f64::min), wanted().reduce(f64::max)) else {
            return Err(CalibrationError::NotSupported { routine: name, what: "no rate but 0".into() });
        };
        if slowest <= 0.0 || fastest > RATE_RANGE * slowest {
            let what = format!("rates from {slowest} to {fastest} kHz at once; a range of 10 is possible");
            return Err(CalibrationError::NotSupported { routine: name, what });
        }
        self.before = session.cells(Cell::VThreshold);
        self.span = SimTime::from_secs_f64(MOST_SPIKES / (fastest * 1e3));
        // The threshold at the reset potential: the lowest with sense. Leak and reset change places for that.
        let leak = session.cells(Cell::VLeak);
        let resets = session.cells(Cell::VReset);
        let mut program = ProgramBuilder::new();
        session.write_cells(&mut program, Cell::VLeak, &resets);
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        let at_reset = cadc::potentials(session)?;
        let floor = session.calibrate(
            &mut ThresholdCadc::quick(),
            &crate::algorithms::Search::NOISY,
            Some(&at_reset),
        )?;
        self.floor = floor.parameters;
        let mut program = ProgramBuilder::new();
        session.write_cells(&mut program, Cell::VLeak, &leak);
        session.change_neurons(&mut program, |_, config| {
            *config = NeuronConfig { en_thresh_comp: true, en_fire: true, ..*config };
        });
        session.link.run_program(&program.finish()?)?;
        Ok(rates.into_iter().map(|rate| rate * 1e3 * self.span.as_secs_f64()).collect())
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        let codes: Vec<i32> = parameters
            .iter()
            .enumerate()
            .map(|(index, &code)| if self.skipped[index] { self.before[index] } else { code })
            .collect();
        session.write_cells(program, Cell::VThreshold, &codes);
    }

    fn measure(&mut self, session: &mut Session<'_>, parameters: &[i32]) -> Result<Vec<f64>> {
        let counts = counters::count(session, self.span)?;
        let judged = |(index, count): (usize, f64)| {
            if parameters[index] <= self.floor[index] { counters::OVERFLOW } else { count }
        };
        Ok(counts.into_iter().enumerate().map(judged).collect())
    }

    fn postlude(&mut self, _: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        for index in (0..outcome.len()).filter(|&index| self.skipped[index]) {
            outcome.parameters[index] = self.before[index];
            (outcome.success[index], outcome.residuals[index]) = (true, f64::NAN);
        }
        Ok(())
    }
}
