//! What comes from a debugger.

use std::collections::VecDeque;
use std::io;
use std::sync::LazyLock;

use bss2_chip::Chip;
use bss2_debug::{Debugger, serve};
use gdbstub::conn::{Connection, ConnectionExt};

/// Somebody who says all there is to say at once, and goes.
struct Script(VecDeque<u8>);

impl Connection for Script {
    type Error = io::Error;
    fn write(&mut self, _: u8) -> io::Result<()> {
        Ok(())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ConnectionExt for Script {
    fn read(&mut self) -> io::Result<u8> {
        self.0.pop_front().ok_or(io::ErrorKind::UnexpectedEof.into())
    }
    fn peek(&mut self) -> io::Result<Option<u8>> {
        self.0.front().map(|&byte| Some(byte)).ok_or(io::ErrorKind::UnexpectedEof.into())
    }
}

/// A chip whose top processor branches to itself.
static BUSY: LazyLock<Chip> = LazyLock::new(|| {
    let mut chip = Chip::new(1);
    chip.write(0x0280_0000, 0x4800_0000, 0xf);
    chip.write(0x02a0_0000, 1, 0xf);
    chip
});

/// Lines of the bytes are packets, with the right checksum; a line that begins with `\0` is raw.
pub fn check(data: &[u8]) {
    let mut said = VecDeque::new();
    for line in data.split(|byte| *byte == b'\n') {
        match line {
            [0, raw @ ..] => said.extend(raw),
            body => {
                let sum = body.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
                said.extend([b"$", body, format!("#{sum:02x}+").as_bytes()].concat());
            }
        }
    }
    // An ending or an error; both are answers.
    let _ = serve(Script(said), &mut Debugger::new(BUSY.clone()));
}
