//! Registers as a host reaches them: through the FPGA on the Omnibus and over JTAG, with the reset values and access modes
//! of the rows (which the tests of `bss2-chip` compare with the independent register map).

use bss2_chip::Chip;
use bss2_chip::registers::{Access, Block, Register, RegisterFile, Space, decode};
use bss2_host::connection::Connection;
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::loopback::Loopback;
use bss2_host::playback::{Barrier, JtagTicket, ProgramBuilder, ReadTicket};

fn chip() -> Executor<Chip> {
    Executor::new(Chip::new(1), ExecutorConfig::default())
}

/// The first, a middle and the last instance of every word of every block that `wanted` holds for.
fn samples(wanted: impl Fn(Block) -> bool) -> Vec<(Register, u32)> {
    let blocks = Block::ALL.iter().copied().filter(|&block| wanted(block));
    blocks
        .flat_map(|block| {
            let count = block.description().instances();
            let mut instances = vec![0, count / 2 + count / 7, count - 1];
            instances.dedup();
            instances.retain(|&instance| instance < count);
            let words = 0..block.description().words.len() as u8;
            instances
                .into_iter()
                .flat_map(move |instance| words.clone().map(move |word| Register { block, instance, word }))
        })
        .filter_map(|register| Some((register, register.address()?)))
        .collect()
}

/// Blocks whose words do something of their own when they are touched, or show something that moves.
fn has_a_life_of_its_own(block: Block) -> bool {
    use Block::*;
    matches!(
        block,
        // Starts a processor; shows whether it sleeps; takes the links away; converters of the board.
        PPUControlRegister | PPUStatusRegister | CommonPhyConfigChip | SPIMaster | I2CMaster
        // Moves by itself.
            | TimerReadout | CrossbarOutputEventCounter | CrossbarInputDropCounter | PhyStatus | HicannARQStatus
            | FPGASystimeSyncLastRTT | FPGASystimeSyncLastAsicSystime | FPGASystimeSyncActiveState | FPGADeviceDNA
            | PLLSelfTestStatus | PerfTestStatus
    )
}

fn word_mask(register: Register) -> u32 {
    register.block.description().words[usize::from(register.word)].used_mask()
}

fn access_of(register: Register) -> Access {
    register.block.description().words[usize::from(register.word)].access
}

/// What a register holds after it was reset and then written with `value`.
fn expected(file: &RegisterFile, register: Register, value: Option<u32>) -> u32 {
    match (access_of(register), value) {
        (Access::WriteOnly, _) => 0,
        (Access::ReadWrite, Some(value)) => value & word_mask(register),
        _ => file.read(register),
    }
}

#[test]
fn chip_registers_read_back_what_exists_over_omnibus_and_jtag() {
    let registers =
        samples(|block| block.description().space == Space::Chip && !has_a_life_of_its_own(block));
    assert!(registers.len() >= 180, "{}", registers.len());
    let file = RegisterFile::chip();
    let mut executor = chip();
    for pattern in [None, Some(0xffff_ffff), Some(0x5a5a_a5a5), Some(0)] {
        let mut builder = ProgramBuilder::new();
        // Each way writes half of the words; both read all of them.
        if let Some(pattern) = pattern {
            for (index, &(_, address)) in registers.iter().enumerate() {
                if index % 2 == 0 {
                    builder.write(address, pattern)
                } else {
                    builder.jtag_write(address, pattern)
                };
            }
        }
        builder.barrier(Barrier::OMNIBUS | Barrier::JTAG);
        let tickets: Vec<(ReadTicket, JtagTicket)> = registers
            .iter()
            .map(|&(_, address)| (builder.read(address), builder.jtag_read(address)))
            .collect();
        builder.barrier_omnibus();
        let results = executor.run(&builder.finish().unwrap()).unwrap().complete().unwrap();
        for (&(register, address), (omnibus, jtag)) in registers.iter().zip(tickets) {
            let expected = expected(&file, register, pattern);
            let found = (results.word(omnibus).unwrap(), results.jtag(jtag).unwrap() as u32);
            assert_eq!(found, (expected, expected), "{register} at {address:#010x} after {pattern:x?}");
        }
    }
}

#[test]
fn the_fpga_has_the_registers_of_the_rows() {
    let registers =
        samples(|block| block.description().space == Space::Fpga && !has_a_life_of_its_own(block));
    assert!(registers.len() >= 36, "{}", registers.len());
    let file = RegisterFile::fpga();
    let mut executor = Executor::new(Loopback::new(), ExecutorConfig::power_up());
    for pattern in [None, Some(0x5a5a_a5a5), Some(0xffff_ffff), Some(0)] {
        let mut builder = ProgramBuilder::new();
        if let Some(pattern) = pattern {
            registers.iter().for_each(|&(_, address)| {
                builder.write(address, pattern);
            });
        }
        let tickets: Vec<ReadTicket> = registers.iter().map(|&(_, address)| builder.read(address)).collect();
        let results = executor.run(&builder.finish().unwrap()).unwrap();
        for (&(register, address), ticket) in registers.iter().zip(tickets) {
            let found = results.word(ticket).unwrap();
            let expected = expected(&file, register, pattern);
            assert_eq!(found, expected, "{register} at {address:#010x} after {pattern:x?}");
        }
    }
}

#[test]
fn byte_enables_count_in_memories_and_any_of_them_writes_a_whole_register() {
    // SRAM of the top processor, synapse array (label views), a crossbar node, FPGA memory (settled 12).
    let by_byte = [0x0280_0123, 0x02c4_0000 + 64 * 7 + 3, 0x8000_0040];
    let whole = [0x0013_0019 + 5, 0x001a_1000];
    let mut executor = chip();
    let mut builder = ProgramBuilder::new();
    for address in by_byte.into_iter().chain(whole) {
        builder.write(address, 0x0102_0304).write_bytes(address, 0x3132_3334, 0b0101);
        builder.write_bytes(address, 0xffff_ffff, 0);
    }
    let memories: Vec<ReadTicket> = by_byte.iter().map(|&address| builder.read(address)).collect();
    let registers: Vec<ReadTicket> = whole.iter().map(|&address| builder.read(address)).collect();
    builder.barrier_omnibus();
    let results = executor.run(&builder.finish().unwrap()).unwrap().complete().unwrap();
    for (address, ticket) in by_byte.iter().zip(memories) {
        assert_eq!(results.word(ticket).unwrap(), 0x0132_0334, "{address:#010x}");
    }
    assert_eq!(results.word(registers[0]).unwrap(), 0x3132_3334 & 0xbfff_3fff);
    assert_eq!(results.word(registers[1]).unwrap(), 0x34);
}

#[test]
fn addresses_between_the_registers_answer_zero_and_take_nothing() {
    let holes: Vec<u32> =
        (0..0x0040_0000_u32).step_by(0x3fd).filter(|&address| decode(address).is_none()).take(400).collect();
    assert!(holes.len() == 400);
    let mut executor = chip();
    let mut builder = ProgramBuilder::new();
    holes.iter().for_each(|&address| {
        builder.write(address, 0xffff_ffff);
    });
    let tickets: Vec<ReadTicket> = holes.iter().map(|&address| builder.read(address)).collect();
    builder.barrier_omnibus();
    let results = executor.run(&builder.finish().unwrap()).unwrap().complete().unwrap();
    assert!(tickets.into_iter().all(|ticket| results.word(ticket).unwrap() == 0));
}
