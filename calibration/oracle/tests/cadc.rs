//! The calibration of the column ADC against the truth (calibration 4.1, 8, 15).

use bss2_calibration::cadc::{CadcOptions, CadcTarget, calibrate};
use bss2_calibration::evaluation::{mean, median, standard_deviation};
use bss2_calibration::link::Link;
use bss2_calibration::routine::{Session, Silent};
use bss2_calibration_oracle::VirtualChip;

#[test]
fn channels_agree_on_common_voltages_after_calibration() {
    for seed in [1, 2] {
        let mut chip = VirtualChip::new(seed);
        let before = {
            let mut link = Link::new(&mut chip.executor);
            link.bring_up().unwrap();
            link.configure(bss2_calibration::base_state::write_nominal_ramps).unwrap();
            chip.cadc_codes(0.42)
        };
        let target = CadcTarget::default();
        let mut silent = Silent;
        let mut link = Link::new(&mut chip.executor);
        link.bring_up().unwrap();
        let mut session = Session::new(link, Session::all_neurons(), 1, &mut silent);
        let calibrated = calibrate(&mut session, &target, &CadcOptions::default(), None).unwrap();
        println!(
            "seed {seed}: ramp offset {:?}, slope {:?}, measured spread {:.2}, chip time {:?}",
            calibrated.ramp_offset,
            calibrated.ramp_slope,
            calibrated.spread,
            session.chip_time()
        );
        let lines = calibrated.reference.clone();
        let narrow =
            calibrate(&mut session, &CadcTarget::lines(), &CadcOptions::default(), Some(&lines)).unwrap();
        drop(session);
        for volts in [0.3, 0.4, 0.5, 0.6] {
            let codes = chip.cadc_codes(volts);
            println!(
                "  lines: {volts} V: mean {:.2} (wanted {:.2}), std {:.2}",
                mean(&codes),
                CadcTarget::lines().code(volts),
                standard_deviation(&codes)
            );
        }
        assert!(narrow.success.iter().all(|&s| s));
        let mut link = Link::new(&mut chip.executor);
        link.bring_up().unwrap();
        let mut session = Session::new(link, Session::all_neurons(), 1, &mut silent);
        let calibrated = calibrate(&mut session, &target, &CadcOptions::default(), None).unwrap();
        drop(session);
        println!("  before: std {:.2}", standard_deviation(&before));
        assert!(calibrated.success.iter().all(|&success| success));
        for volts in [0.2, 0.42, 0.6, 0.8, 1.0] {
            let codes = chip.cadc_codes(volts);
            let (mean, spread) = (mean(&codes), standard_deviation(&codes));
            println!("  {volts} V: mean {mean:.2} (wanted {:.2}), std {spread:.2}", target.code(volts));
            assert!((mean - target.code(volts)).abs() < 1.5 && spread < 1.5, "{volts} V: {mean} +- {spread}");
        }
        // Reference test: standard deviation of the needed offsets below 20 (calibration 8).
        let offsets: Vec<f64> = calibrated.channel_offset.iter().map(|&o| f64::from(o)).collect();
        assert!(standard_deviation(&offsets) < 20.0);
        let _ = median(&offsets);
    }
}
