//! Everything about the FPGA that the specification leaves open, as parameters.

use bss2_base::SimTime;
use serde::{Deserialize, Serialize};

/// Parameters of the [`Executor`](super::Executor). All spans are FPGA cycles of 8 ns unless the type says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExecutorConfig {
    /// State of FPGA and links when the executor is made.
    pub initial: InitialState,
    /// One-way latency of the links between FPGA and chip. Estimated, 200 ns (event-routing 5).
    pub link_latency: u64,
    /// Round trip of a chip access; at least twice `link_latency`. Estimated, 400 ns (host-interface 2.4).
    pub chip_access: u64,
    /// Round trip of an access to an FPGA register or memory. Estimated (host-interface 2.4).
    pub fpga_access: u64,
    /// Reads that may be under way at once (host-interface 2.4).
    pub reads_in_flight: usize,
    /// Duration of a system-time synchronisation. Estimated (host-interface 2.8).
    pub synchronisation: u64,
    /// From the last enable of a link to its being up. Estimated, 10 µs.
    pub link_training: u64,
    /// Whether links announce that they came up (host-interface 2.10).
    pub link_notifications: bool,
    /// Simulated time that passes between a halt and the next program, so that the chip's last events get out
    /// (host-interface 2.1).
    pub between_programs: u64,
    /// Rate of a link in the performance test: payload bits (59 a word) in 1000 cycles. 595 Mbit/s, which the official hardware
    /// test demands within 5 %.
    pub link_rate: u64,
    /// Links that reach this rate together in the performance test; more share it. As in the official hardware test.
    pub links_at_full_rate: u32,
    /// Length of a byte on the serial line of SpikeIO, in bits: start, eight of data, stop. Estimated; a bit takes as many
    /// cycles as `data_rate_scaler` says (register-map 8.5).
    pub serial_frame: u64,
    /// Bytes that wait for the serial line or are on it; spikes beyond are lost. Unknown.
    pub serial_fifo: usize,
    /// What is behind the routing tables (register-map 8.5).
    pub network: Network,
    /// From leaving the FPGA to coming back from the network. Estimated, 650 ns: half of what is published for four hops
    /// (event-routing 14).
    pub network_latency: u64,
    /// Identification of the chip read through JTAG (host-interface 2.5).
    pub jtag_id: u32,
    /// Device DNA, 57 bits (host-interface 3).
    pub device_dna: u64,
    /// Identification in the EEPROM of the board (host-interface 3.1).
    pub eeprom_id: u32,
    /// The device is advanced in steps of at most this, between which progress is reported and cancelling works. No
    /// influence on results.
    pub slice: SimTime,
}

/// Where an executor starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InitialState {
    /// Links down, system time not synchronised: a start-up program has to come first, as on hardware.
    PowerUp,
    /// Links up, system time synchronised and 0: as if a start-up program had just run. The chip's registers are whatever
    /// the device holds.
    #[default]
    Started,
}

/// What an FPGA is connected to beside host and chip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    /// Nothing: the routing tables are stored, and no spike passes them.
    #[default]
    None,
    /// A network with this FPGA as its only member: every label that goes out comes back.
    Loopback,
}

impl Default for ExecutorConfig {
    fn default() -> Self {
        Self {
            initial: InitialState::Started,
            link_latency: 25,
            chip_access: 50,
            fpga_access: 4,
            reads_in_flight: 52,
            synchronisation: 100,
            link_training: 1250,
            link_notifications: true,
            link_rate: 4760,
            links_at_full_rate: 5,
            serial_frame: 10,
            serial_fifo: 64,
            network: Network::None,
            network_latency: 81,
            between_programs: 1000,
            jtag_id: 0x3485_80AF,
            device_dna: 0x0015_0000_0000_005D,
            eeprom_id: 1,
            slice: SimTime::from_ms(1),
        }
    }
}

impl ExecutorConfig {
    /// As the FPGA is found by host software that does the whole start-up itself.
    pub fn power_up() -> Self {
        Self { initial: InitialState::PowerUp, ..Self::default() }
    }
}
