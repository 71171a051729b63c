//! The whole analog core: circuits, synapse arrays and converters under one clock.

use crate::cadc::{CadcResult, Channel};
use crate::circuit::{Circuit, Edge, Surroundings};
use crate::correlation::CorrelationArray;
use crate::draws::{self, Spread};
use crate::driver::Driver;
use crate::options::AnalogOptions;
use crate::parameters::{
    Branch, CadcChannel, ColumnSwitches, CorrelationParameters, DriverParameters, Line, NeuronParameters,
    ParameterError, SynapseMismatch,
};
use crate::synapses::SynapseArray;
use crate::wake::WakeTable;
use bss2_base::{
    COLUMNS, Column, ColumnMask, DRIVERS_PER_HEMISPHERE, Hemisphere, NEURONS, Neuron, Quadrant, Row, SimTime,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// An event that a synapse driver has accepted, with the synapses whose label matches it (analog-core 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SynapticPulse {
    /// When the driver receives the event; it acts on lines and sensors one synapse latency later.
    pub time: SimTime,
    /// The synapse array.
    pub hemisphere: Hemisphere,
    /// The driver, 0..=127; numbers above count modulo 128.
    pub driver: u8,
    /// Matching columns of row `2 * driver + 1`.
    pub top_row: ColumnMask,
    /// Matching columns of row `2 * driver`.
    pub bottom_row: ColumnMask,
    /// The five low label bits, which set the pulse length in hagen mode.
    pub activation: u8,
}

/// A fire edge: the refractory counter of a neuron starts (event-routing 9.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fire {
    /// Threshold crossing + comparator delay, rounded up to 4 ns (settled O9). The latency of the back-end comes on top.
    pub time: SimTime,
    /// Who fired.
    pub neuron: Neuron,
}

/// The rest of a refractory state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RefractorySpan {
    /// When the membrane reset opens; zero if it is open.
    pub release: SimTime,
    /// When the comparator is looked at again; [`SimTime::MAX`] while the refractory clock is off.
    pub until: SimTime,
}

/// Something that will happen to the core at a known time. The order of the variants is the order at equal times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Action {
    ResetCorrelation { hemisphere: Hemisphere, row: Row, masks: [ColumnMask; 2], residue: u64 },
    Fire(Neuron),
    Post(Neuron),
    Pulse(SynapticPulse),
}

impl Action {
    /// Rank at equal times: kind, then place.
    fn rank(&self) -> (u8, u16) {
        match self {
            Self::ResetCorrelation { hemisphere, row, .. } => {
                (0, 256 * hemisphere.index() as u16 + u16::from(*row))
            }
            Self::Fire(neuron) => (1, neuron.index() as u16),
            Self::Post(neuron) => (2, neuron.index() as u16),
            Self::Pulse(pulse) => (3, 128 * pulse.hemisphere.index() as u16 + u16::from(pulse.driver)),
        }
    }
}

/// One half of the chip, without its neurons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Half {
    #[serde(deserialize_with = "crate::whole::table::<DRIVERS_PER_HEMISPHERE, _, _>")]
    drivers: Vec<Driver>,
    synapses: SynapseArray,
    correlation: CorrelationArray,
    #[serde(deserialize_with = "crate::whole::table::<COLUMNS, _, _>")]
    switches: Vec<ColumnSwitches>,
    /// Columns whose switch for excitatory, inhibitory current is closed.
    connected: [ColumnMask; 2],
    /// Charge in C of a nominal synapse with weight 1 and a full pulse; west, east.
    unit_charge: [f64; 2],
    /// Causal, then acausal channels.
    #[serde(deserialize_with = "crate::whole::tables::<COLUMNS, _, _>")]
    channels: [Vec<Channel>; 2],
}

impl Half {
    fn new(hemisphere: Hemisphere) -> Self {
        Self {
            drivers: vec![Driver::new(); DRIVERS_PER_HEMISPHERE],
            synapses: SynapseArray::new(),
            correlation: CorrelationArray::new(hemisphere.index() as u32),
            switches: vec![ColumnSwitches::default(); COLUMNS],
            connected: [ColumnMask::NONE; 2],
            unit_charge: [0.375e-15; 2],
            channels: [vec![Channel::new(); COLUMNS], vec![Channel::new(); COLUMNS]],
        }
    }
}

/// Neurons, synapses, correlation sensors and CADC of one chip, with all their state.
///
/// Everything handed in takes effect at a time that is not before [`AnalogCore::now`]; [`AnalogCore::advance`] moves that time. The
/// result, to the bit, is independent of how the time is divided into calls of `advance`, and idle time costs nothing.
/// Setters act at `now`.
///
/// ```
/// use bss2_analog::{AnalogCore, AnalogOptions, Comparator, NeuronParameters, Refractory, Transconductor};
/// use bss2_base::{Hemisphere, Neuron, SimTime};
///
/// let mut core = AnalogCore::new(1, AnalogOptions::noiseless());
/// let neuron = Neuron::new(Hemisphere::Top, 3);
/// let leaky = NeuronParameters {
///     capacitance: 2.5e-12,
///     leak: Transconductor { conductance: 0.25e-6, potential: 0.8, ..Transconductor::default() },
///     reset: Transconductor { conductance: 15e-6, potential: 0.3, ..Transconductor::default() },
///     comparator: Some(Comparator { threshold: 0.6, delay: 20e-9 }),
///     enable_fire: true,
///     refractory: Refractory { clock: Some(SimTime::from_ns(64)), ticks: 32, holdoff_ticks: 1 },
///     ..NeuronParameters::default()
/// };
/// core.set_neuron(neuron, &leaky)?;
/// let mut fires = Vec::new();
/// core.advance(SimTime::from_us(100), &mut fires);
/// // Leak over threshold: 10 us * ln(0.8 / 0.2) to the first fire, then 10 us * ln(0.5 / 0.2) + 2.1 us.
/// assert_eq!(fires.len(), 8);
/// # Ok::<(), bss2_analog::ParameterError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnalogCore {
    seed: u64,
    options: AnalogOptions,
    now: SimTime,
    /// By time, then rank; ascending.
    agenda: VecDeque<(SimTime, Action)>,
    #[serde(deserialize_with = "crate::whole::table::<NEURONS, _, _>")]
    circuits: Vec<Circuit>,
    wake: WakeTable,
    halves: [Half; 2],
}

impl AnalogCore {
    /// A core at time zero: membranes discharged, lines at rest, all parameters neutral (nothing enabled, nothing connected).
    ///
    /// `seed` is the seed of the temporal noise; mismatch comes in with the parameters.
    pub fn new(seed: u64, options: AnalogOptions) -> Self {
        let surroundings = Surroundings { seed, options: &options };
        Self {
            seed,
            options,
            now: SimTime::ZERO,
            agenda: VecDeque::new(),
            circuits: (0..NEURONS as u32).map(|number| Circuit::new(number, surroundings)).collect(),
            wake: WakeTable::new(),
            halves: Hemisphere::ALL.map(Half::new),
        }
    }

    /// The time up to which the core has been advanced.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The options it was made with.
    pub fn options(&self) -> &AnalogOptions {
        &self.options
    }

    // ---- parameters ----

    /// Replaces the parameters of a neuron. Voltages are conserved; a running refractory period keeps its end.
    ///
    /// # Errors
    /// A [`ParameterError`] if a value has no physical meaning; the neuron then keeps its parameters.
    pub fn set_neuron(
        &mut self,
        neuron: Neuron,
        parameters: &NeuronParameters,
    ) -> Result<(), ParameterError> {
        parameters.check()?;
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        let circuit = &mut self.circuits[neuron.index()];
        circuit.set_parameters(self.now.as_ps(), parameters, surroundings);
        self.wake.set(neuron.index(), circuit.wake());
        Ok(())
    }

    /// The parameters of a neuron.
    pub fn neuron(&self, neuron: Neuron) -> &NeuronParameters {
        self.circuits[neuron.index()].parameters()
    }

    /// Replaces the parameters of a synapse driver. Its plasticity voltage is conserved; the first call sets it to the recovery
    /// potential. Numbers above 127 count modulo 128.
    pub fn set_driver(&mut self, hemisphere: Hemisphere, driver: u8, parameters: &DriverParameters) {
        self.halves[hemisphere.index()].drivers[driver_index(driver)].set_parameters(self.now, parameters);
    }

    /// The parameters of a synapse driver.
    pub fn driver(&self, hemisphere: Hemisphere, driver: u8) -> &DriverParameters {
        self.halves[hemisphere.index()].drivers[driver_index(driver)].parameters()
    }

    /// Charge in C of a nominal synapse with weight 1 and a full pulse, for the synapses of a quadrant: 0.375 fC at DAC code 600
    /// (analog-core 5.2).
    pub fn set_unit_charge(&mut self, quadrant: Quadrant, charge: f64) {
        self.halves[quadrant.index() / 2].unit_charge[quadrant.index() % 2] = charge;
    }

    /// Replaces the weights of a row, by column; only the low six bits count.
    pub fn set_weights(&mut self, hemisphere: Hemisphere, row: Row, weights: &[u8; COLUMNS]) {
        for (column, weight) in weights.iter().enumerate() {
            self.halves[hemisphere.index()].synapses.set_weight(row, column as Column, *weight);
        }
    }

    /// Replaces one weight; only the low six bits count.
    pub fn set_weight(&mut self, hemisphere: Hemisphere, row: Row, column: Column, weight: u8) {
        self.halves[hemisphere.index()].synapses.set_weight(row, column, weight);
    }

    /// The weights of a row, by column.
    pub fn weights(&self, hemisphere: Hemisphere, row: Row) -> &[u8] {
        self.halves[hemisphere.index()].synapses.weights(row)
    }

    /// Sets the static individuality of a synapse.
    pub fn set_synapse_mismatch(
        &mut self,
        hemisphere: Hemisphere,
        row: Row,
        column: Column,
        mismatch: &SynapseMismatch,
    ) {
        let half = &mut self.halves[hemisphere.index()];
        half.synapses.set_charge_factor(row, column, mismatch.charge);
        half.correlation.set_mismatch(row, column, mismatch);
    }

    /// Sets the amplitude and time calibration codes (0..=3) of the correlation sensor of a synapse.
    pub fn set_correlation_calibration(
        &mut self,
        hemisphere: Hemisphere,
        row: Row,
        column: Column,
        amplitude: u8,
        time: u8,
    ) {
        self.halves[hemisphere.index()].correlation.set_calibration(row, column, amplitude, time);
    }

    /// The amplitude and time calibration codes of the correlation sensor of a synapse.
    pub fn correlation_calibration(&self, hemisphere: Hemisphere, row: Row, column: Column) -> (u8, u8) {
        self.halves[hemisphere.index()].correlation.calibration(row, column)
    }

    /// Replaces what all correlation sensors of a quadrant share. Running traces decay with the parameters of the moment at
    /// which they pair.
    pub fn set_correlation(&mut self, quadrant: Quadrant, parameters: &CorrelationParameters) {
        self.halves[quadrant.index() / 2].correlation.set_parameters(quadrant.index() % 2, parameters);
    }

    /// Replaces the switches of a column. A channel that loses its last input keeps the voltage.
    pub fn set_column(&mut self, neuron: Neuron, switches: &ColumnSwitches) {
        let (half, column) = (neuron.hemisphere().index(), usize::from(neuron.column()));
        let before = self.halves[half].switches[column];
        for branch in 0..2 {
            let loses = before.neuron_readout[branch]
                && !switches.neuron_readout[branch]
                && !switches.correlation[branch];
            if let Some(voltage) = loses.then(|| self.read(neuron)).flatten() {
                self.halves[half].channels[branch][column].hold(voltage, self.now.as_ps());
            }
        }
        let half = &mut self.halves[half];
        half.switches[column] = *switches;
        for line in 0..2 {
            half.connected[line].set(neuron.column(), switches.synaptic_current[line]);
        }
    }

    /// The switches of a column.
    pub fn column(&self, neuron: Neuron) -> &ColumnSwitches {
        &self.halves[neuron.hemisphere().index()].switches[usize::from(neuron.column())]
    }

    /// Replaces the parameters of a CADC channel.
    pub fn set_cadc_channel(
        &mut self,
        hemisphere: Hemisphere,
        branch: Branch,
        column: Column,
        parameters: &CadcChannel,
    ) {
        self.halves[hemisphere.index()].channels[branch as usize][usize::from(column)].parameters =
            *parameters;
    }

    /// The parameters of a CADC channel.
    pub fn cadc_channel(&self, hemisphere: Hemisphere, branch: Branch, column: Column) -> &CadcChannel {
        &self.halves[hemisphere.index()].channels[branch as usize][usize::from(column)].parameters
    }

    // ---- events ----

    /// An event for a synapse driver. A time before `now` counts as `now`.
    pub fn input(&mut self, pulse: SynapticPulse) {
        let time = pulse.time.max(self.now);
        let arrival = time.saturating_add(self.options.synapse_latency);
        self.schedule(arrival, Action::Pulse(SynapticPulse { time, ..pulse }));
    }

    /// Makes a neuron fire: a complete spike (settled 4), unless it is refractory or its `enable_fire` is off. One call is
    /// one edge, however long the pulse on the chip is (settled 5). A time before `now` counts as `now`.
    pub fn artificial_fire(&mut self, time: SimTime, neuron: Neuron) {
        self.schedule(time, Action::Fire(neuron));
    }

    /// Makes a neuron refractory as its fire line is (event-routing 9.5), or moves the ends of a state that it has already:
    /// its membrane reset is closed until `release`, its comparator is not looked at until `until`; [`SimTime::MAX`] if
    /// nobody knows yet. Gives no [`Fire`] and no post pulse. Acts at once; `time` must be [`Self::now`].
    pub fn follow(&mut self, time: SimTime, neuron: Neuron, release: SimTime, until: SimTime) {
        debug_assert!(time == self.now);
        let n = neuron.index();
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.circuits[n].follow(self.now.as_ps(), release.as_ps(), until.as_ps(), surroundings);
        self.wake.set(n, self.circuits[n].wake());
    }

    /// The refractory state of a neuron at [`Self::now`], `None` if it has none.
    pub fn refractory(&self, neuron: Neuron) -> Option<RefractorySpan> {
        self.circuits[neuron.index()].refractory()
    }

    /// A post pulse into the column of a neuron without a fire (`BlockPostPulse`). A time before `now` counts as `now`.
    pub fn post_pulse(&mut self, time: SimTime, neuron: Neuron) {
        self.schedule(time, Action::Post(neuron));
    }

    /// Resets the causal and acausal accumulators of the given columns of a row. `residue` is the fraction that a short reset
    /// leaves (analog-core 6: exp(-cycles / 5) below 20 cycles), 0 for a complete one. A time before `now` counts as `now`.
    pub fn reset_correlation(
        &mut self,
        time: SimTime,
        hemisphere: Hemisphere,
        row: Row,
        causal: ColumnMask,
        acausal: ColumnMask,
        residue: f64,
    ) {
        let residue = residue.to_bits();
        self.schedule(time, Action::ResetCorrelation { hemisphere, row, masks: [causal, acausal], residue });
    }

    fn schedule(&mut self, time: SimTime, action: Action) {
        let time = time.max(self.now);
        let key = (time, action.rank());
        if self.agenda.back().is_none_or(|(time, last)| (*time, last.rank()) <= key) {
            self.agenda.push_back((time, action));
        } else {
            let place = self.agenda.partition_point(|(time, other)| (*time, other.rank()) <= key);
            self.agenda.insert(place, (time, action));
        }
    }

    // ---- time ----

    /// Advances to `until` and appends the fire edges up to and including that time, ordered by time and neuron.
    ///
    /// The caller must have handed in every event that acts before `until`.
    pub fn advance(&mut self, until: SimTime, fires: &mut Vec<Fire>) {
        let first = fires.len();
        while let Some((time, _)) = self.agenda.front().filter(|(time, _)| *time <= until) {
            let time = time.as_ps();
            let Some((_, action)) = self.agenda.pop_front() else { break };
            self.act(time, &action, fires);
        }
        let mut neuron = 0;
        while let Some(due) = self.wake.next_due(neuron, until.as_ps()) {
            self.settle(due, until.as_ps(), fires);
            neuron = due + 1;
        }
        fires[first..].sort_unstable();
        self.now = self.now.max(until);
    }

    /// No neuron fires before this time unless further events come in. [`SimTime::MAX`] for a network at rest.
    ///
    /// A lower bound, not a prediction: advancing to it may just reveal a later one.
    pub fn quiescent_until(&self) -> SimTime {
        let agenda = self.agenda.front().map_or(SimTime::MAX, |(time, _)| *time);
        agenda.min(SimTime::from_ps(self.wake.bound()))
    }

    fn act(&mut self, time: u64, action: &Action, fires: &mut Vec<Fire>) {
        match *action {
            Action::Pulse(pulse) => self.pulse(time, &pulse, fires),
            Action::Fire(neuron) => {
                let n = neuron.index();
                self.settle(n, time, fires);
                let surroundings = Surroundings { seed: self.seed, options: &self.options };
                self.circuits[n].fire(time, surroundings);
                self.wake.set(n, self.circuits[n].wake());
                self.settle(n, time, fires);
            }
            Action::Post(neuron) => {
                self.settle(neuron.index(), time, fires);
                self.post(neuron.index(), time);
            }
            Action::ResetCorrelation { hemisphere, row, masks, residue } => {
                for column in masks[0].or(masks[1]).iter() {
                    self.settle(Neuron::new(hemisphere, column).index(), time, fires);
                }
                let correlation = &mut self.halves[hemisphere.index()].correlation;
                correlation.reset(row, masks, f64::from_bits(residue), time);
            }
        }
    }

    /// Lets a neuron do all that it has planned up to `time`.
    #[inline]
    fn settle(&mut self, n: usize, time: u64, fires: &mut Vec<Fire>) {
        if self.wake.get(n) > time {
            return;
        }
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        while self.circuits[n].wake() <= time {
            if let Some(Edge { time, post_pulse }) = self.circuits[n].step(surroundings) {
                fires.extend(
                    Neuron::from_index(n).map(|neuron| Fire { time: SimTime::from_ps(time), neuron }),
                );
                if post_pulse {
                    self.halves[n / COLUMNS].correlation.post(
                        (n % COLUMNS) as Column,
                        time,
                        self.seed,
                        &self.options,
                    );
                }
            }
        }
        self.wake.set(n, self.circuits[n].wake());
    }

    fn post(&mut self, n: usize, time: u64) {
        let half = &mut self.halves[n / COLUMNS];
        half.correlation.post((n % COLUMNS) as Column, time, self.seed, &self.options);
    }

    /// A driver event reaches its two rows.
    fn pulse(&mut self, time: u64, pulse: &SynapticPulse, fires: &mut Vec<Fire>) {
        let half = pulse.hemisphere.index();
        let driver = driver_index(pulse.driver);
        let length = self.halves[half].drivers[driver].pulse(pulse.time, pulse.activation);
        let modes = self.halves[half].drivers[driver].parameters().rows;
        for ((mode, matches), side) in modes.into_iter().zip([pulse.bottom_row, pulse.top_row]).zip(0..2) {
            if !mode.is_enabled() {
                continue;
            }
            let row = (2 * driver + side) as Row;
            for column in matches.iter() {
                let n = half * COLUMNS + usize::from(column);
                self.settle(n, time, fires);
            }
            self.halves[half].correlation.pre(row, matches, time, self.seed, &self.options);
            let weighted = matches.and(self.halves[half].synapses.active(row));
            if mode.is_excitatory() {
                self.deposit(time, half, row, Line::Excitatory, weighted, length);
            }
            if mode.is_inhibitory() {
                self.deposit(time, half, row, Line::Inhibitory, weighted, length);
            }
        }
    }

    /// The synapses of a row discharge their lines.
    fn deposit(&mut self, time: u64, half: usize, row: Row, line: Line, columns: ColumnMask, length: f64) {
        if length <= 0.0 {
            return;
        }
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        let noise = &self.options.noise;
        let noisy = noise.charge_relative > 0.0 || noise.charge_absolute > 0.0;
        let Half { synapses, connected, unit_charge, .. } = &self.halves[half];
        let columns = columns.and(connected[line as usize]);
        let spread = (noisy && !columns.is_empty()).then(|| {
            let instance = (half * 256 + usize::from(row)) * 2 + line as usize;
            Spread::new(self.seed, draws::CHARGE, instance as u32, time)
        });
        for column in columns.iter() {
            let unit = unit_charge[usize::from(column) / (COLUMNS / 2)];
            let mut charge = unit * length * synapses.strength(row, column);
            if let Some(spread) = spread {
                let relative = noise.charge_relative * charge;
                let sigma = (relative * relative + noise.charge_absolute * noise.charge_absolute).sqrt();
                charge = (charge + sigma * spread.normal(u32::from(column))).max(0.0);
            }
            let n = half * COLUMNS + usize::from(column);
            let circuit = &mut self.circuits[n];
            circuit.receive(time, line, charge, surroundings);
            self.wake.set(n, circuit.wake());
        }
    }

    // ---- readout ----

    /// Output of the readout amplifier of a neuron at `now` in V, `None` if it drives nothing. This is what MADC and pads see.
    ///
    /// A reading is a fact: membrane noise that was still undetermined becomes part of the state, so that readings are consistent with
    /// each other and with later fires.
    pub fn read(&mut self, neuron: Neuron) -> Option<f64> {
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        let circuit = &mut self.circuits[neuron.index()];
        if !circuit.parameters().readout.amplifier {
            return None;
        }
        let state = circuit.read(self.now.as_ps(), surroundings);
        self.wake.set(neuron.index(), circuit.wake());
        circuit.amplifier_output(&state)
    }

    /// Converts all channels of a hemisphere at `now`, with `row` selected for the correlation readout. The voltages are those at
    /// the start of the ramp (analog-core 7.1).
    pub fn convert(&mut self, hemisphere: Hemisphere, row: Row) -> CadcResult {
        let now = self.now.as_ps();
        let half = hemisphere.index();
        let instance = (half * 256 + usize::from(row)) as u32;
        let spread = Spread::new(self.seed, draws::CADC, instance, now);
        let mut codes = [[0; COLUMNS]; 2];
        for column in 0..COLUMNS {
            let switches = self.halves[half].switches[column];
            let neuron = Neuron::new(hemisphere, column as Column);
            let amplifier = if switches.neuron_readout != [false; 2] { self.read(neuron) } else { None };
            let Half { correlation, channels, .. } = &mut self.halves[half];
            for branch in Branch::ALL {
                let b = branch as usize;
                let channel = &mut channels[b][column];
                let sensor = switches.correlation[b].then(|| {
                    channel.parameters.correlation_baseline
                        - correlation.accumulated(row, column as Column, branch, self.now)
                });
                let drivers = [sensor, amplifier.filter(|_| switches.neuron_readout[b])];
                let voltage = channel.input(drivers, now);
                if drivers != [None; 2] {
                    channel.hold(voltage, now);
                }
                let sigma = self.options.noise.cadc;
                let noise =
                    if sigma > 0.0 { sigma * spread.normal((b * COLUMNS + column) as u32) } else { 0.0 };
                codes[b][column] = channel.code(voltage, noise);
            }
        }
        CadcResult { causal: codes[0], acausal: codes[1] }
    }

    // ---- ground truth ----

    /// The membrane voltage in V at `now`; leaves no trace in the core.
    pub fn membrane(&self, neuron: Neuron) -> f64 {
        self.look(neuron).v
    }

    /// How far a synaptic line is below its rest at `now`, in V; leaves no trace in the core.
    pub fn line(&self, neuron: Neuron, line: Line) -> f64 {
        self.look(neuron).u[line as usize]
    }

    /// Whether a neuron is between a threshold crossing and its next arming.
    pub fn is_refractory(&self, neuron: Neuron) -> bool {
        self.circuits[neuron.index()].is_refractory()
    }

    /// A correlation accumulator in V at `now`.
    pub fn correlation(&self, hemisphere: Hemisphere, row: Row, column: Column, branch: Branch) -> f64 {
        self.halves[hemisphere.index()].correlation.accumulated(row, column, branch, self.now)
    }

    /// The plasticity voltage of a driver in V at `now`.
    pub fn plasticity_voltage(&self, hemisphere: Hemisphere, driver: u8) -> f64 {
        self.halves[hemisphere.index()].drivers[driver_index(driver)].voltage_at(self.now)
    }

    fn look(&self, neuron: Neuron) -> crate::membrane::State {
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.circuits[neuron.index()].peek(self.now.as_ps(), surroundings)
    }
}

fn driver_index(driver: u8) -> usize {
    usize::from(driver) % DRIVERS_PER_HEMISPHERE
}
