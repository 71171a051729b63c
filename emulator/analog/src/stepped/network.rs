//! What circuits of one unit do to each other: shared nets, conductances, line nets without membranes (analog-core 4.2).

use super::effective::arm;
use super::elementary::tanh;
use super::kernel::LANES;
use super::lanes::{Arm, ArmLanes, Block, Row};
use crate::reference::Circuit;
use bss2_base::Neuron;

/// One end of a conductance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    /// Place in its unit of the circuit that owns it.
    pub(super) position: usize,
    /// Net of the membrane of its circuit.
    pub(super) membrane: usize,
}

/// What couples nets.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Coupling {
    /// Between a membrane and the line of another net.
    Conductance(End, usize),
    /// A line without membranes: its voltage follows at once.
    Star(Vec<End>),
}

/// How the circuits of a unit are joined. Units of equal shape are computed side by side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    /// Net of each circuit.
    pub(super) net_of: Vec<usize>,
    /// Capacitance in F of switches and line segments of each net.
    pub(super) parasitics: Vec<f64>,
    pub(super) couplings: Vec<Coupling>,
}

/// The nets of units of one shape. Sums run in the order of the circuits, then of the couplings.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) shape: Shape,
    /// One unit, whose circuits fill the slots of blocks one after the other; else each slot is a unit, and each block a circuit of it.
    packed: bool,
    /// 1 / capacitance of each net, 1/pF.
    inverse_capacitance: Vec<Row>,
    /// By circuit, if it owns an end.
    arms: Vec<ArmLanes<LANES>>,
    /// How fast the conductances relax each net at most, 1/us.
    rates: Vec<Row>,
    /// For sums over a net.
    sums: Vec<Row>,
    /// Voltage of each net, V.
    voltages: Vec<Row>,
}

impl Network {
    /// Nets of units of this shape; [`Self::update`] tells the rest.
    pub(super) fn new(shape: Shape, packed: bool) -> Self {
        let (nets, circuits) = (shape.parasitics.len(), shape.net_of.len());
        let rows = || vec![[0.0; LANES]; nets];
        Self {
            shape,
            packed,
            inverse_capacitance: rows(),
            arms: vec![ArmLanes::new(); circuits],
            rates: rows(),
            sums: rows(),
            voltages: rows(),
        }
    }

    /// Takes over capacitances and conductances of the circuits of a unit; `circuit_of` are their places in the simulation. Returns the
    /// capacitance of each net in F.
    pub(super) fn update(
        &mut self,
        unit: usize,
        circuit_of: &[usize],
        circuits: &[(Neuron, Circuit)],
    ) -> Vec<f64> {
        let Self { shape, inverse_capacitance, arms, rates, .. } = self;
        let mut capacitance = shape.parasitics.clone();
        for (circuit, net) in circuit_of.iter().zip(&shape.net_of) {
            capacitance[*net] += circuits[*circuit].1.capacitance();
        }
        for (net, farad) in capacitance.iter().enumerate() {
            inverse_capacitance[net][unit] = (1e-12 / farad) as f32;
            rates[net][unit] = 0.0;
        }
        let mut relax = |net: usize, arm: &Arm| {
            rates[net][unit] += 2.0 * arm.conductance * inverse_capacitance[net][unit];
        };
        for coupling in &shape.couplings {
            let (ends, line) = match coupling {
                Coupling::Conductance(end, line) => (std::slice::from_ref(end), Some(*line)),
                Coupling::Star(ends) => (ends.as_slice(), None),
            };
            for End { position, membrane } in ends {
                let arm = arm(&circuits[circuit_of[*position]].1);
                arms[*position].set(unit, &arm);
                relax(*membrane, &arm);
                if let Some(line) = line {
                    relax(line, &arm);
                }
            }
        }
        capacitance
    }

    /// Adds up a quantity over each net.
    #[inline(always)]
    fn add_up(&mut self, blocks: &[Block], quantity: impl Fn(&Block) -> &Row) {
        let Self { shape, packed, sums, .. } = self;
        sums.fill([0.0; LANES]);
        if *packed {
            for (circuit, net) in shape.net_of.iter().enumerate() {
                sums[*net][0] += quantity(&blocks[circuit / LANES])[circuit % LANES];
            }
        } else {
            for (block, net) in blocks.iter().zip(&shape.net_of) {
                let (sum, own) = (&mut sums[*net], quantity(block));
                for i in 0..LANES {
                    sum[i] += own[i];
                }
            }
        }
    }

    /// Tells each circuit the sum over its net.
    #[inline(always)]
    fn tell(&self, blocks: &mut [Block], quantity: impl Fn(&mut Block) -> &mut Row) {
        let Self { shape, packed, sums, .. } = self;
        if *packed {
            for (circuit, net) in shape.net_of.iter().enumerate() {
                quantity(&mut blocks[circuit / LANES])[circuit % LANES] = sums[*net][0];
            }
        } else {
            for (block, net) in blocks.iter_mut().zip(&shape.net_of) {
                *quantity(block) = sums[*net];
            }
        }
    }

    /// Replaces a quantity of each circuit by the sum over its net.
    #[inline(always)]
    pub(super) fn share(
        &mut self,
        blocks: &mut [Block],
        quantity: impl Fn(&mut Block) -> &mut Row + Copy,
        of: impl Fn(&Block) -> &Row,
    ) {
        self.add_up(blocks, of);
        self.tell(blocks, quantity);
    }

    /// From how fast single circuits relax and run away to how fast their nets do.
    #[inline(always)]
    pub(super) fn share_rates(&mut self, blocks: &mut [Block], runs_away: bool) {
        if runs_away {
            self.share(blocks, |block| &mut block.run_away, |block| &block.run_away);
        }
        self.add_up(blocks, |block| &block.relaxation);
        for (sum, rate) in self.sums.iter_mut().zip(&self.rates) {
            for i in 0..LANES {
                sum[i] += rate[i];
            }
        }
        self.tell(blocks, |block| &mut block.relaxation);
    }

    /// Turns the slopes of single circuits into those of their nets.
    #[inline(always)]
    pub(super) fn couple(&mut self, blocks: &mut [Block]) {
        self.add_up(blocks, |block| &block.slope);
        if !self.shape.couplings.is_empty() {
            let Self { shape, packed, voltages, .. } = self;
            for (circuit, net) in shape.net_of.iter().enumerate() {
                if *packed {
                    voltages[*net][0] = blocks[circuit / LANES].stage[circuit % LANES];
                } else {
                    voltages[*net] = blocks[circuit].stage;
                }
            }
            self.exchange();
        }
        self.tell(blocks, |block| &mut block.slope);
    }

    /// Adds what flows between nets.
    #[inline(always)]
    fn exchange(&mut self) {
        let Self { shape, inverse_capacitance, arms, sums, voltages, .. } = self;
        for coupling in &shape.couplings {
            match coupling {
                Coupling::Conductance(End { position, membrane }, line) => {
                    let (arm, from, to) = (&arms[*position], &voltages[*line], &voltages[*membrane]);
                    let mut current = [0.0; LANES];
                    for i in 0..LANES {
                        let across = from[i] - to[i] + arm.offset[i];
                        current[i] = arm.amplitude[i] * tanh(across * arm.inverse_range[i]);
                    }
                    let (sum, inverse) = (&mut sums[*membrane], &inverse_capacitance[*membrane]);
                    for i in 0..LANES {
                        sum[i] += current[i] * inverse[i];
                    }
                    let (sum, inverse) = (&mut sums[*line], &inverse_capacitance[*line]);
                    for i in 0..LANES {
                        sum[i] -= current[i] * inverse[i];
                    }
                }
                Coupling::Star(ends) => star(ends, arms, voltages, inverse_capacitance, sums),
            }
        }
    }
}

/// Adds what flows over a line without membranes, unit by unit.
#[inline(never)]
fn star(
    ends: &[End],
    arms: &[ArmLanes<LANES>],
    voltages: &[Row],
    inverse_capacitance: &[Row],
    sums: &mut [Row],
) {
    for unit in 0..LANES {
        // An empty slot has no conductances.
        if arms[ends[0].position].conductance[unit] == 0.0 {
            continue;
        }
        let rest = |end: &End| voltages[end.membrane][unit] - arms[end.position].offset[unit];
        let line = balance(ends, arms, unit, rest);
        for end in ends {
            let arm = arms[end.position].get(unit);
            let current = arm.amplitude * tanh((line - rest(end)) * arm.inverse_range);
            sums[end.membrane][unit] += current * inverse_capacitance[end.membrane][unit];
        }
    }
}

/// The voltage of a line without membranes: where the currents of its arms cancel.
fn balance(ends: &[End], arms: &[ArmLanes<LANES>], unit: usize, rest: impl Fn(&End) -> f32) -> f32 {
    let arm = |end: &End| arms[end.position].get(unit);
    let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
    for end in ends {
        low = low.min(rest(end));
        high = high.max(rest(end));
    }
    // Newton, from the solution without saturation; a step out of the bracket halves it instead.
    let (mut weighted, mut total) = (0.0, 0.0);
    for end in ends {
        weighted += arm(end).conductance * (rest(end) - low);
        total += arm(end).conductance;
    }
    let mut line = low + weighted / total;
    for _ in 0..30 {
        let (mut sum, mut slope) = (0.0, 0.0);
        for end in ends {
            let arm = arm(end);
            let bent = tanh((line - rest(end)) * arm.inverse_range);
            sum += arm.amplitude * bent;
            slope += arm.conductance * (1.0 - bent * bent);
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
