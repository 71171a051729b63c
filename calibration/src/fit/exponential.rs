//! `y = scale · exp(−t/τ) + offset` by variable projection: for every τ the best scale and offset follow from linear
//! equations, so only the logarithm of τ is searched (calibration 16.1).

use bss2_base::math;
use serde::{Deserialize, Serialize};

/// An exponential with an offset, and how well it fits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exponential {
    /// Distance from the offset at t = 0.
    pub scale: f64,
    /// Time constant, in the unit of the times.
    pub tau: f64,
    /// Where it ends.
    pub offset: f64,
    /// Standard deviation of the points from the curve.
    pub rms: f64,
}

impl Exponential {
    /// The value at `t`.
    pub fn at(&self, t: f64) -> f64 {
        self.scale * math::exp(-t / self.tau) + self.offset
    }
}

/// Where the parameters of an exponential may lie, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExponentialBounds {
    /// Of the scale.
    pub scale: (f64, f64),
    /// Of the time constant; positive.
    pub tau: (f64, f64),
    /// Of the offset.
    pub offset: (f64, f64),
}

impl ExponentialBounds {
    /// Only the time constant is bounded.
    pub const fn tau(lower: f64, upper: f64) -> Self {
        const FREE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
        Self { scale: FREE, tau: (lower, upper), offset: FREE }
    }

    fn are_ordered(&self) -> bool {
        let ordered = |(lower, upper): (f64, f64)| lower <= upper;
        ordered(self.scale)
            && ordered(self.offset)
            && ordered(self.tau)
            && self.tau.0 > 0.0
            && self.tau.1.is_finite()
    }
}

/// What the linear part needs to know of the data for one τ.
struct Moments {
    n: f64,
    e: f64,
    ee: f64,
    y: f64,
    ey: f64,
    yy: f64,
}

impl Moments {
    fn square(&self, scale: f64, offset: f64) -> f64 {
        self.yy + scale * scale * self.ee + offset * offset * self.n + 2.0 * scale * offset * self.e
            - 2.0 * scale * self.ey
            - 2.0 * offset * self.y
    }

    /// The scale and offset of least squares within their bounds. The objective is convex, so the best point is the free
    /// optimum or lies on an edge.
    fn solve(&self, bounds: &ExponentialBounds) -> (f64, f64) {
        let within = |value: f64, (lower, upper): (f64, f64)| value >= lower && value <= upper;
        let determinant = self.n * self.ee - self.e * self.e;
        if determinant > 1e-14 * self.n * self.ee {
            let scale = (self.n * self.ey - self.e * self.y) / determinant;
            let offset = (self.ee * self.y - self.e * self.ey) / determinant;
            if within(scale, bounds.scale) && within(offset, bounds.offset) {
                return (scale, offset);
            }
        }
        let mut best = (f64::INFINITY, (0.0_f64.clamp(bounds.scale.0, bounds.scale.1), 0.0));
        let mut consider = |scale: f64, offset: f64| {
            let square = self.square(scale, offset);
            if square < best.0 {
                best = (square, (scale, offset));
            }
        };
        for scale in [bounds.scale.0, bounds.scale.1, 0.0] {
            if scale.is_finite() && within(scale, bounds.scale) {
                let offset = ((self.y - scale * self.e) / self.n).clamp(bounds.offset.0, bounds.offset.1);
                consider(scale, offset);
            }
        }
        for offset in [bounds.offset.0, bounds.offset.1] {
            if offset.is_finite() && self.ee > 0.0 {
                let scale = ((self.ey - offset * self.e) / self.ee).clamp(bounds.scale.0, bounds.scale.1);
                consider(scale, offset);
            }
        }
        best.1
    }
}

/// Fits points at any times. `None` with less than three finite points, or bounds that exclude everything.
pub fn exponential(t: &[f64], y: &[f64], bounds: &ExponentialBounds) -> Option<Exponential> {
    let points: Vec<(f64, f64)> =
        t.iter().copied().zip(y.iter().copied()).filter(|(t, y)| t.is_finite() && y.is_finite()).collect();
    if points.len() < 3 {
        return None;
    }
    // Referred to the mean, the squares below lose no digits to a large offset.
    let reference = points.iter().map(|(_, y)| y).sum::<f64>() / points.len() as f64;
    let first = points.iter().map(|(t, _)| *t).fold(f64::INFINITY, f64::min);
    let moments = |tau: f64| {
        let mut m = Moments { n: points.len() as f64, e: 0.0, ee: 0.0, y: 0.0, ey: 0.0, yy: 0.0 };
        for &(t, y) in &points {
            let (e, y) = (math::exp(-(t - first) / tau), y - reference);
            m.e += e;
            m.ee += e * e;
            m.y += y;
            m.ey += e * y;
            m.yy += y * y;
        }
        m
    };
    let residual = |tau: f64, scale: f64, offset: f64| {
        points
            .iter()
            .map(|&(t, y)| y - reference - offset - scale * math::exp(-(t - first) / tau))
            .map(|d| d * d)
            .sum::<f64>()
    };
    let found = project(bounds, reference, &moments, &|taus| taus.map(moments), &residual)?;
    // The scale belongs to t = 0, not to the first point.
    let scale = found.scale * math::exp(first / found.tau);
    scale.is_finite().then_some(Exponential { scale, ..found })
}

/// Fits samples at equal distances, the first at t = 0. The same as [`exponential`], ten times as fast: powers of one factor
/// take the place of exponentials. NaN samples make it `None`.
pub fn exponential_trace(spacing: f64, y: &[f64], bounds: &ExponentialBounds) -> Option<Exponential> {
    if y.len() < 3 || !(spacing > 0.0 && spacing.is_finite()) {
        return None;
    }
    let reference = y.iter().sum::<f64>() / y.len() as f64;
    if !reference.is_finite() {
        return None;
    }
    let n = y.len() as f64;
    let (sum, squares) =
        y.iter().map(|y| y - reference).fold((0.0, 0.0), |(sum, squares), y| (sum + y, squares + y * y));
    let geometric = |q: f64| {
        // Σ q^k for k < n.
        let last = math::exp(n * math::ln(q));
        if q < 1.0 { (1.0 - last) / (1.0 - q) } else { n }
    };
    let with = |q: f64, ey: f64| {
        let safe = |q: f64| if q > 0.0 { geometric(q) } else { 1.0 };
        Moments { n, e: safe(q), ee: safe(q * q), y: sum, ey, yy: squares }
    };
    let moments = |tau: f64| {
        let q = math::exp(-spacing / tau);
        with(q, y.iter().rev().fold(0.0, |sum, y| sum * q + (y - reference)))
    };
    // Every step of such a sum waits for the one before; four sums at a time wait together.
    let several = |taus: [f64; AT_ONCE]| {
        let factors = taus.map(|tau| math::exp(-spacing / tau));
        let mut sums = [0.0; AT_ONCE];
        for y in y.iter().rev() {
            let y = y - reference;
            for (sum, q) in sums.iter_mut().zip(factors) {
                *sum = *sum * q + y;
            }
        }
        core::array::from_fn(|k| with(factors[k], sums[k]))
    };
    let residual = |tau: f64, scale: f64, offset: f64| {
        let q = math::exp(-spacing / tau);
        let mut e = 1.0;
        y.iter().fold(0.0, |sum, y| {
            let d = y - reference - offset - scale * e;
            e *= q;
            sum + d * d
        })
    };
    project(bounds, reference, &moments, &several, &residual)
}

/// Points of the grid on which the search for ln τ begins.
const GRID: usize = 28;
/// How many of them are looked at together.
const AT_ONCE: usize = 4;

fn project(
    bounds: &ExponentialBounds,
    reference: f64,
    moments: &dyn Fn(f64) -> Moments,
    several: &dyn Fn([f64; AT_ONCE]) -> [Moments; AT_ONCE],
    residual: &dyn Fn(f64, f64, f64) -> f64,
) -> Option<Exponential> {
    if !bounds.are_ordered() {
        return None;
    }
    // Everything in the linear part is relative to the reference.
    let shifted =
        ExponentialBounds { offset: (bounds.offset.0 - reference, bounds.offset.1 - reference), ..*bounds };
    let solve = |ln_tau: f64| {
        let tau = math::exp(ln_tau).clamp(bounds.tau.0, bounds.tau.1);
        let (scale, offset) = moments(tau).solve(&shifted);
        (tau, scale, offset)
    };
    let (low, high) = (math::ln(bounds.tau.0), math::ln(bounds.tau.1));
    let at = |k: usize| low + (high - low) * k as f64 / (GRID - 1) as f64;
    let mut best = (f64::INFINITY, 0);
    for first in (0..GRID).step_by(AT_ONCE) {
        let taus = core::array::from_fn(|k| math::exp(at(first + k)).clamp(bounds.tau.0, bounds.tau.1));
        for (k, moments) in several(taus).iter().enumerate() {
            let (scale, offset) = moments.solve(&shifted);
            let square = moments.square(scale, offset);
            if square < best.0 {
                best = (square, first + k);
            }
        }
    }
    if best.0 == f64::INFINITY {
        return None;
    }
    let fine = |ln_tau: f64| {
        let (tau, scale, offset) = solve(ln_tau);
        residual(tau, scale, offset)
    };
    let ln_tau = minimise(at(best.1.saturating_sub(1)), at((best.1 + 1).min(GRID - 1)), &fine);
    let (tau, scale, offset) = solve(ln_tau);
    let rms = (residual(tau, scale, offset) / moments(tau).n).sqrt();
    let found = Exponential { scale, tau, offset: offset + reference, rms };
    (scale.is_finite() && found.offset.is_finite() && rms.is_finite()).then_some(found)
}

/// The place of the least value between two points: Brent's combination of parabolas and golden sections.
fn minimise(mut low: f64, mut high: f64, value: &dyn Fn(f64) -> f64) -> f64 {
    const GOLDEN: f64 = 0.381_966_011_250_105_1;
    const TOLERANCE: f64 = 1e-10;
    let mut best = low + GOLDEN * (high - low);
    let (mut second, mut third) = (best, best);
    let mut at_best = value(best);
    let (mut at_second, mut at_third) = (at_best, at_best);
    let (mut step, mut step_before) = (0.0_f64, 0.0_f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if (best - middle).abs() <= 2.0 * TOLERANCE - 0.5 * (high - low) {
            break;
        }
        let mut golden = true;
        if step_before.abs() > TOLERANCE {
            let r = (best - second) * (at_best - at_third);
            let mut q = (best - third) * (at_best - at_second);
            let mut p = (best - third) * q - (best - second) * r;
            q = 2.0 * (q - r);
            if q > 0.0 {
                p = -p;
            } else {
                q = -q;
            }
            if p.abs() < (0.5 * q * step_before).abs() && p > q * (low - best) && p < q * (high - best) {
                step_before = step;
                step = p / q;
                golden = false;
            }
        }
        if golden {
            step_before = if best < middle { high - best } else { low - best };
            step = GOLDEN * step_before;
        }
        let candidate = best + if step.abs() >= TOLERANCE { step } else { TOLERANCE.copysign(step) };
        let at_candidate = value(candidate);
        if at_candidate <= at_best {
            if candidate < best {
                high = best
            } else {
                low = best
            }
            (third, second, best) = (second, best, candidate);
            (at_third, at_second, at_best) = (at_second, at_best, at_candidate);
        } else {
            if candidate < best {
                low = candidate
            } else {
                high = candidate
            }
            if at_candidate <= at_second || second == best {
                (third, second) = (second, candidate);
                (at_third, at_second) = (at_second, at_candidate);
            } else if at_candidate <= at_third || third == best || third == second {
                third = candidate;
                at_third = at_candidate;
            }
        }
    }
    best
}
