//! Solutions by SciPy (`tests/golden/reference.py`), and circuits without a closed form against them.

use crate::common::{leaky, top};
use bss2_analog::Line;
use bss2_analog::reference::{Circuit, Input, Options, Quantity, Simulation};
use bss2_base::SimTime;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// `reference.json`. Units are SI but for the biological patterns.
#[derive(Deserialize)]
pub(crate) struct Golden {
    pub(crate) patterns: BTreeMap<String, Pattern>,
    conductance_based: Solution<ConductanceBased, f64>,
    pair: Solution<Compartments, Vec<f64>>,
    star: Solution<Compartments, Vec<f64>>,
}

#[derive(Deserialize)]
pub(crate) struct Pattern {
    /// C, g_L, E_L, V_T, Delta_T, a, tau_w, b, V_r, I of the table.
    pub(crate) parameters: [f64; 10],
    /// ms.
    pub(crate) spikes: Vec<f64>,
    pub(crate) chip: PatternOnChip,
}

#[derive(Deserialize)]
pub(crate) struct PatternOnChip {
    pub(crate) parameters: PatternCircuit,
    pub(crate) resets: Vec<f64>,
    /// Membrane and adaptation voltage every 10 us.
    pub(crate) samples: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
pub(crate) struct PatternCircuit {
    pub(crate) capacitance: f64,
    pub(crate) leak: f64,
    pub(crate) rest: f64,
    pub(crate) current: f64,
    pub(crate) slope: f64,
    pub(crate) prefactor: f64,
    pub(crate) shift: f64,
    pub(crate) onset: f64,
    pub(crate) limit: f64,
    pub(crate) reset: f64,
    pub(crate) reset_potential: f64,
    pub(crate) release: f64,
    pub(crate) threshold: f64,
    pub(crate) delay: f64,
    pub(crate) clock: f64,
    pub(crate) ticks: u16,
    pub(crate) holdoff: u16,
    pub(crate) linear_range: f64,
    pub(crate) c_w: f64,
    pub(crate) g_w: f64,
    pub(crate) g_tau: f64,
    pub(crate) g_a: f64,
    pub(crate) i_b: f64,
    pub(crate) reference: f64,
    pub(crate) invert_a: bool,
    pub(crate) pulse: f64,
}

#[derive(Deserialize)]
struct Solution<P, S> {
    parameters: P,
    samples: Vec<S>,
}

#[derive(Deserialize)]
struct ConductanceBased {
    capacitance: f64,
    leak: f64,
    rest: f64,
    linear_range: f64,
    line_capacitance: f64,
    tau: [f64; 2],
    transconductance: [f64; 2],
    saturation: [f64; 2],
    offset: [f64; 2],
    output: [f64; 2],
    output_potential: f64,
    reference: [f64; 2],
    modulation: [f64; 2],
    limit: f64,
    /// Time, line, charge.
    charges: Vec<(f64, usize, f64)>,
}

#[derive(Deserialize)]
struct Compartments {
    capacitance: f64,
    leak: f64,
    rest: Vec<f64>,
    linear_range: f64,
    conductance: Vec<f64>,
    conductance_range: f64,
    offset: Vec<f64>,
    start: Vec<f64>,
}

/// The checked-in solutions.
pub(crate) fn golden() -> &'static Golden {
    static GOLDEN: LazyLock<Golden> =
        LazyLock::new(|| serde_json::from_str(include_str!("../golden/reference.json")).unwrap());
    &GOLDEN
}

/// A membrane with this capacitance and a saturating leak.
fn membrane(capacitance: f64, leak: f64, rest: f64, linear_range: f64) -> Circuit {
    let mut circuit = leaky(10e-6);
    circuit.membrane.bank_step = (capacitance - circuit.membrane.parasitic) / 63.0;
    circuit.leak.conductance = leak;
    circuit.leak.potential = rest;
    circuit.leak.linear_range = linear_range;
    circuit
}

#[test]
fn conductance_based_inputs_are_those_of_an_independent_solver() {
    let Solution { parameters: p, samples } = &golden().conductance_based;
    let mut circuit = membrane(p.capacitance, p.leak, p.rest, p.linear_range);
    for x in [0, 1] {
        let input = &mut circuit.inputs[x];
        input.capacitance = p.line_capacitance;
        input.resistance = Some(p.tau[x] / p.line_capacitance);
        input.transconductance = p.transconductance[x];
        input.saturation_current = p.saturation[x];
        input.offset = p.offset[x];
        input.output_conductance = p.output[x];
        input.output_potential = p.output_potential;
        input.coba_reference = p.reference[x];
        input.coba_modulation = p.modulation[x];
        input.coba_limit = p.limit;
        circuit.bits.inputs[x].enable = true;
        circuit.bits.inputs[x].coba_mode = true;
    }
    let mut simulation = Simulation::new(vec![(top(7), circuit)], Options::ideal()).unwrap();
    for (time, line, charge) in &p.charges {
        let input = Input::Charge { line: Line::ALL[*line], charge: *charge };
        simulation.input(SimTime::from_secs_f64(*time), top(7), input).unwrap();
    }
    let probe = simulation
        .probe(top(7), Quantity::Membrane, SimTime::ZERO, SimTime::from_us(1), samples.len())
        .unwrap();
    simulation.advance(SimTime::from_us(60)).unwrap();
    let mut swing: f64 = 0.0;
    for (number, (found, expected)) in simulation.samples(probe).iter().zip(samples).enumerate() {
        // A sample at the time of an input is taken before or after it: the membrane is continuous.
        assert!((found - expected).abs() < 1e-7, "{number}: {:e}", found - expected);
        swing = swing.max((found - p.rest).abs());
    }
    assert!(swing > 0.15, "{swing}");
}

fn compartments(solution: &Solution<Compartments, Vec<f64>>, star: bool) {
    let p = &solution.parameters;
    let count = p.rest.len();
    let mut circuits = Vec::new();
    for k in 0..count {
        let mut circuit = membrane(p.capacitance, p.leak, p.rest[k], p.linear_range);
        circuit.compartment.conductance = p.conductance[k];
        circuit.compartment.linear_range = p.conductance_range;
        circuit.compartment.offset = p.offset[k];
        circuit.bits.compartments.somata = k + 1 < count;
        circuit.bits.compartments.soma = !star && k == 0;
        circuit.bits.compartments.conductance = star || k == 1;
        circuits.push((top(k as u8), circuit));
    }
    let mut simulation = Simulation::new(circuits, Options::ideal()).unwrap();
    let mut probes = Vec::new();
    for k in 0..count {
        let neuron = top(k as u8);
        simulation.set_membrane(neuron, p.start[k]).unwrap();
        let probe = simulation.probe(neuron, Quantity::Membrane, SimTime::ZERO, SimTime::from_ns(500), 40);
        probes.push(probe.unwrap());
    }
    simulation.advance(SimTime::from_us(20)).unwrap();
    for (number, expected) in solution.samples.iter().enumerate() {
        for k in 0..count {
            let found = simulation.samples(probes[k])[number];
            assert!((found - expected[k]).abs() < 1e-7, "{number} {k}: {:e}", found - expected[k]);
        }
    }
}

#[test]
fn saturating_compartments_are_those_of_an_independent_solver() {
    compartments(&golden().pair, false);
    compartments(&golden().star, true);
}
