//! Fire lines between neurons and the Bayesian logic behind them (event-routing 9.5): how the circuits of a
//! multi-compartment neuron share a refractory state, and which neuron sends an event and a post pulse when.
//!
//! Each neuron has a line *fire_connect*. The line is high while one of its masters is refractory; vertical connections join
//! the lines of a column, a connection to the right drives the neighbour's line and overwrites it. What comes out of a
//! neuron is a function of its own refractory state and its line.
//!
//! # The seam
//! Lines have no delay, and a refractory state resets membranes, so who runs the neurons must stop wherever a line may
//! change: at every refractory onset and at [`FireRouting::next_change`]. There [`FireRouting::step`] takes the onsets of
//! neurons that fired by themselves, and answers with
//! * [`Followed`]: slaves whose refractory state and membrane reset begin, or end at another time than believed so far;
//! * the neurons that send an event, and those whose column gets a post pulse.
//!
//! Only neurons for which [`FireRouting::is_routed`] holds are the business of this module. All others make event and post
//! pulse with their own onset; while [`FireRouting::is_plain`], there is nothing to stop for.
//!
//! In a cycle everything that ends comes before everything that begins: a neuron that fires again in the moment in which
//! its refractory period ends has been ready in between (event-routing 9.4). A change of the configuration moves levels
//! without giving events.

use crate::parameters::{FireLineParameters, VerticalFireLine};
use bss2_base::{COLUMNS, NEURONS, Neuron};
use serde::{Deserialize, Serialize};

/// What the Bayesian logic makes of a neuron's refractory state and its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum BayesianOperation {
    /// The refractory state.
    #[default]
    Local,
    /// Both high.
    And,
    /// Both equal: rises with the falling edge of their exclusive-or.
    Xnor,
    /// Muller C element: sets when both are high, clears when both are low.
    MullerC,
}

impl BayesianOperation {
    /// From the bits `bayesian_0` and `bayesian_1`.
    pub const fn from_bits(bayesian_0: bool, bayesian_1: bool) -> Self {
        match (bayesian_0, bayesian_1) {
            (false, false) => Self::Local,
            (true, false) => Self::And,
            (false, true) => Self::Xnor,
            (true, true) => Self::MullerC,
        }
    }
}

/// The part of a neuron's back-end words that routes fire (event-routing 9.2). Default: register words zero.
///
/// `connect_fire_from_right` is broken in silicon and has no place here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FireConfig {
    /// The refractory state of the neuron drives its line.
    pub master: bool,
    /// The refractory state of the neuron is its line's; its own comparator counts for nothing. A slave that is a master
    /// as well adds nothing to its line.
    pub slave: bool,
    /// Joins the line with that of the same column in the other row, see [`VerticalFireLine`].
    pub connect_bottom: bool,
    /// Drives the line of the right neighbour, whose masters then count for nothing.
    pub connect_to_right: bool,
    /// What makes events.
    pub operation: BayesianOperation,
    /// Whether that makes post pulses too; otherwise the line does.
    pub bayesian_extension: bool,
    /// Post pulses come from the block's register only.
    pub post_overwrite: bool,
}

/// A refractory state in fabric cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refractory {
    /// When the membrane reset opens.
    pub release: u64,
    /// When the state ends; `u64::MAX` while the counter stands still because its clock is off.
    pub until: u64,
}

impl Refractory {
    const fn holds_at(&self, cycle: u64) -> bool {
        self.until > cycle
    }
    /// The state that holds while one of both does.
    fn or(self, other: Self) -> Self {
        Self { release: self.release.max(other.release), until: self.until.max(other.until) }
    }
}

/// A slave whose refractory state follows its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The slave.
    pub neuron: Neuron,
    /// Its state from now on.
    pub refractory: Refractory,
    /// Whether the state begins, which is a spike and counts; otherwise it only ends at another time.
    pub begins: bool,
}

/// What follows from the onsets and ends of one cycle. Each list is in order of neurons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FireOutputs {
    /// Slaves.
    pub followed: Vec<Followed>,
    /// Routed neurons that send an event, if they send any.
    pub events: Vec<Neuron>,
    /// Routed neurons whose column gets a post pulse.
    pub post_pulses: Vec<Neuron>,
}

impl FireOutputs {
    /// Empties the lists and keeps their memory.
    pub fn clear(&mut self) {
        self.followed.clear();
        self.events.clear();
        self.post_pulses.clear();
    }
}

/// Fire lines, refractory states and Bayesian logic of all neurons.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "State", into = "State")]
pub struct FireRouting {
    state: State,
    plan: Plan,
}

/// What cannot be derived.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct State {
    parameters: FireLineParameters,
    #[serde(with = "crate::array::boxed")]
    neurons: Box<[NeuronState; NEURONS]>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct NeuronState {
    config: FireConfig,
    /// What the neuron's own counter says; of a slave nothing.
    refractory: Refractory,
    /// What the Bayesian logic remembers: the level of the Muller element, or of the exclusive-or.
    memory: bool,
}

/// What follows from the configuration.
#[derive(Clone, Debug, Default)]
struct Plan {
    /// Numbers of the neurons that drive each line, by the number of the line's neuron; joined lines have the same.
    sources: Vec<Vec<u16>>,
    /// Neurons whose event or post pulse is not simply their own onset.
    routed: Vec<u16>,
    /// Neurons whose state's end can make an event: what the exclusive-or of some neuron sees.
    ends_matter: Vec<u16>,
}

impl Default for FireRouting {
    fn default() -> Self {
        Self::new(FireLineParameters::default())
    }
}

impl From<State> for FireRouting {
    fn from(state: State) -> Self {
        let plan = Plan::new(&state);
        Self { state, plan }
    }
}
impl From<FireRouting> for State {
    fn from(routing: FireRouting) -> Self {
        routing.state
    }
}

impl FireRouting {
    /// All lines unconnected, nobody refractory.
    pub fn new(parameters: FireLineParameters) -> Self {
        State { parameters, neurons: Box::new([NeuronState::default(); NEURONS]) }.into()
    }

    /// The configuration of a neuron.
    pub fn config(&self, neuron: Neuron) -> FireConfig {
        self.state.neurons[neuron.index()].config
    }

    /// Replaces configurations, and tells by `changed` of every neuron that is routed now and was not, or the reverse.
    ///
    /// The state of the routed neurons must be known: see [`Self::set_refractory`].
    pub fn configure(
        &mut self,
        configs: impl IntoIterator<Item = (Neuron, FireConfig)>,
        mut changed: impl FnMut(Neuron),
    ) {
        let mut any = false;
        for (neuron, config) in configs {
            any |= std::mem::replace(&mut self.state.neurons[neuron.index()].config, config) != config;
        }
        if !any {
            return;
        }
        let plan = Plan::new(&self.state);
        for neuron in Neuron::all() {
            let number = neuron.index() as u16;
            if plan.is_routed(number) != self.plan.is_routed(number) {
                changed(neuron);
            }
        }
        self.plan = plan;
    }

    /// Says what the counters of neurons show at `cycle`, after a reconfiguration: what has changed since the last step
    /// becomes known without making events. Slaves that take another state from their line are appended to `out`.
    pub fn set_refractory(
        &mut self,
        cycle: u64,
        states: impl IntoIterator<Item = (Neuron, Refractory)>,
        out: &mut FireOutputs,
    ) {
        let lines_before: Vec<(u16, Refractory)> =
            self.plan.routed.iter().map(|&number| (number, self.line(number, cycle))).collect();
        for (neuron, refractory) in states {
            self.state.neurons[neuron.index()].refractory = refractory;
        }
        for (number, before) in lines_before {
            let line = self.line(number, cycle);
            let local = self.local(number, cycle);
            let neuron = &mut self.state.neurons[usize::from(number)];
            neuron.memory = match neuron.config.operation {
                BayesianOperation::Xnor => local != line.holds_at(cycle),
                BayesianOperation::MullerC if local == line.holds_at(cycle) => local,
                _ => neuron.memory,
            };
            if neuron.config.slave && line != before && line.holds_at(cycle) {
                let begins = !before.holds_at(cycle);
                out.followed.extend(Neuron::from_index(number.into()).map(|neuron| Followed {
                    neuron,
                    refractory: line,
                    begins,
                }));
            }
        }
    }

    /// Whether no neuron is routed.
    pub fn is_plain(&self) -> bool {
        self.plan.routed.is_empty()
    }

    /// Whether events or post pulses of a neuron are decided here.
    pub fn is_routed(&self, neuron: Neuron) -> bool {
        self.plan.is_routed(neuron.index() as u16)
    }

    /// The first cycle after `cycle` in which the end of a refractory state may make an event; `None` if none can.
    pub fn next_change(&self, cycle: u64) -> Option<u64> {
        let ends = self.plan.ends_matter.iter().map(|&number| self.own(number).until);
        ends.filter(|&end| end > cycle && end != u64::MAX).min()
    }

    /// The level of a neuron's line at `cycle`, as far as the onsets are known.
    pub fn line_is_high(&self, neuron: Neuron, cycle: u64) -> bool {
        self.line(neuron.index() as u16, cycle).holds_at(cycle)
    }

    /// Neurons have become refractory by themselves in `cycle`, or some state has ended there. Appends what follows to
    /// `out`. Cycles must not go backwards, and none with an onset or a [`Self::next_change`] may be left out. Onsets of
    /// slaves are ignored: their comparators count for nothing.
    pub fn step(&mut self, cycle: u64, onsets: &[(Neuron, Refractory)], out: &mut FireOutputs) {
        // What ends in this cycle has ended; nothing begins yet.
        let before: Vec<(bool, bool)> = self
            .plan
            .routed
            .iter()
            .map(|&number| (self.local(number, cycle), self.line(number, cycle).holds_at(cycle)))
            .collect();
        let lines_before: Vec<Refractory> =
            self.plan.routed.iter().map(|&number| self.line(number, cycle)).collect();
        for (neuron, refractory) in onsets {
            self.state.neurons[neuron.index()].refractory = *refractory;
        }
        let own_onset = |number: u16| onsets.iter().any(|(neuron, _)| neuron.index() as u16 == number);
        for (place, (local_before, line_before)) in before.into_iter().enumerate() {
            let number = self.plan.routed[place];
            let Some(neuron) = Neuron::from_index(number.into()) else { continue };
            let line = self.line(number, cycle);
            let line_now = line.holds_at(cycle);
            let state = &mut self.state.neurons[usize::from(number)];
            let config = state.config;
            let local_now = if config.slave { line_now } else { state.refractory.holds_at(cycle) };
            let fires = match config.operation {
                // An own onset counts even if the neuron is refractory according to this module's books.
                BayesianOperation::Local => !local_before && local_now || !config.slave && own_onset(number),
                BayesianOperation::And => !(local_before && line_before) && local_now && line_now,
                BayesianOperation::Xnor => {
                    let differ = [local_before != line_before, local_now != line_now];
                    let falls = state.memory && !differ[0] || differ[0] && !differ[1];
                    state.memory = differ[1];
                    falls
                }
                BayesianOperation::MullerC => {
                    let kept = state.memory && (local_before || line_before);
                    state.memory = kept || local_now && line_now;
                    state.memory && !kept
                }
            };
            if config.slave && line != lines_before[place] && line_now {
                out.followed.push(Followed { neuron, refractory: line, begins: !line_before });
            }
            if fires {
                out.events.push(neuron);
            }
            let post = if config.bayesian_extension { fires } else { !line_before && line_now };
            if post && !config.post_overwrite {
                out.post_pulses.push(neuron);
            }
        }
    }

    fn own(&self, number: u16) -> Refractory {
        self.state.neurons[usize::from(number)].refractory
    }

    /// The line of a neuron at `cycle`: what is left of the states of its masters.
    fn line(&self, number: u16, cycle: u64) -> Refractory {
        let sources = self.plan.sources[usize::from(number)].iter().map(|&source| self.own(source));
        sources.filter(|state| state.holds_at(cycle)).fold(Refractory::default(), Refractory::or)
    }

    /// The refractory state of a neuron at `cycle`.
    fn local(&self, number: u16, cycle: u64) -> bool {
        if self.state.neurons[usize::from(number)].config.slave {
            self.line(number, cycle).holds_at(cycle)
        } else {
            self.own(number).holds_at(cycle)
        }
    }
}

impl Plan {
    fn new(state: &State) -> Self {
        let number = |hemisphere: usize, column: usize| hemisphere * COLUMNS + column;
        let config = |hemisphere: usize, column: usize| state.neurons[number(hemisphere, column)].config;
        let mut sources = vec![Vec::new(); NEURONS];
        for column in 0..COLUMNS {
            let bits = [0, 1].map(|hemisphere| config(hemisphere, column).connect_bottom);
            let joined = match state.parameters.vertical {
                VerticalFireLine::OneBit => bits[0] || bits[1],
                VerticalFireLine::BothBits => bits[0] && bits[1],
            };
            let own = |hemisphere: usize| {
                let FireConfig { master, slave, .. } = config(hemisphere, column);
                (master && !slave).then_some(number(hemisphere, column) as u16)
            };
            // The lines of the column to the left that drive this one.
            let crosses = state.parameters.crosses_blocks || column != COLUMNS / 2;
            let drives =
                |hemisphere: usize| column > 0 && crosses && config(hemisphere, column - 1).connect_to_right;
            let of = |lines: &[usize]| -> Vec<u16> {
                let driven: Vec<usize> =
                    lines.iter().copied().filter(|&hemisphere| drives(hemisphere)).collect();
                let mut all: Vec<u16> = if driven.is_empty() {
                    lines.iter().filter_map(|&hemisphere| own(hemisphere)).collect()
                } else {
                    let left = driven.iter().flat_map(|&hemisphere| &sources[number(hemisphere, column - 1)]);
                    left.copied().collect()
                };
                all.sort_unstable();
                all.dedup();
                all
            };
            let found = if joined {
                let both = of(&[0, 1]);
                [both.clone(), both]
            } else {
                [of(&[0]), of(&[1])]
            };
            for (hemisphere, found) in found.into_iter().enumerate() {
                sources[number(hemisphere, column)] = found;
            }
        }
        let mut plan = Self { sources, ..Self::default() };
        let mut ends_matter = vec![false; NEURONS];
        for (number, NeuronState { config, .. }) in state.neurons.iter().enumerate() {
            let line = &plan.sources[number];
            // The post pulse of a line that is not just the neuron itself.
            let follows_line = !config.bayesian_extension && !line.is_empty() && line[..] != [number as u16];
            let routed = config.slave || config.operation != BayesianOperation::Local || follows_line;
            if routed {
                plan.routed.push(number as u16);
            }
            if config.operation == BayesianOperation::Xnor {
                ends_matter[number] = true;
                line.iter().for_each(|&source| ends_matter[usize::from(source)] = true);
            }
        }
        plan.ends_matter = (0..NEURONS as u16).filter(|&number| ends_matter[usize::from(number)]).collect();
        plan
    }

    fn is_routed(&self, number: u16) -> bool {
        self.routed.binary_search(&number).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bss2_base::{Column, Hemisphere};
    use proptest::prelude::*;

    const PLAIN: FireConfig = FireConfig {
        master: false,
        slave: false,
        connect_bottom: false,
        connect_to_right: false,
        operation: BayesianOperation::Local,
        bayesian_extension: true,
        post_overwrite: false,
    };
    const MASTER: FireConfig = FireConfig { master: true, ..PLAIN };
    const SLAVE: FireConfig = FireConfig { slave: true, ..PLAIN };

    fn top(column: Column) -> Neuron {
        Neuron::new(Hemisphere::Top, column)
    }
    fn bottom(column: Column) -> Neuron {
        Neuron::new(Hemisphere::Bottom, column)
    }
    fn routing(configs: &[(Neuron, FireConfig)]) -> FireRouting {
        let mut routing = FireRouting::default();
        let unconfigured = Neuron::all().map(|neuron| (neuron, PLAIN));
        routing.configure(unconfigured.chain(configs.iter().copied()), |_| {});
        routing
    }
    /// Refractory from the onset for `length` cycles, reset for all but the last.
    fn span(cycle: u64, length: u64) -> Refractory {
        Refractory { release: cycle + length - 1, until: cycle + length }
    }
    fn step(routing: &mut FireRouting, cycle: u64, onsets: &[(Neuron, u64)]) -> FireOutputs {
        let onsets: Vec<_> = onsets.iter().map(|&(neuron, length)| (neuron, span(cycle, length))).collect();
        let mut out = FireOutputs::default();
        routing.step(cycle, &onsets, &mut out);
        out
    }

    /// Lets `a` (the neuron) and `b` (a master on its line) be refractory for the given spans and lists the events.
    fn events(operation: BayesianOperation, a: &[(u64, u64)], b: &[(u64, u64)]) -> Vec<u64> {
        let neuron = FireConfig { operation, connect_bottom: true, ..PLAIN };
        let mut routing = routing(&[(top(3), neuron), (bottom(3), MASTER)]);
        let mut events = Vec::new();
        for cycle in 0..200 {
            let onsets: Vec<(Neuron, u64)> = [(top(3), a), (bottom(3), b)]
                .into_iter()
                .flat_map(|(neuron, spans)| spans.iter().map(move |span| (neuron, span)))
                .filter(|(_, span)| span.0 == cycle)
                .map(|(neuron, span)| (neuron, span.1))
                .collect();
            let due = cycle > 0 && routing.next_change(cycle - 1) == Some(cycle);
            if !onsets.is_empty() || due {
                let out = step(&mut routing, cycle, &onsets);
                assert!(out.events.iter().all(|&neuron| neuron == top(3)));
                assert_eq!(out.events, out.post_pulses, "with the extension both are the same");
                events.extend(out.events.iter().map(|_| cycle));
            }
        }
        events
    }

    #[test]
    fn the_operations_are_those_of_the_table() {
        use BayesianOperation::*;
        let names = [(false, false), (true, false), (false, true), (true, true)];
        assert_eq!(names.map(|(b0, b1)| BayesianOperation::from_bits(b0, b1)), [Local, And, Xnor, MullerC]);
        // Apart, overlapping, one inside the other, at once, and directly one after the other.
        let (a, b) =
            ([(10, 5), (20, 10), (40, 30), (80, 5), (90, 10)], [(25, 10), (50, 5), (80, 5), (100, 10)]);
        assert_eq!(events(And, &a, &b), [25, 50, 80]);
        // Falling edges of the exclusive-or: whenever the two become equal again.
        assert_eq!(events(Xnor, &a, &b), [15, 25, 35, 50, 70, 100, 110]);
        assert_eq!(events(MullerC, &a, &b), [25, 50, 80]);
    }

    #[test]
    fn a_muller_element_waits_until_both_have_been_ready() {
        // The line falls and rises again while the neuron is refractory all the time: no second event, unlike the AND.
        let (a, b) = ([(10, 60), (100, 5)], [(20, 10), (40, 10), (102, 5)]);
        assert_eq!(events(BayesianOperation::MullerC, &a, &b), [20, 102]);
        assert_eq!(events(BayesianOperation::And, &a, &b), [20, 40, 102]);
    }

    #[test]
    fn a_neuron_that_fires_again_at_once_was_ready_in_between() {
        let (a, b) = ([(10, 10), (20, 10)], [(12, 8), (20, 10)]);
        assert_eq!(events(BayesianOperation::And, &a, &b), [12, 20]);
        assert_eq!(events(BayesianOperation::MullerC, &a, &b), [12, 20]);
    }

    #[test]
    fn slaves_take_the_state_of_the_master_through_vertical_and_horizontal_connections() {
        // Top 5 drives: its own line, by the vertical connection bottom 5, to the right top 6 and 7.
        let right = FireConfig { connect_to_right: true, ..SLAVE };
        let mut routing = routing(&[
            (top(5), FireConfig { connect_bottom: true, connect_to_right: true, ..MASTER }),
            (bottom(5), SLAVE),
            (top(6), right),
            (top(7), SLAVE),
            (top(8), SLAVE),
        ]);
        let out = step(&mut routing, 100, &[(top(5), 40)]);
        let followed: Vec<Neuron> = out.followed.iter().map(|followed| followed.neuron).collect();
        assert_eq!(followed, [top(6), top(7), bottom(5)]);
        assert!(out.followed.iter().all(|followed| followed.begins && followed.refractory == span(100, 40)));
        assert_eq!(out.events, followed);
        assert_eq!(out.post_pulses, followed);
        assert!(!routing.is_routed(top(5)) && !routing.is_routed(bottom(6)));
        assert!(routing.line_is_high(top(7), 139) && !routing.line_is_high(top(7), 140));
        assert!(!routing.line_is_high(top(8), 100));
    }

    #[test]
    fn a_connection_to_the_right_overwrites_the_masters_there_and_nothing_flows_left() {
        let mut routing = routing(&[
            (top(1), SLAVE),
            (top(2), FireConfig { connect_to_right: true, ..MASTER }),
            (top(3), MASTER),
            (bottom(3), FireConfig { connect_bottom: true, ..SLAVE }),
        ]);
        assert_eq!(step(&mut routing, 10, &[(top(3), 40)]), FireOutputs::default());
        let out = step(&mut routing, 20, &[(top(2), 40)]);
        assert_eq!(out.followed.iter().map(|followed| followed.neuron).collect::<Vec<_>>(), [bottom(3)]);
    }

    #[test]
    fn a_second_master_prolongs_the_state_and_is_no_second_spike() {
        let mut routing = routing(&[
            (top(9), MASTER),
            (bottom(9), FireConfig { connect_bottom: true, connect_to_right: true, ..MASTER }),
            (bottom(10), SLAVE),
        ]);
        let out = step(&mut routing, 0, &[(top(9), 20)]);
        assert!(out.followed[0].begins);
        let out = step(&mut routing, 10, &[(bottom(9), 30)]);
        let longer = Followed { neuron: bottom(10), refractory: span(10, 30), begins: false };
        assert_eq!((out.followed, out.events), (vec![longer], vec![]));
        // A shorter one changes nothing.
        assert_eq!(step(&mut routing, 25, &[(top(9), 5)]), FireOutputs::default());
        // After the end it is a spike again.
        assert!(step(&mut routing, 40, &[(top(9), 5)]).followed[0].begins);
    }

    #[test]
    fn without_the_extension_the_line_makes_the_post_pulses() {
        let plain = FireConfig { bayesian_extension: false, connect_to_right: true, ..PLAIN };
        let mut routing = routing(&[
            // Alone on its line: its own onset, nothing to route.
            (top(20), FireConfig { master: true, bayesian_extension: false, ..PLAIN }),
            // No master anywhere: no post pulse, nothing to route.
            (top(22), FireConfig { bayesian_extension: false, ..PLAIN }),
            (top(30), FireConfig { master: true, ..plain }),
            (top(31), plain),
            (top(32), FireConfig { post_overwrite: true, ..plain }),
        ]);
        let routed: Vec<Neuron> = Neuron::all().filter(|&neuron| routing.is_routed(neuron)).collect();
        assert_eq!(
            routed,
            [top(31), top(32), top(33)].into_iter().filter(|&n| n != top(33)).collect::<Vec<_>>()
        );
        // The master fires: a post pulse in 31, none in 32, no events of theirs.
        let out = step(&mut routing, 5, &[(top(30), 10)]);
        assert_eq!((out.events, out.post_pulses), (vec![], vec![top(31)]));
        // 31 fires: its event, but no post pulse.
        let out = step(&mut routing, 50, &[(top(31), 10)]);
        assert_eq!((out.events, out.post_pulses), (vec![top(31)], vec![]));
    }

    #[test]
    fn readings_of_the_connections_can_be_chosen() {
        let follows = |parameters: FireLineParameters, configs: &[(Neuron, FireConfig)], master: Neuron| {
            let mut routing = FireRouting::new(parameters);
            routing.configure(configs.iter().copied(), |_| {});
            !step(&mut routing, 0, &[(master, 5)]).followed.is_empty()
        };
        let one = [(top(0), FireConfig { connect_bottom: true, ..MASTER }), (bottom(0), SLAVE)];
        let both = [one[0], (bottom(0), FireConfig { connect_bottom: true, ..SLAVE })];
        let strict = FireLineParameters { vertical: VerticalFireLine::BothBits, ..Default::default() };
        assert!(follows(Default::default(), &one, top(0)) && follows(strict.clone(), &both, top(0)));
        assert!(!follows(strict, &one, top(0)));
        let border = [(top(127), FireConfig { connect_to_right: true, ..MASTER }), (top(128), SLAVE)];
        let split = FireLineParameters { crosses_blocks: false, ..Default::default() };
        assert!(follows(Default::default(), &border, top(127)) && !follows(split, &border, top(127)));
    }

    #[test]
    fn a_reconfiguration_moves_levels_without_events() {
        let xnor = FireConfig { operation: BayesianOperation::Xnor, connect_bottom: true, ..PLAIN };
        let mut routing = routing(&[]);
        let mut told = Vec::new();
        routing.configure([(top(3), xnor), (bottom(3), MASTER)], |neuron| told.push(neuron));
        assert_eq!(told, [top(3)]);
        let mut out = FireOutputs::default();
        routing.set_refractory(10, [(bottom(3), span(0, 30))], &mut out);
        assert_eq!(out, FireOutputs::default());
        assert_eq!(routing.next_change(10), Some(30));
        assert_eq!(step(&mut routing, 30, &[]).events, [top(3)]);
        // A master whose counter stood still starts to count: the slave learns when its state will end.
        routing.configure([(top(3), FireConfig { connect_bottom: true, ..SLAVE })], |_| {});
        let stalled = Refractory { release: u64::MAX, until: u64::MAX };
        routing.step(50, &[(bottom(3), stalled)], &mut out);
        assert_eq!(out.followed, [Followed { neuron: top(3), refractory: stalled, begins: true }]);
        out.clear();
        routing.set_refractory(60, [(bottom(3), span(60, 10))], &mut out);
        assert_eq!(out.followed, [Followed { neuron: top(3), refractory: span(60, 10), begins: false }]);
    }

    fn any_config() -> impl Strategy<Value = FireConfig> {
        (any::<[bool; 8]>()).prop_map(|[master, slave, bottom, right, b0, b1, extension, overwrite]| {
            FireConfig {
                master,
                slave,
                connect_bottom: bottom,
                connect_to_right: right,
                operation: BayesianOperation::from_bits(b0, b1),
                bayesian_extension: extension,
                post_overwrite: overwrite,
            }
        })
    }

    /// Levels of the lines of columns 0..4 by brute force: masters first, then connections until nothing changes.
    fn lines_by_relaxation(configs: &[FireConfig; 8], refractory: &[bool; 8]) -> [bool; 8] {
        let mut lines = [false; 8];
        for _ in 0..16 {
            let mut next = [false; 8];
            for column in 0..4 {
                let places = [column, 4 + column];
                let joined = places.iter().any(|&place| configs[place].connect_bottom);
                let value = |group: &[usize]| {
                    let driven: Vec<usize> = group
                        .iter()
                        .copied()
                        .filter(|&place| column > 0 && configs[place - 1].connect_to_right)
                        .collect();
                    if driven.is_empty() {
                        group.iter().any(|&n| configs[n].master && !configs[n].slave && refractory[n])
                    } else {
                        driven.iter().any(|&place| lines[place - 1])
                    }
                };
                for &place in &places {
                    next[place] = if joined { value(&places) } else { value(&[place]) };
                }
            }
            lines = next;
        }
        lines
    }

    proptest! {
        #[test]
        fn lines_carry_what_relaxation_finds(
            configs in prop::array::uniform8(any_config()), refractory in prop::array::uniform8(any::<bool>()),
        ) {
            let place = |n: usize| Neuron::new(Hemisphere::from_index(n / 4), (n % 4) as Column);
            let mut routing = FireRouting::default();
            routing.configure((0..8).map(|n| (place(n), configs[n])), |_| {});
            let onsets: Vec<_> = (0..8).filter(|&n| refractory[n]).map(|n| (place(n), span(7, 9))).collect();
            let mut out = FireOutputs::default();
            routing.step(7, &onsets, &mut out);
            let lines: [bool; 8] = std::array::from_fn(|n| routing.line_is_high(place(n), 7));
            prop_assert_eq!(lines, lines_by_relaxation(&configs, &refractory));
            // Slaves on a high line follow it, and nobody else does.
            let slaves: Vec<Neuron> = (0..8).filter(|&n| configs[n].slave && lines[n]).map(place).collect();
            prop_assert_eq!(out.followed.iter().map(|f| f.neuron).collect::<Vec<_>>(), slaves);
        }

        #[test]
        fn a_restored_routing_continues_alike(configs in prop::array::uniform8(any_config())) {
            let mut routing = FireRouting::default();
            let place = |n: usize| Neuron::new(Hemisphere::from_index(n / 4), (n % 4) as Column);
            routing.configure((0..8).map(|n| (place(n), configs[n])), |_| {});
            routing.step(3, &[(place(1), span(3, 5)), (place(6), span(3, 9))], &mut FireOutputs::default());
            let bytes = bincode::serde::encode_to_vec(&routing, bincode::config::standard()).unwrap();
            let (mut restored, _): (FireRouting, _) =
                bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap();
            for cycle in 4..20 {
                let onsets = if cycle % 5 == 0 { vec![(place(cycle as usize % 8), 4)] } else { vec![] };
                prop_assert_eq!(step(&mut routing, cycle, &onsets), step(&mut restored, cycle, &onsets));
            }
        }
    }
}
