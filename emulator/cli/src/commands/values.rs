//! How numbers with a meaning are written on the command line.

use bss2_base::SimTime;

/// An integer in decimal or, after `0x`, in hexadecimal, with an optional sign in front.
pub(super) fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    // The parser of the standard library would take a second sign.
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) if !digits.starts_with(['+', '-']) => i64::from_str_radix(digits, 16).ok()?,
        Some(_) => return None,
        None => digits.parse().ok()?,
    };
    Some(if negative { -value } else { value })
}

/// A 32-bit address.
pub(super) fn address(text: &str) -> Result<u32, String> {
    let value = integer(text).and_then(|value| u32::try_from(value).ok());
    value.ok_or_else(|| "not a number of 32 bits, decimal or 0x...".to_owned())
}

/// The address of a word in bytes.
pub(super) fn word_address(text: &str) -> Result<u32, String> {
    match address(text)? {
        address if address % 4 == 0 => Ok(address),
        _ => Err("not a multiple of 4".to_owned()),
    }
}

/// A word of 32 bits, signed or not; `-1` and `0xffffffff` are the same.
pub(super) fn word(text: &str) -> Result<u32, String> {
    let value = integer(text).filter(|value| (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(value));
    value.map(|value| value as u32).ok_or_else(|| "not a number of 32 bits, decimal or 0x...".to_owned())
}

/// A span of chip time with its unit: `500us`, `1.5 ms`, `2s`. Longer than nothing.
pub(super) fn span(text: &str) -> Result<SimTime, String> {
    /// A chip counts time in picoseconds of 64 bits; beyond this it would come near their end.
    const LONGEST_S: f64 = 1e6;
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let factor = match unit {
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" => 1e-6,
        "ns" => 1e-9,
        _ => return Err("no unit: write 500us, 10ms or 2s".to_owned()),
    };
    let number: f64 = number.trim().parse().map_err(|_| "not a number with a unit, as in 10ms".to_owned())?;
    let time = SimTime::from_secs_f64(number * factor);
    if !(0.0..=LONGEST_S).contains(&(number * factor)) || time == SimTime::ZERO {
        return Err("not between 1 ps and 1000000 s".to_owned());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_decimal_or_hexadecimal_multiples_of_four() {
        assert_eq!(word_address("16"), Ok(16));
        assert_eq!(word_address("0xFFFFFFFC"), Ok(0xffff_fffc));
        for text in ["2", "0x", "-4", "0x100000000", "four", "", "+4", "0x-4", "--4"] {
            assert!(word_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_word_may_have_a_sign() {
        assert_eq!(word("-1"), Ok(0xffff_ffff));
        assert_eq!(word("-0x80000000"), Ok(0x8000_0000));
        assert_eq!(word("0xffffffff"), word("4294967295"));
        for text in ["-2147483649", "4294967296", "1.5", "-", "0x"] {
            assert!(word(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_span_of_time_needs_its_unit() {
        assert_eq!(span("10ms"), Ok(SimTime::from_ms(10)));
        assert_eq!(span("1.5 us"), Ok(SimTime::from_ns(1_500)));
        assert_eq!(span("2s"), Ok(SimTime::from_ms(2_000)));
        for text in ["10", "", "ms", "-1ms", "0s", "1e300s", "NaNs", "10 m", "1h"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            let _ = (integer(&text), address(&text), word(&text), span(&text));
        }

        #[test]
        fn every_word_is_read_back(value: u32) {
            prop_assert_eq!(word(&value.to_string()), Ok(value));
            prop_assert_eq!(word(&format!("{value:#x}")), Ok(value));
            prop_assert_eq!(word(&(value as i32).to_string()), Ok(value));
        }
    }
}
