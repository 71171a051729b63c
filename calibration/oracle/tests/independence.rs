//! Routines know nothing of the model (calibration 12, P1 and P4; 13).

#[test]
fn the_calibration_depends_neither_on_the_model_nor_on_the_oracle() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    for forbidden in ["bss2-chip", "bss2-analog", "bss2-events", "bss2-calibration-oracle"] {
        assert!(!dependencies.contains(forbidden), "{forbidden} among\n{dependencies}");
    }
    assert!(dependencies.contains("bss2-host"));
}
