//! Spiking neurons.

use super::{Plan, lap, session};
use crate::VirtualChip;
use bss2_calibration::CalibrationError;
use bss2_calibration::entry::{Spiking, SpikingOptions, SpikingTarget, Stage};
use bss2_calibration::evaluation::{
    ChipReport, Criteria, Limit, Must, Parameter, Truth, compare, correlation, median,
};
use bss2_calibration::neuron::Polarity;
use bss2_calibration::neuron::membrane::MembraneMadc;
use bss2_calibration::neuron::potential::{LeakPotential, ResetPotential};
use bss2_calibration::neuron::reference::drifts;
use bss2_calibration::neuron::strength::SynapticStrength;
use bss2_calibration::neuron::synaptic::SynapticTimeConstant;
use bss2_calibration::neuron::threshold::ThresholdCadc;
use bss2_calibration::program::SETTLING;
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
    let neurons = session.neurons().to_vec();
    drop(session);
    truths(&chip, &neurons, report);
    channels(&chip, &state, report);
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
    drift(session, report)
}

/// Drift of membranes without leak, inputs on: with all shifts at 310, and calibrated.
fn drift(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    let calibrated = Polarity::ALL.map(|polarity| session.cells(polarity.shift()));
    let count = session.neurons().len();
    let mut measured = Vec::new();
    for codes in [[vec![310; count], vec![310; count]], calibrated] {
        let mut program = ProgramBuilder::new();
        for (polarity, codes) in Polarity::ALL.into_iter().zip(&codes) {
            session.write_cells(&mut program, polarity.shift(), codes);
        }
        session.write_cells_noisy(&mut program, Cell::IBiasLeak, 0);
        session.change_neurons(&mut program, |_, config| {
            *config = NeuronConfig { en_synin_exc: true, en_synin_inh: true, ..*config };
        });
        program.barrier_omnibus().wait(SETTLING);
        session.link.run_program(&program.finish()?)?;
        measured.push(drifts(session, "drift")?);
    }
    let after = measured.pop().unwrap_or_default();
    let sizes: Vec<f64> = after.iter().map(|drift| drift.abs()).collect();
    report.truths.push(Truth {
        name: "reference drift: 90th percentile, MADC codes per us".into(),
        value: bss2_calibration::evaluation::percentile(&sizes, 0.9),
        wanted: 1.0,
        at_least: false,
    });
    report.parameters.push(Parameter {
        name: "drift without leak".into(),
        unit: "MADC codes per us".into(),
        target: Some(0.0),
        before: measured.pop().unwrap_or_default(),
        after,
        failing: None,
        criteria: Criteria { must: Must::Nothing, spread: None, bias: None, failing: None },
    });
    Ok(())
}

/// Codes of all channels at 0.42 V: with all digital offsets 0, and with those of the calibration.
fn channels(chip: &VirtualChip, state: &bss2_calibration::link::ChipState, report: &mut ChipReport) {
    use bss2_host::registers::cadc::CADCChannelConfig;
    let after = chip.cadc_codes(0.42);
    let offset = |channel: usize| f64::from(state.typed::<CADCChannelConfig>(channel as u32).offset);
    let before = after.iter().enumerate().map(|(channel, code)| code - offset(channel)).collect();
    let wanted = bss2_calibration::cadc::CadcTarget::default().code(0.42);
    let good = after.iter().filter(|code| (*code - wanted).abs() <= 1.0).count();
    report.truths.push(Truth {
        name: "CADC: channels within 1 code of the truth at 0.42 V".into(),
        value: good as f64 / after.len() as f64,
        wanted: 0.99,
        at_least: true,
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
