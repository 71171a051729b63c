//! Labels: the addresses that events consist of (event-routing 3).

use crate::coordinates::{EventOutput, PadiBus, Spl1Address};
use serde::{Deserialize, Serialize};

/// The 16-bit label between host, FPGA and chip: link channel 15:14, neuron label 13:0 (event-routing 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SpikeLabel(u16);

impl SpikeLabel {
    /// From the word that travels on the link. Every word is a label.
    pub const fn from_word(word: u16) -> Self {
        Self(word)
    }
    /// A neuron label on a link channel.
    pub const fn new(address: Spl1Address, label: NeuronLabel) -> Self {
        Self((address.index() as u16) << 14 | label.0)
    }
    /// The word that travels on the link.
    pub const fn word(self) -> u16 {
        self.0
    }
    /// The link channel; to the chip it selects crossbar input `8 + n`, from the chip it names crossbar output `8 + n`.
    pub const fn spl1_address(self) -> Spl1Address {
        match Spl1Address::new(self.0 as usize >> 14) {
            Some(address) => address,
            None => unreachable!(),
        }
    }
    /// The part that travels inside the crossbar.
    pub const fn neuron_label(self) -> NeuronLabel {
        NeuronLabel::truncate(self.0)
    }
}

/// The 14-bit label inside the crossbar, compared with mask and target of the nodes (event-routing 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct NeuronLabel(u16);

impl NeuronLabel {
    /// All bits set.
    pub const MAX: Self = Self(0x3FFF);

    /// The low 14 bits of a word.
    pub const fn truncate(word: u16) -> Self {
        Self(word & Self::MAX.0)
    }
    /// The label a neuron sends: event output 10:8, address 7:0, bits 13:11 zero (event-routing 3.1 and 9.1).
    pub const fn of_neuron(output: EventOutput, address_out: u8) -> Self {
        Self((output.index() as u16) << 8 | address_out as u16)
    }
    /// The label as a word below 0x4000.
    pub const fn word(self) -> u16 {
        self.0
    }
    /// What a PADI bus carries of it: bits 10:0.
    pub const fn padi(self) -> PadiLabel {
        PadiLabel::truncate(self.0)
    }
    /// The event output, if a neuron sent this: bits 10:8.
    pub const fn event_output(self) -> EventOutput {
        match EventOutput::new((self.0 as usize >> 8) & 7) {
            Some(output) => output,
            None => unreachable!(),
        }
    }
    /// The address the neuron sent: bits 7:0.
    pub const fn address_out(self) -> u8 {
        self.0 as u8
    }
    /// The bits 13:11 that no PADI bus sees; software uses them as routing tags (event-routing 3.2). 0..=7.
    pub const fn tags(self) -> u8 {
        (self.0 >> 11) as u8
    }
}

impl From<u16> for NeuronLabel {
    fn from(word: u16) -> Self {
        Self::truncate(word)
    }
}
impl From<NeuronLabel> for u16 {
    fn from(label: NeuronLabel) -> u16 {
        label.0
    }
}

/// The 11 bits on a PADI bus: row select 10:6, synapse label 5:0 (event-routing 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "u16", into = "u16")]
pub struct PadiLabel(u16);

impl PadiLabel {
    /// From the two parts; bits beyond 5 and 6 are ignored.
    pub const fn new(row_select: u8, synapse_label: u8) -> Self {
        Self(((row_select & 31) as u16) << 6 | (synapse_label & 63) as u16)
    }
    /// The low 11 bits of a word.
    pub const fn truncate(word: u16) -> Self {
        Self(word & 0x7FF)
    }
    /// The label as a word below 0x800.
    pub const fn word(self) -> u16 {
        self.0
    }
    /// What the drivers compare with their position on the bus, 0..=31.
    pub const fn row_select(self) -> u8 {
        (self.0 >> 6) as u8
    }
    /// What the synapses compare with their stored label, 0..=63. In hagen mode see [`HagenLabel`].
    pub const fn synapse_label(self) -> u8 {
        self.0 as u8 & 63
    }
}

impl From<u16> for PadiLabel {
    fn from(word: u16) -> Self {
        Self::truncate(word)
    }
}
impl From<PadiLabel> for u16 {
    fn from(label: PadiLabel) -> u16 {
        label.0
    }
}

/// One write to a hemisphere's PADIEvent register: a label for several buses at once (event-routing 3.3 and 6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PadiEvent {
    /// Bit `b`: fire on bus `b`. Bits above 3 mean nothing.
    pub fire_bus: u8,
    /// What the buses carry.
    pub label: PadiLabel,
}

impl PadiEvent {
    /// From the register word: fire_bus 3:0, synapse label 21:16, row select 26:22.
    pub const fn from_word(word: u32) -> Self {
        Self { fire_bus: word as u8 & 15, label: PadiLabel::truncate((word >> 16) as u16) }
    }
    /// The register word.
    pub const fn word(self) -> u32 {
        (self.label.0 as u32) << 16 | (self.fire_bus & 15) as u32
    }
    /// Whether the event is meant for this bus.
    pub const fn fires(self, bus: PadiBus) -> bool {
        self.fire_bus >> bus.index() & 1 == 1
    }
}

/// A synapse label of hagen (matrix multiplication) mode: one address bit and an activation (event-routing 3.3 and 7.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HagenLabel {
    /// Bit 5: false addresses synapses that store 0, true those that store 32.
    pub address: bool,
    /// Length of the pulse in units of the shortest, 1..=31 as software sends it. 32 is what low bits of zero stand for.
    pub activation: u8,
}

impl HagenLabel {
    /// What a six-bit label means in hagen mode.
    pub const fn decode(synapse_label: u8) -> Self {
        Self { address: synapse_label & 32 != 0, activation: 32 - (synapse_label & 31) }
    }
    /// The six-bit label; `None` for activation 0, which means "send no event", and above 32.
    pub const fn encode(self) -> Option<u8> {
        match self.activation {
            1..=32 => Some((self.address as u8) << 5 | (32 - self.activation)),
            _ => None,
        }
    }
}

/// An event that leaves the chip: stamp and label (event-routing 2.3 and 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct L2Event {
    /// Fabric cycle in which it leaves the crossbar. The link latency comes on top.
    pub cycle: u64,
    /// The label, with the channel it leaves on.
    pub label: SpikeLabel,
    /// The time stamp: low eight bits of the stamp counter, which runs with the fabric clock.
    pub stamp: u8,
}

impl L2Event {
    /// The 24 bits on the wire: stamp 23:16, label 15:0 (event-routing 3.3).
    pub const fn word(self) -> u32 {
        (self.stamp as u32) << 16 | self.label.0 as u32
    }
}

/// One to three labels that the FPGA injects in the same cycle (event-routing 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpikePack {
    labels: [SpikeLabel; 3],
    count: u8,
}

impl SpikePack {
    /// From the payload of an instruction with `count` labels, first label most significant. `None` unless `count` is
    /// 1, 2 or 3. Bits above `16 * count` are ignored.
    pub const fn from_payload(count: usize, payload: u64) -> Option<Self> {
        if count == 0 || count > 3 {
            return None;
        }
        let mut labels = [SpikeLabel(0); 3];
        let mut i = 0;
        while i < count {
            labels[i] = SpikeLabel((payload >> (16 * (count - 1 - i))) as u16);
            i += 1;
        }
        Some(Self { labels, count: count as u8 })
    }
    /// From labels in the order in which they enter the chip. `None` unless there are 1, 2 or 3.
    pub fn new(labels: &[SpikeLabel]) -> Option<Self> {
        let mut pack = Self { labels: [SpikeLabel(0); 3], count: labels.len() as u8 };
        if labels.is_empty() || labels.len() > 3 {
            return None;
        }
        pack.labels[..labels.len()].copy_from_slice(labels);
        Some(pack)
    }
    /// The labels in the order in which they enter the chip.
    pub fn labels(&self) -> &[SpikeLabel] {
        &self.labels[..usize::from(self.count)]
    }
    /// The payload of the instruction, `16 * labels().len()` bits.
    pub fn payload(&self) -> u64 {
        self.labels().iter().fold(0, |payload, label| payload << 16 | u64::from(label.0))
    }
}
