//! The differential equations of circuits that belong together (analog-core 4.2).
//!
//! State, all in V: one voltage per net, then for each circuit the swings of its two lines and its adaptation voltage, then the
//! low passes of the readout chain.

use super::equations::{Branch, Condition, Equations, saturating};
use super::solver::System;
use crate::parameters::{LINE_REST, Line, ReadoutSource};
use nalgebra::DMatrix;

/// A conductance between two nets, or one arm of a star.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arm {
    /// Circuit that owns it.
    pub(super) circuit: usize,
    /// Net of its membrane.
    pub(super) membrane: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Coupling {
    Conductance(Arm, usize),
    Star(Vec<Arm>),
}

/// A first-order low pass behind the readout amplifier of a circuit (analog-core 7.2).
#[derive(Clone, Copy, Debug)]
pub(super) struct LowPass {
    pub(super) circuit: usize,
    /// 1/s.
    pub(super) rate: f64,
}

/// The equations of a group in its present condition.
#[derive(Clone, Debug)]
pub(super) struct GroupEquations {
    pub(super) circuits: Vec<Equations>,
    pub(super) conditions: Vec<Condition>,
    /// Net of each circuit.
    pub(super) net_of: Vec<usize>,
    /// Capacitance of each net in F.
    pub(super) capacitance: Vec<f64>,
    /// What of it is in switches and line segments.
    pub(super) parasitics: Vec<f64>,
    pub(super) couplings: Vec<Coupling>,
    pub(super) low_passes: Vec<LowPass>,
}

impl GroupEquations {
    pub(super) fn dimension(&self) -> usize {
        self.capacitance.len() + 3 * self.circuits.len() + self.low_passes.len()
    }

    /// Index of a line swing.
    pub(super) fn line(&self, circuit: usize, line: Line) -> usize {
        self.capacitance.len() + 3 * circuit + line as usize
    }

    /// Index of an adaptation voltage.
    pub(super) fn adaptation(&self, circuit: usize) -> usize {
        self.capacitance.len() + 3 * circuit + 2
    }

    /// Index of the state of a low pass.
    pub(super) fn low_pass(&self, number: usize) -> usize {
        self.capacitance.len() + 3 * self.circuits.len() + number
    }

    /// Output of the readout amplifier in V as gain, component and offset; gain 0 without bias.
    pub(super) fn amplifier(&self, circuit: usize) -> (f64, usize, f64) {
        let given = &self.circuits[circuit].given;
        let readout = &given.readout;
        let line = |line| {
            let gain = readout.line_gain;
            (-gain, self.line(circuit, line), gain * LINE_REST + readout.line_offset + readout.offset)
        };
        match given.bits.readout_source {
            _ if !readout.works => (0.0, 0, 0.0),
            ReadoutSource::Membrane => (1.0, self.net_of[circuit], readout.offset),
            ReadoutSource::ExcitatoryLine => line(Line::Excitatory),
            ReadoutSource::InhibitoryLine => line(Line::Inhibitory),
            ReadoutSource::Adaptation => (1.0, self.adaptation(circuit), readout.offset),
        }
    }

    /// An upper bound of the ratio of the fastest to the slowest relaxation of the membranes (analog-core 9.3): from the sums of
    /// conductances (Gershgorin) and the smallest leak. Infinite if a net has no leak.
    pub(super) fn spread(&self) -> f64 {
        let nets = self.capacitance.len();
        let mut own = vec![0.0; nets];
        for (circuit, equations) in self.circuits.iter().enumerate() {
            own[self.net_of[circuit]] += equations.relaxation(self.conditions[circuit].in_reset);
        }
        let mut coupled = vec![0.0; nets];
        for coupling in &self.couplings {
            match coupling {
                Coupling::Conductance(arm, line) => {
                    coupled[arm.membrane] += self.circuits[arm.circuit].compartment;
                    coupled[*line] += self.circuits[arm.circuit].compartment;
                }
                Coupling::Star(arms) => {
                    for arm in arms {
                        coupled[arm.membrane] += self.circuits[arm.circuit].compartment;
                    }
                }
            }
        }
        let mut fastest: f64 = 0.0;
        let mut slowest = f64::INFINITY;
        for net in 0..nets {
            fastest = fastest.max((own[net] + 2.0 * coupled[net]) / self.capacitance[net]);
            slowest = slowest.min(own[net] / self.capacitance[net]);
        }
        fastest / slowest
    }

    /// The current in A that an arm carries into its membrane from a line at `line` volts.
    fn arm_current(&self, arm: Arm, line: f64, membrane: f64) -> Branch {
        let equations = &self.circuits[arm.circuit];
        let given = &equations.given.compartment;
        saturating(equations.compartment, given.linear_range, line - membrane + given.offset)
    }

    /// The voltage of a line without membranes: where the currents of its arms cancel.
    fn balance(&self, arms: &[Arm], y: &[f64]) -> f64 {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for arm in arms {
            let rest = y[arm.membrane] - self.circuits[arm.circuit].given.compartment.offset;
            low = low.min(rest);
            high = high.max(rest);
        }
        let mut line = 0.5 * (low + high);
        for _ in 0..100 {
            let mut sum = Branch::default();
            for arm in arms {
                let branch = self.arm_current(*arm, line, y[arm.membrane]);
                sum.current += branch.current;
                sum.slope += branch.slope;
            }
            if sum.current > 0.0 {
                high = line
            } else {
                low = line
            }
            let step = sum.current / sum.slope;
            let newton = line - step;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            let moved = (next - line).abs();
            line = next;
            // NaN, for a sum without slope, ends it too.
            if moved.is_nan() || moved <= 1e-16 {
                break;
            }
        }
        line
    }
}

impl System for GroupEquations {
    fn derivative(&self, y: &[f64], derivative: &mut [f64]) {
        let nets = self.capacitance.len();
        derivative[..nets].fill(0.0);
        for (circuit, equations) in self.circuits.iter().enumerate() {
            let condition = &self.conditions[circuit];
            let net = self.net_of[circuit];
            let first = self.line(circuit, Line::Excitatory);
            let (u, w) = ([y[first], y[first + 1]], y[first + 2]);
            derivative[net] += equations.membrane(condition, y[net], u, w).current;
            for line in Line::ALL {
                derivative[first + line as usize] = equations.line(condition, line, u[line as usize]).current;
            }
            derivative[first + 2] = equations.adaptation(condition, y[net], w).0;
        }
        for coupling in &self.couplings {
            match coupling {
                Coupling::Conductance(arm, line) => {
                    let current = self.arm_current(*arm, y[*line], y[arm.membrane]).current;
                    derivative[arm.membrane] += current;
                    derivative[*line] -= current;
                }
                Coupling::Star(arms) => {
                    let line = self.balance(arms, y);
                    for arm in arms {
                        derivative[arm.membrane] += self.arm_current(*arm, line, y[arm.membrane]).current;
                    }
                }
            }
        }
        for (slope, capacitance) in derivative.iter_mut().zip(&self.capacitance) {
            *slope /= capacitance;
        }
        for (number, low_pass) in self.low_passes.iter().enumerate() {
            let (gain, component, offset) = self.amplifier(low_pass.circuit);
            let own = self.low_pass(number);
            derivative[own] = (gain * y[component] + offset - y[own]) * low_pass.rate;
        }
    }

    fn jacobian(&self, y: &[f64], jacobian: &mut DMatrix<f64>) {
        for (circuit, equations) in self.circuits.iter().enumerate() {
            let condition = &self.conditions[circuit];
            let net = self.net_of[circuit];
            let scale = 1.0 / self.capacitance[net];
            let first = self.line(circuit, Line::Excitatory);
            let (u, w) = ([y[first], y[first + 1]], y[first + 2]);
            let membrane = equations.membrane(condition, y[net], u, w);
            jacobian[(net, net)] += membrane.by_v * scale;
            for line in Line::ALL {
                let own = first + line as usize;
                jacobian[(net, own)] = membrane.by_u[line as usize] * scale;
                jacobian[(own, own)] = equations.line(condition, line, u[line as usize]).slope;
            }
            let own = first + 2;
            jacobian[(net, own)] = membrane.by_w * scale;
            let (_, by_v, by_w) = equations.adaptation(condition, y[net], w);
            jacobian[(own, net)] = by_v;
            jacobian[(own, own)] = by_w;
        }
        for coupling in &self.couplings {
            match coupling {
                Coupling::Conductance(arm, line) => {
                    let membrane = &arm.membrane;
                    let slope = self.arm_current(*arm, y[*line], y[*membrane]).slope;
                    jacobian[(*membrane, *membrane)] -= slope / self.capacitance[*membrane];
                    jacobian[(*membrane, *line)] += slope / self.capacitance[*membrane];
                    jacobian[(*line, *line)] -= slope / self.capacitance[*line];
                    jacobian[(*line, *membrane)] += slope / self.capacitance[*line];
                }
                Coupling::Star(arms) => {
                    let line = self.balance(arms, y);
                    let slope = |arm: &Arm| self.arm_current(*arm, line, y[arm.membrane]).slope;
                    let mut total = 0.0;
                    for arm in arms {
                        total += slope(arm);
                    }
                    for arm in arms {
                        let scale = slope(arm) / self.capacitance[arm.membrane];
                        jacobian[(arm.membrane, arm.membrane)] -= scale;
                        for other in arms {
                            jacobian[(arm.membrane, other.membrane)] += scale * slope(other) / total;
                        }
                    }
                }
            }
        }
        for (number, low_pass) in self.low_passes.iter().enumerate() {
            let (gain, component, _) = self.amplifier(low_pass.circuit);
            let own = self.low_pass(number);
            jacobian[(own, component)] += gain * low_pass.rate;
            jacobian[(own, own)] -= low_pass.rate;
        }
    }
}
