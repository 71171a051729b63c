//! The program as its users meet it: arguments, files, exit codes, output.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn bss2(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bss2")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The exit code and the lines on standard error.
#[track_caller]
fn failure(arguments: &[&str]) -> Vec<String> {
    let output = bss2(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}: {output:?}");
    text(&output.stderr).lines().map(str::to_owned).collect()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn summary(folder: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join("summary.json")).unwrap()).unwrap()
}

#[test]
fn the_version_is_that_of_the_package() {
    let output = bss2(&["--version"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), format!("bss2 {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_goes_to_standard_output_and_is_a_success() {
    for arguments in [&["--help"][..], &["run", "--help"], &["run", "pong-baselines", "--help"]] {
        let output = bss2(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains("Usage: bss2"), "{arguments:?}");
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn the_list_names_every_experiment_once_and_is_also_json() {
    let output = bss2(&["run", "list"]);
    assert_eq!(output.status.code(), Some(0));
    let lines = text(&output.stdout);
    let list = json(&bss2(&["run", "list", "--json"]));
    let entries = list.as_array().unwrap();
    assert_eq!(lines.lines().count(), entries.len() + 1);
    for entry in entries {
        assert!(lines.contains(entry["name"].as_str().unwrap()));
        assert!(!entry["about"].as_str().unwrap().is_empty());
        assert!(!entry["reference"].as_str().unwrap().is_empty());
    }
}

#[test]
fn a_misspelt_experiment_is_named_with_what_was_probably_meant() {
    let lines = failure(&["run", "pong-baseline"]);
    assert_eq!(lines[0], "error: unknown experiment 'pong-baseline'");
    assert_eq!(lines[1], "hint: did you mean pong-baselines? bss2 run list shows all");
    let lines = failure(&["run", "xyz"]);
    assert_eq!(lines[1], "hint: bss2 run list shows all");
}

#[test]
fn a_misspelt_command_or_option_is_named_with_what_was_probably_meant() {
    let lines = failure(&["runs"]);
    assert!(lines[0].starts_with("error: ") && lines[0].contains("'runs'"), "{lines:?}");
    assert!(lines[1].contains("'run'"), "{lines:?}");
    let lines = failure(&["run", "pong-baselines", "--sed", "4"]);
    assert!(lines[0].contains("'--sed'"), "{lines:?}");
    assert!(lines[1].contains("'--seed'"), "{lines:?}");
}

#[test]
fn an_unusable_value_is_named_with_its_option() {
    for (arguments, option, value) in [
        (&["run", "pong-baselines", "--seed", "-3"][..], "--seed", "-3"),
        (&["run", "pong-baselines", "--seed", "18446744073709551616"], "--seed", "18446744073709551616"),
        (&["run", "pong-baselines", "--threads", "0"], "--threads", "0"),
        (&["run", "pong-baselines", "--rows", "many"], "--rows", "many"),
    ] {
        let lines = failure(arguments);
        assert!(lines[0].starts_with("error: ") && lines[0].contains(value), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains(option)) || value == "-3", "{lines:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for (option, value) in
        [("rows", "1"), ("rows", "257"), ("paddle", "0"), ("paddle", "NaN"), ("paddle", "inf")]
    {
        let lines = failure(&["run", "pong-baselines", "--out", out, &format!("--{option}"), value]);
        assert!(lines[0].starts_with(&format!("error: option --{option}: {value} ")), "{lines:?}");
        assert_eq!(lines.len(), 2, "{lines:?}");
    }
}

#[test]
fn without_a_command_the_help_is_shown_as_a_failure() {
    for arguments in [&[][..], &["run"]] {
        let lines = failure(arguments);
        assert!(lines.iter().any(|line| line.starts_with("Usage: bss2")), "{lines:?}");
        assert!(lines.iter().any(|line| line.starts_with("error: ")), "{lines:?}");
    }
}

#[test]
fn an_unwritable_folder_is_found_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let below = file.join("out");
    // So long that the test would not end if the work began.
    let lines = failure(&[
        "run",
        "pong-baselines",
        "--iterations",
        "1000000000000",
        "--out",
        below.to_str().unwrap(),
    ]);
    assert!(lines[0].starts_with(&format!("error: output folder {}: ", below.display())), "{lines:?}");
    assert_eq!(lines[1], "hint: choose another folder with --out");
}

#[test]
fn a_failure_is_json_too_when_json_is_wanted() {
    let output = bss2(&["--json", "run", "pong-baseline"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(json(&output)["error"], "unknown experiment 'pong-baseline'");
    assert!(text(&output.stderr).starts_with("error: unknown experiment"));
}

#[test]
fn an_accepted_run_exits_with_zero_and_leaves_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("made/on/the/way");
    let output = bss2(&["run", "pong-baselines", "--seed", "3", "--out", out.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.starts_with("pong-baselines, chip seed 3\n"), "{shown}");
    assert!(shown.contains("accepted: every bound is met"), "{shown}");
    let summary = summary(&out);
    assert_eq!(summary["experiment"], "pong-baselines");
    assert_eq!(summary["seed"], 3);
    assert_eq!(summary["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(summary["perfect_hit_rate"], 1.0);
    assert_eq!(summary["interrupted"], false);
    assert_eq!(summary["accepted"], true);
    assert!(summary["wall_s"].as_f64().unwrap() > 0.0);
    assert!(summary["chip_time_s"].is_number());
    assert!(summary.as_object().unwrap().values().all(|value| !value.is_object() && !value.is_array()));
    for (file, magic) in [("pong.png", &b"\x89PNG"[..]), ("pong.svg", b"<svg "), ("pong.gif", b"GIF89a")] {
        let content = std::fs::read(out.join(file)).unwrap();
        assert!(content.starts_with(magic), "{file}");
        assert!(content.len() < 2_000_000, "{file}: {} bytes", content.len());
    }
    let names =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert_eq!(names, ["figures.csv", "players.csv", "pong.gif", "pong.png", "pong.svg", "summary.json"]);
}

#[test]
fn a_bound_that_is_not_met_gives_one() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    // A paddle of a third of a row misses balls in its own row.
    let output = bss2(&["run", "pong-baselines", "--paddle", "0.3", "--out", out, "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let printed = json(&output);
    assert_eq!(printed["accepted"], false);
    assert!(printed["perfect_hit_rate"].as_f64().unwrap() < 1.0);
    assert_eq!(printed, summary(folder.path()));
}

#[test]
fn the_same_seed_gives_the_same_files_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, threads: &str| {
        let out = folder.path().join(name);
        let arguments =
            ["run", "pong-baselines", "--seed", "5", "--iterations", "60", "--threads", threads, "--out"];
        let output = bss2(&[&arguments[..], &[out.to_str().unwrap()]].concat());
        assert_ne!(output.status.code(), Some(2), "{output:?}");
        ["figures.csv", "players.csv", "pong.gif", "pong.png", "pong.svg"]
            .map(|f| std::fs::read(out.join(f)).unwrap())
    };
    assert!(run("a", "1") == run("b", "2"));
}

/// Ctrl-C, as the terminal sends it.
#[cfg(unix)]
#[test]
fn an_interrupted_run_writes_what_it_has_and_says_so() {
    use std::time::{Duration, Instant};
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_bss2"))
        .args(["run", "pong-baselines", "--iterations", "1000000000000", "--out"])
        .arg(folder.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The table is begun after the handler is installed.
    let began = Instant::now();
    while !folder.path().join("players.csv").exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "the run did not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let summary = summary(folder.path());
    assert_eq!(summary["interrupted"], true);
    assert_eq!(summary["accepted"], false);
    assert_eq!(summary["perfect_hit_rate"], 1.0);
    assert!(summary.get("motionless_hit_rate").is_none());
    assert!(text(&output.stdout).contains("interrupted: "), "{output:?}");
}

#[test]
fn what_is_assembled_comes_back_from_the_disassembler() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (source, image, again) = (path("loop.s"), path("loop.bin"), path("again.bin"));
    std::fs::write(
        &source,
        "start: li r3, 5\nloop: addi r3, r3, -1\ncmpwi r3, 0\nbne loop\nfxvaddbm 1, 2, 3\nblr\n",
    )
    .unwrap();
    let output = bss2(&["ppu", "asm", &source, "-o", &image, "--origin", "0x40", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let result = json(&output);
    assert_eq!(result["bytes"], 24);
    assert_eq!(result["symbols"]["loop"], 0x44);

    let listing = json(&bss2(&["ppu", "disasm", &image, "--origin", "0x40", "--json"]));
    assert_eq!(
        listing[0],
        serde_json::json!({ "address": 0x40, "word": 0x3860_0005, "text": "li      r3,5" })
    );
    assert_eq!(listing[5]["text"], "blr");
    let plain = bss2(&["ppu", "disasm", &image, "--origin", "0x40"]);
    let plain = text(&plain.stdout);
    assert!(plain.starts_with("00000040:  38600005  li      r3,5\n"), "{plain}");

    let back: String = plain.lines().map(|line| format!("{}\n", &line[20..])).collect();
    std::fs::write(&source, back).unwrap();
    assert_eq!(bss2(&["ppu", "asm", &source, "-o", &again, "--origin", "64"]).status.code(), Some(0));
    assert_eq!(std::fs::read(image).unwrap(), std::fs::read(again).unwrap());
}

#[test]
fn mistakes_in_programs_are_named_with_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (source, image) = (path("bad.s"), path("bad.bin"));
    std::fs::write(&source, "nop\n  addo r1, r2\n").unwrap();
    let lines = failure(&["ppu", "asm", &source, "-o", &image]);
    assert!(lines[0].starts_with(&format!("error: {source}:2:")), "{lines:?}");
    assert!(!Path::new(&image).exists());

    std::fs::write(&source, b"nop\n\xff").unwrap();
    assert_eq!(
        failure(&["ppu", "asm", &source, "-o", &image])[0],
        format!("error: {source}: not text: byte 4 is not UTF-8")
    );
    let missing = path("missing.s");
    assert!(failure(&["ppu", "asm", &missing, "-o", &image])[0].starts_with(&format!("error: {missing}: ")));
    std::fs::write(&source, "nop\n").unwrap();
    let nowhere = path("bad.s/out.bin");
    assert!(failure(&["ppu", "asm", &source, "-o", &nowhere])[0].starts_with(&format!("error: {nowhere}: ")));
}

#[test]
fn images_that_are_no_words_in_the_address_space_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image.bin").to_str().unwrap().to_owned();
    std::fs::write(&image, [0; 5]).unwrap();
    let expected = format!("error: {image}: 5 bytes are not a whole number of words");
    assert_eq!(failure(&["ppu", "disasm", &image])[0], expected);
    std::fs::write(&image, [0; 8]).unwrap();
    assert_eq!(bss2(&["ppu", "disasm", &image, "--origin", "0xfffffff8"]).status.code(), Some(0));
    let lines = failure(&["ppu", "disasm", &image, "--origin", "0xfffffffc"]);
    assert!(lines[0].ends_with("8 bytes from 0xfffffffc reach beyond the address space"), "{lines:?}");
    let lines = failure(&["ppu", "disasm", &image, "--origin", "2"]);
    assert!(lines[0].contains("'2'") && lines[0].contains("not a multiple of 4"), "{lines:?}");
    std::fs::write(&image, []).unwrap();
    assert_eq!(failure(&["ppu", "disasm", &image])[0], format!("error: {image}: no instructions"));
}
