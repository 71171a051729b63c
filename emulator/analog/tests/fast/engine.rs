use crate::circuits::{adaptive, chip, integrate_and_fire, top, with_current};
use bss2_analog::reference::{self, Cause, Input, Quantity, Stimulus};
use bss2_analog::stepped::{Engine, Fire, Instructions, Options};
use bss2_analog::{LINE_REST, Line};
use bss2_base::{COLUMNS, Hemisphere, Neuron, SimTime};

/// Events of a whole row every 1.7 us: charge by column.
fn charges(event: u64) -> [f32; COLUMNS] {
    core::array::from_fn(|column| {
        let weight = (column as u64 * 31 + event * 17) % 24;
        0.375e-15 * weight as f32
    })
}

fn row(event: u64) -> (Hemisphere, Line) {
    let line = if event.is_multiple_of(5) { Line::Inhibitory } else { Line::Excitatory };
    (Hemisphere::ALL[(event / 2 % 2) as usize], line)
}

fn voltages(engine: &Engine) -> Vec<u64> {
    let of = |neuron| engine.value(neuron, Quantity::Membrane).unwrap().to_bits();
    Neuron::all().map(of).collect()
}

/// 20 us of a chip, cut into slices, looked at or not.
fn run(slice: SimTime, looked_at: bool, noisy: bool) -> (Vec<Fire>, Vec<u64>) {
    run_with(*Instructions::available().last().unwrap(), slice, looked_at, noisy)
}

/// The same with given vector instructions.
fn run_with(
    instructions: Instructions,
    slice: SimTime,
    looked_at: bool,
    noisy: bool,
) -> (Vec<Fire>, Vec<u64>) {
    let options =
        if noisy { Options::of_core(3, &bss2_analog::AnalogOptions::default()) } else { Options::default() };
    let mut engine = Engine::new(chip(), options).unwrap();
    assert!(engine.use_instructions(instructions));
    let end = SimTime::from_us(20);
    let mut event = 0;
    while engine.now() < end {
        let next = engine.now().saturating_add(slice).min(end);
        while event * 1_700_000 <= next.as_ps() {
            let (hemisphere, line) = row(event);
            let at = SimTime::from_ps(event * 1_700_000);
            engine.pulse(at, hemisphere, line, &charges(event)).unwrap();
            event += 1;
        }
        engine.advance(next);
        if looked_at {
            voltages(&engine);
            assert!(engine.quiescent_until() > next);
        }
    }
    (engine.take_fires(), voltages(&engine))
}

#[test]
fn a_chip_has_the_same_bits_for_any_slicing_any_vectors_on_any_thread_looked_at_or_not() {
    for noisy in [false, true] {
        let whole = run(SimTime::from_us(20), false, noisy);
        assert!(whole.0.len() > 200, "{}", whole.0.len());
        assert_eq!(whole, run(SimTime::from_ns(900), true, noisy));
        assert_eq!(whole, run(SimTime::from_ps(133_337), false, noisy));
        for instructions in Instructions::available() {
            let one = move || run_with(instructions, SimTime::from_us(7), false, noisy);
            let threads = [(); 2].map(|()| std::thread::spawn(one));
            for thread in threads {
                assert_eq!(whole, thread.join().unwrap(), "{instructions:?}");
            }
        }
    }
}

#[test]
fn a_chain_has_the_same_bits_by_itself_and_beside_chains_of_its_shape() {
    let chips = chip();
    let chain = |first: usize| chips[first..first + 2].to_vec();
    let all: Vec<_> = (230..270).step_by(2).flat_map(chain).collect();
    let trace = |circuits: Vec<(Neuron, bss2_analog::reference::Circuit)>| {
        let mut engine = Engine::new(circuits, Options::default()).unwrap();
        for event in 0..40 {
            let (hemisphere, line) = row(event);
            engine.pulse(SimTime::from_ns(430 * event), hemisphere, line, &charges(event)).unwrap();
        }
        engine.advance(SimTime::from_us(40));
        let of = |number: usize| {
            engine.value(Neuron::from_index(number).unwrap(), Quantity::Membrane).ok().map(f64::to_bits)
        };
        let voltages: Vec<_> = (230..270).map(of).collect();
        (voltages, engine.take_fires())
    };
    let (together, fires) = trace(all);
    assert!(fires.len() > 20, "{}", fires.len());
    for first in (230..270).step_by(2) {
        let (voltages, own) = trace(chain(first));
        assert_eq!(voltages[first - 230..first - 228], together[first - 230..first - 228]);
        let here = |fire: &&Fire| (first..first + 2).contains(&fire.neuron.index());
        assert_eq!(own, fires.iter().filter(here).copied().collect::<Vec<_>>());
    }
}

#[test]
fn a_chip_at_rest_sleeps_until_something_comes_in() {
    let circuits: Vec<_> = Neuron::all().map(|neuron| (neuron, adaptive())).collect();
    let mut engine = Engine::new(circuits, Options::default()).unwrap();
    engine.advance(SimTime::from_ms(5));
    assert_eq!(engine.quiescent_until(), SimTime::MAX);
    let before = voltages(&engine);
    engine.advance(SimTime::from_secs_f64(3_600.0));
    assert_eq!(before, voltages(&engine));
    let at = SimTime::from_secs_f64(3_600.000_01);
    engine.pulse(at, Hemisphere::Bottom, Line::Excitatory, &[50e-15; COLUMNS]).unwrap();
    engine.advance(at.saturating_add(SimTime::from_us(5)));
    let after = voltages(&engine);
    assert_eq!(before[..COLUMNS], after[..COLUMNS]);
    assert!(before[COLUMNS..].iter().zip(&after[COLUMNS..]).all(|(a, b)| a != b));
}

#[test]
fn a_pulse_is_as_many_single_charges() {
    let mut bulk = Engine::new(chip(), Options::default()).unwrap();
    let mut single = bulk.clone();
    for event in 0..10 {
        let (hemisphere, line) = row(event);
        let at = SimTime::from_ns(430 * event);
        bulk.pulse(at, hemisphere, line, &charges(event)).unwrap();
        for (column, charge) in charges(event).iter().enumerate().filter(|(_, charge)| **charge > 0.0) {
            let input = Input::Charge { line, charge: f64::from(*charge) };
            single.input(at, Neuron::new(hemisphere, column as u8), input).unwrap();
        }
    }
    bulk.advance(SimTime::from_us(6));
    single.advance(SimTime::from_us(6));
    assert_eq!(voltages(&bulk), voltages(&single));
    assert_eq!(bulk.take_fires(), single.take_fires());
    assert!(bulk.pulse(SimTime::from_us(5), Hemisphere::Top, Line::Excitatory, &[0.0; COLUMNS]).is_err());
}

#[test]
fn charges_that_are_none_do_nothing() {
    let mut engine = Engine::new(vec![(top(7), integrate_and_fire())], Options::default()).unwrap();
    let mut strange = [f32::NAN; COLUMNS];
    strange[7] = -1.0;
    engine.pulse(SimTime::from_us(1), Hemisphere::Top, Line::Excitatory, &strange).unwrap();
    engine.advance(SimTime::from_us(2));
    assert_eq!(engine.value(top(7), Quantity::Line(Line::Excitatory)).unwrap(), LINE_REST);
    strange[7] = f32::INFINITY;
    engine.pulse(SimTime::from_us(2), Hemisphere::Top, Line::Excitatory, &strange).unwrap();
    engine.advance(SimTime::from_us(3));
    assert!(engine.value(top(7), Quantity::Line(Line::Excitatory)).unwrap() >= LINE_REST - 0.6);
}

#[test]
fn a_parked_circuit_stands_still_and_goes_on_where_it_is_put() {
    let circuit = with_current(adaptive(), 80e-9);
    let mut engine = Engine::new(vec![(top(7), circuit)], Options::default()).unwrap();
    let mut undisturbed = engine.clone();
    for now in [SimTime::from_us(4), SimTime::from_ns(8_433)] {
        engine.advance(now);
        let state = engine.park(top(7)).unwrap();
        assert!(engine.is_parked(top(7)).unwrap());
        assert_eq!(engine.quiescent_until(), SimTime::MAX);
        assert_eq!(engine.state(top(7)).unwrap(), state);
        engine.resume(top(7), &state).unwrap();
        assert_eq!(engine.state(top(7)).unwrap(), state);
    }
    let end = SimTime::from_us(100);
    engine.advance(end);
    undisturbed.advance(end);
    let (a, b) = (engine.take_fires(), undisturbed.take_fires());
    assert!(a.len() > 3 && a.len() == b.len());
    for (a, b) in a.iter().zip(&b) {
        assert!((a.reset.as_secs_f64() - b.reset.as_secs_f64()).abs() < 1e-9, "{a:?} {b:?}");
    }

    let before = engine.park(top(7)).unwrap();
    engine.pulse(SimTime::from_us(150), Hemisphere::Top, Line::Excitatory, &[1e-14; COLUMNS]).unwrap();
    engine.advance(SimTime::from_ms(500));
    assert_eq!(engine.state(top(7)).unwrap(), before);
    assert!(engine.take_fires().is_empty());
    let late = bss2_analog::stepped::State {
        back_end: bss2_analog::stepped::BackEnd { arm_at: Some(end), ..before.back_end },
        ..before
    };
    assert!(engine.resume(top(7), &late).is_err());
    assert!(engine.resume(top(7), &bss2_analog::stepped::State { membrane: f64::NAN, ..before }).is_err());
}

#[test]
fn a_fire_line_makes_refractory_until_it_says_so() {
    let mut engine =
        Engine::new(vec![(top(7), with_current(integrate_and_fire(), 100e-9))], Options::default()).unwrap();
    engine.advance(SimTime::from_us(3));
    engine.follow(top(7), SimTime::MAX, SimTime::MAX).unwrap();
    engine.advance(SimTime::from_us(60));
    assert!(engine.take_fires().is_empty() && engine.is_refractory(top(7)).unwrap());
    let v = engine.value(top(7), Quantity::Membrane).unwrap();
    assert!((v - 0.375).abs() < 0.01, "{v}");
    let span = engine.refractory(top(7)).unwrap().unwrap();
    assert_eq!((span.release, span.until), (SimTime::MAX, SimTime::MAX));
    engine.follow(top(7), SimTime::from_us(61), SimTime::from_us(200)).unwrap();
    engine.advance(SimTime::from_us(199));
    assert!(engine.take_fires().is_empty());
    assert!(engine.value(top(7), Quantity::Membrane).unwrap() > 0.7);
    engine.advance(SimTime::from_us(201));
    let fires = engine.take_fires();
    assert_eq!((fires.len(), fires[0].edge), (1, SimTime::from_us(200)));
    engine.input(SimTime::from_us(216), top(7), Input::Fire).unwrap();
    engine.advance(SimTime::from_us(216));
    let fires = engine.take_fires();
    assert_eq!(fires.last().unwrap().cause, Cause::Artificial, "{fires:?}");
}

#[test]
fn stimulation_and_debug_lines_are_those_of_the_reference() {
    let mut circuit = integrate_and_fire();
    circuit.bits.unbuffered_access = true;
    circuit.bits.fire = false;
    let circuits = vec![(top(7), circuit), (top(9), circuit)];
    let mut engine = Engine::new(circuits.clone(), Options::default()).unwrap();
    let mut reference = reference::Simulation::new(circuits, reference::Options::default()).unwrap();
    let charge = Input::Charge { line: Line::Excitatory, charge: 20e-15 };
    type Action<'a> = dyn Fn(&mut Engine, &mut reference::Simulation) + 'a;
    let actions: [&Action<'_>; 5] = [
        &|a, b| {
            a.set_stimulus(Hemisphere::Top, Stimulus::Current(60e-9)).unwrap();
            b.set_stimulus(Hemisphere::Top, Stimulus::Current(60e-9)).unwrap();
        },
        &|a, b| {
            a.set_debug_line(top(7), Line::Excitatory, Some(1.19)).unwrap();
            b.set_debug_line(top(7), Line::Excitatory, Some(1.19)).unwrap();
        },
        &|a, b| {
            a.set_stimulus(Hemisphere::Top, Stimulus::Voltage(0.8)).unwrap();
            b.set_stimulus(Hemisphere::Top, Stimulus::Voltage(0.8)).unwrap();
        },
        &|a, b| {
            let mut alone = circuit;
            alone.bits.unbuffered_access = false;
            alone.leak.potential = 0.5;
            a.configure(top(9), &alone).unwrap();
            b.configure(top(9), &alone).unwrap();
        },
        &|a, b| {
            a.set_debug_line(top(7), Line::Excitatory, None).unwrap();
            b.set_debug_line(top(7), Line::Excitatory, None).unwrap();
            a.set_stimulus(Hemisphere::Top, Stimulus::Open).unwrap();
            b.set_stimulus(Hemisphere::Top, Stimulus::Open).unwrap();
        },
    ];
    for (number, action) in (1..).zip(actions) {
        action(&mut engine, &mut reference);
        for neuron in [top(7), top(9)] {
            let at = SimTime::from_ns(3_000 * number - 1_700);
            engine.input(at, neuron, charge).unwrap();
            reference.input(at, neuron, charge).unwrap();
        }
        for step in 1..=3 {
            let now = SimTime::from_ns(3_000 * (number - 1) + 1_000 * step);
            engine.advance(now);
            reference.advance(now).unwrap();
            for neuron in [top(7), top(9)] {
                for quantity in [Quantity::Membrane, Quantity::Line(Line::Excitatory), Quantity::Adaptation] {
                    let [a, b] = [engine.value(neuron, quantity), reference.value(neuron, quantity)]
                        .map(Result::unwrap);
                    assert!((a - b).abs() < 2e-5, "{number} {neuron:?} {quantity:?}: {a} {b}");
                }
            }
        }
    }
    assert!(engine.set_stimulus(Hemisphere::Top, Stimulus::Voltage(f64::NAN)).is_err());
    assert!(engine.set_debug_line(top(7), Line::Excitatory, Some(f64::INFINITY)).is_err());
}
