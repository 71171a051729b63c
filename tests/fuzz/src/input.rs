//! Bytes as a source of decisions.

/// Reads values off the front of some bytes; zeros come when they are used up.
#[derive(Clone, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of `bytes` is to come.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
    /// Whether everything has been used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The next `count` bytes, or as many as there are.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }
    /// What has not been used.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }
    /// A number of up to 8 bytes, big endian.
    fn number(&mut self, count: usize) -> u64 {
        let bytes = self.bytes(count);
        bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }
    /// A byte.
    pub fn byte(&mut self) -> u8 {
        self.number(1) as u8
    }
    /// Two bytes.
    pub fn half(&mut self) -> u16 {
        self.number(2) as u16
    }
    /// Four bytes.
    pub fn word(&mut self) -> u32 {
        self.number(4) as u32
    }
    /// Eight bytes.
    pub fn long(&mut self) -> u64 {
        self.number(8)
    }
}
