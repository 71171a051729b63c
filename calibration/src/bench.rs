//! The laboratory table: a chip behind a connection, brought up and with the neurons wired to the ADC.

pub use crate::program::*;

use bss2_base::{Hemisphere, NEURONS, Neuron, SimTime};
use bss2_host::connection::{Connection, ConnectionError};
use bss2_host::playback::{BuildError, Program, ProgramBuilder, ReadTicket, Timeline, startup_program};
use bss2_host::recording::{Incomplete, MissingResponse, Results};
use bss2_host::registers::{Block, Register, cadc, coordinates, default_chip};
use bss2_host::synapse_array::column_of_quad;
use thiserror::Error;

/// Why a measurement came to nothing.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The program could not be written.
    #[error("writing a program: {0}")]
    Build(#[from] BuildError),
    /// The program could not be run.
    #[error("running a program: {0}")]
    Connection(#[from] ConnectionError),
    /// The program did not come to its end.
    #[error("a program was not finished: {0}")]
    Incomplete(#[from] Incomplete),
    /// An answer is missing.
    #[error("an answer is missing: {0}")]
    Missing(#[from] MissingResponse),
}

/// A chip behind a connection.
pub struct Bench<'c> {
    connection: &'c mut dyn Connection,
}

impl<'c> Bench<'c> {
    /// The chip behind `connection`, as it is.
    pub fn new(connection: &'c mut dyn Connection) -> Self {
        Self { connection }
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// [`BenchError::Incomplete`] if the program was cancelled or ran into a timeout.
    pub fn run(&mut self, program: &Program) -> Result<Results, BenchError> {
        Ok(self.connection.run(program)?.complete()?)
    }

    /// Writes a program with `write` and runs it.
    ///
    /// # Errors
    /// As [`Bench::run`], and mistakes in writing the program.
    pub fn with<T>(
        &mut self,
        write: impl FnOnce(&mut ProgramBuilder) -> T,
    ) -> Result<(Results, T), BenchError> {
        let mut builder = ProgramBuilder::new();
        let value = write(&mut builder);
        Ok((self.run(&builder.finish()?)?, value))
    }

    /// Start-up, the complete default chip (settled 10), the ADC and the common settings of all experiments, then
    /// [`SETTLING`].
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn bring_up(&mut self) -> Result<(), BenchError> {
        self.run(&startup_program())?;
        self.with(|program| {
            program.write_all(default_chip());
            for hemisphere in 0..2 {
                write(program, hemisphere, &cadc::CADCConfig { enable: true, ..Default::default() });
            }
            program.barrier_omnibus().wait(SETTLING);
        })?;
        Ok(())
    }

    /// Reads the membranes of all 512 neurons `samples` times and averages, in codes of their causal ADC channel.
    ///
    /// The neurons must be connected to it: readout amplifier on, columns connected by [`connect_columns`].
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn membranes(&mut self, samples: usize) -> Result<Vec<f64>, BenchError> {
        let (results, tickets) = self.with(|program| {
            let mut tickets = Vec::new();
            for _ in 0..samples {
                tickets.extend(read_membranes(program));
                // Apart by more than the correlation time of the noise.
                program.barrier_omnibus().wait(SimTime::from_us(20));
            }
            tickets
        })?;
        let mut sums = vec![0.0; NEURONS];
        add_membranes(&results, &tickets, &mut sums)?;
        Ok(sums.into_iter().map(|sum| sum / samples as f64).collect())
    }

    /// As [`Bench::membranes`], while spikes with this label come in regularly. The samples fall on different phases of the
    /// train.
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn membranes_under_train(
        &mut self,
        label: u16,
        interval: SimTime,
        samples: usize,
    ) -> Result<Vec<f64>, BenchError> {
        let mut sums = vec![0.0; NEURONS];
        for sample in 0..samples {
            // Long enough for every time constant of a neuron to have settled.
            let phase = interval.as_ps() * sample as u64 / samples as u64;
            let end = SimTime::from_us(150) + SimTime::from_ps(phase);
            let mut timeline = Timeline::new();
            let spikes = end.as_ps() / interval.as_ps();
            timeline.spike_train((0..spikes).map(|k| SimTime::from_ps(k * interval.as_ps())), label);
            timeline.end(end);
            let (results, tickets) = self.with(|program| {
                program.play(&timeline);
                read_membranes(program)
            })?;
            add_membranes(&results, &tickets, &mut sums)?;
        }
        Ok(sums.into_iter().map(|sum| sum / samples as f64).collect())
    }

    /// Clears the spike counters of these neurons, waits, and reads them: at most 255 each, 256 for an overflow.
    ///
    /// # Errors
    /// As [`Bench::run`].
    pub fn spike_counts(&mut self, neurons: &[Neuron], span: SimTime) -> Result<Vec<u32>, BenchError> {
        let address = |block, neuron: Neuron| {
            Register { block, instance: coordinates::neuron_backend(neuron), word: 0 }
                .address()
                .expect("every neuron has a spike counter")
        };
        let (results, ticket) = self.with(|program| {
            for &neuron in neurons {
                program.write(address(Block::SpikeCounterReset, neuron), 0);
            }
            program.barrier_omnibus().wait(span);
            program.read_all(neurons.iter().map(|&neuron| address(Block::SpikeCounterRead, neuron)))
        })?;
        Ok(results
            .words(ticket)?
            .iter()
            .map(|word| if word >> 8 & 1 == 1 { 256 } else { word & 0xff })
            .collect())
    }
}

/// One conversion of all causal channels of both hemispheres.
fn read_membranes(program: &mut ProgramBuilder) -> Vec<(Hemisphere, ReadTicket)> {
    let mut tickets = Vec::new();
    for hemisphere in Hemisphere::ALL {
        // The first read starts a conversion of all channels, the others fetch its results.
        program.read(sample_address(hemisphere, false, 0));
        tickets
            .push((hemisphere, program.read_all((0..64).map(|quad| sample_address(hemisphere, true, quad)))));
    }
    tickets
}

/// Adds the codes of conversions to the sums of their neurons.
fn add_membranes(
    results: &Results,
    tickets: &[(Hemisphere, ReadTicket)],
    sums: &mut [f64],
) -> Result<(), MissingResponse> {
    for &(hemisphere, ticket) in tickets {
        for (quad, &word) in (0..64).zip(results.words(ticket)?) {
            for (entry, code) in (0..4).zip(word.to_be_bytes()) {
                sums[Neuron::new(hemisphere, column_of_quad(quad, entry)).index()] += f64::from(code);
            }
        }
    }
    Ok(())
}

/// Address of four ADC results of the causal channels (register-map 5.10).
const fn sample_address(hemisphere: Hemisphere, buffered: bool, quad: u32) -> u32 {
    let base = match hemisphere {
        Hemisphere::Top => 0x02c8_0000,
        Hemisphere::Bottom => 0x03c8_0000,
    };
    base + 0x20_0000 * buffered as u32 + quad
}
