//! Random programs.

use ppu_isa::INSTRUCTIONS;
use proptest::prelude::*;

/// Words that are mostly instructions, so that something happens.
pub(crate) fn words() -> impl Strategy<Value = Vec<u32>> {
    let instruction = (0..INSTRUCTIONS.len(), any::<u32>()).prop_map(|(row, bits)| {
        let info = &INSTRUCTIONS[row];
        info.matching | bits & !info.mask
    });
    // Short branches, enabled interrupts and timers, and small numbers in registers.
    let useful = prop_oneof![
        (any::<u32>(), 0u32..64).prop_map(|(r, n)| 0x3800_0000 | (r & 31) << 21 | n << 2),
        (0u32..32).prop_map(|r| 0x7c00_0124 | r << 21),
        Just(0x7c16_03a6 | 3 << 21),
        (0u32..32).prop_map(|n| 0x4200_0000 | n << 2),
        (1u32..32).prop_map(|r| 0x3c00_8000 >> 16 << 16 | r << 21 | 0x0480),
        (0u32..32).prop_map(|r| 0x7c14_53a6 | r << 21),
    ];
    prop::collection::vec(prop_oneof![6 => instruction, 3 => useful, 1 => any::<u32>()], 1..80)
}
