//! Numbers and values in words, as every report has them.

/// `1 block`, `2 blocks`.
pub(crate) fn count(n: impl TryInto<u64>, noun: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    if n == 1 {
        return format!("1 {noun}");
    }
    let before_y = noun.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'i', 'o', 'u']));
    match before_y {
        Some(stem) => format!("{n} {stem}ies"),
        None => format!("{n} {noun}s"),
    }
}

/// `1 read is`, `2 reads are`.
pub(crate) fn are(n: usize, noun: &str) -> String {
    format!("{} {}", count(n as u64, noun), if n == 1 { "is" } else { "are" })
}

/// A value as a person would read it: pointers and other large ones in hex.
pub(crate) fn value_text(value: u64) -> String {
    if value < 1 << 20 { value.to_string() } else { format!("{value:#x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_follows_its_number() {
        let counts = [count(0_u64, "block"), count(1_u64, "block"), count(2_u64, "block")];
        assert_eq!(counts, ["0 blocks", "1 block", "2 blocks"]);
        assert_eq!([count(2_u8, "history"), count(1_u8, "history")], ["2 histories", "1 history"]);
        assert_eq!(count(3_u8, "delay"), "3 delays");
        assert_eq!([are(1, "read"), are(2, "read")], ["1 read is", "2 reads are"]);
    }

    #[test]
    fn a_large_value_is_in_hex() {
        assert_eq!([value_text(1_048_575), value_text(1_048_576)], ["1048575", "0x100000"]);
    }
}
