//! `bss2 calibrate export`: a calibration as a playback program.

use std::path::PathBuf;

use bss2_base::SimTime;
use bss2_calibration::result;
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::default_chip;
use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::{Failure, Outcome};

/// Write a calibration as a playback program
///
/// The program writes the complete default chip, then the words of the calibration, and waits until the analog cells have settled.
/// `bss2 play --startup` runs it, and `--save` keeps the calibrated chip for others.
#[derive(Args, Debug)]
struct Export {
    /// File with a result of `bss2 calibrate`
    file: PathBuf,
    /// File for the program: text if its name ends with .txt, else binary
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn command() -> Command {
    Export::augment_args(Command::new("export"))
}

pub(super) fn execute(matches: &ArgMatches) -> Result<Outcome, Failure> {
    let arguments = Export::from_arg_matches(matches)?;
    let calibration = result::load(&arguments.file).map_err(|error| Failure::from_error(&error))?;
    let mut program = ProgramBuilder::new();
    program.write_all(default_chip()).barrier_omnibus();
    calibration.write(&mut program);
    program.barrier_omnibus().wait(SimTime::from_ms(100));
    let program = program.finish().map_err(|error| Failure::from_error(&error))?;
    let text = arguments.output.extension().is_some_and(|extension| extension == "txt");
    let bytes = match text {
        true => program.to_text().into_bytes(),
        false => program.to_bytes().map_err(|error| Failure::from_error(&error))?,
    };
    let failed = |error| Failure::new(format!("{}: {error}", arguments.output.display()));
    std::fs::write(&arguments.output, bytes).map_err(failed)?;
    Ok(Outcome::Success)
}
