//! Neuron circuits on the analytical reference chip (analog-core 2.4, 3).

use crate::bench::{Bench, close, some_neuron, usual, with};
use bss2_analog::circuit::{Circuit, RangeBits};
use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches};
use bss2_base::{Neuron, SimTime};
use bss2_chip::physics::{NeuronRow, NeuronSwitches, PhysicsWarning, SharedCell};

#[test]
fn voltage_cells_map_as_in_the_table_of_section_2_4() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    bench.set(neuron, NeuronRow::IBiasLeak, 150);
    for (code, direct, follower) in [(400, 0.769, 0.075), (700, 1.332, 0.525), (1000, 1.894, 0.975)] {
        for row in [NeuronRow::VLeak, NeuronRow::VReset, NeuronRow::VThreshold] {
            bench.set(neuron, row, code);
        }
        let parameters = bench.neuron(neuron, &usual());
        // The table is rounded to millivolts.
        assert!((parameters.comparator.unwrap().threshold - direct).abs() < 0.6e-3);
        assert!((parameters.leak.potential - follower).abs() < 0.6e-3);
        assert!((parameters.reset.potential - follower).abs() < 0.6e-3);
    }
}

#[test]
fn low_leak_codes_pin_the_leak_to_ground_and_high_codes_clip() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    bench.set(neuron, NeuronRow::IBiasLeak, 150);
    bench.set(neuron, NeuronRow::VLeak, 345);
    bench.set(neuron, NeuronRow::VThreshold, 1022);
    let parameters = bench.neuron(neuron, &usual());
    assert_eq!(parameters.leak.potential, 0.0);
    close(parameters.comparator.unwrap().threshold, 1.935, 1e-3);
}

#[test]
fn membrane_time_constants_are_those_of_the_table_of_section_3_2() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    let conductance = [0.148e-6, 0.228e-6, 0.329e-6, 0.514e-6, 0.905e-6, 1.547e-6];
    let normal = [17.4e-6, 11.3e-6, 7.82e-6, 5.01e-6, 2.85e-6, 1.67e-6];
    let divided = [139e-6, 90.4e-6, 62.6e-6, 40.1e-6, 22.8e-6, 13.3e-6];
    let multiplied = [2.17e-6, 1.41e-6, 0.978e-6, 0.627e-6, 0.356e-6, 0.208e-6];
    for (i, code) in [63, 100, 150, 250, 500, 1022].into_iter().enumerate() {
        bench.set(neuron, NeuronRow::IBiasLeak, code);
        let mut tau = |multiplication, division, expected: f64| {
            let leak = RangeBits { multiplication, division, degeneration: false };
            let parameters = bench.neuron(neuron, &with(|bits| bits.leak = leak));
            close(parameters.capacitance / parameters.leak.conductance, expected, 5e-3);
            parameters.leak.conductance
        };
        close(tau(false, false, normal[i]), conductance[i], 4e-3);
        tau(false, true, divided[i]);
        tau(true, false, multiplied[i]);
        tau(true, true, normal[i]);
    }
}

#[test]
fn degeneration_halves_the_conductance_and_doubles_the_range() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    bench.set(neuron, NeuronRow::IBiasLeak, 200);
    let plain = bench.neuron(neuron, &usual()).leak;
    let leak = RangeBits { degeneration: true, ..RangeBits::default() };
    let degenerate = bench.neuron(neuron, &with(|bits| bits.leak = leak)).leak;
    close(degenerate.conductance, 0.5 * plain.conductance, 1e-15);
    close(degenerate.linear_range, 2.0 * plain.linear_range, 1e-15);
}

#[test]
fn reset_time_constants_are_those_of_section_3_3() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    bench.set(neuron, NeuronRow::IBiasReset, 1022);
    let reset = RangeBits { multiplication: true, ..RangeBits::default() };
    let mut tau = |capacitor, reset| {
        let parameters = bench
            .neuron(neuron, &with(|bits| (bits.membrane_capacitor_size, bits.reset) = (capacitor, reset)));
        parameters.capacitance / parameters.reset.conductance
    };
    close(tau(63, reset), 0.163e-6, 5e-3);
    close(tau(20, reset), 59e-9, 1e-2);
    close(tau(63, RangeBits::default()), 1.3e-6, 1e-2);
}

#[test]
fn the_capacitor_has_the_range_of_section_0_3() {
    let mut bench = Bench::ideal();
    for (capacitor, expected) in [(0, 0.176e-12), (63, 2.5763e-12)] {
        let parameters = bench.neuron(some_neuron(), &with(|bits| bits.membrane_capacitor_size = capacitor));
        close(parameters.capacitance, expected, 1e-9);
    }
}

#[test]
fn synaptic_time_constants_are_those_of_section_3_6() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    let mut tau = |code, small_capacitance, high_resistance| {
        bench.set(neuron, NeuronRow::IBiasSyninExcTau, code);
        bench.set(neuron, NeuronRow::IBiasSyninInhTau, code);
        let mut switches = usual();
        for input in &mut switches.bits.inputs {
            (input.small_capacitance, input.high_resistance) = (small_capacitance, high_resistance);
        }
        bench.neuron(neuron, &switches).inputs.map(|input| input.time_constant)
    };
    close(tau(83, false, false)[0], 6.0e-6, 5e-3);
    close(tau(79, false, false)[1], 6.0e-6, 5e-3);
    close(tau(940, true, false)[0], 0.32e-6, 5e-3);
    close(tau(83, false, true)[0], 24.1e-6, 1e-3);
    assert_eq!(tau(0, false, false), [200e-6; 2]);
    assert_eq!(tau(0, true, true), [1e-3; 2]);
}

#[test]
fn synaptic_transconductance_and_saturation_are_those_of_section_3_6() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    for (code, expected) in [(500, 5.22e-6), (1022, 9.2e-6)] {
        bench.set(neuron, NeuronRow::IBiasSyninExcGm, code);
        let input = bench.neuron(neuron, &usual()).inputs[0];
        close(input.transconductance, expected, 5e-3);
        close(input.saturation_current, 0.978e-9 * f64::from(code), 1e-12);
        close(input.output_conductance, 0.005 * expected, 5e-3);
    }
}

#[test]
fn the_nominal_shift_offsets_an_input_by_minus_1_1_millivolt() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    for row in [NeuronRow::IBiasSyninExcShift, NeuronRow::IBiasSyninInhShift] {
        bench.set(neuron, row, 310);
    }
    for input in bench.neuron(neuron, &usual()).inputs {
        assert!((input.offset + 1.15e-3).abs() < 0.06e-3, "{}", input.offset);
    }
}

#[test]
fn the_offset_current_is_linear_up_to_code_800_and_has_a_sign() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    let mut current = |code, membrane_offset, invert_membrane_offset| {
        bench.set(neuron, NeuronRow::IMemOffset, code);
        bench
            .neuron(
                neuron,
                &with(|bits| {
                    (bits.membrane_offset, bits.invert_membrane_offset) =
                        (membrane_offset, invert_membrane_offset)
                }),
            )
            .constant_current
    };
    close(current(85, true, false), 85.0 * 0.137e-9, 1e-12);
    close(current(684, true, true), -684.0 * 0.137e-9, 1e-12);
    close(current(1022, true, false), 1022.0 * 0.137e-9 * 0.75, 1e-12);
    assert_eq!(current(684, false, true), 0.0);
}

#[test]
fn an_uncalibrated_input_can_inject_sixty_nanoampere() {
    // analog-core 3.6: g = 5.2 uS and 13 mV of offset.
    let mut bench = Bench::new(2, MismatchSwitches::default());
    let mut squares = 0.0;
    for neuron in Neuron::all() {
        for (row, code) in [(NeuronRow::IBiasSyninExcGm, 500), (NeuronRow::IBiasSyninExcShift, 300)] {
            bench.set(neuron, row, code);
        }
        let input = bench.neuron(neuron, &usual()).inputs[0];
        squares += (input.transconductance * input.offset).powi(2) / 512.0;
    }
    let spread = squares.sqrt();
    assert!((40e-9..110e-9).contains(&spread), "{spread:e}");
}

#[test]
fn the_spike_comparator_is_delayed_inversely_to_its_bias() {
    let mut bench = Bench::ideal();
    for (code, delay) in [(200, 20e-9), (400, 10e-9), (100, 40e-9)] {
        bench.set_shared(SharedCell::NeuronIBiasSpikeComparator, code);
        close(bench.neuron(some_neuron(), &usual()).comparator.unwrap().delay, delay, 1e-12);
    }
}

#[test]
fn a_bias_below_five_percent_switches_its_circuit_off_and_is_named() {
    let neuron = some_neuron();
    let off = |cell, code| {
        let mut bench = Bench::ideal();
        for (row, code) in
            [(NeuronRow::VLeak, 700), (NeuronRow::IBiasLeak, 100), (NeuronRow::IBiasSyninExcGm, 500)]
        {
            bench.set(neuron, row, code);
        }
        bench.set_shared(cell, code);
        let parameters = bench.neuron(neuron, &usual());
        let warnings = bench.warnings.take();
        let quadrant = neuron.quadrant();
        assert_eq!(warnings, [PhysicsWarning::BiasTooLow { quadrant, cell }]);
        assert!(warnings[0].to_string().contains(cell.name()), "{}", warnings[0]);
        parameters
    };
    assert_eq!(off(SharedCell::NeuronIBiasSpikeComparator, 9).comparator, None);
    let without_followers = off(SharedCell::NeuronIBiasLeakSourceFollower, 4);
    assert!(without_followers.leak.potential.abs() < 2e-3 && without_followers.reset.potential == 0.0);
    let without_cascode = off(SharedCell::NeuronVBiasCascN, 12);
    assert_eq!((without_cascode.leak.conductance, without_cascode.inputs[0].transconductance), (0.0, 0.0));
    assert_eq!(off(SharedCell::NeuronIBiasSyninDrop, 14).inputs[0].transconductance, 0.0);
    // The amplifier holds 0 V: a follower without gain and offset.
    let readout = off(SharedCell::NeuronIBiasReadoutAmp, 5).readout;
    assert_eq!(
        (readout.offset, readout.line_gain, readout.line_offset, readout.amplifier),
        (0.0, 0.0, 0.0, true)
    );
    // Just above the gate everything works.
    let mut bench = Bench::ideal();
    bench.set_shared(SharedCell::NeuronIBiasSpikeComparator, 11);
    assert!(bench.neuron(neuron, &usual()).comparator.is_some());
    assert_eq!(bench.warnings.take(), []);
}

#[test]
fn a_refractory_time_shorter_than_the_hold_off_is_warned_of_once() {
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    let mut switches = usual();
    switches.backend.reset_holdoff = 0;
    switches.backend.refractory_time = 31;
    assert_eq!(bench.neuron(neuron, &switches).refractory.holdoff_ticks, 31);
    assert_eq!(bench.warnings.take(), []);
    switches.backend.refractory_time = 30;
    for expected in [1, 0] {
        bench.neuron(neuron, &switches);
        let warnings = bench.warnings.take();
        assert_eq!(warnings.len(), expected);
        for warning in warnings {
            assert_eq!(
                warning,
                PhysicsWarning::RefractoryShorterThanHoldoff {
                    neuron,
                    refractory_time: 30,
                    holdoff_ticks: 31
                }
            );
        }
    }
}

/// The circuit of some neuron of the analytical reference chip with these codes.
fn circuit(codes: &[(NeuronRow, u16)], switches: &NeuronSwitches) -> Circuit {
    let mut bench = Bench::ideal();
    for (row, code) in codes {
        bench.set(some_neuron(), *row, *code);
    }
    bench.circuit(some_neuron(), switches)
}

#[test]
fn the_exponential_has_the_slope_and_the_threshold_of_section_3_8() {
    for (v_exp, bias, conductance, slope, threshold) in
        [(900, 300, 0.18e-6, 35e-3, 0.684), (580, 100, 0.026e-6, 105e-3, 0.665)]
    {
        let codes = [(NeuronRow::VExp, v_exp), (NeuronRow::IBiasExp, bias)];
        let exponential = circuit(&codes, &usual()).exponential;
        close(exponential.slope.unwrap(), slope, 1e-9);
        let miss = exponential.threshold(conductance).unwrap() - threshold;
        assert!(miss.abs() < 1e-3, "{miss}");
    }
    assert_eq!(circuit(&[(NeuronRow::VExp, 900)], &usual()).exponential.slope, None, "without bias");
}

#[test]
fn the_adaptation_is_that_of_the_example_of_section_3_9() {
    let codes = [
        (NeuronRow::IBiasAdaptTau, 100),
        (NeuronRow::IBiasAdaptA, 10),
        (NeuronRow::IBiasAdaptB, 200),
        (NeuronRow::VAdaptRef, 700),
        (NeuronRow::VAdaptLeak, 400),
    ];
    let adaptation = circuit(&codes, &usual()).adaptation;
    close(adaptation.capacitance / adaptation.leak_conductance, 167e-6, 2e-3);
    let sub_threshold = adaptation.output_conductance * adaptation.coupling / adaptation.leak_conductance;
    close(sub_threshold, 97e-9, 3e-3);
    let charge = adaptation.pulse_current * adaptation.pulse_length.unwrap().as_secs_f64();
    close(adaptation.output_conductance * charge / adaptation.capacitance, 9.8e-9, 5e-3);
    // The table of section 2.4, mapping SFA.
    assert!((adaptation.reference - 0.800).abs() < 1e-3 && (adaptation.leak_potential - 0.350).abs() < 1e-3);
}

#[test]
fn a_conductance_based_input_reverses_where_section_3_7_says() {
    let codes = [
        (NeuronRow::IBiasSyninExcGm, 180),
        (NeuronRow::IBiasSyninExcCoba, 133),
        (NeuronRow::ESyninExcRev, 700),
    ];
    let input = circuit(&codes, &usual()).inputs[0];
    close(input.saturation_current / input.coba_modulation, 0.675, 5e-3);
    assert!((input.coba_reference - 0.525).abs() < 1e-3);
}

#[test]
fn the_conductance_between_compartments_is_that_of_section_4_3() {
    for (code, siemens) in [(500, 1.63e-6), (0, 0.0)] {
        let compartment = circuit(&[(NeuronRow::IBiasNmda, code)], &usual()).compartment;
        assert!((compartment.conductance - siemens).abs() < 5e-9, "{}", compartment.conductance);
        // The range bits act in the analog core.
    }
    let tau = |code| 2.58e-12 / circuit(&[(NeuronRow::IBiasNmda, code)], &usual()).compartment.conductance;
    close(tau(500), 1.6e-6, 2e-2);
    close(tau(1022), 0.93e-6, 2e-2);
    close(tau(200), 3.4e-6, 2e-2);
}

#[test]
fn every_bit_reaches_the_circuit() {
    let mut switches = usual();
    for input in &mut switches.bits.inputs {
        (input.coba_mode, input.bypass, input.high_resistance) = (true, true, true);
    }
    switches.bits.adaptation = true;
    switches.bits.exponential = true;
    switches.bits.compartments.soma = true;
    let mut bench = Bench::ideal();
    assert_eq!(bench.circuit(some_neuron(), &switches).bits, switches.bits);
    assert_eq!(bench.warnings.take(), []);
}

#[test]
fn a_dead_circuit_is_held_in_reset() {
    let switches = MismatchSwitches::default().with_defects(true);
    let dead = (0..50).map(|seed| ChipMismatch::new(seed, switches)).find_map(|chip| {
        Neuron::all().find(|&neuron| chip.is_dead(neuron)).map(|neuron| (chip.seed(), neuron))
    });
    let (seed, neuron) = dead.unwrap();
    assert!(Bench::new(seed, switches).neuron(neuron, &usual()).held_in_reset);
    assert!(!Bench::new(seed, switches.with_defects(false)).neuron(neuron, &usual()).held_in_reset);
}

#[test]
fn the_digital_side_passes_through() {
    let parameters = Bench::ideal().neuron(some_neuron(), &usual());
    assert_eq!(parameters.refractory.clock, Some(SimTime::from_ns(64)));
    assert_eq!((parameters.refractory.ticks, parameters.refractory.holdoff_ticks), (32, 1));
    assert!(
        parameters.enable_fire
            && parameters.post_pulse
            && !parameters.held_in_reset
            && !parameters.pause_in_reset
    );
}
