//! Analog readout: MADC, multiplexers to it and to the pads, test current, reference current (register-map
//! 5.3).

use super::macros::*;

register_block! {
    /// MADC control (state machine commands) (register-map 5.3).
    ///
    /// Write-only trigger/level register. Host sequence: write wake_up (plus amplifier enables), wait for
    /// power-up, write start_recording; later stop_recording. Level bits must be repeated with every write
    /// because there is no read-modify-write.
    MADCControl {
        space: Chip,
        address: 0xc_0000, [],
        status: Modelled,
    }
    word control (WriteOnly) {
        /// Leave power-down; the converter becomes ready after powerup_wait_value MADC clock cycles.
        wake_up: bool [0] = false;
        /// Start a recording.
        start_recording: bool [1] = false;
        /// Stop a running recording.
        stop_recording: bool [2] = false;
        /// Return to power-down after the recording.
        enable_power_down_after_sampling: bool [3] = false;
        /// Sample until stopped instead of number_of_samples samples.
        enable_continuous_sampling: bool [4] = false;
        /// Enable the switched-capacitor preamplifier (voltage recording).
        enable_pre_amplifier: bool [5] = false;
        /// Enable the switched-capacitor current-conversion amplifier.
        enable_iconv_amplifier: bool [6] = false, StoredOnly;
    }
}

register_block! {
    /// MADC configuration (register-map 5.3).
    ///
    /// Sample rate = f_madc_clk / (sample_duration_adjust + 12), further divided by
    /// 2*(madc_clock_scale_value+1) if enable_madc_clock_scaling (haldls, src/haldls/vx/madc.cpp and
    /// include/haldls/vx/constants.h). With the host defaults (500 MHz, adjust 5) = 29.4 MHz. All words are
    /// 16 bit wide in hardware (upper half unused). active_mux_input_select_length > 1 makes the channel tag
    /// lag by one sample.
    MADCConfig {
        space: Chip,
        address: 0xc_0001, [],
        status: Modelled,
    }
    word w0 (ReadWrite) {
        /// Multiplexer input (readout source buffer 0/1) sampled first.
        active_mux_initially_selected_input: bool [3] = false;
        /// Number of consecutive samples per input; 0 = never switch.
        active_mux_input_select_length: u8 [4..=7] = 0;
        /// Extra clock cycles per sample. Unit: MADC clock cycles.
        sample_duration_adjust: u8 [8..=10] = 5;
        /// SAR reset on falling edge.
        enable_sar_reset_on_fall: bool [11] = false, StoredOnly;
        /// SAR reset delay.
        sar_reset_wait: u8 [12..=13] = 3, StoredOnly;
        /// SAR reset length.
        sar_reset_length: u8 [14..=15] = 0, StoredOnly;
    }
    word w1 (ReadWrite) {
        /// Wake-up duration. Unit: MADC clock cycles.
        powerup_wait_value: u16 [0..=9] = 96;
        /// Added to sample_duration_adjust in hardware (reverse-engineered statement in haldls).
        conversion_cycles_offset: u8 [12..=15] = 12;
    }
    word w2 (ReadWrite) {
        /// Self-calibration timing.
        calibration_wait_value: u16 [0..=9] = 0, StoredOnly;
        /// Enable the built-in self calibration.
        enable_calibration: bool [15] = false, StoredOnly;
    }
    word w3 (ReadWrite) {
        /// Samples per recording in non-continuous mode.
        number_of_samples: u16 [0..=15] = 0;
    }
    word w4 (ReadWrite) {
        /// Rising edge of the preamplifier sampling phase. Unit: MADC clock cycle within sample.
        preamp_sampling_window_start: u8 [0..=4] = 3, StoredOnly;
        /// Falling edge. Unit: MADC clock cycle within sample.
        preamp_sampling_window_end: u8 [5..=9] = 8, StoredOnly;
    }
    word w5 (ReadWrite) {
        /// Rising edge of the current-conversion sampling phase. Unit: MADC clock cycle within sample.
        iconv_sampling_window_start: u8 [0..=4] = 9, StoredOnly;
        /// Falling edge. Unit: MADC clock cycle within sample.
        iconv_sampling_window_end: u8 [5..=9] = 14, StoredOnly;
    }
    word w6 (ReadWrite) {
        /// Sample on the rising clock edge.
        sample_on_positive_edge: bool [0] = true, StoredOnly;
        /// Emit the low 10 bits of the sample counter as test data.
        enable_dummy_data: bool [1] = false;
    }
    word w7 (ReadWrite) {
        /// Preamplifier output to converter input.
        connect_preamp_to_madc: bool [0] = true;
        /// Analog pads to converter input.
        connect_pads_to_madc: bool [1] = false;
        /// Preamplifier output to pads.
        connect_preamp_to_pads: bool [2] = false;
        /// Preamplifier feedback capacitor.
        preamp_gain_capacitor_size: u8 [3..=7] = 31;
    }
    word w8 (ReadWrite) {
        /// Enable the clock divider.
        enable_madc_clock_scaling: bool [0] = false;
        /// d: clock divided by 2*(d+1).
        madc_clock_scale_value: u16 [1..=12] = 0;
    }
    word w9 (ReadWrite) {
        /// Enable the amplifiers in front of the active multiplexer.
        enable_active_mux_amplifiers: bool [0] = true;
        /// Pseudo-differential reference, top hemisphere.
        enable_pseudo_differential_reference_n: bool [1] = false, StoredOnly;
        /// Pseudo-differential reference, bottom hemisphere.
        enable_pseudo_differential_reference_s: bool [2] = false, StoredOnly;
        /// Current-conversion circuit onto the preamp multiplexer.
        signal_selection_connect_current_meter: bool [3] = false, StoredOnly;
        /// Active multiplexer onto the preamp multiplexer.
        signal_selection_connect_active_mux: bool [4] = true;
        /// Debug lines onto the preamp multiplexer.
        signal_selection_connect_debug: bool [5] = false;
        /// Preamplifier input onto the preamp multiplexer.
        signal_selection_connect_preamp: bool [6] = true;
        /// Enable the internal amplifier of the current-conversion circuit.
        enable_iconv_amplifier: bool [7] = false, StoredOnly;
        /// Current conversion to top neuron direct-access line.
        connect_iconv_neuron_n: bool [8] = false, StoredOnly;
        /// Current conversion to bottom neuron direct-access line.
        connect_iconv_neuron_s: bool [9] = false, StoredOnly;
        /// Current conversion to inhibitory synaptic debug line.
        connect_iconv_synapse_i: bool [10] = false, StoredOnly;
        /// Current conversion to excitatory synaptic debug line.
        connect_iconv_synapse_x: bool [11] = false, StoredOnly;
    }
}

register_block! {
    /// Readout current DAC (register-map 5.3).
    ///
    /// 8-bit value I: binary_code = I mod 64, thermometer_code has I div 64 low bits set (0->000, 1->001,
    /// 2->011, 3->111); the host decodes by the highest set thermometer bit. The two synapse multiplexer bits
    /// carry RTL-style names in the register layout, but the host property connect_synapse\[excitatory\]
    /// (index 0) drives bit 13 (RTL inhibitory) and connect_synapse\[inhibitory\] (index 1) drives bit 14
    /// (RTL excitatory); the sources disagree with each other, and which one is electrically right is
    /// unknown. Proposed default: follow the RTL bit names.
    CurrentDAC {
        space: Chip,
        address: 0xc_000b, [],
        status: Modelled,
    }
    word control (ReadWrite) {
        /// Low 6 bits of the current value.
        binary_code: u8 [0..=5] = 0;
        /// 0 source, 1 sink.
        direction: bool [6] = false;
        /// Enable the current source.
        enable_current: bool [7] = false;
        /// Upper two bits of the current value, thermometer coded.
        thermometer_code: u8 [8..=10] as Thermometer = 0;
        /// Connect to the top neuron stimulation line.
        mux_i_stim_top: bool [11] = false;
        /// Connect to the bottom neuron stimulation line.
        mux_i_stim_bottom: bool [12] = false;
        /// Connect to the inhibitory synaptic debug line (see note).
        mux_syntest_inhibitory: bool [13] = false;
        /// Connect to the excitatory synaptic debug line (see note).
        mux_syntest_excitatory: bool [14] = false;
    }
}

register_block! {
    /// Readout source multiplexers and buffers (register-map 5.3).
    ReadoutSourceSelection {
        space: Chip,
        address: 0xc_000c, [],
        status: Modelled,
    }
    word mux0 (ReadWrite) {
        /// Connect to readout multiplexer 0: Debug line plus.
        debug_plus_0: bool [0] = false;
        /// Connect to readout multiplexer 0: Debug line minus.
        debug_minus_0: bool [1] = false;
        /// Connect to readout multiplexer 0: Current-DAC output line.
        idac_i_out_0: bool [2] = false;
        /// Connect to readout multiplexer 0: Inhibitory synaptic-input debug line.
        synin_debug_inh_0: bool [3] = false;
        /// Connect to readout multiplexer 0: Excitatory synaptic-input debug line.
        synin_debug_exc_0: bool [4] = false;
        /// Connect to readout multiplexer 0: Causal CADC debug line.
        cadc_test_causal_0: bool [5] = false;
        /// Connect to readout multiplexer 0: Acausal CADC debug line.
        cadc_test_acausal_0: bool [6] = false;
        /// Connect to readout multiplexer 0: Synapse-driver readout, top.
        syndrv_debug_top_0: bool [7] = false;
        /// Connect to readout multiplexer 0: Synapse-driver readout, bottom.
        syndrv_debug_bottom_0: bool [8] = false;
        /// Connect to readout multiplexer 0: Odd neuron columns, top row.
        neuron_top_odd_0: bool [9] = false;
        /// Connect to readout multiplexer 0: Even neuron columns, top row.
        neuron_top_even_0: bool [10] = false;
        /// Connect to readout multiplexer 0: Odd neuron columns, bottom row.
        neuron_bottom_odd_0: bool [11] = false;
        /// Connect to readout multiplexer 0: Even neuron columns, bottom row.
        neuron_bottom_even_0: bool [12] = false;
    }
    word mux1 (ReadWrite) {
        /// Connect to readout multiplexer 1: Debug line plus.
        debug_plus_1: bool [0] = false;
        /// Connect to readout multiplexer 1: Debug line minus.
        debug_minus_1: bool [1] = false;
        /// Connect to readout multiplexer 1: Current-DAC output line.
        idac_i_out_1: bool [2] = false;
        /// Connect to readout multiplexer 1: Inhibitory synaptic-input debug line.
        synin_debug_inh_1: bool [3] = false;
        /// Connect to readout multiplexer 1: Excitatory synaptic-input debug line.
        synin_debug_exc_1: bool [4] = false;
        /// Connect to readout multiplexer 1: Causal CADC debug line.
        cadc_test_causal_1: bool [5] = false;
        /// Connect to readout multiplexer 1: Acausal CADC debug line.
        cadc_test_acausal_1: bool [6] = false;
        /// Connect to readout multiplexer 1: Synapse-driver readout, top.
        syndrv_debug_top_1: bool [7] = false;
        /// Connect to readout multiplexer 1: Synapse-driver readout, bottom.
        syndrv_debug_bottom_1: bool [8] = false;
        /// Connect to readout multiplexer 1: Odd neuron columns, top row.
        neuron_top_odd_1: bool [9] = false;
        /// Connect to readout multiplexer 1: Even neuron columns, top row.
        neuron_top_even_1: bool [10] = false;
        /// Connect to readout multiplexer 1: Odd neuron columns, bottom row.
        neuron_bottom_odd_1: bool [11] = false;
        /// Connect to readout multiplexer 1: Even neuron columns, bottom row.
        neuron_bottom_even_1: bool [12] = false;
        /// Enable the pad output buffer of multiplexer 1.
        enable_buffer_to_pad_1: bool [13] = false;
        /// Enable the pad output buffer of multiplexer 0.
        enable_buffer_to_pad_0: bool [14] = false;
    }
}

register_block! {
    /// Analog pad multiplexers (register-map 5.3).
    PadMultiplexerConfig {
        space: Chip,
        address: 0xc_000e, [pad: stride(2, 2)],
        status: Modelled,
    }
    word w0 (ReadWrite) {
        /// CADC ramp voltage, CapMem quadrant 3.
        cadc_v_ramp_out_mux_q3: bool [0] = false;
        /// CADC ramp voltage, CapMem quadrant 2.
        cadc_v_ramp_out_mux_q2: bool [1] = false;
        /// CADC ramp voltage, CapMem quadrant 1.
        cadc_v_ramp_out_mux_q1: bool [2] = false;
        /// CADC ramp voltage, CapMem quadrant 0.
        cadc_v_ramp_out_mux_q0: bool [3] = false;
        /// Ramp multiplexer to pad.
        cadc_v_ramp_mux_to_pad: bool [4] = false;
        /// CapMem current output, CapMem quadrant 3.
        capmem_i_out_mux_q3: bool [5] = false;
        /// CapMem current output, CapMem quadrant 2.
        capmem_i_out_mux_q2: bool [6] = false;
        /// CapMem current output, CapMem quadrant 1.
        capmem_i_out_mux_q1: bool [7] = false;
        /// CapMem current output, CapMem quadrant 0.
        capmem_i_out_mux_q0: bool [8] = false;
        /// To CapMem intermediate multiplexer.
        capmem_i_out_mux_to_inter: bool [9] = false;
        /// CapMem intermediate multiplexer to pad.
        capmem_inter_mux_to_pad: bool [10] = false;
        /// CapMem voltage output, CapMem quadrant 3.
        capmem_v_out_mux_q3: bool [11] = false;
        /// CapMem voltage output, CapMem quadrant 2.
        capmem_v_out_mux_q2: bool [12] = false;
        /// CapMem voltage output, CapMem quadrant 1.
        capmem_v_out_mux_q1: bool [13] = false;
        /// CapMem voltage output, CapMem quadrant 0.
        capmem_v_out_mux_q0: bool [14] = false;
        /// To CapMem intermediate multiplexer.
        capmem_v_out_mux_to_inter: bool [15] = false;
    }
    word w1 (ReadWrite) {
        /// CapMem reference voltage, CapMem quadrant 3.
        capmem_v_ref_mux_q3: bool [0] = false, StoredOnly;
        /// CapMem reference voltage, CapMem quadrant 2.
        capmem_v_ref_mux_q2: bool [1] = false, StoredOnly;
        /// CapMem reference voltage, CapMem quadrant 1.
        capmem_v_ref_mux_q1: bool [2] = false, StoredOnly;
        /// CapMem reference voltage, CapMem quadrant 0.
        capmem_v_ref_mux_q0: bool [3] = false, StoredOnly;
        /// To CapMem intermediate multiplexer.
        capmem_v_ref_mux_to_inter: bool [4] = false, StoredOnly;
        /// Top neuron stimulation line.
        neuron_i_stim_mux_top: bool [5] = false;
        /// Bottom neuron stimulation line.
        neuron_i_stim_mux_bottom: bool [6] = false;
        /// Causal CADC debug line to synapse intermediate multiplexer.
        synapse_mux_causal: bool [7] = false;
        /// Acausal CADC debug line.
        synapse_mux_acausal: bool [8] = false;
        /// Inhibitory synaptic debug line.
        synapse_mux_inhibitory: bool [9] = false;
        /// Excitatory synaptic debug line.
        synapse_mux_excitatory: bool [10] = false;
        /// Synapse intermediate multiplexer to pad.
        synapse_mux_to_pad: bool [11] = false;
        /// Readout buffer 1 to pad.
        buffer_to_pad_1: bool [12] = false;
        /// Readout buffer 0 to pad.
        buffer_to_pad_0: bool [13] = false;
        /// Debug line to pad (pad 0: plus, pad 1: minus).
        debug_to_pad: bool [14] = false;
        /// Stimulation multiplexer to pad.
        neuron_i_stim_mux_to_pad: bool [15] = false;
    }
}

register_block! {
    /// CapMem reference current generator (register-map 5.3).
    ///
    /// Host init writes it twice: first with en_reset=1, then after 1000 FPGA cycles with en_reset=0.
    ReferenceGeneratorConfig {
        space: Chip,
        address: 0xc_0012, [],
    }
    word enables (ReadWrite) {
        /// Use the on-chip reference current.
        en_internal_ref: bool [12] = true;
        /// Drive the reference current to the pad.
        en_out_internal_ref: bool [13] = false;
        /// Take the reference current from the pad.
        en_pad_ref: bool [14] = false;
        /// Reset of the resistor control loop (needed after power-up).
        en_reset: bool [15] = false;
    }
    word reference_control (ReadWrite) {
        /// Reference DAC value.
        reference_control: u8 [6..=11] = 10, Modelled;
    }
    word resistor_control (ReadWrite) {
        /// Reference resistor setting.
        resistor_control: u8 [0..=5] = 40;
    }
    word cm_i_amplifier_01 (ReadWrite) {
        /// CapMem amplifier bias, CapMem quadrant 0.
        cm_i_amplifier_0: u8 [0..=5] = 40;
        /// CapMem amplifier bias, CapMem quadrant 1.
        cm_i_amplifier_1: u8 [6..=11] = 40;
    }
    word cm_i_amplifier_23 (ReadWrite) {
        /// CapMem amplifier bias, CapMem quadrant 2.
        cm_i_amplifier_2: u8 [0..=5] = 40;
        /// CapMem amplifier bias, CapMem quadrant 3.
        cm_i_amplifier_3: u8 [6..=11] = 40;
    }
    word cm_i_offset_01 (ReadWrite) {
        /// CapMem offset current, CapMem quadrant 0.
        cm_i_offset_0: u8 [0..=5] = 1;
        /// CapMem offset current, CapMem quadrant 1.
        cm_i_offset_1: u8 [6..=11] = 1;
    }
    word cm_i_offset_23 (ReadWrite) {
        /// CapMem offset current, CapMem quadrant 2.
        cm_i_offset_2: u8 [0..=5] = 1;
        /// CapMem offset current, CapMem quadrant 3.
        cm_i_offset_3: u8 [6..=11] = 1;
    }
    word cm_i_slope_01 (ReadWrite) {
        /// CapMem ramp slope current, CapMem quadrant 0.
        cm_i_slope_0: u8 [0..=5] = 11, Modelled;
        /// CapMem ramp slope current, CapMem quadrant 1.
        cm_i_slope_1: u8 [6..=11] = 11, Modelled;
    }
    word cm_i_slope_23 (ReadWrite) {
        /// CapMem ramp slope current, CapMem quadrant 2.
        cm_i_slope_2: u8 [0..=5] = 11, Modelled;
        /// CapMem ramp slope current, CapMem quadrant 3.
        cm_i_slope_3: u8 [6..=11] = 11, Modelled;
    }
}

impl CurrentDAC {
    /// The current, 0..=255; its sign is `direction`. Unit: LSB of the DAC.
    pub const fn current(&self) -> u8 {
        (self.thermometer_code & 3) << 6 | self.binary_code
    }

    /// Whether it is connected to the stimulation lines, by row.
    pub const fn stimulates(&self) -> [bool; 2] {
        [self.mux_i_stim_top, self.mux_i_stim_bottom]
    }

    /// Whether it is connected to the debug lines of the synaptic lines, excitatory first. The names of the bits count, which the
    /// host's names contradict.
    pub const fn tests(&self) -> [bool; 2] {
        [self.mux_syntest_excitatory, self.mux_syntest_inhibitory]
    }

    /// The same with another current.
    pub const fn with_current(mut self, current: u8) -> Self {
        self.thermometer_code = current >> 6;
        self.binary_code = current & 0x3f;
        self
    }
}

impl PadMultiplexerConfig {
    /// The quadrants whose CADC ramp the pad may show, if [`Self::cadc_v_ramp_mux_to_pad`] is set as well.
    pub const fn ramp_quadrants(&self) -> [bool; 4] {
        [
            self.cadc_v_ramp_out_mux_q0,
            self.cadc_v_ramp_out_mux_q1,
            self.cadc_v_ramp_out_mux_q2,
            self.cadc_v_ramp_out_mux_q3,
        ]
    }

    /// The quadrants whose CapMem voltage output goes to the intermediate multiplexer.
    pub const fn capmem_voltage_quadrants(&self) -> [bool; 4] {
        [
            self.capmem_v_out_mux_q0,
            self.capmem_v_out_mux_q1,
            self.capmem_v_out_mux_q2,
            self.capmem_v_out_mux_q3,
        ]
    }

    /// The quadrants whose CapMem current output goes to the intermediate multiplexer.
    pub const fn capmem_current_quadrants(&self) -> [bool; 4] {
        [
            self.capmem_i_out_mux_q0,
            self.capmem_i_out_mux_q1,
            self.capmem_i_out_mux_q2,
            self.capmem_i_out_mux_q3,
        ]
    }

    /// Whether the pad shows an analog cell or a ramp.
    pub const fn shows_cells(&self) -> bool {
        self.cadc_v_ramp_mux_to_pad || self.capmem_inter_mux_to_pad
    }
}

impl ReferenceGeneratorConfig {
    /// Bias of the CapMem amplifiers, by quadrant.
    pub const fn capmem_amplifier(&self) -> [u8; 4] {
        [self.cm_i_amplifier_0, self.cm_i_amplifier_1, self.cm_i_amplifier_2, self.cm_i_amplifier_3]
    }

    /// Offset current of the CapMem, by quadrant.
    pub const fn capmem_offset(&self) -> [u8; 4] {
        [self.cm_i_offset_0, self.cm_i_offset_1, self.cm_i_offset_2, self.cm_i_offset_3]
    }

    /// Slope current of the CapMem ramp, by quadrant.
    pub const fn capmem_slope(&self) -> [u8; 4] {
        [self.cm_i_slope_0, self.cm_i_slope_1, self.cm_i_slope_2, self.cm_i_slope_3]
    }
}
