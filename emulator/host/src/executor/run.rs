//! Executing instructions: the FPGA state, the device and the caller's reins together.

mod own_registers;
mod relaying;

use super::Emission;
use super::config::ExecutorConfig;
use super::fpga::{Access, FpgaState};
use super::jtag::{JtagEffect, JtagOperation};
use super::links::{LinkUp, Links};
use super::outbox::ArrivingEvent;
use crate::connection::{Progress, RunControl};
use crate::device::{ChipEvent, Device, EventPayload};
use crate::message::{Response, Stamped};
use crate::playback::{
    Barrier, CHIP_PHY_ENABLE, FPGA, FPGA_INSTRUCTION_TIMEOUT, FPGA_POLL_ADDRESS, FPGA_POLL_MASK,
    FPGA_POLL_TARGET, Instruction, Labels, SYSTIME_SYNC_BASE,
};
use crate::recording::TimeoutNotification;
use bss2_base::SimTime;

/// Instructions between two looks at the cancel flag.
const INSTRUCTIONS_PER_LOOK: usize = 4096;

/// Why an instruction did not finish.
enum Stop {
    Cancelled,
    TimedOut,
}

pub(super) struct Run<'a, 'c, D> {
    device: &'a mut D,
    fpga: &'a mut FpgaState,
    config: &'a ExecutorConfig,
    control: &'a mut RunControl<'c>,
    sink: &'a mut dyn FnMut(Emission),
    /// Cycles of [`ExecutorConfig::slice`], at least 1.
    slice: u64,
    events: Vec<ChipEvent>,
    first_cycle: u64,
    executed: usize,
    instructions: usize,
}

impl<'a, 'c, D: Device> Run<'a, 'c, D> {
    pub(super) fn new(
        device: &'a mut D,
        fpga: &'a mut FpgaState,
        config: &'a ExecutorConfig,
        control: &'a mut RunControl<'c>,
        sink: &'a mut dyn FnMut(Emission),
    ) -> Self {
        let slice = config.slice.cycles(SimTime::FPGA_CYCLE).max(1);
        let first_cycle = fpga.cycle;
        Self {
            device,
            fpga,
            config,
            control,
            sink,
            slice,
            events: Vec::new(),
            first_cycle,
            executed: 0,
            instructions: 0,
        }
    }

    pub(super) fn feed(&mut self, instructions: &[Instruction]) -> Option<usize> {
        self.instructions = instructions.len();
        let mut cancelled = None;
        for (chunk_number, chunk) in instructions.chunks(INSTRUCTIONS_PER_LOOK).enumerate() {
            if cancelled.is_none() && self.control.is_cancelled() && !self.fpga.skipping {
                cancelled = Some(chunk_number * INSTRUCTIONS_PER_LOOK);
                self.abandon();
            }
            for (offset, &instruction) in chunk.iter().enumerate() {
                if instruction == Instruction::HALT {
                    self.halt();
                    continue;
                }
                if self.fpga.skipping {
                    continue;
                }
                self.executed = chunk_number * INSTRUCTIONS_PER_LOOK + offset;
                match self.execute(instruction) {
                    Ok(()) => self.fpga.instruction = self.fpga.instruction.wrapping_add(1),
                    Err(Stop::TimedOut) => self.time_out(),
                    Err(Stop::Cancelled) => {
                        cancelled = Some(self.executed);
                        self.abandon();
                    }
                }
            }
            if !self.fpga.skipping && instructions.len() > INSTRUCTIONS_PER_LOOK {
                self.settle(self.fpga.cycle);
                self.deliver();
                self.report();
            }
        }
        self.collect();
        cancelled
    }

    fn execute(&mut self, instruction: Instruction) -> Result<(), Stop> {
        match instruction {
            Instruction::Setup => self.fpga.timer_zero = self.fpga.cycle,
            Instruction::WaitUntil(time) => {
                let missing = time.saturating_sub(self.fpga.timer());
                self.wait_to(self.fpga.cycle + u64::from(missing))?;
            }
            Instruction::OmnibusAddress { address, read: true, .. } => self.read(address)?,
            Instruction::OmnibusAddress { address, enables, read: false } => {
                self.fpga.bus.write_address = Some((address, enables));
            }
            Instruction::OmnibusData(value) => match self.fpga.bus.write_address.take() {
                Some((address, enables)) => self.write(address, value, enables),
                None => tracing::warn!(value, "Omnibus data word without an address word: ignored"),
            },
            Instruction::SpikePack(labels) => self.spikes(labels),
            Instruction::JtagInit => self.fpga.jtag.push(self.fpga.cycle, JtagOperation::Init),
            Instruction::JtagScaler(scaler) => self.fpga.jtag.set_scaler(scaler),
            Instruction::JtagInstruction(register) => {
                self.fpga.jtag.push(self.fpga.cycle, JtagOperation::Instruction(register));
            }
            Instruction::JtagData { data, bits, keep_response } => {
                let operation = JtagOperation::Data { data, bits: bits.clamp(3, 33), keep_response };
                self.fpga.jtag.push(self.fpga.cycle, operation);
            }
            Instruction::SystimeInit(true) => self.fpga.systime.requested = Some(self.fpga.cycle),
            // The value is filled in when it is emitted.
            Instruction::SystimeInit(false) => {
                self.fpga.outbox.reply(self.fpga.cycle, Response::Systime(0));
            }
            Instruction::Barrier(mask) => self.drain(mask, self.deadline())?,
            Instruction::PollingOmnibusBlock(equal) => self.poll(equal)?,
            Instruction::Reset(level) => {
                self.settle(self.fpga.cycle);
                self.collect();
                self.device.reset(level);
                if level {
                    self.chip_links(0, self.fpga.cycle);
                }
            }
            Instruction::Loopback(_) => {
                self.fpga.outbox.reply(self.fpga.cycle, Response::Loopback(true));
            }
        }
        self.fpga.cycle += 1;
        Ok(())
    }

    // ---- Time ----

    /// The device's time when something done in `cycle` reaches it.
    fn front(&self, cycle: u64) -> SimTime {
        self.fpga.origin
            + SimTime::from_cycles(cycle.saturating_add(self.config.link_latency), SimTime::FPGA_CYCLE)
    }

    fn deadline(&self) -> u64 {
        self.fpga.cycle + u64::from(self.fpga.registers.get(FPGA_INSTRUCTION_TIMEOUT))
    }

    /// Lets time pass until `cycle`. Only here, where nothing is ahead of the device's clock, a program is cancelled.
    fn wait_to(&mut self, cycle: u64) -> Result<(), Stop> {
        if cycle.saturating_sub(self.fpga.cycle) > self.slice {
            self.settle(self.fpga.cycle);
            while self.fpga.cycle < cycle {
                self.fpga.cycle = cycle.min(self.fpga.cycle + self.slice);
                self.settle(self.fpga.cycle);
                self.deliver();
                self.report();
                if self.control.is_cancelled() {
                    return Err(Stop::Cancelled);
                }
            }
        } else if cycle > self.fpga.cycle {
            self.fpga.cycle = cycle;
            if self.front(cycle) > self.device.now() + SimTime::from_cycles(self.slice, SimTime::FPGA_CYCLE) {
                self.settle(cycle);
                self.deliver();
            }
        }
        Ok(())
    }

    /// Carries out everything queued up to `cycle` and brings the device there.
    fn settle(&mut self, cycle: u64) {
        loop {
            let jtag = self.fpga.jtag.next();
            let access = self.next_access();
            let synchronisation = self.next_synchronisation();
            let Some(next) = self.next_step().filter(|&next| next <= cycle) else { break };
            self.run_device(self.front(next));
            if jtag == Some(next) {
                self.jtag_operation(next);
            } else if access == Some(next) {
                if let Some(access) = self.fpga.bus.pop() {
                    self.access(next, access);
                }
            } else if synchronisation == Some(next) {
                self.synchronise(next);
            }
        }
        self.run_device(self.front(cycle));
    }

    /// Cycle in which one of the queues goes on.
    fn next_step(&self) -> Option<u64> {
        [self.fpga.jtag.next(), self.next_access(), self.next_synchronisation()].into_iter().flatten().min()
    }

    fn next_access(&self) -> Option<u64> {
        match *self.fpga.bus.waiting.front()? {
            Access::Write { issued, .. } | Access::Read { issued, .. } => {
                Some(self.fpga.links.up_at()?.max(issued).max(self.fpga.bus.free_at))
            }
            Access::Answer { issued, .. } => Some(issued),
        }
    }

    fn next_synchronisation(&self) -> Option<u64> {
        let requested = self.fpga.systime.requested?;
        Some(self.fpga.links.up_at()?.max(requested) + self.config.synchronisation)
    }

    /// Lets time pass until the device's clock shows `until`, without the FPGA listening to events.
    pub(super) fn idle(&mut self, until: SimTime, events: &mut Vec<ChipEvent>) {
        while let Some(next) = self.next_step().filter(|&next| self.front(next) <= until) {
            self.run_device(self.front(next));
            self.settle(next);
        }
        self.run_device(until);
        self.gather();
        events.append(&mut self.events);
    }

    fn report(&mut self) {
        self.control.report(Progress {
            instruction: self.executed,
            instructions: self.instructions,
            simulated: SimTime::from_cycles(
                self.fpga.cycle.saturating_sub(self.first_cycle),
                SimTime::FPGA_CYCLE,
            ),
        });
    }

    // ---- Omnibus ----

    fn read(&mut self, address: u32) -> Result<(), Stop> {
        let deadline = self.deadline();
        while self.fpga.bus.reads_in_flight(self.fpga.cycle) >= self.config.reads_in_flight.max(1) {
            let answer = self.fpga.bus.answers.front().copied();
            self.stall(answer, deadline)?;
        }
        let issued = self.fpga.cycle;
        self.settle(issued);
        if address & FPGA != 0 {
            let value = self.read_fpga(address);
            self.issue(Access::Answer { issued, value });
        } else {
            self.issue(Access::Read { issued, address });
        }
        Ok(())
    }

    fn write(&mut self, address: u32, value: u32, enables: u8) {
        let issued = self.fpga.cycle;
        self.settle(issued);
        if enables == 0 {
            return;
        }
        if address & FPGA != 0 {
            self.write_fpga(address, value, enables);
            let bus = &mut self.fpga.bus;
            bus.complete_at = bus.complete_at.max(issued + self.config.fpga_access);
        } else {
            self.issue(Access::Write { issued, address, value, enables });
        }
    }

    /// Carries an access out now, or queues it; the queues are settled up to now.
    fn issue(&mut self, access: Access) {
        self.fpga.bus.push(access);
        if self.fpga.bus.waiting.len() == 1 && self.next_access() == Some(self.fpga.cycle) {
            self.fpga.bus.pop();
            self.access(self.fpga.cycle, access);
        }
    }

    /// The access reaches its target in `cycle`; the device is there.
    fn access(&mut self, cycle: u64, access: Access) {
        let (value, answer) = match access {
            Access::Write { address, value, enables, .. } => {
                self.device.write(address, value, enables);
                self.fpga.links.count_write();
                if address == CHIP_PHY_ENABLE {
                    self.chip_links(value, cycle);
                }
                let bus = &mut self.fpga.bus;
                bus.complete_at = bus.complete_at.max(cycle + self.config.chip_access);
                return;
            }
            Access::Read { address, .. } => {
                let (value, answer) = self.read_chip(cycle, address);
                self.fpga.bus.free_at = answer - self.config.chip_access;
                (value, answer)
            }
            Access::Answer { issued, value } => (value, issued + self.config.fpga_access),
        };
        let bus = &mut self.fpga.bus;
        let answer = answer.max(bus.last_answer + 1);
        bus.last_answer = answer;
        bus.complete_at = bus.complete_at.max(answer);
        bus.answers.push_back(answer);
        self.fpga.outbox.reply(answer, Response::OmnibusData(value));
    }

    /// A read that reaches the chip in `cycle`: its value and the cycle of the answer.
    fn read_chip(&mut self, cycle: u64, address: u32) -> (u32, u64) {
        let read = self.device.read(address);
        self.fpga.links.count_read();
        let extra = read.extra_latency.round_up(SimTime::FPGA_CYCLE).cycles(SimTime::FPGA_CYCLE);
        (read.value, cycle + self.config.chip_access + extra)
    }

    // ---- Stalling ----

    /// Lets time pass until the next queue goes on, or until `other`; times out at `deadline`.
    fn stall(&mut self, other: Option<u64>, deadline: u64) -> Result<(), Stop> {
        let next = self.next_step().into_iter().chain(other).min().filter(|&next| next <= deadline);
        self.wait_to(next.unwrap_or(deadline).max(self.fpga.cycle))?;
        if next.is_none() {
            return Err(Stop::TimedOut);
        }
        self.settle(self.fpga.cycle);
        Ok(())
    }

    /// Stalls until the selected subsystems are idle.
    fn drain(&mut self, mask: Barrier, deadline: u64) -> Result<(), Stop> {
        self.settle(self.fpga.cycle);
        loop {
            let cycle = self.fpga.cycle;
            let bus = &self.fpga.bus;
            let mut other = None;
            let mut busy = false;
            if mask.contains(Barrier::OMNIBUS) {
                busy |= !bus.waiting.is_empty();
                other = Some(bus.complete_at).filter(|&complete| complete > cycle);
            }
            if mask.contains(Barrier::JTAG) {
                busy |= self.fpga.jtag.idle_at() > cycle;
            }
            if mask.contains(Barrier::SYSTIME) {
                busy |= self.fpga.systime.requested.is_some();
            }
            if !busy && other.is_none() {
                return Ok(());
            }
            self.stall(other, deadline)?;
        }
    }

    /// Reads the polling address until it satisfies the condition (host-interface 2.7).
    fn poll(&mut self, equal: bool) -> Result<(), Stop> {
        let deadline = self.deadline();
        self.drain(Barrier::OMNIBUS, deadline)?;
        let address = self.fpga.registers.get(FPGA_POLL_ADDRESS);
        let target = self.fpga.registers.get(FPGA_POLL_TARGET);
        let mask = self.fpga.registers.get(FPGA_POLL_MASK);
        loop {
            let cycle = self.fpga.cycle;
            self.settle(cycle);
            let (value, answer) = if address & FPGA != 0 {
                (self.read_fpga(address), cycle + self.config.fpga_access)
            } else if self.fpga.links.is_up(cycle) {
                self.read_chip(cycle, address)
            } else {
                self.stall(self.fpga.links.up_at(), deadline)?;
                continue;
            };
            let satisfied = (value & mask == target) == equal;
            self.wait_to(answer.min(deadline))?;
            if satisfied && answer <= deadline {
                return Ok(());
            }
            if answer >= deadline {
                return Err(Stop::TimedOut);
            }
        }
    }

    fn time_out(&mut self) {
        let reads_in_flight = self.fpga.bus.reads_in_flight(self.fpga.cycle).min(63) as u8;
        let notification =
            TimeoutNotification { instruction: self.fpga.instruction, trace_stall: 0, reads_in_flight };
        self.fpga.outbox.reply(self.fpga.cycle, Response::Timeout(notification));
        tracing::warn!(instruction = notification.instruction, reads_in_flight, "instruction timeout");
        self.abandon();
    }

    /// Drops everything under way and skips up to the halt.
    fn abandon(&mut self) {
        self.settle(self.fpga.cycle);
        self.fpga.bus.clear();
        self.fpga.jtag.clear();
        self.fpga.systime.requested = None;
        self.fpga.skipping = true;
    }

    fn halt(&mut self) {
        if !self.fpga.skipping {
            match self.drain_program() {
                Ok(()) => {}
                Err(Stop::TimedOut) => self.time_out(),
                Err(Stop::Cancelled) => self.abandon(),
            }
        }
        self.settle(self.fpga.cycle);
        self.deliver();
        let systime = self.fpga.systime;
        let sink = &mut *self.sink;
        self.fpga.cycle =
            1 + self.fpga.outbox.emit_all(self.fpga.cycle, Response::Loopback(false), |cycle, response| {
                sink(emission(&systime, cycle, response));
            });
        self.fpga.cycle += self.config.between_programs;
        self.settle(self.fpga.cycle);
        self.collect();
        self.fpga.instruction = 0;
        self.fpga.skipping = false;
    }

    /// Waits for everything the program has caused. Writes that can't be delivered because the links are down do not count:
    /// they stay in the queue.
    fn drain_program(&mut self) -> Result<(), Stop> {
        let deadline = self.deadline();
        self.drain(Barrier::JTAG, deadline)?;
        if self.fpga.links.up_at().is_some() {
            self.drain(Barrier::OMNIBUS | Barrier::SYSTIME, deadline)
        } else if self.fpga.bus.waiting_reads > 0 {
            self.drain(Barrier::OMNIBUS, deadline)
        } else {
            Ok(())
        }
    }

    // ---- Events and responses ----

    fn spikes(&mut self, labels: Labels) {
        if !self.fpga.links.is_up(self.fpga.cycle) {
            tracing::debug!(?labels, "spikes lost: the links are down");
            return;
        }
        if self.fpga.relay.is_active() {
            // Labels that come back from elsewhere until now go first.
            self.settle(self.fpga.cycle);
        }
        let at = self.front(self.fpga.cycle);
        self.fpga.links.count_events_to_chip(labels.as_slice().len());
        for &label in labels.as_slice() {
            self.device.inject(at, label);
        }
    }

    /// Takes events from the device and decides about those that have arrived.
    fn collect(&mut self) {
        self.gather();
        for event in self.events.drain(..) {
            let age = event.time.saturating_sub(self.fpga.origin);
            let left = age.cycles(SimTime::FPGA_CYCLE);
            if !self.fpga.links.is_up(left) {
                continue;
            }
            self.fpga.links.count_event_from_chip();
            let half = age.cycles(SimTime::FABRIC_CYCLE) & 1;
            let stamp = (2 * self.fpga.systime.at(left).0 + half) as u8;
            let (value, is_spike) = match event.payload {
                EventPayload::Spike(label) => (label, true),
                EventPayload::Madc(sample) => (sample, false),
            };
            self.fpga.outbox.event(ArrivingEvent {
                left,
                arrival: left + self.config.link_latency,
                event: Stamped { stamp, value },
                is_spike,
            });
        }
        self.fpga.outbox.accept_before(self.fpga.cycle, self.fpga.recording);
    }

    /// What has left the device by now came over the links as they are.
    pub(super) fn collect_before_links_change(&mut self, cycle: u64) {
        let present = core::mem::replace(&mut self.fpga.cycle, cycle);
        self.collect();
        self.fpga.cycle = present;
    }

    /// Emits what is due before the present cycle; the queues are settled up to it.
    fn deliver(&mut self) {
        self.collect();
        let systime = self.fpga.systime;
        let sink = &mut *self.sink;
        self.fpga.outbox.emit_before(self.fpga.cycle, |cycle, response| {
            sink(emission(&systime, cycle, response));
        });
    }

    fn synchronise(&mut self, cycle: u64) {
        // Earlier responses still have the old time. Everything up to `cycle` has been carried out.
        let present = core::mem::replace(&mut self.fpga.cycle, cycle);
        self.deliver();
        self.fpga.cycle = present;
        let base = SYSTIME_SYNC_BASE.map(|address| u64::from(self.device.read(address).value));
        self.fpga.systime.synchronise(cycle, base[0] | base[1] << 32, self.config.chip_access);
        self.fpga.outbox.reply(cycle, Response::Systime(0));
    }

    // ---- JTAG and links ----

    fn jtag_operation(&mut self, cycle: u64) {
        let Some(operation) = self.fpga.jtag.pop() else { return };
        match operation {
            JtagOperation::Init => self.fpga.port.init(),
            JtagOperation::Instruction(register) => self.fpga.port.select(register),
            JtagOperation::Data { data, bits, keep_response } => {
                let pll = self.fpga.port.wants_pll().map_or(0, |register| self.device.read_pll(register));
                let (out, effect) = self.fpga.port.shift(data, bits, pll);
                match effect {
                    JtagEffect::None => {}
                    JtagEffect::OmnibusWrite { address, value } if address & FPGA == 0 => {
                        self.device.write(address, value, 0xF);
                        if address == CHIP_PHY_ENABLE {
                            self.chip_links(value, cycle);
                        }
                    }
                    JtagEffect::OmnibusRead { address } if address & FPGA == 0 => {
                        let value = self.device.read(address).value;
                        self.fpga.port.set_data(value);
                    }
                    JtagEffect::OmnibusWrite { address, .. } | JtagEffect::OmnibusRead { address } => {
                        tracing::warn!(address, "JTAG does not reach registers of the FPGA: ignored");
                    }
                    JtagEffect::PllWrite { register, value } => self.device.write_pll(register, value),
                }
                if keep_response {
                    self.fpga.outbox.reply(cycle, Response::JtagData(out));
                }
            }
        }
    }

    /// The chip's side of the links is enabled or disabled.
    fn chip_links(&mut self, mask: u32, cycle: u64) {
        self.collect_before_links_change(cycle);
        let coming = self.fpga.links.enable_chip(mask as u8, cycle, self.config.link_training);
        self.announce(&coming);
    }

    fn announce(&mut self, coming: &[LinkUp]) {
        if self.config.link_notifications {
            for &(link, cycle) in coming {
                let notification = Response::LinkNotification(link << 5 | Links::UP_FLAG);
                self.fpga.outbox.reply(cycle, notification);
            }
        }
    }
}

fn emission(systime: &super::clock::Systime, cycle: u64, response: Response) -> Emission {
    let (time, synchronised) = systime.at(cycle);
    let response = match response {
        Response::Systime(_) => Response::Systime(time),
        response => response,
    };
    Emission { time, synchronised, response }
}
