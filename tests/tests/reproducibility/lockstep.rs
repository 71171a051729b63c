//! A system in lock-step with a world outside: where its time is cut, and when things are asked for, has no influence.

use crate::scene::{Access, LENGTH, Scene, state};
use crate::{OUTCOME, SCENE};
use bss2_base::SimTime;
use bss2_host::connection::Connection;
use bss2_host::executor::ExecutorConfig;
use bss2_host::playback::{Program, ProgramBuilder, Timeline};
use bss2_host::recording::Results;
use bss2_host::system::{Answer, Spike, System};
use proptest::prelude::*;

/// How a run is organised.
#[derive(Clone, Debug, Default)]
struct Slices {
    /// Ends of slices, relative to the beginning of the scene.
    cuts: Vec<SimTime>,
    /// At every cut, this many operations of the script are handed in that are not due in the next slice.
    ahead: Vec<usize>,
    /// At these cuts the system is saved and restored.
    saved: Vec<bool>,
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
struct Outcome {
    spikes: Vec<Spike>,
    answers: Vec<Answer>,
    results: Vec<Results>,
    system: Vec<u8>,
    chip: Vec<u8>,
}

fn play(scene: Scene, programs: &[(SimTime, Program)], slices: &Slices) -> Outcome {
    let Scene { chip, script } = scene;
    let mut system = System::with_config(chip, ExecutorConfig::default());
    let start = system.now();
    let programs: Vec<_> = programs.iter().map(|(at, program)| (start + *at, program)).collect();
    let mut cuts: Vec<SimTime> = slices.cuts.iter().map(|&cut| start + cut).collect();
    cuts.extend(programs.iter().map(|program| program.0));
    cuts.extend([start, start + LENGTH]);
    cuts.sort();
    cuts.dedup();
    let (mut spikes, mut answers, mut results) = (Vec::new(), Vec::new(), Vec::new());
    let mut script = script.into_iter().peekable();
    for (index, &cut) in cuts.iter().enumerate() {
        system.advance(cut);
        for (_, program) in programs.iter().filter(|program| program.0 == cut) {
            results.push(system.run(program).expect("runs in this process do not fail"));
        }
        if slices.saved.get(index).is_some_and(|&saved| saved) {
            let bytes = system.save().expect("a system can be saved");
            system = System::restore(&bytes).expect("and restored");
        }
        if index % 3 == 0 {
            spikes.append(&mut system.take_spikes());
        }
        answers.append(&mut system.take_answers());
        // A program may have come to the next cut already; what is due until the end of it has to be handed in before.
        let needed = cuts.get(index + 1).copied().unwrap_or(SimTime::MAX) + SimTime::from_us(60);
        let mut ahead = slices.ahead.get(index).copied().unwrap_or(0);
        while let Some((time, access)) = script.next_if(|&(time, _)| {
            let due = time <= needed;
            ahead -= usize::from(!due && ahead > 0);
            due || ahead > 0
        }) {
            match access {
                Access::Write(address, value) => system.write_at(time, address, value),
                Access::Read(address) => system.read_at(time, address).map(drop),
                Access::Inject(label) => system.spike_at(time, label),
            }
            .expect("nothing of the script is past");
        }
    }
    spikes.append(&mut system.take_spikes());
    assert_eq!(system.pending(), 0);
    Outcome { spikes, answers, results, system: system.save().expect("saved"), chip: state(system.chip()) }
}

/// A program that sends and reads while the scene goes on, longer than many slices.
fn program(seed: u16) -> Program {
    let mut builder = ProgramBuilder::new();
    let mut timeline = Timeline::new();
    for n in 0..100_u64 {
        timeline.spike(SimTime::from_ns(313 * n), (n as u16).wrapping_mul(40_503) ^ seed);
    }
    for n in 0..20 {
        timeline.read(SimTime::from_ns(1700 * u64::from(n)), 0x0012_2800 + 4 * n);
    }
    timeline.end(SimTime::from_us(40));
    builder.play(&timeline);
    builder.finish().expect("a valid program")
}

fn any_slices() -> impl Strategy<Value = Slices> {
    let cuts = prop::collection::vec((0..LENGTH.as_ps()).prop_map(SimTime::from_ps), 0..80);
    let ahead = prop::collection::vec(prop_oneof![Just(0), 0..40_usize], 82);
    let saved = prop::collection::vec(prop::bool::weighted(0.05), 82);
    (cuts, ahead, saved).prop_map(|(cuts, ahead, saved)| Slices { cuts, ahead, saved })
}

#[track_caller]
fn assert_same(actual: &Outcome, expected: &Outcome) {
    let differing = actual.spikes.iter().zip(&expected.spikes).position(|(a, b)| a != b);
    assert_eq!(differing, None, "spikes differ from this one on");
    assert_eq!(actual.spikes.len(), expected.spikes.len());
    assert_eq!(actual.answers, expected.answers);
    assert_eq!(actual.results, expected.results);
    assert!(actual.chip == expected.chip, "the chips differ");
    assert!(actual.system == expected.system, "the systems differ");
}

#[test]
fn in_lock_step_a_chip_does_what_it_does_alone() {
    let outcome = play(SCENE.clone(), &[], &Slices::default());
    let alone = &*OUTCOME;
    assert_eq!(outcome.spikes.len(), alone.events.len());
    for (spike, event) in outcome.spikes.iter().zip(&alone.events) {
        assert_eq!((spike.time, spike.label), (event.time, event.label.word()));
    }
    let answers: Vec<u32> = outcome.answers.iter().map(|answer| answer.value).collect();
    assert_eq!(answers, alone.reads.iter().map(|read| read.0).collect::<Vec<_>>());
    assert!(outcome.answers.windows(2).all(|pair| pair[0].time <= pair[1].time));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn slices_and_snapshots_change_nothing(slices in any_slices()) {
        assert_same(&play(SCENE.clone(), &[], &slices), &play(SCENE.clone(), &[], &Slices::default()));
    }

    #[test]
    fn nor_do_they_around_programs(slices in any_slices()) {
        // In the middle of the scene, and shortly after each other.
        let programs = [(100, 1), (150, 2), (310, 3)].map(|(at, seed)| (SimTime::from_us(at), program(seed)));
        // A cut inside of a program can't be made; the others have to do.
        let inside = |cut: &SimTime| {
            programs.iter().any(|(at, _)| (*at..*at + SimTime::from_us(50)).contains(cut))
        };
        let slices = Slices { cuts: slices.cuts.iter().copied().filter(|cut| !inside(cut)).collect(), ..slices };
        let whole = play(SCENE.clone(), &programs, &Slices::default());
        prop_assert!(whole.results.iter().all(|results| results.recording.spikes.len() > 100));
        assert_same(&play(SCENE.clone(), &programs, &slices), &whole);
    }
}
