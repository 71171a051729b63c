//! Every configuration bit of analog-core 3.11 has its effect.
