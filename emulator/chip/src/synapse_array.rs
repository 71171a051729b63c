//! The synapse array.
use bss2_base::Hemisphere;
/// x
pub fn region_offset(address: u32) -> Option<(Hemisphere, u32)> {
    match address & 0xffc0_0000 { 0x02c0_0000 => Some((Hemisphere::Top, address & 0x3f_ffff)), 0x03c0_0000 => Some((Hemisphere::Bottom, address & 0x3f_ffff)), _ => None }
}
