//! What the FPGA sees of a chip.
//!
//! The boundary runs between link and chip: the executor owns the FPGA, the high-speed links with their latencies, the
//! JTAG master and test access port, and the system-time counters. A device is everything behind that, and its only clock
//! is its own [`SimTime`].

use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// An event at the moment in which it leaves the chip.
///
/// It carries no time stamp: the 8-bit stamp is `2 * FPGA system time + half cycle` at that moment (event-routing 2.3,
/// settled O15), and only the executor knows the system time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChipEvent {
    /// When it passed the chip's L2 output (link latency not included).
    pub time: SimTime,
    /// What it is.
    pub payload: EventPayload,
}

/// What leaves the chip unasked (event-routing 3.1, 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventPayload {
    /// A spike with its 16-bit label: SPL1 address `[15:14]`, neuron label `[13:0]`.
    Spike(u16),
    /// A sample of the membrane ADC: value `[9:0]`, channel bit 10.
    Madc(u16),
}

/// Answer of the chip's Omnibus to a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusRead {
    /// The word.
    pub value: u32,
    /// What this target needs beyond the ordinary round trip of a register (spike counters, CADC, PPU SRAM arbitration).
    pub extra_latency: SimTime,
}

impl From<u32> for BusRead {
    fn from(value: u32) -> Self {
        Self { value, extra_latency: SimTime::ZERO }
    }
}

/// The two memories of the FPGA that both PPUs and the host share (register-map 8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SharedMemory {
    /// 32768 words behind Omnibus address 0x8000_0000.
    Sram,
    /// 2^26 words behind Omnibus address 0x8400_0000.
    Dram,
}

impl SharedMemory {
    /// Size in 32-bit words.
    pub const fn words(self) -> u32 {
        match self {
            Self::Sram => 1 << 15,
            Self::Dram => 1 << 26,
        }
    }
    /// Omnibus address of word 0.
    pub const fn base(self) -> u32 {
        match self {
            Self::Sram => 0x8000_0000,
            Self::Dram => 0x8400_0000,
        }
    }
}

/// A chip (or something that behaves like one) behind the executor.
///
/// Contract: time never runs backwards. The executor calls [`advance`](Device::advance) before every access, and each
/// [`inject`](Device::inject) happens at or after [`now`](Device::now). Results must not depend on how an interval is cut
/// into calls of `advance`.
pub trait Device {
    /// The device's clock.
    fn now(&self) -> SimTime;

    /// Lets the device run until its clock shows `until`; no effect if that is not in the future.
    fn advance(&mut self, until: SimTime);

    /// Writes a word of the chip's Omnibus now. `enables` bit k covers data bits `8k+7..8k` (register-map 2); which blocks
    /// honour it is the device's matter (settled 12). Unmapped addresses are ignored.
    fn write(&mut self, address: u32, value: u32, enables: u8);

    /// Reads a word of the chip's Omnibus now, 0 at unmapped addresses.
    fn read(&mut self, address: u32) -> BusRead;

    /// A spike label reaches the chip's L2 input at `at`.
    ///
    /// Labels are handed over in time order. Labels of one pack come with the same time in pack order; the device
    /// serialises those with the same SPL1 address (event-routing 3.4).
    fn inject(&mut self, at: SimTime, label: u16);

    /// Moves all events that have left the chip until now to the end of `into`, oldest first.
    fn take_events(&mut self, into: &mut Vec<ChipEvent>);

    /// Reads a word of a memory shared with the PPUs. `word` is below [`SharedMemory::words`].
    fn read_shared(&mut self, memory: SharedMemory, word: u32) -> u32;

    /// Writes the enabled bytes of a word of a memory shared with the PPUs.
    fn write_shared(&mut self, memory: SharedMemory, word: u32, value: u32, enables: u8);

    /// Level of the chip reset line; `true` holds the chip in reset (host-interface 2.6).
    fn reset(&mut self, level: bool);

    /// A PLL register written through JTAG (host-interface 2.5); the same registers as Omnibus 0x80000 + `register`.
    fn write_pll(&mut self, register: u8, value: u32) {
        self.write(0x0008_0000 + u32::from(register), value, 0xF);
    }

    /// A PLL register shifted out through JTAG.
    fn read_pll(&mut self, register: u8) -> u32 {
        self.read(0x0008_0000 + u32::from(register)).value
    }

    /// A channel of the board's digital-to-analog converters changes its voltage (register-map 10.1).
    /// `dac` is 0 or 1, `channel` 0..=7; DAC 0 channel 1 is `v_res_meas`, channel 7 `mux_dac_25` (settled 9).
    fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        let _ = (dac, channel, volts);
    }

    /// The 24-bit shift register of the board (multiplexers, supplies) takes a new value (register-map 10.1).
    fn set_board_switches(&mut self, value: u32) {
        let _ = value;
    }
}
