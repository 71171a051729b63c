//! What level R costs: one core of the machine, default tolerances.

use bss2_analog::reference::{Circuit, Options, Simulation};
use bss2_base::{Hemisphere, Neuron, SimTime};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

/// A membrane of 10 us with 30 nA.
fn membrane() -> Circuit {
    let mut circuit = Circuit::default();
    circuit.bits.membrane_capacitor_size = 63;
    circuit.leak.conductance = circuit.capacitance() / 10e-6;
    circuit.leak.potential = 0.42;
    circuit.offset_current = 30e-9;
    circuit.bits.membrane_offset = true;
    circuit
}

/// An adaptive exponential neuron that fires tonically.
fn adaptive() -> Circuit {
    let mut circuit = membrane();
    circuit.leak.conductance = circuit.capacitance() / 20e-6;
    circuit.leak.potential = 0.5;
    circuit.offset_current = 64e-9;
    circuit.exponential.slope = Some(0.020);
    circuit.exponential.onset = 0.97;
    circuit.bits.exponential = true;
    circuit.bits.pause = true;
    circuit.adaptation.leak_conductance = circuit.adaptation.capacitance / 30e-6;
    circuit.adaptation.coupling = 0.1e-6;
    circuit.bits.adaptation = true;
    circuit.reset.conductance = 15.8e-6;
    circuit.reset.potential = 0.62;
    circuit.comparator.threshold = 0.8;
    circuit.bits.threshold_comparator = true;
    circuit.bits.fire = true;
    circuit.refractory.clock = Some(SimTime::from_ns(8));
    circuit.refractory.ticks = 100;
    circuit
}

fn chain(count: u8) -> Vec<(Neuron, Circuit)> {
    let neuron = |column| Neuron::new(Hemisphere::Top, column);
    let mut circuits = Vec::new();
    for number in 0..count {
        let mut body = membrane();
        body.bits.membrane_offset = number == 0;
        body.compartment.conductance = 1.6e-6;
        body.bits.compartments.conductance = number > 0;
        body.bits.compartments.membrane_right = true;
        let mut link = Circuit::default();
        link.bits.compartments.soma = number + 1 < count;
        link.bits.compartments.somata = number + 1 < count;
        circuits.push((neuron(2 * number), body));
        circuits.push((neuron(2 * number + 1), link));
    }
    circuits
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("reference, 1 ms");
    group.sample_size(10);
    let mut run = |name, circuits: Vec<(Neuron, Circuit)>| {
        let simulation = Simulation::new(circuits, Options::default()).expect("circuits are physical");
        group.bench_function(name, |b| {
            b.iter_batched(
                || simulation.clone(),
                |mut simulation| simulation.advance(SimTime::from_ms(1)),
                BatchSize::SmallInput,
            );
        });
    };
    run("passive membrane", vec![(Neuron::new(Hemisphere::Top, 0), membrane())]);
    run("firing AdEx neuron", vec![(Neuron::new(Hemisphere::Top, 0), adaptive())]);
    run("chain of 8 compartments", chain(8));
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
