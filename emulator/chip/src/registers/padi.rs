//! PADI buses and synapse drivers (register-map 5.5).

use super::macros::*;
use bss2_base::RowMode;

register_block! {
    /// PADI event trigger (register-map 5.5).
    ///
    /// Writing injects one event on every selected bus of the hemisphere. Usable only on buses whose
    /// enable_spl1 bit is 0 (the two sources are mutually exclusive).
    PADIEvent {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x11_0000, 0x11_8000])],
        status: Modelled,
    }
    word event (WriteOnly) {
        /// Fire on PADI bus 0.
        fire_bus_0: bool [0] = false;
        /// Fire on PADI bus 1.
        fire_bus_1: bool [1] = false;
        /// Fire on PADI bus 2.
        fire_bus_2: bool [2] = false;
        /// Fire on PADI bus 3.
        fire_bus_3: bool [3] = false;
        /// 6-bit synapse label. Hagen mode: bit 5 is the label, bits 4..0 the activation.
        event_address: u8 [16..=21] = 0;
        /// Row-select address compared by the synapse drivers.
        row_select_address: u8 [22..=26] = 0;
    }
}

register_block! {
    /// PADI bus configuration (register-map 5.5).
    CommonPADIBusConfig {
        space: Chip,
        address: 0x1, [hemisphere: table(&[0x11_0000, 0x11_8000])],
        host_refuses_reads_on: [Hardware],
        status: Modelled,
    }
    word config (ReadWrite) {
        /// Bus 0 takes events from the crossbar (SPL1) instead of the PADI event register.
        enable_spl1_0: bool [0] = false;
        /// Bus 1 takes events from the crossbar (SPL1) instead of the PADI event register.
        enable_spl1_1: bool [1] = false;
        /// Bus 2 takes events from the crossbar (SPL1) instead of the PADI event register.
        enable_spl1_2: bool [2] = false;
        /// Bus 3 takes events from the crossbar (SPL1) instead of the PADI event register.
        enable_spl1_3: bool [3] = false;
        /// Bus 0: extended event timing (lets STP deplete fully; no back-to-back events).
        enable_extended_timing_0: bool [4] = false;
        /// Bus 1: extended event timing (lets STP deplete fully; no back-to-back events).
        enable_extended_timing_1: bool [5] = false;
        /// Bus 2: extended event timing (lets STP deplete fully; no back-to-back events).
        enable_extended_timing_2: bool [6] = false;
        /// Bus 3: extended event timing (lets STP deplete fully; no back-to-back events).
        enable_extended_timing_3: bool [7] = false;
        /// Bus 0: lengthens the DAC-enable pulse of the synapses. Unit: clock cycles (clock not stated;
        /// PPU/SPL1 clock assumed).
        dacen_pulse_extension_0: u8 [16..=19] = 0;
        /// Bus 1: lengthens the DAC-enable pulse of the synapses. Unit: clock cycles (clock not stated;
        /// PPU/SPL1 clock assumed).
        dacen_pulse_extension_1: u8 [20..=23] = 0;
        /// Bus 2: lengthens the DAC-enable pulse of the synapses. Unit: clock cycles (clock not stated;
        /// PPU/SPL1 clock assumed).
        dacen_pulse_extension_2: u8 [24..=27] = 0;
        /// Bus 3: lengthens the DAC-enable pulse of the synapses. Unit: clock cycles (clock not stated;
        /// PPU/SPL1 clock assumed).
        dacen_pulse_extension_3: u8 [28..=31] = 0;
    }
}

register_block! {
    /// Common STP configuration (register-map 5.5).
    CommonSTPConfig {
        space: Chip,
        address: 0x2, [hemisphere: table(&[0x11_0000, 0x11_8000])],
        host_refuses_reads_on: [Hardware, Simulation],
        status: Modelled,
    }
    word config (ReadWrite) {
        /// Divider of the STP recovery clock (exact law undocumented; proposed f = 250 MHz / 2^(n+1) like the
        /// neuron clocks).
        recovery_clock_speed: u8 [0..=3] = 0;
        /// Enable the STP recovery clock.
        enable_recovery_clock: bool [4] = false;
    }
}

register_block! {
    /// Synapse driver configuration (register-map 5.5).
    ///
    /// Word 3 of each 4-word slot is unused. The driver accepts an event if (row_select_address & mask) ==
    /// (driver div 4 & mask). Row modes: exc/inh enable bits per row; both set = both lines driven.
    SynapseDriverConfig {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x11_0400, 0x11_8400]), driver: stride(128, 4)],
        host_refuses_reads_on: [Simulation],
        status: Modelled,
    }
    word w0 (ReadWrite) {
        /// STP utilisation strength.
        utilization: u8 [0..=3] = 0;
        /// STP offset: calibration of the DAC-enable pulse width.
        offset: u8 [4..=7] = 0;
        /// Enable the Hagen DAC (activation to STP voltage).
        en_hagen: bool [8] = false;
        /// Mask applied to both sides of the row-select comparison.
        row_address_compare_mask: u8 [9..=13] = 31;
        /// Forward the low five label bits to the synapses. Otherwise only bit 5 is sent, as Hagen mode
        /// needs; the bit is 1 then.
        enable_address_out ("disable_address_out"): bool [14] as Inverted = true;
        /// Enable the PADI receiver of this driver.
        en_receiver: bool [15] = false;
    }
    word w1 (ReadWrite) {
        /// STP recovery time constant.
        recovery: u8 [0..=3] as BitReversed = 0;
        /// Bottom row drives the excitatory lines.
        en_exc_bottom: bool [4] = false;
        /// Top row drives the excitatory lines.
        en_exc_top: bool [5] = false;
        /// Bottom row drives the inhibitory lines.
        en_inh_bottom: bool [6] = false;
        /// Top row drives the inhibitory lines.
        en_inh_top: bool [7] = false;
        /// Hagen DAC offset.
        hagen_dac_offset: u8 [8..=13] as Inverted = 0;
    }
    word w2 (ReadWrite) {
        /// Select STP target-voltage pair 0 or 1 (CapMem stp_v_charge_n / stp_v_recover_n).
        select_target_voltages: bool [0] = false;
        /// Connect the STP readout follower to the readout line.
        en_readout: bool [1] = false;
        /// Renewing synapses (documented as broken).
        en_renewing: bool [2] = false, Tagged;
        /// Pulse width modulated by the event payload.
        en_hagen_modulation: bool [3] = false;
        /// Enable the STP circuit.
        en_stp: bool [4] = false;
        /// Charge sharing (documented as broken); the bit is 1 to disable it.
        enable_charge_sharing ("disable_charge_sharing"): bool [6] as Inverted = false, Tagged;
        /// Enable STP recovery.
        en_recovery: bool [7] = false;
    }
}

register_block! {
    /// Synapse driver SRAM timing (register-map 5.5).
    SynapseDriverSRAMTimingConfig {
        space: Chip,
        address: 0x0, [hemisphere: table(&[0x11_0602, 0x11_8602])],
        host_refuses_reads_on: [Hardware, Simulation],
    }
    word read (ReadWrite) {
        /// Delay between raising the cell-enable signal and latching the read value. Unit: SRAM controller
        /// clock cycles (clock not stated in the sources).
        read_delay: u8 [0..=7] = 192;
    }
    word setup_write (ReadWrite) {
        /// Delay between applying the address and raising the enable signal. Unit: SRAM controller clock
        /// cycles.
        address_setup_time: u8 [0..=3] = 15;
        /// Length of the enable pulse during a write. Unit: SRAM controller clock cycles.
        write_width: u8 [4..=7] = 15;
    }
}

impl SynapseDriverConfig {
    /// What the two rows of driver `d` drive: index 0 is row `2d` ("bottom"), index 1 row `2d + 1` ("top").
    pub const fn row_modes(&self) -> [RowMode; 2] {
        [
            RowMode::from_enables(self.en_exc_bottom, self.en_inh_bottom),
            RowMode::from_enables(self.en_exc_top, self.en_inh_top),
        ]
    }
}

impl PADIEvent {
    /// Whether the event goes to each bus of the hemisphere.
    pub const fn fire_bus(&self) -> [bool; 4] {
        [self.fire_bus_0, self.fire_bus_1, self.fire_bus_2, self.fire_bus_3]
    }
}

impl CommonPADIBusConfig {
    /// Whether each bus takes events from the crossbar.
    pub const fn enable_spl1(&self) -> [bool; 4] {
        [self.enable_spl1_0, self.enable_spl1_1, self.enable_spl1_2, self.enable_spl1_3]
    }

    /// Whether each bus uses extended event timing.
    pub const fn enable_extended_timing(&self) -> [bool; 4] {
        [
            self.enable_extended_timing_0,
            self.enable_extended_timing_1,
            self.enable_extended_timing_2,
            self.enable_extended_timing_3,
        ]
    }

    /// By how many clock cycles the DAC-enable pulse of each bus is lengthened.
    pub const fn dacen_pulse_extension(&self) -> [u8; 4] {
        [
            self.dacen_pulse_extension_0,
            self.dacen_pulse_extension_1,
            self.dacen_pulse_extension_2,
            self.dacen_pulse_extension_3,
        ]
    }
}
