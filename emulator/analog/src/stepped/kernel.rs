//! Sixteen circuits that belong to no net but their own: what each is told and where it stands, and one step of all of them.
//!
//! Units: V, us; what a circuit does to its membrane is divided by its capacitance, as V/us. Times are in ps since an epoch that the
//! [fleet](super::fleet) keeps. No lane looks at another one, every operation is the same for all lanes, and nothing branches, so that
//! a lane has the same bits wherever it is and however wide the vectors of the machine are.
//!
//! # The step
//! The classical Runge-Kutta method for the membrane, whose stages also give the cubic between both ends. Lines decay exactly; their
//! currents at the middle and the end are known before the membrane is. The adaptation voltage, slow beside the membrane, is an exponential
//! integrator along what the stages found. The hyperbolic tangents of leak, reset and adaptation are taken at the beginning and
//! continued by three terms of their series, with steps short enough for that.
//!
//! # Charges within a step
//! A charge that comes in within a step does not end it, as long as all of them together stay within the *room* of the step: they raise the
//! membrane along the tangents in the middle of the step, to third order in time, and from four sums over them follows where everything is
//! at any time in the step. The room keeps the error of that below the tolerance of a step, and the membrane below its
//! threshold, so that a crossing never depends on it. A charge beyond the room ends the step.
//!
//! # Lengths
//! The length is the largest part of 0.26 us (4.2 us for a membrane that hardly moves) that keeps a bound of the error of the cubic below
//! its tolerance, the method stable, and the exponential within what order 4 follows.

use super::elementary::{at_least, at_most, exp, tanh};
use super::lanes::{FixedLanes, InputLanes, ModeLanes, lanes};
use super::noise::{self, Purpose};

/// Circuits of a block.
pub(super) const LANES: usize = 16;
/// "Not planned", in ps since the epoch; well below the largest number so that sums don't overflow.
pub(super) const LATER: i32 = 1 << 30;
/// Longest steps in ps are this power of two and the next four; steps end on their multiples.
const SHORT_GRID: u32 = 18;
/// Longest step in units of the time constant of the run-away at its beginning.
const RUN_AWAY: f32 = 0.45;
/// Longest way up in one step in units of the slope of the exponential.
const CLIMB: f32 = 0.8;
/// Longest way in one step in units of the range of leak, reset and adaptation.
const BEND: f32 = 0.25;
/// Longest way in V in a step beyond the shortest grid.
const NEAR: f32 = 0.03;
/// Error in V that a limit of the adaptation voltage may make when it begins to hold within a step.
const KINK: f32 = 4e-5;
/// A swing in V that is nothing.
const SILENT: f32 = 2e-8;
/// Distance in V from its rest at which a membrane is there, and an adaptation voltage.
const AT_REST: f32 = 2e-7;
const W_AT_REST: f32 = 1e-6;
/// Part of what a step may be off by (times [`CUBIC`](super::effective)) that charges within it may add.
const TAKEN: f32 = 0.08;
/// The same, while a membrane runs away, in us of its slope: there an error moves the fire by that time.
const TAKEN_LATE: f32 = 3e-4;
/// Largest decay of a line, and relaxation of a membrane, in a step that takes charges.
const SERIES: f32 = 0.35;
const RELAXED: f32 = 1.2;
/// -zeta(1/2) / sqrt(2 pi): by how much a barrier that is watched in steps is to be lowered, in units of the noise of one step.
const CONTINUITY_CORRECTION: f32 = 0.5826;

/// A lane of the block does this (bits of a set).
pub(super) mod feature {
    /// Exponential.
    pub(crate) const EXPONENTIAL: u32 = 1;
    /// Adaptation voltage that moves, or acts on the membrane.
    pub(crate) const ADAPTATION: u32 = 2;
    /// Conductance-based inputs.
    pub(crate) const MODULATION: u32 = 4;
    /// Membrane noise.
    pub(crate) const NOISE: u32 = 8;
}

lanes! {
    /// What changes with the state of the back-end, and what only this kind of block has.
    Control, ControlLanes {
        /// Slope of the adaptation voltage by the pulse, V/us; 0 while it is low.
        pulse,
        /// V above which the circuit fires; infinite while nobody looks.
        threshold,
        /// Growth of the variance of the membrane, V^2/us.
        diffusion,
        /// Swing per charge of the lines, V/C.
        excitatory_step,
        /// The same.
        inhibitory_step,
        /// Largest swing in V relative to where the line rests.
        excitatory_headroom,
        /// The same.
        inhibitory_headroom,
        /// Largest swing in V that may be taken within a step, if its tangents allow it.
        patience,
    }
}

lanes! {
    /// Where a lane stands: the step that it is in, and the end of that step. A lane that waits for its next step stands at the end.
    Course, CourseLanes {
        /// Membrane at the beginning, V.
        v0,
        /// What rounding took from it, V.
        lost0,
        /// The cubic of the membrane along the fraction of the step, V.
        c1,
        /// The same.
        c2,
        /// The same.
        c3,
        /// Swings at the beginning relative to where the lines rest, V.
        e0,
        /// The same.
        i0,
        /// Adaptation voltage at the beginning relative to its reference, V.
        w0,
        /// The parabola of the adaptation voltage along the fraction of the step, V.
        d1,
        /// The same.
        d2,
        /// Membrane at the end, V.
        v,
        /// What rounding took from it, V.
        lost,
        /// Swings at the end, V.
        e,
        /// The same.
        i,
        /// Adaptation voltage at the end, V.
        w,
        /// What a swing does to the membrane in the middle of the step, 1/us: of the excitatory line, of the inhibitory one.
        e_gain,
        /// The same.
        i_gain,
        /// By how much the gains change with the swing, 1/(V us).
        e_bend,
        /// The same.
        i_bend,
        /// How fast the membrane relaxes in the middle of the step, 1/us; below 0 while it runs away.
        relaxation,
        /// What the membrane does to the adaptation voltage, 1/us.
        w_gain,
        /// Swing in V that may be taken within the step.
        room,
        /// Swings taken within the step, V, and the sums of their products with the powers of the time since its beginning in us.
        e_taken,
        /// The same, V us.
        e_first,
        /// The same, V us^2.
        e_second,
        /// The same, V us^3.
        e_third,
        /// Sum of the growths of the square of the swing times the time, V^2 us.
        e_square,
        /// The same of the inhibitory line.
        i_taken,
        /// The same, V us.
        i_first,
        /// The same, V us^2.
        i_second,
        /// The same, V us^3.
        i_third,
        /// The same, V^2 us.
        i_square,
    }
}

/// Sixteen lanes.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Block {
    pub(super) mode: ModeLanes<LANES>,
    pub(super) inputs: [InputLanes<LANES>; 2],
    pub(super) fixed: FixedLanes<LANES>,
    pub(super) control: ControlLanes<LANES>,
    pub(super) course: CourseLanes<LANES>,
    /// What makes the noise of a lane its own.
    pub(super) key: [u32; LANES],
    /// Beginning and end of the present step.
    pub(super) begin: [i32; LANES],
    pub(super) end: [i32; LANES],
    /// The next thing that a lane does by itself: a step of its automaton, which no step passes, or a crossing.
    pub(super) event: [i32; LANES],
    /// The next step of the automaton alone.
    pub(super) planned: [i32; LANES],
    /// The membrane may reach the threshold in the step just made.
    pub(super) crosses: [i32; LANES],
    /// Into how many parts the way to the next grid point was cut.
    pub(super) parts: [i32; LANES],
    /// Set of [`feature`]s.
    pub(super) features: u32,
    /// The address of the first lane if all of them are neighbours, or -1.
    pub(super) first: i32,
    /// Column, 256 more in the lower row; -1 for a slot that takes no events.
    pub(super) address: [i32; LANES],
    /// Some lane has a bypass.
    pub(super) bypassed: bool,
}

impl Block {
    pub(super) fn new() -> Self {
        let mut control = ControlLanes::new();
        control.threshold = [f32::INFINITY; LANES];
        Self {
            mode: ModeLanes::new(),
            inputs: [InputLanes::new(), InputLanes::new()],
            fixed: FixedLanes::new(),
            control,
            course: CourseLanes::new(),
            key: [0; LANES],
            begin: [0; LANES],
            end: [LATER; LANES],
            event: [LATER; LANES],
            planned: [LATER; LANES],
            crosses: [0; LANES],
            parts: [1; LANES],
            features: 0,
            first: -1,
            address: [-1; LANES],
            bypassed: false,
        }
    }

    /// Copies a lane of another block here.
    pub(super) fn copy(&mut self, to: usize, other: &Self, from: usize) {
        self.mode.set(to, &other.mode.get(from));
        for line in 0..2 {
            self.inputs[line].set(to, &other.inputs[line].get(from));
        }
        self.fixed.set(to, &other.fixed.get(from));
        self.control.set(to, &other.control.get(from));
        self.course.set(to, &other.course.get(from));
        self.key[to] = other.key[from];
        for (own, of) in [
            (&mut self.begin, &other.begin),
            (&mut self.end, &other.end),
            (&mut self.event, &other.event),
            (&mut self.planned, &other.planned),
            (&mut self.crosses, &other.crosses),
            (&mut self.parts, &other.parts),
            (&mut self.address, &other.address),
        ] {
            own[to] = of[from];
        }
    }

    /// Makes a lane one that never does anything.
    pub(super) fn vacate(&mut self, lane: usize) {
        (self.end[lane], self.event[lane], self.planned[lane]) = (LATER, LATER, LATER);
        (self.address[lane], self.crosses[lane]) = (-1, 0);
    }

    /// The earliest time at which a lane needs a step or does something by itself.
    #[inline(always)]
    pub(super) fn next(&self) -> i32 {
        let mut next = LATER;
        for i in 0..LANES {
            next = next.min(self.end[i].min(self.event[i]));
        }
        next
    }

    /// The membrane in V at a fraction of the present step, with what rounding takes.
    pub(super) fn membrane(&self, lane: usize, x: f64) -> f64 {
        let course = &self.course;
        let rise = x
            * (f64::from(course.c1[lane])
                + x * (f64::from(course.c2[lane]) + x * f64::from(course.c3[lane])));
        f64::from(course.v0[lane]) + (f64::from(course.lost0[lane]) + rise)
    }

    /// What charges within the present step have done `after` us after its beginning: to membrane, lines and adaptation voltage, V.
    #[inline(always)]
    pub(super) fn taken(&self, lane: usize, after: f32) -> [f32; 4] {
        taken(&self.course, [self.inputs[0].decay[lane], self.inputs[1].decay[lane]], lane, after)
    }

    /// Length of the present step in us.
    pub(super) fn length(&self, lane: usize) -> f32 {
        (self.end[lane] - self.begin[lane]) as f32 * 1e-6
    }
}

/// See [`Block::taken`].
#[inline(always)]
fn taken(course: &CourseLanes<LANES>, decays: [f32; 2], n: usize, after: f32) -> [f32; 4] {
    let since = |[zeroth, first, second, third]: [f32; 4]| {
        let one = after * zeroth - first;
        let two = after * (one - first) + second;
        let three = after * (after * (one - 2.0 * first) + 3.0 * second) - third;
        [zeroth, one, two, three]
    };
    let e = since([course.e_taken[n], course.e_first[n], course.e_second[n], course.e_third[n]]);
    let i = since([course.i_taken[n], course.i_first[n], course.i_second[n], course.i_third[n]]);
    let relaxation = course.relaxation[n];
    let line = |[zeroth, one, two, three]: [f32; 4], decay: f32| {
        let left = zeroth - decay * (one - decay * (0.5 * two - decay * (1.0 / 6.0) * three));
        let both = decay + relaxation;
        let curved = (both * both - decay * relaxation) * (1.0 / 6.0);
        (left, one - (0.5 * both * two - curved * three), 0.5 * two - both * (1.0 / 6.0) * three)
    };
    let (e_left, e_flown, e_sum) = line(e, decays[0]);
    let (i_left, i_flown, i_sum) = line(i, decays[1]);
    let square = |taken: f32, square: f32| after * taken * taken - square;
    let v = course.e_gain[n] * e_flown
        + course.i_gain[n] * i_flown
        + course.e_bend[n] * square(course.e_taken[n], course.e_square[n])
        + course.i_bend[n] * square(course.i_taken[n], course.i_square[n]);
    let w = course.w_gain[n] * (course.e_gain[n] * e_sum + course.i_gain[n] * i_sum);
    [v, e_left, i_left, w]
}

/// Charges in C for one line of the lanes at `time`, taken within the present steps where there is room; else the lane is one to be
/// hit by [`cut`].
#[inline(always)]
pub(super) fn take(
    block: &mut Block,
    time: i32,
    inhibitory: bool,
    charges: &[f32; LANES],
    hit: &mut [i32; LANES],
) -> i32 {
    let mut hits = 0;
    for n in 0..LANES {
        hit[n] = i32::from(!take_lane(block, n, time, inhibitory, charges[n]));
        hits |= hit[n];
    }
    hits
}

/// The same for one lane: whether it has taken the charge, or there is none.
#[inline(always)]
pub(super) fn take_lane(block: &mut Block, n: usize, time: i32, inhibitory: bool, charge: f32) -> bool {
    let Block { control, course, begin, end, .. } = block;
    let step = if inhibitory { control.inhibitory_step[n] } else { control.excitatory_step[n] };
    let swing = charge * step;
    let total = course.e_taken[n] + course.i_taken[n] + swing;
    // A charge at the very beginning belongs to the state that the step starts from.
    let fits = (time > begin[n]) & (time < end[n]) & (total <= course.room[n]);
    let swing = if fits & (charge > 0.0) { swing } else { 0.0 };
    let after = (time - begin[n]) as f32 * 1e-6;
    let (first, second) = (swing * after, swing * after * after);
    let third = second * after;
    let square = |taken: f32| swing * (2.0 * taken + swing) * after;
    if inhibitory {
        course.i_square[n] += square(course.i_taken[n]);
        course.i_taken[n] += swing;
        course.i_first[n] += first;
        course.i_second[n] += second;
        course.i_third[n] += third;
    } else {
        course.e_square[n] += square(course.e_taken[n]);
        course.e_taken[n] += swing;
        course.e_first[n] += first;
        course.e_second[n] += second;
        course.e_third[n] += third;
    }
    fits | (charge <= 0.0)
}

/// `tanh(x + d)` where `tanh(x)` is known, to d^4 / 3.
#[inline(always)]
pub(super) fn bent_on(bent: f32, d: f32) -> f32 {
    let square = bent * bent;
    bent + (1.0 - square) * d * (1.0 - d * (bent + (1.0 / 3.0 - square) * d))
}

/// What a lane does to its membrane without inputs.
#[derive(Clone, Copy)]
struct Own {
    constant: f32,
    conductance: f32,
    pull: f32,
    pull_inverse_range: f32,
    /// Where the step begins, and how far the pull is bent there.
    v0: f32,
    bent: f32,
    clamp: f32,
    clamp_low: f32,
    clamp_high: f32,
    exponential: f32,
    onset: f32,
    steepness: f32,
}

impl Own {
    /// How fast the membrane relaxes at `v`, but for the exponential, 1/us.
    #[inline(always)]
    fn relaxation(&self, v: f32) -> f32 {
        let bent = bent_on(self.bent, (self.v0 - v) * self.pull_inverse_range);
        self.pull * self.pull_inverse_range * (1.0 - bent * bent) + self.conductance
    }

    /// Slope of a membrane at `v` in V/us, and how fast it runs away in 1/us.
    #[inline(always)]
    fn at<const FEATURES: u32>(&self, v: f32) -> (f32, f32) {
        let pull = self.pull * bent_on(self.bent, (self.v0 - v) * self.pull_inverse_range);
        let below = at_least(self.clamp_low - v, 0.0);
        let above = at_most(self.clamp_high - v, 0.0);
        let linear = self.constant - self.conductance * v;
        let slope = pull + linear + self.clamp * (below + above);
        if FEATURES & feature::EXPONENTIAL == 0 {
            return (slope, 0.0);
        }
        let raised = exp((self.onset - v) * self.steepness);
        let current = self.exponential / (1.0 + raised);
        (slope + current, current * self.steepness)
    }
}

/// An input of a lane.
#[derive(Clone, Copy)]
struct Drive {
    amplitude: f32,
    gain: f32,
    bias: f32,
    start: f32,
    slope: f32,
    limit: f32,
}

impl Drive {
    /// Slope of the membrane by a line that has swung by `u`, unmodulated, in V/us, and how it changes while the swing decays at this rate
    /// in 1/us; how far it is bent.
    #[inline(always)]
    fn at(&self, u: f32, decay: f32) -> (f32, f32, f32) {
        let bent = tanh(u * self.gain + self.bias);
        (self.amplitude * bent, self.amplitude * (bent * bent - 1.0) * (self.gain * decay * u), bent)
    }

    /// Slope of the membrane per swing in 1/us and half of what that changes per swing, from how far it is bent at both ends of a step.
    #[inline(always)]
    fn tangent<const FEATURES: u32>(&self, bents: [f32; 2], v: f32) -> (f32, f32) {
        let bent = 0.5 * (bents[0] + bents[1]);
        let gain = self.amplitude * self.gain * (1.0 - bent * bent);
        let factor = if FEATURES & feature::MODULATION == 0 {
            1.0
        } else {
            at_most(at_least(self.start + self.slope * v, 0.0), self.limit)
        };
        let gain = gain * factor;
        (gain, -gain * bent * self.gain)
    }
}

/// Slope by both inputs, whose unmodulated slopes are known, for a membrane at `v`.
#[inline(always)]
fn driven<const FEATURES: u32>(drives: [&Drive; 2], slopes: [f32; 2], v: f32) -> f32 {
    if FEATURES & feature::MODULATION == 0 {
        return slopes[0] + slopes[1];
    }
    let [e, i] = drives;
    let excitatory = at_most(at_least(e.start + e.slope * v, 0.0), e.limit);
    let inhibitory = at_most(at_least(i.start + i.slope * v, 0.0), i.limit);
    slopes[0] * excitatory + slopes[1] * inhibitory
}

/// By how much the threshold is lowered in a step of `length` us for the excursions of a noise of `diffusion` V^2/us within it, V.
#[inline(always)]
pub(super) fn correction(diffusion: f32, length: f32) -> f32 {
    CONTINUITY_CORRECTION * (diffusion * length).sqrt()
}

/// `sqrt(x)` to 7 %, for the choice of rooms.
#[inline(always)]
fn square_root(x: f32) -> f32 {
    f32::from_bits((x.to_bits() >> 1).wrapping_add(0x1fc0_0000))
}

/// `sqrt(sqrt(x))` to 7 %, for the choice of steps.
#[inline(always)]
pub(super) fn fourth_root(x: f32) -> f32 {
    f32::from_bits((x.to_bits() >> 2).wrapping_add(0x2fa0_0000))
}

/// The next multiple of a power of two.
#[inline(always)]
fn grid(after: i32, bits: u32) -> i32 {
    (after | ((1 << bits) - 1)) + 1
}

/// What a block is up to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Survey {
    /// The earliest time at which a lane needs a step or does something by itself.
    pub(super) next: i32,
    /// How many lanes need a step at the target.
    pub(super) due: i32,
    /// How many do something by themselves by then, within the steps that they have made.
    pub(super) serves: i32,
    /// How many may have reached the threshold.
    pub(super) crosses: i32,
}

/// What a block is to do until `target`.
#[inline(always)]
pub(super) fn survey(block: &Block, target: i32) -> Survey {
    let mut survey = Survey { next: LATER, due: 0, serves: 0, crosses: 0 };
    for i in 0..LANES {
        survey.next = survey.next.min(block.end[i].min(block.event[i]));
        survey.due += i32::from(block.end[i] <= target);
        survey.serves += i32::from(block.event[i] <= target && block.event[i] <= block.end[i]);
        survey.crosses += block.crosses[i];
    }
    survey
}

/// All lanes whose step is over at `target`, and that have nothing to do before, make their next one.
#[inline(always)]
pub(super) fn step<const FEATURES: u32>(block: &mut Block, target: i32, epoch: u64) {
    let Block {
        mode,
        inputs: [exc, inh],
        fixed,
        control,
        course,
        key,
        begin,
        end,
        event,
        crosses,
        parts,
        ..
    } = block;
    for i in 0..LANES {
        let due = end[i] <= target && event[i] > end[i];
        let start = end[i];
        // Where the step before has ended, with what has come in during it.
        let lasted = end[i].wrapping_sub(begin[i]) as f32 * 1e-6;
        let [more_v, more_e, more_i, more_w] = taken(course, [exc.decay[i], inh.decay[i]], i, lasted);
        let rise = course.lost[i] + more_v;
        let v0 = course.v[i] + rise;
        let lost0 = rise - (v0 - course.v[i]);
        let (e0, i0, w0) = (course.e[i] + more_e, course.i[i] + more_i, course.w[i] + more_w);

        // What does not change in the step.
        let (output, output_slope) = if FEATURES & feature::ADAPTATION != 0 {
            let bent = tanh(w0 * fixed.output_inverse_range[i]);
            let slope = fixed.output[i] * fixed.output_inverse_range[i] * (1.0 - bent * bent);
            (fixed.output[i] * bent, slope)
        } else {
            (0.0, 0.0)
        };
        let constant = mode.constant[i] - output;
        let own = Own {
            constant,
            conductance: mode.conductance[i],
            pull: mode.pull[i],
            pull_inverse_range: mode.pull_inverse_range[i],
            v0,
            bent: tanh((mode.pull_potential[i] - v0) * mode.pull_inverse_range[i]),
            clamp: fixed.clamp[i],
            clamp_low: fixed.clamp_low[i],
            clamp_high: fixed.clamp_high[i],
            exponential: mode.exponential[i],
            onset: fixed.onset[i],
            steepness: fixed.steepness[i],
        };
        let excitatory = Drive {
            amplitude: mode.excitatory[i],
            gain: exc.gain[i],
            bias: exc.bias[i],
            start: exc.start[i],
            slope: exc.slope[i],
            limit: exc.limit[i],
        };
        let inhibitory = Drive {
            amplitude: mode.inhibitory[i],
            gain: inh.gain[i],
            bias: inh.bias[i],
            start: inh.start[i],
            slope: inh.slope[i],
            limit: inh.limit[i],
        };

        // The beginning, and how far it may carry.
        let (by_e0, e_turn0, e_bent0) = excitatory.at(e0, exc.decay[i]);
        let (by_i0, i_turn0, i_bent0) = inhibitory.at(i0, inh.decay[i]);
        let (alone0, run_away) = own.at::<FEATURES>(v0);
        let noiseless = alone0 + driven::<FEATURES>([&excitatory, &inhibitory], [by_e0, by_i0], v0);
        let drive_e = if mode.excitatory[i] != 0.0 && e0 != 0.0 { exc.decay[i] } else { 0.0 };
        let drive_i = if mode.inhibitory[i] != 0.0 && i0 != 0.0 { inh.decay[i] } else { 0.0 };
        // A clamp that it may reach counts.
        let reach = v0 + 0.27 * noiseless + if noiseless > 0.0 { NEAR } else { -NEAR };
        let outside = at_most(v0, reach) < fixed.clamp_low[i] || at_least(v0, reach) > fixed.clamp_high[i];
        let relaxation = mode.rate[i] + if outside { fixed.clamp[i] } else { 0.0 };
        let rate = at_least(at_least(drive_e, drive_i), relaxation);
        // Leak and inputs may cancel now and not later, when inputs have decayed.
        let moving = rate * noiseless.abs() + at_least(drive_e, drive_i) * (by_e0.abs() + by_i0.abs());
        let strain = rate * rate * moving * mode.precision[i];
        let mut hurry = at_least(fourth_root(strain), rate * mode.stability[i]);
        let narrow = at_least(mode.pull_inverse_range[i], fixed.w_inverse_range[i]);
        hurry = at_least(hurry, noiseless.abs() * narrow * (1.0 / BEND));
        if FEATURES & feature::EXPONENTIAL != 0 {
            hurry = at_least(hurry, run_away * (1.0 / RUN_AWAY));
            hurry = at_least(hurry, noiseless * mode.climb[i] * (1.0 / CLIMB));
        }
        let held = if FEATURES & feature::ADAPTATION != 0 {
            let below = at_least(fixed.w_low[i] - w0, 0.0);
            let above = at_most(fixed.w_high[i] - w0, 0.0);
            below + above
        } else {
            0.0
        };
        let w_slope_now = if FEATURES & feature::ADAPTATION != 0 {
            let bent = tanh((v0 - fixed.w_zero[i]) * fixed.w_inverse_range[i]);
            let slope = fixed.w_coupling[i] * bent + control.pulse[i] - fixed.w_decay[i] * w0;
            (slope + fixed.w_limit[i] * held, bent)
        } else {
            (0.0, 0.0)
        };
        let w_ahead = w0 + 0.27 * w_slope_now.0;
        let w_bound = held != 0.0 || w_ahead < fixed.w_low[i] || w_ahead > fixed.w_high[i];
        let w_rate = fixed.w_decay[i] + if held != 0.0 { fixed.w_limit[i] } else { 0.0 };
        if FEATURES & feature::ADAPTATION != 0 {
            let kink = (fixed.w_limit[i] * w_slope_now.0.abs() * (1.0 / KINK)).sqrt();
            let bound = at_least(4.0 * fixed.w_limit[i], kink);
            hurry = at_least(hurry, if w_bound { bound } else { 0.0 });
        }
        let mut goal = grid(start, SHORT_GRID);
        for bits in [SHORT_GRID + 1, SHORT_GRID + 2, SHORT_GRID + 4] {
            let easy = at_least(hurry, noiseless.abs() * (1.0 / NEAR));
            // Within a longer step the noise would be too smooth.
            let easy = if FEATURES & feature::NOISE != 0 { f32::INFINITY } else { easy };
            goal = if easy * ((1u32 << bits) as f32 * 1e-6) <= 1.0 { grid(start, bits) } else { goal };
        }
        let rest = goal.min(event[i]).wrapping_sub(start).max(1);
        let rest_ps = rest as f32;
        // The smallest whole number of parts; 2^23 + x has x rounded in its last bits.
        let wanted = at_most(rest_ps * 1e-6 * hurry + 0.499_999, 4_000_000.0);
        let count = ((wanted + 8_388_608.0).to_bits() & 0x7f_ffff).max(1) as i32;
        let share = rest_ps / count as f32 + 0.499_999;
        let ps = (((share + 8_388_608.0).to_bits() & 0x7f_ffff) as i32).clamp(1, rest);
        let h = ps as f32 * 1e-6;

        // Within 0.2 uV of where it rests with nothing ahead it stays where it is.
        let silent = at_least(e0, i0) < SILENT && event[i] >= LATER;
        let level = noiseless.abs() <= AT_REST * rate && w_slope_now.0.abs() <= W_AT_REST * w_rate;
        let asleep = FEATURES & feature::NOISE == 0 && silent && level;

        let (kick, lowered) = if FEATURES & feature::NOISE != 0 {
            let deviate = noise::deviate(key[i], noise::moment_of(absolute(epoch, start), Purpose::Step));
            let kick = (control.diffusion[i] / h).sqrt() * deviate;
            (kick, correction(control.diffusion[i], h))
        } else {
            (0.0, 0.0)
        };

        let half = 0.5 * h;
        let (e2, i2) = (e0 * exp(-h * exc.decay[i]), i0 * exp(-h * inh.decay[i]));
        let (by_e2, e_turn2, e_bent2) = excitatory.at(e2, exc.decay[i]);
        let (by_i2, i_turn2, i_bent2) = inhibitory.at(i2, inh.decay[i]);
        // In the middle they are on the cubic through both ends.
        let eighth = 0.125 * h;
        let by_e1 = 0.5 * (by_e0 + by_e2) + eighth * (e_turn0 - e_turn2);
        let by_i1 = 0.5 * (by_i0 + by_i2) + eighth * (i_turn0 - i_turn2);

        // The adaptation voltage where the membrane is at the beginning.
        let (w_slope, w_bent) = w_slope_now;
        let sag = output_slope * w_slope;

        let k1 = noiseless + kick;
        let v1 = v0 + half * k1;
        let drift = kick - sag * half;
        let k2 = own.at::<FEATURES>(v1).0
            + driven::<FEATURES>([&excitatory, &inhibitory], [by_e1, by_i1], v1)
            + drift;
        let v2 = v0 + half * k2;
        let (alone2, run_away2) = own.at::<FEATURES>(v2);
        let k3 = alone2 + driven::<FEATURES>([&excitatory, &inhibitory], [by_e1, by_i1], v2) + drift;
        let v3 = v0 + h * k3;
        let k4 = own.at::<FEATURES>(v3).0
            + driven::<FEATURES>([&excitatory, &inhibitory], [by_e2, by_i2], v3)
            + (kick - sag * h);
        let middle = k2 + k3;
        let awake = if asleep { 0.0 } else { 1.0 };
        let c1 = awake * h * k1;
        let c2 = awake * h * (middle - 1.5 * k1 - 0.5 * k4);
        let c3 = awake * h * (2.0 / 3.0) * (k1 - middle + k4);
        let rise = awake * h * (1.0 / 6.0) * (k1 + 2.0 * middle + k4) + lost0;
        let v = v0 + rise;
        let lost = rise - (v - v0);

        let (d1, d2, w) = if FEATURES & feature::ADAPTATION != 0 {
            let d1 = awake * h * w_slope;
            // (1 - exp(-x)) / x, to a part in a thousand for x below 3 and exact to x^5 for small ones.
            let x = h * w_rate;
            let shrink = 1.0 / (1.0 + x * (0.5 + x * (1.0 / 12.0 - x * x * (1.0 / 720.0))));
            // What the way of the membrane adds, by Simpson's rule.
            let per = fixed.w_inverse_range[i];
            let middle = bent_on(w_bent, per * (0.5 * c1 + (0.25 * c2 + 0.125 * c3)));
            let way = fixed.w_coupling[i] * (4.0 * middle + bent_on(w_bent, per * (v - v0)) - 5.0 * w_bent);
            let change = d1 * shrink + awake * h * (1.0 / 6.0) * way;
            (d1, change - d1, w0 + change)
        } else {
            (0.0, 0.0, w0)
        };

        // The control points of the cubic bound it.
        let third = c1 * (1.0 / 3.0);
        let p1 = v0 + third;
        let p2 = p1 + third + c2 * (1.0 / 3.0);
        let highest = at_least(at_least(p1, p2), v);
        let threshold = control.threshold[i] - lowered;
        // Charges within the step before should not have carried it across; if they have, it crosses now.
        let missed = course.v0[i] < control.threshold[i] && v0 >= control.threshold[i];
        let may_cross = due && (missed || (v0 < threshold && highest >= threshold));

        // What may come in without ending the step.
        let (e_gain, e_bend) = excitatory.tangent::<FEATURES>([e_bent0, e_bent2], v2);
        let (i_gain, i_bend) = inhibitory.tangent::<FEATURES>([i_bent0, i_bent2], v2);
        let relaxes = own.relaxation(v2) - run_away2;
        let decays = at_least(exc.decay[i], inh.decay[i]);
        let strongest = at_least(e_gain.abs(), i_gain.abs());
        let x = h * (decays + relaxes.abs());
        // The series that breaks off, and a run-away that is not as fast all the time.
        let series = x * x * x * (1.0 / 24.0) + 0.05 * (h * run_away2) * (h * run_away2);
        let late = if relaxes < 0.0 { TAKEN_LATE * at_least(noiseless, 0.0) } else { 0.0 };
        let tolerance = TAKEN / mode.precision[i] + late;
        let per = h * strongest + 1e-9;
        let bend = at_least(e_bend.abs(), i_bend.abs());
        let exact = tolerance / (per * series + square_root(0.25 * tolerance * h * bend * x) + 1e-12);
        // What comes in grows with a run-away.
        let grows = (1.1 + 4.0 * h * run_away2) * h;
        let below = (threshold - highest) / (grows * at_least(e_gain, 0.0) + 1e-9);
        let spare = at_most(control.excitatory_headroom[i] - e0, control.inhibitory_headroom[i] - i0);
        let room = at_most(at_most(exact, below), at_most(spare, control.patience[i]));
        let takes = !asleep
            & !outside
            & (h * decays <= SERIES)
            & ((x <= RELAXED) | (strongest == 0.0))
            & (highest < threshold);
        let room = if takes { room } else { -1.0 };
        let w_gain = if FEATURES & feature::ADAPTATION != 0 {
            fixed.w_coupling[i] * fixed.w_inverse_range[i] * (1.0 - w_bent * w_bent)
        } else {
            0.0
        };

        begin[i] = if due { start } else { begin[i] };
        let until = if asleep { LATER } else { start + ps };
        end[i] = if due { until } else { end[i] };
        parts[i] = if due { count } else { parts[i] };
        crosses[i] = i32::from(may_cross);
        course.v0[i] = if due { v0 } else { course.v0[i] };
        course.lost0[i] = if due { lost0 } else { course.lost0[i] };
        course.c1[i] = if due { c1 } else { course.c1[i] };
        course.c2[i] = if due { c2 } else { course.c2[i] };
        course.c3[i] = if due { c3 } else { course.c3[i] };
        course.e0[i] = if due { awake * e0 } else { course.e0[i] };
        course.i0[i] = if due { awake * i0 } else { course.i0[i] };
        course.w0[i] = if due { w0 } else { course.w0[i] };
        course.d1[i] = if due { d1 } else { course.d1[i] };
        course.d2[i] = if due { d2 } else { course.d2[i] };
        course.v[i] = if due { v } else { course.v[i] };
        course.lost[i] = if due { lost } else { course.lost[i] };
        course.e[i] = if due { awake * e2 } else { course.e[i] };
        course.i[i] = if due { awake * i2 } else { course.i[i] };
        course.w[i] = if due { w } else { course.w[i] };
        course.e_gain[i] = if due { e_gain } else { course.e_gain[i] };
        course.i_gain[i] = if due { i_gain } else { course.i_gain[i] };
        course.e_bend[i] = if due { e_bend } else { course.e_bend[i] };
        course.i_bend[i] = if due { i_bend } else { course.i_bend[i] };
        course.relaxation[i] = if due { relaxes } else { course.relaxation[i] };
        course.w_gain[i] = if due { w_gain } else { course.w_gain[i] };
        course.room[i] = if due { room } else { course.room[i] };
        forget(course, i, due);
    }
}

/// A step begins, or has ended early: nothing has been taken in it.
#[inline(always)]
fn forget(course: &mut CourseLanes<LANES>, n: usize, now: bool) {
    course.e_taken[n] = if now { 0.0 } else { course.e_taken[n] };
    course.e_first[n] = if now { 0.0 } else { course.e_first[n] };
    course.e_second[n] = if now { 0.0 } else { course.e_second[n] };
    course.e_square[n] = if now { 0.0 } else { course.e_square[n] };
    course.e_third[n] = if now { 0.0 } else { course.e_third[n] };
    course.i_taken[n] = if now { 0.0 } else { course.i_taken[n] };
    course.i_first[n] = if now { 0.0 } else { course.i_first[n] };
    course.i_second[n] = if now { 0.0 } else { course.i_second[n] };
    course.i_square[n] = if now { 0.0 } else { course.i_square[n] };
    course.i_third[n] = if now { 0.0 } else { course.i_third[n] };
}

/// Ends the steps of the lanes with `hit` at `time`, and adds charges in C to the excitatory or inhibitory lines there.
#[inline(always)]
pub(super) fn cut(
    block: &mut Block,
    time: i32,
    hit: &[i32; LANES],
    charges: [&[f32; LANES]; 2],
    epoch: u64,
    noisy: bool,
) {
    for n in 0..LANES {
        cut_lane(block, n, time, hit[n] != 0, [charges[0][n], charges[1][n]], epoch, noisy);
    }
}

/// The same for one lane.
#[inline(always)]
pub(super) fn cut_lane(
    block: &mut Block,
    n: usize,
    time: i32,
    hit: bool,
    charges: [f32; 2],
    epoch: u64,
    noisy: bool,
) {
    let Block { inputs: [exc, inh], control, course, key, begin, end, event, planned, .. } = block;
    // A lane that waits for its next step stands at the end.
    let inside = hit && time < end[n];
    let span = (end[n] - begin[n]).max(1) as f32;
    let after = (time - begin[n]) as f32;
    let x = after / span;
    let h = after * 1e-6;
    let rise = x * (course.c1[n] + x * (course.c2[n] + x * course.c3[n])) + course.lost0[n];
    let v0 = if inside { course.v0[n] } else { course.v[n] };
    let mut rise = if inside { rise } else { course.lost[n] };
    let passed = if inside { after } else { end[n].wrapping_sub(begin[n]) as f32 } * 1e-6;
    let [taken_v, taken_e, taken_i, taken_w] = taken(course, [exc.decay[n], inh.decay[n]], n, passed);
    rise += taken_v;
    if noisy {
        let ahead = (end[n] - time) as f32 * 1e-6;
        let variance = control.diffusion[n] * h * ahead / (span * 1e-6);
        let moment = noise::moment_of(absolute(epoch, time), Purpose::Bridge);
        let bridge = at_least(variance, 0.0).sqrt() * noise::deviate(key[n], moment);
        rise += if inside { bridge } else { 0.0 };
    }
    let v = v0 + rise;
    let lost = rise - (v - v0);
    let w = course.w0[n] + x * (course.d1[n] + x * course.d2[n]);
    let (e, i) = (course.e0[n] * exp(-h * exc.decay[n]), course.i0[n] * exp(-h * inh.decay[n]));
    let w = if inside { w } else { course.w[n] } + taken_w;
    let e = if inside { e } else { course.e[n] } + taken_e;
    let i = if inside { i } else { course.i[n] } + taken_i;
    let [more_e, more_i] = charges;
    course.v[n] = if hit { v } else { course.v[n] };
    // Only what rises from here on crosses the threshold.
    course.v0[n] = if hit { v } else { course.v0[n] };
    course.lost[n] = if hit { lost } else { course.lost[n] };
    course.w[n] = if hit { w } else { course.w[n] };
    let e = raised(e, more_e, control.excitatory_step[n], control.excitatory_headroom[n]);
    let i = raised(i, more_i, control.inhibitory_step[n], control.inhibitory_headroom[n]);
    course.e[n] = if hit { e } else { course.e[n] };
    course.i[n] = if hit { i } else { course.i[n] };
    end[n] = if hit { time } else { end[n] };
    begin[n] = if hit { time } else { begin[n] };
    event[n] = if hit { planned[n] } else { event[n] };
    forget(course, n, hit);
}

/// The swing of a line that takes a charge, if it is one, up to the headroom.
#[inline(always)]
pub(super) fn raised(swing: f32, charge: f32, step: f32, headroom: f32) -> f32 {
    let more = at_most(swing + charge * step, at_least(headroom, swing));
    if charge > 0.0 { more } else { swing }
}

/// Words of the time in ps, high then low.
#[inline(always)]
fn absolute(epoch: u64, time: i32) -> [u32; 2] {
    let low = (epoch as u32).wrapping_add(time as u32);
    [((epoch >> 32) as u32).wrapping_add(u32::from(low < epoch as u32)), low]
}
