//! A chip on which one or both processors run a program, with nobody at the other end of its links.

use bss2_base::{Hemisphere, SimTime};
use bss2_chip::{Chip, ChipOptions, Halt};
use bss2_debug::{DebugError, Debugger, Listener};
use bss2_host::device::{Device, SharedMemory};
use bss2_host::ppu_program::{
    Contents, MAILBOX, MAILBOX_SIZE, PpuMemory, PpuProgram, RETURN_CODE, mailbox_text,
};
use ppu_isa::{Observer, Stop};

use super::symbols::{Symbols, code_base};
use crate::cancel::Cancel;
use crate::commands::power_up;

/// Omnibus word address of a processor's SRAM (register-map 5.11).
const SRAM: [u32; 2] = [0x0280_0000, 0x0380_0000];
/// Omnibus word address of its control register; bit 0 releases the reset.
const CONTROL: [u32; 2] = [0x02a0_0000, 0x03a0_0000];
/// Byte address in SRAM where the exit routine leaves the stack pointer (ppu-isa 6.7).
const STACK_POINTER_AT_EXIT: u32 = 0x2ff0;
/// `b .-4`: what follows the `wait` of the exit routine (ppu-isa 7.2).
const BRANCH_BACK: u32 = 0x4bff_fffc;
/// How often one looks whether the program has ended. Its end is exact to the cycle all the same.
const LOOK_INTERVAL: SimTime = SimTime::from_us(10);

/// How a run of one processor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The program has gone through the exit routine of its runtime, with this return code.
    Returned(i32),
    /// It sleeps elsewhere, and no timer will wake it: it waits for somebody who is not there.
    Asleep,
    /// It stands at this word, which is no instruction; silicon would go on.
    Illegal(u32),
    /// The time was over first.
    TimedOut,
    /// The user did not want to wait.
    Interrupted,
}

/// A chip after power-up with a program in its memories.
pub(super) struct Machine {
    chip: Chip,
    /// Who runs the program.
    hemispheres: Vec<Hemisphere>,
    symbols: Symbols,
    released: SimTime,
    illegal: [Option<u32>; 2],
}

impl Machine {
    pub(super) fn new(program: &PpuProgram, hemispheres: &[Hemisphere], options: ChipOptions) -> Self {
        let chip = power_up::chip_with(options);
        let released = chip.now();
        let symbols = Symbols::of(program);
        let hemispheres = hemispheres.to_vec();
        let mut machine = Self { chip, hemispheres, symbols, released, illegal: [None; 2] };
        for memory in [PpuMemory::Internal, PpuMemory::External, PpuMemory::ExternalDram] {
            for segment in program.segments(memory) {
                // All memories are zero after power-up.
                if let Contents::Bytes(bytes) = &segment.contents {
                    machine.write(memory, segment.offset, bytes);
                }
            }
        }
        machine
    }

    /// Writes bytes to a memory as a host does: word by word, with enables. What is the processor's own is written for each that runs the
    /// program.
    pub(super) fn write(&mut self, memory: PpuMemory, offset: u32, bytes: &[u8]) {
        match memory {
            PpuMemory::Internal => {
                for hemisphere in self.hemispheres.clone() {
                    self.write_own(hemisphere, offset, bytes);
                }
            }
            PpuMemory::External => self.write_words(offset, bytes, |chip, index, value, enables| {
                chip.write_shared(SharedMemory::Sram, index, value, enables);
            }),
            PpuMemory::ExternalDram => self.write_words(offset, bytes, |chip, index, value, enables| {
                chip.write_shared(SharedMemory::Dram, index, value, enables);
            }),
        }
    }

    /// Writes bytes to the SRAM of one processor.
    pub(super) fn write_own(&mut self, hemisphere: Hemisphere, offset: u32, bytes: &[u8]) {
        self.write_words(offset, bytes, |chip, index, value, enables| {
            Device::write(chip, SRAM[hemisphere.index()] + index, value, enables);
        });
    }

    fn write_words(&mut self, offset: u32, bytes: &[u8], mut write: impl FnMut(&mut Chip, u32, u32, u8)) {
        let mut rest = bytes;
        let mut offset = offset;
        while !rest.is_empty() {
            // As far as the word goes; enable bit 3 and the highest byte are at the lowest address.
            let first = offset as usize % 4;
            let (now, later) = rest.split_at(rest.len().min(4 - first));
            let mut word = [0; 4];
            word[first..first + now.len()].copy_from_slice(now);
            let enables = (first..first + now.len()).fold(0, |bits, byte| bits | 8 >> byte);
            write(&mut self.chip, offset / 4, u32::from_be_bytes(word), enables);
            offset += now.len() as u32;
            rest = later;
        }
    }

    /// Who runs the program.
    pub(super) fn hemispheres(&self) -> &[Hemisphere] {
        &self.hemispheres
    }

    /// Releases the reset.
    pub(super) fn release(&mut self) {
        self.released = self.chip.now();
        for hemisphere in &self.hemispheres {
            Device::write(&mut self.chip, CONTROL[hemisphere.index()], 1, 0xf);
        }
    }

    /// Gives the chip to one GDB, until it leaves.
    pub(super) fn debug(&mut self, listener: &Listener) -> Result<bss2_debug::Ending, DebugError> {
        let mut debugger = Debugger::new(self.chip.clone());
        let ending = listener.session(&mut debugger);
        self.chip = debugger.into_chip();
        ending
    }

    /// Lets the program run until it has ended on every processor, for `limit` at the most; both observers watch their processors.
    /// `progress` is told the time that has passed. False if the user did not want to wait.
    pub(super) fn run(
        &mut self,
        limit: SimTime,
        cancel: &Cancel,
        [top, bottom]: [&mut impl Observer; 2],
        mut progress: impl FnMut(SimTime),
    ) -> bool {
        let begin = self.chip.now();
        let end = begin + limit;
        loop {
            if cancel.is_set() {
                return false;
            }
            let next = end.min(self.chip.now() + LOOK_INTERVAL);
            while let Some(Halt { hemisphere, stop, .. }) = self.chip.advance_observed(next, top, bottom) {
                // Nobody has set a breakpoint.
                if let Stop::Illegal { word, .. } = stop {
                    self.illegal[hemisphere.index()] = Some(word);
                }
            }
            if next == end || self.hemispheres.iter().all(|&which| self.ending(which) != Ending::TimedOut) {
                return true;
            }
            progress(self.chip.now() - begin);
        }
    }

    /// What has become of the program on one processor.
    pub(super) fn ending(&self, hemisphere: Hemisphere) -> Ending {
        if let Some(word) = self.illegal[hemisphere.index()] {
            Ending::Illegal(word)
        } else if self.has_exited(hemisphere) {
            Ending::Returned(self.word(hemisphere, RETURN_CODE) as i32)
        } else if self.chip.ppu(hemisphere).sleeps_for_good() {
            Ending::Asleep
        } else {
            Ending::TimedOut
        }
    }

    /// Whether the processor sleeps in an exit routine, as every runtime must have one for hosts to find the return code: stack
    /// pointer stored, `wait`, branch back to it (ppu-isa 7.2). A timer may still wake it there.
    fn has_exited(&self, hemisphere: Hemisphere) -> bool {
        let ppu = self.chip.ppu(hemisphere);
        let stack_pointer = ppu.core.state().gpr[1];
        ppu.sleeps_at(self.chip.now())
            && stack_pointer != 0
            && self.word(hemisphere, STACK_POINTER_AT_EXIT) == stack_pointer
            && self.instruction(hemisphere, self.pc(hemisphere)) == Some(BRANCH_BACK)
    }

    /// The instruction word at an address in SRAM or in FPGA memory.
    pub(super) fn instruction(&self, hemisphere: Hemisphere, address: u32) -> Option<u32> {
        let memory = [PpuMemory::ExternalDram, PpuMemory::External, PpuMemory::Internal]
            .into_iter()
            .find(|&memory| address >= code_base(memory))?;
        let offset = address - code_base(memory);
        let word = offset as usize / 4;
        (offset < memory.size()).then(|| match memory {
            PpuMemory::Internal => self.word(hemisphere, offset),
            PpuMemory::External => self.chip.external_memory().read(SharedMemory::Sram.into(), word),
            PpuMemory::ExternalDram => self.chip.external_memory().read(SharedMemory::Dram.into(), word),
        })
    }

    /// The word of SRAM at a byte address.
    fn word(&self, hemisphere: Hemisphere, address: u32) -> u32 {
        self.chip.ppu(hemisphere).sram[address as usize / 4]
    }

    /// The words of a processor's mailbox.
    pub(super) fn mailbox_words(&self, hemisphere: Hemisphere) -> Vec<u32> {
        let words = (MAILBOX..MAILBOX + MAILBOX_SIZE).step_by(4);
        words.map(|address| self.word(hemisphere, address)).collect()
    }

    /// The text that the program has left in its mailbox.
    pub(super) fn mailbox(&self, hemisphere: Hemisphere) -> String {
        mailbox_text(&self.mailbox_words(hemisphere))
    }

    /// Where a processor is.
    pub(super) fn pc(&self, hemisphere: Hemisphere) -> u32 {
        self.chip.ppu(hemisphere).core.state().pc
    }

    /// Cycles from the release of the reset until the processor fell asleep; `None` if it is awake.
    pub(super) fn asleep_since(&self, hemisphere: Hemisphere) -> Option<u64> {
        self.chip.ppu(hemisphere).core.asleep_since()
    }

    /// Cycles that the program has taken on a processor: up to its end, if it has ended.
    pub(super) fn cycles(&self, hemisphere: Hemisphere) -> u64 {
        match self.ending(hemisphere) {
            Ending::Returned(_) | Ending::Asleep => {
                self.asleep_since(hemisphere).unwrap_or_else(|| self.simulated_cycles())
            }
            // Where the word would have been executed, as far as that is known.
            Ending::Illegal(_) => self.chip.ppu(hemisphere).core.cycle(),
            Ending::TimedOut | Ending::Interrupted => self.simulated_cycles(),
        }
    }

    /// Cycles from the release of the reset until now: up to the next look after the program's end.
    pub(super) fn simulated_cycles(&self) -> u64 {
        (self.chip.now() - self.released).cycles(SimTime::FABRIC_CYCLE)
    }

    pub(super) fn symbols(&self) -> &Symbols {
        &self.symbols
    }
}
