//! Known voltages at the inputs of the converters, and what the converters make of them.

use super::{CHANNELS, DISCHARGE};
use crate::error::{CalibrationError, Result};
use crate::fit::line;
use crate::primitives::cadc;
use crate::program::{ColumnReadout, SETTLING, connect_columns, write_shared_cell};
use crate::routine::Session;
use bss2_base::{Hemisphere, NEURONS, Neuron, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::SharedParameter;
use serde::{Deserialize, Serialize};

use super::routines::write_channel_offsets;

/// Volts at a sensor per volt of the board's `mux_dac_25` (settled, O18).
const GAIN: f64 = 0.8;
/// Full scale and codes of that converter (register-map 10.1).
const FULL_SCALE: f64 = 2.5;
const STEPS: f64 = 4096.0;
/// Where the sensors' voltages are measured, in V of the board: about 0.39 V and 0.82 V at a nominal sensor, which leaves four
/// standard deviations of all offsets to both ends of the scale.
const PROBES: [f64; 2] = [1.25, 1.79];
/// Digital offset with which a converter shows codes below zero.
const LIFT: i32 = 127;
/// Codes that are neither cut off below nor above.
const TRUSTED: core::ops::RangeInclusive<f64> = 5.0..=250.0;

/// The voltages that the correlation sensors of a chip show its converters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// By channel: volts at 0 V of the board, extrapolated; NaN if it could not be measured.
    intercept: Vec<f64>,
}

/// Which voltage each code of a channel stands for: `volts = slope · code + intercept` (calibration 4.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Characterisation {
    /// V per code by channel; NaN if it could not be measured.
    pub slope: Vec<f64>,
    /// V at code 0 by channel.
    pub intercept: Vec<f64>,
    /// Largest standard deviation of a channel's points from its line, in codes.
    pub largest_residual: f64,
}

/// Connects the channels of all columns to the sensors, with working followers.
pub(super) fn connect_sensors(program: &mut ProgramBuilder) {
    write_shared_cell(program, SharedParameter::SynIBiasCorout, 600);
    connect_columns(program, ColumnReadout::Correlation);
}

/// Disconnects the channels of all columns.
fn disconnect(program: &mut ProgramBuilder) {
    connect_columns(program, ColumnReadout::Neurons);
    for array in [0x02c0_0000, 0x03c0_0000] {
        for quad in 0..64 {
            program.write(array + 0x0_4000 + quad, 0).write(array + 0x4_4000 + quad, 0);
        }
    }
}

/// The board's voltage as it will be after conversion to a code.
fn on_grid(volts: f64) -> f64 {
    (volts / FULL_SCALE * STEPS).round().clamp(0.0, STEPS - 1.0) * FULL_SCALE / STEPS
}

/// Sets the board's voltage and waits for it.
pub(super) fn set_board(session: &mut Session<'_>, volts: f64) -> Result<()> {
    session.link.run(|program| {
        crate::program::set_board_voltage(program, crate::program::BoardVoltage::CorrelationReset, volts);
        program.wait(SimTime::from_ms(1));
    })?;
    Ok(())
}

/// Mean codes of all channels over some conversions.
pub(super) fn mean_codes(session: &mut Session<'_>, reads: usize) -> Result<Vec<f64>> {
    let (results, tickets) = session.link.run(|program| {
        let one = |program: &mut ProgramBuilder| {
            let ticket = cadc::read(program);
            program.wait(SimTime::from_us(20));
            ticket
        };
        (0..reads.max(1)).map(|_| one(program)).collect::<Vec<_>>()
    })?;
    let mut sums = vec![0.0; CHANNELS];
    for ticket in &tickets {
        let codes = ticket.codes(&results)?;
        for neuron in (0..NEURONS).filter_map(Neuron::from_index) {
            let first = channel(neuron.hemisphere(), false, neuron.column().into());
            sums[first] += f64::from(codes.causal[neuron.index()]);
            sums[first + 256] += f64::from(codes.acausal[neuron.index()]);
        }
    }
    Ok(sums.into_iter().map(|sum| sum / tickets.len() as f64).collect())
}

/// Number of a channel.
pub(super) const fn channel(hemisphere: Hemisphere, acausal: bool, column: usize) -> usize {
    512 * hemisphere as usize + 256 * acausal as usize + column
}

impl Reference {
    /// Measures the sensors with ramps that show 0 V and both probes. Leaves the channels connected to the sensors and all
    /// digital offsets 0.
    ///
    /// # Errors
    /// More than a tenth of the channels could not be measured: ramps or followers do not work. And as
    /// [`crate::link::Link::run`].
    pub fn measure(session: &mut Session<'_>, reads: usize) -> Result<Self> {
        session.link.run(|program| {
            write_channel_offsets(program, &[LIFT; CHANNELS]);
            disconnect(program);
            program.barrier_omnibus().wait(DISCHARGE);
        })?;
        let ground: Vec<f64> =
            mean_codes(session, reads)?.into_iter().map(|code| code - f64::from(LIFT)).collect();
        session.link.run(|program| {
            write_channel_offsets(program, &[0; CHANNELS]);
            connect_sensors(program);
            program.barrier_omnibus().wait(SETTLING);
        })?;
        let mut codes = Vec::new();
        for probe in PROBES {
            set_board(session, probe)?;
            codes.push(mean_codes(session, reads)?);
        }
        let [low, high] = PROBES.map(on_grid);
        let intercept: Vec<f64> = (0..CHANNELS)
            .map(|channel| {
                let (at_low, at_high) = (codes[0][channel], codes[1][channel]);
                if !TRUSTED.contains(&at_low) || !TRUSTED.contains(&at_high) || at_high <= at_low {
                    return f64::NAN;
                }
                let codes_per_volt = (at_high - at_low) / (GAIN * (high - low));
                (at_low - ground[channel]) / codes_per_volt - GAIN * low
            })
            .collect();
        let lost = intercept.iter().filter(|volts| volts.is_nan()).count();
        if lost > CHANNELS / 10 {
            return Err(CalibrationError::NotSuccessful {
                routine: "cadc_reference",
                reason: format!("{lost} of {CHANNELS} channels do not follow the board's voltage"),
            });
        }
        Ok(Self { intercept })
    }

    /// What a channel sees when the board is at this voltage. Sensors are limited to 0.06 V and above.
    pub fn volts(&self, channel: usize, board: f64) -> f64 {
        self.intercept[channel] + GAIN * on_grid(board)
    }

    /// The board's voltage at which the median channel sees this one.
    pub fn board_for(&self, volts: f64) -> f64 {
        let median = crate::evaluation::median(&self.intercept);
        (volts - median) / GAIN
    }

    /// The lines of all channels through conversions at several voltages within the range of `codes` 30 to 210 that
    /// `target` describes.
    ///
    /// The channels must be as they shall be characterised; they are left on the neurons.
    ///
    /// # Errors
    /// As [`crate::link::Link::run`].
    pub fn characterise(
        &self,
        session: &mut Session<'_>,
        target: &super::CadcTarget,
        points: usize,
        reads: usize,
    ) -> Result<Characterisation> {
        let before = session.link.written().clone();
        session.link.configure(connect_sensors)?;
        let mut volts = vec![Vec::new(); CHANNELS];
        let mut codes = vec![Vec::new(); CHANNELS];
        for point in 0..points.max(2) {
            let code = 30.0 + 180.0 * point as f64 / (points.max(2) - 1) as f64;
            let board = self.board_for(target.voltage(code));
            set_board(session, board)?;
            for (channel, code) in mean_codes(session, reads)?.into_iter().enumerate() {
                if TRUSTED.contains(&code) {
                    volts[channel].push(self.volts(channel, board));
                    codes[channel].push(code);
                }
            }
        }
        session.link.configure(|program| {
            before.board.write(program);
            connect_columns(program, ColumnReadout::Neurons);
        })?;
        let lines: Vec<_> = codes.iter().zip(&volts).map(|(codes, volts)| line(codes, volts)).collect();
        let residual = |line: &Option<crate::fit::Line>| line.map_or(0.0, |line| line.rms / line.slope.abs());
        Ok(Characterisation {
            slope: lines.iter().map(|line| line.map_or(f64::NAN, |line| line.slope)).collect(),
            intercept: lines.iter().map(|line| line.map_or(f64::NAN, |line| line.intercept)).collect(),
            largest_residual: lines.iter().map(residual).fold(0.0, f64::max),
        })
    }
}
