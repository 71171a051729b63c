//! Words between host and FPGA.

use bss2_host::message::{
    Annotator, HostClock, ResponseDecoder, ResponseEncoder, decode_instruction, encode_instruction,
};

use crate::Input;

/// Decodes the bytes as words of both directions; what decodes is the same after encoding.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let mut decoder = ResponseDecoder::new();
    let mut responses = Vec::new();
    while !input.is_empty() {
        let word = input.long();
        if let Ok(instruction) = decode_instruction(word) {
            let again = encode_instruction(instruction);
            assert_eq!(decode_instruction(again), Ok(instruction), "{word:#018x}");
        }
        // After an error decoding goes on with the next word.
        let _ = decoder.push(word, |response| responses.push(response));
    }
    let mut encoder = ResponseEncoder::new();
    let (mut annotator, mut clock) = (Annotator::new(), HostClock::new());
    let mut time = 0_u64;
    for response in &responses {
        clock.stamp(response);
        annotator.push(time, true, response, |_| {});
        time = time.wrapping_add(u64::from(responses.len() as u32));
        encoder.push(response);
    }
    encoder.flush();
    let mut decoder = ResponseDecoder::new();
    let mut again = Vec::new();
    for word in encoder.take_words() {
        decoder.push(word, |response| again.push(response)).expect("what was encoded");
    }
    assert_eq!(again, responses);
    assert!(!decoder.is_inside_message());
}
