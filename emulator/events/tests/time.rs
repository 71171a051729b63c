//! The event-driven network against the clocked one, however time is cut into calls.

mod clocked;

use bss2_base::{Hemisphere, Neuron};
use bss2_events::*;
use clocked::{Clocked, Input, Write, give, write};
use proptest::prelude::*;

/// Cycles of a scenario.
const END: u64 = 600;

/// Everything that happens to a network, in time order.
#[derive(Clone, Debug)]
struct Scenario {
    writes: Vec<(u64, Write)>,
    inputs: Vec<(u64, Input)>,
}

fn coordinate<T: std::fmt::Debug + 'static>(
    count: usize,
    new: fn(usize) -> Option<T>,
) -> impl Strategy<Value = T> {
    (0..count).prop_map(move |index| new(index).unwrap())
}

fn hemisphere() -> impl Strategy<Value = Hemisphere> {
    any::<bool>().prop_map(|bottom| Hemisphere::from_index(bottom.into()))
}

/// Few of the 512, so that they meet at the event outputs.
fn neuron() -> impl Strategy<Value = Neuron> {
    (0usize..2, prop::sample::select(vec![0usize, 1, 2, 31, 32, 129, 160]))
        .prop_map(|(row, column)| Neuron::from_index(256 * row + column).unwrap())
}

fn a_write() -> impl Strategy<Value = Write> {
    let node = (coordinate(76, CrossbarNode::new), 0u16..8, any::<u16>(), any::<bool>(), 0..4).prop_map(
        |(node, mask, target, enable_drop_counter, kind)| {
            // Mostly open nodes, otherwise nothing would ever be full.
            let mask = if kind == 0 { mask } else { 0 };
            let (mask, target) = (NeuronLabel::truncate(mask), NeuronLabel::truncate(target & mask));
            Write::Node(node, NodeConfig { mask, target, enable_drop_counter })
        },
    );
    let outputs = (any::<u8>(), any::<u16>()).prop_map(|(enable_slow, enable_event_counter)| {
        Write::Outputs(OutputConfig { enable_slow, enable_event_counter })
    });
    let background = (
        coordinate(8, BackgroundSource::new),
        (prop::bool::weighted(0.8), any::<bool>(), prop::sample::select(vec![0u16, 1, 2, 3, 7, 50])),
        (any::<u32>(), any::<u8>(), any::<u8>(), any::<u16>()),
    )
        .prop_map(|(source, (enable, enable_random, period), (seed, mask, rate, label))| {
            let label = NeuronLabel::truncate(label);
            let config = BackgroundConfig { enable, enable_random, period, seed, mask, rate, label };
            Write::Background(source, config)
        });
    let bus = (hemisphere(), coordinate(4, PadiBus::new), prop::bool::weighted(0.7), any::<bool>()).prop_map(
        |(hemisphere, bus, enable_spl1, enable_extended_timing)| {
            let config = PadiBusConfig { enable_spl1, enable_extended_timing, dacen_pulse_extension: 0 };
            Write::Bus(hemisphere, bus, config)
        },
    );
    let driver = (hemisphere(), coordinate(128, Driver::new), any::<bool>(), 0u8..32, any::<bool>())
        .prop_map(|(hemisphere, driver, enable_receiver, mask, enable_address_out)| {
            let compare_mask = mask & mask >> 1;
            let config =
                DriverConfig { enable_receiver, compare_mask, enable_address_out, ..Default::default() };
            Write::Driver(hemisphere, driver, config)
        });
    let backend = (neuron(), any::<u8>(), prop::bool::weighted(0.8)).prop_map(
        |(neuron, address_out, enable_spike_out)| {
            Write::Backend(neuron, BackendConfig { address_out, enable_spike_out })
        },
    );
    let block = (coordinate(2, BackendBlock::new), prop::bool::weighted(0.8)).prop_map(
        |(block, enable_event_registers)| Write::Block(block, BackendBlockConfig { enable_event_registers }),
    );
    prop_oneof![2 => node, 1 => outputs, 4 => background, 4 => bus, 4 => driver, 4 => backend, 2 => block]
}

fn an_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        any::<u16>().prop_map(|word| Input::Label(SpikeLabel::from_word(word))),
        neuron().prop_map(Input::Spike),
        (hemisphere(), 0u8..16, any::<u16>()).prop_map(|(hemisphere, fire_bus, label)| {
            Input::Padi(hemisphere, PadiEvent { fire_bus, label: PadiLabel::truncate(label) })
        }),
    ]
}

/// A chip on which every neuron of [`neuron`] and everything else reaches some drivers.
fn connected() -> Vec<Write> {
    let block = BackendBlockConfig { enable_event_registers: true };
    let bus = PadiBusConfig { enable_spl1: true, ..Default::default() };
    let driver = DriverConfig { enable_receiver: true, compare_mask: 1, ..Default::default() };
    let mut writes: Vec<Write> = BackendBlock::all().map(|place| Write::Block(place, block)).collect();
    for neuron in Neuron::all().filter(|neuron| [0, 1, 2, 31, 32, 129, 160].contains(&neuron.column())) {
        let config = BackendConfig { address_out: neuron.index() as u8, enable_spike_out: true };
        writes.push(Write::Backend(neuron, config));
    }
    for hemisphere in Hemisphere::ALL {
        writes.extend(PadiBus::all().map(|place| Write::Bus(hemisphere, place, bus)));
        writes.extend(Driver::all().step_by(5).map(|place| Write::Driver(hemisphere, place, driver)));
    }
    writes
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let setup = prop::collection::vec(a_write().prop_map(|write| (0u64, write)), 0..60);
    let later = prop::collection::vec((0..END, a_write()), 0..8);
    // Bursts: several inputs within a few cycles fill the FIFOs.
    let bursts =
        prop::collection::vec((0..END - 20, prop::collection::vec((0u64..20, an_input()), 0..40)), 0..8);
    (any::<bool>(), setup, later, bursts).prop_map(|(connect, setup, later, bursts)| {
        let mut writes = Vec::new();
        if connect {
            writes.extend(connected().into_iter().map(|write| (0, write)));
        }
        writes.extend(setup);
        writes.extend(later);
        writes.sort_by_key(|&(cycle, _)| cycle);
        let burst = |(start, inputs): (u64, Vec<(u64, Input)>)| {
            inputs.into_iter().map(move |(offset, input)| (start + offset, input))
        };
        let mut inputs: Vec<_> = bursts.into_iter().flat_map(burst).collect();
        // Spikes of one cycle in order of neuron, the rest as it comes.
        inputs.sort_by_key(|&(cycle, _)| cycle);
        Scenario { writes, inputs }
    })
}

/// What can be seen of a network from outside after the scenario.
#[derive(PartialEq, Debug)]
struct Seen {
    out: Outputs,
    events: Vec<u32>,
    drops: Vec<u16>,
}

fn seen(network: &EventNetwork, out: Outputs) -> Seen {
    Seen {
        out,
        events: CrossbarOutput::all().map(|output| network.event_count(output)).collect(),
        drops: CrossbarInput::all().map(|input| network.drop_count(input)).collect(),
    }
}

fn run_clocked(scenario: &Scenario) -> Seen {
    let mut clocked = Clocked::new();
    for now in 0..END {
        for &(_, write) in scenario.writes.iter().filter(|&&(cycle, _)| cycle == now) {
            clocked.write(write);
        }
        let inputs: Vec<Input> =
            scenario.inputs.iter().filter(|&&(cycle, _)| cycle == now).map(|&(_, input)| input).collect();
        clocked.cycle(now, &inputs);
    }
    Seen { out: clocked.out, events: clocked.events.to_vec(), drops: clocked.drops.to_vec() }
}

/// Runs with the given cuts besides those at which a write comes. With `look_ahead` the spikes of a slice are reported
/// only after its pulses have been asked for.
fn run(scenario: &Scenario, cuts: &[u64], look_ahead: bool) -> (Seen, Vec<u8>) {
    let mut network = EventNetwork::default();
    let mut out = Outputs::default();
    let mut cuts: Vec<u64> =
        cuts.iter().copied().chain(scenario.writes.iter().map(|&(cycle, _)| cycle)).chain([END]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut writes = scenario.writes.iter().copied().peekable();
    for cut in cuts {
        while network.now() < cut {
            while let Some((_, change)) = writes.next_if(|&(cycle, _)| cycle <= network.now()) {
                write(&mut network, change);
            }
            let from = network.now();
            let in_slice = |until: u64, spikes: bool| {
                scenario.inputs.iter().copied().filter(move |&(cycle, input)| {
                    (from..until).contains(&cycle) && spikes == matches!(input, Input::Spike(_))
                })
            };
            let mut until = cut;
            if look_ahead {
                // The slice is over as soon as spikes could matter: inputs are known to its end at most.
                until = until.min(from + network.shortest_feedback().unwrap_or(u64::MAX - from));
            }
            in_slice(until, false).for_each(|(cycle, input)| give(&mut network, cycle, input));
            if look_ahead {
                let pulses = out.pulses.len();
                let complete = network.look_ahead(until, &mut out);
                assert_eq!(complete, until);
                assert!(out.pulses[pulses..].iter().all(|pulse| pulse.cycle < until));
            }
            let pulses = out.pulses.len();
            in_slice(until, true).for_each(|(cycle, input)| give(&mut network, cycle, input));
            network.advance(until, &mut out);
            if look_ahead {
                assert_eq!(out.pulses.len(), pulses, "pulses that looking ahead has missed");
            }
        }
    }
    assert_eq!(network.diagnostics().late_inputs, 0);
    let state = bincode::serde::encode_to_vec(&network, bincode::config::standard()).unwrap();
    (seen(&network, out), state)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn running_from_event_to_event_equals_running_from_cycle_to_cycle(scenario in scenario()) {
        let (seen, _) = run(&scenario, &[], false);
        prop_assert_eq!(seen, run_clocked(&scenario));
    }

    #[test]
    fn the_result_does_not_depend_on_slices_or_looking_ahead(
        scenario in scenario(), cuts in prop::collection::vec(1..END, 0..40),
    ) {
        let whole = run(&scenario, &[], false);
        prop_assert_eq!(&run(&scenario, &cuts, false), &whole);
        prop_assert_eq!(&run(&scenario, &[], true), &whole);
        prop_assert_eq!(&run(&scenario, &cuts, true), &whole);
    }

    #[test]
    fn nothing_happens_before_the_announced_activity(scenario in scenario(), cut in 1..END) {
        let mut network = EventNetwork::default();
        let mut out = Outputs::default();
        for &(cycle, change) in &scenario.writes {
            network.advance(cycle, &mut out);
            write(&mut network, change);
        }
        network.advance(cut, &mut out);
        let now = network.now();
        for &(cycle, input) in scenario.inputs.iter().filter(|&&(cycle, _)| cycle >= now) {
            give(&mut network, cycle, input);
        }
        for _ in 0..200 {
            let Some(next) = network.next_activity() else { break };
            let before = seen(&network, Outputs::default());
            let mut silent = Outputs::default();
            network.advance(next, &mut silent);
            prop_assert_eq!(seen(&network, silent), before);
            prop_assert_eq!(network.next_activity(), Some(next));
            network.advance(next + 1, &mut out);
        }
    }
}
