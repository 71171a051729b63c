//! Figures of samples. Values that are not finite are left out everywhere.

fn finite(values: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// Mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    let values = finite(values);
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation of the sample (not of the mean); NaN of nothing.
pub fn standard_deviation(values: &[f64]) -> f64 {
    let values = finite(values);
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64).sqrt()
}

/// The value below which this fraction lies, between the nearest two; NaN of nothing.
pub fn percentile(values: &[f64], fraction: f64) -> f64 {
    let values = finite(values);
    let Some(last) = values.len().checked_sub(1) else { return f64::NAN };
    let place = fraction.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    values[below] + (place - below as f64) * (values[above] - values[below])
}

/// The value in the middle; NaN of nothing.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// The values without this fraction at either end, sorted.
pub fn trimmed(values: &[f64], fraction: f64) -> Vec<f64> {
    let values = finite(values);
    let cut = (fraction.clamp(0.0, 0.5) * values.len() as f64).floor() as usize;
    values[cut..values.len().saturating_sub(cut).max(cut)].to_vec()
}

/// Standard deviation without 5 % at either end: the spread of calibration 15.
pub fn trimmed_spread(values: &[f64]) -> f64 {
    standard_deviation(&trimmed(values, 0.05))
}

/// Pearson's correlation of pairs that are both finite; NaN if one of them does not vary.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let pairs: Vec<(f64, f64)> =
        a.iter().copied().zip(b.iter().copied()).filter(|(a, b)| a.is_finite() && b.is_finite()).collect();
    let n = pairs.len() as f64;
    let (mean_a, mean_b) =
        (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(a, b)| f(a - mean_a, b - mean_b)).sum::<f64>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_small_samples_are_those_of_the_textbook() {
        let values = [4.0, f64::NAN, 1.0, 3.0, 2.0];
        assert_eq!((mean(&values), median(&values)), (2.5, 2.5));
        assert_eq!(standard_deviation(&values), 1.25_f64.sqrt());
        assert_eq!(percentile(&values, 1.0), 4.0);
        assert_eq!(trimmed(&values, 0.25), [2.0, 3.0]);
        assert!((correlation(&[1.0, 2.0, 3.0], &[-2.0, -4.0, -6.0]) + 1.0).abs() < 1e-12);
        assert!(median(&[]).is_nan() && standard_deviation(&[f64::NAN]).is_nan());
    }
}
