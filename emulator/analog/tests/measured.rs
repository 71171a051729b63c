//! Measured values in the place of drawn ones: files, what they replace, and what they must not say.

use bss2_analog::mismatch::{ChipMismatch, Measured, MismatchSwitches, Parameter, ValueError};
use bss2_base::{Hemisphere, Neuron};
use proptest::prelude::*;

fn chip(seed: u64) -> ChipMismatch {
    ChipMismatch::new(seed, MismatchSwitches::default().with_defects(true))
}

fn measured(text: &str) -> Measured {
    Measured::from_toml(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_file_of_a_chip_makes_another_chip_the_same_to_the_bit() {
    let one = chip(1);
    let text = one.to_toml(None).unwrap();
    let other = chip(2).with_measured(measured(&text));
    for parameter in Parameter::ALL {
        let row = parameter.quantity();
        for instance in 0..row.kind.instances() {
            for draw in 0..row.draws {
                let [expected, found] = [&one, &other].map(|chip| chip.value_of(*parameter, instance, draw));
                assert_eq!(expected.to_bits(), found.to_bits(), "{} {instance} {draw}", row.path);
            }
        }
    }
    for hemisphere in Hemisphere::ALL {
        assert!(one.synapses(hemisphere) == other.synapses(hemisphere));
    }
    assert!(Neuron::all().all(|neuron| one.neuron(neuron) == other.neuron(neuron)));
    assert_eq!(text, other.to_toml(None).unwrap());
}

#[test]
fn any_parameter_of_any_instance_can_be_asked_for_alone_and_loaded() {
    let one = chip(1);
    for (name, parameter, instance, draw) in [
        ("neuron.leak.a.17", Parameter::LeakStrength, 17, 0),
        ("neuron.coba.kappa.511.inhibitory", Parameter::CobaStrength, 511, 1),
        ("driver.stp.comparator_offset.bottom.3", Parameter::RampComparatorOffset, 131, 0),
        ("synapse.charge_per_weight_lsb_dac600.bottom.12.34", Parameter::SynapseCharge, 65_536 + 3_106, 0),
        ("correlation.tau.top.12.34.acausal", Parameter::CorrelationTau, 3_106, 1),
        ("cadc.channel_offset.bottom.causal.7", Parameter::CadcOffset, 519, 0),
        ("capmem.current.cell_eps.3.129.5", Parameter::CurrentCell, (3 * 130 + 129) * 24 + 5, 0),
        ("capmem.voltage.gain.2", Parameter::VoltageCellGain, 2, 0),
        ("correlation.branch_asymmetry.causal", Parameter::CorrelationAsymmetry, 0, 0),
        ("madc.lsb", Parameter::MadcLsb, 0, 0),
    ] {
        let text = one.to_toml(Some(name)).unwrap();
        let value = one.value_of(parameter, instance, draw);
        assert!(text.ends_with(&format!("\n{name} = {value:?}\n")), "{text}");
        // Over another chip: this value is that of the first chip, its neighbour stays.
        let other = chip(2).with_measured(measured(&text));
        assert_eq!(other.value_of(parameter, instance, draw).to_bits(), value.to_bits());
        if instance > 0 {
            let before = [&other, &chip(2)].map(|chip| chip.value_of(parameter, instance - 1, draw));
            assert_eq!(before[0].to_bits(), before[1].to_bits());
            assert_ne!(before[0].to_bits(), one.value_of(parameter, instance - 1, draw).to_bits());
        }
    }
    // A group, and a part of a parameter.
    assert_eq!(one.to_toml(Some("neuron.leak")).unwrap().matches(" = ").count(), 4);
    let row = one.to_toml(Some("correlation.tau.top.12")).unwrap();
    assert_eq!(row.matches('[').count(), 257);
    for (name, error) in [
        ("neuron.leak.b", "there is no parameter of this name; there is neuron.leak.a, "),
        ("brain", "there is no parameter of this name"),
        ("neuron.leak.a.512", "no such place; here stands a neuron 0..=511"),
        ("correlation.tau.left.1.1", "no such place; here stands top or bottom"),
        ("neuron.leak.a.17.excitatory", "no such place; here stands nothing"),
    ] {
        let found = one.to_toml(Some(name)).unwrap_err().to_string();
        assert!(found.starts_with(&format!("{name}: {error}")), "{found}");
    }
}

#[test]
fn a_value_can_stand_for_everything_behind_its_place_and_be_relative_to_the_typical_one() {
    let loaded = measured(
        r#"
        [neuron.leak.a]
        17 = 2.31e-9
        "128-255" = { factor = 1.1 }

        [neuron]
        threshold.offset = { offset = 5e-3 }
        coba.kappa.3 = { excitatory = 1.9 }
        coba.kappa.4 = [1.8, 2.2]

        [synapse.charge_per_weight_lsb_dac600]
        bottom.7 = 0          # a row of synapses without charge
        top.0.255 = { factor = 0.5 }

        [cadc]
        channel_offset.top = { causal = 3, acausal = { offset = -3.0 } }

        [defects]
        dead_neurons = [400, 5]
        dead_correlation_sensors = ["top.1.2"]
        "#,
    );
    let drawn = chip(3);
    let chip = drawn.clone().with_measured(loaded);
    assert_eq!(chip.value(Parameter::LeakStrength, 17), 2.31e-9);
    assert_eq!(chip.value(Parameter::LeakStrength, 18), drawn.value(Parameter::LeakStrength, 18));
    // What shares draws with it keeps its own.
    assert_eq!(chip.value(Parameter::ResetStrength, 17), drawn.value(Parameter::ResetStrength, 17));
    for neuron in 128..256 {
        assert_eq!(chip.value(Parameter::LeakStrength, neuron), 2.5e-9 * 1.1);
    }
    for neuron in Neuron::all() {
        assert_eq!(chip.neuron(neuron).threshold_offset, 5e-3);
        assert_eq!(chip.is_dead(neuron), [5, 400].contains(&neuron.index()));
    }
    let kappa = |instance, draw| chip.value_of(Parameter::CobaStrength, instance, draw);
    assert_eq!((kappa(3, 0), kappa(4, 0), kappa(4, 1)), (1.9, 1.8, 2.2));
    assert_eq!(kappa(3, 1), drawn.value_of(Parameter::CobaStrength, 3, 1));
    for column in 0..=255 {
        assert_eq!(chip.synapse(Hemisphere::Bottom, 7, column).charge, 0.0);
        let channel = usize::from(column);
        assert_eq!(chip.value(Parameter::CadcOffset, channel), 3.0);
        assert_eq!(chip.value(Parameter::CadcOffset, 256 + channel), -3.0);
    }
    assert_eq!(chip.synapse(Hemisphere::Top, 0, 255).charge, 0.5);
    assert_eq!(chip.synapse(Hemisphere::Top, 0, 254), drawn.synapse(Hemisphere::Top, 0, 254));
    assert!(chip.is_dead_sensor(Hemisphere::Top, 1, 2));
    let dead = |chip: &ChipMismatch| {
        (0..=255).filter(|column| chip.is_dead_sensor(Hemisphere::Top, 2, *column)).count()
    };
    assert!(dead(&chip) == 0 && dead(&drawn) > 0);
    // Measured values do not depend on what else deviates.
    let ideal = ChipMismatch::new(9, MismatchSwitches::IDEAL).with_measured(chip.measured().clone());
    assert_eq!(ideal.value(Parameter::LeakStrength, 17), 2.31e-9);
    assert_eq!(ideal.value(Parameter::LeakStrength, 18), 2.5e-9);
}

#[test]
fn every_mistake_is_named_with_its_line_and_key() {
    for (text, expected) in [
        ("a = 1\nb", "line 2: "),
        (
            "\n[neuron.leek]\na = 1",
            "line 2, neuron.leek: there is no parameter of this name; there is neuron.",
        ),
        ("brain.size = 1", "line 1, brain: there is no parameter of this name"),
        ("neuron.leak = 3", "line 1, neuron.leak: this is a group of parameters: neuron.leak.a, "),
        (
            "\n\nneuron.leak.a.512 = 1e-9",
            "line 3, neuron.leak.a.512: no such place; here stands a neuron 0..=511",
        ),
        ("neuron.leak.a.\"5-600\" = 1e-9", "line 1, neuron.leak.a.5-600: no such place"),
        ("neuron.leak.a.5.excitatory = 1e-9", "line 1, neuron.leak.a.5.excitatory: no such place"),
        (
            "neuron.coba.kappa.5.left = 1",
            "line 1, neuron.coba.kappa.5.left: no such place; here stands excitatory or inhibitory",
        ),
        (
            "[correlation.tau]\ntop.256.0 = 5e-6",
            "line 2, correlation.tau.top.256: no such place; here stands a row 0..=255",
        ),
        (
            "[correlation.tau]\nleft.3.0 = 5e-6",
            "line 2, correlation.tau.left: no such place; here stands top or bottom",
        ),
        ("madc.lsb.0 = 1e-3", "line 1, madc.lsb.0: no such place"),
        ("neuron.leak.a.17 = nan", "line 1, neuron.leak.a.17: NaN is no finite number"),
        ("neuron.leak.a.17 = -inf", "line 1, neuron.leak.a.17: -inf is no finite number"),
        ("neuron.leak.a.17 = { factor = nan }", "line 1, neuron.leak.a.17: NaN is no finite number"),
        ("neuron.leak.a.17 = 2.5", "line 1, neuron.leak.a.17: 2.5e0 is not within 2.5e-11 to 2.5e-7 S/LSB"),
        ("neuron.leak.a.17 = -2.5e-9", "line 1, neuron.leak.a.17: -2.5e-9 is not within"),
        (
            "neuron.threshold.offset.17 = 27",
            "line 1, neuron.threshold.offset.17: 2.7e1 is not within -8.1e-1 to 8.1e-1 V",
        ),
        ("neuron.leak.a.17 = \"2.5e-9\"", "line 1, neuron.leak.a.17: string instead of a number"),
        ("neuron.leak.a.17 = [2.5e-9]", "line 1, neuron.leak.a.17: an array instead of a number"),
        ("capmem.voltage.gain = [\n1.0, 1.0, 1.0]", "line 1, capmem.voltage.gain: 3 values for 4"),
        ("capmem.voltage.gain = [\n1.0, 1.0,\n 1.0, nan]", "line 3, capmem.voltage.gain.3: NaN is no"),
        (
            "neuron.leak.a.17 = { offset = 1e-9 }",
            "line 1, neuron.leak.a.17: a deviation of this parameter is given as { factor = ... }",
        ),
        (
            "neuron.threshold.offset = { factor = 2 }",
            "line 1, neuron.threshold.offset: a deviation of this parameter is given as { offset = ... }",
        ),
        ("neuron.leak.a = { factor = 2, 17 = 1e-9 }", "line 1, neuron.leak.a: a deviation of this parameter"),
        ("neuron.leak.a.17 = 1e-9\nneuron.leak.a.\"0-100\" = 1e-9", "neuron.leak.a."),
        ("neuron.leak.a.17 = 1e-9\nneuron.leak.a.17 = 2e-9", "line 2: "),
        (
            "[defects]\ndead_neurons = [3, 512]",
            "line 2, defects.dead_neurons: no such place; here stands a list of neurons",
        ),
        (
            "[defects]\ndead_correlation_sensors = [\"top.1\"]",
            "line 2, defects.dead_correlation_sensors: no such place",
        ),
        ("[defects]\ndead_neurons = 3", "line 2, defects.dead_neurons: no such place"),
        (
            "[defects]\ndead_drivers = []",
            "line 2, defects.dead_drivers: there is no parameter of this name; there is defects.dead_neurons, ",
        ),
    ] {
        let error = Measured::from_toml(text).expect_err(text).to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn values_are_checked_when_they_are_set_one_by_one() {
    let mut measured = Measured::default();
    assert!(measured.is_empty());
    assert_eq!(
        measured.set(Parameter::LeakStrength, 512, 0, 2e-9),
        Err(ValueError::NoSuchInstance { path: "neuron.leak.a", index: 512, count: 512 })
    );
    assert!(measured.set(Parameter::LeakStrength, 0, 1, 2e-9).is_err());
    assert!(measured.set(Parameter::LeakStrength, 0, 0, f64::NAN).is_err());
    assert!(measured.set_dead_neurons(&[512]).is_err());
    assert!(measured.set_dead_sensors(&[131_072]).is_err());
    assert!(measured.is_empty());
    measured.set(Parameter::LeakStrength, 511, 0, 2e-9).unwrap();
    assert_eq!(chip(1).with_measured(measured).value(Parameter::LeakStrength, 511), 2e-9);
}

proptest! {
    #[test]
    fn any_text_is_values_or_an_error(text in "(neuron|leak|a|17|top|\\.|=|\\[|\\]|\\{|\\}|factor|nan|1e-9|\"|-|\n| |,){0,40}") {
        let _ = Measured::from_toml(&text);
    }

    #[test]
    fn what_was_set_survives_being_stored_and_written(
        values in prop::collection::vec((0..Parameter::ALL.len(), any::<prop::sample::Index>(), 0.0..=1.0), 0..20),
        dead in prop::option::of(prop::collection::vec(0..512_usize, 0..5)),
    ) {
        let mut measured = Measured::default();
        for (parameter, place, fraction) in values {
            let parameter = Parameter::ALL[parameter];
            let row = parameter.quantity();
            let (low, high) = row.range();
            let place = place.index(row.kind.instances());
            measured.set(parameter, place, row.draws - 1, low + fraction * (high - low)).unwrap();
        }
        if let Some(dead) = dead {
            measured.set_dead_neurons(&dead).unwrap();
        }
        let toml = toml::to_string(&measured).unwrap();
        prop_assert_eq!(&toml::from_str::<Measured>(&toml).unwrap(), &measured);
        let bytes = bincode::serde::encode_to_vec(&measured, bincode::config::standard()).unwrap();
        let (again, _) =
            bincode::serde::decode_from_slice::<Measured, _>(&bytes, bincode::config::standard()).unwrap();
        prop_assert_eq!(&again, &measured);
    }
}

#[test]
fn stored_values_are_checked_too() {
    for wrong in [
        r#"{"values":[["neuron.leek",[[0,1.0]]]],"dead_neurons":null,"dead_sensors":null}"#,
        r#"{"values":[["neuron.leak.a",[[512,2e-9]]]],"dead_neurons":null,"dead_sensors":null}"#,
        r#"{"values":[["neuron.leak.a",[[0,2.0]]]],"dead_neurons":null,"dead_sensors":null}"#,
        r#"{"values":[],"dead_neurons":[512],"dead_sensors":null}"#,
    ] {
        assert!(serde_json::from_str::<Measured>(wrong).is_err(), "{wrong}");
    }
}
