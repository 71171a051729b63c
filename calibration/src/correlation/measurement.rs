//! What correlation sensors accumulate (calibration 3.3, O9).
//!
//! Differs from the official measurement in this: all chosen quads of columns are stimulated together instead of one after the
//! other. Their resets follow each other by two cycles of the FPGA, which the delays take into account.

use crate::error::{CalibrationError, Result};
use crate::fit::{ExponentialBounds, exponential};
use crate::primitives::padi;
use crate::primitives::reset;
use crate::program::{
    BoardVoltage, ColumnReadout, RowView, SETTLING, connect_columns, set_board_voltage, write, write_row,
    write_shared_cell,
};
use crate::routine::Session;
use bss2_base::{Hemisphere, Neuron, SimTime};
use bss2_host::playback::{FpgaCycles, ProgramBuilder, ReadTicket};
use bss2_host::registers::capmem::SharedParameter as Shared;
use bss2_host::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig, NeuronConfig};
use bss2_host::registers::padi::{CommonPADIBusConfig, SynapseDriverConfig};
use bss2_host::registers::synapse_memory::CommonCorrelationConfig;
use bss2_host::synapse_array::quad_of_column;
use serde::{Deserialize, Serialize};

/// Label of the stimulus.
const LABEL: u8 = 15;
/// Readings below this say nothing, above they saturate.
const USABLE: core::ops::RangeInclusive<f64> = 8.0..=160.0;
/// A sensor without pairs must read at least this.
const BASELINE: f64 = 120.0;
/// FPGA cycles of a write, and microseconds of a cycle.
const WRITE: u64 = 2;
const CYCLE_US: f64 = 0.008;
/// Codes at which an accumulator would take nothing more: a pair adds `1 − a / 200` of what it would add to an empty one
/// (analog-core 6). The official estimate ignores that and finds amplitudes a tenth too small.
const COMPRESSION: f64 = 200.0;
/// Shortest time from pair to pair.
const SPACING_US: f64 = 200.0;

/// Which of the two sensors of a synapse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Branches {
    /// Pre before post.
    Causal,
    /// Post before pre.
    Acausal,
    /// Both together.
    Both,
}

impl Branches {
    /// Signs of the delays that stimulate them.
    pub(super) fn signs(self) -> &'static [f64] {
        match self {
            Self::Causal => &[1.0],
            Self::Acausal => &[-1.0],
            Self::Both => &[1.0, -1.0],
        }
    }
}

/// Which synapses of both hemispheres are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Quads of columns.
    pub quads: Vec<u8>,
    /// Rows.
    pub rows: Vec<u8>,
}

impl Selection {
    /// Four quads of each half and every fourth row: 1024 synapses in each quadrant.
    pub fn sample() -> Self {
        // Quads 0 to 15 and 32 to 47 are in the west.
        Self { quads: vec![0, 4, 8, 12, 16, 20, 24, 28], rows: (0..=252).step_by(4).collect() }
    }

    /// All synapses.
    pub fn all() -> Self {
        Self { quads: (0..64).collect(), rows: (0..=255).collect() }
    }

    /// Number of synapses, in both hemispheres.
    pub fn synapses(&self) -> usize {
        2 * 4 * self.quads.len() * self.rows.len()
    }

    /// Hemisphere, row and column of each, in the order of all results.
    pub fn places(&self) -> impl Iterator<Item = (Hemisphere, u8, u8)> + '_ {
        Hemisphere::ALL.into_iter().flat_map(move |hemisphere| {
            self.rows.iter().flat_map(move |&row| {
                self.quads.iter().flat_map(move |&quad| {
                    (0..4).map(move |entry| {
                        (hemisphere, row, bss2_host::synapse_array::column_of_quad(quad, entry))
                    })
                })
            })
        })
    }
}

/// Voltages of the board for the sensors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Board {
    /// `v_res_meas`, V.
    pub v_res_meas: f64,
    /// `v_reset`, V.
    pub v_reset: f64,
}

impl Default for Board {
    fn default() -> Self {
        Self { v_res_meas: 0.9, v_reset: 1.85 }
    }
}

/// Brings the chip to the state of the measurement: columns on the sensors, neurons that only fire, drivers that pass all
/// labels, the chosen synapses listening to one label and no other synapse to it, no weights.
///
/// # Errors
/// As [`crate::link::Link::run`].
pub fn prepare(session: &mut Session<'_>, selection: &Selection, board: &Board) -> Result<()> {
    session.link.configure(|program| {
        connect_columns(program, ColumnReadout::Correlation);
        for hemisphere in 0..2 {
            write(program, hemisphere, &CommonPADIBusConfig::default());
            write(program, hemisphere, &CommonCorrelationConfig::default());
            let clocks = CommonNeuronBackendConfig {
                clock_scale_slow: 9,
                clock_scale_fast: 2,
                ..CommonNeuronBackendConfig::default()
            };
            write(program, hemisphere, &clocks);
        }
        let driver = SynapseDriverConfig {
            en_receiver: true,
            row_address_compare_mask: 0,
            en_exc_bottom: true,
            en_exc_top: true,
            ..SynapseDriverConfig::default()
        };
        for instance in 0..256 {
            write(program, instance, &driver);
        }
        for neuron in Neuron::all() {
            let config = NeuronConfig { en_fire: true, ..NeuronConfig::default() };
            let backend = NeuronBackendConfig { select_input_clock: true, ..NeuronBackendConfig::default() }
                .with_refractory_time(70)
                .with_reset_holdoff(15);
            crate::program::write_neuron(program, neuron, &config, &backend);
        }
        write_shared_cell(program, Shared::SynIBiasCorout, 600);
        set_board_voltage(program, BoardVoltage::ResMeas, board.v_res_meas);
        set_board_voltage(program, BoardVoltage::CorrelationReset, board.v_reset);
    })?;
    session.link.establish(|program| {
        for hemisphere in Hemisphere::ALL {
            for row in 0..=u8::MAX {
                let chosen = selection.rows.contains(&row);
                let label = |column: u8| {
                    let (quad, _) = quad_of_column(column);
                    if chosen && selection.quads.contains(&quad) { LABEL } else { 0 }
                };
                write_row(program, hemisphere, row, RowView::Labels, label);
                write_row(program, hemisphere, row, RowView::Weights, |_| 0);
            }
        }
    })?;
    session.link.wait(SETTLING)
}

/// What one delay gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Accumulated {
    /// Baseline minus reading, codes, in the order of [`Selection::places`].
    pub codes: Vec<f64>,
    /// The delay of each in microseconds, without sign.
    pub delays: Vec<f64>,
}

const fn base(hemisphere: Hemisphere) -> u32 {
    match hemisphere {
        Hemisphere::Top => 0x02c0_0000,
        Hemisphere::Bottom => 0x03c0_0000,
    }
}

/// Reads the sensors of the selection row by row: one conversion per row and hemisphere.
fn read(program: &mut ProgramBuilder, selection: &Selection, acausal: bool) -> Vec<ReadTicket> {
    let mut tickets = Vec::with_capacity(2 * selection.rows.len());
    for hemisphere in Hemisphere::ALL {
        for &row in &selection.rows {
            let start = base(hemisphere) + 64 * u32::from(row);
            // The first read converts all channels of the row, the others fetch results.
            program.read(start + 0x8_0000);
            let view = 0x28_0000 + 0x4_0000 * u32::from(acausal);
            tickets
                .push(program.read_all(selection.quads.iter().map(|&quad| start + view + u32::from(quad))));
            program.barrier_omnibus();
        }
    }
    tickets
}

/// Sends `events` pairs of pulses at a delay in microseconds (positive: pre before post) and reads what the branch that they
/// concern has accumulated.
///
/// # Errors
/// [`CalibrationError::NotSuccessful`] if a sensor without pairs reads too little, a delay that can't be made, and as
/// [`crate::link::Link::run`].
pub fn accumulate(
    session: &mut Session<'_>,
    selection: &Selection,
    delay_us: f64,
    events: usize,
) -> Result<Accumulated> {
    let delay = (delay_us.abs() / CYCLE_US).round() as u64;
    if !(0.2..=1000.0).contains(&delay_us.abs()) {
        let value = delay_us;
        return Err(CalibrationError::Target {
            parameter: "correlation delay in us",
            value,
            lower: 0.2,
            upper: 1000.0,
        });
    }
    let causal = delay_us > 0.0;
    let spacing = (SPACING_US.max(5.0 * delay_us.abs()) / CYCLE_US) as u64;
    let pre = |program: &mut ProgramBuilder| {
        for hemisphere in Hemisphere::ALL {
            padi::event(program, hemisphere, LABEL);
        }
    };
    let post = |program: &mut ProgramBuilder| {
        for hemisphere in Hemisphere::ALL {
            for &quad in &selection.quads {
                program.write(reset::quad_address(hemisphere, quad.into()), 0);
            }
        }
    };
    let (results, (before, after)) = session.link.run(|program| {
        // The sensors remember the last pulse: the kind that comes second is sent alone, so that nothing stale pairs.
        if causal {
            post(program);
        } else {
            pre(program);
        }
        program.wait(SimTime::from_ms(1));
        for hemisphere in Hemisphere::ALL {
            for &row in &selection.rows {
                for &quad in &selection.quads {
                    program.write(base(hemisphere) + 0x9_0000 + 64 * u32::from(row) + u32::from(quad), 0);
                }
            }
        }
        program.barrier_omnibus();
        // Reset pulses take their time one after the other, 0.8 us each.
        program.wait(SimTime::from_us((selection.rows.len() * selection.quads.len()) as u64 + 50));
        let before = read(program, selection, !causal);
        program.setup();
        for event in 0..events.max(1) as u64 {
            let start = event * spacing + 10;
            program.wait_until(FpgaCycles(start));
            if causal {
                pre(program)
            } else {
                post(program)
            }
            program.wait_until(FpgaCycles(start + delay));
            if causal { post(program) } else { pre(program) }
        }
        program.wait(SimTime::from_us(5));
        (before, read(program, selection, !causal))
    })?;
    let quads = selection.quads.len();
    let mut accumulated = Accumulated {
        codes: Vec::with_capacity(selection.synapses()),
        delays: Vec::with_capacity(selection.synapses()),
    };
    let mut baselines = Vec::with_capacity(selection.synapses());
    for (place, (&before, &after)) in before.iter().zip(&after).enumerate() {
        let hemisphere = (place / selection.rows.len()) as u64;
        let pairs = results.words(before)?.iter().zip(results.words(after)?);
        for (quad, (before, after)) in (0..).zip(pairs) {
            // Writes within a group of pulses come one after the other.
            let pre = hemisphere * WRITE;
            let post = (hemisphere * quads as u64 + quad) * WRITE;
            let cycles =
                if causal { (delay + post).saturating_sub(pre) } else { (delay + pre).saturating_sub(post) };
            for (before, after) in before.to_be_bytes().into_iter().zip(after.to_be_bytes()) {
                baselines.push(f64::from(before));
                accumulated.codes.push(f64::from(before) - f64::from(after));
                accumulated.delays.push(cycles as f64 * CYCLE_US);
            }
        }
    }
    // Single channels may be odd; most of them must show a baseline.
    let low = crate::evaluation::percentile(&baselines, 0.02);
    if low < BASELINE {
        return Err(CalibrationError::NotSuccessful {
            routine: "correlation measurement",
            reason: format!(
                "sensors without pairs read {low:.0}, less than {BASELINE}: too little v_reset, or pulses pair"
            ),
        });
    }
    Ok(accumulated)
}

/// Amplitude in codes per pair and time constant in microseconds of each sensor; NaN where they can't be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensors {
    /// Codes per pair at delay 0.
    pub amplitude: Vec<f64>,
    /// Microseconds.
    pub time_constant: Vec<f64>,
}

/// Estimates sensors from measurements at several delays of the same sign (calibration 3.3): time constants from the ratios of
/// successive readings, amplitudes extrapolated with them.
pub fn estimate(measurements: &[Accumulated], events: usize) -> Sensors {
    let synapses = measurements.first().map_or(0, |first| first.codes.len());
    let usable = |measurement: &Accumulated, synapse: usize| {
        let code = Some(measurement.codes[synapse]).filter(|code| USABLE.contains(code))?;
        // What the same pairs would have added to empty accumulators.
        Some((measurement.delays[synapse], -COMPRESSION * bss2_base::math::ln_1p(-code / COMPRESSION)))
    };
    let tau = |synapse: usize| {
        let points: Vec<_> = measurements.iter().filter_map(|m| usable(m, synapse)).collect();
        let estimates: Vec<f64> = points
            .windows(2)
            .filter(|pair| pair[1].1 < pair[0].1)
            .map(|pair| -(pair[1].0 - pair[0].0) / bss2_base::math::ln(pair[1].1 / pair[0].1))
            .collect();
        crate::evaluation::mean(&estimates)
    };
    let time_constant: Vec<f64> = (0..synapses).map(tau).collect();
    let median = crate::evaluation::median(&time_constant);
    let amplitude = |synapse: usize| {
        let own = time_constant[synapse];
        let tau = if own >= 0.2 * median && own <= 5.0 * median { own } else { median };
        let values: Vec<f64> = measurements
            .iter()
            .filter_map(|m| usable(m, synapse))
            .map(|(delay, code)| code * bss2_base::math::exp(delay / tau))
            .collect();
        crate::evaluation::mean(&values) / events.max(1) as f64
    };
    Sensors { amplitude: (0..synapses).map(amplitude).collect(), time_constant }
}

/// The exact alternative: an exponential fitted to each sensor's readings, with the official bounds.
pub fn fit(measurements: &[Accumulated], events: usize) -> Sensors {
    let synapses = measurements.first().map_or(0, |first| first.codes.len());
    let bounds = ExponentialBounds { scale: (0.0, 255.0), tau: (0.1, 100.0), offset: (0.0, 255.0) };
    let fitted = (0..synapses).map(|synapse| {
        let delays: Vec<f64> = measurements.iter().map(|m| m.delays[synapse]).collect();
        let codes: Vec<f64> = measurements.iter().map(|m| m.codes[synapse]).collect();
        let fit = exponential(&delays, &codes, &bounds).filter(|fit| fit.scale > *USABLE.start());
        fit.map_or((f64::NAN, f64::NAN), |fit| (fit.scale / events.max(1) as f64, fit.tau))
    });
    let (amplitude, time_constant) = fitted.unzip();
    Sensors { amplitude, time_constant }
}
