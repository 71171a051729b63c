//! Schemes for the fast level on the eight adaptive exponential patterns: which one meets the 50 ns per interval of
//! analog-core 9.5, in which precision, for how many steps.
//!
//! This is the evidence for the decision page on the fast level; nothing here is part of the core.

use crate::golden::{Pattern, PatternCircuit, golden};
use nalgebra::RealField;

/// How a step is made.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scheme {
    /// Exponential Rosenbrock-Euler on the membrane (order 2), the adaptation voltage exact for the mean membrane.
    ExponentialRosenbrock,
    /// The classical Runge-Kutta method (order 4) on both.
    RungeKutta,
}

/// How long steps are: at most `longest` s, and at most `fraction` of the time constant C Δ_T / I_exp of the run-away.
#[derive(Clone, Copy, Debug)]
struct Steps {
    longest: f64,
    fraction: f64,
}

/// The right-hand side in one precision.
struct Adex<F> {
    p: Vec<F>,
    invert: bool,
    reset: bool,
    pulse: bool,
}

/// What a derivative needs besides the state: slopes of both, derivative of the first by the membrane, exponential current.
struct Slopes<F> {
    v: F,
    w: F,
    by_v: F,
    exponential: F,
}

impl<F: RealField + Copy> Adex<F> {
    fn new(p: &PatternCircuit) -> Self {
        let numbers = [
            1.0 / p.capacitance,
            p.leak,
            p.rest,
            p.current,
            1.0 / p.slope,
            p.prefactor,
            p.onset - p.shift,
            1.0 / p.limit,
            p.reset,
            p.reset_potential,
            p.linear_range,
            p.g_w,
            p.g_tau,
            p.g_a,
            p.i_b,
            p.reference,
            1.0 / p.c_w,
        ];
        let p = numbers.into_iter().map(nalgebra::convert).collect();
        Self { p, invert: false, reset: false, pulse: false }
    }

    fn slopes(&self, v: F, w: F) -> Slopes<F> {
        let [c, leak, rest, current, slope, prefactor, onset, limit, reset, v_reset, range] =
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(|i| self.p[i]);
        let [g_w, g_tau, g_a, i_b, reference, c_w] = [11, 12, 13, 14, 15, 16].map(|i| self.p[i]);
        let one = F::one();
        let (g, e) = if self.reset { (reset, v_reset) } else { (leak, rest) };
        let bent = ((e - v) / range).tanh();
        let mut i = g * range * bent + current;
        let mut by_v = -g * (one - bent * bent);
        let mut exponential = F::zero();
        if !self.reset {
            let raw = prefactor * ((v - onset) * slope).exp();
            exponential = raw / (one + raw * limit);
            i += exponential;
            by_v += exponential * (one - exponential * limit) * slope;
        }
        let output = ((w - reference) / range).tanh();
        i -= g_w * range * output;
        let coupling = g_a * range * ((v - rest) / range).tanh();
        let mut j = g_tau * (reference - w) + if self.invert { -coupling } else { coupling };
        if self.pulse {
            j += i_b;
        }
        Slopes { v: i * c, w: j * c_w, by_v: by_v * c, exponential }
    }

    /// The increments of a step of `h`.
    fn step(&self, scheme: Scheme, v: F, w: F, h: F) -> (F, F) {
        let [half, sixth, two] = [0.5, 1.0 / 6.0, 2.0].map(nalgebra::convert::<f64, F>);
        match scheme {
            Scheme::ExponentialRosenbrock => {
                let begin = self.slopes(v, w);
                // The adaptation voltage moves by less than a thousandth of its time constant: explicit midpoint.
                let middle = self.slopes(v, w + half * h * begin.w);
                let x = h * middle.by_v;
                let tiny: F = nalgebra::convert(1e-4);
                let phi = if x.abs() < tiny { F::one() + half * x } else { x.exp_m1() / x };
                let dv = h * phi * middle.v;
                let end = self.slopes(v + half * dv, w + half * h * begin.w);
                (dv, h * end.w)
            }
            Scheme::RungeKutta => {
                let a = self.slopes(v, w);
                let b = self.slopes(v + half * h * a.v, w + half * h * a.w);
                let c = self.slopes(v + half * h * b.v, w + half * h * b.w);
                let d = self.slopes(v + h * c.v, w + h * c.w);
                let mean = |a: F, b: F, c: F, d: F| h * sixth * (a + two * b + two * c + d);
                (mean(a.v, b.v, c.v, d.v), mean(a.w, b.w, c.w, d.w))
            }
        }
    }
}

/// A sum that may remember what rounding took away.
#[derive(Clone, Copy)]
struct Sum<F> {
    value: F,
    lost: F,
    compensated: bool,
}

impl<F: RealField + Copy> Sum<F> {
    fn add(&mut self, increment: F) {
        let increment = if self.compensated { increment - self.lost } else { increment };
        let sum = self.value + increment;
        self.lost = (sum - self.value) - increment;
        self.value = sum;
    }
}

/// Reset times in s of 500 us, and the number of steps.
fn run<F: RealField + Copy>(
    pattern: &Pattern,
    scheme: Scheme,
    steps: Steps,
    compensated: bool,
) -> (Vec<f64>, usize) {
    let p = &pattern.chip.parameters;
    let to = |value: f64| nalgebra::convert::<f64, F>(value);
    let from = |value: F| nalgebra::try_convert::<F, f64>(value).unwrap();
    let mut system = Adex::<F>::new(p);
    system.invert = p.invert_a;
    let mut v = Sum { value: to(p.rest), lost: F::zero(), compensated };
    let mut w = Sum { value: to(p.reference), lost: F::zero(), compensated };
    let (mut t, mut count, mut resets) = (0.0, 0, Vec::new());
    let never = f64::INFINITY;
    let (mut close, mut release, mut arm, mut pulse_end) = (never, never, never, never);
    let mut armed = true;
    while t < 500e-6 {
        let next = [close, release, arm, pulse_end, 500e-6].into_iter().fold(never, f64::min);
        let begin = system.slopes(v.value, w.value);
        let fastest = steps.fraction * p.capacitance * p.slope / from(begin.exponential);
        let h = steps.longest.min(fastest).min(next - t).max(1e-12);
        let mut h = h;
        let (start_v, start_w) = (v, w);
        let (before, slope) = (from(v.value), from(begin.v));
        let (dv, dw) = system.step(scheme, v.value, w.value, to(h));
        v.add(dv);
        w.add(dw);
        count += 1;
        let after = from(v.value);
        if armed && before < p.threshold && after >= p.threshold {
            // Cubic Hermite interpolation, bisected.
            let end = from(system.slopes(v.value, w.value).v);
            let at = |x: f64| {
                let (a, b) = (before + (after - before) * x, x * (1.0 - x));
                let (left, right) = (h * slope - (after - before), h * end - (after - before));
                a + b * ((1.0 - x) * left - x * right)
            };
            let (mut low, mut high) = (0.0, 1.0);
            for _ in 0..50 {
                let middle = 0.5 * (low + high);
                if at(middle) >= p.threshold { high = middle } else { low = middle }
            }
            (armed, close) = (false, t + high * h + p.delay);
            if close < t + h {
                // The reset begins within the step: make it again up to there.
                h = close - t;
                (v, w) = (start_v, start_w);
                let (dv, dw) = system.step(scheme, v.value, w.value, to(h));
                v.add(dv);
                w.add(dw);
            }
        }
        let next = next.min(close);
        t = if (next - t - h).abs() < 1e-15 { next } else { t + h };
        if t == release {
            (release, system.reset) = (never, false);
            v.add(to(p.release / p.capacitance));
        }
        if t >= close {
            resets.push(close);
            let closed = close;
            (close, system.reset, system.pulse) = (never, true, true);
            release = closed + f64::from(p.ticks - p.holdoff) * p.clock;
            arm = closed + f64::from(p.ticks) * p.clock;
            pulse_end = closed + p.pulse;
        }
        if t == pulse_end {
            (pulse_end, system.pulse) = (never, false);
        }
        if t == arm {
            (arm, armed) = (never, true);
        }
    }
    (resets, count)
}

/// Largest deviation of an interval between spikes in ns over all patterns, infinite if the number of spikes differs, and steps.
fn worst<F: RealField + Copy>(scheme: Scheme, steps: Steps, compensated: bool) -> (f64, usize) {
    let (mut worst, mut total): (f64, usize) = (0.0, 0);
    for (name, pattern) in &golden().patterns {
        let (found, count) = run::<F>(pattern, scheme, steps, compensated);
        total += count;
        let expected = &pattern.chip.resets;
        // In the irregular pattern only the first four compare; in all, the first interval counts from the beginning.
        let compared = if name == "irregular" { 4 } else { expected.len() };
        if found.len() != expected.len() && name != "irregular" {
            return (f64::INFINITY, total);
        }
        let (mut last, mut last_expected) = (0.0, 0.0);
        for (a, b) in found.iter().zip(expected).take(compared) {
            worst = worst.max(((a - last) - (b - last_expected)).abs() * 1e9);
            (last, last_expected) = (*a, *b);
        }
    }
    (worst, total)
}

/// Deviation in ns and steps of all eight patterns in `F` with steps of `ns`, shorter in the run-away.
fn of<F: RealField + Copy>(scheme: Scheme, ns: f64, compensated: bool) -> (f64, usize) {
    worst::<F>(scheme, Steps { longest: ns * 1e-9, fraction: 0.2 }, compensated)
}

#[test]
fn runge_kutta_with_100_nanoseconds_in_single_precision_meets_the_limit_of_the_fast_level() {
    let (deviation, steps) = of::<f32>(Scheme::RungeKutta, 100.0, false);
    // 50 ns per interval; 4 ms of chip time are 40 000 steps of 100 ns, so the run-away costs 3 %.
    assert!(deviation < 15.0 && steps < 42_000, "{deviation} ns, {steps} steps");
}

#[test]
fn a_second_order_exponential_scheme_needs_steps_of_20_nanoseconds() {
    let (deviation, _) = of::<f32>(Scheme::ExponentialRosenbrock, 50.0, false);
    assert!(deviation > 50.0, "{deviation} ns");
    let (deviation, steps) = of::<f32>(Scheme::ExponentialRosenbrock, 20.0, false);
    assert!(deviation < 50.0 && steps > 190_000, "{deviation} ns, {steps} steps");
}

#[test]
fn rounding_in_single_precision_costs_two_nanoseconds_and_compensation_a_tenth() {
    let (exact, _) = of::<f64>(Scheme::RungeKutta, 20.0, false);
    let (single, _) = of::<f32>(Scheme::RungeKutta, 20.0, false);
    let (compensated, _) = of::<f32>(Scheme::RungeKutta, 20.0, true);
    assert!(exact < 0.1, "{exact} ns");
    assert!(single > 1.0 && single < 5.0, "{single} ns");
    assert!(compensated < 0.5, "{compensated} ns");
}
