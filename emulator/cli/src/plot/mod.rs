//! `bss2 plot KIND`: what the analog core does, as pictures with the data beside them.
//!
//! | kind | shows | measured |
//! |---|---|---|
//! | [`traces`] | membranes with input and output spikes | by the membrane ADC of the chip |
//! | [`fi`] | firing rates over the offset current, and the closed form | by the spikes that leave the chip |
//! | [`psp`] | post-synaptic potentials of both inputs, and the closed form | by the membrane ADC |
//! | [`stp`] | short-term depression and facilitation, and the fixed points | by the membrane ADC |
//! | [`stdp`] | answers of the correlation sensors to pairs of spikes | by the column ADC and a plasticity processor |
//! | [`madc`] | codes of the membrane ADC over the voltage at a pad | with the board's DAC |
//! | [`mismatch`] | distributions of any parameter of some chips | looked up, as nobody can on silicon |
//! | [`patterns`] | the eight firing patterns of the AdEx neuron | by the membrane ADC of the typical chip |
//! | [`phase`] | an AdEx neuron in its phase plane | by the membrane ADC of the typical chip |
//!
//! What the chip can do is measured as a user would: playback programs through the host interface ([`laboratory`], [`scope`]), analog
//! parameters by code. Closed forms ([`closed_form`]) beside it take the physical values of that very circuit, which a laboratory
//! would not know. Where a title says "level R", the reference simulation has computed the same circuits.
//!
//! A kind is a struct of its options that implements [`Picture`], and a line in [`Kind`].

mod adex;
mod closed_form;
mod fi;
mod laboratory;
mod madc;
pub(crate) mod mismatch;
mod options;
mod patterns;
mod phase;
mod psp;
mod scope;
mod stdp;
mod stp;
mod traces;

use clap::{Arg, ArgMatches, Command, FromArgMatches, Subcommand};

use crate::artefacts::Artefacts;
use crate::cancel::Cancel;
use crate::experiments::{Context, ExperimentError, Report};
use crate::progress::Progress;
use crate::text;
use crate::{Failure, Outcome};
use options::Output;

/// Something that `bss2 plot` draws.
trait Picture {
    /// What follows `bss2 plot`, and the name of its files.
    const NAME: &'static str;

    /// Seed of the (first) chip that it shows; it also makes what is random about the stimulus. 0 for the typical chip.
    fn chip_seed(&self) -> u64 {
        0
    }

    /// Measures, and writes figures and tables named [`Self::NAME`] or beginning with it. Reports what the picture shows in
    /// numbers.
    ///
    /// # Errors
    /// [`ExperimentError`], with the option that is to blame where there is one.
    fn draw(&self, context: &Context) -> Result<Report, ExperimentError>;
}

/// A picture, and where it goes.
#[derive(clap::Args, Debug)]
struct Drawn<P: clap::Args> {
    #[command(flatten)]
    picture: P,
    #[command(flatten)]
    output: Output,
}

/// What can be drawn.
#[derive(Subcommand, Debug)]
enum Kind {
    Traces(Drawn<traces::Traces>),
    Fi(Drawn<fi::Fi>),
    Psp(Drawn<psp::Psp>),
    Stp(Drawn<stp::Stp>),
    Stdp(Drawn<stdp::Stdp>),
    Madc(Drawn<madc::Madc>),
    Mismatch(Drawn<mismatch::Mismatch>),
    Patterns(Drawn<patterns::Patterns>),
    Phase(Drawn<phase::Phase>),
}

pub(crate) fn command() -> Command {
    let plot = Command::new("plot")
        .after_help(
            "Every kind writes KIND.png, KIND.svg and tables of what they show (KIND*.csv).\n\
             bss2 plot KIND --help describes its options, with examples.",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand_value_name("KIND")
        .subcommand_help_heading("Kinds");
    // A negative number is the value of the option before it, to be refused by its name.
    let negative = |argument: Arg| {
        let takes_values = argument.get_action().takes_values();
        if takes_values { argument.allow_negative_numbers(true) } else { argument }
    };
    let kinds = |plot: Command| {
        let names: Vec<String> = plot.get_subcommands().map(|kind| kind.get_name().to_owned()).collect();
        names.into_iter().fold(plot, |plot, name| plot.mut_subcommand(name, |kind| kind.mut_args(negative)))
    };
    // The description comes last, because the list of kinds brings its own.
    kinds(Kind::augment_subcommands(plot))
        .about("Draw what the analog circuits of a virtual chip do, with the data beside the pictures")
}

pub(crate) fn execute(matches: &ArgMatches, json: bool) -> Result<Outcome, Failure> {
    match Kind::from_arg_matches(matches)? {
        Kind::Traces(picture) => show(&picture, json),
        Kind::Fi(picture) => show(&picture, json),
        Kind::Psp(picture) => show(&picture, json),
        Kind::Stp(picture) => show(&picture, json),
        Kind::Stdp(picture) => show(&picture, json),
        Kind::Madc(picture) => show(&picture, json),
        Kind::Mismatch(picture) => show(&picture, json),
        Kind::Patterns(picture) => show(&picture, json),
        Kind::Phase(picture) => show(&picture, json),
    }
}

fn show<P: Picture + clap::Args>(drawn: &Drawn<P>, json: bool) -> Result<Outcome, Failure> {
    let Drawn { picture, output } = drawn;
    let folder = output.folder.clone().unwrap_or_else(|| format!("out/plot-{}", P::NAME).into());
    let artefacts = Artefacts::in_folder(folder)
        .map_err(|error| Failure::from_error(&error).hint("choose another folder with --output"))?
        .with_formats(output.format);
    let cancel = Cancel::on_ctrl_c();
    let progress = if json { Progress::silent() } else { Progress::on_standard_error() };
    let context = Context::new(picture.chip_seed(), 1, artefacts, cancel.clone(), progress);
    let report = picture.draw(&context).map_err(|error| match &error {
        ExperimentError::Option { .. } => {
            Failure::from_error(&error).hint(format!("bss2 plot {} --help describes it", P::NAME))
        }
        _ => Failure::from_error(&error),
    })?;
    let files = context.artefacts().written();
    let names: Vec<String> =
        files.iter().filter_map(|file| Some(file.file_name()?.to_string_lossy().into_owned())).collect();
    if json {
        let figures: serde_json::Map<String, serde_json::Value> = report
            .figures()
            .iter()
            .map(|figure| {
                (figure.name().to_owned(), serde_json::to_value(figure.value()).unwrap_or_default())
            })
            .collect();
        text::print_json(&serde_json::json!({
            "kind": P::NAME,
            "chip_seed": picture.chip_seed(),
            "interrupted": cancel.is_set(),
            "figures": figures,
            "folder": context.folder(),
            "files": names,
        }));
    } else {
        let rows: Vec<Vec<String>> =
            report.figures().iter().map(|figure| figure.cells()[..3].to_vec()).collect();
        text::print(&text::table(&["figure", "value", "unit"], &rows));
        text::print(&format!("written to {}: {}\n", context.folder().display(), names.join(" ")));
    }
    Ok(if cancel.is_set() { Outcome::NotMet } else { Outcome::Success })
}

/// A number for a table, with so many decimals: enough for what it means, and a small file.
fn cell(value: f64, decimals: usize) -> String {
    if value.is_finite() { format!("{value:.decimals$}") } else { String::new() }
}

/// The error for an option whose value makes no sense.
fn refuse<T>(option: &'static str, reason: impl Into<String>) -> Result<T, ExperimentError> {
    Err(ExperimentError::Option { option, reason: reason.into() })
}
