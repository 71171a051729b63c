//! The event network: crossbar and background sources (register-map 5.7).

use super::macros::*;

register_block! {
    /// Crossbar output configuration (register-map 5.7).
    CrossbarOutputConfig {
        space: Chip,
        address: 0x13_0000, [],
        host_refuses_reads_on: [Hardware],
        status: Modelled,
    }
    word config (ReadWrite) {
        /// Bit i: rate-limit L2 output i (crossbar output 8+i).
        enable_slow: u8 [0..=3] = 0;
        /// Bit i: event counter of crossbar output i counts.
        enable_event_counter: u16 [4..=15] = 0;
    }
}

register_block! {
    /// Background spike source (register-map 5.7).
    ///
    /// The host writes words in the order 1, 2, 0 so that everything is set when enable rises. On the 0->1
    /// edge of enable the seed is copied into the generator and the period counter is loaded with the full
    /// period (first event after one full period). Regular mode: one event every period clock cycles. Random
    /// mode: every period an 8-bit random number r is drawn and an event is sent if r ≤ rate; haldls also
    /// states that rate 0 disables the output and gives the mean interval as period*255/rate,
    /// pynn-brainscales computes with probability (rate+1)/256 and with period+1 cycles: keep 'rate 0 silent'
    /// and 'period + 1' as switches (proposed: rate 0 silent as documented, interval period+1). Only the low
    /// 16 bits of the 32-bit generator are used per draw; polynomial undocumented. Clock 250 MHz (hardware
    /// test: twice the FPGA clock).
    BackgroundSpikeSource {
        space: Chip,
        address: 0x13_0001, [source: stride(8, 3)],
        host_refuses_reads_on: [Hardware, Simulation],
        host_word_order: [1, 2, 0],
        status: Modelled,
    }
    word w0 (ReadWrite) {
        /// Enable.
        enable: bool [0] = false;
        /// 0 regular, 1 random (binned Poisson).
        enable_random: bool [1] = false;
        /// Inter-spike or inter-bin interval. Unit: SPL1 clock cycles (4 ns).
        period: u16 [16..=31] = 0;
    }
    word w1 (ReadWrite) {
        /// Random seed.
        seed: u32 [0..=31] = 0;
    }
    word w2 (ReadWrite) {
        /// Set bits: replace the label bit by a random bit (random mode).
        mask: u8 [0..=7] = 0;
        /// Spike probability per bin, rate/255.
        rate: u8 [8..=15] = 0;
        /// Label of emitted events.
        neuron_label: u16 [16..=29] = 0;
    }
}

register_block! {
    /// Crossbar node (register-map 5.7).
    ///
    /// An event with 14-bit label L passes the node iff (L & mask) == target. mask=0, target=0 passes
    /// everything; mask=0, target=1 drops everything. Reset state all zero = pass-all is inferred from
    /// hardware tests that receive events without writing any node.
    CrossbarNode {
        space: Chip,
        address: 0x13_0019, [node: stride(76, 1)],
        host_refuses_reads_on: [Hardware],
        status: Modelled,
    }
    word node (ReadWrite) {
        /// Label mask.
        mask: u16 [0..=13] = 0;
        /// Label target.
        target: u16 [16..=29] = 0;
        /// Count drops at this node in the drop counter of its input.
        enable_drop_counter: bool [31] = false;
    }
}

register_block! {
    /// Crossbar input drop counter (register-map 5.7).
    CrossbarInputDropCounter {
        space: Chip,
        address: 0x13_0065, [input: stride(20, 1)],
        status: Modelled,
    }
    word count (ReadOnly) {
        /// Dropped events.
        value: u16 [0..=15];
    }
}

register_block! {
    /// Crossbar output event counter (register-map 5.7).
    CrossbarOutputEventCounter {
        space: Chip,
        address: 0x13_0079, [output: stride(12, 1)],
        status: Modelled,
    }
    word count (ReadOnly) {
        /// Events passed to this output.
        value: u32 [0..=23];
    }
}
