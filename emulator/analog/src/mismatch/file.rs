//! Values of an individual as a file (TOML): to begin with those of a drawn chip, to load measured ones.
//!
//! A value is called by the path of its parameter, and behind that by its place: `neuron.leak.a.17`, `correlation.tau.top.12.34.causal`.
//!
//! ```toml
//! [neuron.leak.a]                               # S/LSB
//! 17 = 2.31e-9                                  # this neuron
//! "128-255" = { factor = 1.1 }                  # these, 1.1 times the typical value
//!
//! [neuron]
//! threshold.offset = { offset = 5e-3 }          # all, 5 mV above the typical value
//! coba.kappa.3 = { excitatory = 1.9, inhibitory = 2.2 }
//!
//! [driver.stp.comparator_offset]
//! top = [12.0, -3.5, 0.0]                       # an error: there are 128
//! ```
//!
//! At every place in front of the last, a number or a `factor` (or `offset`) stands for everything behind it, a table names some of it
//! and an array lists all of it in order. Quantities whose deviations are factors take `factor`, the others `offset`; both refer to the
//! typical value of the table, so that the result does not hang on the seed. `defects.dead_neurons = [17]` and
//! `defects.dead_correlation_sensors = ["top.12.34"]` list what is dead: these and no others.

use super::instances::Coordinate;
use super::{ChipMismatch, Distribution, Kind, Measured, Parameter, ValueError};
use bss2_base::Neuron;
use std::fmt::Write as _;
use toml::de::{DeArray, DeTable, DeValue};

/// A file that can't be used: where and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}{}{key}: {problem}", if key.is_empty() { "" } else { ", " })]
pub struct FileError {
    /// Line, from 1 on.
    pub line: usize,
    /// What it speaks of; empty if that can't be said.
    pub key: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with a file of measured values.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// No TOML.
    #[error("{0}")]
    Syntax(String),
    /// No parameter is called like that.
    #[error("there is no parameter of this name{0}")]
    UnknownName(Suggestion),
    /// A group of parameters has no value.
    #[error("this is a group of parameters: {0}")]
    Group(String),
    /// No instance is called like that.
    #[error("no such place; here stands {0}")]
    NoSuchPlace(String),
    /// A value that is no number, table or array.
    #[error("{0} instead of a number")]
    NotANumber(&'static str),
    /// An array of another length than there are places.
    #[error("{found} values for {expected}")]
    WrongLength {
        /// Values in the array.
        found: usize,
        /// Places.
        expected: usize,
    },
    /// `factor` where deviations add up, `offset` where they multiply, or something beside them.
    #[error("a deviation of this parameter is given as {{ {0} = ... }} and nothing else")]
    Deviation(&'static str),
    /// Two ranges contain the same place.
    #[error("this value is given twice")]
    Twice,
    /// A value that no circuit has.
    #[error(transparent)]
    Value(#[from] ValueError),
}

/// Names that exist instead.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion(Vec<&'static str>);

impl std::fmt::Display for Suggestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0.as_slice() {
            [] => Ok(()),
            names => write!(f, "; there is {}", names.join(", ")),
        }
    }
}

/// The names in the deepest group that an unknown name shares.
fn suggestion(name: &str) -> Suggestion {
    let mut group = name;
    while let Some((front, _)) = group.rsplit_once('.') {
        group = front;
        let names: Vec<_> = paths().filter(|path| is_within(path, group)).collect();
        if !names.is_empty() {
            return Suggestion(names);
        }
    }
    Suggestion(Vec::new())
}

/// All names, defects included.
fn paths() -> impl Iterator<Item = &'static str> {
    Parameter::ALL
        .iter()
        .map(|parameter| parameter.quantity().path)
        .chain([Measured::DEAD_NEURONS, Measured::DEAD_SENSORS])
}

fn is_within(path: &str, group: &str) -> bool {
    path.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Measured {
    /// Reads values from the text of a file.
    ///
    /// # Errors
    /// [`FileError`], the first that is found.
    pub fn from_toml(text: &str) -> Result<Self, FileError> {
        let mut reader = Reader { text, measured: Self::NOTHING };
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            reader.error(at, String::new(), Problem::Syntax(error.message().to_owned()))
        })?;
        reader.group(table.get_ref(), "")?;
        Ok(reader.measured)
    }
}

struct Reader<'a> {
    text: &'a str,
    measured: Measured,
}

type Value<'i> = toml::Spanned<DeValue<'i>>;

/// What a number means.
#[derive(Clone, Copy)]
struct Target<'a> {
    parameter: Parameter,
    coordinates: &'a [Coordinate],
    /// Number of the first value behind this place.
    first: usize,
}

impl Target<'_> {
    /// Values behind this place.
    fn count(&self) -> usize {
        self.coordinates.iter().map(|coordinate| coordinate.count()).product()
    }

    /// The place number `index` of the first coordinate.
    fn behind(self, index: usize) -> Self {
        let coordinates = self.coordinates.get(1..).unwrap_or_default();
        let each: usize = coordinates.iter().map(|coordinate| coordinate.count()).product();
        Self { coordinates, first: self.first + index * each, ..self }
    }
}

impl Reader<'_> {
    fn error(&self, at: usize, key: String, problem: Problem) -> FileError {
        let before = self.text.as_bytes().iter().take(at);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        FileError { line, key, problem }
    }

    /// A table of groups and parameters.
    fn group(&mut self, table: &DeTable<'_>, path: &str) -> Result<(), FileError> {
        for (key, value) in table {
            let name = join(path, key.get_ref());
            let at = key.span().start;
            if let Some(parameter) = Parameter::by_path(&name) {
                let coordinates = parameter.quantity().coordinates();
                let target = Target { parameter, coordinates: &coordinates, first: 0 };
                self.values(target, value, &name)?;
            } else if name == Measured::DEAD_NEURONS || name == Measured::DEAD_SENSORS {
                self.defects(value, &name)?;
            } else if paths().any(|path| is_within(path, &name)) {
                let Some(table) = value.get_ref().as_table() else {
                    let names: Vec<_> = paths().filter(|path| is_within(path, &name)).collect();
                    return Err(self.error(at, name, Problem::Group(names.join(", "))));
                };
                self.group(table, &name)?;
            } else {
                let suggestion = suggestion(&name);
                return Err(self.error(at, name, Problem::UnknownName(suggestion)));
            }
        }
        Ok(())
    }

    fn values(&mut self, target: Target<'_>, value: &Value<'_>, name: &str) -> Result<(), FileError> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::Array(array) => self.array(target, array, at, name),
            DeValue::Table(table)
                if table.keys().any(|key| ["factor", "offset"].contains(&&**key.get_ref())) =>
            {
                let value = self.deviation(target.parameter, table, at, name)?;
                self.fill(target, value, at, name)
            }
            DeValue::Table(table) => self.table(target, table, name),
            number => {
                let value = self.number(number, at, name)?;
                self.fill(target, value, at, name)
            }
        }
    }

    /// Some places by their names.
    fn table(&mut self, target: Target<'_>, table: &DeTable<'_>, name: &str) -> Result<(), FileError> {
        for (key, value) in table {
            let (at, name) = (key.span().start, join(name, key.get_ref()));
            let Some(coordinate) = target.coordinates.first() else {
                return Err(self.error(at, name, Problem::NoSuchPlace("a number".to_owned())));
            };
            let Some((first, last)) = coordinate.places(key.get_ref()) else {
                return Err(self.error(at, name, Problem::NoSuchPlace(coordinate.expected())));
            };
            for index in first..=last {
                self.values(target.behind(index), value, &name)?;
            }
        }
        Ok(())
    }

    /// All places in order.
    fn array(
        &mut self,
        target: Target<'_>,
        array: &DeArray<'_>,
        at: usize,
        name: &str,
    ) -> Result<(), FileError> {
        let Some(coordinate) = target.coordinates.first() else {
            return Err(self.error(at, name.to_owned(), Problem::NotANumber("an array")));
        };
        if array.len() != coordinate.count() {
            let problem = Problem::WrongLength { found: array.len(), expected: coordinate.count() };
            return Err(self.error(at, name.to_owned(), problem));
        }
        for (index, value) in array.iter().enumerate() {
            match value.get_ref() {
                // The name of a place is needed for errors alone.
                DeValue::Float(_) | DeValue::Integer(_) => {
                    self.values(target.behind(index), value, name)
                        .map_err(|error| FileError { key: join(name, &coordinate.name(index)), ..error })?;
                }
                _ => self.values(target.behind(index), value, &join(name, &coordinate.name(index)))?,
            }
        }
        Ok(())
    }

    /// A number for everything behind a place.
    fn fill(&mut self, target: Target<'_>, value: f64, at: usize, name: &str) -> Result<(), FileError> {
        for index in target.first..target.first + target.count() {
            if self.measured.get(target.parameter, index).is_some() {
                return Err(self.error(at, name.to_owned(), Problem::Twice));
            }
            self.measured
                .set_value(target.parameter, index, value)
                .map_err(|problem| self.error(at, name.to_owned(), problem.into()))?;
        }
        Ok(())
    }

    fn deviation(
        &self,
        parameter: Parameter,
        table: &DeTable<'_>,
        at: usize,
        name: &str,
    ) -> Result<f64, FileError> {
        let row = parameter.quantity();
        let expected = match row.distribution {
            Distribution::Multiplicative => "factor",
            Distribution::Additive => "offset",
        };
        match (table.get(expected), table.len()) {
            (Some(value), 1) => {
                let number = self.number(value.get_ref(), value.span().start, name)?;
                Ok(match row.distribution {
                    Distribution::Multiplicative => row.nominal * number,
                    Distribution::Additive => row.nominal + number,
                })
            }
            _ => Err(self.error(at, name.to_owned(), Problem::Deviation(expected))),
        }
    }

    fn number(&self, value: &DeValue<'_>, at: usize, name: &str) -> Result<f64, FileError> {
        let number = match value {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|integer| integer as f64)
            }
            _ => None,
        };
        number.ok_or_else(|| self.error(at, name.to_owned(), Problem::NotANumber(value.type_str())))
    }

    /// A list of what is dead.
    fn defects(&mut self, value: &Value<'_>, name: &str) -> Result<(), FileError> {
        let neurons = name == Measured::DEAD_NEURONS;
        let expected =
            if neurons { "a list of neurons, [17, 34]" } else { "a list of synapses, [\"top.12.34\"]" };
        let wrong =
            |reader: &Self, at| reader.error(at, name.to_owned(), Problem::NoSuchPlace(expected.to_owned()));
        let Some(list) = value.get_ref().as_array() else { return Err(wrong(self, value.span().start)) };
        let mut places = Vec::with_capacity(list.len());
        for entry in list.iter() {
            let place = match entry.get_ref() {
                DeValue::Integer(integer) if neurons => integer.as_str().parse().ok(),
                DeValue::String(text) if !neurons => synapse(text),
                _ => None,
            };
            let limit = if neurons { Kind::Neuron } else { Kind::Synapse }.instances();
            let place = place.filter(|place| *place < limit);
            places.push(place.ok_or_else(|| wrong(self, entry.span().start))?);
        }
        let set = if neurons {
            self.measured.set_dead_neurons(&places)
        } else {
            self.measured.set_dead_sensors(&places)
        };
        set.map_err(|problem| self.error(value.span().start, name.to_owned(), problem.into()))
    }
}

/// The number of the synapse that `top.12.34` stands for.
fn synapse(name: &str) -> Option<usize> {
    let coordinates = Parameter::SynapseCharge.quantity().coordinates();
    let mut index = 0;
    let mut names = name.split('.');
    for coordinate in coordinates {
        let (first, last) = coordinate.places(names.next()?)?;
        if first != last {
            return None;
        }
        index = index * coordinate.count() + first;
    }
    names.next().is_none().then_some(index)
}

/// A request for something that there is not.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{key}: {problem}")]
pub struct SelectionError {
    /// What was asked for.
    pub key: String,
    /// Why it can't be had.
    pub problem: Problem,
}

impl ChipMismatch {
    /// The values of this chip as a file that [`Measured::from_toml`] reads to the same bits: everything, or what `name` stands for. That
    /// is a group (`neuron.leak`), a parameter (`neuron.leak.a`), or some of it (`neuron.leak.a.17`, `correlation.tau.top.12`).
    ///
    /// Everything has 800,000 values, five for each synapse among them, and is a file of 16 MB.
    ///
    /// # Errors
    /// [`SelectionError`] if nothing is called `name`.
    pub fn to_toml(&self, name: Option<&str>) -> Result<String, SelectionError> {
        let mut text = String::new();
        match name {
            None => {
                Parameter::ALL.iter().for_each(|parameter| self.write_parameter(*parameter, &mut text));
                self.write_dead_neurons(&mut text);
                self.write_dead_sensors(&mut text);
            }
            Some(name) => self.write_selection(name, &mut text)?,
        }
        Ok(text)
    }

    fn write_selection(&self, name: &str, text: &mut String) -> Result<(), SelectionError> {
        let mut found = false;
        for path in paths().filter(|path| *path == name || is_within(path, name)) {
            found = true;
            match Parameter::by_path(path) {
                Some(parameter) => self.write_parameter(parameter, text),
                None if path == Measured::DEAD_NEURONS => self.write_dead_neurons(text),
                None => self.write_dead_sensors(text),
            }
        }
        if found {
            return Ok(());
        }
        let fail = |problem| Err(SelectionError { key: name.to_owned(), problem });
        let Some(parameter) = Parameter::ALL.iter().find(|row| is_within(name, row.quantity().path)) else {
            return fail(Problem::UnknownName(suggestion(name)));
        };
        let row = parameter.quantity();
        let coordinates = row.coordinates();
        let mut target = Target { parameter: *parameter, coordinates: &coordinates, first: 0 };
        let mut targets = Vec::new();
        let places = name.get(row.path.len() + 1..).unwrap_or_default().split('.');
        let mut key = row.path.to_owned();
        for place in places {
            let Some(coordinate) = target.coordinates.first() else {
                return fail(Problem::NoSuchPlace("nothing".to_owned()));
            };
            match coordinate.places(place) {
                Some((first, last)) if first == last => {
                    target = target.behind(first);
                    key = join(&key, place);
                }
                _ => return fail(Problem::NoSuchPlace(coordinate.expected())),
            }
        }
        targets.push((key, target));
        header(*parameter, text);
        targets.into_iter().for_each(|(key, target)| self.write_values(&key, target, text));
        Ok(())
    }

    fn write_parameter(&self, parameter: Parameter, text: &mut String) {
        let row = parameter.quantity();
        header(parameter, text);
        let target = Target { parameter, coordinates: &row.coordinates(), first: 0 };
        self.write_values(row.path, target, text);
    }

    /// A line for each place in front of the last, which lists all behind it.
    fn write_values(&self, key: &str, target: Target<'_>, text: &mut String) {
        let listed = matches!(target.coordinates, [] | [_] | [_, Coordinate::Names(_)]);
        if !listed {
            let coordinate = target.coordinates[0];
            for index in 0..coordinate.count() {
                self.write_values(&join(key, &coordinate.name(index)), target.behind(index), text);
            }
            return;
        }
        let _ = write!(text, "{key} = ");
        self.write_list(target, text);
        text.push('\n');
    }

    fn write_list(&self, target: Target<'_>, text: &mut String) {
        /// Values in a line.
        const LINE: usize = 8;
        let draws = target.parameter.quantity().draws;
        let Some(coordinate) = target.coordinates.first() else {
            let (instance, draw) = (target.first as u64 / draws, target.first as u64 % draws);
            let _ = write!(text, "{:?}", self.value_of(target.parameter, instance as usize, draw));
            return;
        };
        text.push('[');
        let long = coordinate.count() > LINE;
        for index in 0..coordinate.count() {
            match (long && index % LINE == 0, index) {
                (true, _) => text.push_str("\n  "),
                (false, 0) => {}
                (false, _) => text.push(' '),
            }
            self.write_list(target.behind(index), text);
            if long || index + 1 < coordinate.count() {
                text.push(',');
            }
        }
        text.push_str(if long { "\n]" } else { "]" });
    }

    fn write_dead_neurons(&self, text: &mut String) {
        let dead: Vec<String> = Neuron::all()
            .filter(|&neuron| self.is_dead(neuron))
            .map(|neuron| neuron.index().to_string())
            .collect();
        let _ = write!(text, "\n# stuck in reset\n{} = [{}]\n", Measured::DEAD_NEURONS, dead.join(", "));
    }

    fn write_dead_sensors(&self, text: &mut String) {
        let _ = write!(text, "\n# without amplitude\n{} = [", Measured::DEAD_SENSORS);
        for hemisphere in bss2_base::Hemisphere::ALL {
            let side = ["top", "bottom"][hemisphere.index()];
            for (row, column) in (0..=255).flat_map(|row| (0..=255).map(move |column| (row, column))) {
                if self.is_dead_sensor(hemisphere, row, column) {
                    let _ = write!(text, "\n  \"{side}.{row}.{column}\",");
                }
            }
        }
        text.push_str("\n]\n");
    }
}

fn header(parameter: Parameter, text: &mut String) {
    let row = parameter.quantity();
    let _ = write!(text, "\n# {}, typically {:?}\n", row.unit, row.nominal);
}
