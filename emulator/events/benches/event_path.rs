//! Driver events per second on one core along the whole path: background source, crossbar, PADI bus, driver, and the
//! comparison of both rows' 256 synapse labels (goal: 20 million on one core).
//!
//! `cargo bench -p bss2-events --bench event_path`. Times are processor time, which a busy machine does not lengthen as it does wall
//! time.

use bss2_base::Hemisphere;
use bss2_events::*;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

/// Processor time of this thread.
struct ProcessorTime;

impl ProcessorTime {
    fn now() -> Duration {
        Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
    }
}

impl Measurement for ProcessorTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        Self::now()
    }
    fn end(&self, start: Duration) -> Duration {
        Self::now().saturating_sub(start)
    }
    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }
    fn zero(&self) -> Duration {
        Duration::ZERO
    }
    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }
    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Cycles of one iteration: 400 µs of chip time.
const CYCLES: u64 = 100_000;

/// All eight sources, a random event every `interval` cycles each, on their buses; every event finds one driver.
fn network(interval: u16, to_host: bool) -> EventNetwork {
    let mut network = EventNetwork::default();
    for hemisphere in Hemisphere::ALL {
        for bus in PadiBus::all() {
            let config = PadiBusConfig { enable_spl1: true, ..Default::default() };
            network.set_padi_bus(hemisphere, bus, config);
        }
        for driver in Driver::all() {
            let config = DriverConfig {
                enable_receiver: true,
                compare_mask: 31,
                enable_address_out: true,
                top: RowMode::Excitatory,
                bottom: RowMode::Inhibitory,
            };
            network.set_driver(hemisphere, driver, config);
        }
        for row in 0..=255u8 {
            let labels = std::array::from_fn(|column| (column as u8).wrapping_mul(row | 1) & 63);
            network.labels_mut().set_row(hemisphere, row, &labels);
        }
    }
    for source in BackgroundSource::all() {
        if !to_host {
            let input = CrossbarInput::of_background(source);
            for site in
                crossbar::sites().iter().filter(|site| site.input == input && site.output.link().is_some())
            {
                network.set_node(site.node, NodeConfig::DROP_ALL);
            }
        }
        let config = BackgroundConfig {
            enable: true,
            enable_random: true,
            period: interval - 1,
            seed: 1 + source.index() as u32,
            mask: 0xFF,
            rate: 255,
            label: NeuronLabel::truncate(0x700),
        };
        network.set_background(source, config);
    }
    network
}

/// Every synapse that the pulses reach.
fn match_labels(network: &EventNetwork, pulses: &[DriverPulse]) -> usize {
    let mut synapses = 0;
    for pulse in pulses {
        let config = network.driver(pulse.hemisphere, pulse.driver);
        for row in [pulse.driver.bottom_row(), pulse.driver.top_row()] {
            if config.row_mode(row).is_enabled() {
                let columns = network.labels().matches(pulse.hemisphere, row, pulse.address);
                synapses += black_box(columns).count();
            }
        }
    }
    synapses
}

fn event_path(criterion: &mut Criterion<ProcessorTime>) {
    let mut group = criterion.benchmark_group("event path");
    for (name, interval, to_host, slice) in [
        ("saturated buses", 2, false, CYCLES),
        ("saturated buses, recorded", 2, true, CYCLES),
        ("1 MEvent/s a source", 250, false, CYCLES),
        ("1 MEvent/s a source, windows of 8 cycles", 250, false, 8),
    ] {
        group.throughput(Throughput::Elements(8 * CYCLES / u64::from(interval)));
        group.bench_function(name, |bencher| {
            let mut network = network(interval, to_host);
            let mut out = Outputs::default();
            network.advance(CYCLES, &mut out);
            let expected = 8 * CYCLES / u64::from(interval);
            assert!(expected.abs_diff(out.pulses.len() as u64) <= expected / 1000, "an event a pulse");
            bencher.iter(|| {
                let mut synapses = 0;
                let end = network.now() + CYCLES;
                while network.now() < end {
                    out.clear();
                    network.advance((network.now() + slice).min(end), &mut out);
                    synapses += match_labels(&network, &out.pulses);
                }
                synapses
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("label comparison");
    group.throughput(Throughput::Elements(1));
    group.bench_function("one row of 256 synapses", |bencher| {
        let network = network(2, false);
        let mut row = 0u8;
        bencher.iter(|| {
            row = row.wrapping_add(37);
            network.labels().matches(Hemisphere::Top, black_box(row), black_box(row & 63))
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(ProcessorTime);
    targets = event_path
}
criterion_main!(benches);
