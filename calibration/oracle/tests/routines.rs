//! Routines that the usual calibrations do not use, against the truth (calibration 4.3, 8, 15).

use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_calibration::algorithms::Search;
use bss2_calibration::base_state::{self, STIMULUS_LABEL, write_synapses};
use bss2_calibration::cadc::{self, CadcOptions, CadcTarget};
use bss2_calibration::evaluation::{Comparison, compare, mean, median, percentile, standard_deviation};
use bss2_calibration::link::Link;
use bss2_calibration::neuron::Polarity;
use bss2_calibration::neuron::capacitance;
use bss2_calibration::neuron::coba::ConductanceBased;
use bss2_calibration::neuron::compartment::InterCompartment;
use bss2_calibration::neuron::leak_noise::LeakNoise;
use bss2_calibration::neuron::membrane::{MembraneCadc, MembraneMadc};
use bss2_calibration::neuron::potential::{LeakPotential, ResetPotential};
use bss2_calibration::neuron::reference::{SynapticReference, SynapticReferenceMadc};
use bss2_calibration::neuron::strength::SynapticStrength;
use bss2_calibration::neuron::synaptic::SynapticTimeConstant;
use bss2_calibration::neuron::threshold::{
    LeakOverThreshold, ThresholdCadc, ThresholdMadc, ThresholdNearRest,
};
use bss2_calibration::primitives::{counters, padi};
use bss2_calibration::program::SETTLING;
use bss2_calibration::routine::{Outcome, Routine, Session, Silent};
use bss2_calibration_oracle::VirtualChip;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::neuron::NeuronConfig;

/// The individual: another one on demand.
fn chip() -> VirtualChip {
    VirtualChip::new(std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1))
}

/// These neurons in the base state, with comparators and inputs off.
fn session<'c>(chip: &'c mut VirtualChip, silent: &'c mut Silent, neurons: Vec<Neuron>) -> Session<'c> {
    let seed = chip.chip().options().seed;
    let mut link = Link::new(&mut chip.executor);
    link.bring_up().unwrap();
    let mut session = Session::new(link, neurons, seed, silent);
    cadc::calibrate(&mut session, &CadcTarget::default(), &CadcOptions::default(), None).unwrap();
    base_state::integration(&mut session).unwrap();
    configure(&mut session, |config| NeuronConfig { en_synin_exc: false, en_synin_inh: false, ..config });
    session
}

fn configure(session: &mut Session<'_>, change: impl Fn(NeuronConfig) -> NeuronConfig) {
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| *config = change(*config));
    session.link.run_program(&program.finish().unwrap()).unwrap();
}

fn write(session: &mut Session<'_>, cells: &[(Cell, i32)]) {
    let mut program = ProgramBuilder::new();
    cells.iter().for_each(|&(cell, code)| session.write_cells_noisy(&mut program, cell, code));
    program.barrier_omnibus().wait(SETTLING);
    session.link.run_program(&program.finish().unwrap()).unwrap();
}

fn run(session: &mut Session<'_>, routine: &mut dyn Routine, target: Option<f64>) -> Outcome {
    let target = target.map(|target| vec![target]);
    let outcome = session.calibrate(routine, &Search::NOISY, target.as_deref()).unwrap();
    println!(
        "{}: target {:.2?}, codes {:?}, residuals {:.2?}, {} failed",
        outcome.routine,
        outcome.targets[0],
        outcome.parameters,
        outcome.residuals,
        outcome.failures()
    );
    outcome
}

fn compared(
    session: &mut Session<'_>,
    routine: &mut dyn Routine,
    target: f64,
    outcome: &Outcome,
) -> Comparison {
    let comparison = compare(session, routine, Some(&[target]), &outcome.parameters).unwrap();
    for (name, values) in [("median", &comparison.before), ("calibrated", &comparison.after)] {
        println!(
            "{} {name}: {:.3} +- {:.3}, {values:.2?}",
            outcome.routine,
            mean(values),
            standard_deviation(values)
        );
    }
    comparison
}

/// Leak, reset and membrane time constant as spiking neurons have them.
fn integrating(session: &mut Session<'_>, leak: f64) {
    run(session, &mut LeakPotential::default(), Some(leak));
    run(session, &mut MembraneMadc::default(), Some(10.0));
    run(session, &mut ResetPotential::default(), Some(70.0));
    run(session, &mut LeakPotential::default(), Some(leak));
}

/// Slow membranes, fast inputs, and calibrated strengths and references, as conductance-based inputs need them.
fn with_inputs(session: &mut Session<'_>, gm: i32, tau_mem: f64) {
    run(session, &mut LeakPotential::default(), Some(120.0));
    for polarity in Polarity::ALL {
        run(session, &mut SynapticTimeConstant::new(polarity), Some(1.5));
    }
    let mut membrane = MembraneCadc::default();
    membrane.leak = Some(120.0);
    run(session, &mut membrane, Some(tau_mem));
    for polarity in Polarity::ALL {
        run(session, &mut SynapticStrength::spiking(polarity, gm), None);
    }
}

#[test]
fn parasitic_capacitance_is_found_within_a_code() {
    let (mut chip, mut silent) = (chip(), Silent);
    let neurons = Session::some_neurons(10);
    let mut session = session(&mut chip, &mut silent, neurons.clone());
    let found = capacitance::parasitic(&mut session, 30.0, 10).unwrap();
    drop(session);
    let errors: Vec<f64> = neurons
        .iter()
        .zip(&found)
        .map(|(&neuron, found)| {
            let membrane = &chip.chip().analog().circuit(neuron).membrane;
            let truth = membrane.parasitic / membrane.bank_step;
            println!("{neuron:?}: {:.2} codes, true {truth:.2}", found.codes);
            found.codes - truth
        })
        .collect();
    let good = errors.iter().filter(|error| error.abs() <= 1.0).count();
    assert!(good * 10 >= 9 * neurons.len(), "{errors:.2?}");
}

#[test]
fn membranes_relax_toward_their_neighbours_alike() {
    let (mut chip, mut silent) = (chip(), Silent);
    let neurons: Vec<Neuron> = Session::all_neurons().into_iter().skip(100).take(8).collect();
    let mut session = session(&mut chip, &mut silent, neurons.clone());
    let mut routine = InterCompartment::default();
    let outcome = run(&mut session, &mut routine, Some(5.0));
    assert_eq!(outcome.failures(), 0);
    let both = compared(&mut session, &mut routine, 5.0, &outcome);
    assert!(standard_deviation(&both.after) < 0.5 * standard_deviation(&both.before));
    let configs = session.configs();
    drop(session);
    let taus: Vec<f64> = neurons
        .iter()
        .zip(&configs)
        .map(|(&neuron, config)| {
            let conductance = chip.chip().analog().circuit(neuron).compartment.conductance;
            // The range bits of calibration 0.4, by 4 each.
            let factor = [0.25, 1.0][usize::from(!config.en_comp_cond_div)]
                * [1.0, 4.0][usize::from(config.en_comp_cond_mul)];
            1e6 * chip.chip().analog().neuron(neuron).capacitance / (factor * conductance)
        })
        .collect();
    println!("true {taus:.2?}");
    assert!((mean(&taus) / 5.0 - 1.0).abs() < 0.05 && standard_deviation(&taus) / mean(&taus) < 0.10);
}

#[test]
fn the_leak_is_as_weak_as_noise_allows() {
    let (mut chip, mut silent) = (chip(), Silent);
    let mut session = session(&mut chip, &mut silent, Session::some_neurons(8));
    integrating(&mut session, 80.0);
    let before = session.cells(Cell::IBiasLeak);
    let outcome = run(&mut session, &mut LeakNoise::default(), Some(1.2));
    assert_eq!(outcome.failures(), 0);
    assert!(outcome.parameters.iter().zip(before).all(|(after, before)| 5 * after < before));
}

#[test]
fn thresholds_by_either_converter_agree() {
    let (mut chip, mut silent) = (chip(), Silent);
    let mut session = session(&mut chip, &mut silent, Session::some_neurons(16));
    integrating(&mut session, 80.0);
    for target in [400.0, 560.0] {
        let outcome = run(&mut session, &mut ThresholdMadc::default(), Some(target));
        let seen = compared(&mut session, &mut ThresholdCadc::quick(), 125.0, &outcome).after;
        let middle = median(&seen);
        assert!(seen.iter().all(|code| (code - middle).abs() <= 8.0), "{seen:?}");
    }
    let outcome = run(&mut session, &mut ThresholdCadc::quick(), Some(130.0));
    let seen = compared(&mut session, &mut ThresholdMadc::default(), 500.0, &outcome).after;
    let middle = median(&seen);
    assert!(seen.iter().all(|code| (code - middle).abs() <= 20.0), "{seen:?}");
}

#[test]
fn membranes_without_leak_do_not_drift_after_calibration() {
    let (mut chip, mut silent) = (chip(), Silent);
    let mut session = session(&mut chip, &mut silent, Session::some_neurons(16));
    integrating(&mut session, 80.0);
    write(&mut session, &[(Cell::IBiasSyninExcGm, 500), (Cell::IBiasSyninInhGm, 500)]);
    let outcomes = Polarity::ALL.map(|polarity| {
        let mut routine = SynapticReferenceMadc::new(polarity);
        let outcome = run(&mut session, &mut routine, None);
        let both = compared(&mut session, &mut routine, 0.0, &outcome);
        let sizes = |values: &[f64]| values.iter().map(|value| value.abs()).collect::<Vec<f64>>();
        assert!(percentile(&sizes(&both.after), 0.9) < 1.0);
        assert!(percentile(&sizes(&both.before), 0.9) > 1.0);
        outcome
    });
    assert!(outcomes.iter().all(|outcome| outcome.failures() == 0));
}

#[test]
fn thresholds_just_above_rest_let_single_events_through() {
    const EVENTS: usize = 10;
    let (mut chip, mut silent) = (chip(), Silent);
    let mut session = session(&mut chip, &mut silent, Session::some_neurons(16));
    with_inputs(&mut session, 500, 60.0);
    write(&mut session, &[(Cell::IBiasLeak, 200)]);
    configure(&mut session, |config| NeuronConfig { en_synin_exc: true, en_synin_inh: false, ..config });
    run(&mut session, &mut SynapticReference::new(Polarity::Excitatory), None);
    run(&mut session, &mut ThresholdNearRest::default(), None);
    // From the reset at 0, where the routine leaves it, the way back is longer than from event to event.
    configure(&mut session, |config| NeuronConfig { en_thresh_comp: false, ..config });
    run(&mut session, &mut ResetPotential::default(), Some(110.0));
    configure(&mut session, |config| NeuronConfig { en_thresh_comp: true, ..config });
    session
        .link
        .configure(|program| {
            write_synapses(program, 1, 32);
            padi::drivers(program, Polarity::Excitatory.row_mode());
        })
        .unwrap();
    let quiet = counters::count(&mut session, SimTime::from_us(100)).unwrap();
    let spikes = spikes_under_events(&mut session, EVENTS);
    println!("without events {quiet:?}, with {EVENTS} {spikes:?}");
    let followed = spikes.iter().filter(|count| (7.0..=13.0).contains(*count)).count();
    assert!(followed * 2 > spikes.len() && quiet.iter().sum::<f64>() < 0.04 * 16.0 * 10.0);
}

/// Spike counts while events come 10 us apart.
fn spikes_under_events(session: &mut Session<'_>, events: usize) -> Vec<f64> {
    let before = counters::count(session, SimTime::from_us(1)).unwrap();
    assert!(before.iter().all(|count| *count < 2.0), "{before:?}");
    counters::count_during(session, |program| {
        for _ in 0..events {
            for hemisphere in Hemisphere::ALL {
                padi::event(program, hemisphere, STIMULUS_LABEL);
            }
            program.wait(SimTime::from_us(10));
        }
    })
    .unwrap()
}

#[test]
fn neurons_above_their_threshold_fire_at_the_wanted_rates() {
    let (mut chip, mut silent) = (chip(), Silent);
    let mut session = session(&mut chip, &mut silent, Session::some_neurons(16));
    integrating(&mut session, 150.0);
    configure(&mut session, |config| NeuronConfig { en_thresh_comp: true, ..config });
    let before = counters::count(&mut session, SimTime::from_ms(1)).unwrap();
    println!("before {before:?}");
    let outcome = run(&mut session, &mut LeakOverThreshold::default(), Some(100.0));
    assert_eq!(outcome.failures(), 0);
    let counts = counters::count(&mut session, SimTime::from_ms(2)).unwrap();
    println!("{counts:?} in 2 ms");
    let good = counts.iter().filter(|count| (180.0..=230.0).contains(*count)).count();
    assert!(good * 10 > 9 * counts.len());
}

#[test]
#[ignore = "takes a minute of processor time"]
fn conductance_based_inputs_lose_their_effect_at_the_reversal_potential() {
    let (mut chip, mut silent) = (chip(), Silent);
    let mut session = session(&mut chip, &mut silent, Session::some_neurons(4));
    with_inputs(&mut session, 180, 30.0);
    for (polarity, reversal, reference, window) in [
        // 650 to 1500 and 0 to 330 codes of the membrane ADC.
        (Polarity::Excitatory, 300.0, 150.0, 210.0..500.0),
        (Polarity::Inhibitory, 30.0, 135.0, -15.0..100.0),
    ] {
        let mut routine = ConductanceBased::new(polarity, vec![reference]);
        let outcome = run(&mut session, &mut routine, Some(reversal));
        let mut crossings = Vec::new();
        let mut lines = vec![(Vec::new(), Vec::new()); 4];
        for leak in [60.0, 100.0, 140.0] {
            session.calibrate(&mut LeakPotential::default(), &Search::NOISY, Some(&[leak])).unwrap();
            let rest = bss2_calibration::primitives::cadc::potentials(&mut session).unwrap();
            configure_rows(&mut session, polarity);
            let mut burst = SynapticStrength::spiking(polarity, 180);
            burst.events = 5;
            let amplitudes = burst.amplitudes(&mut session).unwrap();
            for ((line, rest), amplitude) in lines.iter_mut().zip(rest).zip(amplitudes) {
                line.0.push(rest);
                line.1.push(amplitude);
            }
        }
        for (rests, amplitudes) in &lines {
            let line = bss2_calibration::fit::line(rests, amplitudes).unwrap();
            crossings.push(-line.intercept / line.slope);
        }
        println!("{polarity:?}: crossings {crossings:.0?}, {} failed", outcome.failures());
        // The modulation ends at code 255: with a strong input that is too little for a near reversal potential, and the mask says so.
        let judged: Vec<f64> = crossings
            .iter()
            .zip(&outcome.success)
            .filter(|(_, success)| **success)
            .map(|(crossing, _)| *crossing)
            .collect();
        assert!(4 * judged.len() >= 3 * crossings.len());
        assert!(judged.iter().all(|crossing| window.contains(crossing)), "{judged:?}");
    }
}

fn configure_rows(session: &mut Session<'_>, polarity: Polarity) {
    session.link.configure(|program| padi::drivers(program, polarity.row_mode())).unwrap();
}
