//! Which weaker orderings to try in the place of one, and in which order.

use crate::seam::op::Strength;

const ACQ_REL: Strength = Strength::ACQ_REL;
const ACQUIRE: Strength = Strength::ACQUIRE;
const RELEASE: Strength = Strength::RELEASE;
const RELAXED: Strength = Strength::RELAXED;

/// What an ordering belongs to, as far as it decides what is weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccessKind {
    /// Something that only reads: a load, a compare-exchange that fails.
    Reads,
    /// A store.
    Writes,
    /// A read-modify-write, or a fence. The weakest fence is none.
    Both,
}

/// The steps down from `from`. The orderings of one step do not compare; the
/// next step is of interest only if all of this one survive, because whoever
/// notices an ordering notices a weaker one as well.
pub(crate) fn steps(kind: AccessKind, from: Strength) -> &'static [&'static [Strength]] {
    match kind {
        _ if from == RELAXED => &[],
        AccessKind::Reads if from.is_sc() => &[&[ACQUIRE], &[RELAXED]],
        AccessKind::Writes if from.is_sc() => &[&[RELEASE], &[RELAXED]],
        AccessKind::Both if from.is_sc() => &[&[ACQ_REL], &[ACQUIRE, RELEASE], &[RELAXED]],
        AccessKind::Both if from == ACQ_REL => &[&[ACQUIRE, RELEASE], &[RELAXED]],
        _ => &[&[RELAXED]],
    }
}

/// Judges the orderings weaker than `from`, step by step, while `judge` says of
/// all of a step that nobody notices.
pub(crate) fn walk(kind: AccessKind, from: Strength, mut judge: impl FnMut(Strength) -> bool) {
    for step in steps(kind, from) {
        // All of the step, also after one that is noticed.
        if step.iter().filter(|to| !judge(**to)).count() > 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    /// The names tried from `from` when those in `survive` are not noticed.
    fn tried(kind: AccessKind, from: Ordering, survive: &[&str]) -> Vec<&'static str> {
        let mut tried = Vec::new();
        walk(kind, Strength::of(from), |to| {
            tried.push(to.name());
            survive.contains(&to.name())
        });
        tried
    }

    #[test]
    fn a_step_down_is_taken_only_from_what_survives() {
        assert_eq!(tried(AccessKind::Reads, Ordering::SeqCst, &[]), ["Acquire"]);
        assert_eq!(tried(AccessKind::Reads, Ordering::SeqCst, &["Acquire"]), ["Acquire", "Relaxed"]);
        assert_eq!(tried(AccessKind::Writes, Ordering::SeqCst, &["Release"]), ["Release", "Relaxed"]);
        assert_eq!(tried(AccessKind::Both, Ordering::SeqCst, &["AcqRel"]), ["AcqRel", "Acquire", "Release"]);
    }

    #[test]
    fn both_halves_are_tried_and_relaxed_only_if_neither_is_noticed() {
        assert_eq!(tried(AccessKind::Both, Ordering::AcqRel, &[]), ["Acquire", "Release"]);
        assert_eq!(tried(AccessKind::Both, Ordering::AcqRel, &["Release"]), ["Acquire", "Release"]);
        assert_eq!(
            tried(AccessKind::Both, Ordering::AcqRel, &["Acquire", "Release"]),
            ["Acquire", "Release", "Relaxed"]
        );
        assert_eq!(tried(AccessKind::Both, Ordering::Release, &[]), ["Relaxed"]);
        assert!(tried(AccessKind::Both, Ordering::Relaxed, &[]).is_empty());
    }
}
