//! Labels and coordinates against the official coordinate library (tests/golden/README.md).

use bss2_base::{Hemisphere, Neuron};
use bss2_events::*;
use serde_json::Value;

fn records(text: &str) -> impl Iterator<Item = Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap())
}

#[test]
fn labels_split_as_the_host_splits_them() {
    let mut count = 0;
    for record in records(include_str!("golden/spike-labels.jsonl")) {
        let field = |name: &str| record[name].as_u64().unwrap();
        let label = SpikeLabel::from_word(field("spike_label") as u16);
        let neuron = label.neuron_label();
        assert_eq!(u64::from(neuron.word()), field("neuron_label"));
        assert_eq!(label.spl1_address().index() as u64, field("spl1_address"));
        assert_eq!(u64::from(neuron.padi().row_select()), field("row_select_address"), "{record}");
        assert_eq!(u64::from(neuron.padi().synapse_label()), field("synapse_label"));
        assert_eq!(u64::from(neuron.address_out()), field("neuron_backend_address_out"));
        // These two accessors of the library keep the low ten bits only (event-routing 3.1): bit 10, the top bit of the
        // row select and of the event output, is missing. A neuron's label has it (event-routing 9.1).
        assert_eq!(neuron.event_output().index() as u64 & 3, field("neuron_event_output"));
        assert_eq!(u64::from(neuron.padi().word() & 0x3FF), field("padi_label"));
        assert_eq!(SpikeLabel::new(label.spl1_address(), neuron), label);
        count += 1;
    }
    assert_eq!(count, 300);
}

#[test]
fn coordinates_convert_as_in_the_host_library() {
    let mut count = 0;
    for record in records(include_str!("golden/coordinates.jsonl")) {
        let (from, method) = (record["from"].as_str().unwrap(), record["method"].as_str().unwrap());
        let convert: fn(usize) -> usize = match (from, method) {
            ("BackgroundSpikeSourceOnDLS", "toCrossbarL2OutputOnDLS") => |k| {
                let input = CrossbarInput::of_background(BackgroundSource::new(k).unwrap());
                let mut links =
                    crossbar::sites().iter().filter(|s| s.input == input).filter_map(|s| s.output.link());
                links.next().unwrap().index()
            },
            ("BackgroundSpikeSourceOnDLS", "toPADIBusOnDLS") => |k| {
                let input = CrossbarInput::of_background(BackgroundSource::new(k).unwrap());
                crossbar::sites().iter().find(|site| site.input == input).unwrap().output.index()
            },
            ("NeuronColumnOnDLS", "toNeuronEventOutputOnDLS") => {
                |column| EventOutput::of(Neuron::new(Hemisphere::Bottom, column as u8)).index()
            }
            ("NeuronEventOutputOnDLS", "toNeuronBackendConfigBlockOnDLS") => {
                |output| EventOutput::new(output).unwrap().block().index()
            }
            ("NeuronEventOutputOnDLS", "toCrossbarInputOnDLS") => {
                |output| CrossbarInput::of_neurons(EventOutput::new(output).unwrap()).index()
            }
            ("PADIBusOnDLS", "toCrossbarOutputOnDLS") => |bus| {
                let hemisphere = Hemisphere::from_index(bus / 4);
                CrossbarOutput::to_padi(hemisphere, PadiBus::new(bus % 4).unwrap()).index()
            },
            ("PADIBusOnDLS", "toPADIBusBlockOnDLS") => {
                |output| CrossbarOutput::new(output).unwrap().padi_bus().unwrap().0.index()
            }
            ("PADIBusOnDLS", "toPADIBusOnPADIBusBlock") => {
                |output| CrossbarOutput::new(output).unwrap().padi_bus().unwrap().1.index()
            }
            ("SPL1Address", "toCrossbarInputOnDLS") => {
                |address| CrossbarInput::of_link(Spl1Address::new(address).unwrap()).index()
            }
            ("CrossbarNodeOnDLS", "toCrossbarInputOnDLS") => |node| crossbar::sites()[node].input.index(),
            ("SynapseDriverOnSynapseDriverBlock", "toPADIBusOnPADIBusBlock") => {
                |driver| Driver::new(driver).unwrap().bus().index()
            }
            ("SynapseDriverOnSynapseDriverBlock", "toSynapseDriverOnPADIBus") => {
                |driver| Driver::new(driver).unwrap().position().into()
            }
            _ => panic!("no conversion for {from}.{method}"),
        };
        for (index, target) in record["map"].as_array().unwrap().iter().enumerate() {
            assert_eq!(convert(index) as u64, target.as_u64().unwrap(), "{from}({index}).{method}");
        }
        count += 1;
    }
    assert_eq!(count, 12);
}

#[test]
fn numbers_outside_the_chip_are_refused_by_name() {
    assert_eq!(CrossbarNode::new(76), None);
    let error = Driver::try_from(128).unwrap_err();
    assert_eq!(error.to_string(), "there is no synapse driver 128, the last one is 127");
    assert!(serde_json::from_str::<CrossbarInput>("20").is_err());
}
