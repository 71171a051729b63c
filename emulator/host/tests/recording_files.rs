//! Recordings survive their files, and damaged files are refused.

use bss2_host::recording::*;
use bss2_host::text::TextError;
use proptest::prelude::*;

fn any_results() -> impl Strategy<Value = Results> {
    let events = || prop::collection::vec((any::<u64>(), any::<u64>(), any::<u8>(), any::<u16>()), 0..20);
    let completion = prop_oneof![
        Just(Completion::Halted),
        any::<usize>().prop_map(|instruction| Completion::Cancelled { instruction }),
        any::<(u32, u8, u8)>().prop_map(|(instruction, trace_stall, reads_in_flight)| {
            Completion::TimedOut(TimeoutNotification { instruction, trace_stall, reads_in_flight })
        }),
    ];
    let columns = (
        prop::collection::vec(any::<(u64, u32)>(), 0..20),
        prop::collection::vec(any::<(u64, u64)>(), 0..20),
        prop::collection::vec(any::<u64>(), 0..20),
        prop::collection::vec(any::<(u64, u8)>(), 0..20),
    );
    (completion, events(), events(), columns).prop_map(|(completion, spikes, madc, columns)| {
        let mut recording = Recording::default();
        for (chip_time, fpga_time, stamp, label) in spikes {
            recording.spikes.chip_time.push(chip_time);
            recording.spikes.fpga_time.push(fpga_time);
            recording.spikes.stamp.push(stamp);
            recording.spikes.label.push(label);
        }
        for (chip_time, fpga_time, stamp, value) in madc {
            recording.madc.chip_time.push(chip_time);
            recording.madc.fpga_time.push(fpga_time);
            recording.madc.stamp.push(stamp);
            recording.madc.value.push(value);
        }
        (recording.reads.fpga_time, recording.reads.value) = columns.0.into_iter().unzip();
        (recording.jtag.fpga_time, recording.jtag.value) = columns.1.into_iter().unzip();
        recording.markers.fpga_time = columns.2;
        (recording.links.fpga_time, recording.links.payload) = columns.3.into_iter().unzip();
        Results { completion, recording }
    })
}

proptest! {
    #[test]
    fn text_and_binary_files_give_the_same_results_back(results in any_results()) {
        prop_assert_eq!(Results::from_bytes(&results.to_bytes().unwrap()), Ok(results.clone()));
        prop_assert_eq!(Results::from_text(&results.to_text()), Ok(results));
    }

    #[test]
    fn any_bytes_are_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Results::from_bytes(&bytes).is_err());
        prop_assert!(Results::from_text(&String::from_utf8_lossy(&bytes)).is_err());
    }

    #[test]
    fn damaged_text_never_panics(results in any_results(), position: prop::sample::Index, byte in 0x20..0x7F_u8) {
        let mut text = results.to_text().into_bytes();
        let position = position.index(text.len());
        text[position] = byte;
        let _ = Results::from_text(&String::from_utf8_lossy(&text));
    }
}

#[test]
fn a_mistake_in_a_text_file_is_named_with_its_line() {
    let text = "bss2-recording 1\ncompletion halted\n\n# comment\nspikes 1\n12 13 14 0xQ\n";
    assert_eq!(
        Results::from_text(text),
        Err(RecordingError::Text(TextError::Unexpected {
            line: 6,
            column: 10,
            expected: "a label",
            found: "0xQ".into()
        }))
    );
    assert_eq!(
        Results::from_text("bss2-recording 1\n"),
        Err(RecordingError::Text(TextError::End("`completion`")))
    );
}

#[test]
fn ragged_columns_are_refused() {
    let mut results = Results { completion: Completion::Halted, recording: Recording::default() };
    results.recording.spikes.label.push(1);
    assert_eq!(Results::from_bytes(&results.to_bytes().unwrap()), Err(RecordingError::Ragged("spikes")));
}
