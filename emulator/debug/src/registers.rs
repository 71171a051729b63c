//! The registers of a processor as GDB numbers, names and transfers them (ppu-isa 8.4).
//!
//! The standard feature `org.gnu.gdb.power.core`, and one of our own for the vector unit. The numbers follow the order of the description;
//! a block transfer is all registers in that order, each big endian.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::sync::LazyLock;

use gdbstub::arch::{Arch, RegId, Registers};
use ppu_isa::State;
use ppu_isa::spr::{msr, xer};

/// A register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// A general purpose register, 32 bits.
    Gpr(u8),
    /// Address of the next instruction.
    Pc,
    /// Machine state register.
    Msr,
    /// Condition register.
    Cr,
    /// Link register.
    Lr,
    /// Count register.
    Ctr,
    /// Exception register.
    Xer,
    /// A vector register kv0..kv31, 1024 bits.
    Vector(u8),
    /// The vector accumulator ka: 64 words, one per halfword lane (ppu-isa 5.1).
    Accumulator,
    /// The vector condition kc: for each of the 128 byte lanes the flags 2 greater, 4 less, 8 equal.
    Condition,
}

const SPECIAL: [Register; 6] =
    [Register::Pc, Register::Msr, Register::Cr, Register::Lr, Register::Ctr, Register::Xer];

impl Register {
    /// All, by GDB's number.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..32)
            .map(Self::Gpr)
            .chain(SPECIAL)
            .chain((0..32).map(Self::Vector))
            .chain([Self::Accumulator, Self::Condition])
    }

    /// The register of a GDB number.
    pub fn from_number(number: usize) -> Option<Self> {
        match number {
            0..32 => Some(Self::Gpr(number as u8)),
            32..38 => Some(SPECIAL[number - 32]),
            38..70 => Some(Self::Vector((number - 38) as u8)),
            70 => Some(Self::Accumulator),
            71 => Some(Self::Condition),
            _ => None,
        }
    }

    /// Its size in bytes.
    pub const fn size(self) -> usize {
        match self {
            Self::Vector(_) | Self::Condition => 128,
            Self::Accumulator => 256,
            _ => 4,
        }
    }

    /// Its name in GDB.
    pub fn name(self) -> String {
        match self {
            Self::Gpr(n) => format!("r{n}"),
            Self::Vector(n) => format!("kv{n}"),
            Self::Pc => "pc".into(),
            Self::Msr => "msr".into(),
            Self::Cr => "cr".into(),
            Self::Lr => "lr".into(),
            Self::Ctr => "ctr".into(),
            Self::Xer => "xer".into(),
            Self::Accumulator => "ka".into(),
            Self::Condition => "kc".into(),
        }
    }

    /// Appends its value to `bytes`.
    pub fn read(self, state: &State, bytes: &mut Vec<u8>) {
        let word = match self {
            Self::Gpr(n) => state.gpr[usize::from(n & 31)],
            Self::Pc => state.pc,
            Self::Msr => state.msr,
            Self::Cr => state.cr,
            Self::Lr => state.lr,
            Self::Ctr => state.ctr,
            Self::Xer => state.xer,
            Self::Vector(n) => return bytes.extend(state.vr[usize::from(n & 31)].0),
            Self::Accumulator => return bytes.extend(state.acc.0.iter().flat_map(|word| word.to_be_bytes())),
            Self::Condition => return bytes.extend(state.vcr.0),
        };
        bytes.extend(word.to_be_bytes());
    }

    /// Gives it a value; `None` and no change if `bytes` is not of its size. Bits that do not exist stay zero.
    pub fn write(self, state: &mut State, bytes: &[u8]) -> Option<()> {
        /// The flags that a condition lane has.
        const FLAGS: u8 = 0b1110;
        match self {
            Self::Vector(n) => state.vr[usize::from(n & 31)].0 = bytes.try_into().ok()?,
            Self::Condition => {
                let lanes: [u8; 128] = bytes.try_into().ok()?;
                state.vcr.0 = lanes.map(|lane| lane & FLAGS);
            }
            Self::Accumulator => {
                let bytes: &[u8; 256] = bytes.try_into().ok()?;
                for (lane, word) in state.acc.0.iter_mut().zip(bytes.chunks_exact(4)) {
                    *lane = u32::from_be_bytes([word[0], word[1], word[2], word[3]]);
                }
            }
            _ => {
                let word = u32::from_be_bytes(bytes.try_into().ok()?);
                match self {
                    Self::Gpr(n) => state.gpr[usize::from(n & 31)] = word,
                    Self::Pc => state.pc = word & !3,
                    Self::Msr => state.msr = word & msr::MASK,
                    Self::Cr => state.cr = word,
                    Self::Lr => state.lr = word,
                    Self::Ctr => state.ctr = word,
                    _ => state.xer = word & (xer::SO | xer::OV | xer::CA),
                }
            }
        }
        Some(())
    }
}

impl RegId for Register {
    fn from_raw_id(id: usize) -> Option<(Self, Option<NonZeroUsize>)> {
        Self::from_number(id).map(|register| (register, NonZeroUsize::new(register.size())))
    }
}

/// All registers in one transfer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// Their bytes, in the order of the numbers.
    pub bytes: Vec<u8>,
    pc: u32,
}

impl Block {
    /// The registers of a processor.
    pub fn of(state: &State) -> Self {
        let mut bytes = Vec::new();
        for register in Register::all() {
            register.read(state, &mut bytes);
        }
        Self { bytes, pc: state.pc }
    }

    /// Gives a processor the registers, as far as the block goes.
    pub fn apply(&self, state: &mut State) {
        let mut rest = self.bytes.as_slice();
        for register in Register::all() {
            let Some((now, later)) = rest.split_at_checked(register.size()) else { return };
            let written = register.write(state, now);
            debug_assert!(written.is_some(), "split at its size");
            rest = later;
        }
    }
}

impl Registers for Block {
    type ProgramCounter = u32;

    fn pc(&self) -> u32 {
        self.pc
    }

    fn gdb_serialize(&self, mut write_byte: impl FnMut(Option<u8>)) {
        self.bytes.iter().for_each(|&byte| write_byte(Some(byte)));
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        if bytes.len() != Register::all().map(Register::size).sum() {
            return Err(());
        }
        self.bytes = bytes.to_vec();
        Ok(())
    }
}

/// The processor, for gdbstub.
#[derive(Debug)]
pub enum PlasticityProcessor {}

impl Arch for PlasticityProcessor {
    type Usize = u32;
    type Registers = Block;
    type BreakpointKind = usize;
    type RegId = Register;

    fn target_description_xml() -> Option<&'static str> {
        Some(&DESCRIPTION)
    }
}

/// The target description in the format of GDB.
static DESCRIPTION: LazyLock<String> = LazyLock::new(|| {
    let mut xml = String::from(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n\
         <architecture>powerpc:common</architecture>\n<feature name=\"org.gnu.gdb.power.core\">\n",
    );
    for register in Register::all() {
        if register == Register::Vector(0) {
            xml.push_str(
                "</feature>\n<feature name=\"org.brainscales.ppu.vector\">\n\
                 <vector id=\"u8x128\" type=\"uint8\" count=\"128\"/>\n\
                 <vector id=\"s8x128\" type=\"int8\" count=\"128\"/>\n\
                 <vector id=\"u16x64\" type=\"uint16\" count=\"64\"/>\n\
                 <vector id=\"s16x64\" type=\"int16\" count=\"64\"/>\n\
                 <vector id=\"u32x64\" type=\"uint32\" count=\"64\"/>\n\
                 <union id=\"kv\"><field name=\"u8\" type=\"u8x128\"/><field name=\"s8\" type=\"s8x128\"/>\
                 <field name=\"u16\" type=\"u16x64\"/><field name=\"s16\" type=\"s16x64\"/></union>\n",
            );
        }
        let kind = match register {
            Register::Pc | Register::Lr => "code_ptr",
            Register::Vector(_) => "kv",
            Register::Accumulator => "u32x64",
            Register::Condition => "u8x128",
            _ => "uint32",
        };
        let group = if register.size() > 4 { " group=\"vector\"" } else { "" };
        writeln!(
            xml,
            "<reg name=\"{}\" bitsize=\"{}\" type=\"{kind}\"{group}/>",
            register.name(),
            8 * register.size()
        )
        .expect("strings can be written to");
    }
    xml.push_str("</feature>\n</target>\n");
    xml
});

#[cfg(test)]
mod tests {
    use super::*;
    use ppu_isa::{Config, Core};

    #[test]
    fn numbers_and_order_of_registers_agree() {
        for (number, register) in Register::all().enumerate() {
            assert_eq!(Register::from_number(number), Some(register));
        }
        assert_eq!(Register::from_number(Register::all().count()), None);
    }

    #[test]
    fn what_is_written_is_read_back_but_for_bits_that_do_not_exist() {
        let mut state = Core::<ppu_isa::timing::Scoreboard>::new(Config::default()).state().clone();
        for register in Register::all() {
            let ones = vec![0xff; register.size()];
            assert_eq!(register.write(&mut state, &ones[1..]), None);
            assert_eq!(register.write(&mut state, &ones), Some(()));
            let mut read = Vec::new();
            register.read(&state, &mut read);
            match register {
                Register::Pc => assert_eq!(read, [0xff, 0xff, 0xff, 0xfc]),
                Register::Msr => assert_eq!(read, msr::MASK.to_be_bytes()),
                Register::Xer => assert!(read[0] == 0xe0),
                Register::Condition => assert!(read.iter().all(|&lane| lane == 0b1110)),
                _ => assert_eq!(read, ones),
            }
        }
        let block = Block::of(&state);
        let mut other = Core::<ppu_isa::timing::Scoreboard>::new(Config::default()).state().clone();
        block.apply(&mut other);
        assert_eq!(Block::of(&other), block);
    }
}
