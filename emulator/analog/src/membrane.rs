//! The linear membrane: exact propagators, bounds on the future, and the moment of a crossing (analog-core 9.3, 9.4).
//!
//! ```text
//! dV/dt   = -decay V + drift + sum_x coupling_x u_x          x: excitatory, inhibitory
//! du_x/dt = -line_decay_x u_x
//! ```
//!
//! This is the circuit class L1 of the specification. The transconductors are linearised: leak and reset at a membrane voltage, each
//! synaptic input at a line swing. `tangent.rs` chooses them, and says how far around them the membrane may move before the next
//! tangent is due.
//!
//! Told to do without (level linear), the tangents are those at the reversal potentials and the silent lines: a leak 0.26 V away from
//! its reversal potential is then 8 % too strong, and ten simultaneous events of weight 31 don't show their 7 % compression.
//!
//! [`LinearCircuit`](crate::linear::LinearCircuit) uses nothing of a membrane but [`after`](LinearMembrane::after), the bounds
//! ([`upper_bound`](LinearMembrane::upper_bound), [`lower_bound`](LinearMembrane::lower_bound), [`rise`](LinearMembrane::rise),
//! [`fall`](LinearMembrane::fall)) and [`first_crossing`](LinearMembrane::first_crossing).

use crate::parameters::{Line, NeuronParameters, Transconductor};
use crate::tangent::Tangent;
use bss2_base::math::{exp, ln};
use serde::{Deserialize, Serialize};

/// Below this voltage, and above [`CLAMP_HIGH`], [`CLAMP_CONDUCTANCE`] pulls the membrane back (analog-core 3.1).
pub(crate) const CLAMP_LOW: f64 = 0.0;
/// See [`CLAMP_LOW`]; V.
pub(crate) const CLAMP_HIGH: f64 = 1.25;
/// Conductance of the soft clamp in S.
pub(crate) const CLAMP_CONDUCTANCE: f64 = 20e-6;

/// A line swing in V that is nothing: keeps lines that have long decayed from costing work.
const LINE_SILENT: f64 = 1e-18;

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
    /// 1/s: V/s of membrane slope per V of line swing, negative for the inhibitory line.
    coupling: [f64; 2],
    /// 1/s.
    line_decay: [f64; 2],
    /// `1 / (decay - line_decay)` in s; infinite (and unused) for equal rates.
    coupling_divisor: [f64; 2],
    /// The largest value of `convolution` over all times in s: a line swing u moves the membrane by at most coupling * u * peak.
    peak: [f64; 2],
}

/// What a stretch of time does to the membrane alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relaxation {
    /// What is left of a deviation: `exp(-decay h)`.
    pub(crate) rest: f64,
    /// The voltage in V that 1 V/s has caused: `(1 - exp(-decay h)) / decay`, in s.
    pub(crate) response: f64,
}

impl LinearMembrane {
    /// The tangent to the circuit at one point, for use until the parameters change.
    pub(crate) fn new(parameters: &NeuronParameters, mode: Mode, region: Region, tangent: &Tangent) -> Self {
        Self::with_bounds(parameters, mode, region, tangent, convolution_peak)
    }

    /// The same for use on the way: made faster, with looser bounds.
    pub(crate) fn passing(
        parameters: &NeuronParameters,
        mode: Mode,
        region: Region,
        tangent: &Tangent,
    ) -> Self {
        Self::with_bounds(parameters, mode, region, tangent, bound_of_convolution)
    }

    fn with_bounds(
        parameters: &NeuronParameters,
        mode: Mode,
        region: Region,
        tangent: &Tangent,
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
        let paused = mode == Mode::Reset && parameters.pause_in_reset;
        let mut slope = [0.0; 2];
        for line in Line::ALL {
            let input = &parameters.inputs[line as usize];
            if !input.enabled || paused || input.saturation_current == 0.0 {
                continue;
            }
            let swing = tangent.swing[line as usize];
            let bent = tangent.inputs[line as usize];
            let own = line.sign() * input.transconductance * (1.0 - bent * bent);
            current += line.sign() * input.saturation_current * bent - own * swing;
            slope[line as usize] = own;
            conductance += input.output_conductance;
            current += input.output_conductance * input.output_potential;
        }
        let decay = conductance / parameters.capacitance;
        let line_decay = parameters.inputs.map(|input| 1.0 / input.time_constant);
        Self {
            decay,
            drift: current / parameters.capacitance,
            rest: if current == 0.0 { 0.0 } else { current / conductance },
            coupling: slope.map(|slope| slope / parameters.capacitance),
            line_decay,
            coupling_divisor: line_decay.map(|line_decay| 1.0 / (decay - line_decay)),
            peak: line_decay.map(|line_decay| peak(decay, line_decay)),
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
        self.after_relaxation(state, extra, h, &self.relaxation(h))
    }

    /// The same, given the relaxation over `h`.
    #[inline]
    pub(crate) fn after_relaxation(
        &self,
        state: &State,
        extra: f64,
        h: f64,
        relaxation: &Relaxation,
    ) -> State {
        let Relaxation { rest, response } = *relaxation;
        let mut v = state.v * rest + (self.drift + extra) * response;
        let mut u = state.u;
        for (line, u) in u.iter_mut().enumerate() {
            if *u != 0.0 {
                let line_rest = exp(-self.line_decay[line] * h);
                v += self.coupling[line] * *u * self.convolution(line, h, rest, line_rest);
                let left = *u * line_rest;
                *u = if left > LINE_SILENT { left } else { 0.0 };
            }
        }
        State { v, u }
    }

    /// `integral of exp(-decay (h - s)) exp(-line_decay s) ds` over 0..h in s (the phi of analog-core 9.3).
    #[inline]
    fn convolution(&self, line: usize, h: f64, rest: f64, line_rest: f64) -> f64 {
        let delta = (self.decay - self.line_decay[line]) * h;
        if delta.abs() < 1e-2 {
            h * rest * expm1_ratio(delta)
        } else {
            (line_rest - rest) * self.coupling_divisor[line]
        }
    }

    /// dV/dt in V/s.
    #[inline]
    fn slope(&self, state: &State, extra: f64) -> f64 {
        self.drift + extra - self.decay * state.v
            + self.coupling[0] * state.u[0]
            + self.coupling[1] * state.u[1]
    }

    /// A voltage that the membrane never exceeds without further input.
    #[inline]
    pub(crate) fn upper_bound(&self, state: &State) -> f64 {
        let rest = if self.decay > 0.0 || self.drift > 0.0 { self.rest.max(state.v) } else { state.v };
        rest + self.coupling[0] * state.u[0] * self.peak[0]
    }

    /// A voltage below which the membrane never falls without further input.
    #[inline]
    pub(crate) fn lower_bound(&self, state: &State) -> f64 {
        let rest = if self.decay > 0.0 || self.drift < 0.0 { self.rest.min(state.v) } else { state.v };
        rest + self.coupling[1] * state.u[1] * self.peak[1]
    }

    /// A rate in V/s, not negative, such that `V(t) <= V(0) + rise * t` for all t: the inhibitory line, which can only delay the
    /// rise, is ignored, and the slope at or above V(0) never exceeds the one at the start.
    #[inline]
    pub(crate) fn rise(&self, state: &State) -> f64 {
        (self.drift - self.decay * state.v + self.coupling[0] * state.u[0]).max(0.0)
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
        (self.decay * state.v - self.drift - self.coupling[1] * state.u[1]).max(0.0)
    }

    /// The first time in 0..=h at which the membrane, below `threshold` now, reaches it.
    ///
    /// Looks at the end of the interval and, if the slope changes from rising to falling, at the maximum inside. Exact
    /// to rounding: the root is bracketed and refined by safeguarded Newton steps to 1e-15 s.
    pub(crate) fn first_crossing(&self, state: &State, extra: f64, threshold: f64, h: f64) -> Option<f64> {
        let slope = self.slope(state, extra);
        let rise = slope - self.coupling[1] * state.u[1];
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
    fn the_loose_bound_is_never_below_the_maximum() {
        for a in [0.0, 1e-3, 0.1, 0.5, 0.999, 1.0, 1.001, 3.0, 1e3, 1e6] {
            let (peak, bound) = (convolution_peak(a, 1.0), bound_of_convolution(a, 1.0));
            assert!(bound >= peak && bound < 1.5 * peak, "{a}: {peak} {bound}");
        }
    }
}
