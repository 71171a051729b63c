//! Omnibus addresses that playback programs use by name (register-map 3, 8).

use bss2_base::Hemisphere;

/// Lower and upper word of the value both system-time counters take on synchronisation.
pub const SYSTIME_SYNC_BASE: [u32; 2] = [0x0, 0x1];
/// Enables of the chip's side of the eight links, one bit each.
pub const CHIP_PHY_ENABLE: u32 = 0x0004_0000;
/// First word of the reference generator.
pub const REFERENCE_GENERATOR: u32 = 0x000C_0012;

/// Address bit that selects the FPGA rather than the chip.
pub const FPGA: u32 = 0x8000_0000;
/// Bit 0: forward events to the host.
pub const FPGA_EVENT_RECORDING: u32 = 0x8800_0005;
/// Address that the polling block reads.
pub const FPGA_POLL_ADDRESS: u32 = 0x8800_0006;
/// Value the polling block compares with.
pub const FPGA_POLL_TARGET: u32 = 0x8800_0007;
/// Bits the polling block compares.
pub const FPGA_POLL_MASK: u32 = 0x8800_0008;
/// Longest stall of a blocking instruction, FPGA cycles.
pub const FPGA_INSTRUCTION_TIMEOUT: u32 = 0x8800_0009;
/// The playback timer, read only.
pub const FPGA_TIMER: u32 = 0x8800_000C;
/// Enables of the FPGA's side of the eight links, one bit each.
pub const FPGA_PHY_ENABLE: u32 = 0x8800_4000;
/// Configuration of link 0 on the FPGA's side, the other seven follow.
pub const FPGA_PHY_CONFIG: u32 = 0x8800_6000;

/// First of the 4096 words of a PPU's SRAM.
pub const fn ppu_sram(hemisphere: Hemisphere) -> u32 {
    match hemisphere {
        Hemisphere::Top => 0x0280_0000,
        Hemisphere::Bottom => 0x0380_0000,
    }
}
/// Words of a PPU's SRAM.
pub const PPU_SRAM_WORDS: usize = 4096;
/// Control register of a PPU; bit 0 inhibits its reset, that is, lets it run.
pub const fn ppu_control(hemisphere: Hemisphere) -> u32 {
    match hemisphere {
        Hemisphere::Top => 0x02A0_0000,
        Hemisphere::Bottom => 0x03A0_0000,
    }
}
/// Status register of a PPU; not 0 while it sleeps.
pub const fn ppu_status(hemisphere: Hemisphere) -> u32 {
    ppu_control(hemisphere) + 1
}
/// First client of the SPI master; 1 is the board's shift register, 2 and 4 its voltage converters.
pub const FPGA_SPI: u32 = 0x8800_7000;
