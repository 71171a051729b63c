//! Drivers and integrating neurons.

use super::{Plan, lap, session};
use crate::VirtualChip;
use bss2_calibration::CalibrationError;
use bss2_calibration::driver::{PlasticityOffset, PlasticityOptions, lines};
use bss2_calibration::evaluation::{
    ChipReport, Criteria, Limit, Must, Parameter, Truth, compare, median, standard_deviation,
};
use bss2_calibration::hagen::{Hagen, HagenOptions, HagenStage, HagenTarget};
use bss2_calibration::result::{CalibrationResult, ChipIdentity, Header, InstanceKind, Record, Scope};
use bss2_calibration::routine::{Progress, Session, Step};
use std::time::Instant;

/// Activation at which drivers are compared.
const ACTIVATION: u8 = 16;

pub(super) fn judge(
    seed: u64,
    plan: &Plan,
    progress: &mut dyn Progress,
    report: &mut ChipReport,
) -> Result<(), CalibrationError> {
    let mut chip = VirtualChip::new(seed);
    let identity = chip.identity();
    let mut session = session(&mut chip, plan.neurons, progress)?;
    let (target, options) = (HagenTarget::default(), HagenOptions::default());
    let mut calibration = Hagen::new(target.clone(), options.clone());
    let mut records: Vec<Record> = Vec::new();
    let mut seconds = 0.0;
    let mut judging = 0.0;
    for stage in calibration.stages() {
        let mut started = Instant::now();
        session.tell(Step::Note(stage.name()));
        records.extend(calibration.run(&mut session, stage)?);
        seconds += started.elapsed().as_secs_f64();
        if stage == HagenStage::Drivers {
            started = Instant::now();
            let state = session.link.written().clone();
            drivers(&mut session, &records, report)?;
            plasticity(&mut session, report)?;
            session.link.restore(&state)?;
            judging += started.elapsed().as_secs_f64();
        }
    }
    report.seconds.push(("hagen".into(), seconds));
    report.seconds.push(("judging drivers".into(), judging));
    report.chip_seconds += session.chip_time().as_us_f64() / 1e6;
    usable(&session, identity, (&target, &options), records, plan, report);
    drop(session);
    let mut started = Instant::now();
    let pulses = chip.hagen_pulses(ACTIVATION);
    report.truths.push(Truth {
        name: "drivers: spread of true pulse lengths at activation 16".into(),
        value: standard_deviation(&pulses) / median(&pulses),
        wanted: 0.05,
        at_least: false,
    });
    lap(report, "truth of drivers", &mut started);
    Ok(())
}

/// Amplitudes at a middle activation with the median of all offsets, and with the offsets.
fn drivers(
    session: &mut Session<'_>,
    records: &[Record],
    report: &mut ChipReport,
) -> Result<(), CalibrationError> {
    let Some(offsets) = records.iter().rev().find(|record| record.outcome.routine == "hagen_dac_offset")
    else {
        return Ok(());
    };
    let outcome = &offsets.outcome;
    let after = lines::amplitudes(session, 1, ACTIVATION, 2)?;
    let codes: Vec<f64> = outcome.parameters.iter().map(|&code| f64::from(code)).collect();
    let uniform = vec![median(&codes) as i32; lines::DRIVERS];
    let write = |session: &mut Session<'_>, codes: &[i32]| {
        session.link.run(|program| {
            for (instance, &code) in (0..).zip(codes) {
                let driver = lines::hagen_driver(code, bss2_calibration::driver::PLASTICITY_OFFSET);
                bss2_calibration::program::write(program, instance, &driver);
            }
        })
    };
    write(session, &uniform)?;
    let before = lines::amplitudes(session, 1, ACTIVATION, 2)?;
    write(session, &outcome.parameters)?;
    report.parameters.push(Parameter {
        name: "drivers at activation 16".into(),
        unit: "CADC codes of the lines".into(),
        target: None,
        before,
        after,
        failing: Some(outcome.failures() as f64 / outcome.len() as f64),
        criteria: Criteria {
            must: Must::Spread(4.0),
            spread: Some(Limit::Absolute(2.0)),
            bias: None,
            failing: Some(0.02),
        },
    });
    let bias = records.iter().rev().find(|record| record.outcome.knob == "syn_i_bias_dac");
    if let Some(Record { outcome, .. }) = bias {
        let drops: Vec<f64> =
            outcome.targets.iter().zip(&outcome.residuals).map(|(target, left)| target + left).collect();
        report.truths.push(Truth {
            name: "synapse DAC: spread of the quadrants' drops".into(),
            value: standard_deviation(&drops) / median(&drops),
            wanted: 0.05,
            at_least: false,
        });
    }
    Ok(())
}

/// Distances from the median of the quadrant with all offsets at their median, and calibrated.
fn plasticity(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    let mut routine = PlasticityOffset::new(PlasticityOptions::default());
    let outcome = session.calibrate(&mut routine, &bss2_calibration::algorithms::Search::Binary, None)?;
    let comparison = compare(session, &mut routine, Some(&outcome.targets), &outcome.parameters)?;
    let from_target = |values: &[f64]| -> Vec<f64> {
        values.iter().zip(&outcome.targets).map(|(value, target)| value - target).collect()
    };
    let after = from_target(&comparison.after);
    let worst = (0..4)
        .map(|quadrant| {
            let own = (0..lines::DRIVERS).filter(|&driver| lines::quadrant(driver) == quadrant);
            standard_deviation(&own.map(|driver| after[driver]).collect::<Vec<_>>())
        })
        .fold(0.0, f64::max);
    report.truths.push(Truth {
        name: "STP: spread of the worst quadrant".into(),
        value: worst,
        wanted: 2.0,
        at_least: false,
    });
    report.parameters.push(Parameter {
        name: "STP amplitude, from the quadrant's median".into(),
        unit: "CADC codes of the lines".into(),
        target: Some(0.0),
        before: from_target(&comparison.before),
        after,
        failing: Some(outcome.failures() as f64 / outcome.len() as f64),
        criteria: Criteria {
            must: Must::Spread(2.0),
            spread: Some(Limit::Absolute(1.2)),
            bias: None,
            failing: Some(0.0),
        },
    });
    Ok(())
}

/// How many neurons can be used, and the round trip of the result.
fn usable(
    session: &Session<'_>,
    identity: ChipIdentity,
    (target, options): (&HagenTarget, &HagenOptions),
    records: Vec<Record>,
    plan: &Plan,
    report: &mut ChipReport,
) {
    for polarity in ["excitatory", "inhibitory"] {
        let name = format!("{polarity} synaptic time constant");
        if let Some(record) = records.iter().find(|record| record.outcome.routine == name) {
            let at_end = record.outcome.parameters.iter().filter(|code| **code >= 1022).count();
            report.truths.push(Truth {
                name: format!("hagen: part of {polarity} inputs whose bias is at its end (0.32 us)"),
                value: at_end as f64 / record.outcome.len().max(1) as f64,
                wanted: 0.4,
                at_least: false,
            });
        }
    }
    let Ok(header) = Header::new(identity, "hagen", target, options, report.seed) else { return };
    let result = CalibrationResult::capture(header, records, session.link.written(), Scope::default());
    let usable = result.usable(InstanceKind::Neuron, None).into_iter().filter(|usable| *usable).count();
    report.truths.push(Truth {
        name: "hagen: part of usable neurons".into(),
        value: usable as f64 / plan.neurons as f64,
        wanted: 0.6,
        at_least: true,
    });
    let same = CalibrationResult::from_json(&result.to_json()).is_ok_and(|back| back == result);
    report.truths.push(Truth {
        name: "hagen: result survives its file bit by bit".into(),
        value: f64::from(u8::from(same)),
        wanted: 1.0,
        at_least: true,
    });
}
