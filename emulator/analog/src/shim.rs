//! Temporary stand-ins until `bss2_base::{math, random}` exist.

pub(crate) fn exp(x: f64) -> f64 {
    x.exp()
}
pub(crate) fn ln(x: f64) -> f64 {
    x.ln()
}
pub(crate) fn tanh(x: f64) -> f64 {
    x.tanh()
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub(crate) fn word(seed: u64, stream: u32, instance: u32, draw: u64) -> u64 {
    let key = mix(seed.wrapping_add(u64::from(stream) << 32 | u64::from(instance)));
    mix(key ^ mix(draw.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

pub(crate) fn normal_from_bits(bits: u64) -> f64 {
    let u = ((bits >> 32) as f64 + 0.5) / 4_294_967_296.0;
    let v = ((bits & 0xffff_ffff) as f64 + 0.5) / 4_294_967_296.0;
    ((-2.0 * u.ln()).sqrt() * (core::f64::consts::TAU * v).cos()).clamp(-4.0, 4.0)
}
