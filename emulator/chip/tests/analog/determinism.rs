//! The same bits for any window, any vector instructions, any number of threads, watched or not: circuits of all classes on one chip,
//! with mismatch and noise (analog-core 9.5).

use crate::bench::{run, write};
use crate::inputs::{event, zoo};
use bss2_analog::stepped::Instructions;
use bss2_analog::{Branch, Line};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_chip::registers::readout::{MADCControl, ReadoutSourceSelection};
use bss2_chip::{Chip, LinkEvent};

/// How a chip is run; none of it should matter.
#[derive(Clone, Copy, Debug)]
struct Manner {
    /// The longest window in ns.
    window: u64,
    /// `None`: what the machine takes by itself.
    instructions: Option<Instructions>,
    /// Somebody looks at all voltages after every window.
    looked_at: bool,
    /// The membrane ADC records, and somebody takes its samples after every window.
    recorded: bool,
}

const PLAIN: Manner = Manner { window: 1_000_000, instructions: None, looked_at: false, recorded: false };

/// Events, and the bits of all voltages and accumulators at the end.
type Outcome = (Vec<LinkEvent>, Vec<u64>);

fn voltages(chip: &Chip) -> Vec<u64> {
    let mut bits = Vec::new();
    for neuron in Neuron::all() {
        let core = chip.analog();
        let lines = [Line::Excitatory, Line::Inhibitory].map(|line| core.line(neuron, line));
        bits.extend([core.membrane(neuron), core.adaptation(neuron), lines[0], lines[1]].map(f64::to_bits));
    }
    for column in 0..=255 {
        bits.extend(
            Branch::ALL.map(|branch| chip.analog().correlation(Hemisphere::Top, 0, column, branch).to_bits()),
        );
    }
    bits
}

/// 100 us of the chip with an event every 1.7 us.
fn play(mut chip: Chip, manner: Manner) -> Outcome {
    if let Some(instructions) = manner.instructions {
        assert!(chip.use_instructions(instructions), "{instructions:?}");
    }
    if manner.recorded {
        write(&mut chip, 0, &ReadoutSourceSelection { neuron_top_even_0: true, ..Default::default() });
        let control = || MADCControl { enable_pre_amplifier: true, ..MADCControl::default() };
        write(&mut chip, 0, &MADCControl { wake_up: true, ..control() });
        write(
            &mut chip,
            0,
            &MADCControl { start_recording: true, enable_continuous_sampling: true, ..control() },
        );
    }
    let (begin, mut samples) = (chip.now(), Vec::new());
    for count in 1..=60 {
        let until = begin + SimTime::from_ns(1_700 * count);
        while chip.now() < until {
            chip.advance(until.min(chip.now() + SimTime::from_ns(manner.window)));
            if manner.looked_at {
                let _ = voltages(&chip);
            }
            chip.take_samples(&mut samples);
        }
        event(&mut chip);
    }
    assert_eq!(manner.recorded, samples.len() > 100, "{}", samples.len());
    let mut events = Vec::new();
    chip.take_events(&mut events);
    (events, voltages(&chip))
}

#[test]
fn circuits_of_all_classes_have_the_same_bits_in_any_manner_on_any_thread() {
    let mut chip = zoo();
    // Until the stepped circuits are there.
    run(&mut chip, 20_000);
    let classes =
        [6, 11, 40, 60].map(|column| chip.analog().is_stepped(Neuron::new(Hemisphere::Top, column)));
    assert!(classes.contains(&true) && classes.contains(&false), "{classes:?}");
    let expected = play(chip.clone(), PLAIN);
    assert!(expected.0.len() > 20, "{} events", expected.0.len());

    let mut manners = vec![
        Manner { window: 333, ..PLAIN },
        Manner { window: 10, looked_at: true, ..PLAIN },
        Manner { recorded: true, ..PLAIN },
        Manner { window: 777, looked_at: true, recorded: true, ..PLAIN },
    ];
    for instructions in Instructions::available() {
        manners.push(Manner { instructions: Some(instructions), ..PLAIN });
        manners.push(Manner { instructions: Some(instructions), window: 1_234, recorded: true, ..PLAIN });
    }
    for threads in [1, 2, 3] {
        // Each thread takes its share; all of them run at the same time.
        std::thread::scope(|scope| {
            let shares: Vec<_> = (0..threads)
                .map(|share| {
                    let (chip, manners) = (&chip, &manners);
                    scope.spawn(move || {
                        let own = manners.iter().skip(share).step_by(threads);
                        own.map(|manner| (*manner, play(chip.clone(), *manner))).collect::<Vec<_>>()
                    })
                })
                .collect();
            for share in shares {
                for (manner, outcome) in share.join().expect("no panic") {
                    assert!(outcome == expected, "{manner:?} on {threads} threads");
                }
            }
        });
    }
}
