//! Results, files and the cache (calibration 7, 13; T-IO).

use bss2_calibration::cache::Cache;
use bss2_calibration::link::{BoardState, Write};
use bss2_calibration::result::{
    CalibrationResult, ChipIdentity, Header, InstanceKind, Record, diff, load, save,
};
use bss2_calibration::routine::Outcome;
use bss2_host::playback::ProgramBuilder;
use proptest::prelude::*;

fn header() -> Header {
    Header::new(ChipIdentity::emulated(3, "model 1"), "hagen", &vec![0.1, 0.2], &"fast", 7).unwrap()
}

fn outcome(routine: &str, parameters: Vec<i32>, success: Vec<bool>) -> Outcome {
    Outcome {
        routine: routine.into(),
        knob: "v_leak".into(),
        targets: vec![0.1; parameters.len()],
        residuals: parameters.iter().map(|&p| f64::from(p) / 3.0).collect(),
        parameters,
        success,
    }
}

fn example() -> CalibrationResult {
    CalibrationResult {
        header: header(),
        records: vec![
            Record::new(
                InstanceKind::Neuron,
                [4, 7, 511],
                outcome("leak", vec![600, 0, 630], vec![true, false, true]),
            ),
            Record::new(
                InstanceKind::Neuron,
                [4, 7, 511],
                outcome("reset", vec![1, 2, 3], vec![true, true, true]),
            ),
            Record::of_all(InstanceKind::Quadrant, outcome("ramp", vec![30; 4], vec![true; 4])),
        ],
        writes: vec![
            Write { address: 0x0002_0000, value: 5, enables: 0xf },
            Write { address: 0x0001_0000, value: 0xffff_ffff, enables: 0x3 },
        ],
        board: BoardState { switches: Some(0x9c40), voltages: [((0, 7), 3031), ((1, 2), 4)].into() },
    }
}

#[test]
fn a_file_gives_back_the_result_and_its_text() {
    let result = example();
    let text = result.to_json();
    let back = CalibrationResult::from_json(&text).unwrap();
    assert_eq!(back, result);
    assert_eq!(back.to_json(), text);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.json");
    save(&result, &path).unwrap();
    assert_eq!(load(&path).unwrap(), result);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn applying_writes_the_words_in_their_order() {
    let mut program = ProgramBuilder::new();
    example().write(&mut program);
    let mut wanted = ProgramBuilder::new();
    example().board.write(&mut wanted);
    wanted.write_bytes(0x0002_0000, 5, 0xf).write_bytes(0x0001_0000, 0xffff_ffff, 3);
    assert_eq!(program.finish().unwrap().instructions(), wanted.finish().unwrap().instructions());
}

#[test]
fn masks_say_which_routine_failed_and_which_instances_are_usable() {
    let result = example();
    let seven = result.instance(InstanceKind::Neuron, 7).unwrap();
    assert!(!seven.success);
    assert_eq!(seven.failing, ["leak"]);
    assert_eq!(seven.residuals, [("leak", 0.0), ("reset", 2.0 / 3.0)]);
    assert_eq!(result.instance(InstanceKind::Neuron, 8), None);
    let usable = |routines: Option<&[&str]>| -> Vec<usize> {
        let usable = result.usable(InstanceKind::Neuron, routines);
        (0..usable.len()).filter(|&number| usable[number]).collect()
    };
    assert_eq!(usable(None), [4, 511]);
    assert_eq!(usable(Some(&["reset"])), [4, 7, 511]);
    assert!(usable(Some(&["reset", "never ran"])).is_empty());
    assert!(result.usable(InstanceKind::Driver, None).iter().all(|usable| !usable));
}

#[test]
fn a_routine_that_ran_again_counts_with_its_last_outcome() {
    let mut result = example();
    result.records.push(Record::new(
        InstanceKind::Neuron,
        [4, 7, 511],
        outcome("leak", vec![600, 1, 630], vec![true; 3]),
    ));
    assert!(result.instance(InstanceKind::Neuron, 7).unwrap().success);
}

#[test]
fn a_difference_names_header_routines_words_and_board() {
    let first = example();
    assert!(diff(&first, &first).is_empty());
    let mut second = first.clone();
    second.header.seed = 8;
    second.records[0] = Record::new(
        InstanceKind::Neuron,
        [4, 7, 511],
        outcome("leak", vec![610, 2, 630], vec![false, true, true]),
    );
    second.records.pop();
    second.writes[0].value = 6;
    second.board.voltages.insert((0, 7), 1);
    let text = diff(&first, &second).to_string();
    for wanted in [
        "seed: 7 and 8",
        "leak: 2 of 3 settings differ, by +4.0 on average and at most 10",
        "fail only in the second: 4",
        "fail only in the first: 7",
        "ramp: only in the first",
        "1 words differ",
        "board: converter 0, channel 7",
    ] {
        assert!(text.contains(wanted), "{wanted:?} is missing in\n{text}");
    }
}

#[test]
fn damaged_files_are_told_with_their_place() {
    let text = example().to_json();
    let error = |text: &str| CalibrationResult::from_json(text).unwrap_err().to_string();
    assert!(error(&text[..text.len() / 2]).starts_with("line "), "{}", error(&text[..text.len() / 2]));
    assert!(error(&text.replace("\"format\": 1", "\"format\": 9")).contains("version 9"));
    assert!(error(&text.replace("00020000 00000005 f", "00020000 0000005 f")).starts_with("writes[0]: "));
    assert!(
        error(&text.replace("[4,7,511]", "[4,7,512]")).starts_with("routines[0] (leak): instance 512 of 512")
    );
    assert!(error(&text.replace("[4,7,511]", "[4,7,7]")).contains("instance 7 twice"));
    assert!(error(&text.replace("[600,0,630]", "[600,630]")).contains("2 parameters for 3 instances"));
    assert!(error(&text.replace("[0,7,3031]", "[0,9,3031]")).starts_with("board.voltages[0]: "));
    let missing = load(std::path::Path::new("/nonexistent/a.json")).unwrap_err().to_string();
    assert!(missing.starts_with("/nonexistent/a.json: "), "{missing}");
}

#[test]
fn the_cache_gives_back_what_was_stored_for_exactly_this_header() {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache { directories: vec![directory.path().join("new")], read_only: false };
    let result = example();
    assert!(cache.find(&result.header).0.is_none());
    let path = cache.store(&result).unwrap().unwrap();
    assert_eq!(cache.find(&result.header).0.unwrap().result, result);
    let changes: [fn(&mut Header); 6] = [
        |header| header.chip.seed = Some(4),
        |header| header.chip.model = Some("model 2".into()),
        |header| header.target = serde_json::json!([0.1, 0.3]),
        |header| header.options = serde_json::json!("slow"),
        |header| header.seed = 8,
        |header| header.software.push('+'),
    ];
    for change in changes {
        let mut other = result.header.clone();
        change(&mut other);
        assert!(cache.find(&other).0.is_none());
    }
    // A second call does not calibrate; a damaged file does, and is told.
    let never = || -> Result<_, String> { Err("calibrated".to_owned()) };
    assert_eq!(cache.get_or(&result.header, never, |_| panic!()).unwrap(), result);
    std::fs::write(&path, "{").unwrap();
    let mut problems = Vec::new();
    let again =
        cache.get_or(&result.header, || Ok::<_, String>(result.clone()), |p| problems.push(p.to_string()));
    assert_eq!(again.unwrap(), result);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].contains("line 1"), "{problems:?}");
    assert_eq!(cache.find(&result.header).0.unwrap().result, result);
    // No directories: every call calibrates.
    assert_eq!(Cache::off().get_or(&result.header, never, |_| panic!()), Err("calibrated".to_owned()));
}

proptest! {
    #[test]
    fn every_result_makes_the_round_trip_bit_by_bit(
        numbers in proptest::collection::vec((any::<i32>(), any::<bool>(), any::<f64>(), any::<f64>()), 0..40),
        words in proptest::collection::vec((any::<u32>(), any::<u32>(), 1u8..16), 0..40),
        name in ".*", seed: u64, switches: Option<u32>, tree in any::<f64>(),
    ) {
        let outcome = Outcome {
            routine: name.clone(),
            knob: name.clone(),
            parameters: numbers.iter().map(|n| n.0).collect(),
            success: numbers.iter().map(|n| n.1).collect(),
            targets: numbers.iter().map(|n| n.2).collect(),
            residuals: numbers.iter().map(|n| n.3).collect(),
        };
        let count = numbers.len() as u32;
        let result = CalibrationResult {
            header: Header { seed, target: serde_json::json!({ "a": tree, "b": [name] }), ..header() },
            records: vec![Record::new(InstanceKind::Synapse, (0..count).map(|n| n * 100), outcome)],
            writes: words.into_iter().map(|(address, value, enables)| Write { address, value, enables }).collect(),
            board: BoardState { switches, ..BoardState::default() },
        };
        let text = result.to_json();
        let back = CalibrationResult::from_json(&text).unwrap();
        prop_assert_eq!(back.to_json(), text);
        prop_assert_eq!(back, result);
    }

    #[test]
    fn no_text_makes_reading_panic(position in 0usize..4000, byte: u8, cut in 0usize..4000) {
        let mut bytes = example().to_json().into_bytes();
        let position = position % bytes.len();
        bytes[position] = byte;
        bytes.truncate(bytes.len() - cut % bytes.len());
        let _ = CalibrationResult::from_json(&String::from_utf8_lossy(&bytes));
    }
}
