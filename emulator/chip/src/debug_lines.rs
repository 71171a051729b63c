//! What drives analog pads, debug lines and stimulation lines, and what of it reaches the circuits (register-map 5.3, 5.8, 10.1;
//! analog-core 2.4, 3.1, 3.6, 7.1).
//!
//! A pad is a node: the board, an analog cell and the ramp of a column ADC may drive it. The passive multiplexers connect it to debug and
//! stimulation lines, which then have its voltage. From there a membrane is reached through 1 kΩ and a synaptic line through
//! 10 kΩ; channels of the column ADC are on their line.
//!
//! Where the specification is silent: several sources of a node show their mean; the test current divides equally among the membranes and
//! synaptic lines that it reaches; a line that nothing drives joins nobody. The output of a current cell is a current into the
//! pad, which shows in no voltage. A ramp that does not run stands at its start.

use crate::registers::capmem::CapMemBlockConfig;
use crate::registers::readout::{CurrentDAC, PadMultiplexerConfig};
use crate::shared::Shared;
use bss2_analog::readout::{CurrentDac, PadSelection, ReadoutLine, mean};
use bss2_analog::reference::Stimulus;
use bss2_analog::{Branch, LINE_REST, Line};
use bss2_base::{Hemisphere, Neuron, Quadrant};
use serde::{Deserialize, Serialize};

/// The readout lines.
pub(crate) const LINES: usize = ReadoutLine::ALL.len();
/// Readout lines, then the stimulation lines of the upper and the lower row.
pub(crate) const NODES: usize = LINES + 2;
/// Channels of the first DAC of the board (register-map 10.1).
const DAC_CHANNELS: usize = 8;
/// Resistance in Ω behind which a large voltage is a current into a synaptic line: 0.4 per second of additional decay.
const CURRENT_SOURCE: f64 = 1e12;

/// Voltages and switches of the board (register-map 10.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Board {
    dac: [f64; DAC_CHANNELS],
    /// The shift register.
    switches: u32,
}

impl Board {
    pub(crate) fn set_voltage(&mut self, dac: u8, channel: u8, volts: f64) {
        if let (0, Some(voltage)) = (dac, self.dac.get_mut(usize::from(channel))) {
            *voltage = volts;
        }
    }

    pub(crate) fn set_switches(&mut self, switches: u32) {
        self.switches = switches;
    }

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

/// What drives pads and lines at present.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Driven {
    /// What drives a pad other than lines and readout buffers, in V.
    pub(crate) pads: [Option<f64>; 2],
    /// Currents of analog cells into the pads, A.
    pub(crate) currents: [f64; 2],
    /// What drives the lines through the pads, in V: readout lines, then stimulation lines.
    pub(crate) lines: [Option<f64>; NODES],
    /// Test current in A into each membrane with unbuffered access, by row.
    pub(crate) membrane_current: [f64; 2],
    /// Test current in A into each synaptic line on its debug line, excitatory first.
    pub(crate) line_current: [f64; 2],
}

impl Default for Driven {
    fn default() -> Self {
        Self {
            pads: [None; 2],
            currents: [0.0; 2],
            lines: [None; NODES],
            membrane_current: [0.0; 2],
            line_current: [0.0; 2],
        }
    }
}

impl Driven {
    /// The debug line of a synaptic line behind its switch, as the circuit is told: voltage in V.
    fn debug_line(&self, line: Line) -> Option<f64> {
        let current = self.line_current[line as usize];
        let driven = self.lines[debug_line(line) as usize];
        driven.or_else(|| (current != 0.0).then_some(LINE_REST + current * CURRENT_SOURCE))
    }

    /// The resistance in Ω between a synaptic line and its debug line, if it is not that of the switch.
    pub(crate) fn debug_resistance(&self, line: Line) -> Option<f64> {
        let current = self.line_current[line as usize] != 0.0;
        (current && self.lines[debug_line(line) as usize].is_none()).then_some(CURRENT_SOURCE)
    }
}

/// The debug line of the synaptic lines of a kind.
pub(crate) fn debug_line(line: Line) -> ReadoutLine {
    match line {
        Line::Excitatory => ReadoutLine::ExcitatoryDebug,
        Line::Inhibitory => ReadoutLine::InhibitoryDebug,
    }
}

/// Whether a pad is connected to a node.
fn connects(pad: usize, selection: &PadSelection, node: usize) -> bool {
    if node >= LINES {
        return selection.stimulation[node - LINES] && selection.stimulation_to_pad;
    }
    let synapse = |which: usize| selection.synapse[which] && selection.synapse_to_pad;
    match ReadoutLine::ALL[node] {
        ReadoutLine::DebugPlus => selection.debug && pad == 0,
        ReadoutLine::DebugMinus => selection.debug && pad == 1,
        ReadoutLine::CadcCausal => synapse(0),
        ReadoutLine::CadcAcausal => synapse(1),
        ReadoutLine::InhibitoryDebug => synapse(2),
        ReadoutLine::ExcitatoryDebug => synapse(3),
        _ => false,
    }
}

impl Shared {
    /// Works out what drives pads and lines, and tells the circuits that are on them.
    pub(crate) fn drive_lines(&mut self) {
        let pads: [PadMultiplexerConfig; 2] = [self.typed(0), self.typed(1)];
        let mut driven = Driven::default();
        for (pad, config) in pads.iter().enumerate() {
            let board = self.readout.board.pad(pad);
            let voltages: Vec<f64> = self.pad_sources(config).collect();
            driven.pads[pad] = mean(board.into_iter().chain(voltages));
            driven.currents[pad] = self.cell_current(config);
        }
        for (node, line) in driven.lines.iter_mut().enumerate() {
            let on = (0..2).filter(|&pad| connects(pad, &self.readout.pads[pad], node));
            *line = mean(on.filter_map(|pad| driven.pads[pad]));
        }
        self.divide_test_current(&mut driven);
        self.tell_lines(driven);
    }

    /// What the chip itself drives a pad with through the passive multiplexers: analog cells and ramps of the column ADC, in V.
    fn pad_sources(&self, pad: &PadMultiplexerConfig) -> impl Iterator<Item = f64> {
        let ramp = pad.cadc_v_ramp_mux_to_pad;
        let ramps = pad.ramp_quadrants().map(|selected| selected && ramp);
        let cells = pad.capmem_v_out_mux_to_inter && pad.capmem_inter_mux_to_pad;
        let outputs = pad.capmem_voltage_quadrants().map(|selected| selected && cells);
        let now = self.now();
        let cells = self.binding.physics.cells(&self.binding.capmem, now);
        let mut sources = Vec::new();
        for quadrant in Quadrant::ALL {
            if ramps[quadrant.index()] {
                sources.push(cells.ramp_output(quadrant));
            }
            if outputs[quadrant.index()] {
                let config: CapMemBlockConfig = self.typed(quadrant.index() as u32);
                sources.extend(cells.debug_voltage(quadrant, &config));
            }
        }
        sources.into_iter()
    }

    /// The current in A of the analog cells that a pad is connected to.
    fn cell_current(&self, pad: &PadMultiplexerConfig) -> f64 {
        let connected = pad.capmem_i_out_mux_to_inter && pad.capmem_inter_mux_to_pad;
        let cells = self.binding.physics.cells(&self.binding.capmem, self.now());
        Quadrant::ALL
            .into_iter()
            .filter(|quadrant| connected && pad.capmem_current_quadrants()[quadrant.index()])
            .filter_map(|quadrant| cells.debug_current(quadrant, &self.typed(quadrant.index() as u32)))
            .sum()
    }

    /// Divides the current of the DAC among the membranes and synaptic lines that it reaches.
    fn divide_test_current(&mut self, driven: &mut Driven) {
        let dac: CurrentDAC = self.typed(0);
        let source = CurrentDac { code: dac.current(), enable: dac.enable_current, sink: dac.direction };
        let reached = self.reached();
        for (row, count) in reached.membranes.into_iter().enumerate() {
            if count > 1 && driven.lines[LINES + row].is_none() {
                self.diagnostics.once(format!(
                    "{count} membranes of the {:?} row have enable_unbuffered_access, and no voltage drives their stimulation line: they are not joined",
                    Hemisphere::from_index(row)
                ));
            }
        }
        for line in Line::ALL {
            let count = reached.lines[line as usize];
            if count > 1 && driven.lines[debug_line(line) as usize].is_none() {
                self.diagnostics.once(format!(
                    "{count} columns have their {line:?} line on the debug line, which no voltage drives: they are not joined"
                ));
            }
        }
        if source.current() == 0.0 {
            return;
        }
        let (rows, lines) = (dac.stimulates(), dac.tests());
        let membranes = rows.into_iter().zip(reached.membranes).map(|(on, count)| usize::from(on) * count);
        let synaptic = lines.into_iter().zip(reached.lines).map(|(on, count)| usize::from(on) * count);
        let count: usize = membranes.chain(synaptic).sum();
        let share = source.current() / count.max(1) as f64;
        let mut drowned = false;
        for (row, _) in rows.into_iter().enumerate().filter(|(_, connected)| *connected) {
            let source = driven.lines[LINES + row].is_some();
            drowned |= source;
            driven.membrane_current[row] = if source { 0.0 } else { share };
        }
        for line in Line::ALL.into_iter().filter(|line| lines[*line as usize]) {
            drowned |= driven.lines[debug_line(line) as usize].is_some();
            driven.line_current[line as usize] = share;
        }
        if drowned {
            self.diagnostics.once(
                "the test current flows into a voltage source on the same line: it reaches no circuit there"
                    .into(),
            );
        }
        if count > 1 {
            self.diagnostics.once(format!(
                "the test current reaches {count} membranes and synaptic lines: it divides equally, they are not joined"
            ));
        }
    }

    /// How many membranes are on each stimulation line, and synaptic lines on each debug line.
    fn reached(&self) -> Reached {
        let mut reached = Reached::default();
        for neuron in Neuron::all() {
            reached.membranes[neuron.hemisphere().index()] += usize::from(self.readout.unbuffered(neuron));
            for line in Line::ALL {
                reached.lines[line as usize] += usize::from(self.readout.on_debug_line(neuron, line));
            }
        }
        reached
    }

    /// Tells circuits and column ADC what drives their lines.
    fn tell_lines(&mut self, driven: Driven) {
        let before = std::mem::replace(&mut self.readout.driven, driven);
        let driven = &self.readout.driven;
        let mut refused = Vec::new();
        for row in Hemisphere::ALL {
            let stimulus = driven.lines[LINES + row.index()].map_or(Stimulus::Open, Stimulus::Voltage);
            refused.extend(self.analog.set_stimulus(row, stimulus).err());
        }
        for (branch, line) in
            [(Branch::Causal, ReadoutLine::CadcCausal), (Branch::Acausal, ReadoutLine::CadcAcausal)]
        {
            refused.extend(self.analog.set_cadc_debug_line(branch, driven.lines[line as usize]).err());
        }
        for line in Line::ALL {
            let voltage = driven.debug_line(line);
            for neuron in Neuron::all() {
                let voltage = voltage.filter(|_| self.readout.on_debug_line(neuron, line));
                refused.extend(self.analog.set_debug_line(neuron, line, voltage).err());
            }
        }
        for error in refused {
            self.diagnostics.once(error.to_string());
        }
        let driven = &self.readout.driven;
        let resistances = |driven: &Driven| Line::ALL.map(|line| driven.debug_resistance(line));
        let all = resistances(&before) != resistances(driven);
        for neuron in Neuron::all() {
            let row = neuron.hemisphere().index();
            let moved = before.membrane_current[row] != driven.membrane_current[row];
            let driven = self.unfollowed_line(neuron);
            if all || moved && self.readout.unbuffered(neuron) || driven {
                self.binding.mark_neuron(neuron);
            }
        }
    }

    /// Whether a driven line acts on a neuron that the analog level does not follow there, which somebody should say.
    fn unfollowed_line(&self, neuron: Neuron) -> bool {
        self.options.analog.level == bss2_analog::Level::Linear && self.analog.unfollowed(neuron).is_some()
    }
}

/// Circuits on lines.
#[derive(Clone, Copy, Debug, Default)]
struct Reached {
    /// Membranes by row.
    membranes: [usize; 2],
    /// Synaptic lines by kind.
    lines: [usize; 2],
}
