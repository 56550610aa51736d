//! Whether this build may time anything.

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
