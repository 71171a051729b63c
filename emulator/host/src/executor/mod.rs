//! The FPGA: executes playback programs in front of a chip (host-interface 2).
//!
//! # Time
//!
//! The executor counts FPGA cycles of 8 ns since power-up. Whatever it does to the chip in cycle `c` happens on the chip one
//! link latency later, whatever leaves the chip in cycle `c` arrives one link latency later; so the device's clock runs one
//! latency ahead and never has to go back. Instructions are executed in order, one per cycle unless they stall. Omnibus
//! accesses, JTAG and synchronisation work on beside them, each in its own queue, and are carried out on the device in
//! the order of their times. Waiting costs nothing by itself: the device is simply asked to advance.
//!
//! FPGA memory that the PPUs share is accessed with the same offset as the chip, as if it sat at the chip's end of the
//! link; so writing a memory and then starting a PPU is always seen in that order.

mod board;
mod clock;
mod config;
mod fpga;
mod jtag;
mod links;
mod outbox;
mod performance;
mod registers;
mod relay;
mod run;

pub use config::{ExecutorConfig, InitialState, Network};
pub use fpga::FpgaState;

use crate::connection::{Connection, ConnectionError, RunControl};
use crate::device::{ChipEvent, Device};
use crate::message::Response;
use crate::playback::{Instruction, Program};
use crate::recording::{Recorder, Results};
use bss2_base::SimTime;
use run::Run;
use serde::{Deserialize, Serialize};

/// A response and when the FPGA emits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emission {
    /// System time in FPGA cycles.
    pub time: u64,
    /// Whether system time is synchronised, that is, whether the host may be told (host-interface 2.8).
    pub synchronised: bool,
    /// The response. The value of [`Response::Systime`] equals `time`.
    pub response: Response,
}

/// An FPGA with a chip behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Executor<D> {
    device: D,
    fpga: FpgaState,
    config: ExecutorConfig,
}

impl<D: Device> Executor<D> {
    /// An FPGA in the state that `config` names, in front of `device`.
    pub fn new(device: D, config: ExecutorConfig) -> Self {
        let fpga = FpgaState::new(device.now(), &config);
        Self { device, fpga, config }
    }

    /// Continues where a snapshot of device and FPGA was taken; `config` must be that of the original.
    pub fn restore(device: D, fpga: FpgaState, config: ExecutorConfig) -> Self {
        Self { device, fpga, config }
    }

    /// The chip.
    pub fn device(&self) -> &D {
        &self.device
    }

    /// The chip. Advancing it here disturbs the executor's idea of time.
    pub fn device_mut(&mut self) -> &mut D {
        &mut self.device
    }

    /// State of the FPGA, for snapshots.
    pub fn fpga(&self) -> &FpgaState {
        &self.fpga
    }

    /// The parameters.
    pub fn config(&self) -> &ExecutorConfig {
        &self.config
    }

    /// Gives the chip back.
    pub fn into_device(self) -> D {
        self.device
    }

    /// Executes instructions as they come, a halt included: a program may be cut anywhere. Responses go to `sink` as soon
    /// as they are certain.
    ///
    /// Returns the index in `instructions` of the first one that was not executed because `control` cancelled the program;
    /// everything up to the next halt is skipped then.
    pub fn feed(
        &mut self,
        instructions: &[Instruction],
        control: &mut RunControl<'_>,
        sink: &mut dyn FnMut(Emission),
    ) -> Option<usize> {
        Run::new(&mut self.device, &mut self.fpga, &self.config, control, sink).feed(instructions)
    }

    /// Lets time pass without a program, until the device's clock shows `until`; what is still queued from the last program
    /// is carried out in its time. Events that leave the device meanwhile are appended to `events` and do not reach the FPGA.
    pub fn idle(&mut self, until: SimTime, events: &mut Vec<ChipEvent>) {
        let mut control = RunControl::default();
        Run::new(&mut self.device, &mut self.fpga, &self.config, &mut control, &mut |_| {})
            .idle(until, events);
    }

    /// Lets the next program begin in the first cycle that reaches the device not before the device's time, in case somebody
    /// else has advanced it.
    pub(crate) fn synchronise_clocks(&mut self) {
        self.fpga.catch_up(self.device.now(), self.config.link_latency);
    }

    /// The host has reset the transport (host-interface 2.7, 5.1): whatever the executor was at is dropped, and time
    /// messages stop until the next synchronisation. Chip, registers and system time stay.
    pub fn reset_transport(&mut self) {
        self.fpga.reset_transport();
    }
}

impl<D: Device> Connection for Executor<D> {
    /// Runs in this process; never fails.
    fn run_with(
        &mut self,
        program: &Program,
        control: &mut RunControl<'_>,
    ) -> Result<Results, ConnectionError> {
        let mut recorder = Recorder::new();
        // Without synchronisation the host counts messages.
        let mut time = 0;
        let mut sink = |emission: Emission| {
            time = match emission {
                Emission { response: Response::Systime(time), .. } => time,
                Emission { synchronised: true, time, .. } => time,
                _ => time + 1,
            };
            recorder.push(time, &emission.response);
        };
        let cancelled = self.feed(program.instructions(), control, &mut sink);
        self.feed(&[Instruction::HALT], &mut RunControl::default(), &mut sink);
        if let Some(instruction) = cancelled {
            recorder.cancelled(instruction);
        }
        Ok(recorder.finish())
    }
}
