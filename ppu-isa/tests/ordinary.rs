//! The loops that execute what is ordinary against the reference, which goes slot by slot.

use ppu_isa::timing::{CycleModel, Flat, Scoreboard, Slot, Timing};
use ppu_isa::{CacheGeometry, Config, Core, Effect, INSTRUCTIONS, Observer, Stop, WatchHit};
use proptest::prelude::*;
use serde::Serialize;

#[path = "common/asked.rs"]
mod asked;
mod common;
#[path = "common/words.rs"]
mod random;
use asked::Asked;
use common::Memory;
use random::words;

/// Writes down everything, breaks at some addresses, and watches stores to some words.
#[derive(Debug, Default, PartialEq)]
struct Log {
    slots: Vec<(u64, u32, u32, u8)>,
    effects: Vec<(u64, Effect)>,
    asked: Vec<u32>,
    breakpoint: Option<u32>,
    /// The breakpoint where execution goes on now.
    passed: bool,
    watched: Option<u32>,
    hit: Option<WatchHit>,
}

impl Observer for Log {
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        self.slots.push((at, slot.address, slot.instruction.word(), slot.step));
    }
    fn effect(&mut self, at: u64, effect: Effect) {
        if let Effect::Store { address, .. } = effect
            && Some(address >> 2 & 7) == self.watched
        {
            self.hit = Some(WatchHit { address, write: true });
        }
        self.effects.push((at, effect));
    }
    fn breaks_at(&mut self, address: u32) -> bool {
        self.asked.push(address);
        let breaks = !self.passed && Some(address) == self.breakpoint;
        self.passed = false;
        breaks
    }
    fn watch_hit(&mut self) -> Option<WatchHit> {
        self.hit.take()
    }
}

/// What happens from outside, and what is watched.
#[derive(Clone, Debug)]
struct Surroundings {
    config: Config,
    memory: Memory,
    piece: u64,
    doorbells: Vec<u64>,
    breakpoint: Option<u32>,
    watched: Option<u32>,
}

/// What one execution shows: all stops, the log, the final state of the core as a snapshot, and the memory.
type Shown = (Vec<(u64, Stop)>, Log, String, Memory);

const UNTIL: u64 = 1_500;

fn execute<T: Timing + Serialize>(surroundings: &Surroundings) -> Shown {
    let mut memory = surroundings.memory.clone();
    let mut core = Core::<T>::new(surroundings.config);
    let mut log =
        Log { breakpoint: surroundings.breakpoint, watched: surroundings.watched, ..Log::default() };
    let mut stops = Vec::new();
    let mut limit = surroundings.piece;
    loop {
        let stop = core.run(&mut memory, limit, &mut log);
        stops.push((core.cycle(), stop));
        match stop {
            Stop::Breakpoint { .. } => log.passed = true,
            Stop::Limit | Stop::Asleep { .. } => {
                if limit >= UNTIL {
                    break;
                }
                let level = surroundings.doorbells.contains(&(limit % 97));
                core.set_doorbell(limit, level);
                limit += surroundings.piece;
            }
            Stop::Illegal { .. } => break,
            Stop::Wait | Stop::Watchpoint(_) => {}
        }
    }
    (stops, log, serde_json::to_string(&core).expect("serialises"), memory)
}

/// The same, one instruction at a time.
fn execute_in_steps<T: Timing + Serialize>(surroundings: &Surroundings) -> Shown {
    let mut memory = surroundings.memory.clone();
    let mut core = Core::<T>::new(surroundings.config);
    let mut stops = Vec::new();
    let mut limit = surroundings.piece;
    loop {
        match core.step(&mut memory, limit) {
            Ok(_) => {}
            Err(stop @ (Stop::Limit | Stop::Asleep { .. })) => {
                stops.push((core.cycle(), stop));
                if limit >= UNTIL {
                    break;
                }
                let level = surroundings.doorbells.contains(&(limit % 97));
                core.set_doorbell(limit, level);
                limit += surroundings.piece;
            }
            Err(stop) => {
                stops.push((core.cycle(), stop));
                if stop != Stop::Wait {
                    break;
                }
            }
        }
    }
    (stops, Log::default(), serde_json::to_string(&core).expect("serialises"), memory)
}

/// Whether running and stepping show the same: every stop, the snapshot with all that timing depends on, the memory.
fn same_in_steps<T: Timing + Serialize>(surroundings: &Surroundings) -> Result<(), TestCaseError> {
    let surroundings = Surroundings { breakpoint: None, watched: None, ..surroundings.clone() };
    let run = execute::<T>(&surroundings);
    let steps = execute_in_steps::<T>(&surroundings);
    prop_assert_eq!(&run.0, &steps.0);
    let place = run.2.bytes().zip(steps.2.bytes()).position(|(a, b)| a != b).unwrap_or(0);
    let near = |text: &str| text[place.saturating_sub(200)..(place + 60).min(text.len())].to_owned();
    prop_assert!(run.2 == steps.2, "states differ:\n{}\n{}", near(&run.2), near(&steps.2));
    prop_assert!(run.3 == steps.3, "memories differ");
    Ok(())
}

fn surroundings() -> impl Strategy<Value = Surroundings> {
    let doorbells = prop::collection::vec(0u64..97, 0..40);
    let memory = (words(), 0u32..4, 0u32..5);
    let watching = (prop::option::of((0u32..40).prop_map(|n| 4 * n)), prop::option::of(0u32..8));
    let config = (any::<bool>(), any::<bool>(), 0u8..7, 0u8..5, any::<bool>());
    (memory, 1u64..200, doorbells, watching, config).prop_map(
        |((words, latency, reluctant), piece, doorbells, (breakpoint, watched), config)| {
            let (reference, illegal_nop, lines_log2, words_log2, shadow) = config;
            let mut config = if reference { Config::nux_reference() } else { Config::default() };
            config.quirks.illegal_nop = illegal_nop;
            config.quirks.interrupt_shadow = shadow;
            config.quirks.alignment_shadow = shadow;
            config.cache = CacheGeometry { lines_log2, words_log2 };
            let reluctant = if reluctant == 1 { 2 } else { reluctant };
            let memory = Memory { latency, reluctant, ..Memory::new(&words) };
            Surroundings { config, memory, piece, doorbells, breakpoint, watched }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn counting_and_asking_give_the_same_execution(surroundings in surroundings()) {
        let (counted, asked) = (execute::<Flat>(&surroundings), execute::<Asked>(&surroundings));
        let place = |a: &[(u64, Stop)], b: &[(u64, Stop)]| a.iter().zip(b).find(|(a, b)| a != b).map(|(a, b)| (*a, *b));
        prop_assert!(counted.0 == asked.0, "stops: {:?}", place(&counted.0, &asked.0));
        prop_assert!(counted.1.asked == asked.1.asked, "addresses of breakpoints differ");
        let slots = counted.1.slots.iter().zip(&asked.1.slots).find(|(a, b)| a != b);
        prop_assert!(counted.1.slots == asked.1.slots, "slots: {slots:?}");
        let effects = counted.1.effects.iter().zip(&asked.1.effects).find(|(a, b)| a != b);
        prop_assert!(counted.1 == asked.1, "effects: {effects:?}");
        prop_assert_eq!(&counted.2[counted.2.find("timing").unwrap_or(0)..], &asked.2[asked.2.find("timing").unwrap_or(0)..]);
        prop_assert!(counted.2 == asked.2, "states differ");
        prop_assert!(counted.3 == asked.3, "memories differ");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn running_and_stepping_give_the_same_execution(surroundings in surroundings()) {
        same_in_steps::<Flat>(&surroundings)?;
        same_in_steps::<Scoreboard>(&surroundings)?;
        same_in_steps::<CycleModel>(&surroundings)?;
    }
}

#[test]
fn every_instruction_of_the_table_has_a_handler() {
    for info in &INSTRUCTIONS {
        // Nothing answers eciwx and ecowx, which report themselves as unknown.
        if matches!(info.mnemonic, "eciwx" | "ecowx") {
            continue;
        }
        let mut log = Log::default();
        let mut memory = Memory::new(&[info.matching, ppu_isa::instruction::NOP]);
        Core::<Flat>::new(Config::default()).run(&mut memory, 2, &mut log);
        let unknown =
            log.effects.iter().any(|(_, effect)| matches!(effect, Effect::UnknownInstruction { .. }));
        assert!(!unknown, "{} is executed as an unknown word", info.mnemonic);
    }
}
