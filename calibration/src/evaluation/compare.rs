//! Before and after.

use crate::error::Result;
use crate::routine::{Outcome, Routine, Session};

/// What a routine observes with two settings of its knob.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// All instances at the median of the calibrated settings.
    pub before: Vec<f64>,
    /// Each instance at its calibrated setting.
    pub after: Vec<f64>,
    /// The median.
    pub median: i32,
}

/// Measures the observable of a routine with the median of these settings everywhere, then with the settings themselves
/// (calibration 15). The chip must be in the state in which the routine is run; the settings are left on it, and what the
/// routine puts back is put back.
///
/// # Errors
/// What the routine fails with.
pub fn compare(
    session: &mut Session<'_>,
    routine: &mut dyn Routine,
    target: Option<&[f64]>,
    calibrated: &[i32],
) -> Result<Comparison> {
    let targets = routine.prelude(session, target)?;
    let mut sorted = calibrated.to_vec();
    sorted.sort_unstable();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    let uniform = vec![median; calibrated.len()];
    session.step(routine, &uniform)?;
    let before = routine.measure(session, &uniform)?;
    session.step(routine, calibrated)?;
    let after = routine.measure(session, calibrated)?;
    let declaration = routine.declaration();
    let mut outcome = Outcome {
        routine: declaration.name.into(),
        knob: declaration.knob.into(),
        residuals: after.iter().zip(&targets).map(|(after, target)| after - target).collect(),
        targets,
        parameters: calibrated.to_vec(),
        success: vec![true; calibrated.len()],
    };
    routine.postlude(session, &mut outcome)?;
    Ok(Comparison { before, after, median })
}
