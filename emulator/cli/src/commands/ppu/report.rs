//! What there is to say about a run.

use std::path::PathBuf;

use bss2_base::{Hemisphere, SimTime};
use serde::Serialize;

use super::machine::{Ending, Machine};
use crate::text;

/// A run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) program: PathBuf,
    pub(super) seed: u64,
    /// The timing model.
    pub(super) timing: &'static str,
    pub(super) processors: Vec<Processor>,
    /// Files that were written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) files: Vec<PathBuf>,
    pub(super) wall_s: f64,
    /// Simulated cycles of the chip in a second of the host.
    pub(super) cycles_per_s: f64,
}

/// What one processor has done.
#[derive(Debug, Serialize)]
pub(super) struct Processor {
    pub(super) ppu: &'static str,
    /// `returned`, `asleep`, `illegal instruction`, `timed out` or `interrupted`.
    outcome: &'static str,
    /// `None` if the program has not returned.
    return_code: Option<i32>,
    expected: i32,
    mailbox: String,
    /// What came over the serial line, if one was listened to.
    pub(super) uart: Option<String>,
    /// From the release of the reset to the end of the program.
    pub(super) cycles: u64,
    instructions: u64,
    chip_time_us: f64,
    /// Address of the next instruction, and its name.
    pc: u32,
    at: Option<String>,
    /// The word there, if that is no instruction.
    word: Option<u32>,
}

/// `top` or `bottom`.
pub(super) fn name(hemisphere: Hemisphere) -> &'static str {
    match hemisphere {
        Hemisphere::Top => "top",
        Hemisphere::Bottom => "bottom",
    }
}

impl Processor {
    pub(super) fn new(
        machine: &Machine,
        hemisphere: Hemisphere,
        expected: i32,
        instructions: u64,
        interrupted: bool,
    ) -> Self {
        let ending = match machine.ending(hemisphere) {
            Ending::TimedOut if interrupted => Ending::Interrupted,
            ending => ending,
        };
        let (cycles, pc) = (machine.cycles(hemisphere), machine.pc(hemisphere));
        Self {
            ppu: name(hemisphere),
            outcome: match ending {
                Ending::Returned(_) => "returned",
                Ending::Asleep => "asleep",
                Ending::Illegal(_) => "illegal instruction",
                Ending::TimedOut => "timed out",
                Ending::Interrupted => "interrupted",
            },
            return_code: if let Ending::Returned(code) = ending { Some(code) } else { None },
            expected,
            mailbox: machine.mailbox(hemisphere),
            uart: None,
            cycles,
            instructions,
            chip_time_us: SimTime::from_cycles(cycles, SimTime::FABRIC_CYCLE).as_ps() as f64 / 1e6,
            pc,
            at: machine.symbols().describe(pc),
            word: if let Ending::Illegal(word) = ending { Some(word) } else { None },
        }
    }

    /// Whether the program has returned what it should.
    pub(super) fn is_as_expected(&self) -> bool {
        self.return_code == Some(self.expected)
    }
}

fn indented(f: &mut std::fmt::Formatter<'_>, name: &str, lines: &str) -> std::fmt::Result {
    if lines.is_empty() {
        return writeln!(f, "{name:<15}empty");
    }
    writeln!(f, "{name}")?;
    lines.lines().try_for_each(|line| writeln!(f, "  {line}"))
}

impl std::fmt::Display for Processor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.return_code {
            Some(code) if code == self.expected => writeln!(f, "returned       {code}")?,
            Some(code) => writeln!(f, "returned       {code}, expected {}", self.expected)?,
            None => {
                let at = self.at.as_ref().map_or(String::new(), |at| format!(" <{at}>"));
                let word = self.word.map_or(String::new(), |word| format!(": {word:#010x}"));
                writeln!(f, "{:<14} at {:#010x}{at}{word}", self.outcome, self.pc)?;
            }
        }
        writeln!(f, "cycles         {}", self.cycles)?;
        writeln!(f, "instructions   {}", self.instructions)?;
        writeln!(f, "chip time      {} us", text::number(self.chip_time_us))?;
        indented(f, "mailbox", &self.mailbox)?;
        self.uart.as_ref().map_or(Ok(()), |text| indented(f, "uart", text))
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for processor in &self.processors {
            let (program, ppu) = (self.program.display(), processor.ppu);
            write!(f, "{program} on the {ppu} processor of chip {}\n{processor}", self.seed)?;
        }
        let (wall, speed) = (text::number(self.wall_s), text::number(self.cycles_per_s));
        writeln!(f, "wall time      {wall} s, {speed} cycles/s")?;
        self.files.iter().try_for_each(|file| writeln!(f, "written        {}", file.display()))
    }
}
