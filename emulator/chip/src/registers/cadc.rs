//! The parallel ADC of the columns (register-map 5.10).

use super::macros::*;

register_block! {
    /// CADC channel offset (register-map 5.10).
    ///
    /// West half at +0x800, east half at +0. Raw = offset + 128 (0..255). The result of a conversion is
    /// sample + offset (sign convention from the host comment 'offset value to add').
    CADCChannelConfig {
        space: Chip,
        address: 0x0, [
            hemisphere: table(&[0x240_0000, 0x340_0000]),
            type: stride(2, 1),
            side: table(&[0x800, 0x0]),
            column_in_side: stride(128, 2),
        ],
        host_refuses_reads_on: [Hardware],
        status: Modelled,
    }
    word offset (ReadWrite) {
        /// Digital offset, excess-128 coded (-128..127). Unit: CADC LSB.
        offset: i8 [0..=7] as Excess128 = 0;
    }
}

register_block! {
    /// CADC offset SRAM timing (register-map 5.10).
    CADCOffsetSRAMTimingConfig {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x240_0000, 0x340_0000]), side: table(&[0x902, 0x102])],
    }
    word read (ReadWrite) {
        /// Delay between raising the cell-enable signal and latching the read value. Unit: SRAM controller
        /// clock cycles (clock not stated in the sources).
        read_delay: u8 [0..=7] = 255;
    }
    word setup_write (ReadWrite) {
        /// Delay between applying the address and raising the enable signal. Unit: SRAM controller clock
        /// cycles.
        address_setup_time: u8 [0..=3] = 15;
        /// Length of the enable pulse during a write. Unit: SRAM controller clock cycles.
        write_width: u8 [4..=7] = 15;
    }
}

register_block! {
    /// CADC common configuration (register-map 5.10).
    CADCConfig {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x240_1000, 0x340_1000])],
        status: Modelled,
    }
    word config (ReadWrite) {
        /// Enable the CADC.
        enable: bool [0] = false;
        /// Wait after the ramp falls. Unit: clock cycles (PPU clock assumed).
        reset_wait: u8 [4..=11] = 100;
        /// Wait after the ramp ends for late channels. Unit: clock cycles (PPU clock assumed).
        dead_time: u8 [12..=19] = 20;
    }
}

register_block! {
    /// CADC result read (register-map 5.10).
    CADCSampleQuad {
        space: SynapseArray,
        address: 0x8_0000, [
            hemisphere: table(&[0x2c0_0000, 0x3c0_0000]),
            readout: stride(2, 0x200000),
            type: stride(2, 0x40000),
            row: stride(256, 64),
            quad: stride(64, 1),
        ],
    }
    word samples (ReadOnly) {
        /// Result of entry 3 (offset-corrected). Unit: CADC LSB.
        sample_3: u8 [0..=7];
        /// Result of entry 2 (offset-corrected). Unit: CADC LSB.
        sample_2: u8 [8..=15];
        /// Result of entry 1 (offset-corrected). Unit: CADC LSB.
        sample_1: u8 [16..=23];
        /// Result of entry 0 (offset-corrected). Unit: CADC LSB.
        sample_0: u8 [24..=31];
    }
}
