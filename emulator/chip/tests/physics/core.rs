//! Codes in, voltages out: the translation and the analog core together, on the analytical reference chip.

use crate::bench::{Bench, some_neuron, usual};
use bss2_analog::{AnalogCore, AnalogOptions, Branch, ColumnSwitches, Line, RowMode, SynapticPulse};
use bss2_base::{ColumnMask, Hemisphere, SimTime};
use bss2_chip::physics::{
    BoardVoltages, CadcSwitches, DriverSwitches, NeuronRow, SharedCell, SynapseBiases, Warnings,
};

#[test]
fn a_full_event_gives_the_psp_and_the_codes_of_the_specification() {
    // analog-core 3.6: weight 63, DAC 600, gm 500, 10 us and 10 us: 48.5 nA at first, 69 mV at the peak.
    let mut bench = Bench::ideal();
    let neuron = some_neuron();
    assert_eq!(neuron.hemisphere(), Hemisphere::Bottom);
    bench.set_shared(SharedCell::CadcVRampOffset, 31);
    bench.set_shared(SharedCell::CadcIRampSlope, 369);
    for (row, code) in [
        (NeuronRow::VLeak, 630),
        (NeuronRow::VThreshold, 600),
        (NeuronRow::IBiasLeak, 114),
        (NeuronRow::IBiasSyninExcTau, 50),
        (NeuronRow::IBiasSyninExcGm, 500),
        (NeuronRow::IBiasSyninExcShift, 300),
    ] {
        bench.set(neuron, row, code);
    }
    let mut switches = usual();
    switches.bits.inputs[Line::Inhibitory as usize].enable = false;
    let parameters = bench.neuron(neuron, &switches);

    let mut core = AnalogCore::new(0, AnalogOptions::noiseless());
    core.set_neuron(neuron, &parameters).unwrap();
    let driver =
        DriverSwitches { rows: [RowMode::Excitatory, RowMode::Disabled], ..DriverSwitches::default() };
    core.set_driver(Hemisphere::Bottom, 0, &bench.driver(0, &driver));
    let charge =
        bench.cells().unit_charge(neuron.quadrant(), &SynapseBiases::INTERNAL, &mut Warnings::default());
    core.set_unit_charge(neuron.quadrant(), charge);
    core.set_weight(Hemisphere::Bottom, 0, neuron.column(), 63);
    let switches = ColumnSwitches {
        synaptic_current: [true; 2],
        neuron_readout: [true; 2],
        ..ColumnSwitches::default()
    };
    core.set_column(neuron, &switches);
    for branch in Branch::ALL {
        let channel = bench.cells().cadc_channel(
            Hemisphere::Bottom,
            branch,
            neuron.column(),
            &CadcSwitches::default(),
            &SynapseBiases::INTERNAL,
            &BoardVoltages::NOMINAL,
        );
        core.set_cadc_channel(Hemisphere::Bottom, branch, neuron.column(), &channel);
    }

    let mut fires = Vec::new();
    core.advance(SimTime::from_ms(1), &mut fires);
    let rest = core.membrane(neuron);
    // 0.42 V, and the pseudo-leak of the input toward 0.6 V at a tenth of the leak conductance.
    let pull = parameters.inputs[0].output_conductance / parameters.leak.conductance;
    assert!((rest - (0.4213 + 0.6 * pull) / (1.0 + pull)).abs() < 1e-3, "{rest}");
    let code = core.convert(Hemisphere::Bottom, 0).causal[usize::from(neuron.column())];
    assert!((f64::from(code) - (rest - 0.060) / 4.5e-3).abs() < 1.5, "{code}");

    core.input(SynapticPulse {
        time: SimTime::from_ms(1),
        hemisphere: Hemisphere::Bottom,
        driver: 0,
        top_row: ColumnMask::NONE,
        bottom_row: ColumnMask::ALL,
        activation: 0,
    });
    core.advance(SimTime::from_us(1_000) + SimTime::from_ns(10_020), &mut fires);
    let peak = core.membrane(neuron) - rest;
    // The pseudo-leak shortens the membrane time constant by a tenth: 66 instead of 69 mV.
    assert!((0.062..0.070).contains(&peak), "{peak}");
    assert_eq!(fires, []);
}
