//! From readout lines to multiplexers, buffers and pads, and the DACs of the board (analog-core 7.2, 7.3; register-map 5.3, 10.1).

use bss2_base::{Hemisphere, Neuron};
use serde::{Deserialize, Serialize};

/// One of the thirteen lines that a readout multiplexer can select, in the order of its bits (register-map 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadoutLine {
    /// Debug line plus: from the pads and the board.
    DebugPlus,
    /// Debug line minus.
    DebugMinus,
    /// Output line of the current DAC.
    CurrentDac,
    /// Debug line of the inhibitory synaptic lines.
    InhibitoryDebug,
    /// Debug line of the excitatory synaptic lines.
    ExcitatoryDebug,
    /// Debug line of the causal CADC channels.
    CadcCausal,
    /// Debug line of the acausal CADC channels.
    CadcAcausal,
    /// Readout of the synapse drivers of the upper half.
    DriversTop,
    /// Readout of the synapse drivers of the lower half.
    DriversBottom,
    /// Neurons of odd columns of the upper row.
    NeuronTopOdd,
    /// Neurons of even columns of the upper row.
    NeuronTopEven,
    /// Neurons of odd columns of the lower row.
    NeuronBottomOdd,
    /// Neurons of even columns of the lower row.
    NeuronBottomEven,
}

impl ReadoutLine {
    /// All, by bit number.
    pub const ALL: [Self; 13] = [
        Self::DebugPlus,
        Self::DebugMinus,
        Self::CurrentDac,
        Self::InhibitoryDebug,
        Self::ExcitatoryDebug,
        Self::CadcCausal,
        Self::CadcAcausal,
        Self::DriversTop,
        Self::DriversBottom,
        Self::NeuronTopOdd,
        Self::NeuronTopEven,
        Self::NeuronBottomOdd,
        Self::NeuronBottomEven,
    ];

    /// The line that a neuron with `enable_readout` drives: one for each row and column parity (analog-core 7.2).
    pub const fn of_neuron(neuron: Neuron) -> Self {
        match (neuron.hemisphere(), neuron.column() % 2) {
            (Hemisphere::Top, 1) => Self::NeuronTopOdd,
            (Hemisphere::Top, _) => Self::NeuronTopEven,
            (Hemisphere::Bottom, 1) => Self::NeuronBottomOdd,
            (Hemisphere::Bottom, _) => Self::NeuronBottomEven,
        }
    }
}

/// The mean of whatever drives a node, `None` if nothing does (analog-core 7.1, 7.3).
pub fn mean(drivers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = drivers.into_iter().fold((0.0, 0u32), |(sum, count), v| (sum + v, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// The two source multiplexers with their pad buffers (ReadoutSourceSelection).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSelection {
    /// By multiplexer: bit = number of the line in [`ReadoutLine::ALL`]. Several lines are connected together.
    pub lines: [u16; 2],
    /// By multiplexer: its pad buffer is on.
    pub buffer: [bool; 2],
}

impl SourceSelection {
    /// One line at multiplexer 0.
    pub const fn single(line: ReadoutLine) -> Self {
        Self { lines: [1 << line as u16, 0], buffer: [false; 2] }
    }

    /// Whether a multiplexer selects a line.
    pub const fn selects(&self, multiplexer: usize, line: ReadoutLine) -> bool {
        self.lines[multiplexer & 1] >> line as u16 & 1 == 1
    }

    /// The voltage in V behind a multiplexer, for voltages of the lines by bit number; `None` if nothing drives it.
    pub fn output(&self, multiplexer: usize, lines: &[Option<f64>; 13]) -> Option<f64> {
        let selected = ReadoutLine::ALL.into_iter().filter(|line| self.selects(multiplexer, *line));
        mean(selected.filter_map(|line| lines[line as usize]))
    }
}

/// What is connected to one of the two analog pads (PadMultiplexerConfig), as far as it carries a voltage of the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PadSelection {
    /// Buffers of the source multiplexers.
    pub buffer: [bool; 2],
    /// Debug line: plus at pad 0, minus at pad 1.
    pub debug: bool,
    /// Stimulation lines of the upper and the lower row, if `stimulation_to_pad` is set as well.
    pub stimulation: [bool; 2],
    /// `neuron_i_stim_mux_to_pad`.
    pub stimulation_to_pad: bool,
    /// Causal, acausal CADC and inhibitory, excitatory synaptic debug line, if `synapse_to_pad` is set as well.
    pub synapse: [bool; 4],
    /// `synapse_mux_to_pad`.
    pub synapse_to_pad: bool,
}

impl PadSelection {
    /// The voltage in V at pad `pad` (0 or 1), `None` if nothing drives it: given the multiplexers, the lines by bit number, and the
    /// stimulation lines by row.
    pub fn voltage(
        &self,
        pad: usize,
        sources: &SourceSelection,
        lines: &[Option<f64>; 13],
        stimulation: &[Option<f64>; 2],
    ) -> Option<f64> {
        let mut drivers = Vec::new();
        for multiplexer in [0, 1] {
            if self.buffer[multiplexer] && sources.buffer[multiplexer] {
                drivers.extend(sources.output(multiplexer, lines));
            }
        }
        let debug = if pad == 0 { ReadoutLine::DebugPlus } else { ReadoutLine::DebugMinus };
        if self.debug {
            drivers.extend(lines[debug as usize]);
        }
        for (selected, voltage) in self.stimulation.iter().zip(stimulation) {
            if *selected && self.stimulation_to_pad {
                drivers.extend(*voltage);
            }
        }
        let synapse = [
            ReadoutLine::CadcCausal,
            ReadoutLine::CadcAcausal,
            ReadoutLine::InhibitoryDebug,
            ReadoutLine::ExcitatoryDebug,
        ];
        for (selected, line) in self.synapse.into_iter().zip(synapse) {
            if selected && self.synapse_to_pad {
                drivers.extend(lines[line as usize]);
            }
        }
        mean(drivers)
    }
}

/// The test current of the readout: 8 bits, 1 uA at full scale (analog-core 7.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentDac {
    /// 0..=255.
    pub code: u8,
    /// Whether the current is on.
    pub enable: bool,
    /// Sink instead of source.
    pub sink: bool,
}

impl CurrentDac {
    /// The current in A, positive out of the DAC.
    pub fn current(&self) -> f64 {
        let magnitude = if self.enable { f64::from(self.code) / 255.0 * 1e-6 } else { 0.0 };
        if self.sink { -magnitude } else { magnitude }
    }
}

/// A channel of a board DAC: 12 bits (register-map 10.1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardDac {
    /// 0..=4095.
    code: u16,
    /// Voltage in V of code 4095: 2.5 V or 1.2 V by channel. The specification says "12-bit full scale"; whether that is code 4095 or
    /// 4096 it doesn't.
    full_scale: f64,
}

/// A voltage that a board DAC can't make.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("board DAC: {voltage:e} V is outside of 0 to {full_scale:e} V")]
pub struct BoardDacError {
    /// What was asked for, in V.
    pub voltage: f64,
    /// The largest voltage in V.
    pub full_scale: f64,
}

impl BoardDac {
    /// Codes of a channel.
    const CODES: f64 = 4095.0;

    /// A channel with this code, of which 12 bits count.
    pub const fn new(code: u16, full_scale: f64) -> Self {
        Self { code: code & 0xfff, full_scale }
    }

    /// The code nearest to a voltage in V.
    ///
    /// # Errors
    /// A voltage outside of the range, or a full scale that is not positive.
    pub fn for_voltage(voltage: f64, full_scale: f64) -> Result<Self, BoardDacError> {
        if !(full_scale > 0.0 && full_scale.is_finite() && voltage >= 0.0 && voltage <= full_scale) {
            return Err(BoardDacError { voltage, full_scale });
        }
        Ok(Self::new((voltage / full_scale * Self::CODES).round() as u16, full_scale))
    }

    /// The output in V.
    pub fn voltage(&self) -> f64 {
        f64::from(self.code) / Self::CODES * self.full_scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_on_a_multiplexer_average_and_none_floats() {
        let mut lines = [None; 13];
        lines[ReadoutLine::DebugPlus as usize] = Some(0.2);
        lines[ReadoutLine::NeuronTopOdd as usize] = Some(0.6);
        let mut selection = SourceSelection::single(ReadoutLine::DebugPlus);
        assert_eq!(selection.output(0, &lines), Some(0.2));
        assert_eq!(selection.output(1, &lines), None);
        selection.lines[0] |= 1 << ReadoutLine::NeuronTopOdd as u16 | 1 << ReadoutLine::CurrentDac as u16;
        assert_eq!(selection.output(0, &lines), Some(0.4));
    }

    #[test]
    fn neurons_drive_the_line_of_their_row_and_parity() {
        let line = |hemisphere, column| ReadoutLine::of_neuron(Neuron::new(hemisphere, column)) as usize;
        assert_eq!([line(Hemisphere::Top, 5), line(Hemisphere::Top, 4)], [9, 10]);
        assert_eq!([line(Hemisphere::Bottom, 255), line(Hemisphere::Bottom, 0)], [11, 12]);
    }

    #[test]
    fn a_pad_shows_what_its_switches_connect() {
        let mut lines = [None; 13];
        lines[ReadoutLine::DebugPlus as usize] = Some(0.3);
        lines[ReadoutLine::DebugMinus as usize] = Some(0.5);
        lines[ReadoutLine::ExcitatoryDebug as usize] = Some(1.2);
        let mut sources = SourceSelection::single(ReadoutLine::DebugMinus);
        let shown = |pad: PadSelection, number, sources: &SourceSelection| {
            pad.voltage(number, sources, &lines, &[Some(0.7), None])
        };
        let buffered = PadSelection { buffer: [true, false], ..PadSelection::default() };
        assert_eq!(shown(buffered, 0, &sources), None, "the buffer is off");
        sources.buffer[0] = true;
        assert_eq!(shown(buffered, 0, &sources), Some(0.5));
        let debug = PadSelection { debug: true, ..PadSelection::default() };
        assert_eq!([0, 1].map(|pad| shown(debug, pad, &sources)), [Some(0.3), Some(0.5)]);
        let mut stimulation = PadSelection { stimulation: [true, true], ..PadSelection::default() };
        assert_eq!(shown(stimulation, 0, &sources), None);
        stimulation.stimulation_to_pad = true;
        assert_eq!(shown(stimulation, 0, &sources), Some(0.7));
        let synapse = PadSelection {
            synapse: [false, false, false, true],
            synapse_to_pad: true,
            ..PadSelection::default()
        };
        assert_eq!(shown(synapse, 1, &sources), Some(1.2));
    }

    #[test]
    fn board_dacs_refuse_what_they_cannot_make() {
        assert_eq!(BoardDac::new(4095, 1.2).voltage(), 1.2);
        assert!((BoardDac::for_voltage(0.9, 1.2).unwrap().voltage() - 0.9).abs() < 0.15e-3);
        for (voltage, full_scale) in [(1.3, 1.2), (-0.1, 1.2), (f64::NAN, 1.2), (0.5, f64::NAN), (0.0, 0.0)] {
            assert!(BoardDac::for_voltage(voltage, full_scale).is_err());
        }
    }

    #[test]
    fn the_current_dac_reaches_a_microampere_in_both_directions() {
        let dac = CurrentDac { code: 255, enable: true, sink: false };
        assert_eq!(dac.current(), 1e-6);
        assert_eq!(CurrentDac { sink: true, ..dac }.current(), -1e-6);
        assert_eq!(CurrentDac { enable: false, ..dac }.current(), 0.0);
    }
}
