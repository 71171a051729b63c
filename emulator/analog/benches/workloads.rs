//! How long whole workloads of a chip take, beside a plain loop in C: `cargo bench -p bss2-analog --bench workloads`.
//!
//! Prints a table and writes it as JSON to `target/workloads.json`. Times are CPU time of one thread; the loop in C
//! (`benches/yardstick.c`) is built here with `cc -O3 -march=native` and gets the same neurons, weights and events. An argument scales the
//! chip time of W1 to W3: `-- 0.1` for a millisecond instead of ten.
//!
//! | | |
//! |---|---|
//! | W1 | 512 adaptive exponential neurons, all different, 256 Poisson inputs of 20 kHz to each through 131,072 synapses |
//! | W1 in a core | the same inputs and neurons behind the synapse array of an `AnalogCore`: drivers with the dynamics of short-term plasticity, correlation sensors with traces in all synapses, a fire fed to them; the charges of a synapse are summed there, not in a table |
//! | W2 | the same with integrate-and-fire neurons |
//! | W3 | 84 chains of four compartments: six circuits each, for an inner compartment takes two |
//! | W3 and W1, W2 | the engine alone: mismatch of circuits, but no sensors and no short-term plasticity |
//! | W4 | 20 ms in which nothing happens |
//! | W5 | a pass of a vector-matrix multiplication: 128 inputs, 256 outputs |

use bss2_analog::reference::{Circuit, Quantity};
use bss2_analog::stepped::{Engine, Options};
use bss2_analog::{
    AnalogCore, AnalogOptions, ColumnSwitches, DriverParameters, Line, Refractory, RowMode,
    ShortTermPlasticity, SynapticPulse,
};
use bss2_base::random::{Level, Stream, path_hash};
use bss2_base::{COLUMNS, ColumnMask, Hemisphere, NEURONS, Neuron, Quadrant, SimTime};
use serde_json::{Value, json};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

const INPUTS: usize = 256;
/// 1/us.
const INPUT_RATE: f64 = 0.02;
/// Charge in C of weight 1: DAC and transconductance biases far below those of a single strong input.
const UNIT: f64 = 0.375e-15 * 0.05;
/// Time in us between calls of `advance`.
const SLICE: u64 = 10;

/// CPU time of this thread in s.
fn cpu_time() -> f64 {
    // Field 1 is the time on the processor in ns, of all threads of the process.
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|field| field.parse::<f64>().ok());
    nanoseconds.unwrap_or(f64::NAN) * 1e-9
}

/// Random numbers in order.
struct Draws(Stream, u64);

fn rng(what: &str) -> Draws {
    Draws(Stream::new(1, path_hash(what), Level::Instance, 0), 0)
}

fn uniform(rng: &mut Draws) -> f64 {
    rng.1 += 1;
    rng.0.uniform(rng.1)
}

/// The default spiking calibration as mismatch leaves it.
fn neuron(adaptive: bool, rng: &mut Draws) -> Circuit {
    let mut vary = |value: f64, relative: f64| value * (1.0 + relative * 3.46 * (uniform(rng) - 0.5));
    let mut circuit = Circuit::default();
    circuit.membrane.bank_step = vary(circuit.membrane.bank_step, 0.02);
    circuit.bits.membrane_capacitor_size = 63;
    circuit.leak.conductance = circuit.capacitance() / vary(10e-6, 0.1);
    circuit.leak.potential = vary(0.42, 0.01);
    circuit.reset.conductance = vary(15.8e-6, 0.1);
    circuit.reset.potential = vary(0.375, 0.01);
    circuit.release_charge = -8e-15;
    for (input, bits) in circuit.inputs.iter_mut().zip(&mut circuit.bits.inputs) {
        bits.enable = true;
        input.resistance = Some(vary(10e-6, 0.1) / input.capacitance);
        input.transconductance = vary(5.22e-6, 0.1);
        input.saturation_current = 489e-9;
        input.output_conductance = 0.026e-6;
        input.offset = vary(1e-3, 1.0) - 1e-3;
    }
    circuit.comparator.threshold = vary(0.5725, 0.01);
    circuit.bits.threshold_comparator = true;
    circuit.bits.fire = true;
    circuit.refractory = Refractory { clock: Some(SimTime::from_ns(64)), ticks: 32, holdoff_ticks: 1 };
    if adaptive {
        let conductance = circuit.leak.conductance;
        circuit.exponential.slope = Some(vary(0.02, 0.05));
        circuit.exponential.onset = 0.52;
        circuit.exponential.onset += 0.52 - circuit.exponential.threshold(conductance).expect("a slope");
        circuit.comparator.threshold = vary(0.65, 0.01);
        circuit.bits.exponential = true;
        circuit.bits.pause = true;
        let adaptation = &mut circuit.adaptation;
        adaptation.leak_conductance = adaptation.capacitance / vary(100e-6, 0.1);
        adaptation.coupling = vary(0.5, 0.1) * adaptation.leak_conductance;
        adaptation.leak_potential = 0.42;
        adaptation.pulse_current = vary(50e-9, 0.1);
        adaptation.pulse_length = Some(SimTime::from_ns(504));
        circuit.bits.adaptation = true;
    }
    circuit
}

/// 84 chains over both rows: the circuits of a chain are six neighbours.
fn chains(rng: &mut Draws) -> Vec<(Neuron, Circuit)> {
    let mut circuits: Vec<_> = Neuron::all().map(|own| (own, neuron(false, rng))).collect();
    for (own, circuit) in &mut circuits {
        let column = usize::from(own.column());
        // 21 chains in each half of a row.
        let (place, used) = (column % 128 % 6, column % 128 < 126);
        let bits = &mut circuit.bits.compartments;
        circuit.compartment.conductance = 1.6e-6;
        if !used {
            circuit.bits.fire = false;
            continue;
        }
        // Compartments: 0 | 1 2 | 3 4 | 5. Each is on the line of the conductance of the next one.
        match place {
            0 | 2 | 4 => (bits.soma, bits.somata) = (true, true),
            _ => bits.conductance = true,
        }
        bits.membrane_right = place == 1 || place == 3;
        if matches!(place, 2 | 4) {
            // The second circuit of a compartment adds nothing but capacitance and its switch.
            circuit.bits.membrane_capacitor_size = 0;
            circuit.leak.conductance = 0.0;
            circuit.bits.threshold_comparator = false;
            for bits in &mut circuit.bits.inputs {
                bits.enable = false;
            }
        }
    }
    circuits
}

/// Weights by row and neuron, and whether a row is inhibitory.
struct Synapses {
    weights: Vec<[u8; NEURONS]>,
}

impl Synapses {
    fn new() -> Self {
        let mut rng = rng("weights");
        let row = |_| core::array::from_fn(|_| (uniform(&mut rng) * 64.0) as u8);
        Self { weights: (0..INPUTS).map(row).collect() }
    }

    fn line(row: usize) -> Line {
        if row % 5 == 4 { Line::Inhibitory } else { Line::Excitatory }
    }
}

/// ps on the 4 ns grid, row.
fn events(us: f64) -> Vec<(u64, usize)> {
    let mut rng = rng("events");
    let mut events = Vec::new();
    let mut time = 0.0;
    loop {
        time += -(1.0 - uniform(&mut rng)).ln() / (INPUT_RATE * INPUTS as f64);
        if time >= us {
            return events;
        }
        events.push(((time * 250.0) as u64 * 4000, (uniform(&mut rng) * INPUTS as f64) as usize));
    }
}

/// CPU time in s and fires.
fn run(engine: &mut Engine, synapses: &Synapses, events: &[(u64, usize)], us: u64) -> (f64, usize) {
    // What each synapse gives, as the synapse arrays of a core have it.
    let charge = |weight: u8| (UNIT * f64::from(weight)) as f32;
    let charges: Vec<[f32; NEURONS]> = synapses.weights.iter().map(|row| row.map(charge)).collect();
    let mut ahead = events.iter().peekable();
    let begin = cpu_time();
    let mut fires = 0;
    for slice in 1..=us.div_ceil(SLICE) {
        let until = SimTime::from_us((slice * SLICE).min(us));
        while let Some((time, row)) = ahead.next_if(|(time, _)| *time <= until.as_ps()) {
            for hemisphere in Hemisphere::ALL {
                let half = &charges[*row][hemisphere.index() * COLUMNS..][..COLUMNS];
                let half = half.try_into().expect("256 columns");
                let at = SimTime::from_ps(*time);
                engine.pulse(at, hemisphere, Synapses::line(*row), half).expect("an event ahead");
            }
        }
        engine.advance(until);
        fires += engine.take_fires().len();
    }
    (cpu_time() - begin, fires)
}

/// The same through the synapse array of a core: with correlation sensors, and drivers whose plasticity voltages move (they don't change the
/// charges, so that fires stay comparable).
fn run_core(
    circuits: &[(Neuron, Circuit)],
    synapses: &Synapses,
    events: &[(u64, usize)],
    us: u64,
) -> (f64, usize) {
    let mut core = AnalogCore::new(1, AnalogOptions::noiseless());
    for (own, circuit) in circuits {
        core.set_circuit(*own, circuit).expect("circuits are physical");
        let switches = ColumnSwitches {
            synaptic_current: [true; 2],
            correlation: [true; 2],
            ..ColumnSwitches::default()
        };
        core.set_column(*own, &switches);
    }
    for quadrant in Quadrant::ALL {
        core.set_unit_charge(quadrant, UNIT);
    }
    let mode = |row| match Synapses::line(row) {
        Line::Excitatory => RowMode::Excitatory,
        Line::Inhibitory => RowMode::Inhibitory,
    };
    for hemisphere in Hemisphere::ALL {
        for (row, weights) in synapses.weights.iter().enumerate() {
            let half = weights[hemisphere.index() * COLUMNS..][..COLUMNS].try_into().expect("256 columns");
            core.set_weights(hemisphere, row as u8, &half);
        }
        for driver in 0..INPUTS / 2 {
            let plasticity = ShortTermPlasticity {
                charge_potential: 0.2,
                recovery_potential: 0.6,
                utilization: 0.3,
                recovery: 0.05,
                recovery_period: Some(SimTime::from_us(1)),
            };
            let rows = [mode(2 * driver), mode(2 * driver + 1)];
            let parameters = DriverParameters { rows, plasticity, ..DriverParameters::default() };
            core.set_driver(hemisphere, driver as u8, &parameters);
        }
    }
    let mut ahead = events.iter().peekable();
    let mut fires = Vec::new();
    let begin = cpu_time();
    for slice in 1..=us.div_ceil(SLICE) {
        let until = SimTime::from_us((slice * SLICE).min(us));
        while let Some((time, row)) = ahead.next_if(|(time, _)| *time <= until.as_ps()) {
            let odd = row % 2 == 1;
            let hit = |hit: bool| if hit { ColumnMask::ALL } else { ColumnMask::NONE };
            for hemisphere in Hemisphere::ALL {
                core.input(SynapticPulse {
                    time: SimTime::from_ps(*time),
                    hemisphere,
                    driver: (row / 2) as u8,
                    top_row: hit(odd),
                    bottom_row: hit(!odd),
                    activation: 0,
                });
            }
        }
        core.advance(until, &mut fires);
    }
    (cpu_time() - begin, fires.len())
}

/// The same in C; CPU time in s and spikes.
fn yardstick(
    circuits: &[(Neuron, Circuit)],
    synapses: &Synapses,
    events: &[(u64, usize)],
    us: u64,
    chained: bool,
) -> Option<(f64, usize)> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (program, data) = (folder.join("yardstick"), folder.join("yardstick.data"));
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/yardstick.c");
    let built = Command::new("cc")
        .args(["-O3", "-march=native", "-o"])
        .args([&program, &source])
        .arg("-lm")
        .status()
        .ok()?;
    if !built.success() {
        return None;
    }
    // Compartments of the chains: the circuits whose membranes are joined count once.
    let kept: Vec<&(Neuron, Circuit)> = circuits
        .iter()
        .filter(|(own, _)| !chained || (own.column() % 128 < 126 && !matches!(own.column() % 128 % 6, 2 | 4)))
        .collect();
    let adaptive = kept[0].1.bits.exponential;
    let mut bytes = Vec::new();
    for number in
        [kept.len(), us as usize * 10, events.len(), usize::from(adaptive) | usize::from(chained) << 1]
    {
        bytes.extend((number as u32).to_le_bytes());
    }
    let mut array = |value: &dyn Fn(&Circuit, usize) -> f64| {
        for (place, (_, circuit)) in kept.iter().enumerate() {
            bytes.extend((value(circuit, place) as f32).to_le_bytes());
        }
    };
    let per = |circuit: &Circuit| 1e-6 / circuit.capacitance();
    array(&|c, _| c.leak.conductance * per(c));
    array(&|c, _| c.leak.potential);
    array(&|_, _| 0.0);
    array(&|c, _| c.reset.potential);
    array(&|c, _| c.comparator.threshold);
    array(&|_, _| 21.0);
    array(&|c, _| c.exponential.slope.unwrap_or(1.0));
    array(&|c, _| c.exponential.threshold(c.leak.conductance).unwrap_or(0.0));
    array(&|c, _| {
        let adaptation = &c.adaptation;
        adaptation.output_conductance * adaptation.coupling / adaptation.leak_conductance.max(1e-18) * per(c)
    });
    array(&|c, _| c.adaptation.leak_conductance / c.adaptation.capacitance * 1e-6);
    array(&|c, _| {
        let adaptation = &c.adaptation;
        let pulse = adaptation.pulse_length.map_or(0.0, SimTime::as_secs_f64);
        adaptation.output_conductance * adaptation.pulse_current * pulse / adaptation.capacitance * per(c)
    });
    for line in 0..2 {
        array(&|c, _| c.inputs[line].transconductance * per(c));
    }
    for line in 0..2 {
        array(&|c, _| {
            let tau = c.inputs[line].resistance.map_or(1.0, |ohm| ohm * c.inputs[line].capacitance * 1e6);
            (-0.1 / tau).exp()
        });
    }
    array(&|c, place| if place % 4 == 3 { 0.0 } else { 1.6e-6 * per(c) });
    for (row, weights) in synapses.weights.iter().enumerate() {
        let sign = -Synapses::line(row).sign();
        for (own, circuit) in &kept {
            let step = UNIT / circuit.inputs[0].capacitance;
            let weight = -sign * step * f64::from(weights[own.index()]);
            bytes.extend((weight as f32).to_le_bytes());
        }
    }
    for (time, row) in events {
        bytes.extend(((time / 100_000) as u32).to_le_bytes());
        bytes.extend((*row as u32).to_le_bytes());
    }
    std::fs::write(&data, bytes).ok()?;
    let output = Command::new(&program).arg(&data).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut fields = text.split_whitespace();
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

fn engine(circuits: Vec<(Neuron, Circuit)>) -> Engine {
    Engine::new(circuits, Options::default()).expect("circuits are physical")
}

/// The table.
struct Report {
    rows: Vec<Value>,
}

impl Report {
    fn add(
        &mut self,
        name: &str,
        seconds: f64,
        chip_seconds: f64,
        fires: usize,
        plain: Option<(f64, usize)>,
    ) {
        let per = seconds / chip_seconds;
        print!("{name:<34} {:>10.3} ms {per:>9.2} s/s {fires:>8} fires", seconds * 1e3);
        if let Some((plain, spikes)) = plain {
            print!("   C: {:>9.3} ms {spikes:>8} spikes, ratio {:.2}", plain * 1e3, seconds / plain);
        }
        println!();
        self.rows.push(json!({
            "workload": name,
            "cpu_seconds": seconds,
            "chip_seconds": chip_seconds,
            "cpu_seconds_per_chip_second": per,
            "fires": fires,
            "c_cpu_seconds": plain.map(|(plain, _)| plain),
            "c_spikes": plain.map(|(_, spikes)| spikes),
            "ratio": plain.map(|(plain, _)| seconds / plain),
        }));
    }
}

fn main() {
    let scale = std::env::args().skip(1).find_map(|argument| argument.parse::<f64>().ok()).unwrap_or(1.0);
    // For profiles: a name leaves out the others.
    let only = std::env::args().skip(1).find(|argument| argument.starts_with('W'));
    let wanted = |name: &str| only.as_ref().is_none_or(|only| name.starts_with(only.as_str()));
    let us = (10_000.0 * scale).max(100.0) as u64;
    let mut report = Report { rows: Vec::new() };
    let (synapses, events) = (Synapses::new(), events(us as f64));
    let workload = |name: &str, circuits: Vec<(Neuron, Circuit)>, chained: bool, report: &mut Report| {
        if !wanted(name) {
            return;
        }
        let mut simulation = engine(circuits.clone());
        let (seconds, fires) = run(&mut simulation, &synapses, &events, us);
        let plain = yardstick(&circuits, &synapses, &events, us, chained);
        report.add(name, seconds, us as f64 * 1e-6, fires, plain);
    };
    let all = |adaptive: bool| {
        let mut rng = rng("neurons");
        Neuron::all().map(|own| (own, neuron(adaptive, &mut rng))).collect::<Vec<_>>()
    };
    workload("W1 adaptive exponential", all(true), false, &mut report);
    if wanted("W1 in a core") {
        let circuits = all(true);
        let (seconds, fires) = run_core(&circuits, &synapses, &events, us);
        let plain = yardstick(&circuits, &synapses, &events, us, false);
        report.add("W1 in a core, sensors and STP", seconds, us as f64 * 1e-6, fires, plain);
    }
    workload("W2 integrate-and-fire", all(false), false, &mut report);
    workload("W3 chains of four compartments", chains(&mut rng("neurons")), true, &mut report);

    if only.is_some() {
        return;
    }
    let mut waiting = engine(all(true));
    waiting.advance(SimTime::from_us(1000));
    waiting.take_fires();
    let begin = cpu_time();
    waiting.advance(SimTime::from_us(21_000));
    report.add("W4 nothing for 20 ms", cpu_time() - begin, 0.02, waiting.take_fires().len(), None);

    let passes = 100;
    let seconds = multiplication(passes);
    report.add("W5 a multiplication of 128 x 256", seconds, 20e-6, 0, None);

    two_at_once(&all(true), &synapses, &events, us.min(1000), &mut report);

    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../workloads.json");
    match std::fs::write(&path, format!("{:#}\n", Value::from(report.rows))) {
        Ok(()) => println!("{}", path.display()),
        Err(error) => eprintln!("{}: {error}", path.display()),
    }
}

/// Mean CPU time in s of a pass: 128 events 8 ns apart, integration on the membrane without leak, all outputs read, reset.
fn multiplication(passes: u64) -> f64 {
    let mut rng = rng("hagen");
    let mut circuit = Circuit::default();
    circuit.bits.membrane_capacitor_size = 63;
    circuit.leak.conductance = 1e-9;
    circuit.leak.potential = 0.6;
    circuit.reset.conductance = 15.8e-6;
    circuit.reset.potential = 0.6;
    circuit.bits.fire = true;
    circuit.refractory = Refractory { clock: Some(SimTime::from_ns(64)), ticks: 16, holdoff_ticks: 1 };
    for (input, bits) in circuit.inputs.iter_mut().zip(&mut circuit.bits.inputs) {
        bits.enable = true;
        input.resistance = Some(0.5e-6 / input.capacitance);
        input.transconductance = 1e-6;
        input.saturation_current = 489e-9;
    }
    let upper = Neuron::all().filter(|own| own.hemisphere() == Hemisphere::Top);
    let mut simulation = engine(upper.map(|own| (own, circuit)).collect());
    let mut charges = [[0.0; COLUMNS]; 128];
    for charge in charges.iter_mut().flatten() {
        *charge = (0.375e-15 * 10.0 * uniform(&mut rng)) as f32;
    }
    let mut sum = 0.0;
    let begin = cpu_time();
    for pass in 0..passes {
        let start = pass * 20_000;
        for (row, charges) in charges.iter().enumerate() {
            let line = if row % 2 == 0 { Line::Excitatory } else { Line::Inhibitory };
            let at = SimTime::from_ns(start + 2_000 + 8 * row as u64);
            simulation.pulse(at, Hemisphere::Top, line, charges).expect("an event ahead");
        }
        simulation.advance(SimTime::from_ns(start + 6_000));
        for own in Neuron::all().filter(|own| own.hemisphere() == Hemisphere::Top) {
            sum += simulation.value(own, Quantity::Membrane).expect("simulated");
        }
        let at = SimTime::from_ns(start + 8_000);
        for own in Neuron::all().filter(|own| own.hemisphere() == Hemisphere::Top) {
            simulation.input(at, own, bss2_analog::reference::Input::Fire).expect("an input ahead");
        }
        simulation.advance(SimTime::from_ns(start + 20_000));
        simulation.take_fires();
    }
    black_box(sum);
    (cpu_time() - begin) / passes as f64
}

/// Two chips on two threads: how much more than one at a time.
fn two_at_once(
    circuits: &[(Neuron, Circuit)],
    synapses: &Synapses,
    events: &[(u64, usize)],
    us: u64,
    report: &mut Report,
) {
    let events = &events[..events.partition_point(|(time, _)| *time <= us * 1_000_000)];
    let timed = |threads: usize| {
        let begin = std::time::Instant::now();
        let fires = std::thread::scope(|scope| {
            let chip = || run(&mut engine(circuits.to_vec()), synapses, events, us);
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(chip)).collect();
            running.into_iter().map(|one| one.join().expect("a chip")).map(|(_, fires)| fires).sum::<usize>()
        });
        (begin.elapsed().as_secs_f64(), fires)
    };
    let (one, fires) = timed(1);
    let (two, _) = timed(2);
    println!("two chips on two cores: {:.2} of one (wall time: only on an idle machine)", 2.0 * one / two);
    report
        .rows
        .push(json!({ "workload": "two chips on two cores", "gain": 2.0 * one / two, "fires": fires }));
}
