//! `bss2 serve`: a chip behind the network, as hosts meet it.

use crate::common::failure;

#[test]
fn addresses_that_cannot_be_served_are_refused() {
    let lines = failure(&["serve", "--listen", "0.0.0.0", "--frame-port", "0", "--reset-port", "0"]);
    assert!(lines[0].starts_with("error: 0.0.0.0 can be reached from other machines"), "{lines:?}");
    assert!(lines[1].contains("--allow-remote"), "{lines:?}");
    let lines = failure(&["serve", "--listen", "nowhere"]);
    assert!(lines[0].contains("'nowhere'") && lines[0].contains("--listen"), "{lines:?}");
    let lines = failure(&["serve", "--frame-port", "65536"]);
    assert!(lines[0].contains("'65536'"), "{lines:?}");
    // An address of the documentation, which no machine has.
    let lines = failure(&["serve", "--listen", "192.0.2.1", "--allow-remote", "--frame-port", "0"]);
    assert!(lines[0].starts_with("error: UDP port 0 of 192.0.2.1: "), "{lines:?}");
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let lines = failure(&["serve", "--frame-port", &port, "--reset-port", "0"]);
    assert!(lines[0].starts_with(&format!("error: UDP port {port} of 127.0.0.1: ")), "{lines:?}");
    assert!(lines[1].contains("--frame-port"), "{lines:?}");
}

#[cfg(unix)]
mod running {
    use std::io::{BufRead, BufReader, Lines};
    use std::net::SocketAddr;
    use std::process::{Child, ChildStdout, Command, Stdio};
    use std::time::Duration;

    use bss2_base::{Hemisphere, SimTime};
    use bss2_firmware::HELLO;
    use bss2_host::client::{Client, ClientConfig};
    use bss2_host::connection::Connection;
    use bss2_host::playback::{ProgramBuilder, Timeline, startup_program};
    use bss2_host::ppu_program::{PpuProgram, mailbox_text};
    use bss2_host::recording::Completion;
    use serde_json::Value;

    /// A server that is killed if a test fails.
    struct Served {
        process: Child,
        lines: Lines<BufReader<ChildStdout>>,
    }

    impl Served {
        fn start(options: &[&str]) -> (Self, ClientConfig) {
            let mut process = Command::new(env!("CARGO_BIN_EXE_bss2"))
                .args(["serve", "--chip-seed", "5", "--frame-port", "0", "--reset-port", "0", "--json"])
                .args(options)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let lines = BufReader::new(process.stdout.take().unwrap()).lines();
            let mut served = Self { process, lines };
            let event = served.event();
            assert_eq!(event["event"], "listening");
            assert_eq!((&event["chip_seed"], &event["loopback_only"]), (&5.into(), &true.into()));
            let address = |key: &str| event[key].as_str().unwrap().parse::<SocketAddr>().unwrap();
            let (frames, resets) = (address("frames"), address("resets"));
            assert!(frames.ip().is_loopback() && resets.ip().is_loopback());
            let handshake = Duration::from_secs(20);
            (served, ClientConfig { frames, resets, handshake, ..ClientConfig::new(frames.ip()) })
        }

        fn event(&mut self) -> Value {
            serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
        }
    }

    impl Drop for Served {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    #[test]
    fn a_served_chip_starts_up_keeps_registers_returns_spikes_runs_firmware_and_stops() {
        let (mut served, config) = Served::start(&[]);
        let mut client = Client::connect(config).unwrap();
        assert_eq!(client.run(&startup_program()).unwrap().completion, Completion::Halted);

        // Registers: the pattern of the map's own example, and a bit that does not exist.
        let mut builder = ProgramBuilder::new();
        builder.write(0x1a_121e, 0xffff_ffac);
        let register = builder.read(0x1a_121e);
        let results = client.run(&builder.finish().unwrap()).unwrap();
        assert_eq!(results.word(register), Ok(0xac));

        // Spikes: every node of the crossbar passes everything after power-up, so each label comes back on its link.
        let labels = [0x0001, 0x4123, 0x8fff, 0xc000];
        let mut timeline = Timeline::new();
        for (n, &label) in (1..).zip(&labels) {
            timeline.spike(SimTime::from_us(n), label);
        }
        timeline.end(SimTime::from_us(20));
        let mut builder = ProgramBuilder::new();
        builder.play(&timeline);
        let results = client.run(&builder.finish().unwrap()).unwrap();
        assert_eq!(results.recording.spikes.label, labels);

        // Firmware, on the bottom processor.
        let program = PpuProgram::parse(HELLO.image).unwrap();
        let mut builder = ProgramBuilder::new();
        builder.load_ppu(Hemisphere::Bottom, &program.internal_words());
        builder.barrier_omnibus().start_ppu(Hemisphere::Bottom).wait_for_ppu(Hemisphere::Bottom);
        let code = builder.read(0x0380_0bff);
        let mailbox = builder.read_block(0x0380_0c00, 32);
        let results = client.run(&builder.finish().unwrap()).unwrap().complete().unwrap();
        assert_eq!(results.word(code), Ok(42));
        assert_eq!(mailbox_text(results.words(mailbox).unwrap()), "Hello from the plasticity processor\n");
        drop(client);

        // Ctrl-C, as the terminal sends it.
        let process = served.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &process]).status().unwrap().success());
        let events: Vec<Value> = std::iter::from_fn(|| served.lines.next())
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect();
        let connected =
            |event: &&Value| event["message"].as_str().is_some_and(|m| m.contains("connection reset"));
        assert!(events.iter().any(|event| connected(&event)), "{events:?}");
        let last = events.last().unwrap();
        assert_eq!(last["event"], "stopped");
        assert!(last["chip_time_s"].as_f64().unwrap() > 0.0);
        assert_eq!(served.process.wait().unwrap().code(), Some(0));
    }

    #[test]
    fn two_signals_at_once_are_one_wish_to_stop_and_the_snapshot_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chip.snapshot");
        let (mut served, _) = Served::start(&["--save", file.to_str().unwrap()]);
        let process = served.process.id().to_string();
        for _ in 0..2 {
            assert!(Command::new("kill").args(["-TERM", &process]).status().unwrap().success());
        }
        assert_eq!(served.process.wait().unwrap().code(), Some(0));
        bss2_host::system::System::restore(&std::fs::read(&file).unwrap()).unwrap();
    }
}
