//! Whatever somebody writes: switches that contradict each other, codes at random, lines on lines. The chip goes on, its voltages stay where a
//! chip's can be, and what is odd is named.

use crate::bench::{ARRAY, run, write};
use crate::neuron::*;
use bss2_analog::{AnalogOptions, Level, Line};
use bss2_base::{Hemisphere, Neuron};
use bss2_chip::registers::capmem::{CapMemCell, NeuronParameter as Cell};
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::registers::readout::{CurrentDAC, PadMultiplexerConfig};
use bss2_chip::registers::{Register, TypedBlock, coordinates};
use bss2_chip::{Chip, ChipOptions};
use proptest::prelude::*;

/// Circuits around the seam between columns 127 and 128, in both rows.
fn circuits() -> impl Iterator<Item = Neuron> {
    Hemisphere::ALL.into_iter().flat_map(|row| (124..132).map(move |column| Neuron::new(row, column)))
}

fn individual(seed: u64, level: Level) -> Chip {
    let mut options = ChipOptions { seed, ..ChipOptions::default() };
    options.analog = AnalogOptions { level, ..AnalogOptions::default() };
    options.capmem.instant = true;
    configured(Chip::with_options(options))
}

/// Random words for all registers of a block instance.
fn words(chip: &mut Chip, block: bss2_chip::registers::Block, instance: u32, values: &[u32]) {
    for (word, value) in (0..).zip(values) {
        if let Some(address) = (Register { block, instance, word }).address() {
            chip.write(address, *value, 0xf);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn no_setting_of_switches_codes_and_lines_takes_a_circuit_off_the_scale(
        level in prop::sample::select(vec![Level::Fast, Level::Reference]),
        seed in 1_u64..4,
        configs in prop::collection::vec(prop::array::uniform2(any::<u32>()), 16),
        codes in prop::collection::vec(0_u16..1024, 16 * 24),
        pads in prop::array::uniform2(prop::array::uniform2(any::<u32>())),
        dac in any::<u32>(),
        lines in prop::collection::vec(any::<u32>(), 8),
        board in 0.0..2.5,
    ) {
        let mut chip = individual(seed, level);
        for ((neuron, config), codes) in circuits().zip(&configs).zip(codes.chunks(24)) {
            for (cell, code) in Cell::ALL.into_iter().zip(codes) {
                let instance = coordinates::capmem_cell(neuron.quadrant(), cell.row(), neuron.column() % 128);
                write(&mut chip, instance, &CapMemCell { value: *code });
            }
            back_end(&mut chip, neuron, (codes[0] % 256) as u8);
            words(&mut chip, NeuronConfig::BLOCK, coordinates::neuron_config(neuron), config);
        }
        for (pad, config) in (0..).zip(&pads) {
            words(&mut chip, PadMultiplexerConfig::BLOCK, pad, config);
        }
        words(&mut chip, CurrentDAC::BLOCK, 0, &[dac]);
        for (place, word) in (0..).zip(&lines) {
            let (array, quad) = (ARRAY[place as usize % 2], 15 + 32 * (place / 2 % 2));
            chip.write(array + 0x2_4000 + quad, *word, 0xf);
            chip.write(array + 0xf_80c0 + quad, *word, 0xf);
        }
        chip.set_board_switches(0x300);
        chip.set_board_voltage(0, 5, board);
        chip.set_board_voltage(0, 6, 2.5 - board);
        for _ in 0..10 {
            run(&mut chip, 2_000);
            for neuron in circuits() {
                let analog = chip.analog();
                let [v, w] = [analog.membrane(neuron), analog.adaptation(neuron)];
                let lines = Line::ALL.map(|line| analog.line(neuron, line));
                // A pad at 2.5 V or a microampere into a membrane overcome the clamp of 20 uS by some volts.
                let possible = |volts: f64| volts.is_finite() && volts.abs() < 4.0;
                prop_assert!(possible(v) && possible(w), "neuron {} at {:?}: {} {}", neuron.index(), level, v, w);
                prop_assert!(lines.iter().all(|u| u.is_finite()), "neuron {} at {:?}: {:?}", neuron.index(), level, lines);
            }
            for pad in 0..2 {
                prop_assert!(chip.pad_voltage(pad).is_none_or(f64::is_finite));
                prop_assert!(chip.pad_current(pad).is_finite());
            }
        }
        prop_assert!(!chip.warnings().any(|text| text.contains("keeps its former parameters")));
    }
}

/// What is said of these switches, with the number of the first neuron.
fn said(settings: &[(Neuron, NeuronConfig)]) -> Vec<String> {
    let mut chip = chip();
    for (neuron, config) in settings {
        set(&mut chip, *neuron, Cell::IBiasNmda, 500.0);
        set(&mut chip, *neuron, Cell::VLeak, 600.0);
        set(&mut chip, *neuron, Cell::VReset, 600.0);
        switch(&mut chip, *neuron, config);
    }
    run(&mut chip, 1_000);
    chip.warnings().filter(|text| text.contains("neuron")).map(str::to_owned).collect()
}

#[test]
fn switches_that_do_nothing_or_contradict_each_other_are_named_with_their_neuron() {
    let top = |column| Neuron::new(Hemisphere::Top, column);
    let one = |config: NeuronConfig| said(&[(top(17), config)]);
    let none = NeuronConfig::default();
    for (config, words) in [
        (
            NeuronConfig { connect_soma: true, en_comp_cond: true, ..none },
            ["neuron 17", "connect_soma or a detour bypasses it"],
        ),
        (NeuronConfig { en_comp_cond: true, ..none }, ["neuron 17", "leads to no other membrane"]),
        (NeuronConfig { connect_bottom: true, ..none }, ["neuron 17", "set on this side only"]),
        (
            NeuronConfig { en_leak_mul: true, en_leak_div: true, ..none },
            ["neuron 17", "multiplication and division of the leak"],
        ),
        (
            NeuronConfig { en_reset_mul: true, en_reset_div: true, ..none },
            ["neuron 17", "multiplication and division of the reset"],
        ),
    ] {
        let said = one(config);
        assert!(said.iter().any(|text| words.iter().all(|word| text.contains(word))), "{words:?}: {said:?}");
    }
    let seam = said(&[(top(127), NeuronConfig { connect_membrane_right: true, ..none })]);
    assert!(seam.iter().any(|text| text.contains("neuron 127") && text.contains("ends nowhere")), "{seam:?}");
    // Conductances on a common line without a membrane are electrically sound: nothing to say.
    let line = |soma_right| NeuronConfig { en_comp_cond: true, connect_somata: soma_right, ..none };
    assert_eq!(said(&[(top(20), line(true)), (top(21), line(false))]), [""; 0]);
}

#[test]
fn codes_beyond_a_follower_are_named_with_neuron_cell_and_code() {
    let mut chip = chip();
    set(&mut chip, NEURON, Cell::VLeak, 200.0);
    set(&mut chip, NEURON, Cell::VReset, 600.0);
    set(&mut chip, NEURON, Cell::VAdaptRef, 1000.0);
    back_end(&mut chip, NEURON, 100);
    switch(&mut chip, NEURON, &passive());
    run(&mut chip, 1_000);
    let clipped = |chip: &Chip| -> Vec<String> {
        chip.warnings().filter(|text| text.contains("beyond the follower")).map(str::to_owned).collect()
    };
    assert_eq!(clipped(&chip), [""; 0], "a neuron that can't fire is being searched, not used");
    switch(
        &mut chip,
        NEURON,
        &NeuronConfig { en_fire: true, en_thresh_comp: true, en_adapt: true, ..passive() },
    );
    run(&mut chip, 1_000);
    assert_eq!(
        clipped(&chip),
        [
            "neuron 6: v_adapt_ref = 1000 is beyond the follower of the cell, it puts out 1.2 V",
            "neuron 6: v_leak = 200 is beyond the follower of the cell, it puts out 0 V",
        ]
    );
}

/// analog-core 3.11.
#[test]
fn every_bit_of_a_neuron_configuration_reaches_its_circuit_and_no_two_do_the_same() {
    let mut chip = chip();
    let instance = coordinates::neuron_config(NEURON);
    let base = NeuronConfig::default().to_words();
    let mut circuits = vec![*chip.analog().circuit(NEURON)];
    let mut bits = 0;
    for (number, word) in NeuronConfig::DESCRIPTION.words.iter().enumerate() {
        let used = word.used_mask();
        for bit in (0..32).filter(|bit| used >> bit & 1 == 1) {
            let mut changed = base;
            changed[number] ^= 1 << bit;
            words(&mut chip, NeuronConfig::BLOCK, instance, &changed);
            run(&mut chip, 100);
            let circuit = *chip.analog().circuit(NEURON);
            assert!(!circuits.contains(&circuit), "bit {bit} of word {number}");
            circuits.push(circuit);
            bits += 1;
        }
    }
    assert_eq!(bits, 44);
}
