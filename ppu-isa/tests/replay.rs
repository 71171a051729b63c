//! The fast cycle model against the one that does nothing but follow the specification: random programs, cycle for cycle
//! and, where the cause of every cycle is asked for, cause for cause.

mod bench;
#[path = "common/constants.rs"]
mod constants;
#[path = "common/programs.rs"]
mod programs;

use bench::Bench;
use constants::timing;
use ppu_isa::timing::{Account, CycleModel, CycleReference, Slot, Timing};
use ppu_isa::{Config, Core, Counters, Observer, Stop, assemble};
use programs::program;
use proptest::prelude::*;

/// Every issue slot with its cycle and what the model says about it.
#[derive(Default, PartialEq)]
struct Trace(Vec<(u64, u32, Account)>);

impl Observer for Trace {
    fn wants_account(&self) -> bool {
        true
    }
    fn account(&mut self, at: u64, slot: Slot<'_>, account: &Account) {
        self.0.push((at, slot.address, *account));
    }
}

/// Every issue slot with its cycle, from a model that is not asked for more.
#[derive(Default, PartialEq)]
struct Issues(Vec<(u64, u32)>);

impl Observer for Issues {
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        self.0.push((at, slot.address));
    }
}

/// Ends after this many cycles, whatever the program does.
const UNTIL: u64 = 60_000;

fn trace<T: Timing, O: Observer + Default>(
    config: Config,
    bench: &Bench,
    slice: u64,
    doorbells: &[u64],
) -> (O, u64, String) {
    let mut core = Core::<T>::new(config);
    let mut bench = bench.clone();
    let mut trace = O::default();
    let mut until = 0;
    let mut bells = doorbells.iter().copied().peekable();
    while until < UNTIL {
        until = (until + slice).min(UNTIL);
        if let Some(&bell) = bells.peek() {
            until = until.min(bell);
        }
        core.run(&mut bench, until, &mut trace);
        if bells.next_if_eq(&until).is_some() {
            core.set_doorbell(until, true);
            core.run(&mut bench, until + 2, &mut trace);
            core.set_doorbell(until + 2, false);
            until += 2;
        }
    }
    let state = format!("{:?}{:?}", core.state(), bench.words);
    (trace, core.cycle(), state)
}

/// Both models on the same program.
fn compare(text: &str, config: Config, omnibus: u32, slice: u64, doorbells: &[u64]) {
    let program = assemble(text, 0).unwrap_or_else(|error| panic!("{error}\n{text}")).words();
    let mut bench = Bench::new(&program);
    bench.omnibus = omnibus;
    let reference = trace::<CycleReference, Trace>(config, &bench, UNTIL, doorbells);
    let quiet = trace::<CycleModel, Issues>(config, &bench, slice, doorbells);
    for (n, (a, b)) in reference.0.0.iter().zip(&quiet.0.0).enumerate() {
        assert_eq!((a.0, a.1), *b, "slot {n}: reference {:#x}, model {:#x}, in\n{text}", a.1, b.1);
    }
    assert_eq!(reference.0.0.len(), quiet.0.0.len(), "{text}");
    assert!(reference.1 == quiet.1 && reference.2 == quiet.2, "final states differ:\n{text}");
    let model = trace::<CycleModel, Trace>(config, &bench, slice, doorbells);
    for (n, (a, b)) in reference.0.0.iter().zip(&model.0.0).enumerate() {
        let told = |slot: &(u64, u32, Account)| {
            let stalls: Vec<_> = slot.2.stalls.iter().collect();
            format!("{:#x} at {} {stalls:?} {:?} {}", slot.1, slot.0, slot.2.predicted_right, slot.2.fills)
        };
        assert!(a == b, "slot {n}: reference {}, model {}, in\n{text}", told(a), told(b));
    }
    assert_eq!(reference.0.0.len(), model.0.0.len(), "{text}");
    assert_eq!(reference.1, model.1, "{text}");
    assert!(reference.2 == model.2, "final states differ:\n{text}");
    let times: Vec<_> = reference.0.0.iter().map(|slot| slot.0).collect();
    if let Some(n) = (1..times.len()).find(|&n| times[n] <= times[n - 1]) {
        let near: Vec<_> = reference.0.0[n - 1..=n].iter().map(|slot| (slot.0, slot.1)).collect();
        panic!("issue cycles do not increase: {near:x?}, doorbells {doorbells:?}\n{text}");
    }
    let mut next = 0;
    for (at, address, account) in &reference.0.0 {
        assert_eq!(
            account.stalls.cycles() + next,
            *at,
            "stalls of {address:#x} at {at} {account:?}, doorbells {doorbells:?} in\n{text}"
        );
        next = at + 1;
    }
}

/// The serialised forms of a processor and its memory after a run that stops at random cycles, where it may be replaced
/// by a copy; doorbells ring in fixed ones.
fn pieces<T: Timing + serde::Serialize + serde::de::DeserializeOwned>(
    bench: &Bench,
    stops: &[(u64, bool)],
    doorbells: &[u64],
) -> Vec<String> {
    let mut core = Core::<T>::new(Config::default());
    let mut bench = bench.clone();
    let fixed = doorbells.iter().flat_map(|&bell| [bell, bell + 2]).chain([UNTIL / 2, UNTIL]);
    let others = stops.iter().copied().filter(|stop| stop.0 != UNTIL / 2);
    let mut limits: Vec<_> = others.chain(fixed.map(|cycle| (cycle, false))).collect();
    limits.sort_unstable();
    let mut seen = Vec::new();
    for (until, copied) in limits {
        core.run(&mut bench, until, &mut ());
        if copied || until == UNTIL / 2 || until == UNTIL {
            let text = serde_json::to_string(&core).expect("serialises");
            if copied {
                core = serde_json::from_str(&text).expect("deserialises");
                assert_eq!(text, serde_json::to_string(&core).expect("serialises"), "a copy of a copy");
            } else {
                seen.push(text + &format!("{:?}", bench.words));
            }
        }
        if doorbells.contains(&until) {
            core.set_doorbell(until, true);
        } else if doorbells.contains(&until.wrapping_sub(2)) {
            core.set_doorbell(until, false);
        }
    }
    seen
}

/// Names the first place where two texts differ.
fn same(a: &[String], b: &[String], what: &str, program: &str) {
    for (a, b) in a.iter().zip(b) {
        if let Some(at) = a.bytes().zip(b.bytes()).position(|(a, b)| a != b) {
            let near = |text: &str| text[at.saturating_sub(300)..(at + 60).min(text.len())].to_owned();
            panic!("{what} differ:\n{}\n{}\nin\n{program}", near(a), near(b));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn remembering_changes_no_cycle(text in program(false), omnibus in 0u32..30, slice in 50u64..5000) {
        compare(&text, Config::default(), omnibus, slice, &[]);
        compare(&text, Config::nux_reference(), omnibus, UNTIL, &[]);
    }

    #[test]
    fn other_constants_do_not_matter(text in program(false), timing in timing()) {
        compare(&text, Config { timing, ..Config::default() }, 9, UNTIL, &[]);
    }

    #[test]
    fn remembering_changes_no_interrupt(
        text in program(true), mut bells in prop::collection::vec(100u64..UNTIL - 100, 0..40),
    ) {
        bells.sort_unstable();
        bells.dedup_by(|b, a| *b < *a + 8);
        compare(&text, Config::default(), 9, UNTIL, &bells);
    }

    #[test]
    fn stops_and_copies_leave_no_trace_in_the_serialised_form(
        text in program(true), omnibus in 0u32..30,
        stops in prop::collection::vec((1u64..UNTIL, any::<bool>()), 0..60),
        mut bells in prop::collection::vec(100u64..UNTIL - 100, 0..20),
    ) {
        bells.sort_unstable();
        bells.dedup_by(|b, a| *b < *a + 8);
        let program = assemble(&text, 0).expect("a program").words();
        let bench = Bench { omnibus, ..Bench::new(&program) };
        let whole = pieces::<CycleReference>(&bench, &[], &bells);
        same(&whole, &pieces::<CycleReference>(&bench, &stops, &bells), "reference in pieces", &text);
        same(&whole, &pieces::<CycleModel>(&bench, &[], &bells), "model", &text);
        same(&whole, &pieces::<CycleModel>(&bench, &stops, &bells), "model in pieces", &text);
    }
}

#[test]
fn counters_do_not_depend_on_remembering() {
    let text = "li r9, 300\nmtctr r9\nli r10, 0x2000\nloop:\nlwz r3, 0(r10)\nadd r4, r3, r3\nmullw r5, r4, r4\n\
                fxvmahm v1, v1, v2\nandi. r7, r9, 5\nbne skip\nstw r5, 4(r10)\nskip:\naddi r9, r9, -1\nbdnz loop\nsync\nwait\n";
    let program = assemble(text, 0).expect("a program").words();
    let mut counters = [Counters::new(0x4000), Counters::new(0x4000)];
    let stop = Core::<CycleReference>::new(Config::default()).run(
        &mut Bench::new(&program),
        UNTIL,
        &mut counters[0],
    );
    assert!(matches!(stop, Stop::Asleep { .. }), "{stop:?}");
    Core::<CycleModel>::new(Config::default()).run(&mut Bench::new(&program), UNTIL, &mut counters[1]);
    assert!(counters[0].predictor.mispredicted > 100);
    assert_eq!(counters[0], counters[1]);
}
