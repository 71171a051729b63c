//! Adaptation and exponential term against the truth (calibration 15, 16.3): what the routines reach, and that without them nobody is
//! there.

use bss2_calibration::algorithms::Search;
use bss2_calibration::base_state;
use bss2_calibration::evaluation::{Comparison, compare, mean, standard_deviation};
use bss2_calibration::link::Link;
use bss2_calibration::neuron::adaptation::{
    AdaptationReference, AdaptationTimeConstant, Seen, SpikeTriggeredAdaptation, SubthresholdAdaptation,
};
use bss2_calibration::neuron::exponential::{self, ExponentialOnset};
use bss2_calibration::neuron::membrane::MembraneMadc;
use bss2_calibration::neuron::potential::{LeakPotential, ResetPotential};
use bss2_calibration::routine::{Outcome, Routine, Session, Silent};
use bss2_calibration_oracle::VirtualChip;
use bss2_calibration_oracle::adex::AdexTruth;
use bss2_host::playback::ProgramBuilder;

const NEURONS: usize = 12;

/// Neurons whose leak, reset and membrane time constant are calibrated, inputs and comparators off.
fn integrating<'c>(chip: &'c mut VirtualChip, silent: &'c mut Silent) -> Session<'c> {
    let seed = chip.chip().options().seed;
    let mut link = Link::new(&mut chip.executor);
    link.bring_up().unwrap();
    let mut session = Session::new(link, Session::some_neurons(NEURONS), seed, silent);
    session.link.establish(base_state::write_nominal_ramps).unwrap();
    base_state::integration(&mut session).unwrap();
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| {
        (config.en_synin_exc, config.en_synin_inh) = (false, false);
    });
    session.link.run_program(&program.finish().unwrap()).unwrap();
    session.calibrate(&mut LeakPotential::default(), &Search::NOISY, Some(&[80.0])).unwrap();
    session.calibrate(&mut MembraneMadc::default(), &Search::NOISY, Some(&[10.0])).unwrap();
    session.calibrate(&mut ResetPotential::default(), &Search::NOISY, Some(&[70.0])).unwrap();
    session.calibrate(&mut LeakPotential::default(), &Search::NOISY, Some(&[80.0])).unwrap();
    session
}

/// Mean and spread by the mean.
fn say(name: &str, values: &[f64]) -> (f64, f64) {
    let (mean, spread) = (mean(values), standard_deviation(values));
    println!("{name}: {mean:.2} +- {spread:.2}, {values:.2?}");
    (mean, relative(values))
}

fn relative(values: &[f64]) -> f64 {
    standard_deviation(values) / mean(values).abs()
}

fn succeeded(outcome: &Outcome) {
    println!("{}: codes {:?}, residuals {:.2?}", outcome.routine, outcome.parameters, outcome.residuals);
    assert_eq!(outcome.failures(), 0, "{}: {:?}", outcome.routine, outcome.success);
}

/// What every neuron does with the median of the settings, and with its own.
fn compared(
    session: &mut Session<'_>,
    routine: &mut dyn Routine,
    target: Option<&[f64]>,
    outcome: &Outcome,
) -> Comparison {
    let comparison = compare(session, routine, target, &outcome.parameters).unwrap();
    say(&format!("{} at the median", outcome.routine), &comparison.before);
    say(&format!("{} as calibrated", outcome.routine), &comparison.after);
    comparison
}

/// The truth about the neurons of the tests, one number of each.
fn truth(chip: &VirtualChip, name: &str, value: impl Fn(&AdexTruth) -> f64) -> (f64, f64) {
    let neurons = Session::some_neurons(NEURONS);
    let values: Vec<f64> = neurons.into_iter().map(|neuron| value(&chip.adex(neuron))).collect();
    say(&format!("true {name}"), &values)
}

#[test]
fn adaptation_is_calibrated_in_reference_time_constant_and_strengths() {
    const TAU: f64 = 100.0;
    let (mut chip, mut silent) = (VirtualChip::new(1), Silent);
    let mut session = integrating(&mut chip, &mut silent);

    let mut reference = AdaptationReference::default();
    let found = session.calibrate(&mut reference, &Search::NOISY, None).unwrap();
    succeeded(&found);
    let both = compared(&mut session, &mut reference, None, &found);
    // 2 codes of the column ADC are 5.8 of the membrane ADC (analog-core 7.2).
    let within = |values: &[f64]| values.iter().filter(|value| value.abs() <= 5.8).count();
    assert!(within(&both.after) * 100 >= 95 * NEURONS && within(&both.before) * 2 < NEURONS);

    let mut time_constant = AdaptationTimeConstant::default();
    let found = session.calibrate(&mut time_constant, &Search::NOISY, Some(&[TAU])).unwrap();
    succeeded(&found);
    let both = compared(&mut session, &mut time_constant, Some(&[TAU]), &found);
    assert!(relative(&both.before) > 0.10 && relative(&both.after) < 0.10);

    let mut subthreshold = SubthresholdAdaptation::new(TAU);
    let found = session.calibrate(&mut subthreshold, &Search::NOISY, Some(&[1.0])).unwrap();
    succeeded(&found);
    let both = compared(&mut session, &mut subthreshold, Some(&[1.0]), &found);
    assert!(relative(&both.before) > 0.15 && relative(&both.after) < 0.15);

    let mut triggered = SpikeTriggeredAdaptation::new(TAU, 10.0);
    let found = session.calibrate(&mut triggered, &Search::NOISY, Some(&[5.0])).unwrap();
    succeeded(&found);
    let both = compared(&mut session, &mut triggered, Some(&[5.0]), &found);
    assert!(relative(&both.before) > 0.15 && relative(&both.after) < 0.15);

    drop(session);
    let (tau, spread) = truth(&chip, "tau_w", |truth| truth.adaptation_tau);
    assert!((tau / TAU - 1.0).abs() < 0.05 && spread < 0.10);
    let (a, spread) = truth(&chip, "a by the leak", |truth| truth.a);
    assert!((a - 1.0).abs() < 0.10 && spread < 0.15);
    let (b, spread) = truth(&chip, "b by the leak", |truth| truth.b);
    assert!((b / 5.0 - 1.0).abs() < 0.10 && spread < 0.15);
    let (offset, _) = truth(&chip, "offset of the adaptation", |truth| truth.adaptation_offset);
    assert!(offset.abs() < 2.0);
}

#[test]
fn a_negative_coupling_and_a_pulse_seen_on_the_adaptation_itself_are_calibrated() {
    let (mut chip, mut silent) = (VirtualChip::new(2), Silent);
    let mut session = integrating(&mut chip, &mut silent);
    session.calibrate(&mut AdaptationReference::default(), &Search::NOISY, None).unwrap();
    session.calibrate(&mut AdaptationTimeConstant::default(), &Search::NOISY, None).unwrap();
    let mut subthreshold = SubthresholdAdaptation::new(100.0);
    succeeded(&session.calibrate(&mut subthreshold, &Search::NOISY, Some(&[-0.3])).unwrap());
    let mut triggered = SpikeTriggeredAdaptation::new(100.0, 10.0);
    triggered.seen = Seen::AdaptationVoltage;
    succeeded(&session.calibrate(&mut triggered, &Search::NOISY, Some(&[-8.0])).unwrap());
    assert!(session.configs().iter().all(|config| config.invert_adapt_a && config.invert_adapt_b));
    drop(session);
    let (a, spread) = truth(&chip, "a by the leak, without sign", |truth| truth.a);
    assert!((a - 0.3).abs() < 0.05 && spread < 0.15);
    let (jump, spread) = truth(&chip, "jump", |truth| truth.jump);
    assert!((jump / 8.0 - 1.0).abs() < 0.05 && spread < 0.10);
}

#[test]
fn onset_and_slope_of_the_exponential_are_calibrated() {
    const ONSET: f64 = 110.0;
    const SLOPE: f64 = 10.0;
    let (mut chip, mut silent) = (VirtualChip::new(1), Silent);
    let mut session = integrating(&mut chip, &mut silent);
    let [onset, slope] = exponential::calibrate(&mut session, 10.0, &[ONSET], &[SLOPE], 3).unwrap();
    succeeded(&onset);
    succeeded(&slope);
    let both = compared(&mut session, &mut ExponentialOnset::new(10.0), Some(&[ONSET]), &onset);
    let spread = |values: &[f64]| standard_deviation(values);
    assert!(spread(&both.after) / spread(&both.before) <= 0.4);
    drop(session);
    let (mean, spread) = truth(&chip, "onset", |truth| truth.onset);
    assert!((mean - ONSET).abs() < 3.0 && spread * mean < 3.0);
    let (mean, spread) = truth(&chip, "slope", |truth| truth.slope);
    assert!((mean / SLOPE - 1.0).abs() < 0.15 && spread < 0.20);
}
