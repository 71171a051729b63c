//! A program on a plasticity processor, as the host sees it: load, set parameters, start, command, wait, read.
//!
//! The protocol is that of the programs in `firmware/` (`bss2/control.h`): the host finds variables by their ELF symbols, and reads and
//! writes them as words of the processor's SRAM while it runs.
//!
//! Everything comes in two forms. Methods that take a [`ProgramBuilder`] add to a playback program, so that commands and reads can
//! stand between the spikes of a stimulus. Methods that take a [`Bench`] run a small program of their own.

use bss2_base::{Hemisphere, SimTime};
use bss2_calibration::{Bench, BenchError};
use bss2_firmware::block::Block;
use bss2_firmware::control::{self, Control};
use bss2_host::playback::{ProgramBuilder, ReadTicket, ppu_sram};
use bss2_host::ppu_program::{PpuMemory, PpuProgram, PpuProgramError};
use bss2_host::recording::Results;
use thiserror::Error;

/// Why a program does not do what it should.
#[derive(Debug, Error)]
pub enum PpuError {
    /// The image is no program.
    #[error("program {program}: {source}")]
    Image {
        /// Its name.
        program: &'static str,
        /// What is wrong with it.
        source: PpuProgramError,
    },
    /// The program has no such variable in SRAM, or one of another size.
    #[error("program {program} has no variable {symbol} of {size} bytes in PPU memory")]
    Variable {
        /// Name of the program.
        program: &'static str,
        /// Name of the variable.
        symbol: String,
        /// Size of the structure on the host's side.
        size: usize,
    },
    /// A command was done, but not as wished.
    #[error("program {program} answered command {command} with {}", describe(*.result))]
    Refused {
        /// Name of the program.
        program: &'static str,
        /// The command.
        command: u32,
        /// [`Control::result`].
        result: u32,
    },
    /// A command was not done in time.
    #[error("program {program} on the {hemisphere:?} processor did not finish {what} within {waited}")]
    Silent {
        /// Name of the program.
        program: &'static str,
        /// Where it runs.
        hemisphere: Hemisphere,
        /// "its start", "command 2".
        what: String,
        /// How long the host waited, chip time.
        waited: SimTime,
    },
    /// The host's programs could not be run.
    #[error(transparent)]
    Bench(#[from] BenchError),
}

fn describe(result: u32) -> String {
    match result {
        control::result::DONE => "done".into(),
        control::result::UNKNOWN_COMMAND => "unknown command".into(),
        control::result::BAD_PARAMETERS => "bad parameters".into(),
        control::result::NOT_INITIALISED => "not initialised".into(),
        other => format!("result {other}"),
    }
}

/// Omnibus address of a word in memory that processors and host share, from the address as the processor sees it: FPGA memory from
/// 0x4000_0000, DRAM from 0x5000_0000 (register-map 8.1). `None` for addresses that are neither.
pub fn shared_word(byte_address: u32) -> Option<u32> {
    match byte_address >> 28 {
        4 => Some(0x8000_0000 + (byte_address & 0x0fff_ffff) / 4),
        5 => Some(0x8400_0000 + (byte_address & 0x0fff_ffff) / 4),
        _ => None,
    }
}

/// A program on the processor of one hemisphere.
#[derive(Clone, Debug)]
pub struct PpuSession {
    name: &'static str,
    hemisphere: Hemisphere,
    program: PpuProgram,
    control: u32,
    /// Commands issued by [`Self::command`], all of which but the last have been waited for.
    issued: u32,
}

impl PpuSession {
    /// Stops the processor, writes the program to its memory and tells it its hemisphere. It does not run yet: write parameters,
    /// then [`Self::start`].
    ///
    /// Code in FPGA memory is common to both processors; loading it once is enough, loading it twice does no harm.
    ///
    /// # Errors
    /// [`PpuError::Image`] and [`PpuError::Variable`] if the program is not of the interactive kind; [`PpuError::Bench`].
    pub fn load(
        bench: &mut Bench<'_>,
        hemisphere: Hemisphere,
        program: &bss2_firmware::Program,
    ) -> Result<Self, PpuError> {
        let name = program.name;
        let program =
            PpuProgram::parse(program.image).map_err(|source| PpuError::Image { program: name, source })?;
        let mut session = Self { name, hemisphere, program, control: 0, issued: 0 };
        session.control = session.word(control::CONTROL, Control::SIZE)?;
        let index = session.word(control::PPU_INDEX, 4)?;
        let external = session.program.image(PpuMemory::External).unwrap_or_default();
        bench.with(|program| {
            program.load_ppu(hemisphere, &session.program.internal_words());
            for (word, bytes) in (0x8000_0000..).zip(external.as_chunks::<4>().0) {
                program.write(word, u32::from_be_bytes(*bytes));
            }
            program.write(index, hemisphere.index() as u32).barrier_omnibus();
        })?;
        Ok(session)
    }

    /// Where it runs.
    pub fn hemisphere(&self) -> Hemisphere {
        self.hemisphere
    }

    /// Omnibus address of a variable of `size` bytes in SRAM.
    ///
    /// # Errors
    /// [`PpuError::Variable`].
    pub fn word(&self, symbol: &str, size: usize) -> Result<u32, PpuError> {
        let found = self.program.symbol(symbol).filter(|found| {
            found.memory == PpuMemory::Internal && found.size as usize == size && found.offset % 4 == 0
        });
        match found {
            Some(found) => Ok(ppu_sram(self.hemisphere) + found.offset / 4),
            None => Err(PpuError::Variable { program: self.name, symbol: symbol.into(), size }),
        }
    }

    /// What a structure contains before the program runs: the default parameters.
    ///
    /// # Errors
    /// [`PpuError::Variable`].
    pub fn initial<B: Block>(&self, symbol: &str) -> Result<B, PpuError> {
        self.word(symbol, B::SIZE)?;
        let words = self.program.initial_words(symbol).unwrap_or_default();
        B::from_words(&words).ok_or_else(|| PpuError::Variable {
            program: self.name,
            symbol: symbol.into(),
            size: B::SIZE,
        })
    }

    /// Adds the writes of a structure to a playback program.
    ///
    /// # Errors
    /// [`PpuError::Variable`].
    pub fn write_in<B: Block>(
        &self,
        program: &mut ProgramBuilder,
        symbol: &str,
        values: &B,
    ) -> Result<(), PpuError> {
        program.write_block(self.word(symbol, B::SIZE)?, &values.to_words());
        Ok(())
    }

    /// Writes a structure now.
    ///
    /// # Errors
    /// [`PpuError::Variable`], [`PpuError::Bench`].
    pub fn write<B: Block>(&self, bench: &mut Bench<'_>, symbol: &str, values: &B) -> Result<(), PpuError> {
        let address = self.word(symbol, B::SIZE)?;
        bench.with(|program| {
            program.write_block(address, &values.to_words()).barrier_omnibus();
        })?;
        Ok(())
    }

    /// Adds the reads of a structure to a playback program; [`Self::decode`] takes the ticket.
    ///
    /// # Errors
    /// [`PpuError::Variable`].
    pub fn read_in<B: Block>(
        &self,
        program: &mut ProgramBuilder,
        symbol: &str,
    ) -> Result<ReadTicket, PpuError> {
        Ok(program.read_block(self.word(symbol, B::SIZE)?, B::SIZE / 4))
    }

    /// A structure from the results of a program.
    ///
    /// # Errors
    /// [`PpuError::Bench`] if the program did not get so far.
    pub fn decode<B: Block>(results: &Results, ticket: ReadTicket) -> Result<B, PpuError> {
        let words = results.words(ticket).map_err(BenchError::from)?;
        // A ticket of another structure with fewer words is a mistake in the calling code, and shows as a missing answer.
        B::from_words(words).ok_or_else(|| {
            let missing = bss2_host::recording::MissingResponse {
                kind: "Omnibus",
                index: B::SIZE / 4,
                available: words.len(),
            };
            BenchError::from(missing).into()
        })
    }

    /// Reads a structure now.
    ///
    /// # Errors
    /// [`PpuError::Variable`], [`PpuError::Bench`].
    pub fn read<B: Block>(&self, bench: &mut Bench<'_>, symbol: &str) -> Result<B, PpuError> {
        let address = self.word(symbol, B::SIZE)?;
        let (results, ticket) = bench.with(|program| program.read_block(address, B::SIZE / 4))?;
        Self::decode(&results, ticket)
    }

    /// Releases the reset and waits until the program listens to commands.
    ///
    /// # Errors
    /// [`PpuError::Silent`] if that takes longer than 2 ms.
    pub fn start(&mut self, bench: &mut Bench<'_>) -> Result<(), PpuError> {
        const PATIENCE: SimTime = SimTime::from_ms(2);
        bench.with(|program| {
            program.start_ppu(self.hemisphere).barrier_omnibus();
        })?;
        let mut waited = SimTime::ZERO;
        while waited < PATIENCE {
            let span = SimTime::from_us(50);
            if self.look(bench, span)?.state == control::state::IDLE {
                return Ok(());
            }
            waited += span;
        }
        Err(self.silent("its start".into(), waited))
    }

    /// Adds the write of a command to a playback program; the processor notices it up to 1 us after it arrives. The command is counted:
    /// the program that is being written has to be run before the next [`Self::poll`].
    pub fn command_in(&mut self, program: &mut ProgramBuilder, command: u32) {
        program.write(self.control, command);
        self.issued += 1;
    }

    /// Gives a command now, and does not wait for it.
    ///
    /// # Errors
    /// [`PpuError::Bench`].
    pub fn command(&mut self, bench: &mut Bench<'_>, command: u32) -> Result<(), PpuError> {
        bench.with(|program| self.command_in(program, command))?;
        Ok(())
    }

    /// Lets the chip run for `after`, and answers the control block if all commands have been done by then.
    ///
    /// # Errors
    /// [`PpuError::Bench`].
    pub fn poll(&self, bench: &mut Bench<'_>, after: SimTime) -> Result<Option<Control>, PpuError> {
        let control = self.look(bench, after)?;
        Ok((control.completed == self.issued).then_some(control))
    }

    /// Gives a command, waits for it, and insists on its success. The host looks after `expected` for the first time, and then
    /// eight times as often, until eight times that span is over.
    ///
    /// # Errors
    /// [`PpuError::Refused`], [`PpuError::Silent`].
    pub fn execute(
        &mut self,
        bench: &mut Bench<'_>,
        command: u32,
        expected: SimTime,
    ) -> Result<Control, PpuError> {
        self.command(bench, command)?;
        let step = SimTime::from_ps(expected.as_ps() / 8).max(SimTime::from_us(2));
        let patience = SimTime::from_ps(8 * expected.as_ps()).max(SimTime::from_ms(1));
        let mut waited = expected;
        let mut polled = self.poll(bench, expected)?;
        while polled.is_none() && waited < patience {
            polled = self.poll(bench, step)?;
            waited += step;
        }
        match polled {
            Some(control) => self.checked(command, control),
            None => Err(self.silent(format!("command {command}"), waited)),
        }
    }

    /// The control block of a finished command, if it was successful.
    ///
    /// # Errors
    /// [`PpuError::Refused`].
    pub fn checked(&self, command: u32, control: Control) -> Result<Control, PpuError> {
        match control.result {
            control::result::DONE => Ok(control),
            result => Err(PpuError::Refused { program: self.name, command, result }),
        }
    }

    fn look(&self, bench: &mut Bench<'_>, after: SimTime) -> Result<Control, PpuError> {
        let (results, ticket) = bench.with(|program| {
            program.barrier_omnibus().wait(after);
            // `completed` changes last and must be read first, so that what is read behind it belongs to it.
            let completed = program.read(self.control + 2);
            (completed, program.read_block(self.control, Control::SIZE / 4))
        })?;
        let completed = results.word(ticket.0).map_err(BenchError::from)?;
        Ok(Control { completed, ..Self::decode(&results, ticket.1)? })
    }

    fn silent(&self, what: String, waited: SimTime) -> PpuError {
        PpuError::Silent { program: self.name, hemisphere: self.hemisphere, what, waited }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bss2_chip::Chip;
    use bss2_firmware::stdp;
    use bss2_host::executor::{Executor, ExecutorConfig};

    #[test]
    fn a_program_takes_parameters_obeys_and_refuses() {
        let mut connection = Executor::new(Chip::new(1), ExecutorConfig::power_up());
        let mut bench = Bench::new(&mut connection);
        bench.bring_up().unwrap();
        for hemisphere in Hemisphere::ALL {
            let mut session = PpuSession::load(&mut bench, hemisphere, &bss2_firmware::STDP).unwrap();
            let mut parameters: stdp::Parameters = session.initial(control::PARAMETERS).unwrap();
            assert_eq!(parameters.pairs, 30);
            parameters.rows = 3;
            parameters.result_address = 0x4000_1000;
            session.write(&mut bench, control::PARAMETERS, &parameters).unwrap();
            session.start(&mut bench).unwrap();
            let done = session.execute(&mut bench, stdp::COMMAND_READ, SimTime::from_us(10)).unwrap();
            assert_eq!((done.records, done.completed), (3, 1));
            assert_eq!(
                session.read::<stdp::Parameters>(&mut bench, control::PARAMETERS).unwrap(),
                parameters
            );
            let refused = session.execute(&mut bench, 99, SimTime::from_us(10)).unwrap_err();
            assert_eq!(refused.to_string(), "program stdp answered command 99 with unknown command");
        }
    }

    #[test]
    fn a_variable_that_is_not_there_is_named() {
        let mut connection = Executor::new(Chip::new(1), ExecutorConfig::default());
        let mut bench = Bench::new(&mut connection);
        let error = PpuSession::load(&mut bench, Hemisphere::Top, &bss2_firmware::HELLO).unwrap_err();
        assert_eq!(error.to_string(), "program hello has no variable control of 32 bytes in PPU memory");
    }

    #[test]
    fn shared_memory_has_two_views() {
        assert_eq!(shared_word(0x4000_0010), Some(0x8000_0004));
        assert_eq!(shared_word(0x5000_0400), Some(0x8400_0100));
        assert_eq!(shared_word(0x2ffc), None);
    }
}
