//! The same operations through the playback builder.

use bss2_host::playback::{Barrier, FPGA_SPI, FpgaCycles, Instruction, Program, ProgramBuilder};
use serde_json::Value;

use super::{bad, int, ints, list, text, to_int, truth};
use crate::golden::BadRecord;

/// What the builder makes of a list of operations; `None` if it has no method for one of them (the I2C devices of the
/// boards).
pub(super) fn build(operations: &[Value]) -> Result<Option<Program>, BadRecord> {
    let mut builder = ProgramBuilder::new();
    for operation in operations {
        if !add(&mut builder, operation)? {
            return Ok(None);
        }
    }
    finish(builder).map(Some)
}

fn finish(builder: ProgramBuilder) -> Result<Program, BadRecord> {
    builder.finish().map_err(|error| bad("program", error))
}

/// Adds an operation; whether there is a way.
fn add(builder: &mut ProgramBuilder, operation: &Value) -> Result<bool, BadRecord> {
    // Where an operation has an argument, its name differs between the files.
    let argument = |names: [&'static str; 2]| names.into_iter().find(|name| operation.get(name).is_some());
    let flag = |name| truth(operation, argument([name, "value"]).unwrap_or(name));
    let address = || int::<u32>(operation, "address");
    let data = || int::<u32>(operation, "data");
    match text(operation, "op")? {
        "omnibus_write" => {
            let enables =
                if operation.get("byte_enables").is_some() { int(operation, "byte_enables")? } else { 0xF };
            builder.write_bytes(address()?, data()?, enables);
        }
        "omnibus_read" => {
            builder.read(address()?);
        }
        "jtag_tap_reset" => {
            builder.instruction(Instruction::JtagInit);
        }
        "jtag_clock_scaler" => {
            builder.instruction(Instruction::JtagScaler(int(operation, "value")?));
        }
        "jtag_id_read" => {
            builder.jtag_id();
        }
        "jtag_omnibus_write" => {
            builder.jtag_write(address()?, data()?);
        }
        "jtag_omnibus_read" => {
            builder.jtag_read(address()?);
        }
        "jtag_pll_register_write" => {
            builder.pll_write(int(operation, "register")?, data()?);
        }
        "jtag_phy_register_write" => {
            let phy = argument(["phy", "register"]).unwrap_or("phy");
            builder.jtag_phy_write(link_of(int(operation, phy)?), data()?);
        }
        "chip_reset" => {
            builder.reset(truth(operation, "value")?);
        }
        "timer_reset" => {
            builder.setup();
        }
        "wait_until" => {
            builder.wait_until(FpgaCycles(int(operation, "value")?));
        }
        "barrier" => {
            builder.barrier(Barrier::from_bits(int(operation, "mask")?));
        }
        "systime_sync" => {
            builder.instruction(Instruction::SystimeInit(flag("do_sync")?));
        }
        "polling_omnibus_block" => {
            builder.instruction(Instruction::PollingOmnibusBlock(flag("expects_equality")?));
        }
        "loopback_tick" => {
            builder.marker();
        }
        "spike_pack" => {
            builder.spike_pack(&ints::<u16>(operation, "labels")?);
        }
        "spi_shift_register_write" => shift_register(builder, data()?),
        "spi_dac_data_register_write" => dac_channel(builder, int(operation, "register")?, data()?),
        "spi_dac_control_register_write" => dac_control(builder, int(operation, "register")?, data()?),
        _ => return Ok(false),
    }
    Ok(true)
}

/// The link whose configuration is JTAG register `register`: they count in opposite directions (register-map 9).
fn link_of(register: u32) -> u8 {
    7 - (register % 8) as u8
}

/// The shift register of the board: client 1, three bytes (register-map 10.1).
fn shift_register(builder: &mut ProgramBuilder, data: u32) {
    builder.spi_frame(1, &data.to_be_bytes()[1..]);
}

/// A voltage channel: channel and code, then the command that loads all outputs (register-map 10.1).
fn dac_channel(builder: &mut ProgramBuilder, register: u32, code: u32) {
    let frame = (register % 8) << 12 | code & 0xFFF;
    builder.spi_frame(2 + 2 * (register / 8), &frame.to_be_bytes()[2..]);
    builder.spi_frame(2 + 2 * (register / 8), &[0xA0, 0x02]);
}

/// One of the four control registers of a converter (register-map 10.1).
fn dac_control(builder: &mut ProgramBuilder, register: u32, data: u32) {
    // The library puts all bits of the value into the word of the second byte, of which the controller sends eight.
    let client = FPGA_SPI + 2 + 2 * (register / 4);
    builder.write(client, 0x80 | (register % 4) << 5).write(client, data | 1 << 31);
}

/// What the builder makes of a container's `[register, word]` pairs on a way of access that is not the Omnibus; `None`
/// if it has no method for that.
pub(in crate::golden) fn of_backend(backend: &str, access: &Value) -> Result<Option<Program>, BadRecord> {
    let mut builder = ProgramBuilder::new();
    for pair in list(access, "writes")? {
        let register = || to_int::<u32>(&pair[0], "writes");
        let word = || match &pair[1] {
            Value::Bool(truth) => Ok(u32::from(*truth)),
            other => to_int::<u32>(other, "writes"),
        };
        match backend {
            "ResetJTAGTap" => {
                builder.instruction(Instruction::JtagInit);
            }
            "JTAGClockScaler" => {
                builder.instruction(Instruction::JtagScaler(to_int(&pair[1], "writes")?));
            }
            "JTAGPLLRegister" => {
                builder.pll_write(register()? as u8, word()?);
            }
            "JTAGPhyRegister" => {
                builder.jtag_phy_write(link_of(register()?), word()?);
            }
            "ResetChip" => {
                builder.reset(word()? == 1);
            }
            "SystimeSync" => {
                builder.instruction(Instruction::SystimeInit(word()? == 1));
            }
            "Timer" => {
                builder.setup();
            }
            "SPIShiftRegister" => shift_register(&mut builder, word()?),
            "SPIDACDataRegister" => dac_channel(&mut builder, register()?, word()?),
            "SPIDACControlRegister" => dac_control(&mut builder, register()?, word()?),
            name if name.starts_with("SpikePack") => {
                let labels = pair[1].as_array().ok_or_else(|| bad("writes", "not a list of labels"))?;
                let labels =
                    labels.iter().map(|label| to_int(label, "writes")).collect::<Result<Vec<u16>, _>>()?;
                builder.spike_pack(&labels);
            }
            _ => return Ok(None),
        }
    }
    finish(builder).map(Some)
}
