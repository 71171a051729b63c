//! The MADC at a simulated neuron (T-MADC, analog-core 7.2, 7.3).

use crate::common::{ideal, leaky, top};
use bss2_analog::ReadoutSource;
use bss2_analog::madc::{Madc, MadcCircuit, MadcConfig, MadcControl};
use bss2_analog::readout::{BoardDac, ReadoutLine, SourceSelection};
use bss2_analog::reference::{Circuit, MadcSample, Quantity};
use bss2_base::SimTime;

fn reader(source: ReadoutSource) -> Circuit {
    let mut circuit = leaky(10e-6);
    circuit.bits.readout = true;
    circuit.bits.readout_amplifier = true;
    circuit.bits.readout_source = source;
    circuit
}

fn started(config: MadcConfig) -> Madc {
    let mut madc = Madc::new(1, MadcCircuit::ideal());
    madc.configure(SimTime::ZERO, MadcCircuit::ideal(), config);
    madc.control(SimTime::ZERO, MadcControl { wake_up: true, ..MadcControl::default() });
    let start = MadcControl { start_recording: true, continuous: true, ..MadcControl::default() };
    madc.control(SimTime::from_us(1), start);
    madc
}

fn line(voltage: f64) -> f64 {
    25.0 + voltage / 1.548e-3
}

#[test]
fn a_recording_shows_the_membrane_behind_the_low_pass_of_the_chain() {
    let mut simulation = ideal(vec![(top(7), reader(ReadoutSource::Membrane))]);
    simulation.set_low_pass(top(7), Some(35e-9)).unwrap();
    simulation.advance(SimTime::from_us(1)).unwrap();
    simulation.set_membrane(top(7), 0.9).unwrap();
    let mut madc = started(MadcConfig::default());
    let selection = SourceSelection::single(ReadoutLine::NeuronTopOdd);
    let samples = simulation.record(&mut madc, &selection, &[None; 13], SimTime::from_us(21)).unwrap();
    assert_eq!(samples.len(), 589);
    for sample in samples {
        let t = (sample.time.as_secs_f64() - 1e-6).max(0.0);
        // A step of 0.48 V that decays with 10 us, through a low pass of 35 ns.
        let (slow, fast) = ((-t / 10e-6).exp(), (-t / 35e-9).exp());
        let expected = 0.42 + 0.48 * (slow - fast) / (1.0 - 35e-9 / 10e-6);
        assert!((f64::from(sample.code) - line(expected)).abs() <= 0.5 + 1e-3, "{sample:?} {expected}");
        assert_eq!(sample.channel, 0);
    }
}

#[test]
fn two_multiplexers_alternate_between_a_neuron_and_the_board() {
    let mut simulation = ideal(vec![(top(8), reader(ReadoutSource::ExcitatoryLine))]);
    let mut madc = started(MadcConfig { select_length: 1, ..MadcConfig::default() });
    let mut outside = [None; 13];
    let dac = BoardDac::for_voltage(0.3, 2.5).unwrap();
    outside[ReadoutLine::DebugPlus as usize] = Some(dac.voltage());
    let selection = SourceSelection {
        lines: [1 << ReadoutLine::NeuronTopEven as u16, 1 << ReadoutLine::DebugPlus as u16],
        buffer: [false; 2],
    };
    let samples = simulation.record(&mut madc, &selection, &outside, SimTime::from_us(2)).unwrap();
    for (number, MadcSample { code, channel, .. }) in samples.into_iter().enumerate() {
        // A line at rest shows 0.60 V.
        let expected = [line(0.6), line(dac.voltage())][number % 2];
        assert_eq!((channel, code), (number % 2, expected.round() as u16));
    }
}

#[test]
fn several_neurons_on_a_line_average_and_a_silent_line_shows_the_zero_code() {
    let mut second = reader(ReadoutSource::Membrane);
    second.leak.potential = 0.62;
    let circuits = vec![(top(7), reader(ReadoutSource::Membrane)), (top(9), second)];
    let mut simulation = ideal(circuits);
    let lines = simulation.readout_lines(&[None; 13]);
    assert!((lines[ReadoutLine::NeuronTopOdd as usize].unwrap() - 0.52).abs() < 1e-12);
    assert_eq!(lines[ReadoutLine::NeuronTopEven as usize], None);
    let record = |simulation: &mut bss2_analog::reference::Simulation, source, until| {
        let mut madc = started(MadcConfig::default());
        let selection = SourceSelection::single(source);
        simulation.record(&mut madc, &selection, &[None; 13], until).unwrap().last().unwrap().code
    };
    let both = record(&mut simulation, ReadoutLine::NeuronTopOdd, SimTime::from_us(2));
    assert_eq!(both, line(0.52).round() as u16);
    let mut simulation = ideal(vec![(top(7), leaky(10e-6))]);
    assert_eq!(record(&mut simulation, ReadoutLine::NeuronTopOdd, SimTime::from_us(2)), 25);
    assert_eq!(simulation.value(top(7), Quantity::Readout).unwrap(), 0.0);
}
