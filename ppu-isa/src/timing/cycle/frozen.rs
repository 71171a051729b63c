//! The state in a normal form: that of the cycle in which it begins to matter what happens next, behind the last issue or
//! the last interrupt (`begun`), without what has no influence any more. For records, everything but the front end, and
//! relative to the present.

use super::access::{Accesses, PAST, Registers};
use super::vector::VectorUnit;
use super::{Account, CycleReference, Phase, Stall};
use crate::timing::Stalls;

/// The cycle that all normal forms describe.
const PRESENT: u64 = 2 * PAST;

/// Everything but the front end. Two states that are equal give the same answers to all questions, moved in time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Frozen {
    accesses: Accesses,
    vector: VectorUnit,
    registers: Registers,
    hold: u64,
    divider_ready: u64,
    pending_other: u32,
    other: [u64; 32],
    condition_write: u64,
    special_write: (u64, u32),
    complete_from: u64,
    blocked: [(u64, u64); 2],
    multiplied: u32,
    /// All cycles before are charged to a slot, too.
    begun: u64,
    away: Stall,
}

impl CycleReference {
    /// The normal form of the state, if it has one now: while the front end is settled and nothing is in progress that
    /// runs do not contain.
    pub(super) fn freeze(&mut self) -> Option<Frozen> {
        let (now, begun) = (self.front.cycle, self.begun);
        if !self.front.settled || self.phase != Phase::Issuing || self.asleep || begun < PRESENT {
            return None;
        }
        if self.division != 0 || self.ledger.charged != begun {
            return None;
        }
        self.advance_vector(now);
        self.accesses.advance(now, &mut self.registers, &self.config);
        if !self.accesses.is_ordinary() {
            return None;
        }
        let mut accesses = self.accesses.clone();
        accesses.normalise(begun, self.vector.serial_active(), false, &self.config);
        accesses.shift(now, PRESENT);
        let mut vector = self.vector.clone();
        vector.normalise(begun);
        vector.shift(now, PRESENT);
        let mut registers = self.registers.clone();
        registers.normalise(begun);
        registers.shift(now, PRESENT);
        let moved = |cycle: u64| cycle + PRESENT - now;
        let relative = |cycle: u64| moved(cycle.max(begun));
        let mut pending_other = self.pending_other;
        let other = core::array::from_fn(|n| {
            let pending = pending_other >> n & 1 != 0 && self.other[n] > begun;
            if !pending {
                pending_other &= !(1 << n);
            }
            if pending { moved(self.other[n]) } else { 0 }
        });
        let recent = self.special_write.0 + 1 >= begun;
        let interval = |(from, until): (u64, u64)| {
            let lasts = until + PAST > begun;
            if lasts { (moved(from.max(begun - PAST)), moved(until)) } else { (0, 0) }
        };
        Some(Frozen {
            accesses,
            vector,
            multiplied: self.multiplied & registers.pending,
            registers,
            hold: relative(self.hold),
            divider_ready: relative(self.divider_ready),
            pending_other,
            other,
            condition_write: relative(self.condition_write),
            special_write: if recent {
                (moved(self.special_write.0), self.special_write.1)
            } else {
                (0, u32::MAX)
            },
            complete_from: relative(self.complete_from),
            blocked: self.blocked.map(interval),
            begun: moved(begun),
            away: self.ledger.away,
        })
    }

    /// Takes the state on in cycle `now`. The front end is left alone.
    pub(super) fn thaw(&mut self, frozen: &Frozen, now: u64) {
        let moved = |cycle: u64| cycle + now - PRESENT;
        self.accesses.clone_from(&frozen.accesses);
        self.accesses.shift(PRESENT, now);
        self.vector.clone_from(&frozen.vector);
        self.vector.shift(PRESENT, now);
        self.registers.clone_from(&frozen.registers);
        self.registers.shift(PRESENT, now);
        self.phase = Phase::Issuing;
        self.hold = moved(frozen.hold);
        self.division = 0;
        self.divider_ready = moved(frozen.divider_ready);
        self.pending_other = frozen.pending_other;
        self.other = frozen.other.map(|cycle| if cycle == 0 { 0 } else { moved(cycle) });
        self.condition_write = moved(frozen.condition_write);
        let (written, number) = frozen.special_write;
        self.special_write = (if written == 0 { 0 } else { moved(written) }, number);
        self.complete_from = moved(frozen.complete_from);
        self.blocked =
            frozen.blocked.map(|(from, until)| if until == 0 { (0, 0) } else { (moved(from), moved(until)) });
        self.multiplied = frozen.multiplied;
        self.asleep = false;
        self.begun = moved(frozen.begun);
        self.ledger.charged = self.begun;
        self.ledger.behind = self.begun;
        self.ledger.away = frozen.away;
        self.ledger.reason = Stall::Unexplained;
        self.ledger.issued = true;
    }

    /// The same state, in which everything that no future answer depends on has a fixed value: whoever executed the same
    /// in the same cycles gets the same, in however many pieces he did it.
    pub(super) fn canonical(&self) -> Self {
        let mut state = self.clone();
        // What lags behind may have been asked about the next slot, or not.
        state.decide(state.front.cycle);
        let now = state.begun;
        let past = now.saturating_sub(PAST);
        state.front.normalise(now);
        state.accesses.normalise(now, state.vector.serial_active(), state.front.is_filling(), &state.config);
        state.vector.normalise(now);
        state.registers.normalise(now);
        state.multiplied &= state.registers.pending;
        for (n, cycle) in state.other.iter_mut().enumerate() {
            if state.pending_other >> n & 1 == 0 || *cycle <= now {
                state.pending_other &= !(1 << n);
                *cycle = 0;
            }
        }
        for cycle in
            [&mut state.hold, &mut state.divider_ready, &mut state.condition_write, &mut state.complete_from]
        {
            *cycle = now.max(*cycle);
        }
        if state.special_write.0 + 1 < now {
            state.special_write = (0, u32::MAX);
        }
        for (from, until) in &mut state.blocked {
            (*from, *until) = if *until + PAST > now { (past.max(*from), *until) } else { (0, 0) };
        }
        state.ledger.charged = past.max(state.ledger.charged);
        state.ledger.behind = past.max(state.ledger.behind);
        state.ledger.reason = Stall::Unexplained;
        // Whoever wanted to know about the last slot has asked. What the next one has waited for so far is kept.
        let stalls = if state.ledger.issued { Stalls::default() } else { state.ledger.account.stalls };
        state.ledger.account = Account { stalls, ..Account::default() };
        state
    }

    /// Whether two states are equal in all their parts.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }

    fn parts(&self) -> impl PartialEq + '_ {
        let Self {
            config,
            front,
            accesses,
            vector,
            phase,
            hold,
            division,
            divider_ready,
            registers,
            pending_other,
            other,
            condition_write,
            special_write,
            complete_from,
            blocked,
            asleep,
            multiplied,
            begun,
            ledger,
            results: _,
            pushed: _,
        } = self;
        (
            (config, front, accesses, vector, phase, registers, ledger),
            (hold, division, divider_ready, complete_from, begun, asleep),
            (pending_other, other, condition_write, special_write, blocked, multiplied),
        )
    }
}
