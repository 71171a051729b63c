//! What travels between host and FPGA against the official host libraries, and that the checker sees a wrong bit.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use bss2_tests::golden::{FileReport, GoldenError, check_file, find_files, read_records};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/host")
}

fn check(path: &Path) -> FileReport {
    check_file(path).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn agrees(name: &str, format: &str, cases: usize) {
    let report = check(&folder().join(name));
    assert_eq!((report.format, report.cases), (format, cases));
    let failed: Vec<String> = report.failed.iter().map(|(line, check)| format!("{line} {check:?}")).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn programs_are_encoded_built_and_answered_as_the_host_expects() {
    agrees("programs.jsonl.gz", "host programs", 86);
    agrees("container-programs.jsonl.gz", "host programs", 14);
    agrees("init-programs.jsonl.gz", "host programs", 6);
}

#[test]
fn responses_mean_to_us_what_they_mean_to_the_host() {
    agrees("from-fpga.jsonl.gz", "FPGA responses", 94);
}

#[test]
fn both_ends_of_the_transport_take_part_in_the_sessions_of_the_host() {
    agrees("arq-frames.jsonl.gz", "HostARQ sessions", 95);
}

#[test]
fn programs_for_the_processors_are_extracted_as_by_the_host() {
    agrees("ppu-elf.jsonl", "PPU programs", 2);
}

#[test]
fn composite_containers_are_where_the_host_has_them() {
    agrees("lola-decode.jsonl.gz", "host reads", 30);
    agrees("lola-schema.jsonl.gz", "host container schemas", 27);
}

#[test]
fn every_file_of_the_folder_has_a_known_format() {
    for file in find_files(&folder()).unwrap() {
        let records = read_records(&file).unwrap();
        let first: Vec<Value> = records.into_iter().take(1).map(|(_, record)| record).collect();
        let report = check(&write(&first));
        assert!(report.format != "empty", "{}", file.display());
    }
}

/// Puts records into a temporary file without a telling name.
fn write(records: &[Value]) -> PathBuf {
    let (mut file, path) = tempfile::NamedTempFile::new().unwrap().keep().unwrap();
    for record in records {
        writeln!(file, "{record}").unwrap();
    }
    path
}

/// The first record of a file for which `pick` holds, changed by `spoil`, must fail.
#[track_caller]
fn notices(name: &str, pick: impl Fn(&Value) -> bool, spoil: impl Fn(&mut Value)) {
    let records = read_records(&folder().join(name)).unwrap();
    let mut record = records.into_iter().map(|(_, record)| record).find(|record| pick(record)).unwrap();
    let path = write(std::slice::from_ref(&record));
    assert!(check(&path).failed.is_empty(), "{name} fails unspoilt");
    fs::remove_file(path).unwrap();
    spoil(&mut record);
    let path = write(&[record]);
    assert_eq!(check(&path).failed.len(), 1, "{name} passes although it is spoilt");
    fs::remove_file(path).unwrap();
}

/// Flips the lowest bit of a number in hexadecimal.
fn flip(value: &mut Value) {
    let digits = value.as_str().unwrap().trim_start_matches("0x");
    *value = format!("0x{:x}", u64::from_str_radix(digits, 16).unwrap() ^ 1).into();
}

#[test]
fn a_single_wrong_bit_is_noticed_in_every_kind_of_record() {
    let any = |_: &Value| true;
    let named = |name: &'static str| move |record: &Value| record["name"] == name;
    notices("programs.jsonl.gz", named("spike_pack_3"), |record| flip(&mut record["words"][0]));
    notices("programs.jsonl.gz", named("spike_pack_3"), |record| flip(&mut record["messages"][0]["raw"]));
    notices("programs.jsonl.gz", named("spike_pack_3"), |record| {
        record["program"][0]["labels"][1] = 7.into()
    });
    notices("programs.jsonl.gz", named("jtag_id"), |record| record["n_expected_responses"] = 2.into());
    notices("container-programs.jsonl.gz", named("read_jtag_id"), |record| flip(&mut record["words"][1]));
    notices("init-programs.jsonl.gz", any, |record| flip(&mut record["operations"][0]["data"]));
    let has_spikes =
        |record: &Value| record["host_view"]["spikes"].as_array().is_some_and(|all| !all.is_empty());
    notices("from-fpga.jsonl.gz", has_spikes, |record| flip(&mut record["words"][0]));
    notices("from-fpga.jsonl.gz", has_spikes, |record| record["host_view"]["spikes"][0]["label"] = 1.into());
    notices("from-fpga.jsonl.gz", any, |record| record["host_view"]["run_ok"] = false.into());
    let is_data = |record: &Value| record["decoded"]["kind"] == "data";
    notices("arq-frames.jsonl.gz", is_data, |record| record["decoded"]["seq"] = 77.into());
    notices("arq-frames.jsonl.gz", is_data, |record| flip(&mut record["decoded"]["words"][0]));
    notices("ppu-elf.jsonl", any, |record| flip(&mut record["internal_words"][0]));
    notices("ppu-elf.jsonl", any, |record| record["symbols"][0]["type"] = "other thing".into());
    let is_label = |record: &Value| record.get("spike_label").is_some();
    notices("coordinate-conversions.jsonl.gz", is_label, |record| record["synapse_label"] = 99.into());
    let over = |backend: &'static str| move |record: &Value| record["access"][0]["backend"] == backend;
    for backend in ["JTAGPLLRegister", "JTAGPhyRegister", "SPIDACDataRegister", "I2CINA219RwRegister"] {
        notices("registers.jsonl.gz", over(backend), |record| {
            flip(&mut record["access"][0]["ut"][1]["raw"]);
        });
    }
    notices("registers.jsonl.gz", over("JTAGPLLRegister"), |record| {
        flip(&mut record["access"][0]["ut"][3]["raw"]);
        flip(&mut record["access"][0]["ut"][3]["payload"]);
    });
}

#[test]
fn a_session_whose_peer_says_something_else_is_noticed() {
    let records = read_records(&folder().join("arq-frames.jsonl.gz")).unwrap();
    let mut records: Vec<Value> = records.into_iter().map(|(_, record)| record).collect();
    // The answer to the host's first reset, with another window size in its parameters.
    let configuration =
        records.iter_mut().find(|record| record["from"] == "peer" && record["session"] == "basic").unwrap();
    let hex = configuration["hex"].as_str().unwrap().replacen("00000080", "00000081", 1);
    configuration["hex"] = hex.into();
    let path = write(&records);
    let report = check(&path);
    fs::remove_file(path).unwrap();
    let failed: Vec<&str> = report.failed.iter().map(|(_, check)| check.name.as_str()).collect();
    assert_eq!(failed, ["basic, replayed", "basic frame 1"]);
}

#[test]
fn what_is_no_golden_file_is_refused_with_its_name_and_line() {
    let refused = |records: &[Value]| {
        let path = write(records);
        let error = check_file(&path).unwrap_err();
        let name = path.display().to_string();
        fs::remove_file(path).unwrap();
        assert!(error.to_string().starts_with(&name), "{error}");
        error
    };
    assert!(matches!(refused(&[serde_json::json!({"name": "x"})]), GoldenError::UnknownFormat { .. }));
    let program = serde_json::json!({"name": "x", "n_expected_responses": 0, "messages": [], "words": []});
    let broken = serde_json::json!({"name": "y", "n_expected_responses": 0, "messages": [{"m": "nonsense"}], "words": []});
    let error = refused(&[program, broken]);
    assert!(matches!(error, GoldenError::Record { line: 2, .. }), "{error}");
    let (mut file, path) = tempfile::NamedTempFile::new().unwrap().keep().unwrap();
    writeln!(file, "no JSON").unwrap();
    assert!(matches!(check_file(&path).unwrap_err(), GoldenError::Json { line: 1, .. }));
    fs::write(&path, [0x1f, 0x8b, 0, 0]).unwrap();
    assert!(matches!(check_file(&path).unwrap_err(), GoldenError::Io { .. }));
    fs::remove_file(path).unwrap();
}
