//! The MADC at the neurons of a reference simulation (analog-core 7.2, 7.3).

use super::{ProbeId, Quantity, ReferenceError, Simulation};
use crate::madc::{CHAIN_TAU, Madc, MadcConfig, SamplePoint};
use crate::readout::{ReadoutLine, SourceSelection, mean};
use bss2_base::{Neuron, SimTime};

/// One sample: what reaches the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MadcSample {
    /// When it was taken.
    pub time: SimTime,
    /// Code, 0..=1023.
    pub code: u16,
    /// Channel bit.
    pub channel: usize,
}

impl Simulation {
    /// The voltages of the thirteen readout lines at the present in V, by bit number: the mean of the neurons that drive a line and of
    /// what drives it from `outside` (board, debug lines, drivers).
    pub fn readout_lines(&self, outside: &[Option<f64>; 13]) -> [Option<f64>; 13] {
        let mut drivers: [Vec<f64>; 13] = outside.map(|voltage| voltage.into_iter().collect());
        for neuron in self.readers() {
            let shown = self.value(neuron, Quantity::Readout);
            drivers[ReadoutLine::of_neuron(neuron) as usize].extend(shown.ok());
        }
        drivers.map(mean)
    }

    /// Advances to `until` and records with the MADC what it samples on the way: `madc` must have been started by its control
    /// register. `outside` are constant voltages in V that drive lines as well. Low passes are put behind all
    /// amplifiers that are recorded.
    ///
    /// # Errors
    /// As [`Simulation::advance`].
    pub fn record(
        &mut self,
        madc: &mut Madc,
        sources: &SourceSelection,
        outside: &[Option<f64>; 13],
        until: SimTime,
    ) -> Result<Vec<MadcSample>, ReferenceError> {
        let points = madc.samples_until(until);
        let config: MadcConfig = *madc.config();
        let (Some(first), Some(period)) = (points.first().copied(), config.sample_period(madc.circuit()))
        else {
            self.advance(until)?;
            return Ok(Vec::new());
        };
        let mut probes: Vec<(ReadoutLine, ProbeId)> = Vec::new();
        for neuron in self.readers() {
            let line = ReadoutLine::of_neuron(neuron);
            if [0, 1].into_iter().any(|multiplexer| sources.selects(multiplexer, line)) {
                if self.value(neuron, Quantity::FilteredReadout).is_err() {
                    self.set_low_pass(neuron, Some(CHAIN_TAU))?;
                }
                let quantity = Quantity::FilteredReadout;
                probes.push((line, self.probe(neuron, quantity, first.time, period, points.len())?));
            }
        }
        self.advance(until)?;
        let mut samples = Vec::with_capacity(points.len());
        for (number, point) in points.iter().enumerate() {
            let mut lines = *outside;
            for line in ReadoutLine::ALL {
                let own = probes.iter().filter(|(other, _)| *other == line);
                let drivers = own.map(|(_, probe)| self.samples(*probe)[number]);
                lines[line as usize] = mean(drivers.chain(lines[line as usize]));
            }
            let gain = config.gain(madc.circuit());
            let voltage = sources.output(point.input, &lines).map(|voltage| gain * voltage);
            let SamplePoint { time, tag: channel, .. } = *point;
            samples.push(MadcSample { time, code: madc.convert(point, voltage), channel });
        }
        Ok(samples)
    }

    /// Neurons whose amplifier drives a readout line.
    fn readers(&self) -> Vec<Neuron> {
        let reads = |(neuron, circuit): &(Neuron, super::Circuit)| {
            (circuit.bits.readout && circuit.bits.readout_amplifier).then_some(*neuron)
        };
        self.circuits.iter().filter_map(reads).collect()
    }
}
