//! Pong follows the rule of experiments E02 to the last bit, with invented spikes and correlations.

use crate::bench::{BASELINE, Bench};
use crate::scramble;
use bss2_firmware::block::Block;
use bss2_firmware::control::{PARAMETERS, from_q16, q16, result};
use bss2_firmware::rstdp;

#[test]
fn parameters_out_of_range_are_refused() {
    let refused = |change: fn(&mut rstdp::Parameters)| {
        let mut bench = Bench::new(&bss2_firmware::RSTDP, 0);
        let mut parameters: rstdp::Parameters = bench.read(PARAMETERS);
        change(&mut parameters);
        bench.write(PARAMETERS, &parameters);
        assert_eq!(bench.finish(rstdp::COMMAND_INITIALISE, 10_000), result::BAD_PARAMETERS);
        assert_eq!(bench.finish(rstdp::COMMAND_RUN, 10_000), result::NOT_INITIALISED);
    };
    refused(|parameters| parameters.rows = 33);
    refused(|parameters| parameters.seed = 0);
    refused(|parameters| parameters.neurons = 0);
    refused(|parameters| parameters.first_column = 250);
    refused(|parameters| (parameters.rows, parameters.column_stride) = (17, 1));
    refused(|parameters| parameters.record_capacity = rstdp::RING + 1);
}

/// The rule of experiments E02 in plain arithmetic.
struct Pong {
    parameters: rstdp::Parameters,
    weights: Vec<[i32; 256]>,
    expected: Vec<f64>,
    epoch_counts: Vec<i32>,
    carried: Vec<f64>,
}

impl Pong {
    fn column(&self, neuron: usize) -> usize {
        self.parameters.first_column as usize + neuron * self.parameters.column_stride as usize
    }

    fn row(&self, row: usize) -> usize {
        self.parameters.first_row as usize + row * self.parameters.row_stride as usize
    }

    fn ramp(first: i32, last: i32, epoch: usize, epochs: u32) -> f64 {
        let share = (epoch as f64 / f64::from(epochs)).min(1.0);
        from_q16(first) + (from_q16(last) - from_q16(first)) * share
    }

    /// One trial; answers reward, and the update as the program limits it, from the program's own expected reward (which carries
    /// rounding errors of Q16.16).
    fn trial(&mut self, trial: usize, counts: &[u32], causal: &[[u8; 256]], record: &rstdp::Record) {
        let rows = self.parameters.rows as usize;
        let (row, epoch) = (trial % rows, trial / rows);
        let reward: f64 = counts
            .iter()
            .enumerate()
            .map(|(neuron, count)| {
                from_q16(self.parameters.reward[neuron.abs_diff(row).min(7)]) * f64::from(*count)
            })
            .sum();
        assert!((from_q16(record.reward) - reward).abs() < 1e-3, "{record:?} {reward}");
        let surprise = reward - self.expected[row];
        let update = surprise * from_q16(self.parameters.learning_rate) * 128.0;
        assert!((f64::from(record.update) - update.clamp(-127.0, 127.0)).abs() < 1.01, "{record:?} {update}");
        let update = i32::from(record.update);
        let decay = Self::ramp(
            self.parameters.mean_decay_first,
            self.parameters.mean_decay_last,
            epoch,
            self.parameters.mean_decay_epochs,
        );
        self.expected[row] += surprise * decay;
        assert!(
            (from_q16(record.expected) - self.expected[row]).abs() < 2e-3,
            "{record:?} {}",
            self.expected[row]
        );
        self.expected[row] = from_q16(record.expected);

        let mut change_sum = 0;
        if epoch >= self.parameters.epochs_without_learning as usize {
            for game_row in 0..rows {
                for neuron in 0..counts.len() {
                    let (synapse_row, column) = (self.row(game_row), self.column(neuron));
                    let reading = i32::from(BASELINE) - i32::from(causal[synapse_row][column]);
                    let eligibility = i32::from(BASELINE) / 2 - reading / 2;
                    // Towards zero, as eligibilities here are not negative.
                    let change = eligibility * update / 128;
                    change_sum += change.abs();
                    let weight = &mut self.weights[synapse_row][column];
                    *weight = (*weight + change).clamp(0, 63);
                }
            }
        }
        assert_eq!(i32::from(record.weight_change), change_sum, "{record:?}");
        for (neuron, count) in counts.iter().enumerate() {
            self.epoch_counts[neuron] += *count as i32;
        }
        if row == rows - 1 {
            for neuron in 0..counts.len() {
                let missing = self.parameters.homeostasis_target - self.epoch_counts[neuron];
                // Fractions of an LSB are carried over; the numbers of Q16.16 are exact in f64.
                let wanted =
                    f64::from(missing) * from_q16(self.parameters.homeostasis_rate) + self.carried[neuron];
                let change = wanted.trunc() as i32;
                self.carried[neuron] = wanted.fract();
                for game_row in 0..rows {
                    let (synapse_row, column) = (self.row(game_row), self.column(neuron));
                    let weight = &mut self.weights[synapse_row][column];
                    *weight = (*weight + change.clamp(-63, 63)).clamp(0, 63);
                }
            }
            self.epoch_counts.fill(0);
        }
    }
}

/// Plays Pong with invented neurons and compares every weight with the plain rule after every trial.
fn play(hemisphere: u32, change: impl Fn(&mut rstdp::Parameters)) -> Bench {
    let mut bench = Bench::new(&bss2_firmware::RSTDP, hemisphere);
    let mut parameters: rstdp::Parameters = bench.read(PARAMETERS);
    parameters.epochs_without_learning = 1;
    parameters.trials = parameters.rows * 3 + 5;
    change(&mut parameters);
    bench.write(PARAMETERS, &parameters);
    for row in 0..256 {
        for column in 0..256 {
            bench.world.weights[row][column] = (scramble(row, column, 1) % 64) as u8;
            bench.world.causal[row][column] = 17;
        }
    }
    let mut pong = Pong {
        parameters: parameters.clone(),
        weights: bench.world.weights.iter().map(|row| row.map(i32::from)).collect(),
        expected: vec![0.0; parameters.rows as usize],
        epoch_counts: vec![0; parameters.neurons as usize],
        carried: vec![0.0; parameters.neurons as usize],
    };
    assert_eq!(bench.finish(rstdp::COMMAND_INITIALISE, 3_000_000), result::DONE);

    let start = bench.core.cycle();
    bench.command(rstdp::COMMAND_RUN);
    let base = start + u64::from(parameters.start_delay);
    for trial in 0..parameters.trials as usize {
        let begin = base + trial as u64 * u64::from(parameters.period);
        // Half-way through the stimulus the neurons have fired.
        bench.run_to(begin + u64::from(parameters.stimulus_start + parameters.stimulus_end) / 2);
        let mut counts = Vec::new();
        for neuron in 0..parameters.neurons as usize {
            let column = pong.column(neuron);
            assert_eq!(bench.world.counters[column], 0, "the reset spike is not counted");
            counts.push(scramble(trial, neuron, 2) % 30);
            bench.world.counters[column] = counts[neuron];
            for row in 0..parameters.rows as usize {
                let sensor = &mut bench.world.causal[pong.row(row)][column];
                assert_eq!(*sensor, 0, "the reset spike does not pair");
                *sensor = (scramble(trial, neuron, row + 3) % 100) as u8;
            }
        }
        let causal = bench.world.causal.clone();
        bench.run_to(begin + u64::from(parameters.period) - 500);
        assert_eq!(bench.control().records as usize, trial + 1, "learning has finished");
        let slot = trial % parameters.record_capacity as usize * rstdp::Record::SIZE;
        let memory = match parameters.record_address {
            0 => &bench.world.sram[bench.address("records") + slot..],
            address => &bench.world.fpga[address as usize - 0x4000_0000 + slot..],
        };
        let record = rstdp::Record::from_bytes(memory).unwrap();
        assert_eq!(
            (usize::from(record.trial), u32::from(record.row)),
            (trial, trial as u32 % parameters.rows)
        );
        for (neuron, count) in record.counts.iter().enumerate() {
            assert_eq!(u32::from(*count), counts.get(neuron).copied().unwrap_or(0));
        }
        let most = *counts.iter().max().unwrap();
        assert_eq!(counts[usize::from(record.winner)], most);
        let reward = parameters.reward[usize::from(record.winner).abs_diff(record.row.into()).min(7)];
        assert_eq!(record.success, u8::from(reward >= 0));
        pong.trial(trial, &counts, &causal, &record);

        for row in 0..256 {
            if row == parameters.noise_row as usize {
                continue;
            }
            let weights = bench.world.weights[row].map(i32::from);
            assert!(
                weights == pong.weights[row],
                "trial {trial}, row {row}: {weights:?} {:?}",
                pong.weights[row]
            );
        }
    }
    bench.run_to(base + u64::from(parameters.trials * parameters.period) + 1000);
    let control = bench.control();
    assert_eq!((control.completed, control.overruns, control.trials), (2, 0, parameters.trials));
    assert!(bench.world.unmapped.is_empty(), "{:x?}", bench.world.unmapped);
    bench
}

#[test]
fn pong_follows_the_rule_to_the_last_bit() {
    let bench = play(0, |_| ());
    let slack = bench.control().slack;
    assert!(slack > 10_000, "only {slack} cycles to spare");
}

#[test]
fn pong_plays_on_any_rows_and_columns_of_either_hemisphere() {
    play(1, |parameters| {
        parameters.rows = 5;
        parameters.trials = 17;
        (parameters.first_row, parameters.row_stride, parameters.noise_row) = (100, 2, 255);
        (parameters.first_column, parameters.neurons) = (101, 20);
        (parameters.record_address, parameters.record_capacity) = (0x4000_1000, 1000);
    });
    play(0, |parameters| {
        parameters.rows = 4;
        parameters.trials = 14;
        (parameters.first_column, parameters.column_stride, parameters.neurons) = (120, 1, 16);
        parameters.learning_rate = q16(1.5);
    });
}

#[test]
fn noise_weights_are_half_a_normal_distribution() {
    let deviation = |noise: f64| {
        let mut bench = Bench::new(&bss2_firmware::RSTDP, 0);
        let mut parameters: rstdp::Parameters = bench.read(PARAMETERS);
        (parameters.neurons, parameters.trials, parameters.noise_offset) = (64, 50, 0);
        (parameters.noise_first, parameters.noise_last) = (q16(noise), q16(noise));
        bench.write(PARAMETERS, &parameters);
        bench.world.weights[16][128..].fill(77 & 63);
        assert_eq!(bench.finish(rstdp::COMMAND_INITIALISE, 3_000_000), result::DONE);
        bench.command(rstdp::COMMAND_RUN);
        let mut values = Vec::new();
        let start = bench.core.cycle();
        for trial in 0..50 {
            bench.run_to(start + 40_000 + trial * 125_000);
            values.extend((0..64).map(|neuron| f64::from(bench.world.weights[16][2 * neuron])));
        }
        assert!(
            bench.world.weights[16][128..].iter().all(|weight| *weight == 77 & 63),
            "other columns are kept"
        );
        let zeros = values.iter().filter(|value| **value == 0.0).count() as f64 / values.len() as f64;
        let square = values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64;
        (zeros, (2.0 * square).sqrt())
    };
    let (zeros, spread) = deviation(15.0);
    assert!((0.47..0.58).contains(&zeros), "share of zeros {zeros}");
    // Rounding down takes half a step from each.
    assert!((13.5..15.5).contains(&spread), "standard deviation {spread}");
    assert_eq!(deviation(0.0), (1.0, 0.0));
}
