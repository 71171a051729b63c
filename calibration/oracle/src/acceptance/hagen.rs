//! Drivers and integrating neurons.

use super::{Plan, lap, session};
use crate::VirtualChip;
use bss2_base::{Hemisphere, Neuron, RowMode, SimTime};
use bss2_calibration::CalibrationError;
use bss2_calibration::base_state::{STIMULUS_LABEL, STIMULUS_ROWS, STIMULUS_WEIGHT, write_synapses};
use bss2_calibration::driver::{PlasticityOffset, PlasticityOptions, lines};
use bss2_calibration::evaluation::{
    ChipReport, Criteria, Limit, Must, Parameter, Truth, compare, mean, median, percentile,
    standard_deviation, trimmed,
};
use bss2_calibration::hagen::{Hagen, HagenOptions, HagenStage, HagenTarget};
use bss2_calibration::neuron::Polarity;
use bss2_calibration::primitives::{cadc, padi, reset};
use bss2_calibration::program::{ColumnReadout, SETTLING, connect_columns, write_shared_cell};
use bss2_calibration::result::{CalibrationResult, ChipIdentity, Header, InstanceKind, Record, Scope};
use bss2_calibration::routine::{Progress, Session, Step};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::{NeuronParameter as Cell, SharedParameter as Shared};
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
    let mut started = Instant::now();
    integration(&mut session, report)?;
    let neurons = session.neurons().to_vec();
    drop(session);
    time_constants(&chip, &neurons, report);
    lap(report, "judging integration", &mut started);
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
    curve(session, report)?;
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

/// Amplitudes of the drivers over all activations, calibrated and as they must not be (calibration 8, driver).
fn curve(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    let state = session.link.written().clone();
    let calibrated = missed_by_drivers(session)?;
    session.link.configure(|program| {
        for cell in [Shared::StpIRamp, Shared::StpICalib] {
            write_shared_cell(program, cell, 400);
        }
        for instance in 0..lines::DRIVERS as u32 {
            let driver = lines::hagen_driver(31, bss2_calibration::driver::PLASTICITY_OFFSET);
            bss2_calibration::program::write(program, instance, &driver);
        }
    })?;
    let overwritten = missed_by_drivers(session)?;
    session.link.restore(&state)?;
    report.truths.push(Truth {
        name: "drivers over all activations: criteria of the reference test that are missed".into(),
        value: calibrated as f64,
        wanted: 0.0,
        at_least: false,
    });
    report.truths.push(Truth {
        name: "must fail: criteria missed by drivers with ramp 400 and offset 31".into(),
        value: overwritten as f64,
        wanted: 1.0,
        at_least: true,
    });
    Ok(())
}

/// Of the criteria of calibration 8 for the drivers as they are, those that don't hold. That on the baseline is left out: amplitudes are
/// differences from a reading directly before, whose baseline is 0.
fn missed_by_drivers(session: &mut Session<'_>) -> Result<usize, CalibrationError> {
    let mut means = Vec::new();
    let mut spreads = Vec::new();
    for activation in 1..=lines::MAXIMUM_ACTIVATION {
        let amplitudes = lines::amplitudes(session, 1, activation, 1)?;
        means.push(mean(&amplitudes));
        spreads.push(standard_deviation(&amplitudes));
    }
    let steps: Vec<f64> = means.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let inner = 5..steps.len() - 5;
    let (lowest, highest) = (percentile(&means, 0.0), percentile(&means, 1.0));
    let spread = mean(&spreads);
    let holding = [
        steps[inner.clone()].iter().all(|step| *step > 0.5),
        steps[..inner.start].iter().chain(&steps[inner.end..]).all(|step| *step > 0.2),
        lowest > -1.0,
        highest > 20.0,
        spread < (highest - lowest) / 8.0,
        spread < 4.0,
    ];
    Ok(holding.into_iter().filter(|holds| !holds).count())
}

/// Distances from the median of the quadrant with all offsets at their median, and calibrated.
fn plasticity(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    let mut routine = PlasticityOffset::new(PlasticityOptions::default());
    let outcome = session.calibrate(&mut routine, &bss2_calibration::algorithms::Search::Binary, None)?;
    let comparison = compare(session, &mut routine, Some(&outcome.targets), &outcome.parameters)?;
    let from_target = |values: &[f64]| -> Vec<f64> {
        values.iter().zip(&outcome.targets).map(|(value, target)| value - target).collect()
    };
    let (before, after) = (from_target(&comparison.before), from_target(&comparison.after));
    let spread = |values: &[f64], quadrant: usize| {
        let own = (0..lines::DRIVERS).filter(|&driver| lines::quadrant(driver) == quadrant);
        standard_deviation(&own.map(|driver| values[driver]).collect::<Vec<_>>())
    };
    let worst = (0..4).map(|quadrant| spread(&after, quadrant)).fold(0.0, f64::max);
    let reduction = (0..4).map(|quadrant| spread(&before, quadrant) - spread(&after, quadrant));
    report.truths.push(Truth {
        name: "STP: least reduction of the spread of a quadrant, codes".into(),
        value: reduction.fold(f64::INFINITY, f64::min),
        wanted: 1.0,
        at_least: true,
    });
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
        before,
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
            let outcome = &record.outcome;
            let count = outcome.len().max(1) as f64;
            let taus: Vec<f64> =
                outcome.targets.iter().zip(&outcome.residuals).map(|(target, left)| target + left).collect();
            report.parameters.push(Parameter {
                name: format!("hagen: {name}"),
                unit: "us".into(),
                target: Some(0.32),
                before: Vec::new(),
                after: taus,
                failing: Some(outcome.failures() as f64 / count),
                criteria: Criteria {
                    must: Must::Nothing,
                    spread: Some(Limit::Relative(0.05)),
                    bias: Some(Limit::Relative(0.02)),
                    failing: Some(0.02),
                },
            });
        }
    }
    for (routine, limit) in [("excitatory strength", 0.03), ("inhibitory strength", 0.03)] {
        if let Some(record) = records.iter().find(|record| record.outcome.routine == routine) {
            report.truths.push(Truth {
                name: format!("hagen: part of neurons whose {routine} fails"),
                value: record.outcome.failures() as f64 / record.outcome.len().max(1) as f64,
                wanted: limit,
                at_least: false,
            });
        }
    }
    let Ok(header) = Header::new(identity, "hagen", target, options, report.seed) else { return };
    let result = CalibrationResult::capture(header, records, session.link.written(), Scope::default());
    let usable = result.usable(InstanceKind::Neuron, None).into_iter().filter(|usable| *usable).count();
    report.truths.push(Truth {
        name: "hagen: part of neurons for which every routine succeeds".into(),
        value: usable as f64 / plan.neurons as f64,
        wanted: 0.6,
        at_least: true,
    });
    let others: Vec<&str> = result
        .records
        .iter()
        .filter(|record| record.kind == InstanceKind::Neuron)
        .map(|record| record.outcome.routine.as_str())
        .filter(|routine| !routine.ends_with("synaptic time constant"))
        .collect();
    let others =
        result.usable(InstanceKind::Neuron, Some(&others)).into_iter().filter(|usable| *usable).count();
    report.truths.push(Truth {
        name: "hagen: part of neurons for which every routine but that of the time constants succeeds".into(),
        value: others as f64 / plan.neurons as f64,
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

/// What integrating neurons do (calibration 8, hagen neurons).
struct Integration {
    /// By neuron, codes: what twelve events add, excitatory and inhibitory.
    amplitudes: [Vec<f64>; 2],
    /// By neuron: spread of a single result.
    noise: Vec<f64>,
    /// By neuron: what the same time without events changes.
    baseline: Vec<f64>,
}

/// Events of a result, the time from one to the next, and results that are averaged.
const EVENTS: u64 = 12;
const SPACING: SimTime = SimTime::from_ns(1200);
const RUNS: usize = 20;

impl Integration {
    /// Resets all neurons, reads them, sends events (or none), reads them again.
    fn measure(session: &mut Session<'_>) -> Result<Self, CalibrationError> {
        let mut all: Vec<Vec<Vec<f64>>> = Vec::new();
        for polarity in [None, Some(Polarity::Excitatory), Some(Polarity::Inhibitory)] {
            let mode = polarity.map_or(RowMode::Disabled, Polarity::row_mode);
            let (results, tickets) = session.link.run(|program| {
                padi::drivers(program, mode);
                program.barrier_omnibus().wait(SimTime::from_us(50));
                let mut tickets = Vec::new();
                for _ in 0..RUNS {
                    tickets.push(Hemisphere::ALL.map(|hemisphere| {
                        reset::hemisphere(program, hemisphere);
                        program.barrier_omnibus().wait(SimTime::from_us(10));
                        let before = cadc::read_hemisphere(program, hemisphere);
                        program.barrier_omnibus().setup();
                        for event in 1..=EVENTS {
                            program.wait_until(SimTime::from_ps(event * SPACING.as_ps()));
                            padi::event(program, hemisphere, STIMULUS_LABEL);
                        }
                        program.wait_until(SimTime::from_ps((EVENTS + 2) * SPACING.as_ps()));
                        let after = cadc::read_hemisphere(program, hemisphere);
                        program.barrier_omnibus();
                        (before, after)
                    }));
                    program.wait(SimTime::from_ms(1));
                }
                tickets
            })?;
            let mut runs = Vec::new();
            for halves in tickets {
                let mut potentials = Vec::new();
                for (before, after) in halves {
                    let (before, after) = (before.potentials(&results)?, after.potentials(&results)?);
                    potentials.extend(after.iter().zip(before).map(|(after, before)| after - before));
                }
                runs.push(session.select(&potentials));
            }
            all.push(runs);
        }
        let of_each = |runs: &[Vec<f64>], figure: fn(&[f64]) -> f64| -> Vec<f64> {
            let count = runs.first().map_or(0, Vec::len);
            (0..count).map(|n| figure(&runs.iter().map(|run| run[n]).collect::<Vec<_>>())).collect()
        };
        Ok(Self {
            amplitudes: [
                of_each(&all[1], mean),
                of_each(&all[2], mean).into_iter().map(|fall| -fall).collect(),
            ],
            noise: of_each(&all[1], standard_deviation),
            baseline: of_each(&all[0], mean).into_iter().map(f64::abs).collect(),
        })
    }

    /// Figures with their limits: name, value, limit, whether it is a least value.
    fn figures(&self, neurons: &[Neuron]) -> Vec<(&'static str, f64, f64, bool)> {
        let noise = (0..4).map(|quadrant| {
            let own =
                neurons.iter().zip(&self.noise).filter(|(neuron, _)| neuron.quadrant().index() == quadrant);
            percentile(&own.map(|(_, noise)| *noise).collect::<Vec<_>>(), 0.75)
        });
        let [excitatory, inhibitory] = &self.amplitudes;
        let core = |values: &[f64]| standard_deviation(&trimmed(values, 0.1));
        let least = percentile(excitatory, 0.1).min(percentile(inhibitory, 0.1));
        vec![
            ("80th percentile of what changes without events", percentile(&self.baseline, 0.8), 6.0, false),
            ("75th percentile of the noise in the worst quadrant", noise.fold(0.0, f64::max), 7.0, false),
            ("10th percentile of the amplitude", least, 20.0, true),
            ("spread of the core of amplitudes", core(excitatory).max(core(inhibitory)), 10.0, false),
            (
                "difference of the means of both inputs",
                (mean(excitatory) - mean(inhibitory)).abs(),
                10.0,
                false,
            ),
        ]
    }
}

/// Integrating neurons as they are calibrated, and overwritten as in the reference test, which must fail.
fn integration(session: &mut Session<'_>, report: &mut ChipReport) -> Result<(), CalibrationError> {
    let calibrated_state = session.link.written().clone();
    // The drivers' calibration has left its own weights and switches.
    session.link.establish(|program| {
        connect_columns(program, ColumnReadout::Neurons);
        write_synapses(program, STIMULUS_ROWS.into(), STIMULUS_WEIGHT);
    })?;
    let neurons = session.neurons().to_vec();
    let calibrated = Integration::measure(session)?;
    for (name, value, wanted, at_least) in calibrated.figures(&neurons) {
        report.truths.push(Truth { name: format!("hagen neurons: {name}, codes"), value, wanted, at_least });
    }
    let mut program = ProgramBuilder::new();
    for (cell, code) in [
        (Cell::VLeak, 600),
        (Cell::VReset, 610),
        (Cell::IBiasSyninExcShift, 310),
        (Cell::IBiasSyninInhShift, 310),
        (Cell::IBiasLeak, 250),
        (Cell::IBiasSyninExcGm, 0),
        (Cell::IBiasSyninInhGm, 0),
    ] {
        session.write_cells_noisy(&mut program, cell, code);
    }
    program.barrier_omnibus().wait(SETTLING);
    session.link.run_program(&program.finish()?)?;
    let overwritten = Integration::measure(session)?;
    let figures = overwritten.figures(&neurons);
    // What is not a number holds no criterion.
    let holding = figures
        .iter()
        .filter(|(_, value, wanted, at_least)| if *at_least { value > wanted } else { value < wanted })
        .count();
    report.truths.push(Truth {
        name: "must fail: criteria missed by overwritten hagen neurons".into(),
        value: (figures.len() - holding) as f64,
        wanted: 1.0,
        at_least: true,
    });
    session.link.restore(&calibrated_state)?;
    Ok(())
}

/// What is true of the inputs that could be calibrated.
fn time_constants(chip: &VirtualChip, neurons: &[Neuron], report: &mut ChipReport) {
    for (which, (polarity, name)) in
        [(Cell::IBiasSyninExcTau, "excitatory"), (Cell::IBiasSyninInhTau, "inhibitory")]
            .into_iter()
            .enumerate()
    {
        let within: Vec<bool> = neurons
            .iter()
            .filter(|&&neuron| chip.cell(neuron, polarity) < 1022.0)
            .map(|&neuron| {
                let tau = 1e6 * chip.chip().analog().neuron(neuron).inputs[which].time_constant;
                (tau / 0.32 - 1.0).abs() <= 0.05
            })
            .collect();
        let good = within.iter().filter(|good| **good).count();
        report.truths.push(Truth {
            name: format!("hagen: true {name} time constants within 5 %, of inputs that are not at the end"),
            value: good as f64 / within.len().max(1) as f64,
            wanted: 0.95,
            at_least: true,
        });
    }
}
