//! One block of lanes: what each circuit is told and where it stands, an array for each quantity, and the Runge-Kutta step.
//!
//! Units: V, us, uA, uS, pF. What a circuit does to its membrane is kept divided by the capacitance of its net, as V/us. No lane looks
//! at another one, and each operation is the same for all lanes, so that a lane has the same bits in a block of any width.

use super::elementary::{at_least, at_most, exp, tanh};

/// A structure of scalars and the structure of arrays that holds it for each lane.
macro_rules! lanes {
    ($(#[$about:meta])* $scalar:ident, $lanes:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        pub(super) struct $scalar { $($(#[$doc])* pub(super) $field: f32,)* }

        impl $scalar {
            #[allow(dead_code, reason = "not all of these are read from snapshots")]
            pub(super) fn all(&self) -> Vec<f32> {
                vec![$(self.$field,)*]
            }
        }

        $(#[$about])*
        #[derive(Clone, Debug)]
        pub(super) struct $lanes<const W: usize> { $($(#[$doc])* pub(super) $field: [f32; W],)* }

        impl<const W: usize> $lanes<W> {
            pub(super) fn new() -> Self {
                Self { $($field: [0.0; W],)* }
            }
            pub(super) fn set(&mut self, lane: usize, one: &$scalar) {
                $(self.$field[lane] = one.$field;)*
            }
            #[allow(dead_code, reason = "not all of these are looked at again")]
            pub(super) fn get(&self, lane: usize) -> $scalar {
                $scalar { $($field: self.$field[lane],)* }
            }
        }
    };
}

pub(super) use lanes;

lanes! {
    /// What depends on whether the reset switch is closed.
    Mode, ModeLanes {
        /// Saturated slope of the leak or reset, V/us.
        pull,
        /// 1/V.
        pull_inverse_range,
        /// V.
        pull_potential,
        /// dV/dt = constant - conductance V of what is linear: output conductances, offset current, leakage.
        constant,
        /// 1/us.
        conductance,
        /// Signed saturated slope of the inputs, V/us.
        excitatory,
        /// The same.
        inhibitory,
        /// Limit of the exponential, V/us.
        exponential,
        /// How fast the membrane relaxes at most, 1/us.
        rate,
        /// 1/V: how small errors are to be.
        precision,
        /// Inverse of the longest step in units of the fastest relaxation.
        stability,
        /// 1/Δ_T in 1/V, 0 without exponential.
        climb,
    }
}

lanes! {
    /// A synaptic input.
    Input, InputLanes {
        /// Argument of the saturation per volt of swing.
        gain,
        /// Argument of the saturation at rest.
        bias,
        /// The modulation is start + slope V, between 0 and limit; 1, 0 and 1 for a current-based input.
        start,
        /// 1/V.
        slope,
        /// Largest modulation.
        limit,
        /// Decay of the line, 1/us.
        decay,
    }
}

lanes! {
    /// What does not depend on the mode.
    Fixed, FixedLanes {
        /// V at which the exponential is half its limit.
        onset,
        /// 1/Δ_T in 1/V.
        steepness,
        /// V.
        clamp_low,
        /// V.
        clamp_high,
        /// 1/us.
        clamp,
        /// Saturated slope of the adaptation output, V/us.
        output,
        /// 1/V.
        output_inverse_range,
        /// Decay of the adaptation voltage, 1/us.
        w_decay,
        /// Signed saturated slope of the coupling, V/us.
        w_coupling,
        /// 1/V.
        w_inverse_range,
        /// V.
        w_zero,
        /// Limits of the adaptation voltage relative to its reference, V.
        w_low,
        /// The same.
        w_high,
        /// 1/us.
        w_limit,
    }
}

/// Which circuits any lane of a block has: the others would add zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses {
    pub(super) inputs: [bool; 2],
    pub(super) exponential: bool,
    pub(super) output: bool,
    pub(super) adaptation: bool,
}

/// Slopes at one point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slopes<const W: usize> {
    /// V/us of the membrane.
    pub(super) v: [f32; W],
    /// V/us of the adaptation voltage.
    pub(super) w: [f32; W],
    /// I_exp / (C Δ_T) in 1/us: how fast the run-away is.
    pub(super) run_away: [f32; W],
}

impl<const W: usize> Slopes<W> {
    const ZERO: Self = Self { v: [0.0; W], w: [0.0; W], run_away: [0.0; W] };
}

/// Where the lanes stand at one point in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point<const W: usize> {
    /// Membrane in V; the same in all lanes of a net.
    pub(super) v: [f32; W],
    /// What rounding took from the membrane, V: added to the next step, or a slow approach to a threshold would show it.
    pub(super) lost: [f32; W],
    /// Swings of the lines in V.
    pub(super) u: [[f32; W]; 2],
    /// Adaptation voltage in V relative to its reference, so that small changes are not rounded away.
    pub(super) w: [f32; W],
}

impl<const W: usize> Point<W> {
    const ZERO: Self = Self { v: [0.0; W], lost: [0.0; W], u: [[0.0; W]; 2], w: [0.0; W] };
}

/// W circuits, each within its own step.
#[derive(Clone, Debug)]
pub(super) struct Block<const W: usize> {
    pub(super) mode: ModeLanes<W>,
    pub(super) inputs: [InputLanes<W>; 2],
    pub(super) fixed: FixedLanes<W>,
    /// Slope of the adaptation voltage by the pulse, V/us; 0 while it is low.
    pub(super) pulse: [f32; W],
    /// V above which the circuit fires; infinite while nobody looks.
    pub(super) threshold: [f32; W],
    /// The noise current of the step, as a slope of the membrane in V/us; the same in all lanes of a net.
    pub(super) noise: [f32; W],
    /// By how much the threshold is lowered in this step, for the excursions of the noise within it, V.
    pub(super) correction: [f32; W],
    pub(super) uses: Uses,
    /// Beginning and end of the step.
    pub(super) begin: Point<W>,
    pub(super) end: Point<W>,
    pub(super) begin_slopes: Slopes<W>,
    pub(super) end_slopes: Slopes<W>,
    /// Length of the step, us.
    pub(super) length: [f32; W],
    /// Length of the step that is being made, us; 0 for a lane that waits.
    pub(super) pace: [f32; W],
    /// Where the Runge-Kutta method looks, and what it finds.
    pub(super) stage: Point<W>,
    pub(super) slopes: Slopes<W>,
    sum_v: [f32; W],
    sum_w: [f32; W],
    half_decay: [[f32; W]; 2],
}

impl<const W: usize> Block<W> {
    pub(super) fn new() -> Self {
        Self {
            mode: ModeLanes::new(),
            inputs: [InputLanes::new(), InputLanes::new()],
            fixed: FixedLanes::new(),
            pulse: [0.0; W],
            threshold: [f32::INFINITY; W],
            noise: [0.0; W],
            correction: [0.0; W],
            uses: Uses::default(),
            begin: Point::ZERO,
            end: Point::ZERO,
            begin_slopes: Slopes::ZERO,
            end_slopes: Slopes::ZERO,
            length: [0.0; W],
            pace: [0.0; W],
            stage: Point::ZERO,
            slopes: Slopes::ZERO,
            sum_v: [0.0; W],
            sum_w: [0.0; W],
            half_decay: [[1.0; W]; 2],
        }
    }

    /// The slopes at [`Self::stage`], each circuit by itself.
    #[inline]
    pub(super) fn evaluate(&mut self) {
        let Self { mode, inputs, fixed, uses, stage, .. } = self;
        let Point { v, u, w, .. } = stage;
        let mut dv = [0.0; W];
        for i in 0..W {
            let pull = mode.pull[i] * tanh((mode.pull_potential[i] - v[i]) * mode.pull_inverse_range[i]);
            let below = at_least(fixed.clamp_low[i] - v[i], 0.0);
            let above = at_most(fixed.clamp_high[i] - v[i], 0.0);
            let linear = mode.constant[i] - mode.conductance[i] * v[i];
            dv[i] = pull + linear + fixed.clamp[i] * (below + above);
        }
        for (which, amplitude) in [&mode.excitatory, &mode.inhibitory].into_iter().enumerate() {
            if !uses.inputs[which] {
                continue;
            }
            let (input, u) = (&inputs[which], &u[which]);
            for i in 0..W {
                let free = input.start[i] + input.slope[i] * v[i];
                let available = at_most(at_least(free, 0.0), input.limit[i]);
                dv[i] += amplitude[i] * available * tanh(u[i] * input.gain[i] + input.bias[i]);
            }
        }
        let mut run_away = [0.0; W];
        if uses.exponential {
            for i in 0..W {
                let raised = exp((fixed.onset[i] - v[i]) * fixed.steepness[i]);
                let current = mode.exponential[i] / (1.0 + raised);
                dv[i] += current;
                run_away[i] = current * fixed.steepness[i];
            }
        }
        if uses.output {
            for i in 0..W {
                dv[i] -= fixed.output[i] * tanh(w[i] * fixed.output_inverse_range[i]);
            }
        }
        let mut dw = [0.0; W];
        if uses.adaptation {
            for i in 0..W {
                let coupling =
                    fixed.w_coupling[i] * tanh((v[i] - fixed.w_zero[i]) * fixed.w_inverse_range[i]);
                let below = at_least(fixed.w_low[i] - w[i], 0.0);
                let above = at_most(fixed.w_high[i] - w[i], 0.0);
                let held = fixed.w_limit[i] * (below + above);
                dw[i] = (coupling + self.pulse[i]) + (held - fixed.w_decay[i] * w[i]);
            }
        }
        self.slopes = Slopes { v: dv, w: dw, run_away };
    }

    /// Looks at the beginning of the step.
    pub(super) fn look_at_begin(&mut self) {
        self.stage = self.begin;
    }

    /// From the slopes at the beginning to the second stage. Lanes of pace 0 stay where they are.
    pub(super) fn first_half(&mut self) {
        for which in 0..2 {
            for i in 0..W {
                let decayed = exp(-0.5 * self.pace[i] * self.inputs[which].decay[i]);
                self.half_decay[which][i] = decayed;
                self.stage.u[which][i] = self.begin.u[which][i] * decayed;
            }
        }
        self.sum_v = self.begin_slopes.v;
        self.sum_w = self.begin_slopes.w;
        for i in 0..W {
            let half = 0.5 * self.pace[i];
            self.stage.v[i] = self.begin.v[i] + half * (self.begin_slopes.v[i] + self.noise[i]);
            self.stage.w[i] = self.begin.w[i] + half * self.begin_slopes.w[i];
        }
    }

    /// To the next inner stage, `fraction` (0.5 or 1) of the step ahead with the slopes just found.
    pub(super) fn inner(&mut self, fraction: f32) {
        for i in 0..W {
            self.sum_v[i] += 2.0 * self.slopes.v[i];
            self.sum_w[i] += 2.0 * self.slopes.w[i];
            let ahead = fraction * self.pace[i];
            self.stage.v[i] = self.begin.v[i] + ahead * (self.slopes.v[i] + self.noise[i]);
            self.stage.w[i] = self.begin.w[i] + ahead * self.slopes.w[i];
        }
        if fraction == 1.0 {
            for which in 0..2 {
                for i in 0..W {
                    self.stage.u[which][i] *= self.half_decay[which][i];
                }
            }
        }
    }

    /// To the end of the step.
    pub(super) fn finish(&mut self) {
        for i in 0..W {
            let sixth = self.pace[i] * (1.0 / 6.0);
            let driven = sixth * (self.sum_v[i] + self.slopes.v[i]);
            let rise = driven + self.pace[i] * self.noise[i] + self.begin.lost[i];
            self.stage.v[i] = self.begin.v[i] + rise;
            self.stage.lost[i] = rise - (self.stage.v[i] - self.begin.v[i]);
            self.stage.w[i] = self.begin.w[i] + sixth * (self.sum_w[i] + self.slopes.w[i]);
        }
    }

    /// Whether the cubic between two ends can reach the threshold: a bound by its control points.
    pub(super) fn may_cross(&self, lane: usize) -> bool {
        let third = self.length[lane] * (1.0 / 3.0);
        let (begin, end) = (self.begin.v[lane], self.end.v[lane]);
        let [rise, fall] = self.membrane_slopes(lane);
        let left = begin + third * rise;
        let right = end - third * fall;
        let threshold = self.threshold[lane] - self.correction[lane];
        begin < threshold && (left >= threshold || right >= threshold || end >= threshold)
    }

    /// Slopes of the membrane at both ends of the step in V/us.
    fn membrane_slopes(&self, lane: usize) -> [f32; 2] {
        [self.begin_slopes.v[lane] + self.noise[lane], self.end_slopes.v[lane] + self.noise[lane]]
    }

    /// The membrane in V at a fraction of the step.
    pub(super) fn membrane(&self, lane: usize, fraction: f64) -> f64 {
        let ends = [self.begin.v[lane], self.end.v[lane]];
        Cubic::new(ends, self.membrane_slopes(lane), self.length[lane]).at(fraction)
    }

    /// The adaptation voltage in V relative to its reference at a fraction of the step.
    pub(super) fn adaptation(&self, lane: usize, fraction: f64) -> f64 {
        let ends = [self.begin.w[lane], self.end.w[lane]];
        let slopes = [self.begin_slopes.w[lane], self.end_slopes.w[lane]];
        Cubic::new(ends, slopes, self.length[lane]).at(fraction)
    }

    /// The swing of a line in V this many us after the beginning of the step.
    pub(super) fn swing(&self, lane: usize, which: usize, after: f32) -> f32 {
        self.begin.u[which][lane] * exp(-after * self.inputs[which].decay[lane])
    }

    /// The fraction of the step at which the membrane rises through the threshold first.
    pub(super) fn crossing(&self, lane: usize) -> Option<f64> {
        let ends = [self.begin.v[lane], self.end.v[lane]];
        let level = self.threshold[lane] - self.correction[lane];
        Cubic::new(ends, self.membrane_slopes(lane), self.length[lane]).crossing(f64::from(level))
    }

    /// How fast the membrane of a lane relaxes at most, 1/us; `ahead` us may bring it to a clamp.
    pub(super) fn relaxation(&self, lane: usize, ahead: f32) -> f32 {
        let (now, slope) = (self.begin.v[lane], self.begin_slopes.v[lane]);
        let inside = |v: f32| v >= self.fixed.clamp_low[lane] && v <= self.fixed.clamp_high[lane];
        let clamp = if inside(now) && inside(now + ahead * slope) { 0.0 } else { self.fixed.clamp[lane] };
        self.mode.rate[lane] + clamp
    }

    /// How fast what drives the membrane of a lane decays, 1/us.
    pub(super) fn drive_rate(&self, lane: usize) -> f32 {
        let mut rate: f32 = 0.0;
        let amplitudes = [self.mode.excitatory[lane], self.mode.inhibitory[lane]];
        for (which, input) in self.inputs.iter().enumerate() {
            if amplitudes[which] != 0.0 && self.begin.u[which][lane] != 0.0 {
                rate = rate.max(input.decay[lane]);
            }
        }
        rate
    }

    /// Takes over the step just made for one lane.
    pub(super) fn commit(&mut self, lane: usize) {
        self.length[lane] = self.pace[lane];
        self.end.v[lane] = self.stage.v[lane];
        self.end.lost[lane] = self.stage.lost[lane];
        self.end.w[lane] = self.stage.w[lane];
        self.end.u[0][lane] = self.stage.u[0][lane];
        self.end.u[1][lane] = self.stage.u[1][lane];
        self.end_slopes.v[lane] = self.slopes.v[lane];
        self.end_slopes.w[lane] = self.slopes.w[lane];
        self.end_slopes.run_away[lane] = self.slopes.run_away[lane];
    }

    /// Moves the beginning of a lane to the end of its step.
    pub(super) fn accept(&mut self, lane: usize) {
        self.begin.v[lane] = self.end.v[lane];
        self.begin.lost[lane] = self.end.lost[lane];
        self.begin.w[lane] = self.end.w[lane];
        self.begin.u[0][lane] = self.end.u[0][lane];
        self.begin.u[1][lane] = self.end.u[1][lane];
        self.begin_slopes.v[lane] = self.end_slopes.v[lane];
        self.begin_slopes.w[lane] = self.end_slopes.w[lane];
        self.begin_slopes.run_away[lane] = self.end_slopes.run_away[lane];
    }
}

/// The cubic with given ends and slopes: between two points of a step it is as good as the step (error of order 4).
struct Cubic {
    begin: f64,
    rise: f64,
    /// By how much the slopes at both ends exceed the rise over the step.
    excess: [f64; 2],
}

impl Cubic {
    fn new([begin, end]: [f32; 2], slopes: [f32; 2], length: f32) -> Self {
        let begin = f64::from(begin);
        let rise = f64::from(end) - begin;
        Self { begin, rise, excess: slopes.map(|slope| f64::from(slope) * f64::from(length) - rise) }
    }

    fn at(&self, x: f64) -> f64 {
        let y = 1.0 - x;
        self.begin + self.rise * x + x * y * (self.excess[0] * y - self.excess[1] * x)
    }

    /// Derivative by the fraction of the step.
    fn slope(&self, x: f64) -> f64 {
        let y = 1.0 - x;
        self.rise + (y - x) * (self.excess[0] * y - self.excess[1] * x)
            - x * y * (self.excess[0] + self.excess[1])
    }

    fn crossing(&self, level: f64) -> Option<f64> {
        let mut high = 1.0;
        if self.at(1.0) < level {
            // Only a maximum inside can reach the level: the slope then falls from positive to negative.
            if self.slope(0.0) <= 0.0 || self.slope(1.0) >= 0.0 {
                return None;
            }
            let (mut rising, mut falling) = (0.0, 1.0);
            for _ in 0..40 {
                let middle = 0.5 * (rising + falling);
                if self.slope(middle) > 0.0 { rising = middle } else { falling = middle }
            }
            high = rising;
            if self.at(high) < level {
                return None;
            }
        }
        // 2^-30 of 100 ns is 1e-4 ps.
        let mut low = 0.0;
        for _ in 0..30 {
            let middle = 0.5 * (low + high);
            if self.at(middle) >= level { high = middle } else { low = middle }
        }
        Some(high)
    }
}
