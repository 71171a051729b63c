//! The table of analog-core 11 through registers: what the typical chip does for its host, beside what others measured on silicon.
//!
//! The page is generated; `UPDATE_PAGES=1 cargo test --release -p bss2-chip --test analog` renews it.

use crate::bench::{ARRAY, run, write};
use crate::comparison::{CHAIN, PERIODS_WITH_LEAK, PERIODS_WITHOUT_LEAK, Row};
use crate::inputs::{event, synapse, unit_charge_bias};
use crate::neuron::*;
use crate::synapses::{cadc, convert, driver_biases, hagen_driver, line_step, listener};
use bss2_analog::{Branch, MismatchSwitches};
use bss2_base::Hemisphere;
use bss2_chip::registers::capmem::NeuronParameter as Cell;
use bss2_chip::registers::coordinates;
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::registers::padi::SynapseDriverConfig;
use bss2_chip::registers::readout::{MADCControl, ReadoutSourceSelection};
use bss2_chip::{Chip, ChipOptions};
use std::fmt::Write as _;
use std::path::Path;

/// MADC codes per V.
fn codes(volts: f64) -> f64 {
    volts / 1.548e-3
}

/// The typical chip with temporal noise.
fn noisy() -> Chip {
    let mut options = ChipOptions { mismatch: MismatchSwitches::IDEAL, ..ChipOptions::default() };
    (options.capmem.instant, options.capmem.write_noise) = (true, false);
    configured(Chip::with_options(options))
}

/// Mean period in us of the neuron of M-FI, with the potentials that were measured on it: 0.724, 0.732 and 0.401 V.
fn period(capacitor: u8, leak_bias: u16, offset: u16) -> f64 {
    let mut chip = chip();
    set(&mut chip, NEURON, Cell::IBiasLeak, leak_bias.into());
    set(&mut chip, NEURON, Cell::VLeak, followed(0.724));
    set(&mut chip, NEURON, Cell::VThreshold, direct((498.0 - 25.0) * 1.548e-3));
    reset(&mut chip, NEURON, (284.0 - 25.0) * 1.548e-3);
    set(&mut chip, NEURON, Cell::IMemOffset, offset.into());
    // 0.64 us.
    back_end(&mut chip, NEURON, 80);
    let config = NeuronConfig {
        en_fire: true,
        en_thresh_comp: true,
        en_mem_off: true,
        en_reset_mul: true,
        mem_cap_size: capacitor,
        ..passive()
    };
    switch(&mut chip, NEURON, &config);
    run(&mut chip, 100_000);
    let start = chip.now();
    run(&mut chip, 400_000);
    let fires = events(&mut chip, NEURON, start);
    match fires.len() {
        0..2 => 0.0,
        n => 1e6 * (fires[n - 1] - fires[0]) / (n - 1) as f64,
    }
}

fn firing(rows: &mut Vec<Row>) {
    for (capacitor, list) in PERIODS_WITHOUT_LEAK {
        for &(offset, measured) in list {
            let name = format!("firing period, capacitor {capacitor}, no leak, offset {offset}");
            rows.push(Row::new(name, period(capacitor, 0, offset), (measured, measured), "us", "M-FI"));
        }
    }
    for (bias, offset, measured) in PERIODS_WITH_LEAK {
        let name = format!("firing period, capacitor 20, leak bias {bias}, offset {offset}");
        rows.push(Row::new(name, period(20, bias, offset), (measured, measured), "us", "M-FI"));
    }
}

/// Peak in V and largest slope in V/s that an event of `drivers` synapses of this weight evokes; default spiking calibration.
fn psp(weight: u8, drivers: u8) -> (f64, f64) {
    let mut chip = chip();
    leak(&mut chip, NEURON, (63.0 * 38.1e-15 + 0.176e-12) / 10e-6, 0.42);
    for (cell, code) in
        [(Cell::IBiasSyninExcTau, 50.0), (Cell::IBiasSyninExcGm, 500.0), (Cell::IBiasSyninExcShift, 300.0)]
    {
        set(&mut chip, NEURON, cell, code);
    }
    synapse(&mut chip, NEURON, weight);
    let (quad, entry) = bss2_chip::synapse_array::quad_of_column(NEURON.column());
    let word = u32::from(bss2_chip::registers::permute_weight(weight)) << (8 * (3 - u32::from(entry)));
    // All on the first bus: every fourth.
    for driver in (0..drivers).map(|number| 4 * u32::from(number)) {
        let config = SynapseDriverConfig {
            en_receiver: true,
            en_exc_bottom: true,
            row_address_compare_mask: 0,
            ..Default::default()
        };
        write(&mut chip, coordinates::synapse_driver(Hemisphere::Top, driver as u8), &config);
        chip.write(ARRAY[0] + 64 * 2 * driver + u32::from(quad), word, 8 >> entry);
    }
    switch(&mut chip, NEURON, &NeuronConfig { en_synin_exc: true, ..passive() });
    run(&mut chip, 500_000);
    let rest = membrane(&chip, NEURON);
    event(&mut chip);
    let (mut peak, mut slope, mut last) = (0.0f64, 0.0f64, rest);
    for _ in 0..800 {
        run(&mut chip, 50);
        let now = membrane(&chip, NEURON);
        peak = peak.max(now - rest);
        slope = slope.max((now - last) / 50e-9);
        last = now;
    }
    (peak, slope)
}

fn inputs(rows: &mut Vec<Row>) {
    let (peak, slope) = psp(31, 2);
    rows.push(Row::new("PSP of 2 x weight 31, peak", codes(peak), (45.0, 45.0), "MADC", "M-DEMO"));
    let name = "PSP of 2 x weight 31, initial slope";
    rows.push(Row::new(name, codes(slope) * 1e-6, (11.9, 11.9), "MADC/us", "M-DEMO"));
    let (one, ten) = (psp(31, 1), psp(31, 10));
    for (what, compression) in
        [("initial slope", 1.0 - ten.1 / (10.0 * one.1)), ("peak", 1.0 - ten.0 / (10.0 * one.0))]
    {
        let name = format!("compression of 10 x weight 31, {what}");
        rows.push(Row::new(name, 100.0 * compression, (7.0, 7.0), "%", "M-DEMO"));
    }
    // 12.2 us is code 41.
    let (model, _) = crate::compartments::peaks(10.4e-6, 41.0, 1.7e-6);
    for (injected, row) in CHAIN.iter().enumerate() {
        for (seen, value) in row.iter().enumerate().filter(|(seen, _)| *seen != injected) {
            let expected = f64::from(*value) / f64::from(row[injected]);
            let name = format!("PSP at compartment {} for input to {}, relative", seen + 1, injected + 1);
            let found = model[injected][seen] / model[injected][injected];
            rows.push(Row::new(name, found, (expected, expected), "1", "M-DEMO"));
        }
    }
}

/// The AdEx demonstration: leak bias 70, adaptation 10 / 100 / 200.
fn adaptation(rows: &mut Vec<Row>) {
    let mut chip = chip();
    set(&mut chip, NEURON, Cell::IBiasLeak, 70.0);
    set(&mut chip, NEURON, Cell::VLeak, followed(0.5 - 35e-6 * 80.0));
    reset(&mut chip, NEURON, 0.5);
    for (cell, code) in [(Cell::IBiasAdaptTau, 100.0), (Cell::IBiasAdaptA, 10.0), (Cell::IBiasAdaptB, 200.0)]
    {
        set(&mut chip, NEURON, cell, code);
    }
    for cell in [Cell::VAdaptLeak, Cell::VAdaptRef] {
        set(&mut chip, NEURON, cell, adaptation_followed(0.5));
    }
    back_end(&mut chip, NEURON, 10);
    let mut rest = |code: f64, en_adapt| {
        set(&mut chip, NEURON, Cell::IMemOffset, code);
        let config = NeuronConfig { en_adapt, en_fire: true, en_mem_off: code > 0.0, ..passive() };
        switch(&mut chip, NEURON, &config);
        run(&mut chip, 5_000_000);
        (membrane(&chip, NEURON), chip.analog().adaptation(NEURON))
    };
    let step = rest(300.0, false).0 - rest(0.0, false).0;
    rows.push(Row::new(
        "rest step by offset 300, leak bias 70",
        codes(step),
        (145.0, 145.0),
        "MADC",
        "M-DEMO",
    ));
    let (moved, still) = (rest(20.0, true), rest(0.0, true));
    let k = (moved.1 - still.1) / (moved.0 - still.0);
    rows.push(Row::new("adaptation voltage per membrane voltage, k", k, (0.76, 0.76), "1", "M-DEMO"));
    chip.write(0x0012_2000 + 4 * u32::from(NEURON.column()), 0, 0xf);
    run(&mut chip, 1_100);
    let jump = chip.analog().adaptation(NEURON) - still.1;
    rows.push(Row::new("adaptation step per spike, b 200", codes(jump), (50.0, 50.0), "MADC", "M-DEMO"));
    // Without its action on the membrane, whose own part has long gone after 200 us; still followed, because it is read.
    switch(&mut chip, NEURON, &NeuronConfig { readout_select: 3, ..passive() });
    run(&mut chip, 200_000);
    let before = chip.analog().adaptation(NEURON) - still.1;
    run(&mut chip, 100_000);
    let tau = 100.0 / (before / (chip.analog().adaptation(NEURON) - still.1)).ln();
    rows.push(Row::new("adaptation time constant, code 100", tau, (167.0, 167.0), "us", "M-DEMO"));
}

/// Noise in codes of the membrane ADC on a membrane at rest, 10 us.
fn recording(rows: &mut Vec<Row>) {
    let mut chip = noisy();
    leak(&mut chip, NEURON, 0.2576e-6, 0.42);
    switch(&mut chip, NEURON, &passive());
    write(&mut chip, 0, &ReadoutSourceSelection { neuron_top_even_0: true, ..Default::default() });
    let control = || MADCControl { enable_pre_amplifier: true, ..MADCControl::default() };
    write(&mut chip, 0, &MADCControl { wake_up: true, ..control() });
    run(&mut chip, 200_000);
    let start = MADCControl { start_recording: true, enable_continuous_sampling: true, ..control() };
    write(&mut chip, 0, &start);
    run(&mut chip, 400_000);
    let mut samples = Vec::new();
    chip.take_samples(&mut samples);
    let values: Vec<f64> = samples.iter().skip(1_000).map(|sample| f64::from(sample.value & 0x3ff)).collect();
    let (_, sigma) = statistics(&values);
    rows.push(Row::new("MADC noise of a membrane at rest", sigma, (1.05, 1.65), "MADC", "M-DEMO"));
}

/// Mean and standard deviation.
fn statistics(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt())
}

fn hagen(rows: &mut Vec<Row>) {
    let mut chip = listener(63);
    unit_charge_bias(&mut chip, 800);
    hagen_driver(&mut chip);
    run(&mut chip, 500_000);
    let line = 0.85 * line_step(&mut chip, 1);
    let name = "hagen event on a line behind its follower, DAC 800";
    rows.push(Row::new(name, 1e3 * line, (8.9, 8.9), "mV", "M-HAG"));

    // The hagen calibration: 0.32 us in the small capacitance, gm 450, no leak, DAC 1022; CADC range 150 to 500.
    let mut chip = noisy();
    driver_biases(&mut chip);
    for (cell, code) in [
        (Cell::IBiasSyninExcTau, 937.0),
        (Cell::IBiasSyninExcGm, 450.0),
        (Cell::IBiasSyninExcShift, 300.0),
        (Cell::IBiasLeak, 0.0),
    ] {
        set(&mut chip, NEURON, cell, code);
    }
    reset(&mut chip, NEURON, 0.55);
    back_end(&mut chip, NEURON, 60);
    synapse(&mut chip, NEURON, 63);
    unit_charge_bias(&mut chip, 1022);
    hagen_driver(&mut chip);
    cadc(&mut chip, 124, 269);
    (0..64).for_each(|quad| chip.write(ARRAY[0] + 0x0_4000 + quad, 0x2020_2020, 0xf));
    let config = NeuronConfig {
        en_synin_exc: true,
        en_synin_exc_small_cap: true,
        en_fire: true,
        en_reset_mul: true,
        ..passive()
    };
    switch(&mut chip, NEURON, &config);
    run(&mut chip, 100_000);
    // A pass: reset, baseline, so many events of this activation 40 ns apart, result. Codes, and V on the membrane.
    let mut pass = |count: u32, activation: u32| {
        chip.write(0x0012_2000 + 4 * u32::from(NEURON.column()), 0, 0xf);
        run(&mut chip, 700);
        let (baseline, before) = (convert(&mut chip, NEURON, Branch::Causal), membrane(&chip, NEURON));
        for _ in 0..count {
            chip.write(0x0011_0000, 1 | (32 - activation) << 16, 0xf);
            run(&mut chip, 40);
        }
        run(&mut chip, 5_000 - 40 * u64::from(count));
        let after = membrane(&chip, NEURON);
        let result = f64::from(convert(&mut chip, NEURON, Branch::Causal)) - f64::from(baseline);
        run(&mut chip, 20_000);
        (result, after - before)
    };
    let mut mean = |count, activation| {
        let passes: Vec<_> = (0..100).map(|_| pass(count, activation)).collect();
        let codes = statistics(&passes.iter().map(|pass| pass.0).collect::<Vec<_>>());
        (codes, statistics(&passes.iter().map(|pass| pass.1).collect::<Vec<_>>()).0)
    };
    // Beside the pass without events, which the pseudo-leak of the input moves.
    let (still, volts) = mean(0, 31);
    let (_, moved) = mean(1, 31);
    let name = "hagen event on the membrane, DAC 1022";
    rows.push(Row::new(name, 1e3 * (moved - volts), (12.4, 12.8), "mV", "M-HAG"));
    let gain = (mean(10, 31).0.0 - still.0) / (10.0 * 31.0 * 63.0);
    rows.push(Row::new("MAC gain per activation and weight", 1e3 * gain, (1.9, 1.9), "0.001 CADC", "M-HAG"));
    // The demonstration: 100 terms of weight 15 and activation 21.
    let (quad, entry) = bss2_chip::synapse_array::quad_of_column(NEURON.column());
    let word = u32::from(bss2_chip::registers::permute_weight(15)) << (8 * (3 - u32::from(entry)));
    chip.write(ARRAY[0] + u32::from(quad), word, 8 >> entry);
    let mut results = Vec::new();
    for _ in 0..100 {
        chip.write(0x0012_2000 + 4 * u32::from(NEURON.column()), 0, 0xf);
        run(&mut chip, 700);
        let baseline = convert(&mut chip, NEURON, Branch::Causal);
        for _ in 0..100 {
            chip.write(0x0011_0000, 1 | 11 << 16, 0xf);
            run(&mut chip, 40);
        }
        run(&mut chip, 1_000);
        let code = convert(&mut chip, NEURON, Branch::Causal);
        results.push(f64::from(code) - f64::from(baseline));
        run(&mut chip, 20_000);
    }
    let (sum, sigma) = statistics(&results);
    let name = "MAC result, 100 terms of weight 15 and activation 21";
    rows.push(Row::new(name, sum - still.0, (55.0, 63.0), "CADC", "M-HAG"));
    rows.push(Row::new("noise of this result from pass to pass", sigma, (1.2, 2.7), "CADC", "M-HAG"));
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    firing(&mut rows);
    inputs(&mut rows);
    adaptation(&mut rows);
    recording(&mut rows);
    hagen(&mut rows);
    rows
}

fn page(rows: &[Row]) -> String {
    let mut page = String::from(
        "# The chip beside measurements\n\n\
         What the typical chip (no mismatch) does through its registers and analog cells, with the circuits as the chip follows them (level\n\
         F), beside what others measured on single chips and published (analog-core 11; sources there). [The same in the reference\n\
         simulation](analog-validation.md), where the comparison is explained, has the converters and the calibrations too. Nothing was fitted\n\
         for this page. Temporal noise is on where a row speaks of noise, and in the rows of multiplications.\n\n\
         Generated by `UPDATE_PAGES=1 cargo test --release -p bss2-chip --test analog`.\n\n\
         | quantity | chip | measured | unit | deviation | source |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        page.push_str(&row.line());
    }
    let mut all: Vec<f64> = rows.iter().map(|row| row.deviation().abs()).collect();
    all.sort_by(f64::total_cmp);
    let far = all.iter().filter(|deviation| **deviation > 0.3).count();
    write!(
        page,
        "\n{} comparisons, median deviation {:.1} %, {far} beyond 30 %.\n",
        rows.len(),
        100.0 * all[all.len() / 2]
    )
    .expect("a string takes everything");
    page
}

/// Set `UPDATE_PAGES=1` to renew the page.
#[test]
fn the_page_of_the_chip_beside_measurements_is_current() {
    let page = page(&rows());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/chip-validation.md");
    if std::env::var_os("UPDATE_PAGES").is_some() {
        std::fs::write(&path, &page).expect("the book can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "chip-validation.md is out of date: run `UPDATE_PAGES=1 cargo test --release -p bss2-chip --test analog`\n{page}"
    );
}
