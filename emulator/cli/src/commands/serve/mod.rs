//! `bss2 serve`: a virtual chip behind the network, for host software that knows nothing of it.

mod log;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use bss2_host::arq::{FRAME_PORT, RESET_PORT};
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::server::{Server, ServerConfig, ServerError};
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde_json::{Value, json};

pub(super) use log::JsonLog;

use crate::cancel::Cancel;
use crate::commands::power_up;
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
    #[arg(long, value_name = "N", default_value_t = 1)]
    chip_seed: u64,
    /// Let other machines connect. The protocol has no authentication: whoever reaches the address can use the chip
    #[arg(long)]
    allow_remote: bool,
}

pub(super) fn command() -> Command {
    Serve::augment_args(Command::new("serve"))
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    Serve::from_arg_matches(matches)?.run(json)
}

impl Serve {
    fn run(&self, json: bool) -> Result<Outcome, Failure> {
        let config = ServerConfig {
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
        let chip = power_up::chip(self.chip_seed);
        let mut executor = Executor::new(chip, ExecutorConfig::power_up());

        let who = match self.listen.is_loopback() {
            true => "only this machine can connect",
            false => "other machines can connect, without authentication",
        };
        self.say(
            json,
            json!({
                "event": "listening", "frames": frames.to_string(), "resets": resets.to_string(),
                "chip_seed": self.chip_seed, "loopback_only": self.listen.is_loopback(),
                "version": env!("CARGO_PKG_VERSION"),
            }),
            &format!(
                "chip {} behind an FPGA after power-up\nframes on UDP {frames}, resets on UDP {resets}\n{who}; Ctrl-C ends it",
                self.chip_seed
            ),
        );
        let started = Instant::now();
        server.serve(&mut executor, &cancel.flag()).map_err(explain)?;
        let chip_time = executor.device().now();
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
