//! Why an execution failed, before there is a trace of it.

use crate::report::data::{FailureKind, SourceLine};

/// A panic: what it said, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PanicData {
    pub(crate) message: String,
    pub(crate) site: Option<SourceLine>,
}

/// A failure without its trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) sites: Vec<SourceLine>,
}

impl From<PanicData> for Cause {
    fn from(panic: PanicData) -> Cause {
        Cause { kind: FailureKind::Panic, message: panic.message, sites: panic.site.into_iter().collect() }
    }
}
