//! Seeing what programs of the plasticity processors do: a debugger, and observers that profile and count.
//!
//! * [`Debugger`] and [`Listener`]: GDB on a virtual chip, see below.
//! * [`source`]: functions, files and lines of an image, from its debug information.
//! * [`profile`]: cycles by function, line and call path; flame graphs.
//! * [`coverage`]: which lines were executed, as LCOV.
//! * [`pins`]: wave forms of the output pins, and the bytes on a serial line.
//!
//! # Debugging
//!
//! GDB on a virtual chip: the two plasticity processors as two threads, with breakpoints, watchpoints, single steps, and
//! everything backwards.
//!
//! A [`Debugger`] owns a [`Chip`](bss2_chip::Chip); a [`Listener`] waits for GDB on the loopback interface and lets it work on the debugger:
//!
//! ```no_run
//! use bss2_chip::Chip;
//! use bss2_debug::{Debugger, Listener};
//!
//! let mut debugger = Debugger::new(Chip::new(1));
//! let listener = Listener::bind(3333)?;
//! let ending = listener.session(&mut debugger)?;
//! println!("{ending:?}");
//! # Ok::<(), bss2_debug::DebugError>(())
//! ```
//!
//! Then `gdb-multiarch program.elf -ex 'target remote :3333'`. Thread 1 is the top processor, thread 2 the bottom one. They share the chip's
//! time: when GDB steps or continues one of them, the other one runs along.
//!
//! Addresses are those of the processor that GDB has selected ([`memory`]). Time goes backwards by snapshots and replay ([`history`]): the
//! chip is deterministic, so what is replayed is what was.

pub mod coverage;
pub mod history;
pub mod memory;
pub mod pins;
pub mod profile;
pub mod registers;
pub mod session;
pub mod source;

mod debugger;
mod target;
mod watcher;

pub use debugger::{Debugger, Event};
pub use session::{DebugError, Ending, Listener, serve};
