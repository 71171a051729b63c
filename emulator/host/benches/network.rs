//! How fast programs and answers go over the loopback interface, with a device that does nothing: the round trip of an empty
//! program (goal: a median below 150 us, host-interface 5.1), and words in either direction (goal: 50 MB/s to the FPGA).
//!
//! `cargo bench -p bss2-host --bench network`

mod common;

use bss2_host::client::{Client, ClientConfig};
use bss2_host::connection::Connection;
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::playback::{Instruction, Program, ProgramBuilder};
use bss2_host::server::{Server, ServerConfig};
use common::Null;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const WORDS: usize = 1_000_000;
const ROUND_TRIPS: usize = 5_000;

/// What the executor gets done quickly and without an answer.
fn program_without_answers() -> Program {
    let mut builder = ProgramBuilder::new();
    for _ in 0..WORDS - 1 {
        builder.instruction(Instruction::WaitUntil(0));
    }
    builder.finish().unwrap_or_default()
}

/// Every instruction gives an answer of one word.
fn program_of_markers() -> Program {
    let mut builder = ProgramBuilder::new();
    for _ in 0..WORDS - 1 {
        builder.marker();
    }
    builder.finish().unwrap_or_default()
}

fn bench(criterion: &mut Criterion, config: ClientConfig) -> Result<(), Box<dyn Error>> {
    let mut client = Client::connect(config)?;
    let empty = Program::default();
    let mut times: Vec<Duration> = (0..ROUND_TRIPS)
        .map(|_| {
            let begin = Instant::now();
            client.run(&empty)?;
            Ok(begin.elapsed())
        })
        .collect::<Result<_, Box<dyn Error>>>()?;
    times.sort();
    let at = |share: usize| times[ROUND_TRIPS * share / 1000];
    println!(
        "empty program, {ROUND_TRIPS} times: minimum {:?}, median {:?}, 99 % {:?}, 99.9 % {:?}",
        at(0),
        at(500),
        at(990),
        at(999)
    );

    criterion.bench_function("empty program", |bencher| bencher.iter(|| client.run(&empty).is_ok()));

    let mut group = criterion.benchmark_group("words");
    group.throughput(Throughput::Bytes(8 * WORDS as u64)).sample_size(10);
    let program = program_without_answers();
    group.bench_function("to the FPGA", |bencher| bencher.iter(|| client.run(&program).is_ok()));
    let program = program_of_markers();
    group.bench_function("there and back", |bencher| bencher.iter(|| client.run(&program).is_ok()));
    group.finish();
    Ok(())
}

fn benches(criterion: &mut Criterion) {
    let config = ServerConfig { frame_port: 0, reset_port: 0, ..ServerConfig::default() };
    let server = Server::bind(config).expect("a free port on the loopback interface");
    let frames = server.frame_address().expect("the port has an address");
    let resets = server.reset_address().expect("the port has an address");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| server.serve(&mut Executor::new(Null::default(), ExecutorConfig::default()), &stop));
        let result = bench(criterion, ClientConfig { frames, resets, ..ClientConfig::new(frames.ip()) });
        stop.store(true, Ordering::Relaxed);
        result.expect("the server on this machine answers");
    });
}

criterion_group!(network, benches);
criterion_main!(network);
