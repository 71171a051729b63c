//! The connection to GDB: the remote serial protocol over TCP, on the loopback interface alone.

use std::convert::Infallible;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use gdbstub::common::Signal;
use gdbstub::conn::{Connection, ConnectionExt};
use gdbstub::stub::run_blocking::{BlockingEventLoop, Event, WaitForStopReasonError};
use gdbstub::stub::{DisconnectReason, GdbStub, GdbStubError, MultiThreadStopReason};

use crate::debugger::Debugger;
use crate::target::Stub;

/// Room for a packet: all registers, which are 4.6 KiB, in hexadecimal, and some.
const PACKET: usize = 16 * 1024;

/// Why there was no session, or it broke off.
#[derive(Debug, thiserror::Error)]
pub enum DebugError {
    /// The port cannot be listened at.
    #[error("port {port} of the loopback interface: {source}")]
    Bind {
        /// The port asked for.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody could connect.
    #[error("waiting for GDB: {0}")]
    Accept(io::Error),
    /// The connection broke.
    #[error("the connection to GDB: {0}")]
    Connection(io::Error),
    /// What came is not GDB, or asks for something that it was not offered.
    #[error("what came from the debugger makes no sense: {0}")]
    Protocol(String),
}

/// How a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// GDB has detached: the program shall run on by itself.
    Detached,
    /// GDB has killed the program.
    Killed,
    /// The connection was closed without a word.
    Disconnected,
}

/// Waits for GDB.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    port: u16,
}

impl Listener {
    /// Listens at a TCP port of 127.0.0.1; 0 for any that is free.
    ///
    /// # Errors
    /// [`DebugError::Bind`] if the port is taken or not allowed.
    pub fn bind(port: u16) -> Result<Self, DebugError> {
        let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let with_port = bound.and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        let (port, listener) = with_port.map_err(|source| DebugError::Bind { port, source })?;
        Ok(Self { listener, port })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for one GDB and does what it says until it leaves.
    ///
    /// # Errors
    /// [`DebugError`] if the connection breaks or what comes makes no sense. The debugger is then where it was.
    pub fn session(&self, debugger: &mut Debugger) -> Result<Ending, DebugError> {
        let (stream, peer) = self.listener.accept().map_err(DebugError::Accept)?;
        tracing::info!(%peer, "GDB has connected");
        stream.set_nodelay(true).map_err(DebugError::Connection)?;
        let mut last_word = stream.try_clone().map_err(DebugError::Connection)?;
        let ending = serve(Stream { stream, out: Vec::new() }, debugger)?;
        if ending == Ending::Killed {
            // GDB waits for an answer that gdbstub does not give. It may have gone, though.
            let _: io::Result<()> = Write::write_all(&mut last_word, b"$OK#9a");
        }
        Ok(ending)
    }
}

/// Does what one GDB says over any connection, until it leaves. The debugger is then where it was.
///
/// # Errors
/// [`DebugError::Connection`] if the connection breaks, [`DebugError::Protocol`] if what comes makes no sense.
pub fn serve<L>(link: L, debugger: &mut Debugger) -> Result<Ending, DebugError>
where
    L: ConnectionExt<Error = io::Error>,
{
    let stub = GdbStub::builder(link)
        .packet_buffer_size(PACKET)
        .build()
        .map_err(|error| DebugError::Protocol(error.to_string()))?;
    let result = stub.run_blocking::<Loop<'_, L>>(&mut Stub::new(debugger));
    debugger.points = Default::default();
    match result {
        Ok(DisconnectReason::Kill) => Ok(Ending::Killed),
        // The target never ends by itself.
        Ok(_) => Ok(Ending::Detached),
        Err(error) => ended_with(error),
    }
}

fn ended_with(error: GdbStubError<Infallible, io::Error>) -> Result<Ending, DebugError> {
    if !error.is_connection_error() {
        return Err(DebugError::Protocol(error.to_string()));
    }
    match error.into_connection_error() {
        Some((error, _)) if closed(&error) => Ok(Ending::Disconnected),
        Some((error, _)) => Err(DebugError::Connection(error)),
        None => Ok(Ending::Disconnected),
    }
}

/// Whether the peer has just gone.
fn closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | BrokenPipe | ConnectionAborted | ConnectionReset)
}

/// How gdbstub runs the chip and the connection in turns.
struct Loop<'a, L>(PhantomData<(&'a (), L)>);

impl<'a, L: ConnectionExt<Error = io::Error>> BlockingEventLoop for Loop<'a, L> {
    type Target = Stub<'a>;
    type Connection = L;
    type StopReason = MultiThreadStopReason<u32>;

    fn wait_for_stop_reason(
        target: &mut Stub<'a>,
        link: &mut L,
    ) -> Result<Event<Self::StopReason>, WaitForStopReasonError<Infallible, io::Error>> {
        // A broken connection interrupts too; reading then tells.
        match target.run(|| link.peek().map_or(true, |byte| byte.is_some())) {
            Some(reason) => Ok(Event::TargetStopped(reason)),
            None => link.read().map(Event::IncomingData).map_err(WaitForStopReasonError::Connection),
        }
    }

    fn on_interrupt(_: &mut Stub<'a>) -> Result<Option<Self::StopReason>, Infallible> {
        Ok(Some(MultiThreadStopReason::Signal(Signal::SIGINT)))
    }
}

/// A TCP connection that sends packets in one piece.
struct Stream {
    stream: TcpStream,
    out: Vec<u8>,
}

impl Connection for Stream {
    type Error = io::Error;

    fn write(&mut self, byte: u8) -> io::Result<()> {
        self.out.push(byte);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        Write::write_all(&mut self.stream, &self.out)?;
        self.out.clear();
        Ok(())
    }
}

impl ConnectionExt for Stream {
    fn read(&mut self) -> io::Result<u8> {
        self.flush()?;
        let mut byte = [0];
        Read::read_exact(&mut self.stream, &mut byte)?;
        Ok(byte[0])
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        self.flush()?;
        self.stream.set_nonblocking(true)?;
        let mut byte = [0];
        match self.stream.peek(&mut byte) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(Some(byte[0])),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bss2_chip::Chip;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::sync::LazyLock;

    /// Somebody who says all there is to say at once, and goes.
    struct Script {
        said: VecDeque<u8>,
        heard: usize,
    }

    impl Connection for Script {
        type Error = io::Error;
        fn write(&mut self, _: u8) -> io::Result<()> {
            self.heard += 1;
            Ok(())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl ConnectionExt for Script {
        fn read(&mut self) -> io::Result<u8> {
            self.said.pop_front().ok_or(io::ErrorKind::UnexpectedEof.into())
        }
        fn peek(&mut self) -> io::Result<Option<u8>> {
            self.said.front().map(|&byte| Some(byte)).ok_or(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// A chip whose top processor branches to itself.
    static BUSY: LazyLock<Chip> = LazyLock::new(|| {
        let mut chip = Chip::new(1);
        chip.write(0x0280_0000, 0x4800_0000, 0xf);
        chip.write(0x02a0_0000, 1, 0xf);
        chip
    });

    fn say(bytes: impl IntoIterator<Item = u8>) -> Result<Ending, DebugError> {
        let link = Script { said: bytes.into_iter().collect(), heard: 0 };
        serve(link, &mut Debugger::new(BUSY.clone()))
    }

    fn packet(body: &[u8]) -> Vec<u8> {
        let sum = body.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        [b"$", body, format!("#{sum:02x}").as_bytes()].concat()
    }

    #[test]
    fn a_debugger_that_detaches_or_kills_says_so() {
        assert_eq!(say(packet(b"D;1")).expect("that is a packet"), Ending::Detached);
        assert_eq!(say(packet(b"k")).expect("that is a packet"), Ending::Killed);
        assert_eq!(say([]).expect("that is allowed"), Ending::Disconnected);
    }

    /// What GDB says, and words to mangle it with.
    fn words() -> impl Strategy<Value = Vec<u8>> {
        let known = [
            "?",
            "g",
            "G00",
            "p0",
            "p26",
            "p47",
            "P40=00000000",
            "m0,4",
            "m80000000,40",
            "mfffffffe,8",
            "M0,4:00000000",
            "X0,2:ab",
            "Z0,0,4",
            "Z2,0,4",
            "Z3,fffffffe,8",
            "Z4,0,ffffffff",
            "z0,0,4",
            "z2,0,4",
            "vCont?",
            "vCont;c",
            "vCont;s:1",
            "vCont;s:2;c",
            "vCont;r0,10:1",
            "vCont;s:3",
            "bs",
            "bc",
            "Hg1",
            "Hg3",
            "Hc1",
            "Hc-1",
            "qSupported:xmlRegisters=i386;multiprocess+",
            "qXfer:features:read:target.xml:0,1000",
            "qXfer:features:read:x:ffffffff,1",
            "qThreadExtraInfo,1",
            "qfThreadInfo",
            "T1",
            "QStartNoAckMode",
            "s",
            "c",
            "vMustReplyEmpty",
            "qRcmd,00",
            "!",
            "R00",
            "vKill;1",
            "D",
        ];
        prop_oneof![
            proptest::sample::select(known.map(|word| word.as_bytes().to_vec()).to_vec()),
            "[a-zA-Z?!]{1,8}[;:,]?[0-9a-fp.-]{0,9}[,:;]?[0-9a-f]{0,9}".prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]

        #[test]
        fn any_bytes_end_a_session_in_order(bytes: Vec<u8>) {
            let _: Result<Ending, DebugError> = say(bytes);
        }

        #[test]
        fn any_packets_end_a_session_in_order(bodies in proptest::collection::vec(words(), 1..12)) {
            let bytes: Vec<u8> = bodies.iter().flat_map(|body| [packet(body), b"+".to_vec()].concat()).collect();
            let _: Result<Ending, DebugError> = say(bytes);
        }
    }
}
