//! Random switches through registers against nodal analysis of all nodes (T-NET).

use crate::bench::run;
use crate::neuron::*;
use bss2_base::{Hemisphere, Neuron};
use bss2_chip::registers::capmem::NeuronParameter as Cell;
use bss2_chip::registers::neuron::NeuronConfig;
use proptest::prelude::*;

const COLUMNS: usize = 5;
/// A short in S; the conductances are around 1 uS.
const SHORT: f64 = 1.0;
/// In S; a line that nothing touches needs some potential.
const GROUND: f64 = 1e-14;

fn switches() -> impl Strategy<Value = NeuronConfig> {
    let bits =
        (prop::bool::weighted(0.4), prop::bool::weighted(0.25), any::<bool>(), any::<bool>(), any::<bool>());
    bits.prop_map(|(soma, right, bottom, somata, conductance)| NeuronConfig {
        connect_soma: soma,
        connect_membrane_right: right,
        connect_bottom: bottom,
        connect_somata: somata,
        en_comp_cond: conductance,
        ..passive()
    })
}

fn neuron(number: usize) -> Neuron {
    let column = 30 + (number % COLUMNS) as u8;
    Neuron::new(if number < COLUMNS { Hemisphere::Top } else { Hemisphere::Bottom }, column)
}

/// Codes of the leak and of the conductance, and the leak potential in V.
fn codes(number: usize) -> (f64, f64, f64) {
    let number = number as f64;
    (100.0 + 20.0 * number, 150.0 + 60.0 * number, 0.48 + 0.004 * number)
}

/// S of a code (analog-core 3.1).
fn conductance(strength: f64, code: f64) -> f64 {
    strength * code * 2.0 / (1.0 + (1.0 + 4.0 * code / 950.0).sqrt())
}

/// Voltages of all membranes: shorts are large conductances, everything else small ones.
fn nodal(configs: &[NeuronConfig]) -> Vec<f64> {
    let count = configs.len();
    // Rows of the conductance matrix with the current on their right.
    let mut rows = vec![vec![0.0; 2 * count + 1]; 2 * count];
    let mut connect = |a: usize, b: usize, g: f64| {
        rows[a][a] += g;
        rows[b][b] += g;
        rows[a][b] -= g;
        rows[b][a] -= g;
    };
    for (i, config) in configs.iter().enumerate() {
        let (membrane, line) = (i, count + i);
        if config.connect_soma {
            connect(membrane, line, SHORT);
        }
        if config.connect_membrane_right {
            connect(membrane, i + 1, SHORT);
        }
        if config.connect_somata {
            connect(line, line + 1, SHORT);
        }
        if i < COLUMNS && config.connect_bottom && configs[i + COLUMNS].connect_bottom {
            connect(membrane, i + COLUMNS, SHORT);
        }
        if config.en_comp_cond {
            connect(membrane, line, conductance(4.5e-9, codes(i).1));
        }
    }
    for i in 0..count {
        let (leak, _, potential) = codes(i);
        let g = conductance(2.5e-9, leak);
        rows[i][i] += g;
        // What the code of the potential comes to.
        let bend = 35e-6 * (leak - 150.0);
        let realised = 1.5e-3 * followed(potential + bend).round() - 0.5248 - bend;
        rows[i][2 * count] += g * realised;
        rows[count + i][count + i] += GROUND;
    }
    solve(rows)
}

/// Gaussian elimination with the largest pivot.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let count = rows.len();
    for column in 0..count {
        let pivot = (column..count)
            .max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))
            .expect("there are rows");
        rows.swap(column, pivot);
        let leader = rows[column].clone();
        for row in rows.iter_mut().skip(column + 1) {
            let factor = row[column] / leader[column];
            row.iter_mut().zip(&leader).for_each(|(value, leading)| *value -= factor * leading);
        }
    }
    let mut found = vec![0.0; count];
    for index in (0..count).rev() {
        let known: f64 = (index + 1..count).map(|other| rows[index][other] * found[other]).sum();
        found[index] = (rows[index][count] - known) / rows[index][index];
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn random_switches_settle_where_nodal_analysis_says(
        mut configs in proptest::collection::vec(switches(), 2 * COLUMNS)
    ) {
        let mut chip = chip();
        for (number, config) in configs.iter_mut().enumerate() {
            if number % COLUMNS == COLUMNS - 1 {
                (config.connect_membrane_right, config.connect_somata) = (false, false);
            }
            let (bias, joint, potential) = codes(number);
            set(&mut chip, neuron(number), Cell::IBiasLeak, bias);
            set(&mut chip, neuron(number), Cell::VLeak, followed(potential + 35e-6 * (bias - 150.0)));
            set(&mut chip, neuron(number), Cell::IBiasNmda, joint);
            switch(&mut chip, neuron(number), config);
        }
        run(&mut chip, 300_000);
        for (number, expected) in nodal(&configs).into_iter().take(2 * COLUMNS).enumerate() {
            let found = membrane(&chip, neuron(number));
            // Saturation takes 0.2 % of 36 mV at the most.
            prop_assert!((found - expected).abs() < 0.1e-3, "{}: {} instead of {}", number, found, expected);
        }
    }
}
