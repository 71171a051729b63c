//! The length constant over all codes, and the curves on which it is the same.

/// A square grid of codes of leak (first axis) and conductance.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    /// The codes along either axis.
    pub(super) codes: Vec<f64>,
    /// By leak, then conductance.
    values: Vec<f64>,
}

impl Grid {
    /// `points` codes from 10 to 1020 along each axis (calibration 16.4).
    pub(super) fn new(points: usize) -> Self {
        let step = 1010.0 / (points.max(2) - 1) as f64;
        let codes =
            (0..points.max(2)).map(|point| (10.0 + step * point as f64).round()).collect::<Vec<f64>>();
        Self { values: vec![f64::NAN; codes.len() * codes.len()], codes }
    }

    /// All points: leak and conductance.
    pub(super) fn points(&self) -> Vec<[f64; 2]> {
        self.codes.iter().flat_map(|leak| self.codes.iter().map(move |between| [*leak, *between])).collect()
    }

    /// Takes a value for each of [`Grid::points`].
    pub(super) fn fill(&mut self, values: Vec<f64>) {
        self.values = values;
        self.values.resize(self.codes.len() * self.codes.len(), f64::NAN);
    }

    fn value(&self, leak: usize, between: usize) -> f64 {
        self.values[leak * self.codes.len() + between]
    }

    /// By conductance, then leak: as a picture wants it whose columns are the leak.
    pub(super) fn picture(&self) -> Vec<f64> {
        let count = self.codes.len();
        (0..count).flat_map(|between| (0..count).map(move |leak| self.value(leak, between))).collect()
    }

    /// The value at any codes, linear between points along both axes, held at the ends.
    pub(super) fn at(&self, codes: [f64; 2]) -> f64 {
        let place = |code: f64| {
            let cell = self.codes[1..self.codes.len() - 1].iter().filter(|edge| **edge <= code).count();
            let share = (code - self.codes[cell]) / (self.codes[cell + 1] - self.codes[cell]);
            (cell, share.clamp(0.0, 1.0))
        };
        let ((i, a), (j, b)) = (place(codes[0]), place(codes[1]));
        let along = |i: usize| (1.0 - b) * self.value(i, j) + b * self.value(i, j + 1);
        (1.0 - a) * along(i) + a * along(i + 1)
    }

    /// The curve on which the value is `level`, as pieces within cells (marching squares): each piece two points, then one that is not a
    /// number, so that they can be drawn as one broken line.
    pub(super) fn contour(&self, level: f64) -> Vec<(f64, f64)> {
        let mut pieces = Vec::new();
        let count = self.codes.len();
        for (i, j) in (0..count - 1).flat_map(|i| (0..count - 1).map(move |j| (i, j))) {
            let corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)];
            let mut crossings = Vec::new();
            for edge in 0..4 {
                let (from, to) = (corners[edge], corners[(edge + 1) % 4]);
                let (a, b) = (self.value(from.0, from.1), self.value(to.0, to.1));
                if (a < level) != (b < level) && a.is_finite() && b.is_finite() {
                    let share = (level - a) / (b - a);
                    let mix = |from: usize, to: usize| {
                        self.codes[from] + share * (self.codes[to] - self.codes[from])
                    };
                    crossings.push((mix(from.0, to.0), mix(from.1, to.1)));
                }
            }
            for pair in crossings.chunks_exact(2) {
                pieces.extend([pair[0], pair[1], (f64::NAN, f64::NAN)]);
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> Grid {
        let mut grid = Grid::new(11);
        grid.fill(grid.points().iter().map(|[leak, between]| 2.0 * leak + between).collect());
        grid
    }

    #[test]
    fn the_published_grid_has_steps_of_ten() {
        let codes = Grid::new(102).codes;
        assert!(codes.iter().enumerate().all(|(k, code)| *code == 10.0 + 10.0 * k as f64), "{codes:?}");
    }

    #[test]
    fn a_plane_is_interpolated_exactly() {
        let grid = plane();
        for codes in [[10.0, 10.0], [333.0, 777.0], [1020.0, 1020.0], [500.0, 10.0]] {
            assert!((grid.at(codes) - 2.0 * codes[0] - codes[1]).abs() < 1e-9);
        }
        assert!((grid.at([0.0, 1022.0]) - 20.0 - 1020.0).abs() < 1e-9);
    }

    #[test]
    fn the_contour_of_a_plane_is_a_straight_line() {
        let points = plane().contour(1500.0);
        let finite: Vec<_> = points.iter().filter(|point| point.0.is_finite()).collect();
        assert!(finite.len() > 10);
        assert!(finite.iter().all(|(leak, between)| (2.0 * leak + between - 1500.0).abs() < 1e-9));
        assert!(plane().contour(1e6).is_empty());
    }
}
