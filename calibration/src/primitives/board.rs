//! Known voltages at the membrane ADC: which one a code stands for (calibration 4.2).

use crate::error::{CalibrationError, Result};
use crate::fit;
use crate::program::write;
use crate::routine::Session;
use bss2_base::SimTime;
use bss2_host::registers::readout::{MADCConfig, MADCControl, PadMultiplexerConfig, ReadoutSourceSelection};
use serde::{Deserialize, Serialize};

/// Which voltage a code of the membrane ADC stands for: `volts = slope · code + intercept`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MadcCharacterisation {
    /// V per code.
    pub slope: f64,
    /// V at code 0.
    pub intercept: f64,
    /// Largest distance of a level's mean from the line, in codes.
    pub largest_residual: f64,
    /// Largest standard deviation of a level's samples, in codes; from 2 on the official routine warns.
    pub largest_noise: f64,
}

impl MadcCharacterisation {
    /// The voltage of a code.
    pub fn volts(&self, code: f64) -> f64 {
        self.slope * code + self.intercept
    }
}

/// Full scale in V and steps of the board's converter (register-map 10.1).
const FULL_SCALE: f64 = 2.5;
const STEPS: f64 = 4096.0;
/// The board's shift register with `enable_dac_to_readout_0` (register-map 10.1).
const SWITCHES: [u8; 3] = [0xff, 0x9d, 0x40];
/// Its converter's channel `ana_readout_debug_0`.
const CHANNEL: u16 = 5;
/// Samples at a level, and the time that the voltage takes to be there.
const SAMPLES: u16 = 295;
const SETTLED: SimTime = SimTime::from_ms(1);
/// Levels, from the lowest to the highest, V.
const LEVELS: usize = 10;
const RANGE: (f64, f64) = (0.1, 1.0);
/// Samples at the beginning that are not trustworthy: 8 us at 29.4 MHz.
const INVALID: usize = 236;

/// Connects the membrane ADC to a pad that the board drives, by multiplexer 0. Nothing is put back.
fn connect(session: &mut Session<'_>) -> Result<()> {
    session.link.run(|program| {
        write(program, 0, &PadMultiplexerConfig { debug_to_pad: true, ..PadMultiplexerConfig::default() });
        write(
            program,
            0,
            &ReadoutSourceSelection { debug_plus_0: true, ..ReadoutSourceSelection::default() },
        );
        write(
            program,
            0,
            &MADCConfig { number_of_samples: SAMPLES + INVALID as u16, ..MADCConfig::default() },
        );
        let on = MADCControl { wake_up: true, enable_pre_amplifier: true, ..MADCControl::default() };
        write(program, 0, &on);
        program.spi_frame(1, &SWITCHES).event_recording(true).wait(SimTime::from_ms(1));
    })?;
    Ok(())
}

/// Codes at a voltage of the board, and that voltage as its converter makes it. For a converter that [`madc`] has connected.
///
/// # Errors
/// [`CalibrationError::NotSuccessful`] without samples, and as [`Link::run`](crate::link::Link::run).
pub fn madc_codes(session: &mut Session<'_>, volts: f64) -> Result<(f64, Vec<f64>)> {
    let step = (volts / FULL_SCALE * STEPS).round().clamp(0.0, STEPS - 1.0);
    let (results, ()) = session.link.run(|program| {
        program.spi_frame(2, &(CHANNEL << 12 | step as u16).to_be_bytes()).spi_frame(2, &[0xa0, 0x02]);
        program.wait(SETTLED);
        let idle = MADCControl { enable_pre_amplifier: true, ..MADCControl::default() };
        write(program, 0, &MADCControl { start_recording: true, ..idle });
        write(program, 0, &idle);
        program.wait(SimTime::from_us(30));
    })?;
    let all = &results.recording.madc.value;
    let codes: Vec<f64> = all.iter().skip(INVALID).map(|value| f64::from(value & 0x3ff)).collect();
    if codes.is_empty() {
        let reason = format!("{} samples at {volts} V", all.len());
        return Err(CalibrationError::NotSuccessful {
            routine: "characterisation of the membrane ADC",
            reason,
        });
    }
    Ok((step / STEPS * FULL_SCALE, codes))
}

/// Measures ten voltages of the board from 0.1 V to 1.0 V. Biases of the converter are those of the base state; it is left connected to
/// the board and on.
///
/// # Errors
/// As [`madc_codes`].
pub fn madc(session: &mut Session<'_>) -> Result<MadcCharacterisation> {
    connect(session)?;
    let (mut volts, mut codes, mut noise) = (Vec::new(), Vec::new(), 0.0_f64);
    for level in 0..LEVELS {
        let wanted = RANGE.0 + (RANGE.1 - RANGE.0) * level as f64 / (LEVELS - 1) as f64;
        let (exact, samples) = madc_codes(session, wanted)?;
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        let square = samples.iter().map(|code| (code - mean).powi(2)).sum::<f64>();
        noise = noise.max((square / samples.len() as f64).sqrt());
        volts.push(exact);
        codes.push(mean);
    }
    let line = fit::line(&codes, &volts).ok_or_else(|| CalibrationError::NotSuccessful {
        routine: "characterisation of the membrane ADC",
        reason: "all voltages give the same code".into(),
    })?;
    let away = |(code, volts): (&f64, &f64)| ((volts - line.at(*code)) / line.slope).abs();
    Ok(MadcCharacterisation {
        slope: line.slope,
        intercept: line.intercept,
        largest_residual: codes.iter().zip(&volts).map(away).fold(0.0, f64::max),
        largest_noise: noise,
    })
}
