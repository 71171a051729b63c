//! FPGA: serial spike interface and routing between chips (register-map 8.5).

use super::macros::*;

register_block! {
    /// SpikeIO output route (register-map 8.5).
    SpikeIOOutputRoute {
        space: Fpga,
        address: 0x8802_0000, [label: stride(65536, 1)],
        status: Modelled,
    }
    word target (ReadWrite, reset = HostDefault) {
        /// Serial address; 0xff = discard.
        target: u8 [0..=7] = 255;
    }
}

register_block! {
    /// SpikeIO input route (register-map 8.5).
    SpikeIOInputRoute {
        space: Fpga,
        address: 0x8803_0000, [address: stride(256, 1)],
        status: Modelled,
    }
    word target (ReadWrite, reset = HostDefault) {
        /// Spike label injected; 0xffff = discard.
        target: u16 [0..=15] = 0xffff;
    }
}

register_block! {
    /// SpikeIO configuration (register-map 8.5).
    ///
    /// A byte takes the divider times the length of a frame, which is estimated, as is the room for waiting bytes. Without the
    /// internal loopback nobody is at the other end of the line.
    SpikeIOConfig {
        space: Fpga,
        address: 0x8803_8000, [],
        status: Modelled,
    }
    word config (ReadWrite, reset = HostDefault) {
        /// Serial clock divider, 1..65535 (0 makes the host throw).
        data_rate_scaler: u16 [0..=15] accepts 1..=65535 = 1;
        /// Enable transmitter.
        enable_tx: bool [16] = false;
        /// Enable receiver.
        enable_rx: bool [17] = false;
        /// Loop transmitter to receiver.
        enable_internal_loopback: bool [18] = false;
    }
}

register_block! {
    /// Incoming inter-chip routing table (register-map 8.5).
    ///
    /// Spikes pass the tables if the FPGA is connected to a network, which is an option of the executor.
    InputRoutingTableEntry {
        space: Fpga,
        address: 0x880c_0000, [entry: stride(32768, 1)],
        status: Modelled,
    }
    word entry (ReadWrite) {
        /// Spike label injected into the chip.
        label: u16 [0..=15] = 0;
        /// Entry valid.
        enable: bool [16] = false;
    }
}

register_block! {
    /// Outgoing inter-chip routing table (register-map 8.5).
    OutputRoutingTableEntry {
        space: Fpga,
        address: 0x880d_0000, [entry: stride(65536, 1)],
        status: Modelled,
    }
    word entry (ReadWrite) {
        /// Network label.
        label: u16 [0..=14] = 0;
        /// Entry valid.
        enable: bool [15] = false;
    }
}
