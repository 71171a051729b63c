//! Routines of neurons (calibration 4.3).
