//! The programs, executed on the processor with a bench instead of a chip around it.

mod bench;

use bench::{BASELINE, Bench, Event};
use bss2_firmware::control::{COMMAND_EXIT, PARAMETERS, from_q16, q16, result};
use bss2_firmware::{block::Block, homeostasis, rstdp, stdp, structural};

/// The text in the mailbox.
fn mailbox(bench: &Bench) -> String {
    bench.world.sram[0x3000..].iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect()
}

#[test]
fn hello_returns_42_and_leaves_its_text_and_stack_pointer() {
    for program in [bss2_firmware::HELLO, bss2_firmware::HELLO_EXTERNAL] {
        let mut bench = Bench::new(&program, 0);
        assert_eq!(bench.run_to_exit(100_000), 42, "{}", program.name);
        assert_eq!(mailbox(&bench), "Hello from the plasticity processor\n");
        assert_eq!(bench.word(0x2ff0), 0x2ff0);
        assert!(bench.world.unmapped.is_empty());
    }
}

#[test]
fn every_interactive_program_refuses_unknown_commands_and_ends_on_request() {
    for program in
        [bss2_firmware::RSTDP, bss2_firmware::HOMEOSTASIS, bss2_firmware::STRUCTURAL, bss2_firmware::STDP]
    {
        let mut bench = Bench::new(&program, 1);
        assert_eq!(bench.finish(99, 10_000), result::UNKNOWN_COMMAND);
        assert_eq!(bench.control().command, 0);
        bench.command(COMMAND_EXIT);
        assert_eq!(bench.run_to_exit(10_000), 0, "{}", program.name);
    }
}

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

/// A deterministic stand-in for what the neurons do in a trial.
fn scramble(a: usize, b: usize, c: usize) -> u32 {
    let parts = [(a, 0x9e37_79b9), (b, 0x85eb_ca6b), (c, 0xc2b2_ae35)];
    let mut x = parts.iter().fold(0, |x, (part, factor)| x ^ (*part as u32).wrapping_mul(*factor));
    x ^= x >> 15;
    x = x.wrapping_mul(0x2c1b_3c6d);
    x ^ x >> 13
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
                let wanted = f64::from(missing) * from_q16(self.parameters.homeostasis_rate) + self.carried[neuron];
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
    assert!(slack > 4000, "only {slack} cycles to spare");
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

#[test]
fn homeostasis_steps_every_weight_towards_the_target() {
    for hemisphere in [0, 1] {
        let mut bench = Bench::new(&bss2_firmware::HOMEOSTASIS, hemisphere);
        let mut parameters: homeostasis::Parameters = bench.read(PARAMETERS);
        (parameters.synapse_row, parameters.first_column, parameters.columns) = (7, 3, 250);
        (parameters.period, parameters.steps, parameters.target) = (50_000, 40, 61);
        (parameters.record_address, parameters.record_capacity) = (0x4000_8000, 64);
        bench.write(PARAMETERS, &parameters);
        bench.world.weights[7] = [31; 256];
        let mut weights = [31i32; 256];
        bench.run_to(5000);
        bench.command(homeostasis::COMMAND_RUN);
        bench.run_to(40_000);
        for step in 0..40 {
            for column in 0..256 {
                // A rate in proportion to the weight, with a gain by column, up to more than a counter holds.
                bench.world.counters[column] = weights[column] as u32 * (1 + column as u32 % 11);
            }
            let counters = bench.world.counters;
            bench.run_while(100_000, |bench| bench.control().trials == step);
            let record =
                homeostasis::Record::from_bytes(&bench.world.fpga[0x8000 + 512 * step as usize..]).unwrap();
            let (counts, before) =
                (homeostasis::by_column(&record.counts), homeostasis::by_column(&record.weights));
            for column in 0..256 {
                let regulated = (3..253).contains(&column);
                let count = if regulated { counters[column].min(255) as i32 } else { 0 };
                assert_eq!(i32::from(counts[column]), count, "column {column} in step {step}");
                assert_eq!(i32::from(before[column]), weights[column]);
                if regulated {
                    weights[column] = (weights[column] + (61 - count).signum()).clamp(0, 63);
                }
            }
            assert_eq!(bench.world.weights[7].map(i32::from), weights, "step {step}");
        }
        bench.run_to(5000 + 42 * 50_000);
        assert!(bench.control().slack > 20_000, "reading takes less than 30000 cycles");
        assert_eq!((bench.control().completed, bench.control().overruns), (1, 0));
        assert!(bench.world.unmapped.is_empty());
    }
}

/// Structural plasticity after the initial commands: rows 16..32, neurons in columns 5, 7, 9.
fn structural_bench(change: impl Fn(&mut structural::Parameters)) -> (Bench, structural::Parameters) {
    let mut bench = Bench::new(&bss2_firmware::STRUCTURAL, 0);
    let mut parameters: structural::Parameters = bench.read(PARAMETERS);
    (parameters.first_row, parameters.first_column) = (16, 15);
    parameters.labels = std::array::from_fn(|index| 10 + index as u32);
    change(&mut parameters);
    bench.write(PARAMETERS, &parameters);
    bench.world.weights = vec![[50; 256]; 256];
    assert_eq!(bench.finish(structural::COMMAND_INITIALISE, 3_000_000), result::DONE);
    (bench, parameters)
}

#[test]
fn random_structure_covers_candidates_and_weights() {
    let (mut bench, parameters) = structural_bench(|parameters| {
        (parameters.rows, parameters.neurons) = (32, 8);
    });
    assert_eq!(bench.finish(structural::COMMAND_RANDOMISE, 100_000), result::DONE);
    let mut labels = [0; 64];
    let mut weights = Vec::new();
    for row in 0..256 {
        for column in 0..256 {
            let (label, weight) = (bench.world.labels[row][column], bench.world.weights[row][column]);
            let own = (16..48).contains(&row) && (15..31).contains(&column) && column % 2 == 1;
            if own {
                labels[usize::from(label)] += 1;
                weights.push(f64::from(weight));
            } else {
                assert_eq!((label, weight), (0, 50), "row {row}, column {column}");
            }
        }
    }
    assert_eq!(labels.iter().sum::<i32>(), 256);
    let expected = 256 / parameters.candidates as i32;
    assert!(labels[10..14].iter().all(|count| (count - expected).abs() < 25), "{labels:?}");
    let mean = weights.iter().sum::<f64>() / 256.0;
    let deviation = (weights.iter().map(|weight| (weight - mean).powi(2)).sum::<f64>() / 256.0).sqrt();
    assert!((mean - 10.0).abs() < 1.0 && (deviation - 5.0).abs() < 1.0, "{mean} {deviation}");
}

#[test]
fn structural_updates_have_the_mean_and_spread_of_the_rule() {
    let (mut bench, parameters) = structural_bench(|parameters| {
        (parameters.rows, parameters.neurons, parameters.trials) = (32, 8, 40);
        (parameters.structure_interval, parameters.period) = (0, 125_000);
    });
    let start = bench.core.cycle() + u64::from(parameters.start_delay);
    bench.command(structural::COMMAND_TRAIN);
    // What remains of the change when the rule's mean is taken away.
    let mut rest = Vec::new();
    let mut squares = 0.0;
    for trial in 0..40u64 {
        let begin = start + trial * u64::from(parameters.period);
        bench.run_to(begin + 40_000);
        bench.world.weights[16..48].iter_mut().for_each(|row| row[15..31].fill(30));
        for neuron in 0..8 {
            bench.world.counters[15 + 2 * neuron] = 10 * neuron as u32;
        }
        for row in 0..32 {
            for neuron in 0..8 {
                bench.world.causal[16 + row][15 + 2 * neuron] = row as u8;
            }
        }
        bench.run_to(begin + u64::from(parameters.period) - 500);
        assert_eq!(u64::from(bench.control().records), trial + 1);
        for row in 0..32 {
            let fall = (i32::from(BASELINE) / 2 - (i32::from(BASELINE) - row as i32) / 2) as f64;
            for neuron in 0..8 {
                let weight = f64::from(bench.world.weights[16 + row][15 + 2 * neuron]);
                let mean = 0.5 * fall - 0.002 * (10 * neuron) as f64 * 30.0;
                rest.push(weight - 30.0 - mean);
                squares += (weight - 30.0 - mean).powi(2);
                assert!((weight - 30.0 - mean).abs() < 1.51, "row {row}, neuron {neuron}: {weight}");
            }
        }
        for row in 16..48 {
            assert!(
                (0..256)
                    .filter(|column| !(15..31).contains(column))
                    .all(|c| bench.world.weights[row][c] == 50)
            );
            assert!((16..30).step_by(2).all(|column| bench.world.weights[row][column] == 30));
        }
    }
    let count = rest.len() as f64;
    let mean = rest.iter().sum::<f64>() / count;
    assert!(mean.abs() < 0.03, "stochastic rounding is unbiased: {mean}");
    // Uniform noise of ±0.5 has variance 1/12; rounding adds between 0 and 1/4.
    let variance = squares / count;
    assert!((1.0 / 12.0..1.0 / 12.0 + 0.25).contains(&variance), "{variance}");
    assert_eq!(bench.control().overruns, 0);
    assert!(bench.control().slack > 2000, "{:?}", bench.control());
}

#[test]
fn weak_synapses_are_reassigned_and_counted() {
    let (mut bench, parameters) = structural_bench(|parameters| {
        (parameters.trials, parameters.structure_interval) = (4, 2);
        (parameters.stdp, parameters.homeostasis, parameters.noise) = (0, 0, 0);
    });
    // Two of three synapses of row 20 and one of row 31 are weak.
    (bench.world.weights[20][15], bench.world.weights[20][19], bench.world.weights[31][17]) = (3, 0, 2);
    let labels = bench.world.labels.clone();
    assert_eq!(bench.finish(structural::COMMAND_TRAIN, 1_000_000), result::DONE);
    let expected = [(20, 15), (20, 19), (31, 17)];
    for (row, column) in expected {
        assert_eq!(u32::from(bench.world.weights[row][column]), parameters.new_weight);
        assert!((10..14).contains(&bench.world.labels[row][column]));
    }
    for row in 0..256 {
        for column in (0..256).filter(|column| !expected.contains(&(row, *column))) {
            assert_eq!(bench.world.labels[row][column], labels[row][column]);
            assert_eq!(bench.world.weights[row][column], 50, "row {row}, column {column}");
        }
    }
    assert_eq!(bench.word(bench.address(structural::REASSIGNMENTS)), 3);
    let records: Vec<u16> = (0..4)
        .map(|trial| {
            let start = bench.address("records") + structural::Record::SIZE * trial;
            structural::Record::from_bytes(&bench.world.sram[start..]).unwrap().reassigned
        })
        .collect();
    assert_eq!(records, [0, 3, 0, 0]);
}

#[test]
fn evaluation_changes_nothing_and_names_the_winner() {
    let (mut bench, _) = structural_bench(|parameters| parameters.trials = 1);
    let start = bench.core.cycle();
    bench.command(structural::COMMAND_EVALUATE);
    bench.run_to(start + 40_000);
    (bench.world.counters[15], bench.world.counters[17], bench.world.counters[19]) = (4, 9, 9);
    bench.world.causal[16] = [90; 256];
    bench.run_to(start + 110_000);
    let record: structural::Record = bench.read("records");
    assert_eq!((record.winner, record.training, record.counts), (1, 0, [4, 9, 9, 0, 0, 0, 0, 0]));
    assert!(bench.world.weights.iter().flatten().all(|weight| *weight == 50));
}

#[test]
fn readings_arrive_row_by_row_with_all_four_vectors() {
    let mut bench = Bench::new(&bss2_firmware::STDP, 1);
    let mut parameters: stdp::Parameters = bench.read(PARAMETERS);
    (parameters.first_row, parameters.rows, parameters.result_address) = (30, 5, 0x4000_0400);
    bench.write(PARAMETERS, &parameters);
    for row in 0..256 {
        bench.world.causal[row] = std::array::from_fn(|column| (scramble(row, column, 0) % 180) as u8);
        bench.world.acausal[row] = std::array::from_fn(|column| (scramble(row, column, 1) % 180) as u8);
    }
    assert_eq!(bench.finish(stdp::COMMAND_READ, 200_000), result::DONE);
    for row in 0..5 {
        let reading = stdp::Reading::from_bytes(&bench.world.fpga[0x400 + 512 * row..]).unwrap();
        for lane in 0..128 {
            let causal = [reading.causal_even[lane], reading.causal_odd[lane]];
            let acausal = [reading.acausal_even[lane], reading.acausal_odd[lane]];
            for parity in 0..2 {
                assert_eq!(causal[parity], BASELINE - bench.world.causal[30 + row][2 * lane + parity]);
                assert_eq!(acausal[parity], BASELINE - bench.world.acausal[30 + row][2 * lane + parity]);
            }
        }
    }
    let untouched = bench.world.causal[29];
    assert_eq!(bench.finish(stdp::COMMAND_RESET, 100_000), result::DONE);
    for row in 30..35 {
        assert_eq!((bench.world.causal[row], bench.world.acausal[row]), ([0; 256], [0; 256]));
    }
    assert_eq!(bench.world.causal[29], untouched);
}

#[test]
fn pairs_keep_their_interval_and_period() {
    for interval in [1000, 100, -100, -2000] {
        let mut bench = Bench::new(&bss2_firmware::STDP, 1);
        let mut parameters: stdp::Parameters = bench.read(PARAMETERS);
        (parameters.pairs, parameters.period, parameters.interval) = (20, 5000, interval);
        (parameters.row_select, parameters.label, parameters.padi_buses) = (21, 42, 0b0110);
        bench.write(PARAMETERS, &parameters);
        assert_eq!(bench.finish(stdp::COMMAND_PAIR, 200_000), result::DONE);
        let (mut inputs, mut spikes) = (Vec::new(), Vec::new());
        for event in &bench.world.events {
            match *event {
                Event::Padi { at, word } => {
                    assert_eq!(word, 0b0110 | 42 << 16 | 21 << 22);
                    inputs.push(at as i64);
                }
                Event::NeuronReset { at, parity, lanes } => {
                    assert_eq!((parity, lanes), (0, u128::MAX));
                    spikes.push(at as i64);
                }
                Event::CorrelationReset { .. } => panic!("no reset was asked for"),
            }
        }
        assert_eq!((inputs.len(), spikes.len()), (20, 20));
        // The first pair runs from a cold instruction cache.
        for pair in 1..20 {
            let found = spikes[pair] - inputs[pair];
            assert!((found - i64::from(interval)).abs() <= 12, "pair {pair}: {found} instead of {interval}");
            if pair > 1 {
                assert!((inputs[pair] - inputs[pair - 1] - 5000).abs() <= 12, "{inputs:?}");
            }
        }
        assert_eq!(bench.control().overruns, 0);
    }
}
