//! HostARQ: reliable transport of 64-bit words over UDP (host-interface 5.1).
//!
//! [`Arq`] is one end of it without any socket: datagrams and the time go in, datagrams and packets come out. On top are
//! the two roles: [`FpgaTransport`] answers resets and loopback checks, [`HostTransport`] makes them.

mod fpga;
mod frame;
mod host;
mod window;

pub use fpga::{BitfileInfo, FpgaTransport};
pub use frame::{DataFrame, Datagram, FrameError, MAX_WORDS, RESET_DATAGRAM, packet_id};
pub use host::{HandshakeError, HostTransport};
pub use window::{Arq, ArqConfig, PeerGone};

/// UDP port of frames.
pub const FRAME_PORT: u16 = 1234;
/// UDP port of resets.
pub const RESET_PORT: u16 = 45054;
