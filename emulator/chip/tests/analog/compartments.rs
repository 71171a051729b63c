//! Joined membranes through registers (T-MC1 to T-MC6, analog-core 4).

use crate::bench::run;
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
