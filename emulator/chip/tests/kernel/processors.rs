//! Two processors and one chip: who sees what, and when (decision on two processors and one chip).

use crate::bench::{CONTROL, SRAM, STATUS, ideal_chip, load, run, run_to_sleep, start, state, word};
use bss2_base::{Hemisphere, SimTime};
use bss2_chip::external_memory::Bank;
use bss2_chip::{Chip, ChipOptions};
use ppu_isa::{ByteEnables, Observer, Stop};

/// Byte address of something on the Omnibus for a processor, as the upper half for `lis`.
const OTHER_SRAM: [&str; 2] = ["0x8e00", "0x8a00"];
const OTHER_CONTROL: [&str; 2] = ["0x8e80", "0x8a80"];
const OWN_CONTROL: [&str; 2] = ["0x8a80", "0x8e80"];

/// Waits until the own word 0x400 is not zero; then writes the time base to 0x404 and sleeps.
const LISTENER: &str = "
    again: lwz r3, 0x400(0)
           cmpwi r3, 0
           beq again
           mfspr r4, 284
           stw r4, 0x404(0)
           wait
           b .";

/// Stores to the other's word 0x400, having noted the time base at 0x404.
fn speaker(ppu: usize) -> String {
    format!(
        "li r5, 200
         mtctr r5
         warm: bdnz warm
         lis r6, {}
         li r3, 7
         mfspr r4, 284
         stw r3, 0x400(r6)
         stw r4, 0x404(0)
         wait
         b .",
        OTHER_SRAM[ppu]
    )
}

#[test]
fn a_store_to_the_other_memory_arrives_one_latency_later_in_either_direction() {
    let mut seen = Vec::new();
    for ppu in [0, 1] {
        let mut chip = ideal_chip();
        load(&mut chip, ppu, &speaker(ppu));
        load(&mut chip, 1 - ppu, LISTENER);
        start(&mut chip, &[0, 1]);
        run_to_sleep(&mut chip, &[0, 1]);
        let delay = word(&mut chip, 1 - ppu, 0x404) - word(&mut chip, ppu, 0x404);
        // 33 cycles on the way, and a round of the listening loop: load to use 7, compare, branch.
        assert!((33..33 + 24).contains(&delay), "{delay}");
        assert_eq!(word(&mut chip, 1 - ppu, 0x400), 7);
        seen.push(delay);
    }
    assert!(seen[0].abs_diff(seen[1]) <= 1, "{seen:?}");
}

#[test]
fn at_equal_times_the_top_processor_goes_first() {
    let store = |value: u32| {
        format!("lis r6, 0x804c\n ori r6, r6, 0x0064\n li r3, {value}\n stw r3, 0(r6)\n wait\n b .")
    };
    for values in [[3, 5], [5, 3]] {
        let mut chip = ideal_chip();
        for ppu in [0, 1] {
            load(&mut chip, ppu, &store(values[ppu]));
        }
        start(&mut chip, &[1, 0]);
        run_to_sleep(&mut chip, &[0, 1]);
        // Crossbar node 0: what was written last stays.
        assert_eq!(chip.read(0x0013_0019).0, values[1]);
    }
}

#[test]
fn a_processor_that_starts_the_other_one_hears_from_it() {
    for ppu in [0, 1] {
        let mut chip = ideal_chip();
        let starter = format!(
            "lis r6, {}
             li r3, 1
             mfspr r4, 284
             stw r3, 0(r6)
             stw r4, 0x408(0)
             {LISTENER}",
            OTHER_CONTROL[ppu]
        );
        load(&mut chip, ppu, &starter);
        load(&mut chip, 1 - ppu, &speaker(1 - ppu));
        start(&mut chip, &[ppu]);
        run_to_sleep(&mut chip, &[0, 1]);
        let delay = word(&mut chip, ppu, 0x404) - word(&mut chip, ppu, 0x408);
        let spoken = word(&mut chip, 1 - ppu, 0x404);
        // Start and answer are 33 cycles under way each; the other one's time base began with its start.
        assert!((spoken + 66..spoken + 66 + 30).contains(&delay), "{delay} with {spoken}");
    }
}

#[test]
fn the_other_memory_can_be_read_as_words_and_as_a_vector() {
    for ppu in [0, 1] {
        let mut chip = ideal_chip();
        let reader = format!(
            "lis r6, {}
             lwz r3, 0x400(r6)
             stw r3, 0x400(0)
             li r7, 0x480
             fxvlax v1, r6, r7
             li r8, 0x500
             fxvstax v1, 0, r8
             lis r6, {}
             lwz r9, 0(r6)
             stw r9, 0x404(0)
             lwz r9, 4(r6)
             stw r9, 0x408(0)
             wait
             b .",
            OTHER_SRAM[ppu], OTHER_CONTROL[ppu]
        );
        load(&mut chip, ppu, &reader);
        load(&mut chip, 1 - ppu, "wait\n b .");
        chip.write(SRAM[1 - ppu] + 0x100, 0xcafe, 0xf);
        (0..32).for_each(|k| chip.write(SRAM[1 - ppu] + 0x120 + k, 0x0101_0101 * k, 0xf));
        start(&mut chip, &[0, 1]);
        run_to_sleep(&mut chip, &[0, 1]);
        assert_eq!(word(&mut chip, ppu, 0x400), 0xcafe);
        for k in 0..32 {
            assert_eq!(word(&mut chip, ppu, 0x500 + 4 * k), 0x0101_0101 * k);
        }
        // It runs, and it sleeps.
        assert_eq!((word(&mut chip, ppu, 0x404), word(&mut chip, ppu, 0x408)), (1, 1));
    }
}

#[test]
fn a_processor_can_reset_and_stop_itself() {
    for ppu in [0, 1] {
        let mut chip = ideal_chip();
        let once = |value: u32| {
            format!(
                "lwz r3, 0x400(0)
                 addi r3, r3, 1
                 stw r3, 0x400(0)
                 lis r6, {}
                 li r4, {value}
                 stw r4, 0(r6)
                 lwz r5, 0(r6)
                 stw r5, 0x404(0)
                 wait
                 b .",
                OWN_CONTROL[ppu]
            )
        };
        // Held in reset by its own hand.
        load(&mut chip, ppu, &once(0));
        start(&mut chip, &[ppu]);
        run(&mut chip, 10_000);
        assert_eq!((chip.read(CONTROL[ppu]).0, word(&mut chip, ppu, 0x404)), (0, 0));
        // Clock off: the store is done once, and is not done again when the clock comes back.
        load(&mut chip, ppu, &once(5));
        start(&mut chip, &[ppu]);
        run(&mut chip, 10_000);
        assert_eq!((chip.read(CONTROL[ppu]).0, word(&mut chip, ppu, 0x404)), (5, 0));
        chip.write(CONTROL[ppu], 1, 0xf);
        run_to_sleep(&mut chip, &[ppu]);
        assert_eq!((word(&mut chip, ppu, 0x400), word(&mut chip, ppu, 0x404)), (2, 1));
    }
}

#[test]
fn a_stopped_clock_is_not_made_up_for() {
    let mut chip = ideal_chip();
    load(
        &mut chip,
        0,
        "again: lwz r3, 0x400(0)\n addi r3, r3, 1\n stw r3, 0x400(0)\n mfspr r4, 284\n stw r4, 0x404(0)\n b again",
    );
    start(&mut chip, &[0]);
    run(&mut chip, 4_000);
    chip.write(CONTROL[0], 5, 0xf);
    let [count, base] = [0x400, 0x404].map(|byte| word(&mut chip, 0, byte));
    run(&mut chip, 1_000_000);
    assert_eq!([0x400, 0x404].map(|byte| word(&mut chip, 0, byte)), [count, base]);
    chip.write(CONTROL[0], 1, 0xf);
    run(&mut chip, 4_000);
    let [later, later_base] = [0x400, 0x404].map(|byte| word(&mut chip, 0, byte));
    assert!(later.abs_diff(2 * count) <= 10, "{count}, then {later}");
    assert!((later_base - base).abs_diff(1000) <= 30, "{base}, then {later_base}");
}

#[test]
fn both_processors_run_code_from_the_fpga_memory() {
    // Word 0 of SRAM jumps there; both share the code and take turns at the memory.
    let code = ppu_isa::assemble(
        "li r3, 30\n mtctr r3\n again: addi r5, r5, 3\n bdnz again\n stw r5, 0x400(0)\n wait\n b .",
        0x8000_0000,
    )
    .expect("the program is sound");
    let mut chip = ideal_chip();
    for (word, value) in (0..).zip(code.words()) {
        chip.external_memory_mut().write(Bank::Sram, word, value, ByteEnables::WORD);
    }
    for ppu in [0, 1] {
        load(&mut chip, ppu, "lis r3, 0x8000\n mtctr r3\n bctr");
    }
    start(&mut chip, &[0, 1]);
    run_to_sleep(&mut chip, &[0, 1]);
    assert_eq!([word(&mut chip, 0, 0x400), word(&mut chip, 1, 0x400)], [90, 90]);
}

#[test]
fn code_in_fpga_memory_needs_the_cache_controller_only_if_the_option_says_so() {
    for (needs, control, runs) in [(false, 1, true), (true, 1, false), (true, 1 | 1 << 3, true)] {
        let mut options = ChipOptions { fetch_needs_cache_controller: needs, ..ChipOptions::default() };
        options.ppu.quirks.illegal_nop = false;
        let mut chip = Chip::with_options(options);
        let code = ppu_isa::assemble("li r5, 7\n stw r5, 0x400(0)\n wait\n b .", 0x8000_0000).unwrap();
        for (word, value) in (0..).zip(code.words()) {
            chip.external_memory_mut().write(Bank::Sram, word, value, ByteEnables::WORD);
        }
        load(&mut chip, 0, "lis r3, 0x8000\n mtctr r3\n bctr");
        chip.write(CONTROL[0], control, 0xf);
        run(&mut chip, 100_000);
        assert_eq!(word(&mut chip, 0, 0x400) == 7, runs, "needed: {needs}, control {control:#x}");
    }
}

#[test]
fn an_illegal_word_stops_a_strict_processor_until_its_reset() {
    let mut options = ChipOptions::default();
    options.ppu.quirks.illegal_nop = false;
    let mut chip = Chip::with_options(options);
    load(&mut chip, 1, "li r3, 1\n stw r3, 0x400(0)\n .long 0\n stw r3, 0x404(0)\n wait\n b .");
    start(&mut chip, &[1]);
    run(&mut chip, 100_000);
    assert_eq!([word(&mut chip, 1, 0x400), word(&mut chip, 1, 0x404), chip.read(STATUS[1]).0], [1, 0, 0]);
    chip.write(CONTROL[1], 0, 0xf);
    load(&mut chip, 1, "li r3, 2\n stw r3, 0x404(0)\n wait\n b .");
    start(&mut chip, &[1]);
    run_to_sleep(&mut chip, &[1]);
    assert_eq!(word(&mut chip, 1, 0x404), 2);
}

/// Breaks once at an address.
struct BreakAt(Option<u32>);

impl Observer for BreakAt {
    fn breaks_at(&mut self, address: u32) -> bool {
        self.0.take_if(|at| *at == address).is_some()
    }
}

#[test]
fn a_breakpoint_gives_the_chip_back_and_leaves_no_trace() {
    let set_up = || {
        let mut chip = ideal_chip();
        load(&mut chip, 1, "li r3, 1\n stw r3, 0x400(0)\n li r3, 2\n stw r3, 0x400(0)\n wait\n b .");
        load(&mut chip, 0, "again: mfspr r4, 284\n stw r4, 0x404(0)\n b again");
        start(&mut chip, &[0, 1]);
        chip
    };
    let (mut chip, until) = (set_up(), SimTime::from_us(5));
    let mut breaks = BreakAt(Some(8));
    let stop = chip.advance_observed(until, &mut (), &mut breaks);
    let halt = stop.expect("somebody has set a breakpoint");
    assert_eq!((halt.hemisphere, halt.stop), (Hemisphere::Bottom, Stop::Breakpoint { address: 8 }));
    assert!(chip.now() < until);
    assert_eq!(word(&mut chip, 1, 0x400), 1);
    assert_eq!(chip.advance_observed(until, &mut (), &mut breaks), None);
    let mut free = set_up();
    free.advance(until);
    assert!(state(&chip) == state(&free));
}

#[test]
fn an_interrupt_during_a_long_wait_comes_in_its_place_beside_the_other_processor() {
    for decrementer in [500, 580, 660, 740] {
        // Top waits for slow loads all the time. Its handler writes a crossbar node, which bottom looks at.
        let top = format!(
            "b main
             .org 0x30
             b handler
             main: lis r3, 0x0400
             mtspr TCR, r3
             li r3, {decrementer}
             mtspr DEC, r3
             lis r6, 0x4000
             lis r8, 0x804c
             li r9, 9
             li r7, 0x8000@l
             mtmsr r7
             again: lwz r4, 0(r6)
             add r5, r5, r4
             b again
             handler: mfspr r10, 284
             stw r9, 0x64(r8)
             stw r10, 0x404(0)
             li r11, 0
             mtspr TCR, r11
             wait
             b ."
        );
        let bottom = "
            lis r8, 0x804c
            again: lwz r4, 0x64(r8)
            cmpwi r4, 9
            bne again
            mfspr r10, 284
            stw r10, 0x404(0)
            wait
            b .";
        let mut chip = ideal_chip();
        load(&mut chip, 0, &top);
        load(&mut chip, 1, bottom);
        start(&mut chip, &[0, 1]);
        run_to_sleep(&mut chip, &[0, 1]);
        let [written, seen] = [0, 1].map(|ppu| word(&mut chip, ppu, 0x404));
        assert!(written > decrementer && written < decrementer + 400, "{written} with {decrementer}");
        // An Omnibus load takes about 40 cycles to its use, and two of them are at least one apart.
        assert!((10..120).contains(&seen.wrapping_sub(written)), "written at {written}, seen at {seen}");
    }
}
