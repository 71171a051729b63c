//! What to ask about an instruction: every value of a field that matters, and words with planted faults.

use ppu_isa::table::{OpInfo, Operand, Overflow, Record};

use super::{Random, random_word};

/// The bits of a row's words that its operands and variants decide.
pub fn free_bits(info: &OpInfo) -> u32 {
    let record = u32::from(info.record == Record::Selected);
    let overflow = u32::from(info.overflow == Overflow::Selected) << 10;
    info.operands.iter().fold(record | overflow, |mask, operand| mask | operand.mask())
}

/// The bits of a row's words that say which instruction it is.
pub fn fixed_bits(info: &OpInfo) -> u32 {
    info.mask & !free_bits(info)
}

/// Values at the borders of a field; all of a field of up to ten bits.
fn corners(operand: &Operand) -> Vec<u32> {
    let most = (1_u32 << operand.width()) - 1;
    if operand.width() <= 10 {
        return (0..=most).collect();
    }
    let half = most / 2;
    let powers = (0..operand.width()).map(|bit| 1 << bit);
    [0, 1, 2, half - 1, half, half + 1, half + 2, most - 1, most].into_iter().chain(powers).collect()
}

/// Words of a row: each value of each field that matters with random other fields, all pairs of extreme values, random
/// ones, and some with bits set that have no meaning.
pub fn sampled_words(info: &OpInfo, random_words: usize, random: &mut Random) -> Vec<u32> {
    let mut words = vec![info.matching, info.matching | free_bits(info)];
    for operand in info.operands {
        for value in corners(operand) {
            let others = random_word(info, random) & !operand.mask();
            words.push(others | operand.insert(value));
            words.push(info.matching | operand.insert(value));
        }
        for other in info.operands.iter().filter(|other| other.first > operand.first) {
            let extremes = [0, 1, u32::MAX - 1, u32::MAX];
            for a in extremes {
                for b in extremes {
                    let others = random_word(info, random) & !operand.mask() & !other.mask();
                    words.push(others | operand.insert(a) | other.insert(b));
                }
            }
            // Equal fields have names of their own.
            if operand.width() == other.width() {
                let value = random.word();
                let others = random_word(info, random) & !operand.mask() & !other.mask();
                words.push(others | operand.insert(value) | other.insert(value));
            }
        }
    }
    words.extend((0..random_words).map(|_| random_word(info, random)));
    let stray = !info.mask & !free_bits(info);
    for bit in (0..32).filter(|bit| stray >> bit & 1 != 0) {
        words.push(info.matching | 1 << bit);
        words.push(random_word(info, random) | 1 << bit);
    }
    words
}

/// A fault in one bit of a word. Bit 0 is the least significant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// Always 0.
    Low(u32),
    /// Always 1.
    High(u32),
    /// The opposite.
    Inverted(u32),
}

impl Stuck {
    /// Both faults of every bit of a mask.
    pub fn all(mask: u32) -> impl Iterator<Item = Self> {
        (0..32).filter(move |bit| mask >> bit & 1 != 0).flat_map(|bit| [Self::Low(bit), Self::High(bit)])
    }

    /// The word with the fault.
    pub fn apply(self, word: u32) -> u32 {
        match self {
            Self::Low(bit) => word & !(1 << bit),
            Self::High(bit) => word | 1 << bit,
            Self::Inverted(bit) => word ^ 1 << bit,
        }
    }
}
