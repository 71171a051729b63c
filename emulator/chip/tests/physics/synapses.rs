//! Synapses, drivers, correlation sensors and converters (analog-core 5 to 7).

use crate::bench::{Bench, close};
use bss2_analog::mismatch::MismatchSwitches;
use bss2_analog::{Branch, CadcChannel, DriverParameters, PulseControl, RowMode};
use bss2_base::{Hemisphere, Quadrant, SimTime};
use bss2_chip::physics::{
    BoardVoltages, CadcSwitches, DriverSwitches, GlobalCell, PhysicsWarning, SharedCell, SynapseBiases,
    Warnings,
};

const STP: DriverSwitches = DriverSwitches {
    rows: [RowMode::Disabled; 2],
    stp: true,
    hagen_dac: false,
    hagen_modulation: false,
    recovery_enable: false,
    utilization: 7,
    recovery: 0,
    offset: 7,
    hagen_dac_offset: 31,
    second_target_voltages: false,
    recovery_clock: None,
    pulse_extension: 0,
    renewing: false,
    charge_sharing: false,
};

/// p_stp of analog-core 5.4, integrated in the simplest way: a tenth of a picosecond a step.
fn pulse(driver: &DriverParameters, control: f64) -> f64 {
    let ramp = driver.ramp;
    let step = 1e-13;
    let (mut time, mut level) = (0.0, 0.0);
    while level < control + ramp.comparator_offset && time < ramp.window {
        level += step * if time < ramp.early_time { ramp.early_slope } else { ramp.slope };
        time += step;
    }
    (1.0 - time / ramp.window).max(0.0)
}

#[test]
fn pulse_lengths_are_those_of_the_table_of_section_5_4() {
    let mut bench = Bench::ideal();
    let driver = bench.driver(4, &STP);
    assert_eq!(driver.control, PulseControl::ShortTermPlasticity);
    for (code, expected) in [(50.0, 0.86), (100.0, 0.72), (180.0, 0.50), (330.0, 0.16), (400.0, 0.01)] {
        let p = pulse(&driver, code * 1.875e-3);
        assert!((p - expected).abs() < 0.006, "{code}: {p}");
    }
}

#[test]
fn hagen_activations_give_the_pulses_of_section_5_5() {
    let mut bench = Bench::ideal();
    let driver = bench.driver(4, &DriverSwitches { hagen_dac: true, hagen_modulation: true, ..STP });
    let PulseControl::Hagen { base, step } = driver.control else { panic!("{:?}", driver.control) };
    for (activation, expected) in [(31.0, 0.90), (16.0, 0.42), (1.0, 0.028)] {
        let p = pulse(&driver, base + step * (32.0 - activation - 1.0));
        assert!((p - expected).abs() < 0.006, "{activation}: {p}");
    }
    // With ramp 400 activations below about 11 vanish: the "must fail" case.
    bench.set_shared(SharedCell::StpIRamp, 400);
    bench.set_shared(SharedCell::StpICalib, 400);
    let driver = bench.driver(4, &DriverSwitches { hagen_dac: true, hagen_modulation: true, ..STP });
    assert_eq!(pulse(&driver, base + step * (32.0 - 9.0 - 1.0)), 0.0);
    assert!(pulse(&driver, base + step * (32.0 - 13.0 - 1.0)) > 0.0);
}

#[test]
fn a_full_event_moves_the_line_as_in_t_hag() {
    // Step 0.15 mV per weight at DAC 600; DAC 800, weight 63, p = 0.899: 11.33 mV on the line, 9.63 mV behind the follower.
    let mut bench = Bench::ideal();
    let mut warnings = Warnings::default();
    let mut charge = |bench: &Bench| {
        bench.cells().unit_charge(Quadrant::SouthWest, &SynapseBiases::INTERNAL, &mut warnings)
    };
    close(charge(&bench) / 2.5e-12, 0.15e-3, 1e-12);
    bench.set_shared(SharedCell::SynIBiasDac, 800);
    let line = 63.0 * charge(&bench) / 2.5e-12 * 0.899;
    close(line, 11.33e-3, 1e-3);
    close(0.85 * line, 9.63e-3, 1e-3);
    assert_eq!(warnings.take(), []);
}

#[test]
fn synapses_without_dac_bias_carry_no_charge() {
    let mut bench = Bench::ideal();
    let mut warnings = Warnings::default();
    let external = bench.cells().unit_charge(Quadrant::NorthWest, &SynapseBiases::EXTERNAL, &mut warnings);
    assert_eq!((external, warnings.take()), (0.0, vec![]));
    bench.set_shared(SharedCell::SynIBiasDac, 29);
    assert_eq!(bench.cells().unit_charge(Quadrant::NorthWest, &SynapseBiases::INTERNAL, &mut warnings), 0.0);
    assert_eq!(warnings.take().len(), 1);
}

#[test]
fn drivers_take_their_voltages_from_the_block_of_their_parity() {
    let mut bench = Bench::ideal();
    bench.capmem.write(SharedCell::StpVCharge0.address(Quadrant::NorthEast), 200, SimTime::ZERO);
    let [even, odd] = [8, 9].map(|driver| bench.driver(driver, &STP).plasticity.charge_potential);
    close(even, 100.0 * 1.875e-3, 1e-12);
    close(odd, 200.0 * 1.875e-3, 1e-12);
    let second = bench.driver(8, &DriverSwitches { second_target_voltages: true, ..STP }).plasticity;
    close(second.charge_potential, 330.0 * 1.875e-3, 1e-12);
    close(second.recovery_potential, 50.0 * 1.875e-3, 1e-12);
}

#[test]
fn plasticity_steps_are_those_of_section_5_4() {
    let mut bench = Bench::ideal();
    let clock = |speed: u32| Some(SimTime::from_ps(4_000 << (speed + 1)));
    let mut with = |recovery, speed| {
        let switches =
            DriverSwitches { recovery_enable: true, recovery, recovery_clock: clock(speed), ..STP };
        bench.driver(0, &switches).plasticity
    };
    close(with(0, 0).utilization, 0.2, 1e-12);
    // Time constants -T / ln(1 - r).
    for (recovery, speed, tau) in [(0, 0, 8.1e-6), (15, 0, 0.45e-6), (0, 15, 0.27)] {
        let plasticity = with(recovery, speed);
        let period = plasticity.recovery_period.unwrap().as_secs_f64();
        close(-period / (1.0 - plasticity.recovery).ln(), tau, 2e-2);
    }
    assert_eq!(
        bench.driver(0, &DriverSwitches { recovery_clock: clock(0), ..STP }).plasticity.recovery_period,
        None
    );
}

#[test]
fn without_short_term_plasticity_pulses_are_full_and_extensions_count_windows() {
    let mut bench = Bench::ideal();
    let switches =
        DriverSwitches { stp: false, hagen_dac: true, hagen_modulation: true, pulse_extension: 3, ..STP };
    let driver = bench.driver(0, &switches);
    assert_eq!((driver.control, driver.extension), (PulseControl::Full, 3.0));
}

#[test]
fn a_pulse_comparator_without_bias_never_trips() {
    let mut bench = Bench::ideal();
    bench.set_shared(SharedCell::StpIBiasComparator, 50);
    let driver = bench.driver(0, &STP);
    assert_eq!(pulse(&driver, 0.0), 0.0);
    assert!(matches!(
        bench.warnings.take()[..],
        [PhysicsWarning::BiasTooLow { cell: SharedCell::StpIBiasComparator, .. }]
    ));
}

#[test]
fn a_hagen_dac_without_bias_has_no_span_and_is_named() {
    let mut bench = Bench::ideal();
    bench.set_global(GlobalCell::HagenIbiasDacTop, 40);
    let driver = bench.driver(0, &DriverSwitches { hagen_dac: true, hagen_modulation: true, ..STP });
    assert!(matches!(driver.control, PulseControl::Hagen { step, .. } if step == 0.0));
    assert_eq!(
        bench.warnings.take(),
        [PhysicsWarning::GlobalBiasTooLow { cell: GlobalCell::HagenIbiasDacTop }]
    );
}

#[test]
fn correlation_sensors_follow_section_6_and_the_board() {
    let mut bench = Bench::ideal();
    let sensor = |bench: &Bench, v_res_meas| {
        let board = BoardVoltages { v_res_meas, mux_dac_25: 1.85 };
        bench.cells().correlation(Quadrant::NorthEast, &SynapseBiases::INTERNAL, &board)
    };
    let nominal = sensor(&bench, 0.9);
    close(nominal.causal.time_constant, 5e-6, 1e-12);
    close(nominal.causal.amplitude, 0.5 * 4.5e-3, 1e-12);
    let typical = bss2_analog::CorrelationParameters::default();
    close(nominal.compression, typical.compression, 1e-12);
    close(nominal.saturation, typical.saturation, 1e-12);
    close(nominal.leakage, typical.leakage, 1e-12);
    close(sensor(&bench, 1.0).acausal.amplitude, 0.5 * 4.5e-3 * 1.5, 1e-12);
    // Clamped at 0 where the factor would be negative, as with the official start-up, which sets 0 V.
    assert_eq!(sensor(&bench, 0.0).causal.amplitude, 0.0);
    bench.set_shared(SharedCell::SynIBiasRamp, 40);
    bench.set_shared(SharedCell::SynIBiasStore, 140);
    close(sensor(&bench, 0.9).causal.time_constant, 10e-6, 1e-12);
    close(sensor(&bench, 0.9).causal.amplitude, 0.25 * 4.5e-3, 1e-12);
    let cells = bench.cells();
    let external = cells.correlation(Quadrant::NorthEast, &SynapseBiases::EXTERNAL, &BoardVoltages::NOMINAL);
    assert_eq!(external.causal.amplitude, 0.0);
}

fn channel(bench: &Bench, column: u8, board: &BoardVoltages) -> CadcChannel {
    let switches = CadcSwitches::default();
    bench.cells().cadc_channel(
        Hemisphere::Top,
        Branch::Causal,
        column,
        &switches,
        &SynapseBiases::INTERNAL,
        board,
    )
}

fn code(channel: &CadcChannel, voltage: f64) -> f64 {
    (voltage - channel.ramp_start) / channel.volts_per_code + channel.offset
}

#[test]
fn the_default_cadc_calibration_gives_20_at_150_mv_and_220_at_1050_mv() {
    let mut bench = Bench::ideal();
    bench.set_shared(SharedCell::CadcVRampOffset, 31);
    bench.set_shared(SharedCell::CadcIRampSlope, 369);
    let channel = channel(&bench, 7, &BoardVoltages::NOMINAL);
    assert!((code(&channel, 0.150) - 20.0).abs() < 0.05, "{}", code(&channel, 0.150));
    assert!((code(&channel, 1.050) - 220.0).abs() < 0.15, "{}", code(&channel, 1.050));
    assert!(channel.comparator);
}

#[test]
fn the_correlation_baseline_rises_with_the_reset_voltage() {
    let mut bench = Bench::ideal();
    bench.set_shared(SharedCell::CadcVRampOffset, 31);
    bench.set_shared(SharedCell::CadcIRampSlope, 369);
    let at = |mux_dac_25| {
        let channel = channel(&bench, 200, &BoardVoltages { v_res_meas: 0.9, mux_dac_25 });
        code(&channel, channel.correlation_baseline)
    };
    assert!((at(1.85) - 180.0).abs() < 0.1, "{}", at(1.85));
    assert!((at(1.80) - (180.0 - 0.8 * 0.05 / 4.5e-3)).abs() < 0.1);
    assert!(at(1.0) < 30.0 && at(0.0) <= 0.0 && at(2.5) > 254.0);
}

#[test]
fn the_ramp_of_the_other_side_can_be_selected() {
    let mut bench = Bench::ideal();
    bench.capmem.write(SharedCell::CadcVRampOffset.address(Quadrant::NorthEast), 100, SimTime::ZERO);
    let start = |ramp_of_other_side| {
        let switches = CadcSwitches { ramp_of_other_side, digital_offset: -5 };
        let channel = bench.cells().cadc_channel(
            Hemisphere::Top,
            Branch::Acausal,
            3,
            &switches,
            &SynapseBiases::INTERNAL,
            &BoardVoltages::NOMINAL,
        );
        assert_eq!(channel.digital_offset, -5);
        channel.ramp_start
    };
    close(start(false), 40.0 * 1.875e-3 + 2e-3, 1e-12);
    close(start(true), 100.0 * 1.875e-3 + 2e-3, 1e-12);
}

#[test]
fn a_cadc_without_bias_never_trips() {
    for cell in [SharedCell::CadcIBiasComp, SharedCell::CadcIRampSlope, SharedCell::CadcVBiasRampBuf] {
        let mut bench = Bench::ideal();
        bench.set_shared(cell, 0);
        assert!(!channel(&bench, 0, &BoardVoltages::NOMINAL).comparator);
        let mut warnings = Warnings::default();
        bench.cells().warn_of_cadc(Quadrant::NorthWest, &mut warnings);
        assert_eq!(warnings.take().len(), 1);
    }
    let mut bench = Bench::ideal();
    bench.set_shared(SharedCell::SynIBiasCorout, 0);
    assert_eq!(channel(&bench, 0, &BoardVoltages::NOMINAL).correlation_baseline, 0.0);
}

#[test]
fn the_madc_line_is_25_plus_volts_over_1_548_mv() {
    let mut bench = Bench::ideal();
    let mut warnings = Warnings::default();
    let madc = bench.cells().madc(&mut warnings);
    assert_eq!((madc.volts_per_code, madc.zero_code, madc.works), (1.548e-3, 25.0, true));
    bench.set_global(GlobalCell::ReadoutMadcIn500na, 99);
    assert!(!bench.cells().madc(&mut warnings).works);
    assert_eq!(warnings.take(), [PhysicsWarning::GlobalBiasTooLow { cell: GlobalCell::ReadoutMadcIn500na }]);
}

#[test]
fn shared_cells_are_those_of_the_parameter_file() {
    let file: toml::Table =
        include_str!("../../../analog/tests/golden/analog-parameters.toml").parse().unwrap();
    let capmem = file["capmem"].as_table().unwrap();
    let integer = |row: &toml::Value, key: &str| row.get(key).and_then(toml::Value::as_integer);
    let shared = capmem["shared_cells"].as_table().unwrap();
    assert_eq!(shared.len(), SharedCell::ALL.len());
    for cell in SharedCell::ALL {
        let row = &shared[cell.name()];
        let address = cell.address(Quadrant::SouthEast);
        assert_eq!(integer(row, "row"), Some(i64::from(address.row())), "{}", cell.name());
        assert_eq!(integer(row, "column").unwrap_or(128), i64::from(address.column()), "{}", cell.name());
        let default = &row["default"];
        for (block, code) in cell.default_codes().into_iter().enumerate() {
            let theirs =
                default.as_integer().or_else(|| default.get(block).and_then(toml::Value::as_integer));
            assert_eq!(theirs, Some(code.into()), "{}", cell.name());
        }
    }
    let global = capmem["global_cells"].as_table().unwrap();
    assert_eq!(global.len(), GlobalCell::ALL.len());
    for cell in GlobalCell::ALL {
        let row = &global[cell.name()];
        let address = cell.address();
        let ours = [
            address.block().index(),
            address.column().into(),
            address.row().into(),
            cell.default_code().into(),
        ];
        let theirs = ["block", "column", "row", "default"].map(|key| integer(row, key).unwrap() as usize);
        assert_eq!(theirs, ours, "{}", cell.name());
    }
}

#[test]
fn channels_of_an_individual_differ_as_the_table_says() {
    let bench = Bench::new(12, MismatchSwitches::default());
    let offsets: Vec<f64> =
        (0..=255).map(|column| channel(&bench, column, &BoardVoltages::NOMINAL).offset).collect();
    let sigma = (offsets.iter().map(|offset| offset * offset).sum::<f64>() / 256.0).sqrt();
    assert!((8.0..12.0).contains(&sigma), "{sigma}");
}
