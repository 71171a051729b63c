//! Where the chip is: in this process, or behind the network. Everything else is the same.

use std::net::IpAddr;

use bss2_analog::{Level, Measured, MismatchSwitches, Noise};
use bss2_base::SimTime;
use bss2_chip::{Chip, ChipOptions};
use bss2_host::arq::{FRAME_PORT, RESET_PORT};
use bss2_host::client::{Client, ClientConfig};
use bss2_host::connection::{Connection, ConnectionError, RunControl};
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::playback::{Program, ProgramBuilder};
use bss2_host::recording::Results;
use clap::{Args, ValueEnum};

use crate::Failure;
use crate::experiments::{During, ExperimentError};

/// The one switch between a chip in this process and one elsewhere.
#[derive(Args, Clone, Debug)]
pub(crate) struct Connect {
    /// Use the chip behind the FPGA at this IP address instead of one in this process: a real one, or `bss2 serve`
    #[arg(long, value_name = "ADDRESS")]
    connect: Option<IpAddr>,
    /// Its UDP port of frames
    #[arg(long, value_name = "PORT", default_value_t = FRAME_PORT, requires = "connect")]
    frame_port: u16,
    /// Its UDP port of connection resets
    #[arg(long, value_name = "PORT", default_value_t = RESET_PORT, requires = "connect")]
    reset_port: u16,
    #[command(flatten)]
    pub(crate) analog: Analog,
}

/// What the analog circuits of a chip in this process are like.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Analog {
    /// Which neuron circuits a chip in this process has: fast (all), reference (all, slowly and to nine digits, without noise of membranes) or linear (integrate-and-fire without saturation) [default: fast]
    #[arg(long = "analog", value_name = "LEVEL", value_parser = level)]
    level: Option<Level>,
    #[command(flatten)]
    variations: Variations,
}

/// What a chip in this process has of its own.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Variations {
    /// Take the values in this file instead of those that the seed draws; bss2 inspect values writes such files
    #[arg(long, value_name = "FILE", value_parser = measured)]
    individuals: Option<Measured>,
    /// Leave out kinds of randomness: fixed-pattern, trial (errors of writing analog cells), noise (temporal), drift; or all
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_enum)]
    without: Vec<Variation>,
}

/// A kind of randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Variation {
    /// What the seed draws once, defects included. Measured values stay.
    FixedPattern,
    /// Errors of writing analog cells.
    Trial,
    /// Noise along the time axis.
    Noise,
    /// Drift of analog cells whose refresh is off.
    Drift,
    /// All of these.
    All,
}

impl Variations {
    /// Changes options accordingly.
    pub(crate) fn apply(&self, options: &mut ChipOptions) {
        if let Some(measured) = &self.individuals {
            options.measured = measured.clone();
        }
        for variation in &self.without {
            let is = |one| *variation == one || *variation == Variation::All;
            if is(Variation::FixedPattern) {
                options.mismatch = MismatchSwitches::IDEAL;
            }
            if is(Variation::Trial) {
                options.capmem.write_noise = false;
            }
            if is(Variation::Noise) {
                options.analog.noise = Noise::OFF;
            }
            if is(Variation::Drift) {
                options.capmem.drift = false;
            }
        }
    }

    /// The options of the individual `seed`.
    pub(crate) fn options(&self, seed: u64) -> ChipOptions {
        let mut options = ChipOptions { seed, ..ChipOptions::default() };
        self.apply(&mut options);
        options
    }

    /// What the seed does not tell about the individual; `None` if that is nothing.
    fn description(&self) -> Option<String> {
        let name = |variation: &Variation| {
            variation.to_possible_value().map(|value| format!("without {}", value.get_name()))
        };
        let mut words: Vec<String> = self.without.iter().filter_map(name).collect();
        if let Some(measured) = self.individuals.as_ref().filter(|measured| !measured.is_empty()) {
            words.push(format!("measured values {:016x}", measured.fingerprint()));
        }
        (!words.is_empty()).then(|| words.join(", "))
    }
}

/// Values of an individual from a file.
fn measured(path: &str) -> Result<Measured, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    Measured::from_toml(&text).map_err(|error| error.to_string())
}

impl Analog {
    /// The options of the individual `seed`.
    pub(crate) fn options(&self, seed: u64) -> ChipOptions {
        let mut options = self.variations.options(seed);
        options.analog.level = self.level.unwrap_or_default();
        options
    }

    /// What the level is called.
    pub(crate) fn name(&self) -> &'static str {
        match self.level.unwrap_or_default() {
            Level::Fast => "fast",
            Level::Reference => "reference",
            Level::Linear => "linear",
        }
    }

    /// What makes the chip another one than its seed says, for the record; `None` if nothing does.
    pub(crate) fn variation(&self) -> Option<String> {
        self.variations.description()
    }

    /// Refuses variations of a chip that was made already, for the reason that it is `made`.
    pub(crate) fn insist_on_none(&self, made: &str) -> Result<(), Failure> {
        match self.variation() {
            None => Ok(()),
            Some(_) => Err(Failure::new(format!(
                "--individuals and --without are for a new chip, and this one is {made}"
            ))),
        }
    }
}

/// A level by its name.
fn level(name: &str) -> Result<Level, String> {
    match name {
        "fast" => Ok(Level::Fast),
        "reference" => Ok(Level::Reference),
        "linear" => Ok(Level::Linear),
        _ => Err("there are fast, reference and linear".into()),
    }
}

/// Where to find a chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In this process.
    Here,
    /// Behind the FPGA at this address.
    There {
        /// IP address.
        address: IpAddr,
        /// UDP port of frames.
        frame_port: u16,
        /// UDP port of resets.
        reset_port: u16,
    },
}

impl Connect {
    pub(crate) fn place(&self) -> Place {
        match self.connect {
            None => Place::Here,
            Some(address) => {
                Place::There { address, frame_port: self.frame_port, reset_port: self.reset_port }
            }
        }
    }
}

/// What a server that gives every connection a new chip says about itself, in the bitfile information.
///
/// A chip that its seed does not describe says what it is instead, so that nobody takes it for the chip of that seed.
pub(crate) fn description(seed: u64, variation: Option<&str>) -> String {
    let chip = match variation {
        None => format!("chip_seed: {seed}"),
        Some(variation) => format!("chip: {seed} {variation}"),
    };
    format!("version: 10\ncompatible_until: 2\n{chip}\npower_cycle: true\n")
}

/// The seed from such a description.
fn described_seed(bitfile: &str) -> Option<u64> {
    let value = |key: &str| bitfile.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    (value("power_cycle") == Some("true")).then(|| value("chip_seed")?.parse().ok())?
}

/// A chip behind an FPGA after power-up.
#[derive(Debug)]
pub enum Hardware {
    /// In this process.
    Here(Box<Executor<Chip>>),
    /// Behind the network.
    There(Box<Client>),
}

impl Hardware {
    /// The individual `seed` at `place`.
    pub(crate) fn find(
        place: &Place,
        seed: u64,
        analog: &Analog,
        note: &dyn Fn(&str),
    ) -> Result<Self, ExperimentError> {
        let Place::There { address, frame_port, reset_port } = *place else {
            let chip = Chip::with_options(analog.options(seed));
            let executor = Executor::new(chip, ExecutorConfig::power_up());
            return Ok(Self::Here(Box::new(executor)));
        };
        if analog.variation().is_some() {
            let reason =
                "the chip at the other end has its own (bss2 serve takes this option too)".to_owned();
            return Err(ExperimentError::Option { option: "individuals or --without", reason });
        }
        let client = connect(address, frame_port, reset_port).during(format!("connecting to {address}"))?;
        match described_seed(client.bitfile()) {
            Some(there) if there != seed => {
                let reason = format!("the chip at {address} has seed {there}, this run is for seed {seed}");
                return Err(ExperimentError::Option { option: "connect", reason });
            }
            Some(_) => {}
            None => note(&format!(
                "the chip at {address} is whatever it is and keeps its history; results are its own (bss2 serve --power-cycle repeats those of this process)"
            )),
        }
        Ok(Self::There(Box::new(client)))
    }

    /// A second chip in the state of this one; there is none of a chip elsewhere.
    pub(crate) fn copy(&self) -> Option<Self> {
        match self {
            Self::Here(executor) => Some(Self::Here(executor.clone())),
            Self::There(_) => None,
        }
    }

    /// How long the chip has lived. Over the network: since its system time was synchronised, which start-up does; 0 if that
    /// can't be asked.
    pub fn chip_time(&mut self) -> SimTime {
        match self {
            Self::Here(executor) => bss2_host::device::Device::now(executor.device()),
            Self::There(client) => {
                let mut builder = ProgramBuilder::new();
                let marker = builder.marker();
                let time = builder.finish().ok().and_then(|program| client.run(&program).ok());
                let cycles = time.and_then(|results| results.marker_time(marker).ok()).unwrap_or(0);
                SimTime::from_cycles(cycles, SimTime::FPGA_CYCLE)
            }
        }
    }
}

/// A connection to the FPGA at an address.
pub(crate) fn connect(
    address: IpAddr,
    frame_port: u16,
    reset_port: u16,
) -> Result<Client, bss2_host::client::ClientError> {
    let config = ClientConfig::new(address);
    let (mut frames, mut resets) = (config.frames, config.resets);
    frames.set_port(frame_port);
    resets.set_port(reset_port);
    Client::connect(ClientConfig { frames, resets, ..config })
}

impl Connection for Hardware {
    fn run_with(
        &mut self,
        program: &Program,
        control: &mut RunControl<'_>,
    ) -> Result<Results, ConnectionError> {
        match self {
            Self::Here(executor) => executor.run_with(program, control),
            Self::There(client) => client.run_with(program, control),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The options that these arguments lead to.
    fn options(arguments: &[&str]) -> ChipOptions {
        let command = Analog::augment_args(clap::Command::new("bss2"));
        let matches = command.get_matches_from([&["bss2"], arguments].concat());
        clap::FromArgMatches::from_arg_matches(&matches).map(|analog: Analog| analog.options(3)).unwrap()
    }

    #[test]
    fn every_kind_of_randomness_can_be_left_out_by_itself() {
        let kinds = |options: &ChipOptions| {
            let fixed = options.mismatch != MismatchSwitches::IDEAL;
            let noise = options.analog.noise != Noise::OFF;
            [fixed, options.capmem.write_noise, noise, options.capmem.drift]
        };
        for (without, expected) in [
            (&[][..], [true; 4]),
            (&["--without", "fixed-pattern"], [false, true, true, true]),
            (&["--without", "trial"], [true, false, true, true]),
            (&["--without", "noise"], [true, true, false, true]),
            (&["--without", "drift"], [true, true, true, false]),
            (&["--without", "trial,noise"], [true, false, false, true]),
            (&["--without", "all"], [false; 4]),
        ] {
            assert_eq!(kinds(&options(without)), expected, "{without:?}");
        }
    }

    #[test]
    fn the_description_of_a_server_names_its_seed() {
        assert_eq!(described_seed(&description(7, None)), Some(7));
        assert_eq!(described_seed(&description(7, Some("without noise"))), None);
        assert_eq!(described_seed("version: 10\ncompatible_until: 2\nchip_seed: 7\n"), None);
    }
}
