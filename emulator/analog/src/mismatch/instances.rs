//! What instances are called where people name them: `17` for a neuron, `top.12.34` for a synapse.

use super::{Kind, Quantity};

/// One coordinate of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coordinate {
    /// One of these names, in the order of their numbers.
    Names(&'static [&'static str]),
    /// A number of something, from 0 on.
    Numbers {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
    },
}

const HEMISPHERE: Coordinate = Coordinate::Names(&["top", "bottom"]);
const BRANCH: Coordinate = Coordinate::Names(&["causal", "acausal"]);
const INPUT: Coordinate = Coordinate::Names(&["excitatory", "inhibitory"]);

const fn numbers(what: &'static str, count: usize) -> Coordinate {
    Coordinate::Numbers { what, count }
}

impl Coordinate {
    /// How many places it tells apart.
    pub(super) const fn count(self) -> usize {
        match self {
            Self::Names(names) => names.len(),
            Self::Numbers { count, .. } => count,
        }
    }

    /// What place `index` is called.
    pub(super) fn name(self, index: usize) -> String {
        match self {
            Self::Names(names) => names.get(index).copied().unwrap_or_default().to_owned(),
            Self::Numbers { .. } => index.to_string(),
        }
    }

    /// The places that a name stands for, first and last: `17` or, of numbers, `0-127`. `None` if there are no such.
    pub(super) fn places(self, name: &str) -> Option<(usize, usize)> {
        let one = |text: &str| match self {
            Self::Names(names) => names.iter().position(|name| *name == text),
            Self::Numbers { count, .. } => {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                digits.then(|| text.parse().ok()).flatten().filter(|index| *index < count)
            }
        };
        match name.split_once('-') {
            Some((first, last)) => {
                let range = (one(first)?, one(last)?);
                (range.0 <= range.1).then_some(range)
            }
            None => one(name).map(|index| (index, index)),
        }
    }

    /// In words, for who named something else.
    pub(super) fn expected(self) -> String {
        match self {
            Self::Names(names) => names.join(" or "),
            Self::Numbers { what, count } => format!("a {what} 0..={}", count - 1),
        }
    }
}

impl Quantity {
    /// The coordinates of its values, slowest first: value number `instance * draws + draw` counts them through.
    pub(super) fn coordinates(&self) -> Vec<Coordinate> {
        let mut coordinates = match self.kind {
            Kind::Chip => vec![],
            Kind::Quadrant => vec![numbers("quadrant", 4)],
            Kind::Neuron => vec![numbers("neuron", 512)],
            Kind::Driver => vec![HEMISPHERE, numbers("driver", 128)],
            Kind::Synapse => vec![HEMISPHERE, numbers("row", 256), numbers("column", 256)],
            Kind::Channel => vec![HEMISPHERE, BRANCH, numbers("column", 256)],
            Kind::Cell => vec![numbers("block", 4), numbers("column", 130), numbers("row", 24)],
        };
        match (self.draws, self.kind) {
            (1, _) => {}
            (_, Kind::Neuron) => coordinates.push(INPUT),
            _ => coordinates.push(BRANCH),
        }
        coordinates
    }

    /// Number of its values on a chip.
    pub(super) fn values(&self) -> usize {
        self.kind.instances() * self.draws as usize
    }
}

#[cfg(test)]
mod tests {
    use super::super::Parameter;
    use super::*;

    #[test]
    fn coordinates_count_all_values_of_every_parameter() {
        for parameter in Parameter::ALL {
            let row = parameter.quantity();
            let places: usize = row.coordinates().iter().map(|coordinate| coordinate.count()).product();
            assert_eq!(places, row.values(), "{}", row.path);
        }
    }

    #[test]
    fn places_are_found_by_the_names_they_have() {
        for coordinate in [HEMISPHERE, BRANCH, INPUT, numbers("neuron", 512)] {
            for index in 0..coordinate.count() {
                assert_eq!(coordinate.places(&coordinate.name(index)), Some((index, index)));
            }
        }
        let neurons = numbers("neuron", 512);
        assert_eq!(neurons.places("0-511"), Some((0, 511)));
        for wrong in ["512", "-1", "+1", "", "5-4", "0-512", "1-", "1.5", "top", "99999999999999999999"] {
            assert_eq!(neurons.places(wrong), None, "{wrong}");
        }
    }
}
