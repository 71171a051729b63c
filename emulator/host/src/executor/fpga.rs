//! The state of the FPGA, everything of it: this and the device make a snapshot.

use super::board::{I2c, Spi};
use super::clock::Systime;
use super::config::{ExecutorConfig, InitialState};
use super::jtag::{JtagMaster, TestAccessPort};
use super::links::Links;
use super::outbox::Outbox;
use super::performance::PerformanceTest;
use super::registers::Registers;
use super::relay::Relay;
use crate::playback::{FPGA_EVENT_RECORDING, FPGA_PHY_ENABLE};
use bss2_base::SimTime;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// State of the FPGA, the links and the test access port of the chip.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FpgaState {
    /// The device's time at cycle 0.
    pub(super) origin: SimTime,
    /// Cycle in which the next instruction is executed.
    pub(super) cycle: u64,
    /// Cycle in which the timer was 0.
    pub(super) timer_zero: u64,
    /// Instructions of the present program so far.
    pub(super) instruction: u32,
    /// Everything up to the halt is skipped, after a timeout or on request.
    pub(super) skipping: bool,
    /// Copy of bit 0 of the event recording register.
    pub(super) recording: bool,
    pub(super) systime: Systime,
    pub(super) registers: Registers,
    pub(super) spi: Spi,
    pub(super) i2c: I2c,
    pub(super) jtag: JtagMaster,
    pub(super) port: TestAccessPort,
    pub(super) links: Links,
    pub(super) bus: Bus,
    pub(super) outbox: Outbox,
    pub(super) relay: Relay,
    pub(super) performance: PerformanceTest,
}

/// Omnibus accesses under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Bus {
    /// Accesses that the chip could not take at once.
    pub(super) waiting: VecDeque<Access>,
    pub(super) waiting_reads: usize,
    /// Cycle from which on the chip's bus takes the next access.
    pub(super) free_at: u64,
    /// Cycle in which the last of the accesses that were carried out is complete.
    pub(super) complete_at: u64,
    /// Cycles of answers to reads, those of the past not all removed.
    pub(super) answers: VecDeque<u64>,
    pub(super) last_answer: u64,
    /// Address word whose data word has not come yet.
    pub(super) write_address: Option<(u32, u8)>,
}

/// An Omnibus access that waits.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Access {
    Write {
        issued: u64,
        address: u32,
        value: u32,
        enables: u8,
    },
    Read {
        issued: u64,
        address: u32,
    },
    /// An access to the FPGA itself: done, but its answer must not overtake those of earlier reads.
    Answer {
        issued: u64,
        value: u32,
    },
}

impl Bus {
    pub(super) fn push(&mut self, access: Access) {
        self.waiting_reads += usize::from(!matches!(access, Access::Write { .. }));
        self.waiting.push_back(access);
    }

    pub(super) fn pop(&mut self) -> Option<Access> {
        let access = self.waiting.pop_front()?;
        self.waiting_reads -= usize::from(!matches!(access, Access::Write { .. }));
        Some(access)
    }

    /// Reads that have no answer in `cycle` yet.
    pub(super) fn reads_in_flight(&mut self, cycle: u64) -> usize {
        while self.answers.front().is_some_and(|&answer| answer <= cycle) {
            self.answers.pop_front();
        }
        self.answers.len() + self.waiting_reads
    }

    /// Drops whatever is under way.
    pub(super) fn clear(&mut self) {
        *self = Self { last_answer: self.last_answer, free_at: self.free_at, ..Self::default() };
    }
}

impl FpgaState {
    pub(super) fn new(now: SimTime, config: &ExecutorConfig) -> Self {
        let registers = Registers::default();
        let (systime, links) = match config.initial {
            InitialState::PowerUp => (Systime::default(), Links::new(registers.get(FPGA_PHY_ENABLE) as u8)),
            InitialState::Started => (Systime::started(), Links::started()),
        };
        Self {
            origin: now.round_up(SimTime::FPGA_CYCLE),
            cycle: 0,
            timer_zero: 0,
            instruction: 0,
            skipping: false,
            relay: Relay::new(&registers, config),
            performance: PerformanceTest::default(),
            recording: registers.get(FPGA_EVENT_RECORDING) & 1 == 1,
            systime,
            registers,
            spi: Spi::default(),
            i2c: I2c::new(config.eeprom_id),
            jtag: JtagMaster::new(),
            port: TestAccessPort::new(config.jtag_id),
            links,
            bus: Bus::default(),
            outbox: Outbox::default(),
        }
    }

    /// FPGA cycles since power-up.
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// System time in FPGA cycles, `None` before synchronisation.
    pub fn systime(&self) -> Option<u64> {
        let (time, synchronised) = self.systime.at(self.cycle);
        synchronised.then_some(time)
    }

    /// Goes on in the first cycle whose effects do not reach the device before `now`.
    pub(super) fn catch_up(&mut self, now: SimTime, link_latency: u64) {
        let cycle = now.saturating_sub(self.origin).round_up(SimTime::FPGA_CYCLE).cycles(SimTime::FPGA_CYCLE);
        self.cycle = self.cycle.max(cycle.saturating_sub(link_latency));
    }

    /// The playback timer.
    pub(super) fn timer(&self) -> u32 {
        self.cycle.wrapping_sub(self.timer_zero) as u32
    }

    pub(super) fn reset_transport(&mut self) {
        self.bus.clear();
        self.jtag.clear();
        self.systime.forget();
        self.outbox = Outbox::default();
        self.instruction = 0;
        self.skipping = false;
    }
}
