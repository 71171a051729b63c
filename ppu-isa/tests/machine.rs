//! Properties of the processor that hold for any memory content.

use ppu_isa::timing::{CycleModel, CycleReference, Flat, Scoreboard, Timing};
use ppu_isa::{ByteEnables, Config, Core, Stop, Vector, assemble};
use proptest::prelude::*;

mod common;
#[path = "common/words.rs"]
mod random;
use common::Memory;
use random::words;

/// Runs to cycle `until` in pieces, whatever stops come between.
fn run_in_pieces<T: Timing>(core: &mut Core<T>, memory: &mut Memory, until: u64, piece: u64) {
    let mut limit = piece;
    loop {
        match core.run(memory, limit.min(until), &mut ()) {
            Stop::Wait => {}
            Stop::Limit | Stop::Asleep { .. } if limit >= until => return,
            Stop::Limit | Stop::Asleep { .. } => limit += piece,
            stop => panic!("unexpected {stop:?}"),
        }
    }
}

const UNTIL: u64 = 3_000;

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_memory_runs_with_every_timing_model(words in words(), latency in 0u32..400) {
        let mut memory = Memory { latency, ..Memory::new(&words) };
        run_in_pieces(&mut Core::<CycleModel>::new(Config::default()), &mut memory.clone(), UNTIL, UNTIL);
        run_in_pieces(&mut Core::<Scoreboard>::new(Config::default()), &mut memory.clone(), UNTIL, UNTIL);
        run_in_pieces(&mut Core::<Flat>::new(Config::nux_reference()), &mut memory, UNTIL, UNTIL);
    }

    #[test]
    fn the_result_does_not_depend_on_where_runs_stop(words in words(), piece in 1u64..50, reluctant in 0u32..5) {
        let mut whole = Core::<CycleModel>::new(Config::nux_reference());
        let mut memory = Memory::new(&words);
        run_in_pieces(&mut whole, &mut memory, UNTIL, UNTIL);
        let mut pieces = Core::<CycleModel>::new(Config::nux_reference());
        let reluctant = if reluctant == 1 { 2 } else { reluctant };
        let mut memory_of_pieces = Memory { reluctant, ..Memory::new(&words) };
        run_in_pieces(&mut pieces, &mut memory_of_pieces, UNTIL, piece);
        let (a, b) = (whole.state(), pieces.state());
        prop_assert_eq!((a.pc, a.gpr, a.cr, a.msr), (b.pc, b.gpr, b.cr, b.msr));
        prop_assert!(a == b);
        prop_assert_eq!(whole.cycle(), pieces.cycle());
        prop_assert_eq!(bytes(&whole), bytes(&pieces));
        prop_assert!(memory.words == memory_of_pieces.words);
    }

    #[test]
    fn a_serialised_copy_continues_identically(words in words(), at in 1u64..UNTIL) {
        let (core, copy) = continued::<CycleReference>(&words, at);
        prop_assert_eq!(bytes(&core.0), bytes(&copy.0));
        prop_assert_eq!(core.1, copy.1);
        // What is remembered is not part of the copy, but of no influence either.
        let (model, copy) = continued::<CycleModel>(&words, at);
        prop_assert_eq!(bytes(&model.0), bytes(&copy.0));
        prop_assert_eq!(bytes(&model.0), bytes(&core.0));
        prop_assert_eq!(model.1, copy.1);
    }
}

/// The serialised form.
fn bytes<T: Timing + serde::Serialize>(core: &Core<T>) -> String {
    serde_json::to_string(core).expect("serialises")
}

/// A processor and its memory.
type Continued<T> = (Core<T>, Memory);

/// A processor that runs to the end, and one that was made from its serialised form in cycle `at`.
fn continued<T: Timing + serde::Serialize + serde::de::DeserializeOwned>(
    words: &[u32],
    at: u64,
) -> (Continued<T>, Continued<T>) {
    let mut core = Core::<T>::new(Config::default());
    let mut memory = Memory::new(words);
    run_in_pieces(&mut core, &mut memory, at, at);
    let text = serde_json::to_string(&core).expect("serialises");
    let mut copy: Core<T> = serde_json::from_str(&text).expect("deserialises");
    let mut memory_of_copy = memory.clone();
    run_in_pieces(&mut core, &mut memory, UNTIL, UNTIL);
    run_in_pieces(&mut copy, &mut memory_of_copy, UNTIL, UNTIL);
    ((core, memory), (copy, memory_of_copy))
}

/// A memory with a program at 0.
fn program(text: &str) -> Memory {
    let words = assemble(text, 0).expect("a program").words();
    let mut memory = Memory::new(&[0]);
    memory.words[..words.len()].copy_from_slice(&words);
    memory
}

#[test]
fn a_step_says_what_it_did() {
    use ppu_isa::Effect;
    let mut memory = program("li r1, 0x100\n li r3, 7\n stwu r3, 4(r1)\n wait");
    let mut core = Core::<CycleModel>::new(Config::default());
    core.step(&mut memory, u64::MAX).expect("li");
    core.step(&mut memory, u64::MAX).expect("li");
    let report = core.step(&mut memory, u64::MAX).expect("stwu");
    assert_eq!((report.at, report.address, report.word), (12, 8, 0x9461_0004));
    assert_eq!(
        report.effects,
        [
            Effect::Store { address: 0x104, enables: ByteEnables::WORD, word: 7 },
            Effect::Gpr { index: 1, value: 0x104 },
        ]
    );
    assert_eq!(memory.words[0x41], 7);
}

#[test]
fn sleep_until_a_timer_costs_no_work() {
    // DEC = 0x7fff_ffff with its interrupt enabled: 8.6 s of chip time.
    let mut memory = program(
        "lis r3, 0x0400\n mttcr_is: mtspr TCR, r3\n lis r4, 0x7fff\n mtdec r4\n wait\n li r5, 1\n b .",
    );
    let mut core = Core::<CycleModel>::new(Config::default());
    let Stop::Asleep { wakes_at: Some(wakes_at) } = core.run(&mut memory, 1_000, &mut ()) else {
        panic!("should sleep");
    };
    assert!(core.is_asleep());
    assert_eq!(core.run(&mut memory, wakes_at, &mut ()), Stop::Asleep { wakes_at: Some(wakes_at) });
    assert_eq!(core.run(&mut memory, wakes_at + 50, &mut ()), Stop::Limit);
    assert_eq!(core.state().gpr[5], 1);
    assert_eq!(core.time_base(), core.cycle() + 1);
}

#[test]
fn strict_mode_stops_at_words_that_are_no_instruction() {
    let mut memory = program("nop\n .long 0");
    let mut config = Config::default();
    config.quirks.illegal_nop = false;
    let mut core = Core::<CycleModel>::new(config);
    assert_eq!(core.run(&mut memory, u64::MAX, &mut ()), Stop::Illegal { address: 4, word: 0 });
    assert_eq!(core.state().pc, 4);
}

#[test]
fn reset_keeps_vector_registers_and_nothing_else() {
    let mut memory = program("li r3, 5\n fxvsplatb v7, r3\n wait");
    let mut core = Core::<CycleModel>::new(Config::default());
    core.run(&mut memory, 1_000, &mut ());
    core.reset();
    assert_eq!((core.state().gpr[3], core.cycle(), core.is_asleep()), (0, 0, false));
    assert_eq!(core.state().vr[7], Vector([5; 128]));
}
