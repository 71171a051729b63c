//! A row of a table of comparisons, and what was measured (analog-core 11).

/// Firing periods in us without leak, by offset code; by capacitor code (M-FI).
pub(crate) const PERIODS_WITHOUT_LEAK: [(u8, &[(u16, f64)]); 2] = [
    (
        20,
        &[
            (85, 27.8),
            (171, 14.1),
            (256, 9.54),
            (342, 7.23),
            (427, 5.89),
            (513, 4.98),
            (598, 4.35),
            (684, 3.88),
        ],
    ),
    (
        10,
        &[
            (45, 31.1),
            (125, 11.9),
            (205, 7.43),
            (285, 5.46),
            (364, 4.42),
            (444, 3.71),
            (524, 3.20),
            (604, 2.88),
            (684, 2.61),
        ],
    ),
];
/// Firing periods in us by leak bias and offset code, capacitor code 20 (M-FI).
pub(crate) const PERIODS_WITH_LEAK: [(u16, u16, f64); 8] = [
    (126, 85, 7.48),
    (126, 684, 2.77),
    (250, 85, 4.91),
    (250, 684, 2.43),
    (500, 171, 4.37),
    (500, 684, 2.17),
    (1000, 427, 2.80),
    (1000, 684, 2.11),
];
/// Peaks in MADC codes along a chain of four compartments, a row for each input (M-DEMO).
pub(crate) const CHAIN: [[u16; 4]; 4] =
    [[78, 51, 37, 29], [59, 71, 53, 47], [47, 50, 70, 59], [40, 46, 66, 93]];

/// One comparison.
pub(crate) struct Row {
    pub(crate) quantity: String,
    pub(crate) model: f64,
    /// Lowest and highest measured value.
    pub(crate) measured: (f64, f64),
    pub(crate) unit: &'static str,
    pub(crate) source: &'static str,
}

impl Row {
    pub(crate) fn new(
        quantity: impl Into<String>,
        model: f64,
        measured: (f64, f64),
        unit: &'static str,
        source: &'static str,
    ) -> Self {
        Self { quantity: quantity.into(), model, measured, unit, source }
    }

    /// Relative to the nearest end of the measured range; 0 inside.
    pub(crate) fn deviation(&self) -> f64 {
        let (low, high) = self.measured;
        if self.model < low {
            self.model / low - 1.0
        } else if self.model > high {
            self.model / high - 1.0
        } else {
            0.0
        }
    }

    pub(crate) fn line(&self) -> String {
        let (low, high) = self.measured;
        let measured = if low == high { number(low) } else { format!("{} to {}", number(low), number(high)) };
        let deviation = self.deviation();
        let deviation = if deviation == 0.0 && low != high {
            "within".to_owned()
        } else {
            format!("{:+.1} %", 100.0 * deviation)
        };
        let Self { quantity, unit, source, .. } = self;
        format!("| {quantity} | {} | {measured} | {unit} | {deviation} | {source} |\n", number(self.model))
    }
}

/// Three to four digits.
fn number(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 1.0 => 2,
        v if v >= 0.1 => 3,
        v if v >= 0.01 => 4,
        _ => 5,
    };
    format!("{value:.digits$}")
}
