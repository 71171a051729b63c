//! T-MM1 of analog-core 10: the codes that would calibrate drawn chips to the targets of a measured calibration (M-CAL66)
//! scatter as those codes did. Chip-level deviations off, the leak strength that of that chip.

use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches, Parameter, Statistics, constants};
use bss2_base::Neuron;

/// 80 and 150 CADC codes at 4.5 mV, 20 codes at 0.15 V.
const LEAK_TARGET: f64 = 0.42;
const THRESHOLD_TARGET: f64 = 0.735;
/// Target of both time constants in s.
const TAU: f64 = 6e-6;
/// Leak strength in S per code of the chip that was measured.
const LEAK_STRENGTH: f64 = 3.1e-9;

/// Codes of one neuron.
struct Codes {
    leak: f64,
    reset: f64,
    threshold: f64,
    leak_bias: f64,
    tau: [f64; 2],
    /// Quadrant.
    quadrant: usize,
}

/// The code of the voltage cell that gives `voltage` in a quadrant with this gain.
fn voltage_code(voltage: f64, gain: f64) -> f64 {
    (voltage / gain - constants::VOLTAGE_CELL_OFFSET) / constants::VOLTAGE_CELL_LSB
}

/// The bias that gives a conductance: g(n) of analog-core 3.1 solved for n.
fn bias(conductance: f64, strength: f64, knee: f64) -> f64 {
    let root = 1.0 + 2.0 * conductance / (strength * knee);
    0.25 * knee * (root * root - 1.0)
}

fn codes(chip: &ChipMismatch, neuron: Neuron) -> Codes {
    let own = chip.neuron(neuron);
    let quadrant = neuron.quadrant().index();
    let gain = chip.value(Parameter::VoltageCellGain, quadrant);
    // The current cells of the neuron: block, column within it, row.
    let current_gain = |row: usize| {
        let cell = (130 * quadrant + usize::from(neuron.column()) % 128) * 24 + row;
        chip.value(Parameter::CurrentCellGain, quadrant) * chip.value(Parameter::CurrentCell, cell)
    };
    // The potential behind the follower, without the offset of the neuron.
    let cell = |potential: f64| (potential - constants::FOLLOWER_OFFSET) / constants::FOLLOWER_GAIN;
    let strength = own.leak_strength / Parameter::LeakStrength.quantity().nominal * LEAK_STRENGTH;
    let capacitance = 63.0 * own.capacitance_per_code + own.parasitic_capacitance;
    let leak_bias = bias(capacitance / TAU, strength, constants::LEAK_KNEE);
    let leak_offset = own.leak_offset + own.leak_offset_per_bias * (leak_bias - 150.0);
    Codes {
        leak: voltage_code(cell(LEAK_TARGET - leak_offset), gain),
        reset: voltage_code(cell(LEAK_TARGET - own.reset_offset), gain),
        threshold: voltage_code(THRESHOLD_TARGET - own.threshold_offset, gain),
        leak_bias: leak_bias / current_gain(8),
        tau: [own.line_tau[0] / TAU / current_gain(10), own.line_tau[1] / TAU / current_gain(14)],
        quadrant,
    }
}

fn chips() -> Vec<Vec<Codes>> {
    let switches = MismatchSwitches { chip: false, dead_neurons: false, ..MismatchSwitches::default() };
    let of = |seed| {
        let chip = ChipMismatch::new(seed, switches);
        Neuron::all().map(|neuron| codes(&chip, neuron)).collect()
    };
    (0..10).map(of).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Median over all neurons of all chips, and the spread within quadrants, pooled.
fn distribution(chips: &[Vec<Codes>], code: impl Fn(&Codes) -> f64) -> (f64, f64) {
    let mut variances = Vec::new();
    for chip in chips {
        for quadrant in 0..4 {
            let values = chip.iter().filter(|codes| codes.quadrant == quadrant).map(&code);
            variances.push(Statistics::of(values).sigma.powi(2));
        }
    }
    let spread = (variances.iter().sum::<f64>() / variances.len() as f64).sqrt();
    (median(chips.iter().flatten().map(code).collect()), spread)
}

/// A cell of calibrated chips beside the same cell of the measured one.
pub(crate) struct Comparison {
    /// The official name.
    pub(crate) cell: &'static str,
    /// Median code: model, measured.
    pub(crate) median: (f64, f64),
    /// Spread within quadrants, in codes or relative: model, measured.
    pub(crate) spread: (f64, f64),
    /// Whether the spread is a part of the code.
    pub(crate) relative: bool,
}

/// All cells that were compared.
pub(crate) fn comparisons() -> Vec<Comparison> {
    let chips = chips();
    let of = |cell, relative, code: fn(&Codes) -> f64, expected, sigma| {
        let (median, spread) = distribution(&chips, code);
        let spread = if relative { distribution(&chips, |codes| code(codes).ln()).1 } else { spread };
        Comparison { cell, median: (median, expected), spread: (spread, sigma), relative }
    };
    vec![
        of("v_leak", false, |codes| codes.leak, 630.0, 34.0),
        of("v_reset", false, |codes| codes.reset, 623.0, 32.0),
        of("v_threshold", false, |codes| codes.threshold, 389.0, 14.0),
        of("i_bias_leak", true, |codes| codes.leak_bias, 158.0, 0.12),
        of("i_bias_synin_exc_tau", true, |codes| codes.tau[0], 84.0, 0.20),
        of("i_bias_synin_inh_tau", true, |codes| codes.tau[1], 79.0, 0.19),
    ]
}

#[test]
fn calibrated_codes_have_the_medians_and_spreads_of_the_measured_chip() {
    for Comparison { cell, median, spread, .. } in comparisons() {
        assert!(
            (median.0 / median.1 - 1.0).abs() < 0.05,
            "{cell}: median {} instead of {}",
            median.0,
            median.1
        );
        assert!(
            (spread.0 / spread.1 - 1.0).abs() < 0.15,
            "{cell}: spread {} instead of {}",
            spread.0,
            spread.1
        );
    }
}

#[test]
fn codes_of_leak_and_reset_go_together_as_measured() {
    // M-CAL66: 0.72 over the chip.
    let correlation = leak_reset_correlation();
    assert!((0.6..0.8).contains(&correlation), "{correlation}");
}

/// How closely the codes of leak and reset go together, mean of ten chips.
pub(crate) fn leak_reset_correlation() -> f64 {
    let mut sum = 0.0;
    for chip in chips() {
        let leak = Statistics::of(chip.iter().map(|codes| codes.leak));
        let reset = Statistics::of(chip.iter().map(|codes| codes.reset));
        let product: f64 =
            chip.iter().map(|codes| (codes.leak - leak.mean) * (codes.reset - reset.mean)).sum();
        sum += product / (chip.len() - 1) as f64 / (leak.sigma * reset.sigma);
    }
    sum / 10.0
}

#[test]
fn the_strengths_of_synaptic_inputs_differ_between_quadrants_as_measured() {
    let spread = strength_spread();
    assert!((spread / 0.28 - 1.0).abs() < 0.15, "{spread}");
}

/// Spread between quadrants of the logarithm of the excitatory strength, over fifty chips.
pub(crate) fn strength_spread() -> f64 {
    let switches = MismatchSwitches { chip: false, ..MismatchSwitches::default() };
    let mut quadrants = Vec::new();
    for seed in 0..50 {
        let chip = ChipMismatch::new(seed, switches);
        for quadrant in 0..4 {
            let neurons = Neuron::all().filter(|neuron| neuron.quadrant().index() == quadrant);
            quadrants.push(
                Statistics::of(neurons.map(|neuron| chip.neuron(neuron).synaptic_strength[0].ln())).mean,
            );
        }
    }
    Statistics::of(quadrants).sigma
}
