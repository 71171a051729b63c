//! Bits of single synapses (COR-3 of calibration 4.5).

use super::measurement::{Selection, accumulate, estimate, prepare};
use super::{CorrelationOptions, CorrelationTarget};
use crate::error::Result;
use crate::program::{RowView, write_row};
use crate::routine::Session;
use bss2_base::Hemisphere;
use serde::{Deserialize, Serialize};

/// Delays in microseconds.
const DELAYS: [f64; 4] = [1.0, 2.5, 5.0, 10.0];

/// Synapses of both hemispheres.
const SYNAPSES: usize = 2 * 256 * 256;

/// Bits of all synapses: `(256 · hemisphere + row) · 256 + column`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SynapseCorrections {
    /// Amplitude bits.
    pub amplitude: Vec<u8>,
    /// Time constant bits.
    pub time: Vec<u8>,
}

fn index(hemisphere: Hemisphere, row: u8, column: u8) -> usize {
    (256 * hemisphere as usize + usize::from(row)) * 256 + usize::from(column)
}

/// Writes the same bits to all synapses.
pub(super) fn write_uniform(session: &mut Session<'_>, amplitude: u8, time: u8) -> Result<()> {
    session.link.establish(|program| {
        for hemisphere in Hemisphere::ALL {
            for row in 0..=u8::MAX {
                write_row(program, hemisphere, row, RowView::AmplitudeCalibration, |_| amplitude);
                write_row(program, hemisphere, row, RowView::TimeCalibration, |_| time);
            }
        }
    })
}

/// Measures every selected synapse with all 16 settings and gives each the one with the least `(1 − w)·δA² + w·δτ²`, δ the relative
/// distances from the target, branches averaged. Synapses that never give a result, and those that are not selected, keep the default
/// bits.
///
/// The official routine uses 12 delays; 4 give the same choice for all but noisy synapses at a third of the time.
///
/// # Errors
/// As [`accumulate`].
pub fn calibrate_synapses(
    session: &mut Session<'_>,
    selection: &Selection,
    target: &CorrelationTarget,
    options: &CorrelationOptions,
) -> Result<SynapseCorrections> {
    prepare(session, selection, &options.board)?;
    let events = options.events(target.amplitude);
    let places: Vec<usize> = selection.places().map(|(h, row, column)| index(h, row, column)).collect();
    let mut best = vec![f64::INFINITY; places.len()];
    let mut found = SynapseCorrections {
        amplitude: vec![options.default_amp_calib & 3; SYNAPSES],
        time: vec![options.default_time_calib & 3; SYNAPSES],
    };
    let weight = options.time_constant_priority.clamp(0.0, 1.0);
    for time in 0..4 {
        for amplitude in 0..4 {
            write_uniform(session, amplitude, time)?;
            let mut cost = vec![0.0; places.len()];
            for sign in options.branches.signs() {
                let measurements = DELAYS
                    .iter()
                    .map(|delay| accumulate(session, selection, sign * delay, events))
                    .collect::<Result<Vec<_>>>()?;
                let sensors = estimate(&measurements, events);
                for (cost, (a, tau)) in
                    cost.iter_mut().zip(sensors.amplitude.iter().zip(&sensors.time_constant))
                {
                    let (a, tau) = (a / target.amplitude - 1.0, tau / target.time_constant - 1.0);
                    *cost += (1.0 - weight) * a * a + weight * tau * tau;
                }
            }
            for (place, cost) in cost.into_iter().enumerate() {
                // A NaN is never less.
                if cost < best[place] {
                    best[place] = cost;
                    found.amplitude[places[place]] = amplitude;
                    found.time[places[place]] = time;
                }
            }
        }
    }
    session.link.establish(|program| {
        for hemisphere in Hemisphere::ALL {
            for row in 0..=u8::MAX {
                let at = |column| index(hemisphere, row, column);
                write_row(program, hemisphere, row, RowView::AmplitudeCalibration, |c| {
                    found.amplitude[at(c)]
                });
                write_row(program, hemisphere, row, RowView::TimeCalibration, |c| found.time[at(c)]);
            }
        }
    })?;
    Ok(found)
}
