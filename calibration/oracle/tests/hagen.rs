//! The entry point for multiplication (calibration 5.2, 8 "hagen neurons").

use bss2_calibration::evaluation::{mean, standard_deviation, trimmed};
use bss2_calibration::hagen::{Hagen, HagenOptions, HagenTarget};
use bss2_calibration::link::Link;
use bss2_calibration::result::{CalibrationResult, Header, InstanceKind, Scope};
use bss2_calibration::routine::{Session, Step};
use bss2_calibration_oracle::VirtualChip;
use std::time::Instant;

#[test]
fn integrating_neurons_are_calibrated_in_time() {
    let mut chip = VirtualChip::new(1);
    let identity = chip.identity();
    let (target, options) = (HagenTarget::default(), HagenOptions::default());
    let started = Instant::now();
    let mut progress = |step: Step<'_>| {
        if let Step::End { outcome, depth: 0 } = step {
            println!(
                "{:6.1} s {}: {} of {} failed, parameters {:.0} +- {:.1}, residual {:.2} +- {:.2}",
                started.elapsed().as_secs_f64(),
                outcome.routine,
                outcome.failures(),
                outcome.len(),
                mean(&outcome.parameters.iter().map(|&p| f64::from(p)).collect::<Vec<_>>()),
                standard_deviation(&outcome.parameters.iter().map(|&p| f64::from(p)).collect::<Vec<_>>()),
                mean(&outcome.residuals),
                standard_deviation(&trimmed(&outcome.residuals, 0.05))
            );
        }
    };
    let mut link = Link::new(&mut chip.executor);
    link.bring_up().unwrap();
    let mut session = Session::new(link, Session::all_neurons(), 1, &mut progress);
    let records = Hagen::new(target.clone(), options.clone()).run_all(&mut session).unwrap();
    println!("chip time {:.1} s", session.chip_time().as_us_f64() / 1e6);
    let header = Header::new(identity, "hagen", &target, &options, 1).unwrap();
    let result = CalibrationResult::capture(header, records, session.link.written(), Scope::default());
    // Inputs whose bias is at its end at 0.32 us are counted apart: how many there are is the chip's matter.
    let routines: Vec<&str> = result
        .records
        .iter()
        .filter(|record| record.kind == InstanceKind::Neuron)
        .map(|record| record.outcome.routine.as_str())
        .filter(|routine| !routine.ends_with("synaptic time constant"))
        .collect();
    let count = |usable: Vec<bool>| usable.into_iter().filter(|usable| *usable).count();
    let all = count(result.usable(InstanceKind::Neuron, None));
    let usable = count(result.usable(InstanceKind::Neuron, Some(&routines)));
    println!("{usable} neurons usable, {all} with their time constants, {} words", result.writes.len());
    assert!(usable > 512 * 6 / 10, "{usable}");
    // Round trip through a file, bit by bit.
    assert_eq!(CalibrationResult::from_json(&result.to_json()).unwrap(), result);
}
