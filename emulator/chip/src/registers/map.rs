//! From addresses to registers and back.

use std::fmt;
use std::ops::Range;
use std::sync::LazyLock;

use bss2_base::Hemisphere;
use serde::{Deserialize, Serialize};

use super::{Block, Place, Space, Steps};
use crate::synapse_array;

/// One 32-bit word of one instance of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Register {
    /// The block.
    pub block: Block,
    /// The instance: the number of its coordinates, most significant first (see [`super::coordinates`]).
    pub instance: u32,
    /// The word in the block.
    pub word: u8,
}

impl Register {
    /// Its address: an Omnibus word address, or the instruction number for [`Space::Jtag`]. `None` if there
    /// is no such instance or word.
    pub const fn address(self) -> Option<u32> {
        self.block.description().address_of(self.instance, self.word)
    }
}

/// `NeuronConfig[block 2, neuron 17].w6`
impl fmt::Display for Register {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let description = self.block.description();
        write!(formatter, "{}", description.name)?;
        let mut separator = "[";
        for (axis, value) in description.axes.iter().zip(description.coordinates(self.instance)) {
            write!(formatter, "{separator}{} {value}", axis.name)?;
            separator = ", ";
        }
        if !description.axes.is_empty() {
            write!(formatter, "]")?;
        }
        match description.words.get(usize::from(self.word)) {
            Some(word) => write!(formatter, ".{}", word.name),
            None => write!(formatter, ".{}", self.word),
        }
    }
}

/// What an Omnibus address leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// A register, kept in a [`RegisterFile`](super::RegisterFile).
    Register(Register),
    /// The synapse array with its views (register-map 6): see [`crate::synapse_array::ArrayAccess`].
    SynapseArray {
        /// Whose array.
        hemisphere: Hemisphere,
        /// Offset in the region: bits 5..0 quad, 15..6 row, 19..16 view, 20 test, 21 buffered.
        offset: u32,
    },
    /// SRAM of a plasticity processor.
    PpuMemory {
        /// Whose memory.
        hemisphere: Hemisphere,
        /// 32-bit word, 0..=4095.
        word: u32,
    },
    /// Memory on the FPGA for the plasticity processors, 128 KiB.
    ExternalMemory {
        /// 32-bit word.
        word: u32,
    },
    /// DRAM of the FPGA, 256 MiB.
    ExternalDram {
        /// 32-bit word.
        word: u32,
    },
}

/// What is at a global Omnibus word address (bit 31: 0 chip, 1 FPGA); `None` if it is a hole.
pub fn decode(address: u32) -> Option<Location> {
    if let Some((hemisphere, offset)) = synapse_array::region_offset(address) {
        return Some(Location::SynapseArray { hemisphere, offset });
    }
    // Windows may overlap pairwise (the interleaved counters of PhyStatus), so the one before may be meant too.
    let above = WINDOWS.partition_point(|window| window.start <= address);
    let candidates = WINDOWS[above.saturating_sub(2)..above].iter().rev();
    let register = candidates.filter_map(|window| window.decode(address)).next()?;
    let instance = register.instance;
    Some(match register.block {
        Block::PPUMemoryWord => Location::PpuMemory {
            hemisphere: Hemisphere::from_index(instance as usize / PPU_MEMORY_WORDS as usize),
            word: instance % PPU_MEMORY_WORDS,
        },
        Block::ExternalPPUMemory => Location::ExternalMemory { word: instance },
        Block::ExternalPPUDRAM => Location::ExternalDram { word: instance },
        _ => Location::Register(register),
    })
}

const PPU_MEMORY_WORDS: u32 = Block::PPUMemoryWord.description().axes[1].steps.count();

/// A range of addresses that belongs to one block and in which the instances are equidistant in each
/// coordinate.
struct Window {
    start: u32,
    /// Behind the last address.
    end: u32,
    block: Block,
    /// Instance at `start`.
    instance: u32,
    /// Word at `start`.
    word: u32,
    /// Number of words that follow each other.
    words: u32,
    /// The coordinates with equidistant values, widest first.
    strides: Vec<Stride>,
}

/// One equidistant coordinate of a window.
#[derive(Clone)]
struct Stride {
    count: u32,
    addresses: u32,
    instances: u32,
}

impl Window {
    fn decode(&self, address: u32) -> Option<Register> {
        if address >= self.end {
            return None;
        }
        let mut rest = address - self.start;
        let mut instance = self.instance;
        for stride in &self.strides {
            let value = rest / stride.addresses;
            if value >= stride.count {
                return None;
            }
            rest -= value * stride.addresses;
            instance += value * stride.instances;
        }
        (rest < self.words).then_some(Register {
            block: self.block,
            instance,
            word: (self.word + rest) as u8,
        })
    }
}

/// All windows of the Omnibus but the synapse array, by start address.
static WINDOWS: LazyLock<Vec<Window>> = LazyLock::new(|| {
    let mut windows: Vec<Window> = Vec::new();
    for &block in Block::ALL {
        let description = block.description();
        if !matches!(description.space, Space::Chip | Space::Fpga | Space::PpuMemory | Space::FpgaMemory) {
            continue;
        }
        let in_order = description.words.iter().filter(|word| matches!(word.place, Place::InOrder)).count();
        if in_order > 0 {
            windows.extend(windows_of(block, description.base, 0..in_order as u32));
        }
        for (number, word) in (0..).zip(description.words) {
            match word.place {
                Place::InOrder => {}
                Place::Offset(offset) => {
                    windows.extend(windows_of(block, description.base + offset, number..number + 1));
                }
                Place::Own { base, stride } => {
                    let count = description.instances();
                    windows.push(Window {
                        start: base,
                        end: base + stride * (count - 1) + 1,
                        block,
                        instance: 0,
                        word: number,
                        words: 1,
                        strides: vec![Stride { count, addresses: stride, instances: 1 }],
                    });
                }
            }
        }
    }
    windows.sort_by_key(|window| window.start);
    windows
});

/// The windows of words that follow each other, the first at `base`: one for each combination of the
/// coordinates whose values are tabulated.
fn windows_of(block: Block, base: u32, words: Range<u32>) -> Vec<Window> {
    let description = block.description();
    let mut starts = vec![(base, 0)];
    let mut strides = Vec::new();
    let mut instances = description.instances();
    for axis in description.axes {
        instances /= axis.steps.count();
        match axis.steps {
            Steps::Table(offsets) => {
                let of_start = |(start, instance): (u32, u32)| {
                    let values = offsets.iter().zip(0..);
                    values.map(move |(&offset, value)| (start + offset, instance + value * instances))
                };
                starts = starts.into_iter().flat_map(of_start).collect();
            }
            Steps::Stride { count, stride } => strides.push(Stride { count, addresses: stride, instances }),
        }
    }
    strides.sort_by_key(|stride| std::cmp::Reverse(stride.addresses));
    let count = words.end - words.start;
    let length = count + strides.iter().map(|stride| (stride.count - 1) * stride.addresses).sum::<u32>();
    let window = |(start, instance)| Window {
        start,
        end: start + length,
        block,
        instance,
        word: words.start,
        words: count,
        strides: strides.clone(),
    };
    starts.into_iter().map(window).collect()
}
