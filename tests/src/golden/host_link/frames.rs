//! Sessions of the host's HostARQ implementation: the frames one by one, and both of our ends in a replay.

use std::time::Duration;

use bss2_host::arq::{
    ArqConfig, BitfileInfo, DataFrame, Datagram, FpgaTransport, HostTransport, RESET_DATAGRAM, RESET_PORT,
    packet_id,
};
use serde_json::Value;

use super::ppu_elf::bytes;
use super::{bad, first_difference, int, ints, text};
use crate::golden::{BadRecord, Check, Format, Records};

/// HostARQ sessions. The record that opens a session stands for its replay.
pub(super) struct Frames;

impl Format for Frames {
    fn name(&self) -> &'static str {
        "HostARQ sessions"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("session").is_some()
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let session = text(record, "session")?;
        let frame = Frame::read(record)?;
        let name = format!("{session} frame {}", record["i"]);
        Ok(Check { name, differences: frame.differences(record)?, ..Check::default() })
    }

    fn check_all(&self, records: &Records) -> Vec<Result<Check, BadRecord>> {
        let opens = |record: &Value| record.get("hex").is_none();
        let check = |(_, record): &(usize, Value)| {
            if opens(record) { replay(record, records) } else { self.check(record) }
        };
        records.iter().map(check).collect()
    }
}

/// A datagram of a session.
struct Frame {
    from_host: bool,
    at: Duration,
    bytes: Vec<u8>,
    /// The peer ignored it, to see it repeated.
    dropped: bool,
    content: Content,
}

enum Content {
    Reset,
    Datagram(Datagram),
    Unreadable(String),
}

impl Frame {
    fn read(record: &Value) -> Result<Self, BadRecord> {
        let bytes = bytes(text(record, "hex")?).ok_or_else(|| bad("hex", "not bytes in hexadecimal"))?;
        let content = if int::<u16>(record, "fpga_udp_port")? == RESET_PORT {
            Content::Reset
        } else {
            match Datagram::decode(&bytes) {
                Ok(datagram) => Content::Datagram(datagram),
                Err(error) => Content::Unreadable(error.to_string()),
            }
        };
        Ok(Self {
            from_host: text(record, "from")? == "host",
            at: Duration::from_micros(int(record, "t_us")?),
            dropped: record["dropped_by_peer"] == true,
            bytes,
            content,
        })
    }

    fn data(&self) -> Option<&DataFrame> {
        match &self.content {
            Content::Datagram(Datagram::Data(data)) => Some(data),
            _ => None,
        }
    }

    /// Our reading and our encoding of it against the record.
    fn differences(&self, record: &Value) -> Result<Vec<String>, BadRecord> {
        let theirs = &record["decoded"];
        let kind = text(theirs, "kind")?;
        let mut differences = Vec::new();
        match &self.content {
            Content::Reset => {
                if kind != "reset" || self.bytes != RESET_DATAGRAM {
                    differences.push(format!("{:02x?} is no reset", self.bytes));
                }
            }
            Content::Unreadable(error) => differences.push(error.clone()),
            Content::Datagram(datagram) => {
                differences.extend(first_difference("byte", &datagram.encode(), &self.bytes));
                let ack: u8 = int(theirs, "ack")?;
                match datagram {
                    Datagram::Ack(ours) => {
                        if kind != "ack" || *ours != ack {
                            differences.push(format!("acknowledges {ours}, expected {theirs}"));
                        }
                    }
                    Datagram::Data(data) => {
                        let (sequence, packet): (u8, u16) = (int(theirs, "seq")?, int(theirs, "pid")?);
                        if kind != "data" || (data.ack, data.sequence, data.packet) != (ack, sequence, packet)
                        {
                            let (ack, sequence, packet) = (data.ack, data.sequence, data.packet);
                            differences.push(format!("ack {ack}, sequence {sequence}, packet {packet:#x}"));
                        }
                        differences.extend(first_difference(
                            "word",
                            &data.words,
                            &ints::<u64>(theirs, "words")?,
                        ));
                    }
                }
            }
        }
        Ok(differences)
    }
}

/// Sequence number, packet and words of the data frames among datagrams; repetitions left out.
fn sent<'a>(frames: impl Iterator<Item = &'a DataFrame>) -> Vec<(u8, u16, Vec<u64>)> {
    let mut known: Vec<(u8, u16, Vec<u64>)> = Vec::new();
    for frame in frames {
        if known.iter().all(|earlier| earlier.0 != frame.sequence) {
            known.push((frame.sequence, frame.packet, frame.words.clone()));
        }
    }
    known
}

fn datagrams(all: &[Vec<u8>]) -> Vec<Datagram> {
    all.iter().filter_map(|bytes| Datagram::decode(bytes).ok()).collect()
}

fn data_of(datagrams: &[Datagram]) -> impl Iterator<Item = &DataFrame> {
    datagrams.iter().filter_map(|datagram| match datagram {
        Datagram::Data(data) => Some(data),
        Datagram::Ack(_) => None,
    })
}

/// Plays a session with each of our ends in turn against what the other end sent.
fn replay(header: &Value, records: &Records) -> Result<Check, BadRecord> {
    let session = text(header, "session")?;
    let frames = records
        .iter()
        .map(|(_, record)| record)
        .filter(|record| record["session"] == session && record.get("hex").is_some())
        .map(Frame::read)
        .collect::<Result<Vec<_>, _>>()?;
    let mut check = Check { name: format!("{session}, replayed"), ..Check::default() };
    check.differences.extend(as_fpga(&frames).map(|difference| format!("as the FPGA: {difference}")));
    check.differences.extend(as_host(&frames).map(|difference| format!("as the host: {difference}")));
    Ok(check)
}

fn as_fpga(frames: &[Frame]) -> Option<String> {
    let peers: Vec<&Frame> = frames.iter().filter(|frame| !frame.from_host).collect();
    let configuration: Vec<u64> = peers
        .iter()
        .filter_map(|frame| frame.data())
        .filter(|data| data.packet == packet_id::CONFIGURATION)
        .flat_map(|data| data.words.iter().copied())
        .collect();
    // Four words of parameters, then the text.
    let text: Vec<u8> = configuration.iter().skip(4).flat_map(|word| word.to_be_bytes()).collect();
    let text = String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned();
    let mut fpga = FpgaTransport::new(ArqConfig::default(), BitfileInfo { text });
    let (mut sent_by_us, mut received, mut expected) = (Vec::new(), Vec::new(), Vec::new());
    let mut next_sequence = 0_u8;
    for frame in frames {
        match (&frame.content, frame.data()) {
            (Content::Reset, _) if frame.from_host => fpga.reset(),
            (_, data) if frame.from_host && !frame.dropped => {
                if let Err(error) = fpga.accept(&frame.bytes) {
                    return Some(error.to_string());
                }
                if let Some(data) = data.filter(|data| data.sequence == next_sequence) {
                    next_sequence = next_sequence.wrapping_add(1);
                    if data.packet == packet_id::UT {
                        expected.extend(&data.words);
                    }
                }
            }
            (_, Some(data)) if !frame.from_host && data.packet == packet_id::UT => fpga.send(&data.words),
            _ => {}
        }
        while let Some(words) = fpga.receive() {
            received.extend(words);
        }
        loop {
            match fpga.transmit(frame.at) {
                Ok(Some(datagram)) => sent_by_us.push(datagram),
                Ok(None) => break,
                Err(error) => return Some(error.to_string()),
            }
        }
    }
    let ours = datagrams(&sent_by_us);
    let last = ours.last().cloned();
    let acknowledged = Datagram::Ack(next_sequence.wrapping_sub(1));
    first_difference("received word", &received, &expected)
        .or_else(|| {
            let theirs = sent(peers.iter().filter_map(|frame| frame.data()));
            first_difference("frame", &sent(data_of(&ours)), &theirs)
        })
        .or_else(|| {
            let (ours, theirs) = (sent_by_us.first()?, &peers.first()?.bytes);
            first_difference("byte of the configuration", ours, theirs)
        })
        .or_else(|| (last.as_ref() != Some(&acknowledged)).then(|| format!("last word {last:?}")))
}

fn as_host(frames: &[Frame]) -> Option<String> {
    let golden = sent(frames.iter().filter(|frame| frame.from_host).filter_map(|frame| frame.data()));
    let Some(check) = golden.first().and_then(|frame| frame.2.first()) else {
        return Some("the session has no loopback check".to_owned());
    };
    let mut host = HostTransport::new(ArqConfig::default(), *check);
    let mut sent_by_us = Vec::new();
    for frame in frames {
        match (&frame.content, frame.from_host) {
            (Content::Datagram(_), false) => match host.accept(&frame.bytes) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Some(error.to_string()),
                Err(error) => return Some(error.to_string()),
            },
            (Content::Datagram(Datagram::Data(data)), true) if data.packet == packet_id::UT => {
                if !host.is_ready() {
                    return Some("not ready when the official host sends its first word".to_owned());
                }
                // The official host repeats what was lost.
                if !frame.dropped {
                    host.send(&data.words);
                }
            }
            (Content::Datagram(Datagram::Data(data)), true) if data.packet == packet_id::FLUSH => {
                host.close()
            }
            _ => {}
        }
        while host.receive().is_some() {}
        loop {
            match host.transmit(frame.at) {
                Ok(Some(datagram)) => sent_by_us.push(datagram),
                Ok(None) => break,
                Err(error) => return Some(error.to_string()),
            }
        }
    }
    // The words of the goodbye carry no meaning.
    let comparable = |frames: Vec<(u8, u16, Vec<u64>)>| -> Vec<(u8, u16, Vec<u64>)> {
        let words = |packet, words| if packet == packet_id::FLUSH { Vec::new() } else { words };
        frames.into_iter().map(|(sequence, packet, all)| (sequence, packet, words(packet, all))).collect()
    };
    let ours = datagrams(&sent_by_us);
    first_difference("frame", &comparable(sent(data_of(&ours))), &comparable(golden))
}
