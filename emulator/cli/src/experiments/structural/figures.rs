//! The figures: learning curves, receptor maps, weights and labels, spikes.

use super::Learned;
use super::network::{CANDIDATES, ROWS, Synapse, Trial};
use super::stimulus::{CLASSES, DURATION, Receptors, Sample};
use crate::artefacts::ArtefactError;
use crate::experiments::Context;
use crate::plots::{
    Axis, Group, HeatMaps, Hue, LearningCurve, Matrix, Plot, Raster, Receptor, ReceptorMap, ReceptorMaps,
    Reference, Shade, Sheet, Trains,
};

/// Tables and figures. Those about single synapses and spikes show the first chip.
pub(super) fn write(context: &Context, learned: &[Learned], samples: &[Sample]) -> Result<(), ArtefactError> {
    let mut table = context.csv("accuracy", &["chip", "rewiring", "epoch", "accuracy"])?;
    for run in learned {
        for (epoch, accuracy) in &run.checks {
            table.row(&[
                run.seed.to_string(),
                run.rewiring.to_string(),
                epoch.to_string(),
                accuracy.to_string(),
            ])?;
        }
    }
    context.plot("accuracy", &accuracy(learned))?;
    let first = |rewiring| learned.iter().find(|run| run.rewiring == rewiring);
    let (Some(on), Some(off)) = (first(true), first(false)) else { return Ok(()) };
    let mut table = context.csv("synapses", &["rewiring", "state", "row", "neuron", "weight", "label"])?;
    for run in [on, off] {
        for (state, synapses) in ["before", "after"].into_iter().zip(&run.synapses) {
            for (row, synapses) in synapses.iter().enumerate() {
                for (class, synapse) in CLASSES.into_iter().zip(synapses) {
                    table.row(&[
                        run.rewiring.to_string(),
                        state.to_owned(),
                        row.to_string(),
                        class.to_owned(),
                        synapse.weight.to_string(),
                        synapse.label.to_string(),
                    ])?;
                }
            }
        }
    }
    context.plot("receptors", &receptors(on, off, samples))?;
    let (weights, labels) = (weights(on), labels(on));
    context.plot("synapses", &Sheet::new("").row([&weights as &dyn Plot]).row([&labels as &dyn Plot]))?;
    if let Some(trial) = on.training.iter().find(|trial| trial.sample.class == 1) {
        context.plot("training_trial", &training(trial, &on.receptors))?;
    }
    context.plot("test_trials", &test(on))
}

fn accuracy(learned: &[Learned]) -> LearningCurve {
    let group = |rewiring, label: &str, hue| {
        let runs = learned.iter().filter(|run| run.rewiring == rewiring);
        Group::new(label, runs.map(|run| run.checks.iter().map(|check| check.1).collect()).collect(), hue)
    };
    let longest = learned.iter().map(|run| &run.checks).max_by_key(|checks| checks.len());
    LearningCurve {
        title: "Flowers named correctly by the chip".into(),
        x: Axis::new("epoch"),
        y: Axis::from_to("accuracy on the test set", 0.0, 1.0),
        steps: longest.into_iter().flatten().map(|check| check.0 as f64).collect(),
        groups: vec![
            group(true, "synapses choose their sources", Hue::Blue),
            group(false, "random sources", Hue::Orange),
        ],
        smoothing: 1,
        references: vec![Reference::new(0.85, "bound"), Reference::new(1.0 / 3.0, "chance")],
    }
}

/// What each synapse listens to, at its place in the plane.
fn receptors(on: &Learned, off: &Learned, samples: &[Sample]) -> ReceptorMaps {
    let map = |title: &str, synapses: &[[Synapse; CLASSES.len()]]| {
        let mut receptors: Vec<Receptor> = (0..Receptors::COUNT)
            .map(|index| Receptor { place: on.receptors.place(index), chosen: None })
            .collect();
        for (row, synapses) in synapses.iter().enumerate() {
            for (neuron, synapse) in synapses.iter().enumerate() {
                let place = on.receptors.place(row * CANDIDATES + usize::from(synapse.label) % CANDIDATES);
                receptors.push(Receptor { place, chosen: Some((neuron, f64::from(synapse.weight))) });
            }
        }
        ReceptorMap { title: title.into(), receptors }
    };
    ReceptorMaps {
        title: format!(
            "What the label neurons of chip {} listen to: discs are synapses, their area is the weight",
            on.seed
        ),
        x: "petal length (scaled)".into(),
        y: "petal width (scaled)".into(),
        classes: CLASSES.map(str::to_owned).to_vec(),
        samples: samples.iter().map(|sample| (sample.place, sample.class)).collect(),
        maps: vec![
            map("before", &on.synapses[0]),
            map("random sources, learned weights", &off.synapses[1]),
            map("chosen sources, learned weights", &on.synapses[1]),
        ],
    }
}

fn matrices(run: &Learned, value: impl Fn(&Synapse) -> f64 + Copy) -> Vec<Matrix> {
    let titles = ["before", "after"].into_iter().zip(&run.synapses);
    titles
        .map(|(title, rows)| {
            // Neurons are the rows of the picture.
            let values =
                (0..CLASSES.len()).flat_map(|neuron| rows.iter().map(move |row| value(&row[neuron])));
            Matrix::new(title, values.collect(), ROWS)
        })
        .collect()
}

fn weights(run: &Learned) -> HeatMaps {
    HeatMaps {
        title: format!("Synapses of chip {}", run.seed),
        x: "synapse row".into(),
        y: "label neuron: setosa 0, versicolor 1, virginica 2".into(),
        maps: matrices(run, |synapse| f64::from(synapse.weight)),
        colour: Axis::from_to("weight", 0.0, 63.0),
        ..HeatMaps::default()
    }
}

fn labels(run: &Learned) -> HeatMaps {
    HeatMaps {
        x: "synapse row".into(),
        y: "label neuron: setosa 0, versicolor 1, virginica 2".into(),
        maps: matrices(run, |synapse| f64::from(synapse.label)),
        colour: Axis::from_to("label", 0.0, (CANDIDATES - 1) as f64),
        ..HeatMaps::default()
    }
}

/// Lines of a raster: receptors below, a gap, the label neurons above.
const NEURONS: usize = Receptors::COUNT + 3;
/// A label neuron takes this many lines.
const HEIGHT: usize = 3;

/// The spikes of a trial as trains that begin at `start` us: receptors, then one for each label neuron.
fn trains(trial: &Trial, receptors: &Receptors, start: f64, named: bool) -> Vec<Trains> {
    let name = |name: &str| if named { name.to_owned() } else { String::new() };
    let mut trains = vec![Trains {
        label: name("receptors"),
        spikes: trial.receptors.iter().map(|(t, r)| (start + t.as_us_f64(), receptors.rank(*r))).collect(),
        hue: Hue::Grey,
    }];
    for (class, label) in CLASSES.into_iter().enumerate() {
        let own = trial.neurons.iter().filter(|(_, neuron)| *neuron == class);
        let lines = |time: f64| (0..HEIGHT).map(move |line| (time, NEURONS + (HEIGHT + 1) * class + line));
        let spikes = own.flat_map(|(time, _)| lines(start + time.as_us_f64())).collect();
        trains.push(Trains { label: name(label), spikes, hue: Hue::of_group(class) });
    }
    trains
}

fn raster(title: String, trials: &[&Trial], receptors: &Receptors) -> Raster {
    // The neurons keep quiet for a while after a sample.
    let pause = 0.2 * DURATION.as_us_f64();
    let start = |number: usize| number as f64 * (DURATION.as_us_f64() + pause);
    let mut named = [false; CLASSES.len()];
    let mut shades = Vec::new();
    let mut all = Vec::new();
    for (number, trial) in trials.iter().enumerate() {
        all.extend(trains(trial, receptors, start(number), number == 0));
        let class = trial.sample.class;
        shades.push(Shade {
            span: start(number)..start(number) + DURATION.as_us_f64(),
            label: if named[class] { String::new() } else { format!("{} shown", CLASSES[class]) },
            hue: Hue::of_group(class),
        });
        named[class] = true;
    }
    Raster {
        title,
        x: Axis::from_to("time (us)", 0.0, start(trials.len()) - pause),
        y: "receptors by place, label neurons above".into(),
        neurons: NEURONS + (HEIGHT + 1) * CLASSES.len(),
        trains: all,
        shades,
    }
}

fn training(trial: &Trial, receptors: &Receptors) -> Raster {
    raster(format!("A training trial: {} with its teacher", CLASSES[trial.sample.class]), &[trial], receptors)
}

/// One trial of each class out of the last test.
fn test(run: &Learned) -> Raster {
    let of_class = |class| run.test.iter().find(|trial| trial.sample.class == class);
    let trials: Vec<&Trial> = (0..CLASSES.len()).filter_map(of_class).collect();
    raster("Three test trials after learning, without teacher".into(), &trials, &run.receptors)
}
