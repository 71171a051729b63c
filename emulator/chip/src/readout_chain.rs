//! The readout chain: neurons, drivers of debug lines and board DACs onto readout lines, multiplexers and pads, and from there
//! into the membrane ADC (register-map 5.3, 10.1; analog-core 7.2, 7.3).
//!
//! A sample is taken when the chip's time comes to it, so that it sees all that has happened before and nothing after. A
//! chip whose converter does not record spends no time here.
//!
//! Where the specification is silent: a sample carries the moment at which it was taken, without the time that the conversion and
//! the way to the link need; nodes that several sources drive show their mean; what is not driven shows 0 V; the slowest amplifier on the
//! way limits the bandwidth. Correlation sensors drive no line here: no row of them is selected outside of a CADC conversion.

use crate::debug_lines::{Board, Driven, LINES, NODES};
use crate::physics::Warnings;
use crate::physics::{GlobalCell, SharedCell};
use crate::registers::readout::{
    CurrentDAC, MADCConfig, MADCControl, PadMultiplexerConfig, ReadoutSourceSelection,
};
use crate::registers::{Block, coordinates, neuron, padi};
use crate::shared::Shared;
use bss2_analog::madc::{CHAIN_TAU, Madc, MadcCircuit, MadcConfig, MadcControl};
use bss2_analog::readout::{PadSelection, ReadoutLine, SourceSelection, mean};
use bss2_analog::{AnalogCore, Branch, LINE_REST, Line};
use bss2_base::{Column, DRIVERS_PER_HEMISPHERE, Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Serialize};

/// A sample of the membrane ADC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadcSample {
    /// When it was taken.
    pub time: SimTime,
    /// Code `[9:0]`, multiplexer bit 10 (event-routing 3.3).
    pub value: u16,
}

/// Something on the chip that drives a readout line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Driver {
    /// The readout amplifier of a neuron.
    Amplifier(Neuron),
    /// A synaptic line, through the debug switch of its column.
    Synaptic(Neuron, Line),
    /// A membrane, without an amplifier between.
    Membrane(Neuron),
    /// The plasticity voltage of a synapse driver.
    Plasticity(Hemisphere, u8),
}

impl Driver {
    fn voltage(self, analog: &mut AnalogCore) -> Option<f64> {
        match self {
            Self::Amplifier(neuron) => analog.read(neuron),
            Self::Synaptic(neuron, line) => Some(LINE_REST - analog.line(neuron, line)),
            Self::Membrane(neuron) => Some(analog.membrane(neuron)),
            Self::Plasticity(hemisphere, driver) => Some(analog.plasticity_voltage(hemisphere, driver)),
        }
    }
}

/// What connects multiplexers, pads and converter (MADCConfig).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Switches {
    /// The active multiplexer, with its amplifiers, reaches the preamplifier.
    multiplexer: bool,
    /// The two debug lines do.
    debug: bool,
    /// The preamplifier reaches the converter.
    preamplifier: bool,
    /// The two pads do.
    pads: bool,
    /// The preamplifier reaches the pads.
    preamplifier_to_pads: bool,
}

/// The switches between circuits and lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Connected {
    /// By neuron: its amplifier drives its readout line; its membrane is on the stimulation line.
    neurons: Vec<[bool; 2]>,
    /// By neuron: its excitatory, inhibitory line is on the debug line.
    columns: Vec<[bool; 2]>,
    /// By driver, hemisphere first: it drives the readout line of its half.
    drivers: Vec<bool>,
}

/// The chain with its converter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReadoutChain {
    madc: Madc,
    switches: Switches,
    sources: SourceSelection,
    pub(crate) pads: [PadSelection; 2],
    pub(crate) board: Board,
    pub(crate) driven: Driven,
    /// The output amplifiers behind the pad buffers have bias.
    output_amplifiers: [bool; 2],
    /// A pad shows an analog cell or a ramp, which moves while cells settle.
    pub(crate) shows_cells: bool,
    /// Whether the last write to the control register enables the preamplifier.
    preamplifier: bool,
    /// What is connected to lines; `None` if that has to be looked up.
    connected: Option<Connected>,
    /// By line, while nothing changes.
    drivers: Option<[Vec<Driver>; NODES]>,
    /// Whether registers or analog cells of the chain have changed.
    stale: bool,
    /// Not taken yet.
    samples: Vec<MadcSample>,
}

impl ReadoutChain {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            madc: Madc::new(seed, MadcCircuit::default()),
            switches: Switches::default(),
            sources: SourceSelection::default(),
            pads: Default::default(),
            board: Board::default(),
            driven: Driven::default(),
            output_amplifiers: [true; 2],
            shows_cells: false,
            preamplifier: false,
            connected: None,
            drivers: None,
            stale: true,
            samples: Vec::new(),
        }
    }

    /// Power-down; what the registers say follows from them.
    pub(crate) fn reset(&mut self) {
        self.madc.reset();
        self.preamplifier = false;
        (self.connected, self.stale) = (None, true);
    }

    /// A register or an analog cell of the chain has changed.
    pub(crate) fn mark(&mut self) {
        self.stale = true;
    }

    /// A neuron has been configured: whether its amplifier drives its readout line, whether its membrane is on the stimulation line.
    pub(crate) fn follow_neuron(&mut self, neuron: Neuron, switches: [bool; 2]) {
        let own = self.connected.as_mut().map(|connected| &mut connected.neurons[neuron.index()]);
        self.stale |= own.is_none_or(|own| std::mem::replace(own, switches) != switches);
    }

    /// A column has been configured: which of its synaptic lines are on their debug line.
    pub(crate) fn follow_column(&mut self, neuron: Neuron, switches: [bool; 2]) {
        let own = self.connected.as_mut().map(|connected| &mut connected.columns[neuron.index()]);
        self.stale |= own.is_none_or(|own| std::mem::replace(own, switches) != switches);
    }

    /// A synapse driver has been configured: whether it drives the readout line of its half.
    pub(crate) fn follow_driver(&mut self, hemisphere: Hemisphere, driver: u8, readout: bool) {
        let index = DRIVERS_PER_HEMISPHERE * hemisphere.index() + usize::from(driver);
        let own = self.connected.as_mut().map(|connected| &mut connected.drivers[index]);
        self.stale |= own.is_none_or(|own| std::mem::replace(own, readout) != readout);
    }

    /// Whether a membrane is connected to the stimulation line of its row.
    pub(crate) fn unbuffered(&self, neuron: Neuron) -> bool {
        self.connected.as_ref().is_some_and(|connected| connected.neurons[neuron.index()][1])
    }

    /// Whether a synaptic line is connected to its debug line.
    pub(crate) fn on_debug_line(&self, neuron: Neuron, line: Line) -> bool {
        self.connected.as_ref().is_some_and(|connected| connected.columns[neuron.index()][line as usize])
    }

    pub(crate) fn next_sample(&self) -> SimTime {
        self.madc.next_sample()
    }

    pub(crate) fn take_samples(&mut self, into: &mut Vec<MadcSample>) {
        into.append(&mut self.samples);
    }

    pub(crate) fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        self.board.set_voltage(dac, channel, volts);
        self.stale = true;
    }

    pub(crate) fn set_board_switches(&mut self, switches: u32) {
        self.board.set_switches(switches);
        self.stale = true;
    }
}

impl Shared {
    /// A write to the control register of the converter.
    pub(crate) fn control_madc(&mut self, word: u32) {
        let control = MADCControl::from_words(&[word]);
        if control.wake_up {
            self.warn_of_madc();
        }
        if control.start_recording && !control.enable_pre_amplifier && self.readout.switches.preamplifier {
            self.diagnostics.once("MADC: recording is started with the preamplifier off; reads 0 V".into());
        }
        self.readout.preamplifier = control.enable_pre_amplifier;
        let now = self.now();
        self.readout.madc.control(
            now,
            MadcControl {
                wake_up: control.wake_up,
                start_recording: control.start_recording,
                stop_recording: control.stop_recording,
                power_down_after_sampling: control.enable_power_down_after_sampling,
                continuous: control.enable_continuous_sampling,
            },
        );
        self.sample();
    }

    /// Applies what registers, clock and analog cells have to say to the chain, if any of them has changed.
    pub(crate) fn update_readout(&mut self) {
        if !std::mem::take(&mut self.readout.stale) {
            return;
        }
        let now = self.now();
        let config: MADCConfig = self.typed(0);
        let sources: ReadoutSourceSelection = self.typed(0);
        let pads: [PadMultiplexerConfig; 2] = [self.typed(0), self.typed(1)];
        let cells = self.binding.physics.cells(&self.binding.capmem, now);
        let physics = cells.madc(&mut Warnings::default());
        let words = sources.to_words();
        let selection = SourceSelection {
            lines: words.map(|word| (word & 0x1fff) as u16),
            buffer: [sources.enable_buffer_to_pad_0, sources.enable_buffer_to_pad_1],
        };
        if self.readout.connected.is_none() {
            self.readout.connected = Some(self.connected());
        }
        let drivers = self.line_drivers();
        let common = [GlobalCell::ReadoutAcMuxIBias, GlobalCell::ReadoutScAmpIBias]
            .map(|cell| cells.global_bias(cell))
            .into_iter()
            .fold(1.0, f64::min);
        // Between 5 % and 100 % of its default a bias scales the bandwidth (analog-core 2.3).
        let bandwidth_tau = [0, 1].map(|input: usize| {
            let selected = (0..LINES).filter(|line| selection.lines[input] >> line & 1 == 1);
            let amplifiers = selected.flat_map(|line| &drivers[line]).filter_map(|driver| match driver {
                Driver::Amplifier(neuron) => {
                    Some(cells.bias(SharedCell::NeuronIBiasReadoutAmp, neuron.quadrant()))
                }
                _ => None,
            });
            CHAIN_TAU / amplifiers.fold(common, f64::min).max(1e-3)
        });
        let output_amplifiers = [GlobalCell::ReadoutOutAmpIBias0, GlobalCell::ReadoutOutAmpIBias1]
            .map(|cell| cells.global_bias(cell) >= bss2_analog::mismatch::constants::BIAS_GATE);
        for (buffer, cell) in
            [GlobalCell::ReadoutOutAmpIBias0, GlobalCell::ReadoutOutAmpIBias1].into_iter().enumerate()
        {
            let gate = bss2_analog::mismatch::constants::BIAS_GATE * f64::from(cell.default_code());
            let code = self.binding.capmem.code(cell.address());
            if selection.buffer[buffer] && f64::from(code) < gate {
                self.diagnostics.once(format!(
                    "pad buffer {buffer} is enabled, but {} = {code} is below 5 % of its default: it holds its pad at 0 V",
                    cell.name()
                ));
            }
        }
        let circuit = MadcCircuit {
            volts_per_code: physics.volts_per_code,
            zero_code: physics.zero_code,
            works: physics.works,
            bandwidth_tau,
            noise: self.options.analog.noise.madc,
            clock: self.clocks.periods.madc,
            ..MadcCircuit::default()
        };
        let chain = &mut self.readout;
        (chain.drivers, chain.output_amplifiers) = (Some(drivers), output_amplifiers);
        chain.madc.configure(now, circuit, converter_config(&config));
        chain.switches = Switches {
            multiplexer: config.signal_selection_connect_active_mux && config.enable_active_mux_amplifiers,
            debug: config.signal_selection_connect_debug,
            preamplifier: config.connect_preamp_to_madc && config.signal_selection_connect_preamp,
            pads: config.connect_pads_to_madc,
            preamplifier_to_pads: config.connect_preamp_to_pads,
        };
        chain.sources = selection;
        chain.pads = pads.map(|pad| pad_selection(&pad));
        chain.shows_cells = pads.iter().any(PadMultiplexerConfig::shows_cells);
        self.drive_lines();
    }

    /// Takes the samples that are due now.
    pub(crate) fn sample(&mut self) {
        let now = self.now();
        while let Some(point) = self.readout.madc.take_sample(now) {
            let input = self.converter_input(point.input);
            let code = self.readout.madc.convert(&point, input);
            let value = code | (point.tag as u16) << 10;
            self.readout.samples.push(MadcSample { time: point.time, value });
        }
    }

    /// The voltage in V that the converter sees with an input of the active multiplexer; `None` if nothing drives it.
    fn converter_input(&mut self, input: usize) -> Option<f64> {
        let amplified = self.amplified(input);
        let switches = self.readout.switches;
        let pads = if switches.pads { [0, 1].map(|pad| self.pad_voltage(pad)) } else { [None; 2] };
        mean(amplified.into_iter().chain(pads.into_iter().flatten()))
    }

    /// The output of the preamplifier in V with an input of the active multiplexer.
    fn amplified(&mut self, input: usize) -> Option<f64> {
        let ReadoutChain { switches, sources, preamplifier, .. } = &self.readout;
        let (switches, sources, preamplifier) = (*switches, *sources, *preamplifier);
        if !(switches.preamplifier && preamplifier) {
            return None;
        }
        let own = if switches.multiplexer { sources.lines[input] } else { 0 };
        let debug = if switches.debug { 0b11 } else { 0 };
        let (lines, _) = split(&self.nodes(own | debug));
        let multiplexer = sources.output(input, &lines).filter(|_| switches.multiplexer);
        let debug = lines[..2].iter().copied().filter(|_| switches.debug).flatten();
        let gain = self.readout.madc.config().gain(self.readout.madc.circuit());
        mean(multiplexer.into_iter().chain(debug)).map(|voltage| gain * voltage)
    }

    /// The voltage in V of a pad, 0 or 1; `None` if neither the chip nor the board drives it.
    pub(crate) fn pad_voltage(&mut self, pad: usize) -> Option<f64> {
        let ReadoutChain { pads, sources, output_amplifiers, switches, driven, .. } = &self.readout;
        let (selection, sources, amplifies) = (pads[pad & 1], *sources, *output_amplifiers);
        let (own, preamplifier) = (driven.pads[pad & 1], switches.preamplifier_to_pads);
        let buffered = (0..2).filter(|&multiplexer| selection.buffer[multiplexer]);
        let selected = buffered.fold(0, |lines, multiplexer| lines | sources.lines[multiplexer]);
        // The passive lines: those of the debug and of the synapse multiplexer, and the stimulation lines.
        let nodes = self.nodes(selected | 0b110_0000_0111_1011);
        let (lines, stimulation) = split(&nodes);
        // An output amplifier without bias holds 0 V (analog-core 2.3).
        let dead =
            [0, 1].map(|which: usize| selection.buffer[which] && sources.buffer[which] && !amplifies[which]);
        let selection = PadSelection {
            buffer: [0, 1].map(|which: usize| selection.buffer[which] && amplifies[which]),
            ..selection
        };
        let on_chip = selection.voltage(pad & 1, &sources, &lines, &stimulation);
        let amplified = if preamplifier {
            let input = self.readout.madc.config().input(0);
            self.amplified(input)
        } else {
            None
        };
        let dead = dead.into_iter().filter(|dead| *dead).map(|_| 0.0);
        mean(on_chip.into_iter().chain(own).chain(amplified).chain(dead))
    }

    /// The current in A that flows out of a pad, 0 or 1, into something that holds it: that of the analog cells on it.
    pub(crate) fn pad_current(&self, pad: usize) -> f64 {
        self.readout.driven.currents[pad & 1]
    }

    /// Voltages in V of the nodes whose bit is set.
    fn nodes(&mut self, selected: u16) -> [Option<f64>; NODES] {
        if self.readout.drivers.is_none() {
            self.readout.drivers = Some(self.line_drivers());
        }
        let Self { readout, analog, .. } = self;
        let mut voltages = [None; NODES];
        for (node, drivers) in readout.drivers.iter().flatten().enumerate() {
            if selected >> node & 1 == 1 {
                let source = readout.driven.lines[node];
                voltages[node] = match ReadoutLine::ALL.get(node).copied() {
                    Some(ReadoutLine::CadcCausal) => analog.cadc_debug_line(Branch::Causal, None),
                    Some(ReadoutLine::CadcAcausal) => analog.cadc_debug_line(Branch::Acausal, None),
                    line => {
                        let on_chip = drivers.iter().filter_map(|driver| driver.voltage(analog));
                        match line {
                            // Membranes and synaptic lines are behind resistors.
                            None | Some(ReadoutLine::ExcitatoryDebug | ReadoutLine::InhibitoryDebug) => {
                                source.or_else(|| mean(on_chip))
                            }
                            Some(_) => mean(source.into_iter().chain(on_chip)),
                        }
                    }
                };
            }
        }
        voltages
    }

    /// The switches as registers and arrays have them.
    fn connected(&self) -> Connected {
        let of_neuron = |neuron| {
            let config: neuron::NeuronConfig = self.typed(coordinates::neuron_config(neuron));
            [config.en_readout, config.en_unbuf_access]
        };
        let of_column = |neuron: Neuron| {
            let switches = self.arrays[neuron.hemisphere().index()].column_switches(neuron.column());
            [switches.debug_excitatory, switches.debug_inhibitory]
        };
        let of_driver = |hemisphere| {
            (0..DRIVERS_PER_HEMISPHERE as u8).map(move |driver| {
                let instance = coordinates::synapse_driver(hemisphere, driver);
                self.typed::<padi::SynapseDriverConfig>(instance).en_readout
            })
        };
        Connected {
            neurons: Neuron::all().map(of_neuron).collect(),
            columns: Neuron::all().map(of_column).collect(),
            drivers: Hemisphere::ALL.into_iter().flat_map(of_driver).collect(),
        }
    }

    /// Who drives the lines, by the switches of neurons and columns.
    fn line_drivers(&self) -> [Vec<Driver>; NODES] {
        let dac: CurrentDAC = self.typed(0);
        let mut drivers: [Vec<Driver>; NODES] = Default::default();
        let Some(connected) = &self.readout.connected else { return drivers };
        for neuron in Neuron::all().filter(|&neuron| self.readout.unbuffered(neuron)) {
            let row = neuron.hemisphere().index();
            drivers[LINES + row].push(Driver::Membrane(neuron));
            if dac.stimulates()[row] {
                drivers[ReadoutLine::CurrentDac as usize].push(Driver::Membrane(neuron));
            }
        }
        for line in Line::ALL.into_iter().filter(|line| dac.tests()[*line as usize]) {
            let on_line = Neuron::all().filter(|neuron| self.readout.on_debug_line(*neuron, line));
            drivers[ReadoutLine::CurrentDac as usize]
                .extend(on_line.map(|neuron| Driver::Synaptic(neuron, line)));
        }
        let mut drive = |line: ReadoutLine, driver| drivers[line as usize].push(driver);
        for hemisphere in Hemisphere::ALL {
            for column in 0..=Column::MAX {
                let neuron = Neuron::new(hemisphere, column);
                if connected.neurons[neuron.index()][0] {
                    drive(ReadoutLine::of_neuron(neuron), Driver::Amplifier(neuron));
                }
                let [excitatory, inhibitory] = connected.columns[neuron.index()];
                if excitatory {
                    drive(ReadoutLine::ExcitatoryDebug, Driver::Synaptic(neuron, Line::Excitatory));
                }
                if inhibitory {
                    drive(ReadoutLine::InhibitoryDebug, Driver::Synaptic(neuron, Line::Inhibitory));
                }
            }
            let line = match hemisphere {
                Hemisphere::Top => ReadoutLine::DriversTop,
                Hemisphere::Bottom => ReadoutLine::DriversBottom,
            };
            for driver in 0..DRIVERS_PER_HEMISPHERE as u8 {
                if connected.drivers[DRIVERS_PER_HEMISPHERE * hemisphere.index() + usize::from(driver)] {
                    drive(line, Driver::Plasticity(hemisphere, driver));
                }
            }
        }
        drivers
    }
}

/// Readout lines, then stimulation lines.
fn split(nodes: &[Option<f64>; NODES]) -> ([Option<f64>; LINES], [Option<f64>; 2]) {
    (std::array::from_fn(|line| nodes[line]), [nodes[LINES], nodes[LINES + 1]])
}

/// Whether a block configures the chain.
pub(crate) fn configures(block: Block) -> bool {
    matches!(
        block,
        Block::MADCConfig | Block::ReadoutSourceSelection | Block::PadMultiplexerConfig | Block::CurrentDAC
    )
}

fn converter_config(config: &MADCConfig) -> MadcConfig {
    MadcConfig {
        initially_selected: config.active_mux_initially_selected_input.into(),
        select_length: config.active_mux_input_select_length,
        sample_duration_adjust: config.sample_duration_adjust,
        conversion_cycles_offset: config.conversion_cycles_offset,
        powerup_wait: config.powerup_wait_value,
        number_of_samples: config.number_of_samples,
        clock_division: config.enable_madc_clock_scaling.then_some(config.madc_clock_scale_value),
        gain_capacitor: config.preamp_gain_capacitor_size,
        dummy_data: config.enable_dummy_data,
    }
}

fn pad_selection(pad: &PadMultiplexerConfig) -> PadSelection {
    PadSelection {
        buffer: [pad.buffer_to_pad_0, pad.buffer_to_pad_1],
        debug: pad.debug_to_pad,
        stimulation: [pad.neuron_i_stim_mux_top, pad.neuron_i_stim_mux_bottom],
        stimulation_to_pad: pad.neuron_i_stim_mux_to_pad,
        synapse: [
            pad.synapse_mux_causal,
            pad.synapse_mux_acausal,
            pad.synapse_mux_inhibitory,
            pad.synapse_mux_excitatory,
        ],
        synapse_to_pad: pad.synapse_mux_to_pad,
    }
}
