//! The elementary functions against values computed elsewhere, and against the system's library over dense ranges.

use bss2_base::math;
use std::io::Read;

/// Distance of two doubles counted in representable numbers; zero for two NaNs.
fn ulps(a: f64, b: f64) -> u64 {
    if a.is_nan() && b.is_nan() {
        return 0;
    }
    let ordered = |x: f64| {
        let bits = x.to_bits() as i64;
        if bits < 0 { i64::MIN - bits } else { bits }
    };
    ordered(a).abs_diff(ordered(b))
}

fn by_name(name: &str) -> fn(f64) -> f64 {
    match name {
        "exp" => math::exp,
        "exp_m1" => math::exp_m1,
        "ln" => math::ln,
        "ln_1p" => math::ln_1p,
        "tanh" => math::tanh,
        "inverse_normal_cdf" => math::inverse_normal_cdf,
        other => panic!("unknown function {other}"),
    }
}

#[test]
fn every_function_keeps_its_promise_against_exact_values() {
    let packed = include_bytes!("golden/elementary.txt.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).unwrap();
    let mut worst: Vec<(&str, u64, u64, u64)> = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        let name = words.next().unwrap();
        let mut number = || f64::from_bits(u64::from_str_radix(words.next().unwrap(), 16).unwrap());
        let (x, expected) = (number(), number());
        let distance = ulps(by_name(name)(x), expected);
        if worst.last().is_none_or(|w| w.0 != name) {
            worst.push((name, 0, 0, 0));
        }
        let entry = worst.last_mut().unwrap();
        entry.1 = entry.1.max(distance);
        entry.2 += u64::from(distance > 0);
        entry.3 += 1;
        let limit = match name {
            "tanh" => 2,
            "inverse_normal_cdf" => 8,
            _ => 1,
        };
        assert!(distance <= limit, "{name}({x:e}) is {distance} ulp from {expected:e}");
    }
    for (name, largest, wrong, all) in worst {
        println!("{name}: {wrong} of {all} not correctly rounded, largest distance {largest} ulp");
    }
}

#[test]
fn dense_ranges_agree_with_the_system_library() {
    // The system's own error (up to about 1 ulp) comes on top.
    let check =
        |name: &str, ours: fn(f64) -> f64, theirs: fn(f64) -> f64, low: f64, high: f64, limit: u64| {
            let n = 100_000;
            for i in 0..=n {
                let x = low + (high - low) * (i as f64 / n as f64);
                let distance = ulps(ours(x), theirs(x));
                assert!(distance <= limit, "{name}({x:e}): {distance} ulp");
            }
        };
    check("exp", math::exp, f64::exp, -745.0, 709.7, 1);
    check("exp", math::exp, f64::exp, -1.0, 1.0, 1);
    check("exp_m1", math::exp_m1, f64::exp_m1, -45.0, 709.7, 2);
    check("exp_m1", math::exp_m1, f64::exp_m1, -1.0, 1.0, 2);
    check("ln", math::ln, f64::ln, 1e-3, 3.0, 2);
    check("ln", math::ln, f64::ln, 1.0, 1e6, 2);
    check("ln_1p", math::ln_1p, f64::ln_1p, -0.999, 3.0, 2);
    check("tanh", math::tanh, f64::tanh, -20.0, 20.0, 3);
    check("tanh", math::tanh, f64::tanh, -1.0, 1.0, 3);
}

#[test]
fn every_octave_from_subnormal_to_the_largest_agrees_with_the_system_library() {
    for exponent in 0..2047_u64 {
        for step in 0..16_u64 {
            let x = f64::from_bits(
                exponent << 52 | step.wrapping_mul(0x1_1234_5678_9abc) & 0x000f_ffff_ffff_ffff,
            );
            assert!(ulps(math::ln(x), x.ln()) <= 2, "ln {x:e}");
            assert!(ulps(math::ln_1p(x), x.ln_1p()) <= 2, "ln_1p {x:e}");
            for x in [x, -x] {
                assert!(math::tanh(x).abs() <= 1.0, "tanh {x:e}");
                assert!(ulps(math::exp(x), x.exp()) <= 1, "exp {x:e}");
                assert!(ulps(math::exp_m1(x), x.exp_m1()) <= 2, "exp_m1 {x:e}");
                assert!(ulps(math::tanh(x), x.tanh()) <= 3, "tanh {x:e}");
            }
        }
    }
}

#[test]
fn edges_give_what_c_and_ieee_754_say() {
    let inf = f64::INFINITY;
    assert_eq!([math::exp(0.0), math::exp(-0.0), math::exp(inf), math::exp(-inf)], [1.0, 1.0, inf, 0.0]);
    assert_eq!([math::exp(709.79), math::exp(-745.2), math::exp(1e308)], [inf, 0.0, inf]);
    assert_eq!(math::exp(-745.13), 5e-324);
    assert_eq!([math::exp_m1(inf), math::exp_m1(-inf), math::exp_m1(-800.0)], [inf, -1.0, -1.0]);
    assert_eq!([math::ln(0.0), math::ln(-0.0), math::ln(1.0), math::ln(inf)], [-inf, -inf, 0.0, inf]);
    assert_eq!([math::ln_1p(-1.0), math::ln_1p(inf)], [-inf, inf]);
    assert_eq!([math::tanh(inf), math::tanh(-inf)], [1.0, -1.0]);
    for odd in [math::exp_m1, math::ln_1p, math::tanh] {
        assert_eq!(odd(-0.0).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(odd(5e-324).to_bits(), 1);
    }
    assert_eq!(math::inverse_normal_cdf(0.5), 0.0);
    assert_eq!([math::inverse_normal_cdf(0.0), math::inverse_normal_cdf(1.0)], [-inf, inf]);
    for nan in [
        math::exp(f64::NAN),
        math::exp_m1(f64::NAN),
        math::ln(f64::NAN),
        math::ln(-1.0),
        math::ln(-inf),
        math::ln_1p(f64::NAN),
        math::ln_1p(-1.5),
        math::tanh(f64::NAN),
        math::inverse_normal_cdf(f64::NAN),
        math::inverse_normal_cdf(-0.1),
        math::inverse_normal_cdf(1.1),
    ] {
        assert!(nan.is_nan());
    }
}

#[test]
fn the_bits_of_a_long_walk_never_change() {
    // Any change of these functions, of the compiler or of the machine that alters one bit shows here.
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut x = 0.3;
    for i in 0..20_000 {
        let y = f64::from(i) * 0.0007 - 7.0;
        let values = [
            math::exp(y),
            math::exp_m1(y),
            math::ln(x),
            math::ln_1p(x),
            math::tanh(y),
            math::inverse_normal_cdf(x),
            math::inverse_normal_cdf(x * x * x * 1e-4),
            math::inverse_normal_cdf(x * 1e-30),
        ];
        for value in values {
            digest = (digest ^ value.to_bits()).wrapping_mul(0x0100_0000_01b3);
        }
        x = 3.9 * x * (1.0 - x);
    }
    assert_eq!(digest, 0xfe72_cbe0_38c3_9e12, "{digest:#x}");
}
