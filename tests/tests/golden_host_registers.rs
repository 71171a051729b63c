//! Registers against what the official host libraries write, read and convert.

use std::path::PathBuf;

use bss2_tests::golden::{check_file, host_registers::covers_conversion, read_records};

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/host").join(name)
}

/// Checks a file, of which at least `cases` records must be there and of the format `format`.
fn agrees(name: &str, format: &str, cases: usize) {
    let report = check_file(&golden(name)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(report.format, format);
    assert!(report.cases >= cases, "only {} records in {name}", report.cases);
    let failed = report.failed.iter().take(5);
    let failed: Vec<_> =
        failed.map(|(line, check)| format!("{line}: {}: {:#?}", check.name, check.differences)).collect();
    assert!(
        failed.is_empty(),
        "{} of {} fail, e.g. {}",
        report.failed.len(),
        report.cases,
        failed.join("\n")
    );
}

#[test]
fn what_the_host_writes_holds_the_values_it_means() {
    agrees("registers.jsonl.gz", "host containers", 10_338);
}

#[test]
fn composite_containers_and_the_default_chip_are_the_hosts() {
    agrees("lola.jsonl.gz", "host containers", 242);
}

#[test]
fn the_host_understands_raw_words_as_the_rows_do() {
    agrees("decode.jsonl.gz", "host reads", 698);
}

#[test]
fn every_coordinate_of_every_container_is_where_the_host_finds_it() {
    agrees("address-map.jsonl.gz", "host address map", 106);
}

#[test]
fn the_schemas_agree_on_instances_ranges_and_readability() {
    agrees("schema.jsonl.gz", "host container schemas", 107);
}

#[test]
fn coordinates_convert_as_the_host_converts_them() {
    agrees("coordinate-conversions.jsonl.gz", "host coordinates", 939);
    let records = read_records(&golden("coordinate-conversions.jsonl.gz")).unwrap();
    let covered = records.iter().filter(|(_, record)| covers_conversion(record)).count();
    assert!(covered >= 400, "only {covered} tables are between places on the chip");
}
