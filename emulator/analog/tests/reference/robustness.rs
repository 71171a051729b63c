//! Whatever is asked for within the limits of a circuit is integrated or refused; circuits that don't touch don't matter.

use crate::common::{bottom, ideal, top, with_current, with_input};
use crate::common::{firing, leaky};
use bss2_analog::Line;
use bss2_analog::Refractory;
use bss2_analog::reference::{
    Bits, Circuit, CompartmentBits, FireBits, Input, InputBits, Options, Quantity, RangeBits, Simulation,
    Stimulus,
};
use bss2_base::{Hemisphere, Neuron, SimTime};
use proptest::prelude::*;

/// A positive number over many decades.
fn decades(low: f64, high: f64) -> impl Strategy<Value = f64> {
    (low.log10()..high.log10()).prop_map(|exponent| 10f64.powf(exponent))
}

fn bits() -> impl Strategy<Value = Bits> {
    (any::<[bool; 32]>(), 0u8..64).prop_map(|(bit, membrane_capacitor_size)| {
        let input = |at: usize| InputBits {
            enable: bit[at],
            coba_mode: bit[at + 1],
            small_capacitance: bit[at + 2],
            high_resistance: bit[at + 3],
            bypass: bit[at + 4],
        };
        Bits {
            leak: RangeBits { multiplication: bit[10], division: bit[11], degeneration: bit[12] },
            reset: RangeBits { multiplication: bit[13], division: bit[14], degeneration: bit[15] },
            pause: bit[16],
            unbuffered_access: bit[17] && bit[18],
            inputs: [input(0), input(5)],
            adaptation: bit[19],
            invert_adaptation_a: bit[20],
            invert_adaptation_b: bit[21],
            exponential: bit[22],
            membrane_offset: bit[23],
            invert_membrane_offset: bit[24],
            membrane_capacitor_size,
            fire: bit[25],
            threshold_comparator: bit[26],
            compartments: CompartmentBits {
                soma: bit[27],
                conductance: bit[28],
                multiply: bit[29],
                ..CompartmentBits::default()
            },
            fire_lines: FireBits { master: bit[30], slave: bit[31], ..FireBits::default() },
            ..Bits::default()
        }
    })
}

fn circuit() -> impl Strategy<Value = Circuit> {
    let conductances = [(); 6].map(|()| prop_oneof![Just(0.0), decades(1e-9, 1.6e-5)]);
    let potentials = [(); 8].map(|()| 0.0..1.2f64);
    (conductances, potentials, bits(), decades(0.004, 1.0), 0.0..1e-6f64, 0u16..300, 0u16..32).prop_map(
        |(g, v, bits, slope, current, ticks, holdoff_ticks)| {
            let mut circuit = Circuit { bits, ..Circuit::default() };
            circuit.leak.conductance = g[0];
            circuit.leak.potential = v[0];
            circuit.reset.conductance = g[1];
            circuit.reset.potential = v[1];
            circuit.release_charge = -8e-15;
            for (which, input) in circuit.inputs.iter_mut().enumerate() {
                input.resistance = (g[2 + which] > 0.0).then_some(1.0 / (50.0 * g[2 + which]));
                input.transconductance = g[2 + which];
                input.saturation_current = current;
                input.coba_modulation = current / 0.3;
                input.coba_reference = v[2 + which];
                input.output_conductance = 0.005 * g[2 + which];
            }
            circuit.exponential.slope = Some(slope);
            circuit.exponential.onset = v[4];
            circuit.adaptation.leak_conductance = g[4] * 0.01;
            circuit.adaptation.coupling = g[4];
            circuit.adaptation.leak_potential = v[5];
            circuit.adaptation.reference = v[6];
            circuit.adaptation.pulse_current = current;
            circuit.adaptation.pulse_length = Some(SimTime::from_ns(64));
            circuit.offset_current = current;
            circuit.comparator.threshold = v[7];
            circuit.refractory = Refractory { clock: Some(SimTime::from_ns(8)), ticks, holdoff_ticks };
            circuit.compartment.conductance = g[5];
            circuit
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_setting_of_a_circuit_stops_the_integration(
        circuits in proptest::collection::vec(circuit(), 3),
        events in proptest::collection::vec((0u64..5_000, 0usize..3, any::<bool>(), 0.0..3e-13f64), 0..20),
        somata in any::<[bool; 2]>(),
        source in proptest::option::of(0.0..1.2f64),
    ) {
        let mut given: Vec<(Neuron, Circuit)> =
            circuits.into_iter().enumerate().map(|(k, circuit)| (top(k as u8), circuit)).collect();
        for (k, somata) in somata.into_iter().enumerate() {
            given[k].1.bits.compartments.somata = somata;
        }
        let mut simulation = Simulation::new(given, Options::default()).unwrap();
        simulation
            .set_stimulus(Hemisphere::Top, source.map_or(Stimulus::Open, Stimulus::Voltage))
            .unwrap();
        for (cycle, neuron, excitatory, charge) in events {
            let line = if excitatory { Line::Excitatory } else { Line::Inhibitory };
            let at = SimTime::from_ns(4 * cycle);
            simulation.input(at, top(neuron as u8), Input::Charge { line, charge }).unwrap();
        }
        simulation.advance(SimTime::from_us(20)).unwrap();
        for k in 0..3 {
            let v = simulation.value(top(k), Quantity::Membrane).unwrap();
            // The clamps of 20 uS against all that flows: 1 uA of offset, 5 uA of exponential, inputs, access.
            prop_assert!((-0.5..2.0).contains(&v), "{v}");
            let w = simulation.value(top(k), Quantity::Adaptation).unwrap();
            prop_assert!((-1.0..2.2).contains(&w), "{w}");
        }
    }
}

/// A neuron that fires under input.
fn busy() -> Circuit {
    firing(with_current(with_input(leaky(10e-6), 5e-6), 40e-9), 0.65, 0.3, 100)
}

/// Bits of the membrane of neuron 7 after some events, with these circuits beside it.
fn digest(others: Vec<(Neuron, Circuit)>) -> Vec<u64> {
    let mut circuits = vec![(top(7), busy())];
    circuits.extend(others);
    let mut simulation = ideal(circuits);
    for k in 0..20 {
        let input = Input::Charge { line: Line::Excitatory, charge: 60e-15 };
        simulation.input(SimTime::from_ns(3000 * k + 4), top(7), input).unwrap();
    }
    let probe =
        simulation.probe(top(7), Quantity::Membrane, SimTime::ZERO, SimTime::from_ns(333), 200).unwrap();
    simulation.advance(SimTime::from_us(70)).unwrap();
    assert!(simulation.fires().iter().filter(|fire| fire.neuron == top(7)).count() > 2);
    simulation.samples(probe).iter().map(|v| v.to_bits()).collect()
}

#[test]
fn circuits_that_do_not_touch_change_no_bit_of_each_other() {
    let alone = digest(Vec::new());
    assert_eq!(alone, digest(Vec::new()));
    assert_eq!(alone, digest(vec![(top(8), busy()), (bottom(7), with_current(busy(), 90e-9))]));
}

#[test]
fn cutting_a_run_into_pieces_changes_it_by_less_than_the_tolerance_allows() {
    let run = |piece: SimTime| {
        let mut simulation = ideal(vec![(top(7), busy())]);
        let mut now = SimTime::ZERO;
        while now < SimTime::from_us(100) {
            now += piece;
            simulation.advance(now).unwrap();
        }
        (simulation.value(top(7), Quantity::Membrane).unwrap(), simulation.take_fires())
    };
    let (whole, fires) = run(SimTime::from_us(100));
    for piece in [SimTime::from_us(10), SimTime::from_ns(400)] {
        let (cut, others) = run(piece);
        assert_eq!(others.len(), fires.len());
        for (a, b) in others.iter().zip(&fires) {
            assert!((a.reset - b.reset).abs() < 10e-12);
        }
        assert!((cut - whole).abs() < 1e-7, "{:e}", cut - whole);
    }
}
