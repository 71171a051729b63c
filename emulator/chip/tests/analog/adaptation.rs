//! Adaptation and exponential term through registers (T-AD1, T-AD2, T-EX1).

use crate::bench::run;
use crate::neuron::*;
use bss2_chip::Chip;
use bss2_chip::registers::capmem::NeuronParameter as Cell;
use bss2_chip::registers::neuron::NeuronConfig;

/// The adaptation voltage in V now.
fn adaptation(chip: &Chip) -> f64 {
    chip.analog().adaptation(NEURON)
}

/// A neuron at 0.5 V with the adaptation of the example of section 3.9: codes 100, 10, 200, pulse 1.02 us.
fn adapting() -> Chip {
    let mut chip = chip();
    leak(&mut chip, NEURON, 0.18e-6, 0.5);
    for (cell, code) in [(Cell::IBiasAdaptTau, 100.0), (Cell::IBiasAdaptA, 10.0), (Cell::IBiasAdaptB, 200.0)]
    {
        set(&mut chip, NEURON, cell, code);
    }
    for cell in [Cell::VAdaptLeak, Cell::VAdaptRef] {
        set(&mut chip, NEURON, cell, adaptation_followed(0.5));
    }
    chip
}

#[test]
fn a_current_step_moves_membrane_and_adaptation_as_t_ad1_says() {
    // 40 nA: 144.65 mV and 109.94 mV with linear transconductors. A tenth of the current, so that none of them bends.
    let mut chip = adapting();
    set(&mut chip, NEURON, Cell::IMemOffset, offset(4e-9));
    let config = NeuronConfig { en_adapt: true, ..passive() };
    switch(&mut chip, NEURON, &config);
    run(&mut chip, 5_000_000);
    let rest = [membrane(&chip, NEURON), adaptation(&chip)];
    switch(&mut chip, NEURON, &NeuronConfig { en_mem_off: true, ..config });
    run(&mut chip, 5_000_000);
    let step = [membrane(&chip, NEURON) - rest[0], adaptation(&chip) - rest[1]];
    // A code of the offset current is 3 % of it, one of the leak 1.5 %.
    let current = offset(4e-9).round() * 0.137e-9 / 4e-9;
    for (step, expected) in step.iter().zip([14.465e-3, 10.994e-3]) {
        assert!((step / (expected * current) - 1.0).abs() < 0.02, "{step} instead of {expected}");
    }
    // The slow eigenvalue, -0.009718 / us.
    switch(&mut chip, NEURON, &config);
    run(&mut chip, 100_000);
    let before = adaptation(&chip) - rest[1];
    run(&mut chip, 100_000);
    let rate = (before / (adaptation(&chip) - rest[1])).ln() / 100.0;
    assert!((rate / 0.009718 - 1.0).abs() < 0.02, "{rate}");
}

/// How far in V one artificial spike moves the adaptation voltage.
fn jump(invert: bool, code: f64) -> f64 {
    let mut chip = adapting();
    set(&mut chip, NEURON, Cell::IBiasAdaptB, code);
    reset(&mut chip, NEURON, 0.5);
    back_end(&mut chip, NEURON, 10);
    switch(
        &mut chip,
        NEURON,
        &NeuronConfig { en_adapt: true, en_fire: true, invert_adapt_b: invert, ..passive() },
    );
    run(&mut chip, 5_000_000);
    let rest = adaptation(&chip);
    chip.write(0x0012_2000 + 4 * u32::from(NEURON.column()), 0, 0xf);
    run(&mut chip, 1_100);
    adaptation(&chip) - rest
}

#[test]
fn a_spike_moves_the_adaptation_voltage_by_its_pulse() {
    // T-AD2: I_b t_pulse / C_w, 77 mV at code 200.
    for (code, invert) in [(200.0, false), (400.0, false), (200.0, true)] {
        let expected = 0.978e-9 * code * ADAPTATION_PULSE / 2.6e-12 * if invert { -1.0 } else { 1.0 };
        let jump = jump(invert, code);
        assert!((jump / expected - 1.0).abs() < 0.01, "{jump} instead of {expected}");
    }
}

#[test]
fn adaptation_that_is_switched_off_goes_on_unseen_and_can_be_read() {
    let mut chip = adapting();
    set(&mut chip, NEURON, Cell::IMemOffset, offset(4e-9));
    switch(&mut chip, NEURON, &NeuronConfig { en_mem_off: true, readout_select: 3, ..passive() });
    run(&mut chip, 5_000_000);
    // The membrane is 22 mV above rest: V_w follows, k = 7.6 n_a / n_tau.
    let step = membrane(&chip, NEURON) - 0.5;
    assert!((adaptation(&chip) - 0.5 - 0.76 * step).abs() < 1e-3);
}

#[test]
fn the_exponential_fires_from_its_rheobase_on() {
    // T-EX1: g_l (V_T - E_l - slope); the bias cells are steps, the leak saturates by 1 %.
    let (conductance, slope) = (0.18e-6, 35e-3);
    let fires = |current: f64| {
        let mut chip = chip();
        leak(&mut chip, NEURON, conductance, 0.55);
        reset(&mut chip, NEURON, 0.55);
        exponential(&mut chip, NEURON, slope, 0.684, conductance);
        set(&mut chip, NEURON, Cell::VThreshold, direct(0.95));
        set(&mut chip, NEURON, Cell::IMemOffset, offset(current));
        back_end(&mut chip, NEURON, 250);
        switch(
            &mut chip,
            NEURON,
            &NeuronConfig {
                en_exp: true,
                en_fire: true,
                en_thresh_comp: true,
                en_mem_off: true,
                ..passive()
            },
        );
        let start = chip.now();
        run(&mut chip, 500_000);
        events(&mut chip, NEURON, start).len()
    };
    let rheobase = conductance * (0.684 - 0.55 - slope);
    assert_eq!(fires(0.93 * rheobase), 0);
    assert!(fires(1.07 * rheobase) > 3);
}
