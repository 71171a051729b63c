//! Which part of a recorded trace is fitted, with which bounds: the recipes of the official routines (calibration Appendix A).
//!
//! Traces are samples of the membrane ADC at equal distances; times are microseconds. Deviations from the official recipes are
//! those of calibration 11: every trace begins anew (5), and the resting level is the mean of the last samples (6).

use super::{Exponential, ExponentialBounds, LeastSquares, exponential_trace, least_squares};
use bss2_base::math;

/// A trace and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Recipe<'t> {
    /// Microseconds between samples.
    pub spacing: f64,
    /// The samples.
    pub samples: &'t [f64],
}

/// Bounds of a time constant in a step response, microseconds.
pub const STEP_BOUNDS: (f64, f64) = (0.1, 100.0);

/// Samples at the end whose mean is the resting level.
const REST: usize = 10;
/// Fewer samples than this after the middle of a decay: the whole trace is fitted.
const ENOUGH: usize = 100;
/// What the readout chain, a low-pass of 35 ns (analog-core 7.2), rounds of the corner between an event and the return of its line,
/// microseconds: four of its time constants.
const CORNER_US: f64 = 0.14;
/// A synaptic line that moves by less codes than this shows no time constant.
const MOVEMENT: f64 = 10.0;

fn rest(samples: &[f64]) -> Option<f64> {
    let tail = &samples[samples.len().checked_sub(REST)?..];
    Some(tail.iter().sum::<f64>() / REST as f64)
}

impl Recipe<'_> {
    /// The part of a trace between two times in microseconds.
    pub fn between(&self, from: f64, until: f64) -> Self {
        let index = |time: f64| ((time / self.spacing).round().max(0.0) as usize).min(self.samples.len());
        let (from, until) = (index(from), index(until));
        Self { spacing: self.spacing, samples: &self.samples[from.min(until)..until] }
    }
}

/// The decay of a membrane toward its rest from above, from its middle on. The trace begins when the current that held
/// the membrane up ends.
pub fn membrane_decay(trace: Recipe<'_>) -> Option<Exponential> {
    let level = rest(trace.samples)?;
    let top = trace.samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let middle = level + 0.5 * (top - level);
    let start = trace.samples.iter().rposition(|&sample| sample > middle).unwrap_or(0);
    let start = if trace.samples.len() - start < ENOUGH { 0 } else { start };
    let bounds = ExponentialBounds { scale: (0.0, f64::INFINITY), tau: (0.1, 2000.0), offset: (0.0, 1023.0) };
    exponential_trace(trace.spacing, &trace.samples[start..], &bounds)
}

/// The rise of a membrane toward its rest after a reset, from its middle on.
pub fn membrane_rise(trace: Recipe<'_>) -> Option<Exponential> {
    let level = rest(trace.samples)?;
    let bottom = trace.samples.iter().copied().fold(f64::INFINITY, f64::min);
    let middle = level - 0.5 * (level - bottom);
    let start = trace.samples.iter().rposition(|&sample| sample < middle).unwrap_or(0);
    let start = if trace.samples.len() - start < ENOUGH { 0 } else { start };
    let bounds = ExponentialBounds {
        scale: ((-level).min(0.0), 0.0),
        tau: (0.1, 2000.0),
        offset: (level - 10.0, level + 10.0),
    };
    exponential_trace(trace.spacing, &trace.samples[start..], &bounds)
}

/// The return of a synaptic line after events, from its lowest point on. A line that hardly moves has an infinite time
/// constant: it floats, and its bias has to rise. The official recipe begins at the lowest point itself, where the readout chain
/// makes a line of 0.3 us look slower by a tenth; here the corner is left out. The scale is that at the lowest point.
pub fn synaptic_line(trace: Recipe<'_>) -> Option<Exponential> {
    let level = rest(trace.samples)?;
    let (lowest, bottom) = trace
        .samples
        .iter()
        .enumerate()
        .fold((0, f64::INFINITY), |best, (k, &sample)| if sample < best.1 { (k, sample) } else { best });
    let bounds = ExponentialBounds {
        scale: ((-level).min(0.0), 0.0),
        tau: (0.1, 100.0),
        offset: (level - 10.0, level + 10.0),
    };
    let corner = ((CORNER_US / trace.spacing).round() as usize).min((trace.samples.len() - lowest) / 2);
    let fitted = exponential_trace(trace.spacing, &trace.samples[lowest + corner..], &bounds).map(|fit| {
        Exponential { scale: fit.scale * math::exp(corner as f64 * trace.spacing / fit.tau), ..fit }
    });
    if level - bottom < MOVEMENT || fitted.is_some_and(|fit| fit.scale.abs() < MOVEMENT) {
        return Some(Exponential { scale: bottom - level, tau: f64::INFINITY, offset: level, rms: f64::NAN });
    }
    fitted
}

/// A membrane that is connected to a neighbour at about `onset`: constant, then exponential. Gives the exponential with its
/// time counted from the onset, and the onset.
pub fn step_response(trace: Recipe<'_>, onset: f64) -> Option<(Exponential, f64)> {
    struct Step<'t>(Recipe<'t>);
    impl Step<'_> {
        fn value(&self, parameters: &[f64], t: f64) -> f64 {
            let &[scale, ln_tau, offset, onset] = parameters else { return f64::NAN };
            scale * math::exp(-(t - onset).max(0.0) / math::exp(ln_tau)) + offset
        }
    }
    impl LeastSquares for Step<'_> {
        fn residuals(&self) -> usize {
            self.0.samples.len()
        }
        fn evaluate(&self, parameters: &[f64], residuals: &mut [f64]) {
            for (k, (residual, sample)) in residuals.iter_mut().zip(self.0.samples).enumerate() {
                *residual = self.value(parameters, k as f64 * self.0.spacing) - sample;
            }
        }
    }
    let level = rest(trace.samples)?;
    let scale = trace.samples.first()? - level;
    let reached = trace.between(onset, f64::MAX).samples.iter().position(|sample| {
        if scale > 0.0 {
            *sample < level + scale / core::f64::consts::E
        } else {
            *sample > level + scale / core::f64::consts::E
        }
    })?;
    let tau = (reached as f64 * trace.spacing).clamp(STEP_BOUNDS.0, STEP_BOUNDS.1);
    let bounds = [
        (f64::NEG_INFINITY, f64::INFINITY),
        (math::ln(STEP_BOUNDS.0), math::ln(STEP_BOUNDS.1)),
        (level - 10.0, level + 10.0),
        (onset - 3.0, onset + 3.0),
    ];
    let found = least_squares(&Step(trace), &[scale, math::ln(tau), level, onset], &bounds)?;
    let &[scale, ln_tau, offset, onset] = found.parameters.as_slice() else { return None };
    Some((Exponential { scale, tau: math::exp(ln_tau), offset, rms: found.rms }, onset))
}
