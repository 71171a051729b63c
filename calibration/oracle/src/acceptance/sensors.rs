//! Correlation sensors.

use super::{lap, session};
use crate::VirtualChip;
use bss2_calibration::CalibrationError;
use bss2_calibration::cadc::{self, CadcOptions, CadcTarget};
use bss2_calibration::correlation::{CorrelationOptions, CorrelationTarget, calibrate};
use bss2_calibration::evaluation::{ChipReport, Criteria, Must, Parameter, Truth, median, percentile};
use bss2_calibration::routine::Progress;
use std::time::Instant;

pub(super) fn judge(
    seed: u64,
    progress: &mut dyn Progress,
    report: &mut ChipReport,
) -> Result<(), CalibrationError> {
    let mut started = Instant::now();
    let mut chip = VirtualChip::new(seed);
    let target = CorrelationTarget::default();
    let mut session = session(&mut chip, 512, progress)?;
    cadc::calibrate(&mut session, &CadcTarget::default(), &CadcOptions::default(), None)?;
    calibrate(&mut session, &target, &CorrelationOptions::default())?;
    report.chip_seconds += session.chip_time().as_us_f64() / 1e6;
    drop(session);
    lap(report, "correlation", &mut started);
    let sensors = chip.correlation_sensors();
    for (which, name, unit, target) in [
        (0, "correlation amplitude", "CADC codes per pair", target.amplitude),
        (1, "correlation time constant", "us", target.time_constant),
    ] {
        let take = |pair: &(f64, f64)| if which == 0 { pair.0 } else { pair.1 };
        let mut factor = 1.0_f64;
        let mut bias = 0.0_f64;
        let mut sample = Vec::new();
        for quadrant in &sensors {
            let values: Vec<f64> = quadrant.iter().map(take).collect();
            for part in [0.3, 0.5, 0.7] {
                let ratio = percentile(&values, part) / target;
                factor = factor.max(ratio).max(1.0 / ratio);
            }
            bias = bias.max((median(&values) / target - 1.0).abs());
            // Enough for a picture.
            sample.extend(values.iter().step_by(131).copied());
        }
        for (limit, kind) in [(2.0, "required"), (1.5, "goal")] {
            report.truths.push(Truth {
                name: format!(
                    "{name}: largest factor of the 30th to 70th percentile from the target ({kind})"
                ),
                value: factor,
                wanted: limit,
                at_least: false,
            });
        }
        report.truths.push(Truth {
            name: format!("{name}: largest deviation of a quadrant's median"),
            value: bias,
            wanted: 0.2,
            at_least: false,
        });
        report.parameters.push(Parameter {
            name: format!("{name} (true)"),
            unit: unit.into(),
            target: Some(target),
            before: Vec::new(),
            after: sample,
            failing: None,
            criteria: Criteria { must: Must::Nothing, spread: None, bias: None, failing: None },
        });
    }
    Ok(())
}
