//! The time kernel and what firmware and host see through it, at the addresses of the specification.

mod array;
mod bench;
mod clocks;
mod fire_lines;
mod madc;
mod processors;
mod reset;
mod routing;
mod time;
