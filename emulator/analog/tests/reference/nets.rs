//! Union-find with random switches against nodal analysis of all nodes (T-NET).

use crate::common::{bottom, leaky, top};
use bss2_analog::reference::{
    Circuit, CompartmentBits, Linearisation, NetOptions, NetRemark, Nets, Options, Simulation,
};
use bss2_base::Neuron;
use nalgebra::{DMatrix, DVector};
use proptest::prelude::*;

const COLUMNS: usize = 5;
/// A short in S; the conductances are around 1 uS.
const SHORT: f64 = 1.0;
/// In S; a line that nothing touches needs some potential.
const GROUND: f64 = 1e-14;

fn switches() -> impl Strategy<Value = CompartmentBits> {
    (prop::bool::weighted(0.4), prop::bool::weighted(0.25), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(soma, membrane_right, bottom, somata, conductance)| CompartmentBits {
            soma,
            membrane_right,
            bottom,
            somata,
            conductance,
            ..CompartmentBits::default()
        })
}

fn neuron(number: usize) -> Neuron {
    let column = 30 + (number % COLUMNS) as u8;
    if number < COLUMNS { top(column) } else { bottom(column) }
}

fn circuit(number: usize, mut bits: CompartmentBits) -> Circuit {
    if number % COLUMNS == COLUMNS - 1 {
        (bits.membrane_right, bits.somata) = (false, false);
    }
    let mut circuit = leaky(10e-6);
    circuit.leak.potential = 0.3 + 0.05 * number as f64;
    circuit.leak.conductance = (0.1 + 0.03 * number as f64) * 1e-6;
    circuit.compartment.conductance = (0.5 + 0.2 * number as f64) * 1e-6;
    circuit.compartment.offset = 0.002 * number as f64 - 0.01;
    circuit.bits.compartments = bits;
    // So that the Jacobian has an inverse.
    circuit.adaptation.leak_conductance = 1e-9;
    circuit
}

/// Voltages of all membranes by nodal analysis: shorts are large conductances.
fn nodal(circuits: &[(Neuron, Circuit)]) -> DVector<f64> {
    let count = circuits.len();
    let mut matrix = DMatrix::<f64>::zeros(2 * count, 2 * count);
    let mut currents = DVector::<f64>::zeros(2 * count);
    let mut connect = |a: usize, b: usize, g: f64| {
        matrix[(a, a)] += g;
        matrix[(b, b)] += g;
        matrix[(a, b)] -= g;
        matrix[(b, a)] -= g;
    };
    let (membrane, line) = (|i: usize| i, |i: usize| count + i);
    for (i, (_, circuit)) in circuits.iter().enumerate() {
        let bits = &circuit.bits.compartments;
        if bits.soma {
            connect(membrane(i), line(i), SHORT);
        }
        if bits.membrane_right {
            connect(membrane(i), membrane(i + 1), SHORT);
        }
        if bits.somata {
            connect(line(i), line(i + 1), SHORT);
        }
        if i < COLUMNS && bits.bottom && circuits[i + COLUMNS].1.bits.compartments.bottom {
            connect(membrane(i), membrane(i + COLUMNS), SHORT);
        }
        if bits.conductance {
            let g = circuit.compartment.conductance;
            connect(membrane(i), line(i), g);
            // The offset is a source in series.
            currents[membrane(i)] += g * circuit.compartment.offset;
            currents[line(i)] -= g * circuit.compartment.offset;
        }
    }
    for (i, (_, circuit)) in circuits.iter().enumerate() {
        matrix[(i, i)] += circuit.leak.conductance;
        currents[i] += circuit.leak.conductance * circuit.leak.potential;
        matrix[(count + i, count + i)] += GROUND;
    }
    matrix.lu().solve(&currents).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_switches_give_the_steady_state_of_nodal_analysis(
        bits in proptest::collection::vec(switches(), 2 * COLUMNS)
    ) {
        let circuits: Vec<_> =
            bits.into_iter().enumerate().map(|(i, bits)| (neuron(i), circuit(i, bits))).collect();
        let expected = nodal(&circuits);
        let simulation = Simulation::new(circuits.clone(), Options::ideal()).unwrap();
        for (number, (neuron, _)) in circuits.iter().enumerate() {
            // Everything is linear: one Newton step from anywhere arrives.
            let Linearisation { nets, slope, jacobian } = simulation.linearised(*neuron).unwrap();
            let net = nets.iter().find(|(other, _)| other == neuron).unwrap().1;
            let step = jacobian.lu().solve(&DVector::from_vec(slope)).unwrap();
            let start = simulation
                .value(*neuron, bss2_analog::reference::Quantity::Membrane)
                .unwrap();
            let found = start - step[net];
            prop_assert!((found - expected[number]).abs() < 1e-6, "{number}: {found} {}", expected[number]);
        }
    }
}

fn nets(circuits: &[(Neuron, CompartmentBits)]) -> Nets {
    let given: Vec<_> = circuits.iter().map(|(neuron, bits)| (*neuron, *bits, true)).collect();
    Nets::new(&given, &NetOptions::default()).unwrap()
}

#[test]
fn the_middle_of_a_row_has_no_right_switch_by_default() {
    let right = CompartmentBits { membrane_right: true, ..CompartmentBits::default() };
    let found = nets(&[(top(127), right), (top(128), CompartmentBits::default())]);
    assert_eq!((found.count, found.remarks), (2, vec![NetRemark::NoRightNeighbour(top(127))]));
    let given = [(top(127), right, false), (top(128), CompartmentBits::default(), false)];
    let options = NetOptions { connected_across_middle: true, ..NetOptions::default() };
    assert_eq!(Nets::new(&given, &options).unwrap().count, 1);
    let edge = nets(&[(top(255), right)]);
    assert_eq!(edge.remarks, [NetRemark::NoRightNeighbour(top(255))]);
}

#[test]
fn a_vertical_switch_needs_both_bits_and_a_short_bypasses_the_conductance() {
    let down = CompartmentBits { bottom: true, ..CompartmentBits::default() };
    let found = nets(&[(top(3), down), (bottom(3), CompartmentBits::default())]);
    assert_eq!((found.count, found.remarks), (2, vec![NetRemark::OneSidedVerticalSwitch(top(3))]));
    assert_eq!(nets(&[(top(3), down), (bottom(3), down)]).count, 1);
    let bypassed = CompartmentBits { soma: true, conductance: true, ..CompartmentBits::default() };
    let found = nets(&[(top(3), bypassed)]);
    assert_eq!(found.remarks, [NetRemark::BypassedConductance(top(3))]);
    assert!(found.couplings.is_empty());
}

#[test]
fn only_the_somata_switch_joins_lines_without_effect_on_membranes() {
    let somata = CompartmentBits { somata: true, ..CompartmentBits::default() };
    let found = nets(&[(top(3), somata), (top(4), CompartmentBits::default())]);
    assert_eq!((found.count, found.couplings.len()), (2, 0));
}
