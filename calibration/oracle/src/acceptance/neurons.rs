//! Spiking neurons.

use super::{Plan, lap, session};
use crate::VirtualChip;
use bss2_base::SimTime;
use bss2_calibration::CalibrationError;
use bss2_calibration::algorithms::Search;
use bss2_calibration::entry::{Spiking, SpikingOptions, SpikingTarget, Stage};
use bss2_calibration::evaluation::{
    ChipReport, Criteria, Limit, Must, Parameter, Truth, compare, correlation, mean, median, percentile,
    standard_deviation,
};
use bss2_calibration::link::{ChipState, Link};
use bss2_calibration::neuron::Polarity;
use bss2_calibration::neuron::membrane::MembraneMadc;
use bss2_calibration::neuron::potential::{LeakPotential, ResetPotential};
use bss2_calibration::neuron::reference::{SynapticReferenceMadc, drifts};
use bss2_calibration::neuron::strength::SynapticStrength;
use bss2_calibration::neuron::synaptic::SynapticTimeConstant;
use bss2_calibration::neuron::threshold::{LeakOverThreshold, ThresholdCadc, ThresholdMadc};
use bss2_calibration::primitives::counters;
use bss2_calibration::program::{SETTLING, write_shared_cell};
use bss2_calibration::result::Record;
use bss2_calibration::routine::{Progress, Routine, Session};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter as Cell;
use bss2_host::registers::neuron::NeuronConfig;
use std::time::Instant;

/// One parameter of the list of calibration 15: name, unit, target, its routine in records, its knob, and what is asked.
struct Row {
    name: &'static str,
    unit: &'static str,
    target: f64,
    knob: Cell,
    criteria: Criteria,
}

const fn criteria(ratio: f64, spread: Limit, bias: Limit, failing: f64) -> Criteria {
    Criteria { must: Must::Ratio(ratio), spread: Some(spread), bias: Some(bias), failing: Some(failing) }
}

pub(super) fn judge(
    seed: u64,
    plan: &Plan,
    progress: &mut dyn Progress,
    report: &mut ChipReport,
) -> Result<(), CalibrationError> {
    let mut started = Instant::now();
    let mut chip = VirtualChip::new(seed);
    let mut session = session(&mut chip, plan.neurons, progress)?;
    let mut calibration = Spiking::new(SpikingTarget::default(), SpikingOptions::default());
    let mut records: Vec<Record> = Vec::new();
    for stage in calibration.stages() {
        let name = Stage::name(stage);
        session.tell(bss2_calibration::routine::Step::Note(name));
        records.extend(calibration.run(&mut session, stage)?);
    }
    report.chip_seconds += session.chip_time().as_us_f64() / 1e6;
    lap(report, "spiking", &mut started);
    let state = session.link.written().clone();
    before_and_after(&mut session, &records, report)?;
    session.link.restore(&state)?;
    if plan.rates {
        rates(&mut session, report)?;
        session.link.restore(&state)?;
    }
    let neurons = session.neurons().to_vec();
    drop(session);
    truths(&chip, &neurons, report);
    channels(&chip, &state, report);
    overwritten_channels(seed, report)?;
    lap(report, "judging neurons", &mut started);
    Ok(())
}

/// Measures every parameter with the median of the settings and with the settings themselves.
fn before_and_after(
    session: &mut Session<'_>,
    records: &[Record],
    report: &mut ChipReport,
) -> Result<(), CalibrationError> {
    use Limit::{Absolute, Relative};
    let failing = |knob: Cell| {
        let record = records.iter().rev().find(|record| record.outcome.knob == knob.name())?;
        Some(record.outcome.failures() as f64 / record.outcome.len().max(1) as f64)
    };
    // Potentials are those of neurons in use, with their inputs on: these pull a little at the membranes.
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| config.en_thresh_comp = false);
    session.link.run_program(&program.finish()?)?;
    let in_use = session.link.written().clone();
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| {
        (config.en_synin_exc, config.en_synin_inh) = (false, false);
    });
    session.link.run_program(&program.finish()?)?;
    let quiet = session.link.written().clone();
    let potential = |name, target, knob, ratio, spread, bias| Row {
        name,
        unit: "CADC codes",
        target,
        knob,
        criteria: criteria(ratio, Absolute(spread), Absolute(bias), 0.01),
    };
    let time = |name, target, knob, ratio| Row {
        name,
        unit: "us",
        target,
        knob,
        criteria: criteria(ratio, Relative(0.05), Relative(0.02), 0.02),
    };
    let mut leak = LeakPotential { reads: 16 };
    let mut reset = ResetPotential::default();
    reset.reads = 16;
    let mut threshold = ThresholdCadc::quick();
    let mut membrane = MembraneMadc::default();
    let [mut excitatory, mut inhibitory] = Polarity::ALL.map(SynapticTimeConstant::new);
    let mut rows: Vec<(Row, &mut dyn Routine)> = vec![
        (potential("leak potential", 80.0, Cell::VLeak, 0.30, 1.0, 0.5), &mut leak),
        (potential("reset potential", 70.0, Cell::VReset, 0.20, 1.5, 0.5), &mut reset),
        (potential("threshold", 125.0, Cell::VThreshold, 0.35, 2.0, 1.5), &mut threshold),
        (time("membrane time constant", 10.0, Cell::IBiasLeak, 0.45), &mut membrane),
        (time("excitatory synaptic time constant", 10.0, Polarity::Excitatory.tau(), 0.20), &mut excitatory),
        (time("inhibitory synaptic time constant", 10.0, Polarity::Inhibitory.tau(), 0.20), &mut inhibitory),
    ];
    for (row, routine) in &mut rows {
        let potential = matches!(row.knob, Cell::VLeak | Cell::VReset);
        session.link.restore(if potential { &in_use } else { &quiet })?;
        let codes = session.cells(row.knob);
        let comparison = compare(session, *routine, Some(&[row.target]), &codes)?;
        report.parameters.push(Parameter {
            name: row.name.into(),
            unit: row.unit.into(),
            target: Some(row.target),
            before: comparison.before,
            after: comparison.after,
            failing: failing(row.knob),
            criteria: row.criteria,
        });
    }
    let mut means = Vec::new();
    for polarity in Polarity::ALL {
        session.link.restore(&quiet)?;
        let codes = session.cells(polarity.gm());
        // Short bursts: with slow synapses fifteen events would leave the range of the ADC.
        let mut strength = SynapticStrength::spiking(polarity, 500);
        strength.events = 5;
        let comparison = compare(session, &mut strength, Some(&[0.0]), &codes)?;
        means.push(median(&comparison.after));
        report.parameters.push(Parameter {
            name: format!(
                "{} strength",
                if polarity == Polarity::Excitatory { "excitatory" } else { "inhibitory" }
            ),
            unit: "CADC codes after 5 events".into(),
            target: None,
            before: comparison.before,
            after: comparison.after,
            failing: failing(polarity.gm()),
            criteria: Criteria {
                must: Must::Core(10.0),
                spread: Some(Relative(0.10)),
                bias: None,
                failing: Some(0.03),
            },
        });
    }
    report.truths.push(Truth {
        name: "strengths: difference of the medians of both inputs (part of the excitatory)".into(),
        value: (means[0] - means[1]).abs() / means[0],
        wanted: 0.10,
        at_least: false,
    });
    session.link.restore(&quiet)?;
    threshold_by_madc(session, report)?;
    session.link.restore(&quiet)?;
    drift(session, report)?;
    session.link.restore(&quiet)?;
    drift_by_madc(session, report)
}

/// The thresholds that the column ADC has calibrated, seen by the membrane ADC (calibration 8, threshold cross-check).
fn threshold_by_madc(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    let codes = session.cells(Cell::VThreshold);
    let mut routine = ThresholdMadc::default();
    routine.prelude(session, Some(&[0.0]))?;
    session.step(&routine, &codes)?;
    let seen = routine.measure(session, &codes)?;
    let middle = median(&seen);
    let near = seen.iter().filter(|code| (*code - middle).abs() <= 20.0).count();
    report.truths.push(Truth {
        name: "thresholds seen by the MADC: part beyond 20 codes of the median".into(),
        value: (seen.len() - near) as f64 / seen.len() as f64,
        wanted: 0.05,
        at_least: false,
    });
    Ok(())
}

/// Potential at which references are calibrated, codes: there the inputs' output conductances, which pull toward 0.6 V, do nothing.
const REFERENCE_POTENTIAL: f64 = 120.0;

/// Drift of membranes without leak, inputs on, from the potential at which the references were calibrated, as the reference test
/// has it (its reset and leak potentials are the same): with all shifts at 310, and calibrated.
fn drift(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    session.calibrate(&mut ResetPotential::default(), &Search::NOISY, Some(&[REFERENCE_POTENTIAL]))?;
    let calibrated = Polarity::ALL.map(|polarity| session.cells(polarity.shift()));
    let count = session.neurons().len();
    without_leak(session)?;
    let mut measured = Vec::new();
    for codes in [[vec![310; count], vec![310; count]], calibrated] {
        let mut program = ProgramBuilder::new();
        for (polarity, codes) in Polarity::ALL.into_iter().zip(&codes) {
            session.write_cells(&mut program, polarity.shift(), codes);
        }
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        measured.push(drifts(session, "drift")?);
    }
    let (after, before) = (measured.pop().unwrap_or_default(), measured.pop().unwrap_or_default());
    push_drift(report, "reference drift", &after);
    report.truths.push(Truth {
        name: "must fail: 90th percentile of the drift with all shifts at 310, MADC codes per us".into(),
        value: high_end(&before),
        wanted: 1.0,
        at_least: true,
    });
    report.parameters.push(Parameter {
        name: "drift without leak".into(),
        unit: "MADC codes per us".into(),
        target: Some(0.0),
        before,
        after,
        failing: None,
        criteria: Criteria { must: Must::Nothing, spread: None, bias: None, failing: None },
    });
    Ok(())
}

/// The same for references calibrated by the membrane ADC: the routine of the reference test.
fn drift_by_madc(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    without_leak(session)?;
    for polarity in Polarity::ALL {
        let mut program = ProgramBuilder::new();
        session.change_neurons(&mut program, |_, config| {
            let on = |of: Polarity| of == polarity || config.en_synin_exc && polarity == Polarity::Inhibitory;
            (config.en_synin_exc, config.en_synin_inh) = (on(Polarity::Excitatory), on(Polarity::Inhibitory));
        });
        session.link.run_program(&program.finish()?)?;
        session.calibrate(&mut SynapticReferenceMadc::new(polarity), &Search::NOISY, None)?;
    }
    without_leak(session)?;
    push_drift(
        report,
        "reference drift, calibrated by the MADC at the reset potential",
        &drifts(session, "drift")?,
    );
    Ok(())
}

/// Leak off, inputs on.
fn without_leak(session: &mut Session<'_>) -> Result<(), CalibrationError> {
    let mut program = ProgramBuilder::new();
    session.write_cells_noisy(&mut program, Cell::IBiasLeak, 0);
    session.change_neurons(&mut program, |_, config| {
        *config = NeuronConfig { en_synin_exc: true, en_synin_inh: true, ..*config };
    });
    program.barrier_omnibus().wait(SETTLING);
    session.link.run_program(&program.finish()?)?;
    Ok(())
}

fn high_end(drifts: &[f64]) -> f64 {
    percentile(&drifts.iter().map(|drift| drift.abs()).collect::<Vec<_>>(), 0.9)
}

fn push_drift(report: &mut ChipReport, name: &str, drifts: &[f64]) {
    for (wanted, kind) in [(1.0, "required"), (0.5, "goal")] {
        report.truths.push(Truth {
            name: format!("{name}: 90th percentile, MADC codes per us ({kind})"),
            value: high_end(drifts),
            wanted,
            at_least: false,
        });
    }
}

/// Leak potential of neurons that fire by themselves, codes.
const FIRING_LEAK: f64 = 140.0;
/// How long spikes are counted: 200 of them at 100 kHz.
const RATE_SPAN: SimTime = SimTime::from_ms(2);

/// Neurons whose leak is above their threshold fire at a wanted rate (calibration 8, rates).
fn rates(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    let mut program = ProgramBuilder::new();
    session.change_neurons(&mut program, |_, config| config.en_thresh_comp = false);
    session.link.run_program(&program.finish()?)?;
    session.calibrate(&mut LeakPotential { reads: 4 }, &Search::NOISY, Some(&[FIRING_LEAK]))?;
    let state = session.link.written().clone();
    let mut same = LeakOverThreshold::default();
    let outcome = session.calibrate(&mut same, &Search::NOISY, Some(&[100.0]))?;
    let after = measured_rates(session)?;
    let mut codes = outcome.parameters.clone();
    codes.sort_unstable();
    let mut program = ProgramBuilder::new();
    session.write_cells(&mut program, Cell::VThreshold, &vec![codes[codes.len() / 2]; codes.len()]);
    program.barrier_omnibus().wait(SETTLING);
    session.link.run_program(&program.finish()?)?;
    let before = measured_rates(session)?;
    let count = after.len() as f64;
    for (name, good) in [
        ("above 0.9 of it", after.iter().filter(|rate| **rate > 90.0).count()),
        ("below 1.15 of it", after.iter().filter(|rate| **rate < 115.0).count()),
    ] {
        report.truths.push(Truth {
            name: format!("firing rate of 100 kHz: part {name}"),
            value: good as f64 / count,
            wanted: 0.9,
            at_least: true,
        });
    }
    report.parameters.push(Parameter {
        name: "firing rate, leak over threshold".into(),
        unit: "kHz".into(),
        target: Some(100.0),
        before,
        after,
        failing: Some(outcome.failures() as f64 / count),
        criteria: Criteria {
            must: Must::Nothing,
            spread: Some(Limit::Relative(0.05)),
            bias: Some(Limit::Relative(0.03)),
            failing: Some(0.02),
        },
    });
    mixed_rates(session, &state, report)
}

/// Every tenth neuron untouched, the others at 20 to 120 kHz.
fn mixed_rates(
    session: &mut Session<'_>,
    state: &ChipState,
    report: &mut ChipReport,
) -> Result<(), CalibrationError> {
    session.link.restore(state)?;
    let untouched = session.cells(Cell::VThreshold);
    let wanted: Vec<f64> = (0..session.neurons().len())
        .map(|index| if index % 10 == 0 { 0.0 } else { 20.0 + 100.0 * (index % 64) as f64 / 63.0 })
        .collect();
    session.calibrate(&mut LeakOverThreshold::default(), &Search::NOISY, Some(&wanted))?;
    let now = session.cells(Cell::VThreshold);
    let same =
        (0..now.len()).filter(|index| wanted[*index] == 0.0).all(|index| now[index] == untouched[index]);
    let reached = measured_rates(session)?;
    let pairs: Vec<(f64, f64)> =
        wanted.into_iter().zip(reached).filter(|(wanted, _)| *wanted > 0.0).collect();
    let good = pairs.iter().filter(|(wanted, rate)| (rate - wanted).abs() <= 8.0 + 0.08 * wanted).count();
    report.truths.push(Truth {
        name: "firing rates of 20 to 120 kHz: part within 8 kHz and 8 %".into(),
        value: good as f64 / pairs.len() as f64,
        wanted: 0.85,
        at_least: true,
    });
    report.truths.push(Truth {
        name: "firing rates: neurons without a rate are left as they are".into(),
        value: f64::from(u8::from(same)),
        wanted: 1.0,
        at_least: true,
    });
    Ok(())
}

/// Rates of the neurons as they are, kHz.
fn measured_rates(session: &mut Session<'_>) -> Result<Vec<f64>, CalibrationError> {
    let counts = counters::count(session, RATE_SPAN)?;
    let rate = |count: f64| {
        if count == counters::OVERFLOW { f64::INFINITY } else { count / RATE_SPAN.as_secs_f64() / 1e3 }
    };
    Ok(counts.into_iter().map(rate).collect())
}

/// Codes of all channels at 0.42 V: with all digital offsets 0, and with those of the calibration. And in the middle of the range,
/// where the offsets are calibrated: elsewhere the gain of a channel (1 %) shows, which a single offset can't take away.
fn channels(chip: &VirtualChip, state: &ChipState, report: &mut ChipReport) {
    use bss2_host::registers::cadc::CADCChannelConfig;
    let after = chip.cadc_codes(0.42);
    let offsets: Vec<f64> = (0..after.len())
        .map(|channel| f64::from(state.typed::<CADCChannelConfig>(channel as u32).offset))
        .collect();
    let before = after.iter().zip(&offsets).map(|(code, offset)| code - offset).collect();
    let target = bss2_calibration::cadc::CadcTarget::default();
    let wanted = target.code(0.42);
    let middle = chip.cadc_codes(target.voltage(MIDDLE));
    let common = median(&middle);
    let good = middle.iter().filter(|code| (*code - common).abs() <= 1.0).count();
    report.truths.push(Truth {
        name: "CADC: channels whose offset is right within 1 code (true, in the middle of the range)".into(),
        value: good as f64 / middle.len() as f64,
        wanted: 0.99,
        at_least: true,
    });
    report.truths.push(Truth {
        name: "CADC: spread of the channels' offsets".into(),
        value: standard_deviation(&offsets),
        wanted: 20.0,
        at_least: false,
    });
    report.truths.push(Truth {
        name: "CADC: criteria of the reference test that are missed".into(),
        value: missed_by_channels(&middle) as f64,
        wanted: 0.0,
        at_least: false,
    });
    report.parameters.push(Parameter {
        name: "CADC channels at 0.42 V (true)".into(),
        unit: "CADC codes".into(),
        target: Some(wanted),
        before,
        after,
        failing: Some(0.0),
        criteria: Criteria {
            must: Must::Spread(3.0),
            spread: Some(Limit::Absolute(1.0)),
            bias: Some(Limit::Absolute(2.0)),
            failing: Some(0.0),
        },
    });
}

/// The code in the middle of the range of the ADC.
const MIDDLE: f64 = 120.0;

/// Of the criteria of calibration 8 for codes in the middle of the range, those that don't hold: means of the quadrants within 40 of
/// 127.5, within 5 of each other, spread of all channels below 3.
fn missed_by_channels(codes: &[f64]) -> usize {
    let quadrants: Vec<f64> = (0..4)
        .map(|quadrant| {
            let own = codes
                .iter()
                .enumerate()
                .filter(|(channel, _)| 2 * (channel / 512) + channel % 256 / 128 == quadrant);
            mean(&own.map(|(_, code)| *code).collect::<Vec<_>>())
        })
        .collect();
    let spread = percentile(&quadrants, 1.0) - percentile(&quadrants, 0.0);
    [quadrants.iter().all(|mean| (mean - 127.5).abs() <= 40.0), spread < 5.0, standard_deviation(codes) < 3.0]
        .into_iter()
        .filter(|holds| !holds)
        .count()
}

/// The same chip with ramp offset 50, slope 250 and no channel offsets, which must fail (calibration 8).
fn overwritten_channels(seed: u64, report: &mut ChipReport) -> Result<(), CalibrationError> {
    use bss2_host::registers::capmem::SharedParameter as Shared;
    let mut chip = VirtualChip::new(seed);
    let mut link = Link::new(&mut chip.executor);
    link.bring_up()?;
    link.configure(|program| {
        bss2_calibration::base_state::write_cadc(program);
        write_shared_cell(program, Shared::CadcVRampOffset, 50);
        write_shared_cell(program, Shared::CadcIRampSlope, 250);
    })?;
    let volts = bss2_calibration::cadc::CadcTarget::default().voltage(MIDDLE);
    report.truths.push(Truth {
        name: "must fail: criteria missed by a CADC with ramp offset 50, slope 250 and no channel offsets"
            .into(),
        value: missed_by_channels(&chip.cadc_codes(volts)) as f64,
        wanted: 1.0,
        at_least: true,
    });
    Ok(())
}

/// Hidden offsets, time constants and strengths, against what the settings say of them.
fn truths(chip: &VirtualChip, neurons: &[bss2_base::Neuron], report: &mut ChipReport) {
    let mut push = |name: &str, value: f64, wanted: f64, at_least: bool| {
        report.truths.push(Truth { name: name.into(), value, wanted, at_least });
    };
    let offsets = chip.offset_recovery(neurons);
    for (name, recovery) in ["leak", "reset", "threshold"].into_iter().zip(offsets) {
        push(&format!("{name} offset: correlation with the truth"), recovery.correlation, 0.95, true);
        push(&format!("{name} offset: error by spread of the truth"), recovery.error, 0.15, false);
    }
    let within = |values: &[f64], target: f64| {
        let good = values.iter().filter(|value| (*value / target - 1.0).abs() <= 0.05).count();
        good as f64 / values.len().max(1) as f64
    };
    let refractory = neurons.iter().map(|&neuron| {
        let refractory = chip.chip().analog().circuit(neuron).refractory;
        let period = refractory.clock.map_or(f64::NAN, SimTime::as_us_f64);
        (f64::from(refractory.ticks) - 2.0 / period).abs()
    });
    let worst = refractory.fold(0.0, |worst: f64, miss| if miss <= worst { worst } else { miss });
    push("refractory time: largest distance from 2 us, periods", worst, 1.1, false);
    let circuits: Vec<_> = neurons.iter().map(|&neuron| chip.chip().analog().neuron(neuron)).collect();
    let membrane: Vec<f64> = circuits.iter().map(|c| 1e6 * c.capacitance / c.leak.conductance).collect();
    push("true membrane time constants within 5 %", within(&membrane, 10.0), 0.95, true);
    for (which, name) in ["excitatory", "inhibitory"].into_iter().enumerate() {
        let taus: Vec<f64> = circuits.iter().map(|c| 1e6 * c.inputs[which].time_constant).collect();
        push(&format!("true {name} time constants within 5 %"), within(&taus, 10.0), 0.95, true);
        let (codes, strengths) = chip.strength_codes(neurons, which);
        let inverse: Vec<f64> = codes.iter().map(|code| 1.0 / code).collect();
        push(
            &format!("{name} strength: correlation of 1/code with the truth"),
            correlation(&inverse, &strengths),
            0.9,
            true,
        );
    }
}
