//! The analog parameter storage (register-map 5.8).

use bss2_base::Quadrant;

use super::macros::*;

register_block! {
    /// CapMem cell (register-map 5.8).
    ///
    /// Address = base + 32*column + row. Value 0..1022 = target, 1023 = refresh of this cell disabled. Rows
    /// 24..31 of a column are unused addresses.
    CapMemCell {
        space: Chip,
        address: 0x0, [
            block: table(&[0x14_0000, 0x14_8000, 0x15_0000, 0x15_8000]),
            row: stride(24, 1),
            column: stride(130, 32),
        ],
        status: Modelled,
    }
    word cell (ReadWrite) {
        /// Target value (0..1022); 0x3ff disables the refresh. Unit: LSB of the CapMem ramp DAC.
        value: u16 [0..=9] = 0;
    }
}

register_block! {
    /// CapMem SRAM timing (register-map 5.8).
    ///
    /// The controller Gray-codes whatever is written (hardware defect compensated by the host): host writes
    /// g2b(word) where word has the layout of the field table and g2b is Gray-to-binary conversion of the
    /// whole 32-bit word; on read it applies binary-to-Gray. Store and return the raw word unchanged; the
    /// effective setting is raw ^ (raw ≫ 1).
    CapMemSRAMTimingConfig {
        space: Chip,
        address: 0x0, [block: table(&[0x14_2800, 0x14_a800, 0x15_2800, 0x15_a800])],
        host_refuses_reads_on: [Simulation],
        word_encoding: Gray,
    }
    word read (ReadWrite) {
        /// Delay between raising the cell-enable signal and latching the read value. Unit: SRAM controller
        /// clock cycles (clock not stated in the sources).
        read_delay: u8 [0..=7] = 8;
    }
    word setup_write (ReadWrite) {
        /// Delay between applying the address and raising the enable signal. Unit: SRAM controller clock
        /// cycles.
        address_setup_time: u8 [0..=3] = 1;
        /// Length of the enable pulse during a write. Unit: SRAM controller clock cycles.
        write_width: u8 [4..=7] = 1;
    }
}

register_block! {
    /// CapMem block configuration (register-map 5.8).
    CapMemBlockConfig {
        space: Chip,
        address: 0x0, [block: table(&[0x14_4000, 0x14_c000, 0x15_4000, 0x15_c000])],
        host_refuses_reads_on: [Hardware],
    }
    word w0 (ReadWrite) {
        /// Debug readout row, one-hot: row r is bit 23-r; 0 = debug readout off.
        hotbit_capmem_row: Option<u8> [0..=23] as OneHotReversed = -1, Modelled;
    }
    word w1 (ReadWrite) {
        /// Debug readout column (0..129); 0 when debug readout is off.
        capmem_column: u32 [0..=31] = 0, Modelled;
    }
    word w2 (ReadWrite) {
        /// 0 off, 1 v_ref_v, 2 v_ref_i.
        debug_v_ref_select: u8 [0..=1] = 0;
    }
    word w3 (ReadWrite) {
        /// Global bias voltage.
        v_global_bias: u8 [0..=3] = 7;
        /// Bias.
        debug_level_shifter_bias: u8 [4..=7] = 3, Modelled;
        /// Bias.
        debug_source_follower_bias: u8 [8..=11] = 3, Modelled;
        /// Bias.
        debug_out_amp_bias: u8 [12..=15] = 7, Modelled;
    }
    word w4 (ReadWrite) {
        /// Current-cell resistor setting.
        current_cell_res: u8 [0..=5] = 8;
    }
    word w5 (ReadWrite) {
        /// 0 off, 1 i_out_mux, 2 i_out_ramp.
        debug_i_out_select: u8 [0..=1] = 0, Modelled;
    }
    word w6 (ReadWrite) {
        /// Refresh sub counter.
        sub_counter: u16 [0..=15] = 16;
        /// Enable refresh.
        enable_capmem: bool [16] = true, Modelled;
        /// Boosted refresh.
        enable_boost: bool [17] = false;
        /// Automatic boost.
        enable_autoboost: bool [18] = false;
        /// Ramp prescaler, 0..6 (host range check).
        prescale_ramp: u8 [20..=23] accepts 0..=6 = 3;
        /// Pause prescaler, 0..6 (host range check).
        prescale_pause: u8 [24..=27] accepts 0..=6 = 3;
        /// Boost factor.
        boost_factor: u8 [28..=31] = 0;
    }
    word w7 (ReadWrite) {
        /// Refresh pulse end.
        pulse_b: u16 [0..=15] = 7;
        /// Refresh pulse start.
        pulse_a: u16 [16..=31] = 4;
    }
    word w8 (ReadWrite) {
        /// Boost pulse end.
        boost_b: u16 [0..=15] = 0;
        /// Boost pulse start.
        boost_a: u16 [16..=31] = 0;
    }
    word w9 (ReadWrite) {
        /// Pause between refresh rounds.
        pause_counter: u32 [0..=31] = 0x1fa0;
    }
}

/// The value of a cell that switches its refresh off.
pub const REFRESH_DISABLED: u16 = 1023;

/// What kind of quantity a cell provides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// A voltage.
    Voltage,
    /// A current.
    Current,
}

macro_rules! neuron_parameters {
    ($($(#[doc = $doc:literal])+ $row:literal $name:literal $variant:ident $kind:ident;)+) => {
        /// What a CapMem row sets in the neurons of columns 0..=127 (register-map 5.8).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        pub enum NeuronParameter {
            $($(#[doc = $doc])+ $variant = $row,)+
        }

        impl NeuronParameter {
            /// All, by row.
            pub const ALL: [Self; 24] = [$(Self::$variant),+];

            /// The official name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Voltage or current.
            pub const fn kind(self) -> CellKind {
                match self {
                    $(Self::$variant => CellKind::$kind,)+
                }
            }

            /// The CapMem row.
            pub const fn row(self) -> u8 {
                self as u8
            }
        }
    };
}

neuron_parameters! {
    /// Leak / resting potential.
    0 "v_leak" VLeak Voltage;
    /// Reset potential.
    1 "v_reset" VReset Voltage;
    /// Spike threshold.
    2 "v_threshold" VThreshold Voltage;
    /// Excitatory reversal potential (COBA) / input reference.
    3 "e_synin_exc_rev" ESyninExcRev Voltage;
    /// Inhibitory reversal potential (COBA) / input reference.
    4 "e_synin_inh_rev" ESyninInhRev Voltage;
    /// Adaptation leak potential.
    5 "v_adapt_leak" VAdaptLeak Voltage;
    /// Exponential-term threshold potential.
    6 "v_exp" VExp Voltage;
    /// Adaptation reference potential.
    7 "v_adapt_ref" VAdaptRef Voltage;
    /// Leak OTA bias.
    8 "i_bias_leak" IBiasLeak Current;
    /// Reset OTA bias.
    9 "i_bias_reset" IBiasReset Current;
    /// Excitatory synaptic time constant.
    10 "i_bias_synin_exc_tau" IBiasSyninExcTau Current;
    /// Excitatory COBA modulation bias.
    11 "i_bias_synin_exc_coba" IBiasSyninExcCoba Current;
    /// Excitatory input voltage shift (source follower).
    12 "i_bias_synin_exc_shift" IBiasSyninExcShift Current;
    /// Excitatory input OTA strength.
    13 "i_bias_synin_exc_gm" IBiasSyninExcGm Current;
    /// Inhibitory synaptic time constant.
    14 "i_bias_synin_inh_tau" IBiasSyninInhTau Current;
    /// Inhibitory COBA modulation bias.
    15 "i_bias_synin_inh_coba" IBiasSyninInhCoba Current;
    /// Inhibitory input voltage shift.
    16 "i_bias_synin_inh_shift" IBiasSyninInhShift Current;
    /// Inhibitory input OTA strength.
    17 "i_bias_synin_inh_gm" IBiasSyninInhGm Current;
    /// Adaptation time constant.
    18 "i_bias_adapt_tau" IBiasAdaptTau Current;
    /// Sub-threshold adaptation strength.
    19 "i_bias_adapt_a" IBiasAdaptA Current;
    /// Spike-triggered adaptation strength.
    20 "i_bias_adapt_b" IBiasAdaptB Current;
    /// Exponential slope.
    21 "i_bias_exp" IBiasExp Current;
    /// Membrane offset current.
    22 "i_mem_offset" IMemOffset Current;
    /// Inter-compartment conductance / NMDA bias.
    23 "i_bias_nmda" IBiasNmda Current;
}

macro_rules! shared_parameters {
    ($($column:literal $row:literal $blocks:ident $name:literal $variant:ident $(= $default:literal)?;)+) => {
        /// A parameter in one of the shared columns (register-map 5.8), by its official name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[repr(u8)]
        pub enum SharedParameter {
            $(#[doc = concat!("`", $name, "`")] $variant,)+
        }

        impl SharedParameter {
            /// All, by column and row.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The official name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Column (128 or 129) and row of the cell.
            pub const fn place(self) -> (u8, u8) {
                match self {
                    $(Self::$variant => ($column, $row),)+
                }
            }

            /// The blocks that have it.
            pub const fn blocks(self) -> &'static [Quadrant] {
                match self {
                    $(Self::$variant => $blocks,)+
                }
            }

            /// The value in the default configuration of a whole chip.
            pub const fn chip_default(self) -> u16 {
                match self {
                    $(Self::$variant => first_of!($($default,)? 0),)+
                }
            }
        }
    };
}

const EACH: &[Quadrant] = &Quadrant::ALL;
const NW: &[Quadrant] = &[Quadrant::NorthWest];
const NE: &[Quadrant] = &[Quadrant::NorthEast];
const SW: &[Quadrant] = &[Quadrant::SouthWest];
const SE: &[Quadrant] = &[Quadrant::SouthEast];

shared_parameters! {
    128 0 EACH "stp_v_charge_0" StpVCharge0;
    128 1 EACH "stp_v_charge_1" StpVCharge1;
    128 2 EACH "stp_v_recover_0" StpVRecover0;
    128 3 EACH "stp_v_recover_1" StpVRecover1;
    128 4 EACH "cadc_v_ramp_offset" CadcVRampOffset;
    128 5 EACH "cadc_v_bias_ramp_buf" CadcVBiasRampBuf;
    128 6 NW "readout_sc_amp_v_ref" ReadoutScAmpVRef = 400;
    128 6 NE "readout_pseudo_diff_v_ref" ReadoutPseudoDiffVRef = 400;
    128 6 SW "readout_iconv_test_voltage" ReadoutIconvTestVoltage = 400;
    128 6 SE "readout_iconv_sc_amp_v_ref" ReadoutIconvScAmpVRef = 400;
    128 7 EACH "neuron_v_bias_casc_n" NeuronVBiasCascN = 250;
    128 8 EACH "syn_i_bias_dac" SynIBiasDac = 1022;
    128 9 EACH "syn_i_bias_ramp" SynIBiasRamp;
    128 10 EACH "syn_i_bias_store" SynIBiasStore;
    128 11 EACH "syn_i_bias_corout" SynIBiasCorout;
    128 12 EACH "stp_i_bias_comparator" StpIBiasComparator;
    128 13 EACH "stp_i_ramp" StpIRamp;
    128 14 EACH "stp_i_calib" StpICalib;
    128 15 EACH "cadc_i_ramp_slope" CadcIRampSlope;
    128 16 EACH "cadc_i_bias_comp" CadcIBiasComp;
    128 17 EACH "cadc_i_bias_vreset_buf" CadcIBiasVresetBuf;
    128 18 EACH "neuron_i_bias_readout_amp" NeuronIBiasReadoutAmp = 110;
    128 19 EACH "neuron_i_bias_leak_source_follower" NeuronIBiasLeakSourceFollower = 100;
    128 20 EACH "neuron_i_bias_spike_comparator" NeuronIBiasSpikeComparator = 200;
    128 21 NW "readout_iconv_sc_amp_i_bias" ReadoutIconvScAmpIBias;
    128 21 NE "stp_ibias_readout_top" StpIbiasReadoutTop;
    128 21 SE "stp_ibias_readout_bottom" StpIbiasReadoutBottom;
    128 22 NW "readout_pseudo_diff_buffer_bias" ReadoutPseudoDiffBufferBias;
    128 22 NE "hagen_ibias_dac_top" HagenIbiasDacTop;
    128 22 SE "hagen_ibias_dac_bottom" HagenIbiasDacBottom;
    128 23 NW "readout_out_amp_i_bias_0" ReadoutOutAmpIBias0;
    129 8 NW "readout_out_amp_i_bias_1" ReadoutOutAmpIBias1;
    129 9 NW "readout_idac_i_bias" ReadoutIdacIBias;
    129 10 NW "readout_idac_i_bias_casc" ReadoutIdacIBiasCasc;
    129 11 NW "readout_iconv_i_bias_buffer" ReadoutIconvIBiasBuffer;
    129 12 NW "readout_ac_mux_i_bias" ReadoutAcMuxIBias = 500;
    129 13 NW "readout_madc_in_500na" ReadoutMadcIn500na = 500;
    129 14 NW "readout_sc_amp_i_bias" ReadoutScAmpIBias = 500;
    129 23 EACH "neuron_i_bias_synin_drop" NeuronIBiasSyninDrop = 300;
}

/// The shared parameter in a cell, `None` for the columns of neurons and for unused cells.
pub fn shared_parameter(block: Quadrant, row: u8, column: u8) -> Option<SharedParameter> {
    let mut all = SharedParameter::ALL.iter().copied();
    all.find(|parameter| parameter.place() == (column, row) && parameter.blocks().contains(&block))
}
