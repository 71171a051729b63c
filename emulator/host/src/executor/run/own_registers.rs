//! Accesses to the FPGA's own registers and memories (host-interface 3, register-map 8).

use super::super::board::BoardEffect;
use super::super::registers::PERFORMANCE_TEST;
use super::super::relay::SPIKE_IO_CONFIG;
use super::Run;
use crate::device::{Device, SharedMemory};
use crate::executor::FpgaState;
use crate::playback::{FPGA_EVENT_RECORDING, FPGA_PHY_ENABLE, FPGA_SPI, FPGA_TIMER};

impl<D: Device> Run<'_, '_, D> {
    fn shared_memory(address: u32) -> Option<(SharedMemory, u32)> {
        [SharedMemory::Sram, SharedMemory::Dram].into_iter().find_map(|memory| {
            let word = address.checked_sub(memory.base())?;
            (word < memory.words()).then_some((memory, word))
        })
    }

    pub(super) fn read_fpga(&mut self, address: u32) -> u32 {
        if let Some((memory, word)) = Self::shared_memory(address) {
            return self.device.read_shared(memory, word);
        }
        let config = self.config;
        let fpga = &mut *self.fpga;
        let high = |value: u64| (value >> 32) as u32;
        match address {
            0x8800_0003 => high(self.config.device_dna),
            0x8800_0004 => self.config.device_dna as u32,
            FPGA_TIMER => fpga.timer(),
            0x8800_2001 => high(fpga.systime.last_round_trip),
            0x8800_2002 => fpga.systime.last_round_trip as u32,
            0x8800_2003 => high(fpga.systime.last_chip_time),
            0x8800_2004 => fpga.systime.last_chip_time as u32,
            0x8800_2005 => u32::from(fpga.systime.is_synchronised()),
            // CRC errors and dropped words: none.
            0x8800_4004..=0x8800_400B | 0x8800_4014..=0x8800_401B => 0,
            0x8800_400C..=0x8800_4013 => fpga.links.online_time((address - 0x8800_400C) as usize, fpga.cycle),
            FPGA_SPI..=0x8800_7004 => 0,
            0x8800_7800..=0x8800_79FF => fpga.i2c.read(address - 0x8800_7800),
            0x8800_C000..=0x8800_C00F => {
                let (link, test) = ((address - 0x8800_C000) / 2, &fpga.performance);
                let (words, of_the_test) = match address & 1 {
                    0 => (fpga.links.sent_by(link), test.sent_by(link, fpga.cycle, config)),
                    _ => (fpga.links.received_by(link), test.received_by(link, fpga.cycle, config)),
                };
                words.wrapping_add(of_the_test)
            }
            // Words sent, received, in order, and the first that was not: there is none.
            0x8800_8001 => fpga.performance.sent(fpga.cycle, config),
            0x8800_8002 | 0x8800_8003 => fpga.performance.received(fpga.cycle, config),
            0x8800_8004 => 0,
            0x8800_C010 => fpga.links.writes,
            0x8800_C011 => fpga.links.tx,
            0x8800_C012 => fpga.links.rx,
            0x8800_C013 => fpga.links.reads,
            _ => fpga.registers.read(address),
        }
    }

    pub(super) fn write_fpga(&mut self, address: u32, value: u32, enables: u8) {
        if let Some((memory, word)) = Self::shared_memory(address) {
            self.device.write_shared(memory, word, value, enables);
            return;
        }
        match address {
            FPGA_SPI..=0x8800_7004 => {
                let device = &mut *self.device;
                self.fpga.spi.write(address - FPGA_SPI, value, &mut |effect| match effect {
                    BoardEffect::Switches(value) => device.set_board_switches(value),
                    BoardEffect::Voltage { dac, channel, volts } => {
                        device.set_board_voltage(dac, channel, volts);
                    }
                });
                return;
            }
            0x8800_7800..=0x8800_79FF => {
                self.fpga.i2c.write(address - 0x8800_7800, value);
                return;
            }
            // Events that have arrived until now still see the old setting.
            FPGA_EVENT_RECORDING => {
                self.collect();
                self.fpga.recording = value & 1 == 1;
            }
            // Spikes that are on their way are relayed when they arrive.
            SPIKE_IO_CONFIG => {
                self.collect();
                let FpgaState { relay, outbox, .. } = &mut *self.fpga;
                if relay.configure(value) {
                    outbox.spikes_on_the_link().for_each(|(arrival, label)| relay.arrive(arrival, label));
                }
            }
            PERFORMANCE_TEST => {
                let FpgaState { performance, links, cycle, .. } = &mut *self.fpga;
                performance.enable(value & 1 == 1, links.mask_up(*cycle), *cycle, self.config);
            }
            FPGA_PHY_ENABLE => {
                let (cycle, training) = (self.fpga.cycle, self.config.link_training);
                self.collect_before_links_change(cycle);
                let coming = self.fpga.links.enable_fpga(value as u8, cycle, training);
                self.announce(&coming);
            }
            _ => {}
        }
        self.fpga.registers.write(address, value);
    }
}
