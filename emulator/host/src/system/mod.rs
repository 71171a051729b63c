//! A whole system, driven from outside in lock-step: chip, plasticity processors, FPGA, and what is under way between them.
//!
//! A [`System`] is what a simulated environment, a binding to another language or a notebook stands on. Its clock moves only
//! when somebody moves it, with [`advance`](System::advance). Between two slices, at any time, spikes and accesses go in for
//! moments of the caller's choice, and spikes and answers come out with their times. Where the time is cut has no influence
//! on anything: what happens at a moment depends on the moments for which things were asked for, and among things of
//! the same moment on the order of asking.
//!
//! Times are those of the chip. A label that is handed in for time `t` reaches the chip's end of the link at `t`; a spike
//! that comes out has passed the chip's output at its time. There are no link latencies here: they are the FPGA's, and
//! count for playback programs. A program runs at any time between two slices ([`Connection`]), and what is due while it
//! runs happens while it runs.
//!
//! ```
//! use bss2_base::{Hemisphere, SimTime};
//! use bss2_chip::ChipOptions;
//! use bss2_host::system::System;
//!
//! // After power-up the crossbar lets everything pass: labels from the host come straight back.
//! let mut system = System::new(ChipOptions { seed: 3, ..ChipOptions::default() });
//! let padi = 0x0011_0001;
//! system.write(padi, 0x3)?;
//! let mut echoes = 0;
//! for step in 0..100 {
//!     let begin = system.now();
//!     // An environment reacts to the spikes of the last slice by the spikes of the next one.
//!     echoes += system.take_spikes().iter().filter(|spike| spike.time < begin).count();
//!     system.spike_at(begin + SimTime::from_us(2), 0x0005)?;
//!     let look = system.read_at(begin + SimTime::from_us(7), padi)?;
//!     system.advance(begin + SimTime::from_us(10));
//!     assert_eq!(system.take_answers().pop().map(|answer| (answer.ticket, answer.value)), Some((look, 0x3)));
//! }
//! assert!(echoes >= 99);
//! // The same system goes on from here, today or in another process.
//! let bytes = system.save()?;
//! let mut copy = System::restore(&bytes)?;
//! copy.advance(SimTime::from_ms(2));
//! assert_eq!(copy.now(), SimTime::from_ms(2));
//! # assert_eq!(copy.mailbox(Hemisphere::Top), "");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod agenda;
mod timed_chip;

pub use timed_chip::TimedChip;

use crate::archive::{self, ArchiveError, Kind};
use crate::connection::{Connection, ConnectionError, RunControl};
use crate::device::{ChipEvent, Device, EventPayload};
use crate::executor::{Executor, ExecutorConfig};
use crate::playback::{FPGA, PPU_SRAM_WORDS, Program, ppu_control, ppu_sram, ppu_status};
use crate::ppu_program::{MAILBOX, PpuMemory, PpuProgram, mailbox_text};
use crate::recording::Results;
use agenda::Operation;
use bss2_base::{Hemisphere, SimTime};
use bss2_chip::external_memory::ExternalMemory;
use bss2_chip::{Chip, ChipOptions};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Raised whenever the serialised state of a system changes.
const KIND: Kind = Kind { name: *b"SYST", version: 4 };

/// A chip behind its FPGA, in this process, with its time in the caller's hand. See the [module](self).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct System {
    executor: Executor<TimedChip>,
    /// What has left the chip while no program ran.
    events: Vec<ChipEvent>,
}

/// A spike of the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spike {
    /// When it passed the chip's output; a multiple of 4 ns at the nominal clock.
    pub time: SimTime,
    /// Its 16-bit label: SPL1 address `[15:14]`, neuron label `[13:0]` (event-routing 2.1).
    pub label: u16,
}

/// A sample of the membrane ADC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadcSample {
    /// When it was taken.
    pub time: SimTime,
    /// Value `[9:0]`, channel bit 10 (event-routing 3.3).
    pub value: u16,
}

/// Tells the answer to a read from the answers to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReadTicket(u64);

/// What a read has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Of which read.
    pub ticket: ReadTicket,
    /// When the word was looked at: the time that was asked for.
    pub time: SimTime,
    /// The word.
    pub value: u32,
}

/// Why something can't be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SystemError {
    /// Time does not run backwards.
    #[error("{at} is past: the chip's clock shows {now}")]
    Past {
        /// The moment that was asked for.
        at: SimTime,
        /// The chip's time.
        now: SimTime,
    },
    /// A register of the FPGA.
    #[error(
        "{0:#010x} is a register of the FPGA, which only playback programs reach; here are the chip and the two memories at 0x80000000 and 0x84000000"
    )]
    FpgaRegister(u32),
    /// The memory of a processor is smaller than that.
    #[error("word {word} is not among the {PPU_SRAM_WORDS} words of a processor's memory")]
    PpuWord {
        /// Index of the first word outside.
        word: usize,
    },
}

impl System {
    /// A new chip behind an FPGA that has been started: links up, system time synchronised.
    pub fn new(options: ChipOptions) -> Self {
        Self::with_config(Chip::with_options(options), ExecutorConfig::default())
    }

    /// A chip of any history behind an FPGA.
    pub fn with_config(chip: Chip, config: ExecutorConfig) -> Self {
        Self { executor: Executor::new(TimedChip::new(chip), config), events: Vec::new() }
    }

    // ---- Time

    /// The chip's clock.
    pub fn now(&self) -> SimTime {
        self.executor.device().now()
    }

    /// Lets the system run until the chip's clock shows `until`, and does whatever is due by then, `until` included. No
    /// effect if that is past.
    pub fn advance(&mut self, until: SimTime) {
        self.executor.idle(until, &mut self.events);
    }

    /// Number of spikes and accesses that were asked for and have not happened yet.
    pub fn pending(&self) -> usize {
        self.executor.device().pending()
    }

    // ---- In

    /// A label reaches the chip's end of the link at `at`.
    ///
    /// # Errors
    /// [`SystemError::Past`].
    pub fn spike_at(&mut self, at: SimTime, label: u16) -> Result<(), SystemError> {
        self.ask(at, Operation::Spike(label))
    }

    /// Writes a word of the chip, or of the memory that chip and FPGA share, at `at`.
    ///
    /// # Errors
    /// [`SystemError::Past`], [`SystemError::FpgaRegister`].
    pub fn write_at(&mut self, at: SimTime, address: u32, value: u32) -> Result<(), SystemError> {
        self.write_bytes_at(at, address, value, 0xF)
    }

    /// The same for the bytes whose enable bit is set; bit k covers data bits `8k+7..8k` (register-map 2).
    ///
    /// # Errors
    /// [`SystemError::Past`], [`SystemError::FpgaRegister`].
    pub fn write_bytes_at(
        &mut self,
        at: SimTime,
        address: u32,
        value: u32,
        enables: u8,
    ) -> Result<(), SystemError> {
        check_address(address)?;
        self.ask(at, Operation::Write { address, value, enables })
    }

    /// Reads a word at `at`; [`take_answers`](Self::take_answers) gives it once that is past. What the bus would need to bring
    /// it to a host is not waited for.
    ///
    /// # Errors
    /// [`SystemError::Past`], [`SystemError::FpgaRegister`].
    pub fn read_at(&mut self, at: SimTime, address: u32) -> Result<ReadTicket, SystemError> {
        check_address(address)?;
        self.check_time(at)?;
        Ok(self.executor.device_mut().push_read(at, address))
    }

    /// The level of the chip's reset line changes at `at` (host-interface 2.6).
    ///
    /// # Errors
    /// [`SystemError::Past`].
    pub fn reset_at(&mut self, at: SimTime, level: bool) -> Result<(), SystemError> {
        self.ask(at, Operation::Reset(level))
    }

    /// Writes a word now.
    ///
    /// # Errors
    /// [`SystemError::FpgaRegister`].
    pub fn write(&mut self, address: u32, value: u32) -> Result<(), SystemError> {
        self.write_at(self.now(), address, value)?;
        self.advance(self.now());
        Ok(())
    }

    /// Reads a word now, after everything that was asked for this moment.
    ///
    /// # Errors
    /// [`SystemError::FpgaRegister`].
    pub fn read(&mut self, address: u32) -> Result<u32, SystemError> {
        check_address(address)?;
        self.advance(self.now());
        Ok(self.executor.device_mut().read_now(address))
    }

    fn check_time(&self, at: SimTime) -> Result<(), SystemError> {
        let now = self.now();
        if at < now { Err(SystemError::Past { at, now }) } else { Ok(()) }
    }

    fn ask(&mut self, at: SimTime, operation: Operation) -> Result<(), SystemError> {
        self.check_time(at)?;
        self.executor.device_mut().push(at, operation);
        Ok(())
    }

    // ---- Out

    /// The spikes that have left the chip since the last call, oldest first; those that came while a program ran are in its
    /// recording, if it recorded.
    pub fn take_spikes(&mut self) -> Vec<Spike> {
        self.take(|time, payload| match payload {
            EventPayload::Spike(label) => Some(Spike { time, label }),
            EventPayload::Madc(_) => None,
        })
    }

    /// The samples of the membrane ADC that have left the chip since the last call, oldest first.
    pub fn take_samples(&mut self) -> Vec<MadcSample> {
        self.take(|time, payload| match payload {
            EventPayload::Madc(value) => Some(MadcSample { time, value }),
            EventPayload::Spike(_) => None,
        })
    }

    fn take<T>(&mut self, choose: impl Fn(SimTime, EventPayload) -> Option<T>) -> Vec<T> {
        let mut taken = Vec::new();
        self.events.retain(|event| match choose(event.time, event.payload) {
            Some(item) => {
                taken.push(item);
                false
            }
            None => true,
        });
        taken
    }

    /// The answers to the reads whose time has come since the last call, in that order.
    pub fn take_answers(&mut self) -> Vec<Answer> {
        self.executor.device_mut().take_answers()
    }

    // ---- Processors

    /// Holds a processor in reset and writes a program into its memory and into the memory it shares with the FPGA;
    /// [`start_ppu`](Self::start_ppu) lets it run. Nothing but a program that fits comes out of [`PpuProgram::parse`].
    pub fn load_ppu(&mut self, hemisphere: Hemisphere, program: &PpuProgram) {
        let now = self.now();
        let device = self.executor.device_mut();
        let mut write = |address, value| {
            device.push(now, Operation::Write { address, value, enables: 0xF });
        };
        write(ppu_control(hemisphere), 0);
        for (address, word) in (ppu_sram(hemisphere)..).zip(program.internal_words()) {
            write(address, word);
        }
        let banks = [(PpuMemory::External, 0x8000_0000), (PpuMemory::ExternalDram, 0x8400_0000)];
        for (memory, first) in banks {
            let image = program.image(memory).unwrap_or_default();
            for (address, bytes) in (first..).zip(image.chunks(4)) {
                let mut word = [0; 4];
                word[..bytes.len()].copy_from_slice(bytes);
                write(address, u32::from_be_bytes(word));
            }
        }
        self.advance(now);
    }

    /// Releases the reset of a processor now: it begins at address 0.
    pub fn start_ppu(&mut self, hemisphere: Hemisphere) {
        self.control_ppu(hemisphere, 1);
    }

    /// Holds a processor in reset; its memory stays.
    pub fn stop_ppu(&mut self, hemisphere: Hemisphere) {
        self.control_ppu(hemisphere, 0);
    }

    fn control_ppu(&mut self, hemisphere: Hemisphere, value: u32) {
        let now = self.now();
        let operation = Operation::Write { address: ppu_control(hemisphere), value, enables: 0xF };
        self.executor.device_mut().push(now, operation);
        self.advance(now);
    }

    /// Whether a processor sleeps, as its status register says (ppu-isa 7.2).
    pub fn ppu_sleeps(&mut self, hemisphere: Hemisphere) -> bool {
        self.advance(self.now());
        self.executor.device_mut().read_now(ppu_status(hemisphere)) & 1 == 1
    }

    /// What a processor has written into its mailbox: the text up to the first zero byte (ppu-isa 7.3).
    pub fn mailbox(&mut self, hemisphere: Hemisphere) -> String {
        self.advance(self.now());
        let sram = &self.chip().ppu(hemisphere).sram;
        mailbox_text(sram.get(MAILBOX as usize / 4..).unwrap_or_default())
    }

    /// Words of a processor's memory from word `first` on, now. With [`PpuProgram::symbol`] variables are found by name.
    ///
    /// # Errors
    /// [`SystemError::PpuWord`].
    pub fn ppu_words(
        &mut self,
        hemisphere: Hemisphere,
        first: usize,
        count: usize,
    ) -> Result<Vec<u32>, SystemError> {
        check_words(first, count)?;
        self.advance(self.now());
        Ok(self.chip().ppu(hemisphere).sram[first..first + count].to_vec())
    }

    /// Writes words of a processor's memory from word `first` on, now.
    ///
    /// # Errors
    /// [`SystemError::PpuWord`].
    pub fn write_ppu_words(
        &mut self,
        hemisphere: Hemisphere,
        first: usize,
        words: &[u32],
    ) -> Result<(), SystemError> {
        check_words(first, words.len())?;
        let now = self.now();
        let device = self.executor.device_mut();
        for (address, &value) in (ppu_sram(hemisphere) + first as u32..).zip(words) {
            device.push(now, Operation::Write { address, value, enables: 0xF });
        }
        self.advance(now);
        Ok(())
    }

    // ---- Programs, inside

    /// The FPGA, for a server or for instructions that are fed one by one. Events that leave the chip while it executes are
    /// the FPGA's.
    pub fn executor_mut(&mut self) -> &mut Executor<TimedChip> {
        self.executor.synchronise_clocks();
        &mut self.executor
    }

    /// The chip, with all that no host can see.
    pub fn chip(&self) -> &Chip {
        self.executor.device().chip()
    }

    /// The chip, to be changed. Advancing it here disturbs the system's idea of time.
    pub fn chip_mut(&mut self) -> &mut Chip {
        self.executor.device_mut().chip_mut()
    }

    // ---- Snapshots

    /// The complete state: chip with its options and external memory, FPGA, links, what is under way, what was asked for
    /// and has not happened, what has come out and was not taken.
    ///
    /// # Errors
    /// [`ArchiveError::Value`] if the state can't be serialised, which that of a system that runs always can.
    pub fn save(&self) -> Result<Vec<u8>, ArchiveError> {
        archive::encode(KIND, self)
    }

    /// The system that was saved; it goes on as if nothing had been.
    ///
    /// # Errors
    /// Why the bytes are no snapshot of a system of this version: damaged, cut short, or something else.
    pub fn restore(bytes: &[u8]) -> Result<Self, ArchiveError> {
        archive::decode(KIND, bytes)
    }
}

/// Runs in this process, from the present moment on; never fails.
impl Connection for System {
    fn run_with(
        &mut self,
        program: &Program,
        control: &mut RunControl<'_>,
    ) -> Result<Results, ConnectionError> {
        self.executor_mut().run_with(program, control)
    }
}

fn check_address(address: u32) -> Result<(), SystemError> {
    match address & FPGA != 0 && ExternalMemory::locate(address).is_none() {
        true => Err(SystemError::FpgaRegister(address)),
        false => Ok(()),
    }
}

fn check_words(first: usize, count: usize) -> Result<(), SystemError> {
    match first.checked_add(count) {
        Some(end) if end <= PPU_SRAM_WORDS => Ok(()),
        _ => Err(SystemError::PpuWord { word: first.max(PPU_SRAM_WORDS) }),
    }
}
