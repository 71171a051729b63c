//! An executor behind the network: the host software of the real system can connect to it (host-interface 5.1, 7).
//!
//! Network threads keep the transport alive whatever the simulation does: frames are acknowledged at once and buffered,
//! and a reset interrupts a running program.

use crate::arq::{ArqConfig, BitfileInfo, FRAME_PORT, FpgaTransport, MAX_WORDS, RESET_DATAGRAM, RESET_PORT};
use crate::connection::RunControl;
use crate::device::Device;
use crate::executor::{Emission, Executor};
use crate::message::{Annotator, Response, ResponseEncoder, decode_instruction};
use crate::udp::{LONGEST_DATAGRAM, Socket};
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use thiserror::Error;

/// How often threads look whether they shall stop.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Frames taken at a time before they are acknowledged and handed on. The host's window is 128, and it must not run dry.
const FRAMES_AT_A_TIME: usize = 32;

/// Where and how to serve.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Address of the FPGA; further FPGAs take 127.0.0.2 and so on.
    pub address: IpAddr,
    /// Port of frames; 0 lets the system choose (see [`Server::frame_address`]).
    pub frame_port: u16,
    /// Port of resets; 0 lets the system choose.
    pub reset_port: u16,
    /// Whether `address` may be reachable from other machines. The protocol has no authentication.
    pub allow_remote: bool,
    /// What the FPGA says about itself.
    pub bitfile: BitfileInfo,
    /// Timing of the transport.
    pub arq: ArqConfig,
    /// Words from the host that are buffered; beyond that frames are not acknowledged, which the official host endures for
    /// 7.5 s.
    pub backlog: usize,
    /// Frames to the host that are buffered; beyond that the executor waits, and simulated time with it.
    pub answers: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            frame_port: FRAME_PORT,
            reset_port: RESET_PORT,
            allow_remote: false,
            bitfile: BitfileInfo::default(),
            arq: ArqConfig::default(),
            // Eight playback memories, 256 MiB.
            backlog: 8 << 22,
            // 90 MiB.
            answers: 1 << 16,
        }
    }
}

/// Why a server can't serve.
#[derive(Debug, Error)]
pub enum ServerError {
    /// Other machines could connect, and nobody allowed that.
    #[error(
        "{0} can be reached from other machines and the protocol has no authentication: allow it explicitly"
    )]
    RemoteAddress(IpAddr),
    /// A port can't be opened.
    #[error("UDP port {port} of {address}: {source}")]
    Bind {
        /// The address.
        address: IpAddr,
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The network failed.
    #[error("UDP socket: {0}")]
    Socket(#[from] io::Error),
}

/// The two ports of an emulated FPGA.
#[derive(Debug)]
pub struct Server {
    frames: Socket,
    resets: Socket,
    config: ServerConfig,
}

/// Words of a connection; connections are numbered by their resets.
enum Command {
    Reset { connection: u64 },
    Words { connection: u64, words: Vec<u64> },
}

/// What the threads share.
struct Shared<'a> {
    server: &'a Server,
    link: Mutex<Link>,
    /// Something is to be sent again, earlier than was known.
    sent: Condvar,
    /// There is room for answers, or the connection is another one.
    room: Condvar,
    started: Instant,
    /// A reset interrupts the program.
    interrupt: AtomicBool,
    /// Words on their way to the executor.
    backlog: AtomicUsize,
    /// A thread failed; all others stop.
    failed: AtomicBool,
    stop: &'a AtomicBool,
}

struct Link {
    transport: FpgaTransport,
    peer: Option<SocketAddr>,
    connection: u64,
}

impl Server {
    /// Opens the ports.
    pub fn bind(config: ServerConfig) -> Result<Self, ServerError> {
        if !config.address.is_loopback() && !config.allow_remote {
            return Err(ServerError::RemoteAddress(config.address));
        }
        let bind = |port| {
            let address = config.address;
            Socket::bind((address, port)).map_err(|source| ServerError::Bind { address, port, source })
        };
        Ok(Self { frames: bind(config.frame_port)?, resets: bind(config.reset_port)?, config })
    }

    /// Where frames are received.
    pub fn frame_address(&self) -> io::Result<SocketAddr> {
        self.frames.local_addr()
    }

    /// Where resets are received.
    pub fn reset_address(&self) -> io::Result<SocketAddr> {
        self.resets.local_addr()
    }

    /// Serves one host after the other until `stop` becomes true. The executor works in this thread; a program under way
    /// is cut short by `stop`, and when its host (or another one) resets the connection.
    pub fn serve<D: Device>(&self, executor: &mut Executor<D>, stop: &AtomicBool) -> Result<(), ServerError> {
        self.serve_with(executor, stop, &mut |_| ())
    }

    /// [`serve`](Self::serve), with something done to the executor whenever a host has reset the connection, before the first
    /// instruction of the new one.
    pub fn serve_with<D: Device>(
        &self,
        executor: &mut Executor<D>,
        stop: &AtomicBool,
        on_connection: &mut dyn FnMut(&mut Executor<D>),
    ) -> Result<(), ServerError> {
        let transport = FpgaTransport::new(self.config.arq.clone(), self.config.bitfile.clone());
        let shared = Shared {
            server: self,
            link: Mutex::new(Link { transport, peer: None, connection: 0 }),
            sent: Condvar::new(),
            room: Condvar::new(),
            started: Instant::now(),
            interrupt: AtomicBool::new(false),
            backlog: AtomicUsize::new(0),
            failed: AtomicBool::new(false),
            stop,
        };
        let (sender, receiver) = unbounded();
        thread::scope(|scope| {
            let reset_sender = sender.clone();
            let threads = [
                scope.spawn(|| shared.guarded(|| shared.receive_resets(reset_sender))),
                scope.spawn(|| shared.guarded(|| shared.receive_frames(sender))),
                scope.spawn(|| shared.guarded(|| shared.retransmit())),
            ];
            shared.execute(executor, &receiver, on_connection);
            // The executor is done because it was asked to stop or because a thread failed.
            for thread in threads {
                if let Ok(result) = thread.join() {
                    result?;
                }
            }
            Ok(())
        })
    }
}

impl Shared<'_> {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.failed.load(Ordering::Relaxed)
    }

    /// Runs a thread; its failure stops the others.
    fn guarded(&self, body: impl FnOnce() -> io::Result<()>) -> Result<(), ServerError> {
        let result = body();
        if result.is_err() {
            self.failed.store(true, Ordering::Relaxed);
        }
        Ok(result?)
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what is to be sent.
    fn transmit(&self, link: &mut Link) -> io::Result<()> {
        let Some(peer) = link.peer else { return Ok(()) };
        let before = link.transport.next_transmission();
        loop {
            match link.transport.transmit(self.started.elapsed()) {
                // A lost datagram is sent again.
                Ok(Some(datagram)) => self.server.frames.send(&datagram, peer)?,
                Ok(None) => break,
                Err(gone) => {
                    tracing::warn!("{peer}: {gone}: nothing more is sent until it is heard again");
                    break;
                }
            }
        }
        if before.is_none() && link.transport.next_transmission().is_some() {
            self.sent.notify_one();
        }
        if link.transport.queued_frames() < self.server.config.answers {
            self.room.notify_one();
        }
        Ok(())
    }

    fn receive_resets(&self, commands: Sender<Command>) -> io::Result<()> {
        let mut buffer = [0; LONGEST_DATAGRAM];
        while !self.stopped() {
            let Some((size, peer)) = self.server.resets.receive(&mut buffer)? else {
                self.server.resets.wait(LOOK_INTERVAL)?;
                continue;
            };
            if buffer[..size] != RESET_DATAGRAM {
                tracing::debug!("{peer}: {size} bytes on the reset port that are no reset");
                continue;
            }
            tracing::info!("{peer}: connection reset");
            let mut link = self.link();
            // What is there now was sent before the host could know of the new connection.
            self.server.frames.drain()?;
            link.transport.reset();
            link.peer = Some(peer);
            link.connection += 1;
            self.interrupt.store(true, Ordering::Relaxed);
            // Fails only when the executor is gone, and then everything ends.
            let _ = commands.send(Command::Reset { connection: link.connection });
            self.transmit(&mut link)?;
            self.room.notify_one();
        }
        Ok(())
    }

    fn receive_frames(&self, commands: Sender<Command>) -> io::Result<()> {
        while !self.stopped() {
            if !self.receive_some(&commands)? {
                self.server.frames.wait(LOOK_INTERVAL)?;
            }
        }
        Ok(())
    }

    /// Takes frames that are there; whether there was any.
    fn receive_some(&self, commands: &Sender<Command>) -> io::Result<bool> {
        let mut buffer = [0; LONGEST_DATAGRAM];
        let mut any = false;
        let mut words = Vec::new();
        // No datagram is in nobody's hands while a reset clears the table.
        let mut link = self.link();
        for _ in 0..FRAMES_AT_A_TIME {
            let Some((size, peer)) = self.server.frames.receive(&mut buffer)? else { break };
            any = true;
            if link.peer != Some(peer) {
                tracing::debug!("{peer}: frame of a host that is not connected");
                continue;
            }
            let is_data = size > 4;
            if is_data && self.backlog.load(Ordering::Relaxed) > self.server.config.backlog {
                tracing::debug!("{peer}: frame refused, the buffer is full");
                continue;
            }
            if let Err(error) = link.transport.accept(&buffer[..size]) {
                tracing::debug!("{peer}: {error}");
            }
            while let Some(mut new) = link.transport.receive() {
                self.backlog.fetch_add(new.len(), Ordering::Relaxed);
                match words.is_empty() {
                    true => words = new,
                    false => words.append(&mut new),
                }
            }
        }
        if any {
            if !words.is_empty() {
                let _ = commands.send(Command::Words { connection: link.connection, words });
            }
            self.transmit(&mut link)?;
        }
        Ok(any)
    }

    fn retransmit(&self) -> io::Result<()> {
        let mut link = self.link();
        while !self.stopped() {
            let now = self.started.elapsed();
            let wait = match link.transport.next_transmission() {
                Some(due) => due.saturating_sub(now),
                None => LOOK_INTERVAL,
            };
            if wait.is_zero() {
                self.transmit(&mut link)?;
                continue;
            }
            link = self
                .sent
                .wait_timeout(link, wait.min(LOOK_INTERVAL))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        // Whatever runs is cut short.
        self.interrupt.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn execute<D: Device>(
        &self,
        executor: &mut Executor<D>,
        commands: &Receiver<Command>,
        on_connection: &mut dyn FnMut(&mut Executor<D>),
    ) {
        let mut connection = 0;
        let mut answer = Answer::default();
        while !self.stopped() {
            let command = match commands.recv_timeout(LOOK_INTERVAL) {
                Ok(command) => command,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            match command {
                Command::Reset { connection: newest } => {
                    connection = newest;
                    answer = Answer::default();
                    executor.reset_transport();
                    on_connection(executor);
                    self.interrupt.store(false, Ordering::Relaxed);
                }
                Command::Words { connection: of, words } => {
                    self.backlog.fetch_sub(words.len(), Ordering::Relaxed);
                    if of != connection || self.link().connection != connection {
                        continue;
                    }
                    self.execute_words(executor, &words, &mut answer, connection);
                }
            }
        }
    }

    fn execute_words<D: Device>(
        &self,
        executor: &mut Executor<D>,
        words: &[u64],
        answer: &mut Answer,
        connection: u64,
    ) {
        let decode = |&word: &u64| {
            decode_instruction(word).inspect_err(|error| tracing::warn!("instruction ignored: {error}")).ok()
        };
        let instructions: Vec<_> = words.iter().filter_map(decode).collect();
        let mut control = RunControl { cancel: Some(&self.interrupt), progress: None };
        executor.feed(&instructions, &mut control, &mut |emission| {
            answer.push(emission);
            if answer.encoder.len() >= MAX_WORDS {
                self.send(&answer.encoder.take_words(), connection);
            }
        });
        self.send(&answer.encoder.take_words(), connection);
    }

    fn send(&self, words: &[u64], connection: u64) {
        let mut link = self.link();
        while link.connection == connection
            && link.transport.queued_frames() >= self.server.config.answers
            && !self.stopped()
        {
            link = self.room.wait_timeout(link, LOOK_INTERVAL).unwrap_or_else(PoisonError::into_inner).0;
        }
        if words.is_empty() || link.connection != connection {
            return;
        }
        link.transport.send(words);
        if let Err(error) = self.transmit(&mut link) {
            tracing::warn!("UDP socket: {error}");
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

/// Responses of a connection on their way to words.
#[derive(Default)]
struct Answer {
    annotator: Annotator,
    encoder: ResponseEncoder,
}

impl Answer {
    fn push(&mut self, Emission { time, synchronised, response }: Emission) {
        let encoder = &mut self.encoder;
        self.annotator.push(time, synchronised, &response, |message| encoder.push(message));
        if response == Response::Loopback(false) {
            self.encoder.flush();
            self.annotator = Annotator::new();
        }
    }
}
