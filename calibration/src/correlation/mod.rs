//! Correlation sensors (calibration 3.3, 4.5).
//!
//! | routine | knob | instances | observable | default target |
//! |---|---|---|---|---|
//! | `correlation_amplitude` | `syn_i_bias_store` | 4 | median amplitude over 1024 synapses and the chosen branches | 0.5 codes per pair |
//! | `correlation_time_constant` | `syn_i_bias_ramp` | 4 | median time constant | 5 us |
//! | [`calibrate_synapses`] | `amp_calib`, `time_calib` | 131072 | both, at all 16 settings | both |
//!
//! Comes last of all calibrations: charged sensors and their biases disturb what the ADC sees of neurons. The column ADC must be
//! calibrated. What the measurement changes of drivers, neurons and columns is put back; weights are left 0 and labels as the
//! measurement needs them, since a network has to be written anyway.

mod measurement;
mod synapses;

use crate::algorithms::Search;
use crate::error::Result;
use crate::evaluation::median;
use crate::program::SETTLING;
use crate::result::{InstanceKind, Record};
use crate::routine::{Declaration, Outcome, Range, Routine, Session};
use bss2_base::Hemisphere;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::SharedParameter as Shared;
use bss2_host::registers::{Location, decode};
use serde::{Deserialize, Serialize};

pub use measurement::{Accumulated, Board, Branches, Selection, Sensors, accumulate, estimate, fit, prepare};
pub use synapses::{SynapseCorrections, calibrate_synapses};

/// What the sensors shall do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorrelationTarget {
    /// Codes of the column ADC per pair at delay 0.
    pub amplitude: f64,
    /// Microseconds.
    pub time_constant: f64,
}

impl Default for CorrelationTarget {
    fn default() -> Self {
        Self { amplitude: 0.5, time_constant: 5.0 }
    }
}

/// How they are calibrated (calibration 6).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CorrelationOptions {
    /// Which sensors count.
    pub branches: Branches,
    /// Voltages of the board.
    pub board: Board,
    /// Whether the bits of single synapses are calibrated too: takes most of the time.
    pub calibrate_synapses: bool,
    /// Weight of the time constant against the amplitude when bits are chosen.
    pub time_constant_priority: f64,
    /// Bits of all synapses before that.
    pub default_amp_calib: u8,
    /// The same for the time constant.
    pub default_time_calib: u8,
    /// Codes that a sensor with the wanted amplitude shall accumulate. The official 70 is bent by a tenth: accumulators
    /// take less the more they hold.
    pub accumulated: f64,
}

impl Default for CorrelationOptions {
    fn default() -> Self {
        Self {
            branches: Branches::Both,
            board: Board::default(),
            calibrate_synapses: false,
            time_constant_priority: 0.3,
            default_amp_calib: 0,
            default_time_calib: 0,
            accumulated: 40.0,
        }
    }
}

impl CorrelationOptions {
    /// Pairs with which a sensor of this amplitude accumulates what is wanted.
    fn events(&self, amplitude: f64) -> usize {
        (self.accumulated / amplitude).floor().clamp(10.0, 1000.0) as usize
    }
}

/// Delays in microseconds at which amplitudes and time constants are measured.
const AMPLITUDE_DELAYS: [f64; 4] = [1.0, 2.5, 5.0, 10.0];
const TIME_DELAYS: [f64; 8] = [0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 50.0];

/// Calibrated sensors.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrelationCalibration {
    /// `syn_i_bias_store` by quadrant.
    pub store: Vec<i32>,
    /// `syn_i_bias_ramp` by quadrant.
    pub ramp: Vec<i32>,
    /// Bits of single synapses, if they were calibrated.
    pub corrections: Option<SynapseCorrections>,
    /// Outcomes.
    pub records: Vec<Record>,
}

/// Calibrates amplitude, time constant, amplitude again, and if wanted the bits of all synapses.
///
/// # Errors
/// Sensors whose baseline is too low, and as [`crate::link::Link::run`].
pub fn calibrate(
    session: &mut Session<'_>,
    target: &CorrelationTarget,
    options: &CorrelationOptions,
) -> Result<CorrelationCalibration> {
    let before = session.link.written().clone();
    let selection = Selection::sample();
    prepare(session, &selection, &options.board)?;
    synapses::write_uniform(session, options.default_amp_calib, options.default_time_calib)?;
    session.link.configure(|program| {
        crate::program::write_shared_cell(program, Shared::SynIBiasRamp, 80);
        crate::program::write_shared_cell(program, Shared::SynIBiasStore, 70);
    })?;
    let mut amplitude =
        Amplitude { selection: selection.clone(), options: *options, target: target.amplitude };
    session.calibrate(&mut amplitude, &Search::Binary, Some(&[target.amplitude]))?;
    let mut tau = TimeConstant { selection: selection.clone(), options: *options, target: *target };
    let taus = session.calibrate(&mut tau, &Search::Binary, Some(&[target.time_constant]))?;
    let amplitudes = session.calibrate(&mut amplitude, &Search::Binary, Some(&[target.amplitude]))?;
    let (store, ramp) = (amplitudes.parameters.clone(), taus.parameters.clone());
    if let Some(weak) = store.iter().position(|&store| store < 50) {
        session.note(&format!("correlation: a store bias of {} in quadrant {weak} is low", store[weak]));
    }
    let corrections = if options.calibrate_synapses {
        Some(calibrate_synapses(session, &Selection::all(), target, options)?)
    } else {
        None
    };
    let records =
        [taus, amplitudes].into_iter().map(|outcome| Record::of_all(InstanceKind::Quadrant, outcome));
    let records = records.collect();
    session.link.restore_some(&before, is_put_back)?;
    Ok(CorrelationCalibration { store, ramp, corrections, records })
}

/// Whether a word that the measurement changes is put back: everything but the sensors' cells and the synapses.
fn is_put_back(address: u32) -> bool {
    match decode(address) {
        Some(Location::Register(register)) => register.block != bss2_host::registers::Block::CapMemCell,
        Some(Location::SynapseArray { offset, .. }) => offset >> 16 & 0xf == 0xf || offset & 0xffff >= 0x4000,
        _ => false,
    }
}

/// The quadrant of each measured synapse.
fn quadrants(selection: &Selection) -> Vec<usize> {
    let quadrant =
        |(hemisphere, _, column): (Hemisphere, u8, u8)| 2 * hemisphere as usize + usize::from(column) / 128;
    selection.places().map(quadrant).collect()
}

/// Medians over the synapses of each quadrant and all branches of what `choose` takes out of the estimates.
fn measure(
    session: &mut Session<'_>,
    selection: &Selection,
    branches: Branches,
    delays: &[f64],
    events: usize,
    choose: fn(Sensors) -> Vec<f64>,
) -> Result<Vec<f64>> {
    let quadrants = quadrants(selection);
    let mut values = vec![Vec::new(); 4];
    for sign in branches.signs() {
        let measurements = delays
            .iter()
            .map(|delay| accumulate(session, selection, sign * delay, events))
            .collect::<Result<Vec<_>>>()?;
        for (quadrant, value) in quadrants.iter().zip(choose(estimate(&measurements, events))) {
            values[*quadrant].push(value);
        }
    }
    Ok(values.iter().map(|values| median(values)).collect())
}

/// COR-1.
struct Amplitude {
    selection: Selection,
    options: CorrelationOptions,
    target: f64,
}

impl Routine for Amplitude {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "correlation_amplitude",
            knob: "syn_i_bias_store",
            range: Range::CELL,
            inverted: true,
            hints: ["the sensors stay too weak", "the sensors stay too strong"],
            leaves: &["weights and labels of synapses", "board voltages"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, _: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        Session::spread(target.unwrap_or(&[self.target]), 4)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_quadrants(program, Shared::SynIBiasStore, parameters);
    }

    /// Without a result, too little was accumulated: the bias must fall.
    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let events = self.options.events(self.target);
        let found =
            measure(session, &self.selection, self.options.branches, &AMPLITUDE_DELAYS, events, |sensors| {
                sensors.amplitude
            })?;
        Ok(found.into_iter().map(|value| if value.is_nan() { f64::NEG_INFINITY } else { value }).collect())
    }

    fn postlude(&mut self, _: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        Ok(())
    }
}

/// COR-2.
struct TimeConstant {
    selection: Selection,
    options: CorrelationOptions,
    target: CorrelationTarget,
}

impl Routine for TimeConstant {
    fn declaration(&self) -> Declaration {
        Declaration {
            name: "correlation_time_constant",
            knob: "syn_i_bias_ramp",
            range: Range::CELL,
            inverted: true,
            hints: ["the traces stay too short", "the traces stay too long"],
            leaves: &["weights and labels of synapses", "board voltages"],
            settling: SETTLING,
        }
    }

    fn prelude(&mut self, _: &mut Session<'_>, target: Option<&[f64]>) -> Result<Vec<f64>> {
        Session::spread(target.unwrap_or(&[self.target.time_constant]), 4)
    }

    fn configure(&self, session: &Session<'_>, program: &mut ProgramBuilder, parameters: &[i32]) {
        session.write_quadrants(program, Shared::SynIBiasRamp, parameters);
    }

    /// Without a result, nothing decayed between the delays, or nothing was there.
    fn measure(&mut self, session: &mut Session<'_>, _: &[i32]) -> Result<Vec<f64>> {
        let events = self.options.events(self.target.amplitude);
        let found =
            measure(session, &self.selection, self.options.branches, &TIME_DELAYS, events, |sensors| {
                sensors.time_constant
            })?;
        Ok(found.into_iter().map(|value| if value.is_nan() { f64::INFINITY } else { value }).collect())
    }

    fn postlude(&mut self, _: &mut Session<'_>, outcome: &mut Outcome) -> Result<()> {
        outcome.fail_unmeasured();
        Ok(())
    }
}
