//! Chips as individuals: the spread of calibrated codes against the one chip that was measured (analog-core 8.2, T-MM1).

use crate::bench::{Bench, usual};
use bss2_analog::NeuronParameters;
use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches, Statistics};
use bss2_base::Neuron;
use bss2_chip::physics::{ChipSummary, NeuronRow};

/// An observable that rises (or falls) with one cell, and the value it is to have.
struct Target {
    row: NeuronRow,
    rising: bool,
    value: f64,
    observe: fn(&NeuronParameters) -> f64,
}

/// The smallest codes that meet their targets, all found by bisection at once.
fn solve(bench: &mut Bench, neuron: Neuron, targets: &[Target]) -> Vec<f64> {
    let mut codes = vec![0_u16; targets.len()];
    for bit in (0..10).rev() {
        for (code, target) in codes.iter_mut().zip(targets) {
            *code |= 1 << bit;
            bench.set(neuron, target.row, (*code).min(1022));
        }
        let parameters = bench.neuron(neuron, &usual());
        for (code, target) in codes.iter_mut().zip(targets) {
            let value = (target.observe)(&parameters);
            if (value > target.value) == target.rising {
                *code &= !(1 << bit);
            }
        }
    }
    for (code, target) in codes.iter().zip(targets) {
        bench.set(neuron, target.row, *code);
    }
    // The target lies between this code and the next.
    codes.iter().map(|&code| f64::from(code) + 0.5).collect()
}

/// The voltage of a CADC code in the default spiking calibration (analog-core 0.3).
fn volts(code: f64) -> f64 {
    0.150 + 4.5e-3 * (code - 20.0)
}

#[test]
fn t_mm1_calibrated_codes_scatter_as_on_the_measured_chip() {
    let leak_and_taus = [
        // a_leak is forced to 3.1 nS per code, that of the measured chip.
        Target {
            row: NeuronRow::IBiasLeak,
            rising: false,
            value: 6e-6 * 3.1 / 2.5,
            observe: |p| p.capacitance / p.leak.conductance,
        },
        Target {
            row: NeuronRow::IBiasSyninExcTau,
            rising: false,
            value: 6e-6,
            observe: |p| p.inputs[0].time_constant,
        },
        Target {
            row: NeuronRow::IBiasSyninInhTau,
            rising: false,
            value: 6e-6,
            observe: |p| p.inputs[1].time_constant,
        },
    ];
    let potentials = [
        Target { row: NeuronRow::VLeak, rising: true, value: volts(80.0), observe: |p| p.leak.potential },
        Target { row: NeuronRow::VReset, rising: true, value: volts(80.0), observe: |p| p.reset.potential },
        Target {
            row: NeuronRow::VThreshold,
            rising: true,
            value: volts(150.0),
            observe: |p| p.comparator.unwrap().threshold,
        },
    ];
    // Quadrants scatter by 19 %: 40 chips give the median of time constants to 2 %, the ten of the specification to 4 %.
    let seeds = 100..140;
    let chips = seeds.end - seeds.start;
    // Codes by quantity: leak bias, two time constants, three potentials.
    let mut medians: Vec<Vec<f64>> = vec![Vec::new(); 6];
    let mut variances = [0.0; 6];
    let mut covariance = 0.0;
    for seed in seeds {
        let switches = MismatchSwitches { chip: false, ..MismatchSwitches::default() };
        let mut bench = Bench::new(seed, switches);
        let mut all: Vec<Vec<f64>> = vec![Vec::new(); 6];
        let mut quadrants: Vec<[Vec<f64>; 6]> = (0..4).map(|_| Default::default()).collect();
        for neuron in Neuron::all().step_by(4) {
            let mut codes = solve(&mut bench, neuron, &leak_and_taus);
            codes.extend(solve(&mut bench, neuron, &potentials));
            for (quantity, &code) in codes.iter().enumerate() {
                all[quantity].push(code);
                let relative = quantity < 3;
                quadrants[neuron.quadrant().index()][quantity].push(if relative { code.ln() } else { code });
            }
        }
        for (quantity, codes) in all.iter_mut().enumerate() {
            codes.sort_by(f64::total_cmp);
            medians[quantity].push(codes[codes.len() / 2]);
        }
        for quadrant in &quadrants {
            let weight = 1.0 / (4.0 * chips as f64);
            for (variance, codes) in variances.iter_mut().zip(quadrant) {
                *variance += weight * Statistics::of(codes.iter().copied()).sigma.powi(2);
            }
            let [leak, reset] =
                [3, 4].map(|quantity| Statistics::of(quadrant[quantity].iter().copied()).mean);
            let n = quadrant[3].len() as f64;
            let products = quadrant[3].iter().zip(&quadrant[4]).map(|(a, b)| (a - leak) * (b - reset));
            covariance += weight * products.sum::<f64>() / (n - 1.0);
        }
    }
    let expected = [(158.0, 0.12), (84.0, 0.20), (79.0, 0.19), (630.0, 34.0), (623.0, 32.0), (389.0, 14.0)];
    for (quantity, (median, sigma)) in expected.into_iter().enumerate() {
        medians[quantity].sort_by(f64::total_cmp);
        let found = medians[quantity][medians[quantity].len() / 2];
        let spread = variances[quantity].sqrt();
        println!("{quantity}: median {found:.1} ({median}), spread {spread:.3} ({sigma})");
        assert!((found / median - 1.0).abs() < 0.05, "median of {quantity}: {found}, measured {median}");
        assert!((spread / sigma - 1.0).abs() < 0.15, "spread of {quantity}: {spread}, measured {sigma}");
    }
    let correlation = covariance / (variances[3] * variances[4]).sqrt();
    println!("leak-reset correlation {correlation:.3}");
    assert!((0.6..=0.8).contains(&correlation), "{correlation}");
}

#[test]
fn t_mm1_synaptic_strengths_of_quadrants_scatter_by_28_percent() {
    let mut variance = 0.0;
    let chips = 100;
    for seed in 0..chips {
        let switches = MismatchSwitches { chip: false, instance: false, ..MismatchSwitches::default() };
        let mut bench = Bench::new(seed, switches);
        let strengths = [0, 128, 256, 384].map(|index| {
            let neuron = Neuron::from_index(index).unwrap();
            bench.set(neuron, NeuronRow::IBiasSyninExcGm, 20);
            bench.neuron(neuron, &usual()).inputs[0].transconductance.ln()
        });
        variance += Statistics::of(strengths).sigma.powi(2) / chips as f64;
    }
    let spread = variance.sqrt();
    assert!((spread / 0.28 - 1.0).abs() < 0.15, "{spread}");
}

#[test]
fn a_summary_of_a_chip_can_be_stored() {
    let summary = ChipSummary::of(&ChipMismatch::new(3, MismatchSwitches::default().with_defects(true)));
    let value = serde_json::to_value(&summary).unwrap();
    assert_eq!(value["seed"], 3);
    let leak =
        &value["parameters"].as_array().unwrap().iter().find(|row| row["path"] == "neuron.leak.a").unwrap();
    assert_eq!((&leak["unit"], &leak["count"]), (&"S/LSB".into(), &512.into()));
    assert!(leak["mean"].as_f64().unwrap() > 1e-9 && leak["sigma"].as_f64().unwrap() > 0.0);
    assert_eq!(leak["quadrant_means"].as_array().unwrap().len(), 4);
    assert!((1_150..=1_470).contains(&summary.dead_sensors), "{}", summary.dead_sensors);
}
