//! Refractory times: computed, not measured (calibration 4.3.13; analog-core 3.3).

use crate::error::{CalibrationError, Result};
use crate::program::write;
use crate::routine::Session;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::neuron::CommonNeuronBackendConfig;
use serde::{Deserialize, Serialize};

/// The clock that refractory clocks are divided from, MHz.
const CLOCK_MHZ: f64 = 250.0;
/// Ranges of refractory and hold-off times, microseconds.
const REFRACTORY_US: (f64, f64) = (0.04, 32.0);
const HOLDOFF_US: (f64, f64) = (0.0, 4.0);

/// Clocks of the back-ends and settings of their neurons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefractorySettings {
    /// `clock_scale_fast` of both sides.
    pub scale_fast: u8,
    /// `clock_scale_slow` of both sides.
    pub scale_slow: u8,
    /// Settings by neuron.
    pub neurons: Vec<NeuronRefractory>,
    /// What could not be met exactly.
    pub warnings: Vec<String>,
}

/// Settings of one neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NeuronRefractory {
    /// Whether it uses the fast clock.
    pub fast: bool,
    /// `refractory_time`, cycles of its clock.
    pub counter: u8,
    /// `reset_holdoff`.
    pub reset_holdoff: u8,
}

impl NeuronRefractory {
    /// Length of the hold-off in cycles of its clock.
    pub const fn holdoff_cycles(&self) -> u32 {
        2 * (15 - self.reset_holdoff as u32) + 1
    }
}

/// Period of a refractory clock, microseconds.
pub fn period_us(scale: u8) -> f64 {
    f64::from(2_u32 << scale) / CLOCK_MHZ
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, f64::max)
}

fn smallest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, f64::min)
}

/// The scale whose period lies between these, microseconds.
fn scale(shortest: f64, longest: f64, warnings: &mut Vec<String>) -> Result<u8> {
    let longest = longest.max(2.0 * shortest);
    let mut scale = 4_i32;
    let period = |scale: i32| math_exp2(scale + 1) / CLOCK_MHZ;
    while period(scale) < shortest {
        scale += 1;
    }
    while period(scale) > longest {
        scale -= 1;
    }
    if scale > 15 {
        return Err(CalibrationError::NotSuccessful {
            routine: "refractory period",
            reason: format!(
                "a clock period of {shortest} us or more is needed; the longest is {}",
                period(15)
            ),
        });
    }
    if scale < 0 {
        warnings.push(format!("a clock period of {longest} us is wanted; the shortest is {}", period(0)));
    }
    Ok(scale.max(0) as u8)
}

fn math_exp2(power: i32) -> f64 {
    if power >= 0 { f64::from(1_u32 << power.min(31)) } else { 1.0 / f64::from(1_u32 << (-power).min(31)) }
}

/// Works out the settings for refractory and hold-off times in microseconds, by neuron.
///
/// # Errors
/// [`CalibrationError::Target`] for times out of range, [`CalibrationError::NotSuccessful`] if no clock fits all times.
pub fn settings(refractory_us: &[f64], holdoff_us: &[f64]) -> Result<RefractorySettings> {
    for (parameter, values, (lower, upper)) in
        [("refractory_time", refractory_us, REFRACTORY_US), ("holdoff_time", holdoff_us, HOLDOFF_US)]
    {
        if let Some(&value) = values.iter().find(|value| !(lower..=upper).contains(*value)) {
            return Err(CalibrationError::Target { parameter, value, lower, upper });
        }
    }
    if refractory_us.len() != holdoff_us.len() {
        let (given, expected) = (holdoff_us.len(), refractory_us.len());
        return Err(CalibrationError::Lengths { what: "hold-off times", given, expected });
    }
    let mut warnings = Vec::new();
    let count = refractory_us.len().max(1) as f64;
    // The mean of equal numbers may be a little less than each of them.
    let mean = refractory_us.iter().sum::<f64>() / count * (1.0 + 1e-9);
    let mut fast: Vec<bool> = refractory_us.iter().map(|&time| time <= mean).collect();
    let times = |fast: &[bool], wanted: bool, values: &[f64]| -> Vec<f64> {
        values.iter().zip(fast).filter(|(_, fast)| **fast == wanted).map(|(value, _)| *value).collect()
    };
    let of_fast = times(&fast, true, refractory_us);
    let scale_fast = scale(
        largest(of_fast.iter().copied()) / 255.0,
        smallest(of_fast.iter().copied()) / 30.0,
        &mut warnings,
    )?;
    for (fast, &holdoff) in fast.iter_mut().zip(holdoff_us) {
        *fast &= holdoff <= 31.0 * period_us(scale_fast);
    }
    let (of_slow, holdoffs) = (times(&fast, false, refractory_us), times(&fast, false, holdoff_us));
    let scale_slow = if of_slow.is_empty() {
        scale_fast
    } else {
        scale(
            (largest(of_slow.iter().copied()) / 255.0).max(largest(holdoffs.iter().copied()) / 31.0),
            (smallest(of_slow.iter().copied()) / 30.0).min(smallest(holdoffs.iter().copied())),
            &mut warnings,
        )?
    };
    let neuron = |((&time, &holdoff), &fast): ((&f64, &f64), &bool)| {
        let period = period_us(if fast { scale_fast } else { scale_slow });
        let reset_holdoff = (15.0 - (holdoff / period - 1.0) / 2.0).ceil().clamp(0.0, 15.0) as u8;
        NeuronRefractory {
            fast,
            counter: ((time / period).floor() + 1.0).clamp(1.0, 255.0) as u8,
            reset_holdoff,
        }
    };
    let neurons = refractory_us.iter().zip(holdoff_us).zip(&fast).map(neuron).collect();
    Ok(RefractorySettings { scale_fast, scale_slow, neurons, warnings })
}

impl RefractorySettings {
    /// Writes them for the neurons concerned.
    pub fn write(&self, session: &Session<'_>, program: &mut ProgramBuilder) {
        for side in 0..2 {
            let common = CommonNeuronBackendConfig {
                clock_scale_fast: self.scale_fast,
                clock_scale_slow: self.scale_slow,
                ..session.link.typed(side)
            };
            write(program, side, &common);
        }
        session.change_backends(program, |index, mut config| {
            let own = self.neurons[index];
            config.select_input_clock = own.fast;
            config.with_refractory_time(own.counter).with_reset_holdoff(own.reset_holdoff)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_fixed_points_of_the_official_calculation_hold() {
        // Calibration 4.3.13: 2 us is scale 3 with counter 32; 1.5 us is scale 2.
        let two = settings(&[2.0; 512], &[0.0; 512]).unwrap();
        assert_eq!(
            (two.scale_fast, two.neurons[511]),
            (3, NeuronRefractory { fast: true, counter: 32, reset_holdoff: 15 })
        );
        assert_eq!(settings(&[1.5; 512], &[0.0; 512]).unwrap().scale_fast, 2);
    }

    #[test]
    fn times_out_of_range_are_refused() {
        assert!(matches!(settings(&[33.0], &[0.0]), Err(CalibrationError::Target { .. })));
        assert!(matches!(settings(&[2.0], &[4.5]), Err(CalibrationError::Target { .. })));
        assert!(matches!(settings(&[2.0, 2.0], &[0.0]), Err(CalibrationError::Lengths { .. })));
    }

    proptest! {
        #[test]
        fn one_time_for_all_is_met_within_a_period(time in 0.04_f64..32.0, holdoff in 0.0_f64..4.0) {
            let holdoff = holdoff.min(time / 2.0);
            let found = settings(&[time; 4], &[holdoff; 4]).unwrap();
            for neuron in &found.neurons {
                let period = period_us(if neuron.fast { found.scale_fast } else { found.scale_slow });
                prop_assert!((f64::from(neuron.counter) * period - time).abs() <= 1.1 * period);
                prop_assert!((f64::from(neuron.holdoff_cycles()) * period - holdoff).abs() <= 2.1 * period);
            }
        }

        #[test]
        fn different_times_are_met_within_a_period(
            times in proptest::collection::vec(0.5_f64..32.0, 2..64),
        ) {
            let found = settings(&times, &vec![0.0; times.len()]).unwrap();
            for (neuron, time) in found.neurons.iter().zip(times) {
                let period = period_us(if neuron.fast { found.scale_fast } else { found.scale_slow });
                prop_assert!((f64::from(neuron.counter) * period - time).abs() <= 1.1 * period);
            }
        }
    }
}
