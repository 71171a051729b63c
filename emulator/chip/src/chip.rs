//! One HICANN-X chip: two plasticity processors and everything they share, on one time axis.

use crate::omnibus::{self, Target};
use crate::options::ChipOptions;
use crate::ppu::{Ppu, PpuAccess};
use crate::ppu_bus::{OwnControl, PpuBus};
use crate::shared::{LinkEvent, Shared};
use crate::{external_memory::ExternalMemory, registers::RegisterFile, synapse_array::SynapseArray};
use bss2_analog::AnalogCore;
use bss2_base::{Hemisphere, SimTime};
use bss2_events::{EventNetwork, SpikeLabel};
use ppu_isa::{ByteEnables, Core, Observer, Stop};
use serde::{Deserialize, Serialize};

/// A virtual chip. Two chips with the same options that are given the same accesses at the same times are in the same
/// state to the bit, however the time between was cut into calls of [`advance`](Self::advance).
///
/// ```
/// use bss2_base::SimTime;
/// use bss2_chip::Chip;
///
/// let mut chip = Chip::new(1);
/// chip.write(0x0011_0001, 0x2, 0xf); // top PADI bus 1 listens to the crossbar
/// chip.advance(SimTime::from_us(10));
/// assert_eq!(chip.read(0x0011_0001).0, 0x2);
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Chip {
    pub(crate) ppus: [Ppu; 2],
    pub(crate) shared: Shared,
    in_reset: bool,
}

impl Chip {
    /// The individual number `seed` with every option at its default, after power-up.
    pub fn new(seed: u64) -> Self {
        Self::with_options(ChipOptions { seed, ..ChipOptions::default() })
    }

    /// A chip after power-up: registers at their reset values (register-map 13), memories zero, time zero.
    pub fn with_options(options: ChipOptions) -> Self {
        let ppu = Ppu::new(Core::new(options.ppu));
        Self { ppus: [ppu.clone(), ppu], shared: Shared::new(options), in_reset: false }
    }

    /// What it was made with.
    pub fn options(&self) -> &ChipOptions {
        &self.shared.options
    }

    /// The chip's clock.
    pub fn now(&self) -> SimTime {
        self.shared.now()
    }

    /// Lets the chip run until its clock shows `until`; no effect if that is not in the future.
    pub fn advance(&mut self, until: SimTime) {
        self.advance_observed(until, &mut (), &mut ());
    }

    /// [`advance`](Self::advance) with somebody watching the top and the bottom processor.
    pub fn advance_observed(&mut self, until: SimTime, top: &mut impl Observer, bottom: &mut impl Observer) {
        if until <= self.now() {
            return;
        }
        loop {
            // The processor that is behind goes first, the top one at equal times.
            let [first, second] = [self.next_action(Hemisphere::Top), self.next_action(Hemisphere::Bottom)];
            if first.min(second) >= until {
                break;
            }
            if first <= second {
                self.run_processor(Hemisphere::Top, second, until, top);
            } else {
                self.run_processor(Hemisphere::Bottom, first, until, bottom);
            }
        }
        self.shared.advance(until);
        for ppu in &mut self.ppus {
            ppu.receive(until);
        }
    }

    /// When a processor does something next: issues an instruction, or receives what the other one has sent.
    fn next_action(&self, hemisphere: Hemisphere) -> SimTime {
        Self::next_action_of(&self.ppus[hemisphere.index()])
    }

    fn next_action_of(ppu: &Ppu) -> SimTime {
        ppu.incoming.front().map_or(SimTime::MAX, |incoming| incoming.at).min(ppu.next_issue())
    }

    /// Runs one processor as far as it can without knowing what the other one, which acts next at `other_acts`, will do.
    fn run_processor(
        &mut self,
        hemisphere: Hemisphere,
        other_acts: SimTime,
        until: SimTime,
        observer: &mut impl Observer,
    ) {
        let [top, bottom] = &mut self.ppus;
        let (ppu, other) = if hemisphere == Hemisphere::Top { (top, bottom) } else { (bottom, top) };
        ppu.receive(Self::next_action_of(ppu));
        if ppu.next_issue() >= until {
            return;
        }
        let look_ahead = other_acts.saturating_add(self.shared.options.latencies.omnibus_span());
        let arrival = ppu.incoming.front().map_or(SimTime::MAX, |incoming| incoming.at);
        let limit = ppu.cycle_at(until.min(look_ahead).min(arrival));
        let mut bus = PpuBus {
            hemisphere,
            sram: &mut ppu.sram,
            other,
            shared: &mut self.shared,
            released: ppu.released,
            period: ppu.period,
            // At equal times the top processor goes first.
            exclusive_until: match hemisphere {
                Hemisphere::Top => other_acts,
                Hemisphere::Bottom => other_acts.saturating_sub(SimTime::from_ps(1)),
            },
            control: ppu.control,
            own_control: if ppu.control_granted { OwnControl::Granted } else { OwnControl::Idle },
            parked_until: ppu.parked_until,
        };
        let stop = ppu.core.run(&mut bus, limit, observer);
        let own_control = bus.own_control;
        ppu.parked_until = bus.parked_until;
        ppu.control_granted = own_control == OwnControl::Granted;
        match stop {
            Stop::Asleep { wakes_at } => ppu.set_asleep(wakes_at),
            _ => ppu.set_awake(),
        }
        if let OwnControl::Requested(value) = own_control {
            let now = ppu.next_issue();
            ppu.access(now, PpuAccess::Control(value));
            ppu.control_granted = ppu.runs();
        }
    }
}
