//! The whole analog core: circuits, synapse arrays and converters under one clock.

use crate::cadc::{CadcResult, Channel};
use crate::circuit::Circuit;
use crate::correlation::CorrelationArray;
use crate::draws::{self, Spread};
use crate::driver::Driver;
use crate::linear::Surroundings;
use crate::neurons::Neurons;
use crate::options::{AnalogOptions, Level};
use crate::parameters::{
    Branch, CadcChannel, ColumnSwitches, CorrelationParameters, DriverParameters, Line, NeuronParameters,
    ParameterError, SynapseMismatch,
};
use crate::readout::mean;
use crate::reference::{NetRemark, ReferenceError, Stimulus};
use crate::synapses::SynapseArray;
use bss2_base::{
    COLUMNS, Column, ColumnMask, DRIVERS_PER_HEMISPHERE, Hemisphere, Neuron, Quadrant, Row, SimTime,
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

/// What the correlation sensors see of the circuits.
#[derive(Clone, Copy, Debug)]
enum Sensed {
    Pre { half: usize, row: Row, columns: ColumnMask },
    Post(Neuron),
    Reset { hemisphere: Hemisphere, row: Row, masks: [ColumnMask; 2], residue: f64 },
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
    neurons: Neurons,
    halves: [Half; 2],
    /// Voltage in V of what drives the debug line of the causal, acausal CADC channels from outside.
    cadc_debug: [Option<f64>; 2],
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
            neurons: Neurons::new(surroundings),
            halves: Hemisphere::ALL.map(Half::new),
            cadc_debug: [None; 2],
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

    /// Replaces a neuron circuit. Voltages are conserved, membranes that are joined share their charge; a running refractory period keeps
    /// its end. Its fire lines must be open: those between circuits are the caller's, see [`Self::follow`].
    ///
    /// # Errors
    /// Names neuron, circuit and field of the first value that no circuit can have; the neuron then keeps its circuit.
    pub fn set_circuit(&mut self, neuron: Neuron, circuit: &Circuit) -> Result<(), ReferenceError> {
        circuit.check(neuron)?;
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.neurons.configure(neuron, circuit, &NeuronParameters::from(circuit), false, surroundings);
        Ok(())
    }

    /// The circuit of a neuron.
    pub fn circuit(&self, neuron: Neuron) -> &Circuit {
        self.neurons.circuit(neuron)
    }

    /// Which bit of a neuron this level of the core does not follow, in the words of the specification; `None` if it follows all.
    pub fn unfollowed(&self, neuron: Neuron) -> Option<&'static str> {
        let circuit = self.neurons.circuit(neuron);
        let switch = || circuit.bits.compartments.first_closed();
        let left_out = || circuit.beyond_linear().or_else(switch).or_else(|| self.neurons.driven(neuron));
        (self.options.level == Level::Linear).then(left_out).flatten()
    }

    /// Whose temporal noise is asked for and left out at this level of the core; `None` if nobody's is.
    pub fn unfollowed_noise(&self) -> Option<&'static str> {
        let noise = &self.options.noise;
        let asked = noise.membrane_rate > 0.0 || noise.threshold > 0.0 || noise.comparator_jitter > 0.0;
        (self.options.level == Level::Reference && asked).then_some("membranes, thresholds and comparators")
    }

    /// What is odd about the switches between circuits as they are now.
    pub fn remarks(&mut self) -> &[NetRemark] {
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.neurons.remarks(surroundings)
    }

    /// Drives the stimulation line of a row from now on: a voltage source acts on every membrane with `enable_unbuffered_access` through
    /// 1 kΩ, a current divides equally among them (analog-core 3.1). Ideal linear circuits ([`Self::set_neuron`]) see none of it.
    ///
    /// # Errors
    /// A voltage or current that is not finite; the line then stays as it was.
    pub fn set_stimulus(&mut self, row: Hemisphere, stimulus: Stimulus) -> Result<(), ReferenceError> {
        let driven = match stimulus {
            Stimulus::Open => None,
            Stimulus::Voltage(value) | Stimulus::Current(value) => Some(value),
        };
        check_line("stimulation line", driven)?;
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.neurons.set_stimulus(row, stimulus, surroundings)
    }

    /// Connects a synaptic line of a neuron through 10 kΩ to its debug line at `voltage` in V from now on, or opens the debug switch of
    /// the column (analog-core 3.6). Ideal linear circuits see none of it.
    ///
    /// # Errors
    /// A voltage that is not finite; the line then stays as it was.
    pub fn set_debug_line(
        &mut self,
        neuron: Neuron,
        line: Line,
        voltage: Option<f64>,
    ) -> Result<(), ReferenceError> {
        check_line("debug line", voltage)?;
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.neurons.set_debug_line(neuron, line, voltage, surroundings)
    }

    /// Circuits that the reference could not integrate since this was last asked, by the error that says why. They stand still until
    /// they are told something else.
    pub fn take_failures(&mut self) -> Vec<ReferenceError> {
        self.neurons.take_failures()
    }

    /// Makes a neuron an ideal linear circuit: without saturation, exponential, adaptation and switches to others, whatever the level.
    /// Otherwise as [`Self::set_circuit`].
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
        self.neurons.configure(neuron, &Circuit::from(parameters), parameters, true, surroundings);
        Ok(())
    }

    /// The linear part of a neuron.
    pub fn neuron(&self, neuron: Neuron) -> &NeuronParameters {
        self.neurons.linear_part(neuron)
    }

    /// Uses these vector instructions from now on, for tests and measurements: the widest ones are the default. Nothing else changes, not a
    /// bit. `false` if this machine doesn't have them, or no circuit is in the stepped class yet.
    pub fn use_instructions(&mut self, instructions: crate::stepped::Instructions) -> bool {
        self.neurons.use_instructions(instructions)
    }

    /// Whether a neuron is in the stepped class at present.
    pub fn is_stepped(&self, neuron: Neuron) -> bool {
        self.neurons.is_stepped(neuron)
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
        for branch in Branch::ALL {
            if switches.selects(branch) || !before.selects(branch) {
                continue;
            }
            let debug = before.debug[branch as usize].then(|| self.cadc_debug_line(branch, None)).flatten();
            let own = before.neuron_readout[branch as usize] && debug.is_none();
            let voltage = debug.or_else(|| own.then(|| self.read(neuron)).flatten());
            if let Some(voltage) = voltage {
                self.halves[half].channels[branch as usize][column].hold(voltage, self.now.as_ps());
            }
        }
        let half = &mut self.halves[half];
        half.switches[column] = *switches;
        for line in 0..2 {
            half.connected[line].set(neuron.column(), switches.synaptic_current[line]);
        }
    }

    /// Drives the debug line of the causal or acausal CADC channels from outside with this voltage in V from now on; `None`: not any more.
    ///
    /// # Errors
    /// A voltage that is not finite; the line then stays as it was.
    pub fn set_cadc_debug_line(
        &mut self,
        branch: Branch,
        voltage: Option<f64>,
    ) -> Result<(), ReferenceError> {
        check_line("CADC debug line", voltage)?;
        self.cadc_debug[branch as usize] = voltage;
        Ok(())
    }

    /// The voltage in V of the debug line of the CADC channels: the mean of all that drives it (analog-core 7.1). `row`: the sensors of
    /// this row of a hemisphere are connected for a conversion. `None` if nothing drives it.
    pub fn cadc_debug_line(&mut self, branch: Branch, row: Option<(Hemisphere, Row)>) -> Option<f64> {
        let b = branch as usize;
        let mut drivers: Vec<f64> = self.cadc_debug[b].into_iter().collect();
        for neuron in Neuron::all() {
            let (half, column) = (neuron.hemisphere().index(), usize::from(neuron.column()));
            let switches = self.halves[half].switches[column];
            if !switches.debug[b] {
                continue;
            }
            if switches.neuron_readout[b] {
                drivers.extend(self.read(neuron));
            }
            if let Some((hemisphere, row)) = row
                && hemisphere == neuron.hemisphere()
                && switches.correlation[b]
            {
                drivers.push(self.sensor(neuron, row, branch));
            }
        }
        mean(drivers)
    }

    /// What the correlation sensors of a column put out while `row` is selected, in V.
    fn sensor(&self, neuron: Neuron, row: Row, branch: Branch) -> f64 {
        let Half { correlation, channels, .. } = &self.halves[neuron.hemisphere().index()];
        let column = neuron.column();
        channels[branch as usize][usize::from(column)].parameters.correlation_baseline
            - correlation.accumulated(row, column, branch, self.now)
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
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.neurons.follow(neuron, release, until, surroundings);
    }

    /// The refractory state of a neuron at [`Self::now`], `None` if it has none.
    pub fn refractory(&self, neuron: Neuron) -> Option<RefractorySpan> {
        self.neurons.refractory(neuron)
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
        let mut sensed = Vec::new();
        while self.agenda.front().is_some_and(|(time, _)| *time <= until) {
            let Some((time, action)) = self.agenda.pop_front() else { break };
            self.act(time.as_ps(), &action, fires, &mut sensed);
        }
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.neurons.advance(until.as_ps(), fires, surroundings);
        fires[first..].sort_unstable();
        self.sense(&fires[first..], &sensed);
        self.now = self.now.max(until);
    }

    /// No neuron fires before this time unless further events come in. [`SimTime::MAX`] for a network at rest.
    ///
    /// A lower bound, not a prediction: advancing to it may just reveal a later one.
    pub fn quiescent_until(&self) -> SimTime {
        let agenda = self.agenda.front().map_or(SimTime::MAX, |(time, _)| *time);
        agenda.min(SimTime::from_ps(self.neurons.quiescent_until()))
    }

    /// Does what is planned for the circuits at `time`, and notes what it means to the sensors.
    fn act(&mut self, time: u64, action: &Action, fires: &mut Vec<Fire>, sensed: &mut Vec<(u64, Sensed)>) {
        match *action {
            Action::Pulse(pulse) => self.pulse(time, &pulse, fires, sensed),
            Action::Fire(neuron) => {
                let surroundings = Surroundings { seed: self.seed, options: &self.options };
                self.neurons.fire(time, neuron, fires, surroundings);
            }
            Action::Post(neuron) => sensed.push((time, Sensed::Post(neuron))),
            Action::ResetCorrelation { hemisphere, row, masks, residue } => {
                sensed
                    .push((time, Sensed::Reset { hemisphere, row, masks, residue: f64::from_bits(residue) }));
            }
        }
    }

    /// Tells the correlation sensors what has happened, in order of time; at equal times fires come first.
    fn sense(&mut self, fires: &[Fire], sensed: &[(u64, Sensed)]) {
        let mut fires = fires.iter().peekable();
        for (time, event) in sensed {
            while let Some(fire) = fires.next_if(|fire| fire.time.as_ps() <= *time) {
                self.sense_fire(fire);
            }
            match *event {
                Sensed::Pre { half, row, columns } => {
                    self.halves[half].correlation.pre(row, columns, *time, self.seed, &self.options);
                }
                Sensed::Post(neuron) => self.post(neuron, *time),
                Sensed::Reset { hemisphere, row, masks, residue } => {
                    self.halves[hemisphere.index()].correlation.reset(row, masks, residue, *time);
                }
            }
        }
        fires.for_each(|fire| self.sense_fire(fire));
    }

    fn sense_fire(&mut self, fire: &Fire) {
        if self.neurons.circuit(fire.neuron).post_pulse {
            self.post(fire.neuron, fire.time.as_ps());
        }
    }

    fn post(&mut self, neuron: Neuron, time: u64) {
        let half = &mut self.halves[neuron.hemisphere().index()];
        half.correlation.post(neuron.column(), time, self.seed, &self.options);
    }

    /// A driver event reaches its two rows.
    fn pulse(
        &mut self,
        time: u64,
        pulse: &SynapticPulse,
        fires: &mut Vec<Fire>,
        sensed: &mut Vec<(u64, Sensed)>,
    ) {
        let half = pulse.hemisphere.index();
        let driver = driver_index(pulse.driver);
        let length = self.halves[half].drivers[driver].pulse(pulse.time, pulse.activation);
        let modes = self.halves[half].drivers[driver].parameters().rows;
        for ((mode, matches), side) in modes.into_iter().zip([pulse.bottom_row, pulse.top_row]).zip(0..2) {
            if !mode.is_enabled() {
                continue;
            }
            let row = (2 * driver + side) as Row;
            sensed.push((time, Sensed::Pre { half, row, columns: matches }));
            let weighted = matches.and(self.halves[half].synapses.active(row));
            if mode.is_excitatory() {
                self.deposit(time, pulse.hemisphere, row, Line::Excitatory, weighted, length, fires);
            }
            if mode.is_inhibitory() {
                self.deposit(time, pulse.hemisphere, row, Line::Inhibitory, weighted, length, fires);
            }
        }
    }

    /// The synapses of a row discharge their lines.
    #[allow(clippy::too_many_arguments)]
    fn deposit(
        &mut self,
        time: u64,
        hemisphere: Hemisphere,
        row: Row,
        line: Line,
        columns: ColumnMask,
        length: f64,
        fires: &mut Vec<Fire>,
    ) {
        if length <= 0.0 {
            return;
        }
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        let noise = &self.options.noise;
        let noisy = noise.charge_relative > 0.0 || noise.charge_absolute > 0.0;
        let Half { synapses, connected, unit_charge, .. } = &self.halves[hemisphere.index()];
        let columns = columns.and(connected[line as usize]);
        if columns.is_empty() {
            return;
        }
        let spread = noisy.then(|| {
            let instance = (hemisphere.index() * 256 + usize::from(row)) * 2 + line as usize;
            Spread::new(self.seed, draws::CHARGE, instance as u32, time)
        });
        let charges = columns.iter().map(|column| {
            let unit = unit_charge[usize::from(column) / (COLUMNS / 2)];
            let mut charge = unit * length * synapses.strength(row, column);
            if let Some(spread) = spread {
                let relative = noise.charge_relative * charge;
                let sigma = (relative * relative + noise.charge_absolute * noise.charge_absolute).sqrt();
                charge = (charge + sigma * spread.normal(u32::from(column))).max(0.0);
            }
            (column, charge)
        });
        self.neurons.pulse(time, hemisphere, line, charges, fires, surroundings);
    }

    // ---- readout ----

    /// Output of the readout amplifier of a neuron at `now` in V, `None` if it drives nothing. This is what MADC and pads see.
    ///
    /// A reading is a fact: membrane noise that was still undetermined becomes part of the state, so that readings are consistent with
    /// each other and with later fires.
    pub fn read(&mut self, neuron: Neuron) -> Option<f64> {
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.neurons.read(neuron, surroundings)
    }

    /// Converts all channels of a hemisphere at `now`, with `row` selected for the correlation readout. The voltages are those at
    /// the start of the ramp (analog-core 7.1).
    pub fn convert(&mut self, hemisphere: Hemisphere, row: Row) -> CadcResult {
        let now = self.now.as_ps();
        let half = hemisphere.index();
        let instance = (half * 256 + usize::from(row)) as u32;
        let spread = Spread::new(self.seed, draws::CADC, instance, now);
        let mut codes = [[0; COLUMNS]; 2];
        let debug = Branch::ALL.map(|branch| {
            let used = self.halves[half].switches.iter().any(|switches| switches.debug[branch as usize]);
            used.then(|| self.cadc_debug_line(branch, Some((hemisphere, row)))).flatten()
        });
        for neuron in (0..=Column::MAX).map(|column| Neuron::new(hemisphere, column)) {
            let column = usize::from(neuron.column());
            let switches = self.halves[half].switches[column];
            let amplifier = if switches.neuron_readout != [false; 2] { self.read(neuron) } else { None };
            for branch in Branch::ALL {
                let b = branch as usize;
                let drivers = if switches.debug[b] {
                    // Its own drivers are among those of the line.
                    [debug[b], None]
                } else {
                    let sensor = switches.correlation[b].then(|| self.sensor(neuron, row, branch));
                    [sensor, amplifier.filter(|_| switches.neuron_readout[b])]
                };
                let channel = &mut self.halves[half].channels[b][column];
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

    /// The adaptation voltage in V at `now`; leaves no trace in the core.
    pub fn adaptation(&self, neuron: Neuron) -> f64 {
        let surroundings = Surroundings { seed: self.seed, options: &self.options };
        self.neurons.adaptation(neuron, surroundings)
    }

    /// Whether a neuron is between a threshold crossing and its next arming.
    pub fn is_refractory(&self, neuron: Neuron) -> bool {
        self.neurons.is_refractory(neuron)
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
        self.neurons.look(neuron, surroundings)
    }
}

/// Whether a line can be driven like this.
fn check_line(block: &'static str, driven: Option<f64>) -> Result<(), ReferenceError> {
    match driven {
        Some(value) if !value.is_finite() => {
            Err(ReferenceError::Setting { block, name: "source", value, demand: "finite" })
        }
        _ => Ok(()),
    }
}

fn driver_index(driver: u8) -> usize {
    usize::from(driver) % DRIVERS_PER_HEMISPHERE
}
