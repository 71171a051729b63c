//! Attenuation along a chain of compartments: the task of parameter searches (calibration 16.4, 16.5; experiments E13, E14).
//!
//! A passive chain, spikes into one compartment after the other, and how high the potential rises in each of them. The host
//! chooses leak and conductance; the chip answers with a matrix of heights ([`Heights`]) and the length constant that it makes.
//!
//! ```text
//!      body 0   helper 0     body 1   helper 1     body 2
//!        M ═══════ M           M ═══════ M           M        ═══ membrane_right
//!                  ┇           ║         ┇           ║         ┇  inter-compartment conductance of the helper
//!                  L ═ somata ═ L        L ═ somata ═ L        ║  soma
//! ```
//!
//! A compartment is two neighbouring circuits of a row (analog-core 4.2). The body has capacitor, leak, synaptic input and
//! readout; the helper is there for its conductance alone, its capacitor and leak are off. So the conductance toward the next
//! compartment is the helper's `i_bias_nmda`.

mod chain;
mod heights;

pub use chain::{Chain, Conductances, largest_conductance};
pub use heights::{Heights, LENGTH_CONSTANT};

use crate::error::Result;
use crate::link::Link;
use crate::primitives::madc::{self, Recording};
use crate::routine::{Progress, Session};
use bss2_base::SimTime;
use heights::Window;

/// Time from the beginning of an interval to its spikes, in which the membrane shows where it rests.
const LEAD: SimTime = SimTime::from_us(40);
/// Division of the converter's clock: a sample every 136 ns.
const CLOCK_DIVISION: u16 = 4;
/// Time from the end of a recording to the next.
const PAUSE: SimTime = SimTime::from_us(50);

impl Chain {
    /// A session about the bodies of this chain, which is what [`Chain::measure`] works with.
    pub fn session<'c>(&self, link: Link<'c>, progress: &'c mut dyn Progress) -> Session<'c> {
        Session::new(link, self.bodies(), 0, progress)
    }

    /// Lets spikes reach the compartments `stimulated`, one after the other and all of that `repetitions` times, while each compartment
    /// is recorded in turn. The heights of every repetition; of compartments that were not stimulated they are NaN.
    ///
    /// The chain must be configured ([`Chain::configure`], [`Chain::apply`]).
    ///
    /// # Errors
    /// [`CalibrationError::TooFewSamples`](crate::CalibrationError::TooFewSamples), and as [`Link::run`].
    pub fn measure(
        &self,
        session: &mut Session<'_>,
        stimulated: &[usize],
        repetitions: usize,
    ) -> Result<Vec<Heights>> {
        let volleys = stimulated.len() * repetitions;
        let sampling_time = SimTime::from_ps(self.interval.as_ps() * volleys as u64);
        let recording = Recording {
            sampling_time,
            wait_between_neurons: sampling_time + madc::INVALID + PAUSE,
            clock_division: CLOCK_DIVISION,
        };
        let begin = |volley: usize| SimTime::from_ps(self.interval.as_ps() * volley as u64);
        let traces = madc::record(session, "attenuation", &recording, |timeline, _, _, _, start| {
            for volley in 0..volleys {
                let compartment = stimulated[volley % stimulated.len()];
                for label in self.labels(compartment) {
                    timeline.spike(start + begin(volley) + LEAD, label);
                }
            }
        })?;
        let mut heights = vec![Heights::unknown(self.compartments); repetitions];
        for (seen, trace) in traces.iter().enumerate() {
            for volley in 0..volleys {
                let window = Window {
                    spikes_us: (begin(volley) + LEAD).as_us_f64(),
                    end_us: begin(volley + 1).as_us_f64(),
                };
                let injected = stimulated[volley % stimulated.len()];
                heights[volley / stimulated.len()].set(seen, injected, window.height(trace));
            }
        }
        Ok(heights)
    }
}
