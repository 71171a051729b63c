//! Synapse drivers against the truth (calibration 4.4, 8, 15).

use bss2_base::Hemisphere;
use bss2_calibration::algorithms::Search;
use bss2_calibration::cadc::{self, CadcOptions, CadcTarget};
use bss2_calibration::driver::{
    HagenDriverOptions, PlasticityOptions, PlasticityTarget, calibrate_hagen, calibrate_plasticity, lines,
};
use bss2_calibration::evaluation::{correlation, mean, median, standard_deviation};
use bss2_calibration::link::Link;
use bss2_calibration::neuron::dac_bias::SynapseDacBias;
use bss2_calibration::program::{RowView, write_row, write_shared_cell};
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
    multiplication(&mut session);
    drop(session);
    let pulses = chip.hagen_pulses(16);
    println!("true pulses at 16: {:.3} +- {:.3}", mean(&pulses), standard_deviation(&pulses));
}

/// The multiplication test of calibration 8: results follow signed weights, repeat, and every event hits one row only.
fn multiplication(session: &mut Session<'_>) {
    // Weights from -63 to 63 over the columns, the same in 16 rows; positive ones in even, negative ones in odd columns.
    let weight = |column: u8| i32::from(column / 2) - 64;
    session
        .link
        .establish(|program| {
            for hemisphere in Hemisphere::ALL {
                for row in 0..=255 {
                    let signed = |column: u8| {
                        let weight = weight(column).clamp(-63, 63);
                        let positive =
                            if column.is_multiple_of(2) { weight.max(0) } else { (-weight).max(0) };
                        if row < 16 { positive as u8 } else { 0 }
                    };
                    write_row(program, hemisphere, row, RowView::Weights, signed);
                    write_row(program, hemisphere, row, RowView::Labels, |_| 32 * (row % 2));
                }
            }
        })
        .unwrap();
    let vector: Vec<u8> = (0..256).map(|row| if row < 16 { 12 } else { 0 }).collect();
    let even: Vec<u8> = (0..256).map(|row| if row < 16 && row % 2 == 0 { 12 } else { 0 }).collect();
    let runs = lines::multiply(session, &vec![vector; 10], 1).unwrap();
    let half = lines::multiply(session, &vec![even; 10], 1).unwrap();
    let signed = |result: &[f64], pair: usize| result[2 * pair] - result[2 * pair + 1];
    let pairs: Vec<f64> = (0..256).map(|pair| weight((2 * pair % 256) as u8).into()).collect();
    let average =
        |runs: &[Vec<f64>], pair: usize| mean(&runs.iter().map(|r| signed(r, pair)).collect::<Vec<_>>());
    let results: Vec<f64> = (0..256).map(|pair| average(&runs, pair)).collect();
    let halves: Vec<f64> = (0..256).map(|pair| average(&half, pair)).collect();
    let noise =
        (0..256).map(|pair| standard_deviation(&runs.iter().map(|r| signed(r, pair)).collect::<Vec<_>>()));
    let noise = noise.fold(0.0, f64::max);
    let gain = bss2_calibration::fit::line(&pairs, &results).unwrap();
    let half_gain = bss2_calibration::fit::line(&pairs, &halves).unwrap();
    println!("multiplication: {gain:?}, half the rows {half_gain:?}, largest noise {noise:.2}");
    assert!(noise < 5.0, "{noise}");
    assert!(correlation(&pairs, &results) > 0.95);
    assert!((half_gain.slope / gain.slope - 0.5).abs() < 0.1, "an event hits one row of a driver");
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
