//! The cycle model that remembers against the one that does not: random programs, cycle for cycle and cause for cause.

mod bench;

use bench::Bench;
use ppu_isa::timing::{Account, CycleModel, CycleReference, Slot, Timing};
use ppu_isa::{Config, Core, Counters, Observer, Stop, assemble};
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

/// Ends after this many cycles, whatever the program does.
const UNTIL: u64 = 60_000;

fn trace<T: Timing>(config: Config, bench: &Bench, slice: u64, doorbells: &[u64]) -> (Trace, u64, String) {
    let mut core = Core::<T>::new(config);
    let mut bench = bench.clone();
    let mut trace = Trace::default();
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
    let reference = trace::<CycleReference>(config, &bench, UNTIL, doorbells);
    let model = trace::<CycleModel>(config, &bench, slice, doorbells);
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

/// A random instruction that keeps r8..r15 (pointers and counters).
fn instruction() -> impl Strategy<Value = String> {
    let r = 0u8..8;
    let v = 0u8..6;
    let slot = (0u32..16).prop_map(|n| 4 * n);
    prop_oneof![
        6 => (r.clone(), r.clone(), r.clone()).prop_map(|(t, a, b)| format!("add r{t}, r{a}, r{b}")),
        2 => (r.clone(), r.clone(), r.clone()).prop_map(|(t, a, b)| format!("mullw r{t}, r{a}, r{b}")),
        1 => (r.clone(), r.clone(), r.clone()).prop_map(|(t, a, b)| format!("mullw. r{t}, r{a}, r{b}")),
        1 => (r.clone(), r.clone(), r.clone()).prop_map(|(t, a, b)| format!("divwu r{t}, r{a}, r{b}")),
        1 => (r.clone(), r.clone()).prop_map(|(t, a)| format!("addic r{t}, r{a}, 3")),
        1 => (r.clone(), r.clone()).prop_map(|(t, a)| format!("srawi r{t}, r{a}, 1")),
        1 => (r.clone(), r.clone()).prop_map(|(t, a)| format!("xor. r{t}, r{a}, r{t}")),
        1 => (0u8..8, r.clone()).prop_map(|(f, a)| format!("cmpwi cr{f}, r{a}, 7")),
        1 => (0u8..32, 0u8..32, 0u8..32).prop_map(|(t, a, b)| format!("crxor {t}, {a}, {b}")),
        1 => r.clone().prop_map(|t| format!("mfcr r{t}")),
        1 => r.clone().prop_map(|t| format!("mtspr 256, r{t}")),
        1 => r.clone().prop_map(|t| format!("mfspr r{t}, 284")),
        4 => (r.clone(), slot.clone()).prop_map(|(t, d)| format!("lwz r{t}, {d}(r10)")),
        3 => (r.clone(), slot.clone()).prop_map(|(t, d)| format!("stw r{t}, {d}(r10)")),
        1 => (r.clone(), slot.clone()).prop_map(|(t, d)| format!("lwz r{t}, {d}(r11)")),
        1 => (r.clone(), slot.clone()).prop_map(|(t, d)| format!("stw r{t}, {d}(r11)")),
        1 => r.clone().prop_map(|t| format!("lwzu r{t}, 0(r10)")),
        1 => r.clone().prop_map(|t| format!("stwu r{t}, 0(r10)")),
        1 => Just("stmw r24, 64(r10)".to_owned()),
        1 => Just("lmw r24, 64(r10)".to_owned()),
        1 => Just("nop".to_owned()),
        1 => Just("sync".to_owned()),
        1 => Just("mtmsr r14".to_owned()),
        1 => Just("twi 0, r0, 0".to_owned()),
        2 => (v.clone(), v.clone(), v.clone(), 0u8..4)
            .prop_map(|(t, a, b, c)| format!("fxvmahm v{t}, v{a}, v{b}, {c}")),
        2 => (v.clone(), v.clone(), v.clone()).prop_map(|(t, a, b)| format!("fxvaddbfs v{t}, v{a}, v{b}")),
        1 => v.clone().prop_map(|a| format!("fxvmtach v{a}")),
        1 => v.clone().prop_map(|a| format!("fxvcmpb v{a}")),
        1 => (v.clone(), v.clone(), v.clone(), 0u8..4)
            .prop_map(|(t, a, b, c)| format!("fxvsel v{t}, v{a}, v{b}, {c}")),
        1 => (v.clone(), v.clone()).prop_map(|(t, a)| format!("fxvshh v{t}, v{a}, 1")),
        1 => (v.clone(), r.clone()).prop_map(|(t, a)| format!("fxvsplatb v{t}, r{a}")),
        1 => v.clone().prop_map(|t| format!("fxvlax v{t}, 0, r12")),
        1 => v.clone().prop_map(|t| format!("fxvstax v{t}, 0, r12")),
        1 => v.clone().prop_map(|t| format!("fxvinx v{t}, 0, r13")),
        1 => v.clone().prop_map(|t| format!("fxvoutx v{t}, 0, r13")),
    ]
}

/// Loops of random bodies with branches that depend on data; subroutines and interrupts come in.
fn program(interrupts: bool) -> impl Strategy<Value = String> {
    let body = || prop::collection::vec((instruction(), 0u8..8, 0u8..32), 1..14);
    (prop::collection::vec((body(), 2u8..40), 1..5), body(), 2u8..6).prop_map(
        move |(loops, subroutine, rounds)| {
            let mut text = String::from("b start\n");
            // The vectors: a doorbell returns at once.
            for n in 1..16 {
                text.push_str(if n == 9 { "rfi\n" } else { "nop\n" });
            }
            text.push_str(
                "start:\nlis r11, 1\nli r10, 0x2000\nli r12, 0x3000\nli r13, 5\nli r14, 0\nli r1, 77\nli r2, 3\n",
            );
            if interrupts {
                text.push_str("lis r14, 0\nori r14, r14, 0x8000\nmtmsr r14\n");
            }
            text.push_str(&format!("li r15, {rounds}\nouter:\n"));
            for (l, (body, count)) in loops.iter().enumerate() {
                text.push_str(&format!("li r9, {count}\nmtctr r9\nloop{l}:\n"));
                for (n, (instruction, kind, bit)) in body.iter().enumerate() {
                    text.push_str(instruction);
                    text.push('\n');
                    match kind {
                        0 => text.push_str(&format!("bc 12, {bit}, skip{l}_{n}\nadd r3, r3, r9\nskip{l}_{n}:\n")),
                        1 => text.push_str(&format!(
                            "andi. r7, r9, 3\nbne skip{l}_{n}\nxor r5, r5, r9\nskip{l}_{n}:\n"
                        )),
                        2 if *bit < 8 => text.push_str("bl subroutine\n"),
                        _ => {}
                    }
                }
                text.push_str(&format!("addi r9, r9, -1\nbdnz loop{l}\n"));
            }
            text.push_str("addi r15, r15, -1\ncmpwi cr7, r15, 0\nbne cr7, outer\nsync\nwait\nb outer\nsubroutine:\n");
            for (instruction, ..) in &subroutine {
                text.push_str(instruction);
                text.push('\n');
            }
            text.push_str("blr\n");
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn remembering_changes_no_cycle(text in program(false), omnibus in 0u32..30, slice in 50u64..5000) {
        compare(&text, Config::default(), omnibus, slice, &[]);
        compare(&text, Config::nux_reference(), omnibus, UNTIL, &[]);
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
