//! The memory of the synapse array of one hemisphere, with all its views (register-map 6).
//!
//! 516 raw SRAM rows of 256 bytes: rows `2y` and `2y + 1` hold synapse row `y`, rows 512..=515 the switches
//! of the columns. What the bus calls views are windows on the bits of these bytes:
//!
//! | raw row | bits 7..6 | bits 5..0 |
//! |---|---|---|
//! | 2y | time calibration | weight, permuted |
//! | 2y + 1 | amplitude calibration | label |
//! | 512 | excitatory (6), inhibitory (7) current to neuron | bit 5: neuron readout to causal CADC |
//! | 513 | excitatory (6), inhibitory (7) line to debug | bit 5: neuron readout to acausal CADC |
//! | 514 | causal (6), acausal (7) line to CADC | |
//! | 515 | causal (6), acausal (7) line to debug | |
//!
//! There are two ports. The Omnibus moves a *quad*, four bytes of one column parity; a plasticity processor a
//! *vector*, all 128 of one parity. Both reach the same cells, but a weight is permuted on the Omnibus and
//! logical in a vector (register-map 6.2).
//!
//! This is storage alone. Reads and writes that start something (conversion, correlation reset, neuron reset,
//! random numbers) are decoded to an [`ArrayAccess`] for whoever runs the array.

use bss2_base::{COLUMNS, Column, Hemisphere, ROWS, Row};
use serde::{Deserialize, Serialize};

use crate::registers::coordinates::CadcChannelType;
use crate::registers::{Steps, permute_weight, synapse_memory::SynapseWeightQuad};

/// Raw SRAM rows of a hemisphere.
pub const RAW_ROWS: usize = 2 * VIEW_ROWS;
/// Rows in the views of weights, labels and calibration bits: the synapse rows and two of column switches.
pub const VIEW_ROWS: usize = ROWS + 2;
/// Row of the views behind the synapse rows: column switches, and neurons instead of correlation sensors for
/// resets.
pub const SWITCH_ROW: u16 = ROWS as u16;
/// Bytes of a vector: the columns of one parity.
pub const LANES: usize = COLUMNS / 2;

/// Cells of one column parity: byte `v` belongs to column `2v + parity`.
pub type Vector = [u8; LANES];

/// Hemisphere and offset in the synapse array region of an Omnibus address; `None` outside (register-map
/// 6.1).
pub const fn region_offset(address: u32) -> Option<(Hemisphere, u32)> {
    const OFFSET: u32 = (1 << 22) - 1;
    const BASES: &[u32] = match SynapseWeightQuad::DESCRIPTION.axes[0].steps {
        Steps::Table(bases) => bases,
        Steps::Stride { .. } => &[],
    };
    let hemisphere = match address & !OFFSET {
        base if base == BASES[0] => Hemisphere::Top,
        base if base == BASES[1] => Hemisphere::Bottom,
        _ => return None,
    };
    Some((hemisphere, address & OFFSET))
}

/// A window on some bits of the cells (register-map 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum View {
    /// Bits 5..0 of raw row `2 * row`.
    Weight,
    /// Bits 7..6 of raw row `2 * row` as bits 1..0 (libnux: `config_even`).
    TimeCalibration,
    /// Bits 7..6 of raw row `2 * row + 1` as bits 1..0 (libnux: `config_odd`).
    AmplitudeCalibration,
    /// Bits 5..0 of raw row `2 * row + 1`.
    Label,
    /// All bits of raw row `row`.
    Raw,
}

impl View {
    /// The raw row behind row `row` of the view; `None` beyond the last.
    const fn raw_row(self, row: u16) -> Option<usize> {
        let row = row as usize;
        let (raw_row, rows) = match self {
            Self::Weight | Self::TimeCalibration => (2 * row, VIEW_ROWS),
            Self::AmplitudeCalibration | Self::Label => (2 * row + 1, VIEW_ROWS),
            Self::Raw => (row, RAW_ROWS),
        };
        if row < rows { Some(raw_row) } else { None }
    }

    /// The bits of a cell that the view shows, and how far they are shifted to the right.
    const fn bits(self) -> (u8, u32) {
        match self {
            Self::Weight | Self::Label => (0x3f, 0),
            Self::TimeCalibration | Self::AmplitudeCalibration => (0xc0, 6),
            Self::Raw => (0xff, 0),
        }
    }
}

/// Whether a bus access reads or writes; some views mean different things then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The array answers.
    Read,
    /// The array receives.
    Write,
}

/// How a reset learns which columns it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetPayload {
    /// By the bits of each enabled byte: bit 0 causal sensor, bit 1 acausal sensor or neuron; 0 = nothing
    /// (view 8).
    Bits,
    /// Every enabled byte, both sensors, whatever its value (view 9).
    Ignored,
}

impl ResetPayload {
    /// Whether a byte asks for a reset of the causal sensor.
    pub const fn resets_causal(self, byte: u8) -> bool {
        matches!(self, Self::Ignored) || byte & 1 != 0
    }

    /// Whether a byte asks for a reset of the acausal sensor, in row 256 of the neuron.
    pub const fn resets_acausal_or_neuron(self, byte: u8) -> bool {
        matches!(self, Self::Ignored) || byte & 2 != 0
    }
}

/// What an access to the region means (register-map 6.1; settled: payloads 1, 2; views c and d as 8 and 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ArrayAccess {
    /// Memory cells: [`SynapseArray`] serves it.
    Cells {
        /// Through which window.
        view: View,
        /// Row of the view (the raw row for [`View::Raw`]), which exists.
        row: u16,
    },
    /// Read of CADC results.
    Cadc {
        /// Which channel of the columns.
        channel: CadcChannelType,
        /// Row whose sensors are connected for the conversion; 256 and above: no synapse row.
        row: u16,
        /// Return the results of the last conversion instead of starting one.
        buffered: bool,
    },
    /// Write that resets correlation sensors of a row.
    CorrelationReset {
        /// Synapse row.
        row: Row,
        /// Which of them.
        payload: ResetPayload,
    },
    /// Write that makes neurons of the hemisphere spike artificially.
    NeuronReset {
        /// Which of them.
        payload: ResetPayload,
    },
    /// The random generators: a read draws, a write seeds. Vector port only.
    RandomGenerator,
    /// Nothing there, or nothing known: reads 0, ignores writes. To be logged.
    Unmapped,
}

impl ArrayAccess {
    /// Meaning and quad (0..=63) of an Omnibus access, by its offset in the region.
    pub const fn of_quad(offset: u32, direction: Direction) -> (Self, u8) {
        let row = (offset >> 6 & 0x3ff) as u16;
        let access = match Self::decode(offset, row, direction) {
            Self::RandomGenerator => Self::Unmapped,
            access => access,
        };
        (access, (offset & 0x3f) as u8)
    }

    /// Meaning and column parity of a vector access, by its vector address: view in bits 21..16, row in bits
    /// 10..1, parity in bit 0; bits 15..11 and 22..30 are ignored (register-map 6.4). Addresses with bit 31
    /// set are FPGA memory and not for the array.
    pub const fn of_vector(address: u32, direction: Direction) -> (Self, u8) {
        let row = (address >> 1 & 0x3ff) as u16;
        (Self::decode(address, row, direction), (address & 1) as u8)
    }

    const fn decode(offset: u32, row: u16, direction: Direction) -> Self {
        let view = match offset >> 16 & 0xf {
            0x0 => View::Weight,
            0x1 => View::TimeCalibration,
            0x2 => View::AmplitudeCalibration,
            0x4 => View::Label,
            0xf => View::Raw,
            select @ (0x8 | 0x9 | 0xc | 0xd) => return Self::sensors(select, offset, row, direction),
            0xe if row == 0 => return Self::RandomGenerator,
            _ => return Self::Unmapped,
        };
        if view.raw_row(row).is_some() { Self::Cells { view, row } } else { Self::Unmapped }
    }

    const fn sensors(select: u32, offset: u32, row: u16, direction: Direction) -> Self {
        let payload = if select & 1 == 0 { ResetPayload::Bits } else { ResetPayload::Ignored };
        match direction {
            Direction::Read if select & 1 == 1 => Self::Unmapped,
            Direction::Read => {
                let channel = if select == 0x8 { CadcChannelType::Causal } else { CadcChannelType::Acausal };
                Self::Cadc { channel, row, buffered: offset >> 21 & 1 == 1 }
            }
            Direction::Write if row < ROWS as u16 => Self::CorrelationReset { row: row as Row, payload },
            Direction::Write if row == SWITCH_ROW => Self::NeuronReset { payload },
            Direction::Write => Self::Unmapped,
        }
    }
}

/// The column of entry `entry` (0..=3) of quad `quad` (0..=63) (register-map 4).
pub const fn column_of_quad(quad: u8, entry: u8) -> Column {
    8 * (quad % 32) + 2 * entry + quad / 32
}

/// Quad and entry of a column; the inverse of [`column_of_quad`].
pub const fn quad_of_column(column: Column) -> (u8, u8) {
    (32 * (column % 2) + column / 8, column / 2 % 4)
}

/// The bytes of a quad word in the order of its entries: entry 0 is the most significant.
pub const fn quad_bytes(word: u32) -> [u8; 4] {
    word.to_be_bytes()
}

/// Byte enables of a quad (bit i: data bits 8i+7..8i) as one flag for each entry.
pub const fn quad_entries_enabled(byte_enables: u8) -> [bool; 4] {
    [byte_enables & 8 != 0, byte_enables & 4 != 0, byte_enables & 2 != 0, byte_enables & 1 != 0]
}

/// The switches of a column (register-map 6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ColumnSwitches {
    /// Excitatory synapse line to the neuron.
    pub current_excitatory: bool,
    /// Inhibitory synapse line to the neuron.
    pub current_inhibitory: bool,
    /// Excitatory synapse line to the debug line.
    pub debug_excitatory: bool,
    /// Inhibitory synapse line to the debug line.
    pub debug_inhibitory: bool,
    /// Causal correlation line to its CADC channel.
    pub internal_causal: bool,
    /// Acausal correlation line to its CADC channel.
    pub internal_acausal: bool,
    /// Causal correlation line to the debug line.
    pub debug_causal: bool,
    /// Acausal correlation line to the debug line.
    pub debug_acausal: bool,
    /// Neuron readout to the causal CADC channel.
    pub neuron_causal: bool,
    /// Neuron readout to the acausal CADC channel.
    pub neuron_acausal: bool,
}

/// All cells of the synapse array of one hemisphere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct SynapseArray {
    /// Raw rows one after the other; in a row first the even, then the odd columns, the order of quads and
    /// vectors.
    cells: Vec<[Vector; 2]>,
    /// One bit for each raw row that changed.
    dirty: [u64; RAW_ROWS.div_ceil(64)],
}

impl Default for SynapseArray {
    fn default() -> Self {
        Self::new()
    }
}

impl SynapseArray {
    /// All cells 0 (register-map 13).
    pub fn new() -> Self {
        Self { cells: vec![[[0; LANES]; 2]; RAW_ROWS], dirty: [0; RAW_ROWS.div_ceil(64)] }
    }

    /// A quad through a view; cells that are not in the view read 0. Rows beyond the view read 0.
    pub fn read_quad(&self, view: View, row: u16, quad: u8) -> u32 {
        let Some(raw_row) = view.raw_row(row) else { return 0 };
        let (mask, shift) = view.bits();
        let (parity, lane) = (usize::from(quad / 32 % 2), 4 * usize::from(quad % 32));
        let bytes = &self.cells[raw_row][parity][lane..lane + 4];
        let word = bytes.iter().fold(0, |word, &cell| word << 8 | u32::from(cell));
        word >> shift & u32::from_be_bytes([mask >> shift; 4])
    }

    /// Writes a quad through a view: bits outside the view and bytes that are not enabled keep their value.
    /// Without effect beyond the last row of the view.
    pub fn write_quad(&mut self, view: View, row: u16, quad: u8, word: u32, byte_enables: u8) {
        let Some(raw_row) = view.raw_row(row) else { return };
        let (mask, shift) = view.bits();
        let (parity, lane) = (usize::from(quad / 32 % 2), 4 * usize::from(quad % 32));
        let cells = &mut self.cells[raw_row][parity][lane..lane + 4];
        let mut changed = false;
        for ((cell, byte), enabled) in
            cells.iter_mut().zip(quad_bytes(word)).zip(quad_entries_enabled(byte_enables))
        {
            if enabled {
                let value = *cell & !mask | byte << shift & mask;
                changed |= std::mem::replace(cell, value) != value;
            }
        }
        self.mark(raw_row, changed);
    }

    /// A vector through a view: lane `v` is column `2v + parity`; weights are logical. Rows beyond the view
    /// read 0.
    pub fn read_vector(&self, view: View, row: u16, parity: u8) -> Vector {
        let Some(raw_row) = view.raw_row(row) else { return [0; LANES] };
        let (mask, shift) = view.bits();
        let cells = &self.cells[raw_row][usize::from(parity & 1)];
        match view {
            View::Weight => cells.map(|cell| permute_weight(cell & mask)),
            _ => cells.map(|cell| (cell & mask) >> shift),
        }
    }

    /// Writes the lanes of a vector whose bit in `lanes` is set through a view: bits outside the view keep
    /// their value. Weights are logical. Without effect beyond the last row of the view.
    pub fn write_vector(&mut self, view: View, row: u16, parity: u8, vector: &Vector, lanes: u128) {
        let Some(raw_row) = view.raw_row(row) else { return };
        let (mask, shift) = view.bits();
        let cells = &mut self.cells[raw_row][usize::from(parity & 1)];
        let before = *cells;
        for (lane, (cell, &byte)) in cells.iter_mut().zip(vector).enumerate() {
            let bits = if view == View::Weight { permute_weight(byte) } else { byte << shift };
            let mask = if lanes >> lane & 1 == 1 { mask } else { 0 };
            *cell = *cell & !mask | bits & mask;
        }
        let changed = *cells != before;
        self.mark(raw_row, changed);
    }

    /// The raw byte of a cell; 0 beyond the last raw row.
    pub fn raw(&self, raw_row: u16, column: Column) -> u8 {
        let (parity, lane) = place(column);
        self.cells.get(usize::from(raw_row)).map_or(0, |row| row[parity][lane])
    }

    /// Logical weight of a synapse, 0..=63.
    pub fn weight(&self, row: Row, column: Column) -> u8 {
        permute_weight(self.raw(2 * u16::from(row), column) & 0x3f)
    }

    /// Sets the logical weight of a synapse; higher bits are lost.
    pub fn set_weight(&mut self, row: Row, column: Column, weight: u8) {
        self.set_bits(2 * usize::from(row), column, 0x3f, permute_weight(weight));
    }

    /// Label of a synapse, 0..=63.
    pub fn label(&self, row: Row, column: Column) -> u8 {
        self.raw(2 * u16::from(row) + 1, column) & 0x3f
    }

    /// Sets the label of a synapse; higher bits are lost.
    pub fn set_label(&mut self, row: Row, column: Column, label: u8) {
        self.set_bits(2 * usize::from(row) + 1, column, 0x3f, label);
    }

    /// Logical weights of a row by column, 0..=63 each.
    pub fn weights(&self, row: Row) -> [u8; COLUMNS] {
        self.by_column(2 * usize::from(row), |cell| permute_weight(cell & 0x3f))
    }

    /// Labels of a row by column, 0..=63 each.
    pub fn labels(&self, row: Row) -> [u8; COLUMNS] {
        self.by_column(2 * usize::from(row) + 1, |cell| cell & 0x3f)
    }

    /// Time constant calibration of the sensors of a row by column, 0..=3; more set bits = shorter.
    pub fn time_calibrations(&self, row: Row) -> [u8; COLUMNS] {
        self.by_column(2 * usize::from(row), |cell| cell >> 6)
    }

    /// Amplitude calibration of the sensors of a row by column, 0..=3; more set bits = smaller.
    pub fn amplitude_calibrations(&self, row: Row) -> [u8; COLUMNS] {
        self.by_column(2 * usize::from(row) + 1, |cell| cell >> 6)
    }

    /// The switches of a column.
    pub fn column_switches(&self, column: Column) -> ColumnSwitches {
        let (parity, lane) = place(column);
        let bit =
            |switch_row: usize, bit: u32| self.cells[2 * ROWS + switch_row][parity][lane] >> bit & 1 == 1;
        ColumnSwitches {
            neuron_causal: bit(0, 5),
            current_excitatory: bit(0, 6),
            current_inhibitory: bit(0, 7),
            neuron_acausal: bit(1, 5),
            debug_excitatory: bit(1, 6),
            debug_inhibitory: bit(1, 7),
            internal_causal: bit(2, 6),
            internal_acausal: bit(2, 7),
            debug_causal: bit(3, 6),
            debug_acausal: bit(3, 7),
        }
    }

    /// Sets the switches of a column.
    pub fn set_column_switches(&mut self, column: Column, switches: ColumnSwitches) {
        let cell = |bit_5: bool, bit_6: bool, bit_7: bool| {
            u8::from(bit_5) << 5 | u8::from(bit_6) << 6 | u8::from(bit_7) << 7
        };
        let cells = [
            cell(switches.neuron_causal, switches.current_excitatory, switches.current_inhibitory),
            cell(switches.neuron_acausal, switches.debug_excitatory, switches.debug_inhibitory),
            cell(false, switches.internal_causal, switches.internal_acausal),
            cell(false, switches.debug_causal, switches.debug_acausal),
        ];
        for (switch_row, value) in cells.into_iter().enumerate() {
            let used = if switch_row < 2 { 0xe0 } else { 0xc0 };
            self.set_bits(2 * ROWS + switch_row, column, used, value);
        }
    }

    /// Fills all cells, e.g. with seeded random bytes for the undefined state after power-up.
    pub fn fill_with(&mut self, mut cell: impl FnMut() -> u8) {
        for byte in self.cells.iter_mut().flatten().flatten() {
            *byte = cell();
        }
        (0..RAW_ROWS).for_each(|raw_row| self.mark(raw_row, true));
    }

    /// Whether any cell changed since the last [`take_dirty_rows`](Self::take_dirty_rows).
    pub fn has_dirty_rows(&self) -> bool {
        self.dirty.iter().any(|&bits| bits != 0)
    }

    /// The raw rows with a changed cell since the last call, ascending.
    pub fn take_dirty_rows(&mut self) -> impl Iterator<Item = u16> + use<> {
        let dirty = std::mem::take(&mut self.dirty);
        (0..RAW_ROWS as u16)
            .filter(move |&raw_row| dirty[usize::from(raw_row) / 64] >> (raw_row % 64) & 1 == 1)
    }

    fn by_column(&self, raw_row: usize, value: impl Fn(u8) -> u8) -> [u8; COLUMNS] {
        let mut columns = [0; COLUMNS];
        let [even, odd] = &self.cells[raw_row];
        for ((pair, &even), &odd) in columns.chunks_exact_mut(2).zip(even).zip(odd) {
            pair.copy_from_slice(&[value(even), value(odd)]);
        }
        columns
    }

    fn set_bits(&mut self, raw_row: usize, column: Column, mask: u8, bits: u8) {
        let (parity, lane) = place(column);
        let cell = &mut self.cells[raw_row][parity][lane];
        let value = *cell & !mask | bits & mask;
        let changed = std::mem::replace(cell, value) != value;
        self.mark(raw_row, changed);
    }

    fn mark(&mut self, raw_row: usize, changed: bool) {
        self.dirty[raw_row / 64] |= u64::from(changed) << (raw_row % 64);
    }
}

/// Parity and lane of a column.
const fn place(column: Column) -> (usize, usize) {
    (column as usize % 2, column as usize / 2)
}

/// What a snapshot keeps: the cells row by row (even columns, then odd ones) and the changed raw rows.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    cells: Vec<u8>,
    dirty: Vec<u64>,
}

/// A snapshot does not hold a synapse array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("synapse array snapshot: {cells} cells and {dirty} words of marks")]
pub struct SnapshotError {
    /// Number of cells found.
    pub cells: usize,
    /// Number of 64-bit words with marks of changed rows found.
    pub dirty: usize,
}

impl From<SynapseArray> for Stored {
    fn from(array: SynapseArray) -> Self {
        let cells = array.cells.iter().flatten().flatten().copied().collect();
        Self { cells, dirty: array.dirty.to_vec() }
    }
}

impl TryFrom<Stored> for SynapseArray {
    type Error = SnapshotError;

    fn try_from(stored: Stored) -> Result<Self, SnapshotError> {
        let error = SnapshotError { cells: stored.cells.len(), dirty: stored.dirty.len() };
        if stored.cells.len() != RAW_ROWS * COLUMNS {
            return Err(error);
        }
        let mut array = Self { dirty: stored.dirty.try_into().map_err(|_| error)?, ..Self::new() };
        for (cell, byte) in array.cells.iter_mut().flatten().flatten().zip(stored.cells) {
            *cell = byte;
        }
        Ok(array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_has_a_base_in_each_hemisphere() {
        assert_eq!(region_offset(0x02c4_0168), Some((Hemisphere::Top, 0x4_0168)));
        assert_eq!(region_offset(0x03ec_3fff), Some((Hemisphere::Bottom, 0x2c_3fff)));
        assert_eq!(region_offset(0x02bf_ffff), None);
        assert_eq!(region_offset(0x0300_0000), None);
        assert_eq!(region_offset(0x82c0_0000), None);
    }

    #[test]
    fn quads_count_even_columns_first() {
        for column in 0..=255 {
            let (quad, entry) = quad_of_column(column);
            assert_eq!(column_of_quad(quad, entry), column);
        }
        assert_eq!([0, 1, 2, 3].map(|entry| column_of_quad(1, entry)), [8, 10, 12, 14]);
        assert_eq!([0, 1, 2, 3].map(|entry| column_of_quad(33, entry)), [9, 11, 13, 15]);
    }

    /// Worked examples of register-map 17.
    #[test]
    fn the_worked_examples_of_the_register_map_hold() {
        let mut array = SynapseArray::new();
        array.write_quad(View::Weight, 0, 0, 0x1008_183f, 0xf);
        assert_eq!([0, 2, 4, 6].map(|column| array.weight(0, column)), [1, 2, 3, 63]);

        let (access, quad) = ArrayAccess::of_quad(0x4_0168, Direction::Write);
        assert_eq!((access, quad), (ArrayAccess::Cells { view: View::Label, row: 5 }, 40));
        array.write_quad(View::Label, 5, 40, 0x3f, 0xf);
        assert_eq!(array.label(5, 71), 63);
        assert_eq!(array.labels(5).iter().filter(|&&label| label != 0).count(), 1);

        array.write_quad(View::TimeCalibration, 9, 0, 0x0200_0000, 0xf);
        assert_eq!(array.read_quad(View::Raw, 18, 0), 0b10 << 30);
        assert_eq!(array.time_calibrations(9)[0], 2);
    }

    #[test]
    fn a_weight_is_permuted_on_the_omnibus_and_logical_in_a_vector() {
        let mut array = SynapseArray::new();
        let mut vector = [0; LANES];
        vector[3] = 37;
        vector[4] = 0xff;
        array.write_vector(View::Weight, 17, 1, &vector, u128::MAX);
        assert_eq!(array.read_quad(View::Weight, 17, 32), 0x34);
        assert_eq!(array.weight(17, 7), 37);
        assert_eq!(array.read_vector(View::Weight, 17, 1)[3..6], [37, 63, 0]);
        assert_eq!(array.read_vector(View::Raw, 34, 1)[3..6], [0x34, 0x3f, 0]);
    }

    #[test]
    fn views_leave_the_other_bits_of_a_cell_alone() {
        let mut array = SynapseArray::new();
        array.write_quad(View::Raw, 20, 3, 0xffff_ffff, 0xf);
        array.write_quad(View::Raw, 21, 3, 0xffff_ffff, 0xf);
        array.write_quad(View::Weight, 10, 3, 0, 0xf);
        assert_eq!(array.read_quad(View::Raw, 20, 3), 0xc0c0_c0c0);
        array.write_quad(View::AmplitudeCalibration, 10, 3, 0x0100_0102, 0xf);
        assert_eq!(array.read_quad(View::Raw, 21, 3), 0x7f3f_7fbf);
        assert_eq!(array.read_quad(View::Label, 10, 3), 0x3f3f_3f3f);
        assert_eq!(array.read_quad(View::AmplitudeCalibration, 10, 3), 0x0100_0102);
    }

    #[test]
    fn byte_enables_and_lane_masks_select_bytes() {
        let mut array = SynapseArray::new();
        array.write_quad(View::Raw, 0, 0, 0x1122_3344, 0b0100);
        assert_eq!(array.read_quad(View::Raw, 0, 0), 0x0022_0000);
        array.write_vector(View::Raw, 0, 0, &[0x55; LANES], 0b1001);
        assert_eq!(array.read_quad(View::Raw, 0, 0), 0x5522_0055);
        array.write_quad(View::Raw, 0, 0, 0xffff_ffff, 0);
        assert_eq!(array.read_quad(View::Raw, 0, 0), 0x5522_0055);
    }

    /// Register-map 6.4: word `i` of a vector access is the Omnibus word at 32 * (2 * row + parity) + i.
    #[test]
    fn a_vector_is_thirty_two_consecutive_quads() {
        let mut array = SynapseArray::new();
        let mut byte = 0u8;
        array.fill_with(|| {
            byte = byte.wrapping_mul(5).wrapping_add(77);
            byte
        });
        for (base, view) in
            [(0x1_0000, View::TimeCalibration), (0x4_0000, View::Label), (0xf_0000, View::Raw)]
        {
            for index in [0u32, 1, 311, 515] {
                let (vector_access, parity) = ArrayAccess::of_vector(base + index, Direction::Read);
                assert_eq!(vector_access, ArrayAccess::Cells { view, row: (index / 2) as u16 });
                let vector = array.read_vector(view, (index / 2) as u16, parity);
                for i in 0..32 {
                    let (access, quad) = ArrayAccess::of_quad(base + 32 * index + i, Direction::Read);
                    assert_eq!(access, vector_access);
                    let word = array.read_quad(view, (index / 2) as u16, quad);
                    assert_eq!(word.to_be_bytes(), vector[4 * i as usize..][..4]);
                }
            }
        }
    }

    /// Register-map 6.3.
    #[test]
    fn column_switches_are_where_the_host_writes_them() {
        type Set = fn(&mut ColumnSwitches);
        let host: [(u32, u32, Set); 10] = [
            (0x1_4000, 1 << 0, |switches| switches.current_excitatory = true),
            (0x1_4000, 1 << 1, |switches| switches.current_inhibitory = true),
            (0x2_4000, 1 << 0, |switches| switches.debug_excitatory = true),
            (0x2_4000, 1 << 1, |switches| switches.debug_inhibitory = true),
            (0xf_8080, 1 << 6, |switches| switches.internal_causal = true),
            (0xf_8080, 1 << 7, |switches| switches.internal_acausal = true),
            (0xf_80c0, 1 << 6, |switches| switches.debug_causal = true),
            (0xf_80c0, 1 << 7, |switches| switches.debug_acausal = true),
            (0x0_4000, 1 << 5, |switches| switches.neuron_causal = true),
            (0x4_4000, 1 << 5, |switches| switches.neuron_acausal = true),
        ];
        for (offset, word, set) in host {
            let mut array = SynapseArray::new();
            let (access, quad) = ArrayAccess::of_quad(offset + 41, Direction::Write);
            let ArrayAccess::Cells { view, row } = access else { panic!("{offset:#x}: {access:?}") };
            array.write_quad(view, row, quad, word, 0xf);
            let mut expected = ColumnSwitches::default();
            set(&mut expected);
            let column = column_of_quad(41, 3);
            assert_eq!(array.column_switches(column), expected, "{offset:#x}");
            assert_eq!(array.column_switches(column - 2), ColumnSwitches::default());
            let mut same = SynapseArray::new();
            same.set_column_switches(column, expected);
            assert_eq!(same, array);
        }
    }

    #[test]
    fn resets_take_their_columns_as_settled() {
        let write = |offset| ArrayAccess::of_quad(offset, Direction::Write).0;
        let (bits, ignored) = (ResetPayload::Bits, ResetPayload::Ignored);
        assert_eq!(write(0x8_0040), ArrayAccess::CorrelationReset { row: 1, payload: bits });
        assert_eq!(write(0x9_0040), ArrayAccess::CorrelationReset { row: 1, payload: ignored });
        assert_eq!(write(0xc_3fc0), ArrayAccess::CorrelationReset { row: 255, payload: bits });
        assert_eq!(write(0xd_3fc0), ArrayAccess::CorrelationReset { row: 255, payload: ignored });
        assert_eq!(write(0x8_4000), ArrayAccess::NeuronReset { payload: bits });
        assert_eq!(write(0x9_4000), ArrayAccess::NeuronReset { payload: ignored });
        // libnux addresses the neuron reset with bits that are ignored on chip.
        let vector = ArrayAccess::of_vector(0x00c9_0000 + 513, Direction::Write);
        assert_eq!(vector, (ArrayAccess::NeuronReset { payload: ignored }, 1));
        assert!(ignored.resets_causal(0) && ignored.resets_acausal_or_neuron(0));
        assert!(
            bits.resets_causal(1) && !bits.resets_acausal_or_neuron(1) && bits.resets_acausal_or_neuron(2)
        );
    }

    #[test]
    fn reads_of_the_sensors_ask_for_cadc_results() {
        let read = |offset| ArrayAccess::of_quad(offset, Direction::Read).0;
        let (causal, acausal) = (CadcChannelType::Causal, CadcChannelType::Acausal);
        assert_eq!(read(0x08_0080), ArrayAccess::Cadc { channel: causal, row: 2, buffered: false });
        assert_eq!(read(0x2c_0080), ArrayAccess::Cadc { channel: acausal, row: 2, buffered: true });
        // The test bit is ignored; views 9 and d have no known answer.
        assert_eq!(read(0x18_0080), ArrayAccess::Cadc { channel: causal, row: 2, buffered: false });
        assert_eq!(read(0x09_0080), ArrayAccess::Unmapped);
    }

    #[test]
    fn random_numbers_come_through_the_vector_port_only() {
        assert_eq!(ArrayAccess::of_vector(0xe_0001, Direction::Read), (ArrayAccess::RandomGenerator, 1));
        assert_eq!(ArrayAccess::of_vector(0xe_0002, Direction::Read).0, ArrayAccess::Unmapped);
        assert_eq!(ArrayAccess::of_quad(0xe_0000, Direction::Read).0, ArrayAccess::Unmapped);
    }

    #[test]
    fn nothing_is_behind_the_last_row_or_in_unknown_views() {
        let read = |offset| ArrayAccess::of_quad(offset, Direction::Read).0;
        assert_eq!(read(257 << 6), ArrayAccess::Cells { view: View::Weight, row: 257 });
        assert_eq!(read(258 << 6), ArrayAccess::Unmapped);
        assert_eq!(read(0xf_0000 + (515 << 6)), ArrayAccess::Cells { view: View::Raw, row: 515 });
        assert_eq!(read(0xf_0000 + (516 << 6)), ArrayAccess::Unmapped);
        for view in [3, 5, 6, 7, 0xa, 0xb] {
            assert_eq!(read(view << 16), ArrayAccess::Unmapped);
        }
        let mut array = SynapseArray::new();
        array.write_quad(View::Label, 300, 0, u32::MAX, 0xf);
        array.write_vector(View::Raw, 516, 0, &[1; LANES], u128::MAX);
        assert_eq!(array, SynapseArray::new());
    }

    #[test]
    fn only_rows_with_changed_cells_are_dirty() {
        let mut array = SynapseArray::new();
        array.set_weight(200, 9, 5);
        array.set_label(3, 0, 0);
        array.write_quad(View::Raw, 515, 0, 1, 0xf);
        array.write_vector(View::Label, 31, 0, &[1; LANES], 1);
        assert!(array.has_dirty_rows());
        assert_eq!(array.take_dirty_rows().collect::<Vec<_>>(), [63, 400, 515]);
        assert!(!array.has_dirty_rows());
    }

    #[test]
    fn a_snapshot_restores_cells_and_marks() {
        let mut array = SynapseArray::new();
        array.set_weight(200, 9, 5);
        let text = serde_json::to_string(&array).unwrap();
        assert_eq!(serde_json::from_str::<SynapseArray>(&text).unwrap(), array);
        assert!(serde_json::from_str::<SynapseArray>(r#"{"cells":[],"dirty":[]}"#).is_err());
    }
}
