//! Recordings, text and binary.

use bss2_host::recording::Results;

use crate::snapshot::archive;

/// Reads the bytes as text, as a file, and as the body of a file whose header is right.
pub fn check(data: &[u8]) {
    let text = std::str::from_utf8(data).ok().and_then(|text| Results::from_text(text).ok());
    let file = Results::from_bytes(data).ok();
    let body = Results::from_bytes(&archive(*b"RECO", 1, data)).ok();
    for results in [text, file, body].into_iter().flatten() {
        assert_eq!(Results::from_text(&results.to_text()).as_ref(), Ok(&results));
        let bytes = results.to_bytes().expect("results can be written");
        assert_eq!(Results::from_bytes(&bytes).as_ref(), Ok(&results));
        let spikes = &results.recording.spikes;
        for n in [0, spikes.len().saturating_sub(1)].into_iter().filter(|n| *n < spikes.len()) {
            let _ = spikes.time(n);
        }
    }
}
