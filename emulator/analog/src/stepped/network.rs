//! What circuits of one unit do to each other: shared nets, conductances, line nets without membranes (analog-core 4.2).

use super::effective::{Arm, arm};
use super::elementary::tanh;
use super::lanes::Block;
use crate::reference::Circuit;
use bss2_base::Neuron;

/// One end of a conductance.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// Place in the simulation of the circuit that owns it.
    pub(super) circuit: usize,
    pub(super) arm: Arm,
    /// Net of the membrane of its circuit.
    pub(super) membrane: usize,
}

/// What couples nets.
#[derive(Clone, Debug)]
pub(super) enum Coupling {
    /// Between a membrane and the line of another net.
    Conductance(End, usize),
    /// A line without membranes: its voltage follows at once.
    Star(Vec<End>),
}

/// The nets of a unit. Sums run in the order of the lanes, then of the couplings.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// Net of each lane.
    pub(super) net_of: Vec<usize>,
    /// 1 / capacitance of each net, 1/pF.
    pub(super) inverse_capacitance: Vec<f32>,
    pub(super) couplings: Vec<Coupling>,
    /// How fast the conductances relax each net at most, 1/us.
    pub(super) rates: Vec<f32>,
    /// Capacitance in F of switches and line segments of each net.
    parasitics: Vec<f64>,
    /// For sums over a net.
    pub(super) sums: Vec<f32>,
    /// Voltage of each net, V.
    voltages: Vec<f32>,
}

impl Network {
    /// Nets with the parasitic capacitance of each in F; [`Self::update`] tells the rest.
    pub(super) fn new(net_of: Vec<usize>, parasitics: Vec<f64>, couplings: Vec<Coupling>) -> Self {
        let nets = parasitics.len();
        Self {
            net_of,
            inverse_capacitance: vec![0.0; nets],
            couplings,
            rates: vec![0.0; nets],
            parasitics,
            sums: vec![0.0; nets],
            voltages: vec![0.0; nets],
        }
    }

    /// Takes over capacitances and conductances of the circuits; `circuit_of` are the places of the lanes in the simulation. Returns the
    /// capacitance of each net in F.
    pub(super) fn update(&mut self, circuit_of: &[usize], circuits: &[(Neuron, Circuit)]) -> Vec<f64> {
        let mut capacitance = self.parasitics.clone();
        for (circuit, net) in circuit_of.iter().zip(&self.net_of) {
            capacitance[*net] += circuits[*circuit].1.capacitance();
        }
        let Self { inverse_capacitance, couplings, rates, .. } = self;
        for (inverse, farad) in inverse_capacitance.iter_mut().zip(&capacitance) {
            *inverse = (1e-12 / farad) as f32;
        }
        rates.fill(0.0);
        let mut relax =
            |net: usize, arm: &Arm| rates[net] += 2.0 * arm.conductance * inverse_capacitance[net];
        for coupling in couplings {
            match coupling {
                Coupling::Conductance(end, line) => {
                    end.arm = arm(&circuits[end.circuit].1);
                    relax(end.membrane, &end.arm);
                    relax(*line, &end.arm);
                }
                Coupling::Star(ends) => {
                    for end in ends {
                        end.arm = arm(&circuits[end.circuit].1);
                        relax(end.membrane, &end.arm);
                    }
                }
            }
        }
        capacitance
    }

    /// Adds up a quantity of the lanes of each net into [`Self::sums`].
    pub(super) fn add_up<const W: usize>(
        &mut self,
        blocks: &[Block<W>],
        quantity: impl Fn(&Block<W>, usize) -> f32,
    ) {
        self.sums.fill(0.0);
        for (lane, net) in self.net_of.iter().enumerate() {
            self.sums[*net] += quantity(&blocks[lane / W], lane % W);
        }
    }

    /// Turns the slopes of single circuits into those of their nets.
    pub(super) fn couple<const W: usize>(&mut self, blocks: &mut [Block<W>]) {
        self.add_up(blocks, |block, slot| block.slopes.v[slot]);
        for (lane, net) in self.net_of.iter().enumerate() {
            self.voltages[*net] = blocks[lane / W].stage.v[lane % W];
        }
        let Self { net_of, inverse_capacitance, couplings, sums, voltages, .. } = self;
        let current = |end: &End, line: f32| {
            let Arm { amplitude, inverse_range, offset, .. } = end.arm;
            amplitude * tanh((line - voltages[end.membrane] + offset) * inverse_range)
        };
        for coupling in couplings {
            match coupling {
                Coupling::Conductance(end, line) => {
                    let current = current(end, voltages[*line]);
                    sums[end.membrane] += current * inverse_capacitance[end.membrane];
                    sums[*line] -= current * inverse_capacitance[*line];
                }
                Coupling::Star(ends) => {
                    let line = balance(ends, voltages);
                    for end in ends {
                        sums[end.membrane] += current(end, line) * inverse_capacitance[end.membrane];
                    }
                }
            }
        }
        for (lane, net) in net_of.iter().enumerate() {
            blocks[lane / W].slopes.v[lane % W] = sums[*net];
        }
    }
}

/// The voltage of a line without membranes: where the currents of its arms cancel.
fn balance(ends: &[End], voltages: &[f32]) -> f32 {
    let rest = |end: &End| voltages[end.membrane] - end.arm.offset;
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for end in ends {
        low = low.min(rest(end));
        high = high.max(rest(end));
    }
    // Newton, from the solution without saturation; a step out of the bracket halves it instead.
    let (mut weighted, mut total) = (0.0, 0.0);
    for end in ends {
        weighted += end.arm.conductance * (rest(end) - low);
        total += end.arm.conductance;
    }
    let mut line = low + weighted / total;
    for _ in 0..30 {
        let (mut sum, mut slope) = (0.0, 0.0);
        for end in ends {
            let bent = tanh((line - rest(end)) * end.arm.inverse_range);
            sum += end.arm.amplitude * bent;
            slope += end.arm.conductance * (1.0 - bent * bent);
        }
        if sum > 0.0 {
            high = line
        } else {
            low = line
        }
        let newton = line - sum / slope;
        let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        let moved = (next - line).abs();
        line = next;
        if moved <= 6e-8 {
            break;
        }
    }
    line
}
