//! The adaptive exponential neuron: the eight firing patterns as standard equations, and on a circuit of the chip.
//!
//! The only place where pictures of the exponential and the adaptation get their data: [`OnChip`]. It gives the typical chip the codes
//! that stand for a pattern, through its host interface, and looks at the neuron with the membrane ADC.

use bss2_analog::NeuronParameters;
use bss2_analog::circuit::Circuit;
use bss2_analog::reference::ReferenceError;
use bss2_analog::reference::solver::{Crossing, Integrator, Settings, Stop, System};
use bss2_base::math::{exp, ln, tanh};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_calibration::bench::{self, SETTLING};
use bss2_host::playback::Timeline;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig, NeuronConfig};
use bss2_host::registers::{Register, TypedBlock, coordinates};
use nalgebra::DMatrix;

use super::laboratory::Laboratory;
use super::options::{Individual, Level};
use super::scope::{Scale, Trace};
use crate::experiments::{During, ExperimentError};

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

    /// The codes of the typical chip that behave like it, a thousand times faster: 10 mV on the chip for 1 mV, V_T at 0.5 V (analog-core
    /// 1.2, and the inverse of 2.4 and 3).
    fn codes(&self) -> [(Cell, u16); 14] {
        let scale = CAPACITANCE / (self.capacitance * 1e-12);
        let siemens = |nanosiemens: f64| scale * 1e3 * nanosiemens * 1e-9;
        let ampere = |picoampere: f64| scale * 1e4 * picoampere * 1e-12;
        let volts = |millivolts: f64| 0.5 + 10e-3 * (millivolts - THRESHOLD);
        let slope = 10e-3 * SLOPE;
        // Codes behind the followers (analog-core 2.4, SF and SFA).
        let followed = |volts: f64| (volts + 0.525) / 1.5e-3;
        let adaptation_followed = |volts: f64| (volts + 0.250) / 1.5e-3;

        // An eighth of the conductance of its code; the bias moves the potential (analog-core 3.2).
        let leak = transconductance_code(8.0 * siemens(self.leak), 2.5e-9, 950.0).round();
        let onset = volts(THRESHOLD) + 0.415 - slope * ln(siemens(self.leak) * slope / 2.5e-12);
        // analog-core 3.9: tau_w = C_w / g_tau, a = g_w g_a / g_tau, b = g_w I_b t_pulse / C_w.
        let (capacitor, output) = (2.6e-12, 0.127e-6);
        let decay = capacitor / (self.tau * 1e-6);
        [
            (Cell::VLeak, followed(volts(self.rest) + 35e-6 * (leak - 150.0))),
            (Cell::IBiasLeak, leak),
            // Opening the reset takes some charge with it (analog-core 3.3).
            (Cell::VReset, followed(volts(self.reset) + 8e-15 / CAPACITANCE)),
            (Cell::IBiasReset, 1022.0),
            (Cell::VThreshold, (0.8 - 0.019) / 1.875e-3),
            (Cell::IBiasExp, 10.5 / slope),
            (Cell::VExp, followed(onset)),
            (Cell::IMemOffset, ampere(self.current) / 0.137e-9),
            (Cell::IBiasAdaptTau, decay / 0.156e-9),
            (Cell::IBiasAdaptA, siemens(self.a.abs()) * decay / output / 1.19e-9),
            (Cell::IBiasAdaptB, ampere(self.b) * capacitor / output / ADAPTATION_PULSE / 0.978e-9),
            (Cell::VAdaptLeak, adaptation_followed(volts(self.rest))),
            (Cell::VAdaptRef, adaptation_followed(0.5)),
            (Cell::IBiasSyninExcGm, 0.0),
        ]
        .map(|(cell, code)| (cell, code.round().clamp(0.0, 1022.0) as u16))
    }

    /// The switches, at rest, with this readout source (analog-core 7.3).
    fn switches(&self, readout: u8) -> NeuronConfig {
        NeuronConfig {
            mem_cap_size: CAPACITOR,
            en_leak_div: true,
            en_reset_mul: true,
            en_exp: true,
            en_adapt: true,
            invert_adapt_a: self.a < 0.0,
            en_fire: true,
            en_thresh_comp: true,
            en_pause: true,
            en_readout_amp: true,
            en_readout: true,
            readout_select: readout,
            ..NeuronConfig::default()
        }
    }
}

/// Code of the membrane capacitor: a small one, so that the adaptation current, 63 nA at the most, is not exhausted.
const CAPACITOR: u8 = 15;
/// Its capacitance in F on the typical chip (analog-core 3.5).
const CAPACITANCE: f64 = CAPACITOR as f64 * 38.1e-15 + 0.176e-12;
/// Scale of the clock of the adaptation pulse, and the period in s: 256 cycles of 4 ns.
const ADAPTATION_PULSE_SCALE: u8 = 7;
const ADAPTATION_PULSE: f64 = 1.024e-6;
/// Refractory time in ticks of 8 ns.
const REFRACTORY_TICKS: u8 = 50;
/// Readout sources (analog-core 7.3).
const MEMBRANE: u8 = 0;
const ADAPTATION: u8 = 3;

/// The code of a transconductor with this strength per code and knee that has this conductance in S (analog-core 3.1).
fn transconductance_code(conductance: f64, strength: f64, knee: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1022.0f64);
    for _ in 0..60 {
        let code = 0.5 * (low + high);
        let reached = strength * code * 2.0 / (1.0 + (1.0 + 4.0 * code / knee).sqrt());
        if reached < conductance { low = code } else { high = code }
    }
    low
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

/// The typical chip with a neuron that shows patterns.
pub(super) struct OnChip {
    laboratory: Laboratory,
    scale: Scale,
}

impl OnChip {
    /// Starts the chip up, whose circuits are followed at this level.
    ///
    /// # Errors
    /// If the chip refuses.
    pub(super) fn bring_up(level: Level) -> Result<Self, ExperimentError> {
        let individual = Individual { chip_seed: 0, ideal: true };
        let mut laboratory = Laboratory::bring_up_at(individual, level.of_chip())?;
        laboratory.with("configuring the back-end", |program| {
            for side in 0..2 {
                let common = CommonNeuronBackendConfig {
                    clock_scale_adapt_pulse: ADAPTATION_PULSE_SCALE,
                    ..CommonNeuronBackendConfig::default()
                };
                bench::write(program, side, &common);
            }
            program.barrier_omnibus();
        })?;
        let scale = laboratory.scale().during("measuring the scale of the membrane ADC")?;
        Ok(Self { laboratory, scale })
    }

    /// Gives the neuron the codes of a pattern; lets it rest for `before`, then lets the offset current flow for `duration`. Membrane and
    /// adaptation are recorded one after the other, through the same amplifier.
    ///
    /// # Errors
    /// If the chip refuses.
    pub(super) fn record(
        &mut self,
        pattern: &Pattern,
        before: SimTime,
        duration: SimTime,
        step: SimTime,
    ) -> Result<Recording, ExperimentError> {
        self.laboratory.with("configuring a neuron", |program| {
            for (cell, code) in pattern.codes() {
                bench::write_cell(program, NEURON, cell, code);
            }
            let backend =
                NeuronBackendConfig { en_spike_out: true, en_adapt_pulse: true, ..Default::default() }
                    .with_address_out(bench::neuron_address(NEURON))
                    .with_refractory_time(REFRACTORY_TICKS)
                    .with_reset_holdoff(15);
            bench::write(program, coordinates::neuron_backend(NEURON), &backend);
            // Cells come close in one settling time; patterns near their rheobase want them closer.
            program.barrier_omnibus().wait(SETTLING).wait(SETTLING);
        })?;
        let membrane = self.look(pattern, MEMBRANE, before, duration)?;
        let adaptation = self.look(pattern, ADAPTATION, before, duration)?;
        let count = (before + duration).as_ps() / step.as_ps();
        let times: Vec<f64> = (0..count).map(|index| SimTime::from_cycles(index, step).as_us_f64()).collect();
        Ok(Recording {
            step: step.as_us_f64(),
            membrane: membrane.resampled(&times),
            adaptation: adaptation.resampled(&times),
            spikes: membrane.spikes,
        })
    }

    /// Records what a readout source shows.
    fn look(
        &mut self,
        pattern: &Pattern,
        source: u8,
        before: SimTime,
        duration: SimTime,
    ) -> Result<Trace, ExperimentError> {
        let resting = pattern.switches(source);
        let instance = coordinates::neuron_config(NEURON);
        self.laboratory.with("letting a neuron rest", |program| {
            bench::write(program, instance, &resting);
            // Many time constants of the adaptation.
            program.barrier_omnibus().wait(SimTime::from_us(5_000));
        })?;
        let mut timeline = Timeline::new();
        let end = before + duration;
        for (at, en_mem_off) in [(before, true), (end, false)] {
            let config = NeuronConfig { en_mem_off, ..resting };
            for (word, value) in (0..).zip(config.to_words()) {
                let register = Register { block: NeuronConfig::BLOCK, instance, word };
                if let Some(address) = register.address() {
                    timeline.write(at, address, value);
                }
            }
        }
        timeline.end(end);
        self.laboratory.record(NEURON, &self.scale, &timeline).during("recording a neuron")
    }

    /// What the circuit of the neuron really is at this moment.
    pub(super) fn circuit(&self) -> Circuit {
        self.laboratory.whole_circuit(NEURON)
    }
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
    let own = NeuronParameters::from(circuit).leak;
    let leak = saturating(own.conductance, own.linear_range, own.potential - v);
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
        let mut chip = OnChip::bring_up(Level::Chip).unwrap();
        let recording =
            chip.record(&pattern, SimTime::from_us(1), SimTime::from_us(1500), SimTime::from_us(10)).unwrap();
        assert_eq!(recording.spikes.len(), 1);
        let circuit = chip.circuit();
        let rest = *recording.membrane.last().unwrap();
        let current = adaptation_current(&circuit, *recording.adaptation.last().unwrap());
        for nullcline in [membrane_nullcline(&circuit, rest), adaptation_nullcline(&circuit, rest)] {
            // A code of the converter is 1.5 mV, and 0.127 uS are the steepest slope here.
            assert!((nullcline - current).abs() < 0.3e-9, "{nullcline:e} {current:e}");
        }
    }
}
