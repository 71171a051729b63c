//! The three routines.

use super::reference::{Reference, mean_codes, set_board};
use super::{CHANNELS, CadcTarget};
use crate::error::Result;
use crate::evaluation::median;
use crate::fit::{Line, line};
use crate::program::{SETTLING, write};
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::SimTime;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::cadc::CADCChannelConfig;
use bss2_host::registers::capmem::SharedParameter;

/// Conversions that are averaged while a ramp is searched: a quadrant has 256 channels besides.
const READS: usize = 4;
/// Codes that are neither cut off below nor above, noise included.
const TRUSTED: core::ops::RangeInclusive<f64> = 5.0..=250.0;

/// The quadrant of a channel.
pub(super) const fn quadrant(channel: usize) -> usize {
    2 * (channel / 512) + channel % 256 / 128
}

/// Writes the digital offsets of all channels.
pub(super) fn write_channel_offsets(program: &mut ProgramBuilder, offsets: &[i32]) {
    for (instance, &offset) in (0..).zip(offsets) {
        write(program, instance, &CADCChannelConfig { offset: offset.clamp(-128, 127) as i8 });
    }
}

/// What the converters of a quadrant make of the voltages at their inputs.
enum Seen {
    /// Codes over volts.
    Line(Line),
    /// Nearly all codes are cut off above: the ramp is too slow.
    TooHigh,
    /// Below, or nothing is seen.
    TooLow,
}

/// Shows the converters two voltages in the range, and fits lines to each quadrant.
fn quadrant_lines(
    session: &mut Session<'_>,
    reference: &Reference,
    target: &CadcTarget,
) -> Result<Vec<Seen>> {
    let mut points: [(Vec<f64>, Vec<f64>); 4] = Default::default();
    let mut all: [Vec<f64>; 4] = Default::default();
    for code in [50.0, 190.0] {
        let board = reference.board_for(target.voltage(code));
        set_board(session, board)?;
        for (channel, code) in mean_codes(session, READS)?.into_iter().enumerate() {
            let quadrant = quadrant(channel);
            all[quadrant].push(code);
            if TRUSTED.contains(&code) {
                points[quadrant].0.push(reference.volts(channel, board));
                points[quadrant].1.push(code);
            }
        }
    }
    let seen = |((volts, codes), all): (&(Vec<f64>, Vec<f64>), &Vec<f64>)| {
        let spread = volts.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            - volts.iter().copied().fold(f64::INFINITY, f64::min);
        // Both voltages must be seen, by enough channels.
        let enough = 4 * codes.len() > all.len() && spread > 0.5 * (target.volts[1] - target.volts[0]);
        match line(volts, codes).filter(|_| enough) {
            Some(line) => Seen::Line(line),
            None if median(all) > 128.0 => Seen::TooHigh,
            None => Seen::TooLow,
        }
    };
    Ok(points.iter().zip(&all).map(seen).collect())
}

/// Steepness of the ramps: codes between the ends of the range (CADC-2).
pub(super) struct RampSlope<'r> {
    reference: &'r Reference,
    target: &'r CadcTarget,
}

impl<'r> RampSlope<'r> {
    pub(super) fn new(reference: &'r Reference, target: &'r CadcTarget) -> Self {
        Self { reference, target }
    }
}

impl Routine for RampSlope<'_> {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "cadc_slope",
            knob: "cadc_i_ramp_slope",
            range: Range::CELL,
            inverted: true,
            hints: ["the ramp can't be slow enough", "the ramp can't be fast enough"],
            leaves: &[],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, _: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        Session::spread(target.unwrap_or(&[self.target.codes[1] - self.target.codes[0]]), 4)
    }

    /// The ramp starts where a nominal one has to, so that the codes stay on scale.
    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_quadrants(program, SharedParameter::CadcIRampSlope, parameters);
        // Code 0 is at the start of the ramp; 1.875 mV per code (analog-core 7.1).
        let start = (self.target.voltage(0.0) / 1.875e-3).round().clamp(0.0, 1022.0) as i32;
        session.write_quadrants(program, SharedParameter::CadcVRampOffset, &[start; 4]);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let span = self.target.volts[1] - self.target.volts[0];
        let result = |seen| match seen {
            Seen::Line(line) => line.slope * span,
            Seen::TooHigh => f64::INFINITY,
            Seen::TooLow => f64::NEG_INFINITY,
        };
        Ok(quadrant_lines(session, self.reference, self.target)?.into_iter().map(result).collect())
    }
}

/// Start of the ramps: the code at the lower end of the range (CADC-1).
pub(super) struct RampOffset<'r> {
    reference: &'r Reference,
    target: &'r CadcTarget,
}

impl<'r> RampOffset<'r> {
    pub(super) fn new(reference: &'r Reference, target: &'r CadcTarget) -> Self {
        Self { reference, target }
    }
}

impl Routine for RampOffset<'_> {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "cadc_offset",
            knob: "cadc_v_ramp_offset",
            range: Range::CELL,
            inverted: true,
            hints: ["the ramp can't start low enough", "the ramp can't start high enough"],
            leaves: &[],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, _: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        Session::spread(target.unwrap_or(&[self.target.codes[0]]), 4)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_quadrants(program, SharedParameter::CadcVRampOffset, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let result = |seen| match seen {
            Seen::Line(line) => line.at(self.target.volts[0]),
            Seen::TooHigh => f64::INFINITY,
            Seen::TooLow => f64::NEG_INFINITY,
        };
        Ok(quadrant_lines(session, self.reference, self.target)?.into_iter().map(result).collect())
    }
}

/// Digital offsets of the channels: the code in the middle of the range (CADC-3).
pub(super) struct ChannelOffsets<'r> {
    reference: &'r Reference,
    target: &'r CadcTarget,
    reads: usize,
}

impl<'r> ChannelOffsets<'r> {
    pub(super) fn new(reference: &'r Reference, target: &'r CadcTarget, reads: usize) -> Self {
        Self { reference, target, reads }
    }

    /// The code of each channel at the voltage in the middle, on the line through two voltages on both sides. The sensors show
    /// every channel its own voltage; single conversions at a common one are not to be had.
    pub(super) fn codes(&self, session: &mut Session<'_>) -> Result<Vec<f64>> {
        let middle = 0.5 * (self.target.volts[0] + self.target.volts[1]);
        let mut points = Vec::new();
        for code in [70.0, 170.0] {
            let board = self.reference.board_for(self.target.voltage(code));
            set_board(session, board)?;
            points.push((board, mean_codes(session, self.reads)?));
        }
        let code = |channel: usize| {
            let (volts, codes): (Vec<f64>, Vec<f64>) = points
                .iter()
                .map(|(board, codes)| (self.reference.volts(channel, *board), codes[channel]))
                .filter(|(_, code)| TRUSTED.contains(code))
                .unzip();
            match (line(&volts, &codes), volts.first()) {
                (Some(line), _) => line.at(middle),
                // One voltage is off scale: the wanted steepness will do.
                (None, Some(volts)) => codes[0] + self.target.slope() * (middle - volts),
                (None, None) => f64::NAN,
            }
        };
        Ok((0..CHANNELS).map(code).collect())
    }
}

impl Routine for ChannelOffsets<'_> {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "cadc_channels",
            knob: "CADCChannelConfig.offset",
            range: Range::new(-128, 127),
            inverted: false,
            hints: ["the channel reads far too much", "the channel reads far too little"],
            leaves: &[],
            settling: SimTime::from_us(10),
        }
    }

    fn prelude(&mut self, session: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        if let Some(target) = target {
            return Session::spread(target, CHANNELS);
        }
        let median = median(&self.codes(session)?);
        let wanted = 0.5 * (self.target.codes[0] + self.target.codes[1]);
        if (median - wanted).abs() > 50.0 {
            session.note(&format!("cadc: the median of all channels is {median:.0} instead of {wanted:.0}"));
        }
        Session::spread(&[median], CHANNELS)
    }

    fn configure(&self, _: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        write_channel_offsets(program, parameters);
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        self.codes(session)
    }

    fn postlude(&mut self, _: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        Ok(())
    }
}
