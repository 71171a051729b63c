//! The reference level on a chip: the same registers, adaptive equations (analog-core 9.3).

use crate::bench::{run, state, write};
use crate::neuron::*;
use bss2_analog::{AnalogOptions, Level, Noise};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::registers::capmem::NeuronParameter as Cell;
use bss2_chip::registers::coordinates;
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::{Chip, ChipOptions};

fn of_level(level: Level) -> Chip {
    let mut options =
        ChipOptions { mismatch: bss2_analog::MismatchSwitches::IDEAL, ..ChipOptions::default() };
    options.analog = AnalogOptions { level, ..AnalogOptions::noiseless() };
    (options.capmem.instant, options.capmem.write_noise, options.capmem.drift) = (true, false, false);
    configured(Chip::with_options(options))
}

/// An adapting exponential neuron under a constant current.
fn adapting(chip: &mut Chip, neuron: Neuron) {
    leak(chip, neuron, 0.2e-6, 0.45);
    reset(chip, neuron, 0.42);
    exponential(chip, neuron, 20e-3, 0.55, 0.2e-6);
    set(chip, neuron, Cell::VThreshold, direct(0.8));
    set(chip, neuron, Cell::IMemOffset, offset(40e-9));
    for (cell, code) in [
        (Cell::IBiasAdaptTau, 150.0),
        (Cell::IBiasAdaptA, 10.0),
        (Cell::IBiasAdaptB, 100.0),
        (Cell::VAdaptLeak, adaptation_followed(0.45)),
        (Cell::VAdaptRef, adaptation_followed(0.5)),
    ] {
        set(chip, neuron, cell, code);
    }
    back_end(chip, neuron, 200);
    let config = NeuronConfig {
        en_reset_mul: true,
        en_exp: true,
        en_adapt: true,
        en_fire: true,
        en_thresh_comp: true,
        en_pause: true,
        ..passive()
    };
    switch(chip, neuron, &config);
    // The fast level doesn't follow the adaptation voltage of a neuron without adaptation: let both come to rest.
    run(chip, 2_000_000);
    switch(chip, neuron, &NeuronConfig { en_mem_off: true, ..config });
}

#[test]
fn the_fast_level_agrees_with_the_reference_on_the_same_chip() {
    let fires = [Level::Fast, Level::Reference].map(|level| {
        let mut chip = of_level(level);
        adapting(&mut chip, NEURON);
        let start = chip.now();
        run(&mut chip, 500_000);
        let said: Vec<&str> = chip.warnings().collect();
        assert!(said.iter().all(|text| !text.contains("neuron 6")), "{said:?}");
        (events(&mut chip, NEURON, start), membrane(&chip, NEURON), chip.analog().adaptation(NEURON))
    });
    let [(fast, v, w), (reference, v_reference, w_reference)] = fires;
    assert!(fast.len() > 8 && fast.len() == reference.len(), "{fast:?} {reference:?}");
    for (own, exact) in fast.windows(2).zip(reference.windows(2)) {
        // 50 ns (analog-core 9.5), and the grids of refractory clock and events.
        let off = (own[1] - own[0]) - (exact[1] - exact[0]);
        assert!(off.abs() < 62e-9, "{own:?} {exact:?}");
    }
    assert!((v - v_reference).abs() < 1e-3 && (w - w_reference).abs() < 1e-4, "{v} {v_reference}");
}

#[test]
fn compartments_of_the_reference_level_settle_as_t_mc1_says() {
    let mut chip = of_level(Level::Reference);
    let (soma, dendrite) = (Neuron::new(Hemisphere::Top, 10), Neuron::new(Hemisphere::Top, 11));
    for neuron in [soma, dendrite] {
        leak(&mut chip, neuron, 0.258e-6, 0.5);
        set(&mut chip, neuron, Cell::IBiasNmda, 500.0);
    }
    set(&mut chip, soma, Cell::IMemOffset, offset(4e-9));
    let wired = NeuronConfig { connect_soma: true, connect_somata: true, ..passive() };
    switch(&mut chip, soma, &wired);
    switch(&mut chip, dendrite, &NeuronConfig { en_comp_cond: true, ..passive() });
    run(&mut chip, 200_000);
    let rest = [membrane(&chip, soma), membrane(&chip, dendrite)];
    switch(&mut chip, soma, &NeuronConfig { en_mem_off: true, ..wired });
    run(&mut chip, 200_000);
    let [first, second] = [membrane(&chip, soma) - rest[0], membrane(&chip, dendrite) - rest[1]];
    let circuit = chip.analog().circuit(dendrite);
    let (g_icc, g_l) = (circuit.compartment.conductance, circuit.leak.conductance);
    let expected = g_icc / (g_icc + g_l);
    assert!((second / first / expected - 1.0).abs() < 1e-3, "{} instead of {expected}", second / first);
}

#[test]
fn neither_windows_nor_snapshots_nor_readings_change_a_bit_of_the_reference() {
    let mut whole = of_level(Level::Reference);
    adapting(&mut whole, NEURON);
    run(&mut whole, 10_000);
    let end = whole.now() + SimTime::from_us(150);
    let mut cut = whole.clone();
    whole.advance(end);
    let mut step = 1;
    while cut.now() < end {
        cut.advance((cut.now() + SimTime::from_ps(step)).min(end));
        step = (step * 7) % 9_999_991 + 1;
        assert!(membrane(&cut, NEURON).is_finite());
        if step % 3 == 0 {
            let bytes = state(&cut);
            let copy: Chip =
                bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap().0;
            assert!(state(&copy) == bytes);
            cut = copy;
        }
    }
    assert_eq!(membrane(&whole, NEURON), membrane(&cut, NEURON));
    let mut fires = [Vec::new(), Vec::new()];
    whole.take_events(&mut fires[0]);
    cut.take_events(&mut fires[1]);
    assert!(fires[0].len() >= 3 && fires[0] == fires[1]);
}

#[test]
fn an_artificial_fire_resets_a_neuron_of_the_reference_level() {
    let mut chip = of_level(Level::Reference);
    leak(&mut chip, NEURON, 0.2e-6, 0.6);
    reset(&mut chip, NEURON, 0.3);
    back_end(&mut chip, NEURON, 250);
    switch(&mut chip, NEURON, &NeuronConfig { en_fire: true, en_reset_mul: true, ..passive() });
    run(&mut chip, 200_000);
    let start = chip.now();
    // NeuronReset: any value.
    let register = bss2_chip::registers::Register {
        block: bss2_chip::registers::Block::NeuronReset,
        instance: coordinates::neuron_backend(NEURON),
        word: 0,
    };
    chip.write(register.address().unwrap(), 0, 0xf);
    run(&mut chip, 1_500);
    assert!((membrane(&chip, NEURON) - 0.3).abs() < 2e-3);
    assert_eq!(events(&mut chip, NEURON, start).len(), 1);
    run(&mut chip, 100_000);
    assert!((membrane(&chip, NEURON) - 0.6).abs() < 5e-3);
}

#[test]
fn what_the_reference_leaves_out_is_said() {
    let analog = AnalogOptions {
        level: Level::Reference,
        noise: Noise { membrane_rate: 0.05, ..Noise::OFF },
        ..AnalogOptions::default()
    };
    let options = ChipOptions { analog, ..ChipOptions::default() };
    let mut chip = Chip::with_options(options);
    for column in 0..40 {
        let config = NeuronConfig { connect_membrane_right: true, ..NeuronConfig::default() };
        write(&mut chip, coordinates::neuron_config(Neuron::new(Hemisphere::Top, column)), &config);
    }
    run(&mut chip, 100);
    assert!(chip.warnings().any(|text| text.contains("leaves out the noise of membranes")));
    assert!(chip.warnings().any(|text| text.contains("neuron 0: 41 circuits are joined")));
}
