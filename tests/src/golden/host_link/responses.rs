//! Messages from the FPGA: words in both directions, and what the host makes of them.

use bss2_host::message::{HostClock, Response, ResponseDecoder, ResponseEncoder};
use bss2_host::recording::{Recorder, Recording};
use serde_json::Value;

use super::{bad, first_difference, int, ints, list, messages, text, truth};
use crate::golden::{BadRecord, Check, Format};

/// Messages from the FPGA.
pub(super) struct Responses;

impl Format for Responses {
    fn name(&self) -> &'static str {
        "FPGA responses"
    }

    fn recognises(&self, record: &Value) -> bool {
        record.get("messages").is_some() && record.get("host_view").is_some()
    }

    fn check(&self, record: &Value) -> Result<Check, BadRecord> {
        let mut check = Check { name: text(record, "name")?.to_owned(), ..Check::default() };
        let words: Vec<u64> = ints(record, "words")?;
        let responses: Vec<Response> =
            list(record, "messages")?.iter().map(messages::response).collect::<Result<_, _>>()?;
        check.differences.extend(decoded(&words, &responses));
        check.differences.extend(encoded(&words, &responses, &ints(record, "flushed_after")?));
        check.differences.extend(host_view(&responses, &record["host_view"])?);
        Ok(check)
    }
}

fn decoded(words: &[u64], responses: &[Response]) -> Option<String> {
    let mut decoder = ResponseDecoder::new();
    let mut decoded = Vec::new();
    for &word in words {
        if let Err(error) = decoder.push(word, |response| decoded.push(response)) {
            return Some(error.to_string());
        }
    }
    if decoder.is_inside_message() {
        return Some("the words end inside of a message".to_owned());
    }
    first_difference("decoded message", &decoded, responses)
}

fn encoded(words: &[u64], responses: &[Response], flushed_after: &[usize]) -> Option<String> {
    let mut encoder = ResponseEncoder::new();
    for (index, response) in responses.iter().enumerate() {
        encoder.push(response);
        if flushed_after.contains(&index) {
            encoder.flush();
        }
    }
    encoder.flush();
    let ours = encoder.take_words();
    // Idle words, which begin with the comma bit, are legal between messages and carry nothing.
    let mut rest = ours.iter().peekable();
    for (index, &word) in words.iter().enumerate() {
        if rest.next_if_eq(&&word).is_none() && word >> 63 == 0 {
            let ours = rest.peek();
            return Some(format!("word {index}: {ours:#018x?} instead of {word:#018x}"));
        }
    }
    rest.next().map(|word| format!("word {word:#018x} too many"))
}

/// Times, labels and samples as the host sees them.
fn host_view(responses: &[Response], view: &Value) -> Result<Vec<String>, BadRecord> {
    let mut clock = HostClock::new();
    let mut recorder = Recorder::new();
    let mut timed_out = false;
    for response in responses {
        timed_out |= matches!(response, Response::Timeout(_));
        if let Some(time) = clock.stamp(response) {
            recorder.push(time, response);
        }
    }
    let Recording { spikes, madc, links, .. } = recorder.finish().recording;
    let rows = |field: &str, payload: &dyn Fn(&Value) -> Result<u64, BadRecord>| {
        let row = |event: &Value| Ok([int(event, "chip_time")?, int(event, "fpga_time")?, payload(event)?]);
        let mut rows = list(view, field)?.iter().map(row).collect::<Result<Vec<[u64; 3]>, BadRecord>>()?;
        rows.sort_by_key(|row| row[0]);
        Ok(rows)
    };
    let mut differences = Vec::new();
    let ours: Vec<[u64; 3]> = (0..spikes.len())
        .map(|n| [spikes.chip_time[n], spikes.fpga_time[n], spikes.label[n].into()])
        .collect();
    differences.extend(first_difference("spike", &ours, &rows("spikes", &|event| int(event, "label"))?));

    let sample = |event: &Value| Ok(int::<u64>(event, "value")? | int::<u64>(event, "channel")? << 10);
    let ours: Vec<[u64; 3]> = (0..madc.len())
        .map(|n| [madc.chip_time[n], madc.fpga_time[n], u64::from(madc.value[n] & 0x7FF)])
        .collect();
    differences.extend(first_difference("MADC sample", &ours, &rows("madc_samples", &sample)?));

    let ours: Vec<(u8, u64)> = links.payload.iter().copied().zip(links.fpga_time.iter().copied()).collect();
    let theirs: Option<Vec<(u8, u64)>> =
        list(view, "highspeed_link_notifications")?.iter().map(link_notification).collect();
    let theirs = theirs.ok_or_else(|| bad("highspeed_link_notifications", "not understood"))?;
    differences.extend(first_difference("link notification", &ours, &theirs));

    // The host reports an error for every timeout, and for nothing else that the FPGA can say.
    if truth(view, "run_ok")? == timed_out {
        differences.push(format!("timed out: {timed_out}, run_ok: {}", view["run_ok"]));
    }
    Ok(differences)
}

/// Payload and time out of `HighspeedLinkNotification(Value(107), FPGATime(1))`.
fn link_notification(text: &Value) -> Option<(u8, u64)> {
    let after = |key: &str| {
        let (_, rest) = text.as_str()?.split_once(key)?;
        rest.split_once(')')?.0.parse::<u64>().ok()
    };
    Some((after("Value(")?.try_into().ok()?, after("FPGATime(")?))
}
