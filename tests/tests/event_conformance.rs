//! The conformance list of event-routing 16 through the host's door: a chip behind the FPGA, brought up by the official
//! start-up, at register addresses.

use bss2_base::SimTime;
use bss2_chip::Chip;
use bss2_chip::registers::default_chip;
use bss2_host::connection::Connection;
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::playback::{ProgramBuilder, ReadTicket, Timeline, startup_program};
use bss2_host::recording::{Results, Spikes};

/// FPGA cycles of 8 ns.
const CYCLE: SimTime = SimTime::from_ns(8);

/// After power-up and the official start-up.
fn started() -> Executor<Chip> {
    let mut executor = Executor::new(Chip::new(1), ExecutorConfig::power_up());
    executor.run(&startup_program()).unwrap().complete().unwrap();
    executor
}

fn run(executor: &mut Executor<Chip>, builder: ProgramBuilder) -> Results {
    executor.run(&builder.finish().unwrap()).unwrap().complete().unwrap()
}

/// Sends each label at its FPGA cycle, and waits for `cycles` in all.
fn send(executor: &mut Executor<Chip>, labels: impl IntoIterator<Item = (u64, u16)>, cycles: u64) -> Spikes {
    let mut timeline = Timeline::new();
    for (at, label) in labels {
        timeline.spike(SimTime::from_cycles(at, CYCLE), label);
    }
    timeline.end(SimTime::from_cycles(cycles, CYCLE));
    let mut builder = ProgramBuilder::new();
    builder.play(&timeline);
    run(executor, builder).recording.spikes
}

#[test]
fn item_1_a_label_comes_back_once_right_after_the_start_up() {
    let spikes = send(&mut started(), [(100, 0x4005)], 1_000);
    assert_eq!(spikes.label, [0x4005]);
}

#[test]
fn item_2_eight_regular_sources_send_20000_events_each_in_ten_million_cycles() {
    let mut executor = started();
    let mut builder = ProgramBuilder::new();
    for source in 0..8 {
        let base = 0x0013_0001 + 3 * source;
        // Word 1, word 2 (label = number of the source), word 0: period 1000, regular, on.
        builder.write(base + 1, 0x1234).write(base + 2, source << 16).write(base, 1000 << 16 | 1);
    }
    builder.wait(bss2_host::playback::FpgaCycles(10_000_000));
    (0..8).for_each(|source| {
        builder.write(0x0013_0001 + 3 * source, 0);
    });
    let spikes = run(&mut executor, builder).recording.spikes;
    let mut counts = [0; 8];
    for &label in &spikes.label {
        let source = usize::from(label & 0x3fff);
        assert_eq!(label, source as u16 | (source as u16 % 4) << 14);
        counts[source] += 1;
    }
    assert!(counts.iter().all(|count| (19_000..=21_000).contains(count)), "{counts:?}");
}

#[test]
fn item_3_of_a_thousand_packs_at_least_nine_tenths_come_back_and_none_is_invented() {
    for copies in 1..=3 {
        let mut executor = started();
        let mut label = 0x1d0f_u16;
        let mut sent = Vec::new();
        let mut builder = ProgramBuilder::new();
        builder.setup();
        for pack in 0..1000_u64 {
            label = label.wrapping_mul(0x6255).wrapping_add(0x3619);
            builder.wait_until(bss2_host::playback::FpgaCycles(10 * (pack + 1)));
            builder.spike_pack(&vec![label; copies]);
            sent.extend(std::iter::repeat_n(label, copies));
        }
        builder.wait(bss2_host::playback::FpgaCycles(1_000));
        let back = run(&mut executor, builder).recording.spikes.label;
        assert!(back.len() * 10 >= sent.len() * 9, "{} of {}", back.len(), sent.len());
        // What comes back is what was sent, in order.
        let mut rest = sent.iter();
        assert!(back.iter().all(|label| rest.any(|sent| sent == label)));
    }
}

#[test]
fn item_4_recording_off_discards_and_counters_count_only_when_enabled() {
    let mut executor = started();
    let counters = |executor: &mut Executor<Chip>| {
        let mut builder = ProgramBuilder::new();
        let tickets: Vec<ReadTicket> = (0..12).map(|output| builder.read(0x0013_0079 + output)).collect();
        builder.barrier_omnibus();
        let results = run(executor, builder);
        tickets.into_iter().map(|ticket| results.word(ticket).unwrap()).collect::<Vec<_>>()
    };
    let set = |executor: &mut Executor<Chip>, address: u32, value: u32| {
        let mut builder = ProgramBuilder::new();
        builder.write(address, value).barrier_omnibus();
        run(executor, builder);
    };
    assert_eq!(send(&mut executor, [(100, 0x8001)], 500).label, [0x8001]);
    assert_eq!(counters(&mut executor), [0; 12]);
    set(&mut executor, 0x0013_0000, 0xfff0);
    set(&mut executor, 0x8800_0005, 0);
    assert_eq!(send(&mut executor, [(100, 0x8001), (200, 0x8002)], 500).label, []);
    // Input 10 reaches all eight buses and link output 2, which count also what nobody records.
    let expected = [2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 2, 0];
    assert_eq!(counters(&mut executor), expected);
    set(&mut executor, 0x0013_0000, 0);
    set(&mut executor, 0x8800_0005, 1);
    assert_eq!(send(&mut executor, [(100, 0x8001)], 500).label, [0x8001]);
    assert_eq!(counters(&mut executor), expected, "reading does not clear them");
}

#[test]
fn item_5_refractory_time_255_keeps_spikes_2_04_microseconds_apart() {
    let mut executor = started();
    let mut builder = ProgramBuilder::new();
    builder.write_all(default_chip());
    // Column 9 of the west block, top: address 9, refractory time 255 of the slow clock with scale 0, events on, fire on.
    builder.write_all(
        [0xfd, 0xe0, 0x80, 0x10].into_iter().enumerate().map(|(n, word)| (0x001a_1024 + n as u32, word)),
    );
    builder.write(0x0016_0000 + 8 * 9 + 6, 0x04).barrier_omnibus();
    // Artificial fires 2.0, 2.08 us apart from those before that count.
    let mut timeline = Timeline::new();
    for ns in [10_000, 12_000, 20_000, 22_080] {
        timeline.write(SimTime::from_ns(ns), 0x0012_2024, 0);
    }
    timeline.end(SimTime::from_us(40));
    builder.play(&timeline);
    let spikes = run(&mut executor, builder).recording.spikes;
    assert_eq!(spikes.label, [9; 3]);
    let gaps: Vec<u64> = spikes.chip_time.windows(2).map(|pair| (pair[1] - pair[0]) * 8).collect();
    assert!((9_990..=10_010).contains(&gaps[0]) && (2_072..=2_088).contains(&gaps[1]), "{gaps:?}");
}

#[test]
fn a_back_end_block_without_event_registers_sends_nothing_but_counts() {
    let mut executor = started();
    let mut builder = ProgramBuilder::new();
    builder.write_all(default_chip());
    builder.write(0x001a_1024 + 3, 0x10).write(0x0016_0000 + 8 * 9 + 6, 0x04).write(0x001a_1800, 0xf004);
    builder.barrier_omnibus().write(0x0012_2024, 0).wait(bss2_host::playback::FpgaCycles(1_000));
    let count = builder.read(0x0012_2824);
    builder.barrier_omnibus();
    let results = run(&mut executor, builder);
    assert_eq!((results.word(count).unwrap(), results.recording.spikes.label), (1, vec![]));
}

#[test]
fn events_to_a_bus_that_does_not_listen_are_delivered_and_not_dropped() {
    let mut executor = started();
    let mut builder = ProgramBuilder::new();
    builder.write(0x0013_0000, 0xfff0);
    // Drop counters of all nodes of link input 0 on; no bus listens.
    (24..33).for_each(|node| {
        builder.write(0x0013_0019 + node, 0x8000_0000);
    });
    builder.setup();
    for pack in 0..100 {
        builder.wait_until(bss2_host::playback::FpgaCycles(4 * (pack + 1))).spike_pack(&[7, 7, 7]);
    }
    builder.wait(bss2_host::playback::FpgaCycles(1_000));
    let drops = builder.read(0x0013_0065 + 8);
    let delivered: Vec<ReadTicket> = (0..9).map(|output| builder.read(0x0013_0079 + output)).collect();
    builder.barrier_omnibus();
    let results = run(&mut executor, builder);
    assert_eq!(results.word(drops).unwrap(), 0);
    assert!(delivered.into_iter().all(|ticket| results.word(ticket).unwrap() == 300));
}
