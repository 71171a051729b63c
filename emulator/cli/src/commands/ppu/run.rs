//! `bss2 ppu run`: firmware on a chip, without network and host.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::time::Instant;

use bss2_base::{Hemisphere, SimTime};
use bss2_debug::{DebugError, Listener};
use bss2_firmware::control::PPU_INDEX;
use clap::Args;
use ppu_isa::Observer;
use serde::Serialize;

use super::assignment::Assignment;
use super::image::{Image, about_file};
use super::machine::{Ending, Machine};
use super::trace::{CommitLog, Counted};
use crate::cancel::Cancel;
use crate::commands::values::{span, word};
use crate::text;
use crate::{Failure, Outcome};

/// Run a program on a chip after power-up, without host and network
///
/// Ends when the program has returned (it sleeps in the exit routine of its runtime), when it sleeps elsewhere and no timer will wake it,
/// or when its time is over. Exit code 0: it returned the expected value; 1: another value, or none; 2: it could not be loaded.
///
/// Programs made with the runtime of this project learn from the variable `ppu_index` on which processor they are; it is set
/// unless --set does it.
#[derive(Args, Debug)]
pub(super) struct Run {
    /// An ELF file, or the name of a built-in program (bss2 ppu list)
    #[arg(value_name = "PROGRAM")]
    program: PathBuf,
    /// The processor that runs it
    #[arg(long, value_name = "WHICH", default_value = "top")]
    ppu: Side,
    /// Longest chip time it may take, with its unit
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = span)]
    timeout: SimTime,
    /// Seed of the virtual chip: which individual it is
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// The value it should return
    #[arg(long, value_name = "N", default_value = "0", value_parser = word, allow_negative_numbers = true)]
    expect: u32,
    /// Give a variable a value before the start; SYMBOL[INDEX] for an element of an array. May be repeated
    #[arg(long, value_name = "SYMBOL=VALUE", value_parser = Assignment::parse)]
    set: Vec<Assignment>,
    /// Write what every instruction did to a file, one line each
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Wait for GDB at this port of 127.0.0.1 before the first instruction (0: any free one). When it detaches, the program runs on by
    /// itself, and time and instructions count from there
    #[arg(long, value_name = "PORT", conflicts_with = "trace")]
    gdb: Option<u16>,
}

/// A hemisphere by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Side {
    /// The northern processor
    Top,
    /// The southern processor
    Bottom,
}

impl From<Side> for Hemisphere {
    fn from(side: Side) -> Self {
        match side {
            Side::Top => Self::Top,
            Side::Bottom => Self::Bottom,
        }
    }
}

/// What there is to say about a run.
#[derive(Debug, Serialize)]
struct Report {
    program: PathBuf,
    ppu: &'static str,
    seed: u64,
    /// `returned`, `asleep`, `timed out` or `interrupted`.
    outcome: &'static str,
    /// `None` if the program has not returned.
    return_code: Option<i32>,
    expected: i32,
    mailbox: String,
    /// From the release of the reset to the end of the program.
    cycles: u64,
    instructions: u64,
    chip_time_us: f64,
    /// Address of the next instruction, and its name.
    pc: u32,
    at: Option<String>,
    wall_s: f64,
    /// Simulated cycles of the chip in a second of the host.
    cycles_per_s: f64,
}

impl Run {
    pub(super) fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let hemisphere = Hemisphere::from(self.ppu);
        let program = Image::open(&self.program)?.program()?;
        let writes = self.set.iter().map(|set| set.resolve(&program)).collect::<Result<Vec<_>, _>>()?;
        let index_is_set = self.set.iter().any(|set| set.symbol() == PPU_INDEX);

        let mut machine = Machine::new(&program, hemisphere, self.seed);
        if let Some(variable) =
            program.symbol(PPU_INDEX).filter(|variable| variable.size == 4 && !index_is_set)
        {
            machine.write(variable.memory, variable.offset, &(hemisphere.index() as u32).to_be_bytes());
        }
        for (memory, offset, bytes) in writes {
            machine.write(memory, offset, &bytes);
        }
        machine.release();
        if let Some(port) = self.gdb
            && self.debug(&mut machine, port)? != bss2_debug::Ending::Detached
        {
            return Ok(Outcome::NotMet);
        }
        let cancel = Cancel::on_ctrl_c();
        let (ending, instructions, wall_s) = match &self.trace {
            None => self.observed(&mut machine, &cancel, &mut ()),
            Some(path) => {
                let file = File::create(path).map_err(about_file(path))?;
                let symbols = super::symbols::Symbols::of(&program);
                let mut log = CommitLog::new(BufWriter::new(file), &symbols);
                let observed = self.observed(&mut machine, &cancel, &mut log);
                log.finish().map_err(about_file(path))?;
                observed
            }
        };
        let report = self.report(&machine, ending, instructions, wall_s);
        if json {
            text::print_json(&report);
        } else {
            text::print(&report.to_string());
        }
        let expected = ending == Ending::Returned(self.expect as i32);
        Ok(if expected { Outcome::Success } else { Outcome::NotMet })
    }

    /// Lets GDB have the program, and says how that ended.
    fn debug(&self, machine: &mut Machine, port: u16) -> Result<bss2_debug::Ending, Failure> {
        let failure = |error: DebugError| Failure::from_error(&error);
        let listener = Listener::bind(port).map_err(failure)?;
        let port = listener.port();
        let program = self.program.display();
        eprintln!("waiting for GDB: gdb-multiarch {program} -ex 'target remote 127.0.0.1:{port}'");
        let ending = machine.debug(&listener).map_err(failure)?;
        eprintln!(
            "{}",
            match ending {
                bss2_debug::Ending::Detached => "GDB has detached",
                bss2_debug::Ending::Killed => "GDB has killed the program",
                bss2_debug::Ending::Disconnected => "GDB has closed the connection",
            }
        );
        Ok(ending)
    }

    /// Runs the program; gives its end, the number of instructions, and how long it took in seconds of the host.
    fn observed(
        &self,
        machine: &mut Machine,
        cancel: &Cancel,
        observer: &mut impl Observer,
    ) -> (Ending, u64, f64) {
        let mut counted = Counted { instructions: 0, inner: observer };
        let started = Instant::now();
        let ending = machine.run(self.timeout, cancel, &mut counted);
        (ending, counted.instructions, started.elapsed().as_secs_f64())
    }

    fn report(&self, machine: &Machine, ending: Ending, instructions: u64, wall_s: f64) -> Report {
        let simulated = machine.simulated_cycles();
        let cycles = match ending {
            Ending::Returned(_) | Ending::Asleep => machine.asleep_since().unwrap_or(simulated),
            Ending::TimedOut | Ending::Interrupted => simulated,
        };
        Report {
            program: self.program.clone(),
            ppu: if self.ppu == Side::Top { "top" } else { "bottom" },
            seed: self.seed,
            outcome: match ending {
                Ending::Returned(_) => "returned",
                Ending::Asleep => "asleep",
                Ending::TimedOut => "timed out",
                Ending::Interrupted => "interrupted",
            },
            return_code: if let Ending::Returned(code) = ending { Some(code) } else { None },
            expected: self.expect as i32,
            mailbox: machine.mailbox(),
            cycles,
            instructions,
            chip_time_us: SimTime::from_cycles(cycles, SimTime::FABRIC_CYCLE).as_ps() as f64 / 1e6,
            pc: machine.pc(),
            at: machine.symbols().describe(machine.pc()),
            wall_s,
            cycles_per_s: simulated as f64 / wall_s.max(1e-9),
        }
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} on the {} processor of chip {}", self.program.display(), self.ppu, self.seed)?;
        match self.return_code {
            Some(code) if code == self.expected => writeln!(f, "returned       {code}")?,
            Some(code) => writeln!(f, "returned       {code}, expected {}", self.expected)?,
            None => {
                let at = self.at.as_ref().map_or(String::new(), |at| format!(" <{at}>"));
                writeln!(f, "{:<15}at {:#010x}{at}", self.outcome, self.pc)?;
            }
        }
        writeln!(f, "cycles         {}", self.cycles)?;
        writeln!(f, "instructions   {}", self.instructions)?;
        writeln!(f, "chip time      {} us", text::number(self.chip_time_us))?;
        writeln!(
            f,
            "wall time      {} s, {} cycles/s",
            text::number(self.wall_s),
            text::number(self.cycles_per_s)
        )?;
        if self.mailbox.is_empty() {
            return writeln!(f, "mailbox        empty");
        }
        writeln!(f, "mailbox")?;
        self.mailbox.lines().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
