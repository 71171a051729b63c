//! The readout chain: neurons, drivers of debug lines and board DACs onto readout lines, multiplexers and pads, and from there
//! into the membrane ADC (register-map 5.3, 10.1; analog-core 7.2, 7.3).
//!
//! A sample is taken when the chip's time comes to it, so that it sees all that has happened before and nothing after. A
//! chip whose converter does not record spends no time here.
//!
//! Where the specification is silent: a sample carries the moment at which it was taken, without the time that the conversion and
//! the way to the link need; nodes that several sources drive show their mean; what is not driven shows 0 V. Not modelled, hence
//! never driving a line: the followers of the synapse drivers, the correlation sensors (no row of them is selected outside
//! of a CADC conversion), the outputs of CADC ramps and analog cells. The test current divides equally among the membranes
//! that it reaches, which are not joined; nor does the board reach a membrane through a pad.

use crate::physics::Warnings;
use crate::registers::readout::{
    CurrentDAC, MADCConfig, MADCControl, PadMultiplexerConfig, ReadoutSourceSelection,
};
use crate::registers::{Block, coordinates, neuron};
use crate::shared::Shared;
use bss2_analog::madc::{CHAIN_TAU, Madc, MadcCircuit, MadcConfig, MadcControl};
use bss2_analog::readout::{CurrentDac, PadSelection, ReadoutLine, SourceSelection, mean};
use bss2_analog::{AnalogCore, LINE_REST, Line};
use bss2_base::{Column, Hemisphere, Neuron, SimTime};
use serde::{Deserialize, Serialize};

/// The readout lines.
const LINES: usize = ReadoutLine::ALL.len();
/// Readout lines, then the stimulation lines of the upper and the lower row.
const NODES: usize = LINES + 2;
/// Channels of the first DAC of the board (register-map 10.1).
const DAC_CHANNELS: usize = 8;

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
}

impl Driver {
    fn voltage(self, analog: &mut AnalogCore) -> Option<f64> {
        match self {
            Self::Amplifier(neuron) => analog.read(neuron),
            Self::Synaptic(neuron, line) => Some(LINE_REST - analog.line(neuron, line)),
            Self::Membrane(neuron) => Some(analog.membrane(neuron)),
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
}

/// Voltages and switches of the board (register-map 10.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Board {
    dac: [f64; DAC_CHANNELS],
    /// The shift register.
    switches: u32,
}

impl Board {
    /// What the board drives a pad with, in V: its debug DAC channel, or the node behind the three analog multiplexers if the first
    /// of them connects it to the pad.
    fn pad(&self, pad: usize) -> Option<f64> {
        let select = |lsb: u32| self.switches >> lsb & 3;
        let own = (self.switches >> (8 + pad) & 1 == 1).then(|| self.dac[5 + pad]);
        let second = match select(2) {
            1 => Some(self.dac[0]),
            2 => Some(self.dac[1]),
            3 => Some(self.dac[7]),
            _ => None,
        };
        let third = (select(4) == 2).then(|| self.dac[3]);
        let node = second.into_iter().chain(third).filter(|_| select(0) == pad as u32 + 1);
        mean(own.into_iter().chain(node))
    }
}

/// The chain with its converter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReadoutChain {
    madc: Madc,
    switches: Switches,
    sources: SourceSelection,
    pads: [PadSelection; 2],
    board: Board,
    /// Whether the last write to the control register enables the preamplifier.
    preamplifier: bool,
    /// By line; `None` when switches of neurons or columns have changed since.
    drivers: Option<[Vec<Driver>; NODES]>,
    /// Test current in A into each membrane with unbuffered access, by row.
    stimulation: [f64; 2],
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
            preamplifier: false,
            drivers: None,
            stimulation: [0.0; 2],
            stale: true,
            samples: Vec::new(),
        }
    }

    /// Power-down; what the registers say follows from them.
    pub(crate) fn reset(&mut self) {
        self.madc.reset();
        self.preamplifier = false;
        (self.drivers, self.stale) = (None, true);
    }

    /// A register or an analog cell of the chain has changed.
    pub(crate) fn mark(&mut self) {
        self.stale = true;
    }

    /// The readout switches of neurons or the debug switches of columns may have changed.
    pub(crate) fn mark_drivers(&mut self) {
        self.drivers = None;
        // The test current may divide in another way.
        self.stale |= self.stimulation != [0.0; 2];
    }

    /// The test current in A that flows into each membrane of a row with unbuffered access.
    pub(crate) fn stimulation(&self, row: Hemisphere) -> f64 {
        self.stimulation[row.index()]
    }

    pub(crate) fn next_sample(&self) -> SimTime {
        self.madc.next_sample()
    }

    pub(crate) fn take_samples(&mut self, into: &mut Vec<MadcSample>) {
        into.append(&mut self.samples);
    }

    pub(crate) fn set_board_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        if let (0, Some(voltage)) = (dac, self.board.dac.get_mut(usize::from(channel))) {
            *voltage = volts;
        }
    }

    pub(crate) fn set_board_switches(&mut self, switches: u32) {
        self.board.switches = switches;
    }

    /// What the board drives a line with through the passive multiplexers of the pads.
    fn board_drives(&self, line: ReadoutLine) -> Option<f64> {
        let connects = |(pad, selection): &(usize, PadSelection)| {
            let synapse = |which: usize| selection.synapse[which] && selection.synapse_to_pad;
            match line {
                ReadoutLine::DebugPlus => selection.debug && *pad == 0,
                ReadoutLine::DebugMinus => selection.debug && *pad == 1,
                ReadoutLine::CadcCausal => synapse(0),
                ReadoutLine::CadcAcausal => synapse(1),
                ReadoutLine::InhibitoryDebug => synapse(2),
                ReadoutLine::ExcitatoryDebug => synapse(3),
                _ => false,
            }
        };
        mean((0..).zip(self.pads).filter(connects).filter_map(|(pad, _)| self.board.pad(pad)))
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
        let physics = self.binding.physics.cells(&self.binding.capmem, now).madc(&mut Warnings::default());
        let circuit = MadcCircuit {
            volts_per_code: physics.volts_per_code,
            zero_code: physics.zero_code,
            works: physics.works,
            bandwidth_tau: CHAIN_TAU,
            noise: self.options.analog.noise.madc,
            clock: self.clocks.periods.madc,
            ..MadcCircuit::default()
        };
        let chain = &mut self.readout;
        chain.madc.configure(now, circuit, converter_config(&config));
        chain.switches = Switches {
            multiplexer: config.signal_selection_connect_active_mux && config.enable_active_mux_amplifiers,
            debug: config.signal_selection_connect_debug,
            preamplifier: config.connect_preamp_to_madc && config.signal_selection_connect_preamp,
            pads: config.connect_pads_to_madc,
        };
        let words = sources.to_words();
        chain.sources = SourceSelection {
            lines: words.map(|word| (word & 0x1fff) as u16),
            buffer: [sources.enable_buffer_to_pad_0, sources.enable_buffer_to_pad_1],
        };
        chain.pads = pads.map(|pad| pad_selection(&pad));
        let reached =
            (0..2).any(|pad| chain.pads[pad].stimulation_to_pad && chain.pads[pad].stimulation != [false; 2]);
        if reached && (0..2).any(|pad| chain.board.pad(pad).is_some()) {
            self.diagnostics.once(
                "a pad is connected to a stimulation line: it shows the membranes, the board's DACs do not drive them"
                    .into(),
            );
        }
        self.divide_test_current();
    }

    /// Divides the current of the DAC among the membranes on the stimulation lines that it is connected to.
    fn divide_test_current(&mut self) {
        let dac: CurrentDAC = self.typed(0);
        let source = CurrentDac { code: dac.current(), enable: dac.enable_current, sink: dac.direction };
        let rows = dac.stimulates();
        let mut stimulation = [0.0; 2];
        if source.current() != 0.0 && rows != [false; 2] {
            let reached = Neuron::all()
                .filter(|&neuron| rows[neuron.hemisphere().index()] && self.unbuffered(neuron))
                .count();
            if reached > 1 {
                self.diagnostics.once(format!(
                    "the test current reaches {reached} membranes: it divides equally, they are not joined"
                ));
            }
            let share = source.current() / reached.max(1) as f64;
            stimulation = rows.map(|connected| if connected { share } else { 0.0 });
        }
        let before = std::mem::replace(&mut self.readout.stimulation, stimulation);
        if before == stimulation {
            return;
        }
        for neuron in Neuron::all() {
            let row = neuron.hemisphere().index();
            if before[row] != stimulation[row] && self.unbuffered(neuron) {
                self.binding.mark_neuron(neuron);
            }
        }
    }

    /// Whether a membrane is connected to the stimulation line of its row.
    fn unbuffered(&self, neuron: Neuron) -> bool {
        self.typed::<neuron::NeuronConfig>(coordinates::neuron_config(neuron)).en_unbuf_access
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
        let ReadoutChain { switches, sources, preamplifier, .. } = &self.readout;
        let (switches, sources, preamplifier) = (*switches, *sources, *preamplifier);
        let amplified = if switches.preamplifier && preamplifier {
            let own = if switches.multiplexer { sources.lines[input] } else { 0 };
            let debug = if switches.debug { 0b11 } else { 0 };
            let (lines, _) = split(&self.nodes(own | debug));
            let multiplexer = sources.output(input, &lines).filter(|_| switches.multiplexer);
            let debug = lines[..2].iter().copied().filter(|_| switches.debug).flatten();
            let gain = self.readout.madc.config().gain(self.readout.madc.circuit());
            mean(multiplexer.into_iter().chain(debug)).map(|voltage| gain * voltage)
        } else {
            None
        };
        let pads = if switches.pads { [0, 1].map(|pad| self.pad_voltage(pad)) } else { [None; 2] };
        mean(amplified.into_iter().chain(pads.into_iter().flatten()))
    }

    /// The voltage in V of a pad, 0 or 1; `None` if neither the chip nor the board drives it.
    pub(crate) fn pad_voltage(&mut self, pad: usize) -> Option<f64> {
        let ReadoutChain { pads, sources, .. } = &self.readout;
        let (selection, sources) = (pads[pad & 1], *sources);
        let buffered = (0..2).filter(|&multiplexer| selection.buffer[multiplexer]);
        let selected = buffered.fold(0, |lines, multiplexer| lines | sources.lines[multiplexer]);
        // The passive lines: those of the debug and of the synapse multiplexer, and the stimulation lines.
        let nodes = self.nodes(selected | 0b110_0000_0111_1011);
        let (lines, stimulation) = split(&nodes);
        let on_chip = selection.voltage(pad & 1, &sources, &lines, &stimulation);
        mean(on_chip.into_iter().chain(self.readout.board.pad(pad & 1)))
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
                let board = ReadoutLine::ALL.get(node).and_then(|&line| readout.board_drives(line));
                let on_chip = drivers.iter().filter_map(|driver| driver.voltage(analog));
                voltages[node] = mean(board.into_iter().chain(on_chip));
            }
        }
        voltages
    }

    /// Who drives the lines, by the switches of neurons and columns.
    fn line_drivers(&self) -> [Vec<Driver>; NODES] {
        let dac: CurrentDAC = self.typed(0);
        let mut drivers: [Vec<Driver>; NODES] = Default::default();
        for hemisphere in Hemisphere::ALL {
            for column in 0..=Column::MAX {
                let neuron = Neuron::new(hemisphere, column);
                let config: neuron::NeuronConfig = self.typed(coordinates::neuron_config(neuron));
                let mut drive = |node: usize, driver| drivers[node].push(driver);
                if config.en_unbuf_access {
                    let row = hemisphere.index();
                    drive(LINES + row, Driver::Membrane(neuron));
                    if dac.stimulates()[row] {
                        drive(ReadoutLine::CurrentDac as usize, Driver::Membrane(neuron));
                    }
                }
                let mut drive = |line: ReadoutLine, driver| drive(line as usize, driver);
                if config.en_readout {
                    drive(ReadoutLine::of_neuron(neuron), Driver::Amplifier(neuron));
                }
                let switches = self.arrays[hemisphere.index()].column_switches(column);
                if switches.debug_causal && switches.neuron_causal {
                    drive(ReadoutLine::CadcCausal, Driver::Amplifier(neuron));
                }
                if switches.debug_acausal && switches.neuron_acausal {
                    drive(ReadoutLine::CadcAcausal, Driver::Amplifier(neuron));
                }
                if switches.debug_excitatory {
                    drive(ReadoutLine::ExcitatoryDebug, Driver::Synaptic(neuron, Line::Excitatory));
                }
                if switches.debug_inhibitory {
                    drive(ReadoutLine::InhibitoryDebug, Driver::Synaptic(neuron, Line::Inhibitory));
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
    matches!(block, Block::MADCConfig | Block::ReadoutSourceSelection | Block::PadMultiplexerConfig)
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
