//! The JTAG master of the FPGA and the test access port of the chip (host-interface 2.5, register-map 9).

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// TCK cycles a shift needs besides its bits.
const SHIFT_OVERHEAD: u64 = 5;
/// Bits of the instruction register.
const INSTRUCTION_BITS: u64 = 7;

const IDCODE: u8 = 1;
const PLL_TARGET: u8 = 3;
const SHIFT_PLL: u8 = 4;
const OMNIBUS_ADDRESS: u8 = 5;
const OMNIBUS_DATA: u8 = 6;
const OMNIBUS_REQUEST: u8 = 7;

/// An operation in the queue of the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum JtagOperation {
    Init,
    Instruction(u8),
    Data { data: u64, bits: u8, keep_response: bool },
}

/// The queue of the master; it works independently of the executor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct JtagMaster {
    queue: VecDeque<(u64, JtagOperation)>,
    scaler: u8,
    busy_until: u64,
}

impl JtagMaster {
    pub(super) fn new() -> Self {
        Self { queue: VecDeque::new(), scaler: 6, busy_until: 0 }
    }

    /// FPGA cycles of one TCK cycle.
    fn tck(&self) -> u64 {
        2 * (u64::from(self.scaler) + 2)
    }

    pub(super) fn set_scaler(&mut self, scaler: u8) {
        self.scaler = scaler;
    }

    /// Queues an operation at cycle `now`.
    pub(super) fn push(&mut self, now: u64, operation: JtagOperation) {
        let ticks = SHIFT_OVERHEAD
            + match operation {
                JtagOperation::Init => 0,
                JtagOperation::Instruction(_) => INSTRUCTION_BITS,
                JtagOperation::Data { bits, .. } => u64::from(bits),
            };
        self.busy_until = self.busy_until.max(now) + ticks * self.tck();
        self.queue.push_back((self.busy_until, operation));
    }

    /// Cycle in which the oldest operation takes effect.
    pub(super) fn next(&self) -> Option<u64> {
        self.queue.front().map(|entry| entry.0)
    }

    pub(super) fn pop(&mut self) -> Option<JtagOperation> {
        self.queue.pop_front().map(|entry| entry.1)
    }

    /// Cycle in which the queue is empty.
    pub(super) fn idle_at(&self) -> u64 {
        self.busy_until
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
        self.busy_until = 0;
    }
}

/// What a shift asks of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JtagEffect {
    None,
    OmnibusWrite { address: u32, value: u32 },
    OmnibusRead { address: u32 },
    PllWrite { register: u8, value: u32 },
}

/// Registers of the test access port.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TestAccessPort {
    instruction: u8,
    id: u32,
    address: u64,
    data: u32,
    pll_register: u8,
    phy: [u32; 8],
}

impl TestAccessPort {
    pub(super) fn new(id: u32) -> Self {
        Self { instruction: IDCODE, id, address: 0, data: 0, pll_register: 0, phy: [0; 8] }
    }

    pub(super) fn init(&mut self) {
        self.instruction = IDCODE;
    }

    pub(super) fn select(&mut self, instruction: u8) {
        self.instruction = instruction;
    }

    /// Whether the selected register shifts out a PLL register, which only the chip knows.
    pub(super) fn wants_pll(&self) -> Option<u8> {
        (self.instruction == SHIFT_PLL).then_some(self.pll_register)
    }

    /// The word that a read through JTAG brought.
    pub(super) fn set_data(&mut self, value: u32) {
        self.data = value;
    }

    /// Index of the link whose configuration register the instruction selects: 0x44 | k << 3, link 7 - k.
    fn phy_index(&self) -> Option<usize> {
        (self.instruction & 0x47 == 0x44).then(|| 7 - usize::from(self.instruction >> 3 & 7))
    }

    /// Shifts `bits` bits through the selected register; `pll` is its content if it is a PLL register. Returns what comes
    /// out and what the new content causes.
    pub(super) fn shift(&mut self, data: u64, bits: u8, pll: u32) -> (u64, JtagEffect) {
        let (length, content): (u8, u64) = match self.instruction {
            IDCODE => (32, u64::from(self.id)),
            PLL_TARGET => (4, u64::from(self.pll_register)),
            SHIFT_PLL => (32, u64::from(pll)),
            OMNIBUS_ADDRESS => (33, self.address),
            OMNIBUS_DATA => (32, u64::from(self.data)),
            OMNIBUS_REQUEST => (3, 0),
            _ => match self.phy_index() {
                Some(link) => (22, u64::from(self.phy[link])),
                // BYPASS; boundary scan is not modelled and behaves like it.
                None => (1, 0),
            },
        };
        let bits = bits.clamp(3, 33);
        let low = |count: u8| (1_u64 << count) - 1;
        // The register and the bits shifted in form one chain, of which the lowest `bits` come out.
        let chain = u128::from(content) | u128::from(data & low(bits)) << length;
        let out = chain as u64 & low(bits);
        let updated = (chain >> bits) as u64 & low(length);
        let effect = match self.instruction {
            PLL_TARGET => {
                self.pll_register = updated as u8;
                JtagEffect::None
            }
            SHIFT_PLL => JtagEffect::PllWrite { register: self.pll_register, value: updated as u32 },
            OMNIBUS_ADDRESS => {
                self.address = updated;
                JtagEffect::None
            }
            OMNIBUS_DATA => {
                self.data = updated as u32;
                JtagEffect::None
            }
            OMNIBUS_REQUEST => {
                let address = self.address as u32;
                if self.address >> 32 == 1 {
                    JtagEffect::OmnibusRead { address }
                } else {
                    JtagEffect::OmnibusWrite { address, value: self.data }
                }
            }
            _ => {
                if let Some(link) = self.phy_index() {
                    self.phy[link] = updated as u32;
                }
                JtagEffect::None
            }
        };
        (out, effect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bypass_delays_by_one_bit() {
        let mut port = TestAccessPort::new(0);
        port.select(127);
        let data = 0x1_2345_6789;
        assert_eq!(port.shift(data, 33, 0).0, (data << 1) & 0x1_FFFF_FFFF);
    }

    #[test]
    fn the_identification_is_selected_after_init() {
        let mut port = TestAccessPort::new(0x3485_80AF);
        port.select(127);
        port.init();
        assert_eq!(port.shift(0, 32, 0).0, 0x3485_80AF);
    }

    #[test]
    fn a_write_over_jtag_is_address_data_request() {
        let mut port = TestAccessPort::new(0);
        port.select(5);
        assert_eq!(port.shift(0x0004_0000, 33, 0).1, JtagEffect::None);
        port.select(6);
        assert_eq!(port.shift(0xFF, 32, 0).1, JtagEffect::None);
        port.select(7);
        assert_eq!(port.shift(0, 3, 0).1, JtagEffect::OmnibusWrite { address: 0x0004_0000, value: 0xFF });
    }

    #[test]
    fn a_read_over_jtag_shifts_the_word_out_afterwards() {
        let mut port = TestAccessPort::new(0);
        port.select(5);
        port.shift(0x0013_0042 | 1 << 32, 33, 0);
        port.select(7);
        assert_eq!(port.shift(0, 3, 0).1, JtagEffect::OmnibusRead { address: 0x0013_0042 });
        port.set_data(0xDEAD_BEEF);
        port.select(6);
        assert_eq!(port.shift(0, 32, 0).0, 0xDEAD_BEEF);
    }

    #[test]
    fn the_jtag_clock_of_the_startup_is_7_8_mhz() {
        let mut master = JtagMaster::new();
        master.set_scaler(6);
        assert_eq!(master.tck(), 16);
        master.push(100, JtagOperation::Data { data: 0, bits: 32, keep_response: true });
        assert_eq!(master.next(), Some(100 + 37 * 16));
    }
}
