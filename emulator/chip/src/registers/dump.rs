//! Register contents for people: as a table and, through serde, as JSON.

use std::fmt;

use serde::Serialize;

use super::{Block, Register, RegisterFile, Space};

/// A word with the values of its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DumpedRegister {
    /// Block with coordinates and word.
    pub name: String,
    /// Omnibus word address, or JTAG instruction.
    pub address: u32,
    /// Whether `address` is a JTAG instruction.
    pub jtag: bool,
    /// Raw contents.
    pub value: u32,
    /// Raw contents after a reset.
    pub reset: u32,
    /// The values in it.
    pub fields: Vec<DumpedField>,
}

/// A value in a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DumpedField {
    /// Name of the value.
    pub name: &'static str,
    /// Most significant bit.
    pub msb: u8,
    /// Least significant bit.
    pub lsb: u8,
    /// The bits, right aligned.
    pub raw: u32,
    /// What they stand for; -1 is "none" for a choice.
    pub value: i64,
}

impl RegisterFile {
    /// The words of some blocks with their fields, by block and instance; blocks that are not in this file are
    /// left out.
    pub fn dump<'a>(&'a self, blocks: &'a [Block]) -> impl Iterator<Item = DumpedRegister> + 'a {
        let instances =
            |&block: &Block| (0..block.description().instances()).map(move |instance| (block, instance));
        blocks.iter().flat_map(instances).flat_map(|(block, instance)| {
            let words = self.words(block, instance).unwrap_or_default();
            (0..).zip(words).map(move |(word, &value)| dumped(Register { block, instance, word }, value))
        })
    }
}

fn dumped(register: Register, value: u32) -> DumpedRegister {
    let description = register.block.description();
    let word = usize::from(register.word);
    let bits = description.word_encoding.decode(value);
    let fields = description.words[word].fields.iter().map(|field| DumpedField {
        name: field.name,
        msb: field.bits.lsb + field.bits.width - 1,
        lsb: field.bits.lsb,
        raw: field.bits.extract(bits),
        value: field.bits.decode(bits),
    });
    DumpedRegister {
        name: register.to_string(),
        address: register.address().unwrap_or_default(),
        jtag: description.space == Space::Jtag,
        value,
        reset: description.reset(word),
        fields: fields.collect(),
    }
}

/// The word in the first line, then a line for each field.
impl fmt::Display for DumpedRegister {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.jtag { "jtag " } else { "" };
        write!(formatter, "{space}{:#010x}  {:#010x}  {}", self.address, self.value, self.name)?;
        for field in &self.fields {
            let bits = if field.msb == field.lsb {
                field.lsb.to_string()
            } else {
                format!("{}..{}", field.msb, field.lsb)
            };
            write!(formatter, "\n    {bits:>6}  {:<40} {}", field.name, field.value)?;
            if i64::from(field.raw) != field.value {
                write!(formatter, "  (bits {:#x})", field.raw)?;
            }
        }
        Ok(())
    }
}
