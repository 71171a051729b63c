//! What a calibration shall reach (calibration 6).

use super::adex::{AdaptationTarget, ExponentialTarget};
use crate::cadc::{CadcOptions, CadcTarget};
use crate::correlation::{CorrelationOptions, CorrelationTarget};
use crate::driver::{PlasticityOptions, PlasticityTarget};
use crate::error::{CalibrationError, Result};
use crate::routine::Session;
use serde::{Deserialize, Serialize};

/// One value for all neurons concerned, or one for each, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Values {
    /// One for all.
    One(f64),
    /// One for each.
    Each(Vec<f64>),
}

impl Values {
    /// One value for each of `count` neurons.
    ///
    /// # Errors
    /// [`CalibrationError::Lengths`] if there are neither one nor `count`.
    pub fn spread(&self, count: usize) -> Result<Vec<f64>> {
        Session::spread(self.slice(), count)
    }

    /// As they are.
    pub fn slice(&self) -> &[f64] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Each(values) => values,
        }
    }

    fn outside(&self, lower: f64, upper: f64) -> Option<f64> {
        self.slice().iter().copied().find(|value| !(lower..=upper).contains(value))
    }
}

impl From<f64> for Values {
    fn from(value: f64) -> Self {
        Self::One(value)
    }
}

/// How the strengths of synaptic inputs are found (calibration 6, gm modes).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "mode", deny_unknown_fields)]
pub enum Strength {
    /// Both inputs as strong as the median of excitatory ones with this bias.
    Matching {
        /// Code of `i_bias_synin_*_gm`.
        gm: i32,
    },
    /// Each input as strong as the median of its kind with its bias.
    Calibrated {
        /// Codes of `i_bias_synin_exc_gm` and `i_bias_synin_inh_gm`.
        gm: [i32; 2],
    },
    /// These biases, as they are.
    Uncalibrated {
        /// Codes of `i_bias_synin_exc_gm` and `i_bias_synin_inh_gm`.
        gm: [Values; 2],
    },
}

/// Codes of the column ADC and microseconds beyond this are no target.
const MOST: f64 = 1e6;

/// What spiking neurons shall do; potentials in codes of the column ADC, times in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpikingTarget {
    /// Resting potential.
    pub leak: Values,
    /// Reset potential.
    pub reset: Values,
    /// Threshold.
    pub threshold: Values,
    /// Membrane time constant.
    pub tau_mem: Values,
    /// Excitatory and inhibitory synaptic time constants.
    pub tau_syn: [Values; 2],
    /// Synaptic strengths.
    pub strength: Strength,
    /// Code of the membrane capacitor.
    pub membrane_capacitance: Values,
    /// Refractory time.
    pub refractory_time: Values,
    /// Time between the end of the reset and that of the refractory time.
    pub holdoff_time: Values,
    /// Code of `syn_i_bias_dac`.
    pub synapse_dac_bias: i32,
    /// Range of the column ADC.
    pub cadc: CadcTarget,
    /// Voltages of short-term plasticity.
    pub plasticity: PlasticityTarget,
    /// Adaptation; `None` leaves it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adaptation: Option<AdaptationTarget>,
    /// Exponential term; `None` leaves it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exponential: Option<ExponentialTarget>,
    /// Correlation sensors; `None` leaves them alone.
    pub correlation: Option<CorrelationTarget>,
}

impl Default for SpikingTarget {
    fn default() -> Self {
        Self {
            leak: 80.0.into(),
            reset: 70.0.into(),
            threshold: 125.0.into(),
            tau_mem: 10.0.into(),
            tau_syn: [10.0.into(), 10.0.into()],
            strength: Strength::Matching { gm: 500 },
            membrane_capacitance: 63.0.into(),
            refractory_time: 2.0.into(),
            holdoff_time: 0.0.into(),
            synapse_dac_bias: 600,
            cadc: CadcTarget::default(),
            plasticity: PlasticityTarget::default(),
            adaptation: None,
            exponential: None,
            correlation: None,
        }
    }
}

impl SpikingTarget {
    /// What is an analog cell's code, by name.
    fn codes(&self) -> Vec<(&'static str, f64)> {
        let mut codes = vec![("synapse_dac_bias", f64::from(self.synapse_dac_bias))];
        match &self.strength {
            Strength::Matching { gm } => codes.push(("strength.gm", f64::from(*gm))),
            Strength::Calibrated { gm } => {
                codes.extend(gm.iter().map(|code| ("strength.gm", f64::from(*code))));
            }
            Strength::Uncalibrated { gm } => {
                let all = gm.iter().flat_map(|values| values.slice());
                codes.extend(all.map(|code| ("strength.gm", *code)));
            }
        }
        codes
    }

    /// What must be numbers that are not negative, by name.
    fn numbers(&self) -> [(&'static str, &Values); 8] {
        [
            ("leak", &self.leak),
            ("reset", &self.reset),
            ("threshold", &self.threshold),
            ("tau_mem", &self.tau_mem),
            ("tau_syn (excitatory)", &self.tau_syn[0]),
            ("tau_syn (inhibitory)", &self.tau_syn[1]),
            ("refractory_time", &self.refractory_time),
            ("holdoff_time", &self.holdoff_time),
        ]
    }

    /// Checks what would make a routine fail, and names what is outside the feasible ranges.
    ///
    /// # Errors
    /// [`CalibrationError::Target`] for capacitors and codes that do not exist and for what is no number, [`CalibrationError::Lengths`] for lists that fit neither
    /// one nor all of `count` neurons.
    pub fn check(&self, count: usize) -> Result<Vec<String>> {
        if let Some(value) = self.membrane_capacitance.outside(0.0, 63.0) {
            return Err(CalibrationError::Target {
                parameter: "membrane_capacitance",
                value,
                lower: 0.0,
                upper: 63.0,
            });
        }
        for (parameter, value) in self.codes() {
            if !(0.0..=1022.0).contains(&value) {
                return Err(CalibrationError::Target { parameter, value, lower: 0.0, upper: 1022.0 });
            }
        }
        for (parameter, values) in self.numbers() {
            if let Some(value) = values.outside(0.0, MOST) {
                return Err(CalibrationError::Target { parameter, value, lower: 0.0, upper: MOST });
            }
        }
        let feasible = [
            ("leak", &self.leak, 50.0, 160.0),
            ("reset", &self.reset, 50.0, 160.0),
            ("threshold", &self.threshold, 50.0, 220.0),
            ("tau_mem", &self.tau_mem, 0.5, 60.0),
            ("tau_syn (excitatory)", &self.tau_syn[0], 0.3, 30.0),
            ("tau_syn (inhibitory)", &self.tau_syn[1], 0.3, 30.0),
        ];
        let mut warnings = Vec::new();
        for (name, values, lower, upper) in feasible {
            values.spread(count)?;
            if let Some(value) = values.outside(lower, upper) {
                warnings.push(format!("{name} of {value} is outside the feasible range {lower} to {upper}"));
            }
        }
        for values in [&self.membrane_capacitance, &self.refractory_time, &self.holdoff_time] {
            values.spread(count)?;
        }
        if let Some(adaptation) = &self.adaptation {
            adaptation.check(count)?;
        }
        if let Some(exponential) = &self.exponential {
            exponential.check(count)?;
        }
        let bias = self.synapse_dac_bias;
        if !(30..=1022).contains(&bias) {
            warnings.push(format!("synapse_dac_bias of {bias} is outside the feasible range 30 to 1022"));
        }
        Ok(warnings)
    }
}

/// How spiking neurons are calibrated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpikingOptions {
    /// Whether potentials are calibrated once more with the inputs on.
    pub refine_potentials: bool,
    /// Reads that are averaged for potentials; the official routines make one.
    pub reads: usize,
    /// Whether thresholds are measured with as many reads as the official routine makes (3000 instead of 300).
    pub thorough_thresholds: bool,
    /// How the column ADC is calibrated.
    pub cadc: CadcOptions,
    /// How the synapse drivers are calibrated for short-term plasticity.
    pub plasticity: PlasticityOptions,
    /// How the correlation sensors are calibrated, if they are.
    pub correlation: CorrelationOptions,
}

impl Default for SpikingOptions {
    fn default() -> Self {
        Self {
            refine_potentials: true,
            reads: 4,
            thorough_thresholds: false,
            cadc: CadcOptions::default(),
            plasticity: PlasticityOptions::default(),
            correlation: CorrelationOptions::default(),
        }
    }
}
