//! One block of registers: where it is, and what its bits mean.

use bss2_chip::registers::{
    Access, Block, BlockDescription, Encoding, Field, Place, Space, Status, Steps, Word,
};
use serde_json::{Value, json};

use crate::text;

pub(super) fn print(block: Block, json: bool) {
    let description = block.description();
    if json {
        text::print_json(&object(block, description));
    } else {
        text::print(&page(block, description));
    }
}

/// Where blocks of a space are reached.
pub(super) const fn space_name(space: Space) -> &'static str {
    match space {
        Space::Chip => "chip",
        Space::Fpga => "FPGA",
        Space::Jtag => "JTAG instruction",
        Space::SynapseArray => "a view of the synapse array",
        Space::PpuMemory => "memory of a plasticity processor",
        Space::FpgaMemory => "memory on the FPGA",
        Space::FpgaLegacy => "of an older FPGA image, not decoded",
    }
}

const fn access_name(access: Access) -> &'static str {
    match access {
        Access::ReadWrite => "rw",
        Access::ReadOnly => "ro",
        Access::WriteOnly => "wo",
    }
}

const fn status_name(status: Status) -> &'static str {
    match status {
        Status::Modelled => "modelled",
        Status::StoredOnly => "stored",
        Status::Tagged => "tagged",
    }
}

/// How bits carry a value, where they are not simply the value.
const fn encoding_name(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Plain => "",
        Encoding::Inverted => "inverted",
        Encoding::MinusOne => "minus one",
        Encoding::Excess128 => "excess-128",
        Encoding::BitReversed => "bit-reversed",
        Encoding::OneHotReversed => "one-hot from the left",
        Encoding::Thermometer => "thermometer",
        Encoding::PermutedWeight => "permuted weight",
    }
}

/// Address of a word in the first instance.
pub(super) fn address(description: &BlockDescription, word: usize) -> u32 {
    description.address_of(0, word as u8).unwrap_or(description.base)
}

/// Lines of documentation in one, without the brackets of links.
fn plain(doc: &[&str]) -> String {
    let lines: Vec<&str> = doc.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    let mut text = lines.join(" ");
    while let Some(link) = text.find("](Self::") {
        let end = text[link..].find(')').map_or(text.len(), |end| link + end + 1);
        text.replace_range(link..end, "");
        if let Some(open) = text[..link].rfind('[') {
            text.remove(open);
        }
    }
    text
}

fn bits_name(field: &Field) -> String {
    match field.bits.width {
        1 => field.bits.lsb.to_string(),
        width => format!("{}..{}", field.bits.lsb + width - 1, field.bits.lsb),
    }
}

fn page(block: Block, description: &BlockDescription) -> String {
    let mut page = format!("{} ({})\n", description.name, block.group().replace('_', " "));
    page.push_str(&wrapped(&plain(description.doc), ""));
    let (instances, space) = (description.instances(), space_name(description.space));
    page.push_str(&match instances {
        1 => format!("\none instance ({space})\n"),
        _ => format!("\n{instances} instances ({space}), addresses below are those of the first\n"),
    });
    for axis in description.axes {
        let last = axis.steps.count() - 1;
        let steps = match axis.steps {
            Steps::Stride { stride, .. } => format!("{stride:#x} apart"),
            Steps::Table(offsets) => {
                let offsets: Vec<String> = offsets.iter().map(|offset| format!("{offset:#x}")).collect();
                format!("at offsets {}", offsets.join(", "))
            }
        };
        page.push_str(&format!("  {} 0..{last}, {steps}\n", axis.name));
    }
    for (number, word) in description.words.iter().enumerate() {
        page.push('\n');
        page.push_str(&word_heading(description, number, word));
        let row = |field: &Field| {
            vec![
                format!("  {}", bits_name(field)),
                field.name.to_owned(),
                field.host_default.map_or_else(|| "-".to_owned(), |value| value.to_string()),
                encoding_name(field.bits.encoding).to_owned(),
                status_name(description.status_of(field)).to_owned(),
                plain(field.doc),
            ]
        };
        let rows: Vec<_> = word.fields.iter().map(row).collect();
        page.push_str(&text::table(&["  bits", "field", "default", "coding", "status", "meaning"], &rows));
    }
    page
}

/// Number, name, address in the first instance, access, raw values.
fn word_heading(description: &BlockDescription, number: usize, word: &Word) -> String {
    let address = address(description, number);
    let stride = match word.place {
        Place::Own { stride, .. } => format!(" (instances {stride:#x} apart)"),
        Place::InOrder | Place::Offset(_) => String::new(),
    };
    let values = match word.access {
        Access::ReadOnly => format!("reset {:#x}", description.reset(number)),
        _ => {
            format!("default {:#x}, reset {:#x}", description.host_default(number), description.reset(number))
        }
    };
    format!(
        "word {number} {} at {address:#010x}{stride}, {}, {values}\n",
        word.name,
        access_name(word.access)
    )
}

/// Text in lines of at most 100 characters.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent.len() + line.chars().count() + 1 + word.chars().count() > 100 {
            lines.push_str(&format!("{indent}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines + &format!("{indent}{line}\n")
}

fn object(block: Block, description: &BlockDescription) -> Value {
    let axis = |axis: &bss2_chip::registers::Axis| {
        let offsets: Vec<u32> = (0..axis.steps.count()).map(|value| axis.steps.offset(value)).collect();
        json!({ "name": axis.name, "count": axis.steps.count(), "offsets": offsets })
    };
    let field = |field: &Field| {
        let accepts = field.host_accepts();
        json!({
            "name": field.name, "register_name": field.register_name,
            "lsb": field.bits.lsb, "width": field.bits.width, "encoding": format!("{:?}", field.bits.encoding),
            "host_default": field.host_default, "host_accepts": [accepts.start(), accepts.end()],
            "status": status_name(description.status_of(field)), "doc": plain(field.doc),
        })
    };
    let word = |(number, word): (usize, &Word)| {
        json!({
            "name": word.name, "address": address(description, number), "access": access_name(word.access),
            "host_default": description.host_default(number), "reset": description.reset(number),
            "fields": word.fields.iter().map(field).collect::<Vec<_>>(),
        })
    };
    json!({
        "name": description.name, "group": block.group(), "space": space_name(description.space),
        "first_address": address(description, 0), "instances": description.instances(),
        "axes": description.axes.iter().map(axis).collect::<Vec<_>>(),
        "words": description.words.iter().enumerate().map(word).collect::<Vec<_>>(),
        "doc": plain(description.doc),
    })
}
