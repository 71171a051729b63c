//! `bss2 calibrate try`: does a network work on the calibrated chip?
//!
//! Two groups of neurons, two kinds of volleys. A volley excites its own group and inhibits the other one, so that each group has to
//! answer its own volleys and to be silent under the others. All synapses have the same weight; what tells neurons apart is what they
//! are, and what they were told.

use std::path::PathBuf;

use bss2_base::{Hemisphere, RowMode, SimTime};
use bss2_calibration::base_state::MAXIMUM_WEIGHT;
use bss2_calibration::error::Result;
use bss2_calibration::link::Link;
use bss2_calibration::primitives::cadc::{Repeated, mean};
use bss2_calibration::primitives::{counters, padi};
use bss2_calibration::program::{RowView, SETTLING, write, write_row};
use bss2_calibration::result::{self, CalibrationResult, InstanceKind};
use bss2_calibration::routine::{Session, Silent};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::NeuronParameter;
use bss2_host::registers::padi::SynapseDriverConfig;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use serde_json::json;

use crate::artefacts::Artefacts;
use crate::hardware::{Connect, Hardware};
use crate::plots::{Axis, Distribution, HeatMaps, Histogram, Hue, Matrix, Reference};
use crate::text;
use crate::{Failure, Outcome};

/// Try a calibration with a network, and draw what it does
///
/// Two groups of neurons, each to answer volleys of its own and to be silent under those of the other, once with all neurons told the
/// same (the median of what the calibration found for each cell), once with the calibration.
#[derive(Args, Debug)]
struct Try {
    /// File with a result of `bss2 calibrate`, for spiking neurons
    file: PathBuf,
    /// Folder for the pictures
    #[arg(long, value_name = "DIR", default_value = "out/calibration")]
    out: PathBuf,
    #[command(flatten)]
    connect: Connect,
}

pub(super) fn command() -> Command {
    Try::augment_args(Command::new("try"))
}

/// Volleys that are tried, of either kind in turn.
const VOLLEYS: usize = 20;
/// Drivers that a volley may use at most.
const DRIVERS: u8 = 24;
/// Labels of the volleys; synapses that are not used listen to none of them.
const LABELS: [u8; 2] = [1, 2];
const UNUSED: u8 = 0;
/// Weight of all synapses.
const WEIGHT: u8 = MAXIMUM_WEIGHT / 4;
/// Time from a volley until its answers are counted.
const ANSWER: SimTime = SimTime::from_us(60);
/// Time for everything to calm down.
const PAUSE: SimTime = SimTime::from_us(200);
/// More drivers than those that move half of the neurons, so that most others follow.
const RESERVE: f64 = 1.5;
/// Share of right answers that is asked for.
const REQUIRED: f64 = 0.95;

/// What the neurons do.
struct Seen {
    /// Spikes of each neuron under each volley, neuron by neuron.
    counts: Vec<Vec<f64>>,
    /// Resting potentials, codes of the column ADC.
    rest: Vec<f64>,
}

impl Seen {
    /// The share of neurons and volleys in which a neuron did what its group is for.
    fn right(&self) -> f64 {
        let right = |neuron: usize| {
            let own = |volley: usize| volley % 2 == group(neuron);
            (0..VOLLEYS).filter(|&volley| own(volley) == (self.counts[neuron][volley] > 0.0)).count()
        };
        (0..self.counts.len()).map(right).sum::<usize>() as f64 / (VOLLEYS * self.counts.len()) as f64
    }
}

/// The group of a neuron, by its number among the usable ones.
const fn group(neuron: usize) -> usize {
    neuron % 2
}

pub(super) fn execute(matches: &ArgMatches, json: bool) -> std::result::Result<Outcome, Failure> {
    let arguments = Try::from_arg_matches(matches)?;
    let failed = |error: &(dyn std::error::Error + 'static)| Failure::from_error(error);
    let calibration = result::load(&arguments.file).map_err(|error| failed(&error))?;
    if calibration.header.entry != "spiking" {
        let entry = &calibration.header.entry;
        return Err(Failure::new(format!("{}: a calibration for {entry}", arguments.file.display()))
            .hint("a network of spiking neurons needs `bss2 calibrate --target spiking`"));
    }
    let artefacts = Artefacts::in_folder(&arguments.out).map_err(|error| failed(&error))?;
    let seed = calibration.header.chip.seed.unwrap_or(1);
    let mut hardware = Hardware::find(&arguments.connect.place(), seed, &arguments.connect.analog, &|text| {
        eprintln!("{text}")
    })
    .map_err(|error| failed(&error))?;
    let usable = calibration.usable(InstanceKind::Neuron, None);
    let neurons: Vec<_> = Session::all_neurons().into_iter().filter(|n| usable[n.index()]).collect();
    if neurons.len() < 2 {
        return Err(Failure::new(format!("{}: {} usable neurons", arguments.file.display(), neurons.len())));
    }
    let count = neurons.len();
    let mut silent = Silent;
    let mut session = Session::new(Link::new(&mut hardware), neurons, 0, &mut silent);
    let (drivers, [same, own]) = run(&mut session, &calibration).map_err(|error| failed(&error))?;
    draw(&artefacts, &same, &own).map_err(|error| failed(&error))?;
    let accepted = own.right() >= REQUIRED;
    if json {
        text::print_json(&json!({
            "neurons": count, "drivers": drivers, "right_told_the_same": same.right(),
            "right_calibrated": own.right(), "accepted": accepted, "files": artefacts.written(),
        }));
    } else {
        text::print(&format!(
            "{count} neurons, volleys over {drivers} drivers\nright answers, all neurons told the same: {:.1} %\n\
             right answers, calibrated: {:.1} %\npictures: {}\n",
            100.0 * same.right(),
            100.0 * own.right(),
            arguments.out.display()
        ));
    }
    Ok(if accepted { Outcome::Success } else { Outcome::NotMet })
}

/// Drivers of a volley, and what is seen with all neurons told the same and with the calibration.
fn run(session: &mut Session<'_>, calibration: &CalibrationResult) -> Result<(u8, [Seen; 2])> {
    session.link.bring_up()?;
    calibration.apply(&mut session.link)?;
    let calibrated = session.link.written().clone();
    write_synapses(session)?;
    let drivers = working_point(session)?;
    let own = observe(session)?;
    tell_the_same(session, calibration)?;
    let same = observe(session)?;
    session.link.restore(&calibrated)?;
    Ok((drivers, [same, own]))
}

/// Row 2d of every driver excites the group of a volley, row 2d + 1 inhibits the other one.
fn write_synapses(session: &mut Session<'_>) -> Result<()> {
    let places: Vec<(Hemisphere, u8)> =
        session.neurons().iter().map(|neuron| (neuron.hemisphere(), neuron.column())).collect();
    session.link.configure(|program| {
        for hemisphere in Hemisphere::ALL {
            let place = |column: u8| places.iter().position(|own| *own == (hemisphere, column));
            for row in 0..=u8::MAX {
                let used = row < 2 * DRIVERS;
                let weight = |column: u8| if used && place(column).is_some() { WEIGHT } else { 0 };
                let label = |column: u8| match place(column) {
                    Some(neuron) if used => LABELS[(group(neuron) + usize::from(row % 2)) % 2],
                    _ => UNUSED,
                };
                write_row(program, hemisphere, row, RowView::Weights, weight);
                write_row(program, hemisphere, row, RowView::Labels, label);
            }
        }
        padi::drivers(program, RowMode::Disabled);
    })
}

/// The first `count` drivers of each hemisphere listen, the others don't.
fn use_drivers(session: &mut Session<'_>, count: u8) -> Result<()> {
    let mut program = ProgramBuilder::new();
    for driver in 0..2 * 128_u32 {
        let used = driver % 128 < u32::from(count);
        let config = SynapseDriverConfig {
            en_receiver: used,
            row_address_compare_mask: 0,
            en_exc_bottom: used,
            en_inh_top: used,
            ..SynapseDriverConfig::default()
        };
        write(&mut program, driver, &config);
    }
    session.link.run_program(&program.finish()?)?;
    Ok(())
}

/// Spikes of the neurons under one volley.
fn volley(session: &mut Session<'_>, kind: usize) -> Result<Vec<f64>> {
    counters::count_during(session, |program| {
        program.wait(PAUSE);
        Hemisphere::ALL.into_iter().for_each(|hemisphere| padi::event(program, hemisphere, LABELS[kind]));
        program.wait(ANSWER);
    })
}

/// As many drivers as it takes for half of the neurons to answer, and a reserve; they are left in use.
fn working_point(session: &mut Session<'_>) -> Result<u8> {
    let mut needed = DRIVERS;
    for drivers in 1..=DRIVERS {
        use_drivers(session, drivers)?;
        let counts = [volley(session, 0)?, volley(session, 1)?];
        let answers = (0..counts[0].len()).filter(|&neuron| counts[group(neuron)][neuron] > 0.0).count();
        if 2 * answers >= counts[0].len() {
            needed = ((f64::from(drivers) * RESERVE).ceil() as u8).min(DRIVERS);
            break;
        }
    }
    use_drivers(session, needed)?;
    Ok(needed)
}

fn observe(session: &mut Session<'_>) -> Result<Seen> {
    let rest = mean(session, Repeated { reads: 16, after_reset: None, wait: PAUSE })?;
    let mut counts = vec![Vec::with_capacity(VOLLEYS); rest.len()];
    for number in 0..VOLLEYS {
        let spikes = volley(session, number % 2)?;
        counts.iter_mut().zip(spikes).for_each(|(counts, spikes)| counts.push(spikes));
    }
    Ok(Seen { counts, rest })
}

/// Gives every neuron the median of what the calibration found for each of its cells.
fn tell_the_same(session: &mut Session<'_>, calibration: &CalibrationResult) -> Result<()> {
    let mut program = ProgramBuilder::new();
    for record in calibration.last_records(InstanceKind::Neuron) {
        let cell = NeuronParameter::ALL.into_iter().find(|cell| cell.name() == record.outcome.knob);
        if let (Some(cell), Some(median)) = (cell, record.outcome.median_parameter()) {
            session.write_cells_noisy(&mut program, cell, median);
        }
    }
    program.barrier_omnibus().wait(SETTLING);
    session.link.run_program(&program.finish()?)?;
    Ok(())
}

fn draw(
    artefacts: &Artefacts,
    same: &Seen,
    own: &Seen,
) -> std::result::Result<(), crate::artefacts::ArtefactError> {
    // Neurons of one group above those of the other.
    let matrix = |title: &str, seen: &Seen| {
        let rows = (0..2).flat_map(|wanted| {
            seen.counts.iter().enumerate().filter(move |(neuron, _)| group(*neuron) == wanted)
        });
        let values = rows.flat_map(|(_, counts)| counts.iter().map(|count| count.min(3.0))).collect();
        Matrix::new(title, values, VOLLEYS)
    };
    artefacts.plot(
        "network",
        &HeatMaps {
            title: "Who answers which volley".into(),
            x: "volley, of either kind in turn".into(),
            y: "neuron, group by group".into(),
            maps: vec![matrix("all told the same", same), matrix("calibrated", own)],
            colour: Axis::from_to("spikes (3: or more)", 0.0, 3.0),
            ..HeatMaps::default()
        },
    )?;
    let distribution =
        |label: &str, seen: &Seen, hue| Distribution { label: label.into(), values: seen.rest.clone(), hue };
    let middle = bss2_calibration::evaluation::median(&own.rest);
    artefacts.plot(
        "potentials",
        &Histogram {
            title: "Resting potentials".into(),
            x: Axis::from_to("potential (codes of the column ADC)", middle - 40.0, middle + 40.0),
            y: "neurons".into(),
            bins: 40,
            distributions: vec![
                distribution("all told the same", same, Hue::Grey),
                distribution("calibrated", own, Hue::Blue),
            ],
            target: Some(Reference::new(middle, "median")),
        },
    )?;
    let mut table = artefacts.csv("network", &["settings", "neuron", "group", "volley", "spikes"])?;
    for (settings, seen) in [("same", same), ("calibrated", own)] {
        for (neuron, counts) in seen.counts.iter().enumerate() {
            for (volley, count) in counts.iter().enumerate() {
                table.row(&[
                    settings.to_owned(),
                    neuron.to_string(),
                    group(neuron).to_string(),
                    volley.to_string(),
                    count.to_string(),
                ])?;
            }
        }
    }
    Ok(())
}
