//! The promise that holds everywhere: the result depends neither on how time is sliced nor on snapshots, to the bit.

use crate::common::{connect, input, integrate_and_fire, pulse};
use bss2_analog::{AnalogCore, AnalogOptions, CadcResult, ColumnSwitches, Fire, NeuronParameters};
use bss2_base::{ColumnMask, Hemisphere, Neuron, SimTime};
use proptest::prelude::*;

/// What a program does to the core at one moment.
#[derive(Clone, Debug)]
enum Command {
    Event { row: bool },
    ArtificialFire { neuron: usize },
    PostPulse { neuron: usize },
    Current { neuron: usize, nanoamperes: f64 },
    ResetCorrelation,
    Convert,
    Read { neuron: usize },
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        20 => any::<bool>().prop_map(|row| Command::Event { row }),
        1 => (0usize..6).prop_map(|neuron| Command::ArtificialFire { neuron }),
        1 => (0usize..6).prop_map(|neuron| Command::PostPulse { neuron }),
        1 => (0usize..6, -20.0..60.0f64).prop_map(|(neuron, nanoamperes)| Command::Current { neuron, nanoamperes }),
        1 => Just(Command::ResetCorrelation),
        1 => Just(Command::Convert),
        2 => (0usize..6).prop_map(|neuron| Command::Read { neuron }),
    ]
}

fn neuron(index: usize) -> Neuron {
    Neuron::new(Hemisphere::Bottom, 40 * index as u8)
}

fn parameters(index: usize, current: f64) -> NeuronParameters {
    // Number 4 fires by itself, whatever a command sets.
    let own = if index == 4 { 30e-9 } else { 0.0 };
    let mut parameters = integrate_and_fire(0.1e-6, current + own);
    parameters.comparator = parameters.comparator.map(|mut comparator| {
        // Some near rest: live cells without end; some far away: quiet.
        comparator.threshold = [0.421, 0.45, 0.5, 0.6, 0.43, 0.7][index];
        comparator.delay = 20e-9;
        comparator
    });
    parameters.refractory.ticks = [2, 20, 250, 60, 5, 100][index];
    parameters.inputs = [input(1e-6 * (1 + index) as f64), input(5e-6)];
    if index == 3 {
        parameters.leak.conductance = 0.0;
    }
    parameters
}

fn new_core() -> AnalogCore {
    let mut core = AnalogCore::new(99, AnalogOptions::default());
    for index in 0..6 {
        core.set_neuron(neuron(index), &parameters(index, 0.0)).unwrap();
        connect(&mut core, neuron(index), [40, 25]);
        let switches = ColumnSwitches {
            correlation: [index < 3; 2],
            neuron_readout: [index >= 3; 2],
            ..*core.column(neuron(index))
        };
        core.set_column(neuron(index), &switches);
    }
    core
}

/// Everything a program can see.
#[derive(Debug, PartialEq, Default)]
struct Seen {
    fires: Vec<Fire>,
    conversions: Vec<CadcResult>,
    readings: Vec<Option<f64>>,
}

/// Runs the commands at their times; `slice` yields the lengths of the windows in between, in ps.
fn play(
    commands: &[(u64, Command)],
    mut slice: impl FnMut() -> Option<u64>,
    snapshots: bool,
) -> (AnalogCore, Seen) {
    let mut core = new_core();
    let mut seen = Seen::default();
    let columns: ColumnMask = (0..6).map(|index| neuron(index).column()).collect();
    for (time, command) in commands {
        let time = SimTime::from_ps(*time);
        while let Some(next) = slice().map(|length| core.now() + SimTime::from_ps(length)) {
            if next >= time {
                break;
            }
            core.advance(next, &mut seen.fires);
        }
        core.advance(time, &mut seen.fires);
        match command {
            Command::Event { row } => {
                let mut pulse = pulse(time, neuron(0), *row, !*row);
                (pulse.top_row, pulse.bottom_row) =
                    if *row { (ColumnMask::NONE, columns) } else { (columns, ColumnMask::NONE) };
                core.input(pulse);
            }
            Command::ArtificialFire { neuron: index } => core.artificial_fire(time, neuron(*index)),
            Command::PostPulse { neuron: index } => core.post_pulse(time, neuron(*index)),
            Command::Current { neuron: index, nanoamperes } => {
                core.set_neuron(neuron(*index), &parameters(*index, nanoamperes * 1e-9)).unwrap();
            }
            Command::ResetCorrelation => {
                core.reset_correlation(time, Hemisphere::Bottom, 0, columns, ColumnMask::NONE, 0.0);
            }
            Command::Convert => seen.conversions.push(core.convert(Hemisphere::Bottom, 0)),
            Command::Read { neuron: index } => seen.readings.push(core.read(neuron(*index))),
        }
        if snapshots {
            let bytes = bincode::serde::encode_to_vec(&core, bincode::config::standard()).unwrap();
            core = bincode::serde::decode_from_slice(&bytes, bincode::config::standard()).unwrap().0;
        }
    }
    (core, seen)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_result_does_not_depend_on_slicing_or_looking(
        commands in proptest::collection::vec((0u64..60_000, command()), 1..80),
        seed in 1u64..1000,
    ) {
        let mut commands: Vec<_> = commands.into_iter().map(|(cycle, command)| (4_000 * cycle, command)).collect();
        commands.sort_by_key(|(time, _)| *time);
        // Long enough after the last command for neurons to fire by themselves.
        commands.push((400_000_000, Command::Convert));
        let (whole, seen) = play(&commands, || None, false);
        let mut state = seed;
        let random_lengths = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Some(1 + (state >> 33) % (10u64.pow(1 + (state >> 60) as u32 % 6)))
        };
        // Peeking in passing must not matter either, nor may long slices.
        let (sliced, seen_sliced) = play(&commands, random_lengths, false);
        prop_assert_eq!(&seen, &seen_sliced);
        prop_assert!(whole == sliced);
        prop_assert!(!seen.fires.is_empty());
    }
}

#[test]
fn looking_at_the_truth_leaves_no_trace() {
    let mut watched = new_core();
    let mut alone = watched.clone();
    let (mut fires, mut fires_alone) = (Vec::new(), Vec::new());
    for step in 1..2_000 {
        watched.advance(SimTime::from_ns(37 * step), &mut fires);
        for index in 0..6 {
            watched.membrane(neuron(index));
        }
    }
    alone.advance(watched.now(), &mut fires_alone);
    assert_eq!(fires, fires_alone);
    assert!(watched == alone);
}

#[test]
fn a_restored_snapshot_continues_identically() {
    let commands: Vec<_> = (0..40)
        .map(|i| {
            (i * 1_700_000, if i % 5 == 4 { Command::Convert } else { Command::Event { row: i % 3 != 0 } })
        })
        .collect();
    let (core, seen) = play(&commands, || None, false);
    let (restored, seen_restored) = play(&commands, || None, true);
    assert_eq!(seen, seen_restored);
    assert!(core == restored);
}
