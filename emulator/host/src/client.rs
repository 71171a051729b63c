//! Programs over the network: the host's end of HostARQ as a [`Connection`].

use crate::arq::{
    ArqConfig, FRAME_PORT, FrameError, HandshakeError, HostTransport, MAX_WORDS, PeerGone, RESET_DATAGRAM,
    RESET_PORT,
};
use crate::connection::{Connection, ConnectionError, Progress, RunControl};
use crate::message::{DecodeError, HostClock, ResponseDecoder, encode_program};
use crate::playback::Program;
use crate::recording::{Recorder, Results};
use crate::udp::{LONGEST_DATAGRAM, Socket};
use bss2_base::SimTime;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};
use thiserror::Error;

/// Whom to talk to, and how.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where the FPGA receives frames, and sends them from.
    pub frames: SocketAddr,
    /// Where the FPGA receives resets.
    pub resets: SocketAddr,
    /// Timing of the transport.
    pub arq: ArqConfig,
    /// Time for the whole handshake.
    pub handshake: Duration,
    /// The reset is repeated in this interval until the FPGA answers.
    pub repeat_reset: Duration,
    /// After this silence during a program the FPGA is asked for a sign of life: one that was restarted, or that another host
    /// has taken over, would never say so by itself.
    pub probe_after: Duration,
    /// Words that fit into the playback memory at the other end.
    pub playback_memory: usize,
}

impl ClientConfig {
    /// The FPGA with this address at the usual ports.
    pub fn new(address: IpAddr) -> Self {
        Self {
            frames: SocketAddr::new(address, FRAME_PORT),
            resets: SocketAddr::new(address, RESET_PORT),
            arq: ArqConfig::default(),
            handshake: Duration::from_secs(2),
            repeat_reset: Duration::from_millis(250),
            probe_after: Duration::from_secs(1),
            playback_memory: Program::PLAYBACK_MEMORY_WORDS,
        }
    }
}

/// Why the conversation with the FPGA ended.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The network failed.
    #[error("UDP socket: {0}")]
    Socket(#[from] io::Error),
    /// Nobody answers the reset.
    #[error("no answer from {address} within {} ms", waited.as_millis())]
    NoAnswer {
        /// Whom the reset was sent to.
        address: SocketAddr,
        /// For how long.
        waited: Duration,
    },
    /// Somebody else answers.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The FPGA has fallen silent.
    #[error(transparent)]
    PeerGone(#[from] PeerGone),
    /// The FPGA sends what is no message.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// A connection to an FPGA, emulated or not.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    socket: Socket,
    transport: HostTransport,
    started: Instant,
    /// When the FPGA was heard last.
    heard: Instant,
    connections: u32,
}

impl Client {
    /// Resets the transport of the FPGA and makes the handshake.
    pub fn connect(config: ClientConfig) -> Result<Self, ClientError> {
        let socket = Self::new_socket(&config)?;
        let transport = HostTransport::new(config.arq.clone(), 0);
        let now = Instant::now();
        let mut client = Self { config, socket, transport, started: now, heard: now, connections: 0 };
        client.handshake()?;
        Ok(client)
    }

    fn new_socket(config: &ClientConfig) -> io::Result<Socket> {
        let local: IpAddr = match config.frames.ip() {
            IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        Socket::bind((local, 0))
    }

    /// The bitfile information of the FPGA.
    pub fn bitfile(&self) -> &str {
        self.transport.bitfile()
    }

    /// Begins anew: whatever the FPGA was at is dropped.
    fn handshake(&mut self) -> Result<(), ClientError> {
        let begin = Instant::now();
        loop {
            self.connections += 1;
            // Any word will do that an earlier connection did not use.
            let check = 0x4253_5332_0000_0000 | u64::from(self.connections);
            self.transport = HostTransport::new(self.config.arq.clone(), check);
            self.started = Instant::now();
            self.heard = self.started;
            // Whatever is still on its way from an earlier connection goes to the port of that one.
            self.socket = Self::new_socket(&self.config)?;
            self.socket.send(&RESET_DATAGRAM, self.config.resets)?;
            let until = Instant::now() + self.config.repeat_reset;
            while Instant::now() < until || !self.transport.bitfile().is_empty() {
                self.exchange(Duration::from_millis(20))?;
                if self.transport.is_ready() {
                    return Ok(());
                }
                if begin.elapsed() > self.config.handshake {
                    break;
                }
            }
            if begin.elapsed() > self.config.handshake {
                let (address, waited) = (self.config.resets, self.config.handshake);
                return Err(ClientError::NoAnswer { address, waited });
            }
        }
    }

    /// Sends what is to be sent and takes what has come; if that is nothing, waits for a datagram, at most for `patience`.
    fn exchange(&mut self, patience: Duration) -> Result<(), ClientError> {
        self.transmit()?;
        if self.receive()? > 0 {
            return Ok(());
        }
        if self.heard.elapsed() > self.config.probe_after {
            self.heard = Instant::now();
            self.transport.probe();
            self.transmit()?;
        }
        let due = self.transport.next_transmission().map(|due| due.saturating_sub(self.started.elapsed()));
        self.socket.wait(due.map_or(patience, |due| due.min(patience)))?;
        self.receive()?;
        Ok(())
    }

    fn transmit(&mut self) -> Result<(), ClientError> {
        while let Some(datagram) = self.transport.transmit(self.started.elapsed())? {
            self.socket.send(&datagram, self.config.frames)?;
        }
        Ok(())
    }

    /// Takes datagrams that are there, up to a quarter of a window.
    fn receive(&mut self) -> Result<usize, ClientError> {
        const AT_A_TIME: usize = 32;
        let mut buffer = [0; LONGEST_DATAGRAM];
        for count in 0..AT_A_TIME {
            let Some((size, peer)) = self.socket.receive(&mut buffer)? else { return Ok(count) };
            if peer != self.config.frames {
                continue;
            }
            self.heard = Instant::now();
            match self.transport.accept(&buffer[..size]) {
                Ok(greeting) => greeting?,
                Err(error @ (FrameError::Size(_) | FrameError::Truncated { .. })) => {
                    tracing::debug!("{peer}: {error}");
                }
                Err(error) => tracing::warn!("{peer}: {error}"),
            }
        }
        Ok(AT_A_TIME)
    }

    fn run_program(
        &mut self,
        program: &Program,
        control: &mut RunControl<'_>,
    ) -> Result<Results, ClientError> {
        // Enough to fill the window twice.
        const FRAMES_AHEAD: usize = 256;
        let mut words = encode_program(program);
        let mut frame = Vec::with_capacity(MAX_WORDS);
        let mut sent = 0;
        let mut decoder = ResponseDecoder::new();
        let mut clock = HostClock::new();
        let mut recorder = Recorder::new();
        while !recorder.is_halted() {
            while self.transport.queued_frames() < FRAMES_AHEAD {
                frame.clear();
                frame.extend(words.by_ref().take(MAX_WORDS));
                if frame.is_empty() {
                    break;
                }
                sent += frame.len();
                self.transport.send(&frame);
            }
            self.exchange(Duration::from_millis(20))?;
            while let Some(words) = self.transport.receive() {
                for word in words {
                    decoder.push(word, |response| {
                        if let Some(time) = clock.stamp(&response) {
                            recorder.push(time, &response);
                        }
                    })?;
                }
            }
            let instruction = sent.min(program.len());
            control.report(Progress { instruction, instructions: program.len(), simulated: SimTime::ZERO });
            if control.is_cancelled() && !recorder.is_halted() {
                self.handshake()?;
                recorder.cancelled(instruction);
                break;
            }
        }
        Ok(recorder.finish())
    }
}

impl Connection for Client {
    /// Runs over the network.
    ///
    /// Cancelling resets the transport, which also ends the program at the other end; responses that had not arrived by
    /// then are lost, and the instruction named as the first unexecuted one is merely the first unsent one. After an error
    /// the next run begins with a new handshake.
    fn run_with(
        &mut self,
        program: &Program,
        control: &mut RunControl<'_>,
    ) -> Result<Results, ConnectionError> {
        let (words, limit) = (program.len() + 1, self.config.playback_memory);
        if words > limit {
            return Err(ConnectionError::ProgramTooLong { words, limit });
        }
        if !self.transport.is_ready() {
            self.handshake()?;
        }
        self.run_program(program, control).map_err(|error| {
            // A transport without handshake is not ready.
            self.transport = HostTransport::new(self.config.arq.clone(), 0);
            error.into()
        })
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.transport.close();
        // A courtesy; whether it arrives does not matter.
        while let Ok(Some(datagram)) = self.transport.transmit(self.started.elapsed()) {
            if self.socket.send(&datagram, self.config.frames).is_err() {
                break;
            }
        }
    }
}
