//! PADI buses: where they take their events from, and how long an event holds them (event-routing 6).

use crate::coordinates::PadiBus;
use crate::label::{PadiEvent, PadiLabel};
use crate::parameters::PadiParameters;
use bss2_base::{Hemisphere, SimTime};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Configuration of one bus (CommonPADIBusConfig, event-routing 6.1). Default: register zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PadiBusConfig {
    /// Events come from the crossbar; otherwise from the PADIEvent register. The other source is ignored.
    pub enable_spl1: bool,
    /// Stretched pulse timing; an event holds the bus longer.
    pub enable_extended_timing: bool,
    /// Lengthens the DAC-enable pulse of the synapses, 0..=15.
    pub dacen_pulse_extension: u8,
}

impl PadiBusConfig {
    /// Length of the DAC-enable pulse that connects the synapses' current (event-routing 6.2).
    pub const fn dacen_pulse(&self, parameters: &PadiParameters) -> SimTime {
        let steps = (self.dacen_pulse_extension & 15) as u64;
        let cycles = parameters.dacen_pulse as u64 + steps * parameters.dacen_extension_step as u64;
        SimTime::from_cycles(cycles, SimTime::FABRIC_CYCLE)
    }
    /// Fabric cycles for which an event holds the bus (settled O13).
    pub const fn occupancy(&self, parameters: &PadiParameters) -> u64 {
        if self.enable_extended_timing {
            parameters.occupancy_extended.get() as u64
        } else {
            parameters.occupancy.get() as u64
        }
    }
}

/// The eight buses: configuration, occupancy, trigger registers, and what is on its way to the drivers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct PadiBuses {
    configs: [[PadiBusConfig; PadiBus::COUNT]; 2],
    /// First cycle in which the bus can take an event.
    pub(crate) free_at: [[u64; PadiBus::COUNT]; 2],
    /// Writes to the PADIEvent registers that have not come yet, in time order.
    triggers: VecDeque<(u64, Hemisphere, PadiEvent)>,
    /// Events that have not reached the drivers yet, and the cycle in which they entered the bus. A bus takes no two in
    /// one cycle, and takes them in time order.
    pub(crate) travelling: [[VecDeque<(u64, PadiLabel)>; PadiBus::COUNT]; 2],
}

impl PadiBuses {
    pub(crate) fn config(&self, hemisphere: Hemisphere, bus: PadiBus) -> PadiBusConfig {
        self.configs[hemisphere.index()][bus.index()]
    }

    pub(crate) fn set_config(&mut self, hemisphere: Hemisphere, bus: PadiBus, config: PadiBusConfig) {
        self.configs[hemisphere.index()][bus.index()] = config;
    }

    /// A write to a PADIEvent register. Writes of the same cycle keep their order.
    pub(crate) fn trigger(&mut self, cycle: u64, hemisphere: Hemisphere, event: PadiEvent) {
        let at = self.triggers.partition_point(|&(earlier, _, _)| earlier <= cycle);
        self.triggers.insert(at, (cycle, hemisphere, event));
    }

    /// Puts the triggers before `until` on their buses. A trigger finds a bus that is still busy (possible in extended
    /// timing only, because register writes come at most every second FPGA cycle) waiting: none is lost.
    pub(crate) fn fire_triggers(&mut self, until: u64, parameters: &PadiParameters) {
        while let Some(&(cycle, hemisphere, event)) = self.triggers.front()
            && cycle < until
        {
            self.triggers.pop_front();
            for bus in PadiBus::all().filter(|&bus| event.fires(bus)) {
                let config = self.config(hemisphere, bus);
                if config.enable_spl1 {
                    continue;
                }
                let free_at = &mut self.free_at[hemisphere.index()][bus.index()];
                let start = cycle.max(*free_at);
                *free_at = start + config.occupancy(parameters);
                self.travelling[hemisphere.index()][bus.index()].push_back((start, event.label));
            }
        }
    }

    /// Takes the events that entered before `until` off the buses, in order of cycle, hemisphere and bus.
    pub(crate) fn arrive(&mut self, until: u64, mut arrive: impl FnMut(u64, Hemisphere, PadiBus, PadiLabel)) {
        let front = |queue: &VecDeque<(u64, PadiLabel)>| queue.front().map_or(u64::MAX, |&(cycle, _)| cycle);
        let queues = self.travelling.as_flattened_mut();
        let mut fronts: [u64; 2 * PadiBus::COUNT] = core::array::from_fn(|index| front(&queues[index]));
        loop {
            let cycle = fronts.into_iter().fold(u64::MAX, u64::min);
            if cycle >= until {
                break;
            }
            let places =
                Hemisphere::ALL.into_iter().flat_map(|half| PadiBus::all().map(move |bus| (half, bus)));
            for ((hemisphere, bus), (front_cycle, queue)) in
                places.zip(fronts.iter_mut().zip(queues.iter_mut()))
            {
                if *front_cycle == cycle {
                    if let Some((_, label)) = queue.pop_front() {
                        arrive(cycle, hemisphere, bus, label);
                    }
                    *front_cycle = front(queue);
                }
            }
        }
    }

    /// The first cycle in which a trigger fires or an event reaches the drivers.
    pub(crate) fn next(&self, pulse_latency: u64) -> Option<u64> {
        let trigger = self.triggers.front().map(|&(cycle, _, _)| cycle);
        let fronts = self.travelling.as_flattened().iter().filter_map(VecDeque::front);
        trigger.into_iter().chain(fronts.map(|&(cycle, _)| cycle + pulse_latency)).min()
    }

    /// Whether all times are before `limit`, which those of a state read from a file may not be.
    pub(crate) fn is_before(&self, limit: u64) -> bool {
        self.free_at.as_flattened().iter().all(|&cycle| cycle < limit)
            && self.triggers.iter().all(|&(cycle, _, _)| cycle < limit)
            && self.travelling.as_flattened().iter().flatten().all(|&(cycle, _)| cycle < limit)
    }
}
