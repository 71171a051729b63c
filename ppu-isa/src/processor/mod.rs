//! The processor: state, execution, interrupts, sleep.

mod any;
mod branch;
mod cache;
mod control;
mod dispatch;
mod integer;
mod logic;
mod machine;
mod memory;
mod ordinary;
mod state;
mod system;
mod timers;
mod vector_arithmetic;
mod vector_memory;
mod vector_permute;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::bus::{Bus, Response};
use crate::config::Config;
use crate::observer::{Effect, Observer, StepReport, WatchHit};
use crate::timing::{Account, LineRequest, Outcome, Scoreboard, Slot, Stalls, Timing};
pub use any::AnyCore;
use cache::{Cache, Place};
use control::{Control, LastIssue};
use machine::{Access, Break, Ended, Machine, Progress};
pub use state::{Accumulator, State, VectorCondition};
use timers::Timers;

/// Words in the longest line of the instruction cache.
const LONGEST_LINE: usize = 64;

/// A processor with its timing model.
///
/// Time is a number of clock cycles since reset. [`Core::cycle`] is that of the next instruction; nothing moves
/// unless [`Core::run`] or [`Core::step`] is called. The complete state is this value: a clone, or a serialised copy,
/// continues identically.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Core<T = Scoreboard> {
    config: Config,
    state: State,
    timers: Timers,
    cache: Cache,
    timing: T,
    progress: Progress,
    control: Control,
    /// No interrupt or fault needs attention for instructions that issue before this cycle.
    horizon: u64,
    now: u64,
}

/// Why execution stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The next instruction issues at the limit or later.
    Limit,
    /// A bus asked to wait. Nothing has changed; running again tries the same access again.
    Wait,
    /// The processor sleeps, and nothing inside it wakes it before the limit.
    Asleep {
        /// Cycle in which a timer will wake it.
        wakes_at: Option<u64>,
    },
    /// The observer breaks at this address; the instruction there has not been executed.
    Breakpoint {
        /// Address of the instruction.
        address: u32,
    },
    /// The observer watches an access of the instruction that was just executed.
    Watchpoint(WatchHit),
    /// A word that is no instruction, with `illegal_nop` off. It has not been executed.
    Illegal {
        /// Its address.
        address: u32,
        /// The word.
        word: u32,
    },
}

impl<T: Timing> Core<T> {
    /// A processor after power-up, leaving reset in cycle 0.
    pub fn new(config: Config) -> Self {
        Self {
            state: State::power_up(config.quirks.vrf_init),
            timers: Timers::default(),
            cache: Cache::new(config.cache),
            timing: T::new(&config),
            progress: Progress::default(),
            control: Control::default(),
            horizon: 0,
            now: 0,
            config,
        }
    }

    /// Resets the processor: cycle 0 is now. Vector registers keep their content (ppu-isa 5.1).
    pub fn reset(&mut self) {
        let mut state = self.state.clone();
        state.reset();
        let control = Control::after_reset(&self.control);
        *self = Self { state, control, ..Self::new(self.config) };
    }

    /// What it was made with.
    pub fn config(&self) -> &Config {
        &self.config
    }
    /// The architectural state.
    pub fn state(&self) -> &State {
        &self.state
    }
    /// The architectural state, to set it up or for a debugger. The timing model is not told.
    pub fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }
    /// The cycle in which the next instruction issues, as far as it is known; while asleep, how far time has come.
    pub fn cycle(&self) -> u64 {
        self.now
    }
    /// No later than the cycle in which an awake processor does something next: issues an instruction, or begins an
    /// interrupt, which may be before the present instruction can issue.
    pub fn next_activity(&mut self) -> u64 {
        let now = self.now;
        self.next_beginning().map_or(now, |begins| begins.min(now))
    }
    /// Lets time pass until `cycle` for a processor that sleeps and has nothing to wake it before; [`Core::run`] does the
    /// same. No effect on one that is awake.
    pub fn sleep_on(&mut self, cycle: u64) {
        if self.control.sleep.is_some() {
            self.now = self.now.max(cycle);
        }
    }
    /// The timing model.
    pub fn timing(&self) -> &T {
        &self.timing
    }
    /// The timing model, to have it write down what it does.
    pub fn timing_mut(&mut self) -> &mut T {
        &mut self.timing
    }
    /// The 64-bit time base, as an mfspr issued in [`Core::cycle`] reads it.
    pub fn time_base(&self) -> u64 {
        self.timers.time_base(self.now + 1)
    }
    /// Whether the processor sleeps in `wait` (the sleep flag of the status register, ppu-isa 6.6).
    pub fn is_asleep(&self) -> bool {
        self.control.sleep.is_some()
    }
    /// While asleep, the cycle in which sleep began: all instructions, loads and stores were complete.
    pub fn asleep_since(&self) -> Option<u64> {
        self.control.sleep
    }

    /// Executes until the next instruction would issue in cycle `until` or later, or something else stops it.
    pub fn run<B: Bus, O: Observer>(&mut self, bus: &mut B, until: u64, observer: &mut O) -> Stop {
        self.prepare();
        self.timing.explain(observer.wants_account());
        loop {
            if let ControlFlow::Break(stop) = self.ordinary(bus, until, observer) {
                return stop;
            }
            if let ControlFlow::Break(stop) = self.advance(bus, until, observer) {
                return stop;
            }
        }
    }

    /// Executes one instruction with all its slots, before it whatever interrupt is due.
    ///
    /// # Errors
    /// The reason why there was no instruction to execute. A [`Stop::Watchpoint`] comes after the instruction; its
    /// effects are then lost, which is why step is not for watching.
    pub fn step<B: Bus>(&mut self, bus: &mut B, until: u64) -> Result<StepReport, Stop> {
        self.prepare();
        self.timing.explain(true);
        let mut recorder = Recorder::default();
        loop {
            match self.advance(bus, until, &mut recorder) {
                ControlFlow::Break(stop) => return Err(stop),
                ControlFlow::Continue(()) if recorder.issued && self.progress.step == 0 => break,
                ControlFlow::Continue(()) => {}
            }
        }
        let Recorder { at, address, word, stalls, effects, .. } = recorder;
        Ok(StepReport { at, address, word, stalls, effects, next: self.now })
    }

    fn prepare(&mut self) {
        self.cache.prepare();
        self.update_horizon();
    }

    /// One issue slot, or one thing that comes before it.
    #[inline(always)]
    fn advance<B: Bus, O: Observer>(
        &mut self,
        bus: &mut B,
        until: u64,
        observer: &mut O,
    ) -> ControlFlow<Stop> {
        if self.control.sleep.is_some() {
            return self.sleep(until, observer);
        }
        let address = self.state.pc & !3;
        let limit =
            if self.horizon == u64::MAX { u64::MAX } else { self.next_beginning().unwrap_or(u64::MAX) };
        let cache = &self.cache;
        if let Some(request) = self.timing.fetch(address, limit, |a| cache.word(a)) {
            return self.fetch(bus, until, request);
        }
        let Some(place) = self.cache.find(address) else {
            return self.fetch(bus, until, LineRequest { address, at: self.now });
        };
        let cache = &self.cache;
        let slot = Slot { address, instruction: cache.at(place), step: self.progress.step };
        let at = match self.timing.issue(slot, limit, |a| cache.word(a)) {
            Ok(at) => at,
            Err(request) => return self.fetch(bus, until, request),
        };
        self.now = at;
        if at >= self.horizon.min(until) {
            return self.at_horizon(bus, until, observer, place, address, at);
        }
        self.execute_slot(bus, observer, place, address, at)
    }

    /// Executes a slot that issues in cycle `at` with nothing in the way.
    #[inline(always)]
    fn execute_slot<B: Bus, O: Observer>(
        &mut self,
        bus: &mut B,
        observer: &mut O,
        place: Place,
        address: u32,
        at: u64,
    ) -> ControlFlow<Stop> {
        let cache = &self.cache;
        let instruction = cache.at(place);
        let slot = Slot { address, instruction, step: self.progress.step };
        if slot.step == 0 && observer.breaks_at(address) {
            return ControlFlow::Break(Stop::Breakpoint { address });
        }
        let mut machine = Machine {
            state: &mut self.state,
            timers: &mut self.timers,
            progress: &mut self.progress,
            quirks: &self.config.quirks,
            bus,
            observer,
            address,
            at,
            access: Access::default(),
        };
        let ended = machine.execute(instruction);
        let access = machine.access;
        self.finish_slot(observer, ended, access, place, address, at)
    }

    /// What follows the execution of a slot.
    #[inline(always)]
    fn finish_slot<O: Observer>(
        &mut self,
        observer: &mut O,
        ended: Ended,
        access: Access,
        place: Place,
        address: u32,
        at: u64,
    ) -> ControlFlow<Stop> {
        let cache = &self.cache;
        let instruction = cache.at(place);
        let slot = Slot { address, instruction, step: self.progress.step };
        let outcome = match self.progress.outcome(address, ended, access) {
            Ok(outcome) => outcome,
            Err(why) => {
                let instruction = *instruction;
                return self.broken(why, address, &instruction, at, observer);
            }
        };
        self.timing.complete(slot, at, outcome, |a| cache.word(a));
        if instruction.issues {
            self.control.last = LastIssue { at, address, branch: instruction.branches };
        }
        self.state.pc = outcome.next;
        report(&self.timing, at, slot, observer);
        if matches!(ended, Ended::Control | Ended::Return(_)) {
            self.control_changed(at);
        }
        match observer.watch_hit() {
            Some(hit) => ControlFlow::Break(Stop::Watchpoint(hit)),
            None => ControlFlow::Continue(()),
        }
    }

    /// MSR, timers or interrupt control changed in a slot that issued in cycle `at`.
    #[cold]
    fn control_changed(&mut self, at: u64) {
        self.control.ee_changed(&self.state, at);
        self.update_horizon();
    }

    /// Gets a line for the front end.
    #[cold]
    fn fetch<B: Bus>(&mut self, bus: &mut B, until: u64, request: LineRequest) -> ControlFlow<Stop> {
        if request.at >= until {
            // The instruction issues after its line is requested; an interrupt may come first.
            self.now = self.now.max(request.at);
            if self.horizon >= until {
                return ControlFlow::Break(Stop::Limit);
            }
        }
        let mut line = [0; LONGEST_LINE];
        let words = &mut line[..self.cache.words_per_line()];
        let address = self.cache.line_address(request.address);
        match bus.fetch(request.at, address, words) {
            Response::Done { value: interval, latency } => {
                self.cache.fill(address, words);
                self.timing.line(request, latency, interval);
                ControlFlow::Continue(())
            }
            Response::Wait => ControlFlow::Break(Stop::Wait),
        }
    }
}

impl Progress {
    /// Counts the slot and says where execution goes on.
    #[inline(always)]
    fn outcome(&mut self, address: u32, ended: Ended, access: Access) -> Result<Outcome, Break> {
        let following = Outcome::next(address.wrapping_add(4)).with(access);
        let (step, outcome) = match ended {
            Ended::Next | Ended::Dropped | Ended::Control => (0, following),
            Ended::Again => (self.step + 1, Outcome { next: address, ..following }),
            Ended::Jump(next) | Ended::Return(next) => (0, Outcome { next, taken: true, ..following }),
            Ended::Wait => return Err(Break::Wait),
            Ended::Misaligned => return Err(Break::Misaligned),
            Ended::Trap => return Err(Break::Trap),
            Ended::Sleep => return Err(Break::Sleep),
            Ended::Illegal => return Err(Break::Illegal),
        };
        self.step = step;
        Ok(outcome)
    }
}

impl Outcome {
    /// Nothing but that the instruction at `next` is next.
    const fn next(next: u32) -> Self {
        Self { next, taken: false, latency: 0, effective_address: 0, suppressed: false }
    }
    const fn with(self, access: Access) -> Self {
        Self { latency: access.latency, effective_address: access.address, ..self }
    }
}

/// Collects what a step does.
#[derive(Default)]
struct Recorder {
    issued: bool,
    at: u64,
    address: u32,
    word: u32,
    stalls: Stalls,
    effects: Vec<Effect>,
}

impl Observer for Recorder {
    fn issued(&mut self, at: u64, slot: Slot<'_>) {
        if slot.step == 0 {
            (self.at, self.address, self.word) = (at, slot.address, slot.instruction.word());
        }
        self.issued = true;
    }
    fn wants_account(&self) -> bool {
        true
    }
    fn account(&mut self, _: u64, _: Slot<'_>, account: &Account) {
        self.stalls.merge(&account.stalls);
    }
    fn effect(&mut self, _: u64, effect: Effect) {
        self.effects.push(effect);
    }
}

/// Tells the observer that a slot has issued.
#[inline(always)]
fn report<T: Timing, O: Observer>(timing: &T, at: u64, slot: Slot<'_>, observer: &mut O) {
    if observer.wants_account() {
        observer.account(at, slot, &timing.account());
    }
    observer.issued(at, slot);
}
