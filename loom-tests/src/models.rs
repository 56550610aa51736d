//! All models of our structures, by name: what the audit runs, and what other
//! looks at all of them may use.

use crate::{mpmc, shapes, spsc};
use ringwright::check::audit::Audit;

/// A model.
pub struct Model {
    /// Its name: the structure, then what happens.
    pub name: &'static str,
    /// Makes its body.
    pub body: fn() -> Box<dyn Fn() + Send + Sync>,
}

/// Every model of our structures.
pub const ALL: &[Model] = &[
    Model { name: "spsc hand over", body: || Box::new(spsc::hand_over()) },
    Model { name: "spsc reuse", body: || Box::new(spsc::reuse()) },
    Model { name: "spsc consumer gone", body: || Box::new(spsc::consumer_gone()) },
    Model { name: "spsc closed to the producer", body: || Box::new(spsc::closed_to_the_producer()) },
    Model { name: "spsc closed to the consumer", body: || Box::new(spsc::closed_to_the_consumer()) },
    Model { name: "mpmc hand over", body: || Box::new(mpmc::hand_over()) },
    Model { name: "mpmc two producers", body: || Box::new(mpmc::two_producers()) },
    Model { name: "mpmc two consumers", body: || Box::new(mpmc::two_consumers()) },
    Model { name: "mpmc reuse", body: || Box::new(mpmc::reuse()) },
    Model { name: "mpmc consumers gone", body: || Box::new(mpmc::consumers_gone()) },
    Model { name: "mpmc producer gone", body: || Box::new(mpmc::producer_gone()) },
];

/// An audit of our structures' orderings by those models whose name contains
/// `name`.
pub fn audit(name: &str) -> Audit {
    let chosen = ALL.iter().filter(|model| model.name.contains(name));
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/../src");
    // The switch of the build that ships: with the checker on, nobody can execute it.
    let audit = Audit::new().sources(sources).files(|file| !file.contains("src/sync/"));
    chosen.fold(audit, |audit, model| audit.model(model.name, (model.body)()))
}

/// An audit of the published structures in `shapes`, and of the corrected forms
/// of the published bugs, by those models whose name contains `name`.
pub fn audit_of_shapes(name: &str) -> Audit {
    let structures = shapes::structures().into_iter().map(|s| (s.name.to_owned(), s.model));
    let corrected = shapes::all().into_iter().map(|s| (format!("{}, corrected", s.name), s.fixed));
    let chosen = structures.chain(corrected).filter(|(model, _)| model.contains(name));
    let sources = concat!(env!("CARGO_MANIFEST_DIR"), "/src/shapes");
    let audit = Audit::new().sources(sources).files(|file| file.contains("shapes"));
    chosen.fold(audit, |audit, (model, body)| audit.model(model, body))
}
