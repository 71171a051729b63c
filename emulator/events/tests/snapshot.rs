//! A network as a value: saved, restored, and refused when it makes no sense.

use bss2_base::{Hemisphere, Neuron};
use bss2_events::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A network with something in every queue.
fn busy() -> EventNetwork {
    let mut network = EventNetwork::default();
    for source in BackgroundSource::all() {
        let config = BackgroundConfig {
            enable: true,
            enable_random: true,
            period: 1,
            seed: 7 + source.index() as u32,
            mask: 0xFF,
            rate: 250,
            label: NeuronLabel::MAX,
        };
        network.set_background(source, config);
    }
    for hemisphere in Hemisphere::ALL {
        for bus in PadiBus::all() {
            let config = PadiBusConfig { enable_spl1: bus.index() != 3, ..Default::default() };
            network.set_padi_bus(hemisphere, bus, config);
        }
        for driver in Driver::all() {
            let config = DriverConfig { enable_receiver: true, compare_mask: 3, ..Default::default() };
            network.set_driver(hemisphere, driver, config);
        }
    }
    for block in BackendBlock::all() {
        network.set_backend_block(block, BackendBlockConfig { enable_event_registers: true });
    }
    for neuron in Neuron::all() {
        network.set_backend(neuron, BackendConfig { address_out: 3, enable_spike_out: true });
        network.fire(neuron.index() as u64 / 8, neuron);
    }
    for cycle in 0..300 {
        network.inject(cycle, SpikeLabel::from_word(cycle as u16 * 211));
        let event = PadiEvent { fire_bus: 0b1000, label: PadiLabel::truncate(cycle as u16) };
        network.padi_event(cycle, Hemisphere::Bottom, event);
    }
    network
}

#[test]
fn a_restored_network_continues_identically() {
    let mut original = busy();
    original.advance(100, &mut Outputs::default());
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(&original, config).unwrap();
    let (mut restored, read): (EventNetwork, usize) =
        bincode::serde::decode_from_slice(&bytes, config).unwrap();
    assert_eq!(read, bytes.len());
    let (mut expected, mut out) = (Outputs::default(), Outputs::default());
    original.advance(2000, &mut expected);
    restored.advance(2000, &mut out);
    assert_eq!(out, expected);
    assert!(out.pulses.len() > 1000 && out.to_host.len() > 1000);
    assert_eq!(
        bincode::serde::encode_to_vec(&restored, config).unwrap(),
        bincode::serde::encode_to_vec(&original, config).unwrap()
    );
}

#[test]
fn a_cut_or_senseless_snapshot_is_refused() {
    let mut network = busy();
    network.advance(100, &mut Outputs::default());
    let config = bincode::config::standard();
    let bytes = bincode::serde::encode_to_vec(&network, config).unwrap();
    for length in (0..bytes.len()).step_by(bytes.len() / 50) {
        assert!(bincode::serde::decode_from_slice::<EventNetwork, _>(&bytes[..length], config).is_err());
    }

    let good = serde_json::to_value(&network).unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut state = good.clone();
        change(&mut state);
        serde_json::from_value::<EventNetwork>(state).unwrap_err().to_string()
    };
    assert!(refused(&|state| state["now"] = json!(u64::MAX)).contains("time axis"));
    assert!(refused(&|state| state["now"] = json!(1_000_000)).contains("background"));
    assert!(
        refused(&|state| state["crossbar"]["ports"][0]["lanes"][0]["stored"] = json!(999)).contains("queue")
    );
    assert!(refused(&|state| state["crossbar"]["ports"][0]["turn"] = json!(9)).contains("queue"));
    let fewer = refused(&|state| {
        state["drivers"].as_array_mut().unwrap().pop();
    });
    assert!(fewer.contains("255 synapse driver configurations"), "{fewer}");
    assert!(refused(&|state| state["parameters"]["crossbar"]["fifo_depth"] = json!(0)).contains("zero"));
    serde_json::from_value::<EventNetwork>(good.clone()).unwrap();
}

#[test]
fn parameters_read_from_toml_and_refuse_what_they_do_not_know() {
    let parameters: Parameters =
        toml::from_str("[crossbar]\nfifo_depth = 8\n[background]\nrate = 'zero-is-one-in256'\n").unwrap();
    assert_eq!(parameters.crossbar.fifo_depth.get(), 8);
    assert_eq!(parameters.crossbar.transit, 2);
    assert_eq!(parameters.background.rate, parameters::RateReading::ZeroIsOneIn256);
    assert!(toml::from_str::<Parameters>("[crossbar]\nfifo = 8\n").is_err());
    assert!(toml::from_str::<Parameters>("[padi]\noccupancy = 0\n").is_err());
    let text = toml::to_string(&Parameters::default()).unwrap();
    assert_eq!(toml::from_str::<Parameters>(&text).unwrap(), Parameters::default());
    assert_eq!(Parameters::default().feedback_latency(), 8);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_snapshot_is_refused_or_runs(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut network = busy();
        network.advance(100, &mut Outputs::default());
        let config = bincode::config::standard();
        let mut bytes = bincode::serde::encode_to_vec(&network, config).unwrap();
        // The synapse labels at the end, all zero and one byte a word, cannot be wrong.
        let interesting = bytes.len() - 512 * 6 * 4;
        for (at, value) in damage {
            bytes[at.index(interesting)] = value;
        }
        if let Ok((mut network, _)) = bincode::serde::decode_from_slice::<EventNetwork, _>(&bytes, config) {
            let until = network.now() + 500;
            network.look_ahead(until, &mut Outputs::default());
            network.advance(until, &mut Outputs::default());
        }
    }
}
