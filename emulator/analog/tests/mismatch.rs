//! The individuals: the table against the parameter file, and the statistics of drawn chips against the table.

use bss2_analog::mismatch::{
    ChipMismatch, Distribution, Kind, MismatchSwitches, Parameter, Statistics, constants, driver_index,
    synapse_index,
};
use bss2_base::random::path_hash;
use bss2_base::{Hemisphere, Neuron};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

fn parameter_file() -> Table {
    include_str!("golden/analog-parameters.toml").parse().unwrap()
}

fn lookup<'a>(file: &'a Table, path: &str) -> &'a Value {
    let mut names = path.split('.');
    let first = names.next().and_then(|name| file.get(name));
    names
        .try_fold(first.unwrap(), |value, name| value.get(name))
        .unwrap_or_else(|| panic!("{path} is not in the file"))
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|integer| integer as f64))
}

/// Every table with a `dist` key in the file, by path.
fn distributed(prefix: &str, table: &Table, found: &mut BTreeMap<String, Table>) {
    for (name, value) in table {
        if let Value::Table(inner) = value {
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if inner.contains_key("dist") {
                found.insert(path.clone(), inner.clone());
            }
            distributed(&path, inner, found);
        }
    }
}

#[test]
fn the_table_is_the_parameter_file_in_both_directions() {
    let mut rows = BTreeMap::new();
    distributed("", &parameter_file(), &mut rows);
    // Drawn at every write, not once per chip: constants of the chip model.
    for drawn_in_time in ["capmem.voltage.write_noise", "capmem.current.write_noise"] {
        assert!(rows.remove(drawn_in_time).is_some());
    }
    for parameter in Parameter::ALL {
        let ours = parameter.quantity();
        let theirs = rows.remove(ours.path).unwrap_or_else(|| panic!("{} is not in the file", ours.path));
        let value = |key: &str| theirs.get(key).and_then(number);
        let text = |key: &str| theirs.get(key).and_then(Value::as_str);
        // The file gives ε of a cell gain 1 + ε.
        let nominal = if ours.path == "capmem.current.cell_eps" { 0.0 } else { ours.nominal };
        assert_eq!(value("nominal"), Some(nominal), "{}", ours.path);
        let sigmas = ["s_chip", "s_quad", "s_inst"].map(|key| value(key).unwrap_or(0.0));
        assert_eq!(sigmas, [ours.chip, ours.quadrant, ours.instance], "{}", ours.path);
        let distribution = match ours.distribution {
            Distribution::Additive => "N",
            Distribution::Multiplicative => "LN",
        };
        assert_eq!(text("dist"), Some(distribution), "{}", ours.path);
        assert_eq!(text("unit"), Some(ours.unit), "{}", ours.path);
        assert_eq!(text("draw"), ours.stream, "{}", ours.path);
        assert_eq!(text("quad_draw"), ours.latent.map(|latent| latent.0), "{}", ours.path);
        assert_eq!(value("quad_sign"), ours.latent.map(|latent| latent.1), "{}", ours.path);
        let kind = match ours.kind {
            Kind::Chip | Kind::Quadrant => None,
            Kind::Neuron => Some("neuron"),
            Kind::Driver => Some("driver"),
            Kind::Synapse => Some("synapse"),
            Kind::Channel => Some("channel"),
            Kind::Cell => Some("cell"),
        };
        assert_eq!(text("per"), kind, "{}", ours.path);
        if ours.floor.is_finite() {
            assert_eq!(value("min"), Some(ours.floor), "{}", ours.path);
        }
    }
    assert!(rows.is_empty(), "rows of the file that the table lacks: {:?}", rows.keys());
}

#[test]
fn every_constant_is_the_one_of_the_parameter_file() {
    let file = parameter_file();
    for &(path, value) in constants::ALL {
        let theirs = lookup(&file, path);
        assert_eq!(number(theirs).or_else(|| theirs.get("nominal").and_then(number)), Some(value), "{path}");
    }
}

#[test]
fn no_two_random_streams_have_the_same_hash() {
    let mut names: BTreeSet<&str> =
        BTreeSet::from(["defects.neuron_dead_fraction", "defects.synapse_correlation_dead_fraction"]);
    names.extend(["capmem.voltage.write_noise", "capmem.current.write_noise"]);
    for parameter in Parameter::ALL {
        let row = parameter.quantity();
        names.insert(row.stream.unwrap_or(row.path));
        names.extend(row.latent.map(|latent| latent.0));
    }
    let hashes: BTreeSet<u32> = names.iter().map(|name| path_hash(name)).collect();
    assert_eq!(hashes.len(), names.len());
}

/// The spread within quadrants, pooled over all quadrants of several chips.
fn spread_within(parameter: Parameter, chips: u64, transform: impl Fn(f64) -> f64) -> (f64, f64) {
    let row = parameter.quantity();
    let step = (row.kind.instances() / 2048).max(1);
    let (mut squares, mut count, mut means) = (0.0, 0.0, Vec::new());
    for seed in 0..chips {
        let chip = ChipMismatch::new(seed, MismatchSwitches::default());
        let mut quadrants: [Vec<f64>; 4] = Default::default();
        // Step over the columns too, so that all quadrants occur.
        for instance in (0..row.kind.instances()).step_by(step | 1) {
            let quadrant = row.kind.quadrant(instance).index();
            quadrants[quadrant].push(transform(chip.value(parameter, instance)));
        }
        for values in quadrants.into_iter().filter(|values| values.len() > 1) {
            let n = values.len() as f64;
            let statistics = Statistics::of(values);
            squares += statistics.sigma.powi(2) * (n - 1.0);
            count += n - 1.0;
            means.push(statistics.mean);
        }
    }
    ((squares / count).sqrt(), Statistics::of(means).mean)
}

#[test]
fn instances_scatter_as_the_table_says() {
    for &parameter in Parameter::ALL {
        let row = parameter.quantity();
        if row.instance == 0.0 {
            continue;
        }
        let logarithmic = row.distribution == Distribution::Multiplicative;
        let (sigma, _) = spread_within(parameter, 6, |value| if logarithmic { value.ln() } else { value });
        // The sample has at least 1500 degrees of freedom: 1.9 % standard error; a floor takes a little away.
        assert!(
            (sigma / row.instance - 1.0).abs() < 0.08,
            "{}: {sigma:e} instead of {:e}",
            row.path,
            row.instance
        );
    }
}

#[test]
fn chips_and_quadrants_scatter_as_the_table_says() {
    let chips = 400;
    for &parameter in Parameter::ALL {
        let row = parameter.quantity();
        let logarithmic = row.distribution == Distribution::Multiplicative;
        let switches = MismatchSwitches { instance: false, ..MismatchSwitches::default() };
        let first_of_quadrant: Vec<usize> = (0..4)
            .map(|q| (0..row.kind.instances()).find(|&i| row.kind.quadrant(i).index() == q))
            .collect::<Option<_>>()
            .unwrap_or_default();
        let instances = if first_of_quadrant.is_empty() { vec![0] } else { first_of_quadrant };
        let (mut within, mut means) = (0.0, Vec::new());
        for seed in 1_000..1_000 + chips {
            let chip = ChipMismatch::new(seed, switches);
            let values = instances.iter().map(|&i| chip.value(parameter, i));
            let values = values
                .map(|value| if logarithmic { (value / row.nominal).ln() } else { value - row.nominal });
            let statistics = Statistics::of(values);
            within += statistics.sigma.powi(2) / chips as f64;
            means.push(statistics.mean);
        }
        let quadrant = within.sqrt();
        let total = Statistics::of(means);
        let expected = (row.chip.powi(2) + row.quadrant.powi(2) / instances.len() as f64).sqrt();
        assert!(
            (quadrant - row.quadrant).abs() <= 0.10 * row.quadrant,
            "{}: quadrants {quadrant:e}",
            row.path
        );
        assert!(
            (total.sigma - expected).abs() <= 0.15 * expected,
            "{}: chips {:e}, not {expected:e}",
            row.path,
            total.sigma
        );
        assert!(
            total.mean.abs() <= 4.0 * expected / (chips as f64).sqrt(),
            "{}: mean {:e}",
            row.path,
            total.mean
        );
    }
}

#[test]
fn leak_and_reset_share_their_transconductor() {
    let chip = ChipMismatch::new(3, MismatchSwitches::default());
    let ratio = Parameter::ResetStrength.quantity().nominal / Parameter::LeakStrength.quantity().nominal;
    for neuron in 0..512 {
        let [leak, reset] =
            [Parameter::LeakStrength, Parameter::ResetStrength].map(|p| chip.value(p, neuron));
        assert!((reset / leak / ratio - 1.0).abs() < 1e-12);
        let [leak, reset] =
            [Parameter::LeakSharedOffset, Parameter::ResetSharedOffset].map(|p| chip.value(p, neuron));
        assert_eq!(leak, reset);
    }
}

#[test]
fn leak_and_reset_offsets_correlate_as_measured() {
    // Expected 40² / sqrt((40² + 32²) (40² + 28²)) = 0.64; M-CAL66 measured 0.63 within quadrants.
    let (mut product, mut leak_square, mut reset_square) = (0.0, 0.0, 0.0);
    for seed in 0..20 {
        let chip = ChipMismatch::new(seed, MismatchSwitches::default());
        for neuron in Neuron::all().step_by(4) {
            let values = chip.neuron(neuron);
            product += values.leak_offset * values.reset_offset;
            leak_square += values.leak_offset.powi(2);
            reset_square += values.reset_offset.powi(2);
        }
    }
    let correlation = product / (leak_square * reset_square).sqrt();
    assert!((correlation - 0.64).abs() < 0.05, "{correlation}");
}

#[test]
fn one_latent_variable_moves_the_synaptic_inputs_of_a_quadrant() {
    let switches = MismatchSwitches { chip: false, instance: false, ..MismatchSwitches::default() };
    let chip = ChipMismatch::new(9, switches);
    for quadrant in 0..4 {
        let z = |parameter: Parameter, scale: f64| {
            (chip.value(parameter, 128 * quadrant) / parameter.quantity().nominal).ln() / scale
        };
        let expected = z(Parameter::ExcitatoryTau, 0.19);
        assert!(expected != 0.0);
        for (parameter, scale) in [
            (Parameter::InhibitoryTau, 0.19),
            (Parameter::ExcitatoryStrength, -0.28),
            (Parameter::InhibitoryStrength, -0.28),
        ] {
            assert!((z(parameter, scale) - expected).abs() < 1e-9, "{parameter:?}");
        }
    }
}

#[test]
fn parasitic_capacitance_never_falls_below_its_floor() {
    for seed in 0..4 {
        let chip = ChipMismatch::new(seed, MismatchSwitches::default());
        let smallest =
            (0..512).map(|n| chip.value(Parameter::ParasiticCapacitance, n)).fold(f64::MAX, f64::min);
        assert!(smallest >= 0.076e-12, "{smallest:e}");
    }
}

#[test]
fn an_ideal_chip_is_nominal_everywhere() {
    let chip = ChipMismatch::new(77, MismatchSwitches::IDEAL);
    for &parameter in Parameter::ALL {
        assert_eq!(chip.value(parameter, 1), parameter.quantity().nominal);
    }
    let synapse = chip.synapse(Hemisphere::Bottom, 255, 255);
    assert_eq!(synapse, bss2_analog::SynapseMismatch::default());
    assert!(Neuron::all().all(|neuron| !chip.is_dead(neuron)));
}

#[test]
fn the_list_of_synapses_is_the_single_synapses_and_their_values() {
    let chip = ChipMismatch::new(
        5,
        MismatchSwitches { synapse_position_gradient: true, ..MismatchSwitches::default() },
    );
    for hemisphere in Hemisphere::ALL {
        let all = chip.synapses(hemisphere);
        assert_eq!(all.len(), 65_536);
        for (row, column) in [(0, 0), (0, 127), (17, 128), (255, 255), (200, 3)] {
            let one = chip.synapse(hemisphere, row, column);
            assert_eq!(all[256 * usize::from(row) + usize::from(column)], one);
            let index = synapse_index(hemisphere, row, column);
            let tau = chip.value_of(Parameter::CorrelationTau, index, 1) / 5e-6;
            assert!((f64::from(one.acausal.time_constant) / tau - 1.0).abs() < 1e-6);
            let charge = chip.value(Parameter::SynapseCharge, index) / 0.375e-15;
            let charge = charge * (1.0 - 0.03 * f64::from(row) / 256.0);
            assert!((f64::from(one.charge) / charge - 1.0).abs() < 1e-6);
        }
    }
}

#[test]
fn defects_have_their_fractions_and_their_own_switch() {
    let with = ChipMismatch::new(8, MismatchSwitches::default().with_defects(true));
    let without = ChipMismatch::new(8, MismatchSwitches::default().with_defects(false));
    let dead = |chip: &ChipMismatch| {
        let sensors = chip.synapses(Hemisphere::Top);
        sensors
            .iter()
            .filter(|synapse| synapse.causal.amplitude == 0.0 && synapse.acausal.amplitude == 0.0)
            .count()
    };
    // 655 ± 25 of 65536.
    assert!((530..=780).contains(&dead(&with)), "{}", dead(&with));
    assert_eq!(dead(&without), 0);
    let circuits: usize = (0..40)
        .map(|seed| ChipMismatch::new(seed, MismatchSwitches::default().with_defects(true)))
        .map(|chip| Neuron::all().filter(|&neuron| chip.is_dead(neuron)).count())
        .sum();
    // 41 ± 6.4 of 20480.
    assert!((16..=66).contains(&circuits), "{circuits}");
    // The pattern of the living doesn't change with the switch.
    assert_eq!(with.value(Parameter::LeakStrength, 5), without.value(Parameter::LeakStrength, 5));
}

#[test]
fn correlation_amplitudes_grow_to_the_right_and_to_the_bottom() {
    let chip = ChipMismatch::new(4, MismatchSwitches::default().with_defects(false));
    let mean = |hemisphere, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        let all = chip.synapses(hemisphere);
        let values = rows.flat_map(|row| columns.clone().map(move |column| 256 * row + column));
        Statistics::of(values.map(|index| f64::from(all[index].causal.amplitude))).mean
    };
    let left = mean(Hemisphere::Top, 0..256, 0..16);
    let right = mean(Hemisphere::Top, 0..256, 240..256);
    assert!((right / left - 1.19 / 0.81).abs() < 0.06, "{}", right / left);
    let top = mean(Hemisphere::Top, 240..256, 0..256);
    let bottom = mean(Hemisphere::Bottom, 240..256, 0..256);
    assert!((bottom / top - 1.1 / 0.9).abs() < 0.06, "{}", bottom / top);
}

#[test]
fn seeds_are_individuals_and_instances_have_their_quadrant() {
    let [a, b] = [1, 2].map(|seed| ChipMismatch::new(seed, MismatchSwitches::default()));
    assert_ne!(a.value(Parameter::ThresholdOffset, 0), b.value(Parameter::ThresholdOffset, 0));
    for hemisphere in Hemisphere::ALL {
        for column in [0_u8, 127, 128, 255] {
            let expected = bss2_base::Quadrant::of(hemisphere, column);
            assert_eq!(Kind::Neuron.quadrant(Neuron::new(hemisphere, column).index()), expected);
            assert_eq!(Kind::Synapse.quadrant(synapse_index(hemisphere, 99, column)), expected);
            let channel = 512 * hemisphere.index() + 256 + usize::from(column);
            assert_eq!(Kind::Channel.quadrant(channel), expected);
        }
        // West block for even drivers, east for odd ones.
        assert_eq!(Kind::Driver.quadrant(driver_index(hemisphere, 126)).index(), 2 * hemisphere.index());
        assert_eq!(Kind::Driver.quadrant(driver_index(hemisphere, 127)).index(), 2 * hemisphere.index() + 1);
    }
}

#[test]
fn a_summary_tells_mean_spread_and_quadrants() {
    let chip = ChipMismatch::new(6, MismatchSwitches::default());
    let threshold = chip.summarize(Parameter::ThresholdOffset);
    assert_eq!((threshold.path, threshold.unit, threshold.count), ("neuron.threshold.offset", "V", 512));
    assert!((threshold.all.sigma - 0.027).abs() < 0.003);
    assert!(threshold.all.min < threshold.all.mean && threshold.all.mean < threshold.all.max);
    let means = threshold.quadrant_means.unwrap();
    assert!((means.iter().sum::<f64>() / 4.0 - threshold.all.mean).abs() < 1e-12);
    assert_eq!(chip.summarize(Parameter::MadcZero).quadrant_means, None);
}

#[test]
fn the_individual_with_seed_one_stays_the_same_for_ever() {
    // Changing any of these numbers changes every chip that anybody has calibrated.
    let chip = ChipMismatch::new(1, MismatchSwitches::default());
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    for &parameter in Parameter::ALL {
        let row = parameter.quantity();
        for instance in 0..row.kind.instances().min(600) {
            for draw in 0..row.draws {
                let bits = chip.value_of(parameter, instance, draw).to_bits();
                digest = (digest ^ bits).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    assert_eq!(digest, 0xe77b_30e5_8638_7a70, "{digest:#x}");
}
