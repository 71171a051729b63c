//! A chip on which one processor runs one program, with nobody at the other end of its links.

use bss2_base::{Hemisphere, SimTime};
use bss2_chip::Chip;
use bss2_debug::{DebugError, Debugger, Listener};
use bss2_host::device::{Device, SharedMemory};
use bss2_host::ppu_program::{
    Contents, MAILBOX, MAILBOX_SIZE, PpuMemory, PpuProgram, RETURN_CODE, mailbox_text,
};
use ppu_isa::Observer;

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

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The program has gone through the exit routine of its runtime, with this return code.
    Returned(i32),
    /// It sleeps elsewhere, and no timer will wake it: it waits for somebody who is not there.
    Asleep,
    /// The time was over first.
    TimedOut,
    /// The user did not want to wait.
    Interrupted,
}

/// A chip after power-up with a program in its memories.
pub(super) struct Machine {
    chip: Chip,
    hemisphere: Hemisphere,
    symbols: Symbols,
    released: SimTime,
}

impl Machine {
    pub(super) fn new(program: &PpuProgram, hemisphere: Hemisphere, seed: u64) -> Self {
        let chip = power_up::chip(seed);
        let released = chip.now();
        let mut machine = Self { chip, hemisphere, symbols: Symbols::of(program), released };
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

    /// Writes bytes to a memory as a host does: word by word, with enables.
    pub(super) fn write(&mut self, memory: PpuMemory, offset: u32, bytes: &[u8]) {
        let mut rest = bytes;
        let mut offset = offset;
        while !rest.is_empty() {
            // As far as the word goes; enable bit 3 and the highest byte are at the lowest address.
            let first = offset as usize % 4;
            let (now, later) = rest.split_at(rest.len().min(4 - first));
            let mut word = [0; 4];
            word[first..first + now.len()].copy_from_slice(now);
            let enables = (first..first + now.len()).fold(0, |bits, byte| bits | 8 >> byte);
            let (index, value) = (offset / 4, u32::from_be_bytes(word));
            match memory {
                PpuMemory::Internal => {
                    let address = SRAM[self.hemisphere.index()] + index;
                    Device::write(&mut self.chip, address, value, enables);
                }
                PpuMemory::External => self.chip.write_shared(SharedMemory::Sram, index, value, enables),
                PpuMemory::ExternalDram => self.chip.write_shared(SharedMemory::Dram, index, value, enables),
            }
            offset += now.len() as u32;
            rest = later;
        }
    }

    /// Releases the reset.
    pub(super) fn release(&mut self) {
        self.released = self.chip.now();
        Device::write(&mut self.chip, CONTROL[self.hemisphere.index()], 1, 0xf);
    }

    /// Gives the chip to one GDB, until it leaves.
    pub(super) fn debug(&mut self, listener: &Listener) -> Result<bss2_debug::Ending, DebugError> {
        let mut debugger = Debugger::new(self.chip.clone());
        let ending = listener.session(&mut debugger);
        self.chip = debugger.into_chip();
        ending
    }

    /// Lets the program run until it has ended, for `limit` at the most.
    pub(super) fn run(&mut self, limit: SimTime, cancel: &Cancel, observer: &mut impl Observer) -> Ending {
        let end = self.chip.now() + limit;
        loop {
            if cancel.is_set() {
                return Ending::Interrupted;
            }
            let next = end.min(self.chip.now() + LOOK_INTERVAL);
            // Nobody has set a breakpoint, so the chip gets there.
            let stopped = match self.hemisphere {
                Hemisphere::Top => self.chip.advance_observed(next, observer, &mut ()),
                Hemisphere::Bottom => self.chip.advance_observed(next, &mut (), observer),
            };
            debug_assert!(stopped.is_none(), "nobody asked for a stop");
            if self.has_exited() {
                return Ending::Returned(self.word(RETURN_CODE) as i32);
            }
            if self.chip.ppu(self.hemisphere).sleeps_for_good() {
                return Ending::Asleep;
            }
            if next == end {
                return Ending::TimedOut;
            }
        }
    }

    /// Whether the processor sleeps in an exit routine, as every runtime must have one for hosts to find the return code: stack
    /// pointer stored, `wait`, branch back to it (ppu-isa 7.2). A timer may still wake it there.
    fn has_exited(&self) -> bool {
        let ppu = self.chip.ppu(self.hemisphere);
        let stack_pointer = ppu.core.state().gpr[1];
        ppu.sleeps_at(self.chip.now())
            && stack_pointer != 0
            && self.word(STACK_POINTER_AT_EXIT) == stack_pointer
            && self.instruction(self.pc()) == Some(BRANCH_BACK)
    }

    /// The instruction word at an address in SRAM or in FPGA memory.
    fn instruction(&self, address: u32) -> Option<u32> {
        let memory = [PpuMemory::ExternalDram, PpuMemory::External, PpuMemory::Internal]
            .into_iter()
            .find(|&memory| address >= code_base(memory))?;
        let offset = address - code_base(memory);
        let word = offset as usize / 4;
        (offset < memory.size()).then(|| match memory {
            PpuMemory::Internal => self.word(offset),
            PpuMemory::External => self.chip.external_memory().read(SharedMemory::Sram.into(), word),
            PpuMemory::ExternalDram => self.chip.external_memory().read(SharedMemory::Dram.into(), word),
        })
    }

    /// The word of SRAM at a byte address.
    fn word(&self, address: u32) -> u32 {
        self.chip.ppu(self.hemisphere).sram[address as usize / 4]
    }

    /// The text that the program has left in its mailbox.
    pub(super) fn mailbox(&self) -> String {
        let words = (MAILBOX..MAILBOX + MAILBOX_SIZE).step_by(4);
        mailbox_text(&words.map(|address| self.word(address)).collect::<Vec<_>>())
    }

    /// Where the processor is.
    pub(super) fn pc(&self) -> u32 {
        self.chip.ppu(self.hemisphere).core.state().pc
    }

    /// Cycles from the release of the reset until the processor fell asleep; `None` if it is awake.
    pub(super) fn asleep_since(&self) -> Option<u64> {
        self.chip.ppu(self.hemisphere).core.asleep_since()
    }

    /// Cycles from the release of the reset until now: up to the next look after the program's end.
    pub(super) fn simulated_cycles(&self) -> u64 {
        (self.chip.now() - self.released).cycles(SimTime::FABRIC_CYCLE)
    }

    pub(super) fn symbols(&self) -> &Symbols {
        &self.symbols
    }
}
