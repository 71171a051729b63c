//! The sign contract (analog-core, Appendix B): raising a code moves its observable one way, on every instance of every chip.

use crate::bench::{Bench, with};
use bss2_analog::mismatch::MismatchSwitches;
use bss2_analog::{Branch, NeuronParameters, PulseControl};
use bss2_base::{Hemisphere, Neuron, Quadrant};
use bss2_chip::physics::{
    BoardVoltages, CadcSwitches, DriverSwitches, NeuronRow, SharedCell, SynapseBiases, Warnings,
};

const SEEDS: std::ops::Range<u64> = 0..6;

/// Raises one cell of every eighth neuron in steps over its range and demands that the observable moves one way.
#[track_caller]
fn neuron_contract(row: NeuronRow, codes: &[u16], sign: f64, observable: impl Fn(&NeuronParameters) -> f64) {
    let switches = with(|bits| bits.membrane_offset = true);
    for seed in SEEDS {
        let mut bench = Bench::new(seed, MismatchSwitches::default());
        for neuron in Neuron::all().step_by(8) {
            for default in NeuronRow::ALL {
                bench.set(neuron, default, if (default as u8) < 8 { 700 } else { 300 });
            }
            let mut before = None;
            for &code in codes {
                bench.set(neuron, row, code);
                let value = observable(&bench.neuron(neuron, &switches));
                if let Some(before) = before {
                    assert!(
                        sign * (value - before) > 0.0,
                        "{row:?} {code}, seed {seed}: {before:e} -> {value:e}"
                    );
                }
                before = Some(value);
            }
        }
    }
}

#[test]
fn potentials_rise_with_their_codes() {
    let codes = [600, 601, 650, 800];
    neuron_contract(NeuronRow::VLeak, &codes, 1.0, |p| p.leak.potential);
    neuron_contract(NeuronRow::VReset, &codes, 1.0, |p| p.reset.potential);
    neuron_contract(NeuronRow::VThreshold, &codes, 1.0, |p| p.comparator.unwrap().threshold);
}

#[test]
fn leak_bias_shortens_the_membrane_time_constant() {
    neuron_contract(NeuronRow::IBiasLeak, &[1, 2, 50, 500, 1022], -1.0, |p| {
        p.capacitance / p.leak.conductance
    });
    neuron_contract(NeuronRow::IBiasReset, &[1, 2, 50, 500, 1022], -1.0, |p| {
        p.capacitance / p.reset.conductance
    });
}

#[test]
fn synaptic_biases_move_time_constant_and_amplitude() {
    for (which, tau, gm) in [
        (0, NeuronRow::IBiasSyninExcTau, NeuronRow::IBiasSyninExcGm),
        (1, NeuronRow::IBiasSyninInhTau, NeuronRow::IBiasSyninInhGm),
    ] {
        // From code 5 on: below, lines float.
        neuron_contract(tau, &[5, 6, 80, 1022], -1.0, |p| p.inputs[which].time_constant);
        neuron_contract(gm, &[0, 1, 80, 1022], 1.0, |p| p.inputs[which].transconductance);
    }
}

#[test]
fn shifts_lower_and_raise_the_resting_potential() {
    // Current into the membrane: +g o of the excitatory, -g o of the inhibitory input.
    let codes = [10, 11, 300, 1022];
    neuron_contract(NeuronRow::IBiasSyninExcShift, &codes, -1.0, |p| {
        p.inputs[0].offset * p.inputs[0].transconductance
    });
    neuron_contract(NeuronRow::IBiasSyninInhShift, &codes, 1.0, |p| {
        -p.inputs[1].offset * p.inputs[1].transconductance
    });
}

#[test]
fn the_offset_current_rises_with_its_code() {
    neuron_contract(NeuronRow::IMemOffset, &[0, 1, 500, 700], 1.0, |p| p.constant_current);
}

/// Raises a shared cell on several chips and demands that the observable moves one way.
#[track_caller]
fn shared_contract(cell: SharedCell, codes: &[u16], sign: f64, observable: impl Fn(&mut Bench) -> f64) {
    for seed in SEEDS {
        let mut bench = Bench::new(seed, MismatchSwitches::default());
        let mut before = None;
        for &code in codes {
            bench.set_shared(cell, code);
            let value = observable(&mut bench);
            if let Some(before) = before {
                assert!(
                    sign * (value - before) > 0.0,
                    "{cell:?} {code}, seed {seed}: {before:e} -> {value:e}"
                );
            }
            before = Some(value);
        }
    }
}

#[test]
fn the_synapse_dac_bias_enlarges_the_line_step() {
    shared_contract(SharedCell::SynIBiasDac, &[40, 41, 600, 1022], 1.0, |bench| {
        bench.cells().unit_charge(Quadrant::NorthEast, &SynapseBiases::INTERNAL, &mut Warnings::default())
    });
}

#[test]
fn the_ramp_lengthens_pulses_and_the_offset_shortens_them() {
    let stp = DriverSwitches { stp: true, offset: 7, ..DriverSwitches::default() };
    // A steeper ramp reaches the same level earlier: the pulse is longer.
    shared_contract(SharedCell::StpIRamp, &[400, 401, 600, 1022], 1.0, |bench| {
        bench.driver(3, &stp).ramp.slope
    });
    shared_contract(SharedCell::StpIRamp, &[400, 401, 600, 1022], 1.0, |bench| {
        bench.driver(3, &stp).ramp.early_slope
    });
    let mut bench = Bench::new(1, MismatchSwitches::default());
    let mut early = |offset| bench.driver(3, &DriverSwitches { offset, ..stp }).ramp.early_slope;
    assert!(early(0) > early(1) && early(14) > early(15) && early(15) > 0.0);
    let mut level = |hagen_dac_offset| {
        let switches = DriverSwitches { hagen_dac: true, hagen_modulation: true, hagen_dac_offset, ..stp };
        match bench.driver(3, &switches).control {
            PulseControl::Hagen { base, .. } => base,
            other => panic!("{other:?}"),
        }
    };
    assert!(level(31) > level(30) && level(63) > level(0));
}

#[test]
fn correlation_biases_shorten_time_and_lower_amplitude_and_the_board_raises_it() {
    let sensor = |bench: &Bench, v_res_meas| {
        let board = BoardVoltages { v_res_meas, ..BoardVoltages::NOMINAL };
        bench.cells().correlation(Quadrant::SouthWest, &SynapseBiases::INTERNAL, &board).causal
    };
    shared_contract(SharedCell::SynIBiasRamp, &[10, 11, 80, 300], -1.0, |bench| {
        sensor(bench, 0.9).time_constant
    });
    shared_contract(SharedCell::SynIBiasStore, &[10, 11, 70, 300], -1.0, |bench| {
        sensor(bench, 0.9).amplitude
    });
    let bench = Bench::new(3, MismatchSwitches::default());
    assert!(sensor(&bench, 0.95).amplitude > sensor(&bench, 0.9).amplitude);
    let parameters =
        bench.cells().correlation(Quadrant::SouthWest, &SynapseBiases::INTERNAL, &BoardVoltages::NOMINAL);
    // Calibration bits divide.
    assert!(parameters.time_calibration_step > 0.0 && parameters.amplitude_calibration_step > 0.0);
}

#[test]
fn cadc_ramp_offset_and_slope_lower_the_code_of_a_voltage() {
    let code = |bench: &mut Bench| {
        let channel = bench.cells().cadc_channel(
            Hemisphere::Bottom,
            Branch::Acausal,
            255,
            &CadcSwitches::default(),
            &SynapseBiases::INTERNAL,
            &BoardVoltages::NOMINAL,
        );
        (0.6 - channel.ramp_start) / channel.volts_per_code + channel.offset
    };
    shared_contract(SharedCell::CadcVRampOffset, &[0, 1, 30, 200], -1.0, code);
    shared_contract(SharedCell::CadcIRampSlope, &[100, 101, 369, 1022], -1.0, code);
}
