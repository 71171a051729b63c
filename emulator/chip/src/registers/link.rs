//! The link between FPGA and chip, and JTAG (register-map 8.3, 9).

use super::macros::*;

register_block! {
    /// Link PHY enables, FPGA side (register-map 8.3).
    CommonPhyConfigFPGA {
        space: Fpga,
        address: 0x8800_4000, [],
        status: Modelled,
    }
    word enable (ReadWrite, reset = HostDefault) {
        /// Enable FPGA-side PHY 0.
        enable_phy_0: bool [0] = true;
        /// Enable FPGA-side PHY 1.
        enable_phy_1: bool [1] = true;
        /// Enable FPGA-side PHY 2.
        enable_phy_2: bool [2] = true;
        /// Enable FPGA-side PHY 3.
        enable_phy_3: bool [3] = true;
        /// Enable FPGA-side PHY 4.
        enable_phy_4: bool [4] = true;
        /// Enable FPGA-side PHY 5.
        enable_phy_5: bool [5] = true;
        /// Enable FPGA-side PHY 6.
        enable_phy_6: bool [6] = true;
        /// Enable FPGA-side PHY 7.
        enable_phy_7: bool [7] = true;
    }
}

register_block! {
    /// Link PHY status (register-map 8.3).
    PhyStatus {
        space: Fpga,
        address: 0x0, [phy: stride(8, 1)],
        status: Modelled,
    }
    word crc_error_count at (0x8800_4004 + 1 * phy) (ReadOnly) {
        /// CRC errors since reset.
        crc_error_count: u32 [0..=31];
    }
    word online_time at (0x8800_400c + 1 * phy) (ReadOnly) {
        /// Time the link is up. Unit: cycles.
        online_time: u32 [0..=31];
    }
    word rx_dropped_count at (0x8800_4014 + 1 * phy) (ReadOnly) {
        /// Dropped receive words.
        rx_dropped_count: u32 [0..=31];
    }
    word tx_count at (0x8800_c000 + 2 * phy) (ReadOnly) {
        /// Words sent to the chip.
        tx_count: u32 [0..=31];
    }
    word rx_count at (0x8800_c001 + 2 * phy) (ReadOnly) {
        /// Words received from the chip.
        rx_count: u32 [0..=31];
    }
}

register_block! {
    /// Link PHY configuration, FPGA side (register-map 8.3).
    PhyConfigFPGA {
        space: Fpga,
        address: 0x8800_6000, [phy: stride(8, 1)],
    }
    word config (ReadWrite, reset = HostDefault) {
        /// Bit slip.
        enable_bit_slip: bool [0] = false;
        /// Manual delay.
        manual_delay: u8 [1..=4] = 0;
        /// Delay-cell measurement.
        enable_delay_cell_measurement: bool [5] = false;
        /// Initialisation master.
        enable_initialization_master_mode: bool [6] = true;
        /// Manual tx valid during init.
        enable_manual_tx_data_valid_for_init: bool [7] = false;
        /// Force LVDS on.
        enable_force_lvds_power_up: bool [8] = false;
        /// Force start.
        enable_force_start: bool [9] = false;
        /// Manual training.
        enable_manual_training_mode: bool [10] = false;
        /// Bit-error-rate loopback.
        enable_ber_loopback: bool [11] = false;
        /// Bias.
        vbias: u8 [12..=14] = 4;
        /// Debug outputs.
        debug_outputs: bool [15] = false;
        /// No idle pattern.
        enable_transmission_without_idle_pattern: bool [17] = false;
        /// Clock pre-alignment.
        enable_clock_pre_alignment: bool [18] = false;
        /// Deserialiser recalibration.
        enable_des_recal: bool [19] = false;
        /// Loopback.
        enable_loopback_en: bool [20] = false;
        /// Automatic initialisation.
        enable_auto_init: bool [21] = true;
    }
}

register_block! {
    /// Chip link ARQ statistics (register-map 8.3).
    HicannARQStatus {
        space: Fpga,
        address: 0x8800_c010, [],
        status: Modelled,
    }
    word write_count (ReadOnly) {
        /// Words handed to the ARQ on the FPGA side.
        write_count: u32 [0..=31];
    }
    word tx_count (ReadOnly) {
        /// Words sent FPGA to chip.
        tx_count: u32 [0..=31];
    }
    word rx_count (ReadOnly) {
        /// Words sent chip to FPGA.
        rx_count: u32 [0..=31];
    }
    word read_count (ReadOnly) {
        /// Words handed to the ARQ on the chip side.
        read_count: u32 [0..=31];
    }
}

register_block! {
    /// Performance test (register-map 8.3).
    ///
    /// Words with a running number go over all links that are up, beside whatever else happens. Rate and saturation are those
    /// that the official hardware test demands.
    PerfTest {
        space: Fpga,
        address: 0x8800_8000, [],
        status: Modelled,
    }
    word control (ReadWrite) {
        /// Enable the link performance test.
        enable: bool [0] = false;
    }
}

register_block! {
    /// Performance test status (register-map 8.3).
    PerfTestStatus {
        space: Fpga,
        address: 0x8800_8001, [],
        status: Modelled,
    }
    word sent (ReadOnly) {
        /// Words sent.
        sent: u32 [0..=31];
    }
    word received (ReadOnly) {
        /// Words received.
        received: u32 [0..=31];
    }
    word in_order (ReadOnly) {
        /// Words in order.
        in_order: u32 [0..=31];
    }
    word error_word (ReadOnly) {
        /// First erroneous word.
        error_word: u32 [0..=31];
    }
}

register_block! {
    /// JTAG IDCODE (register-map 9).
    ///
    /// JTAG instruction 1, 32 data bits. Must read 0x348580af on v3.
    JTAGIdCode {
        space: Jtag,
        address: 0x1, [],
        status: Modelled,
    }
    word idcode (ReadOnly, reset = Value(0x3485_80af)) {
        /// Always 1 (host throws otherwise).
        marker: bool [0] accepts 1..=1;
        /// 0x057 (Heidelberg University).
        manufacturer_id: u16 [1..=11];
        /// 0x4858 (ASCII HX).
        part_number: u16 [12..=27];
        /// Chip revision, 3.
        version: u8 [28..=31];
    }
}

register_block! {
    /// Link PHY configuration, chip side (register-map 9).
    ///
    /// Address = JTAG instruction number 64 + 8*(7-phy) + 4, 22 data bits, write only. Fields as
    /// PhyConfigFPGA.
    PhyConfigChip {
        space: Jtag,
        address: 0x44, [phy: table(&[0x38, 0x30, 0x28, 0x20, 0x18, 0x10, 0x8, 0x0])],
    }
    word config (WriteOnly) {
        /// Bit slip.
        enable_bit_slip: bool [0] = false;
        /// Manual delay.
        manual_delay: u8 [1..=4] = 0;
        /// Delay-cell measurement.
        enable_delay_cell_measurement: bool [5] = false;
        /// Initialisation master.
        enable_initialization_master_mode: bool [6] = false;
        /// Manual tx valid during init.
        enable_manual_tx_data_valid_for_init: bool [7] = false;
        /// Force LVDS on.
        enable_force_lvds_power_up: bool [8] = false;
        /// Force start.
        enable_force_start: bool [9] = false;
        /// Manual training.
        enable_manual_training_mode: bool [10] = false;
        /// Bit-error-rate loopback.
        enable_ber_loopback: bool [11] = false;
        /// Bias.
        vbias: u8 [12..=14] = 4;
        /// Debug outputs.
        debug_outputs: bool [15] = false;
        /// No idle pattern.
        enable_transmission_without_idle_pattern: bool [17] = false;
        /// Clock pre-alignment.
        enable_clock_pre_alignment: bool [18] = false;
        /// Deserialiser recalibration.
        enable_des_recal: bool [19] = false;
        /// Loopback.
        enable_loopback_en: bool [20] = false;
        /// Automatic initialisation.
        enable_auto_init: bool [21] = true;
    }
}

impl CommonPhyConfigFPGA {
    /// Whether each FPGA-side PHY is enabled, by its number.
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

/// The register that a JTAG instruction shifts (register-map 9), [`JTAGIdCode`] or [`PhyConfigChip`]; `None`
/// for the other instructions.
pub fn jtag_register(instruction: u8) -> Option<super::Register> {
    use super::{Block, Register};
    [Block::JTAGIdCode, Block::PhyConfigChip].into_iter().find_map(|block| {
        let mut instances = 0..block.description().instances();
        let instance = instances
            .find(|&instance| block.description().address_of(instance, 0) == Some(instruction.into()))?;
        Some(Register { block, instance, word: 0 })
    })
}
