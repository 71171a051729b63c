//! The reference page of all registers and the list of what is modelled, both made from the rows.

use std::fmt::{self, Write};

use super::{
    Access, Axis, Block, BlockDescription, Connection, Encoding, Place, Space, Status, Steps, Word,
    WordEncoding, reasons,
};

/// The reference page of all registers, in Markdown.
pub fn registers_page() -> String {
    let mut page = String::new();
    write_registers(&mut page).expect("writing to a string succeeds");
    page
}

/// The list of what is modelled, in Markdown.
pub fn coverage_page() -> String {
    let mut page = String::new();
    write_coverage(&mut page).expect("writing to a string succeeds");
    page
}

/// Bits of one instance of a block by emulation status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Bits that have the effect the field says.
    pub modelled: u32,
    /// Bits that are stored and read back only.
    pub stored_only: u32,
    /// Bits that are known to exist, but not understood or left out.
    pub tagged: u32,
}

impl Coverage {
    /// The bits of one instance of a block.
    pub fn of(block: Block) -> Self {
        let description = block.description();
        let mut coverage = Self::default();
        for field in description.words.iter().flat_map(|word| word.fields) {
            let bits = match description.status_of(field) {
                Status::Modelled => &mut coverage.modelled,
                Status::StoredOnly => &mut coverage.stored_only,
                Status::Tagged => &mut coverage.tagged,
            };
            *bits += u32::from(field.bits.width);
        }
        coverage
    }
}

/// The blocks of each group, in order.
fn groups() -> impl Iterator<Item = &'static [Block]> {
    Block::ALL.chunk_by(|one, next| one.group() == next.group())
}

fn heading(group: &str) -> String {
    group.replace('_', " ")
}

fn write_registers(page: &mut String) -> fmt::Result {
    writeln!(page, "# Registers\n")?;
    writeln!(
        page,
        "All registers of the chip and of the FPGA, made from the rows in `emulator/chip/src/registers/` (the test \
         `the_reference_pages_are_current` of `bss2-chip` renews it). Addresses are Omnibus word addresses; bit 31 \
         selects the FPGA. *Default* is the value in a default-constructed host container, *reset* the raw word after \
         a reset. What the emulator gives effect to is in [the coverage list](register-coverage.md).\n"
    )?;
    for blocks in groups() {
        let names: Vec<_> =
            blocks.iter().map(|block| format!("[{block}](#{})", block.name().to_lowercase())).collect();
        writeln!(page, "* {}: {}", heading(blocks[0].group()), names.join(", "))?;
    }
    for blocks in groups() {
        writeln!(page, "\n## {}", heading(blocks[0].group()))?;
        for block in blocks {
            write_block(page, block.description())?;
        }
    }
    Ok(())
}

fn write_block(page: &mut String, description: &BlockDescription) -> fmt::Result {
    writeln!(page, "\n### {}\n", description.name)?;
    writeln!(page, "{}\n", plain(description.doc))?;
    let instances = description.instances();
    let instances = if instances == 1 { "One instance".to_owned() } else { format!("{instances} instances") };
    let place = match description.space {
        Space::Jtag => "JTAG instruction",
        _ => "address",
    };
    writeln!(
        page,
        "{instances}, {place} `{}`{}.",
        formula(description.base, description.axes),
        space(description.space)
    )?;
    for connection in description.host_refuses_reads_on {
        let connection = match connection {
            Connection::Hardware => "hardware",
            Connection::Simulation => "simulation",
        };
        writeln!(page, "The host library refuses to read it on {connection}.")?;
    }
    if let Some(order) = description.host_word_order {
        writeln!(page, "The host writes its words in the order {order:?}.")?;
    }
    if description.word_encoding == WordEncoding::Gray {
        writeln!(page, "The word on the bus is the inverse Gray code of the fields.")?;
    }
    writeln!(page, "\n| word | bits | field | access | default | meaning |\n|---|---|---|---|---|---|")?;
    for (index, word) in description.words.iter().enumerate() {
        let mut first = word_cell(description, index, word);
        for field in word.fields {
            let msb = field.bits.lsb + field.bits.width - 1;
            let bits =
                if field.bits.width == 1 { msb.to_string() } else { format!("{msb}..{}", field.bits.lsb) };
            let mut name = format!("`{}`", field.name);
            if field.register_name != field.name {
                write!(name, " (`{}`)", field.register_name)?;
            }
            let access = match word.access {
                Access::ReadWrite => "rw",
                Access::ReadOnly => "ro",
                Access::WriteOnly => "wo",
            };
            let default = field.host_default.map_or_else(|| "–".to_owned(), |value| value.to_string());
            let mut meaning = plain(field.doc);
            if let Some(encoding) = encoding(field.bits.encoding) {
                write!(meaning, " *{encoding}*.")?;
            }
            if let Some((low, high)) = field.host_accepts {
                write!(meaning, " The host accepts raw {low}..{high}.")?;
            }
            writeln!(page, "| {first} | {bits} | {name} | {access} | {default} | {meaning} |")?;
            first.clear();
        }
    }
    Ok(())
}

/// Number, name, place and raw values of a word.
fn word_cell(description: &BlockDescription, index: usize, word: &Word) -> String {
    let place = match word.place {
        Place::InOrder => String::new(),
        Place::Offset(offset) => format!(" @ +{offset:#x}"),
        Place::Own { base, stride } => format!(" @ `{base:#x} + {stride} * {}`", description.axes[0].name),
    };
    let values = match word.access {
        Access::ReadOnly => format!(" (reset `{:#x}`)", description.reset(index)),
        _ => format!(
            " (default `{:#x}`, reset `{:#x}`)",
            description.host_default(index),
            description.reset(index)
        ),
    };
    format!("{index} {}{place}{values}", word.name)
}

fn formula(base: u32, axes: &[Axis]) -> String {
    let terms = axes.iter().map(|axis| match axis.steps {
        Steps::Table(offsets) => {
            let offsets: Vec<_> = offsets.iter().map(|offset| format!("{offset:#x}")).collect();
            format!("{{{}}}[{}]", offsets.join(", "), axis.name)
        }
        Steps::Stride { stride: 1, count } => format!("{} (0..{})", axis.name, count - 1),
        Steps::Stride { stride, count } => format!("{stride:#x} * {} (0..{})", axis.name, count - 1),
    });
    let base = (base != 0 || axes.is_empty()).then(|| format!("{base:#010x}"));
    base.into_iter().chain(terms).collect::<Vec<_>>().join(" + ")
}

fn space(space: Space) -> &'static str {
    match space {
        Space::Chip | Space::Fpga | Space::Jtag => "",
        Space::SynapseArray => " (a view of the synapse array)",
        Space::PpuMemory | Space::FpgaMemory => " (memory)",
        Space::FpgaLegacy => " (of an older FPGA image: not decoded)",
    }
}

fn encoding(encoding: Encoding) -> Option<&'static str> {
    Some(match encoding {
        Encoding::Plain => return None,
        Encoding::Inverted => "Inverted",
        Encoding::MinusOne => "Value minus one",
        Encoding::Excess128 => "Excess-128",
        Encoding::BitReversed => "Bit-reversed",
        Encoding::OneHotReversed => "One-hot from the left, -1 = none",
        Encoding::Thermometer => "Thermometer",
        Encoding::PermutedWeight => "Permuted: bit 5 stays, bits 4..0 reversed",
    })
}

/// Documentation lines as one paragraph, without links that only work in the API documentation.
fn plain(doc: &[&str]) -> String {
    let mut text = String::new();
    for line in doc {
        let line = line.trim();
        match line {
            "" => text.push(' '),
            _ if text.is_empty() => text.push_str(line),
            _ => {
                text.push(' ');
                text.push_str(line);
            }
        }
    }
    // [`name`](Self::name) -> `name`
    while let Some(link) = text.find("](Self::") {
        let end = text[link..].find(')').map_or(text.len(), |end| link + end + 1);
        text.replace_range(link..end, "");
        if let Some(open) = text[..link].rfind('[') {
            text.remove(open);
        }
    }
    text.replace("  ", " ").replace('|', "\\|")
}

fn write_coverage(page: &mut String) -> fmt::Result {
    writeln!(page, "# What of the registers is modelled\n")?;
    writeln!(
        page,
        "Bits of one instance of each block, made from the rows in `emulator/chip/src/registers/` (the test \
         `the_reference_pages_are_current` of `bss2-chip` renews it).\n\n\
         * modelled: the emulator behaves as [the register page](registers.md) says;\n\
         * stored: written and read back, without effect;\n\
         * tagged: known to exist, but not understood or deliberately left out.\n\n\
         When a program writes a value other than the reset or default value to a bit that is not modelled, the \
         emulator says so once, by name. Memories, views of the synapse array and registers of older FPGA images are \
         not listed.\n"
    )?;
    writeln!(page, "| block | group | modelled | stored | tagged |\n|---|---|---|---|---|")?;
    let mut total = Coverage::default();
    let mut reasons: Vec<(Block, &str, Vec<&str>)> = Vec::new();
    for &block in Block::ALL {
        let description = block.description();
        if !description.space.is_stored() {
            continue;
        }
        let coverage = Coverage::of(block);
        for field in description.words.iter().flat_map(|word| word.fields) {
            let Some(reason) = reasons::reason(block, field) else { continue };
            match reasons.iter_mut().find(|row| row.0 == block && row.1 == reason) {
                Some(row) => row.2.push(field.name),
                None => reasons.push((block, reason, vec![field.name])),
            }
        }
        let Coverage { modelled, stored_only, tagged } = coverage;
        let group = heading(block.group());
        writeln!(page, "| {block} | {group} | {modelled} | {stored_only} | {tagged} |")?;
        total.modelled += modelled;
        total.stored_only += stored_only;
        total.tagged += tagged;
    }
    let Coverage { modelled, stored_only, tagged } = total;
    writeln!(page, "| **all** | | **{modelled}** | **{stored_only}** | **{tagged}** |")?;
    writeln!(page, "\n## Without effect, and why\n\n| block | fields | why |\n|---|---|---|")?;
    for (block, reason, fields) in reasons {
        let all = Coverage::of(block).modelled == 0
            && block.description().words.iter().map(|word| word.fields.len()).sum::<usize>() == fields.len();
        let fields = match all {
            true => "all".to_owned(),
            false => fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", "),
        };
        writeln!(page, "| {block} | {fields} | {reason} |")?;
    }
    Ok(())
}
