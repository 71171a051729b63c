//! The worked examples of event-routing 15 and the conformance list of event-routing 16.

use bss2_base::{Hemisphere, Neuron};
use bss2_events::*;

fn node(index: usize) -> CrossbarNode {
    CrossbarNode::new(index).unwrap()
}
fn bus(index: usize) -> PadiBus {
    PadiBus::new(index).unwrap()
}
fn driver(index: usize) -> Driver {
    Driver::new(index).unwrap()
}
fn source(index: usize) -> BackgroundSource {
    BackgroundSource::new(index).unwrap()
}
fn label(word: u16) -> SpikeLabel {
    SpikeLabel::from_word(word)
}
fn neuron_label(word: u16) -> NeuronLabel {
    NeuronLabel::truncate(word)
}

/// Listens to its position only, top row excitatory, bottom row inhibitory.
const RECEIVER: DriverConfig = DriverConfig {
    enable_receiver: true,
    compare_mask: 0x1F,
    enable_address_out: true,
    top: RowMode::Excitatory,
    bottom: RowMode::Inhibitory,
};
const FROM_CROSSBAR: PadiBusConfig =
    PadiBusConfig { enable_spl1: true, enable_extended_timing: false, dacen_pulse_extension: 0 };

/// Lets everything happen within the next 100 µs.
fn finish(network: &mut EventNetwork) -> Outputs {
    let mut out = Outputs::default();
    network.advance(network.now() + 25_000, &mut out);
    out
}
fn to_host(out: &Outputs) -> Vec<u16> {
    out.to_host.iter().map(|event| event.label.word()).collect()
}

/// The chip of E2: bus 1 and driver 21 in both hemispheres, hemispheres told apart by bit 13.
fn two_rows() -> EventNetwork {
    let mut network = EventNetwork::default();
    let tag = neuron_label(0x2000);
    let top = NodeConfig { mask: tag, ..Default::default() };
    let bottom = NodeConfig { mask: tag, target: tag, ..Default::default() };
    network.set_node(node(34), top);
    network.set_node(node(38), bottom);
    for hemisphere in Hemisphere::ALL {
        network.set_padi_bus(hemisphere, bus(1), FROM_CROSSBAR);
        network.set_driver(hemisphere, driver(21), RECEIVER);
    }
    network
}

#[test]
fn e1_a_label_sent_to_a_fresh_chip_comes_back_once() {
    let mut network = EventNetwork::default();
    network.inject(1000, label(0x4005));
    let out = finish(&mut network);
    assert_eq!(to_host(&out), [0x4005]);
    assert!(out.pulses.is_empty());
    // Transit 2; the stamp is the low byte of the cycle in which it leaves.
    assert_eq!((out.to_host[0].cycle, out.to_host[0].stamp), (1002, (1002 & 0xFF) as u8));
    assert_eq!(out.to_host[0].word(), 0xEA_4005);
    assert_eq!(
        crossbar::node_at(
            CrossbarInput::of_link(Spl1Address::new(1).unwrap()),
            CrossbarOutput::to_link(Spl1Address::new(1).unwrap())
        ),
        Some(node(41))
    );
}

#[test]
fn e2_one_driver_and_its_two_rows() {
    let mut network = two_rows();
    for hemisphere in Hemisphere::ALL {
        for row in [42, 43] {
            for column in 0..=255 {
                network.labels_mut().set(hemisphere, row, column, if column % 3 == 0 { 12 } else { 13 });
            }
        }
    }
    network.inject(0, label(0x414C));
    let out = finish(&mut network);
    let expected =
        DriverPulse { cycle: 4, hemisphere: Hemisphere::Top, driver: driver(21), label: 12, address: 12 };
    assert_eq!(out.pulses, [expected]);
    assert_eq!((driver(21).top_row(), driver(21).bottom_row()), (43, 42));
    assert_eq!(network.driver(Hemisphere::Top, driver(21)).row_mode(43), RowMode::Excitatory);
    assert_eq!(network.driver(Hemisphere::Top, driver(21)).row_mode(42), RowMode::Inhibitory);
    let hit: Vec<u8> = network.labels().matches(Hemisphere::Top, 43, 12).iter().collect();
    assert_eq!(hit, (0..=255).step_by(3).collect::<Vec<u8>>());

    // With bit 13 set only the bottom hemisphere sees it.
    let start = network.now();
    network.inject(start, label(0x614C));
    let out = finish(&mut network);
    assert_eq!(out.pulses, [DriverPulse { cycle: start + 4, hemisphere: Hemisphere::Bottom, ..expected }]);
}

#[test]
fn e4_a_neuron_that_drives_itself() {
    let mut network = EventNetwork::default();
    let neuron = Neuron::new(Hemisphere::Bottom, 70);
    assert_eq!(BackendBlock::new(0).unwrap().neuron(198), neuron);
    network.set_backend(neuron, BackendConfig { address_out: 0x9C, enable_spike_out: true });
    network.set_padi_bus(Hemisphere::Top, bus(2), FROM_CROSSBAR);
    network.set_padi_bus(Hemisphere::Bottom, bus(2), FROM_CROSSBAR);
    network.set_driver(Hemisphere::Top, driver(42), RECEIVER);

    // Without the block's event registers the spike counts, but nothing leaves.
    network.fire(0, neuron);
    assert_eq!(finish(&mut network), Outputs::default());
    assert_eq!((network.spike_count(neuron).count, network.shortest_feedback()), (1, None));

    network.set_backend_block(BackendBlock::of(neuron), BackendBlockConfig { enable_event_registers: true });
    let start = network.now();
    network.fire(start, neuron);
    let out = finish(&mut network);
    assert_eq!(to_host(&out), [0x829C]);
    let pulses: Vec<_> = out
        .pulses
        .iter()
        .map(|pulse| (pulse.hemisphere, pulse.driver.index(), pulse.address, pulse.cycle - start))
        .collect();
    // Digitisation 4, transit 2, bus 1, driver 1.
    assert_eq!(pulses, [(Hemisphere::Top, 42, 28, 8)]);
    assert_eq!((driver(42).top_row(), driver(42).bottom_row()), (85, 84));
    assert_eq!(network.shortest_feedback(), Some(8));
}

#[test]
fn e5_one_source_is_32_poisson_inputs() {
    let mut network = EventNetwork::default();
    network.set_background(
        source(5),
        BackgroundConfig {
            enable: true,
            enable_random: true,
            period: 999,
            seed: 0x1234,
            mask: 0x1F,
            rate: 255,
            label: neuron_label(0x0140),
        },
    );
    network.set_padi_bus(Hemisphere::Bottom, bus(1), FROM_CROSSBAR);
    network.set_driver(Hemisphere::Bottom, driver(21), RECEIVER);
    let mut out = Outputs::default();
    // 10 000 periods of 4 µs.
    network.advance(10_000_010, &mut out);
    assert_eq!((out.to_host.len(), out.pulses.len()), (10_000, 10_000));
    assert_eq!(out.to_host[0].cycle, 1002);
    assert!(to_host(&out).iter().all(|label| (0x4140..=0x415F).contains(label)));
    let mut counts = [0; 32];
    for pulse in &out.pulses {
        assert_eq!((pulse.hemisphere, pulse.driver.index()), (Hemisphere::Bottom, 21));
        counts[usize::from(pulse.address)] += 1;
    }
    // Uniform over 32 labels: 312.5 ± 17.4 each.
    assert!(counts.iter().all(|count| (240..=385).contains(count)), "{counts:?}");
}

#[test]
fn e6_an_entry_of_a_hagen_vector() {
    let mut network = two_rows();
    let config = DriverConfig { enable_address_out: false, ..RECEIVER };
    network.set_driver(Hemisphere::Top, driver(21), config);
    for (address, word, seen) in [(false, 0x414C, 0), (true, 0x416C, 32)] {
        let entry = HagenLabel { address, activation: 20 };
        let synapse_label = entry.encode().unwrap();
        let padi = PadiLabel::new(5, synapse_label);
        let sent = SpikeLabel::new(Spl1Address::new(1).unwrap(), neuron_label(padi.word()));
        assert_eq!(sent.word(), word);
        network.inject(network.now(), sent);
        let out = finish(&mut network);
        assert_eq!((out.pulses.len(), out.pulses[0].address), (1, seen));
        assert_eq!(HagenLabel::decode(out.pulses[0].label), entry);
    }
    assert_eq!(HagenLabel { address: false, activation: 0 }.encode(), None);
}

#[test]
fn e7_an_event_written_by_a_ppu_stays_on_the_buses() {
    let mut network = two_rows();
    network.set_output_config(OutputConfig { enable_event_counter: 0xFFF, enable_slow: 0 });
    let event = PadiEvent::from_word(0x014C_0002);
    assert_eq!((event.fire_bus, event.label.row_select(), event.label.synapse_label()), (2, 5, 12));
    assert_eq!(event.word(), 0x014C_0002);
    // The bus listens to the crossbar: ignored.
    network.padi_event(0, Hemisphere::Top, event);
    assert_eq!(finish(&mut network), Outputs::default());
    network.set_padi_bus(Hemisphere::Top, bus(1), PadiBusConfig::default());
    let start = network.now();
    network.padi_event(start, Hemisphere::Top, event);
    // And now what comes from the crossbar is ignored, but counts as delivered.
    network.inject(start, label(0x414C));
    let out = finish(&mut network);
    assert_eq!(out.pulses.len(), 1);
    assert_eq!(
        (out.pulses[0].driver, out.pulses[0].address, out.pulses[0].cycle),
        (driver(21), 12, start + 2)
    );
    let counts: Vec<u32> = CrossbarOutput::all().map(|output| network.event_count(output)).collect();
    assert_eq!(counts, [1, 1, 1, 1, 1, 0, 1, 1, 0, 1, 0, 0]);
    assert_eq!(to_host(&out), [0x414C]);
}

#[test]
fn conformance_2_eight_regular_sources_give_the_expected_number_of_events() {
    let mut network = EventNetwork::default();
    for (index, k) in BackgroundSource::all().zip(0..) {
        let config =
            BackgroundConfig { enable: true, period: 1000, label: neuron_label(k), ..Default::default() };
        network.set_background(index, config);
    }
    let mut out = Outputs::default();
    network.advance(20_000_000, &mut out);
    for k in 0..8u16 {
        let count = to_host(&out).iter().filter(|&&word| word == k | (k % 4) << 14).count();
        assert!((19_000..=21_000).contains(&count), "source {k}: {count} events");
        // Exactly, with a period of 1001 cycles:
        assert_eq!(count, 20_000_000 / 1001);
    }
    assert_eq!(out.to_host.len(), 8 * (20_000_000 / 1001));
}

#[test]
fn conformance_3_packs_of_equal_labels_all_come_back() {
    // 1000 packs of 1, 2 or 3 identical labels, ten FPGA cycles apart; the test on hardware demands 90 %.
    let mut state = 1u32;
    for size in 1..=3 {
        let mut network = EventNetwork::default();
        let mut sent = Vec::new();
        for pack in 0..1000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let one = label((state >> 16) as u16);
            let pack_labels = SpikePack::new(&[one, one, one][..size]).unwrap();
            for &one in pack_labels.labels() {
                network.inject(20 * pack, one);
                sent.push(one.word());
            }
        }
        let mut out = Outputs::default();
        network.advance(20_000 + 25_000, &mut out);
        assert_eq!(to_host(&out), sent);
    }
}

#[test]
fn conformance_4_output_counters_count_only_when_enabled() {
    let mut network = EventNetwork::default();
    network.set_output_config(OutputConfig { enable_event_counter: 1 << 9, enable_slow: 0 });
    network.inject(0, label(0x4005));
    finish(&mut network);
    let counts: Vec<u32> = CrossbarOutput::all().map(|output| network.event_count(output)).collect();
    assert_eq!(counts, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
    network.reset();
    assert!(CrossbarOutput::all().all(|output| network.event_count(output) == 0));
}

#[test]
fn labels_of_one_pack_enter_different_inputs_together_and_one_input_in_turn() {
    let pack = SpikePack::from_payload(3, 0x4001_8002_4003).unwrap();
    assert_eq!(pack.payload(), 0x4001_8002_4003);
    let mut network = EventNetwork::default();
    pack.labels().iter().for_each(|&one| network.inject(10, one));
    let out = finish(&mut network);
    // Link outputs take one event every second cycle.
    let left: Vec<_> = out.to_host.iter().map(|event| (event.cycle, event.label.word())).collect();
    assert_eq!(left, [(12, 0x4001), (12, 0x8002), (14, 0x4003)]);
    assert_eq!((SpikePack::from_payload(0, 0), SpikePack::from_payload(4, 0)), (None, None));
    assert_eq!((SpikePack::new(&[]), SpikePack::new(&[label(0); 4])), (None, None));
}

#[test]
fn a_slow_link_output_takes_half_the_rate() {
    let mut spacing = [0, 1].map(|enable_slow| {
        let mut network = EventNetwork::default();
        network.set_output_config(OutputConfig { enable_slow, enable_event_counter: 0 });
        network.inject(0, label(1));
        network.inject(0, label(2));
        let out = finish(&mut network);
        out.to_host[1].cycle - out.to_host[0].cycle
    });
    spacing.sort_unstable();
    assert_eq!(spacing, [2, 4]);
}

#[test]
fn a_bus_takes_an_event_every_second_cycle_and_every_fourth_with_extended_timing() {
    for (enable_extended_timing, expected) in [(false, 2), (true, 4)] {
        let mut network = two_rows();
        let config = PadiBusConfig { enable_extended_timing, ..FROM_CROSSBAR };
        network.set_padi_bus(Hemisphere::Top, bus(1), config);
        (0..3).for_each(|_| network.inject(0, label(0x414C)));
        let cycles: Vec<u64> = finish(&mut network).pulses.iter().map(|pulse| pulse.cycle).collect();
        assert_eq!(cycles, [4, 4 + expected, 4 + 2 * expected]);
        // The trigger register is no faster.
        network.set_padi_bus(Hemisphere::Top, bus(1), PadiBusConfig { enable_spl1: false, ..config });
        let start = network.now();
        let event = PadiEvent { fire_bus: 0b0010, label: PadiLabel::new(5, 1) };
        (0..3).for_each(|_| network.padi_event(start, Hemisphere::Top, event));
        let cycles: Vec<u64> = finish(&mut network).pulses.iter().map(|pulse| pulse.cycle - start).collect();
        assert_eq!(cycles, [2, 2 + expected, 2 + 2 * expected]);
    }
}

#[test]
fn the_stamp_counts_from_its_origin() {
    let mut network = EventNetwork::default();
    // Twice the FPGA's time is 0x57 in cycle 100.
    network.set_stamp_origin(100u64.wrapping_sub(0x57));
    network.inject(98, label(0));
    assert_eq!(finish(&mut network).to_host[0].stamp, 0x57);
}

#[test]
fn a_neuron_that_still_waits_at_its_output_limits_the_window_after_it_was_switched_off() {
    let mut network = EventNetwork::default();
    network.set_padi_bus(Hemisphere::Top, bus(0), FROM_CROSSBAR);
    network.set_driver(Hemisphere::Top, driver(0), DriverConfig { compare_mask: 0, ..RECEIVER });
    network.set_backend_block(
        BackendBlock::new(0).unwrap(),
        BackendBlockConfig { enable_event_registers: true },
    );
    let on = BackendConfig { address_out: 1, enable_spike_out: true };
    let neurons: Vec<Neuron> = Neuron::all().filter(|neuron| neuron.column() < 32).collect();
    for &neuron in &neurons {
        network.set_backend(neuron, on);
        network.fire(0, neuron);
    }
    let mut out = Outputs::default();
    network.advance(10, &mut out);
    neurons.iter().for_each(|&neuron| network.set_backend(neuron, BackendConfig::default()));
    while network.now() < 1000 {
        let until = network.look_ahead(1000, &mut out);
        let pulses = out.pulses.len();
        network.advance(until, &mut out);
        assert_eq!(out.pulses.len(), pulses);
    }
    // 64 neurons, one event every second cycle, none lost.
    let expected: Vec<u64> = (0..64).map(|k| 8 + 2 * k).collect();
    assert_eq!(out.pulses.iter().map(|pulse| pulse.cycle).collect::<Vec<_>>(), expected);
    assert_eq!(network.shortest_feedback(), None);
    assert_eq!(network.next_activity(), None);
}

#[test]
fn silence_costs_nothing() {
    // Two hours of chip time.
    let mut network = two_rows();
    let mut out = Outputs::default();
    assert_eq!(network.next_activity(), None);
    network.advance(2_000_000_000_000, &mut out);
    assert_eq!((network.now(), out), (2_000_000_000_000, Outputs::default()));
    // A source that never sends is silent too, and can be reconfigured after any time.
    let rare = BackgroundConfig { enable: true, enable_random: true, ..Default::default() };
    network.set_background(source(0), rare);
    assert_eq!(network.next_activity(), None);
    network.advance(4_000_000_000_000, &mut Outputs::default());
    network.set_background(source(0), BackgroundConfig { rate: 255, ..rare });
    assert_eq!(network.next_activity(), Some(4_000_000_000_000));
}

#[test]
fn an_input_that_comes_too_late_is_moved_and_reported() {
    let mut network = two_rows();
    finish(&mut network);
    let now = network.now();
    network.inject(now - 1, label(0x414C));
    assert_eq!(network.diagnostics().late_inputs, 1);
    assert_eq!(finish(&mut network).pulses[0].cycle, now + 4);
}
