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
    ///
    /// Ends early when an observer stops its processor, and says where. The chip is then between two steps of its kernel:
    /// its clock is not at `until`, and the other processor may be some cycles ahead or behind. To go on, call this again;
    /// the chip comes to `until` in the same state as without the interruption.
    pub fn advance_observed(
        &mut self,
        until: SimTime,
        top: &mut impl Observer,
        bottom: &mut impl Observer,
    ) -> Option<Halt> {
        if until <= self.now() {
            return None;
        }
        loop {
            // The processor that is behind goes first, the top one at equal times.
            let [first, second] = [self.next_action(Hemisphere::Top), self.next_action(Hemisphere::Bottom)];
            if first.min(second) >= until {
                break;
            }
            let halt = if first <= second {
                self.run_processor(Hemisphere::Top, second, until, top)
            } else {
                self.run_processor(Hemisphere::Bottom, first, until, bottom)
            };
            if halt.is_some() {
                return halt;
            }
        }
        self.shared.advance(until);
        for ppu in &mut self.ppus {
            ppu.receive(until);
        }
        None
    }

    /// Whether neither processor will ever execute an instruction again unless something from outside makes it: each is
    /// held in reset or sleeps for good, and nothing is on its way to it.
    pub fn stands_still(&self) -> bool {
        Hemisphere::ALL.iter().all(|&hemisphere| self.next_action(hemisphere) == SimTime::MAX)
    }

    /// When a processor does something next: issues an instruction, or receives what the other one has sent.
    fn next_action(&self, hemisphere: Hemisphere) -> SimTime {
        Self::next_action_of(&self.ppus[hemisphere.index()])
    }

    fn next_action_of(ppu: &Ppu) -> SimTime {
        ppu.incoming.front().map_or(SimTime::MAX, |incoming| incoming.at).min(ppu.next_issue())
    }

    /// Reads a word of the Omnibus now. The second value is the number of PPU cycles that this target needs beyond the
    /// ordinary round trip of a register. Unmapped addresses read 0 (register-map 2).
    pub fn read(&mut self, address: u32) -> (u32, u32) {
        match omnibus::target(address) {
            Target::PpuSram(hemisphere, word) => (self.ppus[hemisphere.index()].sram[word], 0),
            Target::PpuControl(hemisphere) => (self.ppus[hemisphere.index()].control(), 0),
            Target::PpuStatus(hemisphere) => (self.ppus[hemisphere.index()].sleeps().into(), 0),
            target => self.shared.read(address, target),
        }
    }

    /// Writes a word of the Omnibus now. Bit `k` of `enables` covers data bits `8k + 7 ..= 8k`; enables count in SRAM and
    /// the synapse array, elsewhere any of them writes the word (settled 12). Writes to unmapped addresses are lost.
    pub fn write(&mut self, address: u32, value: u32, enables: u8) {
        let enables = ByteEnables::from_bits(enables);
        let now = self.now();
        match omnibus::target(address) {
            Target::PpuSram(hemisphere, word) => {
                self.ppus[hemisphere.index()].access(now, PpuAccess::Sram { word, value, enables });
            }
            Target::PpuControl(hemisphere) => {
                self.ppus[hemisphere.index()].access(now, PpuAccess::Control(value));
            }
            Target::PpuStatus(_) => {}
            target => self.shared.write(address, target, value, enables),
        }
    }

    /// A label reaches the chip end of the link at `at` (not before now); labels in time order.
    pub fn inject(&mut self, at: SimTime, label: SpikeLabel) {
        let cycle = at.round_up(SimTime::FABRIC_CYCLE).cycles(SimTime::FABRIC_CYCLE);
        self.shared.network.inject(cycle, label);
    }

    /// Moves the events that have left the chip since the last call to the end of `into`, oldest first.
    pub fn take_events(&mut self, into: &mut Vec<LinkEvent>) {
        into.append(&mut self.shared.to_host);
    }

    /// Level of the reset line. While it is high, and when it falls, registers are at their reset values and the
    /// processors stand still; SRAM contents stay (settled O7).
    pub fn set_reset(&mut self, level: bool) {
        if level && !self.in_reset {
            let now = self.now();
            for ppu in &mut self.ppus {
                ppu.incoming.clear();
                ppu.access(now, PpuAccess::Control(0));
            }
            self.shared.reset();
        }
        self.in_reset = level;
    }

    /// Voltage of a channel of the board's converters (register-map 10.1): DAC 0 channel 1 is `v_res_meas`, channel 7
    /// `mux_dac_25`; others have no effect on the model.
    pub fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        self.shared.binding.set_board_voltage(dac, channel, volts);
    }

    /// The memory on the FPGA that both processors see.
    pub fn external_memory(&self) -> &ExternalMemory {
        &self.shared.external
    }
    /// The same, to be changed.
    pub fn external_memory_mut(&mut self) -> &mut ExternalMemory {
        &mut self.shared.external
    }

    // ---- what no host can see

    /// A processor, with registers and SRAM.
    pub fn ppu(&self, hemisphere: Hemisphere) -> &Ppu {
        &self.ppus[hemisphere.index()]
    }
    /// The same, for a debugger.
    pub fn ppu_mut(&mut self, hemisphere: Hemisphere) -> &mut Ppu {
        &mut self.ppus[hemisphere.index()]
    }
    /// Ground truth: the analog core with all its voltages and parameters. What calibrates a chip must not ask here.
    pub fn analog(&self) -> &AnalogCore {
        &self.shared.analog
    }
    /// The event network with its counters.
    pub fn network(&self) -> &EventNetwork {
        &self.shared.network
    }
    /// The registers.
    pub fn registers(&self) -> &RegisterFile {
        &self.shared.registers
    }
    /// The memory of a synapse array.
    pub fn synapse_array(&self, hemisphere: Hemisphere) -> &SynapseArray {
        &self.shared.arrays[hemisphere.index()]
    }

    /// Runs one processor as far as it can without knowing what the other one, which acts next at `other_acts`, will do.
    fn run_processor(
        &mut self,
        hemisphere: Hemisphere,
        other_acts: SimTime,
        until: SimTime,
        observer: &mut impl Observer,
    ) -> Option<Halt> {
        let [top, bottom] = &mut self.ppus;
        let (ppu, other) = if hemisphere == Hemisphere::Top { (top, bottom) } else { (bottom, top) };
        ppu.receive(Self::next_action_of(ppu));
        if ppu.next_issue() >= until {
            return None;
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
        match stop {
            Stop::Breakpoint { .. } | Stop::Watchpoint(_) => {
                Some(Halt { hemisphere, at: self.ppus[hemisphere.index()].next_issue(), stop })
            }
            _ => None,
        }
    }
}

/// An observer has stopped a processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Which processor.
    pub hemisphere: Hemisphere,
    /// When its next instruction issues, as far as that is known.
    pub at: SimTime,
    /// Why: [`Stop::Breakpoint`], before an instruction, or [`Stop::Watchpoint`], behind one.
    pub stop: Stop,
}
