//! A chip under calibration.

use super::{Algorithm, Outcome, Plant, Problem, Progress, Range, Routine, Step, noisy};
use crate::error::{CalibrationError, Result};
use crate::link::Link;
use crate::program::{write, write_cell, write_shared_cell_of};
use bss2_base::random::{Level, SequentialRng, Stream, path_hash};
use bss2_base::{NEURONS, Neuron, Quadrant, SimTime};
use bss2_host::playback::ProgramBuilder;
use bss2_host::registers::capmem::{CapMemCell, NeuronParameter, SharedParameter};
use bss2_host::registers::coordinates;
use bss2_host::registers::neuron::{CommonNeuronBackendConfig, NeuronBackendConfig, NeuronConfig};

/// A chip under calibration: the link to it, the neurons concerned, the random numbers, and who is told of progress.
pub struct Session<'c> {
    /// The chip.
    pub link: Link<'c>,
    /// Noise on equal values in neighbouring cells, in codes (calibration 1.2). Default 5.
    pub noise: i32,
    /// The only source of randomness of a calibration.
    pub random: SequentialRng,
    neurons: Vec<Neuron>,
    progress: &'c mut dyn Progress,
    depth: usize,
}

impl<'c> Session<'c> {
    /// Calibrates `neurons` of the chip behind `link`; `seed` decides about all noise.
    pub fn new(link: Link<'c>, neurons: Vec<Neuron>, seed: u64, progress: &'c mut dyn Progress) -> Self {
        let stream = Stream::new(seed, path_hash("calibration"), Level::Noise, 0);
        Self { link, noise: 5, random: SequentialRng::new(stream), neurons, progress, depth: 0 }
    }

    /// All 512 neurons, in the order of their numbers.
    pub fn all_neurons() -> Vec<Neuron> {
        Neuron::all().collect()
    }

    /// Neurons spread evenly over the four quadrants, for calibrations that are to be quick.
    pub fn some_neurons(count: usize) -> Vec<Neuron> {
        let count = count.clamp(1, NEURONS);
        (0..count).filter_map(|index| Neuron::from_index(index * NEURONS / count)).collect()
    }

    /// The neurons concerned; instances of neuron routines are in this order.
    pub fn neurons(&self) -> &[Neuron] {
        &self.neurons
    }

    /// The values of the neurons concerned, out of those of all 512.
    pub fn select<T: Copy>(&self, all: &[T]) -> Vec<T> {
        self.neurons.iter().map(|neuron| all[neuron.index()]).collect()
    }

    /// Tells whoever listens.
    pub fn tell(&mut self, step: Step<'_>) {
        self.progress.step(step);
    }

    /// Tells whoever listens something worth knowing.
    pub fn note(&mut self, text: &str) {
        tracing::info!("{text}");
        self.progress.step(Step::Note(text));
    }

    /// A target as one value for each of `count` instances: given for each, or one for all.
    ///
    /// # Errors
    /// [`CalibrationError::Lengths`] if it is neither.
    pub fn spread(target: &[f64], count: usize) -> Result<Vec<f64>> {
        match target {
            [one] => Ok(vec![*one; count]),
            each if each.len() == count => Ok(each.to_vec()),
            other => Err(CalibrationError::Lengths { what: "target", given: other.len(), expected: count }),
        }
    }

    /// Runs a routine: prelude, search, judgement, postlude (calibration 1.3, 1.4). The outcome is configured when it returns.
    ///
    /// # Errors
    /// What the routine or the search failed with.
    pub fn calibrate(
        &mut self,
        routine: &mut dyn Routine,
        algorithm: &dyn Algorithm,
        target: Option<&[f64]>,
    ) -> Result<Outcome> {
        let declaration = routine.declaration();
        let (name, range) = (declaration.name, declaration.range);
        let depth = self.depth;
        self.tell(Step::Begin { routine: name, measurements: algorithm.measurements(range), depth });
        self.depth += 1;
        let result = self.calibrate_inner(routine, algorithm, target);
        self.depth = depth;
        let outcome = result?;
        if depth == 0 && outcome.failures() > 0 {
            let text = format!("{name}: {} of {} instances failed", outcome.failures(), outcome.len());
            self.note(&text);
        }
        self.tell(Step::End { outcome: &outcome, depth });
        Ok(outcome)
    }

    fn calibrate_inner(
        &mut self,
        routine: &mut dyn Routine,
        algorithm: &dyn Algorithm,
        target: Option<&[f64]>,
    ) -> Result<Outcome> {
        let targets = routine.prelude(self, target)?;
        let declaration = routine.declaration();
        let (name, range) = (declaration.name, declaration.range);
        // The plant has the session; the search gets a stream of its own, forked off it.
        let mut random = self.fork_random();
        let mut problem =
            Problem { range, inverted: declaration.inverted, targets: &targets, random: &mut random };
        let mut plant = Running { session: self, routine, done: 0, seen: Vec::new() };
        let mut parameters = algorithm.search(&mut problem, &mut plant)?;
        let seen = plant.seen;
        if parameters.len() != targets.len() {
            let (given, expected) = (parameters.len(), targets.len());
            return Err(CalibrationError::Lengths { what: "parameters", given, expected });
        }
        let success = parameters.iter().map(|&parameter| !range.at_boundary(parameter)).collect();
        parameters.iter_mut().for_each(|parameter| *parameter = range.clip(*parameter));
        let residuals = residuals(&seen, &parameters, &targets);
        self.step(routine, &parameters)?;
        let mut outcome = Outcome {
            routine: name.into(),
            knob: declaration.knob.into(),
            targets,
            parameters,
            success,
            residuals,
        };
        routine.postlude(self, &mut outcome)?;
        Ok(outcome)
    }

    /// Writes parameters of a routine and waits.
    ///
    /// # Errors
    /// As [`Link::run`].
    pub fn step(&mut self, routine: &dyn Routine, parameters: &[i32]) -> Result<()> {
        let mut program = ProgramBuilder::new();
        routine.configure(self, &mut program, parameters);
        program.barrier_omnibus().wait(routine.declaration().settling);
        self.link.run_program(&program.finish()?)?;
        Ok(())
    }

    fn fork_random(&mut self) -> SequentialRng {
        use rand::{Rng, SeedableRng};
        let seed = self.random.next_u64();
        SequentialRng::seed_from_u64(seed)
    }

    // ---- the neurons concerned ----

    /// Writes a cell of each neuron concerned, exactly.
    pub fn write_cells(&self, program: &mut ProgramBuilder, parameter: NeuronParameter, codes: &[i32]) {
        for (&neuron, &code) in self.neurons.iter().zip(codes) {
            write_cell(program, neuron, parameter, code.clamp(0, 1022) as u16);
        }
    }

    /// Writes the same code, with noise, to a cell of each neuron concerned (calibration 1.2).
    pub fn write_cells_noisy(&mut self, program: &mut ProgramBuilder, parameter: NeuronParameter, code: i32) {
        let codes = noisy(&mut self.random, code, self.neurons.len(), self.noise, Range::CELL);
        self.write_cells(program, parameter, &codes);
    }

    /// What a cell of each neuron concerned was last told.
    pub fn cells(&self, parameter: NeuronParameter) -> Vec<i32> {
        let code = |neuron: &Neuron| {
            let instance =
                coordinates::capmem_cell(neuron.quadrant(), parameter.row(), neuron.column() % 128);
            i32::from(self.link.typed::<CapMemCell>(instance).value)
        };
        self.neurons.iter().map(code).collect()
    }

    /// What a shared cell of a quadrant was last told.
    pub fn shared_cell(&self, quadrant: Quadrant, parameter: SharedParameter) -> i32 {
        let (column, row) = parameter.place();
        i32::from(self.link.typed::<CapMemCell>(coordinates::capmem_cell(quadrant, row, column)).value)
    }

    /// Writes a shared cell of the four quadrants.
    pub fn write_quadrants(&self, program: &mut ProgramBuilder, parameter: SharedParameter, codes: &[i32]) {
        for (quadrant, &code) in Quadrant::ALL.into_iter().zip(codes) {
            write_shared_cell_of(program, quadrant, parameter, code.clamp(0, 1022) as u16);
        }
    }

    /// Changes the analog configuration of the neurons concerned; `change` is told the number of the neuron in
    /// [`Session::neurons`].
    pub fn change_neurons(
        &self,
        program: &mut ProgramBuilder,
        mut change: impl FnMut(usize, &mut NeuronConfig),
    ) {
        for (index, &neuron) in self.neurons.iter().enumerate() {
            let instance = coordinates::neuron_config(neuron);
            let mut config: NeuronConfig = self.link.typed(instance);
            change(index, &mut config);
            write(program, instance, &config);
        }
    }

    /// Changes the digital configuration of the neurons concerned.
    pub fn change_backends(
        &self,
        program: &mut ProgramBuilder,
        mut change: impl FnMut(usize, NeuronBackendConfig) -> NeuronBackendConfig,
    ) {
        for (index, &neuron) in self.neurons.iter().enumerate() {
            let instance = coordinates::neuron_backend(neuron);
            write(program, instance, &change(index, self.link.typed(instance)));
        }
    }

    /// The analog configurations of the neurons concerned, as last told.
    pub fn configs(&self) -> Vec<NeuronConfig> {
        self.neurons.iter().map(|&neuron| self.link.typed(coordinates::neuron_config(neuron))).collect()
    }

    /// Writes the analog configurations of the neurons concerned.
    pub fn write_configs(&self, program: &mut ProgramBuilder, configs: &[NeuronConfig]) {
        for (&neuron, config) in self.neurons.iter().zip(configs) {
            write(program, coordinates::neuron_config(neuron), config);
        }
    }

    /// The digital configurations of the neurons concerned, as last told.
    pub fn backends(&self) -> Vec<NeuronBackendConfig> {
        self.neurons.iter().map(|&neuron| self.link.typed(coordinates::neuron_backend(neuron))).collect()
    }

    /// Writes the digital configurations of the neurons concerned.
    pub fn write_backends(&self, program: &mut ProgramBuilder, backends: &[NeuronBackendConfig]) {
        for (&neuron, backend) in self.neurons.iter().zip(backends) {
            write(program, coordinates::neuron_backend(neuron), backend);
        }
    }

    /// The refractory times of the neurons concerned, as last told (analog-core 3.3).
    pub fn refractory_times(&self) -> Vec<SimTime> {
        let time = |(neuron, backend): (&Neuron, NeuronBackendConfig)| {
            let side = u32::from(neuron.column() / 128);
            let common: CommonNeuronBackendConfig = self.link.typed(side);
            let fast = backend.select_input_clock;
            let scale = if fast { common.clock_scale_fast } else { common.clock_scale_slow };
            SimTime::from_ns(4 * (u64::from(backend.refractory_time()) << (scale + 1)))
        };
        self.neurons.iter().zip(self.backends()).map(time).collect()
    }

    /// Time on the chip, from the synchronisation of system time on.
    pub fn chip_time(&self) -> SimTime {
        self.link.now()
    }
}

/// A routine on a chip, as searches see it.
struct Running<'s, 'c, 'r> {
    session: &'s mut Session<'c>,
    routine: &'r mut dyn Routine,
    done: usize,
    seen: Vec<(Vec<i32>, Vec<f64>)>,
}

impl Plant for Running<'_, '_, '_> {
    fn measure(&mut self, parameters: &[i32]) -> Result<Vec<f64>> {
        self.session.step(self.routine, parameters)?;
        let results = self.routine.measure(self.session, parameters)?;
        if results.len() != parameters.len() {
            let (given, expected) = (results.len(), parameters.len());
            return Err(CalibrationError::Lengths { what: "results", given, expected });
        }
        self.done += 1;
        let (routine, chip_time) = (self.routine.declaration().name, self.session.chip_time());
        self.session.tell(Step::Measured { routine, done: self.done, chip_time });
        self.seen.push((parameters.to_vec(), results.clone()));
        Ok(results)
    }
}

/// The latest measurement of each instance at the chosen parameter, minus its target.
fn residuals(seen: &[(Vec<i32>, Vec<f64>)], parameters: &[i32], targets: &[f64]) -> Vec<f64> {
    let of = |(index, (parameter, target)): (usize, (&i32, &f64))| {
        let latest = seen.iter().rev().find(|(parameters, _)| parameters[index] == *parameter);
        latest.map_or(f64::NAN, |(_, results)| results[index] - target)
    };
    parameters.iter().zip(targets).enumerate().map(of).collect()
}
