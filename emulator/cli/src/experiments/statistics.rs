//! The statistics that experiments report.

/// Mean of the values, not-a-number if there are none.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation of the values around their mean (divided by n - 1).
pub(super) fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

/// The value below which the share `share` of the finite values lies, interpolated; not-a-number if there are none.
pub(crate) fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let lower = place as usize;
    let upper = (lower + 1).min(last);
    sorted[lower] + (place - lower as f64) * (sorted[upper] - sorted[lower])
}

/// The middle one of the finite values.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// The share of values that fulfil a condition, not-a-number if there are none.
pub(super) fn share(values: &[f64], condition: impl Fn(f64) -> bool) -> f64 {
    values.iter().filter(|value| condition(**value)).count() as f64 / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_quantiles_of_a_short_list() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!((mean(&values), median(&values), quantile(&values, 1.0)), (2.5, 2.5, 4.0));
        assert!((deviation(&values) - (5.0_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(share(&values, |value| value > 1.5), 0.75);
        assert!(median(&[f64::NAN]).is_nan());
    }
}
