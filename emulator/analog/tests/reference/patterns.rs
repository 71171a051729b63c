//! The adaptive exponential neuron: the eight firing patterns of Naud et al. 2008 (T-NAUD, analog-core 10.1).
