//! Calibration routines that speak only to the host interface.
