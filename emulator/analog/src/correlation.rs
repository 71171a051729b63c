//! Correlation sensors: traces that are evaluated when they pair, accumulators that the CADC reads (analog-core 6).
//!
//! Nothing here steps. A trace is the time of the pulse that started it. Post pulses concern whole columns, so their
//! time is kept once per column; pre pulses concern single synapses. A post pulse visits only the rows whose pre trace is pending
//! in its column, found in a bit set per column.
//!
//! Pairing (settled O1): by default a trace serves one pairing. The pre trace of a synapse is then pending exactly if no post
//! pulse came after it, and vice versa, so that the two times say it all. Pulses at the same time don't pair and both start their
//! traces (settled O11). A trace (re)starts at the leading edge of the pulse.

use crate::draws::{self, Spread};
use crate::options::AnalogOptions;
use crate::parameters::{Branch, CorrelationBranch, CorrelationParameters, SynapseMismatch};
use bss2_base::math::exp;
use bss2_base::{COLUMNS, Column, ColumnMask, ROWS, Row, SimTime};
use serde::{Deserialize, Serialize};

/// "No pulse yet", in ps.
const NEVER: u64 = u64::MAX;

/// One synapse. Indices of the arrays are [`Branch`]es.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Sensor {
    /// The latest pre pulse in ps.
    pre: u64,
    /// Accumulator voltages in V at `updated`, without the leakage since.
    accumulated: [f64; 2],
    /// ps.
    updated: u64,
    /// Mismatch factors.
    time_constant: [f32; 2],
    amplitude: [f32; 2],
}

/// One column. A bit set is 256 bits, one for each row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct ColumnTrace {
    /// The latest post pulse in ps.
    post: u64,
    /// Rows whose pre trace may pair with the next post pulse.
    pending: [u64; 4],
}

/// The parameters of a quadrant, prepared for use.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Prepared {
    given: CorrelationParameters,
    /// Amplitude in V by branch and amplitude calibration code.
    amplitude: [[f64; 4]; 2],
    /// Decay rate in 1/s by branch and time calibration code.
    decay: [[f64; 4]; 2],
}

impl Prepared {
    fn new(given: &CorrelationParameters) -> Self {
        let branches = [given.causal, given.acausal];
        let divisor = |step: f64, code: usize| 1.0 + step * code as f64;
        let amplitude = |branch: CorrelationBranch| {
            core::array::from_fn(|code| branch.amplitude / divisor(given.amplitude_calibration_step, code))
        };
        let decay = |branch: CorrelationBranch| {
            core::array::from_fn(|code| divisor(given.time_calibration_step, code) / branch.time_constant)
        };
        Self { given: *given, amplitude: branches.map(amplitude), decay: branches.map(decay) }
    }
}

/// Pairs of pulses that are about to charge accumulators of one branch at one time.
struct Pairs {
    branch: Branch,
    /// The later pulse, ps.
    time: u64,
    count: usize,
    /// Synapses.
    at: [u32; Self::CAPACITY],
    /// Their earlier pulses, ps.
    since: [u64; Self::CAPACITY],
}

impl Pairs {
    const CAPACITY: usize = 32;

    fn new(branch: Branch, time: u64) -> Self {
        Self { branch, time, count: 0, at: [0; Self::CAPACITY], since: [0; Self::CAPACITY] }
    }

    #[inline]
    fn push(&mut self, at: usize, since: u64) {
        self.at[self.count] = at as u32;
        self.since[self.count] = since;
        self.count += 1;
    }

    fn is_full(&self) -> bool {
        self.count == Self::CAPACITY
    }
}

/// The sensors of one hemisphere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CorrelationArray {
    /// 0 or 1, for the random streams.
    hemisphere: u32,
    #[serde(deserialize_with = "crate::whole::table::<{ ROWS * COLUMNS }, _, _>")]
    sensors: Vec<Sensor>,
    /// `amplitude code | time code << 2` for each synapse.
    #[serde(deserialize_with = "crate::whole::table::<{ ROWS * COLUMNS }, _, _>")]
    calibration: Vec<u8>,
    #[serde(deserialize_with = "crate::whole::table::<COLUMNS, _, _>")]
    columns: Vec<ColumnTrace>,
    /// West and east.
    quadrants: [Prepared; 2],
}

impl CorrelationArray {
    pub(crate) fn new(hemisphere: u32) -> Self {
        let sensor = Sensor {
            pre: NEVER,
            accumulated: [0.0; 2],
            updated: 0,
            time_constant: [1.0; 2],
            amplitude: [1.0; 2],
        };
        Self {
            hemisphere,
            sensors: vec![sensor; ROWS * COLUMNS],
            calibration: vec![0; ROWS * COLUMNS],
            columns: vec![ColumnTrace { post: NEVER, pending: [0; 4] }; COLUMNS],
            quadrants: [0, 1].map(|_| Prepared::new(&CorrelationParameters::default())),
        }
    }

    pub(crate) fn set_parameters(&mut self, side: usize, parameters: &CorrelationParameters) {
        self.quadrants[side] = Prepared::new(parameters);
    }

    pub(crate) fn set_mismatch(&mut self, row: Row, column: Column, mismatch: &SynapseMismatch) {
        let sensor = &mut self.sensors[index(row, column)];
        sensor.time_constant = [mismatch.causal.time_constant, mismatch.acausal.time_constant];
        sensor.amplitude = [mismatch.causal.amplitude, mismatch.acausal.amplitude];
    }

    pub(crate) fn calibration(&self, row: Row, column: Column) -> (u8, u8) {
        let codes = self.calibration[index(row, column)];
        (codes & 3, codes >> 2)
    }

    pub(crate) fn set_calibration(&mut self, row: Row, column: Column, amplitude: u8, time: u8) {
        self.calibration[index(row, column)] = (amplitude & 3) | (time & 3) << 2;
    }

    /// A pre pulse reaches these synapses of a row at `time`; not before any earlier pulse of their columns.
    pub(crate) fn pre(
        &mut self,
        row: Row,
        columns: ColumnMask,
        time: u64,
        seed: u64,
        options: &AnalogOptions,
    ) {
        let mut pairs = Pairs::new(Branch::Acausal, time);
        for column in columns.iter() {
            let at = index(row, column);
            let trace = &mut self.columns[usize::from(column)];
            let sensor = &mut self.sensors[at];
            let pending = !options.consume_on_use || sensor.pre == NEVER || trace.post >= sensor.pre;
            sensor.pre = time;
            trace.pending[usize::from(row) / 64] |= 1 << (row % 64);
            if trace.post != NEVER && trace.post != time && pending {
                pairs.push(at, trace.post);
                if pairs.is_full() {
                    self.accumulate(&mut pairs, seed, options);
                }
            }
        }
        self.accumulate(&mut pairs, seed, options);
    }

    /// A post pulse reaches all synapses of a column at `time`.
    pub(crate) fn post(&mut self, column: Column, time: u64, seed: u64, options: &AnalogOptions) {
        let trace = &mut self.columns[usize::from(column)];
        if trace.post == time {
            return;
        }
        trace.post = time;
        let mut pairs = Pairs::new(Branch::Causal, time);
        for word in 0..4 {
            let pending = self.columns[usize::from(column)].pending[word];
            let mut rest = pending;
            let mut left = pending;
            while rest != 0 {
                let bit = rest.trailing_zeros();
                rest &= rest - 1;
                let at = index((64 * word as u32 + bit) as Row, column);
                let pre = self.sensors[at].pre;
                if pre == time {
                    continue;
                }
                pairs.push(at, pre);
                if pairs.is_full() {
                    self.accumulate(&mut pairs, seed, options);
                }
                if options.consume_on_use {
                    left &= !(1 << bit);
                }
            }
            self.columns[usize::from(column)].pending[word] = left;
        }
        self.accumulate(&mut pairs, seed, options);
    }

    /// Pairs charge their accumulators. Empties `pairs`.
    ///
    /// In loops over plain arrays, so that the loads overlap and the exponentials are computed side by side.
    fn accumulate(&mut self, pairs: &mut Pairs, seed: u64, options: &AnalogOptions) {
        if pairs.count == 0 {
            return;
        }
        let count = core::mem::take(&mut pairs.count);
        let (branch, time) = (pairs.branch as usize, pairs.time);
        let (mut exponent, mut step) = ([0.0; Pairs::CAPACITY], [0.0; Pairs::CAPACITY]);
        for pair in 0..count {
            let (at, since) = (pairs.at[pair] as usize, pairs.since[pair]);
            let quadrant = &self.quadrants[at % COLUMNS / (COLUMNS / 2)];
            let codes = usize::from(self.calibration[at]);
            let sensor = &self.sensors[at];
            let delay = (time - since) as f64 * 1e-12;
            exponent[pair] =
                -delay * quadrant.decay[branch][codes >> 2] / f64::from(sensor.time_constant[branch]);
            step[pair] = quadrant.amplitude[branch][codes & 3] * f64::from(sensor.amplitude[branch]);
        }
        for (step, exponent) in step.iter_mut().zip(&exponent).take(count) {
            *step *= exp(*exponent);
        }
        if options.noise.correlation > 0.0 {
            let first = pairs.at[0] as usize;
            let (quantity, instance) = match pairs.branch {
                Branch::Acausal => (draws::CORRELATION_PRE, first / COLUMNS),
                Branch::Causal => (draws::CORRELATION_POST, first % COLUMNS),
            };
            let spread = Spread::new(seed, quantity, self.hemisphere * 256 + instance as u32, time);
            for (step, at) in step.iter_mut().zip(&pairs.at).take(count) {
                *step *= 1.0 + options.noise.correlation * spread.normal(*at);
            }
        }
        for (step, at) in step.iter().zip(&pairs.at).take(count) {
            let at = *at as usize;
            let given = &self.quadrants[at % COLUMNS / (COLUMNS / 2)].given;
            let sensor = &mut self.sensors[at];
            sensor.leak(time, given.leakage);
            let accumulated = &mut sensor.accumulated[branch];
            let compressed = step * (1.0 - *accumulated / given.compression);
            *accumulated = (*accumulated + compressed).clamp(0.0, given.saturation);
        }
    }

    /// The accumulator of a synapse in V at `time`.
    pub(crate) fn accumulated(&self, row: Row, column: Column, branch: Branch, time: SimTime) -> f64 {
        let mut sensor = self.sensors[index(row, column)];
        sensor.leak(time.as_ps(), self.quadrants[usize::from(column) / (COLUMNS / 2)].given.leakage);
        sensor.accumulated[branch as usize]
    }

    /// Resets accumulators of a row at `time`; the fraction `residue` stays. Traces are left alone.
    pub(crate) fn reset(&mut self, row: Row, masks: [ColumnMask; 2], residue: f64, time: u64) {
        for (branch, mask) in Branch::ALL.into_iter().zip(masks) {
            for column in mask.iter() {
                let leakage = self.quadrants[usize::from(column) / (COLUMNS / 2)].given.leakage;
                let sensor = &mut self.sensors[index(row, column)];
                sensor.leak(time, leakage);
                sensor.accumulated[branch as usize] *= residue;
            }
        }
    }
}

impl Sensor {
    /// Both accumulators leak toward zero until `time`.
    #[inline]
    fn leak(&mut self, time: u64, rate: f64) {
        let lost = rate * (time - self.updated) as f64 * 1e-12;
        self.accumulated = self.accumulated.map(|voltage| (voltage - lost).max(0.0));
        self.updated = time;
    }
}

#[inline]
fn index(row: Row, column: Column) -> usize {
    usize::from(row) * COLUMNS + usize::from(column)
}
