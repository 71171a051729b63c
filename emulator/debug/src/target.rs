//! The debugger as gdbstub wants to see it.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::ops::Range;

use bss2_base::Hemisphere;
use gdbstub::common::{Signal, Tid};
use gdbstub::stub::MultiThreadStopReason;
use gdbstub::target::ext::base::BaseOps;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadRangeStepping, MultiThreadRangeSteppingOps, MultiThreadResume,
    MultiThreadResumeOps, MultiThreadSchedulerLocking, MultiThreadSchedulerLockingOps, MultiThreadSingleStep,
    MultiThreadSingleStepOps,
};
use gdbstub::target::ext::base::reverse_exec::{
    ReplayLogPosition, ReverseCont, ReverseContOps, ReverseStep, ReverseStepOps,
};
use gdbstub::target::ext::base::single_register_access::{SingleRegisterAccess, SingleRegisterAccessOps};
use gdbstub::target::ext::breakpoints::{
    Breakpoints, BreakpointsOps, HwBreakpoint, HwBreakpointOps, HwWatchpoint, HwWatchpointOps, SwBreakpoint,
    SwBreakpointOps, WatchKind,
};
use gdbstub::target::ext::thread_extra_info::{ThreadExtraInfo, ThreadExtraInfoOps};
use gdbstub::target::{Target, TargetError, TargetResult};

use crate::debugger::{Debugger, Event};
use crate::memory;
use crate::registers::{Block, PlasticityProcessor, Register};
use crate::watcher::Watchpoint;

/// `EFAULT` and `EINVAL` of the remote protocol, and how GDB prints them.
const NO_MEMORY: u8 = 14;
const NO_SUCH_THING: u8 = 22;

/// What GDB has asked for with its last resumption.
#[derive(Clone, Debug)]
enum Motion {
    Forward(Option<(Hemisphere, Range<u32>)>),
    StepBack(Hemisphere),
    Back,
}

/// A debugger during a session.
pub(crate) struct Stub<'a> {
    debugger: &'a mut Debugger,
    motion: Motion,
}

/// GDB's number of a processor: 1 top, 2 bottom.
fn thread(hemisphere: Hemisphere) -> Tid {
    NonZeroUsize::MIN.saturating_add(hemisphere.index())
}

fn hemisphere(tid: Tid) -> Option<Hemisphere> {
    Hemisphere::ALL.into_iter().find(|&hemisphere| thread(hemisphere) == tid)
}

fn processor(tid: Tid) -> TargetResult<Hemisphere, Stub<'static>> {
    hemisphere(tid).ok_or(TargetError::Errno(NO_SUCH_THING))
}

impl<'a> Stub<'a> {
    pub(crate) fn new(debugger: &'a mut Debugger) -> Self {
        debugger.points = Default::default();
        Self { debugger, motion: Motion::Forward(None) }
    }

    /// Moves as GDB has asked for; `None` if `interrupted`.
    pub(crate) fn run(&mut self, interrupted: impl FnMut() -> bool) -> Option<MultiThreadStopReason<u32>> {
        let (event, subject) = match self.motion.clone() {
            Motion::Forward(step) => {
                let subject = step.as_ref().map_or(Hemisphere::Top, |(hemisphere, _)| *hemisphere);
                (self.debugger.run(step, interrupted), subject)
            }
            Motion::StepBack(hemisphere) => (self.debugger.step_back(hemisphere, interrupted), hemisphere),
            Motion::Back => (self.debugger.run_back(interrupted), Hemisphere::Top),
        };
        Some(match event? {
            Event::Stepped(hemisphere) => {
                MultiThreadStopReason::SignalWithThread { tid: thread(hemisphere), signal: Signal::SIGTRAP }
            }
            Event::Breakpoint(hemisphere) => MultiThreadStopReason::SwBreak(thread(hemisphere)),
            Event::Watchpoint(hemisphere, hit) => {
                let both = |watchpoint: &Watchpoint| {
                    watchpoint.kind == WatchKind::ReadWrite
                        && hit.address.wrapping_sub(watchpoint.address) < watchpoint.length
                };
                let kind = match hit.write {
                    _ if self.debugger.points.watchpoints.iter().any(both) => WatchKind::ReadWrite,
                    true => WatchKind::Write,
                    false => WatchKind::Read,
                };
                MultiThreadStopReason::Watch { tid: thread(hemisphere), kind, addr: hit.address }
            }
            Event::Illegal(hemisphere) => {
                MultiThreadStopReason::SignalWithThread { tid: thread(hemisphere), signal: Signal::SIGILL }
            }
            Event::StandsStill => {
                MultiThreadStopReason::SignalWithThread { tid: thread(subject), signal: Signal::SIGSTOP }
            }
            Event::Beginning => {
                MultiThreadStopReason::ReplayLog { tid: Some(thread(subject)), pos: ReplayLogPosition::Begin }
            }
        })
    }
}

impl Target for Stub<'_> {
    type Arch = PlasticityProcessor;
    type Error = Infallible;

    fn base_ops(&mut self) -> BaseOps<'_, Self::Arch, Self::Error> {
        BaseOps::MultiThread(self)
    }
    fn support_breakpoints(&mut self) -> Option<BreakpointsOps<'_, Self>> {
        Some(self)
    }
}

/// Results of this target do not depend on how long it lives.
fn lift<T>(result: TargetResult<T, Stub<'static>>) -> Result<T, TargetError<Infallible>> {
    result
}

impl MultiThreadBase for Stub<'_> {
    fn read_registers(&mut self, regs: &mut Block, tid: Tid) -> TargetResult<(), Self> {
        *regs = Block::of(self.debugger.state(lift(processor(tid))?));
        Ok(())
    }

    fn write_registers(&mut self, regs: &Block, tid: Tid) -> TargetResult<(), Self> {
        regs.apply(self.debugger.state_mut(lift(processor(tid))?));
        Ok(())
    }

    fn read_addrs(&mut self, address: u32, data: &mut [u8], tid: Tid) -> TargetResult<usize, Self> {
        match memory::read(self.debugger.chip(), lift(processor(tid))?, address, data) {
            0 if !data.is_empty() => Err(TargetError::Errno(NO_MEMORY)),
            there => Ok(there),
        }
    }

    fn write_addrs(&mut self, address: u32, data: &[u8], tid: Tid) -> TargetResult<(), Self> {
        if data.is_empty() {
            // GDB asks so whether binary transfers work.
            return Ok(());
        }
        self.debugger.write(lift(processor(tid))?, address, data).ok_or(TargetError::Errno(NO_MEMORY))
    }

    fn list_active_threads(&mut self, thread_is_active: &mut dyn FnMut(Tid)) -> Result<(), Infallible> {
        Hemisphere::ALL.map(thread).into_iter().for_each(thread_is_active);
        Ok(())
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, Tid, Self>> {
        Some(self)
    }
    fn support_resume(&mut self) -> Option<MultiThreadResumeOps<'_, Self>> {
        Some(self)
    }
    fn support_thread_extra_info(&mut self) -> Option<ThreadExtraInfoOps<'_, Self>> {
        Some(self)
    }
}

impl SingleRegisterAccess<Tid> for Stub<'_> {
    fn read_register(&mut self, tid: Tid, register: Register, buf: &mut [u8]) -> TargetResult<usize, Self> {
        let mut bytes = Vec::with_capacity(register.size());
        register.read(self.debugger.state(lift(processor(tid))?), &mut bytes);
        let target = buf.get_mut(..bytes.len()).ok_or(TargetError::Errno(NO_SUCH_THING))?;
        target.copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn write_register(&mut self, tid: Tid, register: Register, value: &[u8]) -> TargetResult<(), Self> {
        let state = self.debugger.state_mut(lift(processor(tid))?);
        register.write(state, value).ok_or(TargetError::Errno(NO_SUCH_THING))
    }
}

impl ThreadExtraInfo for Stub<'_> {
    fn thread_extra_info(&self, tid: Tid, buf: &mut [u8]) -> Result<usize, Infallible> {
        let Some(hemisphere) = hemisphere(tid) else { return Ok(0) };
        let ppu = self.debugger.chip().ppu(hemisphere);
        let name = if hemisphere == Hemisphere::Top { "top" } else { "bottom" };
        let does = match (ppu.runs(), ppu.sleeps_at(self.debugger.chip().now())) {
            (false, _) => "held in reset",
            (true, true) => "asleep",
            (true, false) => "running",
        };
        let text = format!("{name}, {does}");
        let length = text.len().min(buf.len());
        buf[..length].copy_from_slice(&text.as_bytes()[..length]);
        Ok(length)
    }
}

impl MultiThreadResume for Stub<'_> {
    fn resume(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
    fn clear_resume_actions(&mut self) -> Result<(), Infallible> {
        self.motion = Motion::Forward(None);
        Ok(())
    }
    fn set_resume_action_continue(&mut self, _: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        // All processors run unless told otherwise.
        Ok(())
    }
    fn support_single_step(&mut self) -> Option<MultiThreadSingleStepOps<'_, Self>> {
        Some(self)
    }
    fn support_range_step(&mut self) -> Option<MultiThreadRangeSteppingOps<'_, Self>> {
        Some(self)
    }
    fn support_scheduler_locking(&mut self) -> Option<MultiThreadSchedulerLockingOps<'_, Self>> {
        Some(self)
    }
    fn support_reverse_step(&mut self) -> Option<ReverseStepOps<'_, Tid, Self>> {
        Some(self)
    }
    fn support_reverse_cont(&mut self) -> Option<ReverseContOps<'_, Tid, Self>> {
        Some(self)
    }
}

/// GDB steps one thread with all others stopped. The processors share the chip's time, so the other one runs along for that instruction, and
/// may be the one that stops.
impl MultiThreadSchedulerLocking for Stub<'_> {
    fn set_resume_action_scheduler_lock(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl MultiThreadSingleStep for Stub<'_> {
    fn set_resume_action_step(&mut self, tid: Tid, _: Option<Signal>) -> Result<(), Infallible> {
        self.motion = Motion::Forward(hemisphere(tid).map(|hemisphere| (hemisphere, 0..0)));
        Ok(())
    }
}

impl MultiThreadRangeStepping for Stub<'_> {
    fn set_resume_action_range_step(&mut self, tid: Tid, start: u32, end: u32) -> Result<(), Infallible> {
        self.motion = Motion::Forward(hemisphere(tid).map(|hemisphere| (hemisphere, start..end)));
        Ok(())
    }
}

impl ReverseCont<Tid> for Stub<'_> {
    fn reverse_cont(&mut self) -> Result<(), Infallible> {
        self.motion = Motion::Back;
        Ok(())
    }
}

impl ReverseStep<Tid> for Stub<'_> {
    fn reverse_step(&mut self, tid: Tid) -> Result<(), Infallible> {
        self.motion = hemisphere(tid).map_or(Motion::Back, Motion::StepBack);
        Ok(())
    }
}

impl Breakpoints for Stub<'_> {
    fn support_sw_breakpoint(&mut self) -> Option<SwBreakpointOps<'_, Self>> {
        Some(self)
    }
    fn support_hw_breakpoint(&mut self) -> Option<HwBreakpointOps<'_, Self>> {
        Some(self)
    }
    fn support_hw_watchpoint(&mut self) -> Option<HwWatchpointOps<'_, Self>> {
        Some(self)
    }
}

impl SwBreakpoint for Stub<'_> {
    fn add_sw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        self.debugger.add_breakpoint(address);
        Ok(true)
    }
    fn remove_sw_breakpoint(&mut self, address: u32, _: usize) -> TargetResult<bool, Self> {
        Ok(self.debugger.remove_breakpoint(address))
    }
}

/// Both kinds are the same here: nothing is written to memory.
impl HwBreakpoint for Stub<'_> {
    fn add_hw_breakpoint(&mut self, address: u32, kind: usize) -> TargetResult<bool, Self> {
        self.add_sw_breakpoint(address, kind)
    }
    fn remove_hw_breakpoint(&mut self, address: u32, kind: usize) -> TargetResult<bool, Self> {
        self.remove_sw_breakpoint(address, kind)
    }
}

impl HwWatchpoint for Stub<'_> {
    fn add_hw_watchpoint(&mut self, address: u32, length: u32, kind: WatchKind) -> TargetResult<bool, Self> {
        let watchpoint = Watchpoint { address, length, kind };
        let watchpoints = &mut self.debugger.points.watchpoints;
        if !watchpoints.contains(&watchpoint) {
            watchpoints.push(watchpoint);
        }
        Ok(true)
    }
    fn remove_hw_watchpoint(
        &mut self,
        address: u32,
        length: u32,
        kind: WatchKind,
    ) -> TargetResult<bool, Self> {
        let watchpoints = &mut self.debugger.points.watchpoints;
        let before = watchpoints.len();
        watchpoints.retain(|watchpoint| *watchpoint != Watchpoint { address, length, kind });
        Ok(watchpoints.len() != before)
    }
}
