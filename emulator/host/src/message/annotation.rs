//! Time messages: how the FPGA tells the host when a response was emitted (host-interface 2.8).
//!
//! The host keeps a time T, 0 at the start of each program. Every message first advances it by one; `Systime(v)` then sets
//! it to `v`, `Sysdelta(d)` adds `d`, and any other message is stamped with it.

use super::Response;
use crate::recording::SYSTIME_MASK;

/// The FPGA's side: puts time messages before responses where they are needed.
#[derive(Clone, Debug, Default)]
pub struct Annotator {
    last: Option<u64>,
}

impl Annotator {
    /// At the start of a program.
    pub fn new() -> Self {
        Self::default()
    }

    /// Hands over the message for a response emitted at system time `time`, preceded by a time message if the host would
    /// stamp it otherwise. Without synchronised system time nothing is ever added.
    pub fn push(
        &mut self,
        time: u64,
        synchronised: bool,
        response: &Response,
        mut sink: impl FnMut(&Response),
    ) {
        if let Response::Systime(time) = *response {
            self.last = Some(time);
        } else if synchronised {
            match self.last.map(|last| time.wrapping_sub(last)) {
                Some(1) => {}
                Some(gap @ 2..=257) => sink(&Response::Sysdelta((gap - 2) as u8)),
                _ => sink(&Response::Systime(time.wrapping_sub(1) & SYSTIME_MASK)),
            }
            self.last = Some(time);
        }
        sink(response);
    }
}

/// The host's side: stamps messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostClock {
    time: u64,
}

impl HostClock {
    /// At the start of a program.
    pub fn new() -> Self {
        Self::default()
    }

    /// Time of this message, if it isn't one about time.
    pub fn stamp(&mut self, response: &Response) -> Option<u64> {
        self.time = self.time.wrapping_add(1);
        match *response {
            Response::Systime(time) => {
                self.time = time;
                None
            }
            Response::Sysdelta(delta) => {
                self.time = self.time.wrapping_add(u64::from(delta));
                None
            }
            _ => Some(self.time),
        }
    }
}
