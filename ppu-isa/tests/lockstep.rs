//! The fast cycle model and its reference side by side: wherever both stop they are in the same state, which is that of
//! copies made from their serialised forms, too.

mod bench;
mod common;
#[path = "common/constants.rs"]
mod constants;
#[path = "common/programs.rs"]
mod programs;
#[path = "common/words.rs"]
mod random;

use bench::Bench;
use common::Memory;
use constants::timing;
use ppu_isa::timing::{CycleModel, CycleReference};
use ppu_isa::{Bus, CacheGeometry, Config, Core, Stop, assemble};
use programs::program;
use proptest::prelude::*;
use random::words;

/// Where it stops: the cycle, whether the model is replaced by a copy there, and whether the doorbell changes.
type Stops = Vec<(u64, bool, bool)>;

fn stops(until: u64, rings: bool) -> impl Strategy<Value = Stops> {
    let stop = (1..until, any::<bool>(), (0u8..4).prop_map(move |n| rings && n == 0));
    (prop::collection::vec(stop, 1..60), 1u64..40).prop_map(move |(mut stops, apart)| {
        // Some of them in a row.
        let (first, ..) = stops[0];
        stops.extend((0..20).map(|n| (first + apart * n, false, false)));
        stops.sort_unstable();
        stops
    })
}

/// Runs both to every stop.
fn side_by_side<B: Bus + Clone + PartialEq>(
    config: Config,
    memory: &B,
    stops: &Stops,
) -> Result<(), TestCaseError> {
    let (mut plain, mut fast) = (Core::<CycleReference>::new(config), Core::<CycleModel>::new(config));
    let (mut of_plain, mut of_fast) = (memory.clone(), memory.clone());
    let mut level = false;
    for &(until, copied, rings) in stops {
        let run = |stop: Stop| matches!(stop, Stop::Wait);
        let mut ended = (Stop::Wait, Stop::Wait);
        while run(ended.0) {
            ended.0 = plain.run(&mut of_plain, until, &mut ());
        }
        while run(ended.1) {
            ended.1 = fast.run(&mut of_fast, until, &mut ());
        }
        prop_assert_eq!(ended.0, ended.1, "how they end before {}", until);
        prop_assert_eq!(plain.cycle(), fast.cycle(), "the cycle before {}", until);
        let text = serde_json::to_string(fast.timing()).expect("serialises");
        same(&serde_json::to_string(plain.timing()).expect("serialises"), &text, until)?;
        prop_assert!(plain.state() == fast.state(), "registers at {}", until);
        if copied {
            let text = serde_json::to_string(&fast).expect("serialises");
            fast = serde_json::from_str(&text).expect("deserialises");
            same(&text, &serde_json::to_string(&fast).expect("serialises"), until)?;
        }
        if rings {
            level = !level;
            plain.set_doorbell(until, level);
            fast.set_doorbell(until, level);
        }
    }
    prop_assert!(of_plain == of_fast, "memories differ");
    Ok(())
}

/// Names the first place where two texts differ.
fn same(a: &str, b: &str, at: u64) -> Result<(), TestCaseError> {
    let Some(place) = a.bytes().zip(b.bytes()).position(|(a, b)| a != b) else { return Ok(()) };
    let near = |text: &str| text[place.saturating_sub(1900)..(place + 180).min(text.len())].to_owned();
    Err(TestCaseError::fail(format!("states at {at} differ:\n{}\n{}", near(a), near(b))))
}

fn bench(text: &str, omnibus: u32) -> Bench {
    let program = assemble(text, 0).expect("a program").words();
    Bench { omnibus, ..Bench::new(&program) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn programs_leave_both_in_the_same_state(text in program(true), omnibus in 0u32..30, stops in stops(6_000, true)) {
        side_by_side(Config::default(), &bench(&text, omnibus), &stops)?;
    }

    #[test]
    fn constants_make_no_difference_between_them(text in program(true), timing in timing(), stops in stops(6_000, true)) {
        side_by_side(Config { timing, ..Config::default() }, &bench(&text, 9), &stops)?;
    }

    #[test]
    fn arbitrary_words_leave_both_in_the_same_state(
        words in words(), stops in stops(2_000, true), other in prop::option::of(timing()), reference in any::<bool>(),
        latency in 0u32..4, reluctant in 0u32..5, cache in (0u8..7, 0u8..5), shadow in (any::<bool>(), any::<bool>()),
    ) {
        let mut config = if reference { Config::nux_reference() } else { Config::default() };
        config.timing = other.unwrap_or(config.timing);
        config.cache = CacheGeometry { lines_log2: cache.0, words_log2: cache.1 };
        config.quirks.interrupt_shadow = shadow.0;
        config.quirks.alignment_shadow = shadow.0;
        config.quirks.trap_shadow_store = shadow.1;
        let reluctant = if reluctant == 1 { 2 } else { reluctant };
        side_by_side(config, &Memory { latency, reluctant, ..Memory::new(&words) }, &stops)?;
    }
}
