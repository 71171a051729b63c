//! Speed of execution: instructions per second of wall time, with and without the timing model.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ppu_isa::timing::{CycleModel, Flat, Scoreboard, Timing};
use ppu_isa::{Bus, ByteEnables, Config, Core, LaneMask, Response, Stop, Vector, assemble};
use std::hint::black_box;

/// 16 KiB of memory and 16 rows behind the port.
struct Memory {
    words: Vec<u32>,
    port: Vec<Vector>,
}

impl Bus for Memory {
    fn fetch(&mut self, _: u64, address: u32, line: &mut [u32]) -> Response<u32> {
        let first = (address >> 2) as usize & 4095;
        line.copy_from_slice(&self.words[first..first + line.len()]);
        Response::now(1)
    }
    fn load(&mut self, _: u64, address: u32, _: ByteEnables) -> Response<u32> {
        Response::now(self.words[(address >> 2) as usize & 4095])
    }
    fn store(&mut self, _: u64, address: u32, value: u32, enables: ByteEnables) -> Response<()> {
        let word = &mut self.words[(address >> 2) as usize & 4095];
        *word = enables.merge(*word, value);
        Response::now(())
    }
    fn load_vector(&mut self, _: u64, address: u32) -> Response<Vector> {
        let mut value = Vector::ZERO;
        for k in 0..32 {
            value.set_word(k, self.words[((address >> 2) as usize + k) & 4095]);
        }
        Response::now(value)
    }
    fn store_vector(&mut self, _: u64, address: u32, value: &Vector, _: LaneMask) -> Response<()> {
        for k in 0..32 {
            self.words[((address >> 2) as usize + k) & 4095] = value.word(k);
        }
        Response::now(())
    }
    fn vector_in(&mut self, _: u64, address: u32, _: LaneMask) -> Response<Vector> {
        Response::Done { value: self.port[address as usize & 15], latency: 8 }
    }
    fn vector_out(&mut self, _: u64, address: u32, value: &Vector, lanes: LaneMask) -> Response<()> {
        let row = &mut self.port[address as usize & 15];
        *row = row.merge(value, lanes);
        Response::Done { value: (), latency: 8 }
    }
}

/// A checksum over 1 KiB: loads, arithmetic, rotates, compare and branch; 9 instructions a word.
const SCALAR: &str = "
    li      r9, 200
outer:
    li      r3, 0x2000
    li      r4, 256
    mtctr   r4
    li      r5, 0
loop:
    lwz     r6, 0(r3)
    rlwinm  r5, r5, 5, 0, 31
    xor     r5, r5, r6
    add     r5, r5, r4
    cmpwi   r5, 0
    bge     positive
    addi    r7, r7, 1
positive:
    addi    r3, r3, 4
    bdnz    loop
    addi    r9, r9, -1
    cmpwi   r9, 0
    bne     outer
    wait
";

/// A weight update of 16 rows: read, correlate, accumulate, saturate, write.
const VECTOR: &str = "
    li      r9, 200
    li      r3, 3
    fxvsplatb v9, r3
outer:
    li      r4, 16
    mtctr   r4
    li      r5, 0
loop:
    fxvinx  v1, 0, r5
    fxvmtacbf v1
    fxvmabfs v2, v1, v9
    fxvsubbm v3, v2, v9
    fxvcmpb v3
    fxvaddbfs v2, v2, v9, 1
    fxvsel  v2, v2, v9, 2
    fxvoutx v2, 0, r5
    addi    r5, r5, 1
    bdnz    loop
    addi    r9, r9, -1
    cmpwi   r9, 0
    bne     outer
    wait
";

/// Counts what issues.
#[derive(Default)]
struct Count(u64);

impl ppu_isa::Observer for Count {
    fn issued(&mut self, _: u64, _: ppu_isa::timing::Slot<'_>) {
        self.0 += 1;
    }
}

fn run<T: Timing>(program: &[u32], observer: &mut impl ppu_isa::Observer) -> u64 {
    let mut memory = Memory { words: vec![0x0123_4567; 4096], port: vec![Vector([5; 128]); 16] };
    memory.words[..program.len()].copy_from_slice(program);
    let mut core = Core::<T>::new(Config::default());
    let stop = core.run(&mut memory, u64::MAX, observer);
    assert!(matches!(stop, Stop::Asleep { .. }), "{stop:?}");
    core.asleep_since().unwrap_or(0)
}

fn execution(c: &mut Criterion) {
    for (name, text) in [("scalar", SCALAR), ("vector", VECTOR)] {
        let program = assemble(text, 0).expect("a program").words();
        let mut count = Count::default();
        run::<Flat>(&program, &mut count);
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(count.0));
        group.sample_size(20);
        group.bench_function("flat", |b| b.iter(|| run::<Flat>(black_box(&program), &mut ())));
        group.bench_function("scoreboard", |b| b.iter(|| run::<Scoreboard>(black_box(&program), &mut ())));
        group.bench_function("cycle", |b| b.iter(|| run::<CycleModel>(black_box(&program), &mut ())));
        group.finish();
    }
}

criterion_group!(benches, execution);
criterion_main!(benches);
