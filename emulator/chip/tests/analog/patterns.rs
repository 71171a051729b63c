//! The eight firing patterns of Naud et al. 2008 on the chip (T-NAUD, analog-core 10.1): the same class, not the same times.

use crate::bench::run;
use crate::neuron::*;
use bss2_chip::registers::capmem::NeuronParameter as Cell;
use bss2_chip::registers::neuron::NeuronConfig;

/// A row of the table: pF, nS, mV, nS, ms, pA, mV, pA (capacitance, leak, rest, a, tau_w, b, reset, current); threshold -50 mV and slope
/// 2 mV are common to all.
struct Pattern {
    c: f64,
    g_l: f64,
    e_l: f64,
    a: f64,
    tau_w: f64,
    b: f64,
    v_r: f64,
    current: f64,
}

impl Pattern {
    /// A row, in its order.
    fn of([c, g_l, e_l, a, tau_w, b, v_r, current]: [f64; 8]) -> Self {
        Self { c, g_l, e_l, a, tau_w, b, v_r, current }
    }
}

/// Capacitance in F: a small one, so that the adaptation current, 63 nA at the most, is not exhausted.
const SMALL: f64 = 15.0 * 38.1e-15 + 0.176e-12;
const V_T: f64 = -50.0;
const DELTA_T: f64 = 2.0;

/// Volts on the chip of a biological potential in mV: ten times larger, the exponential threshold at 0.5 V.
fn volts(millivolts: f64) -> f64 {
    0.5 + 10.0 * (millivolts - V_T) * 1e-3
}

/// Spike times in ms of 500 ms: the pattern on a chip, a thousand times faster (analog-core 1.2).
fn spikes(pattern: &Pattern) -> Vec<f64> {
    let Pattern { c, g_l, e_l, a, tau_w, b, v_r, current } = *pattern;
    let scale = SMALL / (c * 1e-12);
    let conductance = |siemens: f64| scale * 1e3 * siemens * 1e-9;
    let ampere = |picoampere: f64| scale * 1e4 * picoampere * 1e-12;
    let mut chip = chip();
    divided_leak(&mut chip, NEURON, conductance(g_l), volts(e_l));
    // Opening the reset takes some charge with it (analog-core 3.3).
    reset(&mut chip, NEURON, volts(v_r) + 8e-15 / SMALL);
    exponential(&mut chip, NEURON, DELTA_T * 1e-2, volts(V_T), conductance(g_l));
    set(&mut chip, NEURON, Cell::VThreshold, direct(0.8));
    set(&mut chip, NEURON, Cell::IMemOffset, offset(ampere(current)));
    // analog-core 3.9: tau_w = C_w / g_tau, a = g_w g_a / g_tau, b = g_w I_b t_pulse / C_w.
    let (c_w, g_w) = (2.6e-12, 0.127e-6);
    let g_tau = c_w / (tau_w * 1e-6);
    set(&mut chip, NEURON, Cell::IBiasAdaptTau, g_tau / 0.156e-9);
    set(&mut chip, NEURON, Cell::IBiasAdaptA, conductance(a.abs()) * g_tau / g_w / 1.19e-9);
    set(&mut chip, NEURON, Cell::IBiasAdaptB, ampere(b) * c_w / g_w / ADAPTATION_PULSE / 0.978e-9);
    set(&mut chip, NEURON, Cell::VAdaptLeak, adaptation_followed(volts(e_l)));
    set(&mut chip, NEURON, Cell::VAdaptRef, adaptation_followed(0.5));
    let resting = NeuronConfig {
        en_reset_mul: true,
        en_leak_div: true,
        mem_cap_size: 15,
        en_exp: true,
        en_adapt: true,
        invert_adapt_a: a < 0.0,
        en_fire: true,
        en_thresh_comp: true,
        en_pause: true,
        ..passive()
    };
    back_end(&mut chip, NEURON, 50);
    switch(&mut chip, NEURON, &resting);
    run(&mut chip, 3_000_000);
    let start = chip.now();
    switch(&mut chip, NEURON, &NeuronConfig { en_mem_off: true, ..resting });
    run(&mut chip, 500_000);
    events(&mut chip, NEURON, start).iter().map(|time| time * 1e6).collect()
}

fn intervals(spikes: &[f64]) -> Vec<f64> {
    spikes.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

fn smallest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Asserts a pattern: the number of spikes is that of the table, give or take so many.
#[track_caller]
fn counted(spikes: &[f64], expected: usize, tolerance: usize) {
    assert!(spikes.len().abs_diff(expected) <= tolerance, "{expected} spikes expected: {spikes:.1?}");
}

#[test]
fn tonic_spiking_is_regular() {
    let spikes = spikes(&Pattern::of([200.0, 10.0, -70.0, 2.0, 30.0, 0.0, -58.0, 500.0]));
    counted(&spikes, 51, 5);
    let late = &intervals(&spikes)[10..];
    assert!(largest(late) < 1.05 * smallest(late), "{late:.1?}");
}

#[test]
fn adaptation_lengthens_intervals_one_by_one() {
    let spikes = spikes(&Pattern::of([200.0, 12.0, -70.0, 2.0, 300.0, 60.0, -58.0, 500.0]));
    counted(&spikes, 10, 3);
    let intervals = intervals(&spikes);
    assert!(intervals.windows(2).all(|pair| pair[1] > 0.98 * pair[0]), "{intervals:.1?}");
    assert!(intervals[intervals.len() - 1] > 4.0 * intervals[0], "{intervals:.1?}");
}

#[test]
fn an_initial_burst_gives_way_to_regular_spikes() {
    let spikes = spikes(&Pattern::of([130.0, 18.0, -58.0, 4.0, 150.0, 120.0, -50.0, 400.0]));
    counted(&spikes, 10, 2);
    let intervals = intervals(&spikes);
    assert!(largest(&intervals[..2]) < 0.2 * smallest(&intervals[2..]), "{intervals:.1?}");
    assert!(largest(&intervals[3..]) < 1.1 * smallest(&intervals[3..]), "{intervals:.1?}");
}

/// The numbers of spikes between silences longer than `silence` ms.
fn bursts(spikes: &[f64], silence: f64) -> Vec<usize> {
    let mut bursts = vec![1];
    for interval in intervals(spikes) {
        match bursts.last_mut() {
            Some(last) if interval <= silence => *last += 1,
            _ => bursts.push(1),
        }
    }
    bursts
}

#[test]
fn regular_bursts_alternate_with_silence() {
    let spikes = spikes(&Pattern::of([200.0, 10.0, -58.0, 2.0, 120.0, 100.0, -46.0, 210.0]));
    counted(&spikes, 9, 2);
    let bursts = bursts(&spikes, 50.0);
    assert!(bursts.len() >= 3 && bursts.iter().all(|burst| (2..=4).contains(burst)), "{spikes:.1?}");
}

#[test]
fn delayed_spikes_accelerate() {
    let spikes = spikes(&Pattern::of([200.0, 12.0, -70.0, -10.0, 300.0, 0.0, -58.0, 300.0]));
    counted(&spikes, 36, 5);
    let intervals = intervals(&spikes);
    assert!(spikes[0] > 1.3 * intervals[0], "{spikes:.1?}");
    assert!(intervals.windows(2).all(|pair| pair[1] < 1.01 * pair[0]), "{intervals:.1?}");
}

#[test]
fn delayed_bursts_come_after_a_long_silence() {
    let spikes = spikes(&Pattern::of([100.0, 10.0, -65.0, -10.0, 90.0, 30.0, -47.0, 110.0]));
    // The first spike is close to rheobase, so that its delay hangs on the last bit of the current; it takes spikes away.
    counted(&spikes, 26, 8);
    assert!(spikes[0] > 50.0, "{spikes:.1?}");
    let bursts = bursts(&spikes, 30.0);
    assert!(bursts.len() >= 3 && bursts.iter().all(|burst| (2..=6).contains(burst)), "{spikes:.1?}");
}

#[test]
fn a_transient_neuron_fires_once() {
    let spikes = spikes(&Pattern::of([100.0, 10.0, -65.0, 10.0, 90.0, 100.0, -47.0, 180.0]));
    counted(&spikes, 1, 0);
    assert!((20.0..40.0).contains(&spikes[0]));
}

#[test]
fn irregular_spikes_never_settle() {
    let spikes = spikes(&Pattern::of([100.0, 12.0, -60.0, -11.0, 130.0, 30.0, -48.0, 160.0]));
    counted(&spikes, 28, 6);
    let intervals = intervals(&spikes);
    assert!(largest(&intervals) > 3.0 * smallest(&intervals), "{intervals:.1?}");
    // Neither a constant number of spikes in a burst nor a constant interval.
    let mean = intervals.iter().sum::<f64>() / intervals.len() as f64;
    let spread = (intervals.iter().map(|i| (i - mean).powi(2)).sum::<f64>() / intervals.len() as f64).sqrt();
    assert!(spread > 0.4 * mean, "{intervals:.1?}");
}
