//! `bss2 play`: a playback program from a file, its recording to another one. `bss2 convert`: the two forms of such files.

use std::path::{Path, PathBuf};

use bss2_host::archive;
use bss2_host::connection::{Connection, RunControl};
use bss2_host::executor::ExecutorConfig;
use bss2_host::playback::{Program, startup_program};
use bss2_host::recording::{Completion, Results};
use bss2_host::system::System;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde_json::json;

use crate::cancel::Cancel;
use crate::commands::snapshot_file;
use crate::hardware::{Connect, Place, connect};
use crate::text;
use crate::{Failure, Outcome};

/// Run a playback program from a file
///
/// The program is text or binary (see the book, "Files"). FPGA and chip are as after power-up unless --restore says otherwise;
/// --startup brings them up first, as the official host software does. The recording goes to a file, or as text to standard
/// output. Ctrl-C ends a program early; what it recorded until then is kept.
#[derive(Args, Debug)]
struct Play {
    /// File with the program
    program: PathBuf,
    /// File for the recording: text if its name ends with .txt, else binary
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Run the start-up program first: clocks, links, system time
    #[arg(long)]
    startup: bool,
    /// Seed of the virtual chip: which individual it is
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["connect", "restore"])]
    chip_seed: u64,
    /// Go on from the snapshot of a system in this file
    #[arg(long, value_name = "FILE", conflicts_with = "connect")]
    restore: Option<PathBuf>,
    /// Write a snapshot of the system to this file afterwards
    #[arg(long, value_name = "FILE", conflicts_with = "connect")]
    save: Option<PathBuf>,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn command() -> Command {
    Play::augment_args(Command::new("play"))
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    Play::from_arg_matches(matches)?.run(json)
}

impl Play {
    fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let program =
            Program::from_file(&read(&self.program)?).map_err(|error| in_file(&self.program, &error))?;
        let cancel = Cancel::on_ctrl_c();
        let results = match self.connect.place() {
            Place::There { address, frame_port, reset_port } => {
                self.connect.analog.insist_on_none("at the other end")?;
                let mut client = connect(address, frame_port, reset_port)
                    .map_err(|error| Failure::from_error(&error).hint("bss2 serve answers on 127.0.0.1"))?;
                self.play(&mut client, &program, &cancel)?
            }
            Place::Here => {
                let mut system = match &self.restore {
                    Some(file) => {
                        self.connect.analog.insist_on_none("that of a snapshot")?;
                        snapshot_file::read(file)?
                    }
                    None => {
                        let options = self.connect.analog.options(self.chip_seed);
                        System::with_config(
                            bss2_chip::Chip::with_options(options),
                            ExecutorConfig::power_up(),
                        )
                    }
                };
                let results = self.play(&mut system, &program, &cancel)?;
                if let Some(file) = &self.save {
                    snapshot_file::write(file, &system)?;
                }
                results
            }
        };
        self.report(&results, json)?;
        Ok(if results.completion == Completion::Halted { Outcome::Success } else { Outcome::NotMet })
    }

    fn play(
        &self,
        connection: &mut dyn Connection,
        program: &Program,
        cancel: &Cancel,
    ) -> Result<Results, Failure> {
        let flag = cancel.flag();
        let mut run = |program: &Program| {
            let mut control = RunControl { cancel: Some(&flag), progress: None };
            connection.run_with(program, &mut control).map_err(|error| Failure::from_error(&error))
        };
        if self.startup {
            let started = run(&startup_program())?;
            started.complete().map_err(|error| Failure::new(format!("start-up: {error}")))?;
        }
        run(program)
    }

    fn report(&self, results: &Results, json: bool) -> Result<(), Failure> {
        let recording = &results.recording;
        match &self.output {
            Some(file) => {
                write(file, &bytes_for(file, || results.to_text(), || results.to_bytes())?)?;
                let counts = json!({
                    "completion": results.completion, "file": file, "spikes": recording.spikes.len(),
                    "madc": recording.madc.len(), "reads": recording.reads.value.len(),
                    "jtag": recording.jtag.value.len(), "markers": recording.markers.fpga_time.len(),
                });
                match json {
                    true => text::print_json(&counts),
                    false => text::print(&format!(
                        "{:?}; {} spikes, {} samples, {} words read, {} markers\nwritten to {}\n",
                        results.completion,
                        recording.spikes.len(),
                        recording.madc.len(),
                        recording.reads.value.len(),
                        recording.markers.fpga_time.len(),
                        file.display()
                    )),
                }
            }
            None if json => text::print_json(results),
            None => text::print(&results.to_text()),
        }
        Ok(())
    }
}

/// Convert a program or a recording between text and binary
///
/// What the file is, is told by its content. The result is text if the name of the new file ends with .txt, else binary; without
/// a new file it is text on standard output.
#[derive(Args, Debug)]
struct Convert {
    /// File with a program or a recording
    file: PathBuf,
    /// The new file
    new_file: Option<PathBuf>,
}

pub(super) mod convert {
    use super::{Convert, Failure, Outcome};
    use clap::{ArgMatches, Args, Command, FromArgMatches};

    pub(in crate::commands) fn command() -> Command {
        Convert::augment_args(Command::new("convert"))
    }

    pub(in crate::commands) fn execute(matches: &ArgMatches) -> Result<Outcome, Failure> {
        Convert::from_arg_matches(matches)?.run()
    }
}

impl Convert {
    fn run(&self) -> Result<Outcome, Failure> {
        let bytes = read(&self.file)?;
        let is_recording = match archive::kind_of(&bytes) {
            Some(kind) => kind == *b"RECO",
            None => bytes.starts_with(b"bss2-recording"),
        };
        let (as_text, as_bytes);
        if is_recording {
            let results = Results::from_file(&bytes).map_err(|error| in_file(&self.file, &error))?;
            (as_text, as_bytes) =
                (results.to_text(), results.to_bytes().map_err(|e| in_file(&self.file, &e))?);
        } else {
            let program = Program::from_file(&bytes).map_err(|error| in_file(&self.file, &error))?;
            (as_text, as_bytes) =
                (program.to_text(), program.to_bytes().map_err(|e| in_file(&self.file, &e))?);
        }
        match &self.new_file {
            None => text::print(&as_text),
            Some(file) if is_text(file) => write(file, as_text.as_bytes())?,
            Some(file) => write(file, &as_bytes)?,
        }
        Ok(Outcome::Success)
    }
}

fn is_text(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"))
}

/// The bytes of one of the two forms, as the name of the file wants it.
fn bytes_for<E: std::error::Error + 'static>(
    file: &Path,
    as_text: impl Fn() -> String,
    as_bytes: impl Fn() -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, Failure> {
    match is_text(file) {
        true => Ok(as_text().into_bytes()),
        false => as_bytes().map_err(|error| in_file(file, &error)),
    }
}

/// An error that is about a file.
pub(super) fn in_file(file: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(format!("{}: {error}", file.display()))
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| in_file(file, &error))
}

pub(super) fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|error| in_file(file, &error))
}
