//! What the synapses of a quadrant share: charge of the DAC and correlation sensors (analog-core 5.2, 6).

use super::{BoardVoltages, Cells, SharedCell, SynapseBiases, Warnings};
use bss2_analog::mismatch::{Parameter, constants};
use bss2_analog::{CorrelationBranch, CorrelationParameters};
use bss2_base::Quadrant;

/// Volts per CADC code in which the sensors are specified (analog-core 6: the default spiking calibration).
pub(super) const CADC_LSB: f64 = 4.5e-3;

impl Cells<'_> {
    /// Charge in C of a full pulse of a synapse of weight 1 in this quadrant; the factor of each single synapse comes on top
    /// (analog-core 5.2). 0 if the bias is external or too low.
    pub fn unit_charge(&self, quadrant: Quadrant, biases: &SynapseBiases, warnings: &mut Warnings) -> f64 {
        if !biases.dac {
            return 0.0;
        }
        self.warn_if_low(SharedCell::SynIBiasDac, quadrant, warnings);
        if !self.works(SharedCell::SynIBiasDac, quadrant) {
            return 0.0;
        }
        let nominal = Parameter::SynapseCharge.quantity().nominal;
        nominal * self.shared(SharedCell::SynIBiasDac, quadrant) / constants::SYNAPSE_DAC_REFERENCE
    }

    /// The correlation sensors of a quadrant, calibration bits 0 (analog-core 6, settled row 9). Deviations of branches and
    /// synapses, and the asymmetry of the chip, are part of the individual synapses.
    ///
    /// A sensor whose ramp or store bias is external or too low has no amplitude.
    pub fn correlation(
        &self,
        quadrant: Quadrant,
        biases: &SynapseBiases,
        board: &BoardVoltages,
    ) -> CorrelationParameters {
        let [ramp, store] =
            [SharedCell::SynIBiasRamp, SharedCell::SynIBiasStore].map(|cell| self.shared(cell, quadrant));
        let works = biases.ramp
            && biases.store
            && self.works(SharedCell::SynIBiasRamp, quadrant)
            && self.works(SharedCell::SynIBiasStore, quadrant);
        let branch = if works {
            let board = 1.0
                + constants::CORRELATION_BOARD_SLOPE
                    * (board.v_res_meas - constants::CORRELATION_BOARD_REFERENCE);
            let [tau, amplitude] =
                [Parameter::CorrelationTau, Parameter::CorrelationAmplitude].map(|p| p.quantity().nominal);
            CorrelationBranch {
                time_constant: tau * constants::CORRELATION_RAMP_REFERENCE / ramp,
                amplitude: amplitude * CADC_LSB * constants::CORRELATION_STORE_REFERENCE / store
                    * board.max(0.0),
            }
        } else {
            CorrelationBranch { time_constant: Parameter::CorrelationTau.quantity().nominal, amplitude: 0.0 }
        };
        CorrelationParameters {
            causal: branch,
            acausal: branch,
            time_calibration_step: constants::CORRELATION_TIME_STEP,
            amplitude_calibration_step: constants::CORRELATION_AMPLITUDE_STEP,
            compression: constants::CORRELATION_COMPRESSION * CADC_LSB,
            saturation: constants::CORRELATION_SATURATION * CADC_LSB,
            leakage: constants::CORRELATION_LEAKAGE * CADC_LSB * 1e3,
        }
    }
}
