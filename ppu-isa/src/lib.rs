//! The plasticity processor of BrainScaleS-2 alone: instruction table, execution, timing.
