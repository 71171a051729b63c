//! Correlation sensors and their readout (analog-core 6, 7.1; settled O1, O11, O12, O18).

use crate::common::{integrate_and_fire, leaky, neuron, pulse, run};
use bss2_analog::{
    AnalogCore, AnalogOptions, Branch, BranchMismatch, CadcChannel, ColumnSwitches, CorrelationBranch,
    CorrelationParameters, DriverParameters, Noise, ReadoutSource, RowMode, SynapseMismatch,
};
use bss2_base::{ColumnMask, Hemisphere, SimTime};

/// 0.5 LSB per pair, 5 us causal, 4 us acausal.
fn sensors() -> CorrelationParameters {
    CorrelationParameters {
        acausal: CorrelationBranch { time_constant: 4e-6, amplitude: 4.5e-3 },
        leakage: 0.0,
        ..CorrelationParameters::default()
    }
}

fn core_with(options: AnalogOptions, parameters: &CorrelationParameters) -> AnalogCore {
    let mut core = AnalogCore::new(1, options);
    core.set_neuron(neuron(), &integrate_and_fire(10e-9, 0.0)).unwrap();
    core.set_correlation(neuron().quadrant(), parameters);
    // Weight 0 in an enabled row feeds the sensors (settled O12).
    let rows = [RowMode::Excitatory, RowMode::Disabled];
    core.set_driver(Hemisphere::Top, 0, &DriverParameters { rows, ..DriverParameters::default() });
    core
}

/// Pre pulses (at the synapse) and post pulses at these times in us.
fn pulses(core: &mut AnalogCore, pre: &[u64], post: &[u64]) {
    for time in pre {
        core.input(pulse(SimTime::from_us(*time) - SimTime::from_ns(20), neuron(), true, true));
    }
    for time in post {
        core.artificial_fire(SimTime::from_us(*time), neuron());
    }
    run(core, SimTime::from_us(1_000));
}

/// Causal and acausal accumulator of row 0 in V.
fn accumulated(core: &AnalogCore) -> [f64; 2] {
    Branch::ALL.map(|branch| core.correlation(Hemisphere::Top, 0, neuron().column(), branch))
}

#[track_caller]
fn assert_close(found: [f64; 2], expected: [f64; 2]) {
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-15, "{found:e} instead of {expected:e}");
    }
}

#[test]
fn a_pair_leaves_the_exponential_of_its_delay() {
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    pulses(&mut core, &[10], &[13]);
    assert_close(accumulated(&core), [2.25e-3 * (-3.0f64 / 5.0).exp(), 0.0]);
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    pulses(&mut core, &[17], &[15]);
    assert_close(accumulated(&core), [0.0, 4.5e-3 * (-2.0f64 / 4.0).exp()]);
}

#[test]
fn a_trace_serves_one_pairing_by_default() {
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    pulses(&mut core, &[10, 30], &[13, 16, 33]);
    let (first, second) = (2.25e-3 * (-0.6f64).exp(), 2.25e-3 * (-0.6f64).exp());
    let causal = first + second * (1.0 - first / 0.9);
    assert_close(accumulated(&core), [causal, 4.5e-3 * (-14.0f64 / 4.0).exp()]);
}

#[test]
fn a_trace_stays_pending_if_it_is_not_consumed() {
    let options = AnalogOptions { consume_on_use: false, ..AnalogOptions::noiseless() };
    let mut core = core_with(options, &sensors());
    pulses(&mut core, &[10], &[13, 16]);
    let (first, second) = (2.25e-3 * (-0.6f64).exp(), 2.25e-3 * (-1.2f64).exp());
    assert_close(accumulated(&core), [first + second * (1.0 - first / 0.9), 0.0]);
}

#[test]
fn the_latest_pulse_replaces_the_trace() {
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    pulses(&mut core, &[10, 12], &[13]);
    assert_close(accumulated(&core), [2.25e-3 * (-0.2f64).exp(), 0.0]);
}

#[test]
fn pulses_at_the_same_time_do_not_pair_but_start_their_traces() {
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    pulses(&mut core, &[10], &[10, 13]);
    assert_close(accumulated(&core), [2.25e-3 * (-0.6f64).exp(), 0.0]);
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    pulses(&mut core, &[10, 12], &[10]);
    assert_close(accumulated(&core), [0.0, 4.5e-3 * (-0.5f64).exp()]);
}

#[test]
fn a_disabled_row_feeds_no_sensor() {
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    pulses(&mut core, &[10], &[13]);
    assert_eq!(core.correlation(Hemisphere::Top, 1, neuron().column(), Branch::Causal), 0.0);
}

#[test]
fn many_pairs_compress_and_saturate() {
    // T-COR: n pairs follow da = A e (1 - a / 0.9 V) until 0.7425 V.
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    let step = 2.25e-3 * (-0.2f64).exp();
    let mut now = 0;
    let mut pairs = |core: &mut AnalogCore, count: u64| {
        for _ in 0..count {
            now += 100;
            core.input(pulse(SimTime::from_us(now) - SimTime::from_ns(20), neuron(), true, false));
            core.artificial_fire(SimTime::from_us(now + 1), neuron());
        }
        run(core, SimTime::from_us(now + 2));
    };
    pairs(&mut core, 100);
    let expected = 0.9 * (1.0 - (1.0 - step / 0.9).powi(100));
    assert!((accumulated(&core)[0] - expected).abs() < 1e-12);
    pairs(&mut core, 1_000);
    assert_eq!(accumulated(&core)[0], 0.7425);
}

#[test]
fn accumulators_leak_toward_the_baseline() {
    let mut core =
        core_with(AnalogOptions::noiseless(), &CorrelationParameters { leakage: 0.225, ..sensors() });
    pulses(&mut core, &[10], &[13]);
    let start = 2.25e-3 * (-0.6f64).exp();
    run(&mut core, SimTime::from_us(13 + 2_000));
    assert!((accumulated(&core)[0] - (start - 0.225 * 2e-3)).abs() < 1e-15);
    run(&mut core, SimTime::from_ms(500));
    assert_eq!(accumulated(&core), [0.0; 2]);
}

#[test]
fn a_reset_clears_the_selected_columns_and_branches() {
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    pulses(&mut core, &[10, 15], &[13]);
    let [causal, acausal] = accumulated(&core);
    let (here, elsewhere) =
        (ColumnMask::single(neuron().column()), ColumnMask::single(neuron().column() + 1));
    core.reset_correlation(core.now(), Hemisphere::Top, 0, elsewhere, ColumnMask::NONE, 0.0);
    core.reset_correlation(core.now(), Hemisphere::Top, 1, here, here, 0.0);
    run(&mut core, SimTime::from_us(1_001));
    assert_eq!(accumulated(&core), [causal, acausal]);
    // A reset of 8 cycles leaves exp(-8 / 5).
    core.reset_correlation(core.now(), Hemisphere::Top, 0, ColumnMask::NONE, here, (-1.6f64).exp());
    run(&mut core, SimTime::from_us(1_002));
    assert_close(accumulated(&core), [causal, acausal * (-1.6f64).exp()]);
    core.reset_correlation(core.now(), Hemisphere::Top, 0, here, here, 0.0);
    run(&mut core, SimTime::from_us(1_003));
    assert_eq!(accumulated(&core), [0.0; 2]);
}

#[test]
fn calibration_bits_and_mismatch_scale_amplitude_and_time_constant() {
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    core.set_correlation_calibration(Hemisphere::Top, 0, neuron().column(), 2, 3);
    assert_eq!(core.correlation_calibration(Hemisphere::Top, 0, neuron().column()), (2, 3));
    let causal = BranchMismatch { time_constant: 2.0, amplitude: 0.5 };
    let mismatch = SynapseMismatch { causal, ..SynapseMismatch::default() };
    core.set_synapse_mismatch(Hemisphere::Top, 0, neuron().column(), &mismatch);
    pulses(&mut core, &[10, 15], &[13]);
    let causal = 2.25e-3 * 0.5 / 1.5 * (-3.0f64 / 5.0 / 2.0 * 1.75).exp();
    let acausal = 4.5e-3 / 1.5 * (-2.0f64 / 4.0 * 1.75).exp();
    assert_close(accumulated(&core), [causal, acausal]);
}

#[test]
fn increments_are_noisy_by_three_percent() {
    let noise = Noise { correlation: 0.03, ..Noise::OFF };
    let mut core = core_with(AnalogOptions { noise, ..AnalogOptions::default() }, &sensors());
    let here = ColumnMask::single(neuron().column());
    let steps: Vec<f64> = (1..2_000)
        .map(|i| {
            let time = SimTime::from_us(100 * i);
            core.input(pulse(time, neuron(), true, false));
            core.artificial_fire(time + SimTime::from_ns(20), neuron());
            core.artificial_fire(time + SimTime::from_us(5), neuron());
            run(&mut core, time + SimTime::from_us(10));
            let step = accumulated(&core)[0];
            core.reset_correlation(core.now(), Hemisphere::Top, 0, here, here, 0.0);
            step
        })
        .collect();
    let n = steps.len() as f64;
    let mean = steps.iter().sum::<f64>() / n;
    let sigma = (steps.iter().map(|step| (step - mean) * (step - mean)).sum::<f64>() / n).sqrt();
    assert!((sigma / mean - 0.03).abs() < 0.002, "{}", sigma / mean);
}

#[test]
fn the_cadc_shows_the_baseline_minus_the_accumulator() {
    let mut core = core_with(AnalogOptions::noiseless(), &sensors());
    core.set_column(neuron(), &ColumnSwitches { correlation: [true; 2], ..ColumnSwitches::default() });
    let column = usize::from(neuron().column());
    for branch in Branch::ALL {
        // A little above the code edge, so that rounding can't hide.
        let channel = CadcChannel { correlation_baseline: 0.870_5, ..CadcChannel::default() };
        core.set_cadc_channel(Hemisphere::Top, branch, neuron().column(), &channel);
    }
    let empty = core.convert(Hemisphere::Top, 0);
    assert_eq!((empty.causal[column], empty.acausal[column]), (180, 180));
    let channel =
        CadcChannel { digital_offset: -30, ..*core.cadc_channel(Hemisphere::Top, Branch::Causal, 7) };
    core.set_cadc_channel(Hemisphere::Top, Branch::Causal, 7, &channel);
    for i in 1..=20 {
        core.input(pulse(SimTime::from_us(100 * i) - SimTime::from_ns(20), neuron(), true, false));
        core.artificial_fire(SimTime::from_us(100 * i + 1), neuron());
    }
    run(&mut core, SimTime::from_us(2_100));
    let [causal, _] = accumulated(&core);
    let codes = core.convert(Hemisphere::Top, 0);
    assert_eq!(codes.causal[column], ((0.870_5 - causal - 0.06) / 4.5e-3).floor() as u8 - 30);
    assert_eq!(codes.acausal[column], 180, "no acausal pair within 99 us");
    assert_eq!(core.convert(Hemisphere::Top, 1).causal[column], 150, "another row is empty");
}

#[test]
fn a_neuron_readout_shows_membrane_and_lines_to_the_cadc() {
    let mut core = AnalogCore::new(1, AnalogOptions::noiseless());
    let mut parameters = leaky(10e-6);
    parameters.readout.offset = 1e-3;
    core.set_neuron(neuron(), &parameters).unwrap();
    run(&mut core, SimTime::from_ms(1));
    let column = usize::from(neuron().column());
    let switches = ColumnSwitches { neuron_readout: [true; 2], ..ColumnSwitches::default() };
    core.set_column(neuron(), &switches);
    let codes = core.convert(Hemisphere::Top, 200);
    // (0.421 - 0.060) / 4.5 mV = 80.2
    assert_eq!((codes.causal[column], codes.acausal[column]), (80, 80));
    // Together with the correlation sensor: the mean of 0.421 V and 0.87 V.
    core.set_column(neuron(), &ColumnSwitches { correlation: [true, false], ..switches });
    assert_eq!(core.convert(Hemisphere::Top, 200).causal[column], 130);
    parameters.readout.source = ReadoutSource::ExcitatoryLine;
    core.set_neuron(neuron(), &parameters).unwrap();
    core.set_column(neuron(), &switches);
    // 0.85 * 1.2 V - 0.42 V + 1 mV = 0.601 V
    assert_eq!(core.convert(Hemisphere::Top, 200).causal[column], 120);
    // Disconnected, the input keeps its voltage and decays to 0 within 1 ms.
    core.set_column(neuron(), &ColumnSwitches::default());
    assert_eq!(core.convert(Hemisphere::Top, 200).causal[column], 120);
    run(&mut core, SimTime::from_ms(2));
    assert_eq!(
        core.convert(Hemisphere::Top, 200).causal[column],
        ((0.601 * (-1.0f64).exp() - 0.06) / 4.5e-3) as u8
    );
    parameters.readout.amplifier = false;
    core.set_neuron(neuron(), &parameters).unwrap();
    assert_eq!(core.read(neuron()), None);
}

#[test]
fn conversions_are_noisy_by_one_code() {
    let mut core = AnalogCore::new(1, AnalogOptions::default());
    for column in 0..=255 {
        let switches = ColumnSwitches { correlation: [true; 2], ..ColumnSwitches::default() };
        core.set_column(bss2_base::Neuron::new(Hemisphere::Bottom, column), &switches);
    }
    let mut codes = Vec::new();
    for i in 0..20 {
        run(&mut core, SimTime::from_us(2 * i));
        let result = core.convert(Hemisphere::Bottom, 0);
        codes.extend(result.causal.iter().chain(&result.acausal).map(|code| f64::from(*code)));
    }
    let n = codes.len() as f64;
    let mean = codes.iter().sum::<f64>() / n;
    let variance = codes.iter().map(|code| (code - mean) * (code - mean)).sum::<f64>() / n;
    // floor() of 180.0 + noise: mean 179.5, quantisation adds 1/12.
    assert!((mean - 179.5).abs() < 0.05, "{mean}");
    assert!((variance - (1.0 + 1.0 / 12.0)).abs() < 0.05, "{variance}");
}
