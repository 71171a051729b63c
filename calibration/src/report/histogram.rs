//! Histograms as SVG.

use super::page::{escape, number};
use crate::evaluation::percentile;
use std::fmt::Write;

/// Values of one colour.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) values: Vec<f64>,
}

/// Up to three series over one axis.
pub(super) struct Histogram {
    pub(super) title: String,
    pub(super) axis: String,
    /// Where the target is.
    pub(super) mark: Option<f64>,
    pub(super) series: Vec<Series>,
}

const COLOURS: [&str; 3] = ["#d98b3a", "#2f6db3", "#6a9f58"];
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 40.0;
const BINS: usize = 60;

impl Histogram {
    /// The picture.
    pub(super) fn svg(&self) -> String {
        let all: Vec<f64> = self
            .series
            .iter()
            .flat_map(|series| series.values.iter().copied())
            .filter(|v| v.is_finite())
            .collect();
        let (mut low, mut high) = (percentile(&all, 0.002), percentile(&all, 0.998));
        if let Some(mark) = self.mark {
            (low, high) = (low.min(mark), high.max(mark));
        }
        if !(low.is_finite() && high.is_finite()) {
            return format!("<p>{}: no values</p>", escape(&self.title));
        }
        let margin = (0.04 * (high - low)).max(1e-9 + 1e-6 * low.abs());
        (low, high) = (low - margin, high + margin);
        // Each series has its own height: a narrow one would hide the other.
        let x = |value: f64| LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT);
        let y = |part: f64| HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
        let mut svg = String::new();
        let _ = write!(
            svg,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\"><title>{0}</title>\
             <text x=\"{LEFT}\" y=\"16\" class=\"title\">{0}</text>",
            escape(&self.title)
        );
        for (series, colour) in self.series.iter().zip(COLOURS) {
            let mut counts = [0_usize; BINS];
            let mut outside = 0;
            for value in series.values.iter().filter(|value| value.is_finite()) {
                let bin = (value - low) / (high - low) * BINS as f64;
                match counts.get_mut(bin.max(-1.0) as usize).filter(|_| bin >= 0.0) {
                    Some(count) => *count += 1,
                    None => outside += 1,
                }
            }
            let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
            let mut path = format!("M{:.1} {:.1}", x(low), y(0.0));
            for (bin, &count) in counts.iter().enumerate() {
                let left = low + (high - low) * bin as f64 / BINS as f64;
                let right = low + (high - low) * (bin + 1) as f64 / BINS as f64;
                let height = y(count as f64 / most);
                let _ = write!(path, "L{:.1} {height:.1}L{:.1} {height:.1}", x(left), x(right));
            }
            let _ = write!(path, "L{:.1} {:.1}Z", x(high), y(0.0));
            let _ = write!(
                svg,
                "<path d=\"{path}\" fill=\"{colour}\" fill-opacity=\"0.45\" stroke=\"{colour}\"/>"
            );
            let place = self.series.iter().position(|other| other.name == series.name).unwrap_or(0);
            let note = if outside > 0 { format!(", {outside} outside") } else { String::new() };
            let _ = write!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\" class=\"legend\">{} ({}{note})</text>",
                WIDTH - RIGHT - 4.0,
                TOP + 12.0 + 14.0 * place as f64,
                series.name,
                series.values.iter().filter(|value| value.is_finite()).count()
            );
        }
        if let Some(mark) = self.mark {
            let _ = write!(
                svg,
                "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{1:.1}\" class=\"mark\"/>",
                x(mark),
                y(0.0)
            );
        }
        let _ = write!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{1:.1}\" y2=\"{1:.1}\" class=\"axis\"/>",
            WIDTH - RIGHT,
            y(0.0)
        );
        for tick in ticks(low, high) {
            let _ = write!(
                svg,
                "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1:.1}\" y2=\"{2:.1}\" class=\"axis\"/>\
                 <text x=\"{0:.1}\" y=\"{3:.1}\" class=\"tick\">{4}</text>",
                x(tick),
                y(0.0),
                y(0.0) + 4.0,
                y(0.0) + 16.0,
                number(tick)
            );
        }
        let _ = write!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" class=\"tick\">{}</text></svg>",
            LEFT + (WIDTH - LEFT - RIGHT) / 2.0,
            HEIGHT - 6.0,
            escape(&self.axis)
        );
        svg
    }
}

/// Round numbers inside of a range: 3 to 8 of them.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let mut step = 1.0;
    while step > rough {
        step /= 10.0;
    }
    while step * 10.0 <= rough {
        step *= 10.0;
    }
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * step).find(|step| *step >= rough).unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    (first..first + 12).map(|k| k as f64 * step).take_while(|tick| *tick <= high).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.3, 10.2), [2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(ticks(-0.011, 0.011), [-0.01, -0.005, 0.0, 0.005, 0.01]);
        assert_eq!(ticks(990.0, 1010.0), [990.0, 995.0, 1000.0, 1005.0, 1010.0]);
    }

    #[test]
    fn a_picture_is_made_of_any_values() {
        let histogram = |values: Vec<f64>| Histogram {
            title: "a < b".into(),
            axis: "V & A".into(),
            mark: Some(1.0),
            series: vec![Series { name: "after", values }],
        };
        for values in [vec![], vec![f64::NAN], vec![3.0; 5], vec![f64::INFINITY, 0.0], vec![-1e300, 1e300]] {
            let svg = histogram(values).svg();
            assert!(svg.contains("a &lt; b"), "{svg}");
        }
    }
}
