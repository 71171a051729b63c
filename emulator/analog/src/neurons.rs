//! All 512 neuron circuits, each in the class that can follow it (decision 0006).
//!
//! | class | who |
//! |---|---|
//! | linear | a circuit by itself without exponential, adaptation, conductance-based input and bypass, which no debug or stimulation line drives |
//! | stepped | every other circuit |
//!
//! The class follows from the configuration alone. At level R the reference takes the place of the stepped class, and nobody is linear.

use crate::circuit::{Bits, Circuit, CompartmentBits};
use crate::core::{Fire, RefractorySpan};
use crate::engine::Engine;
use crate::linear::{Edge, Handover, LinearCircuit, NEVER, Surroundings};
use crate::membrane;
use crate::options::Level;
use crate::parameters::{Line, NeuronParameters};
use crate::reference::{NetOptions, NetRemark, Nets, Quantity, ReferenceError, Stimulus};
use crate::stepped;
use crate::wake::WakeTable;
use bss2_base::math::tanh;
use bss2_base::{COLUMNS, Column, Hemisphere, NEURONS, Neuron, SimTime};
use serde::{Deserialize, Serialize};

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
    /// What drives the stimulation lines of the upper and the lower row.
    stimuli: [Stimulus; 2],
    /// Voltage in V of the debug line behind a closed debug switch, excitatory, inhibitory.
    #[serde(deserialize_with = "crate::whole::table::<NEURONS, _, _>")]
    debug: Vec<[Option<f64>; 2]>,
    /// Made when it is needed for the first time.
    engine: Option<Engine>,
    /// Switches to other circuits have changed.
    stale: bool,
    /// What is odd about the switches.
    remarks: Vec<NetRemark>,
    /// Circuits that have left the linear class at the present time.
    leaving: Vec<(Neuron, Handover)>,
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
            stimuli: [Stimulus::Open; 2],
            debug: vec![[None; 2]; NEURONS],
            engine: None,
            stale: false,
            remarks: Vec::new(),
            leaving: Vec::new(),
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

    /// Uses these vector instructions from now on; `false` if the machine lacks them or nothing is stepped yet.
    pub(crate) fn use_instructions(&mut self, instructions: stepped::Instructions) -> bool {
        self.engine.as_mut().is_some_and(|engine| engine.use_instructions(instructions))
    }

    /// What is odd about the switches between circuits.
    pub(crate) fn remarks(&mut self, surroundings: Surroundings<'_>) -> &[NetRemark] {
        self.prepare(surroundings);
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
        if !self.stepped[n] {
            self.linear[n].set_parameters(self.now, parameters, idealised, surroundings);
            self.wake.set(n, self.linear[n].wake());
        } else {
            self.linear[n].prepare_to_take_over(parameters, idealised, surroundings);
            // Switches that have changed are told with those of all others.
            let told = Circuit { bits: bits_of(&before, circuit), ..*circuit };
            if let Some(engine) = &mut self.engine {
                let told = engine.configure(&[(neuron, as_told(&told))]);
                debug_assert!(told.is_ok(), "{told:?}");
            }
        }
        self.choose_class(neuron, surroundings);
    }

    /// Drives the stimulation line of a row from the present time on.
    pub(crate) fn set_stimulus(
        &mut self,
        row: Hemisphere,
        stimulus: Stimulus,
        surroundings: Surroundings<'_>,
    ) -> Result<(), ReferenceError> {
        if std::mem::replace(&mut self.stimuli[row.index()], stimulus) == stimulus {
            return Ok(());
        }
        if let Some(engine) = &mut self.engine {
            engine.set_stimulus(row, stimulus)?;
        }
        for neuron in Neuron::all().filter(|neuron| neuron.hemisphere() == row) {
            self.rebind(neuron, surroundings);
        }
        Ok(())
    }

    /// Connects a synaptic line with its debug line at `voltage` in V from the present time on, or opens the debug switch.
    pub(crate) fn set_debug_line(
        &mut self,
        neuron: Neuron,
        line: Line,
        voltage: Option<f64>,
        surroundings: Surroundings<'_>,
    ) -> Result<(), ReferenceError> {
        let own = &mut self.debug[neuron.index()][line as usize];
        if std::mem::replace(own, voltage) == voltage {
            return Ok(());
        }
        if let Some(engine) = &mut self.engine {
            engine.set_debug_line(neuron, line, voltage)?;
        }
        self.rebind(neuron, surroundings);
        Ok(())
    }

    fn rebind(&mut self, neuron: Neuron, surroundings: Surroundings<'_>) {
        let n = neuron.index();
        self.bind(n, self.linear[n].is_idealised(), surroundings);
        self.choose_class(neuron, surroundings);
    }

    /// What could not be integrated since this was last asked.
    pub(crate) fn take_failures(&mut self) -> Vec<ReferenceError> {
        self.engine.as_mut().map_or_else(Vec::new, Engine::take_failures)
    }

    /// Which line drives a circuit from outside, in the words of the specification.
    pub(crate) fn driven(&self, neuron: Neuron) -> Option<&'static str> {
        let n = neuron.index();
        let open = self.stimuli[neuron.hemisphere().index()] == Stimulus::Open;
        if self.circuits[n].bits.unbuffered_access && !open {
            Some("enable_unbuffered_access to a driven stimulation line")
        } else if self.debug[n].iter().any(Option::is_some) {
            Some("the debug switch of a synaptic line")
        } else {
            None
        }
    }

    /// Works out whether a circuit can be in the linear class.
    fn bind(&mut self, n: usize, idealised: bool, surroundings: Surroundings<'_>) {
        let demanding = |neuron: Neuron| {
            self.joined[n] || self.circuits[n].beyond_linear().is_some() || self.driven(neuron).is_some()
        };
        self.bound[n] = !idealised
            && match surroundings.options.level {
                Level::Linear => false,
                Level::Fast => Neuron::from_index(n).is_some_and(demanding),
                Level::Reference => true,
            };
    }

    /// Moves a circuit to the class it belongs to.
    fn choose_class(&mut self, neuron: Neuron, surroundings: Surroundings<'_>) {
        let n = neuron.index();
        if self.stepped[n] == self.bound[n] {
            return;
        }
        if self.bound[n] {
            let handover = self.linear[n].hand_over(self.now, surroundings);
            self.wake.set(n, NEVER);
            self.stepped[n] = true;
            self.leaving.push((neuron, handover));
            return;
        }
        // It may not even have arrived.
        self.arrive(surroundings);
        let Some(state) = self.engine.as_mut().and_then(|engine| engine.park(neuron).ok()) else { return };
        let handover = Handover {
            time: self.now,
            membrane: state.membrane,
            lines: state.lines,
            back_end: state.back_end,
            threshold_offset: state.threshold_offset,
        };
        self.stepped[n] = false;
        self.linear[n].take_over(&handover, surroundings);
        self.wake.set(n, self.linear[n].wake());
    }

    /// Brings nets and classes up to date with the configuration.
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
        self.joined = joined(&nets, &told);
        self.remarks = nets.remarks;
        for n in 0..NEURONS {
            self.bind(n, self.linear[n].is_idealised(), surroundings);
        }
        // Each by itself at first, so that they share their charge when their switches close.
        for neuron in Neuron::all().filter(|neuron| self.bound[neuron.index()]).collect::<Vec<_>>() {
            self.choose_class(neuron, surroundings);
        }
        self.arrive(surroundings);
        if let Some(engine) = &mut self.engine {
            let stepped = Neuron::all().filter(|neuron| self.stepped[neuron.index()]);
            let told: Vec<_> =
                stepped.map(|neuron| (neuron, as_told(&self.circuits[neuron.index()]))).collect();
            // What a circuit may be has been checked.
            let told = engine.configure(&told);
            debug_assert!(told.is_ok(), "{told:?}");
            self.remarks.extend(engine.many_joined());
        }
        // Who is alone again and has nothing else that needs steps.
        for neuron in Neuron::all() {
            self.choose_class(neuron, surroundings);
        }
    }

    /// Circuits that have left the linear class go on in the stepped one, where they are.
    fn arrive(&mut self, surroundings: Surroundings<'_>) {
        if self.leaving.is_empty() {
            return;
        }
        let engine = match &mut self.engine {
            Some(engine) => engine,
            None => {
                let Some(engine) = new_engine(self.now, &self.stimuli, &self.debug, surroundings) else {
                    return;
                };
                self.engine.insert(engine)
            }
        };
        for (neuron, handover) in self.leaving.drain(..) {
            let circuit = &self.circuits[neuron.index()];
            let alone = Circuit { bits: bits_of(&Circuit::default(), circuit), ..*circuit };
            let state = stepped::State {
                membrane: handover.membrane,
                lines: handover.lines,
                adaptation: resting_adaptation(circuit, handover.membrane),
                back_end: handover.back_end,
                threshold_offset: handover.threshold_offset,
            };
            let arrived =
                engine.configure(&[(neuron, as_told(&alone))]).and_then(|()| engine.resume(neuron, &state));
            debug_assert!(arrived.is_ok(), "{arrived:?}");
        }
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
        }
        self.wake.set(n, self.linear[n].wake());
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
        self.prepare(surroundings);
        let mut row = [0.0; COLUMNS];
        let mut any = false;
        for (column, charge) in charges {
            let neuron = Neuron::new(hemisphere, column);
            let n = neuron.index();
            if self.stepped[n] {
                row[usize::from(column)] = charge;
                any = true;
            } else {
                self.settle(neuron, time, fires, surroundings);
                self.linear[n].receive(time, line, charge, surroundings);
                self.wake.set(n, self.linear[n].wake());
            }
        }
        if any && let Some(engine) = &mut self.engine {
            let planned = engine.pulse(SimTime::from_ps(time), hemisphere, line, &row);
            debug_assert!(planned.is_ok(), "{planned:?}");
        }
    }

    /// An artificial fire at `time`, ps.
    pub(crate) fn fire(
        &mut self,
        time: u64,
        neuron: Neuron,
        fires: &mut Vec<Fire>,
        surroundings: Surroundings<'_>,
    ) {
        self.prepare(surroundings);
        let n = neuron.index();
        if !self.stepped[n] {
            self.settle(neuron, time, fires, surroundings);
            self.linear[n].fire(time, surroundings);
            self.wake.set(n, self.linear[n].wake());
        } else if let Some(engine) = &mut self.engine {
            let planned = engine.fire(SimTime::from_ps(time), neuron);
            debug_assert!(planned.is_ok(), "{planned:?}");
        }
    }

    /// Lets time pass until `until`, ps; appends fires in any order.
    pub(crate) fn advance(&mut self, until: u64, fires: &mut Vec<Fire>, surroundings: Surroundings<'_>) {
        self.prepare(surroundings);
        let mut from = 0;
        while let Some(due) = self.wake.next_due(from, until) {
            if let Some(neuron) = Neuron::from_index(due) {
                self.settle(neuron, until, fires, surroundings);
            }
            from = due + 1;
        }
        if let Some(engine) = &mut self.engine {
            engine.advance(SimTime::from_ps(until));
            fires.extend(engine.take_fires().into_iter().map(|(time, neuron)| Fire { time, neuron }));
        }
        self.now = self.now.max(until);
    }

    /// No circuit fires before this time in ps unless something comes in.
    pub(crate) fn quiescent_until(&self) -> u64 {
        // Circuits that are about to change their class have not been looked at.
        if self.stale || !self.leaving.is_empty() {
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
                self.wake.set(n, self.linear[n].wake());
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
        self.wake.set(n, self.linear[n].wake());
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
            self.stepped[neuron.index()] && !self.leaving.iter().any(|(leaving, _)| *leaving == neuron);
        self.engine.as_ref().filter(|_| arrived)
    }
}

/// The bits of a new circuit with the switches to others of the old one.
fn bits_of(before: &Circuit, after: &Circuit) -> Bits {
    Bits { compartments: before.bits.compartments, ..after.bits }
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

/// An engine of all circuits, in which all are parked, with what drives their lines.
fn new_engine(
    now: u64,
    stimuli: &[Stimulus; 2],
    debug: &[[Option<f64>; 2]],
    surroundings: Surroundings<'_>,
) -> Option<Engine> {
    let mut engine = Engine::new(SimTime::from_ps(now), surroundings.seed, surroundings.options).ok()?;
    for (row, stimulus) in Hemisphere::ALL.into_iter().zip(stimuli) {
        engine.set_stimulus(row, *stimulus).ok()?;
    }
    for (neuron, debug) in Neuron::all().zip(debug) {
        for line in Line::ALL {
            engine.set_debug_line(neuron, line, debug[line as usize]).ok()?;
        }
    }
    Some(engine)
}

/// Who shares a net with another membrane, or is coupled to one.
fn joined(nets: &Nets, told: &[(Neuron, CompartmentBits, bool)]) -> Vec<bool> {
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
    let mut joined: Vec<bool> = nets.of_circuit.iter().map(|net| !alone(*net)).collect();
    // A circuit that lends nothing but its line belongs to those whose lines it connects.
    for row in joined.chunks_mut(COLUMNS).zip(told.chunks(COLUMNS)) {
        let (joined, told) = row;
        let mut first = 0;
        for column in 0..joined.len() {
            if told[column].1.somata && column + 1 < joined.len() {
                continue;
            }
            let touches = |n: usize| joined[n] && (told[n].1.soma || told[n].1.conductance);
            if (first..=column).any(touches) {
                (first..column).for_each(|bridge| joined[bridge] = true);
            }
            first = column + 1;
        }
    }
    joined
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
