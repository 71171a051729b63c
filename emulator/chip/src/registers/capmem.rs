//! The analog parameter storage (register-map 5.8).

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
        hotbit_capmem_row: Option<u8> [0..=23] as OneHotReversed = -1;
    }
    word w1 (ReadWrite) {
        /// Debug readout column (0..129); 0 when debug readout is off.
        capmem_column: u32 [0..=31] = 0;
    }
    word w2 (ReadWrite) {
        /// 0 off, 1 v_ref_v, 2 v_ref_i.
        debug_v_ref_select: u8 [0..=1] = 0;
    }
    word w3 (ReadWrite) {
        /// Global bias voltage.
        v_global_bias: u8 [0..=3] = 7;
        /// Bias.
        debug_level_shifter_bias: u8 [4..=7] = 3;
        /// Bias.
        debug_source_follower_bias: u8 [8..=11] = 3;
        /// Bias.
        debug_out_amp_bias: u8 [12..=15] = 7;
    }
    word w4 (ReadWrite) {
        /// Current-cell resistor setting.
        current_cell_res: u8 [0..=5] = 8;
    }
    word w5 (ReadWrite) {
        /// 0 off, 1 i_out_mux, 2 i_out_ramp.
        debug_i_out_select: u8 [0..=1] = 0;
    }
    word w6 (ReadWrite) {
        /// Refresh sub counter.
        sub_counter: u16 [0..=15] = 16;
        /// Enable refresh.
        enable_capmem: bool [16] = true;
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
