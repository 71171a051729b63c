//! `bss2 serve`: a virtual chip behind the network, for host software that knows nothing of it.

mod log;

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Instant;

use bss2_chip::Chip;
use bss2_host::arq::{BitfileInfo, FRAME_PORT, RESET_PORT};
use bss2_host::executor::ExecutorConfig;
use bss2_host::server::{Server, ServerConfig, ServerError};
use bss2_host::system::System;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Value, json};

pub(super) use log::JsonLog;

use crate::cancel::Cancel;
use crate::commands::snapshot_file;
use crate::hardware::{self, Analog};
use crate::text;
use crate::{Failure, Outcome};

/// Serve a virtual chip over UDP, as an FPGA board does
///
/// Speaks the transport of the official host software: that software, or any client of this emulator, can connect, one after
/// the other. FPGA and chip are as after power-up, so the first program has to start them; they keep their state from one
/// connection to the next. Ctrl-C ends it.
///
/// With --json every event is a JSON object on a line of its own: `listening` (with the ports), `log`, `stopped`.
#[derive(Args, Debug)]
struct Serve {
    /// IP address of the FPGA
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
    /// UDP port of frames; 0 lets the system choose
    #[arg(long, value_name = "PORT", default_value_t = FRAME_PORT)]
    frame_port: u16,
    /// UDP port of connection resets; 0 lets the system choose
    #[arg(long, value_name = "PORT", default_value_t = RESET_PORT)]
    reset_port: u16,
    /// Seed of the virtual chip: which individual it is
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "restore")]
    chip_seed: u64,
    /// Give every connection FPGA and chip as after power-up (or as in the snapshot) instead of keeping their state
    #[arg(long)]
    power_cycle: bool,
    /// Begin with the snapshot of a system in this file
    #[arg(long, value_name = "FILE")]
    restore: Option<PathBuf>,
    /// Write a snapshot of the system to this file in the end
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Let other machines connect. The protocol has no authentication: whoever reaches the address can use the chip
    #[arg(long)]
    allow_remote: bool,
    #[command(flatten)]
    analog: Analog,
}

pub(super) fn command() -> Command {
    Serve::augment_args(Command::new("serve"))
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    Serve::from_arg_matches(matches)?.run(json)
}

impl Serve {
    fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let mut system = match &self.restore {
            Some(file) => {
                self.analog.insist_on_none("that of a snapshot")?;
                snapshot_file::read(file)?
            }
            None => {
                let options = self.analog.options(self.chip_seed);
                System::with_config(Chip::with_options(options), ExecutorConfig::power_up())
            }
        };
        let chip_seed = system.chip().options().seed;
        let bitfile = match self.power_cycle && self.restore.is_none() {
            true => {
                BitfileInfo { text: hardware::description(chip_seed, self.analog.variation().as_deref()) }
            }
            false => BitfileInfo::default(),
        };
        let config = ServerConfig {
            bitfile,
            address: self.listen,
            frame_port: self.frame_port,
            reset_port: self.reset_port,
            allow_remote: self.allow_remote,
            ..ServerConfig::default()
        };
        let server = Server::bind(config).map_err(explain)?;
        let frames = server.frame_address().map_err(|error| explain(error.into()))?;
        let resets = server.reset_address().map_err(|error| explain(error.into()))?;
        let cancel = Cancel::on_ctrl_c_saying("stopping (Ctrl-C again leaves at once)");
        let fresh = self.power_cycle.then(|| system.executor_mut().clone());

        let who = match self.listen.is_loopback() {
            true => "only this machine can connect",
            false => "other machines can connect, without authentication",
        };
        let state = match (&self.restore, self.power_cycle) {
            (Some(_), _) => "as in the snapshot",
            (None, false) => "after power-up",
            (None, true) => "after power-up, for every connection",
        };
        self.say(
            json,
            json!({
                "event": "listening", "frames": frames.to_string(), "resets": resets.to_string(),
                "chip_seed": chip_seed, "loopback_only": self.listen.is_loopback(),
                "version": env!("CARGO_PKG_VERSION"),
            }),
            &format!(
                "chip {chip_seed} behind an FPGA {state}\nframes on UDP {frames}, resets on UDP {resets}\n{who}; Ctrl-C ends it"
            ),
        );
        let started = Instant::now();
        let mut power_cycle = |executor: &mut _| {
            if let Some(fresh) = &fresh {
                *executor = fresh.clone();
            }
        };
        server.serve_with(system.executor_mut(), &cancel.flag(), &mut power_cycle).map_err(explain)?;
        if let Some(file) = &self.save {
            snapshot_file::write(file, &system)?;
        }
        let chip_time = system.now();
        let wall_s = started.elapsed().as_secs_f64();
        self.say(
            json,
            json!({ "event": "stopped", "chip_time_s": chip_time.as_secs_f64(), "wall_s": wall_s }),
            &format!("stopped after {} s; chip time {chip_time}", text::number(wall_s)),
        );
        Ok(Outcome::Success)
    }

    /// An event: a line of JSON, or words.
    fn say(&self, json: bool, event: Value, words: &str) {
        match json {
            true => text::print(&format!("{event}\n")),
            false => text::print(&format!("{words}\n")),
        }
    }
}

fn explain(error: ServerError) -> Failure {
    let failure = Failure::from_error(&error);
    match error {
        ServerError::RemoteAddress(_) => {
            failure.hint("--allow-remote allows it; 127.0.0.1 is for this machine alone")
        }
        ServerError::Bind { .. } => failure.hint(
            "--listen chooses another address, --frame-port and --reset-port other ports, 0 any free one",
        ),
        ServerError::Socket(_) => failure,
    }
}
