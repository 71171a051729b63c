//! Synapse drivers against the truth (calibration 4.4, 8, 15).

use bss2_calibration::algorithms::Search;
use bss2_calibration::cadc::{self, CadcOptions, CadcTarget};
use bss2_calibration::driver::{
    HagenDriverOptions, PlasticityOptions, PlasticityTarget, calibrate_hagen, calibrate_plasticity, lines,
};
use bss2_calibration::evaluation::{mean, median, standard_deviation};
use bss2_calibration::link::Link;
use bss2_calibration::neuron::dac_bias::SynapseDacBias;
use bss2_calibration::program::write_shared_cell;
use bss2_calibration::routine::{Session, Silent};
use bss2_calibration_oracle::VirtualChip;
use bss2_host::registers::capmem::SharedParameter;

/// A chip whose lines can be read: ADC in their range, synapse DAC at 800 and equal.
fn on_lines<'c>(chip: &'c mut VirtualChip, silent: &'c mut Silent) -> Session<'c> {
    let mut link = Link::new(&mut chip.executor);
    link.bring_up().unwrap();
    let mut session = Session::new(link, Session::all_neurons(), 1, silent);
    cadc::calibrate(&mut session, &CadcTarget::lines(), &CadcOptions::default(), None).unwrap();
    bss2_calibration::base_state::integration(&mut session).unwrap();
    session.link.configure(|program| write_shared_cell(program, SharedParameter::SynIBiasDac, 800)).unwrap();
    session.calibrate(&mut SynapseDacBias::default(), &Search::Binary, None).unwrap();
    session
}

#[test]
fn activations_give_the_same_amplitude_at_all_drivers() {
    let (mut chip, mut silent) = (VirtualChip::new(1), Silent);
    let mut session = on_lines(&mut chip, &mut silent);
    let start = session.chip_time();
    let drivers = calibrate_hagen(&mut session, &HagenDriverOptions::default()).unwrap();
    println!("ramps {:?}, chip time {:.2} s", drivers.ramp, (session.chip_time() - start).as_us_f64() / 1e6);
    println!(
        "largest {:.1} +- {:.2}, failing {}",
        mean(&drivers.largest),
        standard_deviation(&drivers.largest),
        drivers.success.iter().filter(|s| !**s).count()
    );
    // The test of calibration 8: amplitude grows over all activations and drivers agree.
    let mut means = Vec::new();
    let mut spreads = Vec::new();
    for activation in [1, 4, 8, 12, 16, 20, 24, 28, 31] {
        let amplitudes = lines::amplitudes(&mut session, 1, activation, 1).unwrap();
        means.push(mean(&amplitudes));
        spreads.push(standard_deviation(&amplitudes));
        println!(
            "activation {activation}: {:.2} +- {:.2}",
            mean(&amplitudes),
            standard_deviation(&amplitudes)
        );
    }
    assert!(means.windows(2).all(|pair| pair[1] - pair[0] > 0.2));
    assert!(means[0] > -1.0 && means[8] > 20.0, "{means:?}");
    assert!(spreads.iter().all(|spread| *spread < 4.0), "{spreads:?}");
    drop(session);
    let pulses = chip.hagen_pulses(16);
    println!("true pulses at 16: {:.3} +- {:.3}", mean(&pulses), standard_deviation(&pulses));
}

#[test]
fn plasticity_offsets_make_drivers_agree() {
    let (mut chip, mut silent) = (VirtualChip::new(2), Silent);
    let mut session = on_lines(&mut chip, &mut silent);
    let start = session.chip_time();
    let record =
        calibrate_plasticity(&mut session, &PlasticityTarget::default(), &PlasticityOptions::default())
            .unwrap();
    println!("chip time {:.2} s", (session.chip_time() - start).as_us_f64() / 1e6);
    let outcome = &record.outcome;
    for quadrant in 0..4 {
        let own: Vec<usize> = (0..lines::DRIVERS).filter(|&d| lines::quadrant(d) == quadrant).collect();
        let after: Vec<f64> = own.iter().map(|&d| outcome.residuals[d]).collect();
        println!(
            "quadrant {quadrant}: target {:.2}, residual {:.2} +- {:.2}, median offset {}, failing {}",
            outcome.targets[own[0]],
            mean(&after),
            standard_deviation(&after),
            median(&own.iter().map(|&d| f64::from(outcome.parameters[d])).collect::<Vec<_>>()),
            own.iter().filter(|&&d| !outcome.success[d]).count()
        );
        assert!(standard_deviation(&after) < 2.0);
    }
}
