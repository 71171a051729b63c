//! Leaky and exponential integrate-and-fire (T-FI1 to T-FI3, T-EX1), reset and refractory period.

use crate::common::{CAPACITANCE, fires, firing, ideal, leaky, periods, top, with_current};
use bss2_analog::reference::{Cause, Circuit, DigitalTiming, Input, Options, Quantity, Refire, Simulation};
use bss2_analog::{ClockPhase, Refractory};
use bss2_base::SimTime;

/// The circuit of T-FI1: 10 us, 0.42 V, threshold 0.6225 V, reset 0.375 V, refractory for 2 us.
fn integrate_and_fire(current: f64) -> Circuit {
    firing(with_current(leaky(10e-6), current), 0.6225, 0.375, 250)
}

/// Period in s by the closed form.
fn period(current: f64) -> f64 {
    let asymptote = 0.42 + current * 10e-6 / CAPACITANCE;
    2e-6 + 10e-6 * ((asymptote - 0.375) / (asymptote - 0.6225)).ln()
}

#[test]
fn firing_periods_are_those_of_the_closed_form_within_ten_picoseconds() {
    for (current, table) in
        [(60e-9, 24.1305e-6), (80e-9, 13.9125e-6), (100e-9, 10.4721e-6), (137e-9, 7.6057e-6)]
    {
        // The table holds for C = 2.5763 pF, as here.
        assert!((period(current) / table - 1.0).abs() < 1e-5, "{:e}", period(current));
        let fires = fires(integrate_and_fire(current), SimTime::from_us(200));
        let periods = periods(&fires);
        assert!(periods.len() >= 6);
        for found in periods {
            assert!((found - period(current)).abs() < 10e-12, "{found:e} {:e}", period(current));
        }
    }
}

#[test]
fn a_current_below_the_rheobase_never_fires() {
    // 52.170 nA (analog-core 10).
    assert!(fires(integrate_and_fire(50e-9), SimTime::from_ms(1)).is_empty());
    assert!(fires(integrate_and_fire(52.16e-9), SimTime::from_ms(1)).is_empty());
    assert!(!fires(integrate_and_fire(52.18e-9), SimTime::from_ms(1)).is_empty());
}

#[test]
fn a_finite_reset_lengthens_the_period_by_less_than_a_nanosecond() {
    let with = |tau: f64| {
        let mut circuit = integrate_and_fire(80e-9);
        circuit.reset.conductance = CAPACITANCE / tau;
        circuit.reset.potential = 0.375 - 80e-9 / circuit.reset.conductance;
        circuit
    };
    let found = periods(&fires(with(0.161e-6), SimTime::from_us(100)));
    let excess = found[3] - period(80e-9);
    // (0.6225 - 0.375) e^(-2 / 0.161) = 1 uV of residue, which shortens the way to the threshold.
    assert!(excess.abs() < 1e-9, "{excess:e}");
    assert!(excess < -10e-12, "{excess:e}");
}

#[test]
fn the_period_grows_by_one_clock_period_per_tick() {
    let of = |ticks| {
        let mut circuit = integrate_and_fire(80e-9);
        circuit.refractory.ticks = ticks;
        periods(&fires(circuit, SimTime::from_us(100)))[2]
    };
    let base = of(250);
    for ticks in [251, 252, 260] {
        let expected = base + f64::from(ticks - 250) * 8e-9;
        assert!((of(ticks) - expected).abs() < 10e-12);
    }
    // With a free-running clock and the grid of the fabric: up to one period more.
    let mut options = Options::ideal();
    options.timing = DigitalTiming::default();
    let mut simulation = Simulation::new(vec![(top(7), integrate_and_fire(80e-9))], options).unwrap();
    simulation.advance(SimTime::from_us(200)).unwrap();
    for fire in simulation.fires() {
        let late = fire.edge - fire.reset;
        assert!((-1e-18..4e-9).contains(&late), "{late:e}");
        assert!((fire.edge / 4e-9 - (fire.edge / 4e-9).round()).abs() < 1e-6);
    }
    for found in periods(simulation.fires()) {
        assert!(found > period(80e-9) - 1e-12 && found < period(80e-9) + 12e-9 + 1e-12, "{found:e}");
    }
}

#[test]
fn the_reset_opens_before_the_refractory_period_ends_and_injects_its_charge() {
    let mut circuit = integrate_and_fire(0.0);
    circuit.release_charge = -8e-15;
    circuit.refractory.holdoff_ticks = 31;
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.input(SimTime::from_us(1), top(7), Input::Fire).unwrap();
    let release = SimTime::from_ns(1000 + (250 - 31) * 8);
    simulation.advance(SimTime::from_ps(release.as_ps() - 1)).unwrap();
    assert!(simulation.is_in_reset(top(7)).unwrap());
    assert!((simulation.value(top(7), Quantity::Membrane).unwrap() - 0.375).abs() < 1e-7);
    simulation.advance(release).unwrap();
    assert!(!simulation.is_in_reset(top(7)).unwrap());
    // -8 fC on 2.58 pF: -3.1 mV (analog-core 3.3).
    let after = simulation.value(top(7), Quantity::Membrane).unwrap();
    assert!((after - 0.375 + 8e-15 / CAPACITANCE).abs() < 1e-7);
    assert_eq!(simulation.fires()[0].cause, Cause::Artificial);
    // Refractory until the end of the period.
    simulation.input(SimTime::from_ns(2990), top(7), Input::Fire).unwrap();
    simulation.input(SimTime::from_ns(3001), top(7), Input::Fire).unwrap();
    simulation.advance(SimTime::from_us(4)).unwrap();
    assert_eq!(simulation.fires().len(), 2);
}

#[test]
fn a_period_shorter_than_the_holdoff_resets_for_the_whole_period() {
    let mut circuit = integrate_and_fire(0.0);
    circuit.refractory = Refractory { clock: Some(SimTime::from_ns(8)), ticks: 5, holdoff_ticks: 31 };
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.input(SimTime::from_us(1), top(7), Input::Fire).unwrap();
    simulation.advance(SimTime::from_ns(1039)).unwrap();
    assert!(simulation.is_in_reset(top(7)).unwrap());
    simulation.advance(SimTime::from_ns(1040)).unwrap();
    assert!(!simulation.is_in_reset(top(7)).unwrap());
}

#[test]
fn a_threshold_below_the_reset_potential_fires_with_the_refractory_period_or_waits_for_an_edge() {
    let mut circuit = integrate_and_fire(0.0);
    circuit.comparator.threshold = 0.3;
    let run = |refire| {
        let mut options = Options::ideal();
        options.timing.refire = refire;
        let mut simulation = Simulation::new(vec![(top(7), circuit)], options).unwrap();
        simulation.input(SimTime::from_us(1), top(7), Input::Fire).unwrap();
        simulation.advance(SimTime::from_us(100)).unwrap();
        simulation.take_fires()
    };
    let tonic = run(Refire::Level);
    assert!(periods(&tonic).iter().all(|period| (period - 2e-6).abs() < 1e-12));
    assert_eq!(tonic.len(), 50);
    assert_eq!(run(Refire::EdgeOnly).len(), 1);
}

#[test]
fn a_fire_while_the_clock_is_off_stays_refractory_until_the_clock_runs() {
    let mut circuit = integrate_and_fire(80e-9);
    let clock = circuit.refractory.clock.take();
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.advance(SimTime::from_us(200)).unwrap();
    assert_eq!(simulation.fires().len(), 1);
    circuit.refractory.clock = clock;
    simulation.configure(top(7), &circuit).unwrap();
    simulation.advance(SimTime::from_us(400)).unwrap();
    let second = simulation.fires()[1].reset;
    assert!((second - (200e-6 + period(80e-9))).abs() < 1e-10, "{second:e}");
}

#[test]
fn the_comparator_delay_moves_the_reset_and_the_membrane_goes_on_rising() {
    let mut circuit = integrate_and_fire(80e-9);
    circuit.comparator.delay = 20e-9;
    let delayed = fires(circuit, SimTime::from_us(100));
    let prompt = fires(integrate_and_fire(80e-9), SimTime::from_us(100));
    assert!((delayed[0].reset - prompt[0].reset - 20e-9).abs() < 1e-12);
    assert!((periods(&delayed)[1] - periods(&prompt)[1] - 20e-9).abs() < 1e-12);
}

#[test]
fn the_default_timing_is_that_of_the_chip() {
    let timing = DigitalTiming::default();
    assert_eq!((timing.edge_grid, timing.phase), (Some(SimTime::from_ns(4)), ClockPhase::FreeRunning));
}

/// An exponential integrate-and-fire neuron with a slope of 20 mV.
fn exponential(current: f64) -> (Circuit, f64) {
    let mut circuit = with_current(leaky(15e-6), current);
    circuit.exponential.slope = Some(0.020);
    circuit.exponential.onset = 0.9;
    // The closed form knows no limit.
    circuit.exponential.limit = 1.0;
    circuit.bits.exponential = true;
    let threshold = circuit.exponential.threshold(circuit.leak.conductance).unwrap();
    (firing(circuit, 0.9, 0.4, 250), threshold)
}

#[test]
fn the_rheobase_of_the_exponential_neuron_is_that_of_the_closed_form() {
    let (circuit, threshold) = exponential(0.0);
    // E_l is not quite the resting potential: the closed form takes the leak potential as it stands.
    let rheobase = circuit.leak.conductance * (threshold - 0.42 - 0.020);
    // Bisection of the current between silence and fire. The passage past the threshold slows down like the inverse root of the
    // excess, so the run is long.
    let fires_at = |factor: f64| !fires(exponential(rheobase * factor).0, SimTime::from_ms(30)).is_empty();
    assert!(!fires_at(1.0 - 1e-5));
    assert!(fires_at(1.0 + 1e-5));
}

#[test]
fn the_limit_bounds_the_exponential_current() {
    let (mut circuit, _) = exponential(0.0);
    circuit.bits.fire = false;
    circuit.exponential.limit = 5e-6;
    circuit.leak.potential = 0.95;
    let mut simulation = ideal(vec![(top(7), circuit)]);
    simulation.advance(SimTime::from_us(50)).unwrap();
    // 5 uA into the upper clamp (20 uS above 1.25 V) and the leak.
    let v = simulation.value(top(7), Quantity::Membrane).unwrap();
    let leak = circuit.leak.conductance;
    let expected = (5e-6 + 20e-6 * 1.25 + leak * 0.95) / (20e-6 + leak);
    assert!((v - expected).abs() < 1e-6, "{v} instead of {expected}");
}
