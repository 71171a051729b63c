//! The reliable transport against sessions of the official host implementation, and against a bad network.

mod golden;

use bss2_base::random::SequentialRng;
use bss2_host::arq::*;
use golden::{hex, records};
use proptest::prelude::*;
use rand::SeedableRng as _;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

fn bytes(record: &Value) -> Vec<u8> {
    let text = record["hex"].as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The sessions of the golden data with their frames.
fn sessions() -> BTreeMap<String, Vec<Value>> {
    let mut sessions: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in records("arq-frames") {
        let frames = sessions.entry(record["session"].as_str().unwrap().into()).or_default();
        if record.get("hex").is_some() {
            frames.push(record);
        }
    }
    sessions
}

fn is_reset(frame: &Value) -> bool {
    frame["fpga_udp_port"] == u64::from(RESET_PORT)
}

fn data(frame: &Value) -> Option<DataFrame> {
    match Datagram::decode(&bytes(frame)).unwrap() {
        Datagram::Data(frame) => Some(frame),
        Datagram::Ack(_) => None,
    }
}

/// Sequence number, packet and words of the data frames among datagrams; repetitions left out.
fn sent(datagrams: &[Vec<u8>]) -> Vec<(u8, u16, Vec<u64>)> {
    let mut frames: Vec<(u8, u16, Vec<u64>)> = Vec::new();
    for datagram in datagrams {
        if let Datagram::Data(frame) = Datagram::decode(datagram).unwrap()
            && frames.iter().all(|known| known.0 != frame.sequence)
        {
            frames.push((frame.sequence, frame.packet, frame.words));
        }
    }
    frames
}

#[test]
fn golden_datagrams_are_understood_and_reproduced_byte_for_byte() {
    let mut seen = 0;
    for frame in sessions().into_values().flatten() {
        let bytes = bytes(&frame);
        if is_reset(&frame) {
            assert_eq!(bytes, RESET_DATAGRAM);
            continue;
        }
        let decoded = Datagram::decode(&bytes).unwrap();
        assert_eq!(decoded.encode(), bytes);
        let expected = &frame["decoded"];
        match decoded {
            Datagram::Ack(ack) => {
                assert_eq!(expected["kind"], "ack");
                assert_eq!(expected["ack"], u64::from(ack));
            }
            Datagram::Data(data) => {
                assert_eq!(expected["kind"], "data");
                assert_eq!(expected["ack"], u64::from(data.ack));
                assert_eq!(expected["seq"], u64::from(data.sequence));
                assert_eq!(hex(&expected["pid"]), u64::from(data.packet));
                let words: Vec<u64> = expected["words"].as_array().unwrap().iter().map(hex).collect();
                assert_eq!(data.words, words);
            }
        }
        seen += 1;
    }
    assert!(seen > 80, "{seen}");
}

#[test]
fn the_fpga_answers_the_official_host_as_the_golden_peer_did() {
    for (name, frames) in sessions() {
        // The text of the configuration, as the golden peer sent it.
        let configuration: Vec<u64> = frames
            .iter()
            .filter(|frame| frame["from"] == "peer")
            .filter_map(data)
            .filter(|frame| frame.packet == packet_id::CONFIGURATION)
            .flat_map(|frame| frame.words)
            .collect();
        let text: Vec<u8> = configuration[4..].iter().flat_map(|word| word.to_be_bytes()).collect();
        let text = String::from_utf8(text).unwrap().trim_end_matches('\0').to_string();
        let mut fpga = FpgaTransport::new(ArqConfig::default(), BitfileInfo { text });

        let mut datagrams = Vec::new();
        let mut received = Vec::new();
        let mut expected_words = Vec::new();
        let mut next_host_sequence = 0;
        for frame in &frames {
            let now = Duration::from_micros(frame["t_us"].as_u64().unwrap());
            let dropped = frame["dropped_by_peer"] == true;
            match (frame["from"].as_str().unwrap(), data_or_reset(frame)) {
                ("host", None) => fpga.reset(),
                ("host", Some(datagram)) if !dropped => {
                    fpga.accept(&bytes(frame)).unwrap();
                    if let Datagram::Data(data) = datagram
                        && data.sequence == next_host_sequence
                    {
                        next_host_sequence += 1;
                        if data.packet == packet_id::UT {
                            expected_words.extend(data.words);
                        }
                    }
                }
                ("peer", Some(Datagram::Data(data))) if data.packet == packet_id::UT => {
                    fpga.send(&data.words)
                }
                _ => {}
            }
            while let Some(words) = fpga.receive() {
                received.extend(words);
            }
            while let Some(datagram) = fpga.transmit(now).unwrap() {
                datagrams.push(datagram);
            }
        }
        assert_eq!(received, expected_words, "{name}");
        let golden: Vec<Vec<u8>> = frames.iter().filter(|frame| frame["from"] == "peer").map(bytes).collect();
        assert_eq!(sent(&datagrams), sent(&golden), "{name}");
        // The first datagram is the configuration, to the byte.
        assert_eq!(datagrams[0], golden[0], "{name}");
        // Every host frame is acknowledged in the end.
        let last = datagrams.last().map(|datagram| Datagram::decode(datagram).unwrap());
        assert_eq!(last, Some(Datagram::Ack(next_host_sequence - 1)), "{name}");
    }
}

fn data_or_reset(frame: &Value) -> Option<Datagram> {
    (!is_reset(frame)).then(|| Datagram::decode(&bytes(frame)).unwrap())
}

#[test]
fn the_host_talks_like_the_official_one() {
    for (name, frames) in sessions() {
        let host_frames: Vec<Vec<u8>> =
            frames.iter().filter(|frame| frame["from"] == "host" && !is_reset(frame)).map(bytes).collect();
        let golden = sent(&host_frames);
        let check = golden[0].2[0];
        let mut host = HostTransport::new(ArqConfig::default(), check);
        let mut datagrams = Vec::new();
        for frame in &frames {
            let now = Duration::from_micros(frame["t_us"].as_u64().unwrap());
            match (frame["from"].as_str().unwrap(), data_or_reset(frame)) {
                ("peer", Some(_)) => host.accept(&bytes(frame)).unwrap().unwrap(),
                ("host", Some(Datagram::Data(data))) if data.packet == packet_id::UT => {
                    assert!(host.is_ready(), "{name}");
                    // The official host repeats what was lost.
                    if frame["dropped_by_peer"] != true {
                        host.send(&data.words);
                    }
                }
                ("host", Some(Datagram::Data(data))) if data.packet == packet_id::FLUSH => host.close(),
                _ => {}
            }
            while host.receive().is_some() {}
            while let Some(datagram) = host.transmit(now).unwrap() {
                datagrams.push(datagram);
            }
        }
        let ours = sent(&datagrams);
        // The words of the goodbye carry no meaning.
        for (ours, golden) in ours.iter().zip(&golden) {
            assert_eq!((ours.0, ours.1), (golden.0, golden.1), "{name}");
            if ours.1 != packet_id::FLUSH {
                assert_eq!(ours.2, golden.2, "{name}");
            }
        }
        assert_eq!(ours.len(), golden.len(), "{name}");
    }
}

#[test]
fn the_configuration_is_that_of_the_specification() {
    let mut fpga = FpgaTransport::new(ArqConfig::default(), BitfileInfo::default());
    fpga.reset();
    let datagram = fpga.transmit(Duration::ZERO).unwrap().unwrap();
    let text: String = datagram.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(
        text,
        "000000FF0000000080020009000000000000010000000000000000800000000000\
         0000B4000000000000000576657273696F6E3A2031300A636F6D70617469626C655F\
         756E74696C3A20320A0000000000000000"
            .replace(' ', "")
    );
}

#[test]
fn a_wrong_greeting_is_refused() {
    let frame = |packet, words: &[u64]| {
        Datagram::Data(DataFrame { ack: 255, sequence: 0, packet, words: words.to_vec() }).encode()
    };
    let greeted = |bytes: Vec<u8>| HostTransport::new(ArqConfig::default(), 1).accept(&bytes);
    for words in [[255, 128, 180, 0], [256, 64, 180, 0], [256, 128, 181, 0]] {
        let answer = greeted(frame(packet_id::CONFIGURATION, &words));
        assert_eq!(answer, Ok(Err(HandshakeError::Parameters(words.to_vec()))));
    }
    let answer = greeted(frame(packet_id::CONFIGURATION, &[256, 128, 180, 1 << 40]));
    assert_eq!(answer, Ok(Err(HandshakeError::TextLength(1 << 40))));
    let answer = greeted(frame(packet_id::UT, &[1]));
    assert_eq!(answer, Ok(Err(HandshakeError::NotConfiguration(packet_id::UT))));
}

#[test]
fn a_silent_peer_is_given_up() {
    let config = ArqConfig { transmissions: 3, ..ArqConfig::default() };
    let mut arq = Arq::new(config);
    arq.send(packet_id::UT, &[1]);
    let mut now = Duration::ZERO;
    let mut transmissions = 0;
    let error = loop {
        match arq.transmit(now) {
            Ok(Some(_)) => transmissions += 1,
            Ok(None) => now = arq.next_transmission().unwrap(),
            Err(error) => break error,
        }
    };
    assert_eq!(transmissions, 3);
    assert_eq!(error, PeerGone { sequence: 0, transmissions: 3 });
}

#[test]
fn at_most_128_frames_are_under_way() {
    let mut arq = Arq::new(ArqConfig::default());
    arq.send(packet_id::UT, &vec![0; 180 * 300]);
    let mut count = 0;
    while arq.transmit(Duration::ZERO).unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 128);
    arq.accept(&Datagram::Ack(9).encode()).unwrap();
    let mut more = 0;
    while arq.transmit(Duration::ZERO).unwrap().is_some() {
        more += 1;
    }
    assert_eq!(more, 10);
}

/// A frame with its number as word.
fn numbered(sequence: u8) -> Vec<u8> {
    let words = vec![sequence.into()];
    Datagram::Data(DataFrame { ack: 255, sequence, packet: packet_id::UT, words }).encode()
}

#[test]
fn a_frame_is_taken_up_to_127_ahead_of_the_expected_one_and_no_further() {
    for (first, taken) in [(127, 128), (128, 127)] {
        let mut arq = Arq::new(ArqConfig::default());
        arq.accept(&numbered(first)).unwrap();
        (0..127).for_each(|sequence| arq.accept(&numbered(sequence)).unwrap());
        let received = std::iter::from_fn(|| arq.receive()).map(|(_, words)| words[0]);
        assert!(received.eq(0..taken), "{first} came first");
        assert_eq!(arq.acknowledged(), taken as u8 - 1);
        arq.accept(&numbered(127)).unwrap();
        assert_eq!(arq.acknowledged(), 127, "{first} came first");
    }
}

#[test]
fn a_duplicate_is_answered_with_the_present_acknowledgement() {
    let mut arq = Arq::new(ArqConfig::default());
    for (sequence, ack) in [(0, 0), (1, 1), (0, 1), (2, 2), (2, 2), (1, 2), (4, 2), (4, 2), (3, 4)] {
        arq.accept(&numbered(sequence)).unwrap();
        assert_eq!(arq.transmit(Duration::ZERO).unwrap(), Some(Datagram::Ack(ack).encode()), "{sequence}");
        assert_eq!(arq.transmit(Duration::ZERO).unwrap(), None, "one is enough");
    }
    assert_eq!(std::iter::from_fn(|| arq.receive()).count(), 5);
}

#[test]
fn an_unacknowledged_frame_is_sent_again_after_1_2_4_up_to_32_intervals() {
    let interval = ArqConfig::default().retransmit_after;
    let mut arq = Arq::new(ArqConfig::default());
    arq.send(packet_id::UT, &[1]);
    let mut sent = Vec::new();
    for tick in 0..200 {
        while arq.transmit(interval * tick).unwrap().is_some() {
            sent.push(tick);
        }
    }
    assert_eq!(sent, [0, 1, 3, 7, 15, 31, 63, 95, 127, 159, 191]);
    arq.accept(&Datagram::Ack(0).encode()).unwrap();
    assert!(arq.is_idle());
    assert_eq!(arq.next_transmission(), None);
}

#[test]
fn duplicates_of_the_last_128_frames_are_known_however_long_the_conversation() {
    // Each side sends up to 12 datagrams in a tick, and each comes again up to 9 ticks later: no more than 120 frames after it.
    for seed in 0..4 {
        let mut fate = SequentialRng::seed_from_u64(seed);
        let mut ends = [Arq::new(ArqConfig::default()), Arq::new(ArqConfig::default())];
        let words: [Vec<u64>; 2] = [0, 1].map(|side| (0..180 * 700).map(|word| side << 32 | word).collect());
        (0..2).for_each(|side| ends[side].send(packet_id::UT, &words[side]));
        let mut received = [Vec::new(), Vec::new()];
        let mut on_the_way: [Vec<(u32, Vec<u8>)>; 2] = Default::default();
        for tick in 0..1000 {
            let now = Duration::from_micros(10) * tick;
            for side in 0..2 {
                for _ in 0..12 {
                    let Some(datagram) = ends[side].transmit(now).unwrap() else { break };
                    on_the_way[side].push((tick, datagram.clone()));
                    on_the_way[side].push((tick + 1 + u32::from(fate.random::<u8>() % 9), datagram));
                }
                let (due, rest) =
                    std::mem::take(&mut on_the_way[side]).into_iter().partition(|d| d.0 <= tick);
                on_the_way[side] = rest;
                for (_, datagram) in due {
                    ends[1 - side].accept(&datagram).unwrap();
                }
                received[side]
                    .extend(std::iter::from_fn(|| ends[1 - side].receive()).flat_map(|frame| frame.1));
            }
        }
        assert!(ends.iter().all(Arq::is_idle), "seed {seed}");
        assert!(received == words, "seed {seed}");
    }
}

#[test]
fn frames_of_the_connection_before_are_not_words_of_the_new_one() {
    let mut fpga = FpgaTransport::new(ArqConfig::default(), BitfileInfo::default());
    assert!(!fpga.is_connected());
    let frame = |ack, sequence, packet, word| {
        Datagram::Data(DataFrame { ack, sequence, packet, words: vec![word] }).encode()
    };
    fpga.reset();
    let greeting = fpga.transmit(Duration::ZERO).unwrap();
    assert!(greeting.is_some() && fpga.is_connected());
    // Sequence number 0 of an earlier connection, which had received 17 frames.
    assert_eq!(fpga.accept(&frame(17, 0, packet_id::UT, 1)), Err(FrameError::Stale));
    assert_eq!(fpga.accept(&frame(255, 0, packet_id::UT, 2)), Err(FrameError::Stale));
    assert_eq!(fpga.receive(), None);
    // The host's first own word is the loopback check, which comes back.
    fpga.accept(&frame(0, 0, packet_id::LOOPBACK, 3)).unwrap();
    let echo = Datagram::decode(&fpga.transmit(Duration::ZERO).unwrap().unwrap());
    let words = vec![3];
    assert_eq!(
        echo,
        Ok(Datagram::Data(DataFrame { ack: 0, sequence: 1, packet: packet_id::LOOPBACK, words }))
    );
    fpga.accept(&frame(1, 1, packet_id::UT, 4)).unwrap();
    assert_eq!(fpga.receive(), Some(vec![4]));
}

#[test]
fn a_host_takes_words_only_after_its_own_check_word_has_come_back() {
    let mut host = HostTransport::new(ArqConfig::default(), 5);
    let mut sequence = 0;
    let mut frame = |packet, words: &[u64]| {
        let frame = DataFrame { ack: 255, sequence, packet, words: words.to_vec() };
        sequence += 1;
        Datagram::Data(frame).encode()
    };
    host.accept(&frame(packet_id::CONFIGURATION, &[256, 128, 180, 1, u64::from_be_bytes(*b"a: 1\0\0\0\0")]))
        .unwrap()
        .unwrap();
    assert_eq!(host.bitfile(), "a: 1");
    // Left over from the connection before: words, and another check.
    host.accept(&frame(packet_id::UT, &[1])).unwrap().unwrap();
    host.accept(&frame(packet_id::LOOPBACK, &[6])).unwrap().unwrap();
    assert!(!host.is_ready());
    host.accept(&frame(packet_id::LOOPBACK, &[5])).unwrap().unwrap();
    assert!(host.is_ready());
    assert_eq!(host.receive(), None);
    host.accept(&frame(packet_id::UT, &[2])).unwrap().unwrap();
    assert_eq!(host.receive(), Some(vec![2]));
}

#[test]
fn a_frame_that_is_sent_again_carries_the_acknowledgement() {
    let mut arq = Arq::new(ArqConfig::default());
    arq.send(packet_id::UT, &[1]);
    assert!(arq.transmit(Duration::ZERO).unwrap().is_some());
    arq.accept(&numbered(0)).unwrap();
    let again = arq.transmit(Duration::from_millis(1)).unwrap().unwrap();
    assert!(matches!(Datagram::decode(&again), Ok(Datagram::Data(frame)) if frame.ack == 0));
    assert_eq!(arq.transmit(Duration::from_millis(1)).unwrap(), None);
}

#[test]
fn an_fpga_rests_while_its_host_is_silent_and_begins_anew_when_it_is_heard() {
    let config = ArqConfig { transmissions: 3, ..ArqConfig::default() };
    let mut fpga = FpgaTransport::new(config, BitfileInfo::default());
    fpga.reset();
    let mut second = 0;
    let mut until_silence = |fpga: &mut FpgaTransport| {
        let mut sent = 0;
        loop {
            second += 1;
            match fpga.transmit(Duration::from_secs(second)) {
                Ok(Some(_)) => sent += 1,
                Ok(None) => panic!("something is unacknowledged"),
                Err(PeerGone { sequence: 0, transmissions: 3 }) => return sent,
                Err(other) => panic!("{other}"),
            }
        }
    };
    assert_eq!(until_silence(&mut fpga), 3);
    assert_eq!(fpga.transmit(Duration::from_secs(100)), Ok(None));
    assert_eq!(fpga.next_transmission(), None);
    // A sign of life that acknowledges nothing.
    fpga.accept(&Datagram::Ack(255).encode()).unwrap();
    assert_eq!(until_silence(&mut fpga), 3);
}

#[test]
fn a_reset_drops_the_words_of_the_connection_before() {
    let mut fpga = FpgaTransport::new(ArqConfig::default(), BitfileInfo::default());
    fpga.reset();
    while fpga.transmit(Duration::ZERO).unwrap().is_some() {}
    let frame = DataFrame { ack: 0, sequence: 0, packet: packet_id::UT, words: vec![1] };
    fpga.accept(&Datagram::Data(frame).encode()).unwrap();
    fpga.reset();
    assert_eq!(fpga.receive(), None);
}

#[test]
fn datagrams_of_other_sizes_are_named_as_such() {
    for size in (0..4).chain(5..12) {
        assert_eq!(Datagram::decode(&vec![0; size]), Err(FrameError::Size(size)));
    }
    let header = |words: u8| [0, 0, 0, 9, 0, 0, 0, 8, 0, 0x10, 0, words];
    let with_words = |words: u8| [&header(words)[..], &vec![0; 8 * usize::from(words)]].concat();
    assert_eq!(Datagram::decode(&with_words(181)), Err(FrameError::TooManyWords(181)));
    assert!(Datagram::decode(&with_words(180)).is_ok());
    assert_eq!(Datagram::decode(&header(1)), Err(FrameError::Truncated { words: 1, bytes: 12 }));
    // The official host pads a frame without words to the size of one with a word.
    let empty = DataFrame { ack: 9, sequence: 8, packet: 0x10, words: Vec::new() };
    assert_eq!(Datagram::Data(empty).encode(), [&header(0)[..], &[0; 8]].concat());
    for (place, name) in [(2, 0x1_09), (6, 0x1_08)] {
        let mut bytes = header(0);
        bytes[place] = 1;
        assert_eq!(Datagram::decode(&bytes), Err(FrameError::SequenceNumber(name)));
    }
}

#[test]
fn a_probe_is_sent_only_when_no_other_frame_asks_for_an_answer() {
    let mut host = HostTransport::new(ArqConfig::default(), 5);
    host.probe();
    host.probe();
    assert_eq!(host.queued_frames(), 1);
    assert!(host.transmit(Duration::ZERO).unwrap().is_some());
    host.probe();
    assert_eq!(host.queued_frames(), 0);
}

/// A network that loses, repeats and reorders by chance.
struct Network {
    fate: SequentialRng,
    on_the_way: Vec<(u64, Vec<u8>)>,
}

impl Network {
    fn send(&mut self, tick: u64, datagram: Vec<u8>) {
        let fate: u8 = self.fate.random();
        let delay = u64::from(fate >> 4);
        match fate & 7 {
            0 => {}
            1 => {
                self.on_the_way.push((tick + delay, datagram.clone()));
                self.on_the_way.push((tick + 1 + 2 * delay, datagram));
            }
            _ => self.on_the_way.push((tick + delay / 4, datagram)),
        }
    }
    fn deliver(&mut self, tick: u64) -> Vec<Vec<u8>> {
        let (due, rest) =
            core::mem::take(&mut self.on_the_way).into_iter().partition(|entry| entry.0 <= tick);
        self.on_the_way = rest;
        due.into_iter().map(|entry| entry.1).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn everything_arrives_once_and_in_order_over_a_bad_network(
        sizes in prop::collection::vec(1..400_usize, 1..200),
        // A repeated list of fates would not do: it may lose the same frame for ever.
        seed in any::<u64>(),
    ) {
        let mut ends = [Arq::new(ArqConfig::default()), Arq::new(ArqConfig::default())];
        let mut expected = [Vec::new(), Vec::new()];
        for (index, size) in sizes.into_iter().enumerate() {
            let side = index % 2;
            let words: Vec<u64> = (0..size as u64).map(|word| (index as u64) << 32 | word).collect();
            ends[side].send(packet_id::UT, &words);
            expected[side].extend(words);
        }
        let mut network = [seed, !seed]
            .map(|seed| Network { fate: SequentialRng::seed_from_u64(seed), on_the_way: Vec::new() });
        let mut received = [Vec::new(), Vec::new()];
        for tick in 0..100_000 {
            let now = Duration::from_micros(100 * tick);
            for side in 0..2 {
                while let Some(datagram) = ends[side].transmit(now).unwrap() {
                    network[side].send(tick, datagram);
                }
                for datagram in network[side].deliver(tick) {
                    ends[1 - side].accept(&datagram).unwrap();
                    while let Some((_, words)) = ends[1 - side].receive() {
                        received[side].extend(words);
                    }
                }
            }
            if ends.iter().all(Arq::is_idle) {
                break;
            }
        }
        prop_assert!(ends.iter().all(Arq::is_idle));
        prop_assert_eq!(received, expected);
    }

    #[test]
    fn any_datagrams_are_survived(datagrams in prop::collection::vec(
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            // Well-formed ones with senseless numbers.
            (any::<u8>(), any::<u8>(), any::<u16>(), prop::collection::vec(any::<u64>(), 0..4)).prop_map(
                |(ack, sequence, packet, words)| {
                    Datagram::Data(DataFrame { ack, sequence, packet, words }).encode()
                }
            ),
            any::<u8>().prop_map(|ack| Datagram::Ack(ack).encode()),
        ],
        0..100,
    )) {
        let mut fpga = FpgaTransport::new(ArqConfig::default(), BitfileInfo::default());
        let mut host = HostTransport::new(ArqConfig::default(), 5);
        fpga.reset();
        fpga.send(&[1, 2, 3]);
        host.send(&[4]);
        for (tick, datagram) in (0..).zip(datagrams) {
            let now = Duration::from_micros(500 * tick);
            let _ = fpga.accept(&datagram);
            let _ = host.accept(&datagram);
            while fpga.receive().is_some() {}
            while host.receive().is_some() {}
            while fpga.transmit(now).unwrap().is_some() {}
            while host.transmit(now).unwrap().is_some() {}
        }
    }

    #[test]
    fn frames_survive_their_bytes(ack: u8, sequence: u8, packet: u16, words in prop::collection::vec(any::<u64>(), 0..=180)) {
        let datagram = Datagram::Data(DataFrame { ack, sequence, packet, words });
        let bytes = datagram.encode();
        prop_assert!((20..=1452).contains(&bytes.len()));
        prop_assert_eq!(Datagram::decode(&bytes), Ok(datagram));
    }
}
