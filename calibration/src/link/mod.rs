//! A chip behind a connection, and everything that was written to it.
//!
//! Whether the chip is an emulated one in this process ([`Executor`](bss2_host::executor::Executor)), one behind the network
//! ([`Client`](bss2_host::client::Client)) or silicon makes no difference here (calibration 12, P1): all there is is a
//! [`Connection`].

mod record;

pub use record::{BoardState, ChipState, Write};

use crate::error::Result;
use bss2_base::SimTime;
use bss2_host::connection::{Connection, RunControl};
use bss2_host::playback::{FpgaCycles, Program, ProgramBuilder, startup_program};
use bss2_host::recording::Results;
use bss2_host::registers::{TypedBlock, cadc, default_chip};
use std::sync::atomic::AtomicBool;

use crate::program::{SETTLING, write};

/// A chip behind a connection. It remembers what was written, so that state can be put back ([`Link::restore`]) or replayed
/// ([`Link::replay`]), and counts the time on the chip.
pub struct Link<'c> {
    connection: &'c mut dyn Connection,
    cancel: Option<&'c AtomicBool>,
    written: ChipState,
    now: SimTime,
    programs: usize,
}

impl<'c> Link<'c> {
    /// The chip behind `connection`, of which nothing is known yet: see [`Link::bring_up`].
    pub fn new(connection: &'c mut dyn Connection) -> Self {
        Self { connection, cancel: None, written: ChipState::default(), now: SimTime::ZERO, programs: 0 }
    }

    /// Programs end early with [`CalibrationError::Cancelled`](crate::CalibrationError::Cancelled) when this becomes true.
    pub fn cancelled_by(mut self, flag: &'c AtomicBool) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Start-up, the complete default chip (settled 10), ADC enabled, then [`SETTLING`] (calibration 1.1).
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn bring_up(&mut self) -> Result<()> {
        self.written = ChipState::default();
        self.run_program(&startup_program())?;
        self.run(|program| {
            program.write_all(default_chip());
            for hemisphere in 0..2 {
                write(program, hemisphere, &cadc::CADCConfig { enable: true, ..Default::default() });
            }
            program.barrier_omnibus().wait(SETTLING);
        })?;
        Ok(())
    }

    /// Writes a program with `write`, ends it with a barrier, and runs it. Gives the answers and what `write` returned, usually
    /// the tickets for them.
    ///
    /// # Errors
    /// [`CalibrationError`](crate::CalibrationError): a mistake in the program, a broken connection, a program that was cancelled
    /// or timed out.
    pub fn run<T>(&mut self, write: impl FnOnce(&mut ProgramBuilder) -> T) -> Result<(Results, T)> {
        let mut builder = ProgramBuilder::new();
        let value = write(&mut builder);
        builder.barrier_omnibus();
        let end = builder.marker();
        let program = builder.finish()?;
        let results = self.run_program(&program)?;
        self.now = FpgaCycles(results.marker_time(end)?).to_sim();
        Ok((results, value))
    }

    /// Runs a finished program as it is.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn run_program(&mut self, program: &Program) -> Result<Results> {
        let mut control = RunControl { cancel: self.cancel, progress: None };
        let results = self.connection.run_with(program, &mut control)?.complete()?;
        self.written.record(program);
        self.programs += 1;
        Ok(results)
    }

    /// Runs a program with `write` and then waits for analog cells to settle.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn configure(&mut self, write: impl FnOnce(&mut ProgramBuilder)) -> Result<()> {
        self.run(|program| {
            write(program);
            program.barrier_omnibus().wait(SETTLING);
        })?;
        Ok(())
    }

    /// Brings the chip to what `write` writes: only words that are not so already are written, then analog cells are given
    /// time to settle if any of them is among it. Commands are lost.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn establish(&mut self, write: impl FnOnce(&mut ProgramBuilder)) -> Result<()> {
        let mut builder = ProgramBuilder::new();
        write(&mut builder);
        let mut wanted = ChipState::default();
        wanted.record(&builder.finish()?);
        let mut writes = wanted.writes();
        writes.retain(|write| self.written.word(write.address) != Some(write.value));
        self.write_back(&writes)
    }

    /// Waits.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn wait(&mut self, span: SimTime) -> Result<()> {
        self.run(|program| {
            program.wait(span);
        })?;
        Ok(())
    }

    /// Everything that was written since [`Link::bring_up`].
    pub fn written(&self) -> &ChipState {
        &self.written
    }

    /// What a block was last told.
    pub fn typed<T: TypedBlock>(&self, instance: u32) -> T {
        self.written.typed(instance)
    }

    /// Writes what differs from an earlier state, in the order of addresses, and waits for analog cells if any of them is
    /// among it.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn restore(&mut self, state: &ChipState) -> Result<()> {
        let writes = state.differences(&self.written);
        self.write_back(&writes)
    }

    /// As [`Link::restore`], only for the addresses that `chosen` says yes to.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn restore_some(&mut self, state: &ChipState, chosen: impl Fn(u32) -> bool) -> Result<()> {
        let mut writes = state.differences(&self.written);
        writes.retain(|write| chosen(write.address));
        self.write_back(&writes)
    }

    /// Start-up and replay of the last write to every address, then 100 ms (calibration 1.1): for a chip that another user of the
    /// connection has changed.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn replay(&mut self, state: &ChipState) -> Result<()> {
        self.written = ChipState::default();
        self.run_program(&startup_program())?;
        self.run(|program| {
            state.write(program);
            program.barrier_omnibus().wait(SimTime::from_ms(100));
        })?;
        Ok(())
    }

    fn write_back(&mut self, writes: &[Write]) -> Result<()> {
        if writes.is_empty() {
            return Ok(());
        }
        let analog = writes.iter().any(|write| record::is_analog_cell(write.address));
        self.run(|program| {
            writes.iter().for_each(|write| write.write(program));
            if analog {
                program.barrier_omnibus().wait(SETTLING);
            }
        })?;
        Ok(())
    }

    /// System time of chip and FPGA at the end of the last program: zero is their synchronisation.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Programs run so far.
    pub fn programs(&self) -> usize {
        self.programs
    }
}
