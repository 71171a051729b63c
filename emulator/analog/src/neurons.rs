//! All 512 neuron circuits, each in the class that can follow it (decision 0006).
//!
//! | class | who |
//! |---|---|
//! | linear | a circuit by itself without exponential, adaptation, conductance-based input and bypass, while its membrane and lines stay where the tangent to it is good enough |
//! | stepped | every other circuit |
//!
//! A linear circuit that something drives too far changes to the stepped class at that very moment; it comes back at the first of the
//! moments on a fixed grid at which it is close to rest again. Both are decided by the state of the circuit alone, so that
//! nothing depends on how time is sliced.

use crate::circuit::{Circuit, CompartmentBits};
use crate::core::{Fire, RefractorySpan};
use crate::linear::{Edge, Handover, LinearCircuit, NEVER, Surroundings};
use crate::membrane;
use crate::options::Level;
use crate::parameters::{Line, NeuronParameters};
use crate::reference::{Input, NetOptions, NetRemark, Nets, Quantity};
use crate::stepped::{self, Engine};
use crate::wake::WakeTable;
use bss2_base::math::tanh;
use bss2_base::{COLUMNS, Column, Hemisphere, NEURONS, Neuron, SimTime};
use serde::{Deserialize, Serialize};

/// The moments in ps at which stepped circuits may come back into the linear class are the multiples of this.
const RETURN_GRID: u64 = 5_000_000;

/// What the next [`Neurons::advance`] has to do besides letting time pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Moves {
    /// Circuits that have left the linear class.
    leaving: Vec<(Neuron, Handover)>,
    /// What has reached them since, in ps.
    inputs: Vec<(u64, Neuron, Input)>,
}

/// The circuits with all their state. Between calls every circuit is where [`Neurons::advance`] has brought it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Neurons {
    #[serde(deserialize_with = "crate::whole::table::<NEURONS, _, _>")]
    circuits: Vec<Circuit>,
    #[serde(deserialize_with = "crate::whole::table::<NEURONS, _, _>")]
    linear: Vec<LinearCircuit>,
    wake: WakeTable,
    /// Who is in the stepped class.
    #[serde(deserialize_with = "crate::whole::table::<NEURONS, _, _>")]
    stepped: Vec<bool>,
    /// Who shares a net or a conductance with another circuit.
    #[serde(deserialize_with = "crate::whole::table::<NEURONS, _, _>")]
    joined: Vec<bool>,
    /// Who can't be in the linear class, whatever happens to the membrane.
    #[serde(deserialize_with = "crate::whole::table::<NEURONS, _, _>")]
    bound: Vec<bool>,
    /// How many are in the stepped class that may come back.
    guests: usize,
    /// Made when it is needed for the first time.
    engine: Option<Box<Engine>>,
    /// Switches to other circuits have changed.
    stale: bool,
    /// What is odd about the switches.
    remarks: Vec<NetRemark>,
    moves: Moves,
    now: u64,
}

impl Neurons {
    pub(crate) fn new(surroundings: Surroundings<'_>) -> Self {
        Self {
            circuits: vec![Circuit::from(&NeuronParameters::default()); NEURONS],
            linear: (0..NEURONS as u32).map(|number| LinearCircuit::new(number, surroundings)).collect(),
            wake: WakeTable::new(),
            stepped: vec![false; NEURONS],
            joined: vec![false; NEURONS],
            bound: vec![false; NEURONS],
            guests: 0,
            engine: None,
            stale: false,
            remarks: Vec::new(),
            moves: Moves::default(),
            now: 0,
        }
    }

    pub(crate) fn circuit(&self, neuron: Neuron) -> &Circuit {
        &self.circuits[neuron.index()]
    }

    /// What the linear class has been told.
    pub(crate) fn linear_part(&self, neuron: Neuron) -> &NeuronParameters {
        self.linear[neuron.index()].parameters()
    }

    /// Whether a circuit is in the stepped class.
    pub(crate) fn is_stepped(&self, neuron: Neuron) -> bool {
        self.stepped[neuron.index()]
    }

    /// What is odd about the switches between circuits, as of the last time that passed.
    pub(crate) fn remarks(&self) -> &[NetRemark] {
        &self.remarks
    }

    /// Replaces a circuit at the present time. `parameters`: its linear part; `idealised`: that is all there is to it.
    pub(crate) fn configure(
        &mut self,
        neuron: Neuron,
        circuit: &Circuit,
        parameters: &NeuronParameters,
        idealised: bool,
        surroundings: Surroundings<'_>,
    ) {
        let n = neuron.index();
        let before = std::mem::replace(&mut self.circuits[n], *circuit);
        self.stale |= switches(&before) != switches(circuit);
        self.bind(n, idealised, surroundings);
        if self.stepped[n] {
            self.linear[n].prepare_to_take_over(parameters, idealised, surroundings);
            // Switches that are stale are told with those of all others.
            let told = Circuit { bits: Self::bits_of(&before, circuit), ..*circuit };
            if let Some(engine) = &mut self.engine {
                let told = engine.configure(neuron, &as_told(&told));
                debug_assert!(told.is_ok(), "{told:?}");
            }
        } else {
            self.linear[n].set_parameters(self.now, parameters, idealised, surroundings);
            self.watch(neuron, surroundings);
        }
    }

    /// The bits of the new circuit with the switches to others of the old one.
    fn bits_of(before: &Circuit, after: &Circuit) -> crate::circuit::Bits {
        crate::circuit::Bits { compartments: before.bits.compartments, ..after.bits }
    }

    /// Works out whether a circuit can be in the linear class.
    fn bind(&mut self, n: usize, idealised: bool, surroundings: Surroundings<'_>) {
        self.bound[n] = surroundings.options.level != Level::Linear
            && !idealised
            && (self.joined[n] || self.circuits[n].beyond_linear().is_some());
        self.count_guests();
    }

    fn count_guests(&mut self) {
        self.guests = (0..NEURONS).filter(|n| self.stepped[*n] && !self.bound[*n]).count();
    }

    /// Notes what the linear class has planned for a circuit, and whether it has to leave the class.
    #[inline]
    fn watch(&mut self, neuron: Neuron, surroundings: Surroundings<'_>) {
        let n = neuron.index();
        let linear = &mut self.linear[n];
        if linear.is_outgrown() || self.bound[n] {
            let anchor = linear.anchor();
            let handover = linear.hand_over(anchor, surroundings);
            self.leave(neuron, handover);
        } else {
            self.wake.set(n, linear.wake());
        }
    }

    fn leave(&mut self, neuron: Neuron, handover: Handover) {
        self.wake.set(neuron.index(), NEVER);
        self.stepped[neuron.index()] = true;
        self.guests += usize::from(!self.bound[neuron.index()]);
        self.moves.leaving.push((neuron, handover));
    }

    /// Brings nets and classes up to date with the switches, and lets circuits that have left the linear class arrive.
    fn prepare(&mut self, surroundings: Surroundings<'_>) {
        if std::mem::take(&mut self.stale) && surroundings.options.level != Level::Linear {
            self.join(surroundings);
        }
        self.arrive(surroundings);
    }

    /// Works out who is joined with whom.
    fn join(&mut self, surroundings: Surroundings<'_>) {
        let told: Vec<_> = Neuron::all()
            .map(|neuron| {
                let circuit = &self.circuits[neuron.index()];
                (neuron, circuit.bits.compartments, circuit.compartment.conductance > 0.0)
            })
            .collect();
        // Every switch leads to a circuit that exists, and none is given twice.
        let Ok(nets) = Nets::new(&told, &NetOptions::default()) else { return };
        let joined = joined(&nets);
        self.remarks = nets.remarks;
        self.joined = joined;
        for n in 0..NEURONS {
            self.bind(n, self.linear[n].is_idealised(), surroundings);
        }
        for neuron in Neuron::all() {
            let n = neuron.index();
            if self.joined[n] && !self.stepped[n] {
                let handover = self.linear[n].hand_over(self.now, surroundings);
                self.leave(neuron, handover);
            }
        }
        // Each by itself at first, so that they share their charge when their switches close.
        self.arrive(surroundings);
        if let Some(engine) = &mut self.engine {
            for neuron in Neuron::all().filter(|neuron| self.stepped[neuron.index()]) {
                // What a circuit may be has been checked.
                let told = engine.configure(neuron, &as_told(&self.circuits[neuron.index()]));
                debug_assert!(told.is_ok(), "{told:?}");
            }
        }
    }

    /// Circuits that have left the linear class go on in the stepped one, from when and where they were.
    fn arrive(&mut self, surroundings: Surroundings<'_>) {
        if self.moves.leaving.is_empty() {
            return;
        }
        let Moves { mut leaving, mut inputs } = std::mem::take(&mut self.moves);
        leaving.sort_by_key(|(neuron, handover)| (handover.time, *neuron));
        inputs.sort_by_key(|(time, neuron, _)| (*time, *neuron));
        let engine = match &mut self.engine {
            Some(engine) => engine,
            None => {
                let Some(engine) = new_engine(surroundings) else { return };
                self.engine.insert(Box::new(engine))
            }
        };
        for (neuron, handover) in leaving {
            engine.advance(SimTime::from_ps(handover.time));
            let circuit = &self.circuits[neuron.index()];
            let alone = Circuit { bits: Self::bits_of(&Circuit::default(), circuit), ..*circuit };
            let state = stepped::State {
                membrane: handover.membrane,
                lines: handover.lines,
                adaptation: resting_adaptation(circuit, handover.membrane),
                back_end: handover.back_end,
                threshold_offset: handover.threshold_offset,
            };
            let arrived =
                engine.configure(neuron, &as_told(&alone)).and_then(|()| engine.resume(neuron, &state));
            debug_assert!(arrived.is_ok(), "{arrived:?}");
            for (time, _, input) in inputs.extract_if(.., |(_, other, _)| *other == neuron) {
                let time = SimTime::from_ps(time);
                let planned = match input {
                    // As if it had been there already, to the bit.
                    Input::Charge { line, charge } => {
                        let mut row = [0.0; COLUMNS];
                        row[usize::from(neuron.column())] = charge as f32;
                        engine.pulse(time, neuron.hemisphere(), line, &row)
                    }
                    Input::Fire => engine.input(time, neuron, input),
                };
                debug_assert!(planned.is_ok(), "{planned:?}");
            }
        }
    }

    /// Circuits that are close to rest at the present time come back into the linear class.
    fn come_back(&mut self, surroundings: Surroundings<'_>) {
        let Some(engine) = &mut self.engine else { return };
        for neuron in Neuron::all() {
            let n = neuron.index();
            if !self.stepped[n] || self.bound[n] {
                continue;
            }
            let Ok(state) = engine.state(neuron) else { continue };
            let handover = Handover {
                time: self.now,
                membrane: state.membrane,
                lines: state.lines,
                back_end: state.back_end,
                threshold_offset: state.threshold_offset,
            };
            if self.linear[n].could_take_over(&handover) && engine.park(neuron).is_ok() {
                self.stepped[n] = false;
                self.guests -= 1;
                self.linear[n].take_over(&handover, surroundings);
                self.wake.set(n, self.linear[n].wake());
            }
        }
    }

    /// When [`Self::advance`] has to stop on the way to `until`, so that circuits can change their class; `first`: the first input on the
    /// way. All in ps.
    pub(crate) fn next_stop(&mut self, first: u64, until: u64, surroundings: Surroundings<'_>) -> u64 {
        self.prepare(surroundings);
        if surroundings.options.level == Level::Linear {
            return until;
        }
        // Before that nobody can have left the linear class.
        let from = if self.guests > 0 { self.now } else { first.min(self.wake.bound()).max(self.now) };
        if from >= until { until } else { until.min((from / RETURN_GRID + 1) * RETURN_GRID) }
    }

    /// A linear circuit does all that it has planned up to `time`, ps.
    #[inline]
    fn settle(&mut self, neuron: Neuron, time: u64, fires: &mut Vec<Fire>, surroundings: Surroundings<'_>) {
        let n = neuron.index();
        if self.wake.get(n) > time {
            return;
        }
        while self.linear[n].wake() <= time {
            if let Some(Edge { time, .. }) = self.linear[n].step(surroundings) {
                fires.push(Fire { time: SimTime::from_ps(time), neuron });
            }
            if self.linear[n].is_outgrown() {
                break;
            }
        }
        self.watch(neuron, surroundings);
    }

    /// Charges in C, by column, reach the lines of a row of neurons at `time`, ps; calls in order of time.
    pub(crate) fn pulse(
        &mut self,
        time: u64,
        hemisphere: Hemisphere,
        line: Line,
        charges: impl Iterator<Item = (Column, f64)>,
        fires: &mut Vec<Fire>,
        surroundings: Surroundings<'_>,
    ) {
        let mut row = [0.0; COLUMNS];
        let mut any = false;
        for (column, charge) in charges {
            let neuron = Neuron::new(hemisphere, column);
            let n = neuron.index();
            if !self.stepped[n] {
                self.settle(neuron, time, fires, surroundings);
            }
            if !self.stepped[n] {
                self.linear[n].receive(time, line, charge, surroundings);
                self.watch(neuron, surroundings);
            } else if self.has_just_left(neuron, time) {
                self.moves.inputs.push((time, neuron, Input::Charge { line, charge }));
            } else {
                row[usize::from(column)] = charge as f32;
                any = true;
            }
        }
        if any && let Some(engine) = &mut self.engine {
            let planned = engine.pulse(SimTime::from_ps(time), hemisphere, line, &row);
            debug_assert!(planned.is_ok(), "{planned:?}");
        }
    }

    /// Whether a circuit is on its way into the stepped class, where pulses of `time` would not find it yet.
    fn has_just_left(&self, neuron: Neuron, time: u64) -> bool {
        self.moves.leaving.iter().any(|(other, handover)| *other == neuron && handover.time <= time)
    }

    /// An artificial fire at `time`, ps.
    pub(crate) fn fire(
        &mut self,
        time: u64,
        neuron: Neuron,
        fires: &mut Vec<Fire>,
        surroundings: Surroundings<'_>,
    ) {
        let n = neuron.index();
        if !self.stepped[n] {
            self.settle(neuron, time, fires, surroundings);
        }
        if !self.stepped[n] {
            self.linear[n].fire(time, surroundings);
            self.watch(neuron, surroundings);
        } else if self.has_just_left(neuron, time) {
            self.moves.inputs.push((time, neuron, Input::Fire));
        } else if let Some(engine) = &mut self.engine {
            let planned = engine.input(SimTime::from_ps(time), neuron, Input::Fire);
            debug_assert!(planned.is_ok(), "{planned:?}");
        }
    }

    /// Lets time pass until `until` (ps), which is not beyond [`Self::next_stop`]; appends fires in any order.
    pub(crate) fn advance(&mut self, until: u64, fires: &mut Vec<Fire>, surroundings: Surroundings<'_>) {
        let mut from = 0;
        while let Some(due) = self.wake.next_due(from, until) {
            if let Some(neuron) = Neuron::from_index(due) {
                self.settle(neuron, until, fires, surroundings);
            }
            from = due + 1;
        }
        self.arrive(surroundings);
        if let Some(engine) = &mut self.engine {
            engine.advance(SimTime::from_ps(until));
            fires
                .extend(engine.take_fires().iter().map(|fire| Fire { time: fire.edge, neuron: fire.neuron }));
        }
        self.now = self.now.max(until);
        if self.guests > 0 && until.is_multiple_of(RETURN_GRID) {
            self.come_back(surroundings);
        }
    }

    /// No circuit fires before this time in ps unless something comes in.
    pub(crate) fn quiescent_until(&self) -> u64 {
        // Circuits that are about to change their class have not been looked at.
        if self.stale || !self.moves.leaving.is_empty() {
            return self.now;
        }
        let engine = self.engine.as_ref().map_or(NEVER, |engine| engine.quiescent_until().as_ps());
        self.wake.bound().min(engine)
    }

    /// See [`AnalogCore::follow`](crate::AnalogCore::follow).
    pub(crate) fn follow(
        &mut self,
        neuron: Neuron,
        release: SimTime,
        until: SimTime,
        surroundings: Surroundings<'_>,
    ) {
        self.prepare(surroundings);
        let n = neuron.index();
        match &mut self.engine {
            Some(engine) if self.stepped[n] => {
                let followed = engine.follow(neuron, release, until);
                debug_assert!(followed.is_ok(), "{followed:?}");
            }
            _ => {
                self.linear[n].follow(self.now, release.as_ps(), until.as_ps(), surroundings);
                self.watch(neuron, surroundings);
            }
        }
    }

    /// The refractory state of a circuit, if it has one.
    pub(crate) fn refractory(&self, neuron: Neuron) -> Option<RefractorySpan> {
        match self.stepping(neuron) {
            Some(engine) => engine.refractory(neuron).ok().flatten(),
            None => self.linear[neuron.index()].refractory(),
        }
    }

    pub(crate) fn is_refractory(&self, neuron: Neuron) -> bool {
        match self.stepping(neuron) {
            Some(engine) => engine.is_refractory(neuron).unwrap_or(false),
            None => self.linear[neuron.index()].is_refractory(),
        }
    }

    /// Output of the readout amplifier at the present time in V, `None` if it drives nothing.
    pub(crate) fn read(&mut self, neuron: Neuron, surroundings: Surroundings<'_>) -> Option<f64> {
        let n = neuron.index();
        if !self.circuits[n].bits.readout_amplifier {
            return None;
        }
        self.prepare(surroundings);
        if let Some(engine) = self.stepping(neuron) {
            return engine.value(neuron, Quantity::Readout).ok();
        }
        let circuit = &mut self.linear[n];
        let state = circuit.read(self.now, surroundings);
        let shown = circuit.amplifier_output(&state);
        self.watch(neuron, surroundings);
        shown
    }

    /// Membrane and line swings at the present time in V, without a trace.
    pub(crate) fn look(&self, neuron: Neuron, surroundings: Surroundings<'_>) -> membrane::State {
        match self.stepping(neuron).and_then(|engine| engine.state(neuron).ok()) {
            Some(state) => membrane::State { v: state.membrane, u: state.lines },
            None => self.linear[neuron.index()].peek(self.now, surroundings),
        }
    }

    /// The adaptation voltage at the present time in V, without a trace.
    pub(crate) fn adaptation(&self, neuron: Neuron, surroundings: Surroundings<'_>) -> f64 {
        match self.stepping(neuron).and_then(|engine| engine.state(neuron).ok()) {
            Some(state) => state.adaptation,
            None => {
                let v = self.look(neuron, surroundings).v;
                resting_adaptation(&self.circuits[neuron.index()], v)
            }
        }
    }

    /// The engine, if it follows this circuit already.
    fn stepping(&self, neuron: Neuron) -> Option<&Engine> {
        let arrived =
            self.stepped[neuron.index()] && !self.moves.leaving.iter().any(|(leaving, _)| *leaving == neuron);
        self.engine.as_deref().filter(|_| arrived)
    }
}

/// The switches of a circuit to others, and whether its conductance is more than zero.
fn switches(circuit: &Circuit) -> (CompartmentBits, bool) {
    let compartments = circuit.bits.compartments;
    (compartments, compartments.conductance && circuit.compartment.conductance > 0.0)
}

/// A circuit as the stepped class is told: a conductance that is switched off is none.
fn as_told(circuit: &Circuit) -> Circuit {
    let mut told = *circuit;
    if !told.bits.compartments.conductance {
        told.compartment.conductance = 0.0;
    }
    told
}

/// A stepped class of all circuits, in which all are parked.
fn new_engine(surroundings: Surroundings<'_>) -> Option<Engine> {
    let circuits = Neuron::all().map(|neuron| (neuron, Circuit::default())).collect();
    let options = stepped::Options::of_core(surroundings.seed, surroundings.options);
    let mut engine = Engine::new(circuits, options).ok()?;
    for neuron in Neuron::all() {
        engine.park(neuron).ok()?;
    }
    Some(engine)
}

/// Who shares a net with another membrane, or is coupled to one.
fn joined(nets: &Nets) -> Vec<bool> {
    let mut coupled = vec![false; nets.count];
    for coupling in &nets.couplings {
        match coupling {
            crate::reference::Coupling::Conductance { membrane, line, .. } => {
                (coupled[*membrane], coupled[*line]) = (true, true);
            }
            crate::reference::Coupling::Star { arms } => {
                arms.iter().for_each(|(_, net)| coupled[*net] = true);
            }
        }
    }
    // A line segment on a membrane is a parasitic capacitance.
    let alone = |net: usize| nets.membranes[net] == 1 && nets.segments[net] == 0 && !coupled[net];
    nets.of_circuit.iter().map(|net| !alone(*net)).collect()
}

/// The adaptation voltage in V that belongs to a membrane which has long been at `v` and has not fired: that of a circuit that the linear
/// class has followed, which has no adaptation.
fn resting_adaptation(circuit: &Circuit, v: f64) -> f64 {
    let given = &circuit.adaptation;
    if given.leak_conductance <= 0.0 {
        return given.reference;
    }
    let sign = if circuit.bits.invert_adaptation_a { -1.0 } else { 1.0 };
    let pull = match given.coupling_range < f64::INFINITY {
        true => given.coupling_range * tanh((v - given.leak_potential) / given.coupling_range),
        false => v - given.leak_potential,
    };
    let resting = given.reference + sign * given.coupling * pull / given.leak_conductance;
    resting.clamp(given.limits[0], given.limits[1])
}
