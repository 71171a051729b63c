//! The symbolic notation of messages, as our types and back to the raw message.

use bss2_host::message::{EventPack, Response, Stamped, encode_instruction};
use bss2_host::playback::{Barrier, Instruction, Labels};
use bss2_host::recording::TimeoutNotification;
use serde_json::Value;

use super::{bad, int, ints, list, text, truth};
use crate::golden::BadRecord;

/// A message to the FPGA.
pub(in crate::golden) fn instruction(message: &Value) -> Result<Instruction, BadRecord> {
    Ok(match text(message, "m")? {
        "to_fpga_jtag::Init" => Instruction::JtagInit,
        "to_fpga_jtag::Scaler" => Instruction::JtagScaler(int(message, "value")?),
        "to_fpga_jtag::Ins" => Instruction::JtagInstruction(int(message, "value")?),
        "to_fpga_jtag::Data" => Instruction::JtagData {
            data: int(message, "payload")?,
            bits: int(message, "num_bits")?,
            keep_response: truth(message, "keep_response")?,
        },
        "timing::Setup" => Instruction::Setup,
        "timing::WaitUntil" => Instruction::WaitUntil(int(message, "value")?),
        "timing::SystimeInit" => Instruction::SystimeInit(truth(message, "value")?),
        "timing::Barrier" => Instruction::Barrier(Barrier::from_bits(int(message, "value")?)),
        "timing::PollingOmnibusBlock" => Instruction::PollingOmnibusBlock(truth(message, "value")?),
        "system::Reset" => Instruction::Reset(truth(message, "value")?),
        "system::Loopback" => Instruction::Loopback(truth(message, "value")?),
        "omnibus_to_fpga::Address" => Instruction::OmnibusAddress {
            address: int(message, "address")?,
            enables: int(message, "byte_enables")?,
            read: truth(message, "is_read")?,
        },
        "omnibus_to_fpga::Data" => Instruction::OmnibusData(int(message, "value")?),
        name if name.starts_with("event_to_fpga::SpikePack") => {
            let labels: Vec<u16> = ints(message, "spikes")?;
            Instruction::SpikePack(Labels::new(&labels).ok_or_else(|| bad("spikes", "not 1 to 3 labels"))?)
        }
        name => return Err(bad("m", format!("unknown message {name}"))),
    })
}

/// The messages of a record, and differences between their raw form and ours.
pub(in crate::golden) fn instructions(
    record: &Value,
    field: &str,
) -> Result<(Vec<Instruction>, Vec<String>), BadRecord> {
    let mut differences = Vec::new();
    let mut instructions = Vec::new();
    for (index, message) in list(record, field)?.iter().enumerate() {
        let instruction = instruction(message)?;
        let (ours, expected) = (encode_instruction(instruction), int::<u64>(message, "raw")?);
        if ours != expected {
            differences.push(format!("message {index}: {ours:#018x} instead of {expected:#018x}"));
        }
        instructions.push(instruction);
    }
    Ok((instructions, differences))
}

fn events(message: &Value, field: &str, payload: &str) -> Result<EventPack, BadRecord> {
    let event = |event: &Value| Ok(Stamped { stamp: int(event, "timestamp")?, value: int(event, payload)? });
    let events: Vec<Stamped> = list(message, field)?.iter().map(event).collect::<Result<_, BadRecord>>()?;
    EventPack::new(&events).ok_or_else(|| bad(field, "not 1 to 3 events"))
}

/// A message from the FPGA.
pub(super) fn response(message: &Value) -> Result<Response, BadRecord> {
    Ok(match text(message, "m")? {
        "jtag_from_hicann::Data" => Response::JtagData(int(message, "value")?),
        "omnibus_from_fpga::Data" => Response::OmnibusData(int(message, "value")?),
        "from_fpga_system::Loopback" => Response::Loopback(truth(message, "value")?),
        "from_fpga_system::HighspeedLinkNotification" => Response::LinkNotification(int(message, "value")?),
        "from_fpga_system::TimeoutNotification" => Response::Timeout(TimeoutNotification {
            instruction: int(message, "timeout_value")?,
            trace_stall: int(message, "trace_stall_cnt")?,
            reads_in_flight: int(message, "omnibus_read_in_flight_cnt")?,
        }),
        "timing_from_fpga::Systime" => Response::Systime(int(message, "value")?),
        "timing_from_fpga::Sysdelta" => Response::Sysdelta(int(message, "value")?),
        name if name.starts_with("event_from_fpga::MADC") => {
            Response::Madc(events(message, "samples", "value")?)
        }
        name if name.starts_with("event_from_fpga::Spike") => {
            Response::Spikes(events(message, "spikes", "label")?)
        }
        name => return Err(bad("m", format!("unknown message {name}"))),
    })
}
