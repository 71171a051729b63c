//! The laboratory table: a chip behind a connection, brought up and with the neurons wired to the ADC.

use bss2_base::{COLUMNS, Column, Hemisphere, NEURONS, Neuron, Quadrant, SimTime};
use bss2_host::connection::{Connection, ConnectionError};
use bss2_host::playback::{BuildError, Program, ProgramBuilder, ReadTicket, Timeline, startup_program};
use bss2_host::recording::{Incomplete, MissingResponse, Results};
use bss2_host::registers::capmem::{NeuronParameter, SharedParameter};
use bss2_host::registers::neuron::{NeuronBackendConfig, NeuronConfig};
use bss2_host::registers::{Block, Register, TypedBlock, cadc, coordinates, default_chip};
use bss2_host::synapse_array::column_of_quad;
use thiserror::Error;

/// Waiting time after writing analog cells: all settle to below a code within it (calibration 0.2).
pub const SETTLING: SimTime = SimTime::from_ms(20);

/// Why a measurement came to nothing.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The program could not be written.
    #[error("writing a program: {0}")]
    Build(#[from] BuildError),
    /// The program could not be run.
    #[error("running a program: {0}")]
    Connection(#[from] ConnectionError),
    /// The program did not come to its end.
    #[error("a program was not finished: {0}")]
    Incomplete(#[from] Incomplete),
    /// An answer is missing.
    #[error("an answer is missing: {0}")]
    Missing(#[from] MissingResponse),
}

/// A chip behind a connection.
pub struct Bench<'c> {
    connection: &'c mut dyn Connection,
}

impl<'c> Bench<'c> {
    /// The chip behind `connection`, as it is.
    pub fn new(connection: &'c mut dyn Connection) -> Self {
        Self { connection }
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// [`BenchError::Incomplete`] if the program was cancelled or ran into a timeout.
    pub fn run(&mut self, program: &Program) -> Result<Results, BenchError> {
        Ok(self.connection.run(program)?.complete()?)
    }

    /// Writes a program with `write` and runs it.
    ///
    /// # Errors
    /// As [`Bench::run`], and mistakes in writing the program.
    pub fn with<T>(
        &mut self,
        write: impl FnOnce(&mut ProgramBuilder) -> T,
    ) -> Result<(Results, T), BenchError> {
        let mut builder = ProgramBuilder::new();
        let value = write(&mut builder);
        Ok((self.run(&builder.finish()?)?, value))
    }

    /// Start-up, the complete default chip (settled 10), the ADC and the common settings of all experiments, then
    /// [`SETTLING`].
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn bring_up(&mut self) -> Result<(), BenchError> {
        self.run(&startup_program())?;
        self.with(|program| {
            program.write_all(default_chip());
            for hemisphere in 0..2 {
                write(program, hemisphere, &cadc::CADCConfig { enable: true, ..Default::default() });
            }
            program.barrier_omnibus().wait(SETTLING);
        })?;
        Ok(())
    }

    /// Reads the membranes of all 512 neurons `samples` times and averages, in codes of their causal ADC channel.
    ///
    /// The neurons must be connected to it: readout amplifier on, columns connected by [`connect_columns`].
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn membranes(&mut self, samples: usize) -> Result<Vec<f64>, BenchError> {
        let (results, tickets) = self.with(|program| {
            let mut tickets = Vec::new();
            for _ in 0..samples {
                tickets.extend(read_membranes(program));
                // Apart by more than the correlation time of the noise.
                program.barrier_omnibus().wait(SimTime::from_us(20));
            }
            tickets
        })?;
        let mut sums = vec![0.0; NEURONS];
        add_membranes(&results, &tickets, &mut sums)?;
        Ok(sums.into_iter().map(|sum| sum / samples as f64).collect())
    }

    /// As [`Bench::membranes`], while spikes with this label come in regularly. The samples fall on different phases of the
    /// train.
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn membranes_under_train(
        &mut self,
        label: u16,
        interval: SimTime,
        samples: usize,
    ) -> Result<Vec<f64>, BenchError> {
        let mut sums = vec![0.0; NEURONS];
        for sample in 0..samples {
            // Long enough for every time constant of a neuron to have settled.
            let phase = interval.as_ps() * sample as u64 / samples as u64;
            let end = SimTime::from_us(150) + SimTime::from_ps(phase);
            let mut timeline = Timeline::new();
            let spikes = end.as_ps() / interval.as_ps();
            timeline.spike_train((0..spikes).map(|k| SimTime::from_ps(k * interval.as_ps())), label);
            timeline.end(end);
            let (results, tickets) = self.with(|program| {
                program.play(&timeline);
                read_membranes(program)
            })?;
            add_membranes(&results, &tickets, &mut sums)?;
        }
        Ok(sums.into_iter().map(|sum| sum / samples as f64).collect())
    }

    /// Clears the spike counters of these neurons, waits, and reads them: at most 255 each, 256 for an overflow.
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn spike_counts(&mut self, neurons: &[Neuron], span: SimTime) -> Result<Vec<u32>, BenchError> {
        let address = |block, neuron: Neuron| {
            Register { block, instance: coordinates::neuron_backend(neuron), word: 0 }
                .address()
                .expect("every neuron has a spike counter")
        };
        let (results, ticket) = self.with(|program| {
            for &neuron in neurons {
                program.write(address(Block::SpikeCounterReset, neuron), 0);
            }
            program.barrier_omnibus().wait(span);
            program.read_all(neurons.iter().map(|&neuron| address(Block::SpikeCounterRead, neuron)))
        })?;
        Ok(results
            .words(ticket)?
            .iter()
            .map(|word| if word >> 8 & 1 == 1 { 256 } else { word & 0xff })
            .collect())
    }
}

/// One conversion of all causal channels of both hemispheres.
fn read_membranes(program: &mut ProgramBuilder) -> Vec<(Hemisphere, ReadTicket)> {
    let mut tickets = Vec::new();
    for hemisphere in Hemisphere::ALL {
        // The first read starts a conversion of all channels, the others fetch its results.
        program.read(sample_address(hemisphere, false, 0));
        tickets
            .push((hemisphere, program.read_all((0..64).map(|quad| sample_address(hemisphere, true, quad)))));
    }
    tickets
}

/// Adds the codes of conversions to the sums of their neurons.
fn add_membranes(
    results: &Results,
    tickets: &[(Hemisphere, ReadTicket)],
    sums: &mut [f64],
) -> Result<(), MissingResponse> {
    for &(hemisphere, ticket) in tickets {
        for (quad, &word) in (0..64).zip(results.words(ticket)?) {
            for (entry, code) in (0..4).zip(word.to_be_bytes()) {
                sums[Neuron::new(hemisphere, column_of_quad(quad, entry)).index()] += f64::from(code);
            }
        }
    }
    Ok(())
}

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
    write(program, instance, &bss2_host::registers::capmem::CapMemCell { value: code });
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
    write(program, instance, &bss2_host::registers::capmem::CapMemCell { value: code });
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

/// Address of four ADC results of the causal channels (register-map 5.10).
const fn sample_address(hemisphere: Hemisphere, buffered: bool, quad: u32) -> u32 {
    let base = match hemisphere {
        Hemisphere::Top => 0x02c8_0000,
        Hemisphere::Bottom => 0x03c8_0000,
    };
    base + 0x20_0000 * buffered as u32 + quad
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
