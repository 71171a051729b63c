//! Letting the device run while the FPGA passes spikes of the chip on to the chip.

use super::Run;
use crate::device::{Device, EventPayload};
use bss2_base::SimTime;

impl<D: Device> Run<'_, '_, D> {
    /// Lets the device run until `until`, and labels come back to it in their time.
    pub(super) fn run_device(&mut self, until: SimTime) {
        if !self.fpga.relay.is_active() {
            self.device.advance(until);
            return;
        }
        // What leaves the chip later than that can't be back before.
        let round_trip = 2 * self.config.link_latency.max(1);
        while self.device.now() < until {
            let reached = self.cycle_of(self.device.now()).saturating_sub(self.config.link_latency);
            let step = reached + round_trip;
            let next = self.fpga.relay.next().map_or(step, |next| next.clamp(reached + 1, step));
            self.device.advance(self.front(next).min(until));
            self.gather();
            self.relay();
        }
    }

    /// FPGA cycle in which something happens at `time`, without any latency.
    fn cycle_of(&self, time: SimTime) -> u64 {
        time.saturating_sub(self.fpga.origin).cycles(SimTime::FPGA_CYCLE)
    }

    /// Takes events from the device; spikes are on their way to wherever they are relayed.
    pub(super) fn gather(&mut self) {
        let first = self.events.len();
        self.device.take_events(&mut self.events);
        if !self.fpga.relay.is_active() {
            return;
        }
        for event in &self.events[first..] {
            let left = event.time.saturating_sub(self.fpga.origin).cycles(SimTime::FPGA_CYCLE);
            if let EventPayload::Spike(label) = event.payload
                && self.fpga.links.is_up(left)
            {
                self.fpga.relay.arrive(left + self.config.link_latency, label);
            }
        }
    }

    /// Hands labels to the device that reach it by now.
    fn relay(&mut self) {
        let now = self.device.now();
        let Some(cycle) = self.cycle_of(now).checked_sub(self.config.link_latency) else { return };
        let mut labels = Vec::new();
        let fpga = &mut *self.fpga;
        fpga.relay.advance(cycle, &fpga.registers, self.config, |cycle, label| labels.push((cycle, label)));
        for (cycle, label) in labels {
            if self.fpga.links.is_up(cycle) {
                self.fpga.links.count_events_to_chip(1);
                self.device.inject(self.front(cycle).max(now), label);
            }
        }
    }
}
