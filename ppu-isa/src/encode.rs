//! Encoding: from an instruction and its fields to a word.

use crate::table::{Op, Overflow, Record, Role};

/// Why fields do not make an instruction word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The unknown instruction has no encoding.
    #[error("an unknown instruction cannot be encoded")]
    Unknown,
    /// The instruction has no such field.
    #[error("`{mnemonic}` has no field {field}")]
    NoField {
        /// The instruction.
        mnemonic: &'static str,
        /// The field.
        field: String,
    },
    /// The value does not fit.
    #[error("{value} does not fit field {field} of `{mnemonic}` ({least}..={most})")]
    OutOfRange {
        /// The instruction.
        mnemonic: &'static str,
        /// The field.
        field: &'static str,
        /// The value.
        value: i64,
        /// Smallest value that fits.
        least: i64,
        /// Largest value that fits.
        most: i64,
    },
    /// A branch distance or target is no multiple of four.
    #[error("branch displacement {value} is no multiple of 4")]
    Unaligned {
        /// The displacement in bytes.
        value: i64,
    },
}

/// The word of `op` with the given fields; those not given are zero.
///
/// Fields have the names of the table, and `Rc`, `OE` for the record and overflow bits. Signed fields take signed
/// values, branch displacements are in bytes, SPR is the number of the register.
///
/// # Errors
/// An unknown field, or a value that does not fit.
pub fn encode(op: Op, fields: &[(&str, i64)]) -> Result<u32, EncodeError> {
    let info = op.info().ok_or(EncodeError::Unknown)?;
    let mnemonic = info.mnemonic;
    let mut word = info.matching;
    for &(name, value) in fields {
        match name {
            "Rc" if info.record == Record::Selected => word |= u32::from(value != 0),
            "OE" if info.overflow == Overflow::Selected => word |= u32::from(value != 0) << 10,
            _ => {
                let operand = info
                    .operands
                    .iter()
                    .find(|o| o.name == name)
                    .ok_or_else(|| EncodeError::NoField { mnemonic, field: name.to_owned() })?;
                let width = operand.width();
                let (least, most, unit) = match operand.role {
                    Role::Signed => (-(1i64 << (width - 1)), (1i64 << (width - 1)) - 1, 1),
                    Role::SignedWords => (-(1i64 << (width + 1)), (1i64 << (width + 1)) - 4, 4),
                    _ => (0, (1i64 << width) - 1, 1),
                };
                if value < least || value > most {
                    return Err(EncodeError::OutOfRange {
                        mnemonic,
                        field: operand.name,
                        value,
                        least,
                        most,
                    });
                }
                if value % unit != 0 {
                    return Err(EncodeError::Unaligned { value });
                }
                let bits = (value / unit) as u32;
                let bits =
                    if operand.role == Role::SprSwappedHalves { bits >> 5 | (bits & 31) << 5 } else { bits };
                word = word & !operand.mask() | operand.insert(bits);
            }
        }
    }
    Ok(word)
}
