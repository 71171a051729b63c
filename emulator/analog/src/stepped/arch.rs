//! Which vector instructions the steps use. The bits of the result don't depend on it.

use super::kernel::{self, Block, LANES, Survey};
use super::lanes::{self, Row};
use super::network::Network;
use crate::parameters::Line;
use serde::{Deserialize, Serialize};

/// Vector instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Instructions {
    /// What every processor of the architecture has: SSE2 on x86-64.
    Baseline,
    /// AVX2.
    Avx2,
    /// AVX-512.
    Avx512,
}

impl Instructions {
    /// All that this machine has, the widest last.
    pub fn available() -> Vec<Self> {
        let all = [Self::Baseline, Self::Avx2, Self::Avx512];
        all.into_iter().filter(|one| Arch::new(*one).is_some()).collect()
    }
}

/// The permission to use some instructions.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arch {
    Baseline(pulp::Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
}

impl Default for Arch {
    /// The widest.
    fn default() -> Self {
        let all = [Instructions::Avx512, Instructions::Avx2];
        all.into_iter().find_map(Self::new).unwrap_or(Self::Baseline(pulp::Scalar::new()))
    }
}

impl Arch {
    /// `None` if the machine lacks them.
    pub(super) fn new(instructions: Instructions) -> Option<Self> {
        match instructions {
            Instructions::Baseline => Some(Self::Baseline(pulp::Scalar::new())),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => pulp::x86::V3::try_new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => pulp::x86::V4::try_new().map(Self::Avx512),
            #[cfg(not(target_arch = "x86_64"))]
            _ => None,
        }
    }

    #[inline(always)]
    fn run<Op: pulp::WithSimd>(self, op: Op) -> Op::Output {
        match self {
            Self::Baseline(own) => pulp::Simd::vectorize(own, op),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(own) => pulp::Simd::vectorize(own, op),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(own) => pulp::Simd::vectorize(own, op),
        }
    }

    /// See [`kernel::step`], and what is left to do.
    pub(super) fn step(self, block: &mut Block, target: i32, epoch: u64) -> Survey {
        match block.features {
            0 => self.run(Step::<0> { block, target, epoch }),
            1..=3 => self.run(Step::<3> { block, target, epoch }),
            4..=7 => self.run(Step::<7> { block, target, epoch }),
            8 => self.run(Step::<8> { block, target, epoch }),
            _ => self.run(Step::<15> { block, target, epoch }),
        }
    }

    /// See [`kernel::take`].
    pub(super) fn take(
        self,
        block: &mut Block,
        time: i32,
        line: Line,
        charges: &[f32; LANES],
        hit: &mut [i32; LANES],
    ) -> bool {
        self.run(Take { block, time, line, charges, hit })
    }

    /// The slopes of joined circuits at the beginning of a step, and how long it may be for the sake of each; up to `longest` us.
    pub(super) fn begin_joined(self, blocks: &mut [lanes::Block], network: &mut Network, longest: f32) {
        self.run(BeginJoined { blocks, network, longest });
    }

    /// The steps of joined circuits. Whether any may have risen through its threshold.
    pub(super) fn step_joined(self, blocks: &mut [lanes::Block], network: &mut Network) -> bool {
        self.run(StepJoined { blocks, network })
    }

    /// See [`lanes::Block::cut`].
    pub(super) fn cut_joined(self, blocks: &mut [lanes::Block], hit: &[bool; LANES], after: &Row) {
        self.run(CutJoined { blocks, hit, after });
    }

    /// See [`lanes::Block::accept`].
    pub(super) fn accept(self, blocks: &mut [lanes::Block], over: &[bool; LANES]) {
        self.run(Accept { blocks, over });
    }

    /// See [`kernel::cut`].
    pub(super) fn cut(self, block: &mut Block, hit: Hit<'_>, epoch: u64, noisy: bool) {
        self.run(Cut { block, hit, epoch, noisy });
    }
}

/// Charges for a block.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit<'a> {
    /// ps since the epoch.
    pub(super) time: i32,
    /// Not 0 for the lanes that are hit.
    pub(super) lanes: &'a [i32; LANES],
    /// C, excitatory and inhibitory.
    pub(super) charges: [&'a [f32; LANES]; 2],
}

struct Step<'a, const FEATURES: u32> {
    block: &'a mut Block,
    target: i32,
    epoch: u64,
}

impl<const FEATURES: u32> pulp::WithSimd for Step<'_, FEATURES> {
    type Output = Survey;
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Survey {
        kernel::step::<FEATURES>(self.block, self.target, self.epoch);
        kernel::survey(self.block, self.target)
    }
}

struct Take<'a> {
    block: &'a mut Block,
    time: i32,
    line: Line,
    charges: &'a [f32; LANES],
    hit: &'a mut [i32; LANES],
}

impl pulp::WithSimd for Take<'_> {
    type Output = bool;
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> bool {
        let Self { block, time, line, charges, hit } = self;
        let hits = match line {
            Line::Excitatory => kernel::take(block, time, false, charges, hit),
            Line::Inhibitory => kernel::take(block, time, true, charges, hit),
        };
        hits != 0
    }
}

struct Cut<'a> {
    block: &'a mut Block,
    hit: Hit<'a>,
    epoch: u64,
    noisy: bool,
}

impl pulp::WithSimd for Cut<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { block, hit, epoch, noisy } = self;
        if noisy {
            kernel::cut(block, hit.time, hit.lanes, hit.charges, epoch, true);
        } else {
            kernel::cut(block, hit.time, hit.lanes, hit.charges, epoch, false);
        }
    }
}

struct BeginJoined<'a> {
    blocks: &'a mut [lanes::Block],
    network: &'a mut Network,
    longest: f32,
}

impl pulp::WithSimd for BeginJoined<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { blocks, network, longest } = self;
        let mut runs_away = false;
        for block in &mut *blocks {
            block.look_at_begin();
            runs_away |= block.uses.exponential;
        }
        network.couple(blocks);
        for block in &mut *blocks {
            block.relax(longest);
        }
        network.share_rates(blocks, runs_away);
        for block in blocks {
            block.choose_length(longest);
        }
    }
}

struct StepJoined<'a> {
    blocks: &'a mut [lanes::Block],
    network: &'a mut Network,
}

impl pulp::WithSimd for StepJoined<'_> {
    type Output = bool;
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> bool {
        let Self { blocks, network } = self;
        for block in &mut *blocks {
            block.keep_slope_w();
            block.first_half();
        }
        network.couple(blocks);
        for fraction in [0.5, 1.0] {
            for block in &mut *blocks {
                block.inner(fraction);
            }
            network.couple(blocks);
        }
        let mut crosses = false;
        for block in blocks {
            crosses |= block.finish();
        }
        crosses
    }
}

struct CutJoined<'a> {
    blocks: &'a mut [lanes::Block],
    hit: &'a [bool; LANES],
    after: &'a Row,
}

impl pulp::WithSimd for CutJoined<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { blocks, hit, after } = self;
        for block in blocks {
            block.cut(hit, after);
        }
    }
}

struct Accept<'a> {
    blocks: &'a mut [lanes::Block],
    over: &'a [bool; LANES],
}

impl pulp::WithSimd for Accept<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { blocks, over } = self;
        for block in blocks {
            block.accept(over);
        }
    }
}
