//! Pads, debug lines and stimulation lines through registers: what drives them, whom they drive (register-map 5.3, 5.8; analog-core 3.1,
//! 3.6, 7.1).

use crate::bench::{ARRAY, ideal_chip, run, write};
use crate::neuron::*;
use bss2_analog::{AnalogOptions, Branch, Level, Line};
use bss2_base::{Hemisphere, Neuron, Quadrant, SimTime};
use bss2_chip::registers::cadc::CADCConfig;
use bss2_chip::registers::capmem::{CapMemBlockConfig, CapMemCell, NeuronParameter as Cell, SharedParameter};
use bss2_chip::registers::coordinates;
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::registers::padi::SynapseDriverConfig;
use bss2_chip::registers::readout::{
    CurrentDAC, MADCConfig, MADCControl, PadMultiplexerConfig, ReadoutSourceSelection,
};
use bss2_chip::synapse_array::quad_of_column;
use bss2_chip::{Chip, ChipOptions, MadcSample};

/// The board drives pad 0 through its own DAC channel.
fn drive_pad(chip: &mut Chip, volts: f64) {
    chip.set_board_switches(1 << 8);
    chip.set_board_voltage(0, 5, volts);
}

fn stimulation_pad() -> PadMultiplexerConfig {
    PadMultiplexerConfig {
        neuron_i_stim_mux_top: true,
        neuron_i_stim_mux_to_pad: true,
        ..PadMultiplexerConfig::default()
    }
}

/// An ideal chip of this level.
fn of_level(level: Level) -> Chip {
    let mut options =
        ChipOptions { mismatch: bss2_analog::MismatchSwitches::IDEAL, ..ChipOptions::default() };
    options.analog = AnalogOptions { level, ..AnalogOptions::noiseless() };
    (options.capmem.instant, options.capmem.write_noise, options.capmem.drift) = (true, false, false);
    configured(Chip::with_options(options))
}

#[test]
fn a_voltage_on_a_pad_holds_a_membrane_through_a_kiloohm() {
    for (level, tolerance) in [(Level::Fast, 5e-7), (Level::Reference, 1e-9)] {
        let mut chip = of_level(level);
        leak(&mut chip, NEURON, 1e-6, 0.5);
        switch(&mut chip, NEURON, &NeuronConfig { en_unbuf_access: true, ..passive() });
        write(&mut chip, 0, &stimulation_pad());
        run(&mut chip, 100_000);
        let rest = membrane(&chip, NEURON);
        assert!((rest - 0.5).abs() < 2e-3, "{rest}");
        drive_pad(&mut chip, 0.7);
        // 2.5 ns later it is there but for 1 / e, and in 100 ns it has forgotten where it came from.
        run(&mut chip, 100);
        let circuit = *chip.analog().circuit(NEURON);
        let pull = 0.5 * ((circuit.leak.potential - 0.7) / 0.5).tanh();
        let expected = 0.7 + circuit.leak.conductance * pull * 1e3;
        let held = membrane(&chip, NEURON);
        // The current through the kiloohm changes the pull by a thousandth of itself.
        assert!((held - expected).abs() < 3e-7 + tolerance, "{level:?}: {held} instead of {expected}");
        assert!((held - 0.7).abs() > 1e-4);
        assert_eq!(chip.pad_voltage(0), Some(0.7));
        // Without access it goes back with its own time constant; the other row never moved.
        switch(&mut chip, NEURON, &passive());
        let tau = circuit.capacitance() / circuit.leak.conductance;
        run(&mut chip, (tau * 1e9) as u64);
        let left = (membrane(&chip, NEURON) - circuit.leak.potential) / 0.5;
        let before = (held - circuit.leak.potential) / 0.5;
        // sinh(x) decays exponentially under a saturating leak (analog-core 3.2).
        assert!((left.sinh() / before.sinh() - (-1.0f64).exp()).abs() < 1e-3, "{left}");
    }
}

#[test]
fn a_stimulation_line_reaches_its_row_alone() {
    let mut chip = chip();
    let other = Neuron::new(Hemisphere::Bottom, 6);
    for neuron in [NEURON, other] {
        leak(&mut chip, neuron, 1e-6, 0.5);
        switch(&mut chip, neuron, &NeuronConfig { en_unbuf_access: true, ..passive() });
    }
    drive_pad(&mut chip, 0.3);
    write(&mut chip, 0, &stimulation_pad());
    run(&mut chip, 100_000);
    assert!((membrane(&chip, NEURON) - 0.3).abs() < 1e-3);
    assert!((membrane(&chip, other) - 0.5).abs() < 2e-3);
    // A pad that is not connected with the line does nothing.
    write(&mut chip, 0, &PadMultiplexerConfig { neuron_i_stim_mux_to_pad: false, ..stimulation_pad() });
    run(&mut chip, 100_000);
    assert!((membrane(&chip, NEURON) - 0.5).abs() < 2e-3);
}

/// Closes the debug switches of the synaptic lines of a column: bit 0 excitatory, bit 1 inhibitory.
fn debug_switch(chip: &mut Chip, neuron: Neuron, bits: u32) {
    let (quad, entry) = quad_of_column(neuron.column());
    let array = ARRAY[neuron.hemisphere().index()];
    chip.write(array + 0x2_4000 + u32::from(quad), bits << (8 * (3 - u32::from(entry))), 0xf);
}

fn line_pad(line: Line) -> PadMultiplexerConfig {
    PadMultiplexerConfig {
        synapse_mux_excitatory: line == Line::Excitatory,
        synapse_mux_inhibitory: line == Line::Inhibitory,
        synapse_mux_to_pad: true,
        ..PadMultiplexerConfig::default()
    }
}

#[test]
fn a_debug_line_pulls_a_synaptic_line_through_ten_kiloohm() {
    for level in [Level::Fast, Level::Reference] {
        for (line, cell, strength) in [
            (Line::Excitatory, Cell::IBiasSyninExcTau, 500e-6),
            (Line::Inhibitory, Cell::IBiasSyninInhTau, 475e-6),
        ] {
            let mut chip = of_level(level);
            leak(&mut chip, NEURON, 0.25e-6, 0.5);
            set(&mut chip, NEURON, cell, 100.0);
            switch(&mut chip, NEURON, &passive());
            write(&mut chip, 0, &line_pad(line));
            drive_pad(&mut chip, 1.0);
            run(&mut chip, 1_000);
            assert_eq!(chip.analog().line(NEURON, line), 0.0);
            debug_switch(&mut chip, NEURON, 1 << line as u32);
            // R C is tau, so R is tau / 2.5 pF; the switch charges with 10 kohm times 2.5 pF.
            let (tau, capacitance) = (strength / 100.0, 2.5e-12);
            let resistance: f64 = tau / capacitance;
            let settled = 0.2 * resistance / (resistance + 10e3);
            let rate = 1.0 / tau + 1.0 / (10e3 * capacitance);
            run(&mut chip, 40);
            let expected = settled * (1.0 - (-rate * 40e-9).exp());
            let found = chip.analog().line(NEURON, line);
            assert!((found / expected - 1.0).abs() < 1e-5, "{level:?} {line:?}: {found} for {expected}");
            run(&mut chip, 2_000);
            let found = chip.analog().line(NEURON, line);
            assert!((found / settled - 1.0).abs() < 1e-6, "{level:?} {line:?}: {found} for {settled}");
            assert_eq!(chip.analog().line(NEURON, [Line::Inhibitory, Line::Excitatory][line as usize]), 0.0);
            debug_switch(&mut chip, NEURON, 0);
            run(&mut chip, 1_000);
            let expected = settled * (-1e-6 / tau).exp();
            let found = chip.analog().line(NEURON, line);
            assert!((found / expected - 1.0).abs() < 1e-5, "{level:?} {line:?}: {found} for {expected}");
        }
    }
}

#[test]
fn the_test_current_shifts_a_synaptic_line_by_ohms_law() {
    let mut chip = chip();
    leak(&mut chip, NEURON, 0.25e-6, 0.5);
    set(&mut chip, NEURON, Cell::IBiasSyninExcTau, 100.0);
    switch(&mut chip, NEURON, &passive());
    debug_switch(&mut chip, NEURON, 1);
    let dac = CurrentDAC {
        enable_current: true,
        direction: true,
        mux_syntest_excitatory: true,
        ..CurrentDAC::default()
    };
    write(&mut chip, 0, &dac.with_current(5));
    run(&mut chip, 100_000);
    // 5 of 255 parts of 1 uA out of the line, through 2 Mohm.
    let expected = 5.0 / 255.0 * 1e-6 * (5e-6 / 2.5e-12);
    let found = chip.analog().line(NEURON, Line::Excitatory);
    assert!((found / expected - 1.0).abs() < 1e-3, "{found} instead of {expected}");
    assert_eq!(chip.analog().line(NEURON, Line::Inhibitory), 0.0);
    write(&mut chip, 0, &CurrentDAC::default());
    run(&mut chip, 100_000);
    assert!(chip.analog().line(NEURON, Line::Excitatory).abs() < 1e-6);
}

/// Pad 0 shows the debug output of the block of the north-west.
fn cell_pad() -> PadMultiplexerConfig {
    PadMultiplexerConfig {
        capmem_v_out_mux_q0: true,
        capmem_v_out_mux_to_inter: true,
        capmem_i_out_mux_q0: true,
        capmem_i_out_mux_to_inter: true,
        capmem_inter_mux_to_pad: true,
        ..PadMultiplexerConfig::default()
    }
}

fn select(chip: &mut Chip, row: u8, column: u32) -> CapMemBlockConfig {
    let config = CapMemBlockConfig {
        hotbit_capmem_row: Some(row),
        capmem_column: column,
        debug_i_out_select: 1,
        ..CapMemBlockConfig::default()
    };
    write(chip, 0, &config);
    config
}

#[test]
fn a_pad_shows_any_analog_cell() {
    let mut chip = chip();
    set(&mut chip, NEURON, Cell::VThreshold, 400.0);
    set(&mut chip, NEURON, Cell::IBiasLeak, 200.0);
    assert_eq!(chip.pad_voltage(0), None);
    write(&mut chip, 0, &cell_pad());
    assert_eq!(chip.pad_voltage(0), None, "no cell is selected");
    let config = select(&mut chip, Cell::VThreshold.row(), 6);
    // analog-core 2.4.
    assert!((chip.pad_voltage(0).unwrap() - (0.019 + 1.875e-3 * 400.0)).abs() < 1e-12);
    assert_eq!((chip.pad_voltage(1), chip.pad_current(0)), (None, 0.0));
    write(&mut chip, 0, &CapMemBlockConfig { debug_out_amp_bias: 0, ..config });
    assert_eq!(chip.pad_voltage(0), Some(0.0), "its amplifier has no bias");
    // A current cell drives a current.
    select(&mut chip, Cell::IBiasLeak.row(), 6);
    assert_eq!(chip.pad_voltage(0), None);
    assert!((chip.pad_current(0) - 0.978e-9 * 200.0).abs() < 1e-15);
    // Cells of other blocks are not on this output.
    write(
        &mut chip,
        0,
        &PadMultiplexerConfig { capmem_v_out_mux_q1: true, capmem_v_out_mux_q0: false, ..cell_pad() },
    );
    select(&mut chip, Cell::VThreshold.row(), 6);
    assert_eq!(chip.pad_voltage(0), None);
    // What doesn't exist is named.
    select(&mut chip, 2, 130);
    assert_eq!(chip.pad_voltage(0), None);
    assert!(chip.warnings().any(|text| text.contains("CapMem block 0") && text.contains("column 130")));
}

#[test]
fn a_pad_sees_a_cell_settle() {
    let mut options =
        ChipOptions { mismatch: bss2_analog::MismatchSwitches::IDEAL, ..ChipOptions::default() };
    options.analog = AnalogOptions::noiseless();
    (options.capmem.write_noise, options.capmem.drift) = (false, false);
    let mut chip = configured(Chip::with_options(options));
    write(&mut chip, 0, &cell_pad());
    select(&mut chip, Cell::VThreshold.row(), 6);
    run(&mut chip, 50_000_000);
    let before = chip.pad_voltage(0).unwrap();
    set(&mut chip, NEURON, Cell::VThreshold, 900.0);
    let target = 0.019 + 1.875e-3 * 900.0;
    for passed in 1..=6 {
        run(&mut chip, 1_000_000);
        let expected = target + (before - target) * (-f64::from(passed) / 3.0).exp();
        let shown = chip.pad_voltage(0).unwrap();
        // Circuits are told in slices that move by a hundredth of a code at most.
        assert!(
            (shown - expected).abs() < 0.5 * 1.875e-3,
            "after {passed} ms: {shown} instead of {expected}"
        );
    }
}

#[test]
fn a_pad_shows_where_the_ramp_of_the_column_adc_starts() {
    let mut chip = chip();
    for quadrant in Quadrant::ALL {
        let (column, row) = SharedParameter::CadcVRampOffset.place();
        let code = 30 + quadrant.index() as u16;
        write(&mut chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value: code });
        let (column, row) = SharedParameter::CadcVBiasRampBuf.place();
        write(&mut chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value: 400 });
    }
    for (quadrant, pad) in [
        (0, PadMultiplexerConfig { cadc_v_ramp_out_mux_q0: true, ..Default::default() }),
        (3, PadMultiplexerConfig { cadc_v_ramp_out_mux_q3: true, ..Default::default() }),
    ] {
        write(&mut chip, 1, &pad);
        assert_eq!(chip.pad_voltage(1), None);
        write(&mut chip, 1, &PadMultiplexerConfig { cadc_v_ramp_mux_to_pad: true, ..pad });
        let expected = 2e-3 + 1.875e-3 * f64::from(30 + quadrant);
        assert!((chip.pad_voltage(1).unwrap() - expected).abs() < 1e-12, "quadrant {quadrant}");
    }
}

/// A column ADC with the ramp of the default calibration (analog-core 7.1).
fn column_adc(chip: &mut Chip) {
    for (cell, value) in [
        (SharedParameter::CadcVRampOffset, 31),
        (SharedParameter::CadcIRampSlope, 369),
        (SharedParameter::CadcVBiasRampBuf, 400),
        (SharedParameter::CadcIBiasComp, 1022),
        (SharedParameter::CadcIBiasVresetBuf, 1022),
        (SharedParameter::StpVCharge0, 300),
    ] {
        let (column, row) = cell.place();
        for quadrant in Quadrant::ALL {
            write(chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value });
        }
    }
    write(chip, 0, &CADCConfig { enable: true, ..CADCConfig::default() });
}

/// Connects all columns of the upper array to the CADC debug lines, both branches, and nothing else.
fn cadc_on_debug_line(chip: &mut Chip) {
    (0..64).for_each(|quad| {
        chip.write(ARRAY[0] + 0xf_8080 + quad, 0, 0xf);
        chip.write(ARRAY[0] + 0x0_4000 + quad, 0, 0xf);
        chip.write(ARRAY[0] + 0x4_4000 + quad, 0, 0xf);
        chip.write(ARRAY[0] + 0xf_80c0 + quad, 0xc0c0_c0c0, 0xf);
    });
}

/// Codes of the causal channels of the upper array.
fn convert(chip: &mut Chip) -> Vec<u8> {
    let mut codes = vec![0; 256];
    for quad in 0..64 {
        let word = chip.read(ARRAY[0] + 0x8_0000 + u32::from(quad)).0;
        run(chip, 5_000);
        for (entry, code) in (0..).zip(word.to_be_bytes()) {
            codes[usize::from(bss2_chip::synapse_array::column_of_quad(quad, entry))] = code;
        }
    }
    codes
}

#[test]
fn the_column_adc_measures_an_analog_cell_over_its_debug_line() {
    // The stimulus of the official ramp calibration (calibration 5, CADC-1).
    let mut chip = chip();
    column_adc(&mut chip);
    cadc_on_debug_line(&mut chip);
    run(&mut chip, 10_000);
    assert!(convert(&mut chip).iter().all(|code| *code == 0), "nothing drives the line");
    let pad = PadMultiplexerConfig { synapse_mux_causal: true, synapse_mux_to_pad: true, ..cell_pad() };
    write(&mut chip, 0, &pad);
    let (column, row) = SharedParameter::StpVCharge0.place();
    select(&mut chip, row, column.into());
    run(&mut chip, 10_000);
    let voltage = 0.019 + 1.875e-3 * 300.0;
    assert!((chip.pad_voltage(0).unwrap() - voltage).abs() < 1e-12);
    let codes = convert(&mut chip);
    let channel = chip.analog().cadc_channel(Hemisphere::Top, Branch::Causal, 7);
    let expected = ((voltage - (1.875e-3 * 31.0 + 2e-3)) / (12.2e-6 * 369.0)).floor();
    assert!(channel.comparator && (100.0..140.0).contains(&expected));
    assert!(codes.iter().all(|code| f64::from(*code) == expected), "{codes:?} instead of {expected}");
    // A neuron on its channel shares the line: all channels see the mean.
    leak(&mut chip, NEURON, 1e-6, 0.9);
    switch(&mut chip, NEURON, &passive());
    let (quad, entry) = quad_of_column(NEURON.column());
    chip.write(ARRAY[0] + 0x0_4000 + u32::from(quad), 0x20 << (8 * (3 - u32::from(entry))), 0xf);
    run(&mut chip, 100_000);
    let shared = 0.5 * (voltage + membrane(&chip, NEURON));
    let expected = ((shared - (1.875e-3 * 31.0 + 2e-3)) / (12.2e-6 * 369.0)).floor();
    let codes = convert(&mut chip);
    assert!(codes.iter().all(|code| f64::from(*code) == expected), "{codes:?} instead of {expected}");
}

#[test]
fn a_channel_keeps_the_voltage_of_the_debug_line_that_it_leaves() {
    let mut chip = chip();
    column_adc(&mut chip);
    cadc_on_debug_line(&mut chip);
    let pad = PadMultiplexerConfig {
        synapse_mux_causal: true,
        synapse_mux_to_pad: true,
        ..PadMultiplexerConfig::default()
    };
    write(&mut chip, 0, &pad);
    drive_pad(&mut chip, 0.8);
    run(&mut chip, 1_000);
    let before = convert(&mut chip)[9];
    (0..64).for_each(|quad| chip.write(ARRAY[0] + 0xf_80c0 + quad, 0, 0xf));
    drive_pad(&mut chip, 0.0);
    run(&mut chip, 1_000);
    let after = convert(&mut chip)[9];
    assert!(before.abs_diff(after) <= before / 3, "{before} {after}");
}

/// Bias of the output amplifier of pad buffer 0.
fn output_amplifier(chip: &mut Chip, value: u16) {
    let (column, row) = SharedParameter::ReadoutOutAmpIBias0.place();
    write(chip, coordinates::capmem_cell(Quadrant::NorthWest, row, column), &CapMemCell { value });
}

#[test]
fn a_pad_shows_the_plasticity_voltage_of_a_driver() {
    let mut chip = chip();
    output_amplifier(&mut chip, 1022);
    let (column, row) = SharedParameter::StpVRecover0.place();
    for quadrant in Quadrant::ALL {
        write(&mut chip, coordinates::capmem_cell(quadrant, row, column), &CapMemCell { value: 400 });
    }
    for (hemisphere, selection) in [
        (Hemisphere::Top, ReadoutSourceSelection { syndrv_debug_top_0: true, ..Default::default() }),
        (Hemisphere::Bottom, ReadoutSourceSelection { syndrv_debug_bottom_0: true, ..Default::default() }),
    ] {
        write(&mut chip, 0, &ReadoutSourceSelection { enable_buffer_to_pad_0: true, ..selection });
        write(&mut chip, 0, &PadMultiplexerConfig { buffer_to_pad_0: true, ..Default::default() });
        run(&mut chip, 1_000);
        assert_eq!(chip.pad_voltage(0), None);
        let config = SynapseDriverConfig { en_readout: true, en_stp: true, ..Default::default() };
        write(&mut chip, coordinates::synapse_driver(hemisphere, 10), &config);
        run(&mut chip, 1_000);
        let shown = chip.pad_voltage(0).unwrap();
        assert_eq!(shown, chip.analog().plasticity_voltage(hemisphere, 10));
        write(&mut chip, coordinates::synapse_driver(hemisphere, 10), &SynapseDriverConfig::default());
    }
}

#[test]
fn an_output_amplifier_without_bias_holds_its_pad_at_zero() {
    let mut chip = chip();
    leak(&mut chip, NEURON, 1e-6, 0.5);
    switch(&mut chip, NEURON, &passive());
    let selection = ReadoutSourceSelection {
        neuron_top_even_0: true,
        enable_buffer_to_pad_0: true,
        ..ReadoutSourceSelection::default()
    };
    write(&mut chip, 0, &selection);
    write(&mut chip, 0, &PadMultiplexerConfig { buffer_to_pad_0: true, ..Default::default() });
    output_amplifier(&mut chip, 60);
    run(&mut chip, 100_000);
    assert!((chip.pad_voltage(0).unwrap() - 0.5).abs() < 2e-3);
    output_amplifier(&mut chip, 40);
    assert_eq!(chip.pad_voltage(0), Some(0.0), "40 is below 5 % of 1022");
}

/// Codes of the converter in continuous operation while `during` acts.
fn record(chip: &mut Chip, during: impl FnOnce(&mut Chip)) -> Vec<MadcSample> {
    let on = MADCControl { enable_pre_amplifier: true, ..MADCControl::default() };
    write(chip, 0, &MADCControl { wake_up: true, ..on });
    run(chip, 1_000);
    write(chip, 0, &MADCControl { start_recording: true, enable_continuous_sampling: true, ..on });
    run(chip, 30_000);
    during(chip);
    write(chip, 0, &MADCControl { stop_recording: true, ..on });
    let mut samples = Vec::new();
    chip.take_samples(&mut samples);
    samples
}

#[test]
fn less_bias_makes_the_readout_slower_in_proportion() {
    // A step of a debug line: what is left of it shrinks by exp(-34 ns / tau) from sample to sample.
    for (code, tau) in [(500, 35.0), (1022, 35.0), (250, 70.0), (125, 140.0)] {
        let mut chip = configured(ideal_chip());
        let (column, row) = SharedParameter::ReadoutAcMuxIBias.place();
        write(
            &mut chip,
            coordinates::capmem_cell(Quadrant::NorthWest, row, column),
            &CapMemCell { value: code },
        );
        write(&mut chip, 0, &PadMultiplexerConfig { debug_to_pad: true, ..Default::default() });
        write(&mut chip, 0, &ReadoutSourceSelection { debug_plus_0: true, ..Default::default() });
        write(&mut chip, 0, &MADCConfig::default());
        drive_pad(&mut chip, 0.1);
        let mut stepped = SimTime::ZERO;
        let samples = record(&mut chip, |chip| {
            drive_pad(chip, 1.0);
            stepped = chip.now();
            run(chip, 1_000);
        });
        let settled = 25.0 + 1.0 / 1.548e-3;
        let left: Vec<f64> = samples
            .iter()
            .filter(|sample| sample.time > stepped)
            .map(|sample| settled - f64::from(sample.value & 0x3ff))
            .take_while(|left| *left > 30.0)
            .collect();
        let shrinks = left[0] / left[left.len() - 1];
        let expected = (34.0 / tau * (left.len() - 1) as f64).exp();
        assert!(left.len() > 2 && (shrinks / expected - 1.0).abs() < 0.03, "{code}: {left:?}");
    }
}

#[test]
fn odd_connections_are_named_once() {
    let mut chip = chip();
    for column in 0..3 {
        switch(
            &mut chip,
            Neuron::new(Hemisphere::Top, column),
            &NeuronConfig { en_unbuf_access: true, ..passive() },
        );
        debug_switch(&mut chip, Neuron::new(Hemisphere::Bottom, 10 * column), 0b11);
    }
    chip.set_board_voltage(0, 5, f64::NAN);
    chip.set_board_voltage(0, 5, 7.0);
    run(&mut chip, 1_000);
    let said: Vec<&str> = chip.warnings().collect();
    let once = |parts: &[&str]| {
        let found = said.iter().filter(|text| parts.iter().all(|part| text.contains(part))).count();
        assert_eq!(found, 1, "{parts:?} in {said:#?}");
    };
    once(&["3 membranes of the Top row", "not joined"]);
    once(&["3 columns", "Excitatory", "not joined"]);
    once(&["3 columns", "Inhibitory", "not joined"]);
    once(&["board DAC 0 channel 5: NaN V"]);
    once(&["board DAC 0 channel 5: 7 V"]);
    assert_eq!(chip.pad_voltage(0), None);
}
