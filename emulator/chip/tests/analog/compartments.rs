//! Joined membranes through registers (T-MC1 to T-MC6, analog-core 4).

use crate::bench::run;
use crate::inputs::{event, synapse};
use crate::neuron::*;
use bss2_base::{Hemisphere, Neuron};
use bss2_chip::Chip;
use bss2_chip::registers::capmem::NeuronParameter as Cell;
use bss2_chip::registers::neuron::NeuronConfig;

fn top(column: u8) -> Neuron {
    Neuron::new(Hemisphere::Top, column)
}

/// Neurons that rest at 0.5 V with this leak in S; conductance code 500, 1.63 uS.
fn leaky(neurons: &[Neuron], conductance: f64) -> Chip {
    let mut chip = chip();
    for neuron in neurons {
        leak(&mut chip, *neuron, conductance, 0.5);
        set(&mut chip, *neuron, Cell::IBiasNmda, 500.0);
    }
    chip
}

fn code_500() -> f64 {
    4.5e-9 * 500.0 * 2.0 / (1.0 + (1.0 + 4.0 * 500.0 / 950.0f64).sqrt())
}

/// What the leak code really conducts.
fn conductance_of(target: f64) -> f64 {
    let code = transconductance(target, 2.5e-9, 950.0).round();
    2.5e-9 * code * 2.0 / (1.0 + (1.0 + 4.0 * code / 950.0).sqrt())
}

#[test]
fn a_second_compartment_follows_through_the_conductance_as_t_mc1_says() {
    let (soma, dendrite) = (top(10), top(11));
    let mut chip = leaky(&[soma, dendrite], 0.258e-6);
    set(&mut chip, soma, Cell::IMemOffset, offset(4e-9));
    switch(&mut chip, soma, &NeuronConfig { connect_soma: true, connect_somata: true, ..passive() });
    switch(&mut chip, dendrite, &NeuronConfig { en_comp_cond: true, ..passive() });
    run(&mut chip, 200_000);
    let rest = [membrane(&chip, soma), membrane(&chip, dendrite)];
    assert!(rest.iter().all(|v| (v - 0.5).abs() < 1e-3), "{rest:?}");
    switch(
        &mut chip,
        soma,
        &NeuronConfig { connect_soma: true, connect_somata: true, en_mem_off: true, ..passive() },
    );
    run(&mut chip, 200_000);
    let [first, second] = [membrane(&chip, soma) - rest[0], membrane(&chip, dendrite) - rest[1]];
    let expected = code_500() / (code_500() + conductance_of(0.258e-6));
    assert!((second / first / expected - 1.0).abs() < 5e-3, "{} instead of {expected}", second / first);
    // Four times the conductance attenuates less, a quarter more.
    for (multiply, divide, factor) in [(true, false, 4.0), (false, true, 0.25), (true, true, 1.0)] {
        let config = NeuronConfig {
            en_comp_cond: true,
            en_comp_cond_mul: multiply,
            en_comp_cond_div: divide,
            ..passive()
        };
        switch(&mut chip, dendrite, &config);
        run(&mut chip, 300_000);
        let [first, second] = [membrane(&chip, soma) - rest[0], membrane(&chip, dendrite) - rest[1]];
        let expected = factor * code_500() / (factor * code_500() + conductance_of(0.258e-6));
        assert!((second / first / expected - 1.0).abs() < 5e-3, "{} instead of {expected}", second / first);
    }
}

#[test]
fn joined_membranes_are_one_and_share_their_charge() {
    // A to the right of B, B above D.
    let [a, b, d] = [top(20), top(21), Neuron::new(Hemisphere::Bottom, 21)];
    let mut chip = leaky(&[a, b, d], 0.0);
    leak(&mut chip, a, 0.258e-6, 0.3);
    leak(&mut chip, b, 0.258e-6, 0.6);
    leak(&mut chip, d, 0.258e-6, 0.6);
    for neuron in [a, b, d] {
        switch(&mut chip, neuron, &passive());
    }
    run(&mut chip, 300_000);
    switch(&mut chip, a, &NeuronConfig { connect_membrane_right: true, ..passive() });
    run(&mut chip, 4);
    let joined = [a, b, d].map(|neuron| membrane(&chip, neuron));
    assert!((joined[0] - 0.45).abs() < 2e-3 && joined[0] == joined[1], "{joined:?}");
    assert!((joined[2] - 0.6).abs() < 2e-3);
    // The vertical switch needs both sides.
    switch(&mut chip, b, &NeuronConfig { connect_bottom: true, ..passive() });
    run(&mut chip, 300_000);
    assert!((membrane(&chip, d) - 0.6).abs() < 2e-3);
    switch(&mut chip, d, &NeuronConfig { connect_bottom: true, ..passive() });
    run(&mut chip, 300_000);
    let joined = [a, b, d].map(|neuron| membrane(&chip, neuron));
    // Two leaks toward 0.6 V and one toward 0.3 V.
    assert!((joined[0] - 0.5).abs() < 3e-3 && joined == [joined[0]; 3], "{joined:?}");
    // Apart again, each goes its own way.
    for neuron in [a, b, d] {
        switch(&mut chip, neuron, &passive());
    }
    run(&mut chip, 300_000);
    assert!((membrane(&chip, a) - 0.3).abs() < 2e-3 && (membrane(&chip, b) - 0.6).abs() < 2e-3);
}

#[test]
fn a_long_chain_attenuates_by_the_same_factor_from_compartment_to_compartment() {
    // T-MC2. Each compartment is two circuits: one toward the line of its predecessor, one on the line of its successor.
    let count = 20;
    let first = 30;
    let neurons: Vec<Neuron> = (0..2 * count).map(|index| top(first + index)).collect();
    let target = 0.05e-6;
    let mut chip = leaky(&neurons, 0.0);
    for (index, neuron) in neurons.iter().enumerate() {
        leak(&mut chip, *neuron, target, 0.5);
        let config = match index % 2 {
            // Toward the predecessor, whose line ends here.
            0 => NeuronConfig { en_comp_cond: index > 0, connect_membrane_right: true, ..passive() },
            _ => NeuronConfig { connect_soma: true, connect_somata: index + 1 < neurons.len(), ..passive() },
        };
        switch(&mut chip, *neuron, &config);
    }
    set(&mut chip, neurons[0], Cell::IMemOffset, offset(4e-9));
    run(&mut chip, 1_000_000);
    let rest: Vec<f64> = neurons.iter().map(|neuron| membrane(&chip, *neuron)).collect();
    let pushed = NeuronConfig { connect_membrane_right: true, en_mem_off: true, ..passive() };
    switch(&mut chip, neurons[0], &pushed);
    run(&mut chip, 1_000_000);
    let steps: Vec<f64> =
        neurons.iter().zip(&rest).step_by(2).map(|(neuron, rest)| membrane(&chip, *neuron) - rest).collect();
    let ratio = 2.0 * conductance_of(target) / code_500();
    let expected = (2.0 + ratio - ((2.0 + ratio).powi(2) - 4.0).sqrt()) / 2.0;
    for pair in steps.windows(2).take(6) {
        assert!(
            (pair[1] / pair[0] / expected - 1.0).abs() < 5e-3,
            "{} instead of {expected}",
            pair[1] / pair[0]
        );
    }
}

/// F of the first circuit of a compartment and of the second, whose capacitor is off; of a closed membrane switch; of a segment of line
/// (analog-core 4.2).
const BODY: f64 = 63.0 * 38.1e-15 + 0.176e-12;
const BRIDGE: f64 = 0.176e-12;
const MEMBRANE_SWITCH: f64 = 10e-15;
const LINE: f64 = 50e-15;

/// Peaks in V at four compartments for an input to one, by a Runge-Kutta integration of the linear equations.
fn closed_chain(injected: usize, charge_rate: f64, g: [f64; 2], tau_s: f64) -> [f64; 4] {
    let capacitance =
        [0, 1, 2, 3].map(|k| BODY + BRIDGE + MEMBRANE_SWITCH + if k < 3 { 2.0 * LINE } else { 0.0 });
    let slope = |v: [f64; 4], i: f64| -> [f64; 4] {
        core::array::from_fn(|k| {
            let mut current = -g[0] * v[k] + if k == injected { i } else { 0.0 };
            for other in [k.wrapping_sub(1), k + 1] {
                if other < 4 {
                    current += g[1] * (v[other] - v[k]);
                }
            }
            current / capacitance[k]
        })
    };
    let (mut v, mut peaks, h) = ([0.0; 4], [0.0f64; 4], 10e-9);
    for step in 0..5_000 {
        let i = |part: f64| charge_rate * (-(f64::from(step) + part) * h / tau_s).exp();
        let moved = |k: [f64; 4], part: f64| -> [f64; 4] { core::array::from_fn(|n| v[n] + part * h * k[n]) };
        let a = slope(v, i(0.0));
        let b = slope(moved(a, 0.5), i(0.5));
        let c = slope(moved(b, 0.5), i(0.5));
        let d = slope(moved(c, 1.0), i(1.0));
        for n in 0..4 {
            v[n] += h / 6.0 * (a[n] + 2.0 * b[n] + 2.0 * c[n] + d[n]);
            peaks[n] = peaks[n].max(v[n]);
        }
    }
    peaks
}

/// Strength in S of an input of code 500.
const STRENGTH: f64 = 5.222_5e-6;

/// Weight of the events in [`peaks`].
const WEIGHT: u8 = 20;

/// A chain of four compartments of two circuits each: peaks in V at all of them for an event to each, by (injected, seen), and
/// what the codes came to: leak and coupling in S.
pub(crate) fn peaks(tau_m: f64, line_code: f64, tau_icc: f64) -> ([[f64; 4]; 4], [f64; 2]) {
    let total = BODY + BRIDGE;
    let mut chip = chip();
    let bodies = [30, 32, 34, 36].map(top);
    // The pseudo-leak of the inputs is 0.5 % of their strength.
    let wanted = total / tau_m - 0.005 * STRENGTH;
    let conductance = transconductance(total / tau_icc, 4.5e-9, 950.0).round();
    for (number, body) in bodies.into_iter().enumerate() {
        let bridge = top(body.column() + 1);
        leak(&mut chip, body, wanted, 0.5);
        for (cell, code) in [
            (Cell::IBiasSyninExcTau, line_code),
            (Cell::IBiasSyninExcGm, 500.0),
            (Cell::IBiasSyninExcShift, 300.0),
            (Cell::IBiasNmda, conductance),
        ] {
            set(&mut chip, body, cell, code);
        }
        let config = NeuronConfig {
            en_synin_exc: true,
            en_comp_cond: number > 0,
            connect_membrane_right: true,
            ..passive()
        };
        switch(&mut chip, body, &config);
        let config = NeuronConfig {
            mem_cap_size: 0,
            connect_soma: number < 3,
            connect_somata: number < 3,
            ..passive()
        };
        switch(&mut chip, bridge, &config);
    }
    run(&mut chip, 500_000);
    let mut found = [[0.0; 4]; 4];
    for (injected, peaks) in found.iter_mut().enumerate() {
        for (number, body) in bodies.into_iter().enumerate() {
            synapse(&mut chip, body, if number == injected { WEIGHT } else { 0 });
        }
        run(&mut chip, 200_000);
        let rest = bodies.map(|body| membrane(&chip, body));
        event(&mut chip);
        for _ in 0..400 {
            run(&mut chip, 100);
            for (seen, body) in bodies.into_iter().enumerate() {
                peaks[seen] = f64::max(peaks[seen], membrane(&chip, body) - rest[seen]);
            }
        }
    }
    let coupling = 4.5e-9 * conductance * 2.0 / (1.0 + (1.0 + 4.0 * conductance / 950.0).sqrt());
    (found, [conductance_of(wanted) + 0.005 * STRENGTH, coupling])
}

#[test]
fn psps_spread_along_a_chain_as_the_tables_say() {
    // T-MC3 and T-MC4: four compartments of two circuits, one event to each of them.
    for (tau_m, line_code, tau_icc, table) in [
        (10.4e-6, 41.0, 1.7e-6, [[1.0, 0.6546, 0.4801, 0.4087], [0.6546, 0.7701, 0.5640, 0.4801]]),
        (10e-6, 50.0, 2e-6, [[1.0, 0.6071, 0.4156, 0.3410], [0.6071, 0.7442, 0.5069, 0.4156]]),
    ] {
        let (found, conductances) = peaks(tau_m, line_code, tau_icc);
        let initial = STRENGTH * f64::from(WEIGHT) * 0.375e-15 / 2.5e-12;
        for injected in 0..4 {
            let expected = closed_chain(injected, initial, conductances, 500e-6 / line_code);
            for seen in 0..4 {
                let difference = found[injected][seen] - expected[seen];
                // The tolerance of 9.5 is 0.2 mV; heights here are 4 to 10 mV.
                assert!(difference.abs() < 0.03e-3, "{injected} {seen}: {found:?} {expected:?}");
                // Against the table, whose compartments have no parasitics: it holds for the mirrored half too.
                let (row, column) = if injected < 2 { (injected, seen) } else { (3 - injected, 3 - seen) };
                let ratio = found[injected][seen] / found[0][0];
                assert!((ratio - table[row][column]).abs() < 0.02, "{injected} {seen}: {ratio} {table:?}");
            }
        }
    }
}

#[test]
fn two_equal_compartments_relax_with_the_rate_that_the_calibration_defines() {
    // T-MC5: 1 / tau = 2 / tau_icc + 1 / tau_leak.
    let (soma, dendrite) = (top(10), top(11));
    let mut chip = leaky(&[soma, dendrite], 0.258e-6);
    set(&mut chip, soma, Cell::IMemOffset, offset(4e-9));
    // Three codes of the capacitor less make up for the line.
    let joined = NeuronConfig { connect_soma: true, connect_somata: true, mem_cap_size: 60, ..passive() };
    switch(&mut chip, soma, &NeuronConfig { en_mem_off: true, ..joined });
    switch(&mut chip, dendrite, &NeuronConfig { en_comp_cond: true, ..passive() });
    run(&mut chip, 300_000);
    switch(&mut chip, soma, &joined);
    let difference = |chip: &Chip| membrane(chip, soma) - membrane(chip, dendrite);
    run(&mut chip, 100);
    let before = difference(&chip);
    run(&mut chip, 500);
    let rate = (before / difference(&chip)).ln() / 0.5e-6;
    // The line belongs to the soma: two segments.
    let capacitance = [BODY - 3.0 * 38.1e-15 + 2.0 * LINE, BODY];
    let expected =
        code_500() * (1.0 / capacitance[0] + 1.0 / capacitance[1]) + conductance_of(0.258e-6) / BODY;
    assert!((rate / expected - 1.0).abs() < 0.01, "{rate} instead of {expected}");
}

#[test]
fn a_plateau_stands_at_the_weighted_mean_and_falls_in_the_time_of_the_closed_form() {
    // T-MC6. E_l 50, V_th 80, V_reset 100 codes of 4.5 mV, 10 us; with the saturation of the leak, tanh(V / 0.5 V).
    let volt = |code: f64| 0.06 + 4.5e-3 * code;
    let (soma, dendrite) = (top(60), top(61));
    let mut chip = leaky(&[soma, dendrite], 0.258e-6);
    for neuron in [soma, dendrite] {
        leak(&mut chip, neuron, 0.258e-6, volt(50.0));
    }
    set(&mut chip, dendrite, Cell::VReset, followed(volt(100.0)));
    set(&mut chip, dendrite, Cell::IBiasReset, 600.0);
    set(&mut chip, dendrite, Cell::VThreshold, direct(0.9));
    set(&mut chip, dendrite, Cell::IBiasNmda, 200.0);
    back_end(&mut chip, dendrite, 255);
    // The slow clock: 2^16 cycles of 4 ns at the most; 8 us a tick here.
    let mut common: bss2_chip::registers::neuron::CommonNeuronBackendConfig =
        chip.registers().get(0).expect("it exists");
    common.clock_scale_slow = 10;
    common.clock_scale_fast = 10;
    crate::bench::write(&mut chip, 0, &common);
    switch(&mut chip, soma, &NeuronConfig { connect_soma: true, connect_somata: true, ..passive() });
    let joined = NeuronConfig { en_comp_cond: true, en_fire: true, en_thresh_comp: true, ..passive() };
    switch(&mut chip, dendrite, &joined);
    run(&mut chip, 200_000);
    chip.write(0x0012_2000 + 4 * u32::from(dendrite.column()), 0, 0xf);
    run(&mut chip, 300_000);
    // Steady while it lasts: reset against the soma behind the conductance, all three saturating by their tanh.
    let [below, plateau] = [soma, dendrite].map(|neuron| membrane(&chip, neuron));
    let ota = |g: f64, from: f64, to: f64| g * 0.5 * ((from - to) / 0.5).tanh();
    let of = |strength: f64, code: f64| strength * code * 2.0 / (1.0 + (1.0 + 4.0 * code / 950.0).sqrt());
    let (g_r, g_icc, g_l) = (of(3.2e-9, 600.0), of(4.5e-9, 200.0), conductance_of(0.258e-6));
    let pull = ota(g_r, volt(100.0), plateau);
    assert!((pull - ota(g_icc, plateau, below)).abs() < 0.01 * pull, "{plateau} {below}");
    assert!((pull - ota(g_l, below, volt(50.0))).abs() < 0.01 * pull, "{plateau} {below}");
    let linear = (g_r * volt(100.0) + g_icc * below) / (g_r + g_icc);
    assert!((plateau - linear).abs() < 2e-3, "{plateau} instead of {linear}");

    // Alone, from the plateau below 80 codes: 5.108 us if the leak were linear.
    switch(&mut chip, soma, &passive());
    switch(&mut chip, dendrite, &NeuronConfig { en_fire: true, en_thresh_comp: true, ..passive() });
    run(&mut chip, 5_000_000);
    chip.write(0x0012_2000 + 4 * u32::from(dendrite.column()), 0, 0xf);
    run(&mut chip, 200_000);
    assert!((membrane(&chip, dendrite) - volt(100.0)).abs() < 1e-3);
    while membrane(&chip, dendrite) > volt(100.0) - 2e-3 {
        run(&mut chip, 200);
    }
    let time_to = |from: f64, to: f64| {
        let x = |v: f64| ((v - volt(50.0)) / 0.5).sinh();
        BODY / g_l * (x(from) / x(to)).ln()
    };
    let (start, high) = (chip.now(), membrane(&chip, dendrite));
    while membrane(&chip, dendrite) > volt(80.0) {
        run(&mut chip, 20);
    }
    let fall = (chip.now() - start).as_secs_f64();
    let expected = time_to(high, volt(80.0));
    assert!((fall / expected - 1.0).abs() < 0.015, "{fall} instead of {expected}");
    assert!((time_to(volt(100.0), volt(80.0)) / 5.108e-6 - 1.0).abs() < 0.08);
}

#[test]
fn a_compartment_that_is_reset_to_a_high_potential_makes_a_plateau() {
    // T-MC6, analog-core 4.4: reset above threshold, a long refractory period, a weak reset.
    let (soma, dendrite) = (top(60), top(61));
    let mut chip = leaky(&[soma, dendrite], 0.258e-6);
    reset(&mut chip, dendrite, 0.8);
    set(&mut chip, dendrite, Cell::VThreshold, direct(0.65));
    back_end(&mut chip, dendrite, 250);
    switch(&mut chip, soma, &NeuronConfig { connect_soma: true, connect_somata: true, ..passive() });
    switch(
        &mut chip,
        dendrite,
        &NeuronConfig { en_comp_cond: true, en_fire: true, en_thresh_comp: true, ..passive() },
    );
    run(&mut chip, 200_000);
    let fired = chip.now();
    chip.write(0x0012_2000 + 4 * u32::from(dendrite.column()), 0, 0xf);
    run(&mut chip, 1_950);
    // Toward the weighted mean of what pulls at it; the soma comes after with C / g.
    let (soma_v, dendrite_v) = (membrane(&chip, soma), membrane(&chip, dendrite));
    assert!(dendrite_v > 0.62 && soma_v > 0.52 && soma_v < dendrite_v, "{soma_v} {dendrite_v}");
    assert_eq!(events(&mut chip, dendrite, fired).len(), 1);
}
