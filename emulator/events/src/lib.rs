//! The digital event network of HICANN-X: labels, crossbar, PADI buses, drivers, back-ends, background sources.
