//! Server and client together: the same results as in-process, over good and bad networks.

use bss2_base::SimTime;
use bss2_base::random::SequentialRng;
use bss2_host::arq::{ArqConfig, DataFrame, Datagram, HostTransport, RESET_DATAGRAM, packet_id};
use bss2_host::client::{Client, ClientConfig, ClientError};
use bss2_host::connection::{Connection, ConnectionError, RunControl};
use bss2_host::device::{BusRead, ChipEvent, Device, SharedMemory};
use bss2_host::executor::{Executor, ExecutorConfig};
use bss2_host::loopback::Loopback;
use bss2_host::message::{encode_instruction, encode_program};
use bss2_host::playback::*;
use bss2_host::recording::Completion;
use bss2_host::server::{Server, ServerConfig, ServerError};
use rand::{RngExt as _, SeedableRng as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Ends the threads of a test whatever happens in it.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn client_config(frames: SocketAddr, resets: SocketAddr) -> ClientConfig {
    ClientConfig { frames, resets, handshake: Duration::from_secs(10), ..ClientConfig::new(frames.ip()) }
}

/// Serves a device while `body` talks to it.
fn serving<D: Device + Send>(device: D, config: ExecutorConfig, body: impl FnOnce(ClientConfig)) {
    serving_like(ServerConfig::default(), device, config, body);
}

fn serving_like<D: Device + Send>(
    server: ServerConfig,
    device: D,
    config: ExecutorConfig,
    body: impl FnOnce(ClientConfig),
) {
    let server = Server::bind(ServerConfig { frame_port: 0, reset_port: 0, ..server }).unwrap();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let serving = scope.spawn(|| server.serve(&mut Executor::new(device, config), &stop));
        let guard = StopOnDrop(&stop);
        body(client_config(server.frame_address().unwrap(), server.reset_address().unwrap()));
        drop(guard);
        serving.join().unwrap().unwrap();
    });
}

/// A program with everything: reads, spikes, markers, JTAG, waits.
fn program(seed: u32) -> Program {
    let mut builder = ProgramBuilder::new();
    builder.write_block(0x1000, &(0..500).map(|n| n * 7 + seed).collect::<Vec<_>>());
    let mut timeline = Timeline::new();
    for n in 0..2000_u64 {
        timeline.spike(SimTime::from_ns(400 * n), (n as u16).wrapping_mul(seed as u16 | 1));
    }
    for n in 0..500 {
        timeline.read(SimTime::from_us(u64::from(n)), 0x1000 + n);
    }
    timeline.marker(SimTime::from_us(300));
    timeline.end(SimTime::from_us(900));
    builder.play(&timeline);
    builder.jtag_id();
    builder.read_block(0x1000, 500);
    builder.finish().unwrap()
}

#[test]
fn a_program_gives_the_same_results_over_the_network() {
    serving(Loopback::new(), ExecutorConfig::default(), |config| {
        let mut local = Executor::new(Loopback::new(), ExecutorConfig::default());
        let mut remote = Client::connect(config).unwrap();
        assert_eq!(remote.bitfile(), "version: 10\ncompatible_until: 2\n");
        // After a reset of the transport times come only after a synchronisation (host-interface 2.8).
        let mut builder = ProgramBuilder::new();
        builder.synchronise_systime();
        let synchronise = builder.finish().unwrap();
        local.reset_transport();
        assert_eq!(remote.run(&synchronise).unwrap(), local.run(&synchronise).unwrap());
        for seed in 0..5 {
            let (remote, local) = (remote.run(&program(seed)).unwrap(), local.run(&program(seed)).unwrap());
            assert_eq!(remote, local);
            assert_eq!(remote.completion, Completion::Halted);
            assert_eq!(remote.recording.spikes.len(), 2000);
        }
    });
}

#[test]
fn many_hosts_connect_one_after_the_other() {
    serving(Loopback::new(), ExecutorConfig::power_up(), |config| {
        for _ in 0..5 {
            let mut client = Client::connect(config.clone()).unwrap();
            let results = client.run(&startup_program()).unwrap();
            assert_eq!(results.completion, Completion::Halted);
            let results = client.run(&program(3)).unwrap();
            assert_eq!(results.recording.reads.value.len(), 1000);
        }
    });
}

#[test]
fn a_timeout_arrives_and_the_connection_stays_usable() {
    serving(Loopback::new(), ExecutorConfig::default(), |config| {
        let mut client = Client::connect(config).unwrap();
        let mut builder = ProgramBuilder::new();
        builder.poll(0x10, 1, 1, true);
        let results = client.run(&builder.finish().unwrap()).unwrap();
        assert!(
            matches!(results.completion, Completion::TimedOut(notification) if notification.instruction == 7)
        );
        assert_eq!(client.run(&program(1)).unwrap().completion, Completion::Halted);
    });
}

/// A device that takes its time: a real chip model is slower than this program's host.
struct Slow(Loopback);

impl Device for Slow {
    fn now(&self) -> SimTime {
        self.0.now()
    }
    fn advance(&mut self, until: SimTime) {
        if until > self.0.now() + SimTime::from_us(100) {
            thread::sleep(Duration::from_millis(5));
        }
        self.0.advance(until);
    }
    fn write(&mut self, address: u32, value: u32, enables: u8) {
        self.0.write(address, value, enables);
    }
    fn read(&mut self, address: u32) -> BusRead {
        self.0.read(address)
    }
    fn inject(&mut self, at: SimTime, label: u16) {
        self.0.inject(at, label);
    }
    fn take_events(&mut self, into: &mut Vec<ChipEvent>) {
        self.0.take_events(into);
    }
    fn read_shared(&mut self, memory: SharedMemory, word: u32) -> u32 {
        self.0.read_shared(memory, word)
    }
    fn write_shared(&mut self, memory: SharedMemory, word: u32, value: u32, enables: u8) {
        self.0.write_shared(memory, word, value, enables);
    }
    fn reset(&mut self, level: bool) {
        self.0.reset(level);
    }
}

#[test]
fn a_reset_interrupts_a_long_program() {
    serving(Slow(Loopback::new()), ExecutorConfig::default(), |config| {
        let mut client = Client::connect(config.clone()).unwrap();
        let mut builder = ProgramBuilder::new();
        builder.wait(SimTime::from_ms(30_000));
        let endless = builder.finish().unwrap();
        let cancel = AtomicBool::new(false);
        let begin = Instant::now();
        let mut progress = |_| cancel.store(begin.elapsed() > Duration::from_millis(100), Ordering::Relaxed);
        let mut control = RunControl { cancel: Some(&cancel), progress: Some(&mut progress) };
        let results = client.run_with(&endless, &mut control).unwrap();
        assert!(matches!(results.completion, Completion::Cancelled { .. }));
        // 30 s of simulated time would take 150 s here.
        assert_eq!(client.run(&program(1)).unwrap().completion, Completion::Halted);
        assert!(begin.elapsed() < Duration::from_secs(30));
    });
}

#[test]
fn frames_are_acknowledged_while_the_simulation_is_busy() {
    serving(Slow(Loopback::new()), ExecutorConfig::default(), |mut config| {
        // The client would give up soon: all frames have to be taken while the executor waits.
        config.arq.transmissions = 50;
        let mut client = Client::connect(config).unwrap();
        let mut builder = ProgramBuilder::new();
        builder.wait(SimTime::from_ms(100));
        builder.write_block(0x1000, &vec![7; 40_000]);
        let ticket = builder.read(0x1000);
        let results = client.run(&builder.finish().unwrap()).unwrap();
        assert_eq!(results.word(ticket), Ok(7));
    });
}

#[test]
fn garbage_on_the_ports_disturbs_nobody() {
    serving(Loopback::new(), ExecutorConfig::default(), |config| {
        let mut client = Client::connect(config.clone()).unwrap();
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        for size in 0..100 {
            let bytes: Vec<u8> = (0..size).map(|n: u32| (n * 37 + size) as u8).collect();
            stranger.send_to(&bytes, config.frames).unwrap();
            stranger.send_to(&bytes, config.resets).unwrap();
        }
        assert_eq!(client.run(&program(1)).unwrap().completion, Completion::Halted);
    });
}

#[test]
fn nobody_at_the_other_end_is_an_error() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let config = ClientConfig { handshake: Duration::from_millis(100), ..client_config(address, address) };
    assert!(matches!(Client::connect(config), Err(ClientError::NoAnswer { .. })));
}

#[test]
fn a_program_larger_than_the_playback_memory_is_refused() {
    serving(Loopback::new(), ExecutorConfig::default(), |config| {
        let mut client = Client::connect(ClientConfig { playback_memory: 100, ..config }).unwrap();
        assert!(matches!(client.run(&program(1)), Err(ConnectionError::ProgramTooLong { limit: 100, .. })));
    });
}

#[test]
fn other_machines_are_kept_out_unless_allowed() {
    let config = ServerConfig {
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        frame_port: 0,
        reset_port: 0,
        ..ServerConfig::default()
    };
    assert!(matches!(Server::bind(config), Err(ServerError::RemoteAddress(_))));
}

/// Forwards datagrams badly: some are lost, some doubled, some held back until two others have passed. Which ones is a
/// matter of chance: a rule that loses every n-th loses the same frame for ever as soon as the frames sent again are a
/// multiple of n.
fn bad_forwarding(seed: u64, mut send: impl FnMut(&[u8])) -> impl FnMut(&[u8]) {
    let mut chance = SequentialRng::seed_from_u64(seed);
    let mut count = 0;
    let mut held: Option<(usize, Vec<u8>)> = None;
    move |datagram| {
        count += 1;
        if chance.random_bool(0.15) {
            return;
        }
        if chance.random_bool(0.2) && held.is_none() {
            held = Some((count + 2, datagram.to_vec()));
            return;
        }
        send(datagram);
        if chance.random_bool(0.1) {
            send(datagram);
        }
        if let Some((_, datagram)) = held.take_if(|entry| entry.0 <= count) {
            send(&datagram);
        }
    }
}

#[test]
fn a_lossy_network_changes_nothing() {
    serving(Loopback::new(), ExecutorConfig::default(), |config| {
        let bind = || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            socket
        };
        let (front, front_resets, back) = (bind(), bind(), bind());
        let host = std::sync::Mutex::new(None);
        let stop = AtomicBool::new(false);
        let forward = |from: &UdpSocket, pass: &mut dyn FnMut(&[u8], SocketAddr)| {
            let mut buffer = [0; 2048];
            while !stop.load(Ordering::Relaxed) {
                if let Ok((size, peer)) = from.recv_from(&mut buffer) {
                    pass(&buffer[..size], peer);
                }
            }
        };
        thread::scope(|scope| {
            let guard = StopOnDrop(&stop);
            scope.spawn(|| {
                forward(&front_resets, &mut |datagram, peer| {
                    assert_eq!(datagram, RESET_DATAGRAM);
                    *host.lock().unwrap() = Some(peer);
                    back.send_to(datagram, config.resets).unwrap();
                });
            });
            scope.spawn(|| {
                let mut pass = bad_forwarding(1, |datagram| {
                    back.send_to(datagram, config.frames).unwrap();
                });
                forward(&front, &mut |datagram, _| pass(datagram));
            });
            scope.spawn(|| {
                let mut pass = bad_forwarding(2, |datagram| {
                    if let Some(host) = *host.lock().unwrap() {
                        front.send_to(datagram, host).unwrap();
                    }
                });
                forward(&back, &mut |datagram, _| pass(datagram));
            });
            let address = |socket: &UdpSocket| socket.local_addr().unwrap();
            let mut client = Client::connect(client_config(address(&front), address(&front_resets))).unwrap();
            let mut local = Executor::new(Loopback::new(), ExecutorConfig::default());
            local.reset_transport();
            for seed in 0..3 {
                assert_eq!(client.run(&program(seed)).unwrap(), local.run(&program(seed)).unwrap());
            }
            drop(client);
            drop(guard);
        });
    });
}

/// A host without a library: it sends what it likes, when it likes.
struct RawHost {
    socket: UdpSocket,
    frames: SocketAddr,
    transport: HostTransport,
    begin: Instant,
}

impl RawHost {
    fn connect(config: &ClientConfig) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        Self::connect_from(socket, config)
    }

    fn connect_from(socket: UdpSocket, config: &ClientConfig) -> Self {
        socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        socket.send_to(&RESET_DATAGRAM, config.resets).unwrap();
        let transport = HostTransport::new(ArqConfig::default(), 77);
        let mut host = Self { socket, frames: config.frames, transport, begin: Instant::now() };
        while !host.transport.is_ready() {
            host.exchange();
            assert!(host.begin.elapsed() < Duration::from_secs(20), "no handshake");
        }
        host
    }

    fn exchange(&mut self) {
        while let Some(datagram) = self.transport.transmit(self.begin.elapsed()).unwrap() {
            self.socket.send_to(&datagram, self.frames).unwrap();
        }
        let mut buffer = [0; 2048];
        while let Ok((size, _)) = self.socket.recv_from(&mut buffer) {
            let _ = self.transport.accept(&buffer[..size]);
        }
    }

    /// Words until a halt comes.
    fn until_halt(&mut self) -> Vec<u64> {
        let halt = encode_instruction(Instruction::HALT) & !(0x7F << 56) | 2 << 56;
        let mut words = Vec::new();
        let begin = Instant::now();
        while words.last() != Some(&halt) {
            assert!(begin.elapsed() < Duration::from_secs(20), "no halt among {} words", words.len());
            self.exchange();
            while let Some(mut new) = self.transport.receive() {
                words.append(&mut new);
            }
        }
        words
    }
}

fn markers(count: usize) -> Program {
    let mut builder = ProgramBuilder::new();
    for _ in 0..count {
        builder.marker();
    }
    builder.finish().unwrap()
}

#[test]
fn a_host_that_was_silent_for_long_gets_its_answers_when_it_is_back() {
    // The server gives up soon: three transmissions, a few milliseconds.
    let arq = ArqConfig { transmissions: 3, ..ArqConfig::default() };
    serving_like(
        ServerConfig { arq, ..ServerConfig::default() },
        Loopback::new(),
        ExecutorConfig::default(),
        |config| {
            let mut host = RawHost::connect(&config);
            host.transport.send(&encode_program(&markers(2000)).collect::<Vec<_>>());
            while let Some(datagram) = host.transport.transmit(host.begin.elapsed()).unwrap() {
                host.socket.send_to(&datagram, host.frames).unwrap();
            }
            thread::sleep(Duration::from_millis(200));
            assert_eq!(host.until_halt().len(), 2001);
        },
    );
}

#[test]
fn answers_that_nobody_takes_are_bounded_and_the_next_host_is_served() {
    let server = ServerConfig { answers: 4, ..ServerConfig::default() };
    serving_like(server, Loopback::new(), ExecutorConfig::default(), |config| {
        let mut lazy = RawHost::connect(&config);
        lazy.transport.send(&encode_program(&markers(100_000)).collect::<Vec<_>>());
        // All of it is sent and acknowledged, but its answers stay where they are: no acknowledgement of them goes out.
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(300) {
            while let Some(datagram) = lazy.transport.transmit(lazy.begin.elapsed()).unwrap() {
                lazy.socket.send_to(&datagram, lazy.frames).unwrap();
            }
            let mut buffer = [0; 2048];
            while let Ok((size, _)) = lazy.socket.recv_from(&mut buffer) {
                let _ = lazy.transport.accept(&buffer[..size.min(4)]);
            }
        }
        let mut client = Client::connect(config).unwrap();
        assert_eq!(client.run(&program(1)).unwrap().completion, Completion::Halted);
    });
}

#[test]
fn a_client_whose_fpga_was_taken_over_notices() {
    serving(Slow(Loopback::new()), ExecutorConfig::default(), |config| {
        let mut builder = ProgramBuilder::new();
        builder.wait(SimTime::from_ms(30_000));
        let endless = builder.finish().unwrap();
        let impatient = ClientConfig {
            arq: ArqConfig { transmissions: 20, ..config.arq.clone() },
            probe_after: Duration::from_millis(50),
            ..config.clone()
        };
        let mut first = Client::connect(impatient).unwrap();
        thread::scope(|scope| {
            let running = scope.spawn(move || first.run(&endless));
            thread::sleep(Duration::from_millis(200));
            // Until now the server has given the signs of life it was asked for.
            assert!(!running.is_finished());
            let mut second = Client::connect(config.clone()).unwrap();
            assert_eq!(second.run(&program(1)).unwrap().completion, Completion::Halted);
            let error = running.join().unwrap().unwrap_err();
            assert!(matches!(error, ConnectionError::Client(ClientError::PeerGone(_))), "{error}");
            assert_eq!(second.run(&program(2)).unwrap().completion, Completion::Halted);
        });
    });
}

#[test]
fn frames_of_an_earlier_connection_from_the_same_port_are_told_apart() {
    serving(Loopback::new(), ExecutorConfig::default(), |config| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        for round in 0..20_u64 {
            let stale = DataFrame {
                ack: (round * 7 + 1) as u8,
                // The numbers that the new connection is going to use.
                sequence: (round % 4) as u8,
                packet: packet_id::UT,
                words: vec![encode_instruction(Instruction::TICK); 100],
            };
            let stale = Datagram::Data(stale).encode();
            let mut host = RawHost::connect_from(socket.try_clone().unwrap(), &config);
            host.transport.send(&encode_program(&markers(300)).collect::<Vec<_>>());
            assert_eq!(host.until_halt().len(), 301);
            // What is on its way when the host begins anew, before and after the reset.
            for _ in 0..50 {
                socket.send_to(&stale, config.frames).unwrap();
            }
            socket.send_to(&RESET_DATAGRAM, config.resets).unwrap();
            socket.send_to(&stale, config.frames).unwrap();
        }
    });
}

#[test]
fn truncated_and_random_datagrams_of_the_connected_host_are_survived() {
    serving(Loopback::new(), ExecutorConfig::default(), |config| {
        let mut chance = SequentialRng::seed_from_u64(3);
        let mut host = RawHost::connect(&config);
        let words: Vec<u64> = encode_program(&markers(5000)).collect();
        for chunk in words.chunks(180) {
            host.transport.send(chunk);
            let mut noise: Vec<u8> = (0..chance.random_range(0..1600)).map(|_| chance.random()).collect();
            if let Some(datagram) = host.transport.transmit(host.begin.elapsed()).unwrap() {
                // Only a part of a frame, then all of it.
                host.socket
                    .send_to(&datagram[..chance.random_range(0..datagram.len())], host.frames)
                    .unwrap();
                host.socket.send_to(&datagram, host.frames).unwrap();
            }
            // Random numbers could be valid ones; these are not.
            noise.iter_mut().take(3).for_each(|byte| *byte |= 1);
            if noise.len() != 4 {
                host.socket.send_to(&noise, host.frames).unwrap();
            }
        }
        assert_eq!(host.until_halt().len(), 5001);
    });
}
