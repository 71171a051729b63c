//! From parameters to observables.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Something that can be asked what it does with certain parameters: a chip, or a formula.
pub trait Simulator: Send {
    /// Why it could not be asked.
    type Error: Send;

    /// The observables at these parameters. `number` counts the simulations of a study; whatever is random in a simulator without
    /// a history follows from it. One with a history (a chip, whose noise goes on) may ignore it.
    ///
    /// # Errors
    /// What the simulator failed with. Observables that could not be determined are NaN.
    fn simulate(&mut self, parameters: &[f64], number: u64) -> Result<Vec<f64>, Self::Error>;
}

/// Simulators of the same thing that share the work. Simulation `n` of a batch runs on simulator `n` modulo their
/// number, in order, so that the history of each is the same however many threads there are.
#[derive(Debug)]
pub struct Pool<S> {
    simulators: Vec<S>,
    threads: usize,
    simulations: u64,
}

impl<S: Simulator> Pool<S> {
    /// A pool that works on at most `threads` threads.
    ///
    /// # Panics
    /// Without any simulator.
    pub fn new(simulators: Vec<S>, threads: usize) -> Self {
        assert!(!simulators.is_empty(), "a pool of no simulators can't simulate");
        Self { simulators, threads: threads.max(1), simulations: 0 }
    }

    /// Simulations done so far.
    pub fn simulations(&self) -> u64 {
        self.simulations
    }

    /// The simulators.
    pub fn simulators(&self) -> &[S] {
        &self.simulators
    }

    /// The simulators, for whoever has something else to ask them.
    pub fn simulators_mut(&mut self) -> &mut [S] {
        &mut self.simulators
    }

    /// The observables at each of these parameters, in their order.
    ///
    /// # Errors
    /// That of the first simulation that failed. Others may have been made.
    pub fn simulate(&mut self, batch: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, S::Error> {
        self.each(batch, |simulator, parameters, number| simulator.simulate(parameters, number))
    }

    /// Does any piece of work for each item of a batch: as [`Pool::simulate`], but the caller says what is to be done.
    ///
    /// # Errors
    /// That of the first item that failed.
    pub fn each<I: Sync, T: Send, E: Send>(
        &mut self,
        batch: &[I],
        work: impl Fn(&mut S, &I, u64) -> Result<T, E> + Sync,
    ) -> Result<Vec<T>, E> {
        let lanes = self.simulators.len();
        let first = self.simulations;
        self.simulations += batch.len() as u64;
        let next = AtomicUsize::new(0);
        let results = Mutex::new(Vec::with_capacity(batch.len()));
        let simulators: Vec<Mutex<&mut S>> = self.simulators.iter_mut().map(Mutex::new).collect();
        let lane = |lane: usize| {
            // Nobody else asks for this lane.
            let mut simulator = simulators[lane].lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            for item in (lane..batch.len()).step_by(lanes) {
                let result = work(&mut simulator, &batch[item], first + item as u64);
                let failed = result.is_err();
                results.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push((item, result));
                if failed {
                    break;
                }
            }
        };
        let worker = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= lanes {
                    break;
                }
                lane(number);
            }
        };
        if self.threads == 1 || lanes == 1 {
            worker();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..self.threads.min(lanes) {
                    scope.spawn(worker);
                }
            });
        }
        drop(simulators);
        let mut results = results.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        results.sort_by_key(|(item, _)| *item);
        results.into_iter().map(|(_, result)| result).collect()
    }
}
