//! One HICANN-X chip: two plasticity processors and everything they share, on one time axis.

use crate::clocks::ClockPeriods;
use crate::omnibus::{self, Target};
use crate::options::ChipOptions;
use crate::ppu::{Activity, Done, Incoming, Pending, Ppu, PpuAccess};
use crate::ppu_bus::{ControlWrite, PpuBus};
use crate::readout_chain::MadcSample;
use crate::shared::{LinkEvent, Shared};
use crate::{external_memory::ExternalMemory, registers::RegisterFile, synapse_array::SynapseArray};
use bss2_analog::{AnalogCore, stepped::Instructions};
use bss2_base::{Hemisphere, SimTime};
use bss2_events::{EventNetwork, SpikeLabel};
use ppu_isa::{AnyCore, ByteEnables, Observer, Stop};
use serde::{Deserialize, Serialize};

/// Supply of the converters of the board in V (register-map 10.1).
const BOARD_SUPPLY: f64 = 2.5;

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
        let ppu = Ppu::new(AnyCore::new(options.ppu));
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
        // Nobody has set a breakpoint; a processor that meets no instruction stops once, and stands there.
        while self.advance_observed(until, &mut (), &mut ()).is_some() {}
    }

    /// [`advance`](Self::advance) with somebody watching the top and the bottom processor.
    ///
    /// Ends early when an observer stops its processor, or when that meets a word that is no instruction (with the quirk `illegal_nop` off), and says where. The chip is then between two steps of its kernel:
    /// the clock shows how far everything shared has come, which is not after the stop, and the other processor may be some
    /// cycles ahead or behind. To go on, call this again; the chip comes to `until` in the same state as without the
    /// interruption.
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
            let [first, second] = [self.ppus[0].next_action(), self.ppus[1].next_action()];
            if first.min(second) >= until {
                break;
            }
            let (hemisphere, stop) = if first <= second {
                (Hemisphere::Top, self.run_processor(Hemisphere::Top, second, until, top))
            } else {
                (Hemisphere::Bottom, self.run_processor(Hemisphere::Bottom, first, until, bottom))
            };
            if let Some(Stop::Breakpoint { .. } | Stop::Watchpoint(_) | Stop::Illegal { .. }) = stop {
                let at = self.ppus[hemisphere.index()].next_issue();
                return stop.map(|stop| Halt { hemisphere, at, stop });
            }
        }
        self.shared.advance(until);
        for ppu in &mut self.ppus {
            ppu.receive(until);
            ppu.pass(until);
        }
        None
    }

    /// Processors that stand in front of a word that is no instruction look at it again: a debugger may have changed it, or have sent them
    /// elsewhere. They stop again otherwise.
    pub fn retry_illegal(&mut self) {
        self.ppus.iter_mut().for_each(Ppu::retry_illegal);
    }

    /// Whether neither processor will ever execute an instruction again unless something from outside makes it: each is
    /// held in reset or sleeps for good, and nothing is on its way to it.
    pub fn stands_still(&mut self) -> bool {
        self.ppus.iter_mut().all(|ppu| ppu.next_action() == SimTime::MAX)
    }

    /// Reads a word of the Omnibus now. The second value is the number of PPU cycles that this target needs beyond the
    /// ordinary round trip of a register. Unmapped addresses read 0 (register-map 2).
    pub fn read(&mut self, address: u32) -> (u32, u32) {
        match omnibus::target(address) {
            Target::PpuSram(hemisphere, word) => (self.ppus[hemisphere.index()].sram[word], 0),
            Target::PpuControl(hemisphere) => (self.ppus[hemisphere.index()].control(), 0),
            Target::PpuStatus(hemisphere) => {
                let now = self.now();
                (self.ppus[hemisphere.index()].sleeps_at(now).into(), 0)
            }
            target => self.shared.read(address, target),
        }
    }

    /// Writes a word of the Omnibus now. Bit `k` of `enables` covers data bits `8k + 7 ..= 8k`; enables count in SRAM and
    /// the synapse array, elsewhere any of them writes the word (settled 12). Writes to unmapped addresses are lost, and all
    /// writes while the reset line is high.
    pub fn write(&mut self, address: u32, value: u32, enables: u8) {
        if self.in_reset {
            return;
        }
        let enables = ByteEnables::from_bits(enables);
        let now = self.now();
        match omnibus::target(address) {
            Target::PpuSram(hemisphere, word) => {
                self.ppus[hemisphere.index()].access(now, PpuAccess::Sram { word, value, enables });
            }
            Target::PpuControl(hemisphere) if enables.bits() != 0 => {
                self.ppus[hemisphere.index()].access(now, PpuAccess::Control(value));
            }
            Target::PpuControl(_) | Target::PpuStatus(_) => {}
            target => {
                let clocks = self.shared.clocks.periods;
                self.shared.write(address, target, value, enables);
                self.follow_clocks(clocks);
            }
        }
    }

    /// A label reaches the chip end of the link at `at` (not before now); labels in time order. Lost while the reset line
    /// is high.
    pub fn inject(&mut self, at: SimTime, label: SpikeLabel) {
        if self.in_reset {
            return;
        }
        self.shared.inject(at, label);
    }

    /// Moves the events that have left the chip since the last call to the end of `into`, oldest first.
    pub fn take_events(&mut self, into: &mut Vec<LinkEvent>) {
        into.append(&mut self.shared.to_host);
    }

    /// Moves the samples of the membrane ADC since the last call to the end of `into`, oldest first. At equal times a sample
    /// precedes an event.
    pub fn take_samples(&mut self, into: &mut Vec<MadcSample>) {
        self.shared.readout.take_samples(into);
    }

    /// Level of the reset line. When it rises, registers take their reset values, events under way are lost and the
    /// processors are held in reset; while it is high nothing reaches the chip. What lies in SRAM stays: synapses, analog
    /// cells, configuration of neurons, drivers and ADC channels, processor memory (host-interface 2.6, settled O7).
    pub fn set_reset(&mut self, level: bool) {
        if level && !self.in_reset {
            let now = self.now();
            for ppu in &mut self.ppus {
                ppu.incoming.clear();
                ppu.access(now, PpuAccess::Control(0));
            }
            let clocks = self.shared.clocks.periods;
            self.shared.reset();
            self.follow_clocks(clocks);
        }
        self.in_reset = level;
    }

    /// Voltage in V of a channel of the board's converters (register-map 10.1): DAC 0 channel 1 is `v_res_meas`, channel 7
    /// `mux_dac_25`. The analog pads see them as the board's switches say. A voltage outside of 0 to 2.5 V is refused with a warning.
    pub fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        if !(0.0..=BOARD_SUPPLY).contains(&volts) {
            self.shared.diagnostics.once(format!(
                "board DAC {dac} channel {channel}: {volts} V is outside of 0 to {BOARD_SUPPLY} V; keeps its voltage"
            ));
            return;
        }
        self.shared.binding.set_board_voltage(dac, channel, volts);
        self.shared.readout.set_board_voltage(dac, channel, volts);
    }

    /// The board's shift register, which connects its converters to the analog pads (register-map 10.1). All open at first.
    pub fn set_board_switches(&mut self, value: u32) {
        self.shared.readout.set_board_switches(value);
    }

    /// The voltage in V now of analog pad 0 or 1, `None` if neither chip nor board drives it. A measurement, not ground truth: what it
    /// reads becomes part of the chip's history.
    pub fn pad_voltage(&mut self, pad: usize) -> Option<f64> {
        self.shared.configure();
        self.shared.pad_voltage(pad)
    }

    /// The current in A now out of analog pad 0 or 1 into an instrument that holds its voltage: that of the analog current cells whose debug
    /// output is connected to it (register-map 5.3, 5.8).
    pub fn pad_current(&mut self, pad: usize) -> f64 {
        self.shared.configure();
        self.shared.pad_current(pad)
    }

    /// The memory on the FPGA that both processors see.
    pub fn external_memory(&self) -> &ExternalMemory {
        &self.shared.external
    }
    /// The same, to be changed.
    pub fn external_memory_mut(&mut self) -> &mut ExternalMemory {
        &mut self.shared.external
    }

    /// Periods of the clocks, as the registers of the phase-locked loops set them (register-map 5.2). Processors, event
    /// fabric and membrane ADC follow them.
    pub fn clocks(&self) -> ClockPeriods {
        self.shared.clocks.periods
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
    /// Uses these vector instructions from now on ([`AnalogCore::use_instructions`]): for tests and measurements.
    pub fn use_instructions(&mut self, instructions: Instructions) -> bool {
        self.shared.analog.use_instructions(instructions)
    }
    /// The event network with its counters.
    pub fn network(&self) -> &EventNetwork {
        &self.shared.network
    }
    /// What it has warned of since it was made, each thing once, in alphabetical order: accesses that hit nothing, circuits that do something
    /// else than they seem to.
    pub fn warnings(&self) -> impl Iterator<Item = &str> {
        self.shared.diagnostics.all()
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
    /// Either receives what has arrived for it, or executes; `None` if it did not execute.
    ///
    /// Two limits keep this conservative. The soonest moment at which the other processor can change what this one has for
    /// itself (SRAM, control register) is one Omnibus latency after `other_acts`: execution ends there. What both share is
    /// served up to `other_acts` only; beyond, the processor waits ([`Pending::retry`]) and the other one goes on.
    fn run_processor(
        &mut self,
        hemisphere: Hemisphere,
        other_acts: SimTime,
        until: SimTime,
        observer: &mut impl Observer,
    ) -> Option<Stop> {
        let [top, bottom] = &mut self.ppus;
        let (ppu, other) = if hemisphere == Hemisphere::Top { (top, bottom) } else { (bottom, top) };
        let arrival = ppu.incoming.front().map_or(SimTime::MAX, |incoming| incoming.at);
        if arrival <= ppu.next_issue() {
            ppu.receive(arrival);
            return None;
        }
        let omnibus_span = self.shared.options.latencies.omnibus_span();
        let look_ahead = other_acts.saturating_add(omnibus_span);
        let limit = ppu.cycle_at(until.min(look_ahead).min(arrival));
        // At equal times the top processor goes first.
        let first_foreign = match hemisphere {
            Hemisphere::Top => other_acts.saturating_add(SimTime::from_ps(1)),
            Hemisphere::Bottom => other_acts,
        };
        let mut bus = PpuBus {
            hemisphere,
            control: ppu.control(),
            sram: &mut ppu.sram,
            other,
            shared: &mut self.shared,
            clock: ppu.clock,
            exclusive_until: first_foreign.min(until).saturating_sub(SimTime::from_ps(1)),
            pending: Pending { retry: None, ..ppu.pending },
            control_write: None,
            clock_write: None,
        };
        let stop = ppu.core.run(&mut bus, limit, observer);
        let (pending, control_write, clock_write) = (bus.pending, bus.control_write, bus.clock_write);
        ppu.pending = pending;
        ppu.set_activity(match stop {
            Stop::Asleep { wakes_at } => Activity::Sleeps(wakes_at),
            Stop::Illegal { .. } => Activity::Stuck,
            _ => Activity::Runs,
        });
        if let Stop::Illegal { address, word } = stop {
            self.shared.diagnostics.illegal(hemisphere, address, word);
        }
        if let Some(ControlWrite { issued, target, value }) = control_write {
            ppu.pending.done = Done::ControlWritten;
            if target == hemisphere {
                ppu.access(issued, PpuAccess::Control(value));
            } else {
                let at = issued + omnibus_span;
                other.incoming.push_back(Incoming { at, access: PpuAccess::Control(value) });
            }
        }
        if let Some(issued) = clock_write {
            ppu.pending.done = Done::ControlWritten;
            let access = PpuAccess::Clock(self.shared.clocks.periods.ppu);
            ppu.access(issued, access);
            other.incoming.push_back(Incoming { at: issued + omnibus_span, access });
        }
        Some(stop)
    }

    /// The registers of the clocks may have changed.
    fn follow_clocks(&mut self, before: ClockPeriods) {
        let (now, period) = (self.now(), self.shared.clocks.periods.ppu);
        if period != before.ppu {
            for ppu in &mut self.ppus {
                ppu.access(now, PpuAccess::Clock(period));
            }
        }
    }
}

/// A processor has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halt {
    /// Which processor.
    pub hemisphere: Hemisphere,
    /// When its next instruction issues, as far as that is known.
    pub at: SimTime,
    /// Why: [`Stop::Breakpoint`], before an instruction, or [`Stop::Watchpoint`], behind one, because an observer wanted it;
    /// or [`Stop::Illegal`], before what is no instruction.
    pub stop: Stop,
}
