//! A chip on the table, short programs on its processors.

use bss2_base::{Hemisphere, SimTime};
use bss2_chip::registers::capmem::{CapMemCell, SharedParameter};
use bss2_chip::registers::{Register, TypedBlock, coordinates};
use bss2_chip::{Chip, ChipOptions};

pub(crate) const SRAM: [u32; 2] = [0x0280_0000, 0x0380_0000];
pub(crate) const CONTROL: [u32; 2] = [0x02a0_0000, 0x03a0_0000];
pub(crate) const STATUS: [u32; 2] = [0x02a0_0001, 0x03a0_0001];
pub(crate) const ARRAY: [u32; 2] = [0x02c0_0000, 0x03c0_0000];

/// The analytical reference chip: no mismatch, no noise, analog cells that take their value at once.
pub(crate) fn ideal_chip() -> Chip {
    let mut options =
        ChipOptions { mismatch: bss2_analog::MismatchSwitches::IDEAL, ..ChipOptions::default() };
    options.analog = bss2_analog::AnalogOptions::noiseless();
    (options.capmem.instant, options.capmem.write_noise, options.capmem.drift) = (true, false, false);
    Chip::with_options(options)
}

pub(crate) fn run(chip: &mut Chip, ns: u64) {
    chip.advance(chip.now() + SimTime::from_ns(ns));
}

/// Writes a program to a processor's memory from word 0 on; it does not start.
pub(crate) fn load(chip: &mut Chip, ppu: usize, source: &str) {
    let program = ppu_isa::assemble(source, 0).expect("the program is sound");
    for (word, value) in (0..).zip(program.words()) {
        chip.write(SRAM[ppu] + word, value, 0xf);
    }
}

/// Releases both processors, or one, at once.
pub(crate) fn start(chip: &mut Chip, ppus: &[usize]) {
    ppus.iter().for_each(|&ppu| chip.write(CONTROL[ppu], 1, 0xf));
}

/// Runs until all these processors sleep.
#[track_caller]
pub(crate) fn run_to_sleep(chip: &mut Chip, ppus: &[usize]) {
    for _ in 0..2000 {
        run(chip, 1000);
        if ppus.iter().all(|&ppu| chip.read(STATUS[ppu]).0 == 1) {
            return;
        }
    }
    panic!("still running: {:?}", ppus.iter().map(|&h| pc(chip, h)).collect::<Vec<_>>());
}

fn pc(chip: &Chip, ppu: usize) -> u32 {
    chip.ppu(Hemisphere::from_index(ppu)).core.state().pc
}

/// The word of a processor's memory at a byte address.
pub(crate) fn word(chip: &mut Chip, ppu: usize, byte: u32) -> u32 {
    chip.read(SRAM[ppu] + byte / 4).0
}

pub(crate) fn write<T: TypedBlock>(chip: &mut Chip, instance: u32, values: &T) {
    for (word, &value) in (0..).zip(values.to_words().as_ref()) {
        let register = Register { block: T::BLOCK, instance, word };
        chip.write(register.address().expect("it has an address"), value, 0xf);
    }
}

/// Gives the correlation sensors their biases and voltages, which a default chip leaves at 0.
pub(crate) fn enable_sensors(chip: &mut Chip) {
    for (parameter, code) in [
        (SharedParameter::SynIBiasRamp, 80),
        (SharedParameter::SynIBiasStore, 70),
        (SharedParameter::SynIBiasCorout, 600),
    ] {
        let (column, row) = parameter.place();
        for &quadrant in parameter.blocks() {
            write(chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value: code });
        }
    }
    chip.set_board_voltage(0, 1, 0.9);
    chip.set_board_voltage(0, 7, 1.85);
}

/// What a snapshot of the chip holds.
pub(crate) fn state(chip: &Chip) -> Vec<u8> {
    bincode::serde::encode_to_vec(chip, bincode::config::standard()).expect("a chip can be serialised")
}
