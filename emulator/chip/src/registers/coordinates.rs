//! Instance numbers of the blocks, from the coordinates of the chip and back (register-map 4).
//!
//! The nesting differs: analog neuron configuration counts by quadrant, the digital back-end by side first.

use bss2_base::{Column, Hemisphere, Neuron, Quadrant};

use super::Block;

/// Columns of a side (a quadrant of neurons, a back-end block): west 0..=127, east 128..=255.
pub const COLUMNS_PER_SIDE: u32 = 128;
/// Columns of a CapMem block: 0..=127 belong to neurons, 128 and 129 are shared.
pub const CAPMEM_COLUMNS: u32 = 130;
/// Rows of a CapMem block.
pub const CAPMEM_ROWS: u32 = 24;

/// Left or right half of the chip: one digital back-end block, shared by both hemispheres.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum Side {
    /// Left, columns 0..=127.
    West = 0,
    /// Right, columns 128..=255.
    East = 1,
}

impl Side {
    /// Both, in numeric order.
    pub const ALL: [Self; 2] = [Self::West, Self::East];

    /// The side of a column.
    pub const fn of(column: Column) -> Self {
        if column < 128 { Self::West } else { Self::East }
    }

    /// 0 or 1.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// Which of the two ADC channels of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[repr(u8)]
pub enum CadcChannelType {
    /// Causal correlation (pre before post).
    Causal = 0,
    /// Acausal correlation.
    Acausal = 1,
}

/// Instance of [`Block::NeuronConfig`]: quadrant, then column in it.
pub const fn neuron_config(neuron: Neuron) -> u32 {
    // hemisphere, side, column in side is the order of bits in the neuron's number.
    neuron.index() as u32
}

/// The neuron of an instance of [`Block::NeuronConfig`].
pub const fn neuron_of_config(instance: u32) -> Option<Neuron> {
    Neuron::from_index(instance as usize)
}

/// Instance of [`Block::NeuronBackendConfig`], [`Block::NeuronReset`], [`Block::SpikeCounterRead`] and
/// [`Block::SpikeCounterReset`]: side, hemisphere, column in the side.
pub const fn neuron_backend(neuron: Neuron) -> u32 {
    let column = neuron.column() as u32;
    256 * (column / 128) + 128 * neuron.hemisphere() as u32 + column % 128
}

/// The neuron of an instance of the digital back-end blocks.
pub const fn neuron_of_backend(instance: u32) -> Option<Neuron> {
    if instance >= Block::NeuronBackendConfig.description().instances() {
        return None;
    }
    let column = 128 * (instance / 256) + instance % 128;
    Some(Neuron::new(Hemisphere::from_index(instance as usize / 128 % 2), column as u8))
}

/// Instance of [`Block::SynapseDriverConfig`]; `driver` 0..=127 in its hemisphere.
pub const fn synapse_driver(hemisphere: Hemisphere, driver: u8) -> u32 {
    128 * hemisphere as u32 + driver as u32
}

/// Hemisphere and number of the driver of an instance of [`Block::SynapseDriverConfig`].
pub const fn driver_of(instance: u32) -> (Hemisphere, u8) {
    (Hemisphere::from_index(instance as usize / 128), (instance % 128) as u8)
}

/// Instance of [`Block::CapMemCell`]: block, row (0..=23), column (0..=129).
pub const fn capmem_cell(block: Quadrant, row: u8, column: u8) -> u32 {
    (block as u32 * CAPMEM_ROWS + row as u32) * CAPMEM_COLUMNS + column as u32
}

/// Block, row and column of an instance of [`Block::CapMemCell`]; `None` if there is no such cell.
pub const fn capmem_cell_of(instance: u32) -> Option<(Quadrant, u8, u8)> {
    if instance >= Block::CapMemCell.description().instances() {
        return None;
    }
    let (row, column) = (instance / CAPMEM_COLUMNS, instance % CAPMEM_COLUMNS);
    let block = Quadrant::ALL[(row / CAPMEM_ROWS) as usize];
    Some((block, (row % CAPMEM_ROWS) as u8, column as u8))
}

/// Instance of [`Block::CADCChannelConfig`]: hemisphere, type, column.
pub const fn cadc_channel(hemisphere: Hemisphere, channel_type: CadcChannelType, column: Column) -> u32 {
    512 * hemisphere as u32 + 256 * channel_type as u32 + column as u32
}

/// Hemisphere, type and column of an instance of [`Block::CADCChannelConfig`].
pub const fn cadc_channel_of(instance: u32) -> (Hemisphere, CadcChannelType, Column) {
    let causal = (instance / 256).is_multiple_of(2);
    let channel_type = if causal { CadcChannelType::Causal } else { CadcChannelType::Acausal };
    (Hemisphere::from_index(instance as usize / 512), channel_type, instance as u8)
}

/// Instance of [`Block::CrossbarNode`] that joins crossbar input and output; `None` where there is no node
/// (register-map 5.7, closed form).
pub const fn crossbar_node(input: u8, output: u8) -> Option<u32> {
    let (i, o) = (input as u32, output as u32);
    match i {
        0..8 if o < 12 && o % 4 == i % 4 => Some(3 * i + o / 4),
        8..12 if o < 8 => Some(24 + 9 * (i - 8) + o),
        8..12 if o == i => Some(24 + 9 * (i - 8) + 8),
        12..20 if o == i - 12 => Some(60 + 2 * (i - 12)),
        12..20 if o == 8 + i % 4 => Some(61 + 2 * (i - 12)),
        _ => None,
    }
}

/// Crossbar input and output of a node; `None` above 75.
pub const fn crossbar_input_output(node: u32) -> Option<(u8, u8)> {
    let (input, output) = match node {
        0..24 => (node / 3, 4 * (node % 3) + node / 3 % 4),
        24..60 => {
            let (link, output) = ((node - 24) / 9, (node - 24) % 9);
            (8 + link, if output == 8 { 8 + link } else { output })
        }
        60..76 => {
            let source = (node - 60) / 2;
            (12 + source, if node.is_multiple_of(2) { source } else { 8 + source % 4 })
        }
        _ => return None,
    };
    Some((input as u8, output as u8))
}
