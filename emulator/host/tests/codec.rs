//! The message codec against words made by the official host libraries, and against itself.

mod golden;

use bss2_host::connection::{Connection, RunControl};
use bss2_host::executor::{Emission, Executor, ExecutorConfig};
use bss2_host::loopback::Loopback;
use bss2_host::message::*;
use bss2_host::playback::*;
use bss2_host::recording::{Completion, Recorder, Recording, TimeoutNotification};
use golden::{hex, records};
use proptest::prelude::*;
use serde_json::Value;

fn words(value: &Value) -> Vec<u64> {
    value.as_array().expect("a list of words").iter().map(hex).collect()
}

/// The symbolic form of a message to the FPGA.
fn instruction(message: &Value) -> Instruction {
    let value = || hex(&message["value"]);
    match message["m"].as_str().unwrap() {
        "to_fpga_jtag::Init" => Instruction::JtagInit,
        "to_fpga_jtag::Scaler" => Instruction::JtagScaler(value() as u8),
        "to_fpga_jtag::Ins" => Instruction::JtagInstruction(value() as u8),
        "to_fpga_jtag::Data" => Instruction::JtagData {
            data: hex(&message["payload"]),
            bits: message["num_bits"].as_u64().unwrap() as u8,
            keep_response: message["keep_response"].as_bool().unwrap(),
        },
        "timing::Setup" => Instruction::Setup,
        "timing::WaitUntil" => Instruction::WaitUntil(value() as u32),
        "timing::SystimeInit" => Instruction::SystimeInit(value() == 1),
        "timing::Barrier" => Instruction::Barrier(Barrier::from_bits(value() as u8)),
        "timing::PollingOmnibusBlock" => Instruction::PollingOmnibusBlock(value() == 1),
        "system::Reset" => Instruction::Reset(value() == 1),
        "system::Loopback" => Instruction::Loopback(value() == 1),
        "omnibus_to_fpga::Address" => Instruction::OmnibusAddress {
            address: hex(&message["address"]) as u32,
            enables: message["byte_enables"].as_u64().unwrap() as u8,
            read: message["is_read"].as_bool().unwrap(),
        },
        "omnibus_to_fpga::Data" => Instruction::OmnibusData(value() as u32),
        name if name.starts_with("event_to_fpga::SpikePack") => {
            let labels: Vec<u16> = message["spikes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|label| label.as_u64().unwrap() as u16)
                .collect();
            Instruction::SpikePack(Labels::new(&labels).unwrap())
        }
        name => panic!("unknown message {name}"),
    }
}

fn events(list: &Value, payload: &str) -> EventPack {
    let number = |event: &Value, key: &str| event[key].as_u64().unwrap();
    let events: Vec<Stamped> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|event| Stamped {
            stamp: number(event, "timestamp") as u8,
            value: number(event, payload) as u16,
        })
        .collect();
    EventPack::new(&events).unwrap()
}

/// The symbolic form of a message from the FPGA.
fn response(message: &Value) -> Response {
    let value = || hex(&message["value"]);
    let number = |key: &str| message[key].as_u64().unwrap();
    match message["m"].as_str().unwrap() {
        "jtag_from_hicann::Data" => Response::JtagData(value()),
        "omnibus_from_fpga::Data" => Response::OmnibusData(value() as u32),
        "from_fpga_system::Loopback" => Response::Loopback(value() == 1),
        "from_fpga_system::HighspeedLinkNotification" => Response::LinkNotification(value() as u8),
        "from_fpga_system::TimeoutNotification" => Response::Timeout(TimeoutNotification {
            instruction: number("timeout_value") as u32,
            trace_stall: number("trace_stall_cnt") as u8,
            reads_in_flight: number("omnibus_read_in_flight_cnt") as u8,
        }),
        "timing_from_fpga::Systime" => Response::Systime(value()),
        "timing_from_fpga::Sysdelta" => Response::Sysdelta(value() as u8),
        name if name.starts_with("event_from_fpga::MADC") => {
            Response::Madc(events(&message["samples"], "value"))
        }
        name if name.starts_with("event_from_fpga::Spike") => {
            Response::Spikes(events(&message["spikes"], "label"))
        }
        name => panic!("unknown message {name}"),
    }
}

#[test]
fn programs_encode_to_the_words_of_the_official_library() {
    let mut seen = 0;
    for file in ["programs", "container-programs", "init-programs"] {
        for record in records(file) {
            let name = &record["name"];
            let words = words(&record["words"]);
            let instructions: Vec<Instruction> =
                record["messages"].as_array().unwrap().iter().map(instruction).collect();
            let encoded: Vec<u64> = instructions.iter().copied().map(encode_instruction).collect();
            assert_eq!(encoded, words, "{file} {name}");
            let decoded: Vec<Instruction> =
                words.iter().map(|&word| decode_instruction(word).unwrap()).collect();
            assert_eq!(decoded, instructions, "{file} {name}");
            seen += words.len();
        }
    }
    assert!(seen > 4000, "{seen}");
}

#[test]
fn programs_end_with_a_halt_and_say_how_many_responses_they_expect() {
    for record in records("programs") {
        let name = &record["name"];
        let instructions =
            words(&record["words"]).into_iter().map(|word| decode_instruction(word).unwrap()).collect();
        let program = Program::from_instructions(instructions);
        assert_eq!(
            encode_program(&program).collect::<Vec<_>>(),
            self::words(&record["words_with_halt"]),
            "{name}"
        );
        let expected = record["n_expected_responses"].as_u64().unwrap();
        assert_eq!(program.expected_responses() as u64, expected, "{name}");
    }
}

#[test]
fn an_executor_gives_the_responses_that_the_host_expects() {
    for record in records("programs") {
        let name = record["name"].as_str().unwrap();
        let mut executor = Executor::new(Loopback::new(), ExecutorConfig::default());
        let instructions =
            words(&record["words"]).into_iter().map(|word| decode_instruction(word).unwrap()).collect();
        let results = executor.run(&Program::from_instructions(instructions)).unwrap();
        // A poll of a word that never changes ends the program early.
        if results.completion != Completion::Halted {
            assert!(
                name.starts_with("polling") || name.starts_with("mixed"),
                "{name}: {:?}",
                results.completion
            );
            continue;
        }
        let recording = results.recording;
        let count =
            recording.reads.value.len() + recording.jtag.value.len() + recording.markers.fpga_time.len();
        assert_eq!(count as u64, record["n_expected_responses"].as_u64().unwrap(), "{name}");
    }
}

#[test]
fn every_official_initialisation_completes() {
    for record in records("init-programs") {
        let name = record["name"].as_str().unwrap();
        let instructions =
            words(&record["words"]).into_iter().map(|word| decode_instruction(word).unwrap()).collect();
        let mut executor = Executor::new(Loopback::new(), ExecutorConfig::power_up());
        let results = executor.run(&Program::from_instructions(instructions)).unwrap();
        assert_eq!(results.completion, Completion::Halted, "{name}");
        // Whatever brings the chip up announces all links and synchronises the time.
        let links = if name.contains("board_only") { 0 } else { 8 };
        assert_eq!(results.recording.links.payload.len(), links, "{name}");
        assert_eq!(executor.fpga().systime().is_some(), links == 8, "{name}");
    }
}

#[test]
fn the_builder_writes_the_official_startup() {
    let record =
        records("init-programs").into_iter().find(|record| record["name"] == "SystemInit/cube_defaults");
    let expected = words(&record.expect("the record of the default start-up")["words"]);
    let program = startup_program();
    let encoded: Vec<u64> = program.instructions().iter().copied().map(encode_instruction).collect();
    for (index, (built, expected)) in encoded.iter().zip(&expected).enumerate() {
        assert_eq!(built, expected, "word {index}: {:?}", program.instructions()[index]);
    }
    assert_eq!(encoded.len(), expected.len());
}

#[test]
fn the_builder_writes_what_the_official_containers_write() {
    let build = |name: &str| {
        let mut builder = ProgramBuilder::new();
        match name {
            "timer_write_block_until" => {
                builder.wait(FpgaCycles(1000));
            }
            "barrier_container" => {
                builder.barrier(Barrier::OMNIBUS | Barrier::JTAG);
            }
            "polling_block_configured" => {
                builder.poll(0x20280, 0x429c_5725, 0x84_4125, true);
            }
            "event_recording_on_off" => {
                builder.event_recording(true).event_recording(false);
            }
            "read_jtag_id" => {
                builder.jtag_id();
            }
            "read_null_payload" => {
                builder.marker();
            }
            _ => return None,
        }
        builder.finish().ok()
    };
    let mut compared = 0;
    for record in records("container-programs") {
        let name = record["name"].as_str().unwrap();
        if let Some(program) = build(name) {
            let encoded: Vec<u64> = program.instructions().iter().copied().map(encode_instruction).collect();
            assert_eq!(encoded, words(&record["words"]), "{name}");
            compared += 1;
        }
    }
    assert_eq!(compared, 6);
}

#[test]
fn responses_encode_and_decode_as_in_the_official_library() {
    for record in records("from-fpga") {
        let name = &record["name"];
        let words = words(&record["words"]);
        let responses: Vec<Response> = record["messages"].as_array().unwrap().iter().map(response).collect();

        let mut decoder = ResponseDecoder::new();
        let mut decoded = Vec::new();
        for &word in &words {
            decoder.push(word, |response| decoded.push(response)).unwrap();
        }
        assert_eq!(decoded, responses, "{name}");
        assert!(!decoder.is_inside_message(), "{name}");

        let flushed: Vec<u64> =
            record["flushed_after"].as_array().unwrap().iter().map(|index| index.as_u64().unwrap()).collect();
        let mut encoder = ResponseEncoder::new();
        for (index, response) in (0..).zip(&responses) {
            encoder.push(response);
            if flushed.contains(&index) {
                encoder.flush();
            }
        }
        encoder.flush();
        // Idle words between messages are legal and carry nothing.
        let without_idle: Vec<u64> = encoder.take_words();
        if without_idle != words {
            let mut rest = without_idle.iter().copied().peekable();
            for &word in &words {
                if rest.peek() == Some(&word) {
                    rest.next();
                } else {
                    assert_eq!(word >> 63, 1, "{name}: {word:#018x}");
                }
            }
            assert_eq!(rest.next(), None, "{name}");
        }
    }
}

#[test]
fn times_are_reconstructed_as_the_official_host_does() {
    let mut compared = 0;
    for record in records("from-fpga") {
        let name = &record["name"];
        let view = &record["host_view"];
        let mut clock = HostClock::new();
        let mut recorder = Recorder::new();
        for message in record["messages"].as_array().unwrap() {
            let response = response(message);
            if let Some(time) = clock.stamp(&response) {
                recorder.push(time, &response);
            }
        }
        let Recording { spikes, madc, .. } = recorder.finish().recording;
        let expected = |list: &str, payload: &dyn Fn(&Value) -> u64| {
            let mut rows: Vec<[u64; 3]> = view[list]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| {
                    [
                        event["chip_time"].as_u64().unwrap(),
                        event["fpga_time"].as_u64().unwrap(),
                        payload(event),
                    ]
                })
                .collect();
            rows.sort_by_key(|row| row[0]);
            rows
        };
        let label = |event: &Value| event["label"].as_u64().unwrap();
        let rows: Vec<[u64; 3]> = (0..spikes.len())
            .map(|n| [spikes.chip_time[n], spikes.fpga_time[n], u64::from(spikes.label[n])])
            .collect();
        assert_eq!(rows, expected("spikes", &label), "{name}");
        compared += rows.len();

        let sample =
            |event: &Value| event["value"].as_u64().unwrap() | event["channel"].as_u64().unwrap() << 10;
        let rows: Vec<[u64; 3]> = (0..madc.len())
            .map(|n| [madc.chip_time[n], madc.fpga_time[n], u64::from(madc.value[n] & 0x7FF)])
            .collect();
        assert_eq!(rows, expected("madc_samples", &sample), "{name}");
        compared += rows.len();
    }
    assert!(compared > 1000, "{compared}");
}

/// Addresses that do something, and others. Not the instruction timeout: a poll of 34 s would take too long here.
fn any_address() -> impl Strategy<Value = u32> {
    prop_oneof![
        0..4_u32,
        Just(CHIP_PHY_ENABLE),
        Just(FPGA_EVENT_RECORDING),
        FPGA_POLL_ADDRESS..=FPGA_POLL_MASK,
        0x8800_0000..0x8800_0009_u32,
        0x8800_000A..0x8800_0010_u32,
        0x8800_2000..0x8800_2008_u32,
        FPGA_PHY_ENABLE..FPGA_PHY_ENABLE + 32,
        FPGA_SPI..FPGA_SPI + 8,
        0x8800_7800..0x8800_7A01_u32,
        0x8800_C000..0x8800_C020_u32,
        0x8000_7FF0..0x8000_8010_u32,
        0x8400_0000..0x8400_0010_u32,
        any::<u32>().prop_filter("instruction timeout", |&address| address != FPGA_INSTRUCTION_TIMEOUT),
    ]
}

fn any_instruction() -> impl Strategy<Value = Instruction> {
    prop_oneof![
        Just(Instruction::JtagInit),
        any::<u8>().prop_map(Instruction::JtagScaler),
        (0..128_u8).prop_map(Instruction::JtagInstruction),
        (0..1_u64 << 33, 3..=33_u8, any::<bool>())
            .prop_map(|(data, bits, keep_response)| Instruction::JtagData { data, bits, keep_response }),
        Just(Instruction::Setup),
        any::<u32>().prop_map(Instruction::WaitUntil),
        any::<bool>().prop_map(Instruction::SystimeInit),
        any::<u8>().prop_map(|bits| Instruction::Barrier(Barrier::from_bits(bits))),
        any::<bool>().prop_map(Instruction::PollingOmnibusBlock),
        any::<bool>().prop_map(Instruction::Reset),
        any::<bool>().prop_map(Instruction::Loopback),
        (any_address(), 0..16_u8, any::<bool>())
            .prop_map(|(address, enables, read)| Instruction::OmnibusAddress { address, enables, read }),
        prop_oneof![any::<u32>(), Just(0), Just(0xFF)].prop_map(Instruction::OmnibusData),
        prop::collection::vec(any::<u16>(), 1..=3)
            .prop_map(|labels| Instruction::SpikePack(Labels::new(&labels).unwrap())),
    ]
}

fn any_pack() -> impl Strategy<Value = EventPack> {
    prop::collection::vec((any::<u8>(), any::<u16>()), 1..=3).prop_map(|events| {
        let events: Vec<Stamped> =
            events.into_iter().map(|(stamp, value)| Stamped { stamp, value }).collect();
        EventPack::new(&events).unwrap()
    })
}

fn any_response() -> impl Strategy<Value = Response> {
    prop_oneof![
        (0..1_u64 << 33).prop_map(Response::JtagData),
        any::<u32>().prop_map(Response::OmnibusData),
        any::<bool>().prop_map(Response::Loopback),
        any::<u8>().prop_map(Response::LinkNotification),
        (any::<u32>(), 0..128_u8, 0..64_u8).prop_map(|(instruction, trace_stall, reads_in_flight)| {
            Response::Timeout(TimeoutNotification { instruction, trace_stall, reads_in_flight })
        }),
        (0..1_u64 << 43).prop_map(Response::Systime),
        any::<u8>().prop_map(Response::Sysdelta),
        any_pack().prop_map(Response::Madc),
        any_pack().prop_map(Response::Spikes),
    ]
}

proptest! {
    #[test]
    fn every_instruction_survives_its_word(instruction in any_instruction()) {
        let word = encode_instruction(instruction);
        prop_assert_eq!(word >> 63, 0);
        prop_assert_eq!(decode_instruction(word), Ok(instruction));
    }

    #[test]
    fn any_word_is_an_instruction_or_an_error(word: u64) {
        if let Ok(instruction) = decode_instruction(word) {
            prop_assert_eq!(decode_instruction(encode_instruction(instruction)), Ok(instruction));
        }
    }

    #[test]
    fn responses_survive_packing_with_any_flushes(
        responses in prop::collection::vec((any_response(), any::<bool>(), any::<bool>()), 0..60),
    ) {
        let mut encoder = ResponseEncoder::new();
        let mut words = Vec::new();
        for (response, flush, idle) in &responses {
            encoder.push(response);
            if *flush {
                encoder.flush();
                words.extend(encoder.take_words());
                if *idle {
                    words.push(1 << 63 | 0x1234);
                }
            }
        }
        encoder.flush();
        words.extend(encoder.take_words());
        let mut decoder = ResponseDecoder::new();
        let mut decoded = Vec::new();
        for word in words {
            decoder.push(word, |response| decoded.push(response)).unwrap();
        }
        prop_assert!(!decoder.is_inside_message());
        prop_assert_eq!(decoded, responses.into_iter().map(|entry| entry.0).collect::<Vec<_>>());
    }

    #[test]
    fn any_words_decode_without_panic(words in prop::collection::vec(any::<u64>(), 0..40)) {
        let mut decoder = ResponseDecoder::new();
        for word in words {
            let mut count = 0;
            let _ = decoder.push(word, |_| count += 1);
            prop_assert!(count <= 2);
        }
    }

    /// The rule of host-interface 2.8: known times in, the same times out, whatever their order.
    #[test]
    fn the_host_recovers_the_time_of_every_response(
        start in 0..1_u64 << 43,
        gaps in prop::collection::vec(prop_oneof![1..4_u64, 250..270_u64, 0..1_u64 << 40], 1..50),
    ) {
        let mut annotator = Annotator::new();
        let mut clock = HostClock::new();
        let mut time = start;
        for gap in gaps {
            let mut stamps = Vec::new();
            annotator.push(time, true, &Response::OmnibusData(0), |message| stamps.extend(clock.stamp(message)));
            prop_assert_eq!(stamps, vec![time]);
            time = (time + gap) & ((1 << 43) - 1);
        }
    }

    /// What an executor emits, sent as words and decoded like the host does, is what it records itself.
    #[test]
    fn random_programs_give_the_same_recording_over_the_wire(
        instructions in prop::collection::vec(any_instruction(), 0..120),
        power_up: bool,
    ) {
        let config = if power_up { ExecutorConfig::power_up() } else { ExecutorConfig::default() };
        let instructions: Vec<Instruction> = instructions
            .into_iter()
            .filter(|&instruction| instruction != Instruction::HALT)
            // Waits of a few seconds at most: the length is not the point.
            .map(|instruction| match instruction {
                Instruction::WaitUntil(time) => Instruction::WaitUntil(time >> 16),
                instruction => instruction,
            })
            .collect();
        let mut local = Executor::new(Loopback::new(), config.clone());
        let direct = local.run(&Program::from_instructions(instructions.clone())).unwrap();

        let mut encoder = ResponseEncoder::new();
        let mut annotator = Annotator::new();
        let mut remote = Executor::new(Loopback::new(), config);
        let mut sink = |Emission { time, synchronised, response }| {
            annotator.push(time, synchronised, &response, |message| encoder.push(message));
        };
        remote.feed(&instructions, &mut RunControl::default(), &mut sink);
        remote.feed(&[Instruction::HALT], &mut RunControl::default(), &mut sink);
        encoder.flush();

        let mut decoder = ResponseDecoder::new();
        let mut clock = HostClock::new();
        let mut recorder = Recorder::new();
        for word in encoder.take_words() {
            decoder.push(word, |response| {
                if let Some(time) = clock.stamp(&response) {
                    recorder.push(time, &response);
                }
            }).unwrap();
        }
        prop_assert!(recorder.is_halted());
        prop_assert_eq!(recorder.finish(), direct);
    }
}
