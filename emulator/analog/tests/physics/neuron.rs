//! Closed forms and the refractory automaton (analog-core 10, event-routing 9.4).

use crate::common::{
    BruteForce, CAPACITANCE, connect, core_with, input, integrate_and_fire, leaky, neuron, pulse, run,
};
use bss2_analog::{
    AnalogCore, AnalogOptions, ClockPhase, Comparator, Fire, Line, NeuronParameters, Refractory,
    Transconductor,
};
use bss2_base::SimTime;
use proptest::prelude::*;

/// The PSP of one event that starts a synaptic current of 48.5 nA: peak in mV and its time in us, sampled every ns.
#[track_caller]
fn assert_psp(tau_membrane: f64, tau_synapse: f64, peak: f64, at: f64) {
    let mut parameters = leaky(tau_membrane);
    let g = 5.22e-6;
    parameters.inputs[0] = input(tau_synapse);
    let mut core = core_with(&parameters);
    run(&mut core, SimTime::from_ms(5));
    connect(&mut core, neuron(), [63, 0]);
    core.set_unit_charge(neuron().quadrant(), 48.5e-9 / g / 63.0 * 2.5e-12);
    let rest = core.membrane(neuron());
    assert!((rest - 0.42).abs() < 1e-9);
    let start = core.now() + SimTime::from_ns(20);
    core.input(pulse(core.now(), neuron(), true, false));
    let mut best = (0.0, 0.0);
    for ns in 1..15_000 {
        run(&mut core, start + SimTime::from_ns(ns));
        let v = core.membrane(neuron()) - rest;
        if v > best.0 {
            best = (v, ns as f64 * 1e-3);
        }
    }
    assert!((best.0 * 1e3 - peak).abs() < 1e-3, "peak {} mV instead of {peak}", best.0 * 1e3);
    assert!((best.1 - at).abs() < 2e-3, "at {} us instead of {at}", best.1);
}

#[test]
fn psps_have_the_height_and_time_of_the_closed_form() {
    assert_psp(10e-6, 5e-6, 47.064, 6.9315); // T-LIN1
    assert_psp(10e-6, 10e-6, 69.255, 10.0); // T-LIN2
    assert_psp(6e-6, 6e-6, 41.553, 6.0); // T-LIN3
    assert_psp(60e-6, 0.32e-6, 5.857, 1.684); // T-LIN4
}

#[test]
fn an_event_moves_the_line_by_charge_over_capacitance() {
    let mut core = core_with(&NeuronParameters { inputs: [input(5e-6); 2], ..leaky(10e-6) });
    connect(&mut core, neuron(), [63, 10]);
    core.input(pulse(SimTime::ZERO, neuron(), true, true));
    run(&mut core, SimTime::from_ns(20));
    // 0.15 mV per weight (analog-core 5.2)
    assert!((core.line(neuron(), Line::Excitatory) - 63.0 * 0.15e-3).abs() < 1e-12);
    assert!((core.line(neuron(), Line::Inhibitory) - 10.0 * 0.15e-3).abs() < 1e-12);
    run(&mut core, SimTime::from_ns(5_020));
    assert!((core.line(neuron(), Line::Excitatory) - 63.0 * 0.15e-3 * (-1.0f64).exp()).abs() < 1e-12);
}

/// Fire times in ps of a core, without the rounding to the 4 ns grid: the refractory clock starts with the fire.
fn periods(fires: &[Fire]) -> Vec<f64> {
    fires.windows(2).map(|pair| (pair[1].time - pair[0].time).as_secs_f64()).collect()
}

/// The f-I curve of T-FI1. Edges are on a 4 ns grid, so one period is exact to 4 ns, and the next start shifts by up to that.
#[test]
fn firing_periods_follow_the_closed_form() {
    for (current, period) in
        [(60e-9, 24.1305e-6), (80e-9, 13.9125e-6), (100e-9, 10.4721e-6), (137e-9, 7.6057e-6)]
    {
        let options = AnalogOptions { refractory_phase: ClockPhase::FromFire, ..AnalogOptions::noiseless() };
        let mut core = AnalogCore::new(1, options);
        // An ideal reset: with 1 ps the current lifts the reset potential by less than 0.1 uV.
        core.set_neuron(neuron(), &integrate_and_fire(1e-12, current)).unwrap();
        let fires = run(&mut core, SimTime::from_ms(2));
        for found in periods(&fires[1..]) {
            // From the release (8 ns before the end of the refractory period, on the grid) to the crossing, rounded up.
            let expected = period - 8e-9;
            assert!(
                found > expected - 51e-12 && found < expected + 4.001e-9,
                "{found:e} instead of {expected:e}"
            );
        }
    }
}

#[test]
fn a_current_below_the_rheobase_never_fires() {
    assert!(run(&mut core_with(&integrate_and_fire(1e-9, 50e-9)), SimTime::from_ms(10)).is_empty());
    assert!(run(&mut core_with(&integrate_and_fire(1e-9, 52.16e-9)), SimTime::from_ms(10)).is_empty());
    assert!(!run(&mut core_with(&integrate_and_fire(1e-9, 52.18e-9)), SimTime::from_ms(10)).is_empty());
}

#[test]
fn a_finite_reset_leaves_a_residue_of_a_microvolt() {
    // T-FI2: tau_reset 0.161 us, t_ref 2 us.
    let mut core = core_with(&integrate_and_fire(0.161e-6, 80e-9));
    let first = run(&mut core, SimTime::from_ms(1))[0].time;
    let mut core = core_with(&integrate_and_fire(0.161e-6, 80e-9));
    // Just before the release, which is one tick before the end; the current pulls the reset potential up a little.
    run(&mut core, first + SimTime::from_ns(1_992) - SimTime::from_ps(1));
    let shift = 80e-9 * 0.161e-6 / CAPACITANCE;
    let residue = core.membrane(neuron()) - 0.375 - shift;
    assert!(residue > 0.0 && residue < 1.1e-6, "{residue:e}");
}

#[test]
fn a_crossing_is_found_to_a_picosecond() {
    // With a comparator delay that is no multiple of 4 ns minus the crossing, the edge tells the crossing to 4 ns only; the delay
    // is therefore scanned until the edge moves.
    let crossing = 10e-6 * (70e-9f64 / 0.257_63e-6 / (0.42 + 70e-9 / 0.257_63e-6 - 0.6225)).ln();
    let edge = |delay: f64| {
        let mut parameters = integrate_and_fire(1e-9, 70e-9);
        parameters.leak.conductance = 0.257_63e-6;
        parameters.comparator = Some(Comparator { threshold: 0.6225, delay });
        let mut core = core_with(&NeuronParameters { constant_current: 0.0, ..parameters });
        run(&mut core, SimTime::from_ms(1));
        assert!((core.membrane(neuron()) - 0.42).abs() < 1e-12);
        core.set_neuron(neuron(), &parameters).unwrap();
        (run(&mut core, SimTime::from_ms(2))[0].time - SimTime::from_ms(1)).as_ps()
    };
    let base = edge(0.0);
    let until_edge = base as f64 * 1e-12 - crossing;
    assert!((0.0..4.001e-9).contains(&until_edge));
    assert_eq!(edge(until_edge - 3e-12), base);
    assert_eq!(edge(until_edge + 3e-12), base + 4_000);
}

#[test]
fn the_refractory_period_grows_by_one_clock_period_per_tick() {
    let period = |ticks: u16| {
        let mut parameters = integrate_and_fire(1e-9, 100e-9);
        parameters.refractory = Refractory { clock: Some(SimTime::from_ns(64)), ticks, holdoff_ticks: 1 };
        let fires = run(&mut core_with(&parameters), SimTime::from_ms(4));
        let periods = periods(&fires[1..]);
        periods.iter().sum::<f64>() / periods.len() as f64
    };
    // T-FI3, the free-running clock adds 0 to 1 periods, on average the same.
    let [short, long] = [32, 42].map(period);
    assert!((long - short - 10.0 * 64e-9).abs() < 64e-9, "{}", long - short);
}

#[test]
fn a_threshold_below_the_reset_potential_fires_with_the_refractory_period() {
    let mut parameters = integrate_and_fire(20e-9, 0.0);
    parameters.comparator = Some(Comparator { threshold: 0.3, delay: 20e-9 });
    let fires = run(&mut core_with(&parameters), SimTime::from_ms(1));
    assert!(periods(&fires[1..]).iter().all(|period| (period - 2e-6).abs() < 1e-15));
}

#[test]
fn the_reset_opens_before_the_refractory_period_ends() {
    // 100 ticks of 8 ns, hold-off 31 ticks: reset for 552 ns, then free for 248 ns without firing.
    let mut parameters = integrate_and_fire(10e-9, 0.0);
    parameters.refractory = Refractory { clock: Some(SimTime::from_ns(8)), ticks: 100, holdoff_ticks: 31 };
    parameters.release_charge = -8e-15;
    let mut core = core_with(&parameters);
    run(&mut core, SimTime::from_ms(1));
    core.artificial_fire(SimTime::from_ms(1), neuron());
    assert_eq!(
        run(&mut core, SimTime::from_ms(1)),
        [Fire { time: SimTime::from_ms(1), neuron: neuron() }],
        "an artificial fire is a complete spike"
    );
    run(&mut core, SimTime::from_ms(1) + SimTime::from_ps(551_999));
    assert!((core.membrane(neuron()) - 0.375).abs() < 1e-9);
    run(&mut core, SimTime::from_ms(1) + SimTime::from_ns(552));
    assert!((core.membrane(neuron()) - (0.375 - 8e-15 / CAPACITANCE)).abs() < 1e-9, "release injects charge");
    core.artificial_fire(core.now(), neuron());
    assert!(run(&mut core, SimTime::from_ms(1) + SimTime::from_ps(799_999)).is_empty(), "still refractory");
    assert!(core.is_refractory(neuron()));
    run(&mut core, SimTime::from_ms(1) + SimTime::from_ns(800));
    assert!(!core.is_refractory(neuron()));
}

#[test]
fn a_holdoff_longer_than_the_period_resets_for_the_whole_period() {
    let mut parameters = integrate_and_fire(10e-9, 0.0);
    parameters.refractory = Refractory { clock: Some(SimTime::from_ns(8)), ticks: 10, holdoff_ticks: 31 };
    parameters.release_charge = -8e-15;
    let mut core = core_with(&parameters);
    run(&mut core, SimTime::from_ms(1));
    core.artificial_fire(core.now(), neuron());
    run(&mut core, SimTime::from_ms(1) + SimTime::from_ps(79_999));
    let before = core.membrane(neuron());
    run(&mut core, SimTime::from_ms(1) + SimTime::from_ps(80_001));
    assert!((core.membrane(neuron()) - before + 8e-15 / CAPACITANCE).abs() < 1e-4);
}

#[test]
fn nothing_fires_without_enable_fire() {
    let parameters = NeuronParameters { enable_fire: false, ..integrate_and_fire(1e-9, 100e-9) };
    let mut core = core_with(&parameters);
    core.artificial_fire(SimTime::from_us(3), neuron());
    assert!(run(&mut core, SimTime::from_ms(1)).is_empty());
    // Enabled while the membrane is above the threshold: the comparator output is high, so it fires now.
    core.set_neuron(neuron(), &NeuronParameters { enable_fire: true, ..parameters }).unwrap();
    assert_eq!(run(&mut core, SimTime::from_ms(1)).len(), 1);
}

#[test]
fn a_fire_without_refractory_clock_stays_refractory_until_the_clock_runs() {
    let mut parameters = integrate_and_fire(1e-9, 100e-9);
    parameters.refractory.clock = None;
    let mut core = core_with(&parameters);
    assert_eq!(run(&mut core, SimTime::from_ms(1)).len(), 1);
    parameters.refractory.clock = Some(SimTime::from_ns(8));
    core.set_neuron(neuron(), &parameters).unwrap();
    assert!(run(&mut core, SimTime::from_ms(2)).len() > 50);
}

#[test]
fn an_overdriven_membrane_stops_at_the_soft_clamp() {
    // 1 uA into 20 uS beyond 1.25 V; leak negligible.
    let mut parameters = leaky(1.0);
    parameters.constant_current = 1e-6;
    let mut core = core_with(&parameters);
    run(&mut core, SimTime::from_ms(1));
    let leak = CAPACITANCE * (0.42 - 1.30);
    assert!((core.membrane(neuron()) - (1.25 + (1e-6 + leak) / 20e-6)).abs() < 1e-6);
    core.set_neuron(neuron(), &NeuronParameters { constant_current: -1e-6, ..parameters }).unwrap();
    run(&mut core, SimTime::from_ms(2));
    assert!((core.membrane(neuron()) + 0.05).abs() < 1e-6);
}

#[test]
fn parameters_without_meaning_are_refused() {
    let mut core = AnalogCore::new(1, AnalogOptions::default());
    let broken = NeuronParameters { capacitance: 0.0, ..NeuronParameters::default() };
    let error = core.set_neuron(neuron(), &broken).unwrap_err();
    assert_eq!((error.name, error.value), ("capacitance", 0.0));
    assert_eq!(*core.neuron(neuron()), NeuronParameters::default());
    let leak = Transconductor { conductance: f64::NAN, ..Transconductor::default() };
    assert!(core.set_neuron(neuron(), &NeuronParameters { leak, ..NeuronParameters::default() }).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Against the brute-force integrator: voltages to 1e-7 V, the first fire to its 4 ns grid point.
    #[test]
    fn membranes_and_first_fires_agree_with_a_runge_kutta_integrator(
        taus in (0.3e-6..60e-6f64, 0.3e-6..30e-6f64, 0.3e-6..30e-6f64),
        weights in (0u8..64, 0u8..64),
        current in -20e-9..40e-9f64,
        events in proptest::collection::vec((0u64..2_000, any::<bool>()), 1..12),
    ) {
        let mut parameters = integrate_and_fire(50e-9, current);
        parameters.leak.conductance = CAPACITANCE / taus.0;
        parameters.comparator = Some(Comparator { threshold: 0.5, delay: 0.0 });
        parameters.inputs = [input(taus.1), input(taus.2)];
        parameters.inputs[0].output_conductance = 0.026e-6;
        let mut core = core_with(&parameters);
        connect(&mut core, neuron(), [weights.0, weights.1]);
        // Equilibrium first, so that inhibition doesn't push the membrane into the soft clamp at once.
        let begin = SimTime::from_ms(2);
        prop_assume!(run(&mut core, begin).is_empty());
        let mut brute = BruteForce { v: core.membrane(neuron()), u: [0.0; 2], parameters };
        let mut events = events;
        events.sort_unstable();
        for (cycle, excitatory) in &events {
            core.input(pulse(begin + SimTime::from_ns(4 * cycle), neuron(), *excitatory, !excitatory));
        }
        let mut next = events.iter().peekable();
        let mut fires = Vec::new();
        for ns in 0..8_500u64 {
            while let Some((_, excitatory)) = next.next_if(|(cycle, _)| 4 * cycle + 20 == ns) {
                let line = usize::from(!excitatory);
                brute.u[line] += f64::from([weights.0, weights.1][line]) * 0.15e-3;
            }
            core.advance(begin + SimTime::from_ns(ns), &mut fires);
            if brute.v < 0.0 {
                break;
            }
            if brute.v >= 0.5 {
                prop_assert!(core.is_refractory(neuron()));
                prop_assert!(fires.iter().all(|fire| fire.time == (begin + SimTime::from_ns(ns)).round_up(SimTime::FABRIC_CYCLE)));
                break;
            }
            prop_assert!(fires.is_empty());
            if ns % 50 == 0 {
                let miss = core.membrane(neuron()) - brute.v;
                prop_assert!(miss.abs() < 1e-7, "{miss:e} V after {ns} ns");
            }
            brute.step(1e-9);
        }
    }
}
