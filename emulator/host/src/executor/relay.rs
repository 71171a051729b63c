//! Where spikes of the chip go beside the host (register-map 8.5): over the serial line of SpikeIO, and through the routing tables
//! onto a network of FPGAs. From both they come back as labels for the chip.

use super::config::{ExecutorConfig, Network};
use super::registers::Registers;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

pub(super) const SPIKE_IO_OUTPUT: u32 = 0x8802_0000;
pub(super) const SPIKE_IO_INPUT: u32 = 0x8803_0000;
pub(super) const SPIKE_IO_CONFIG: u32 = 0x8803_8000;
pub(super) const NETWORK_INPUT: u32 = 0x880C_0000;
pub(super) const NETWORK_OUTPUT: u32 = 0x880D_0000;

/// Targets that discard.
const NO_ADDRESS: u32 = 0xFF;
const NO_LABEL: u32 = 0xFFFF;

/// Spikes under way beside the host. All times are FPGA cycles.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Relay {
    /// Word of the SpikeIO configuration.
    serial: u32,
    networked: bool,
    /// Spikes that are still on the link from the chip, by arrival.
    arriving: VecDeque<(u64, u16)>,
    /// Serial addresses, by the cycle in which the last bit is sent.
    on_line: VecDeque<(u64, u8)>,
    /// 15-bit network labels, by the cycle in which they come back.
    on_network: VecDeque<(u64, u16)>,
}

impl Relay {
    pub(super) fn new(registers: &Registers, config: &ExecutorConfig) -> Self {
        let networked = config.network == Network::Loopback;
        Self { serial: registers.get(SPIKE_IO_CONFIG), networked, ..Self::default() }
    }

    fn transmits(&self) -> bool {
        self.serial >> 16 & 1 == 1
    }

    /// Whether what is on the line comes in again.
    fn listens_to_itself(&self) -> bool {
        self.serial >> 17 & 3 == 3
    }

    /// The SpikeIO configuration is written; whether spikes matter from now on, and did not before.
    pub(super) fn configure(&mut self, word: u32) -> bool {
        let before = self.is_active();
        if !before {
            // Spikes that came after the last one that went anywhere.
            self.arriving.clear();
        }
        self.serial = word;
        self.is_active() && !before
    }

    /// Whether any spike goes anywhere.
    pub(super) fn is_active(&self) -> bool {
        self.networked || self.transmits() || !self.on_line.is_empty()
    }

    /// A spike is on its way from the chip and reaches the FPGA in cycle `arrival`; in order.
    pub(super) fn arrive(&mut self, arrival: u64, label: u16) {
        self.arriving.push_back((arrival, label));
    }

    /// The next cycle in which something happens here.
    pub(super) fn next(&self) -> Option<u64> {
        let arriving = self.arriving.front().map(|entry| entry.0);
        let on_line = self.on_line.front().map(|entry| entry.0);
        let on_network = self.on_network.front().map(|entry| entry.0);
        [arriving, on_line, on_network].into_iter().flatten().min()
    }

    /// Does what is to be done up to `cycle`. Labels for the chip go to `inject` with their cycles, in order.
    pub(super) fn advance(
        &mut self,
        cycle: u64,
        registers: &Registers,
        config: &ExecutorConfig,
        mut inject: impl FnMut(u64, u16),
    ) {
        while let Some(now) = self.next().filter(|&next| next <= cycle) {
            if let Some((_, address)) = self.on_line.pop_front_if(|entry| entry.0 == now) {
                let label = registers.get(SPIKE_IO_INPUT + u32::from(address));
                if self.listens_to_itself() && label != NO_LABEL {
                    inject(now, label as u16);
                }
            } else if let Some((_, label)) = self.on_network.pop_front_if(|entry| entry.0 == now) {
                let entry = registers.get(NETWORK_INPUT + u32::from(label));
                if entry >> 16 & 1 == 1 {
                    inject(now, entry as u16);
                }
            } else if let Some((_, label)) = self.arriving.pop_front() {
                self.send(now, label, registers, config);
            }
        }
    }

    /// A spike is there in cycle `now`.
    fn send(&mut self, now: u64, label: u16, registers: &Registers, config: &ExecutorConfig) {
        let address = registers.get(SPIKE_IO_OUTPUT + u32::from(label));
        if self.transmits() && address != NO_ADDRESS {
            if self.on_line.len() < config.serial_fifo {
                let begin = self.on_line.back().map_or(now, |last| last.0.max(now));
                // A divider of 0 is not allowed by the host; it counts as 1.
                let bit = u64::from(self.serial & 0xFFFF).max(1);
                self.on_line.push_back((begin + config.serial_frame.max(1) * bit, address as u8));
            } else {
                tracing::debug!(label, "spike lost: the serial line does not keep up");
            }
        }
        let entry = registers.get(NETWORK_OUTPUT + u32::from(label));
        if self.networked && entry >> 15 & 1 == 1 {
            self.on_network.push_back((now + config.network_latency.max(1), entry as u16 & 0x7FFF));
        }
    }
}
