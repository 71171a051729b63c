//! A chip that is run in pieces, forwards and backwards.

use std::cell::Cell;
use std::ops::Range;

use bss2_base::{Hemisphere, SimTime};
use bss2_chip::{Chip, Halt};
use ppu_isa::{State, Stop, WatchHit};

use crate::history::{History, end_of_slice};
use crate::memory;
use crate::watcher::{Before, Passed, Points, Until, Watcher};

/// Why a [`Debugger`] has stopped by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The step of this processor is done.
    Stepped(Hemisphere),
    /// This processor is in front of an instruction with a breakpoint.
    Breakpoint(Hemisphere),
    /// This processor has accessed something that is watched; backwards, it is about to.
    Watchpoint(Hemisphere, WatchHit),
    /// This processor is in front of a word that is no instruction, and the quirk `illegal_nop` is off.
    Illegal(Hemisphere),
    /// No processor will execute anything any more unless somebody wakes it from outside: the programs have ended.
    StandsStill,
    /// This is where the past begins.
    Beginning,
}

/// Where a chip has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In front of an instruction of one processor.
    Before(Hemisphere, Before),
    /// Behind a slot of one processor.
    After(Hemisphere, u64),
    /// At the end of a slice, or at the beginning of the past.
    Time(SimTime),
}

/// Owns a chip and lets it run until something that the user waits for happens.
///
/// Any change through [`state_mut`](Self::state_mut) or [`write`](Self::write) starts a new history: what was before cannot be replayed with it.
#[derive(Clone, Debug)]
pub struct Debugger {
    chip: Chip,
    /// Slots that each processor has issued.
    slots: [u64; 2],
    place: Place,
    history: History,
    /// The chip is no longer what its history leads to.
    changed: bool,
    pub(crate) points: Points,
}

/// What has been seen on the way through the past.
struct Replay {
    chip: Chip,
    slots: [u64; 2],
    last_start: [Option<Before>; 2],
    passed: [Option<Passed>; 2],
}

impl Debugger {
    /// The past begins now.
    pub fn new(chip: Chip) -> Self {
        let place = Place::Time(chip.now());
        Self {
            history: History::beginning(chip.clone(), [0; 2]),
            chip,
            slots: [0; 2],
            place,
            changed: false,
            points: Points::default(),
        }
    }

    /// The chip as it is. While stopped, its two processors may be some cycles apart ([`Chip::advance_observed`]).
    pub fn chip(&self) -> &Chip {
        &self.chip
    }

    /// The chip, without debugger.
    pub fn into_chip(self) -> Chip {
        self.chip
    }

    /// The registers of a processor.
    pub fn state(&self, hemisphere: Hemisphere) -> &State {
        self.chip.ppu(hemisphere).core.state()
    }

    /// The same, to be changed.
    pub fn state_mut(&mut self, hemisphere: Hemisphere) -> &mut State {
        self.changed = true;
        self.chip.ppu_mut(hemisphere).core.state_mut()
    }

    /// Writes memory as a processor addresses it ([`memory::write`]); `None` if there is none.
    #[must_use]
    pub fn write(&mut self, hemisphere: Hemisphere, address: u32, bytes: &[u8]) -> Option<()> {
        self.changed = true;
        memory::write(&mut self.chip, hemisphere, address, bytes)
    }

    /// Stops both processors in front of the instruction at `address`. Twice is not more than once.
    pub fn add_breakpoint(&mut self, address: u32) {
        if !self.points.breakpoints.contains(&address) {
            self.points.breakpoints.push(address);
        }
    }

    /// Takes a breakpoint away; false if there is none.
    pub fn remove_breakpoint(&mut self, address: u32) -> bool {
        let before = self.points.breakpoints.len();
        self.points.breakpoints.retain(|breakpoint| *breakpoint != address);
        self.points.breakpoints.len() != before
    }

    /// Lets the chip run. With `step`: until that processor has executed an instruction and the next one lies outside of the range, or
    /// it sleeps. A breakpoint at the present place stops at once. Between slices of chip time `interrupted` is asked; if it says so, the answer is `None`.
    pub fn run(
        &mut self,
        step: Option<(Hemisphere, Range<u32>)>,
        mut interrupted: impl FnMut() -> bool,
    ) -> Option<Event> {
        // Before a new history begins with the chip as it is.
        self.chip.retry_illegal();
        self.begin_anew_if_changed();
        let from = self.slots;
        loop {
            if self.chip.stands_still() {
                return Some(Event::StandsStill);
            }
            let until = Hemisphere::ALL.map(|hemisphere| {
                let step =
                    step.as_ref().filter(|(which, _)| *which == hemisphere).map(|(_, range)| range.clone());
                Until::Points { step, from: from[hemisphere.index()] }
            });
            let order = Cell::new(0);
            let [top, bottom] = until;
            let mut top = Watcher::new(&self.points, top, &order, self.slots[0]);
            let mut bottom = Watcher::new(&self.points, bottom, &order, self.slots[1]);
            let end = end_of_slice(self.chip.now());
            let halt = self.chip.advance_observed(end, &mut top, &mut bottom);
            self.slots = [top.slots, bottom.slots];
            if let Some(event) = halt.and_then(|halt| self.halted(halt)) {
                return Some(event);
            }
            self.place = Place::Time(self.chip.now());
            self.history.offer(&self.chip, self.slots);
            if let Some((hemisphere, _)) = &step
                && self.chip.ppu(*hemisphere).sleeps_at(self.chip.now())
                && self.slots[hemisphere.index()] > from[hemisphere.index()]
            {
                return Some(Event::Stepped(*hemisphere));
            }
            if interrupted() {
                return None;
            }
        }
    }

    fn halted(&mut self, Halt { hemisphere, stop, .. }: Halt) -> Option<Event> {
        let slots = self.slots[hemisphere.index()];
        match stop {
            Stop::Breakpoint { address } => {
                self.place = Place::Before(hemisphere, Before { slots, address });
                Some(match self.points.breakpoints.contains(&address) {
                    true => Event::Breakpoint(hemisphere),
                    false => Event::Stepped(hemisphere),
                })
            }
            Stop::Watchpoint(hit) => {
                self.place = Place::After(hemisphere, slots);
                Some(Event::Watchpoint(hemisphere, hit))
            }
            Stop::Illegal { address, .. } => {
                self.place = Place::Before(hemisphere, Before { slots, address });
                Some(Event::Illegal(hemisphere))
            }
            _ => None,
        }
    }

    /// Goes back to the beginning of the last instruction of a processor. The other one goes back with it. `interrupted` as in
    /// [`run`](Self::run); then the place is some snapshot of the past.
    pub fn step_back(&mut self, hemisphere: Hemisphere, interrupted: impl FnMut() -> bool) -> Option<Event> {
        self.search_back(interrupted, |replay| {
            let start = replay.last_start[hemisphere.index()]?;
            Some((hemisphere, start, Event::Stepped(hemisphere)))
        })
    }

    /// Goes back to where the chip would have stopped the last time: to a breakpoint, or in front of an access that is watched.
    pub fn run_back(&mut self, interrupted: impl FnMut() -> bool) -> Option<Event> {
        self.search_back(interrupted, |replay| {
            let last =
                |hemisphere: Hemisphere| replay.passed[hemisphere.index()].map(|passed| (hemisphere, passed));
            let passed = Hemisphere::ALL.into_iter().filter_map(last);
            let (hemisphere, passed) = passed.max_by_key(|(_, passed)| passed.order)?;
            let event = match passed.hit {
                Some(hit) => Event::Watchpoint(hemisphere, hit),
                None => Event::Breakpoint(hemisphere),
            };
            Some((hemisphere, passed.before, event))
        })
    }

    /// Replays the past, snapshot by snapshot, until `find` finds something in it, and goes there.
    fn search_back(
        &mut self,
        mut interrupted: impl FnMut() -> bool,
        find: impl Fn(&Replay) -> Option<(Hemisphere, Before, Event)>,
    ) -> Option<Event> {
        self.begin_anew_if_changed();
        let mut index = self.history.before(self.chip.now());
        let mut end = self.place;
        let mut deadline = end_of_slice(self.chip.now());
        loop {
            let replay = self.replay(index, end, deadline);
            if let Some((hemisphere, before, event)) = find(&replay) {
                self.place = Place::Before(hemisphere, before);
                let Replay { chip, slots, .. } = self.replay(index, self.place, deadline);
                (self.chip, self.slots) = (chip, slots);
                return Some(event);
            }
            let snapshot = self.history.get(index);
            let time = snapshot.chip.now();
            let interrupted = interrupted();
            if index == 0 || interrupted {
                (self.chip, self.slots) = (snapshot.chip.clone(), snapshot.slots);
                self.place = Place::Time(time);
                return (!interrupted).then_some(Event::Beginning);
            }
            (end, deadline) = (Place::Time(time), time);
            index -= 1;
        }
    }

    /// Runs a snapshot to `end`, at the longest to the end `deadline` of a slice.
    fn replay(&self, index: usize, end: Place, deadline: SimTime) -> Replay {
        let snapshot = self.history.get(index);
        let mut chip = snapshot.chip.clone();
        let order = Cell::new(0);
        let [mut top, mut bottom] = Hemisphere::ALL.map(|hemisphere| {
            let until = match end {
                Place::Before(which, before) if which == hemisphere => Until::Before(before),
                Place::After(which, slots) if which == hemisphere => Until::After(slots),
                _ => Until::Never,
            };
            Watcher::new(&self.points, until, &order, snapshot.slots[hemisphere.index()])
        });
        let deadline = if let Place::Time(time) = end { time } else { deadline };
        while chip.now() < deadline {
            let end = end_of_slice(chip.now()).min(deadline);
            match chip.advance_observed(end, &mut top, &mut bottom) {
                // That processor stands there, the other one goes on.
                None | Some(Halt { stop: Stop::Illegal { .. }, .. }) => {}
                Some(_) => break,
            }
        }
        Replay {
            slots: [top.slots, bottom.slots],
            last_start: [top.last_start, bottom.last_start],
            passed: [top.passed, bottom.passed],
            chip,
        }
    }

    fn begin_anew_if_changed(&mut self) {
        if std::mem::take(&mut self.changed) {
            self.history = History::beginning(self.chip.clone(), self.slots);
            self.place = Place::Time(self.chip.now());
        }
    }
}
