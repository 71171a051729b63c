//! One neuron circuit: membrane, comparator, reset and the refractory automaton of its back-end (analog-core 3, settled O10).
//!
//! # Time
//! A circuit is lazy. Its state belongs to its *anchor*, the last moment at which something happened to it; in between,
//! everything is known in closed form. It becomes active by itself only at `wake`. Anchors are input events, changes of parameters,
//! readings, and the wake times that the circuit plans from its state at the previous anchor; never the end of a window. Hence
//! the result, to the bit, doesn't depend on how time is sliced.
//!
//! # Noise
//! The membrane noise is a white current (analog-core 8.3), so the membrane is its noiseless solution plus an Ornstein-Uhlenbeck
//! process. Two representations alternate:
//!
//! * **quiet**: no crossing is possible before `wake`. Only the variance of what the noise has done since the last
//!   reading is kept (`variance`, exact for any length) and is drawn when somebody looks: a reading, or the threshold
//!   coming near.
//! * **live**: the threshold is near. The noise is one constant current for a cell of [`LIVE_CELL`] such that the variance at its
//!   end is exact; crossings are searched in closed form under it. The path between is smoother than Brownian motion and misses its
//!   excursions. On average that equals a threshold raised by 0.58 sqrt(D h) = 0.04 mV at full capacitance (the continuity correction
//!   for barriers that are watched in steps), by which the threshold is therefore lowered in live cells. It takes the place
//!   of the Brownian-bridge draw of analog-core 9.4.
//!
//! "Possible" means within [`CERTAINTY`] standard deviations.

use crate::core::RefractorySpan;
use crate::curve::Curve;
use crate::draws::{self, normal};
use crate::membrane::{LinearMembrane, Mode, Region, Relaxation, State};
use crate::options::{AnalogOptions, ClockPhase, Level};
use crate::parameters::{LINE_REST, Line, NeuronParameters, ReadoutSource};
use crate::stepped::BackEnd;
use crate::tangent::Tangent;
use bss2_base::SimTime;
use bss2_base::math::ln;
use serde::{Deserialize, Serialize};

/// "Not planned", in ps.
pub(crate) const NEVER: u64 = u64::MAX;
/// Length of a live cell in ps (`numerics.ou_grid`).
const LIVE_CELL: u64 = 100_000;
/// Shortest time in ps for which a tangent is taken.
const TANGENT_STEP: u64 = 10_000;
/// Shortest step in ps near a soft clamp: how late the clamp may set in.
const CLAMP_STEP: u64 = 20_000;
/// Number of standard deviations that the membrane noise is trusted to stay within.
const CERTAINTY: f64 = 7.0;
/// -zeta(1/2) / sqrt(2 pi): the continuity correction of a barrier in units of the noise of one step.
const CONTINUITY_CORRECTION: f64 = 0.5826;
/// The pending variance in V^2 stops growing here: the membrane can't leave its supplies.
const VARIANCE_LIMIT: f64 = 0.1;
/// Line swing in V at which the synapses run out of headroom (analog-core 5.2).
const LINE_HEADROOM: f64 = 0.6;

/// What a circuit needs to know of its core.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Surroundings<'a> {
    pub(crate) seed: u64,
    pub(crate) options: &'a AnalogOptions,
}

/// State and parameters of one circuit. Times are in ps.
///
/// The fields that an event needs come first and stay together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[repr(C)]
pub(crate) struct LinearCircuit {
    /// The moment to which `state`, `variance` and the plan belong.
    anchor: u64,
    /// When the circuit next does something by itself: the earliest of all planned times.
    wake: u64,
    state: State,
    /// Variance in V^2 of the membrane noise that has not been drawn yet; 0 in a live cell.
    variance: f64,
    /// Equations in force: `modes[mode]`, or a variant with a clamp.
    membrane: LinearMembrane,
    region: Region,
    /// Where they are taken, and when the state may leave the windows in which they hold.
    tangent: Tangent,
    curves: [Curve; 2],
    leaves_at: u64,
    /// End of the live cell, and its noise as a membrane slope in V/s.
    live_until: u64,
    live_noise: f64,
    /// The planned crossing of the threshold.
    crossing_at: u64,
    /// Threshold in V with the offset of this arming; infinite while the comparator can't fire.
    threshold: f64,
    /// Growth of the membrane variance in V^2/s; 0 without noise.
    diffusion: f64,
    /// How far in V the threshold is lowered in live cells.
    live_correction: f64,
    /// The next step of the automaton.
    automaton_at: u64,
    /// 1 / line capacitance in V/C.
    line_step: [f64; 2],

    number: u32,
    automaton: Automaton,
    /// Threshold offset in V of this arming.
    threshold_offset: f64,
    parameters: NeuronParameters,
    /// Leak, reset; without clamp.
    modes: [LinearMembrane; 2],
    /// Where they are linearised: at rest, with silent lines.
    tangents: [Tangent; 2],
    silent: [Curve; 2],
    /// Whether the tangents are to be trusted everywhere: the parameters are those of a circuit without saturation.
    idealised: bool,
}

/// From the crossing to the next arming. Each time is [`NEVER`] unless that step is ahead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Automaton {
    /// The reset switch closes: crossing + comparator delay, not rounded (settled O9).
    reset_at: u64,
    /// The fire edge as the digital part sees it: `reset_at` rounded up to 4 ns.
    edge_at: u64,
    /// The reset switch opens.
    release_at: u64,
    /// The refractory period ends and the comparator is looked at again.
    arm_at: u64,
    in_reset: bool,
    armed: bool,
    /// The refractory counter was started while its clock was off.
    stalled: bool,
}

impl Automaton {
    fn next(&self) -> u64 {
        self.reset_at.min(self.edge_at).min(self.release_at).min(self.arm_at)
    }
}

/// Where a circuit stands when it changes its class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Handover {
    /// ps.
    pub(crate) time: u64,
    /// V.
    pub(crate) membrane: f64,
    /// Swings of the lines in V.
    pub(crate) lines: [f64; 2],
    pub(crate) back_end: BackEnd,
    /// Deviation in V of the threshold in this arming.
    pub(crate) threshold_offset: f64,
}

/// The fire edge that a circuit has just produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    /// ps, on the 4 ns grid.
    pub(crate) time: u64,
    /// Whether the post pulse goes into the column.
    pub(crate) post_pulse: bool,
}

impl LinearCircuit {
    /// Circuit number `number` with neutral parameters and a discharged membrane at time zero.
    pub(crate) fn new(number: u32, surroundings: Surroundings<'_>) -> Self {
        let parameters = NeuronParameters::default();
        let tangent = Tangent::unlimited(&parameters, Mode::Leak);
        let silent = parameters.inputs.map(|input| Curve::unlimited(&input));
        let neutral = LinearMembrane::new(&parameters, Mode::Leak, Region::Inside, &tangent, &silent);
        let mut circuit = Self {
            anchor: 0,
            wake: NEVER,
            state: State::default(),
            variance: 0.0,
            membrane: neutral,
            region: Region::Inside,
            tangent,
            curves: silent,
            leaves_at: NEVER,
            live_until: 0,
            live_noise: 0.0,
            crossing_at: NEVER,
            threshold: f64::INFINITY,
            diffusion: 0.0,
            live_correction: 0.0,
            automaton_at: NEVER,
            line_step: [0.0; 2],
            number,
            automaton: Automaton {
                reset_at: NEVER,
                edge_at: NEVER,
                release_at: NEVER,
                arm_at: NEVER,
                in_reset: false,
                armed: true,
                stalled: false,
            },
            threshold_offset: 0.0,
            parameters,
            modes: [neutral; 2],
            tangents: [tangent; 2],
            silent,
            idealised: false,
        };
        circuit.prepare(surroundings);
        circuit.draw_threshold(0, surroundings);
        circuit.select_membrane();
        circuit.select_threshold();
        circuit.plan(surroundings);
        circuit
    }

    /// When [`LinearCircuit::step`] is due; [`NEVER`] if nothing happens without input.
    pub(crate) fn wake(&self) -> u64 {
        self.wake
    }

    pub(crate) fn parameters(&self) -> &NeuronParameters {
        &self.parameters
    }

    /// Replaces the parameters at `time`; voltages are conserved. Refractory periods that are running keep their end. `idealised`:
    /// they are those of a circuit without saturation.
    pub(crate) fn set_parameters(
        &mut self,
        time: u64,
        parameters: &NeuronParameters,
        idealised: bool,
        surroundings: Surroundings<'_>,
    ) {
        self.move_to(time);
        self.cut_live_cell();
        (self.parameters, self.idealised) = (*parameters, idealised);
        self.prepare(surroundings);
        self.select_membrane();
        self.select_threshold();
        if self.automaton.stalled && parameters.refractory.clock.is_some() {
            self.automaton.stalled = false;
            self.start_refractory(time, surroundings);
            self.automaton_at = self.automaton.next();
        }
        self.plan(surroundings);
    }

    /// Whether its parameters are those of a circuit without saturation.
    pub(crate) fn is_idealised(&self) -> bool {
        self.idealised
    }

    /// Hands over at `time`, at which nothing is due: this circuit does nothing more until [`Self::take_over`].
    pub(crate) fn hand_over(&mut self, time: u64, surroundings: Surroundings<'_>) -> Handover {
        self.move_to(time);
        self.cut_live_cell();
        self.draw_variance(surroundings);
        let automaton = &mut self.automaton;
        let ahead = |time: u64| (time != NEVER).then(|| SimTime::from_ps(time));
        let back_end = BackEnd {
            reset_at: ahead(automaton.reset_at),
            edge_at: ahead(automaton.edge_at),
            release_at: ahead(automaton.release_at),
            arm_at: ahead(automaton.arm_at),
            in_reset: automaton.in_reset,
            armed: automaton.armed,
            stalled: automaton.stalled,
            ..BackEnd::default()
        };
        self.rest();
        Handover {
            time: self.anchor,
            membrane: self.state.v,
            lines: self.state.u,
            back_end,
            threshold_offset: self.threshold_offset,
        }
    }

    /// Nothing is planned any more.
    fn rest(&mut self) {
        (self.wake, self.automaton_at, self.crossing_at) = (NEVER, NEVER, NEVER);
        (self.live_until, self.live_noise, self.leaves_at) = (0, 0.0, NEVER);
    }

    /// New parameters while another class follows the circuit.
    pub(crate) fn prepare_to_take_over(
        &mut self,
        parameters: &NeuronParameters,
        idealised: bool,
        surroundings: Surroundings<'_>,
    ) {
        (self.parameters, self.idealised) = (*parameters, idealised);
        self.prepare(surroundings);
    }

    /// Follows the circuit from this state on.
    pub(crate) fn take_over(&mut self, handover: &Handover, surroundings: Surroundings<'_>) {
        let time = |time: Option<SimTime>| time.map_or(NEVER, SimTime::as_ps);
        let back_end = &handover.back_end;
        self.rest();
        self.anchor = handover.time;
        self.state = State { v: handover.membrane, u: handover.lines };
        self.variance = 0.0;
        self.threshold_offset = handover.threshold_offset;
        self.automaton = Automaton {
            reset_at: time(back_end.reset_at),
            edge_at: time(back_end.edge_at),
            release_at: time(back_end.release_at),
            arm_at: time(back_end.arm_at),
            in_reset: back_end.in_reset,
            armed: back_end.armed,
            stalled: back_end.stalled,
        };
        self.automaton_at = self.automaton.next();
        self.select_membrane();
        self.select_threshold();
        self.plan(surroundings);
    }

    /// A charge in C arrives on a line at `time`.
    #[inline]
    pub(crate) fn receive(&mut self, time: u64, line: Line, charge: f64, surroundings: Surroundings<'_>) {
        self.move_to(time);
        let u = &mut self.state.u[line as usize];
        let step = charge * self.line_step[line as usize];
        *u = (*u + step).min(LINE_HEADROOM.max(*u)).max(0.0);
        self.plan(surroundings);
    }

    /// Artificial fire at `time`: like a comparator edge, unless the neuron is refractory or its fire line is disabled.
    pub(crate) fn fire(&mut self, time: u64, surroundings: Surroundings<'_>) {
        if !self.parameters.enable_fire || !self.automaton.armed {
            return;
        }
        self.move_to(time);
        self.ignite(time);
        self.plan(surroundings);
    }

    /// Takes the refractory state of its fire line at `time`, or what is new about it; times in ps, [`NEVER`] if unknown.
    pub(crate) fn follow(&mut self, time: u64, release: u64, until: u64, surroundings: Surroundings<'_>) {
        self.move_to(time);
        self.cut_live_cell();
        let automaton = &mut self.automaton;
        let begins = automaton.armed;
        (automaton.armed, automaton.stalled) = (false, false);
        (automaton.reset_at, automaton.edge_at) = (NEVER, NEVER);
        // A reset that has opened is not closed again for one that should be open as well.
        if begins || automaton.in_reset || release > time {
            automaton.in_reset = true;
            automaton.release_at = release.max(time);
        }
        automaton.arm_at = until.max(time);
        self.threshold = f64::INFINITY;
        self.automaton_at = self.automaton.next();
        self.select_membrane();
        self.plan(surroundings);
    }

    /// The refractory state that the digital part sees, if there is one.
    pub(crate) fn refractory(&self) -> Option<RefractorySpan> {
        let automaton = &self.automaton;
        let end = |time| SimTime::from_ps(time);
        match (automaton.armed || automaton.edge_at != NEVER, automaton.in_reset) {
            (true, _) => None,
            (false, true) => {
                Some(RefractorySpan { release: end(automaton.release_at), until: end(automaton.arm_at) })
            }
            (false, false) => Some(RefractorySpan { release: SimTime::ZERO, until: end(automaton.arm_at) }),
        }
    }

    /// The voltages at `time`, for a circuit that reads them: pending noise is drawn and becomes part of the state.
    pub(crate) fn read(&mut self, time: u64, surroundings: Surroundings<'_>) -> State {
        self.move_to(time);
        self.draw_variance(surroundings);
        self.plan(surroundings);
        self.state
    }

    /// What [`LinearCircuit::read`] would return, without leaving a trace.
    pub(crate) fn peek(&self, time: u64, surroundings: Surroundings<'_>) -> State {
        let mut copy = self.clone();
        copy.move_to(time);
        copy.draw_variance(surroundings);
        copy.state
    }

    /// Output of the readout amplifier in V for given voltages, `None` if it drives nothing.
    pub(crate) fn amplifier_output(&self, state: &State) -> Option<f64> {
        let readout = &self.parameters.readout;
        let line = |line: Line| {
            readout.line_gain * (LINE_REST - state.u[line as usize]) + readout.line_offset + readout.offset
        };
        match readout.source {
            _ if !readout.amplifier => None,
            ReadoutSource::Membrane => Some(state.v + readout.offset),
            ReadoutSource::ExcitatoryLine => Some(line(Line::Excitatory)),
            ReadoutSource::InhibitoryLine => Some(line(Line::Inhibitory)),
            ReadoutSource::Adaptation => None,
        }
    }

    /// Whether the refractory counter runs, or is about to.
    pub(crate) fn is_refractory(&self) -> bool {
        !self.automaton.armed
    }

    /// Does what was planned for [`LinearCircuit::wake`], and plans on.
    pub(crate) fn step(&mut self, surroundings: Surroundings<'_>) -> Option<Edge> {
        let time = self.wake;
        self.move_to(time);
        let mut edge = None;
        if self.automaton_at == time {
            edge = self.step_automaton(time, surroundings);
            self.automaton_at = self.automaton.next();
        } else if self.crossing_at == time {
            self.cross(time, surroundings);
        }
        self.plan(surroundings);
        edge
    }

    fn step_automaton(&mut self, time: u64, surroundings: Surroundings<'_>) -> Option<Edge> {
        let automaton = &mut self.automaton;
        if automaton.reset_at == time {
            automaton.reset_at = NEVER;
            automaton.in_reset = true;
            self.select_membrane();
            None
        } else if automaton.edge_at == time {
            automaton.edge_at = NEVER;
            self.start_refractory(time, surroundings);
            Some(Edge { time, post_pulse: self.parameters.post_pulse })
        } else if automaton.release_at == time {
            automaton.release_at = NEVER;
            automaton.in_reset = false;
            self.state.v += self.parameters.release_charge / self.parameters.capacitance;
            self.select_membrane();
            None
        } else {
            automaton.arm_at = NEVER;
            automaton.armed = true;
            self.draw_threshold(time, surroundings);
            self.select_threshold();
            self.draw_variance(surroundings);
            // Level-sensitive: an output that is still high is a new fire at once (event-routing 9.4).
            if self.state.v >= self.threshold {
                self.ignite(time);
            }
            None
        }
    }

    /// The membrane has reached the threshold.
    fn cross(&mut self, time: u64, surroundings: Surroundings<'_>) {
        let delay = self.parameters.comparator.map_or(0.0, |comparator| comparator.delay);
        let jitter = surroundings.options.noise.comparator_jitter;
        let jitter = if jitter > 0.0 {
            jitter * normal(surroundings.seed, draws::COMPARATOR_DELAY, self.number, time)
        } else {
            0.0
        };
        self.ignite(time + SimTime::from_secs_f64(delay + jitter).as_ps());
    }

    /// The fire line rises at `time`.
    fn ignite(&mut self, time: u64) {
        self.cut_live_cell();
        self.automaton.armed = false;
        self.threshold = f64::INFINITY;
        self.automaton.reset_at = time;
        self.automaton.edge_at = SimTime::from_ps(time).round_up(SimTime::FABRIC_CYCLE).as_ps();
        self.automaton_at = time;
    }

    /// The refractory counter starts with a fire edge at `edge`.
    fn start_refractory(&mut self, edge: u64, surroundings: Surroundings<'_>) {
        let refractory = &self.parameters.refractory;
        let Some(clock) = refractory.clock.filter(|clock| *clock > SimTime::ZERO) else {
            self.automaton.stalled = true;
            return;
        };
        let start = match surroundings.options.refractory_phase {
            ClockPhase::FreeRunning => SimTime::from_ps(edge).round_up(clock).as_ps(),
            ClockPhase::FromFire => edge,
        };
        let ticks = u64::from(refractory.ticks.max(1));
        let holdoff = u64::from(refractory.holdoff_ticks);
        self.automaton.arm_at = start + ticks * clock.as_ps();
        self.automaton.release_at =
            if ticks < holdoff { self.automaton.arm_at } else { start + (ticks - holdoff) * clock.as_ps() };
    }

    /// What follows from the parameters alone.
    fn prepare(&mut self, surroundings: Surroundings<'_>) {
        let parameters = &self.parameters;
        let unlimited = self.idealised || surroundings.options.level == Level::Linear;
        self.tangents = Mode::ALL.map(|mode| match unlimited {
            true => Tangent::unlimited(parameters, mode),
            false => Tangent::at_rest(parameters, mode),
        });
        self.silent = parameters.inputs.map(|input| match unlimited {
            true => Curve::unlimited(&input),
            false => Curve::around(&input, 0.0),
        });
        self.modes = Mode::ALL.map(|mode| {
            let tangent = &self.tangents[mode as usize];
            LinearMembrane::new(parameters, mode, Region::Inside, tangent, &self.silent)
        });
        self.line_step = parameters.inputs.map(|input| 1.0 / input.line_capacitance);
        let noise = &surroundings.options.noise;
        let scale = noise.reference_capacitance / parameters.capacitance;
        self.diffusion = noise.membrane_rate * scale * scale;
        self.live_correction = CONTINUITY_CORRECTION * (self.diffusion * LIVE_CELL as f64 * 1e-12).sqrt();
    }

    /// A new threshold offset for an arming at `time`.
    fn draw_threshold(&mut self, time: u64, surroundings: Surroundings<'_>) {
        let sigma = surroundings.options.noise.threshold;
        if sigma > 0.0 {
            self.threshold_offset = sigma * normal(surroundings.seed, draws::THRESHOLD, self.number, time);
        }
    }

    /// The threshold in force.
    fn select_threshold(&mut self) {
        self.threshold = match self.parameters.comparator {
            Some(comparator)
                if self.parameters.enable_fire && self.automaton.armed && !self.parameters.held_in_reset =>
            {
                comparator.threshold + self.threshold_offset
            }
            _ => f64::INFINITY,
        };
    }

    fn mode(&self) -> Mode {
        if self.automaton.in_reset || self.parameters.held_in_reset { Mode::Reset } else { Mode::Leak }
    }

    /// The equations for the present mode and region.
    fn select_membrane(&mut self) {
        let mode = self.mode();
        self.region = Region::of(self.state.v);
        let (v, u) = (self.state.v, self.state.u);
        let mut special = self.region != Region::Inside;
        self.tangent = self.tangents[mode as usize];
        if !self.tangent.holds(v) {
            let rises = self.modes[mode as usize].rises(&self.state);
            self.tangent = self.tangent.near(&self.parameters, mode, v, rises);
            special = true;
        }
        for (line, silent) in self.silent.iter().enumerate() {
            self.curves[line] = *silent;
            if !silent.holds(u[line]) {
                self.curves[line] = Curve::around(&self.parameters.inputs[line], u[line]);
                special = true;
            }
        }
        self.membrane = match special {
            true => LinearMembrane::passing(&self.parameters, mode, self.region, &self.tangent, &self.curves),
            false => self.modes[mode as usize],
        };
        self.leaves_at = NEVER;
    }

    /// Moves the anchor to `time`, which is not after `wake`.
    #[inline]
    fn move_to(&mut self, time: u64) {
        debug_assert!(self.anchor <= time && time <= self.wake);
        if time == self.anchor {
            return;
        }
        let h = (time - self.anchor) as f64 * 1e-12;
        let relaxation;
        (self.state, relaxation) = self.membrane.relax(&self.state, self.live_noise, h);
        if self.diffusion > 0.0 && time > self.live_until {
            let Relaxation { rest, response } = relaxation;
            let grown = self.variance * rest * rest + self.diffusion * 0.5 * response * (1.0 + rest);
            self.variance = grown.min(VARIANCE_LIMIT);
        }
        self.anchor = time;
    }

    /// Ends a live cell before its time. What the cell has added so far is less than a Brownian path would have: the
    /// difference is the variance of a Brownian bridge.
    fn cut_live_cell(&mut self) {
        if self.live_until > self.anchor {
            let ahead = (self.live_until - self.anchor) as f64;
            let behind = LIVE_CELL as f64 - ahead;
            self.variance += self.diffusion * behind * ahead / LIVE_CELL as f64 * 1e-12;
            self.live_until = self.anchor;
        }
        self.live_noise = 0.0;
    }

    /// Draws the noise that is pending at the anchor.
    fn draw_variance(&mut self, surroundings: Surroundings<'_>) {
        if self.variance > 0.0 {
            let deviate = normal(surroundings.seed, draws::MEMBRANE_PENDING, self.number, self.anchor);
            self.state.v += self.variance.sqrt() * deviate;
            self.variance = 0.0;
        }
    }

    /// Decides, from what is known at the anchor alone, when to look again.
    #[inline]
    fn plan(&mut self, surroundings: Surroundings<'_>) {
        if Region::of(self.state.v) != self.region
            || self.anchor >= self.leaves_at
            || !self.tangent.holds(self.state.v)
            || !self.curves[0].holds(self.state.u[0])
            || !self.curves[1].holds(self.state.u[1])
        {
            self.select_membrane();
        }
        let mut wake = self.automaton_at;
        let mut upper = self.membrane.upper_bound(&self.state);
        self.crossing_at = NEVER;
        if self.live_until > self.anchor {
            wake = wake.min(self.plan_live());
        } else if self.threshold < f64::INFINITY {
            self.live_noise = 0.0;
            let mut quiet = self.quiet_time(upper);
            if quiet < LIVE_CELL && self.variance > 0.0 {
                self.draw_variance(surroundings);
                if Region::of(self.state.v) != self.region {
                    self.select_membrane();
                }
                upper = self.membrane.upper_bound(&self.state);
                quiet = self.quiet_time(upper);
            }
            if quiet < LIVE_CELL {
                self.start_live_cell(surroundings);
                wake = wake.min(self.plan_live());
            } else {
                wake = wake.min(self.anchor.saturating_add(quiet));
            }
        }
        let lower = self.membrane.lower_bound(&self.state);
        self.leaves_at = self.leaving_time(lower, upper);
        wake = wake.min(self.leaves_at);
        let longest = picoseconds(self.membrane.longest(&self.state));
        wake = wake.min(self.anchor.saturating_add(longest.max(TANGENT_STEP)));
        let (low, high) = self.region.limits();
        if upper > high || lower < low {
            wake = wake.min(self.anchor.saturating_add(self.clamp_time(low, high)));
        }
        self.wake = wake;
    }

    /// How many ps the membrane certainly stays below the threshold; `upper` is its noiseless upper bound.
    ///
    /// The noiseless membrane stays below `V + rise t`, the noise below `CERTAINTY` times the root of its variance, which stays below
    /// `variance + diffusion t`. With x the root of the latter, the time solves `rise (x^2 - variance) / diffusion +
    /// CERTAINTY x = margin`.
    #[inline]
    fn quiet_time(&self, upper: f64) -> u64 {
        let margin = self.threshold - self.state.v;
        let spare = self.threshold - upper;
        if self.diffusion == 0.0 {
            if spare > 0.0 {
                return NEVER;
            }
            return if margin > 0.0 { picoseconds(margin / self.membrane.rise(&self.state)) } else { 0 };
        }
        let decay = self.membrane.decay();
        // spare > CERTAINTY * root of the largest variance that is to come, max(variance, diffusion / (2 decay))
        let square = spare * spare * (1.0 / (CERTAINTY * CERTAINTY));
        if spare > 0.0 && square > self.variance && square * 2.0 * decay > self.diffusion {
            return NEVER;
        }
        if margin <= 0.0 {
            return 0;
        }
        let steepness = self.membrane.rise(&self.state) / self.diffusion;
        let target = margin + steepness * self.variance;
        let root = 2.0 * target / (CERTAINTY + (CERTAINTY * CERTAINTY + 4.0 * steepness * target).sqrt());
        picoseconds((root * root - self.variance) / self.diffusion)
    }

    /// Draws the noise current of a cell that begins at the anchor.
    fn start_live_cell(&mut self, surroundings: Surroundings<'_>) {
        self.live_until = self.anchor + LIVE_CELL;
        self.live_noise = 0.0;
        if self.diffusion > 0.0 {
            let Relaxation { rest, response } = self.membrane.relaxation(LIVE_CELL as f64 * 1e-12);
            let deviate = normal(surroundings.seed, draws::MEMBRANE_LIVE, self.number, self.anchor);
            self.live_noise = deviate * (self.diffusion * (1.0 + rest) / (2.0 * response)).sqrt();
        }
    }

    /// When the live cell ends or the threshold is reached in it.
    fn plan_live(&mut self) -> u64 {
        if self.threshold == f64::INFINITY {
            return self.live_until;
        }
        let threshold = self.threshold - self.live_correction;
        if self.state.v >= threshold {
            self.crossing_at = self.anchor;
        } else {
            let h = (self.live_until - self.anchor) as f64 * 1e-12;
            let crossing = self.membrane.first_crossing(&self.state, self.live_noise, threshold, h);
            self.crossing_at =
                crossing.map_or(NEVER, |t| (self.anchor + (t * 1e12).ceil() as u64).min(self.live_until));
        }
        self.live_until.min(self.crossing_at)
    }

    /// The moment at which the state may leave the windows; `lower`, `upper`: bounds of the membrane.
    #[inline]
    fn leaving_time(&self, lower: f64, upper: f64) -> u64 {
        let Tangent { about, room, .. } = self.tangent;
        let (low, high) = (about - room, about + room);
        let mut time = NEVER;
        if upper > high {
            time = time.min(picoseconds((high - self.state.v) / self.membrane.rise(&self.state)));
        }
        if lower < low {
            time = time.min(picoseconds((self.state.v - low) / self.membrane.fall(&self.state)));
        }
        for (line, curve) in self.curves.iter().enumerate() {
            if curve.least > 0.0 && self.state.u[line] > 0.0 {
                let decay = self.membrane.line_decay()[line];
                time = time.min(picoseconds(ln(self.state.u[line] / curve.least).max(0.0) / decay));
            }
        }
        if time == NEVER { NEVER } else { self.anchor.saturating_add(time.max(TANGENT_STEP)) }
    }

    /// How many ps until the membrane may have left its region, at least [`CLAMP_STEP`].
    fn clamp_time(&self, low: f64, high: f64) -> u64 {
        let up = picoseconds((high - self.state.v) / self.membrane.rise(&self.state));
        let down = picoseconds((self.state.v - low) / self.membrane.fall(&self.state));
        up.min(down).max(CLAMP_STEP)
    }
}

/// Whole ps in a time in s; [`NEVER`] for infinity and NaN (0/0: nothing moves).
#[inline]
fn picoseconds(time: f64) -> u64 {
    if time < 1e6 { (time * 1e12) as u64 } else { NEVER }
}
