//! Devices on the board behind the FPGA: shift register and voltage converters on SPI, and the I2C devices
//! (register-map 10).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the board tells the chip.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum BoardEffect {
    /// The shift register took a new value.
    Switches(u32),
    /// A converter channel changed its voltage.
    Voltage { dac: u8, channel: u8, volts: f64 },
}

/// One voltage converter: input registers become effective with "load" (LDAC).
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Dac {
    input: [u16; 8],
    output: [u16; 8],
    powered_down: u8,
}

/// The SPI master and its clients.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Spi {
    frames: [Vec<u8>; 5],
    dacs: [Dac; 2],
}

impl Spi {
    /// Longest frame of any client; a longer one is cut at the front like a shift register would.
    const LONGEST_FRAME: usize = 3;

    /// A byte to a client; bit 31 of `word` ends the frame. Effects are handed to `apply`.
    pub(super) fn write(&mut self, client: u32, word: u32, apply: &mut dyn FnMut(BoardEffect)) {
        let Some(frame) = self.frames.get_mut(client as usize) else { return };
        if frame.len() == Self::LONGEST_FRAME {
            frame.remove(0);
        }
        frame.push(word as u8);
        if word >> 31 == 0 {
            return;
        }
        let frame = core::mem::take(frame);
        match (client, &frame[..]) {
            (1, &[high, middle, low]) => {
                apply(BoardEffect::Switches(u32::from_be_bytes([0, high, middle, low])));
            }
            (2 | 4, &[.., high, low]) => {
                let index = (client / 2 - 1) as usize;
                self.dacs[index].frame(
                    high,
                    low,
                    &mut |channel, volts| {
                        apply(BoardEffect::Voltage { dac: index as u8, channel, volts });
                    },
                    index,
                );
            }
            _ => {}
        }
    }
}

impl Dac {
    fn frame(&mut self, high: u8, low: u8, apply: &mut dyn FnMut(u8, f64), index: usize) {
        const DATA: u8 = 0;
        const LOAD: u8 = 1;
        const POWER_DOWN: u8 = 2;
        const RESET: u8 = 3;
        if high >> 7 == DATA {
            self.input[usize::from(high >> 4)] = u16::from_be_bytes([high & 0xF, low]);
            return;
        }
        let before = self.voltages(index);
        match high >> 5 & 3 {
            LOAD => self.output = self.input,
            POWER_DOWN => self.powered_down = low,
            RESET => *self = Self::default(),
            // Gain and reference: the full scales are those of the official setting.
            _ => {}
        }
        for (channel, (old, new)) in before.into_iter().zip(self.voltages(index)).enumerate() {
            if old != new {
                apply(channel as u8, new);
            }
        }
    }

    /// Volts of all channels; a channel that is off has 0 V.
    fn voltages(&self, index: usize) -> [f64; 8] {
        core::array::from_fn(|channel| {
            let wide = index == 0 && (4..8).contains(&channel);
            let full_scale = if wide { 2.5 } else { 1.2 };
            let off = self.powered_down >> channel & 1 == 1;
            if off { 0.0 } else { f64::from(self.output[channel]) * full_scale / 4096.0 }
        })
    }
}

/// I2C devices that answer, and how wide their registers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum I2cDevice {
    /// Byte-addressed memory; the address advances with every byte.
    Bytes,
    /// Registers of 8 bits.
    Narrow,
    /// Registers of 16 bits, most significant byte first.
    Wide,
    /// A single register without a number.
    Single,
}

const EEPROM: u8 = 0x50;
const EEPROM_ID: u8 = 0xFC;
const TMP112: u8 = 0x48;
const INA219: core::ops::RangeInclusive<u8> = 0x40..=0x45;
const TCA9554: u8 = 0x38;
const TCA9546: u8 = 0x70;
const AD5252: core::ops::RangeInclusive<u8> = 0x2C..=0x2E;
const DAC6573: u8 = 0x4C;

fn i2c_device(address: u8) -> Option<I2cDevice> {
    match address {
        EEPROM => Some(I2cDevice::Bytes),
        TMP112 | DAC6573 => Some(I2cDevice::Wide),
        TCA9554 => Some(I2cDevice::Narrow),
        TCA9546 => Some(I2cDevice::Single),
        _ if INA219.contains(&address) => Some(I2cDevice::Wide),
        _ if AD5252.contains(&address) => Some(I2cDevice::Narrow),
        _ => None,
    }
}

/// The I2C master: one transaction at a time, everything with an address of the board acknowledges.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct I2c {
    /// By device in the high byte and register in the low one.
    registers: BTreeMap<u16, u16>,
    pointers: BTreeMap<u8, u8>,
    /// Device, direction and number of bytes of the transaction under way.
    transaction: Option<(u8, bool, u32)>,
}

fn key(device: u8, register: u8) -> u16 {
    u16::from_be_bytes([device, register])
}

impl I2c {
    const STOP: u32 = 0x80;
    const REPEATED_START: u32 = 0x100;
    /// Answer of an absent device.
    const NOT_ACKNOWLEDGED: u32 = 1 << 31;

    pub(super) fn new(eeprom_id: u32) -> Self {
        let mut registers = BTreeMap::new();
        for (offset, byte) in (0..).zip(eeprom_id.to_be_bytes()) {
            registers.insert(key(EEPROM, EEPROM_ID + offset), u16::from(byte));
        }
        // 25 °C in units of 0.0625 K, left-aligned by four bits.
        registers.insert(key(TMP112, 0), 400 << 4);
        // Bus voltages in units of 4 mV, left-aligned by three bits: 1.2 V digital, 2.5 V digital, 1.2 V analog, 2.5 V
        // analog, 1.2 V MADC, 1.2 V PLL (register-map 10.2: nominal, without error).
        for (device, millivolts) in INA219.zip([1200, 2500, 1200, 2500, 1200, 1200]) {
            registers.insert(key(device, 2), (millivolts / 4) << 3);
        }
        for device in AD5252 {
            registers.insert(key(device, 1), 0);
            registers.insert(key(device, 3), 0);
        }
        Self { registers, pointers: BTreeMap::new(), transaction: None }
    }

    /// Number of this byte within its transaction.
    fn byte(&mut self, offset: u32, write: bool) -> (u8, u32) {
        let device = (offset & 0x7F) as u8;
        let count = match self.transaction {
            Some((open, direction, count))
                if open == device && direction == write && offset & Self::REPEATED_START == 0 =>
            {
                count
            }
            _ => 0,
        };
        self.transaction = (offset & Self::STOP == 0).then_some((device, write, count + 1));
        (device, count)
    }

    pub(super) fn write(&mut self, offset: u32, word: u32) {
        let (device, count) = self.byte(offset, true);
        let Some(kind) = i2c_device(device) else { return };
        let byte = word as u8;
        if kind == I2cDevice::Single {
            self.registers.insert(key(device, 0), u16::from(byte));
            return;
        }
        if count == 0 {
            self.pointers.insert(device, byte);
            return;
        }
        let pointer = self.pointers.get(&device).copied().unwrap_or(0);
        let register = self.registers.entry(key(device, pointer)).or_insert(0);
        match kind {
            I2cDevice::Wide if count % 2 == 1 => *register = *register & 0xFF | u16::from(byte) << 8,
            I2cDevice::Wide => *register = *register & 0xFF00 | u16::from(byte),
            _ => *register = u16::from(byte),
        }
        if kind == I2cDevice::Bytes {
            self.pointers.insert(device, pointer.wrapping_add(1));
        }
    }

    pub(super) fn read(&mut self, offset: u32) -> u32 {
        let (device, count) = self.byte(offset, false);
        let Some(kind) = i2c_device(device) else { return Self::NOT_ACKNOWLEDGED };
        let pointer = match kind {
            I2cDevice::Single => 0,
            _ => self.pointers.get(&device).copied().unwrap_or(0),
        };
        let register = self.registers.get(&key(device, pointer)).copied().unwrap_or(0);
        if kind == I2cDevice::Bytes {
            self.pointers.insert(device, pointer.wrapping_add(1));
        }
        u32::from(match kind {
            I2cDevice::Wide if count % 2 == 0 => register >> 8,
            _ => register & 0xFF,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_converter_takes_its_voltage_with_the_load_command() {
        let mut spi = Spi::default();
        let mut effects = Vec::new();
        // DAC 0 channel 7 (mux_dac_25): 1.25 V of 2.5 V full scale is code 2048.
        for word in [0x78, 0x8000_0000] {
            spi.write(2, word, &mut |effect| effects.push(effect));
        }
        assert!(effects.is_empty());
        for word in [0xA0, 0x8000_0002] {
            spi.write(2, word, &mut |effect| effects.push(effect));
        }
        assert_eq!(effects, [BoardEffect::Voltage { dac: 0, channel: 7, volts: 1.25 }]);
    }

    #[test]
    fn the_shift_register_takes_three_bytes() {
        let mut spi = Spi::default();
        let mut effects = Vec::new();
        for word in [0xFF, 0x9C, 0x8000_0040] {
            spi.write(1, word, &mut |effect| effects.push(effect));
        }
        assert_eq!(effects, [BoardEffect::Switches(0x00FF_9C40)]);
    }

    #[test]
    fn the_eeprom_gives_the_serial_number_byte_by_byte() {
        let mut i2c = I2c::new(0x0102_0304);
        i2c.write(0x50, 0xFC);
        let bytes: Vec<u32> = [0x50, 0x50, 0x50, 0x50 | 0x80].map(|offset| i2c.read(offset)).to_vec();
        assert_eq!(bytes, [1, 2, 3, 4]);
    }

    #[test]
    fn an_absent_device_does_not_acknowledge() {
        assert_eq!(I2c::new(0).read(0x11), 1 << 31);
    }
}
