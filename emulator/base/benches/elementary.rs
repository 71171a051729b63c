//! Cost of the elementary functions and of random numbers, one by one and over arrays.

#![allow(missing_docs)]

use bss2_base::math;
use bss2_base::random::{Level, Stream, path_hash};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

/// A name, a function and its arguments.
type Case<'a> = (&'static str, fn(f64) -> f64, &'a [f64]);

fn functions(c: &mut Criterion) {
    let xs: Vec<f64> = (0..1024).map(|i| f64::from(i) * 0.007 - 3.5).collect();
    let ps: Vec<f64> = (0..1024).map(|i| (f64::from(i) + 0.5) / 1024.0).collect();
    let mut group = c.benchmark_group("per value");
    group.throughput(Throughput::Elements(1024));
    let cases: [Case<'_>; 5] = [
        ("exp", |x| math::exp(x), &xs),
        ("exp of the system", f64::exp, &xs),
        ("tanh", |x| math::tanh(x), &xs),
        ("ln", |x| math::ln(x), &ps),
        ("inverse_normal_cdf", |x| math::inverse_normal_cdf(x), &ps),
    ];
    for (name, function, arguments) in cases {
        group.bench_function(name, |b| b.iter(|| arguments.iter().map(|&x| function(x)).sum::<f64>()));
    }
    group.bench_function("exp over an array", |b| {
        let mut out = xs.clone();
        b.iter(|| {
            for (y, &x) in out.iter_mut().zip(black_box(&xs)) {
                *y = math::exp(x);
            }
            black_box(&out);
        });
    });
    let stream = Stream::new(1, path_hash("bench"), Level::Noise, 0);
    group.bench_function("normal deviates in blocks", |b| {
        b.iter(|| (0..256).map(|block| stream.normal_block(block).iter().sum::<f64>()).sum::<f64>());
    });
    group.bench_function("single normal deviates", |b| {
        b.iter(|| (0..1024).map(|draw| stream.normal(draw)).sum::<f64>())
    });
    group.finish();
}

criterion_group!(benches, functions);
criterion_main!(benches);
