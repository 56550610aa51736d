//! Durations as the simulation counts and prints them.

use std::time::Duration;

/// A duration in nanoseconds, as the world counts them (584 years at most).
pub(super) fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX / 4)
}

/// `12 s`, `0.25 s`: a duration without needless digits.
pub(super) fn seconds(d: Duration) -> String {
    let text = format!("{}.{:09}", d.as_secs(), d.subsec_nanos());
    let short = text.trim_end_matches('0').trim_end_matches('.');
    format!("{short} s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_secs(12)), "12 s");
        assert_eq!(seconds(Duration::from_millis(250)), "0.25 s");
        assert_eq!(seconds(Duration::ZERO), "0 s");
        assert_eq!(seconds(Duration::from_secs(100)), "100 s");
    }
}
