//! Does it learn? Pong with ideal neurons instead of a chip: the reduced task of experiments E02 with its reference model.

use crate::bench::Bench;
use bss2_firmware::block::Block;
use bss2_firmware::control::{PARAMETERS, q16, result};
use bss2_firmware::rstdp;

const ROWS: usize = 16;
const EPOCHS: usize = 100;

/// splitmix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ x >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// One neuron through one trial. Answers its spikes and the correlation of its synapses: nearest-neighbour causal pairs,
/// exponential with 5 us, 2 LSB of the reading each.
fn neuron(row: usize, weights: &[u8; ROWS], noise: u8, gain: f64) -> (u32, [u8; ROWS]) {
    const STEP: f64 = 0.35; // us
    const THRESHOLD: f64 = 40.0;
    // Input of the active row and, weaker, of its neighbours; 70 events of the active row.
    let rate = |other: usize| [1.0, 0.3, 0.05, 0.05].get(other.abs_diff(row)).copied().unwrap_or(0.0);
    let decay = (-STEP / 10.0f64).exp();
    let trace_decay = (-STEP / 5.0f64).exp();
    let (mut current, mut membrane, mut spikes) = (0.0, 0.0, 0);
    let mut phase = [0.999; ROWS];
    let mut trace = [0.0; ROWS];
    let mut pairs = [0.0; ROWS];
    let steps = (294.0 / STEP) as usize;
    for step in 0..steps {
        for input in 0..ROWS {
            trace[input] *= trace_decay;
            phase[input] += rate(input) * STEP / 4.2;
            if phase[input] >= 1.0 {
                phase[input] -= 1.0;
                current += gain * f64::from(weights[input]);
                trace[input] = 1.0;
            }
        }
        if step % 10 == 0 {
            current += gain * f64::from(noise);
        }
        membrane = membrane * decay + current * (1.0 - decay);
        current *= decay;
        if membrane >= THRESHOLD {
            membrane = 0.0;
            spikes += 1;
            for input in 0..ROWS {
                pairs[input] += std::mem::take(&mut trace[input]);
            }
        }
    }
    (spikes, pairs.map(|pairs: f64| (2.0 * pairs).min(120.0) as u8))
}

/// Share of trials in the last 30 epochs with the paddle at most one position off the ball, and mean weight on and off the diagonal at the end.
fn learn(seed: u32, learning_rate: f64) -> (f64, f64, f64) {
    let mut bench = Bench::new(&bss2_firmware::RSTDP, 0);
    let mut parameters: rstdp::Parameters = bench.read(PARAMETERS);
    parameters.seed = seed;
    parameters.learning_rate = q16(learning_rate);
    (parameters.record_address, parameters.record_capacity) = (0x4000_0000, 4096);
    parameters.trials = (ROWS * EPOCHS) as u32;
    bench.write(PARAMETERS, &parameters);
    let mut random = Random(u64::from(seed));
    let gains: Vec<f64> = (0..ROWS).map(|_| 1.0 + 0.2 * random.normal()).collect();
    for row in 0..ROWS {
        for neuron in 0..ROWS {
            bench.world.weights[row][2 * neuron] = (12.0 + 2.0 * random.normal()).round() as u8;
        }
    }
    assert_eq!(bench.finish(rstdp::COMMAND_INITIALISE, 3_000_000), result::DONE);
    let start = bench.core.cycle() + u64::from(parameters.start_delay + parameters.stimulus_start) + 500;
    bench.command(rstdp::COMMAND_RUN);
    for trial in 0..ROWS * EPOCHS {
        bench.run_to(start + trial as u64 * u64::from(parameters.period));
        for (index, gain) in gains.iter().enumerate() {
            let weights = std::array::from_fn(|row| bench.world.weights[row][2 * index]);
            let noise = bench.world.weights[parameters.noise_row as usize][2 * index];
            let (spikes, pairs) = neuron(trial % ROWS, &weights, noise, *gain);
            bench.world.counters[2 * index] += spikes;
            for (row, pairs) in pairs.into_iter().enumerate() {
                bench.world.causal[row][2 * index] += pairs;
            }
        }
    }
    bench.run_to(start + (ROWS * EPOCHS) as u64 * u64::from(parameters.period));
    assert_eq!(bench.control().overruns, 0);
    let records: Vec<rstdp::Record> = (0..ROWS * EPOCHS)
        .map(|trial| rstdp::Record::from_bytes(&bench.world.fpga[trial * rstdp::Record::SIZE..]).unwrap())
        .collect();
    let last = &records[ROWS * (EPOCHS - 30)..];
    let success =
        last.iter().map(|record| f64::from(u8::from(record.winner.abs_diff(record.row) <= 1))).sum::<f64>()
            / last.len() as f64;
    let (mut diagonal, mut other) = (0.0, 0.0);
    for row in 0..ROWS {
        for neuron in 0..ROWS {
            let weight = f64::from(bench.world.weights[row][2 * neuron]);
            *(if row == neuron { &mut diagonal } else { &mut other }) += weight;
        }
    }
    (success, diagonal / ROWS as f64, other / (ROWS * (ROWS - 1)) as f64)
}

#[test]
fn pong_is_learned_from_reward() {
    let (success, diagonal, other) = learn(1, 0.2);
    assert!(success >= 0.6 && diagonal >= 1.5 * other, "success {success}, weights {diagonal} and {other}");
}

#[test]
fn pong_is_not_learned_without_reward() {
    let (success, diagonal, other) = learn(1, 0.0);
    assert!(success <= 0.3 && diagonal < 1.5 * other, "success {success}, weights {diagonal} and {other}");
}
