//! The kernels of the benchmarks compute what they should.

use object::{Object, ObjectSegment};
use ppu_isa::timing::{CycleModel, Flat, Slot, Timing};
use ppu_isa::{Config, Core, Effect, Observer, Stop, Vector, assemble};

mod common;
use common::Memory;

/// Fails at words that are no instruction.
struct Strict;

impl Observer for Strict {
    fn effect(&mut self, _: u64, effect: Effect) {
        assert!(!matches!(effect, Effect::UnknownInstruction { .. }), "{effect:?}");
    }
    fn issued(&mut self, _: u64, _: Slot<'_>) {}
}

fn run<T: Timing>(memory: &mut Memory, rounds: u32) -> u32 {
    let mut core = Core::<T>::new(Config::default());
    core.state_mut().gpr[3] = rounds;
    let stop = core.run(memory, 10_000_000, &mut Strict);
    assert!(matches!(stop, Stop::Asleep { wakes_at: None }), "{stop:?}");
    core.state().gpr[3]
}

#[test]
fn the_scalar_kernel_arrives_at_the_check_sum_of_qemu() {
    let elf =
        object::File::parse(include_bytes!("../benches/kernels/scalar.elf").as_slice()).expect("an ELF file");
    let mut memory = Memory::new(&[0]);
    for segment in elf.segments() {
        for (n, bytes) in segment.data().expect("inside the file").chunks(4).enumerate() {
            let mut word = [0; 4];
            word[..bytes.len()].copy_from_slice(bytes);
            memory.words[segment.address() as usize / 4 + n] = u32::from_be_bytes(word);
        }
    }
    // `qemu-ppc benches/kernels/scalar-linux.elf ROUNDS`, version 7.2.
    for (rounds, sum) in [(1, 0x25d0), (10, 0xc46c)] {
        assert_eq!(run::<Flat>(&mut memory.clone(), rounds), sum);
        assert_eq!(run::<CycleModel>(&mut memory.clone(), rounds), sum);
    }
}

#[test]
fn the_vector_kernel_updates_weights_as_its_heading_says() {
    let program = assemble(include_str!("../benches/kernels/weight_update.s"), 0).expect("a program").words();
    let mut memory = Memory::new(&[0]);
    memory.words[..program.len()].copy_from_slice(&program);
    // The memory of the test has 16 rows behind the port, so that causal, acausal and weights are the same rows.
    let row = |n: usize| Vector(core::array::from_fn(|e| ((n * 31 + e * 7) & 63) as u8));
    memory.port = (0..16).map(row).collect();
    run::<Flat>(&mut memory, 1);
    for n in 0..16 {
        let mut expected = row(n);
        for byte in &mut expected.0 {
            // Each row is visited 512 / 16 times; its difference is 0, what is left is the way to the target.
            for _ in 0..32 {
                let (weight, target) = (i32::from(*byte), 16);
                *byte = (weight + ((target - weight) >> 3)).clamp(0, 63) as u8;
            }
        }
        assert_eq!(memory.port[n], expected, "row {n}");
    }
}
