//! The analog core through its public interface, against closed forms and brute force.

mod common;
mod correlation;
mod neuron;
mod noise;
mod slicing;
