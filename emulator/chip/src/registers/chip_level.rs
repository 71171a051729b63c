//! Chip top level and centre of the analog core (register-map 5.1, 5.4).

use super::macros::*;

register_block! {
    /// Chip system-time counter / sync base (register-map 5.1).
    ///
    /// 43-bit value the chip-side (and FPGA-side) system-time counter is loaded with at the next system-time
    /// synchronisation. Read-back returns the written value (checked by the PPU hardware test
    /// test-systime_sync_base_ppu). The running counter itself is not exposed by any haldls container; it is
    /// only visible through event time stamps and the FPGA systime registers. Counter clock: the chip
    /// link/PPU domain, nominally 250 MHz (FPGA time 125 MHz; grenade divides PPU time by two to obtain FPGA
    /// time).
    SystimeSyncBase {
        space: Chip,
        address: 0x0, [],
        status: Modelled,
    }
    word low (ReadWrite) {
        /// Bits 31..0 of the base value. Unit: system-time ticks.
        low: u32 [0..=31] = 0;
    }
    word high (ReadWrite) {
        /// Bits 42..32 of the base value. Unit: system-time ticks.
        high: u16 [0..=10] = 0;
    }
}

register_block! {
    /// High-speed link PHY enables, chip side (register-map 5.1).
    ///
    /// Host writes this only through the JTAG-omnibus bridge (the link it enables is not yet up). Bit order
    /// is reversed with respect to the FPGA side: PHY p is bit 7-p.
    CommonPhyConfigChip {
        space: Chip,
        address: 0x4_0000, [],
        status: Modelled,
    }
    word enable (ReadWrite) {
        /// Enable chip-side PHY 7.
        enable_phy_7: bool [0] = true;
        /// Enable chip-side PHY 6.
        enable_phy_6: bool [1] = true;
        /// Enable chip-side PHY 5.
        enable_phy_5: bool [2] = true;
        /// Enable chip-side PHY 4.
        enable_phy_4: bool [3] = true;
        /// Enable chip-side PHY 3.
        enable_phy_3: bool [4] = true;
        /// Enable chip-side PHY 2.
        enable_phy_2: bool [5] = true;
        /// Enable chip-side PHY 1.
        enable_phy_1: bool [6] = true;
        /// Enable chip-side PHY 0.
        enable_phy_0: bool [7] = true;
    }
}

register_block! {
    /// Synapse bias source selection (register-map 5.4).
    ///
    /// Nibble order is quadrant 1, 0, 3, 2 from the LSB. Quadrant numbering as CapMem blocks.
    SynapseBiasSelection {
        space: Chip,
        address: 0x10_0000, [],
        host_refuses_reads_on: [Hardware, Simulation],
        status: Modelled,
    }
    word select (ReadWrite) {
        /// Use the internal (CapMem) correlation-output bias for the synapses of quadrant 1; 0 = external/pad
        /// bias (inferred).
        int_output_q1: bool [0] = true;
        /// Use the internal (CapMem) correlation-store bias for the synapses of quadrant 1; 0 = external/pad
        /// bias (inferred).
        int_store_q1: bool [1] = true;
        /// Use the internal (CapMem) correlation-ramp bias for the synapses of quadrant 1; 0 = external/pad
        /// bias (inferred).
        int_ramp_q1: bool [2] = true;
        /// Use the internal (CapMem) synapse-DAC bias for the synapses of quadrant 1; 0 = external/pad bias
        /// (inferred).
        int_dac_q1: bool [3] = true;
        /// Use the internal (CapMem) correlation-output bias for the synapses of quadrant 0; 0 = external/pad
        /// bias (inferred).
        int_output_q0: bool [4] = true;
        /// Use the internal (CapMem) correlation-store bias for the synapses of quadrant 0; 0 = external/pad
        /// bias (inferred).
        int_store_q0: bool [5] = true;
        /// Use the internal (CapMem) correlation-ramp bias for the synapses of quadrant 0; 0 = external/pad
        /// bias (inferred).
        int_ramp_q0: bool [6] = true;
        /// Use the internal (CapMem) synapse-DAC bias for the synapses of quadrant 0; 0 = external/pad bias
        /// (inferred).
        int_dac_q0: bool [7] = true;
        /// Use the internal (CapMem) correlation-output bias for the synapses of quadrant 3; 0 = external/pad
        /// bias (inferred).
        int_output_q3: bool [8] = true;
        /// Use the internal (CapMem) correlation-store bias for the synapses of quadrant 3; 0 = external/pad
        /// bias (inferred).
        int_store_q3: bool [9] = true;
        /// Use the internal (CapMem) correlation-ramp bias for the synapses of quadrant 3; 0 = external/pad
        /// bias (inferred).
        int_ramp_q3: bool [10] = true;
        /// Use the internal (CapMem) synapse-DAC bias for the synapses of quadrant 3; 0 = external/pad bias
        /// (inferred).
        int_dac_q3: bool [11] = true;
        /// Use the internal (CapMem) correlation-output bias for the synapses of quadrant 2; 0 = external/pad
        /// bias (inferred).
        int_output_q2: bool [12] = true;
        /// Use the internal (CapMem) correlation-store bias for the synapses of quadrant 2; 0 = external/pad
        /// bias (inferred).
        int_store_q2: bool [13] = true;
        /// Use the internal (CapMem) correlation-ramp bias for the synapses of quadrant 2; 0 = external/pad
        /// bias (inferred).
        int_ramp_q2: bool [14] = true;
        /// Use the internal (CapMem) synapse-DAC bias for the synapses of quadrant 2; 0 = external/pad bias
        /// (inferred).
        int_dac_q2: bool [15] = true;
    }
}

impl SystimeSyncBase {
    /// The 43-bit value. Unit: system-time ticks.
    pub const fn value(&self) -> u64 {
        (self.high as u64) << 32 | self.low as u64
    }
}

impl CommonPhyConfigChip {
    /// Whether each chip-side PHY is enabled, by its number.
    pub const fn enable_phy(&self) -> [bool; 8] {
        [
            self.enable_phy_0,
            self.enable_phy_1,
            self.enable_phy_2,
            self.enable_phy_3,
            self.enable_phy_4,
            self.enable_phy_5,
            self.enable_phy_6,
            self.enable_phy_7,
        ]
    }
}

/// Which biases of the synapses of a quadrant come from the CapMem instead of from pads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct InternalBiases {
    /// Bias of the correlation output.
    pub output: bool,
    /// Bias of the correlation storage.
    pub store: bool,
    /// Bias of the correlation ramp.
    pub ramp: bool,
    /// Bias of the synapse DAC.
    pub dac: bool,
}

impl SynapseBiasSelection {
    /// The choice in each quadrant, by its number.
    pub const fn internal(&self) -> [InternalBiases; 4] {
        const fn biases(output: bool, store: bool, ramp: bool, dac: bool) -> InternalBiases {
            InternalBiases { output, store, ramp, dac }
        }
        [
            biases(self.int_output_q0, self.int_store_q0, self.int_ramp_q0, self.int_dac_q0),
            biases(self.int_output_q1, self.int_store_q1, self.int_ramp_q1, self.int_dac_q1),
            biases(self.int_output_q2, self.int_store_q2, self.int_ramp_q2, self.int_dac_q2),
            biases(self.int_output_q3, self.int_store_q3, self.int_ramp_q3, self.int_dac_q3),
        ]
    }
}
