//! `bss2 inspect`: what a virtual chip is, and what its registers mean.

mod chip;
mod histograms;
mod register_block;
mod registers;
mod values;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::{Failure, Outcome};

pub(super) fn command() -> Command {
    Command::new("inspect")
        .about("Show what is special about a virtual chip, and what its registers mean")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(chip::InspectChip::augment_args(Command::new("chip")))
        .subcommand(values::InspectValues::augment_args(Command::new("values")))
        .subcommand(registers::InspectRegisters::augment_args(Command::new("registers")))
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    match matches.subcommand() {
        Some(("chip", matches)) => chip::InspectChip::from_arg_matches(matches)?.run(json),
        Some(("values", matches)) => values::InspectValues::from_arg_matches(matches)?.run(json),
        Some(("registers", matches)) => registers::InspectRegisters::from_arg_matches(matches)?.run(json),
        _ => Err(Failure::new("nothing to inspect given").hint("bss2 inspect --help lists what there is")),
    }
}
