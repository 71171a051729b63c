//! Which conductances may a chain of compartments have, given what was measured? Approximate Bayesian inference on the chip
//! (experiments E14, calibration 16.5).
//!
//! # The task
//! The chain of `bss2 run attenuation`, four compartments long, with ten inputs of weight 30. An observation is made at the codes
//! (511, 511) of leak and conductance; which codes explain it, if all from 0 to 1022 were equally likely beforehand? Three observables
//! know more and more about that:
//!
//! | name | observable |
//! |---|---|
//! | λ | the length constant alone: leak and conductance can make up for one another, the posterior is a ridge |
//! | F | the heights for spikes into the first compartment |
//! | H | the heights for spikes into each of them |
//!
//! # What is done
//! A table of simulations with codes from the prior serves all three. Rejection takes the nearest twentieth of it (more if the table is
//! small), and a local linear regression takes the error of that tolerance out. Simulations of the table are then taken for the
//! observation in turn, with the others as the table: regions of 50, 80 and 95 % probability must contain its codes in 50, 80 and
//! 95 % of these cases (expected coverage).
//! A sequential sampler closes in on H from the prior in rounds, and codes drawn from its posterior are run on the chip again.
//!
//! # What was chosen
//! The reference infers with neural density estimators; here nothing is trained. Distances are Euclidean, in units of the spread of each
//! observable over the table; those of the sequential sampler are in LSB, and its last tolerance is the published one, 3 LSB for each
//! height. With `--each`, every compartment and every link has a code of its own (7 parameters); the table then needs many
//! more simulations.

mod figures;

use bss2_base::random::{Level, SequentialRng, Stream, path_hash};
use bss2_calibration::attenuation::{Chain, Heights};
use bss2_calibration::inference::{
    Coverage, Distance, Posterior, Prior, Sequential, SequentialOutcome, Simulator, Table,
};

use super::compartments::{Laboratory, Sharing, Stop, Twin, measured};
use super::statistics::{mean, median};
use super::{Context, Experiment, ExperimentError, Report};

/// Infers the conductances of a chain from what was measured.
#[derive(clap::Args, Debug)]
pub(super) struct Inference {
    /// Simulations of the table [default: 800; published: 10000]
    #[arg(long, value_name = "N")]
    simulations: Option<usize>,
    /// Simulations that the sequential sampler may use [default: 800; published: 10000]
    #[arg(long, value_name = "N")]
    budget: Option<usize>,
    /// A code for each compartment and each link (7 parameters) instead of two for all
    #[arg(long)]
    each: bool,
    /// The size of the published study: the target is the mean of 100 volleys, and there are 10000 simulations. Takes hours
    #[arg(long)]
    published: bool,
    #[command(flatten)]
    sharing: Sharing,
}

/// Code of leak and conductance at the target.
const TRUTH: f64 = 511.0;
/// Largest code of the prior.
const LARGEST: f64 = 1022.0;
/// Levels at which coverage is judged.
const LEVELS: [f64; 3] = [0.5, 0.8, 0.95];
/// The share of the table that a posterior takes. Over twice as much of it, what F tells of the codes is no longer equally sharp
/// everywhere.
const NEAREST: f64 = 0.05;
/// Simulations of the table that are taken for the observation in turn, at most.
const CASES: usize = 1000;
/// Codes that are drawn from the posterior and run again.
const PREDICTIONS: usize = 40;
/// Tolerance for each height, LSB (calibration 16.5).
const TOLERANCE: f64 = 3.0;

/// What of the matrix of heights is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Observable {
    LengthConstant,
    First,
    All,
}

impl Observable {
    const ALL: [Self; 3] = [Self::LengthConstant, Self::First, Self::All];

    fn name(self) -> &'static str {
        match self {
            Self::LengthConstant => "λ",
            Self::First => "F",
            Self::All => "H",
        }
    }

    /// In names of figures.
    fn key(self) -> &'static str {
        match self {
            Self::LengthConstant => "length_constant",
            Self::First => "first",
            Self::All => "all",
        }
    }

    /// Out of a matrix, row by row.
    fn of(self, matrix: &[f64]) -> Vec<f64> {
        let Some(heights) = Heights::of_matrix(matrix.to_vec()) else { return vec![f64::NAN] };
        match self {
            Self::LengthConstant => vec![heights.length_constant()],
            Self::First => heights.column(0),
            Self::All => matrix.to_vec(),
        }
    }
}

/// What one observable tells.
struct Finding {
    observable: Observable,
    posterior: Posterior,
    coverage: Coverage,
    /// Simulations within the published tolerance.
    accepted: usize,
}

struct Study {
    chain: Chain,
    prior: Prior,
    truth: Vec<f64>,
    /// Volleys that the target is the mean of.
    target: usize,
    simulations: usize,
    sequential: Sequential,
}

impl Inference {
    fn study(&self) -> Result<Study, ExperimentError> {
        let chain = Chain { compartments: 4, inputs: 10, weight: 30, ..Chain::default() };
        let parameters = if self.each { 2 * chain.compartments - 1 } else { 2 };
        let standard = if self.published { 10_000 } else { 800 };
        let simulations = self.simulations.unwrap_or(standard);
        let budget = self.budget.unwrap_or(standard);
        let samples = (budget / 5).min(200);
        if simulations < 100 || budget < 100 {
            let option = if simulations < 100 { "simulations" } else { "budget" };
            return Err(ExperimentError::Option { option, reason: "at least 100".into() });
        }
        let reason = || "there is nothing to infer".to_owned();
        let prior = Prior::uniform(vec![0.0..=LARGEST; parameters])
            .ok_or_else(|| ExperimentError::Option { option: "each", reason: reason() })?;
        let heights = (chain.compartments * chain.compartments) as f64;
        let sequential = Sequential {
            samples,
            first: 3 * samples / 2,
            quantile: 0.4,
            tolerance: TOLERANCE * heights.sqrt(),
            rounds: 10,
            budget,
            batch: 40,
        };
        let target = if self.published { 100 } else { 40 };
        Ok(Study { chain, prior, truth: vec![TRUTH; parameters], target, simulations, sequential })
    }
}

impl Experiment for Inference {
    const NAME: &'static str = "inference";
    const ABOUT: &'static str =
        "Infers the conductances of a chain of compartments, and checks what it infers";
    const REFERENCE: &'static str = "experiments E14; calibration 16.5";

    fn run(&self, context: &Context) -> Result<Report, ExperimentError> {
        let study = self.study()?;
        let laboratory = Laboratory::open(context, study.chain, 1, self.sharing)?;
        laboratory.report("simulations", |laboratory, report| study.carry_out(context, laboratory, report))
    }
}

impl Study {
    fn carry_out(
        &self,
        context: &Context,
        laboratory: &mut Laboratory,
        report: &mut Report,
    ) -> Result<(), Stop> {
        let trials = self.observe(context, laboratory)?;
        let count = self.chain.compartments * self.chain.compartments;
        let observation: Vec<f64> =
            (0..count).map(|k| mean(&trials.iter().map(|trial| trial[k]).collect::<Vec<_>>())).collect();
        report.figure("length_constant", Observable::LengthConstant.of(&observation)[0]).unit("compartments");

        let table = self.simulate_table(context, laboratory)?;
        let findings: Vec<Finding> = Observable::ALL
            .into_iter()
            .map(|observable| self.infer(&table, &observation, observable))
            .collect();
        self.judge_rejection(report, &findings);
        figures::coverage(context, &findings)?;

        let outcome = self.close_in(context, laboratory, &observation)?;
        let Some(last) = outcome.posterior() else { return Ok(()) };
        let closed = last.adjusted(&observation, &self.prior);
        let predictions = self.predict(context, laboratory, &closed)?;
        self.judge_sequential(report, &outcome, &closed, &observation, &trials, &predictions);
        figures::posteriors(context, &findings, &closed, &self.truth)?;
        figures::predictions(context, &observation, &trials, &predictions)?;
        figures::samples(context, &findings, &outcome)?;
        Ok(())
    }

    /// Volleys at the target, one by one.
    fn observe(&self, context: &Context, laboratory: &mut Laboratory) -> Result<Vec<Vec<f64>>, Stop> {
        let task = context.task("target", self.target as u64, "volleys");
        self.run_all(laboratory, &vec![self.truth.clone(); self.target], "measuring the target", || {
            task.advance(1)
        })
    }

    fn simulate_table(&self, context: &Context, laboratory: &mut Laboratory) -> Result<Table, Stop> {
        let task = context.task("prior", self.simulations as u64, "simulations");
        let parameters = Table::draw(&self.prior, self.simulations, context.seed());
        let observables =
            self.run_all(laboratory, &parameters, "simulating with codes from the prior", || {
                task.advance(1)
            })?;
        let names = (0..self.truth.len()).map(|k| format!("parameter_{k}"));
        let heights = (0..self.chain.compartments).flat_map(|seen| {
            (0..self.chain.compartments).map(move |injected| format!("height_{seen}_{injected}"))
        });
        let header: Vec<String> = names.chain(heights).collect();
        let mut csv = context.csv("simulations", &header.iter().map(String::as_str).collect::<Vec<_>>())?;
        for (parameters, observables) in parameters.iter().zip(&observables) {
            csv.row(&parameters.iter().chain(observables).collect::<Vec<_>>())?;
        }
        Ok(Table { parameters, observables })
    }

    fn run_all(
        &self,
        laboratory: &mut Laboratory,
        parameters: &[Vec<f64>],
        activity: &str,
        advance: impl Fn() + Sync,
    ) -> Result<Vec<Vec<f64>>, Stop> {
        let one = |twin: &mut Twin, parameters: &Vec<f64>, number| {
            let observables = twin.simulate(parameters, number);
            advance();
            observables
        };
        measured(laboratory.pool.each(parameters, one), activity)
    }

    /// Posterior and coverage of one observable, from the table alone.
    fn infer(&self, table: &Table, observation: &[f64], observable: Observable) -> Finding {
        let table = table.map(|matrix| observable.of(matrix));
        let observation = observable.of(observation);
        let distance = Distance::by_spread(&table.observables);
        // Enough for the regression to tell its slopes apart.
        let nearest = ((NEAREST * table.len() as f64) as usize).max(5 * (observation.len() + 1));
        let posterior = |table: &Table, observation: &[f64]| {
            table.nearest(observation, &distance, nearest).adjusted(observation, &self.prior)
        };
        let coverage = Coverage::new((0..table.len().min(CASES)).map(|row| {
            posterior(&table.without(row), &table.observables[row]).credibility(&table.parameters[row])
        }));
        let plain = Distance::plain(observation.len());
        let tolerance = match observable {
            Observable::LengthConstant => 0.05 * observation[0],
            Observable::First | Observable::All => TOLERANCE * (observation.len() as f64).sqrt(),
        };
        Finding {
            observable,
            posterior: posterior(&table, &observation),
            coverage,
            accepted: table.within(&observation, &plain, tolerance).len(),
        }
    }

    /// Rounds that close in on all heights.
    fn close_in(
        &self,
        context: &Context,
        laboratory: &mut Laboratory,
        observation: &[f64],
    ) -> Result<SequentialOutcome, Stop> {
        let task = context.task("closing in", 1, "sampler");
        let distance = Distance::plain(observation.len());
        let outcome =
            self.sequential.run(&self.prior, &mut laboratory.pool, observation, &distance, context.seed());
        task.advance(1);
        measured(outcome, "closing in on the observation")
    }

    /// What codes from the posterior do on the chip.
    fn predict(
        &self,
        context: &Context,
        laboratory: &mut Laboratory,
        posterior: &Posterior,
    ) -> Result<Vec<Vec<f64>>, Stop> {
        let stream = Stream::new(context.seed(), path_hash("inference.predictive"), Level::Noise, 0);
        let chosen = posterior.resample(PREDICTIONS, &mut SequentialRng::new(stream));
        let parameters: Vec<Vec<f64>> = chosen.into_iter().map(|k| posterior.samples[k].clone()).collect();
        let task = context.task("predicting", parameters.len() as u64, "simulations");
        self.run_all(laboratory, &parameters, "running codes from the posterior", || task.advance(1))
    }

    fn judge_rejection(&self, report: &mut Report, findings: &[Finding]) {
        for finding in findings {
            let key = finding.observable.key();
            let credibility = finding.posterior.credibility(&self.truth);
            report.figure(format!("{key}_credibility_of_target"), credibility).at_most(0.9);
            let deviations = LEVELS.map(|level| finding.coverage.at(level) - level).to_vec();
            report.figure(format!("{key}_coverage_minus_level"), deviations).within(-0.1, 0.1);
            report.figure(format!("{key}_within_published_tolerance"), finding.accepted);
            report.figure(format!("{key}_mean"), finding.posterior.mean()).unit("LSB");
            report.figure(format!("{key}_deviation"), finding.posterior.deviation()).unit("LSB");
        }
        let of = |observable| findings.iter().find(|finding| finding.observable == observable);
        // The first leak and the first conductance.
        let conductance = if self.truth.len() == 2 { 1 } else { self.chain.compartments };
        let correlation =
            of(Observable::LengthConstant).map_or(f64::NAN, |f| f.posterior.correlation(0, conductance));
        report.figure("length_constant_correlation", correlation).at_least(0.0);
        let volume = |observable| {
            of(observable).map_or(f64::NAN, |f| f.posterior.covariance().determinant().max(0.0).sqrt())
        };
        let ratio = volume(Observable::All) / volume(Observable::First);
        report.figure("volume_of_all_over_first", ratio).at_most(1.0);
    }

    fn judge_sequential(
        &self,
        report: &mut Report,
        outcome: &SequentialOutcome,
        posterior: &Posterior,
        observation: &[f64],
        trials: &[Vec<f64>],
        predictions: &[Vec<f64>],
    ) {
        let distance = Distance::plain(observation.len());
        let away = |all: &[Vec<f64>]| {
            median(&all.iter().map(|one| distance.between(one, observation)).collect::<Vec<_>>())
        };
        report.figure("sequential_credibility_of_target", posterior.credibility(&self.truth)).at_most(0.9);
        report.figure("sequential_mean", posterior.mean()).unit("LSB");
        report.figure("sequential_deviation", posterior.deviation()).unit("LSB");
        report.figure("sequential_rounds", outcome.rounds.len());
        let tolerance = outcome.rounds.last().map_or(f64::NAN, |round| round.tolerance);
        report.figure("sequential_tolerance", tolerance).unit("LSB");
        report.figure("trial_distance", away(trials)).unit("LSB");
        report.figure("predictive_distance", away(predictions)).unit("LSB");
        report.figure("predictive_over_trial_distance", away(predictions) / away(trials)).at_most(2.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_study_finds_the_ridge_and_leaves_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::quiet(1, folder.path()).unwrap();
        let sharing = Sharing { copies: std::num::NonZeroUsize::new(2).unwrap() };
        let experiment =
            Inference { simulations: Some(100), budget: Some(100), each: false, published: false, sharing };
        let report = experiment.run(&context).unwrap();
        let met = |name: &str| report.figures().iter().find(|figure| figure.name() == name).unwrap().met();
        assert!(met("all_credibility_of_target").is_some(), "{report:?}");
        assert_eq!(met("length_constant_correlation"), Some(true), "{report:?}");
        for file in ["coverage.png", "posteriors.png", "predictions.png", "simulations.csv", "samples.csv"] {
            assert!(folder.path().join(file).exists(), "{file}");
        }
    }

    #[test]
    fn observables_are_parts_of_the_matrix() {
        let matrix = [8.0, 1.0, 1.0, 4.0, 1.0, 1.0, 2.0, 1.0, 1.0];
        assert_eq!(Observable::First.of(&matrix), [8.0, 4.0, 2.0]);
        assert!((Observable::LengthConstant.of(&matrix)[0] - 1.0 / 2.0_f64.ln()).abs() < 1e-3);
        assert_eq!(Observable::All.of(&matrix), matrix);
    }
}
