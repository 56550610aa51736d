//! Whether this build may time anything: not with the checker's door in the queues.

/// Why this build must not time anything, or `None` if it may.
///
/// A build whose `ringwright` is instrumented by the feature `check` would time
/// the checker.
#[must_use]
pub fn refusal() -> Option<&'static str> {
    ringwright::sync::INSTRUMENTED.then_some(
        "this build has ringwright's feature `check` on, so its queues are instrumented and \
         timing them would time the checker; build with `-p contenders` alone",
    )
}

/// What a bench may do in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimingPermission {
    /// Let criterion run.
    Run,
    /// Say so and end well: this is a test run, and the proofs were run.
    Skip,
    /// Say so and fail: somebody asked for times.
    Refuse,
}

/// Decides: `instrumented` is whether timing would time the checker, and
/// `timing` whether times were asked for.
pub(crate) const fn permission(instrumented: bool, timing: bool) -> TimingPermission {
    match (instrumented, timing) {
        (false, _) => TimingPermission::Run,
        (true, false) => TimingPermission::Skip,
        (true, true) => TimingPermission::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::{TimingPermission, permission};

    #[test]
    fn an_instrumented_build_never_times() {
        assert_eq!(permission(true, true), TimingPermission::Refuse);
        assert_eq!(permission(true, false), TimingPermission::Skip);
        assert_eq!(permission(false, true), TimingPermission::Run);
        assert_eq!(permission(false, false), TimingPermission::Run);
    }
}
