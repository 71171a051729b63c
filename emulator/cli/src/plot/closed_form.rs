//! What theory says, for the pictures to be held against (analog-core 10).

use bss2_analog::parameters::{DriverParameters, NeuronParameters, SynapticInput};
use bss2_base::SimTime;
use bss2_base::math::{exp, ln};

/// A leaky integrate-and-fire neuron with constant parameters: conductances add, currents and potentials become one asymptote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LeakyNeuron {
    /// F.
    pub(super) capacitance: f64,
    /// S; leak and pseudo-leak of the inputs that are on.
    pub(super) conductance: f64,
    /// Where the membrane would go without a threshold, V.
    pub(super) asymptote: f64,
    /// Where the membrane is when the reset opens, V.
    pub(super) reset: f64,
    /// V.
    pub(super) threshold: f64,
    /// Comparator delay and refractory period, s.
    pub(super) dead_time: f64,
}

impl LeakyNeuron {
    /// The neuron that a circuit is for small signals: tangents in place of saturations. The reset is over long before the
    /// refractory period (T-FI2); constant currents flow on meanwhile, and its opening injects a charge.
    pub(super) fn of(circuit: &NeuronParameters) -> Self {
        let inputs = circuit.inputs.iter().filter(|input| input.enabled);
        let conductance =
            circuit.leak.conductance + inputs.clone().map(|i| i.output_conductance).sum::<f64>();
        let offsets = circuit.inputs.iter().zip([1.0, -1.0]).filter(|(input, _)| input.enabled);
        let constant = circuit.constant_current
            + inputs.map(|input| input.output_conductance * input.output_potential).sum::<f64>()
            + offsets.map(|(input, sign)| sign * input.transconductance * input.offset).sum::<f64>();
        let current = constant + circuit.leak.conductance * circuit.leak.potential;
        let period = circuit.refractory.clock.map_or(f64::INFINITY, SimTime::as_secs_f64);
        Self {
            capacitance: circuit.capacitance,
            conductance,
            asymptote: current / conductance,
            reset: circuit.reset.potential
                + constant / circuit.reset.conductance
                + circuit.release_charge / circuit.capacitance,
            threshold: circuit.comparator.map_or(f64::INFINITY, |comparator| comparator.threshold),
            dead_time: circuit.comparator.map_or(0.0, |comparator| comparator.delay)
                + f64::from(circuit.refractory.ticks) * period,
        }
    }

    /// Time constant of the membrane, s.
    pub(super) fn tau(&self) -> f64 {
        self.capacitance / self.conductance
    }

    /// Spikes a second: T-FI1, T = t_ref + τ_m ln((V∞ - V_r) / (V∞ - V_th)); 0 below the rheobase.
    pub(super) fn rate(&self) -> f64 {
        if self.asymptote <= self.threshold {
            return 0.0;
        }
        let rise = (self.asymptote - self.reset) / (self.asymptote - self.threshold);
        1.0 / (self.dead_time + self.tau() * ln(rise).max(0.0))
    }
}

/// A post-synaptic potential in the linear range (T-LIN): a current that jumps and decays into a leaky membrane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Psp {
    /// Current at first over capacitance, V/s; negative for the inhibitory input.
    pub(super) slope: f64,
    /// s.
    pub(super) tau_membrane: f64,
    /// s.
    pub(super) tau_synapse: f64,
}

impl Psp {
    /// What a charge in C on a line does to this membrane.
    pub(super) fn of(neuron: &LeakyNeuron, input: &SynapticInput, sign: f64, charge: f64) -> Self {
        let current = sign * input.transconductance * charge / input.line_capacitance;
        Self {
            slope: current / neuron.capacitance,
            tau_membrane: neuron.tau(),
            tau_synapse: input.time_constant,
        }
    }

    /// V above rest, `time` s after the event.
    pub(super) fn at(&self, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        let (m, s) = (self.tau_membrane, self.tau_synapse);
        if (m / s - 1.0).abs() < 1e-6 {
            return self.slope * time * exp(-time / m);
        }
        self.slope * m * s / (m - s) * (exp(-time / m) - exp(-time / s))
    }

    /// When the peak comes, s.
    pub(super) fn peak_time(&self) -> f64 {
        let (m, s) = (self.tau_membrane, self.tau_synapse);
        if (m / s - 1.0).abs() < 1e-6 { m } else { m * s / (m - s) * ln(m / s) }
    }
}

/// The control voltage of a synapse driver under regular events (analog-core 5.4).
#[derive(Clone, Debug)]
pub(super) struct ShortTerm<'d> {
    driver: &'d DriverParameters,
}

impl<'d> ShortTerm<'d> {
    /// Of this driver.
    pub(super) fn of(driver: &'d DriverParameters) -> Self {
        Self { driver }
    }

    /// What is left of the distance from the recovery potential after `span`.
    fn left(&self, span: SimTime) -> f64 {
        let plasticity = &self.driver.plasticity;
        let Some(period) = plasticity.recovery_period else { return 1.0 };
        let ticks = span.as_ps() as f64 / period.as_ps() as f64;
        exp(ticks * ln(1.0 - plasticity.recovery))
    }

    /// Time constant of the recovery, s; infinite without.
    pub(super) fn recovery_time(&self) -> f64 {
        let plasticity = &self.driver.plasticity;
        plasticity
            .recovery_period
            .map_or(f64::INFINITY, |period| -period.as_secs_f64() / ln(1.0 - plasticity.recovery))
    }

    /// Lengths of the pulses of events after these pauses, the first from full recovery: parts of the window.
    pub(super) fn pulses(&self, pauses: &[SimTime]) -> Vec<f64> {
        let plasticity = &self.driver.plasticity;
        let mut voltage = plasticity.recovery_potential;
        let mut pulses = Vec::with_capacity(pauses.len());
        for pause in pauses {
            let recovered = plasticity.recovery_potential;
            voltage = recovered + (voltage - recovered) * self.left(*pause);
            voltage += plasticity.utilization * (plasticity.charge_potential - voltage);
            pulses.push(self.driver.ramp.pulse(voltage));
        }
        pulses
    }

    /// Length of the pulse in the steady state of a regular train: the fixed point of both maps (T-STP).
    pub(super) fn steady(&self, interval: SimTime) -> f64 {
        let plasticity = &self.driver.plasticity;
        let (kept, left) = (1.0 - plasticity.utilization, self.left(interval));
        let voltage = (kept * plasticity.recovery_potential * (1.0 - left)
            + plasticity.utilization * plasticity.charge_potential)
            / (1.0 - kept * left);
        self.driver.ramp.pulse(voltage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITANCE: f64 = 2.5763e-12;

    #[test]
    fn firing_periods_are_those_of_the_specification() {
        // T-FI1.
        let neuron = LeakyNeuron {
            capacitance: CAPACITANCE,
            conductance: CAPACITANCE / 10e-6,
            asymptote: 0.42,
            reset: 0.375,
            threshold: 0.6225,
            dead_time: 2e-6,
        };
        let with_current = |current: f64| LeakyNeuron {
            asymptote: neuron.asymptote + current / neuron.conductance,
            ..neuron
        };
        for (current, period) in [(60e-9, 24.1305), (80e-9, 13.9125), (100e-9, 10.4721), (137e-9, 7.6057)] {
            let found = 1e6 / with_current(current).rate();
            assert!((found - period).abs() < 1e-3, "{current}: {found} instead of {period}");
        }
        assert_eq!(with_current(50e-9).rate(), 0.0);
    }

    #[test]
    fn potentials_are_those_of_the_specification() {
        // T-LIN1 to 4: time constants in us, peak in mV, its time in us.
        for (m, s, peak, time) in [
            (10.0, 5.0, 47.064, 6.9315),
            (10.0, 10.0, 69.255, 10.0),
            (6.0, 6.0, 41.553, 6.0),
            (60.0, 0.32, 5.857, 1.684),
        ] {
            let psp = Psp { slope: 48.5e-9 / CAPACITANCE, tau_membrane: m * 1e-6, tau_synapse: s * 1e-6 };
            assert!((1e6 * psp.peak_time() - time).abs() < 1e-3, "{m} {s}");
            assert!(
                (1e3 * psp.at(psp.peak_time()) - peak).abs() < 2e-3,
                "{m} {s}: {}",
                psp.at(psp.peak_time())
            );
        }
    }

    #[test]
    fn a_long_train_reaches_the_fixed_point() {
        let mut driver = DriverParameters::default();
        driver.plasticity.charge_potential = 0.62;
        driver.plasticity.recovery_potential = 0.09;
        driver.plasticity.utilization = 0.2;
        driver.plasticity.recovery = 1.0 / 64.0;
        driver.plasticity.recovery_period = Some(SimTime::from_ns(4096));
        (driver.ramp.slope, driver.ramp.early_slope) = (0.21e9, 0.16e9);
        let theory = ShortTerm::of(&driver);
        let pulses = theory.pulses(&[SimTime::from_us(20); 100]);
        assert!(pulses[0] > pulses[1] && pulses[1] > pulses[2]);
        assert!((pulses[99] - theory.steady(SimTime::from_us(20))).abs() < 1e-6);
    }
}
