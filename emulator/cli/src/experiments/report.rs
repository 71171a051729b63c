//! What an experiment found: figures with units and acceptance bounds, and the summary made of them.

use std::fmt;

use bss2_base::SimTime;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::artefacts::{ArtefactError, Artefacts};
use crate::text;

/// The value of a figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A real number. Not-a-number is written as JSON `null` and meets no bound.
    Number(f64),
    /// A count.
    Count(u64),
    /// Yes or no.
    Flag(bool),
    /// Words.
    Text(String),
    /// One number for every seed, neuron, ...; a bound holds if it holds for each of them.
    List(Vec<f64>),
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}
impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Count(value)
    }
}
impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Count(value as u64)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<Vec<f64>> for Value {
    fn from(value: Vec<f64>) -> Self {
        Self::List(value)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => f.write_str(&text::number(*value)),
            Self::Count(value) => write!(f, "{value}"),
            Self::Flag(value) => f.write_str(if *value { "yes" } else { "no" }),
            Self::Text(value) => f.write_str(value),
            Self::List(values) => {
                f.write_str(&values.iter().map(|v| text::number(*v)).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(value) => value.serialize(serializer),
            Self::Count(value) => value.serialize(serializer),
            Self::Flag(value) => value.serialize(serializer),
            Self::Text(value) => value.serialize(serializer),
            Self::List(values) => values.serialize(serializer),
        }
    }
}

/// When a figure counts as met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// Not below.
    AtLeast(f64),
    /// Not above.
    AtMost(f64),
    /// Not outside, both ends included.
    Within(f64, f64),
    /// A flag that has to be set.
    True,
}

impl Bound {
    /// Whether the value keeps the bound. Text never does, an empty list neither: nothing was measured.
    pub fn holds(self, value: &Value) -> bool {
        match value {
            Value::Number(value) => self.holds_for(*value),
            Value::Count(value) => self.holds_for(*value as f64),
            Value::Flag(value) => self == Self::True && *value,
            Value::Text(_) => false,
            Value::List(values) => !values.is_empty() && values.iter().all(|value| self.holds_for(*value)),
        }
    }

    // Comparisons with not-a-number are false.
    fn holds_for(self, value: f64) -> bool {
        match self {
            Self::AtLeast(low) => value >= low,
            Self::AtMost(high) => value <= high,
            Self::Within(low, high) => low <= value && value <= high,
            Self::True => false,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(low) => write!(f, ">= {}", text::number(*low)),
            Self::AtMost(high) => write!(f, "<= {}", text::number(*high)),
            Self::Within(low, high) => write!(f, "{} .. {}", text::number(*low), text::number(*high)),
            Self::True => f.write_str("yes"),
        }
    }
}

/// Where a number comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certainty {
    /// Measured in this run.
    #[default]
    Measured,
    /// Taken from the specification or from published work.
    Specified,
    /// Derived with an assumption (energy from an average power).
    Estimated,
}

impl Certainty {
    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Specified => "specified",
            Self::Estimated => "estimated",
        }
    }
}

/// One result with its name, unit and acceptance bound. Made by [`Report::figure`], completed by the methods here.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    name: String,
    value: Value,
    unit: &'static str,
    bound: Option<Bound>,
    certainty: Certainty,
}

impl Figure {
    /// The unit, as printed behind the value: "us", "LSB", "spikes per epoch". Ratios and counts need none.
    pub fn unit(&mut self, unit: &'static str) -> &mut Self {
        self.unit = unit;
        self
    }

    /// Accepted if not below `low`.
    pub fn at_least(&mut self, low: f64) -> &mut Self {
        self.bound(Bound::AtLeast(low))
    }

    /// Accepted if not above `high`.
    pub fn at_most(&mut self, high: f64) -> &mut Self {
        self.bound(Bound::AtMost(high))
    }

    /// Accepted from `low` to `high`, both included.
    pub fn within(&mut self, low: f64, high: f64) -> &mut Self {
        self.bound(Bound::Within(low, high))
    }

    /// A flag that has to be set.
    pub fn required(&mut self) -> &mut Self {
        self.bound(Bound::True)
    }

    /// Any bound.
    pub fn bound(&mut self, bound: Bound) -> &mut Self {
        self.bound = Some(bound);
        self
    }

    /// Where the number comes from, if it was not measured in this run.
    pub fn certainty(&mut self, certainty: Certainty) -> &mut Self {
        self.certainty = certainty;
        self
    }

    /// Its key in `summary.json`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Whether the bound holds; `None` without a bound.
    pub fn met(&self) -> Option<bool> {
        self.bound.map(|bound| bound.holds(&self.value))
    }

    /// Name, value, unit, bound, whether it is met, origin.
    pub(crate) fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.value.to_string(),
            self.unit.to_owned(),
            self.bound.map(|bound| bound.to_string()).unwrap_or_default(),
            match self.met() {
                Some(true) => "yes".to_owned(),
                Some(false) => "NO".to_owned(),
                None => String::new(),
            },
            self.certainty.as_str().to_owned(),
        ]
    }
}

/// What an experiment found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    figures: Vec<Figure>,
    /// How long the chip lived, all chips of the experiment together.
    pub chip_time: SimTime,
}

impl Report {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a figure; `name` becomes its key in `summary.json` (snake case with the unit at the end where it has one:
    /// `tau_membrane_us`). Complete it in the same line: `report.figure("success", 0.83).at_least(0.6)`. A name that is
    /// already there is given its new value.
    pub fn figure(&mut self, name: impl Into<String>, value: impl Into<Value>) -> &mut Figure {
        let name = name.into();
        let figure =
            Figure { name, value: value.into(), unit: "", bound: None, certainty: Certainty::Measured };
        let index = match self.figures.iter().position(|known| known.name == figure.name) {
            Some(index) => {
                self.figures[index] = figure;
                index
            }
            None => {
                self.figures.push(figure);
                self.figures.len() - 1
            }
        };
        &mut self.figures[index]
    }

    /// The figures in the order in which they were added.
    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// Whether every figure with a bound meets it.
    pub fn accepted(&self) -> bool {
        self.figures.iter().all(|figure| figure.met() != Some(false))
    }
}

/// What the runner knows about a run, beside the report.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInformation {
    /// The experiment's name.
    pub experiment: String,
    /// Seed of the (first) virtual chip.
    pub seed: u64,
    /// How long the run took on this machine, in seconds.
    pub wall_s: f64,
    /// Whether Ctrl-C ended it.
    pub interrupted: bool,
}

/// A report with the circumstances of its run: `summary.json`, `figures.csv` and the table on the terminal.
#[derive(Debug)]
pub struct Summary<'a> {
    /// The figures.
    pub report: &'a Report,
    /// The circumstances.
    pub run: &'a RunInformation,
}

impl Summary<'_> {
    const FIGURE_COLUMNS: [&'static str; 6] = ["figure", "value", "unit", "bound", "met", "origin"];

    /// Whether the run went to its end and every bound is met.
    pub fn accepted(&self) -> bool {
        self.report.accepted() && !self.run.interrupted
    }

    /// Writes `figures.csv` (with units and bounds) and `summary.json` (flat).
    ///
    /// # Errors
    /// [`ArtefactError::File`].
    pub fn write(&self, artefacts: &Artefacts) -> Result<(), ArtefactError> {
        let mut table = artefacts.csv("figures", &Self::FIGURE_COLUMNS)?;
        for figure in &self.report.figures {
            let mut cells = figure.cells();
            if let Value::Number(value) = figure.value {
                cells[1] = value.to_string();
            }
            table.row(&cells)?;
        }
        let mut json = serde_json::to_vec_pretty(self).map_err(|error| ArtefactError::File {
            path: artefacts.folder().join("summary.json"),
            source: error.into(),
        })?;
        json.push(b'\n');
        artefacts.bytes("summary.json", &json)
    }
}

impl Serialize for Summary<'_> {
    /// One flat object: the figures by name between the circumstances. A figure named like one of these is given a trailing
    /// underscore.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const RESERVED: [&str; 8] =
            ["experiment", "version", "seed", "chip_time_s", "wall_s", "interrupted", "accepted", "figures"];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("experiment", &self.run.experiment)?;
        map.serialize_entry("version", env!("CARGO_PKG_VERSION"))?;
        map.serialize_entry("seed", &self.run.seed)?;
        for figure in &self.report.figures {
            if RESERVED.contains(&figure.name.as_str()) {
                map.serialize_entry(&format!("{}_", figure.name), &figure.value)?;
            } else {
                map.serialize_entry(&figure.name, &figure.value)?;
            }
        }
        map.serialize_entry("chip_time_s", &self.report.chip_time.as_secs_f64())?;
        map.serialize_entry("wall_s", &self.run.wall_s)?;
        map.serialize_entry("interrupted", &self.run.interrupted)?;
        map.serialize_entry("accepted", &self.accepted())?;
        map.end()
    }
}

impl fmt::Display for Summary<'_> {
    /// The table for the terminal, with the relation of chip time to wall time below it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunInformation { experiment, seed, wall_s, interrupted } = self.run;
        writeln!(f, "{experiment}, chip seed {seed}\n")?;
        let rows: Vec<Vec<String>> = self.report.figures.iter().map(Figure::cells).collect();
        writeln!(f, "{}", text::table(&Self::FIGURE_COLUMNS, &rows))?;
        write!(f, "chip time {}, wall time {} s", self.report.chip_time, text::number(*wall_s))?;
        let chip_s = self.report.chip_time.as_secs_f64();
        if chip_s > 0.0 {
            write!(f, " ({} s of wall time per second of chip time)", text::number(wall_s / chip_s))?;
        }
        writeln!(f)?;
        match (interrupted, self.report.accepted()) {
            (true, _) => writeln!(f, "interrupted: the figures cover what was done until then"),
            (false, true) => writeln!(f, "accepted: every bound is met"),
            (false, false) => writeln!(f, "not accepted: a bound is not met"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn information() -> RunInformation {
        RunInformation { experiment: "coin".into(), seed: 7, wall_s: 0.5, interrupted: false }
    }

    #[test]
    fn a_figure_that_is_not_a_number_meets_no_bound() {
        let mut report = Report::new();
        report.figure("success", f64::NAN).at_least(0.0);
        assert!(!report.accepted());
        report.figure("success", 0.5).at_least(0.5);
        assert!(report.accepted());
        assert_eq!(report.figures().len(), 1);
    }

    #[test]
    fn a_list_is_met_when_each_of_its_numbers_is() {
        assert!(Bound::AtLeast(1.0).holds(&vec![1.0, 2.0].into()));
        assert!(!Bound::AtLeast(1.0).holds(&vec![0.9, 2.0].into()));
        assert!(!Bound::AtLeast(1.0).holds(&Vec::new().into()));
        assert!(Bound::True.holds(&true.into()));
        assert!(!Bound::True.holds(&1.0.into()));
    }

    #[test]
    fn the_summary_is_a_flat_object_with_the_circumstances() {
        let mut report = Report::new();
        report.chip_time = SimTime::from_ms(500);
        report.figure("share_of_heads", 0.25).within(0.4, 0.6);
        report.figure("seed", 3u64);
        let run = information();
        let json: serde_json::Value =
            serde_json::from_str(&serde_json::to_string(&Summary { report: &report, run: &run }).unwrap())
                .unwrap();
        let expected = serde_json::json!({
            "experiment": "coin", "version": env!("CARGO_PKG_VERSION"), "seed": 7, "share_of_heads": 0.25, "seed_": 3,
            "chip_time_s": 0.5, "wall_s": 0.5, "interrupted": false, "accepted": false,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn an_interrupted_run_is_not_accepted() {
        let report = Report::new();
        let run = RunInformation { interrupted: true, ..information() };
        assert!(!Summary { report: &report, run: &run }.accepted());
    }
}
