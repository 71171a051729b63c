//! The engine of the stepped class as a core uses it: all circuits, bulk pulses, snapshots, noise, hand-over between classes.

mod circuits;
mod engine;
mod noise;
mod snapshots;
