//! A UDP socket that never blocks by itself: whoever reads takes all that is there, then waits.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::{set_socket_recv_buffer_size, set_socket_send_buffer_size};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

/// Room for two full windows of frames; systems grant less, and double what they grant.
const BUFFER_BYTES: usize = 1 << 20;
/// More than the longest frame.
pub(crate) const LONGEST_DATAGRAM: usize = 2048;

/// Nothing came, or an earlier datagram did not reach its destination.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock
            | ErrorKind::TimedOut
            | ErrorKind::Interrupted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
    )
}

#[derive(Debug)]
pub(crate) struct Socket(UdpSocket);

impl Socket {
    pub(crate) fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        // A refusal costs speed only: what does not fit is lost and sent again.
        let _ = set_socket_recv_buffer_size(&socket, BUFFER_BYTES);
        let _ = set_socket_send_buffer_size(&socket, BUFFER_BYTES);
        Ok(Self(socket))
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// A datagram that is there already: its size and who sent it.
    pub(crate) fn receive(&self, buffer: &mut [u8]) -> io::Result<Option<(usize, SocketAddr)>> {
        match self.0.recv_from(buffer) {
            Ok(datagram) => Ok(Some(datagram)),
            // An error of an earlier sending hides what is behind it.
            Err(error)
                if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) =>
            {
                match self.0.recv_from(buffer) {
                    Ok(datagram) => Ok(Some(datagram)),
                    Err(error) if is_transient(&error) => Ok(None),
                    Err(error) => Err(error),
                }
            }
            Err(error) if is_transient(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Throws away what is there.
    pub(crate) fn drain(&self) -> io::Result<()> {
        let mut buffer = [0; LONGEST_DATAGRAM];
        while self.receive(&mut buffer)?.is_some() {}
        Ok(())
    }

    /// Waits until a datagram is there, or for `patience`; may come back early.
    pub(crate) fn wait(&self, patience: Duration) -> io::Result<()> {
        self.poll(PollFlags::IN, patience)
    }

    fn poll(&self, flags: PollFlags, patience: Duration) -> io::Result<()> {
        let timeout = Timespec::try_from(patience).ok();
        match poll(&mut [PollFd::new(&self.0, flags)], timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a datagram, which may get lost, here as anywhere.
    pub(crate) fn send(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<()> {
        const PATIENCE: Duration = Duration::from_millis(1);
        let mut result = self.0.send_to(datagram, peer);
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock) {
            self.poll(PollFlags::OUT, PATIENCE)?;
            result = self.0.send_to(datagram, peer);
        }
        match result {
            Err(error) if !is_transient(&error) => Err(error),
            _ => Ok(()),
        }
    }
}
