//! The instruction cache: direct mapped, filled line by line, never invalidated except by reset (ppu-isa 9.6).
//!
//! It is also the cache of decoded instructions. Being as incoherent as the hardware, it needs no tracking of stores:
//! what was fetched stays until its line is replaced.

use serde::{Deserialize, Serialize};

use crate::config::CacheGeometry;
use crate::instruction::Instruction;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cache {
    geometry: CacheGeometry,
    /// For each line the address bits above the byte in the line, or `EMPTY`.
    tags: Vec<u32>,
    words: Vec<u32>,
    /// The decoded words, as far as `known`. Rebuilt on demand.
    #[serde(skip)]
    decoded: Vec<Instruction>,
    /// For each word what is decoded.
    #[serde(skip)]
    known: Vec<Known>,
}

/// What is decoded at a place of the cache.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Word address of the instruction, or `EMPTY`.
    word: u32,
    /// How many instructions from this one on are known without a gap, up to the end of the line.
    run: u32,
}

const UNKNOWN: Known = Known { word: EMPTY, run: 0 };

/// Where in the cache an instruction is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place(usize);

/// No tag: addresses are shifted right by at least two bits.
const EMPTY: u32 = u32::MAX;

impl Cache {
    pub(super) fn new(geometry: CacheGeometry) -> Self {
        let geometry = geometry.limited();
        let words = geometry.lines() * geometry.words();
        Self {
            geometry,
            tags: vec![EMPTY; geometry.lines()],
            words: vec![0; words],
            decoded: Vec::new(),
            known: Vec::new(),
        }
    }

    /// Makes the tables consistent, whatever a snapshot contained.
    pub(super) fn prepare(&mut self) {
        if self.decoded.len() == self.words.len() && !self.decoded.is_empty() {
            return;
        }
        self.geometry = self.geometry.limited();
        let lines = self.geometry.lines();
        let words = lines * self.geometry.words();
        self.tags.resize(lines, EMPTY);
        self.words.resize(words, 0);
        self.decoded = vec![Instruction::decode(0); words];
        self.known = vec![UNKNOWN; words];
    }

    /// Bits of an address below the tag.
    fn shift(&self) -> u32 {
        2 + u32::from(self.geometry.words_log2)
    }
    #[inline(always)]
    fn line_of(&self, address: u32) -> (usize, u32) {
        let tag = self.geometry.line_of(address);
        (tag as usize & (self.tags.len() - 1), tag)
    }
    /// The word at an address, if its line is here.
    pub(super) fn word(&self, address: u32) -> Option<u32> {
        let (line, tag) = self.line_of(address);
        (self.tags[line] == tag).then(|| self.words[(address >> 2) as usize & (self.words.len() - 1)])
    }
    /// Where the instruction at an address is, if its line is here.
    #[inline(always)]
    pub(super) fn find(&mut self, address: u32) -> Option<Place> {
        let word = address >> 2;
        let place = word as usize & (self.known.len() - 1);
        if self.known[place].word != word && !self.decode(address) {
            return None;
        }
        Some(Place(place))
    }
    /// The instruction at a place that [`Cache::find`] returned.
    #[inline(always)]
    pub(super) fn at(&self, place: Place) -> &Instruction {
        &self.decoded[place.0]
    }
    /// The instructions from an address on that are decoded already, no further than the end of its line; none if the
    /// first is not.
    #[inline(always)]
    pub(super) fn stretch(&self, address: u32) -> &[Instruction] {
        let word = address >> 2;
        let place = word as usize & (self.known.len() - 1);
        let known = self.known[place];
        let run = if known.word == word { known.run as usize } else { 0 };
        self.decoded.get(place..place + run).unwrap_or(&[])
    }
    /// Decodes the word at an address, if its line is here.
    #[cold]
    #[inline(never)]
    fn decode(&mut self, address: u32) -> bool {
        let Some(word) = self.word(address) else { return false };
        let mut place = (address >> 2) as usize & (self.words.len() - 1);
        self.decoded[place] = Instruction::decode(word);
        let in_line = self.geometry.words() - 1;
        let mut run = if place & in_line == in_line { 0 } else { self.known[place + 1].run };
        self.known[place].word = address >> 2;
        // This one may close a gap.
        loop {
            run += 1;
            self.known[place].run = run;
            if place & in_line == 0 || self.known[place - 1].word == EMPTY {
                return true;
            }
            place -= 1;
        }
    }

    /// First address of the line of an address.
    pub(super) fn line_address(&self, address: u32) -> u32 {
        address >> self.shift() << self.shift()
    }
    pub(super) fn words_per_line(&self) -> usize {
        self.geometry.words()
    }
    pub(super) fn fill(&mut self, address: u32, words: &[u32]) {
        let (line, tag) = self.line_of(address);
        let first = line * self.geometry.words();
        self.words[first..first + words.len()].copy_from_slice(words);
        self.known[first..first + words.len()].fill(UNKNOWN);
        self.tags[line] = tag;
    }
}
