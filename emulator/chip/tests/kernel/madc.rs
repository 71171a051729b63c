//! The membrane ADC as a host sees it: registers in, samples out (register-map 5.3, analog-core 7.2 and 7.3).

use crate::bench::{ideal_chip, run, state, write};
use bss2_base::{Hemisphere, Neuron, Quadrant, SimTime};
use bss2_chip::registers::capmem::{CapMemCell, NeuronParameter as Cell, SharedParameter};
use bss2_chip::registers::clocks::PLLClockOutputBlock;
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::registers::padi::SynapseDriverConfig;
use bss2_chip::registers::readout::{
    CurrentDAC, MADCConfig, MADCControl, PadMultiplexerConfig, ReadoutSourceSelection,
};
use bss2_chip::registers::{coordinates, default_chip};
use bss2_chip::{Chip, ChipOptions, MadcSample};
use proptest::prelude::*;

/// Top, even: line 10.
const NEURON: Neuron = Neuron::new(Hemisphere::Top, 6);
/// The voltage in V of a code.
fn volts(code: f64) -> f64 {
    1.548e-3 * (code - 25.0)
}

fn code(sample: &MadcSample) -> u16 {
    sample.value & 0x3ff
}

fn set(chip: &mut Chip, neuron: Neuron, cell: Cell, value: u16) {
    let instance = coordinates::capmem_cell(neuron.quadrant(), cell.row(), neuron.column() % 128);
    write(chip, instance, &CapMemCell { value });
}

/// A passive neuron whose amplifier drives its line; time constant about 10 us, rest about 0.42 V.
fn passive() -> NeuronConfig {
    NeuronConfig { mem_cap_size: 63, en_readout_amp: true, en_readout: true, ..NeuronConfig::default() }
}

/// A chip after the default configuration of the host, with a passive neuron on multiplexer 0.
fn bench() -> Chip {
    configured(ideal_chip())
}

fn configured(mut chip: Chip) -> Chip {
    let own = default_chip().filter(|(address, _)| address >> 31 == 0);
    own.for_each(|(address, value)| chip.write(address, value, 0xf));
    for (cell, value) in [(Cell::VLeak, 630), (Cell::IBiasLeak, 114)] {
        set(&mut chip, NEURON, cell, value);
    }
    write(&mut chip, coordinates::neuron_config(NEURON), &passive());
    write(
        &mut chip,
        0,
        &ReadoutSourceSelection { neuron_top_even_0: true, ..ReadoutSourceSelection::default() },
    );
    run(&mut chip, 200_000);
    chip
}

fn control(chip: &mut Chip, change: impl Fn(&mut MADCControl)) {
    let mut control = MADCControl { enable_pre_amplifier: true, ..MADCControl::default() };
    change(&mut control);
    write(chip, 0, &control);
}

fn wake_up(chip: &mut Chip) {
    control(chip, |control| control.wake_up = true);
    run(chip, 1_000);
}

/// Begins a recording until somebody stops it.
fn start(chip: &mut Chip) {
    control(chip, |control| (control.start_recording, control.enable_continuous_sampling) = (true, true));
}

fn stop(chip: &mut Chip) {
    control(chip, |control| control.stop_recording = true);
}

fn samples(chip: &mut Chip) -> Vec<MadcSample> {
    let mut samples = Vec::new();
    chip.take_samples(&mut samples);
    samples
}

/// Wakes up, records for so many ns, and leaves out the first 8 us, which are invalid.
fn record(chip: &mut Chip, ns: u64) -> Vec<MadcSample> {
    wake_up(chip);
    start(chip);
    let valid = chip.now() + SimTime::from_us(8);
    run(chip, ns);
    stop(chip);
    samples(chip).into_iter().filter(|sample| sample.time >= valid).collect()
}

#[test]
fn a_converter_that_nobody_starts_gives_nothing() {
    let mut chip = bench();
    run(&mut chip, 10_000);
    wake_up(&mut chip);
    run(&mut chip, 10_000);
    assert_eq!(samples(&mut chip), []);
    stop(&mut chip);
    run(&mut chip, 10_000);
    assert_eq!(samples(&mut chip), []);
}

#[test]
fn a_membrane_at_rest_shows_its_leak_potential() {
    let mut chip = bench();
    let samples = record(&mut chip, 20_000);
    // 12 us at 34 ns.
    assert!((352..=354).contains(&samples.len()), "{}", samples.len());
    assert!(samples.windows(2).all(|pair| pair[1].time - pair[0].time == SimTime::from_ns(34)));
    assert!(samples.iter().all(|sample| sample.value >> 10 == 0));
    // Code 630 is 0.4213 V (analog-core 2.2).
    for sample in &samples {
        assert!((volts(code(sample).into()) - 0.4213).abs() < 3.0e-3, "{sample:?}");
    }
    let membrane = chip.analog().membrane(NEURON);
    let last = volts(code(samples.last().unwrap()).into());
    assert!((last - membrane).abs() <= 0.5 * 1.548e-3 + 1e-6, "{last} instead of {membrane}");
}

#[test]
fn the_time_constant_of_a_membrane_is_recovered_from_its_decay() {
    let mut chip = bench();
    set(&mut chip, NEURON, Cell::IMemOffset, 1000);
    let pushed = NeuronConfig { en_mem_off: true, ..passive() };
    write(&mut chip, coordinates::neuron_config(NEURON), &pushed);
    run(&mut chip, 300_000);
    wake_up(&mut chip);
    start(&mut chip);
    run(&mut chip, 10_000);
    write(&mut chip, coordinates::neuron_config(NEURON), &passive());
    let released = chip.now();
    run(&mut chip, 150_000);
    stop(&mut chip);
    let samples = samples(&mut chip);
    let tail = &samples[samples.len() - 500..];
    let rest = tail.iter().map(|sample| f64::from(code(sample))).sum::<f64>() / tail.len() as f64;
    // The leak saturates as tanh(x), x = height / 0.5 V (analog-core 3.2): not x decays exponentially, but sinh(x). A straight line
    // through its logarithm, from where the low pass has forgotten the edge down to 20 codes.
    let points: Vec<(f64, f64)> = samples
        .iter()
        .filter(|sample| sample.time > released + SimTime::from_us(1))
        .map(|sample| ((sample.time - released).as_secs_f64(), f64::from(code(sample)) - rest))
        .take_while(|point| point.1 > 20.0)
        .map(|(time, height)| (time, (height * 1.548e-3 / 0.5).sinh().ln()))
        .collect();
    assert!(points.len() > 300, "{} points", points.len());
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / n, sum.1 + point.1 / n));
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>()
        / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>();
    let parameters = chip.analog().neuron(NEURON);
    let expected = parameters.capacitance / parameters.leak.conductance;
    assert!((-1.0 / slope / expected - 1.0).abs() < 0.01, "{} instead of {expected}", -1.0 / slope);
    assert!((8e-6..12e-6).contains(&expected));
}

#[test]
fn a_full_event_shows_the_psp_of_the_specification() {
    // analog-core 3.6: weight 63, DAC 600, gm 500, 10 us and 10 us: 45 codes after 10 us. The pseudo-leak of the input takes some.
    let mut chip = bench();
    for (cell, value) in
        [(Cell::IBiasSyninExcTau, 50), (Cell::IBiasSyninExcGm, 500), (Cell::IBiasSyninExcShift, 300)]
    {
        set(&mut chip, NEURON, cell, value);
    }
    let (column, row) = SharedParameter::SynIBiasDac.place();
    for quadrant in Quadrant::ALL {
        write(&mut chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value: 600 });
    }
    let listening = NeuronConfig { en_synin_exc: true, ..passive() };
    write(&mut chip, coordinates::neuron_config(NEURON), &listening);
    let driver = SynapseDriverConfig { en_receiver: true, en_exc_bottom: true, ..Default::default() };
    write(&mut chip, coordinates::synapse_driver(Hemisphere::Top, 0), &driver);
    let array = crate::bench::ARRAY[0];
    (0..64).for_each(|quad| chip.write(array + 0x1_4000 + quad, 0x0303_0303, 0xf));
    let (quad, entry) = bss2_chip::synapse_array::quad_of_column(NEURON.column());
    let weight = u32::from(bss2_chip::registers::permute_weight(63)) << (8 * (3 - u32::from(entry)));
    chip.write(array + u32::from(quad), weight, 0xf);
    run(&mut chip, 300_000);
    wake_up(&mut chip);
    start(&mut chip);
    run(&mut chip, 20_000);
    let sent = chip.now();
    // PADI bus 0, row select 0, label 0.
    chip.write(0x0011_0000, 1, 0xf);
    run(&mut chip, 60_000);
    let samples = samples(&mut chip);
    let before = samples.iter().rfind(|sample| sample.time < sent).unwrap();
    let peak = samples.iter().filter(|sample| sample.time > sent).max_by_key(|sample| code(sample)).unwrap();
    let height = code(peak) - code(before);
    assert!((40..=46).contains(&height), "{height} codes");
    let delay = (peak.time - sent).as_secs_f64();
    assert!((8e-6..12e-6).contains(&delay), "after {delay} s");
}

/// Connects a pad to its debug line and its debug line to multiplexer 0, and the board's DAC channel to the pad.
fn debug_line(chip: &mut Chip, pad: u32) {
    write(chip, pad, &PadMultiplexerConfig { debug_to_pad: true, ..PadMultiplexerConfig::default() });
    let selection = ReadoutSourceSelection {
        debug_plus_0: pad == 0,
        debug_minus_0: pad == 1,
        ..ReadoutSourceSelection::default()
    };
    write(chip, 0, &selection);
}

#[test]
fn board_voltages_lie_on_the_line_of_the_specification() {
    // T-MADC (analog-core 10): 0.1 to 1.0 V, code line within 0.5. By each of the three ways to a pad (register-map 10.1).
    for (pad, channel, switches) in [(0, 5, 1 << 8), (1, 6, 1 << 9), (0, 7, 1 | 3 << 2), (1, 7, 2 | 3 << 2)] {
        let mut chip = bench();
        debug_line(&mut chip, pad);
        chip.set_board_switches(switches);
        wake_up(&mut chip);
        for step in 1..=10 {
            let voltage = 0.1 * f64::from(step);
            chip.set_board_voltage(0, channel, voltage);
            start(&mut chip);
            run(&mut chip, 20_000);
            stop(&mut chip);
            let samples = samples(&mut chip);
            // 300 codes fade with 1.5 us: nothing is left after 12.
            let settled = &samples[samples.len() - 200..];
            let expected = 25.0 + voltage / 1.548e-3;
            for sample in settled {
                assert!((f64::from(code(sample)) - expected).abs() <= 0.5 + 1e-9, "{voltage} V: {sample:?}");
            }
            assert_eq!(chip.pad_voltage(pad as usize), Some(voltage));
        }
    }
}

#[test]
fn a_pad_shows_what_the_buffers_bring_it() {
    let mut chip = bench();
    assert_eq!(chip.pad_voltage(0), None);
    write(&mut chip, 0, &PadMultiplexerConfig { buffer_to_pad_0: true, ..Default::default() });
    assert_eq!(chip.pad_voltage(0), None, "the buffer is off");
    let selection = ReadoutSourceSelection {
        neuron_top_even_0: true,
        enable_buffer_to_pad_0: true,
        ..ReadoutSourceSelection::default()
    };
    write(&mut chip, 0, &selection);
    assert_eq!(chip.pad_voltage(0), Some(0.0), "its output amplifier has no bias");
    assert!(chip.warnings().any(|text| text.contains("readout_out_amp_i_bias_0 = 0")));
    let (column, row) = SharedParameter::ReadoutOutAmpIBias0.place();
    let instance = coordinates::capmem_cell(Quadrant::NorthWest, row, column);
    write(&mut chip, instance, &CapMemCell { value: 1022 });
    let membrane = chip.analog().membrane(NEURON);
    assert_eq!(chip.pad_voltage(0), Some(membrane));
    assert_eq!(chip.pad_voltage(1), None);
}

#[test]
fn the_test_current_lifts_a_membrane_by_ohms_law() {
    let mut chip = bench();
    write(
        &mut chip,
        coordinates::neuron_config(NEURON),
        &NeuronConfig { en_unbuf_access: true, ..passive() },
    );
    let mut level = |current: u8, sink: bool| -> f64 {
        let dac =
            CurrentDAC { enable_current: true, direction: sink, mux_i_stim_top: true, ..Default::default() };
        write(&mut chip, 0, &dac.with_current(current));
        run(&mut chip, 200_000);
        let samples = record(&mut chip, 20_000);
        volts(samples.last().map(code).unwrap().into())
    };
    let [rest, raised, lowered] = [level(0, false), level(5, false), level(5, true)];
    // 5 of 255 parts of 1 uA (analog-core 7.3) through the leak.
    let expected = 5.0 / 255.0 * 1e-6 / chip.analog().neuron(NEURON).leak.conductance;
    assert!((0.05..0.1).contains(&expected), "{expected}");
    // The transconductor bends a little.
    for (change, sign) in [(raised - rest, 1.0), (lowered - rest, -1.0)] {
        assert!((sign * change / expected - 1.0).abs() < 0.1, "{change} instead of {expected}");
    }
    // The membrane is on the stimulation line, which a pad may show.
    let pad = PadMultiplexerConfig {
        neuron_i_stim_mux_top: true,
        neuron_i_stim_mux_to_pad: true,
        ..PadMultiplexerConfig::default()
    };
    write(&mut chip, 1, &pad);
    assert_eq!(chip.pad_voltage(1), Some(chip.analog().membrane(NEURON)));
    // Not on its own line any more: as before.
    write(&mut chip, coordinates::neuron_config(NEURON), &passive());
    run(&mut chip, 200_000);
    assert!((chip.analog().membrane(NEURON) - rest).abs() < 2e-3);
}

#[test]
fn a_recording_has_the_samples_that_were_asked_for() {
    let mut chip = bench();
    write(&mut chip, 0, &MADCConfig { number_of_samples: 100, ..MADCConfig::default() });
    wake_up(&mut chip);
    let begin = chip.now();
    control(&mut chip, |control| control.start_recording = true);
    control(&mut chip, |_| {});
    run(&mut chip, 20_000);
    let taken = samples(&mut chip);
    assert_eq!(taken.len(), 100);
    assert_eq!([taken[0].time, taken[99].time], [begin, begin + SimTime::from_ns(99 * 34)]);
    // A start that stays set arms the converter again (calibration 3.1), power-down ends it.
    control(&mut chip, |control| control.start_recording = true);
    run(&mut chip, 34 * 250);
    assert_eq!(samples(&mut chip).len(), 251);
    control(&mut chip, |control| {
        (control.stop_recording, control.enable_power_down_after_sampling) = (true, true);
    });
    start(&mut chip);
    run(&mut chip, 10_000);
    assert_eq!(samples(&mut chip), [], "it is powered down");
}

#[test]
fn a_start_before_it_is_ready_waits_for_it() {
    let mut chip = bench();
    let woken = chip.now();
    control(&mut chip, |control| control.wake_up = true);
    run(&mut chip, 100);
    start(&mut chip);
    run(&mut chip, 1_000);
    // 96 cycles of 2 ns.
    assert_eq!(samples(&mut chip)[0].time, woken + SimTime::from_ns(192));
}

#[test]
fn samples_follow_the_clock_of_the_pll_and_its_divider() {
    let interval = |samples: &[MadcSample]| samples[1].time - samples[0].time;
    let mut chip = bench();
    wake_up(&mut chip);
    start(&mut chip);
    run(&mut chip, 1_000);
    assert_eq!(interval(&samples(&mut chip)), SimTime::from_ns(34));
    write(
        &mut chip,
        0,
        &MADCConfig { enable_madc_clock_scaling: true, madc_clock_scale_value: 4, ..Default::default() },
    );
    run(&mut chip, 1_000);
    // The sample under way needs as many of the new cycles as it would have needed of the old.
    assert_eq!(interval(&samples(&mut chip)[1..]), SimTime::from_ns(340));
    write(&mut chip, 0, &MADCConfig { sample_duration_adjust: 0, ..MADCConfig::default() });
    run(&mut chip, 1_000);
    assert_eq!(interval(&samples(&mut chip)[1..]), SimTime::from_ns(24));
    // Without a clock it stands still, and goes on.
    let outputs = PLLClockOutputBlock::default();
    write(&mut chip, 0, &PLLClockOutputBlock { enable_output_3: false, ..outputs });
    assert_eq!(chip.clocks().madc, None);
    run(&mut chip, 10_000);
    assert_eq!(samples(&mut chip), []);
    write(&mut chip, 0, &outputs);
    run(&mut chip, 1_000);
    let after = samples(&mut chip);
    assert_eq!(interval(&after), SimTime::from_ns(24));
    assert!((41..=42).contains(&after.len()), "{}", after.len());
}

#[test]
fn two_neurons_take_turns_on_the_two_multiplexers() {
    let mut chip = bench();
    let other = Neuron::new(Hemisphere::Bottom, 3);
    for (cell, value) in [(Cell::VLeak, 900), (Cell::IBiasLeak, 114)] {
        set(&mut chip, other, cell, value);
    }
    write(&mut chip, coordinates::neuron_config(other), &passive());
    let selection = ReadoutSourceSelection {
        neuron_top_even_0: true,
        neuron_bottom_odd_1: true,
        ..ReadoutSourceSelection::default()
    };
    write(&mut chip, 0, &selection);
    write(&mut chip, 0, &MADCConfig { active_mux_input_select_length: 1, ..MADCConfig::default() });
    run(&mut chip, 200_000);
    let samples = record(&mut chip, 20_000);
    let rest = [NEURON, other].map(|neuron| chip.analog().membrane(neuron));
    assert!(rest[1] - rest[0] > 0.1);
    for pair in samples.windows(2) {
        assert_ne!(pair[0].value >> 10, pair[1].value >> 10);
        let channel = usize::from(pair[0].value >> 10);
        assert!((volts(code(&pair[0]).into()) - rest[channel]).abs() < 3e-3, "{:?}", pair[0]);
    }
}

#[test]
fn without_preamplifier_or_bias_there_is_no_signal() {
    let mut chip = bench();
    wake_up(&mut chip);
    control(&mut chip, |control| {
        (control.start_recording, control.enable_continuous_sampling) = (true, true);
        control.enable_pre_amplifier = false;
    });
    run(&mut chip, 20_000);
    assert_eq!(samples(&mut chip).last().map(code), Some(25), "0 V");
    // Below 20 % of its default (analog-core 7.2).
    let (column, row) = SharedParameter::ReadoutMadcIn500na.place();
    for &quadrant in SharedParameter::ReadoutMadcIn500na.blocks() {
        write(&mut chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value: 90 });
    }
    run(&mut chip, 20_000);
    assert_eq!(samples(&mut chip).last().map(code), Some(0));
}

#[test]
fn dummy_data_count() {
    let mut chip = bench();
    write(&mut chip, 0, &MADCConfig { enable_dummy_data: true, ..MADCConfig::default() });
    wake_up(&mut chip);
    start(&mut chip);
    run(&mut chip, 40_000);
    let samples = samples(&mut chip);
    assert!(samples.len() > 1_100);
    assert!((0..).zip(&samples).all(|(number, sample)| code(sample) == number & 0x3ff));
}

#[test]
fn noise_at_rest_has_the_width_that_was_measured() {
    // analog-core 8.3: 1.3 codes in all (1.05 to 1.65) at 10 us.
    let mut chip = configured(Chip::with_options(ChipOptions {
        mismatch: bss2_analog::MismatchSwitches::IDEAL,
        ..ChipOptions::default()
    }));
    run(&mut chip, 30_000_000);
    let codes: Vec<f64> = record(&mut chip, 500_000).iter().map(|sample| code(sample).into()).collect();
    let n = codes.len() as f64;
    let mean = codes.iter().sum::<f64>() / n;
    let sigma = (codes.iter().map(|code| (code - mean).powi(2)).sum::<f64>() / n).sqrt();
    assert!((1.0..1.65).contains(&sigma), "{sigma}");
}

#[test]
fn a_reset_powers_the_converter_down() {
    let mut chip = bench();
    wake_up(&mut chip);
    start(&mut chip);
    run(&mut chip, 1_000);
    chip.set_reset(true);
    samples(&mut chip);
    run(&mut chip, 1_000);
    chip.set_reset(false);
    start(&mut chip);
    run(&mut chip, 1_000);
    assert_eq!(samples(&mut chip), []);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A noisy individual: samples and state do not depend on how time is cut, nor on a snapshot in the middle.
    #[test]
    fn where_time_is_cut_does_not_matter(
        mut cuts in prop::collection::vec(0_u64..60_000_000, 0..40),
        saved in 0_u64..60_000_000,
        length in 0_u8..4,
    ) {
        let mut prepared = configured(Chip::new(3));
        let config = MADCConfig { active_mux_input_select_length: length, ..MADCConfig::default() };
        write(&mut prepared, 0, &config);
        wake_up(&mut prepared);
        start(&mut prepared);
        let begin = prepared.now();
        let end = begin + SimTime::from_us(60);
        let mut whole = prepared.clone();
        whole.advance(end);
        let mut cut = prepared;
        cuts.push(saved);
        cuts.sort_unstable();
        let mut taken = Vec::new();
        for at in cuts {
            cut.advance(begin + SimTime::from_ps(at));
            cut.take_samples(&mut taken);
            if at == saved {
                cut = bincode::serde::decode_from_slice(&state(&cut), bincode::config::standard()).unwrap().0;
            }
        }
        cut.advance(end);
        cut.take_samples(&mut taken);
        prop_assert_eq!(samples(&mut whole), taken);
        prop_assert!(state(&whole) == state(&cut));
    }
}
