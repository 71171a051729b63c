//! FPGA: vector generators of an older image (register-map 8.6). Described so that their host containers can
//! be read; their addresses belong to DRAM now and are never decoded to them.

use super::macros::*;

register_block! {
    /// Vector generator control (register-map 8.6).
    VectorGeneratorControl {
        space: FpgaLegacy,
        address: 0x0, [generator: table(&[0x8400_0000, 0x8400_1000])],
        status: Tagged,
    }
    word control (WriteOnly) {
        /// Trigger type: 0 omnibus, 1 gpio.
        trigger: bool [0];
        /// Wait for trigger.
        enable_trigger: bool [1];
        /// Notification type: 0 omnibus, 1 gpio.
        notification: bool [2];
        /// Send notification.
        enable_notification: bool [3];
        /// Number of repetitions.
        resend_count: u8 [4..=7];
        /// Skip zero activations.
        enable_ignore_zeros: bool [8];
        /// Events per packet, 1..3.
        event_pack: u8 [9..=10] as MinusOne;
        /// Wait after source 1.
        source_1_wait: u8 [11..=14];
        /// 0 omnibus, 1..3 external.
        source_1: u8 [15..=16];
        /// Wait after source 0.
        source_0_wait: u8 [17..=20];
        /// 0 omnibus, 1..3 external.
        source_0: u8 [21..=22];
        /// Number of sources.
        source_count: u8 [23] as MinusOne;
        /// First lookup-table entry.
        lookup_table_entry_start: u8 [24..=31];
    }
}

register_block! {
    /// Vector generator notification address (register-map 8.6).
    VectorGeneratorNotificationAddress {
        space: FpgaLegacy,
        address: 0x1, [generator: table(&[0x8400_0000, 0x8400_1000])],
        status: Tagged,
    }
    word address (ReadWrite) {
        /// Omnibus address written on completion.
        value: u32 [0..=31] = 0;
    }
}

register_block! {
    /// Vector generator trigger (register-map 8.6).
    VectorGeneratorTrigger {
        space: FpgaLegacy,
        address: 0x2, [generator: table(&[0x8400_0000, 0x8400_1000])],
        status: Tagged,
    }
    word trigger (WriteOnly) {
        /// Value ignored.
        trigger: u32 [0..=31] = 0;
    }
}

register_block! {
    /// Vector generator lookup table (register-map 8.6).
    VectorGeneratorLUTEntry {
        space: FpgaLegacy,
        address: 0x100, [generator: table(&[0x8400_0000, 0x8400_1000]), entry: stride(256, 1)],
        status: Tagged,
    }
    word entry (ReadWrite) {
        /// Bits 15..5 of the emitted spike label.
        value: u16 [0..=10] = 0;
    }
}

register_block! {
    /// Vector generator FIFO (register-map 8.6).
    ///
    /// Byte enables select entries.
    VectorGeneratorFIFOWord {
        space: FpgaLegacy,
        address: 0x200, [generator: table(&[0x8400_0000, 0x8400_1000])],
        status: Tagged,
    }
    word word (WriteOnly) {
        /// Activation 3.
        value_3: u8 [0..=4];
        /// Last entry flag 3.
        last_3: bool [7];
        /// Activation 2.
        value_2: u8 [8..=12];
        /// Last entry flag 2.
        last_2: bool [15];
        /// Activation 1.
        value_1: u8 [16..=20];
        /// Last entry flag 1.
        last_1: bool [23];
        /// Activation 0.
        value_0: u8 [24..=28];
        /// Last entry flag 0.
        last_0: bool [31];
    }
}
