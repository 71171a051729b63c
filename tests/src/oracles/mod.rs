//! Programs of other people that know the scalar instruction set, asked the same questions as `ppu-isa`.
//!
//! * [`qemu`]: what random programs compute, against the user-mode emulation of QEMU.
//! * [`objdump`]: what words are as text, against GNU objdump.
//! * [`gas`]: which bytes text is, against GNU as.
//!
//! They draw their questions from the instruction table with a seed, so that a run can be repeated. The tools
//! are Debian packages; nothing is installed, and a tool that is absent is an [`OracleError::Missing`]. Where the
//! processor deviates from the Power ISA on purpose (ppu-isa 4.2), or its text from that of binutils, there is a table of
//! named reasons. Each oracle can also be asked how many planted faults it notices.

pub mod deviation;
pub mod faults;
pub mod gas;
pub mod objdump;
pub mod program;
pub mod qemu;
pub mod questions;
pub mod snippets;

use std::process::{Command, Output, Stdio};

use ppu_isa::INSTRUCTIONS;
use ppu_isa::table::OpInfo;

/// Why an oracle could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    /// The tool is not installed.
    #[error("`{tool}` is not installed; on Debian: apt-get install {package}")]
    Missing {
        /// The command.
        tool: &'static str,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// The tool did not do what it was asked to.
    #[error("`{tool}` failed: {problem}")]
    Tool {
        /// The command.
        tool: &'static str,
        /// What it said.
        problem: String,
    },
    /// Files for the tool could not be written or read.
    #[error("files for the tools: {0}")]
    Io(#[from] std::io::Error),
}

/// What came out of one oracle.
#[derive(Debug, Default)]
pub struct Report {
    /// What was compared, for people.
    pub what: &'static str,
    /// Number of comparisons.
    pub checked: usize,
    /// The comparisons that differ, in full; of planted faults, those that went unnoticed.
    pub mismatches: Vec<String>,
    /// What else is to be known: exclusions with their counts, rows that were not reached.
    pub notes: Vec<String>,
}

impl Report {
    /// Of planted faults, whether more than one of twenty went unnoticed.
    pub fn is_blind(&self) -> bool {
        20 * self.mismatches.len() > self.checked
    }
}

/// A command of a Debian package.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// The command.
    pub name: &'static str,
    /// Its package.
    pub package: &'static str,
}

impl Tool {
    /// Starts building a call.
    pub fn command(&self) -> Command {
        let mut command = Command::new(self.name);
        command.env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Runs a call to its end.
    ///
    /// # Errors
    /// [`OracleError::Missing`] if there is no such command, [`OracleError::Tool`] if it reports failure.
    pub fn run(&self, command: &mut Command) -> Result<Output, OracleError> {
        let output = command.output().map_err(|error| self.cannot_start(error))?;
        if output.status.success() {
            return Ok(output);
        }
        let problem = String::from_utf8_lossy(&output.stderr).lines().take(5).collect::<Vec<_>>().join("; ");
        Err(OracleError::Tool { tool: self.name, problem: format!("{}: {problem}", output.status) })
    }

    /// The error of a call that did not start.
    pub fn cannot_start(&self, error: std::io::Error) -> OracleError {
        match error.kind() {
            std::io::ErrorKind::NotFound => OracleError::Missing { tool: self.name, package: self.package },
            _ => OracleError::Tool { tool: self.name, problem: error.to_string() },
        }
    }

    /// Checks that the tool is there.
    ///
    /// # Errors
    /// [`OracleError::Missing`] if it is not.
    pub fn require(&self) -> Result<(), OracleError> {
        self.run(self.command().arg("--version")).map(|_| ())
    }
}

/// Pseudo-random numbers that are the same everywhere and for ever (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed and a number within it.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut mixed = Self(seed ^ stream.wrapping_mul(0xD1B5_4A32_D192_ED03));
        Self(mixed.long() ^ seed.rotate_left(32))
    }
    fn long(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    /// 32 bits.
    pub fn word(&mut self) -> u32 {
        (self.long() >> 32) as u32
    }
    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.word()) * u64::from(limit)) >> 32) as u32
    }
    /// One of several.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }
    /// A value as it matters to arithmetic: small, at a boundary, a run of ones, or anything.
    pub fn value(&mut self) -> u32 {
        match self.below(6) {
            0 => self.below(64),
            1 => self.below(64).wrapping_neg(),
            2 => {
                self.pick(&[0, 1, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff, 0x7fff, 0x8000, 0xffff])
            }
            3 => u32::MAX << self.below(32) >> self.below(32),
            _ => self.word(),
        }
    }
}

/// The rows of the table that are not of the vector extension, which no other tool knows.
pub fn scalar_rows() -> impl Iterator<Item = &'static OpInfo> {
    INSTRUCTIONS.iter().filter(|info| !info.class.is_vector())
}

/// A word of a row with random fields and variant bits; bits without meaning are 0.
pub fn random_word(info: &OpInfo, random: &mut Random) -> u32 {
    info.matching | random.word() & questions::free_bits(info)
}
