//! The chain of compartments on a virtual chip, and the same circuits at level R (calibration 16.4, experiments E13).

use bss2_analog::mismatch::MismatchSwitches;
use bss2_analog::reference::{Input, Options, Quantity, Simulation};
use bss2_analog::{AnalogOptions, Line, Noise};
use bss2_base::SimTime;
use bss2_calibration::attenuation::{Chain, Conductances, Heights};
use bss2_calibration::link::Link;
use bss2_calibration::routine::Silent;
use bss2_calibration::{Bench, CalibrationError, calibrate};
use bss2_calibration_oracle::VirtualChip;
use bss2_chip::ChipOptions;

/// A chip with the bodies of the chain calibrated and its inputs configured.
fn laboratory(chain: &Chain, options: ChipOptions) -> VirtualChip {
    let mut chip = VirtualChip::with_options(options);
    let mut bench = Bench::new(&mut chip.executor);
    bench.bring_up().unwrap();
    calibrate(&mut bench, &chain.targets(), |_, _| ()).unwrap();
    chain.configure(&mut Link::new(&mut chip.executor)).unwrap();
    chip
}

fn all(chain: &Chain) -> Vec<usize> {
    (0..chain.compartments).collect()
}

/// What the chip measures, a matrix for each repetition.
fn heights(
    chip: &mut VirtualChip,
    chain: &Chain,
    conductances: &Conductances,
    stimulated: &[usize],
    repetitions: usize,
) -> Vec<Heights> {
    let mut silent = Silent;
    let mut session = chain.session(Link::new(&mut chip.executor), &mut silent);
    chain.apply(&mut session.link, conductances).unwrap();
    chain.measure(&mut session, stimulated, repetitions).unwrap()
}

/// Nominal charge of a synaptic event of this weight in C (analog-core 5.2), with the synapse DAC at 600.
fn charge(weight: u8) -> f64 {
    0.375e-15 * f64::from(weight)
}

/// Heights in V that level R gives for the circuits as they are configured on the chip now.
fn heights_at_level_r(chip: &VirtualChip, chain: &Chain) -> Vec<Vec<f64>> {
    let circuits: Vec<_> = chain
        .bodies()
        .into_iter()
        .chain(chain.helpers())
        .map(|neuron| (neuron, *chip.chip().analog().circuit(neuron)))
        .collect();
    let mut simulation = Simulation::new(circuits, Options::default()).unwrap();
    let rest = SimTime::from_ms(1);
    simulation.advance(rest).unwrap();
    let mut matrix = vec![vec![0.0; chain.compartments]; chain.compartments];
    for (injected, body) in chain.bodies().into_iter().enumerate() {
        let start = SimTime::from_ms(1 + injected as u64);
        simulation.advance(start).unwrap();
        let value = |seen| simulation.value(seen, Quantity::Membrane).unwrap();
        let rests: Vec<f64> = chain.bodies().into_iter().map(value).collect();
        let volley = Input::Charge { line: Line::Excitatory, charge: charge(chain.weight) };
        (0..chain.inputs).for_each(|_| simulation.input(start, body, volley).unwrap());
        let probes: Vec<_> = chain
            .bodies()
            .into_iter()
            .map(|seen| {
                simulation.probe(seen, Quantity::Membrane, start, SimTime::from_ns(200), 700).unwrap()
            })
            .collect();
        simulation.advance(start + SimTime::from_us(150)).unwrap();
        for (seen, probe) in probes.into_iter().enumerate() {
            let peak = simulation.samples(probe).iter().copied().fold(f64::MIN, f64::max);
            matrix[seen][injected] = peak - rests[seen];
        }
    }
    matrix
}

fn print(name: &str, heights: &Heights) {
    println!("{name}: λ = {:.3}", heights.length_constant());
    for seen in 0..heights.compartments() {
        let row: Vec<String> = (0..heights.compartments())
            .map(|injected| format!("{:6.1}", heights.at(seen, injected)))
            .collect();
        println!("  {}", row.join(" "));
    }
}

#[test]
fn the_chip_attenuates_as_level_r_does() {
    let chain = Chain { inputs: 10, weight: 31, ..Chain::default() };
    let quiet = ChipOptions {
        seed: 3,
        analog: AnalogOptions { noise: Noise::OFF, ..AnalogOptions::default() },
        ..ChipOptions::default()
    };
    let mut chip = laboratory(&chain, quiet);
    for (leak, between) in [(500, 500), (800, 200), (300, 1023 + 300)] {
        let conductances = Conductances::uniform(chain.compartments, leak, between);
        let found = &heights(&mut chip, &chain, &conductances, &all(&chain), 1)[0];
        print(&format!("leak {leak}, conductance {between}"), found);
        let expected = heights_at_level_r(&chip, &chain);
        println!("  level R, V");
        for row in &expected {
            let row: Vec<String> = row.iter().map(|height| format!("{height:.4}")).collect();
            println!("  {}", row.join(" "));
        }
        for ((injected, seen), truth) in pairs(&expected) {
            // In units of the height where the spikes arrive, which takes the strength of the synapses out.
            let relative = found.at(seen, injected) / found.at(injected, injected);
            let truth = truth / expected[injected][injected];
            // Nominally 646 codes per V (analog-core 7.2). Every spike reaches one synapse, or heights would be multiples.
            let scale = found.at(injected, injected) / expected[injected][injected];
            assert!((450.0..900.0).contains(&scale), "{injected}: {scale} codes per V");
            // Rounding is a code in 80 for either of them.
            assert!(
                (relative - truth).abs() < 0.03,
                "leak {leak}, conductance {between}, {injected} to {seen}: {relative} instead of {truth}"
            );
        }
    }
}

/// Where spikes went, where the height was seen, the height.
fn pairs(heights: &[Vec<f64>]) -> impl Iterator<Item = ((usize, usize), f64)> {
    let compartments = heights.len();
    let places =
        (0..compartments).flat_map(move |injected| (0..compartments).map(move |seen| (injected, seen)));
    places.map(|(injected, seen)| ((injected, seen), heights[seen][injected]))
}

#[test]
fn heights_fall_with_distance_and_the_length_constant_follows_the_conductances() {
    let chain = Chain::default();
    let mut chip = laboratory(&chain, ChipOptions { seed: 1, ..ChipOptions::default() });
    let mut length = |leak, between| {
        let conductances = Conductances::uniform(chain.compartments, leak, between);
        let all = heights(&mut chip, &chain, &conductances, &[0], 4);
        let trials: Vec<f64> = all.iter().map(Heights::length_constant).collect();
        let mean = Heights::mean(&all).unwrap();
        print(&format!("leak {leak}, conductance {between}, trials {trials:.3?}"), &mean);
        let column = mean.column(0);
        assert!(
            column.windows(2).all(|pair| pair[1] < pair[0]),
            "leak {leak}, conductance {between}: {column:?}"
        );
        mean.length_constant()
    };
    let middle = length(511, 511);
    assert!((0.5..8.0).contains(&middle), "{middle}");
    let strong = length(511, 1000);
    let weak = length(511, 150);
    assert!(weak < middle && middle < strong, "{weak} {middle} {strong}");
    let leaky = length(1000, 511);
    assert!(leaky < middle, "{leaky} {middle}");
}

#[test]
fn the_same_programs_on_the_same_chip_measure_the_same() {
    let chain = Chain { compartments: 3, ..Chain::default() };
    let chip = laboratory(&chain, ChipOptions { seed: 2, ..ChipOptions::default() });
    let run = || {
        let mut copy = VirtualChip { executor: chip.executor.clone() };
        heights(&mut copy, &chain, &Conductances::uniform(3, 400, 600), &[0, 2], 2)
    };
    let (first, second) = (run(), run());
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
    assert!(first[0].at(1, 1).is_nan() && first[0].at(1, 2) > 5.0, "{first:?}");
    // Noise goes on from one repetition to the next.
    assert_ne!(first[0].at(0, 0), first[1].at(0, 0));
}

#[test]
fn a_chain_of_another_length_is_refused() {
    let chain = Chain { compartments: 3, ..Chain::default() };
    let mut chip = VirtualChip::with_options(ChipOptions {
        mismatch: MismatchSwitches::IDEAL,
        ..ChipOptions::default()
    });
    let mut link = Link::new(&mut chip.executor);
    let four = Conductances::uniform(4, 1, 1);
    assert!(matches!(
        chain.apply(&mut link, &four),
        Err(CalibrationError::Lengths { given: 4, expected: 3, .. })
    ));
    let large = Conductances::uniform(3, 1023, 1);
    assert!(matches!(chain.apply(&mut link, &large), Err(CalibrationError::Target { .. })));
}
