//! FPGA: serial masters to the board devices, event switch (register-map 8.4).

use super::macros::*;

register_block! {
    /// SPI master (register-map 8.4).
    ///
    /// One byte per write; a write with bit 31 set ends the frame. Clients: 1 shift register, 2 and 4 the
    /// DACs (register-map 10.1).
    SPIMaster {
        space: Fpga,
        address: 0x8800_7000, [client: stride(5, 1)],
        status: Modelled,
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
    /// direction changes. Bit 0 of the mode: stop after this byte; bit 1: repeated start before the address.
    I2CMaster {
        space: Fpga,
        address: 0x8800_7800, [mode: stride(4, 0x80), device: stride(128, 1)],
        status: Modelled,
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
    /// Directions: 0 to the executor, 1 to the chip, 2 to the external network. Not written by the
    /// single-chip host flow.
    EventSwitch {
        space: Fpga,
        address: 0x8800_7c00, [direction: stride(3, 1)],
    }
    word source (ReadWrite, reset = HostDefault) {
        /// 0 executor, 1 chip, 2 external, 3 off.
        source: u8 [0..=1] = 1;
    }
}

register_block! {
    /// Clock prescaler of the I2C master (register-map 10.2).
    I2CPrescaler {
        space: Fpga,
        address: 0x8800_7a00, [],
        status: Tagged,
    }
    word prescaler (ReadWrite) {
        /// Layout not published: stored.
        value: u32 [0..=31];
    }
}

register_block! {
    /// Further words of the event switch (register-map 8.4).
    ///
    /// Configuration, system-time offset (2 words), global system time (2), last global system time (2);
    /// layouts not published for this revision.
    EventSwitchUndocumented {
        space: Fpga,
        address: 0x8800_7c03, [offset: stride(7, 1)],
        status: Tagged,
    }
    word word (ReadWrite) {
        /// Stored.
        value: u32 [0..=31];
    }
}
