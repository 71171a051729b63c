//! The worked examples of event-routing 15 from registers to neurons.

use crate::bench::{ideal_chip, run, write};
use bss2_analog::Line;
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::registers::capmem::{CapMemCell, NeuronParameter as Cell};
use bss2_chip::registers::neuron::NeuronConfig;
use bss2_chip::registers::{coordinates, default_chip};
use bss2_chip::{Chip, LinkEvent};
use bss2_events::SpikeLabel;

/// A default chip whose neurons listen to both inputs, with all columns connected.
fn listening_chip() -> Chip {
    let mut chip = ideal_chip();
    default_chip().for_each(|(address, value)| chip.write(address, value, 0xf));
    for array in crate::bench::ARRAY {
        (0..64).for_each(|quad| chip.write(array + 0x1_4000 + quad, 0x0303_0303, 0xf));
    }
    for neuron in Neuron::all() {
        let config = NeuronConfig {
            en_synin_exc: true,
            en_synin_inh: true,
            en_fire: true,
            mem_cap_size: 63,
            ..NeuronConfig::default()
        };
        write(&mut chip, coordinates::neuron_config(neuron), &config);
        for cell in [Cell::IBiasSyninExcTau, Cell::IBiasSyninInhTau] {
            let instance = coordinates::capmem_cell(neuron.quadrant(), cell.row(), neuron.column() % 128);
            write(&mut chip, instance, &CapMemCell { value: 50 });
        }
    }
    chip
}

/// A synapse, with a logical weight.
fn synapse(chip: &mut Chip, hemisphere: Hemisphere, row: u32, column: u8, weight: u8, label: u8) {
    let (quad, entry) = bss2_chip::synapse_array::quad_of_column(column);
    let array = crate::bench::ARRAY[hemisphere.index()] + 64 * row + u32::from(quad);
    let (shift, enables) = (8 * (3 - u32::from(entry)), 8 >> entry);
    chip.write(array, u32::from(bss2_chip::registers::permute_weight(weight)) << shift, enables);
    chip.write(array + 0x4_0000, u32::from(label) << shift, enables);
}

/// Which neurons have a signal on a line.
fn reached(chip: &Chip, line: Line) -> Vec<(Hemisphere, u8)> {
    Neuron::all()
        .filter(|&neuron| chip.analog().line(neuron, line) > 1e-4)
        .map(|neuron| (neuron.hemisphere(), neuron.column()))
        .collect()
}

fn events(chip: &mut Chip) -> Vec<LinkEvent> {
    let mut events = Vec::new();
    chip.take_events(&mut events);
    events
}

fn set_up_e2(chip: &mut Chip) {
    for (address, value) in [
        (0x0013_003b, 0x2000),
        (0x0013_003f, 0x2000_2000),
        (0x0011_0001, 0x2),
        (0x0011_8001, 0x2),
        (0x0011_0454, 0xbe00),
        (0x0011_0455, 0x3f60),
        (0x0011_0456, 0x0040),
        (0x0011_8454, 0xbe00),
        (0x0011_8455, 0x3f60),
        (0x0011_8456, 0x0040),
    ] {
        chip.write(address, value, 0xf);
    }
    for hemisphere in Hemisphere::ALL {
        synapse(chip, hemisphere, 43, 7, 63, 12);
        synapse(chip, hemisphere, 42, 8, 63, 12);
        // Another label, and another row.
        synapse(chip, hemisphere, 43, 9, 63, 13);
        synapse(chip, hemisphere, 45, 10, 63, 12);
    }
}

#[test]
fn one_label_reaches_one_driver_and_two_rows() {
    for (label, hemisphere) in [(0x414c, Hemisphere::Top), (0x614c, Hemisphere::Bottom)] {
        let mut chip = listening_chip();
        set_up_e2(&mut chip);
        run(&mut chip, 1_000);
        chip.inject(chip.now(), SpikeLabel::from_word(label));
        run(&mut chip, 200);
        assert_eq!(reached(&chip, Line::Excitatory), [(hemisphere, 7)], "{label:#x}");
        assert_eq!(reached(&chip, Line::Inhibitory), [(hemisphere, 8)], "{label:#x}");
    }
}

#[test]
fn a_neuron_reaches_both_hemispheres_and_the_host() {
    let mut chip = listening_chip();
    let neuron = Neuron::new(Hemisphere::Bottom, 70);
    // E4: entry 198 of the west block, address 0x9c, events on.
    for (word, value) in [0xd8, 0xff, 0xbc, 0x10].into_iter().enumerate() {
        chip.write(0x001a_1318 + word as u32, value, 0xf);
    }
    for hemisphere in Hemisphere::ALL {
        let base = 0x0011_0000 + 0x8000 * hemisphere.index() as u32;
        chip.write(base + 1, 0x4, 0xf);
        // Driver 42: receiver, mask 0x1f, full label; both rows excitatory.
        for (word, value) in [0xbe00, 0x3f30 | 0x40, 0x0040].into_iter().enumerate() {
            chip.write(base + 0x400 + 4 * 42 + word as u32, value, 0xf);
        }
        synapse(&mut chip, hemisphere, 85, 200, 40, 28);
        synapse(&mut chip, hemisphere, 84, 100, 40, 27);
    }
    run(&mut chip, 1_000);
    // NeuronReset of this entry: an artificial spike.
    chip.write(0x0012_2000 + 4 * 198, 0, 0xf);
    let fired = chip.now();
    run(&mut chip, 300);
    let host = events(&mut chip);
    assert_eq!(host.iter().map(|event| event.label.word()).collect::<Vec<_>>(), [0x829c]);
    assert!(host[0].time > fired && host[0].time < fired + SimTime::from_ns(100));
    let mut reached = reached(&chip, Line::Excitatory);
    reached.extend(self::reached(&chip, Line::Inhibitory));
    assert_eq!(reached, [(Hemisphere::Top, 200), (Hemisphere::Bottom, 200)]);
    assert_eq!(chip.read(0x0012_2800 + 4 * 198).0, 1);
    assert_eq!(neuron.index(), 256 + 70);
}

#[test]
fn a_processor_injects_an_event_past_the_crossbar() {
    let mut chip = listening_chip();
    set_up_e2(&mut chip);
    chip.write(0x0011_0001, 0, 0xf);
    chip.write(0x0013_0000, 0xfff0, 0xf);
    let program = "lis r6, 0x8044\n lis r3, 0x014c\n ori r3, r3, 2\n stw r3, 0(r6)\n wait\n b .";
    crate::bench::load(&mut chip, 0, program);
    crate::bench::start(&mut chip, &[0]);
    run(&mut chip, 500);
    assert_eq!(reached(&chip, Line::Excitatory), [(Hemisphere::Top, 7)]);
    assert_eq!(reached(&chip, Line::Inhibitory), [(Hemisphere::Top, 8)]);
    assert_eq!(events(&mut chip), []);
    assert!((0..12).all(|output| chip.read(0x0013_0079 + output).0 == 0));
}

#[test]
fn the_spike_address_of_an_older_chip_does_nothing() {
    // libnux's `send_spike` still stores there (event-routing 12): lost, and the processor goes on.
    let mut chip = listening_chip();
    set_up_e2(&mut chip);
    chip.write(0x0011_0001, 0, 0xf);
    let program = "lis r6, 0x1c00\n ori r6, r6, 0x40\n li r3, 0x14c\n stw r3, 0(r6)\n lis r6, 0\n stw r3, 0x100(r6)\n wait\n b .";
    crate::bench::load(&mut chip, 0, program);
    crate::bench::start(&mut chip, &[0]);
    run(&mut chip, 2_000);
    assert_eq!(crate::bench::word(&mut chip, 0, 0x100), 0x14c);
    assert_eq!((reached(&chip, Line::Excitatory), events(&mut chip)), (vec![], vec![]));
}

#[test]
fn counters_count_every_artificial_spike_once_and_overflow_stays() {
    let mut chip = listening_chip();
    let [reset, read, clear] = [0x0012_2000, 0x0012_2800, 0x0012_2c00].map(|base| base + 4 * 9);
    let fire = |chip: &mut Chip, times: u32| {
        for _ in 0..times {
            chip.write(reset, 0, 0xf);
            run(chip, 8_000);
        }
    };
    run(&mut chip, 1_000);
    fire(&mut chip, 3);
    assert_eq!(chip.read(read).0, 3);
    fire(&mut chip, 512);
    assert_eq!(chip.read(read).0, 0x103);
    chip.write(clear, 77, 0xf);
    assert_eq!(chip.read(read).0, 0);
    fire(&mut chip, 1);
    assert_eq!(chip.read(read).0, 1);
    assert_eq!(chip.read(0x0012_2800 + 4 * 10).0, 0);
}
