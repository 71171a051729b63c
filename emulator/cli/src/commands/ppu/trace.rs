//! The commit log: everything that a processor did, one line for each instruction.
//!
//! ```text
//! # bss2 ppu commit log, format 2: cycle address word instruction ; effects < cycles lost before it
//! # main
//!          9 00000074 9421fff0  stwu    r1,-16(r1) ; store 00002fd0:f=00002fe0, r1=00002fd0 < load r1 3, fetch 2
//!         52 wake
//! ```
//!
//! Cycles are decimal and count from the release of the reset; all else is hexadecimal. A step behind the first of an instruction
//! that takes several has its number in brackets behind the word. Effects are in the order in which they happened; enables of partial accesses
//! are four bits, the highest for the lowest address. Behind `<` is why the instruction did not issue directly behind its predecessor, and
//! how many cycles each cause has cost, in decimal; only the timing model `cycle` knows. Lines that begin with `#` are comments. Two logs are the same
//! exactly if the processors did the same in the same cycles.

use std::fmt::Write as _;
use std::io::{self, Write};

use ppu_isa::timing::{Account, Slot};
use ppu_isa::{Effect, Observer};

use super::listing::Line;
use super::symbols::Symbols;

/// Writes the log. An error of the writer is kept until [`finish`](Self::finish); nothing is written after it.
pub(super) struct CommitLog<'s, W> {
    out: W,
    symbols: &'s Symbols,
    /// Effects of the instruction that is about to issue.
    effects: String,
    /// Why it issues no earlier.
    stalls: String,
    /// Sleep, which is reported before the `wait` that began it.
    behind: String,
    /// Cycle and line of an interrupt that has just begun.
    interrupt: Option<(u64, String)>,
    /// Start of the symbol that the last instruction was in.
    symbol: Option<u32>,
    error: Option<io::Error>,
}

impl<'s, W: Write> CommitLog<'s, W> {
    pub(super) fn new(out: W, symbols: &'s Symbols) -> Self {
        let mut log = Self {
            out,
            symbols,
            effects: String::new(),
            stalls: String::new(),
            behind: String::new(),
            interrupt: None,
            symbol: None,
            error: None,
        };
        log.line("# bss2 ppu commit log, format 2: cycle address word instruction ; effects < cycles lost before it");
        log
    }

    /// Writes what is left, and tells of the first error there was.
    pub(super) fn finish(mut self) -> io::Result<()> {
        if let Some((_, line)) = self.interrupt.take() {
            self.line(&line);
        }
        match self.error {
            Some(error) => Err(error),
            None => self.out.flush(),
        }
    }

    fn line(&mut self, line: &str) {
        if self.error.is_none()
            && let Err(error) = writeln!(self.out, "{line}")
        {
            self.error = Some(error);
        }
    }
}

impl<W: Write> Observer for CommitLog<'_, W> {
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        if let Some((_, line)) = self.interrupt.take() {
            self.line(&line);
        }
        let symbol = self.symbols.containing(slot.address);
        let start = symbol.map(|(_, offset)| slot.address - offset);
        if start != self.symbol {
            self.symbol = start;
            let name = symbol.map_or("no symbol", |(name, _)| name);
            self.line(&format!("# {name}"));
        }
        let Line { address, word, text, .. } = Line::new(slot.instruction.word(), slot.address, self.symbols);
        let step = if slot.step == 0 { String::new() } else { format!("[{}]", slot.step) };
        let mut line = format!("{at:>10} {address:08x} {word:08x}{step}  {text}");
        if !self.effects.is_empty() {
            let _ = write!(line, " ; {}", self.effects);
            self.effects.clear();
        }
        if !self.stalls.is_empty() {
            let _ = write!(line, " < {}", self.stalls);
            self.stalls.clear();
        }
        self.line(&line);
        if !self.behind.is_empty() {
            let behind = std::mem::take(&mut self.behind);
            self.line(&behind);
        }
    }

    fn wants_account(&self) -> bool {
        true
    }

    fn account(&mut self, _: u64, _: Slot<'_>, account: &Account) {
        for (cause, cycles) in account.stalls.iter() {
            if !self.stalls.is_empty() {
                self.stalls.push_str(", ");
            }
            let _ = write!(self.stalls, "{cause} {cycles}");
        }
    }

    fn effect(&mut self, at: u64, effect: Effect) {
        match effect {
            // `wait` issues behind this report.
            Effect::Sleep => self.behind = format!("{at:>10} sleep"),
            Effect::Wake => self.line(&format!("{at:>10} wake")),
            Effect::Interrupt { interrupt, return_address } => {
                let name = interrupt.name();
                let line = format!("{at:>10} interrupt {name}, back to {return_address:08x}");
                self.interrupt = Some((at, line));
            }
            // What is saved belongs to the interrupt; no instruction issues in its cycle.
            saved if self.interrupt.as_ref().is_some_and(|(begins, _)| *begins == at) => {
                if let Some((_, line)) = &mut self.interrupt {
                    line.push_str(if line.contains(';') { ", " } else { " ; " });
                    describe(line, &saved);
                }
            }
            effect => {
                if !self.effects.is_empty() {
                    self.effects.push_str(", ");
                }
                describe(&mut self.effects, &effect);
            }
        }
    }
}

fn describe(text: &mut String, effect: &Effect) {
    // Writing to a string succeeds.
    let _ = match effect {
        Effect::Gpr { index, value } => write!(text, "r{index}={value:08x}"),
        Effect::Cr(value) => write!(text, "cr={value:08x}"),
        Effect::Spr { spr, value } => write!(text, "{}={value:08x}", spr.name().to_lowercase()),
        Effect::Msr(value) => write!(text, "msr={value:08x}"),
        Effect::Load { address, enables, word } => {
            write!(text, "load {address:08x}:{:x}={word:08x}", enables.bits())
        }
        Effect::Store { address, enables, word } => {
            write!(text, "store {address:08x}:{:x}={word:08x}", enables.bits())
        }
        Effect::LoadVector { address } => write!(text, "load-vector {address:08x}"),
        Effect::StoreVector { address, value } => write!(text, "store-vector {address:08x}={value:?}"),
        Effect::VectorIn { address, lanes } => write!(text, "in {address:08x}:{:032x}", lanes.0),
        Effect::VectorOut { address, lanes, value } => {
            write!(text, "out {address:08x}:{:032x}={value:?}", lanes.0)
        }
        Effect::VectorRegister { index, value } => write!(text, "v{index}={value:?}"),
        Effect::Accumulator => write!(text, "accumulator"),
        Effect::VectorCondition => write!(text, "vector-condition"),
        Effect::Pins { output, enable } => write!(text, "pins={output:08x}:{enable:08x}"),
        Effect::UnknownInstruction { .. } => write!(text, "unknown-instruction"),
        Effect::UnknownSpr { number } => write!(text, "unknown-spr {number:x}"),
        // Kinds of effects that are younger than this format.
        other => write!(text, "{other:?}"),
    };
}
