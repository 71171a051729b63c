//! All neurons read the same after a reset (calibration 4.3.15).

use crate::algorithms::{Prediction, Search};
use crate::cadc::CHANNELS;
use crate::error::Result;
use crate::primitives::{cadc, reset};
use crate::program::write;
use crate::result::{InstanceKind, Record};
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::cadc::CADCChannelConfig;

/// Readings that are averaged.
const READS: usize = 20;
/// From a reset to the reading.
const DELAY: SimTime = SimTime::from_us(30);
/// The code that is wanted.
const TARGET: f64 = 128.0;

/// Digital offsets of all channels, for 128 codes after a reset of the neurons. Destroys the common scale of the ADC.
#[derive(Clone, Copy, Debug, Default)]
pub struct Baseline;

/// Runs [`Baseline`]: one probe, one check.
///
/// # Errors
/// As [`crate::link::Link::run`].
pub fn calibrate_baseline(session: &mut Session<'_>) -> Result<Record> {
    let probe = (0..CHANNELS as u32)
        .map(|instance| i32::from(session.link.typed::<CADCChannelConfig>(instance).offset));
    let prediction = Prediction { probe: probe.collect(), ..Prediction::linear(1.0, 0, CHANNELS) };
    let outcome = session.calibrate(&mut Baseline, &Search::Predictive(prediction), Some(&[TARGET]))?;
    Ok(Record::of_all(InstanceKind::Channel, outcome))
}

impl Routine for Baseline {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "cadc_baseline",
            knob: "CADCChannelConfig.offset",
            range: Range::new(-128, 127),
            inverted: false,
            hints: ["the reset potential is too high", "the reset potential is too low"],
            leaves: &["the common scale of the column ADC"],
            settling: SimTime::from_us(10),
        }
    }

    fn prelude(&mut self, _: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        Session::spread(target.unwrap_or(&[TARGET]), CHANNELS)
    }

    fn configure(&self, _: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        for (instance, &offset) in (0..).zip(parameters) {
            write(program, instance, &CADCChannelConfig { offset: offset.clamp(-128, 127) as i8 });
        }
    }

    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let (results, tickets) = session.link.run(|program| {
            let mut tickets = Vec::with_capacity(2 * READS);
            for _ in 0..READS {
                for hemisphere in Hemisphere::ALL {
                    reset::hemisphere(program, hemisphere);
                    program.barrier_omnibus().wait(DELAY);
                    tickets.push(cadc::read_hemisphere(program, hemisphere));
                    program.barrier_omnibus();
                }
            }
            tickets
        })?;
        let mut sums = vec![0.0; CHANNELS];
        for ticket in tickets {
            ticket.for_each(&results, |neuron: Neuron, acausal, code| {
                let channel = 512 * neuron.hemisphere() as usize + 256 * usize::from(acausal);
                sums[channel + usize::from(neuron.column())] += f64::from(code) / READS as f64;
            })?;
        }
        Ok(sums)
    }

    fn postlude(&mut self, _: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        Ok(())
    }
}
