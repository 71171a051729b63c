//! Neurons: analog configuration, digital back-end, resets and spike counters (register-map 5.6).

use super::macros::*;

register_block! {
    /// Neuron reset (artificial spike) (register-map 5.6).
    ///
    /// Any written value makes the neuron fire once as if its comparator had triggered (inferred: needs
    /// NeuronConfig.en_fire): pulse length CommonNeuronBackendConfig.wait_fire_neuron, the spike counter
    /// increments, the refractory period starts, events are emitted if enabled. Address = base +
    /// 4*(column_in_side + 128*hemisphere).
    NeuronReset {
        space: Chip,
        address: 0x0, [
            side: table(&[0x12_2000, 0x12_a000]),
            hemisphere: stride(2, 0x200),
            column_in_side: stride(128, 4),
        ],
        status: Modelled,
    }
    word trigger (WriteOnly) {
        /// Value ignored.
        trigger: u32 [0..=31] = 0;
    }
}

register_block! {
    /// Global post pulse of one backend block (register-map 5.6).
    ///
    /// Any write issues a post pulse of length wait_global_post_pulse in the backend block; it reaches the
    /// synapses of those neurons whose post_overwrite bit is set. Arrival time may differ between neurons.
    BlockPostPulse {
        space: Chip,
        address: 0x0, [side: table(&[0x12_2400, 0x12_a400])],
        status: Modelled,
    }
    word trigger (WriteOnly) {
        /// Value ignored.
        trigger: u32 [0..=31] = 0;
    }
}

register_block! {
    /// Spike counter read (register-map 5.6).
    SpikeCounterRead {
        space: Chip,
        address: 0x0, [
            side: table(&[0x12_2800, 0x12_a800]),
            hemisphere: stride(2, 0x200),
            column_in_side: stride(128, 4),
        ],
        status: Modelled,
    }
    word count (ReadOnly) {
        /// Spikes since the last reset of the counter.
        count: u8 [0..=7];
        /// Counter has wrapped.
        overflow: bool [8];
    }
}

register_block! {
    /// Spike counter reset (register-map 5.6).
    SpikeCounterReset {
        space: Chip,
        address: 0x0, [
            side: table(&[0x12_2c00, 0x12_ac00]),
            hemisphere: stride(2, 0x200),
            column_in_side: stride(128, 4),
        ],
        status: Modelled,
    }
    word trigger (WriteOnly) {
        /// Value ignored; clears count and overflow.
        trigger: u32 [0..=31] = 0;
    }
}

register_block! {
    /// Analog neuron configuration (register-map 5.6).
    ///
    /// 8-word slot per neuron; words 0 and 1 of the slot are unused; the word names w2..w7 give the position
    /// in the slot. Each word is 8 bits wide in hardware.
    NeuronConfig {
        space: Chip,
        address: 0x2, [block: table(&[0x16_0000, 0x16_8000, 0x17_0000, 0x17_8000]), neuron: stride(128, 8)],
        host_refuses_reads_on: [Simulation],
        status: Modelled,
    }
    word w2 (ReadWrite) {
        /// Source degeneration of the leak/reset OTA while resetting.
        en_reset_deg: bool [0] = false;
        /// Reset conductance divided by 8.
        en_reset_div: bool [1] = false;
        /// Reset conductance multiplied by 8.
        en_reset_mul: bool [2] = false;
        /// Source degeneration while leaking.
        en_leak_deg: bool [3] = false;
        /// Leak conductance divided by 8.
        en_leak_div: bool [4] = false;
        /// Leak conductance multiplied by 8.
        en_leak_mul: bool [5] = false;
        /// Stronger fire pulse.
        en_strong_fire: bool [6] = false, StoredOnly;
    }
    word w3 (ReadWrite) {
        /// Inhibitory input in conductance-based mode.
        en_synin_coba_inh: bool [1] = false;
        /// Excitatory input in conductance-based mode.
        en_synin_coba_exc: bool [2] = false;
        /// Direct unbuffered membrane access.
        en_unbuf_access: bool [3] = false;
        /// Enable readout amplifier.
        en_readout_amp: bool [4] = false;
        /// 0 membrane, 1 excitatory synaptic input, 2 inhibitory synaptic input, 3 adaptation.
        readout_select: u8 [5..=6] = 0;
        /// Connect the readout amplifier to the readout line.
        en_readout: bool [7] = false;
    }
    word w4 (ReadWrite) {
        /// Sign flip of spike-triggered adaptation.
        invert_adapt_b: bool [0] = false;
        /// Sign flip of sub-threshold adaptation.
        invert_adapt_a: bool [1] = false;
        /// Enable adaptation.
        en_adapt: bool [2] = false;
        /// Enable exponential term.
        en_exp: bool [3] = false;
        /// Inhibitory input: only the parasitic line capacitance.
        en_synin_inh_small_cap: bool [4] = false;
        /// Excitatory input: only the parasitic line capacitance.
        en_synin_exc_small_cap: bool [5] = false;
        /// Inhibitory input high-resistance mode.
        en_synin_inh_high_res: bool [6] = false;
        /// Excitatory input high-resistance mode.
        en_synin_exc_high_res: bool [7] = false;
    }
    word w5 (ReadWrite) {
        /// Enable the membrane offset/step current.
        en_mem_off: bool [0] = false;
        /// Membrane capacitance, 63 = about 2.3 pF. Unit: LSB, about 36.5 fF.
        mem_cap_size: u8 [2..=7] = 0;
    }
    word w6 (ReadWrite) {
        /// Sign of the membrane offset current.
        invert_current: bool [0] = false;
        /// Enable the fire output (also gates the bypass circuits).
        en_fire: bool [2] = false;
        /// Enable the threshold comparator.
        en_thresh_comp: bool [3] = false;
        /// Enable inhibitory synaptic input.
        en_synin_inh: bool [4] = false;
        /// Enable excitatory synaptic input.
        en_synin_exc: bool [5] = false;
        /// Enable inhibitory bypass circuit.
        en_byp_inh: bool [6] = false;
        /// Enable excitatory bypass circuit.
        en_byp_exc: bool [7] = false;
    }
    word w7 (ReadWrite) {
        /// Connect the soma line to the right neighbour.
        connect_somata: bool [0] = false;
        /// Connect the membrane to the neuron of the opposite hemisphere.
        connect_bottom: bool [1] = false;
        /// Enable the inter-compartment conductance.
        en_comp_cond: bool [2] = false;
        /// Connect the membrane to the right neighbour.
        connect_membrane_right: bool [3] = false;
        /// Connect the membrane to the soma line.
        connect_soma: bool [4] = false;
        /// Inter-compartment bias times 4.
        en_comp_cond_mul: bool [5] = false;
        /// Inter-compartment bias divided by 4.
        en_comp_cond_div: bool [6] = false;
        /// Gate synaptic inputs and exponential term during reset.
        en_pause: bool [7] = false;
    }
}

register_block! {
    /// Neuron SRAM timing (register-map 5.6).
    NeuronSRAMTimingConfig {
        space: Chip,
        address: 0x0, [block: table(&[0x16_0402, 0x16_8402, 0x17_0402, 0x17_8402])],
        host_refuses_reads_on: [Simulation],
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
    /// Digital neuron backend configuration (register-map 5.6).
    ///
    /// Three values are split over two words, the first two of them stored inverted; see
    /// [`address_out`](Self::address_out), [`refractory_time`](Self::refractory_time) and
    /// [`reset_holdoff`](Self::reset_holdoff).
    NeuronBackendConfig {
        space: Chip,
        address: 0x0, [
            side: table(&[0x1a_1000, 0x1a_9000]),
            hemisphere: stride(2, 0x200),
            column_in_side: stride(128, 4),
        ],
        host_refuses_reads_on: [Simulation],
        status: Modelled,
    }
    word w0 (ReadWrite) {
        /// Bits 7..2 of the 8-bit output address.
        address_out_msbs: u8 [0..=5] as Inverted = 0;
        /// Bits 1..0 of reset_holdoff.
        reset_holdoff_1: u8 [6..=7] = 3;
    }
    word w1 (ReadWrite) {
        /// Bits 7..4 of refractory_time. Unit: refractory clock cycles.
        refractory_time_1: u8 [0..=3] as Inverted = 0;
        /// Bits 1..0 of the output address.
        address_out_lsbs: u8 [4..=5] as Inverted = 0;
        /// Bits 3..2 of reset_holdoff.
        reset_holdoff_2: u8 [6..=7] = 3;
    }
    word w2 (ReadWrite) {
        /// Use only the external (block) post pulse, no internal post pulses.
        post_overwrite: bool [0] = false;
        /// Refractory clock: 0 = clock_scale_slow, 1 = clock_scale_fast of the common configuration
        /// (settled: 7).
        select_input_clock: bool [1] = false;
        /// Bits 3..0 of refractory_time. Unit: refractory clock cycles.
        refractory_time_2: u8 [2..=5] as Inverted = 0;
        /// Send a pulse to the adaptation circuit on a spike.
        en_adapt_pulse: bool [6] = false;
        /// Generate post pulses in the Bayesian module; 0 = from neuron_fire_connect.
        en_bayesian_extension: bool [7] = true;
    }
    word w3 (ReadWrite) {
        /// Take fire/refractory state from the connected master.
        en_neuron_slave: bool [0] = false;
        /// Connect the fire line to the opposite hemisphere.
        connect_fire_bottom: bool [1] = false;
        /// Receive the fire line from the right neighbour (documented as broken).
        connect_fire_from_right: bool [2] = false, Tagged;
        /// Drive the fire line of the right neighbour (unidirectional).
        connect_fire_to_right: bool [3] = false;
        /// Emit events (not needed for counters or post pulses).
        en_spike_out: bool [4] = false;
        /// Drive neuron_fire_connect with the local fire signal.
        en_neuron_master: bool [5] = false;
        /// Bayesian mode bit 1.
        en_1_bayesian: bool [6] = false;
        /// Bayesian mode bit 0.
        en_0_bayesian: bool [7] = false;
    }
}

register_block! {
    /// Neuron backend SRAM timing (register-map 5.6).
    NeuronBackendSRAMTimingConfig {
        space: Chip,
        address: 0x0, [side: table(&[0x1a_1402, 0x1a_9402])],
        host_refuses_reads_on: [Hardware, Simulation],
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
    /// Common neuron backend configuration (register-map 5.6).
    ///
    /// Clock scale n: f = 250 MHz / 2^(n+1).
    CommonNeuronBackendConfig {
        space: Chip,
        address: 0x0, [side: table(&[0x1a_1800, 0x1a_9800])],
        status: Modelled,
    }
    word w0 (ReadWrite) {
        /// Enable the event output registers.
        en_event_regs: bool [0] = true;
        /// Hold all neurons of the side in reset.
        force_reset: bool [1] = false;
        /// Enable the backend clocks.
        en_clocks: bool [2] = true;
        /// Slow refractory clock.
        clock_scale_slow: u8 [4..=7] = 0;
        /// Fast refractory clock.
        clock_scale_fast: u8 [8..=11] = 0;
        /// Event output 0 sampled on the rising edge.
        sample_pos_edge_0: bool [12] = true, StoredOnly;
        /// Event output 1 sampled on the rising edge.
        sample_pos_edge_1: bool [13] = true, StoredOnly;
        /// Event output 2 sampled on the rising edge.
        sample_pos_edge_2: bool [14] = true, StoredOnly;
        /// Event output 3 sampled on the rising edge.
        sample_pos_edge_3: bool [15] = true, StoredOnly;
        /// Adaptation pulse clock.
        clock_scale_adapt_pulse: u8 [16..=19] = 0;
        /// Post pulse clock.
        clock_scale_post_pulse: u8 [20..=23] = 0, StoredOnly;
    }
    word w1 (ReadWrite) {
        /// Length of the block post pulse. Unit: clock cycles (clock not stated).
        wait_global_post_pulse: u8 [0..=7] = 1, StoredOnly;
        /// Length of the counter reset pulse. Unit: clock cycles.
        wait_spike_counter_reset: u8 [8..=15] = 4, StoredOnly;
        /// Settling time of a counter read. Unit: clock cycles.
        wait_spike_counter_read: u8 [16..=23] = 112, StoredOnly;
        /// Length of the artificial fire pulse. Unit: clock cycles.
        wait_fire_neuron: u8 [24..=31] = 4, StoredOnly;
    }
}

register_block! {
    /// Parallel neuron reset of a quad (register-map 5.6).
    ///
    /// Row 256 of the correlation-reset region. Same effect as NeuronReset on the four columns of the quad.
    /// Up to v2 the correlation of row 0 was reset as well; announced fixed for v3 (comment in haldls,
    /// include/haldls/vx/v3/neuron.h), unverified.
    NeuronResetQuad {
        space: SynapseArray,
        address: 0x9_4000, [hemisphere: table(&[0x2c0_0000, 0x3c0_0000]), quad: stride(64, 1)],
    }
    word trigger (WriteOnly) {
        /// Value ignored.
        trigger: u32 [0..=31] = 0;
    }
}

impl NeuronBackendConfig {
    /// Low eight bits of the label of emitted events.
    pub const fn address_out(&self) -> u8 {
        self.address_out_msbs << 2 | self.address_out_lsbs
    }

    /// The same with another output address.
    pub const fn with_address_out(mut self, address: u8) -> Self {
        self.address_out_msbs = address >> 2;
        self.address_out_lsbs = address & 3;
        self
    }

    /// Length of the refractory period. Unit: cycles of the selected refractory clock (settled: 6).
    pub const fn refractory_time(&self) -> u8 {
        self.refractory_time_1 << 4 | self.refractory_time_2
    }

    /// The same with another refractory time.
    pub const fn with_refractory_time(mut self, time: u8) -> Self {
        self.refractory_time_1 = time >> 4;
        self.refractory_time_2 = time & 0xf;
        self
    }

    /// How much earlier than the refractory period the analog reset ends: by `31 - 2 * reset_holdoff` cycles,
    /// 0..=15.
    pub const fn reset_holdoff(&self) -> u8 {
        self.reset_holdoff_2 << 2 | self.reset_holdoff_1
    }

    /// The same with another holdoff; bits above 3..0 are lost.
    pub const fn with_reset_holdoff(mut self, holdoff: u8) -> Self {
        self.reset_holdoff_2 = holdoff >> 2 & 3;
        self.reset_holdoff_1 = holdoff & 3;
        self
    }
}

impl CommonNeuronBackendConfig {
    /// Whether each event output is sampled on the rising edge.
    pub const fn sample_pos_edge(&self) -> [bool; 4] {
        [self.sample_pos_edge_0, self.sample_pos_edge_1, self.sample_pos_edge_2, self.sample_pos_edge_3]
    }
}
