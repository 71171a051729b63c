//! The reset line, and what holds or triggers a whole block of neurons.

use crate::bench::{ARRAY, CONTROL, SRAM, enable_sensors, ideal_chip, load, run, start, word};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::registers::default_chip;
use bss2_events::SpikeLabel;

#[test]
fn the_reset_line_clears_registers_and_keeps_memories() {
    let mut chip = ideal_chip();
    let (neuron, driver, backend) = (0x0016_0002, 0x0011_0454, 0x001a_1318);
    let registers = [0x0013_0019, 0x0011_0001, 0x0220_0001, 0x0012_2800];
    let memories = [neuron, driver, backend, 0x0240_0002, SRAM[0] + 100, ARRAY[1] + 70];
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    chip.write(0x0013_0019, 0x2000, 0xf);
    chip.write(0x0011_0001, 2, 0xf);
    for (k, &address) in memories.iter().enumerate() {
        chip.write(address, 0x11 + k as u32, 0xf);
    }
    load(&mut chip, 1, "again: mfspr r4, 284\n stw r4, 0x400(0)\n b again");
    start(&mut chip, &[1]);
    run(&mut chip, 1_000);
    let before = memories.map(|address| chip.read(address).0);
    assert!(before.iter().all(|&value| value != 0), "{before:x?}");
    assert_eq!(chip.read(0x0220_0001).0, 200);

    chip.inject(chip.now(), SpikeLabel::from_word(0x4005));
    chip.set_reset(true);
    let stood = word(&mut chip, 1, 0x400);
    // Nothing gets in, and nothing moves.
    chip.write(0x0013_0019, 0x2000, 0xf);
    chip.write(CONTROL[1], 1, 0xf);
    chip.inject(chip.now(), SpikeLabel::from_word(0x4005));
    run(&mut chip, 10_000);
    chip.set_reset(false);
    run(&mut chip, 10_000);
    assert_eq!(registers.map(|address| chip.read(address).0), [0; 4]);
    assert_eq!(memories.map(|address| chip.read(address).0), before);
    assert_eq!((chip.read(CONTROL[1]).0, word(&mut chip, 1, 0x400)), (0, stood));
    let mut events = Vec::new();
    chip.take_events(&mut events);
    assert_eq!(events, []);
    // Configuration in SRAM still acts: the driver is as before.
    assert_eq!(
        chip.registers().words(bss2_chip::registers::Block::SynapseDriverConfig, 21).unwrap()[0],
        0x12
    );
    chip.inject(chip.now(), SpikeLabel::from_word(0x4005));
    run(&mut chip, 1_000);
    chip.take_events(&mut events);
    assert_eq!(events.iter().map(|event| event.label.word()).collect::<Vec<_>>(), [0x4005]);
}

#[test]
fn force_reset_holds_the_neurons_of_its_side() {
    let mut chip = ideal_chip();
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    chip.write(0x001a_9800, 0xf005 | 2, 0xf);
    run(&mut chip, 1_000);
    for neuron in Neuron::all() {
        assert_eq!(chip.analog().neuron(neuron).held_in_reset, neuron.column() >= 128);
    }
}

#[test]
fn a_block_post_pulse_pairs_where_post_overwrite_is_set() {
    let mut chip = ideal_chip();
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    enable_sensors(&mut chip);
    // Top driver 21 takes events on bus 1, both rows; label 12 everywhere in row 43.
    for (address, value) in [(0x0011_0454, 0xbe00), (0x0011_0455, 0x3f60), (0x0011_0456, 0x0040)] {
        chip.write(address, value, 0xf);
    }
    (0..64).for_each(|quad| chip.write(ARRAY[0] + 0x4_0000 + 64 * 43 + quad, 0x0c0c_0c0c, 0xf));
    // Neurons of columns 5 (west) and 133 (east), word 2 of their back-ends.
    for address in [0x001a_1000 + 4 * 5 + 2, 0x001a_9000 + 4 * 5 + 2] {
        chip.write(address, 0xbd, 0xf);
    }
    run(&mut chip, 1_000);
    chip.write(0x0011_0000, 0x014c_0002, 0xf);
    chip.advance(chip.now() + SimTime::from_us(1));
    chip.write(0x0012_2400, 0, 0xf);
    run(&mut chip, 100);
    let causal = |column| chip.analog().correlation(Hemisphere::Top, 43, column, bss2_analog::Branch::Causal);
    let paired: Vec<u8> = (0..=255).filter(|&column| causal(column) > 0.0).collect();
    assert_eq!(paired, [5]);
    chip.write(0x0012_a400, 0, 0xf);
    run(&mut chip, 100);
    let causal = |column| chip.analog().correlation(Hemisphere::Top, 43, column, bss2_analog::Branch::Causal);
    let paired: Vec<u8> = (0..=255).filter(|&column| causal(column) > 0.0).collect();
    assert_eq!(paired, [5, 133]);
}
