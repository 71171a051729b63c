//! The task: which flower is it? Iris, the receptors that look at it, and the spikes they send.

use bss2_base::SimTime;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp};
use rand_pcg::Pcg64Mcg;

/// Names of the classes.
pub(super) const CLASSES: [&str; 3] = ["setosa", "versicolor", "virginica"];

/// Receptors lie on a grid of `GRID` x `GRID` points over the unit square.
const GRID: usize = 8;
/// A receptor sees this far.
const RADIUS: f64 = 0.3;
/// Rate of a receptor that lies on the sample, spikes per us.
const RATE: f64 = 0.1;
/// How long a sample is shown.
pub(super) const DURATION: SimTime = SimTime::from_us(200);

/// A flower.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// Petal length and width, scaled to 0.05..=0.95.
    pub(super) place: (f64, f64),
    /// Index into [`CLASSES`].
    pub(super) class: usize,
}

/// Training and test set: the even and the odd flowers of each class.
///
/// # Errors
/// Those of the csv file.
pub(super) fn iris() -> Result<(Vec<Sample>, Vec<Sample>), csv::Error> {
    let file: &[u8] = include_bytes!("../../../assets/iris.csv");
    let scaled = |value: f64, low: f64, span: f64| 0.05 + 0.9 * (value - low) / span;
    let (mut train, mut test) = (Vec::new(), Vec::new());
    let mut of_class = [0; CLASSES.len()];
    for row in csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(file).deserialize() {
        let (length, width, class): (f64, f64, usize) = row?;
        let sample = Sample { place: (scaled(length, 1.0, 5.9), scaled(width, 0.1, 2.4)), class };
        if of_class[class] % 2 == 0 {
            train.push(sample)
        } else {
            test.push(sample)
        }
        of_class[class] += 1;
    }
    Ok((train, test))
}

/// A spike of a receptor, by its index.
pub(super) type Spike = (SimTime, usize);

/// 64 receptors in random order: receptor `i` drives row `i / candidates` as its candidate `i % candidates`.
#[derive(Clone, Debug)]
pub(super) struct Receptors {
    cells: Vec<usize>,
    random: Pcg64Mcg,
}

impl Receptors {
    /// Number of receptors.
    pub(super) const COUNT: usize = GRID * GRID;

    /// The order and all spikes follow from `seed`.
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let mut cells: Vec<usize> = (0..Self::COUNT).collect();
        cells.shuffle(&mut random);
        Self { cells, random }
    }

    /// Where a receptor lies.
    pub(super) fn place(&self, receptor: usize) -> (f64, f64) {
        let cell = self.cells[receptor];
        let at = |index: usize| index as f64 / (GRID - 1) as f64;
        (at(cell % GRID), at(cell / GRID))
    }

    /// The receptors as they lie, from the lower left to the upper right: index of each in the order of places.
    pub(super) fn rank(&self, receptor: usize) -> usize {
        self.cells[receptor]
    }

    /// Shows a sample for [`DURATION`]: Poisson spikes with a rate that falls linearly with the distance, by receptor.
    pub(super) fn look(&mut self, sample: &Sample) -> Vec<Spike> {
        let mut spikes = Vec::new();
        for receptor in 0..Self::COUNT {
            let (x, y) = self.place(receptor);
            let distance = (x - sample.place.0).hypot(y - sample.place.1);
            let Ok(interval) = Exp::new(RATE * (1.0 - distance / RADIUS).max(0.0)) else { continue };
            let mut time = interval.sample(&mut self.random);
            while time < DURATION.as_us_f64() {
                spikes.push((SimTime::from_ns((1e3 * time) as u64), receptor));
                time += interval.sample(&mut self.random);
            }
        }
        spikes
    }

    /// The samples in a new order.
    pub(super) fn shuffled(&mut self, samples: &[Sample]) -> Vec<Sample> {
        let mut samples = samples.to_vec();
        samples.shuffle(&mut self.random);
        samples
    }

    /// A seed for the processor's generators, not 0.
    pub(super) fn processor_seed(&mut self) -> u32 {
        self.random.random_range(1..=u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_each_class_trains() {
        let (train, test) = iris().unwrap();
        for set in [&train, &test] {
            assert_eq!(
                (0..3).map(|c| set.iter().filter(|s| s.class == c).count()).collect::<Vec<_>>(),
                [25; 3]
            );
            let inside = |v: f64| (0.05 - 1e-12..0.95 + 1e-12).contains(&v);
            assert!(set.iter().all(|sample| inside(sample.place.0) && inside(sample.place.1)));
        }
        // The first flower: petal 1.4 cm x 0.2 cm.
        assert_eq!(train[0].place, (0.05 + 0.9 * (1.4 - 1.0) / 5.9, 0.05 + 0.9 * (0.2 - 0.1) / 2.4));
    }

    #[test]
    fn a_receptor_fires_the_less_the_further_the_sample_is_away() {
        let mut receptors = Receptors::new(1);
        let sample = Sample { place: (3.0 / 7.0, 3.0 / 7.0), class: 0 };
        let mut counts = [0; Receptors::COUNT];
        for _ in 0..500 {
            receptors.look(&sample).iter().for_each(|(_, receptor)| counts[*receptor] += 1);
        }
        for (receptor, count) in counts.into_iter().enumerate() {
            let (x, y) = receptors.place(receptor);
            // 20 spikes a look at distance 0, times 500.
            let expected = 1e4 * (1.0 - (x - 3.0 / 7.0).hypot(y - 3.0 / 7.0) / 0.3).max(0.0);
            assert!(
                (f64::from(count) - expected).abs() <= 4.5 * expected.sqrt(),
                "{receptor}: {count}, {expected}"
            );
        }
    }
}
