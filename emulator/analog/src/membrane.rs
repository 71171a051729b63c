//! The linear membrane: propagators, bounds on the future, and the moment of a crossing (analog-core 9.3, 9.4).
//!
//! ```text
//! dV/dt   = -decay V + drift + bend(V) + sum over x, k of coupling_xk u_x^k      x: excitatory, inhibitory
//! du_x/dt = -line_decay_x u_x
//! ```
//!
//! This is the circuit class L1 of the specification and what saturation adds to it. The synaptic inputs are polynomials of the line
//! swings (`curve.rs`), exact as the rest. Leak or reset is linearised at a membrane voltage (`tangent.rs`). Where the membrane
//! *rests*, that is all: the propagators are exact. On its way, the bend is what the tangent leaves out: a current that follows from the path
//! without it, integrated by Simpson's rule over steps of [`longest`](LinearMembrane::longest).
//!
//! Told to do without (level linear), tangents are those at the reversal potentials and the silent lines: a leak 0.26 V away from
//! its reversal potential is then 8 % too strong, and ten simultaneous events of weight 31 don't show their 7 % compression.
//!
//! [`LinearCircuit`](crate::linear::LinearCircuit) uses nothing of a membrane but [`after`](LinearMembrane::after), the bounds
//! ([`upper_bound`](LinearMembrane::upper_bound), [`lower_bound`](LinearMembrane::lower_bound), [`rise`](LinearMembrane::rise),
//! [`fall`](LinearMembrane::fall)) and [`first_crossing`](LinearMembrane::first_crossing).

use crate::curve::{Curve, POWERS};
use crate::parameters::{Line, NeuronParameters, Transconductor};
use crate::tangent::{Bend, Tangent};
use bss2_base::math::{exp, ln};
use serde::{Deserialize, Serialize};

/// Below this voltage, and above [`CLAMP_HIGH`], [`CLAMP_CONDUCTANCE`] pulls the membrane back (analog-core 3.1).
pub(crate) const CLAMP_LOW: f64 = 0.0;
/// See [`CLAMP_LOW`]; V.
pub(crate) const CLAMP_HIGH: f64 = 1.25;
/// Conductance of the soft clamp in S.
pub(crate) const CLAMP_CONDUCTANCE: f64 = 20e-6;

/// A line swing in V that is nothing: keeps lines that have long decayed from costing work.
const LINE_SILENT: f64 = 1e-12;
/// Longest step of a bent membrane in time constants.
const LONGEST: f64 = 1.0;
/// What a line may still move a bent membrane by, in V, in a step that is longer than its time constant.
const GENTLE: f64 = 0.2e-3;
/// A line as fast as the membrane is taken to be slower by this share, so that their difference divides; 10 nV of a PSP of 100 mV.
const DISTINCT: f64 = 1e-7;

/// The dynamic variables of a circuit: membrane in V, and how far each line is below its rest in V (never negative).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub(crate) v: f64,
    pub(crate) u: [f64; 2],
}

/// Which transconductor is switched in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    Leak = 0,
    Reset = 1,
}

impl Mode {
    /// Both, leak first.
    pub(crate) const ALL: [Self; 2] = [Self::Leak, Self::Reset];

    /// The transconductor that is switched in.
    pub(crate) fn transconductor(self, parameters: &NeuronParameters) -> &Transconductor {
        match self {
            Self::Leak => &parameters.leak,
            Self::Reset => &parameters.reset,
        }
    }
}

/// On which side of the soft clamps the membrane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Region {
    Low,
    Inside,
    High,
}

impl Region {
    #[inline]
    pub(crate) fn of(v: f64) -> Self {
        if v < CLAMP_LOW {
            Self::Low
        } else if v > CLAMP_HIGH {
            Self::High
        } else {
            Self::Inside
        }
    }

    /// The voltages in V between which the equations of the region hold.
    #[inline]
    pub(crate) fn limits(self) -> (f64, f64) {
        match self {
            Self::Low => (f64::NEG_INFINITY, CLAMP_LOW),
            Self::Inside => (CLAMP_LOW, CLAMP_HIGH),
            Self::High => (CLAMP_HIGH, f64::INFINITY),
        }
    }
}

/// Coefficients of the equations above for one mode and one region.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LinearMembrane {
    /// 1/s; 0 without any conductance.
    decay: f64,
    /// V/s.
    drift: f64,
    /// Where the membrane comes to rest without line swing, `drift / decay` in V; infinite, with the sign of the drift, without any
    /// conductance, and 0 if there is no drift either.
    rest: f64,
    /// What the tangent leaves out, if that has to be made good for.
    bend: Option<BentMembrane>,
    /// V/s of membrane slope per V^k of line swing, negative for the inhibitory line.
    coupling: [[f64; POWERS]; 2],
    /// How many of them there are.
    powers: [usize; 2],
    /// 1/s.
    line_decay: [f64; 2],
    /// A line swing u moves the membrane by no more than `steepest * u`, and no more than `largest`; 1 and V.
    steepest: [f64; 2],
    largest: [f64; 2],
}

/// The bend of the equations above.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct BentMembrane {
    bend: Bend,
    /// Where it is none, in V.
    about: f64,
    /// 1 / linear range in 1/V.
    inverse_range: f64,
    /// V/s.
    scale: f64,
    /// How far in V the membrane may be drawn by it, either way.
    slack: f64,
}

impl BentMembrane {
    /// dV/dt in V/s.
    #[inline]
    fn slope(&self, v: f64) -> f64 {
        self.scale * self.bend.at((v - self.about) * self.inverse_range)
    }
}

/// What a stretch of time does to the membrane alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relaxation {
    /// What is left of a deviation: `exp(-decay h)`.
    pub(crate) rest: f64,
    /// The voltage in V that 1 V/s has caused: `(1 - exp(-decay h)) / decay`, in s.
    pub(crate) response: f64,
}

/// What a line does to the membrane while it decays: `sum over k of share_k (left^k - rest)`, with what is left of the line and of the
/// membrane.
struct Decaying {
    shares: [f64; POWERS],
    sum: f64,
}

impl LinearMembrane {
    /// The membrane where it rests, for use until the parameters change. `curves`: the inputs around the present swings.
    pub(crate) fn new(
        parameters: &NeuronParameters,
        mode: Mode,
        region: Region,
        tangent: &Tangent,
        curves: &[Curve; 2],
    ) -> Self {
        Self::with_bounds(parameters, mode, region, tangent, curves, convolution_peak)
    }

    /// The same for use on the way: made faster, with looser bounds.
    pub(crate) fn passing(
        parameters: &NeuronParameters,
        mode: Mode,
        region: Region,
        tangent: &Tangent,
        curves: &[Curve; 2],
    ) -> Self {
        Self::with_bounds(parameters, mode, region, tangent, curves, bound_of_convolution)
    }

    fn with_bounds(
        parameters: &NeuronParameters,
        mode: Mode,
        region: Region,
        tangent: &Tangent,
        curves: &[Curve; 2],
        peak: fn(f64, f64) -> f64,
    ) -> Self {
        let transconductor = mode.transconductor(parameters);
        let bent = tangent.bent;
        let mut conductance = transconductor.conductance * (1.0 - bent * bent);
        let mut current = conductance * tangent.about + parameters.constant_current;
        if bent != 0.0 {
            current += transconductor.conductance * transconductor.linear_range * bent;
        }
        match region {
            Region::Inside => {}
            Region::Low => {
                conductance += CLAMP_CONDUCTANCE;
                current += CLAMP_CONDUCTANCE * CLAMP_LOW;
            }
            Region::High => {
                conductance += CLAMP_CONDUCTANCE;
                current += CLAMP_CONDUCTANCE * CLAMP_HIGH;
            }
        }
        let per_farad = 1.0 / parameters.capacitance;
        let paused = mode == Mode::Reset && parameters.pause_in_reset;
        let mut coupling = [[0.0; POWERS]; 2];
        let mut powers = [0; 2];
        let (mut steepest, mut largest) = ([0.0; 2], [0.0; 2]);
        for line in Line::ALL {
            let input = &parameters.inputs[line as usize];
            if !input.enabled || paused || input.saturation_current == 0.0 {
                continue;
            }
            let n = line as usize;
            let curve = &curves[n];
            let per_farad = line.sign() * per_farad;
            current += line.sign() * curve.constant;
            conductance += input.output_conductance;
            current += input.output_conductance * input.output_potential;
            coupling[n] = curve.powers.map(|power| power * per_farad);
            powers[n] = curve.count();
            let (steep, large) = curve.bounds(input);
            (steepest[n], largest[n]) = (steep * per_farad, line.sign() * large);
        }
        let decay = conductance * per_farad;
        let line_decay = parameters.inputs.map(|input| distinct(1.0 / input.time_constant, decay));
        for n in 0..2 {
            steepest[n] *= peak(decay, line_decay[n]);
            largest[n] = if largest[n] == 0.0 { 0.0 } else { largest[n] / conductance };
        }
        let bend = tangent.passing.then(|| {
            let (bend, inverse_range) = (Bend::new(bent), 1.0 / transconductor.linear_range);
            let scale = transconductor.conductance * transconductor.linear_range * per_farad;
            let edge = tangent.room * inverse_range;
            let slack = scale * bend.at(edge).abs().max(bend.at(-edge).abs()) / decay;
            BentMembrane { bend, about: tangent.about, inverse_range, scale, slack }
        });
        Self {
            decay,
            drift: current * per_farad,
            rest: if current == 0.0 { 0.0 } else { current / conductance },
            bend,
            coupling,
            powers,
            line_decay,
            steepest,
            largest,
        }
    }

    /// Decay rate of the membrane in 1/s.
    pub(crate) fn decay(&self) -> f64 {
        self.decay
    }

    /// What `h` seconds do to the membrane alone.
    #[inline]
    pub(crate) fn relaxation(&self, h: f64) -> Relaxation {
        let rest = exp(-self.decay * h);
        Relaxation { rest, response: response(self.decay, h, rest) }
    }

    /// The state after `h` seconds, with `extra` V/s added to the drift.
    #[inline]
    pub(crate) fn after(&self, state: &State, extra: f64, h: f64) -> State {
        self.relax(state, extra, h).0
    }

    /// The same, and the relaxation over `h`.
    #[inline]
    pub(crate) fn relax(&self, state: &State, extra: f64, h: f64) -> (State, Relaxation) {
        match &self.bend {
            None => {
                let relaxation = self.relaxation(h);
                (self.along(state, extra, h, &relaxation), relaxation)
            }
            Some(bend) => self.along_bend(bend, state, extra, h),
        }
    }

    /// Along the tangent.
    #[inline]
    fn along(&self, state: &State, extra: f64, h: f64, relaxation: &Relaxation) -> State {
        let Relaxation { rest, response } = *relaxation;
        let mut v = state.v * rest + (self.drift + extra) * response;
        let mut u = state.u;
        for (line, u) in u.iter_mut().enumerate() {
            if *u != 0.0 {
                let left = exp(-self.line_decay[line] * h);
                v += self.decaying(line, *u).at(left, rest);
                *u = audible(*u * left);
            }
        }
        State { v, u }
    }

    /// Along the tangent and the bend, in one step of Simpson's rule.
    fn along_bend(&self, bend: &BentMembrane, state: &State, extra: f64, h: f64) -> (State, Relaxation) {
        let half = self.relaxation(0.5 * h);
        let rest = half.rest * half.rest;
        let relaxation = Relaxation { rest, response: half.response * (1.0 + half.rest) };
        let drift = self.drift + extra;
        let mut middle = state.v * half.rest + drift * half.response;
        let mut v = state.v * rest + drift * relaxation.response;
        let mut u = state.u;
        for (line, u) in u.iter_mut().enumerate() {
            if *u != 0.0 {
                let left_half = exp(-self.line_decay[line] * 0.5 * h);
                let left = left_half * left_half;
                let decaying = self.decaying(line, *u);
                middle += decaying.at(left_half, half.rest);
                v += decaying.at(left, rest);
                *u = audible(*u * left);
            }
        }
        v += h
            * (1.0 / 6.0)
            * (bend.slope(state.v) * rest + 4.0 * bend.slope(middle) * half.rest + bend.slope(v));
        (State { v, u }, relaxation)
    }

    /// What a line that decays from `u` does: the convolution of `coupling_k u^k exp(-k line_decay t)` with `exp(-decay t)`, for each k
    /// (the phi of analog-core 9.3).
    #[inline]
    fn decaying(&self, line: usize, u: f64) -> Decaying {
        let mut decaying = Decaying { shares: [0.0; POWERS], sum: 0.0 };
        let (mut power, mut rate) = (1.0, self.decay);
        for k in 0..self.powers[line] {
            power *= u;
            rate -= self.line_decay[line];
            decaying.shares[k] = self.coupling[line][k] * power / rate;
            decaying.sum += decaying.shares[k];
        }
        decaying
    }

    /// The longest step in s from a state on.
    #[inline]
    pub(crate) fn longest(&self, state: &State) -> f64 {
        if self.bend.is_none() {
            return f64::INFINITY;
        }
        let mut rate = self.decay;
        for line in 0..2 {
            if (self.steepest[line] * state.u[line]).abs() > GENTLE {
                rate = rate.max(self.line_decay[line]);
            }
        }
        LONGEST / rate
    }

    /// V/s of membrane slope that a line causes.
    #[inline]
    fn drive(&self, line: usize, u: f64) -> f64 {
        if u == 0.0 {
            return 0.0;
        }
        self.coupling[line][..self.powers[line]].iter().rev().fold(0.0, |sum, coupling| (sum + coupling) * u)
    }

    /// V/s of membrane slope without lines.
    #[inline]
    fn own(&self, v: f64) -> f64 {
        self.drift - self.decay * v + self.bend.as_ref().map_or(0.0, |bend| bend.slope(v))
    }

    /// dV/dt in V/s.
    #[inline]
    fn slope(&self, state: &State, extra: f64) -> f64 {
        self.own(state.v) + extra + self.drive(0, state.u[0]) + self.drive(1, state.u[1])
    }

    /// How far in V a line moves the membrane at the most, with the sign of its effect.
    #[inline]
    fn most(&self, line: usize, u: f64) -> f64 {
        let (steep, largest) = (self.steepest[line] * u, self.largest[line]);
        if steep.abs() < largest.abs() { steep } else { largest }
    }

    fn slack(&self) -> f64 {
        self.bend.as_ref().map_or(0.0, |bend| bend.slack)
    }

    /// A voltage that the membrane never exceeds without further input.
    #[inline]
    pub(crate) fn upper_bound(&self, state: &State) -> f64 {
        let rest = if self.decay > 0.0 || self.drift > 0.0 { self.rest.max(state.v) } else { state.v };
        rest + self.most(0, state.u[0]) + self.slack()
    }

    /// A voltage below which the membrane never falls without further input.
    #[inline]
    pub(crate) fn lower_bound(&self, state: &State) -> f64 {
        let rest = if self.decay > 0.0 || self.drift < 0.0 { self.rest.min(state.v) } else { state.v };
        rest + self.most(1, state.u[1]) - self.slack()
    }

    /// A rate in V/s, not negative, such that `V(t) <= V(0) + rise * t` for all t: the inhibitory line, which can only delay the
    /// rise, is ignored, and the slope at or above V(0) never exceeds the one at the start.
    #[inline]
    pub(crate) fn rise(&self, state: &State) -> f64 {
        (0.0 + self.own(state.v) + self.drive(0, state.u[0])).max(0.0)
    }

    /// Whether the membrane rises at present.
    #[inline]
    pub(crate) fn rises(&self, state: &State) -> bool {
        self.slope(state, 0.0) > 0.0
    }

    /// Decay rates of the lines in 1/s.
    #[inline]
    pub(crate) fn line_decay(&self) -> [f64; 2] {
        self.line_decay
    }

    /// The counterpart of `rise`: `V(t) >= V(0) - fall * t`.
    #[inline]
    pub(crate) fn fall(&self, state: &State) -> f64 {
        // Never -0, by which a distance would be divided to minus infinity.
        (0.0 - self.own(state.v) - self.drive(1, state.u[1])).max(0.0)
    }

    /// The first time in 0..=h at which the membrane, below `threshold` now, reaches it.
    ///
    /// Looks at the end of the interval and, if the slope changes from rising to falling, at the maximum inside. Exact
    /// to rounding: the root is bracketed and refined by safeguarded Newton steps to 1e-15 s.
    pub(crate) fn first_crossing(&self, state: &State, extra: f64, threshold: f64, h: f64) -> Option<f64> {
        let slope = self.slope(state, extra);
        let rise = slope - self.drive(1, state.u[1]);
        if state.v + rise.max(0.0) * h < threshold {
            return None;
        }
        let end = self.after(state, extra, h);
        let bracket = if end.v >= threshold {
            h
        } else if slope > 0.0 && self.slope(&end, extra) < 0.0 {
            let top = self.maximum(state, extra, h);
            (self.after(state, extra, top).v >= threshold).then_some(top)?
        } else {
            return None;
        };
        let (mut low, mut high) = (0.0, bracket);
        let mut t = (threshold - state.v) / slope;
        for _ in 0..80 {
            if !(t > low && t < high) {
                t = 0.5 * (low + high);
            }
            let here = self.after(state, extra, t);
            let miss = here.v - threshold;
            if miss >= 0.0 {
                high = t
            } else {
                low = t
            }
            let step = miss / self.slope(&here, extra);
            t -= step;
            if step.abs() < 1e-15 || high - low < 1e-15 {
                break;
            }
        }
        Some(t.clamp(low, high))
    }

    /// Where in 0..h the slope, positive at 0 and negative at h, changes its sign; to 0.1 ps.
    fn maximum(&self, state: &State, extra: f64, h: f64) -> f64 {
        let (mut low, mut high) = (0.0, h);
        while high - low > 1e-13 {
            let middle = 0.5 * (low + high);
            if self.slope(&self.after(state, extra, middle), extra) > 0.0 {
                low = middle
            } else {
                high = middle
            }
        }
        low
    }
}

impl Decaying {
    /// With `left` of the line and `rest` of the membrane.
    #[inline]
    fn at(&self, left: f64, rest: f64) -> f64 {
        self.shares.iter().rev().fold(0.0, |sum, share| (sum + share) * left) - rest * self.sum
    }
}

/// The decay rate of a line, such that no multiple that matters is that of the membrane.
fn distinct(line: f64, membrane: f64) -> f64 {
    let multiple = membrane / line;
    let whole = (multiple + 0.5).floor();
    let meets = (1.0..=POWERS as f64).contains(&whole) && (multiple - whole).abs() < DISTINCT * whole;
    if meets { line * (1.0 - 2.0 * DISTINCT) } else { line }
}

/// A line swing, or nothing if it is next to nothing.
#[inline]
fn audible(u: f64) -> f64 {
    if u > LINE_SILENT { u } else { 0.0 }
}

/// `(1 - exp(-rate h)) / rate` in s, given `rest = exp(-rate h)`; h for rate 0.
#[inline]
fn response(rate: f64, h: f64, rest: f64) -> f64 {
    let delta = rate * h;
    if delta < 1e-2 { h * rest * expm1_ratio(delta) } else { (1.0 - rest) / rate }
}

/// `(exp(x) - 1) / x` for |x| <= 0.01, relative error below 1e-14.
#[inline]
fn expm1_ratio(x: f64) -> f64 {
    1.0 + x * (1.0 / 2.0 + x * (1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0)))))
}

/// More than the maximum over t of the convolution of two decays with rates a >= 0, b > 0, by a third at most.
fn bound_of_convolution(a: f64, b: f64) -> f64 {
    1.0 / (a + b) * (1.0 + 1e-5)
}

/// Maximum over t of the convolution of two decays with rates a >= 0, b > 0, in s; rounded up a little.
fn convolution_peak(a: f64, b: f64) -> f64 {
    let peak = if a == 0.0 {
        1.0 / b
    } else {
        let difference = a - b;
        let time = if difference.abs() > 1e-6 * a { ln(a / b) / difference } else { 1.0 / a };
        // At the maximum a * convolution = exp(-b t).
        exp(-b * time) / a
    };
    peak * (1.0 + 1e-5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_is_none_is_a_positive_zero() {
        let mut parameters = NeuronParameters::default();
        parameters.leak.conductance = 0.0;
        let tangent = Tangent::unlimited(&parameters, Mode::Leak);
        let curves = parameters.inputs.map(|input| Curve::unlimited(&input));
        let state = State { v: 0.2, u: [0.0; 2] };
        for current in [1e-9, 0.0, -1e-9] {
            parameters.constant_current = current;
            let membrane = LinearMembrane::new(&parameters, Mode::Leak, Region::Inside, &tangent, &curves);
            let (rise, fall) = (membrane.rise(&state), membrane.fall(&state));
            assert!(rise.is_sign_positive() && fall.is_sign_positive(), "{current}: {rise} {fall}");
            assert_eq!((rise > 0.0, fall > 0.0), (current > 0.0, current < 0.0));
        }
    }

    #[test]
    fn the_loose_bound_is_never_below_the_maximum() {
        for a in [0.0, 1e-3, 0.1, 0.5, 0.999, 1.0, 1.001, 3.0, 1e3, 1e6] {
            let (peak, bound) = (convolution_peak(a, 1.0), bound_of_convolution(a, 1.0));
            assert!(bound >= peak && bound < 1.5 * peak, "{a}: {peak} {bound}");
        }
    }
}
