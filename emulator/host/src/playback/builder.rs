//! The typed way to write a playback program.

use super::address::*;
use super::timeline::{Played, Timeline};
use super::{Barrier, Epoch, FpgaCycles, Instruction, JtagTicket, Labels, MarkerTicket, Program, ReadTicket};
use bss2_base::Hemisphere;
use thiserror::Error;

/// What is wrong with a program, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("instruction {instruction}: {kind}")]
pub struct BuildError {
    /// Index that the offending instruction would have had.
    pub instruction: usize,
    /// The reason.
    pub kind: BuildErrorKind,
}

/// Why an instruction can't be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BuildErrorKind {
    /// The playback timer has 32 bits.
    #[error("time {0} exceeds the 32 bits of the playback timer (2^32 cycles of 8 ns are 34.4 s)")]
    TimeOutOfRange(u64),
    /// A pack takes one to three labels.
    #[error("a spike pack takes 1 to 3 labels, not {0}")]
    PackSize(usize),
    /// The columns of a spike train differ in length.
    #[error("{times} spike times but {labels} labels")]
    ColumnsDiffer {
        /// Entries of the time column.
        times: usize,
        /// Entries of the label column.
        labels: usize,
    },
    /// An action of a timeline can't be executed in time, and the timeline refuses that.
    #[error(
        "the action at cycle {due} would be executed at cycle {earliest}, later than the tolerance of {tolerance}"
    )]
    Late {
        /// Cycle it was asked for.
        due: u64,
        /// Cycle in which it could be executed.
        earliest: u64,
        /// Cycles of delay the timeline tolerates.
        tolerance: u64,
    },
    /// A JTAG shift takes 3 to 33 bits (host-interface 4.2).
    #[error("a JTAG shift takes 3 to 33 bits, not {0}")]
    JtagBits(u8),
    /// The PPU's memory is smaller than the image.
    #[error("a PPU image of {0} words does not fit into 4096")]
    PpuImage(usize),
}

/// Writes a [`Program`] instruction by instruction.
///
/// Methods never fail: the first mistake is kept and returned by [`finish`](ProgramBuilder::finish) with the index of the
/// instruction, so that calls can be chained and placed in loops.
///
/// ```
/// use bss2_base::SimTime;
/// use bss2_host::playback::{ProgramBuilder, Timeline};
///
/// let mut builder = ProgramBuilder::new();
/// builder.write(0x0011_0001, 0x3).event_recording(true);
/// let mut stimulus = Timeline::new();
/// for n in 0..100 {
///     stimulus.spike(SimTime::from_us(10 * n), 0x4005);
/// }
/// stimulus.end(SimTime::from_us(1100));
/// let played = builder.play(&stimulus);
/// let counter = builder.read(0x0013_0079);
/// builder.barrier_omnibus();
/// let program = builder.finish()?;
/// # let _ = (played, counter, program);
/// # Ok::<(), bss2_host::playback::BuildError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ProgramBuilder {
    instructions: Vec<Instruction>,
    reads: usize,
    jtag_reads: usize,
    markers: usize,
    error: Option<BuildError>,
}

impl ProgramBuilder {
    /// An empty program.
    pub fn new() -> Self {
        Self::default()
    }

    /// The program, or the first mistake made while writing it.
    pub fn finish(self) -> Result<Program, BuildError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(Program::from_instructions(self.instructions)),
        }
    }

    pub(super) fn into_instructions(self) -> Vec<Instruction> {
        self.instructions
    }

    /// Number of instructions so far.
    pub fn len(&self) -> usize {
        self.instructions.len()
    }

    /// Whether there is no instruction yet.
    pub fn is_empty(&self) -> bool {
        self.instructions.is_empty()
    }

    pub(super) fn fail(&mut self, kind: BuildErrorKind) {
        let instruction = self.instructions.len();
        self.error.get_or_insert(BuildError { instruction, kind });
    }

    /// Any instruction. A halt is dropped: it belongs to the connection.
    pub fn instruction(&mut self, instruction: Instruction) -> &mut Self {
        match instruction {
            Instruction::Loopback(false) => return self,
            Instruction::Loopback(true) => self.markers += 1,
            Instruction::OmnibusAddress { read: true, .. } => self.reads += 1,
            Instruction::JtagData { keep_response: true, .. } => self.jtag_reads += 1,
            _ => {}
        }
        self.instructions.push(instruction);
        self
    }

    /// All instructions of another program; its tickets are worth nothing here.
    pub fn append(&mut self, program: &Program) -> &mut Self {
        self.instructions.reserve(program.len());
        for &instruction in program.instructions() {
            self.instruction(instruction);
        }
        self
    }

    // ---- Omnibus ----

    /// Writes a word (2 cycles).
    pub fn write(&mut self, address: u32, value: u32) -> &mut Self {
        self.write_bytes(address, value, 0xF)
    }

    /// Writes the bytes of a word whose enable bit is set; bit k covers data bits `8k+7..8k`.
    pub fn write_bytes(&mut self, address: u32, value: u32, enables: u8) -> &mut Self {
        self.instructions.push(Instruction::OmnibusAddress { address, enables: enables & 0xF, read: false });
        self.instructions.push(Instruction::OmnibusData(value));
        self
    }

    /// Writes consecutive words.
    pub fn write_block(&mut self, first_address: u32, words: &[u32]) -> &mut Self {
        self.instructions.reserve(2 * words.len());
        for (address, &word) in (first_address..=u32::MAX).zip(words) {
            self.write(address, word);
        }
        self
    }

    /// Writes pairs of address and word in the given order.
    pub fn write_all(&mut self, writes: impl IntoIterator<Item = (u32, u32)>) -> &mut Self {
        for (address, word) in writes {
            self.write(address, word);
        }
        self
    }

    /// Reads a word (1 cycle; the answer arrives a round trip later).
    pub fn read(&mut self, address: u32) -> ReadTicket {
        self.read_all([address])
    }

    /// Reads consecutive words.
    pub fn read_block(&mut self, first_address: u32, count: usize) -> ReadTicket {
        self.read_all((first_address..=u32::MAX).take(count))
    }

    /// Reads words in the given order under one ticket.
    pub fn read_all(&mut self, addresses: impl IntoIterator<Item = u32>) -> ReadTicket {
        let first = self.reads;
        for address in addresses {
            self.instruction(Instruction::OmnibusAddress { address, enables: 0xF, read: true });
        }
        ReadTicket { first, count: self.reads - first }
    }

    // ---- Waiting ----

    /// Sets the timer to 0.
    pub fn setup(&mut self) -> &mut Self {
        self.instruction(Instruction::Setup)
    }

    /// Stalls until the timer shows `time`. The next instruction executes one cycle later (host-interface 2.3).
    pub fn wait_until(&mut self, time: impl Into<FpgaCycles>) -> &mut Self {
        let FpgaCycles(cycles) = time.into();
        match u32::try_from(cycles) {
            Ok(cycles) => self.instruction(Instruction::WaitUntil(cycles)),
            Err(_) => {
                self.fail(BuildErrorKind::TimeOutOfRange(cycles));
                self
            }
        }
    }

    /// Resets the timer and waits: `Setup`, `WaitUntil(span)`.
    pub fn wait(&mut self, span: impl Into<FpgaCycles>) -> &mut Self {
        self.setup().wait_until(span)
    }

    /// Stalls until the selected subsystems are idle.
    pub fn barrier(&mut self, mask: Barrier) -> &mut Self {
        self.instruction(Instruction::Barrier(mask))
    }

    /// Stalls until all Omnibus accesses have completed.
    pub fn barrier_omnibus(&mut self) -> &mut Self {
        self.barrier(Barrier::OMNIBUS)
    }

    /// Stalls until the word at `address` satisfies `value & mask == target` (`value & mask != target` if `equal` is
    /// false), or the instruction timeout ends the program.
    pub fn poll(&mut self, address: u32, mask: u32, target: u32, equal: bool) -> &mut Self {
        self.write_block(FPGA_POLL_ADDRESS, &[address, target, mask])
            .barrier_omnibus()
            .instruction(Instruction::PollingOmnibusBlock(equal))
    }

    /// Longest stall of barriers and polls; the reset value is 10 ms.
    pub fn instruction_timeout(&mut self, span: impl Into<FpgaCycles>) -> &mut Self {
        let FpgaCycles(cycles) = span.into();
        self.write(FPGA_INSTRUCTION_TIMEOUT, u32::try_from(cycles).unwrap_or(u32::MAX))
    }

    // ---- Events and time ----

    /// Forwards events of the chip to the host, or discards them at the FPGA.
    pub fn event_recording(&mut self, on: bool) -> &mut Self {
        self.write(FPGA_EVENT_RECORDING, u32::from(on))
    }

    /// Injects one label now.
    pub fn spike(&mut self, label: u16) -> &mut Self {
        self.instruction(Instruction::SpikePack(Labels::one(label)))
    }

    /// Injects one to three labels in the same cycle.
    pub fn spike_pack(&mut self, labels: &[u16]) -> &mut Self {
        match Labels::new(labels) {
            Some(labels) => self.instruction(Instruction::SpikePack(labels)),
            None => {
                self.fail(BuildErrorKind::PackSize(labels.len()));
                self
            }
        }
    }

    /// Plays spikes and actions at absolute times, counted from the moment where they are inserted.
    pub fn play(&mut self, timeline: &Timeline) -> Played {
        timeline.play(self)
    }

    /// A marker: its time of execution comes back.
    pub fn marker(&mut self) -> MarkerTicket {
        self.instruction(Instruction::TICK);
        MarkerTicket { index: self.markers - 1 }
    }

    /// A marker directly followed by the timer's reset: recorded times become relative to it. Answers to earlier reads are
    /// waited for, because two responses can't share a cycle and the marker's time is to be exact.
    pub fn epoch(&mut self) -> Epoch {
        self.barrier_omnibus();
        let marker = self.marker();
        self.setup();
        Epoch { marker, zero_after: FpgaCycles(1) }
    }

    /// Synchronises the system time of chip and FPGA and waits for that.
    pub fn synchronise_systime(&mut self) -> &mut Self {
        self.instruction(Instruction::SystimeInit(true)).barrier(Barrier::SYSTIME)
    }

    // ---- Chip control ----

    /// Level of the chip reset line.
    pub fn reset(&mut self, level: bool) -> &mut Self {
        self.instruction(Instruction::Reset(level))
    }

    /// Holds a PPU in reset and writes words to the start of its SRAM.
    pub fn load_ppu(&mut self, hemisphere: Hemisphere, words: &[u32]) -> &mut Self {
        if words.len() > PPU_SRAM_WORDS {
            self.fail(BuildErrorKind::PpuImage(words.len()));
            return self;
        }
        self.stop_ppu(hemisphere).write_block(ppu_sram(hemisphere), words)
    }

    /// Releases a PPU: execution starts at address 0.
    pub fn start_ppu(&mut self, hemisphere: Hemisphere) -> &mut Self {
        self.write(ppu_control(hemisphere), 1)
    }

    /// Holds a PPU in reset; its memory survives.
    pub fn stop_ppu(&mut self, hemisphere: Hemisphere) -> &mut Self {
        self.write(ppu_control(hemisphere), 0)
    }

    /// Stalls until a PPU sleeps.
    pub fn wait_for_ppu(&mut self, hemisphere: Hemisphere) -> &mut Self {
        self.poll(ppu_status(hemisphere), u32::MAX, 0, false)
    }

    /// Sends one frame to a client of the SPI master on the board, most significant byte first: 1 is the shift register, 2
    /// and 4 are the voltage converters (register-map 10.1).
    pub fn spi_frame(&mut self, client: u32, bytes: &[u8]) -> &mut Self {
        for (index, &byte) in bytes.iter().enumerate() {
            let last = index + 1 == bytes.len();
            self.write(FPGA_SPI + client, u32::from(byte) | u32::from(last) << 31);
        }
        self
    }

    // ---- JTAG (host-interface 2.5) ----

    fn jtag_shift(&mut self, register: u8, data: u64, bits: u8, keep_response: bool) -> &mut Self {
        self.instruction(Instruction::JtagInstruction(register));
        self.instruction(Instruction::JtagData { data, bits, keep_response })
    }

    /// Selects a JTAG register and shifts `bits` bits through it, keeping what comes out.
    pub fn jtag_exchange(&mut self, register: u8, data: u64, bits: u8) -> JtagTicket {
        if !(3..=33).contains(&bits) {
            self.fail(BuildErrorKind::JtagBits(bits));
        }
        self.jtag_shift(register & 0x7F, data, bits, true);
        JtagTicket { index: self.jtag_reads - 1 }
    }

    /// Reads the identification of the chip: 0x348580AF on v3.
    pub fn jtag_id(&mut self) -> JtagTicket {
        self.jtag_exchange(1, 0, 32)
    }

    /// Writes a chip register through JTAG, which needs no link.
    pub fn jtag_write(&mut self, address: u32, value: u32) -> &mut Self {
        self.jtag_shift(5, u64::from(address), 33, false)
            .jtag_shift(6, u64::from(value), 32, false)
            .jtag_shift(7, 0, 3, false)
    }

    /// Reads a chip register through JTAG, which needs no link.
    pub fn jtag_read(&mut self, address: u32) -> JtagTicket {
        self.jtag_shift(5, u64::from(address) | 1 << 32, 33, false).jtag_shift(7, 0, 3, false);
        self.jtag_exchange(6, 0, 32)
    }

    /// Writes a PLL register, number 0..=15.
    pub fn pll_write(&mut self, register: u8, value: u32) -> &mut Self {
        self.jtag_shift(3, u64::from(register & 0xF), 4, false).jtag_shift(4, u64::from(value), 32, false)
    }

    /// Writes the chip's configuration register of link 0..=7.
    pub fn jtag_phy_write(&mut self, phy: u8, value: u32) -> &mut Self {
        self.jtag_shift(0x44 | (7 - (phy & 7)) << 3, u64::from(value & 0x3F_FFFF), 22, false)
    }
}
