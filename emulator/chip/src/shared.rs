//! Everything that both plasticity processors and the host share: registers, synapse array, event network, analog core,
//! external memory. One clock for all of it.

use crate::binding::Binding;
use crate::clocks::Clocks;
use crate::diagnostics::Diagnostics;
use crate::external_memory::ExternalMemory;
use crate::omnibus::Target;
use crate::options::{ChipOptions, Latencies};
use crate::randgen::RandomGenerators;
use crate::readout_chain::ReadoutChain;
use crate::registers::{Block, Register, RegisterFile, coordinates};
use crate::synapse_array::SynapseArray;
use bss2_analog::{AnalogCore, CadcResult, Fire, SynapticPulse};
use bss2_base::{Neuron, SimTime};
use bss2_events::{EventNetwork, FireRouting, Outputs, SpikeLabel};
use ppu_isa::ByteEnables;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Longest step of the fabric with idle fast-forward switched off.
const STEP_WITHOUT_FAST_FORWARD: SimTime = SimTime::from_us(1);

/// Registers whose words lie in SRAM and stay when the chip is reset (register-map 13, settled O7).
const SRAM_BACKED: [Block; 5] = [
    Block::CapMemCell,
    Block::NeuronConfig,
    Block::NeuronBackendConfig,
    Block::SynapseDriverConfig,
    Block::CADCChannelConfig,
];

/// An event that has left the chip through a link output of the crossbar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkEvent {
    /// When it passed the output; the latency of the link is not included.
    pub time: SimTime,
    /// The label with the link in its upper two bits.
    pub label: SpikeLabel,
}

/// What occupies the synapse array of a hemisphere.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct ArrayPort {
    /// When the parallel port has answered everything that it was asked so far.
    pub(crate) free_from: SimTime,
    /// When the last correlation or neuron reset pulse ends.
    pub(crate) resets_until: SimTime,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shared {
    pub(crate) options: ChipOptions,
    pub(crate) registers: RegisterFile,
    pub(crate) arrays: [SynapseArray; 2],
    pub(crate) random: [RandomGenerators; 2],
    pub(crate) network: EventNetwork,
    pub(crate) analog: AnalogCore,
    /// The fire lines between neurons.
    pub(crate) fire_routing: FireRouting,
    pub(crate) binding: Binding,
    pub(crate) external: ExternalMemory,
    pub(crate) clocks: Clocks,
    /// Labels from the host that have not reached the network, by time.
    labels: VecDeque<(SimTime, SpikeLabel)>,
    /// Results of the last conversion of each hemisphere.
    pub(crate) conversions: [CadcResult; 2],
    pub(crate) ports: [ArrayPort; 2],
    pub(crate) readout: ReadoutChain,
    pub(crate) to_host: Vec<LinkEvent>,
    pub(crate) diagnostics: Diagnostics,
    now: SimTime,
    /// Whether the biases of the synapses of a hemisphere have been looked at since they were written.
    pub(crate) synapses_checked: [bool; 2],
    #[serde(skip)]
    outputs: Outputs,
    #[serde(skip)]
    pub(crate) fires: Vec<Fire>,
}

impl Shared {
    pub(crate) fn new(options: ChipOptions) -> Self {
        let mut registers = RegisterFile::chip();
        // What reset values mean to the model is applied like any other write.
        registers.reset();
        let binding = Binding::new(&options);
        let mut analog = AnalogCore::new(options.seed, options.analog);
        binding.install_synapses(&mut analog);
        Self {
            registers,
            arrays: Default::default(),
            random: [RandomGenerators::new(), RandomGenerators::new()],
            network: EventNetwork::new(options.events.clone()),
            analog,
            fire_routing: FireRouting::new(options.events.fire_lines.clone()),
            binding,
            external: ExternalMemory::new(),
            clocks: Clocks::default(),
            labels: VecDeque::new(),
            conversions: Default::default(),
            ports: Default::default(),
            readout: ReadoutChain::new(options.seed),
            to_host: Vec::new(),
            diagnostics: Diagnostics::default(),
            now: SimTime::ZERO,
            synapses_checked: [false; 2],
            outputs: Outputs::default(),
            fires: Vec::new(),
            options,
        }
    }

    /// Back to the state after power-up but for SRAM contents (host-interface 2.6, register-map 13, settled O7).
    pub(crate) fn reset(&mut self) {
        let before = self.registers.clone();
        self.registers.reset();
        for block in SRAM_BACKED {
            for instance in 0..block.description().instances() {
                for (word, &value) in (0..).zip(before.words(block, instance).unwrap_or_default()) {
                    self.registers.set_word(Register { block, instance, word }, value);
                }
            }
        }
        self.network.reset();
        self.labels.clear();
        self.readout.reset();
        self.program_clocks();
        self.self_test();
        self.random = [RandomGenerators::new(), RandomGenerators::new()];
        self.conversions = Default::default();
        self.ports = Default::default();
    }

    pub(crate) fn now(&self) -> SimTime {
        self.now
    }

    pub(crate) fn latencies(&self) -> Latencies {
        self.options.latencies
    }

    // ---- time

    /// Lets network and analog core run to `until`; no effect if that is not in the future.
    pub(crate) fn advance(&mut self, until: SimTime) {
        if until <= self.now {
            return;
        }
        self.configure();
        while self.now < until {
            let due = self.binding.next_update(self.now);
            self.run(due.min(until));
            if due <= until {
                self.follow_capmem();
            }
        }
    }

    /// A label reaches the chip at `at`, not before now; labels in order of time.
    pub(crate) fn inject(&mut self, at: SimTime, label: SpikeLabel) {
        self.labels.push_back((at, label));
    }

    /// Lets network and analog core run to `until` with the present configuration.
    fn run(&mut self, until: SimTime) {
        // The cycle of a label is certain once the time up to it is: until then the clock may change.
        while let Some((at, label)) = self.labels.pop_front_if(|label| label.0 < until) {
            self.network.inject(self.clocks.fabric.cycle_at(at), label);
        }
        let clock = self.clocks.fabric;
        while self.now < until {
            let until = match self.options.idle_fast_forward {
                true => until,
                false => until.min(self.now + STEP_WITHOUT_FAST_FORWARD),
            };
            let until = until.min(self.readout.next_sample());
            // The first cycle that is not before `until`: all that happens in earlier ones happens now.
            let end = clock.cycle_at(until);
            let silent = self.network.next_activity().is_none_or(|cycle| cycle >= end);
            let reach = if silent && self.analog.quiescent_until() > until {
                end
            } else {
                self.network.look_ahead(end, &mut self.outputs)
            };
            let reached = clock.time_of(reach).min(until);
            for hemisphere in bss2_base::Hemisphere::ALL {
                if self.outputs.pulses.iter().any(|pulse| pulse.hemisphere == hemisphere) {
                    self.warn_of_synapses(hemisphere);
                }
            }
            for pulse in self.outputs.pulses.drain(..) {
                let labels = self.network.labels();
                let driver = u8::from(pulse.driver);
                let matches = |row| labels.matches(pulse.hemisphere, row, pulse.address);
                let (bottom_row, top_row) = (matches(2 * driver), matches(2 * driver + 1));
                self.analog.input(SynapticPulse {
                    time: clock.time_of(pulse.cycle),
                    hemisphere: pulse.hemisphere,
                    driver,
                    top_row,
                    bottom_row,
                    activation: pulse.label & 0x1f,
                });
            }
            self.run_neurons(reached);
            self.network.advance(reach, &mut self.outputs);
            debug_assert!(self.outputs.pulses.is_empty(), "pulses before the horizon of look_ahead");
            self.to_host.extend(
                self.outputs
                    .to_host
                    .drain(..)
                    .map(|event| LinkEvent { time: clock.time_of(event.cycle), label: event.label }),
            );
            self.now = reached;
            if self.readout.next_sample() <= reached {
                self.sample();
            }
        }
    }

    /// The fabric cycle in which something that is written now takes effect.
    pub(crate) fn cycle(&self) -> u64 {
        self.clocks.fabric.cycle_at(self.now)
    }

    // ---- Omnibus

    /// Reads what is behind `address`; the second value is the number of PPU cycles that the target adds to the latency of
    /// the bus.
    pub(crate) fn read(&mut self, address: u32, target: Target) -> (u32, u32) {
        let register = match target {
            Target::Array(hemisphere, offset) => return self.array_read_quad(hemisphere, offset),
            Target::Register(register) => register,
            _ => {
                self.diagnostics.once(format!("read of {address:#010x}: nothing there, reads 0"));
                return (0, 0);
            }
        };
        let value = match register.block {
            Block::SpikeCounterRead => coordinates::neuron_of_backend(register.instance)
                .map_or(0, |neuron| self.network.spike_count(neuron).word()),
            Block::CrossbarInputDropCounter => {
                (register.instance as u8).try_into().map_or(0, |input| self.network.drop_count(input).into())
            }
            Block::CrossbarOutputEventCounter => {
                (register.instance as u8).try_into().map_or(0, |output| self.network.event_count(output))
            }
            Block::PLLSelfTestStatus => self.self_test_status(),
            _ => self.registers.read(register),
        };
        (value, 0)
    }

    /// Writes to what is behind `address`.
    pub(crate) fn write(&mut self, address: u32, target: Target, value: u32, enables: ByteEnables) {
        match target {
            Target::Array(hemisphere, offset) => self.array_write_quad(hemisphere, offset, value, enables),
            // Outside of the SRAMs any enable writes the whole word (settled 12).
            Target::Register(register) if enables.bits() != 0 => self.write_register(register, value),
            Target::Register(_) => {}
            _ => self.diagnostics.once(format!("write to {address:#010x}: nothing there, lost")),
        }
    }

    /// A complete artificial spike of a neuron (settled 4) at `time`, which is not in the past.
    pub(crate) fn fire_artificially(&mut self, time: SimTime, neuron: Neuron) {
        self.configure();
        self.analog.artificial_fire(time, neuron);
    }
}
