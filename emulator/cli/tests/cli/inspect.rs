//! `bss2 inspect`: chips and registers.

use crate::common::{bss2, failure, json, text};

#[test]
fn the_summary_of_a_chip_is_the_same_as_text_json_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let output = bss2(&["inspect", "chip", "--seed", "3", "--out", out, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let summary = json(&output);
    assert_eq!(summary["seed"], 3);
    let parameters = summary["parameters"].as_array().unwrap();
    let threshold = parameters.iter().find(|p| p["path"] == "neuron.threshold.offset").unwrap();
    // 512 draws of a normal distribution of 27 mV.
    assert_eq!(threshold["count"], 512);
    assert!((threshold["sigma"].as_f64().unwrap() - 0.027).abs() < 0.004, "{threshold}");

    let stored: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("summary.json")).unwrap()).unwrap();
    assert_eq!(stored, summary);
    let table = std::fs::read_to_string(folder.path().join("parameters.csv")).unwrap();
    assert_eq!(table.lines().count(), parameters.len() + 1);
    for figure in ["neuron-leak.png", "neuron-leak.svg", "correlation.png", "cadc.svg"] {
        assert!(folder.path().join(figure).exists(), "{figure}");
    }
    let svg = std::fs::read_to_string(folder.path().join("neuron-leak.svg")).unwrap();
    assert!(svg.contains("offset_shared (mV)"), "units have prefixes");

    let shown = text(&bss2(&["inspect", "chip", "--seed", "3"]).stdout);
    assert!(shown.starts_with("chip 3\n"), "{shown}");
    for parameter in parameters {
        assert!(shown.contains(parameter["path"].as_str().unwrap()));
    }
    let dead = summary["dead_sensors"].as_u64().unwrap();
    assert!(shown.contains(&format!("dead correlation sensors: {dead} of 131072\n")), "{shown}");
    assert_ne!(
        json(&bss2(&["inspect", "chip", "--seed", "4", "--json"]))["parameters"],
        summary["parameters"]
    );
}

#[test]
fn every_block_of_registers_is_listed_and_shown() {
    let list = json(&bss2(&["inspect", "registers", "--json"]));
    let list = list.as_array().unwrap();
    let shown = text(&bss2(&["inspect", "registers"]).stdout);
    assert_eq!(shown.lines().count(), list.len() + 1);
    let backend = list.iter().find(|block| block["name"] == "NeuronBackendConfig").unwrap();
    assert_eq!(backend["instances"], 512);
    assert_eq!(backend["first_address"], 0x1a_1000);
    for block in ["CrossbarNode", "CapMemCell", "ADPLL", "SynapseQuad", "JTAGIdCode", "PhyStatus"] {
        let page = text(&bss2(&["inspect", "registers", block]).stdout);
        assert!(page.starts_with(&format!("{block} (")) && page.contains("\nword 0 "), "{page}");
    }
}

/// The example of the register map's documentation.
#[test]
fn a_block_is_shown_with_its_fields_and_found_by_name_and_address() {
    let page = text(&bss2(&["inspect", "registers", "neuronbackendconfig"]).stdout);
    assert!(page.contains("\nword 2 w2 at 0x001a1002, rw, default 0xbc, reset 0x0\n"), "{page}");
    assert!(page.contains("  7     en_bayesian_extension  1 "), "{page}");
    let block = json(&bss2(&["inspect", "registers", "NeuronBackendConfig", "--json"]));
    assert_eq!(block["words"][2]["fields"][4]["name"], "en_bayesian_extension");
    assert_eq!(block["words"][2]["fields"][4]["lsb"], 7);

    let name = "NeuronBackendConfig[side 0, hemisphere 1, column_in_side 7].w2";
    let page = text(&bss2(&["inspect", "registers", "0x1a121e"]).stdout);
    assert!(page.starts_with(&format!("0x001a121e  {name}\n")), "{page}");
    assert_eq!(json(&bss2(&["inspect", "registers", "0x1a121e", "--json"]))["register"], name);
    let memory = text(&bss2(&["inspect", "registers", "0x02800010"]).stdout);
    assert_eq!(memory, "0x02800010  SRAM of processor 0, word 16\n");
}

#[test]
fn a_dump_shows_what_the_default_configuration_writes() {
    let output = bss2(&["inspect", "registers", "0x1a121e", "--dump", "--seed", "2", "--json"]);
    assert!(output.stderr.is_empty(), "{output:?}");
    let dumped = json(&output);
    assert_eq!((&dumped["value"], &dumped["reset"]), (&0xbc.into(), &0.into()));
    let shown = text(&bss2(&["inspect", "registers", "CrossbarNode", "--dump"]).stdout);
    assert_eq!(shown.lines().filter(|line| line.starts_with("0x")).count(), 76);
    assert!(shown.starts_with("0x00130019  "), "{shown}");
}

#[test]
fn unknown_blocks_and_addresses_are_refused() {
    let lines = failure(&["inspect", "registers", "crossbarn"]);
    assert_eq!(
        lines,
        ["error: there is no register block named 'crossbarn'", "hint: did you mean CrossbarNode?",]
    );
    assert!(failure(&["inspect", "registers", "xyz"])[1].contains("lists all blocks"));
    let lines = failure(&["inspect", "registers", "0x5"]);
    assert!(lines[0].starts_with("error: nothing is at address 0x00000005"), "{lines:?}");
    for address in ["0x100000000", "12x", "0xg"] {
        let lines = failure(&["inspect", "registers", address]);
        assert!(lines[0].starts_with(&format!("error: address '{address}': not a number")), "{lines:?}");
    }
    let lines = failure(&["inspect", "registers", "SynapseQuad", "--dump"]);
    assert!(lines[0].contains("a view of the synapse array"), "{lines:?}");
    assert!(failure(&["inspect", "registers", "--seed", "2"])[0].contains("--dump"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let lines = failure(&["inspect", "chip", "--out", file.join("out").to_str().unwrap()]);
    assert!(lines[0].starts_with("error: output folder "), "{lines:?}");
}

#[test]
fn the_values_of_a_chip_can_be_written_changed_and_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chip.toml");
    let file = file.to_str().unwrap();
    // Two groups of chip 1 over chip 2, to the bit.
    let names = ["neuron.leak", "cadc.channel_offset.top"];
    let written = bss2(&[&["inspect", "values", "--chip-seed", "1", "-o", file], &names[..]].concat());
    assert_eq!(written.status.code(), Some(0), "{written:?}");
    let loaded = bss2(&["inspect", "values", "neuron.leak", "--chip-seed", "2", "--individuals", file]);
    let one = bss2(&["inspect", "values", "neuron.leak", "--chip-seed", "1"]);
    assert_eq!(text(&loaded.stdout).replace("# chip 2", "# chip 1"), text(&one.stdout));
    // One value alone, as text and as JSON.
    let threshold = ["inspect", "values", "neuron.threshold.offset.17", "--without", "fixed-pattern"];
    assert!(text(&bss2(&threshold).stdout).ends_with("\nneuron.threshold.offset.17 = 0.0\n"));
    let value = json(&bss2(&["inspect", "values", "neuron.threshold.offset.17", "--json"]));
    assert!(value["neuron"]["threshold"]["offset"]["17"].as_f64().unwrap().abs() < 0.11, "{value}");
    // What makes a chip takes it.
    let program = folder.path().join("program.txt");
    std::fs::write(&program, "bss2-program 1\nmarker\n").unwrap();
    let program = program.to_str().unwrap();
    for arguments in [
        &["inspect", "chip", "--individuals", file][..],
        &["ppu", "run", "hello", "--expect", "42", "--individuals", file, "--without", "noise"],
        &["play", program, "--individuals", file, "--without", "all"],
    ] {
        assert_eq!(bss2(arguments).status.code(), Some(0), "{arguments:?}");
    }
    // Mistakes have a file, a line and a name.
    std::fs::write(file, "[neuron.leak.a]\n16 = 2e-9\n17 = nan\n").unwrap();
    for command in
        [&["run", "pong"][..], &["play", program], &["ppu", "run", "hello"], &["inspect", "values"]]
    {
        let said = failure(&[command, &["--individuals", file]].concat()).join("\n");
        assert!(
            said.contains(file) && said.contains("line 3, neuron.leak.a.17: NaN is no finite number"),
            "{said}"
        );
    }
    let said = failure(&["inspect", "values", "neuron.leak.a.512"]).join("\n");
    assert!(said.contains("neuron.leak.a.512: no such place; here stands a neuron 0..=511"), "{said}");
    let said = failure(&["play", program, "--connect", "127.0.0.1", "--without", "noise"]).join("\n");
    assert!(said.contains("--without are for a new chip, and this one is at the other end"), "{said}");
}
