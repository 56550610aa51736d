//! What an audit is asked: its models, its sources, how long and how to search.

use crate::check::Check;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A model's body.
pub(crate) type ModelBody = Arc<dyn Fn() + Send + Sync>;

/// An audit of the orderings that some models execute.
#[must_use = "an audit does nothing before `run`"]
pub struct Audit {
    pub(crate) models: Vec<(String, ModelBody)>,
    pub(crate) sources: Vec<PathBuf>,
    pub(crate) max_time: Duration,
    pub(crate) plan: Arc<dyn Fn(Check) -> Check + Send + Sync>,
    pub(crate) file_filter: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    pub(crate) outcomes: bool,
}

impl Default for Audit {
    fn default() -> Audit {
        Audit::new()
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.models.iter().map(|(name, _)| name).collect();
        f.debug_struct("Audit")
            .field("models", &names)
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

impl Audit {
    /// An audit that has no models yet.
    pub fn new() -> Audit {
        Audit {
            models: Vec::new(),
            sources: Vec::new(),
            max_time: Duration::from_secs(20),
            plan: Arc::new(|check| check),
            file_filter: Arc::new(|_| true),
            outcomes: true,
        }
    }

    /// Adds a model.
    pub fn model(mut self, name: impl Into<String>, model: impl Fn() + Send + Sync + 'static) -> Audit {
        self.models.push((name.into(), Arc::new(model)));
        self
    }

    /// Reads this file, or all Rust files in this folder, to find the orderings
    /// that no model executes, and the comments that give reasons. An absolute
    /// path is best: `concat!(env!("CARGO_MANIFEST_DIR"), "/src")`.
    pub fn sources(mut self, path: impl Into<PathBuf>) -> Audit {
        self.sources.push(path.into());
        self
    }

    /// Weakens orderings only in files whose path, as the compiler names it,
    /// passes `wanted`. (This crate's own door is left out in any case.)
    pub fn files(mut self, wanted: impl Fn(&str) -> bool + Send + Sync + 'static) -> Audit {
        self.file_filter = Arc::new(wanted);
        self
    }

    /// How long each run of a model may take; 20 seconds by default. If the models
    /// that take longer are the only ones that do not fail, the ordering counts as
    /// blind.
    pub fn max_time_per_model(mut self, time: Duration) -> Audit {
        self.max_time = time;
        self
    }

    /// Sets how each model is searched, instead of the default plan:
    /// `.plan(|check| check.random(10_000))`.
    pub fn plan(mut self, plan: impl Fn(Check) -> Check + Send + Sync + 'static) -> Audit {
        self.plan = Arc::new(plan);
        self
    }

    /// Whether an [`outcome`](crate::outcome) that the unchanged model does not
    /// have shows that an ordering is needed (the default), or only a failure
    /// does. The outcomes of models that cannot be searched exhaustively never
    /// count.
    pub fn outcomes(mut self, count: bool) -> Audit {
        self.outcomes = count;
        self
    }
}
