//! Typed writes on a playback program: register blocks, neurons, analog cells, synapse rows, column switches, board voltages.

use bss2_base::{COLUMNS, Column, Hemisphere, Neuron, Quadrant, SimTime};
use bss2_host::playback::{ProgramBuilder, ReadTicket};
use bss2_host::recording::{MissingResponse, Results};
use bss2_host::registers::capmem::{CapMemCell, NeuronParameter, SharedParameter};
use bss2_host::registers::neuron::{NeuronBackendConfig, NeuronConfig};
use bss2_host::registers::{Register, TypedBlock, coordinates};
use bss2_host::synapse_array::column_of_quad;

/// Waiting time after writing analog cells: all settle to below a code within it (calibration 0.2).
pub const SETTLING: SimTime = SimTime::from_ms(20);

/// Writes all words of an instance of a block.
pub fn write<T: TypedBlock>(program: &mut ProgramBuilder, instance: u32, values: &T) {
    for (word, &value) in (0..).zip(values.to_words().as_ref()) {
        let register = Register { block: T::BLOCK, instance, word };
        if let Some(address) = register.address() {
            program.write(address, value);
        }
    }
}

/// Writes the two configurations of a neuron circuit.
pub fn write_neuron(
    program: &mut ProgramBuilder,
    neuron: Neuron,
    config: &NeuronConfig,
    backend: &NeuronBackendConfig,
) {
    write(program, coordinates::neuron_config(neuron), config);
    write(program, coordinates::neuron_backend(neuron), backend);
}

/// The address that a neuron's spikes carry after the calibrations of this crate. 32 columns of both hemispheres share an
/// event output, which is the upper part of the label, so this makes all 512 labels different (event-routing 9.1).
pub const fn neuron_address(neuron: Neuron) -> u8 {
    neuron.column() % 32 + 32 * neuron.hemisphere() as u8
}

/// The neuron that sent a spike with this label to the host; `None` if no neuron has it.
pub const fn neuron_of_label(label: u16) -> Option<Neuron> {
    let (output, address) = (label >> 8 & 0x3f, label as u8);
    if output > 7 || address > 63 || label >> 14 != output % 4 {
        return None;
    }
    let hemisphere = Hemisphere::from_index(address as usize / 32);
    Some(Neuron::new(hemisphere, 32 * output as u8 + address % 32))
}

/// Writes an analog cell of a neuron; it needs [`SETTLING`] to get there.
pub fn write_cell(program: &mut ProgramBuilder, neuron: Neuron, parameter: NeuronParameter, code: u16) {
    let instance = coordinates::capmem_cell(neuron.quadrant(), parameter.row(), neuron.column() % 128);
    write(program, instance, &CapMemCell { value: code });
}

/// Writes a shared analog cell of all quadrants that have it.
pub fn write_shared_cell(program: &mut ProgramBuilder, parameter: SharedParameter, code: u16) {
    for &quadrant in parameter.blocks() {
        write_shared_cell_of(program, quadrant, parameter, code);
    }
}

/// Writes a shared analog cell of one quadrant.
pub fn write_shared_cell_of(
    program: &mut ProgramBuilder,
    quadrant: Quadrant,
    parameter: SharedParameter,
    code: u16,
) {
    let (column, row) = parameter.place();
    let instance = coordinates::capmem_cell(quadrant, row, column);
    write(program, instance, &CapMemCell { value: code });
}

/// A voltage that the board provides to the correlation sensors (register-map 10.1, settled 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardVoltage {
    /// `v_res_meas`: sets the amplitude of all sensors; 0.9 V is nominal.
    ResMeas,
    /// `mux_dac_25`: what the accumulation capacitors are reset to, and so the reading without correlation; 1.85 V is
    /// nominal.
    CorrelationReset,
}

/// Sets a channel of the board's voltage converters. The start-up leaves both at 0 V, which switches the correlation sensors
/// off. `volts` is limited to what the converter reaches: 1.2 V and 2.5 V.
pub fn set_board_voltage(program: &mut ProgramBuilder, voltage: BoardVoltage, volts: f64) {
    let (channel, full_scale) = match voltage {
        BoardVoltage::ResMeas => (1_u16, 1.2),
        BoardVoltage::CorrelationReset => (7, 2.5),
    };
    let code = (volts / full_scale * 4096.0).round().clamp(0.0, 4095.0) as u16;
    // The data, then "load once".
    program.spi_frame(2, &(channel << 12 | code).to_be_bytes()).spi_frame(2, &[0xa0, 0x02]);
}

/// What the two ADC channels of every column see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnReadout {
    /// The neurons' readout amplifiers.
    Neurons,
    /// The correlation sensors.
    Correlation,
}

/// Connects the ADC channels of all columns, and all columns' synaptic currents to their neurons (register-map 6.3).
pub fn connect_columns(program: &mut ProgramBuilder, readout: ColumnReadout) {
    let (neurons, correlation) = match readout {
        ColumnReadout::Neurons => (0x2020_2020, 0),
        ColumnReadout::Correlation => (0, 0xc0c0_c0c0),
    };
    for array in [0x02c0_0000, 0x03c0_0000] {
        for quad in 0..64 {
            program.write(array + 0x0_4000 + quad, neurons);
            program.write(array + 0x4_4000 + quad, neurons);
            program.write(array + 0x1_4000 + quad, 0x0303_0303);
            program.write(array + 0xf_8080 + quad, correlation);
        }
    }
}

/// Writes one of the properties of all synapses of a row.
pub fn write_row(
    program: &mut ProgramBuilder,
    hemisphere: Hemisphere,
    row: u8,
    view: RowView,
    value: impl Fn(Column) -> u8,
) {
    for quad in 0..64 {
        let bytes = std::array::from_fn(|entry| view.stored(value(column_of_quad(quad, entry as u8))));
        program.write(view.address(hemisphere, row, quad), u32::from_be_bytes(bytes));
    }
}

/// Reads a synapse row; [`row_values`] makes sense of the answer.
pub fn read_row(program: &mut ProgramBuilder, hemisphere: Hemisphere, row: u8, view: RowView) -> ReadTicket {
    program.read_block(view.address(hemisphere, row, 0), 64)
}

/// The property of all synapses of a row, by column, out of the answer to [`read_row`].
///
/// # Errors
/// [`MissingResponse`] if the program ended too early.
pub fn row_values(
    results: &Results,
    ticket: ReadTicket,
    view: RowView,
) -> Result<[u8; COLUMNS], MissingResponse> {
    let mut values = [0; COLUMNS];
    for (quad, &word) in (0..).zip(results.words(ticket)?) {
        for (entry, byte) in (0..).zip(word.to_be_bytes()) {
            // Putting a weight's bits in order undoes itself.
            values[usize::from(column_of_quad(quad, entry))] = view.stored(byte);
        }
    }
    Ok(values)
}

/// What of a synapse row is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowView {
    /// 6-bit weights.
    Weights,
    /// 6-bit labels.
    Labels,
    /// 2-bit corrections of the correlation sensors' time constants: more is shorter.
    TimeCalibration,
    /// 2-bit corrections of the correlation sensors' amplitudes: more is smaller.
    AmplitudeCalibration,
}

impl RowView {
    fn address(self, hemisphere: Hemisphere, row: u8, quad: u8) -> u32 {
        let array = match hemisphere {
            Hemisphere::Top => 0x02c0_0000,
            Hemisphere::Bottom => 0x03c0_0000,
        };
        let view = match self {
            Self::Weights => 0,
            Self::TimeCalibration => 0x1_0000,
            Self::AmplitudeCalibration => 0x2_0000,
            Self::Labels => 0x4_0000,
        };
        array + view + 64 * u32::from(row) + u32::from(quad)
    }

    /// A weight lies in the memory with its bits in another order.
    fn stored(self, logical: u8) -> u8 {
        match self {
            Self::Weights => bss2_host::registers::permute_weight(logical & 0x3f),
            Self::Labels => logical & 0x3f,
            Self::TimeCalibration | Self::AmplitudeCalibration => logical & 3,
        }
    }
}
