//! `bss2 inspect registers`: what is where, and what a chip holds there.

use bss2_base::SimTime;
use bss2_chip::registers::reference::Coverage;
use bss2_chip::registers::{
    Block, BlockDescription, DumpedRegister, Location, RegisterFile, Space, decode, default_chip,
};
use clap::Args;
use tracing::subscriber::{NoSubscriber, with_default};

use super::register_block;
use crate::commands::power_up;
use crate::commands::values::address;
use crate::text;
use crate::{Failure, Outcome};

/// Show the register map: all blocks, the fields of one block, what is at an address, or what a chip holds
#[derive(Args, Debug)]
pub(super) struct InspectRegisters {
    /// A block by its name (NeuronConfig), or an Omnibus word address (0x1a121e); nothing for the list of all blocks
    #[arg(value_name = "BLOCK")]
    what: Option<String>,
    /// Show the contents of the block, or of all blocks, in a chip with the default configuration of the host software.
    /// Registers of the FPGA are shown as they are after reset
    #[arg(long)]
    dump: bool,
    /// Seed of the virtual chip whose registers are shown
    #[arg(long, value_name = "N", default_value_t = 1, requires = "dump")]
    seed: u64,
}

impl InspectRegisters {
    pub(super) fn run(&self, json: bool) -> Result<Outcome, Failure> {
        match &self.what {
            Some(what) if what.starts_with(|c: char| c.is_ascii_digit()) => self.at_address(what, json)?,
            Some(name) => {
                let block = find(name)?;
                match self.dump {
                    true => self.print_dump(&[block], json)?,
                    false => register_block::print(block, json),
                }
            }
            None if self.dump => self.print_dump(Block::ALL, json)?,
            None => list(json),
        }
        Ok(Outcome::Success)
    }

    /// What an address leads to.
    fn at_address(&self, text: &str, json: bool) -> Result<(), Failure> {
        let address = address(text).map_err(|why| Failure::new(format!("address '{text}': {why}")))?;
        let location = decode(address).ok_or_else(|| {
            Failure::new(format!(
                "nothing is at address {address:#010x}; it reads 0 and loses what is written"
            ))
            .hint("addresses count words, bit 31 selects the FPGA; bss2 inspect registers lists the blocks")
        })?;
        let Location::Register(register) = location else {
            let memory = match location {
                Location::SynapseArray { hemisphere, offset } => {
                    format!("synapse array, hemisphere {}, offset {offset:#x}", hemisphere.index())
                }
                Location::PpuMemory { hemisphere, word } => {
                    format!("SRAM of processor {}, word {word}", hemisphere.index())
                }
                Location::ExternalMemory { word } => format!("FPGA memory of the processors, word {word}"),
                Location::ExternalDram { word } => format!("FPGA DRAM of the processors, word {word}"),
                Location::Register(register) => register.to_string(),
            };
            match json {
                true => text::print_json(&serde_json::json!({ "address": address, "memory": memory })),
                false => text::print(&format!("{address:#010x}  {memory}\n")),
            }
            return Ok(());
        };
        if self.dump {
            let dumped = self.dump(&[register.block]).find(|dumped| dumped.address == address);
            let dumped = dumped.ok_or_else(|| not_kept(register.block.description()))?;
            match json {
                true => text::print_json(&dumped),
                false => text::print(&format!("{dumped}\n")),
            }
        } else if json {
            text::print_json(&serde_json::json!({
                "address": address, "register": register.to_string(), "block": register.block.name(),
                "instance": register.instance, "word": register.word,
            }));
        } else {
            text::print(&format!("{address:#010x}  {register}\n\n"));
            register_block::print(register.block, false);
        }
        Ok(())
    }

    fn print_dump(&self, blocks: &[Block], json: bool) -> Result<(), Failure> {
        if let [block] = blocks
            && !block.description().space.is_stored()
        {
            return Err(not_kept(block.description()));
        }
        let dumped = self.dump(blocks);
        if json {
            text::print_json(&dumped.collect::<Vec<_>>());
        } else {
            // A hundred thousand lines go out as they are made.
            let mut chunk = String::new();
            for register in dumped {
                chunk.push_str(&format!("{register}\n"));
                if chunk.len() > 1 << 16 {
                    text::print(&chunk);
                    chunk.clear();
                }
            }
            text::print(&chunk);
        }
        Ok(())
    }

    /// The registers of the FPGA and of a chip that were given their default configuration.
    fn dump(&self, blocks: &[Block]) -> impl Iterator<Item = DumpedRegister> {
        let mut chip = power_up::chip(self.seed);
        // Memory on the FPGA is no register.
        let configuration = default_chip().filter(|(address, _)| address >> 31 == 0);
        // Nobody needs a warning of what every host writes.
        with_default(NoSubscriber::default(), || {
            configuration.for_each(|(address, value)| chip.write(address, value, 0xf));
            chip.advance(chip.now() + SimTime::FABRIC_CYCLE);
        });
        let fpga = RegisterFile::fpga();
        let dump = |&block: &Block| {
            let file = if fpga.holds(block) { &fpga } else { chip.registers() };
            file.dump(&[block]).collect::<Vec<_>>()
        };
        blocks.iter().map(dump).collect::<Vec<_>>().into_iter().flatten()
    }
}

fn not_kept(description: &BlockDescription) -> Failure {
    let what = register_block::space_name(description.space);
    Failure::new(format!("{} is no register that is kept: {what}", description.name)).hint(format!(
        "without --dump bss2 inspect registers {} shows what is known about it",
        description.name
    ))
}

/// A block by its name, whatever the case of its letters.
fn find(name: &str) -> Result<Block, Failure> {
    let matches = |block: &&Block| block.name().eq_ignore_ascii_case(name);
    if let Some(&block) = Block::ALL.iter().find(matches) {
        return Ok(block);
    }
    let lower = name.to_lowercase();
    let similar = |block: &&Block| block.name().to_lowercase().contains(&lower);
    let similar: Vec<&str> = Block::ALL.iter().filter(similar).map(|block| block.name()).collect();
    let hint = match similar.is_empty() {
        true => "bss2 inspect registers lists all blocks".to_owned(),
        false => format!("did you mean {}?", similar.join(", ")),
    };
    Err(Failure::new(format!("there is no register block named '{name}'")).hint(hint))
}

fn list(json: bool) {
    let blocks = Block::ALL.iter().map(|&block| (block, block.description(), Coverage::of(block)));
    if json {
        let object = |(block, description, coverage): (Block, &BlockDescription, Coverage)| {
            serde_json::json!({
                "name": description.name, "group": block.group(), "title": description.title(),
                "space": register_block::space_name(description.space), "first_address": register_block::address(description, 0),
                "instances": description.instances(), "words": description.words.len(),
                "bits_modelled": coverage.modelled, "bits_stored_only": coverage.stored_only,
                "bits_tagged": coverage.tagged,
            })
        };
        return text::print_json(&blocks.map(object).collect::<Vec<_>>());
    }
    let row = |(block, description, coverage): (Block, &BlockDescription, Coverage)| {
        let base = match description.space {
            Space::Jtag => format!("jtag {:#x}", register_block::address(description, 0)),
            _ => format!("{:#010x}", register_block::address(description, 0)),
        };
        let bits = coverage.modelled + coverage.stored_only + coverage.tagged;
        vec![
            description.name.to_owned(),
            block.group().replace('_', " "),
            base,
            description.instances().to_string(),
            description.words.len().to_string(),
            format!("{} of {bits}", coverage.modelled),
            description.title().trim_end_matches('.').to_owned(),
        ]
    };
    let header = ["block", "group", "first address", "instances", "words", "bits modelled", "what it is"];
    text::print(&text::table(&header, &blocks.map(row).collect::<Vec<_>>()));
}
