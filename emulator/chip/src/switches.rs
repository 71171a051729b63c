//! From typed register values to the switches of the analog circuits (analog-core 3.11).

use crate::physics::{BackendSwitches, DriverSwitches, NeuronSwitches};
use crate::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig, NeuronConfig};
use crate::registers::padi::{CommonPADIBusConfig, CommonSTPConfig, SynapseDriverConfig};
use bss2_analog::ReadoutSource;
use bss2_analog::circuit::{Bits, CompartmentBits, FireBits, InputBits, RangeBits};
use bss2_events::backend::clock_period;

/// The switches of a neuron circuit out of its three registers; `own_post_pulses`: its own refractory onset makes the post
/// pulse (event-routing 9.5).
pub(crate) fn of_neuron(
    analog: &NeuronConfig,
    backend: &NeuronBackendConfig,
    common: &CommonNeuronBackendConfig,
    own_post_pulses: bool,
) -> NeuronSwitches {
    let range = |multiplication, division, degeneration| RangeBits { multiplication, division, degeneration };
    let bits = Bits {
        leak: range(analog.en_leak_mul, analog.en_leak_div, analog.en_leak_deg),
        reset: range(analog.en_reset_mul, analog.en_reset_div, analog.en_reset_deg),
        pause: analog.en_pause,
        strong_fire: analog.en_strong_fire,
        readout: analog.en_readout,
        readout_source: match analog.readout_select {
            0 => ReadoutSource::Membrane,
            1 => ReadoutSource::ExcitatoryLine,
            2 => ReadoutSource::InhibitoryLine,
            _ => ReadoutSource::Adaptation,
        },
        readout_amplifier: analog.en_readout_amp,
        unbuffered_access: analog.en_unbuf_access,
        inputs: [
            InputBits {
                enable: analog.en_synin_exc,
                coba_mode: analog.en_synin_coba_exc,
                small_capacitance: analog.en_synin_exc_small_cap,
                high_resistance: analog.en_synin_exc_high_res,
                bypass: analog.en_byp_exc,
            },
            InputBits {
                enable: analog.en_synin_inh,
                coba_mode: analog.en_synin_coba_inh,
                small_capacitance: analog.en_synin_inh_small_cap,
                high_resistance: analog.en_synin_inh_high_res,
                bypass: analog.en_byp_inh,
            },
        ],
        adaptation: analog.en_adapt,
        invert_adaptation_a: analog.invert_adapt_a,
        invert_adaptation_b: analog.invert_adapt_b,
        exponential: analog.en_exp,
        membrane_offset: analog.en_mem_off,
        invert_membrane_offset: analog.invert_current,
        membrane_capacitor_size: analog.mem_cap_size,
        // A slave has its refractory state from its fire line; its own comparator counts for nothing (event-routing 9.5).
        fire: analog.en_fire && !backend.en_neuron_slave,
        threshold_comparator: analog.en_thresh_comp,
        compartments: CompartmentBits {
            soma: analog.connect_soma,
            membrane_right: analog.connect_membrane_right,
            bottom: analog.connect_bottom,
            somata: analog.connect_somata,
            conductance: analog.en_comp_cond,
            multiply: analog.en_comp_cond_mul,
            divide: analog.en_comp_cond_div,
        },
        fire_lines: FireBits::default(),
    };
    NeuronSwitches { bits, backend: of_backend(backend, common, own_post_pulses) }
}

fn of_backend(
    backend: &NeuronBackendConfig,
    common: &CommonNeuronBackendConfig,
    own_post_pulses: bool,
) -> BackendSwitches {
    // settled 7: 1 = fast.
    let scale = match backend.select_input_clock {
        true => common.clock_scale_fast,
        false => common.clock_scale_slow,
    };
    BackendSwitches {
        refractory_clock: common.en_clocks.then(|| clock_period(scale)),
        refractory_time: backend.refractory_time(),
        reset_holdoff: backend.reset_holdoff(),
        post_pulse: own_post_pulses,
        force_reset: common.force_reset,
        adaptation_pulse: (common.en_clocks && backend.en_adapt_pulse)
            .then(|| clock_period(common.clock_scale_adapt_pulse)),
    }
}

/// The switches of a synapse driver; `bus` is its PADI bus.
pub(crate) fn of_driver(
    driver: &SynapseDriverConfig,
    stp: &CommonSTPConfig,
    padi: &CommonPADIBusConfig,
    bus: usize,
) -> DriverSwitches {
    DriverSwitches {
        rows: driver.row_modes(),
        stp: driver.en_stp,
        hagen_dac: driver.en_hagen,
        hagen_modulation: driver.en_hagen_modulation,
        recovery_enable: driver.en_recovery,
        utilization: driver.utilization,
        recovery: driver.recovery,
        offset: driver.offset,
        hagen_dac_offset: driver.hagen_dac_offset,
        second_target_voltages: driver.select_target_voltages,
        recovery_clock: stp.enable_recovery_clock.then(|| clock_period(stp.recovery_clock_speed)),
        pulse_extension: padi.dacen_pulse_extension()[bus],
        renewing: driver.en_renewing,
        charge_sharing: driver.enable_charge_sharing,
    }
}
