//! The analog core of HICANN-X: neurons, synapses, correlation sensors, converters, mismatch and noise.
