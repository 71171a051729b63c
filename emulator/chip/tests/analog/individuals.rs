//! What makes a chip an individual: fixed pattern, trial-to-trial noise, temporal noise and drift, each by itself, and measured values
//! (analog-core 8).

use crate::bench::run;
use crate::neuron::*;
use bss2_analog::mismatch::{Measured, Parameter};
use bss2_analog::{MismatchSwitches, Noise};
use bss2_base::{Hemisphere, Neuron};
use bss2_chip::registers::capmem::NeuronParameter as Cell;
use bss2_chip::{Chip, ChipOptions};

const OTHER: Neuron = Neuron::new(Hemisphere::Bottom, 200);

/// Which kinds of randomness there are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Kinds {
    fixed_pattern: bool,
    trial: bool,
    noise: bool,
    drift: bool,
}

/// Two neurons that were told to rest at 0.5 V.
fn resting(kinds: Kinds, measured: Measured) -> Chip {
    let mut options = ChipOptions { seed: 11, measured, ..ChipOptions::default() };
    options.capmem.instant = true;
    if !kinds.fixed_pattern {
        options.mismatch = MismatchSwitches::IDEAL;
    }
    if !kinds.noise {
        options.analog.noise = Noise::OFF;
    }
    (options.capmem.write_noise, options.capmem.drift) = (kinds.trial, kinds.drift);
    let mut chip = configured(Chip::with_options(options));
    for neuron in [NEURON, OTHER] {
        leak(&mut chip, neuron, 0.258e-6, 0.5);
        switch(&mut chip, neuron, &passive());
    }
    run(&mut chip, 500_000);
    chip
}

/// What is random about these neurons.
fn seen(kinds: Kinds) -> Kinds {
    let mut chip = resting(kinds, Measured::NOTHING);
    let rests = [NEURON, OTHER].map(|neuron| membrane(&chip, neuron));
    let (mut low, mut high) = (rests[0], rests[0]);
    for _ in 0..100 {
        run(&mut chip, 30_000);
        let now = membrane(&chip, NEURON);
        (low, high) = (low.min(now), high.max(now));
    }
    // The same code again.
    let mean = |chip: &mut Chip| {
        let mut sum = 0.0;
        for _ in 0..200 {
            run(chip, 50_000);
            sum += membrane(chip, NEURON) / 200.0;
        }
        sum
    };
    let before = mean(&mut chip);
    leak(&mut chip, NEURON, 0.258e-6, 0.5);
    run(&mut chip, 500_000);
    let again = mean(&mut chip) - before;
    // Code 1023 switches the refresh of a cell off.
    set_raw(&mut chip, 1023);
    let before = mean(&mut chip);
    run(&mut chip, 200_000_000);
    let drift = mean(&mut chip) - before;
    Kinds {
        fixed_pattern: (rests[0] - rests[1]).abs() > 5e-3,
        trial: again.abs() > 0.2e-3,
        noise: high - low > 0.5e-3,
        drift: drift.abs() > 2e-3,
    }
}

/// Writes the cell of the leak potential, all values allowed.
fn set_raw(chip: &mut Chip, value: u16) {
    use bss2_chip::registers::capmem::CapMemCell;
    let instance = bss2_chip::registers::coordinates::capmem_cell(
        NEURON.quadrant(),
        Cell::VLeak.row(),
        NEURON.column() % 128,
    );
    crate::bench::write(chip, instance, &CapMemCell { value });
}

#[test]
fn fixed_pattern_trial_to_trial_noise_temporal_noise_and_drift_are_switched_one_by_one() {
    let none = Kinds::default();
    for kinds in [
        none,
        Kinds { fixed_pattern: true, ..none },
        Kinds { trial: true, ..none },
        Kinds { noise: true, ..none },
        Kinds { drift: true, ..none },
        Kinds { fixed_pattern: true, trial: true, noise: true, drift: true },
    ] {
        assert_eq!(seen(kinds), kinds);
    }
}

#[test]
fn a_measured_value_is_what_the_circuit_has_and_survives_a_snapshot() {
    let mut measured = Measured::NOTHING;
    measured.set(Parameter::LeakOwnOffset, NEURON.index(), 0, 30e-3).unwrap();
    let chip = resting(Kinds::default(), measured.clone());
    let [moved, other] = [NEURON, OTHER].map(|neuron| membrane(&chip, neuron));
    assert!((moved - other - 30e-3).abs() < 1e-4, "{moved} {other}");

    // Over a drawn individual: this neuron alone is another one.
    let all = Kinds { fixed_pattern: true, ..Kinds::default() };
    let [drawn, loaded] = [Measured::NOTHING, measured].map(|measured| resting(all, measured));
    assert_eq!(membrane(&drawn, OTHER), membrane(&loaded, OTHER));
    let own = drawn.options().individual().value(Parameter::LeakOwnOffset, NEURON.index());
    let step = membrane(&loaded, NEURON) - membrane(&drawn, NEURON);
    assert!((step - (30e-3 - own)).abs() < 1e-4, "{step}");

    // The snapshot tells its circuits anew from the same values.
    let bytes = crate::bench::state(&loaded);
    let (mut again, _): (Chip, _) =
        bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap();
    switch(&mut again, NEURON, &passive());
    run(&mut again, 300_000);
    assert!((membrane(&again, NEURON) - membrane(&loaded, NEURON)).abs() < 1e-6);
    assert_eq!(again.options().measured, loaded.options().measured);
}
