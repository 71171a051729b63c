//! The registers of the phase-locked loops set the clocks (register-map 5.2).

use crate::bench::{CONTROL, STATUS, ideal_chip, load, start, word, write};
use bss2_base::SimTime;
use bss2_chip::registers::clocks::{ADPLL, PLLClockOutputBlock, PLLSelfTest, PLLSelfTestStatus};
use bss2_chip::registers::spl1::BackgroundSpikeSource;
use bss2_chip::registers::{Block, Register};
use bss2_chip::{Chip, LinkEvent};

/// The loop of the processors with its second output divided by `m1` instead of 2.
fn divided_by(m1: u8) -> ADPLL {
    ADPLL { core_div_m1: m1, ..ADPLL::default() }
}

fn address(block: Block, word: u8) -> u32 {
    Register { block, instance: 0, word }.address().unwrap()
}

/// Counts down from 10000, two cycles or so each, and sleeps.
const BUSY: &str = "
    li r3, 10000
    mtctr r3
    again: bdnz again
    mfspr r4, 284
    stw r4, 0x404(0)
    wait
    b .";

/// How long the bottom processor is busy.
fn busy_time(chip: &mut Chip) -> SimTime {
    load(chip, 1, BUSY);
    chip.write(CONTROL[1], 0, 0xf);
    start(chip, &[1]);
    let begin = chip.now();
    while chip.read(STATUS[1]).0 == 0 {
        chip.advance(chip.now() + SimTime::from_ns(20));
    }
    chip.now() - begin
}

#[test]
fn processors_run_at_the_speed_of_their_clock_and_count_the_same_cycles() {
    let nominal = busy_time(&mut ideal_chip());
    let cycles = |chip: &mut Chip| word(chip, 1, 0x404);
    for (m1, factor) in [(1, 0.5), (4, 2.0), (10, 5.0)] {
        let mut chip = ideal_chip();
        write(&mut chip, 1, &divided_by(m1));
        assert_eq!(chip.clocks().ppu, Some(SimTime::from_ps(2_000 * u64::from(m1))));
        let time = busy_time(&mut chip);
        let ratio = time.as_secs_f64() / nominal.as_secs_f64();
        assert!((ratio / factor - 1.0).abs() < 2e-3, "divided by {m1}: {ratio}");
        let mut reference = ideal_chip();
        busy_time(&mut reference);
        assert_eq!(cycles(&mut chip), cycles(&mut reference));
    }
}

#[test]
fn a_processor_without_clock_stands_still_and_goes_on() {
    let mut chip = ideal_chip();
    load(&mut chip, 1, BUSY);
    start(&mut chip, &[1]);
    chip.advance(SimTime::from_us(20));
    let outputs = PLLClockOutputBlock::default();
    write(&mut chip, 0, &PLLClockOutputBlock { enable_output_2: false, ..outputs });
    assert_eq!(chip.clocks().ppu, None);
    chip.advance(SimTime::from_ms(1));
    assert_eq!(chip.read(STATUS[1]).0, 0);
    assert!(chip.stands_still());
    write(&mut chip, 0, &outputs);
    chip.advance(SimTime::from_ms(2));
    assert_eq!(chip.read(STATUS[1]).0, 1);
    let mut undisturbed = ideal_chip();
    busy_time(&mut undisturbed);
    assert_eq!(word(&mut chip, 1, 0x404), word(&mut undisturbed, 1, 0x404));
}

/// Events of a regular source within 100 us.
fn events(chip: &mut Chip) -> Vec<LinkEvent> {
    let source = BackgroundSpikeSource { enable: true, period: 499, neuron_label: 3, ..Default::default() };
    for word in [1, 2, 0] {
        chip.write(address(Block::BackgroundSpikeSource, word), source.to_words()[usize::from(word)], 0xf);
    }
    chip.advance(chip.now() + SimTime::from_us(100));
    let mut events = Vec::new();
    chip.take_events(&mut events);
    events
}

#[test]
fn event_sources_follow_the_clock_of_the_fabric() {
    let nominal = events(&mut ideal_chip());
    let interval = |events: &[LinkEvent]| events[1].time - events[0].time;
    let copies = nominal.iter().filter(|event| event.time == nominal[0].time).count();
    let first = |events: &[LinkEvent]| -> Vec<LinkEvent> { events.iter().step_by(copies).copied().collect() };
    let nominal = first(&nominal);
    assert_eq!(interval(&nominal), SimTime::from_us(2));
    let mut chip = ideal_chip();
    // Output 1 from the divided core_1 of the same loop: 125 MHz at the fabric.
    let outputs = PLLClockOutputBlock { select_output_adpll_1: 1, ..PLLClockOutputBlock::default() };
    write(&mut chip, 0, &outputs);
    assert_eq!(chip.clocks().fabric, Some(SimTime::from_ns(8)));
    let slow = first(&events(&mut chip));
    assert_eq!(interval(&slow), SimTime::from_us(4));
    assert!((nominal.len() / 2).abs_diff(slow.len()) <= 1);
}

/// Slows the clock of the processors (loop 1) to 62.5 MHz over the Omnibus, counts, and makes it fast again.
fn clock_changer() -> String {
    let words = |m1| divided_by(m1).to_words()[0];
    let store = |value: u32| {
        format!(
            "lis r6, 0x8020\n ori r6, r6, 8\n lis r5, {}\n ori r5, r5, {}\n stw r5, 0(r6)\n",
            (value >> 16) as i16,
            value & 0xffff
        )
    };
    format!(
        "{} li r3, 500\n mtctr r3\n slow: bdnz slow\n {} li r3, 500\n mtctr r3\n fast: bdnz fast\n
         mfspr r4, 284\n stw r4, 0x404(0)\n wait\n b .",
        store(words(8)),
        store(words(1))
    )
}

#[test]
fn a_processor_may_change_its_own_clock_wherever_time_is_cut() {
    let play = |step: SimTime| {
        let mut chip = ideal_chip();
        load(&mut chip, 0, &clock_changer());
        load(&mut chip, 1, BUSY);
        start(&mut chip, &[0, 1]);
        let end = SimTime::from_us(200);
        while chip.now() < end {
            let next = chip.now() + step;
            chip.advance(next.min(end));
        }
        assert_eq!([0, 1].map(|ppu| chip.read(STATUS[ppu]).0), [1, 1]);
        assert_eq!(chip.clocks().ppu, Some(SimTime::from_ns(2)));
        serde_json::to_string(&chip).unwrap()
    };
    let whole = play(SimTime::from_us(200));
    for step in [3_001, 4_000, 17_777, 1_000_003] {
        assert!(play(SimTime::from_ps(step)) == whole, "cut every {step} ps");
    }
}

#[test]
fn the_self_test_counts_the_clock_that_is_set() {
    let mut chip = ideal_chip();
    let status = address(Block::PLLSelfTestStatus, 0);
    let read = |chip: &mut Chip| {
        let word = chip.read(status).0;
        PLLSelfTestStatus::from_words(&[word])
    };
    // Processor clock, 250 MHz: five times the reference; 2^(3 + 2) periods of 20 ns.
    let test = PLLSelfTest {
        clock_enable: true,
        pre_scaler_p: 3,
        select_source: 2,
        check_range: 1,
        check_value: 160,
    };
    write(&mut chip, 0, &test);
    assert!(!read(&mut chip).finished);
    chip.advance(SimTime::from_ns(640));
    let result = read(&mut chip);
    assert_eq!((result.counter_value, result.finished, result.success), (160, true, true));
    // Another clock, no new edge: the old result. Then a new test, which fails.
    write(&mut chip, 1, &divided_by(4));
    assert!(read(&mut chip).success);
    write(&mut chip, 0, &PLLSelfTest { clock_enable: false, ..test });
    write(&mut chip, 0, &test);
    chip.advance(SimTime::from_us(2));
    let result = read(&mut chip);
    assert_eq!((result.counter_value, result.success), (80, false));
}
