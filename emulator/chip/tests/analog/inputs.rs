//! Conductance-based inputs and the bypass through registers (analog-core 3.6, 3.7), and what every circuit owes to a snapshot.

use crate::bench::{ARRAY, ideal_chip, run, state, write};
use crate::neuron::*;
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::registers::capmem::{NeuronParameter as Cell, SharedParameter};
use bss2_chip::registers::coordinates;
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::registers::padi::{CommonPADIBusConfig, SynapseDriverConfig};
use bss2_chip::{Chip, ChipOptions, LinkEvent};
use proptest::prelude::*;

/// Writes the bias of the synapse DACs.
pub(crate) fn unit_charge_bias(chip: &mut Chip, code: u16) {
    set_shared(chip, SharedParameter::SynIBiasDac, code);
}

/// Row 0 of the top array, excitatory, reaches a neuron there with this weight; DAC bias 600.
pub(crate) fn synapse(chip: &mut Chip, neuron: Neuron, weight: u8) {
    unit_charge_bias(chip, 600);
    let driver = SynapseDriverConfig { en_receiver: true, en_exc_bottom: true, ..Default::default() };
    write(chip, coordinates::synapse_driver(Hemisphere::Top, 0), &driver);
    (0..64).for_each(|quad| chip.write(ARRAY[0] + 0x1_4000 + quad, 0x0303_0303, 0xf));
    let (quad, entry) = bss2_chip::synapse_array::quad_of_column(neuron.column());
    let weight = u32::from(bss2_chip::registers::permute_weight(weight)) << (8 * (3 - u32::from(entry)));
    chip.write(ARRAY[0] + u32::from(quad), weight, 8 >> entry);
}

/// An event for row 0, label 0.
pub(crate) fn event(chip: &mut Chip) {
    chip.write(0x0011_0000, 1, 0xf);
}

/// Height in V of a small PSP at 0.4 V with this reference potential in V and bias code of the modulation.
fn psp(reference: f64, coba: f64) -> f64 {
    let mut chip = chip();
    leak(&mut chip, NEURON, 0.258e-6, 0.4);
    for (cell, code) in [
        (Cell::IBiasSyninExcTau, 50.0),
        (Cell::IBiasSyninExcGm, 180.0),
        (Cell::IBiasSyninExcShift, 300.0),
        (Cell::IBiasSyninExcCoba, coba),
        (Cell::ESyninExcRev, followed(reference)),
    ] {
        set(&mut chip, NEURON, cell, code);
    }
    synapse(&mut chip, NEURON, 20);
    switch(&mut chip, NEURON, &NeuronConfig { en_synin_exc: true, en_synin_coba_exc: true, ..passive() });
    run(&mut chip, 500_000);
    let rest = membrane(&chip, NEURON);
    event(&mut chip);
    let mut highest = rest;
    for _ in 0..100 {
        run(&mut chip, 200);
        highest = highest.max(membrane(&chip, NEURON));
    }
    highest - rest
}

#[test]
fn a_conductance_based_input_weakens_toward_its_reversal_potential() {
    // The example of section 3.7: gm 180, modulation 133, 0.675 V from reference to reversal.
    let at_reference = psp(0.4, 133.0);
    assert!((5e-3..30e-3).contains(&at_reference), "{at_reference}");
    for reference in [0.1, 0.25, 0.55] {
        let expected = 1.0 - (0.4 - reference) / 0.675;
        let ratio = psp(reference, 133.0) / at_reference;
        assert!((ratio / expected - 1.0).abs() < 0.03, "{ratio} instead of {expected} at {reference} V");
    }
    assert!((psp(0.1, 0.0) / psp(0.4, 0.0) - 1.0).abs() < 1e-3, "without modulation");
}

#[test]
fn the_bypass_fires_when_a_lengthened_pulse_swings_the_line() {
    for (extension, enable, expected) in [(15, true, 1), (3, true, 0), (15, false, 0)] {
        let mut chip = chip();
        leak(&mut chip, NEURON, 0.258e-6, 0.4);
        set(&mut chip, NEURON, Cell::IBiasSyninExcTau, 50.0);
        synapse(&mut chip, NEURON, 63);
        let common: CommonPADIBusConfig = chip.registers().get(0).unwrap();
        write(&mut chip, 0, &CommonPADIBusConfig { dacen_pulse_extension_0: extension, ..common });
        back_end(&mut chip, NEURON, 100);
        switch(&mut chip, NEURON, &NeuronConfig { en_fire: true, en_byp_exc: enable, ..passive() });
        run(&mut chip, 100_000);
        let start = chip.now();
        event(&mut chip);
        run(&mut chip, 50_000);
        // 0.15 mV times weight times (1 + extension): 151 mV, or 38 mV.
        assert_eq!(events(&mut chip, NEURON, start).len(), expected, "extension {extension}, {enable}");
    }
}

/// A noisy individual with every kind of circuit on it: adaptive exponential, three joined ones, conductance-based, bypass, plain.
pub(crate) fn zoo() -> Chip {
    let mut options = ChipOptions { seed: 5, ..ChipOptions::default() };
    options.capmem.instant = true;
    let mut chip = configured(Chip::with_options(options));
    let top = |column| Neuron::new(Hemisphere::Top, column);
    for column in [6, 10, 11, 12, 40, 50, 60] {
        let neuron = top(column);
        divided_leak(&mut chip, neuron, 0.05e-6, 0.45);
        reset(&mut chip, neuron, 0.4);
        exponential(&mut chip, neuron, 25e-3, 0.6, 0.05e-6);
        for (cell, code) in [
            (Cell::VThreshold, direct(0.7)),
            (Cell::IMemOffset, 120.0),
            (Cell::IBiasNmda, 200.0),
            (Cell::IBiasAdaptTau, 100.0),
            (Cell::IBiasAdaptA, 10.0),
            (Cell::IBiasAdaptB, 60.0),
            (Cell::VAdaptLeak, adaptation_followed(0.45)),
            (Cell::VAdaptRef, adaptation_followed(0.5)),
            (Cell::IBiasSyninExcTau, 50.0),
            (Cell::IBiasSyninExcGm, 180.0),
            (Cell::IBiasSyninExcShift, 300.0),
            (Cell::IBiasSyninExcCoba, 133.0),
            (Cell::ESyninExcRev, followed(0.4)),
        ] {
            set(&mut chip, neuron, cell, code);
        }
        back_end(&mut chip, neuron, 60);
        synapse(&mut chip, neuron, 40);
    }
    let plain = NeuronConfig {
        en_leak_div: true,
        en_reset_mul: true,
        en_fire: true,
        en_thresh_comp: true,
        en_synin_exc: true,
        mem_cap_size: 20,
        en_readout_amp: true,
        ..NeuronConfig::default()
    };
    let adaptive = NeuronConfig { en_exp: true, en_adapt: true, en_mem_off: true, en_pause: true, ..plain };
    for (column, config) in [
        (6, adaptive),
        (10, NeuronConfig { connect_membrane_right: true, ..adaptive }),
        (11, NeuronConfig { connect_soma: true, connect_somata: true, ..plain }),
        (12, NeuronConfig { en_comp_cond: true, ..plain }),
        (40, NeuronConfig { en_synin_coba_exc: true, en_mem_off: true, ..plain }),
        (50, NeuronConfig { en_byp_exc: true, ..plain }),
        (60, plain),
    ] {
        switch(&mut chip, top(column), &config);
    }
    chip
}

/// Plays events at these times in ns; `slice` yields lengths of windows, `every` how often the chip goes through a snapshot.
fn play(times: &[u64], mut slice: impl FnMut() -> u64, every: usize) -> (Vec<u8>, Vec<LinkEvent>) {
    let mut chip = zoo();
    let begin = chip.now();
    let mut count = 0;
    for &time in times.iter().chain([&200_000]) {
        let until = begin + SimTime::from_ns(time);
        while chip.now() < until {
            chip.advance(until.min(chip.now() + SimTime::from_ns(slice())));
            count += 1;
            if every > 0 && count % every == 0 {
                let bytes = state(&chip);
                chip = bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap().0;
            }
        }
        event(&mut chip);
    }
    let mut seen = Vec::new();
    chip.take_events(&mut seen);
    (state(&chip), seen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn no_circuit_depends_on_slices_or_snapshots(
        mut times in proptest::collection::vec(0u64..180_000, 5..40),
        seed in 1u64..1000,
    ) {
        times.sort_unstable();
        let (whole, events) = play(&times, || u64::MAX / 2_000, 0);
        let mut random = seed;
        let lengths = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            1 + (random >> 33) % 10u64.pow(2 + (random >> 60) as u32 % 4)
        };
        let (sliced, events_sliced) = play(&times, lengths, 40);
        prop_assert!(events.len() > 4, "{} events", events.len());
        prop_assert_eq!(&events, &events_sliced);
        prop_assert!(whole == sliced);
    }
}

#[test]
fn a_circuit_is_stepped_while_its_configuration_asks_for_it_and_keeps_its_voltages() {
    let mut chip = configured(ideal_chip());
    leak(&mut chip, NEURON, 0.258e-6, 0.4);
    exponential(&mut chip, NEURON, 35e-3, 0.684, 0.258e-6);
    set(&mut chip, NEURON, Cell::IMemOffset, 300.0);
    switch(&mut chip, NEURON, &NeuronConfig { en_mem_off: true, ..passive() });
    run(&mut chip, 500_000);
    assert!(!chip.analog().is_stepped(NEURON));
    let before = membrane(&chip, NEURON);
    switch(&mut chip, NEURON, &NeuronConfig { en_exp: true, ..passive() });
    run(&mut chip, 4);
    assert!(chip.analog().is_stepped(NEURON));
    assert!((membrane(&chip, NEURON) - before).abs() < 1e-3);
    run(&mut chip, 10_000);
    let before = membrane(&chip, NEURON);
    switch(&mut chip, NEURON, &passive());
    run(&mut chip, 4);
    assert!(!chip.analog().is_stepped(NEURON));
    assert!((membrane(&chip, NEURON) - before).abs() < 1e-3 && before > 0.43, "{before}");
}
