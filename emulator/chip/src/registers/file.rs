//! Where register contents are kept.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Access, Block, Register, Space, Status, TypedBlock};

/// What a bus write did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The word holds a new value.
    Changed,
    /// The word already held this value.
    Unchanged,
    /// A write-only word was hit: the write itself is the command, whatever the value.
    Command,
    /// A read-only word, or a register that is not in this file: nothing happened.
    Ignored,
}

/// Which registers a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Scope {
    Chip,
    Fpga,
}

impl Scope {
    fn holds(self, space: Space) -> bool {
        match self {
            Self::Chip => matches!(space, Space::Chip | Space::Jtag),
            Self::Fpga => matches!(space, Space::Fpga),
        }
    }

    fn layout(self) -> &'static Layout {
        static CHIP: LazyLock<Layout> = LazyLock::new(|| Layout::of(Scope::Chip));
        static FPGA: LazyLock<Layout> = LazyLock::new(|| Layout::of(Scope::Fpga));
        match self {
            Self::Chip => &CHIP,
            Self::Fpga => &FPGA,
        }
    }
}

/// Where each block is in a file.
struct Layout {
    /// By block number; `None` if the file does not hold the block.
    blocks: Vec<Option<BlockLayout>>,
    words: usize,
    instances: usize,
}

/// Where a block is in a file, and what a bus access needs to know about its words.
struct BlockLayout {
    first_word: usize,
    first_instance: usize,
    instances: u32,
    words: Vec<WordLayout>,
}

struct WordLayout {
    access: Access,
    used: u32,
    /// Bits without effect on the model.
    unmodelled: u32,
    reset: u32,
    /// The other value that is sure to be harmless in unmodelled bits.
    host_default: u32,
}

impl Layout {
    fn of(scope: Scope) -> Self {
        let mut layout = Self { blocks: Vec::with_capacity(Block::ALL.len()), words: 0, instances: 0 };
        for block in Block::ALL {
            let description = block.description();
            if !scope.holds(description.space) {
                layout.blocks.push(None);
                continue;
            }
            let words = (description.words.iter().enumerate())
                .map(|(index, word)| WordLayout {
                    access: word.access,
                    used: word.used_mask(),
                    unmodelled: (word.fields.iter())
                        .filter(|field| description.status_of(field) != Status::Modelled)
                        .fold(0, |mask, field| mask | field.bits.mask()),
                    reset: description.reset(index),
                    host_default: description.host_default(index),
                })
                .collect();
            let instances = description.instances();
            let (first_word, first_instance) = (layout.words, layout.instances);
            layout.blocks.push(Some(BlockLayout { first_word, first_instance, instances, words }));
            layout.words += instances as usize * description.words.len();
            layout.instances += instances as usize;
        }
        layout
    }
}

/// The contents of all registers of a chip or an FPGA.
///
/// Memory (synapse array, processor SRAM, FPGA memory) is elsewhere. Bus accesses ([`write`](Self::write),
/// [`read`](Self::read)) honour access modes and used bits; the model itself reads and writes with
/// [`words`](Self::words), [`get`](Self::get), [`set_word`](Self::set_word). Every instance with a bus write
/// that may have an effect is remembered until [`take_dirty`](Self::take_dirty).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct RegisterFile {
    scope: Scope,
    words: Vec<u32>,
    /// Instances written since they were last taken, in order of the first write.
    dirty: Vec<u32>,
    /// One bit for each instance: whether it is in `dirty`.
    is_dirty: Vec<u64>,
    /// Unmodelled bits that were already reported, by block and word.
    reported: Vec<Vec<u32>>,
}

impl RegisterFile {
    /// The registers of a chip, including those behind JTAG, after reset.
    pub fn chip() -> Self {
        Self::new(Scope::Chip)
    }

    /// The registers of an FPGA, after reset.
    pub fn fpga() -> Self {
        Self::new(Scope::Fpga)
    }

    fn new(scope: Scope) -> Self {
        let layout = scope.layout();
        let mut file = Self {
            scope,
            words: vec![0; layout.words],
            dirty: Vec::new(),
            is_dirty: vec![0; layout.instances.div_ceil(64)],
            reported: Vec::new(),
        };
        file.fill_with_reset_values();
        file
    }

    /// Back to the reset values; everything is dirty then.
    pub fn reset(&mut self) {
        self.fill_with_reset_values();
        self.dirty = (0..self.scope.layout().instances as u32).collect();
        self.is_dirty.fill(u64::MAX);
    }

    /// Gives every word that a host can write its host default, as an alternative to the reset values, of
    /// which many are 0 where 0 is not neutral (settled: O4, `power_up.neutral`). Everything is dirty then.
    pub fn load_host_defaults(&mut self) {
        self.reset();
        for block in self.scope.layout().blocks.iter().flatten() {
            let words = block.words.len();
            let range = block.first_word..block.first_word + block.instances as usize * words;
            for instance in self.words[range].chunks_exact_mut(words) {
                for (word, layout) in instance.iter_mut().zip(&block.words) {
                    if layout.access == Access::ReadWrite {
                        *word = layout.host_default;
                    }
                }
            }
        }
    }

    fn fill_with_reset_values(&mut self) {
        for block in self.scope.layout().blocks.iter().flatten() {
            let words = block.words.len();
            let range = block.first_word..block.first_word + block.instances as usize * words;
            for instance in self.words[range].chunks_exact_mut(words) {
                for (word, layout) in instance.iter_mut().zip(&block.words) {
                    *word = layout.reset;
                }
            }
        }
    }

    /// Whether this file holds the block.
    pub fn holds(&self, block: Block) -> bool {
        self.scope.holds(block.description().space)
    }

    /// A write over the bus: bits that do not exist stay 0, read-only words stay as they are.
    ///
    /// A field without effect on the model that gets a value other than after reset or by host default is
    /// reported once, by name, as a warning of target `registers`.
    pub fn write(&mut self, register: Register, value: u32) -> Written {
        let Some((layout, slot)) = self.slot(register) else { return Written::Ignored };
        let word = &layout.words[usize::from(register.word)];
        if word.access == Access::ReadOnly {
            return Written::Ignored;
        }
        let value = value & word.used;
        if (value ^ word.reset) & (value ^ word.host_default) & word.unmodelled != 0 {
            let unusual = (value ^ word.reset) & (value ^ word.host_default) & word.unmodelled;
            self.report(register, value, unusual);
        }
        let changed = std::mem::replace(&mut self.words[slot], value) != value;
        let command = word.access == Access::WriteOnly;
        if changed || command {
            self.mark(layout.first_instance as u32 + register.instance);
        }
        match (command, changed) {
            (true, _) => Written::Command,
            (false, true) => Written::Changed,
            (false, false) => Written::Unchanged,
        }
    }

    /// A read over the bus: write-only words and registers that are not in this file read 0.
    pub fn read(&self, register: Register) -> u32 {
        match self.slot(register) {
            Some((layout, slot)) if layout.words[usize::from(register.word)].access != Access::WriteOnly => {
                self.words[slot]
            }
            _ => 0,
        }
    }

    /// The raw words of an instance, whatever their access mode; `None` if it is not in this file.
    pub fn words(&self, block: Block, instance: u32) -> Option<&[u32]> {
        let (layout, slot) = self.slot(Register { block, instance, word: 0 })?;
        Some(&self.words[slot..slot + layout.words.len()])
    }

    /// The values of an instance; `None` if it is not in this file.
    pub fn get<T: TypedBlock>(&self, instance: u32) -> Option<T> {
        let words = T::Words::try_from(self.words(T::BLOCK, instance)?).ok()?;
        Some(T::from_words(&words))
    }

    /// Sets the raw contents of a word from within the model, e.g. a counter or a status; does not make it
    /// dirty. Without effect if it is not in this file.
    pub fn set_word(&mut self, register: Register, value: u32) {
        if let Some((_, slot)) = self.slot(register) {
            self.words[slot] = value;
        }
    }

    /// Sets all words of an instance from within the model; does not make it dirty. Without effect if it is
    /// not in this file.
    pub fn set<T: TypedBlock>(&mut self, instance: u32, values: &T) {
        if let Some((_, slot)) = self.slot(Register { block: T::BLOCK, instance, word: 0 }) {
            let words = values.to_words();
            self.words[slot..slot + words.as_ref().len()].copy_from_slice(words.as_ref());
        }
    }

    /// Whether any instance was written since the last [`take_dirty`](Self::take_dirty).
    pub fn has_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The instances that the bus has written to since the last call (changed a value or hit a command word),
    /// each once, ordered by block and instance.
    pub fn take_dirty(&mut self) -> Vec<(Block, u32)> {
        let mut dirty = std::mem::take(&mut self.dirty);
        dirty.sort_unstable();
        for &instance in &dirty {
            self.is_dirty[instance as usize / 64] = 0;
        }
        let layout = self.scope.layout();
        let held =
            Block::ALL.iter().zip(&layout.blocks).filter_map(|(&block, held)| Some((block, held.as_ref()?)));
        let mut taken = Vec::with_capacity(dirty.len());
        let mut rest = dirty.as_slice();
        for (block, layout) in held {
            let first = layout.first_instance as u32;
            let (here, behind) =
                rest.split_at(rest.partition_point(|&instance| instance < first + layout.instances));
            taken.extend(here.iter().map(|instance| (block, instance - first)));
            rest = behind;
        }
        taken
    }

    /// Names the fields without effect among `bits`, each once in the life of the file.
    #[cold]
    fn report(&mut self, register: Register, value: u32, bits: u32) {
        if self.reported.is_empty() {
            self.reported = Block::ALL.iter().map(|block| vec![0; block.description().words.len()]).collect();
        }
        let reported = &mut self.reported[register.block as usize][usize::from(register.word)];
        report_unmodelled(register, value, bits, reported);
    }

    fn mark(&mut self, instance: u32) {
        let (bits, bit) = (&mut self.is_dirty[instance as usize / 64], 1 << (instance % 64));
        if *bits & bit == 0 {
            *bits |= bit;
            self.dirty.push(instance);
        }
    }

    /// The layout of a register's block and the place of its word.
    fn slot(&self, register: Register) -> Option<(&'static BlockLayout, usize)> {
        let layout = self.scope.layout().blocks[register.block as usize].as_ref()?;
        let words = layout.words.len();
        if register.instance >= layout.instances || usize::from(register.word) >= words {
            return None;
        }
        Some((layout, layout.first_word + register.instance as usize * words + usize::from(register.word)))
    }
}

/// Names the fields without effect on the model among `bits` of a word that is written with `value`, as a warning of target
/// `registers`, unless they are in `reported`, to which they are added.
pub fn report_unmodelled(register: Register, value: u32, bits: u32, reported: &mut u32) {
    let description = register.block.description();
    let Some(word) = description.words.get(usize::from(register.word)) else { return };
    for field in word.fields {
        let mask = field.bits.mask();
        let effect = match description.status_of(field) {
            _ if bits & !*reported & mask == 0 => continue,
            Status::Modelled => continue,
            Status::StoredOnly => "stored without effect on the model",
            Status::Tagged => "known but not modelled",
        };
        *reported |= mask;
        let (block, name, raw) = (description.name, field.register_name, field.bits.extract(value));
        tracing::warn!(target: "registers", "{block}.{name} = {raw:#x} (first at {register}): {effect}");
    }
}

/// What a snapshot keeps of a file.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    scope: Scope,
    words: Vec<u32>,
    dirty: Vec<u32>,
}

/// A snapshot does not hold a register file of this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The number of words is another.
    #[error("register snapshot: {found} words, expected {expected}")]
    Words {
        /// In the snapshot.
        found: usize,
        /// In this version.
        expected: usize,
    },
    /// An instance that does not exist is marked as changed.
    #[error("register snapshot: instance {0} is marked as changed, but does not exist")]
    Instance(u32),
}

impl From<RegisterFile> for Stored {
    fn from(file: RegisterFile) -> Self {
        Self { scope: file.scope, words: file.words, dirty: file.dirty }
    }
}

impl TryFrom<Stored> for RegisterFile {
    type Error = SnapshotError;

    fn try_from(stored: Stored) -> Result<Self, SnapshotError> {
        let layout = stored.scope.layout();
        if stored.words.len() != layout.words {
            return Err(SnapshotError::Words { found: stored.words.len(), expected: layout.words });
        }
        let mut file = Self::new(stored.scope);
        file.words = stored.words;
        for instance in stored.dirty {
            if instance as usize >= layout.instances {
                return Err(SnapshotError::Instance(instance));
            }
            file.mark(instance);
        }
        Ok(file)
    }
}
