//! The output pins: what programs did with them, as text, as a wave form, and as the bytes that a serial line carries.
//!
//! Bit 0 of GOUT reaches a pin of the chip. The enables GOE are inverted there: a pin is driven while its bit is 0 (ppu-isa 3.6). Nothing is
//! known about the pin while it is not driven; a serial line has a pull-up resistor, so here it is high.

use std::fmt::Write as _;

use ppu_isa::{Effect, Observer};

/// A moment at which output pins or their enables were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinChange {
    /// Cycle since the reset.
    pub cycle: u64,
    /// GOUT from then on.
    pub output: u32,
    /// GOE from then on.
    pub enable: u32,
}

impl PinChange {
    /// Level of a pin from 0 to 31.
    pub fn level(&self, pin: u32) -> bool {
        (self.output | self.enable) >> (pin & 31) & 1 != 0
    }
}

/// An [`Observer`] that notes all changes.
#[derive(Clone, Debug, Default)]
pub struct PinLog {
    /// In the order of time.
    pub changes: Vec<PinChange>,
}

impl Observer for PinLog {
    fn effect(&mut self, cycle: u64, effect: Effect) {
        if let Effect::Pins { output, enable } = effect {
            let before = self.changes.last().map_or((0, 0), |last| (last.output, last.enable));
            if before != (output, enable) {
                self.changes.push(PinChange { cycle, output, enable });
            }
        }
    }
}

/// One line for each change: cycle, GOUT, GOE.
pub fn text(changes: &[PinChange]) -> String {
    let mut text = String::from("# cycle gout goe\n");
    for PinChange { cycle, output, enable } in changes {
        // Writing to a string succeeds.
        let _ = writeln!(text, "{cycle} {output:08x} {enable:08x}");
    }
    text
}

/// A wave form in the value change dump format (IEEE 1364-2005, 18.2), for cycles of so many nanoseconds: both registers, and
/// the level of pin 0.
pub fn vcd(changes: &[PinChange], ns_per_cycle: u32, end: u64) -> String {
    let mut text = String::from(
        "$timescale 1 ns $end\n$scope module ppu $end\n$var wire 1 p pin0 $end\n$var reg 32 o gout $end\n$var reg 32 e goe $end\n$upscope $end\n$enddefinitions $end\n",
    );
    let reset = PinChange { cycle: 0, output: 0, enable: 0 };
    for change @ PinChange { cycle, output, enable } in std::iter::once(&reset).chain(changes) {
        let (time, pin) = (cycle * u64::from(ns_per_cycle), u8::from(change.level(0)));
        let _ = writeln!(text, "#{time}\n{pin}p\nb{output:b} o\nb{enable:b} e");
    }
    let _ = writeln!(text, "#{}", end * u64::from(ns_per_cycle));
    text
}

/// How bytes are sent: one start bit (low), eight data bits from the lowest on, one stop bit (high).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serial {
    /// The pin, 0 to 31.
    pub pin: u32,
    /// Duration of a bit in cycles.
    pub cycles_per_bit: u32,
}

/// Something that came over a serial line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Cycle in which its start bit began.
    pub cycle: u64,
    /// The byte.
    pub byte: Result<u8, LineError>,
}

/// What came is no byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The line was low where the stop bit should be: another speed, or a break.
    #[error("no stop bit")]
    NoStopBit,
    /// The program ended before the stop bit.
    #[error("cut off by the end of the program")]
    CutOff,
}

impl Serial {
    /// Decodes a line from its changes up to the cycle `end`. Each bit is sampled in its middle. The line counts as idle from when it
    /// first is high; a low that is over before the middle of the start bit is no byte.
    pub fn decode(&self, changes: &[PinChange], end: u64) -> Vec<Received> {
        // Edges with the level behind them; the first one is high.
        let mut edges: Vec<(u64, bool)> = Vec::new();
        let mut level = false;
        for change in changes {
            let now = change.level(self.pin);
            if now != level {
                edges.push((change.cycle, now));
                level = now;
            }
        }
        let level_at = |cycle: u64| {
            let behind = edges.partition_point(|(edge, _)| *edge <= cycle);
            behind > 0 && edges[behind - 1].1
        };
        let bit = u64::from(self.cycles_per_bit.max(1));
        let mut received = Vec::new();
        let mut free = 0;
        for &(cycle, _) in edges.iter().filter(|(_, level)| !level) {
            let middle = |k: u64| cycle + (2 * k + 1) * bit / 2;
            if cycle < free || level_at(middle(0)) {
                continue;
            }
            let byte = (0..8).fold(0, |byte, k| byte | u8::from(level_at(middle(k + 1))) << k);
            let byte = match middle(9) {
                stop if stop >= end => Err(LineError::CutOff),
                stop if !level_at(stop) => Err(LineError::NoStopBit),
                _ => Ok(byte),
            };
            free = middle(9);
            received.push(Received { cycle, byte });
        }
        received
    }
}

/// The bytes as text; what is no byte or no character becomes U+FFFD.
pub fn received_text(received: &[Received]) -> String {
    let bytes: Vec<u8> = received.iter().map(|received| received.byte.unwrap_or(0xff)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A line that sends bytes; each bit is late by what `jitter` says.
    fn send(bytes: &[u8], bit: u64, gap: u64, jitter: impl Fn(u64) -> u64) -> (Vec<PinChange>, u64) {
        let mut cycle = 100;
        let mut changes = vec![PinChange { cycle: 10, output: 1, enable: 0 }];
        for byte in bytes {
            let frame = u32::from(*byte) << 1 | 1 << 9;
            for k in 0..10 {
                let at = cycle + bit * k + jitter(k);
                changes.push(PinChange { cycle: at, output: frame >> k & 1, enable: 0 });
            }
            cycle += 10 * bit + gap;
        }
        (changes, cycle)
    }

    proptest! {
        #[test]
        fn what_is_sent_is_received(
            bytes: Vec<u8>, bit in 8_u32..5000, gap in 0_u64..10_000, late in proptest::collection::vec(0_u64..100, 10),
        ) {
            // A quarter of a bit, at the most.
            let jitter = |k: u64| late[k as usize] * u64::from(bit) / 400;
            let (changes, end) = send(&bytes, u64::from(bit), gap, jitter);
            let received = Serial { pin: 0, cycles_per_bit: bit }.decode(&changes, end);
            let received: Vec<u8> = received.iter().map(|received| received.byte.unwrap()).collect();
            prop_assert_eq!(received, bytes);
        }

        #[test]
        fn any_changes_are_decoded(
            changes: Vec<(u32, u32, u32)>, pin in 0_u32..40, cycles_per_bit: u32,
        ) {
            let mut cycle = 0;
            let changes: Vec<PinChange> = changes.into_iter().map(|(passed, output, enable)| {
                cycle += u64::from(passed);
                PinChange { cycle, output, enable }
            }).collect();
            let received = Serial { pin, cycles_per_bit }.decode(&changes, cycle + 1);
            prop_assert!(received.len() <= changes.len());
            let _ = (received_text(&received), text(&changes), vcd(&changes, 4, cycle));
        }
    }

    #[test]
    fn a_wrong_speed_a_break_and_the_end_are_no_bytes() {
        let serial = Serial { pin: 0, cycles_per_bit: 100 };
        let (changes, end) = send(b"U", 200, 0, |_| 0);
        assert!(serial.decode(&changes, end).iter().any(|received| received.byte.is_err()));
        let low =
            [PinChange { cycle: 5, output: 1, enable: 0 }, PinChange { cycle: 50, output: 0, enable: 0 }];
        let expected = [Received { cycle: 50, byte: Err(LineError::NoStopBit) }];
        assert_eq!(serial.decode(&low, 10_000), expected);
        let expected = [Received { cycle: 50, byte: Err(LineError::CutOff) }];
        assert_eq!(serial.decode(&low, 900), expected);
        // Low from the reset on: nobody has sent anything.
        assert!(serial.decode(&low[..1], 10_000).is_empty());
    }

    #[test]
    fn a_pin_that_is_not_driven_is_high() {
        let driven = PinChange { cycle: 0, output: 0, enable: 0 };
        assert!(!driven.level(0));
        assert!(PinChange { enable: 1, ..driven }.level(0));
        assert!(!PinChange { enable: 2, ..driven }.level(0));
    }

    #[test]
    fn wave_forms_and_texts_have_their_formats() {
        let changes = [PinChange { cycle: 25, output: 1, enable: 0 }];
        assert_eq!(text(&changes), "# cycle gout goe\n25 00000001 00000000\n");
        let expected = "#0\n0p\nb0 o\nb0 e\n#100\n1p\nb1 o\nb0 e\n#400\n";
        assert!(vcd(&changes, 4, 100).ends_with(expected));
    }
}
