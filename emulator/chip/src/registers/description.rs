//! The vocabulary in which registers are described (register-map section 5, conventions of the
//! machine-readable map).
//!
//! A [`BlockDescription`] says where a block lives and what its words and fields mean. The rows themselves
//! are in the files by group (`neuron.rs`, `capmem.rs`, ...), written with the macro `register_block!`;
//! everything else in this module (address decode, storage, typed access, dump, reference page) is derived
//! from them.

use std::ops::RangeInclusive;

use super::Block;

/// Where a block is reached, and who keeps its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Space {
    /// Omnibus of the chip (address bit 31 = 0), kept in the chip's [`RegisterFile`](super::RegisterFile).
    Chip,
    /// Omnibus of the FPGA (address bit 31 = 1), kept in the FPGA's [`RegisterFile`](super::RegisterFile).
    Fpga,
    /// JTAG instruction register values (register-map 9); the address is the instruction number. Kept with
    /// the chip.
    Jtag,
    /// A view of the synapse array (register-map 6): chip Omnibus, kept by
    /// [`SynapseArray`](crate::synapse_array).
    SynapseArray,
    /// SRAM of a plasticity processor: chip Omnibus, kept by the processor.
    PpuMemory,
    /// Memory for the plasticity processors on the FPGA.
    FpgaMemory,
    /// FPGA registers of an older image whose addresses now belong to DRAM (register-map 8.6): never decoded.
    FpgaLegacy,
}

impl Space {
    /// Whether a [`RegisterFile`](super::RegisterFile) stores blocks of this space.
    pub const fn is_stored(self) -> bool {
        matches!(self, Self::Chip | Self::Fpga | Self::Jtag)
    }
}

/// What a bus access may do with a word (closed set).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reads return what was written.
    ReadWrite,
    /// Written by the hardware only; bus writes are ignored.
    ReadOnly,
    /// Every bus write acts, even of the same value; bus reads return 0.
    WriteOnly,
}

/// How the bits of a field carry its value (register-map section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The bits are the value.
    Plain,
    /// Bitwise complement within the field.
    Inverted,
    /// Value minus one.
    MinusOne,
    /// Value plus 128.
    Excess128,
    /// Bit `i` holds bit `width - 1 - i` of the value.
    BitReversed,
    /// Value `v` is the single set bit `width - 1 - v`; no bit is "none", value -1.
    OneHotReversed,
    /// The lowest `value` bits are set; decoded by the highest set bit.
    Thermometer,
    /// Six-bit weight on the Omnibus: bit 5 keeps its place, bits 4..0 are reversed (register-map 6.2).
    PermutedWeight,
}

impl Encoding {
    /// The value that the `width` bits `raw` stand for.
    pub const fn decode(self, raw: u32, width: u8) -> i64 {
        let top = width as u32 - 1;
        match self {
            Self::Plain => raw as i64,
            Self::Inverted => (!raw & mask(width)) as i64,
            Self::MinusOne => raw as i64 + 1,
            Self::Excess128 => raw as i64 - 128,
            Self::BitReversed => (raw.reverse_bits() >> (31 - top)) as i64,
            Self::OneHotReversed if raw == 0 => -1,
            Self::OneHotReversed => (top - raw.ilog2()) as i64,
            Self::Thermometer => (u32::BITS - raw.leading_zeros()) as i64,
            Self::PermutedWeight => permute_weight(raw as u8) as i64,
        }
    }

    /// The `width` bits for `value`; bits of the value that do not fit are lost.
    pub const fn encode(self, value: i64, width: u8) -> u32 {
        let top = width as u32 - 1;
        let raw = match self {
            Self::Plain => value as u32,
            Self::Inverted => !value as u32,
            Self::MinusOne => (value - 1) as u32,
            Self::Excess128 => (value + 128) as u32,
            Self::BitReversed => (value as u32).reverse_bits() >> (31 - top),
            Self::OneHotReversed if value < 0 || value > top as i64 => 0,
            Self::OneHotReversed => 1 << (top - value as u32),
            Self::Thermometer if value >= 32 => u32::MAX,
            Self::Thermometer => (1 << value) - 1,
            Self::PermutedWeight => permute_weight(value as u8) as u32,
        };
        raw & mask(width)
    }
}

/// The permutation between a logical weight and its bits in the cell: bit 5 stays, bits 4..0 are reversed;
/// bits 7..6 stay. It is its own inverse (register-map 6.2).
pub const fn permute_weight(weight: u8) -> u8 {
    weight & 0xe0 | (weight & 0x1f).reverse_bits() >> 3
}

/// The lowest `width` bits.
pub(crate) const fn mask(width: u8) -> u32 {
    u32::MAX >> (32 - width as u32)
}

/// Extra coding of a whole word on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WordEncoding {
    /// The fields are the bits of the word.
    Plain,
    /// The controller Gray-codes what is written, so the word on the bus is the inverse Gray code of the
    /// fields (CapMem SRAM timing, register-map 5.8).
    Gray,
}

impl WordEncoding {
    /// The word whose bits are the fields.
    pub const fn decode(self, word: u32) -> u32 {
        match self {
            Self::Plain => word,
            Self::Gray => word ^ word >> 1,
        }
    }

    /// The word on the bus.
    pub const fn encode(self, mut word: u32) -> u32 {
        if matches!(self, Self::Gray) {
            let mut shift = 1;
            while shift < 32 {
                word ^= word >> shift;
                shift *= 2;
            }
        }
        word
    }
}

/// How much of a field the emulator gives effect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The model behaves as the field says.
    Modelled,
    /// Stored and read back, without effect.
    StoredOnly,
    /// Known to exist, meaning unknown or deliberately left out.
    Tagged,
}

/// The value of a word after a reset of the chip or the FPGA (register-map 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reset {
    /// All bits 0, the proposal where nothing is known.
    Zero,
    /// What a default-constructed host container writes.
    HostDefault,
    /// This raw word.
    Value(u32),
}

/// A way to connect to a chip on which the official host library refuses to read some blocks (register-map
/// 14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connection {
    /// A real chip.
    Hardware,
    /// An RTL simulation.
    Simulation,
}

/// A run of bits in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// Place of the least significant bit.
    pub lsb: u8,
    /// Number of bits, 1..=32.
    pub width: u8,
    /// How the bits carry the value.
    pub encoding: Encoding,
}

impl Bits {
    /// These bits set, all others clear.
    pub const fn mask(&self) -> u32 {
        mask(self.width) << self.lsb
    }

    /// The raw bits in `word`, right aligned.
    pub const fn extract(&self, word: u32) -> u32 {
        word >> self.lsb & mask(self.width)
    }

    /// The value that `word` holds here.
    pub const fn decode(&self, word: u32) -> i64 {
        self.encoding.decode(self.extract(word), self.width)
    }

    /// The bits of `value`, in place, all others 0.
    pub const fn encode(&self, value: i64) -> u32 {
        self.encoding.encode(value, self.width) << self.lsb
    }
}

/// A named run of bits.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Name of the value, also the name of the member of the typed struct.
    pub name: &'static str,
    /// Name of the bits where it differs, i.e. where they are stored inverted: `disable_address_out` holds
    /// `enable_address_out`.
    pub register_name: &'static str,
    /// Where they are and how they carry the value.
    pub bits: Bits,
    /// Raw values that an unmodified host can decode; others make it throw.
    pub host_accepts: Option<(u32, u32)>,
    /// Value in a default-constructed host container; `None` = raw 0.
    pub host_default: Option<i64>,
    /// Emulation status if it differs from that of the block.
    pub status: Option<Status>,
    /// What it means, one entry a line.
    pub doc: &'static [&'static str],
}

impl Field {
    /// The bits of the host default, in place.
    pub const fn host_default_bits(&self) -> u32 {
        match self.host_default {
            Some(value) => self.bits.encode(value),
            None => 0,
        }
    }

    /// Raw values that an unmodified host can decode.
    pub fn host_accepts(&self) -> RangeInclusive<u32> {
        let (low, high) = self.host_accepts.unwrap_or((0, mask(self.bits.width)));
        low..=high
    }
}

/// Where a word of a block is.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// As many addresses behind the instance as its number in the block.
    InOrder,
    /// This many addresses behind the instance.
    Offset(u32),
    /// At an own base address and stride (blocks of one coordinate only).
    Own {
        /// Address in instance 0.
        base: u32,
        /// Distance between instances.
        stride: u32,
    },
}

/// A 32-bit word of a block.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// Name.
    pub name: &'static str,
    /// Where it is.
    pub place: Place,
    /// What the bus may do with it.
    pub access: Access,
    /// Value after reset.
    pub reset: Reset,
    /// Its fields; bits outside are ignored on write and read 0.
    pub fields: &'static [Field],
}

impl Word {
    /// The bits that exist.
    pub const fn used_mask(&self) -> u32 {
        let mut mask = 0;
        let mut index = 0;
        while index < self.fields.len() {
            mask |= self.fields[index].bits.mask();
            index += 1;
        }
        mask
    }

    /// The word, as its fields say, that a default-constructed host container writes.
    const fn host_default_fields(&self) -> u32 {
        let mut word = 0;
        let mut index = 0;
        while index < self.fields.len() {
            word |= self.fields[index].host_default_bits();
            index += 1;
        }
        word
    }
}

/// One coordinate of the instances of a block.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    /// Name, e.g. `hemisphere`.
    pub name: &'static str,
    /// Where its values are.
    pub steps: Steps,
}

/// How far the values of a coordinate are apart.
#[derive(Clone, Copy, Debug)]
pub enum Steps {
    /// Address offset of each value.
    Table(&'static [u32]),
    /// Equidistant.
    Stride {
        /// Number of values.
        count: u32,
        /// Address distance.
        stride: u32,
    },
}

/// Shorthand for [`Steps::Table`] in the rows.
pub(crate) const fn table(offsets: &'static [u32]) -> Steps {
    Steps::Table(offsets)
}

/// Shorthand for [`Steps::Stride`] in the rows.
pub(crate) const fn stride(count: u32, stride: u32) -> Steps {
    Steps::Stride { count, stride }
}

impl Steps {
    /// Number of values.
    pub const fn count(&self) -> u32 {
        match *self {
            Self::Table(offsets) => offsets.len() as u32,
            Self::Stride { count, .. } => count,
        }
    }

    /// Address offset of a value.
    pub const fn offset(&self, value: u32) -> u32 {
        match *self {
            Self::Table(offsets) => offsets[value as usize],
            Self::Stride { stride, .. } => stride * value,
        }
    }
}

/// A block of registers: what haldls calls a container.
#[derive(Clone, Copy, Debug)]
pub struct BlockDescription {
    /// Official name.
    pub name: &'static str,
    /// Where it is reached and kept.
    pub space: Space,
    /// Address without the offsets of the coordinates.
    pub base: u32,
    /// Coordinates, the most significant of the instance number first.
    pub axes: &'static [Axis],
    /// Connections on which the host library refuses to read it.
    pub host_refuses_reads_on: &'static [Connection],
    /// Order in which the host writes the words, if not ascending.
    pub host_word_order: Option<&'static [u8]>,
    /// Coding of its words on the bus.
    pub word_encoding: WordEncoding,
    /// Emulation status of its fields, unless a field says otherwise.
    pub status: Status,
    /// Its words.
    pub words: &'static [Word],
    /// What it is; the first line is the title.
    pub doc: &'static [&'static str],
}

impl BlockDescription {
    /// Number of instances.
    pub const fn instances(&self) -> u32 {
        let mut count = 1;
        let mut index = 0;
        while index < self.axes.len() {
            count *= self.axes[index].steps.count();
            index += 1;
        }
        count
    }

    /// The title: the first line of the documentation.
    pub fn title(&self) -> &'static str {
        self.doc.first().map_or("", |line| line.trim())
    }

    /// Address of word `word` of instance `instance`; `None` if there is no such word.
    pub const fn address_of(&self, instance: u32, word: u8) -> Option<u32> {
        if instance >= self.instances() || word as usize >= self.words.len() {
            return None;
        }
        let offset = match self.words[word as usize].place {
            Place::Own { base, stride } => return Some(base + stride * instance),
            Place::InOrder => word as u32,
            Place::Offset(offset) => offset,
        };
        let mut address = self.base + offset;
        let mut rest = instance;
        let mut index = self.axes.len();
        while index > 0 {
            index -= 1;
            let steps = &self.axes[index].steps;
            address += steps.offset(rest % steps.count());
            rest /= steps.count();
        }
        Some(address)
    }

    /// The coordinates of an instance in the order of [`axes`](Self::axes); empty if there is no such
    /// instance.
    pub fn coordinates(&self, instance: u32) -> Vec<u32> {
        if instance >= self.instances() {
            return Vec::new();
        }
        let mut rest = instance;
        let mut values: Vec<u32> = (self.axes.iter().rev())
            .map(|axis| {
                let value = rest % axis.steps.count();
                rest /= axis.steps.count();
                value
            })
            .collect();
        values.reverse();
        values
    }

    /// The instance at these coordinates, in the order of [`axes`](Self::axes); `None` if they are not that
    /// many or one is out of range.
    pub fn instance(&self, coordinates: &[u32]) -> Option<u32> {
        if coordinates.len() != self.axes.len() {
            return None;
        }
        self.axes.iter().zip(coordinates).try_fold(0, |number, (axis, &value)| {
            let count = axis.steps.count();
            (value < count).then_some(number * count + value)
        })
    }

    /// The raw word that a default-constructed host container writes to word `word`.
    pub const fn host_default(&self, word: usize) -> u32 {
        self.word_encoding.encode(self.words[word].host_default_fields())
    }

    /// The raw word after a reset.
    pub const fn reset(&self, word: usize) -> u32 {
        match self.words[word].reset {
            Reset::Zero => 0,
            Reset::HostDefault => self.host_default(word),
            Reset::Value(value) => value,
        }
    }

    /// The emulation status of a field of this block.
    pub fn status_of(&self, field: &Field) -> Status {
        field.status.unwrap_or(self.status)
    }
}

/// A type that a field can have in a typed struct.
pub trait FieldValue: Copy {
    /// From the decoded value; what does not fit is cut.
    fn from_value(value: i64) -> Self;
    /// To the value that is encoded.
    fn to_value(self) -> i64;
}

impl FieldValue for bool {
    fn from_value(value: i64) -> Self {
        value != 0
    }
    fn to_value(self) -> i64 {
        self as i64
    }
}

/// A choice that may be "none", -1 as a number.
impl FieldValue for Option<u8> {
    fn from_value(value: i64) -> Self {
        u8::try_from(value).ok()
    }
    fn to_value(self) -> i64 {
        self.map_or(-1, i64::from)
    }
}

macro_rules! integers_are_field_values {
    ($($integer:ty),+) => {
        $(impl FieldValue for $integer {
            fn from_value(value: i64) -> Self {
                value as $integer
            }
            fn to_value(self) -> i64 {
                i64::from(self)
            }
        })+
    };
}
integers_are_field_values!(u8, u16, u32, i8);

/// The typed form of a block: its field values as members. `Default` is what a default-constructed host
/// container holds.
pub trait TypedBlock: Copy + Default {
    /// Which block.
    const BLOCK: Block;
    /// The raw words of one instance: `[u32; N]`.
    type Words: AsRef<[u32]> + for<'a> TryFrom<&'a [u32]>;
    /// The values in the raw words of one instance.
    fn from_words(words: &Self::Words) -> Self;
    /// The raw words that hold these values.
    fn to_words(&self) -> Self::Words;
}
