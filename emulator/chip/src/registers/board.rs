//! FPGA: serial masters to the board devices, event switch (register-map 8.4).

use super::macros::*;

register_block! {
    /// SPI master (register-map 8.4).
    ///
    /// One byte per write; a write with bit 31 set ends the frame. See the board chapter.
    SPIMaster {
        space: Fpga,
        address: 0x8800_7000, [client: stride(5, 1)],
    }
    word byte (WriteOnly) {
        /// Data byte, most significant first.
        data: u8 [0..=7];
        /// Last byte of the frame.
        stop: bool [31];
    }
}

register_block! {
    /// I2C master (register-map 8.4).
    ///
    /// Write = one byte to the device, read = one byte from it; the address byte is sent only when device or
    /// direction changes. Prescaler register at 0x88007a00.
    I2CMaster {
        space: Fpga,
        address: 0x8800_7800, [device: stride(128, 1)],
    }
    word byte (ReadWrite) {
        /// Data byte.
        data: u8 [0..=7];
        /// Read only: 1 = no acknowledge (host throws).
        no_ack: bool [31];
    }
}

register_block! {
    /// Event switch (register-map 8.4).
    ///
    /// Not written by the single-chip host flow. Further registers: +3 config, +4..5 systime offset, +6..7
    /// global systime, +8..9 last global systime (layouts not published for this revision).
    EventSwitch {
        space: Fpga,
        address: 0x8800_7c00, [direction: stride(3, 1)],
    }
    word source (ReadWrite, reset = HostDefault) {
        /// 0 executor, 1 chip, 2 external, 3 off.
        source: u8 [0..=1] = 1;
    }
}
