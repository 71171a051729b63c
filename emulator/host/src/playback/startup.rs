//! The start-up of the chip as the official host software does it (host-interface 6.2, register-map 12).

use super::address::*;
use super::{Barrier, FpgaCycles, Instruction, Program, ProgramBuilder};

/// Values of the PLL registers 0..=4 after start-up: both PLLs at 1 GHz, PPU and event fabric at 250 MHz.
pub const STARTUP_PLL: [u32; 5] = [0x2A20_A902, 0xC0CB_F200, 0x2A20_A902, 0xC0CB_F200, 0x110D_0101];

/// Reference generator after start-up, and the bit of its first word that holds it in reset.
const REFERENCE_GENERATOR_WORDS: [u32; 9] = [0x1000, 0x280, 0x28, 0xA28, 0xA28, 0x41, 0x41, 0x2CB, 0x2CB];
const REFERENCE_GENERATOR_RESET: u32 = 0x8000;

/// Board voltages: (converter, 12-bit code of each of its channels).
const BOARD_DACS: [[u16; 8]; 2] = [[0; 8], [0x260, 0x82A, 0x260, 0x65E, 0x1B8, 0x1B8, 0, 0]];

/// Shift register of the board with all supplies on and everything else off.
const BOARD_SWITCHES: u32 = 0x00FF_9C40;

/// SRAM timing words in the order of the official start-up: (address, word).
const SRAM_TIMING: [(u32, [u32; 2]); 18] = [
    (0x0014_2800, [0x0F, 0x1E]),
    (0x0014_A800, [0x0F, 0x1E]),
    (0x0015_2800, [0x0F, 0x1E]),
    (0x0015_A800, [0x0F, 0x1E]),
    (0x0240_0902, [0xFF, 0xFF]),
    (0x0240_0102, [0xFF, 0xFF]),
    (0x0340_0902, [0xFF, 0xFF]),
    (0x0340_0102, [0xFF, 0xFF]),
    (0x0011_0602, [0xC0, 0xFF]),
    (0x0011_8602, [0xC0, 0xFF]),
    (0x0016_0402, [0xFF, 0xFF]),
    (0x0016_8402, [0xFF, 0xFF]),
    (0x0017_0402, [0xFF, 0xFF]),
    (0x0017_8402, [0xFF, 0xFF]),
    (0x001A_1402, [0xFF, 0xFF]),
    (0x001A_9402, [0xFF, 0xFF]),
    (0x0200_0000, [0x88, 0x303]),
    (0x0300_0000, [0x88, 0x303]),
];

/// The official start-up of a cube board and its chip, word for word: reset, clocks, links, system time, references, SRAM
/// timing. Afterwards the chip is reachable and its registers have their reset values (settled 10: experiments write a
/// complete default configuration next).
pub fn startup_program() -> Program {
    let mut builder = ProgramBuilder::new();
    builder.instruction_timeout(FpgaCycles(1_250_000));
    board(&mut builder);
    builder.reset(true).wait(FpgaCycles(10)).reset(false).wait(FpgaCycles(100));
    builder.instruction(Instruction::JtagScaler(6)).instruction(Instruction::JtagInit);
    for (register, value) in (0..).zip(STARTUP_PLL) {
        builder.pll_write(register, value);
    }
    builder.write_block(FPGA_PHY_CONFIG, &[0x0020_4040; 8]);
    for phy in 0..8 {
        builder.jtag_phy_write(phy, 0x0020_4000);
    }
    builder.wait_until(FpgaCycles(12_500)).write(FPGA_PHY_ENABLE, 0xFF).jtag_write(CHIP_PHY_ENABLE, 0xFF);
    builder.write_block(SYSTIME_SYNC_BASE[0], &[0, 0]).barrier(Barrier::OMNIBUS).synchronise_systime();
    builder.event_recording(true);
    let mut reference = REFERENCE_GENERATOR_WORDS;
    reference[0] |= REFERENCE_GENERATOR_RESET;
    builder.write_block(REFERENCE_GENERATOR, &reference).barrier_omnibus().wait(FpgaCycles(1000));
    builder.write_block(REFERENCE_GENERATOR, &REFERENCE_GENERATOR_WORDS);
    for (address, words) in SRAM_TIMING {
        builder.write_block(address, &words);
        if words[0] == 0x88 {
            builder.write(address + 2, 0x4);
        }
    }
    builder.barrier_omnibus();
    Program::from_instructions(builder.into_instructions())
}

/// Shift register and voltage converters of the board (register-map 10.1), then 1 ms to settle.
fn board(builder: &mut ProgramBuilder) {
    let switches = BOARD_SWITCHES.to_be_bytes();
    builder.spi_frame(1, &switches[1..]);
    for (dac, codes) in (0..).zip(BOARD_DACS) {
        for (channel, code) in (0_u16..).zip(codes) {
            builder.spi_frame(2 + 2 * dac, &(channel << 12 | code).to_be_bytes());
            builder.spi_frame(2 + 2 * dac, &[0xA0, 0x02]);
        }
    }
    for dac in 0..2 {
        builder.spi_frame(2 + 2 * dac, &[0x80, 0b0000_1100]);
        builder.spi_frame(2 + 2 * dac, &[0xC0, 0x00]);
    }
    builder.wait(FpgaCycles(125_000));
}
