//! Cost of writing all cells and of the parameter updates of a 20 ms wait.

#![allow(missing_docs)]

use bss2_analog::mismatch::{ChipMismatch, MismatchSwitches};
use bss2_base::{Hemisphere, Neuron, Quadrant, SimTime};
use bss2_chip::physics::{
    CapMem, CapMemOptions, CellAddress, ChipPhysics, ChipSummary, DriverSwitches, NeuronSwitches, Warnings,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// Translates all neurons and drivers whose columns moved since the last update.
fn update(physics: &ChipPhysics, capmem: &CapMem, since: SimTime, now: SimTime) {
    let mut switches = NeuronSwitches::default();
    switches.bits.membrane_capacitor_size = 63;
    switches.bits.inputs[0].enable = true;
    switches.bits.inputs[1].enable = true;
    let mut warnings = Warnings::default();
    let cells = physics.cells(capmem, now);
    for quadrant in Quadrant::ALL {
        let biases = cells.biases(quadrant);
        let first = 128 * quadrant.index();
        for neuron in (first..first + 128).filter_map(Neuron::from_index) {
            if capmem.may_have_changed(quadrant, neuron.column() % 128, since) {
                black_box(cells.neuron(neuron, &biases, &switches, &mut warnings));
            }
        }
    }
    for hemisphere in Hemisphere::ALL {
        for driver in 0..128 {
            black_box(cells.driver(hemisphere, driver, &DriverSwitches::default(), &mut warnings));
        }
    }
}

fn settling(c: &mut Criterion) {
    let individual = ChipMismatch::new(1, MismatchSwitches::default());
    let physics = ChipPhysics::new(individual.clone());
    let mut refreshed = CapMem::new(individual.clone(), CapMemOptions::default());
    for block in Quadrant::ALL {
        refreshed.set_refresh(block, true, SimTime::ZERO);
    }
    let written = |mut capmem: CapMem| {
        for (i, cell) in CellAddress::all().enumerate() {
            capmem.write(cell, 300 + (i % 400) as u16, SimTime::from_ns(i as u64));
        }
        capmem
    };
    c.bench_function("write 12480 cells", |b| {
        b.iter_batched(|| refreshed.clone(), written, BatchSize::LargeInput);
    });
    let capmem = written(refreshed.clone());
    c.bench_function("updates of a 20 ms wait after writing all cells", |b| {
        b.iter(|| {
            let mut now = SimTime::from_us(13);
            while let Some(next) = capmem.next_update(now).filter(|&next| next <= SimTime::from_ms(20)) {
                update(&physics, &capmem, now, next);
                now = next;
            }
        });
    });
    c.bench_function("a new individual", |b| b.iter(|| ChipPhysics::new(black_box(individual.clone()))));
    c.bench_function("synapses of a hemisphere", |b| {
        b.iter(|| individual.synapses(black_box(Hemisphere::Top)))
    });
    c.bench_function("summary of a chip", |b| b.iter(|| ChipSummary::of(black_box(&individual))));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = settling
}
criterion_main!(benches);
