//! The converters: CADC channels and the line of the MADC (analog-core 7.1, 7.2).

use super::synapses::CADC_LSB;
use super::{
    BoardVoltages, CadcSwitches, Cells, GlobalCell, PhysicsWarning, SharedCell, SynapseBiases, Warnings,
};
use crate::physics::CellAddress;
use crate::registers::capmem::CapMemBlockConfig;
use bss2_analog::mismatch::{ChipMismatch, Kind, Parameter, constants};
use bss2_analog::{Branch, CadcChannel};
use bss2_base::{Column, Hemisphere, Quadrant};
use serde::{Deserialize, Serialize};

/// Codes of correlation baseline per V of the accumulator reset voltage: `correlation.baseline_gain` of settled O18.
const BASELINE_GAIN: f64 = 0.8 / CADC_LSB;
/// Input voltage of the nominal channel at code 0 (20 codes below 0.150 V).
const CADC_ZERO: f64 = 0.060;
/// Fraction of their defaults below which the MADC doesn't work (analog-core 7.2).
const MADC_GATE: f64 = 0.20;
/// Biases and references of the MADC signal chain.
const MADC_CELLS: [GlobalCell; 5] = [
    GlobalCell::ReadoutAcMuxIBias,
    GlobalCell::ReadoutMadcIn500na,
    GlobalCell::ReadoutScAmpIBias,
    GlobalCell::ReadoutScAmpVRef,
    GlobalCell::ReadoutPseudoDiffVRef,
];

/// The individual values of the converters.
#[derive(Clone, Debug)]
pub(super) struct ReadoutMismatch {
    ramp_start: [f64; 4],
    slope: [f64; 4],
    /// Offset in codes, gain, correlation baseline in codes; by [`Kind::Channel`].
    channels: Vec<(f64, f64, f64)>,
    madc: (f64, f64),
}

impl ReadoutMismatch {
    pub(super) fn new(individual: &ChipMismatch) -> Self {
        let by_quadrant = |parameter| [0, 1, 2, 3].map(|quadrant| individual.value(parameter, quadrant));
        let channel = |index| {
            let value = |parameter| individual.value(parameter, index);
            (value(Parameter::CadcOffset), value(Parameter::CadcGain), value(Parameter::CorrelationBaseline))
        };
        Self {
            ramp_start: by_quadrant(Parameter::CadcRampStart),
            slope: by_quadrant(Parameter::CadcSlope),
            channels: (0..Kind::Channel.instances()).map(channel).collect(),
            madc: (individual.value(Parameter::MadcLsb, 0), individual.value(Parameter::MadcZero, 0)),
        }
    }
}

/// The cell that the debug output of a block shows.
fn selected(block: Quadrant, config: &CapMemBlockConfig) -> Option<CellAddress> {
    CellAddress::new(block, u8::try_from(config.capmem_column).ok()?, config.hotbit_capmem_row?)
}

/// The transfer line of the MADC: `code = zero_code + V / volts_per_code` before saturation (analog-core 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadcParameters {
    /// Volts per code, gain capacitor 31.
    pub volts_per_code: f64,
    /// Code at 0 V.
    pub zero_code: f64,
    /// Whether its biases are high enough; otherwise every code is 0.
    pub works: bool,
}

impl Cells<'_> {
    /// One of the 1024 CADC channels with the correlation readout it sees (analog-core 7.1, 6).
    ///
    /// Without ramp, ramp buffer, comparator or reset buffer bias the comparator never trips.
    pub fn cadc_channel(
        &self,
        hemisphere: Hemisphere,
        branch: Branch,
        column: Column,
        switches: &CadcSwitches,
        biases: &SynapseBiases,
        board: &BoardVoltages,
    ) -> CadcChannel {
        let quadrant = Quadrant::of(hemisphere, column);
        let ramp_quadrant =
            if switches.ramp_of_other_side { Quadrant::of(hemisphere, column ^ 0x80) } else { quadrant };
        let readout = &self.physics.readout;
        let (offset, gain, baseline) =
            readout.channels[512 * hemisphere.index() + 256 * branch as usize + usize::from(column)];
        let slope = self.shared(SharedCell::CadcIRampSlope, quadrant);
        let comparator = [
            SharedCell::CadcVBiasRampBuf,
            SharedCell::CadcIRampSlope,
            SharedCell::CadcIBiasComp,
            SharedCell::CadcIBiasVresetBuf,
        ]
        .into_iter()
        .all(|cell| self.works(cell, quadrant));
        let sensor = biases.output && self.works(SharedCell::SynIBiasCorout, quadrant);
        let code = baseline + BASELINE_GAIN * (board.mux_dac_25 - constants::CORRELATION_RESET_REFERENCE);
        let shown = CADC_ZERO + CADC_LSB * code.clamp(0.0, 255.0);
        CadcChannel {
            ramp_start: self.ramp_start(ramp_quadrant),
            // A ramp that stands still has no codes; any positive value serves, since the comparator doesn't work then.
            volts_per_code: (readout.slope[quadrant.index()] * slope * gain).max(1e-9),
            offset,
            digital_offset: i16::from(switches.digital_offset),
            comparator,
            correlation_baseline: if sensor && board.mux_dac_25 > 0.0 { shown } else { 0.0 },
        }
    }

    /// The voltage in V at which the ramp of a quadrant starts; 0 V without bias of its buffer (analog-core 2.3, 7.1).
    pub fn ramp_output(&self, quadrant: Quadrant) -> f64 {
        if self.works(SharedCell::CadcVBiasRampBuf, quadrant) { self.ramp_start(quadrant) } else { 0.0 }
    }

    fn ramp_start(&self, quadrant: Quadrant) -> f64 {
        let offset = self.shared(SharedCell::CadcVRampOffset, quadrant);
        constants::CADC_RAMP_START_LSB * offset + self.physics.readout.ramp_start[quadrant.index()]
    }

    /// The voltage in V at the debug output of a CapMem block: that of the selected voltage cell, 0 V if one of its amplifiers has no
    /// bias; `None` if no voltage cell is selected (analog-core 2.4, register-map 5.8).
    pub fn debug_voltage(&self, block: Quadrant, config: &CapMemBlockConfig) -> Option<f64> {
        let cell = selected(block, config).filter(|cell| cell.is_voltage())?;
        let biases =
            [config.debug_level_shifter_bias, config.debug_source_follower_bias, config.debug_out_amp_bias];
        Some(if biases.contains(&0) { 0.0 } else { self.voltage(cell) })
    }

    /// The current in A at the debug output of a CapMem block: that of the selected current cell, if the output is switched to the cells.
    pub fn debug_current(&self, block: Quadrant, config: &CapMemBlockConfig) -> Option<f64> {
        let cell = selected(block, config).filter(|cell| !cell.is_voltage())?;
        (config.debug_i_out_select == 1).then(|| constants::CURRENT_CELL_LSB * self.current_code(cell))
    }

    /// Warns of CADC biases of a quadrant that were written too low.
    pub fn warn_of_cadc(&self, quadrant: Quadrant, warnings: &mut Warnings) {
        for cell in [
            SharedCell::CadcVBiasRampBuf,
            SharedCell::CadcIRampSlope,
            SharedCell::CadcIBiasComp,
            SharedCell::CadcIBiasVresetBuf,
        ] {
            self.warn_if_low(cell, quadrant, warnings);
        }
    }

    /// The MADC.
    pub fn madc(&self, warnings: &mut Warnings) -> MadcParameters {
        for cell in MADC_CELLS {
            if f64::from(self.capmem.code(cell.address())) < MADC_GATE * f64::from(cell.default_code()) {
                warnings.note(PhysicsWarning::GlobalBiasTooLow { cell });
            }
        }
        let (volts_per_code, zero_code) = self.physics.readout.madc;
        let works = MADC_CELLS.into_iter().all(|cell| self.global_works(cell, MADC_GATE));
        MadcParameters { volts_per_code, zero_code, works }
    }
}
