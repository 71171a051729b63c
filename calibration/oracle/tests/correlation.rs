//! Correlation sensors against the truth (calibration 4.5, 8, 15).

use bss2_calibration::cadc::{self, CadcOptions, CadcTarget};
use bss2_calibration::correlation::{
    Board, CorrelationOptions, CorrelationTarget, Selection, accumulate, calibrate, prepare,
};
use bss2_calibration::evaluation::{median, percentile};
use bss2_calibration::link::Link;
use bss2_calibration::program::write_shared_cell;
use bss2_calibration::routine::{Session, Silent};
use bss2_calibration_oracle::VirtualChip;
use bss2_host::registers::capmem::SharedParameter;

#[test]
fn amplitudes_and_time_constants_reach_their_targets() {
    let (mut chip, mut silent) = (VirtualChip::new(1), Silent);
    let mut link = Link::new(&mut chip.executor);
    link.bring_up().unwrap();
    let mut session = Session::new(link, Session::all_neurons(), 1, &mut silent);
    cadc::calibrate(&mut session, &CadcTarget::default(), &CadcOptions::default(), None).unwrap();

    // Test of the uncalibrated sensors (calibration 8): more than 80 % react in the right direction.
    let selection = Selection::sample();
    prepare(&mut session, &selection, &Board { v_res_meas: 0.95, ..Board::default() }).unwrap();
    session
        .link
        .configure(|program| {
            write_shared_cell(program, SharedParameter::SynIBiasRamp, 80);
            write_shared_cell(program, SharedParameter::SynIBiasStore, 70);
        })
        .unwrap();
    let near = accumulate(&mut session, &selection, 1.0, 30).unwrap().codes;
    let far = accumulate(&mut session, &selection, 5.0, 30).unwrap().codes;
    let right = near.iter().zip(&far).filter(|(near, far)| near > far).count();
    println!("{right} of {} synapses read more at 1 us than at 5 us", near.len());
    assert!(right * 10 > near.len() * 8);

    let start = session.chip_time();
    let target = CorrelationTarget::default();
    let found = calibrate(&mut session, &target, &CorrelationOptions::default()).unwrap();
    println!(
        "store {:?}, ramp {:?}, chip time {:.1} s, residuals {:?}",
        found.store,
        found.ramp,
        (session.chip_time() - start).as_us_f64() / 1e6,
        found.records.iter().map(|r| r.outcome.residuals.clone()).collect::<Vec<_>>()
    );
    drop(session);
    for (quadrant, sensors) in chip.correlation_sensors().iter().enumerate() {
        let (amplitudes, taus): (Vec<f64>, Vec<f64>) = sensors.iter().copied().unzip();
        for (name, values, target) in
            [("amplitude", &amplitudes, target.amplitude), ("tau", &taus, target.time_constant)]
        {
            let parts = [0.3, 0.5, 0.7].map(|fraction| percentile(values, fraction) / target);
            println!("quadrant {quadrant}: true {name}/target 30, 50, 70 %: {parts:.3?}");
            assert!(parts.iter().all(|part| (0.5..2.0).contains(part)));
            assert!((median(values) / target - 1.0).abs() < 0.2);
        }
    }
}
