//! Draws every kind of figure with made-up data, to look at the house style.
//!
//! `cargo run --release -p bss2 --example gallery -- out/gallery`

use std::error::Error;

use bss2::artefacts::Artefacts;
use bss2::experiments::game::{Recording, Rules, SpikeCounts};
use bss2::plots::*;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution as _, Normal, Poisson};
use rand_pcg::Pcg64Mcg;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "out/gallery".into());
    let artefacts = Artefacts::in_folder(folder)?;
    let mut random = Pcg64Mcg::seed_from_u64(1);
    artefacts.plot("learning-curve", &learning(&mut random)?)?;
    let (before, after) = weights(&mut random)?;
    let maps = heat_maps(before, after);
    artefacts.plot("weights", &maps)?;
    artefacts.plot("raster", &raster(&mut random)?)?;
    let stdp = stdp(&mut random)?;
    artefacts.plot("stdp", &stdp)?;
    let histogram = histogram(&mut random)?;
    artefacts.plot("histogram", &histogram)?;
    artefacts.plot("homeostasis", &bundle(&mut random)?)?;
    artefacts.plot("receptors", &receptors(&mut random)?)?;
    artefacts.plot("transfer", &transfer(&mut random)?)?;
    artefacts.plot("stack", &stack())?;
    let sheet =
        Sheet::new("Two figures on a page").row([&stdp as &dyn Plot, &histogram]).row([&maps as &dyn Plot]);
    artefacts.plot("sheet", &sheet)?;

    let sides = pong(&mut random);
    let still = PongStill { title: String::new(), sides: sides.clone(), iteration: 130, trail: 30 };
    artefacts.plot("pong", &still)?;
    artefacts.bytes("pong.gif", &pong_animation(&sides, 2, 4)?)?;
    for file in artefacts.written() {
        println!("{} {} bytes", file.display(), std::fs::metadata(&file)?.len());
    }
    Ok(())
}

/// Two membranes that fire regularly.
fn stack() -> Stack {
    let panel = |neuron: u32, period: f64| Panel {
        label: format!("neuron {neuron}"),
        y: Axis::new("membrane (V)"),
        series: vec![XySeries::new(
            "",
            (0..1000)
                .map(|step| f64::from(step) * 0.1)
                .map(|t| (t, 0.4 + 0.2 * (t % period) / period))
                .collect(),
            Mark::Thin,
            Hue::Black,
        )],
        above: vec![Strokes {
            label: "spike".into(),
            times: (1..20).map(|number| f64::from(number) * period).collect(),
            hue: Hue::Blue,
        }],
        below: Vec::new(),
        height: 120,
    };
    Stack {
        title: "Membranes".into(),
        x: Axis::from_to("chip time (µs)", 0.0, 100.0),
        panels: vec![panel(0, 12.0), panel(1, 17.0)],
    }
}

fn learning(random: &mut Pcg64Mcg) -> Result<LearningCurve, Box<dyn Error>> {
    let noise = Normal::new(0.0, 0.05)?;
    let mut runs = |end: f64, speed: f64| -> Vec<Vec<f64>> {
        (0..3)
            .map(|_| {
                let end = end + noise.sample(random);
                let value = |epoch: f64| 0.1 + (end - 0.1) * (1.0 - (-epoch / speed).exp());
                (0..100)
                    .map(|epoch| (value(f64::from(epoch)) + noise.sample(random)).clamp(0.0, 1.0))
                    .collect()
            })
            .collect()
    };
    Ok(LearningCurve {
        title: "Pong: share of rows answered well".into(),
        x: Axis::new("epoch"),
        y: Axis::from_to("success rate", 0.0, 1.0),
        steps: (0..100).map(f64::from).collect(),
        groups: vec![
            Group::new("learning", runs(0.95, 25.0), Hue::Blue),
            Group::new("control: learning rate 0", runs(0.15, 10.0), Hue::Grey),
        ],
        smoothing: 9,
        references: vec![Reference::new(0.6, "acceptance")],
    })
}

fn weights(random: &mut Pcg64Mcg) -> Result<(Matrix, Matrix), Box<dyn Error>> {
    let (start, rest) = (Normal::new(14.0f64, 2.0)?, Normal::new(5.0f64, 3.0)?);
    let before = (0..256).map(|_| start.sample(random).round().clamp(0.0, 63.0)).collect();
    let after = (0..256i32).map(|index| {
        let distance = f64::from((index / 16 - index % 16).abs());
        (rest.sample(random) + 28.0 * (-distance * distance / 1.5).exp()).round().clamp(0.0, 63.0)
    });
    Ok((Matrix::new("before learning", before, 16), Matrix::new("after 100 epochs", after.collect(), 16)))
}

fn heat_maps(before: Matrix, after: Matrix) -> HeatMaps {
    HeatMaps {
        title: "Synaptic weights".into(),
        x: "neuron (target cell)".into(),
        y: "input (ball row)".into(),
        maps: vec![before, after],
        colour: Axis::from_to("weight (LSB)", 0.0, 40.0),
        ramp: Ramp::Sequential,
    }
}

fn raster(random: &mut Pcg64Mcg) -> Result<Raster, Box<dyn Error>> {
    let mut spikes = |from: usize, to: usize, rate: f64| -> Result<Vec<(f64, usize)>, Box<dyn Error>> {
        let count = Poisson::new(rate)?;
        let mut spikes = Vec::new();
        for neuron in from..to {
            for _ in 0..count.sample(random) as usize {
                spikes.push((random.random_range(0.0..2.0), neuron));
            }
        }
        Ok(spikes)
    };
    Ok(Raster {
        title: "Activity during one trial".into(),
        x: Axis::from_to("time (ms)", 0.0, 2.0),
        y: "neuron".into(),
        neurons: 64,
        trains: vec![
            Trains { label: "excitatory".into(), spikes: spikes(0, 48, 20.0)?, hue: Hue::Blue },
            Trains { label: "inhibitory".into(), spikes: spikes(48, 64, 35.0)?, hue: Hue::Vermilion },
        ],
        shades: vec![Shade { span: 0.5..1.1, label: "stimulus".into(), hue: Hue::Orange }],
    })
}

fn stdp(random: &mut Pcg64Mcg) -> Result<XyPlot, Box<dyn Error>> {
    let noise = Normal::new(0.0, 1.2)?;
    let curve = |dt: f64| if dt >= 0.0 { 30.0 * (-dt / 6.0).exp() } else { -22.0 * (dt / 8.0).exp() };
    let mut measured = |from: i32, to: i32| -> Vec<(f64, f64)> {
        (from..to).map(|i| f64::from(i) * 0.25).map(|dt| (dt, curve(dt) + noise.sample(random))).collect()
    };
    let (causal, acausal) = (measured(1, 100), measured(-100, 0));
    let fit =
        |from: i32, to: i32| (from..=to).map(|i| f64::from(i) * 0.1).map(|dt| (dt, curve(dt))).collect();
    Ok(XyPlot {
        title: "Correlation per pair of spikes".into(),
        x: Axis::new("post \u{2212} pre (µs)"),
        y: Axis::new("change of reading (CADC LSB)"),
        series: vec![
            XySeries::new("causal", causal, Mark::Dots, Hue::Blue),
            XySeries::new("acausal", acausal, Mark::Dots, Hue::Orange),
            XySeries::new("fit, τ = 6.0 µs and 8.0 µs", fit(0, 250), Mark::Dashed, Hue::Black),
            XySeries::new("", fit(-250, -1), Mark::Dashed, Hue::Black),
        ],
        references: Vec::new(),
        cross: true,
    })
}

fn transfer(random: &mut Pcg64Mcg) -> Result<XyPlot, Box<dyn Error>> {
    let noise = Normal::new(0.0, 2.0)?;
    let points: Vec<(f64, f64)> = (0..=12)
        .map(|i| f64::from(i) * 50.0)
        .map(|code| (code, 0.35 * code + noise.sample(random)))
        .collect();
    let line: Vec<(f64, f64)> = points.iter().map(|(code, _)| (*code, 0.35 * code)).collect();
    let deviations = points.iter().map(|(code, _)| 3.0 + code / 60.0).collect();
    let band = vec![8.0; line.len()];
    Ok(XyPlot {
        title: "Rate over constant current".into(),
        x: Axis::new("current (CapMem code)"),
        y: Axis::new("rate (kHz)"),
        series: vec![
            XySeries::new("model", line, Mark::Line, Hue::Orange).with_deviation(band),
            XySeries::new("measured, mean ± sd", points, Mark::DotsAndLine, Hue::Blue)
                .with_deviation(deviations),
        ],
        references: vec![Reference::new(200.0, "limit of the refractory time")],
        cross: false,
    })
}

fn histogram(random: &mut Pcg64Mcg) -> Result<Histogram, Box<dyn Error>> {
    let mut draw = |mean: f64, sd: f64| -> Result<Vec<f64>, Box<dyn Error>> {
        let normal = Normal::new(mean, sd)?;
        Ok((0..512).map(|_| normal.sample(random)).collect())
    };
    let (before, after) = (draw(11.5, 2.6)?, draw(10.0, 0.45)?);
    Ok(Histogram {
        title: "Membrane time constant, 512 neurons".into(),
        x: Axis::from_to("τ (µs)", 4.0, 20.0),
        y: "neurons".into(),
        bins: 64,
        distributions: vec![
            Distribution { label: "uncalibrated".into(), values: before, hue: Hue::Orange },
            Distribution { label: "calibrated".into(), values: after, hue: Hue::Blue },
        ],
        target: Some(Reference::new(10.0, "target")),
    })
}

fn bundle(random: &mut Pcg64Mcg) -> Result<Bundle, Box<dyn Error>> {
    let noise = Normal::new(0.0, 0.25)?;
    let times: Vec<f64> = (0..150).map(f64::from).collect();
    let traces = (0..64).map(|_| {
        let start = random.random_range(0.0..20.0);
        let relax = |time: f64| 6.0 + (start - 6.0) * (-time / 30.0).exp();
        times.iter().map(|time| (relax(*time) + noise.sample(random)).max(0.0)).collect()
    });
    let values = traces.collect();
    Ok(Bundle {
        title: "Homeostasis: rates of 64 neurons".into(),
        x: Axis::new("chip time (ms)"),
        y: Axis::new("rate (kHz)"),
        groups: vec![Traces { label: "median rate".into(), values, hue: Hue::Blue }],
        times,
        singles: 6,
        references: vec![Reference::new(6.0, "target")],
    })
}

fn receptors(random: &mut Pcg64Mcg) -> Result<ReceptorMaps, Box<dyn Error>> {
    let centres = [(0.12, 0.1), (0.55, 0.52), (0.78, 0.82)];
    let spread = Normal::new(0.0, 0.06)?;
    let mut samples = Vec::new();
    for (class, (x, y)) in centres.into_iter().enumerate() {
        for _ in 0..25 {
            samples.push(((x + spread.sample(random), y + spread.sample(random)), class));
        }
    }
    let grid = || (0..64).map(|i| (f64::from(i % 8) / 7.0, f64::from(i / 8) / 7.0));
    let before = grid().map(|place| {
        let chosen =
            random.random_bool(0.4).then(|| (random.random_range(0..3), random.random_range(4.0..20.0)));
        Receptor { place, chosen }
    });
    let before = before.collect();
    let after = grid().map(|place: (f64, f64)| {
        let near = centres.iter().enumerate().map(|(class, (x, y))| {
            let distance: f64 = (place.0 - x).powi(2) + (place.1 - y).powi(2);
            (class, 50.0 * (-distance / 0.02).exp())
        });
        Receptor {
            place,
            chosen: near.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, weight)| *weight > 4.0),
        }
    });
    let after = after.collect();
    Ok(ReceptorMaps {
        title: "Receptors chosen by the three label neurons".into(),
        x: "petal length (scaled)".into(),
        y: "petal width (scaled)".into(),
        classes: vec!["setosa".into(), "versicolor".into(), "virginica".into()],
        samples,
        maps: vec![
            ReceptorMap { title: "before".into(), receptors: before },
            ReceptorMap { title: "after 40 epochs".into(), receptors: after },
        ],
    })
}

/// A network that answers at random, and one that mostly knows the row.
fn pong(random: &mut Pcg64Mcg) -> Vec<PongSide> {
    let rules = Rules::with_rows(16);
    let mut counts = |skill: u32| -> Vec<Vec<Vec<u32>>> {
        let neuron = |row: u32, neuron: u32, random: &mut Pcg64Mcg| {
            random.random_range(0..6) + skill.saturating_sub(2 * row.abs_diff(neuron))
        };
        (0..16)
            .map(|row| (0..20).map(|_| (0..16).map(|j| neuron(row, j, random)).collect()).collect())
            .collect()
    };
    let (before, after) = (counts(0), counts(9));
    let side = |title: &str, counts, seed| PongSide {
        title: title.into(),
        recording: Recording::play(rules, seed, &mut SpikeCounts::new(counts, 7), 600),
    };
    vec![side("before learning", before, 4), side("after 100 epochs", after, 4)]
}
