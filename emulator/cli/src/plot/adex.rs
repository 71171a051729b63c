//! The adaptive exponential neuron: the eight firing patterns as standard equations, and on a circuit of the chip.
//!
//! The only place where pictures of the exponential and the adaptation get their data: [`record`]. It asks the reference
//! simulation (level R), since the chip does not run these circuits yet.

use bss2_analog::Refractory;
use bss2_analog::reference::solver::{Crossing, Integrator, Settings, Stop, System};
use bss2_analog::reference::{Circuit, Options, Quantity, ReferenceError, Simulation};
use bss2_base::math::{exp, ln, tanh};
use bss2_base::{Hemisphere, Neuron, SimTime};
use nalgebra::DMatrix;

/// What computes the pictures, for their titles.
pub(super) const LEVEL: &str = "level R";

/// A set of the standard equations in biological units (analog-core 10.1; Naud et al. 2008).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pattern {
    /// What it does.
    pub(super) name: &'static str,
    /// pF.
    capacitance: f64,
    /// nS.
    leak: f64,
    /// mV.
    rest: f64,
    /// nS.
    a: f64,
    /// ms.
    tau: f64,
    /// pA.
    b: f64,
    /// mV.
    reset: f64,
    /// pA.
    current: f64,
}

/// V_T and Δ_T of all patterns, mV.
const THRESHOLD: f64 = -50.0;
const SLOPE: f64 = 2.0;

macro_rules! patterns {
    ($($name:literal [$c:literal, $g:literal, $e:literal, $a:literal, $tau:literal, $b:literal, $r:literal, $i:literal];)+) => {
        /// The table of analog-core 10.1.
        pub(super) const PATTERNS: &[Pattern] = &[$(Pattern {
            name: $name, capacitance: $c, leak: $g, rest: $e, a: $a, tau: $tau, b: $b, reset: $r, current: $i,
        }),+];
    };
}

patterns! {
    "tonic" [200.0, 10.0, -70.0, 2.0, 30.0, 0.0, -58.0, 500.0];
    "adaptation" [200.0, 12.0, -70.0, 2.0, 300.0, 60.0, -58.0, 500.0];
    "initial-burst" [130.0, 18.0, -58.0, 4.0, 150.0, 120.0, -50.0, 400.0];
    "regular-bursting" [200.0, 10.0, -58.0, 2.0, 120.0, 100.0, -46.0, 210.0];
    "delayed-accelerating" [200.0, 12.0, -70.0, -10.0, 300.0, 0.0, -58.0, 300.0];
    "delayed-bursting" [100.0, 10.0, -65.0, -10.0, 90.0, 30.0, -47.0, 110.0];
    "transient" [100.0, 10.0, -65.0, 10.0, 90.0, 100.0, -47.0, 180.0];
    "irregular" [100.0, 12.0, -60.0, -11.0, 130.0, 30.0, -48.0, 160.0];
}

/// The pattern of this name.
pub(super) fn pattern(name: &str) -> Result<Pattern, String> {
    let known = PATTERNS.iter().find(|pattern| pattern.name == name).copied();
    known.ok_or_else(|| {
        let names: Vec<&str> = PATTERNS.iter().map(|pattern| pattern.name).collect();
        format!("no such pattern: {}", names.join(", "))
    })
}

impl Pattern {
    /// Spike times of the standard equations in ms, as far as `duration` ms.
    ///
    /// # Errors
    /// If they cannot be integrated.
    pub(super) fn standard_spikes(&self, duration: f64) -> Result<Vec<f64>, ReferenceError> {
        let mut integrator = Integrator::new(Settings { absolute: 1e-8, ..Settings::default() });
        let mut state = [self.rest, 0.0];
        let (mut time, mut spikes) = (0.0, Vec::new());
        let cut = Crossing { component: 0, level: 0.0 };
        loop {
            let stop = integrator
                .advance(self, &mut state, duration - time, false, &[cut], |_, _| {})
                .map_err(|error| ReferenceError::Solver { neuron: NEURON, at: 1e-3 * time, error })?;
            let Stop::Crossed { after, .. } = stop else { return Ok(spikes) };
            time += after;
            spikes.push(time);
            state = [self.reset, state[1] + self.b];
        }
    }

    /// The circuit that behaves like it, a thousand times faster: 10 mV on the chip for 1 mV, V = 1.2 V at 0 mV, and the largest
    /// capacitor for 200 pF (analog-core 1.2).
    pub(super) fn circuit(&self) -> Circuit {
        let largest = 2.5763e-12;
        let farad = largest / 200.0;
        let siemens = farad * 1e3 * 1e3;
        let ampere = siemens * 10e-3;
        let volt = |mv: f64| 10e-3 * mv + 1.2;

        let mut circuit = Circuit::default();
        circuit.bits.membrane_capacitor_size = 63;
        circuit.membrane.bank_step = (farad * self.capacitance - circuit.membrane.parasitic) / 63.0;
        circuit.leak.conductance = siemens * self.leak;
        circuit.leak.potential = volt(self.rest);
        circuit.reset.conductance = 15.8e-6;
        circuit.reset.potential = volt(self.reset);
        circuit.release_charge = -1e-15;
        circuit.offset_current = ampere * self.current;

        let slope = 10e-3 * SLOPE;
        let exponential = &mut circuit.exponential;
        exponential.slope = Some(slope);
        exponential.onset = volt(THRESHOLD) + exponential.shift
            - slope * ln(siemens * self.leak * slope / exponential.prefactor);
        circuit.bits.exponential = true;
        circuit.bits.pause = true;

        let adaptation = &mut circuit.adaptation;
        let output = adaptation.output_conductance;
        adaptation.leak_conductance = adaptation.capacitance / (self.tau * 1e-6);
        adaptation.coupling = siemens * self.a.abs() * adaptation.leak_conductance / output;
        adaptation.leak_potential = circuit.leak.potential;
        let pulse = SimTime::from_ns(256);
        adaptation.pulse_length = Some(pulse);
        adaptation.pulse_current = ampere * self.b * adaptation.capacitance / (output * pulse.as_secs_f64());
        circuit.bits.adaptation = true;
        circuit.bits.invert_adaptation_a = self.a < 0.0;

        circuit.comparator.threshold = 0.8;
        circuit.comparator.delay = 20e-9;
        circuit.bits.threshold_comparator = true;
        circuit.bits.fire = true;
        circuit.refractory = Refractory { clock: Some(SimTime::from_ns(8)), ticks: 100, holdoff_ticks: 1 };
        circuit
    }
}

impl System for Pattern {
    fn derivative(&self, y: &[f64], derivative: &mut [f64]) {
        let spike = self.leak * SLOPE * exp((y[0] - THRESHOLD) / SLOPE);
        derivative[0] = (-self.leak * (y[0] - self.rest) + spike - y[1] + self.current) / self.capacitance;
        derivative[1] = (self.a * (y[0] - self.rest) - y[1]) / self.tau;
    }

    fn jacobian(&self, y: &[f64], jacobian: &mut DMatrix<f64>) {
        let steep = self.leak * exp((y[0] - THRESHOLD) / SLOPE);
        jacobian[(0, 0)] = (steep - self.leak) / self.capacitance;
        jacobian[(0, 1)] = -1.0 / self.capacitance;
        jacobian[(1, 0)] = self.a / self.tau;
        jacobian[(1, 1)] = -1.0 / self.tau;
    }
}

/// Any neuron will do.
const NEURON: Neuron = Neuron::new(Hemisphere::Top, 0);

/// What a neuron did.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Recording {
    /// Distance of the samples, us.
    pub(super) step: f64,
    /// Of the membrane, V.
    pub(super) membrane: Vec<f64>,
    /// Of the adaptation voltage, V.
    pub(super) adaptation: Vec<f64>,
    /// When it fired, us.
    pub(super) spikes: Vec<f64>,
}

impl Recording {
    /// A quantity with its times in us.
    pub(super) fn over_time<'r>(&self, values: &'r [f64]) -> impl Iterator<Item = (f64, f64)> + 'r {
        let step = self.step;
        values.iter().enumerate().map(move |(index, value)| (step * index as f64, *value))
    }
}

/// Rest for `before`, then the offset current for `duration`.
///
/// # Errors
/// If the circuit cannot be integrated.
pub(super) fn record(
    circuit: &Circuit,
    before: SimTime,
    duration: SimTime,
    step: SimTime,
) -> Result<Recording, ReferenceError> {
    let mut circuit = *circuit;
    let count = ((before + duration).as_ps() / step.as_ps()) as usize;
    let mut simulation = Simulation::new(vec![(NEURON, circuit)], Options::default())?;
    let probe = |simulation: &mut Simulation, quantity| {
        simulation.probe(NEURON, quantity, SimTime::ZERO, step, count)
    };
    let membrane = probe(&mut simulation, Quantity::Membrane)?;
    let adaptation = probe(&mut simulation, Quantity::Adaptation)?;
    simulation.advance(before)?;
    circuit.bits.membrane_offset = true;
    simulation.configure(NEURON, &circuit)?;
    simulation.advance(before + duration)?;
    Ok(Recording {
        step: step.as_us_f64(),
        membrane: simulation.samples(membrane).to_vec(),
        adaptation: simulation.samples(adaptation).to_vec(),
        spikes: simulation.fires().iter().map(|fire| 1e6 * fire.reset).collect(),
    })
}

/// `g V_lin tanh(x / V_lin)`.
fn saturating(conductance: f64, range: f64, x: f64) -> f64 {
    if range.is_infinite() { conductance * x } else { conductance * range * tanh(x / range) }
}

/// The current in A that the adaptation takes from the membrane at this adaptation voltage (analog-core 3.9).
pub(super) fn adaptation_current(circuit: &Circuit, voltage: f64) -> f64 {
    let adaptation = &circuit.adaptation;
    saturating(adaptation.output_conductance, adaptation.output_range, voltage - adaptation.reference)
}

/// The nullcline of the membrane: the adaptation current in A at which a membrane at `v` volts stands still while the offset
/// current flows.
pub(super) fn membrane_nullcline(circuit: &Circuit, v: f64) -> f64 {
    let leak = saturating(circuit.leak.conductance, circuit.leak.linear_range, circuit.leak.potential - v);
    let exponential = &circuit.exponential;
    let raw = exponential.slope.map_or(0.0, |slope| {
        exponential.prefactor * exp((v - exponential.onset + exponential.shift) / slope)
    });
    leak + raw / (1.0 + raw / exponential.limit) + circuit.offset_current
}

/// The nullcline of the adaptation: the adaptation current in A that belongs to a membrane that stays at `v` volts.
pub(super) fn adaptation_nullcline(circuit: &Circuit, v: f64) -> f64 {
    let adaptation = &circuit.adaptation;
    let sign = if circuit.bits.invert_adaptation_a { -1.0 } else { 1.0 };
    let drive =
        sign * saturating(adaptation.coupling, adaptation.coupling_range, v - adaptation.leak_potential);
    adaptation_current(circuit, adaptation.reference + drive / adaptation.leak_conductance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_equations_have_the_spikes_of_the_table() {
        // Analog-core 10.1: number and first time in ms; the last pattern is chaotic.
        let table = [
            (51, 14.2229),
            (10, 14.9040),
            (10, 5.4635),
            (9, 16.1580),
            (36, 33.5737),
            (26, 57.1796),
            (1, 30.2899),
        ];
        for (pattern, (count, first)) in PATTERNS.iter().zip(table) {
            let spikes = pattern.standard_spikes(500.0).unwrap();
            assert_eq!(spikes.len(), count, "{}", pattern.name);
            assert!((spikes[0] - first).abs() < 1e-4, "{}: {}", pattern.name, spikes[0]);
        }
    }

    #[test]
    fn nullclines_cross_where_a_silent_circuit_rests() {
        let pattern = pattern("transient").unwrap();
        let circuit = pattern.circuit();
        let recording =
            record(&circuit, SimTime::from_us(1), SimTime::from_us(1500), SimTime::from_us(10)).unwrap();
        let rest = *recording.membrane.last().unwrap();
        let current = adaptation_current(&circuit, *recording.adaptation.last().unwrap());
        for nullcline in [membrane_nullcline(&circuit, rest), adaptation_nullcline(&circuit, rest)] {
            assert!((nullcline - current).abs() < 1e-10, "{nullcline:e} {current:e}");
        }
    }
}
