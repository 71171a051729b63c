//! The memory of the synapse array of one hemisphere, with all its views (register-map 6).
//!
//! 516 raw SRAM rows of 256 bytes: rows `2y` and `2y + 1` hold synapse row `y`, rows 512..=515 the switches of the
//! columns. What the bus calls views are windows on the bits of these bytes:
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
//! There are two ports. The Omnibus moves a *quad*, four bytes of one column parity; a plasticity processor a *vector*,
//! all 128 of one parity. Both reach the same cells, but a weight is permuted on the Omnibus and logical in a vector
//! (register-map 6.2).
//!
//! This is storage alone. Reads and writes that start something (conversion, correlation reset, neuron reset, random
//! numbers) are decoded to an [`ArrayAccess`] for whoever runs the array.

use bss2_base::{COLUMNS, Column, Hemisphere, ROWS, Row};
use serde::{Deserialize, Serialize};

use crate::registers::coordinates::CadcChannelType;
use crate::registers::{Steps, permute_weight, synapse_memory::SynapseWeightQuad};

/// Raw SRAM rows of a hemisphere.
pub const RAW_ROWS: usize = 2 * VIEW_ROWS;
/// Rows in the views of weights, labels and calibration bits: the synapse rows and two of column switches.
pub const VIEW_ROWS: usize = ROWS + 2;
/// Row of the views behind the synapse rows: column switches, and neurons instead of correlation sensors for resets.
pub const SWITCH_ROW: u16 = ROWS as u16;
/// Bytes of a vector: the columns of one parity.
pub const LANES: usize = COLUMNS / 2;

/// Cells of one column parity: byte `v` belongs to column `2v + parity`.
pub type Vector = [u8; LANES];

/// Hemisphere and offset in the synapse array region of an Omnibus address; `None` outside (register-map 6.1).
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
    /// By the bits of each enabled byte: bit 0 causal sensor, bit 1 acausal sensor or neuron; 0 = nothing (view 8).
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

    /// Meaning and column parity of a vector access, by its vector address: view in bits 21..16, row in bits 10..1,
    /// parity in bit 0; bits 15..11 and 22..30 are ignored (register-map 6.4). Addresses with bit 31 set are FPGA
    /// memory and not for the array.
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
    /// Raw rows one after the other; in a row first the even, then the odd columns, the order of quads and vectors.
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

    /// Writes a quad through a view: bits outside the view and bytes that are not enabled keep their value. Without
    /// effect beyond the last row of the view.
    pub fn write_quad(&mut self, view: View, row: u16, quad: u8, word: u32, byte_enables: u8) {
        let Some(raw_row) = view.raw_row(row) else { return };
        let (mask, shift) = view.bits();
        let (parity, lane) = (usize::from(quad / 32 % 2), 4 * usize::from(quad % 32));
        let cells = &mut self.cells[raw_row][parity][lane..lane + 4];
        let mut changed = false;
        for ((cell, byte), enabled) in cells.iter_mut().zip(quad_bytes(word)).zip(quad_entries_enabled(byte_enables)) {
            if enabled {
                let value = *cell & !mask | byte << shift & mask;
                changed |= std::mem::replace(cell, value) != value;
            }
        }
        self.mark(raw_row, changed);
    }

    /// A vector through a view: lane `v` is column `2v + parity`; weights are logical. Rows beyond the view read 0.
    pub fn read_vector(&self, view: View, row: u16, parity: u8) -> Vector {
        let Some(raw_row) = view.raw_row(row) else { return [0; LANES] };
        let (mask, shift) = view.bits();
        let cells = &self.cells[raw_row][usize::from(parity & 1)];
        match view {
            View::Weight => cells.map(|cell| permute_weight(cell & mask)),
            _ => cells.map(|cell| (cell & mask) >> shift),
        }
    }

    /// Writes the lanes of a vector whose bit in `lanes` is set through a view: bits outside the view keep their value.
    /// Weights are logical. Without effect beyond the last row of the view.
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
        let bit = |switch_row: usize, bit: u32| self.cells[2 * ROWS + switch_row][parity][lane] >> bit & 1 == 1;
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
        let cell = |bit_5: bool, bit_6: bool, bit_7: bool| u8::from(bit_5) << 5 | u8::from(bit_6) << 6 | u8::from(bit_7) << 7;
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
        (0..RAW_ROWS as u16).filter(move |&raw_row| dirty[usize::from(raw_row) / 64] >> (raw_row % 64) & 1 == 1)
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
#[error("synapse array snapshot: {cells} cells and {dirty} words of marks, expected {} and {}", RAW_ROWS * COLUMNS, RAW_ROWS.div_ceil(64))]
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
