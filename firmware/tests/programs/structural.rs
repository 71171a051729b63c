//! Structural plasticity: mean and spread of the stochastic rule of experiments E03, and the change of labels.

use crate::bench::{BASELINE, Bench};
use bss2_firmware::block::Block;
use bss2_firmware::control::{PARAMETERS, result};
use bss2_firmware::structural;

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
    for (row, labels) in labels.iter().enumerate() {
        for column in (0..256).filter(|column| !expected.contains(&(row, *column))) {
            assert_eq!(bench.world.labels[row][column], labels[column]);
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
