//! How long the analog core takes for typical loads. All times are for one core of the machine and temporal noise on.
//!
//! Divide by the chip time in the name: `1 ms` of chip time in 1 ms of wall time is one thousandth of the chip's speed-up.

use bss2_analog::{
    AnalogCore, AnalogOptions, ColumnSwitches, Comparator, DriverParameters, NeuronParameters, Readout,
    Refractory, RowMode, SynapticInput, SynapticPulse, Transconductor,
};
use bss2_base::random::{Level, Stream};
use bss2_base::{ColumnMask, Hemisphere, Neuron, SimTime};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use std::hint::black_box;

/// The default spiking calibration: tau_m = tau_s = 10 us, threshold 200 mV above rest, t_ref 2 us.
fn parameters() -> NeuronParameters {
    let input = SynapticInput {
        enabled: true,
        time_constant: 10e-6,
        transconductance: 5.22e-6,
        saturation_current: 489e-9,
        output_conductance: 0.026e-6,
        ..SynapticInput::default()
    };
    NeuronParameters {
        capacitance: 2.576e-12,
        leak: Transconductor { conductance: 0.258e-6, potential: 0.42, ..Transconductor::default() },
        reset: Transconductor { conductance: 15.8e-6, potential: 0.375, ..Transconductor::default() },
        release_charge: -8e-15,
        inputs: [input; 2],
        comparator: Some(Comparator { threshold: 0.6225, delay: 20e-9 }),
        enable_fire: true,
        refractory: Refractory { clock: Some(SimTime::from_ns(64)), ticks: 32, holdoff_ticks: 1 },
        readout: Readout { amplifier: true, ..Readout::default() },
        ..NeuronParameters::default()
    }
}

/// A core with the first `columns` neurons of each hemisphere in use and random weights; even drivers excite, odd ones inhibit.
fn core(columns: usize, weight: u32, options: AnalogOptions) -> AnalogCore {
    let mut core = AnalogCore::new(1, options);
    let weights = Stream::new(7, 1, Level::Instance, 0);
    for hemisphere in Hemisphere::ALL {
        for column in (0..=255).take(columns) {
            let neuron = Neuron::new(hemisphere, column);
            core.set_neuron(neuron, &parameters()).expect("parameters are physical");
            core.set_column(
                neuron,
                &ColumnSwitches {
                    synaptic_current: [true; 2],
                    correlation: [true; 2],
                    ..ColumnSwitches::default()
                },
            );
        }
        for driver in 0..128 {
            let mode = if driver % 5 == 4 { RowMode::Inhibitory } else { RowMode::Excitatory };
            core.set_driver(
                hemisphere,
                driver,
                &DriverParameters { rows: [mode; 2], ..DriverParameters::default() },
            );
        }
        for row in 0..=255u8 {
            let weights = core::array::from_fn(|column| {
                (weights.word(256 * u64::from(row) + column as u64) % weight) as u8
            });
            core.set_weights(hemisphere, row, &weights);
        }
    }
    core
}

/// Events of `sources` Poisson sources with this rate in Hz for `duration`; source s drives row s of both hemispheres and matches
/// `matches` of the first `columns` columns on average.
fn input(sources: u64, rate: f64, duration: SimTime, columns: usize, matching: f64) -> Vec<SynapticPulse> {
    let draws = Stream::new(3, 2, Level::Instance, 0);
    let cycles = duration.cycles(SimTime::FABRIC_CYCLE);
    let count = (sources as f64 * rate * duration.as_secs_f64()) as u64;
    let mut pulses: Vec<SynapticPulse> = (0..count)
        .flat_map(|event| {
            let source = u64::from(draws.word(2 * event)) % sources;
            let cycle = (draws.uniform(2 * event + 1) * cycles as f64) as u64;
            let mask: ColumnMask = (0..=255u8)
                .take(columns)
                .filter(|column| {
                    Stream::new(4, 2, Level::Instance, 0).uniform(source * 256 + u64::from(*column))
                        < matching
                })
                .collect();
            let (top, bottom) =
                if source % 2 == 1 { (mask, ColumnMask::NONE) } else { (ColumnMask::NONE, mask) };
            Hemisphere::ALL.map(|hemisphere| SynapticPulse {
                time: SimTime::from_cycles(cycle, SimTime::FABRIC_CYCLE),
                hemisphere,
                driver: (source / 2) as u8,
                top_row: top,
                bottom_row: bottom,
                activation: 0,
            })
        })
        .collect();
    pulses.sort_by_key(|pulse| pulse.time);
    pulses
}

/// Runs the pulses in windows of `window`; returns the number of fires.
fn run(core: &mut AnalogCore, pulses: &[SynapticPulse], window: SimTime, duration: SimTime) -> usize {
    let mut fires = Vec::new();
    let mut next = pulses.iter().peekable();
    let mut end = SimTime::ZERO;
    while end < duration {
        end += window;
        while let Some(pulse) = next.next_if(|pulse| pulse.time < end) {
            core.input(*pulse);
        }
        core.advance(end, &mut fires);
    }
    fires.len()
}

fn loads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("analog");
    group.sample_size(10).warm_up_time(std::time::Duration::from_millis(500));
    let ms = SimTime::from_ms(1);
    let window = SimTime::from_ns(200);
    for (name, columns, weight, sources, rate, matching, options) in [
        // 512 LIF neurons, 256 sources at 20 kHz, every tenth synapse: 0.5 MHz of synaptic events for each neuron.
        ("1 ms, 512 neurons x 0.5 MHz", 256, 64, 256, 20e3, 0.1, AnalogOptions::default()),
        ("1 ms, 512 neurons x 0.5 MHz, no noise", 256, 64, 256, 20e3, 0.1, AnalogOptions::noiseless()),
        // All to all: 5 MHz of synaptic events for each neuron.
        ("1 ms, 512 neurons x 5 MHz", 256, 8, 256, 20e3, 1.0, AnalogOptions::default()),
        // A Pong-like network: 32 sources, 2 x 16 neurons, all to all.
        ("1 ms, 32 neurons x 0.6 MHz", 16, 64, 32, 20e3, 1.0, AnalogOptions::default()),
    ] {
        let core = core(columns, weight, options);
        let pulses = input(sources, rate, ms, columns, matching);
        let synaptic: usize =
            pulses.iter().map(|pulse| pulse.top_row.count() + pulse.bottom_row.count()).sum();
        let fires = run(&mut core.clone(), &pulses, window, ms);
        eprintln!("{name}: {synaptic} synaptic events, {fires} fires");
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || core.clone(),
                |core| run(core, black_box(&pulses), window, ms),
                BatchSize::PerIteration,
            );
        });
    }
    let resting = core(256, 64, AnalogOptions::default());
    group.bench_function("20 ms, 512 resting neurons", |bencher| {
        bencher.iter_batched_ref(
            || resting.clone(),
            |core| core.advance(SimTime::from_ms(20), &mut Vec::new()),
            BatchSize::PerIteration,
        );
    });
    let mut converted = resting.clone();
    group.bench_function("CADC conversion of a row", |bencher| {
        bencher.iter(|| converted.convert(Hemisphere::Top, black_box(3)));
    });
    let mut configured = resting.clone();
    let neuron = Neuron::new(Hemisphere::Top, 3);
    group.bench_function("new parameters for a neuron", |bencher| {
        bencher.iter(|| configured.set_neuron(neuron, black_box(&parameters())));
    });
    group.finish();
}

criterion_group!(benches, loads);
criterion_main!(benches);
