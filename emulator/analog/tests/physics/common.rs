//! What the tests share: nominal circuits, and a brute-force integrator that knows nothing of the crate's closed forms.

use bss2_analog::{
    AnalogCore, AnalogOptions, ColumnSwitches, Comparator, DriverParameters, Fire, NeuronParameters, Readout,
    Refractory, RowMode, SynapticInput, SynapticPulse, Transconductor,
};
use bss2_base::{ColumnMask, Hemisphere, Neuron, SimTime};

/// The full capacitance of the f-I and PSP tests (analog-core 10).
pub(crate) const CAPACITANCE: f64 = 2.5763e-12;

/// The neuron of most tests.
pub(crate) fn neuron() -> Neuron {
    Neuron::new(Hemisphere::Top, 7)
}

/// A leaky membrane with this time constant in s, resting at 0.42 V, full capacitance, nothing else enabled.
pub(crate) fn leaky(tau: f64) -> NeuronParameters {
    NeuronParameters {
        capacitance: CAPACITANCE,
        leak: Transconductor { conductance: CAPACITANCE / tau, potential: 0.42, ..Transconductor::default() },
        readout: Readout { amplifier: true, ..Readout::default() },
        ..NeuronParameters::default()
    }
}

/// The leaky integrate-and-fire neuron of T-FI1, reset with time constant `tau_reset`, refractory for 2 us plus one tick.
pub(crate) fn integrate_and_fire(tau_reset: f64, current: f64) -> NeuronParameters {
    NeuronParameters {
        reset: Transconductor {
            conductance: CAPACITANCE / tau_reset,
            potential: 0.375,
            ..Transconductor::default()
        },
        constant_current: current,
        comparator: Some(Comparator { threshold: 0.6225, delay: 0.0 }),
        enable_fire: true,
        refractory: Refractory { clock: Some(SimTime::from_ns(8)), ticks: 250, holdoff_ticks: 1 },
        ..leaky(10e-6)
    }
}

/// An ideal linear input; a weight-1 pulse of 0.15 mV on 2.5 pF, 5.22 uS.
pub(crate) fn input(tau: f64) -> SynapticInput {
    SynapticInput {
        enabled: true,
        time_constant: tau,
        line_capacitance: 2.5e-12,
        transconductance: 5.22e-6,
        saturation_current: 489e-9,
        ..SynapticInput::default()
    }
}

/// A noiseless core with one such neuron.
pub(crate) fn core_with(parameters: &NeuronParameters) -> AnalogCore {
    let mut core = AnalogCore::new(1, AnalogOptions::noiseless());
    core.set_neuron(neuron(), parameters).unwrap();
    core
}

/// Connects driver 0: bottom row excitatory, top row inhibitory, weights of `neuron()`'s column as given.
pub(crate) fn connect(core: &mut AnalogCore, neuron: Neuron, weights: [u8; 2]) {
    let hemisphere = neuron.hemisphere();
    let rows = [RowMode::Excitatory, RowMode::Inhibitory];
    core.set_driver(hemisphere, 0, &DriverParameters { rows, ..DriverParameters::default() });
    for (row, weight) in [0, 1].into_iter().zip(weights) {
        core.set_weight(hemisphere, row, neuron.column(), weight);
    }
    core.set_column(neuron, &ColumnSwitches { synaptic_current: [true; 2], ..*core.column(neuron) });
}

/// An event for driver 0 in one or both rows.
pub(crate) fn pulse(time: SimTime, neuron: Neuron, bottom: bool, top: bool) -> SynapticPulse {
    let column = ColumnMask::single(neuron.column());
    let mask = |matches: bool| if matches { column } else { ColumnMask::NONE };
    SynapticPulse {
        time,
        hemisphere: neuron.hemisphere(),
        driver: 0,
        top_row: mask(top),
        bottom_row: mask(bottom),
        activation: 0,
    }
}

/// All fires until a time.
pub(crate) fn run(core: &mut AnalogCore, until: SimTime) -> Vec<Fire> {
    let mut fires = Vec::new();
    core.advance(until, &mut fires);
    fires
}

/// Fourth-order Runge-Kutta for `dV/dt` and two decaying lines, steps of 1 ns: the independent oracle.
pub(crate) struct BruteForce {
    pub(crate) v: f64,
    pub(crate) u: [f64; 2],
    pub(crate) parameters: NeuronParameters,
}

impl BruteForce {
    fn slope(&self, v: f64, u: [f64; 2]) -> [f64; 3] {
        let p = &self.parameters;
        let mut current = p.leak.conductance * (p.leak.potential - v) + p.constant_current;
        for (x, sign) in [(0, 1.0), (1, -1.0)] {
            let input = &p.inputs[x];
            current += sign * input.transconductance * u[x];
            current += input.output_conductance * (input.output_potential - v);
        }
        [current / p.capacitance, -u[0] / p.inputs[0].time_constant, -u[1] / p.inputs[1].time_constant]
    }

    /// One step of `h` seconds.
    pub(crate) fn step(&mut self, h: f64) {
        let at = |k: [f64; 3], f: f64| (self.v + f * k[0], [self.u[0] + f * k[1], self.u[1] + f * k[2]]);
        let k1 = self.slope(self.v, self.u);
        let (v, u) = at(k1, 0.5 * h);
        let k2 = self.slope(v, u);
        let (v, u) = at(k2, 0.5 * h);
        let k3 = self.slope(v, u);
        let (v, u) = at(k3, h);
        let k4 = self.slope(v, u);
        let mean = |i: usize| h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
        (self.v, self.u) = (self.v + mean(0), [self.u[0] + mean(1), self.u[1] + mean(2)]);
    }
}
