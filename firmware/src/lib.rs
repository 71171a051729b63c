//! Programs for the plasticity processors: sources, headers and the built images.
