//! Numbers as they are meant, however they are written: `1.50` and `15e-1` are the same.

use crate::linearizability::files::value::EventValue;

/// Zeros that are written out after a number or behind its point.
const ZEROS: i64 = 40;

/// The number that `text` writes in decimal, exactly. `None`: it is no number.
pub(crate) fn number(text: &str) -> Option<EventValue> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if whole.is_empty() || power.is_empty() || !is_digits(whole) || !is_digits(fraction) || !is_digits(power)
    {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return Some(EventValue::Int(0));
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    // Saturated: a number of that size has no other writing that anybody uses.
    let exponent =
        exponent.parse::<i64>().unwrap_or(if exponent.starts_with('-') { i64::MIN } else { i64::MAX });
    let exponent =
        exponent.saturating_sub(fraction.len() as i64).saturating_add((digits.len() - short.len()) as i64);
    let text = written(short, exponent);
    let text = format!("{sign}{text}");
    Some(text.parse().map_or_else(|_| EventValue::Number(text), EventValue::Int))
}

/// The one way in which digits without a zero at either end are written.
fn written(digits: &str, exponent: i64) -> String {
    let point = digits.len() as i64 + exponent;
    match exponent {
        0..=ZEROS => format!("{digits}{}", "0".repeat(exponent as usize)),
        _ if exponent > 0 || point < -ZEROS => format!("{digits}e{exponent}"),
        _ if point > 0 => format!("{}.{}", &digits[..point as usize], &digits[point as usize..]),
        _ => format!("0.{}{digits}", "0".repeat(-point as usize)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_value_however_it_is_written() {
        for (same, shown) in [
            (&["1", "1.0", "1e0", "10E-1", "+1", "0.1e+1", "001"][..], "1"),
            (&["0", "-0", "0.00", "0e9"], "0"),
            (&["-1.50", "-15e-1", "-1.5"], "-1.5"),
            (&["0.05", "5e-2", "0.050"], "0.05"),
            (
                &["123456789012345678901234567890", "12345678901234567890123456789e1"],
                "123456789012345678901234567890",
            ),
            (&["1e300", "10e299"], "1e300"),
            (&["25e-300", "2.5e-299"], "25e-300"),
        ] {
            for text in same {
                assert_eq!(format!("{:?}", number(text).expect(text)), shown, "{text}");
            }
        }
        assert_eq!(number("9223372036854775807"), Some(EventValue::Int(i64::MAX)));
        assert_eq!(number("-9223372036854775808.0"), Some(EventValue::Int(i64::MIN)));
    }

    #[test]
    fn numbers_that_differ_in_the_last_digit_differ() {
        assert_ne!(number("123456789012345678901234567890"), number("123456789012345678901234567891"));
        assert_ne!(number("9007199254740993.0"), number("9007199254740992.0"));
        assert_ne!(number("0.1"), number("0.10000000000000001"));
        assert_ne!(number("1e400"), number("1e401"));
        assert_ne!(number("1"), number("-1"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", "1x", "0x1", "1/2", ".5", "1e", "1e+", "1.2.3", "1e1.5", "--1", "e5"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
