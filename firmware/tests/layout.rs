//! The structures of the Rust side are those of the C side, by the debug information of the images.

use std::borrow::Cow;

use bss2_firmware::block::{Block, Field};
use bss2_firmware::{Program, control, homeostasis, rstdp, stdp, structural};
use gimli::{AttributeValue, DebuggingInformationEntry, Dwarf, EndianSlice, RunTimeEndian, Unit, UnitOffset};
use object::{Object, ObjectSection, ObjectSymbol};

type Slice<'a> = EndianSlice<'a, RunTimeEndian>;
type Entry<'a> = DebuggingInformationEntry<Slice<'a>>;

/// The debug information of one compilation unit.
struct Source<'a> {
    dwarf: &'a Dwarf<Slice<'a>>,
    unit: &'a Unit<Slice<'a>>,
}

impl<'a> Source<'a> {
    fn entry(&self, offset: UnitOffset) -> Entry<'a> {
        self.unit.entry(offset).unwrap()
    }

    fn name(&self, entry: &Entry<'a>) -> Option<String> {
        let value = entry.attr_value(gimli::DW_AT_name)?;
        Some(self.dwarf.attr_string(self.unit, value).unwrap().to_string_lossy().into_owned())
    }

    fn referenced(&self, entry: &Entry<'a>) -> Entry<'a> {
        let Some(AttributeValue::UnitRef(offset)) = entry.attr_value(gimli::DW_AT_type) else {
            panic!("{:?} has no type", self.name(entry))
        };
        self.entry(offset)
    }

    fn number(&self, entry: &Entry<'a>, attribute: gimli::DwAt) -> usize {
        entry.attr_value(attribute).and_then(|value| value.udata_value()).unwrap_or(0) as usize
    }

    fn children(&self, entry: &Entry<'a>) -> Vec<Entry<'a>> {
        let mut tree = self.unit.entries_tree(Some(entry.offset())).unwrap();
        let mut children = tree.root().unwrap().children();
        let mut found = Vec::new();
        while let Some(child) = children.next().unwrap() {
            found.push(child.entry().clone());
        }
        found
    }

    fn c_type(&self, entry: &Entry<'a>) -> String {
        match entry.tag() {
            gimli::DW_TAG_array_type => {
                let bound = self.number(&self.children(entry)[0], gimli::DW_AT_upper_bound);
                format!("{}[{}]", self.c_type(&self.referenced(entry)), bound + 1)
            }
            gimli::DW_TAG_volatile_type => self.c_type(&self.referenced(entry)),
            _ => self.name(entry).unwrap_or_default(),
        }
    }
}

/// Size and members of the structure with that tag in the debug information of an image.
fn structure(program: &Program, tag: &str) -> (usize, Vec<Field>) {
    let file = object::File::parse(program.image).unwrap();
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, gimli::Error> {
        let section = file.section_by_name(id.name());
        Ok(section.map_or(Cow::Borrowed(&[]), |section| section.uncompressed_data().unwrap()))
    };
    let sections = gimli::DwarfSections::load(load).unwrap();
    let dwarf = sections.borrow(|section| EndianSlice::new(section, RunTimeEndian::Big));
    let mut headers = dwarf.units();
    while let Some(header) = headers.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        let source = Source { dwarf: &dwarf, unit: &unit };
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs().unwrap() {
            let is_it =
                entry.tag() == gimli::DW_TAG_structure_type && source.name(entry).as_deref() == Some(tag);
            if !is_it || entry.attr_value(gimli::DW_AT_declaration).is_some() {
                continue;
            }
            let members = source.children(entry);
            let fields = members
                .iter()
                .map(|member| Field {
                    name: String::leak(source.name(member).unwrap()),
                    offset: source.number(member, gimli::DW_AT_data_member_location),
                    c_type: source.c_type(&source.referenced(member)),
                })
                .collect();
            return (source.number(entry, gimli::DW_AT_byte_size), fields);
        }
    }
    panic!("{} has no struct {tag}", program.name)
}

fn check<B: Block>(program: &Program) {
    let (size, fields) = structure(program, B::TAG);
    assert_eq!(fields, B::fields(), "struct {} of {}", B::TAG, program.name);
    assert_eq!(size, B::SIZE);
    assert_eq!(size % 4, 0);
}

#[test]
fn shared_structures_have_the_layout_of_the_c_sources() {
    for program in
        [bss2_firmware::RSTDP, bss2_firmware::HOMEOSTASIS, bss2_firmware::STRUCTURAL, bss2_firmware::STDP]
    {
        check::<control::Control>(&program);
    }
    check::<rstdp::Parameters>(&bss2_firmware::RSTDP);
    check::<rstdp::Record>(&bss2_firmware::RSTDP);
    check::<homeostasis::Parameters>(&bss2_firmware::HOMEOSTASIS);
    check::<structural::Parameters>(&bss2_firmware::STRUCTURAL);
    check::<structural::Record>(&bss2_firmware::STRUCTURAL);
    check::<stdp::Parameters>(&bss2_firmware::STDP);
    // The readings of stdp and the records of homeostasis are vectors, one behind the other.
    let (size, _) = structure(&bss2_firmware::HOMEOSTASIS, homeostasis::Record::TAG);
    assert_eq!(size, homeostasis::Record::SIZE);
}

#[test]
fn the_symbols_that_a_host_needs_exist_with_their_sizes() {
    let size = |program: &Program, name: &str| {
        let file = object::File::parse(program.image).unwrap();
        file.symbols().find(|symbol| symbol.name() == Ok(name)).map(|symbol| symbol.size() as usize)
    };
    let parameters = [
        (bss2_firmware::RSTDP, rstdp::Parameters::SIZE),
        (bss2_firmware::HOMEOSTASIS, homeostasis::Parameters::SIZE),
        (bss2_firmware::STRUCTURAL, structural::Parameters::SIZE),
        (bss2_firmware::STDP, stdp::Parameters::SIZE),
    ];
    for (program, bytes) in parameters {
        assert_eq!(size(&program, control::PARAMETERS), Some(bytes), "{}", program.name);
        assert_eq!(size(&program, control::CONTROL), Some(control::Control::SIZE));
        assert_eq!(size(&program, control::PPU_INDEX), Some(4));
    }
    assert_eq!(
        size(&bss2_firmware::RSTDP, control::RECORDS),
        Some(rstdp::Record::SIZE * rstdp::RING as usize)
    );
    let ring = structural::Record::SIZE * structural::RING as usize;
    assert_eq!(size(&bss2_firmware::STRUCTURAL, control::RECORDS), Some(ring));
    assert_eq!(size(&bss2_firmware::STRUCTURAL, structural::REASSIGNMENTS), Some(4));
    assert!(stdp::LAST_TIMES.iter().all(|name| size(&bss2_firmware::STDP, name) == Some(4)));
}

#[test]
fn a_block_survives_the_way_through_memory() {
    let words: Vec<u32> =
        (0..rstdp::Record::SIZE as u32 / 4).map(|word| word.wrapping_mul(0x9e37_79b9)).collect();
    let record = rstdp::Record::from_words(&words).unwrap();
    assert_eq!(record.to_words(), words);
    assert_eq!((record.row, record.winner), ((words[0] >> 8) as u8, words[0] as u8));
    assert_eq!(rstdp::Record::from_words(&words[1..]), None);
}
