//! Binary files of the project: a header of its own around a serialised value.
//!
//! | bytes | content |
//! |---|---|
//! | 0..4 | `BSS2` |
//! | 4..8 | kind of content, four ASCII letters |
//! | 8..12 | version of that kind, little-endian |
//! | 12..20 | length of the body in bytes, little-endian |
//! | 20..28 | FNV-1a checksum of the body, 64 bits, little-endian |
//! | 28.. | body: `bincode` 2, standard configuration |
//!
//! This module is the only one that knows how bodies are serialised.

use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

const MAGIC: [u8; 4] = *b"BSS2";
const HEADER: usize = 28;

/// What a file contains, and in which version of its layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Four ASCII letters.
    pub name: [u8; 4],
    /// Raised whenever the serialised type changes.
    pub version: u32,
}

/// Why bytes are not the file that was expected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ArchiveError {
    /// Too short, or no file of this project.
    #[error("not a file of this emulator: the first four bytes are not \"BSS2\"")]
    NotAnArchive,
    /// Another kind of content.
    #[error("the file contains \"{}\", expected was \"{}\"", found.escape_ascii(), expected.escape_ascii())]
    OtherKind {
        /// What it is.
        found: [u8; 4],
        /// What it should be.
        expected: [u8; 4],
    },
    /// Written by another version.
    #[error("the file has version {found} of its layout, this program reads version {expected}")]
    OtherVersion {
        /// Version of the file.
        found: u32,
        /// Version that can be read.
        expected: u32,
    },
    /// The body is cut short or continued.
    #[error("the body has {found} bytes, the header says {expected}")]
    Length {
        /// Bytes there are.
        found: u64,
        /// Bytes the header names.
        expected: u64,
    },
    /// The body has been damaged.
    #[error("the checksum of the body is {found:#018x}, the header says {expected:#018x}")]
    Checksum {
        /// Checksum of the body.
        found: u64,
        /// Checksum of the header.
        expected: u64,
    },
    /// The body is no value of this type.
    #[error("the body can't be read: {0}")]
    Body(String),
    /// The value can't be serialised.
    #[error("the value can't be written: {0}")]
    Value(String),
}

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

/// Whether bytes begin like a file of this project, whatever it contains.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The kind of content that a file of this project says it has.
pub fn kind_of(bytes: &[u8]) -> Option<[u8; 4]> {
    bytes.strip_prefix(&MAGIC)?.first_chunk().copied()
}

/// The bytes of a file.
pub fn encode<T: Serialize>(kind: Kind, value: &T) -> Result<Vec<u8>, ArchiveError> {
    let body = bincode::serde::encode_to_vec(value, bincode::config::standard())
        .map_err(|error| ArchiveError::Value(error.to_string()))?;
    let mut bytes = Vec::with_capacity(HEADER + body.len());
    bytes.extend(MAGIC);
    bytes.extend(kind.name);
    bytes.extend(kind.version.to_le_bytes());
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(checksum(&body).to_le_bytes());
    bytes.extend(body);
    Ok(bytes)
}

/// The value in a file.
pub fn decode<T: DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<T, ArchiveError> {
    let (header, body) = bytes.split_first_chunk::<HEADER>().ok_or(ArchiveError::NotAnArchive)?;
    let field = |range: core::ops::Range<usize>| {
        header[range].iter().rev().fold(0_u64, |value, &byte| value << 8 | u64::from(byte))
    };
    let name = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
    if name(0) != MAGIC {
        return Err(ArchiveError::NotAnArchive);
    }
    if name(4) != kind.name {
        return Err(ArchiveError::OtherKind { found: name(4), expected: kind.name });
    }
    let version = field(8..12) as u32;
    if version != kind.version {
        return Err(ArchiveError::OtherVersion { found: version, expected: kind.version });
    }
    let (found, expected) = (body.len() as u64, field(12..20));
    if found != expected {
        return Err(ArchiveError::Length { found, expected });
    }
    let (found, expected) = (checksum(body), field(20..28));
    if found != expected {
        return Err(ArchiveError::Checksum { found, expected });
    }
    let (value, used) = bincode::serde::decode_from_slice(body, bincode::config::standard())
        .map_err(|error| ArchiveError::Body(error.to_string()))?;
    if used != body.len() {
        return Err(ArchiveError::Body(format!("{} bytes are left over", body.len() - used)));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind { name: *b"TEST", version: 3 };

    #[test]
    fn the_checksum_is_fnv_1a() {
        // Published test vectors of the FNV authors.
        assert_eq!(checksum(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(checksum(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(checksum(b"foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn every_damage_is_noticed() {
        let bytes = encode(KIND, &vec![1_u32, 2, 3]).unwrap();
        assert_eq!(decode::<Vec<u32>>(KIND, &bytes), Ok(vec![1, 2, 3]));
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut damaged = bytes.clone();
                damaged[position] ^= 1 << bit;
                assert!(decode::<Vec<u32>>(KIND, &damaged).is_err(), "byte {position} bit {bit}");
            }
            assert!(decode::<Vec<u32>>(KIND, &bytes[..position]).is_err(), "cut at {position}");
        }
        let other = Kind { version: 4, ..KIND };
        assert_eq!(
            decode::<Vec<u32>>(other, &bytes),
            Err(ArchiveError::OtherVersion { found: 3, expected: 4 })
        );
    }
}
