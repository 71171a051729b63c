//! `bss2 ppu`: programs of the plasticity processor.

use std::path::{Path, PathBuf};

use bss2_firmware::{HELLO, PROGRAMS};

use crate::common::{bss2, failure, json, text};

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

/// A file in a folder that disappears with the first of the pair.
fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}

/// What the report says of the only processor.
fn processor(output: &std::process::Output) -> serde_json::Value {
    let mut report = json(output);
    let processors = report["processors"].as_array_mut().unwrap();
    assert_eq!(processors.len(), 1);
    processors.remove(0)
}

#[test]
fn hello_says_hello_and_returns_42_on_both_processors() {
    for ppu in ["top", "bottom"] {
        let output = bss2(&["ppu", "run", "hello", "--ppu", ppu, "--expect", "42"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        let shown = text(&output.stdout);
        assert!(shown.starts_with(&format!("hello on the {ppu} processor of chip 1\n")), "{shown}");
        for line in ["returned       42\n", "mailbox\n  Hello from the plasticity processor\n"] {
            assert!(shown.contains(line), "{shown}");
        }
        let output = bss2(&["ppu", "run", "hello", "--ppu", ppu, "--expect", "42", "--json"]);
        let (run, report) = (json(&output), processor(&output));
        assert_eq!(report["outcome"], "returned");
        assert_eq!(report["return_code"], 42);
        assert_eq!(report["mailbox"], "Hello from the plasticity processor\n");
        assert_eq!(report["ppu"], ppu);
        let number = |key: &str| report[key].as_f64().unwrap();
        assert!(number("instructions") > 100.0 && number("cycles") > number("instructions"));
        assert_eq!(number("chip_time_us"), number("cycles") * 4.0 / 1000.0);
        assert!(run["wall_s"].as_f64() > Some(0.0) && run["cycles_per_s"].as_f64() > Some(0.0));
    }
}

#[test]
fn an_unexpected_return_code_gives_one() {
    let output = bss2(&["ppu", "run", "hello"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("returned       42, expected 0\n"), "{output:?}");
    assert_eq!(bss2(&["ppu", "run", "hello", "--expect", "-1"]).status.code(), Some(1));
    // Of the built-in programs that end by themselves, this one checks itself.
    assert_eq!(bss2(&["ppu", "run", "vector_instructions"]).status.code(), Some(0));
}

#[test]
fn a_program_in_a_file_is_the_same_as_the_built_in_one() {
    let (_folder, path) = file("copy.elf", HELLO.image);
    let from_file = processor(&bss2(&["ppu", "run", path.to_str().unwrap(), "--json"]));
    let built_in = processor(&bss2(&["ppu", "run", "hello", "--json"]));
    for key in ["return_code", "mailbox", "cycles", "instructions", "pc", "at"] {
        assert_eq!(from_file[key], built_in[key], "{key}");
    }
}

#[test]
fn a_program_that_sleeps_between_interrupts_is_waited_for() {
    let report = processor(&bss2(&["ppu", "run", "timers", "--json"]));
    assert_eq!(report["outcome"], "returned");
    assert_eq!(report["return_code"], 16, "{report}");
}

#[test]
fn a_program_that_waits_for_somebody_outside_has_not_returned() {
    // The exit routine without the store of the stack pointer is a `wait` like any other.
    let mut image = HELLO.image.to_vec();
    let store = image.windows(4).position(|word| word == [0x90, 0x2c, 0, 0]).unwrap();
    image[store..store + 4].copy_from_slice(&[0x60, 0, 0, 0]);
    let (_folder, path) = file("asleep.elf", &image);
    let output = bss2(&["ppu", "run", path.to_str().unwrap(), "--expect", "42"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("\nasleep         at 0x0000006c <exit+0x14>\n"), "{output:?}");
}

#[test]
fn a_program_that_does_not_end_in_time_is_named_with_its_place() {
    // This one waits for commands.
    let output = bss2(&["ppu", "run", "rstdp", "--timeout", "100us"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("\ntimed out      at 0x"), "{output:?}");
    let report = processor(&bss2(&["ppu", "run", "rstdp", "--timeout", "100us", "--json"]));
    assert_eq!(report["outcome"], "timed out");
    assert!(report["return_code"].is_null());
    assert_eq!(report["cycles"], 25_000);
    assert!(report["at"].as_str().unwrap().starts_with("await_command"), "{report}");
}

#[test]
fn variables_can_be_set_before_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let stores_of = |arguments: &[&str]| {
        let log = folder.path().join("log");
        let trace = ["ppu", "run", "stdp", "--timeout", "5us", "--trace", log.to_str().unwrap()];
        let output = bss2(&[&trace[..], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        std::fs::read_to_string(log).unwrap()
    };
    // The first word of `control` is the command; number 77 is none, and the program answers it.
    let (without, with) = (stores_of(&[]), stores_of(&["--set", "control[0]=0x4d"]));
    assert!(!without.contains("=0000004d"), "{without}");
    assert!(with.contains("=0000004d"), "{with}");

    for (set, words) in [
        ("nothing=1", "the program has no symbol 'nothing'"),
        ("main=1", "'main' is a function"),
        ("control=1", "'control' has "),
        ("control[100]=1", "none of index 100"),
        ("ppu_index=0x100000000", "does not fit into the 32 bits of 'ppu_index'"),
        ("ppu_index", "no '='"),
        ("ppu_index=x", "'x' is no integer"),
    ] {
        let lines = failure(&["ppu", "run", "stdp", "--set", set]);
        assert!(lines[0].starts_with("error: ") && lines[0].contains(words), "{set}: {lines:?}");
    }
}

#[test]
fn the_commit_log_is_stable_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    let log = |name: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        let output = bss2(&[arguments, &["--trace", path.to_str().unwrap(), "--json"]].concat());
        (processor(&output), std::fs::read_to_string(path).unwrap())
    };
    let (report, first) = log("a", &["ppu", "run", "hello"]);
    assert_eq!(first, log("b", &["ppu", "run", "hello", "--seed", "7"]).1);
    insta::assert_snapshot!("hello.trace", first);
    let lines: Vec<&str> = first.lines().collect();
    // The beginning is the reset vector and what the start-up code does; cycles are those of the timing model.
    let head = [
        "# bss2 ppu commit log, format 2: cycle address word instruction ; effects < cycles lost before it",
        "# _start",
        "        10 00000000 48000034  b       0x34 < fetch 10",
        "# reset",
        "        23 00000034 3c200000  lis     r1,0 ; r1=00000000 < mispredict 12",
        "        24 00000038 60212ff0  ori     r1,r1,12272 ; r1=00002ff0",
        "        25 0000003c 38000000  li      r0,0 ; r0=00000000",
        "        33 00000040 9401fff0  stwu    r0,-16(r1) ; store 00002fe0:f=00000000, r1=00002fe0 < fetch 7",
    ];
    assert_eq!(lines[..head.len()], head);
    assert!(lines.last().unwrap().ends_with(" sleep"), "{lines:?}");
    assert!(first.contains("stw     r3,12(r12) ; store 00002ffc:f=0000002a"));
    // Steps behind the first of an instruction have their number.
    let begins = |line: &&&str| !line.starts_with('#') && !line.ends_with(" sleep") && !line.contains("[1] ");
    let executed = lines.iter().filter(begins).count();
    assert_eq!(report["instructions"], executed);

    let (_, timers) = log("c", &["ppu", "run", "timers"]);
    let interrupts = timers.lines().filter(|line| line.contains(" interrupt decrementer, back to "));
    assert_eq!(interrupts.clone().count(), 16);
    assert!(interrupts.clone().all(|line| line.contains(" ; srr0=")), "{timers}");
}

#[test]
fn what_cannot_be_loaded_is_named_with_its_file_and_the_reason() {
    let image = HELLO.image;
    let mut little_endian = image.to_vec();
    little_endian[5] = 1;
    let mut of_64_bits = image.to_vec();
    of_64_bits[4] = 2;
    let mut other_machine = image.to_vec();
    other_machine[18..20].copy_from_slice(&62u16.to_be_bytes());
    for (content, words) in [
        (&b""[..], "not an ELF file (0 bytes)"),
        (b"\x7fELF", "not an ELF file (4 bytes)"),
        (b"no program at all", "not an ELF file (17 bytes)"),
        (&image[..40], "malformed or truncated ELF file: file header"),
        (&image[..image.len() / 2], "malformed or truncated ELF file: section table"),
        (&little_endian, "little-endian"),
        (&of_64_bits, "64-bit"),
        (&other_machine, "for machine 62, not for PowerPC"),
    ] {
        let (_folder, path) = file("bad.elf", content);
        let path = path.to_str().unwrap();
        let lines = failure(&["ppu", "run", path]);
        assert!(lines[0].starts_with(&format!("error: {path}: ")) && lines[0].contains(words), "{lines:?}");
        if content.starts_with(b"\x7fELF") && content.len() > 4 {
            assert_eq!(failure(&["ppu", "disasm", path])[0], lines[0]);
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("helo");
    for command in ["run", "disasm"] {
        let lines = failure(&["ppu", command, missing.to_str().unwrap()]);
        assert!(lines[0].starts_with(&format!("error: {}: No such file", missing.display())), "{lines:?}");
        assert!(lines[1].starts_with("hint: built-in programs need no file: hello, "), "{lines:?}");
    }
    let output = bss2(&["ppu", "run", missing.to_str().unwrap(), "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(json(&output)["error"].as_str().unwrap().contains("No such file"));
}

#[test]
fn unusable_options_of_a_run_are_refused() {
    for (option, value) in [
        ("--timeout", "10"),
        ("--timeout", "0ms"),
        ("--timeout", "ever"),
        ("--ppu", "middle"),
        ("--expect", "4294967296"),
        ("--seed", "one"),
    ] {
        let lines = failure(&["ppu", "run", "hello", option, value]);
        assert!(lines[0].starts_with("error: ") && lines[0].contains(&format!("'{value}'")), "{lines:?}");
    }
    let lines = failure(&["ppu", "run", "hello", "--trace", "/nowhere/at/all"]);
    assert!(lines[0].starts_with("error: /nowhere/at/all: "), "{lines:?}");
}

#[test]
fn the_list_of_programs_is_that_of_the_firmware() {
    let list = json(&bss2(&["ppu", "list", "--json"]));
    let list = list.as_array().unwrap();
    let shown = text(&bss2(&["ppu", "list"]).stdout);
    assert_eq!((list.len(), shown.lines().count()), (PROGRAMS.len(), PROGRAMS.len() + 1));
    for (entry, program) in list.iter().zip(PROGRAMS) {
        assert_eq!(entry["name"], program.name);
        assert!(entry["internal_bytes"].as_u64().unwrap() > 0);
        assert!(shown.contains(program.description));
    }
    let external = list.iter().find(|entry| entry["name"] == "hello_external").unwrap();
    assert!(external["external_bytes"].as_u64().unwrap() > 0);
}

#[test]
fn listings_of_elf_files_have_labels_and_names_of_targets() {
    let shown = text(&bss2(&["ppu", "disasm", "hello"]).stdout);
    assert!(shown.starts_with("section int.text: 576 bytes in PPU memory\n00000000 <_start>:\n"), "{shown}");
    for line in [
        "00000000:  48000034  b       0x34 <reset>\n",
        "00000058 <exit>:\n",
        "0000006c:  4bfffffc  b       0x68 <exit+0x10>\n",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    // Code in FPGA memory is listed where the processor executes it.
    let sections = json(&bss2(&["ppu", "disasm", "hello_external", "--json"]));
    let sections = sections.as_array().unwrap();
    let external = sections.iter().find(|section| section["memory"] == "FPGA memory").unwrap();
    let lines = external["lines"].as_array().unwrap();
    assert_eq!(external["bytes"].as_u64().unwrap() as usize, 4 * lines.len());
    assert!(lines.iter().all(|line| line["address"].as_u64().unwrap() >= 0x8000_0000));
    assert!(lines.iter().any(|line| line["labels"][0] == "main"));
    let lines = failure(&["ppu", "disasm", "hello", "--origin", "16"]);
    assert_eq!(lines[0], "error: hello: an ELF file has its own addresses");
}

#[cfg(unix)]
#[test]
fn an_interrupted_program_says_where_it_was() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let child = Command::new(env!("CARGO_BIN_EXE_bss2"))
        .args(["ppu", "run", "rstdp", "--timeout", "100000s", "--json", "--trace"])
        .arg(&log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = std::time::Instant::now();
    // The log is begun after the handler is installed.
    while !Path::new(&log).exists() {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "the run did not begin");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(processor(&output)["outcome"], "interrupted");
}

#[test]
fn both_processors_run_and_each_has_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (trace, mailbox, lcov) = (path("trace.log"), path("mailbox"), path("all.info"));
    let arguments = ["ppu", "run", "hello", "--ppu", "both", "--expect", "42", "--json"];
    let files = ["--trace", &trace, "--mailbox", &mailbox, "--coverage", &lcov];
    let output = bss2(&[&arguments[..], &files].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report = json(&output);
    assert_eq!((&report["seed"], &report["timing"]), (&1.into(), &"cycle".into()));
    for (processor, name) in report["processors"].as_array().unwrap().iter().zip(["top", "bottom"]) {
        assert_eq!(processor["ppu"], name);
        assert_eq!(processor["return_code"], 42);
        let log = std::fs::read_to_string(path(&format!("trace-{name}.log"))).unwrap();
        assert!(log.lines().count() > 400, "{log}");
        let text = std::fs::read(path(&format!("mailbox-{name}"))).unwrap();
        assert_eq!(text.len(), 4096);
        assert!(text.starts_with(b"Hello from the plasticity processor\n\0"));
    }
    // What both have executed, once.
    let lcov = std::fs::read_to_string(lcov).unwrap();
    assert!(lcov.contains("FNDA:2,main\n"), "{lcov}");
    assert_eq!(report["files"].as_array().unwrap().len(), 5);
}

#[test]
fn coverage_needs_line_information() {
    // Without the names of its sections, nothing says what they are.
    let mut image = HELLO.image.to_vec();
    for name in [&b".debug_info"[..], b".debug_line"] {
        while let Some(at) = image.windows(name.len()).position(|window| window == name) {
            image[at + 1] = b'x';
        }
    }
    let (_folder, path) = file("plain.elf", &image);
    let path = path.to_str().unwrap();
    let lines = failure(&["ppu", "run", path, "--coverage", "/nowhere"]);
    assert_eq!(lines[0], format!("error: --coverage: {path} has no information about source lines"));
    assert_eq!(lines[1], "hint: compile it with -g");
    assert_eq!(bss2(&["ppu", "run", path, "--expect", "42"]).status.code(), Some(0));
}

#[test]
fn a_profile_is_a_folder_of_tables_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (profile, counters) = (path("profile"), path("counters.json"));
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../firmware");
    let files = ["--profile", &profile, "--counters", &counters, "--sources", root];
    let output = bss2(&[&["ppu", "run", "timers", "--expect", "16"][..], &files].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.contains("function\n") && shown.contains("runtime/sleep.S:18\n"), "{shown}");
    let read = |name: &str| std::fs::read_to_string(path("profile/") + name).unwrap();
    let table: serde_json::Value = serde_json::from_str(&read("profile.json")).unwrap();
    let counters: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(counters).unwrap()).unwrap();
    assert_eq!(table["instructions"], counters["instructions"]);
    assert_eq!(counters["interrupts"], 16);
    let cycles: u64 =
        read("stacks.folded").lines().map(|l| l.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(table["cycles"], cycles);
    assert!(read("flame.svg").contains("isr_decrementer"));
    assert!(read("profile.html").contains("sleep_with_interrupts();"));
    assert!(read("profile.txt").contains("isr_decrementer"));

    let lines = failure(&["ppu", "run", "hello", "--profile", "/proc/nowhere"]);
    assert!(lines[0].starts_with("error: /proc/nowhere: "), "{lines:?}");
}

#[test]
fn the_timing_model_and_its_constants_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("timing.toml").to_str().unwrap().to_owned();
    let cycles = |arguments: &[&str]| {
        let output = bss2(&[&["ppu", "run", "hello", "--expect", "42", "--json"], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        processor(&output)["cycles"].as_u64().unwrap()
    };
    let exact = cycles(&[]);
    assert_eq!(exact, cycles(&["--timing", "cycle"]));
    assert!(cycles(&["--timing", "flat"]) < cycles(&["--timing", "scoreboard"]));
    std::fs::write(&file, "memory = 7\n").unwrap();
    assert!(cycles(&["--timing-file", &file]) > exact);

    for (text, words) in [
        ("memory = 3\nmemroy = 7\n", ":2: unknown field `memroy`"),
        ("\n\nmemory = 'slow'\n", ":3: invalid type"),
        ("memory = \n", ":1: "),
    ] {
        std::fs::write(&file, text).unwrap();
        let lines = failure(&["ppu", "run", "hello", "--timing-file", &file]);
        assert!(lines[0].starts_with(&format!("error: {file}{words}")), "{lines:?}");
    }
}

#[test]
fn a_word_that_is_no_instruction_ends_a_strict_run_and_fails_the_check() {
    let mut image = HELLO.image.to_vec();
    let store = image.windows(4).position(|word| word == [0x90, 0x2c, 0, 0]).unwrap();
    // lfs, which compilers know.
    image[store] = 0xc0;
    let (_folder, path) = file("float.elf", &image);
    let path = path.to_str().unwrap();
    let output = bss2(&["ppu", "run", path, "--quirk", "illegal_nop=off"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.contains("\nillegal instruction at 0x00000060 <exit+0x8>: 0xc02c0000\n"), "{shown}");

    let output = bss2(&["ppu", "check", path]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let shown = text(&output.stdout);
    assert!(shown.starts_with("runtime/start.S:45: 00000060: c02c0000 "), "{shown}");
    assert!(shown.ends_with("144 words, 1 of them wrong\n"), "{shown}");
    let clean = json(&bss2(&["ppu", "check", "rstdp", "--json"]));
    assert_eq!(clean["found"].as_array().unwrap().len(), 0);
    assert!(clean["words"].as_u64() > Some(500));

    for (quirk, words) in
        [("nothing=on", "no quirk 'nothing'"), ("illegal_nop=perhaps", "neither on nor off")]
    {
        let lines = failure(&["ppu", "run", "hello", "--quirk", quirk]);
        assert!(lines[0].contains(words), "{lines:?}");
    }
}

#[test]
fn the_serial_line_is_decoded_and_its_wave_form_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    for (name, beginning) in [("pins.vcd", "$timescale 1 ns $end\n"), ("pins.txt", "# cycle gout goe\n")] {
        let pins = path(name);
        let output = bss2(&[
            "ppu",
            "run",
            "uart",
            "--uart",
            "100",
            "--pins",
            &pins,
            "--set",
            "cycles_per_bit=100",
            "--json",
        ]);
        assert_eq!(processor(&output)["uart"], "The plasticity processor speaks.\n");
        assert!(std::fs::read_to_string(pins).unwrap().starts_with(beginning));
    }
}

#[test]
fn the_time_can_be_limited_in_cycles() {
    let report = processor(&bss2(&["ppu", "run", "rstdp", "--cycles", "1234", "--json"]));
    assert_eq!((&report["outcome"], &report["cycles"]), (&"timed out".into(), &1234.into()));
    for conflict in [["--timeout", "1ms"], ["--gdb", "0"]] {
        let lines =
            failure(&[&["ppu", "run", "rstdp", "--cycles", "5", "--trace", "x"], &conflict[..]].concat());
        assert!(lines[0].contains("cannot be used with"), "{lines:?}");
    }
}
