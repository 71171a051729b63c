//! Synapses, drivers, sensors and column converters through registers (T-STP, T-COR, T-HAG, T-CADC; analog-core 5 to 7).

use crate::bench::{ARRAY, enable_sensors, run, write};
use crate::inputs::{synapse, unit_charge_bias};
use crate::neuron::*;
use bss2_analog::{Branch, Line};
use bss2_base::{Hemisphere, Neuron};
use bss2_chip::Chip;
use bss2_chip::registers::cadc::{CADCChannelConfig, CADCConfig};
use bss2_chip::registers::capmem::{NeuronParameter as Cell, SharedParameter};
use bss2_chip::registers::coordinates;
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::registers::padi::{CommonSTPConfig, SynapseDriverConfig};

/// The STP cells of the specification's examples (analog-core 5.4): ramp and its calibration at 600 codes.
pub(crate) fn driver_biases(chip: &mut Chip) {
    for (cell, code) in [
        (SharedParameter::StpIRamp, 600),
        (SharedParameter::StpICalib, 600),
        (SharedParameter::StpIBiasComparator, 1022),
        (SharedParameter::StpVCharge0, 100),
        (SharedParameter::StpVRecover0, 400),
        (SharedParameter::StpVCharge1, 330),
        (SharedParameter::StpVRecover1, 50),
        (SharedParameter::HagenIbiasDacTop, 820),
    ] {
        set_shared(chip, cell, code);
    }
}

/// A neuron whose excitatory line takes what row 0 sends with this weight, and decays with 10 us.
pub(crate) fn listener(weight: u8) -> Chip {
    let mut chip = chip();
    driver_biases(&mut chip);
    leak(&mut chip, NEURON, 0.258e-6, 0.4);
    for (cell, code) in
        [(Cell::IBiasSyninExcTau, 50.0), (Cell::IBiasSyninExcGm, 500.0), (Cell::IBiasSyninExcShift, 300.0)]
    {
        set(&mut chip, NEURON, cell, code);
    }
    synapse(&mut chip, NEURON, weight);
    switch(&mut chip, NEURON, &NeuronConfig { en_synin_exc: true, ..passive() });
    chip
}

/// Sends an event with this 6-bit address and tells by how many V it moved the line.
pub(crate) fn line_step(chip: &mut Chip, address: u32) -> f64 {
    let before = chip.analog().line(NEURON, Line::Excitatory);
    chip.write(0x0011_0000, 1 | address << 16, 0xf);
    run(chip, 60);
    let decay = |us: f64| (-us / 10.0).exp();
    // It takes 28 ns to the line, and decays since.
    (chip.analog().line(NEURON, Line::Excitatory) - before * decay(0.06)).abs() / decay(0.032)
}

/// The part of the full pulse that is left at this control voltage in codes (analog-core 5.4): ramp 600, offset 7.
fn pulse(control: f64) -> f64 {
    let slope = 450.0 / 4.0;
    let early = 2.0 * slope * (1.0 - 0.21);
    let time = if control < early { control / (early / 2.0) } else { 2.0 + (control - early) / slope };
    (1.0 - time / 4.0).clamp(0.0, 1.0)
}

/// Steps of the line by the events of a regular train, every 2 us, and the target voltages of the driver.
fn train(depresses: bool, utilization: u8, events: usize) -> Vec<f64> {
    let mut chip = listener(63);
    let config = SynapseDriverConfig {
        en_receiver: true,
        en_exc_bottom: true,
        en_stp: true,
        en_recovery: true,
        select_target_voltages: depresses,
        utilization,
        recovery: 3,
        offset: 7,
        ..Default::default()
    };
    write(&mut chip, coordinates::synapse_driver(Hemisphere::Top, 0), &config);
    write(&mut chip, 0, &CommonSTPConfig { recovery_clock_speed: 2, enable_recovery_clock: true });
    // Until the driver has recovered.
    run(&mut chip, 1_000_000);
    let unit = 63.0 * 0.15e-3;
    (0..events)
        .map(|_| {
            run(&mut chip, 2_048 - 60);
            line_step(&mut chip, 0) / unit
        })
        .collect()
}

#[test]
fn regular_events_depress_and_facilitate_to_the_fixed_point_of_the_two_maps() {
    // T-STP. Recovery ticks every 2^3 * 4 ns * 16 = 512 ns take 4/64 of the way: four of them between two events.
    for (depresses, charge, recover) in [(true, 330.0, 50.0), (false, 100.0, 400.0)] {
        for utilization in [3, 7, 15] {
            let steps = train(depresses, utilization, 40);
            let use_of = 0.025 * f64::from(1 + utilization);
            let mut voltage: f64 = recover;
            for (count, step) in steps.iter().enumerate() {
                if count > 0 {
                    for _ in 0..4 {
                        voltage += 4.0 / 64.0 * (recover - voltage);
                    }
                }
                voltage += use_of * (charge - voltage);
                let expected = pulse(voltage);
                assert!((step - expected).abs() < 2e-3, "event {count}: {step} instead of {expected}");
            }
            // After that: the fixed point, and the ratio of the first to the steady amplitude.
            let kept = (1.0 - 4.0f64 / 64.0).powi(4);
            let before =
                recover + (1.0 - use_of) * kept / (1.0 - (1.0 - use_of) * kept) * use_of * (charge - recover);
            let steady = before + use_of * (charge - before);
            let fixed = |v: f64| {
                let recovered = recover + kept * (v - recover);
                recovered + use_of * (charge - recovered)
            };
            let steady = (0..200).fold(steady, |v, _| fixed(v));
            let first = pulse(recover + use_of * (charge - recover));
            let (found, expected) = (steps[0] - steps[39], first - pulse(steady));
            assert!((found - expected).abs() < 3e-3, "{found} instead of {expected}");
            assert_eq!(found > 0.0, depresses);
        }
    }
}

/// A driver in hagen mode, offsets 7 and 31.
pub(crate) fn hagen_driver(chip: &mut Chip) {
    let config = SynapseDriverConfig {
        en_receiver: true,
        en_exc_bottom: true,
        en_stp: true,
        en_hagen: true,
        en_hagen_modulation: true,
        enable_address_out: false,
        offset: 7,
        hagen_dac_offset: 31,
        ..Default::default()
    };
    write(chip, coordinates::synapse_driver(Hemisphere::Top, 0), &config);
}

#[test]
fn an_activation_moves_line_and_membrane_as_in_hagen_mode() {
    // T-HAG: activation 31, weight 63, ramp 600, offsets 7 and 31.
    for (bias, line) in [(600, 0.15e-3 * 63.0 * 0.899), (800, 11.33e-3)] {
        let mut chip = listener(63);
        unit_charge_bias(&mut chip, bias);
        hagen_driver(&mut chip);
        run(&mut chip, 500_000);
        // Activation a is sent as 32 - a.
        let step = line_step(&mut chip, 1);
        assert!((step / line - 1.0).abs() < 2e-3, "DAC {bias}: {step} instead of {line}");
        // The other activations, by the formula for the control voltage.
        for activation in [1_u32, 5, 16, 25] {
            run(&mut chip, 300_000);
            let step = line_step(&mut chip, 32 - activation);
            let control = 36.0 + 366.0 * f64::from(31 - activation) / 31.0;
            let expected = 0.15e-3 * 63.0 * f64::from(bias) / 600.0 * pulse(control);
            assert!((step - expected).abs() < 0.02e-3, "{activation}: {step} instead of {expected}");
        }
        // Label 32 is another synapse.
        run(&mut chip, 300_000);
        let other = line_step(&mut chip, 32 + 1);
        assert!(other < 1e-9, "{other}");
    }
}

#[test]
fn a_membrane_without_leak_integrates_an_activation() {
    // The hagen calibration: 0.32 us in the small capacitance, gm 450, no leak; g_x u tau / C (analog-core 5.5).
    let mut chip = listener(63);
    set(&mut chip, NEURON, Cell::IBiasSyninExcTau, 937.0);
    set(&mut chip, NEURON, Cell::IBiasSyninExcGm, 450.0);
    reset(&mut chip, NEURON, 0.4);
    set(&mut chip, NEURON, Cell::IBiasLeak, 0.0);
    back_end(&mut chip, NEURON, 100);
    let config =
        NeuronConfig { en_synin_exc: true, en_fire: true, en_synin_exc_small_cap: true, ..passive() };
    switch(&mut chip, NEURON, &config);
    run(&mut chip, 100_000);
    chip.write(0x0012_2000 + 4 * u32::from(NEURON.column()), 0, 0xf);
    run(&mut chip, 3_000);
    // Beside the same without an event: the pseudo-leak of the input goes on.
    let mut undisturbed = chip.clone();
    chip.write(0x0011_0000, 1, 0xf);
    let [moved, alone] = [&mut chip, &mut undisturbed].map(|chip| {
        run(chip, 3_000);
        membrane(chip, NEURON)
    });
    let strength = 13.2e-9 * 450.0 * 2.0 / (1.0 + (1.0 + 4.0 * 450.0 / 1500.0f64).sqrt());
    let (line, tau) = (63.0 * 0.375e-15 / 1.5e-12, 300e-6 / 937.0);
    let expected = strength * line * tau / (63.0 * 38.1e-15 + 0.176e-12);
    // The pseudo-leak takes its part until the end; saturation of the input 0.2 %.
    let expected = expected * (-0.005 * strength / (63.0 * 38.1e-15 + 0.176e-12) * (3e-6 - tau)).exp();
    assert!(((moved - alone) / expected - 1.0).abs() < 5e-3, "{} instead of {expected}", moved - alone);
}

/// A chip whose sensors of row 0 in the top array work; the neuron can be made to send a post pulse.
fn sensors() -> Chip {
    let mut chip = chip();
    enable_sensors(&mut chip);
    synapse(&mut chip, NEURON, 0);
    back_end(&mut chip, NEURON, 10);
    switch(&mut chip, NEURON, &NeuronConfig { en_fire: true, ..passive() });
    run(&mut chip, 100_000);
    chip
}

fn accumulated(chip: &Chip, branch: Branch) -> f64 {
    chip.analog().correlation(Hemisphere::Top, 0, NEURON.column(), branch) / 4.5e-3
}

fn post(chip: &mut Chip) {
    chip.write(0x0012_2000 + 4 * u32::from(NEURON.column()), 0, 0xf);
}

fn pre(chip: &mut Chip) {
    chip.write(0x0011_0000, 1, 0xf);
}

/// Accumulated by so many pairs with this delay in ns, pre before post or after.
fn pairs(count: usize, causal: bool, delay: u64) -> f64 {
    let mut chip = sensors();
    for pair in 0..count {
        // 18 time constants: what is left of a pair does not meet the next one.
        run(&mut chip, if pair > 0 { 90_000 } else { 0 });
        if causal {
            pre(&mut chip)
        } else {
            post(&mut chip)
        }
        run(&mut chip, delay);
        if causal {
            post(&mut chip)
        } else {
            pre(&mut chip)
        }
        run(&mut chip, 200);
    }
    accumulated(&chip, if causal { Branch::Causal } else { Branch::Acausal })
}

#[test]
fn a_pair_correlates_by_its_delay_with_amplitude_and_time_constant_of_the_specification() {
    // T-COR: A exp(-delay / tau), A 0.5 codes at store 70, tau 5 us at ramp 80.
    for causal in [true, false] {
        let alone: Vec<f64> =
            [1_000, 2_000, 5_000, 10_000, 20_000].map(|delay| pairs(1, causal, delay)).into();
        // Latencies of the two ways are some ten ns.
        assert!((alone[0] / (0.5 * (-0.2f64).exp()) - 1.0).abs() < 0.03, "{alone:?}");
        for (step, delay) in alone.windows(2).zip([1.0, 3.0, 5.0, 10.0f64]) {
            let expected = (-delay / 5.0).exp();
            assert!((step[1] / step[0] / expected - 1.0).abs() < 1e-3, "{causal} {alone:?}");
        }
        // 100 pairs are linear until compression: every step is smaller by 1/200 of what is there.
        let (one, hundred) = (alone[1], pairs(100, causal, 2_000));
        let expected = 200.0 * (1.0 - (1.0 - one / 200.0).powi(100)) - 0.05 * 99.0 * 0.0922;
        assert!((hundred - expected).abs() < 0.05, "{hundred} instead of {expected}");
        assert!(hundred < 100.0 * one - 1.0);
    }
}

/// The CADC result of a column of the top array, read anew.
pub(crate) fn convert(chip: &mut Chip, neuron: Neuron, branch: Branch) -> u8 {
    let base = ARRAY[0] + 0x8_0000 + 0x4_0000 * branch as u32;
    let (quad, entry) = bss2_chip::synapse_array::quad_of_column(neuron.column());
    let word = chip.read(base + u32::from(quad)).0;
    (word >> (8 * (3 - u32::from(entry)))) as u8
}

#[test]
fn correlation_is_read_against_the_baseline() {
    // T-COR read by T-CADC: 180 - a.
    let mut chip = sensors();
    cadc(&mut chip, 31, 369);
    // Internal correlation of all columns, both branches.
    (0..64).for_each(|quad| chip.write(ARRAY[0] + 0xf_8080 + quad, 0xc0c0_c0c0, 0xf));
    run(&mut chip, 1_000);
    let columns = chip.synapse_array(Hemisphere::Top).column_switches(NEURON.column());
    assert!(columns.internal_causal && columns.internal_acausal, "{columns:?}");
    let empty = convert(&mut chip, NEURON, Branch::Causal);
    assert!(empty.abs_diff(180) <= 1, "{empty}");
    for _ in 0..100 {
        pre(&mut chip);
        run(&mut chip, 1_000);
        post(&mut chip);
        run(&mut chip, 90_000);
    }
    let (code, a) = (convert(&mut chip, NEURON, Branch::Causal), accumulated(&chip, Branch::Causal));
    assert!((f64::from(code) - (f64::from(empty) - a)).abs() <= 1.0, "{code} {a}");
}

/// Switches the converter of the top array on with this ramp.
pub(crate) fn cadc(chip: &mut Chip, start: u16, slope: u16) {
    for (cell, code) in [
        (SharedParameter::CadcVRampOffset, start),
        (SharedParameter::CadcIRampSlope, slope),
        (SharedParameter::CadcVBiasRampBuf, 400),
        (SharedParameter::CadcIBiasComp, 1022),
        (SharedParameter::CadcIBiasVresetBuf, 1022),
        (SharedParameter::NeuronIBiasReadoutAmp, 110),
    ] {
        set_shared(chip, cell, code);
    }
    write(chip, 0, &CADCConfig { enable: true, ..CADCConfig::default() });
}

#[test]
fn a_membrane_has_the_code_of_the_ramp_with_the_digital_offset() {
    // T-CADC: floor((V - V_start) / slope) + offset, 0..=255, exactly (analog-core 7.1).
    let mut chip = chip();
    cadc(&mut chip, 31, 369);
    for base in [0x0_4000, 0x4_4000] {
        (0..64).for_each(|quad| chip.write(ARRAY[0] + base + quad, 0x2020_2020, 0xf));
    }
    leak(&mut chip, NEURON, 0.5e-6, 0.4);
    switch(&mut chip, NEURON, &passive());
    let mut clamped = [false; 2];
    for (start, slope) in [(31, 369), (31, 269), (80, 150)] {
        set_shared(&mut chip, SharedParameter::CadcVRampOffset, start);
        set_shared(&mut chip, SharedParameter::CadcIRampSlope, slope);
        for offset in [0_i8, -60, 90] {
            let (side, place) = (u32::from(NEURON.column() / 128), u32::from(NEURON.column() % 128));
            for branch in 0..2 {
                // Hemisphere, branch, half, column.
                let instance = (branch * 2 + side) * 128 + place;
                write(&mut chip, instance, &CADCChannelConfig { offset });
            }
            for millivolt in (20..1000).step_by(107) {
                set(&mut chip, NEURON, Cell::VLeak, followed(f64::from(millivolt) * 1e-3));
                run(&mut chip, 200_000);
                let volts = membrane(&chip, NEURON);
                let steps = (volts - (1.875e-3 * f64::from(start) + 2e-3)) / (12.2e-6 * f64::from(slope));
                let wanted = steps.floor() + f64::from(offset);
                clamped[0] |= wanted < 0.0;
                clamped[1] |= wanted > 255.0;
                for branch in Branch::ALL {
                    let code = convert(&mut chip, NEURON, branch);
                    // A voltage within a millionth of a step of an edge may lie on either side.
                    let near = (steps - steps.round()).abs() < 1e-6;
                    let difference = (f64::from(code) - wanted.clamp(0.0, 255.0)).abs();
                    assert!(difference == 0.0 || (near && difference <= 1.0), "{volts} V: {code}, {wanted}");
                }
            }
        }
    }
    assert_eq!(clamped, [true; 2]);
}
