//! Same seed and same accesses at the same times give the same bits, however the run is organised (design sections 4 and 8).

mod hostile;
mod lockstep;
mod scene;

use bss2_base::SimTime;
use bss2_host::archive::ArchiveError;
use bss2_host::snapshot;
use proptest::prelude::*;
use scene::{Cast, LENGTH, Outcome, Scene, assert_same, option_bytes};
use std::sync::LazyLock;

pub(crate) static SCENE: LazyLock<Scene> = LazyLock::new(|| Scene::set(1, true, Cast::HomeostasisAndStdp));
pub(crate) static OUTCOME: LazyLock<Outcome> = LazyLock::new(|| SCENE.clone().play(&[]));

fn moments(count: usize) -> impl Strategy<Value = Vec<SimTime>> {
    prop::collection::vec((0..LENGTH.as_ps()).prop_map(SimTime::from_ps), count)
}

#[test]
fn everything_moves_in_the_scene() {
    let Outcome { events, reads, .. } = &*OUTCOME;
    assert!(events.len() > 5000, "{}", events.len());
    let labels: std::collections::BTreeSet<u16> = events.iter().map(|event| event.label.word()).collect();
    assert!(labels.len() > 500, "{} different labels", labels.len());
    assert!(events.windows(2).all(|pair| pair[0].time <= pair[1].time));
    let (answers, trials) = reads.split_at(reads.len() - 2);
    assert!(answers.iter().any(|&(word, wait)| word > 1 << 24 && wait == 377), "a conversion: {answers:?}");
    assert!(trials[0].0 >= 10, "steps of homeostasis: {trials:?}");
    assert_eq!(trials[1].0, 10, "pairs of the correlation program");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn time_may_be_cut_anywhere(cuts in moments(60)) {
        assert_same(&SCENE.clone().play(&cuts), &OUTCOME, "cut");
    }

    #[test]
    fn a_restored_snapshot_goes_on_to_the_bit(moments in moments(2)) {
        let start = SCENE.chip.now();
        let outcome = SCENE.clone().play_with(moments.into_iter().map(|moment| start + moment), |chip| {
            snapshot::restore(&snapshot::save(&chip).expect("a chip can be saved")).expect("and restored")
        });
        assert_same(&outcome, &OUTCOME, "snapshot");
    }
}

#[test]
fn time_may_be_cut_into_single_cycles() {
    let cuts: Vec<SimTime> =
        (0..3000).map(|k| SimTime::from_us(90) + SimTime::from_ps(4000 * k + k % 3)).collect();
    assert_same(&SCENE.clone().play(&cuts), &OUTCOME, "cut into cycles");
}

#[test]
fn idle_stretches_may_be_stepped_through() {
    let slow = Scene::set(1, false, Cast::HomeostasisAndStdp);
    let [slow_options, fast_options] = [&slow, &SCENE].map(|scene| option_bytes(scene.chip.options()));
    let outcome = slow.play(&[]);
    let place = outcome.state.windows(slow_options.len()).position(|bytes| bytes == slow_options);
    let place = place.expect("the state contains the options");
    let mut state = outcome.state.clone();
    state[place..place + slow_options.len()].copy_from_slice(&fast_options);
    assert_same(&Outcome { state, ..outcome }, &OUTCOME, "without fast-forward");
}

#[test]
fn chips_do_not_notice_each_other_on_threads() {
    let scenes = [(3, Cast::RstdpAndHomeostasis), (4, Cast::HomeostasisAndStdp)];
    let play = |(seed, cast)| Scene::set(seed, true, cast).play(&[]);
    let apart = scenes.map(play);
    let together = std::thread::scope(|scope| {
        let threads = scenes.map(|scene| scope.spawn(move || play(scene)));
        threads.map(|thread| thread.join().expect("no thread panics"))
    });
    for (together, apart) in together.iter().zip(&apart) {
        assert_same(together, apart, "on threads");
    }
    assert_ne!(apart[0].events, apart[1].events, "and they are different individuals");
}

#[test]
fn time_may_be_cut_anywhere_while_two_other_programs_run() {
    let scene = Scene::set(2, true, Cast::RstdpAndHomeostasis);
    let cuts: Vec<SimTime> = (1..400).map(|k| SimTime::from_ps(997_331 * k)).collect();
    assert_same(&scene.clone().play(&cuts), &scene.play(&[]), "cut");
}

#[test]
fn what_is_not_a_whole_snapshot_is_refused() {
    let bytes = snapshot::save(&SCENE.chip).expect("a chip can be saved");
    let refused = |bytes: &[u8]| snapshot::restore(bytes).expect_err("this is no snapshot");
    assert_eq!(refused(&[]), ArchiveError::NotAnArchive);
    assert!(matches!(refused(&bytes[..bytes.len() / 2]), ArchiveError::Length { .. }));
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 3] ^= 1;
    assert!(matches!(refused(&damaged), ArchiveError::Checksum { .. }));
    let mut older = bytes.clone();
    older[8] ^= 1;
    let error = refused(&older);
    assert!(matches!(error, ArchiveError::OtherVersion { .. }));
    assert!(error.to_string().contains("version"), "{error}");
}
