//! `bss2 ppu`: tools for programs of the plasticity processor.

mod asm;
mod assignment;
mod check;
mod disasm;
mod image;
mod list;
mod listing;
mod machine;
mod output;
mod quirks;
mod report;
mod run;
mod symbols;
mod trace;
mod watch;

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::{Failure, Outcome};

pub(super) fn command() -> Command {
    Command::new("ppu")
        .about("Run, check, assemble and disassemble programs of the plasticity processor")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(run::Run::augment_args(Command::new("run")))
        .subcommand(Command::new("list").about("List the programs that are built in"))
        .subcommand(check::Check::augment_args(Command::new("check")))
        .subcommand(asm::Assemble::augment_args(Command::new("asm")))
        .subcommand(disasm::Disassemble::augment_args(Command::new("disasm")))
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    match matches.subcommand() {
        Some(("run", matches)) => run::Run::from_arg_matches(matches)?.run(json),
        Some(("list", _)) => list::run(json),
        Some(("check", matches)) => check::Check::from_arg_matches(matches)?.run(json),
        Some(("asm", matches)) => asm::Assemble::from_arg_matches(matches)?.run(json),
        Some(("disasm", matches)) => disasm::Disassemble::from_arg_matches(matches)?.run(json),
        _ => Err(Failure::new("no command given").hint("bss2 ppu --help lists them")),
    }
}
