//! The orderings to weaken, and the models that execute each.

use crate::audit::builder::{Audit, ModelBody};
use crate::audit::ladder::AccessKind;
use crate::audit::report::is_unusable;
use crate::plan::orderings::{OrderingRole, OrderingSpot};
use crate::report::data::Report;
use crate::seam::op::Strength;
use std::collections::BTreeMap;

/// A model as it stands.
pub(crate) struct CheckedModel<'a> {
    pub(crate) name: &'a str,
    pub(crate) body: &'a ModelBody,
    pub(crate) report: Report,
    pub(crate) spots: BTreeMap<OrderingSpot, bool>,
}

/// An ordering to weaken. For the `fetch` of a `fetch_update` these are two.
pub(crate) struct Target {
    pub(crate) spots: Vec<OrderingSpot>,
    pub(crate) op: &'static str,
    pub(crate) role: Option<&'static str>,
    pub(crate) kind: AccessKind,
    /// The models that come to it, as indices, the quickest first.
    pub(crate) models: Vec<usize>,
}

impl Target {
    /// The ordering that the source has.
    pub(crate) fn first(&self) -> &OrderingSpot {
        &self.spots[0]
    }
}

/// The orderings stronger than Relaxed that the models ask for.
pub(crate) fn targets(audit: &Audit, models: &[CheckedModel<'_>]) -> Vec<Target> {
    let mut spots: BTreeMap<OrderingSpot, Vec<usize>> = BTreeMap::new();
    for (n, model) in models.iter().enumerate() {
        for (spot, came) in &model.spots {
            let by = spots.entry(*spot).or_default();
            if *came && !is_unusable(&model.report.verdict) {
                by.push(n);
            }
        }
    }
    let mut targets: Vec<Target> = Vec::new();
    for (spot, models) in &spots {
        if spot.ask.strength == Strength::RELAXED || is_door(spot.file) || !(audit.file_filter)(spot.file) {
            continue;
        }
        // A `fetch_update` is a load and a compare-exchange at one place.
        let same = |other: &OrderingSpot| {
            (other.file, other.line, other.column) == (spot.file, spot.line, spot.column)
        };
        let has = |op, role| spots.keys().any(|s| same(s) && s.ask.op == op && s.ask.role == role);
        let update = has("load", OrderingRole::Only) && has("compare_exchange_weak", OrderingRole::Success);
        let (kind, role) = match (spot.ask.role, spot.ask.op, update) {
            (OrderingRole::Failure, _, false) => (AccessKind::Reads, Some("failure")),
            (OrderingRole::Success, _, false) => (AccessKind::Both, Some("success")),
            (OrderingRole::Success, _, true) => (AccessKind::Both, Some("set")),
            (OrderingRole::Failure, _, true) => continue,
            (OrderingRole::Only, "load", true) => (AccessKind::Reads, Some("fetch")),
            (OrderingRole::Only, "load", false) => (AccessKind::Reads, None),
            (OrderingRole::Only, "store", _) => (AccessKind::Writes, None),
            (OrderingRole::Only, ..) => (AccessKind::Both, None),
        };
        let both = |s: &&OrderingSpot| {
            role == Some("fetch")
                && same(s)
                && s.ask.role == OrderingRole::Failure
                && s.ask.strength == spot.ask.strength
        };
        let spots: Vec<OrderingSpot> =
            [*spot].into_iter().chain(spots.keys().filter(both).copied()).collect();
        let op = if update && role.is_some() { "fetch_update" } else { spot.ask.op };
        targets.push(Target { spots, op, role, kind, models: models.clone() });
    }
    targets
}

/// Whether `file`, as the compiler names it, is part of the door or the checker.
fn is_door(file: &str) -> bool {
    let [here, file] = [file!(), file].map(|name| name.replace('\\', "/"));
    here.strip_suffix("audit/targets.rs").is_some_and(|own| file.starts_with(own))
}
