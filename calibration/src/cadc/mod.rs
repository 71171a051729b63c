//! The column ADC: ramps of the quadrants and offsets of the 1024 channels (calibration 4.1), and its characterisation in volts
//! (calibration 4.2).
//!
//! | routine | knob | instances | observable | default target |
//! |---|---|---|---|---|
//! | `cadc_slope` | `cadc_i_ramp_slope` | 4 | codes between the ends of the range | 200 |
//! | `cadc_offset` | `cadc_v_ramp_offset` | 4 | code at the lower end of the range | 20 |
//! | `cadc_channels` | `CADCChannelConfig.offset` | 1024 | code in the middle of the range | median |
//!
//! **The stimulus is not the official one.** The official routines connect an analog storage cell to the debug line of the
//! converters. The emulated chip has no such connection, so the voltages come from elsewhere, by means of the host all the
//! same ([`Reference`]): a converter without input discharges to 0 V, and one that reads a correlation sensor sees a voltage
//! that follows the board's converter with a known gain of 0.8 and an unknown, constant offset. The two together tell the
//! offset of every channel's sensor, after which sensors are voltage sources that reach the whole range. The ends of the
//! range are volts therefore, not codes of a cell; [`CadcTarget::of_cells`] converts with the nominal law.

mod reference;
mod routines;

use crate::algorithms::{Prediction, Search};
use crate::base_state::{write_cadc, write_nominal_ramps};
use crate::error::{CalibrationError, Result};
use crate::program::{ColumnReadout, SETTLING, connect_columns};
use crate::result::{InstanceKind, Record};
use crate::routine::{Outcome, Session};
use bss2_host::registers::{Location, decode};
use serde::{Deserialize, Serialize};

pub use reference::{Characterisation, Reference};
use routines::{ChannelOffsets, RampOffset, RampSlope};

/// Channels of a chip.
pub const CHANNELS: usize = 1024;

/// Which voltages give which codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CadcTarget {
    /// Ends of the range in V.
    pub volts: [f64; 2],
    /// What they read.
    pub codes: [f64; 2],
}

impl Default for CadcTarget {
    /// 20 to 220 for 0.15 V to 1.05 V: the spiking range.
    fn default() -> Self {
        Self::of_cells(70, 550)
    }
}

impl CadcTarget {
    /// Range of the synaptic lines, for drivers and integration on lines.
    pub fn lines() -> Self {
        Self::of_cells(150, 340)
    }

    /// Range of the membranes in integration (analog-core 7.1).
    pub fn hagen() -> Self {
        Self::of_cells(150, 500)
    }

    /// 20 to 220 for the voltages of storage cells with these codes, by the nominal law 1.875 mV per code and 19 mV
    /// (analog-core 2.4).
    pub fn of_cells(lower: u16, upper: u16) -> Self {
        let volts = |code: u16| 1.875e-3 * f64::from(code) + 19e-3;
        Self { volts: [volts(lower), volts(upper)], codes: [20.0, 220.0] }
    }

    /// Codes per V.
    pub fn slope(&self) -> f64 {
        (self.codes[1] - self.codes[0]) / (self.volts[1] - self.volts[0])
    }

    /// The wanted code at a voltage.
    pub fn code(&self, volts: f64) -> f64 {
        self.codes[0] + self.slope() * (volts - self.volts[0])
    }

    /// The voltage at which a code is wanted.
    pub fn voltage(&self, code: f64) -> f64 {
        self.volts[0] + (code - self.codes[0]) / self.slope()
    }

    fn check(&self) -> Result<()> {
        let [lower, upper] = self.volts;
        if !(lower >= 0.0 && lower + 0.05 <= upper && upper <= 1.2) {
            let value = if (0.0..=1.15).contains(&lower) { upper } else { lower };
            return Err(CalibrationError::Target {
                parameter: "CADC range in V",
                value,
                lower: 0.0,
                upper: 1.2,
            });
        }
        if !(self.codes[0] >= 0.0 && self.codes[0] + 10.0 <= self.codes[1] && self.codes[1] <= 255.0) {
            let value = self.codes[1];
            return Err(CalibrationError::Target {
                parameter: "CADC codes",
                value,
                lower: 0.0,
                upper: 255.0,
            });
        }
        Ok(())
    }
}

/// How the ADC is calibrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CadcOptions {
    /// Whether the offsets of single channels are calibrated too (calibration 6: on).
    pub calibrate_offsets: bool,
    /// Conversions that are averaged for the reference and the channel offsets: with 100, what noise adds to an offset is less
    /// than its rounding.
    pub reads: usize,
}

impl Default for CadcOptions {
    fn default() -> Self {
        Self { calibrate_offsets: true, reads: 100 }
    }
}

/// A calibrated ADC.
#[derive(Clone, Debug, PartialEq)]
pub struct CadcCalibration {
    /// `cadc_v_ramp_offset` by quadrant.
    pub ramp_offset: Vec<i32>,
    /// `cadc_i_ramp_slope` by quadrant.
    pub ramp_slope: Vec<i32>,
    /// Digital offsets by channel: `512 · hemisphere + 256 · acausal + column`.
    pub channel_offset: Vec<i32>,
    /// Which channels succeeded; a failing quadrant takes its 256 channels along.
    pub success: Vec<bool>,
    /// Standard deviation of the codes of all channels at the voltage in the middle of the range, after calibration.
    pub spread: f64,
    /// What the routines came to.
    pub records: Vec<Record>,
    /// The voltages of the sensors, for characterisations and other ranges.
    pub reference: Reference,
}

/// Calibrates the ramps and offsets of the column ADC. Nothing may send events meanwhile. Leaves the columns' channels on the
/// neurons; board voltages are put back.
///
/// `reference` saves the measurement of the sensors' voltages if the same chip was calibrated for another range before.
///
/// # Errors
/// A target that no setting reaches, and as [`crate::link::Link::run`].
pub fn calibrate(
    session: &mut Session<'_>,
    target: &CadcTarget,
    options: &CadcOptions,
    reference: Option<&Reference>,
) -> Result<CadcCalibration> {
    target.check()?;
    let before = session.link.written().clone();
    let reference = match reference {
        Some(reference) => reference.clone(),
        None => {
            session.link.configure(|program| {
                write_cadc(program);
                write_nominal_ramps(program);
            })?;
            Reference::measure(session, options.reads)?
        }
    };
    session.link.configure(|program| {
        write_cadc(program);
        write_nominal_ramps(program);
        reference::connect_sensors(program);
        routines::write_channel_offsets(program, &[0; CHANNELS]);
    })?;
    let mut records = Vec::new();
    let mut slope = RampSlope::new(&reference, target);
    let slopes = session.calibrate(&mut slope, &Search::Binary, None)?;
    let mut offset = RampOffset::new(&reference, target);
    let offsets = session.calibrate(&mut offset, &Search::Binary, None)?;
    let good = |outcome: &Outcome, channel: usize| outcome.success[routines::quadrant(channel)];
    let mut success: Vec<bool> =
        (0..CHANNELS).map(|channel| good(&slopes, channel) && good(&offsets, channel)).collect();
    let (ramp_slope, ramp_offset) = (slopes.parameters.clone(), offsets.parameters.clone());
    records.push(Record::of_all(InstanceKind::Quadrant, slopes));
    records.push(Record::of_all(InstanceKind::Quadrant, offsets));

    let mut channels = ChannelOffsets::new(&reference, target, options.reads);
    let mut channel_offset = vec![0; CHANNELS];
    if options.calibrate_offsets {
        let prediction = Search::Predictive(Prediction::linear(1.0, 0, CHANNELS));
        let outcome = session.calibrate(&mut channels, &prediction, None)?;
        success.iter_mut().zip(&outcome.success).for_each(|(all, own)| *all &= own);
        channel_offset.clone_from(&outcome.parameters);
        records.push(Record::of_all(InstanceKind::Channel, outcome));
    }
    let spread = crate::evaluation::standard_deviation(&channels.codes(session)?);
    if spread > 3.0 {
        session.note(&format!("cadc: the channels still differ by {spread:.1} codes (calibration 4.1: 3)"));
    }
    session.link.configure(|program| {
        before.board.write(program);
        connect_columns(program, ColumnReadout::Neurons);
    })?;
    session.link.restore_some(&before, is_correlation_bias)?;
    Ok(CadcCalibration { ramp_offset, ramp_slope, channel_offset, success, spread, records, reference })
}

/// Whether a word is the bias of the sensors' output followers.
fn is_correlation_bias(address: u32) -> bool {
    use bss2_host::registers::{Block, coordinates::capmem_cell_of};
    match decode(address) {
        Some(Location::Register(register)) if register.block == Block::CapMemCell => {
            let place = bss2_host::registers::capmem::SharedParameter::SynIBiasCorout.place();
            capmem_cell_of(register.instance).is_some_and(|(_, row, column)| (column, row) == place)
        }
        _ => false,
    }
}

/// Waiting time until a converter without input has discharged: 20 time constants of 1 ms (analog-core 7.1).
const DISCHARGE: bss2_base::SimTime = SETTLING;
