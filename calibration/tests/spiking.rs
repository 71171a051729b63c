//! The spiking calibration of an emulated individual, with a part of its neurons.

use bss2_base::SimTime;
use bss2_calibration::CalibrationError;
use bss2_calibration::cache::Cache;
use bss2_calibration::entry::{self, Setup, Target};
use bss2_calibration::link::Link;
use bss2_calibration::neuron::membrane::MembraneMadc;
use bss2_calibration::primitives::cadc::{self, Repeated};
use bss2_calibration::result::{CalibrationResult, ChipIdentity, InstanceKind};
use bss2_calibration::routine::{Session, Silent, Step};
use bss2_chip::Chip;
use bss2_host::executor::{Executor, ExecutorConfig};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

const NEURONS: usize = 64;

fn chip(seed: u64) -> Executor<Chip> {
    Executor::new(Chip::new(seed), ExecutorConfig::power_up())
}

fn neurons() -> usize {
    std::env::var("NEURONS").ok().and_then(|text| text.parse().ok()).unwrap_or(NEURONS)
}

fn calibrate(
    seed: u64,
    executor: &mut Executor<Chip>,
    progress: &mut dyn bss2_calibration::Progress,
    cancel: Option<&AtomicBool>,
    checkpoint: Option<&std::path::Path>,
) -> Result<CalibrationResult, CalibrationError> {
    let setup = Setup {
        chip: ChipIdentity::emulated(seed, "test"),
        neurons: Session::some_neurons(neurons()),
        seed: 1,
        progress,
        cancel,
        checkpoint: checkpoint.map(Into::into),
        resume: checkpoint.is_some(),
    };
    entry::calibrate(&Target::spiking(), setup, &Cache::off(), executor)
}

/// Mean and standard deviation, 5 % cut off at each end (calibration 15).
fn trimmed(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 20;
    let core = &sorted[cut..sorted.len() - cut];
    let mean = core.iter().sum::<f64>() / core.len() as f64;
    let variance = core.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / core.len() as f64;
    (mean, variance.sqrt())
}

#[test]
fn a_calibrated_chip_does_what_it_is_told() {
    let seed = std::env::var("SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut executor = chip(seed);
    let mut begin = Instant::now();
    let mut tell = |step: Step<'_>| match step {
        Step::Stage { name, number, of, chip_time } => {
            println!("{:6.2} s; {number} of {of}: {name}, at {chip_time}", begin.elapsed().as_secs_f64());
            begin = Instant::now();
        }
        Step::End { outcome, depth: 0 } => {
            let parameters: Vec<f64> = outcome.parameters.iter().map(|&code| f64::from(code)).collect();
            println!(
                "    {:36} {:3} of {} failed, residual {:.2?}, codes {:.1?}",
                outcome.routine,
                outcome.failures(),
                outcome.len(),
                trimmed(&outcome.residuals),
                trimmed(&parameters)
            );
        }
        Step::Note(text) => println!("    ({text})"),
        _ => {}
    };
    let result = calibrate(seed, &mut executor, &mut tell, None, None).unwrap();
    println!("{:6.2} s", begin.elapsed().as_secs_f64());
    let usable = result.usable(InstanceKind::Neuron, None);
    let good = usable.iter().filter(|usable| **usable).count();
    assert!(good * 100 >= 95 * neurons(), "{good} of {} neurons are usable", neurons());

    // A replay on the same individual after power-up, measured anew.
    let mut executor = chip(seed);
    let mut link = Link::new(&mut executor);
    link.bring_up().unwrap();
    result.apply(&mut link).unwrap();
    let mut silent = Silent;
    let mut session = Session::new(link, Session::some_neurons(neurons()), 2, &mut silent);
    let reads = Repeated { reads: 20, after_reset: None, wait: SimTime::from_us(100) };
    let leak = cadc::mean(&mut session, reads).unwrap();
    let (mean, sigma) = trimmed(&leak);
    println!("leak {mean:.2} +- {sigma:.2}");
    assert!((mean - 80.0).abs() < 1.0 && sigma < 1.5, "leak {mean} +- {sigma}");

    let mut program = bss2_host::playback::ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| {
        (config.en_synin_exc, config.en_synin_inh, config.en_thresh_comp) = (false, false, false);
    });
    session.link.run_program(&program.finish().unwrap()).unwrap();
    let taus = MembraneMadc::measure_only(&mut session, &[10.0]).unwrap();
    let (mean, sigma) = trimmed(&taus);
    println!("tau_mem {mean:.2} +- {sigma:.2} us");
    assert!((mean - 10.0).abs() < 0.5 && sigma < 0.5, "tau_mem {mean} +- {sigma}");
}

#[test]
fn a_cancelled_calibration_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("checkpoint");
    let cancel = AtomicBool::new(false);
    let mut executor = chip(2);
    let mut until_threshold = |step: Step<'_>| {
        if matches!(step, Step::Stage { number: 3, .. }) {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let stopped = calibrate(2, &mut executor, &mut until_threshold, Some(&cancel), Some(&path));
    assert!(matches!(stopped, Err(CalibrationError::Cancelled)), "{stopped:?}");
    assert!(path.exists());

    cancel.store(false, Ordering::Relaxed);
    let mut stages = Vec::new();
    let mut until_potentials = |step: Step<'_>| {
        if let Step::Stage { number, .. } = step {
            stages.push(number);
            // The rest is that of the other test.
            cancel.store(number == 4, Ordering::Relaxed);
        }
    };
    let mut executor = chip(2);
    let stopped = calibrate(2, &mut executor, &mut until_potentials, Some(&cancel), Some(&path));
    assert!(matches!(stopped, Err(CalibrationError::Cancelled)), "{stopped:?}");
    assert_eq!(stages, [3, 4]);
}
