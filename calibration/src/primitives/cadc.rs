//! Reads of the column ADC (O1 to O4).

use super::reset;
use crate::error::Result;
use crate::routine::Session;
use bss2_base::{COLUMNS, Hemisphere, NEURONS, Neuron, SimTime};
use bss2_host::playback::{ProgramBuilder, ReadTicket};
use bss2_host::recording::{MissingResponse, Results};
use bss2_host::synapse_array::{column_of_quad, quad_of_column};

/// Largest number of single neurons that one program reads after their resets (calibration 3, O4).
const NEURONS_PER_PROGRAM: usize = 100;

/// Address of four results (register-map 5.10). An unbuffered read starts a conversion of all channels of the hemisphere.
const fn address(hemisphere: Hemisphere, acausal: bool, buffered: bool, quad: u32) -> u32 {
    let base = match hemisphere {
        Hemisphere::Top => 0x02c8_0000,
        Hemisphere::Bottom => 0x03c8_0000,
    };
    base + 0x4_0000 * acausal as u32 + 0x20_0000 * buffered as u32 + quad
}

/// A conversion of one hemisphere.
#[derive(Clone, Copy, Debug)]
pub struct HemisphereTicket {
    hemisphere: Hemisphere,
    causal: ReadTicket,
    acausal: ReadTicket,
}

/// A conversion of both hemispheres.
#[derive(Clone, Copy, Debug)]
pub struct Ticket([HemisphereTicket; 2]);

/// The codes of all 1024 channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codes {
    /// Causal channels by neuron (the number of the neuron of that column).
    pub causal: Vec<u8>,
    /// Acausal channels by neuron.
    pub acausal: Vec<u8>,
}

/// Converts all channels of a hemisphere and reads them.
pub fn read_hemisphere(program: &mut ProgramBuilder, hemisphere: Hemisphere) -> HemisphereTicket {
    program.read(address(hemisphere, false, false, 0));
    let mut all = |acausal| program.read_all((0..64).map(|quad| address(hemisphere, acausal, true, quad)));
    HemisphereTicket { hemisphere, causal: all(false), acausal: all(true) }
}

/// Converts and reads the upper, then the lower hemisphere (O1).
pub fn read(program: &mut ProgramBuilder) -> Ticket {
    Ticket(Hemisphere::ALL.map(|hemisphere| {
        let ticket = read_hemisphere(program, hemisphere);
        program.barrier_omnibus();
        ticket
    }))
}

impl HemisphereTicket {
    /// Hands each channel's neuron, and whether it is the acausal one, and its code to `each`.
    ///
    /// # Errors
    /// [`MissingResponse`] if the program ended too early.
    pub fn for_each(
        &self,
        results: &Results,
        mut each: impl FnMut(Neuron, bool, u8),
    ) -> Result<(), MissingResponse> {
        for (acausal, ticket) in [(false, self.causal), (true, self.acausal)] {
            for (quad, word) in (0..).zip(results.words(ticket)?) {
                for (entry, code) in (0..).zip(word.to_be_bytes()) {
                    each(Neuron::new(self.hemisphere, column_of_quad(quad, entry)), acausal, code);
                }
            }
        }
        Ok(())
    }

    /// Mean of both channels by column (O2).
    ///
    /// # Errors
    /// [`MissingResponse`] if the program ended too early.
    pub fn potentials(&self, results: &Results) -> Result<[f64; COLUMNS], MissingResponse> {
        let mut sums = [0.0; COLUMNS];
        self.for_each(results, |neuron, _, code| {
            sums[usize::from(neuron.column())] += f64::from(code) / 2.0
        })?;
        Ok(sums)
    }
}

impl Ticket {
    /// All codes.
    ///
    /// # Errors
    /// [`MissingResponse`] if the program ended too early.
    pub fn codes(&self, results: &Results) -> Result<Codes, MissingResponse> {
        let mut codes = Codes { causal: vec![0; NEURONS], acausal: vec![0; NEURONS] };
        for half in &self.0 {
            half.for_each(results, |neuron, acausal, code| {
                let channel = if acausal { &mut codes.acausal } else { &mut codes.causal };
                channel[neuron.index()] = code;
            })?;
        }
        Ok(codes)
    }

    /// Mean of both channels of each of the 512 neurons (O2).
    ///
    /// # Errors
    /// [`MissingResponse`] if the program ended too early.
    pub fn potentials(&self, results: &Results) -> Result<Vec<f64>, MissingResponse> {
        let mut potentials = Vec::with_capacity(NEURONS);
        for half in &self.0 {
            potentials.extend(half.potentials(results)?);
        }
        Ok(potentials)
    }
}

/// Reads the potentials of the neurons concerned once.
///
/// # Errors
/// As [`Link::run`](crate::link::Link::run).
pub fn potentials(session: &mut Session<'_>) -> Result<Vec<f64>> {
    let (results, ticket) = session.link.run(read)?;
    Ok(session.select(&ticket.potentials(&results)?))
}

/// What [`repeated`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// How many reads.
    pub reads: usize,
    /// Resets all neurons of a hemisphere this long before it is read; `None` leaves them alone.
    pub after_reset: Option<SimTime>,
    /// Waiting time after each read.
    pub wait: SimTime,
}

/// Reads the potentials of the neurons concerned repeatedly (O3): a list for each read.
///
/// # Errors
/// As [`Link::run`](crate::link::Link::run).
pub fn repeated(session: &mut Session<'_>, what: Repeated) -> Result<Vec<Vec<f64>>> {
    let (results, tickets) = session.link.run(|program| {
        let mut tickets = Vec::with_capacity(what.reads);
        for _ in 0..what.reads {
            tickets.push(Hemisphere::ALL.map(|hemisphere| {
                if let Some(delay) = what.after_reset {
                    reset::hemisphere(program, hemisphere);
                    program.barrier_omnibus().wait(delay);
                }
                let ticket = read_hemisphere(program, hemisphere);
                program.barrier_omnibus();
                ticket
            }));
            program.wait(what.wait);
        }
        tickets
    })?;
    let one = |halves: [HemisphereTicket; 2]| -> Result<Vec<f64>> {
        Ok(session.select(&Ticket(halves).potentials(&results)?))
    };
    tickets.into_iter().map(one).collect()
}

/// Mean over repeated reads, by neuron concerned.
///
/// # Errors
/// As [`repeated`].
pub fn mean(session: &mut Session<'_>, what: Repeated) -> Result<Vec<f64>> {
    let reads = repeated(session, what)?;
    let mut sums = vec![0.0; session.neurons().len()];
    for read in &reads {
        sums.iter_mut().zip(read).for_each(|(sum, value)| *sum += value);
    }
    Ok(sums.into_iter().map(|sum| sum / reads.len().max(1) as f64).collect())
}

/// Resets the neurons concerned one by one and reads each `delay` later (O4), at most 100 in a program.
///
/// # Errors
/// As [`Link::run`](crate::link::Link::run).
pub fn after_resets(session: &mut Session<'_>, delay: SimTime) -> Result<Vec<f64>> {
    let neurons = session.neurons().to_vec();
    let mut potentials = Vec::with_capacity(neurons.len());
    for some in neurons.chunks(NEURONS_PER_PROGRAM) {
        let (results, tickets) = session.link.run(|program| {
            let mut tickets = Vec::with_capacity(some.len());
            for &neuron in some {
                let (quad, entry) = quad_of_column(neuron.column());
                reset::neuron(program, neuron);
                program.wait(delay);
                let causal = program.read(address(neuron.hemisphere(), false, false, quad.into()));
                let acausal = program.read(address(neuron.hemisphere(), true, true, quad.into()));
                program.barrier_omnibus();
                tickets.push((usize::from(entry), causal, acausal));
            }
            tickets
        })?;
        for (entry, causal, acausal) in tickets {
            let code = |ticket| -> Result<f64, MissingResponse> {
                Ok(f64::from(results.word(ticket)?.to_be_bytes()[entry]))
            };
            potentials.push((code(causal)? + code(acausal)?) / 2.0);
        }
    }
    Ok(potentials)
}
