//! How fast instructions go through builder, executor and codec, with a device that does nothing.

mod common;

use bss2_host::connection::Connection;
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::message::{decode_instruction, encode_program};
use bss2_host::playback::{FpgaCycles, Program, ProgramBuilder, Timeline};
use common::Null;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

const SPIKES: u64 = 200_000;
const WORDS: u32 = 100_000;

fn stimulus() -> Timeline {
    let mut timeline = Timeline::new();
    for n in 0..SPIKES {
        timeline.spike(FpgaCycles(3 * n), n as u16);
    }
    timeline
}

fn spike_program() -> Program {
    let mut builder = ProgramBuilder::new();
    builder.play(&stimulus());
    builder.finish().unwrap_or_default()
}

fn access_program() -> Program {
    let mut builder = ProgramBuilder::new();
    for address in 0..WORDS {
        builder.write(address, address);
        builder.read(address);
    }
    builder.finish().unwrap_or_default()
}

fn run(program: &Program) -> usize {
    let mut executor = Executor::new(Null::default(), ExecutorConfig::default());
    let results = executor.run(program).map(|results| results.recording).unwrap_or_default();
    results.spikes.len() + results.reads.value.len()
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("spikes");
    group.throughput(Throughput::Elements(SPIKES)).sample_size(10);
    let timeline = stimulus();
    group.bench_function("build", |bencher| {
        bencher.iter(|| {
            let mut builder = ProgramBuilder::new();
            builder.play(&timeline);
            builder.finish().map(|program| program.len())
        });
    });
    let program = spike_program();
    group.bench_function("execute and record", |bencher| bencher.iter(|| run(black_box(&program))));
    group.bench_function("encode", |bencher| {
        bencher.iter(|| encode_program(&program).fold(0, |sum, word| sum ^ word))
    });
    let words: Vec<u64> = encode_program(&program).collect();
    group.bench_function("decode", |bencher| {
        bencher.iter(|| words.iter().filter(|&&word| decode_instruction(word).is_ok()).count());
    });
    group.finish();

    let mut group = criterion.benchmark_group("accesses");
    group.throughput(Throughput::Elements(2 * u64::from(WORDS))).sample_size(10);
    let program = access_program();
    group.bench_function("execute and record", |bencher| bencher.iter(|| run(black_box(&program))));
    group.finish();
}

criterion_group!(executor, benches);
criterion_main!(executor);
