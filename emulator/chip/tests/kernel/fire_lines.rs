//! Fire lines between neurons on a whole chip (event-routing 9.5).

use crate::bench::{enable_sensors, ideal_chip, run, write};
use bss2_analog::Branch;
use bss2_base::{Column, Hemisphere, Neuron, SimTime};
use bss2_chip::Chip;
use bss2_chip::registers::neuron::{NeuronBackendConfig, NeuronConfig};
use bss2_chip::registers::{coordinates, default_chip};

const TOP: Hemisphere = Hemisphere::Top;
const BOTTOM: Hemisphere = Hemisphere::Bottom;

/// A chip with its default configuration, an artificial fire for every neuron and 1 us of refractory time.
fn chip() -> Chip {
    let mut chip = ideal_chip();
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    enable_sensors(&mut chip);
    for neuron in Neuron::all() {
        let config = NeuronConfig { en_fire: true, ..NeuronConfig::default() };
        write(&mut chip, coordinates::neuron_config(neuron), &config);
        back_end(&mut chip, neuron, |_| {});
    }
    run(&mut chip, 1_000);
    chip
}

/// Writes the back-end of a neuron: 125 ticks of 8 ns, reset for all but the last, events on, address = column.
fn back_end(chip: &mut Chip, neuron: Neuron, change: impl Fn(&mut NeuronBackendConfig)) {
    let mut config = NeuronBackendConfig {
        en_bayesian_extension: true,
        en_spike_out: true,
        reset_holdoff_1: 3,
        reset_holdoff_2: 3,
        ..NeuronBackendConfig::default()
    }
    .with_refractory_time(125)
    .with_address_out(neuron.column());
    change(&mut config);
    write(chip, coordinates::neuron_backend(neuron), &config);
}

fn fire(chip: &mut Chip, neuron: Neuron) {
    let side = u32::from(neuron.column()) / 128;
    let entry = 128 * neuron.hemisphere().index() as u32 + u32::from(neuron.column()) % 128;
    chip.write(0x0012_2000 + 0x8000 * side + 4 * entry, 0, 0xf);
}

fn count(chip: &Chip, neuron: Neuron) -> u32 {
    chip.network().spike_count(neuron).word()
}

/// Time after `since` in ns and address of the events that have left the chip.
fn events(chip: &mut Chip, since: SimTime) -> Vec<(u64, u8)> {
    let mut events = Vec::new();
    chip.take_events(&mut events);
    events
        .iter()
        .map(|event| ((event.time - since).as_ps() / 1000, event.label.neuron_label().address_out()))
        .collect()
}

fn refractory_ns(chip: &Chip, neuron: Neuron) -> Option<u64> {
    chip.analog().refractory(neuron).map(|span| (span.until - chip.now()).as_ps() / 1000)
}

/// Top 10 is a master whose line joins that of bottom 10 and drives that of top 11; both slaves.
fn three_compartments(chip: &mut Chip) -> [Neuron; 3] {
    let neurons = [Neuron::new(TOP, 10), Neuron::new(BOTTOM, 10), Neuron::new(TOP, 11)];
    back_end(chip, neurons[0], |config| {
        (config.en_neuron_master, config.connect_fire_bottom, config.connect_fire_to_right) =
            (true, true, true);
    });
    back_end(chip, neurons[1], |config| {
        (config.en_neuron_slave, config.en_spike_out) = (true, false);
    });
    // The slave's own refractory time and clock count for nothing.
    back_end(chip, neurons[2], |config| {
        config.en_neuron_slave = true;
        *config = config.with_refractory_time(3);
    });
    neurons
}

#[test]
fn all_compartments_are_reset_and_refractory_with_their_master() {
    let mut chip = chip();
    let neurons = three_compartments(&mut chip);
    run(&mut chip, 1_000);
    let fired = chip.now();
    fire(&mut chip, neurons[0]);
    run(&mut chip, 400);
    let ends = neurons.map(|neuron| refractory_ns(&chip, neuron));
    assert!(ends[0].is_some_and(|end| (590..=608).contains(&end)), "{ends:?}");
    assert_eq!(ends, [ends[0]; 3]);
    assert_eq!(neurons.map(|neuron| count(&chip, neuron)), [1, 1, 1]);
    // The second fire comes too early for all of them.
    fire(&mut chip, neurons[0]);
    run(&mut chip, 400);
    assert_eq!(neurons.map(|neuron| count(&chip, neuron)), [1, 1, 1]);
    run(&mut chip, 1_000);
    assert_eq!(neurons.map(|neuron| refractory_ns(&chip, neuron)), [None; 3]);
    let events = events(&mut chip, fired);
    assert_eq!(events.iter().map(|event| event.1).collect::<Vec<_>>(), [10, 11], "bottom 10 sends none");
    assert!(events.iter().all(|event| event.0 < 60), "{events:?}");
}

#[test]
fn a_slave_neither_fires_by_itself_nor_drives_its_line() {
    let mut chip = chip();
    let neurons = three_compartments(&mut chip);
    run(&mut chip, 1_000);
    fire(&mut chip, neurons[1]);
    fire(&mut chip, neurons[2]);
    run(&mut chip, 500);
    assert_eq!(neurons.map(|neuron| count(&chip, neuron)), [0, 0, 0]);
    // Taken out of the group it is a neuron like any other.
    back_end(&mut chip, neurons[2], |_| {});
    fire(&mut chip, neurons[2]);
    run(&mut chip, 500);
    assert_eq!(neurons.map(|neuron| count(&chip, neuron)), [0, 0, 1]);
}

#[test]
fn coincidences_of_two_neurons_make_the_events_of_the_bayesian_logic() {
    // b0, b1, and when the neuron with column 20 sends: its partner is refractory 0..1000 ns, itself 300..1300 ns.
    let cases = [
        ((false, false), vec![300]),
        ((true, false), vec![300]),
        ((false, true), vec![300, 1300]),
        ((true, true), vec![300]),
    ];
    for ((b0, b1), expected) in cases {
        let mut chip = chip();
        let [neuron, partner] = [Neuron::new(TOP, 20), Neuron::new(BOTTOM, 20)];
        back_end(&mut chip, neuron, |config| {
            (config.en_0_bayesian, config.en_1_bayesian, config.connect_fire_bottom) = (b0, b1, true);
        });
        back_end(&mut chip, partner, |config| {
            (config.en_neuron_master, config.en_spike_out) = (true, false);
        });
        run(&mut chip, 1_000);
        let since = chip.now();
        fire(&mut chip, partner);
        run(&mut chip, 300);
        fire(&mut chip, neuron);
        run(&mut chip, 3_000);
        // Alone: an event in the local mode only, and two equal states when the exclusive-or falls again.
        let sent: Vec<u64> = events(&mut chip, since).into_iter().map(|(time, _)| time).collect();
        assert_eq!(sent.len(), expected.len(), "{b0} {b1}: {sent:?}");
        for (sent, expected) in sent.into_iter().zip(expected) {
            assert!((expected..expected + 60).contains(&sent), "{b0} {b1}: {sent} instead of {expected}");
        }
        fire(&mut chip, neuron);
        run(&mut chip, 3_000);
        let alone = events(&mut chip, since).len();
        assert_eq!(alone, if b0 { 0 } else { 1 }, "{b0} {b1}");
        assert_eq!((count(&chip, neuron), count(&chip, partner)), (2, 1));
    }
}

/// Columns whose causal sensors have paired (they leak otherwise), after one pre pulse to all synapses of top row 43 and what `then` does.
fn paired(chip: &mut Chip, then: impl Fn(&mut Chip)) -> Vec<Column> {
    for (address, value) in [(0x0011_0454, 0xbe00), (0x0011_0455, 0x3f60), (0x0011_0456, 0x0040)] {
        chip.write(address, value, 0xf);
    }
    (0..64).for_each(|quad| chip.write(0x02c4_0000 + 64 * 43 + quad, 0x0c0c_0c0c, 0xf));
    run(chip, 1_000);
    let before: Vec<f64> = causal(chip);
    chip.write(0x0011_0000, 0x014c_0002, 0xf);
    run(chip, 1_000);
    then(chip);
    run(chip, 100);
    (0..=255)
        .zip(causal(chip).into_iter().zip(before))
        .filter(|(_, (now, before))| now > before)
        .map(|(c, _)| c)
        .collect()
}

fn causal(chip: &Chip) -> Vec<f64> {
    (0..=255).map(|column| chip.analog().correlation(TOP, 43, column, Branch::Causal)).collect()
}

#[test]
fn post_pulses_come_from_the_logic_the_line_or_the_block() {
    let mut chip = chip();
    let neuron = |column| Neuron::new(TOP, column);
    back_end(&mut chip, neuron(30), |config| {
        (config.en_neuron_master, config.connect_fire_to_right) = (true, true)
    });
    // The line makes the post pulses of 31, not its own onset.
    back_end(&mut chip, neuron(31), |config| {
        (config.en_bayesian_extension, config.connect_fire_to_right) = (false, true);
    });
    // 32 needs a coincidence, 33 would follow but listens to the block only.
    back_end(&mut chip, neuron(32), |config| {
        (config.en_0_bayesian, config.connect_fire_to_right) = (true, true);
    });
    back_end(&mut chip, neuron(33), |config| (config.en_neuron_slave, config.post_overwrite) = (true, true));
    // No extension and no master: none.
    back_end(&mut chip, neuron(40), |config| config.en_bayesian_extension = false);
    assert_eq!(paired(&mut chip, |chip| fire(chip, neuron(30))), [30, 31]);
    run(&mut chip, 2_000);
    assert!(
        paired(&mut chip, |chip| [31, 32, 40].into_iter().for_each(|n| fire(chip, neuron(n)))).is_empty()
    );
    run(&mut chip, 2_000);
    let both = |chip: &mut Chip| {
        fire(chip, neuron(32));
        run(chip, 40);
        fire(chip, neuron(30));
    };
    assert_eq!(paired(&mut chip, both), [30, 31, 32]);
    run(&mut chip, 2_000);
    assert_eq!(paired(&mut chip, |chip| chip.write(0x0012_2400, 0, 0xf)), [33]);
    assert_eq!(count(&chip, neuron(33)), 2);
}

#[test]
fn the_result_does_not_depend_on_how_time_is_cut() {
    let result = |slice: u64| {
        let mut chip = chip();
        three_compartments(&mut chip);
        let xnor = |config: &mut NeuronBackendConfig| {
            (config.en_1_bayesian, config.connect_fire_to_right) = (true, true);
        };
        back_end(&mut chip, Neuron::new(TOP, 12), xnor);
        let since = chip.now();
        for round in 0..6 {
            fire(&mut chip, Neuron::new(TOP, [10, 12, 11][round % 3]));
            let until = chip.now() + SimTime::from_ns(700);
            while chip.now() < until {
                chip.advance((chip.now() + SimTime::from_ps(slice)).min(until));
            }
        }
        let counts: Vec<u32> = Neuron::all().map(|neuron| count(&chip, neuron)).collect();
        (events(&mut chip, since), counts)
    };
    let whole = result(700_000);
    assert_eq!(whole.0.len(), 6, "{:?}", whole.0);
    assert_eq!(result(3_700), whole);
    assert_eq!(result(50_001), whole);
}

#[test]
fn a_stopped_refractory_clock_holds_the_whole_group() {
    let mut chip = chip();
    let neurons = three_compartments(&mut chip);
    // Clocks of the west block off.
    chip.write(0x001a_9800 - 0x8000, 0xf001, 0xf);
    run(&mut chip, 100);
    fire(&mut chip, neurons[0]);
    run(&mut chip, 50_000);
    assert!(
        neurons
            .iter()
            .all(|&neuron| chip.analog().refractory(neuron).is_some_and(|span| span.until == SimTime::MAX))
    );
    chip.write(0x001a_9800 - 0x8000, 0xf005, 0xf);
    run(&mut chip, 400);
    let ends = neurons.map(|neuron| refractory_ns(&chip, neuron));
    assert!(ends[0].is_some_and(|end| (590..=608).contains(&end)), "{ends:?}");
    assert_eq!(ends, [ends[0]; 3]);
    run(&mut chip, 1_000);
    assert_eq!(neurons.map(|neuron| refractory_ns(&chip, neuron)), [None; 3]);
    fire(&mut chip, neurons[0]);
    run(&mut chip, 100);
    assert_eq!(neurons.map(|neuron| count(&chip, neuron)), [2, 2, 2]);
}
