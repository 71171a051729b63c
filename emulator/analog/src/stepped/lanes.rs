//! What a circuit is told, an array for each quantity, and one block of joined circuits: where each stands, and its part of a step.
//!
//! Units: V, us, uA, uS, pF. What a circuit does to its membrane is kept divided by the capacitance of its net, as V/us. No lane looks
//! at another one but through the [network](super::network), and each operation is the same for all lanes, so that a lane has the same
//! bits in any slot. The method is that of [`kernel`](super::kernel), where the membranes of a net have one slope.

use super::elementary::{at_least, at_most, exp, tanh};
use super::kernel::{LANES, bent_on, fourth_root, raised};

/// Longest way of a membrane in one step in units of the range of its leak or reset.
const BEND: f32 = 0.25;
/// Longest step in units of the fastest relaxation: the Runge-Kutta method is stable below 2.78.
const STABLE: f32 = 1.5;
/// Longest step in units of the time constant of the run-away.
const RUN_AWAY: f32 = 0.3;

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

lanes! {
    /// An inter-compartment conductance.
    Arm, ArmLanes {
        /// Saturated current in uA.
        amplitude,
        /// 1/V.
        inverse_range,
        /// V.
        offset,
        /// uS.
        conductance,
    }
}

/// One number for each lane.
pub(super) type Row = [f32; LANES];

/// Which circuits any lane of a block has: the others would add zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Uses {
    pub(super) inputs: [bool; 2],
    pub(super) modulation: bool,
    pub(super) exponential: bool,
    pub(super) adaptation: bool,
}

/// Where the lanes stand at one point in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Membrane in V; the same in all lanes of a net.
    pub(super) v: Row,
    /// What rounding took from the membrane, V: added to the next step, or a slow approach to a threshold would show it.
    pub(super) lost: Row,
    /// Swings of the lines in V.
    pub(super) u: [Row; 2],
    /// Adaptation voltage in V relative to its reference, so that small changes are not rounded away.
    pub(super) w: Row,
}

impl Point {
    const ZERO: Self = Self { v: [0.0; LANES], lost: [0.0; LANES], u: [[0.0; LANES]; 2], w: [0.0; LANES] };
}

/// Sixteen circuits, each within its own step.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Block {
    pub(super) mode: ModeLanes<LANES>,
    pub(super) inputs: [InputLanes<LANES>; 2],
    pub(super) fixed: FixedLanes<LANES>,
    /// Slope of the adaptation voltage by the pulse, V/us; 0 while it is low.
    pub(super) pulse: Row,
    /// V above which the circuit fires; infinite while nobody looks.
    pub(super) threshold: Row,
    /// The noise current of the step, as a slope of the membrane in V/us; the same in all lanes of a net.
    pub(super) noise: Row,
    /// By how much the threshold is lowered in this step, for the excursions of the noise within it, V.
    pub(super) correction: Row,
    pub(super) uses: Uses,
    /// Swing per charge of the lines, V/C, and the largest one relative to where the line rests, V.
    pub(super) step: [Row; 2],
    pub(super) headroom: [Row; 2],
    /// Column, 256 more in the lower row; -1 for an empty slot.
    pub(super) address: [i32; LANES],
    /// Charges that arrive, C.
    pub(super) charges: Row,
    /// Beginning and end of the step.
    pub(super) begin: Point,
    pub(super) end: Point,
    /// The cubic of the membrane and the parabola of the adaptation voltage along the fraction of the step, V.
    cubic: [Row; 3],
    parabola: [Row; 2],
    /// Length of the step, us.
    pub(super) length: Row,
    /// Length of the step that is being made, us; 0 for a lane that waits.
    pub(super) pace: Row,
    /// Where the Runge-Kutta method looks, V.
    pub(super) stage: Row,
    stage_w: Row,
    /// What it finds: slopes in V/us, of the net once the network has added them up, and how fast the net runs away in 1/us.
    pub(super) slope: Row,
    slope_w: Row,
    pub(super) run_away: Row,
    /// How fast the membrane relaxes at most, 1/us; of its net once the network has added them up.
    pub(super) relaxation: Row,
    /// How far the pull is bent at the beginning.
    bent: Row,
    /// What the inputs do at the beginning, the middle and the end, V/us, and how that changes at the beginning, V/us^2.
    drives: [[Row; 3]; 2],
    turns: [Row; 2],
    /// Slopes of the first stage, and sums over the inner ones.
    first: Row,
    inner: Row,
    sum_w: Row,
}

impl Block {
    pub(super) fn new() -> Self {
        const ROW: Row = [0.0; LANES];
        Self {
            mode: ModeLanes::new(),
            inputs: [InputLanes::new(), InputLanes::new()],
            fixed: FixedLanes::new(),
            pulse: ROW,
            threshold: [f32::INFINITY; LANES],
            noise: ROW,
            correction: ROW,
            uses: Uses::default(),
            step: [ROW; 2],
            headroom: [ROW; 2],
            address: [-1; LANES],
            charges: ROW,
            begin: Point::ZERO,
            end: Point::ZERO,
            cubic: [ROW; 3],
            parabola: [ROW; 2],
            length: [1.0; LANES],
            pace: ROW,
            stage: ROW,
            stage_w: ROW,
            slope: ROW,
            slope_w: ROW,
            run_away: ROW,
            relaxation: ROW,
            bent: ROW,
            drives: [[ROW; 3]; 2],
            turns: [ROW; 2],
            first: ROW,
            inner: ROW,
            sum_w: ROW,
        }
    }

    /// Slope of the membrane by a line, unmodulated, and how it changes while the swing decays.
    #[inline(always)]
    fn drive(&self, which: usize, i: usize, u: f32) -> (f32, f32) {
        let input = &self.inputs[which];
        let amplitude = if which == 0 { self.mode.excitatory[i] } else { self.mode.inhibitory[i] };
        let bent = tanh(u * input.gain[i] + input.bias[i]);
        (amplitude * bent, amplitude * (bent * bent - 1.0) * (input.gain[i] * input.decay[i] * u))
    }

    /// The slopes at the beginning, each circuit by itself.
    #[inline(always)]
    pub(super) fn look_at_begin(&mut self) {
        for i in 0..LANES {
            let away = self.mode.pull_potential[i] - self.begin.v[i];
            self.bent[i] = tanh(away * self.mode.pull_inverse_range[i]);
        }
        for which in 0..2 {
            if self.uses.inputs[which] {
                for i in 0..LANES {
                    let (drive, turn) = self.drive(which, i, self.begin.u[which][i]);
                    (self.drives[which][0][i], self.turns[which][i]) = (drive, turn);
                }
            }
        }
        (self.stage, self.stage_w) = (self.begin.v, self.begin.w);
        self.evaluate(0);
    }

    /// The slopes at the stage, which is at the beginning, the middle or the end.
    #[inline(always)]
    fn evaluate(&mut self, when: usize) {
        let Self {
            mode,
            inputs,
            fixed,
            uses,
            stage: v,
            stage_w: w,
            drives,
            slope,
            run_away,
            bent,
            begin,
            ..
        } = self;
        for i in 0..LANES {
            let further = (begin.v[i] - v[i]) * mode.pull_inverse_range[i];
            let pull = mode.pull[i] * bent_on(bent[i], further);
            let below = at_least(fixed.clamp_low[i] - v[i], 0.0);
            let above = at_most(fixed.clamp_high[i] - v[i], 0.0);
            let linear = mode.constant[i] - mode.conductance[i] * v[i];
            slope[i] = pull + linear + fixed.clamp[i] * (below + above);
        }
        for which in 0..2 {
            if !uses.inputs[which] {
                continue;
            }
            let (input, drive) = (&inputs[which], &drives[which][when]);
            if uses.modulation {
                for i in 0..LANES {
                    let free = input.start[i] + input.slope[i] * v[i];
                    slope[i] += drive[i] * at_most(at_least(free, 0.0), input.limit[i]);
                }
            } else {
                for i in 0..LANES {
                    slope[i] += drive[i];
                }
            }
        }
        if uses.exponential {
            for i in 0..LANES {
                let raised = exp((fixed.onset[i] - v[i]) * fixed.steepness[i]);
                let current = mode.exponential[i] / (1.0 + raised);
                slope[i] += current;
                run_away[i] = current * fixed.steepness[i];
            }
        }
        if uses.adaptation {
            for i in 0..LANES {
                slope[i] -= fixed.output[i] * tanh(w[i] * fixed.output_inverse_range[i]);
                let way = tanh((v[i] - fixed.w_zero[i]) * fixed.w_inverse_range[i]);
                let below = at_least(fixed.w_low[i] - w[i], 0.0);
                let above = at_most(fixed.w_high[i] - w[i], 0.0);
                let held = fixed.w_limit[i] * (below + above);
                self.slope_w[i] =
                    (fixed.w_coupling[i] * way + self.pulse[i]) + (held - fixed.w_decay[i] * w[i]);
            }
        }
    }

    /// How fast the membranes relax at most; `ahead` us may bring them to a clamp.
    #[inline(always)]
    pub(super) fn relax(&mut self, ahead: f32) {
        for i in 0..LANES {
            let (now, soon) = (self.begin.v[i], self.begin.v[i] + ahead * self.slope[i]);
            let outside = (at_most(now, soon) < self.fixed.clamp_low[i])
                | (at_least(now, soon) > self.fixed.clamp_high[i]);
            self.relaxation[i] = self.mode.rate[i] + if outside { self.fixed.clamp[i] } else { 0.0 };
        }
    }

    /// How long a step may be at most for the sake of each lane, up to `longest`, in us; to [`Self::pace`].
    #[inline(always)]
    pub(super) fn choose_length(&mut self, longest: f32) {
        for i in 0..LANES {
            let drive = |amplitude: f32, which: usize| {
                let drives = (amplitude != 0.0) & (self.begin.u[which][i] != 0.0);
                if drives { self.inputs[which].decay[i] } else { 0.0 }
            };
            let driven = at_least(drive(self.mode.excitatory[i], 0), drive(self.mode.inhibitory[i], 1));
            let rate = at_least(driven, self.relaxation[i]);
            let slope = self.slope[i].abs();
            let strain = rate * rate * rate * slope * self.mode.precision[i];
            let narrow = at_least(self.mode.pull_inverse_range[i], self.fixed.w_inverse_range[i]);
            let mut hurry = at_least(fourth_root(strain), rate * (1.0 / STABLE));
            hurry = at_least(hurry, slope * narrow * (1.0 / BEND));
            hurry = at_least(hurry, self.run_away[i] * (1.0 / RUN_AWAY));
            hurry = at_least(hurry, self.slope[i] * self.mode.climb[i]);
            self.pace[i] = at_most(longest, 1.0 / at_least(hurry, 1e-3));
        }
    }

    /// From the slopes at the beginning to the second stage, once the pace is known.
    #[inline(always)]
    pub(super) fn first_half(&mut self) {
        for which in 0..2 {
            let decay = &self.inputs[which].decay;
            for (i, decay) in decay.iter().enumerate() {
                let left = self.begin.u[which][i] * exp(-self.pace[i] * decay);
                self.end.u[which][i] = if self.pace[i] > 0.0 { left } else { self.end.u[which][i] };
            }
            if self.uses.inputs[which] {
                for i in 0..LANES {
                    let (drive, turn) = self.drive(which, i, self.end.u[which][i]);
                    // In the middle it is on the cubic through both ends.
                    let bow = 0.125 * self.pace[i] * (self.turns[which][i] - turn);
                    self.drives[which][1][i] = 0.5 * (self.drives[which][0][i] + drive) + bow;
                    self.drives[which][2][i] = drive;
                }
            }
        }
        (self.first, self.sum_w) = (self.slope, self.slope_w);
        self.inner = [0.0; LANES];
        self.go(0.5, 1);
    }

    /// To the next inner stage, `fraction` (0.5 or 1) of the step ahead with the slopes just found.
    #[inline(always)]
    pub(super) fn inner(&mut self, fraction: f32) {
        for i in 0..LANES {
            self.inner[i] += self.slope[i];
            self.sum_w[i] += 2.0 * self.slope_w[i];
        }
        self.go(fraction, if fraction == 1.0 { 2 } else { 1 });
    }

    #[inline(always)]
    fn go(&mut self, fraction: f32, when: usize) {
        for i in 0..LANES {
            let ahead = fraction * self.pace[i];
            self.stage[i] = self.begin.v[i] + ahead * (self.slope[i] + self.noise[i]);
            self.stage_w[i] = self.begin.w[i] + ahead * self.slope_w[i];
        }
        self.evaluate(when);
    }

    /// To the end of the step, for all lanes with a pace. Whether any of them may have risen through its threshold.
    #[inline(always)]
    pub(super) fn finish(&mut self) -> bool {
        let mut crosses = false;
        for i in 0..LANES {
            let (h, now) = (self.pace[i], self.pace[i] > 0.0);
            let (k1, k4) = (self.first[i] + self.noise[i], self.slope[i] + self.noise[i]);
            let middle = self.inner[i] + 2.0 * self.noise[i];
            let c1 = h * k1;
            let c2 = h * (middle - 1.5 * k1 - 0.5 * k4);
            let c3 = h * (2.0 / 3.0) * (k1 - middle + k4);
            let v0 = self.begin.v[i];
            let rise = h * (1.0 / 6.0) * (k1 + 2.0 * middle + k4) + self.begin.lost[i];
            let v = v0 + rise;
            let lost = rise - (v - v0);
            let change = h * (1.0 / 6.0) * (self.sum_w[i] + self.slope_w[i]);
            let d1 = self.parabola[0][i];
            self.length[i] = if now { h } else { self.length[i] };
            self.end.v[i] = if now { v } else { self.end.v[i] };
            self.end.lost[i] = if now { lost } else { self.end.lost[i] };
            self.end.w[i] = if now { self.begin.w[i] + change } else { self.end.w[i] };
            self.cubic[0][i] = if now { c1 } else { self.cubic[0][i] };
            self.cubic[1][i] = if now { c2 } else { self.cubic[1][i] };
            self.cubic[2][i] = if now { c3 } else { self.cubic[2][i] };
            self.parabola[1][i] = if now { change - d1 } else { self.parabola[1][i] };
            // The control points of the cubic bound it.
            let p1 = v0 + c1 * (1.0 / 3.0);
            let p2 = p1 + (c1 + c2) * (1.0 / 3.0);
            let threshold = self.threshold[i] - self.correction[i];
            let highest = at_least(at_least(p1, p2), v);
            crosses |= now & (v0 < threshold) & (highest >= threshold);
        }
        crosses
    }

    /// The slope of the adaptation voltage at the beginning, for lanes with a pace.
    #[inline(always)]
    pub(super) fn keep_slope_w(&mut self) {
        for i in 0..LANES {
            let d1 = self.pace[i] * self.slope_w[i];
            self.parabola[0][i] = if self.pace[i] > 0.0 { d1 } else { self.parabola[0][i] };
        }
    }

    /// The membrane in V at a fraction of the step, with what rounding takes.
    #[inline(always)]
    pub(super) fn membrane(&self, i: usize, x: f64) -> f64 {
        let [c1, c2, c3] = &self.cubic;
        let rise = x * (f64::from(c1[i]) + x * (f64::from(c2[i]) + x * f64::from(c3[i])));
        f64::from(self.begin.v[i]) + (f64::from(self.begin.lost[i]) + rise)
    }

    /// The adaptation voltage in V relative to its reference at a fraction of the step.
    #[inline(always)]
    pub(super) fn adaptation(&self, i: usize, x: f64) -> f64 {
        let [d1, d2] = &self.parabola;
        f64::from(self.begin.w[i]) + x * (f64::from(d1[i]) + x * f64::from(d2[i]))
    }

    /// The swing of a line in V this many us after the beginning of the step.
    #[inline(always)]
    pub(super) fn swing(&self, i: usize, which: usize, after: f32) -> f32 {
        self.begin.u[which][i] * exp(-after * self.inputs[which].decay[i])
    }

    /// What finds a crossing in the step just made: the cubic, and how far the threshold is above where it begins, V.
    pub(super) fn climb(&self, i: usize) -> ([f64; 3], f64) {
        let level = f64::from(self.threshold[i] - self.correction[i]);
        let below = level - f64::from(self.begin.v[i]) - f64::from(self.begin.lost[i]);
        (self.cubic.map(|row| f64::from(row[i])), below)
    }

    /// Ends the steps of the lanes with `hit`, `after` us after their beginnings.
    #[inline(always)]
    pub(super) fn cut(&mut self, hit: &[bool; LANES], after: &Row) {
        for i in 0..LANES {
            let x = f64::from(after[i]) / f64::from(self.length[i]);
            let exact = self.membrane(i, x);
            let (v, w) = (exact as f32, self.adaptation(i, x) as f32);
            let u = [self.swing(i, 0, after[i]), self.swing(i, 1, after[i])];
            let lost = (exact - f64::from(v)) as f32;
            self.begin.v[i] = if hit[i] { v } else { self.begin.v[i] };
            self.begin.lost[i] = if hit[i] { lost } else { self.begin.lost[i] };
            self.begin.w[i] = if hit[i] { w } else { self.begin.w[i] };
            self.begin.u[0][i] = if hit[i] { u[0] } else { self.begin.u[0][i] };
            self.begin.u[1][i] = if hit[i] { u[1] } else { self.begin.u[1][i] };
            self.noise[i] = if hit[i] { 0.0 } else { self.noise[i] };
        }
    }

    /// Moves the beginnings of the lanes with `over` to the ends of their steps.
    #[inline(always)]
    pub(super) fn accept(&mut self, over: &[bool; LANES]) {
        for (i, over) in over.iter().enumerate() {
            self.begin.v[i] = if *over { self.end.v[i] } else { self.begin.v[i] };
            self.begin.lost[i] = if *over { self.end.lost[i] } else { self.begin.lost[i] };
            self.begin.w[i] = if *over { self.end.w[i] } else { self.begin.w[i] };
            self.begin.u[0][i] = if *over { self.end.u[0][i] } else { self.begin.u[0][i] };
            self.begin.u[1][i] = if *over { self.end.u[1][i] } else { self.begin.u[1][i] };
        }
    }

    /// Adds the charges that arrive to a line, at the beginning of the step.
    #[inline(always)]
    pub(super) fn charge(&mut self, which: usize) {
        for i in 0..LANES {
            let swing = self.begin.u[which][i];
            self.begin.u[which][i] =
                raised(swing, self.charges[i], self.step[which][i], self.headroom[which][i]);
        }
    }
}
