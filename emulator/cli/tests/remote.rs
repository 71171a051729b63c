//! One switch: experiments and programs on a chip behind the network give what they give in one process.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn bss2(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bss2")).args(arguments).output().unwrap()
}

/// `bss2 serve` on free ports; killed in the end.
struct Server {
    process: Child,
    ports: [String; 2],
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_bss2"))
            .args(["serve", "--frame-port", "0", "--reset-port", "0", "--json"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let event: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let port = |key: &str| event[key].as_str().unwrap().rsplit_once(':').unwrap().1.to_owned();
        let ports = ["frames", "resets"].map(port);
        // Somebody has to read what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, ports }
    }

    /// The arguments with those that lead here.
    fn with<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        let [frames, resets] = &self.ports;
        let connect = ["--connect", "127.0.0.1", "--frame-port", frames, "--reset-port", resets];
        arguments.iter().copied().chain(connect).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// All tables that an experiment has written, by name.
fn tables(folder: &Path) -> Vec<(String, String)> {
    let mut tables: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "csv"))
        .map(|path| (path.file_name().unwrap().to_string_lossy().into(), fs::read_to_string(&path).unwrap()))
        .collect();
    tables.sort();
    tables
}

#[track_caller]
fn assert_same_over_the_network(experiment: &[&str]) {
    let server = Server::start(&["--chip-seed", "3", "--power-cycle"]);
    let [here, there] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let run = |folder: &Path, connect: bool| {
        let out = folder.to_str().unwrap();
        let arguments = [&["run"], experiment, &["--seed", "3", "--threads", "1", "--out", out]].concat();
        let output = bss2(&if connect { server.with(&arguments) } else { arguments });
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
        tables(folder)
    };
    let [here, there] = [run(here.path(), false), run(there.path(), true)];
    assert!(here.iter().any(|(name, _)| name != "figures.csv"), "{experiment:?} writes tables");
    assert_eq!(there.len(), here.len());
    for ((name, there), (_, here)) in there.iter().zip(&here) {
        assert!(there == here, "{name} differs:\n{there}\n{here}");
    }
}

#[test]
fn pong_over_the_network_is_the_same_game() {
    assert_same_over_the_network(&["pong", "--epochs", "2"]);
}

#[test]
fn stdp_over_the_network_gives_the_same_curves() {
    assert_same_over_the_network(&["stdp", "--pairs", "5"]);
}

#[test]
fn homeostasis_over_the_network_finds_the_same_weights() {
    assert_same_over_the_network(&["homeostasis", "--neurons", "4", "--steps", "8"]);
}

#[test]
fn structural_plasticity_over_the_network_makes_the_same_synapses() {
    // Two epochs are one check and some rewiring.
    assert_same_over_the_network(&["structural", "--chips", "1", "--epochs", "2"]);
}

#[test]
fn another_individual_and_more_chips_than_one_are_refused() {
    let server = Server::start(&["--chip-seed", "3", "--power-cycle"]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let refused = |arguments: &[&str]| {
        let output = bss2(&server.with(arguments));
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let error = refused(&["run", "pong", "--seed", "4", "--epochs", "1", "--out", out]);
    assert!(error.contains("option --connect") && error.contains("seed 3"), "{error}");
    let error = refused(&["run", "structural", "--seed", "3", "--chips", "2", "--out", out]);
    assert!(error.contains("option --chips") && error.contains("one chip"), "{error}");
}

#[test]
fn a_program_over_the_network_gives_the_same_recording_file() {
    let server = Server::start(&["--power-cycle"]);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [program, here, there] = ["program.txt", "here.txt", "there.txt"].map(file);
    let spikes: String =
        (0..3000).map(|n| format!("wait-until {}\nspikes {:#06x}\n", 40 * n, n * 13)).collect();
    fs::write(
        &program,
        format!("bss2-program 1\nmarker\ntimer-reset\n{spikes}wait-until 130000\nread 0x00130065\n"),
    )
    .unwrap();
    let play = ["play", &program, "--startup", "--output"];
    assert_eq!(bss2(&[&play[..], &[&here]].concat()).status.code(), Some(0));
    assert_eq!(bss2(&server.with(&[&play[..], &[&there]].concat())).status.code(), Some(0));
    let text = |file: &str| fs::read_to_string(file).unwrap();
    assert!(text(&here).contains("\nspikes 3000\n"));
    assert_eq!(text(&there), text(&here));
}
