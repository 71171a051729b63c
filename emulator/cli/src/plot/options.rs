//! Options that kinds of pictures share, and how their values are written.

use std::path::PathBuf;

use bss2_base::Neuron;
use clap::Args;

use crate::plots::Formats;

/// Where the files go.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct Output {
    /// Folder for pictures and tables [default: out/plot-KIND]
    #[arg(long = "output", alias = "out", value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// What pictures become
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(super) format: Formats,
}

/// Which chip.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Chip")]
pub(super) struct Individual {
    /// Seed of the virtual chip: which individual it is
    #[arg(long, alias = "seed", value_name = "N", default_value_t = 1)]
    pub(super) chip_seed: u64,
    /// Take the typical chip: no mismatch, no noise
    #[arg(long)]
    pub(super) ideal: bool,
}

impl Individual {
    /// In words, for a title.
    pub(super) fn name(&self) -> String {
        if self.ideal { "the typical chip".to_owned() } else { format!("chip {}", self.chip_seed) }
    }
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Level {
    /// The chip, through its host interface.
    #[default]
    Chip,
    /// The reference simulation of the same circuits (level R: every non-linearity, no noise).
    Reference,
}

impl Level {
    /// The analog level of a chip that computes at it.
    pub(super) fn of_chip(self) -> bss2_analog::Level {
        match self {
            Self::Chip => bss2_analog::Level::Fast,
            Self::Reference => bss2_analog::Level::Reference,
        }
    }

    /// For a title: nothing if it is the chip.
    pub(super) fn remark(self) -> &'static str {
        match self {
            Self::Chip => "",
            Self::Reference => " (level R)",
        }
    }
}

/// Neurons, each once: `3`, `0,1,256`, `0-7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Neurons(pub(super) Vec<Neuron>);

/// Reads a list of numbers below `limit`, ranges included, each once, at most `most`.
fn numbers(text: &str, limit: usize, most: usize, what: &str) -> Result<Vec<usize>, String> {
    let number = |text: &str| -> Result<usize, String> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = digits.then(|| text.parse::<usize>().ok()).flatten();
        let value = value.ok_or_else(|| format!("'{text}' is no number: write 3 or 0,1,256 or 0-7"))?;
        if value < limit { Ok(value) } else { Err(format!("{what} {value} is not within 0..={}", limit - 1)) }
    };
    let mut list = Vec::new();
    for part in text.split(',') {
        let (first, last) = match part.trim().split_once('-') {
            Some((first, last)) => (number(first.trim())?, number(last.trim())?),
            None => (number(part.trim())?, number(part.trim())?),
        };
        if first > last {
            return Err(format!("{first}-{last} goes backwards"));
        }
        for value in first..=last {
            if list.contains(&value) {
                return Err(format!("{what} {value} is given twice"));
            }
            list.push(value);
        }
        if list.len() > most {
            return Err(format!("more than {most} {what}s"));
        }
    }
    Ok(list)
}

/// A list of at most `MOST` neurons.
pub(super) fn neurons<const MOST: usize>(text: &str) -> Result<Neurons, String> {
    let list = numbers(text, bss2_base::NEURONS, MOST, "neuron")?;
    Ok(Neurons(list.into_iter().filter_map(Neuron::from_index).collect()))
}

/// One neuron.
pub(super) fn neuron(text: &str) -> Result<Neuron, String> {
    let one = neurons::<1>(text)?;
    one.0.first().copied().ok_or_else(|| "no neuron".to_owned())
}

/// Seeds of some chips, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seeds(pub(super) Vec<u64>);

/// A list of at most six seeds: as many as there are colours.
pub(super) fn seeds(text: &str) -> Result<Seeds, String> {
    const MOST: usize = 6;
    let mut list = Vec::new();
    for part in text.split(',') {
        let seed: u64 =
            part.trim().parse().map_err(|_| format!("'{}' is no seed: write 1 or 1,2,3", part.trim()))?;
        if list.contains(&seed) {
            return Err(format!("chip {seed} is given twice"));
        }
        list.push(seed);
    }
    if list.len() > MOST {
        return Err(format!("more than {MOST} chips"));
    }
    Ok(Seeds(list))
}

/// Some of the 64 weights: `63` or `15,31,47`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Weights(pub(super) Vec<u8>);

/// A list of at most six weights that are not 0.
pub(super) fn weights(text: &str) -> Result<Weights, String> {
    let list = numbers(text, 64, 6, "weight")?;
    if list.contains(&0) {
        return Err("a weight of 0 does nothing".to_owned());
    }
    Ok(Weights(list.into_iter().map(|weight| weight as u8).collect()))
}

/// A factor or rate: finite, from `0` up to `LIMIT`.
pub(super) fn positive<const LIMIT: u32>(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if value > 0.0 && value <= f64::from(LIMIT) {
        Ok(value)
    } else {
        Err(format!("not above 0 and up to {LIMIT}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_of_neurons_have_ranges_and_keep_their_order() {
        let indices =
            |text| neurons::<512>(text).map(|list| list.0.iter().map(|n| n.index()).collect::<Vec<_>>());
        assert_eq!(indices("3"), Ok(vec![3]));
        assert_eq!(indices("256, 0-2"), Ok(vec![256, 0, 1, 2]));
        for text in ["", "512", "-1", "1,1", "0-3,2", "3-1", "a", "1.5", "0-", "1,,2", "99999999999999999999"]
        {
            assert!(indices(text).is_err(), "{text}");
        }
        assert!(neurons::<2>("0-2").unwrap_err().contains("more than 2"));
        assert!(neuron("0,1").is_err());
    }

    #[test]
    fn weights_and_seeds_are_few_and_different() {
        assert_eq!(weights("15,63"), Ok(Weights(vec![15, 63])));
        assert_eq!(seeds("1, 7"), Ok(Seeds(vec![1, 7])));
        for text in ["0", "64", "1-7", "5,5"] {
            assert!(weights(text).is_err(), "{text}");
        }
        for text in ["", "-1", "1,1", "1,2,3,4,5,6,7", "x"] {
            assert!(seeds(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = (neurons::<8>(&text), neuron(&text), weights(&text), seeds(&text), positive::<10>(&text));
        }

        #[test]
        fn every_list_is_read_back(list in prop::collection::btree_set(0_usize..512, 1..20)) {
            let text: Vec<String> = list.iter().map(ToString::to_string).collect();
            let read = neurons::<512>(&text.join(",")).unwrap().0;
            prop_assert_eq!(read.iter().map(|neuron| neuron.index()).collect::<Vec<_>>(), list.into_iter().collect::<Vec<_>>());
        }
    }
}
