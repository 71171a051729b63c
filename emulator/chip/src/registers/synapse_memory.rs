//! Synapse memory control, and the words of the synapse array as the host writes them (register-map 5.9).

use super::macros::*;

register_block! {
    /// Synapse memory controller timing (register-map 5.9).
    CommonSynramConfig {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x200_0000, 0x300_0000])],
    }
    word pc (ReadWrite) {
        /// Precharge time west half; larger = shorter.
        pc_conf_west: u8 [0..=3] = 8;
        /// Precharge time east half.
        pc_conf_east: u8 [4..=7] = 8;
    }
    word w (ReadWrite) {
        /// Word-line delay west half; larger = shorter.
        w_conf_west: u8 [0..=7] = 3;
        /// Word-line delay east half.
        w_conf_east: u8 [8..=15] = 3;
    }
    word wait (ReadWrite) {
        /// Controller wait counter.
        wait_ctr_clear: u8 [0..=2] = 4;
    }
}

register_block! {
    /// Correlation timing and reset mode (register-map 5.9).
    ///
    /// Also governs CADC reads and the parallel neuron reset: sense_delay is inserted between connecting the
    /// row and starting the ramp for every triggered CADC read, reset_duration is the length of correlation
    /// and parallel neuron resets. In auto_calibrating mode a CADC read never returns (haldls,
    /// include/lola/vx/cadc.h).
    CommonCorrelationConfig {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x220_0000, 0x320_0000])],
        status: Modelled,
    }
    word sense_delay (ReadWrite) {
        /// Wait between row connect and conversion start. Unit: PPU clock cycles.
        sense_delay: u16 [0..=11] = 1;
    }
    word reset_duration (ReadWrite) {
        /// Reset pulse length (+3 cycles). Unit: PPU clock cycles.
        reset_duration: u16 [0..=11] = 200;
    }
    word reset_fall_time (ReadWrite) {
        /// Wait after a reset; maximum discharge time in auto-calibrating mode. Unit: PPU clock cycles.
        reset_fall_time: u16 [0..=11] = 5;
    }
    word mode (ReadWrite) {
        /// 0 normal, 1 auto-calibrating.
        reset_mode: bool [0] = false;
        /// CADC ramp offset of the right half: 0 = right quadrant, 1 = left quadrant.
        select_voltage_right: bool [1] = false;
        /// CADC ramp offset of the left half: 0 = left quadrant, 1 = right quadrant.
        select_voltage_left: bool [2] = false;
    }
}

register_block! {
    /// Synapse weights (6-bit view of even SRAM rows) (register-map 5.9).
    ///
    /// Omnibus view holds permuted bits: raw = p(weight), p keeps bit 5 and reverses bits 4..0. Byte bits
    /// 7..6 are not part of this view (write: unaffected, read: proposed 0).
    SynapseWeightQuad {
        space: SynapseArray,
        address: 0x0, [
            hemisphere: table(&[0x2c0_0000, 0x3c0_0000]),
            row: stride(256, 64),
            quad: stride(64, 1),
        ],
    }
    word weights (ReadWrite) {
        /// Weight of quad entry 3, permuted.
        value_3: u8 [0..=5] as PermutedWeight = 0;
        /// Weight of quad entry 2, permuted.
        value_2: u8 [8..=13] as PermutedWeight = 0;
        /// Weight of quad entry 1, permuted.
        value_1: u8 [16..=21] as PermutedWeight = 0;
        /// Weight of quad entry 0, permuted.
        value_0: u8 [24..=29] as PermutedWeight = 0;
    }
}

register_block! {
    /// Synapse labels (6-bit view of odd SRAM rows) (register-map 5.9).
    SynapseLabelQuad {
        space: SynapseArray,
        address: 0x4_0000, [
            hemisphere: table(&[0x2c0_0000, 0x3c0_0000]),
            row: stride(256, 64),
            quad: stride(64, 1),
        ],
    }
    word labels (ReadWrite) {
        /// Label (address) of quad entry 3.
        value_3: u8 [0..=5] = 0;
        /// Label (address) of quad entry 2.
        value_2: u8 [8..=13] = 0;
        /// Label (address) of quad entry 1.
        value_1: u8 [16..=21] = 0;
        /// Label (address) of quad entry 0.
        value_0: u8 [24..=29] = 0;
    }
}

register_block! {
    /// Correlation calibration (2-MSB views) (register-map 5.9).
    SynapseCorrelationCalibQuad {
        space: SynapseArray,
        address: 0x0, [
            hemisphere: table(&[0x2c0_0000, 0x3c0_0000]),
            row: stride(256, 64),
            quad: stride(64, 1),
        ],
    }
    word time_calib + 0x1_0000 (ReadWrite) {
        /// Time-constant calibration of entry 3; more set bits = shorter.
        time_calib_3: u8 [0..=1] = 0;
        /// Time-constant calibration of entry 2; more set bits = shorter.
        time_calib_2: u8 [8..=9] = 0;
        /// Time-constant calibration of entry 1; more set bits = shorter.
        time_calib_1: u8 [16..=17] = 0;
        /// Time-constant calibration of entry 0; more set bits = shorter.
        time_calib_0: u8 [24..=25] = 0;
    }
    word amp_calib + 0x2_0000 (ReadWrite) {
        /// Amplitude calibration of entry 3; more set bits = smaller.
        amp_calib_3: u8 [0..=1] = 0;
        /// Amplitude calibration of entry 2; more set bits = smaller.
        amp_calib_2: u8 [8..=9] = 0;
        /// Amplitude calibration of entry 1; more set bits = smaller.
        amp_calib_1: u8 [16..=17] = 0;
        /// Amplitude calibration of entry 0; more set bits = smaller.
        amp_calib_0: u8 [24..=25] = 0;
    }
}

register_block! {
    /// Synapse raw view (register-map 5.9).
    SynapseQuad {
        space: SynapseArray,
        address: 0xf_0000, [
            hemisphere: table(&[0x2c0_0000, 0x3c0_0000]),
            row: stride(256, 128),
            quad: stride(64, 1),
        ],
    }
    word even (ReadWrite) {
        /// Weight of entry 3, permuted.
        weight_3: u8 [0..=5] as PermutedWeight = 0;
        /// Time calibration of entry 3.
        time_calib_3: u8 [6..=7] = 0;
        /// Weight of entry 2, permuted.
        weight_2: u8 [8..=13] as PermutedWeight = 0;
        /// Time calibration of entry 2.
        time_calib_2: u8 [14..=15] = 0;
        /// Weight of entry 1, permuted.
        weight_1: u8 [16..=21] as PermutedWeight = 0;
        /// Time calibration of entry 1.
        time_calib_1: u8 [22..=23] = 0;
        /// Weight of entry 0, permuted.
        weight_0: u8 [24..=29] as PermutedWeight = 0;
        /// Time calibration of entry 0.
        time_calib_0: u8 [30..=31] = 0;
    }
    word odd + 0x40 (ReadWrite) {
        /// Label of entry 3.
        label_3: u8 [0..=5] = 0;
        /// Amplitude calibration of entry 3.
        amp_calib_3: u8 [6..=7] = 0;
        /// Label of entry 2.
        label_2: u8 [8..=13] = 0;
        /// Amplitude calibration of entry 2.
        amp_calib_2: u8 [14..=15] = 0;
        /// Label of entry 1.
        label_1: u8 [16..=21] = 0;
        /// Amplitude calibration of entry 1.
        amp_calib_1: u8 [22..=23] = 0;
        /// Label of entry 0.
        label_0: u8 [24..=29] = 0;
        /// Amplitude calibration of entry 0.
        amp_calib_0: u8 [30..=31] = 0;
    }
}

register_block! {
    /// Column current switches (register-map 5.9).
    ColumnCurrentQuad {
        space: SynapseArray,
        address: 0x0, [hemisphere: table(&[0x2c0_0000, 0x3c0_0000]), quad: stride(64, 1)],
    }
    word connect + 0x1_4000 (ReadWrite) {
        /// Column entry 3: excitatory line to neuron.
        enable_synaptic_current_excitatory_3: bool [0] = false;
        /// Column entry 3: inhibitory line to neuron.
        enable_synaptic_current_inhibitory_3: bool [1] = false;
        /// Column entry 2: excitatory line to neuron.
        enable_synaptic_current_excitatory_2: bool [8] = false;
        /// Column entry 2: inhibitory line to neuron.
        enable_synaptic_current_inhibitory_2: bool [9] = false;
        /// Column entry 1: excitatory line to neuron.
        enable_synaptic_current_excitatory_1: bool [16] = false;
        /// Column entry 1: inhibitory line to neuron.
        enable_synaptic_current_inhibitory_1: bool [17] = false;
        /// Column entry 0: excitatory line to neuron.
        enable_synaptic_current_excitatory_0: bool [24] = false;
        /// Column entry 0: inhibitory line to neuron.
        enable_synaptic_current_inhibitory_0: bool [25] = false;
    }
    word debug + 0x2_4000 (ReadWrite) {
        /// Column entry 3: excitatory line to debug line.
        enable_debug_excitatory_3: bool [0] = false;
        /// Column entry 3: inhibitory line to debug line.
        enable_debug_inhibitory_3: bool [1] = false;
        /// Column entry 2: excitatory line to debug line.
        enable_debug_excitatory_2: bool [8] = false;
        /// Column entry 2: inhibitory line to debug line.
        enable_debug_inhibitory_2: bool [9] = false;
        /// Column entry 1: excitatory line to debug line.
        enable_debug_excitatory_1: bool [16] = false;
        /// Column entry 1: inhibitory line to debug line.
        enable_debug_inhibitory_1: bool [17] = false;
        /// Column entry 0: excitatory line to debug line.
        enable_debug_excitatory_0: bool [24] = false;
        /// Column entry 0: inhibitory line to debug line.
        enable_debug_inhibitory_0: bool [25] = false;
    }
}

register_block! {
    /// Column correlation switches (register-map 5.9).
    ColumnCorrelationQuad {
        space: SynapseArray,
        address: 0x0, [hemisphere: table(&[0x2c0_0000, 0x3c0_0000]), quad: stride(64, 1)],
    }
    word internal + 0xf_8080 (ReadWrite) {
        /// Column entry 3: causal correlation line to its CADC channel.
        enable_internal_causal_3: bool [6] = false;
        /// Column entry 3: acausal correlation line to its CADC channel.
        enable_internal_acausal_3: bool [7] = false;
        /// Column entry 2: causal correlation line to its CADC channel.
        enable_internal_causal_2: bool [14] = false;
        /// Column entry 2: acausal correlation line to its CADC channel.
        enable_internal_acausal_2: bool [15] = false;
        /// Column entry 1: causal correlation line to its CADC channel.
        enable_internal_causal_1: bool [22] = false;
        /// Column entry 1: acausal correlation line to its CADC channel.
        enable_internal_acausal_1: bool [23] = false;
        /// Column entry 0: causal correlation line to its CADC channel.
        enable_internal_causal_0: bool [30] = false;
        /// Column entry 0: acausal correlation line to its CADC channel.
        enable_internal_acausal_0: bool [31] = false;
    }
    word debug + 0xf_80c0 (ReadWrite) {
        /// Column entry 3: causal line to debug line.
        enable_debug_causal_3: bool [6] = false;
        /// Column entry 3: acausal line to debug line.
        enable_debug_acausal_3: bool [7] = false;
        /// Column entry 2: causal line to debug line.
        enable_debug_causal_2: bool [14] = false;
        /// Column entry 2: acausal line to debug line.
        enable_debug_acausal_2: bool [15] = false;
        /// Column entry 1: causal line to debug line.
        enable_debug_causal_1: bool [22] = false;
        /// Column entry 1: acausal line to debug line.
        enable_debug_acausal_1: bool [23] = false;
        /// Column entry 0: causal line to debug line.
        enable_debug_causal_0: bool [30] = false;
        /// Column entry 0: acausal line to debug line.
        enable_debug_acausal_0: bool [31] = false;
    }
    word neuron_causal + 0x4000 (ReadWrite) {
        /// Column entry 3: neuron readout to causal CADC channel.
        enable_cadc_neuron_readout_causal_3: bool [5] = false;
        /// Column entry 2: neuron readout to causal CADC channel.
        enable_cadc_neuron_readout_causal_2: bool [13] = false;
        /// Column entry 1: neuron readout to causal CADC channel.
        enable_cadc_neuron_readout_causal_1: bool [21] = false;
        /// Column entry 0: neuron readout to causal CADC channel.
        enable_cadc_neuron_readout_causal_0: bool [29] = false;
    }
    word neuron_acausal + 0x4_4000 (ReadWrite) {
        /// Column entry 3: neuron readout to acausal CADC channel.
        enable_cadc_neuron_readout_acausal_3: bool [5] = false;
        /// Column entry 2: neuron readout to acausal CADC channel.
        enable_cadc_neuron_readout_acausal_2: bool [13] = false;
        /// Column entry 1: neuron readout to acausal CADC channel.
        enable_cadc_neuron_readout_acausal_1: bool [21] = false;
        /// Column entry 0: neuron readout to acausal CADC channel.
        enable_cadc_neuron_readout_acausal_0: bool [29] = false;
    }
}

register_block! {
    /// Correlation reset of a quad (register-map 5.9).
    ///
    /// Value ignored, byte enables select columns; resets both traces.
    CorrelationReset {
        space: SynapseArray,
        address: 0x9_0000, [
            hemisphere: table(&[0x2c0_0000, 0x3c0_0000]),
            row: stride(256, 64),
            quad: stride(64, 1),
        ],
    }
    word trigger (WriteOnly) {
        /// Value ignored.
        trigger: u32 [0..=31] = 0;
    }
}
