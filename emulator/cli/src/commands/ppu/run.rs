//! `bss2 ppu run`: firmware on a chip, without network and host.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bss2_base::{Hemisphere, SimTime};
use bss2_debug::coverage::Coverage;
use bss2_debug::pins::{PinLog, Serial, received_text};
use bss2_debug::profile::Profiler;
use bss2_debug::source::SourceMap;
use bss2_debug::{DebugError, Listener};
use bss2_firmware::control::PPU_INDEX;
use bss2_host::ppu_program::{PpuMemory, PpuProgram};
use clap::Args;
use ppu_isa::{Counters, TimingConfig, TimingModel};

use super::assignment::Assignment;
use super::image::{Image, about_file};
use super::machine::Machine;
use super::output::{Output, short};
use super::quirks::Quirk;
use super::report::{Processor, Report, name};
use super::symbols::Symbols;
use super::trace::CommitLog;
use super::watch::{Counted, Watch};
use crate::cancel::Cancel;
use crate::commands::values::{span, word};
use crate::hardware::Variations;
use crate::progress::Progress;
use crate::text;
use crate::{Failure, Outcome};

/// Work that is done within this time needs no progress bar.
const PATIENCE: Duration = Duration::from_secs(1);

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
    /// The processor that runs it. With both, files of each get its name
    #[arg(long, value_name = "WHICH", default_value = "top")]
    ppu: Side,
    /// Longest chip time it may take, with its unit
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = span, conflicts_with = "cycles")]
    timeout: SimTime,
    /// The same in cycles
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    cycles: Option<u32>,
    /// Seed of the virtual chip: which individual it is
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    variations: Variations,
    /// The value it should return
    #[arg(long, value_name = "N", default_value = "0", value_parser = word, allow_negative_numbers = true)]
    expect: u32,
    /// Give a variable a value before the start; SYMBOL[INDEX] for an element of an array. May be repeated
    #[arg(long, value_name = "SYMBOL=VALUE", value_parser = Assignment::parse)]
    set: Vec<Assignment>,
    /// How time is counted. Experiments use `scoreboard`
    #[arg(long, value_name = "MODEL", default_value = "cycle")]
    timing: Model,
    /// Constants of the timing model, a TOML file; what it does not name keeps its value
    #[arg(long, value_name = "FILE")]
    timing_file: Option<PathBuf>,
    /// Change a quirk of the processor, for example illegal_nop=off to stop at words that are no instructions. May be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = Quirk::parse)]
    quirk: Vec<Quirk>,
    /// Write what every instruction did, and what it waited for, to a file, one line each
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write cycles by function, line and call path to a folder: tables, folded stacks, a flame graph, and a page with the sources
    #[arg(long, value_name = "FOLDER")]
    profile: Option<PathBuf>,
    /// Write which lines, functions and branches were executed to a file in the format of LCOV
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Write counters of instructions, cycles, stalls, cache and buses to a JSON file
    #[arg(long, value_name = "FILE")]
    counters: Option<PathBuf>,
    /// Write what the output pins did to a file: a wave form if its name ends in .vcd, else text
    #[arg(long, value_name = "FILE")]
    pins: Option<PathBuf>,
    /// Show the bytes that the program sends over an output pin, with so many cycles for each bit
    #[arg(long, value_name = "CYCLES", value_parser = clap::value_parser!(u32).range(2..))]
    uart: Option<u32>,
    /// The pin of --uart
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..32), requires = "uart")]
    uart_pin: u32,
    /// Write the mailbox as it is at the end, 4096 bytes, to a file
    #[arg(long, value_name = "FILE")]
    mailbox: Option<PathBuf>,
    /// Folder to which the paths of sources are relative, for --profile and --coverage
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    sources: PathBuf,
    /// Wait for GDB at this port of 127.0.0.1 before the first instruction (0: any free one). When it detaches, the program runs on by
    /// itself, and time and instructions count from there
    #[arg(
        long, value_name = "PORT",
        conflicts_with_all = ["trace", "profile", "coverage", "counters", "pins", "uart"]
    )]
    gdb: Option<u16>,
}

/// A hemisphere by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Side {
    /// The northern processor
    Top,
    /// The southern processor
    Bottom,
    /// Both of them, with the same program
    Both,
}

impl Side {
    fn hemispheres(self) -> &'static [Hemisphere] {
        match self {
            Self::Top => &[Hemisphere::Top],
            Self::Bottom => &[Hemisphere::Bottom],
            Self::Both => &Hemisphere::ALL,
        }
    }
}

/// A timing model by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Model {
    /// One instruction in each cycle
    Flat,
    /// Fast and close
    Scoreboard,
    /// Exact, and tells what instructions wait for
    Cycle,
}

impl Model {
    fn model(self) -> (TimingModel, &'static str) {
        match self {
            Self::Flat => (TimingModel::Flat, "flat"),
            Self::Scoreboard => (TimingModel::Scoreboard, "scoreboard"),
            Self::Cycle => (TimingModel::Cycle, "cycle"),
        }
    }
}

type Log<'m> = Watch<'m, BufWriter<File>>;

impl Run {
    pub(super) fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let image = Image::open(&self.program)?;
        let program = image.program()?;
        let map = SourceMap::parse(&image.bytes)
            .map_err(|error| Failure::new(format!("{}: {error}", self.program.display())))?;
        if self.coverage.is_some() && map.lines().next().is_none() {
            let program = self.program.display();
            return Err(Failure::new(format!("--coverage: {program} has no information about source lines"))
                .hint("compile it with -g"));
        }
        let mut machine = self.machine(&program)?;
        machine.release();
        if let Some(port) = self.gdb
            && self.debug(&mut machine, port)? != bss2_debug::Ending::Detached
        {
            return Ok(Outcome::NotMet);
        }
        let cancel = Cancel::on_ctrl_c();
        let symbols = Symbols::of(&program);
        let mut output = Output { both: self.ppu == Side::Both, ..Output::default() };
        let mut top = self.watch(Hemisphere::Top, &map, &symbols, &mut output)?;
        let mut bottom = self.watch(Hemisphere::Bottom, &map, &symbols, &mut output)?;
        let limit = match self.cycles {
            Some(cycles) => SimTime::from_cycles(cycles.into(), SimTime::FABRIC_CYCLE),
            None => self.timeout,
        };
        let started = Instant::now();
        let progress = self.progress(json, limit);
        let finished = if top.wants_anything() || bottom.wants_anything() {
            machine.run(limit, &cancel, [&mut top, &mut bottom], progress)
        } else {
            let Watch { counted: top, .. } = &mut top;
            let Watch { counted: bottom, .. } = &mut bottom;
            machine.run(limit, &cancel, [top, bottom], progress)
        };
        let wall_s = started.elapsed().as_secs_f64();
        let watches = [(Hemisphere::Top, top), (Hemisphere::Bottom, bottom)];
        let watches: Vec<_> =
            watches.into_iter().filter(|(which, _)| machine.hemispheres().contains(which)).collect();

        let mut report = Report {
            program: self.program.clone(),
            seed: self.seed,
            timing: self.timing.model().1,
            processors: Vec::new(),
            files: Vec::new(),
            wall_s,
            cycles_per_s: machine.simulated_cycles() as f64 / wall_s.max(1e-9),
        };
        let mut tables = String::new();
        let mut coverage: Option<Coverage> = None;
        for (hemisphere, watch) in watches {
            let instructions = watch.counted.instructions;
            let mut processor =
                Processor::new(&machine, hemisphere, self.expect as i32, instructions, !finished);
            if let Some(executed) = &watch.coverage {
                coverage.get_or_insert_default().merge(executed);
            }
            self.finish(watch, &machine, hemisphere, &mut processor, &mut tables, &mut output)?;
            report.processors.push(processor);
        }
        if let (Some(path), Some(coverage)) = (&self.coverage, coverage) {
            let hemisphere = machine.hemispheres()[0];
            let word = |address| machine.instruction(hemisphere, address);
            let source = |file: &str| plain(&self.sources.join(file));
            output.write(path.clone(), coverage.lcov(&map, word, source))?;
        }
        report.files = output.files;
        if json {
            text::print_json(&report);
        } else {
            text::print(&format!("{report}{tables}"));
        }
        let expected = report.processors.iter().all(Processor::is_as_expected);
        Ok(if expected { Outcome::Success } else { Outcome::NotMet })
    }

    /// The chip with the program and its variables.
    fn machine(&self, program: &PpuProgram) -> Result<Machine, Failure> {
        let writes = self.set.iter().map(|set| set.resolve(program)).collect::<Result<Vec<_>, _>>()?;
        let mut options = self.variations.options(self.seed);
        options.ppu.model = self.timing.model().0;
        if let Some(path) = &self.timing_file {
            options.ppu.timing = timing_constants(path)?;
        }
        for quirk in &self.quirk {
            options.ppu.quirks = quirk
                .apply(options.ppu.quirks)
                .map_err(|error| Failure::new(format!("--quirk {quirk:?}: {error}")))?;
        }
        let hemispheres = self.ppu.hemispheres();
        let mut machine = Machine::new(program, hemispheres, options);
        let index_is_set = self.set.iter().any(|set| set.symbol() == PPU_INDEX);
        if let Some(variable) =
            program.symbol(PPU_INDEX).filter(|variable| variable.size == 4 && !index_is_set)
        {
            for hemisphere in hemispheres {
                let index = (hemisphere.index() as u32).to_be_bytes();
                match variable.memory {
                    PpuMemory::Internal => machine.write_own(*hemisphere, variable.offset, &index),
                    shared => machine.write(shared, variable.offset, &index),
                }
            }
        }
        for (memory, offset, bytes) in writes {
            machine.write(memory, offset, &bytes);
        }
        Ok(machine)
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

    /// What the user wants to see of a processor.
    fn watch<'m>(
        &self,
        hemisphere: Hemisphere,
        map: &'m SourceMap,
        symbols: &'m Symbols,
        output: &mut Output,
    ) -> Result<Log<'m>, Failure> {
        let mut watch = Watch {
            counted: Counted::default(),
            log: None,
            profiler: None,
            coverage: None,
            pins: None,
            counters: None,
        };
        if !self.ppu.hemispheres().contains(&hemisphere) {
            return Ok(watch);
        }
        if let Some(path) = &self.trace {
            let path = output.path(path, hemisphere);
            let file = File::create(&path).map_err(about_file(&path))?;
            watch.log = Some(CommitLog::new(BufWriter::new(file), symbols));
            output.files.push(path);
        }
        watch.profiler = self.profile.is_some().then(|| Profiler::new(map));
        watch.coverage = self.coverage.is_some().then(Coverage::new);
        watch.pins = (self.pins.is_some() || self.uart.is_some()).then(PinLog::default);
        watch.counters = self.counters.is_some().then(|| Counters::new(TimingConfig::hicann_x().sram_bytes));
        Ok(watch)
    }

    /// Writes what was seen of a processor.
    fn finish(
        &self,
        watch: Log<'_>,
        machine: &Machine,
        hemisphere: Hemisphere,
        processor: &mut Processor,
        tables: &mut String,
        output: &mut Output,
    ) -> Result<(), Failure> {
        if let (Some(path), Some(log)) = (&self.trace, watch.log) {
            log.finish().map_err(about_file(path))?;
        }
        if let (Some(folder), Some(profiler)) = (&self.profile, watch.profiler) {
            let profile = profiler.finish(processor.cycles, machine.asleep_since(hemisphere));
            let folder = output.path(folder, hemisphere);
            let title = format!("{} on the {} processor", self.program.display(), name(hemisphere));
            output.profile(&folder, &title, &profile, &self.sources)?;
            tables.push_str(&format!("\n{}", short(&profile)));
        }
        if let (Some(path), Some(counters)) = (&self.counters, watch.counters) {
            output.write_json(output.path(path, hemisphere), &counters)?;
        }
        let changes = watch.pins.map(|pins| pins.changes).unwrap_or_default();
        if let Some(path) = &self.pins {
            output.pins(output.path(path, hemisphere), &changes, processor.cycles)?;
        }
        if let Some(cycles_per_bit) = self.uart {
            let received = Serial { pin: self.uart_pin, cycles_per_bit }.decode(&changes, processor.cycles);
            processor.uart = Some(received_text(&received));
        }
        if let Some(path) = &self.mailbox {
            let words = machine.mailbox_words(hemisphere);
            let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
            output.write(output.path(path, hemisphere), bytes)?;
        }
        Ok(())
    }

    /// Shows how far the time is, if that takes long.
    fn progress(&self, json: bool, limit: SimTime) -> impl FnMut(SimTime) {
        let progress = if json { Progress::silent() } else { Progress::on_standard_error() };
        let name = self.program.display().to_string();
        let microseconds = |time: SimTime| time.as_ps() / 1_000_000;
        let started = Instant::now();
        let (mut task, mut shown) = (None, 0);
        move |passed| {
            if started.elapsed() < PATIENCE {
                return;
            }
            let total = microseconds(limit);
            let task = task.get_or_insert_with(|| progress.task(&name, total, "us at the most"));
            task.advance(microseconds(passed) - shown);
            shown = microseconds(passed);
        }
    }
}

/// A path without `./` in front.
fn plain(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string()
}

/// Reads constants of the timing model.
fn timing_constants(path: &Path) -> Result<TimingConfig, Failure> {
    let text = std::fs::read_to_string(path).map_err(about_file(path))?;
    toml::from_str(&text).map_err(|error| {
        let before = error.span().map_or("", |span| text.get(..span.start).unwrap_or_default());
        let line = before.matches('\n').count() + 1;
        Failure::new(format!("{}:{line}: {}", path.display(), error.message()))
    })
}
