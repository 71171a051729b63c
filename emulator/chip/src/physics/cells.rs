//! The analog parameter cells by name and address (analog-core 2.2, 2.3; register-map 5.8).

use crate::registers::capmem::NeuronParameter;
use bss2_base::{Neuron, Quadrant};
use core::fmt;
use serde::{Deserialize, Serialize};

/// Rows of a CapMem block.
pub const CELL_ROWS: usize = 24;
/// Columns of a CapMem block: 128 of neurons and two shared ones.
pub const CELL_COLUMNS: usize = 130;
/// Cells of the chip.
pub const CELLS: usize = 4 * CELL_ROWS * CELL_COLUMNS;
/// Rows below this hold voltages, the others currents.
pub const FIRST_CURRENT_ROW: u8 = 8;
/// Largest value a cell can be set to.
pub const CODE_MAX: u16 = 1022;
/// The code that switches the refresh of a cell off.
pub const CODE_REFRESH_OFF: u16 = 1023;

/// Where a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellAddress {
    block: Quadrant,
    column: u8,
    row: u8,
}

impl CellAddress {
    /// The cell at this column (0..=129) and row (0..=23) of a block; `None` beyond.
    pub const fn new(block: Quadrant, column: u8, row: u8) -> Option<Self> {
        if (column as usize) < CELL_COLUMNS && (row as usize) < CELL_ROWS {
            Some(Self { block, column, row })
        } else {
            None
        }
    }

    /// The parameter cell of a neuron.
    pub const fn of_neuron(neuron: Neuron, row: NeuronRow) -> Self {
        Self { block: neuron.quadrant(), column: neuron.column() % 128, row: row as u8 }
    }

    /// Every cell, in the order of their numbers.
    pub fn all() -> impl Iterator<Item = Self> {
        Quadrant::ALL.into_iter().flat_map(|block| {
            let columns = 0..CELL_COLUMNS as u8;
            columns.flat_map(move |column| (0..CELL_ROWS as u8).map(move |row| Self { block, column, row }))
        })
    }

    /// The block.
    pub const fn block(self) -> Quadrant {
        self.block
    }

    /// The column, 0..=129.
    pub const fn column(self) -> u8 {
        self.column
    }

    /// The row, 0..=23.
    pub const fn row(self) -> u8 {
        self.row
    }

    /// Whether it holds a voltage rather than a current.
    pub const fn is_voltage(self) -> bool {
        self.row < FIRST_CURRENT_ROW
    }

    /// Number of the cell, `(130 * block + column) * 24 + row`.
    pub const fn index(self) -> usize {
        (CELL_COLUMNS * self.block.index() + self.column as usize) * CELL_ROWS + self.row as usize
    }
}

impl fmt::Display for CellAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CapMem cell block {} column {} row {}", self.block.index(), self.column, self.row)
    }
}

/// The parameters that every neuron has: rows of columns 0..=127 (analog-core 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
#[allow(missing_docs)] // the names are the chip's own, section 2.2 explains each
pub enum NeuronRow {
    VLeak = 0,
    VReset,
    VThreshold,
    ESyninExcRev,
    ESyninInhRev,
    VAdaptLeak,
    VExp,
    VAdaptRef,
    IBiasLeak,
    IBiasReset,
    IBiasSyninExcTau,
    IBiasSyninExcCoba,
    IBiasSyninExcShift,
    IBiasSyninExcGm,
    IBiasSyninInhTau,
    IBiasSyninInhCoba,
    IBiasSyninInhShift,
    IBiasSyninInhGm,
    IBiasAdaptTau,
    IBiasAdaptA,
    IBiasAdaptB,
    IBiasExp,
    IMemOffset,
    IBiasNmda,
}

impl NeuronRow {
    /// The chip's name for it.
    pub const fn name(self) -> &'static str {
        NeuronParameter::ALL[self as usize].name()
    }

    /// All 24, in the order of their rows.
    pub const ALL: [Self; CELL_ROWS] = [
        Self::VLeak,
        Self::VReset,
        Self::VThreshold,
        Self::ESyninExcRev,
        Self::ESyninInhRev,
        Self::VAdaptLeak,
        Self::VExp,
        Self::VAdaptRef,
        Self::IBiasLeak,
        Self::IBiasReset,
        Self::IBiasSyninExcTau,
        Self::IBiasSyninExcCoba,
        Self::IBiasSyninExcShift,
        Self::IBiasSyninExcGm,
        Self::IBiasSyninInhTau,
        Self::IBiasSyninInhCoba,
        Self::IBiasSyninInhShift,
        Self::IBiasSyninInhGm,
        Self::IBiasAdaptTau,
        Self::IBiasAdaptA,
        Self::IBiasAdaptB,
        Self::IBiasExp,
        Self::IMemOffset,
        Self::IBiasNmda,
    ];
}

macro_rules! shared_cells {
    ($( $name:ident = $text:literal: column $column:literal row $row:literal codes $codes:expr; )*) => {
        /// The cells that a quadrant shares: columns 128 and 129, once in every block (analog-core 2.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)] // the names are the chip's own, section 2.3 explains each
        pub enum SharedCell { $($name),* }

        impl SharedCell {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The chip's name for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Where it is in this block.
            pub const fn address(self, block: Quadrant) -> CellAddress {
                match self { $(Self::$name => CellAddress { block, column: $column, row: $row }),* }
            }

            /// The code that calibrations of spiking operation use, block by block.
            pub const fn default_codes(self) -> [u16; 4] {
                match self { $(Self::$name => $codes),* }
            }
        }
    };
}

shared_cells! {
    StpVCharge0 = "stp_v_charge_0": column 128 row 0 codes [100; 4];
    StpVCharge1 = "stp_v_charge_1": column 128 row 1 codes [330; 4];
    StpVRecover0 = "stp_v_recover_0": column 128 row 2 codes [400; 4];
    StpVRecover1 = "stp_v_recover_1": column 128 row 3 codes [50; 4];
    CadcVRampOffset = "cadc_v_ramp_offset": column 128 row 4 codes [40, 25, 34, 26];
    CadcVBiasRampBuf = "cadc_v_bias_ramp_buf": column 128 row 5 codes [400; 4];
    NeuronVBiasCascN = "neuron_v_bias_casc_n": column 128 row 7 codes [250; 4];
    SynIBiasDac = "syn_i_bias_dac": column 128 row 8 codes [600; 4];
    SynIBiasRamp = "syn_i_bias_ramp": column 128 row 9 codes [80; 4];
    SynIBiasStore = "syn_i_bias_store": column 128 row 10 codes [70; 4];
    SynIBiasCorout = "syn_i_bias_corout": column 128 row 11 codes [600; 4];
    StpIBiasComparator = "stp_i_bias_comparator": column 128 row 12 codes [1022; 4];
    StpIRamp = "stp_i_ramp": column 128 row 13 codes [600; 4];
    StpICalib = "stp_i_calib": column 128 row 14 codes [600; 4];
    CadcIRampSlope = "cadc_i_ramp_slope": column 128 row 15 codes [389, 379, 348, 359];
    CadcIBiasComp = "cadc_i_bias_comp": column 128 row 16 codes [1022; 4];
    CadcIBiasVresetBuf = "cadc_i_bias_vreset_buf": column 128 row 17 codes [1022; 4];
    NeuronIBiasReadoutAmp = "neuron_i_bias_readout_amp": column 128 row 18 codes [110; 4];
    NeuronIBiasLeakSourceFollower = "neuron_i_bias_leak_source_follower": column 128 row 19 codes [100; 4];
    NeuronIBiasSpikeComparator = "neuron_i_bias_spike_comparator": column 128 row 20 codes [200; 4];
    NeuronIBiasSyninDrop = "neuron_i_bias_synin_drop": column 129 row 23 codes [300; 4];
}

macro_rules! global_cells {
    ($( $name:ident = $text:literal: block $block:ident column $column:literal row $row:literal code $code:literal; )*) => {
        /// The cells that exist once on the chip (analog-core 2.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[allow(missing_docs)] // the names are the chip's own, section 2.3 lists them
        pub enum GlobalCell { $($name),* }

        impl GlobalCell {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The chip's name for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Where it is.
            pub const fn address(self) -> CellAddress {
                match self { $(Self::$name => CellAddress { block: Quadrant::$block, column: $column, row: $row }),* }
            }

            /// The code that calibrations use.
            pub const fn default_code(self) -> u16 {
                match self { $(Self::$name => $code),* }
            }
        }
    };
}

global_cells! {
    ReadoutScAmpVRef = "readout_sc_amp_v_ref": block NorthWest column 128 row 6 code 400;
    ReadoutPseudoDiffVRef = "readout_pseudo_diff_v_ref": block NorthEast column 128 row 6 code 400;
    ReadoutIconvTestVoltage = "readout_iconv_test_voltage": block SouthWest column 128 row 6 code 400;
    ReadoutIconvScAmpVRef = "readout_iconv_sc_amp_v_ref": block SouthEast column 128 row 6 code 400;
    ReadoutIconvScAmpIBias = "readout_iconv_sc_amp_i_bias": block NorthWest column 128 row 21 code 0;
    StpIbiasReadoutTop = "stp_ibias_readout_top": block NorthEast column 128 row 21 code 0;
    StpIbiasReadoutBottom = "stp_ibias_readout_bottom": block SouthEast column 128 row 21 code 0;
    ReadoutPseudoDiffBufferBias = "readout_pseudo_diff_buffer_bias": block NorthWest column 128 row 22 code 0;
    HagenIbiasDacTop = "hagen_ibias_dac_top": block NorthEast column 128 row 22 code 820;
    HagenIbiasDacBottom = "hagen_ibias_dac_bottom": block SouthEast column 128 row 22 code 820;
    ReadoutOutAmpIBias0 = "readout_out_amp_i_bias_0": block NorthWest column 128 row 23 code 1022;
    ReadoutOutAmpIBias1 = "readout_out_amp_i_bias_1": block NorthWest column 129 row 8 code 1022;
    ReadoutIdacIBias = "readout_idac_i_bias": block NorthWest column 129 row 9 code 0;
    ReadoutIdacIBiasCasc = "readout_idac_i_bias_casc": block NorthWest column 129 row 10 code 0;
    ReadoutIconvIBiasBuffer = "readout_iconv_i_bias_buffer": block NorthWest column 129 row 11 code 0;
    ReadoutAcMuxIBias = "readout_ac_mux_i_bias": block NorthWest column 129 row 12 code 500;
    ReadoutMadcIn500na = "readout_madc_in_500na": block NorthWest column 129 row 13 code 500;
    ReadoutScAmpIBias = "readout_sc_amp_i_bias": block NorthWest column 129 row 14 code 500;
}
