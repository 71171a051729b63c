//! Does structure help? The classification task of experiments E03 with ideal neurons instead of a chip, on three clusters with
//! means and spreads of the petals of Iris.

use crate::bench::Bench;
use crate::learning::Random;
use bss2_firmware::block::Block;
use bss2_firmware::control::{PARAMETERS, result};
use bss2_firmware::structural;

const ROWS: usize = 16;
const CANDIDATES: usize = 4;
const CLASSES: usize = 3;

/// A sample in the unit square and its class.
fn sample(class: usize, random: &mut Random) -> [f64; 2] {
    // Petal length and width, cm.
    const MEAN: [[f64; 2]; CLASSES] = [[1.46, 0.25], [4.26, 1.33], [5.55, 2.03]];
    const SPREAD: [[f64; 2]; CLASSES] = [[0.17, 0.1], [0.47, 0.2], [0.55, 0.27]];
    let petal: [f64; 2] =
        std::array::from_fn(|axis| MEAN[class][axis] + SPREAD[class][axis] * random.normal());
    [(petal[0] - 1.0) / 5.9, (petal[1] - 0.1) / 2.4].map(|feature| 0.05 + 0.9 * feature)
}

/// Spikes of the label neurons in a trial of 200 us, and the correlation of their synapses: 2 LSB a pair.
fn trial(
    bench: &Bench,
    place: &[usize],
    at: [f64; 2],
    teacher: Option<usize>,
    gains: &[f64],
    random: &mut Random,
) -> Vec<(u32, Vec<u8>)> {
    const STEP: f64 = 0.5; // us
    // Poisson events of the receptors on an 8 x 8 grid: which fire in a step, by row and candidate.
    let probability: Vec<f64> = place
        .iter()
        .map(|cell| {
            let receptor = [(cell % 8) as f64 / 7.0, (cell / 8) as f64 / 7.0];
            let distance = (receptor[0] - at[0]).hypot(receptor[1] - at[1]);
            (1.0 - distance / 0.3).max(0.0) * 0.1 * STEP
        })
        .collect();
    let mut state = vec![(0.0, 0.0, 0u32, 0.0, [0.0; ROWS], [0.0; ROWS]); CLASSES];
    for step in 0..400 {
        let fired: Vec<bool> =
            probability.iter().map(|probability| random.uniform() < *probability).collect();
        for (class, (current, membrane, spikes, silent, trace, pairs)) in state.iter_mut().enumerate() {
            for row in 0..ROWS {
                trace[row] *= (-STEP / 10.0f64).exp();
                let label = usize::from(bench.world.labels[row][2 * class]);
                if fired[row * CANDIDATES + label] {
                    *current += gains[class] * f64::from(bench.world.weights[row][2 * class]);
                    trace[row] = 1.0;
                }
            }
            if let Some(right) = teacher
                && step >= 20
                && step % 40 == 20
            {
                *current += if right == class { 200.0 } else { -200.0 };
            }
            *silent -= STEP;
            if *silent > 0.0 {
                *membrane = 0.0;
            } else {
                let decay = (-STEP / 10.0f64).exp();
                *membrane = *membrane * decay + *current * (1.0 - decay);
            }
            *current *= (-STEP / 5.0f64).exp();
            if *membrane >= 25.0 {
                (*membrane, *silent) = (0.0, 2.0);
                *spikes += 1;
                for row in 0..ROWS {
                    pairs[row] += std::mem::take(&mut trace[row]);
                }
            }
        }
    }
    let reading = |pairs: [f64; ROWS]| pairs.map(|pairs| (2.0 * pairs).min(150.0) as u8).to_vec();
    state.into_iter().map(|(_, _, spikes, _, _, pairs)| (spikes, reading(pairs))).collect()
}

/// Runs trials of one command; answers how many the label neurons got right.
fn run(
    bench: &mut Bench,
    command: u32,
    samples: &[usize],
    place: &[usize],
    gains: &[f64],
    random: &mut Random,
) -> usize {
    let mut parameters: structural::Parameters = bench.read(PARAMETERS);
    parameters.trials = samples.len() as u32;
    bench.write(PARAMETERS, &parameters);
    let start = bench.core.cycle() + u64::from(parameters.start_delay + parameters.stimulus_start) + 500;
    let before = bench.control().records as usize;
    bench.command(command);
    let mut right = 0;
    for (number, class) in samples.iter().enumerate() {
        bench.run_to(start + number as u64 * u64::from(parameters.period));
        let at = sample(*class, random);
        let teacher = (command == structural::COMMAND_TRAIN).then_some(*class);
        for (class, (spikes, pairs)) in
            trial(bench, place, at, teacher, gains, random).into_iter().enumerate()
        {
            bench.world.counters[2 * class] += spikes;
            for (row, pairs) in pairs.into_iter().enumerate() {
                bench.world.causal[row][2 * class] += pairs;
            }
        }
        bench.run_to(start + number as u64 * u64::from(parameters.period) + 83_000);
        let slot = (before + number) % structural::RING as usize * structural::Record::SIZE;
        let record =
            structural::Record::from_bytes(&bench.world.sram[bench.address("records") + slot..]).unwrap();
        right += usize::from(usize::from(record.winner) == *class);
    }
    bench.run_while(200_000, |bench| bench.control().command != 0);
    assert_eq!((bench.control().result, bench.control().overruns), (result::DONE, 0));
    right
}

/// Accuracy after training, and number of reassigned synapses.
fn classify(seed: u32, rewiring: bool, epochs: usize) -> (f64, u32) {
    let mut bench = Bench::new(&bss2_firmware::STRUCTURAL, 0);
    let mut parameters: structural::Parameters = bench.read(PARAMETERS);
    parameters.seed = seed;
    if !rewiring {
        parameters.structure_interval = 0;
    }
    bench.write(PARAMETERS, &parameters);
    let mut random = Random(u64::from(seed));
    let gains: Vec<f64> = (0..CLASSES).map(|_| 1.0 + 0.2 * random.normal()).collect();
    // Receptors in random order on rows and candidates.
    let mut place: Vec<usize> = (0..ROWS * CANDIDATES).collect();
    for last in (1..place.len()).rev() {
        place.swap(last, (random.uniform() * (last + 1) as f64) as usize);
    }
    assert_eq!(bench.finish(structural::COMMAND_INITIALISE, 3_000_000), result::DONE);
    assert_eq!(bench.finish(structural::COMMAND_RANDOMISE, 100_000), result::DONE);
    for _ in 0..epochs {
        let samples: Vec<usize> = (0..75).map(|_| (random.uniform() * 3.0) as usize).collect();
        run(&mut bench, structural::COMMAND_TRAIN, &samples, &place, &gains, &mut random);
    }
    let samples: Vec<usize> = (0..150).map(|number| number % 3).collect();
    let right = run(&mut bench, structural::COMMAND_EVALUATE, &samples, &place, &gains, &mut random);
    (right as f64 / 150.0, bench.word(bench.address(structural::REASSIGNMENTS)))
}

fn means(seeds: std::ops::RangeInclusive<u32>, epochs: usize) -> (f64, f64) {
    let runs = seeds.clone().count() as f64;
    let mean = |rewiring| {
        let accuracy = |seed| {
            let (accuracy, reassigned) = classify(seed, rewiring, epochs);
            assert_eq!(reassigned > 0, rewiring);
            accuracy
        };
        seeds.clone().map(accuracy).sum::<f64>() / runs
    };
    (mean(true), mean(false))
}

#[test]
fn rewiring_helps_classification() {
    let (on, off) = means(1..=1, 8);
    assert!(on >= 0.85 && on - off >= 0.05, "accuracy {on} with rewiring, {off} without");
}

#[test]
#[ignore = "takes half a minute: the full schedule with five seeds"]
fn rewiring_helps_classification_on_average() {
    let (on, off) = means(1..=5, 40);
    println!("accuracy {on:.3} with rewiring, {off:.3} without");
    assert!(on >= 0.85 && on - off >= 0.05, "accuracy {on} with rewiring, {off} without");
}
