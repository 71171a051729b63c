//! What the stepped class costs: 512 adaptive exponential neurons with random input, by lanes of a block.
//!
//! A block of one lane is the plain scalar loop: the same operations, nothing to vectorise. Times are for one core of the machine.

use bss2_analog::Line;
use bss2_analog::reference::{Circuit, Input};
use bss2_analog::stepped::{Options, Simulation};
use bss2_base::random::{Level, Stream};
use bss2_base::{Neuron, SimTime};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

const CHIP_TIME: SimTime = SimTime::from_us(100);
/// Of each neuron, on average: two hundred biological inputs of 10 Hz.
const EVENTS: u32 = 200;

/// The default spiking calibration with exponential and adaptation, or without.
fn circuit(adaptive: bool) -> Circuit {
    let mut circuit = Circuit::default();
    circuit.bits.membrane_capacitor_size = 63;
    circuit.leak.conductance = circuit.capacitance() / 10e-6;
    circuit.leak.potential = 0.42;
    circuit.reset.conductance = 15.8e-6;
    circuit.reset.potential = 0.375;
    circuit.release_charge = -8e-15;
    for (input, bits) in circuit.inputs.iter_mut().zip(&mut circuit.bits.inputs) {
        bits.enable = true;
        input.resistance = Some(10e-6 / input.capacitance);
        input.transconductance = 5.22e-6;
        input.saturation_current = 489e-9;
        input.output_conductance = 0.026e-6;
    }
    circuit.comparator.threshold = 0.6225;
    circuit.bits.threshold_comparator = true;
    circuit.bits.fire = true;
    circuit.refractory.clock = Some(SimTime::from_ns(64));
    circuit.refractory.ticks = 32;
    circuit.refractory.holdoff_ticks = 1;
    if adaptive {
        let conductance = circuit.leak.conductance;
        circuit.exponential.slope = Some(0.02);
        circuit.exponential.onset = 0.55;
        circuit.exponential.onset += 0.55 - circuit.exponential.threshold(conductance).expect("a slope");
        circuit.comparator.threshold = 0.7;
        circuit.bits.exponential = true;
        circuit.bits.pause = true;
        let adaptation = &mut circuit.adaptation;
        adaptation.leak_conductance = adaptation.capacitance / 100e-6;
        adaptation.coupling = 0.5 * adaptation.leak_conductance;
        adaptation.leak_potential = 0.42;
        adaptation.pulse_current = 50e-9;
        adaptation.pulse_length = Some(SimTime::from_ns(504));
        circuit.bits.adaptation = true;
    }
    circuit
}

fn loaded<const W: usize>(adaptive: bool) -> Simulation<W> {
    let circuits: Vec<_> = Neuron::all().map(|neuron| (neuron, circuit(adaptive))).collect();
    let mut simulation = Simulation::new(circuits, Options::default()).expect("circuits are physical");
    let draws = Stream::new(1, 2, Level::Instance, 3);
    let mut random = (0..).map(|draw| u64::from(draws.word(draw)));
    let mut below = |limit: u64| random.next().expect("endless") % limit;
    for neuron in Neuron::all() {
        for _ in 0..EVENTS {
            let cycle = below(CHIP_TIME.as_ps() / 4000);
            let line = if below(5) == 0 { Line::Inhibitory } else { Line::Excitatory };
            let charge = 0.375e-15 * below(16) as f64;
            let input = Input::Charge { line, charge };
            simulation.input(SimTime::from_ps(4000 * cycle), neuron, input).expect("an input ahead");
        }
    }
    simulation
}

fn bench(c: &mut Criterion) {
    let mut group = c.benchmark_group("stepped, 512 neurons, 100 us");
    group.sample_size(10);
    fn run<const W: usize>(
        group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
        name: &str,
        adaptive: bool,
        slice: SimTime,
    ) {
        let simulation = loaded::<W>(adaptive);
        group.bench_function(name, |b| {
            b.iter_batched(
                || simulation.clone(),
                |mut simulation| {
                    while simulation.now() < CHIP_TIME {
                        let next = simulation.now().saturating_add(slice).min(CHIP_TIME);
                        simulation.advance(next);
                    }
                    black_box(simulation.take_fires().len());
                    simulation
                },
                BatchSize::LargeInput,
            );
        });
    }
    let slice = SimTime::from_us(1);
    run::<1>(&mut group, "AdEx, 1 lane", true, slice);
    run::<4>(&mut group, "AdEx, 4 lanes", true, slice);
    run::<8>(&mut group, "AdEx, 8 lanes", true, slice);
    run::<16>(&mut group, "AdEx, 16 lanes", true, slice);
    run::<8>(&mut group, "AdEx, 8 lanes, slices of 100 ns", true, SimTime::from_ns(100));
    run::<1>(&mut group, "integrate-and-fire, 1 lane", false, slice);
    run::<8>(&mut group, "integrate-and-fire, 8 lanes", false, slice);
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
