//! From register words to the event network and the analog core: what a write means.
//!
//! Commands act at once. Configuration is collected and applied in one go before time moves on, or before a command that
//! could depend on it.

use crate::fire_lines;
use crate::registers::{Block, Register, Written, cadc, coordinates, neuron, padi, spl1, synapse_memory};
use crate::shared::Shared;
use crate::synapse_array::SWITCH_ROW;
use bss2_base::{Column, Hemisphere, Neuron, Row};
use bss2_events as events;

impl Shared {
    /// A bus write to a register.
    pub(crate) fn write_register(&mut self, register: Register, value: u32) {
        let written = self.registers.write(register, value);
        if written == Written::Command {
            self.command(register, value);
        }
        match register.block {
            // Every write to a source counts, also two at the same time: switching off and on again starts it anew.
            Block::BackgroundSpikeSource if written == Written::Changed => {
                self.configure_background(register.instance);
            }
            // Every write to a cell has an error of its own, also one of the same value.
            Block::CapMemCell if written != Written::Ignored => self.write_capmem(register.instance),
            Block::ADPLL | Block::PLLClockOutputBlock if written == Written::Changed => self.program_clocks(),
            Block::PLLSelfTest if written == Written::Changed => self.self_test(),
            _ => {}
        }
    }

    /// A write-only word: the write itself is the command.
    fn command(&mut self, register: Register, value: u32) {
        self.configure();
        match register.block {
            Block::PADIEvent => {
                let hemisphere = Hemisphere::from_index(register.instance as usize);
                self.network.padi_event(self.cycle(), hemisphere, events::PadiEvent::from_word(value));
            }
            Block::NeuronReset => {
                if let Some(neuron) = coordinates::neuron_of_backend(register.instance) {
                    self.fire_artificially(self.now(), neuron);
                }
            }
            Block::SpikeCounterReset => {
                if let Some(neuron) = coordinates::neuron_of_backend(register.instance) {
                    self.network.reset_spike_count(neuron);
                }
            }
            Block::BlockPostPulse => self.post_block(register.instance),
            Block::MADCControl => self.control_madc(value),
            _ => {}
        }
    }

    /// A post pulse to all neurons of a back-end block with `post_overwrite` (event-routing 9.6).
    fn post_block(&mut self, side: u32) {
        for neuron in Neuron::all().filter(|neuron| u32::from(neuron.column()) / 128 == side) {
            let backend: neuron::NeuronBackendConfig = self.typed(coordinates::neuron_backend(neuron));
            if backend.post_overwrite {
                self.analog.post_pulse(self.now(), neuron);
            }
        }
    }

    /// Applies everything that has been written since the last time.
    pub(crate) fn configure(&mut self) {
        let reconfigured = self.registers.has_dirty();
        if reconfigured {
            let mut backends = Vec::new();
            for (block, instance) in self.registers.take_dirty() {
                self.configure_block(block, instance);
                if let (Block::NeuronBackendConfig, Some(neuron)) =
                    (block, coordinates::neuron_of_backend(instance))
                {
                    backends.push((neuron, fire_lines::config_of(&self.typed(instance))));
                }
            }
            self.configure_fire_lines(backends);
        }
        for hemisphere in Hemisphere::ALL {
            if self.arrays[hemisphere.index()].has_dirty_rows() {
                for raw_row in self.arrays[hemisphere.index()].take_dirty_rows() {
                    self.configure_raw_row(hemisphere, raw_row);
                }
            }
        }
        self.update_physics();
        if reconfigured {
            self.refresh_fire_lines();
        }
    }

    fn configure_block(&mut self, block: Block, instance: u32) {
        match block {
            Block::CrossbarNode => {
                let node: spl1::CrossbarNode = self.typed(instance);
                if let Some(place) = events::CrossbarNode::new(instance as usize) {
                    self.network.set_node(
                        place,
                        events::NodeConfig {
                            mask: events::NeuronLabel::truncate(node.mask),
                            target: events::NeuronLabel::truncate(node.target),
                            enable_drop_counter: node.enable_drop_counter,
                        },
                    );
                }
            }
            Block::CrossbarOutputConfig => {
                let config: spl1::CrossbarOutputConfig = self.typed(instance);
                self.network.set_output_config(events::OutputConfig {
                    enable_slow: config.enable_slow,
                    enable_event_counter: config.enable_event_counter,
                });
            }
            // Done when it was written.
            Block::BackgroundSpikeSource | Block::CapMemCell => {}
            Block::CommonPADIBusConfig => self.configure_padi(instance),
            Block::SynapseDriverConfig => self.configure_driver(instance),
            Block::NeuronBackendConfig => {
                let config: neuron::NeuronBackendConfig = self.typed(instance);
                if let Some(neuron) = coordinates::neuron_of_backend(instance) {
                    self.network.set_backend(
                        neuron,
                        events::BackendConfig {
                            address_out: config.address_out(),
                            enable_spike_out: config.en_spike_out,
                        },
                    );
                    self.binding.mark_neuron(neuron);
                }
            }
            Block::CommonNeuronBackendConfig => {
                let config: neuron::CommonNeuronBackendConfig = self.typed(instance);
                if let Some(block) = events::BackendBlock::new(instance as usize) {
                    self.network.set_backend_block(
                        block,
                        events::BackendBlockConfig { enable_event_registers: config.en_event_regs },
                    );
                }
                for neuron in Neuron::all().filter(|n| u32::from(n.column()) / 128 == instance) {
                    self.binding.mark_neuron(neuron);
                }
            }
            _ => self.configure_physics(block, instance),
        }
    }

    fn configure_background(&mut self, instance: u32) {
        let source: spl1::BackgroundSpikeSource = self.typed(instance);
        if let Some(place) = events::BackgroundSource::new(instance as usize) {
            self.network.set_background(
                place,
                events::BackgroundConfig {
                    enable: source.enable,
                    enable_random: source.enable_random,
                    period: source.period,
                    seed: source.seed,
                    mask: source.mask,
                    rate: source.rate,
                    label: events::NeuronLabel::truncate(source.neuron_label),
                },
            );
        }
    }

    fn configure_padi(&mut self, instance: u32) {
        let hemisphere = Hemisphere::from_index(instance as usize);
        let config: padi::CommonPADIBusConfig = self.typed(instance);
        let (spl1, extended, extension) =
            (config.enable_spl1(), config.enable_extended_timing(), config.dacen_pulse_extension());
        for bus in events::PadiBus::all() {
            let b = bus.index();
            self.network.set_padi_bus(
                hemisphere,
                bus,
                events::PadiBusConfig {
                    enable_spl1: spl1[b],
                    enable_extended_timing: extended[b],
                    dacen_pulse_extension: extension[b],
                },
            );
        }
        // The extension lengthens the pulse of every driver of the bus.
        for driver in 0..128 {
            self.binding.mark_driver(hemisphere, driver);
        }
    }

    fn configure_driver(&mut self, instance: u32) {
        let (hemisphere, driver) = coordinates::driver_of(instance);
        let config: padi::SynapseDriverConfig = self.typed(instance);
        let [bottom, top] = config.row_modes();
        if let Some(place) = events::Driver::new(driver.into()) {
            self.network.set_driver(
                hemisphere,
                place,
                events::DriverConfig {
                    enable_receiver: config.en_receiver,
                    compare_mask: config.row_address_compare_mask,
                    enable_address_out: config.enable_address_out,
                    top,
                    bottom,
                },
            );
        }
        self.binding.mark_driver(hemisphere, driver);
        self.readout.follow_driver(hemisphere, driver, config.en_readout);
    }

    /// A raw row of a synapse array has changed: even rows hold weights and time calibration, odd ones labels and amplitude
    /// calibration, the last four the column switches (register-map 6.2).
    fn configure_raw_row(&mut self, hemisphere: Hemisphere, raw_row: u16) {
        let array = &self.arrays[hemisphere.index()];
        if raw_row / 2 >= SWITCH_ROW {
            for column in 0..=Column::MAX {
                let switches = array.column_switches(column);
                let neuron = Neuron::new(hemisphere, column);
                self.readout.follow_column(neuron, [switches.debug_excitatory, switches.debug_inhibitory]);
                self.analog.set_column(
                    neuron,
                    &bss2_analog::ColumnSwitches {
                        synaptic_current: [switches.current_excitatory, switches.current_inhibitory],
                        correlation: [switches.internal_causal, switches.internal_acausal],
                        neuron_readout: [switches.neuron_causal, switches.neuron_acausal],
                        debug: [switches.debug_causal, switches.debug_acausal],
                    },
                );
            }
            return;
        }
        let row = (raw_row / 2) as Row;
        if raw_row.is_multiple_of(2) {
            self.analog.set_weights(hemisphere, row, &array.weights(row));
        } else {
            self.network.labels_mut().set_row(hemisphere, row, &array.labels(row));
        }
        let (amplitudes, times) = (array.amplitude_calibrations(row), array.time_calibrations(row));
        for (column, (amplitude, time)) in (0..=Column::MAX).zip(amplitudes.into_iter().zip(times)) {
            self.analog.set_correlation_calibration(hemisphere, row, column, amplitude, time);
        }
    }

    /// Length of a CADC conversion in PPU cycles, without the latency of the port; `None` if the CADC is off (settled 3) or
    /// its resets calibrate themselves.
    pub(crate) fn conversion_timing(&self, hemisphere: Hemisphere) -> Option<u32> {
        let config: cadc::CADCConfig = self.typed(hemisphere.index() as u32);
        let correlation = self.correlation_config(hemisphere);
        if correlation.reset_mode {
            // On silicon such a read never returns (register-map 6.5).
            return None;
        }
        let ramp = self.options.latencies.cadc_ramp;
        let waits = u32::from(config.dead_time) + u32::from(config.reset_wait);
        config.enable.then_some(u32::from(correlation.sense_delay) + ramp + waits)
    }

    /// Length of a correlation or neuron reset through the array in PPU cycles (event-routing 10, analog-core 6).
    pub(crate) fn reset_cycles(&self, hemisphere: Hemisphere) -> u32 {
        let config = self.correlation_config(hemisphere);
        u32::from(config.reset_duration) + 3 + u32::from(config.reset_fall_time)
    }

    fn correlation_config(&self, hemisphere: Hemisphere) -> synapse_memory::CommonCorrelationConfig {
        self.typed(hemisphere.index() as u32)
    }

    /// The values of an instance of a block of the chip.
    pub(crate) fn typed<T: crate::registers::TypedBlock>(&self, instance: u32) -> T {
        self.registers.get(instance).expect("the chip's register file holds every block of the chip")
    }
}
